"""Critical points of the polynomial of Lemma D69, differentiated as a polynomial."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import pairwise, product
from typing import Any

from flint import arb, arb_mat, ctx, fmpq_mat, fmpq_mpoly, fmpq_mpoly_ctx

from ..arithmetic.matrices import identity
from ..exact import null_space, pivots_in
from ..reals import dot, require
from .fit import Fit, Vector

SHARPEST = 256  # bits
STEPS = 12  # of Newton's method

Upper = tuple[int, str]  # sign of an output weight, and the signs of the unit at the sites


def kernel(rows: Sequence[Vector], length: int) -> tuple[list[Vector], list[int]]:
    """Return a basis of what is orthogonal to rows, and the place where each vector alone has 1."""
    matrix = fmpq_mat(rows or [[0] * length])
    pivots = pivots_in(matrix)
    basis = null_space(matrix).transpose().tolist()
    return [*map(tuple, basis)], [k for k in range(length) if k not in pivots]


class Stratum:
    """The signs of the distinct live units of a network, and the polynomial of its equations."""

    def __init__(self, fit: Fit, record: Any) -> None:
        self.fit = fit
        self.first: list[str] = list(record["first"])
        self.upper: list[Upper] = [(sign, signs) for sign, signs in record["upper"]]
        texts = [*self.first, *(signs for _, signs in self.upper)]
        good = all(type(t) is str and len(t) == fit.size and {*t} <= {*"+0-"} for t in texts)
        good &= all(type(sign) is int and sign in (1, -1) for sign, _ in self.upper)
        good &= len(self.first) <= fit.below and len(self.upper) <= fit.above
        require(good and all("+" in text for text in texts), "global: signs")
        self.kernels = [
            kernel(
                [row for row, sign in zip(fit.rows, signs, strict=True) if sign == "0"], fit.depth
            )
            for signs in self.first
        ]

    def kinks(self, signs: str) -> list[list[int]]:
        """Return the kinks of an upper unit: sites where the first layer is 0 are one."""
        sites = [i for i, sign in enumerate(signs) if sign == "0"]
        dead = [i for i in sites if not any(first[i] == "+" for first in self.first)]
        return [[i] for i in sites if i not in dead] + [dead] * bool(dead)

    @cached_property
    def sizes(self) -> list[int]:
        """How many coordinates, residuals, multipliers and squares there are."""
        places = sum(len(basis) for basis, _ in self.kernels)
        kinks = sum(len(self.kinks(signs)) for _, signs in self.upper)
        return [places, self.fit.size, kinks, len(self.upper)]

    @cached_property
    def variables(self) -> list[list[fmpq_mpoly]]:
        """The variables by kind."""
        names = [f"x{k}" for k in range(sum(self.sizes))]
        ends = [sum(self.sizes[:k]) for k in range(5)]
        gens = fmpq_mpoly_ctx.get(names, "lex").gens()
        return [[*gens[a:b]] for a, b in pairwise(ends)]

    @cached_property
    def vectors(self) -> list[list[Any]]:
        """The first-layer vectors as linear forms."""
        places, found = iter(self.variables[0]), []
        for basis, _ in self.kernels:
            own = [next(places) for _ in basis]
            found.append([dot(own, column) for column in zip(*basis, strict=True)])
        return found

    @cached_property
    def features(self) -> list[list[Any]]:
        """The outputs of the first layer and 1 at each site, as polynomials."""
        one, found = self.variables[1][0] * 0 + 1, []
        for i, row in enumerate(self.fit.rows):
            sides = zip(self.first, self.vectors, strict=True)
            found.append([dot(v, row) if s[i] == "+" else one * 0 for s, v in sides] + [one])
        return found

    @cached_property
    def gradients(self) -> list[list[Any]]:
        """The gradient q of each upper unit, as polynomials."""
        _, residuals, multipliers, _ = self.variables
        rest, found = iter(multipliers), []
        for sign, signs in self.upper:
            terms = [(sign * residuals[i], i) for i, side in enumerate(signs) if side == "+"]
            terms += [(next(rest), group[0]) for group in self.kinks(signs)]
            columns = zip(*([w * h for h in self.features[i]] for w, i in terms), strict=True)
            found.append([sum(column, residuals[0] * 0) for column in columns])
        return found

    @cached_property
    def loss(self) -> Any:
        """The loss at a critical point, scatter left out."""
        residuals, fit = self.variables[1], self.fit
        terms = zip(residuals, fit.means, fit.copies, strict=True)
        square = sum((dot(v, v) for v in self.vectors), residuals[0] * 0)
        return fit.ridge * square + sum(2 * y * r - r * r / n for r, y, n in terms)

    @cached_property
    def slopes(self) -> list[Any]:
        """The derivatives of the polynomial."""
        ridge, found = self.fit.ridge, self.loss
        for square, q in zip(self.variables[3], self.gradients, strict=True):
            found -= square * (dot(q, q) - ridge * ridge) / ridge
        return [found.derivative(k) for k in range(sum(self.sizes))]

    @cached_property
    def parts(self) -> list[tuple[int, list[list[Any]], list[list[list[Any]]]]]:
        """The place of the square of each upper unit; its gradient derived once, and twice."""
        places, found = range(sum(self.sizes)), []
        for c, q in enumerate(self.gradients, start=sum(self.sizes[:3])):
            once = [[entry.derivative(k) for entry in q] for k in places]
            twice = [[[entry.derivative(m) for entry in move] for m in places] for move in once]
            found.append((c, once, twice))
        return found

    def hessian(self, x: list[arb]) -> list[list[arb]]:
        """Return the second derivatives in a box, products of those of the gradients of units."""
        places, ridge = range(len(x)), self.fit.ridge
        slopes = [self.loss.derivative(k) for k in places]
        found = [values((slope.derivative(m) for m in places), x) for slope in slopes]
        for (c, once, twice), q in zip(self.parts, self.gradients, strict=True):
            level, first = values(q, x), [values(move, x) for move in once]
            for k, m in product(places, places):
                entry = 2 * x[c] * (dot(first[k], first[m]) + dot(level, values(twice[k][m], x)))
                entry += 2 * (k == c) * dot(level, first[m]) + 2 * (m == c) * dot(level, first[k])
                found[k][m] -= entry / ridge
        return found

    def steps(self, x: list[arb]) -> tuple[arb_mat, arb_mat]:
        """Return an inverse of the middle of the Hessian in a box, and 1 minus its product."""
        hessian = arb_mat(self.hessian(x))
        try:
            inverse = arb_mat(hessian.mid()).inv().mid()
        except ZeroDivisionError:
            require(False, "global: the equations may have several solutions")
        return inverse, identity(len(x)) - inverse * hessian

    def isolated(self, x: list[arb]) -> list[arb]:
        """Claim B14: there is one critical point at most, and Newton's method encloses it.

        With weights d > 0, |1 - C H| d < d, whatever the C.
        """
        with ctx.workprec(SHARPEST):
            _, rest = self.steps(x)
            sizes = [[abs(entry).upper() for entry in row] for row in rest.tolist()]
            rest = arb_mat(sizes).mid()
            weights = (identity(len(x)) - rest).solve(arb_mat([[1]] * len(x))).mid().entries()
            small = all(0 < d > dot(row, weights) for row, d in zip(sizes, weights, strict=True))
            require(small, "global: the equations may have several solutions")
            for _ in range(STEPS):
                middle = [arb(ball.mid()) for ball in x]
                inverse, rest = self.steps(x)
                down = inverse * arb_mat(len(x), 1, values(self.slopes, middle))
                off = rest * arb_mat([[a - b] for a, b in zip(x, middle, strict=True)])
                moved = zip(middle, down.entries(), off.entries(), x, strict=True)
                x = [(m - step + more).intersection(old) for m, step, more, old in moved]
        return x

    def weights(self, x: list[arb]) -> list[list[list[arb]]]:
        """Return the units (W, b) of the layers of the network, dead ones behind the others."""
        fit, ridge = self.fit, self.fit.ridge
        first = [values(vector, x) for vector in self.vectors]
        upper, output = [], []
        for (sign, _), q, square in zip(self.upper, self.gradients, self.variables[3], strict=True):
            root = value(square, x).sqrt()
            *before, bias = (root * entry / ridge for entry in values(q, x))
            upper.append([*before, *[arb(0)] * (fit.below - len(first)), bias])
            output.append(sign * root)
        first += [[arb(0)] * fit.depth] * (fit.below - len(first))
        dead = fit.above - len(upper)
        upper += [[arb(0)] * (fit.below + 1)] * dead
        return [first, upper, [[*output, *[arb(0)] * (dead + 1)]]]


def values(polynomials: Iterable[Any], x: Sequence[arb]) -> list[arb]:
    """Return the values of polynomials in a box."""
    return [value(polynomial, x) for polynomial in polynomials]


def value(polynomial: Any, x: Sequence[arb]) -> arb:
    """Return the value of a polynomial in a box."""
    total = arb(0)
    for powers, coefficient in polynomial.to_dict().items():
        term = arb(coefficient)
        for base, power in zip(x, powers, strict=True):
            if power:
                term *= base ** int(power)
        total += term
    return total
