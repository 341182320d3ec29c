"""Units of a box and their columns: what the centre system is made of (Lemmas 48 and 49).

A unit is a part that is a single face, or a group: parts of one sign that are close. Every column
is s phi(direction): a ray has its own, a cell those of its two borders, a group that of its centre.
"""

from typing import NamedTuple

import numpy as np

from reluenum.engines.branch.circle import ANGLE, FIRST, LAST, ONE, START, STOP, B, C
from reluenum.engines.branch.compiled import inlined
from reluenum.engines.branch.places import first_edge, last_edge

GAP = 0.1
"""Parts of one sign are taken together if the gap is at most so many widths of the wider one."""

WIDEST = 1.5
"""Half widths of groups of which nothing is known."""

PARTS, COLUMNS = 4, 8
"""The largest numbers of parts, and of columns, of a box."""

SIGN, LO, HI, MANY, UNIT = range(5)
"""Of a part: its sign, faces LO..HI - 1, how many units they hold, its unit in the sense above."""

SIDE, FROM, TO, SINGLE, LEFT, RIGHT, COLUMN = range(7)
"""Of a unit: sign, faces, whether it is one face, first and last boundary, a column."""

HALF, MIDDLE, COSINE = range(3)
"""Of a group: half its width, the angle of its centre, cos(w / 2) for its widest cell."""

VB, VC, VONE, FACTOR, GOAL, FREE = range(6)
"""Of a column: coordinates of the direction, sum of the entries; sign; right side, its freedom."""

BEGIN, END, GROUP, EDGE = range(4)
"""Of a column: its inputs; the group that it stands for, the boundary that it is, -1 for none."""


class DirectionBox(NamedTuple):
    """A box, its units and their columns, in arrays that are used again and again.

    Parameters
    ----------
    parts : (PARTS, 5) array of int
    share : (PARTS,) array
        How much the freedom of a part moves the weights, as a guess.
    units : (PARTS, 7) array of int
    shapes : (PARTS, 3) array
    columns : (COLUMNS, 6) array
    ranges : (COLUMNS, 4) array of int
    """

    parts: np.ndarray
    share: np.ndarray
    units: np.ndarray
    shapes: np.ndarray
    columns: np.ndarray
    ranges: np.ndarray


def empty_box() -> DirectionBox:
    """Return a box to be filled in."""
    return DirectionBox(
        np.zeros((PARTS, 5), dtype=np.int64),
        np.zeros(PARTS),
        np.zeros((PARTS, 7), dtype=np.int64),
        np.zeros((PARTS, 3)),
        np.zeros((COLUMNS, 6)),
        np.zeros((COLUMNS, 4), dtype=np.int64),
    )


@inlined
def sum_over(moments, b, c, lo, hi):
    """Return the sum of b x + c over the data of the inputs lo..hi - 1."""
    return b * (moments[1, hi] - moments[1, lo]) + c * (moments[0, hi] - moments[0, lo])


@inlined
def response(moments, share, b, c, lo, hi, one):
    """Return the inner product of a linear function on a range with R y."""
    value = b * (moments[4, hi] - moments[4, lo]) + c * (moments[3, hi] - moments[3, lo])
    return value - share * one * moments[3, moments.shape[1] - 1]


@inlined
def inner_products(moments, share, vectors, ranges, rows, b, c, lo, hi, one, out):
    """Write the inner products of a linear function on a range with others, R between them."""
    for k in range(rows):
        start, stop = max(lo, ranges[k, 0]), min(hi, ranges[k, 1])
        value = -share * one * vectors[k, 2]
        if stop > start:
            value += (
                b * vectors[k, 0] * (moments[2, stop] - moments[2, start])
                + (b * vectors[k, 1] + c * vectors[k, 0]) * (moments[1, stop] - moments[1, start])
                + c * vectors[k, 1] * (moments[0, stop] - moments[0, start])
            )
        out[k] = value


@inlined
def joins(edges, units, u, sign, lo, hi, alone):
    """Whether a part belongs to the unit u before it."""
    if units[u, SIDE] != sign or (alone and units[u, SINGLE] == 1):
        return False
    left, right = first_edge(lo), last_edge(hi)
    gap = edges[left, ANGLE] - edges[units[u, RIGHT], ANGLE]
    width = edges[units[u, RIGHT], ANGLE] - edges[units[u, LEFT], ANGLE]
    return gap <= GAP * max(width, edges[right, ANGLE] - edges[left, ANGLE])


@inlined
def next_part(parts, count, sign, after):
    """Return the part of a sign that comes first after a face; -1 if there is none."""
    chosen = -1
    for i in range(count):
        later = parts[i, SIGN] == sign and parts[i, LO] > after
        if later and (chosen < 0 or parts[i, LO] < parts[chosen, LO]):
            chosen = i
    return chosen


