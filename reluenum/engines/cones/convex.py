"""Products of closed cells: one convex problem each, whose solution excludes most (Lemma 54)."""

import numpy as np

from reluenum.engines.branch.compiled import called, struct
from reluenum.engines.cones.cells import find_cell, find_pushes, project_on_cell
from reluenum.engines.cones.groups import inner
from reluenum.engines.cones.parts import PARTS, SIGN, can_be_positive

STEPS = 60
"""Newton steps."""

SETTLED = 1e-9
"""Where the steps end: what a unit at 0 gains by leaving it, relative to the ridge; the square
root of what a step gains, relative to the energy."""

HALVINGS = 12
"""How often a step is shortened."""


@struct
class Product:
    """The convex problem of a box in coordinates of flats; of each part size numbers.

    Parameters
    ----------
    matrix : (PARTS, PARTS, D, D) array
        Inner products of the outputs, with signs.
    pull : (PARTS, D) array
        With the targets.
    place : (PARTS, D) array
        omega.
    length : (PARTS,) array
    slope : (PARTS, D) array
        s_l g_l.
    way : (PARTS, D) array
        Where the value falls.
    other : (PARTS, D) array
        A trial.
    hessian : (N, N) array
    start : (W + 1, N) array
    fall : (N,) array
    gram : (W, W) array
    part, owner, number : (W,) arrays of int
        Of all walls: the part, where its numbers begin, and which of its walls it is.
    error : (PARTS,) array
        How far s_l g_l may be from that of the solution.
    residual : (p,) array
    vectors : (4, D) array
        Room.
    """

    matrix: np.ndarray
    pull: np.ndarray
    place: np.ndarray
    length: np.ndarray
    slope: np.ndarray
    way: np.ndarray
    other: np.ndarray
    hessian: np.ndarray
    start: np.ndarray
    fall: np.ndarray
    gram: np.ndarray
    part: np.ndarray
    owner: np.ndarray
    number: np.ndarray
    error: np.ndarray
    residual: np.ndarray
    vectors: np.ndarray


@called
def empty_product(sites, dimension):
    """Return a problem to be filled in."""
    return Product(
        np.zeros((PARTS, PARTS, dimension, dimension)),
        np.zeros((PARTS, dimension)),
        np.zeros((PARTS, dimension)),
        np.zeros(PARTS),
        np.zeros((PARTS, dimension)),
        np.zeros((PARTS, dimension)),
        np.zeros((PARTS, dimension)),
        np.zeros((PARTS * dimension, PARTS * dimension)),
        np.zeros((PARTS * sites + 1, PARTS * dimension)),
        np.zeros(PARTS * dimension),
        np.zeros((PARTS * sites, PARTS * sites)),
        np.zeros(PARTS * sites, dtype=np.int64),
        np.zeros(PARTS * sites, dtype=np.int64),
        np.zeros(PARTS * sites, dtype=np.int64),
        np.zeros(PARTS),
        np.zeros(sites),
        np.zeros((6, dimension)),
    )


@called
def find_problem(sky, box, count, cells, product, moments, sums):
    """Find flats, facets, and inner products."""
    size = sky.rows.shape[1]
    mean = inner(sky.target, sky.ones)
    for part in range(count):
        find_cell(sky, box, part, cells, product.vectors[0])
        sums[part] = 0.0
        pull = product.vectors[1]
        pull[:] = 0.0
        for i in range(len(sky.target)):
            if can_be_positive(box.status[part, i]):
                for k in range(size):
                    sums[part, k] += sky.ones[i] * sky.rows[i, k]
                    pull[k] += sky.rows[i, k] * (sky.target[i] - sky.share * mean * sky.ones[i])
        for a in range(cells.size[part]):
            product.pull[part, a] = box.info[part, SIGN] * inner(cells.flat[part, a], pull)
        for other in range(part + 1):
            moments[:] = 0.0
            for i in range(len(sky.target)):
                if can_be_positive(box.status[part, i]) and can_be_positive(box.status[other, i]):
                    for k in range(size):
                        for m in range(size):
                            moments[k, m] += sky.rows[i, k] * sky.rows[i, m]
            sign = box.info[part, SIGN] * box.info[other, SIGN]
            for k in range(size):
                for m in range(size):
                    moments[k, m] -= sky.share * sums[part, k] * sums[other, m]
            for a in range(cells.size[part]):
                for b in range(cells.size[other]):
                    total = 0.0
                    for k in range(size):
                        for m in range(size):
                            total += (
                                cells.flat[part, a, k] * moments[k, m] * cells.flat[other, b, m]
                            )
                    product.matrix[part, other, a, b] = sign * total
                    product.matrix[other, part, b, a] = sign * total


