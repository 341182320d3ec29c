"""The slopes on the hulls of a box at its centre, and how far its groups move them (Lemma 49)."""

import numpy as np

from reluenum.engines.branch.centre import (
    AT,
    BASE,
    BOUND,
    CENTRAL,
    CENTRE,
    CENTRED,
    ENTRIES,
    INVERSE,
    JOINT,
    LEVER,
    SLACK,
    SUMMED,
    SWING,
    TOP,
    USED,
    VALUE,
    VERTICES,
    WEIGHT,
    size_of,
)
from reluenum.engines.branch.circle import START, STOP, B, C
from reluenum.engines.branch.columns import (
    BEGIN,
    COLUMN,
    COSINE,
    END,
    FACTOR,
    FREE,
    FROM,
    GROUP,
    HALF,
    LEFT,
    MIDDLE,
    RIGHT,
    SIDE,
    SINGLE,
    TO,
    inner_products,
    response,
    sum_over,
)
from reluenum.engines.branch.compiled import inlined


@inlined
def functional(circle, box, work, size, b, c, lo, hi, one, gamma):
    """Write gamma of a linear function on a range; return its value at the centre, and noise."""
    t, entries, H = work.vectors[CENTRE], work.vectors[ENTRIES], work.matrices[INVERSE]
    moments, share = circle.moments, circle.share
    inner_products(moments, share, box.columns, box.ranges, size, b, c, lo, hi, one, entries)
    value = response(moments, share, b, c, lo, hi, one)
    noise = abs(value) + SUMMED * circle.sizes[0]
    for i in range(size):
        entries[i] *= box.columns[i, FACTOR]
        value -= t[i] * entries[i]
        noise += abs(t[i] * entries[i]) + SUMMED * circle.sizes[1] * abs(t[i])
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
            part, factor = size_of(t[c], work.groups[g, TOP])
            constant += part * differing
            work.matrices[JOINT, size + u, c] = max(
                work.matrices[JOINT, size + u, c], 2 * factor * differing
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
