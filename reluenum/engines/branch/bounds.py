"""Bounds of a box (Lemmas 48 to 51): which weights and slopes its minima can have."""

from typing import NamedTuple

import numpy as np

from reluenum.engines.branch.circle import FIRST, LAST, ONE, START, STOP, B, C, Circle
from reluenum.engines.branch.columns import (
    BEGIN,
    COLUMN,
    COLUMNS,
    COSINE,
    EMPTY,
    END,
    FACTOR,
    FREE,
    FROM,
    GOAL,
    GROUP,
    HALF,
    LEFT,
    MIDDLE,
    PARTS,
    RIGHT,
    SIDE,
    SINGLE,
    TO,
    UNIT,
    VB,
    VC,
    VONE,
    find_columns,
    find_units,
    inner_products,
    response,
    sum_over,
)
from reluenum.engines.branch.compiled import inlined
from reluenum.engines.branch.systems import inverse, joint

MARGIN = 1e-9
"""By which an inequality has to hold, relative to the numbers that it is computed from."""

LIGHTEST = 1e-6
"""Least l . phi of a vertex of a hull."""

SAMPLE = 8
"""About how many boundaries of hulls are looked at before all are."""

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

SWING, LEVER = range(2)
"""Of a group: oscillation of its slopes at the centre, half width over cosine."""


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
    groups : (PARTS, 2) array
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
        np.zeros((PARTS, 2)),
        np.zeros((slopes, 5)),
        np.zeros((slopes, COLUMNS)),
        np.zeros((slopes, PARTS, 2)),
    )


@inlined
def solve_centre(circle, box, work, size):
    """Find H and the weights at the centre; return whether the columns are independent enough."""
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
    if not inverse(gram, size, H, work.matrices[SCRATCH]):
        return False
    for i in range(size):
        t[i] = noise[i] = 0.0
        for j in range(size):
            t[i] += H[i, j] * goal[j]
            noise[i] += abs(H[i, j] * goal[j])
    return True


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
            square = work.matrices[GRAM, i, i] + share * one * one
            for k in range(places[VERTICES, g], places[VERTICES, g + 1]):
                vertices[k, WEIGHT] = (dots[k] + share * one * vertices[k, 2]) / square
                if not vertices[k, WEIGHT] > LIGHTEST:
                    return False
        for k in range(row):
            dots[k] *= columns[i, FACTOR]
    return True


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
            bound[j] += abs(t[c]) * max(-down, up)
            M[j, c] += max(-down, up)
    return joint(M, bound, size, work.vectors[SOLVED], work.matrices[SCRATCH])


@inlined
def functional(circle, box, work, size, b, c, lo, hi, one, gamma):
    """Write gamma of a linear function on a range; return its value at the centre, and noise."""
    t, entries, H = work.vectors[CENTRE], work.vectors[ENTRIES], work.matrices[INVERSE]
    moments, share = circle.moments, circle.share
    inner_products(moments, share, box.columns, box.ranges, size, b, c, lo, hi, one, entries)
    value = response(moments, share, b, c, lo, hi, one)
    noise = abs(value)
    for i in range(size):
        entries[i] *= box.columns[i, FACTOR]
        value -= t[i] * entries[i]
        noise += abs(t[i] * entries[i])
    for i in range(size):
        gamma[i] = 0.0
        for j in range(size):
            gamma[i] += H[i, j] * entries[j]
    return value, noise


@inlined
def leftover(circle, work, rows, size, b, c, lo, hi, one, gamma):
    """Write what is left of a functional at all vertices beside its coefficients."""
    line, dots = work.line, work.dots
    inner_products(
        circle.moments, circle.share, work.vertices, work.spans, rows, b, c, lo, hi, one, line
    )
    for i in range(size):
        factor = gamma[i]
        for row in range(rows):
            line[row] -= factor * dots[i, row]


@inlined
def find_central(circle, box, work, rows, size, u):
    """Find coefficients of the slope at the centre of a group, and what is left at all vertices."""
    i, side, gamma = box.units[u, COLUMN], box.units[u, SIDE], work.vectors[CENTRAL]
    middle, lo, hi = box.shapes[u, MIDDLE], box.ranges[i, BEGIN], box.ranges[i, END]
    b, c = -side * np.sin(middle), side * np.cos(middle)
    one = sum_over(circle.moments, b, c, lo, hi)
    functional(circle, box, work, size, b, c, lo, hi, one, gamma)
    leftover(circle, work, rows, size, b, c, lo, hi, one, gamma)
    for row in range(rows):
        work.vertices[row, CENTRED] = work.line[row]