@called
def value_at(count, sizes, product, place, ridge):
    """Return half of the value, but for a constant, and leave s_l g_l in `slope`."""
    total = 0.0
    for u in range(count):
        for a in range(sizes[u]):
            fitted = 0.0
            for m in range(count):
                for b in range(sizes[m]):
                    fitted += product.matrix[u, m, a, b] * place[m, b]
            product.slope[u, a] = product.pull[u, a] - fitted
            total -= place[u, a] * (product.pull[u, a] - fitted / 2)
        total += ridge * np.sqrt(inner(place[u, : sizes[u]], place[u, : sizes[u]]))
    return total


@called
def find_lengths(cells, count, product):
    """Find the lengths of the units; return how many numbers those that are not 0 have."""
    total = 0
    for u in range(count):
        place = product.place[u, : cells.size[u]]
        product.length[u] = np.sqrt(inner(place, place))
        if product.length[u] > 0:
            total += cells.size[u]
    return total


@called
def find_hessian(cells, count, product, ridge):
    """Write the second derivatives, and minus the first ones in the vector after them."""
    hessian, at = product.hessian, 0
    for u in range(count):
        if product.length[u] == 0:
            continue
        column, bend = 0, ridge / product.length[u]
        for m in range(count):
            if product.length[m] == 0:
                continue
            for a in range(cells.size[u]):
                for b in range(cells.size[m]):
                    hessian[at + a, column + b] = product.matrix[u, m, a, b]
            column += cells.size[m]
        for a in range(cells.size[u]):
            unit = product.place[u, a] / product.length[u]
            for b in range(cells.size[u]):
                hessian[at + a, at + b] -= bend * unit * product.place[u, b] / product.length[u]
            hessian[at + a, at + a] += bend
            product.start[0, at + a] = product.slope[u, a] - ridge * unit
        at += cells.size[u]


@called
def factorise(matrix, size):
    """Write the Cholesky factor of a matrix below its diagonal; pivots are kept positive."""
    for j in range(size):
        pivot = matrix[j, j]
        least = 1e-13 * pivot
        for k in range(j):
            pivot -= matrix[j, k] * matrix[j, k]
        matrix[j, j] = np.sqrt(max(pivot, least))
        for i in range(j + 1, size):
            total = matrix[i, j]
            for k in range(j):
                total -= matrix[i, k] * matrix[j, k]
            matrix[i, j] = total / matrix[j, j]


@called
def substitute(matrix, size, vector):
    """Solve a system with a Cholesky factor, in place."""
    for i in range(size):
        for k in range(i):
            vector[i] -= matrix[i, k] * vector[k]
        vector[i] /= matrix[i, i]
    for i in range(size - 1, -1, -1):
        for k in range(i + 1, size):
            vector[i] -= matrix[k, i] * vector[k]
        vector[i] /= matrix[i, i]


@called
def newton_step(cells, count, product, size, ridge):
    """Find the Newton step within the cells; return how the value falls along it.

    Its quadratic model is minimised over the cells: row 0 of `start` is the step without walls,
    the others are the columns of the inverse times their normals.
    """
    find_hessian(cells, count, product, ridge)
    hessian, start, room, gram = product.hessian, product.start, cells.room, product.gram
    for k in range(size):
        product.fall[k] = start[0, k]
    factorise(hessian, size)
    substitute(hessian, size, start[0])
    at, walls = 0, 0
    for u in range(count):
        wide = cells.size[u]
        if product.length[u] == 0:
            continue
        for i in range(cells.walls[u]):
            normal, row = cells.wall[u, i], start[walls + 1]
            height = inner(normal[:wide], product.place[u, :wide])
            room.heights[walls] = height + inner(normal[:wide], start[0, at : at + wide])
            product.owner[walls], product.number[walls] = at, i
            for k in range(size):
                row[k] = 0.0
            for k in range(wide):
                row[at + k] = normal[k]
            substitute(hessian, size, row)
            for other in range(walls + 1):
                first, theirs = product.owner[other], product.number[other]
                part, total = product.part[other], 0.0
                if other == walls:
                    part, product.part[walls] = u, u
                for k in range(cells.size[part]):
                    total += cells.wall[part, theirs, k] * row[first + k]
                gram[walls, other] = gram[other, walls] = total
            walls += 1
        at += wide
    slack = 1e-14 * (
        product.length[:count].sum() + np.sqrt(inner(start[0, :size], start[0, :size]))
    )
    chosen = find_pushes(gram, room.heights, walls, -1, size, slack, room)
    for a in range(chosen):
        i = room.chosen[a]
        for k in range(size):
            start[0, k] += room.push[i] * start[i + 1, k]
    fall, at = 0.0, 0
    for u in range(count):
        if product.length[u] > 0:
            for a in range(cells.size[u]):
                product.way[u, a] = start[0, at + a]
                fall += product.fall[at + a] * start[0, at + a]
            at += cells.size[u]
    return fall


