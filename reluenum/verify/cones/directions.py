"""Directions along which a unit of a part would gain more than it costs (Lemma 53(3))."""

import numpy as np

from ..trees.machine import inlined
from ..trees.numbers import inverse_of
from .arrangement import POSITIVE, ZERO, Array
from .centre import Centre, load_of
from .hulls import UP, Hulls, product_with
from .tables import Tables

STEPS, MORE_STEPS = 20, 240  # of the search for a direction, also of units that nearly are known
EACH, NEAR = 4, 0.8  # after so many it ends if the gain is at least this share of the largest one
NOTHING = 1e-16  # the square of the largest gain, relative to the ridge, that is of no use


@inlined
def factors_of(found: Array, sign: int, residual: Array, away: Array) -> tuple[Array, Array, Array]:
    """Claim 219: how a site counts in a derivative of s p_r along w, at units of a part.

    Sites that count in full; and of the others, what xt . w is multiplied with at least where it is
    positive, and where it is negative (Lemma 53(3)).
    """
    p = len(found)
    full, above, below = np.zeros(p, np.bool_), np.zeros(p), np.zeros(p)
    for i in range(p):
        low, high = sign * residual[i] - away[i], sign * residual[i] + away[i]
        full[i] = found[i] == POSITIVE or (found[i] == POSITIVE | ZERO and low > 0)
        if full[i]:
            continue
        if found[i] == ZERO or found[i] == POSITIVE | ZERO:
            above[i] = low
        elif found[i] & (POSITIVE | ZERO):
            above[i] = min(low, 0.0)
        if found[i] & POSITIVE:
            below[i] = max(high, 0.0)
    return full, above, below


@inlined
def along(vectors: Array, i: int, w: Array) -> float:
    """Return the product of a vector with another one."""
    found = 0.0
    for d in range(len(w)):
        found += vectors[i, d] * w[d]
    return found


@inlined
def farthest(table: Tables, rays: Array, w: Array) -> float:
    """Return the largest e . w."""
    most = -np.inf
    for j in rays:
        most = max(most, along(table.units, j, w))
    return most


@inlined
def bent(table: Tables, factors: tuple[Array, Array], point: Array, sites: Array) -> None:
    """Move a point by rows, each by a factor between its two, to where it is shortest."""
    above, below = factors
    for i in range(len(sites)):
        if above[i] != below[i]:
            value = sites[i] - along(table.rows, i, point) / table.lengths[i] ** 2
            value = min(max(value, min(above[i], below[i])), max(above[i], below[i]))
            for d in range(len(point)):
                point[d] += (value - sites[i]) * table.rows[i, d]
            sites[i] = value


@inlined
def turned(ridge: float, vectors: Array, point: Array, unit: Array) -> None:
    """Move a point, which contains a vector times -ridge, as that goes to another one."""
    best, most, slope, change = 0, -np.inf, 0.0, 0.0
    for j in range(len(vectors)):
        value = along(vectors, j, point)
        if value > most:
            best, most = j, value
    for d in range(len(point)):
        step = ridge * (unit[d] - vectors[best, d])
        slope, change = slope - step * point[d], change + step * step
    if change > 0:
        factor = min(max(slope / change, 0.0), 1.0)
        for d in range(len(point)):
            step = factor * (unit[d] - vectors[best, d])
            point[d] += ridge * step
            unit[d] -= step


@inlined
def outermost(
    table: Tables, vectors: Array, fixed: Array, factors: tuple[Array, Array]
) -> tuple[Array, Array, Array]:
    """Return where a search begins: the mean of vectors, a point with it, and the factors there."""
    above, below = factors
    unit, point, sites = np.zeros(len(fixed)), fixed.copy(), np.zeros(len(above))
    for j in range(len(vectors)):
        unit += vectors[j] / len(vectors)
    point -= table.ridge * unit
    for i in range(len(sites)):
        sites[i] = above[i] if along(table.rows, i, point) > 0 else below[i]
        for d in range(len(point) * (sites[i] != 0)):
            point[d] += sites[i] * table.rows[i, d]
    return unit, point, sites


@inlined
def ways_off(table: Tables, factors: tuple[Array, Array]) -> Array:
    """Return directions that leave, to either side, one hyperplane of a site and no other.

    Of sites that may be 0, where they are few (Lemma 13): a search may take long to come there.
    """
    sites, depth = np.flatnonzero(factors[0] != factors[1]), table.rows.shape[1]
    count = len(sites) * (len(sites) < depth)
    gram, found = np.zeros((count, count)), np.zeros((2 * count, depth))
    for n in range(count):
        for m in range(count):
            gram[n, m] = along(table.rows, sites[n], table.rows[sites[m]])
    inverse = inverse_of(gram)
    for n in range(count):
        for m in range(count):
            found[n] += inverse[n, m] * table.rows[sites[m]]
        found[n] /= np.sqrt((found[n] * found[n]).sum())
        found[count + n] = -found[n]
    return found


