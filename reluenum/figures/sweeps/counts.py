"""How many components of local minima there are: against the ridge, and by n and L."""

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from reluenum.figures.perception import luminance
from reluenum.figures.style import (
    BLACK,
    DOUBLE_COLUMN,
    MOST_PANELS,
    SINGLE_COLUMN,
    panel_grid,
    shared_panels,
)
from reluenum.figures.sweeps.panels import (
    BAND,
    LINEAR_UP_TO,
    NEUTRAL,
    THIN,
    count_axis,
    drawing_decided,
    fitting,
    look,
    ridge_axis,
    set_title,
    settings,
    settings_and_sizes,
    width_legend,
    widths_of,
)


@drawing_decided
def plot_minima_by_ridge(known: pd.DataFrame) -> tuple[Figure, str]:
    """Draw the mean number of components against the ridge, a panel for each setting and n.

    A line is a width; its band lies between the quartiles over data sets, thin lines are the
    fewest and the most.
    """
    panels, note = settings_and_sizes(known)
    widths = widths_of(known)
    figure, grid = panel_grid(len(panels), 1.75, "ridge", "components")
    for place, (axes, (title, rows)) in enumerate(zip(grid, panels, strict=True), start=1):
        set_title(axes, title)
        for width, part in rows.groupby("width"):
            aside = 0.06 * (widths.index(width) - (len(widths) - 1) / 2)
            _draw_counts(axes, part, look(widths, width), aside, f"panel-{place}-L{width}")
        axes.grid(True)
    most = int(max(rows["components"].max() for _, rows in panels))
    if most > LINEAR_UP_TO:
        grid[0].set_yscale("log")
        grid[0].set_ylim(0.8)
    else:
        grid[0].set_ylim(0)
    count_axis(grid[0], most)
    ridge_axis(grid[0], [ridge for _, rows in panels for ridge in rows["ridge_decimal"].unique()])
    spreads = {
        "quartiles": Patch(**NEUTRAL, **BAND),
        "fewest, most": Line2D([], [], **NEUTRAL, **THIN),
    }
    width_legend(figure, widths, spreads)
    return figure, note


def _draw_counts(
    axes: Axes, rows: pd.DataFrame, style: dict[str, Any], aside: float, gid: str
) -> None:
    """Draw the mean, the quartiles and the extremes of the number of components by ridge.

    A single ridge has bars instead of bands, moved aside from those of other widths.
    """
    counts = rows["components"].astype(float).groupby(rows["ridge_decimal"])
    means = counts.mean()
    ridges = means.index.to_numpy(float)
    low, high = counts.quantile(0.25).to_numpy(), counts.quantile(0.75).to_numpy()
    fewest, most = counts.min().to_numpy(), counts.max().to_numpy()
    thin = {"color": style["color"], **THIN}
    if len(ridges) == 1:
        ridges = ridges * np.exp(aside)
        axes.vlines(ridges, low, high, style["color"], linewidth=4, alpha=BAND["alpha"])
        axes.vlines(ridges, fewest, most, **thin)
    else:
        axes.fill_between(ridges, low, high, color=style["color"], **BAND)
        for name, bound in (("fewest", fewest), ("most", most)):
            axes.plot(ridges, bound, linestyle=style["linestyle"], gid=f"{gid}-{name}", **thin)
    axes.plot(ridges, means.to_numpy(), gid=gid, zorder=3, **style)


# -------------------------------------------------------------------------------- by n and L


@drawing_decided
def plot_minima_by_size(known: pd.DataFrame) -> tuple[Figure, str]:
    """Draw the mean number of components by n and L, at the smallest, middle and largest ridge.

    A row of panels for each setting; of more than eight settings only the middle ridge.
    """
    every = list(settings(known))
    places = (0, 0.5, 1) if 3 * len(every) <= MOST_PANELS else (0.5,)
    shown, note = fitting(every, MOST_PANELS // len(places), "settings")
    rows = [_at_ridges(title, part, places) for title, part in shown]
    if len(places) == 1:
        flat = [panel for row in rows for panel in row]
        rows = [flat[k : k + 4] for k in range(0, len(flat), 4)]
    sizes, widths = sorted(map(int, known["n"].unique())), widths_of(known)
    most = max(means.max() for row in rows for _, means in row)
    figure, grid = _table_grid(len(rows), max(map(len, rows)), len(widths))
    for axes in grid.flat:
        axes.set_axis_off()
    drawn = [
        (axes, *panel)
        for line, row in zip(grid, rows, strict=True)
        for axes, panel in zip(line, row, strict=False)
    ]
    for place, (axes, title, means) in enumerate(drawn, start=1):
        axes.set_axis_on()
        set_title(axes, title, 110 // len(grid[0]))
        table = means.unstack("n").reindex(index=widths, columns=sizes)
        _draw_table(axes, table.to_numpy(float), most, f"panel-{place}")
    grid[0, 0].set_xticks(np.arange(len(sizes)) + 0.5, sizes)
    grid[0, 0].set_yticks(np.arange(len(widths)) + 0.5, widths)
    return figure, note


def _at_ridges(
    title: str, instances: pd.DataFrame, places: Sequence[float]
) -> list[tuple[str, pd.Series]]:
    """Return the mean numbers of components at the ridges that have these places in their order."""
    ridges = sorted(instances["ridge_decimal"].unique())
    chosen = dict.fromkeys(ridges[int(place * (len(ridges) - 1))] for place in places)
    panels = []
    for ridge in chosen:
        rows = instances[instances["ridge_decimal"] == ridge]
        means = rows.groupby(["width", "n"])["components"].mean().astype(float)
        panels.append((", ".join(filter(None, [title, f"ridge {ridge:.3g}"])), means))
    return panels


def _table_grid(rows: int, columns: int, height: int) -> tuple[Figure, np.ndarray]:
    """Return a figure of panels for tables, and its axes by row and column."""
    width = DOUBLE_COLUMN if columns > 1 else SINGLE_COLUMN
    inches = min(rows * (0.55 + 0.24 * height) + 0.3, 9)
    figure = Figure(figsize=(width, inches), layout="constrained")
    panels = shared_panels(figure, columns, rows * columns, "n", "L")
    return figure, np.array(panels).reshape(rows, columns)


def _draw_table(axes: Axes, table: np.ndarray, most: float, gid: str) -> None:
    """Write numbers on cells that are the darker the larger they are, dashes where none is.

    Black and white contrast equally with a luminance of 0.18.
    """
    norm = LogNorm(1, max(most, 2) ** 1.15)
    for (row, column), value in np.ndenumerate(table):
        colour = "white" if np.isnan(value) else mpl.colormaps["Blues"](float(norm(value)))
        axes.add_patch(Rectangle((column, row), 1, 1, facecolor=colour, edgecolor="white"))
        axes.text(
            column + 0.5,
            row + 0.5,
            _short(value),
            ha="center",
            va="center",
            fontsize=min(7, 70 / table.shape[1]),
            color="white" if luminance(to_hex(colour)) < 0.18 else BLACK,
            gid=f"{gid}-cell-{row}-{column}",
        )
    axes.set(xlim=(0, table.shape[1]), ylim=(0, table.shape[0]))
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)


def _short(value: float) -> str:
    """Write a mean in about three characters.

    Examples
    --------
    >>> [_short(value) for value in (1.0, 9.96, 431.4, 12_600.0, float("nan"))]
    ['1.0', '10', '431', '12.6k', '–']
    """
    if np.isnan(value):
        return "–"
    if value >= 1000:
        return f"{value / 1000:.3g}k"
    return f"{value:.1f}" if value < 9.95 else f"{value:.0f}"
