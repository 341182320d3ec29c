"""Figures of documents: hidden units, fits, loss levels, ridge paths, times of backends.

Every function takes a parsed document and returns a `matplotlib.figure.Figure`; nothing is kept
in pyplot. Colour is never alone: markers, fill and line styles say the same in greyscale.
"""

from collections.abc import Callable, Mapping
from typing import Any

from matplotlib.figure import Figure

from reluenum.figures.fits import plot_fits
from reluenum.figures.levels import plot_levels, plot_losses
from reluenum.figures.path import plot_path
from reluenum.figures.style import save_figure
from reluenum.figures.sweep import SWEEP_FIGURES
from reluenum.figures.times import plot_times
from reluenum.figures.units import plot_units

__all__ = [
    "FIGURES",
    "SUMMARY_FIGURES",
    "SWEEP_FIGURES",
    "plot_fits",
    "plot_levels",
    "plot_losses",
    "plot_path",
    "plot_times",
    "plot_units",
    "save_figure",
]

FIGURES: Mapping[str, Callable[[Mapping[str, Any]], Figure]] = {
    "units": plot_units,
    "fits": plot_fits,
    "levels": plot_levels,
}
"""Figures of one document, by name."""

SUMMARY_FIGURES: Mapping[str, Callable[[Mapping[str, Any]], Figure]] = {"losses": plot_losses}
"""Figures of several documents (by name of the instance), by name."""
