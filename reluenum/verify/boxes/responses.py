"""Linear functions of residuals in a box: their values at the centre, and how far others are.

Weights (20.5) and values f . r (20.6) are alike: a number at the centre, and from it gamma . (x -
omega), up to the sign, a defect times tau - t, and for each hull s tau times the product of its
Delta with some vector.
"""

from typing import NamedTuple

import numpy as np

from .centre import Centre, column, leftover
from .columns import Columns, edges_of
from .line import Array, Tables
from .sums import UNSURE, Output, at_ray, compiled, inner, pull, slope


class Responses(NamedTuple):
    """Of the weights of all columns, then of slopes of s p_r, group by group."""

    value: Array  # at the centre
    error: Array
    gamma: Array
    defect: Array
    low: Array  # of each hull: bounds of what is to be multiplied by tau and subtracted
    high: Array
    mean: Array  # of each vertex, for differences
    noise: Array  # of each hull, of these


@compiled
def blank(count: int, size: int, centre: Centre) -> Responses:
    """Return room for so many."""
    groups = len(centre.first) - 1
    return Responses(
        np.zeros(count),
        np.zeros(count),
        np.zeros((count, size)),
        np.zeros((count, size)),
        np.zeros((count, groups)),
        np.zeros((count, groups)),
        np.zeros((count, centre.first[groups])),
        np.zeros((count, groups)),
    )


@compiled
def weights_into(out: Responses, centre: Centre) -> None:
    """Write those of the weights: gamma is a row of H, and the vector R Psi times it."""
    size = len(centre.weights)
    nothing = np.zeros((2, len(centre.scale)))
    for n in range(size):
        out.value[n] = centre.weights[n]
        for k in range(size):
            out.gamma[n, k], out.defect[n, k] = centre.inverse[n, k], centre.defect[n, k]
        _vertices_into(out, n, centre, nothing, -1.0)


@compiled
def functional_into(out: Responses, n: int, table: Tables, centre: Centre, f: Output) -> None:
    """Write that of f: gamma is H Psi'R f, and the vector f' = R (f - Psi gamma)."""
    size = len(centre.weights)
    value, total = pull(table, f)
    products, sizes = np.empty(size), np.empty(size)
    for k in range(size):
        products[k], sizes[k] = inner(table, f, column(centre.columns, k))
        value -= products[k] * centre.weights[k]
        total += sizes[k] * abs(centre.weights[k])
        for m in range(size):
            out.gamma[n, m] += centre.inverse[m, k] * products[k]
    out.value[n], out.error[n] = value, UNSURE * total
    for k in range(size):
        pair = products[k], sizes[k]
        out.defect[n, k] = leftover(centre.gram, centre.gram_size, out.gamma[n], k, *pair)
    _vertices_into(out, n, centre, at_vertices(table, centre, f, products, sizes), 1.0)


@compiled
def at_vertices(table: Tables, centre: Centre, f: Output, products: Array, sizes: Array) -> Array:
    """Return f . R (vertex) for all vertices, with sizes."""
    found = np.empty((2, len(centre.scale)))
    columns = centre.columns
    for g in range(len(columns.groups)):
        sign, low, _, _ = columns.groups[g]
        own = columns.own[g]
        for v in range(centre.first[g], centre.first[g + 1]):
            value, size = inner(table, f, at_ray(table, (low + 1) // 2 + v - centre.first[g]))
            found[0, v] = value * centre.scale[v] - sign * products[own]
            more = (abs(value) + size) * centre.scale_size[v] + size * centre.scale[v]
            found[1, v] = more + sizes[own]
    return found


@compiled
def _vertices_into(out: Responses, n: int, centre: Centre, values: Array, sign: float) -> None:
    """Write bounds of s (vertex) . (q - R Psi gamma), or of s (vertex) . R Psi gamma."""
    for g in range(len(centre.first) - 1):
        side = centre.columns.groups[g, 0]
        low, high, noise = np.inf, -np.inf, 0.0
        for v in range(centre.first[g], centre.first[g + 1]):
            value, size = values[0, v], values[1, v]
            for k in range(len(centre.weights)):
                value -= sign * out.gamma[n, k] * centre.dots[v, k]
                size += abs(out.gamma[n, k]) * centre.dots_size[v, k]
            out.mean[n, v] = value
            noise = max(noise, UNSURE * size)
            low, high = min(low, side * value), max(high, side * value)
        if low <= high:
            out.low[n, g], out.high[n, g], out.noise[n, g] = low - noise, high + noise, noise


@compiled
def slopes_from(columns: Columns) -> Array:
    """Return the number of the first slope of each group, and that of all responses.

    Of each boundary of a group there is room for the slopes before and after it.
    """
    count = len(columns.groups)
    first = np.zeros(count + 1, np.int64)
    first[0] = len(columns.beta)
    for g in range(count):
        a, b = edges_of(columns.groups[g, 1], columns.groups[g, 2])
        first[g + 1] = first[g] + 2 * (b - a + 1)
    return first


@compiled
def has_slope(low: int, high: int, e: int, side: int) -> bool:
    """Whether a slope at a boundary is one inside of faces, or an outer one at their last ray."""
    a, b = edges_of(low, high)
    outer = (e == a and side == 0 and low % 2 == 0) or (e == b and side == 1 and high % 2 == 1)
    return not outer


@compiled
def responses_of(table: Tables, centre: Centre) -> tuple[Array, Responses]:
    """Return the responses of weights, slopes, and of the slope at the centre of each hull."""
    columns = centre.columns
    first = slopes_from(columns)
    count = len(columns.groups)
    out = blank(first[count] + count, len(columns.beta), centre)
    weights_into(out, centre)
    for g in range(count):
        sign, low, high, hull = columns.groups[g]
        a = (low + 1) // 2
        for n in range(first[g + 1] - first[g]):
            if has_slope(low, high, a + n // 2, n % 2):
                i, j, v, w = slope(table, a + n // 2, n % 2)
                functional_into(out, first[g] + n, table, centre, (i, j, sign * v, sign * w))
        if hull:
            i, j, v, w = column(columns, columns.own[g])
            functional_into(out, first[count] + g, table, centre, (i, j, -w, v))
    return first, out
