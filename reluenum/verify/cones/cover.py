"""What a tree leaves to be proved, thousands of boxes at a time; cut further where need be."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..processes import ALONE, Sharing
from ..trees.batches import Seen, held
from ..trees.machine import compiled, inlined
from ..trees.numbers import put_numbers
from .arrangement import ANY, POSITIVE, ZERO, Arrangement, Cone
from .hulls import Box as Parts
from .pairs import pairs, single
from .products import outside
from .rules import excluded
from .tables import Tables
from .tree import (
    CUT_ABOVE,
    CUT_BELOW,
    MOST_PARTS,
    Box,
    Pile,
    box_at,
    cone_at,
    empty_stack,
    pieces,
    with_children,
    with_copy,
)

MOST_CUTS = 1 << 13  # of a box that is not seen to be empty at once, and of those it is cut into


@inlined
def box_in(pile: Pile, n: int) -> Parts:
    """Return a box of a pile with its parts one after the other."""
    count, size = 0, 0
    for k in range(MOST_PARTS):
        if pile.parts[n, k, 1]:
            cone = pile.parts[n, k, 2]
            count, size = count + 1, size + pile.first[cone + 1] - pile.first[cone]
    signs, units = pile.parts[n, :count, 0].copy(), pile.parts[n, :count, 1].copy()
    found = np.empty((count, pile.found.shape[1]), np.uint8)
    first, rays = np.zeros(count + 1, np.int64), np.empty(size, np.int32)
    for k in range(count):
        cone = pile.parts[n, k, 2]
        low, high = pile.first[cone], pile.first[cone + 1]
        first[k + 1] = first[k] + high - low
        put_numbers(rays[first[k] : first[k + 1]], pile.rays[low:high])
        put_numbers(found[k], pile.found[cone])
    return Parts(signs, units, found, first, rays)


@inlined
def is_empty(table: Tables, box: Parts) -> bool:
    """Claim 207: whether a box surely holds no minimum, by claims 209 to 229."""
    if pairs(box):
        return True
    return outside(table, box) if single(box) else excluded(table, box)


@compiled
def unproved(
    arrangement: Arrangement, table: Tables, boxes: Pile, begin: int, most: int
) -> tuple[int, int]:
    """Return how many boxes had to be cut further, and the next that is not seen to be empty.

    -1 if there is none. No box is cut more often than `most` times, with all that come from it.
    """
    stack, further = empty_stack(boxes.found.shape[1]), 0
    for n in range(begin, boxes.count[0]):
        stack, cuts = with_copy(stack, boxes, n), 0
        while stack.count[0]:
            if is_empty(table, box_in(stack, stack.count[0] - 1)):
                stack.count[0] -= 1
                continue
            place, site, kind = cut_of(arrangement, stack, stack.count[0] - 1)
            if site < 0 or cuts == most:
                return further, n
            stack, cuts = cut_further(arrangement, stack, place, site, kind), cuts + 1
        further += cuts > 0
    return further, -1


@inlined
def cut_further(table: Arrangement, stack: Pile, place: int, site: int, kind: int) -> Pile:
    """Return a pile with the top box cut at a part, as `cut_of` says."""
    cone = cone_at(stack, stack.parts[stack.count[0] - 1, place, 2])
    _, first, second = pieces(table, cone, site, kind)
    return with_children(stack, place, first, second)


@compiled
def cut_of(table: Arrangement, boxes: Pile, n: int) -> tuple[int, int, int]:
    """Return a part of a box, a site, and how to cut: near the middle of the widest part.

    Sites that have both signs first, then those that may be 0; -1 if there is none.
    """
    best, chosen, at, kind = 0.0, 0, -1, CUT_BELOW
    for place in range(MOST_PARTS):
        if boxes.parts[n, place, 1]:
            cone = cone_at(boxes, boxes.parts[n, place, 2])
            worth, site = widest(table, cone)
            if worth > best:
                best, chosen, at = worth, place, site
                kind = CUT_ABOVE if cone.found[site] == POSITIVE | ZERO else CUT_BELOW
    return chosen, at, kind


@inlined
def widest(table: Arrangement, cone: Cone) -> tuple[float, int]:
    """Return what a cut is worth, and the site: the fewer rays on one side, the more sites."""
    crossed, best, chosen = 0, 0.0, -1
    for i in range(len(cone.found)):
        crossed += cone.found[i] == ANY
    for i in range(len(cone.found)):
        above, below = 0, 0
        for j in cone.rays:
            above += table.signs[j, i] > 0
            below += table.signs[j, i] < 0
        worth = 0.0
        if cone.found[i] == ANY:
            worth = 1.0 + min(above, below) * len(cone.rays) + crossed
        elif cone.found[i] & ZERO and cone.found[i] != ZERO:
            worth = 0.5
        if worth > best:
            best, chosen = worth, i
    return best, chosen


def hold(
    problem: tuple[Arrangement, Tables],
    batches: Iterator[Pile],
    sharing: Sharing = ALONE,
    told: Callable[[], None] = lambda: None,
) -> int:
    """Claim 208: boxes hold no minimum; return how many had to be cut further."""
    return held(problem, batches, looked_at, content_of, sharing, told)


def looked_at(problem: tuple[Arrangement, Tables], batch: Pile) -> Seen:
    """Return how many boxes had to be cut further, and what is not seen to be true."""
    further, n, refused = 0, -1, []
    while True:
        cuts, n = unproved(*problem, batch, n + 1, MOST_CUTS)
        further += cuts
        if n < 0:
            return further, refused
        box = text(box_at(batch, n))
        refused.append((f"box {box}: not seen that it holds no minimum", int(batch.places[n])))


def content_of(batch: Pile) -> Any:
    """Return what is in use of a batch, but for the places of its boxes."""
    count = batch.count[0]
    cones = batch.above[count - 1] if count else 0
    first = batch.first[: cones + 1]
    used = batch.allowed[:cones], batch.found[:cones], first, batch.rays[: first[-1]]
    return batch.parts[:count], *used


def text(box: Box) -> str:
    """Return the signs that sites may have on the parts of a box, as text."""
    names = dict(zip(range(1, ANY + 1), "-0\u2264+?\u2265*", strict=True))
    parts = ("".join(names[signs] for signs in part.cone.found.tolist()) for part in box)
    signs = ("-+"[part.sign > 0] + str(part.units) for part in box)
    return " ".join(f"{sign}({part})" for sign, part in zip(signs, parts, strict=True))
