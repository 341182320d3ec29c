"""How a claim is refused; real numbers with exact signs, in a number field and in balls."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from operator import add, mul, ne, sub
from typing import Any

from flint import arb, arb_poly, ctx, fmpq, fmpq_mat, fmpq_poly, fmpz, fmpz_poly

LEVELS = (96, 128, 256, 512, 1024, 2048, 4096, 8192)
"""Working precisions in bits; the first one encloses a record as it stands.

A radius has half the digits of its precision: the last one tells numbers of 1000 digits apart.
"""

MOST_HALVINGS = 1 << 17  # of an interval with two roots, times the degree, at least 16


class CertificateError(ValueError):
    """The certificate does not prove the document; the text says where it fails."""


class RefusedBoxesError(CertificateError):
    """Boxes of a tree are not seen to be as it says; `places` are those of their nodes."""

    def __init__(self, text: str, places: Sequence[int]) -> None:
        super().__init__(text)
        self.places = tuple(places)


MOST_REFUSED = 1 << 12  # boxes, after which no further one is looked at


class Refused:
    """The boxes of a tree that are not seen to be as it says, as far as they have been met."""

    def __init__(self) -> None:
        self.text, self.places = "", []

    def add(self, text: str, place: int) -> None:
        """Note a box by the place of its node; of too many the places are of no use."""
        self.text = self.text or text
        self.places.append(place)
        require(len(self.places) < MOST_REFUSED, f"{self.text}, and so it is with many others")

    def complain(self) -> None:
        """Refuse the document if boxes are refused."""
        if self.places:
            raise RefusedBoxesError(self.text, self.places)


class NoDocumentError(CertificateError):
    """The file is no JSON, so it is no document that a certificate could prove."""


def require(condition: bool, text: str) -> None:
    """Refuse the document unless a condition holds."""
    if not condition:
        raise CertificateError(text)


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object; a key that stands twice would be read in two ways."""
    require(len(dict(pairs)) == len(pairs), "a JSON object has a key twice")
    return dict(pairs)


@contextmanager
def told(where: str) -> Iterator[None]:
    """Say where the claims below fail."""
    try:
        yield
    except CertificateError as error:
        raise CertificateError(f"{where}: {error}") from error


def matched(found: Any, expected: Any, where: str) -> None:
    """Require that a part of the document, at a place in it, is as expected.

    A set holds the texts that may stand, a function says whether something may, `...` is anything.
    """
    if isinstance(expected, list) and type(found) is list and len(found) == len(expected):
        found, expected = dict(enumerate(found)), dict(enumerate(expected))
    if isinstance(expected, dict):
        require(type(found) is dict, f"{where}: no object")
        for key in sorted(found.keys() ^ expected.keys())[:1]:
            require(False, f"{where}: {'no' if key in expected else 'unknown'} entry {key!r:.60}")
        for key, value in expected.items():
            matched(found[key], value, f"{where}: {key}")
    elif callable(expected):
        require(expected(found), f"{where}: {found!r:.60} is wrong")
    elif isinstance(expected, frozenset):
        require(type(found) is str and found in expected, f"{where}: {found!r:.60} is wrong")
    elif expected is not ...:
        same = type(found) is type(expected) and found == expected
        require(same, f"{where}: {found!r:.60} should be {expected!r:.60}")


def rational(value: Any, where: str) -> fmpq:
    """Read an integer or the text of a fraction."""
    text = str(value) if type(value) in (int, str) else ""
    match = re.fullmatch(r"(-?[0-9]+)(?:/(0*[1-9][0-9]*))?", text, re.ASCII)
    require(match is not None, f"{where}: {str(value)[:40]!r} is no fraction")
    return fmpq(fmpz(match[1]), fmpz(match[2] or "1"))


def dot(left: Sequence, right: Sequence) -> Any:
    """Return the inner product over any ring."""
    return reduce(add, map(mul, left, right))


def squared(x: arb) -> arb:
    """Return x^2. (For a ball around 0 the operator ** has no answer.)."""
    return x * x


def root_above(square: arb) -> arb:
    """Return an upper bound of the root of a number that is not negative."""
    return square.upper().max(0).sqrt().upper()


def norm(vector: Sequence[arb]) -> arb:
    """Return the Euclidean norm."""
    return dot(vector, vector).sqrt()


def within(balls: Sequence[arb], others: Sequence[arb]) -> bool:
    """Whether a box surely lies in another one."""
    return all(other.contains(one) for one, other in zip(balls, others, strict=True))


def sign(value: Any) -> int | None:
    """Return the sign of a real number, None if its ball does not tell."""
    if isinstance(value, Algebraic):
        return value.sign()
    return 1 if value > 0 else -1 if value < 0 else 0 if value == 0 else None


