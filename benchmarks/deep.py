"""Deep networks held against practice: how many minima, and how many runs collapse.

Usage: `./run -- python -m benchmarks.deep [--jobs 2] [--only PART]`. For each instance every local
minimum is listed, by the certified engine where there is one, and Adam starts at random; every end
point is explained (`reluenum.optimisers.deep_explain`). Each listed minimum is perturbed, too.
Writes `docs/data/deep.csv`, which `docs/deep.md` shows; rows of other instances stay.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pebble import ProcessPool

from reluenum import Problem, enumerate_minima
from reluenum.datasets.families import random_data, reference_data
from reluenum.documents.files import write_text
from reluenum.optimisers.perturbations import ExactNetwork, lower_neighbours
from reluenum.optimisers.runs import Descents, descents
from reluenum.problem import parse_ridge

OUTPUT = Path(__file__).parent.parent / "docs/data/deep.csv"

NEIGHBOURS = 10_000
"""Perturbations of each listed minimum."""


@dataclass(frozen=True)
class DeepInstance:
    """Data, widths and a ridge, and how many runs to make.

    Parameters
    ----------
    part : str
        Of the page: `shapes` or `sweep`.
    hidden : tuple of int
    n : int
        Number of data points: the first ones of the reference, or random ones.
    ridge : str
    seed : int
        0 stands for the reference data.
    d : int
    starts : int
    """

    part: str
    hidden: tuple[int, ...]
    n: int
    ridge: str = "1/100"
    seed: int = 0
    d: int = 1
    starts: int = 2000

    @property
    def problem(self) -> Problem:
        """The problem."""
        if self.seed:
            inputs, targets = random_data(self.n, self.d, self.seed)
        else:
            inputs, targets = (part[: self.n] for part in reference_data())
        return Problem(inputs, targets, self.hidden, parse_ridge(self.ridge))

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
    DeepInstance("shapes", (2, 1), 5),
    DeepInstance("shapes", (1, 2), 3),
    DeepInstance("shapes", (1, 1, 1), 3),
    DeepInstance("shapes", (1, 1, 1), 4),
    DeepInstance("shapes", (1, 1, 1), 5),
    DeepInstance("shapes", (1, 1), 6, seed=1),
    DeepInstance("shapes", (1, 1), 5, seed=1, d=2),
    DeepInstance("shapes", (2, 1), 4, seed=1),
)
"""The shapes of the page, with many starts."""

SWEEP = tuple(
    DeepInstance("sweep", (1,) * depth, n, ridge, seed, 1, 500)
    for n in (3, 4, 5)
    for seed in (0, 1, 2, 3)
    for ridge in ("1/100", "1/10", "1/2")
    for depth in (1, 2, 3)
)
"""Chains of width one against depth, size and ridge, on the reference and on random data."""


def measured(instance: DeepInstance) -> dict[str, Any]:
    """Return the row of an instance."""
    problem = instance.problem
    minima = enumerate_minima(problem, engine="certified")
    document = minima.document
    runs = descents(document, Descents(("adam",), instance.starts, 1))
    (summary,) = runs["optimisers"]
    ends = [run["component"] for run in runs["runs"] if run["kind"] == "minimum"]
    components = document["components"]
    dead = [_collapse(component) for component in components]
    return {
        **dict(zip(KEYS, instance.key, strict=True)),
        "completeness": document["completeness"],
        "complete": document["complete"],
        "components": len(components),
        "isolated": sum(c["dimension"] == 0 for c in components),
        "kinked_everywhere": sum(all(c.get("boundary_by_layer", [False])) for c in components),
        "zero_listed": dead.count("zero"),
        "constant_listed": dead.count("constant"),
        "best": components[0]["loss"],
        "perturbed": sum(_survives(problem, component) for component in components),
        "starts": instance.starts,
        **{kind.replace(" ", "_"): count for kind, count in summary["kinds"].items()},
        "found": len(set(ends)),
        "global": ends.count(1),
        **_collapsed(runs),
    }


KEYS = ("part", "hidden", "n", "d", "seed", "ridge")
"""Columns that tell rows apart."""


def _collapse(component: Mapping[str, Any]) -> str:
    """Return whether a component is the zero network, or constant; else an empty text."""
    layers = component.get("layers") or [component["strata"][0]["support"]]
    if not layers[-1]:
        return "zero"
    return "" if layers[0] else "constant"


def _survives(problem: Problem, component: Mapping[str, Any]) -> bool:
    """Whether no perturbation of a minimum lowers the loss; those of one layer are not tried."""
    if not problem.upper:
        return True
    network = ExactNetwork.of_record(problem, component["representative"])
    return lower_neighbours(network, NEIGHBOURS, np.random.default_rng(0)) == 0


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


def rows(instances: Sequence[DeepInstance], jobs: int) -> Iterator[dict[str, Any]]:
    """Yield the rows of some instances, several processes at a time."""
    with ProcessPool(max_workers=jobs) as pool:
        yield from pool.map(measured, instances).result()


def main() -> None:
    """Measure, and put the rows in the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", choices=("shapes", "sweep"))
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args()
    chosen = [i for i in (*SHAPES, *SWEEP) if options.only in (None, i.part)]
    known = pd.read_csv(options.output) if options.output.exists() else pd.DataFrame(columns=KEYS)
    for row in rows(chosen, options.jobs):
        print(row, flush=True)
        known = pd.concat([known, pd.DataFrame([row])]).drop_duplicates(list(KEYS), keep="last")
        write_text(options.output, known.to_csv(index=False, lineterminator="\n"))


if __name__ == "__main__":
    np.seterr(all="ignore")
    main()
