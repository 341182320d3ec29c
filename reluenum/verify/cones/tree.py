"""The tree of cones (Theorem H): from its bytes to what is to be proved of single boxes.

A box is a tuple of parts (sign, units, cone). Compiled functions have boxes on a pile of arrays,
which serves as a stack: a cone that a box uses comes after all those that the boxes below it use,
unless it was there before these.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import combinations_with_replacement
from typing import Any, NamedTuple

import numpy as np

from ..reals import CertificateError, require
from ..trees.batches import SIZES
from ..trees.content import next_byte, next_number
from ..trees.document import MOST_BYTES
from ..trees.machine import compiled, inlined
from ..trees.numbers import put_numbers
from .arrangement import ANY, NEGATIVE, POSITIVE, ZERO, Arrangement, Array, Cone, cut_to, within

MOST_PARTS = 4
EXCLUDED, LEAF, CUT_BELOW, CUT_ABOVE = range(4)
PIECES = {
    CUT_BELOW: (POSITIVE | ZERO, NEGATIVE),
    CUT_ABOVE: (POSITIVE, ZERO | NEGATIVE),
}
"""The signs of a site on both pieces of a cut."""
BELOW, ABOVE = PIECES[CUT_BELOW], PIECES[CUT_ABOVE]


class Part(NamedTuple):
    """Units of one sign in a cone."""

    sign: int
    units: int
    cone: Cone


Box = tuple[Part, ...]


class Pile(NamedTuple):
    """Boxes, the first ones at the bottom, and the cones of their parts."""

    count: Array  # of boxes, one number
    places: Array  # of each box, where a tree says that it is empty
    parts: Array  # sign, units and cone of each part of each box; without units it is none
    above: Array  # for each box, cones from this number on are free
    allowed: Array  # of each cone
    found: Array
    first: Array  # where its rays begin
    rays: Array


@compiled
def empty_pile(boxes: int, cones: int, sites: int) -> Pile:
    """Return a pile with room for so many boxes and cones."""
    count, places = np.zeros(1, np.int64), np.zeros(boxes, np.int64)
    above = np.zeros(boxes, np.int64)
    parts = np.zeros((boxes, MOST_PARTS, 3), np.int64)
    allowed, found = np.empty((cones, sites), np.uint8), np.empty((cones, sites), np.uint8)
    first, rays = np.zeros(cones + 1, np.int64), np.empty(8 * cones, np.int32)
    return Pile(count, places, parts, above, allowed, found, first, rays)


def with_box(pile: Pile, box: Box) -> Pile:
    """Return a pile with a box on top, which has cones of its own."""
    place = pile.count[0]
    top = pile.above[place - 1] if place else 0
    pile.parts[place] = 0
    for k, (sign, units, cone) in enumerate(box):
        pile.parts[place, k] = sign, units, top + k
        pile = with_cone(pile, top + k, cone)
    pile.above[place] = top + len(box)
    pile.count[0] += 1
    return pile


def box_at(pile: Pile, place: int) -> Box:
    """Return a copy of a box of a pile."""
    parts = []
    for sign, units, k in pile.parts[place].tolist():
        if units:
            parts.append(Part(sign, units, Cone(*(array.copy() for array in cone_at(pile, k)))))
    return tuple(parts)


@compiled
def cone_at(pile: Pile, k: int) -> Cone:
    """Return a cone of a pile, as long as no other one takes its place."""
    return Cone(pile.allowed[k], pile.rays[pile.first[k] : pile.first[k + 1]], pile.found[k])


@compiled
def with_cone(pile: Pile, k: int, cone: Cone) -> Pile:
    """Return a pile with a cone of this number, above all those that are in use."""
    low, rays = pile.first[k], pile.rays
    high = low + len(cone.rays)
    if high > len(rays):
        rays = np.empty(2 * high, np.int32)
        put_numbers(rays, pile.rays[:low])
    put_numbers(rays[low:high], cone.rays)
    pile.first[k + 1] = high
    put_numbers(pile.allowed[k], cone.allowed)
    put_numbers(pile.found[k], cone.found)
    kept = pile.count, pile.places, pile.parts, pile.above
    return Pile(*kept, pile.allowed, pile.found, pile.first, rays)


@compiled
def with_copy(pile: Pile, other: Pile, n: int) -> Pile:
    """Return a pile with a box of another one on top, which has cones of its own."""
    place = pile.count[0]
    top = pile.above[place - 1] if place else 0
    for k in range(MOST_PARTS):
        put_numbers(pile.parts[place, k], other.parts[n, k])
        if other.parts[n, k, 1]:
            pile.parts[place, k, 2] = top
            pile = with_cone(pile, top, cone_at(other, other.parts[n, k, 2]))
            top += 1
    pile.above[place] = top
    pile.count[0] += 1
    return pile


@compiled
def empty_stack(sites: int) -> Pile:
    """Return a pile with room for a box, and all that there ever is of boxes made by cutting it.

    A cut takes from a site a sign that it may have for a unit, which are three at first.
    """
    cuts = 2 * sites * MOST_PARTS
    return empty_pile(1 + cuts * MOST_PARTS, 2 * cuts + MOST_PARTS, sites)


def orthants(table: Arrangement, base: Any) -> list[Cone]:
    """Claim 201: cones to exactly one of which each face belongs (Lemma 55).

    Bit e of the number of a cone is set if the e-th site of the base is negative on it.
    """
    size = table.signs.shape[1]
    inside = type(base) is list and all(type(site) is int and 0 <= site < size for site in base)
    require(inside and len(set(base)) == len(base) == table.depth, "certificate: base")
    cones = []
    for bits in range(1 << len(base)):
        allowed = np.full(size, ANY, np.uint8)
        for e, site in enumerate(base):
            allowed[site] = NEGATIVE if bits >> e & 1 else POSITIVE | ZERO
        cone = within(table, allowed)
        require(cone is not None and len(cone.rays) == table.depth, "certificate: base")
        cones.append(cone)
    return cones


def roots(cones: list[Cone], width: int) -> Iterator[Box]:
    """Claim 202: yield boxes in one of which each minimum lies (Theorem H)."""
    parts = [(sign, cone) for sign in (1, -1) for cone in cones]
    for units in range(1, width + 1):
        for chosen in combinations_with_replacement(range(len(parts)), units):
            count = Counter(chosen)
            yield tuple(Part(parts[k][0], count[k], parts[k][1]) for k in sorted(count))


@compiled
def pieces(table: Arrangement, cone: Cone, site: int, kind: int) -> tuple[bool, Cone, Cone]:
    """Claim 203: cut a cone by the sign of a site: each of its faces is in one of two.

    The first value tells whether both have faces.
    """
    signs = BELOW if kind == CUT_BELOW else ABOVE
    first, second = cut_to(table, cone, site, signs[0]), cut_to(table, cone, site, signs[1])
    return first.found.min() > 0 and second.found.min() > 0, first, second


@compiled
def with_children(pile: Pile, place: int, first: Cone, second: Cone) -> Pile:
    """Claim 204: boxes in one of which each minimum of the top box lies: a part is cut in two.

    They take its place, the first one on top, with 0 units in the first piece.
    """
    top = pile.count[0] - 1
    box, cone = pile.parts[top].copy(), pile.above[top]
    pile = with_cone(with_cone(pile, cone, first), cone + 1, second)
    sign, units = box[place, 0], box[place, 1]
    for j in range(units, -1, -1):
        k = 0
        for m in range(MOST_PARTS):
            if m != place:
                k = put_part(pile.parts[top], k, (box[m, 0], box[m, 1], box[m, 2]))
            else:
                k = put_part(pile.parts[top], k, (sign, j, cone))
                k = put_part(pile.parts[top], k, (sign, units - j, cone + 1))
        pile.parts[top, k:] = 0
        pile.above[top] = cone + 2
        top += 1
    pile.count[0] = top
    return pile


@inlined
def put_part(parts: Array, k: int, part: tuple[int, int, int]) -> int:
    """Write a part of a box if it has units; return how many there are now."""
    if part[1] == 0:
        return k
    parts[k, 0], parts[k, 1], parts[k, 2] = part
    return k + 1


@inlined
def cut(table: Arrangement, content: Array, place: int, pile: Pile, kind: int) -> tuple[int, Pile]:
    """Return the place after what is said of how the top box is cut, and its children instead."""
    top = pile.count[0] - 1
    chosen, place = next_byte(content, place)
    site, place = next_number(content, place)
    if chosen >= MOST_PARTS or pile.parts[top, chosen, 1] == 0:
        raise CertificateError("tree: a cut of no part")
    if site >= pile.allowed.shape[1]:
        raise CertificateError("tree: a cut by no site")
    good, first, second = pieces(table, cone_at(pile, pile.parts[top, chosen, 2]), site, kind)
    if not good:
        raise CertificateError("tree: a cut off which nothing is")
    return place, with_children(pile, chosen, first, second)


@compiled
def read_on(
    table: Arrangement, content: Array, counts: Array, pile: Pile, batch: Pile
) -> tuple[bool, Pile, Pile]:
    """Read nodes below the boxes of a pile, up to a leaf, or until a batch is full.

    Return whether the last one was a leaf; boxes that are left, of which a leaf is the top one; and
    a batch with those that are said to be empty. `counts`: a place, nodes, how many there are, and
    the boxes of a batch.
    """
    while pile.count[0] > 0 and batch.count[0] < counts[3]:
        kind, place = next_byte(content, counts[0])
        counts[1] += 1
        if counts[1] > counts[2]:
            raise CertificateError("certificate: more boxes in the tree")
        if kind > CUT_ABOVE:
            raise CertificateError("tree: a byte without meaning")
        if kind == EXCLUDED:
            batch.places[batch.count[0]] = counts[0]
            batch = with_copy(batch, pile, pile.count[0] - 1)
            pile.count[0] -= 1
        elif kind != LEAF:
            place, pile = cut(table, content, place, pile, kind)
        counts[0] = place
        if kind == LEAF:
            return True, pile, batch
    return False, pile, batch


class Tree:
    """The bytes of a tree, read once from the first to the last."""

    def __init__(self, content: bytes, table: Arrangement, boxes: int, records: int) -> None:
        self.content = np.frombuffer(content, np.uint8)
        self.table, self.boxes, self.records = table, boxes, records  # no more are read
        most = min(max(boxes, 0), MOST_BYTES)  # numbers of a document may be of any size
        self.counts = np.array([0, 0, most, SIZES.boxes])
        self.leaves: list[Box] = []

    @property
    def nodes(self) -> int:
        """How many have been read."""
        return int(self.counts[1])

    def read(self, cones: list[Cone], width: int) -> Iterator[Pile]:
        """Claim 205: if no box that is yielded holds a minimum, each lies in a leaf (Theorem H)."""
        sites, batch = self.table.signs.shape[1], self._empty_batch()
        for root in roots(cones, width):
            pile = with_box(empty_stack(sites), root)
            while pile.count[0]:
                data = self.table, self.content, self.counts
                leaf, pile, batch = read_on(*data, pile, batch)
                if leaf:
                    pile.count[0] -= 1
                    self.leaf(box_at(pile, pile.count[0]))
                if batch.count[0] == SIZES.boxes or (leaf and 2 * batch.count[0] >= SIZES.boxes):
                    yield batch
                    batch = self._empty_batch()
        require(self.counts[0] == len(self.content), "tree: more bytes than nodes")
        yield batch

    def _empty_batch(self) -> Pile:
        return empty_pile(SIZES.boxes, SIZES.boxes * MOST_PARTS, self.table.signs.shape[1])

    def leaf(self, box: Box) -> None:
        """Claim 206: all parts of a leaf are single faces with one unit, no face twice."""
        faces = {part.cone.found.tobytes() for part in box}
        single = all(part.units == 1 and part.cone.is_face for part in box)
        require(single, "tree: a leaf with more than one support")
        require(len(faces) == len(box), "tree: a leaf with a face twice")
        require(len(self.leaves) < self.records, "certificate: more leaves than records")
        self.leaves.append(box)
