"""How many random starts multistart needs until it has found every minimum, if ever.

Usage: `./run -- python -m benchmarks.completeness [--starts 100000] [--jobs 2]`. For each instance
the list is proved, then networks start at random, many more than anybody would use, and what they
find is compared with the list. Writes `docs/data/completeness.json`, which `docs/practice.md`
shows. About ten minutes on two cores.
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pebble import ProcessPool
from tqdm import tqdm

from reluenum import Problem, enumerate_minima
from reluenum.datasets.families import random_data, reference_data
from reluenum.documents.files import write_text
from reluenum.documents.results import to_json
from reluenum.optimisers import LBFGS, Adam, Optimiser
from reluenum.optimisers.studies.multistart import Discovery, discover
from reluenum.problem import parse_ridge

OUTPUT = Path(__file__).parent.parent / "docs/data/completeness.json"

STAGES = (100, 1_000, 10_000, 100_000)
"""Numbers of starts after which is counted."""

METHODS: Mapping[str, tuple[Optimiser, int]] = {
    "adam": (Adam(500), STAGES[-1]),
    "lbfgs": (LBFGS(1000), STAGES[1]),
}
"""Optimisers and their largest numbers of starts; L-BFGS takes one start at a time."""


@dataclass(frozen=True)
class Instance:
    """Data of a size, a width and a ridge.

    Parameters
    ----------
    n, d : int
        0 stands for the reference data.
    width : int
    ridge : str
    seed : int
    """

    n: int
    d: int
    width: int
    ridge: str = "1/100"
    seed: int = 1

    @property
    def name(self) -> str:
        """What the table calls it."""
        data = f"random, n = {self.n}, d = {self.d}" if self.n else "reference, n = 5, d = 1"
        return f"{data}, L = {self.width}"

    @property
    def problem(self) -> Problem:
        """The problem."""
        data = random_data(self.n, self.d, self.seed) if self.n else reference_data()
        return Problem(*data, self.width, parse_ridge(self.ridge))


INSTANCES = (
    Instance(0, 1, 2),
    Instance(0, 1, 3),
    Instance(10, 1, 2),
    Instance(20, 1, 2),
    Instance(7, 1, 3),
    Instance(10, 1, 3),
    Instance(6, 2, 2),
    Instance(5, 2, 3),
)


def studied(instance: Instance, name: str, starts: int) -> dict[str, Any]:
    """Return what one optimiser finds on one instance."""
    minima = enumerate_minima(instance.problem, engine="certified").document
    method, most = METHODS[name]
    found = discover(minima, method, min(most, starts))
    return {
        "instance": instance.name,
        "ridge": instance.ridge,
        "optimiser": name,
        "components": found.components,
        "starts": len(found.reached),
        "stages": [_stage(found, count) for count in STAGES if count <= len(found.reached)],
        "complete_after": int(found.first.max()) if (found.first > 0).all() else None,
        "at_none": float((found.reached == 0).mean()),
        "never_found": _never_found(minima["components"], found),
    }


def _stage(found: Discovery, starts: int) -> dict[str, Any]:
    return {
        "starts": starts,
        "found": found.found(starts),
        "estimate": round(found.estimate(starts), 1),
    }


def _never_found(components: list[Mapping[str, Any]], found: Discovery) -> dict[str, int]:
    """Return how many components no start reached, and how many of them have which property."""
    missed = [c for c, first in zip(components, found.first, strict=True) if first == 0]
    return {
        "components": len(missed),
        "on_boundary": sum(c["on_boundary"] for c in missed),
        "isolated": sum(c["dimension"] == 0 for c in missed),
        "global": sum(bool(c["global_at_width"]) for c in missed),
    }


def main() -> None:
    """Run the study and write what it found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--starts", type=int, default=STAGES[-1])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args()
    tasks = [(instance, name, options.starts) for instance in INSTANCES for name in METHODS]
    with ProcessPool(options.jobs) as pool:
        futures = [pool.schedule(studied, args=task) for task in tasks]
        rows = [future.result() for future in tqdm(futures, unit="run")]
    write_text(options.output, to_json({"stages": list(STAGES), "rows": rows}))


if __name__ == "__main__":
    np.seterr(all="ignore")
    main()
