"""Groups of units: their centres, their outputs, and how far these turn (Lemma 48)."""

import numpy as np

from reluenum.engines.branch.compiled import called, inlined, struct
from reluenum.engines.cones.parts import (
    COUNT,
    CROSSED,
    PARTS,
    POSITIVE,
    SIGN,
    WEAK_UP,
    can_be_negative,
    can_be_positive,
)

LEAST = 1e-9
"""Rays of a hull have to give at least so much in the direction of the centre's output."""


@struct
class ConeBox:
    """The parts of a box.

    Parameters
    ----------
    info : (PARTS, 3) array of int
    status : (PARTS, p) array of int8
    rays : (PARTS, most) array of int32
    """

    info: np.ndarray
    status: np.ndarray
    rays: np.ndarray


@struct
class Groups:
    """Groups of the parts of a box, in arrays that are used again and again.

    Parameters
    ----------
    member : (PARTS,) array of int
        The group of each part.
    side : (PARTS,) array
        Signs.
    hull : (PARTS, PARTS * most) array of int
        Rays that generate the hulls.
    size : (PARTS,) array of int
        How many these are.
    status : (PARTS, p) array of int8
        Statuses of the sites on the hulls.
    centre : (PARTS, D) array
    output : (PARTS, p) array
        Of the centres.
    load, cosine, top : (PARTS,) arrays
        Squared length of that output; cosine of the largest angle to the centre; the largest
        weight.
    linear : (PARTS, p) array of bool
        The rows of E: of sites that are positive at the centre, and 0 on rays that see none. Such
        rays add nothing to either side of (20.4) and are left out.
    gain, whole : (PARTS, PARTS * most) arrays
        l.E e_j of each ray, 0 for those that are left out; l.phi(e_j).
    crossed : (PARTS, p) array of int
        Sites with bends.
    crossings : (PARTS,) array of int
        How many these are.
    bend : (PARTS, PARTS * most, p) array
        b_i(e_j), by the number of the site among those.
    least, largest : (PARTS, p) arrays
        Bounds of Delta at each site.
    """

    member: np.ndarray
    side: np.ndarray
    hull: np.ndarray
    size: np.ndarray
    status: np.ndarray
    centre: np.ndarray
    output: np.ndarray
    load: np.ndarray
    cosine: np.ndarray
    top: np.ndarray
    linear: np.ndarray
    gain: np.ndarray
    whole: np.ndarray
    crossed: np.ndarray
    crossings: np.ndarray
    bend: np.ndarray
    least: np.ndarray
    largest: np.ndarray


@called
def empty_groups(sites, dimension, most):
    """Return groups to be filled in."""
    many = PARTS * most
    return Groups(
        np.zeros(PARTS, dtype=np.int64),
        np.zeros(PARTS),
        np.zeros((PARTS, many), dtype=np.int64),
        np.zeros(PARTS, dtype=np.int64),
        np.zeros((PARTS, sites), dtype=np.int8),
        np.zeros((PARTS, dimension)),
        np.zeros((PARTS, sites)),
        np.zeros(PARTS),
        np.zeros(PARTS),
        np.zeros(PARTS),
        np.zeros((PARTS, sites), dtype=np.bool_),
        np.zeros((PARTS, many)),
        np.zeros((PARTS, many)),
        np.zeros((PARTS, sites), dtype=np.int64),
        np.zeros(PARTS, dtype=np.int64),
        np.zeros((PARTS, many, sites)),
        np.zeros((PARTS, sites)),
        np.zeros((PARTS, sites)),
    )


@inlined
def inner(a, b):
    """Return the inner product of two arrays."""
    total = 0.0
    for i in range(len(a)):
        total += a[i] * b[i]
    return total


@inlined
def joined_status(a, b):
    """Return the status of a site on a union of parts."""
    up = can_be_positive(a) or can_be_positive(b)
    down = can_be_negative(a) or can_be_negative(b)
    if up and down:
        return CROSSED
    if up:
        return POSITIVE if a == POSITIVE and b == POSITIVE else WEAK_UP
    return a if a == b else (-1 if down else 0)


@called
def gather(box, count, groups, together):
    """Put parts into groups, those of one sign together or each alone; return how many."""
    number = 0
    for part in range(count):
        g = number
        if together:
            for other in range(part):
                if box.info[other, SIGN] == box.info[part, SIGN]:
                    g = groups.member[other]
        groups.member[part] = g
        if g == number:
            number += 1
            groups.side[g], groups.size[g] = box.info[part, SIGN], 0
            groups.status[g] = box.status[part]
        else:
            for i in range(box.status.shape[1]):
                groups.status[g, i] = joined_status(groups.status[g, i], box.status[part, i])
        for j in range(box.info[part, COUNT]):
            groups.hull[g, groups.size[g]] = box.rays[part, j]
            groups.size[g] += 1
    return number


