"""Whether strings between minima find the passes of the tree, and never a lower one.

Usage: `./run -- python -m benchmarks.passes`. Between all pairs of basins of some landscapes
strings are pulled tight, and the highest point of the lowest one is compared with the barrier,
exactly. Writes `docs/data/passes.csv`, which docs/basins.md shows. About four minutes.
"""

import argparse
from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from benchmarks.completeness import Instance
from reluenum import enumerate_minima
from reluenum.documents.files import write_text
from reluenum.optimisers import Objective
from reluenum.optimisers.bands import (
    Line,
    StringMethod,
    highest,
    leaves_within,
    listed_networks,
    lowest_line,
)

OUTPUT = Path(__file__).parent.parent / "docs/data/passes.csv"

INSTANCES = (
    Instance(0, 1, 2),
    Instance(0, 1, 3),
    Instance(8, 1, 2),
    Instance(10, 1, 2),
    Instance(6, 2, 2),
    Instance(6, 1, 3),
)

IMAGES = (9, 17, 33)
"""Numbers of images on a string."""

STEPS, BENDS = 1000, 2
"""Of the string method; strings that start bent, for each order of the units."""


def measured(instance: Instance) -> Iterator[dict[str, Any]]:
    """Yield a row for each pair of basins and each number of images.

    Excesses are shares of the loss of the best network without hidden units; `undercut` is exact.
    """
    problem = instance.problem
    document = enumerate_minima(problem, engine="certified").basins().document
    objective, within = Objective(problem), leaves_within(document)
    components = [leaf["component"] for leaf in document["leaves"]]
    networks = listed_networks([document["minima"]["components"][c] for c in components])
    scale, count = Fraction(str(problem.energy)), len(components)
    pairs = list(combinations(range(count), 2))
    for images in IMAGES:
        generator, method = np.random.default_rng(0), StringMethod(images, STEPS)
        tops, rows = np.full((count, count), None), []
        for left, right in tqdm(pairs, desc=f"{instance.name}, {images} images", disable=None):
            ends = networks[[left, right]]
            line = lowest_line(objective, method, ends, BENDS, generator)
            merge = next(k for k, inside in enumerate(within) if {left, right} <= inside)
            barrier = document["merges"][merge]
            top = Fraction(str(highest(objective, line)))
            tops[left, right] = tops[right, left] = top
            rows.append(
                {
                    "instance": instance.name,
                    "left": components[left],
                    "right": components[right],
                    "images": images,
                    "event": barrier["event"],
                    "barrier": barrier["loss"],
                    "undercut": top < Fraction(barrier["loss_interval"][0]),
                    "excess": float((top - Fraction(barrier["loss"])) / scale),
                    "excess_of_images": (_at_images(objective, line) - float(barrier["loss"]))
                    / float(scale),
                }
            )
        for row, (left, right) in zip(rows, pairs, strict=True):
            chained = _chained(tops, left, right)
            yield row | {"excess_of_chain": float((chained - Fraction(row["barrier"])) / scale)}


def _at_images(objective: Objective, line: Line) -> float:
    """Return the highest loss of the images alone, without corners at which a unit is zero."""
    return float(line.levels(objective)[(line.signs[:-1] != 0).all(axis=1), 0].max())


def _chained(tops: np.ndarray, left: int, right: int) -> Fraction:
    """Return the least maximum along chains of strings."""
    reached, highest_yet = {left}, Fraction(0)
    while right not in reached:
        top, place = min(
            (tops[here, k], k) for here in reached for k in range(len(tops)) if k not in reached
        )
        reached, highest_yet = reached | {place}, max(highest_yet, top)
    return highest_yet


def main() -> None:
    """Run the experiment and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args()
    table = pd.DataFrame([row for instance in INSTANCES for row in measured(instance)])
    write_text(options.output, table.to_csv(index=False, lineterminator="\n"))


if __name__ == "__main__":
    np.seterr(all="ignore")
    main()
