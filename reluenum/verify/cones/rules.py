"""When a box holds no minimum (Lemma 53)."""

import numpy as np

from ..trees.machine import inlined
from .arrangement import Array
from .centre import Centre, centre_of
from .directions import STEPS, cost, doubt_of, factors_of, gain, least_value, searched
from .hulls import Box, Hulls, hulls_of, spread_of
from .tables import Tables

WAYS = (2.0, 0.9)  # parts of one sign are together whose columns have at least such a cosine


@inlined
def gains(table: Tables, box: Box, hulls: Hulls, centre: Centre) -> bool:
    """Claim 221: along some direction a unit of some part gains too much (Lemma 53(3))."""
    depth = table.rows.shape[1]
    for k in range(len(box.signs)):
        sign, rays = box.signs[k], box.rays[box.first[k] : box.first[k + 1]]
        factors = factors_of(box.found[k], sign, centre.residual, centre.away)
        full, above, below = factors
        fixed = np.zeros(depth)
        for i in range(len(full)):
            if full[i]:
                for d in range(depth):
                    fixed[d] += sign * centre.residual[i] * table.rows[i, d]
        good, w = searched(table, table.units[rays], fixed, (above, below), STEPS)
        if good and surely(table, (hulls, centre), (sign, rays), factors, w):
            return True
    return False


@inlined
def surely(
    table: Tables,
    known: tuple[Hulls, Centre],
    part: tuple[int, Array],
    factors: tuple[Array, Array, Array],
    w: Array,
) -> bool:
    """Whether s p_r rises along w by more than Lambda v . w at all units of a part."""
    hulls, centre = known
    sign, rays = part
    f, rest = gain(table, (sign, centre.residual), factors, w)
    rest -= doubt_of(table, centre.residual, centre.away, factors, w)
    middle = np.zeros(len(w))
    for j in rays:
        for d in range(len(w)):
            middle[d] += table.units[j, d]
    price = table.ridge * cost(table, rays, spread_of(table, rays, middle), w)
    spare = abs(price) * table.unsure
    return least_value(table, hulls, centre, f) + rest > price + spare


@inlined
def weightless(centre: Centre) -> bool:
    """Claim 222: a weight is not positive (Lemma 53(1))."""
    least = np.inf
    for g in range(len(centre.most)):
        least = min(least, centre.most[g])
    return least <= 0


@inlined
def grouped(table: Tables, box: Box, way: int) -> tuple[int, Array]:
    """Return how many groups there are, and that of each part: near ones of a sign are together."""
    count, owner = 0, np.empty(len(box.signs), np.int64)
    for k in range(len(box.signs)):
        owner[k] = count
        for m in range(k):
            if box.signs[m] == box.signs[k] and nearness(table, box, k, m) > WAYS[way]:
                owner[k] = owner[m]
        count = max(count, owner[k] + 1)
    return count, owner


@inlined
def nearness(table: Tables, box: Box, k: int, m: int) -> float:
    """Return the cosine of the angle between the outputs in the middles of two parts."""
    one, other, both = 0.0, 0.0, 0.0
    for i in range(len(table.copies)):
        x, y = 0.0, 0.0
        for n in range(box.first[k], box.first[k + 1]):
            x += table.values[box.rays[n], i]
        for n in range(box.first[m], box.first[m + 1]):
            y += table.values[box.rays[n], i]
        x, y = max(x, 0.0), max(y, 0.0)
        one, other, both = one + x * x, other + y * y, both + x * y
    return both / np.sqrt(one * other) if one * other > 0 else 0.0


@inlined
def excluded(table: Tables, box: Box) -> bool:
    """Whether bounds show that a box holds no minimum, for some way to group its parts."""
    last = 0
    for way in range(len(WAYS)):
        count, owner = grouped(table, box, way)
        if count != last:
            last = count
            good, hulls = hulls_of(table, box, owner, count)
            if good:
                good, centre = centre_of(table, hulls)
                if good and (weightless(centre) or gains(table, box, hulls, centre)):
                    return True
    return False
