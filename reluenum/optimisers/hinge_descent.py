"""Downhill in rational numbers, where hidden biases are free and inputs are on a line.

On products of closed cells of units the loss is convex in the sizes of hinges at inputs: a lasso
with signs, whose exact minimiser an active set finds. From there a unit on an input may go on into
the next gap (Lemma 84); where none can, the network is stationary.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from flint import fmpq, fmpq_mat

from reluenum.engines.hinges.hinges import LEFT, RIGHT, SLOPE, Hinges
from reluenum.engines.hinges.residuals import HingeResidual
from reluenum.engines.hinges.states import HingeState, Kind

Column = tuple[int, int]
"""A hinge, and the sign of its factor."""

INACTIVE, ON_KINK = -1, -2
"""In the place of an input: units without a response, by whether they have the kink everywhere."""

Sizes = dict[Column, fmpq]
"""Positive sizes of some columns."""


@dataclass(frozen=True)
class HingeCell:
    """A closed cell of one unit.

    Parameters
    ----------
    sign : int
        Of a.
    side : int
        `RIGHT` or `LEFT`; 0 for a unit that is active at all inputs, whatever its side.
    place : int
        The input before its kink; `INACTIVE` or `ON_KINK` for a unit that is 0 at all inputs.
    """

    sign: int
    side: int = 0
    place: int = 0

    @classmethod
    def of_unit(cls, inputs: Sequence[fmpq], a: fmpq, b: fmpq, c: fmpq) -> "HingeCell":
        """Return the cell of a unit; of one with its kink at an input, one of two."""
        sign = 1 if a > 0 else -1
        heights = [b * x + c for x in inputs] if a else [c]
        active = [height > 0 for height in heights]
        if not any(active):
            return cls(sign, place=ON_KINK if not (a and b) and c == 0 else INACTIVE)
        if all(active):
            return cls(sign)
        place = active.index(b > 0) - 1
        return cls(sign, RIGHT if b > 0 else LEFT, place)

    def knots(self, size: int) -> tuple[int, ...]:
        """Return the inputs at which it has hinges, of so many inputs."""
        if not self.side:
            return ()
        idle = size - 1 if self.side == RIGHT else 0
        return tuple(k for k in (self.place, self.place + 1) if k != idle)

    def columns(self, hinges: Hinges) -> tuple[Column, ...]:
        """Return the columns of which it is the cone: none if all inputs are equal."""
        if self.place < 0 or not hinges.count:
            return ()
        if not self.side:
            return (SLOPE, 1), (SLOPE, -1)
        return tuple(column_at(hinges, self.sign, self.side, k) for k in self.knots(hinges.size))


def column_at(hinges: Hinges, sign: int, side: int, knot: int) -> Column:
    """Return the column of a hinge with a sign of a; beyond the ends of the data, the line."""
    turned = -1 if (side, knot) == (LEFT, hinges.size - 1) else 1
    return hinges.number(side, knot), sign * turned


def least_sizes(hinges: Hinges, columns: Sequence[Column]) -> Sizes:
    """Return the sizes v >= 0 of columns that minimise |y - m - sum v c|^2 + 2 Lambda sum v.

    Parameters
    ----------
    hinges : Hinges
    columns : sequence of (int, int)
        Different ones.

    Returns
    -------
    dict
        Of independent columns, those with a positive size. The residual is unique, sizes may not
        be.
    """
    found: Sizes = {}
    while True:
        gains = {c: _slope(hinges, found, c) for c in columns if c not in found}
        rising = max(gains, key=lambda c: gains[c], default=None)
        if rising is None or gains[rising] <= 0:
            return found
        found = _entered_column(hinges, found, rising)


def _slope(hinges: Hinges, sizes: Mapping[Column, fmpq], column: Column) -> fmpq:
    """Return half of how fast the loss falls if a column gets larger."""
    edge, sign = column
    fit = sum((hinges.gram[edge, e] * s * v for (e, s), v in sizes.items()), fmpq(0))
    return sign * (hinges.gains[edge] - fit) - hinges.ridge


def _entered_column(hinges: Hinges, sizes: Sizes, column: Column) -> Sizes:
    """Return the best sizes of a column and some of others, reached without a rise of the loss."""
    shares = _balanced_sizes(hinges, list(sizes), [_inner(hinges, c, column) for c in sizes])
    way = {**{c: -share for c, share in shares.items()}, column: fmpq(1)}
    sizes = {**sizes, column: fmpq(0)}
    if sum((_inner(hinges, column, c) * d for c, d in way.items()), fmpq(0)) == 0:
        sizes = _moved_to_a_bound(sizes, way)  # along a dependence
    while True:
        wanted = [sign * hinges.gains[edge] - hinges.ridge for edge, sign in sizes]
        best = _balanced_sizes(hinges, list(sizes), wanted)
        if all(v > 0 for v in best.values()):
            return best
        sizes = _moved_to_a_bound(sizes, {c: best[c] - v for c, v in sizes.items()})


def _moved_to_a_bound(sizes: Sizes, way: Mapping[Column, fmpq]) -> Sizes:
    """Return what is left of some sizes when the first of them are 0."""
    step = min(sizes[c] / -d for c, d in way.items() if d < 0)
    moved = {c: v + step * way[c] for c, v in sizes.items()}
    return {c: v for c, v in moved.items() if v > 0}


def _balanced_sizes(hinges: Hinges, columns: Sequence[Column], wanted: Sequence[fmpq]) -> Sizes:
    """Return the solution of the equations of independent columns."""
    if not columns:
        return {}
    square = fmpq_mat([[_inner(hinges, c, d) for d in columns] for c in columns])
    found = square.solve(fmpq_mat([[entry] for entry in wanted])).entries()
    return dict(zip(columns, found, strict=True))


def _inner(hinges: Hinges, one: Column, other: Column) -> fmpq:
    """Return the inner product of two columns, constants aside."""
    return one[1] * other[1] * hinges.gram[one[0], other[0]]


@dataclass(frozen=True, eq=False)
class HingeRest:
    """Where a network comes to rest.

    Parameters
    ----------
    hinges : Hinges
    cells : (L,) tuple of HingeCell
    sizes : dict
        Of columns.
    """

    hinges: Hinges
    cells: tuple[HingeCell, ...]
    sizes: Sizes

    @cached_property
    def residual(self) -> HingeResidual:
        """The residual, which tells what units of a local minimum can be."""
        edges = [edge for edge, _ in self.sizes]
        slopes = [sign * size for (_, sign), size in self.sizes.items()]
        return HingeResidual(self.hinges, self.hinges.residual(edges, slopes))

    @cached_property
    def shares(self) -> tuple[dict[int, fmpq], ...]:
        """For each unit what it has of the columns of its cell, by their inputs; lines by sides.

        Units that have a column in common have equal shares of it.
        """
        owners = [cell.columns(self.hinges) for cell in self.cells]
        counts = {c: sum(c in own for own in owners) for c in self.sizes}
        found = []
        for cell, own in zip(self.cells, owners, strict=True):
            knots = cell.knots(self.hinges.size) or (RIGHT, LEFT)
            living = [(k, c) for k, c in zip(knots, own, strict=False) if c in self.sizes]
            found.append({k: self.sizes[c] / counts[c] for k, c in living})
        return tuple(found)

    @property
    def states(self) -> tuple[HingeState, ...]:
        """What each unit is."""
        return tuple(map(_state, self.cells, self.shares))

    @property
    def is_minimum(self) -> bool:
        """Whether it is a local minimum (Lemmas 84 and 85)."""
        return set(self.states) <= set(self.residual.states)

    def crossings(self) -> Iterator[tuple[fmpq, int, HingeCell]]:
        """Yield the units that can go on into the next gap, how steep it is, and their new cells.

        Those that start at an input do, if s p_r is larger than the ridge at the other end.
        """
        last = self.hinges.size - 1
        for unit, (cell, state) in enumerate(zip(self.cells, self.states, strict=True)):
            if state.kind is not Kind.KINK:
                continue
            place = state.place - 1 if state.place == cell.place else state.place
            beyond = replace(cell, place=place)
            if not 0 <= place < last:
                continue  # a line: no better than the hinge at the first or the last input
            (other,) = {place, place + 1} - {state.place}
            steep = cell.sign * self.residual.heights[cell.side][other] - self.hinges.ridge
            if steep > 0:
                yield steep, unit, beyond


def _state(cell: HingeCell, share: Mapping[int, fmpq]) -> HingeState:
    """Return what a unit of some cell is."""
    sign, side, places = cell.sign, cell.side, list(share)
    if cell.place < 0:
        return HingeState(Kind.INACTIVE if cell.place == INACTIVE else Kind.ZERO)
    if not places:
        return HingeState(Kind.ZERO if side else Kind.ACTIVE)
    if not side:
        return HingeState(Kind.LINE, sign, sign * places[0])
    kind = Kind.GAP if len(places) == 2 else Kind.KINK
    return HingeState(kind, sign, side, places[0])


def descended(hinges: Hinges, cells: Sequence[HingeCell]) -> Iterator[HingeRest]:
    """Yield where networks with units in some cells lead, each rest with a lower loss.

    The first is the best on these cells, the last one is stationary.
    """
    while True:
        columns = list(dict.fromkeys(c for cell in cells for c in cell.columns(hinges)))
        rest = HingeRest(hinges, tuple(cells), least_sizes(hinges, columns))
        yield rest
        crossings = list(rest.crossings())
        if not crossings:
            return
        _, unit, beyond = max(crossings, key=lambda found: found[0])
        cells = [*cells[:unit], beyond, *cells[unit + 1 :]]
