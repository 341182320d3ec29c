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


@contextmanager
def search_bar(progress: bool) -> Iterator[Callable[[float, int], None]]:
    """Provide a function that shows the share of all supports that a search has looked at.

    Parameters
    ----------
    progress : bool
        Whether it shows anything.
    """
    shown = "{l_bar}{bar}| {elapsed}, {remaining} left{postfix}"
    bar = {"total": 1.0, "desc": "supports in boxes", "bar_format": shown}
    with tqdm(**bar, disable=not progress) as done:

        def told(share: float, boxes: int) -> None:
            done.set_postfix_str(f"{boxes:,} boxes", refresh=False)
            done.update(share - done.n)

        yield told
