"""Inputs on a line: their faces around the circle, and tables of doubles with known errors.

Sites are the distinct inputs x_0 < ... < x_{p-1}. Boundaries are the rays e = 0, ..., 2p - 1,
counterclockwise: those orthogonal to xt_{p-1}, ..., xt_0 with xt_i . v > 0 for larger i, then
those orthogonal to xt_{p-1}, ..., xt_0 with xt_i . v > 0 for smaller i. Cell j lies between the
boundaries j and j + 1. Live faces are numbered in order: cell j is 2j, the ray on
boundary j + 1 is 2j + 1.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from ..exact import Data
from ..reals import require
from ..trees.numbers import fractions

Array = np.ndarray

LARGEST, SMALLEST = 2.0**100, 2.0**-100  # sizes of numbers that are not 0
ROUNDED = 2.0**-53  # a rounding, of sizes


class Sums(NamedTuple):
    """Sums over the first sites of 1, x, x^2, Ry and x Ry, with copies: what R multiplies by."""

    high: Array  # rounded
    low: Array  # what that lacks, rounded
    floors: Array  # sizes below which sums are never said to be known
    share: float  # of R, rounded


class Tables(NamedTuple):
    """Numbers of a problem as doubles: what compiled functions read.

    Unit vectors are known up to 2^-50 in each coordinate, relatively; `ridge` is rounded.
    """

    sums: Sums
    rays: Array  # unit vectors on boundaries
    spans: Array  # their active sites: from where to where
    cells: Array  # those of cells -1, ..., 2p - 1
    secants: Array  # upper bounds of 1 / cos(w / 2), w the width of a cell
    lonely: Array  # whether the first and the last cell contain the row that is active there
    level: int  # of a free output bias the sign of all inputs, 0 if they have several, else 2
    ridge: float
    most: float  # an upper bound of the sum of all t (Lemma 46)
    angles: Array  # of boundaries, as guesses
    loads: Array  # what outputs of rays multiply others with (see `sums`)


def ascending(data: Data) -> list[int]:
    """Return the rows of data by increasing input."""
    return sorted(range(len(data.rows)), key=lambda k: data.rows[k][0])


def actives(size: int) -> list[tuple[int, int]]:
    """Return the active sites of cells -1, ..., 2p - 1 (the first and the last have none)."""
    rising = [(size - j, size) for j in range(size + 1)]
    return rising + [(0, 2 * size - j) for j in range(size + 1, 2 * size + 1)]


def tables(data: Data) -> Tables:
    """Return the numbers of a problem as doubles."""
    order = ascending(data)
    sites = fractions(data.rows[k][0] for k in order)
    copies = fractions(data.copies[k] for k in order)
    pulls = fractions(data.pulls.exact[k, 0] for k in order)
    ridge, share, energy = fractions((data.ridge, data.share, data.energy))
    known = (*sites, *copies, *pulls, ridge, share, energy)
    fits = all(SMALLEST <= abs(x) <= LARGEST for x in known if x)
    require(fits, "problem: numbers that are too large or too small for this kind of proof")
    half = np.array([_ray(x) for x in sites[::-1]])
    rays, size, cells = np.concatenate([half, -half]), len(sites), np.array(actives(len(sites)))
    secants = 2 / (np.hypot(*(rays[1:] + rays[:-1]).T) - 2.0**-45)
    return Tables(
        sums=_sums(list(_moments(sites, copies, pulls)), float(share)),
        rays=rays,
        spans=np.concatenate([cells[:size], cells[size + 1 :]]),
        cells=cells,
        secants=np.where(secants > 0, secants, np.inf),
        lonely=np.array([sites[-1] * sites[-2] < -1, sites[0] * sites[1] < -1]),
        level=_level(data.bias, sites),
        ridge=float(ridge),
        most=float(energy / (4 * ridge)) * (1 + 2 * ROUNDED),
        angles=np.unwrap(np.arctan2(rays[:, 1], rays[:, 0])),
        loads=np.empty((0, 6)),
    )


def _ray(site: Fraction) -> Array:
    """Return the unit vector along (1, -x)."""
    x = float(site)
    return np.array([1.0, -x]) / np.sqrt(1 + x * x)


def _level(bias: str, sites: list[Fraction]) -> int:
    return 2 if bias != "free" else int(sites[0] > 0) - int(sites[-1] < 0)


def _sums(moments: list[list[Fraction]], share: float) -> Sums:
    high = np.array([[float(x) for x in row] for row in moments])
    low = np.array([[float(x - Fraction(float(x))) for x in row] for row in moments])
    return Sums(high, low, np.abs(high).max(axis=0) * ROUNDED, share)


def _moments(*columns: list[Fraction]) -> Iterator[list[Fraction]]:
    """Yield the sums over the first sites of 1, x, x^2, Ry and x Ry, exactly."""
    rows = ([c, c * x, c * x * x, y, x * y] for x, c, y in zip(*columns, strict=True))
    add = lambda one, other: [x + y for x, y in zip(one, other, strict=True)]  # noqa: E731
    return accumulate(rows, add, initial=[Fraction(0)] * 5)
