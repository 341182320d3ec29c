"""Rule N (Lemma 47): which faces two units of a minimum cannot have together."""

from reluenum.engines.branch.columns import HI, LO, MANY, SIGN
from reluenum.engines.branch.compiled import inlined


@inlined
def same_apart(left, right):
    """Whether units of one sign on two faces, left <= right, are far enough from each other."""
    steps = right - left
    return steps > 2 or (steps == 2 and left % 2 == 0)


@inlined
def opposite_apart(left, right):
    """Whether units of opposite signs on two faces, left <= right, are."""
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
