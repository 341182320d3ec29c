"""The tree of boxes: cut and excluded until leaves are left (Theorem H)."""

from typing import NamedTuple

import numpy as np

from reluenum.engines.branch.compiled import called, compiled, inlined, struct
from reluenum.engines.branch.search import EXCLUDE, LEAF, OPEN, get, put
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
from reluenum.engines.cones.parts import CROSSED, CUT_DOWN, CUT_UP, WEAK_UP, cut_part
from reluenum.engines.cones.rays import Sky
from reluenum.engines.cones.slopes import part_fails

LONGEST = 16
"""More bytes than a node ever has."""


class Boxes(NamedTuple):
    """Boxes, the first one last.

    Parameters
    ----------
    info : (K, PARTS, 3) array of int
        Of each part sign, multiplicity, and number of rays; multiplicity 0 fills up.
    status : (K, PARTS, p) array of int8
    rays : (K, PARTS, most) array of int32
    weight : (K,) array
        The share of all supports that a box has, were they dealt to children evenly.
    """

    info: np.ndarray
    status: np.ndarray
    rays: np.ndarray
    weight: np.ndarray


@struct
class Stack:
    """The same inside of compiled functions."""

    info: np.ndarray
    status: np.ndarray
    rays: np.ndarray
    weight: np.ndarray


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
        if product_fails(sky, box, count, cells, product, room.moments, room.sums, counts):
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
def push_children(sky, work, count, kind, chosen, site, stack, top):
    """Cut a part and put the children of the box on the stack, the first one last.

    Returns its new height.
    """
    box, pieces = work.box, work.pieces
    cut_part(sky, kind, box, chosen, site, pieces, work.edges)
    many = box.info[chosen, MANY]
    weight = stack.weight[top] / (many + 1)
    for j in range(many, -1, -1):
        n = 0
        for i in range(count):
            if i != chosen:
                copy_part(stack, top, n, box.info[i], box.status[i], box.rays[i])
                n += 1
                continue
            for side in range(2):
                units = j if side == 0 else many - j
                if units > 0:
                    pieces.info[SIGN], pieces.info[MANY] = box.info[i, SIGN], units
                    pieces.info[COUNT] = pieces.counts[side]
                    copy_part(stack, top, n, pieces.info, pieces.status[side], pieces.rays[side])
                    n += 1
        for i in range(n, PARTS):
            stack.info[top, i, MANY] = 0
        stack.weight[top] = weight
        top += 1
    return top


@called
def copy_part(stack, place, n, info, status, rays):
    """Overwrite a part of a box on a stack."""
    for i in range(3):
        stack.info[place, n, i] = info[i]
    for i in range(len(status)):
        stack.status[place, n, i] = status[i]
    for j in range(info[COUNT]):
        stack.rays[place, n, j] = rays[j]


@called
def load(box, stack, top):
    """Take a box from the stack; return the number of its parts."""
    count = 0
    while count < PARTS and stack.info[top, count, MANY] > 0:
        for i in range(3):
            box.info[count, i] = stack.info[top, count, i]
        for i in range(box.status.shape[1]):
            box.status[count, i] = stack.status[top, count, i]
        for j in range(box.info[count, COUNT]):
            box.rays[count, j] = stack.rays[top, count, j]
        count += 1
    return count


@called
def taller(stack, needed):
    """Return a stack with room for so many boxes, with the same content."""
    if len(stack.info) >= needed:
        return stack
    return Stack(
        longer(stack.info, needed),
        longer(stack.status, needed),
        longer(stack.rays, needed),
        longer(stack.weight, needed),
    )


@called
def kept(stack, top):
    """Return so many boxes of a stack."""
    return Boxes(
        stack.info[:top].copy(),
        stack.status[:top].copy(),
        stack.rays[:top].copy(),
        stack.weight[:top].copy(),
    )


@called
def longer(array, needed):
    """Return an array with room for so many entries, with the same content."""
    if len(array) >= needed:
        return array
    found = np.zeros((2 * needed, *array.shape[1:]), dtype=array.dtype)
    found[: len(array)] = array
    return found


