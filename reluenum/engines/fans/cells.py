"""All places of a fan, in cells of (log s, k) that are cut until nothing in them is unexpected.

What is known at the four corners of a cell, with derivatives, predicts each corner from each other
one. By how much that is wrong says how far values inside may be from those at the corners. This
proves nothing: it decides where to look for stationary points, and where to look more closely.
"""

from dataclasses import dataclass, fields
from itertools import permutations

import numpy as np

from reluenum.engines.fans.inner import FanPlaces, minimisers
from reluenum.engines.fans.reduced import along_minimisers
from reluenum.engines.fans.shapes import FanBatch

EDGE = 1e-9
"""Distance of places from the ends of k, where units may see the same."""

COLUMNS, TALL = 8, 1.0
"""FanCells across k at the start, and their size in log s."""

SAFETY = 2.0
"""How much more values may be off than corners show."""

ALIKE = 0.25
"""Largest change of derivatives over a cell in which there is one stationary point at most."""

DEEPEST, MOST = 64, 60_000
"""How often a cell is cut in two, and cells of a fan, before the search gives up."""

TOGETHER = 20_000
"""FanCells that are looked at together."""

SLIM, FLAT = 8, 256
"""Largest ratio of the sides of a cell: of k to log s, and the other one."""

FAINT = 1e-6
"""Part of the bound of T from which a minimiser is looked for."""

CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
PAIRS = tuple(permutations(range(4), 2))
SIDES = (((0, 2), (1, 3)), ((0, 1), (2, 3)))
"""Corners that differ in log s, and in k."""


@dataclass(frozen=True, eq=False)
class FanCells:
    """FanCells of fans.

    Parameters
    ----------
    index, depth : (C,) array of int
        Fans; how often they were cut.
    low, high : (C, 2) array
        Ends of log s and k.
    values : (C, 4, Q) array
    slopes : (C, 4, Q, 2) array
        See `FanSlopes`, at the corners.
    T : (C, 4, m) array
    """

    index: np.ndarray
    depth: np.ndarray
    low: np.ndarray
    high: np.ndarray
    values: np.ndarray
    slopes: np.ndarray
    T: np.ndarray

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, chosen: np.ndarray | slice) -> "FanCells":
        return FanCells(*(getattr(self, field.name)[chosen] for field in fields(self)))

    def joined(self, other: "FanCells") -> "FanCells":
        """Return these cells and others."""
        names = [field.name for field in fields(self)]
        return FanCells(*(np.concatenate([getattr(self, x), getattr(other, x)]) for x in names))

    @property
    def size(self) -> np.ndarray:
        """Their sides, (C, 2)."""
        return self.high - self.low


def all_cells(batch: FanBatch) -> FanCells:
    """Return cells that fill all of (log s, k)."""
    index, low, high = [], [], []
    for fan, (bottom, top) in enumerate(batch.ends):
        columns = COLUMNS if batch.turning[fan] else 1
        ends = (EDGE, 1 - EDGE) if batch.turning[fan] else (0.0, 0.0)
        k = np.linspace(*ends, columns + 1)
        s = np.linspace(bottom, top, int(np.ceil((top - bottom) / TALL)) + 1)
        for i in range(len(s) - 1):
            index += [fan] * columns
            low += [(s[i], k[j]) for j in range(columns)]
            high += [(s[i + 1], k[j + 1]) for j in range(columns)]
    index, low, high = np.array(index), np.array(low), np.array(high)
    start, found = np.repeat(batch.highest[index, None] / 10, batch.width, 1), []
    for corner in CORNERS:
        found.append(_looked_at(batch, index, low + (high - low) * corner, start))
        start = found[-1][2]
    values, slopes, T = (np.stack(parts, 1) for parts in zip(*found, strict=True))
    return FanCells(index, 0 * index, low, high, values, slopes, T)


