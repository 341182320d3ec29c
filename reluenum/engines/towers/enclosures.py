"""Enclosures of the inner residual at one X, and over an interval (Theorem D15, Lemma D56)."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from reluenum.algebra.balls import GROWTH, TINY, UNIT, Balls
from reluenum.engines.towers.batches import TowerBatch
from reluenum.engines.towers.inner import NEARLY_ZERO, floors, scales, values

WIDEST = 3.0
"""Largest ratio q that a single ball is asked for."""


@dataclass(frozen=True, eq=False)
class Residuals:
    """The residual of the inner problem at a choice of X and T, and its equations.

    Parameters
    ----------
    batch : TowerBatch
    index : (B,) array of int
    X : (B,) array
    T : (B, m) array
    rho : Balls, (B, n)
    dual : Balls, (B, m, D)
    inverse : (B, n, n) array
        Nearly that of the matrix.
    matrix : Balls, (B, n, n)
        H with H rho = y.
    places : tuple of arrays
        Where `mixing` and the like have what is used.
    weights : Balls, (B, n, m + 1)
        By what units and bias count in the equations; 0 in those that no unit with T_j > 0 and
        no bias takes part in: they hold for some choice of the multipliers.
    free : (B,) array of bool
        Whether there are such equations.
    shrink : (B,) array
        tau, at most 1.
    fit, bias, excess : (B,) arrays
        Upper bounds of sum over active sites of ridge rho_i^2 / count_i, of X (sum rho)^2, and of
        sum T_j |u_j| (1 / sqrt(X) - tau |u_j|).
    """

    batch: TowerBatch
    index: np.ndarray
    X: np.ndarray
    T: np.ndarray
    rho: Balls
    dual: Balls
    inverse: np.ndarray
    matrix: Balls
    places: tuple[np.ndarray, np.ndarray]
    weights: Balls
    free: np.ndarray
    shrink: np.ndarray
    fit: np.ndarray
    bias: np.ndarray
    excess: np.ndarray

    def gap(self, q: np.ndarray, share: float) -> np.ndarray:
        """Return upper bounds of the gap at X / q^2, with a share of the first of its terms."""
        one = np.abs(1 - q * self.shrink) + 4 * UNIT * (1 + q)
        two = np.abs(q - self.shrink) + 4 * UNIT * (1 + q)
        square = share * self.fit * one**2 + self.bias * two**2 + 2 * q * self.excess
        return square * GROWTH + TINY

    def radius(self, q: np.ndarray) -> np.ndarray:
        """Return upper bounds of the root of the gap of Lemma D56."""
        return np.sqrt(self.gap(q, 0.5)) * GROWTH

    @property
    def speed(self) -> np.ndarray:
        """About by how much the radius grows with the distance of q from 1."""
        return np.sqrt(self.fit / 2 + self.bias)

    @cached_property
    def inverse_counts(self) -> Balls:
        """Ridge over the number of points at active sites, else 0."""
        active = Balls.exact(self.batch.active[self.index].astype(float))
        inverse = Balls.exact(1 / self.batch.counts).widened(UNIT * np.ones(len(self.batch.counts)))
        return self.batch.ridge * inverse * active

    @property
    def visible(self) -> Balls:
        """1 at sites that are seen, else 0, (B, 1, n)."""
        return Balls.exact(self.batch.seen[self.index][:, None, :] * 1.0)

    @cached_property
    def own(self) -> "Margins":
        """The numbers rho themselves."""
        size = self.rho.shape[1]
        return margins(self, Balls.exact(np.broadcast_to(np.eye(size), self.matrix.shape)))

    def largest(self, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Return bounds of all |rho_i| for q in an interval."""
        ends = [self.own.value(q) for q in (low, high)]
        size = np.maximum(*(value.magnitude() for value in ends)) + self.own.slack(self, low, high)
        defect = self.own.loose.max(1)
        return np.where(defect < 0.5, size.max(1) / (1 - defect) * GROWTH, np.inf)


