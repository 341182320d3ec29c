"""Deep networks held against practice: how many minima, and how many runs collapse.

Usage: `./run -- python -m benchmarks.deep [--jobs 2] [--only PART]`. For each instance every local
minimum is listed, and Adam starts at random; every end point is explained, each listed minimum
is perturbed, and the network below each rejected point is evaluated exactly
(`reluenum.optimisers`: `deep_explain`, `perturbations`). Writes `docs/data/deep.csv`,
a row for each instance, and `docs/data/deep_minima.csv`, a row for each minimum; docs/deep.md shows
them. Rows of other instances stay.
"""

import argparse
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pebble import ProcessPool
from tqdm import tqdm

from reluenum import Landscape, Problem, enumerate_minima
from reluenum.datasets.families import random_data, reference_data
from reluenum.documents.files import write_text
from reluenum.landscape.deep import DeepPoint
from reluenum.optimisers.perturbations import ExactNetwork, lower_neighbours
from reluenum.optimisers.studies.runs import Descents, descents
from reluenum.problem import parse_ridge

OUTPUT = Path(__file__).parent.parent / "docs/data"

NEIGHBOURS = 10_000
"""Perturbations of each listed minimum."""


@dataclass(frozen=True)
class DeepInstance:
    """Data, widths and a ridge, and how many runs to make.

    Parameters
    ----------
    part : str
        Of the page: `shapes`, `one layer` or `sweep`.
    hidden : tuple of int
    n : int
        Number of data points: the first ones of the reference and random ones after them, or
        random ones.
    ridge : str
    seed : int
        0 stands for the reference data.
    d : int
    starts, steps : int
        Of Adam.
    engine : str
    """

    part: str
    hidden: tuple[int, ...]
    n: int
    ridge: str = "1/100"
    seed: int = 0
    d: int = 1
    starts: int = 2000
    steps: int = 10_000
    engine: str = "groebner"

    @property
    def problem(self) -> Problem:
        """The problem."""
        known = ((), ()) if self.seed else tuple(part[: self.n] for part in reference_data())
        missing = self.n - len(known[1])
        if missing:
            drawn = random_data(missing, self.d, self.seed or 1)
            known = tuple((*some, *more) for some, more in zip(known, drawn, strict=True))
        return Problem(*known, self.hidden, parse_ridge(self.ridge))

    @property
    def key(self) -> tuple[Any, ...]:
        """What tells instances apart in the table."""
        widths = ", ".join(map(str, self.hidden))
        return (self.part, widths, self.n, self.d, self.seed, self.ridge)


SHAPES = (
    DeepInstance("shapes", (1, 1), 5),
    DeepInstance("shapes", (1, 1), 5, "1/10"),
    DeepInstance("shapes", (2, 1), 3),
    DeepInstance("shapes", (2, 1), 4),
    DeepInstance("shapes", (2, 1), 5, engine="certified"),
    DeepInstance("shapes", (1, 2), 3),
    DeepInstance("shapes", (1, 1, 1), 3),
    DeepInstance("shapes", (1, 1, 1), 4),
    DeepInstance("shapes", (1, 1, 1), 5),
    DeepInstance("shapes", (1, 1), 6, seed=1),
    DeepInstance("shapes", (1, 1), 5, seed=1, d=2),
    DeepInstance("shapes", (2, 1), 4, seed=1),
)
"""The shapes of the page, with many starts."""

WIDE = tuple(
    DeepInstance("one layer", (width,), 5, starts=300, engine="certified") for width in (2, 3)
)
"""Networks with one hidden layer and about as many parameters."""

SWEEP = tuple(
    DeepInstance("sweep", (1,) * depth, n, ridge, seed, starts=300, steps=4000)
    for n, seeds in ((3, (0, 1, 2)), (4, (0, 1, 2)), (5, (0,)))
    for seed in seeds
    for ridge in ("1/100", "1/10", "1/2")
    for depth in (1, 2, 3)
)
"""Chains of width one against depth, size and ridge, on the reference and on random data."""


Row = dict[str, Any]


def measured(instance: DeepInstance) -> tuple[Row, list[Row]]:
    """Return the row of an instance, and those of its minima."""
    problem, keys = instance.problem, dict(zip(KEYS, instance.key, strict=True))
    before = os.times()
    minima = enumerate_minima(problem, engine=instance.engine)
    seconds = sum(os.times()[:4]) - sum(before[:4])
    document = minima.document
    runs = descents(document, Descents(("adam",), instance.starts, 1, instance.steps))
    (summary,) = runs["optimisers"]
    ends = Counter(run["component"] for run in runs["runs"] if run["kind"] == "minimum")
    components = document["components"]
    listed = [
        {
            **keys,
            "number": number,
            "loss": component["loss"],
            "dimension": component["dimension"],
            "support": record["support"],
            "collapse": _collapse(component),
            "kinks": _kinks(component),
            "lower_neighbours": _lower(problem, component),
            "runs": ends[number],
        }
        for number, (component, record) in enumerate(
            zip(components, runs["components"], strict=True), start=1
        )
    ]
    row = {
        **keys,
        "completeness": document["completeness"],
        "complete": document["complete"],
        "components": len(components),
        **_stationary(minima),
        "cpu_seconds": f"{seconds:.2g}",
        "starts": instance.starts,
        **{kind.replace(" ", "_"): count for kind, count in summary["kinds"].items()},
        "found": len(ends),
        "global": ends[1],
        **_collapsed(runs),
    }
    return row, listed


