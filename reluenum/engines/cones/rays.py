"""The rays of the arrangement, exactly: which sites see them, and where edges meet hyperplanes.

Sites are the distinct inputs in ascending order. Ray 2k + 1 is the opposite of ray 2k.
"""

from collections.abc import Sequence
from itertools import combinations
from math import comb
from typing import NamedTuple

import numpy as np
from flint import fmpz_mat

from reluenum.algebra.linear import Vector, common_denominator
from reluenum.engines.branch.compiled import struct
from reluenum.problem import Problem

WORD = 64
"""Sites in a word of a set."""

SMALL = 1 << 62
"""Integers up to here are sums and products of machine integers."""


class Rays(NamedTuple):
    """The rays of p sites in D dimensions, and the data in doubles.

    Parameters
    ----------
    signs : (R, p) array of int8
        Of the sites at each ray, exact.
    unit : (R, D) array
        Unit vectors.
    zeros : (R, words) array of uint64
        Sets of the sites that are 0 at each ray.
    dead : (R,) array of bool
        Whether no site is positive.
    lines : (C(p, D - 1),) array of int32
        For each set of D - 1 sites, by its rank, the number of the line on which they are 0; -1 if
        they are dependent.
    choose : (p + 1, D + 1) array of int
        Binomial coefficients; the rank of i < j < ... is C(i, 1) + C(j, 2) + ...
    base : (D,) array of int
        Independent sites.
    most : int
        No cone has more extreme rays.
    rows : (p, D) array
        Inputs (x, 1), each times the root of the weight of the data points that have it.
    target : (p,) array
        Means of their targets, times the same.
    ones : (p,) array
        The same roots.
    share : float
        R subtracts this share of the sum (Lemma 1).
    ridge, energy : float
        The effective ridge, and y' R y.
    caution : float
        How many times the usual margin inequalities have to hold by.
    """

    signs: np.ndarray
    unit: np.ndarray
    zeros: np.ndarray
    dead: np.ndarray
    lines: np.ndarray
    choose: np.ndarray
    base: np.ndarray
    most: int
    rows: np.ndarray
    target: np.ndarray
    ones: np.ndarray
    share: float
    ridge: float
    energy: float
    caution: float


@struct
class Sky:
    """The same inside of compiled functions."""

    __annotations__ = Rays.__annotations__


def rays_of(problem: Problem) -> Rays:
    """Return the rays of a problem whose inputs (x, 1) span all dimensions.

    Examples
    --------
    >>> square = [[0, 0], [0, 1], [1, 0], [1, 1]]
    >>> rays = rays_of(Problem.from_arrays(square, [0, 1, 1, 0], width=1, ridge=0.5))
    >>> len(rays.signs), rays.base.tolist(), int(rays.dead.sum())
    (12, [0, 1, 2], 4)
    """
    sites = [problem.sites[k] for k in sites_in_order(problem)]
    integers = _integers([site.row for site in sites])
    p, size = integers.shape
    vectors, lines = _lines_of(integers)
    half = np.sign(_products(vectors, integers)).astype(np.int8)
    signs = np.stack([half, -half], axis=1).reshape(-1, p)
    largest = np.abs(vectors).max(axis=1)
    unit = (vectors / largest[:, None]).astype(float)
    unit /= np.linalg.norm(unit, axis=1)[:, None]
    roots = np.sqrt([float(site.weight) for site in sites])
    rows = np.array([[float(entry) for entry in site.row] for site in sites])
    return Rays(
        signs,
        np.stack([unit, -unit], axis=1).reshape(-1, size),
        _sets(signs == 0),
        (signs <= 0).all(axis=1),
        lines,
        np.array([[comb(n, k) for k in range(size + 1)] for n in range(p + 1)]),
        np.array(_base(integers)),
        _most_rays(p, size),
        rows * roots[:, None],
        np.array([float(site.mean) for site in sites]) * roots,
        roots,
        float(problem.outer.bias_share),
        float(problem.effective_ridge),
        float(problem.energy),
        1.0,
    )


