"""The field of a real root of an irreducible polynomial: exact arithmetic, exact zero test.

Only needed where enclosures cannot decide, because a number may be exactly 0.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Self

from flint import arb, arb_poly, ctx, fmpq, fmpq_mat, fmpq_poly, fmpz, fmpz_poly

FIRST_BITS = 96
"""Working precision at which a sign is tried first; it doubles until the ball excludes 0."""


class RealField:
    """The field Q(t) of one real root t of an irreducible polynomial.

    Parameters
    ----------
    polynomial : fmpz_poly
        Irreducible over Q.
    index : int
        Which real root, counted from 0 in ascending order.
    """

    def __init__(self, polynomial: fmpz_poly, index: int) -> None:
        self.polynomial = polynomial
        self.index = index
        self.modulus = fmpq_poly(polynomial)
        self._roots: dict[int, arb] = {}

    def root(self, bits: int) -> arb:
        """Return a ball of about the given relative precision around t."""
        if bits not in self._roots:
            with ctx.workprec(bits):
                self._roots[bits] = real_roots(self.polynomial)[self.index]
        return self._roots[bits]

    def __call__(self, value: fmpq_poly | fmpq | int) -> "FieldElement":
        """Return the element that a polynomial in t (or a rational) stands for."""
        return FieldElement(self, fmpq_poly([value] if isinstance(value, fmpq | int) else value))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RealField):
            return NotImplemented
        return self.polynomial == other.polynomial and self.index == other.index

    def __hash__(self) -> int:
        return hash((str(self.polynomial), self.index))

    def __reduce__(self) -> tuple:
        return _field, (self.polynomial.coeffs(), self.index)

    def __repr__(self) -> str:
        return f"RealField(degree {self.polynomial.degree()}, t = {self.root(53)})"


def rationals() -> RealField:
    """Return Q itself, as the field of the root 0 of t."""
    return RealField(fmpz_poly([0, 1]), 0)


def real_roots(polynomial: fmpz_poly) -> list[arb]:
    """Return balls around the real roots of a squarefree polynomial, ascending.

    FLINT isolates all complex roots rigorously and sets the imaginary part of the real ones to
    exactly 0.
    """
    roots = [root.real for root, _ in polynomial.complex_roots() if root.imag.is_zero()]
    return sorted(roots, key=lambda ball: ball.mid())


class FieldElement:
    """An element of a `RealField`, as a reduced polynomial in its generator."""

    __slots__ = ("field", "polynomial")

    def __init__(self, field: RealField, polynomial: fmpq_poly) -> None:
        self.field = field
        self.polynomial = polynomial % field.modulus

    def is_zero(self) -> bool:
        """Decide exactly whether the element is 0."""
        return self.polynomial.is_zero()

    def ball(self, bits: int) -> arb:
        """Return an enclosure computed with the given working precision."""
        root = self.field.root(bits)
        with ctx.workprec(bits):
            return arb_poly(self.polynomial.coeffs())(root)

    def inverse(self) -> Self:
        """Return 1 / element.

        Raises
        ------
        ZeroDivisionError
            If the element is 0.
        """
        if self.is_zero():
            raise ZeroDivisionError("inverse of 0 in a number field")
        _, cofactor, _ = self.polynomial.xgcd(self.field.modulus)
        return type(self)(self.field, cofactor)

    def minimal_polynomial(self) -> fmpz_poly:
        """Return the primitive irreducible polynomial over Z that vanishes at the element."""
        degree = self.field.modulus.degree()
        power = fmpq_poly([1])
        rows = []
        for _ in range(degree):
            image = power * self.polynomial % self.field.modulus
            rows.append([image[k] for k in range(degree)])
            power = power * fmpq_poly([0, 1]) % self.field.modulus
        return fmpq_mat(rows).charpoly().numer().factor()[1][0][0]

    def _combine(self, other: object, operation: Callable) -> Self:
        if isinstance(other, FieldElement):
            if other.field is not self.field and other.field != self.field:
                raise ValueError("elements of different fields cannot be combined")
            other = other.polynomial
        elif not isinstance(other, fmpq | int):
            return NotImplemented
        return type(self)(self.field, operation(self.polynomial, other))

    def __add__(self, other: object) -> Self:
        return self._combine(other, lambda x, y: x + y)

    def __sub__(self, other: object) -> Self:
        return self._combine(other, lambda x, y: x - y)

    def __rsub__(self, other: object) -> Self:
        return self._combine(other, lambda x, y: y - x)

    def __mul__(self, other: object) -> Self:
        return self._combine(other, lambda x, y: x * y)

    def __truediv__(self, other: object) -> Self:
        if isinstance(other, FieldElement):
            return self * other.inverse()
        return self._combine(other, lambda x, y: x / y)

    __radd__ = __add__
    __rmul__ = __mul__

    def __neg__(self) -> Self:
        return type(self)(self.field, -self.polynomial)

    def __reduce__(self) -> tuple:
        return _element, (self.field, self.polynomial.coeffs())

    def __repr__(self) -> str:
        return f"FieldElement({self.ball(64)})"


def _field(coefficients: Sequence[fmpz], index: int) -> RealField:
    """Return a field from the coefficients of its polynomial."""
    return RealField(fmpz_poly(coefficients), index)


def _element(field: RealField, coefficients: Sequence[fmpq]) -> FieldElement:
    """Return an element from the coefficients of its polynomial."""
    return FieldElement(field, fmpq_poly(coefficients))


def precisions() -> Iterator[int]:
    """Yield the working precisions of a refinement, in bits, doubling for ever."""
    return (FIRST_BITS * 2**k for k in count())


def ball_sign(ball: arb) -> int:
    """Return the sign of every number in the ball, or 0 when the ball contains 0."""
    return 1 if ball > 0 else -1 if ball < 0 else 0
