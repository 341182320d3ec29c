"""What a tree leaves to be proved, box by box, thousands at a time; cut further where need be."""

from collections.abc import Iterator
from itertools import islice

import numpy as np

from ..reals import require
from .line import Tables
from .rules import settle
from .tree import Box, Node, children

TOGETHER = 4096  # boxes that are looked at together
MOST_PARTS = 4
MOST_CUTS = 64  # of a box that is not seen to be empty at once


def hold(table: Tables, nodes: Iterator[Node]) -> int:
    """Claim: what is said of each box is true; return how many had to be cut further."""
    further = 0
    while batch := list(islice(nodes, TOGETHER)):
        empty, left = settled_boxes(table, [node.box for node in batch])
        for node, none, box in zip(batch, empty, left, strict=True):
            if none or (node.smaller is not None and inside(box, node.smaller)):
                continue
            further += 1
            missing = [node.box] if node.smaller is None else taken(node.box, node.smaller)
            seen = all(is_empty(table, part) for part in missing)
            require(
                seen, f"the box {node.box} is not seen to hold no minimum outside of {node.smaller}"
            )
    return further


def settled_boxes(table: Tables, boxes: list[Box]) -> tuple[list[bool], list[Box]]:
    """Return whether boxes surely hold no minimum, and in which smaller ones their minima are."""
    array = np.zeros((len(boxes), MOST_PARTS, 4), np.int64)
    counts = np.array([len(box) for box in boxes])
    for rows, box in zip(array, boxes, strict=True):
        rows[: len(box)] = box
    empty = settle(table, array, counts)
    parts = (rows[:count].tolist() for rows, count in zip(array, counts, strict=True))
    return empty.tolist(), [tuple(map(tuple, rows)) for rows in parts]


def inside(box: Box, other: Box) -> bool:
    """Whether the parts of a box lie in those of another one."""
    pairs = zip(box, other, strict=True)
    return all(one[1] >= two[1] and one[2] <= two[2] for one, two in pairs)


def taken(box: Box, smaller: Box) -> Iterator[Box]:
    """Yield boxes in one of which each minimum of a box lies that is not in a smaller one."""
    for place, part in enumerate(smaller):
        for end in (1, 2):
            whole = box[place]
            if whole[end] == part[end]:
                continue
            halves = list(children(box, place, part[end] - whole[1]))
            yield from halves[1:] if end == 1 else halves[:-1]
            kept = (*whole[:end], part[end], *whole[end + 1 :])
            box = (*box[:place], kept, *box[place + 1 :])


def is_empty(table: Tables, box: Box) -> bool:
    """Whether a box surely holds no minimum, cut in the middle of its longest part if need be."""
    open_ = [box]
    for _ in range(MOST_CUTS):
        if not open_:
            return True
        (none,), (left,) = settled_boxes(table, [open_.pop()])
        if not none:
            lengths = [high - low for _, low, high, _ in left]
            place = lengths.index(max(lengths))
            if lengths[place] == 1:
                return False
            open_ += children(left, place, lengths[place] // 2)
    return not open_
