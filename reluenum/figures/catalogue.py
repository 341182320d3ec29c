"""Which figures there are of each kind of document and table, by name."""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from reluenum.figures.basins import plot_tree
from reluenum.figures.descents import plot_basins, plot_end_losses
from reluenum.figures.fits import plot_fits
from reluenum.figures.levels import plot_levels, plot_losses
from reluenum.figures.practice import plot_practice
from reluenum.figures.stability import plot_radii
from reluenum.figures.sweeps.cost import plot_cost
from reluenum.figures.sweeps.counts import plot_minima_by_ridge, plot_minima_by_size
from reluenum.figures.sweeps.depths import plot_depths, plot_ways_out
from reluenum.figures.sweeps.panels import Tables
from reluenum.figures.sweeps.shares import plot_boundary_share, plot_gaps
from reluenum.figures.sweeps.sizes import plot_sizes
from reluenum.figures.sweeps.stability import plot_stability
from reluenum.figures.units import plot_units

FIGURES: Mapping[str, Callable[[Mapping[str, Any]], Figure]] = {
    "units": plot_units,
    "fits": plot_fits,
    "levels": plot_levels,
}
"""Figures of one document, by name."""

TREE_FIGURES: Mapping[str, Callable[[Mapping[str, Any]], Figure]] = {"tree": plot_tree}
"""Figures of one document of basins, by name."""

RADII_FIGURES: Mapping[str, Callable[[Mapping[str, Any]], Figure]] = {"radii": plot_radii}
"""Figures of one document of stability, by name."""

SUMMARY_FIGURES: Mapping[str, Callable[[Mapping[str, Any]], Figure]] = {"losses": plot_losses}
"""Figures of several documents (by name of the instance), by name."""

SWEEP_FIGURES: Mapping[str, Callable[[Tables], Figure]] = {
    "minima_by_ridge": plot_minima_by_ridge,
    "minima_by_size": plot_minima_by_size,
    "boundary_share": plot_boundary_share,
    "gaps": plot_gaps,
    "sizes": plot_sizes,
    "cost": plot_cost,
}
"""Figures of the tables of a sweep, by name."""

DEPTH_FIGURES: Mapping[str, Callable[[Tables], Figure]] = {
    "depths": plot_depths,
    "ways_out": plot_ways_out,
}
"""Figures of the tables of a sweep that has basins, by name."""

STABILITY_FIGURES: Mapping[str, Callable[[Tables], Figure]] = {"stability": plot_stability}
"""Figures of the tables of a sweep that has radii, by name."""

DESCENT_FIGURES: Mapping[str, Callable[[Mapping[str, Any]], Figure]] = {
    "basins": plot_basins,
    "end_losses": plot_end_losses,
}
"""Figures of one document of descents, by name."""

PRACTICE_FIGURES: Mapping[str, Callable[[pd.DataFrame], Figure]] = {"practice": plot_practice}
"""Figures of the table `views.optimisers.shares_frame`, by name."""
