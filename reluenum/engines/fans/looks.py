"""What the inner minimiser says of boxes: closed, at most one zero, or how far steps in s lead."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from reluenum.algebra.balls import GROWTH, Balls
from reluenum.engines.fans.branches import (
    FanBranch,
    ParameterBoxes,
    branch_over,
    concatenated,
    improved_start,
    start_of,
)
from reluenum.engines.fans.inner import inner_minimisers
from reluenum.engines.fans.shapes import FanBatch

FLOOR = 1e-12
"""Least eigenvalue of H in doubles at which it may be proved positive definite."""


SHARE = 0.1
"""Part of the largest T to which changes of small ones are compared."""


@dataclass(frozen=True, eq=False)
class Look:
    """The branch over boxes on which some upper units live, and what follows from it.

    Parameters
    ----------
    batch : FanBatch
    branch : FanBranch
    live : (N, m) array of bool
    """

    batch: FanBatch
    branch: FanBranch
    live: np.ndarray

    @classmethod
    def near(
        cls, batch: FanBatch, boxes: ParameterBoxes, x: np.ndarray, live: np.ndarray, steps: int
    ) -> "Look":
        """Enclose the branch near an approximation."""
        x = improved_start(batch, boxes, x, live, steps)
        return cls(batch, branch_over(batch, boxes, x, live), live)

    @cached_property
    def T(self) -> Balls:
        """T on the boxes, (N, m)."""
        N, m, n = self.branch.local.masks.shape
        unit = np.broadcast_to(np.eye(m), (N, m, m))
        before, after = np.zeros((N, m, n + 2 * m)), np.zeros((N, m, 2 * m))
        by_x = Balls.exact(np.concatenate([before, unit, after], 2))
        none = Balls.exact(np.zeros((N, m, 2)))
        return self.branch.ranges(self.branch.centre.T, by_x, none)[0]

    @property
    def room(self) -> Balls:
        """1 - |Gamma|^2 / ridge^2 on the boxes, (N, m)."""
        return Balls.exact(1.0) - self._sizes[0]

    @cached_property
    def _sizes(self) -> tuple[Balls, Balls]:
        """|Gamma|^2 / ridge^2 on the boxes, and its slopes by k."""
        local = self.branch.local
        N, m, n = local.masks.shape
        eye, two = Balls.exact(np.broadcast_to(np.eye(m), (N, m, m))), Balls.exact(2.0)
        by_s, by_k = local.scale_slopes
        by_a = (local.scale * local.a * two)[..., None] * eye
        by_b = (local.free * local.b * two)[..., None] * eye
        before, after = np.zeros((N, m, n)), np.zeros((N, m, 3 * m))
        by_x = concatenated([Balls.exact(before), by_a, by_b, Balls.exact(after)], 2)
        square = local.a.square()
        by_p = concatenated([(by_s * square)[..., None], (by_k * square)[..., None]], 2)
        size, _, slopes = self.branch.ranges(self.branch.centre.size, by_x, by_p)
        return size, slopes[:, :, 1]

    @cached_property
    def gradient(self) -> tuple[Balls, Balls, Balls]:
        """Derivatives of the reduced function by s and k: on boxes, at middles, and slopes."""
        by_x, by_p = self.branch.local.gradient_slopes
        return self.branch.ranges(self.branch.centre.gradient, by_x, by_p)

    @cached_property
    def spread(self) -> np.ndarray:
        """How far, in the norm of H, a stationary point's residuals can be from the branch's, (N,).

        They are on it unless a unit without weight has |Gamma| > ridge somewhere (Lemma D36).
        """
        local = self.branch.local
        none = self.live | self.parting
        excess = np.where(none, 0.0, np.maximum(self.room.rad - self.room.mid, 0)).max(1)
        total = np.where(self.live, self.T.mid + self.T.rad, 0.0).sum(1)
        weights = self.batch.diagonal[local.index] * local.rho.square()
        size = 0.5 * excess * excess * weights.magnitude().sum(1)
        found = 0.5 * (np.sqrt(size) + np.sqrt(size + 4 * excess * total))
        return np.where(excess <= 0, 0.0, np.nan_to_num(found * GROWTH, nan=np.inf, posinf=np.inf))

    def _widened(self, values: Balls, seen: Balls) -> Balls:
        """Return what features say of a stationary point's residuals."""
        weights = self.batch.weights[self.branch.boxes.index]
        norm = (seen.square() * weights[:, None, :]).magnitude().sum(2)
        slack = np.sqrt(0.5 * norm) * self.spread[:, None] * GROWTH
        return values.widened(np.where(self.spread[:, None] > 0, slack, 0.0))

    @cached_property
    def duals(self) -> tuple[Balls, Balls, Balls]:
        """a, b and a^k of stationary points in the boxes, (N, m) each."""
        local = self.branch.local
        return (
            self._widened(local.a, local.first),
            self._widened(local.b, local.masks),
            self._widened(local.turned, local.first_slope),
        )

    @cached_property
    def sign_broken(self) -> np.ndarray:
        """Where some unit surely has signs that its row has not, whatever the sign of w, (N,)."""
        signs = self._shown if (self.spread == 0).all() else self._shown_widely
        return (signs.positive().any(2) & signs.negative().any(2)).any(1)

    @property
    def _shown_widely(self) -> Balls:
        local, (a, b, _) = self.branch.local, self.duals
        lifted = local.heights[0][:, None, :] - local.shift[..., None]
        value = (local.scale * a)[..., None] * lifted + (local.free * b)[..., None]
        near = (self.spread == 0)[:, None, None]
        wide, exact = value * local.signs, self._shown
        return Balls(np.where(near, exact.mid, wide.mid), np.where(near, exact.rad, wide.rad))

    @cached_property
    def _shown(self) -> Balls:
        """Pre-activations on the branch, times the signs of the rows, (N, m, n)."""
        local = self.branch.local
        N, m, n = local.masks.shape
        wide = n + 5 * m
        slopes, by_p = local.shown_slopes
        by_x = Balls(np.zeros((N, m, n, wide)), np.zeros((N, m, n, wide)))
        for j in range(m):
            places = [n + j, n + m + j]
            by_x.mid[:, j, :, places] = slopes.mid[:, j].transpose(2, 0, 1)
            by_x.rad[:, j, :, places] = slopes.rad[:, j].transpose(2, 0, 1)
        count = m * n
        signs, _, _ = self.branch.ranges(
            self.branch.centre.shown.reshape(N, count),
            by_x.reshape(N, count, wide),
            by_p.reshape(N, count, 2),
        )
        return signs.reshape(N, m, n)

    @cached_property
    def cone_broken(self) -> np.ndarray:
        """Where no T > 0 surely makes both derivatives vanish, (N,) (Lemma D37).

        They are linear in T: all units pull to the same side of the ray that they should sum to.
        """
        local, (a, _, turned) = self.branch.local, self.duals
        two, square, d = Balls.exact(2.0), local.square, local.share
        inner = turned - local.scale * local.shift * local.shift_slope * a
        side = square[:, :1] * two * inner - square[:, 1:2] * d * a
        same = [
            (a.positive() & one | a.negative() & other).all(1)
            for one, other in (
                (side.positive(), side.negative()),
                (side.negative(), side.positive()),
            )
        ]
        return (same[0] | same[1]) & self.batch.turning[self.branch.boxes.index]

    @cached_property
    def level_broken(self) -> np.ndarray:
        """Where y.rho - ridge |rho|^2, the sum of T, surely does not fit |e|^2, (N,)."""
        local, (a, _, _) = self.branch.local, self.duals
        index = self.branch.boxes.index
        product = (self.batch.targets[index] * local.rho).sum(1)
        square = (self.batch.diagonal[index] * local.rho.square()).sum(1)
        D, size = self.spread, np.sqrt(np.maximum(product.magnitude(), square.magnitude()))
        slack = np.where(D > 0, D * (3 * size + D) * GROWTH, 0.0)
        total, pull = (product - square).widened(slack), (a * local.share).square()
        most = np.maximum(total.mid + total.rad, 0) * (pull.mid + pull.rad).max(1) * GROWTH
        least = np.maximum(total.mid - total.rad, 0) * np.maximum(pull.mid - pull.rad, 0).min(1)
        norm = local.square[:, 0]
        return (norm.mid - norm.rad > most) | (norm.mid + norm.rad < least / GROWTH)

    @cached_property
    def never_tight(self) -> np.ndarray:
        """Where some unit surely has |Gamma| < ridge, (N,)."""
        local, (a, b, _) = self.branch.local, self.duals
        value = local.scale * a.square() + local.free * b.square()
        near = (self.spread == 0)[:, None] & self.dead
        return ((Balls.exact(1.0) - value).positive() | near).any(1)

    @cached_property
    def impossible(self) -> np.ndarray:
        """Where the residuals of a stationary point cannot be what they would have to be, (N,)."""
        near = self.branch.proved & self.not_negative.all(1) & ~self.live.all(1)
        near |= self.critical
        return near & (self.never_tight | self.sign_broken | self.cone_broken | self.level_broken)

    @cached_property
    def is_convex(self) -> np.ndarray:
        """Where H is surely positive definite, (N,): it increases with T."""
        least, local = Balls.exact(self.T.mid - self.T.rad), self.branch.local
        n = local.masks.shape[2]
        diagonal = self.batch.diagonal[local.index]
        H = Balls(np.eye(n) * diagonal.mid[:, None], np.eye(n) * diagonal.rad[:, None])
        for weight, seen in ((least * local.scale, local.first), (least * local.free, local.masks)):
            outer = seen[..., :, None] * seen[..., None, :]
            H = H + (weight[..., None, None] * outer).sum(1)
        middle = np.where(np.isfinite(H.mid), H.mid, 0.0)
        values, vectors = np.linalg.eigh(0.5 * middle + 0.5 * middle.swapaxes(1, 2))
        scaled = Balls.exact(vectors / np.sqrt(np.maximum(values, FLOOR))[:, None, :])
        defect = (scaled.mT @ H @ scaled - Balls.exact(np.eye(n))).magnitude()
        proved = (values[:, 0] > 0) & (defect.sum(2).max(1) * GROWTH < 1)
        return proved | self.not_negative.all(1)

    @property
    def not_negative(self) -> np.ndarray:
        """Where each T is surely 0 or more, (N, m)."""
        return ~self.live | (self.T.mid >= self.T.rad)

    @property
    def not_above(self) -> np.ndarray:
        """Where each unit without weight surely stays so, (N, m)."""
        return self.live | (self.room.mid >= self.room.rad) | self.parting

    @property
    def dead(self) -> np.ndarray:
        """Where a unit surely has no weight, and no other minimiser gives it one, (N, m)."""
        return ~self.live & (self.room.positive() | self.parting)

    @cached_property
    def parting(self) -> np.ndarray:
        """Where a unit without weight is like a live one at an end of k, less inside, (N, m).

        At the end both have |Gamma| = ridge, and the end belongs to another stratum.
        """
        boxes, slope = self.branch.boxes, self._sizes[1]
        pairs = self.batch.alike[boxes.index] & self.live[:, None, None, :]
        first, last = (pairs[:, end].any(2) for end in (0, 1))
        first &= slope.negative() & (boxes.low[:, 1] == 0)[:, None]
        last &= slope.positive() & (boxes.high[:, 1] == 1)[:, None]
        return ~self.live & (first | last) & self.batch.turning[boxes.index][:, None]

    @cached_property
    def minimal(self) -> np.ndarray:
        """Where this is surely the minimiser over T >= 0, (N,)."""
        return self.branch.proved & self.not_negative.all(1) & self.not_above.all(1)

    @cached_property
    def critical(self) -> np.ndarray:
        """Where all stationary points surely are on this branch (Lemma D25(a)), (N,)."""
        return self.branch.proved & self.live.all(1) & self.is_convex

    @cached_property
    def far(self) -> np.ndarray:
        """Where the gradient is surely not 0, (N,)."""
        ranges, _, _ = self.gradient
        turning = self.batch.turning[self.branch.boxes.index]
        away = ranges.positive() | ranges.negative()
        return away[:, 0] | away[:, 1] & turning | self._solved[0]

    @cached_property
    def regular(self) -> np.ndarray:
        """Where the gradient surely has one zero at most, (N,)."""
        return self._solved[1]

    @cached_property
    def shifts(self) -> tuple[np.ndarray, np.ndarray]:
        """About how far |Gamma|^2 and T move over the boxes, by each parameter, (N, m, 2) each."""
        centre, reach = self.branch.centre, self.branch.boxes.reach[:, None]
        n, m = centre.masks.shape[2], self.batch.width
        a, b, scale = centre.a.mid, centre.b.mid, centre.scale.mid
        da, db, dT = (self.branch.speeds[:, n + j * m : n + (j + 1) * m] for j in range(3))
        dscale = np.stack([part.mid for part in centre.scale_slopes], 2)
        along = dscale * (a * a)[..., None] + 2 * (scale * a)[..., None] * da
        across = 2 * (centre.free.mid * b)[..., None] * db
        return (np.abs(along) + np.abs(across)) * reach, np.abs(dT) * reach

    @property
    def moves(self) -> np.ndarray:
        """About how far T and the dual vectors move over the boxes, by each parameter, (N, 2)."""
        T = np.abs(self.branch.centre.T.mid)
        size = T + SHARE * T.max(1, keepdims=True) + 1e-12
        dual, weight = self.shifts
        return np.nan_to_num((dual + weight / size[..., None]).sum(1), nan=1e300, posinf=1e300)

    @property
    def doubtful(self) -> np.ndarray:
        """The unit of which it is least clear whether it has a weight, (N,)."""
        centre = self.branch.centre
        dual, weight = (part.sum(2) for part in self.shifts)
        room = np.abs(1 - centre.size.mid)
        doubt = np.where(self.live, weight / np.abs(centre.T.mid), dual / room)
        return np.argmax(np.nan_to_num(doubt, nan=1e300, posinf=1e300), 1)

    @cached_property
    def _solved(self) -> tuple[np.ndarray, np.ndarray]:
        """Where the preconditioned gradient is not 0, and where it is regular."""
        _, middle, along = self.gradient
        boxes = self.branch.boxes
        turning = self.batch.turning[boxes.index]
        # A direction that is fixed: the second parameter is 0, and its equation is k = 0.
        keep = turning[:, None] | np.array([True, False])
        both = keep[:, :, None] & keep[:, None, :]
        fixed = np.where(keep, 0.0, 1.0)[:, :, None] * np.eye(2)
        along = Balls(np.where(both, along.mid, fixed), np.where(both, along.rad, 0.0))
        value = Balls(np.where(keep, middle.mid, 0.0), np.where(keep, middle.rad, 0.0))
        matrix = np.where(np.isfinite(along.mid), along.mid, 0.0)
        (a, b), (c, d) = (matrix[:, 0, 0], matrix[:, 0, 1]), (matrix[:, 1, 0], matrix[:, 1, 1])
        adjoint = np.stack([np.stack([d, -b], 1), np.stack([-c, a], 1)], 1)
        inverse = adjoint / (a * d - b * c)[:, None, None]
        Z = Balls.exact(np.nan_to_num(inverse, posinf=0, neginf=0))
        product, reach = Z @ along, boxes.reach
        moved = (product @ Balls(np.zeros(reach.shape), reach)[..., None])[..., 0]
        found = (Z @ value[..., None])[..., 0] + moved
        away = found.positive() | found.negative()
        away[:, 1] &= turning
        defect = (product - Balls.exact(np.eye(2))).magnitude()
        small = (defect @ reach[..., None])[..., 0] * GROWTH < reach
        return away.any(1), small[:, 0] & (small[:, 1] | ~turning)


