"""Enclosures of the inner residual at one X, and over an interval of X (Theorems D15, D16)."""

from dataclasses import dataclass

import numpy as np

from reluenum.algebra.balls import GROWTH, TINY, UNIT, Balls
from reluenum.engines.towers.batches import TowerBatch
from reluenum.engines.towers.inner import floors, scales, values

NEARLY_ZERO = 1e4
"""How many times its floor T_j is at least, or it becomes 0."""

LARGEST_Q = 1.5
"""Bound of q, the square root of the centre of an interval over a point of it."""


@dataclass(frozen=True, eq=False)
class Residuals:
    """The residual of the inner problem near a choice of X and T, with what bounds its distance.

    At X / q^2 the true rho lies within q tau rho +- eps(q), where eps(q)^2 =
    a (1 - q tau)^2 + b (q - tau)^2 + 2 q excess, in the norm
    sum over active sites of ridge rho_i^2 / count_i, plus X / q^2 times (sum rho)^2.

    Parameters
    ----------
    batch : Batch
    index : (B,) array of int
    X : (B,) array
    T : (B, m) array
    rho : Balls, (B, n)
    dual : Balls, (B, m, D)
    shrink : (B,) array
        tau, at most 1.
    fit, bias, excess : (B,) arrays
        Upper bounds of a, b and of sum T_j |u_j| (1 / sqrt(X) - tau |u_j|).
    """

    batch: TowerBatch
    index: np.ndarray
    X: np.ndarray
    T: np.ndarray
    rho: Balls
    dual: Balls
    shrink: np.ndarray
    fit: np.ndarray
    bias: np.ndarray
    excess: np.ndarray

    def radius(self, q: np.ndarray) -> np.ndarray:
        """Return upper bounds of eps(q)."""
        one = np.abs(1 - q * self.shrink) + 4 * UNIT * (1 + q)
        two = np.abs(q - self.shrink) + 4 * UNIT * (1 + q)
        square = self.fit * one**2 + self.bias * two**2 + 2 * q * self.excess
        return np.sqrt(square * GROWTH + TINY) * GROWTH


def in_balls(batch: TowerBatch, index: np.ndarray, X: np.ndarray, T: np.ndarray) -> Residuals:
    """Solve for the residual at given X and T >= 0, with proved bounds.

    Where T_j is at its floor, it becomes 0; where that leaves multipliers of kinks free, they stay
    what they are at the floor.
    """
    floor = floors(batch, index, X, T)
    faint = np.maximum(T, floor)
    T = np.where(NEARLY_ZERO * floor < T, T, 0.0)
    rho = _enclosed_solution(batch, index, X, T, faint)
    C = batch.rows.columns[batch.faces[index]]
    visible = batch.seen[index][:, None, None, :]
    dual = (Balls(C.mid * visible, C.rad * visible) @ rho[:, None, :, None])[..., 0]
    size = np.sqrt(dual.square().sum(2).magnitude()) * GROWTH  # |u_j|, from above
    root = np.sqrt(X)
    with np.errstate(divide="ignore", invalid="ignore"):
        shrink = np.minimum(1.0, 1 / ((root[:, None] * size).max(1) * GROWTH)) * (1 - 8 * UNIT)
    # x (1 - tau sqrt(X) x) / sqrt(X) with x = |u_j| enclosed: it is at most its value at the
    # lower end of the enclosure plus the width.
    lower = np.maximum(np.linalg.norm(dual.mid, axis=2) * (1 - 64 * UNIT) - _norm(dual.rad), 0)
    gap = np.maximum(1 - shrink[:, None] * root[:, None] * lower * (1 - 8 * UNIT), 0) + 8 * UNIT
    excess = (T * size * gap).sum(1) / root * GROWTH + TINY
    weights = batch.ridge.magnitude() * batch.active[index] / batch.counts
    fit = (rho.magnitude() ** 2 * weights).sum(1) * GROWTH + TINY
    bias = X * total(rho).magnitude() ** 2 * GROWTH + TINY
    return Residuals(batch, index, X, T, rho, dual, shrink, fit, bias, excess)


def total(rho: Balls) -> Balls:
    """Return beta = B / X, the sum of rho; what is not seen is 0."""
    return rho.sum(1)


def _norm(values: np.ndarray) -> np.ndarray:
    return np.sqrt((values * values).sum(-1)) * GROWTH + TINY


