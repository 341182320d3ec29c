"""Write docs/gallery.md: what the local minima of five sets of real data tell.

Numbers come from the results of `config/gallery.yaml`, `config/nile.yaml` and `config/ozone.yaml`;
what a sentence says is checked before it is written.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from flint import fmpq
from tabulate import tabulate

from docs.make.gallery_instances import (
    ROOT,
    SQUARE_OF_UNIT,
    Document,
    Instance,
    Instances,
    instances,
    plain,
    regression,
    straight,
    table,
)
from docs.make.ozone import ozone, ozone_figure, ozone_runs
from docs.make.prose import bullets, said
from reluenum import Problem
from reluenum.datasets.datafiles import read_csv
from reluenum.documents.files import write_text
from reluenum.figures import plot_fits, plot_path, save_figure
from reluenum.figures.reading import data, fitted_values, number, parameters
from reluenum.paths.path import ridge_path
from reluenum.problem import parse_ridge

PATH_WIDTH, PATH_RIDGES, PATH_POINTS = 2, ("1/1000", "1/2"), 28
"""What the ridge path of Galileo's data runs through."""

RidgePath = Mapping[str, Any]
"""Of the format `reluenum-path`."""


def kinks(component: Document) -> list[float]:
    """Return where the units of a network of one input are 0, sorted."""
    _, slopes, offsets = parameters(component, 1)
    return sorted(float(-c / b) for c, b in zip(offsets, slopes[:, 0], strict=True))


def inner_kink(component: Document) -> float:
    """Return the last kink; in networks that were looked at, the only one among the data."""
    return kinks(component)[-1]


# ------------------------------------------------------------------------------- the five sections

OPENING = """\
# Gallery: five sets of real data

What does it tell to know *every* local minimum? Here are seven measurements of Galileo,
Nightingale's table of deaths in the Crimean War, a chemical plant, a hundred years of the Nile, and
a summer of ozone in New York.
[config/data/README.md](../config/data/README.md) has sources, licences and scalings.
{totals}

`make gallery` runs `config/gallery.yaml`, `config/nile.yaml` and `config/ozone.yaml`, a quarter of
an hour on two cores, and writes this page. Its numbers are read from the results, and a sentence
that they contradict is an error.

In the tables, *isolated* counts components of dimension 0, *on a boundary* those among them on
which a hidden unit is exactly 0 on a data point, *spurious* the components that are not global at
this width. Losses include the ridge and are in the units of the files; *squares* is the residual
sum of squares of the best network in published units. *Proved* means that `reluenum verify` proved
the list from its certificate. In the figures, the title of a panel begins with the loss, and a
diamond is a kink.
"""


