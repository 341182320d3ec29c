"""The centre system of a box, and how far its groups move the weights (Lemmas 48, 49)."""

from typing import NamedTuple

import numpy as np

from reluenum.engines.branch.circle import FIRST, LAST, ONE, B, C, Circle
from reluenum.engines.branch.columns import (
    BEGIN,
    COLUMN,
    COLUMNS,
    COSINE,
    END,
    FACTOR,
    FREE,
    GOAL,
    GROUP,
    LEFT,
    PARTS,
    RIGHT,
    SIDE,
    SINGLE,
    VB,
    VC,
    VONE,
    inner_products,
    response,
)
from reluenum.engines.branch.compiled import inlined

LARGEST_CONDITION, GOOD_CONDITION = 1e10, 1e8
"""Of the scaled Gram matrix of the columns, and so that a checker knows the slopes as well."""

ROUGH = 2.0**-43
"""About what a checker does not know of an inner product, relative to its factors."""

MARGIN = 1e-8
"""By which an inequality has to hold, relative to the numbers that it is computed from."""

SUMMED = ROUGH / MARGIN
"""What sums over the data add to these numbers: differences of large ones may be 0."""

LIGHTEST = 1e-6
"""Least l . phi of a vertex of a hull."""

TRUSTED = 10.0
"""The largest weight is taken instead of one at the centre if it is at most so many times that."""

GRAM, INVERSE, JOINT, SCRATCH = range(4)
"""Matrices: of the columns, its inverse H, M of the joint bound, and room for eliminations."""

CENTRE, NOISE, FREEDOM, LEAST, MOST, BOUND, SOLVED, CENTRAL, ENTRIES = range(9)
"""Vectors: weights at the centre, the sizes of what they are made of, how much the right sides may
be wrong, bounds of the weights of groups, a and z of the joint bound, gamma of the slope at a
centre, inner products with the columns."""

WEIGHT, CENTRED = 3, 4
"""Of a vertex, after coordinates and sum: l . phi, and what the slope at a centre makes of it."""

VALUE, SLACK, LOW, HIGH, USED = range(5)
"""Of a slope: at the centre, rounding, bounds, whether it counts."""

VERTICES, AT, BASE = range(3)
"""Of a unit: where its vertices and its slopes begin, and the cell of the first slope."""

SWING, LEVER, TOP = range(3)
"""Of a group: oscillation of its slopes at the centre, half width over cosine, largest weight."""


class Work(NamedTuple):
    """What is computed of a box, in arrays that are used again and again.

    Parameters
    ----------
    matrices : (4, N, 2 N) array
    vectors : (9, N) array
    shifts : (COLUMNS, PARTS, 2) array
        How far a group moves a weight down and up, for its own weight one.
    vertices : (V, 5) array
    spans : (V, 2) array of int
        Of a vertex its inputs.
    dots : (COLUMNS, V) array
        Inner products of the columns with the vertices.
    line : (V,) array
        Those of another function.
    places : (3, PARTS + 1) array of int
    groups : (PARTS, 3) array
    slopes : (S, 5) array
    gamma : (S, COLUMNS) array
    bends : (S, PARTS, 2) array
        As `shifts`, of slopes.
    """

    matrices: np.ndarray
    vectors: np.ndarray
    shifts: np.ndarray
    vertices: np.ndarray
    spans: np.ndarray
    dots: np.ndarray
    line: np.ndarray
    places: np.ndarray
    groups: np.ndarray
    slopes: np.ndarray
    gamma: np.ndarray
    bends: np.ndarray


def empty_work(circle: Circle) -> Work:
    """Return room for the boxes of a circle."""
    vertices, slopes = 2 * len(circle.edges) + 16, 4 * len(circle.edges) + 32
    unknowns = COLUMNS + PARTS
    return Work(
        np.zeros((4, unknowns, 2 * unknowns)),
        np.zeros((9, unknowns)),
        np.zeros((COLUMNS, PARTS, 2)),
        np.zeros((vertices, 5)),
        np.zeros((vertices, 2), dtype=np.int64),
        np.zeros((COLUMNS, vertices)),
        np.zeros(vertices),
        np.zeros((3, PARTS + 1), dtype=np.int64),
        np.zeros((PARTS, 3)),
        np.zeros((slopes, 5)),
        np.zeros((slopes, COLUMNS)),
        np.zeros((slopes, PARTS, 2)),
    )


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
    """Invert a symmetric matrix, scaled; return its condition, infinity if it may be singular."""
    for i in range(size):
        if not matrix[i, i] > 0:
            return np.inf
    for i in range(size):
        for j in range(size):
            work[i, j] = matrix[i, j] / np.sqrt(matrix[i, i] * matrix[j, j])
            work[i, size + j] = 1.0 if i == j else 0.0
    if not eliminate(work, size, 2 * size, 1 / LARGEST_CONDITION):
        return np.inf
    largest = 0.0
    for i in range(size):
        for j in range(size):
            largest = max(largest, abs(work[i, size + j]))
            out[i, j] = work[i, size + j] / np.sqrt(matrix[i, i] * matrix[j, j])
    return largest if largest < LARGEST_CONDITION else np.inf


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


