"""Covering all (s, k) of fans by boxes without stationary points, but for regular zeros.

Large s are excluded first, for whole intervals of k (`barriers`). What is left is shortened in s
from both ends, by steps that the monotonicity of Theorem D22 allows, until what remains is so flat
that the inner minimiser can be enclosed over all of it (`looks`); what resists is halved.
"""

from dataclasses import dataclass, field

import numpy as np

from reluenum.algebra.balls import UNIT
from reluenum.engines.fans.barriers import SCALES, SMALLEST, Barrier, comparison_scales
from reluenum.engines.fans.branches import ParameterBoxes
from reluenum.engines.fans.looks import looked_at
from reluenum.engines.fans.shapes import Fan, FanBatch

DEEPEST = 60
"""How often a box is halved before it is given up."""

MOST = 150_000
"""Boxes of a fan that are looked at."""

LIMIT = 4096
"""Boxes that are looked at together."""

SLICES = 16
"""Intervals of k at the start."""

FINEST = 1 / 2048
"""Length below which none is cut."""

FIRST = 1 / 16
"""Ratio at which a box with s = 0 is cut."""

TALL = 1.2
"""Ratio of the ends of s above which a box is shortened before it is looked at."""

BIAS = 6.0
"""How much rather tall boxes are cut in k: s is shortened by steps."""

SLIMMEST = 4096
"""Largest ratio of the sides of a box."""

WORTHWHILE = 0.2
"""Part of its height by which a box has to be shortened."""

FLAT, BOTTOM, TOP = 0, 1, 2


Row = tuple[int, np.ndarray, np.ndarray, np.ndarray]


@dataclass(eq=False)
class BoxCover:
    """What became of boxes, each with its fan, its ends and T at its middle.

    Parameters
    ----------
    closed, failed : list of Row
        No stationary point; not known.
    zeros, proved : list of Row
        One zero of the gradient at most; those that are done with.
    looks : (B,) array of int
        How many boxes of each fan were looked at.
    """

    looks: np.ndarray
    closed: list[Row] = field(default_factory=list)
    zeros: list[Row] = field(default_factory=list)
    proved: list[Row] = field(default_factory=list)
    failed: list[Row] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class BoxTasks:
    """Boxes to be closed.

    Parameters
    ----------
    boxes : ParameterBoxes
    start : (N, m) array
        T near them.
    depth : (N,) array of int
        How often they have been halved.
    side : (N,) array of int
        Where they are looked at: everywhere, or at an end of s.
    failed : (N,) array of int
        How many ends in a row did not help.
    """

    boxes: ParameterBoxes
    start: np.ndarray
    depth: np.ndarray
    side: np.ndarray
    failed: np.ndarray

    @classmethod
    def new(cls, boxes: ParameterBoxes, start: np.ndarray, depth: np.ndarray) -> "BoxTasks":
        """Return tasks that begin at the upper end of what is tall."""
        low, high = boxes.low[:, 0], boxes.high[:, 0]
        side = np.where((low > 0) & (high > TALL * low), TOP, FLAT)
        return cls(boxes, start, depth, side, np.zeros(len(boxes), dtype=int))

    def __len__(self) -> int:
        return len(self.boxes)

    def __getitem__(self, chosen) -> "BoxTasks":
        return BoxTasks(
            self.boxes[chosen],
            self.start[chosen],
            self.depth[chosen],
            self.side[chosen],
            self.failed[chosen],
        )

    def joined(self, other: "BoxTasks") -> "BoxTasks":
        """Return these tasks and others."""
        names = ("start", "depth", "side", "failed")
        rest = [np.concatenate([getattr(self, name), getattr(other, name)]) for name in names]
        return BoxTasks(self.boxes.joined(other.boxes), *rest)

    def halves(self, sides: np.ndarray) -> "BoxTasks":
        """Return both halves of each, cut in s (0) or in k (1)."""
        parts = _halved_boxes(self.boxes, sides)
        return BoxTasks.new(parts, np.tile(self.start, (2, 1)), np.tile(self.depth + 1, 2))


