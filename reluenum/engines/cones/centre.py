"""The centre system of a box, and bounds of weights, heights and residuals (Lemmas 49 to 51)."""

import numpy as np

from reluenum.engines.branch.compiled import called, inlined, struct
from reluenum.engines.cones.groups import bounds_of_turn, inner, turn_at_sites
from reluenum.engines.cones.parts import CROSSED, PARTS

LARGEST_CONDITION = 1e10
"""Of the scaled Gram matrix of the columns."""

ROUNDS = 3
"""How often bounds are derived from each other."""


@struct
class CentreSystem:
    """The centre system of a box, and what is known of its minima.

    Parameters
    ----------
    gram, inverse : (PARTS, PARTS) arrays
    weight : (PARTS,) array
        t.
    residual : (p,) array
        r_c.
    low, high : (PARTS,) arrays
        Bounds of tau.
    down, up : (PARTS,) arrays
        Bounds of x.
    turned : (PARTS, PARTS, 2) array
        Bounds of q.Delta_g, for q = R Psi h_j, by j and g.
    summed : (PARTS, 3) array
        The sum of the output of each centre, and bounds of that of Delta.
    least, largest : (p,) arrays
        Bounds of the residual.
    known : (p,) array of bool
        At which sites these are needed.
    joint, scratch : (PARTS, PARTS), (PARTS, PARTS + 1) arrays
    bound : (PARTS,) array
    functional, along : (p,), (D,) arrays
        Room.
    coefficients : (PARTS,) array
    """

    gram: np.ndarray
    inverse: np.ndarray
    weight: np.ndarray
    residual: np.ndarray
    low: np.ndarray
    high: np.ndarray
    down: np.ndarray
    up: np.ndarray
    turned: np.ndarray
    summed: np.ndarray
    least: np.ndarray
    largest: np.ndarray
    known: np.ndarray
    joint: np.ndarray
    scratch: np.ndarray
    bound: np.ndarray
    functional: np.ndarray
    along: np.ndarray
    coefficients: np.ndarray


@called
def empty_centre(sites, dimension):
    """Return a centre system to be filled in."""
    return CentreSystem(
        np.zeros((PARTS, PARTS)),
        np.zeros((PARTS, PARTS)),
        np.zeros(PARTS),
        np.zeros(sites),
        np.zeros(PARTS),
        np.zeros(PARTS),
        np.zeros(PARTS),
        np.zeros(PARTS),
        np.zeros((PARTS, PARTS, 2)),
        np.zeros((PARTS, 3)),
        np.zeros(sites),
        np.zeros(sites),
        np.zeros(sites, dtype=np.bool_),
        np.zeros((PARTS, PARTS)),
        np.zeros((PARTS, PARTS + 1)),
        np.zeros(PARTS),
        np.zeros(sites),
        np.zeros(dimension),
        np.zeros(PARTS),
    )


@called
def invert(matrix, size, inverse, scratch):
    """Invert a symmetric matrix with diagonal 1 or so; return whether it is well conditioned."""
    for k in range(size):
        for i in range(size):
            for j in range(size):
                scratch[i, j] = matrix[i, j]
            scratch[i, size] = 1.0 if i == k else 0.0
        if not solve_in_place(scratch, size):
            return False
        for i in range(size):
            inverse[i, k] = scratch[i, size]
    return True


@called
def solve_in_place(system, size):
    """Solve a linear system in place, the right side in its last column."""
    for k in range(size):
        best = k
        for i in range(k + 1, size):
            if abs(system[i, k]) > abs(system[best, k]):
                best = i
        if system[best, k] == 0.0:
            return False
        if best != k:
            for j in range(k, size + 1):
                system[k, j], system[best, j] = system[best, j], system[k, j]
        for i in range(k + 1, size):
            factor = system[i, k] / system[k, k]
            if factor != 0.0:
                for j in range(k, size + 1):
                    system[i, j] -= factor * system[k, j]
    for k in range(size - 1, -1, -1):
        total = system[k, size]
        for j in range(k + 1, size):
            total -= system[k, j] * system[j, size]
        system[k, size] = total / system[k, k]
    return True


