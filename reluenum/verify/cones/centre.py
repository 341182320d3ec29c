"""The centre system of a box (Lemma 49), and bounds of all unknowns together (Lemma 51)."""

from typing import NamedTuple

import numpy as np

from ..trees.machine import compiled, inlined
from ..trees.numbers import inverse_of, reduced
from .arrangement import NEGATIVE, POSITIVE, ZERO, Array
from .hulls import UP, Hulls, product_with
from .tables import Tables

TINY = 1e-290
SPARE = 1 + 1e-6  # by which a guess is taken larger than what solves the equations
STEPS = 8
WILD = 1e40  # a guess of this size is none; below it, nothing overflows


class Centre(NamedTuple):
    """H, t and r_c; what is known of a minimum: |tau - t| <= shift, x, and each of its residuals.

    Vectors with `sizes` are wrong by at most `unsure` times these.
    """

    loads: Array  # R psi, with signs, summed over equal inputs
    sizes: Array
    drift: Array  # bounds of R Delta, summed over equal inputs
    inverse: Array  # H
    weights: Array  # t
    residual: Array  # r_c, summed over equal inputs
    doubt: Array  # how much that is wrong
    left: Array  # bounds of |omega|
    shift: Array
    most: Array  # upper bounds of tau
    reach: Array  # of |x|
    away: Array  # of |r - r_c|, with what r_c is wrong


@inlined
def load_of(table: Tables, vector: Array, load: Array, sizes: Array) -> None:
    """Write what R makes of a vector, with sizes, summed over equal inputs."""
    total, size = 0.0, 0.0
    for i in range(len(vector)):
        total += table.copies[i] * vector[i]
        size += table.copies[i] * abs(vector[i])
    for i in range(len(vector)):
        load[i] = table.copies[i] * (vector[i] - table.share * total)
        sizes[i] = table.copies[i] * (abs(vector[i]) + table.share * size)


@inlined
def loads_of(table: Tables, hulls: Hulls) -> tuple[Array, Array]:
    """Return the loads of all columns, with signs."""
    loads, sizes = np.empty_like(hulls.psi), np.empty_like(hulls.psi)
    for g in range(len(loads)):
        load_of(table, hulls.signs[g] * hulls.psi[g], loads[g], sizes[g])
    return loads, sizes


@inlined
def gram_of(hulls: Hulls, loads: Array, sizes: Array) -> tuple[Array, Array]:
    """Return G with sizes."""
    count = len(loads)
    gram, size = np.zeros((count, count)), np.zeros((count, count))
    for g in range(count):
        for k in range(count):
            for i in range(loads.shape[1]):
                gram[g, k] += hulls.signs[g] * hulls.psi[g, i] * loads[k, i]
                size[g, k] += hulls.psi[g, i] * sizes[k, i]
    return gram, size


@inlined
def residual_of(table: Tables, loads: Array, sizes: Array, weights: Array) -> tuple[Array, Array]:
    """Return r_c and how much it is wrong."""
    residual, doubt = table.pulls.copy(), np.abs(table.pulls)
    for g in range(len(loads)):
        for i in range(len(residual)):
            residual[i] -= weights[g] * loads[g, i]
            doubt[i] += abs(weights[g]) * sizes[g, i]
    return residual, doubt * table.unsure


@inlined
def heights_of(table: Tables, hulls: Hulls, residual: Array, g: int) -> tuple[float, float]:
    """Claim 216: bounds of s p_r(c) for a residual, of its group's sign (Lemma 56).

    Between |c| and the least v . c times Lambda, and what sites add that units may have with the
    opposite sign, or, to the lower bound, on their hyperplane.
    """
    low, high = table.ridge * hulls.least[g], table.ridge * hulls.length[g]
    for i in range(len(residual)):
        signs, load = hulls.found[g, i], hulls.signs[g] * residual[i] * hulls.at[g, i]
        crossed = signs & NEGATIVE and signs & POSITIVE
        if crossed and load > 0:
            high += load
        elif (crossed or signs & ZERO) and load < 0:
            low += load
    return low, high


@inlined
def guessed(
    table: Tables, hulls: Hulls, loads: Array, inverse: Array
) -> tuple[Array, Array, Array]:
    """Return t, and the right-hand sides: the middles of heights, which depend on t again.

    At last, half of what is between the bounds of the heights.
    """
    count = len(loads)
    beta, half, weights = np.empty(count), np.empty(count), np.zeros(count)
    sizes = np.zeros_like(loads)
    for step in range(3):
        residual, _ = residual_of(table, loads, sizes, weights)
        for g in range(count):
            low, high = heights_of(table, hulls, residual, g)
            beta[g], half[g] = (low + high) / 2, (high - low) / 2
        for g in range(count if step < 2 else 0):
            weights[g] = 0.0
            for k in range(count):
                right = -beta[k]
                for i in range(len(table.pulls)):
                    right += hulls.signs[k] * hulls.psi[k, i] * table.pulls[i]
                weights[g] += inverse[g, k] * right
    return weights, beta, half