@inlined
def searched(
    table: Tables, vectors: Array, fixed: Array, factors: tuple[Array, Array], steps: int
) -> tuple[bool, Array]:
    """Return a direction w whose least gain seems to be positive, if so many steps find one.

    What can be gained with all factors, less the costs at all combinations of vectors, is a convex
    set; w leads to its point that is nearest to 0. No gain along a unit vector is more than the
    distance of some point of the set from 0.
    """
    unit, point, sites = outermost(table, vectors, fixed, factors)
    gained, square = 0.0, 1.0
    for step in range(1, steps + 1):
        bent(table, factors, point, sites)
        turned(table.ridge, vectors, point, unit)
        if step % EACH == 0:
            gained = least_gain(table, vectors, fixed, factors, point)
            square = (point * point).sum()
            if gained >= NEAR * square or square <= NOTHING * table.ridge**2:
                break
    return gained > 0, point / np.sqrt(square)


@inlined
def least_gain(
    table: Tables, vectors: Array, fixed: Array, factors: tuple[Array, Array], w: Array
) -> float:
    """Return the least gain along w, of all factors and vectors."""
    above, below = factors
    found, most = 0.0, -np.inf
    for j in range(len(vectors)):
        most = max(most, along(vectors, j, w))
    for d in range(len(w)):
        found += fixed[d] * w[d]
    for i in range(len(above)):
        value = along(table.rows, i, w)
        found += (above[i] if value > 0 else below[i]) * value
    return found - table.ridge * most


@inlined
def guess_of(centre: Centre, f: Array) -> Array:
    """Return gamma."""
    count = len(centre.weights)
    products, gamma = np.zeros(count), np.zeros(count)
    for k in range(count):
        for i in range(len(f)):
            products[k] += centre.loads[k, i] * f[i]
    for g in range(count):
        for k in range(count):
            gamma[g] += centre.inverse[g, k] * products[k]
    return gamma


@inlined
def least_value(table: Tables, hulls: Hulls, centre: Centre, f: Array) -> float:
    """Claim 220: a lower bound of f . r for all minima (Lemma 49)."""
    p, gamma = len(f), guess_of(centre, f)
    rest, parts, load, sizes = f.copy(), np.abs(f), np.empty(p), np.empty(p)
    size, total, crude = 0.0, 0.0, 0.0
    for i in range(p):
        for g in range(len(gamma)):
            rest[i] -= gamma[g] * hulls.signs[g] * hulls.psi[g, i]
            parts[i] += abs(gamma[g]) * hulls.psi[g, i]
        total += f[i] * centre.residual[i]
        size += abs(f[i]) * (abs(centre.residual[i]) * table.unsure + centre.doubt[i])
        crude += abs(f[i]) * centre.away[i]
    load_of(table, parts, load, sizes)
    load_of(table, rest, load, parts)
    away = moved(table, hulls, centre, gamma, (load, sizes))
    return total - (size + min(away, crude)) * UP


@inlined
def moved(
    table: Tables, hulls: Hulls, centre: Centre, gamma: Array, pair: tuple[Array, Array]
) -> float:
    """Return an upper bound of -f . xi, by (20.6) with f' and its sizes."""
    load, sizes = pair
    found = 0.0
    for g in range(len(gamma)):
        value, size = 0.0, 0.0
        for i in range(len(load)):
            value += hulls.psi[g, i] * load[i]
            size += hulls.psi[g, i] * sizes[i]
        low, high = product_with(table, hulls, g, load, sizes)
        turned = high if hulls.signs[g] > 0 else -low
        found += abs(gamma[g]) * (centre.reach[g] + centre.left[g])
        found += (abs(value) + table.unsure * size) * centre.shift[g]
        found += max(centre.most[g], 0.0) * turned
    return found


@inlined
def gain(
    table: Tables, part: tuple[int, Array], factors: tuple[Array, Array, Array], w: Array
) -> tuple[Array, float]:
    """Return f, of the sites that count in full, and a lower bound of what the others add.

    Without their doubts, which are of the sizes that the next function adds.
    """
    sign, residual = part
    full, above, below = factors
    f, rest = np.zeros(len(residual)), 0.0
    for i in range(len(residual)):
        value = along(table.rows, i, w)
        if full[i]:
            f[i] = sign * value
        else:
            rest += (above[i] if value > 0 else below[i]) * value
    return f, rest


@inlined
def doubt_of(
    table: Tables, residual: Array, away: Array, factors: tuple[Array, Array, Array], w: Array
) -> float:
    """Return what rounding of xt . w may change in the gain along w."""
    full, above, below = factors
    found, length = 0.0, 0.0
    for d in range(len(w)):
        length += abs(w[d])
    for i in range(len(residual)):
        size = abs(residual[i]) + away[i] if full[i] else max(abs(above[i]), abs(below[i]))
        found += size * table.lengths[i]
    return 2 * found * length * table.unsure


@inlined
def cost(table: Tables, rays: Array, spread: tuple[float, float], w: Array) -> float:
    """Return an upper bound of v . w for unit vectors v in the cone of rays.

    v has coefficients of sum 1 at least and |c| / (least v . c) at most.
    """
    most, square = farthest(table, rays, w), 0.0
    for d in range(len(w)):
        square += w[d] * w[d]
    most += 2 * table.unsure * np.sqrt(square)
    least, length = spread
    if most <= 0:
        return most
    factor = length / least if least > 0 else np.inf
    return min(most * factor, np.sqrt(square)) * UP
