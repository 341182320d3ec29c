"""Rule S (Lemma 53(4)): where the units of a part can be, from bounds of slopes.

Slopes are kept in pairs: entries 2 i and 2 i + 1 are those at the left and right end of cell
base + i, from `at` on.
"""

from reluenum.engines.branch.compiled import inlined


@inlined
def first_edge(lo):
    """Return the first boundary of an arc of faces that begins with one."""
    return (lo + 1) // 2


@inlined
def last_edge(hi):
    """Return the last boundary of an arc of faces that ends before one."""
    return (hi - 1) // 2 + 1 if hi % 2 == 1 else hi // 2


@inlined
def place(face, low, high, base, at):
    """Whether a unit may be on a face."""
    if face % 2 == 0:
        k = at + 2 * (face // 2 - base)
        return high[k] >= 0 and low[k + 1] <= 0
    k = at + 2 * ((face - 1) // 2 - base)
    return high[k + 1] >= 0 and low[k + 2] <= 0


@inlined
def upturn(face, low, high, base, at):
    """Whether the height may have a minimum on a face."""
    if face % 2 == 0:
        k = at + 2 * (face // 2 - base)
        return low[k] <= 0 and high[k + 1] >= 0
    k = at + 2 * ((face - 1) // 2 - base)
    return low[k + 1] <= 0 and high[k + 2] >= 0


@inlined
def reach(lo, hi, many, low, high, base, at):
    """Return the first and the last place of a part; the first is hi if they are too few."""
    count, turned, first, last = 0, True, hi, hi
    for face in range(lo, hi):
        if place(face, low, high, base, at):
            last = face
            if turned:
                count += 1
                turned = False
                if count == 1:
                    first = face
                continue
        if not turned and upturn(face, low, high, base, at):
            turned = True
    return (hi, hi) if count < many else (first, last)
