"""The search of all U of a stratum: steps and blocks without stationary points, and the points."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import log, sqrt

from flint import arb, arb_mat, ctx

from reluenum.algebra.newton import certified_box, polished
from reluenum.algebra.numbers import IsolatedPoint
from reluenum.algebra.parametrisation import Root
from reluenum.engines.deep.systems.networks import ScaledNetwork
from reluenum.engines.spires.branches import SpireBranch
from reluenum.engines.spires.expansions import Expansion
from reluenum.engines.spires.inner import SpireInner
from reluenum.engines.spires.minimise import Doubles
from reluenum.engines.spires.signs import is_excluded
from reluenum.engines.towers.lines import is_impossible

BITS = 128
"""Precision of interval Newton."""

WIDTHS = (1.0, 0.3, 0.1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12)
"""Relative sizes of intervals around a zero of E_2 that are tried."""

OVERLAP = 1e-9
"""Part of a step that is left to the next one, for a checker that rounds otherwise."""

WORTHWHILE = 0.8
"""To which part of its length on a logarithmic scale a step has to shorten an interval."""

GROWING = 1.2
"""By which factor a step is to be longer than the one before it."""

NARROW = 6.0
"""Ratio of the ends of an interval below which it is tried as a block."""

SMALLEST = 1 + 1e-13
"""Ratio of the ends of an interval below which it is given up."""

MOST_TASKS = 400
"""After so many intervals a stratum is given up."""

ZERO_STEPS, POLISHING = 60, 8
"""To a zero of E_2, by Newton's method: inside a bracket, and for the start of the system's."""

ROOT_STEPS = 40
"""To the end of a step, by Newton's method."""


@dataclass(frozen=True, eq=False)
class IntervalEnd:
    """An end of an interval of U: the inner minimiser there, as far as it is known.

    Parameters
    ----------
    U : float
    branch : SpireBranch or None
    """

    U: float
    branch: SpireBranch | None

    @cached_property
    def sign(self) -> int:
        """The sign of E_2, 0 if it is not known."""
        return self.branch.gap_sign if self.branch else 0


