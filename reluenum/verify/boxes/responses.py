"""Linear functions of residuals in a box: their values at the centre, and how far others are.

Weights (20.5) and values f . r (20.6) are alike: a number, that at the centre less gamma . omega,
and from it gamma . x, up to the sign, a defect times tau - t, and for each hull s tau times the
product of its Delta with some vector.
"""

from typing import NamedTuple

import numpy as np

from ..trees.machine import inlined
from .centre import Centre, column, leftover
from .columns import Columns, edges_of
from .line import Array, Sums, Tables
from .sums import UNSURE, Output, at_ray, inner, larger, load_of, plain, pull, slope, total


class Responses(NamedTuple):
    """Of the weights of all columns, then of slopes of s p_r, group by group.

    At last, of the slope at the centre of each hull.
    """

    first: Array  # slope of each group, and the number of all
    value: Array  # if x, Delta and the defect were 0
    error: Array
    product: Array  # Psi'R f
    size: Array
    gamma: Array
    defect: Array
    middle: Array  # of the slope at each centre: products of vertices with its vector
    apart: Array  # of each hull: how far such products are from those at the centre of the group
    noise: Array  # of each hull, of products
    low: Array  # of each hull: bounds of what is to be multiplied by tau and subtracted
    high: Array


@inlined
def slopes_from(columns: Columns) -> Array:
    """Return the number of the first slope of each group, and that of all.

    Of each boundary of a group there is room for the slopes before and after it.
    """
    count = len(columns.groups)
    first = np.zeros(count + 1, np.int64)
    first[0] = len(columns.beta)
    for g in range(count):
        a, b = edges_of(columns.groups[g, 1], columns.groups[g, 2])
        first[g + 1] = first[g] + 2 * (b - a + 1)
    return first


@inlined
def is_slope(groups: Array, g: int, place: int) -> bool:
    """Whether a slope is one inside of faces, or an outer one at their first or last ray."""
    low, high = groups[g, 1], groups[g, 2]
    a, b = edges_of(low, high)
    last = 2 * (b - a) + 1
    return not ((place == 0 and low % 2 == 0) or (place == last and high % 2 == 1))


