"""The circle of directions of a hidden unit on inputs on a line, as arrays of doubles.

Live faces are numbered around it: cell, ray, cell, ..., cell. Cell j lies between the boundaries
j and j + 1; the boundaries 0 and 2p - 1 see no data. Nothing here is rigorous: what is found with
it is proved by others.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from flint import fmpq

from reluenum.engines.trees.tree import BoxTree, Leaf
from reluenum.geometry.arrangement import Face
from reluenum.problem import OutputBias, Problem

ANGLE, B, C, ONE = range(4)
"""Columns of `Circle.edges`."""

FIRST, LAST, START, STOP = range(4)
"""Columns of `Circle.spans`."""


class Circle(NamedTuple):
    """Boundaries, cells and moments of p distinct inputs, ascending.

    Parameters
    ----------
    edges : (2p, 4) array
        Of each boundary the angle, the coordinates b and c of its unit vector, and the sum over the
        data of what a unit there gives.
    spans : (2p, 4) array of int
        The inputs on which a boundary is active, and those on which the cell of that number is:
        first ones, and one past the last ones.
    moments : (5, p + 1) array
        Sums of 1, x, x^2, y, x y over the data of the first inputs, weighted.
    sizes : (2,) array
        Sums of (1 + |x|) |y| and of (1 + |x|)^2 over the data: what rounding errors go by of inner
        products of outputs on unit vectors, with y and with each other.
    share : float
        R subtracts this share of the sum (Lemma 1).
    ridge : float
    most : float
        No minimum has weights with a larger sum (Lemma 46).
    ends : (2,) array
        The largest and the smallest input.
    blind : (3,) array of bool
        Whether the first, the last, and the middle cell hold no unit. With one active input x a
        unit is a multiple of (x, 1), which does not see the next input x' only if x x' + 1 < 0.
        With a free output bias the residual has the sum 0, and a unit that sees all inputs is
        (1, 0) or (-1, 0), so that these have one sign.
    flat : bool
        Whether the output bias is free.
    caution : float
        How many times the usual margin inequalities have to hold by.
    """

    edges: np.ndarray
    spans: np.ndarray
    moments: np.ndarray
    sizes: np.ndarray
    share: float
    ridge: float
    most: float
    ends: np.ndarray
    blind: np.ndarray
    flat: bool
    caution: float

    @property
    def faces(self) -> int:
        """The number of live faces."""
        return 2 * len(self.edges) - 3


def circle_of(problem: Problem) -> Circle:
    """Return the circle of a problem with inputs on a line.

    Examples
    --------
    >>> circle = circle_of(Problem.from_arrays([3, 0, 1], [0, 2, 1], width=1, ridge=0.5))
    >>> circle.faces
    9
    >>> circle.spans[:5, START:].tolist()
    [[2, 3], [1, 3], [0, 3], [0, 2], [0, 1]]
    """
    sites = problem.ascending
    size, inputs = len(sites), [site.row[0] for site in sites]
    moments = np.zeros((5, size + 1))
    running = [fmpq(0)] * 5
    for k, site in enumerate(sites):
        x, y = inputs[k], site.mean
        running = [
            t + site.weight * v for t, v in zip(running, (1, x, x * x, y, x * y), strict=True)
        ]
        moments[:, k + 1] = [float(total) for total in running]
    right = np.stack([np.ones(size), -np.array([float(x) for x in inputs[::-1]])])
    b, c = np.concatenate([right, -right], axis=1)
    flat = problem.output_bias is OutputBias.FREE
    length, edge = np.hypot(b, c), np.arange(2 * size)
    first = np.where(edge < size, size - edge, 0)
    last = np.where(edge < size, size, 2 * size - 1 - edge)
    start = np.where(edge < size, size - 1 - edge, 0)
    counts, totals = (moments[k, last] - moments[k, first] for k in (0, 1))
    return Circle(
        np.stack([np.unwrap(np.arctan2(c, b)), b, c, b * totals + c * counts], axis=1)
        / np.stack([np.ones(2 * size), length, length, length], axis=1),
        np.stack([first, last, start, last], axis=1),
        moments,
        _sum_sizes(problem),
        float(problem.outer.bias_share),
        float(problem.effective_ridge),
        float(problem.energy / (4 * problem.effective_ridge)),
        np.array([float(inputs[-1]), float(inputs[0])]),
        np.array(
            [
                inputs[-1] * inputs[-2] + 1 >= 0,
                inputs[0] * inputs[1] + 1 >= 0,
                flat and inputs[0] <= 0 <= inputs[-1],
            ]
        ),
        flat,
        1.0,
    )


def _sum_sizes(problem: Problem) -> np.ndarray:
    """Return what rounding errors of sums over the data go by."""
    sites = problem.ascending
    x, y, weights = np.array(
        [[float(abs(n)) for n in (s.row[0], s.mean, s.weight)] for s in sites]
    ).T
    return np.array([weights @ ((1 + x) * y), weights @ (1 + x) ** 2])


def circle_numbers(problem: Problem, faces: Sequence[Face]) -> np.ndarray:
    """Return for each live face of a problem on a line where it is on the circle.

    Examples
    --------
    >>> from reluenum.geometry.geometry import Geometry
    >>> problem = Problem.from_arrays([0, 1], [0, 2], width=1, ridge=0.5)
    >>> live = Geometry.of(problem).arrangement.live_faces
    >>> {f.signs: int(k) for f, k in zip(live, circle_numbers(problem, live), strict=True)}
    {'++': 2, '+-': 4, '+0': 3, '-+': 0, '0+': 1}
    """
    largest = len(problem.sites) - 1
    numbers = []
    for face in faces:
        start, stop = face.span
        right = 2 * (stop - start) - face.dimension
        numbers.append(right if stop > largest else 4 * largest - right)
    return np.array(numbers)


def leaves_on_line(problem: Problem, faces: Sequence[Face], tree: BoxTree) -> list[Leaf]:
    """Return the leaves of a tree with the numbers of live faces for those around the circle."""
    number = np.argsort(circle_numbers(problem, faces)).tolist()
    return [(signs, tuple(number[place] for place in places)) for signs, places in tree.leaves]