def galileo(found: Instances, path: RidgePath) -> str:
    """Return the section about Galileo's ramp."""
    (heights, distances) = data(found[2, "1/100"].document)
    parabola = regression(np.vander(heights[:, 0], 3), distances) * SQUARE_OF_UNIT["galileo"]
    strong, middle, weak = (found[2, ridge] for ridge in ("1/10", "1/100", "1/1000"))
    three = found[3, "1/1000"]
    counts = [len(one.components) for one in (strong, middle, weak)]
    threes = [len(found[3, ridge].components) for ridge in ("1/10", "1/100", "1/1000")]
    best = middle.components[0]
    sentences = [
        said(
            f"With one unit there is one minimum, whatever the ridge: the straight line, with "
            f"{plain(found[1, '1/1000'].squares())} squared punti at ridge 1/1000.",
            all(
                len(one.components) == 1 and straight(one.components[0])
                for one in found.values()
                if one.key[0] == 1
            ),
        ),
        said(
            f"With two units there are {counts[0]}, {counts[1]} and {counts[2]} components at "
            f"ridges 1/10, 1/100 and 1/1000, with three {threes[0]}, {threes[1]} and {threes[2]}.",
            counts == sorted(counts) and threes == sorted(threes),
        ),
        said(
            "The straight line, both units on top of each other, stays a local minimum, and it is "
            f"the worst: {_ratio(weak):.0f} times the best loss at width 2 and ridge 1/1000.",
            all(straight(one.components[-1]) for one in (strong, middle, weak)),
        ),
        said(
            f"The best network of two units at ridge 1/100 bends at H = "
            f"{1000 * inner_kink(best):.0f} punti and leaves {plain(middle.squares())} squared "
            f"punti. The best parabola leaves {plain(parabola)}.",
            middle.squares() < parabola and len([k for k in kinks(best) if 0.1 < k < 1]) == 1,
        ),
        said(
            f"Three units at ridge 1/1000 leave {plain(three.squares())}: seven points are then as "
            "good as interpolated.",
            three.squares() < 10,
        ),
        said(
            "At ridge 1/1000 the isolated minima come in pairs: a unit that is active on the low "
            "heights only has a partner, with the same kink to within 20 punti, that is active on "
            "the high ones. They need no boundary: at ridges 1/100 and 1/1000 none of them lies on "
            "one at width 2, unlike in the paper's instance.",
            _mirrored(weak) and not middle.on_boundary and not weak.on_boundary,
        ),
    ]
    return f"""\
## Galileo's ramp

In 1608 Galileo let a ball roll down a ramp from seven heights H and measured how far away it
landed. The distance D grows, ever more slowly. (Figures as in S. Drake, *Galileo at Work*, 1978;
public domain.)

{table(found)}

![The seven components of width 2 at ridge 1/1000](images/gallery_galileo.svg)

*Width 2, ridge 1/1000: every component of local minima, x = H / 1000, y = D / 100.*

{bullets(sentences)}

{galileo_path(path)}"""


def _mirrored(one: Instance) -> bool:
    """Whether every isolated minimum has a partner whose second unit faces the other way."""
    kinks_by_side: dict[str, list[float]] = {"+": [], "-": []}
    for component in one.isolated:
        faces = [group["face"] for group in component["strata"][0]["support"]]
        (face,) = (face for face in faces if set(face) != {"+"})
        kinks_by_side[face[0]].append(inner_kink(component))
    low, high = (sorted(side) for side in kinks_by_side.values())
    return len(low) == len(high) and all(abs(a - b) < 0.02 for a, b in zip(low, high, strict=True))


KINDS = {"disappears": "is a minimum no more", "appears": "becomes a minimum"}
"""Other words for two kinds of events."""

DIES = "its second unit dies"
"""What happens to a branch that disappears because weights go to 0."""


def galileo_path(path: RidgePath) -> str:
    """Return the part about the ridge path."""
    low, high = PATH_RIDGES
    rows, dying, last = [], 0, 0.0
    for event in path["events"]:
        for change in event["changes"]:
            before, after = (_faces(change[side]) for side in ("before", "after"))
            kind = change["kind"]
            if kind == "disappears" and _smallest_square(path, change["before"], event) < 1e-6:
                kind, dying, last = DIES, dying + 1, number(event["high"])
            rows.append([f"{number(event['low']):.6g}", before, KINDS.get(kind, kind), after])
    listed = tabulate(
        rows,
        ["ridge", "faces before", "what happens", "faces after"],
        tablefmt="pipe",
        disable_numparse=True,
    )
    at = {ridge: _minima_at(path, ridge) for ridge in (path["ridges"][0], path["ridges"][-1])}
    first, end = (at[ridge] for ridge in at)
    below, switch = _global_everywhere_from(path)
    reached = [row for row in rows if row[2] == "a unit reaches a boundary"]
    kinds = {row[2] for row in rows}
    sentences = [
        said(
            f"From {len(first)} minima at ridge {low} one remains at {high}, and none was seen to "
            "appear as the ridge grows.",
            len(end) == 1 and kinds == {KINDS["disappears"], "a unit reaches a boundary", DIES},
        ),
        said(
            f"{sum(row[2] == KINDS['disappears'] for row in rows)} minima end while both their "
            f"units are alive. The last two first reach a boundary, where their kink stops at a "
            "data point (H = 450 punti), and stay there until the second unit dies: its weights "
            "go to 0, and the network joins the straight line.",
            path["problem"]["x"][3] == ["9/20"]
            and dying == 2
            and [row[3] for row in reached] == [row[1] for row in rows if row[2] == DIES]
            and all(row[3].split("`")[3][3] == "0" for row in reached),
        ),
        said(
            f"At every ridge that was looked at above {last:.4f} the landscape is benign: one "
            "component, which is global at every width.",
            switch < last
            and all(
                len(_minima_at(path, ridge)) == 1
                for ridge in path["ridges"]
                if number(ridge) >= last
            ),
        ),
        said(
            f"From ridge {switch:.2g} on the best network of two units is as good as any number of "
            f"units; at {below:.2g} and below, more units would help.",
            0 < below < switch,
        ),
    ]
    return f"""\
### How the landscape becomes benign

The ridge path of width 2 from {low} to {high}:

![Losses and weights of the minima against the ridge](images/gallery_galileo_path.svg)

{listed}

*Ridges of the events in six digits; each is bracketed to ten between two proved lists. A face is
the sign of a unit's pre-activation on each data point, by increasing height.*

{bullets(sentences)}
"""


