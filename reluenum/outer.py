"""What the output adds to hidden units, a linear part and a bias: what they fit best, exactly.

With the columns C of what is added, Omega the weights of the data points and D which coefficients
are penalised with Lambda, the best coefficients of an error e are A^+ C' Omega e,
A = C' Omega C + Lambda D, and leave R e = e - C A^+ C' Omega e (Lemma 74 of docs/theory.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import mul
from typing import Any

from flint import fmpq

from reluenum.algebra.linear import Vector, combine, dot, primitive, projection, row_space

LARGEST_VALUE = 1 << 53
"""Doubles hold whole numbers below it."""


@dataclass(frozen=True)
class OuterColumn:
    """A combination of columns; different ones are orthogonal in the sense of A.

    Parameters
    ----------
    share : fmpq
        Its coefficient is this share of the weighted sum of errors times values.
    coefficients : (k,) tuple of fmpq
    values : (p,) tuple of fmpq
        At the sites; coprime integers, or, if doubles do not hold these, at most 1.
    """

    share: fmpq
    coefficients: Vector
    values: Vector

    @property
    def is_constant(self) -> bool:
        """Whether it is 1 at every site, as that of a bias."""
        return all(value == 1 for value in self.values)


@dataclass(frozen=True)
class OuterPart:
    """R = I - sum_c share_c values_c values_c' Omega, over columns c.

    Parameters
    ----------
    weights : (p,) tuple of fmpq
        Of the sites.
    columns : tuple of OuterColumn
    size : int
        Number k of coefficients.

    Examples
    --------
    >>> x, one, ridge = (fmpq(0), fmpq(1), fmpq(2)), (fmpq(1),) * 3, fmpq(0)
    >>> line = OuterPart.of([one, x], one, [ridge, ridge])
    >>> line.residual([1, 2, 6]), line.coefficients([1, 2, 6])
    ([1/2, -1, 1/2], [1/2, 5/2])
    """

    weights: Vector
    columns: tuple[OuterColumn, ...]
    size: int

    @classmethod
    def of(
        cls, columns: Sequence[Vector], weights: Sequence[fmpq], ridges: Sequence[fmpq]
    ) -> "OuterPart":
        """Make one from k columns of values at p sites, and the ridge on each coefficient."""
        size = len(columns)
        heavy = [list(map(mul, column, weights)) for column in columns]
        matrix = [[dot(one, other) for other in columns] for one in heavy]
        for k, ridge in enumerate(ridges):
            matrix[k][k] += ridge
        found: list[tuple[fmpq, Vector]] = []
        for k in range(size):
            vector = [fmpq(j == k) for j in range(size)]
            for share, other in found:
                level = share * dot(other, matrix[k])
                vector = [x - level * y for x, y in zip(vector, other, strict=True)]
            if square := dot(vector, [dot(row, vector) for row in matrix]):
                found.append((1 / square, tuple(vector)))
        whole = projection(row_space(matrix), size) if len(found) < size else None
        parts = (_outer_column(share, vector, columns, whole) for share, vector in found)
        return cls(tuple(weights), tuple(part for part in parts if any(part.values)), size)

    @property
    def bias_share(self) -> fmpq:
        """The share of the sum of errors that a bias takes, if there is no linear part."""
        return self.columns[0].share if self.columns else fmpq(0)

    @property
    def products(self) -> list[list[fmpq]]:
        """The weighted inner products of the values of columns, not 0 where penalties mix them."""
        heavy = [list(map(mul, self.weights, column.values)) for column in self.columns]
        return [[dot(one, other.values) for other in self.columns] for one in heavy]

    def levels(self, errors: Sequence[Any]) -> list[Any]:
        """Return how much of each column fits errors best, over any ring that contains Q."""
        return [self._weighted(column, errors) * column.share for column in self.columns]

    def residual(self, errors: Sequence[Any]) -> list[Any]:
        """Return R e: what is left of errors at the sites, over any ring that contains Q."""
        left = list(errors)
        for level, column in zip(self.levels(errors), self.columns, strict=True):
            values = zip(left, column.values, strict=True)
            left = [entry - _scaled_by(level, value) if value else entry for entry, value in values]
        return left

    def coefficients(self, errors: Sequence[Any]) -> list[Any]:
        """Return the coefficients that fit errors best, of several the shortest ones."""
        return self.combined(self.levels(errors))

    def combined(self, levels: Sequence[Any]) -> list[Any]:
        """Return the coefficients of so much of each column."""
        parts = [column.coefficients for column in self.columns]
        return [dot(levels, [part[k] for part in parts]) for k in range(self.size)]

    def _weighted(self, column: OuterColumn, errors: Sequence[Any]) -> Any:
        """Return the weighted sum of errors times the values of a column."""
        pairs = zip(errors, map(mul, self.weights, column.values), strict=True)
        first, *others = (_scaled_by(error, value) for error, value in pairs if value)
        return sum(others, start=first)


def _outer_column(
    share: fmpq, vector: Vector, columns: Sequence[Vector], whole: Sequence[Vector] | None
) -> OuterColumn:
    """Return a column with values that are coprime integers, or at most 1."""
    values = combine(vector, columns)
    short = vector if whole is None else tuple(dot(row, vector) for row in whole)
    if not any(values):  # only its ridge sees it
        return OuterColumn(share, short, values)
    wholes = primitive(values)
    largest = max(map(abs, wholes))
    if largest >= LARGEST_VALUE:
        wholes = tuple(value / largest for value in wholes)
    place = next(k for k, value in enumerate(values) if value)
    factor = wholes[place] / values[place]
    return OuterColumn(share / factor**2, tuple(x * factor for x in short), wholes)


def _scaled_by(left: Any, right: fmpq) -> Any:
    return left if right == 1 else left * right