KEYS = ("part", "hidden", "n", "d", "seed", "ridge")
"""Columns that tell rows apart."""


def _collapse(component: Mapping[str, Any]) -> str:
    """Return whether a component is the zero network, or constant; else an empty text."""
    layers = component.get("layers") or [component["strata"][0]["support"]]
    if not layers[-1]:
        return "zero"
    return "" if layers[0] else "constant"


def _kinks(component: Mapping[str, Any]) -> str:
    """Return the layers that have a kink at a data point."""
    layers = component.get("layers", [])
    kinked = (any("0" in unit["signs"] for unit in layer) for layer in layers)
    return " ".join(str(k) for k, found in enumerate(kinked, start=1) if found)


def _lower(problem: Problem, component: Mapping[str, Any]) -> int | None:
    """Return how many perturbations of a minimum lower the loss; None with one layer."""
    if not problem.upper:
        return None
    network = ExactNetwork.of_record(problem, component["representative"])
    return lower_neighbours(network, NEIGHBOURS, np.random.default_rng(0))


def _stationary(minima: Landscape) -> Row:
    """Return the lowest saddle that is above the zero network, and the size of the list."""
    if not minima.problem.upper:
        counts = {"strata": minima.counts.supports_examined}
        return {**counts, **dict.fromkeys(("stationary", "pass", "rejected", "descended"))}
    scale, energy = minima.problem.loss_scale, minima.problem.energy
    zero = float(scale * energy)
    rejected = [point for point in minima.points if point.is_minimum is False]
    losses = [float(point.loss) for point in rejected]
    above = [loss for loss in losses if loss > zero]
    return {
        "strata": minima.counts.strata_examined,
        "stationary": minima.tally.stationary,
        "pass": min(above, default=zero) - zero if above else None,
        "rejected": len(rejected),
        "descended": sum(_has_descent(minima.problem, point) for point in rejected),
    }


def _has_descent(problem: Problem, point: DeepPoint) -> bool:
    """Return whether the network that shows a point to be no minimum is lower, exactly."""
    if point.descent is None:
        return False
    below = ExactNetwork.of_record(problem, point.descent).loss * problem.loss_scale
    return (point.loss - below).sign() > 0


def _collapsed(runs: Mapping[str, Any]) -> dict[str, int]:
    """Return how many runs rest at the zero network, or at a constant one."""
    (summary,) = runs["optimisers"]
    if "collapsed" in summary:
        zero, constant = summary["collapsed"].values()
        return {"zero": zero, "constant": constant}
    zeros = {k for k, c in enumerate(runs["components"], 1) if c["support"] == "zero network"}
    saddles = {s["number"] for s in runs["saddles"] if not s["support"]}
    resting = (
        run["component"] in zeros if run["kind"] == "minimum" else run["saddle"] in saddles
        for run in runs["runs"]
        if run["kind"] in ("minimum", "saddle")
    )
    return {"zero": sum(resting), "constant": 0}


def put(rows: Sequence[Row], path: Path, keys: Sequence[str]) -> None:
    """Put rows into a table; those of the same instances are replaced."""
    new = pd.DataFrame(rows)
    if path.exists():
        known = pd.read_csv(path, dtype=str)
        again = set(map(tuple, new[list(keys)].astype(str).to_numpy()))
        old = [tuple(row) not in again for row in known[list(keys)].to_numpy()]
        new = pd.concat([known[old], new.astype(object)])
    write_text(path, new.to_csv(index=False, lineterminator="\n"))


def main() -> None:
    """Measure, and put the rows in the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", choices=("shapes", "one layer", "sweep"))
    parser.add_argument("--output", type=Path, default=OUTPUT, help="a folder")
    options = parser.parse_args()
    chosen = [i for i in (*SHAPES, *WIDE, *SWEEP) if options.only in (None, i.part)]
    with ProcessPool(max_workers=options.jobs) as pool:
        found = pool.map(measured, chosen).result()
        for row, listed in tqdm(found, total=len(chosen), disable=None):
            put([row], options.output / "deep.csv", KEYS)
            put(listed, options.output / "deep_minima.csv", KEYS)


if __name__ == "__main__":
    np.seterr(all="ignore")
    main()
