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


BRIEF = "{l_bar}{bar}| {elapsed}{postfix}"
"""What is shown of a search."""

LONG = "{l_bar}{bar}| {elapsed}, about {remaining} left{postfix}"
"""The same, when something can be said of the time that it still takes."""

ENOUGH = 0.05
"""Share of all supports that has to be looked at until the time can be told."""


@contextmanager
def search_bar(progress: bool) -> Iterator[Callable[[float, int], None]]:
    """Provide a function that shows the share of all supports that a search has looked at.

    The time that is left is told as if the others took as long as those that this run has looked
    at; docs/benchmarks.md says how right that is.

    Parameters
    ----------
    progress : bool
        Whether it shows anything.
    """
    bar = {"total": 1.0, "desc": "supports in boxes", "bar_format": BRIEF, "smoothing": 0}
    with tqdm(**bar, disable=not progress) as done:
        known: list[float] = []

        def told(share: float, boxes: int) -> None:
            if not known:  # what an earlier run has looked at
                known.append(share)
                done.initial = done.n = share
            done.bar_format = LONG if share > known[0] + ENOUGH else BRIEF
            done.set_postfix_str(f"{boxes:,} boxes", refresh=False)
            done.update(max(share - done.n, 0))

        yield told
