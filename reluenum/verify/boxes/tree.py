"""The tree of boxes (Theorem H): from its bytes to what is to be proved of single boxes.

A box is a tuple of parts (sign, first face, face after the last one, multiplicity), faces in their
order around the circle.
"""

from collections.abc import Iterator
from typing import NamedTuple

from ..reals import require
from ..trees.content import Content

Part = tuple[int, int, int, int]
Box = tuple[Part, ...]

EXCLUDED, LEAF, CUT, SHRUNK = range(4)


class Node(NamedTuple):
    """A box and what is said of it: its minima are in a smaller box, or there is none."""

    box: Box
    smaller: Box | None


def roots(faces: int, width: int) -> Iterator[Box]:
    """Claim 175: yield boxes in one of which each minimum lies (Theorem H)."""
    for units in range(1, width + 1):
        for positive in range(units + 1):
            parts = ((1, 0, faces, positive), (-1, 0, faces, units - positive))
            yield tuple(part for part in parts if part[3])


def children(box: Box, place: int, length: int) -> Iterator[Box]:
    """Claim 176: yield boxes in one of which each minimum of a box lies: a part is cut in two."""
    sign, low, high, units = box[place]
    require(0 < length < high - low, "tree: a cut outside of a part")
    for j in range(units + 1):
        parts = ((sign, low, low + length, j), (sign, low + length, high, units - j))
        yield (*box[:place], *(part for part in parts if part[3]), *box[place + 1 :])


class Tree(Content):
    """The bytes of a tree, read once from the first to the last."""

    def __init__(self, content: bytes, boxes: int, records: int) -> None:
        super().__init__(content)
        self.boxes, self.records, self.nodes = boxes, records, 0  # no more are read
        self.leaves: list[Box] = []

    def read(self, faces: int, width: int) -> Iterator[Node]:
        """Claim 177: if what is yielded is true, every minimum lies in a leaf (Theorem H)."""
        for root in roots(faces, width):
            open_ = [root]
            while open_:
                box, kind = open_.pop(), self.byte()
                self.nodes += 1
                require(self.nodes <= self.boxes, "certificate: more boxes in the tree")
                while kind == SHRUNK:
                    smaller = self.shrunk(box)
                    yield Node(box, smaller)
                    box, kind = smaller, self.byte()
                if kind == CUT:
                    place = self.byte()
                    require(place < len(box), "tree: a cut of no part")
                    open_ += reversed(list(children(box, place, self.number())))
                elif kind == LEAF:
                    self.leaf(box)
                else:
                    require(kind == EXCLUDED, "tree: a byte without meaning")
                    yield Node(box, None)
        require(self.place == len(self.content), "tree: more bytes than nodes")

    def shrunk(self, box: Box) -> Box:
        """Return a box without so many faces at both ends of each of its parts."""
        found = []
        for sign, low, high, units in box:
            low, high = low + self.number(), high - self.number()
            require(low < high, "tree: a part without faces")
            found.append((sign, low, high, units))
        require(tuple(found) != box, "tree: nothing is taken away")
        return tuple(found)

    def leaf(self, box: Box) -> None:
        """Claim 178: all parts of a leaf are single faces with one unit, no face twice."""
        single = all(high == low + 1 and units == 1 for _, low, high, units in box)
        require(single, "tree: a leaf with more than one support")
        require(len({part[1] for part in box}) == len(box), "tree: a leaf with a face twice")
        require(len(self.leaves) < self.records, "certificate: more leaves than records")
        self.leaves.append(box)
