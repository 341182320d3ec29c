"""Covering all (s, k) of fans by boxes without stationary points, but for regular zeros."""

from dataclasses import dataclass, field

import numpy as np

from reluenum.algebra.balls import GROWTH, UNIT, Balls
from reluenum.engines.fans.branches import (
    FanBranch,
    LocalEquations,
    ParameterBoxes,
    branch_over,
    concatenated,
    improved_start,
    start_of,
)
from reluenum.engines.fans.inner import inner_minimisers
from reluenum.engines.fans.shapes import FanBatch

DEEPEST = 30
"""How often a box is halved before it is given up."""

MOST = 200_000
"""Boxes of a fan that are looked at."""

LIMIT = 4096
"""Boxes that are looked at together."""

FIRST = 1 / 16
"""Ratio at which a box with s = 0 is cut."""


@dataclass(eq=False)
class BoxCover:
    """Boxes that are closed, that hold a regular zero at most, and that were given up."""

    closed: list = field(default_factory=list)
    zeros: list = field(default_factory=list)
    failed: list = field(default_factory=list)
    why: dict = field(default_factory=dict)


def whole_range(batch: FanBatch) -> ParameterBoxes:
    """Return for each fan a box of (s, k) that holds all stationary points."""
    count = len(batch)
    low = np.zeros((count, 2))
    least = Balls.of(fan.least for fan in batch.fans)
    top = batch.highest / (least.mid - least.rad) * (1 + 8 * UNIT)
    high = np.stack([top, np.where(batch.turning, 1.0, 0.0)], 1)
    return ParameterBoxes(np.arange(count), low, high)


@dataclass(frozen=True, eq=False)
class BoxTasks:
    """ParameterBoxes to be closed, how often they have been halved, and a start for T."""

    boxes: ParameterBoxes
    depth: np.ndarray
    start: np.ndarray

    def __len__(self) -> int:
        return len(self.boxes)

    def __getitem__(self, chosen) -> "BoxTasks":
        return BoxTasks(self.boxes[chosen], self.depth[chosen], self.start[chosen])

    def joined(self, other: "BoxTasks") -> "BoxTasks":
        """Return these tasks and others."""
        return BoxTasks(
            self.boxes.joined(other.boxes),
            np.concatenate([self.depth, other.depth]),
            np.concatenate([self.start, other.start]),
        )


def all_boxes(batch: FanBatch) -> BoxTasks:
    """Return all that is to be covered."""
    boxes = whole_range(batch)
    return BoxTasks(boxes, np.zeros(len(boxes), dtype=int), np.zeros((len(boxes), batch.width)))


def halved_tasks(found: list) -> BoxTasks:
    """Return both halved_tasks of some single boxes, given with T there: the longer side is cut."""
    boxes, T = found[0][0], np.array([T for _, T in found])
    for box, _ in found[1:]:
        boxes = boxes.joined(box)
    size = (boxes.high - boxes.low) / np.maximum(boxes.high, 1e-300)
    parts = _halved_boxes(boxes, np.where(size[:, 1] > size[:, 0], 1, 0))
    return BoxTasks(parts, np.zeros(len(parts), dtype=int), np.concatenate([T, T]))


def boxes_covered(batch: FanBatch, tasks: BoxTasks, limit: int = LIMIT) -> BoxCover:
    """Cover boxes of fans: close them, or find that they hold one zero at most."""
    found = BoxCover()
    used = np.zeros(len(batch), dtype=int)
    while len(tasks):
        poor = used[tasks.boxes.index] > MOST
        _give_up(found, tasks[poor])
        tasks = tasks[~poor]
        np.add.at(used, tasks.boxes.index[-limit:], 1)
        here, tasks = tasks[-limit:], tasks[:-limit]
        # What overflows encloses all_boxes, and closes nothing.
        with np.errstate(all="ignore"):
            tasks = tasks.joined(_box_round(batch, here, found))
    return found


def _give_up(found: BoxCover, tasks: BoxTasks) -> None:
    boxes = tasks.boxes
    found.failed += zip(boxes.index, boxes.low, boxes.high, tasks.start, strict=True)


