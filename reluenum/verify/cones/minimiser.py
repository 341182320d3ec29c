"""A guess at the minimiser over a product of closed cells (Lemma 54); it proves nothing."""

import numpy as np

from ..trees.machine import inlined
from ..trees.numbers import reduced
from .arrangement import Array
from .centre import load_of
from .hulls import Box
from .tables import Tables

STEPS, HALVINGS, SWEEPS = 40, 12, 40
SOLVED = 1e-15  # a step that gains less, relatively, is the last one
GONE = 1e-8  # a unit that is shorter, relatively, is on its way to 0


@inlined
def outputs_of(table: Tables, box: Box) -> tuple[Array, Array]:
    """Return the outputs of unit vectors on all rays, with the sign of the part; and its number."""
    size, p = len(box.rays), len(table.copies)
    found, owner = np.empty((size, p)), np.empty(size, np.int64)
    for k in range(len(box.signs)):
        for n in range(box.first[k], box.first[k + 1]):
            owner[n] = k
            for i in range(p):
                found[n, i] = box.signs[k] * max(table.values[box.rays[n], i], 0.0)
    return found, owner


@inlined
def matrix_of(table: Tables, outputs: Array) -> tuple[Array, Array]:
    """Return the products of outputs by R, and with Ry."""
    size, p = outputs.shape
    gram, right = np.zeros((size, size)), np.zeros(size)
    load, sizes = np.empty(p), np.empty(p)
    for n in range(size):
        load_of(table, outputs[n], load, sizes)
        for i in range(p):
            right[n] += outputs[n, i] * table.pulls[i]
        for m in range(n + 1):
            for i in range(p):
                gram[n, m] += outputs[m, i] * load[i]
            gram[m, n] = gram[n, m]
    return gram, right


@inlined
def vectors_of(table: Tables, box: Box, weights: Array) -> Array:
    """Return the vectors of all parts, sums of those on rays with weights."""
    found = np.zeros((len(box.signs), table.rows.shape[1]))
    for k in range(len(box.signs)):
        for n in range(box.first[k], box.first[k + 1]):
            for d in range(found.shape[1]):
                found[k, d] += weights[n] * table.units[box.rays[n], d]
    return found


@inlined
def lengths_of(vectors: Array) -> Array:
    """Return the lengths of vectors."""
    found = np.zeros(len(vectors))
    for k in range(len(vectors)):
        for d in range(vectors.shape[1]):
            found[k] += vectors[k, d] * vectors[k, d]
        found[k] = np.sqrt(found[k])
    return found


@inlined
def value_of(table: Tables, box: Box, pair: tuple[Array, Array], weights: Array) -> float:
    """Return half of what is to be minimised, less a constant."""
    gram, right = pair
    found = 0.0
    for n in range(len(weights)):
        half = 0.0
        for m in range(len(weights)):
            half += gram[n, m] * weights[m]
        found += weights[n] * (half / 2 - right[n])
    return found + table.ridge * lengths_of(vectors_of(table, box, weights)).sum()


@inlined
def slopes_of(
    table: Tables, box: Box, owner: Array, pair: tuple[Array, Array], weights: Array
) -> tuple[Array, Array]:
    """Return gradient and Hessian."""
    gram, right = pair
    vectors = vectors_of(table, box, weights)
    lengths, size = lengths_of(vectors), len(weights)
    hessian, slopes, along = gram.copy(), -right, np.zeros(size)
    for n in range(size):
        k, j = owner[n], box.rays[n]
        for d in range(vectors.shape[1]):
            along[n] += table.units[j, d] * vectors[k, d]
        along[n] /= lengths[k]
        slopes[n] += table.ridge * along[n]
        for m in range(size):
            slopes[n] += gram[n, m] * weights[m]
        for m in range(box.first[k], n + 1):
            bend = -along[n] * along[m]
            for d in range(vectors.shape[1]):
                bend += table.units[j, d] * table.units[box.rays[m], d]
            hessian[n, m] += table.ridge * bend / lengths[k]
            hessian[m, n] = hessian[n, m]
    return slopes, hessian


@inlined
def direction_of(slopes: Array, hessian: Array, free: Array) -> Array:
    """Return Newton's step in the weights that are free."""
    count = len(free)
    work, step = np.empty((count, count + 1)), np.zeros(len(slopes))
    for a in range(count):
        for b in range(count):
            work[a, b] = hessian[free[a], free[b]]
        work[a, a] *= 1 + 1e-11
        work[a, count] = -slopes[free[a]]
    reduced(work, count)
    for a in range(count):
        step[free[a]] = work[a, count]
    return step


