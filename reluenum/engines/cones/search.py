"""The tree of boxes: cut and excluded until leaves are left (Theorem H)."""

import numpy as np

from reluenum.engines.branch.compiled import called, compiled, inlined, struct
from reluenum.engines.cones.cells import Cells, empty_cells
from reluenum.engines.cones.centre import (
    BOUNDED,
    EXCLUDED,
    NO_BOUND,
    Centre,
    bound_box,
    empty_centre,
)
from reluenum.engines.cones.convex import Product, empty_product
from reluenum.engines.cones.groups import (
    COUNT,
    MANY,
    PARTS,
    SIGN,
    Box,
    Groups,
    describe,
    dot,
    empty_groups,
    gather,
)
from reluenum.engines.cones.optima import nearest_wall, product_fails
from reluenum.engines.cones.pairs import has_crossed, pairs_fail
from reluenum.engines.cones.parts import CROSSED, CUT_DOWN, CUT_UP, cut_part
from reluenum.engines.cones.rays import Sky
from reluenum.engines.cones.slopes import part_fails

EXCLUDE, LEAF = 0, 1
"""Bytes of a tree, beside those of cuts."""

LONGEST = 16
"""More bytes than a node ever has."""


@struct
class Edges:
    """Room to find edges and rays."""

    fixed: np.ndarray
    common: np.ndarray
    chosen: np.ndarray
    places: np.ndarray


@struct
class Pieces:
    """The two pieces of a part."""

    info: np.ndarray
    status: np.ndarray
    rays: np.ndarray
    counts: np.ndarray


@struct
class Room:
    """Room for numbers."""

    moments: np.ndarray
    sums: np.ndarray
    vectors: np.ndarray
    share: np.ndarray


@struct
class Work:
    """All that is used again and again in a search."""

    box: Box
    groups: Groups
    centre: Centre
    cells: Cells
    product: Product
    edges: Edges
    pieces: Pieces
    room: Room
    counts: np.ndarray


@called
def empty_work(sky):
    """Return room for a search."""
    sites, dimension = sky.rows.shape
    words = sky.zeros.shape[1]
    return Work(
        Box(
            np.zeros((PARTS, 3), dtype=np.int64),
            np.zeros((PARTS, sites), dtype=np.int8),
            np.zeros((PARTS, sky.most), dtype=np.int32),
        ),
        empty_groups(sites, dimension, sky.most),
        empty_centre(sites, dimension),
        empty_cells(sites, dimension),
        empty_product(sites, dimension),
        Edges(
            np.zeros(words, dtype=np.uint64),
            np.zeros(words, dtype=np.uint64),
            np.zeros(2 * dimension, dtype=np.int64),
            np.zeros(sites, dtype=np.int64),
        ),
        Pieces(
            np.zeros(3, dtype=np.int64),
            np.zeros((2, sites), dtype=np.int8),
            np.zeros((2, sky.most + 1), dtype=np.int32),
            np.zeros(2, dtype=np.int64),
        ),
        Room(
            np.zeros((dimension, dimension)),
            np.zeros((PARTS, dimension)),
            np.zeros((3, dimension)),
            np.zeros(PARTS),
        ),
        np.zeros(16, dtype=np.int64),
    )


@inlined
def put(out, size, value):
    """Write a number, seven bits a byte, the lowest first; return the new size."""
    while value >= 128:
        out[size] = value % 128 + 128
        size += 1
        value //= 128
    out[size] = value
    return size + 1


@called
def middle_site(sky, box, part):
    """Return the crossed site that leaves most on both sides of it; -1 if none is crossed."""
    chosen, best = -1, -1.0
    for i in range(len(sky.target)):
        if box.status[part, i] != CROSSED:
            continue
        up = down = 0.0
        for j in range(box.info[part, COUNT]):
            height = dot(sky.rows[i], sky.unit[box.rays[part, j]])
            up, down = max(up, height), max(down, -height)
        size = min(up, down) / np.sqrt(dot(sky.rows[i], sky.rows[i]))
        if size > best:
            chosen, best = i, size
    return chosen