@inlined
def find_bends(box, work, number, size, u, n):
    """Find how far groups move a slope; return what its difference from the centre adds to J."""
    constant, line, vertices, t = 0.0, work.line, work.vertices, work.vectors[CENTRE]
    for g in range(number):
        if box.units[g, SINGLE] == 1:
            continue
        down, up, differing = np.inf, -np.inf, 0.0
        for row in range(work.places[VERTICES, g], work.places[VERTICES, g + 1]):
            weight = vertices[row, WEIGHT]
            differing = max(differing, abs(line[row] - vertices[row, CENTRED]) / weight)
            entry = line[row] / weight
            down, up = min(down, entry), max(up, entry)
        work.bends[n, g, 0], work.bends[n, g, 1] = down, up
        if box.units[u, SINGLE] == 0:
            c = box.units[g, COLUMN]
            constant += abs(t[c]) * differing
            work.matrices[JOINT, size + u, c] = max(
                work.matrices[JOINT, size + u, c], 2 * differing
            )
    return constant


@inlined
def find_slope(circle, box, work, number, size, u, n, cell, k):
    """Find a slope at the centre and its coefficients, and what it says for the joint bound."""
    side, gamma, central = box.units[u, SIDE], work.gamma[n], work.vectors[CENTRAL]
    b, c = -side * circle.edges[k, C], side * circle.edges[k, B]
    lo, hi, rows = (
        circle.spans[cell, START],
        circle.spans[cell, STOP],
        work.places[VERTICES, number],
    )
    one = sum_over(circle.moments, b, c, lo, hi)
    value, noise = functional(circle, box, work, size, b, c, lo, hi, one, gamma)
    work.slopes[n, VALUE], work.slopes[n, SLACK] = value, noise
    leftover(circle, work, rows, size, b, c, lo, hi, one, gamma)
    constant = find_bends(box, work, number, size, u, n)
    if box.units[u, SINGLE] == 1:
        return
    row, M = size + u, work.matrices[JOINT]
    for i in range(size):
        change, g = abs(gamma[i] - central[i]), box.ranges[i, GROUP]
        constant += change * box.columns[i, FREE]
        if g >= 0:
            M[row, size + g] = max(M[row, size + g], 2 * change)
    work.vectors[BOUND, row] = max(work.vectors[BOUND, row], 2 * constant)


@inlined
def find_slopes(circle, box, work, number, size, stride):
    """Find the slopes on the hulls of the units, or one of so many."""
    at, places, slopes = 0, work.places, work.slopes
    for u in range(number):
        first, last = box.units[u, LEFT], box.units[u, RIGHT]
        base, stop = first - box.units[u, FROM] % 2, last + (box.units[u, TO] - 1) % 2
        places[AT, u], places[BASE, u] = at, base
        work.groups[u, LEVER] = 0.0
        if box.units[u, SINGLE] == 0:
            find_central(circle, box, work, places[VERTICES, number], size, u)
            work.groups[u, LEVER] = box.shapes[u, HALF] / box.shapes[u, COSINE]
        largest, smallest = -np.inf, np.inf
        for step in range(2 * (stop - base)):
            cell = base + step // 2
            k, n = cell + step % 2, at + step
            slopes[n, USED] = 1 if first <= k <= last and step % stride == 0 else 0
            if slopes[n, USED] == 1:
                find_slope(circle, box, work, number, size, u, n, cell, k)
                largest = max(largest, slopes[n, VALUE])
                smallest = min(smallest, slopes[n, VALUE])
        at += 2 * (stop - base)
        work.groups[u, SWING] = max(largest - smallest, 0.0)  # of a sample there may be none
    places[AT, number] = at


@inlined
def bound_jointly(box, work, number, size):
    """Find bounds of all changes of weights and slopes (Lemma 51); return whether there are any."""
    M, bound, z, H = (
        work.matrices[JOINT],
        work.vectors[BOUND],
        work.vectors[SOLVED],
        work.matrices[INVERSE],
    )
    groups, t, freedom = work.groups, work.vectors[CENTRE], work.vectors[FREEDOM]
    for j in range(size):
        for i in range(size):
            g = box.ranges[i, GROUP]
            bound[j] += abs(H[j, i]) * box.columns[i, FREE]
            if g >= 0:
                moved = abs(H[j, i]) * groups[g, LEVER]
                bound[j] += moved * groups[g, SWING]
                M[j, size + g] += moved
    for u in range(number):
        for g in range(number):
            M[size + u, size + g] *= groups[g, LEVER]
            bound[size + u] += M[size + u, size + g] * groups[g, SWING]
    if not joint(M, bound, size + number, z, work.matrices[SCRATCH]):
        return False
    for i in range(size):
        g = box.ranges[i, GROUP]
        freedom[i] = box.columns[i, FREE]
        if g >= 0:
            freedom[i] += groups[g, LEVER] * (groups[g, SWING] + z[size + g])
            work.vectors[LEAST, i] = max(0.0, t[i] - z[i])
            work.vectors[MOST, i] = t[i] + z[i]
    return True


