"""The best function of two inputs, large, and beside it those of all other minima."""

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator
from matplotlib.tri import Triangulation, TriContourSet

from reluenum.activation import Activation
from reluenum.documents.labels import undecided_note
from reluenum.errors import InputError
from reluenum.figures.reading import (
    AxisNames,
    Document,
    Vector,
    activation_in,
    cut_note,
    data,
    direction,
    fitted_values,
    level_text,
    shape_text,
)
from reluenum.figures.style import (
    BLUE,
    DOUBLE_COLUMN,
    MOST_PANELS,
    VERMILLION,
    drawing,
    limits,
    message,
    shared_panels,
)
from reluenum.figures.units_higher import draw_kink

_COLUMNS = 4
"""Of small panels."""

_HALO = {"path.effects": [withStroke(linewidth=2.2, foreground="white")]}
"""Makes a line seen on dark and on light colours."""


@drawing(undecided_note)
def plot_surface(document: Document) -> tuple[Figure, str]:
    """Draw the best fitted function over the plane with the kinks of its units, then the others.

    All panels have the axes and the scale of colours of the large one, in which data points show
    their targets: a point that stands out is far from the fit. Arrows point to where a unit is
    active. Of more than `MOST_PANELS` components, the best.

    Parameters
    ----------
    document : dict
        Of the format `reluenum-minima`, with one hidden layer and inputs in the plane.

    Raises
    ------
    InputError
        If the inputs are not in the plane.
    """
    inputs, targets = data(document)
    if inputs.shape[1] != 2:
        raise InputError("inputs", f"{inputs.shape[1]} coordinates", "2, to draw a surface")
    components = document["components"][:MOST_PANELS]
    if not components:
        return message("no component of local minima is known"), ""
    levels = MaxNLocator(9).tick_values(targets.min(), targets.max())
    panels = _Panels(inputs, targets, levels, activation_in(document))
    figure = Figure(figsize=(DOUBLE_COLUMN, 4.1), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(3, 4))
    names = AxisNames.of(document)
    _draw_best(left, components[0], panels, names)
    others = components[1:]
    places = shared_panels(right, _COLUMNS, len(others), "") if others else []
    for rank, (axes, component) in enumerate(zip(places, others, strict=True), start=2):
        panels.draw(axes, component, rank)
        axes.scatter(*inputs.T, s=1, c="white", linewidths=0, rasterized=True)
        title = f"{rank}:  {level_text(component)}\n{shape_text(component)}"
        axes.set_title(title, fontsize=6.3)
    figure.legend(handles=_looks(components), loc="outside lower center", ncols=2)
    return figure, cut_note(len(components), document)


def linear_pieces(low: Vector, high: Vector, lines: Sequence[Vector]) -> Triangulation:
    """Cut a rectangle along lines, and what is left into triangles.

    A network is linear on every triangle if the lines are the kinks of its units: contours drawn
    from the corners are then exact.

    Parameters
    ----------
    low, high : (2,) array
        Corners of the rectangle.
    lines : sequence of (3,) or (2,) array
        (b, c) of b . x + c = 0, or b of b . x = 0.

    Examples
    --------
    >>> cut = linear_pieces([0, 0], [2, 1], [np.array([1.0, 0, -1])])
    >>> len(cut.triangles), sorted(set(cut.x.tolist()))
    (4, [0.0, 1.0, 2.0])
    """
    (left, bottom), (right, top) = low, high
    corners = np.array([[left, bottom], [right, bottom], [right, top], [left, top]], dtype=float)
    pieces = [corners]
    for line in lines:
        halves = [_half(piece, side * line) for piece in pieces for side in (1, -1)]
        pieces = [np.array(half) for half in halves if len(half) > 2]
    first = np.cumsum([0, *map(len, pieces)])
    fans = [
        (start, start + k, start + k + 1)
        for start, piece in zip(first, pieces, strict=False)
        for k in range(1, len(piece) - 1)
    ]
    return Triangulation(*np.concatenate(pieces).T, fans)


def _half(polygon: np.ndarray, line: Vector) -> list[np.ndarray]:
    """Return the corners of the part of a convex polygon on which b . x + c >= 0."""
    heights = polygon @ line[:2] + line[2:].sum()
    ends = zip(polygon, heights, np.roll(polygon, -1, axis=0), np.roll(heights, -1), strict=True)
    kept = []
    for here, height, there, next_height in ends:
        if height >= 0:
            kept.append(here)
        if height * next_height < 0:
            kept.append(here + height / (height - next_height) * (there - here))
    return kept


@dataclass(frozen=True)
class _Panels:
    """What all panels share: the data, the levels of the colours, and the activation."""

    inputs: np.ndarray
    targets: Vector
    levels: Vector
    phi: Activation

    def draw(self, axes: Axes, component: Document, rank: int) -> TriContourSet:
        """Draw a fitted function and the kinks of its units."""
        low, high = limits(self.inputs, 0.06)
        axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
        support = component["strata"][0]["support"]
        triangles = linear_pieces(low, high, [direction(group) for group in support])
        heights = fitted_values(component, np.column_stack([triangles.x, triangles.y]), self.phi)
        filled = axes.tricontourf(triangles, heights, self.levels, cmap="viridis", extend="both")
        with mpl.rc_context(_HALO):
            for k, group in enumerate(support, start=1):
                draw_kink(axes, group, low, high, f"component-{rank}-kink-{k}")
        return filled


def _draw_best(figure: SubFigure, component: Document, panels: _Panels, names: AxisNames) -> None:
    axes = figure.subplots()
    axes.set(xlabel=names.inputs[0], ylabel=names.inputs[1])
    filled = panels.draw(axes, component, 1)
    looks = {"cmap": "viridis", "norm": filled.norm, "edgecolors": "white", "linewidths": 0.7}
    axes.scatter(*panels.inputs.T, c=panels.targets, s=24, gid="data", **looks)
    axes.set_title(f"1:  {level_text(component)}\n{shape_text(component)}", fontweight="bold")
    label = f"{names.fit}; points: {names.target}"
    figure.colorbar(filled, ax=axes, location="bottom", label=label, aspect=30)


def _looks(components: list[Document]) -> list[Line2D]:
    """Explain the lines that occur."""
    signs = {g["sign"] for c in components for g in c["strata"][0]["support"]}
    looks = {1: {"color": BLUE}, -1: {"color": VERMILLION, "linestyle": "--"}}
    texts = {1: "kink, $a > 0$", -1: "kink, $a < 0$"}
    return [Line2D([], [], **looks[s], label=texts[s]) for s in (1, -1) if s in signs]
