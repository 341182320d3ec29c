"""The circle of directions of a hidden unit on inputs on a line, as arrays of doubles.

Live faces are numbered around it: cell, ray, cell, ..., cell. Cell j lies between the boundaries
j and j + 1; the boundaries 0 and 2p - 1 see no data. Nothing here is rigorous: what is found with
it is proved by others.
"""

from typing import NamedTuple

import numpy as np

from reluenum.problem import Problem


class Circle(NamedTuple):
    """Boundaries, cells and moments of p distinct inputs, ascending.

    Parameters
    ----------
    angle, b, c : (2p,) array
        Of the unit vectors on the boundaries, in the coordinates (b, c).
    start, stop : (2p - 1,) array of int
        The inputs on which a cell is active.
    first, last : (2p,) array of int
        The inputs on which a boundary is active.
    moments : (6, p + 1) array
        Sums of 1, x, x^2, y, x y over the data of the first inputs; the inputs themselves.
    share : float
        R subtracts this share of the sum (Lemma 1).
    ridge : float
    one : (2p,) array
        The sum over the data of what a unit on a boundary gives.
    ends : (2,) array
        The largest and the smallest input.
    blind : (2,) array of bool
        Whether the first and the last cell hold no unit: with one active input x a unit is a
        multiple of (x, 1), which does not see the next input x' only if x x' + 1 < 0.
    """

    angle: np.ndarray
    b: np.ndarray
    c: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    first: np.ndarray
    last: np.ndarray
    moments: np.ndarray
    share: float
    ridge: float
    one: np.ndarray
    ends: np.ndarray
    blind: np.ndarray

    @property
    def faces(self) -> int:
        """The number of live faces."""
        return 2 * len(self.start) - 1


def circle_of(problem: Problem) -> Circle:
    """Return the circle of a problem with inputs on a line.

    Examples
    --------
    >>> circle = circle_of(Problem.from_arrays([3, 0, 1], [0, 2, 1], width=1, ridge=0.5))
    >>> circle.faces
    9
    >>> list(zip(map(int, circle.start), map(int, circle.stop)))
    [(2, 3), (1, 3), (0, 3), (0, 2), (0, 1)]
    """
    sites = sorted(problem.sites, key=lambda site: site.row[0])
    exact = [(site.count, site.count * site.row[0]) for site in sites]
    columns = [
        [
            count,
            total,
            total * site.row[0],
            count * site.mean,
            total * site.mean,
        ]
        for (count, total), site in zip(exact, sites, strict=True)
    ]
    size, ends = len(sites), [site.row[0] for site in sites]
    moments = np.zeros((6, size + 1))
    running = [columns[0][0] * 0] * 5
    for k, column in enumerate(columns):
        running = [total + entry for total, entry in zip(running, column, strict=True)]
        moments[:5, k + 1] = [float(entry) for entry in running]
    inputs = np.array([float(site.row[0]) for site in sites])
    moments[5, :size] = inputs
    right = np.stack([np.ones(size), -inputs[::-1]])
    vectors = np.concatenate([right, -right], axis=1)
    b, c = vectors / np.hypot(*vectors)
    angle = np.unwrap(np.arctan2(c, b))
    cell = np.arange(2 * size - 1)
    edge = np.arange(2 * size)
    first = np.where(edge < size, size - edge, 0)
    last = np.where(edge < size, size, 2 * size - 1 - edge)
    counts, totals = (moments[k, last] - moments[k, first] for k in (0, 1))
    return Circle(
        angle,
        b,
        c,
        np.where(cell < size, size - 1 - cell, 0),
        np.where(cell < size, size, 2 * size - 1 - cell),
        first,
        last,
        moments,
        float(problem.bias_share),
        float(problem.effective_ridge),
        b * totals + c * counts,
        np.array([float(ends[-1]), float(ends[0])]),
        np.array([ends[-1] * ends[-2] + 1 >= 0, ends[0] * ends[1] + 1 >= 0]),
    )
