"""Directions in which the height of a part surely rises: no unit is in it (Lemma 53(3))."""

import numpy as np

from reluenum.engines.branch.compiled import called
from reluenum.engines.cones.groups import bounds_of_turn, inner
from reluenum.engines.cones.parts import COUNT, POSITIVE, SIGN, WEAK_UP, ZERO

MARGIN = 1e-6
"""By which an inequality has to hold, relative to the numbers that it is computed from."""


@called
def rise_functional(sky, box, part, centre, w):
    """Write the certain part of the rise of a part along w; return a bound of the other part."""
    f, sign, rest = centre.functional, box.info[part, SIGN], 0.0
    for i in range(len(f)):
        status = box.status[part, i]
        f[i] = 0.0
        if status == -2:
            continue
        slope = sign * inner(sky.rows[i], w)
        if status == POSITIVE:
            f[i] = slope
            continue
        upward = slope * sign > 0
        if status in (ZERO, WEAK_UP):
            if upward:
                f[i] = slope
                continue
            if status == ZERO:
                continue
        elif status == -1 and not upward:
            continue
        low, high = centre.least[i] * slope, centre.largest[i] * slope
        if low > high:
            low, high = high, low
        if high <= 0:
            f[i] = slope
        elif low < 0:
            rest += low
    return rest


@called
def most_along(sky, box, part, cosine, w):
    """Return at least the largest v.w of unit vectors v of a part."""
    most = -np.inf
    for j in range(box.info[part, COUNT]):
        most = max(most, inner(sky.unit[box.rays[part, j]], w))
    return most if most <= 0 else min(most / cosine, np.sqrt(inner(w, w)))


@called
def rises(sky, box, part, cosine, groups, number, centre, w):
    """Whether the height of a part surely rises along w."""
    f, gamma = centre.functional, centre.coefficients
    value = rise_functional(sky, box, part, centre, w)
    most = sky.ridge * most_along(sky, box, part, cosine, w)
    noise, whole = abs(value) + abs(most), inner(f, sky.ones)
    for i in range(len(f)):
        value += f[i] * centre.residual[i]
        noise += abs(f[i] * centre.residual[i])
    for g in range(number):
        gamma[g] = 0.0
    for h in range(number):
        entry = inner(f, groups.output[h]) - sky.share * whole * centre.summed[h, 0]
        entry *= groups.side[h]
        for g in range(number):
            gamma[g] += centre.inverse[g, h] * entry
    for g in range(number):
        value += min(gamma[g] * centre.down[g], gamma[g] * centre.up[g])
        whole -= gamma[g] * groups.side[g] * centre.summed[g, 0]
    for i in range(len(f)):
        for g in range(number):
            f[i] -= gamma[g] * groups.side[g] * groups.output[g, i]
        f[i] -= sky.share * whole * sky.ones[i]
    for g in range(number):
        low, high = bounds_of_turn(sky, groups, g, f, centre.along)
        if groups.side[g] > 0:
            value -= max(0.0, high) * centre.high[g]
        else:
            value += min(0.0, low) * centre.high[g]
        if value < most:
            return False
    return value > most + MARGIN * sky.caution * noise


@called
def find_gradient(sky, box, part, groups, centre, slope):
    """Write the gradient of the height of a part at the centre of its group."""
    g, sign = groups.member[part], box.info[part, SIGN]
    slope[:] = 0.0
    for i in range(len(sky.target)):
        if groups.linear[g, i]:
            for k in range(len(slope)):
                slope[k] += sign * centre.residual[i] * sky.rows[i, k]


@called
def part_fails(sky, box, part, groups, number, centre, room):
    """Whether the height of a part rises along one of some directions wherever a unit may be."""
    slope, w, middle = room[0], room[1], room[2]
    middle[:] = 0.0
    for j in range(box.info[part, COUNT]):
        for k in range(len(middle)):
            middle[k] += sky.unit[box.rays[part, j], k]
    length, cosine = np.sqrt(inner(middle, middle)), 1.0
    for k in range(len(middle)):
        middle[k] /= length
    for j in range(box.info[part, COUNT]):
        cosine = min(cosine, inner(middle, sky.unit[box.rays[part, j]]))
    find_gradient(sky, box, part, groups, centre, slope)
    along = inner(slope, middle)
    for k in range(len(w)):
        w[k] = slope[k] - along * middle[k]
    if rises(sky, box, part, cosine, groups, number, centre, w):
        return True
    for k in range(len(w)):
        w[k] = slope[k] - sky.ridge * middle[k]
    return rises(sky, box, part, cosine, groups, number, centre, w)
