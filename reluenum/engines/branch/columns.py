"""Units of a box and their columns: what the centre system is made of (Lemmas 48 and 49).

A unit is a part that is a single face, or a group: parts of one sign that are close. Every column
is s phi(direction): a ray has its own, a cell those of its two borders, a group that of its centre.
"""

from typing import NamedTuple

import numpy as np

from reluenum.engines.branch.circle import Circle
from reluenum.engines.branch.compiled import compiled
from reluenum.engines.branch.places import first_edge, last_edge

GAP = 1.0
"""Parts of one sign are taken together if the gap is at most so many widths of the wider one."""

WIDEST = 1.5
"""Half widths of groups of which nothing is known."""

PARTS, COLUMNS = 4, 8
"""The largest numbers of parts, and of columns, of a box."""


class Box(NamedTuple):
    """A box, its units and their columns, as arrays that are used again and again.

    Parameters
    ----------
    sign, lo, hi, many : (PARTS,) array of int
        Of the parts: the faces lo..hi - 1 hold `many` units.
    unit : (PARTS,) array of int
        To which unit a part belongs.
    side, start, stop, single : (PARTS,) array of int
        Of the units: sign, faces, whether it is one face.
    first, last, column : (PARTS,) array of int
        Their first and last boundary, and a column of theirs.
    half, middle, cosine : (PARTS,) array
        Of groups: half the width, the angle of the centre, cos(w / 2) for the widest cell.
    b, c, one, factor, right, free : (COLUMNS,) array
        Columns: coordinates of the direction, sum of the entries, sign, right side, how much that
        may be wrong.
    begin, end, group, edge : (COLUMNS,) array of int
        Their inputs, the group that they stand for, the boundary that they are; -1 for none.
    share : (PARTS,) array
        How much the freedom of a part moves the weights, as a guess.
    """

    sign: np.ndarray
    lo: np.ndarray
    hi: np.ndarray
    many: np.ndarray
    unit: np.ndarray
    side: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    single: np.ndarray
    first: np.ndarray
    last: np.ndarray
    column: np.ndarray
    half: np.ndarray
    middle: np.ndarray
    cosine: np.ndarray
    b: np.ndarray
    c: np.ndarray
    one: np.ndarray
    factor: np.ndarray
    right: np.ndarray
    free: np.ndarray
    begin: np.ndarray
    end: np.ndarray
    group: np.ndarray
    edge: np.ndarray
    share: np.ndarray


_WHOLE = {"sign", "lo", "hi", "many", "unit", "side", "start", "stop", "single", "first", "last"}
_WHOLE |= {"column", "begin", "end", "group", "edge"}
_LONG = {"b", "c", "one", "factor", "right", "free", "begin", "end", "group", "edge"}


def empty_box() -> Box:
    """Return a box to be filled in."""
    return Box(
        *(
            np.zeros(COLUMNS if name in _LONG else PARTS, np.int64 if name in _WHOLE else float)
            for name in Box._fields
        )
    )


@compiled
def total(circle: Circle, b: float, c: float, lo: int, hi: int) -> float:
    """Return the sum of b x + c over the data of the inputs lo..hi - 1."""
    m = circle.moments
    return b * (m[1, hi] - m[1, lo]) + c * (m[0, hi] - m[0, lo])


@compiled
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


@compiled
def response(circle, b, c, lo, hi, one):
    """Return the inner product of a linear function on a range with R y."""
    m = circle.moments
    value = b * (m[4, hi] - m[4, lo]) + c * (m[3, hi] - m[3, lo])
    return value - circle.share * one * m[3, m.shape[1] - 1]


@compiled
def with_column(circle, box, i, b, c, lo, hi, one):
    """Return the inner product of a linear function on a range with a column."""
    return box.factor[i] * inner(
        circle, b, c, lo, hi, one, box.b[i], box.c[i], box.begin[i], box.end[i], box.one[i]
    )


@compiled
def joins(circle, box, u, i):
    """Whether part i belongs to the unit u before it."""
    alone = box.hi[i] == box.lo[i] + 1 and box.many[i] == 1
    if box.side[u] != box.sign[i] or (alone and box.single[u] == 1):
        return False
    left, right = first_edge(box.lo[i]), last_edge(box.hi[i])
    gap = circle.angle[left] - circle.angle[box.last[u]]
    width = circle.angle[box.last[u]] - circle.angle[box.first[u]]
    return gap <= GAP * max(width, circle.angle[right] - circle.angle[left])


