"""Vectorised ball arithmetic in double precision: every operation encloses the exact result.

A ball is a midpoint and a radius. The radius of a result adds what the operands' radii do and a
bound on all rounding errors, of the midpoint and of the radius itself, so it never depends on how
often or in which order NumPy adds.

References
----------
.. [1] Rump, Fast and parallel interval arithmetic, BIT 39 (1999).
.. [2] Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., chapter 3.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb, fmpq

UNIT = 2.0**-53
"""Relative error of one rounding."""

GROWTH = 1 + 2.0**-40
"""Covers the rounding of a radius: sums of up to 2^11 non-negative terms."""

TINY = 2.0**-1000
"""Covers underflow."""

LEAST = 2.0**-600
"""Numbers below have powers of which doubles know too few digits."""

TINY_ROOT = 2.0**-500
"""Covers underflow below a square root."""


@dataclass(frozen=True, eq=False)
class Balls:
    """An array of real numbers, each enclosed in [mid - rad, mid + rad].

    Parameters
    ----------
    mid, rad : arrays of the same shape
        A radius of nan or infinity encloses everything.
    """

    mid: np.ndarray
    rad: np.ndarray

    @classmethod
    def exact(cls, values: Any) -> "Balls":
        """Return doubles as balls of radius 0."""
        mid = np.asarray(values, dtype=float)
        return cls(mid, np.zeros_like(mid))

    @classmethod
    def of(cls, numbers: Iterable[fmpq | arb], shape: tuple[int, ...] = (-1,)) -> "Balls":
        """Enclose rational numbers or FLINT balls, listed in C order.

        Numbers outside the range of doubles are enclosed by an infinite radius.
        """
        listed = [arb(number) for number in numbers]
        mid = np.array([float(ball.mid()) for ball in listed])
        rest = [ball - value for ball, value in zip(listed, map(arb, _finite(mid)), strict=True)]
        # What is not 0 may still be too small for a double.
        slack = [0 if part == 0 else float(part.abs_upper()) * GROWTH + TINY for part in rest]
        rad = np.where(np.isfinite(mid), slack, np.inf)
        return cls(_finite(mid).reshape(shape), rad.reshape(shape))

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        return self.mid.shape

    def __getitem__(self, index: Any) -> "Balls":
        return Balls(self.mid[index], self.rad[index])

    def reshape(self, *shape: int) -> "Balls":
        """Return the same balls in another shape."""
        return Balls(self.mid.reshape(*shape), self.rad.reshape(*shape))

    def swapaxes(self, first: int, second: int) -> "Balls":
        """Return the same balls with two axes exchanged."""
        return Balls(self.mid.swapaxes(first, second), self.rad.swapaxes(first, second))

    @property
    def mT(self) -> "Balls":
        """The matrices with their last two axes exchanged."""
        return self.swapaxes(-1, -2)

    def __neg__(self) -> "Balls":
        return Balls(-self.mid, self.rad)

    def __add__(self, other: "Balls") -> "Balls":
        mid = self.mid + other.mid
        return _rounded(mid, self.rad + other.rad)

    def __sub__(self, other: "Balls") -> "Balls":
        return self + -other

    def __mul__(self, other: "Balls") -> "Balls":
        mid = self.mid * other.mid
        rad = np.abs(self.mid) * other.rad + self.rad * (np.abs(other.mid) + other.rad)
        return _rounded(mid, rad)

    def __matmul__(self, other: "Balls") -> "Balls":
        size, reach = np.abs(self.mid), np.abs(other.mid)
        terms = self.mid.shape[-1] + 2
        rad = size @ (other.rad + terms * UNIT * reach * GROWTH) + self.rad @ (
            reach * GROWTH + other.rad
        )
        return _summed(self.mid @ other.mid, rad)

    def sum(self, axis: int) -> "Balls":
        """Return sums along an axis."""
        terms = self.mid.shape[axis]
        rad = (self.rad + terms * UNIT * np.abs(self.mid)).sum(axis)
        return _summed(self.mid.sum(axis), rad)

    def square(self) -> "Balls":
        """Return the squares."""
        return self * self

    def widened(self, slack: np.ndarray) -> "Balls":
        """Return balls with a larger radius."""
        return Balls(self.mid, (self.rad + slack) * GROWTH + TINY)

    def reciprocal_root(self) -> "Balls":
        """Return 1 / sqrt of positive numbers; everything where a ball is not positive."""
        with np.errstate(invalid="ignore", divide="ignore"):
            mid = 1 / np.sqrt(self.mid)
            lower = (self.mid - self.rad) * (1 - 4 * UNIT)
            # |d x^(-1/2)| <= rad / (2 lower^(3/2)); two roundings in the midpoint.
            rad = 0.5 * self.rad / (lower * np.sqrt(lower)) * GROWTH + 4 * UNIT * mid
            good = lower > LEAST
        return Balls(np.where(good, mid, 1.0), np.where(good, rad * GROWTH + TINY, np.inf))

    def magnitude(self) -> np.ndarray:
        """Return upper bounds of the absolute values."""
        return (np.abs(self.mid) + self.rad) * GROWTH

    def positive(self) -> np.ndarray:
        """Where every number in the ball is positive."""
        return self.mid > self.rad

    def negative(self) -> np.ndarray:
        """Where every number in the ball is negative."""
        return -self.mid > self.rad


def _rounded(mid: np.ndarray, rad: np.ndarray) -> Balls:
    """Add to a radius the error of one rounding of the midpoint."""
    return Balls(mid, (rad + UNIT * np.abs(mid)) * GROWTH + TINY)


def _summed(mid: np.ndarray, rad: np.ndarray) -> Balls:
    """Return a sum with the radius of its terms; a sum that overflows encloses everything."""
    return Balls(mid, np.where(np.isfinite(mid), rad * GROWTH + TINY, np.inf))


def _finite(values: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(values), values, 0.0)


def norm_bound(balls: Balls) -> np.ndarray:
    """Return upper bounds of the Euclidean norms along the last axis."""
    bound = balls.magnitude()
    return np.sqrt((bound * bound).sum(-1)) * GROWTH + TINY_ROOT
