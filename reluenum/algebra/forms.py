"""Linear algebra in balls: kernels and definite forms, proved."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from flint import arb, arb_mat, fmpq


def kernel_of(rows: np.ndarray, among: Sequence[int] | None = None) -> np.ndarray | None:
    """Return a basis of {d : rows d = 0}, (size, size - r); None if r rows may be dependent.

    Parameters
    ----------
    rows : (r, size) array of arb
    among : sequence of int, optional
        Columns in which the rows have to be independent; all by default.

    Examples
    --------
    >>> kernel_of(np.array([[arb(1), arb(2)]], dtype=object)).ravel().tolist()
    [1.00000000000000, -0.500000000000000]
    """
    count, size = rows.shape
    columns = range(size) if among is None else among
    pivots = [columns[k] for k in pivots_of(doubles(rows[:, columns]))[:count]] if count else []
    free = [k for k in range(size) if k not in set(pivots)]
    found = np.full((size, len(free)), arb(0), dtype=object)
    found[free, range(len(free))] = arb(1)
    if len(pivots) < count:
        return None
    if count:
        try:
            inverse = matrix_of(arb_mat(rows[:, pivots].tolist()).inv())
        except ZeroDivisionError:
            return None
        found[pivots] = -(inverse @ rows[:, free])
    return found


def pivots_of(matrix: np.ndarray) -> list[int]:
    """Return the columns of a matrix of doubles, independent ones first.

    Each is the longest one in the complement of those before (QR with pivoting, for which SciPy
    would have to be loaded).

    Examples
    --------
    >>> pivots_of(np.array([[1.0, 2.0, 0.0], [0.0, 0.0, 1.0]]))
    [1, 2, 0]
    """
    rest, order = np.array(matrix), list(range(matrix.shape[1]))
    for k in range(min(matrix.shape)):
        longest = k + int(np.argmax((rest[:, order[k:]] ** 2).sum(axis=0)))
        order[k], order[longest] = order[longest], order[k]
        column = rest[:, order[k]]
        if square := column @ column:
            rest -= np.outer(column / square, column @ rest)
    return order


def pivots_of_rows(matrix: np.ndarray) -> list[int]:
    """Return the rows of a regular matrix of doubles so that elimination needs no exchange.

    Examples
    --------
    >>> pivots_of_rows(np.array([[0.0, 1.0], [2.0, 1.0]]))
    [1, 0]
    """
    rest, order = np.array(matrix), list(range(len(matrix)))
    for k in range(len(order)):
        largest = k + int(np.argmax(abs(rest[order[k:], k])))
        order[k], order[largest] = order[largest], order[k]
        row, below = rest[order[k]], order[k + 1 :]
        rest[below] -= np.outer(rest[below, k] / row[k], row)
    return order


def independent_rows(rows: Sequence[Sequence[Any]]) -> list[int]:
    """Return the rows that are no combination of those before, over a field of fractions.

    Examples
    --------
    >>> independent_rows([[1, 2], [2, 4], [0, 1]])
    [0, 2]
    """
    found: list[int] = []
    reduced: list[tuple[int, Sequence[Any]]] = []
    for place, row in enumerate(rows):
        for pivot, other in reduced:
            row = [e * other[pivot] - o * row[pivot] for e, o in zip(row, other, strict=True)]
        pivot = next((k for k, entry in enumerate(row) if entry != 0), None)
        if pivot is not None:
            reduced.append((pivot, row))
            found.append(place)
    return found


def is_positive_definite(form: np.ndarray) -> bool:
    """Return whether balls prove that a symmetric form is positive definite (LDL^T).

    Examples
    --------
    >>> form = np.array([[arb(2), arb(1)], [arb(1), arb(1)]], dtype=object)
    >>> is_positive_definite(form), is_positive_definite(-form)
    (True, False)
    """
    rest = form.copy()
    while rest.size:
        if not rest[0, 0] > 0:
            return False
        rest = rest[1:, 1:] - np.outer(rest[1:, 0], rest[0, 1:] / rest[0, 0])
    return True


def is_positive_on_quadrant(form: np.ndarray, zero: np.ndarray, positive: np.ndarray) -> bool:
    """Return whether balls prove v . form v > 0 for v != 0 with zero v = 0 and positive v >= 0.

    Parameters
    ----------
    form : (size, size) array of arb
        Symmetric.
    zero : (r, size) array of arb
    positive : (2, size) array of arb

    Notes
    -----
    Minimised over the kernel of all rows, the form is one of two numbers, the values of
    `positive`: positive on the quadrant if q_11, q_22 > 0 and q_12 > -sqrt(q_11 q_22).

    Examples
    --------
    >>> one, two = arb(1), arb(2)
    >>> form = np.array([[one, two], [two, one]], dtype=object)
    >>> axes = np.array([[one, arb(0)], [arb(0), one]], dtype=object)
    >>> nothing = np.zeros((0, 2), dtype=object)
    >>> is_positive_definite(form), is_positive_on_quadrant(form, nothing, axes)
    (False, True)
    """
    inside = kernel_of(zero)
    rest = None if inside is None else kernel_of(positive @ inside)
    if rest is None:
        return False
    values = positive @ inside
    pivots = pivots_of(doubles(values))[:2]
    towards = np.full((inside.shape[1], 2), arb(0), dtype=object)
    towards[pivots] = matrix_of(arb_mat(values[:, pivots].tolist()).inv())
    form = inside.T @ form @ inside
    kernel, mixed = rest.T @ form @ rest, rest.T @ form @ towards
    if not is_positive_definite(kernel):
        return False
    quotient = towards.T @ form @ towards
    if kernel.size:
        quotient = quotient - mixed.T @ matrix_of(arb_mat(kernel.tolist()).inv()) @ mixed
    (a, b), (_, c) = quotient
    return bool(a > 0 and c > 0 and (b > 0 or a * c > b * b))


def matrix_of(matrix: arb_mat) -> np.ndarray:
    """Return a matrix of FLINT as an array of balls."""
    entries = np.array(matrix.tolist(), dtype=object)
    return entries.reshape(matrix.nrows(), matrix.ncols())


def dyadic(value: float) -> fmpq:
    """Return a short dyadic number next to a double.

    Examples
    --------
    >>> dyadic(0.1)
    54975581389/549755813888
    """
    return fmpq(round(value * 2**40), 2**40)


def doubles(balls: np.ndarray) -> np.ndarray:
    """Return the midpoints of an array of balls."""
    return np.array([ball.mid() for ball in balls.ravel()], dtype=np.float64).reshape(balls.shape)