@inlined
def centre_of(table: Tables, hulls: Hulls) -> tuple[bool, Centre]:
    """Return the centre system, with bounds; and whether there are any."""
    loads, sizes = loads_of(table, hulls)
    gram, gram_size = gram_of(hulls, loads, sizes)
    inverse = inverse_of(gram)
    weights, beta, half = guessed(table, hulls, loads, inverse)
    fits = np.abs(inverse).sum() + np.abs(weights).sum() < WILD
    residual, doubt = residual_of(table, loads, sizes, weights)
    left, reach = lefts_of(table, hulls, (residual, doubt), beta, half)
    count = len(weights)
    shift, most = np.empty(count), np.empty(count)
    found = Centre(
        *(loads, sizes, drift_of(table, hulls), inverse, weights, residual, doubt, left),
        *(shift, most, reach, np.empty(len(residual))),
    )
    defect = defect_of(table, inverse, gram, gram_size)
    good = fits and bounded(table, hulls, found, defect)
    return good, found


@inlined
def lefts_of(
    table: Tables, hulls: Hulls, pair: tuple[Array, Array], beta: Array, half: Array
) -> tuple[Array, Array]:
    """Return bounds of |omega|, and of |x| if r were r_c, with all that rounding has changed."""
    residual, doubt = pair
    left, reach = np.empty(len(beta)), np.empty(len(beta))
    for g in range(len(beta)):
        value, size, spare = -beta[g], abs(beta[g]) + half[g], 0.0
        for i in range(len(residual)):
            value += hulls.signs[g] * hulls.psi[g, i] * residual[i]
            size += hulls.at[g, i] * abs(residual[i])
            spare += 2 * hulls.at[g, i] * doubt[i] + hulls.wrong[g, i] * table.largest[i]
        size *= table.unsure
        left[g], reach[g] = (abs(value) + size + spare) * UP, (half[g] + size + spare) * UP
    return left, reach


@inlined
def defect_of(table: Tables, inverse: Array, gram: Array, sizes: Array) -> Array:
    """Return bounds of |1 - H G|."""
    count = len(gram)
    found = np.empty((count, count))
    for g in range(count):
        for k in range(count):
            value = 1.0 if g == k else 0.0
            size = value
            for m in range(count):
                value -= inverse[g, m] * gram[m, k]
                size += abs(inverse[g, m]) * sizes[m, k]
            found[g, k] = abs(value) + table.unsure * size
    return found


@inlined
def drift_of(table: Tables, hulls: Hulls) -> Array:
    """Return bounds of |R Delta| of each group, summed over equal inputs."""
    found = np.empty_like(hulls.swing)
    for g in range(len(found)):
        total = 0.0
        for i in range(len(table.copies)):
            total += table.copies[i] * hulls.swing[g, i]
        for i in range(len(table.copies)):
            found[g, i] = table.copies[i] * (hulls.swing[g, i] + table.share * total) * UP
    return found


@inlined
def response(table: Tables, hulls: Hulls, centre: Centre, row: Array) -> Array:
    """Return bounds of |R Psi h . Delta| for the Delta of all groups, h a row of H."""
    p = len(table.copies)
    q, sizes, found = np.zeros(p), np.zeros(p), np.empty(len(row))
    for k in range(len(row)):
        for i in range(p):
            q[i] += row[k] * centre.loads[k, i]
            sizes[i] += abs(row[k]) * centre.sizes[k, i]
    for g in range(len(row)):
        low, high = product_with(table, hulls, g, q, sizes)
        found[g] = max(high, -low)
    return found


@inlined
def system_of(
    table: Tables, hulls: Hulls, centre: Centre, defect: Array
) -> tuple[Array, Array, Array]:
    """Claim 217: |tau - t| <= a + M |tau - t| + N tau (Lemma 49).

    With x at most `reach` and what |r - r_c| adds at the sites that count for heights.
    """
    count, taus = len(defect), np.empty_like(defect)
    base, matrix = np.zeros(count), defect.copy()
    heights, bends = heights_by(table, hulls, centre)
    for g in range(count):
        taus[g] = response(table, hulls, centre, centre.inverse[g])
        for k in range(count):
            size = abs(centre.inverse[g, k])
            base[g] += size * (centre.left[k] + centre.reach[k])
            for m in range(count):
                matrix[g, m] += size * heights[k, m]
                taus[g, m] += size * bends[k, m]
    return base * UP, matrix * UP, taus * UP


