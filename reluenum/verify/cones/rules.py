"""When a box holds no minimum (Lemma 53)."""

import numpy as np

from ..trees.machine import inlined
from .arrangement import NEGATIVE, POSITIVE, ZERO, Array
from .centre import Centre, centre_of
from .directions import cost, doubt_of, factors_of, gain, least_value, searched
from .hulls import Box, Hulls, hulls_of, spread_of
from .products import outside
from .tables import Tables

CROSSED = NEGATIVE | POSITIVE
WAYS = (2.0, 0.9)  # parts of one sign are together whose columns have at least such a cosine


@inlined
def silent(found: Array) -> bool:
    """Claim 202: no site is active on a part (Lemma 2)."""
    for i in range(len(found)):
        if found[i] & POSITIVE:
            return False
    return True


@inlined
def close(one: Array, other: Array) -> bool:
    """Claim 203: units of one sign, of two parts or one, are in one closed cell (Lemma 47(1)).

    No site has one strict sign on the one and the other one on the other.
    """
    for i in range(len(one)):
        if (one[i] & POSITIVE and other[i] & NEGATIVE) or (
            one[i] & NEGATIVE and other[i] & POSITIVE
        ):
            return False
    return True


@inlined
def in_closure(one: Array, other: Array) -> bool:
    """Claim 204: all faces of a part are in the closures of those of the other (Lemma 47(2))."""
    for i in range(len(one)):
        signs = one[i] & CROSSED
        if signs and (signs == CROSSED or other[i] != signs):
            return False
    return True


@inlined
def rank_of(box: Box, k: int) -> int:
    """Return 1 or 2 if the cone of a part has so many rays, else 3: at least its dimension."""
    return min(box.first[k + 1] - box.first[k], 3)


@inlined
def adjacent(box: Box, k: int, m: int) -> bool:
    """Claim 205: two single faces of one flat are separated by one site alone (Lemma 47(3))."""
    separating = 0
    for i in range(box.found.shape[1]):
        one, other = box.found[k, i], box.found[m, i]
        if one & (one - 1) or other & (other - 1) or (one == ZERO) != (other == ZERO):
            return False
        separating += one != other
    return separating == 1 and rank_of(box, k) > 1


@inlined
def pairs(box: Box) -> bool:
    """Claim 201: two units have no faces that they can have together (Lemma 53(5))."""
    for k in range(len(box.signs)):
        if box.units[k] > 1 and close(box.found[k], box.found[k]):
            return True
        for m in range(k):
            one, other = box.found[k], box.found[m]
            if box.signs[k] == box.signs[m]:
                if close(one, other):
                    return True
            elif in_closure(one, other) or in_closure(other, one) or adjacent(box, k, m):
                return True
    return False


@inlined
def gains(table: Tables, box: Box, hulls: Hulls, centre: Centre) -> bool:
    """Claim 213: along some direction a unit of some part gains too much (Lemma 53(3))."""
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
        guess, w = searched(table, rays, fixed, (above, below))
        if guess > 0 and surely(table, (hulls, centre), (sign, rays), factors, w):
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
    """Claim 214: a weight is not positive (Lemma 53(1))."""
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
def single(box: Box) -> bool:
    """Whether all parts have one unit, in a closed cell."""
    for k in range(len(box.signs)):
        if box.units[k] > 1:
            return False
        for i in range(box.found.shape[1]):
            if box.found[k, i] & CROSSED == CROSSED:
                return False
    return True


@inlined
def empty(table: Tables, box: Box) -> bool:
    """Whether a box surely holds no minimum."""
    for k in range(len(box.signs)):
        if silent(box.found[k]):
            return True
    if pairs(box):
        return True
    if single(box):
        return outside(table, box)
    last = 0
    for way in range(len(WAYS)):
        count, owner = grouped(table, box, way)
        if way and count == last:
            continue
        last = count
        good, hulls = hulls_of(table, box, owner, count)
        if good:
            good, centre = centre_of(table, hulls)
            if good and (weightless(centre) or gains(table, box, hulls, centre)):
                return True
    return False
