"""When a box holds no minimum (Lemma 53), and which faces at the ends of its parts do not."""

import numpy as np

from .centre import centre_of
from .columns import columns_of, grouped
from .joint import bounds_of, interval, weights_of
from .line import Array, Tables
from .responses import responses_of
from .sums import compiled


@compiled
def same_possible(left: int, right: int) -> bool:
    """Whether two faces, in order, may both have units of one sign: no closed cell holds both."""
    steps = right - left
    return steps > 2 or (steps == 2 and left % 2 == 0)


@compiled
def opposite_possible(left: int, right: int) -> bool:
    """Whether two faces, in order, may have units of opposite signs.

    None lies in the closure of the other, and they are not neighbouring cells.
    """
    steps = right - left
    return steps > 2 or (steps == 2 and left % 2 == 1)


@compiled
def crowded(one: Array, other: Array) -> bool:
    """Whether two parts have only pairs of faces that are impossible (Lemma 47)."""
    sign, low, high, _ = one
    side, start, stop, _ = other
    if sign == side:
        return not same_possible(min(low, start), max(high, stop) - 1)
    if max(stop - low, high - start) - 1 > 2:
        return False
    for face in range(low, high):
        for two in range(start, stop):
            if opposite_possible(min(face, two), max(face, two)):
                return False
    return True


@compiled
def pairs(box: Array) -> bool:
    """Claim: some units have no faces (Lemma 53(5)): an arc of cells k has at most max(1, k)."""
    for k in range(len(box)):
        _, low, high, count = box[k]
        if count > max(1, (high + 1) // 2 - (low + 1) // 2):
            return True
        for m in range(k):
            if crowded(box[k], box[m]):
                return True
    return False


@compiled
def lonely(table: Tables, box: Array) -> bool:
    """Claim: a part is a cell with one active site that does not contain the row of that site.

    u of a unit there has its direction, or the opposite one.
    """
    last = 2 * len(table.middles) - 2
    for k in range(len(box)):
        if box[k, 2] == box[k, 1] + 1:
            if box[k, 1] == 0 and not table.lonely[0]:
                return True
            if box[k, 1] == last and not table.lonely[1]:
                return True
    return False


@compiled
def may_hold(slopes: Array, place: int) -> bool:
    """Whether a face may have a unit: s p_r does not fall before it, nor rise after it.

    `slopes` are bounds at boundaries, before and after each of them. Those at the ends of a cell, and
    those at a ray, stand side by side.
    """
    return slopes[place, 1] >= 0 and slopes[place + 1, 0] <= 0


@compiled
def may_turn(slopes: Array, place: int) -> bool:
    """Whether s p_r may have its least value between two units on a face."""
    return slopes[place, 0] <= 0 and slopes[place + 1, 1] >= 0


@compiled
def maxima(slopes: Array, place: int, length: int, units: int) -> tuple[int, int]:
    """Claim: all units are between two places, or there are too few (Lemma 53(4)).

    Places are chosen from the first on, each with an upturn after the one before it.
    """
    count, turned, first, last = 0, True, length, -1
    for n in range(length):
        holds = may_hold(slopes, place + n)
        if holds:
            first, last = min(first, n), n
        if holds and turned:
            count, turned = count + 1, False
        elif not turned:
            turned = may_turn(slopes, place + n)
    return (first, last + 1) if count >= units else (0, 0)


@compiled
def examined(table: Tables, box: Array) -> tuple[bool, Array]:
    """Return whether a box surely holds no minimum, and between which faces units are if it does."""
    limits = box[:, 1:3].copy()
    if pairs(box) or lonely(table, box):
        return True, limits
    groups, owner = grouped(table, box)
    good, centre = centre_of(table, columns_of(table, groups))
    if not good:
        return False, limits
    first, responses = responses_of(table, centre)
    good, known = bounds_of(centre, first, responses)
    if not good:
        return False, limits
    taus = weights_of(centre, responses, known)
    if np.min(taus[:, 1]) <= 0:
        return True, limits
    slopes = np.empty((first[len(groups)], 2))
    for n in range(first[0], len(slopes)):
        slopes[n] = interval(centre, responses, known, taus, n)
    for k in range(len(box)):
        _, low, high, units = box[k]
        start = groups[owner[k], 1]
        place = first[owner[k]] + low + 1 - 2 * ((start + 1) // 2)
        ends = maxima(slopes, place, high - low, units)
        if ends[1] == 0:
            return True, limits
        limits[k] = low + ends[0], low + ends[1]
    return False, limits
