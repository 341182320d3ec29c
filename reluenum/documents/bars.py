"""Bars that show how far a document has been read."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from tqdm import tqdm


@contextmanager
def box_bar(progress: bool) -> Iterator[Callable[[int, int], None]]:
    """Provide a function that shows how many of the boxes of a tree the checker has read.

    Parameters
    ----------
    progress : bool
        Whether it shows anything.
    """
    with ExitStack() as shown:
        bars: list[tqdm] = []

        def told(done: int, boxes: int) -> None:
            if not bars:
                bar = {"total": boxes, "desc": "read by the checker", "unit": "box"}
                bars.append(shown.enter_context(tqdm(**bar, disable=not progress)))
            bars[0].update(done - bars[0].n)

        yield told