@compiled
def find_units(circle, box, count):
    """Take the parts of a box together; return the number of units."""
    units = 0
    for sign in (-1, 1):
        after = -1
        while True:
            chosen = -1  # the next part of the sign
            for i in range(count):
                if box.sign[i] == sign and box.lo[i] > after:
                    if chosen < 0 or box.lo[i] < box.lo[chosen]:
                        chosen = i
            if chosen < 0:
                break
            after = box.lo[chosen]
            if units > 0 and joins(circle, box, units - 1, chosen):
                box.single[units - 1] = 0
            else:
                alone = box.hi[chosen] == box.lo[chosen] + 1 and box.many[chosen] == 1
                box.side[units], box.start[units] = sign, box.lo[chosen]
                box.first[units] = first_edge(box.lo[chosen])
                box.single[units] = 1 if alone else 0
                units += 1
            box.stop[units - 1] = box.hi[chosen]
            box.last[units - 1] = last_edge(box.hi[chosen])
            box.unit[chosen] = units - 1
    return units


@compiled
def add_centre(circle, box, u, size):
    """Make the column of a group; return whether that can be done."""
    first, last = box.first[u], box.last[u]
    half = (circle.angle[last] - circle.angle[first]) / 2
    if first == 0 or last == len(circle.b) - 1 or half >= WIDEST:
        return False
    middle = (circle.angle[last] + circle.angle[first]) / 2
    cell, widest = first, 0.0
    for j in range(first, last):
        if circle.angle[j] <= middle:
            cell = j
        widest = max(widest, circle.angle[j + 1] - circle.angle[j])
    box.half[u], box.middle[u], box.cosine[u] = half, middle, np.cos(widest / 2)
    box.b[size], box.c[size] = np.cos(middle), np.sin(middle)
    box.begin[size], box.end[size] = circle.start[cell], circle.stop[cell]
    box.one[size] = total(circle, box.b[size], box.c[size], box.begin[size], box.end[size])
    box.factor[size], box.right[size], box.free[size] = box.side[u], circle.ridge, 0.0
    box.group[size], box.edge[size] = u, -1
    box.column[u] = size
    return True


@compiled
def add_border(circle, box, u, k, size, right, free):
    """Make the column of a boundary, unless a unit of the same sign has it; return their number."""
    for i in range(size):
        if box.edge[i] == k and box.factor[i] == box.side[u]:
            return size
    box.b[size], box.c[size], box.one[size] = circle.b[k], circle.c[k], circle.one[k]
    box.begin[size], box.end[size] = circle.first[k], circle.last[k]
    box.factor[size], box.right[size], box.free[size] = box.side[u], right, free
    box.group[size], box.edge[size] = -1, k
    return size + 1


@compiled
def add_face(circle, box, u, size):
    """Make the columns of a single face; return their number, -1 if no unit can be there."""
    first, last, ridge = box.first[u], box.last[u], circle.ridge
    if first == last:
        return add_border(circle, box, u, first, size, ridge, 0.0)
    if first == 0 or last == len(circle.b) - 1:  # one active input x: a multiple of (x, 1)
        edge, end = (1, 0) if first == 0 else (first, 1)
        if circle.blind[end]:
            return -1
        x = circle.ends[end]
        height = (x * circle.b[edge] + circle.c[edge]) / np.hypot(x, 1.0)
        return add_border(circle, box, u, edge, size, ridge * height, 0.0)
    cosine = np.cos(circle.angle[last] - circle.angle[first])
    right, free = ridge * (1 + cosine) / 2, ridge * (1 - cosine) / 2
    size = add_border(circle, box, u, first, size, right, free)
    return add_border(circle, box, u, last, size, right, free)


NONE, EMPTY = -2, -1
"""Instead of a number of columns: nothing is known, or the box is empty."""


@compiled
def find_columns(circle, box, count, units):
    """Make the columns of all units; return their number."""
    size = 0
    for u in range(units):
        if box.single[u] == 1:
            size = add_face(circle, box, u, size)
            if size < 0:
                return EMPTY
        elif add_centre(circle, box, u, size):
            size += 1
        else:
            for i in range(count):
                box.share[i] = 1.0 if box.unit[i] == u else 0.0
            return NONE
    return size
