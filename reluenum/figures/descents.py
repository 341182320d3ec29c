"""Where the runs of optimisers end: how often at which component, and at which losses."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from reluenum.documents.labels import kind
from reluenum.figures.reading import Document, number
from reluenum.figures.style import (
    BLACK,
    BLUE,
    BROWN,
    DOUBLE_COLUMN,
    LINE,
    SINGLE_COLUMN,
    VERMILLION,
    drawing,
    message,
    percent_axis,
    shared_panels,
)
from reluenum.figures.sweeps.panels import look
from reluenum.views.cells import share_interval, short_number
from reluenum.views.optimisers import (
    Fate,
    basins_frame,
    runs_by_optimiser,
    shares_frame,
    shown_fates,
    warnings,
)

_MOST_COMPONENTS = 24
"""Components with a row of their own; of more, those that most runs ended at."""

_BARS = {"global minimum": VERMILLION, "other minimum": BLUE, "saddle": BROWN, "neither": "white"}
"""The colours of bars; their labels say the same."""

_LEVELS = {
    "global minimum": {"color": BLACK, "linewidth": 1.0},
    "minimum": {"color": LINE, "linewidth": 0.7},
    "saddle": {"color": LINE, "linewidth": 0.9, "linestyle": (0, (1, 2))},
}
"""How certified losses look."""

_SHOWN = 0.98
"""Share of the end points that the axis of losses holds at least."""

_MARGIN = 0.04
"""Room beside the levels, as a share of their spread."""

_SADDLES = (Fate.DEAD, Fate.ZERO, Fate.KINK)


def open_ends(document: Document) -> str:
    """Return the warning that belongs on every figure of a document of descents."""
    return "\n".join(warnings(shares_frame({"": document})))


@drawing(open_ends)
def plot_basins(document: Document) -> tuple[Figure, str]:
    """Draw how many runs of each optimiser ended where, a panel for each optimiser.

    Components are ordered by loss and named by it and their dimension; below them are saddles by
    the reason why an optimiser can stop there, and what is neither. Bars are shares of the runs,
    with their Wilson intervals (95 %).

    Parameters
    ----------
    document : dict
        Of the format `reluenum-descents`.
    """
    basins = basins_frame(document)
    ends = _bars(document, basins)
    names = [summary["name"] for summary in document["optimisers"]]
    columns = min(len(names), 4)
    rows = -(-len(names) // columns)
    height = rows * (0.5 + 0.16 * len(ends)) + 0.5
    width = DOUBLE_COLUMN if columns > 1 else 1.3 * SINGLE_COLUMN
    figure = Figure(figsize=(width, height), layout="constrained")
    panels = shared_panels(figure, columns, len(names), "share of runs")
    for axes, name in zip(panels, names, strict=True):
        part = basins[basins["optimiser"] == name]
        _draw_bars(axes, ends, part, name)
        axes.set_title(name, loc="left")
    first = panels[0]
    first.set_yticks(range(len(ends)), list(ends))
    first.set_ylim(len(ends) - 0.4, -0.6)
    first.set_xlim(left=0)
    first.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    percent_axis(first.xaxis)
    seen = [name for name in _BARS if name in {name for name, _ in ends.values()}]
    handles = [Patch(facecolor=_BARS[name], edgecolor=BLACK, linewidth=0.5) for name in seen]
    figure.legend(handles, seen, loc="outside lower center", ncols=len(seen))
    return figure, ""


def _bars(document: Document, basins: pd.DataFrame) -> dict[str, tuple[str, list[int]]]:
    """Return label, look and rows of what bars stand for.

    The rows are places in a part of `basins_frame` that is about one optimiser.
    """
    components = document["components"]
    runs = basins.groupby("component")["runs"].sum()
    most = sorted(range(len(components)), key=lambda k: (-runs[k + 1], k))[:_MOST_COMPONENTS]
    ends = {}
    for k in sorted(most):
        component = components[k]
        best = component["global_at_width"]
        loss = short_number(component["loss"], 4)
        rank = ", global" if best else ""
        label = f"{k + 1}:  {loss}, {kind(component['dimension'])}{rank}"
        ends[label] = ("global minimum" if best else "other minimum", [k])
    others = [k for k in range(len(components)) if k not in most]
    if others:
        ends[f"{len(others)} other components"] = ("other minimum", others)
    rest = list(basins["end"].iloc[len(components) : len(basins) // len(document["optimisers"])])
    for fate in shown_fates(shares_frame({"": document})):
        if fate in rest:
            place = len(components) + rest.index(fate)
            saddle = fate in _SADDLES
            label = f"saddle: {fate}" if saddle else str(fate)
            ends[label] = ("saddle" if saddle else "neither", [place])
    return ends


def _draw_bars(
    axes: Axes, ends: Mapping[str, tuple[str, list[int]]], part: pd.DataFrame, name: str
) -> None:
    """Draw the bars of an optimiser."""
    for place, (style, rows) in enumerate(ends.values()):
        count = int(part["runs"].iloc[rows].sum())
        share, low, high = share_interval(count, int(part["of"].iloc[0]))
        bar = {"facecolor": _BARS[style], "edgecolor": BLACK, "linewidth": 0.5}
        axes.barh(place, share, 0.7, gid=f"{name}-{place}", **bar)
        axes.hlines(place, low, high, BLACK, linewidth=0.8, gid=f"{name}-{place}-interval")
    axes.tick_params(axis="y", length=0)
    axes.grid(True, axis="x")


@drawing(open_ends)
def plot_end_losses(document: Document) -> tuple[Figure, str]:
    """Draw the share of runs that end at or below each loss, a step line for each optimiser.

    Vertical lines are the certified losses of components and of the saddles that runs end at or
    lead to. Runs that diverged have no loss, so that their line does not reach all runs.

    Parameters
    ----------
    document : dict
        Of the format `reluenum-descents`.
    """
    levels = [number(level["loss"]) for level in (*document["components"], *document["saddles"])]
    if not levels:
        return message("no level is known"), ""
    figure = Figure(figsize=(0.75 * DOUBLE_COLUMN, 3.0), layout="constrained")
    axes = figure.add_subplot()
    losses = _end_losses(document)
    high = _level_window(axes, levels, losses.values())
    seen = _draw_levels(axes, document)
    handles = {}
    for rank, (name, values) in enumerate(losses.items()):
        line = {"marker": "none", "linewidth": 1.2 - rank // 6 / 2}
        style = look(range(len(losses)), rank) | line
        shares = np.arange(1, len(values) + 1) / len(values)
        finite = np.isfinite(values)
        places = np.concatenate([axes.get_xlim()[:1], values[finite], [max(high, *values[finite])]])
        heights = np.concatenate([[0], shares[finite], [finite.mean()]])
        (handles[name],) = axes.step(places, heights, where="post", gid=f"losses-{name}", **style)
    axes.set(ylim=(0, 1.03), xlabel="loss at the end point", ylabel="share of runs at or below")
    percent_axis(axes.yaxis)
    handles |= seen
    columns = min(len(handles), 4)
    figure.legend(handles.values(), handles, loc="outside lower center", ncols=columns)
    beyond = sum(int((np.isfinite(values) & (values > high)).sum()) for values in losses.values())
    return figure, f"end points further right: {beyond}" if beyond else ""


def _end_losses(document: Document) -> dict[str, np.ndarray]:
    """Return the losses at the end points of each optimiser, sorted; infinite where it diverged."""
    return {
        name: np.sort([np.inf if run["loss"] is None else run["loss"] for run in runs])
        for name, runs in runs_by_optimiser(document)
    }


def _level_window(axes: Axes, levels: Sequence[float], losses: Iterable[np.ndarray]) -> float:
    """Make the horizontal axis hold all levels and nearly all end points; return its right end."""
    known = np.concatenate([values[np.isfinite(values)] for values in losses])
    most = float(np.quantile(known, _SHOWN)) if len(known) else max(levels)
    low, high = min(levels), max([*levels, most])
    if low > 0 and high > 100 * low:
        axes.set_xscale("log")
        room = (high / low) ** _MARGIN
        axes.set_xlim(low / room, high * room)
    else:
        room = max(_MARGIN * (high - low), 0.02 * abs(high)) or 1.0
        axes.set_xlim(low - room, high + room)
    return float(axes.get_xlim()[1])


def _draw_levels(axes: Axes, document: Document) -> dict[str, Line2D]:
    """Draw the certified losses as vertical lines, and return what explains them."""
    seen: dict[str, Line2D] = {}
    for name in ("components", "saddles"):
        for k, level in enumerate(document[name], start=1):
            label = "saddle" if name == "saddles" else "minimum"
            label = "global minimum" if level.get("global_at_width") else label
            style = _LEVELS[label]
            axes.axvline(number(level["loss"]), gid=f"{name}-{k}", zorder=1, **style)
            seen.setdefault(label, Line2D([], [], **style))
    return seen
