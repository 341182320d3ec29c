"""The groups of a box, and the columns of its centre system (Lemmas 48 and 49).

A part is a row (sign, first face, face after the last one, multiplicity), a group a row (sign,
first face, face after the last one, whether it is a hull). A single face has the outputs of its
live boundaries for columns, of which its own are combinations with positive coefficients;
neighbouring cells of one sign share the one between them. A hull has the one of its centre.
"""

from typing import NamedTuple

import numpy as np

from ..trees.machine import inlined
from .line import Array, Tables
from .sums import UNSURE, UP, Output, at_ray, cosine, cross, in_cell

GAPS = (0.1, 1.0, 0.1)
LOOSE = 2


class Columns(NamedTuple):
    """Columns psi of a box, with what is known of x = psi . r - beta.

    All tau are positive: those of centres by Lemma 48, the others since a direction in a cell is a
    combination of its boundaries with positive coefficients.
    """

    groups: Array
    own: Array  # the column of the centre of each hull
    edges: Array  # the boundary of each other column
    signs: Array  # of each column
    sites: Array  # from where to where it is not 0
    vectors: Array  # its vector, with the sign
    beta: Array
    known: Array  # bounds of |x|, without what slopes add for centres
    height: Array  # so many times the oscillation of slopes is what is to be added


@inlined
def edges_of(low: int, high: int) -> tuple[int, int]:
    """Return the boundaries between which the closures of some faces lie."""
    return (low + 1) // 2, high // 2 if high % 2 == 0 else high // 2 + 1


@inlined
def grouped(table: Tables, box: Array, way: int) -> tuple[Array, Array]:
    """Return groups, and that of each part: neighbours of one sign that are near are together.

    Parts of one sign stand in their order around the circle in boxes of a tree. Ways differ in the
    gap that is near, of the width of the wider part; and in the last one single cells are hulls as
    well: one column instead of two, which may be dependent on others.
    """
    groups, owner, count = np.zeros((len(box), 4), np.int64), np.zeros(len(box), np.int64), 0
    for k in range(len(box)):
        sign, low, high, units = box[k, 0], box[k, 1], box[k, 2], box[k, 3]
        if (
            count
            and groups[count - 1, 0] == sign
            and near(table, groups[count - 1], box[k], GAPS[way])
        ):
            groups[count - 1, 1] = min(groups[count - 1, 1], low)
            groups[count - 1, 2] = max(groups[count - 1, 2], high)
            groups[count - 1, 3] = 1
        else:
            groups[count, 0], groups[count, 1], groups[count, 2] = sign, low, high
            groups[count, 3] = units > 1 or high > low + 1 or (way == LOOSE and low % 2 == 0)
            count += 1
        owner[k] = count - 1
    return groups[:count], owner


@inlined
def near(table: Tables, one: Array, other: Array, gap: float) -> bool:
    """Whether two arcs, in order, are to be taken together, unless both are single faces."""
    (a, b), (c, d) = edges_of(one[1], one[2]), edges_of(other[1], other[2])
    single = one[3] == 0 and other[3] == 1 and other[2] == other[1] + 1
    width = max(table.angles[b] - table.angles[a], table.angles[d] - table.angles[c])
    return not single and table.angles[c] - table.angles[b] <= gap * width


@inlined
def columns_of(table: Tables, groups: Array) -> Columns:
    """Return the columns of groups."""
    count, most = len(groups), 2 * len(groups)
    own, edges = np.empty(count, np.int64), np.empty(most, np.int64)
    own[:], edges[:] = -1, -1
    signs, sites = np.zeros(most, np.int64), np.zeros((most, 2), np.int64)
    vectors, beta, known = np.zeros((most, 2)), np.empty(most), np.empty(most)
    beta[:], known[:] = table.ridge, UNSURE * table.ridge
    found = Columns(groups, own, edges, signs, sites, vectors, beta, known, np.zeros(count))
    size = 0
    for g in range(count):
        size = _hull(table, found, g, size) if groups[g, 3] else _exact(table, found, g, size)
    tail = (sites[:size], vectors[:size], beta[:size], known[:size], found.height)
    return Columns(groups, own, edges[:size], signs[:size], *tail)


@inlined
def _put(found: Columns, sign: int, k: int, output: Output) -> int:
    """Write a column, and return the number of the next one."""
    i, j, v, w = output
    found.signs[k], found.sites[k, 0], found.sites[k, 1] = sign, i, j
    found.vectors[k, 0], found.vectors[k, 1] = sign * v, sign * w
    return k + 1


