"""The functions that the minima fit to the data."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from reluenum.activation import RELU, Activation
from reluenum.documents.labels import undecided_note
from reluenum.figures.reading import (
    AxisNames,
    Document,
    Vector,
    activation_in,
    cut_note,
    data,
    fitted_values,
    is_deep,
    kinks_by_layer,
    parameters,
    write_title,
)
from reluenum.figures.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    LINE,
    MOST_PANELS,
    PURPLE,
    VERMILLION,
    colour_bar,
    drawing,
    limits,
    mark,
    message,
    panel_grid,
)

_DATA = mark("o", BLACK, 3.2)

_LAYERS = (("D", BLUE, 3.2), ("s", VERMILLION, 4.6), ("^", GREEN, 6.0), ("o", PURPLE, 7.4))
"""Marks of the kinks of each layer; where several have one, they are nested."""


def layer_marks(depth: int) -> list[dict[str, Any]]:
    """Return the looks of the kinks of so many layers."""
    looks = [_LAYERS[min(k, len(_LAYERS) - 1)] for k in range(depth)]
    return [mark(*look, hollow=True) for look in looks]


@drawing(undecided_note)
def plot_fits(document: Document) -> tuple[Figure, str]:
    """Draw the fitted function of every component over the data, a panel for each.

    For d = 1 the piecewise linear curve, exactly, with its kinks; for d = 2 filled contours; for
    d > 2 fitted against observed values. Of more than `MOST_PANELS` components, the best.

    Parameters
    ----------
    document : dict
        Of the format `reluenum-minima`.
    """
    components = document["components"][:MOST_PANELS]
    if not components:
        return message("no component of local minima is known"), ""
    inputs, targets = data(document)
    draw = {1: _fit_curves, 2: _fit_contours}.get(inputs.shape[1], _fit_scatter)
    names, phi = AxisNames.of(document), activation_in(document)
    figure = draw(components, inputs, targets, names, phi)
    return figure, cut_note(len(components), document)


def curve(
    component: Document, low: float, high: float, phi: Activation = RELU
) -> tuple[Vector, Vector, Vector]:
    """Return the graph of a fitted function of one variable, from kink to kink.

    Returns
    -------
    positions : (k,) array
        `low`, the kinks between, `high`.
    values : (k,) array
        The function there; it is linear between.
    kinks : (k - 2,) array
    """
    if is_deep(component):
        bends = np.unique(np.concatenate(kinks_by_layer(component, low, high)))
        positions = np.array([low, *bends, high])
        return positions, fitted_values(component, positions[:, None]), bends
    _, slopes, offsets = parameters(component, 1)
    bent = slopes[:, 0] != 0
    kinks = -offsets[bent] / slopes[bent, 0]
    kinks = np.unique(kinks[(kinks > low) & (kinks < high)])
    positions = np.array([low, *kinks, high])
    return positions, fitted_values(component, positions[:, None], phi), kinks


def draw_thumbnails(
    panels: Sequence[Axes], components: Sequence[Document], document: Document
) -> None:
    """Draw the fitted functions of some components into small panels without scales.

    Parameters
    ----------
    panels : sequence of Axes
        One for each component.
    components : sequence of dict
    document : dict
        Of the format `reluenum-minima`, to which they belong.
    """
    inputs, targets = data(document)
    dimension, phi = inputs.shape[1], activation_in(document)
    low, high = limits(inputs, 0.08)
    fitted = [fitted_values(component, inputs, phi) for component in components]
    seen = np.concatenate([targets, *fitted])
    room = 0.12 * np.ptp(seen) or 0.5
    for axes, component, values in zip(panels, components, fitted, strict=True):
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_box_aspect(1)
        axes.spines[:].set(visible=True, color=LINE)
        if dimension == 2:
            grid = [np.linspace(low[k], high[k], 41) for k in range(2)]
            mesh = np.stack(np.meshgrid(*grid), axis=-1).reshape(-1, 2)
            surface = fitted_values(component, mesh, phi).reshape(41, 41)
            filled = axes.contourf(
                *grid, surface, np.linspace(seen.min(), seen.max() + 1e-300, 9), extend="both"
            )
            axes.scatter(
                *inputs.T, c=targets, norm=filled.norm, s=7, edgecolors="w", linewidths=0.4
            )
            continue
        points = (inputs[:, 0], targets) if dimension == 1 else (targets, values)
        if dimension == 1:
            axes.plot(*curve(component, low[0], high[0], phi)[:2], color=BLUE, lw=1, zorder=3)
            axes.set_xlim(low[0], high[0])
        else:
            axes.axline((targets[0], targets[0]), slope=1, color=GREY, lw=0.6)
            axes.set_xlim(targets.min() - room, targets.max() + room)
        axes.plot(*points, "o", color=BLACK, ms=1.6, zorder=2)
        axes.set_ylim(seen.min() - room, seen.max() + room)


def _fit_curves(
    components: Sequence[Document],
    inputs: np.ndarray,
    targets: Vector,
    names: AxisNames,
    phi: Activation,
) -> Figure:
    figure, panels = panel_grid(len(components), 1.6, *names.inputs, names.fit)
    (low,), (high,) = limits(inputs, 0.08)
    seen = [*targets]
    for rank, (axes, component) in enumerate(zip(panels, components, strict=True), start=1):
        positions, values, kinks = curve(component, low, high, phi)
        axes.plot(positions, values, color=BLUE, zorder=2, gid=f"component-{rank}-curve")
        at_kinks = fitted_values(component, kinks[:, None], phi)
        layers = kinks_by_layer(component, low, high) if is_deep(component) else [kinks]
        for layer, (places, look) in enumerate(zip(layers, layer_marks(len(layers)), strict=True)):
            label = f"component-{rank}-kinks" + (f"-{layer + 1}" if len(layers) > 1 else "")
            height = {"zorder": 4 + len(layers) - layer, "gid": label}
            axes.plot(places, fitted_values(component, places[:, None], phi), **look, **height)
        axes.plot(inputs[:, 0], targets, **_DATA, zorder=3)
        axes.set_xlim(low, high)
        axes.grid(True)
        write_title(axes, rank, component)
        seen += [*at_kinks[(kinks >= inputs.min()) & (kinks <= inputs.max())]]
        seen += [*fitted_values(component, inputs, phi)]
    room = 0.08 * (max(seen) - min(seen)) or 0.5
    panels[0].set_ylim(min(seen) - room, max(seen) + room)  # not how it extrapolates
    several = [f"kink of layer {k}" for k in range(1, len(layers) + 1)]
    labels = several if len(layers) > 1 else ["kink"]
    handles = [
        Line2D([], [], **_DATA, label="data"),
        Line2D([], [], color=BLUE, label="fit"),
        *(
            Line2D([], [], **look, label=label)
            for look, label in zip(layer_marks(len(layers)), labels, strict=True)
        ),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=min(len(handles), 5))
    return figure


def _fit_contours(
    components: Sequence[Document],
    inputs: np.ndarray,
    targets: Vector,
    names: AxisNames,
    phi: Activation,
) -> Figure:
    figure, panels = panel_grid(len(components), 1.95, *names.inputs)
    low, high = limits(inputs)
    grid = [np.linspace(low[k], high[k], 81) for k in range(2)]
    mesh = np.stack(np.meshgrid(*grid), axis=-1)
    places, shape = mesh.reshape(-1, 2), mesh.shape[:2]
    surfaces = [fitted_values(c, places, phi).reshape(shape) for c in components]
    room = 0.25 * (targets.max() - targets.min()) or 1.0
    levels = MaxNLocator(14).tick_values(targets.min() - room, targets.max() + room)
    for rank, (axes, component, surface) in enumerate(
        zip(panels, components, surfaces, strict=True), start=1
    ):
        filled = axes.contourf(*grid, surface, levels, cmap="viridis", extend="both")
        axes.scatter(
            *inputs.T,
            c=targets,
            cmap="viridis",
            norm=filled.norm,
            s=22,
            edgecolors="white",
            linewidths=0.9,
        )
        write_title(axes, rank, component)
    colour_bar(figure, filled, panels, f"{names.fit}; points: {names.target}")
    return figure


def _fit_scatter(
    components: Sequence[Document],
    inputs: np.ndarray,
    targets: Vector,
    names: AxisNames,
    phi: Activation,
) -> Figure:
    figure, panels = panel_grid(len(components), 1.8, names.target, names.fit)
    for rank, (axes, component) in enumerate(zip(panels, components, strict=True), start=1):
        axes.axline((targets[0], targets[0]), slope=1, color=GREY, linewidth=0.6, zorder=1)
        fits = fitted_values(component, inputs, phi)
        axes.plot(targets, fits, **mark("o", BLUE, 3.6), gid=f"component-{rank}-fits")
        axes.grid(True)
        write_title(axes, rank, component)
    return figure