@called
def find_gram(sky, groups, number, centre):
    """Find G and Psi'Ry - Lambda, in the last column of `scratch`."""
    mean = inner(sky.target, sky.ones)
    for g in range(number):
        centre.summed[g, 0] = inner(groups.output[g], sky.ones)
        pull = inner(groups.output[g], sky.target) - sky.share * centre.summed[g, 0] * mean
        centre.weight[g] = groups.side[g] * pull - sky.ridge
        for h in range(g + 1):
            entry = inner(groups.output[g], groups.output[h])
            entry -= sky.share * centre.summed[g, 0] * centre.summed[h, 0]
            entry *= groups.side[g] * groups.side[h]
            centre.gram[g, h] = centre.gram[h, g] = entry


@called
def well_conditioned(centre, number):
    """Whether G and H have moderate entries against each other."""
    worst = 0.0
    for i in range(number):
        if not centre.gram[i, i] > 0:
            return False
        worst = max(worst, centre.gram[i, i] * centre.inverse[i, i])
    return worst < LARGEST_CONDITION


@called
def solve_system(sky, groups, number, centre):
    """Solve the centre system; return whether it is regular."""
    find_gram(sky, groups, number, centre)
    if not invert(centre.gram, number, centre.inverse, centre.scratch):
        return False
    if not well_conditioned(centre, number):
        return False
    right = centre.bound
    for g in range(number):
        right[g] = centre.weight[g]
    for g in range(number):
        total = 0.0
        for h in range(number):
            total += centre.inverse[g, h] * right[h]
        centre.weight[g] = total
    total = 0.0
    for i in range(len(sky.target)):
        value = sky.target[i]
        for g in range(number):
            value -= groups.side[g] * centre.weight[g] * groups.output[g, i]
        centre.residual[i] = value
        total += value * sky.ones[i]
    for i in range(len(sky.target)):
        centre.residual[i] -= sky.share * total * sky.ones[i]
    return True


@called
def find_turns(sky, groups, number, centre):
    """Find bounds of what the Delta do to the weights, and to the sum of the residual."""
    q = centre.functional
    for g in range(number):
        turn_at_sites(sky, groups, g)
        if sky.share != 0.0:
            low, high = bounds_of_turn(sky, groups, g, sky.ones, centre.along)
            centre.summed[g, 1], centre.summed[g, 2] = low, high
    for j in range(number):
        whole = 0.0
        for h in range(number):
            centre.coefficients[h] = centre.inverse[j, h] * groups.side[h]
            whole += centre.coefficients[h] * centre.summed[h, 0]
        whole *= sky.share
        for i in range(len(q)):
            q[i] = -whole * sky.ones[i]
            for h in range(number):
                q[i] += centre.coefficients[h] * groups.output[h, i]
        for g in range(number):
            low, high = bounds_of_turn(sky, groups, g, q, centre.along)
            centre.turned[j, g, 0], centre.turned[j, g, 1] = low, high


@inlined
def moves(sky, groups, centre, k, i):
    """Return how much tau_k - t_k, and tau_k Delta_k, move the residual at a site."""
    rest, low, high = groups.output[k, i], groups.least[k, i], groups.largest[k, i]
    if sky.share != 0.0:
        factor = sky.share * sky.ones[i]
        rest -= factor * centre.summed[k, 0]
        low -= factor * centre.summed[k, 2]
        high -= factor * centre.summed[k, 1]
    return rest, low, high


@called
def bound_weights_jointly(sky, groups, number, centre):
    """Find bounds of the tau (Lemma 51); return whether there are any."""
    M, a = centre.joint, centre.bound
    for j in range(number):
        a[j] = 0.0
        for k in range(number):
            size = max(-centre.turned[j, k, 0], centre.turned[j, k, 1])
            M[j, k] = size
            a[j] += size * max(0.0, centre.weight[k])
    for g in range(number):
        up, down = 0.0, sky.ridge * (1 - groups.cosine[g])
        for i in range(len(sky.target)):
            if not loose(groups.status[g, i]):
                continue
            lever = abs(inner(sky.rows[i], groups.centre[g]))
            value = groups.side[g] * centre.residual[i]
            if groups.status[g, i] == CROSSED:
                up += max(value, 0.0) * lever
            down += max(-value, 0.0) * lever
            for k in range(number):
                rest, low, high = moves(sky, groups, centre, k, i)
                size = max(-low, high)
                for j in range(number):
                    factor = abs(centre.inverse[j, g]) * lever
                    M[j, k] += factor * (abs(rest) + size)
                    a[j] += factor * size * max(0.0, centre.weight[k])
        for j in range(number):
            a[j] += abs(centre.inverse[j, g]) * max(up, down)
    for i in range(number):
        for j in range(number):
            centre.scratch[i, j] = (1.0 if i == j else 0.0) - M[i, j]
        centre.scratch[i, number] = a[i] + 1e-12 * sky.energy / sky.ridge
    if not solve_in_place(centre.scratch, number):
        return False
    for j in range(number):
        if not centre.scratch[j, number] > 0:
            return False
    for j in range(number):
        change = 1.001 * centre.scratch[j, number]
        centre.low[j] = max(0.0, centre.weight[j] - change)
        centre.high[j] = min(groups.top[j], centre.weight[j] + change)
    return True


