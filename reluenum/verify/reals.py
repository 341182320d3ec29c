"""Real numbers: rationals, balls, and elements of a number field."""

from collections.abc import Callable, Sequence
from typing import Any

from flint import acb, acb_poly, arb, arb_poly, ctx, fmpq, fmpq_mat, fmpq_poly, fmpz_poly

from .exact import CertificateError, dot, require

MOST_BITS = 3072
"""Precision at which the roots of a polynomial are told apart, or not at all."""


class Root:
    """A real root of an irreducible polynomial over Z, counted in ascending order."""

    def __init__(self, chi: fmpz_poly, index: int) -> None:
        self.chi, self.index, self.modulus = chi, index, fmpq_poly(chi)
        self._balls: dict[int, arb] = {}

    def ball(self, bits: int) -> arb:
        """Return an enclosure with so many correct bits, or nearly so."""
        if bits not in self._balls:
            self._balls[bits] = self._isolated(bits)
        return self._balls[bits]

    def _isolated(self, bits: int) -> arb:
        """Isolate all roots with FLINT, at rising precisions, and take the real one."""
        precision = bits
        while precision < max(2 * bits, MOST_BITS):
            precision *= 2
            with ctx.workprec(precision):
                try:
                    tolerance = arb(2) ** (-precision // 2)
                    roots = acb_poly(self.chi).roots(tol=tolerance, maxprec=precision)
                except ValueError:  # not told apart
                    continue
                if (real := _real(roots)) is None:
                    continue
                require(self.index < len(real), f"chi has only {len(real)} real roots")
                if real[self.index].rel_accuracy_bits() >= bits - 16:
                    return real[self.index]
        raise CertificateError("the roots of chi cannot be told apart")


def _real(roots: Sequence[acb]) -> list[arb] | None:
    """Return the real ones of all roots of a real polynomial, None if that cannot be told.

    The mirror image of a root that is not real is another root.
    """
    near = [root for root in roots if root.imag.contains(0)]
    for root in near:
        mirrored = root.conjugate()
        if any(mirrored.overlaps(other) for other in roots if other is not root):
            return None
    return sorted((root.real for root in near), key=lambda root: root.mid())


class Algebraic:
    """A polynomial in a root, of smaller degree than chi: an element of its number field."""

    __slots__ = ("poly", "root")

    def __init__(self, root: Root, poly: Any) -> None:
        self.root, self.poly = root, fmpq_poly(poly)

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
        return self._with(other, lambda x, y: x * y % self.root.modulus)

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
        powers = [self]
        for _ in range(degree - 1):
            powers.append(powers[-1] * Algebraic(self.root, fmpq_poly([0, 1]) % self.root.modulus))
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
