"""What narrow intervals of X hold: nothing, or one zero of E, which is a point of the stratum."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import sqrt

from flint import arb, arb_mat, ctx

from reluenum.algebra.linear import dot
from reluenum.algebra.newton import certified_box, polished
from reluenum.algebra.numberfield import ball_sign
from reluenum.algebra.numbers import IsolatedPoint
from reluenum.algebra.parametrisation import Root
from reluenum.engines.deep.chains import Chain
from reluenum.engines.deep.networks import ScaledNetwork
from reluenum.engines.towers.newton import Branch, Inner, State, is_violated

BITS = 96
"""Precision of interval Newton over intervals of X."""

PIECES = 3
"""Into how many pieces it is cut at most."""

BORDER = 1e-7
"""T_j / X^2 below which it is first tried with T_j = 0."""

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
    networks : list of ScaledNetwork
        What they hold.
    """

    inner: Inner
    claim: Callable[[IsolatedPoint], Root]
    blocks: list[Block] = field(default_factory=list)
    networks: list[ScaledNetwork] = field(default_factory=list)

    def examine(
        self, low: float, high: float, start: Sequence[float]
    ) -> list[tuple[float, float]]:
        """Close an interval of X, or halve it, and return what stays open; T is near the start."""
        waiting, failed = [(float(low), float(high))], []
        for _ in range(PIECES):
            if not waiting:
                break
            low, high = waiting.pop()
            middle = sqrt(low * high)
            with ctx.workprec(BITS):
                if any(self._closed(low, high, units, start) for units in _choices(middle, start)):
                    continue
            if low < middle < high:
                waiting += [(low, middle), (middle, high)]
            else:
                failed.append((low, high))
        return failed + waiting

    def _closed(
        self, low: float, high: float, units: tuple[int, ...], start: Sequence[float]
    ) -> bool:
        """Whether an interval is closed, its points found; if so, it is recorded."""
        branch = Branch.over(self.inner, arb(low).union(arb(high)), units, start)
        if branch is None:
            return False
        if not is_violated(self.inner, branch):
            if len(units) < len(start) or branch.gap_drift.contains(0):
                return False
            ends = [self._gap(arb(X), units, start) for X in (low, high)]
            if 0 in ends or (ends[0] != ends[1] and not self._found(branch, low, high)):
                return False
        centre = [float(square.mid()) for square in branch.state.T]
        self.blocks.append((low, high, sqrt(low * high), centre))
        return True

    def _gap(self, X: arb, units: tuple[int, ...], start: Sequence[float]) -> int:
        """Return the sign of E on the branch at one X, 0 if it is not known."""
        branch = Branch.over(self.inner, X, units, start)
        return 0 if branch is None else ball_sign(branch.state.gap)

    def _found(self, branch: Branch, low: float, high: float) -> bool:
        """Whether the only zero of E in an interval is proved, stationary or not."""
        formulation = Chain(self.inner.problem, self.inner.stratum)
        start = _unknowns(formulation, self.inner, _zero(self.inner, branch.state))

        def near(bits: int) -> list[arb]:
            return polished(formulation.system, start)

        box = certified_box(formulation.system, near)
        if box is None:
            return False
        point = IsolatedPoint(formulation.system, box, self.claim)
        *_, (upper,) = formulation.parted(box)
        if not arb(low) < upper < arb(high):
            return False
        if all(square.sign() > 0 for square in formulation.squares(point.coordinates)):
            network = formulation.network(point)
            if network.is_stationary:
                self.networks.append(network)
        return True


def _choices(X: float, start: Sequence[float]) -> list[tuple[int, ...]]:
    """Return which units may have T_j > 0, the likeliest first."""
    every = tuple(range(len(start)))
    live = tuple(j for j in every if start[j] > BORDER * X * X)
    return [live] if live == every else [live, every]


def _zero(inner: Inner, state: State) -> State:
    """Return an approximate zero of E and all excesses, by Newton's method."""
    point = [square.mid() for square in state.T] + [state.X.mid()]
    for _ in range(6):
        here = inner.at(point[-1], point[:-1]).over(point[-1], point[:-1])
        values = [*here.excess, here.gap]
        step = arb_mat([*here.slopes, here.gap_slopes]).solve(
            arb_mat(len(values), 1, [-value for value in values])
        )
        point = [(p + step[k, 0]).mid() for k, p in enumerate(point)]
    return inner.at(point[-1], point[:-1]).over(point[-1], point[:-1])


def _unknowns(formulation: Chain, inner: Inner, state: State) -> list[arb]:
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
