"""Boxes and records that are looked at many at a time, by several threads or processes."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any

from ..processes import Sharing

NODES, BOXES, RECORDS = 1024, 512, 512
"""Nodes of a tree that are read together, boxes that are looked at together, and records.

What belongs to a part of a proof goes by the numbers of such batches.
"""

AHEAD = 64  # batches of boxes that are read before the answer to one, whatever the threads


def answers(
    boxes: Iterator[Any], seen_in: Callable[[list], list[bool]], sharing: Sharing
) -> Iterator[tuple[list, list[bool]]]:
    """Yield boxes, in order, with what is seen of each of them."""
    batches = iter(lambda: list(islice(boxes, BOXES)), [])
    return answered(batches, seen_in, sharing)


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
