"""Write the section of docs/basins.md about practice, and its figures.

    make barriers

Numbers come from docs/data/passes.csv and docs/data/escapes.csv, which benchmarks/passes.py and
benchmarks/escapes.py write; what a sentence says is checked before it is written.
"""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from docs.make.prose import ROOT, bullets, paragraph, said, with_section
from reluenum.documents.files import write_text
from reluenum.figures.style import (
    BLUE,
    GREEN,
    GREY,
    VERMILLION,
    drawing,
    percent_axis,
    save_figure,
    side_by_side,
)
from reluenum.views.cells import percent

PAGE, IMAGES = ROOT / "docs/basins.md", ROOT / "docs/images"
PASSES, ESCAPES = ROOT / "docs/data/passes.csv", ROOT / "docs/data/escapes.csv"

COLOURS = (VERMILLION, BLUE, GREEN)

SMALLEST = 1e-9
"""Excesses below this are drawn there."""


@drawing(lambda _: "")
def plot_passes(passes: pd.DataFrame) -> tuple[Figure, str]:
    """Draw which share of strings has at most some excess, for each number of images.

    Left, that of the highest point of the line; right, that of the highest image alone.
    """
    figure, (left, right) = side_by_side(2.8, sharey=True)
    for (images, rows), colour in zip(passes.groupby("images"), COLOURS, strict=True):
        _distribution(left, rows["excess"].clip(lower=SMALLEST), colour, "-", f"{images} images")
        _distribution(left, rows["excess_of_chain"].clip(lower=SMALLEST), colour, ":", None)
        _distribution(right, rows["excess_of_images"], colour, "-", None)
    left.set_xscale("log")
    left.set_title("highest point of the line", loc="left")
    left.plot([], [], ":", color=GREY, label="over other basins")
    left.legend(loc="upper left")
    right.set_xscale("symlog", linthresh=1e-4)
    right.set_xticks([-1e-1, -1e-3, 0, 1e-3, 1e-1])
    right.axvline(0, color=GREY, linewidth=0.8)
    right.set_title("highest image alone", loc="left")
    left.set_ylabel("share of pairs")
    percent_axis(left.yaxis)
    for axes in (left, right):
        axes.set_xlabel("above the certified barrier, as a share of $y^\\top Ry$")
    return figure, ""


def _distribution(axes: Axes, values: pd.Series, colour: str, line: str, label: Any) -> None:
    """Draw an empirical distribution function."""
    places = np.sort(values.to_numpy())
    shares = np.arange(1, len(places) + 1) / len(places)
    axes.step(places, shares, line, where="post", color=colour, linewidth=1, label=label)


@drawing(lambda _: "")
def plot_escapes(escapes: pd.DataFrame) -> tuple[Figure, str]:
    """Draw for each basin how long walkers stay, and which share leaves over its first pass."""
    figure, (left, right) = side_by_side(2.8, sharex=True)
    for (name, rows), colour in zip(landscapes(escapes), COLOURS, strict=True):
        for place, basin in rows[rows["left"] >= FEWEST].groupby("basin"):
            line = "--" if place == 0 else "-"
            look = {"color": colour, "marker": "o", "markersize": 2.5, "linewidth": 0.8}
            left.plot(basin["coldness"], basin["steps"] / basin["left"], line, **look)
            shares = basin["over_first_pass"] / basin["left"]
            right.plot(basin["coldness"], shares, line, **look)
        left.plot([], [], color=colour, label=name)
    cold = np.array([escapes["coldness"].min(), escapes["coldness"].max()])
    left.plot([], [], "--", color=GREY, label="basins of least loss")
    left.plot(cold, 60 * np.exp(cold), color=GREY, linewidth=2, alpha=0.5, label="exp(height / T)")
    left.set_yscale("log")
    left.set_ylabel("steps until a walker leaves")
    right.set_ylim(0, 1.03)
    right.set_ylabel("leave over the first pass")
    percent_axis(right.yaxis)
    for axes in (left, right):
        axes.set_xlabel("height of the first pass / temperature T")
    figure.legend(loc="outside lower center", ncols=5)
    return figure, ""


FEWEST = 5
"""Walkers that have left, at least, where a mean or a share of them is shown."""


