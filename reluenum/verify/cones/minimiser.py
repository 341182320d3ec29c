"""A guess at the minimiser over a product of closed cells (Lemma 54); it proves nothing."""

from typing import NamedTuple

import numpy as np

from ..trees.machine import inlined
from ..trees.numbers import put_numbers, reduced
from .arrangement import Array
from .centre import load_of
from .hulls import Box
from .tables import Tables

STEPS, TRIALS = 40, 12
SOLVED = 1e-15  # a step that gains less, relatively, is the last one
GONE = 1e-8  # a unit that is shorter, relatively, is on its way to 0


class Quadratic(NamedTuple):
    """Half of what is to be minimised, less a constant, by weights of the rays of a product."""

    gram: Array  # products of outputs by R
    right: Array  # and with Ry
    angles: Array  # products of unit vectors on rays of one part; 0 for those of two
    owner: Array  # the part of each ray
    parts: int
    ridge: float


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
def gram_by(table: Tables, outputs: Array) -> tuple[Array, Array]:
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
def quadratic_of(table: Tables, box: Box, outputs: Array, owner: Array) -> Quadratic:
    """Return what is to be minimised."""
    gram, right = gram_by(table, outputs)
    angles = np.zeros_like(gram)
    for n in range(len(right)):
        for m in range(len(right)):
            if owner[n] == owner[m]:
                for d in range(table.units.shape[1]):
                    angles[n, m] += table.units[box.rays[n], d] * table.units[box.rays[m], d]
    return Quadratic(gram, right, angles, owner, len(box.signs), table.ridge)


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
def value_of(problem: Quadratic, weights: Array) -> float:
    """Return the value."""
    found, squares = 0.0, np.zeros(problem.parts)
    for n in range(len(weights)):
        half, along = 0.0, 0.0
        for m in range(len(weights)):
            half += problem.gram[n, m] * weights[m]
            along += problem.angles[n, m] * weights[m]
        found += weights[n] * (half / 2 - problem.right[n])
        squares[problem.owner[n]] += weights[n] * along
    for k in range(len(squares)):
        found += problem.ridge * np.sqrt(max(squares[k], 0.0))
    return found


@inlined
def slopes_of(problem: Quadratic, weights: Array) -> tuple[Array, Array, Array]:
    """Return the gradient, the slopes of the lengths of units, and these; 0 where one is 0."""
    size = len(weights)
    slopes, along, lengths = np.zeros(size), np.zeros(size), np.zeros(problem.parts)
    for n in range(size):
        for m in range(size):
            slopes[n] += problem.gram[n, m] * weights[m]
            along[n] += problem.angles[n, m] * weights[m]
        lengths[problem.owner[n]] += weights[n] * along[n]
    lengths = np.sqrt(np.maximum(lengths, 0.0))
    for n in range(size):
        length = lengths[problem.owner[n]]
        along[n] = along[n] / length if length > 0 else 0.0
        slopes[n] += problem.ridge * along[n] - problem.right[n]
    return slopes, along, lengths


@inlined
def newton(
    problem: Quadratic, slopes: tuple[Array, Array, Array], free: Array, step: Array
) -> None:
    """Write Newton's step in the weights that are free; others do not change."""
    fall, along, lengths = slopes
    work, step[:] = np.empty((len(free), len(free) + 1)), 0.0
    for a, n in enumerate(free):
        length = lengths[problem.owner[n]]
        for b, m in enumerate(free):
            work[a, b] = problem.gram[n, m]
            if problem.owner[n] == problem.owner[m]:
                bend = problem.angles[n, m] - along[n] * along[m]
                work[a, b] += problem.ridge * bend / length
        work[a, a] *= 1 + 1e-11
        work[a, len(free)] = -fall[n]
    reduced(work, len(free))
    for a, n in enumerate(free):
        step[n] = work[a, len(free)]


@inlined
def step_from(problem: Quadratic, weights: Array) -> Array:
    """Return Newton's step in the positive weights, and those that grow if they are 0."""
    slopes = slopes_of(problem, weights)
    free, step, count = np.empty(len(weights), np.int64), np.zeros(len(weights)), 0
    for n in range(len(weights)):
        if slopes[2][problem.owner[n]] > 0 and (weights[n] > 0 or slopes[0][n] < 0):
            free[count] = n
            count += 1
    before = -1
    while count != before:
        newton(problem, slopes, free[:count], step)
        before, count = count, 0
        for n in free[:before]:
            if weights[n] > 0 or step[n] > 0:
                free[count] = n
                count += 1
    return step


@inlined
def longest(weights: Array, step: Array) -> Array:
    """Return where the longest multiple of a step ends after which no weight is negative.

    Weights that allow no longer one are 0 there, exactly.
    """
    factor = 1.0
    for n in range(len(weights)):
        if step[n] < 0:
            factor = min(factor, -weights[n] / step[n])
    found = weights + factor * step
    for n in range(len(weights)):
        if step[n] < 0 and -weights[n] / step[n] <= factor:
            found[n] = 0.0
    return found


@inlined
def stepped(problem: Quadratic, weights: Array, step: Array, value: float) -> float:
    """Go along a step, with no weight below 0, so far that the value falls; return the new one."""
    end = longest(weights, step)
    for trial in range(TRIALS):
        if trial == 0:
            other = np.maximum(weights + step, 0.0)
        else:
            other = weights + 4.0 ** (1 - trial) * (end - weights)
        new = value_of(problem, other)
        if new < value:
            put_numbers(weights, other)
            return new
    return value


