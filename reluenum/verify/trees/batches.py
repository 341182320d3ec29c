"""Boxes and records that are looked at many at a time, by several threads or processes."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

from ..processes import Sharing

AHEAD = 64  # batches of boxes that are read before the answer to one, whatever the threads


class Sizes(NamedTuple):
    """How many nodes of a tree are read together; how many boxes, and records, are looked at.

    What belongs to a part of a proof goes by the numbers of such batches.
    """

    nodes: int
    boxes: int
    records: int


SIZES = Sizes(1024, 512, 512)
"""The same for all parts of a proof."""


def answered(
    batches: Iterator[Any], seen_in: Callable[[Any], Any], sharing: Sharing
) -> Iterator[tuple[Any, Any]]:
    """Yield the batches of a share, in order, with what is seen in each of them."""
    with ThreadPoolExecutor(sharing.jobs) as pool:
        waiting: deque[tuple[Any, Future]] = deque()
        try:
            for batch in sharing.share.of(batches):
                waiting.append((batch, pool.submit(seen_in, batch)))
                if len(waiting) > AHEAD:
                    batch, found = waiting.popleft()
                    yield batch, found.result()
            for batch, found in waiting:
                yield batch, found.result()
        finally:
            pool.shutdown(cancel_futures=True)
