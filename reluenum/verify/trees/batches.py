"""Boxes that are looked at many at a time, by several threads."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any

TOGETHER = 512  # boxes that are looked at together
AHEAD = 64  # such batches that are read before the answer to one, whatever the number of threads


def answers(
    boxes: Iterator[Any], seen_in: Callable[[list], list[bool]], threads: int
) -> Iterator[tuple[list, list[bool]]]:
    """Yield boxes, in order, with what is seen of each of them."""
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[tuple[list, Future]] = deque()
        try:
            while batch := list(islice(boxes, TOGETHER)):
                waiting.append((batch, pool.submit(seen_in, batch)))
                if len(waiting) > AHEAD:
                    batch, found = waiting.popleft()
                    yield batch, found.result()
            for batch, found in waiting:
                yield batch, found.result()
        finally:
            pool.shutdown(cancel_futures=True)
