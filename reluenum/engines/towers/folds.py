"""Double zeros of E: rational stationary points that are no local minima (Lemma D71)."""

from collections.abc import Sequence
from fractions import Fraction
from math import isfinite

from flint import arb, arb_mat, fmpq

from reluenum.engines.deep.minimality.bends import Bend
from reluenum.engines.towers.newton import Inner, InnerBranch

STEPS = 45
"""Newton steps, which only halve the distance to a double zero."""

DENOMINATOR = 1000
"""The largest one of T and X that are guessed."""


def is_fold(inner: Inner, branch: InnerBranch, low: float, high: float) -> bool:
    """Whether a double zero of E is the only one on a branch of all units.

    The third derivative of the reduced loss is not 0 there, and at some X the first two are.

    Parameters
    ----------
    inner : Inner
    branch : InnerBranch
        Over the interval.
    low, high : float
    """
    lower, (upper,) = inner.stratum.layers
    bend = Bend(inner.problem, lower, upper)
    squares, X = branch.state.T, branch.state.X
    try:
        if bend.third(squares, X).contains(0):
            return False
        values = _guessed(bend, [*(square.mid() for square in squares), X.mid()])
    except ZeroDivisionError:
        return False
    on_branch = all(t.contains(v) for t, v in zip(squares, values[:-1], strict=True))
    inside = fmpq(*low.as_integer_ratio()) <= values[-1] <= fmpq(*high.as_integer_ratio())
    return inside and on_branch and values[-1] > 0 and bend.is_double(values[:-1], values[-1])


def double_zero(inner: Inner, start: Sequence[float], X: float) -> tuple[float, list[float]] | None:
    """Return X and T of a double zero of E that is rational, if Newton steps lead to one."""
    lower, (upper,) = inner.stratum.layers
    bend = Bend(inner.problem, lower, upper)
    values = _guessed(bend, [*map(arb, start), arb(X)])
    if not values[-1] > 0 or not bend.is_double(values[:-1], values[-1]):
        return None
    *squares, last = (float(arb(value)) for value in values)
    return last, squares


def _guessed(bend: Bend, values: list[arb]) -> list[fmpq]:
    """Return T and X where Newton steps lead, as fractions of small numbers."""
    for _ in range(STEPS):
        try:
            step = arb_mat(bend.hessian(values[:-1], values[-1]).tolist()).solve(
                arb_mat([[slope] for slope in bend.gradient(values[:-1], values[-1])])
            )
        except ZeroDivisionError:  # it is met exactly
            break
        values = [arb((v - s).mid()) for v, s in zip(values, step.entries(), strict=True)]
    numbers = [float(value) for value in values]
    near = [Fraction(x if isfinite(x) else 0).limit_denominator(DENOMINATOR) for x in numbers]
    return [fmpq(number.numerator, number.denominator) for number in near]
