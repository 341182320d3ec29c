"""Bounds of a box (Lemmas 48 to 51): which weights and slopes its minima can have."""

import numpy as np
from numba import njit

from reluenum.engines.branch.places import edges

GAP = 1.0
"""Parts of one sign are taken together if the gap is at most so many widths of the wider one."""

LARGEST_CONDITION = 1e10
"""Of the scaled Gram matrix of the columns."""

MARGIN = 1e-9
"""By which an inequality has to hold, relative to what it is about."""

COLUMNS, PARTS = 8, 4
"""The largest numbers of columns and of parts of a box."""


@njit(cache=True)
def total(circle, b, c, lo, hi):
    """Return the sum of b x + c over the data of the inputs lo..hi - 1."""
    m = circle.moments
    return b * (m[1, hi] - m[1, lo]) + c * (m[0, hi] - m[0, lo])


@njit(cache=True)
def inner(circle, b, c, lo, hi, one, b2, c2, lo2, hi2, one2):
    """Return the inner product of linear functions on ranges of inputs, with R between them."""
    m = circle.moments
    start, stop = max(lo, lo2), min(hi, hi2)
    value = -circle.share * one * one2
    if stop > start:
        value += (
            b * b2 * (m[2, stop] - m[2, start])
            + (b * c2 + c * b2) * (m[1, stop] - m[1, start])
            + c * c2 * (m[0, stop] - m[0, start])
        )
    return value


@njit(cache=True)
def response(circle, b, c, lo, hi, one):
    """Return the inner product with R y."""
    m = circle.moments
    value = b * (m[4, hi] - m[4, lo]) + c * (m[3, hi] - m[3, lo])
    return value - circle.share * one * m[3, -1]


@njit(cache=True)
def inverse(matrix, size, out):
    """Invert a scaled symmetric matrix by Gauss-Jordan steps; return whether that went well."""
    scale = np.empty(size)
    for i in range(size):
        if not matrix[i, i] > 0:
            return False
        scale[i] = 1 / np.sqrt(matrix[i, i])
    work = np.zeros((size, 2 * size))
    for i in range(size):
        for j in range(size):
            work[i, j] = matrix[i, j] * scale[i] * scale[j]
        work[i, size + i] = 1
    for i in range(size):
        pivot = i
        for k in range(i + 1, size):
            if abs(work[k, i]) > abs(work[pivot, i]):
                pivot = k
        if not abs(work[pivot, i]) > 1 / LARGEST_CONDITION:
            return False
        for j in range(2 * size):
            work[i, j], work[pivot, j] = work[pivot, j], work[i, j]
        factor = 1 / work[i, i]
        for j in range(2 * size):
            work[i, j] *= factor
        for k in range(size):
            if k != i and work[k, i] != 0:
                factor = work[k, i]
                for j in range(2 * size):
                    work[k, j] -= factor * work[i, j]
    largest = 0.0
    for i in range(size):
        for j in range(size):
            largest = max(largest, abs(work[i, size + j]))
            out[i, j] = work[i, size + j] * scale[i] * scale[j]
    return largest < LARGEST_CONDITION


@njit(cache=True)
def solved(matrix, right, size):
    """Solve (1 - matrix) z = right; return whether z > 0 and z > right + matrix z."""
    work = np.empty((size, size + 1))
    for i in range(size):
        for j in range(size):
            work[i, j] = (1.0 if i == j else 0.0) - matrix[i, j]
        work[i, size] = right[i] * (1 + 1e-6) + 1e-300
    z = np.empty(size)
    for i in range(size):
        pivot = i
        for k in range(i + 1, size):
            if abs(work[k, i]) > abs(work[pivot, i]):
                pivot = k
        if not abs(work[pivot, i]) > 1e-12:
            return False, z
        for j in range(size + 1):
            work[i, j], work[pivot, j] = work[pivot, j], work[i, j]
        for k in range(i + 1, size):
            factor = work[k, i] / work[i, i]
            for j in range(i, size + 1):
                work[k, j] -= factor * work[i, j]
    for i in range(size - 1, -1, -1):
        value = work[i, size]
        for j in range(i + 1, size):
            value -= work[i, j] * z[j]
        z[i] = value / work[i, i]
        if not z[i] > 0:
            return False, z
    return True, z


