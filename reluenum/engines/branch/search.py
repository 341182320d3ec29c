"""The tree of boxes: cut, shrunk and excluded until leaves are left (Theorem H)."""

from dataclasses import dataclass

import numpy as np
from numba import njit

from reluenum.engines.branch.bounds import BOUNDED, EXCLUDED, bounded
from reluenum.engines.branch.circle import Circle
from reluenum.engines.branch.pairs import pairs_fail
from reluenum.engines.branch.places import edges, reach

EXCLUDE, LEAF, CUT, SHRINK = 0, 1, 2, 3

LOSS = 0.7
"""A box is looked at again if a part has kept at most this share of its faces."""


@dataclass(frozen=True, eq=False)
class Tree:
    """What a search ends with.

    Parameters
    ----------
    content : bytes
        The tree in preorder.
    leaves : list of (tuple of int, tuple of int)
        Signs and faces of the leaves, in order.
    boxes : int
    """

    content: bytes
    leaves: list[tuple[tuple[int, ...], tuple[int, ...]]]
    boxes: int


@njit(cache=True)
def _varint(out, size, value):
    while value >= 128:
        out[size] = value % 128 + 128
        size += 1
        value //= 128
    out[size] = value
    return size + 1


@njit(cache=True)
def _grown(array, needed):
    if len(array) >= needed:
        return array
    larger = np.zeros((2 * needed,) + array.shape[1:], dtype=array.dtype)
    larger[: len(array)] = array
    return larger


@njit(cache=True)
def _middle(circle, lo, hi):
    """Return after how many faces an arc is cut: at the boundary nearest to its middle."""
    first, last = edges(lo, hi)
    angle = (circle.angle[first] + circle.angle[last]) / 2
    best, chosen = np.inf, 1
    for face in range(lo + 1, hi):
        k = (face + 1) // 2
        distance = abs(circle.angle[k] - angle)
        if distance < best:
            best, chosen = distance, face - lo
    return chosen


