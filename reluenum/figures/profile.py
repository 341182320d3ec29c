"""The loss along the certified path between two basins, and what the units do on the way."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import cycle, pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from scipy.optimize import linear_sum_assignment

from reluenum.documents.labels import undecided_note
from reluenum.errors import InputError
from reluenum.figures.basins import DEATH, KINK
from reluenum.figures.fits import draw_thumbnails
from reluenum.figures.reading import Document, data, number
from reluenum.figures.style import (
    BLACK,
    BLUE,
    DOUBLE_COLUMN,
    GREEN,
    GREY,
    LINE,
    ORANGE,
    PURPLE,
    VERMILLION,
    drawing,
    spread,
)
from reluenum.views.cells import short_number

STEPS = 40
"""Points at which the loss is computed between two corners of a path."""

MOST_PICTURES, MOST_LABELS = 8, 30
"""Fits below a profile, and labelled crossings."""

_LOOKS = ((BLUE, "-"), (VERMILLION, "--"), (GREEN, "-."), (PURPLE, ":"), (ORANGE, (0, (6, 1))))
"""Colour and line of a unit."""


@dataclass(frozen=True, eq=False)
class Corner:
    """A corner of a path: unit states (s, z).

    Parameters
    ----------
    signs : (L,) array of int
        0 for a zero unit.
    units : (L, d + 1) array of Fraction
    record : dict
        As the document has it.
    """

    signs: np.ndarray
    units: np.ndarray
    record: Document

    @classmethod
    def of(cls, record: Document) -> "Corner":
        """Read a corner of a document."""
        units = [[Fraction(entry) for entry in unit["z"]] for unit in record["units"]]
        signs = [unit["sign"] for unit in record["units"]]
        return cls(np.array(signs), np.array(units, dtype=object), record)

    @cached_property
    def states(self) -> np.ndarray:
        """The units in doubles, (L, d + 1)."""
        return self.units.astype(float)

    def renamed(self, order: Sequence[int]) -> "Corner":
        """Return it with its units in another order."""
        return Corner(self.signs[order], self.units[order], self.record)

    def order_of(self, other: "Corner") -> np.ndarray:
        """Return the order in which another corner's units are next to its own."""
        own, theirs = (corner.signs[:, None] * corner.states for corner in (self, other))
        return linear_sum_assignment(np.linalg.norm(own[:, None] - theirs, axis=-1))[1]


def way(tree: Document, start: int, stop: int) -> list[Corner]:
    """Return the corners of the certified path between two basins.

    Each basin has a path to the lowest one that it joins where its branch ends. These make a tree,
    on which there is one way from the first basin to the second; no point of it is above the merge
    where they first lie in one component.

    Parameters
    ----------
    tree : dict
        Of the format `reluenum-basins`.
    start, stop : int
        Different basins, by their numbers in the list, from 0.

    Raises
    ------
    InputError
        If they are none.
    """
    leaves = {leaf["component"]: k for k, leaf in reversed(list(enumerate(tree["leaves"])))}
    if start == stop or not {start, stop} <= leaves.keys():
        losses = [short_number(tree["components"][index]["loss"]) for index in sorted(leaves)]
        found = "one basin twice" if start == stop else "a component that is no basin"
        raise InputError("profile", found, f"two of the basins, of loss {', '.join(losses)}")
    first, last = leaves[start], leaves[stop]
    paths = {path["from"]: path for merge in tree["merges"] for path in merge["paths"]}

    def descent(leaf: int) -> list[int]:
        return [leaf, *descent(paths[leaf]["to"])] if leaf in paths else [leaf]

    up, down = descent(first), descent(last)
    while len(up) > 1 and len(down) > 1 and up[-2] == down[-2]:
        up, down = up[:-1], down[:-1]
    pieces = [paths[leaf]["points"] for leaf in up[:-1]]
    pieces += [paths[leaf]["points"][::-1] for leaf in down[-2::-1]]
    return _in_one_path(
        map(Corner.of, (point for piece in pieces for point in piece)), tree["labelled"]
    )


