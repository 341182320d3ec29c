"""Closed cells of parts that no hyperplane crosses: flats, facets, and projections on them."""

import numpy as np

from reluenum.engines.branch.compiled import called, struct
from reluenum.engines.cones.centre import eliminate
from reluenum.engines.cones.groups import COUNT, PARTS, dot
from reluenum.engines.cones.parts import ZERO

SWEEPS = 50
"""How often multipliers are changed at most."""

DEPENDENT = 1e-9
"""What is left of a unit vector that depends on others is at most so long."""


@struct
class Cells:
    """The closed cones of the parts of a box, in coordinates of their flats.

    Parameters
    ----------
    flat : (PARTS, D, D) array
        Orthonormal bases, in rows; the other rows span what is orthogonal to them.
    size : (PARTS,) array of int
        Dimensions of the flats.
    wall : (PARTS, p, D) array
        Unit normals of the facets.
    site : (PARTS, p) array of int
        Which sites are 0 there.
    walls : (PARTS,) array of int
        How many there are.
    middle : (PARTS, D) array
        A unit vector inside.
    push : (PARTS, p) array
        Multipliers of the facets of the last projection.
    system : (M, M + 1) array
        Room for linear systems.
    used : (p,) array of int
    """

    flat: np.ndarray
    size: np.ndarray
    wall: np.ndarray
    site: np.ndarray
    walls: np.ndarray
    middle: np.ndarray
    push: np.ndarray
    system: np.ndarray
    used: np.ndarray


@called
def empty_cells(sites, dimension):
    """Return cells to be filled in."""
    most = 2 * PARTS * dimension + 1
    return Cells(
        np.zeros((PARTS, dimension, dimension)),
        np.zeros(PARTS, dtype=np.int64),
        np.zeros((PARTS, sites, dimension)),
        np.zeros((PARTS, sites), dtype=np.int64),
        np.zeros(PARTS, dtype=np.int64),
        np.zeros((PARTS, dimension)),
        np.zeros((PARTS, sites)),
        np.zeros((most, most + 1)),
        np.zeros(sites, dtype=np.int64),
    )


@called
def add_orthogonal(vectors, count, vector):
    """Make a vector orthogonal to unit vectors and append it; return their new number."""
    row, before = vectors[count], np.sqrt(dot(vector, vector))
    for k in range(len(row)):
        row[k] = vector[k]
    for _ in range(2):
        for j in range(count):
            share = dot(row, vectors[j])
            for k in range(len(row)):
                row[k] -= share * vectors[j, k]
    length = np.sqrt(dot(row, row))
    if not length > DEPENDENT * before:
        return count
    for k in range(len(row)):
        row[k] /= length
    return count + 1


@called
def find_flat(sky, box, part, cells, vector):
    """Find orthonormal bases of the flat of a part and of its complement."""
    basis, size = cells.flat[part], len(vector)
    normal = 0
    for i in range(len(sky.target)):
        if box.status[part, i] == ZERO and normal < size:
            normal = add_orthogonal(basis, normal, sky.rows[i])
    found = normal
    for k in range(size):
        if found < size:
            vector[:] = 0.0
            vector[k] = 1.0
            found = add_orthogonal(basis, found, vector)
    for _ in range(normal):  # the complement goes to the end
        for k in range(size):
            first = basis[0, k]
            for j in range(size - 1):
                basis[j, k] = basis[j + 1, k]
            basis[size - 1, k] = first
    cells.size[part] = size - normal


@called
def find_cell(sky, box, part, cells, vector):
    """Find flat and facets of a part; a site of a facet is 0 on enough of its rays."""
    find_flat(sky, box, part, cells, vector)
    size, walls, count = cells.size[part], 0, box.info[part, COUNT]
    flat, middle = cells.flat[part], cells.middle[part]
    for i in range(len(sky.target)):
        if box.status[part, i] == ZERO or size == 1:
            continue
        level = 0
        for j in range(count):
            if sky.signs[box.rays[part, j], i] == 0:
                level += 1
        if level < size - 1:
            continue
        wall, side = cells.wall[part, walls], 1.0 if box.status[part, i] > 0 else -1.0
        for k in range(size):
            wall[k] = side * dot(flat[k], sky.rows[i])
        length = np.sqrt(dot(wall[:size], wall[:size]))
        for k in range(size):
            wall[k] /= length
        cells.site[part, walls] = i
        walls += 1
    cells.walls[part] = walls
    middle[:] = 0.0
    for j in range(count):
        for k in range(size):
            middle[k] += dot(flat[k], sky.unit[box.rays[part, j]])
    if size == 1 and count == 1:
        middle[0] = dot(flat[0], sky.unit[box.rays[part, 0]])
    length = np.sqrt(dot(middle, middle))
    for k in range(size):
        middle[k] /= length


@called
def solve_pushes(walls, chosen, count, z, size, system):
    """Find multipliers that make z orthogonal to some walls; return whether they are determined."""
    for a in range(count):
        for b in range(count):
            system[a, b] = dot(walls[chosen[a], :size], walls[chosen[b], :size])
        system[a, a] += 1e-14
        system[a, count] = -dot(walls[chosen[a], :size], z[:size])
    return eliminate(system, count)


@called
def project(cells, part, z, found, tight, skipped):
    """Project a vector of a flat on a cell: the least squares of the dual, by active sets.

    `tight` tells which walls bound the cone; `skipped` is one that does not, or -1.
    The multipliers of the walls are left in `push`.
    """
    size, walls, chosen = cells.size[part], cells.wall[part], cells.used
    push, count = cells.push[part], 0
    number = cells.walls[part]
    for k in range(size):
        found[k] = z[k]
    for i in range(number):
        push[i] = 0.0
    if size == 1:
        value = max(0.0, z[0] * cells.middle[part, 0])
        found[0] = value * cells.middle[part, 0]
        return
    scale = 1e-13 * np.sqrt(dot(z[:size], z[:size]))
    for _ in range(SWEEPS):
        worst, best = -scale, -1
        for i in range(number):
            if tight[i] and i != skipped and push[i] == 0.0:
                height = dot(walls[i, :size], found[:size])
                if height < worst:
                    worst, best = height, i
        if best < 0 or count == size:
            break
        chosen[count] = best
        count += 1
        count = exchange(cells, part, z, count)
        for k in range(size):
            found[k] = z[k]
        for a in range(count):
            for k in range(size):
                found[k] += push[chosen[a]] * walls[chosen[a], k]


@called
def exchange(cells, part, z, count):
    """Make the multipliers of the chosen walls best, and drop walls until none is negative."""
    size, walls, chosen = cells.size[part], cells.wall[part], cells.used
    push, system = cells.push[part], cells.system
    while True:
        if not solve_pushes(walls, chosen, count, z, size, system):
            return count
        step, leaving = 1.0, -1
        for a in range(count):
            new, old = system[a, count], push[chosen[a]]
            if new <= 0:
                limit = old / (old - new) if old > new else 0.0
                if limit < step or leaving < 0:
                    step, leaving = min(step, limit), a
        if leaving < 0:
            for a in range(count):
                push[chosen[a]] = system[a, count]
            return count
        for a in range(count):
            push[chosen[a]] += step * (system[a, count] - push[chosen[a]])
        push[chosen[leaving]] = 0.0
        for a in range(leaving, count - 1):
            chosen[a] = chosen[a + 1]
        count -= 1
        if count == 0:
            return 0
