"""How many faces data can have, of which only the size is known."""

from math import comb


def face_bound(size: int, dimension: int) -> int:
    """Return how many faces at most n points in dimension d can cut; attained in general position.

    Parameters
    ----------
    size, dimension : int
        Number n of distinct data points and dimension d of the inputs.

    Notes
    -----
    Choosing j of the hyperplanes leaves an arrangement of the other n - j in dimension
    d + 1 - j, with 2 sum_{k <= d-j} C(n-j-1, k) cells (Cover 1965); the origin adds one.
    """
    return 1 + sum(
        comb(size, j) * _cells_bound(size - j, dimension - j)
        for j in range(min(size - 1, dimension) + 1)
    )


def _cells_bound(size: int, dimension: int) -> int:
    """Cells of `size` central hyperplanes in general position in R^(dimension + 1)."""
    return 2 * sum(comb(size - 1, k) for k in range(dimension + 1))
