"""Bounds of a box (Lemmas 48 to 51): which weights and slopes its minima can have."""

from typing import NamedTuple

import numpy as np

from reluenum.engines.branch.circle import Circle
from reluenum.engines.branch.columns import (
    COLUMNS,
    EMPTY,
    PARTS,
    Box,
    find_columns,
    find_units,
    inner,
    response,
    total,
    with_column,
)
from reluenum.engines.branch.compiled import compiled
from reluenum.engines.branch.systems import inverse, joint

MARGIN = 1e-9
"""By which an inequality has to hold, relative to the numbers that it is computed from."""

LIGHTEST = 1e-6
"""Least l . phi of a vertex of a hull."""


class Work(NamedTuple):
    """What is computed of a box, in arrays that are used again and again.

    Parameters
    ----------
    gram, H, M : arrays
        Of the centre system; of the joint bound.
    scratch : array
    t, noise, freedom, least, most : (COLUMNS,) arrays
        Weights at the centre, the sizes of what they are made of, how much the right sides may be
        wrong, bounds of the weights of groups.
    bound, z : (COLUMNS + PARTS,) array
    down, up : (COLUMNS, PARTS) array
        How far a group's hull moves a weight, for its own weight one.
    vertex, weight, dots, central : (V,) and (V, COLUMNS) arrays
        Of the vertices of hulls: boundary, l . phi, inner products with the columns, and what the
        slope at a centre makes of them.
    vertices, at, base : arrays of int
        Where the vertices, and the slopes, of a unit begin; the cell of its first slope.
    value, slack, low, high, used : (S,) arrays
        Of the slopes: at the centre, rounding, bounds, whether they count.
    gamma : (S, COLUMNS) array
    bend_down, bend_up : (S, PARTS) arrays
        As `down` and `up`.
    swing : (PARTS,) array
        Oscillation of the slopes on the hull of a group, at the centre.
    lever : (PARTS,) array
        Half width over cosine.
    middle_gamma, entries : (COLUMNS,) arrays
    """

    gram: np.ndarray
    H: np.ndarray
    M: np.ndarray
    scratch: np.ndarray
    t: np.ndarray
    noise: np.ndarray
    freedom: np.ndarray
    least: np.ndarray
    most: np.ndarray
    bound: np.ndarray
    z: np.ndarray
    down: np.ndarray
    up: np.ndarray
    vertex: np.ndarray
    weight: np.ndarray
    dots: np.ndarray
    central: np.ndarray
    vertices: np.ndarray
    at: np.ndarray
    base: np.ndarray
    value: np.ndarray
    slack: np.ndarray
    low: np.ndarray
    high: np.ndarray
    used: np.ndarray
    gamma: np.ndarray
    bend_down: np.ndarray
    bend_up: np.ndarray
    swing: np.ndarray
    lever: np.ndarray
    middle_gamma: np.ndarray
    entries: np.ndarray


def empty_work(circle: Circle) -> Work:
    """Return room for the boxes of a circle."""
    edges = len(circle.b)
    vertices, slopes = 2 * edges + 16, 4 * edges + 32
    unknowns = COLUMNS + PARTS
    whole = {"vertex", "vertices", "at", "base", "used"}
    shapes = {
        "gram": (COLUMNS, COLUMNS),
        "H": (COLUMNS, COLUMNS),
        "M": (unknowns, unknowns),
        "scratch": (unknowns, 2 * unknowns),
        "bound": unknowns,
        "z": unknowns,
        "down": (COLUMNS, PARTS),
        "up": (COLUMNS, PARTS),
        "dots": (vertices, COLUMNS),
        "gamma": (slopes, COLUMNS),
        "bend_down": (slopes, PARTS),
        "bend_up": (slopes, PARTS),
        **dict.fromkeys(("vertices", "at", "base", "swing", "lever"), PARTS + 1),
        **dict.fromkeys(("vertex", "weight", "central"), vertices),
        **dict.fromkeys(("value", "slack", "low", "high", "used"), slopes),
    }
    return Work(
        *(
            np.zeros(shapes.get(name, COLUMNS), np.int64 if name in whole else float)
            for name in Work._fields
        )
    )


