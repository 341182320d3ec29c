"""The bifurcation diagram: how losses and weights of the local minima move with the ridge."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from reluenum.figures.reading import Document, number
from reluenum.figures.style import BLACK, BLUE, DOUBLE_COLUMN, GREY, VERMILLION, drawing


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

    Parameters
    ----------
    document : dict
        Of the format `reluenum-path`.

    Returns
    -------
    Figure
    """
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
    ridges = np.array([_ridge_axis(sample["ridge"]) for sample in samples])
    heights = np.array([number(value) for value in values])
    style = "-" if len(branch["support"]) in (0, width) else "--"
    axes.plot(ridges, heights, style, color=colour, linewidth=1)
    everywhere = np.array([sample["global_at_every_width"] for sample in samples])
    axes.plot(
        ridges, np.where(everywhere, heights, np.nan), style, color=colour, linewidth=2.6, alpha=0.5
    )
    for k in (0, -1):
        if samples[k]["ridge"] not in ends:
            axes.plot(
                ridges[k], heights[k], "o", markersize=3.5, color=colour, markerfacecolor="white"
            )


def _ridge_axis(text: str) -> float:
    numerator, _, denominator = text.partition("/")
    return int(numerator) / int(denominator or 1)


def _path_legend() -> list[Line2D]:
    lines = [
        ("one face", VERMILLION, "--", 1.0),
        ("two faces", BLUE, "-", 1.0),
        ("other numbers of faces", BLACK, "-", 1.0),
        ("global at every width", GREY, "-", 2.6),
        ("isolated", GREY, "-", 1.0),
        ("connected", GREY, "--", 1.0),
    ]
    handles = [
        Line2D([], [], color=colour, linestyle=style, linewidth=width, label=label)
        for label, colour, style, width in lines
    ]
    end = Line2D([], [], color=GREY, marker="o", linestyle="", markerfacecolor="white")
    end.set_label("begins or ends")
    return [*handles, end]
