"""How far the targets may move before a minimum changes: the minima by loss, with their radii."""

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from reluenum.figures.reading import Document, number
from reluenum.figures.style import (
    BLUE,
    DOUBLE_COLUMN,
    GREEN,
    GREY,
    VERMILLION,
    drawing,
    message,
)

_EVENTS = {
    "a unit vanishes": ("x", BLUE),
    "a unit reaches a data point": ("^", GREEN),
    "a unit leaves a data point": ("v", VERMILLION),
}
"""Mark and colour of what happens where a minimum ends, or goes on with another support."""


def plot_radii(document: Document) -> Figure:
    """Draw the radius of every minimum against its loss.

    A line leads from the radius within which the minimum persists, for sure, to the distance of
    targets at which it does not; the mark there says what happens on the way. Without a mark no
    such targets are known. Dashed: within this radius the whole list stays as it is; dotted: how
    far stated errors can move the targets.

    Parameters
    ----------
    document : dict
        Of the format `reluenum-stability`.

    Returns
    -------
    Figure
    """
    return _plot_radii(document)


@drawing(lambda _: "")
def _plot_radii(document: Document) -> tuple[Figure, str]:
    """Draw how far targets may move before each minimum changes, against its loss."""
    known = [record for record in document["components"] if record["radius"] not in ("0", None)]
    if not known:
        return message("no minimum is known to persist under any change of the targets"), ""
    figure = Figure(figsize=(DOUBLE_COLUMN, 3.4), layout="constrained")
    axes = figure.subplots()
    for record in known:
        _draw_radius(axes, record)
    for text, style in ((document["list"]["radius"], "--"), (_stated_errors(document), ":")):
        if text not in (None, "0"):
            axes.axhline(number(text), color=GREY, ls=style, lw=1)
    axes.set_yscale("log")
    axes.set_xlabel("loss")
    axes.set_ylabel("change of the targets")
    axes.grid(True)
    _event_legend(axes)
    return figure, ""


def _stated_errors(document: Document) -> str | None:
    return document["errors"]["distance"] if "errors" in document else None


def _draw_radius(axes: Axes, record: Mapping[str, Any]) -> None:
    """Draw the radius of a minimum, and how near its end is at most."""
    loss, radius = number(record["loss"]), number(record["radius"])
    axes.plot([loss], [radius], marker="o", ms=4, color=GREY, mfc="white", ls="", zorder=3)
    if record["nearest"] is None:
        return
    mark, colour = _EVENTS[record["nearest"]["event"]]
    far = number(record["nearest"]["distance"])
    axes.plot([loss, loss], [radius, far], color=colour, lw=1)
    axes.plot([loss], [far], marker=mark, ms=5, color=colour, ls="", zorder=3)


def _event_legend(axes: Axes) -> None:
    """Explain the marks."""
    marks = [Line2D([], [], marker="o", ms=4, color=GREY, mfc="white", ls="", label="persists")]
    marks += [
        Line2D([], [], marker=mark, ms=5, color=colour, ls="", label=event)
        for event, (mark, colour) in _EVENTS.items()
    ]
    axes.legend(handles=marks, fontsize="x-small", loc="upper left", bbox_to_anchor=(1.01, 1))
