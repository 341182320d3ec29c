"""What the solution of a convex problem says of a product of closed cells (Lemma 54)."""

import numpy as np

from reluenum.engines.branch.compiled import called
from reluenum.engines.cones.cells import project_on_cell
from reluenum.engines.cones.convex import find_problem, solve_product
from reluenum.engines.cones.groups import inner
from reluenum.engines.cones.parts import POSITIVE, SIGN, WEAK_UP, ZERO, can_be_positive

CAUTION = 1.5
"""Radii are taken so many times larger than they are."""

ROUNDING = 2.0**-52
"""What a checker may lose of the duality gap, relative to the size of its terms, in each step."""

STEPS = 256, 4
"""How many of these steps there may be, in all and for each datum besides."""


@called
def shorten(sky, count, cells, product):
    """Scale slopes so that they are feasible; return a bound of the residual's distance."""
    penalty, work, value, longest, spread = 0.0, 0.0, sky.energy, 0.0, 0.0
    found = product.vectors[0]
    for u in range(count):
        size = cells.size[u]
        place, slope, pull = (
            product.place[u, :size],
            product.slope[u, :size],
            product.pull[u, :size],
        )
        weight, trace = np.sqrt(inner(place, place)), 0.0
        for k in range(size):
            trace += product.matrix[u, u, k, k]
        product.error[u] = np.sqrt(trace)
        penalty += sky.ridge * weight
        spread += weight * product.error[u]
        work += inner(place, slope)
        value -= inner(place, pull) + inner(place, slope)
        project_on_cell(cells, u, product.slope[u], found, -1)
        longest = max(longest, np.sqrt(inner(found[:size], found[:size])))
    theta = min(1.0, sky.ridge / longest) if longest > 0 else 1.0
    gap = (1 - theta) * (1 - theta) * max(value, 0.0) + 2 * (penalty - theta * work)
    sizes = penalty + spread * (2 * np.sqrt(sky.energy) + spread) + sky.energy
    lost = (STEPS[0] + STEPS[1] * len(sky.target)) * ROUNDING * sizes
    radius = CAUTION * sky.caution * np.sqrt(max(gap, 0.0) + lost)
    for u in range(count):
        for k in range(cells.size[u]):
            product.slope[u, k] *= theta
        product.error[u] *= radius
    return theta, radius


@called
def find_residual(sky, box, count, cells, product, theta):
    """Find the residual, scaled."""
    total, r, omega = 0.0, product.residual, product.vectors[0]
    for i in range(len(r)):
        r[i] = sky.target[i]
    for u in range(count):
        omega[:] = 0.0
        for a in range(cells.size[u]):
            for k in range(len(omega)):
                omega[k] += product.place[u, a] * cells.flat[u, a, k]
        for i in range(len(r)):
            if can_be_positive(box.status[u, i]):
                r[i] -= box.info[u, SIGN] * inner(sky.rows[i], omega)
    for i in range(len(r)):
        total += r[i] * sky.ones[i]
    for i in range(len(r)):
        r[i] = theta * (r[i] - sky.share * total * sky.ones[i])


@called
def is_elsewhere(box, cells, product, part, ridge):
    """Whether the unit of a part is surely not on its faces; leaves its direction in `way`."""
    size, error, way = cells.size[part], product.error[part], product.way[part]
    project_on_cell(cells, part, product.slope[part], way, -1)
    length = np.sqrt(inner(way[:size], way[:size]))
    if length + error < ridge:
        return True
    if size == 1:
        return False
    found = product.vectors[0]
    pushed = 0
    for i in range(cells.walls[part]):
        if cells.room.push[i] > 0 and abs(box.status[part, cells.site[part, i]]) == 2:
            product.owner[pushed] = i
            pushed += 1
    for a in range(pushed):
        i = product.owner[a]
        project_on_cell(cells, part, product.slope[part], found, i)
        if inner(cells.wall[part, i, :size], found[:size]) < -error:
            return True
    for k in range(size):
        way[k] /= max(length, 1e-300)
    return False


