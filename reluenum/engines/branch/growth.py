"""The whole tree of boxes (Theorem H): searched in pieces by several threads, and put together."""

from collections.abc import Callable, Iterable, Iterator, Sized
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from math import comb, inf, prod
from time import monotonic
from typing import Any

import numpy as np

from reluenum.engines.branch.centre import empty_work
from reluenum.engines.branch.circle import Circle
from reluenum.engines.branch.columns import PARTS, empty_box
from reluenum.engines.branch.search import OPEN, BoxTree, Leaf, follow, grow_below

MOST_BOXES = 1 << 12
"""Of a piece."""

SHARES = 8
"""Pieces into which the boxes are shared that a piece leaves over."""


@dataclass(frozen=True, eq=False)
class Piece:
    """The nodes of a tree from a box on, up to some other one.

    Parameters
    ----------
    content : bytes
    leaves : list of (tuple of int, tuple of int)
    boxes : int
    rest : list of stacks
        The boxes with which the tree goes on, in order; the first of each stack is its last one.
    done : int or float
        Number of supports, with signs, that have been looked at, or their share.
    open : int
        How many boxes have not been.
    """

    content: bytes
    leaves: list[Leaf]
    boxes: int
    rest: list[Any]
    done: float
    open: int = 0


def roots(faces: int, width: int) -> list[list[tuple[int, int, int, int]]]:
    """Return the root boxes of a width: parts of all faces with either sign.

    Examples
    --------
    >>> roots(5, 1)
    [[(-1, 0, 5, 1)], [(1, 0, 5, 1)]]
    """
    found = []
    for units in range(1, width + 1):
        for positive in range(units + 1):
            parts = [(1, 0, faces, positive), (-1, 0, faces, units - positive)]
            found.append([part for part in parts if part[3]])
    return found


def root_stacks(faces: int, width: int) -> list[np.ndarray]:
    """Return the root boxes as arrays, each alone."""
    stacks = []
    for root in roots(faces, width):
        stack = np.zeros((1, PARTS, 4), dtype=np.int64)
        stack[0, : len(root)] = root
        stacks.append(stack)
    return stacks


def supports_in(stack: np.ndarray) -> int:
    """Return how many supports with signs some boxes have, were all faces of parts possible.

    Examples
    --------
    >>> supports_in(np.array([[[1, 0, 5, 2], [-1, 3, 6, 1]], [[1, 0, 4, 1], [0, 0, 0, 0]]]))
    34
    """
    return sum(prod(comb(hi - lo, many) for _, lo, hi, many in box) for box in stack.tolist())


def grown_piece(circle: Circle, stack: np.ndarray) -> Piece:
    """Search boxes, the last one first, as far as a piece goes."""
    tree, found, boxes, rest = grow_below(
        circle, stack, empty_box(), empty_work(circle), MOST_BOXES
    )
    parts = np.array_split(rest, min(SHARES, len(rest)) or 1)[::-1]
    done = supports_in(stack) - supports_in(rest)
    return Piece(tree.tobytes(), told(found), boxes, [part for part in parts if len(part)], done)


def told(found: np.ndarray) -> list[Leaf]:
    """Return leaves as signs and faces."""
    leaves = ((part for part in leaf if part[0]) for leaf in found.tolist())
    return [tuple(zip(*leaf, strict=True)) for leaf in leaves]


def begun_pieces(content: bytes, faces: int, width: int) -> Iterator[Piece]:
    """Yield the pieces of a tree that was begun: each ends with a box that is open."""
    tree, place, box = np.frombuffer(content, dtype=np.uint8), 0, empty_box()
    for stack in root_stacks(faces, width):
        while len(stack):
            begin, before = place, supports_in(stack)
            place, found, boxes, stack = follow(tree, begin, stack, box)
            rest = [stack[-1:]] if len(stack) else []
            done, stack = before - supports_in(stack), stack[:-1]
            yield Piece(content[begin:place], told(found), boxes, rest, done)
            place += len(rest)


def pieces(
    grown: Callable[[Any], Piece], begun: Iterable[Piece], jobs: int, until: float = inf
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

        def parts(piece: Piece) -> list[Piece | tuple[Sized, Future]]:
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
    circle: Circle,
    width: int,
    jobs: int = 1,
    until: float = inf,
    begun: bytes = b"",
    told: Callable[[float, int], object] = lambda share, boxes: None,
) -> BoxTree:
    """Search all boxes of a width (Theorem H).

    Parameters
    ----------
    circle : Circle
    width : int
    jobs : int
        Number of threads; what is found does not depend on it.
    until : float
        When to stop, in seconds as `monotonic` has it: boxes that are left then are open.
    begun : bytes
        A tree with open boxes, if the search is to go on with it.
    told : function
        Is called every now and then with the share of the supports that have been looked at, and
        with the number of boxes.
    """
    whole = [Piece(b"", [], 0, root_stacks(circle.faces, width), 0)]
    total = sum(map(supports_in, whole[0].rest))
    first = list(begun_pieces(begun, circle.faces, width)) if begun else whole
    return whole_tree(pieces(partial(grown_piece, circle), first, jobs, until), total, told)


def whole_tree(
    found: Iterable[Piece], total: float, told: Callable[[float, int], object]
) -> BoxTree:
    """Return the tree of some pieces in order, that together have so many supports."""
    content, leaves, boxes, left, done = [], [], 0, 0, 0
    for piece in found:
        content.append(piece.content)
        leaves += piece.leaves
        boxes += piece.boxes
        left += piece.open
        done += piece.done
        told(done / total, boxes)
    return BoxTree(b"".join(content), leaves, boxes, left, 1 - done / total)
