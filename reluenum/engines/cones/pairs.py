"""Boxes that hold no minimum whatever the data are: pairs of faces (Lemma 47, Lemma 53(5))."""

from reluenum.engines.branch.compiled import called, inlined
from reluenum.engines.cones.groups import COUNT, MANY, SIGN
from reluenum.engines.cones.parts import CROSSED, can_be_negative, can_be_positive


@inlined
def is_dead(status):
    """Whether no site is positive on a part."""
    for i in range(len(status)):
        if can_be_positive(status[i]):
            return False
    return True


@inlined
def has_crossed(status):
    """Whether hyperplanes cross a part."""
    for i in range(len(status)):
        if status[i] == CROSSED:
            return True
    return False


@inlined
def is_face(status):
    """Whether a part is a single face."""
    for i in range(len(status)):
        if status[i] == CROSSED or abs(status[i]) == 1:
            return False
    return True


@inlined
def same_possible(first, second):
    """Whether a site may be positive on a face of one part and negative on one of the other."""
    for i in range(len(first)):
        if can_be_positive(first[i]) and can_be_negative(second[i]):
            return True
        if can_be_negative(first[i]) and can_be_positive(second[i]):
            return True
    return False


@inlined
def opposite_possible(first, rays, second):
    """Whether two single faces, the first with so many rays, may have units of opposite signs."""
    differing, below, above = 0, True, True
    for i in range(len(first)):
        if first[i] != second[i]:
            differing += 1
            below, above = below and first[i] == 0, above and second[i] == 0
            if first[i] == 0 or second[i] == 0:
                differing = len(first) + 1  # their flats are not the same
    return not (below or above or (differing == 1 and rays > 1))


@called
def pairs_fail(box, count):
    """Whether two parts, or one alone, have no faces for their units, or no data."""
    for i in range(count):
        status = box.status[i]
        if is_dead(status):
            return True
        if box.info[i, MANY] > 1 and not has_crossed(status):
            return True
        for j in range(i):
            other = box.status[j]
            if box.info[i, SIGN] == box.info[j, SIGN]:
                if not same_possible(status, other):
                    return True
            elif is_face(status) and is_face(other):
                if not opposite_possible(status, box.info[i, COUNT], other):
                    return True
    return False
