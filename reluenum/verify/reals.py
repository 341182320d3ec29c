"""Real numbers: rationals, balls, and elements of a number field."""

from collections.abc import Callable, Sequence
from typing import Any

from flint import arb, arb_poly, ctx, fmpq, fmpq_mat, fmpq_poly, fmpz_poly

from .exact import dot, require


class Root:
    """A real root of an irreducible polynomial over Z, counted in ascending order."""

    def __init__(self, chi: fmpz_poly, index: int) -> None:
        self.chi, self.index, self.modulus = chi, index, fmpq_poly(chi)
        self._balls: dict[int, arb] = {}

    def ball(self, bits: int) -> arb:
        """Return an enclosure; FLINT isolates the roots and marks the real ones."""
        if bits not in self._balls:
            with ctx.workprec(bits):
                roots = [root.real for root, _ in self.chi.complex_roots() if root.imag == 0]
            roots.sort(key=lambda root: root.mid())
            require(self.index < len(roots), f"chi has only {len(roots)} real roots")
            self._balls[bits] = roots[self.index]
        return self._balls[bits]


class Algebraic:
    """A polynomial in a root: an element of its number field."""

    __slots__ = ("poly", "root")

    def __init__(self, root: Root, poly: Any) -> None:
        self.root, self.poly = root, fmpq_poly(poly) % root.modulus

    def _with(self, other: Any, operation: Callable[[Any, Any], Any]) -> "Algebraic":
        value = other.poly if isinstance(other, Algebraic) else fmpq_poly([other])
        return Algebraic(self.root, operation(self.poly, value))

    def __add__(self, other: Any) -> "Algebraic":
        return self._with(other, lambda x, y: x + y)

    def __sub__(self, other: Any) -> "Algebraic":
        return self._with(other, lambda x, y: x - y)

    def __rsub__(self, other: Any) -> "Algebraic":
        return self._with(other, lambda x, y: y - x)

    def __mul__(self, other: Any) -> "Algebraic":
        return self._with(other, lambda x, y: x * y)

    def __truediv__(self, other: Any) -> "Algebraic":
        if isinstance(other, Algebraic):
            return self * Algebraic(other.root, other.poly.xgcd(other.root.modulus)[1])
        return self * (1 / fmpq(other))

    __radd__ = __add__
    __rmul__ = __mul__

    def ball(self, bits: int) -> arb:
        """Return an enclosure computed with so many bits."""
        with ctx.workprec(bits):
            return arb_poly(self.poly.coeffs())(self.root.ball(bits))

    def sign(self) -> int:
        """Return the sign: 0 means 0 modulo chi."""
        bits = 0 if self.poly == 0 else 96
        while bits:
            if found := sign(self.ball(bits)):
                return found
            bits *= 2
        return 0

    def minimal_polynomial(self) -> fmpz_poly:
        """Return the primitive irreducible polynomial of which this is a root."""
        degree = self.root.modulus.degree()
        powers = [self * Algebraic(self.root, [0] * k + [1]) for k in range(degree)]
        matrix = fmpq_mat([[power.poly[k] for k in range(degree)] for power in powers])
        return matrix.charpoly().numer().factor()[1][0][0]


def minimal_polynomial(value: Any) -> fmpz_poly:
    """Return the primitive irreducible polynomial over Z of a number, rational or algebraic."""
    if isinstance(value, Algebraic):
        return value.minimal_polynomial()
    return fmpz_poly([-value.p, value.q])


def sign(value: Any) -> int | None:
    """Return the sign of a real number, None if its ball does not tell."""
    if isinstance(value, Algebraic):
        return value.sign()
    return 1 if value > 0 else -1 if value < 0 else 0 if value == 0 else None


def enclosure(value: Any, bits: int) -> arb:
    """Return a ball around a real number."""
    return value.ball(bits) if isinstance(value, Algebraic) else arb(value)


def norm(vector: Sequence[arb]) -> arb:
    """Return the Euclidean norm."""
    return dot(vector, vector).sqrt()
