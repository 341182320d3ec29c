"""Boxes the parts of which are in closed cells: one convex problem (Lemma 54)."""

from typing import NamedTuple

import numpy as np

from ..trees.machine import inlined
from ..trees.numbers import put_numbers
from .arrangement import NEGATIVE, POSITIVE, ZERO, Array
from .centre import WILD, load_of
from .directions import MORE_STEPS, along, cost, doubt_of, factors_of, gain, searched, ways_off
from .hulls import UP, Box, spread_of
from .minimiser import (
    angles_of,
    lengths_of,
    minimiser,
    nearest,
    nonnegative,
    outputs_of,
    vectors_of,
)
from .tables import Tables

WIDE = 2.0  # a bound of a cone that is good enough


class Ball(NamedTuple):
    """The residuals at a distance of at most a radius from share times r; numbers of rays.

    Of each part whether it has a unit, the vector on which that is, and how far others may be.
    """

    residual: Array  # r, summed over equal inputs
    doubt: Array  # how much that is wrong
    pulls: Array  # s phi(e) . r
    pull_doubt: Array
    norms: Array  # upper bounds of |phi(e)|
    share: float
    radius: float


@inlined
def residual_at(table: Tables, outputs: Array, weights: Array) -> tuple[Array, Array, float]:
    """Return the residual of outputs with weights, how much it is wrong; a bound of e'Re."""
    p = len(table.copies)
    output, sizes, load, spare = np.zeros(p), np.zeros(p), np.empty(p), np.empty(p)
    for n in range(len(weights)):
        for i in range(p):
            output[i] += weights[n] * outputs[n, i]
            sizes[i] += weights[n] * abs(outputs[n, i])
    load_of(table, sizes, load, spare)
    load_of(table, output, load, sizes)
    energy, size = table.energy, table.energy
    for i in range(p):
        load[i] = table.pulls[i] - load[i]
        spare[i] = (spare[i] + abs(table.pulls[i])) * table.unsure
        energy -= output[i] * (table.pulls[i] + load[i])
        size += abs(output[i]) * (abs(table.pulls[i]) + abs(load[i]) + spare[i])
    return load, spare, energy + size * table.unsure


@inlined
def pulls_of(table: Tables, outputs: Array, pair: tuple[Array, Array]) -> tuple[Array, Array]:
    """Return s phi(e) . r for all rays, and how much that is wrong."""
    residual, doubt = pair
    found, spare = np.zeros(len(outputs)), np.zeros(len(outputs))
    for n in range(len(outputs)):
        for i in range(len(residual)):
            found[n] += outputs[n, i] * residual[i]
            spare[n] += abs(outputs[n, i]) * (abs(residual[i]) * table.unsure + doubt[i])
    return found, spare * UP


@inlined
def norms_of(table: Tables, outputs: Array) -> Array:
    """Return upper bounds of the lengths of outputs, over all data points."""
    found = np.zeros(len(outputs))
    for n in range(len(outputs)):
        for i in range(len(table.copies)):
            found[n] += table.copies[i] * outputs[n, i] * outputs[n, i]
    return np.sqrt(found) * UP


@inlined
def factor_of(table: Tables, rays: Array) -> float:
    """Return an upper bound of the sum of coefficients of a unit vector in the cone of rays.

    By a vector c with which all rays have a positive product. Any will do; best is the shortest in
    the convex hull of the rays, a multiple of that with the least |c|^2 + (1 - sum)^2 in the cone.
    """
    middle = np.zeros(table.rows.shape[1])
    for j in rays:
        middle += table.units[j] / len(rays)
    least, length = spread_of(table, rays, middle)
    if least * WIDE > length:
        return length / least * UP
    weights = nonnegative(angles_of(table, rays) + 1.0, np.ones(len(rays)))
    middle[:] = 0.0
    for a in range(len(rays)):
        middle += weights[a] / weights.sum() * table.units[rays[a]]
    other, size = spread_of(table, rays, middle)
    best = length / least if least > 0 else np.inf
    return min(best, size / other if other > 0 else np.inf) * UP


@inlined
def excess(table: Tables, box: Box, k: int, pair: tuple[Array, Array], y: Array) -> float:
    """Return an upper bound of (s g - y) . v for unit vectors v in a part."""
    pulls, spare = pair
    most = 0.0
    for n in range(box.first[k], box.first[k + 1]):
        value, size = pulls[n], abs(pulls[n])
        for d in range(len(y)):
            value -= y[d] * table.units[box.rays[n], d]
            size += abs(y[d])
        most = max(most, value + size * table.unsure + spare[n])
    factor = factor_of(table, box.rays[box.first[k] : box.first[k + 1]])
    return most * factor * UP if most > 0 else 0.0


