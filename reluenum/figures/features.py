"""What the layers of deep networks make of an input: h^1(x), h^2(x), and so on, to the fit."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from reluenum.figures.fits import curve
from reluenum.figures.reading import (
    AxisNames,
    Document,
    Vector,
    data,
    fitted_values,
    kinks_by_layer,
    level_text,
    preactivations,
    shape_text,
)
from reluenum.figures.style import BLACK, BLUE, DOUBLE_COLUMN, GREY, LOOKS, limits, mark

MOST_ROWS = 8
"""Components of one figure, a row for each; of more, the best are shown."""

_ON_KINK = mark("D", BLACK, 3.6, hollow=True)
"""A data point at which a pre-activation is 0."""


def plot_features(document: Document) -> tuple[Figure, int]:
    """Draw the features of every component, a row for each, and return how many are shown.

    A column for each hidden layer: for d = 1 its live units over the input, with the data points
    on them, diamonds where a pre-activation is 0; for d = 2 the lines on which they are 0, those
    of the layers above bent at those of the layers below; for d > 2 their values at the data. The
    last column is the fit.

    Parameters
    ----------
    document : dict
        Of the format `reluenum-minima`, of networks with several hidden layers.
    """
    components = document["components"][:MOST_ROWS]
    inputs, targets = data(document)
    depth = len(components[0]["layers"])
    height = 0.5 + 1.25 * len(components)
    figure = Figure(figsize=(DOUBLE_COLUMN, height), layout="constrained")
    panels = figure.subplots(len(components), depth + 1, squeeze=False, sharex="col")
    draw = {1: _curves, 2: _lines}.get(inputs.shape[1], _at_data)
    names = AxisNames.of(document)
    for rank, (row, component) in enumerate(zip(panels, components, strict=True), start=1):
        for layer, axes in enumerate(row[:-1]):
            axes.set_gid(f"component-{rank}-layer-{layer + 1}")
            if component["layers"][layer]:
                draw(axes, component, inputs, layer)
            else:
                _say_dead(axes)
        _fit(row[-1], component, inputs, targets)
        text = f"{level_text(component)}\n{shape_text(component)}"
        row[0].set_ylabel(text, fontsize=7)
    for layer, axes in enumerate(panels[0, :-1], start=1):
        axes.set_title(f"$h^{layer}(x)$" if inputs.shape[1] != 2 else f"$z^{layer}(x) = 0$")
    panels[0, -1].set_title(names.fit)
    for axes in panels[-1]:
        axes.set_xlabel(names.inputs[0] if inputs.shape[1] < 3 else "data point")
    if inputs.shape[1] > 2:
        panels[-1, -1].set_xlabel(names.target)
    elif inputs.shape[1] == 2:
        for axes in panels[:, -1]:
            axes.set_ylabel(names.inputs[1])
    if inputs.shape[1] != 2:
        handles = [
            Line2D([], [], **mark("o", BLACK, 3.2), label="at a data point"),
            Line2D([], [], **_ON_KINK, label="kink at a data point"),
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=2)
    return figure, len(components)


def _say_dead(axes: Axes) -> None:
    """Say that all units of a layer are 0."""
    axes.set_yticks([])
    axes.text(0.5, 0.5, "dead", ha="center", va="center", color=GREY, transform=axes.transAxes)


def _live(component: Document, layer: int) -> list[tuple[int, str]]:
    """Return place and signs of a unit of each group of a layer: dead units come last."""
    places, start = [], 0
    for group in component["layers"][layer]:
        places.append((start, group["signs"]))
        start += group["multiplicity"]
    return places


def _curves(axes: Axes, component: Document, inputs: np.ndarray, layer: int) -> None:
    """Draw the features of a layer over inputs of one variable."""
    (low,), (high,) = limits(inputs, 0.08)
    bends = np.concatenate(kinks_by_layer(component, low, high)[: layer + 1])
    positions = np.unique([low, *bends, high])
    along, at_data = (
        np.maximum(preactivations(component, places)[layer], 0)
        for places in (positions[:, None], inputs)
    )
    for rank, (unit, signs) in enumerate(_live(component, layer)):
        colour = LOOKS[rank % len(LOOKS)][0]
        axes.plot(positions, along[:, unit], color=colour)
        _points(axes, inputs[:, 0], at_data[:, unit], signs, colour)
    axes.set_xlim(low, high)
    axes.grid(True)


def _points(axes: Axes, places: Vector, heights: Vector, signs: str, colour: str) -> None:
    """Draw data points on a feature, those on its kink as diamonds."""
    kink = np.array([sign == "0" for sign in signs])
    axes.plot(places[~kink], heights[~kink], **mark("o", colour, 3.2), zorder=3)
    on_kink = {**_ON_KINK, "color": colour}
    axes.plot(places[kink], heights[kink], **on_kink, zorder=4)


def _lines(axes: Axes, component: Document, inputs: np.ndarray, layer: int) -> None:
    """Draw where the pre-activations of a layer are 0, in the plane of the inputs."""
    low, high = limits(inputs)
    grid = [np.linspace(low[k], high[k], 201) for k in range(2)]
    mesh = np.stack(np.meshgrid(*grid), axis=-1).reshape(-1, 2)
    values = preactivations(component, mesh)[layer]
    for rank, (unit, _) in enumerate(_live(component, layer)):
        surface = values[:, unit].reshape(201, 201)
        colour = LOOKS[rank % len(LOOKS)][0]
        if surface.min() < 0 < surface.max():
            axes.contour(*grid, surface, [0.0], colors=[colour], linewidths=1.2)
            axes.contourf(*grid, surface, [0.0, np.inf], colors=[colour], alpha=0.12)
    axes.plot(*inputs.T, **mark("o", BLACK, 2.6))


def _at_data(axes: Axes, component: Document, inputs: np.ndarray, layer: int) -> None:
    """Draw the features of a layer at each data point."""
    places = np.arange(1, len(inputs) + 1)
    at_data = np.maximum(preactivations(component, inputs)[layer], 0)
    for rank, (unit, signs) in enumerate(_live(component, layer)):
        _points(axes, places, at_data[:, unit], signs, LOOKS[rank % len(LOOKS)][0])
    axes.grid(True)


def _fit(axes: Axes, component: Document, inputs: np.ndarray, targets: Vector) -> None:
    """Draw the function that a component fits."""
    fits = fitted_values(component, inputs)
    if inputs.shape[1] == 1:
        (low,), (high,) = limits(inputs, 0.08)
        axes.plot(*curve(component, low, high)[:2], color=BLUE)
        axes.plot(inputs[:, 0], targets, **mark("o", BLACK, 3.2))
    elif inputs.shape[1] == 2:
        low, high = limits(inputs)
        grid = [np.linspace(low[k], high[k], 81) for k in range(2)]
        mesh = np.stack(np.meshgrid(*grid), axis=-1).reshape(-1, 2)
        seen = np.concatenate([fits, targets])
        levels = np.linspace(seen.min(), seen.max() + 1e-300, 13)
        surface = fitted_values(component, mesh).reshape(81, 81)
        filled = axes.contourf(*grid, surface, levels, extend="both")
        axes.scatter(*inputs.T, c=targets, norm=filled.norm, s=12, edgecolors="w", linewidths=0.5)
    else:
        axes.axline((targets[0], targets[0]), slope=1, color=GREY, linewidth=0.6, zorder=1)
        axes.plot(targets, fits, **mark("o", BLUE, 3.2))
    axes.grid(inputs.shape[1] != 2)
