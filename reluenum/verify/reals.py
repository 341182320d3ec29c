"""Real numbers: rationals, balls, and elements of a number field."""

from collections.abc import Callable, Sequence
from operator import ne
from typing import Any

from flint import arb, arb_poly, ctx, fmpq, fmpq_mat, fmpq_poly, fmpz_poly

from .exact import CertificateError, dot, require

MOST_HALVINGS = 1 << 17
"""So often may an interval with two roots be halved, times the degree; those below 16 count as 16.

Roots that are nearer are not told apart. What this takes grows with the square of the number.
"""


class Root:
    """A real root of an irreducible polynomial over Z, counted in ascending order."""

    def __init__(self, chi: fmpz_poly, index: int) -> None:
        self.chi, self.modulus = chi, fmpq_poly(chi)
        self._place, self._exponent = isolated(chi, index)
        self._balls: dict[int, arb] = {}

    def ball(self, bits: int) -> arb:
        """Return an enclosure with so many correct bits, or nearly so."""
        if bits not in self._balls:
            self._balls[bits] = self._halved(bits)
        return self._balls[bits]

    def _halved(self, bits: int) -> arb:
        """Halve the interval of the root, which is not rational, until it is so small."""
        if self.chi.degree() == 1:
            return arb(fmpq(-self.chi[0], self.chi[1]))
        place, exponent = self._place, self._exponent
        above = self.chi(fmpq(place + 1) * fmpq(2) ** exponent) > 0
        while abs(place) >> bits == 0:
            place, exponent = 2 * place, exponent - 1
            if (self.chi(fmpq(place + 1) * fmpq(2) ** exponent) > 0) != above:
                place += 1
        self._place, self._exponent = place, exponent
        return arb(2 * place + 1, 1) * arb(2) ** (exponent - 1)


def isolated(chi: fmpz_poly, index: int) -> tuple[int, int]:
    """Return (c, e) such that c 2^e < root < (c + 1) 2^e, which no other root fulfils.

    Descartes' rule of signs counts the roots in an interval, and is right if it says 0 or 1. No
    end is a root, for these are irrational. A single rational one is not looked for: (0, 0).

    Parameters
    ----------
    chi : fmpz_poly
        Irreducible.
    index : int
        How many real roots are smaller.
    """
    degree, sizes = chi.degree(), [abs(c).bit_length() for c in chi.coeffs()]
    if degree == 1 and index == 0:
        return 0, 0
    # All roots are smaller than 2^largest (Fujiwara).
    lengths = [-((sizes[-1] - size - 1) // i) for i, size in enumerate(sizes[-2::-1], 1) if size]
    largest = max([0, *lengths]) + 1
    upper = fmpz_poly([c << largest * k for k, c in enumerate(chi.coeffs())])
    open_ = [(upper, 0, largest), (upper(fmpz_poly([-1, 1])), -1, largest)]
    found = 0
    while open_:
        poly, place, exponent = open_.pop()
        changes = sign_changes(poly)
        if changes > 1:
            halvings = (largest - exponent) * max(degree, 16)
            require(halvings < MOST_HALVINGS, "the roots of chi cannot be told apart")
            left = fmpz_poly([c << degree - k for k, c in enumerate(poly.coeffs())])
            open_.append((left(fmpz_poly([1, 1])), 2 * place + 1, exponent - 1))
            open_.append((left, 2 * place, exponent - 1))
        elif changes and found == index:
            return place, exponent
        found += changes == 1
    raise CertificateError(f"chi has only {found} real roots")


def sign_changes(poly: fmpz_poly) -> int:
    """Return Descartes' bound of the number of roots in (0, 1), which is right if it is 0 or 1."""
    mapped = fmpz_poly(poly.coeffs()[::-1])(fmpz_poly([1, 1]))
    signs = [c > 0 for c in mapped.coeffs() if c != 0]
    return sum(map(ne, signs, signs[1:]))


def has_one_root(chi: fmpz_poly, ball: arb) -> bool:
    """Whether an irreducible polynomial is seen to have exactly one root inside a ball."""
    low, high = (rational_end(end) for end in (ball.lower(), ball.upper()))
    return sign_changes(fmpq_poly(chi)(fmpq_poly([low, high - low])).numer()) == 1


def rational_end(ball: arb) -> fmpq:
    """Return an exact ball as a rational."""
    mantissa, exponent = ball.man_exp()
    return fmpq(mantissa) * fmpq(2) ** int(exponent)


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