def _in_one_path(corners: Iterator[Corner], labelled: bool) -> list[Corner]:
    """Return one path without loops; up to permutation its units keep the names they start with."""
    found: list[Corner] = []
    order = None
    for corner in corners:
        order = np.arange(len(corner.signs)) if order is None else order
        corner = corner.renamed(order)
        for place, before in enumerate(found):
            if before.record["support"] == corner.record["support"]:
                again = np.arange(len(order)) if labelled else before.order_of(corner)
                if np.allclose(before.states, corner.states[again], 1e-3, 1e-6):
                    order, found = order[again], found[: place + 1]
                    break
        else:
            found.append(corner)
    return found


@dataclass(frozen=True, eq=False)
class Course:
    """What the loss and the units do along a path.

    Parameters
    ----------
    document : dict
        Of the format `reluenum-minima`.
    corners : sequence of Corner
    """

    document: Document
    corners: Sequence[Corner]

    @cached_property
    def distances(self) -> np.ndarray:
        """Where the corners are, by their distance in the space of unit states."""
        steps = [np.linalg.norm(b.states - a.states) for a, b in pairwise(self.corners)]
        return np.array([0.0, *np.cumsum(steps)])

    def place(self, corner: int, unit: int) -> tuple[float, float]:
        """Return where a corner is, and how large a unit is there."""
        size = np.linalg.norm(self.corners[corner].states[unit])
        return float(self.distances[corner]), float(size)

    @cached_property
    def samples(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Distances (k,), losses (k,) and lengths of the units (k, L)."""
        places, losses, lengths = [], [], []
        for k, (a, b) in enumerate(pairwise(self.corners)):
            signs = np.where(a.signs == 0, b.signs, a.signs)
            for share in np.linspace(0, 1, STEPS):
                states = (1 - share) * a.states + share * b.states
                places.append((1 - share) * self.distances[k] + share * self.distances[k + 1])
                losses.append(self.loss(signs, states))
                lengths.append(np.linalg.norm(states, axis=1))
        return np.array(places), np.array(losses), np.array(lengths)

    def bias(self, signs: np.ndarray, states: np.ndarray) -> tuple[np.ndarray, float]:
        """Return the errors without output bias, and the best one."""
        problem = self.document["problem"]
        inputs, targets = data(self.document)
        rows = np.hstack([inputs, np.ones((len(inputs), 1))])
        errors = targets - np.maximum(rows @ states.T, 0) @ signs
        if problem["output_bias"] == "none":
            return errors, 0.0
        ridge = self.ridge if problem["output_bias"] == "ridge" else 0.0
        return errors, errors.sum() / (len(errors) + ridge)

    @cached_property
    def ridge(self) -> float:
        """The ridge beside the sum of the squares."""
        problem = self.document["problem"]
        count = len(problem["y"]) if problem["loss"] == "mean" else 1
        return number(problem["ridge"]) * count

    def loss(self, signs: np.ndarray, states: np.ndarray) -> float:
        """Return the least loss of networks with these unit states."""
        problem = self.document["problem"]
        errors, bias = self.bias(signs, states)
        penalty = 2 * np.linalg.norm(states, axis=1).sum()
        penalty += bias**2 if problem["output_bias"] == "ridge" else 0
        total = ((errors - bias) ** 2).sum() + self.ridge * penalty
        return total / len(errors) if problem["loss"] == "mean" else total

    def network(self, corner: Corner) -> dict[str, Any]:
        """Return a network with the unit states of a corner, as a component has it."""
        _, bias = self.bias(corner.signs, corner.states)
        texts = [list(map(repr, row)) for row in corner.states.tolist()]
        signs = list(map(repr, corner.signs.tolist()))
        slopes, offsets = [row[:-1] for row in texts], [row[-1] for row in texts]
        return {"representative": {"a": signs, "B": slopes, "c": offsets, "m": repr(float(bias))}}

    @cached_property
    def deaths(self) -> list[tuple[int, int]]:
        """Corners and units that are zero there, at the ends of where they are."""
        zero = np.array([corner.signs == 0 for corner in self.corners])
        return [
            (k, unit)
            for k, unit in np.argwhere(zero).tolist()
            if k in (0, len(zero) - 1) or not (zero[k - 1, unit] and zero[k + 1, unit])
        ]

    @cached_property
    def crossings(self) -> list[tuple[int, int, tuple[int, ...]]]:
        """Corners, units that change sides there, and of which data points (from 1)."""
        rows = np.array(
            [[*map(Fraction, row), 1] for row in self.document["problem"]["x"]], dtype=object
        )
        found: dict[tuple[int, int], list[int]] = {}
        for unit in range(len(self.corners[0].signs)):
            side, leaving = [0] * len(rows), [0] * len(rows)
            for k, corner in enumerate(self.corners):
                for point, value in enumerate(rows @ corner.units[unit]):
                    if corner.signs[unit] == 0:
                        side[point] = 0
                    elif value == 0:
                        leaving[point] = k
                    else:
                        now = 1 if value > 0 else -1
                        if side[point] == -now:
                            found.setdefault((leaving[point], unit), []).append(point + 1)
                        side[point] = now
        return [(k, unit, tuple(points)) for (k, unit), points in sorted(found.items())]


def plot_profile(tree: Document, start: int, stop: int) -> Figure:
    """Draw the loss along the certified path between two basins, and the sizes of the units.

    Below the loss stands for each unit |z| = |a| |v|, a cross where it is zero: there it dies, or
    is born on another face. A triangle is where a unit crosses the hyperplanes of the data points
    that are named beside it. At the bottom is what the network fits on the way.

    Parameters
    ----------
    tree : dict
        Of the format `reluenum-basins`.
    start, stop : int
        Different basins, by their numbers in the list, from 0.

    Returns
    -------
    Figure

    Raises
    ------
    InputError
        If they are none.
    """
    course = Course(tree["minima"], way(tree, start, stop))
    return _plot_course((tree, course))


@drawing(lambda drawn: undecided_note(drawn[0]["minima"]))
def _plot_course(drawn: tuple[Document, Course]) -> tuple[Figure, str]:
    tree, course = drawn
    figure = Figure(figsize=(DOUBLE_COLUMN, 5.2), layout="constrained")
    above, below, strip = figure.subplots(3, 1, sharex=True, height_ratios=[2.6, 1.6, 0.9])
    _draw_loss(above, course, tree)
    _draw_sizes(below, course)
    chosen = _draw_pictures(strip, course, tree)
    _course_legend(figure, course)
    for k in chosen:
        for axes in (above, below):
            axes.axvline(course.distances[k], color=LINE, lw=0.6, ls=":", zorder=0)
    return figure, ""


def _draw_loss(axes: Axes, course: Course, tree: Document) -> None:
    """Draw the loss, with the basins and the passes on the way."""
    places, losses, _ = course.samples
    axes.plot(places, losses, color=BLACK, lw=1.2, gid="loss", zorder=2)
    minima = {c["loss"]: c["index"] + 1 for c in tree["components"] if c["basin"]}
    passes = {merge["loss"]: merge["event"] for merge in tree["merges"]}
    room = np.ptp(losses) or 1.0
    axes.set_ylim(losses.min() - 0.2 * room, losses.max() + 0.2 * room)
    axes.margins(x=0.1)
    crossed = {k for k, *_ in course.crossings}
    below, above = [], []
    for k, corner in enumerate(course.corners):
        text = corner.record["loss"]
        point = float(course.distances[k]), number(text)
        if text in minima:
            axes.plot(*point, "o", color=BLUE, ms=5, zorder=4, gid=f"basin-{minima[text]}")
            below.append((point, f"{minima[text]}: {short_number(text, 5)}"))
        elif text in passes:
            look = {"death": DEATH, "kink": KINK}[passes[text]]
            axes.plot(*point, zorder=4, gid=f"pass-{k + 1}", **look)
            above.append((point, short_number(text, 5)))
        elif k in crossed:
            axes.plot(*point, **(KINK | {"ms": 3, "color": GREY, "zorder": 3}))
    _label_apart(axes, below, -0.12 * room)
    _label_apart(axes, above, 0.09 * room)
    axes.set_ylabel("loss")
    axes.grid(True, axis="y")


def _label_apart(
    axes: Axes, labels: Sequence[tuple[tuple[float, float], str]], rise: float
) -> None:
    """Write labels above or below points, moved aside where they would collide."""
    gap = 0.105 * float(np.ptp(axes.get_xlim()))
    places = spread([point[0] for point, _ in labels], gap)
    for (point, label), place in zip(labels, places, strict=True):
        _annotate(axes, label, point, (place, point[1] + rise))


def _annotate(
    axes: Axes, label: str, point: tuple[float, float], place: tuple[float, float]
) -> None:
    """Write a label with a line to its point."""
    line = {"arrowstyle": "-", "color": GREY, "lw": 0.4, "shrinkA": 0, "shrinkB": 2}
    axes.annotate(
        label, point, place, fontsize=7, ha="center", va="center", arrowprops=line, zorder=5
    )


def _draw_sizes(axes: Axes, course: Course) -> None:
    """Draw the sizes of the units, where they are zero, and where they cross data points."""
    places, _, lengths = course.samples
    for unit, values in enumerate(lengths.T):
        colour, style = _LOOKS[unit % len(_LOOKS)]
        axes.plot(places, values, color=colour, ls=style, gid=f"unit-{unit + 1}")
    for k, unit in course.deaths:
        colour, _ = _LOOKS[unit % len(_LOOKS)]
        look = DEATH | {"ms": 5, "color": colour, "zorder": 5, "clip_on": False}
        axes.plot(course.distances[k], 0, gid=f"zero-{k + 1}-{unit + 1}", **look)
    top = 1.35 * lengths.max() or 1
    axes.set_ylim(0, top)
    axes.set_ylabel("$|a|\\,|v|$ of a unit")
    axes.tick_params(labelbottom=True)
    axes.set_xlabel("distance along the path")
    gap = float(np.ptp(axes.get_xlim())) / MOST_LABELS
    labelled = course.crossings if len(course.crossings) <= MOST_LABELS else []
    places_of_labels = spread([float(course.distances[k]) for k, *_ in labelled], gap)
    for k, unit, _ in course.crossings:
        look = KINK | {"color": _LOOKS[unit % len(_LOOKS)][0], "zorder": 4}
        axes.plot(*course.place(k, unit), gid=f"crossing-{k + 1}-{unit + 1}", **look)
    for (k, unit, points), label in zip(labelled, places_of_labels, strict=True):
        text = f"$x_{{{','.join(map(str, points))}}}$"
        _annotate(axes, text, course.place(k, unit), (label, 0.9 * top))


def _course_legend(figure: Figure, course: Course) -> None:
    """Explain the lines of the units, and the marks."""
    looks: dict[str, Any] = {
        f"unit {k + 1}": {"color": colour, "ls": style}
        for k, (colour, style) in zip(range(len(course.corners[0].signs)), cycle(_LOOKS))
    }
    looks |= {"basin": {"marker": "o", "ms": 5, "color": BLUE, "ls": "none"}}
    if course.deaths:
        looks["a unit dies, or is born"] = DEATH
    if course.crossings:
        looks["a unit crosses data points"] = KINK
    handles = [Line2D([], [], **look) for look in looks.values()]
    columns = len(looks) if len(looks) < 6 else 4
    figure.legend(handles, list(looks), loc="outside lower center", ncols=columns, handlelength=2.6)


def _draw_pictures(strip: Axes, course: Course, tree: Document) -> list[int]:
    """Draw what the network fits at basins and passes; return at which corners."""
    strip.set_axis_off()
    losses = {record["loss"] for record in (*tree["components"], *tree["merges"])}
    chosen = [k for k, corner in enumerate(course.corners) if corner.record["loss"] in losses]
    chosen = chosen[:: -(-len(chosen) // MOST_PICTURES)]
    low, high = strip.get_xlim()
    size = 0.11 * (high - low)
    middles = spread([float(course.distances[k]) for k in chosen], 1.15 * size)
    panels = [
        strip.inset_axes((middle - size / 2, 0, size, 1), transform=strip.get_xaxis_transform())
        for middle in middles
    ]
    networks = [course.network(course.corners[k]) for k in chosen]
    draw_thumbnails(panels, networks, course.document)
    for panel, k in zip(panels, chosen, strict=True):
        panel.set_title(short_number(course.corners[k].record["loss"], 3), fontsize=6.5, pad=2)
    return chosen
