"""The record of a stratum: X in (0, highest) is covered by intervals that hold nothing unlisted."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from math import inf, isfinite
from operator import attrgetter
from typing import Any

import numpy as np
from flint import arb

from ..reals import require, sign, squared, told, within
from .exactly.fields import newton_step
from .exactly.folds import is_fold
from .exactly.shadows import impossible, shaded
from .inner import Rough, improved, path, slope_of, total_squares, vanishing
from .lists import Interval, gaps, number
from .points import Zero, zero_near
from .sides import Block, enclosed, highest
from .strata import Stratum
from .towers import State, Tower, Upper, narrowed

POLISHING, SLOW = 12, 2  # Newton steps for a record's T, the first of which end no unit
SHORTER = 3.0  # logarithm of the largest factor by which such a step shortens T
MOST_PARTS = 1024  # of a block; one where a unit comes to life takes a few hundred
CLOSE = 32  # a part of a block around a zero is so much smaller
TINY = arb(2) ** -60  # and no smaller part of it
FAINT = arb(2) ** -24  # part of the sum below which a square is tried as 0
DIM = arb(2) ** -10  # and part of X^2

HOLE = arb(2) ** -10  # relative size of what is left between two intervals, and closed here
SHARP = arb(2) ** -40
NEAR = 2.0**-36  # relative size of a Newton step that is the last one
NUDGE = arb(2) ** -50  # so that the end of a step belongs to it


@dataclass(frozen=True)
class Entry:
    """An entry of a record: a step at X, or a block with ends; T is nearly the minimiser at X."""

    ends: tuple[arb, ...]
    x: arb
    squares: list[arb]

    @property
    def starts(self) -> list[Sequence[arb]]:
        """The squares, also with 0 in place of those that are nearly 0."""
        return unique(self.squares, bright(self.squares, self.x))


class Cover:
    """What the record of one stratum closes, and the stationary points that it leads to."""

    def __init__(self, stratum: Stratum, upper: Upper) -> None:
        self.stratum, self.sites = stratum, stratum.sites
        self.upper, self.full = narrowed(upper, stratum.lower), Tower(upper, stratum.lower)
        self.zeros: list[Zero] = []
        self._towers: dict[tuple[int, ...], Tower] = {}
        self._rough: dict[tuple[int, ...], Rough] = {}

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

    def read(self, items: Any) -> None:
        """Claim 56: intervals of the record cover all X at which a stationary point can be."""
        require(type(items) is list and len(items) > 0, "no list of intervals")
        if impossible(self.full.upper, self.stratum.lower):
            return
        entries = sorted(map(self.entry, items), key=attrgetter("x"))
        closed = [self.at(entry.x, entry.squares) for entry in entries if not entry.ends]
        for entry in entries:
            for low, high in gaps(closed, *entry.ends) if entry.ends else ():
                with told(f"block from {low.str(8)} to {high.str(8)}"):
                    self.block(low, high, entry.x, entry.squares)
                closed.append((low, high))
        top = max(highest(self.stratum, side) for side in (1, -1))
        for low, high in gaps(closed, arb(0), arb(top)):
            self.fill(low, high, entries)

    def entry(self, item: Any) -> "Entry":
        """Return what one entry of the record says. A block has ends as well."""
        m = len(self.stratum.lower)
        require(type(item) is list and len(item) in (m + 1, m + 3), "an entry of another length")
        numbers = [number(value) for value in item]
        *ends, x = numbers[: len(item) - m]
        require(max(ends, default=x) > 0, "a step at 0")
        require(not ends or 0 <= ends[0] <= x <= ends[1], "X is not in its block")
        return Entry(tuple(ends), x, numbers[len(item) - m :])

    def at(self, x: arb, squares: Sequence[arb]) -> Interval:
        """Return what one X closes by some T, and without those that are nearly 0 if need be."""
        squares = [square.max(0) for square in squares]
        bare, total, found = bright(squares, x), arb(0, "inf"), (x, x)
        for start in unique(squares, bare):
            try:
                total = total.intersection(total_squares(self.state(x, start)))
            except ZeroDivisionError:  # a matrix that may be singular
                continue
            found = self.reach(x, total)
            if found[0] < found[1] and max(bare) > 0:
                break
        return found

    def fill(self, low: arb, high: arb, entries: Sequence[Entry]) -> None:
        """Close what intervals leave, by better steps beside it, and a block if little is left."""
        below = [entry for entry in entries if entry.x <= low][-1:]
        inside = [entry for entry in entries if low < entry.x < high]
        beside = [*(entry for entry in entries if entry.x >= high)][:1] + inside + below
        better = [self.step(entry.x, entry.starts) for entry in beside]
        for one, other in gaps(better, low, high):
            require(other - one < other * HOLE, f"nothing closes X above {one.str(8)}")
            self.block(one, other, other, beside[0].squares)

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
        """Return what is left of a block after steps from its ends and inside, added to all.

        Around a likely zero of E, at ever smaller distances as long as a step closes all up to the
        one before it, or nearly.
        """
        found = [self.step(end, starts) for end in (low, high)]
        zero, width = self.likely(low, high, starts[0]), (high - low) / CLOSE
        if zero is None or not low < zero - width < zero + width < high:
            found.append(self.step((low * high).sqrt().mid(), starts))
        else:
            steep = True
            while steep and width > zero * TINY:
                pair = [self.step((zero + side * width).mid(), starts) for side in (-1, 1)]
                steep = all(end - start > width * CLOSE / 2 for start, end in pair)
                found, width = [*found, *pair], width / CLOSE
        closed += found
        return list(gaps(found, low, high))

    def likely(self, low: arb, high: arb, start: Sequence[arb]) -> arb | None:
        """Return where Newton steps find a zero of E."""
        active = [j for j, square in enumerate(start) if square > 0]
        values = [*(start[j] for j in active), (low * high).sqrt().mid()]
        try:
            for _ in range(POLISHING):
                values, _ = newton_step(self.tower(active), values)
        except ZeroDivisionError:
            return None
        return values[-1]

    def step(self, x: arb, starts: Sequence[Sequence[arb]]) -> Interval:
        """Return what one X closes, by the first of ever better T that tells."""
        for better in (self.polished, self.sharpened, self.together):
            for start in starts:
                low, high = self.at(x, better(x, start))
                if low < high:
                    return low, high
        return x, x

    @staticmethod
    def reach(x: arb, total: arb) -> Interval:
        """Claim 57: G grows with X (Theorem D15), so that one X closes all up to sqrt G(X)."""
        if total < x * x:
            return (total.upper().max(0).sqrt() * (1 + NUDGE)).upper(), x
        return (x, (total.sqrt() * (1 - NUDGE)).lower()) if total > x * x else (x, x)

    def polished(self, x: arb, squares: Sequence[arb]) -> list[arb]:
        """Return a better minimiser, by Newton steps that prove nothing; units may become zero."""
        found, place = np.array([float(square.mid()) for square in squares]), float(x.mid())
        for k in range(POLISHING):
            active, moved = np.flatnonzero(found > 0), found.copy()
            moved[active] = self.rough(active).improved(found[active], place)
            close = np.abs(moved - found) <= NEAR * found
            if (close | ~np.isfinite(moved)).all():
                break
            gone = k >= SLOW and moved.min() < 0 < moved.max()
            gone = np.argmin(moved) if gone else -1
            found = np.maximum(moved, found / 8)
            if gone >= 0:
                found[gone] = 0.0
        return [arb(square) for square in found.tolist()]

    def sharpened(self, x: arb, squares: Sequence[arb]) -> list[arb]:
        """Return the same in balls, where doubles are not good enough."""
        return self.refined(x, self.polished(x, squares))

    def together(self, x: arb, squares: Sequence[arb]) -> list[arb]:
        """Return the same with no unit ended, near an X at which kinks let several begin at once.

        There |Gamma_j| depend on the quotients of T alone, nearly, so T is followed on a scale of
        logarithms where it decreases.
        """
        found = np.array([float(square.mid()) for square in squares])
        if not found.min() > 0:
            return list(squares)
        rough, place = self.rough(range(len(found))), float(x.mid())
        with np.errstate(all="ignore"):
            for _ in range(2 * POLISHING):
                step = rough.improved(found, place) / found - 1
                found *= np.where(step > 0, 1 + step, np.exp(np.maximum(step, -SHORTER)))
        return self.refined(x, [arb(square) for square in found.tolist()])

    def refined(self, x: arb, found: list[arb]) -> list[arb]:
        """Return a better minimiser, by Newton steps in balls."""
        for k in range(POLISHING):
            better = iter(improved(self.state(x, found)))
            moved = [next(better) if square > 0 else square for square in found]
            pairs = list(zip(moved, found, strict=True))
            if all(abs(t - s) <= s * SHARP or not t.is_finite() for t, s in pairs):
                break
            least = min(moved) if k >= SLOW and min(moved) < 0 < max(moved) else None
            found = [arb(0) if t is least else t.max(old / 8) for t, old in pairs]
        return found

    def rough(self, active: Sequence[int]) -> Rough:
        """Return the system in which some units are alive, in doubles."""
        key = tuple(map(int, active))
        if key not in self._rough:
            self._rough[key] = Rough(self.tower(key))
        return self._rough[key]

    def nearest(self, x: arb, starts: Sequence[Sequence[arb]]) -> list[arb]:
        """Return the minimiser at X to which the best of several starts leads."""
        found = [self.polished(x, start) for start in starts]
        return self.sharpened(x, min(found, key=partial(self.error, x)) if found[1:] else found[0])

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
        """Claim 58: a block holds no stationary point, or one, which is kept; else say why not.

        Units that are on at kinks may be in the shadow of others (Lemma D75).
        """
        if vanishes(squares, x) and vanishing(self.upper, self.stratum.lower, high):
            return ""
        if not low > 0:
            return "w = 0 is not the minimiser everywhere"
        bare = bright(squares, x)
        if any(self.excluded(low, high, x, part) for part in unique(squares, bare)):
            return ""
        units = dict(zip(self.stratum.lower, squares, strict=True))
        if shaded(self.full.upper, units, x, low, high):
            return ""
        starts = unique(squares, awake(squares, x))
        reasons = (self.followed(low, high, start) for start in starts)
        return "" if "" in reasons else "interval Newton does not tell what is in it"

    def excluded(self, low: arb, high: arb, x: arb, squares: Sequence[arb]) -> bool:
        """Whether a sign is wrong, or a unit zero, by the ball of Lemma D56."""
        state = self.state(x, [square.max(0) for square in squares])
        return Block(state, low, high).excludes(self.stratum)

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
            return "" if is_fold(found, low, high) else "several stationary points are possible"
        zero = zero_near(self.full, found.squares, found.x)
        here = zero is not None and low <= zero.x <= high
        # with T > 0 it is the minimiser (claim 62), otherwise it may be on another path
        positive = here and min(zero.squares, key=arb.lower) > 0
        if positive or (here and within(zero.squares, found.squares)):
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
    start = magnitudes(squares) if max(squares) <= 0 else [square.max(0) for square in squares]
    return awake(start, x) if vanishes(start, x) else start


def magnitudes(squares: Sequence[arb]) -> list[arb]:
    """Return the absolute values."""
    return list(map(abs, squares))


def vanishes(squares: Sequence[arb], x: arb) -> bool:
    """Whether all are 0, or nearly."""
    return all(abs(square) <= x * x * FAINT for square in squares)


def unique(one: Sequence[arb], other: Sequence[arb]) -> list[Sequence[arb]]:
    """Return two starts, or one if they are equal."""
    return [one] if list(one) == list(other) else [one, other]


def bright(squares: Sequence[arb], x: arb) -> list[arb]:
    """Return squares with 0 in place of those that are small next to the others, or to X^2."""
    faint = (sum(squares, arb(0)) * FAINT).max(x * x * DIM)
    return [square if square > faint else arb(0) for square in squares]


def awake(squares: Sequence[arb], x: arb) -> list[arb]:
    """Return squares with small ones in place of 0."""
    tiny = sum(map(abs, squares), x * x) * arb(2) ** -20
    return [square if square != 0 else tiny for square in squares]