def _enclosed_solution(
    batch: TowerBatch, index: np.ndarray, X: np.ndarray, T: np.ndarray, faint: np.ndarray
) -> Balls:
    """Enclose the solution of the linear system, by an approximate inverse."""
    exact = Balls.exact
    at = values(batch, index, X, T, faint)
    weights, _ = scales(batch, index, X, T, faint)
    active = batch.active[index][:, :, None]
    weights = Balls(weights, np.where(active | (weights == 1), 0, 16 * UNIT * weights))
    H, mixed = batch.diagonal[index], batch.mixed[batch.bases(index, faint)]
    n = H.shape[1]
    H = Balls(H.mid[:, :, None] * np.eye(n), H.rad[:, :, None] * np.eye(n))
    for j in range(T.shape[1] + 1):
        H = H + weights[:, :, j, None] * mixed[:, j]
    inverse = exact(at.inverse)
    defect = (inverse @ H - exact(np.eye(n))).magnitude().sum(2).max(1) * GROWTH
    rest = batch.targets[index].reshape(-1, n, 1) - H @ exact(at.rho[:, :, None])
    step = (inverse @ rest).magnitude()[:, :, 0].max(1) * GROWTH
    with np.errstate(divide="ignore", invalid="ignore"):
        radius = np.where(defect < 0.5, step / (1 - defect) * GROWTH + TINY, np.inf)
    seen = batch.seen[index]
    return Balls(at.rho * seen, radius[:, None] * seen)


def level(at: Residuals) -> tuple[np.ndarray, np.ndarray]:
    """Return lower and upper bounds of G = sum T + B^2 of the inner minimiser at X."""
    batch, index = at.batch, at.index
    tau, X = at.shrink, at.X
    active = Balls.exact(batch.active[index].astype(float))
    sigma = at.rho * Balls.exact(tau[:, None]) * active
    inverse = Balls.exact(1 / batch.counts).widened(UNIT * np.ones(len(batch.counts)))
    loss = batch.ridge * (inverse * sigma)  # r
    fitted = (batch.targets[index] - loss) * active
    middle = (sigma * fitted).sum(1)
    eps = at.radius(np.ones(len(X)))
    slope = (fitted - loss).magnitude() ** 2 * batch.counts
    reach = np.sqrt(slope.sum(1) / (batch.ridge.mid - batch.ridge.rad) * GROWTH) * GROWTH
    slack = (eps * reach + eps * eps) * GROWTH
    found = Balls.exact(X) * middle.widened(slack)
    low, high = found.mid - found.rad, found.mid + found.rad
    return low - 4 * UNIT * np.abs(low), np.where(np.isfinite(high), high * (1 + 4 * UNIT), np.inf)


