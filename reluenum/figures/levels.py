"""Loss levels of the minima of one or several instances."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, log
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from reluenum.documents.labels import kind, undecided_note
from reluenum.figures.reading import Document, Vector, number, place_text
from reluenum.figures.style import (
    BLUE,
    DOUBLE_COLUMN,
    GREY,
    SINGLE_COLUMN,
    VERMILLION,
    drawing,
    mark,
    message,
    spread,
)
from reluenum.views.cells import short_number


@drawing(undecided_note)
def plot_levels(document: Document) -> tuple[Figure, str]:
    """Draw the loss of every component, a column for each dimension.

    Hollow markers are components on a boundary, filled ones lie in the interior of a pattern;
    stars are global at the width. A few levels are labelled with their loss, of many only the
    lowest and the highest.

    Parameters
    ----------
    document : dict
        Of the format `reluenum-minima`.
    """
    components = document["components"]
    if not components:
        return message("no component of local minima is known"), ""
    losses = np.array([number(component["loss"]) for component in components])
    columns = max(component["dimension"] for component in components) + 1
    figure = Figure(figsize=(max(SINGLE_COLUMN, 1.3 * columns), 3.4), layout="constrained")
    axes = figure.add_subplot()
    scale = LossScale.of(losses)
    axes.set_yscale(scale.name)
    used = [0.0, 1.0]
    for dimension in range(columns):
        members = [k for k, c in enumerate(components) if c["dimension"] == dimension]
        shifts = _swarm([scale.height(losses[k]) for k in members])
        for shift, k in zip(shifts, members, strict=True):
            axes.plot(dimension + shift, losses[k], **_level(components[k], k))
        right = dimension + max(shifts, default=0)
        used += _label_levels(axes, scale, right, [components[k]["loss"] for k in members])
    axes.set_ylim(scale.loss(min(used) - 0.06), scale.loss(max(used) + 0.06))
    axes.set_xlim(-0.5, columns - 0.25)
    axes.set_xticks(range(columns), [kind(dimension) for dimension in range(columns)])
    axes.tick_params(axis="x", length=0)
    axes.set_ylabel("loss")
    axes.grid(True, axis="y")
    _level_legend(figure, components)
    return figure, ""


@dataclass(frozen=True)
class LossScale:
    """A linear or logarithmic axis for losses; heights run from 0 (best) to 1 (worst)."""

    name: str
    low: float
    high: float

    @classmethod
    def of(cls, losses: Vector, most: float = 100) -> "LossScale":
        """Return the scale of some losses, logarithmic if their ratio is larger than `most`."""
        low, high = float(losses.min()), float(losses.max())
        if low > 0 and high > most * low:
            return cls("log", low, high)
        if high == low:  # one level, in the middle
            room = 0.1 * abs(low) or 1.0
            return cls("linear", low - room, high + room)
        return cls("linear", low, high)

    def height(self, loss: float) -> float:
        """Return the height of a loss."""
        if self.name == "log":
            return log(loss / self.low) / log(self.high / self.low)
        return (loss - self.low) / (self.high - self.low)

    def loss(self, height: float) -> float:
        """Return the loss at a height."""
        if self.name == "log":
            return self.low * (self.high / self.low) ** height
        return self.low + height * (self.high - self.low)


def _swarm(heights: Sequence[float]) -> list[float]:
    """Return horizontal shifts that keep markers of nearly equal height apart."""
    rows: dict[int, list[int]] = {}
    for k, height in enumerate(heights):
        rows.setdefault(round(height * 40), []).append(k)
    shifts = [0.0] * len(heights)
    for members in rows.values():
        gap = min(0.055, 0.6 / len(members))
        for place, k in enumerate(members):
            shifts[k] = (place - (len(members) - 1) / 2) * gap
    return shifts


def _level(component: Document, rank: int) -> dict[str, Any]:
    looks = ("*", VERMILLION, 9) if component["global_at_width"] else ("o", BLUE, 4.5)
    more = {"zorder": 4 if component["global_at_width"] else 3, "gid": f"component-{rank + 1}"}
    return mark(*looks, component["on_boundary"], markeredgewidth=1, **more)


def _label_levels(axes: Axes, scale: LossScale, right: float, losses: list[str]) -> list[float]:
    """Write losses right of their markers, apart from each other, and return their heights."""
    labels: dict[str, list[float]] = {}
    for loss in losses if len(losses) <= 12 else (losses[0], losses[-1]):
        labels.setdefault(short_number(loss, 5), []).append(number(loss))
    places = spread([scale.height(same[0]) for same in labels.values()], 0.055)
    for place, (label, same) in zip(places, labels.items(), strict=True):
        times = f" \N{MULTIPLICATION SIGN}{len(same)}" if len(same) > 1 else ""
        axes.annotate(
            label + times,
            (right + 0.05, same[0]),
            (right + 0.12, scale.loss(place)),
            fontsize=7,
            va="center",
            arrowprops={"arrowstyle": "-", "color": GREY, "lw": 0.4, "shrinkA": 0, "shrinkB": 1},
        )
    return places


def _level_legend(figure: Figure, components: Sequence[Document], by_shape: bool = False) -> None:
    """Explain the looks that occur."""
    seen: dict[str, Line2D] = {}
    for component in components:
        rank = "global, " if component["global_at_width"] else ""
        keywords = _level(component, 0) | {"gid": None}
        seen.setdefault(rank + place_text(component), Line2D([], [], **keywords))
    if by_shape and any(component["dimension"] for component in components):
        seen["not isolated"] = Line2D([], [], **mark("D", BLUE, 3.8))
    figure.legend(
        list(seen.values()),
        list(seen),
        loc="outside lower center",
        ncols=5 if by_shape else 2 if len(seen) == 4 else 3,
        columnspacing=1.2,
        handletextpad=0.2,
    )


def _incomplete_note(documents: Mapping[str, Document]) -> str:
    """Warn of instances whose list may lack minima."""
    incomplete = sum(bool(undecided_note(document)) for document in documents.values())
    if not incomplete:
        return ""
    return f"\N{DAGGER} list not complete: {incomplete} of {len(documents)} instances"


@drawing(_incomplete_note)
def plot_losses(documents: Mapping[str, Document]) -> tuple[Figure, str]:
    """Draw the losses of all components of several instances, a line for each instance.

    Markers are those of `plot_levels`, but a component that is no isolated point is a diamond.

    Parameters
    ----------
    documents : mapping of str to dict
        Documents of the format `reluenum-minima`, by name of the instance.
    """
    listed = [
        (line, component)
        for line, document in enumerate(documents.values())
        for component in document["components"]
    ]
    if not listed:
        return message("no component of local minima is known"), ""
    losses = np.array([number(component["loss"]) for _, component in listed])
    height = min(0.8 + 0.2 * len(documents), 10)
    figure = Figure(figsize=(DOUBLE_COLUMN, max(height, 1.6)), layout="constrained")
    axes = figure.add_subplot()
    axes.set_xscale(LossScale.of(losses).name)
    for k, ((line, component), loss) in enumerate(zip(listed, losses, strict=True)):
        keywords = _level(component, k)
        if component["dimension"] and not component["global_at_width"]:
            keywords |= {"marker": "D", "markersize": 3.8}
        axes.plot(loss, line, **keywords)
    names = [
        name + (" \N{DAGGER}" if undecided_note(document) else "")
        for name, document in documents.items()
    ]
    step = ceil(len(names) / 60)
    axes.set_yticks(range(0, len(names), step), names[::step], fontsize=7)
    axes.set(ylim=(len(names) - 0.5, -0.5), xlabel="loss")
    axes.grid(True)
    _level_legend(figure, [component for _, component in listed], by_shape=True)
    return figure, ""


def plot_beside(documents: Sequence[Document]) -> Figure:
    """Draw the losses of networks of several shapes, a line for each, by number of parameters.

    Parameters
    ----------
    documents : sequence of dict
        Documents of the format `reluenum-minima` about one data set, of one or several hidden
        layers.
    """
    ordered = sorted(documents, key=lambda document: parameter_count(document["problem"]))
    return plot_losses({_shape_name(document["problem"]): document for document in ordered})


def parameter_count(problem: Document) -> int:
    """Return how many parameters a network of a problem has, an output bias left out.

    Examples
    --------
    >>> (
    ...     parameter_count({"x": [["0"]], "hidden": [2, 1]}),
    ...     parameter_count({"x": [["0"]], "width": 3}),
    ... )
    (8, 9)
    """
    hidden = problem.get("hidden") or [problem["width"]]
    below = [len(problem["x"][0]), *hidden]
    return sum(width * (k + 1) for k, width in zip(below, hidden, strict=False)) + hidden[-1]


def _shape_name(problem: Document) -> str:
    """Return the widths of the hidden layers and the number of parameters."""
    widths = ", ".join(map(str, problem.get("hidden") or [problem["width"]]))
    return f"({widths}): {parameter_count(problem)} parameters"