def _faces(support: Sequence[Document] | None) -> str:
    return ", ".join(f"`{unit['face']}`" for unit in support or ())


def _minima_at(path: RidgePath, ridge: str) -> list[Document]:
    """Return the branches at a ridge."""
    return [b for b in path["branches"] if any(s["ridge"] == ridge for s in b["samples"])]


def _smallest_square(path: RidgePath, support: Any, event: Document) -> float:
    """Return the smallest sum of a^2 on a face of a branch just before an event."""
    for branch in path["branches"]:
        for sample in branch["samples"]:
            if branch["support"] == support and sample["ridge"] == event["low"]:
                return min(number(square) for square in sample["sum_a_squared"])
    raise ValueError(f"no branch {support} at {event['low']}")


def _global_everywhere_from(path: RidgePath) -> tuple[float, float]:
    """Return the neighbours among the ridges between which the best minimum becomes global.

    At and below the first, none is global at every width; at and above the second, one is.
    """
    whole = {
        sample["ridge"]
        for branch in path["branches"]
        for sample in branch["samples"]
        if sample["global_at_every_width"]
    }
    ridges = [(number(ridge), ridge in whole) for ridge in path["ridges"]]
    below = max(ridge for ridge, holds in ridges if not holds)
    above = min(ridge for ridge, holds in ridges if holds)
    if below > above:
        raise ValueError("global at every width, then not, then again: the page needs other words")
    return below, above