@inlined
def heights_by(table: Tables, hulls: Hulls, centre: Centre) -> tuple[Array, Array]:
    """Return with what |tau - t|, and tau, of each group change the height of each other one."""
    count = len(centre.weights)
    heights, bends = np.zeros((count, count)), np.zeros((count, count))
    for k in range(count):
        for i in range(len(table.copies)):
            if counts_for_height(hulls, k, i):
                for g in range(count):
                    one = abs(centre.loads[g, i]) + table.unsure * centre.sizes[g, i]
                    heights[k, g] += hulls.at[k, i] * one
                    bends[k, g] += hulls.at[k, i] * centre.drift[g, i]
    return heights, bends


@inlined
def counts_for_height(hulls: Hulls, g: int, i: int) -> bool:
    """Whether units may have at a site the sign opposite to the centre's, or 0."""
    signs = hulls.found[g, i]
    return hulls.at[g, i] > 0 and (signs & ZERO or (signs & NEGATIVE and signs & POSITIVE)) > 0


@compiled
def holds(matrix: Array, base: Array, z: Array) -> bool:
    """Claim 218: z > 0 and z > a + M z. Then all unknowns are at most z (Lemma 51)."""
    for i in range(len(z)):
        above = base[i]
        for k in range(len(z)):
            above += matrix[i, k] * z[k]
        if not (z[i] > 0 and z[i] > above * UP + TINY and z[i] < np.inf):
            return False
    return True


@inlined
def solution(matrix: Array, base: Array) -> Array:
    """Return z that nearly solves z = a + M z, whatever it is."""
    size = len(base)
    work = np.empty((size, size + 1))
    for i in range(size):
        for k in range(size):
            work[i, k] = (1.0 if i == k else 0.0) - matrix[i, k]
        work[i, size] = base[i] * SPARE + 4 * TINY
    reduced(work, size)
    return work[:, size].copy()


@inlined
def bounded(table: Tables, hulls: Hulls, centre: Centre, defect: Array) -> bool:
    """Write bounds of |tau - t|, tau, |r - r_c| and |x|; return whether they are of any use.

    tau <= max(t, 0) + |tau - t|.
    """
    base, matrix, taus = system_of(table, hulls, centre, defect)
    count, weights = len(base), centre.weights
    above, whole = base.copy(), matrix + taus
    for g in range(count):
        for k in range(count):
            above[g] += taus[g, k] * max(weights[k], 0.0)
        centre.most[g] = hulls.tops[g]
        centre.shift[g] = max(abs(weights[g]), hulls.tops[g] - weights[g]) * UP
    z = solution(whole, above * UP)
    if holds(whole, above * UP, z):
        for g in range(count):
            centre.shift[g] = min(centre.shift[g], z[g])
    for _ in range(STEPS):
        sharpened(centre, base, matrix, taus)
    return widened(table, hulls, centre)


@inlined
def sharpened(centre: Centre, base: Array, matrix: Array, taus: Array) -> None:
    """Put what is known of all unknowns into the inequality of each."""
    for g in range(len(base)):
        above = base[g]
        for k in range(len(base)):
            above += matrix[g, k] * centre.shift[k] + taus[g, k] * centre.most[k]
        centre.shift[g] = min(centre.shift[g], above * UP)
        most = centre.weights[g] + centre.shift[g]
        centre.most[g] = min(centre.most[g], most + (UP - 1) * abs(centre.weights[g]))


@inlined
def widened(table: Tables, hulls: Hulls, centre: Centre) -> bool:
    """Write the bounds of residuals and of x."""
    count = len(centre.shift)
    for i in range(len(table.copies)):
        above = 0.0
        for g in range(count):
            one = abs(centre.loads[g, i]) + table.unsure * centre.sizes[g, i]
            above += one * centre.shift[g] + centre.drift[g, i] * max(centre.most[g], 0.0)
        crude = table.largest[i] + abs(centre.residual[i])
        centre.away[i] = min(above, crude) * UP + centre.doubt[i]
        for g in range(count):
            if counts_for_height(hulls, g, i):
                centre.reach[g] += hulls.at[g, i] * centre.away[i] * UP
    return centre.shift.sum() < np.inf
