"""Covering all X of a stratum by intervals without stationary points (Theorem D15, Lemma D56).

What stays open are narrow intervals around zeros of E at which no sign of the stratum is violated.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from reluenum.algebra.balls import GROWTH, Balls
from reluenum.engines.towers.batches import TowerBatch
from reluenum.engines.towers.enclosures import Conditions, in_balls, level
from reluenum.engines.towers.inner import minimal_T

MOST_INTERVALS = 200
"""Into how many intervals one stratum may fall; where columns depend, nothing ever closes."""

WORTHWHILE = 0.75
"""To which part of its length on a logarithmic scale a step has to shorten an interval."""

SPARED = 1e-6
"""Part of a step that is left to the next one, for a checker that rounds otherwise."""


@dataclass(eq=False)
class TowerCover:
    """Intervals that are closed, and those that stay open, of B strata.

    Parameters
    ----------
    steps : list of (stratum, X, T, reached)
        Between X and sqrt(G(X)), which is beyond what is reached, is no stationary point.
    blocks : list of (stratum, low, high, X, T)
        Neither is there in these: a sign is violated or a unit is zero throughout.
    open : list of (stratum, low, high, T)
    given_up : dict of int to (float, float)
        Strata that fell into too many intervals, and between what these are.
    """

    steps: list = field(default_factory=list)
    blocks: list = field(default_factory=list)
    open: list = field(default_factory=list)
    given_up: dict[int, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Intervals:
    """Intervals of X to be covered: stratum, ends, which end is next, failures, a start for T."""

    index: np.ndarray
    low: np.ndarray
    high: np.ndarray
    upper: np.ndarray
    failed: np.ndarray
    start: np.ndarray

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, chosen) -> "Intervals":
        return Intervals(*(values[chosen] for values in self._fields()))

    def _fields(self) -> Iterator[np.ndarray]:
        return (getattr(self, name) for name in self.__dataclass_fields__)

    def joined(self, other: "Intervals") -> "Intervals":
        """Return these tasks and others."""
        pairs = zip(self._fields(), other._fields(), strict=True)
        return Intervals(*(np.concatenate(pair) for pair in pairs))


def lowest(batch: TowerBatch) -> np.ndarray:
    """Return for each stratum an X up to which w = 0 is the inner minimiser.

    Without kinks B = X S / (ridge + X N), and |u_j| is convex in B / S, so bounded by its values at
    0 and 1 / N; with kinks B = 0, and the multiplier of one of them is minus the sum of all the
    rest. Where u = 0 any X will do.
    """
    C = batch.rows.columns[batch.faces] * Balls.exact(batch.seen[:, None, None, :].astype(float))
    weights = Balls.exact(batch.counts * batch.active)
    weighted = batch.targets * weights
    first = batch.kinks.argmax(1)
    kinked = Balls.exact(batch.kinks.any(1).astype(float)[:, None])
    place = Balls.exact(1.0 * (np.arange(C.shape[3]) == first[:, None]))
    fixed = weighted - place * kinked * weighted.sum(1).reshape(-1, 1)
    ridge = batch.ridge.mid - batch.ridge.rad
    start = (C @ fixed[:, None, :, None])[..., 0]
    moved = (C @ weights[:, None, :, None])[..., 0] * (Balls.exact(1.0) - kinked).reshape(-1, 1, 1)
    mass = weighted.sum(1).reshape(-1, 1, 1)
    largest = Balls.exact((GROWTH / weights.mid.sum(1))[:, None, None])  # B / S is at most 1 / N
    end = start - moved * mass * largest
    size = np.maximum(*(v.square().sum(2).magnitude().max(1) for v in (start, end)))
    with np.errstate(divide="ignore"):
        X = ridge**2 / (size * GROWTH) / GROWTH / GROWTH
    return np.where(np.isfinite(X), X, 1.0)


def all_intervals(batch: TowerBatch) -> Intervals:
    """Return all X of all strata at which w = 0 need not be the inner minimiser."""
    count, width = batch.faces.shape
    ones, none = np.ones(count, dtype=bool), np.zeros(count, dtype=int)
    start = np.zeros((count, width))
    tasks = Intervals(np.arange(count), lowest(batch), batch.highest.max(1), ones, none, start)
    return tasks[tasks.low < tasks.high]


def cover_towers(batch: TowerBatch, tasks: Intervals, narrow: float) -> TowerCover:
    """Cover intervals as far as balls around residuals can; open ones have ends of that ratio."""
    with np.errstate(all="ignore"):  # what is not a number encloses everything
        return _covered(batch, tasks, narrow)


def _covered(batch: TowerBatch, tasks: Intervals, narrow: float) -> TowerCover:
    found = TowerCover()
    while len(tasks):
        tasks = _shorter_intervals(batch, tasks, found, narrow)
        many = np.bincount(tasks.index, minlength=len(batch)) > MOST_INTERVALS
        for k in np.flatnonzero(many).tolist():
            same = tasks[tasks.index == k]
            found.given_up[k] = float(same.low.min()), float(same.high.max())
        tasks = tasks[~many[tasks.index]]
    if found.open:
        index, low, high, start = map(np.array, zip(*found.open, strict=True))
        T = minimal_T(batch, index, np.sqrt(low * high), start)
        found.open = list(zip(index, low, high, T, strict=True))
    return found


def _shorter_intervals(
    batch: TowerBatch, tasks: Intervals, found: TowerCover, ratio: float
) -> Intervals:
    """Evaluate one end of every interval and shorten it; hand on, or split, what resists."""
    X = np.where(tasks.upper, tasks.high, tasks.low)
    T = minimal_T(batch, tasks.index, X, tasks.start)
    at = in_balls(batch, tasks.index, X, T)
    below, above = level(at)
    with np.errstate(invalid="ignore"):
        down = np.sqrt(np.maximum(above, 0)) * (1 + SPARED)
        up = np.sqrt(np.maximum(below, 0)) * (1 - SPARED)
    stepped = np.where(tasks.upper, down, up)
    conditions = Conditions.of(at)
    q = 1 + conditions.proposed
    reached = np.where(tasks.upper, X / q**2, X * q**2)
    reached = np.where(tasks.upper, np.maximum(reached, tasks.low), np.minimum(reached, tasks.high))
    ball = conditions.closed(np.fmin(X, reached), np.fmax(X, reached))
    reached = np.where(ball, reached, X)
    better = np.where(tasks.upper, stepped <= reached, stepped >= reached)
    moves = np.where(tasks.upper, stepped < X, stepped > X)
    by_step, by_ball = better & moves, ball & ~(better & moves)
    for k in np.flatnonzero(by_step):
        found.steps.append((tasks.index[k], X[k], at.T[k], stepped[k]))
    for k in np.flatnonzero(by_ball):
        ends = sorted((X[k], reached[k]))
        found.blocks.append((tasks.index[k], *ends, X[k], at.T[k]))
    end = np.where(by_step, stepped, reached)
    low = np.where(tasks.upper, tasks.low, np.maximum(end, tasks.low))
    high = np.where(tasks.upper, np.minimum(end, tasks.high), tasks.high)
    with np.errstate(divide="ignore", invalid="ignore"):
        gained = np.log(high / low) < WORTHWHILE * np.log(tasks.high / tasks.low)
    failed = np.where(gained, 0, tasks.failed + 1)
    upper = np.where(gained & moves, tasks.upper, ~tasks.upper)
    left = Intervals(tasks.index, low, high, upper, failed, T)[low < high]
    narrow = left.high < ratio * left.low
    for k in np.flatnonzero(narrow):
        found.open.append((left.index[k], left.low[k], left.high[k], left.start[k]))
    left = left[~narrow]
    stuck = left.failed >= 2
    return left[~stuck].joined(_halved(left[stuck]))


def _halved(tasks: Intervals) -> Intervals:
    middle = np.sqrt(tasks.low * tasks.high)
    ones = np.ones(len(tasks), dtype=bool)
    none = np.zeros(len(tasks), dtype=int)
    lower = Intervals(tasks.index, tasks.low, middle, ones, none, tasks.start)
    upper = Intervals(tasks.index, middle, tasks.high, ~ones, none, tasks.start)
    return lower.joined(upper)
