"""What share of the minima lies on boundaries, is spurious, and how far apart losses are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from reluenum.figures.style import DOUBLE_COLUMN, MOST_PANELS, SINGLE_COLUMN, message, percent_axis
from reluenum.figures.sweeps.panels import (
    drawing_decided,
    fitting,
    look,
    ridge_axis,
    set_title,
    settings,
    width_legend,
    widths_of,
)
from reluenum.views.cells import percent, share_interval

Spread = tuple[float, float, float]
"""A value, and the ends of its bar."""


@dataclass(frozen=True)
class Quantity:
    """Something about a set of instances, or None if it has no value there."""

    name: str
    label: str
    spread: Callable[[pd.DataFrame], Spread | None]
    bounded: bool = True
    """Whether it lies between 0 and 1."""


def on_boundary(instances: pd.DataFrame) -> tuple[int, int]:
    """Return how many isolated minima with a living unit lie on a boundary, and how many exist."""
    zero = int(instances["zero_network"].sum())
    boundary, isolated = instances["isolated_on_boundary"].sum(), instances["isolated"].sum()
    return int(boundary) - zero, int(isolated) - zero


def _boundary_share(instances: pd.DataFrame) -> Spread | None:
    count, total = on_boundary(instances)
    return share_interval(count, total) if total else None


def _benign_share(instances: pd.DataFrame) -> Spread | None:
    return share_interval(int((instances["spurious"] == 0).sum()), len(instances))


def _gap_axis(instances: pd.DataFrame) -> Spread | None:
    gaps = instances["relative_gap"].dropna().to_numpy(float)
    if not len(gaps):
        return None
    low, median, high = np.quantile(gaps, [0.25, 0.5, 0.75])
    return float(median), float(low), float(high)


_BOUNDARY = Quantity("boundary", "on a boundary", _boundary_share)

_BENIGN = Quantity("benign", "no spurious minima", _benign_share)

_GAP = Quantity("gap", "relative gap", _gap_axis, bounded=False)


@drawing_decided
def plot_boundary_share(known: pd.DataFrame) -> tuple[Figure, str]:
    """Draw the share of isolated minima on a boundary, against the ridge and against n.

    A row for each setting and a line for each width; the legend counts the minima of a width. The
    zero network is left out. Bars are Wilson intervals (95 %) as if minima were independent.
    """
    count, total = on_boundary(known)
    if not total:
        return message("no isolated minimum but zero networks"), ""
    figure, note = overview(known, [_BOUNDARY])
    fact = (
        f"{count:,} of {total:,} isolated minima with a living unit on a boundary "
        f"({percent(count, total)})"
    )
    counts = {width: on_boundary(rows) for width, rows in known.groupby("width")}
    width_legend(
        figure,
        widths_of(known),
        labels={m: f"L = {m}: {percent(*found)} of {found[1]:,}" for m, found in counts.items()},
        title=fill(fact, int(17 * figure.get_figwidth())),
    )
    return figure, note


@drawing_decided
def plot_gaps(known: pd.DataFrame) -> tuple[Figure, str]:
    """Draw how much the worst minimum loses to the best, and how often no minimum is spurious.

    Medians and quartiles of the gap as a share of the best loss; of instances without spurious
    minima the share and its Wilson interval (95 %). Against the ridge and against n.
    """
    figure, note = overview(known, [_GAP, _BENIGN])
    width_legend(figure, widths_of(known))
    return figure, note


def overview(known: pd.DataFrame, quantities: Sequence[Quantity]) -> tuple[Figure, str]:
    """Draw quantities against the ridge and against n, panels in a row for each setting.

    What does not vary gets no panel. A single setting has a row for each quantity instead; many
    settings stand side by side.
    """
    varied = [key for key in ("ridge_decimal", "n") if known[key].nunique() > 1]
    keys = varied or ["ridge_decimal"]
    columns = len(quantities) * len(keys)
    parts, note = fitting(list(settings(known)), MOST_PANELS // columns, "settings")
    beside = min(len(parts), 4 // columns) if len(parts) > 3 else 1
    rows = ceil(len(parts) / beside)
    shape = (rows, beside * columns) if len(parts) > 1 else (len(quantities), len(keys))
    width = DOUBLE_COLUMN if shape[1] > 1 else 1.4 * SINGLE_COLUMN
    height = min(2.2 if shape[1] < 4 else 1.7, 8.2 / shape[0])
    figure = Figure(figsize=(width, height * shape[0] + 0.2), layout="constrained")
    blocks = figure.subplots(*shape, squeeze=False).reshape(-1, len(quantities), len(keys))
    widths = widths_of(known)
    for axes in blocks[len(parts) :].flat:
        axes.set_axis_off()
    grid = blocks[: len(parts)]
    for place, (panels, (title, part)) in enumerate(zip(grid, parts, strict=True), start=1):
        set_title(panels[0, 0], title, 102 // beside)
        for line, quantity in zip(panels, quantities, strict=True):
            for axes, key in zip(line, keys, strict=True):
                _draw_lines(axes, part, key, quantity, widths, f"panel-{place}-{quantity.name}")
    for line, quantity in zip(np.moveaxis(grid, 1, 0), quantities, strict=True):
        _share_values(line, quantity, narrow=height < 1.5, alone=len(quantities) == 1)
    for column, key in zip(np.moveaxis(grid, 2, 0), keys, strict=True):
        bottom = column[-beside:] if len(parts) > 1 else column[:, -1:]
        _share_abscissa(column, bottom, known[key], key)
    return figure, note


def _draw_lines(
    axes: Axes,
    instances: pd.DataFrame,
    key: str,
    quantity: Quantity,
    widths: Sequence[int | str],
    gid: str,
) -> None:
    """Draw a line for each width, moved aside a little so that bars do not hide each other."""
    positions = np.sort(instances[key].unique().astype(float))
    scale = np.log(positions) if key == "ridge_decimal" else positions
    step = np.diff(scale).min(initial=1.0) * min(0.14, 0.7 / len(widths))
    for width, rows in instances.groupby("width"):
        style = look(widths, width)
        found = [(place, quantity.spread(part)) for place, part in rows.groupby(key)]
        known = [(float(place), *spread) for place, spread in found if spread is not None]
        if not known:
            continue
        places, values, low, high = np.array(known).T
        shift = step * (widths.index(width) - (len(widths) - 1) / 2)
        moved = places * np.exp(shift) if key == "ridge_decimal" else places + shift
        axes.vlines(moved, low, high, style["color"], linewidth=0.7)
        axes.plot(moved, values, zorder=3, gid=f"{gid}-{key.split('_')[0]}-L{width}", **style)


def _share_values(panels: np.ndarray, quantity: Quantity, narrow: bool, alone: bool) -> None:
    """Give panels the same vertical axis, labelled in the first column (of all, if alone)."""
    first = panels[0, 0]
    for (_, column), axes in np.ndenumerate(panels):
        outer = column == 0 and (not alone or axes.get_subplotspec().is_first_col())
        axes.grid(True)
        axes.tick_params(labelleft=outer)
        if axes is not first:
            axes.sharey(first)
        if outer:
            axes.set_ylabel(fill(quantity.label, 12) if narrow else quantity.label)
    _value_axis(list(panels.flat), quantity)


def _share_abscissa(panels: np.ndarray, bottom: np.ndarray, values: pd.Series, key: str) -> None:
    """Give panels the same horizontal axis, labelled at the bottom."""
    first = panels[0, 0]
    for axes in panels.flat:
        axes.tick_params(labelbottom=False)
        if axes is not first:
            axes.sharex(first)
    for axes in bottom.flat:
        axes.tick_params(labelbottom=True)
        axes.set_xlabel("n" if key == "n" else "ridge")
    if key == "n":
        first.xaxis.set_major_locator(MaxNLocator(integer=True))
    else:
        ridge_axis(first, values.unique())


def _value_axis(panels: Sequence[Axes], quantity: Quantity) -> None:
    """Make the vertical axis of panels one of shares from 0 to 1, or of gaps that include 0."""
    axes = panels[0]
    if quantity.bounded:
        axes.set_ylim(-0.03, 1.03)
        percent_axis(axes.yaxis, None)
        return
    bars = [bar for panel in panels for lines in panel.collections for bar in lines.get_segments()]
    ends = np.array([end for bar in bars for end in bar[:, 1]])
    positive = ends[ends > 0]
    if not positive.size:
        axes.set_ylim(-0.05, 1)
        return
    least = max(10.0 ** floor(log10(positive.min())), _SMALL_GAP)
    axes.set_yscale("symlog", linthresh=least, linscale=0.5)
    axes.set_ylim(-0.2 * least, 2 * max(positive.max(), least))
    decades = np.arange(floor(log10(least)), floor(log10(axes.get_ylim()[1])) + 1)
    shown = decades[:: ceil(len(decades) / 6)]
    axes.yaxis.set_major_locator(FixedLocator([0, *10.0**shown]))
    axes.yaxis.set_minor_locator(NullLocator())


_SMALL_GAP = 1e-4
"""Relative gap below which the axis is linear down to 0, which no logarithm shows."""