@compiled
def solve_centre(circle, box, work, size):
    """Find H and the weights at the centre; return whether the columns are independent enough."""
    for i in range(size):
        b, c, one = box.b[i], box.c[i], box.one[i]
        lo, hi, factor = box.begin[i], box.end[i], box.factor[i]
        work.entries[i] = factor * response(circle, b, c, lo, hi, one) - box.right[i]
        for j in range(i + 1):
            work.gram[i, j] = factor * with_column(circle, box, j, b, c, lo, hi, one)
            work.gram[j, i] = work.gram[i, j]
    if not inverse(work.gram, size, work.H, work.scratch):
        return False
    for i in range(size):
        work.t[i] = work.noise[i] = 0.0
        for j in range(size):
            work.t[i] += work.H[i, j] * work.entries[j]
            work.noise[i] += abs(work.H[i, j] * work.entries[j])
    return True


@compiled
def find_vertices(circle, box, work, units, size):
    """Find the vertices of the hulls of groups; return whether all are seen from the centre."""
    row = 0
    for u in range(units):
        work.vertices[u] = row
        if box.single[u] == 1:
            continue
        i = box.column[u]
        b, c, lo, hi, one = box.b[i], box.c[i], box.begin[i], box.end[i], box.one[i]
        share = circle.share
        square = inner(circle, b, c, lo, hi, one, b, c, lo, hi, one) + share * one * one
        for k in range(box.first[u], box.last[u] + 1):
            bk, ck, first, last = circle.b[k], circle.c[k], circle.first[k], circle.last[k]
            dot = inner(circle, b, c, lo, hi, one, bk, ck, first, last, circle.one[k])
            work.weight[row] = (dot + share * one * circle.one[k]) / square
            if not work.weight[row] > LIGHTEST:
                return False
            work.vertex[row] = k
            for j in range(size):
                work.dots[row, j] = with_column(
                    circle, box, j, bk, ck, first, last, circle.one[k]
                )
            row += 1
    work.vertices[units] = row
    return True


@compiled
def find_shifts(box, work, units, size):
    """Find how far the hulls of groups move the weights, and what this is for the joint bound."""
    for i in range(size + units):
        work.bound[i] = 0.0
        for j in range(size + units):
            work.M[i, j] = 0.0
    for g in range(units):
        if box.single[g] == 1:
            continue
        c = box.column[g]
        for j in range(size):
            down, up, middle = np.inf, -np.inf, 0.0
            for i in range(size):
                middle += work.H[j, i] * work.gram[i, c]
            middle *= box.side[g]
            for row in range(work.vertices[g], work.vertices[g + 1]):
                entry = 0.0
                for i in range(size):
                    entry += work.H[j, i] * work.dots[row, i]
                entry = entry / work.weight[row] - middle
                down, up = min(down, entry), max(up, entry)
            work.down[j, g], work.up[j, g] = down, up
            worst = max(-down, up)
            work.bound[j] += abs(work.t[c]) * worst
            work.M[j, c] += worst


@compiled
def functional(circle, box, work, size, b, c, lo, hi, gamma):
    """Write the coefficients gamma of a functional; return its value at the centre, and noise."""
    one = total(circle, b, c, lo, hi)
    value = response(circle, b, c, lo, hi, one)
    noise = abs(value)
    for i in range(size):
        work.entries[i] = with_column(circle, box, i, b, c, lo, hi, one)
        value -= work.t[i] * work.entries[i]
        noise += abs(work.t[i] * work.entries[i])
    for i in range(size):
        gamma[i] = 0.0
        for j in range(size):
            gamma[i] += work.H[i, j] * work.entries[j]
    return value, noise, one


