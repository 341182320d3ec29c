"""The record of a stratum: X in (0, highest) is covered by intervals that hold nothing unlisted."""

from collections.abc import Sequence
from functools import cached_property, partial
from itertools import pairwise
from math import inf, isfinite
from operator import itemgetter
from typing import Any

from flint import arb

from ..reals import require, sign, told
from .fields import newton_step
from .inner import improved, path, slope_of, total_squares, vanishing
from .points import Zero, zero_near
from .sides import Ball, Relations, enclosed, highest
from .strata import Stratum
from .towers import State, Tower, Upper, narrowed, squared

POLISHING, SLOW = 12, 2  # Newton steps for a record's T, the first of which end no unit
MOST_PARTS = 1024  # of a block; one where a unit comes to life takes a few hundred
CLOSE = 32  # a part of a block around a zero is so much smaller
FAINT = arb(2) ** -24  # part of the sum below which a square is tried as 0
LARGEST, SMALLEST = 1e100, 1e-100  # numbers of a record that are not 0

HOLE = arb(2) ** -10  # relative size of what is left between two intervals, and closed here
NEAR = arb(2) ** -40  # relative size of a Newton step that is the last one
NUDGE = arb(2) ** -50  # so that the end of a step belongs to it

Interval = tuple[arb, arb]


