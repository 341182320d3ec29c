"""The record of a stratum: U_2 in (0, highest] is covered by what holds nothing unlisted."""

from functools import cached_property
from typing import Any

from flint import arb

from ..arithmetic.matrices import pivots_of
from ..deep.lists import Interval, gaps, number
from ..reals import require, sign, squared, told, within
from .inner import highest, levels, path, polished, reach, vanishing
from .lines import impossible
from .points import Zero, zero_near
from .signs import Signs
from .strata import Spire
from .systems import Frame, State

MOST_PARTS = 400  # parts of a block
FAINT = arb(2) ** -20  # part of U_2^2 / U_3 below which a square hardly lives
HOLE = arb(2) ** -10  # relative size of what is left between two intervals, and closed here

Start = tuple[list[arb], arb]  # T and U_3


class Cover:
    """What the record of one stratum closes, and the stationary points that it leads to."""

    def __init__(self, spire: Spire) -> None:
        self.spire, self.frame = spire, Frame(spire)
        self.zeros: list[Zero] = []

    @cached_property
    def empty(self) -> bool:
        """Whether kinks exclude all stationary points."""
        return impossible(self.frame)

    def read(self, items: Any) -> None:
        """Claim 101: intervals of the record cover all U_2 at which a stationary point can be."""
        require(type(items) is list and len(items) > 0, "no list of intervals")
        found = sorted(map(self.interval, items), key=lambda entry: entry[0])
        top, reached = highest(self.spire), arb(0)
        for low, high, start in found:
            if not low <= reached:
                fine = low - reached < low * HOLE
                require(fine, f"nothing closes U above {reached.str(8)}")
                self.block(reached, low, start)
            reached = reached.max(high)
        require(reached >= top, f"nothing closes U above {reached.str(8)}")

    def interval(self, item: Any) -> tuple[arb, arb, Start]:
        """Return what one entry closes, and its T and U_3: a block has its ends, a step has not."""
        m = len(self.spire.lower)
        require(type(item) is list and len(item) in (m + 2, m + 4), "an entry of another length")
        *ends, u = map(number, item[: len(item) - m - 1])
        *squares, third = map(number, item[len(item) - m - 1 :])
        require(u > 0 and third > 0 and min(squares) >= 0, "a square is not positive")
        start = squares, third
        if not ends:
            return *self.step(u, start), start
        low, high = ends
        require(0 <= low <= u <= high, "U is not in its block")
        with told(f"block from {low.str(8)} to {high.str(8)}"):
            self.block(low, high, start)
        return low, high, start

    def step(self, u: arb, start: Start) -> Interval:
        """Claim 102: one U_2 closes all up to where Lemma D18 reaches.

        Units that hardly live are tried as zero, too: kinks may tie them to others.
        """
        for woken in (True, False):
            try:
                end = reach(u, *levels(self.state(u, start, woken)))
            except ZeroDivisionError:  # a matrix that may be singular
                continue
            if end != u:
                return min(u, end), max(u, end)
        return u, u

    def state(self, u: arb, start: Start, woken: bool = True) -> State:
        """Return a state near the minimiser at U_2; units come to life there that are not zero.

        Those with too long a Gamma alone, and if that does not last, others that kinks tie to them.
        """
        squares, third = start
        faint = u * u / third * FAINT
        if not woken:
            return polished(self.frame, u, [t if t > faint else arb(0) for t in squares], third)
        first = state = polished(self.frame, u, squares, third)
        if any(long := asleep(state)):
            pairs = zip(first.squares, long, strict=True)
            alive = [t.max(faint) if wakes else t for t, wakes in pairs]
            state = polished(self.frame, u, alive, first.third)
        if any(asleep(state)):
            state = polished(self.frame, u, [t.max(u) for t in first.squares], first.third)
        return state

    def block(self, low: arb, high: arb, start: Start) -> None:
        """Close a block; of one that is not closed as it stands, what steps do not close."""
        left, tried = [(low, high, start)], 0
        while left:
            low, high, start = left.pop()
            if low < high and (reason := self.open(low, high, start)):
                tried += 1
                require(tried < MOST_PARTS, reason)
                left += self.parts(low, high, start)

    def parts(self, low: arb, high: arb, start: Start) -> list[tuple[arb, arb, Start]]:
        """Return what is left of a block after steps from its ends and the middle, in two halves.

        The first step may have led nowhere, where the block ends at a stationary point.
        """
        middle = (low * high).sqrt().mid() if low > 0 else high / 64
        steps = [self.step(point, start) for point in (low, middle, high) if point > 0]
        halves = ((low, middle), (middle, high))
        found = (gap for half in halves for gap in gaps(steps, *half))
        return [(*gap, self.near(gap, start)) for gap in found]

    def near(self, gap: Interval, start: Start) -> Start:
        """Return T and U_3 in the middle of a gap."""
        low, high = gap
        middle = (low * high).sqrt().mid() if low > 0 else high
        try:
            state = self.state(middle, start)
        except ZeroDivisionError:  # a matrix that may be singular
            return start
        return state.squares, state.third

    def open(self, low: arb, high: arb, start: Start) -> str:
        """Claim 103: a block holds no stationary point, or one, which is kept; else say why not.

        If kinks do not exclude all points, it is looked at along the inner minimiser (Theorem D9):
        some unit is zero throughout, a sign is wrong, E_2 is not 0, or has a slope of one sign and
        therefore at most one zero.
        """
        if self.empty:
            return ""
        squares, third = start
        active = tuple(j for j, square in enumerate(squares) if square > 0)
        if not low > 0:
            none = not active and vanishing(self.frame, high)
            return "" if none else "w = 0 is not the minimiser everywhere"
        found = path(self.frame, active, low.union(high), squares, third)
        if found is None:
            return "interval Newton does not enclose the inner minimiser"
        if len(active) == len(squares):
            return self.found(found, low, high)
        return "" if rests(found) else "it is not clear that a unit is zero"

    def found(self, found: State, low: arb, high: arb) -> str:
        """Claim 104: E_2 has a slope of one sign along the path: the last pivot (Schur)."""
        if self.misses(found):
            return ""
        *inner, slope = pivots_of(found.hessian())
        if not all(pivot > 0 for pivot in inner) or sign(slope) not in (1, -1):
            return "several stationary points are possible"
        zero = zero_near(self.frame, found.squares, found.third, found.second)
        here = zero is not None and low <= zero.second <= high
        if here and within([*zero.squares, zero.third], [*found.squares, found.third]):
            return self.keep(zero, low, high)
        signs = {self.side(found, u) for u in (low, high)}
        return "" if signs in ({1}, {-1}) else "a stationary point could not be found"

    def misses(self, found: State) -> bool:
        """Whether all units together are not alive along a path, E_2 is not 0, or a sign wrong."""
        least = min(found.squares, key=arb.lower)
        gone = min(found.squares, key=arb.upper) < 0 or bool(sign(found.gradient()[-1]))
        return gone or (least > 0 and Signs(self.spire, found).wrong)

    def side(self, found: State, u: arb) -> int | None:
        """Return the sign of E_2 at one U_2 of a path."""
        active = found.system.active
        end = path(self.frame, active, u, [arb(t.mid()) for t in found.squares], found.third)
        return sign(end.gradient()[-1]) if end else None

    def keep(self, state: State, low: arb, high: arb) -> str:
        """Keep a zero with T > 0, once: what is known already in this block is the same."""
        if min(state.squares, key=arb.upper) < 0:
            return ""
        near = [z for z in self.zeros if z.state.second.overlaps(state.second)]
        if not all(low <= other.state.second <= high for other in near):
            return "two stationary points are too near to each other"
        self.zeros += [] if near else [Zero(self.spire, state)]
        alive = min(state.squares, key=arb.lower) > 0
        return "" if alive else "a unit is zero, or nearly"


def asleep(state: State) -> list[bool]:
    """Return which units are zero though they should not be."""
    bound = squared(state.ridge) / state.second
    pairs = zip(state.squares, state.lengths, strict=True)
    return [t == 0 and length > bound for t, length in pairs]


def rests(found: State) -> bool:
    """Whether all units that are zero on a path stay so, and the others are not."""
    bound = squared(found.ridge) / found.second
    zero = all(found.lengths[j] < bound for j in found.system.others)
    return zero and all(found.squares[j] > 0 for j in found.system.active)
