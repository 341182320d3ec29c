"""Products of closed cells: one convex problem each, whose solution excludes most (Lemma 54)."""

import numpy as np

from reluenum.engines.branch.compiled import called, struct
from reluenum.engines.cones.cells import Cells, find_cell, project
from reluenum.engines.cones.centre import eliminate
from reluenum.engines.cones.groups import PARTS, SIGN, dot
from reluenum.engines.cones.parts import can_be_positive

STEPS = 60
"""Newton steps."""

SETTLED = 1e-10
"""Relative to the ridge, of the gradient where the steps end."""

TOUCHING = 1e-11
"""A facet is touched at so small an angle."""


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
    tight : (PARTS, p) array of bool
        Which facets omega touches; then those on which it stays.
    all_tight : (p,) array of bool
        True throughout.
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
    tight: np.ndarray
    all_tight: np.ndarray
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
        np.zeros((PARTS, sites), dtype=np.bool_),
        np.ones(sites, dtype=np.bool_),
        np.zeros(PARTS),
        np.zeros(sites),
        np.zeros((6, dimension)),
    )


@called
def find_problem(sky, box, count, cells, product, moments, sums):
    """Find flats, facets, and inner products."""
    size = sky.rows.shape[1]
    mean = dot(sky.target, sky.ones)
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
            product.pull[part, a] = box.info[part, SIGN] * dot(cells.flat[part, a], pull)
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
                            total += cells.flat[part, a, k] * moments[k, m] * cells.flat[other, b, m]
                    product.matrix[part, other, a, b] = sign * total
                    product.matrix[other, part, b, a] = sign * total


@called
def value_at(count, sizes, product, place, ridge):
    """Return half of the value, but for a constant, and leave s_l g_l in `slope`."""
    total = 0.0
    for l in range(count):
        for a in range(sizes[l]):
            fitted = 0.0
            for m in range(count):
                for b in range(sizes[m]):
                    fitted += product.matrix[l, m, a, b] * place[m, b]
            product.slope[l, a] = product.pull[l, a] - fitted
            total -= place[l, a] * (product.pull[l, a] - fitted / 2)
        total += ridge * np.sqrt(dot(place[l, : sizes[l]], place[l, : sizes[l]]))
    return total


@called
def find_ways(cells, count, product, ridge):
    """Find where the value falls, and which facets are kept; return how steeply."""
    steepest = 0.0
    z = product.vectors[0]
    for l in range(count):
        size, place, way = cells.size[l], product.place[l], product.way[l]
        length = np.sqrt(dot(place[:size], place[:size]))
        product.length[l] = length
        if length == 0.0:
            project(cells, l, product.slope[l], way, product.all_tight, -1)
            reach = np.sqrt(dot(way[:size], way[:size]))
            factor = max(0.0, 1 - ridge / reach) if reach > 0 else 0.0
            for k in range(size):
                way[k] *= factor
        elif size == 1:
            way[0] = product.slope[l, 0] - ridge * place[0] / length
        else:
            for k in range(size):
                z[k] = product.slope[l, k] - ridge * place[k] / length
            for i in range(cells.walls[l]):
                height = dot(cells.wall[l, i, :size], place[:size])
                product.tight[l, i] = height <= TOUCHING * length
            project(cells, l, z, way, product.tight[l], -1)
            speed = np.sqrt(dot(way[:size], way[:size]))
            for i in range(cells.walls[l]):
                if product.tight[l, i]:
                    rise = dot(cells.wall[l, i, :size], way[:size])
                    product.tight[l, i] = cells.push[l, i] > 0 or rise <= 1e-12 * speed
        steepest = max(steepest, np.sqrt(dot(way[:size], way[:size])))
    return steepest


@called
def newton(cells, count, product, ridge):
    """Replace the ways by Newton steps on the facets that are kept; return whether this is done."""
    system, size = cells.system, 0
    for l in range(count):
        size += cells.size[l] if product.length[l] > 0 else 0
    number = size
    for l in range(count):
        if product.length[l] > 0 and cells.size[l] > 1:
            for i in range(cells.walls[l]):
                number += product.tight[l, i] and cells.push[l, i] >= 0
    if number >= len(system):
        return False
    system[: number, : number + 1] = 0.0
    at, below = 0, size
    for l in range(count):
        if product.length[l] == 0:
            continue
        bend = ridge / product.length[l]
        column = 0
        for m in range(count):
            if product.length[m] == 0:
                continue
            for a in range(cells.size[l]):
                for b in range(cells.size[m]):
                    system[at + a, column + b] = product.matrix[l, m, a, b]
            column += cells.size[m]
        for a in range(cells.size[l]):
            unit = product.place[l, a] / product.length[l]
            system[at + a, at + a] += bend + 1e-14 * product.matrix[l, l, a, a]
            for b in range(cells.size[l]):
                system[at + a, at + b] -= bend * unit * product.place[l, b] / product.length[l]
            system[at + a, number] = product.slope[l, a] - ridge * unit
        if cells.size[l] > 1:
            for i in range(cells.walls[l]):
                if product.tight[l, i]:
                    for a in range(cells.size[l]):
                        system[at + a, below] = system[below, at + a] = cells.wall[l, i, a]
                    system[below, below] = -1e-13
                    below += 1
        at += cells.size[l]
    if not eliminate(system, number):
        return False
    at = 0
    for l in range(count):
        if product.length[l] > 0:
            for a in range(cells.size[l]):
                product.way[l, a] = system[at + a, number]
            at += cells.size[l]
    return True