@compiled
def bend(circle, work, size, row, b, c, lo, hi, one, gamma):
    """Return what is left of a functional at a vertex beside its coefficients."""
    k = work.vertex[row]
    value = inner(
        circle, b, c, lo, hi, one,
        circle.b[k], circle.c[k], circle.first[k], circle.last[k], circle.one[k],
    )  # fmt: skip
    for i in range(size):
        value -= gamma[i] * work.dots[row, i]
    return value


@compiled
def find_central(circle, box, work, units, size, u):
    """Find coefficients of the slope at the centre of a group, and what is left at all vertices."""
    i, side = box.column[u], box.side[u]
    b, c = -side * np.sin(box.middle[u]), side * np.cos(box.middle[u])
    lo, hi = box.begin[i], box.end[i]
    _, _, one = functional(circle, box, work, size, b, c, lo, hi, work.middle_gamma)
    for row in range(work.vertices[units]):
        work.central[row] = bend(circle, work, size, row, b, c, lo, hi, one, work.middle_gamma)


@compiled
def find_slope(circle, box, work, units, size, u, n, cell, k):
    """Find a slope at the centre and its coefficients, and what it says for the joint bound."""
    side, grouped = box.side[u], box.single[u] == 0
    b, c = -side * circle.c[k], side * circle.b[k]
    lo, hi, gamma = circle.start[cell], circle.stop[cell], work.gamma[n]
    work.value[n], work.slack[n], one = functional(circle, box, work, size, b, c, lo, hi, gamma)
    constant = 0.0
    for g in range(units):
        if box.single[g] == 1:
            continue
        down, up, differing = np.inf, -np.inf, 0.0
        for row in range(work.vertices[g], work.vertices[g + 1]):
            entry = bend(circle, work, size, row, b, c, lo, hi, one, gamma)
            if grouped:
                differing = max(differing, abs(entry - work.central[row]) / work.weight[row])
            entry /= work.weight[row]
            down, up = min(down, entry), max(up, entry)
        work.bend_down[n, g], work.bend_up[n, g] = down, up
        column = box.column[g]
        constant += abs(work.t[column]) * differing
        if grouped:
            work.M[size + u, column] = max(work.M[size + u, column], 2 * differing)
    if grouped:
        for i in range(size):
            change = abs(gamma[i] - work.middle_gamma[i])
            constant += change * box.free[i]
            g = box.group[i]
            if g >= 0:
                work.M[size + u, size + g] = max(work.M[size + u, size + g], 2 * change)
        work.bound[size + u] = max(work.bound[size + u], 2 * constant)


@compiled
def find_slopes(circle, box, work, units, size):
    """Find all slopes on the hulls of the units."""
    at = 0
    for u in range(units):
        first, last = box.first[u], box.last[u]
        base = first - box.start[u] % 2
        stop = last + (box.stop[u] - 1) % 2
        work.at[u], work.base[u] = at, base
        if box.single[u] == 0:
            find_central(circle, box, work, units, size, u)
        largest, smallest = -np.inf, np.inf
        for step in range(2 * (stop - base)):
            cell = base + step // 2
            k, n = cell + step % 2, at + step
            work.used[n] = 1 if first <= k <= last else 0
            if work.used[n] == 1:
                find_slope(circle, box, work, units, size, u, n, cell, k)
                largest, smallest = max(largest, work.value[n]), min(smallest, work.value[n])
        at += 2 * (stop - base)
        work.swing[u] = largest - smallest
        work.lever[u] = 0.0 if box.single[u] == 1 else box.half[u] / box.cosine[u]
    work.at[units] = at


