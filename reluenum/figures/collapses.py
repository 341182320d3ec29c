"""How many minima deep networks have, and how many runs collapse, against ridge, size and depth."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reluenum.figures.style import DOUBLE_COLUMN, SINGLE_COLUMN, drawing, message, percent_axis
from reluenum.figures.sweeps.panels import look, ridge_axis, width_legend


@drawing(lambda table: "" if table["complete"].all() else "some lists are not complete")
def plot_collapses(table: pd.DataFrame) -> tuple[Figure, str]:
    """Draw the number of minima, and the share of runs that rest at zero or constant networks.

    Parameters
    ----------
    table : DataFrame
        A row for each instance, with the columns `hidden` (widths, as text), `n`, `ridge`,
        `components`, `starts`, `zero`, `constant` and `complete`.

    Returns
    -------
    Figure
        A column for each n and a line for each number of layers, over the means of all data;
        where there are several instances, each of them is a faint marker.
    """
    if table.empty:
        return message("no instance"), ""
    table = table.assign(
        depth=table["hidden"].astype(str).str.count(",") + 1,
        ridge=[float(Fraction(ridge)) for ridge in table["ridge"]],
        caught=(table["zero"] + table["constant"]) / table["starts"],
    )
    sizes, depths = (sorted(map(int, table[key].unique())) for key in ("n", "depth"))
    size = (max(SINGLE_COLUMN, DOUBLE_COLUMN * len(sizes) / 3), 3.8)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(2, len(sizes), squeeze=False, sharex=True, sharey="row")
    for line, quantity in zip(grid, ("components", "caught"), strict=True):
        for axes, n in zip(line, sizes, strict=True):
            for depth in depths:
                rows = table[(table["n"] == n) & (table["depth"] == depth)]
                _draw(axes, rows, quantity, depths, depth)
            axes.grid(True)
    for column, n in zip(grid.T, sizes, strict=True):
        column[0].set_title(f"n = {n}", loc="left")
        column[-1].set_xlabel("ridge")
    grid[0, 0].set(ylabel="minima", ylim=(0, None))
    grid[0, 0].yaxis.set_major_locator(MaxNLocator(integer=True))
    grid[1, 0].set(ylabel="runs that collapse", ylim=(-0.03, 1.03))
    percent_axis(grid[1, 0].yaxis)
    ridge_axis(grid[0, 0], table["ridge"].unique())
    names = {depth: f"{depth} hidden layer{'s' * (depth > 1)}" for depth in depths}
    width_legend(figure, depths, labels=names)
    return figure, ""


def _draw(axes: Axes, rows: pd.DataFrame, quantity: str, depths: Sequence[int], depth: int) -> None:
    """Draw a quantity of networks of one depth."""
    style = look(depths, depth)
    means = rows.groupby("ridge")[quantity].mean()
    gid = f"{quantity}-n{rows['n'].iloc[0] if len(rows) else 0}-depth{depth}"
    axes.plot(np.array(means.index), means.to_numpy(), zorder=3, gid=gid, **style)
    faint = style | {"linestyle": "none", "markersize": 2, "alpha": 0.4}
    axes.plot(rows["ridge"], rows[quantity], **faint)