@called
def try_groups(sky, box, count, groups, centre, share, room, together):
    """Try to bound the minima of the box, its parts in groups; return what was found."""
    number = gather(box, count, groups, together)
    if together and number == count:
        return NO_BOUND
    good = True
    for part in range(count):
        if not together:
            share[part] = 1.0 - groups.cosine[part]
    for g in range(number):
        known = describe(sky, groups, g, centre.along)
        if not together:
            for part in range(count):
                if groups.member[part] == g:
                    share[part] = (0.0 if known else 1e6) + 1.0 - groups.cosine[g]
        good = good and known
    if not good:
        return NO_BOUND
    found = bound_box(sky, box, count, groups, number, centre)
    if found != BOUNDED:
        return found
    for part in range(count):
        if part_fails(sky, box, part, groups, number, centre, room):
            return EXCLUDED
    return BOUNDED


@called
def guess_shares(count, centre, share):
    """Guess how much the freedom of each part moves the weights; groups are single parts."""
    for g in range(count):
        share[g] = 0.0
        for j in range(count):
            height = max(centre.up[g], -centre.down[g])
            moved = abs(centre.inverse[j, g]) * height
            moved += abs(centre.weight[g]) * max(-centre.turned[j, g, 0], centre.turned[j, g, 1])
            share[g] += moved / (abs(centre.weight[j]) + 1e-9)


@called
def settle_box(sky, box, count, work):
    """Look at a box; return whether it is left, and the part and the site to cut: -1 at a leaf."""
    share, counts, cells, product = work.room.share, work.counts, work.cells, work.product
    groups, centre, room = work.groups, work.centre, work.room
    counts[0] += 1
    if pairs_fail(box, count):
        counts[1] += 1
        return False, -1, -1
    some = False
    for part in range(count):
        some = some or has_crossed(box.status[part])
    if not some:
        counts[2] += 1
        if product_fails(sky, box, count, cells, product, room.moments, room.sums):
            counts[3] += 1
            return False, -1, -1
        part, site = nearest_wall(box, count, cells, product)
        if part >= 0:
            return True, part, site
        for part in range(count):
            for i in range(len(sky.target)):
                if abs(box.status[part, i]) == 1:
                    return True, part, i
        return True, -1, -1
    found = try_groups(sky, box, count, groups, centre, share, room.vectors, False)
    if found == EXCLUDED:
        counts[4] += 1
        return False, -1, -1
    if found == BOUNDED:
        guess_shares(count, centre, share)
    else:
        counts[5] += 1
        if try_groups(sky, box, count, groups, centre, share, room.vectors, True) == EXCLUDED:
            counts[6] += 1
            return False, -1, -1
    best, chosen = -1.0, -1
    for part in range(count):
        if has_crossed(box.status[part]) and (chosen < 0 or share[part] > best):
            best, chosen = share[part], part
    return True, chosen, middle_site(sky, box, chosen)


@called
def copy_part(info, status, rays, other_info, other_status, other_rays):
    """Overwrite a part by another one."""
    for i in range(3):
        info[i] = other_info[i]
    for i in range(len(status)):
        status[i] = other_status[i]
    for j in range(info[COUNT]):
        rays[j] = other_rays[j]


@called
def push_children(box, pieces, count, chosen, stack, top):
    """Put the children of a box on the stack, the first one last; return its new height."""
    many = box.info[chosen, MANY]
    for j in range(many, -1, -1):
        n = 0
        for i in range(count):
            for side in range(2):
                if i != chosen:
                    if side == 1:
                        continue
                    copy_part(
                        stack.info[top, n],
                        stack.status[top, n],
                        stack.rays[top, n],
                        box.info[i],
                        box.status[i],
                        box.rays[i],
                    )
                    n += 1
                    continue
                units = j if side == 0 else many - j
                if units > 0:
                    pieces.info[SIGN] = box.info[i, SIGN]
                    pieces.info[MANY] = units
                    pieces.info[COUNT] = pieces.counts[side]
                    copy_part(
                        stack.info[top, n],
                        stack.status[top, n],
                        stack.rays[top, n],
                        pieces.info,
                        pieces.status[side],
                        pieces.rays[side],
                    )
                    n += 1
        for i in range(n, PARTS):
            stack.info[top, i, MANY] = 0
        top += 1
    return top