@njit(cache=True)
def grouped(circle, sign, lo, hi, many):
    """Return the unit of each part, with the sign and the faces of each unit.

    Units are parts that are single faces, and groups of parts of one sign.
    """
    count = len(sign)
    unit = np.empty(count, dtype=np.int64)
    start, stop = np.empty(count, dtype=np.int64), np.empty(count, dtype=np.int64)
    signs, single = np.empty(count, dtype=np.int64), np.empty(count, dtype=np.bool_)
    units = 0
    order = np.argsort(lo - 4 * len(circle.b) * sign)
    for i in order:
        alone = hi[i] == lo[i] + 1 and many[i] == 1
        joined = False
        if units and signs[units - 1] == sign[i] and not (alone and single[units - 1]):
            first, last = edges(start[units - 1], stop[units - 1])
            left, right = edges(lo[i], hi[i])
            gap = circle.angle[left] - circle.angle[last]
            width = max(
                circle.angle[last] - circle.angle[first], circle.angle[right] - circle.angle[left]
            )
            joined = gap <= GAP * width
        if joined:
            stop[units - 1] = hi[i]
            single[units - 1] = False
        else:
            start[units], stop[units], signs[units] = lo[i], hi[i], sign[i]
            single[units] = alone
            units += 1
        unit[i] = units - 1
    return unit, units, signs, start, stop, single


NO_BOUND, BOUNDED, EXCLUDED = 0, 1, 2


@njit(cache=True)
def columns_of(circle, units, signs, start, stop, single, table, ranges, heights):
    """Write the columns of the units.

    Parameters
    ----------
    circle : Circle
    units : int
    signs, start, stop, single : arrays
        Of `grouped`.
    table : (COLUMNS, 6) array
        For each column b, c, the sum of its entries, its sign, its right side and its freedom.
    ranges : (COLUMNS, 3) array of int
        Its inputs, and the group that it stands for or -1.
    heights : (PARTS, 3) array
        Of each group half its width, the angle of its centre and the widest cell.

    Returns
    -------
    int
        The number of columns; -1 if the box is excluded, -2 if there is no bound.
    (PARTS, 2) array of int
        The columns of each unit; the second is -1 if there is one only.
    """
    size = 0
    own = np.full((PARTS, 2), -1, dtype=np.int64)
    keys = np.full(COLUMNS, -1, dtype=np.int64)
    last_edge = len(circle.b) - 1
    x = circle.moments[5]
    for u in range(units):
        first, last = edges(start[u], stop[u])
        if not single[u]:
            h = (circle.angle[last] - circle.angle[first]) / 2
            if first == 0 or last == last_edge or h >= 1.5:
                return -2, own
            middle = (circle.angle[last] + circle.angle[first]) / 2
            cell, widest = first, 0.0
            for j in range(first, last):
                if circle.angle[j] <= middle:
                    cell = j
                widest = max(widest, circle.angle[j + 1] - circle.angle[j])
            b, c = np.cos(middle), np.sin(middle)
            lo, hi = circle.start[cell], circle.stop[cell]
            heights[u, 0], heights[u, 1], heights[u, 2] = h, middle, widest
            table[size, 0], table[size, 1] = b, c
            table[size, 2] = total(circle, b, c, lo, hi)
            table[size, 3], table[size, 4], table[size, 5] = signs[u], circle.ridge, 0
            ranges[size, 0], ranges[size, 1], ranges[size, 2] = lo, hi, u
            own[u, 0] = size
            size += 1
            continue
        number = 0
        for k in range(first, last + 1):
            if k == 0 or k == last_edge:
                continue
            right, free = circle.ridge, 0.0
            if first == 0:
                n = len(x) - 2
                value = x[n] * x[n - 1] + 1
                if value > 1e-12 * (1 + abs(x[n] * x[n - 1])):
                    return -1, own
                right *= (x[n] * circle.b[k] + circle.c[k]) / np.hypot(x[n], 1.0)
            elif last == last_edge:
                value = x[0] * x[1] + 1
                if value > 1e-12 * (1 + abs(x[0] * x[1])):
                    return -1, own
                right *= (x[0] * circle.b[k] + circle.c[k]) / np.hypot(x[0], 1.0)
            elif last > first:
                cosine = np.cos(circle.angle[last] - circle.angle[first])
                right *= (1 + cosine) / 2
                free = circle.ridge * (1 - cosine) / 2
            found = -1
            for i in range(size):
                if keys[i] == k and table[i, 3] == signs[u]:
                    found = i
            if found < 0:
                found = size
                size += 1
                keys[found] = k
                lo, hi = circle.first[k], circle.last[k]
                table[found, 0], table[found, 1] = circle.b[k], circle.c[k]
                table[found, 2] = total(circle, circle.b[k], circle.c[k], lo, hi)
                table[found, 3], table[found, 4], table[found, 5] = signs[u], right, free
                ranges[found, 0], ranges[found, 1], ranges[found, 2] = lo, hi, -1
            own[u, number] = found
            number += 1
    return size, own


