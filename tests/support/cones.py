"""Documents with trees of cones, made from those with a record of every support."""

import numpy as np
from flint import fmpq_mat

from reluenum import Problem
from reluenum.verify.cones.arrangement import ANY, NEGATIVE, POSITIVE, ZERO, ascending, within
from reluenum.verify.cones.cover import cut_of, unproved
from reluenum.verify.cones.document import leaves_of
from reluenum.verify.cones.tables import tables
from reluenum.verify.cones.tree import (
    MOST_PARTS,
    Part,
    box_at,
    empty_pile,
    empty_stack,
    orthants,
    pieces,
    roots,
    with_box,
    with_children,
)
from tests.support.boxes import certified, number, sealed


def pile_of(boxes):
    """Boxes as a pile, one at least."""
    sites = len(boxes[0][0].cone.found)
    pile = empty_pile(len(boxes), MOST_PARTS * len(boxes), sites)
    for box in boxes:
        pile = with_box(pile, box)
    return pile


def boxes_of(pile):
    """The boxes of a pile, the lowest one first."""
    return [box_at(pile, place) for place in range(pile.count[0])]


def problem_of(seed, width=None, size=None, dimension=None):
    """Random data; on a grid of whole numbers, inputs repeated, if the seed is odd."""
    draw = np.random.default_rng(seed)
    dimension = dimension or (3 if seed % 5 == 4 else 2)
    width, size = width or 1 + seed % 2, size or int(draw.integers(dimension + 1, 7))
    corners = np.vstack([np.zeros(dimension, int), np.eye(dimension, dtype=int)])
    if seed % 2:
        x = draw.integers(-1, 2, (size, dimension))
        x[: dimension + 1] = corners
        x, y = x.astype(str).tolist(), draw.integers(-2, 3, size).astype(str).tolist()
    else:
        x = [[f"{v}/97" for v in row] for row in draw.integers(-97, 98, (size, dimension))]
        y = [f"{v}/100" for v in draw.integers(-150, 150, size)]
    ridge = str(draw.choice(["1/1000", "1/100", "1/10", "1/2", "2"]))
    bias = str(draw.choice(["none", "free", "ridge"]))
    loss = str(draw.choice(["sum", "mean"]))
    return Problem.from_text(x, y, width, ridge, loss=loss, output_bias=bias)


def base_of(data):
    """The first sites that are independent."""
    order, found = ascending(data), []
    for site, k in enumerate(order):
        rows = [data.rows[order[other]] for other in found] + [data.rows[k]]
        if fmpq_mat(rows).rank() == len(rows):
            found.append(site)
    return found


def settled(problem, box):
    """Whether bounds show that a box holds no minimum, without cutting it."""
    return unproved(*problem, pile_of([box]), 0, 0)[1] < 0


def grown(data, width, problem=None):
    """Nodes of a tree in preorder, as bytes, the leaves, and the base: boxes cut if need be."""
    problem, base = problem or tables(data), base_of(data)
    arrangement = problem[0]
    content, leaves, nodes = bytearray(), [], 0
    for root in roots(orthants(arrangement, base), width):
        stack = with_box(empty_stack(len(data.rows)), root)
        while stack.count[0]:
            nodes, top = nodes + 1, stack.count[0] - 1
            box, (place, site, kind) = box_at(stack, top), cut_of(arrangement, stack, top)
            empty = settled(problem, box)
            if empty or site < 0:
                stack.count[0] -= 1
                content.append(0 if empty else 1)
                leaves += [] if empty else [box]
            else:
                content += bytes([kind, place]) + number(site)
                halves = pieces(arrangement, box[place].cone, site, kind)[1:]
                stack = with_children(stack, place, *halves)
    return bytes(content), leaves, nodes, base


def coned(problem):
    """A document with a tree of cones."""
    found = certified(problem)
    content, leaves, nodes, base = grown(found[1], problem.width)
    name = {"format": "reluenum-cones", "base": base}
    return sealed(found, leaves_of(found[1], leaves), (content, nodes), name)


def signs_of(data, place):
    """The signs of sites on a face."""
    face, order = data.faces[place], ascending(data)
    return [(face.active >> k & 1) - (not (face.active | face.zeros) >> k & 1) for k in order]


def random_part(draw, table, sign, faces, base):
    """A part with some faces, given by the signs of sites, in a cone of no more than one orthant.

    None if they are in no such cone.
    """
    allowed = np.full(table.signs.shape[1], ANY, np.uint8)
    for site in base:
        signs = {face[site] < 0 for face in faces}
        if len(signs) > 1:
            return None
        allowed[site] = NEGATIVE if signs.pop() else POSITIVE | ZERO
    sites = draw.permutation(len(allowed))[: draw.integers(0, len(allowed) + 1)]
    for site in sites:
        sets = [s for s in (1, 2, 4, 3, 6) if all(s & (1, 2, 4)[f[site] + 1] for f in faces)]
        if sets:
            allowed[site] &= sets[draw.integers(len(sets))]
    return Part(sign, len(faces), within(table, allowed))


def random_box(draw, table, units, base):
    """A box that holds some units, (sign, signs of sites): parts from one to several of them."""
    groups = []
    for sign, face in units:
        near = [group for group in groups if group[0] == sign]
        if near and draw.random() < 0.5:
            near[draw.integers(len(near))][1].append(face)
        else:
            groups.append((sign, [face]))
    parts = []
    for sign, faces in groups:
        part = random_part(draw, table, sign, faces, base)
        alone = [random_part(draw, table, sign, [face], base) for face in faces]
        parts += [part] if part is not None else alone
    return tuple(parts)
