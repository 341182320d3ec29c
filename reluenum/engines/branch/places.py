"""Rule S (Lemma 53(4)): where the units of a part can be, from bounds of slopes."""

import numpy as np
from numba import njit


@njit(cache=True)
def span(face):
    """Return the boundaries between which a face lies: twice the same for a ray."""
    return (face + 1) // 2, face // 2 + 1 if face % 2 == 0 else (face + 1) // 2


@njit(cache=True)
def edges(lo, hi):
    """Return the first and the last boundary of the closed arc of some faces."""
    return (lo + 1) // 2, (hi - 1) // 2 + 1 if hi % 2 == 1 else hi // 2


@njit(cache=True)
def place(face, low, high, base):
    """Whether a unit may be on a face.

    Parameters
    ----------
    face : int
    low, high : (2 K,) array
        Bounds of the slopes at the left (2 i) and right (2 i + 1) end of cell base + i.
    base : int
    """
    if face % 2 == 0:
        k = 2 * (face // 2 - base)
        return high[k] >= 0 and low[k + 1] <= 0
    k = 2 * ((face - 1) // 2 - base)
    return high[k + 1] >= 0 and low[k + 2] <= 0


@njit(cache=True)
def upturn(face, low, high, base):
    """Whether the height may have a minimum on a face."""
    if face % 2 == 0:
        k = 2 * (face // 2 - base)
        return low[k] <= 0 and high[k + 1] >= 0
    k = 2 * ((face - 1) // 2 - base)
    return low[k + 1] <= 0 and high[k + 2] >= 0


@njit(cache=True)
def reach(lo, hi, many, low, high, base):
    """Return the first and last place of a part for its units; the first is hi if they are too many."""
    count, turned = 0, True
    first = last = hi
    for face in range(lo, hi):
        if turned and place(face, low, high, base):
            count += 1
            turned = False
            if count == 1:
                first = face
        elif not turned and upturn(face, low, high, base):
            turned = True
    if count < many:
        return hi, hi
    for face in range(hi - 1, lo - 1, -1):
        if place(face, low, high, base):
            last = face
            break
    return first, last
