"""Coordinates around a point of the inner problem in which the |w_j| are easily enclosed."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from flint import arb, arb_mat

from reluenum.engines.spires.inner import Space

INDEPENDENT = 1e-6
"""Part of a vector that has to be orthogonal to others for it to count as independent of them."""


@dataclass(frozen=True, eq=False)
class Frame:
    """Coordinates of a space around one of its points, in which the |w_j| are easily enclosed.

    As far as they are independent, they are the lengths of the w_j along what they are at the
    point, their coordinates orthogonal to it, and the biases.

    Parameters
    ----------
    space : Space
    centre : arb_mat
        The point, in the coordinates of the space.
    """

    space: Space
    centre: arb_mat

    @cached_property
    def axes(self) -> dict[int, arb_mat]:
        """Of each live unit, an orthonormal basis of its flat, a row each, w_j at the point first.

        They are given as forms on the directions of the space.
        """
        found = {}
        for unit, weights in self.space.weights.items():
            gram = arb_mat(self.space.inner.chain.grams[unit])
            first = first_columns(weights, self.space.size) * self.centre
            found[unit] = _axes_along(gram, first) * gram * weights
        return found

    @cached_property
    def matrix(self) -> arb_mat:
        """From these coordinates to those of the space, along the first directions."""
        size = self.space.size
        stiff = [row for axes in self.axes.values() for row in axes.tolist()[1:]]
        others = [row for axes in self.axes.values() for row in axes.tolist()[:1]]
        others += [bias.entries() for bias in self.space.biases]
        groups = [
            [[float(x.mid()) for x in row[:size]] for row in rows] for rows in (stiff, others)
        ]
        rows = _independent_rows([*groups, np.eye(size).tolist()])
        return arb_mat(np.linalg.inv(rows).tolist()) if size else arb_mat(0, 0)

    def turned(self, forms: arb_mat) -> arb_mat:
        """Return forms on the directions in these coordinates; other directions stay."""
        size = self.space.size
        inside = first_columns(forms, size) * self.matrix
        if forms.ncols() == size:
            return inside
        outside = (row[size:] for row in forms.tolist())
        pairs = zip(inside.tolist(), outside, strict=True)
        return arb_mat(forms.nrows(), forms.ncols(), [x for p in pairs for row in p for x in row])

    @cached_property
    def heights(self) -> arb_mat:
        """f at the active sites, by direction."""
        return self.turned(self.space.heights)

    @cached_property
    def lengths(self) -> dict[int, arb_mat]:
        """The coordinates of the w_j along `axes`, by direction."""
        return {unit: self.turned(axes) for unit, axes in self.axes.items()}

    @cached_property
    def biases(self) -> list[arb_mat]:
        """B_2 and B_3, by direction."""
        return [self.turned(bias) for bias in self.space.biases]

    def at(self, forms: arb_mat) -> arb_mat:
        """Return forms on the directions at the centre."""
        return first_columns(forms, self.space.size) * self.centre

    @cached_property
    def starts(self) -> tuple[arb_mat, dict[int, arb_mat], list[arb_mat]]:
        """What heights, lengths and biases are at the centre."""
        lengths = {unit: self.at(axes) for unit, axes in self.axes.items()}
        return self.at(self.space.heights), lengths, [self.at(b) for b in self.space.biases]


def first_columns(matrix: arb_mat, count: int) -> arb_mat:
    """Return the first columns of a matrix."""
    if matrix.ncols() == count:
        return matrix
    return arb_mat(matrix.nrows(), count, [x for row in matrix.tolist() for x in row[:count]])


def split_rows(matrix: arb_mat, count: int) -> tuple[arb_mat, arb_mat]:
    """Return the first rows of a matrix, and the others."""
    columns, entries = matrix.ncols(), matrix.entries()
    cut = count * columns
    return (
        arb_mat(count, columns, entries[:cut]),
        arb_mat(matrix.nrows() - count, columns, entries[cut:]),
    )


def _axes_along(gram: arb_mat, first: arb_mat) -> arb_mat:
    """Return a basis, a row each, of which the first is along a column, for an inner product."""
    size = gram.nrows()
    columns = [first, *(arb_mat(size, 1, [arb(i == k) for i in range(size)]) for k in range(size))]
    found: list[arb_mat] = []
    for column in columns:
        rest = column
        for row in found:
            rest = rest - row * (row.transpose() * gram * column)[0, 0]
        square, whole = ((c.transpose() * gram * c)[0, 0] for c in (rest, column))
        if len(found) < size and square > whole * INDEPENDENT:
            found.append(rest * (1 / square.sqrt()))
    if len(found) < size:
        raise ZeroDivisionError
    return arb_mat(len(found), size, [x for column in found for x in column.entries()])


def _independent_rows(groups: Sequence[Sequence[np.ndarray]]) -> np.ndarray:
    """Return rows that are a basis: of the first groups if possible, the most independent first."""
    found: list[np.ndarray] = []
    basis: list[np.ndarray] = []
    for group in groups:
        left = [np.array(row) / np.linalg.norm(row) for row in group if np.any(row)]
        pairs = [(row, _less(row, basis)) for row in left]
        while pairs:
            row, rest = max(pairs, key=lambda pair: pair[1] @ pair[1])
            size = np.linalg.norm(rest)
            if size < INDEPENDENT:
                break
            found.append(row)
            basis.append(rest / size)
            pairs = [(row, _less(rest, basis[-1:])) for row, rest in pairs]
    return np.array(found)


def _less(row: np.ndarray, basis: Sequence[np.ndarray]) -> np.ndarray:
    for other in basis:
        row = row - (other @ row) * other
    return row
