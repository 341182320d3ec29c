"""How a claim is refused; real numbers with exact signs, in Q, in a number field and in balls."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from operator import add, mul, ne
from typing import Any

from flint import arb, arb_poly, ctx, fmpq, fmpq_mat, fmpq_poly, fmpz, fmpz_poly

LEVELS = (96, 128, 256, 512, 1024, 2048, 4096, 8192)
"""Working precisions in bits; the first one encloses a record as it stands.

A radius has half the digits of its precision: the last one tells numbers of 1000 digits apart.
"""

MOST_HALVINGS = 1 << 17
"""So often may an interval with two roots be halved, times the degree; those below 16 count as 16.

Roots that are nearer are not told apart. What this takes grows with the square of the number.
"""


class CertificateError(ValueError):
    """The certificate does not prove the document; the text says where it fails."""


def require(condition: bool, text: str) -> None:
    """Refuse the document unless a condition holds."""
    if not condition:
        raise CertificateError(text)


@contextmanager
def told(where: str) -> Iterator[None]:
    """Say where the claims below fail."""
    try:
        yield
    except CertificateError as error:
        raise CertificateError(f"{where}: {error}") from error


def matched(found: Any, expected: Any, *where: Any) -> None:
    """Require that a part of the document, at a place in it, is as expected.

    A set holds the texts that may stand, a function says whether something may, `...` is anything.
    """
    place = "".join(f"{part}: " for part in where)
    if not isinstance(expected, dict | list):
        plain = (
            f"should be {expected!r:.60}" if isinstance(expected, str | int | None) else "is wrong"
        )
        require(_fits(found, expected), f"{place}{found!r:.60} {plain}")
        return
    require(type(found) is type(expected), f"{place}{found!r:.60} has a wrong type")
    if isinstance(expected, list):
        require(len(found) == len(expected), f"{place}wrong length")
        found, expected = dict(enumerate(found)), dict(enumerate(expected))
    for key in sorted(found.keys() ^ expected.keys())[:1]:
        require(False, f"{place}{'no' if key in expected else 'unknown'} entry {key!r:.60}")
    for key, value in expected.items():
        matched(found[key], value, *where, key)


def _fits(found: Any, expected: Any) -> bool:
    if callable(expected):
        return expected(found)
    if isinstance(expected, frozenset):
        return type(found) is str and found in expected
    return expected is ... or (type(found) is type(expected) and found == expected)


def rational(value: Any, where: str) -> fmpq:
    """Read an integer or the text of a fraction."""
    text = str(value) if type(value) in (int, str) else ""
    match = re.fullmatch(r"(-?[0-9]+)(?:/(0*[1-9][0-9]*))?", text, re.ASCII)
    require(match is not None, f"{where}: {str(value)[:40]!r} is no fraction")
    return fmpq(fmpz(match[1]), fmpz(match[2] or "1"))


def dot(left: Sequence, right: Sequence) -> Any:
    """Return the inner product over any ring."""
    return reduce(add, map(mul, left, right))


def applied(matrix: Sequence[Sequence], vector: Sequence) -> list:
    """Return matrix * vector over any ring."""
    return [reduce(add, map(mul, row, vector)) for row in matrix]


def norm(vector: Sequence[arb]) -> arb:
    """Return the Euclidean norm."""
    return dot(vector, vector).sqrt()


def sign(value: Any) -> int | None:
    """Return the sign of a real number, None if its ball does not tell."""
    if isinstance(value, Algebraic):
        return value.sign()
    return 1 if value > 0 else -1 if value < 0 else 0 if value == 0 else None


def enclosure(value: Any, bits: int) -> arb:
    """Return a ball around a real number."""
    return value.ball(bits) if isinstance(value, Algebraic) else arb(value)


def minimal_polynomial(value: Any) -> fmpz_poly:
    """Return the primitive irreducible polynomial over Z of a number, rational or algebraic."""
    if not isinstance(value, Algebraic):
        return fmpz_poly([-value.p, value.q])
    degree, powers = value.root.modulus.degree(), [value]
    for _ in range(degree - 1):
        powers.append(powers[-1] * Algebraic(value.root, [0, 1]))
    return fmpq_mat([[p.poly[k] for k in range(degree)] for p in powers]).minpoly().numer()


class Algebraic:
    """A polynomial in a root, of smaller degree than chi: an element of its number field."""

    __slots__ = ("poly", "root")

    def __init__(self, root: "Root", poly: Any) -> None:
        self.root, self.poly = root, fmpq_poly(poly)

    def __add__(self, other: Any) -> "Algebraic":
        return Algebraic(self.root, self.poly + _polynomial(other))

    def __sub__(self, other: Any) -> "Algebraic":
        return Algebraic(self.root, self.poly - _polynomial(other))

    def __rsub__(self, other: Any) -> "Algebraic":
        return Algebraic(self.root, _polynomial(other) - self.poly)

    def __mul__(self, other: Any) -> "Algebraic":
        return Algebraic(self.root, self.poly * _polynomial(other) % self.root.modulus)

    def __truediv__(self, other: Any) -> "Algebraic":
        return self * Algebraic(self.root, _polynomial(other).xgcd(self.root.modulus)[1])

    __radd__ = __add__
    __rmul__ = __mul__

    def ball(self, bits: int) -> arb:
        """Return an enclosure computed with so many bits."""
        with ctx.workprec(bits):
            return arb_poly(self.poly.coeffs())(self.root.ball(bits))

    def sign(self) -> int:
        """Return the sign: 0 means 0 modulo chi."""
        found, bits = 0, LEVELS[0]
        while self.poly != 0 and not found:
            found, bits = sign(self.ball(bits)), 2 * bits
        return found


def _polynomial(value: Any) -> fmpq_poly:
    return value.poly if isinstance(value, Algebraic) else fmpq_poly([value])


class Root:
    """A real root of an irreducible polynomial over Z, counted in ascending order."""

    def __init__(self, chi: fmpz_poly, index: int) -> None:
        self.chi, self.modulus = chi, fmpq_poly(chi)
        self._place, self._exponent = isolated(chi, index)
        self._above = self._is_above()

    def ball(self, bits: int) -> arb:
        """Return an enclosure with so many correct bits, or nearly so: its interval, halved."""
        if self.chi.degree() == 1:
            return arb(fmpq(-self.chi[0], self.chi[1]))
        while abs(self._place) >> bits == 0:
            self._place, self._exponent = 2 * self._place, self._exponent - 1
            self._place += self._is_above() != self._above
        return arb(2 * self._place + 1, 1) * arb(2) ** (self._exponent - 1)

    def _is_above(self) -> bool:
        """Whether chi is positive at the upper end of the interval."""
        return self.chi(fmpq(self._place + 1) * fmpq(2) ** self._exponent) > 0


def isolated(chi: fmpz_poly, index: int) -> tuple[int, int]:
    """Return (c, e) such that c 2^e < root < (c + 1) 2^e, which no other root fulfils.

    Descartes' rule of signs counts the roots in an interval, and is right if it says 0 or 1. No
    end is a root, for these are irrational. A single rational one is not looked for: (0, 0).
    """
    if chi.degree() == 1 and index == 0:
        return 0, 0
    degree, largest, found = chi.degree(), _magnitude(chi), 0
    upper = fmpz_poly([c << largest * k for k, c in enumerate(chi.coeffs())])
    open_ = [(upper, 0, largest), (upper(fmpz_poly([-1, 1])), -1, largest)]
    while open_:
        poly, place, exponent = open_.pop()
        changes = sign_changes(poly)
        if changes == 1 and found == index:
            return place, exponent
        found += changes == 1
        if changes > 1:
            halvings = (largest - exponent) * max(degree, 16)
            require(halvings < MOST_HALVINGS, "the roots of chi cannot be told apart")
            left = fmpz_poly([c << degree - k for k, c in enumerate(poly.coeffs())])
            open_.append((left(fmpz_poly([1, 1])), 2 * place + 1, exponent - 1))
            open_.append((left, 2 * place, exponent - 1))
    raise CertificateError(f"chi has only {found} real roots")


def _magnitude(chi: fmpz_poly) -> int:
    """Return e such that all roots are smaller than 2^e (Fujiwara)."""
    *sizes, leading = (abs(c).bit_length() for c in chi.coeffs())
    steps = enumerate(reversed(sizes), 1)
    return 1 + max([0, *(-((leading - size - 1) // i) for i, size in steps if size)])


def sign_changes(poly: fmpz_poly) -> int:
    """Return Descartes' bound of the number of roots in (0, 1), which is right if it is 0 or 1."""
    mapped = fmpz_poly(poly.coeffs()[::-1])(fmpz_poly([1, 1]))
    signs = [c > 0 for c in mapped.coeffs() if c != 0]
    return sum(map(ne, signs, signs[1:]))


def has_one_root(chi: fmpz_poly, ball: arb) -> bool:
    """Whether an irreducible polynomial is seen to have exactly one root inside a ball."""
    low, high = rational_end(ball.lower()), rational_end(ball.upper())
    return sign_changes(fmpq_poly(chi)(fmpq_poly([low, high - low])).numer()) == 1


def rational_end(ball: arb) -> fmpq:
    """Return an exact ball as a rational."""
    mantissa, exponent = ball.man_exp()
    return fmpq(mantissa) * fmpq(2) ** int(exponent)