def _box_round(batch: FanBatch, tasks: BoxTasks, found: BoxCover) -> BoxTasks:
    """Decide some boxes; return the halves of those that stay open."""
    boxes, depth, start = tasks.boxes, tasks.depth, tasks.start
    middle = boxes.middle
    T, rho = inner_minimisers(batch, boxes.index, middle[:, 0], middle[:, 1], start)
    live = T > 0
    every = live.all(1)
    x = start_of(batch, boxes, T, rho)
    x = improved_start(batch, boxes, x, live, 1)
    branch = branch_over(batch, boxes, x, live)
    verdict, gone = boxes_decided(batch, branch, live)
    # The unit that dies may do so inside the box: follow the branch on which none does.
    again = np.flatnonzero((verdict < CLOSED) & ~every)
    if len(again):
        some = boxes[again]
        alive = np.ones((len(again), batch.width), dtype=bool)
        y = improved_start(batch, some, x[again], alive, 4)
        other = branch_over(batch, some, y, alive)
        verdict[again] = np.maximum(verdict[again], boxes_decided(batch, other, alive)[0])
    # Nor may it matter which unit is the first to live, if another is dead both before and after.
    again = np.flatnonzero((verdict < CLOSED) & ~live.any(1))
    if len(again) and batch.width > 1:
        some = boxes[again]
        alive = np.argmax(branch.centre.size.mid[again], 1)[:, None] == np.arange(batch.width)
        other = branch_over(batch, some, improved_start(batch, some, x[again], alive, 6), alive)
        both = gone[again] & boxes_decided(batch, other, alive)[1]
        verdict[again[both.any(1)]] = CLOSED + 7
    above = beyond_bound(batch, boxes)
    verdict[above] = CLOSED + 9
    for k in np.flatnonzero(verdict >= CLOSED):
        found.closed.append((boxes.index[k], boxes.low[k], boxes.high[k], T[k]))
        found.why[verdict[k]] = found.why.get(verdict[k], 0) + 1
    for k in np.flatnonzero(verdict == REGULAR):
        found.zeros.append((boxes.index[k], boxes.low[k], boxes.high[k], T[k]))
    rest = verdict < REGULAR
    ends = rest & (depth >= DEEPEST)
    _give_up(found, BoxTasks(boxes, depth, T)[ends])
    rest &= ~ends
    depth, T = depth[rest] + 1, T[rest]
    parts = _halved_boxes(boxes[rest], _sides(batch, branch)[rest])
    return BoxTasks(parts, np.concatenate([depth, depth]), np.concatenate([T, T]))


OPEN, REGULAR, CLOSED = 0, 1, 2


def beyond_bound(batch: FanBatch, boxes: ParameterBoxes) -> np.ndarray:
    """Return where s |e|^2 is too large for a stationary point (Lemma D23)."""
    p = boxes.balls
    terms = batch.square[boxes.index]
    k = p[:, 1]
    square = terms[:, 0] + k * terms[:, 1] + k.square() * terms[:, 2]
    low = boxes.low[:, 0] * (square.mid - square.rad) * (1 - 4 * UNIT)
    return low > batch.highest[boxes.index]


def boxes_decided(batch: FanBatch, branch: FanBranch, live: np.ndarray) -> np.ndarray:
    """Return whether boxes are closed, regular, or open, and which units are surely dead there."""
    local, centre = branch.local, branch.centre
    N, m, n = local.masks.shape
    every = live.all(1)
    wide = n + 5 * m
    zero = Balls.exact(np.zeros((N, m, wide)))
    # T, on the box
    unit = np.broadcast_to(np.eye(m), (N, m, m))
    by_x = Balls.exact(
        np.concatenate([np.zeros((N, m, n + 2 * m)), unit, np.zeros((N, m, 2 * m))], 2)
    )
    none = Balls.exact(np.zeros((N, m, 2)))
    T, _, _ = branch.ranges(centre.T, by_x, none)
    # 1 - |Gamma|^2, on the box
    by_s, by_k = local.scale_slopes
    two, a, b = Balls.exact(2.0), local.a, local.b
    size_a, size_b = local.scale * a * two, local.free * b * two
    eye = Balls.exact(unit)
    empty = Balls.exact(np.zeros((N, m, n)))
    by_x = concatenated(
        [empty, size_a[..., None] * eye, size_b[..., None] * eye, zero[..., : 3 * m]], 2
    )
    by_p = concatenated([(by_s * a.square())[..., None], (by_k * a.square())[..., None]], 2)
    size, _, _ = branch.ranges(centre.size, by_x, by_p)
    room = Balls.exact(1.0) - size
    # signs
    slopes, by_p = local.shown_slopes
    count = m * n
    by_x = Balls(np.zeros((N, m, n, wide)), np.zeros((N, m, n, wide)))
    for j in range(m):
        for part in range(2):
            by_x.mid[:, j, :, n + part * m + j] = slopes.mid[:, j, :, part]
            by_x.rad[:, j, :, n + part * m + j] = slopes.rad[:, j, :, part]
    signs, _, _ = branch.ranges(
        centre.shown.reshape(N, count),
        by_x.reshape(N, count, wide),
        by_p.reshape(N, count, 2),
    )
    signs = signs.reshape(N, m, n)
    with np.errstate(invalid="ignore"):
        positive, negative = signs.positive().any(2), signs.negative().any(2)
        sign_broken = (positive & negative).any(1)
        dead_below = (~live & room.positive()).any(1)
        dead_fine = (live | ~room.negative() & (room.mid >= room.rad)).all(1)
        T_fine = (~live | (T.mid >= T.rad)).all(1)
        T_below = T.negative().any(1)
    convex = T_fine | _definite(batch, local, T)
    proved = branch.proved & convex
    # gradient
    by_x, by_p = local.gradient_slopes
    gradient, middle, along = branch.ranges(centre.gradient, by_x, by_p)
    turning = batch.turning[branch.boxes.index]
    with np.errstate(invalid="ignore"):
        far = gradient.positive() | gradient.negative()
    no_zero = far[:, 0] | far[:, 1] & turning
    combined, regular = _preconditioned(branch, middle, along, turning)
    verdict = np.zeros(N, dtype=int)
    verdict[proved & every & regular] = REGULAR
    verdict[proved & every & combined] = CLOSED + 1
    verdict[proved & every & no_zero] = CLOSED + 2
    verdict[proved & every & sign_broken] = CLOSED + 3
    verdict[proved & every & T_below] = CLOSED + 4
    verdict[proved & ~every & T_fine & dead_fine & sign_broken] = CLOSED + 5
    verdict[proved & ~every & T_fine & dead_fine & dead_below] = CLOSED + 6
    return verdict, (proved[:, None] & ~live & room.positive())


