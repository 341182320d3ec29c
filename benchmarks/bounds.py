"""How low the loss of networks with two hidden layers can be, on the reference: a few minutes.

Usage: `./run -- python -m benchmarks.bounds`. Writes docs/data/bounds.csv, a row for each shape:
both bounds, and the CPU seconds to find and to check them.
"""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from flint import fmpq
from tqdm import tqdm

from reluenum import Problem
from reluenum.convex.deep.bounds import bound_loss
from reluenum.datasets.families import reference_data
from reluenum.documents.results import to_json
from reluenum.problem import parse_ridge
from reluenum.verify import verify

DATA = Path(__file__).parents[1] / "docs/data/bounds.csv"

SHAPES = (
    ((1, 1), 3, "1/1000", 5000),
    ((1, 2), 3, "1/1000", 5000),
    ((1, 3), 3, "1/1000", 5000),
    ((1, 1), 5, "1/100", 10000),
    ((2, 1), 3, "1/100", 5000),
    ((2, 2), 3, "1/100", 5000),
    ((2, 2), 4, "1/100", 5000),
)
"""Widths, number of points, gap that is asked for, largest number of boxes."""


def measured_bounds() -> Iterator[dict[str, Any]]:
    """Yield a row for each shape."""
    inputs, targets = reference_data()
    for hidden, n, gap, boxes in tqdm(SHAPES):
        problem = Problem(inputs[:n], targets[:n], list(hidden), parse_ridge("1/100"))
        started = time.process_time()
        found = bound_loss(problem, fmpq(*map(int, gap.split("/"))), boxes)
        solved = time.process_time()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "bound.json"
            path.write_text(to_json(found.to_document()))
            report = verify(path)
            size = path.stat().st_size
        yield {
            "hidden": ", ".join(map(str, hidden)),
            "n": n,
            "ridge": "1/100",
            "lower": found.lower,
            "upper": found.upper,
            "gap": found.gap,
            "any_upper_width": found.tiles.any_upper_width,
            "boxes": report.records,
            "cpu_seconds": round(solved - started, 2),
            "cpu_seconds_of_the_check": round(time.process_time() - solved, 2),
            "bytes": size,
        }


def main() -> None:
    """Measure and write."""
    pd.DataFrame(measured_bounds()).to_csv(DATA, index=False)


if __name__ == "__main__":
    main()
