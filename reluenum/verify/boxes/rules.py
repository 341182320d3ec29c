"""When a box holds no minimum (Lemma 53), and which faces at the ends of its parts do not."""

import numpy as np

from ..trees.machine import compiled, inlined
from .centre import centre_of
from .columns import GAPS, columns_of, grouped, is_level
from .joint import bounds_of, interval, sharpen, weights_of
from .lasso import unsupported
from .line import Array, Tables
from .responses import responses_of


@inlined
def same_possible(left: int, right: int) -> bool:
    """Whether two faces, in order, may both have units of one sign: no closed cell holds both."""
    steps = right - left
    return steps > 2 or (steps == 2 and left % 2 == 0)


@inlined
def opposite_possible(left: int, right: int) -> bool:
    """Whether two faces, in order, may have units of opposite signs.

    None lies in the closure of the other, and they are not neighbouring cells.
    """
    steps = right - left
    return steps > 2 or (steps == 2 and left % 2 == 1)


@inlined
def crowded(one: Array, other: Array) -> bool:
    """Whether two parts have only pairs of faces that are impossible (Lemma 47)."""
    low, high, start, stop = one[1], one[2], other[1], other[2]
    if one[0] == other[0]:
        return not same_possible(min(low, start), max(high, stop) - 1)
    if max(stop - low, high - start) - 1 > 2:
        return False
    for face in range(low, high):
        for two in range(start, stop):
            if opposite_possible(min(face, two), max(face, two)):
                return False
    return True


@inlined
def pairs(box: Array) -> bool:
    """Claim 186: some units have no faces (Lemma 53(5)).

    No closed cell holds two of one sign: so of an arc with k cells there are at most max(1, k).
    """
    for k in range(len(box)):
        low, high, count = box[k, 1], box[k, 2], box[k, 3]
        if count > max(1, (high + 1) // 2 - (low + 1) // 2):
            return True
        for m in range(k):
            if crowded(box[k], box[m]):
                return True
    return False


@inlined
def trimmed(table: Tables, box: Array) -> bool:
    """Claim 187: take first and last cells off that hold no unit; or a part has none left.

    One site is active on these: u has the direction of its row, or the opposite one; nor is u in
    the cell with all sites, with a free output bias and inputs of both signs (Lemma 53(2)).
    """
    for part in box:
        if part[1] == 0 and not table.lonely[0]:
            part[1] = 1
        if part[2] == 2 * len(table.rays) - 3 and not table.lonely[1]:
            part[2] -= 1
        single = part[2] == part[1] + 1
        if part[1] >= part[2] or (single and is_level(table, part[1]) and table.level == 0):
            return True
    return False


@inlined
def may_hold(slopes: Array, place: int) -> bool:
    """Whether a face may have a unit: s p_r does not fall before it, nor rise after it.

    `slopes` are bounds at boundaries, before and after each of them. Those at the ends of a cell,
    and those at a ray, stand side by side.
    """
    return not (slopes[place, 1] < 0 or slopes[place + 1, 0] > 0)


@inlined
def may_turn(slopes: Array, place: int) -> bool:
    """Whether s p_r may have its least value between two units on a face."""
    return not (slopes[place, 0] > 0 or slopes[place + 1, 1] < 0)


@inlined
def maxima(slopes: Array, place: int, faces: int, units: int) -> tuple[int, int]:
    """Claim 188: all units are between two places, or there are too few (Lemma 53(4)).

    Places are chosen from the first on, each with an upturn after the one before it.
    """
    count, turned, first, last = 0, True, faces, -1
    for n in range(faces):
        holds = may_hold(slopes, place + n)
        if holds:
            first, last = min(first, n), n
        if holds and turned:
            count, turned = count + 1, False
        elif not turned:
            turned = may_turn(slopes, place + n)
    return (first, last + 1) if count >= units else (0, 0)


@inlined
def weightless(taus: Array) -> bool:
    """Claim 189: a weight is not positive (Lemma 53(1) and (2))."""
    least = np.inf
    for k in range(len(taus)):
        least = min(least, taus[k, 1])
    return least <= 0


@inlined
def slopes_of(table: Tables, groups: Array) -> tuple[bool, bool, Array, Array]:
    """Return bounds of the slopes of groups, and the number of the first one of each.

    First of all, whether there are any, and whether there surely is no minimum.
    """
    first, slopes = np.zeros(0, np.int64), np.zeros((0, 2))
    good, centre = centre_of(table, columns_of(table, groups))
    if not good:
        return False, False, first, slopes
    responses = responses_of(table, centre)
    good, known = bounds_of(centre, responses)
    if not good:
        return False, False, first, slopes
    first = responses.first
    slopes = np.zeros((first[len(groups)], 2))
    for _ in range(2):
        taus = weights_of(centre, responses, known)
        if weightless(taus):
            return True, True, first, slopes
        for n in range(first[0], len(slopes)):
            slopes[n, 0], slopes[n, 1] = interval(centre, responses, known, taus, n)
        sharpen(centre, responses, known, slopes)
    return True, False, first, slopes


@inlined
def examined(table: Tables, box: Array, way: int) -> bool:
    """Take faces off the ends of parts that hold no unit of a minimum in the box.

    Return whether it surely holds no minimum.
    """
    if trimmed(table, box) or pairs(box):
        return True
    groups, owner = grouped(table, box, way)
    good, empty, first, slopes = slopes_of(table, groups)
    if empty or not good:
        return empty
    for k, part in enumerate(box):
        start = (groups[owner[k], 1] + 1) // 2
        place = first[owner[k]] + part[1] + 1 - 2 * start
        ends = maxima(slopes, place, part[2] - part[1], part[3])
        if ends[1] == 0:
            return True
        part[1], part[2] = part[1] + ends[0], part[1] + ends[1]
    return False


@inlined
def inside(box: Array, target: Array) -> bool:
    """Whether a box is inside another one, part by part."""
    outside = False
    for k in range(len(box)):
        outside |= box[k, 1] < target[k, 1] or box[k, 2] > target[k, 2]
    return not outside


@inlined
def settled(table: Tables, box: Array, target: Array) -> bool:
    """Examine a box as long as it becomes smaller and is not inside another one.

    Return whether it surely holds no minimum, or is inside.
    """
    done, tries, way = trimmed(table, box) or inside(box, target), 0, 0
    while not done and tries < len(GAPS):
        before = box.copy()
        done = examined(table, box, way) or inside(box, target)
        changed = False
        for k in range(len(box)):
            changed |= box[k, 1] > before[k, 1] or box[k, 2] < before[k, 2]
        tries, way = (0, way) if changed else (tries + 1, (way + 1) % len(GAPS))
    return done or unsupported(table, box)


@compiled
def settle(table: Tables, boxes: Array, targets: Array, counts: Array) -> Array:
    """Do so with many boxes, of so many parts each; return which of them are settled."""
    found = np.empty(len(boxes), np.bool_)
    for n in range(len(boxes)):
        found[n] = settled(table, boxes[n, : counts[n]], targets[n, : counts[n]])
    return found