def in_balls(batch: TowerBatch, index: np.ndarray, X: np.ndarray, T: np.ndarray) -> Residuals:
    """Solve for the residual at given X and T >= 0, with proved bounds.

    Where T_j is at its floor, it becomes 0; where that leaves multipliers of kinks free, they stay
    what they are at the floor.
    """
    floor = floors(batch, index, X, T)
    faint = np.maximum(T, floor)
    T = np.where(NEARLY_ZERO * floor < T, T, 0.0)
    at = values(batch, index, X, T, faint)
    weights, matrix = _equations(batch, index, X, T, faint)
    rho = _enclosed_solution(batch, index, at.inverse, at.rho, matrix)
    both = np.concatenate([T, X[:, None]], 1)[:, None, :]
    places = batch.bases(index, faint)
    takes = batch.spans[places] & (both > 0)
    free = batch.kinks[index] & ~takes.any(2)
    weights = weights * Balls.exact(~free[:, :, None] * 1.0)
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
    scaled = batch.ridge.magnitude() * batch.active[index] / batch.counts
    fit = (rho.magnitude() ** 2 * scaled).sum(1) * GROWTH + TINY
    bias = X * total(rho).magnitude() ** 2 * GROWTH + TINY
    known = rho, dual, at.inverse, matrix, places, weights, free.any(1)
    return Residuals(batch, index, X, T, *known, shrink, fit, bias, excess)


def total(rho: Balls) -> Balls:
    """Return beta = B / X, the sum of rho; what is not seen is 0."""
    return rho.sum(1)


def _norm(values: np.ndarray) -> np.ndarray:
    return np.sqrt((values * values).sum(-1)) * GROWTH + TINY


def _equations(
    batch: TowerBatch, index: np.ndarray, X: np.ndarray, T: np.ndarray, faint: np.ndarray
) -> tuple[Balls, Balls]:
    """Return by what units and bias count in each equation, and the matrix."""
    weights, _ = scales(batch, index, X, T, faint)
    active = batch.active[index][:, :, None]
    weights = Balls(weights, np.where(active | (weights == 1), 0, 16 * UNIT * weights))
    H, mixed = batch.diagonal[index], batch.mixed[batch.bases(index, faint)]
    n = H.shape[1]
    H = Balls(H.mid[:, :, None] * np.eye(n), H.rad[:, :, None] * np.eye(n))
    for j in range(T.shape[1] + 1):
        H = H + weights[:, :, j, None] * mixed[:, j]
    return weights, H


def _enclosed_solution(
    batch: TowerBatch, index: np.ndarray, inverse: np.ndarray, rho: np.ndarray, H: Balls
) -> Balls:
    """Enclose the solution of the linear system, by an approximate inverse."""
    exact, n = Balls.exact, rho.shape[1]
    defect = (exact(inverse) @ H - exact(np.eye(n))).magnitude().sum(2).max(1) * GROWTH
    rest = batch.targets[index].reshape(-1, n, 1) - H @ exact(rho[:, :, None])
    step = (exact(inverse) @ rest).magnitude()[:, :, 0].max(1) * GROWTH
    with np.errstate(divide="ignore", invalid="ignore"):
        radius = np.where(defect < 0.5, step / (1 - defect) * GROWTH + TINY, np.inf)
    seen = batch.seen[index]
    return Balls(rho * seen, radius[:, None] * seen)


def level(at: Residuals) -> tuple[np.ndarray, np.ndarray]:
    """Return lower and upper bounds of G = sum T + B^2 of the inner minimiser at X.

    By the ball of Theorem D16 around the residual of the active sites.
    """
    batch, index = at.batch, at.index
    tau, X = at.shrink, at.X
    active = Balls.exact(batch.active[index].astype(float))
    sigma = at.rho * Balls.exact(tau[:, None]) * active
    loss = at.inverse_counts * sigma  # r
    fitted = (batch.targets[index] - loss) * active
    middle = (sigma * fitted).sum(1)
    eps = np.sqrt(at.gap(np.ones(len(X)), 1.0)) * GROWTH
    slope = (fitted - loss).magnitude() ** 2 * batch.counts
    reach = np.sqrt(slope.sum(1) / (batch.ridge.mid - batch.ridge.rad) * GROWTH) * GROWTH
    slack = (eps * reach + eps * eps) * GROWTH
    found = Balls.exact(X) * middle.widened(slack)
    low, high = found.mid - found.rad, found.mid + found.rad
    return low - 4 * UNIT * np.abs(low), np.where(np.isfinite(high), high * (1 + 4 * UNIT), np.inf)


