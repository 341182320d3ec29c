"""What a tree leaves to be proved, box by box, thousands at a time; cut further where need be."""

from collections.abc import Callable, Iterator

import numpy as np

from ..processes import ALONE, Sharing
from ..trees.batches import Seen, held
from .line import Array, Tables
from .rules import settle
from .tree import Claims, children, parts_of

MOST_CUTS = 64  # of a box that is not seen to be empty at once


def hold(
    table: Tables,
    claims: Iterator[Claims],
    sharing: Sharing = ALONE,
    told: Callable[[], None] = lambda: None,
) -> int:
    """Claim 179: what a tree says of each box is true; return how many had to be cut further."""
    return held(table, claims, looked_at, lambda claim: claim[:2], sharing, told)


def looked_at(table: Tables, claims: Claims) -> Seen:
    """Return how many boxes had to be cut further, and what is not seen to be true."""
    seen, refused = settled(table, *claims[:2])[0], []
    for box, smaller, place in zip(*(part[~seen] for part in claims), strict=True):
        if not all(is_empty(table, part) for part in taken(box, smaller)):
            inside = parts_of(smaller) or "none"
            text = f"box {parts_of(box)}: not seen that minima are in {inside}"
            refused.append((text, int(place)))
    return int((~seen).sum()), refused


def settled(table: Tables, boxes: Array, smaller: Array) -> tuple[Array, Array]:
    """Return which claims are seen to be true, and the smaller boxes to which this has led."""
    left = boxes.copy()
    return settle(table, left, smaller, (boxes[:, :, 3] > 0).sum(axis=1)), left


def taken(box: Array, smaller: Array) -> Iterator[Array]:
    """Yield boxes in one of which each minimum of a box lies that is not in a smaller one."""
    if not smaller.any():
        yield box
        return
    for place in range(len(parts_of(box))):
        for end in (1, 2):
            whole, kept = box[place], smaller[place, end]
            if whole[end] == kept:
                continue
            halves = children(box, place, kept - whole[1])
            yield from halves[1:] if end == 1 else halves[:-1]
            box = box.copy()
            box[place, end] = kept


def is_empty(table: Tables, box: Array) -> bool:
    """Whether a box surely holds no minimum, cut in the middle of its longest part if need be."""
    open_ = [box]
    for _ in range(MOST_CUTS):
        if not open_:
            return True
        (empty,), (left,) = settled(table, open_.pop()[None], np.zeros_like(box)[None])
        if not empty:
            lengths = left[:, 2] - left[:, 1]
            place = lengths.argmax()
            if lengths[place] == 1:
                return False
            open_.extend(children(left, place, lengths[place] // 2))
    return not open_