@inlined
def aims_of(table: Tables, box: Box, weights: Array, pulls: Array) -> tuple[Array, Array, Array]:
    """Return near what s g projects to, on each part, and its weights on rays; lengths of units.

    That is Lambda times a unit vector along the unit, if there is one.
    """
    lengths, shares = lengths_of(vectors_of(table, box, weights)), weights.copy()
    for k in range(len(lengths)):
        first, last = box.first[k], box.first[k + 1]
        if lengths[k] > 0:
            for n in range(first, last):
                shares[n] *= table.ridge / lengths[k]
        else:
            _, given = nearest(table, box.rays[first:last], pulls[first:last])
            put_numbers(shares[first:last], given)
    return vectors_of(table, box, shares), shares, lengths


@inlined
def reaches_of(table: Tables, box: Box, pair: tuple[Array, Array], aims: Array) -> Array:
    """Claim 223: |s g|_K <= |y| + the largest (s g - y) . v, for any y (Lemma 57)."""
    found = lengths_of(aims)
    for k in range(len(found)):
        found[k] = (found[k] + excess(table, box, k, pair, aims[k])) * UP
    return found


@inlined
def ball_of(
    table: Tables, box: Box, outputs: Array, weights: Array
) -> tuple[Ball, tuple[Array, Array], Array]:
    """Claim 224: the residual of Lemma 54 is in this ball; aims with weights, and their reaches."""
    residual, doubt, energy = residual_at(table, outputs, weights)
    pulls, spare = pulls_of(table, outputs, (residual, doubt))
    aims, shares, lengths = aims_of(table, box, weights, pulls)
    reaches = reaches_of(table, box, (pulls, spare), aims)
    share = min(1.0, table.ridge / (reaches.max() * UP * UP))
    gap, size = 0.0, 0.0
    for k in range(len(lengths)):
        gap += table.ridge * lengths[k]
        for n in range(box.first[k], box.first[k + 1]):
            gap -= share * weights[n] * pulls[n]
            size += weights[n] * (table.ridge + abs(pulls[n]))
            gap += weights[n] * spare[n]
    gap = 2 * (gap + size * table.unsure) + (1 - share) ** 2 * energy
    norms = norms_of(table, outputs)
    radius = np.sqrt(max(gap, 0.0)) * UP
    return Ball(residual, doubt, pulls, spare, norms, share, radius), (aims, shares), reaches


@inlined
def short(table: Tables, box: Box, ball: Ball, reaches: Array) -> bool:
    """Claim 225: a projection is shorter than Lambda (Lemma 54)."""
    for k in range(len(reaches)):
        rays = box.rays[box.first[k] : box.first[k + 1]]
        norm = ball.norms[box.first[k] : box.first[k + 1]].max()
        if reaches[k] + ball.radius * norm * factor_of(table, rays) * UP < table.ridge:
            return True
    return False


@inlined
def distance(
    table: Tables, box: Box, ball: Ball, k: int, triple: tuple[Array, float, Array]
) -> float:
    """Claim 226: Lambda v is at most so far from its aim y (Lemma 57).

    p, the projection of s g for the centre of the ball, satisfies |p - y|^2 <= (s g - y) . (p - y),
    and Lambda v is the one for a residual of the ball.
    """
    aim, reach, shares = triple
    over = excess(table, box, k, (ball.pulls, ball.pull_doubt), aim)
    value, size, square = 0.0, 0.0, 0.0
    for n in range(box.first[k], box.first[k + 1]):
        value += shares[n] * ball.pulls[n]
        size += shares[n] * (abs(ball.pulls[n]) * table.unsure + ball.pull_doubt[n])
    for d in range(len(aim)):
        square += aim[d] * aim[d]
    gap = reach * over + abs(square - value) + size + 8 * table.unsure * (square + abs(value))
    total, frame = 0.0, 0.0
    for i in range(len(table.copies)):
        if box.found[k, i] & POSITIVE:
            frame += table.copies[i] * table.lengths[i] * table.lengths[i]
            total += (abs(ball.residual[i]) + ball.doubt[i]) * table.lengths[i]
    away = ball.radius * np.sqrt(frame) + (1 - ball.share) * total
    return (np.sqrt(gap) + away + 8 * table.unsure * table.ridge) * UP


@inlined
def kept(table: Tables, box: Box, ball: Ball, k: int, pair: tuple[Array, float]) -> Array:
    """Claim 227: other rays have the coefficient 0: (s g - Lambda v) . e < 0 (Lemma 57)."""
    aim, away = pair
    rays, count = np.empty(box.first[k + 1] - box.first[k], np.int32), 0
    for n in range(box.first[k], box.first[k + 1]):
        value, size = ball.pulls[n], abs(ball.pulls[n])
        for d in range(len(aim)):
            value -= aim[d] * table.units[box.rays[n], d]
            size += abs(aim[d])
        size = size * table.unsure + ball.pull_doubt[n]
        size += ball.radius * ball.norms[n] + (1 - ball.share) * abs(ball.pulls[n])
        if not value + (size + away) * UP < 0:
            rays[count] = box.rays[n]
            count += 1
    return rays[:count]