@inlined
def solve_centre(circle, box, work, size):
    """Find H and the weights at the centre; return the condition of the columns."""
    columns, ranges, gram, H = box.columns, box.ranges, work.matrices[GRAM], work.matrices[INVERSE]
    t, noise, goal = work.vectors[CENTRE], work.vectors[NOISE], work.vectors[ENTRIES]
    moments, share = circle.moments, circle.share
    for i in range(size):
        b, c, one = columns[i, VB], columns[i, VC], columns[i, VONE]
        lo, hi = ranges[i, BEGIN], ranges[i, END]
        goal[i] = columns[i, FACTOR] * response(moments, share, b, c, lo, hi, one)
        goal[i] -= columns[i, GOAL]
        inner_products(moments, share, columns, ranges, size, b, c, lo, hi, one, gram[i])
        for j in range(size):
            gram[i, j] *= columns[i, FACTOR] * columns[j, FACTOR]
    condition = inverse(gram, size, H, work.matrices[SCRATCH])
    if condition == np.inf:
        return condition
    for i in range(size):
        t[i] = noise[i] = 0.0
        for j in range(size):
            t[i] += H[i, j] * goal[j]
            noise[i] += abs(H[i, j]) * (abs(goal[j]) + SUMMED * circle.sizes[0])
    rough = 0.0
    for i in range(size):
        rough += ROUGH * np.sqrt(gram[i, i]) * abs(t[i])
    for i in range(size):
        columns[i, FREE] += rough * np.sqrt(gram[i, i])
    return condition


@inlined
def find_vertices(circle, box, work, number, size):
    """Find the vertices of the hulls of groups; return whether all are seen from the centre."""
    edges, columns, ranges = circle.edges, box.columns, box.ranges
    vertices, spans, places = work.vertices, work.spans, work.places
    moments, share, row = circle.moments, circle.share, 0
    for u in range(number):
        places[VERTICES, u] = row
        if box.units[u, SINGLE] == 0:
            for k in range(box.units[u, LEFT], box.units[u, RIGHT] + 1):
                vertices[row, 0], vertices[row, 1] = edges[k, B], edges[k, C]
                vertices[row, 2] = edges[k, ONE]
                spans[row, 0], spans[row, 1] = circle.spans[k, FIRST], circle.spans[k, LAST]
                row += 1
    places[VERTICES, number] = row
    for i in range(size):
        b, c, one = columns[i, VB], columns[i, VC], columns[i, VONE]
        lo, hi, g, dots = ranges[i, BEGIN], ranges[i, END], ranges[i, GROUP], work.dots[i]
        inner_products(moments, share, vertices, spans, row, b, c, lo, hi, one, dots)
        if g >= 0:
            square, largest = work.matrices[GRAM, i, i] + share * one * one, 0.0
            for k in range(places[VERTICES, g], places[VERTICES, g + 1]):
                vertices[k, WEIGHT] = (dots[k] + share * one * vertices[k, 2]) / square
                if not vertices[k, WEIGHT] > LIGHTEST:
                    return False
                largest = max(largest, vertices[k, WEIGHT])
            work.groups[g, TOP] = circle.most * largest / box.shapes[g, COSINE]
        for k in range(row):
            dots[k] *= columns[i, FACTOR]
    return True


@inlined
def size_of(t, top):
    """Return a and b with which a weight is at most a + b |its difference from t|."""
    return (top, 0.0) if top <= TRUSTED * abs(t) else (abs(t), 1.0)


@inlined
def find_shifts(box, work, number, size):
    """Find how far groups move the weights; return whether there can be a joint bound."""
    M, bound, t = work.matrices[JOINT], work.vectors[BOUND], work.vectors[CENTRE]
    H, gram, dots, vertices = work.matrices[INVERSE], work.matrices[GRAM], work.dots, work.vertices
    for i in range(size + number):
        bound[i] = 0.0
        for j in range(size + number):
            M[i, j] = 0.0
    for g in range(number):
        if box.units[g, SINGLE] == 1:
            continue
        c = box.units[g, COLUMN]
        for j in range(size):
            down, up, middle = np.inf, -np.inf, 0.0
            for i in range(size):
                middle += H[j, i] * gram[i, c]
            middle *= box.units[g, SIDE]
            for row in range(work.places[VERTICES, g], work.places[VERTICES, g + 1]):
                entry = 0.0
                for i in range(size):
                    entry += H[j, i] * dots[i, row]
                entry = entry / vertices[row, WEIGHT] - middle
                down, up = min(down, entry), max(up, entry)
            work.shifts[j, g, 0], work.shifts[j, g, 1] = down, up
            constant, factor = size_of(t[c], work.groups[g, TOP])
            bound[j] += constant * max(-down, up)
            M[j, c] += factor * max(-down, up)
    return joint(M, bound, size, work.vectors[SOLVED], work.matrices[SCRATCH])
