"""The whole tree of boxes of cones: searched in pieces by several threads, and put together."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import combinations_with_replacement
from math import inf

import numpy as np

from reluenum.engines.branch.growth import SHARES, Piece, pieces, whole_tree
from reluenum.engines.branch.search import BoxTree, Leaf
from reluenum.engines.cones.parts import COUNT, MANY, PARTS, SIGN, settle_weak, status_at
from reluenum.engines.cones.rays import Rays
from reluenum.engines.cones.search import follow_cones, grow_cones
from reluenum.engines.cones.stack import Boxes

MOST_BOXES = 1 << 12
"""Of a piece."""


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

    def __getitem__(self, chosen: np.ndarray | slice) -> "Pile":
        return Pile(Boxes(*(array[chosen] for array in self.boxes)))

    @property
    def weight(self) -> float:
        """The share of all supports in them, were these dealt evenly."""
        return float(self.boxes.weight.sum())

    def shared(self, shares: int) -> list["Pile"]:
        """Return them as so many piles, or fewer, the last ones first."""
        parts = np.array_split(np.arange(len(self)), min(shares, len(self)) or 1)[::-1]
        return [self[part] for part in parts if len(part)]


def leaves_told(signs: np.ndarray, faces: np.ndarray) -> list[Leaf]:
    """Return leaves as signs and faces: these as the bytes of their signs at the sites."""
    return [
        (
            tuple(sign for sign in row if sign),
            tuple((face // 2).tobytes() for face, sign in zip(leaf, row, strict=True) if sign),
        )
        for row, leaf in zip(signs.tolist(), faces, strict=True)
    ]


def grown_cones(rays: Rays, pile: Pile) -> Piece:
    """Search boxes, the last one first, as far as a piece goes."""
    tree, signs, faces, number, boxes = grow_cones(rays, pile.boxes, MOST_BOXES)
    rest = Pile(boxes)
    done = pile.weight - rest.weight
    return Piece(tree.tobytes(), leaves_told(signs, faces), number, rest.shared(SHARES), done)


def begun_cones(content: bytes, rays: Rays, pile: Pile) -> Iterator[Piece]:
    """Yield the pieces of a tree that was begun: each ends with a box that is open."""
    tree, place = np.frombuffer(content, dtype=np.uint8), 0
    while len(pile):
        begin, before = place, pile.weight
        place, signs, faces, number, boxes = follow_cones(rays, tree, begin, pile.boxes)
        left = Pile(boxes)
        rest, pile = ([left[-1:]], left[:-1]) if len(left) else ([], left)
        done = before - left.weight
        yield Piece(content[begin:place], leaves_told(signs, faces), number, rest, done)
        place += len(rest)


def grown_cone_tree(
    rays: Rays,
    width: int,
    jobs: int = 1,
    until: float = inf,
    begun: bytes = b"",
    told: Callable[[float, int], object] = lambda share, boxes: None,
) -> BoxTree:
    """Search all boxes of a width (Theorem H), as `branch.growth.grown_tree` does.

    Parameters
    ----------
    rays : Rays
    width, jobs : int
    until : float
    begun : bytes
    told : function
    """
    pile = Pile(root_boxes(rays, width))
    whole = [Piece(b"", [], 0, pile.shared(len(pile)), 0)]
    first = list(begun_cones(begun, rays, pile)) if begun else whole
    return whole_tree(pieces(partial(grown_cones, rays), first, jobs, until), 1.0, told)
