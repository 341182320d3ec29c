"""How many isolated minima of full size there are: the numbers N_m of Corollary D.1."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from reluenum.figures.style import BLACK, BLUE, SKY, VERMILLION, mark, message, panel_grid
from reluenum.figures.sweeps.panels import (
    LINEAR_UP_TO,
    count_axis,
    drawing_decided,
    set_title,
    settings_and_sizes,
    widths_of,
)


@drawing_decided
def plot_sizes(known: pd.DataFrame) -> tuple[Figure, str]:
    """Draw the distribution of N_m over data sets and ridges, a panel for each setting and n.

    A histogram for each m stands upright; the longest bar of a panel fills its column, and a
    diamond is the mean. If counts are large, the axis becomes logarithmic upwards, and bins of
    several counts grow with them.
    """
    known = known[known["full_size"].notna()]  # Corollary D.1 is not about all
    if known.empty:
        return message("neither several hidden layers nor free biases have these numbers"), ""
    panels, note = settings_and_sizes(known)
    widths = widths_of(known)
    most = max(1, *(int(rows["full_size"].max()) for _, rows in panels))
    edges = bin_edges(most)
    figure, grid = panel_grid(len(panels), 1.9, "m", "$N_m$")
    for place, (axes, (title, rows)) in enumerate(zip(grid, panels, strict=True), start=1):
        set_title(axes, title)
        counts = {width: part["full_size"].to_numpy(int) for width, part in rows.groupby("width")}
        _draw_histograms(axes, counts, widths, edges, f"panel-{place}")
    grid[0].set_xticks(range(len(widths)), widths)
    grid[0].set_xlim(-0.6, len(widths) - 0.4)
    if most > LINEAR_UP_TO:
        grid[0].set_yscale("asinh", linear_width=2)
    grid[0].set_ylim(edges[0], edges[-1])
    count_axis(grid[0], int(edges[-1]))
    figure.legend(handles=_SIZE_LEGEND, loc="outside lower center", ncols=2)
    return figure, note


def bin_edges(most: int) -> np.ndarray:
    """Return edges of bins of whole numbers from 0 on, of one number each as long as they are few.

    Examples
    --------
    >>> bin_edges(3).tolist()
    [-0.5, 0.5, 1.5, 2.5, 3.5]
    >>> bin_edges(60)[-3:].tolist()
    [39.5, 49.5, 61.5]
    """
    if most <= LINEAR_UP_TO:
        return np.arange(most + 2) - 0.5
    edges = [-0.5]
    while edges[-1] < most:
        edges.append(edges[-1] + max(1, int(0.25 * (edges[-1] + 1.5))))
    return np.array(edges)


def _draw_histograms(
    axes: Axes,
    counts: Mapping[int | str, np.ndarray],
    widths: Sequence[int | str],
    edges: np.ndarray,
    gid: str,
) -> None:
    """Draw a histogram upwards for each width, in the unit of the longest bar."""
    shares = {m: np.histogram(found, edges)[0] / len(found) for m, found in counts.items()}
    unit = 0.85 / max(share.max() for share in shares.values())
    for width, share in shares.items():
        left = widths.index(width) - 0.425
        axes.stairs(
            left + unit * share,
            edges,
            baseline=left,
            orientation="horizontal",
            fill=True,
            facecolor=SKY,
            edgecolor=BLUE,
            linewidth=0.5,
            gid=f"{gid}-m{width}",
        )
        axes.plot(left, counts[width].mean(), **_MEAN, gid=f"{gid}-m{width}-mean")
    axes.grid(True, axis="y")
    axes.tick_params(axis="x", length=0)


_MEAN = mark("D", VERMILLION, 4, markeredgecolor=BLACK, markeredgewidth=0.5, zorder=4)

_SIZE_LEGEND = [
    Patch(facecolor=SKY, edgecolor=BLUE, linewidth=0.5, label="share of instances"),
    Line2D([], [], **_MEAN, label="mean"),
]
