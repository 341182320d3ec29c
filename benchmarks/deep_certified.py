"""Certified lists of deep networks: seconds to make them, and to prove them once more.

Usage: `./run -- python -m benchmarks.deep_certified [--jobs 2] [--only 2,1]`. Writes
docs/data/deep_certified.csv, a row for each shape on the first points of the reference (beyond
five, random points follow): CPU seconds to find the list and to check it, of all processes;
`reluenum minima` does both. Rows of other instances stay.
"""

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tqdm import tqdm

from benchmarks.deep import KEYS, OUTPUT, DeepInstance, Row, put
from reluenum.documents.minima import minima_document
from reluenum.engines.checked import certified_layers, refusal
from reluenum.groebner.backends import Settings

SHAPES = tuple(
    DeepInstance("certified", hidden, n)
    for hidden, sizes in (
        ((1, 1), (5,)),
        ((1, 2), (3, 4, 5)),
        ((1, 1, 1), (3, 4, 5)),
        ((2, 1), (3, 4, 5, 10)),
        ((3, 1), (8,)),
    )
    for n in sizes
)
"""Widths and numbers of points, at the ridge 1/100."""

Answer = TypeVar("Answer")


def timed(question: Callable[[], Answer]) -> tuple[Answer, float]:
    """Return an answer, and the CPU seconds that it took, those of ended processes included.

    Examples
    --------
    >>> answer, seconds = timed(lambda: 2 + 2)
    >>> answer, seconds < 1
    (4, True)
    """
    before = os.times()
    answer = question()
    return answer, sum(os.times()[:4]) - sum(before[:4])


def measured(instance: DeepInstance, jobs: int) -> Row:
    """Return the row of an instance."""
    problem = instance.problem
    found, seconds = timed(
        lambda: certified_layers(problem).landscape(problem, Settings(jobs=jobs))
    )
    document = minima_document(found)
    refused, check_seconds = timed(lambda: refusal(document, jobs))
    return {
        **dict(zip(KEYS, instance.key, strict=True)),
        "strata": found.counts.strata_examined,
        "components": len(document["components"]),
        "complete": found.is_complete,
        "refused": refused,
        "cpu_seconds": f"{seconds:.3g}",
        "check_seconds": f"{check_seconds:.3g}",
    }


def main() -> None:
    """Measure one instance after the other, and put the rows in the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", help="widths, from the inputs to the output")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="a folder")
    options = parser.parse_args()
    chosen = [i for i in SHAPES if options.only in (None, ",".join(map(str, i.hidden)))]
    for instance in tqdm(chosen, disable=None):
        put([measured(instance, options.jobs)], options.output / "deep_certified.csv", KEYS)


if __name__ == "__main__":
    main()
