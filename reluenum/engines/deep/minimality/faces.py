"""Faces of an arrangement, and linear algebra on them: rows are balls and may be dependent."""

from collections.abc import Iterator, Sequence
from itertools import combinations, product

import numpy as np
from flint import arb, arb_mat

from reluenum.algebra.forms import doubles, kernel_of, matrix_of, pivots_of
from reluenum.algebra.linear import Vector, null_space
from reluenum.geometry.arrangement import covectors

MOST_GUESSED = 5
"""Rows up to which all arrays of signs are looked at, realisable or not."""


def flat_of(rows: np.ndarray, exact: Sequence[Vector] | None) -> np.ndarray | None:
    """Return a basis of {v : rows v = 0}, or None if the rank is in doubt; rows may depend.

    Parameters
    ----------
    rows : (r, size) array of arb
    exact : sequence of vectors, or None
        The same, if they are rational.
    """
    if exact is not None:
        basis = null_space(exact, rows.shape[1])
        found = np.array([[arb(entry) for entry in vector] for vector in basis], dtype=object)
        return found.reshape(len(basis), rows.shape[1]).T
    count = len(rows)
    if not count:
        return kernel_of(rows)
    rank = np.linalg.matrix_rank(doubles(rows), tol=1e-9)
    for chosen in combinations(range(count), int(rank)):
        flat = kernel_of(rows[list(chosen)])
        if flat is not None:
            rest = rows @ flat
            others = [k for k in range(count) if k not in chosen]
            return flat if all(entry == 0 for entry in rest[others].ravel()) else None
    return None


def kernel_of_dependent(rows: np.ndarray) -> np.ndarray | None:
    """Return a basis of {d : rows d = 0}, or of a larger space; None if the rank is in doubt."""
    rank = np.linalg.matrix_rank(doubles(rows), tol=1e-9) if len(rows) else 0
    return kernel_of(rows[pivots_of(doubles(rows).T)[:rank] if len(rows) else []])


def top_direction(matrix: np.ndarray, norms: np.ndarray) -> np.ndarray:
    """Return the vector with the largest quotient |matrix v|^2 / (v . norms v), in balls.

    Raises
    ------
    ValueError
        If the largest quotient is not proved to be a simple one.
    ZeroDivisionError
        If the norms are not proved to be positive.
    """
    if norms.shape == (1, 1):
        return np.array([arb(1)], dtype=object)
    inverse = matrix_of(arb_mat(norms.tolist()).inv())
    if len(matrix) == 1:
        return inverse @ matrix[0]
    values, vectors = arb_mat((inverse @ matrix.T @ matrix).tolist()).eig(right=True)
    best = max(range(len(values)), key=lambda k: float(values[k].real.mid()))
    return np.array([vectors[k, best].real for k in range(len(norms))], dtype=object)


def signs_of(rows: np.ndarray, exact: list[Vector] | None) -> Iterator[str]:
    """Yield signs of rows . v that contain those of all v != 0; more if rows are not exact.

    Raises
    ------
    ZeroDivisionError
        If rows are too near to dependent ones.
    """
    if exact is not None:
        yield from (signs for signs in covectors(exact) if signs.strip("0"))
    elif len(rows) <= MOST_GUESSED:
        yield from ("".join(signs) for signs in product("+-0", repeat=len(rows)))
    else:
        yield from _completed_rays(rows)


def _completed_rays(rows: np.ndarray) -> Iterator[str]:
    """Yield signs of faces as those of their rays, completed in all ways where rays are 0."""
    seen: set[str] = set()
    if len(rows) < rows.shape[1] - 1:
        raise ZeroDivisionError("too few rows for rays")
    for chosen in combinations(range(len(rows)), rows.shape[1] - 1):
        ray = kernel_of(rows[list(chosen)])
        if ray is None:
            raise ZeroDivisionError("rows that may be dependent")
        products = rows @ ray[:, 0]
        for sign in (1, -1):
            texts = ["+" if p * sign > 0 else "-" if p * sign < 0 else "+-0" for p in products]
            for signs in product(*texts):
                text = "".join(signs)
                if text not in seen:
                    seen.add(text)
                    yield text
