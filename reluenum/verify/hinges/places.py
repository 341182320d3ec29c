"""The points between which the loss is convex: stationary knots, placed on units."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations, permutations, product
from math import perm

from flint import fmpq

from ..reals import dot, require
from .line import LINE, Line
from .sets import factors, left_by, stationary
from .units import Residual, Unit

MOST_NODES = 1 << 20

Weights = dict[Unit, fmpq]  # of kinks at inputs
Placed = tuple[Unit | None, ...]  # a unit for each name, None if it is zero


@dataclass(frozen=True, eq=False)
class Point:
    """Living units in ascending order, with the residual and the loss."""

    units: tuple[Unit, ...]
    residual: Residual
    loss: fmpq

    def crossing(self) -> int | None:
        """Claim 335: a unit descends if its kink is at an input, and s p_r larger beside it.

        That is said of the first one (Lemma 117).
        """
        line = self.residual.line
        for number, unit in enumerate(self.units):
            heights = self.residual.heights[unit.side]
            beside = heights[max(unit.place - 1, 0) : unit.place + 2]
            larger = any(unit.sign * height > line.ridge for height in beside)
            if unit.kind == "kink" and larger:
                return number
        return None


def points_of(line: Line) -> list[Point]:
    """Claim 336: the points are constants, and all ways to place stationary knots on units.

    On each unit there is one knot, or there are both ends of a gap (Lemma 115).
    """
    found = [_point(line, (), [], [()])]
    seen = set()
    for edges, signs in stationary(line):
        if (key := frozenset(zip(edges, signs, strict=True))) not in seen:
            seen.add(key)
            slopes = factors(line, edges, signs)
            if slopes is not None:
                choices = [_kinks(line, *pair) for pair in zip(edges, signs, strict=True)]
                ways = [way for kinks in product(*choices) for way in _ways(set(kinks), line.width)]
                found.append(_point(line, edges, slopes, ways))
    points = [point for several in found for point in several]
    return sorted(points, key=lambda point: (point.loss, point.units))


def _point(
    line: Line, edges: Sequence[int], slopes: Sequence[fmpq], ways: Sequence[tuple[Unit, ...]]
) -> list[Point]:
    """Return the points of one residual; the loss is that of claim 262."""
    residual = Residual(line, left_by(line, edges, slopes))
    loss = (2 * dot(residual.pull, line.y) - residual.square + line.scatter) * line.scale
    return [Point(units, residual, loss) for units in ways]


def _kinks(line: Line, edge: int, sign: int) -> list[Unit]:
    """Return the kinks of units that add a knot with a factor of this sign.

    The straight line is a kink at the first input, or with the other sign at the last one.
    """
    knot = line.knots[edge]
    if knot == LINE:
        return [Unit("kink", sign, 1, 0), Unit("kink", -sign, -1, line.size - 1)]
    return [Unit("kink", sign, *knot)]


def _ways(kinks: set[Unit], most: int) -> Iterator[tuple[Unit, ...]]:
    """Yield the ways to give kinks to so many units or fewer."""
    behind = {unit: replace(unit, place=unit.place + 1) for unit in kinks}
    starts = [unit for unit in kinks if behind[unit] in kinks]
    for number in range(max(len(kinks) - most, 0), len(starts) + 1):
        for gaps in combinations(starts, number):
            taken = {*gaps, *map(behind.get, gaps)}
            if len(taken) == 2 * number:
                pairs = [replace(unit, kind="gap") for unit in gaps]
                yield tuple(sorted([*pairs, *(kinks - taken)]))


def fit(one: Unit | None, other: Unit | None) -> bool:
    """Claim 337: one closed signed cell holds both: one is 0, or their kinks are in one gap.

    Then the signs of a and of b are equal (Lemma 114).
    """
    if one is None or other is None:
        return True
    places = [k for unit in (one, other) for k in (unit.place, unit.place + (unit.kind == "gap"))]
    same = (one.sign, one.side) == (other.sign, other.side)
    return same and max(places) - min(places) <= 1


class Graph:
    """The points, with names for their units or without; sets of nodes are bits of integers."""

    def __init__(self, points: Sequence[Point], width: int, labelled: bool) -> None:
        self.width, self.labelled = width, labelled
        size = sum(perm(width, len(p.units)) if labelled else 1 for p in points)
        require(size <= MOST_NODES, f"a graph of {size} points")
        self.nodes = [(point, placed) for point in points for placed in self._placed(point)]
        self.number = {placed: node for node, (_, placed) in enumerate(self.nodes)}

    def _placed(self, point: Point) -> Iterator[Placed]:
        """Yield the ways to name units; without names they are in ascending order."""
        if not self.labelled:
            yield point.units
            return
        for names in permutations(range(self.width), len(point.units)):
            unit = dict(zip(names, point.units, strict=True))
            yield tuple(unit.get(name) for name in range(self.width))

    @cached_property
    def all(self) -> int:
        """All nodes."""
        return (1 << len(self.nodes)) - 1

    @cached_property
    def _holders(self) -> Mapping[tuple[int, Unit | None], int]:
        """The nodes with a unit at a place."""
        found: dict[tuple[int, Unit | None], int] = defaultdict(int)
        for node, (_, placed) in enumerate(self.nodes):
            for place, unit in enumerate(placed):
                found[place, unit] |= 1 << node
        return found

    @cached_property
    def _near(self) -> dict[tuple[int, Unit | None], int]:
        """The nodes whose unit at a place fits a unit."""
        units = {unit for _, unit in self._holders}
        found: dict[tuple[int, Unit | None], int] = defaultdict(int)
        for unit in units:
            for (place, other), nodes in self._holders.items():
                if fit(unit, other):
                    found[place, unit] |= nodes
        return found

    @cached_property
    def _living(self) -> list[int]:
        """For each number the nodes with so many living units."""
        found = [0] * (self.width + 1)
        for node, (point, _) in enumerate(self.nodes):
            found[len(point.units)] |= 1 << node
        return found

    def neighbours(self, node: int) -> int:
        """Claim 338: two points are joined if a product of closed signed cells has both.

        Units without names can be matched in any way, living ones that are left over with zeros.
        """
        point, placed = self.nodes[node]
        found = self.all
        if self.labelled:
            for place, unit in enumerate(placed):
                found &= self._near[place, unit] if unit else self.all
            return found
        found, own = 0, len(point.units)
        for number, nodes in enumerate(self._matched(placed)):
            # Of m and n living units of width L at least m + n - L are matched.
            for most in range(min(self.width - own + number, self.width) + 1):
                found |= nodes & self._living[most]
        return found

    def _matched(self, units: Placed) -> list[int]:
        """Return for each number the nodes that have so many units to match with given ones."""
        reached = {0: self.all}
        for unit in units:
            for taken, nodes in list(reached.items()):
                for place in range(self.width):
                    if not taken >> place & 1 and (more := nodes & self._near[place, unit]):
                        key = taken | 1 << place
                        reached[key] = reached.get(key, 0) | more
        found = [0] * (len(units) + 1)
        for taken, nodes in reached.items():
            found[taken.bit_count()] |= nodes
        return found