@called
def load(box, stack, top):
    """Take a box from the stack; return the number of its parts."""
    count = 0
    while count < PARTS and stack.info[top, count, MANY] > 0:
        copy_part(
            box.info[count],
            box.status[count],
            box.rays[count],
            stack.info[top, count],
            stack.status[top, count],
            stack.rays[top, count],
        )
        count += 1
    return count


@called
def taller(stack, needed):
    """Return a stack with room for so many boxes, with the same content."""
    have = len(stack.info)
    if have >= needed:
        return stack
    info = np.zeros((2 * needed, *stack.info.shape[1:]), dtype=np.int64)
    status = np.zeros((2 * needed, *stack.status.shape[1:]), dtype=np.int8)
    rays = np.zeros((2 * needed, *stack.rays.shape[1:]), dtype=np.int32)
    info[:have], status[:have], rays[:have] = stack.info, stack.status, stack.rays
    return Box(info, status, rays)


@called
def longer(array, needed):
    """Return an array with room for so many entries, with the same content."""
    if len(array) >= needed:
        return array
    found = np.zeros((2 * needed, *array.shape[1:]), dtype=array.dtype)
    found[: len(array)] = array
    return found


@compiled
def grow_below(given, info, status, rays, most):
    """Search boxes and all below them, in preorder, at most so many.

    Parameters
    ----------
    given : Rays
    info : (K, PARTS, 3) array of int
    status : (K, PARTS, p) array of int8
    rays : (K, PARTS, R) array of int32
        K boxes, the first one last; parts of multiplicity 0 fill up.
    most : int

    Returns
    -------
    (bytes,) array of uint8
        The tree, as far as it goes.
    (leaves, PARTS) array of int8
        Signs of the parts of the leaves, 0 to fill up.
    (leaves, PARTS, p) array of int8
        Their statuses: of a site -2, 0 or 2.
    int
        Number of boxes.
    (K, PARTS, 3), (K, PARTS, p), (K, PARTS, R) arrays
        The boxes that are left, as above: the tree goes on with them.
    """
    sky = Sky(
        given.signs, given.unit, given.zeros, given.dead, given.lines, given.choose, given.base,
        given.most, given.rows, given.target, given.ones, given.share, given.ridge, given.energy,
    )
    work, stack = empty_work(sky), Box(info, status, rays)
    size, boxes, found, top = np.int64(0), 0, 0, len(info)
    out = np.zeros(1024, dtype=np.uint8)
    signs = np.zeros((64, PARTS), dtype=np.int8)
    faces = np.zeros((64, PARTS, len(sky.target)), dtype=np.int8)
    box, pieces = work.box, work.pieces
    while top > 0 and boxes < most:
        top -= 1
        boxes += 1
        count = load(box, stack, top)
        if len(out) < size + LONGEST:
            out = longer(out, size + LONGEST)
        left, chosen, site = settle_box(sky, box, count, work)
        if not left:
            out[size] = EXCLUDE
            size += 1
            continue
        if chosen < 0:
            out[size] = LEAF
            size += 1
            signs, faces = longer(signs, found + 1), longer(faces, found + 1)
            for i in range(count):
                signs[found, i] = box.info[i, SIGN]
                for k in range(faces.shape[2]):
                    faces[found, i, k] = box.status[i, k]
            found += 1
            continue
        kind = CUT_UP if box.status[chosen, site] == 1 else CUT_DOWN
        out[size], out[size + 1] = kind, chosen
        size = put(out, size + 2, site)
        cut_part(sky, kind, box, chosen, site, pieces, work.edges)
        if len(stack.info) < top + PARTS + 2:
            stack = taller(stack, top + PARTS + 2)
        top = push_children(box, pieces, count, chosen, stack, top)
    return (
        out[:size], signs[:found], faces[:found], boxes, work.counts,
        stack.info[:top].copy(), stack.status[:top].copy(), stack.rays[:top].copy(),
    )
