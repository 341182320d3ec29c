"""How many faces data can have, of which only the size is known."""

from math import comb


def face_bound(size: int, dimension: int) -> int:
    """Return how many faces at most n points in dimension d can cut; attained in general position.

    Parameters
    ----------
    size, dimension : int
        Number n of distinct data points and dimension d of the inputs, of which without hidden
        bias there is one less (Lemma 65).

    Notes
    -----
    Choosing j of the hyperplanes leaves an arrangement of the other n - j in dimension
    d + 1 - j, with 2 sum_{k <= d-j} C(n-j-1, k) cells (Cover 1965); the origin adds one.
    """
    return 1 + 2 * sum(
        comb(size, j) * comb(size - j - 1, k)
        for j in range(min(size - 1, dimension) + 1)
        for k in range(dimension - j + 1)
    )