@inlined
def _hull(table: Tables, found: Columns, g: int, k: int) -> int:
    """Add the column of the centre of a hull."""
    sign = found.groups[g, 0]
    a, b = edges_of(found.groups[g, 1], found.groups[g, 2])
    output, found.height[g] = centre(table, a, b)
    found.own[g] = k
    return _put(found, sign, k, output)


@inlined
def _exact(table: Tables, found: Columns, g: int, k: int) -> int:
    """Add the columns of a ray or a cell that are not there yet.

    With a free output bias residuals have the sum 0. So a unit with which all sites are active has
    the direction (1, 0) or (-1, 0), where the inputs have that sign.
    """
    sign = found.groups[g, 0]
    a, b = edges_of(found.groups[g, 1], found.groups[g, 2])
    if a < b and is_level(table, found.groups[g, 1]):
        return _put(found, sign, k, in_cell(table, a, float(table.level), 0.0))
    for e in range(max(a, 1), min(b, len(table.rays) - 2) + 1):
        there = False
        for m in range(k):
            there |= found.edges[m] == e and found.signs[m] == sign
        if not there:
            found.edges[k] = e
            if a < b:
                found.beta[k], found.known[k] = at_edge(table, a, b)
            k = _put(found, sign, k, at_ray(table, e))
    return k


@inlined
def is_level(table: Tables, face: int) -> bool:
    """Whether a face is the cell on which all sites are active, with a free output bias."""
    return table.level != 2 and face == len(table.rays) - 2


@inlined
def at_edge(table: Tables, a: int, b: int) -> tuple[float, float]:
    """Claim 180: beta and a bound of |x| at a boundary of a cell with a unit.

    s p_r is Lambda times the cosine of the angle to the unit (Lemma 50(3)): between that of the
    width of the cell and 1. Where one site is active, the unit has the direction of its row, which
    is orthogonal to the dead boundary.
    """
    if a == 0 or b == len(table.rays) - 1:
        value, size = cross(table, a, table.rays[b])
        return table.ridge * value, table.ridge * UNSURE * 2 * size
    value, size = cosine(table, a, table.rays[b])
    slack = (1 - value) / 2 * UP + 2 * UNSURE * size
    return table.ridge * (1 + value) / 2, table.ridge * slack


@inlined
def centre(table: Tables, a: int, b: int) -> tuple[Output, float]:
    """Claim 181: a unit vector c between two boundaries: its output, and the factor of its height.

    x is at most h times the largest slope (Lemma 50(1)), that at rays over the cosine of half of a
    cell. It is infinite if h may be a right angle.
    """
    c, widest = between(table.rays[a], table.rays[b]), 1.0
    for k in range(a, b):
        widest = max(widest, table.secants[k])
    j = a
    while j < b - 1 and cross(table, j + 1, c)[0] > 0:
        j += 1
    one, other = cross(table, j, c), cross(table, j + 1, c)
    if one[0] > UNSURE * one[1] and other[0] < -UNSURE * other[1]:
        output = in_cell(table, j, c[0], c[1])
    else:
        e = j if abs(one[0]) < abs(other[0]) else j + 1
        c, output = table.rays[e], at_ray(table, e)
    cos, sin = spread(table, a, b, c)
    return output, angle(cos, sin) * widest * UP


@inlined
def angle(cos: float, sin: float) -> float:
    """Return an upper bound of a positive angle below a right one, of others infinity.

    h <= 2^k tan(h / 2^k), and tan(h / 2) = tan h / (1 + sqrt(1 + tan(h)^2)) = sin h / (1 + cos h).
    """
    if not cos > 0:
        return np.inf
    tan = sin / (1 + cos)
    for _ in range(7):
        tan = tan / (1 + np.sqrt(1 + tan * tan))
    return 256 * tan * UP


@inlined
def between(one: Array, other: Array) -> Array:
    """Return a unit vector in the middle between two."""
    found = np.empty(2)
    v, w = one[0] + other[0], one[1] + other[1]
    found[0], found[1] = v / np.sqrt(v * v + w * w), w / np.sqrt(v * v + w * w)
    return found


@inlined
def spread(table: Tables, a: int, b: int, c: Array) -> tuple[float, float]:
    """Return a lower bound of the cosines and an upper one of the sines of angles to c."""
    cos, sin = 1.0, 0.0
    for e in (a, b):
        value, size = cosine(table, e, c)
        cos = min(cos, value - UNSURE * size)
        value, size = cross(table, e, c)
        sin = max(sin, abs(value) + UNSURE * size)
    return cos, sin
