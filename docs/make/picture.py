"""Draw the README's picture, what a thousand runs find beside all there is, and its older sister.

    ./run -- python -m docs.make.picture          # from docs/data/picture.json
    ./run -- python -m docs.make.picture measure  # runs the optimiser again, then draws

Where runs end depends on the rounding of doubles, so their numbers are measured once and kept.
"""

import json
import sys
from collections import Counter
from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch

from docs.make.prose import IMAGES, ROOT, said
from reluenum import Landscape, Problem, enumerate_minima
from reluenum.datasets.families import reference_data
from reluenum.documents.files import write_text
from reluenum.documents.results import to_json
from reluenum.figures import save_figure
from reluenum.figures.basins import DEATH, KINK, NO_BASIN
from reluenum.figures.branches import Branches
from reluenum.figures.fits import curve
from reluenum.figures.style import (
    BLACK,
    BLUE,
    DOUBLE_COLUMN,
    GREEN,
    GREY,
    LINE,
    VERMILLION,
    drawing,
)
from reluenum.optimisers.studies.runs import Descents, descents
from reluenum.problem import parse_ridge
from reluenum.verify import verify

DATA = ROOT / "docs/data/picture.json"
RUNS = 1000
OPTIMISER = "adam"
NAMES = {"adam": "Adam"}

Ends = Mapping[str, Any]
"""How many runs ended at each component, at each saddle, and elsewhere."""


@cache
def landscape() -> Landscape:
    """Return the reference experiment, with its certificate."""
    problem = Problem(*reference_data(), 2, parse_ridge("1/100"))
    return enumerate_minima(problem, engine="certified")


def measured() -> Ends:
    """Run the optimiser on the reference from random starts, and count where the runs end."""
    document = landscape().document
    found = descents(document, Descents((OPTIMISER,), RUNS))
    counts = Counter((run["kind"], run["component"], run["saddle"]) for run in found["runs"])
    saddles = {saddle["number"]: saddle["loss"] for saddle in found["saddles"]}
    return {
        "optimiser": OPTIMISER,
        "runs": RUNS,
        "seed": 0,
        "minima": [
            counts["minimum", place, None] for place in range(1, len(document["components"]) + 1)
        ],
        "saddles": [
            {"loss": saddles[number], "runs": count}
            for (kind, _, number), count in sorted(counts.items(), key=str)
            if kind == "saddle"
        ],
        "on the way": sum(count for key, count in counts.items() if key[0] == "not stationary"),
    }


