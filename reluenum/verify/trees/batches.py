"""Boxes and records that are looked at many at a time, by several threads or processes."""

import pickle
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import sha256
from typing import Any, NamedTuple

from ..processes import Sharing
from ..reals import Refused

AHEAD = 64  # batches of boxes that are read before the answer to one, whatever the threads


class Sizes(NamedTuple):
    """How many nodes of a tree are read together; how many boxes, and records, are looked at.

    What belongs to a part of a proof goes by the numbers of such batches. Those of boxes end at
    the first leaf once they are half full: soon after a change of a tree they are the old ones.
    """

    nodes: int
    boxes: int
    records: int


SIZES = Sizes(1024, 512, 512)
"""The same for all parts of a proof."""


Seen = tuple[int, list[tuple[str, int]]]
"""How many boxes of a batch had to be cut further; of refused ones texts, and places in a tree."""


def held(
    table: Any,
    batches: Iterator[Any],
    look: Callable[[Any, Any], Seen],
    content: Callable[[Any], Any],
    sharing: Sharing,
    told: Callable[[], None],
) -> int:
    """See that boxes are as a tree says; return how many had to be cut further.

    `told` is called every now and then. If boxes are refused, the error has the places of all. On
    `table` and the `content` of a batch alone depends what `look` sees in it: so what is known to
    be true needs no second look.
    """
    further, doubt = 0, Refused()
    start = sha256(pickle.dumps(table)) if sharing.known is not None else None

    def seen(batch: Any) -> Seen:
        if start is None:
            return look(table, batch)
        name = start.copy()
        name.update(pickle.dumps(content(batch)))
        if name.digest() in sharing.known:
            return 0, []
        found = look(table, batch)
        if not found[1]:
            sharing.known.add(name.digest())
        return found

    for cuts, refused in answered(batches, seen, sharing):
        further += cuts
        for text, place in refused:
            doubt.add(text, place)
        told()
    doubt.complain()
    return further


def answered(
    batches: Iterator[Any], seen: Callable[[Any], Seen], sharing: Sharing
) -> Iterator[Seen]:
    """Yield what is seen in the batches of a share, in order."""
    with ThreadPoolExecutor(sharing.jobs) as pool:
        waiting: deque[Future] = deque()
        try:
            for batch in sharing.share.of(batches):
                waiting.append(pool.submit(seen, batch))
                if len(waiting) > AHEAD:
                    yield waiting.popleft().result()
            for found in waiting:
                yield found.result()
        finally:
            pool.shutdown(cancel_futures=True)