@inlined
def nonnegative(gram: Array, right: Array) -> Array:
    """Return a guess at the weights c >= 0 for which c . Gc / 2 - c . b is least: active sets."""
    size = len(right)
    weights, free = np.zeros(size), np.zeros(size, np.bool_)
    for _ in range(3 * size):
        best, chosen = 0.0, -1
        for n in range(size):
            fall = right[n]
            for m in range(size):
                fall -= gram[n, m] * weights[m]
            if not free[n] and fall > SOLVED * np.abs(right).max() and fall > best:
                best, chosen = fall, n
        if chosen < 0:
            break
        free[chosen] = True
        settle(gram, right, weights, free)
        if not free[chosen]:
            break
    return weights


@inlined
def settle(gram: Array, right: Array, weights: Array, free: Array) -> None:
    """Move the weights that are free to where their sum is least; those that become 0 are fixed."""
    for _ in range(len(free)):
        places = np.flatnonzero(free)
        work, step = np.empty((len(places), len(places) + 1)), 1.0
        for a, n in enumerate(places):
            for b, m in enumerate(places):
                work[a, b] = gram[n, m]
            work[a, a] *= 1 + SOLVED
            work[a, len(places)] = right[n]
        reduced(work, len(places))
        for a, n in enumerate(places):
            if not work[a, len(places)] > 0:
                step = min(step, weights[n] / (weights[n] - work[a, len(places)]))
        for a, n in enumerate(places):
            end = work[a, len(places)]
            stays = end > 0 or weights[n] > step * (weights[n] - end) * (1 + SOLVED)
            weights[n] = weights[n] + step * (end - weights[n]) if stays else 0.0
            free[n] = stays
        if step == 1.0:
            return


@inlined
def angles_of(table: Tables, rays: Array) -> Array:
    """Return the products of unit vectors on rays."""
    found = np.zeros((len(rays), len(rays)))
    for a in range(len(rays)):
        for b in range(len(rays)):
            for d in range(table.units.shape[1]):
                found[a, b] += table.units[rays[a], d] * table.units[rays[b], d]
    return found


@inlined
def nearest(table: Tables, rays: Array, pulls: Array) -> tuple[Array, Array]:
    """Return a guess at the projection of g on the cone of rays, by g . e, and its weights."""
    weights, found = nonnegative(angles_of(table, rays), pulls), np.zeros(table.rows.shape[1])
    for a in range(len(rays)):
        for d in range(len(found)):
            found[d] += weights[a] * table.units[rays[a], d]
    return found, weights


@inlined
def wanted(
    table: Tables, rays: Array, problem: Quadratic, first: int, weights: Array
) -> tuple[float, Array]:
    """Return by what factor the projection of s g, whose weights follow, lowers the value most.

    `rays` are those of a part, the first one of which has a number.
    """
    pulls, square, bend = problem.right[first : first + len(rays)].copy(), 0.0, 0.0
    for n in range(len(rays)):
        for m in range(len(weights)):
            pulls[n] -= problem.gram[first + n, m] * weights[m]
    found, step = nearest(table, rays, pulls)
    for d in range(len(found)):
        square += found[d] * found[d]
    for n in range(len(rays)):
        for m in range(len(rays)):
            bend += step[n] * problem.gram[first + n, first + m] * step[m]
    return (square - problem.ridge * np.sqrt(square)) / bend if bend > 0 else 0.0, step


@inlined
def begun(table: Tables, box: Box, problem: Quadratic, weights: Array) -> bool:
    """Give a length to each unit that has none and by which the value falls; return if so."""
    changed = False
    for k in range(len(box.signs)):
        first, last = box.first[k], box.first[k + 1]
        if weights[first:last].max() == 0:
            factor, step = wanted(table, box.rays[first:last], problem, first, weights)
            if factor * step.sum() > GONE * weights.sum():
                put_numbers(weights[first:last], step * factor)
                changed = True
    return changed


@inlined
def lightened(problem: Quadratic, box: Box, weights: Array, value: float) -> float:
    """Put the weights of units to 0 that are far too short, or the value is no larger without.

    Return the new value.
    """
    for k in range(len(box.signs)):
        first, last = box.first[k], box.first[k + 1]
        size = weights[first:last].sum()
        if size > 0:
            other = weights.copy()
            other[first:last] = 0.0
            new = value_of(problem, other)
            if new <= value or size < GONE * weights.sum():
                value = new
                put_numbers(weights, other)
    return value


@inlined
def steepness(problem: Quadratic, weights: Array) -> float:
    """Return how large the slopes are in weights of units that have lengths, but if one is 0."""
    slopes, _, lengths = slopes_of(problem, weights)
    most = 0.0
    for n in range(len(weights)):
        if lengths[problem.owner[n]] > 0:
            most = max(most, abs(slopes[n]) if weights[n] > 0 else -slopes[n])
    return most


@inlined
def polish(problem: Quadratic, weights: Array) -> None:
    """Take steps as long as slopes become smaller: values do not tell any more."""
    now = steepness(problem, weights)
    for _ in range(STEPS):
        other = weights + step_from(problem, weights)
        new = steepness(problem, other) if other.min() >= 0 else np.inf
        if not new < now / 2:
            return
        put_numbers(weights, other)
        now = new


@inlined
def minimiser(table: Tables, box: Box, outputs: Array, owner: Array) -> Array:
    """Return weights of rays: a guess at the minimiser, exactly 0 for units that are not needed."""
    problem, weights = quadratic_of(table, box, outputs, owner), np.zeros(len(outputs))
    begun(table, box, problem, weights)
    value = value_of(problem, weights)
    for _ in range(STEPS):
        before = value
        value = stepped(problem, weights, step_from(problem, weights), value)
        value = lightened(problem, box, weights, value)
        if not before - value > SOLVED * abs(value):
            if not begun(table, box, problem, weights):
                break
            value = value_of(problem, weights)
    polish(problem, weights)
    return weights
