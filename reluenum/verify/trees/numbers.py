"""Rational numbers for Python, and small linear systems that are solved approximately."""

from collections.abc import Iterable
from fractions import Fraction

import numpy as np
from flint import fmpq

from .machine import inlined

Array = np.ndarray


def fractions(numbers: Iterable[fmpq]) -> list[Fraction]:
    """Return numbers as Python knows them, which rounds them to the nearest double."""
    return [Fraction(int(number.p), int(number.q)) for number in numbers]


@inlined
def put_numbers(target: Array, source: Array) -> None:
    """Copy a vector into one of its length.

    An assignment of numba would look whether it is, and compile the words that say it is not,
    which takes longer than all else in a short function.
    """
    for k in range(len(source)):
        target[k] = source[k]


@inlined
def reduced(work: Array, size: int) -> None:
    """Bring a matrix to the form (1, ...) by Gauss-Jordan steps; what they lose does not matter."""
    width = work.shape[1]
    for i in range(size):
        pivot = i
        for k in range(i, size):
            if abs(work[k, i]) > abs(work[pivot, i]):
                pivot = k
        factor = 1 / work[pivot, i]
        for m in range(width):
            work[pivot, m], work[i, m] = work[i, m], work[pivot, m] * factor
        for k in range(size):
            factor = work[k, i]
            for m in range(width * (k != i)):
                work[k, m] -= factor * work[i, m]


@inlined
def inverse_of(matrix: Array) -> Array:
    """Return an approximate inverse of a symmetric matrix, whatever it is."""
    size = len(matrix)
    work, found = np.zeros((size, 2 * size)), np.empty((size, size))
    for i in range(size):
        for k in range(size):
            work[i, k] = matrix[i, k] / np.sqrt(matrix[i, i] * matrix[k, k])
        work[i, size + i] = 1.0
    reduced(work, size)
    for i in range(size):
        for k in range(size):
            found[i, k] = work[i, size + k] / np.sqrt(matrix[i, i] * matrix[k, k])
    return found
