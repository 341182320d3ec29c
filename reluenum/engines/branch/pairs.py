"""Rule N (Lemma 47): which faces two units of a minimum cannot have together."""

import numpy as np
from numba import njit


@njit(cache=True)
def same_apart(left, right):
    """Whether units of one sign on two faces, left <= right, are far enough from each other."""
    steps = right - left
    return steps > 2 or (steps == 2 and left % 2 == 0)


@njit(cache=True)
def opposite_apart(left, right):
    """Whether units of opposite signs on two faces, left <= right, are."""
    steps = right - left
    return steps > 2 or (steps == 2 and left % 2 == 1)


@njit(cache=True)
def opposite_possible(lo, hi, other_lo, other_hi):
    """Whether two arcs have faces for units of opposite signs."""
    for left, right in ((lo, other_hi - 1), (other_lo, hi - 1)):
        if right - left > 2:
            return True
    for face in range(lo, hi):
        for other in range(other_lo, other_hi):
            if opposite_apart(min(face, other), max(face, other)):
                return True
    return False


@njit(cache=True)
def most_units(lo, hi):
    """Return how many units of one sign an arc can hold at most."""
    cells = (hi + 1) // 2 - (lo + 1) // 2
    return max(1, cells)


@njit(cache=True)
def pairs_fail(sign, lo, hi, many):
    """Whether two parts, or one alone, have no faces for their units (Lemma 53(5))."""
    count = len(sign)
    for i in range(count):
        if many[i] > most_units(lo[i], hi[i]):
            return True
        for j in range(i):
            if sign[i] != sign[j]:
                if not opposite_possible(lo[i], hi[i], lo[j], hi[j]):
                    return True
            elif not same_apart(min(lo[i], lo[j]), max(hi[i], hi[j]) - 1):
                return True
    return False