@inlined
def functionals(table: Tables, columns: Columns, first: Array) -> tuple[Array, Array]:
    """Return the slopes of s p_r, and those at centres: f as sites and vectors, 0 for weights."""
    count = len(columns.groups)
    size = first[count] + count
    sites, vectors = np.zeros((size, 2), np.int64), np.zeros((size, 2))
    for g in range(count):
        sign, a = columns.groups[g, 0], (columns.groups[g, 1] + 1) // 2
        for n in range(first[g], first[g + 1]):
            place = n - first[g]
            if is_slope(columns.groups, g, place):
                i, j, v, w = slope(table, a + place // 2, place % 2)
                sites[n, 0], sites[n, 1] = i, j
                vectors[n, 0], vectors[n, 1] = sign * v, sign * w
        if columns.own[g] >= 0:
            i, j, v, w = column(columns, columns.own[g])
            n = first[count] + g
            sites[n, 0], sites[n, 1], vectors[n, 0], vectors[n, 1] = i, j, -w, v
    return sites, vectors


@inlined
def weights_into(out: Responses, centre: Centre) -> None:
    """Write gamma, up to the sign, and the defect of weights: rows of H and of 1 - H G."""
    for n in range(len(centre.weights)):
        out.value[n] = centre.weights[n]
        for k in range(len(centre.weights)):
            out.gamma[n, k], out.defect[n, k] = -centre.inverse[n, k], centre.defect[n, k]


@inlined
def corrected(out: Responses, centre: Centre) -> None:
    """Subtract gamma . omega from all values: what is left out then is gamma . x."""
    for n in range(len(out.value)):
        size = abs(out.value[n])
        for k in range(len(centre.omega)):
            part = out.gamma[n, k] * centre.omega[k]
            out.value[n] -= part
            size += abs(part)
        out.error[n] += UNSURE * size


@inlined
def slopes_into(out: Responses, sums: Sums, centre: Centre, sites: Array, vectors: Array) -> None:
    """Claim 184: values of f . r, gamma = H Psi'R f, defects Psi'R (f - Psi gamma) (Lemma 49)."""
    size, products, sizes = len(centre.weights), out.product, out.size
    for n in range(size, len(sites)):
        f = sites[n, 0], sites[n, 1], vectors[n, 0], vectors[n, 1]
        value, length = pull(sums, f)
        for k in range(size):
            products[n, k], sizes[n, k] = inner(sums, f, column(centre.columns, k))
            value -= products[n, k] * centre.weights[k]
            length += sizes[n, k] * abs(centre.weights[k])
        out.value[n], out.error[n] = value, UNSURE * length
        for k in range(size):
            for m in range(size):
                out.gamma[n, k] += centre.inverse[k, m] * products[n, m]
        for k in range(size):
            pair = products[n, k], sizes[n, k]
            out.defect[n, k] = leftover(centre.gram, centre.gram_size, out.gamma[n], k, *pair)


@inlined
def rays_into(
    out: Responses, table: Tables, hull: tuple[int, int, int, int], n: int, f: Output, row: Array
) -> None:
    """Write f . R phi(v) on the boundaries v of a hull into a row, and the largest size.

    Where one of the two outputs is not 0, the other one is mostly linear.
    """
    g, start, stop, a = hull
    sums, share, spans, loads = table.sums, table.sums.share, table.spans, table.loads
    i, j, v, w = f
    load, (t, u) = load_of(sums, f), total(sums, f)
    for m in range(start, stop):
        e = a + m - start
        if i <= spans[e, 0] and spans[e, 1] <= j:
            value = v * loads[e, 0] + w * loads[e, 1]
            size = abs(v) * loads[e, 2] + abs(w) * loads[e, 3]
        elif spans[e, 0] <= i and j <= spans[e, 1]:
            value = table.rays[e, 0] * load[0][0] + table.rays[e, 1] * load[1][0]
            size = load[0][1] + load[1][1]
        else:
            value, size = plain(sums, f, at_ray(table, e))
        row[m] = value - share * t * loads[e, 4]
        out.noise[n, g] = max(out.noise[n, g], size + 3 * share * u * loads[e, 5])


@inlined
def vertices_into(out: Responses, centre: Centre, g: int, n: int, row: Array) -> None:
    """Make of this the products of vertices with f', or with R Psi gamma for weights."""
    own, sign, low, high = centre.columns.own[g], centre.columns.groups[g, 0], np.inf, -np.inf
    product, size = out.product[n, own], out.size[n, own]
    noise, most, dots = out.noise[n, g], 0.0, centre.dots
    for k in range(len(centre.weights)):
        size += abs(out.gamma[n, k]) * centre.dots_size[g, k]
    for m in range(centre.first[g], centre.first[g + 1]):
        value, scale = row[m], centre.scale[m]
        most = max(most, (abs(value) + UNSURE * noise) * centre.scale_size[m] + noise * scale)
        value = value * scale - sign * product
        for k in range(len(centre.weights)):
            value -= out.gamma[n, k] * dots[m, k]
        row[m] = value
        low, high = min(low, sign * value), max(high, sign * value)
    noise = UNSURE * (size + most)
    out.low[n, g], out.high[n, g], out.noise[n, g] = low - noise, high + noise, noise


@inlined
def blank(first: Array, centre: Centre) -> Responses:
    """Return room for the responses of a box."""
    groups, size = len(first) - 1, len(centre.weights)
    count = first[groups] + groups
    return Responses(
        first,
        np.zeros(count),
        np.zeros(count),
        np.zeros((count, size)),
        np.zeros((count, size)),
        np.zeros((count, size)),
        np.zeros((count, size)),
        np.zeros((groups, centre.first[groups])),
        np.zeros((count, groups)),
        np.zeros((count, groups)),
        np.zeros((count, groups)),
        np.zeros((count, groups)),
    )


@inlined
def responses_of(table: Tables, centre: Centre) -> Responses:
    """Return the responses of weights, slopes, and of the slope at the centre of each hull."""
    columns, first = centre.columns, slopes_from(centre.columns)
    out = blank(first, centre)
    sites, vectors = functionals(table, columns, first)
    weights_into(out, centre)
    slopes_into(out, table.sums, centre, sites, vectors)
    corrected(out, centre)
    for g in range(len(columns.groups)):
        if columns.own[g] >= 0:
            hull_into(out, table, centre, g, (sites, vectors))
    return out


@inlined
def hull_into(
    out: Responses, table: Tables, centre: Centre, g: int, given: tuple[Array, Array]
) -> None:
    """Write what Delta of a hull does to all responses: first to slopes at centres."""
    count, first, (sites, vectors) = len(centre.columns.groups), out.first, given
    start, stop = centre.first[g], centre.first[g + 1]
    hull, row = (g, start, stop, (centre.columns.groups[g, 1] + 1) // 2), np.zeros(stop)
    for n in range(first[0]):
        row[:] = 0
        vertices_into(out, centre, g, n, row)
    for u in range(count):
        n, middle = first[count] + u, out.middle[u]
        f = sites[n, 0], sites[n, 1], vectors[n, 0], vectors[n, 1]
        rays_into(out, table, hull, n, f, middle)
        vertices_into(out, centre, g, n, middle)
        for n in range(first[u], first[u + 1]):
            f = sites[n, 0], sites[n, 1], vectors[n, 0], vectors[n, 1]
            rays_into(out, table, hull, n, f, row)
            vertices_into(out, centre, g, n, row)
            for m in range(start, stop):
                out.apart[n, g] = larger(out.apart[n, g], abs(row[m] - middle[m]))
