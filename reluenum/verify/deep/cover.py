"""The record of a stratum: X in (0, highest) is covered by intervals that hold nothing unlisted."""

from collections.abc import Sequence
from functools import cached_property
from math import isfinite
from typing import Any

from flint import arb

from ..reals import require, sign, told
from .inner import path, slope_of, total_squares, vanishing
from .points import Zero, zero_near
from .sides import Ball, Relations, Sides, enclosed, highest
from .strata import Stratum
from .towers import State, Tower, Upper, squared

LARGEST, SMALLEST = 1e100, 1e-100  # numbers of a record that are not 0

NUDGE = arb(2) ** -50  # so that the end of a step belongs to it

Interval = tuple[arb, arb]


class Cover:
    """What the record of one stratum closes, and the stationary points that it leads to."""

    def __init__(self, stratum: Stratum, upper: Upper) -> None:
        self.stratum, self.upper, self.sites = stratum, upper, stratum.sites
        self.zeros: list[Zero] = []
        self._towers: dict[tuple[int, ...], Tower] = {}

    def tower(self, active: Sequence[int]) -> Tower:
        """Return the system in which some units are alive, and the others zero."""
        key, lower = tuple(active), self.stratum.lower
        if key not in self._towers:
            others = [row for j, row in enumerate(lower) if j not in key]
            self._towers[key] = Tower(self.upper, [lower[j] for j in key], others)
        return self._towers[key]

    @cached_property
    def whole(self) -> Tower:
        """The system in which all units are alive."""
        return self.tower(range(len(self.stratum.lower)))

    @cached_property
    def relations(self) -> Relations:
        """What residuals tell of Gamma_j."""
        return Relations(self.whole)

    def read(self, items: Any) -> None:
        """Claim 62: intervals of the record cover all X at which a stationary point can be."""
        require(type(items) is list and len(items) > 0, "no list of intervals")
        intervals = sorted(map(self.interval, items), key=lambda ends: ends[0])
        top, reached = max(highest(self.stratum, side) for side in (1, -1)), arb(0)
        for low, high in intervals:
            require(low <= reached, f"nothing closes X above {reached.str(8)}")
            reached = reached.max(high)
        require(reached >= top, f"nothing closes X above {reached.str(8)}")

    def interval(self, item: Any) -> Interval:
        """Return what one entry closes: a step has X and T, a block its ends as well."""
        m = len(self.stratum.lower)
        require(type(item) is list and len(item) in (m + 1, m + 3), "an entry of another length")
        numbers = [_number(value) for value in item]
        *ends, x = numbers[: len(item) - m]
        squares = numbers[len(item) - m :]
        if not ends:
            return self.step(x, squares)
        low, high = ends
        require(low <= x <= high, "X is not in its block")
        with told(f"block from {low.str(8)} to {high.str(8)}"):
            self.close(low, high, x, squares)
        return low, high

    def step(self, x: arb, squares: Sequence[arb]) -> Interval:
        """Claim 57: G grows with X (Theorem D15), so that one X closes all up to sqrt G(X)."""
        require(x > 0, "a step at 0")
        total = total_squares(self.state(x, squares))
        if total < x * x:
            return (total.upper().max(0).sqrt() * (1 + NUDGE)).upper(), x
        return (x, (total.sqrt() * (1 - NUDGE)).lower()) if total > x * x else (x, x)

    def state(self, x: arb, squares: Sequence[arb]) -> State:
        """Return the solution at X and the squares that are not 0."""
        active = [j for j, square in enumerate(squares) if square > 0]
        return State(self.tower(active), [squares[j] for j in active], x)

    def close(self, low: arb, high: arb, x: arb, squares: Sequence[arb]) -> None:
        """Claim 63: a block holds no stationary point, or exactly one, which is kept."""
        active = [j for j, square in enumerate(squares) if square > 0]
        if not active and vanishing(self.upper, self.stratum.lower, high):
            return
        require(low > 0, "w = 0 is not the minimiser everywhere")
        state = self.state(x, squares)
        ball = Ball(state.tower, state, low, high)
        if ball.sides(self.stratum, self.relations).excluded:
            return
        found = path(state.tower, low.union(high), [squares[j] for j in active])
        require(found is not None, "interval Newton does not enclose the inner minimiser")
        if len(active) < len(squares):
            bound = squared(found.ridge) / found.x
            zero = any(length < bound for length in found.lengths[len(active) :])
            zero = zero and all(length < bound for length in found.lengths[len(active) :])
            require(zero and all(t > 0 for t in found.squares), "it is not clear that a unit is zero")
        elif not enclosed(self.stratum, found).excluded:
            self.find(found, low, high)

    def find(self, found: State, low: arb, high: arb) -> None:
        """Claim 64: along the path E has a slope of one sign, and therefore at most one zero."""
        slope = sign(slope_of(found))
        require(slope in (1, -1), "several stationary points are possible")
        zero = zero_near(self.whole, found.squares, found.x)
        if zero is not None and low <= zero.x <= high:
            if any(square < 0 for square in zero.squares):
                return
            require(all(square > 0 for square in zero.squares), "a unit is zero, or nearly")
            self.zeros += [Zero(self.stratum, zero)] * all(not z.near(low, high) for z in self.zeros)
            return
        signs = {sign(x * x - self.level(found, x)) for x in (low, high)}
        require(signs in ({1}, {-1}), "a stationary point could not be found")

    def level(self, found: State, x: arb) -> arb:
        """Return G at an X of a path."""
        end = path(self.whole, x, [arb(square.mid()) for square in found.squares])
        require(end is not None, "the inner minimiser could not be found")
        return sum(end.squares, arb(0)) + squared(end.bias)


def _number(value: Any) -> arb:
    """Read a number of a record: a double that is not negative."""
    require(type(value) in (int, float), f"{value!r:.40} is no number")
    fits = value == 0 or SMALLEST <= value <= LARGEST
    require(fits and isfinite(value), f"{value!r:.40} is out of range")
    return arb(float(value))
