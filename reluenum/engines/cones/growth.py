"""Boxes of cones: those that a search begins with, and how it looks at them."""

from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np

from reluenum.engines.cones.parts import COUNT, MANY, PARTS, SIGN, settle_weak, status_at
from reluenum.engines.cones.rays import Rays
from reluenum.engines.cones.search import follow_cones, grow_cones
from reluenum.engines.cones.stack import Boxes
from reluenum.engines.trees.growth import WARIER, BoxSearch, shared
from reluenum.engines.trees.tree import OPEN, Leaf


def orthant(sky: Rays, number: int) -> tuple[np.ndarray, list[int]]:
    """Return the statuses and the rays of an orthant: base site e is < 0 if bit e is set."""
    signs = np.where(number >> np.arange(len(sky.base)) & 1, -1, 1)
    at_base = sky.signs[:, sky.base] * signs
    rays = np.flatnonzero((at_base >= 0).all(axis=1) & ((at_base > 0).sum(axis=1) == 1))
    status = np.array(
        [status_at.py_func(sky, rays, len(rays), i) for i in range(len(sky.target))], np.int8
    )
    status[sky.base[signs < 0]] = -2
    settle_weak.py_func(sky, status, rays, len(rays), np.zeros(sky.zeros.shape[1], np.uint64))
    return status, rays.tolist()


def root_boxes(sky: Rays, width: int) -> Boxes:
    """Return the root boxes of a width, the first one last."""
    count = 1 << len(sky.base)
    orthants = [orthant(sky, number) for number in range(count)]
    chosen = [
        units
        for size in range(1, width + 1)
        for units in combinations_with_replacement(range(2 * count), size)
    ]
    info, states, edges = (
        np.zeros((len(chosen), PARTS, 3), dtype=np.int64),
        np.zeros((len(chosen), PARTS, len(sky.target)), dtype=np.int8),
        np.zeros((len(chosen), PARTS, sky.most), dtype=np.int32),
    )
    for place, units in enumerate(reversed(chosen)):
        for part, number in enumerate(sorted(set(units))):
            status, rays = orthants[number % count]
            info[place, part, SIGN] = 1 if number < count else -1
            info[place, part, MANY] = units.count(number)
            info[place, part, COUNT] = len(rays)
            states[place, part] = status
            edges[place, part, : len(rays)] = rays
    return Boxes(info, states, edges, np.full(len(chosen), 1 / len(chosen)))


@dataclass(frozen=True, eq=False)
class Pile:
    """Boxes, the first one last.

    Parameters
    ----------
    boxes : Boxes
    """

    boxes: Boxes

    def __len__(self) -> int:
        return len(self.boxes.weight)

    def __getitem__(self, chosen: slice) -> "Pile":
        return Pile(Boxes(*(array[chosen] for array in self.boxes)))


def leaves_told(signs: np.ndarray, faces: np.ndarray) -> list[Leaf]:
    """Return leaves as signs and faces: these as the bytes of their signs at the sites."""
    return [
        (
            tuple(sign for sign in row if sign),
            tuple((face // 2).tobytes() for face, sign in zip(leaf, row, strict=True) if sign),
        )
        for row, leaf in zip(signs.tolist(), faces, strict=True)
    ]


@dataclass(frozen=True, eq=False)
class ConeSearch(BoxSearch):
    """The `BoxSearch` for inputs in more dimensions.

    Parameters
    ----------
    rays : Rays
    width : int
    """

    rays: Rays
    width: int

    def roots(self) -> list[Pile]:
        """Return the root boxes, each alone."""
        pile = Pile(root_boxes(self.rays, self.width))
        return shared(pile, len(pile))

    def look(self, stack: Pile, most: int) -> tuple[bytes, list[Leaf], int, Pile]:
        """Look at boxes and all below them."""
        tree, signs, faces, number, rest = grow_cones(self.rays, stack.boxes, most)
        return tree.tobytes(), leaves_told(signs, faces), number, Pile(rest)

    def follow(
        self, content: np.ndarray, place: int, stack: Pile
    ) -> tuple[int, list[Leaf], int, Pile]:
        """Follow a tree that was begun."""
        place, signs, faces, number, rest = follow_cones(self.rays, content, place, stack.boxes)
        return place, leaves_told(signs, faces), number, Pile(rest)

    def reopened(
        self, content: np.ndarray, place: int, stack: Pile, places: np.ndarray
    ) -> tuple[np.ndarray, int]:
        """Open boxes of a tree again; below them there is nothing, so that its form stays."""
        end = self.follow(content, place, stack)[0]
        found = content[place:end].copy()
        found[places[(places >= place) & (places < end)] - place] = OPEN
        return found, end

    def wary(self) -> "ConeSearch":
        """Return the same with larger margins."""
        rays = self.rays._replace(caution=WARIER * self.rays.caution)
        return ConeSearch(rays, self.width)

    def weight(self, stack: Pile) -> float:
        """Return the share of all supports in some boxes, were these dealt evenly."""
        return float(stack.boxes.weight.sum())