@inlined
def loose(status):
    """Whether a site is crossed or weak, so that Lemma 50(2) has a term for it."""
    return status == CROSSED or abs(status) == 1


@called
def bound_residual(sky, groups, number, centre):
    """Find bounds of the residual at the sites where these are needed."""
    for i in range(len(sky.target)):
        if not centre.known[i]:
            continue
        low = high = centre.residual[i]
        for k in range(number):
            rest, down, up = moves(sky, groups, centre, k, i)
            least, most = centre.low[k] - centre.weight[k], centre.high[k] - centre.weight[k]
            under = min(rest * least, rest * most) + min(0.0, down) * centre.high[k]
            over = max(rest * least, rest * most) + max(0.0, up) * centre.high[k]
            if groups.side[k] > 0:
                low, high = low - over, high - under
            else:
                low, high = low + under, high + over
        centre.least[i], centre.largest[i] = low, high


@called
def bound_heights(sky, groups, number, centre):
    """Find bounds of the heights of the centres (Lemma 50(2))."""
    for g in range(number):
        up, down = 0.0, -sky.ridge * (1 - groups.cosine[g])
        for i in range(len(sky.target)):
            if not loose(groups.status[g, i]):
                continue
            lever = abs(inner(sky.rows[i], groups.centre[g]))
            low, high = centre.least[i], centre.largest[i]
            if groups.side[g] < 0:
                low, high = -high, -low
            if groups.status[g, i] == CROSSED:
                up += max(high, 0.0) * lever
            down -= max(-low, 0.0) * lever
        centre.down[g], centre.up[g] = down, up


@called
def bound_weights(sky, groups, number, centre):
    """Derive better bounds of the weights; return whether these contradict each other."""
    for j in range(number):
        low = high = centre.weight[j]
        for g in range(number):
            factor = centre.inverse[j, g]
            down, up = factor * centre.down[g], factor * centre.up[g]
            low, high = low - max(down, up), high - min(down, up)
            down, up = centre.turned[j, g, 0], centre.turned[j, g, 1]
            if groups.side[g] < 0:
                down, up = -up, -down
            low -= max(0.0, up) * centre.high[g]
            high -= min(0.0, down) * centre.high[g]
        centre.low[j], centre.high[j] = max(centre.low[j], low), min(centre.high[j], high)
        noise = 1e-8 * sky.caution * abs(centre.weight[j])
        if centre.high[j] < -noise or centre.low[j] > centre.high[j] + noise:
            return True
    return False


NO_BOUND, BOUNDED, EXCLUDED = 0, 1, 2


@called
def bound_box(sky, box, count, groups, number, centre):
    """Bound the minima of a box with its groups described; return one of the above."""
    if not solve_system(sky, groups, number, centre):
        return NO_BOUND
    find_turns(sky, groups, number, centre)
    if not bound_weights_jointly(sky, groups, number, centre):
        return NO_BOUND
    for i in range(len(sky.target)):
        centre.known[i] = False
        for part in range(count):
            centre.known[i] |= loose(box.status[part, i])
        for g in range(number):
            centre.known[i] |= loose(groups.status[g, i])
    for j in range(number):
        if centre.high[j] < 0:
            return EXCLUDED
    for _ in range(ROUNDS):
        bound_residual(sky, groups, number, centre)
        bound_heights(sky, groups, number, centre)
        if bound_weights(sky, groups, number, centre):
            return EXCLUDED
    return BOUNDED
