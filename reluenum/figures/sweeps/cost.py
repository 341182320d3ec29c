"""What an instance costs: seconds against supports."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from reluenum.figures.style import (
    BLACK,
    DOUBLE_COLUMN,
    SINGLE_COLUMN,
    drawing,
    message,
    shared_panels,
)
from reluenum.figures.sweeps.panels import (
    Tables,
    fitting,
    look,
    undecided_instances,
    width_legend,
    widths_of,
)
from reluenum.views.sweep_tables import by_layers, examined_kind

_MOST_MARKS = 5000
"""Instances that are drawn as vectors; more become pixels, or files would be large and slow."""

_UNDECIDED = {"marker": "x", "color": BLACK, "linestyle": "none", "markersize": 4, "zorder": 3}

_FIT = {"color": BLACK, "linewidth": 1, "zorder": 4}


@drawing(undecided_instances)
def plot_cost(tables: Tables) -> tuple[Figure, str]:
    """Draw the seconds of every instance against its supports, a panel for each engine.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        `times` is what `sweep_tables.total_seconds` returns.

    Returns
    -------
    Figure
        The marker is the width. The line is fitted to the logarithms by least squares; crosses
        are instances with undecided supports, which the fit leaves out.
    """
    times = _by_kind(tables["times"])
    positive = times[(times["seconds"] > 0) & (times["supports"] > 0)]
    if positive.empty:
        return message("no time is known"), ""
    engines, note = fitting(list(positive.groupby("engine", sort=False)), 4, "engines")
    if len(positive) < len(times):
        unseen = f"{len(times) - len(positive):,} instances without supports or time not drawn"
        note = "\n".join(filter(None, [note, unseen]))
    widths = widths_of(positive[positive["complete"]])
    more: dict[str, Line2D] = {}
    columns = len(engines)
    size = (DOUBLE_COLUMN if columns > 1 else 1.4 * SINGLE_COLUMN, 3.3)
    figure = Figure(figsize=size, layout="constrained")
    panels = shared_panels(figure, columns, columns, examined_kind(tables["times"]), "seconds")
    panels[0].set(xscale="log", yscale="log")
    for axes, (engine, rows) in zip(panels, engines, strict=True):
        axes.grid(True)
        _draw_instances(axes, rows, widths, str(engine), rasterized=len(positive) > _MOST_MARKS)
        exponent = _draw_fit(axes, rows[rows["complete"]], str(engine))
        title = str(engine)
        if exponent is not None:
            kind = "strata" if rows["layered"].any() else "supports"
            title += rf": seconds $\propto$ {kind}$^{{{exponent:.2f}}}$"
            more["fit"] = Line2D([], [], **_FIT)
        axes.set_title(title, loc="left")
    if not positive["complete"].all():
        more["undecided"] = Line2D([], [], **_UNDECIDED)
    width_legend(figure, widths, more, lines=False)
    return figure, note


def _by_kind(times: pd.DataFrame) -> pd.DataFrame:
    """Return times with those of several hidden layers, and their strata, as of other engines."""
    layered = times["width"].isna()
    engines = times["engine"].mask(layered, times["engine"] + ", strata")
    return by_layers(times.assign(engine=engines, layered=layered))


def _draw_instances(
    axes: Axes, rows: pd.DataFrame, widths: Sequence[int | str], engine: str, rasterized: bool
) -> None:
    """Draw a mark for every instance, small ones if there are many."""
    small = {"linestyle": "none", "markeredgewidth": 0.3, "alpha": 0.6}
    small["markersize"] = 1.6 if rasterized else 2.6
    parts = [
        (part, look(widths, width) | small, f"{engine}-L{width}")
        for width, part in rows[rows["complete"]].groupby("width")
    ]
    if not rows["complete"].all():
        parts.append((rows[~rows["complete"]], _UNDECIDED, f"{engine}-undecided"))
    for part, style, gid in parts:
        places = (part[column].to_numpy(float) for column in ("supports", "seconds"))
        axes.plot(*places, **style, rasterized=rasterized, gid=gid)


def _draw_fit(axes: Axes, rows: pd.DataFrame, engine: str) -> float | None:
    """Draw the power of the number of supports that fits the seconds, and return its exponent."""
    supports = np.log(rows["supports"].to_numpy(float))
    seconds = np.log(rows["seconds"].to_numpy(float))
    if len(np.unique(supports)) < 2:
        return None
    centre, level = supports.mean(), seconds.mean()
    exponent = ((supports - centre) * (seconds - level)).sum() / ((supports - centre) ** 2).sum()
    ends = np.array([supports.min(), supports.max()])
    axes.plot(np.exp(ends), np.exp(level + exponent * (ends - centre)), **_FIT, gid=f"{engine}-fit")
    return float(exponent)
