"""The numbers of a problem as doubles with known errors, for inputs in several dimensions.

Everything that is computed from them is a sum of products, and beside it stands its *size*, the
same sum of absolute values. If no number in it went through more than `roundings` roundings, it is
wrong by at most `unsure` times its size: that is twice so many times 2^-53, and the sizes
themselves are rounded.
"""

from collections.abc import Iterable
from fractions import Fraction
from math import isqrt, lcm
from operator import mul
from typing import NamedTuple

import numpy as np
from flint import fmpq

from ..exact import Data
from ..reals import require
from ..trees.numbers import fractions
from .arrangement import Arrangement, Array, arrangement_of, ascending

LARGEST, SMALLEST = 2.0**60, 2.0**-100  # sizes of numbers that are not 0
BINARY = 1 << 80


class Tables(NamedTuple):
    """Numbers of a problem as doubles: what compiled functions read.

    Entries are rounded once, of vectors whose lengths are 1 up to 2^-70; weights of data points,
    if they are no whole numbers, too, wherever they occur.
    """

    signs: Array  # of sites on rays
    values: Array  # xt . e for unit vectors e on rays
    units: Array  # these vectors
    rows: Array  # xt
    lengths: Array  # upper bounds of |xt|
    copies: Array
    pulls: Array  # sums of Ry over equal inputs
    largest: Array  # upper bounds of those of residuals
    share: float  # of R
    ridge: float
    energy: float  # y'Ry
    most: float  # an upper bound of the sum of all t (Lemma 46)
    unsure: float


def tables(data: Data) -> tuple[Arrangement, Tables]:
    """Return the arrangement of a problem, and its numbers."""
    arrangement, vectors = arrangement_of(data)
    order = ascending(data)
    rows = [fractions(data.rows[k]) for k in order]
    copies, pulls = (
        np.array([float(x) for x in checked(numbers)])
        for numbers in ([data.copies[k] for k in order], [data.pulls.exact[k, 0] for k in order])
    )
    ridge, share, energy = map(float, checked((data.ridge, data.share, data.energy)))
    floats = np.array([[float(x) for x in checked(data.rows[k])] for k in order])
    units, spare = _units(vectors), 1 + 2.0**-50
    return arrangement, Tables(
        signs=arrangement.signs,
        values=_products(units, rows),
        units=_quotients(units),
        rows=floats,
        lengths=np.sqrt((floats**2).sum(axis=1)) * spare,
        **{"copies": copies, "pulls": pulls, "ridge": ridge, "share": share, "energy": energy},
        largest=np.sqrt(copies * energy) * spare,
        most=energy / ridge / 4 * spare,
        unsure=(4 * len(rows) + 264) * 2.0**-53,
    )


def checked(numbers: Iterable[fmpq]) -> list[Fraction]:
    """Return numbers of a problem, neither too large nor too small."""
    found = fractions(numbers)
    fits = all(SMALLEST <= abs(x) <= LARGEST for x in found if x)
    require(fits, "problem: numbers that are too large or too small for this kind of proof")
    return found


def _whole(vector: list[Fraction]) -> tuple[list[int], int]:
    """Return numerators and the common denominator."""
    common = lcm(*(x.denominator for x in vector))
    return [int(x * common) for x in vector], common


def _units(vectors: list[list[fmpq]]) -> list[tuple[list[int], int]]:
    """Return vectors of these directions, the lengths of which are 1 up to 2^-70."""
    found = []
    for vector in vectors:
        whole = [x * BINARY for x in _whole(fractions(vector))[0]]
        found.append((whole, isqrt(sum(x * x for x in whole))))
    return found


def _quotients(units: list[tuple[list[int], int]]) -> Array:
    """Return the vectors as doubles."""
    return np.array([[x / length for x in vector] for vector, length in units])


def _products(units: list[tuple[list[int], int]], rows: list[list[Fraction]]) -> Array:
    """Return all inner products, rounded once: the quotient of two integers is."""
    whole = [_whole(row) for row in rows]
    return np.array(
        [
            [sum(map(mul, vector, row)) / (length * common) for row, common in whole]
            for vector, length in units
        ]
    )
