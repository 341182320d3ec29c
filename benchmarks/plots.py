"""What growing instances cost, for each peer until it gives up."""

from collections.abc import Callable, Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmarks import phc
from benchmarks.ladders import AUTO, CERTIFIED
from reluenum.figures.style import (
    BLACK,
    BLUE,
    BROWN,
    GREEN,
    GREY,
    PURPLE,
    SKY,
    VERMILLION,
    drawing,
    side_by_side,
)

LADDERS = {
    "points": "n grows, d = 1, L = 2",
    "units": "L grows, n = 5, d = 1",
    "plane": "n grows, d = 2, L = 2",
}
"""Titles of the panels."""

_ENGINES = {
    "flint": (BLUE, "o"),
    "msolve": (VERMILLION, "s"),
    "singular": (GREEN, "^"),
    "sympy": (PURPLE, "D"),
    phc.NAME: (BROWN, "v"),
    AUTO: (SKY, "P"),
    CERTIFIED: (BLACK, "X"),
}
"""Colour and marker; on the paper's systems, marks are hollow and lines broken."""

STACKED = 1.4
"""Distance of the marks of peers that gave up on one instance, as a factor."""

_LINE = {"markersize": 4, "linewidth": 1, "markeredgewidth": 0.8}


def look(peer: str) -> dict[str, Any]:
    """Return colour and marker of a peer."""
    form, _, engine = peer.rpartition(", ")
    colour, marker = _ENGINES[engine]
    fill = {"linestyle": "--", "markerfacecolor": "white"} if form == "paper" else {}
    return {"color": colour, "marker": marker} | fill


def _figure(document: Mapping[str, Any], label: str, value: Callable[[Mapping], Any]) -> Figure:
    """Draw a value of every run against the number of supports, a panel for each ladder."""
    ladders = document["ladders"]
    figure, panels = side_by_side(3.6, len(ladders), sharey=True)
    for axes, ladder in zip(panels, ladders, strict=True):
        axes.set(xscale="log", yscale="log", xlabel="supports")
        axes.set_title(LADDERS[ladder["ladder"]], loc="left")
        _draw(axes, ladder, value)
    panels[0].set_ylabel(label)
    peers = dict.fromkeys(p["peer"] for x in ladders for r in x["rungs"] for p in r["peers"])
    handles = [Line2D([], [], **look(peer), **_LINE) for peer in peers]
    figure.legend(handles, list(peers), loc="outside lower center", ncols=4)
    return figure


def _draw(axes: Axes, ladder: Mapping[str, Any], value: Callable[[Mapping], Any]) -> None:
    """Draw a line for each peer."""
    points: dict[str, list[tuple[int, float]]] = {}
    for rung in ladder["rungs"]:
        for run in rung["peers"]:
            if (y := value(run)) is not None:
                points.setdefault(run["peer"], []).append((rung["supports"], y))
    for peer, pairs in points.items():
        gid = f"{ladder['ladder']}-{peer}".replace(", ", "-").replace(" ", "-")
        axes.plot(*zip(*pairs, strict=True), **look(peer), **_LINE, gid=gid)


@drawing(lambda document: "")
def plot_cost(document: Mapping[str, Any]) -> tuple[Figure, str]:
    """Draw the median seconds; marks above the line of the limit are instances given up.

    Parameters
    ----------
    document : dict
        What `benchmarks.measure` writes.
    """
    figure = _figure(document, "seconds", lambda run: run["seconds"] and run["seconds"]["median"])
    for axes, ladder in zip(figure.axes, document["ladders"], strict=True):
        axes.axhline(ladder["limit"], color=GREY, linewidth=0.6, linestyle=":")
        for rung in ladder["rungs"]:
            stopped = [run["peer"] for run in rung["peers"] if run["gave_up"]]
            for k, peer in enumerate(stopped, start=1):
                height = ladder["limit"] * STACKED**k
                axes.plot(rung["supports"], height, **look(peer) | _LINE | {"linestyle": "none"})
    return figure, ""


@drawing(lambda document: "")
def plot_ratio(document: Mapping[str, Any]) -> tuple[Figure, str]:
    """Draw how many times as long as the certified engine each peer takes.

    An arrow is the ratio of the limit to the time of the certified engine: who gave up on that
    instance takes longer.
    """
    label = "times as long as the certified engine"
    figure = _figure(document, label, lambda run: run["ratio"] and run["ratio"]["median"])
    for axes, ladder in zip(figure.axes, document["ladders"], strict=True):
        for rung in ladder["rungs"]:
            stopped = any(run["gave_up"] for run in rung["peers"])
            times = [run["seconds"] for run in rung["peers"] if run["peer"] == CERTIFIED]
            if stopped and any(times):
                least = ladder["limit"] / times[0]["median"]
                axes.plot(rung["supports"], least, marker=r"$\uparrow$", color=GREY, markersize=7)
    return figure, ""


PLOTS = {"benchmark_cost": plot_cost, "benchmark_ratio": plot_ratio}
"""Figures of the page, by name."""
