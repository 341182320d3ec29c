"""Boxes of single faces: whether the residual of their support has units there (Lemma 58)."""

import numpy as np

from reluenum.engines.branch.circle import FIRST, LAST, START, STOP, B, C
from reluenum.engines.branch.columns import LO, SIGN, inner_products, response, sum_over
from reluenum.engines.branch.compiled import inlined

STEPS, SHORTEST, SETTLED = 30, 0.1, 1e-9
"""Of the iteration that minimises: how many steps at most (a checker takes more), to which part one
may shorten a vector, the relative error of |u| at which it ends."""

LEAST = 0.005
"""The least damping that is used."""

ROUNDING, CAUTION = 2.0**-43, 8.0
"""About what a checker does not know of a sum, relative to its terms; its ball may be larger."""


@inlined
def find_forms(circle, box, count, vectors, ranges, gram, goal):
    """Write the columns of the flats of the faces, two for each, and K and b (section 4)."""
    vectors[:], ranges[:] = 0.0, 0
    for i in range(count):
        face = box.parts[i, LO]
        if face % 2 == 0:
            lo, hi = circle.spans[face // 2, START], circle.spans[face // 2, STOP]
            vectors[2 * i, 0], vectors[2 * i + 1, 1] = 1.0, 1.0
        else:
            edge = (face + 1) // 2
            lo, hi = circle.spans[edge, FIRST], circle.spans[edge, LAST]
            vectors[2 * i, 0], vectors[2 * i, 1] = circle.edges[edge, B], circle.edges[edge, C]
        for k in range(2 * i, 2 * i + 2):
            ranges[k, 0], ranges[k, 1] = lo, hi
            b, c = vectors[k, 0], vectors[k, 1]
            vectors[k, 2] = sum_over(circle.moments, b, c, lo, hi)
            goal[k] = response(circle.moments, circle.share, b, c, lo, hi, vectors[k, 2])
    for k in range(2 * count):
        b, c, one = vectors[k, 0], vectors[k, 1], vectors[k, 2]
        lo, hi = ranges[k, 0], ranges[k, 1]
        moments, share = circle.moments, circle.share
        inner_products(moments, share, vectors, ranges, 2 * count, b, c, lo, hi, one, gram[k])


@inlined
def invert_definite(work, size):
    """Invert a positive definite matrix in place; return whether it went."""
    for i in range(size):
        pivot = work[i, i]
        if not pivot > 0:
            return False
        work[i, i] = 1.0
        for j in range(size):
            work[i, j] /= pivot
        for k in range(size):
            if k != i:
                factor = work[k, i]
                work[k, i] = 0.0
                for j in range(size):
                    work[k, j] -= factor * work[i, j]
    return True


@inlined
def solve_step(curvature, wanted, count, lengths, damping, work, fixed, step):
    """Find a damped Newton step; lengths that it would shorten too much are shortened first."""
    fixed[:] = False
    for _ in range(count):
        for i in range(count):
            for j in range(count):
                work[i, j] = curvature[i, j]
            work[i, i] *= 1 + damping
            step[i] = wanted[i]
            if fixed[i]:
                work[i, :] = 0.0
                work[i, i], step[i] = 1.0, (SHORTEST - 1) * lengths[i]
        for i in range(count):
            for k in range(i + 1, count):
                factor = work[k, i] / work[i, i]
                for j in range(i, count):
                    work[k, j] -= factor * work[i, j]
                step[k] -= factor * step[i]
        for i in range(count - 1, -1, -1):
            for j in range(i + 1, count):
                step[i] -= work[i, j] * step[j]
            step[i] /= work[i, i]
        changed = False
        for i in range(count):
            if step[i] < (SHORTEST - 1) * lengths[i]:
                step[i] = (SHORTEST - 1) * lengths[i]
                changed, fixed[i] = True, True
        if not changed:
            break


@inlined
def find_start(gram, goal, count, ridge, lengths):
    """Write where to start: as if the groups shared the work."""
    for i in range(count):
        strength = np.hypot(goal[2 * i], goal[2 * i + 1])
        gain = max(strength - ridge, 0.1 * strength + ridge)
        diagonal = gram[2 * i, 2 * i] + gram[2 * i + 1, 2 * i + 1]
        lengths[i] = gain / (count * max(diagonal, 1e-300))


@inlined
def find_vectors(gram, goal, size, ridge, lengths, beta, dual, work, scale):
    """Write vectors of given lengths t and dual ones: u = (1 + K T / Lambda)^-1 b."""
    for k in range(size):
        scale[k] = np.sqrt(lengths[k // 2] / ridge)
    for k in range(size):
        for j in range(size):
            work[k, j] = scale[k] * gram[k, j] * scale[j]
        work[k, k] += 1.0
    if not invert_definite(work, size):
        return False
    for k in range(size):
        dual[k] = 0.0
        for j in range(size):
            dual[k] += work[k, j] * scale[j] * goal[j]
        beta[k] = scale[k] * dual[k]
    for k in range(size):
        if scale[k] > 0:
            dual[k] /= scale[k]
        else:
            dual[k] = goal[k]
            for j in range(size):
                dual[k] -= gram[k, j] * beta[j]
    return True


@inlined
def find_curvature(count, lengths, dual, work, scale, curvature):
    """Write how the lengths of dual vectors depend on those of vectors that do not vanish."""
    for i in range(count):
        for m in range(count):
            curvature[i, m] = 1.0 if i == m else 0.0
            if lengths[i] > 0 and lengths[m] > 0:
                curvature[i, m] = 1e-300 if i == m else 0.0
                for k in range(2 * i, 2 * i + 2):
                    for j in range(2 * m, 2 * m + 2):
                        entry = (1.0 if k == j else 0.0) - work[k, j]
                        curvature[i, m] += dual[k] * entry * dual[j] / (scale[k] * scale[j])


@inlined
def find_violation(count, ridge, lengths, dual):
    """Return how wrong |u_l| = Lambda is for vectors that are not 0, or |u_l| <= Lambda."""
    worst = 0.0
    for i in range(count):
        over = np.hypot(dual[2 * i], dual[2 * i + 1]) / ridge - 1
        worst = max(worst, abs(over) if lengths[i] > 0 else over)
    return worst


@inlined
def own_pull(gram, i, beta, dual):
    """Return the length of the dual vector of a group if its own vector were 0."""
    k = 2 * i
    one = dual[k] + gram[k, k] * beta[k] + gram[k, k + 1] * beta[k + 1]
    other = dual[k + 1] + gram[k + 1, k] * beta[k] + gram[k + 1, k + 1] * beta[k + 1]
    return np.hypot(one, other)


@inlined
def move(gram, count, ridge, before, beta, dual, step, lengths):
    """Take a step; a vector may vanish at once, and one that did come back."""
    for i in range(count):
        norm = np.hypot(dual[2 * i], dual[2 * i + 1])
        lengths[i] = before[i] + step[i]
        if before[i] == 0 and norm > ridge:
            diagonal = gram[2 * i, 2 * i] + gram[2 * i + 1, 2 * i + 1]
            lengths[i] = (norm - ridge) / diagonal
        elif lengths[i] <= 1.01 * SHORTEST * before[i]:
            lengths[i] *= own_pull(gram, i, beta, dual) > ridge


@inlined
def find_minimiser(gram, goal, count, ridge, lengths, beta, dual):
    """Find the minimiser of a group lasso by its secular equations; return whether it went.

    A Newton step that makes neither the function smaller whose minimum is sought, for vectors of
    given lengths, nor what is violated half as large is taken once more, damped.
    """
    size, lowest, wrong, damping = 2 * count, np.inf, np.inf, 0.0
    scale, work, new, pull = np.empty(size), np.empty((size, size)), np.empty(size), np.empty(size)
    before, step, wanted = np.empty(count), np.empty(count), np.empty(count)
    curvature, small = np.empty((count, count)), np.empty((count, count))
    fixed = np.empty(count, dtype=np.bool_)
    find_start(gram, goal, count, ridge, lengths)
    for _ in range(STEPS):
        if not find_vectors(gram, goal, size, ridge, lengths, new, pull, work, scale):
            return False
        height, error = 0.0, find_violation(count, ridge, lengths, pull)
        for i in range(count):
            height += ridge * lengths[i]
            height -= goal[2 * i] * new[2 * i] + goal[2 * i + 1] * new[2 * i + 1]
        if height < lowest or error < wrong / 2:
            lowest, wrong, damping = height, error, damping / 10
            for i in range(count):
                before[i] = lengths[i]
            for i in range(size):  # arrays assigned to slices take long to compile
                beta[i], dual[i] = new[i], pull[i]
            if wrong <= SETTLED:
                return True
            find_curvature(count, lengths, dual, work, scale, curvature)
            for i in range(count):
                norm = np.hypot(dual[2 * i], dual[2 * i + 1])
                wanted[i] = norm * norm * (norm - ridge) if lengths[i] > 0 else 0.0
        else:
            damping = max(10 * damping, 2 * LEAST)
        used = damping if damping > LEAST else 0.0
        solve_step(curvature, wanted, count, before, used, small, fixed, step)
        move(gram, count, ridge, before, beta, dual, step, lengths)
    return True


@inlined
def find_ball(circle, gram, goal, count, beta, dual, noise):
    """Return tau and a radius of the ball of Lemma 8; write what is not known of dual vectors."""
    size, ridge = 2 * count, circle.ridge
    error = 4 * ridge * circle.most
    longest, slack = 0.0, 0.0
    for k in range(size):
        dual[k], noise[k] = goal[k], abs(goal[k])
        for j in range(size):
            dual[k] -= gram[k, j] * beta[j]
            noise[k] += abs(gram[k, j] * beta[j])
        noise[k] *= ROUNDING * circle.caution
        error -= (goal[k] + dual[k]) * beta[k]
    for i in range(count):
        longest = max(longest, np.hypot(dual[2 * i], dual[2 * i + 1]))
    tau = min(1.0, ridge / longest)
    for i in range(count):
        length = np.hypot(beta[2 * i], beta[2 * i + 1])
        slack += ridge * length * (1 + ROUNDING)
        for k in range(2 * i, 2 * i + 2):
            slack += abs(beta[k]) * noise[k] - tau * dual[k] * beta[k]
    error = max(error, 0.0) + ROUNDING * 4 * ridge * circle.most
    radius = np.sqrt(error * (1 - tau) ** 2 + 2 * max(slack, 0.0))
    return tau, CAUTION * circle.caution * radius


@inlined
def slope_at(circle, vectors, ranges, size, beta, edge, cell):
    """Return a one-sided slope at a boundary of the residual of some vectors, and its noise."""
    lo, hi = circle.spans[cell, START], circle.spans[cell, STOP]
    b, c = -circle.edges[edge, C], circle.edges[edge, B]
    one = sum_over(circle.moments, b, c, lo, hi)
    entries = np.empty(size)
    moments, share = circle.moments, circle.share
    inner_products(moments, share, vectors, ranges, size, b, c, lo, hi, one, entries)
    value = response(moments, share, b, c, lo, hi, one)
    noise = circle.sizes[0]  # of which differences of sums over the data may leave 0
    for k in range(size):
        value -= entries[k] * beta[k]
        noise += circle.sizes[1] * abs(beta[k])
    square = b * b * (moments[2, hi] - moments[2, lo])
    square += 2 * b * c * (moments[1, hi] - moments[1, lo])
    square += c * c * (moments[0, hi] - moments[0, lo])
    return value, ROUNDING * circle.caution * noise, np.sqrt(max(square, 0.0))


@inlined
def leaves_ray(circle, box, i, vectors, ranges, gram, size, beta, dual, noise, tau, radius):
    """Whether no unit can be on a ray."""
    edge, side = (box.parts[i, LO] + 1) // 2, box.parts[i, SIGN]
    slack = noise[2 * i] + radius * np.sqrt(gram[2 * i, 2 * i])
    if side * tau * dual[2 * i] + slack < circle.ridge:
        return True
    for right in range(2):
        value, rough, length = slope_at(circle, vectors, ranges, size, beta, edge, edge - 1 + right)
        slope = side * tau * value * (1 - 2 * right)
        if slope < -rough - radius * length:
            return True
    return False


@inlined
def leaves_cell(circle, box, i, gram, dual, noise, tau, radius):
    """Whether no unit can be in a cell."""
    cell, side = box.parts[i, LO] // 2, box.parts[i, SIGN]
    reach = np.sqrt(gram[2 * i, 2 * i] + gram[2 * i + 1, 2 * i + 1])
    slack = noise[2 * i] + noise[2 * i + 1] + radius * reach
    u, v = tau * dual[2 * i], tau * dual[2 * i + 1]
    if np.hypot(u, v) + slack < circle.ridge:
        return True
    for right in range(2):
        edge = cell + right
        slope = side * (v * circle.edges[edge, B] - u * circle.edges[edge, C]) * (1 - 2 * right)
        if slope < -slack:
            return True
    return False


@inlined
def unsupported(circle, box, count):
    """Whether the residual of the faces of a box has, on one of these, surely no unit."""
    size = 2 * count
    vectors, ranges = np.empty((size, 3)), np.empty((size, 2), dtype=np.int64)
    gram, goal, noise = np.empty((size, size)), np.empty(size), np.empty(size)
    lengths, beta, dual = np.empty(count), np.empty(size), np.empty(size)
    find_forms(circle, box, count, vectors, ranges, gram, goal)
    if not find_minimiser(gram, goal, count, circle.ridge, lengths, beta, dual):
        return False
    tau, radius = find_ball(circle, gram, goal, count, beta, dual, noise)
    for i in range(count):
        if box.parts[i, LO] % 2 == 0:
            if leaves_cell(circle, box, i, gram, dual, noise, tau, radius):
                return True
        elif leaves_ray(
            circle, box, i, vectors, ranges, gram, size, beta, dual, noise, tau, radius
        ):
            return True
    return False
