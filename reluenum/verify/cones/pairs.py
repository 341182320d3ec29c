"""Boxes without a minimum because of the signs of sites alone (Lemma 53(5))."""

from ..trees.machine import inlined
from .arrangement import CROSSED, NEGATIVE, POSITIVE, ZERO, Array
from .hulls import Box


@inlined
def silent(found: Array) -> bool:
    """Claim 209: no site is active on a part (Lemma 2)."""
    active = 0
    for i in range(len(found)):
        active |= found[i] & POSITIVE
    return active == 0


@inlined
def close(one: Array, other: Array) -> bool:
    """Claim 210: units of one sign, of two parts or one, are in one closed cell (Lemma 47(1)).

    No site has one strict sign on the one and the other one on the other.
    """
    for i in range(len(one)):
        if (one[i] & POSITIVE and other[i] & NEGATIVE) or (
            one[i] & NEGATIVE and other[i] & POSITIVE
        ):
            return False
    return True


@inlined
def in_closure(one: Array, other: Array) -> bool:
    """Claim 211: all faces of a part are in the closures of those of the other (Lemma 47(2))."""
    for i in range(len(one)):
        signs = one[i] & CROSSED
        if signs and (signs == CROSSED or other[i] != signs):
            return False
    return True


@inlined
def rank_of(box: Box, k: int) -> int:
    """Return 1 or 2 if the cone of a part has so many rays, else 3: at least its dimension."""
    return min(box.first[k + 1] - box.first[k], 3)


@inlined
def adjacent(box: Box, k: int, m: int) -> bool:
    """Claim 212: two single faces of one flat are separated by one site alone (Lemma 47(3))."""
    separating = 0
    for i in range(box.found.shape[1]):
        one, other = box.found[k, i], box.found[m, i]
        if one & (one - 1) or other & (other - 1) or (one == ZERO) != (other == ZERO):
            return False
        separating += one != other
    return separating == 1 and rank_of(box, k) > 1


@inlined
def pairs(box: Box) -> bool:
    """Claim 213: two units have no faces that they can have together, or one none (Lemma 53(5))."""
    for k in range(len(box.signs)):
        alone = box.units[k] > 1 and close(box.found[k], box.found[k])
        if alone or silent(box.found[k]):
            return True
        for m in range(k):
            one, other = box.found[k], box.found[m]
            if box.signs[k] == box.signs[m]:
                if close(one, other):
                    return True
            elif in_closure(one, other) or in_closure(other, one) or adjacent(box, k, m):
                return True
    return False


@inlined
def single(box: Box) -> bool:
    """Whether all parts have one unit, in a closed cell."""
    for k in range(len(box.signs)):
        if box.units[k] > 1:
            return False
        for i in range(box.found.shape[1]):
            if box.found[k, i] & CROSSED == CROSSED:
                return False
    return True
