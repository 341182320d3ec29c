"""The residual of a box of single faces, in a ball: whether it has units on them (Lemma 58).

A minimum there has the residual r_S of the group lasso of section 4. Each face has columns: the
outputs of an orthonormal basis of its flat, so one if it is a ray, two if it is a cell. Of vectors
w, as coordinates in these, everything that follows is proved; how they are found does not matter.
"""

from typing import NamedTuple

import numpy as np

from ..trees.machine import compiled, inlined
from ..trees.numbers import reduced
from .centre import remainder
from .line import Array, Tables
from .sums import TINY, UNSURE, UP, Output, at_ray, in_cell, inner, larger, plain, pull, slope

STEPS, STARTS = 80, (1.0, 0.1, 5.0)  # at most; shares of the first lengths from which they begin
LEAST, MOST = 0.01, 1e8  # damping of a step
SHORTEST, SETTLED = 0.1, 1e-10  # what a step leaves of a length at least; errors at the end


class Flats(NamedTuple):
    """The columns of the flats of some faces, and the lasso."""

    first: Array  # column of each face, and the number of all
    sites: Array
    vectors: Array
    gram: Array
    gram_size: Array
    right: Array  # products of the columns with Ry
    right_size: Array


class GapBall(NamedTuple):
    """What is known of r_S: it is within a radius of tau times R e, e being what w leaves of y."""

    tau: float
    radius: float
    duals: Array  # products of the columns with R e
    errors: Array  # and how much these may be wrong


@inlined
def flats_of(table: Tables, box: Array) -> Flats:
    """Return the lasso of the faces of a box."""
    count = len(box)
    first = np.zeros(count + 1, np.int64)
    for k in range(count):
        first[k + 1] = first[k] + (1 if box[k, 1] % 2 else 2)
    size = first[count]
    sites, vectors = np.empty((size, 2), np.int64), np.empty((size, 2))
    for k in range(count):
        for n in range(first[k], first[k + 1]):
            i, j, v, w = basis_vector(table, box[k, 1], n - first[k])
            sites[n, 0], sites[n, 1], vectors[n, 0], vectors[n, 1] = i, j, v, w
    gram, right = np.empty((2, size, size)), np.empty((2, size))
    for k in range(size):
        one = sites[k, 0], sites[k, 1], vectors[k, 0], vectors[k, 1]
        right[0, k], right[1, k] = pull(table.sums, one)
        for m in range(size):
            other = sites[m, 0], sites[m, 1], vectors[m, 0], vectors[m, 1]
            gram[0, k, m], gram[1, k, m] = inner(table.sums, one, other)
    return Flats(first, sites, vectors, gram[0], gram[1], right[0], right[1])


