"""The section of the gallery about ozone in New York, and its figure."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from tabulate import tabulate

from docs.make.gallery_instances import (
    RESULTS,
    SQUARE_OF_UNIT,
    Document,
    Instance,
    Instances,
    plain,
    regression,
    table,
)
from docs.make.prose import bullets, said
from reluenum.documents.results import read_result
from reluenum.figures import plot_surface
from reluenum.figures.reading import data, direction, fitted_values, number

COOL, HOT = 60, 90
"""Temperatures on both sides of every kink, if the wind is 10 mph."""


def ozone(found: Instances, runs: Document) -> str:
    """Return the section about ozone in New York; `runs` of an optimiser are of width 2."""
    one, two = found[1, "1"], found[2, "1"]
    inputs, targets = data(two.document)
    fits = np.array([100 * fitted_values(c, inputs) for c in two.components])
    plane = regression(np.column_stack([inputs, np.ones(len(inputs))]), targets)
    plane *= SQUARE_OF_UNIT["ozone"]
    bends, valleys, arcs = (
        [k for k, c in enumerate(two.components) if shape_of(c) == name]
        for name in ("a plane with a bend", "a valley", "one unit, in two parts")
    )
    at_ten, shifts = zip(*(hinge(two.components[k]) for k in bends), strict=True)
    total = float(np.var(targets)) * len(targets) * SQUARE_OF_UNIT["ozone"]
    explained = [1 - two.squares(k) / total for k in range(len(two.components))]
    losses = np.array([number(component["loss"]) for component in two.components])
    over = 100 * (losses / losses[0] - 1)
    before, behind = (rise(two.components[0], degrees) for degrees in (COOL, HOT))
    cold = [-rise(two.components[k], COOL) for k in valleys]
    wall, neighbour = (two.components.index(c) for c in two.on_boundary)
    days = {_zero_day(two, k) for k in (wall, neighbour)}
    ends = runs["optimisers"][0]
    found_by = [ends["components"].get(str(k + 1), 0) for k in range(len(two.components))]
    share = found_by[0] / ends["runs"]
    sentences = [
        said(
            f"{len(targets)} points make {two.supports:,} supports of up to two units. "
            f"{two.document['enumeration']['boxes']:,} boxes of directions exclude all but "
            f"{two.document['enumeration']['leaves']}, and each of these carries a component: "
            "noise does not flood the plane with minima, either.",
            two.document["enumeration"]["leaves"] == len(two.components),
        ),
        said(
            f"The plane of least squares leaves {plain(plane)} squares and predicts negative ozone "
            f"on cool, windy days. One unit, a plane cut off at 0, leaves {plain(one.squares())}. "
            f"It has two minima: on {_dead_days(one, 0)} days it is 0, or on {_dead_days(one, 1)}.",
            one.squares() < plane and len(one.components) == 2 and _negative_plane(inputs, targets),
        ),
        said(
            f"The best {len(bends)} networks of two units tell one story. A unit is active on "
            "every day, the other on hot and calm ones: a plane with a bend. With a wind of 10 mph "
            f"the bend is at {min(at_ten):.1f} to {max(at_ten):.1f} degrees, and each mph "
            f"more moves it up by {min(shifts):.1f} to {max(shifts):.1f}. "
            f"Their losses are within {over[bends[-1]]:.2f} %, and on no day do two of them differ "
            f"by more than {_spread(fits[bends]):.1f} ppb. In the best, a degree more is "
            f"{before:.2f} ppb more before the bend and {behind:.2f} behind it.",
            bends == list(range(len(bends))) and min(shifts) > 0 and before < behind,
        ),
        said(
            f"The next {len(valleys)} tell another one, {over[valleys[0]]:.1f} to "
            f"{over[valleys[-1]]:.1f} % above in loss. One unit rises with heat, the other with "
            f"cold, by {min(cold):.2f} to {max(cold):.2f} ppb a degree: a valley, with more ozone "
            f"on the coldest days. They explain {100 * min(explained[k] for k in valleys):.1f} to "
            f"{100 * max(explained[k] for k in valleys):.1f} % of the variance, the best network "
            f"{100 * explained[0]:.1f} %: such a fit gives no sign that there is a better one.",
            valleys == list(range(len(bends), len(bends) + len(valleys))) and min(cold) > 0,
        ),
        said(
            f"The last {len(arcs)} are the minima of one unit, which two units share. An optimiser "
            f"that ends there has wasted one, and explains {100 * explained[arcs[0]]:.1f} %.",
            [two.components[k]["loss"] for k in arcs] == [c["loss"] for c in one.components],
        ),
        said(
            f"Only {len(two.on_boundary)} of the {len(two.isolated)} isolated minima are on a "
            f"boundary, numbers {wall + 1} and {neighbour + 1}: a unit is exactly 0 on the day "
            f"{days.pop()}. Their losses differ by "
            f"{_parts_per_million(two, wall, neighbour):.1f} parts in a million, their fits by up "
            f"to {_spread(fits[[wall, neighbour]]):.2f} ppb, and yet they are two minima. At the "
            "other isolated ones the loss is smooth.",
            len(two.on_boundary) == 2 and not days and neighbour == wall + 1,
        ),
        said(
            f"{ends['runs']:,} runs of L-BFGS from random starts end at the best network "
            f"{found_by[0]} times, {sum(found_by[k] for k in bends)} times at a plane with a bend, "
            f"{sum(found_by[k] for k in valleys)} times in a valley, "
            f"{sum(found_by[k] for k in arcs)} times at the last {len(arcs)}, and nowhere outside "
            f"of the list but for {ends['kinds']['saddle']} that stop at saddles. Ten starts find "
            f"the best with a probability of {100 * (1 - (1 - share) ** 10):.1f} %; that it is the "
            "best, only the list says.",
            ends["kinds"]["minimum"] + ends["kinds"]["saddle"] == ends["runs"],
        ),
        said(
            "More units would help: the best network of two is not global at every width.",
            two.components[0]["global_at_every_width"] is False,
        ),
    ]
    return f"""\
