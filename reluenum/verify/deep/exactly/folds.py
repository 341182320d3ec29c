"""Double zeros of E: rational stationary points that are no local minima (Lemma D71)."""

from collections.abc import Sequence
from fractions import Fraction
from math import isfinite

from flint import arb, arb_mat, fmpq, fmpq_mat

from ...reals import sign
from ..towers import State, Tower
from .fields import newton_step

STEPS, DENOMINATOR = 45, 1000  # Newton steps, which only halve the distance; of numbers guessed


def is_fold(found: State, low: arb, high: arb) -> bool:
    """Claim 169: E has one zero on a block, a double one, and no local minimum is there.

    The third derivative of the reduced loss along the path is not 0, and at one X the first two
    are, exactly (Lemma D71).
    """
    try:
        bends = sign(third(found))
    except ZeroDivisionError:  # the path may have no derivative
        bends = None
    if not bends:
        return False
    squares, x = guessed(found)
    on_path = all(t.contains(s) for t, s in zip(found.squares, squares, strict=True))
    inside = low <= arb(x) <= high
    return inside and on_path and x > 0 and is_double(found.tower, squares, x)


def third(found: State) -> arb:
    """Return the third derivative of the reduced loss along a path, with T' from its Hessian."""
    m, ridge = len(found.squares), found.ridge
    rows = found.hessian().tolist()
    inner, cross = (arb_mat([row[part] for row in rows[:m]]) for part in (slice(m), slice(m, None)))
    speeds = [-rate for rate in inner.solve(cross).entries()]
    along = [speed / ridge for speed in speeds for _ in range(found.depth)] + [1 / ridge]
    moved = found.values
    for k in range(3):
        moved = arb_mat([[x * factor] for x, factor in zip(moved.entries(), along, strict=True)])
        moved = found.response * moved if k < 2 else moved
    fit = (found.values.transpose() * moved)[0, 0] * -6
    x, total = found.x, sum(found.squares, arb(0))
    return fit + ridge * (sum(speeds, arb(0)) * 6 / (x * x * x) - total * 6 / (x * x * x * x))


def guessed(found: State) -> tuple[list[fmpq], fmpq]:
    """Return T and X where Newton steps lead, as fractions of small numbers; proves nothing."""
    values = [arb(value.mid()) for value in (*found.squares, found.x)]
    try:
        for _ in range(STEPS):
            values, _ = newton_step(found.tower, values)
    except ZeroDivisionError:  # it is met exactly
        pass
    numbers = [float(value.mid()) for value in values]
    near = [Fraction(x if isfinite(x) else 0).limit_denominator(DENOMINATOR) for x in numbers]
    *squares, x = (fmpq(number.numerator, number.denominator) for number in near)
    return squares, x


def is_double(tower: Tower, squares: Sequence[fmpq], x: fmpq) -> bool:
    """Return whether the gradient of the reduced loss and the determinant of its Hessian are 0."""
    size, ridge, weights = len(tower.columns), tower.sites.ridge, [*squares, x]
    maps, matrix = [*tower.maps, fmpq_mat([[fmpq(1)] * size])], fmpq_mat(size, size)
    y = fmpq_mat(size, 1, [*tower.means, *[fmpq(0)] * (size - len(tower.means))])
    for k, count in enumerate(tower.counts):
        matrix[k, k] = 1 / count
    for table, weight in zip(maps, weights, strict=True):
        matrix += table.transpose() * table * (weight / ridge)
    if not matrix.det():
        return False
    rho = matrix.solve(y)
    pulls = fmpq_mat([(table.transpose() * (table * rho)).entries() for table in maps])
    *lengths, bias = ((pulls * rho).entries()[k] for k in range(len(maps)))
    total = sum(squares, fmpq(0))
    level = all(length * x == ridge * ridge for length in lengths)
    still = level and x * x * (ridge * ridge - bias) == total * ridge * ridge
    return still and not _hessian(pulls * matrix.solve(pulls.transpose()), ridge, total, x).det()


def _hessian(spread: fmpq_mat, ridge: fmpq, total: fmpq, x: fmpq) -> fmpq_mat:
    """Return the Hessian of the reduced loss by T and X."""
    found, last = spread * (2 / (ridge * ridge)), spread.nrows() - 1
    for j in range(last):
        found[j, last] -= ridge / (x * x)
        found[last, j] -= ridge / (x * x)
    found[last, last] += 2 * ridge * total / (x * x * x)
    return found