def all_boxes(batch: FanBatch) -> tuple[BoxTasks, BoxCover]:
    """Return what is to be covered, and what is closed already (Lemmas D23, D34 and D35)."""
    slices = [_slices(fan) for fan in batch.fans]
    index = np.repeat(np.arange(len(batch)), list(map(len, slices)))
    low, high = np.array([ends for parts in slices for ends in parts]).T
    turning = batch.turning[index]
    top = batch.highest / (batch.least.mid - batch.least.rad) * (1 + 8 * UNIT)
    scales = top[index, None] * np.geomspace(SMALLEST, 1.0, SCALES)
    with np.errstate(all="ignore"):
        reached = comparison_scales(batch, index, low, high, scales)
    for j in np.flatnonzero(turning):
        barrier = Barrier(batch.fans[index[j]], low[j], high[j])
        reached[j] = min(reached[j], barrier.scale(scales[j]))
    reached = np.minimum(reached, scales[:, -1])
    found = BoxCover(looks=np.zeros(len(batch), dtype=int))
    none = np.zeros((len(index), batch.width))
    upper = [np.stack([part, k], 1) for part, k in ((reached, low), (scales[:, -1], high))]
    closed = reached < scales[:, -1]
    found.closed += _rows_of_boxes(ParameterBoxes(index, *upper)[closed], none[closed])
    lower = [np.stack([part, k], 1) for part, k in ((0 * reached, low), (reached, high))]
    depth = np.zeros(len(index), dtype=int)
    return BoxTasks.new(ParameterBoxes(index, *lower), none, depth), found


def _slices(fan: Fan) -> list[tuple[float, float]]:
    """Return intervals of k, small ones where the first-layer unit is nearly constant."""
    if not fan.is_turning:
        return [(0.0, 0.0)]
    found, left = [], [(place / SLICES, (place + 1) / SLICES) for place in range(SLICES)]
    while left:
        low, high = left.pop()
        if high - low > FINEST and not Barrier(fan, low, high).is_sloping:
            middle = 0.5 * low + 0.5 * high
            left += [(low, middle), (middle, high)]
        else:
            found.append((low, high))
    return found


def halved_tasks(found: list[tuple[ParameterBoxes, np.ndarray]]) -> BoxTasks:
    """Return both halves of some single boxes, given with T there: the longer side is cut."""
    boxes, T = found[0][0], np.array([T for _, T in found])
    for box, _ in found[1:]:
        boxes = boxes.joined(box)
    size = (boxes.high - boxes.low) / np.maximum(boxes.high, 1e-300)
    tasks = BoxTasks.new(boxes, T, np.zeros(len(boxes), dtype=int))
    return tasks.halves(np.where(size[:, 1] > size[:, 0], 1, 0))


def boxes_covered(batch: FanBatch, tasks: BoxTasks, found: BoxCover) -> None:
    """Cover boxes of fans: close them, or find that they hold one zero at most."""
    # What overflows encloses all numbers, and closes nothing.
    with np.errstate(all="ignore"):
        while len(tasks):
            poor = found.looks[tasks.boxes.index] > MOST
            _give_up(found, tasks[poor])
            tasks = tasks[~poor]
            here, tasks = tasks[-LIMIT:], tasks[:-LIMIT]
            np.add.at(found.looks, here.boxes.index, 1)
            flat = here.side == FLAT
            tasks = tasks.joined(_tried(batch, here[flat], found))
            tasks = tasks.joined(_stepped_boxes(batch, here[~flat], found))


def _give_up(found: BoxCover, tasks: BoxTasks) -> None:
    found.failed += _rows_of_boxes(tasks.boxes, tasks.start)


def _rows_of_boxes(boxes: ParameterBoxes, T: np.ndarray) -> list[Row]:
    return list(zip(boxes.index, boxes.low, boxes.high, T, strict=True))


def _tried(batch: FanBatch, tasks: BoxTasks, found: BoxCover) -> BoxTasks:
    """Look at all of some boxes; return the halves of those that stay open."""
    if not len(tasks):
        return tasks
    seen = looked_at(batch, tasks.boxes, tasks.start)
    found.closed += _rows_of_boxes(tasks.boxes[seen.closed], seen.T[seen.closed])
    found.zeros += _rows_of_boxes(tasks.boxes[seen.regular], seen.T[seen.regular])
    rest = ~seen.closed & ~seen.regular
    ends = rest & (tasks.depth >= DEEPEST)
    _give_up(found, tasks[ends])
    rest &= ~ends
    left = BoxTasks(tasks.boxes, seen.T, tasks.depth, tasks.side, tasks.failed)[rest]
    return left.halves(_sides(batch, left.boxes, seen.moves[rest]))


