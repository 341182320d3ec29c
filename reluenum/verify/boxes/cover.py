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
EMPTY = (0, 1 << 40, 0, 0)  # a part inside of which none is


def hold(table: Tables, nodes: Iterator[Node]) -> int:
    """Claim 179: what a tree says of each box is true; return how many had to be cut further."""
    further = 0
    while batch := list(islice(nodes, TOGETHER)):
        seen, _ = settled(table, batch)
        for node in (node for node, good in zip(batch, seen, strict=True) if not good):
            further += 1
            missing = [node.box] if node.smaller is None else taken(node.box, node.smaller)
            good = all(is_empty(table, part) for part in missing)
            require(good, f"box {node.box}: not seen that minima are in {node.smaller or 'none'}")
    return further


def settled(table: Tables, nodes: list[Node]) -> tuple[list[bool], list[Box]]:
    """Return whether what nodes say is seen, and the smaller boxes to which it has led."""
    arrays = np.zeros((2, len(nodes), MOST_PARTS, 4), np.int64)
    counts = np.array([len(node.box) for node in nodes])
    for box, target, node in zip(*arrays, nodes, strict=True):
        box[: len(node.box)] = node.box
        target[: len(node.box)] = node.smaller or EMPTY
    seen = settle(table, *arrays, counts)
    parts = (rows[:count].tolist() for rows, count in zip(arrays[0], counts, strict=True))
    return seen.tolist(), [tuple(map(tuple, rows)) for rows in parts]


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
        (empty,), (left,) = settled(table, [Node(open_.pop(), None)])
        if not empty:
            lengths = [high - low for _, low, high, _ in left]
            place = lengths.index(max(lengths))
            if lengths[place] == 1:
                return False
            open_ += children(left, place, lengths[place] // 2)
    return not open_