@compiled
def bound_jointly(box, work, units, size):
    """Find bounds of all changes of weights and slopes (Lemma 51); return whether there are any."""
    for j in range(size):
        for i in range(size):
            work.bound[j] += abs(work.H[j, i]) * box.free[i]
            g = box.group[i]
            if g >= 0:
                moved = abs(work.H[j, i]) * work.lever[g]
                work.bound[j] += moved * work.swing[g]
                work.M[j, size + g] += moved
    for u in range(units):
        for g in range(units):
            work.M[size + u, size + g] *= work.lever[g]
            work.bound[size + u] += work.M[size + u, size + g] * work.swing[g]
    if not joint(work.M, work.bound, size + units, work.z, work.scratch):
        return False
    for i in range(size):
        g = box.group[i]
        work.freedom[i] = box.free[i]
        if g >= 0:
            work.freedom[i] += work.lever[g] * (work.swing[g] + work.z[size + g])
            work.least[i] = max(0.0, work.t[i] - work.z[i])
            work.most[i] = work.t[i] + work.z[i]
    return True


@compiled
def guess_shares(box, work, count, size):
    """Guess how much the freedom of each part moves the weights."""
    for part in range(count):
        g = box.unit[part]
        box.share[part] = 0.0
        if box.single[g] == 1:
            continue
        c = box.column[g]
        for j in range(size):
            moved = abs(work.H[j, c]) * work.lever[g] * work.swing[g]
            moved += abs(work.t[c]) * max(-work.down[j, g], work.up[j, g])
            box.share[part] += moved / (abs(work.t[j]) + 1e-9)


@compiled
def weights_fail(box, work, units, size):
    """Whether a weight is surely not positive (Lemma 53(1), (2))."""
    for j in range(size):
        top = work.t[j]
        for i in range(size):
            top += abs(work.H[j, i]) * work.freedom[i]
        for g in range(units):
            if box.single[g] == 0:
                c = box.column[g]
                moved = -work.down[j, g] if box.side[g] > 0 else work.up[j, g]
                top += moved * (work.most[c] if moved > 0 else work.least[c])
        if min(top, work.t[j] + work.z[j]) < -MARGIN * work.noise[j]:
            return True
    return False


@compiled
def bound_slopes(box, work, units, size):
    """Find bounds of all slopes."""
    for n in range(work.at[units]):
        if work.used[n] == 0:
            work.low[n], work.high[n] = -np.inf, np.inf
            continue
        slack = MARGIN * work.slack[n]
        for i in range(size):
            slack += abs(work.gamma[n, i]) * work.freedom[i]
        work.low[n], work.high[n] = work.value[n] - slack, work.value[n] + slack
        for g in range(units):
            if box.single[g] == 1:
                continue
            c, down, up = box.column[g], work.bend_down[n, g], work.bend_up[n, g]
            if box.side[g] < 0:
                down, up = -up, -down
            work.low[n] -= up * (work.most[c] if up > 0 else work.least[c])
            work.high[n] -= down * (work.most[c] if down < 0 else work.least[c])


NO_BOUND, BOUNDED, EXCLUDED = 0, 1, 2


@compiled
def bounded(circle, box, count, work):
    """Bound weights and slopes of the minima in a box.

    Returns
    -------
    int
        NO_BOUND, BOUNDED, or EXCLUDED: a weight is not positive. If there is a bound, the slopes
        are between `work.low` and `work.high`.
    """
    units = find_units(circle, box, count)
    size = find_columns(circle, box, count, units)
    if size == EMPTY:
        return EXCLUDED
    if size < 0:
        return NO_BOUND
    for part in range(count):
        box.share[part] = 0.0
    if not solve_centre(circle, box, work, size):
        return NO_BOUND
    if not find_vertices(circle, box, work, units, size):
        return NO_BOUND
    find_shifts(box, work, units, size)
    find_slopes(circle, box, work, units, size)
    guess_shares(box, work, count, size)
    if not bound_jointly(box, work, units, size):
        return NO_BOUND
    if weights_fail(box, work, units, size):
        return EXCLUDED
    bound_slopes(box, work, units, size)
    return BOUNDED
