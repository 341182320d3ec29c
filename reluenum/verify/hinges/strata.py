"""How units share what a residual leaves of the targets: which strata there are, and how large."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, combinations_with_replacement, pairwise
from math import comb

from flint import fmpq

from ..reals import require
from .line import LINE, Knot, rank
from .units import Residual, Unit

Range = tuple[fmpq | None, fmpq | None]  # of numbers; None is without end
Bound = tuple[int, int, fmpq]  # a, b, c of a condition a u + b v <= c

MOST_WAYS = 1 << 26  # to choose units for one residual, times their number

FREE = {"kink": 1, "gap": 2, "line": 2, "zero": 0, "active": 1, "inactive": 1}


class Fit:
    """What the targets less a residual and a penalised linear part are.

    The first slope, and how it changes at each input.
    """

    def __init__(self, residual: Residual) -> None:
        self.residual, self.line = residual, residual.line
        triples, slope = zip(self.line.y, residual.values, self.line.x, strict=True), residual.slope
        values, x = [y - r - slope * x for y, r, x in triples], self.line.x
        steps = zip(pairwise(values), pairwise(x), strict=True)
        rises = [(b - a) / (d - c) for (a, b), (c, d) in steps]
        self.first = rises[0] if rises else fmpq(0)
        self.bends = {j: b - a for j, (a, b) in enumerate(pairwise(rises), start=1)}

    def left(self, place: int, knots: frozenset[Knot] | set[Knot]) -> Range | None:
        """Claim 249: what units to the left of an input can add there to the slope (Lemma 83).

        With knots of both sides it is an open interval, otherwise a number; None if there is none.
        """
        bend, signs = self.bends[place], self.residual.signs
        there = [(side, place) for side in (1, -1) if (side, place) in knots]
        if len(there) == 2:
            return between([(fmpq(0), signs[-1, place]), (bend, -signs[1, place])])
        fits = bend * signs[there[0]] > 0 if there else bend == 0
        only = bend * ((-1, place) in there)
        return (only, only) if fits else None

    def holds(self, knots: frozenset[Knot]) -> bool:
        """Claim 250: whether knots have positive weights that add up to the fit (Lemma 83).

        What the straight line adds to the slope has its sign, or is 0 if it is not among the knots;
        a free linear part makes up for the slope (Lemma 126).
        """
        ranges = [self.left(place, knots) for place in self.bends]
        if None in ranges:
            return False
        if self.line.linear == "free":
            return True
        low, high = total(ranges, self.first)
        negative, positive = low is None or low < 0, high is None or high > 0
        if LINE in knots:
            return positive if self.residual.signs[LINE] > 0 else negative
        return low == 0 if low is not None and low == high else negative and positive


def between(ends: Sequence[tuple[fmpq, int]]) -> Range | None:
    """Return the numbers above (1) and below (-1) ends; None if there are none."""
    low = max((end for end, sign in ends if sign > 0), default=None)
    high = min((end for end, sign in ends if sign < 0), default=None)
    return (low, high) if None in (low, high) or low < high else None


def total(ranges: Sequence[Range], start: fmpq) -> Range:
    """Return the sums of numbers of ranges."""
    ends = []
    for side in (0, 1):
        values = [one[side] for one in ranges]
        ends.append(None if None in values else sum(values, start))
    return ends[0], ends[1]


@dataclass(frozen=True)
class Stratum:
    """A way to share the fit among units, in ascending order."""

    fit: Fit
    units: tuple[Unit, ...]

    @cached_property
    def held(self) -> Counter[Knot]:
        """The knots, with the numbers of units that have them."""
        return Counter(knot for unit in self.units for knot in unit.knots(self.fit.line))

    @property
    def dimension(self) -> int:
        """Claim 251: free parameters of the units less the rank of the knots (Lemma 86)."""
        return sum(FREE[unit.kind] for unit in self.units) - rank(list(self.held))

    def kinks(self, unit: Unit) -> Range:
        """Claim 252: the closed interval of the kinks that such a unit can have (Lemma 86).

        In a gap it is a mean of both ends, with weights that it may share with other units.
        """
        line = self.fit.line
        ends = [line.x[place] for place in unit.inputs(line.size)]
        if unit.kind == "line":
            return (None, ends[0]) if unit.side > 0 else (ends[0], None)
        if unit.kind == "kink":
            return ends[0], ends[0]
        one, other = unit.knots(line)
        (low, high), pairs = ends, corners(self, one, other)
        means = [(a * low + b * high) / (a + b) for a, b in pairs if a + b > 0]
        free = self.held[one] > 1, self.held[other] > 1
        return low if free[1] else min(means), high if free[0] else max(means)


def corners(stratum: Stratum, one: Knot, other: Knot) -> Iterator[tuple[fmpq, fmpq]]:
    """Claim 253: corners of the set of weights that two knots can have together (Lemma 86).

    u and v stand for what the left units at their inputs, or the line, add to the slope.
    """
    fit = stratum.fit
    if fit.line.linear == "free":
        yield abs(fit.bends[one[1]]), abs(fit.bends[other[1]])
        return
    bounds = [*own(stratum, one, (1, 0)), *own(stratum, other, (0, 1))]
    bounds += balance(stratum, one, other)
    for (a, b, c), (d, e, f) in combinations(bounds, 2):
        if det := a * e - b * d:
            u, v = (c * e - b * f) / fmpq(det), (a * f - c * d) / fmpq(det)
            if all(p * u + q * v <= r for p, q, r in bounds):
                yield weight(fit, one, u), weight(fit, other, v)


def weight(fit: Fit, knot: Knot, value: fmpq) -> fmpq:
    """Return the weight of a knot for what is added to the slope at its input."""
    side, place = knot
    return fit.residual.signs[knot] * (fit.bends[place] - value if side > 0 else value)


def own(stratum: Stratum, knot: Knot, axis: tuple[int, int]) -> Iterator[Bound]:
    """Yield the bounds of what is added at the input of a knot, or of the straight line."""
    fit, (a, b) = stratum.fit, axis
    if knot == LINE:
        sign = fit.residual.signs[LINE]
        yield -sign * a, -sign * b, fmpq(0)
        return
    low, high = fit.left(knot[1], frozenset(stratum.held))
    if low is not None:
        yield -a, -b, -low
    if high is not None:
        yield a, b, high


def balance(stratum: Stratum, one: Knot, other: Knot) -> Iterator[Bound]:
    """Yield the bounds that follow from the first slope: what is added, less the line, is it."""
    fit, knots = stratum.fit, frozenset(stratum.held)
    there = {one[1], other[1]} - {0}
    ranges = [fit.left(place, knots) for place in fit.bends if place not in there]
    low, high = total(ranges, fit.first)
    a, b = (-1 if knot == LINE else 1 for knot in (one, other))
    line = 0 if LINE in (one, other) or LINE not in knots else fit.residual.signs[LINE]
    if line <= 0 and low is not None:
        yield a, b, -low
    if line >= 0 and high is not None:
        yield -a, -b, high


def strata_of(residual: Residual) -> list[Stratum]:
    """Claim 254: strata are the ways to choose units whose knots hold the fit (Lemma 86)."""
    fit, found, width = Fit(residual), [], residual.line.width
    ways = comb(len(residual.units) + width - 1, width)
    require(ways * width <= MOST_WAYS, f"a residual has {ways} ways to choose units")
    known: dict[frozenset[Knot], bool] = {}
    for units in combinations_with_replacement(residual.units, width):
        knots = frozenset(knot for unit in units for knot in unit.knots(residual.line))
        if knots not in known:
            known[knots] = fit.holds(knots)
        if known[knots]:
            found.append(Stratum(fit, units))
    return found
