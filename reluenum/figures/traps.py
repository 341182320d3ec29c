"""How deep the traps are along the ridge: each ends where its depth has gone to 0."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from reluenum.figures.reading import Document, number
from reluenum.figures.style import (
    BLACK,
    BLUE,
    BROWN,
    DOUBLE_COLUMN,
    GREEN,
    GREY,
    PURPLE,
    SKY,
    VERMILLION,
    drawing,
    message,
)

_LOOKS = (
    *((BLUE, "-"), (GREEN, "--"), (PURPLE, "-."), (BROWN, ":")),
    *((SKY, (0, (6, 1))), (BLACK, (0, (3, 1, 1, 1, 1, 1)))),
)
"""Colour and line of a trap."""

Place = tuple[str, tuple[tuple[str, int], ...]]
"""A ridge and a support."""

Piece = tuple[list[tuple[str, Document]], str, str]
"""What trees say of a minimum, by ridges, and between which ridges it exists."""


@dataclass(frozen=True)
class Trap:
    """A basin that is not of least loss, as far as it can be followed.

    Parameters
    ----------
    ridges, losses, barriers, depths : (k,) tuple of float
    appears, vanishes : bool
        Whether there is no such minimum before the first ridge, or after the last one. Otherwise
        that is an end of the path, or the basin is of least loss beyond.
    """

    ridges: tuple[float, ...]
    losses: tuple[float, ...]
    barriers: tuple[float, ...]
    depths: tuple[float, ...]
    appears: bool
    vanishes: bool


def plot_traps(path: Document, trees: Sequence[Document]) -> Figure:
    """Draw loss, barrier and depth of every trap against the ridge.

    A trap is followed for as long as events only change its support. A circle is where it appears
    or vanishes within the interval: there its depth has gone to 0 (Lemma 41).

    Parameters
    ----------
    path : dict
        Of the format `reluenum-path`.
    trees : sequence of dict
        Of the format `reluenum-basins`, at its ridges.

    Returns
    -------
    Figure
    """
    return _plot_traps((path, trees))


@drawing(lambda drawn: "undecided supports at some ridges" if drawn[0]["undecided"] else "")
def _plot_traps(drawn: tuple[Document, Sequence[Document]]) -> tuple[Figure, str]:
    """Draw loss, barrier and depth of every trap against the ridge."""
    path, trees = drawn
    traps = followed_traps(path, trees)
    if not traps:
        return message("at no ridge is there a basin but those of least loss"), ""
    figure = Figure(figsize=(DOUBLE_COLUMN, 5.2), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    best = [(number(tree["problem"]["ridge"]), number(_least(tree))) for tree in trees]
    above.plot(*zip(*best, strict=True), color=VERMILLION, lw=2.2, gid="least")
    for place, trap in enumerate(traps):
        _draw_trap(above, below, trap, place)
    above.set_xscale("log")
    below.set_ylim(bottom=-0.03 * max(depth for trap in traps for depth in trap.depths))
    above.set_ylabel("loss")
    below.set_ylabel("depth")
    below.set_xlabel("ridge")
    for axes in (above, below):
        axes.grid(True)
    _trap_legend(figure, len(traps))
    return figure, ""


def _least(tree: Document) -> str:
    return tree["components"][0]["loss"]


def _draw_trap(above: Axes, below: Axes, trap: Trap, place: int) -> None:
    """Draw the loss of a trap up to its barrier, and its depth."""
    colour, style = _LOOKS[place % len(_LOOKS)]
    above.fill_between(trap.ridges, trap.losses, trap.barriers, color=colour, alpha=0.18, lw=0)
    end = {"marker": "o", "ms": 4, "color": colour, "mfc": "white", "zorder": 4}
    for axes, name, values in ((above, "trap", trap.losses), (below, "depth", trap.depths)):
        axes.plot(trap.ridges, values, color=colour, ls=style, gid=f"{name}-{place + 1}")
        for k, is_end in ((0, trap.appears), (-1, trap.vanishes)):
            if is_end:
                axes.plot(trap.ridges[k], values[k], gid=f"{name}-end-{place + 1}", **end)


def followed_traps(path: Document, trees: Sequence[Document]) -> list[Trap]:
    """Return the traps of a path, each as far as it can be followed.

    Parameters
    ----------
    path : dict
        Of the format `reluenum-path`.
    trees : sequence of dict
        Of the format `reluenum-basins`, at its ridges.
    """
    facts = {
        (tree["problem"]["ridge"], _support(stratum["support"])): record
        for tree in trees
        for record, component in zip(tree["components"], tree["minima"]["components"], strict=True)
        if record["basin"] and record["depth"] is not None
        for stratum in component["strata"]
    }
    pieces: dict[Place, Piece] = {}
    begins: dict[Place, Place] = {}
    for branch in path["branches"]:
        support = _support(branch["support"])
        met = [(s["ridge"], facts.get((s["ridge"], support))) for s in branch["samples"]]
        known = [(ridge, record) for ridge, record in met if record is not None]
        if known:
            first, last = (branch["samples"][k]["ridge"] for k in (0, -1))
            pieces[known[0][0], support] = known, first, last
            begins[known[-1][0], support] = known[0][0], support
    for event in reversed(path["events"]):
        for change in event["changes"]:
            if change["before"] is None or change["after"] is None:
                continue
            start = begins.get((event["low"], _support(change["before"])))
            after = event["high"], _support(change["after"])
            if start is not None and after in pieces:
                (known, first, _), (further, _, last) = pieces[start], pieces.pop(after)
                pieces[start] = known + further, first, last
    inner = path["ridges"][1:-1]
    return [
        Trap(
            tuple(number(ridge) for ridge, _ in known),
            *(tuple(number(r[key]) for _, r in known) for key in ("loss", "barrier", "depth")),
            appears=known[0][0] in inner and known[0][0] == first,
            vanishes=known[-1][0] in inner and known[-1][0] == last,
        )
        for known, first, last in pieces.values()
    ]


def _support(support: Sequence[Mapping[str, Any]]) -> tuple[tuple[str, int], ...]:
    """Return faces with their signs, in an order of their own."""
    return tuple(sorted((group["face"], group["sign"]) for group in support))


def _trap_legend(figure: Figure, traps: int) -> None:
    looks = {"least loss": {"color": VERMILLION, "lw": 2.2}}
    looks |= {
        f"trap {k + 1}": {"color": colour, "ls": style}
        for k, (colour, style) in enumerate(_LOOKS[:traps])
    }
    looks["appears or vanishes"] = {"color": GREY, "marker": "o", "ls": "none", "mfc": "white"}
    handles = [Line2D([], [], **look) for look in looks.values()]
    figure.legend(handles, list(looks), loc="outside lower center", ncols=5, handlelength=2.6)
