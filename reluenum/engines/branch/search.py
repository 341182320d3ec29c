"""The tree of boxes: cut, shrunk and excluded until leaves are left (Theorem H)."""

import numpy as np

from reluenum.engines.branch.bounds import BOUNDED, EXCLUDED, bounded
from reluenum.engines.branch.centre import AT, BASE, HIGH, LOW
from reluenum.engines.branch.circle import ANGLE
from reluenum.engines.branch.columns import HI, LO, MANY, PARTS, SIGN, UNIT
from reluenum.engines.branch.compiled import compiled, inlined
from reluenum.engines.branch.places import first_edge, last_edge, reach
from reluenum.engines.branch.support import unsupported
from reluenum.engines.trees.tree import EXCLUDE, LEAF, OPEN

CUT, SHRINK = 2, 3
"""Bytes of a tree."""

KEPT = 0.7
"""A box is looked at again if a part has kept at most this share of its faces."""

LONGEST = 1 << 13
"""More bytes than a node ever has."""


@inlined
def same_apart(left, right):
    """Whether units of one sign may be on two faces, left <= right (Lemma 47)."""
    steps = right - left
    return steps > 2 or (steps == 2 and left % 2 == 0)


@inlined
def opposite_apart(left, right):
    """Whether units of opposite signs may be on two faces, left <= right (Lemma 47)."""
    steps = right - left
    return steps > 2 or (steps == 2 and left % 2 == 1)


@inlined
def opposite_possible(lo, hi, other_lo, other_hi):
    """Whether two arcs have faces for units of opposite signs."""
    if other_hi - 1 - lo > 2 or hi - 1 - other_lo > 2:
        return True
    for face in range(lo, hi):
        for other in range(other_lo, other_hi):
            if opposite_apart(min(face, other), max(face, other)):
                return True
    return False


@inlined
def most_units(lo, hi):
    """Return how many units of one sign an arc can hold at most."""
    cells = (hi + 1) // 2 - (lo + 1) // 2
    return max(1, cells)


@inlined
def pairs_fail(parts, count):
    """Whether two parts, or one alone, have no faces for their units (Lemma 53(5))."""
    for i in range(count):
        lo, hi = parts[i, LO], parts[i, HI]
        if parts[i, MANY] > most_units(lo, hi):
            return True
        for j in range(i):
            if parts[i, SIGN] != parts[j, SIGN]:
                if not opposite_possible(lo, hi, parts[j, LO], parts[j, HI]):
                    return True
            elif not same_apart(min(lo, parts[j, LO]), max(hi, parts[j, HI]) - 1):
                return True
    return False


@inlined
def put(out, size, value):
    """Write a number, seven bits a byte, the lowest first; return the new size."""
    while value >= 128:
        out[size] = value % 128 + 128
        size += 1
        value //= 128
    out[size] = value
    return size + 1


@inlined
def get(content, place):
    """Read a number; return it, and the place after it."""
    value, factor = 0, 1
    while content[place] >= 128:
        value += factor * (content[place] - 128)
        factor *= 128
        place += 1
    return value + factor * content[place], place + 1


