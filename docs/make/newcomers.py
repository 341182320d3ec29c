"""Write the pages for newcomers: README.md, and docs/tutorial, reading, faq and variants.

`make docs` runs it. The pages are made from docs/templates: commands in them are run, numbers in
their sentences are computed here, and a sentence that is not so is an error. Who wants to change a
page changes its template.
"""

import re
import tomllib
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from tabulate import tabulate

from benchmarks.boxes_page import TABLE, fitting_table
from docs.make.live import ROOT, Desk, render
from docs.make.paper_route import components_table, markdown_table
from docs.make.picture import read_ends, words
from docs.make.prose import paragraph
from reluenum import Landscape, Problem, enumerate_minima
from reluenum.algebra.decimals import DIGITS
from reluenum.cli.exits import BAD_INPUT, DECIDED, FAILED, UNDECIDED
from reluenum.datasets.families import random_data, reference_data
from reluenum.documents.files import write_text
from reluenum.documents.minima import stationary_document
from reluenum.engines.deep.enumeration.sizes import STRATA_LIMIT
from reluenum.engines.towers.route import MOST_STRATA
from reluenum.engines.trees.engine import POINTS_ON_A_LINE
from reluenum.engines.trees.forecast import MOST_EXPECTED, MOST_SECONDS, is_endless, spelled
from reluenum.figures.reading import data, fitted_values, parameters
from reluenum.geometry.arrangement import Arrangement
from reluenum.geometry.bounds import face_bound
from reluenum.geometry.sizes import CERTIFIED_SUPPORT_LIMIT as CERTIFIED_LIMIT
from reluenum.geometry.sizes import (
    LARGEST_DIMENSION,
    LONGEST_NUMBER,
    MOST_DATA_POINTS,
    SUPPORT_LIMIT,
)
from reluenum.geometry.supports import count_supports
from reluenum.groebner.backends import BACKENDS
from reluenum.groebner.limits import DEFAULT_MEGABYTES, DEFAULT_SECONDS
from reluenum.paths.path import SHARPNESS
from reluenum.problem import parse_ridge
from reluenum.views.cells import short_number

EXITS = {"decided": DECIDED, "bad": BAD_INPUT, "undecided": UNDECIDED, "failed": FAILED}
"""Exit codes."""

WIDTH, RIDGE = 2, "1/100"
"""Of the reference experiment."""

Document = Mapping[str, Any]
"""Of the formats `reluenum-minima` or `reluenum-path`, or a part of it."""

Values = Mapping[str, Any]
"""What a template may name."""


@cache
def reference() -> Landscape:
    """Return the reference experiment, solved now."""
    return enumerate_minima(Problem(*reference_data(), WIDTH, parse_ridge(RIDGE)))


