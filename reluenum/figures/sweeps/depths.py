"""How deep the traps of a sweep are, and how one gets out of them."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reluenum.figures.style import DOUBLE_COLUMN, SINGLE_COLUMN, drawing, message, percent_axis
from reluenum.figures.sweeps.panels import (
    Tables,
    drawing_decided,
    fitting,
    look,
    set_title,
    settings,
    undecided_instances,
    width_legend,
    widths_of,
)
from reluenum.figures.sweeps.shares import Quantity, Spread, overview
from reluenum.views.cells import percent, share_interval
from reluenum.views.sweep_tables import decided

LEAST = 1e-9
"""Smallest share of a depth that is told apart from smaller ones."""


@drawing(undecided_instances)
def plot_depths(tables: Tables) -> tuple[Figure, str]:
    """Draw how the depths of bad basins are distributed, as shares of the gaps of their instances.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        `instances` and `components`, with the columns of `sweep_tables.with_basins`.

    Returns
    -------
    Figure
        A panel for each setting and a line for each width: the share of bad basins, those that are
        not of least loss, that are at most so deep. The legend has the medians.
    """
    deep = relative_depths(tables)
    if deep.empty:
        return message("no basin but those of least loss"), ""
    parts, note = fitting(list(settings(deep)))
    columns = min(len(parts), 3)
    rows = -(-len(parts) // columns)
    width = DOUBLE_COLUMN if columns > 1 else 1.4 * SINGLE_COLUMN
    figure = Figure(figsize=(width, min(2.3, 8.2 / rows) * rows + 0.3), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    for axes in panels.flat[len(parts) :]:
        axes.set_axis_off()
    widths = widths_of(deep)
    for place, (axes, (title, part)) in enumerate(zip(panels.flat, parts, strict=False), start=1):
        set_title(axes, title)
        _draw_distribution(axes, part, widths, f"panel-{place}")
    percent_axis(panels[0, 0].yaxis, None)
    for axes in panels[:, 0]:
        axes.set_ylabel("bad basins")
    for column in range(columns):
        bottom = (len(parts) - 1 - column) // columns
        panels[bottom, column].set_xlabel("depth / gap of the instance")
        panels[bottom, column].tick_params(labelbottom=True)
    medians = {int(m): rows["share"].median() for m, rows in deep.groupby("width")}
    counts = deep["width"].value_counts()
    labels = {
        m: f"L = {m}: median {percent(share, 1)} of {counts[m]:,}" for m, share in medians.items()
    }
    width_legend(figure, widths, labels=labels)
    return figure, note


def relative_depths(tables: Tables) -> pd.DataFrame:
    """Return a row for each bad basin of a decided instance: its depth as a `share` of the gap."""
    instances = decided(tables["instances"])
    bad = tables["components"].dropna(subset=["depth"])
    bad = bad[bad["basin"].astype(bool)][["instance", "depth"]]
    found = bad.merge(instances.dropna(subset=["gap"]), on="instance")
    share = found["depth"].astype(float) / found["gap"].astype(float)
    return found.assign(share=share)


def _draw_distribution(axes: Axes, deep: pd.DataFrame, widths: list[int], gid: str) -> None:
    """Draw a line of steps for each width, with a mark at its median."""
    for width, rows in deep.groupby("width"):
        shares = np.sort(rows["share"].to_numpy(float).clip(LEAST))
        style = look(widths, int(width)) | {"marker": ""}
        up_to = np.arange(1, len(shares) + 1) / len(shares)
        axes.step(shares, up_to, where="post", lw=1, gid=f"{gid}-L{width}", **style)
        median = float(np.median(shares))
        mark = look(widths, int(width)) | {"linestyle": "none", "markersize": 5}
        axes.plot(median, 0.5, gid=f"{gid}-median-L{width}", zorder=3, **mark)
    axes.set_xscale("log")
    axes.set_ylim(0, 1.02)
    axes.grid(True)


def deaths_of(instances: pd.DataFrame) -> tuple[int, int]:
    """Return out of how many bad basins the lowest way leads by a death, and how many exist."""
    known = instances.dropna(subset=["death_share"])
    counts = known["bad_basins"].to_numpy(int)
    return round(float(known["death_share"].to_numpy(float) @ counts)), int(counts.sum())


def _death_share(instances: pd.DataFrame) -> Spread | None:
    count, total = deaths_of(instances)
    return share_interval(count, total) if total else None


def _median_depth(instances: pd.DataFrame) -> Spread | None:
    known = instances.dropna(subset=["median_depth", "gap"])
    if known.empty:
        return None
    shares = known["median_depth"].astype(float) / known["gap"].astype(float)
    low, median, high = np.quantile(shares.to_numpy(float), [0.25, 0.5, 0.75])
    return float(median), float(low), float(high)


_DEATHS = Quantity("deaths", "a unit dies", _death_share)

_DEPTH = Quantity("depth", "depth / gap", _median_depth, bounded=False)


@drawing_decided
def plot_ways_out(known: pd.DataFrame) -> tuple[Figure, str]:
    """Draw how often a unit dies on the way out of a bad basin, and how deep the median one is.

    Parameters
    ----------
    known : DataFrame
        The decided instances, with the columns of `sweep_tables.with_basins`.

    Returns
    -------
    Figure
        Shares with their Wilson intervals (95 %), as if basins were independent; of depths, as
        shares of the gaps, medians and quartiles. Against the ridge and against n.
    """
    if not deaths_of(known)[1]:
        return message("no basin but those of least loss"), ""
    figure, note = overview(known, [_DEATHS, _DEPTH])
    counts = {int(width): deaths_of(rows) for width, rows in known.groupby("width")}
    labels = {m: f"L = {m}: {percent(*found)} of {found[1]:,}" for m, found in counts.items()}
    width_legend(figure, widths_of(known), labels=labels, title="ways out by a death")
    return figure, note