@inlined
def basis_vector(table: Tables, face: int, place: int) -> Output:
    """Return the output of a vector of the basis of the flat of a face."""
    if face % 2:
        return at_ray(table, (face + 1) // 2)
    return in_cell(table, face // 2, 1.0 - place, 1.0 * place)


@inlined
def length_of(vector: Array, start: int, stop: int) -> float:
    """Return the length of a part of a vector; no less where squares are too small for doubles."""
    square = TINY
    for k in range(start, stop):
        square += vector[k] * vector[k]
    return np.sqrt(square)


@inlined
def inverted(matrix: Array) -> Array:
    """Return about the inverse of a matrix that is 1 and a semidefinite one."""
    work = matrix.copy()
    for i in range(len(work)):
        pivot = work[i, i]
        work[i, i] = 1.0
        work[i] /= pivot
        for k in range(len(work)):
            if k != i:
                factor = work[k, i]
                work[k, i] = 0.0
                work[k] -= factor * work[i]
    return work


@inlined
def roots_of(flats: Flats, ridge: float, lengths: Array) -> Array:
    """Return for each column the root of the length t of its vector, over Lambda."""
    roots = np.empty(len(flats.right))
    for f in range(len(lengths)):
        roots[flats.first[f] : flats.first[f + 1]] = np.sqrt(lengths[f] / ridge)
    return roots


@inlined
def inverse_with(flats: Flats, roots: Array) -> Array:
    """Return the inverse of 1 + s K s, with those roots s."""
    matrix = np.eye(len(roots))
    for k in range(len(roots)):
        for m in range(len(roots)):
            matrix[k, m] += roots[k] * flats.gram[k, m] * roots[m]
    return inverted(matrix)


@inlined
def vectors_with(flats: Flats, roots: Array, inverse: Array) -> tuple[Array, Array]:
    """Return vectors w with w_l = t_l u_l / Lambda, and these u = b - K w."""
    size, right = len(roots), flats.right
    w, u = np.zeros(size), right.copy()
    for k in range(size):
        for m in range(size):
            w[k] += roots[k] * inverse[k, m] * roots[m] * right[m]
    for k in range(size):
        for m in range(size):
            u[k] -= flats.gram[k, m] * w[m]
        if roots[k] > 0:
            u[k] = w[k] / (roots[k] * roots[k])
    return w, u


@inlined
def newton_system(flats: Flats, ridge: float, roots: Array, u: Array, inverse: Array) -> Array:
    """Return the system of steps of lengths after which all |u_l| = Lambda, nearly.

    The derivative of |u_l|^2 / 2 by t_m is that of u_l' [(1 + K T / Lambda)^-1 K]_lm u_m / Lambda.
    Lengths that are 0 stay.
    """
    count, first = len(flats.first) - 1, flats.first
    system = np.eye(count, count + 1)
    for f in range(count):
        norm = length_of(u, first[f], first[f + 1])
        if roots[first[f]] > 0:
            system[f, count], system[f, f] = norm * norm * (norm - ridge), 1e-300
    for k in range(len(u)):
        for m in range(len(u)):
            if roots[k] > 0 and roots[m] > 0:
                entry = (1.0 * (k == m) - inverse[k, m]) / (roots[k] * roots[m])
                system[face_of(first, k), face_of(first, m)] += u[k] * entry * u[m]
    return system


@inlined
def face_of(first: Array, k: int) -> int:
    """Return the face of a column."""
    f = 0
    while first[f + 1] <= k:
        f += 1
    return f


@inlined
def step_with(system: Array, lengths: Array, damping: float) -> Array:
    """Return steps of which none shortens a length too much: those that would are made first."""
    count, system = len(lengths), system.copy()
    step = np.zeros(count)
    for f in range(count):
        system[f, f] *= 1 + damping
    for _ in range(count):
        work, changed = system.copy(), False
        reduced(work, count)
        for f in range(count):
            step[f] = work[f, count]
            if step[f] < (SHORTEST - 1) * lengths[f]:
                step[f], changed = (SHORTEST - 1) * lengths[f], True
                system[f] = 0.0
                system[f, f], system[f, count] = 1.0, step[f]
        if not changed:
            break
    return step


@inlined
def is_needless(flats: Flats, ridge: float, f: int, w: Array, u: Array) -> bool:
    """Whether the vector on a face has best length 0 as long as the others stay."""
    a, b = flats.first[f], flats.first[f + 1]
    rest = u[a:b].copy()
    for k in range(a, b):
        for m in range(a, b):
            rest[k - a] += flats.gram[k, m] * w[m]
    return length_of(rest, 0, b - a) <= ridge


@inlined
def after_step(
    flats: Flats, ridge: float, lengths: Array, pair: tuple[Array, Array], step: Array
) -> Array:
    """Return lengths after a step; one may become 0 at once, and one that is 0 come back."""
    w, u = pair
    found = lengths + step
    for f in range(len(lengths)):
        a, b = flats.first[f], flats.first[f + 1]
        norm = length_of(u, a, b)
        if lengths[f] == 0 and norm > ridge:
            found[f] = (norm - ridge) / (flats.gram[a, a] + flats.gram[b - 1, b - 1])
        elif found[f] <= 1.01 * SHORTEST * lengths[f] and is_needless(flats, ridge, f, w, u):
            found[f] = 0.0
    return found


@inlined
def violation(flats: Flats, ridge: float, lengths: Array, u: Array) -> float:
    """Return how wrong |u_l| = Lambda is where w_l is not 0, or else |u_l| <= Lambda."""
    worst = 0.0
    for f in range(len(lengths)):
        over = length_of(u, flats.first[f], flats.first[f + 1]) / ridge - 1
        worst = larger(worst, abs(over) if lengths[f] > 0 else over)
    return worst


@inlined
def first_lengths(flats: Flats, ridge: float) -> Array:
    """Return lengths to start with: as if the faces shared the work."""
    found = np.empty(len(flats.first) - 1)
    for f in range(len(found)):
        a, b = flats.first[f], flats.first[f + 1]
        norm, weight = length_of(flats.right, a, b), flats.gram[a, a] + flats.gram[b - 1, b - 1]
        found[f] = (norm + ridge) / (len(found) * weight)
    return found


@inlined
def guess(flats: Flats, ridge: float, lengths: Array) -> Array:
    """Return vectors w that nearly solve the lasso: |u_l| = Lambda, by Newton's method.

    They are the best ones of the lengths t for the sum of P(w) / 2 and the |w_l|^2 / t_l + t_l; a
    step that makes neither its minimum smaller nor what is violated half as large is taken once
    more, damped (Levenberg, Marquardt).
    """
    lowest, damping, wrong = np.inf, 0.0, np.inf
    before, system = lengths, np.zeros((len(lengths), len(lengths) + 1))
    w, u = np.zeros(len(flats.right)), flats.right
    for _ in range(STEPS):
        roots = roots_of(flats, ridge, lengths)
        inverse = inverse_with(flats, roots)
        one, other = vectors_with(flats, roots, inverse)
        height = 0.0  # sums by numba import all of SciPy's linear algebra
        for length in lengths:
            height += ridge * length
        for k in range(len(one)):
            height -= flats.right[k] * one[k]
        error = violation(flats, ridge, lengths, other)
        if height < lowest or error < wrong / 2:
            w, u, before, lowest, wrong, damping = one, other, lengths, height, error, damping / 10
            if wrong <= SETTLED:
                break
            system = newton_system(flats, ridge, roots, u, inverse)
        else:
            damping = max(10 * damping, LEAST)
            if damping > MOST:
                break
        step = step_with(system, before, damping if damping > LEAST / 2 else 0.0)
        lengths = after_step(flats, ridge, before, (w, u), step)
    return w


@compiled
def gap_ball(table: Tables, flats: Flats, w: Array) -> GapBall:
    """Claim 231: r_S is in the ball of Lemma 58 around tau R e, as tau R e keeps to all bounds.

    Its radius squared is (1 - tau)^2 e'Re and 2 Lambda |w_l| - 2 tau u_l . w_l for each face; e'Re
    is y'Ry less w . (b + u), and y'Ry is known from the bound of the sum of all t.
    """
    size, first = len(w), flats.first
    u, errors, longest, gap = np.empty(size), np.empty(size), 0.0, 0.0
    rest = 4 * table.ridge * table.most * UP * UP
    for k in range(size):
        pair = remainder(flats.gram, flats.gram_size, w, k, flats.right[k], flats.right_size[k])
        u[k], errors[k] = pair[0], UNSURE * pair[1]
        rest -= (flats.right[k] + u[k]) * w[k]
        rest += UNSURE * (flats.right_size[k] + pair[1]) * abs(w[k])
    for f in range(len(first) - 1):
        longest = larger(longest, length_of(np.abs(u) + errors, first[f], first[f + 1]))
    tau = min(1.0, table.ridge / (longest * UP)) / UP
    for f in range(len(first) - 1):
        gap += table.ridge * length_of(w, first[f], first[f + 1]) * UP
        for k in range(first[f], first[f + 1]):
            gap += tau * (errors[k] * abs(w[k]) + (UP - 1) * abs(u[k] * w[k]) - u[k] * w[k])
    square = max(rest, 0.0) * UP * (1 - tau) ** 2 + 2 * max(gap, 0.0)
    return GapBall(tau, np.sqrt(square + TINY) * UP, u, errors)


@inlined
def error_of(ball: GapBall, place: int, square: float, size: float) -> float:
    """Return how much s u(r_S) may be wrong in a coordinate, by the length of its column."""
    reach = np.sqrt(square + UNSURE * size) * UP
    return (ball.tau * ball.errors[place] + ball.radius * reach) * UP


@inlined
def slope_in(
    table: Tables, flats: Flats, w: Array, ball: GapBall, f: Output
) -> tuple[float, float]:
    """Return an f . r_S and how much it may be wrong."""
    value, size = pull(table.sums, f)
    for k in range(len(w)):
        sites, vectors = flats.sites, flats.vectors
        column = sites[k, 0], sites[k, 1], vectors[k, 0], vectors[k, 1]
        product, length = inner(table.sums, f, column)
        value -= product * w[k]
        size += length * abs(w[k])
    square, length = plain(table.sums, f, f)
    reach = np.sqrt(square + UNSURE * length) * UP
    return ball.tau * value, (ball.tau * UNSURE * size + ball.radius * reach) * UP


@inlined
def off_ray(table: Tables, flats: Flats, w: Array, ball: GapBall, part: Array, place: int) -> bool:
    """Claim 232: a ray holds no unit: |u| < Lambda or s u < 0, or s p_r rises there to a side."""
    e, sign = (part[1] + 1) // 2, part[0]
    error = error_of(ball, place, flats.gram[place, place], flats.gram_size[place, place])
    if sign * ball.tau * ball.duals[place] + error < table.ridge / UP:
        return True
    before, unsure = slope_in(table, flats, w, ball, slope(table, e, 0))
    after, vague = slope_in(table, flats, w, ball, slope(table, e, 1))
    return sign * before + unsure < 0 or sign * after - vague > 0


@inlined
def off_cell(table: Tables, flats: Flats, ball: GapBall, part: Array, place: int) -> bool:
    """Claim 233: a cell holds no unit: |u| < Lambda, or s u is on the other side of a boundary."""
    e, sign, u, error = part[1] // 2, part[0], np.empty(2), np.empty(2)
    for k in range(2):
        n = place + k
        u[k] = sign * ball.tau * ball.duals[n]
        error[k] = error_of(ball, n, flats.gram[n, n], flats.gram_size[n, n])
    if length_of(np.abs(u) + error, 0, 2) < table.ridge / UP:
        return True
    unsure = UNSURE * (abs(u[0]) + abs(u[1])) + (error[0] + error[1]) * UP
    before = u[1] * table.rays[e, 0] - u[0] * table.rays[e, 1]
    after = u[1] * table.rays[e + 1, 0] - u[0] * table.rays[e + 1, 1]
    return before + unsure < 0 or after - unsure > 0


@compiled
def unsupported(table: Tables, box: Array) -> bool:
    """Claim 234: single faces hold no minimum, as r_S has no unit on one of them (Lemma 58)."""
    for part in box:
        if part[2] > part[1] + 1 or part[3] > 1:
            return False
    flats, found = flats_of(table, box), False
    for share in STARTS:
        if not found:
            start = share * first_lengths(flats, table.ridge)
            found = seen_vacant(table, box, flats, guess(flats, table.ridge, start))
    return found


@inlined
def seen_vacant(table: Tables, box: Array, flats: Flats, w: Array) -> bool:
    """Whether the ball that follows from some vectors shows that a face holds no unit."""
    ball, found = gap_ball(table, flats, w), False
    for f in range(len(box)):
        place = flats.first[f]
        if box[f, 1] % 2:
            found |= off_ray(table, flats, w, ball, box[f], place)
        else:
            found |= off_cell(table, flats, ball, box[f], place)
    return found
