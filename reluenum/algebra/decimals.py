"""Decimals for people: correctly rounded texts of exactly known real numbers.

The text depends on the number alone, not on the field, the backend or the precision that
produced it, so equal results are equal files.
"""

from dataclasses import dataclass
from decimal import Decimal
from operator import ge, lt
from typing import Protocol

from flint import arb, ctx, fmpq

from reluenum.algebra.numberfield import FIRST_BITS, precisions
from reluenum.algebra.numbers import Number
from reluenum.errors import TheoremViolationError

DIGITS = 30
"""Significant digits of every decimal in a document."""

SMALLEST_PLAIN = -10
"""Decimal exponent below which a decimal is written as `1.5E-11`."""

_USUAL_BITS = 2 * FIRST_BITS
"""At this precision nearly every decimal is known, and that its number is not 0."""

_LAST_BITS = 1 << 14
"""At this precision a number is taken to lie on the boundary between two decimals."""


class Real(Protocol):
    """A real number that can be enclosed to any precision."""

    def is_zero(self) -> bool:
        """Decide exactly whether it is 0."""
        ...

    def ball(self, bits: int) -> arb:
        """Return an enclosure computed with the given working precision."""
        ...


@dataclass(frozen=True)
class RootMultiple:
    """The number factor * sqrt(radicand).

    Parameters
    ----------
    factor, radicand : Number
        The radicand is not negative.
    """

    factor: Number
    radicand: Number

    def is_zero(self) -> bool:
        """Decide exactly whether it is 0."""
        return self.factor.is_zero() or self.radicand.is_zero()

    def ball(self, bits: int) -> arb:
        """Return an enclosure computed with the given working precision."""
        with ctx.workprec(bits):
            return self.factor.ball(bits) * self.radicand.ball(bits).sqrt()

    def __float__(self) -> float:
        return float(rounded(self))


def rounded(number: Real, digits: int = DIGITS) -> Decimal:
    """Return the decimal with so many significant digits that is nearest to a number."""
    value = _rounded_ball(number.ball(_USUAL_BITS), digits)
    if value is None and number.is_zero():
        return Decimal(0)
    tried = precisions()
    while value is None:
        bits = next(tried)
        ball = number.ball(bits)
        final = bits >= _LAST_BITS
        if final and not ball.is_finite():
            raise TheoremViolationError("a number of a document is not finite")
        value = _rounded_ball(ball, digits, final)
    return value


def _rounded_ball(ball: arb, digits: int, final: bool = False) -> Decimal | None:
    """Return the decimal nearest to all numbers of a ball, or to its lower end if it is final.

    None if there is none, or if 0 is among them.
    """
    if not ball.is_finite() or not (ball > 0 or ball < 0):
        return None
    (middle, left), (radius, right) = (map(int, x.man_exp()) for x in (ball.mid(), ball.rad()))
    shift = min(left, right) if radius else left
    middle, radius = middle << left - shift, radius << max(right - shift, 0)
    exponent = _magnitude(abs(middle) + radius, shift) - digits
    low, high = (_round_to(end, shift, exponent) for end in (middle - radius, middle + radius))
    return _exact_decimal(low, exponent) if low == high or final else None


def decimal_text(number: Real, digits: int = DIGITS) -> str:
    """Return the rounded decimal as text, without trailing zeros."""
    value = rounded(number, digits)
    return format(value, "f") if SMALLEST_PLAIN <= value.adjusted() < digits else str(value)


def enclosing_interval(number: Real, digits: int = DIGITS) -> tuple[fmpq, fmpq]:
    """Return rationals around a number: one unit in the last of its digits to either side."""
    value = rounded(number, digits)
    if value == 0:
        return fmpq(0), fmpq(0)
    _, mantissa_digits, exponent = value.as_tuple()
    unit = fmpq(10) ** (int(exponent) + len(mantissa_digits) - digits)
    numerator, denominator = value.as_integer_ratio()
    middle = fmpq(numerator, denominator)
    return middle - unit, middle + unit


def double_of(value: fmpq) -> float:
    """Return the double next to a rational number.

    Raises
    ------
    OverflowError
        If there is none.

    Examples
    --------
    >>> double_of(fmpq(1, 10))
    0.1
    """
    return int(value.p) / int(value.q)


def _exact_decimal(mantissa: int, exponent: int) -> Decimal:
    """Return mantissa * 10^exponent, whatever the precision of the decimal context is."""
    digits = str(mantissa)
    kept = digits.rstrip("0")
    return Decimal(f"{kept}E{exponent + len(digits) - len(kept)}")


def _magnitude(value: int, shift: int) -> int:
    """Return e with 10^(e-1) <= value * 2^shift < 10^e."""
    guess = (value.bit_length() + shift) * 1233 >> 12  # about the logarithm of 2
    while ge(*_fraction(value, shift, guess)):
        guess += 1
    while lt(*_fraction(value, shift, guess - 1)):
        guess -= 1
    return guess


def _round_to(value: int, shift: int, exponent: int) -> int:
    """Return value * 2^shift / 10^exponent rounded to the nearest integer, halves downwards."""
    upper, lower = _fraction(value, shift, exponent)
    return -((lower - 2 * upper) // (2 * lower))


def _fraction(value: int, shift: int, exponent: int) -> tuple[int, int]:
    """Return numerator and denominator of value * 2^shift / 10^exponent."""
    upper = value * 10 ** max(-exponent, 0) << max(shift, 0)
    return upper, 10 ** max(exponent, 0) << max(-shift, 0)
