"""Closed cells of parts that no hyperplane crosses: flats, facets, and projections on them."""

import numpy as np

from reluenum.engines.branch.compiled import called, struct
from reluenum.engines.cones.centre import solve_in_place
from reluenum.engines.cones.groups import inner
from reluenum.engines.cones.parts import COUNT, PARTS, ZERO

SWEEPS = 50
"""How often multipliers are changed at most."""

DEPENDENT = 1e-9
"""What is left of a unit vector that depends on others is at most so long."""


@struct
class PushRoom:
    """Room to find multipliers of up to W walls.

    Parameters
    ----------
    push, heights : (W,) arrays
    chosen : (W,) array of int
    system : (M, M + 1) array
    """

    push: np.ndarray
    heights: np.ndarray
    chosen: np.ndarray
    system: np.ndarray


@struct
class ClosedCells:
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
    gram : (PARTS, p, p) array
        Inner products of the normals.
    room : PushRoom
    """

    flat: np.ndarray
    size: np.ndarray
    wall: np.ndarray
    site: np.ndarray
    walls: np.ndarray
    middle: np.ndarray
    gram: np.ndarray
    room: PushRoom


@called
def empty_cells(sites, dimension):
    """Return cells to be filled in."""
    most, every = PARTS * dimension + 1, PARTS * sites
    return ClosedCells(
        np.zeros((PARTS, dimension, dimension)),
        np.zeros(PARTS, dtype=np.int64),
        np.zeros((PARTS, sites, dimension)),
        np.zeros((PARTS, sites), dtype=np.int64),
        np.zeros(PARTS, dtype=np.int64),
        np.zeros((PARTS, dimension)),
        np.zeros((PARTS, sites, sites)),
        PushRoom(
            np.zeros(every),
            np.zeros(every),
            np.zeros(every, dtype=np.int64),
            np.zeros((most, most + 1)),
        ),
    )


@called
def add_orthogonal(vectors, count, vector):
    """Make a vector orthogonal to unit vectors and append it; return their new number."""
    row, before = vectors[count], np.sqrt(inner(vector, vector))
    for k in range(len(row)):
        row[k] = vector[k]
    for _ in range(2):
        for j in range(count):
            share = inner(row, vectors[j])
            for k in range(len(row)):
                row[k] -= share * vectors[j, k]
    length = np.sqrt(inner(row, row))
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
            wall[k] = side * inner(flat[k], sky.rows[i])
        length = np.sqrt(inner(wall[:size], wall[:size]))
        for k in range(size):
            wall[k] /= length
        cells.site[part, walls] = i
        for other in range(walls + 1):
            entry = inner(wall[:size], cells.wall[part, other, :size])
            cells.gram[part, walls, other] = cells.gram[part, other, walls] = entry
        walls += 1
    cells.walls[part] = walls
    middle[:] = 0.0
    for j in range(count):
        for k in range(size):
            middle[k] += inner(flat[k], sky.unit[box.rays[part, j]])
    if size == 1 and count == 1:
        middle[0] = inner(flat[0], sky.unit[box.rays[part, 0]])
    length = np.sqrt(inner(middle, middle))
    for k in range(size):
        middle[k] /= length


@called
def find_pushes(gram, heights, number, skipped, most, slack, room):
    """Find multipliers >= 0 of walls after which no height is negative, by active sets.

    Heights change by the columns of `gram`, a positive semidefinite matrix; those with a positive
    multiplier are 0 in the end. At most `most` multipliers are positive.
    """
    push, chosen, count = room.push, room.chosen, 0
    for i in range(number):
        push[i] = 0.0
    for _ in range(SWEEPS):
        worst, best = -slack, -1
        for i in range(number):
            if i != skipped and push[i] == 0.0:
                height = heights[i]
                for a in range(count):
                    height += gram[i, chosen[a]] * push[chosen[a]]
                if height < worst:
                    worst, best = height, i
        if best < 0 or count == most:
            break
        chosen[count] = best
        count = exchange(gram, heights, count + 1, room)
    return count


@called
def exchange(gram, heights, count, room):
    """Make the heights of the chosen walls 0, and drop walls until no multiplier is negative."""
    push, chosen, system = room.push, room.chosen, room.system
    while count > 0:
        for a in range(count):
            for b in range(count):
                system[a, b] = gram[chosen[a], chosen[b]]
            system[a, a] *= 1 + 1e-14
            system[a, count] = -heights[chosen[a]]
        if not solve_in_place(system, count):
            return count - 1
        step, leaving = 1.0, -1
        for a in range(count):
            new, old = system[a, count], push[chosen[a]]
            if not new > 0:
                limit = old / (old - new) if old > new else 0.0
                if leaving < 0 or limit < step:
                    step, leaving = limit, a
        for a in range(count):
            old = push[chosen[a]]
            push[chosen[a]] = old + step * (system[a, count] - old)
        if leaving < 0:
            break
        push[chosen[leaving]] = 0.0
        for a in range(leaving, count - 1):
            chosen[a] = chosen[a + 1]
        count -= 1
    return count


@called
def project_on_cell(cells, part, z, found, skipped):
    """Project a vector of a flat on a cell; `skipped` is a wall that does not bound it, or -1.

    The multipliers of the walls are left in `room.push`.
    """
    size, walls, number = cells.size[part], cells.wall[part], cells.walls[part]
    if size == 1:
        found[0] = max(0.0, z[0] * cells.middle[part, 0]) * cells.middle[part, 0]
        return
    heights, length = cells.room.heights, 0.0
    for k in range(size):
        found[k] = z[k]
        length += z[k] * z[k]
    for i in range(number):
        heights[i] = inner(walls[i, :size], z[:size])
    slack = 1e-14 * np.sqrt(length)
    count = find_pushes(cells.gram[part], heights, number, skipped, size, slack, cells.room)
    for a in range(count):
        i = cells.room.chosen[a]
        for k in range(size):
            found[k] += cells.room.push[i] * walls[i, k]
