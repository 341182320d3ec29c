"""Stationary points of fans in doubles: cells say where to look, Newton's method finds them."""

from dataclasses import dataclass, field

import numpy as np

from reluenum.engines.fans.cells import (
    DEEPEST,
    EDGE,
    MOST,
    TOGETHER,
    FanCells,
    all_cells,
    candidates,
    halves,
    is_empty,
)
from reluenum.engines.fans.inner import FanPlaces, solved
from reluenum.engines.fans.reduced import derivatives
from reluenum.engines.fans.shapes import FanBatch

STEPS = 25
"""Of Newton's method."""

REACH = np.array([1.0, 0.25])
"""Longest of these in log s and k."""

BEYOND = np.array([5.0, 0.2])
"""How far beyond the ends of log s and k it may lead."""

STILL, STEADY = 1e-12, 1e-10
"""Size of the last step in log s and k, and relative in T."""

SAME = 1e-8
"""Difference in log s and k of what is found once."""

CLEAR = 1e-6
"""Relative size of a pre-activation whose sign is sure."""


@dataclass(frozen=True, eq=False)
class Approximation:
    """A stationary point of a fan in doubles.

    Parameters
    ----------
    s, k : float
    T : (m,) array
    weights, biases : (m,) array
        Incoming weights over output weights of the upper units, divided by s and 1.
    sums : (m,) array
        Of residuals where they are +.
    """

    s: float
    k: float
    T: np.ndarray
    weights: np.ndarray
    biases: np.ndarray
    sums: np.ndarray

    @property
    def parts(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Weights, biases and sums."""
        return self.weights, self.biases, self.sums


@dataclass(eq=False)
class Found:
    """What a search comes to for each fan.

    Parameters
    ----------
    points : list of list of Approximation
    left : list of list of (2, 2) array
        Ends of log s and k of cells in which there may be others.
    looks : (B,) array of int
        How many cells were looked at.
    rows : list of (int, (2,) array, (m,) array)
        Fan, log s with k, and T of all that was found, some of it several times.
    """

    points: list[list[Approximation]]
    left: list[list[np.ndarray]]
    looks: np.ndarray
    rows: list[tuple[int, np.ndarray, np.ndarray]] = field(default_factory=list)


def searched(batch: FanBatch) -> Found:
    """Look for all stationary points of fans."""
    found = Found([[] for _ in batch.fans], [[] for _ in batch.fans], np.zeros(len(batch), int))
    # What overflows tells nothing.
    with np.errstate(all="ignore"):
        cells = all_cells(batch)
        while len(cells):
            here, cells = cells[-TOGETHER:], cells[:-TOGETHER]
            cells = cells.joined(_left_of(batch, here, found))
        _keep_distinct(batch, found)
    return found


def _left_of(batch: FanBatch, cells: FanCells, found: Found) -> FanCells:
    """Return halves of the cells that may hold more than is found in them."""
    np.add.at(found.looks, cells.index, 1)
    cells = cells[~is_empty(batch, cells)]
    asked, empty = candidates(batch, cells)
    places, T, good = gradient_zeros(batch, asked.cells.index, asked.places, asked.cells.T.mean(1))
    inside = good & (T > 0).all(1)
    inside &= (places[:, 1] > EDGE) & (places[:, 1] < 1 - EDGE) | ~batch.turning[asked.cells.index]
    kept = (asked.cells.index[inside], places[inside], T[inside])
    found.rows += zip(*kept, strict=True)
    near = np.abs(places - (asked.cells.low + asked.cells.high) / 2) <= asked.cells.size
    settled = np.zeros(len(cells), dtype=bool)
    settled[asked.place] = asked.settles & good & near.all(1)
    cells = cells[~empty & ~settled]
    ends = (cells.depth >= DEEPEST) | (found.looks[cells.index] > MOST)
    for fan, low, high in zip(cells.index[ends], cells.low[ends], cells.high[ends], strict=True):
        found.left[fan].append(np.stack([low, high]))
    return halves(batch, cells[~ends])


def gradient_zeros(
    batch: FanBatch, index: np.ndarray, places: np.ndarray, T: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return zeros of the gradient of the reduced function by T, s and k, and where one is found.

    Parameters
    ----------
    batch : FanBatch
    index : (N,) array of int
    places : (N, 2) array
        log s and k of the start.
    T : (N, m) array
    """
    m, todo = T.shape[1], np.arange(len(T))
    places, T = places.copy(), np.maximum(T, EDGE * batch.highest[index, None])
    good = np.zeros(len(T), dtype=bool)
    for _ in range(STEPS):
        if not len(todo):
            break
        fans = index[todo]
        step = _gradient_step(batch, fans, places[todo], T[todo])
        T[todo] += step[:, :m]
        places[todo] += step[:, m:]
        still = (np.abs(step[:, m:]) < STILL).all(1)
        still &= (np.abs(step[:, :m]) <= STEADY * np.abs(T[todo]).sum(1)[:, None]).all(1)
        low = np.stack([batch.ends[fans, 0], 0.0 * fans], 1) - BEYOND
        high = np.stack([batch.ends[fans, 1], 0.0 * fans + 1], 1) + BEYOND
        lost = ~((places[todo] >= low) & (places[todo] <= high)).all(1)
        lost |= ~(T[todo] > -batch.highest[fans, None]).all(1)
        good[todo[still & ~lost]] = True
        todo = todo[~still & ~lost]
    return places, T, good


def _gradient_step(
    batch: FanBatch, index: np.ndarray, places: np.ndarray, T: np.ndarray
) -> np.ndarray:
    """Return steps in T, log s and k, shortened if they are long."""
    m, s = T.shape[1], np.exp(places[:, 0])
    found = derivatives(batch, FanPlaces.of(batch, index, s, places[:, 1]), T)
    matrix, right, fixed = found.hessian, -found.gradient, ~batch.turning[index]
    matrix[fixed, m + 1] = matrix[fixed, :, m + 1] = right[fixed, m + 1] = 0
    matrix[fixed, m + 1, m + 1] = 1
    matrix[..., m] *= s[:, None]
    scale = np.maximum(np.abs(matrix).max(2), 1e-300)
    step = solved(matrix / scale[..., None], (right / scale)[..., None])[..., 0]
    step = np.nan_to_num(step, posinf=0.0, neginf=0.0)
    size = np.abs(T)
    room = np.concatenate(
        [size + 0.1 * size.sum(1)[:, None] + 1e-3, np.tile(REACH, (len(T), 1))], 1
    )
    return step / np.maximum((np.abs(step) / room).max(1), 1)[:, None]


def _keep_distinct(batch: FanBatch, found: Found) -> None:
    """Put what rows say of fans into place, each point once, without those of wrong signs."""
    if not found.rows:
        return
    index, places, T = map(np.array, zip(*found.rows, strict=True))
    right, details = _details(batch, index, places, T)
    seen: list[list[np.ndarray]] = [[] for _ in batch.fans]
    for j in np.flatnonzero(right):
        fan, place = index[j], places[j]
        if all((np.abs(place - other) > SAME).any() for other in seen[fan]):
            seen[fan].append(place)
            numbers = (part[j] for part in details)
            point = Approximation(float(np.exp(place[0])), float(place[1]), T[j], *numbers)
            found.points[fan].append(point)


def _details(
    batch: FanBatch, index: np.ndarray, places: np.ndarray, T: np.ndarray
) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """Return where signs may be those of the stratum, and weights, biases and sums."""
    here = FanPlaces.of(batch, index, np.exp(places[:, 0]), places[:, 1])
    known = derivatives(batch, here, T)
    weights = here.damping * known.along
    biases = np.where(here.free > 0, known.total, -here.s[:, None] * weights * here.shifts)
    terms = (here.s[:, None] * weights)[..., None] * here.heights[:, None], biases[..., None]
    room = CLEAR * (np.abs(terms[0]) + np.abs(terms[1]))
    values = (terms[0] + terms[1]) * batch.wanted[index]
    torn = (values > room).any(2) & (values < -room).any(2)
    return ~torn.any(1), (weights, biases, known.total)