@njit(cache=True)
def with_column(circle, b, c, lo, hi, one, table, ranges, i):
    """Return the inner product of a function and a column, with R between them."""
    return table[i, 3] * inner(
        circle, b, c, lo, hi, one,
        table[i, 0], table[i, 1], ranges[i, 0], ranges[i, 1], table[i, 2],
    )  # fmt: skip


@njit(cache=True)
def bounded(circle, sign, lo, hi, many):
    """Bound weights and slopes of the minima in a box.

    Returns
    -------
    int
        NO_BOUND, BOUNDED or EXCLUDED (a weight is not positive).
    low, high : (2 K,) arrays
        Bounds of slopes, for the units one after the other.
    offset, base : (parts,) arrays of int
        Where those of a part start, and with which cell.
    share : (parts,) array
        How much of the freedom of the box is due to a part, as a guess.
    """
    count = len(sign)
    unit, units, signs, start, stop, single = grouped(circle, sign, lo, hi, many)
    offset, base = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    share = np.zeros(count)
    nothing = np.empty(0)
    table, ranges = np.empty((COLUMNS, 6)), np.empty((COLUMNS, 3), dtype=np.int64)
    heights = np.zeros((PARTS, 3))
    size, own = columns_of(circle, units, signs, start, stop, single, table, ranges, heights)
    if size == -1:
        return EXCLUDED, nothing, nothing, offset, base, share
    if size < 0:
        return NO_BOUND, nothing, nothing, offset, base, share
    gram, H = np.empty((size, size)), np.empty((size, size))
    right, t, work = np.empty(size), np.zeros(size), np.zeros(size)
    for i in range(size):
        b, c, one, s = table[i, 0], table[i, 1], table[i, 2], table[i, 3]
        right[i] = s * response(circle, b, c, ranges[i, 0], ranges[i, 1], one) - table[i, 4]
        for j in range(i + 1):
            gram[i, j] = s * with_column(
                circle, b, c, ranges[i, 0], ranges[i, 1], one, table, ranges, j
            )
            gram[j, i] = gram[i, j]
    if not inverse(gram, size, H):
        return NO_BOUND, nothing, nothing, offset, base, share
    for i in range(size):
        for j in range(size):
            t[i] += H[i, j] * right[j]
            work[i] += abs(H[i, j] * right[j])
    # Hulls: inner products of their vertices with the columns.
    place, most = np.zeros(units + 1, dtype=np.int64), 0
    for u in range(units):
        first, last = edges(start[u], stop[u])
        place[u + 1] = place[u] + (0 if single[u] else last - first + 1)
    vertices = place[units]
    dots, weight = np.empty((vertices, size)), np.empty(vertices)
    for u in range(units):
        if single[u]:
            continue
        first, last = edges(start[u], stop[u])
        i = own[u, 0]
        b, c, left, end = table[i, 0], table[i, 1], ranges[i, 0], ranges[i, 1]
        square = inner(circle, b, c, left, end, 0.0, b, c, left, end, 0.0)
        for k in range(first, last + 1):
            row = place[u] + k - first
            weight[row] = inner(
                circle, b, c, left, end, 0.0,
                circle.b[k], circle.c[k], circle.first[k], circle.last[k], 0.0,
            ) / square  # fmt: skip
            if not weight[row] > 1e-6:
                return NO_BOUND, nothing, nothing, offset, base, share
            one = total(circle, circle.b[k], circle.c[k], circle.first[k], circle.last[k])
            for j in range(size):
                dots[row, j] = with_column(
                    circle, circle.b[k], circle.c[k], circle.first[k], circle.last[k], one,
                    table, ranges, j,
                )  # fmt: skip
    # Slopes.
    cells, begins = np.zeros(units + 1, dtype=np.int64), np.zeros(units, dtype=np.int64)
    for u in range(units):
        first, last = edges(start[u], stop[u])
        begins[u] = first - start[u] % 2
        cells[u + 1] = cells[u] + (last + (stop[u] - 1) % 2) - begins[u]
    slopes = 2 * cells[units]
    value, noise, used = np.zeros(slopes), np.zeros(slopes), np.zeros(slopes, dtype=np.bool_)
    gamma = np.zeros((slopes, size))
    low_bend, high_bend = np.zeros((slopes, units)), np.zeros((slopes, units))
    unknowns = size + units
    a, M = np.zeros(unknowns), np.zeros((unknowns, unknowns))
    oscillation = np.zeros(units)
    fr, centre_gamma, centre_dots = np.empty(size), np.zeros(size), np.zeros(max(vertices, 1))
    difference = np.zeros(units)
    for u in range(units):
        first, last = edges(start[u], stop[u])
        begin, width = begins[u], cells[u + 1] - cells[u]
        if not single[u]:
            i, middle = own[u, 0], heights[u, 1]
            b, c, left, end = -np.sin(middle), np.cos(middle), ranges[i, 0], ranges[i, 1]
            b, c = signs[u] * b, signs[u] * c
            one = total(circle, b, c, left, end)
            centre_gamma[:] = 0
            for i in range(size):
                fr[i] = with_column(circle, b, c, left, end, one, table, ranges, i)
            for i in range(size):
                for j in range(size):
                    centre_gamma[i] += H[i, j] * fr[j]
            for g in range(units):
                begin_g, _ = edges(start[g], stop[g])
                for row in range(place[g], place[g + 1]):
                    k = begin_g + row - place[g]
                    entry = inner(
                        circle, b, c, left, end, one,
                        circle.b[k], circle.c[k], circle.first[k], circle.last[k],
                        total(circle, circle.b[k], circle.c[k], circle.first[k], circle.last[k]),
                    )  # fmt: skip
                    for i in range(size):
                        entry -= centre_gamma[i] * dots[row, i]
                    centre_dots[row] = entry
        largest, smallest = -np.inf, np.inf
        for step in range(2 * width):
            cell = begin + step // 2
            k = cell + step % 2
            if k < first or k > last:
                continue
            n = 2 * cells[u] + step
            used[n] = True
            b, c = -signs[u] * circle.c[k], signs[u] * circle.b[k]
            left, end = circle.start[cell], circle.stop[cell]
            one = total(circle, b, c, left, end)
            value[n] = response(circle, b, c, left, end, one)
            noise[n] = abs(value[n])
            for i in range(size):
                fr[i] = with_column(circle, b, c, left, end, one, table, ranges, i)
                value[n] -= t[i] * fr[i]
            for i in range(size):
                for j in range(size):
                    gamma[n, i] += H[i, j] * fr[j]
                noise[n] += abs(gamma[n, i] * right[i])
            largest, smallest = max(largest, value[n]), min(smallest, value[n])
            for g in range(units):
                if single[g]:
                    continue
                begin_g, _ = edges(start[g], stop[g])
                least, greatest, differing = np.inf, -np.inf, 0.0
                for row in range(place[g], place[g + 1]):
                    q = begin_g + row - place[g]
                    entry = inner(
                        circle, b, c, left, end, one,
                        circle.b[q], circle.c[q], circle.first[q], circle.last[q],
                        total(circle, circle.b[q], circle.c[q], circle.first[q], circle.last[q]),
                    )  # fmt: skip
                    for i in range(size):
                        entry -= gamma[n, i] * dots[row, i]
                    differing = max(differing, abs(entry - centre_dots[row]) / weight[row])
                    entry /= weight[row]
                    least, greatest = min(least, entry), max(greatest, entry)
                low_bend[n, g], high_bend[n, g] = least, greatest
                difference[g] = differing
            if not single[u]:
                constant = 0.0
                for i in range(size):
                    change = abs(gamma[n, i] - centre_gamma[i])
                    constant += change * table[i, 5]
                    g = ranges[i, 2]
                    if g >= 0:
                        M[size + u, size + g] = max(M[size + u, size + g], change)
                for g in range(units):
                    if not single[g]:
                        i = own[g, 0]
                        constant += abs(t[i]) * difference[g]
                        M[size + u, i] = max(M[size + u, i], difference[g])
                a[size + u] = max(a[size + u], constant)
        if not single[u]:
            oscillation[u] = largest - smallest
    # Joint bound. J was collected without its factor 2, and |x_g| = h (osc + J) / cos.
    reach_of = np.zeros(units)
    for u in range(units):
        if not single[u]:
            reach_of[u] = heights[u, 0] / np.cos(heights[u, 2] / 2)
    low_shift, high_shift = np.zeros((size, units)), np.zeros((size, units))
    for j in range(size):
        for g in range(units):
            if single[g]:
                continue
            least, greatest = np.inf, -np.inf
            c = own[g, 0]
            middle = 0.0
            for i in range(size):
                middle += H[j, i] * gram[i, c]
            middle *= signs[g]
            for row in range(place[g], place[g + 1]):
                entry = 0.0
                for i in range(size):
                    entry += H[j, i] * dots[row, i]
                entry = entry / weight[row] - middle
                least, greatest = min(least, entry), max(greatest, entry)
            low_shift[j, g], high_shift[j, g] = least, greatest
            worst = max(-least, greatest)
            a[j] += abs(t[c]) * worst
            M[j, c] += worst
        for i in range(size):
            g = ranges[i, 2]
            a[j] += abs(H[j, i]) * table[i, 5]
            if g >= 0:
                a[j] += abs(H[j, i]) * reach_of[g] * oscillation[g]
                M[j, size + g] += abs(H[j, i]) * reach_of[g]
    for u in range(units):
        row = size + u
        if single[u]:
            a[row] = 0
            continue
        for i in range(size):
            M[row, i] *= 2
        a[row] *= 2
        for g in range(units):
            if not single[g]:
                factor = 2 * M[row, size + g]
                a[row] += factor * reach_of[g] * oscillation[g]
                M[row, size + g] = factor * reach_of[g]
    good, z = solved(M, a, unknowns)
    if not good:
        return NO_BOUND, nothing, nothing, offset, base, share
    freedom = np.empty(size)
    for i in range(size):
        g = ranges[i, 2]
        freedom[i] = table[i, 5]
        if g >= 0:
            freedom[i] += reach_of[g] * (oscillation[g] + z[size + g])
    least_tau, most_tau = np.zeros(size), np.zeros(size)
    for g in range(units):
        if not single[g]:
            c = own[g, 0]
            least_tau[c] = max(0.0, t[c] - z[c])
            most_tau[c] = t[c] + z[c]
    for j in range(size):
        top = t[j]
        for i in range(size):
            top += abs(H[j, i]) * freedom[i]
        for g in range(units):
            if not single[g]:
                c = own[g, 0]
                least = low_shift[j, g] if signs[g] > 0 else -high_shift[j, g]
                top -= least * (most_tau[c] if least < 0 else least_tau[c])
        if min(top, t[j] + z[j]) < -MARGIN * work[j]:
            return EXCLUDED, nothing, nothing, offset, base, share
    low, high = np.empty(slopes), np.empty(slopes)
    for n in range(slopes):
        if not used[n]:
            low[n], high[n] = -np.inf, np.inf
            continue
        slack = MARGIN * noise[n]
        for i in range(size):
            slack += abs(gamma[n, i]) * freedom[i]
        low[n], high[n] = value[n] - slack, value[n] + slack
        for g in range(units):
            if not single[g]:
                c = own[g, 0]
                least, greatest = low_bend[n, g], high_bend[n, g]
                if signs[g] < 0:
                    least, greatest = -greatest, -least
                # what is subtracted: tau times a number between least and greatest
                low[n] -= greatest * (most_tau[c] if greatest > 0 else least_tau[c])
                high[n] -= least * (most_tau[c] if least < 0 else least_tau[c])
    for i in range(count):
        offset[i], base[i] = 2 * cells[unit[i]], begins[unit[i]]
        u = unit[i]
        if not single[u]:
            share[i] = freedom[own[u, 0]] + most_tau[own[u, 0]] * heights[u, 0]
    return BOUNDED, low, high, offset, base, share
