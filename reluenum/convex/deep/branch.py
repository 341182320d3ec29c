"""Boxes that tile all first layers, the one with the lowest bound cut first."""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations_with_replacement, count
from math import ceil, comb, log10

import numpy as np
from flint import fmpq
from tqdm import tqdm

from reluenum.convex.deep.boxes import ROUNDING, Box, Row, Slot, TwoLayers
from reluenum.convex.deep.duals import RowSigns, best_residual, moving, tight_rows
from reluenum.convex.deep.enclosure import BoxBound, DualPoint, box_bound
from reluenum.errors import InputError, TooManySupportsError

MOST_SITES = 10
"""Sets of sites are gone through in every box."""

LARGEST = fmpq(10) ** 30
"""Absolute value of numbers, and of their inverses, so that no product of doubles overflows."""

MOST_AXES = 12
"""Coordinates of a first layer."""

MOST_TREES = 5000
"""Combinations of cones of first-layer units."""


@dataclass(eq=False)
class Node:
    """A box with its bound, and what it was cut into.

    Parameters
    ----------
    box : Box
    bound : BoxBound, optional
        None if the box needs none.
    rows : sequence of Row
        All that are possible in the box.
    binding : sequence of Row
        Those of units that gain most at the best dual point of the middle.
    least : float
        About the least loss of the networks with the first layer in the middle.
    cut : str
        How it was cut; empty of a leaf.
    children : list of Node
    """

    box: Box
    bound: BoxBound | None = None
    rows: Sequence[Row] = ()
    binding: Sequence[Row] = ()
    least: float = 0.0
    cut: str = ""
    children: list["Node"] = field(default_factory=list)

    def leaves(self) -> Iterator["Node"]:
        """Yield the nodes that are not cut and have a bound."""
        if self.bound is not None and not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()


@dataclass(frozen=True, eq=False)
class Tiling:
    """Trees of boxes that together hold a first layer of each best network.

    Parameters
    ----------
    of : TwoLayers
    radius : float
        No best network has a longer first layer.
    digits : int
        Decimals of dual points.
    trees : list of Node
    """

    of: TwoLayers
    radius: float
    digits: int
    trees: list[Node]

    @property
    def bound(self) -> float:
        """The lowest bound of a leaf: the sum-of-squares loss, scatter left out."""
        return min(leaf.bound.value for tree in self.trees for leaf in tree.leaves())

    @property
    def any_upper_width(self) -> bool:
        """Whether the bound holds however many units the second layer has."""
        return not any(any(leaf.box.slots) for tree in self.trees for leaf in tree.leaves())


def tiling(of: TwoLayers, upper: fmpq, gap: fmpq, boxes: int, progress: bool = False) -> Tiling:
    """Tile first layers until no network can be better than an upper bound by more than a gap.

    Parameters
    ----------
    of : TwoLayers
    upper : fmpq
        Sum-of-squares loss of some network.
    gap : fmpq
        Asked for, relative to `upper`.
    boxes : int
        After so many the tiling is left as it is.
    progress : bool
        Whether to show a bar.

    Raises
    ------
    InputError
        If there are not two hidden layers.
    TooManySupportsError
        If there are too many sites or combinations of cones.
    """
    refuse_untiled(of)
    energy = of.problem.energy - of.problem.scatter
    fitted = upper - of.problem.scatter
    square = min(fitted / 3, energy / 4) / of.problem.effective_ridge
    radius = ceil(2**10 * float(square) ** 0.5 * (1 + ROUNDING) + 1) / 2**10
    digits = max(0, ceil(8 - log10(of.ridge)))
    search = _Tiler(of, radius, digits, float(fitted), float(gap * upper))
    units, axes = of.problem.hidden[1], of.axes
    slots = (Slot(),) * (units if units < of.size else 0)
    all_cones = combinations_with_replacement(range(len(of.cones)), of.problem.width)
    roots = [Box(cones, np.zeros(axes), np.full(axes, radius), slots) for cones in all_cones]
    trees = [search.node(box) for box in roots]
    search.run(trees, boxes, progress)
    return Tiling(of, radius, search.digits, trees)


def refuse_untiled(of: TwoLayers) -> None:
    """Refuse what cannot be tiled.

    Raises
    ------
    InputError
        If there is one hidden layer, or more than two.
    TooManySupportsError
        If there are too many sites or combinations of cones.
    """
    if len(of.problem.hidden) != 2:
        found = f"{len(of.problem.hidden)} hidden layers"
        raise InputError("hidden", found, "two widths, such as 2,2")
    rows = of.problem.inputs
    numbers = (*(entry for row in rows for entry in row), *of.problem.targets, of.problem.ridge)
    if not all(entry == 0 or 1 / LARGEST <= abs(entry) <= LARGEST for entry in numbers):
        raise InputError("data", "numbers far from 1", "0, or between 1e-30 and 1e30")
    if of.size > MOST_SITES:
        expected = f"at most {MOST_SITES} to tile first layers"
        raise TooManySupportsError("data", f"{of.size} distinct inputs", expected)
    if of.axes > MOST_AXES:
        found = f"{of.axes} weights and biases in the first layer"
        raise TooManySupportsError("hidden", found, f"at most {MOST_AXES}")
    trees = comb(len(of.cones) + of.problem.width - 1, of.problem.width)
    if trees > MOST_TREES:
        found = f"{trees} combinations of first-layer cones"
        raise TooManySupportsError("hidden", found, f"at most {MOST_TREES}: fewer units or inputs")


