"""Whether strings between minima find the passes of the tree, and never a lower one.

Usage: `./run -- python -m benchmarks.passes`. Between all pairs of basins of some landscapes
strings are pulled tight, and the highest point of the lowest one is compared with the barrier,
exactly. Writes `docs/data/passes.csv`, which docs/basins.md shows. About four minutes.
"""

import argparse
from collections.abc import Iterator, Mapping
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
from reluenum.optimisers.studies.bands import (
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

    Excesses are shares of the loss of the best network without hidden units, exact before they are
    rounded, and `undercut` is exact. A step is how much lower than the highest point of a line the
    lower one of the images beside it is: what the number of images leaves open.
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
        tops, rows = {}, []
        for left, right in tqdm(pairs, desc=f"{instance.name}, {images} images", disable=None):
            ends = networks[[left, right]]
            line = lowest_line(objective, method, ends, BENDS, generator)
            merge = next(k for k, inside in enumerate(within) if {left, right} <= inside)
            barrier = document["merges"][merge]
            top, (beside, image) = Fraction(str(highest(objective, line))), _images(objective, line)
            tops[left, right] = tops[right, left] = top, float(top) - beside
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
                    "step": (float(top) - beside) / float(scale),
                    "excess_of_images": (image - float(barrier["loss"])) / float(scale),
                }
            )
        for row, (left, right) in zip(rows, pairs, strict=True):
            top, step = _chained(tops, count, left, right)
            yield row | {
                "excess_of_chain": float((top - Fraction(row["barrier"])) / scale),
                "step_of_chain": step / float(scale),
            }


def _images(objective: Objective, line: Line) -> tuple[float, float]:
    """Return the lower loss of the two images beside the highest point, and the highest of all.

    Corners at which a unit is zero are not among the images.
    """
    levels = line.levels(objective)
    segment, place = np.unravel_index(levels.argmax(), levels.shape)
    corners = np.append(levels[:, 0], levels[-1, 1])
    images = np.flatnonzero((line.signs != 0).all(axis=1))
    before = images[images < segment + (place != 0)][-1]
    after = images[images > segment + (place == 1)][0]
    return float(min(corners[before], corners[after])), float(corners[images].max())


def _chained(
    tops: Mapping[tuple[int, int], tuple[Fraction, float]], count: int, left: int, right: int
) -> tuple[Fraction, float]:
    """Return the least maximum along chains of strings, and the step of that string."""
    reached, highest_yet = {left}, (Fraction(0), 0.0)
    while right not in reached:
        others = set(range(count)) - reached
        top, place = min((tops[here, k], k) for here in reached for k in others)
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
