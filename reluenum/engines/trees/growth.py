"""The whole tree of boxes (Theorem H): searched in pieces by several threads, and put together."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from math import inf
from time import monotonic
from typing import Protocol, Self

import numpy as np

from reluenum.engines.trees.tree import OPEN, BoxTree, Leaf

MOST_BOXES = 1 << 12
"""Of a piece."""

SHARES = 8
"""Pieces into which the boxes are shared that a piece leaves over."""

WARIER = 2.0**12
"""How many times larger margins are where a checker has not followed a search."""


class BoxStack(Protocol):
    """Boxes, the first one last."""

    def __len__(self) -> int: ...

    def __getitem__(self, chosen: slice) -> Self: ...


class BoxSearch(ABC):
    """A way to look at boxes of directions, in doubles, without proving anything."""

    @abstractmethod
    def roots(self) -> list[BoxStack]:
        """Return the boxes that a search begins with, each alone, in order."""

    @abstractmethod
    def look(self, stack: BoxStack, most: int) -> tuple[bytes, list[Leaf], int, BoxStack]:
        """Look at boxes and all below them, in preorder, at most so many.

        Returns
        -------
        tuple
            The nodes of the tree, as far as it goes, the leaves, the number of boxes, and the
            boxes that are left: the tree goes on with them.
        """

    @abstractmethod
    def follow(
        self, content: np.ndarray, place: int, stack: BoxStack
    ) -> tuple[int, list[Leaf], int, BoxStack]:
        """Follow a tree that was begun from a place on, up to the next box that is open.

        Returns
        -------
        tuple
            The place of the open box, or the end; the leaves and the number of boxes on the way;
            the boxes that are left, the open one last.
        """

    @abstractmethod
    def reopened(
        self, content: np.ndarray, place: int, stack: BoxStack, places: np.ndarray
    ) -> tuple[np.ndarray, int]:
        """Open boxes of a tree from a place on, and forget what is below them.

        Returns
        -------
        tuple
            The nodes of the tree below the boxes of the stack, and the place after it.
        """

    @abstractmethod
    def wary(self) -> Self:
        """Return the same with larger margins."""

    @abstractmethod
    def weight(self, stack: BoxStack) -> float:
        """Return what share boxes have of all supports, the whole being what the roots have."""


@dataclass(frozen=True, eq=False)
class Piece:
    """The nodes of a tree from a box on, up to some other one.

    Parameters
    ----------
    content : bytes
    leaves : list of (tuple of int, tuple)
    boxes : int
    rest : list of BoxStack
        The boxes with which the tree goes on, in order.
    done : int or float
        What share of the supports, as `BoxSearch.weight` has it, has been looked at.
    open : int
        How many boxes have not been.
    """

    content: bytes
    leaves: list[Leaf]
    boxes: int
    rest: list[BoxStack]
    done: float
    open: int = 0


def shared(stack: BoxStack, shares: int) -> list[BoxStack]:
    """Return boxes as so many stacks, or fewer, in order.

    Examples
    --------
    >>> [part.tolist() for part in shared(np.array([5, 4, 3, 2, 1]), 2)]
    [[3, 2, 1], [5, 4]]
    """
    ends = np.linspace(0, len(stack), min(shares, len(stack)) + 1).round().astype(int).tolist()
    parts = (stack[low:high] for low, high in pairwise(ends))
    return list(parts)[::-1]


def grown_piece(search: BoxSearch, stack: BoxStack) -> Piece:
    """Look at boxes, the last one first, as far as a piece goes."""
    content, leaves, boxes, rest = search.look(stack, MOST_BOXES)
    done = search.weight(stack) - search.weight(rest)
    return Piece(content, leaves, boxes, shared(rest, SHARES), done)


def begun_pieces(search: BoxSearch, stacks: Iterable[BoxStack], content: bytes) -> Iterator[Piece]:
    """Yield the pieces of trees that were begun: each ends with a box that is open."""
    tree, place = np.frombuffer(content, dtype=np.uint8), 0
    for stack in stacks:
        while len(stack):
            begin, before = place, search.weight(stack)
            place, leaves, boxes, stack = search.follow(tree, begin, stack)
            rest = [stack[-1:]] if len(stack) else []
            done, stack = before - search.weight(stack), stack[:-1]
            yield Piece(content[begin:place], leaves, boxes, rest, done)
            place += len(rest)


def reopened_tree(
    search: BoxSearch, stacks: Iterable[BoxStack], content: bytes, places: Sequence[int]
) -> bytes:
    """Return the nodes of a tree some boxes of which are open again.

    Parameters
    ----------
    search : BoxSearch
    stacks : iterable of BoxStack
        Those with which the tree begins.
    content : bytes
    places : sequence of int
        In the nodes of these boxes.
    """
    tree, wanted = np.frombuffer(content, dtype=np.uint8), np.unique(np.array(places))
    parts, place = [], 0
    for stack in stacks:
        part, place = search.reopened(tree, place, stack, wanted)
        parts.append(part.tobytes())
    return b"".join(parts)


def pieces(
    grown: Callable[[BoxStack], Piece], begun: Iterable[Piece], jobs: int, until: float = inf
) -> Iterator[Piece]:
    """Yield the pieces of a tree in order; which these are does not depend on the jobs.

    Parameters
    ----------
    grown : function
        From a stack of boxes to the next piece of the tree.
    begun : iterable of Piece
        The first ones; the tree goes on with what is left of each.
    jobs : int
        Number of threads.
    until : float
        When boxes are left open, in seconds as `monotonic` has it.
    """
    with ThreadPoolExecutor(jobs) as pool:

        def parts(piece: Piece) -> list[Piece | tuple[BoxStack, Future]]:
            """Return a piece and what the tree goes on with, the next one last."""
            rest = ((stack, pool.submit(grown, stack)) for stack in piece.rest)
            return [piece, *rest][::-1]

        try:
            waiting = [part for piece in list(begun)[::-1] for part in parts(piece)]
            while waiting:
                part = waiting.pop()
                if isinstance(part, Piece):
                    yield part
                    continue
                stack, future = part
                if future.done() or monotonic() < until:
                    waiting += parts(future.result())
                else:
                    future.cancel()
                    yield Piece(bytes([OPEN]) * len(stack), [], 0, [], 0, len(stack))
        finally:
            pool.shutdown(cancel_futures=True)


def grown_tree(
    search: BoxSearch,
    stacks: Sequence[BoxStack],
    jobs: int = 1,
    seconds: float = inf,
    begun: bytes = b"",
    told: Callable[[float, int], object] = lambda share, boxes: None,
) -> BoxTree:
    """Look at boxes and all below them (Theorem H).

    Parameters
    ----------
    search : BoxSearch
    stacks : sequence of BoxStack
        The roots for a whole tree; else the trees below the boxes follow each other.
    jobs : int
        Number of threads; what is found does not depend on it.
    seconds : float
        For how long, once what was begun has been followed: boxes that are left then are open.
    begun : bytes
        A tree with open boxes, if the search is to go on with it.
    told : function
        Is called every now and then with the share of the supports that have been looked at, and
        with the number of boxes; first of all with those of the tree that was begun.
    """
    whole = [Piece(b"", [], 0, list(stacks), 0)]
    first = list(begun_pieces(search, stacks, begun)) if begun else whole
    total, known = sum(map(search.weight, stacks)), sum(piece.done for piece in first)
    told(known / total if total else 1.0, sum(piece.boxes for piece in first))
    found = pieces(partial(grown_piece, search), first, jobs, monotonic() + seconds)
    return whole_tree(found, total, told)


def whole_tree(
    found: Iterable[Piece],
    total: float,
    told: Callable[[float, int], object] = lambda share, boxes: None,
) -> BoxTree:
    """Return the tree of some pieces in order, that together have so many supports."""
    content, leaves, boxes, left, done = [], [], 0, 0, 0
    for piece in found:
        content.append(piece.content)
        leaves += piece.leaves
        boxes += piece.boxes
        left += piece.open
        done += piece.done
        told(done / total if total else 1.0, boxes)
    return BoxTree(b"".join(content), leaves, boxes, left, 1 - done / total if total else 0.0)
