"""A search that is shared among jobs: an outline that all know, and the trees below its boxes.

The outline has the boxes with most supports; each job takes every so many-th of those that it
leaves open. The tree is the same, whatever the number of jobs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

import numpy as np

from reluenum.engines.trees.growth import BoxSearch, BoxStack, begun_pieces, shared, whole_tree
from reluenum.engines.trees.tree import BoxTree
from reluenum.errors import IncompleteRunError

OPEN_BOXES = 256
"""That the outline leaves to each job."""


@dataclass(frozen=True)
class Shard:
    """One of several jobs that share a search.

    Parameters
    ----------
    number : int
        From 0 on.
    shards : int
    """

    number: int
    shards: int

    def __str__(self) -> str:
        return f"{self.number + 1}/{self.shards}"


Outline = list["bytes | BoxStack | Outline"]
"""Nodes of a tree, and boxes that it leaves open, each alone."""


def outline_of(search: BoxSearch, shards: int) -> list[bytes | BoxStack]:
    """Look at the boxes with most supports until enough are open for so many jobs."""
    whole: Outline = list(search.roots())
    places = [(-search.weight(box), k, whole, k) for k, box in enumerate(whole)]
    heapify(places)
    number = len(places)  # among boxes of one weight the first one found is looked at first
    while places and len(places) < OPEN_BOXES * shards:
        *_, around, place = heappop(places)
        content, _, _, rest = search.look(around[place], 1)
        around[place] = [content, *shared(rest, len(rest))]
        for k, box in enumerate(around[place][1:], 1):
            heappush(places, (-search.weight(box), number, around[place], k))
            number += 1
    return list(_flat(whole))


def _flat(outline: Outline) -> Iterator[bytes | BoxStack]:
    """Yield what is in an outline, in order."""
    waiting = outline[::-1]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part[::-1]
        else:
            yield part


def open_boxes(outline: Sequence[bytes | BoxStack], shard: Shard) -> list[BoxStack]:
    """Return the boxes of a job."""
    boxes = [part for part in outline if not isinstance(part, bytes)]
    return boxes[shard.number :: shard.shards]


def joined_tree(
    search: BoxSearch, outline: Sequence[bytes | BoxStack], contents: Sequence[bytes]
) -> BoxTree:
    """Return the tree of an outline and what all jobs have found below their boxes.

    Parameters
    ----------
    search : BoxSearch
    outline : sequence
    contents : sequence of bytes
        Of each job, in order, the trees below its boxes, one after the other.

    Raises
    ------
    IncompleteRunError
        If these are not the trees of such jobs.
    """
    below: list[Iterator[bytes]] = []
    for number, content in enumerate(contents):
        boxes = open_boxes(outline, Shard(number, len(contents)))
        below.append(iter(subtrees(search, boxes, content)))
    found, count = [], 0
    for part in outline:
        if isinstance(part, bytes):
            found.append(part)
        else:
            found.append(next(below[count % len(below)]))
            count += 1
    roots = search.roots()
    followed = begun_pieces(search, roots, b"".join(found))
    return whole_tree(followed, sum(map(search.weight, roots)))


def subtrees(search: BoxSearch, boxes: Sequence[BoxStack], content: bytes) -> list[bytes]:
    """Return the trees below some boxes, that follow each other.

    Raises
    ------
    IncompleteRunError
        If these are not all, or boxes are open in them.
    """
    tree, place, found = np.frombuffer(content, dtype=np.uint8), 0, []
    for box in boxes:
        begin = place
        if begin < len(tree):
            place, _, _, rest = search.follow(tree, begin, box)
        if place == begin or len(rest):
            raise IncompleteRunError("boxes of a shard are open: run it to its end")
        found.append(content[begin:place])
    return found
