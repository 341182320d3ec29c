"""How far the targets of a sweep may move before its lists, and their minima, change."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from reluenum.figures.style import message
from reluenum.figures.sweeps.panels import drawing_decided, width_legend, widths_of
from reluenum.figures.sweeps.shares import Quantity, Spread, overview


def _quartiles(instances: pd.DataFrame, column: str) -> Spread | None:
    found = instances[column].dropna().astype(float).to_numpy()
    if not len(found):
        return None
    low, median, high = np.quantile(found, [0.25, 0.5, 0.75])
    return float(median), float(low), float(high)


_MINIMA = Quantity(
    "minima", "radius / sd", lambda rows: _quartiles(rows, "median_relative_radius"), bounded=False
)

_LIST = Quantity("list", "radius of the list", lambda rows: _quartiles(rows, "list_radius"), False)


@drawing_decided
def plot_stability(known: pd.DataFrame) -> tuple[Figure, str]:
    """Draw how far targets may move, against the ridge and against n.

    Parameters
    ----------
    known : DataFrame
        The decided instances, with the columns of `sweep_tables.with_radii`.

    Returns
    -------
    Figure
        Medians and quartiles over the instances: of the median radius of their minima, as a
        multiple of the standard deviation of the residuals, and of the radius of the whole list.
    """
    if known["smallest_radius"].isna().all():
        return message("no radius is known"), ""
    figure, note = overview(known, [_MINIMA, _LIST])
    width_legend(figure, widths_of(known))
    return figure, note