@called
def gains_along(sky, box, part, product, radius, v, w):
    """Whether a unit near v surely gains by turning towards w (20.2)."""
    r, sign, speed = product.residual, box.info[part, SIGN], product.error[part]
    far, value, square = speed / sky.ridge, 0.0, 0.0
    for i in range(len(r)):
        status = box.status[part, i]
        if status == -2:
            continue
        slope = inner(sky.rows[i], w)
        if status != POSITIVE and status != ZERO:
            size = np.sqrt(inner(sky.rows[i], sky.rows[i]))
            height = inner(sky.rows[i], v)
            if height > size * far:
                status = POSITIVE
            elif height < -size * far:
                continue
        if status == POSITIVE or (slope > 0 and status in (ZERO, WEAK_UP)):
            value += sign * r[i] * slope
            square += slope * slope
        elif status != ZERO and (status == WEAK_UP or slope > 0):
            low = sign * r[i] * slope - radius * abs(slope)
            value += min(0.0, low)
    bound = sky.ridge * inner(v, w) + speed * np.sqrt(inner(w, w))
    return value - radius * np.sqrt(square) > bound + 1e-9 * abs(value)


@called
def gains(sky, box, part, cells, product, radius):
    """Whether a unit of a part surely gains by leaving its flat (Lemma 13)."""
    size, whole = cells.size[part], sky.rows.shape[1]
    rest = whole - size
    v, w, a, b, c = (
        product.vectors[0],
        product.vectors[1],
        product.vectors[2],
        product.vectors[3],
        product.vectors[4],
    )
    v[:] = 0.0
    for k in range(size):
        for m in range(whole):
            v[m] += product.way[part, k] * cells.flat[part, k, m]
    normals = cells.flat[part, size:]
    for i in range(len(sky.target)):
        if rest == 0 or rest > 3 or box.status[part, i] != ZERO:
            continue
        for k in range(rest):
            a[k] = inner(normals[k], sky.rows[i])
        for other in range(len(sky.target)):
            if rest < 3 and other > 0:
                break
            if rest == 3 and (other <= i or box.status[part, other] != ZERO):
                continue
            if rest == 1:
                c[0] = 1.0
            elif rest == 2:
                c[0], c[1] = -a[1], a[0]
            else:
                for k in range(3):
                    b[k] = inner(normals[k], sky.rows[other])
                c[0] = a[1] * b[2] - a[2] * b[1]
                c[1] = a[2] * b[0] - a[0] * b[2]
                c[2] = a[0] * b[1] - a[1] * b[0]
            for side in (-1.0, 1.0):
                w[:] = 0.0
                for k in range(rest):
                    for m in range(whole):
                        w[m] += side * c[k] * normals[k, m]
                length = np.sqrt(inner(w, w))
                if length > 0:
                    for m in range(whole):
                        w[m] /= length
                    if gains_along(sky, box, part, product, radius, v, w):
                        return True
    return False


@called
def product_fails(sky, box, count, cells, product, moments, sums):
    """Whether a box without crossed sites, of single units, holds no minimum."""
    find_problem(sky, box, count, cells, product, moments, sums)
    solve_product(cells, count, product, sky.ridge, sky.energy)
    theta, radius = shorten(sky, count, cells, product)
    for part in range(count):
        if is_elsewhere(box, cells, product, part, sky.ridge):
            return True
    find_residual(sky, box, count, cells, product, theta)
    found = False
    for part in range(count):
        found = found or gains(sky, box, part, cells, product, radius)
    return found


@called
def nearest_wall(box, count, cells, product):
    """Return the part and the weak site whose hyperplane is nearest to its unit; -1 if none is."""
    chosen, site, best = -1, -1, np.inf
    for part in range(count):
        size = cells.size[part]
        if size == 1:
            continue
        for i in range(cells.walls[part]):
            if abs(box.status[part, cells.site[part, i]]) == 1:
                height = inner(cells.wall[part, i, :size], product.way[part, :size])
                if height < best:
                    chosen, site, best = part, cells.site[part, i], height
    return chosen, site
