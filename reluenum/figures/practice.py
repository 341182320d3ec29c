"""How often optimisers miss the global minimum, against the ridge, over many instances."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reluenum.figures.style import DOUBLE_COLUMN, SINGLE_COLUMN, drawing, message, percent_axis
from reluenum.figures.sweeps.panels import fitting, look, ridge_axis, width_legend
from reluenum.views.cells import share_interval
from reluenum.views.optimisers import Fate, warnings

_QUANTITIES = {Fate.SPURIOUS: "spurious minimum", Fate.DEAD: "saddle: dead unit"}
"""What is drawn, a row of panels for each, with the labels."""

_MOST_WIDTHS = 6


@drawing(lambda shares: "\n".join(warnings(shares)))
def plot_practice(shares: pd.DataFrame) -> tuple[Figure, str]:
    """Draw the shares of runs that end at spurious minima and at dead units against the ridge.

    Parameters
    ----------
    shares : DataFrame
        With the columns of `views.optimisers.shares_frame`.

    Returns
    -------
    Figure
        A column for each width and a line for each optimiser, over all runs on all instances, with
        Wilson intervals (95 %) as if all runs were independent. Where there are several instances,
        each of them is a faint marker.
    """
    if shares.empty:
        return message("no run"), ""
    panels = [(f"L = {width}", rows) for width, rows in shares.groupby("width")]
    panels, note = fitting(panels, _MOST_WIDTHS, "widths")
    names = list(dict.fromkeys(shares["optimiser"]))
    size = (max(SINGLE_COLUMN, DOUBLE_COLUMN * min(len(panels), 3) / 3), 3.8)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(len(_QUANTITIES), len(panels), squeeze=False, sharex=True, sharey=True)
    for line, (fate, label) in zip(grid, _QUANTITIES.items(), strict=True):
        line[0].set_ylabel(label)
        for axes, (_, rows) in zip(line, panels, strict=True):
            for name in names:
                _draw_line(axes, rows[rows["optimiser"] == name], fate, names, name)
            axes.grid(True)
    for place, (title, _) in enumerate(panels):
        grid[0, place].set_title(title, loc="left")
        grid[-1, place].set_xlabel("ridge")
    ridge_axis(grid[0, 0], shares["ridge_decimal"].astype(float).unique())
    grid[0, 0].set_ylim(-0.03, 1.03)
    percent_axis(grid[0, 0].yaxis)
    ranks = list(range(len(names)))
    width_legend(figure, ranks, labels=dict(enumerate(names)))
    return figure, note


def _draw_line(axes: Axes, rows: pd.DataFrame, fate: Fate, names: Sequence[str], name: str) -> None:
    """Draw the line of an optimiser, moved aside a little so that bars do not hide each other."""
    rank = names.index(name)
    style: dict[str, Any] = look(range(len(names)), rank)
    shift = np.exp(0.16 * (rank - (len(names) - 1) / 2))
    found = []
    for ridge, part in rows.groupby("ridge_decimal"):
        found.append(
            (float(ridge), *share_interval(int(part[fate.column].sum()), int(part["runs"].sum())))
        )
        if len(part) > 1:
            single = (part[fate.column] / part["runs"]).astype(float)
            place = np.full(len(part), float(ridge) * shift)
            axes.plot(place, single, **style | {"linestyle": "none", "markersize": 2, "alpha": 0.4})
    if not found:
        return
    places, values, low, high = np.array(found).T
    axes.vlines(places * shift, low, high, style["color"], linewidth=0.7)
    gid = f"{fate.column}-L{rows['width'].iloc[0]}-{name}"
    axes.plot(places * shift, values, zorder=3, gid=gid, **style)
