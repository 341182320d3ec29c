"""The loss along the certified path between two basins, and what the units do on the way."""

from collections.abc import Sequence
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from reluenum.documents.labels import undecided_note
from reluenum.figures.basins import DEATH, KINK
from reluenum.figures.fits import draw_thumbnails
from reluenum.figures.reading import Document, number
from reluenum.figures.style import (
    BLACK,
    BLUE,
    BROWN,
    DOUBLE_COLUMN,
    GREEN,
    GREY,
    LINE,
    PURPLE,
    VERMILLION,
    drawing,
    spread,
)
from reluenum.figures.way import Course, way
from reluenum.views.cells import short_number

MOST_PICTURES, MOST_LABELS = 8, 30
"""Fits below a profile, and labelled crossings."""

_LOOKS = ((BLUE, "-"), (VERMILLION, "--"), (GREEN, "-."), (PURPLE, ":"), (BROWN, (0, (6, 1))))
"""Colour and line of a unit."""


def plot_profile(tree: Document, start: int, stop: int) -> Figure:
    """Draw the loss along the certified path between two basins, and the sizes of the units.

    Below the loss stands for each unit |z| = |a| |v|, or |a| |b| if hidden biases are free, a cross
    where it is zero: there it dies, or is born on another face. A triangle is where a unit crosses
    the hyperplanes of the data points that are named beside it. At the bottom is what the network
    fits on the way.

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
    """Draw the loss along the path between two basins, with sizes of units, and fits."""
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
    weights = "b" if course.objective.problem.has_free_hidden_bias else "v"
    axes.set_ylabel(f"$|a|\\,|{weights}|$ of a unit")
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
