"""Directions along which a unit of a part would gain more than it costs (Lemma 53(3))."""

import numpy as np

from ..trees.machine import inlined
from .arrangement import POSITIVE, ZERO, Array
from .centre import Centre, load_of
from .hulls import UP, Hulls, product_with
from .tables import Tables

STEPS = 16  # of the search for a direction


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
def corner(
    table: Tables, rays: Array, fixed: Array, factors: tuple[Array, Array], w: Array
) -> Array:
    """Return what is least along w: the gain with the worst factors, less the cost."""
    above, below = factors
    found, best, most = fixed.copy(), 0, -np.inf
    for i in range(len(above)):
        if above[i] or below[i]:
            factor = above[i] if along(table.rows, i, w) > 0 else below[i]
            for d in range(len(w)):
                found[d] += factor * table.rows[i, d]
    for j in rays:
        value = along(table.units, j, w)
        if value > most:
            best, most = j, value
    for d in range(len(w)):
        found[d] -= table.ridge * table.units[best, d]
    return found


@inlined
def searched(
    table: Tables, rays: Array, fixed: Array, factors: tuple[Array, Array]
) -> tuple[float, Array]:
    """Return a direction w with a large least gain, and that, by steps of Frank and Wolfe."""
    point = corner(table, rays, fixed, factors, fixed)
    best, found = -np.inf, point.copy()
    for _ in range(STEPS):
        other = corner(table, rays, fixed, factors, point)
        square, gain, slope, change = 0.0, 0.0, 0.0, 0.0
        for d in range(len(point)):
            square += point[d] * point[d]
            gain += point[d] * other[d]
            slope += point[d] * (point[d] - other[d])
            change += (point[d] - other[d]) * (point[d] - other[d])
        length = np.sqrt(square)
        if not length > 0:
            break
        if gain / length > best:
            best, found[:] = gain / length, point / length
        if not change > 0:
            break
        point = point - min(slope / change, 1.0) * (point - other)
    return best, found


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
