"""The bifurcation diagram: how losses and weights of the local minima move with the ridge."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from reluenum.figures.reading import Document, number
from reluenum.figures.style import BLACK, BLUE, DOUBLE_COLUMN, GREY, VERMILLION, drawing, mark

LOWEST = "another minimum is the lowest"
"""The kind of a change of an exact path at which losses cross."""

MOST_DRAWN = 2401
"""At which a branch of an exact path is drawn: 24 in each of a hundred decades."""


def _note(document: Document) -> str:
    """Return a warning if supports stayed undecided at some ridge."""
    if not document["undecided"]:
        return ""
    return f"undecided supports at {len(document['undecided'])} ridges: minima may be missing"


@drawing(_note)
def plot_path(document: Document) -> tuple[Figure, str]:
    """Draw the losses, and below the weights on each face, of every branch against the ridge.

    Solid lines are isolated minima, dashed ones connected sets (fewer faces than units); thick
    lines are global at every width. A circle is where a branch begins or ends within the interval.

    Of an exact path the curves are drawn, not samples; circles are where a minimum vanishes or
    appears and goes on as none, and upright lines are where another one becomes the lowest.

    Parameters
    ----------
    document : dict
        Of the format `reluenum-path`.
    """
    if document.get("completeness") == "exact":
        return _plot_exact(document), ""
    figure = Figure(figsize=(DOUBLE_COLUMN, 5.4), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    width = document["problem"]["width"]
    ends = {document["ridges"][0], document["ridges"][-1]}
    colours = _colours(document["branches"])
    for branch, colour in zip(document["branches"], colours, strict=True):
        _draw_branch(above, branch, [s["loss"] for s in branch["samples"]], width, colour, ends)
        for k in range(len(branch["support"])):
            squares = [s["sum_a_squared"][k] for s in branch["samples"]]
            _draw_branch(below, branch, squares, width, colour, ends)
    above.set_xscale("log")
    above.set_ylabel("loss")
    below.set_ylabel("sum of $a^2$ on a face")
    below.set_xlabel("ridge")
    for axes in (above, below):
        axes.grid(True)
    figure.legend(handles=_path_legend(), loc="outside lower center", ncols=4)
    return figure, ""


def _colours(branches: Sequence[Document]) -> list[str]:
    """Return a colour for each branch: that of its size."""
    palette = {0: GREY, 1: VERMILLION, 2: BLUE}
    return [palette.get(len(branch["support"]), BLACK) for branch in branches]


def _draw_branch(
    axes: Axes,
    branch: Mapping[str, Any],
    values: Sequence[str],
    width: int,
    colour: str,
    ends: set[str],
) -> None:
    samples = branch["samples"]
    ridges = np.array([float(Fraction(sample["ridge"])) for sample in samples])
    heights = np.array([number(value) for value in values])
    style = "-" if len(branch["support"]) in (0, width) else "--"
    axes.plot(ridges, heights, style, color=colour, linewidth=1)
    everywhere = np.array([sample["global_at_every_width"] for sample in samples])
    axes.plot(
        ridges, np.where(everywhere, heights, np.nan), style, color=colour, linewidth=2.6, alpha=0.5
    )
    for k in (0, -1):
        if samples[k]["ridge"] not in ends:
            axes.plot(ridges[k], heights[k], **mark("o", colour, 3.5, hollow=True))


def _plot_exact(document: Document) -> Figure:
    """Draw an exact path from its polynomials."""
    figure = Figure(figsize=(DOUBLE_COLUMN, 5.4), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    branches = document["branches"]
    ends = _lone_ends(document["events"])
    for number_, (branch, colour) in enumerate(zip(branches, _colours(branches), strict=True)):
        ridges = _ridges_of(branch["interval"])
        style = "-" if branch["dimension"] == 0 else "--"
        wide = 2.6 if branch["global_at_every_width"] else 0
        curves = [(above, branch["loss_polynomial"])]
        for group in branch["support"]:
            weights = [hinge["weight"] for hinge in group["hinges"]]
            curves.append((below, [_sum(column) for column in zip(*weights, strict=True)]))
        for axes, coefficients in curves:
            heights = _values_of(coefficients, ridges)
            if len(ridges) == 1:
                axes.plot(ridges, heights, **mark(".", colour, 3))
                continue
            axes.plot(ridges, heights, style, color=colour, linewidth=1)
            axes.plot(ridges, heights, style, color=colour, linewidth=wide, alpha=0.5)
            for end in (0, -1):
                if (number_, end) in ends:
                    axes.plot(ridges[end], heights[end], **mark("o", colour, 3.5, hollow=True))
    for event in document["events"]:
        if any(change["kind"] == LOWEST for change in event["changes"]):
            for axes in (above, below):
                axes.axvline(number(event["number"]["decimal"]), color=GREY, linewidth=0.8)
    above.set_xscale("log")
    above.set_ylabel("loss")
    below.set_ylabel("sum of $a^2$ of units that are alike")
    below.set_xlabel("ridge")
    for axes in (above, below):
        axes.grid(True)
    figure.legend(handles=_exact_legend(), loc="outside lower center", ncols=4)
    return figure


def _lone_ends(events: Sequence[Document]) -> set[tuple[int, int]]:
    """Return the branches that vanish (-1) or appear (0), and go on as none."""
    found = set()
    for event in events:
        for change in event["changes"]:
            sides = change["branches"]
            if change["kind"] == "disappears":
                found |= {(k, -1) for k in sides["before"]}
            if change["kind"] == "appears":
                found |= {(k, 0) for k in sides["after"]}
    return found


def _ridges_of(interval: Mapping[str, Any]) -> np.ndarray:
    """Return ridges to draw a branch at, among them its ends."""
    low, high = (float(Fraction(interval[end])) for end in ("low", "high"))
    if low == high:
        return np.array([low])
    decades = np.log10(high) - np.log10(low)
    return np.geomspace(low, high, int(min(max(49, 24 * decades), MOST_DRAWN)))


def _sum(texts: Sequence[str]) -> str:
    return str(sum(map(Fraction, texts)))


def _values_of(coefficients: Sequence[str], ridges: np.ndarray) -> np.ndarray:
    """Return the values of a polynomial, the constant being first."""
    return np.polynomial.polynomial.polyval(ridges, [float(Fraction(c)) for c in coefficients])


def _exact_legend() -> list[Line2D]:
    lines = [
        ("no living unit", GREY, "-", 1.0),
        ("units alike", VERMILLION, "-", 1.0),
        ("units of two kinds", BLUE, "-", 1.0),
        ("of more kinds", BLACK, "-", 1.0),
        ("isolated", GREY, "-", 1.0),
        ("connected", GREY, "--", 1.0),
        ("global at every width", GREY, "-", 2.6),
        ("another one is the lowest", GREY, "-", 0.8),
    ]
    return _handles(lines, "vanishes or appears")


def _path_legend() -> list[Line2D]:
    lines = [
        ("one face", VERMILLION, "--", 1.0),
        ("two faces", BLUE, "-", 1.0),
        ("other numbers of faces", BLACK, "-", 1.0),
        ("global at every width", GREY, "-", 2.6),
        ("isolated", GREY, "-", 1.0),
        ("connected", GREY, "--", 1.0),
    ]
    return _handles(lines, "begins or ends")


def _handles(lines: Sequence[tuple[str, str, str, float]], ends: str) -> list[Line2D]:
    """Return handles of lines, by label, colour, style and width, and of the mark of ends."""
    handles = [
        Line2D([], [], color=colour, linestyle=style, linewidth=width, label=label)
        for label, colour, style, width in lines
    ]
    return [*handles, Line2D([], [], **mark("o", GREY, 5, hollow=True), label=ends)]
