"""Boxes of arcs: those that a search begins with, and how it looks at them."""

from dataclasses import dataclass
from math import comb, prod

import numpy as np

from reluenum.engines.branch.centre import empty_work
from reluenum.engines.branch.circle import Circle
from reluenum.engines.branch.columns import PARTS, empty_box
from reluenum.engines.branch.search import follow, grow_below, reopened
from reluenum.engines.trees.growth import WARIER, BoxSearch
from reluenum.engines.trees.tree import Leaf


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


def told(found: np.ndarray) -> list[Leaf]:
    """Return leaves as signs and faces."""
    leaves = ((part for part in leaf if part[0]) for leaf in found.tolist())
    return [tuple(zip(*leaf, strict=True)) for leaf in leaves]


@dataclass(frozen=True, eq=False)
class ArcSearch(BoxSearch):
    """The `BoxSearch` for inputs on a line; a stack is an array as of `grow_below`.

    Parameters
    ----------
    circle : Circle
    width : int
    """

    circle: Circle
    width: int

    def roots(self) -> list[np.ndarray]:
        """Return the root boxes, each alone."""
        return root_stacks(self.circle.faces, self.width)

    def look(self, stack: np.ndarray, most: int) -> tuple[bytes, list[Leaf], int, np.ndarray]:
        """Look at boxes and all below them."""
        work = empty_work(self.circle)
        tree, found, boxes, rest = grow_below(self.circle, stack, empty_box(), work, most)
        return tree.tobytes(), told(found), boxes, rest

    def follow(
        self, content: np.ndarray, place: int, stack: np.ndarray
    ) -> tuple[int, list[Leaf], int, np.ndarray]:
        """Follow a tree that was begun."""
        place, found, boxes, rest = follow(content, place, stack, empty_box())
        return place, told(found), boxes, rest

    def reopened(
        self, content: np.ndarray, place: int, stack: np.ndarray, places: np.ndarray
    ) -> tuple[np.ndarray, int]:
        """Open boxes of a tree again."""
        return reopened(content, place, stack, empty_box(), places)

    def wary(self) -> "ArcSearch":
        """Return the same with larger margins."""
        circle = self.circle._replace(caution=WARIER * self.circle.caution)
        return ArcSearch(circle, self.width)

    def weight(self, stack: np.ndarray) -> int:
        """Return how many supports with signs some boxes have."""
        return supports_in(stack)
