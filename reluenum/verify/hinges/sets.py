"""All sets of kinks that a minimum can have at a vertex of its stratum, and their residuals."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import combinations, islice, product
from math import comb

import numpy as np
from flint import fmpq

from ..reals import require
from .balls import Array, Balls, solved, stacked
from .line import LINE, Line

BATCH = 1 << 13  # sets that are looked at together
MOST_SETS, MOST_KNOTS = 1 << 26, 1 << 11

Cell = tuple[tuple[int, int], ...]  # numbers of knots, with the signs of their factors


def cells_of(line: Line) -> list[Cell]:
    """Claim 238: a unit is at one knot, or between two neighbours that both are tight (Lemma 83).

    It has one sign then; on the left of the last input the straight line has the opposite factor.
    """
    alone = line.linear == "free"  # no unit is a straight line (Lemma 125)
    single = [((line.number[knot], 1),) for knot in line.knots[alone:]]
    pairs = []
    for side in line.sides:
        ends = range(alone, line.size - 2) if side > 0 else range(1, line.size - 1)
        for j in ends:
            both = [(line.number[line.knot(side, k)], line.knot(side, k)) for k in (j, j + 1)]
            pairs.append(tuple((n, side if knot == LINE else 1) for n, knot in both))
    return [*single, *pairs]


class Tables:
    """The sums of a line in balls, scaled so that those of squares are about 1."""

    def __init__(self, line: Line) -> None:
        self.line = line
        roots = [_power(line.table[k][k]) or fmpq(1) for k in range(len(line.knots))]
        height = _power(max(map(abs, line.y)) ** 2 * line.total) or fmpq(1)
        pairs = list(zip(line.table, roots, strict=True))
        self.table = Balls.of(
            [[v * a * b for v, b in zip(row, roots, strict=True)] for row, a in pairs]
        )
        self.pulls = Balls.of([[v * a * height for v, a in zip(line.pulls, roots, strict=True)]])[0]
        self.ridges = Balls.of([[line.ridge * a * height for a in roots]])[0]

    @cached_property
    def neighbours(self) -> Array:
        """For each knot the numbers of those before and behind it, and the signs of these.

        The sign is 0 where p_r is 0, and where the knot is the line, which has no neighbours.
        """
        knots = self.line.knots[1:]
        inner = [[self._at(side, place + step) for step in (-1, 1)] for side, place in knots]
        return np.array([[(0, 0), (0, 0)], *inner])

    def _at(self, side: int, place: int) -> tuple[int, int]:
        """Return a knot, and the sign of its sum in p_r for kinks at an input."""
        silent = place == (self.line.size - 1 if side > 0 else 0)
        knot = self.line.knot(side, place)
        return self.line.number[knot], 0 if silent else side if knot == LINE else 1


def _power(square: fmpq) -> fmpq:
    """Return a power of 2 near the inverse of the root of a number, 0 for 0."""
    if square == 0:
        return fmpq(0)
    return fmpq(2) ** -((int(square.p).bit_length() - int(square.q).bit_length()) // 2)


def residuals(line: Line) -> list[tuple[fmpq, ...]]:
    """Claim 239: each local minimum has one of these residuals (Lemma 83).

    That of constants, or of independent knots of L cells or fewer that `rejected` leaves.
    """
    found = {tuple(line.centred(line.y)): None}
    require(len(line.knots) <= MOST_KNOTS, f"{len(line.knots)} places for kinks")
    require(number_of_sets(line) <= MOST_SETS, f"{number_of_sets(line)} sets of kinks")
    if line.knots:
        for edges, signs in unrejected(line):
            values = residual(line, edges, signs)
            if values is not None:
                found.setdefault(values)
    return list(found)


def number_of_sets(line: Line) -> int:
    """Return how many sets of as many cells as units, or fewer, there are."""
    cells = len(cells_of(line)) if line.knots else 0
    return sum(comb(cells, number) for number in range(1, min(line.width, cells) + 1))


def unrejected(line: Line) -> Iterator[tuple[list[int], list[int]]]:
    """Yield knots with the signs of their factors."""
    for batch in _batches(line):
        yield from _left(*batch, batch[-1])


def stationary(line: Line) -> Iterator[tuple[list[int], list[int]]]:
    """Yield the same, kinks that are not good among them."""
    if line.knots:
        for batch in _batches(line):
            yield from _left(*batch, np.zeros_like(batch[-1]))


Batch = tuple["Tables", Array, Array, Array, Array]


def _batches(line: Line) -> Iterator[Batch]:
    """Yield sets of cells with so many knots each, if these are independent.

    The knots, the signs of their factors for a > 0, the cell of each, and whether it is all of it.
    """
    tables, every = Tables(line), cells_of(line)
    for number in range(1, min(line.width, len(every)) + 1):
        chosen = combinations(range(len(every)), number)
        while batch := list(islice(chosen, BATCH)):
            kinds: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
            for cells in batch:
                kinds.setdefault(tuple(len(every[c]) for c in cells), []).append(cells)
            for kind, sets in kinds.items():
                parts = np.array([[part for c in cells for part in every[c]] for cells in sets])
                owners = np.repeat(np.arange(len(kind)), kind)
                parts = parts[independent(line, parts[..., 0])]
                yield tables, parts[..., 0], parts[..., 1], owners, np.array(kind)[owners] == 1


def _left(
    tables: Tables, edges: Array, factors: Array, owners: Array, _: Array, judged: Array
) -> Iterator[tuple[list[int], list[int]]]:
    """Yield what is left of sets of cells, if `judged` knots have to be good."""
    if not len(edges):
        return
    with np.errstate(all="ignore"):
        parts = _solutions(tables, edges, factors, owners)
        for signs in product((1, -1), repeat=int(owners[-1]) + 1):
            each = factors * np.array(signs)[owners]
            slopes = _combined(parts, signs)
            for row in np.nonzero(~rejected(tables, edges, each, slopes, judged))[0]:
                yield edges[row].tolist(), each[row].tolist()


def independent(line: Line, edges: Array) -> Array:
    """Claim 240: dependent are knots that are equal, and those with two ways around (Lemma 82).

    The straight line is one, and so is a place with knots of both sides.
    """
    places = np.array([place for _, place in line.knots])[edges]
    knots, places = np.sort(edges, axis=1), np.sort(places, axis=1)
    equal = (knots[:, 1:] == knots[:, :-1]).any(axis=1)
    twice = ((places[:, 1:] == places[:, :-1]) & (places[:, 1:] > 0)).sum(axis=1)
    return ~equal & (twice + (edges == line.number[LINE]).any(axis=1) <= 1)


def _solutions(tables: Tables, edges: Array, factors: Array, owners: Array) -> Balls:
    """Enclose factors without a ridge, and what the sign of each cell takes off them."""
    table = tables.table[edges[:, :, None], edges[:, None, :]]
    pulls, ridges = tables.pulls[edges], tables.ridges[edges].times(factors)
    columns = [pulls, *(ridges.times(owners == k) for k in range(owners[-1] + 1))]
    return solved(table, stacked(columns, 2))


def _combined(parts: Balls, signs: Sequence[int]) -> Balls:
    """Return the factors of the knots for signs of the cells."""
    return parts.times(np.array([1, *(-sign for sign in signs)])).total()


def rejected(tables: Tables, edges: Array, signs: Array, slopes: Balls, judged: Array) -> Array:
    """Claim 241: the sets that are no vertex of a minimum (Lemma 88).

    A factor has the wrong sign, or at a knot that is all of a cell s p_r is not largest, nor the
    ridge beside it.
    """
    wrong = (slopes.times(signs).signs < 0).any(axis=1)
    beside = tables.neighbours[edges]
    above = [excess(tables, edges, signs, slopes, beside[:, :, k]) for k in (0, 1)]
    larger = (above[0] > 0) | (above[1] > 0)
    apart = (above[0] != 0) & (above[1] != 0)
    return wrong | (larger & apart & judged & (edges != tables.line.number[LINE])).any(axis=1)


def excess(tables: Tables, edges: Array, signs: Array, slopes: Balls, beside: Array) -> Array:
    """Claim 242: the signs of s p_r less the ridge at neighbouring knots, 0 if not known.

    p_r is the sum of residuals and columns, up to the sign of the straight line.
    """
    knots, turns = beside[..., 0], beside[..., 1]
    sums = tables.table[knots[:, :, None], edges[:, None, :]]
    values = tables.pulls[knots] - (sums * slopes[:, None, :]).total()
    return (values.times(signs * turns) - tables.ridges[knots]).signs


def residual(line: Line, edges: Sequence[int], signs: Sequence[int]) -> tuple[fmpq, ...] | None:
    """Claim 243: the residual of knots by exact elimination; None if the signs are wrong."""
    slopes = factors(line, edges, signs)
    return None if slopes is None else left_by(line, edges, slopes)


def factors(line: Line, edges: Sequence[int], signs: Sequence[int]) -> list[fmpq] | None:
    """Return the factors of knots, None if a sign is wrong."""
    rows = [
        [*(line.table[e][f] for f in edges), line.pulls[e] - sign * line.ridge]
        for e, sign in zip(edges, signs, strict=True)
    ]
    slopes = eliminated(rows)
    wrong = any(slope * sign <= 0 for slope, sign in zip(slopes, signs, strict=True))
    return None if wrong else slopes


def left_by(line: Line, edges: Sequence[int], slopes: Sequence[fmpq]) -> tuple[fmpq, ...]:
    """Return what knots with these factors leave of the targets, less its mean."""
    values = [fmpq(0)] * line.size
    for edge, slope in zip(edges, slopes, strict=True):
        values = [v + slope * entry for v, entry in zip(values, line.columns[edge], strict=True)]
    return tuple(line.centred([y - value for y, value in zip(line.y, values, strict=True)]))


def eliminated(rows: list[list[fmpq]]) -> list[fmpq]:
    """Return the solution of a positive definite system, whose last column is the right side."""
    for k, row in enumerate(rows):
        rows[k] = row = [entry / row[k] for entry in row]
        for other in range(len(rows)):
            if other != k and rows[other][k] != 0:
                factor = rows[other][k]
                rows[other] = [a - factor * b for a, b in zip(rows[other], row, strict=True)]
    return [row[-1] for row in rows]
