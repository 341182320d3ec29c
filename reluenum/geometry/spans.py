"""Moments of pairs of active sets of inputs on a line, computed when they are asked for.

The sets are spans of the ascending inputs, two have a span in common, and a sum over a span is a
difference of two sums over the first inputs. So no table is needed whose size is the square of the
number of sets.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from typing import Any, Self

import numpy as np
from flint import fmpq

from reluenum.algebra.balls import Balls
from reluenum.algebra.linear import common_denominator
from reluenum.geometry.arrangement import Face
from reluenum.outer import OuterColumn
from reluenum.problem import Problem

_KNOWN = 2.0**-51
"""Relative error of a difference of two sums that are kept as two doubles each."""

_WHOLE = 2.0**52
"""Differences of whole numbers up to it are doubles."""

_LONGEST = 500
"""Bits of whole numbers that are kept as doubles."""

_LEFT = 2.0**-103
"""What is not known of it besides, relative to the largest sum."""


@dataclass(frozen=True, eq=False)
class SpanMoments:
    """Z_A' R Z_B for K active sets A and B that are spans of p inputs on a line.

    Parameters
    ----------
    spans : (K, 2) array of int
    high, low : (p + 1, 3) arrays
        Sums of 1, x and x^2 over the data of the first inputs, weighted, over one denominator,
        rounded, and what that lacks.
    scale : Balls, (3,)
        What these are to be multiplied by.
    outer : sequence of (Balls (2,) or None, Balls ())
        The vectors q of which R subtracts shares (Lemma 74): coefficients of 1 and x; None is 1.
    """

    spans: np.ndarray
    high: np.ndarray
    low: np.ndarray
    scale: Balls
    outer: Sequence[tuple[Balls | None, Balls]]

    @classmethod
    def of(cls, faces: Sequence[Face], problem: Problem) -> Self:
        """Return those of the active sets of some faces."""
        inputs = [site.row[0] for site in problem.ascending]
        weights = [site.weight for site in problem.ascending]
        denominator, part = common_denominator(inputs), common_denominator(weights)
        wholes = [int((weight * part).p) for weight in weights]
        sums = _running([int((x * denominator).p) for x in inputs], wholes)
        high, low, factors = zip(*map(_high_and_low, zip(*sums, strict=True)), strict=True)
        scale = [fmpq(factor, denominator**k * part) for k, factor in enumerate(factors)]
        return cls(
            np.array([face.span for face in faces]),
            np.array(high).T,
            np.array(low).T,
            Balls.of(scale),
            [_enclosed_line(column, problem) for column in problem.outer.columns],
        )

    def __getitem__(self, index: tuple[Any, ...]) -> Balls:
        """Return the matrices of pairs of sets, (..., 2, 2): two arrays of numbers, and more."""
        one, other, *rest = index
        found = self.plain(one, other)
        for line, share in self.outer:
            first, second = self.total(one, line), self.total(other, line)
            found = found - share * (first[..., :, None] * second[..., None, :])
        return found[(..., *rest)]

    def total(self, number: np.ndarray, line: Balls | None) -> Balls:
        """Return the sums of q (x, 1) over sets, (..., 2)."""
        start, stop = np.moveaxis(self.spans[number], -1, 0)
        sums = self._over(start, stop)
        level = sums[..., [1, 0]]
        return level if line is None else level * line[0] + sums[..., [2, 1]] * line[1]

    def plain(self, one: np.ndarray, other: np.ndarray) -> Balls:
        """Return the sums of (x, 1)'(x, 1) over what two sets have in common, (..., 2, 2)."""
        (start, stop), (first, last) = (np.moveaxis(self.spans[k], -1, 0) for k in (one, other))
        start = np.maximum(start, first)
        found = self._over(start, np.maximum(start, np.minimum(stop, last)))
        return found[..., [2, 1, 1, 0]].reshape(*found.shape[:-1], 2, 2)

    def _over(self, start: np.ndarray, stop: np.ndarray) -> Balls:
        """Return the three sums over spans, (..., 3)."""
        rest = self.low[stop] - self.low[start]
        mid = (self.high[stop] - self.high[start]) + rest
        known = _KNOWN * np.abs(mid) + _LEFT * np.abs(self.high).max(axis=0)
        exact = np.abs(self.high).max() <= _WHOLE  # differences of whole numbers that doubles hold
        return Balls(mid, np.zeros_like(mid) if exact else known) * self.scale


def _enclosed_line(column: OuterColumn, problem: Problem) -> tuple[Balls | None, Balls]:
    """Return a vector of `OuterPart` as a function of 1 and x, and its share."""
    bias, slopes = problem.parted(column.coefficients)
    line = None if column.is_constant else Balls.of([bias, *slopes])
    return line, Balls.of([column.share], ())


def _high_and_low(sums: Sequence[int]) -> tuple[list[float], list[float], int]:
    """Return whole numbers over a power of 2, rounded, what that lacks, and the power."""
    factor = 1 << max(0, max(abs(total).bit_length() for total in sums) - _LONGEST)
    high = [total / factor for total in sums]
    low = [float(Fraction(t, factor) - Fraction(x)) for t, x in zip(sums, high, strict=True)]
    return high, low, factor


def _running(inputs: Sequence[int], weights: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Yield the weighted sums over the first inputs of 1, x and x^2."""
    rows = ((w, w * x, w * x * x) for x, w in zip(inputs, weights, strict=True))
    add = lambda one, other: tuple(map(sum, zip(one, other, strict=True)))  # noqa: E731
    return accumulate(rows, add, initial=(0, 0, 0))