@inlined
def find_units(edges, parts, units, count):
    """Take the parts of a box together; return the number of units."""
    number = 0
    for sign in (-1, 1):
        i = next_part(parts, count, sign, -1)
        while i >= 0:
            lo, hi = parts[i, LO], parts[i, HI]
            alone = hi == lo + 1 and parts[i, MANY] == 1
            if number > 0 and joins(edges, units, number - 1, sign, lo, hi, alone):
                units[number - 1, SINGLE] = 0
            else:
                units[number, SIDE], units[number, FROM] = sign, lo
                units[number, LEFT], units[number, SINGLE] = first_edge(lo), 1 if alone else 0
                number += 1
            units[number - 1, TO], units[number - 1, RIGHT] = hi, last_edge(hi)
            parts[i, UNIT] = number - 1
            i = next_part(parts, count, sign, lo)
    return number


@inlined
def add_centre(circle, box, u, size):
    """Make the column of a group; return whether that can be done."""
    edges, column, ranges = circle.edges, box.columns[size], box.ranges[size]
    first, last = box.units[u, LEFT], box.units[u, RIGHT]
    half = (edges[last, ANGLE] - edges[first, ANGLE]) / 2
    if first == 0 or last == len(edges) - 1 or half >= WIDEST:
        return False
    middle, cell, widest = (edges[last, ANGLE] + edges[first, ANGLE]) / 2, first, 0.0
    for j in range(first, last):
        if edges[j, ANGLE] <= middle:
            cell = j
        widest = max(widest, edges[j + 1, ANGLE] - edges[j, ANGLE])
    box.shapes[u, HALF], box.shapes[u, MIDDLE] = half, middle
    box.shapes[u, COSINE] = np.cos(widest / 2)
    ranges[BEGIN], ranges[END] = circle.spans[cell, START], circle.spans[cell, STOP]
    ranges[GROUP], ranges[EDGE] = u, -1
    column[VB], column[VC] = np.cos(middle), np.sin(middle)
    column[VONE] = sum_over(circle.moments, column[VB], column[VC], ranges[BEGIN], ranges[END])
    column[FACTOR], column[GOAL], column[FREE] = box.units[u, SIDE], circle.ridge, 0.0
    box.units[u, COLUMN] = size
    return True


@inlined
def add_border(circle, box, side, k, size, goal, free):
    """Make the column of a boundary, unless a unit of the same sign has it; return their number."""
    columns, ranges = box.columns, box.ranges
    for i in range(size):
        if ranges[i, EDGE] == k and columns[i, FACTOR] == side:
            return size
    columns[size, VB], columns[size, VC] = circle.edges[k, B], circle.edges[k, C]
    columns[size, VONE], columns[size, FACTOR] = circle.edges[k, ONE], side
    columns[size, GOAL], columns[size, FREE] = goal, free
    ranges[size, BEGIN], ranges[size, END] = circle.spans[k, FIRST], circle.spans[k, LAST]
    ranges[size, GROUP], ranges[size, EDGE] = -1, k
    return size + 1


@inlined
def add_flat(circle, box, side, size):
    """Make the column of the middle cell with a free output bias, as `add_face`."""
    if circle.blind[2]:
        return -1
    column, ranges, inputs = box.columns[size], box.ranges[size], circle.moments.shape[1] - 1
    column[VB], column[VC] = 1.0 if circle.ends[0] > 0 else -1.0, 0.0
    ranges[BEGIN], ranges[END], ranges[GROUP], ranges[EDGE] = 0, inputs, -1, -1
    column[VONE] = sum_over(circle.moments, column[VB], 0.0, 0, inputs)
    column[FACTOR], column[GOAL], column[FREE] = side, circle.ridge, 0.0
    return size + 1


@inlined
def add_face(circle, box, u, size):
    """Make the columns of a single face; return their number, -1 if no unit can be there."""
    edges, ridge, side = circle.edges, circle.ridge, box.units[u, SIDE]
    first, last = box.units[u, LEFT], box.units[u, RIGHT]
    if first == last:
        return add_border(circle, box, side, first, size, ridge, 0.0)
    if first == 0 or last == len(edges) - 1:  # one active input x: a multiple of (x, 1)
        edge, end = (1, 0) if first == 0 else (first, 1)
        if circle.blind[end]:
            return -1
        x = circle.ends[end]
        height = (x * edges[edge, B] + edges[edge, C]) / np.hypot(x, 1.0)
        return add_border(circle, box, side, edge, size, ridge * height, 0.0)
    if circle.flat and 2 * last == len(edges):
        return add_flat(circle, box, side, size)
    cosine = np.cos(edges[last, ANGLE] - edges[first, ANGLE])
    goal, free = ridge * (1 + cosine) / 2, ridge * (1 - cosine) / 2
    size = add_border(circle, box, side, first, size, goal, free)
    return add_border(circle, box, side, last, size, goal, free)


NONE, EMPTY = -2, -1
"""Instead of a number of columns: nothing is known, or the box is empty."""


@inlined
def find_columns(circle, box, count, number):
    """Make the columns of all units; return their number."""
    size = np.int64(0)  # no literal 0, which has a type of its own
    for u in range(number):
        if box.units[u, SINGLE] == 1:
            size = add_face(circle, box, u, size)
            if size < 0:
                return EMPTY
        elif add_centre(circle, box, u, size):
            size += 1
        else:
            for i in range(count):
                box.share[i] = 1.0 if box.parts[i, UNIT] == u else 0.0
            return NONE
    return size
