"""What changes with n, the width and the ridge: figures of the tables of a sweep."""

from collections.abc import Callable, Mapping

import pandas as pd
from matplotlib.figure import Figure

from reluenum.aggregate import decided
from reluenum.figures.style import DOUBLE_COLUMN, drawing, message

Tables = Mapping[str, pd.DataFrame]


def undecided_instances(tables: Tables) -> str:
    """Warn of instances whose list may lack minima."""
    instances = tables["instances"]
    left_out = len(instances) - len(decided(instances))
    if not left_out:
        return ""
    return f"undecided supports: {left_out:,} of {len(instances):,} instances left out"


def _against_ridge(column: str, label: str) -> Callable[[Tables], Figure]:
    """Return a drawing of the mean of a column against the ridge, a line for each width."""

    @drawing(undecided_instances)
    def draw(tables: Tables) -> tuple[Figure, str]:
        known = decided(tables["instances"])
        if known.empty:
            return message("no instance is decided"), ""
        figure = Figure(figsize=(DOUBLE_COLUMN, 3), layout="constrained")
        axes = figure.add_subplot()
        for width, rows in known.groupby("width"):
            means = rows.groupby("ridge_decimal")[column].mean()
            axes.plot(means.index.to_numpy(), means.to_numpy(float), "o-", label=f"L = {width}")
        axes.set(xscale="log", xlabel="ridge", ylabel=label)
        axes.legend()
        return figure, ""

    return draw


@drawing(undecided_instances)
def plot_cost(tables: Tables) -> tuple[Figure, str]:
    """Draw the seconds of every instance against its number of supports."""
    times = tables["times"]
    if times.empty:
        return message("no time is known"), ""
    figure = Figure(figsize=(DOUBLE_COLUMN, 3), layout="constrained")
    axes = figure.add_subplot()
    axes.plot(times["supports"].to_numpy(float), times["seconds"].to_numpy(float), "o")
    axes.set(xscale="log", yscale="log", xlabel="supports", ylabel="seconds")
    return figure, ""


SWEEP_FIGURES: Mapping[str, Callable[[Tables], Figure]] = {
    "minima_by_ridge": _against_ridge("components", "mean number of components"),
    "minima_by_size": _against_ridge("components", "mean number of components"),
    "boundary_share": _against_ridge("isolated_on_boundary", "isolated minima on a boundary"),
    "gaps": _against_ridge("relative_gap", "relative gap"),
    "sizes": _against_ridge("full_size", "isolated minima of full size"),
    "cost": plot_cost,
}
"""Figures of the tables of a sweep, by name."""