def _looked_at(
    batch: FanBatch, index: np.ndarray, places: np.ndarray, start: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return values, slopes and T at the inner minimisers."""
    here = FanPlaces.of(batch, index, np.exp(places[:, 0]), places[:, 1])
    T = minimisers(here, np.maximum(start, FAINT * here.highest[:, None]))
    found = along_minimisers(batch, here, T)
    return found.values, found.slopes, T


def _surprise(values: np.ndarray, slopes: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Return how far corners are from what others predict, at most."""
    found = np.zeros((len(values), values.shape[2]))
    for one, other in PAIRS:
        step = ((CORNERS[other] - CORNERS[one]) * size)[..., None]
        rest = values[:, other] - values[:, one] - (slopes[:, one] @ step)[..., 0]
        np.maximum(found, np.abs(rest), out=found)
    return found


def _sides_of_zero(
    values: np.ndarray, slopes: np.ndarray, size: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return what is positive, and what is negative all over cells."""
    room = SAFETY * _surprise(values, slopes, size)
    return values.min(1) > room, values.max(1) < -room


def is_empty(batch: FanBatch, cells: FanCells) -> np.ndarray:
    """Return which cells hold no stationary point, as far as their corners tell.

    A derivative of the reduced function has one sign, a unit is dead, or has wrong signs.
    """
    positive, negative = _sides_of_zero(cells.values, cells.slopes, cells.size)
    first, signs = 4, 4 + batch.width
    turning = batch.turning[cells.index]
    sure = positive[:, :4] | negative[:, :4]
    found = sure[:, 0] | sure[:, 2] | (turning & (sure[:, 1] | sure[:, 3]))
    found |= positive[:, first:signs].any(1)
    shape = batch.wanted[cells.index].shape
    torn = [part[:, signs:].reshape(shape).any(2) for part in (positive, negative)]
    return found | (torn[0] & torn[1]).any(1)


@dataclass(frozen=True, eq=False)
class Turned:
    """Combinations of both derivatives of the reduced function that are nearly log s and k.

    Parameters
    ----------
    empty : (C,) array of bool
        Where one of them has one sign all over a cell.
    regular : (C,) array of bool
        Where they have one common zero at most.
    zeros : (C, 2) array
        About where.
    """

    empty: np.ndarray
    regular: np.ndarray
    zeros: np.ndarray


def turned(batch: FanBatch, cells: FanCells, columns: slice) -> Turned:
    """Return what combinations of two columns of the values tell."""
    values, slopes = cells.values[..., columns].copy(), cells.slopes[..., columns, :].copy()
    fixed = ~batch.turning[cells.index]
    values[fixed, :, 1] = slopes[fixed, :, 0, 1] = slopes[fixed, :, 1, 0] = 0
    slopes[fixed, :, 1, 1] = 1
    inverse, good = _inverses(slopes.mean(1))
    values = values @ inverse.mT
    slopes = inverse[:, None] @ slopes
    positive, negative = _sides_of_zero(values, slopes, cells.size)
    sure = positive | negative
    sure[fixed, 1] = False
    changes = (np.abs(slopes - np.eye(2)).max(1) @ cells.size[..., None])[..., 0]
    alike = (changes <= ALIKE * cells.size).all(1)
    middle = (cells.low + cells.high) / 2
    return Turned(sure.any(1) & good, alike & good, middle - values.mean(1))


def _inverses(matrices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return inverses of (N, 2, 2) matrices, and where these are good for anything."""
    (a, b), (c, d) = matrices.transpose(1, 2, 0)
    det = a * d - b * c
    good = np.abs(det) > 1e-14 * np.abs(matrices).max((1, 2)) ** 2
    swapped = np.stack([np.stack([d, -b], 1), np.stack([-c, a], 1)], 1)
    return swapped / np.where(good, det, 1.0)[:, None, None], good


def halves(batch: FanBatch, cells: FanCells) -> FanCells:
    """Return both halves of cells, cut across the side along which they change more."""
    side, rows = _side_to_cut(batch, cells), np.arange(len(cells))
    middle = (cells.low + cells.high) / 2
    pairs = np.array(SIDES)[side]  # (C, 2, 2): two edges, with their ends
    edges = cells.low[:, None] + cells.size[:, None] * CORNERS[pairs].mean(2)
    start = cells.T[rows[:, None, None], pairs].mean(2)
    found = _looked_at(
        batch, cells.index.repeat(2), edges.reshape(-1, 2), start.reshape(-1, batch.width)
    )
    parts = []
    for end in (0, 1):
        low, high = cells.low.copy(), cells.high.copy()
        (low, high)[1 - end][rows, side] = middle[rows, side]
        kept = []
        for old, new in zip((cells.values, cells.slopes, cells.T), found, strict=True):
            moved = old.copy()
            moved[rows[:, None], pairs[:, :, 1 - end]] = new.reshape(-1, 2, *new.shape[1:])
            kept.append(moved)
        parts.append(FanCells(cells.index, cells.depth + 1, low, high, *kept))
    return parts[0].joined(parts[1])


def _side_to_cut(batch: FanBatch, cells: FanCells) -> np.ndarray:
    """Return 0 or 1 for cells that are to be cut across log s or k."""
    values, slopes, size = cells.values, cells.slopes, cells.size
    count, scale = 4 + batch.width, np.abs(cells.values).mean(1) + 1e-300
    scale += _surprise(values, slopes, size)
    bent = []
    for edges in SIDES:
        worst = np.zeros(scale.shape)
        for one, other in (*edges, *(edge[::-1] for edge in edges)):
            step = ((CORNERS[other] - CORNERS[one]) * size)[..., None]
            rest = values[:, other] - values[:, one] - (slopes[:, one] @ step)[..., 0]
            np.maximum(worst, np.abs(rest), out=worst)
        bent.append((worst / scale)[:, :count].sum(1))
    found = np.where(bent[1] > bent[0], 1, 0)
    found = np.where(size[:, 1] > SLIM * size[:, 0], 1, found)
    found = np.where(size[:, 0] > FLAT * size[:, 1], 0, found)
    return np.where(batch.turning[cells.index], found, 0)


@dataclass(frozen=True, eq=False)
class Candidates:
    """FanPlaces from which a stationary point is looked for.

    Parameters
    ----------
    cells : FanCells
    place : (C,) array of int
        Which of all cells these are.
    places : (C, 2) array
    settles : (C,) array of bool
        Whether what is found there is all that the cell can hold.
    """

    cells: FanCells
    place: np.ndarray
    places: np.ndarray
    settles: np.ndarray


def candidates(batch: FanBatch, cells: FanCells) -> tuple[Candidates, np.ndarray]:
    """Return where to look in cells, and which ones hold nothing."""
    one, other = (turned(batch, cells, columns) for columns in (slice(0, 2), slice(2, 4)))
    empty = one.empty | other.empty
    alive = np.flatnonzero((cells.T > 0).any(1).all(1) & ~empty)
    middle = (cells.low + cells.high) / 2
    places = np.where(one.regular[:, None], one.zeros, middle)
    return Candidates(cells[alive], alive, places[alive], one.regular[alive]), empty