def landscapes(escapes: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Return the rows of each landscape by a name, as it is in the figure."""
    names = ("reference", "random, first", "random, second")
    groups = escapes.groupby(["instance", "seed"], sort=False)
    return [(name, rows) for name, (_, rows) in zip(names, groups, strict=True)]


def section(passes: pd.DataFrame, escapes: pd.DataFrame) -> str:
    """Return the section."""
    parts = [
        "## Against practice",
        "`make barriers` runs these experiments again and writes the section.",
        *_strings(passes),
        *_noise(escapes),
    ]
    return "\n\n".join(parts)


def _strings(passes: pd.DataFrame) -> list[str]:
    """Return what the string method finds."""
    most, least = passes["images"].max(), passes["images"].min()
    fine, coarse = passes[passes["images"] == most], passes[passes["images"] == least]
    below = passes["excess_of_images"] < 0
    within = passes["excess_of_chain"] <= passes["step_of_chain"]
    near = percent(int((fine["excess_of_chain"] < CLOSE).sum()), len(fine))
    return [
        paragraph(
            "**Strings between minima.** The string method (E, Ren, Vanden-Eijnden 2007), a kind",
            f"of nudged elastic band, between all {len(fine)} pairs of basins of",
            f"{fine['instance'].nunique()} landscapes at ridge 1/100",
            f"({'; '.join(dict.fromkeys(fine['instance']))}). For each order of the units straight",
            "lines, lines on which a unit dies, and bent ones are pulled tight; the lowest counts.",
            "The highest point of a line is found exactly, since between neighbours the loss is",
            "convex in the unit states up to the next wall.",
        ),
        bullets(
            [
                said(
                    f"None of the {len(passes)} lines passes below the certified barrier.",
                    not passes["undercut"].any(),
                ),
                f"With {most} images half of the lines are at most {_excess(fine, 0.5)} above the "
                f"barrier, in shares of the loss without hidden units, and nine in ten "
                f"{_excess(fine, 0.9)}; with {least} images {_excess(coarse, 0.5)} and "
                f"{_excess(coarse, 0.9)}.",
                "Lines that are far off got stuck at a higher pass. Over other basins (dotted) "
                f"{near} of the pairs are joined within {_share(CLOSE)}. Over all numbers of "
                f"images, {int(within.sum())} of {len(passes)} pairs are joined within what the "
                "spacing leaves open, the step from the highest point to the images beside it.",
                f"The highest *image* is no bound: on {percent(int(below.sum()), len(passes))} of "
                "the lines it is lower than any pass there is. At a kink and at a dead unit a pass "
                "is an edge, which lies between two images; barriers that are read off images are "
                f"too low by up to {_share(-coarse['excess_of_images'].min())} with {least} images "
                f"and by up to {_share(-fine['excess_of_images'].min())} with {most}.",
            ]
        ),
        "![How far strings pass above the certified barriers](images/basins_strings.svg)",
    ]


CLOSE = 1e-3
"""An excess that is called small, as a share of the loss without hidden units."""


def _share(value: float) -> str:
    """Write a small share to two digits."""
    return f"{100 * value:.2g} %"


def _excess(passes: pd.DataFrame, part: float) -> str:
    """Write a quantile of the excesses."""
    return _share(passes["excess"].quantile(part))


def _noise(escapes: pd.DataFrame) -> list[str]:
    """Return over which passes noise leads."""
    traps, best = escapes[escapes["basin"] > 0], escapes[escapes["basin"] == 0]
    known = [rows[rows["left"] >= FEWEST] for _, rows in landscapes(best)]
    reference, close = known[0], known[-1]
    walkers, temperatures = escapes["walkers"].iloc[0], escapes["coldness"].nunique()
    return [
        paragraph(
            "**Noise.** Simulated annealing at constant temperature: from every basin of three",
            "landscapes (the reference and two random ones of eight points, two units, ridge 1/20)",
            f"{walkers} walkers make Metropolis steps at each of {temperatures} temperatures. A",
            "walker that has been above the first pass and is below it again has left if its way",
            "downhill ends in another basin.",
        ),
        bullets(
            [
                f"Of {int(traps['left'].sum()):,} walkers that left a trap {_left(traps)} did so "
                f"over its first pass, of those at a sixth of its height or less "
                f"{_left(traps[traps['coldness'] >= 6])}.",
                "Basins of least loss have several ways out. On the reference, the share of the "
                f"first one goes up from {_left(reference.iloc[:1])} to "
                f"{_left(reference.iloc[-1:])} as the temperature falls. On the second random "
                "landscape the next pass is only a tenth higher, and "
                f"{_left(close)} leave over the first one: these temperatures do not tell them "
                "apart yet, and at lower ones nobody leaves.",
                "The time until a walker leaves a trap grows like the exponential of the certified "
                "height over the temperature: the slopes of its logarithm from 4 on, which this "
                f"law says are 1, have the median {_slope(traps):.2f}. In the heat, walkers "
                "lose their way among dead units, where the loss is almost flat.",
            ]
        ),
        "![Steps until walkers leave a basin, and the share that leaves over its first pass]"
        "(images/basins_noise.svg)",
    ]


def _left(rows: pd.DataFrame) -> str:
    """Return the share of walkers that left over the first pass."""
    return percent(int(rows["over_first_pass"].sum()), int(rows["left"].sum()))


def _slope(escapes: pd.DataFrame) -> float:
    """Return the median slope of the logarithm of the time against the coldness, from 4 on."""
    known = escapes[(escapes["coldness"] >= 4) & (escapes["left"] >= FEWEST)]
    slopes = [
        np.polyfit(rows["coldness"], np.log(rows["steps"] / rows["left"]), 1)[0]
        for _, rows in known.groupby(["instance", "seed", "basin"])
        if len(rows) > 2
    ]
    return float(np.median(slopes))


def read() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the committed tables."""
    return pd.read_csv(PASSES, dtype={"barrier": str}), pd.read_csv(ESCAPES)


def main() -> None:
    """Write the sections and their figures."""
    passes, escapes = read()
    save_figure(plot_passes(passes), IMAGES / "basins_strings", ("svg",))
    save_figure(plot_escapes(escapes), IMAGES / "basins_noise", ("svg",))
    write_text(
        PAGE, with_section(PAGE.read_text(encoding="utf-8"), "practice", section(passes, escapes))
    )


if __name__ == "__main__":
    main()
