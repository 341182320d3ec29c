"""How low the loss of networks with two hidden layers can be, on the reference: a few minutes.

Usage: `./run -- python -m benchmarks.bounds`. Writes docs/data/bounds.csv and docs/data/best.csv, a
row for each shape: both bounds, or whether a network is proved to be best, and the CPU seconds to
find and to check them.
"""

import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd
from flint import fmpq
from tqdm import tqdm

from reluenum import Problem
from reluenum.convex.deep.bounds import LossBound, bound_loss
from reluenum.datasets.families import reference_data
from reluenum.documents.results import to_json
from reluenum.problem import parse_ridge
from reluenum.verify import verify

DATA = Path(__file__).parents[1] / "docs/data"

SHAPES = (
    ((1, 1), 3, "1/1000", 5000),
    ((1, 2), 3, "1/1000", 5000),
    ((1, 3), 3, "1/1000", 5000),
    ((1, 1), 5, "1/100", 10000),
    ((2, 1), 3, "1/100", 5000),
    ((2, 2), 3, "1/100", 5000),
    ((2, 2), 4, "1/100", 5000),
)
"""Widths, number of points, gap that is asked for, largest number of boxes; ridge 1/100."""

BEST = (
    ((1, 1), 3, "1/100", 5000),
    ((1, 2), 3, "1/100", 5000),
    ((1, 1), 4, "1/10", 5000),
    ((1, 1), 5, "1/10", 10000),
    ((1, 2), 2, "1/10", 5000),
    ((1, 2), 3, "1/10", 5000),
    ((1, 2), 4, "1/10", 5000),
    ((1, 2), 4, "1", 5000),
    ((2, 2), 2, "1", 5000),
    ((2, 2), 3, "1", 5000),
    ((2, 2), 4, "1", 5000),
)
"""Widths, number of points, ridge, largest number of boxes."""


def measured(
    hidden: tuple[int, int], n: int, ridge: str, gap: fmpq, boxes: int
) -> tuple[LossBound, dict[str, Any]]:
    """Return what is found on the first points of the reference, and a row of a table."""
    inputs, targets = reference_data()
    problem = Problem(inputs[:n], targets[:n], list(hidden), parse_ridge(ridge))
    started = time.process_time()
    found = bound_loss(problem, gap, boxes)
    text = to_json(found.to_document())
    solved = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bound.json"
        path.write_text(text)
        report = verify(path)
    return found, {
        "hidden": ", ".join(map(str, hidden)),
        "n": n,
        "ridge": ridge,
        "lower": found.lower,
        "upper": found.upper,
        "gap": found.gap,
        "any_upper_width": found.tiles.any_upper_width,
        "boxes": report.records,
        "cpu_seconds": round(solved - started, 2),
        "cpu_seconds_of_the_check": round(time.process_time() - solved, 2),
        "bytes": len(text),
    }


def best_row(hidden: tuple[int, int], n: int, ridge: str, boxes: int) -> dict[str, Any]:
    """Return a row about the best network."""
    found, row = measured(hidden, n, ridge, fmpq(0), boxes)
    stratum = found.to_document()["global"]
    signs = [stratum["first"], [text for _, text in stratum["upper"]]] if stratum else [[], []]
    near = [leaf for tree in found.tiles.trees for leaf in tree.leaves() if leaf.near is not None]
    first, second = (" ".join(layer) for layer in signs)
    return row | {
        "proved": stratum is not None,
        "first": first,
        "second": second,
        "near": len(near),
    }


def main() -> None:
    """Measure and write."""
    rows = (
        measured(*shape, "1/100", parse_ridge(gap), boxes)[1] for *shape, gap, boxes in tqdm(SHAPES)
    )
    pd.DataFrame(rows).to_csv(DATA / "bounds.csv", index=False)
    pd.DataFrame(best_row(*shape) for shape in tqdm(BEST)).to_csv(DATA / "best.csv", index=False)


if __name__ == "__main__":
    main()