def enclosure(value: Any, bits: int) -> arb:
    """Return a ball around a real number."""
    return value.ball(bits) if isinstance(value, Algebraic) else arb(value)


def ends(ball: arb) -> list[fmpq]:
    """Return the least and the largest number of a ball."""
    parts = (end.man_exp() for end in (ball.lower(), ball.upper()))
    return [fmpq(mantissa) * fmpq(2) ** int(exponent) for mantissa, exponent in parts]


def sign_changes(chi: fmpz_poly, low: fmpq, high: fmpq) -> int:
    """Return Descartes' bound of the number of roots in (low, high), right if it is 0 or 1."""
    inside = fmpq_poly(chi)(fmpq_poly([low, high - low])).numer().coeffs()
    signs = [c > 0 for c in fmpz_poly(inside[::-1])(fmpz_poly([1, 1])).coeffs() if c != 0]
    return sum(map(ne, signs, signs[1:]))


class Root:
    """A real root of an irreducible polynomial over Z, counted in ascending order."""

    def __init__(self, chi: fmpz_poly, index: int) -> None:
        self.chi, self.modulus = chi, fmpq_poly(chi)
        rational = chi.degree() == 1 and index == 0
        self.low, self.high = [fmpq(-chi[0], chi[1])] * 2 if rational else isolated(chi, index)
        self._above = chi(self.high) > 0

    def ball(self, bits: int) -> arb:
        """Return an enclosure with so many correct bits, or nearly so: its interval, halved."""
        while (self.high - self.low) * (1 << bits) > abs(self.low + self.high):
            middle = (self.low + self.high) / 2
            if (self.chi(middle) > 0) == self._above:
                self.high = middle
            else:
                self.low = middle
        return arb(self.low).union(arb(self.high))


def isolated(chi: fmpz_poly, index: int) -> tuple[fmpq, fmpq]:
    """Return an interval around a root, no other one in it. All are irrational: no end is one."""
    *sizes, leading = (abs(c).bit_length() for c in chi.coeffs())
    steps = [-((leading - size - 1) // i) for i, size in enumerate(reversed(sizes), 1) if size]
    bound = fmpq(2) ** (1 + max([0, *steps]))  # Fujiwara
    found, open_ = 0, [(fmpq(0), bound, 0), (-bound, fmpq(0), 0)]
    while open_:
        low, high, halvings = open_.pop()
        changes = sign_changes(chi, low, high)
        if changes == 1 and found == index:
            return low, high
        found += changes == 1
        if changes > 1:
            fine = halvings * max(chi.degree(), 16) < MOST_HALVINGS
            require(fine, "the roots of chi cannot be told apart")
            middle = (low + high) / 2
            open_ += [(middle, high, halvings + 1), (low, middle, halvings + 1)]
    raise CertificateError(f"chi has only {found} real roots")


def _reduced(operation: Callable) -> Callable:
    """Return an operation on polynomials, modulo chi."""

    def result(self: "Algebraic", other: Any) -> "Algebraic":
        return Algebraic(self.root, operation(self.poly, self._of(other)) % self.root.modulus)

    return result


class Algebraic:
    """A polynomial in a root, of smaller degree than chi: an element of its number field."""

    __slots__ = ("poly", "root")

    def __init__(self, root: Root, poly: Any) -> None:
        self.root, self.poly = root, fmpq_poly(poly)

    def _of(self, other: Any) -> fmpq_poly:
        return other.poly if isinstance(other, Algebraic) else fmpq_poly([other])

    __add__ = __radd__ = _reduced(add)
    __mul__ = __rmul__ = _reduced(mul)
    __sub__ = _reduced(sub)
    __rsub__ = _reduced(lambda mine, other: other - mine)

    def __truediv__(self, other: Any) -> "Algebraic":
        return self * Algebraic(self.root, self._of(other).xgcd(self.root.modulus)[1])

    def coefficients(self) -> list[fmpq]:
        """Return as many coefficients as the field has dimensions."""
        return [self.poly[k] for k in range(self.root.chi.degree())]

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

    def minimal_polynomial(self) -> fmpz_poly:
        """Return the primitive irreducible polynomial over Z that is 0 at the number."""
        powers, degree = [self], self.root.chi.degree()
        for _ in range(degree - 1):
            powers.append(powers[-1] * Algebraic(self.root, [0, 1]))
        return fmpq_mat([power.coefficients() for power in powers]).minpoly().numer()


RATIONAL = Root(fmpz_poly([0, 1]), 0)
"""The root 0 of x: its field is that of the rational numbers."""