@dataclass(frozen=True, eq=False)
class _Tiler:
    """What all boxes of a tiling share."""

    of: TwoLayers
    radius: float
    digits: int
    upper: float
    room: float

    @property
    def target(self) -> float:
        """The bound that a box should have."""
        return self.upper - self.room

    def run(self, trees: list[Node], boxes: int, progress: bool) -> None:
        """Cut the box with the lowest bound until all bounds are high enough."""
        number = count()
        live = (node for node in trees if node.bound is not None)
        queue = [(node.bound.value, next(number), node) for node in live if node.bound]
        heapq.heapify(queue)
        made = len(trees)
        with tqdm(total=boxes, initial=made, unit="box", disable=not progress) as bar:
            while queue and queue[0][0] < self.target and made < boxes:
                bound, _, node = heapq.heappop(queue)
                bar.set_postfix_str(f"bound {bound:.6g} of {self.upper:.6g}", refresh=False)
                node.cut, parts = self.cut(node)
                node.children = [self.node(part, node) for part in parts]
                for child in node.children:
                    if child.bound is not None:
                        heapq.heappush(queue, (child.bound.value, next(number), child))
                made += len(parts)
                bar.update(len(parts))

    def cut(self, node: Node) -> tuple[str, tuple[Box, Box]]:
        """Cut a box: by signs of the second layer if even a point would be too low, else in half.

        The margin keeps the boxes where a point is just too low from becoming ever smaller.
        """
        if node.least < self.upper - self.room / 2 and (asked := question(node)):
            slot, site = asked
            text = f"s{slot}" if site is None else f"s{slot}:{site}"
            return text, node.box.answers(slot, site)
        axis = int(np.argmax(node.bound.effects)) if node.bound else 0
        return f"x{axis}", node.box.halves(axis)

    def node(self, box: Box, parent: Node | None = None) -> Node:
        """Bound a box by the best of some dual points."""
        if box.is_useless(self.of, self.radius):
            return Node(box)
        signs = RowSigns(box.rows(self.of), self.of.size)
        middle, change = features = box.features(self.of)
        residual = best_residual(self.of, signs, middle)
        pushes = signs.pushes(self.of, middle, residual)
        tight = tight_rows(self.of, signs, middle, residual, pushes)
        binding = [signs.rows[k] for k in np.flatnonzero(tight)]
        following = moving(signs, features, residual, pushes, tight)
        least = _value(self.of, residual) + self.of.ridge * box.penalty(self.of)[0]
        bound = self.bound(box, signs, residual, following, pushes)
        if bound.value < self.target <= least:
            robust = np.concatenate([middle, *np.moveaxis(change, 2, 0)], axis=1)
            residual = best_residual(self.of, signs, robust)
            pushes = signs.pushes(self.of, robust, residual)
            still = self.bound(box, signs, residual, np.zeros_like(following), pushes)
            bound = max(bound, still, key=lambda found: found.value)
        if parent and parent.bound and bound.value < parent.bound.value:
            residual, following = _inherited(parent, box)
            pushes = signs.pushes(self.of, middle, residual)
            old = self.bound(box, signs, residual, following, pushes)
            bound = max(bound, old, key=lambda found: found.value)
        return Node(box, bound, signs.rows, binding, least)

    def bound(self, box: Box, signs: RowSigns, *parts: np.ndarray) -> BoxBound:
        """Return the bound of a dual point, rounded to decimals."""
        unit = 10.0**self.digits
        rounded = DualPoint(*(np.round(part * unit) / unit for part in parts))
        return box_bound(self.of, box, signs, rounded)


def _value(of: TwoLayers, residual: np.ndarray) -> float:
    """Return the value of the dual."""
    return float(2 * residual @ of.targets - residual @ (residual / of.counts))


def _inherited(parent: Node, box: Box) -> tuple[np.ndarray, np.ndarray]:
    """Return the dual point of a parent, written in the coordinates of a part of its box."""
    point, wide = parent.bound.point, parent.box.radius
    scale = np.divide(box.radius, wide, out=np.zeros_like(wide), where=wide > 0)
    shift = np.divide(box.center - parent.box.center, wide, out=np.zeros_like(wide), where=wide > 0)
    return point.residual + point.change @ shift, point.change * scale


def question(node: Node) -> tuple[int, int | None] | None:
    """Choose what to ask about the second layer: what tells best the units apart that gain most.

    Returns
    -------
    (int, int or None) or None
        A slot and a site, or None for the sign; None if all such units have the same signs.
    """
    sites = {site for row in node.binding for site in range(row.active.bit_length())}
    best: tuple[int, int, int | None] | None = None
    for k, slot in enumerate(node.box.slots):
        if slot in node.box.slots[:k]:
            continue
        allowed = [row for row in node.binding if slot.allows(row)]
        for site in (None, *sorted(sites)):
            yes = sum(_answer(row, site) for row in allowed)
            less = min(yes, len(allowed) - yes)
            if less > (best[0] if best else 0):
                best = (less, k, site)
    return best[1:] if best else None


def _answer(row: Row, site: int | None) -> bool:
    return row.sign > 0 if site is None else bool(row.active >> site & 1)
