"""Time the enumeration of the reference instance, side by side in one run.

Usage: `./run -- python benchmarks/engines.py [--repeat 3] [--widths 1 2 3]`. Prints a Markdown
table: the median time of each formulation and backend, its ratio to reduced `auto` and, for the
eliminated formulation, to the reduced one by the same backend, all measured in this run.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from itertools import product

from reluenum import Problem, enumerate_minima
from reluenum.datasets import reference_data
from reluenum.formulations import FORMULATIONS
from reluenum.groebner import BACKENDS
from reluenum.problem import parse_ridge

SLOW = {
    ("reduced", "sympy"): 2,
    ("eliminated", "sympy"): 1,
    ("eliminated", "flint"): 1,
}
"""Largest width that a formulation and a backend are asked for."""


def median_seconds(work: Callable[[], object], repeat: int) -> float:
    """Return the median wall time of some calls."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--widths", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--ridge", default="1/100")
    options = parser.parse_args()
    inputs, targets = reference_data()
    print("| width | supports | formulation | backend | median s | to auto | to reduced |")
    print("|---|---|---|---|---|---|---|")
    for width in options.widths:
        problem = Problem(inputs, targets, width, parse_ridge(options.ridge))
        supports = enumerate_minima(problem).counts.supports_examined
        taken: dict[tuple[str, str], float] = {}
        for key in product(FORMULATIONS, ("auto", *BACKENDS)):
            if width > SLOW.get(key, width):
                continue
            formulation, backend = key
            work = partial(enumerate_minima, problem, backend, formulation=formulation)
            taken[key] = seconds = median_seconds(work, options.repeat)
            to_auto = seconds / taken["reduced", "auto"]
            to_reduced = seconds / taken["reduced", backend]
            print(
                f"| {width} | {supports} | {formulation} | {backend} | {seconds:.2f} "
                f"| {to_auto:.1f} | {to_reduced:.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