@dataclass(frozen=True, eq=False)
class Seen:
    """What is known of boxes.

    Parameters
    ----------
    T : (N, m) array
        The approximate minimiser at the middle.
    closed, regular : (N,) arrays of bool
        No stationary point; one at most.
    below, above : (N,) arrays
        Bounds of the derivative by s of the reduced function at the minimiser over T >= 0.
    moves : (N, 2) array
        About how far the minimiser moves, by each parameter.
    """

    T: np.ndarray
    closed: np.ndarray
    regular: np.ndarray
    below: np.ndarray
    above: np.ndarray
    moves: np.ndarray


def looked_at(batch: FanBatch, boxes: ParameterBoxes, start: np.ndarray, flat: bool = True) -> Seen:
    """Look at boxes from the minimiser at their middles, and where that is no answer from another.

    Two branches on which the same units live but for one decide together: the minimiser is one
    of the two wherever the larger one is convex and the others' signs are right on both.

    Parameters
    ----------
    batch : FanBatch
    boxes : ParameterBoxes
    start : (N, m) array
        T near them.
    flat : bool
        Whether the boxes are to be closed; else only the derivative by s is wanted.
    """
    middle = boxes.middle
    T, rho = inner_minimisers(batch, boxes.index, middle[:, 0], middle[:, 1], start)
    live = T > 0
    x = start_of(batch, boxes, T, rho)
    one = Look.near(batch, boxes, x, live, 1)
    closed, regular = _alone(one)
    slope = one.gradient[0][:, 0]
    below, above = slope.mid - slope.rad, slope.mid + slope.rad
    unknown = ~one.minimal
    below[unknown], above[unknown] = -np.inf, np.inf
    moves = one.moves
    asked = unknown & ~closed & ~regular & ~one.critical if flat else unknown
    rest = np.flatnonzero(asked)
    if len(rest):
        changed = live[rest].copy()
        unit = one.doubtful[rest]
        rows = np.arange(len(rest))
        changed[rows, unit] = ~changed[rows, unit]
        two = Look.near(batch, boxes[rest], one.branch.centre.x.mid[rest], changed, 4)
        done, single = _alone(two)
        regular[rest] = single
        slope = two.gradient[0][:, 0]
        low, high = slope.mid - slope.rad, slope.mid + slope.rad
        both = _together(one, two, rest, unit)
        done |= both & (one.dead[rest] & two.dead).any(1)
        closed[rest] = done
        own = one.gradient[0][:, 0][rest]
        joint = np.minimum(low, own.mid - own.rad), np.maximum(high, own.mid + own.rad)
        low = np.where(two.minimal, low, np.where(both, joint[0], -np.inf))
        high = np.where(two.minimal, high, np.where(both, joint[1], np.inf))
        below[rest], above[rest] = low, high
        instead = one.branch.proved[rest] & ~two.branch.proved
        moves[rest] = np.where(instead[:, None], two.moves, moves[rest])
    rest = np.flatnonzero(asked & ~closed & ~regular & ~live.all(1))
    if flat and len(rest) and batch.width > 1:
        every = np.ones((len(rest), batch.width), dtype=bool)
        all_ = Look.near(batch, boxes[rest], one.branch.centre.x.mid[rest], every, 6)
        closed[rest], regular[rest] = _alone(all_)
        moves[rest] = np.where(all_.branch.proved[:, None], all_.moves, moves[rest])
    return Seen(T, closed, regular & ~closed, below, above, moves)


def _alone(look: Look) -> tuple[np.ndarray, np.ndarray]:
    """Return where one branch shows that there is no stationary point, or one at most."""
    closed = look.impossible | look.critical & (look.T.negative().any(1) | look.far)
    return closed, look.critical & look.regular & ~closed


def _together(one: Look, two: Look, rest: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """Return where the minimiser is on one of two branches that differ in one unit."""
    rows = np.arange(len(rest))
    joins = two.live[rows, unit]
    other = np.ones(two.live.shape, dtype=bool)
    other[rows, unit] = False
    right = two.branch.proved & one.branch.proved[rest]
    right &= np.where(joins, two.is_convex, one.is_convex[rest])
    for fine, same in ((one.not_negative, two.not_negative), (one.not_above, two.not_above)):
        right &= ((fine[rest] & same) | ~other).all(1)
    return right
