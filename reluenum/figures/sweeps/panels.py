"""What the figures of a sweep share: which instances, which panels, which look for a width."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import wraps
from math import ceil
from textwrap import fill
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator, StrMethodFormatter

from reluenum.figures.style import GREY, LOOKS, MOST_PANELS, drawing, mark, message
from reluenum.views.sweep_tables import by_layers, decided

Tables = Mapping[str, pd.DataFrame]
"""The tables `instances`, `components` and `times` of a sweep."""

Panel = tuple[str, pd.DataFrame]
"""A title and the instances below it."""

LINEAR_UP_TO = 20
"""Largest count that is shown on a linear axis."""

SETTING = ("data", "d", "engine", "loss", "output_bias", "hidden_bias", "linear")
"""What is never averaged over; n, the width and the ridge have axes, panels or lines.

The last two are no columns if all hidden units have a bias, and none a linear part."""

_LINES = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)), (0, (8, 2)))
"""How the lines of widths look, each with the colour and marker of its place in `LOOKS`."""


def undecided_instances(tables: Tables) -> str:
    """Warn of instances whose lists may lack minima; empty if all of them are decided."""
    instances = tables["instances"]
    count = len(instances) - len(decided(instances))
    if not count:
        return ""
    return f"{count:,} of {len(instances):,} instances undecided: left out"


def drawing_decided(
    draw: Callable[[pd.DataFrame], tuple[Figure, str]],
) -> Callable[[Tables], Figure]:
    """Make a function that draws decided instances, and notes something, one of a sweep's tables.

    Of the tables `instances` has the columns `sweep_tables.INSTANCES`. Undecided ones are left out,
    and never without a warning.
    """

    @drawing(undecided_instances)
    @wraps(draw)
    def drawn(tables: Tables) -> tuple[Figure, str]:
        known = by_layers(decided(tables["instances"]))
        if known.empty:
            return message("no instance without undecided supports"), ""
        return draw(known)

    return drawn


def settings(instances: pd.DataFrame) -> Iterator[Panel]:
    """Split instances by their setting, and name only what differs.

    Parameters
    ----------
    instances : DataFrame
        With the columns `SETTING`.

    Yields
    ------
    title, instances
        In order of appearance; the title is empty if there is one setting only.
    """
    known = [key for key in SETTING if key in instances]
    varied = [key for key in known if instances[key].nunique(dropna=False) > 1]
    if not varied:
        yield "", instances
        return
    for values, rows in instances.groupby(varied, sort=False, dropna=False):
        yield ", ".join(map(_setting_text, varied, values)), rows


def _setting_text(key: str, value: Any) -> str:
    prefix = {"d": "d = ", "loss": "loss: "}
    prefix |= {"output_bias": "output bias: ", "hidden_bias": "hidden bias: "}
    prefix["linear"] = "linear part: "
    return f"{prefix.get(key, '')}{value}"


def settings_and_sizes(instances: pd.DataFrame) -> tuple[list[Panel], str]:
    """Return a panel for every setting and n, as many as fit, and a note on what did not."""
    panels = [
        (", ".join(filter(None, [title, f"n = {n}"])), rows)
        for title, part in settings(instances)
        for n, rows in part.groupby("n")
    ]
    return fitting(panels)


def fitting(
    panels: Sequence[Panel], most: int = MOST_PANELS, what: str = "panels"
) -> tuple[list[Panel], str]:
    """Return as many panels as a figure holds, and a note on those that are left out.

    Examples
    --------
    >>> fitting([("a", None), ("b", None), ("c", None)], 2)[1]
    'the first 2 of 3 panels; left out: from c on'
    """
    if len(panels) <= most:
        return list(panels), ""
    note = f"the first {most} of {len(panels)} {what}; left out: from {panels[most][0]} on"
    return list(panels[:most]), note


def set_title(axes: Axes, title: str, width: int = 27) -> None:
    """Write the title of a panel in lines that are no wider than it."""
    tied = ", ".join(part.replace(" ", _TIE) for part in title.split(", "))
    axes.set_title(fill(tied, width).replace(_TIE, " "), loc="left")


_TIE = "\N{NO-BREAK SPACE}"


def widths_of(instances: pd.DataFrame) -> list[int | str]:
    """Return the widths that occur, those of several hidden layers as texts, by depth.

    Examples
    --------
    >>> widths_of(pd.DataFrame({"width": ["10", "2,1", "1,1,1", "2", "1,1"]}))
    ['2', '10', '1,1', '2,1', '1,1,1']
    """
    layers = {width: [*map(int, str(width).split(","))] for width in instances["width"].unique()}
    return sorted(layers, key=lambda width: (len(layers[width]), layers[width]))


def look(widths: Sequence[int | str], width: int | str) -> dict[str, Any]:
    """Return how the line of a width looks; after six the markers are hollow."""
    turn, place = divmod(widths.index(width), len(LOOKS))
    colour, marker = LOOKS[place]
    return mark(marker, colour, 3.2, turn % 2 > 0, linestyle=_LINES[place], markeredgewidth=0.8)


def width_legend(
    figure: Figure,
    widths: Sequence[int | str],
    more: Mapping[str, Any] | None = None,
    labels: Mapping[int | str, str] | None = None,
    lines: bool = True,
    **keywords: Any,
) -> None:
    """Explain below a figure the looks of the widths, and more."""
    styles = [look(widths, width) | ({} if lines else {"linestyle": "none"}) for width in widths]
    handles: list[Any] = [Line2D([], [], **style) for style in styles]
    names = [(labels or {}).get(width, f"L = {width}") for width in widths]
    for name, handle in (more or {}).items():
        handles.append(handle)
        names.append(name)
    # Below the panels there is as much room as the legend needs.
    characters = int(17 * figure.get_figwidth())
    columns = max(1, min(len(names), characters // (sum(map(len, names)) // len(names) + 9)))
    rows = ceil(len(names) / columns)
    figure.set_figheight(figure.get_figheight() + 0.17 * rows)
    figure.legend(
        handles,
        names,
        loc="outside lower center",
        ncols=ceil(len(names) / rows),
        columnspacing=1.4,
        handlelength=2.6,
        **keywords,
    )


def ridge_axis(axes: Axes, ridges: Sequence[float]) -> None:
    """Make the horizontal axis one of ridges; a single one is written out."""
    axes.set_xscale("log")
    if len(set(ridges)) == 1:
        axes.set_xlim(ridges[0] / 2, ridges[0] * 2)
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_locator(FixedLocator([ridges[0]]))
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:.3g}")


def count_axis(axes: Axes, most: int) -> None:
    """Label the vertical axis, which is linear if counts are small, with whole numbers."""
    if most <= LINEAR_UP_TO:
        axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
        return
    ticks = [0] + [digit * 10**power for power in range(9) for digit in (1, 3)]
    shown = [tick for tick in ticks if tick <= most]
    axes.yaxis.set_major_locator(FixedLocator(shown))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))


THIN = {"linewidth": 0.5, "alpha": 0.8}
"""Lines that bound a spread."""

BAND = {"alpha": 0.2, "linewidth": 0}
"""A spread between quartiles."""

NEUTRAL = {"color": GREY}
"""Colour of a legend entry that speaks of all widths."""