## A summer of ozone

Ozone in New York on {len(targets)} days of 1973, by wind and temperature: the data set `airquality`
of R, without the days on which ozone was not measured. (J. M. Chambers and others, 1983; measured
figures of public agencies.)

{table(found)}

![The components of width 2 at ridge 1](images/gallery_ozone.svg)

*Width 2, ridge 1: every component. Lines are the kinks of units, arrows point to where a unit is
active; of a unit without a line this is on the whole map.*

{ozone_table(two, found_by)}

*Every component at width 2: the residual sum of squares in ppb^2, on how many days each unit is
active, at which temperature it has its kink if the wind is 10 mph, and how many of
{ends["runs"]:,} runs of L-BFGS end there.*

{bullets(sentences)}
"""


def ozone_table(one: Instance, found_by: Sequence[int]) -> str:
    """Return a row for each component of the list about ozone."""
    rows = []
    for rank, (component, runs) in enumerate(zip(one.components, found_by, strict=True)):
        units = component["strata"][0]["support"]
        active = [group["face"].count("+") for group in units]
        at_kink = [
            "–" if set(group["face"]) == {"+"} else f"{kink_at_ten(group):.1f}" for group in units
        ]
        loss, squares = f"{number(component['loss']):.6f}", plain(one.squares(rank))
        days = ", ".join(map(str, active))
        rows.append([rank + 1, shape_of(component), loss, squares, days, ", ".join(at_kink), runs])
    heads = ["", "what it is", "loss", "squares", "active days", "kinks, degrees F", "runs"]
    return tabulate(rows, heads, tablefmt="pipe", disable_numparse=True)


def kink_at_ten(group: Document) -> float:
    """Return the temperature at which a unit is 0 if the wind is 10 mph."""
    _, slope, offset = direction(group)
    return float(80 - 10 * offset / slope)


def rise(component: Document, degrees: float) -> float:
    """Return what a degree more adds to ozone, in ppb, from a temperature on with 10 mph."""
    here, there = fitted_values(component, np.array([[0, (degrees + k - 80) / 10] for k in (0, 1)]))
    return float(100 * (there - here))


def hinge(component: Document) -> tuple[float, float]:
    """Return where the unit of a network that is not always active has its kink.

    Returns
    -------
    at_ten, rise : float
        The temperature with a wind of 10 mph, and how much it rises with a mph more.
    """
    groups = component["strata"][0]["support"]
    (group,) = (group for group in groups if set(group["face"]) != {"+"})
    wind, heat, _ = direction(group)
    return kink_at_ten(group), float(-wind / heat)


def shape_of(component: Document) -> str:
    """Return what the graph of a network of two units in the plane looks like."""
    units = component["strata"][0]["support"]
    if len(units) == 1:
        return "one unit, in two parts"
    if any(set(unit["face"]) == {"+"} for unit in units):
        return "a plane with a bend"
    return "a valley" if rise(component, COOL) < 0 < rise(component, HOT) else "two bends"


def _spread(fits: np.ndarray) -> float:
    """Return the largest difference of two fits on a day."""
    return float(np.ptp(fits, axis=0).max())


def _parts_per_million(one: Instance, low: int, high: int) -> float:
    """Return by how much the loss of a component is above that of another."""
    first, second = (number(one.components[k]["loss"]) for k in (low, high))
    return 1e6 * (second / first - 1)


def _zero_day(one: Instance, rank: int) -> str:
    """Return the day on which a unit of a component is exactly 0, in published units."""
    groups = one.components[rank]["strata"][0]["support"]
    (day,) = (k for group in groups for k, sign in enumerate(group["face"]) if sign == "0")
    (wind, heat), ozone_then = data(one.document)[0][day], data(one.document)[1][day]
    return (
        f"with a wind of {10 + 10 * wind:.1f} mph, {80 + 10 * heat:.0f} degrees and "
        f"{100 * ozone_then:.0f} ppb"
    )


def _dead_days(one: Instance, rank: int) -> int:
    """Return on how many days the only unit of a component is not active."""
    (group,) = one.components[rank]["strata"][0]["support"]
    return len(group["face"]) - group["face"].count("+")


def _negative_plane(inputs: np.ndarray, targets: np.ndarray) -> bool:
    """Whether the plane of least squares is negative on a day, and on that with most wind."""
    design = np.column_stack([inputs, np.ones(len(inputs))])
    fit = design @ np.linalg.lstsq(design, targets, rcond=None)[0]
    return bool(fit[inputs[:, 0].argmax()] < 0)


PUBLISHED = {
    "$x_{1}$": ("wind (mph)", 10, 10),
    "$x_{2}$": ("temperature (°F)", 10, 80),
    "$f(x)$; points: $y$": ("ozone (ppb), fitted; points: measured", 100, 0),
}
"""What the axes of the figure about ozone are called, and (factor, shift) of published units."""


def ozone_figure(document: Document) -> Figure:
    """Return the map of ozone with its axes in published units."""
    figure = plot_surface(document)
    for axes in figure.findobj(Axes):
        for axis in (axes.xaxis, axes.yaxis):
            label, factor, shift = PUBLISHED.get(axis.label.get_text(), ("", 1, 0))
            if label:
                axis.set_label_text(label)
                axis.set_major_formatter(partial(_published, factor, shift))
    return figure


def _published(factor: int, shift: int, value: float, _: int | None) -> str:
    """Return the text of a tick in published units."""
    return f"{factor * value + shift:.0f}"


def ozone_runs() -> Document:
    """Return where runs of an optimiser on the ozone data end."""
    return read_result(RESULTS / "ozone/ozone-L2-ridge1/descents.json")
