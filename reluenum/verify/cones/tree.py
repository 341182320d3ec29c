"""The tree of cones (Theorem H): from its bytes to what is to be proved of single boxes.

A box is a tuple of parts (sign, units, cone).
"""

from collections import Counter
from collections.abc import Iterator
from itertools import combinations_with_replacement
from typing import Any, NamedTuple

import numpy as np

from ..reals import require
from ..trees.content import Content
from .arrangement import ANY, NEGATIVE, POSITIVE, ZERO, Arrangement, Cone, cut_to, within

EXCLUDED, LEAF, CUT_BELOW, CUT_ABOVE = range(4)
PIECES = {
    CUT_BELOW: (POSITIVE | ZERO, NEGATIVE),
    CUT_ABOVE: (POSITIVE, ZERO | NEGATIVE),
}
"""The signs of a site on both pieces of a cut."""


class Part(NamedTuple):
    """Units of one sign in a cone."""

    sign: int
    units: int
    cone: Cone


Box = tuple[Part, ...]


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


def pieces(table: Arrangement, cone: Cone, site: int, kind: int) -> tuple[Cone, Cone]:
    """Claim 203: cut a cone by the sign of a site: each of its faces is in one of two."""
    require(site < len(cone.allowed), "tree: a cut by no site")
    first, second = (cut_to(table, cone, site, signs) for signs in PIECES[kind])
    require(first is not None and second is not None, "tree: a cut off which nothing is")
    return first, second


def children(box: Box, place: int, halves: tuple[Cone, Cone]) -> Iterator[Box]:
    """Claim 204: yield boxes in one of which each minimum of a box lies: a part is cut in two."""
    sign, units, _ = box[place]
    for j in range(units + 1):
        parts = (Part(sign, j, halves[0]), Part(sign, units - j, halves[1]))
        yield (*box[:place], *(part for part in parts if part.units), *box[place + 1 :])


class Tree(Content):
    """The bytes of a tree, read once from the first to the last."""

    def __init__(self, content: bytes, table: Arrangement, boxes: int, records: int) -> None:
        super().__init__(content)
        self.table, self.boxes, self.records = table, boxes, records  # no more are read
        self.nodes = 0
        self.leaves: list[Box] = []

    def read(self, cones: list[Cone], width: int) -> Iterator[Box]:
        """Claim 205: if no box that is yielded holds a minimum, each lies in a leaf (Theorem H)."""
        for root in roots(cones, width):
            open_ = [root]
            while open_:
                box, kind = open_.pop(), self.byte()
                self.nodes += 1
                require(self.nodes <= self.boxes, "certificate: more boxes in the tree")
                if kind in PIECES:
                    place, site = self.byte(), self.number()
                    require(place < len(box), "tree: a cut of no part")
                    halves = pieces(self.table, box[place].cone, site, kind)
                    open_ += reversed(list(children(box, place, halves)))
                elif kind == LEAF:
                    self.leaf(box)
                else:
                    require(kind == EXCLUDED, "tree: a byte without meaning")
                    yield box
        require(self.place == len(self.content), "tree: more bytes than nodes")

    def leaf(self, box: Box) -> None:
        """Claim 206: all parts of a leaf are single faces with one unit, no face twice."""
        faces = {part.cone.found.tobytes() for part in box}
        single = all(part.units == 1 and part.cone.is_face for part in box)
        require(single, "tree: a leaf with more than one support")
        require(len(faces) == len(box), "tree: a leaf with a face twice")
        require(len(self.leaves) < self.records, "certificate: more leaves than records")
        self.leaves.append(box)