@called
def longest_step(cells, count, product):
    """Return how far the ways can be gone before a unit is nearly 0, 1 at most."""
    step = 1.0
    for u in range(count):
        size, place, way = cells.size[u], product.place[u], product.way[u]
        if product.length[u] > 0.0:
            along = inner(place[:size], way[:size]) / (product.length[u] * product.length[u])
            if along < -0.9:
                step = min(step, -0.9 / along)
    return step


@called
def leave_zero(cells, count, product, ridge):
    """Move a unit away from 0 that gains by it; return whether there is one."""
    way = product.vectors[0]
    for u in range(count):
        size = cells.size[u]
        if product.length[u] > 0.0:
            continue
        project_on_cell(cells, u, product.slope[u], way, -1)
        speed = np.sqrt(inner(way[:size], way[:size]))
        if speed <= ridge * (1 + SETTLED):
            continue
        bend = 0.0
        for a in range(size):
            for b in range(size):
                bend += way[a] * product.matrix[u, u, a, b] * way[b]
        for a in range(size):
            product.place[u, a] = (1 - ridge / speed) * way[a] * speed * speed / bend
        return True
    return False


@called
def slide(cells, count, product, ridge, value):
    """Take a step along the negative gradient, projected; return the value there."""
    bound = 0.0
    for u in range(count):
        for a in range(cells.size[u]):
            bound += product.matrix[u, u, a, a]
    z = product.vectors[0]
    for u in range(count):
        size = cells.size[u]
        for k in range(size):
            z[k] = product.place[u, k] + product.slope[u, k] / bound
        project_on_cell(cells, u, z, product.other[u], -1)
        length = np.sqrt(inner(product.other[u, :size], product.other[u, :size]))
        factor = max(0.0, 1 - ridge / bound / length) if length > 0 else 0.0
        for k in range(size):
            product.other[u, k] *= factor
    new = value_at(count, cells.size, product, product.other, ridge)
    if new < value:
        for u in range(count):
            for k in range(cells.size[u]):
                product.place[u, k] = product.other[u, k]
        return new
    value_at(count, cells.size, product, product.place, ridge)
    return value


@called
def go(cells, count, product, ridge, value, fall):
    """Go along the ways until the value falls enough; return it, the same if it does not."""
    step = longest_step(cells, count, product)
    for _ in range(HALVINGS):
        for u in range(count):
            for k in range(cells.size[u]):
                move = step * product.way[u, k] if product.length[u] > 0 else 0.0
                product.other[u, k] = product.place[u, k] + move
        new = value_at(count, cells.size, product, product.other, ridge)
        if new <= value - 1e-4 * step * fall:
            for u in range(count):
                for k in range(cells.size[u]):
                    product.place[u, k] = product.other[u, k]
            return new
        step /= 3
    value_at(count, cells.size, product, product.place, ridge)
    return value


@called
def solve_product(cells, count, product, ridge, energy):
    """Solve the problem approximately."""
    for u in range(count):
        for k in range(cells.size[u]):
            product.place[u, k] = 0.0
    value = value_at(count, cells.size, product, product.place, ridge)
    for _ in range(STEPS):
        size = find_lengths(cells, count, product)
        if leave_zero(cells, count, product, ridge):
            value = value_at(count, cells.size, product, product.place, ridge)
            continue
        if size == 0:
            return
        fall, before = newton_step(cells, count, product, size, ridge), value
        if fall > 0:
            value = go(cells, count, product, ridge, value, fall)
        if not value < before:
            if not fall > SETTLED * SETTLED * energy:
                return
            value = slide(cells, count, product, ridge, value)
            if not value < before:
                return