def _definite(batch: FanBatch, local: LocalEquations, T: Balls) -> np.ndarray:
    """Return where H is surely positive definite, though some T may be negative."""
    diagonal = batch.diagonal[local.index]
    least = np.where(batch.active[local.index], diagonal.mid - diagonal.rad, np.inf)
    inverse = Balls(1 / least, 4 * UNIT / least)[:, None, :]
    one = (local.first.square() * inverse).sum(2) * local.scale
    two = (local.masks * inverse).sum(2) * local.free
    with np.errstate(invalid="ignore"):
        below = np.maximum(T.rad - T.mid, 0)
        return (below * (one + two).magnitude()).sum(1) * GROWTH < 1


def _preconditioned(branch: FanBranch, gradient: Balls, along: Balls, turning: np.ndarray):
    """Return where a combination of the derivatives has no zero, and where there is one at most."""
    matrix = np.where(np.isfinite(along.mid), along.mid, 0.0)
    matrix = np.where(turning[:, None, None], matrix, matrix * np.array([[1.0, 0], [0, 0]]))
    matrix = matrix + np.where(turning, 0.0, 1.0)[:, None, None] * np.diag([0.0, 1.0])
    det = matrix[:, 0, 0] * matrix[:, 1, 1] - matrix[:, 0, 1] * matrix[:, 1, 0]
    adjoint = np.stack(
        [
            np.stack([matrix[:, 1, 1], -matrix[:, 0, 1]], 1),
            np.stack([-matrix[:, 1, 0], matrix[:, 0, 0]], 1),
        ],
        1,
    )
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        Z = Balls.exact(np.nan_to_num(adjoint / det[:, None, None], posinf=0, neginf=0))
        flat = Balls(gradient.mid * 1.0, gradient.rad)
        flat.mid[:, 1] *= turning
        flat.rad[:, 1] *= turning
        mid, rad = along.mid.copy(), along.rad.copy()
        off = ~turning
        mid[off, 0, 1] = mid[off, 1, 0] = rad[off, 0, 1] = rad[off, 1, 0] = rad[off, 1, 1] = 0
        mid[off, 1, 1] = 1
        product = Z @ Balls(mid, rad)
        start = (Z @ flat[..., None])[..., 0]
        reach = Balls(np.zeros(branch.boxes.reach.shape), branch.boxes.reach)
        value = start + (product @ reach[..., None])[..., 0]
        away = value.positive() | value.negative()
        away[:, 1] &= turning
        defect = (product - Balls.exact(np.eye(2))).magnitude()
        scaled = (defect @ branch.boxes.reach[..., None])[..., 0]
        small = scaled < branch.boxes.reach
        regular = small[:, 0] & (small[:, 1] | ~turning)
    return away.any(1), regular


def _sides(batch: FanBatch, branch: FanBranch) -> np.ndarray:
    """Return which parameter is to be cut: that which moves x the most."""
    reach = branch.boxes.reach
    n = branch.local.masks.shape[2]
    x = np.abs(branch.centre.x.mid)[:, n:]
    moves = np.nan_to_num(np.abs(branch.speeds[:, n:]) * reach[:, None, :], posinf=1e300)
    total = (moves / (x + 1e-3 * x.max(1, keepdims=True) + 1e-12)[..., None]).sum(1)
    ratio = branch.boxes.high[:, 0] / np.maximum(branch.boxes.low[:, 0], 1e-300)
    cut = (total[:, 1] > total[:, 0]) & batch.turning[branch.boxes.index]
    cut &= ~((ratio > 4) & (2 * total[:, 0] > 0.1 * total[:, 1]))
    return cut * 1


def _halved_boxes(boxes: ParameterBoxes, sides: np.ndarray) -> ParameterBoxes:
    low, high = boxes.low, boxes.high
    with np.errstate(invalid="ignore"):
        wide = high[:, 0] > 4 * low[:, 0]
        geometric = np.sqrt(low[:, 0] * high[:, 0])
    at_s = np.where(
        low[:, 0] == 0,
        high[:, 0] * FIRST,
        np.where(wide, geometric, 0.5 * (low[:, 0] + high[:, 0])),
    )
    at_k = 0.5 * (low[:, 1] + high[:, 1])
    first, second = low.copy(), high.copy()
    rows = np.arange(len(boxes))
    cut = np.where(sides == 0, at_s, at_k)
    second[rows, sides] = cut
    first[rows, sides] = cut
    return ParameterBoxes(boxes.index, low, second).joined(ParameterBoxes(boxes.index, first, high))
