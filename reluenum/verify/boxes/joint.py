"""Bounds of all unknowns of a box together (Lemma 51), and the intervals that follow."""

from typing import NamedTuple

import numpy as np

from ..trees.machine import compiled, inlined
from ..trees.numbers import reduced
from .centre import Centre, leftover
from .line import Array
from .responses import Responses, is_slope
from .sums import TINY, UP, larger

SPARE = 1 + 1e-6  # by which a guess is taken larger than what solves the equations
TRUSTED = 10.0  # a bound is taken rather than a sum if it is at most so many times a part of that


Parts = tuple[Array, Array, Array]  # gamma, defect and bounds of |q . Delta| of a functional


class Bounds(NamedTuple):
    """What is known of a box for each column."""

    shift: Array  # |tau - value|
    reach: Array  # |x|, with the error of omega
    away: Array  # |tau - t|


@inlined
def oscillations(centre: Centre, out: Responses) -> Array:
    """Return upper bounds of the differences of slopes at the centre, for each hull."""
    groups, first = centre.columns.groups, out.first
    found = np.zeros(len(groups))
    for g in range(len(groups)):
        least, most = np.inf, -np.inf
        for n in range(first[g], first[g + 1]):
            if groups[g, 3] and is_slope(groups, g, n - first[g]):
                least = min(least, out.value[n] - out.error[n])
                most = larger(most, out.value[n] + out.error[n])
        found[g] = larger(most - least, 0.0) * UP
    return found


@inlined
def size_of(value: float, top: float, factor: float) -> tuple[float, float]:
    """Return a and b so that factor times a number is at most a + b u.

    The number is at most `top`, and at most `value` + u.
    """
    return (factor * top, 0.0) if top <= TRUSTED * value else (factor * value, factor)


@inlined
def row_of(centre: Centre, out: Responses, base: Array, parts: Parts, row: Array) -> None:
    """Write |gamma . x| + |defect . (tau - t)| + |q . D| <= row (u, 1).

    `most` bounds |q . Delta| for each hull. tau is at most its value and the difference from that,
    or its bound, which is one of |tau - t|, too.
    """
    gamma, defect, most = parts
    columns, size, a = centre.columns, len(base), 0.0
    for k in range(size):
        part, row[k] = size_of(abs(out.value[k] - centre.weights[k]), centre.tops[k], defect[k])
        a += abs(gamma[k]) * base[k] + part
    for g in range(len(most)):
        own = columns.own[g]
        row[size + g] = 0.0
        if own >= 0:
            part, factor = size_of(abs(out.value[own]), centre.tops[own], most[g])
            a += part
            row[own] += factor
            row[size + g] = 2 * abs(gamma[own]) * columns.height[g]
    row[-1] = a


@inlined
def weight_rows(centre: Centre, out: Responses, base: Array, both: Array) -> None:
    """Write the rows of |tau - value| (20.5)."""
    most = np.zeros(len(centre.columns.groups))
    for n in range(len(base)):
        for g in range(len(most)):
            most[g] = larger(-out.low[n, g], out.high[n, g])
        row_of(centre, out, base, (out.gamma[n], out.defect[n], most), both[n])
        both[n, -1] += out.error[n]


@inlined
def slope_row(centre: Centre, out: Responses, base: Array, g: int, both: Array) -> None:
    """Write the row of J, the largest |(f - f_0) . r| of a hull without the values (20.6).

    f_0 is the slope at the centre. J is that of one of the slopes, whose row is at most the largest
    entries of all rows.
    """
    groups, size, first = centre.columns.groups, len(base), out.first
    middle, most = first[len(groups)] + g, np.zeros(len(groups))
    gamma, defect, row = np.zeros(size), np.zeros(size), np.zeros(both.shape[1])
    for n in range(first[g], first[g + 1]):
        if is_slope(groups, g, n - first[g]):
            for k in range(size):
                gamma[k] = out.gamma[n, k] - out.gamma[middle, k]
            for k in range(size):
                pair = (
                    out.product[n, k] - out.product[middle, k],
                    out.size[n, k] + out.size[middle, k],
                )
                defect[k] = leftover(centre.gram, centre.gram_size, gamma, k, *pair)
            for m in range(len(groups)):
                most[m] = out.apart[n, m] + out.noise[n, m] + out.noise[middle, m]
            row_of(centre, out, base, (gamma, defect, most), row)
            for k in range(len(row)):
                both[size + g, k] = larger(both[size + g, k], row[k])


