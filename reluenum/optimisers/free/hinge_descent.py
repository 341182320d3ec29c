"""Downhill in rational numbers, where hidden biases are free and inputs are on a line.

On products of closed cells of units the loss is convex in the sizes of hinges at inputs: a lasso
with signs. An active set finds an exact minimiser, and with it the polytope of all (Lemma 83), in
the middle of which units have what they can have. From there a unit on an input may go on into the
next gap (Lemma 84); where none can, the network is stationary.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from flint import fmpq, fmpq_mat

from reluenum.engines.hinges.flows import Flows
from reluenum.engines.hinges.hinges import LEFT, RIGHT, SLOPE, Hinges
from reluenum.engines.hinges.residuals import HingeResidual
from reluenum.engines.hinges.states import HingeState, Kind

Column = tuple[int, int]
"""A hinge, and the sign of its factor."""

INACTIVE, ON_KINK = -1, -2
"""In the place of an input: units without a response, by whether they have the kink everywhere."""

Sizes = dict[Column, fmpq]
"""Positive sizes of some columns."""

Part = dict[int, fmpq]
"""What a unit has of the columns of its cell, by their inputs; of lines by sides."""

SHORT_OF = fmpq(999, 1000)
"""How far to go towards a place where a size is 0."""


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
            return cls(sign, place=ON_KINK if c == 0 else INACTIVE)
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


def middle_sizes(residual: HingeResidual, columns: Sequence[Column]) -> Sizes:
    """Return the mean of the vertices of all sizes of columns with a residual (Lemma 83).

    So every column has a size that has one in any of them.
    """
    tight = [(edge, sign) for edge, sign in columns if residual.signs.get(edge) == sign]
    edges = {edge for edge, _ in tight}
    flows = [flow for flow in Flows(residual).vertices if flow.keys() <= edges]
    sums = {c: sum((flow.get(c[0], fmpq(0)) for flow in flows), fmpq(0)) for c in tight}
    return {c: total / len(flows) for c, total in sums.items() if total}


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
    def held(self) -> tuple[dict[int, Column], ...]:
        """For each unit the columns of its cell that have a size, by their inputs or sides."""
        found = []
        for cell in self.cells:
            knots = cell.knots(self.hinges.size) or (RIGHT, LEFT)
            pairs = zip(knots, cell.columns(self.hinges), strict=False)
            found.append({k: column for k, column in pairs if column in self.sizes})
        return tuple(found)

    @cached_property
    def shares(self) -> tuple[Part, ...]:
        """Equal shares of each column for the units that have it."""
        counts = Counter(column for own in self.held for column in own.values())
        return tuple({k: self.sizes[c] / counts[c] for k, c in own.items()} for own in self.held)

    def shares_near(self, wanted: Sequence[Part]) -> tuple[Part, ...]:
        """Return shares with the same residual, all positive, near some that have not.

        On the way from equal shares to the projection on those with the residual.
        """
        places = [(unit, k) for unit, own in enumerate(self.held) for k in own]
        columns = [self.held[unit][k] for unit, k in places]
        free = _dependences(self.hinges, columns)
        if not free:
            return self.shares
        gaps = [[wanted[unit][k] - self.shares[unit][k]] for unit, k in places]
        basis = fmpq_mat(free)
        square = basis * basis.transpose()
        way = (basis.transpose() * square.solve(basis * fmpq_mat(gaps))).entries()
        ways = {place: d for place, d in zip(places, way, strict=True)}
        bounds = (self.shares[unit][k] / -d for (unit, k), d in ways.items() if d < 0)
        step = min([SHORT_OF * bound for bound in bounds] + [fmpq(1)])
        return tuple(
            {k: size + step * ways[unit, k] for k, size in share.items()}
            for unit, share in enumerate(self.shares)
        )

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


def _dependences(hinges: Hinges, columns: Sequence[Column]) -> list[list[fmpq]]:
    """Return a basis of the factors with which columns add up to 0."""
    if not columns:
        return []
    reduced, rank = fmpq_mat([[_inner(hinges, c, d) for d in columns] for c in columns]).rref()
    rows = reduced.tolist()[:rank]
    leads = [next(k for k, entry in enumerate(row) if entry) for row in rows]
    found = []
    for free in range(len(columns)):
        if free not in leads:
            factors = [fmpq(int(k == free)) for k in range(len(columns))]
            for lead, row in zip(leads, rows, strict=True):
                factors[lead] = -row[free]
            found.append(factors)
    return found


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
        rest = replace(rest, sizes=middle_sizes(rest.residual, columns))
        yield rest
        crossings = list(rest.crossings())
        if not crossings:
            return
        _, unit, beyond = max(crossings, key=lambda found: found[0])
        cells = [*cells[:unit], beyond, *cells[unit + 1 :]]