@called
def find_centre(sky, groups, g):
    """Find the centre of a group, and the cosine of its width."""
    centre = groups.centre[g]
    centre[:] = 0.0
    for j in range(groups.size[g]):
        for k in range(len(centre)):
            centre[k] += sky.unit[groups.hull[g, j], k]
    length = np.sqrt(inner(centre, centre))
    for k in range(len(centre)):
        centre[k] /= length
    cosine = 1.0
    for j in range(groups.size[g]):
        cosine = min(cosine, inner(centre, sky.unit[groups.hull[g, j]]))
    groups.cosine[g] = cosine


@called
def find_rows(sky, groups, g):
    """Find the output of the centre, the rows of E, and the sites with bends."""
    load, crossings = 0.0, 0
    for i in range(len(sky.target)):
        status, value = groups.status[g, i], 0.0
        linear = can_be_positive(status)
        if linear:
            value = max(0.0, inner(sky.rows[i], groups.centre[g]))
        if status == CROSSED:
            linear = value > 0
            for j in range(groups.size[g]):
                ray = groups.hull[g, j]
                if linear and sky.dead[ray] and sky.signs[ray, i] != 0:
                    linear = False
            groups.crossed[g, crossings] = i
            crossings += 1
        groups.output[g, i], groups.linear[g, i] = value, linear
        load += value * value
    groups.load[g], groups.crossings[g] = load, crossings


@called
def find_gains(sky, groups, g, along):
    """Find what the rays give; return whether the group can be bounded."""
    load = groups.load[g]
    along[:] = 0.0
    for i in range(len(sky.target)):
        if groups.linear[g, i]:
            for k in range(len(along)):
                along[k] += groups.output[g, i] * sky.rows[i, k]
    some, top = False, 0.0
    for j in range(groups.size[g]):
        ray = groups.hull[g, j]
        groups.gain[g, j] = 0.0
        if sky.dead[ray]:
            continue
        gain = inner(along, sky.unit[ray]) / load
        if not gain > LEAST:
            return False
        some, whole = True, gain
        groups.gain[g, j] = gain
        for place in range(groups.crossings[g]):
            i = groups.crossed[g, place]
            sign = -1 if groups.linear[g, i] else 1
            bend = 0.0
            if sky.signs[ray, i] == sign:
                bend = abs(inner(sky.rows[i], sky.unit[ray]))
            groups.bend[g, j, place] = bend
            whole += groups.output[g, i] * bend / load
        groups.whole[g, j] = whole
        top = max(top, whole)
    groups.top[g] = top / groups.cosine[g] * sky.energy / (4 * sky.ridge)
    return some


@called
def describe(sky, groups, g, along):
    """Describe a group; return whether it can be bounded."""
    find_centre(sky, groups, g)
    if groups.cosine[g] < 0.1:
        return False
    find_rows(sky, groups, g)
    if not groups.load[g] > 0:
        return False
    return find_gains(sky, groups, g, along)


@called
def bounds_of_turn(sky, groups, g, q, along):
    """Return bounds of q.Delta of a group (20.4)."""
    share, load = inner(q, groups.output[g]), groups.load[g]
    share /= load
    along[:] = 0.0
    for i in range(len(q)):
        if groups.linear[g, i]:
            rest = q[i] - share * groups.output[g, i]
            for k in range(len(along)):
                along[k] += rest * sky.rows[i, k]
    low, high = np.inf, -np.inf
    for j in range(groups.size[g]):
        gain = groups.gain[g, j]
        if gain == 0.0:
            continue
        down = up = inner(along, sky.unit[groups.hull[g, j]])
        for place in range(groups.crossings[g]):
            bend = groups.bend[g, j, place]
            if bend != 0.0:
                i = groups.crossed[g, place]
                rest = (q[i] - share * groups.output[g, i]) * bend
                if rest > 0:
                    up += rest
                else:
                    down += rest
        low, high = min(low, down / gain), max(high, up / gain)
    return low, high


@called
def turn_at_sites(sky, groups, g):
    """Find bounds of Delta at every site."""
    for i in range(len(sky.target)):
        status, value = groups.status[g, i], groups.output[g, i]
        groups.least[g, i] = groups.largest[g, i] = 0.0
        if not can_be_positive(status):
            continue
        low, high = np.inf, 0.0
        for j in range(groups.size[g]):
            gain = groups.gain[g, j]
            if gain == 0.0:
                continue
            entry = 0.0
            if sky.signs[groups.hull[g, j], i] > 0:
                entry = inner(sky.rows[i], sky.unit[groups.hull[g, j]])
            low, high = min(low, entry / groups.whole[g, j]), max(high, entry / gain)
        if status == CROSSED:
            low = 0.0
        groups.least[g, i], groups.largest[g, i] = low - value, high - value