@inlined
def longest(weights: Array, step: Array) -> float:
    """Return the largest factor up to 1 of a step after which no weight is negative."""
    factor = 1.0
    for n in range(len(weights)):
        if step[n] < 0:
            factor = min(factor, -weights[n] / step[n])
    return factor


@inlined
def stepped(
    table: Tables, box: Box, pair: tuple[Array, Array], weights: Array, step: Array
) -> float:
    """Go along a step as far as no weight becomes negative and the value falls; return by what."""
    value, factor = value_of(table, box, pair, weights), longest(weights, step)
    for k in range(HALVINGS):
        other = weights + factor * step
        for n in range(len(other)):
            if step[n] < 0 and (other[n] < 0 or (k == 0 and -weights[n] / step[n] <= factor)):
                other[n] = 0.0
        new = value_of(table, box, pair, other)
        if new < value:
            weights[:] = other
            return value - new
        factor /= 4
    return 0.0


@inlined
def nearest(table: Tables, rays: Array, pulls: Array) -> tuple[Array, Array]:
    """Return a guess at the projection of g on the cone of rays, by g . e, and its weights."""
    found, weights = np.zeros(table.rows.shape[1]), np.zeros(len(rays))
    for _ in range(SWEEPS):
        for a in range(len(rays)):
            value = pulls[a]
            for d in range(len(found)):
                value -= found[d] * table.units[rays[a], d]
            value = max(value, -weights[a])
            weights[a] += value
            for d in range(len(found)):
                found[d] += value * table.units[rays[a], d]
    return found, weights


@inlined
def wanted(
    table: Tables, box: Box, k: int, pair: tuple[Array, Array], weights: Array
) -> tuple[float, Array]:
    """Return by what factor the projection of s g, whose weights follow, lowers the value most."""
    (gram, right), first, last = pair, box.first[k], box.first[k + 1]
    pulls, square, bend = right.copy(), 0.0, 0.0
    for n in range(first, last):
        for m in range(len(weights)):
            pulls[n] -= gram[n, m] * weights[m]
    found, step = nearest(table, box.rays[first:last], pulls[first:last])
    for d in range(len(found)):
        square += found[d] * found[d]
    for n in range(last - first):
        for m in range(last - first):
            bend += step[n] * gram[first + n, first + m] * step[m]
    return (square - table.ridge * np.sqrt(square)) / bend if bend > 0 else 0.0, step


@inlined
def begun(table: Tables, box: Box, pair: tuple[Array, Array], weights: Array) -> bool:
    """Give a length to each unit that has none and by which the value falls; return if so."""
    changed = False
    for k in range(len(box.signs)):
        first, last = box.first[k], box.first[k + 1]
        if weights[first:last].max() == 0:
            factor, step = wanted(table, box, k, pair, weights)
            if factor * step.sum() > GONE * weights.sum():
                weights[first:last] = step * factor
                changed = True
    return changed


@inlined
def freed(weights: Array, slopes: Array, settled: bool) -> Array:
    """Return the weights that are free: positive ones, and, if these are settled, one more."""
    free, count, least, best = np.empty(len(weights), np.int64), 0, 0.0, -1
    for n in range(len(weights)):
        if weights[n] > 0:
            free[count] = n
            count += 1
        elif slopes[n] < least:
            least, best = slopes[n], n
    if settled and best >= 0:
        free[count] = best
        count += 1
    return free[:count]


@inlined
def minimiser(table: Tables, box: Box, outputs: Array, owner: Array) -> Array:
    """Return weights of rays: a guess at the minimiser, exactly 0 for units that are not needed."""
    pair = matrix_of(table, outputs)
    weights, idle = np.zeros(len(outputs)), 0
    begun(table, box, pair, weights)
    for _ in range(STEPS):
        slopes, hessian = slopes_of(table, box, owner, pair, weights)
        free = freed(weights, slopes, idle == 1)
        step = direction_of(slopes, hessian, free)
        gained = stepped(table, box, pair, weights, step)
        dropped(table, box, pair, weights)
        small = not gained > SOLVED * abs(value_of(table, box, pair, weights))
        idle = 0 if begun(table, box, pair, weights) or not small else idle + 1
        if idle == 2:
            break
    return weights


@inlined
def dropped(table: Tables, box: Box, pair: tuple[Array, Array], weights: Array) -> None:
    """Put the weights of units to 0 that are far too short, or the value is no larger without."""
    value = value_of(table, box, pair, weights)
    lengths = lengths_of(vectors_of(table, box, weights))
    for k in range(len(box.signs)):
        other = weights.copy()
        other[box.first[k] : box.first[k + 1]] = 0.0
        new = value_of(table, box, pair, other)
        if new <= value or lengths[k] < GONE * lengths.max():
            value, weights[:] = new, other
