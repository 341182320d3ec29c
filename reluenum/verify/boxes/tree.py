"""The tree of boxes (Theorem H): from its bytes to what is to be proved of single boxes.

A box is an array of parts (sign, first face, face after the last one, multiplicity), faces in their
order around the circle. It has room for `MOST_PARTS` of them; those that are not there are 0.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from ..reals import CertificateError, require
from ..trees.batches import SIZES
from ..trees.content import next_byte, next_number
from ..trees.machine import compiled, inlined
from ..trees.numbers import put_numbers
from .line import Array

MOST_PARTS = 4
EXCLUDED, LEAF, CUT, SHRUNK = range(4)

Part = tuple[int, int, int, int]
Claims = tuple[Array, Array, Array]
"""Boxes, smaller ones in which the minima of each are (where that is 0, there is none), and the
places in the tree where this is said."""


class Limits(NamedTuple):
    """How many nodes are to be read, and how many boxes and leaves may be left."""

    nodes: int
    boxes: int
    leaves: int


class Piece(NamedTuple):
    """Some nodes of a tree, one after the other: what they say."""

    place: int  # behind them
    open: Array  # boxes that come next, the first one last
    nodes: int  # how many there were, a box that is made smaller and what follows being one
    claims: Claims
    leaves: Array  # sign and face of each part


def roots(faces: int, width: int) -> Array:
    """Claim 175: return boxes in one of which each minimum lies (Theorem H)."""
    found = []
    for units in range(1, width + 1):
        for positive in range(units + 1):
            parts = ((1, 0, faces, positive), (-1, 0, faces, units - positive))
            found.append(box_of([part for part in parts if part[3]]))
    return np.array(found)


def box_of(parts: Sequence[Part]) -> Array:
    """Return the box of some parts."""
    return np.array([*parts, *[(0, 0, 0, 0)] * (MOST_PARTS - len(parts))], np.int64)


def parts_of(box: Array) -> list[Part]:
    """Return the parts of a box."""
    return [tuple(part) for part in box.tolist() if part[3]]


@compiled
def children(box: Array, place: int, length: int) -> Array:
    """Claim 176: return boxes in one of which each minimum of a box lies: a part is cut in two."""
    if place >= MOST_PARTS or box[place, 3] == 0:
        raise CertificateError("tree: a cut of no part")
    if not 0 < length < box[place, 2] - box[place, 1]:
        raise CertificateError("tree: a cut outside of a part")
    units, middle = box[place, 3], box[place, 1] + length
    found = np.zeros((units + 1, MOST_PARTS, 4), np.int64)
    for j in range(units + 1):
        count = 0
        for k in range(MOST_PARTS):
            part = box[k].copy()
            if k == place:
                part[2], part[3] = middle, j
                count = put(found[j], count, part)
                part[1], part[2], part[3] = middle, box[k, 2], units - j
            count = put(found[j], count, part)
    return found


@inlined
def put(box: Array, count: int, part: Array) -> int:
    """Put a part behind those of a box, if it has units; return how many there are."""
    if part[3] > 0:
        put_numbers(box[count], part)
        count += 1
    return count


@inlined
def put_parts(box: Array, other: Array) -> None:
    """Put the parts of a box, or of a leaf, into an array."""
    for k in range(MOST_PARTS):
        put_numbers(box[k], other[k])


@inlined
def kind_at(content: Array, place: int, left: int) -> tuple[int, int]:
    """Return what is said of the next box, and the place after it; so many boxes may be left."""
    if left <= 0:
        raise CertificateError("certificate: more boxes in the tree")
    kind, place = next_byte(content, place)
    if kind > SHRUNK:
        raise CertificateError("tree: a byte without meaning")
    return kind, place


@inlined
def shrunk(content: Array, place: int, box: Array) -> tuple[Array, int]:
    """Return a box without so many faces at both ends of its parts, and the place after these."""
    found, taken = box.copy(), 0
    for k in range(MOST_PARTS):
        if box[k, 3] > 0:
            first, place = next_number(content, place)
            last, place = next_number(content, place)
            found[k, 1], found[k, 2] = box[k, 1] + first, box[k, 2] - last
            taken += first + last
            if found[k, 1] >= found[k, 2]:
                raise CertificateError("tree: a part without faces")
    if taken == 0:
        raise CertificateError("tree: nothing is taken away")
    return found, place


@inlined
def following(content: Array, place: int, box: Array, kind: int) -> tuple[Array, int]:
    """Return the boxes in which minima of a box are said to be, no leaf, and the place after it."""
    if kind == CUT:
        part, place = next_byte(content, place)
        length, place = next_number(content, place)
        return children(box, part, length), place
    rest = np.zeros((int(kind == SHRUNK), MOST_PARTS, 4), np.int64)
    if kind == SHRUNK:
        smaller, place = shrunk(content, place, box)
        put_parts(rest[0], smaller)
    return rest, place


@inlined
def pushed(stack: Array, height: int, boxes: Array) -> int:
    """Put boxes on a stack, the first one last; return its height."""
    for k in range(len(boxes)):
        put_parts(stack[height + k], boxes[len(boxes) - 1 - k])
    return height + len(boxes)


@inlined
def room(open_: Array, nodes: int) -> tuple[Array, Claims, Array]:
    """Return a stack of open boxes, and room for the claims and the leaves of so many nodes."""
    stack = np.zeros((len(open_) + MOST_PARTS * nodes, MOST_PARTS, 4), np.int64)
    for k in range(len(open_)):
        put_parts(stack[k], open_[k])
    boxes = np.zeros((nodes, MOST_PARTS, 4), np.int64)
    claims = boxes, np.zeros_like(boxes), np.zeros(nodes, np.int64)
    return stack, claims, np.zeros((nodes, MOST_PARTS, 2), np.int32)


@compiled
def read_nodes(content: Array, place: int, open_: Array, limits: Limits) -> Piece:
    """Claim 177: if the claims are true, minima of open boxes are in leaves or boxes still open.

    So in the end, when no box is open, each minimum lies in a leaf (Theorem H).
    """
    stack, (boxes, smaller, places), leaves = room(open_, limits.nodes)
    height, nodes, said, found = len(open_), 0, 0, 0
    for count in range(1, limits.nodes + 1):
        height -= 1
        box, places[said] = stack[height].copy(), place
        kind, place = kind_at(content, place, limits.boxes - nodes)
        nodes += kind != SHRUNK
        rest, place = following(content, place, box, kind)
        height = pushed(stack, height, rest)
        if kind == LEAF:
            put_parts(leaves[found], leaf(box, limits.leaves - found))
            found += 1
        elif kind != CUT:
            put_parts(boxes[said], box)
            pushed(smaller, said, rest)
            said += 1
        if height == 0 or (kind == LEAF and 2 * count >= limits.nodes):
            break
    claims = boxes[:said], smaller[:said], places[:said]
    return Piece(place, stack[:height].copy(), nodes, claims, leaves[:found].copy())


@inlined
def leaf(box: Array, left: int) -> Array:
    """Claim 178: all parts of a leaf are single faces with one unit, no face twice.

    So many leaves may be left.
    """
    for k in range(MOST_PARTS):
        if box[k, 3] > 1 or box[k, 2] > box[k, 1] + 1:
            raise CertificateError("tree: a leaf with more than one support")
        for m in range(k):
            if box[k, 3] > 0 and box[k, 1] == box[m, 1]:
                raise CertificateError("tree: a leaf with a face twice")
    if left <= 0:
        raise CertificateError("certificate: more leaves than records")
    return box[:, :2].astype(np.int32)


class Tree:
    """The bytes of a tree, read once from the first to the last."""

    def __init__(self, content: bytes, boxes: int, records: int) -> None:
        self.content = np.frombuffer(content, np.uint8)
        self.boxes, self.records = boxes, records  # no more are read
        self.nodes, self.leaves, self.found = 0, 0, []

    def read(self, faces: int, width: int) -> Iterator[Claims]:
        """Yield what is claimed of boxes, many at a time; `found` are then the leaves."""
        place, open_ = 0, roots(faces, width)[::-1].copy()
        while len(open_):
            limits = Limits(SIZES.nodes, self.boxes - self.nodes, self.records - self.leaves)
            piece = read_nodes(self.content, place, open_, limits)
            place, open_ = piece.place, piece.open
            self.nodes += int(piece.nodes)
            self.leaves += len(piece.leaves)
            self.found.append(piece.leaves)
            yield piece.claims
        require(place == len(self.content), "tree: more bytes than nodes")
