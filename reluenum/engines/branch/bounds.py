"""Bounds of a box (Lemmas 50 and 51): which weights and slopes its minima can have."""

import numpy as np

from reluenum.engines.branch.centre import (
    AT,
    BOUND,
    CENTRE,
    FREEDOM,
    GOOD_CONDITION,
    GRAM,
    HIGH,
    INVERSE,
    JOINT,
    LEAST,
    LEVER,
    LOW,
    MARGIN,
    MOST,
    NOISE,
    SCRATCH,
    SLACK,
    SOLVED,
    SWING,
    TOP,
    USED,
    VALUE,
    VERTICES,
    find_shifts,
    find_vertices,
    joint,
    solve_centre,
)
from reluenum.engines.branch.columns import (
    COLUMN,
    EMPTY,
    FREE,
    GROUP,
    SIDE,
    SINGLE,
    UNIT,
    find_columns,
    find_units,
)
from reluenum.engines.branch.compiled import inlined
from reluenum.engines.branch.slopes import find_slopes

SAMPLE = 8
"""About how many boundaries of hulls are looked at before all are."""


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
            work.vectors[MOST, i] = min(t[i] + z[i], groups[g, TOP])
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
def weights_fail(circle, box, work, number, size):
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
        if top < -MARGIN * circle.caution * vectors[NOISE, j]:
            return True
    return False


@inlined
def bound_slopes(circle, box, work, number, size):
    """Find bounds of all slopes."""
    slopes, vectors = work.slopes, work.vectors
    for n in range(work.places[AT, number]):
        if slopes[n, USED] == 0:
            slopes[n, LOW], slopes[n, HIGH] = -np.inf, np.inf
            continue
        slack = MARGIN * circle.caution * slopes[n, SLACK]
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
    condition = solve_centre(circle, box, work, size)
    if condition == np.inf:
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
    if weights_fail(circle, box, work, number, size):
        return EXCLUDED
    if condition > GOOD_CONDITION:
        return NO_BOUND
    bound_slopes(circle, box, work, number, size)
    return BOUNDED
