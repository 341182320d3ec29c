"""Intervals of ridges, and grids in them."""

from math import log10
from typing import Any

from flint import fmpq

from reluenum.errors import InputError, quoted
from reluenum.problem import parse_ridge

MOST_RIDGES = 100_000
"""Largest number of ridges of a grid."""


LARGEST_RIDGE = fmpq(10) ** 300
"""Of a grid, whose inner ridges are near floats."""

_INTERVAL = "an interval low:high"


def parse_range(text: str) -> tuple[fmpq, fmpq]:
    """Read an interval of ridges, `low:high`.

    Raises
    ------
    InputError
        If it is none.

    Examples
    --------
    >>> parse_range("1/1000:10")
    (1/1000, 10)
    """
    low, colon, high = text.partition(":")
    if not colon:
        raise InputError("ridge", quoted(text), f"{_INTERVAL} of positive numbers")
    return ridge_interval(low, high)


def ridge_interval(low: Any, high: Any) -> tuple[fmpq, fmpq]:
    """Return the interval of ridges between two numbers, or texts.

    Raises
    ------
    InputError
        If it is none, or reaches too far for a grid.
    """
    ends = parse_ridge(low), parse_ridge(high)
    found = quoted(f"{low}:{high}")
    if ends[0] >= ends[1]:
        raise InputError("ridge", found, f"{_INTERVAL} of positive numbers")
    if ends[0] < 1 / LARGEST_RIDGE or ends[1] > LARGEST_RIDGE:
        raise InputError("ridge", found, f"{_INTERVAL} within 1e-300:1e300")
    return ends


def grid(low: fmpq, high: fmpq, points: int) -> list[fmpq]:
    """Return about equally spaced ridges on the logarithmic scale: short exact decimals.

    Examples
    --------
    >>> grid(fmpq(1, 10), fmpq(10), 5)
    [1/10, 79/250, 1, 79/25, 10]
    """
    first, last = (log10(int(end.p)) - log10(int(end.q)) for end in (low, high))
    inner = [
        f"{10 ** (first + (last - first) * k / (points - 1)):.2e}" for k in range(1, points - 1)
    ]
    ridges = {parse_ridge(text) for text in inner}
    return [low, *sorted(ridge for ridge in ridges if low < ridge < high), high]