def nightingale(found: Instances) -> str:
    """Return the section about deaths in the Crimean War."""
    one, two, three = found[1, "1/10"], found[2, "1/10"], found[3, "1/10"]
    peaks = [inner for c in two.isolated for inner in kinks(c) if abs(inner) < 1e-12]
    best = two.components[0]
    other = next(k for k in kinks(best) if abs(k) > 1e-12)
    gap = 100 * (number(two.components[1]["loss"]) / number(best["loss"]) - 1)
    counts = [len(found[2, ridge].components) for ridge in ("1", "1/10", "1/100")]
    weak = found[2, "1/100"]
    gain = 100 * (1 - number(three.components[0]["loss"]) / number(best["loss"]))
    sentences = [
        said(
            f"One unit makes a straight line, which leaves {plain(one.squares())} squares. Two "
            f"units leave {plain(two.squares())}, three {plain(three.squares())}.",
            len(one.components) == 1 and straight(one.components[0]),
        ),
        said(
            f"At width 2 and ridge 1/10, all {len(two.isolated)} isolated minima have a unit that "
            "is exactly 0 on January 1855, the month with most deaths. This is the paper's "
            "observation, isolated minima on boundaries only, with a reason one can see: the fit "
            "is a roof, and its top stands on the highest point.",
            len(peaks) == len(two.isolated) == len(two.on_boundary),
        ),
        said(
            f"The best two differ by {gap:.1f} % in loss, and little more than in where the roof "
            f"ends: {12 * other:.1f} months after its top, or "
            f"{12 * _other(two.components[1]):.1f}. The third begins "
            f"{-12 * _other(two.components[2]):.1f} months before the top and does not end. The "
            "straight line is a local minimum as well, and the worst, at "
            f"{_ratio(two):.1f} times the best loss.",
            straight(two.components[-1]) and gap < 1 and _other(two.components[2]) < 0,
        ),
        said(
            f"A weaker ridge adds components ({counts[0]}, {counts[1]}, {counts[2]} at ridges 1, "
            f"1/10, 1/100), not all of them on boundaries: at 1/100, {len(weak.on_boundary)} of "
            f"{len(weak.isolated)} isolated minima are.",
            counts == sorted(counts) and len(weak.on_boundary) < len(weak.isolated),
        ),
        said(
            f"Three units have {len(three.components)} components at ridge 1/10, "
            f"{len(three.isolated)} of them isolated, every one on a boundary. The third unit "
            f"lowers the best loss by {gain:.1f} %: at this ridge it hardly pays.",
            len(three.on_boundary) == len(three.isolated) and gain < 5,
        ),
    ]
    return f"""\
## Nightingale's table

Deaths from preventable disease in the British army in the East, month by month from April 1854 to
March 1856: they rise to 2,761 in January 1855 and fall again. (F. Nightingale, 1859; public
domain.)

{table(found)}

![The components of width 2 at ridge 1/10](images/gallery_nightingale.svg)

*Width 2, ridge 1/10: every component, x = years since January 1855, y = thousands of deaths.*

{bullets(sentences)}
"""


def _other(component: Document) -> float:
    """Return the kink that is not at 0."""
    (place,) = (k for k in kinks(component) if abs(k) > 1e-12)
    return place


def stackloss(found: Instances) -> str:
    """Return the section about the chemical plant."""
    one, strong, weak = found[1, "1/10"], found[2, "1"], found[2, "1/10"]
    inputs, targets = data(one.document)
    plane = regression(np.column_stack([inputs, np.ones(len(inputs))]), targets)
    plane *= SQUARE_OF_UNIT["stackloss"]
    face = next(
        group["face"]
        for group in weak.components[0]["strata"][0]["support"]
        if set(group["face"]) != {"+"}
    )
    aligned = len({x2 for x1, x2 in one.document["problem"]["x"] if x1 == "-1/5"})
    distinct = len({tuple(row) for row in one.document["problem"]["x"]})
    sentences = [
        said(
            f"The 21 days show only {distinct} different inputs, {aligned} of them at the "
            "same air flow, 58. Such ties are no nuisance to an exact enumeration: they only make "
            "faces fewer.",
            distinct < len(targets) and aligned > 2,
        ),
        said(
            f"One unit is active on every day, so it is a plane, and leaves {one.squares():.1f} "
            f"squares where the regression plane of least squares leaves {plane:.1f}.",
            len(one.components) == 1 and straight(one.components[0]) and plane < one.squares(),
        ),
        said(
            f"At ridge 1 two units have {len(strong.components)} components within "
            f"{100 * (_ratio(strong) - 1):.2f} % of the best loss, and the best one is global at "
            "every width: more units would not help.",
            bool(strong.components[0]["global_at_every_width"]),
        ),
        said(
            f"At ridge 1/10 there are {len(weak.components)}, {len(weak.on_boundary)} of the "
            f"{len(weak.isolated)} isolated ones on a boundary, and the worst loss is "
            f"{_ratio(weak):.2f} times "
            f"the best. The best network leaves {weak.squares():.1f} squares.",
            len(weak.on_boundary) < len(weak.isolated) and weak.squares() < one.squares(),
        ),
        said(
            "Its kink can be read: the second unit is active on days 1 to 9 and inactive on days "
            "10 to 20, as if the plant had run in two regimes, and it is exactly 0 on day 21, one "
            "of the four days that robust statistics calls outliers (1, 3, 4 and 21).",
            face == "+" * 9 + "-" * 11 + "0",
        ),
    ]
    return f"""\
## A chemical plant

How much ammonia a plant lost on 21 days, by its air flow and the temperature of its cooling water:
a classic of robust regression. (K. A. Brownlee, 1965; public domain as stated by statsmodels.)

{table(found)}

![The components of width 2 at ridge 1/10](images/gallery_stackloss.png)

*Width 2, ridge 1/10: every component, x1 = (air flow - 60) / 10, x2 = (temperature - 20) / 10.*

{bullets(sentences)}
"""


