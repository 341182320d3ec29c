"""What a tree leaves to be proved, box by box, thousands at a time; cut further where need be."""

from collections.abc import Callable, Iterator
from itertools import chain

import numpy as np

from ..reals import require
from ..trees.batches import answers
from .line import Array, Tables
from .rules import settle
from .tree import Box, Node, children

MOST_PARTS = 4
MOST_CUTS = 64  # of a box that is not seen to be empty at once
EMPTY = ((0, 1 << 40, 0, 0),)  # a box inside of which none is


def hold(
    table: Tables, nodes: Iterator[Node], threads: int = 1, told: Callable[[], None] = lambda: None
) -> int:
    """Claim 179: what a tree says of each box is true; return how many had to be cut further.

    `told` is called every now and then.
    """
    further = 0
    for batch, seen in answers(nodes, lambda batch: seen_in(table, batch), threads):
        for node in (node for node, good in zip(batch, seen, strict=True) if not good):
            further += 1
            missing = [node.box] if node.smaller is None else taken(node.box, node.smaller)
            good = all(is_empty(table, part) for part in missing)
            require(good, f"box {node.box}: not seen that minima are in {node.smaller or 'none'}")
        told()
    return further


def seen_in(table: Tables, nodes: list[Node]) -> list[bool]:
    """Return whether what nodes say is seen, of each of them."""
    return settle(table, *arrays_of(nodes)).tolist()


def settled(table: Tables, nodes: list[Node]) -> tuple[list[bool], list[Box]]:
    """Return that, and the smaller boxes to which it has led."""
    boxes, targets, counts = arrays_of(nodes)
    seen = settle(table, boxes, targets, counts)
    parts = (rows[:count].tolist() for rows, count in zip(boxes, counts, strict=True))
    return seen.tolist(), [tuple(map(tuple, rows)) for rows in parts]


def arrays_of(nodes: list[Node]) -> tuple[Array, Array, Array]:
    """Return boxes, what they are to be inside of, and the numbers of their parts, as arrays."""
    boxes, targets = (
        filled([node.box for node in nodes]),
        filled([node.smaller or EMPTY * len(node.box) for node in nodes]),
    )
    return boxes, targets, np.array([len(node.box) for node in nodes])


def filled(boxes: list[Box]) -> Array:
    """Return boxes as an array, with room for more parts."""
    found = np.zeros((len(boxes), MOST_PARTS, 4), np.int64)
    counts = [len(box) for box in boxes]
    inside = np.arange(MOST_PARTS) < np.array(counts)[:, None]
    numbers = chain.from_iterable(chain.from_iterable(boxes))
    found[inside] = np.fromiter(numbers, np.int64, 4 * sum(counts)).reshape(-1, 4)
    return found


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
