"""The decimals of a document: the texts that may stand for a number."""

from decimal import ROUND_HALF_DOWN, ROUND_HALF_UP, Context, Decimal
from typing import Any

from flint import ctx, fmpq

from ..reals import enclosure, ends, sign

NUMBER_BITS = 256  # precision from which numbers that are known to all bits are written
DIGITS = 30  # significant ones of a decimal
SHARP = 118  # bits of a ball in which there are at most two decimals, and hardly ever two
HALVES = ROUND_HALF_DOWN, ROUND_HALF_UP  # either may stand
Texts = frozenset[str]


def written(value: Any, square: Any, bits: int | None) -> Texts | None:
    """Return the texts of value * sqrt(square), None if so many bits of it do not tell.

    All are known if `bits` is None. There are two texts for a number that lies between two decimals
    as far as is known; 0 is exactly 0.
    """
    if sign(value) == 0:
        return frozenset("0")
    levels = [bits] if bits else [NUMBER_BITS << k for k in range(8)]
    return next(filter(None, (nearest(value, square, level) for level in levels)), None)


def nearest(value: Any, square: Any, bits: int) -> Texts | None:
    """Return the decimal texts nearest to value * sqrt(square), None if bits do not tell."""
    with ctx.workprec(bits):
        ball = enclosure(value, bits) * enclosure(square, bits).sqrt()
        if not ball.is_finite() or sign(ball) is None or ball.rel_accuracy_bits() < SHARP:
            return None
        low, high = sorted(map(abs, ends(ball)))
        least, most = _text(low, ROUND_HALF_DOWN), _text(high, ROUND_HALF_UP)
        texts = {least} if least == most else {_text(x, how) for x in (low, high) for how in HALVES}
        return frozenset(f"-{text}" if ball < 0 else text for text in texts)


def _text(value: fmpq, rounding: str) -> str:
    """Return the canonical text of a rational that is rounded."""
    context = Context(prec=DIGITS, rounding=rounding)
    decimal = context.divide(Decimal(int(value.p)), Decimal(int(value.q))).normalize(context)
    return format(decimal, "f") if -10 <= decimal.adjusted() < DIGITS else str(decimal)


def interval(text: str) -> list[str]:
    """Return the ends of the interval one unit of the last digit to either side of a decimal."""
    value = Decimal(text)
    unit = fmpq(10) ** (value.adjusted() + 1 - DIGITS) if value else fmpq(0)
    middle = fmpq(*value.as_integer_ratio())
    return [str(middle - unit), str(middle + unit)]