def nile(found: Instances) -> str:
    """Return the section about the Nile."""
    one, strong, weak = found[1, "1/10"], found[2, "1"], found[2, "1/10"]
    wide = found[3, "1/10"]
    years, volumes = data(one.document)
    before = np.arange(len(volumes)) < 1899 - 1871
    step = regression(np.column_stack([before, ~before]).astype(float), volumes)
    step *= SQUARE_OF_UNIT["nile"]
    lowest = round(1920 + 50 * years[volumes.argmin(), 0])
    bend = round(1920 + 50 * _inner(weak.components[0]), 6)
    early = round(1920 + 50 * _inner(strong.components[0]), 6)
    line = next(k for k, component in enumerate(weak.components) if straight(component))
    interior = len(weak.isolated) - len(weak.on_boundary)
    sentences = [
        said(
            f"A hundred points make {weak.supports:,} supports "
            f"of up to two units, but only {len(weak.components)} components at ridge 1/10: noise "
            "does not flood the landscape with minima.",
            len(weak.components) < 20,
        ),
        said(
            f"The best one falls until {bend:.0f} and is nearly flat from there. Its kink is "
            f"exactly on {lowest}, the year with least water: noise decides where it sticks. At "
            f"ridge 1 it sticks on {early:.0f}.",
            bend == lowest and early == int(early) and _flat_at_the_end(weak.components[0]),
        ),
        said(
            f"The second best has its kink on {lowest} as well, the third on 1919. These "
            f"{len(weak.on_boundary)} are the isolated minima on a boundary; the other {interior} "
            "are in the interior of a pattern.",
            round(1920 + 50 * _inner(weak.components[1]), 6) == lowest
            and round(1920 + 50 * _inner(weak.components[2]), 6) == 1919
            and weak.on_boundary == list(weak.components[:3]),
        ),
        said(
            f"The straight line is number {line + 1}. The {len(weak.components) - line - 1} "
            "components behind it are networks with two bends that are worse than no bend at all: "
            "an optimiser that ends in one of them would be better off with one unit.",
            all(
                len([k for k in kinks(c) if -0.98 < k < 1]) == 2
                for c in weak.components[line + 1 :]
            )
            and weak.components[line]["loss"] == one.components[0]["loss"],
        ),
        said(
            f"Cobb's model is a jump after 1898. Two means leave {plain(step)} squares, the best "
            f"network of two units {plain(weak.squares())}, a straight line "
            f"{plain(one.squares())}: a function with one bend does not jump. Since the list is "
            "complete, this is a limit of two units at this ridge and not of an optimiser.",
            step < weak.squares() < one.squares(),
        ),
        said(
            f"Nor does a third unit help. Of {wide.supports:,} supports of up to three units "
            f"`--engine branch` leaves {wide.document['enumeration']['leaves']:,} to be solved; "
            f"the {len(wide.components)} components at ridge 1/10 begin at a loss of "
            f"{number(wide.components[0]['loss']):.5g} instead of "
            f"{number(weak.components[0]['loss']):.5g}, with the kink on {lowest} still there and "
            "as many squares left.",
            number(wide.components[0]["loss"]) < number(weak.components[0]["loss"])
            and lowest in [round(1920 + 50 * k, 6) for k in kinks(wide.components[0])]
            and plain(wide.squares()) == plain(weak.squares()),
        ),
        said(
            "At ridge 1 the best loss of three units is that of two, to all digits: the third one "
            "shares its face with another.",
            found[3, "1"].components[0]["loss"] == strong.components[0]["loss"]
            and found[3, "1"].components[0]["dimension"] == 1,
        ),
    ]
    return f"""\
## A hundred years of the Nile

The volume of the Nile at Aswan from 1871 to 1970, with an apparent change after 1898. (G. W. Cobb,
1978; public domain as stated by statsmodels.)

{table(found)}

![The components of width 2 at ridge 1/10](images/gallery_nile.png)

*Width 2, ridge 1/10: every component, x = (year - 1920) / 50, y = 10^11 cubic metres.*

{bullets(sentences)}
"""


