"""What narrow intervals of X hold: nothing, or one zero of E, which is a point of the stratum."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import sqrt

from flint import arb, arb_mat, ctx

from reluenum.algebra.linear import dot
from reluenum.algebra.newton import certified_box, polished
from reluenum.algebra.numberfield import ball_sign
from reluenum.algebra.numbers import IsolatedPoint
from reluenum.algebra.parametrisation import Root
from reluenum.engines.deep.systems.chains import Chain
from reluenum.engines.deep.systems.networks import ScaledNetwork
from reluenum.engines.towers.folds import double_zero, is_fold
from reluenum.engines.towers.newton import Inner, InnerBranch, State, TowerChart, is_violated

BITS = 128
"""Precision of interval Newton over intervals of X."""

WIDTHS = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12, 1e-13)
"""Relative sizes of intervals around a zero of E that are tried."""

FOLD_WIDTHS = (0.1, 3e-2, 1e-2, 3e-3, 1e-3, 1e-4)
"""The same around a double zero."""

SPREADS = (0.3, 0.1, 0.03)
"""Lengths of intervals beside it that are tried, as part of their distance."""

STEPS = 40
"""How many steps are made on each side of it."""

OVERLAP = 1e-3
"""Part of a step that is left to the next one."""

NEWTON_STEPS = 8
"""To a zero of E."""

BORDER, FAINT = 1e-7, 1e-9
"""T_j / X^2 and T_j / X below which it is first tried with T_j = 0."""

Block = tuple[float, float, float, list[float]]
"""Ends of an interval, a point of it, and T there."""


@dataclass(eq=False)
class Search:
    """The search of intervals of one stratum for stationary points.

    Parameters
    ----------
    inner : Inner
    claim : callable
        From a point to its algebraic form, should that be needed.
    blocks : list of Block
        Intervals that are closed.
    steps : list of (float, list of float)
        X and T: what is between X and sqrt(G(X)) is closed (Theorem D15).
    passed : list of (float, float)
        What is between these, in numbers.
    networks : list of ScaledNetwork
        What they hold.
    """

    inner: Inner
    claim: Callable[[IsolatedPoint], Root]
    blocks: list[Block] = field(default_factory=list)
    steps: list[tuple[float, list[float]]] = field(default_factory=list)
    passed: list[tuple[float, float]] = field(default_factory=list)
    networks: list[ScaledNetwork] = field(default_factory=list)

    def examine(
        self, low: float, high: float, start: Sequence[float], at: float | None = None
    ) -> list[tuple[float, float]]:
        """Close an interval of X, and return what stays open; T is near the start at some X.

        If that does not work at once, ever smaller parts around a zero of E are tried, and what is
        beside them is left to single steps (Theorem D15).
        """
        low, high = float(low), float(high)
        at = sqrt(low * high) if at is None else at
        largest = max(range(len(start)), key=lambda j: start[j])
        if largest != self.inner.largest:
            self.inner = replace(self.inner, largest=largest)
        with ctx.workprec(BITS):
            choices = _choices(at, start)
            if any(self._closed(low, high, units, start) for units in choices):
                return []
            for units in choices:
                zero = self._zero(units, start, at, low, high)
                if zero is None:
                    continue
                X, T = zero
                for width in WIDTHS:
                    ends = max(low, X / (1 + width)), min(high, X * (1 + width))
                    if self._closed(*ends, units, T):
                        beside = (low, ends[0]), (ends[1], high)
                        return [
                            left
                            for part in beside
                            if (left := self._stepped(*part, units, T)) is not None
                        ]
            if (beside := self._beside_fold(low, high, start, at)) is not None:
                return beside
            left = self._stepped(low, high, choices[-1], start)
            return [] if left is None else [left]

    def _beside_fold(
        self, low: float, high: float, start: Sequence[float], at: float
    ) -> list[tuple[float, float]] | None:
        """Close what is around a double zero of E, and return what stays open; None without one."""
        fold = double_zero(self.inner, start, at)
        if fold is None:
            return None
        (X, T), units = fold, tuple(range(len(start)))
        around = ((max(low, X / (1 + w)), min(high, X * (1 + w))) for w in FOLD_WIDTHS)
        if low <= X <= high:
            ends = next((ends for ends in around if self._closed(*ends, units, T)), None)
        else:
            ends = (low, low) if low > X else (high, high)
        if ends is None:
            return None
        first = self._spread(low, ends[0], X, units, T) if low < X else low
        last = self._spread(high, ends[1], X, units, T) if high > X else high
        parts = (self._stepped(*part, units, T) for part in ((low, first), (last, high)))
        return [part for part in parts if part is not None]

    def _spread(
        self, limit: float, edge: float, X: float, units: tuple[int, ...], T: Sequence[float]
    ) -> float:
        """Close intervals from an edge on, away from a double zero, and return where that ends.

        Steps from there on, as long as E, are not short any more.
        """
        for _ in range(STEPS):
            tried = (edge * (edge / X) ** share for share in SPREADS)
            inside = (max(limit, x) if limit < edge else min(limit, x) for x in tried)
            ends = (x for x in inside if self._closed(*sorted((edge, x)), units, T))
            further = edge if edge == limit else next(ends, edge)
            if further == edge:
                break
            edge = further
        return edge

    def has_passed(self, low: float, high: float) -> bool:
        """Whether a single step has closed an interval on its way."""
        return any(first <= low and high <= last for first, last in self.passed)

    def _stepped(
        self, low: float, high: float, units: Sequence[int], start: Sequence[float]
    ) -> tuple[float, float] | None:
        """Shorten an interval without zeros of E from its ends; return None if that closes it."""
        for _ in range(STEPS):
            if low >= high:
                return None
            for X, side in ((high, 1), (low, -1)):
                branch = InnerBranch.over(self.inner, arb(X), units, start)
                if branch is None or not branch.is_minimal or side * branch.state.gap <= 0:
                    continue
                level = branch.state.level.sqrt()
                reached = float(level + (X - level) * OVERLAP)
                if side * (X - reached) <= 0:
                    continue
                self.steps.append((X, [float(square.mid()) for square in branch.state.T]))
                self.passed.append((min(X, reached), max(X, reached)))
                start = _updated_squares(start, units, self.steps[-1][1])
                low, high = (low, reached) if side > 0 else (reached, high)
                break
            else:
                return low, high
        return low, high

    def _zero(
        self, units: Sequence[int], start: Sequence[float], at: float, low: float, high: float
    ) -> tuple[float, list[float]] | None:
        """Return X and T of a zero of E in an interval, where only some T_j are not 0."""
        X = arb(at)
        branch = InnerBranch.over(self.inner, X, units, start)
        if branch is None:
            return None
        chart = branch.chart.moved([value.mid() for value in branch.chart.values])
        faint = branch.state.centre.faint
        try:
            for _ in range(NEWTON_STEPS):
                X, chart = _nearer(self.inner, X, chart, faint)
                X = X.max(arb(low)).min(arb(high)).mid()
        except ZeroDivisionError:
            return None
        return float(X), _updated_squares(start, units, [float(square) for square in chart.T])

    def _closed(
        self, low: float, high: float, units: tuple[int, ...], start: Sequence[float]
    ) -> bool:
        """Whether an interval is closed, its points found; if so, it is recorded."""
        try:
            return self._tried(low, high, units, start)
        except ZeroDivisionError:
            return False

    def _tried(
        self, low: float, high: float, units: tuple[int, ...], start: Sequence[float]
    ) -> bool:
        branch = InnerBranch.over(self.inner, arb(low).union(arb(high)), units, start)
        if branch is None or not branch.is_convex:
            return False
        full = len(units) == len(start)
        if not (
            is_violated(self.inner, branch) or (full and self._has_one(branch, low, high, start))
        ):
            return False
        centre = [float(square.mid()) for square in branch.state.T]
        self.blocks.append((low, high, sqrt(low * high), centre))
        return True

    def _has_one(
        self, branch: InnerBranch, low: float, high: float, start: Sequence[float]
    ) -> bool:
        """Whether E has one zero at most on a branch of all units, which is found if it counts."""
        if branch.gap_drift.contains(0):
            return is_fold(self.inner, branch, low, high)
        ends = [self._gap(arb(X), branch.units, start) for X in (low, high)]
        return 0 not in ends and (ends[0] == ends[1] or self._found(branch, low, high))

    def _gap(self, X: arb, units: tuple[int, ...], start: Sequence[float]) -> int:
        """Return the sign of E on the branch at one X, 0 if it is not known."""
        branch = InnerBranch.over(self.inner, X, units, start)
        return 0 if branch is None else ball_sign(branch.state.gap)

    def _found(self, branch: InnerBranch, low: float, high: float) -> bool:
        """Whether the only zero of E in an interval is proved, stationary or not."""
        formulation = Chain(self.inner.problem, self.inner.stratum)
        start = _system_unknowns(formulation, self.inner, _tower_zero(self.inner, branch))

        def near(bits: int) -> list[arb]:
            return polished(formulation.system, start)

        box = certified_box(formulation.system, near)
        if box is None:
            return False
        point = IsolatedPoint(formulation.system, box, self.claim)
        *_, (upper,) = formulation.parted(box)
        squares = formulation.squares(point.coordinates)
        pairs = zip(squares, [*branch.state.T, branch.state.X], strict=True)
        on_branch = all(square.ball(BITS).overlaps(known) for square, known in pairs)
        if not on_branch or not arb(low) < upper < arb(high):
            return False
        if all(square.sign() > 0 for square in squares):
            network = formulation.network(point)
            if network.is_stationary:
                self.networks.append(network)
        return True


def _choices(X: float, start: Sequence[float]) -> list[tuple[int, ...]]:
    """Return which units may have T_j > 0, the likeliest first."""
    every = tuple(range(len(start)))
    live = tuple(j for j in every if start[j] > max(BORDER * X * X, FAINT * X))
    return [live] if live == every else [live, every]


def _updated_squares(
    start: Sequence[float], units: Sequence[int], T: Sequence[float]
) -> list[float]:
    """Return new T of some units, with the old ones of the others, for their ratios."""
    return [max(0.0, T[j]) if j in units else old for j, old in enumerate(start)]


def _nearer(
    inner: Inner, X: arb, chart: TowerChart, faint: Sequence[arb] | None = None
) -> tuple[arb, TowerChart]:
    """Return a Newton step towards a zero of E and of the excesses of some units."""
    here = inner.at(X, chart.T, chart.ratios, faint).over(X, chart.T, chart.ratios)
    slopes = here.turned(chart)
    values = [*(here.excess[unit] for unit in chart.units), here.gap]
    matrix = arb_mat([*slopes.excess, slopes.gap])
    step = matrix.solve(arb_mat(len(values), 1, [-value for value in values])).tolist()
    *moved, (last,) = step
    pairs = zip(chart.values, moved, strict=True)
    return (X + last).mid(), chart.moved([(c + s).mid() for c, (s,) in pairs])


def _tower_zero(inner: Inner, branch: InnerBranch) -> State:
    """Return an approximate zero of E and all excesses, by Newton's method."""
    X = branch.state.X.mid()
    chart = branch.chart.moved([value.mid() for value in branch.chart.values])
    for _ in range(NEWTON_STEPS):
        X, chart = _nearer(inner, X, chart)
    return inner.at(X, chart.T, chart.ratios).over(X, chart.T, chart.ratios)


def _system_unknowns(formulation: Chain, inner: Inner, state: State) -> list[arb]:
    """Return the variables of the polynomial system at a zero."""
    ridge = inner.problem.effective_ridge
    found = []
    for flat, gram, u, square in zip(
        formulation.flats, formulation.grams, state.duals, state.T, strict=True
    ):
        along = [dot([arb(x) for x in vector], [e for (e,) in u.tolist()]) for vector in flat]
        weights = arb_mat(gram.inv()) * arb_mat(len(flat), 1, along) * square
        found += [w for (w,) in weights.tolist()]
    found.append(state.bias * state.X)
    pulls = dict(zip(inner.seen, (r * ridge for (r,) in state.rho.tolist()), strict=True))
    found += [pulls.get(sites[0], arb(0)) for _, _, sites in formulation.constraints]
    return [value.mid() for value in (*found, *state.T, state.X)]
