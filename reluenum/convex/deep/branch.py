"""Boxes that tile all first layers, the one with the lowest bound cut first."""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import combinations_with_replacement, count, product
from math import ceil, comb, log10

import numpy as np
from flint import fmpq
from tqdm import tqdm

from reluenum.convex.deep.boxes import ROUNDING, Box, Row, Slot, TwoLayers
from reluenum.convex.deep.duals import RowSigns, best_residual, moving, tight_rows
from reluenum.convex.deep.enclosure import BoxBound, DualPoint, box_bound
from reluenum.convex.deep.nearby import Neighbourhood, NotNearError
from reluenum.convex.deep.newton import hull, is_regular
from reluenum.errors import InputError, TooManySupportsError

CLEAR = 1e-9
"""A bound that is higher than a loss by this share of it is so for every checker."""

MARGIN = 1e-3
"""The same, if signs should be told apart next to a best network."""

SMALLEST = 2.0**-40
"""Of boxes, relative to the largest ones: halves of larger ones are exact."""

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
    near : (q,) array of arb, optional
        What best networks of the box are, if they need not be excluded.
    """

    box: Box
    bound: BoxBound | None = None
    rows: Sequence[Row] = ()
    binding: Sequence[Row] = ()
    least: float = 0.0
    cut: str = ""
    children: list["Node"] = field(default_factory=list)
    near: np.ndarray | None = None

    def all_nodes(self) -> Iterator["Node"]:
        """Yield the nodes of the tree, each before its parts."""
        stack = [self]
        while stack:
            node = stack.pop()
            yield node
            stack += reversed(node.children)

    def leaves(self) -> Iterator["Node"]:
        """Yield the nodes that are not cut and have a bound."""
        nodes = self.all_nodes()
        return (node for node in nodes if node.bound is not None and not node.children)


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
    around : Neighbourhood, optional
        Of a network that may be best.
    excluded : float
        A box with such a bound holds no best network.
    """

    of: TwoLayers
    radius: float
    digits: int
    trees: list[Node]
    around: Neighbourhood | None = None
    excluded: float = np.inf

    @property
    def near(self) -> np.ndarray | None:
        """What best networks are, (q,), if they are all excluded but for those of one point."""
        if self.around is None or not all(
            leaf.near is not None or leaf.bound.value >= self.excluded
            for tree in self.trees
            for leaf in tree.leaves()
        ):
            return None
        every = (leaf.near for tree in self.trees for leaf in tree.leaves())
        return reduce(hull, (near for near in every if near is not None))

    @property
    def bound(self) -> float:
        """The lowest bound of a leaf: the sum-of-squares loss, scatter left out."""
        return min(leaf.bound.value for tree in self.trees for leaf in tree.leaves())

    @property
    def any_upper_width(self) -> bool:
        """Whether the bound holds however many units the second layer has."""
        return not any(any(leaf.box.slots) for tree in self.trees for leaf in tree.leaves())


def tiling(
    of: TwoLayers,
    upper: fmpq,
    gap: fmpq,
    boxes: int,
    progress: bool = False,
    around: Neighbourhood | None = None,
) -> Tiling:
    """Tile first layers until no network can be better than an upper bound by more than a gap.

    Given a network, until no other one can be as good.

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
    around : Neighbourhood, optional
        Of a network with the upper bound.

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
    digits = max(0, ceil((8 if around is None else 12) - log10(of.ridge)))
    search = _Tiler(of, radius, digits, float(fitted), float(gap * upper), around)
    units, axes = of.problem.hidden[1], of.axes
    slots = (Slot(),) * (units if units < of.size else 0)
    roots = [
        Box(cones, np.zeros(axes), _corner(of, radius, faces), slots, faces)
        for cones, faces in places_of(of)
    ]
    trees = [search.node(box) for box in roots]
    search.run(trees, boxes, progress)
    return Tiling(of, radius, search.digits, trees, around, search.target)


def places_of(of: TwoLayers) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Yield cones of first-layer units, with a face for each but the first of a cone: Lemma D65."""
    for cones in combinations_with_replacement(range(len(of.cones)), of.problem.width):
        more = [cones.count(cone) - 1 for cone in sorted({*cones})]
        choices = [[*combinations_with_replacement(range(of.depth), k)] for k in more]
        for faces in product(*choices):
            yield cones, tuple(face for some in faces for face in (-1, *some))


def _corner(of: TwoLayers, radius: float, faces: Sequence[int]) -> np.ndarray:
    """Return the largest coordinates of first layers on faces."""
    high = np.full(of.axes, radius)
    for j, face in enumerate(faces):
        if face >= 0:
            high[of.part(j)][face] = 0
    return high


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
    around: Neighbourhood | None

    @property
    def target(self) -> float:
        """The bound that a box should have."""
        return (
            self.upper - self.room
            if self.around is None
            else max(self.upper, SMALLEST) * (1 + CLEAR)
        )

    @property
    def margin(self) -> float:
        """A box in whose middle the least loss is lower may be cut by signs."""
        return self.upper - self.room / 2 if self.around is None else self.upper * (1 + MARGIN)

    def run(self, trees: list[Node], boxes: int, progress: bool) -> None:
        """Cut the box with the lowest bound until all bounds are high enough."""
        number = count()
        live = (node for node in trees if node.bound is not None)
        queue = [(node.bound.value, next(number), node) for node in live if node.bound]
        heapq.heapify(queue)
        made, known = len(trees), None
        with tqdm(total=boxes, initial=made, unit="box", disable=not progress) as bar:
            while queue and queue[0][0] < self.target and made < boxes:
                bound, _, node = heapq.heappop(queue)
                if node.box.radius.max() < SMALLEST * self.radius:
                    break  # nothing makes the lowest bound higher
                node.near = self.near(node, known)
                if node.near is not None:
                    known = node.near if known is None else hull(known, node.near)
                    continue
                bar.set_postfix_str(f"bound {bound:.6g} of {self.upper:.6g}", refresh=False)
                node.cut, parts = self.cut(node)
                node.children = [self.node(part, node) for part in parts]
                for child in node.children:
                    if child.bound is not None:
                        heapq.heappush(queue, (child.bound.value, next(number), child))
                made += len(parts)
                bar.update(len(parts))

    def near(self, node: Node, known: np.ndarray | None) -> np.ndarray | None:
        """Enclose best networks of a box, if with those of other boxes there is one at most."""
        if self.around is None or node.bound is None:
            return None
        try:
            signs = RowSigns(node.rows, self.of.size)
            found = self.around.enclosure(node.box, signs, node.bound)
        except NotNearError:
            return None
        both = found if known is None else hull(known, found)
        return found if is_regular(self.around.lagrangian, both) else None

    def cut(self, node: Node) -> tuple[str, tuple[Box, Box]]:
        """Cut a box: by signs of the second layer if even a point would be too low, else in half.

        The margin keeps the boxes where a point is just too low from becoming ever smaller.
        """
        if node.least < self.margin and (asked := question(node)):
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
