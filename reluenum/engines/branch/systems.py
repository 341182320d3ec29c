"""Small linear systems, by plain loops: Gram matrices of columns, and joint bounds (Lemma 51)."""

import numpy as np

from reluenum.engines.branch.compiled import inlined

LARGEST_CONDITION = 1e10
"""Of the scaled Gram matrix of the columns."""


@inlined
def eliminate(work, size, width, least):
    """Make the first columns of a matrix the identity by row operations; return whether it went."""
    for i in range(size):
        pivot = i
        for k in range(i + 1, size):
            if abs(work[k, i]) > abs(work[pivot, i]):
                pivot = k
        if not abs(work[pivot, i]) > least:
            return False
        for j in range(width):
            swapped = work[pivot, j]
            work[pivot, j] = work[i, j]
            work[i, j] = swapped
        factor = 1 / work[i, i]
        for j in range(width):
            work[i, j] *= factor
        for k in range(size):
            factor = work[k, i]
            if k != i and factor != 0:
                for j in range(width):
                    work[k, j] -= factor * work[i, j]
    return True


@inlined
def inverse(matrix, size, out, work):
    """Invert a symmetric matrix, scaled; return whether it is well conditioned."""
    for i in range(size):
        if not matrix[i, i] > 0:
            return False
    for i in range(size):
        for j in range(size):
            work[i, j] = matrix[i, j] / np.sqrt(matrix[i, i] * matrix[j, j])
            work[i, size + j] = 1.0 if i == j else 0.0
    if not eliminate(work, size, 2 * size, 1 / LARGEST_CONDITION):
        return False
    largest = 0.0
    for i in range(size):
        for j in range(size):
            largest = max(largest, abs(work[i, size + j]))
            out[i, j] = work[i, size + j] / np.sqrt(matrix[i, i] * matrix[j, j])
    return largest < LARGEST_CONDITION


@inlined
def joint(matrix, right, size, z, work):
    """Solve (1 - matrix) z = right, nearly; return whether z > 0 (then z > right + matrix z)."""
    for i in range(size):
        for j in range(size):
            work[i, j] = (1.0 if i == j else 0.0) - matrix[i, j]
        work[i, size] = right[i] * (1 + 1e-6) + 1e-200
    if not eliminate(work, size, size + 1, 1e-12):
        return False
    for i in range(size):
        z[i] = work[i, size]
        if not z[i] > 0:
            return False
    return True
