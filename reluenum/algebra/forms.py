"""Linear algebra in balls: kernels and definite forms, proved."""

from collections.abc import Sequence
from itertools import combinations
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


def least_on_orthant(form: np.ndarray, most: int) -> tuple[int | None, np.ndarray]:
    """Return the least sign of v . form v for v >= 0, v != 0, and a v with this sign.

    Parameters
    ----------
    form : (size, size) array of arb
        Symmetric.
    most : int
        The largest number of positive entries of v.

    Returns
    -------
    sign : int or None
        1 or -1; None if the least value may be 0.
    ray : (size,) array of float
        0 unless the sign is -1.

    Notes
    -----
    Strict copositivity, from small faces to large ones (Lemma D73 of docs/theory_deep.md): a form
    that is positive on the boundary of a face is positive on it if its determinant is, or a
    cofactor of the last row is negative; if not, these cofactors are such a v [Cottle].

    Examples
    --------
    >>> one, two = arb(1), arb(2)
    >>> form = np.array([[one, -two], [-two, one]], dtype=object)
    >>> [least_on_orthant(f, most)[0] for f, most in ((form, 1), (form, 2), (-form, 1))]
    [1, -1, -1]
    """
    unclear, nothing = False, np.zeros(len(form))
    for count in range(1, most + 1):
        for chosen in map(list, combinations(range(len(form)), count)):
            part = form[np.ix_(chosen, chosen)]
            cofactors = _last_cofactors(part)
            if cofactors @ part[-1] > 0 or any(c < 0 for c in cofactors):
                continue
            ray = np.maximum(doubles(cofactors), 0)
            if ray @ part @ ray < 0:
                return -1, _spread_out(ray, chosen, len(form))
            unclear = True
    return (None if unclear else 1), nothing


def _last_cofactors(form: np.ndarray) -> np.ndarray:
    """Return the cofactors of the last row of a matrix."""
    size, above = len(form), form[:-1]
    minors = (
        arb_mat(size - 1, size - 1, list(np.delete(above, j, 1).ravel())) for j in range(size)
    )
    return np.array([m.det() * (-1) ** (size - 1 + j) for j, m in enumerate(minors)], dtype=object)


def _spread_out(values: np.ndarray, places: Sequence[int], size: int) -> np.ndarray:
    """Return numbers at some places, and 0 elsewhere."""
    found = np.zeros(size)
    found[places] = values / np.linalg.norm(values)
    return found


def least_at_end(
    kernel: np.ndarray, form: np.ndarray, count: int, most: int
) -> tuple[int | None, np.ndarray] | None:
    """Return the least sign of a form on directions whose last entries are not negative.

    Parameters
    ----------
    kernel : (size, k) array of arb
        A basis of the directions.
    form : (k, k) array of arb
        By this basis; positive definite where the last entries are 0, if anything is returned.
    count : int
        The number of last entries.
    most : int
        The largest number of them that are positive.

    Returns
    -------
    sign : int or None
    direction : (size,) array of float
        Of which this is the sign, if it is -1. None if the form may not be positive definite there.

    Examples
    --------
    >>> form = np.array([[arb(1), arb(2)], [arb(2), arb(1)]], dtype=object)
    >>> sign, direction = least_at_end(np.array([[arb(1), arb(0)], [arb(0), arb(1)]]), form, 1, 1)
    >>> sign, direction.tolist()
    (-1, [-2.0, 1.0])
    """
    size, ends = kernel.shape[1], kernel[-count:]
    rest = kernel_of(ends)
    if rest is None or not is_positive_definite(rest.T @ form @ rest):
        return None
    zeros = np.full((count, count), arb(0), dtype=object)
    bordered = np.block([[form, ends.T], [ends, zeros]])
    try:
        inverse = matrix_of(arb_mat(bordered.tolist()).inv())
    except ZeroDivisionError:
        return None
    sign, ray = least_on_orthant(-inverse[size:, size:], most)
    return sign, np.append(doubles(kernel @ inverse[:size, size:] @ ray)[:-count], ray)


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
