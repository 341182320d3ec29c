"""Linear algebra in balls: kernels and definite forms, proved."""

import numpy as np
from flint import arb, arb_mat
from scipy.linalg import qr


def kernel_of(rows: np.ndarray) -> np.ndarray | None:
    """Return a basis of {d : rows d = 0}, (size, size - r); None if r rows may be dependent.

    Parameters
    ----------
    rows : (r, size) array of arb
    """
    count, size = rows.shape
    _, _, order = qr(doubles(rows), pivoting=True) if count else (None, None, np.arange(size))
    pivots, free = order[:count], order[count:]
    found = np.full((size, len(free)), arb(0), dtype=object)
    found[free, range(len(free))] = arb(1)
    if count and len(pivots) == count:
        try:
            solved = arb_mat(rows[:, pivots].tolist()).inv()
        except ZeroDivisionError:
            return None
        found[pivots] = -(matrix_of(solved) @ rows[:, free])
    return found if len(pivots) == count else None


def is_positive_definite(form: np.ndarray) -> bool:
    """Return whether balls prove that a symmetric form is positive definite (LDL^T)."""
    rest = form.copy()
    while rest.size:
        if not rest[0, 0] > 0:
            return False
        rest = rest[1:, 1:] - np.outer(rest[1:, 0], rest[0, 1:] / rest[0, 0])
    return True


def matrix_of(matrix: arb_mat) -> np.ndarray:
    """Return a matrix of FLINT as an array of balls."""
    entries = np.array(matrix.tolist(), dtype=object)
    return entries.reshape(matrix.nrows(), matrix.ncols())


def doubles(balls: np.ndarray) -> np.ndarray:
    """Return the midpoints of an array of balls."""
    return np.array([float(ball.mid()) for ball in balls.ravel()]).reshape(balls.shape)