@inlined
def seen(table: Tables, found: Array, rays: Array, pair: tuple[Array, float]) -> Array:
    """Return which signs sites may have at a unit: on these rays, near Lambda v; 0 if none."""
    aim, away = pair
    signs = np.zeros(len(found), np.uint8)
    for i in range(len(found)):
        for j in rays:
            if table.signs[j, i]:
                signs[i] |= found[i] & (POSITIVE | NEGATIVE)
        value = 0.0
        for d in range(len(aim)):
            value += table.rows[i, d] * aim[d]
        if abs(value) <= table.lengths[i] * (away + 4 * table.unsure * table.ridge) * UP:
            signs[i] |= found[i] & ZERO
    return signs


@inlined
def located(
    table: Tables, box: Box, ball: Ball, k: int, triple: tuple[Array, float, Array]
) -> tuple[float, Array, Array]:
    """Return how far a unit is from its aim, rays that generate it, and signs of sites there."""
    aim, away = triple[0], distance(table, box, ball, k, triple)
    rays = kept(table, box, ball, k, (aim, away))
    return away, rays, seen(table, box.found[k], rays, (aim, away))


@inlined
def loses(table: Tables, box: Box, ball: Ball, k: int, triple: tuple[Array, float, Array]) -> bool:
    """Claim 228: a unit of a part gains along some direction, or is outside of it (Lemma 54)."""
    aim = triple[0]
    away, rays, signs = located(table, box, ball, k, triple)
    if len(rays) == 0 or signs.min() == 0:
        return True
    residual, margin = ball.share * ball.residual, np.empty(len(signs))
    for i in range(len(signs)):
        margin[i] = (ball.radius * np.sqrt(table.copies[i]) + ball.doubt[i]) * UP
        margin[i] += abs(residual[i]) * table.unsure
    factors = factors_of(signs, box.signs[k], residual, margin)
    part = box.signs[k], residual, ball.doubt, margin
    return rises(table, part, factors, (rays, aim, away), ball.radius)


@inlined
def sum_of_fixed(table: Tables, sign: int, residual: Array, full: Array) -> Array:
    """Return the sum of s r_i x_i over the sites that are positive on a whole part."""
    found = np.zeros(table.rows.shape[1])
    for i in range(len(full)):
        for d in range(len(found) * (full[i] != 0)):
            found[d] += sign * residual[i] * table.rows[i, d]
    return found


@inlined
def rises(
    table: Tables,
    part: tuple[int, Array, Array, Array],
    factors: tuple[Array, Array, Array],
    unit: tuple[Array, Array, float],
    radius: float,
) -> bool:
    """Whether s p_r surely rises along some direction by more than Lambda v . w."""
    full, above, below = factors
    fixed = sum_of_fixed(table, part[0], part[1], full)
    for w in ways_off(table, (above, below)):
        if surely_rises(table, part, factors, unit, (radius, w)):
            return True
    for choice in range(4):
        one, other = above.copy(), below.copy()
        for i in range(len(full)):
            if above[i] > 0:
                one[i] = above[i] * (choice & 1)
                other[i] = one[i]
        v = np.expand_dims(unit[1] / table.ridge, 0)
        good, w = searched(table, v, fixed, (one, other), MORE_STEPS)
        if good and surely_rises(table, part, factors, unit, (radius, w)):
            return True
    return False


@inlined
def surely_rises(
    table: Tables,
    part: tuple[int, Array, Array, Array],
    factors: tuple[Array, Array, Array],
    unit: tuple[Array, Array, float],
    pair: tuple[float, Array],
) -> bool:
    """Whether it does so along w."""
    sign, residual, doubt, margin = part
    rays, aim, away = unit
    radius, w = pair
    f, value = gain(table, (sign, residual), factors, w)
    value -= doubt_of(table, residual, margin, factors, w)
    square, size, length = 0.0, 0.0, 0.0
    for i in range(len(f)):
        value += f[i] * residual[i]
        size += abs(f[i]) * (abs(residual[i]) * table.unsure + doubt[i])
        square += table.copies[i] * f[i] * f[i]
    for d in range(len(w)):
        length += w[d] * w[d]
    value -= (size + radius * np.sqrt(square)) * UP
    price = along(np.expand_dims(aim, 0), 0, w)
    price += (away + 4 * table.unsure * table.ridge) * np.sqrt(length)
    price = min(price, table.ridge * cost(table, rays, (1.0, factor_of(table, rays)), w))
    return value > price + abs(price) * table.unsure


@inlined
def outside(table: Tables, box: Box) -> bool:
    """Claim 229: the convex problem of a product of closed cells has no minimum (Lemma 54)."""
    outputs, owner = outputs_of(table, box)
    weights = minimiser(table, box, outputs, owner)
    if not weights.sum() < WILD:
        return False
    ball, (aims, shares), reaches = ball_of(table, box, outputs, weights)
    if not ball.radius < np.inf:
        return False
    if short(table, box, ball, reaches):
        return True
    for k in range(len(box.signs)):
        _, rays, signs = located(table, box, ball, k, (aims[k], reaches[k], shares))
        if len(rays) == 0 or signs.min() == 0:
            return True
    for k in range(len(box.signs)):
        if loses(table, box, ball, k, (aims[k], reaches[k], shares)):
            return True
    return False