class Cover:
    """What the record of one stratum closes, and the stationary points that it leads to."""

    def __init__(self, stratum: Stratum, upper: Upper) -> None:
        self.stratum, self.sites = stratum, stratum.sites
        self.upper, self.full = narrowed(upper, stratum.lower), Tower(upper, stratum.lower)
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
        """Claim 56: intervals of the record cover all X at which a stationary point can be."""
        require(type(items) is list and len(items) > 0, "no list of intervals")
        found = list(map(self.interval, items))
        top, reached = max(highest(self.stratum, side) for side in (1, -1)), arb(0)
        for low, high, *_ in sorted(found, key=itemgetter(0)):
            reached = reached.max(high) if low <= reached else reached
        if not reached >= top:
            reached = self.closed(found)
        require(reached >= top, f"nothing closes X above {reached.str(8)}")

    def closed(self, found: Sequence[tuple]) -> arb:
        """Return up to which X better steps close all, and blocks what they leave."""
        steps = [(*self.step(x, t), t) if x is not None else (*e, t) for *e, x, t in found]
        reached = arb(0)
        for low, high, squares in sorted(steps, key=itemgetter(0)):
            if not low <= reached:
                fine = low - reached < low * HOLE
                require(fine, f"nothing closes X above {reached.str(8)}")
                self.block(reached, low, low, squares)
            reached = reached.max(high)
        return reached

    def interval(self, item: Any) -> tuple[arb, arb, arb | None, list[arb]]:
        """Return what one entry closes, and the X of a step, and T. A block has ends as well."""
        m = len(self.stratum.lower)
        require(type(item) is list and len(item) in (m + 1, m + 3), "an entry of another length")
        numbers = [number(value) for value in item]
        *ends, x = numbers[: len(item) - m]
        squares = numbers[len(item) - m :]
        require(max(ends, default=x) > 0, "a step at 0")
        if not ends:
            squares = [square.max(0) for square in squares]
            return *self.reach(x, total_squares(self.state(x, squares))), x, squares
        low, high = ends
        require(0 <= low <= x <= high, "X is not in its block")
        with told(f"block from {low.str(8)} to {high.str(8)}"):
            self.block(low, high, x, squares)
        return low, high, None, squares

    def block(self, low: arb, high: arb, x: arb, squares: Sequence[arb]) -> None:
        """Close a block; of one that is not closed as it stands, what steps do not close."""
        left, closed, tried = [(low, high, x, squares)], [], 0
        start = begun(squares, x)
        while left:
            low, high, x, found = left.pop()  # the highest: steps from above may have closed it
            high = min([start for start, end in closed if start < high <= end] + [high])
            if low < high and (reason := self.open(low, high, x, found)):
                tried += 1
                require(tried < MOST_PARTS and low > 0, reason)
                starts = [start] if vanishes(found, x) else [start, magnitudes(found)]
                for ends in self.parts(low, high, starts, closed):
                    middle = (ends[0] * ends[1]).sqrt().mid()
                    left += [(*ends, middle, self.nearest(middle, starts))]

    def parts(
        self, low: arb, high: arb, starts: Sequence[Sequence[arb]], closed: list[Interval]
    ) -> list[Interval]:
        """Return what is left of a block after steps from its ends and middle, added to all."""
        points = (low, *self.between(low, high, starts[0]), high)
        steps = [self.step(point, self.nearest(point, starts)) for point in points]
        closed += steps
        found = (
            (one.max(step[1]), other.min(more[0]))
            for (one, step), (other, more) in pairwise(zip(points, steps, strict=True))
        )
        return [(one, other) for one, other in found if one < other]

    def between(self, low: arb, high: arb, start: Sequence[arb]) -> tuple[arb, ...]:
        """Return where to cut a block: on both sides of a likely zero of E, or in the middle."""
        middle, width = (low * high).sqrt().mid(), (high - low) / CLOSE
        active = [j for j, square in enumerate(start) if square > 0]
        values = [*(start[j] for j in active), middle]
        try:
            for _ in range(POLISHING):
                values, _ = newton_step(self.tower(active), values)
        except ZeroDivisionError:
            return (middle,)
        ends = (values[-1] - width).mid(), (values[-1] + width).mid()
        return ends if low < ends[0] and ends[1] < high else (middle,)

    def step(self, x: arb, squares: Sequence[arb]) -> Interval:
        """Return what one X closes, by the best of several T."""
        total, bare = total_squares(self.state(x, squares)), bright(squares)
        for start in (bare, squares) if bare != squares else (squares,):
            better = total_squares(self.state(x, self.polished(x, start)))
            total = total.intersection(better)
        return self.reach(x, total)

    @staticmethod
    def reach(x: arb, total: arb) -> Interval:
        """Claim 57: G grows with X (Theorem D15), so that one X closes all up to sqrt G(X)."""
        if total < x * x:
            return (total.upper().max(0).sqrt() * (1 + NUDGE)).upper(), x
        return (x, (total.sqrt() * (1 - NUDGE)).lower()) if total > x * x else (x, x)

    def polished(self, x: arb, squares: Sequence[arb]) -> list[arb]:
        """Return a better minimiser, by Newton steps that prove nothing; units may become zero."""
        found = list(squares)
        for k in range(POLISHING):
            better = iter(improved(self.state(x, found)))
            moved = [next(better) if square > 0 else square for square in found]
            pairs = list(zip(moved, found, strict=True))
            if all(abs(t - s) <= s * NEAR or not t.is_finite() for t, s in pairs):
                break
            least = min(moved) if k >= SLOW and min(moved) < 0 < max(moved) else None
            found = [arb(0) if t is least else t.max(old / 8) for t, old in pairs]
        return found

    def nearest(self, x: arb, starts: Sequence[Sequence[arb]]) -> list[arb]:
        """Return the minimiser at X to which the best of several starts leads."""
        return min((self.polished(x, start) for start in starts), key=partial(self.error, x))

    def error(self, x: arb, squares: Sequence[arb]) -> float:
        """Return how far |Gamma_j| are from what they have to be at a minimiser."""
        state, alive = self.state(x, squares), sum(square > 0 for square in squares)
        excess = [float((norm * x.sqrt() / state.ridge).mid()) - 1 for norm in state.norms]
        total = sum(map(abs, excess[:alive])) + sum(max(e, 0) for e in excess[alive:])
        return total if isfinite(total) else inf

    def state(self, x: arb, squares: Sequence[arb]) -> State:
        """Return the solution at X and the squares that are not 0."""
        active = [j for j, square in enumerate(squares) if square > 0]
        return State(self.tower(active), [squares[j] for j in active], x)

    def open(self, low: arb, high: arb, x: arb, squares: Sequence[arb]) -> str:
        """Claim 58: a block holds no stationary point, or one, which is kept; else say why not."""
        if vanishes(squares, x) and vanishing(self.upper, self.stratum.lower, high):
            return ""
        if not low > 0:
            return "w = 0 is not the minimiser everywhere"
        if any(self.excluded(low, high, x, part) for part in (squares, bright(squares))):
            return ""
        reasons = (self.followed(low, high, start) for start in (squares, awake(squares, x)))
        return "" if "" in reasons else "interval Newton does not tell what is in it"

    def excluded(self, low: arb, high: arb, x: arb, squares: Sequence[arb]) -> bool:
        """Whether a sign is wrong, or a unit zero, by the ball of Theorem D16."""
        state = self.state(x, [square.max(0) for square in squares])
        ball = Ball(state.tower, state, low, high)
        return ball.sides(self.stratum, self.relations).excluded

    def followed(self, low: arb, high: arb, squares: Sequence[arb]) -> str:
        """Close a block along the inner minimiser, where only some units are not zero."""
        active = [j for j, square in enumerate(squares) if square != 0]
        found = path(self.tower(active), low.union(high), [squares[j] for j in active])
        if found is None:
            return "interval Newton does not enclose the inner minimiser"
        if len(active) == len(squares):
            return self.found(found, low, high)
        bound = squared(found.ridge) / found.x
        zero = all(length < bound for length in found.lengths[len(active) :])
        zero = zero and all(t > 0 for t in found.squares)
        return "" if zero else "it is not clear that a unit is zero"

    def found(self, found: State, low: arb, high: arb) -> str:
        """Claim 59: E has a slope of one sign along the path, and therefore at most one zero."""
        if min(found.squares, key=arb.upper) < 0 or enclosed(self.stratum, found).excluded:
            return ""
        if sign(slope_of(found)) not in (1, -1):
            return "several stationary points are possible"
        zero = zero_near(self.full, found.squares, found.x)
        if zero is not None and low <= zero.x <= high:
            return self.keep(zero, low, high)
        signs = {sign(x * x - self.level(found, x)) for x in (low, high)}
        return "" if signs in ({1}, {-1}) else "a stationary point could not be found"

    def keep(self, zero: State, low: arb, high: arb) -> str:
        """Keep a zero of E with T > 0, once: what is known already in this block is the same."""
        found = Zero(self.stratum, zero)
        if any(square < 0 for square in zero.squares) or not found.alive:
            return ""
        known = any(other.near(low, high) for other in self.zeros)
        self.zeros += [] if known else [found]
        return ""

    def level(self, found: State, x: arb) -> arb:
        """Return G at an X of a path."""
        end = path(self.whole, x, [arb(square.mid()) for square in found.squares])
        return sum(end.squares, arb(0)) + squared(end.bias) if end else arb(0, "inf")


