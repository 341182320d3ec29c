"""The disconnectivity graph: which minima are traps, how deep, and over which passes they join."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

from reluenum.documents.labels import undecided_note
from reluenum.figures.branches import APART, MOST_NUMBERS, Branches
from reluenum.figures.fits import draw_thumbnails
from reluenum.figures.levels import LossScale
from reluenum.figures.reading import Document, number
from reluenum.figures.style import (
    BLACK,
    BLUE,
    DOUBLE_COLUMN,
    GREY,
    LINE,
    SINGLE_COLUMN,
    VERMILLION,
    drawing,
    message,
)
from reluenum.views.cells import short_number

MOST_FITS = 12
"""Leaves below which there is room for a fit."""


@drawing(lambda tree: undecided_note(tree["minima"]))
def plot_tree(tree: Document) -> tuple[Figure, str]:
    """Draw the disconnectivity graph of a landscape, loss upwards.

    Each basin is a vertical line from its loss to the pass where it joins a lower one. Stars and
    thick lines are basins of least loss, diamonds components that are no basin (depth 0). A cross
    is a pass where a unit dies, a triangle one where a unit crosses a data point. Below few basins
    stand their fits. Of a list for every width the numbers of basins are drawn.

    Parameters
    ----------
    tree : dict
        Of the format `reluenum-basins`.

    Returns
    -------
    Figure
    """
    if "every_width" in tree:
        return _basins_by_width(tree["every_width"])
    if not tree["leaves"]:
        return message("no component of local minima is known"), ""
    branches, count = Branches.of(tree), len(tree["leaves"])
    room = 0.56 if count <= MOST_FITS else 0.28
    width = min(max(SINGLE_COLUMN, 1 + room * (count + APART)), DOUBLE_COLUMN)
    fits = count <= MOST_FITS
    figure = Figure(figsize=(width, 3.9 + 0.6 * fits), layout="constrained")
    grid = figure.add_gridspec(1 + fits, 1, height_ratios=[3.4, 0.6][: 1 + fits])
    axes = figure.add_subplot(grid[0])
    levels = [*tree["components"], *tree["merges"]]
    scale = LossScale.of(np.array([number(record["loss"]) for record in levels]), most=8)
    axes.set_yscale(scale.name)
    if scale.name == "log":
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.yaxis.set_minor_locator(NullLocator())
    _draw_branches(axes, branches, scale.loss(1.1))
    _draw_passes(axes, branches)
    axes.set_ylim(scale.loss(-0.06), scale.loss(1.1))
    axes.set_xlim(-0.6, count - 0.4 + APART * (count > 1))
    axes.set_ylabel("loss")
    axes.grid(True, axis="y")
    _label_leaves(axes, branches)
    if fits:
        _draw_fits(figure.add_subplot(grid[1]), axes, branches)
    _tree_legend(figure, tree, width > 5)
    return figure, ""


def _draw_branches(axes: Axes, branches: Branches, top: float) -> None:
    """Draw a vertical line for each leaf, and horizontal ones where branches join."""
    tree, shrink = branches.tree, branches.shrink
    ends = {}
    for k, merge in enumerate(tree["merges"]):
        children = [key for child in merge["children"] for key in child.items()]
        level = branches.loss(k)
        ends |= {branches.lowest(key): level for key in children[:-1]}
        axes.plot(
            branches.span(k),
            [level, level],
            color=GREY,
            lw=0.9 * shrink,
            gid=f"merge-{k + 1}",
        )
    for leaf in branches.order:
        record = branches.component(leaf)
        best, loss, place = record["depth"] is None, number(record["loss"]), branches.place(leaf)
        colour = VERMILLION if best else BLUE
        height = ends.get(leaf, top)
        line = {"color": colour, "lw": 2.2 if best else 1.2 * shrink}
        axes.plot([place, place], [loss, height], gid=f"branch-{leaf + 1}", **line, zorder=2)
        axes.plot(place, loss, gid=f"leaf-{leaf + 1}", zorder=4, **_leaf(best, shrink))


def _leaf(best: bool, shrink: float = 1) -> dict[str, Any]:
    if best:
        return {"marker": "*", "ms": 9, "color": VERMILLION, "ls": "none"}
    return {"marker": "o", "ms": 4.5 * shrink, "color": BLUE, "ls": "none"}


NO_BASIN = {"marker": "D", "ms": 6.5, "color": BLACK, "mfc": "white", "mew": 0.8, "ls": "none"}

DEATH = {"marker": "x", "ms": 4, "color": BLACK, "mew": 1.1, "ls": "none"}
KINK = {"marker": "^", "ms": 4.5, "color": BLACK, "mfc": "white", "mew": 0.9, "ls": "none"}


def _draw_passes(axes: Axes, branches: Branches) -> None:
    """Mark the passes at merges, and the components that are no basins."""
    looks = {"set": NO_BASIN, "death": DEATH, "kink": KINK}
    for order, (what, count, place, loss) in enumerate(branches.spots()):
        look = looks[what] | {"ms": looks[what]["ms"] * branches.shrink, "zorder": 5}
        gid = f"no-basin-{count + 1}" if what == "set" else f"{what}-{count + 1}-{order}"
        axes.plot(place, loss, gid=gid, **look)


def _label_leaves(axes: Axes, branches: Branches) -> None:
    """Write below few leaves the numbers of their components, below very few loss and depth."""
    order = branches.order
    axes.tick_params(axis="x", length=0)
    if len(order) > MOST_NUMBERS:
        axes.set_xticks([])
        axes.set_xlabel(f"{len(order)} basins")
        return
    labels = []
    for leaf in order:
        record = branches.component(leaf)
        label = str(record["index"] + 1)
        if len(order) <= MOST_FITS:
            depth = "\N{INFINITY}" if record["depth"] is None else short_number(record["depth"], 3)
            label += f"\n{short_number(record['loss'], 4)}\n{depth}"
        labels.append(label)
    axes.set_xticks([branches.place(leaf) for leaf in order], labels, fontsize=7)
    if len(order) <= MOST_FITS:
        axes.annotate(
            "basin\nloss\ndepth",
            (0, 0),
            (-7, -3.5),
            xycoords="axes fraction",
            textcoords="offset points",
            fontsize=7,
            ha="right",
            va="top",
            linespacing=1.2,
            annotation_clip=False,
        )
    else:
        axes.set_xlabel("basin")


def _draw_fits(strip: Axes, axes: Axes, branches: Branches) -> None:
    """Draw below each leaf the function of its component."""
    strip.set_axis_off()
    strip.set_xlim(axes.get_xlim())
    minima = branches.tree["minima"]
    components = [minima["components"][branches.component(k)["index"]] for k in branches.order]
    panels = [
        strip.inset_axes((branches.place(leaf) - 0.44, 0, 0.88, 1), transform=_column_places(strip))
        for leaf in branches.order
    ]
    draw_thumbnails(panels, components, minima)


def _column_places(axes: Axes) -> Any:
    return axes.get_xaxis_transform()


def _tree_legend(figure: Figure, tree: Document, wide: bool) -> None:
    """Explain the looks that occur."""
    records, merges = tree["components"], tree["merges"]
    events = {met["event"] for merge in merges for met in merge["passes"]}
    looks = {
        "basin of least loss": (_leaf(True), True),
        "basin": (_leaf(False), any(r["basin"] and r["depth"] for r in records)),
        "no basin (depth 0)": (NO_BASIN, any(not r["basin"] for r in records)),
        "pass: a unit dies": (DEATH, "death" in events),
        "pass: a unit crosses data": (KINK, "kink" in events),
    }
    shown = {name: look for name, (look, occurs) in looks.items() if occurs}
    handles = [Line2D([], [], **look) for look in shown.values()]
    title = "units keep their names" if tree["labelled"] else None
    figure.legend(
        handles,
        list(shown),
        loc="outside lower center",
        ncols=3 if wide else 2,
        columnspacing=1.2,
        handletextpad=0.2,
        title=title,
    )


def _basins_by_width(every: Document) -> tuple[Figure, str]:
    """Draw how many basins there are at each width, and how many of them are traps."""
    figure = Figure(figsize=(SINGLE_COLUMN, 2.6), layout="constrained")
    axes = figure.add_subplot()
    rows: Sequence[Document] = every["widths"]
    widths = [row["width"] for row in rows]
    global_ = [row["basins"] - row["isolated"] for row in rows]
    axes.bar(widths, global_, 0.7, color=VERMILLION, label="connected global set")
    axes.bar(
        widths,
        [row["isolated"] for row in rows],
        0.7,
        global_,
        color="white",
        edgecolor=BLUE,
        hatch="////",
        label="isolated",
    )
    joined = every["connected_from"]["up_to_permutation"]
    axes.axvline(joined - 0.5, color=LINE, ls="--", lw=0.9, label="one basin from here on")
    axes.set(xlabel="width $L$", ylabel="basins up to permutation")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    figure.legend(loc="outside lower center", ncols=2)
    return figure, ""
