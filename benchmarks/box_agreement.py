"""Lists by boxes of directions held against those of the certified engine, on small instances.

Usage: `./run -- python -m benchmarks.box_agreement [--instances 200] [--seed 1]`. So many instances
at random positions, as many at special ones, and the reference data at all ridges and widths: both
engines list the minima, their documents are compared number by number, and the checker follows the
tree of boxes. Prints what is not settled on an instance, with its data, and what all come to;
writes docs/data/box_agreement.csv, which docs/benchmarks.md shows; rows of other instances stay.
The exit code is 1 if the engines contradict each other. With `--noise N L` there is one instance
instead, as large as the certified engine can do: N random points on a line and L units, at the
ridge 1/100.
"""

import argparse
import random
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from io import StringIO
from itertools import product
from math import isqrt
from pathlib import Path
from typing import Any

import pandas as pd
from flint import fmpq

from benchmarks.deep import put
from benchmarks.findings import (
    Finding,
    Kind,
    contradicted,
    differing,
    gone_through,
    left_open,
    outcome,
)
from reluenum import Problem
from reluenum.datasets.families import random_data, reference_data
from reluenum.documents.minima import minima_document
from reluenum.engines.certified.prove import CertifiedEngine
from reluenum.engines.checked import CheckedSearch, refusal
from reluenum.engines.cones.route import DirectionEngine
from reluenum.errors import InputError
from reluenum.problem import parse_ridge

OUTPUT = Path(__file__).parents[1] / "docs/data/box_agreement.csv"

RIDGES = ("1/1000", "1/100", "1/10", "1/2", "1", "2")

LARGEST = {
    **{(1, 1): 12, (1, 2): 12, (1, 3): 9},
    **{(2, 1): 8, (2, 2): 8, (2, 3): 5},
    **{(3, 1): 6, (3, 2): 6, (3, 3): 4},
}
"""Points for a dimension and a width."""

ROUTE = ("completeness", "decided_by", "certificate")
"""The records of a document that say how it was found."""

ONLY_HERE = ("boxes", "leaves", "stationary", "supports", "supports_examined")
"""Counts that one of the engines has, or calls by a name of its own."""

Points = tuple[list[list[fmpq]], list[fmpq]]
"""Inputs and targets."""


def scattered(draw: random.Random, n: int, d: int, denominator: int = 100) -> Points:
    """Return random points."""
    inputs, targets = random_data(n, d, draw.randrange(10**6), denominator)
    return [list(row) for row in inputs], list(targets)


def whole(draw: random.Random, n: int, d: int) -> Points:
    """Return whole numbers up to 3, some inputs among them more than once."""
    inputs, targets = scattered(draw, n, d, 3)
    return [[3 * x for x in row] for row in inputs], [3 * y for y in targets]


