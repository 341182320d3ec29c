"""Boxes on a stack, as arrays that grow."""

from typing import NamedTuple

import numpy as np

from reluenum.engines.branch.compiled import called, struct
from reluenum.engines.cones.parts import COUNT, MANY, PARTS, SIGN, cut_part


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


@called
def push_pieces(sky, cutting, count, kind, chosen, site, stack, top):
    """Cut a part and put the children of the box on the stack, the first one last.

    Returns its new height.
    """
    box, pieces = cutting.box, cutting.pieces
    cut_part(sky, kind, box, chosen, site, pieces, cutting.edges)
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
def unload(box, stack, top):
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
def higher_stack(stack, needed):
    """Return a stack with room for so many boxes, with the same content."""
    if len(stack.info) >= needed:
        return stack
    return Stack(
        grown_array(stack.info, needed),
        grown_array(stack.status, needed),
        grown_array(stack.rays, needed),
        grown_array(stack.weight, needed),
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
def grown_array(array, needed):
    """Return an array with room for so many entries, with the same content."""
    if len(array) >= needed:
        return array
    found = np.zeros((2 * needed, *array.shape[1:]), dtype=array.dtype)
    entries = found.reshape(found.size)  # to copy arrays at once takes seconds to compile
    for i, entry in enumerate(array.flat):
        entries[i] = entry
    return found


@called
def add_leaf(box, count, found, signs, faces):
    """Write a leaf down; return the arrays, which may be new ones."""
    signs, faces = grown_array(signs, found + 1), grown_array(faces, found + 1)
    for i in range(count):
        signs[found, i] = box.info[i, SIGN]
        for k in range(faces.shape[2]):
            faces[found, i, k] = box.status[i, k]
    return signs, faces