@dataclass(eq=False)
class SpireSearch:
    """The search of one stratum for stationary points.

    Parameters
    ----------
    inner : SpireInner
    claim : callable
        From a point to its algebraic form, should that be needed.
    items : list of lists of float
        Record: U, T and U_3 of a step (Lemma D18), or both ends of an interval with the same.
    networks : list of ScaledNetwork
        Stationary with the signs of the stratum.
    failed : list of (float, float)
        Intervals of U about which nothing is known.
    """

    inner: SpireInner
    claim: Callable[[IsolatedPoint], Root]
    items: list[list[float]] = field(default_factory=list)
    networks: list[ScaledNetwork] = field(default_factory=list)
    failed: list[tuple[float, float]] = field(default_factory=list)

    def run(self) -> None:
        """Cover all U."""
        with ctx.workprec(BITS):
            low, high = self.inner.lowest, self.inner.highest
            if is_impossible(self.inner.chain):
                low = high
            self.items.append([0.0, low, low, *[0.0] * len(self.inner.units), sqrt(low)])
            tasks = [(self._end(low), self._end(high))] if low < high else []
            for _ in range(MOST_TASKS):
                if not tasks:
                    return
                tasks += self._shortened(*tasks.pop())
            self.failed += [(low.U, high.U) for low, high in tasks]

    @cached_property
    def _doubles(self) -> Doubles:
        return Doubles(self.inner)

    def _end(self, U: float, near: SpireBranch | None = None) -> IntervalEnd:
        """Return the inner minimiser at one U, as far as it can be proved."""
        if near is not None:
            branch = near.at(U)
            if branch and branch.is_minimal:
                return IntervalEnd(U, branch)
        linear, choices = self._doubles.minimal(U)
        for dead in choices:
            branch = SpireBranch.over(self.inner.space(dead), U, U, linear)
            if branch and branch.is_minimal:
                return IntervalEnd(U, branch)
        return IntervalEnd(U, None)

    def _shortened(
        self, low: IntervalEnd, high: IntervalEnd
    ) -> list[tuple[IntervalEnd, IntervalEnd]]:
        """Close a part of an interval; return what is left."""
        if high.U <= low.U * SMALLEST:
            self.failed.append((low.U, high.U))
            return []
        if high.U < NARROW * low.U:
            near = {id(e.branch.space): e.branch for e in (high, low) if e.branch}
            if any(self._closed(low.U, high.U, branch) for branch in near.values()):
                return []
            if low.sign * high.sign < 0 and (left := self._around_zero(low, high)) is not None:
                return left
        first, last = self._marched(low, 1, high), high
        if first.U < high.U:
            last = self._marched(high, -1, first)
        if first.U >= last.U:
            return []
        if _log_ratio(last, first) < WORTHWHILE * _log_ratio(high, low):
            return [(first, last)]
        middle = self._end(sqrt(first.U * last.U), _livelier(first, last))
        return [(first, middle), (middle, last)]

    def _marched(self, end: IntervalEnd, way: int, other: IntervalEnd) -> IntervalEnd:
        """Make steps from an end towards another one, as long as they grow or cover much of it."""
        before = 0.0
        while end.sign == -way and way * (other.U - end.U) > 0:
            reached = self._reached(end, other.U)
            length = abs(log(reached / end.U))
            most = (1 - WORTHWHILE) * abs(_log_ratio(other, end))
            if length <= max(1e-12, before) or (other.sign == way and length < most):
                break
            before = GROWING * length
            self._record_step(end)
            end = other if reached == other.U else self._end(reached, end.branch)
        return end

    def _reached(self, end: IntervalEnd, other: float) -> float:
        """Return how far a step from an end closes, towards another U (Lemma D32)."""
        whole = end.branch.whole
        U, V, G = whole.U, 1 / whole.top, whole.level

        def value(s: arb) -> arb:
            return ((s + U * V) * s - U) * s - G

        s, sign = U.sqrt().mid(), end.sign
        for _ in range(ROOT_STEPS):
            s = (s - value(s) / ((3 * s + 2 * U * V) * s - U)).mid()
        reached = float((s * s * (1 + sign * arb(OVERLAP))).mid())
        if not sign * value(arb(reached).sqrt()) > 0:
            return end.U
        return max(reached, other) if sign > 0 else min(reached, other)

    def _record_step(self, end: IntervalEnd) -> None:
        self.items.append([end.U, *_squares(end.branch.whole)])

    def _around_zero(
        self, low: IntervalEnd, high: IntervalEnd
    ) -> list[tuple[IntervalEnd, IntervalEnd]] | None:
        """Close what is around a zero of E_2; return what is beside it, None if that fails."""
        zero = self._zero(low, high)
        if zero is None:
            return None
        for width in WIDTHS:
            ends = max(low.U, zero.U / (1 + width)), min(high.U, zero.U * (1 + width))
            if self._closed(*ends, zero.branch):
                below, above = (self._end(U, zero.branch) for U in ends)
                sides = (low, below), (above, high)
                return [(one, other) for one, other in sides if one.U < other.U]
        return None

    def _zero(self, low: IntervalEnd, high: IntervalEnd) -> IntervalEnd | None:
        """Return a U near which E_2 vanishes, between two of different signs."""
        trial = sqrt(low.U * high.U)
        for _ in range(ZERO_STEPS):
            end = self._end(trial, _livelier(low, high))
            if end.branch is None:
                return None
            if end.sign == 0 or high.U < low.U * (1 + 1e-13):
                return end
            low, high = (end, high) if end.sign == low.sign else (low, end)
            step = end.branch.gap.mid() / end.branch.gap_drift.mid()
            trial = float((arb(end.U) * (-step).exp()).mid()) if step.is_finite() else 0.0
            if abs(trial - end.U) < 1e-15 * end.U:
                return end
            if not low.U < trial < high.U:
                trial = sqrt(low.U * high.U)
        return end

    def _closed(self, low: float, high: float, near: SpireBranch) -> bool:
        """Whether an interval is closed, its points found; if so, it is recorded."""
        branch = SpireBranch.over(near.space, low, high, near.linear)
        if branch is None:
            return False
        if not is_excluded(branch):
            if branch.space.dead:
                return False
            if branch.gap_sign == 0 and not self._crossed(branch, low, high):
                return False
        self.items.append([low, high, float(branch.middle.U), *_squares(branch.middle)])
        return True

    def _crossed(self, branch: SpireBranch, low: float, high: float) -> bool:
        """Whether E_2 surely is monotone along a branch, and its zero found, if it has one."""
        if branch.gap_drift.contains(0):
            return False
        ends = [branch.at(U) for U in (low, high)]
        signs = [end.gap_sign if end else 0 for end in ends]
        return 0 not in signs and (signs[0] == signs[1] or self._found(branch, low, high))

    def _found(self, branch: SpireBranch, low: float, high: float) -> bool:
        """Whether the only zero of E_2 in an interval is proved, stationary or not."""
        chain, at = self.inner.chain, branch.middle
        for _ in range(POLISHING):
            near = branch.at(float(at.U))
            if near is None:
                return False
            at = near.middle
            moved = float(((-at.gap / near.gap_drift).exp() * at.U).mid())
            if not low <= moved <= high:
                return False
            at = Expansion(at.frame, arb(moved), at.x)
        start = _system_start(self.inner, at)
        box = certified_box(chain.system, lambda bits: polished(chain.system, start))
        if box is None:
            return False
        point = IsolatedPoint(chain.system, box, self.claim)
        *_, (outer, _) = chain.parted(box)
        if not arb(low) < outer < arb(high):
            return False
        if any(square.sign() <= 0 for square in chain.squares(point.coordinates)):
            return False
        network = chain.network(point)
        if network.is_stationary:
            self.networks.append(network)
        return True