@inlined
def middle(circle, lo, hi):
    """Return after how many faces an arc is cut: at the boundary nearest to its middle."""
    angle = (circle.edges[first_edge(lo), ANGLE] + circle.edges[last_edge(hi), ANGLE]) / 2
    best, chosen = np.inf, 1
    for face in range(lo + 1, hi):
        distance = abs(circle.edges[(face + 1) // 2, ANGLE] - angle)
        if distance < best:
            best, chosen = distance, face - lo
    return chosen


@inlined
def shrink(box, count, taken, out, size):
    """Take faces from the ends of the parts; return the new size of the tree."""
    out[size] = SHRINK
    size += 1
    for i in range(count):
        size = put(out, put(out, size, taken[i, 0]), taken[i, 1])
        box.parts[i, LO] += taken[i, 0]
        box.parts[i, HI] -= taken[i, 1]
    return size


@inlined
def leave_blind_ends(circle, box, count, taken, out, size):
    """Take the end cells away that hold no unit; return the new size of the tree."""
    faces, some = 2 * len(circle.edges) - 3, False
    for i in range(count):
        taken[i, 0] = taken[i, 1] = 0
        if box.parts[i, HI] - box.parts[i, LO] > 1:
            if box.parts[i, LO] == 0 and circle.blind[0]:
                taken[i, 0], some = 1, True
            if box.parts[i, HI] == faces and circle.blind[1]:
                taken[i, 1], some = 1, True
    return shrink(box, count, taken, out, size) if some else size


NOTHING, REMOVED, AGAIN, TOO_FEW = 0, 1, 2, 3


@inlined
def find_ends(box, count, work, taken):
    """Find which faces at the ends of the parts are no places (Lemma 53(4))."""
    state = NOTHING
    for i in range(count):
        u, faces = box.parts[i, UNIT], box.parts[i, HI] - box.parts[i, LO]
        first, last = reach(
            box.parts[i, LO],
            box.parts[i, HI],
            box.parts[i, MANY],
            work.slopes[:, LOW],
            work.slopes[:, HIGH],
            work.places[BASE, u],
            work.places[AT, u],
        )
        if first == box.parts[i, HI]:
            return TOO_FEW
        taken[i, 0], taken[i, 1] = first - box.parts[i, LO], box.parts[i, HI] - 1 - last
        if last + 1 - first < faces:
            again = last + 1 - first <= KEPT * faces
            state = max(state, AGAIN if again else REMOVED)
    return state


@inlined
def widest(circle, box, count):
    """Return the part that is cut: that which moves the weights most; -1 at a leaf."""
    chosen, largest, wide = -1, -1.0, -1.0
    for i in range(count):
        lo, hi = box.parts[i, LO], box.parts[i, HI]
        if hi - lo > 1:
            width = circle.edges[last_edge(hi), ANGLE] - circle.edges[first_edge(lo), ANGLE]
            share = box.share[i]
            # A share that is no number is not larger than another one.
            if chosen < 0 or share > largest or (share == largest and width > wide):
                chosen, largest, wide = i, share, width
    return chosen


@inlined
def settle_box(circle, box, count, work, taken, out, size):
    """Look at a box: exclude or shrink it; return whether it is left, and the size of the tree."""
    size = leave_blind_ends(circle, box, count, taken, out, size)
    for i in range(count):
        box.share[i] = 0.0
    state = AGAIN
    while state == AGAIN:
        if pairs_fail(box.parts, count):
            break
        found = bounded(circle, box, count, work)
        if found == EXCLUDED:
            break
        if found != BOUNDED:
            return True, size
        state = find_ends(box, count, work, taken)
        if state == TOO_FEW:
            break
        if state != NOTHING:
            size = shrink(box, count, taken, out, size)
    if state == NOTHING or (state == REMOVED and not pairs_fail(box.parts, count)):
        return True, size
    out[size] = EXCLUDE
    return False, size + 1


@inlined
def push_children(box, count, chosen, first, stack, top):
    """Put the children of a box on the stack, the first one last; return its new height."""
    many = box.parts[chosen, MANY]
    for j in range(many, -1, -1):
        n = 0
        for i in range(count):
            for side in range(2):
                lo, hi, units = box.parts[i, LO], box.parts[i, HI], box.parts[i, MANY]
                if i != chosen and side == 1:
                    continue
                if i == chosen:
                    lo, hi = (lo, lo + first) if side == 0 else (lo + first, hi)
                    units = j if side == 0 else many - j
                if units > 0:
                    stack[top, n, 0], stack[top, n, 1] = box.parts[i, SIGN], lo
                    stack[top, n, 2], stack[top, n, 3] = hi, units
                    n += 1
        for i in range(n, PARTS):
            stack[top, i, 3] = 0
        top += 1
    return top


@inlined
def longer(array, needed):
    """Return an array with room for so many bytes, with the same content."""
    if len(array) >= needed:
        return array
    found = np.zeros(2 * needed, dtype=np.uint8)
    for i in range(len(array)):
        found[i] = array[i]
    return found


@inlined
def taller(array, needed):
    """Return an array with room for so many boxes, with the same content."""
    if len(array) >= needed:
        return array
    found = np.zeros((2 * needed, array.shape[1], array.shape[2]), dtype=np.int64)
    for i in range(array.shape[0]):
        for j in range(array.shape[1]):
            for k in range(array.shape[2]):
                found[i, j, k] = array[i, j, k]
    return found


@inlined
def load(box, stack, top):
    """Take a box from the stack; return the number of its parts."""
    count = 0
    while count < PARTS and stack[top, count, 3] > 0:
        box.parts[count, SIGN], box.parts[count, LO] = stack[top, count, 0], stack[top, count, 1]
        box.parts[count, HI], box.parts[count, MANY] = stack[top, count, 2], stack[top, count, 3]
        count += 1
    return count


@compiled
def grow_below(circle, stack, box, work, most):
    """Search boxes and all below them, in preorder, at most so many.

    Parameters
    ----------
    circle : Circle
    stack : (K, PARTS, 4) array of int
        The boxes, the first one last: of each part sign, first face, one past the last,
        multiplicity; 0 to fill up.
    box : DirectionBox
    work : Work
    most : int

    Returns
    -------
    (bytes,) array of uint8
        The tree, as far as it goes.
    (leaves, PARTS, 2) array of int
        Signs and faces of the leaves.
    int
        Number of boxes.
    (K, PARTS, 4) array of int
        The boxes that are left, as in `stack`: the tree goes on with them.
    """
    size, boxes, found, top = np.int64(0), 0, 0, len(stack)
    out = np.zeros(LONGEST, dtype=np.uint8)
    leaves, taken = np.zeros((64, PARTS, 2), dtype=np.int64), np.zeros((PARTS, 2), dtype=np.int64)
    while top > 0 and boxes < most:
        top -= 1
        boxes += 1
        count = load(box, stack, top)
        out = longer(out, size + LONGEST)
        left, size = settle_box(circle, box, count, work, taken, out, size)
        if not left:
            continue
        chosen = widest(circle, box, count)
        if chosen < 0:
            if unsupported(circle, box, count):
                out[size] = EXCLUDE
                size += 1
                continue
            out[size] = LEAF
            size += 1
            leaves = taller(leaves, found + 1)
            for i in range(count):
                leaves[found, i, 0], leaves[found, i, 1] = box.parts[i, SIGN], box.parts[i, LO]
            found += 1
            continue
        first = middle(circle, box.parts[chosen, LO], box.parts[chosen, HI])
        out[size], out[size + 1] = CUT, chosen
        size = put(out, size + 2, first)
        stack = taller(stack, top + PARTS + 2)
        top = push_children(box, count, chosen, first, stack, top)
    return out[:size], leaves[:found], boxes, stack[:top]


@compiled
def follow(content, place, stack, box):
    """Follow a tree that was begun from a place on, up to the next box that is open.

    Parameters
    ----------
    content : (bytes,) array of uint8
    place : int
    stack : (K, PARTS, 4) array of int
        The boxes below which the tree goes on there, as in `grow_below`.
    box : DirectionBox

    Returns
    -------
    int
        The place of the open box, or the end.
    (leaves, PARTS, 2) array of int
        Signs and faces of the leaves on the way.
    int
        Number of boxes on the way.
    (K, PARTS, 4) array of int
        The boxes that are left, the open one last.
    """
    top, boxes, found = len(stack), 0, 0
    leaves = np.zeros((64, PARTS, 2), dtype=np.int64)
    while top > 0 and content[place] != OPEN:
        top -= 1
        boxes += 1
        count = load(box, stack, top)
        while content[place] == SHRINK:
            place += 1
            for i in range(count):
                first, place = get(content, place)
                last, place = get(content, place)
                box.parts[i, LO] += first
                box.parts[i, HI] -= last
        if content[place] == CUT:
            first, after = get(content, place + 2)
            stack = taller(stack, top + PARTS + 2)
            top = push_children(box, count, content[place + 1], first, stack, top)
            place = after
            continue
        if content[place] == LEAF:
            leaves = taller(leaves, found + 1)
            for i in range(count):
                leaves[found, i, 0] = box.parts[i, SIGN]
                leaves[found, i, 1] = box.parts[i, LO]
            found += 1
        place += 1
    return place, leaves[:found], boxes, stack[:top]


@compiled
def reopened(content, begin, stack, box, places):
    """Open boxes of a tree again, and forget what is below them.

    Parameters
    ----------
    content : (bytes,) array of uint8
    begin : int
        Where the trees of the boxes begin.
    stack : (K, PARTS, 4) array of int
        The boxes, as in `grow_below`.
    box : DirectionBox
    places : (R,) array of int
        Ascending places in the nodes of those that are to be open.

    Returns
    -------
    (bytes,) array of uint8
        The trees of these boxes.
    int
        The place after them in the old tree.
    """
    out, size, place = np.empty(len(content) - begin, dtype=np.uint8), 0, begin
    top, closed, chosen = len(stack), -1, np.searchsorted(places, begin)
    while top > 0:
        top -= 1
        start, count = place, load(box, stack, top)
        while content[place] == SHRINK:
            place += 1
            for i in range(count):
                first, place = get(content, place)
                last, place = get(content, place)
                box.parts[i, LO] += first
                box.parts[i, HI] -= last
        cut, height = content[place] == CUT, top
        place += 1
        if cut:
            part = content[place]
            first, place = get(content, place + 1)
            stack = taller(stack, top + PARTS + 2)
            top = push_children(box, count, part, first, stack, top)
        opened = chosen < len(places) and places[chosen] < place
        while chosen < len(places) and places[chosen] < place:
            chosen += 1
        if closed < 0 and opened:
            out[size], size, closed = OPEN, size + 1, height
        elif closed < 0:
            for k in range(start, place):
                out[size + k - start] = content[k]
            size += place - start
        if top <= closed:
            closed = -1
    return out[:size], place
