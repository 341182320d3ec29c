"""The whole tree of boxes (Theorem H): searched in pieces by several threads, and put together."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from math import comb, prod

import numpy as np
from tqdm import tqdm

from reluenum.engines.branch.centre import empty_work
from reluenum.engines.branch.circle import Circle
from reluenum.engines.branch.columns import PARTS, empty_box
from reluenum.engines.branch.search import BoxTree, grow_below

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
    rest : list of (K, PARTS, 4) array
        The boxes with which the tree goes on, in order; the first of each array is its last one.
    done : int
        Number of supports, with signs, that have been looked at.
    """

    content: bytes
    leaves: list[tuple[tuple[int, ...], tuple[int, ...]]]
    boxes: int
    rest: list[np.ndarray]
    done: int


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
    leaves = []
    for leaf in found.tolist():
        leaves.append(tuple(zip(*(part for part in leaf if part[0]), strict=True)))
    parts = np.array_split(rest, min(SHARES, len(rest)) or 1)[::-1]
    done = supports_in(stack) - supports_in(rest)
    return Piece(tree.tobytes(), leaves, boxes, [part for part in parts if len(part)], done)


def pieces(circle: Circle, stacks: Sequence[np.ndarray], jobs: int) -> Iterator[Piece]:
    """Yield the pieces of a tree in order; which these are does not depend on the jobs."""
    with ThreadPoolExecutor(jobs) as pool:
        waiting: list[Future] = []  # the next one last
        begin = partial(pool.submit, grown_piece, circle)
        try:
            waiting += map(begin, stacks)
            waiting.reverse()
            while waiting:
                piece = waiting.pop().result()
                waiting += list(map(begin, piece.rest))[::-1]
                yield piece
        finally:
            pool.shutdown(cancel_futures=True)


def grown_tree(circle: Circle, width: int, jobs: int = 1, progress: bool = False) -> BoxTree:
    """Search all boxes of a width (Theorem H).

    Parameters
    ----------
    circle : Circle
    width : int
    jobs : int
        Number of threads; what is found does not depend on it.
    progress : bool
        Whether to show a bar on standard error: of the supports, with signs.
    """
    content, leaves, boxes, stacks = [], [], 0, root_stacks(circle.faces, width)
    total = sum(map(supports_in, stacks))
    with tqdm(total=total, unit="support", unit_scale=True, disable=not progress) as bar:
        for piece in pieces(circle, stacks, jobs):
            content.append(piece.content)
            leaves += piece.leaves
            boxes += piece.boxes
            bar.update(piece.done)
    return BoxTree(b"".join(content), leaves, boxes)
