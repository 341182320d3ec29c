"""Parts: cones of the arrangement by their extreme rays, cut by hyperplanes, without rounding.

A part is an array of statuses, one for each site, with an array of rays, whose number is kept
beside it. Edges are found by what vanishes on them (double description); where an edge meets a
hyperplane is looked up. Some boxes hold no minimum whatever the data are (Lemma 53(5)).
"""

import numpy as np

from reluenum.engines.branch.compiled import called, inlined

NEGATIVE, WEAK_DOWN, ZERO, WEAK_UP, POSITIVE, CROSSED = -2, -1, 0, 1, 2, 3
"""Statuses of a site on a part: on all faces negative; not positive; zero; not negative; positive;
of both signs. A weak site is zero on some face of the part, and not on others."""

PARTS = 4
"""The largest number of parts of a box."""

SIGN, MANY, COUNT = range(3)
"""Of a part: its sign, how many units it holds, how many extreme rays it has."""

CUT_DOWN, CUT_UP = 2, 3
"""Bytes of a tree: a part is cut into >= 0 and < 0, or into > 0 and <= 0."""


@inlined
def can_be_positive(status):
    """Whether a site with this status is positive on some face."""
    return status > 0


@inlined
def can_be_negative(status):
    """Whether a site with this status is negative on some face."""
    return status < 0 or status == CROSSED


@inlined
def within(zeros, ray, common, words):
    """Whether a set of sites is zero at a ray."""
    missing = np.uint64(0)
    for word in range(words):
        missing |= common[word] & ~zeros[ray, word]
    return missing == 0


@called
def adjacent(sky, rays, count, fixed, a, b, common):
    """Whether two extreme rays span an edge: no other one is zero where both are.

    `fixed` are the sites that are not crossed; afterwards those in `common` are zero on the edge.
    """
    words, some = sky.zeros.shape[1], False
    for word in range(words):
        common[word] = sky.zeros[rays[a], word] & sky.zeros[rays[b], word] & fixed[word]
        some = some or common[word] != 0
    if not some and sky.unit.shape[1] > 2:
        return False
    for other in range(count):
        if other != a and other != b and within(sky.zeros, rays[other], common, words):
            return False
    return True


@inlined
def rank_with(sky, chosen, size, site):
    """Return the rank of a set of ascending sites with one more."""
    rank, k = 0, 0
    while k < size and chosen[k] < site:
        rank += sky.choose[chosen[k], k + 1]
        k += 1
    rank += sky.choose[site, k + 1]
    while k < size:
        rank += sky.choose[chosen[k], k + 2]
        k += 1
    return rank


@called
def line_through(sky, first, second, site, chosen, places):
    """Return the number of the line in which the plane of two rays meets the hyperplane of a site.

    Sites that are zero on the plane are tried in order until they are independent.
    """
    needed, count = sky.unit.shape[1] - 2, 0
    for i in range(sky.signs.shape[1]):
        if sky.signs[first, i] == 0 and sky.signs[second, i] == 0:
            places[count] = i
            count += 1
    if needed == 0:
        return sky.lines[sky.choose[site, 1]]
    turn = chosen[needed:]
    for k in range(needed):
        turn[k] = k
    while True:
        for k in range(needed):
            chosen[k] = places[turn[k]]
        line = sky.lines[rank_with(sky, chosen, needed, site)]
        if line >= 0:
            return line
        k = needed - 1
        while k >= 0 and turn[k] == count - needed + k:
            k -= 1
        if k < 0:
            return -1
        turn[k] += 1
        for j in range(k + 1, needed):
            turn[j] = turn[j - 1] + 1


@called
def meeting_ray(sky, first, second, site, chosen, places):
    """Return the ray of the hyperplane of a site between two rays on its two sides."""
    line = line_through(sky, first, second, site, chosen, places)
    for i in sky.base:
        sign = sky.signs[first, i]
        if sign == 0:
            sign = sky.signs[second, i]
        if sign != 0:
            return 2 * line if sky.signs[2 * line, i] == sign else 2 * line + 1
    return -1


@inlined
def status_at(sky, rays, count, i):
    """Return the status of a site by its signs at the extreme rays."""
    up, down, level = False, False, False
    for j in range(count):
        sign = sky.signs[rays[j], i]
        up, down, level = up or sign > 0, down or sign < 0, level or sign == 0
    if up and down:
        return CROSSED
    if up:
        return WEAK_UP if level else POSITIVE
    if down:
        return WEAK_DOWN if level else NEGATIVE
    return ZERO