def _flat_at_the_end(component: Document) -> bool:
    """Whether the last slope of a function is less than a tenth of its first, in size."""
    ends = np.array([[-0.98], [-0.96], [0.98], [1.0]])
    first, second, third, last = fitted_values(component, ends)
    return bool(abs(last - third) < 0.1 * abs(second - first))


def _inner(component: Document) -> float:
    """Return the kink among the data."""
    (place,) = (k for k in kinks(component) if -0.98 < k < 1)
    return place


def _ratio(one: Instance) -> float:
    """Return the worst loss over the best."""
    return number(one.components[-1]["loss"]) / number(one.components[0]["loss"])


# ------------------------------------------------------------------------------------- the page

FIGURES: Mapping[str, tuple[tuple[int, str], str]] = {
    "galileo": ((2, "1/1000"), "svg"),
    "nightingale": ((2, "1/10"), "svg"),
    "stackloss": ((2, "1/10"), "png"),
    "nile": ((2, "1/10"), "png"),
    "ozone": ((2, "1"), "svg"),
}
"""Which instance of a data set is drawn, and the format that is smaller."""


def path_document() -> RidgePath:
    """Return the ridge path of Galileo's data."""
    low, high = (parse_ridge(ridge) for ridge in PATH_RIDGES)
    problem = Problem(*read_csv(ROOT / "config/data/galileo.csv"), PATH_WIDTH, low)
    return ridge_path(problem, fmpq(high), PATH_POINTS).to_document()


def draw(name: str, document: Document, folder: Path) -> None:
    """Draw the fits of one instance."""
    plot = ozone_figure if name == "ozone" else plot_fits
    save_figure(plot(document), folder / f"gallery_{name}", (FIGURES[name][1],))


def main(target: Path, images: Path) -> None:
    """Write the page and its figures."""
    path, runs = path_document(), ozone_runs()
    sections: Mapping[str, Callable[[Instances], str]] = {
        "galileo": lambda found: galileo(found, path),
        "nightingale": nightingale,
        "stackloss": stackloss,
        "nile": nile,
        "ozone": lambda found: ozone(found, runs),
    }
    found = instances()
    bodies = [write_section(found[name]) for name, write_section in sections.items()]
    write_text(target, "\n".join([OPENING.format(totals=totals(found)), *bodies]))
    for name, (key, _) in FIGURES.items():
        draw(name, found[name][key].document, images)
    save_figure(plot_path(path), images / "gallery_galileo_path", ("svg",))


def totals(found: Mapping[str, Instances]) -> str:
    """Return what was examined in all."""
    every = [one for group in found.values() for one in group.values()]
    supports = sum(one.supports for one in every)
    components = sum(len(one.components) for one in every)
    return said(
        f"{len(every)} instances, {supports:,} supports, {components} components of local minima: "
        "every list is\nproved complete by the independent checker.",
        all(one.proved and one.document["complete"] for one in every),
    )


if __name__ == "__main__":
    main(ROOT / "docs/gallery.md", ROOT / "docs/images")