def project() -> Mapping[str, Any]:
    """Return what pyproject.toml says of the project."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def data_sets() -> int:
    """Return how many sets of real data the gallery shows."""
    return len(list((ROOT / "config/data").glob("*.csv")))


def section(page: Path, title: str) -> str:
    """Return a section of a page that something else writes, such as the benchmarks."""
    text = page.read_text(encoding="utf-8")
    return re.search(rf"^## {title}\n.*?(?=^## )", text, re.DOTALL | re.MULTILINE)[0].strip()


def the_reference() -> Values:
    """Return what is said of the reference experiment on several pages."""
    document = reference().document
    components = document["components"]
    isolated = [c for c in components if c["dimension"] == 0]
    arcs = [c for c in components if c["dimension"] == 1]
    return {
        "n": len(document["problem"]["y"]),
        "width": WIDTH,
        "ridge": RIDGE,
        "components": len(components),
        "isolated": len(isolated),
        "isolated_on_boundary": sum(c["on_boundary"] for c in isolated),
        "arcs": len(arcs),
        "arcs_share_a_face": all([g["multiplicity"] for g in groups(c)] == [WIDTH] for c in arcs),
        "digits": DIGITS,
    }


def groups(component: Document) -> Sequence[Document]:
    """Return what a component says of its living units, face by face."""
    return component["strata"][0]["support"]


def readme() -> Values:
    """Return what README.md says of the reference experiment and of limits."""
    return {
        **the_reference(),
        "first_picture": paragraph(f"*{words(read_ends())}*"),
        "python": re.search(r"[\d.]+", project()["requires-python"])[0],
        "licence": project()["license"],
        "groebner_limit": f"{SUPPORT_LIMIT:,}",
        "certified_limit": f"{CERTIFIED_LIMIT:,}",
        "boxes_limit": f"{MOST_EXPECTED:,}",
        **deep_limits(),
        "exit_undecided": UNDECIDED,
        "gallery": data_sets(),
        "performance": section(ROOT / "README.md", "How fast"),
    }


def tutorial() -> Values:
    """Return what docs/tutorial.md says of the files that its commands leave."""
    return {
        "exit": EXITS,
        "gallery": data_sets(),
        "worst_to_best": worst_to_best,
        "bracket_digits": len(str(SHARPNESS.q)) - 1,
        "most_minima": most_minima,
        "ends_in_zero": lambda path: path["events"][-1]["changes"][-1]["after"] == [],
    }


def worst_to_best(document: Document) -> str:
    """Return how many times the loss of the best component that of the worst is."""
    losses = [float(component["loss"]) for component in document["components"]]
    return f"{losses[-1] / losses[0]:.1f}"


def most_minima(path: Document) -> int:
    """Return how many local minima there are at most at a ridge that was looked at."""
    ridges = (sample["ridge"] for branch in path["branches"] for sample in branch["samples"])
    return max(Counter(ridges).values())


def reading() -> Values:
    """Return what docs/reading.md says of the reference experiment."""
    document = reference().document
    components = document["components"]
    best = components[0]
    shared = next(c for c in components if c["dimension"] == 1)
    (group,) = groups(shared)
    points = stationary_document(reference())["points"]
    with_zero = [point for point in points if point["zero_neurons"]]
    inputs, targets = data(document)
    face, kink = (g["face"] for g in groups(best))
    single = enumerate_minima(reference().problem.with_width(1)).document["components"]
    arrangement = Arrangement.of(reference().problem)
    return {
        **the_reference(),
        "routes": routes(),
        "table": components_table(components),
        "best_face": face,
        "active": listed(face, "+"),
        "inactive": listed(face, "-"),
        "zero": listed(face, "0"),
        "faces": len(arrangement.faces),
        "live": len(arrangement.live_faces),
        "supports": document["enumeration"]["supports_examined"],
        "stationary": document["enumeration"]["stationary"],
        "minima": document["enumeration"]["locally_minimal"],
        "shared_face": group["face"],
        "shared_rank": components.index(shared) + 1,
        "shared_square": short_number(group["sum_a_squared"]),
        "shared_is_single": shared["loss"] in [c["loss"] for c in single],
        "isolated_ranks": [k for k, c in enumerate(components) if c["dimension"] == 0],
        "kink_face": kink,
        "gradients": [f"{slope:.2f}" for slope in one_sided_gradients(best, 1, inputs, targets)],
        "globals": sum(c["global_at_width"] for c in components),
        "any_everywhere": any(c["global_at_every_width"] for c in components),
        "orbits": [c["orbit_size"] for c in components],
        "labelled": sum(c["orbit_size"] for c in components),
        "dead": "-" * len(targets),
        "zero_points": len(with_zero),
        "zero_minima": sum(point["minimum"] for point in with_zero),
        "spurious": sum(not c["global_at_width"] for c in components),
        "worst_to_best": worst_to_best(document),
        "residuals": ", ".join(f"{r:.2f}" for r in targets - fitted_values(best, inputs)),
    }


def routes() -> Values:
    """Return what completeness rests on, by the route."""
    options = {
        "certified": {"engine": "certified"},
        "reduced": {},
        "eliminated": {"formulation": "eliminated"},
    }
    problem = reference().problem.with_width(1)
    found = {name: enumerate_minima(problem, **more) for name, more in options.items()}
    deep = Problem.from_arrays([0, 1], [1, 0], width=[1, 1], ridge=2)
    several = {
        "exact": {"backend": "flint"},
        "deep": {"engine": "certified"},
        "asked": {"supports": ["++/++"]},
    }
    found |= {name: enumerate_minima(deep, **more) for name, more in several.items()}
    return {name: landscape.document["completeness"] for name, landscape in found.items()}


def listed(face: str, sign: str) -> str:
    """Return the numbers of the points on which a face has a sign."""
    *others, last = (str(k) for k, s in enumerate(face, start=1) if s == sign)
    return f"{', '.join(others)} and {last}" if others else last


def one_sided_gradients(
    component: Document, unit: int, inputs: np.ndarray, targets: np.ndarray
) -> list[float]:
    """Return the length of the loss's gradient in (b, c) of a unit, on each side of its boundary.

    Numerical: points on which the unit is zero count as active, then as inactive.
    """
    weights, slopes, offsets = parameters(component, inputs.shape[1])
    rows = np.column_stack([inputs, np.ones(len(inputs))])
    residuals = targets - fitted_values(component, inputs)
    inner = np.append(slopes[unit], offsets[unit])
    lengths = []
    for signs in ("+0", "+"):
        active = np.array([sign in signs for sign in groups(component)[unit]["face"]])
        gradient = float(Fraction(RIDGE)) * inner - weights[unit] * (residuals * active) @ rows
        lengths.append(2 * float(np.linalg.norm(gradient)))
    return lengths


SIZES, WIDTHS = (3, 5, 10, 30, 100, 300), (1, 2, 3, 4)
"""Of the tables of supports."""


def faq() -> Values:
    """Return what docs/faq.md says of supports and limits."""
    faces = {n: live_faces(n) for n in SIZES}
    planar = {"n": 12, "d": 2}
    planar["faces"] = live_faces(**planar)
    planar["supports"] = f"{count_supports(planar['faces'], 2):,}"
    engines = {
        "groebner": partial(few_supports, SUPPORT_LIMIT),
        "certified": partial(few_supports, CERTIFIED_LIMIT),
        "branch": few_boxes,
    }
    return {
        "formula_holds": all(count == 4 * n - 3 for n, count in faces.items()),
        "supports_table": markdown_table(
            ["points", "faces", *(f"supports for L = {width}" for width in WIDTHS)],
            [
                [n, f"{count:,}", *(f"{count_supports(count, width):,}" for width in WIDTHS)]
                for n, count in faces.items()
            ],
        ),
        "limits_table": markdown_table(
            ["engine", *(f"L = {width}" for width in WIDTHS)],
            [
                [engine, *(f"{largest_size(partial(allowed, width)):,}" for width in WIDTHS)]
                for engine, allowed in engines.items()
            ],
        ),
        "boxes_table": fitting_table(pd.read_csv(TABLE)),
        "planar": planar,
        "limits": {
            "groebner": f"{SUPPORT_LIMIT:,}",
            "certified": f"{CERTIFIED_LIMIT:,}",
            "boxes": f"{MOST_EXPECTED:,}",
            "time": spelled(MOST_SECONDS),
            "points": f"{MOST_DATA_POINTS:,}",
            "points_on_a_line": f"{POINTS_ON_A_LINE:,}",
            "dimension": LARGEST_DIMENSION,
            "digits": LONGEST_NUMBER,
        },
        **deep_limits(),
        "backends": list(BACKENDS),
        "default": {"seconds": f"{DEFAULT_SECONDS:g}", "megabytes": DEFAULT_MEGABYTES},
        "exit": EXITS,
        "macos": "Operating System :: MacOS" in project()["classifiers"],
        "posix": "from fcntl import"
        in (ROOT / "reluenum/documents/claims.py").read_text(encoding="utf-8"),
        "licence": project()["license"],
    }


def deep_limits() -> Values:
    """Return how many strata of several hidden layers are let through without `--force`."""
    return {"strata_limit": f"{STRATA_LIMIT:,}", "tower_limit": f"{MOST_STRATA:,}"}


def live_faces(n: int, d: int = 1) -> int:
    """Return the number of faces on which a unit can live, of random data without ties."""
    data_set = random_data(n, d, denominator=10**6 if d == 1 else 100)
    return len(Arrangement.of(Problem(*data_set, 1, parse_ridge(RIDGE))).live_faces)


def few_supports(limit: int, width: int, points: int) -> bool:
    """Whether so many points on a line are let through without `--force`."""
    return points <= MOST_DATA_POINTS and count_supports(face_bound(points, 1), width) <= limit


def few_boxes(width: int, points: int) -> bool:
    """Whether so many points on a line are let through by the engine that excludes boxes."""
    return points <= POINTS_ON_A_LINE and not is_endless(points, 1, width)


def largest_size(allowed: Callable[[int], bool]) -> int:
    """Return up to how many points are let through."""
    return bisect_left(range(1, POINTS_ON_A_LINE + 2), True, key=lambda n: not allowed(n))


XOR_RIDGE, ONE_EACH = Fraction(1, 10), (Fraction(1), Fraction(1, 2))
"""Of the examples of docs/variants.md: the ridge, and the targets at 1 and -1."""


def variants() -> Values:
    """Return what docs/variants.md says of other units."""
    apart = 2 * XOR_RIDGE * sum(ONE_EACH) - 2 * XOR_RIDGE**2
    problem = {"width": 2, "ridge": str(XOR_RIDGE), "hidden_bias": "none"}
    found = enumerate_minima(Problem.from_arrays([1, -1], list(ONE_EACH), **problem))
    return {
        "xor": of_xor,
        "nile": of_nile,
        "apart": f"{float(apart):g}",
        "is_apart": float(found[0].loss) == float(apart),
    }


def of_xor(read: Callable[[str], Document]) -> Values:
    """Return what the lists of XOR say, by the names of their files."""
    names = [(phi, bias) for phi in ("relu", "leaky", "abs") for bias in ("ridge", "none")]
    lists = {f"{phi}-{bias}": read(f"{phi}-{bias}.json")["components"] for phi, bias in names}
    losses = {name: float(found[0]["loss"]) for name, found in lists.items()}
    even, rows = losses["abs-none"], []
    for name, found in lists.items():
        ends = (short_number(component["loss"]) for component in (found[0], found[-1]))
        flag = "the best one" if found[0]["global_at_every_width"] else "none"
        rows.append([*name.split("-"), len(found), *ends, flag])
    titles = (
        "units",
        "hidden bias",
        "components",
        "best loss",
        "worst loss",
        "global at every width",
    )
    return {
        "table": tabulate(rows, titles, tablefmt="pipe", disable_numparse=True),
        "others_are_worse": all(v > 2 * even for k, v in losses.items() if k[:3] != "abs")
        and lists["abs-none"][0]["global_at_every_width"],
        "copies": lists["abs-none"][0]["orbit_size"],
        "usual": lists["relu-none"][0]["orbit_size"],
        "bias_helps": losses["relu-none"] > losses["relu-ridge"]
        and losses["leaky-none"] > losses["leaky-ridge"],
        "bias_is_idle": losses["abs-none"] == losses["abs-ridge"],
    }


def of_nile(read: Callable[[str], Document]) -> Values:
    """Return what the lists of the Nile say, by the names of their files."""
    lists = {
        (part, width): read(f"{part}-{width}.json") for part in ("none", "free") for width in (1, 2)
    }
    rows = [
        [
            width,
            part,
            f"{document['enumeration']['supports_examined']:,}",
            len(document["components"]),
            short_number(document["components"][0]["loss"], 7),
            {True: "yes", False: "no"}[document["components"][0]["global_at_every_width"]],
        ]
        for (part, width), document in lists.items()
    ]
    titles = ("units", "linear part", "supports", "components", "best loss", "at every width")
    slope = lists["free", 1]["components"][0]
    pair = next(c for c in lists["none", 2]["components"] if c["loss"] == slope["loss"])
    return {
        "table": tabulate(rows, titles, tablefmt="pipe", disable_numparse=True),
        "before": len(lists["none", 2]["components"]),
        "after": len(lists["free", 2]["components"]),
        "copies": lists["free", 2]["components"][0]["orbit_size"],
        "usual": lists["none", 2]["components"][0]["orbit_size"],
        "year": _kinks(slope)[0],
        "same_year": _kinks(slope) == _kinks(lists["none", 1]["components"][0]),
        "loss": short_number(slope["loss"], 7),
        "is_pair": _kinks(pair) == _kinks(slope) * 2,
    }


def _kinks(component: Document) -> list[int]:
    """Return the years of kinks of the Nile, whose inputs are half centuries from 1920."""
    _, slopes, offsets = parameters(component, 1)
    return [round(1920 - 50 * float(c / b)) for (b,), c in zip(slopes, offsets, strict=True)]


PAGES: Mapping[str, Callable[[], Values]] = {
    "README.md": readme,
    "docs/tutorial.md": tutorial,
    "docs/reading.md": reading,
    "docs/faq.md": faq,
    "docs/variants.md": variants,
}
"""Every page, with what its template may name."""


def write(page: str, root: Path) -> None:
    """Write a page, and the figures that it shows to docs/images, below a folder."""
    images = root / "docs/images"
    images.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        text = render(f"{Path(page).name}.j2", Desk(Path(folder), images), PAGES[page]())
    write_text(root / page, text)


def main() -> None:
    """Write all pages."""
    for page in PAGES:
        write(page, ROOT)


if __name__ == "__main__":
    main()