@called
def settle_weak(sky, status, rays, count, common):
    """Make those weak sites strict that are zero only where one strict site is."""
    words = sky.zeros.shape[1]
    for i in range(len(status)):
        if abs(status[i]) != 1:
            continue
        for word in range(words):
            common[word] = ~np.uint64(0)
        for j in range(count):
            if sky.signs[rays[j], i] == 0:
                for word in range(words):
                    common[word] &= sky.zeros[rays[j], word]
        for k in range(len(status)):
            if abs(status[k]) == 2 and (common[k // 64] >> np.uint64(k % 64)) & np.uint64(1):
                status[i] *= 2
                break


@called
def set_status(sky, parent, rays, count, site, strict, status, common):
    """Write the statuses of a piece of a part; `strict` is that of the site of the cut, or 0."""
    for i in range(len(status)):
        status[i] = parent[i]
        if abs(parent[i]) != 2 and parent[i] != 0:
            status[i] = status_at(sky, rays, count, i)
    if strict != 0:
        status[site] = strict
    settle_weak(sky, status, rays, count, common)


@called
def cut_rays(sky, status, rays, count, site, upper, lower, edges):
    """Write the extreme rays of both closed pieces; return their numbers."""
    words, ups, downs = sky.zeros.shape[1], 0, 0
    fixed, common, chosen, places = edges.fixed, edges.common, edges.chosen, edges.places
    for word in range(words):
        fixed[word] = 0
    for i in range(len(status)):
        if status[i] != CROSSED:
            fixed[i // 64] |= np.uint64(1) << np.uint64(i % 64)
    for j in range(count):
        sign = sky.signs[rays[j], site]
        if sign >= 0:
            upper[ups] = rays[j]
            ups += 1
        if sign <= 0:
            lower[downs] = rays[j]
            downs += 1
    for a in range(count):
        if sky.signs[rays[a], site] <= 0:
            continue
        for b in range(count):
            if sky.signs[rays[b], site] >= 0:
                continue
            if adjacent(sky, rays, count, fixed, a, b, common):
                new = meeting_ray(sky, rays[a], rays[b], site, chosen, places)
                upper[ups] = lower[downs] = new
                ups, downs = ups + 1, downs + 1
    return ups, downs


@called
def cut_part(sky, kind, box, part, site, pieces, edges):
    """Cut a part in two; `pieces` gets their statuses, rays, and numbers of rays."""
    status, rays, count = box.status[part], box.rays[part], box.info[part, COUNT]
    for side in range(2):
        pieces.counts[side] = count
        for j in range(count):
            pieces.rays[side, j] = rays[j]
    level = 0 if kind == CUT_DOWN else 1  # the piece in which the site may be zero
    if status[site] == CROSSED:
        upper, lower = pieces.rays[0], pieces.rays[1]
        ups, downs = cut_rays(sky, status, rays, count, site, upper, lower, edges)
        pieces.counts[0], pieces.counts[1] = ups, downs
    else:
        found = 0
        for j in range(count):
            if sky.signs[rays[j], site] == 0:
                pieces.rays[level, found] = rays[j]
                found += 1
        pieces.counts[level] = found
    for side in range(2):
        strict = 0
        if side != level:
            strict = POSITIVE if side == 0 else NEGATIVE
        set_status(
            sky,
            status,
            pieces.rays[side],
            pieces.counts[side],
            site,
            strict,
            pieces.status[side],
            edges.common,
        )


@inlined
def is_dead(status):
    """Whether no site is positive on a part."""
    some = False
    for i in range(len(status)):
        some = some or can_be_positive(status[i])
    return not some


@inlined
def has_crossed(status):
    """Whether hyperplanes cross a part."""
    some = False
    for i in range(len(status)):
        some = some or status[i] == CROSSED
    return some


@inlined
def is_face(status):
    """Whether a part is a single face."""
    some = False
    for i in range(len(status)):
        some = some or status[i] == CROSSED or abs(status[i]) == 1
    return not some


@inlined
def same_possible(first, second):
    """Whether a site may be positive on a face of one part and negative on one of the other."""
    for i in range(len(first)):
        if can_be_positive(first[i]) and can_be_negative(second[i]):
            return True
        if can_be_negative(first[i]) and can_be_positive(second[i]):
            return True
    return False


@inlined
def opposite_on_faces(first, rays, second):
    """Whether two single faces, the first with so many rays, may have units of opposite signs."""
    differing, below, above = 0, True, True
    for i in range(len(first)):
        if first[i] != second[i]:
            differing += 1
            below, above = below and first[i] == 0, above and second[i] == 0
            if first[i] == 0 or second[i] == 0:
                differing = len(first) + 1  # their flats are not the same
    return not (below or above or (differing == 1 and rays > 1))


@called
def parts_fail(box, count):
    """Whether two parts, or one alone, have no faces for their units, or no data."""
    for i in range(count):
        status = box.status[i]
        if is_dead(status):
            return True
        if box.info[i, MANY] > 1 and not has_crossed(status):
            return True
        for j in range(i):
            other = box.status[j]
            possible = True
            if box.info[i, SIGN] == box.info[j, SIGN]:
                possible = same_possible(status, other)
            elif is_face(status) and is_face(other):
                possible = opposite_on_faces(status, box.info[i, COUNT], other)
            if not possible:
                return True
    return False