@inlined
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
    """Claim 185: z > 0 and z > a + M z. Then all unknowns are at most z (Lemma 51)."""
    size = len(z)
    for i in range(size):
        above = both[i, size]
        for k in range(size):
            above += both[i, k] * z[k]
        if not (z[i] > 0 and z[i] > above * UP + TINY and z[i] < np.inf):
            return False
    return True


@inlined
def system_of(centre: Centre, out: Responses, base: Array) -> Array:
    """Return M and a of Lemma 51 side by side, for u = (|tau - value|, J)."""
    columns, size, count = centre.columns, len(base), len(centre.columns.groups)
    both = np.zeros((size + count, size + count + 1))
    weight_rows(centre, out, base, both)
    for g in range(count):
        if columns.own[g] >= 0:
            slope_row(centre, out, base, g, both)
    return both


@inlined
def capped(both: Array, caps: Array) -> Array:
    """Return the system of J alone, with these bounds of |tau - value|."""
    size = len(caps)
    count = len(both) - size
    found = both[size:, size:].copy()
    for g in range(count):
        for k in range(size):
            found[g, count] += both[size + g, k] * caps[k] * UP
    return found


@inlined
def bounds_of(centre: Centre, out: Responses) -> tuple[bool, Bounds]:
    """Return bounds of every minimum in the box, and whether there are any.

    Slopes of s p_r on a hull differ by their oscillation at the centre and 2 J at most: so many
    times the height is a bound of x (Lemma 50(1)).
    """
    columns, size, count = centre.columns, len(centre.weights), len(centre.columns.groups)
    wild, base, caps = oscillations(centre, out), centre.left + columns.known, np.empty(size)
    for k in range(size):
        caps[k] = max(abs(out.value[k]), centre.tops[k] - out.value[k]) * UP
    for g in range(count):
        base[columns.own[g]] += columns.height[g] * wild[g] if columns.own[g] >= 0 else 0.0
    both, away = system_of(centre, out, base), centre.tops
    z = solution(both)
    good, swings = holds(both, z), z[size:]
    if good:
        caps = np.minimum(caps, z[:size])
        away = np.minimum(away, (np.abs(out.value[:size] - centre.weights) + caps) * UP)
    else:
        both = capped(both, caps)
        swings = solution(both)
        good = holds(both, swings)
    for g in range(count):
        own = columns.own[g]
        base[own] += 2 * columns.height[g] * swings[g] if own >= 0 else 0.0
    return good, Bounds(caps, base, away)


@inlined
def interval(
    centre: Centre, out: Responses, known: Bounds, taus: Array, n: int
) -> tuple[float, float]:
    """Return bounds of a weight or slope, from those of the weights of hulls."""
    size = out.error[n]
    for k in range(len(known.reach)):
        size += abs(out.gamma[n, k]) * known.reach[k] + out.defect[n, k] * known.away[k]
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


@inlined
def sharpen(centre: Centre, out: Responses, known: Bounds, slopes: Array) -> None:
    """Let the bounds of slopes in a hull, if these are better, bound x at its centre.

    0 is one of them, or between two (Lemma 50(1)).
    """
    columns, first = centre.columns, out.first
    for g in range(len(columns.groups)):
        own, most = columns.own[g], 0.0
        for n in range(first[g], first[g + 1]):
            if is_slope(columns.groups, g, n - first[g]):
                most = larger(most, larger(slopes[n, 1], -slopes[n, 0]))
        if own >= 0:
            reach = centre.left[own] + columns.known[own] + columns.height[g] * most
            known.reach[own] = min(known.reach[own], reach)


@inlined
def weights_of(centre: Centre, out: Responses, known: Bounds) -> Array:
    """Return bounds of all weights, none of which is negative."""
    size = len(centre.weights)
    taus, found = np.empty((size, 2)), np.empty((size, 2))
    for k in range(size):
        value, shift = out.value[k], known.shift[k]
        spare = (abs(value) + shift) * (UP - 1)
        taus[k, 0] = max(value - shift - spare, 0.0)
        taus[k, 1] = min(value + shift + spare, centre.tops[k])
    for k in range(size):
        least, most = interval(centre, out, known, taus, k)
        found[k, 0], found[k, 1] = max(least, taus[k, 0]), min(most, taus[k, 1])
    return found
