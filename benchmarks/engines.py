"""Time the enumeration of the reference instance, side by side in one run.

Usage: `./run -- python benchmarks/engines.py [--repeat 3] [--widths 1 2 3]`. Prints a Markdown
table: the median time of each backend, and its ratio to `auto` on the same instance in this run.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial

from reluenum import Problem, enumerate_minima
from reluenum.datasets import reference_data
from reluenum.groebner import BACKENDS
from reluenum.problem import parse_ridge

SLOW = {"sympy": 2}
"""Largest width that a backend is asked for."""


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
    print("| width | supports | backend | median s | ratio to auto | components |")
    print("|---|---|---|---|---|---|")
    for width in options.widths:
        problem = Problem(inputs, targets, width, parse_ridge(options.ridge))
        found = enumerate_minima(problem)
        baseline = None
        for backend in ("auto", *BACKENDS):
            if width > SLOW.get(backend, width):
                continue
            seconds = median_seconds(partial(enumerate_minima, problem, backend), options.repeat)
            baseline = baseline or seconds
            print(
                f"| {width} | {found.counts.supports_examined} | {backend} | {seconds:.2f} "
                f"| {seconds / baseline:.1f} | {len(found.components)} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