def proof() -> str:
    """Return how many records the independent checker has gone through."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "minima.json")
        write_text(file, to_json(landscape().document))
        return verify(file).summary


@drawing(lambda _: "")
def plot_first(ends: Ends) -> tuple[Figure, str]:
    """Draw where an optimiser ends, beside every local minimum with the passes between them.

    Parameters
    ----------
    ends : dict
        See `measured`.
    """
    tree = landscape().basins().document
    figure = Figure(figsize=(DOUBLE_COLUMN, 3.3), layout="constrained")
    fits, bars, graph = figure.subplots(
        1, 3, width_ratios=[1.25, 1, 1.75], gridspec_kw={"wspace": 0.04}
    )
    _draw_data(fits)
    losses = [*tree["components"], *tree["merges"]]
    low, high = (pick(float(entry["loss"]) for entry in losses) for pick in (min, max))
    window = (low - 0.75, high + 0.45)
    _draw_ends(bars, ends, window)
    _draw_tree(graph, tree, window)
    for axes, letter, title in (
        (fits, "a", "data, and its local minima"),
        (bars, "b", f"{ends['runs']:,} runs of {NAMES[ends['optimiser']]}"),
        (graph, "c", "every local minimum, and the passes"),
    ):
        axes.set_title(f"$\\bf{{{letter}}}$  {title}", loc="left")
    return figure, ""


def _looks(component: Mapping[str, Any]) -> dict[str, Any]:
    """Return colour and line of a minimum: the best, isolated, connected."""
    if component["global_at_width"]:
        return {"color": VERMILLION, "lw": 2.4, "ls": "-"}
    return {"color": BLUE, "lw": 1.1, "ls": "--" if component["dimension"] else "-"}


def _draw_data(axes: Axes) -> None:
    document = landscape().document
    inputs = np.array([float(Fraction(row[0])) for row in document["problem"]["x"]])
    targets = [float(Fraction(text)) for text in document["problem"]["y"]]
    for component in reversed(document["components"]):
        axes.plot(*curve(component, -1.1, 0.56)[:2], **_looks(component))
    axes.plot(inputs, targets, "o", color=BLACK, ms=4.5, zorder=5)
    axes.set(xlabel="x", ylabel="y", xlim=(-1.1, 0.56))
    handles = [
        Line2D([], [], color=VERMILLION, lw=2.4, label="best"),
        Line2D([], [], color=BLUE, lw=1.1, label="isolated"),
        Line2D([], [], color=BLUE, lw=1.1, ls="--", label="connected"),
    ]
    axes.legend(handles=handles, loc="upper left", handlelength=1.8, borderaxespad=0.1)


def _draw_ends(axes: Axes, ends: Ends, window: tuple[float, float]) -> None:
    components = landscape().document["components"]
    stacked: dict[float, int] = {}
    for component, count in zip(components, ends["minima"], strict=True):
        colour = VERMILLION if component["global_at_width"] else BLUE
        stacked[float(component["loss"])] = count
        axes.barh(float(component["loss"]), count, 0.09, color=colour, zorder=3)
    for saddle in ends["saddles"]:
        loss = float(saddle["loss"])
        look = {"facecolor": "white", "edgecolor": GREY, "hatch": "//////", "lw": 0.6}
        axes.barh(loss, saddle["runs"], 0.09, left=stacked.get(loss, 0), **look, zorder=3)
        stacked[loss] = stacked.get(loss, 0) + saddle["runs"]
    for component, count in zip(components, ends["minima"], strict=True):
        loss = float(component["loss"])
        offset = {"xytext": (3, 0), "textcoords": "offset points", "va": "center", "fontsize": 7}
        axes.annotate(f"{count}", (stacked[loss], loss), **offset)
    stuck = sum(saddle["runs"] for saddle in ends["saddles"])
    axes.text(
        0.98,
        0.985,
        f"{sum(ends['minima'])} at minima\n{stuck} at saddles (hatched)\n"
        f"{ends['on the way']} not there yet",
        transform=axes.transAxes,
        ha="right",
        va="top",
        fontsize=7,
        color=GREY,
    )
    axes.set(xlabel="runs that end there", ylabel="loss", ylim=window)
    axes.set_xlim(0, 1.25 * max(ends["minima"]))
    axes.grid(True, axis="y")


def _draw_tree(axes: Axes, tree: Mapping[str, Any], window: tuple[float, float]) -> None:
    branches = Branches.of(tree)
    ends = {}
    for k, merge in enumerate(tree["merges"]):
        children = [key for child in merge["children"] for key in child.items()]
        ends |= {branches.lowest(key): branches.loss(k) for key in children[:-1]}
        axes.plot(branches.span(k), [branches.loss(k)] * 2, color=LINE, lw=1)
    for leaf in branches.order:
        record = branches.component(leaf)
        place, loss, best = branches.place(leaf), float(record["loss"]), record["depth"] is None
        look = {"color": VERMILLION if best else BLUE}
        axes.plot([place] * 2, [loss, ends.get(leaf, window[1])], **look, lw=2.4 if best else 1.2)
        axes.plot(place, loss, **look, marker="*" if best else "o", ms=10 if best else 5, ls="none")
        note = f"best: {loss:.3f}" if best else f"trap, depth {float(record['depth']):.2f}"
        side = {"textcoords": "offset points", "va": "center", "fontsize": 7}
        axes.annotate(
            note, (place, loss), (9, 0) if best else (-6, 0), ha="left" if best else "right", **side
        )
    looks = {"set": NO_BASIN, "death": DEATH, "kink": KINK}
    for what, _, place, loss in branches.spots():
        axes.plot(place, loss, **looks[what] | {"zorder": 5})
    count = len(branches.order)
    axes.set(ylim=window, xlim=(-0.6, count - 0.1), xticks=[])
    axes.tick_params(labelleft=False)
    axes.grid(True, axis="y")
    handles = [
        Line2D([], [], **NO_BASIN, label="connected set"),
        Line2D([], [], **DEATH, label="pass: a unit dies"),
    ]
    axes.legend(handles=handles, loc="upper right", ncols=1, handletextpad=0.2, borderaxespad=0.1)
    _seal(axes)


def _seal(axes: Axes) -> None:
    """Write that the list is complete, and what proves it."""
    records = proof().partition(" from ")[2].partition(" records")[0]
    box = FancyBboxPatch(
        (0.03, 0.025),
        0.94,
        0.15,
        boxstyle="round,pad=0,rounding_size=0.03",
        transform=axes.transAxes,
        facecolor="white",
        edgecolor=GREEN,
        lw=1.4,
        zorder=6,
    )
    axes.add_patch(box)
    centre = {"transform": axes.transAxes, "ha": "center", "va": "center", "zorder": 7}
    axes.text(
        0.5, 0.125, "\N{CHECK MARK} proved: none is missing", **centre, fontsize=9, color=GREEN
    )
    axes.text(
        0.5,
        0.06,
        f"a certificate of {records} records, checked",
        **centre,
        fontsize=7,
    )


def words(ends: Ends) -> str:
    """Return the caption of the picture, whose numbers and claims are checked."""
    found, runs = ends["minima"], ends["runs"]
    components = landscape().document["components"]
    isolated = sum(component["dimension"] == 0 for component in components)
    stuck = sum(saddle["runs"] for saddle in ends["saddles"])
    best = said(
        f"{found[0]} of {runs:,} runs of {NAMES[ends['optimiser']]} end at the best network, "
        f"{sum(found[1:])} at worse minima, {stuck} at saddles",
        components[0]["global_at_width"] is True and max(found) < runs / 2,
    )
    return (
        "Five data points, two hidden units (Fukasaku, Kabata and Okuno, "
        f"[arXiv:2508.17783](https://arxiv.org/abs/2508.17783)). {best}, and {ends['on the way']} "
        "are not there yet; no number of runs tells whether there is another minimum. The list has "
        f"all {len(components)} components, {isolated} points and {len(components) - isolated} "
        "connected sets, how deep the traps are, over which passes they are left, and a "
        "certificate that none is missing. Drawn by [docs/make/picture.py](docs/make/picture.py)."
    )


def main(folder: Path = IMAGES) -> None:
    """Write both pictures as SVG."""
    save_figure(plot_first(read_ends()), folder / "readme", ("svg",))
    problem = Problem(*reference_data(), 2, parse_ridge("1/100"))
    save_figure(enumerate_minima(problem).figures()["units"], folder / "reference_units", ("svg",))


def read_ends() -> Ends:
    """Return where the runs ended that were measured."""
    return json.loads(DATA.read_text(encoding="utf-8"))


if __name__ == "__main__":
    if sys.argv[1:] == ["measure"]:
        write_text(DATA, json.dumps(measured(), indent=1) + "\n")
    main()