def _livelier(one: IntervalEnd, other: IntervalEnd) -> SpireBranch | None:
    """Return the branch of two ends on which fewer units are 0: more are found from fewer."""
    known = [end.branch for end in (one, other) if end.branch]
    return min(known, key=lambda branch: len(branch.space.dead), default=None)


def _log_ratio(high: IntervalEnd, low: IntervalEnd) -> float:
    return log(high.U / low.U)


def _squares(at: Expansion) -> list[float]:
    """Return T and U_3."""
    norms = at.norms
    T = [at.root * norms[unit] if unit in norms else arb(0) for unit in at.space.inner.units]
    return [float(value.mid()) for value in (*T, at.top)]


def _system_start(inner: SpireInner, at: Expansion) -> list[arb]:
    """Return the variables of the polynomial system near a zero."""
    chain, linear = inner.chain, at.linear
    scaled: list[arb] = []
    for unit, (block, gram) in enumerate(zip(chain.blocks, chain.grams, strict=True)):
        pull = arb_mat(gram) * arb_mat(gram.nrows(), 1, linear[block])
        scaled += [p / (at.norms[unit] * at.root) for p in pull.entries()]
    scaled += [at.biases[0] / at.U, at.biases[1] / at.top]
    forms = arb_mat([list(form) for form in inner.forms])
    sides = arb_mat(len(scaled), 1, scaled) * at.ridge + forms.transpose() * inner.counted(at.rest)
    multipliers: Sequence[arb] = []
    if inner.kinks:
        kinks = arb_mat([list(kink) for kink in inner.kinks])
        multipliers = (kinks * kinks.transpose()).solve(kinks * sides).entries()
    T = [at.root * norm for norm in at.norms.values()]
    return [value.mid() for value in (*linear, *multipliers, *T, at.U, at.top)]
