"""The centre system of a box (Lemma 49): guesses, and how far they are from what they stand for."""

from typing import NamedTuple

import numpy as np

from ..trees.machine import inlined
from ..trees.numbers import inverse_of
from .columns import Columns, edges_of
from .line import Array, Tables
from .sums import UNSURE, UP, Output, Pair, at_ray, inner, plain, pull


class Centre(NamedTuple):
    """H, t, and what is left over; and the vertices that Delta of a hull lies between.

    Delta of a hull is a mean of phi(v) / l . phi(v) - phi(c) over boundaries v (Lemma 48), l being
    phi(c) over its square. Numbers have their sizes beside them (see `sums`).
    """

    columns: Columns
    inverse: Array  # H
    weights: Array  # t
    gram: Array  # G
    gram_size: Array
    omega: Array
    left: Array  # bounds of how much omega may be wrong
    tops: Array  # bounds of tau
    defect: Array  # bounds of 1 - H G
    first: Array  # vertex of each hull, and the number of all
    scale: Array  # 1 / l . phi(v)
    scale_size: Array
    dots: Array  # psi . R (vertex)
    dots_size: Array  # the largest one of each hull


@inlined
def column(columns: Columns, k: int) -> Output:
    """Return a column as an output."""
    sites, vectors = columns.sites, columns.vectors
    return sites[k, 0], sites[k, 1], vectors[k, 0], vectors[k, 1]


@inlined
def centre_of(table: Tables, columns: Columns) -> tuple[bool, Centre]:
    """Return the centre system; and whether l . phi is positive on all hulls.

    t is a guess that is possible: what it lacks is in omega.
    """
    size = len(columns.beta)
    gram, gram_size, right, left = equations(table, columns)
    good, vertices = vertices_of(table, columns)
    tops = caps_of(table, columns, vertices)
    found, weights = inverse_of(gram), np.zeros(size)
    for k in range(size):
        for m in range(size):
            weights[k] += found[k, m] * right[m]
        weights[k] = min(max(weights[k], 0.0), tops[k])
    for k in range(size):
        right[k], length = remainder(gram, gram_size, weights, k, right[k], left[k])
        left[k] = UNSURE * length
    defect = defect_of(found, gram, gram_size)
    guesses = found, weights, gram, gram_size, right, left, tops, defect
    return good, Centre(columns, *guesses, *vertices)


@inlined
def equations(table: Tables, columns: Columns) -> tuple[Array, Array, Array, Array]:
    """Return G and Psi'Ry - beta, each with sizes."""
    size = len(columns.beta)
    gram, gram_size = np.empty((size, size)), np.empty((size, size))
    right, left = np.empty(size), np.empty(size)
    for k in range(size):
        value, pulled = pull(table.sums, column(columns, k))
        right[k], left[k] = value - columns.beta[k], pulled + abs(columns.beta[k])
        for m in range(size):
            pair = inner(table.sums, column(columns, k), column(columns, m))
            gram[k, m], gram_size[k, m] = pair
    return gram, gram_size, right, left


@inlined
def remainder(
    matrix: Array, sizes: Array, vector: Array, k: int, value: float, size: float
) -> Pair:
    """Return value - (matrix vector)_k, of numbers with sizes."""
    for m in range(len(vector)):
        value -= matrix[k, m] * vector[m]
        size += sizes[k, m] * abs(vector[m])
    return value, size


@inlined
def leftover(
    matrix: Array, sizes: Array, vector: Array, k: int, value: float, size: float
) -> float:
    """Return a bound of its absolute value."""
    found = remainder(matrix, sizes, vector, k, value, size)
    return abs(found[0]) + UNSURE * found[1]


@inlined
def defect_of(inverse: Array, gram: Array, gram_size: Array) -> Array:
    """Return bounds of 1 - H G; G is symmetric."""
    size = len(gram)
    found = np.empty((size, size))
    for i in range(size):
        for k in range(size):
            one = 1.0 if i == k else 0.0
            found[i, k] = leftover(gram, gram_size, inverse[i], k, one, one)
    return found


@inlined
def vertices_of(table: Tables, columns: Columns) -> tuple[bool, tuple]:
    """Return the vertices of hulls; and whether l . phi > 0 on all of them."""
    count = len(columns.groups)
    first = np.zeros(count + 1, np.int64)
    for g in range(count):
        a, b = edges_of(columns.groups[g, 1], columns.groups[g, 2])
        first[g + 1] = first[g] + (b - a + 1 if columns.groups[g, 3] else 0)
    number, size = first[count], len(columns.beta)
    scale, scale_size = np.empty(number), np.empty(number)
    dots, dots_size = np.empty((number, size)), np.zeros((count, size))
    good = True
    for g in range(count):
        if good and columns.groups[g, 3]:
            pairs = (scale, scale_size, dots, dots_size)
            good = _vertices(table, columns, g, first[g], pairs)
    return good, (first, scale, scale_size, dots, dots_size)


@inlined
def _vertices(table: Tables, columns: Columns, g: int, start: int, out: tuple) -> bool:
    """Claim 182: Delta of a hull is a mean of vertices (Lemma 48), if all l . phi > 0.

    Of l . phi(v) = A / B the inverse is B / A.
    """
    scale, scale_size, dots, dots_size = out
    sign = columns.groups[g, 0]
    a, b = edges_of(columns.groups[g, 1], columns.groups[g, 2])
    c = column(columns, columns.own[g])
    square, square_size = plain(table.sums, c, c)
    for v in range(start, start + b - a + 1):
        ray = at_ray(table, a + v - start)
        value, size = plain(table.sums, c, ray)
        value, least = sign * value, sign * value - UNSURE * size
        if not least > 0:
            return False
        scale[v] = square / value
        scale_size[v] = (square_size + square * size / least) / least
        for k in range(len(columns.beta)):
            psi = column(columns, k)
            pair, at_c = inner(table.sums, psi, ray), inner(table.sums, psi, c)
            dots[v, k] = pair[0] * scale[v] - sign * at_c[0]
            more = (abs(pair[0]) + UNSURE * pair[1]) * scale_size[v] + pair[1] * scale[v]
            dots_size[g, k] = max(dots_size[g, k], more + at_c[1])
    return True


@inlined
def caps_of(table: Tables, columns: Columns, vertices: tuple) -> Array:
    """Claim 183: bounds of tau, as the sum of all t is bounded (Lemma 46).

    Of a combination of two boundaries with positive coefficients, the length is at least their sum
    times cos(w / 2). This bounds coefficients by t, and l . phi by those of boundaries.
    """
    first, scale, scale_size, _, _ = vertices
    caps = np.empty(len(columns.beta))
    for k in range(len(caps)):
        e = columns.edges[k]
        caps[k] = max(table.secants[e - 1], table.secants[e]) if e >= 0 else 1.0
    for g in range(len(columns.groups)):
        own, largest = columns.own[g], 0.0
        for m in range(first[g], first[g + 1]):
            least = scale[m] - UNSURE * scale_size[m]
            largest = max(largest, 1 / least) if least > 0 else np.inf
        a, b = edges_of(columns.groups[g, 1], columns.groups[g, 2])
        for e in range(a, b * (own >= 0)):
            caps[own] = max(caps[own], largest * table.secants[e])
    for k in range(len(caps)):
        caps[k] *= table.most * UP
    return caps