def _stepped_boxes(batch: FanBatch, tasks: BoxTasks, found: BoxCover) -> BoxTasks:
    """Look at one end of some boxes and step from there; hand on what is left.

    The derivative by s is |e|^2 - G / s^2, and G does not decrease: if it is negative at s, it
    stays so up to sqrt(G) / |e|, and if it is positive, down to it (Theorem D22).
    """
    if not len(tasks):
        return tasks
    boxes, top = tasks.boxes, tasks.side == TOP
    s = np.where(top, boxes.high[:, 0], boxes.low[:, 0])
    low, high = boxes.low.copy(), boxes.high.copy()
    low[:, 0] = high[:, 0] = s
    seen = looked_at(batch, ParameterBoxes(boxes.index, low, high), tasks.start, flat=False)
    square = _largest_square(batch, boxes)
    down = np.sqrt(np.maximum(1 - seen.below / square, 0)) * (1 + 16 * UNIT)
    up = np.sqrt(1 - seen.above / square) * (1 - 16 * UNIT)
    useful = np.where(top, seen.below > 0, seen.above < 0)
    reached = np.where(useful, s * np.where(top, down, up), s)
    reached = np.clip(np.nan_to_num(reached, nan=-1.0), boxes.low[:, 0], boxes.high[:, 0])
    reached = np.where(useful, reached, s)
    low, high = boxes.low.copy(), boxes.high.copy()
    low[:, 0], high[:, 0] = np.where(top, reached, s), np.where(top, s, reached)
    moved = low[:, 0] < high[:, 0]
    found.closed += _rows_of_boxes(ParameterBoxes(boxes.index, low, high)[moved], seen.T[moved])
    low[:, 0] = np.where(top, boxes.low[:, 0], reached)
    high[:, 0] = np.where(top, reached, boxes.high[:, 0])
    height = np.log(boxes.high[:, 0] / boxes.low[:, 0])
    gained = np.abs(np.log(reached / s)) > WORTHWHILE * height
    failed = np.where(gained, 0, tasks.failed + 1)
    side = np.where(gained, tasks.side, TOP + BOTTOM - tasks.side)
    side = np.where(high[:, 0] > TALL * low[:, 0], side, FLAT)
    side = np.where(failed >= 2, FLAT, side)
    left = BoxTasks(ParameterBoxes(boxes.index, low, high), seen.T, tasks.depth, side, failed)
    return left[low[:, 0] < high[:, 0]]


def _largest_square(batch: FanBatch, boxes: ParameterBoxes) -> np.ndarray:
    """Return upper bounds of |e|^2, which is convex in k."""
    found = []
    for k in (boxes.low[:, 1], boxes.high[:, 1]):
        terms = batch.square.mid[boxes.index]
        slack = batch.square.rad[boxes.index].sum(1) + 8 * UNIT * np.abs(terms).sum(1)
        found.append(terms[:, 0] + k * (terms[:, 1] + k * terms[:, 2]) + slack)
    return np.maximum(*found) * (1 + 4 * UNIT)


def _sides(batch: FanBatch, boxes: ParameterBoxes, moves: np.ndarray) -> np.ndarray:
    """Return which parameter is to be cut: that which moves the minimiser the most."""
    ratio = boxes.high[:, 0] / np.maximum(boxes.low[:, 0], 1e-300)
    bias = np.where((ratio > TALL) & (boxes.low[:, 0] > 0), BIAS, 1.0)
    cut = (bias * moves[:, 1] > moves[:, 0]) & batch.turning[boxes.index]
    cut &= ~((ratio > 4) & (20 * moves[:, 0] > moves[:, 1]))
    height, width = np.minimum(ratio - 1, 1.0), boxes.high[:, 1] - boxes.low[:, 1]
    return np.where(width * SLIMMEST < height, 0, np.where(height * SLIMMEST < width, 1, cut * 1))


def _halved_boxes(boxes: ParameterBoxes, sides: np.ndarray) -> ParameterBoxes:
    low, high = boxes.low, boxes.high
    bottom, top = low[:, 0], high[:, 0]
    wide = np.where(bottom == 0, top * FIRST, np.sqrt(bottom * top))
    at_s = np.where(top > 4 * bottom, wide, 0.5 * (bottom + top))
    at_k = 0.5 * (low[:, 1] + high[:, 1])
    first, second = low.copy(), high.copy()
    rows = np.arange(len(boxes))
    first[rows, sides] = second[rows, sides] = np.where(sides == 0, at_s, at_k)
    return ParameterBoxes(boxes.index, low, second).joined(ParameterBoxes(boxes.index, first, high))