@called
def sky_of(rays):
    """Return the rays as an object."""
    return Sky(
        rays.signs,
        rays.unit,
        rays.zeros,
        rays.dead,
        rays.lines,
        rays.choose,
        rays.base,
        rays.most,
        rays.rows,
        rays.target,
        rays.ones,
        rays.share,
        rays.ridge,
        rays.energy,
    )


@called
def add_leaf(box, count, found, signs, faces):
    """Write a leaf down; return the arrays, which may be new ones."""
    signs, faces = longer(signs, found + 1), longer(faces, found + 1)
    for i in range(count):
        signs[found, i] = box.info[i, SIGN]
        for k in range(faces.shape[2]):
            faces[found, i, k] = box.status[i, k]
    return signs, faces


@compiled
def grow_below(rays, boxes, most):
    """Search boxes and all below them, in preorder, at most so many.

    Parameters
    ----------
    rays : Rays
    boxes : Boxes
        The first one last.
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
    Boxes
        Those that are left, as above: the tree goes on with them.
    """
    sky = sky_of(rays)
    work, stack = empty_work(sky), Stack(boxes.info, boxes.status, boxes.rays, boxes.weight)
    size, number, found, top = np.int64(0), 0, 0, len(boxes.info)
    out = np.zeros(1024, dtype=np.uint8)
    signs = np.zeros((64, PARTS), dtype=np.int8)
    faces = np.zeros((64, PARTS, len(sky.target)), dtype=np.int8)
    box = work.box
    while top > 0 and number < most:
        top -= 1
        number += 1
        count = load(box, stack, top)
        if len(out) < size + LONGEST:
            out = longer(out, size + LONGEST)
        left, chosen, site = settle_box(sky, box, count, work)
        if left and chosen >= 0:
            kind = CUT_UP if box.status[chosen, site] == WEAK_UP else CUT_DOWN
            out[size], out[size + 1] = kind, chosen
            size = put(out, size + 2, site)
            stack = taller(stack, top + PARTS + 2)
            top = push_children(sky, work, count, kind, chosen, site, stack, top)
            continue
        out[size] = LEAF if left else EXCLUDE
        size += 1
        if left:
            signs, faces = add_leaf(box, count, found, signs, faces)
            found += 1
    return out[:size], signs[:found], faces[:found], number, kept(stack, top), work.counts


@compiled
def follow(rays, content, place, boxes):
    """Follow a tree that was begun from a place on, up to the next box that is open.

    Parameters
    ----------
    rays : Rays
    content : (bytes,) array of uint8
    place : int
    boxes : Boxes
        Those below which the tree goes on there, as in `grow_below`.

    Returns
    -------
    int
        The place of the open box, or the end.
    (leaves, PARTS), (leaves, PARTS, p) arrays
        The leaves on the way, as there.
    int
        Number of boxes on the way.
    Boxes
        Those that are left, the open one last.
    """
    sky = sky_of(rays)
    work, stack = empty_work(sky), Stack(boxes.info, boxes.status, boxes.rays, boxes.weight)
    number, found, top = 0, 0, len(boxes.info)
    signs = np.zeros((64, PARTS), dtype=np.int8)
    faces = np.zeros((64, PARTS, len(sky.target)), dtype=np.int8)
    box = work.box
    while top > 0 and content[place] != OPEN:
        top -= 1
        number += 1
        count, kind = load(box, stack, top), content[place]
        if kind == CUT_UP or kind == CUT_DOWN:
            chosen = np.int64(content[place + 1])
            site, place = get(content, place + 2)
            stack = taller(stack, top + PARTS + 2)
            top = push_children(sky, work, count, kind, chosen, site, stack, top)
            continue
        if kind == LEAF:
            signs, faces = add_leaf(box, count, found, signs, faces)
            found += 1
        place += 1
    return place, signs[:found], faces[:found], number, kept(stack, top)
