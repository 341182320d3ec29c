"""What a tree leaves to be proved, thousands of boxes at a time; cut further where need be."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from ..processes import ALONE, Sharing
from ..reals import require
from ..trees.batches import answers
from ..trees.machine import compiled, inlined
from .arrangement import ANY, NEGATIVE, POSITIVE, ZERO, Arrangement, Array, Cone
from .hulls import Box as Parts
from .pairs import pairs, single
from .products import outside
from .rules import excluded
from .tables import Tables
from .tree import CUT_ABOVE, CUT_BELOW, Box, children, pieces

MOST_PARTS = 4
MOST_CUTS = 256  # of a box that is not seen to be empty at once
EMPTY, PRODUCT, OTHER = range(3)


class Batch(NamedTuple):
    """Many boxes: what compiled functions read."""

    start: Array  # the first part of each box
    numbers: Array  # sign and units of each part
    found: Array  # signs of sites on it
    first: Array  # where its rays begin
    rays: Array


def batch_of(boxes: list[Box]) -> Batch:
    """Return boxes as arrays."""
    parts = [part for box in boxes for part in box]
    return Batch(
        start=np.cumsum([0, *map(len, boxes)]),
        numbers=np.array([(part.sign, part.units) for part in parts]),
        found=np.array([part.cone.found for part in parts]),
        first=np.cumsum([0, *(len(part.cone.rays) for part in parts)]),
        rays=np.concatenate([part.cone.rays for part in parts]),
    )


@inlined
def box_in(batch: Batch, n: int) -> Parts:
    """Return a box."""
    k, m = batch.start[n], batch.start[n + 1]
    first, last = batch.first[k], batch.first[m]
    ends = batch.first[k : m + 1] - first
    numbers = batch.numbers[k:m]
    return Parts(numbers[:, 0], numbers[:, 1], batch.found[k:m], ends, batch.rays[first:last])


@compiled
def kinds_of(batch: Batch) -> Array:
    """Return which boxes are empty because of signs alone, and which are products of cells."""
    kinds = np.empty(len(batch.start) - 1, np.uint8)
    for n in range(len(kinds)):
        box = box_in(batch, n)
        kinds[n] = EMPTY if pairs(box) else PRODUCT if single(box) else OTHER
    return kinds


@compiled
def try_products(table: Tables, batch: Batch, kinds: Array) -> None:
    """See which products of cells are empty."""
    for n in range(len(kinds)):
        if kinds[n] == PRODUCT and outside(table, box_in(batch, n)):
            kinds[n] = EMPTY


@compiled
def try_others(table: Tables, batch: Batch, kinds: Array) -> None:
    """See which other boxes are empty."""
    for n in range(len(kinds)):
        if kinds[n] == OTHER and excluded(table, box_in(batch, n)):
            kinds[n] = EMPTY


def settled(table: Tables, boxes: list[Box]) -> list[bool]:
    """Claim 207: whether boxes surely hold no minimum, by claims 209 to 229."""
    batch = batch_of(boxes)
    kinds = kinds_of(batch)
    try_products(table, batch, kinds)
    try_others(table, batch, kinds)
    return (kinds == EMPTY).tolist()


def hold(
    problem: tuple[Arrangement, Tables],
    boxes: Iterator[Box],
    sharing: Sharing = ALONE,
    told: Callable[[], None] = lambda: None,
) -> int:
    """Claim 208: boxes hold no minimum; return how many had to be cut further.

    `told` is called every now and then.
    """
    further = 0
    for batch, seen in answers(boxes, lambda batch: settled(problem[1], batch), sharing):
        for box in (box for box, good in zip(batch, seen, strict=True) if not good):
            further += 1
            require(is_empty(problem, box), f"box {text(box)}: not seen that it holds no minimum")
        told()
    return further


def text(box: Box) -> str:
    """Return the signs that sites may have on the parts of a box, as text."""
    names = dict(zip(range(1, ANY + 1), "-0\u2264+?\u2265*", strict=True))
    parts = ("".join(names[signs] for signs in part.cone.found.tolist()) for part in box)
    signs = ("-+"[part.sign > 0] + str(part.units) for part in box)
    return " ".join(f"{sign}({part})" for sign, part in zip(signs, parts, strict=True))


def is_empty(problem: tuple[Arrangement, Tables], box: Box) -> bool:
    """Whether a box surely holds no minimum, cut further if need be."""
    arrangement, table = problem
    open_, cuts = [box], 0
    while open_:
        seen = settled(table, open_)
        rest, open_ = [box for box, good in zip(open_, seen, strict=True) if not good], []
        for one in rest:
            place, site, kind = cut_of(arrangement, one)
            cuts += 1
            if site < 0 or cuts > MOST_CUTS:
                return False
            open_ += children(one, place, pieces(arrangement, one[place].cone, site, kind))
    return True


def cut_of(table: Arrangement, box: Box) -> tuple[int, int, int]:
    """Return a part, a site, and how to cut: near the middle of the widest part.

    Sites that have both signs first, then those that may be 0; -1 if there is none.
    """
    best, found = 0.0, (0, -1, CUT_BELOW)
    for place, part in enumerate(box):
        worth = worths(table, part.cone)
        site = int(worth.argmax())
        if worth[site] > best:
            best = worth[site]
            below = part.cone.found[site] != POSITIVE | ZERO
            found = place, site, CUT_BELOW if below else CUT_ABOVE
    return found


def worths(table: Arrangement, cone: Cone) -> Array:
    """Return how much a cut by each site is worth: the fewer rays on one side, the more sites."""
    signs = table.signs[cone.rays]
    split = np.minimum((signs > 0).sum(axis=0), (signs < 0).sum(axis=0))
    weak = (cone.found == POSITIVE | ZERO) | (cone.found == NEGATIVE | ZERO)
    crossed = cone.found == ANY
    return np.where(crossed, 1.0 + split * len(cone.rays) + crossed.sum(), weak * 0.5)