@called
def longest_step(cells, count, product):
    """Return how far the ways can be gone at most, 1 or less."""
    step = 1.0
    for l in range(count):
        size, place, way = cells.size[l], product.place[l], product.way[l]
        length = product.length[l]
        if length == 0.0:
            continue
        along = dot(place[:size], way[:size]) / (length * length)
        if along < -0.9:
            step = min(step, -0.9 / along)
        if size == 1:
            continue
        for i in range(cells.walls[l]):
            fall = -dot(cells.wall[l, i, :size], way[:size])
            if not product.tight[l, i] and fall > 0:
                height = dot(cells.wall[l, i, :size], place[:size])
                step = min(step, max(height, 0.0) / fall)
    return step


@called
def leave_zero(cells, count, product, ridge):
    """Move units away from 0 that gain by it, along their ways; return whether any does."""
    some = False
    for l in range(count):
        size, way = cells.size[l], product.way[l]
        if product.length[l] > 0.0:
            continue
        speed = np.sqrt(dot(way[:size], way[:size]))
        if speed <= SETTLED * ridge:
            continue
        bend = 0.0
        for a in range(size):
            for b in range(size):
                bend += way[a] * product.matrix[l, l, a, b] * way[b] / (speed * speed)
        for a in range(size):
            product.place[l, a] = way[a] / max(bend, 1e-300)
        some = True
        break
    return some


@called
def slide(cells, count, product, ridge, value):
    """Take a step along the negative gradient, projected; return the value there."""
    bound = 0.0
    for l in range(count):
        for a in range(cells.size[l]):
            bound += product.matrix[l, l, a, a]
    z = product.vectors[0]
    for l in range(count):
        size = cells.size[l]
        for k in range(size):
            z[k] = product.place[l, k] + product.slope[l, k] / bound
        project(cells, l, z, product.other[l], product.all_tight, -1)
        length = np.sqrt(dot(product.other[l, :size], product.other[l, :size]))
        factor = max(0.0, 1 - ridge / bound / length) if length > 0 else 0.0
        for k in range(size):
            product.other[l, k] *= factor
    new = value_at(count, cells.size, product, product.other, ridge)
    if new < value:
        for l in range(count):
            for k in range(cells.size[l]):
                product.place[l, k] = product.other[l, k]
        return new
    value_at(count, cells.size, product, product.place, ridge)
    return value


@called
def minimise(cells, count, product, ridge):
    """Solve the problem approximately."""
    for l in range(count):
        for k in range(cells.size[l]):
            product.place[l, k] = 0.0
    value = value_at(count, cells.size, product, product.place, ridge)
    for _ in range(STEPS):
        steepest = find_ways(cells, count, product, ridge)
        if steepest <= SETTLED * ridge:
            break
        if leave_zero(cells, count, product, ridge):
            value = value_at(count, cells.size, product, product.place, ridge)
            continue
        moved = False
        if newton(cells, count, product, ridge):
            step, fall = longest_step(cells, count, product), 0.0
            for l in range(count):
                for k in range(cells.size[l]):
                    if product.length[l] > 0:
                        slope = product.slope[l, k] - ridge * product.place[l, k] / product.length[l]
                        fall += slope * product.way[l, k]
            for _ in range(12):
                if not fall > 0 or not step > 0:
                    break
                for l in range(count):
                    for k in range(cells.size[l]):
                        move = step * product.way[l, k] if product.length[l] > 0 else 0.0
                        product.other[l, k] = product.place[l, k] + move
                new = value_at(count, cells.size, product, product.other, ridge)
                if new <= value - 1e-4 * step * fall:
                    moved, value = True, new
                    for l in range(count):
                        for k in range(cells.size[l]):
                            product.place[l, k] = product.other[l, k]
                    break
                step /= 3
        if not moved:
            before = value
            value_at(count, cells.size, product, product.place, ridge)
            value = slide(cells, count, product, ridge, value)
            if not value < before:
                break
    value_at(count, cells.size, product, product.place, ridge)
