"""Bounds of all unknowns of a box together (Lemma 51), and the intervals that follow."""

from typing import NamedTuple

import numpy as np

from .centre import Centre
from .columns import edges_of
from .line import Array
from .responses import Responses, has_slope
from .sums import TINY, UP, compiled

SPARE = 1 + 1e-6  # by which a guess is taken larger than what solves the equations


class Bounds(NamedTuple):
    """What is known of a box: |tau - t|, and |x - omega| for each column."""

    shift: Array
    reach: Array


@compiled
def oscillations(centre: Centre, first: Array, out: Responses) -> Array:
    """Return upper bounds of the differences of slopes at the centre, for each hull."""
    found = np.zeros(len(first) - 1)
    for g in range(len(found)):
        _, low, high, hull = centre.columns.groups[g]
        least, most = np.inf, -np.inf
        for n in range(first[g], first[g + 1]):
            place = n - first[g]
            if hull and has_slope(low, high, (low + 1) // 2 + place // 2, place % 2):
                least = min(least, out.value[n] - out.error[n])
                most = max(most, out.value[n] + out.error[n])
        found[g] = max(most - least, 0.0) * UP if hull else 0.0
    return found


@compiled
def weight_rows(centre: Centre, out: Responses, base: Array, a: Array, matrix: Array) -> None:
    """Write |tau_k - t_k| <= a + M u (20.5)."""
    columns, size = centre.columns, len(base)
    for k in range(size):
        a[k] = np.abs(out.gamma[k]) @ base
        matrix[k, :size] = out.defect[k]
        for g in range(len(columns.groups)):
            own = columns.own[g]
            if own >= 0:
                most = max(-out.low[k, g], out.high[k, g])
                a[k] += most * abs(centre.weights[own])
                matrix[k, own] += most
                matrix[k, size + g] = 2 * abs(out.gamma[k, own]) * columns.height[g]


@compiled
def slope_row(
    centre: Centre, out: Responses, base: Array, n: int, middle: int, row: Array
) -> float:
    """Write |(f - f_0) . xi| <= a + row u (20.6), f_0 the slope at the centre; return a."""
    columns, size = centre.columns, len(base)
    gamma = np.abs(out.gamma[n] - out.gamma[middle])
    a = gamma @ base
    row[:size] = out.defect[n] + out.defect[middle]
    for g in range(len(columns.groups)):
        own, (v, w) = columns.own[g], centre.first[g : g + 2]
        if own >= 0:
            most = np.max(np.abs(out.mean[n, v:w] - out.mean[middle, v:w]))
            most += out.noise[n, g] + out.noise[middle, g]
            a += most * abs(centre.weights[own])
            row[own] += most
            row[size + g] = 2 * gamma[own] * columns.height[g]
    return a


@compiled
def system_of(
    centre: Centre, first: Array, out: Responses, base: Array
) -> tuple[Array, Array]:
    """Return a and M of Lemma 51 for u = (|tau - t|, J).

    J of a hull is the largest |(f - f_0) . xi| over its slopes: that of one of them, whose row is at
    most the largest entries of all rows. Slopes of s p_r then differ by their oscillation at the
    centre and 2 J at most, which is the bound of x at the centre.
    """
    count, size = len(first) - 1, len(base)
    a, matrix = np.zeros(size + count), np.zeros((size + count, size + count))
    weight_rows(centre, out, base, a, matrix)
    row = np.zeros(size + count)
    for g in range(count):
        _, low, high, hull = centre.columns.groups[g]
        for n in range(first[g], first[g + 1]):
            place = n - first[g]
            if hull and has_slope(low, high, (low + 1) // 2 + place // 2, place % 2):
                found = slope_row(centre, out, base, n, first[count] + g, row)
                a[size + g] = max(a[size + g], found)
                matrix[size + g] = np.maximum(matrix[size + g], row)
    return a, matrix


@compiled
def solution(a: Array, matrix: Array) -> Array:
    """Return z that nearly solves z = a + M z, whatever it is."""
    size = len(a)
    work = np.empty((size, size + 1))
    work[:, :size], work[:, size] = np.eye(size) - matrix, a * SPARE + TINY
    for i in range(size):
        work[i] /= work[i, i]
        for k in range(size):
            if k != i:
                work[k] -= work[k, i] * work[i]
    return work[:, size].copy()


@compiled
def bounds_of(centre: Centre, first: Array, out: Responses) -> tuple[bool, Bounds]:
    """Claim: every minimum in the box is within these bounds (Lemma 51); and whether there are any.

    z > 0 and z > a + M z, whatever z is.
    """
    columns, size = centre.columns, len(centre.weights)
    wild = oscillations(centre, first, out)
    base = centre.left + columns.known
    for g in range(len(wild)):
        if columns.own[g] >= 0:
            base[columns.own[g]] += columns.height[g] * wild[g]
    a, matrix = system_of(centre, first, out, base)
    z = solution(a, matrix)
    above = (a + matrix @ z) * UP + TINY
    good = True
    for k in range(len(z)):
        good = good and z[k] > 0 and z[k] > above[k] and z[k] < np.inf
    reach = base * UP
    for g in range(len(wild)):
        if columns.own[g] >= 0:
            reach[columns.own[g]] += 2 * columns.height[g] * z[size + g] * UP
    return good, Bounds(z[:size].copy(), reach)


@compiled
def interval(
    centre: Centre, out: Responses, known: Bounds, taus: Array, n: int
) -> tuple[float, float]:
    """Return bounds of a weight or slope, from those of the weights of hulls."""
    size = out.error[n] + np.abs(out.gamma[n]) @ known.reach + out.defect[n] @ known.shift
    above, below = size, size
    for g in range(len(centre.columns.groups)):
        own = centre.columns.own[g]
        if own >= 0:
            least, most = taus[own]
            low, high = out.low[n, g], out.high[n, g]
            above -= least * low if low > 0 else most * low
            below += most * high if high > 0 else least * high
    total = (size + abs(above) + abs(below) + abs(out.value[n])) * (UP - 1)
    return out.value[n] - below - total, out.value[n] + above + total


@compiled
def weights_of(centre: Centre, out: Responses, known: Bounds) -> Array:
    """Return bounds of all weights, none of which is negative."""
    size = len(centre.weights)
    taus = np.empty((size, 2))
    for k in range(size):
        taus[k, 0] = max(centre.weights[k] - known.shift[k] * UP, 0.0)
        taus[k, 1] = centre.weights[k] + known.shift[k] * UP
    found = np.empty((size, 2))
    for k in range(size):
        least, most = interval(centre, out, known, taus, k)
        found[k, 0], found[k, 1] = max(least, taus[k, 0]), min(most, taus[k, 1])
    return found