@inlined
def guess_shares(box, work, count, size):
    """Guess how much the freedom of each part moves the weights."""
    H, t, shifts = work.matrices[INVERSE], work.vectors[CENTRE], work.shifts
    for part in range(count):
        g = box.parts[part, UNIT]
        box.share[part] = 0.0
        if box.units[g, SINGLE] == 1:
            continue
        c = box.units[g, COLUMN]
        for j in range(size):
            moved = abs(H[j, c]) * work.groups[g, LEVER] * work.groups[g, SWING]
            moved += abs(t[c]) * max(-shifts[j, g, 0], shifts[j, g, 1])
            box.share[part] += moved / (abs(t[j]) + 1e-9)


@inlined
def guess_by_closeness(box, work, count, size):
    """Guess that those groups are to be cut whose columns are most like another one."""
    gram = work.matrices[GRAM]
    for part in range(count):
        g = box.parts[part, UNIT]
        c = box.units[g, COLUMN]
        if box.units[g, SINGLE] == 0 and gram[c, c] > 0:
            for j in range(size):
                if j != c and gram[j, j] > 0:
                    alike = abs(gram[c, j]) / np.sqrt(gram[c, c] * gram[j, j])
                    box.share[part] = max(box.share[part], round(alike, 6))


@inlined
def weights_fail(box, work, number, size):
    """Whether a weight is surely not positive (Lemma 53(1), (2))."""
    H, vectors, shifts = work.matrices[INVERSE], work.vectors, work.shifts
    for j in range(size):
        top = vectors[CENTRE, j]
        for i in range(size):
            top += abs(H[j, i]) * vectors[FREEDOM, i]
        for g in range(number):
            if box.units[g, SINGLE] == 0:
                c = box.units[g, COLUMN]
                moved = -shifts[j, g, 0] if box.units[g, SIDE] > 0 else shifts[j, g, 1]
                top += moved * vectors[MOST if moved > 0 else LEAST, c]
        top = min(top, vectors[CENTRE, j] + vectors[SOLVED, j])
        if top < -MARGIN * vectors[NOISE, j]:
            return True
    return False


@inlined
def bound_slopes(box, work, number, size):
    """Find bounds of all slopes."""
    slopes, vectors = work.slopes, work.vectors
    for n in range(work.places[AT, number]):
        if slopes[n, USED] == 0:
            slopes[n, LOW], slopes[n, HIGH] = -np.inf, np.inf
            continue
        slack = MARGIN * slopes[n, SLACK]
        for i in range(size):
            slack += abs(work.gamma[n, i]) * vectors[FREEDOM, i]
        slopes[n, LOW], slopes[n, HIGH] = slopes[n, VALUE] - slack, slopes[n, VALUE] + slack
        for g in range(number):
            if box.units[g, SINGLE] == 1:
                continue
            c, down, up = box.units[g, COLUMN], work.bends[n, g, 0], work.bends[n, g, 1]
            if box.units[g, SIDE] < 0:
                down, up = -up, -down
            slopes[n, LOW] -= up * vectors[MOST if up > 0 else LEAST, c]
            slopes[n, HIGH] -= down * vectors[MOST if down < 0 else LEAST, c]


NO_BOUND, BOUNDED, EXCLUDED = 0, 1, 2


@inlined
def bounded(circle, box, count, work):
    """Bound weights and slopes of the minima in a box.

    Returns
    -------
    int
        NO_BOUND, BOUNDED, or EXCLUDED: a weight is not positive. If there is a bound, that of the
        slopes is in `work.slopes`.
    """
    number = find_units(circle.edges, box.parts, box.units, count)
    size = find_columns(circle, box, count, number)
    if size == EMPTY:
        return EXCLUDED
    if size < 0:
        return NO_BOUND
    for part in range(count):
        box.share[part] = 0.0
    if not solve_centre(circle, box, work, size):
        guess_by_closeness(box, work, count, size)
        return NO_BOUND
    if not find_vertices(circle, box, work, number, size):
        return NO_BOUND
    for u in range(number):
        work.groups[u, LEVER] = 0.0
    some = find_shifts(box, work, number, size)
    stride = work.places[VERTICES, number] // SAMPLE
    if some and stride > 1:  # a few slopes often show that there is no bound
        find_slopes(circle, box, work, number, size, stride)
        some = bound_jointly(box, work, number, size)
        if some:
            find_shifts(box, work, number, size)
    if some:
        find_slopes(circle, box, work, number, size, 1)
    guess_shares(box, work, count, size)
    if not some or not bound_jointly(box, work, number, size):
        return NO_BOUND
    if weights_fail(box, work, number, size):
        return EXCLUDED
    bound_slopes(box, work, number, size)
    return BOUNDED