def begun(squares: Sequence[arb], x: arb) -> list[arb]:
    """Return squares from which Newton steps start.

    Squares that are negative together pass through 0: kinks tie them.
    """
    start = magnitudes(squares) if max(squares) < 0 else [square.max(0) for square in squares]
    return awake(start, x) if vanishes(start, x) else start


def magnitudes(squares: Sequence[arb]) -> list[arb]:
    """Return the absolute values."""
    return list(map(abs, squares))


def vanishes(squares: Sequence[arb], x: arb) -> bool:
    """Whether all are 0, or nearly."""
    return all(abs(square) <= x * x * FAINT for square in squares)


def bright(squares: Sequence[arb]) -> list[arb]:
    """Return squares with 0 in place of those that are small next to the others."""
    faint = sum(squares, arb(0)) * FAINT
    return [square if square > faint else arb(0) for square in squares]


def awake(squares: Sequence[arb], x: arb) -> list[arb]:
    """Return squares with small ones in place of 0."""
    tiny = sum(map(abs, squares), x * x) * arb(2) ** -20
    return [square if square != 0 else tiny for square in squares]


def number(value: Any) -> arb:
    """Read a number of a record."""
    require(type(value) in (int, float), f"{value!r:.40} is no number")
    fits = value == 0 or SMALLEST <= abs(value) <= LARGEST
    require(fits and isfinite(value), f"{value!r:.40} is out of range")
    return arb(float(value))
