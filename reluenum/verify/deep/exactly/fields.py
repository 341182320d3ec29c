"""A stationary point in a number field, where a number that is exactly 0 is seen to be so.

Nothing is read for this: lattice reduction guesses the polynomial of a combination of T and X, and
the others as polynomials in it; the equations of the point, which has no other near it, prove them.
"""

from collections.abc import Sequence
from functools import cached_property

from flint import arb, ctx, fmpq, fmpz_mat, fmpz_poly

from ...arithmetic.matrices import column, eliminated
from ...reals import Algebraic, Root, dot, squared
from ..towers import State, Tower

DEGREES = (2, 4, 8, 16, 32)
BITS_A_TERM, GUARD, SURE = 96, 64, 512  # of a relation, of a sum, of an exact number in a box
WEIGHTS = (1, 3, 2, 7, 5)  # of X and T in a combination of which they are polynomials
FIRST, MOST_DOUBLINGS = 128, 7  # bits from which Newton steps double what is known


class Exact(State):
    """A tower at squares and X in a number field."""

    def __init__(self, tower: Tower, squares: Sequence[Algebraic], x: Algebraic) -> None:
        self.tower, self.squares, self.x = tower, list(squares), x
        self.ridge, self.depth = tower.sites.ridge, tower.sites.depth

    @cached_property
    def rho(self) -> list[Algebraic]:
        """The solution of the system, which is positive definite."""
        grams = [(m.transpose() * m).tolist() for m in self.tower.maps[: len(self.squares)]]
        size, counts, rows = len(self.tower.columns), self.tower.counts, []
        targets = [*self.tower.means, *[fmpq(0)] * (size - len(counts))]
        for k in range(size):
            row = [dot(self.squares, [g[k][i] for g in grams]) + self.x for i in range(size)]
            row = [entry / self.ridge for entry in row]
            if k < len(counts):
                row[k] += 1 / counts[k]
            rows.append([*row, row[k] * 0 + targets[k]])
        return eliminated(rows)

    @cached_property
    def gammas(self) -> list[list[Algebraic]]:
        """Gamma_j of all units, none of which is zero."""
        return [[dot(self.rho, line) for line in table.tolist()] for table in self.tower.maps]

    @property
    def total(self) -> Algebraic:
        """The sum of rho."""
        return dot(self.rho, [fmpq(1)] * len(self.rho))

    @property
    def bias(self) -> Algebraic:
        """The bias B of f."""
        return self.x * self.total / self.ridge

    @property
    def least(self) -> arb:
        """A lower bound of X."""
        return arb(0)

    @staticmethod
    def positive(value: Algebraic) -> Algebraic:
        """Return the positive part of a number."""
        return value if value.sign() == 1 else value * 0

    @cached_property
    def along(self) -> list[list[Algebraic]]:
        """Gamma_j . x at all sites."""
        return [[dot(g, x) for x in self.tower.sites.rows] for g in self.gammas]

    @property
    def stationary(self) -> bool:
        """Whether it is a zero of the gradient."""
        square, x = squared(self.ridge), self.x
        level = dot(self.squares, [square] * len(self.squares)) + squared(x * self.total)
        equations = [length * x - square for length in self.lengths]
        return all(e.poly == 0 for e in (*equations, x * x * square - level))


def described(state: State) -> Exact | None:
    """Claim 70: an exact description of the one stationary point in a box, None if none is found.

    It is a point in a number field that solves the equations, and lies in the box.
    """
    tower, boxes = state.tower, [*state.squares, state.x]
    values = [arb(box.mid()) for box in boxes]
    for degree in DEGREES:
        bits = BITS_A_TERM * (degree + 1)
        with ctx.workprec(bits + GUARD):
            values = sharpened(tower, values)
            found = _guessed(values, degree, bits)
        if found is None:
            continue
        exact = Exact(tower, found[:-1], found[-1])
        inside = all(b.contains(v.ball(SURE)) for b, v in zip(boxes, found, strict=True))
        if inside and exact.stationary:
            return exact
    return None


def sharpened(tower: Tower, values: Sequence[arb]) -> list[arb]:
    """Return T and X to the working precision, by Newton steps, which prove nothing."""
    most = ctx.prec
    for k in range(MOST_DOUBLINGS):
        with ctx.workprec(min(most, FIRST << k + 1)):
            values = newton_step(tower, values)[0]
    return values


def newton_step(tower: Tower, values: Sequence[arb]) -> tuple[list[arb], list[arb]]:
    """Return better T and X, and the step that leads there."""
    state = State(tower, values[:-1], values[-1])
    slope = column(state.gradient())
    step = (state.hessian().inv() * slope).entries()
    return [arb((v - s).mid()) for v, s in zip(values, step, strict=True)], step


def _guessed(values: Sequence[arb], degree: int, bits: int) -> list[Algebraic] | None:
    """Return numbers as elements of a field of at most some degree, if that is what they are."""
    alpha = dot(values[::-1], WEIGHTS)
    powers = [alpha**k for k in range(degree + 1)]
    root = _root_near(alpha, fmpz_poly(relation(powers, bits)), arb(2) ** (-bits // 2))
    if root is None:
        return None
    size, slope, found = root.chi.degree(), root.chi.derivative(), []
    for value in values:
        *terms, last = relation([*powers[:size], value * slope(alpha)], bits)
        if last == 0:
            return None
        found.append(Algebraic(root, [fmpq(-t, last) for t in terms]) / Algebraic(root, slope))
    return found


def _root_near(alpha: arb, poly: fmpz_poly, near: arb) -> Root | None:
    """Return the root of a factor of a polynomial that a number seems to be."""
    small = (chi for chi, _ in poly.factor()[1] if abs(chi(alpha)) < near)
    chi = min(small, key=fmpz_poly.degree, default=None)
    if chi is None:
        return None
    reals = [root.real for root, _ in chi.complex_roots() if root.imag == 0]
    return Root(chi, sum(bool(real < alpha - near) for real in reals))


def relation(numbers: Sequence[arb], bits: int) -> list[int]:
    """Return whole numbers, small ones, with which the sum of numbers is nearly 0."""
    scale, size = arb(2) ** bits, len(numbers)
    last = [int((x * scale).mid().floor().unique_fmpz()) for x in numbers]
    rows = [[*(int(i == j) for j in range(size)), last[i]] for i in range(size)]
    return [int(x) for x in fmpz_mat(rows).lll().tolist()[0][:-1]]