@dataclass(frozen=True, eq=False)
class Margins:
    """What linear forms of the residual at X / q^2 are (Lemma D56).

    They are within reach(q) times the radius, q times `rest`, and `loose` times the largest |rho_i|
    of base + q slope.

    Parameters
    ----------
    base, slope : Balls, (B, k)
    squares : (3, B, k) array
        reach(q)^2 is a polynomial in q with these coefficients.
    rest, loose : (B, k) arrays
    """

    base: Balls
    slope: Balls
    squares: np.ndarray
    rest: np.ndarray
    loose: np.ndarray

    def value(self, q: np.ndarray) -> Balls:
        """Return base + q slope."""
        return self.base + self.slope * Balls.exact(q[:, None])

    def reach(self, q: np.ndarray) -> np.ndarray:
        """Return the factor of the radius, (B, k)."""
        q = q[:, None]
        square = self.squares[0] + q * (self.squares[1] + q * self.squares[2])
        return np.sqrt(square * GROWTH) * GROWTH

    def slack(self, at: Residuals, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Return how far the forms may be from their values for all q of an interval."""
        eps = np.maximum(at.radius(low), at.radius(high))[:, None]
        return (self.reach(high) * eps + high[:, None] * self.rest) * GROWTH + TINY

    def signs(self, at: Residuals, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Return the sign that each form has for all q in an interval, 0 if it is not known."""
        slack = self.slack(at, low, high) + self.loose * at.largest(low, high)[:, None]
        slack = slack * GROWTH
        found = []
        for q in (low, high):
            value = self.value(q)
            found.append((value.mid - value.rad > slack) * 1 - (-value.mid - value.rad > slack))
        return np.where(found[0] == found[1], found[0], 0)

    def reaches(self, at: Residuals) -> np.ndarray:
        """Return about how far q may move from 1 before a form may lose its sign."""
        one, room = np.ones(len(at.X)), np.zeros(self.rest.shape)
        size, change = np.abs(self.value(one).mid) - self.rest, np.abs(self.slope.mid)
        for _ in range(2):
            square = self.squares[0] + (1 + room) * (self.squares[1] + (1 + room) * self.squares[2])
            reach = np.sqrt(square)
            left = np.maximum(size - reach * at.radius(one)[:, None], 0)
            room = np.nan_to_num(left / (change + reach * at.speed[:, None]))
            room = np.minimum(room, WIDEST - 1)
        return room

    def times(self, factors: Balls) -> "Margins":
        """Return multiples of the forms, each by its own factor."""
        size = factors.magnitude()
        with np.errstate(invalid="ignore"):  # what is not known, times 0
            squares = self.squares * size * size * GROWTH
        parts = self.rest * size * GROWTH, self.loose * size * GROWTH
        return Margins(self.base * factors, self.slope * factors, squares, *parts)


def margins(at: Residuals, forms: Balls) -> Margins:
    """Return what is known of linear forms of rho, (B, k, n), as sums of equations."""
    batch, places = at.batch, at.places
    z = forms.mid @ at.inverse
    sums = Balls.exact(z)
    loose = (forms - sums @ at.matrix).magnitude().sum(2) * GROWTH
    half = at.inverse_counts * at.rho * Balls.exact(0.5)
    rest = batch.targets[at.index] - half * Balls.exact(2 - at.shrink[:, None])
    base, slope = ((sums @ part[:, :, None])[..., 0] for part in (half, rest))
    bias = ((sums * at.weights[:, None, :, -1]) @ batch.biases[places][:, :, None])[..., 0]
    bias = bias.magnitude()
    first = (z * z * at.inverse_counts.magnitude()[:, None, :]).sum(2) / 2
    moved = bias * ((1 - at.shrink) * total(at.rho).magnitude())[:, None]
    second = np.zeros(bias.shape)
    lengths, root = np.linalg.norm(at.dual.mid, axis=2), np.sqrt(at.X)
    error = _norm(at.dual.rad) + 64 * UNIT * lengths
    for j in range(at.T.shape[1]):
        part = _norm(((sums * at.weights[:, None, :, j]) @ batch.turned[places][:, j]).magnitude())
        part = np.where((at.T[:, j] > 0)[:, None], part, 0.0)
        least = np.maximum(lengths[:, j] - error[:, j], 0) * root
        miss = np.abs(1 / root - lengths[:, j]) + error[:, j] + 8 * UNIT / root
        live = part > 0
        with np.errstate(divide="ignore", invalid="ignore"):
            second += np.where(live, part * part / (at.T[:, j] * least)[:, None], 0.0)
        moved = moved + np.where(live, part * miss[:, None], 0.0)
    squares = np.stack([first, second, bias * bias / at.X[:, None]]) * GROWTH + TINY
    return Margins(base, slope, squares, moved * GROWTH, loose)


@dataclass(frozen=True, eq=False)
class Conditions:
    """What the signs of a stratum ask of the inner minimiser at X / q^2.

    Parameters
    ----------
    at : Residuals
    outputs : Margins, (B, n)
        The heights of the upper unit at its active sites, times its output weight.
    units : list of Margins, (B, n)
        For each unit xt_i . u_j times the sign of the row at each site; 0 where there is none.
    duals : Margins, (B, m D)
        All u_j.
    """

    at: Residuals
    outputs: Margins
    units: list[Margins]
    duals: Margins

    @classmethod
    def of(cls, at: Residuals) -> "Conditions":
        """Collect the conditions of strata at X and T."""
        batch, index = at.batch, at.index
        residuals = at.own.times(-at.inverse_counts)
        base = residuals.base + batch.targets[index]
        outputs = Margins(base, *(getattr(residuals, name) for name in _REST))
        units = []
        for rows in batch.faces[index].T:
            signs = Balls.exact(batch.rows.signs[rows])
            units.append(margins(at, batch.rows.heights[rows] * at.visible).times(signs))
        columns = batch.rows.columns[batch.faces[index]]
        columns = columns.reshape(len(index), -1, columns.shape[-1]) * at.visible
        return cls(at, outputs, units, margins(at, columns))

    def closed(self, below: np.ndarray, above: np.ndarray) -> np.ndarray:
        """Return whether, in an interval with X, surely some sign is wrong or some unit zero."""
        at = self.at
        low = np.sqrt(at.X / above) * (1 - 4 * UNIT)
        high = np.sqrt(at.X / below) * (1 + 4 * UNIT)
        signs = np.where(at.batch.active[at.index], self.outputs.signs(at, low, high), 0)
        # An output weight of sign s needs s f > 0 on all active sites, and X below its bound.
        excluded = below[:, None] > at.batch.highest[at.index]
        excluded[:, 0] |= (signs < 0).any(1)
        excluded[:, 1] |= (signs > 0).any(1)
        done = excluded.all(1)
        for unit, known in zip(self.units, self.known.T, strict=True):
            signs = unit.signs(at, low, high)
            done |= (signs > 0).any(1) & (signs < 0).any(1) & known
        zero = (self.room(low, low, high) > 0) & (self.room(high, low, high) > 0)
        return done | np.where(at.free, (zero | self.known).all(1), zero.any(1))

    @property
    def proposed(self) -> np.ndarray:
        """By how much q may differ from 1 while a condition is likely to be violated."""
        at, one = self.at, np.ones(len(self.at.X))
        active = at.batch.active[at.index]
        room = np.where(active, self.outputs.reaches(at), 0)
        best = _both(room, self.outputs.value(one).mid)
        for unit, known in zip(self.units, self.known.T, strict=True):
            safe = _both(unit.reaches(at), unit.value(one).mid)
            best = np.maximum(best, np.where(known, safe, 0))
        room, q = np.maximum(self.room(one, one, one), 0), one
        slope = np.linalg.norm(self._parted(self.duals.slope.mid), axis=2)
        for _ in range(2):
            speed = np.linalg.norm(self._parted(self.duals.reach(q)), axis=2) * at.speed[:, None]
            found = np.nan_to_num(room / (np.abs(1 / np.sqrt(at.X)[:, None] - slope) + speed))
            q = 1 + np.minimum(found.max(1), WIDEST - 1)
        room = found
        waiting = np.where(self.known, np.inf, room).min(1)
        best = np.maximum(best, np.where(at.free, waiting, room.max(1)))
        return np.minimum(0.95 * best, WIDEST - 1)

    @property
    def known(self) -> np.ndarray:
        """Of which units u_j is the same for all choices of multipliers, (B, m)."""
        return (self.at.T > 0) | ~self.at.free[:, None]

    def room(self, q: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Return lower bounds of 1 / sqrt(X') - |u_j| at X' = X / q^2, (B, m).

        With the slack of an interval: a concave function of q, positive where it is at both ends.
        """
        at, duals = self.at, self.duals
        value = duals.value(q)
        slack = duals.slack(at, low, high) + duals.loose * at.largest(low, high)[:, None]
        size = _norm(self._parted(value.magnitude())) + _norm(self._parted(slack)) * GROWTH
        return q[:, None] / np.sqrt(at.X)[:, None] * (1 - 8 * UNIT) - size

    def _parted(self, values: np.ndarray) -> np.ndarray:
        """Return numbers of coordinates of all u_j by unit, (B, m, D)."""
        return values.reshape(*self.at.T.shape, -1)


_REST = ("slope", "squares", "rest", "loose")


def _both(room: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Return how far a positive and a negative one among some numbers are safe."""
    positive = np.where(value > 0, room, 0).max(1)
    negative = np.where(value < 0, room, 0).max(1)
    return np.minimum(positive, negative)
