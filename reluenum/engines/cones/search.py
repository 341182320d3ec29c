"""The tree of boxes: cut and excluded until leaves are left (Theorem H)."""

import numpy as np

from reluenum.engines.branch.compiled import called, compiled, struct
from reluenum.engines.branch.search import get, put
from reluenum.engines.cones.cells import ClosedCells, empty_cells
from reluenum.engines.cones.centre import (
    BOUNDED,
    EXCLUDED,
    NO_BOUND,
    CentreSystem,
    bound_box,
    empty_centre,
)
from reluenum.engines.cones.convex import Product, empty_product
from reluenum.engines.cones.groups import ConeBox, Groups, describe, empty_groups, gather, inner
from reluenum.engines.cones.optima import nearest_wall, product_fails
from reluenum.engines.cones.parts import (
    COUNT,
    CROSSED,
    CUT_DOWN,
    CUT_UP,
    PARTS,
    WEAK_UP,
    has_crossed,
    parts_fail,
)
from reluenum.engines.cones.rays import Sky
from reluenum.engines.cones.slopes import part_fails
from reluenum.engines.cones.stack import (
    Stack,
    add_leaf,
    grown_array,
    higher_stack,
    kept,
    push_pieces,
    unload,
)
from reluenum.engines.trees.tree import EXCLUDE, LEAF, OPEN

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
class Scratch:
    """Room for numbers."""

    moments: np.ndarray
    sums: np.ndarray
    vectors: np.ndarray
    share: np.ndarray


@struct
class Cutting:
    """All that is used again and again where boxes are cut."""

    box: ConeBox
    edges: Edges
    pieces: Pieces


@struct
class ConeWork:
    """All that is used again and again where boxes are looked at."""

    groups: Groups
    centre: CentreSystem
    cells: ClosedCells
    product: Product
    room: Scratch


@called
def empty_cutting(sky):
    """Return room for a box, and to cut it."""
    sites, dimension = sky.rows.shape
    words = sky.zeros.shape[1]
    return Cutting(
        ConeBox(
            np.zeros((PARTS, 3), dtype=np.int64),
            np.zeros((PARTS, sites), dtype=np.int8),
            np.zeros((PARTS, sky.most), dtype=np.int32),
        ),
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
    )


@called
def empty_cone_work(sky):
    """Return room to look at boxes."""
    sites, dimension = sky.rows.shape
    return ConeWork(
        empty_groups(sites, dimension, sky.most),
        empty_centre(sites, dimension),
        empty_cells(sites, dimension),
        empty_product(sites, dimension),
        Scratch(
            np.zeros((dimension, dimension)),
            np.zeros((PARTS, dimension)),
            np.zeros((3, dimension)),
            np.zeros(PARTS),
        ),
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
            height = inner(sky.rows[i], sky.unit[box.rays[part, j]])
            up, down = max(up, height), max(down, -height)
        size = min(up, down) / np.sqrt(inner(sky.rows[i], sky.rows[i]))
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
def guess_freedom(count, centre, share):
    """Guess how much the freedom of each part moves the weights; groups are single parts."""
    for g in range(count):
        share[g] = 0.0
        for j in range(count):
            height = max(centre.up[g], -centre.down[g])
            moved = abs(centre.inverse[j, g]) * height
            moved += abs(centre.weight[g]) * max(-centre.turned[j, g, 0], centre.turned[j, g, 1])
            share[g] += moved / (abs(centre.weight[j]) + 1e-9)


@called
def settle_cones(sky, box, count, work):
    """Look at a box; return whether it is left, and the part and the site to cut: -1 at a leaf."""
    share, cells, product = work.room.share, work.cells, work.product
    groups, centre, room = work.groups, work.centre, work.room
    if parts_fail(box, count):
        return False, -1, -1
    some = False
    for part in range(count):
        some = some or has_crossed(box.status[part])
    if not some:
        if product_fails(sky, box, count, cells, product, room.moments, room.sums):
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
        return False, -1, -1
    if found == BOUNDED:
        guess_freedom(count, centre, share)
    else:
        if try_groups(sky, box, count, groups, centre, share, room.vectors, True) == EXCLUDED:
            return False, -1, -1
    best, chosen = -1.0, -1
    for part in range(count):
        if has_crossed(box.status[part]) and (chosen < 0 or share[part] > best):
            best, chosen = share[part], part
    return True, chosen, middle_site(sky, box, chosen)


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
        rays.caution,
    )


@compiled
def grow_cones(rays, boxes, most):
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
    stack = Stack(boxes.info, boxes.status, boxes.rays, boxes.weight)
    work, cutting = empty_cone_work(sky), empty_cutting(sky)
    size, number, found, top = np.int64(0), 0, 0, len(boxes.info)
    out = np.zeros(1024, dtype=np.uint8)
    signs = np.zeros((64, PARTS), dtype=np.int8)
    faces = np.zeros((64, PARTS, len(sky.target)), dtype=np.int8)
    box = cutting.box
    while top > 0 and number < most:
        top -= 1
        number += 1
        count = unload(box, stack, top)
        if len(out) < size + LONGEST:
            out = grown_array(out, size + LONGEST)
        left, chosen, site = settle_cones(sky, box, count, work)
        if left and chosen >= 0:
            kind = CUT_UP if box.status[chosen, site] == WEAK_UP else CUT_DOWN
            out[size], out[size + 1] = kind, chosen
            size = put(out, size + 2, site)
            stack = higher_stack(stack, top + PARTS + 2)
            top = push_pieces(sky, cutting, count, kind, chosen, site, stack, top)
            continue
        out[size] = LEAF if left else EXCLUDE
        size += 1
        if left:
            signs, faces = add_leaf(box, count, found, signs, faces)
            found += 1
    return out[:size], signs[:found], faces[:found], number, kept(stack, top)


@compiled
def follow_cones(rays, content, place, boxes):
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
    cutting, stack = empty_cutting(sky), Stack(boxes.info, boxes.status, boxes.rays, boxes.weight)
    number, found, top = 0, 0, len(boxes.info)
    signs = np.zeros((64, PARTS), dtype=np.int8)
    faces = np.zeros((64, PARTS, len(sky.target)), dtype=np.int8)
    box = cutting.box
    while top > 0 and content[place] != OPEN:
        top -= 1
        number += 1
        count, kind = unload(box, stack, top), content[place]
        if kind in (CUT_UP, CUT_DOWN):
            chosen = np.int64(content[place + 1])
            site, place = get(content, place + 2)
            stack = higher_stack(stack, top + PARTS + 2)
            top = push_pieces(sky, cutting, count, kind, chosen, site, stack, top)
            continue
        if kind == LEAF:
            signs, faces = add_leaf(box, count, found, signs, faces)
            found += 1
        place += 1
    return place, signs[:found], faces[:found], number, kept(stack, top)