def _integers(rows: Sequence[Vector]) -> np.ndarray:
    """Return integer multiples of rational rows, in machine integers if they are small."""
    scaled = []
    for row in rows:
        factor = common_denominator(row)
        scaled.append([int((entry * factor).p) for entry in row])
    size = len(scaled[0])
    largest = max(abs(entry) for row in scaled for entry in row)
    small = size * comb(size, size // 2) * 24 * largest**size < SMALL and size < 6
    return np.array(scaled, dtype=np.int64 if small else object)


def _products(vectors: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return vectors @ rows.T


def _lines_of(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return an integer vector on each line of the arrangement, and the line of each set."""
    p, size = rows.shape
    chosen = np.array(list(combinations(range(p), size - 1)))
    vectors = _orthogonal_vectors(rows[chosen])
    common = np.gcd.reduce(vectors, axis=1)
    known = common != 0
    vectors[known] //= common[known, None]
    first = (vectors != 0).argmax(axis=1)
    vectors *= np.sign(vectors[np.arange(len(vectors)), first])[:, None]
    rank = sum(np.array([comb(i, k + 1) for i in range(p)])[chosen[:, k]] for k in range(size - 1))
    number: dict[tuple[int, ...], int] = {}
    lines = np.full(len(chosen), -1, dtype=np.int32)
    for place, vector in zip(rank[known].tolist(), vectors[known].tolist(), strict=True):
        lines[place] = number.setdefault(tuple(vector), len(number))
    return np.array(list(number), dtype=rows.dtype), lines


def _orthogonal_vectors(matrices: np.ndarray) -> np.ndarray:
    """Return the vectors of minors of (K, m, m + 1) matrices: orthogonal to their rows."""
    size = matrices.shape[2]
    columns = np.arange(size)
    minors = [(-1) ** j * _determinants(matrices[:, :, columns != j]) for j in range(size)]
    return np.stack(minors, axis=1)


def _determinants(matrices: np.ndarray) -> np.ndarray:
    size = matrices.shape[1]
    if size == 1:
        return matrices[:, 0, 0]
    columns = np.arange(size)
    return sum(
        (-1) ** j * matrices[:, 0, j] * _determinants(matrices[:, 1:, columns != j])
        for j in range(size)
    )


def _sets(members: np.ndarray) -> np.ndarray:
    """Return sets as words, (R, words)."""
    words = -(-members.shape[1] // WORD)
    padded = np.zeros((len(members), words * WORD), dtype=np.uint64)
    padded[:, : members.shape[1]] = members
    weights = np.uint64(1) << np.arange(WORD, dtype=np.uint64)
    return (padded.reshape(len(members), words, WORD) * weights).sum(axis=2, dtype=np.uint64)


def _base(rows: np.ndarray) -> list[int]:
    """Return the first sites whose rows are independent."""
    chosen: list[int] = []
    for k in range(len(rows)):
        matrix = fmpz_mat([[int(entry) for entry in rows[i]] for i in (*chosen, k)])
        if matrix.rank() == len(chosen) + 1:
            chosen.append(k)
    return chosen


def _most_rays(p: int, size: int) -> int:
    """Return the number of vertices of a dual cyclic polytope with p facets (upper bound)."""
    if size == 2:
        return 2
    low, high = (size - 1) // 2, size // 2
    return max(p, comb(p - high, low) + comb(p - low - 1, high - 1), 1 << (size - 1))


def sites_in_order(problem: Problem) -> list[int]:
    """Return the sites of a problem in ascending order of their inputs."""
    return sorted(range(len(problem.sites)), key=lambda k: problem.sites[k].row)


def base_of(problem: Problem) -> list[int]:
    """Return as many independent sites as there are, by their numbers in order."""
    return _base(_integers([problem.sites[k].row for k in sites_in_order(problem)]))