@njit(cache=True)
def searched(circle, root, limit):
    """Search the boxes below a root.

    Parameters
    ----------
    circle : Circle
    root : (parts, 4) array of int
        Sign, first face, one past the last, multiplicity.
    limit : int
        Boxes after which the search gives up.

    Returns
    -------
    (bytes,) array of uint8
    (leaves, parts) arrays of int
        Faces and signs of the leaves; -1 and 0 to fill up.
    int
        Number of boxes; -1 if there are more than `limit`.
    (6,) array of int
        How many ended by each rule: pairs, weights, places, none bounded, cut, leaf.
    """
    out, size = np.zeros(1 << 12, dtype=np.uint8), 0
    leaves, signs, found = np.zeros((64, 4), dtype=np.int64), np.zeros((64, 4), dtype=np.int64), 0
    stack, counts, top = np.zeros((64, 4, 4), dtype=np.int64), np.zeros(64, dtype=np.int64), 1
    stack[0, : len(root)] = root
    counts[0] = len(root)
    boxes, ends = 0, np.zeros(6, dtype=np.int64)
    while top:
        top -= 1
        boxes += 1
        if boxes > limit:
            return out[:size], leaves[:found], signs[:found], -1, ends
        count = counts[top]
        box = stack[top, :count].copy()
        out = _grown(out, size + 256)
        again = True
        while True:
            sign, lo, hi, many = box[:, 0], box[:, 1], box[:, 2], box[:, 3]
            if pairs_fail(sign, lo, hi, many):
                ends[0] += 1
                out[size] = EXCLUDE
                size += 1
                break
            share = np.zeros(count)
            if again:
                state, low, high, offset, base, share = bounded(circle, sign, lo, hi, many)
                if state == EXCLUDED:
                    ends[1] += 1
                    out[size] = EXCLUDE
                    size += 1
                    break
                again = False
                if state == BOUNDED:
                    removed, empty = False, False
                    taken = np.zeros((count, 2), dtype=np.int64)
                    for i in range(count):
                        first, last = reach(
                            lo[i], hi[i], many[i], low[offset[i] :], high[offset[i] :], base[i]
                        )
                        if first == hi[i]:
                            empty = True
                            break
                        taken[i, 0], taken[i, 1] = first - lo[i], hi[i] - 1 - last
                        if taken[i].sum():
                            removed = True
                            again |= last + 1 - first <= LOSS * (hi[i] - lo[i])
                    if empty:
                        ends[2] += 1
                        out[size] = EXCLUDE
                        size += 1
                        break
                    if removed:
                        out = _grown(out, size + 256)
                        out[size] = SHRINK
                        size += 1
                        for i in range(count):
                            size = _varint(out, size, taken[i, 0])
                            size = _varint(out, size, taken[i, 1])
                            box[i, 1] += taken[i, 0]
                            box[i, 2] -= taken[i, 1]
                        if again:
                            continue
                        sign, lo, hi, many = box[:, 0], box[:, 1], box[:, 2], box[:, 3]
                        if pairs_fail(sign, lo, hi, many):
                            continue
                else:
                    ends[3] += 1
            chosen, widest = -1, -1.0
            for i in range(count):
                if hi[i] - lo[i] > 1:
                    first, last = edges(lo[i], hi[i])
                    width = circle.angle[last] - circle.angle[first]
                    if share[i] > 0:
                        width *= 1
                    if width > widest:
                        chosen, widest = i, width
            if chosen < 0:
                ends[5] += 1
                out[size] = LEAF
                size += 1
                leaves, signs = _grown(leaves, found + 1), _grown(signs, found + 1)
                leaves[found] = -1
                leaves[found, :count] = lo
                signs[found, :count] = sign
                found += 1
                break
            ends[4] += 1
            first = _middle(circle, lo[chosen], hi[chosen])
            out[size], out[size + 1] = CUT, chosen
            size = _varint(out, size + 2, first)
            stack, counts = _grown(stack, top + many[chosen] + 1), _grown(counts, top + 8)
            for j in range(many[chosen], -1, -1):
                n = 0
                for i in range(count):
                    if i != chosen:
                        stack[top, n] = box[i]
                        n += 1
                        continue
                    if j:
                        stack[top, n, 0], stack[top, n, 1] = sign[i], lo[i]
                        stack[top, n, 2], stack[top, n, 3] = lo[i] + first, j
                        n += 1
                    if many[i] - j:
                        stack[top, n, 0], stack[top, n, 1] = sign[i], lo[i] + first
                        stack[top, n, 2], stack[top, n, 3] = hi[i], many[i] - j
                        n += 1
                counts[top] = n
                top += 1
            break
    return out[:size], leaves[:found], signs[:found], boxes, ends


def roots(faces: int, width: int) -> list[np.ndarray]:
    """Return the root boxes of a width: parts of all faces with either sign.

    Examples
    --------
    >>> [root.tolist() for root in roots(5, 1)]
    [[[-1, 0, 5, 1]], [[1, 0, 5, 1]]]
    """
    found = []
    for units in range(1, width + 1):
        for positive in range(units + 1):
            parts = [(1, 0, faces, positive), (-1, 0, faces, units - positive)]
            found.append(np.array([part for part in parts if part[3]], dtype=np.int64))
    return found


def grown_tree(circle: Circle, width: int, limit: int = 1 << 40) -> tuple[Tree, np.ndarray]:
    """Search all boxes of a width."""
    content, leaves, boxes, ends = [], [], 0, np.zeros(6, dtype=np.int64)
    for root in roots(circle.faces, width):
        tree, faces, signs, number, by_rule = searched(circle, root, limit)
        if number < 0:
            raise MemoryError(f"more than {limit} boxes")
        units = root[:, 3].sum()
        content.append(tree.tobytes())
        boxes += number
        ends += by_rule
        leaves += [
            (tuple(map(int, s[:units])), tuple(map(int, f[:units])))
            for f, s in zip(faces, signs, strict=True)
        ]
    return Tree(b"".join(content), leaves, boxes), ends
