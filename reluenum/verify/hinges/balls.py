"""Arrays of balls: doubles, and how wrong each can be; systems are solved by elimination."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import fmpq

UNIT = 2.0**-52  # twice the relative error of an operation
TINY = 1e-300  # more than any underflow
MORE = 1 + 2.0**-48  # covers the rounding of radii

Array = np.ndarray


@dataclass(frozen=True)
class Balls:
    """Numbers within `radius` of `middle`, entry by entry; nothing is known where that is NaN."""

    middle: Array
    radius: Array

    @classmethod
    def of(cls, values: list[Any]) -> "Balls":
        """Enclose exact numbers, a list or a list of lists."""
        middle = np.array([[_near(v) for v in row] for row in values], dtype=float)
        return cls(middle, np.abs(middle) * UNIT + TINY)

    def __getitem__(self, key: Any) -> "Balls":
        return Balls(self.middle[key], self.radius[key])

    def __add__(self, other: "Balls") -> "Balls":
        return _rounded(self.middle + other.middle, self.radius + other.radius)

    def __sub__(self, other: "Balls") -> "Balls":
        return _rounded(self.middle - other.middle, self.radius + other.radius)

    def __mul__(self, other: "Balls") -> "Balls":
        wide = np.abs(other.middle) + other.radius
        spread = np.abs(self.middle) * other.radius + self.radius * wide
        return _rounded(self.middle * other.middle, spread)

    def __truediv__(self, other: "Balls") -> "Balls":
        ratio, least = self.middle / other.middle, np.abs(other.middle) - other.radius
        spread = (
            self.radius + np.abs(ratio) * (other.radius + UNIT * np.abs(other.middle))
        ) / least
        return _rounded(ratio, np.where(least > 0, spread, np.nan))

    def times(self, factors: Array) -> "Balls":
        """Return the products with signs."""
        return Balls(self.middle * factors, self.radius * np.abs(factors))

    def beside(self, other: "Balls") -> "Balls":
        """Return both, one beside the other along the last axis."""
        parts = (self.middle, other.middle), (self.radius, other.radius)
        return Balls(*(np.concatenate(pair, axis=-1) for pair in parts))

    def total(self) -> "Balls":
        """Return the sums over the last axis."""
        found = self[..., 0]
        for k in range(1, self.middle.shape[-1]):
            found = found + self[..., k]
        return found

    @property
    def signs(self) -> Array:
        """The signs of the numbers, 0 where they are not known."""
        return np.where(np.abs(self.middle) > self.radius, np.sign(self.middle), 0)


def _rounded(middle: Array, radius: Array) -> Balls:
    return Balls(middle, (radius + np.abs(middle) * UNIT) * MORE + TINY)


def _near(value: fmpq) -> float:
    """Return the double next to a number, infinite if it is too large."""
    try:
        return int(value.p) / int(value.q)
    except OverflowError:
        return float("nan")


def solved(table: Balls, right: Balls) -> Balls:
    """Return the solutions of many systems, by elimination; right sides are along the last axis."""
    size, whole = table.middle.shape[1], table.beside(right)
    rows = [whole[:, k] for k in range(size)]
    for k in range(size):
        rows[k] = rows[k] / rows[k][:, k, None]
        for other in range(size):
            if other != k:
                rows[other] = rows[other] - rows[other][:, k, None] * rows[k]
    return stacked([row[:, size:] for row in rows], 1)


def stacked(parts: Sequence[Balls], axis: int) -> Balls:
    """Return arrays of balls along a new axis."""
    middles, radii = [part.middle for part in parts], [part.radius for part in parts]
    return Balls(np.stack(middles, axis=axis), np.stack(radii, axis=axis))