def repeated(draw: random.Random, n: int, d: int) -> Points:
    """Return random points of which some have the input of another one."""
    inputs, targets = scattered(draw, n, d)
    kept = max(d + 1, n // 2)
    return [*inputs[:kept], *(draw.choice(inputs[:kept]) for _ in inputs[kept:])], targets


def mirrored(draw: random.Random, n: int, d: int) -> Points:
    """Return data that some reflection of coordinates maps to themselves, or to those with -y."""
    inputs, targets = scattered(draw, n, d, draw.choice((4, 100)))
    side, turned = draw.choice((1, -1)), draw.randint(1, d)
    for i in range(n // 2):
        inputs[-1 - i] = [-x if k < turned else x for k, x in enumerate(inputs[i])]
        targets[-1 - i] = targets[i] * side
    return inputs, targets


def level(draw: random.Random, n: int, d: int) -> Points:
    """Return random inputs with one target, or with two."""
    inputs, _ = scattered(draw, n, d, draw.choice((3, 100)))
    values = draw.choice(([fmpq(1)], [fmpq(0)], [fmpq(0), fmpq(1)], [fmpq(-1), fmpq(1)]))
    return inputs, [draw.choice(values) for _ in inputs]


def lattice(draw: random.Random, n: int, d: int) -> Points:
    """Return points of a regular grid, in an order by chance."""
    side = n if d == 1 else 3 if n > 2**d else 2
    cells = draw.sample(range(side**d), min(n, side**d))
    inputs = [[fmpq(cell // side**k % side) for k in range(d)] for cell in cells]
    return inputs, [fmpq(draw.randint(-2, 2)) for _ in inputs]


def collinear(draw: random.Random, n: int, d: int) -> Points:
    """Return inputs on a line, but for as many as it takes to span the space."""
    inputs, targets = scattered(draw, n, d, draw.choice((3, 100)))
    slopes = [fmpq(draw.randint(-2, 2)) for _ in range(d)]
    for row in inputs[: n - d + 1]:
        row[1:] = [slope * row[0] + 1 for slope in slopes[1:]]
    return inputs, targets


PYTHAGOREAN = (fmpq(0), fmpq(3, 4), fmpq(-3, 4), fmpq(4, 3), fmpq(-4, 3), fmpq(5, 12), fmpq(-5, 12))
"""Inputs x for which |(x, 1)| is rational."""


def tied(draw: random.Random, n: int, d: int) -> Points:
    """Return inputs at which units of length one are rational, and whole targets; d is 1."""
    chosen = draw.sample(PYTHAGOREAN, min(n, len(PYTHAGOREAN)))
    return [[x] for x in chosen], [fmpq(draw.randint(-2, 2)) for _ in chosen]


def transitions(points: Points) -> list[fmpq]:
    """Return the ridges at which a unit that is 0 on an input begins to pay, without a bias."""
    inputs, targets = points
    found = set()
    for (at,), turn in product(inputs, (1, -1)):
        square = 1 + at * at
        length = fmpq(isqrt(int(square.p)), isqrt(int(square.q)))
        heights = [max(turn * (x - at), fmpq(0)) / length for (x,) in inputs]
        found.add(abs(sum((h * y for h, y in zip(heights, targets, strict=True)), fmpq(0))))
    return sorted(ridge for ridge in found if ridge > 0)


POSITIONS: Mapping[str, Callable[[random.Random, int, int], Points]] = {
    "whole": whole,
    "repeated": repeated,
    "mirrored": mirrored,
    "level": level,
    "lattice": lattice,
    "collinear": collinear,
    "tied": tied,
}
"""Special ones; the last one on a line only, that before it only elsewhere."""


def drawn_problem(seed: int, special: bool) -> tuple[str, Problem]:
    """Return the position of a random problem with rational data, and the problem.

    Examples
    --------
    >>> drawn_problem(3, True) == drawn_problem(3, True)
    True
    """
    draw, d, width = random.Random(f"{seed} {special}"), 1 + seed % 3, 1 + seed // 3 % 3
    some = [name for name in POSITIONS if name != ("collinear" if d == 1 else "tied")]
    position = draw.choice(some) if special else "scattered"
    while True:
        n = draw.randint(d + (d > 1) + (d < 3), LARGEST[d, width])
        points = POSITIONS.get(position, scattered)(draw, n, d)
        loss, bias = draw.choice(("sum", "mean")), draw.choice(("none", "free", "ridge"))
        ridge = parse_ridge(draw.choice(RIDGES))
        if position == "tied" and (ridges := transitions(points)):
            ridge, loss, bias = draw.choice(ridges), "sum", "none"
        problem = Problem.from_text(*points, width, ridge, loss=loss, output_bias=bias)
        with suppress(InputError):  # inputs that span less are drawn again
            DirectionEngine().refuse_astronomical(problem)
            return position, problem


def problems(seeds: Sequence[int]) -> dict[str, Problem]:
    """Return problems by position and seed."""
    found = {}
    for special, seed in product((False, True), seeds):
        position, problem = drawn_problem(seed, special)
        found[f"{position} {seed}"] = problem
    for width, ridge in product((1, 2, 3), ("3/10", "1/10", "1/100")):
        name = f"reference {width} {ridge}"
        found[name] = Problem(*reference_data(), width, parse_ridge(ridge))
    return found


def noise(size: int, width: int) -> Problem:
    """Return random data on a line, as `benchmarks.boxes` has them."""
    return Problem(*random_data(size, 1, 1, 100_000), width, parse_ridge("1/100"))


def findings(problem: Problem) -> list[Finding]:
    """List the minima of a problem by both engines, and say what is not settled."""
    ways = {"branch": CheckedSearch(DirectionEngine()), "certified": CertifiedEngine()}
    landscapes = {name: engine.landscape(problem) for name, engine in ways.items()}
    found = [left for name, one in landscapes.items() for left in left_open(name, one.undecided)]
    documents = [minima_document(one) for one in landscapes.values() if one.is_complete]
    found += differing([in_both(document) for document in documents], ROUTE)
    if landscapes["branch"].is_complete and (refused := refusal(documents[0])):
        found.append(Finding(Kind.REFUSED, f"verify: {refused}"))
    return found


def in_both(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document with the counts that both engines have, under one name."""
    counts = document["enumeration"]
    supports = counts.get("supports", counts.get("supports_examined"))
    shared = {key: count for key, count in counts.items() if key not in ONLY_HERE}
    return {**document, "enumeration": shared | {"supports": supports}}


def table(instances: Mapping[str, Problem], found: Mapping[str, Sequence[Finding]]) -> str:
    """Return how many instances came to what, as CSV, with the names of unsettled ones."""
    rows = []
    for name, problem in instances.items():
        position = name.partition(" ")[0]
        kinds = outcome(found[name])
        rows.append(
            {
                "position": position,
                "d": problem.dimension,
                "width": problem.width,
                "instances": 1,
                **{kind: int(kind in kinds) for kind in ("settled", *KINDS)},
                "not_settled": "" if "settled" in kinds else name,
            }
        )
    grouped = pd.DataFrame(rows).groupby(["position", "d", "width"], sort=True)
    told = grouped.sum(numeric_only=True)
    told["not_settled"] = grouped["not_settled"].agg(lambda names: "; ".join(filter(None, names)))
    return told.reset_index().to_csv(index=False)


KINDS = (Kind.UNDECIDED, Kind.UNFINISHED, Kind.REFUSED, Kind.DIFFERENT, Kind.FAILED)
"""Columns of the table."""


def main() -> int:
    """Go through all instances, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--instances", type=int, default=200, help="at either kind of positions")
    parser.add_argument("--seed", type=int, default=1, help="the first one")
    parser.add_argument("--seconds", type=float, default=600, help="limit of an instance")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    parser.add_argument("--noise", type=int, nargs=2, metavar=("N", "L"), help="one instance")
    options = parser.parse_args()
    if options.noise:
        instances = {"noise {} {}".format(*options.noise): noise(*options.noise)}
    else:
        instances = problems(range(options.seed, options.seed + options.instances))
    found = gone_through(instances, findings, options.seconds)
    rows = pd.read_csv(StringIO(table(instances, found)), dtype=str, keep_default_na=False)
    put(rows.to_dict("records"), options.output, ("position", "d", "width"))
    return int(contradicted(found))


if __name__ == "__main__":
    sys.exit(main())