@dataclass(frozen=True, eq=False)
class Margins:
    """By how much each sign condition holds or fails at the centre, and how far it may move.

    A condition is a sequence of numbers that stand for linear forms of the residual at X / q^2:
    value(q) = base + q * slope, to within reach * eps(q).

    Parameters
    ----------
    base, slope : Balls, (B, k)
    reach : (B, k) array
    """

    base: Balls
    slope: Balls
    reach: np.ndarray

    def signs(self, at: Residuals, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Return the sign that each form has for all q in [low, high], 0 if it is not known."""
        eps = np.maximum(at.radius(low), at.radius(high))[:, None]
        slack = self.reach * np.where(self.reach > 0, eps, 0) * GROWTH + TINY
        found = []
        for q in (low, high):
            value = self.base + self.slope * Balls.exact(q[:, None])
            found.append((value.mid - value.rad > slack) * 1 - (-value.mid - value.rad > slack))
        return np.where(found[0] == found[1], found[0], 0)

    def reaches(self, at: Residuals) -> np.ndarray:
        """Return about how far q may move from 1 before a form may lose its sign."""
        centre = (
            np.abs(self.base.mid + self.slope.mid)
            - self.reach * at.radius(np.ones(len(at.X)))[:, None]
        )
        speed = np.sqrt(at.fit + at.bias)[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.nan_to_num(centre / (np.abs(self.slope.mid) + self.reach * speed))


def output_margins(at: Residuals) -> Margins:
    """Return the heights f_i of the upper unit at its active sites."""
    batch = at.batch
    active = Balls.exact(batch.active[at.index].astype(float))
    inverse = Balls.exact(1 / batch.counts).widened(UNIT * np.ones(len(batch.counts)))
    slope = -(batch.ridge * (inverse * at.rho * Balls.exact(at.shrink[:, None]))) * active
    reach = np.sqrt(batch.ridge.magnitude() / batch.counts * GROWTH) * GROWTH
    return Margins(batch.targets[at.index], slope, reach * batch.active[at.index])


def unit_margins(at: Residuals, unit: int) -> Margins:
    """Return xt_i . u_j times the sign of the row at each site, for one unit of each stratum."""
    batch, index = at.batch, at.index
    rows = batch.faces[index, unit]
    signs = Balls.exact(batch.rows.signs[rows])
    forms = batch.rows.heights[rows]
    slope = (forms @ at.rho[:, :, None])[..., 0] * signs * Balls.exact(at.shrink[:, None])
    reach = np.where(signs.mid == 0, 0, _reach(at, forms))
    return Margins(Balls.exact(np.zeros(slope.shape)), slope, reach)


def direction_margins(at: Residuals, unit: int) -> Margins:
    """Return the same as `unit_margins` from the direction of a unit that is not 0 (Lemma D30).

    No multiplier is asked: a weight T_j u_j of the inner problem that is far from 0 tells u_j.
    """
    batch, index = at.batch, at.index
    rows, dual = batch.faces[index, unit], at.dual[:, unit]
    inverse = dual.square().sum(1).reciprocal_root()
    known = np.isfinite(inverse.rad)
    inverse = Balls(inverse.mid, np.where(known, inverse.rad, 0))
    inverse = inverse * Balls.exact(at.X).reciprocal_root()
    heights = (batch.rows.sites @ dual[:, :, None])[..., 0]
    signs = batch.rows.signs[rows]
    slope = heights * inverse.reshape(-1, 1) * Balls.exact(signs)
    size = np.linalg.norm(dual.mid, axis=1) * (1 - 64 * UNIT) - _norm(dual.rad)
    weight = at.T[:, unit] * np.maximum(size, 0) * known * np.sqrt(at.X) * (1 - 16 * UNIT)
    with np.errstate(divide="ignore"):
        speed = np.sqrt(LARGEST_Q / weight) * GROWTH
    reach = np.where(signs == 0, 0, batch.rows.lengths[rows] * speed[:, None] * GROWTH)
    return Margins(Balls.exact(np.zeros(slope.shape)), slope, reach)


def _reach(at: Residuals, forms: Balls) -> np.ndarray:
    """Bound linear forms of a vector of rho of norm 1, (B, k) from (B, k, n).

    The multiplier of one kink is that of the sum minus all others; of further kinks nothing is
    known.
    """
    batch, index = at.batch, at.index
    pivot = batch.pivot[index]
    place = np.broadcast_to(np.maximum(pivot, 0)[:, None, None], (*forms.shape[:2], 1))
    at_pivot = Balls(
        np.take_along_axis(forms.mid, place, 2), np.take_along_axis(forms.rad, place, 2)
    )
    at_pivot = at_pivot * Balls.exact((pivot >= 0).astype(float)[:, None, None])
    moved = (forms - at_pivot).magnitude()
    others = batch.kinks[index] & (np.arange(forms.shape[2]) != pivot[:, None])
    unknown = ((moved > 8 * TINY) & others[:, None, :]).any(2)
    weights = batch.counts / (batch.ridge.mid - batch.ridge.rad) * GROWTH * batch.active[index]
    bias = at_pivot.magnitude()[..., 0] ** 2 * (LARGEST_Q**2 / at.X[:, None])
    squares = (moved**2 * weights[:, None, :]).sum(2) + bias
    return np.where(unknown, np.inf, np.sqrt(squares * GROWTH) * GROWTH + TINY)


def dual_margins(at: Residuals) -> Margins:
    """Return 1 / sqrt(X) - |u_j| times q for each unit: positive where it is zero (rule r)."""
    batch, index = at.batch, at.index
    mid = np.linalg.norm(at.dual.mid, axis=2)
    size = Balls(mid, _norm(at.dual.rad) + 64 * UNIT * mid) * Balls.exact(at.shrink[:, None])
    slope = Balls.exact(at.X[:, None]).reciprocal_root() - size
    forms = (batch.rows.columns[batch.faces[index, j]] for j in range(at.T.shape[1]))
    reach = np.stack([_norm(_reach(at, C)) for C in forms], 1)
    return Margins(Balls.exact(np.zeros(mid.shape)), slope, reach)
