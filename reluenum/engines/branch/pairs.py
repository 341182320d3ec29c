"""Rule N (Lemma 47): which faces two units of a minimum cannot have together."""


from reluenum.engines.branch.compiled import compiled


@compiled
def same_apart(left, right):
    """Whether units of one sign on two faces, left <= right, are far enough from each other."""
    steps = right - left
    return steps > 2 or (steps == 2 and left % 2 == 0)


@compiled
def opposite_apart(left, right):
    """Whether units of opposite signs on two faces, left <= right, are."""
    steps = right - left
    return steps > 2 or (steps == 2 and left % 2 == 1)


@compiled
def opposite_possible(lo, hi, other_lo, other_hi):
    """Whether two arcs have faces for units of opposite signs."""
    if other_hi - 1 - lo > 2 or hi - 1 - other_lo > 2:
        return True
    for face in range(lo, hi):
        for other in range(other_lo, other_hi):
            if opposite_apart(min(face, other), max(face, other)):
                return True
    return False


@compiled
def most_units(lo, hi):
    """Return how many units of one sign an arc can hold at most."""
    cells = (hi + 1) // 2 - (lo + 1) // 2
    return max(1, cells)


@compiled
def pairs_fail(box, count):
    """Whether two parts, or one alone, have no faces for their units (Lemma 53(5))."""
    for i in range(count):
        if box.many[i] > most_units(box.lo[i], box.hi[i]):
            return True
        for j in range(i):
            if box.sign[i] != box.sign[j]:
                if not opposite_possible(box.lo[i], box.hi[i], box.lo[j], box.hi[j]):
                    return True
            elif not same_apart(min(box.lo[i], box.lo[j]), max(box.hi[i], box.hi[j]) - 1):
                return True
    return False
