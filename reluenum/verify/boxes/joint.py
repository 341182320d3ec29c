"""Bounds of all unknowns of a box together (Lemma 51), and the intervals that follow."""

from typing import NamedTuple

import numpy as np

from .centre import Centre, reduced
from .line import Array
from .responses import Responses, has_slope
from .sums import TINY, UP, compiled

SPARE = 1 + 1e-6  # by which a guess is taken larger than what solves the equations


class Bounds(NamedTuple):
    """What is known of a box: |tau - t|, and |x - omega| for each column."""

    shift: Array
    reach: Array


@compiled
def group_of(first: Array, n: int) -> int:
    """Return the group to which a response belongs, -1 for weights."""
    g = -1
    while first[g + 1] <= n:
        g += 1
    return g


@compiled
def is_slope(centre: Centre, first: Array, g: int, n: int) -> bool:
    """Whether a response is a slope of a hull."""
    _, low, high, hull = centre.columns.groups[g]
    place = n - first[g]
    return hull == 1 and has_slope(low, high, (low + 1) // 2 + place // 2, place % 2)


@compiled
def oscillations(centre: Centre, first: Array, out: Responses) -> Array:
    """Return upper bounds of the differences of slopes at the centre, for each hull."""
    found = np.zeros(len(first) - 1)
    for g in range(len(found)):
        least, most = np.inf, -np.inf
        for n in range(first[g], first[g + 1]):
            if is_slope(centre, first, g, n):
                least = min(least, out.value[n] - out.error[n])
                most = max(most, out.value[n] + out.error[n])
        found[g] = max(most - least, 0.0) * UP
    return found


@compiled
def add_hulls(centre: Centre, most: Array, gamma: Array, base: Array, row: Array) -> float:
    """Write the part of a row of Lemma 51 that is due to x - omega and Delta; return that of a.

    `most` bounds |q . Delta| for each hull, and tau is at most |t| + |tau - t|.
    """
    columns, size, a = centre.columns, len(base), 0.0
    for k in range(size):
        a += abs(gamma[k]) * base[k]
    for g in range(len(most)):
        own = columns.own[g]
        if own >= 0:
            a += most[g] * abs(centre.weights[own])
            row[own] += most[g]
            row[size + g] = 2 * abs(gamma[own]) * columns.height[g]
    return a


@compiled
def weight_row(centre: Centre, out: Responses, base: Array, n: int, row: Array) -> float:
    """Write |tau - t| <= a + row u for a weight (20.5); return a."""
    most = np.empty(len(centre.columns.groups))
    for k in range(len(base)):
        row[k] = out.defect[n, k]
    for g in range(len(most)):
        most[g] = max(-out.low[n, g], out.high[n, g])
    return add_hulls(centre, most, out.gamma[n], base, row)


@compiled
def slope_row(
    centre: Centre, out: Responses, base: Array, n: int, middle: int, row: Array
) -> float:
    """Write |(f - f_0) . xi| <= a + row u (20.6), f_0 the slope at the centre; return a."""
    gamma, most = np.empty(len(base)), np.zeros(len(centre.columns.groups))
    for k in range(len(base)):
        gamma[k] = out.gamma[n, k] - out.gamma[middle, k]
        row[k] = out.defect[n, k] + out.defect[middle, k]
    for g in range(len(most)):
        for v in range(centre.first[g], centre.first[g + 1]):
            most[g] = max(most[g], abs(out.mean[n, v] - out.mean[middle, v]))
        most[g] += out.noise[n, g] + out.noise[middle, g]
    return add_hulls(centre, most, gamma, base, row)


@compiled
def system_of(centre: Centre, first: Array, out: Responses, base: Array) -> Array:
    """Return M and a of Lemma 51 side by side, for u = (|tau - t|, J).

    J of a hull is the largest |(f - f_0) . xi| over its slopes: that of one of them, whose row is
    at most the largest entries of all rows. Slopes of s p_r then differ by their oscillation at the
    centre and 2 J at most, which is the bound of x at the centre.
    """
    count, size = len(first) - 1, len(base)
    both = np.zeros((size + count, size + count + 1))
    row = np.empty(size + count + 1)
    for n in range(first[count]):
        g = group_of(first, n)
        if g < 0:
            both[n, -1] = weight_row(centre, out, base, n, both[n])
        elif is_slope(centre, first, g, n):
            row[:] = 0.0
            row[-1] = slope_row(centre, out, base, n, first[count] + g, row)
            for k in range(len(row)):
                both[size + g, k] = max(both[size + g, k], row[k])
    return both


@compiled
def solution(both: Array) -> Array:
    """Return z that nearly solves z = a + M z, whatever it is."""
    size = len(both)
    work = np.empty((size, size + 1))
    for i in range(size):
        for k in range(size):
            work[i, k] = (1.0 if i == k else 0.0) - both[i, k]
        work[i, size] = both[i, size] * SPARE + 4 * TINY
    reduced(work, size)
    return work[:, size].copy()


@compiled
def holds(both: Array, z: Array) -> bool:
    """Claim: z > 0 and z > a + M z. Then all unknowns are at most z (Lemma 51)."""
    size = len(z)
    for i in range(size):
        above = both[i, size]
        for k in range(size):
            above += both[i, k] * z[k]
        if not (z[i] > 0 and z[i] > above * UP + TINY and z[i] < np.inf):
            return False
    return True


@compiled
def bounds_of(centre: Centre, first: Array, out: Responses) -> tuple[bool, Bounds]:
    """Return bounds of every minimum in the box, and whether there are any."""
    columns, size = centre.columns, len(centre.weights)
    wild, base = oscillations(centre, first, out), np.empty(size)
    for k in range(size):
        base[k] = centre.left[k] + columns.known[k]
    for g in range(len(wild)):
        if columns.own[g] >= 0:
            base[columns.own[g]] += columns.height[g] * wild[g]
    both = system_of(centre, first, out, base)
    z = solution(both)
    good = holds(both, z)
    for g in range(len(wild)):
        if columns.own[g] >= 0:
            base[columns.own[g]] += 2 * columns.height[g] * z[size + g]
    return good, Bounds(z[:size].copy(), base)


@compiled
def interval(
    centre: Centre, out: Responses, known: Bounds, taus: Array, n: int
) -> tuple[float, float]:
    """Return bounds of a weight or slope, from those of the weights of hulls."""
    size = out.error[n]
    for k in range(len(known.reach)):
        size += abs(out.gamma[n, k]) * known.reach[k] + out.defect[n, k] * known.shift[k]
    above, below = size, size
    for g in range(len(centre.columns.groups)):
        own = centre.columns.own[g]
        if own >= 0:
            least, most = taus[own, 0], taus[own, 1]
            low, high = out.low[n, g], out.high[n, g]
            size += most * max(abs(low), abs(high))
            above -= least * low if low > 0 else most * low
            below += most * high if high > 0 else least * high
    spare = (size + abs(out.value[n])) * (UP - 1)
    return out.value[n] - below - spare, out.value[n] + above + spare


@compiled
def weights_of(centre: Centre, out: Responses, known: Bounds) -> Array:
    """Return bounds of all weights, none of which is negative."""
    size = len(centre.weights)
    taus, found = np.empty((size, 2)), np.empty((size, 2))
    for k in range(size):
        taus[k, 0] = max((centre.weights[k] - known.shift[k]) / UP, 0.0)
        taus[k, 1] = (abs(centre.weights[k]) + known.shift[k]) * UP
    for k in range(size):
        least, most = interval(centre, out, known, taus, k)
        found[k, 0], found[k, 1] = max(least, taus[k, 0]), min(most, taus[k, 1])
    return found
