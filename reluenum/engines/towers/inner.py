"""The inner minimiser over T >= 0 in doubles, for many strata and X at once (Lemma D17)."""

from dataclasses import dataclass
from itertools import product

import numpy as np

from reluenum.algebra.balls import TINY
from reluenum.engines.towers.batches import TowerBatch

NEWTON_STEPS = 30
"""Of the inner problem; two or three are enough from a good start."""

SHORTER = 0.3
"""Share of a step that is tried when it does not lower the loss."""

ROUNDING = 1e-12
"""Relative change of the loss that is not noticed."""

CONVERGED = 1e-11
"""Relative size of a step, or of a violated condition, at which the inner problem is solved."""

NEARLY, FAST = 1e-6, 1e-2
"""Relative size of a step after which it is solved, if it is that much less than the one before."""

FLOOR = 1e-11
"""Least T in units of X where several kinks may depend on each other once a unit is dead."""

NEARLY_ZERO = 1e4
"""How many times its floor T_j is at least, or it becomes 0."""

CALMING, CALM = 40, 0.9
"""Steps to better ratios of T_j that are 0, and the share of their bound below which |u_j|^2 do."""

LARGEST_POWER = 16.0
"""Of |u_j|^2 by which a ratio is multiplied."""

GUESSES = 3
"""Choices of free units that are tried before all are."""

LONGER = 3.0
"""Logarithm of the largest factor by which a step shortens T, and the largest one it is longer."""

LONG_WAY = 80
"""Newton steps on a scale of logarithms."""

DAMPED = 1e-8
"""By how much the diagonal is larger where T is followed on a scale of logarithms."""

SMALL = 0.5
"""Share of its bound below which |u_j| says little of T_j, which will be 0."""

JITTER = 1e-17
"""Relative shift of the diagonal, so that no matrix is singular; bounds are proved elsewhere."""


@dataclass(frozen=True, eq=False)
class Values:
    """What the doubles of a batch of strata are at a choice of X and T.

    Parameters
    ----------
    rho : (B, n) array
        Residual times count over ridge at active sites, multiplier over ridge at kinks.
    dual : (B, m, D) array
        u_j = C_j rho.
    inverse : (B, n, n) array
        Of the matrix of which rho is the solution.
    sums : (B, n) array
        By which its rows are divided.
    """

    rho: np.ndarray
    dual: np.ndarray
    inverse: np.ndarray
    sums: np.ndarray


def scales(
    batch: TowerBatch, index: np.ndarray, X: np.ndarray, T: np.ndarray, faint: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return by what each unit and the bias count in each equation, (B, n, m + 1), and their sums.

    In the equation of an active site these are T_j and X; in that of a combination of kinks they
    are divided by the sum of those that take part, of which `faint` tells the ratios if all are 0.
    """
    both = np.concatenate([T, X[:, None]], 1)[:, None, :]
    spans = batch.spans[batch.bases(index, faint)]
    sums = (both * spans).sum(2, keepdims=True)
    small = np.concatenate([faint, X[:, None]], 1)[:, None, :] * spans
    part = np.where(sums > 0, both * spans, small)
    total = part.sum(2, keepdims=True)
    active = batch.active[index][:, :, None]
    found = np.where(active, both, part / np.where(total > 0, total, 1.0))
    return found, np.where(active, 1.0, np.where(total > 0, total, 1.0))[:, :, 0]


def values(
    batch: TowerBatch, index: np.ndarray, X: np.ndarray, T: np.ndarray, faint: np.ndarray
) -> Values:
    """Return residual and dual vectors in doubles."""
    weights, sums = scales(batch, index, X, T, faint)
    matrix = np.einsum("bij,bjik->bik", weights, batch.mixed.mid[batch.bases(index, faint)])
    places = np.arange(matrix.shape[1])
    matrix[:, places, places] += batch.diagonal.mid[index]
    matrix[:, places, places] += JITTER * np.abs(matrix).max(2)
    inverse = _solved_each(matrix, np.broadcast_to(np.eye(len(places)), matrix.shape))
    rho = (inverse @ batch.targets.mid[index][:, :, None])[:, :, 0]
    dual = (columns(batch, index) @ rho[:, None, :, None])[..., 0]
    return Values(rho, dual, inverse, sums)


def columns(batch: TowerBatch, index: np.ndarray) -> np.ndarray:
    """Return the matrices C_j in doubles, restricted to the sites that are seen, (B, m, D, n)."""
    return batch.rows.columns.mid[batch.faces[index]] * batch.seen[index][:, None, None, :]


def minimal_T(batch: TowerBatch, index: np.ndarray, X: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Return approximate minimisers over T >= 0.

    Newton's method for 1 / (sqrt(X) |u_j|) = 1, which is nearly linear in T, on the units that are
    not held at T_j = 0; where that does not lower the loss, shorter and shorter steps to the least
    value over T >= 0 of its quadratic model (`_model_steps`).

    Parameters
    ----------
    index : (B,) array of int
        Strata of the batch.
    X : (B,) array
        Positive.
    start : (B, m) array

    Returns
    -------
    (B, m) array
    """
    floor = floors(batch, index, X, start)
    best = np.maximum(start, floor)
    lowest, before = np.full((2, len(index)), np.inf)
    trial, share, model = best.copy(), np.ones(len(index)), Model.empty(*best.shape)
    todo = np.arange(len(index))
    for _ in range(NEWTON_STEPS):
        at = values(batch, index[todo], X[todo], trial[todo], trial[todo])
        fit = (at.rho * batch.targets.mid[index[todo]]).sum(1)
        loss = fit + trial[todo].sum(1) / X[todo]
        lower = loss <= lowest[todo] + ROUNDING * np.abs(loss)
        good, bad = todo[lower], todo[~lower]
        best[good], lowest[good], share[good] = trial[good], loss[lower], 1.0
        kept = Values(at.rho[lower], at.dual[lower], at.inverse[lower], at.sums[lower])
        model[good] = _model(batch, index[good], X[good], best[good], kept)
        trial[good] = np.maximum(best[good] + model[good].fast(floor[good]), floor[good])
        share[bad] *= SHORTER
        steps = share[bad, None] * model[bad].safe(floor[bad])
        trial[bad] = np.maximum(best[bad] + steps, floor[bad])
        moved = np.abs(trial[todo] - best[todo])
        size = np.abs(best[todo]) + 1e-3 * (X[todo] * X[todo])[:, None]
        change = (moved / size).max(1)
        squared = lower & (change <= NEARLY) & (change <= FAST * before[todo])
        best[todo[squared]] = trial[todo[squared]]
        before[todo] = change
        todo = todo[(change > CONVERGED) & ~squared]
        if not len(todo):
            break
    todo = np.flatnonzero(floor[:, 0] > 0)
    todo = todo[_missed_conditions(batch, index[todo], X[todo], best[todo], floor[todo]) > NEARLY]
    best[todo] = _on_logarithms(batch, index[todo], X[todo], best[todo], floor[todo])
    todo = np.flatnonzero(((best <= NEARLY_ZERO * floor).sum(1) > 1) & (floor[:, 0] > 0))
    best[todo] = _calmed(batch, index[todo], X[todo], best[todo], floor[todo])
    return best


def _calmed(
    batch: TowerBatch, index: np.ndarray, X: np.ndarray, T: np.ndarray, floor: np.ndarray
) -> np.ndarray:
    """Return T in which those that are nearly 0 have other ratios, if some |u_j| is not short.

    Where all that take part in kinks are 0, ratios stand for multipliers. The longest |u_j| of
    these units shall be short: the ratio of one that is longer grows.
    """
    live = np.where(NEARLY_ZERO * floor >= T, 0, T)
    spans = batch.spans[batch.bases(index, T)]
    free = ~spans[:, :, -1] & ~(spans[:, :, :-1] & (live > 0)[:, None]).any(2)
    several = (spans.sum(2) > 1) & free & batch.kinks[index]
    tied = (spans[:, :, :-1] & several[:, :, None]).any(1)
    todo = np.flatnonzero(tied.any(1))
    found, trial, pulls = T.copy(), T.copy(), np.ones_like(T)
    lowest, power = np.full(len(T), np.inf), np.full(len(T), 0.25)
    for _ in range(CALMING):
        lengths = (values(batch, index[todo], X[todo], live[todo], trial[todo]).dual ** 2).sum(2)
        shares = np.where(tied[todo], X[todo, None] * lengths, 0)
        most = shares.max(1)
        lower = most < lowest[todo]
        found[todo[lower]], lowest[todo[lower]] = trial[todo[lower]], most[lower]
        power[todo] = np.where(lower, np.minimum(2 * power[todo], LARGEST_POWER), power[todo] / 4)
        pulls[todo[lower]] = shares[lower]
        todo = todo[most > CALM]
        if not len(todo):
            break
        ratios = np.where(tied[todo], found[todo] * pulls[todo] ** power[todo, None], 0)
        ratios *= NEARLY_ZERO / 2 * floor[todo] / ratios.max(1, keepdims=True)
        trial[todo] = np.where(tied[todo], np.maximum(ratios, floor[todo]), found[todo])
    return found


def _on_logarithms(
    batch: TowerBatch, index: np.ndarray, X: np.ndarray, start: np.ndarray, floor: np.ndarray
) -> np.ndarray:
    """Return minimisers near an X at which kinks let several units begin at once, or the start.

    There |u_j| depend on the quotients of T alone, nearly, and the loss does not notice them. So T
    is followed on a scale of logarithms where it decreases.
    """
    found, places = start.copy(), np.arange(start.shape[1])
    for _ in range(LONG_WAY):
        at = values(batch, index, X, found, found)
        model = _model(batch, index, X, found, at)
        H = (model.slopes + model.slopes.swapaxes(1, 2)) / 2
        H[:, places, places] *= 1 + DAMPED  # along their scale it is 0, up to rounding
        pull = 2 * model.size**2 * (model.size - 1)
        free = (found > floor) | (model.size > 1)
        step = np.nan_to_num(_held_steps(H, pull, np.zeros_like(found), free) / found)
        if (np.abs(step) < CONVERGED).all():
            break
        step = np.clip(step, -LONGER, LONGER)
        found = np.maximum(found * np.where(step > 0, 1 + step, np.exp(step)), floor)
    after, before = (_missed_conditions(batch, index, X, T, floor) for T in (found, start))
    return np.where((after < np.minimum(before, FAST))[:, None], found, start)


def _missed_conditions(
    batch: TowerBatch, index: np.ndarray, X: np.ndarray, T: np.ndarray, floor: np.ndarray
) -> np.ndarray:
    """Return by how much X |u_j|^2 differs from 1, or exceeds it where T_j is at its floor."""
    excess = X[:, None] * (values(batch, index, X, T, T).dual ** 2).sum(2) - 1
    size = np.where(floor < T, np.abs(excess), np.maximum(excess, 0)).max(1)
    return np.where(np.isnan(size), np.inf, size)


def floors(batch: TowerBatch, index: np.ndarray, X: np.ndarray, T: np.ndarray) -> np.ndarray:
    """Return the least T_j at which kinks surely do not depend on each other, like T."""
    several = batch.kinks[index].sum(1) > 1
    return np.broadcast_to((FLOOR * X * several)[:, None], T.shape)


@dataclass(frozen=True, eq=False)
class Model:
    """How |u_j| changes with T.

    Parameters
    ----------
    T : (B, m) array
    slopes : (B, m, m) array
        Minus the derivatives of X |u_j|^2 by T.
    size : (B, m) array
        sqrt(X) |u_j|.
    longest : (B, m) array
        By how much a T_j may grow at once.
    """

    T: np.ndarray
    slopes: np.ndarray
    size: np.ndarray
    longest: np.ndarray

    @classmethod
    def empty(cls, count: int, width: int) -> "Model":
        """Return a model with zeros."""
        zeros = np.zeros((3, count, width))
        return cls(zeros[0], np.zeros((count, width, width)), zeros[1], zeros[2])

    def __getitem__(self, chosen: np.ndarray) -> "Model":
        return Model(self.T[chosen], self.slopes[chosen], self.size[chosen], self.longest[chosen])

    def __setitem__(self, chosen: np.ndarray, other: "Model") -> None:
        self.T[chosen], self.slopes[chosen] = other.T, other.slopes
        self.size[chosen], self.longest[chosen] = other.size, other.longest

    def fast(self, floor: np.ndarray) -> np.ndarray:
        """Return Newton steps for 1 / (sqrt(X) |u_j|) = 1, and safe ones where |u_j| is small."""
        pull = 2 * self.size * self.size * (self.size - 1)
        return self._steps(np.where(self.size < SMALL, self.size**2 - 1, pull), floor)

    def safe(self, floor: np.ndarray) -> np.ndarray:
        """Return the steps of the quadratic model of the loss."""
        return self._steps(self.size * self.size - 1, floor)

    def _steps(self, pull: np.ndarray, floor: np.ndarray) -> np.ndarray:
        steps = _model_steps(self.slopes, pull, floor - self.T)
        with np.errstate(over="ignore"):
            share = np.min(self.longest / np.maximum(steps, TINY), axis=1)
        return steps * np.minimum(1, share)[:, None]


def _model(batch: TowerBatch, index: np.ndarray, X: np.ndarray, T: np.ndarray, at: Values) -> Model:
    C = columns(batch, index)
    size = np.sqrt(X)[:, None] * np.linalg.norm(at.dual, axis=2)
    pulls = (at.dual[:, :, None, :] @ C)[:, :, 0, :]
    # d(X |u_j|^2)/dT_k = -2 X pull_j' H^-1 (d H / dT_k) rho; an equation that one unit alone takes
    # part in does not change with its T.
    bases = batch.bases(index, T)
    shared = batch.active[index] | (batch.spans[bases].sum(2) > 1)
    taking = batch.spans[bases][:, :, :-1] | batch.active[index][:, :, None]
    changes = batch.mixing.mid[bases] @ pulls.swapaxes(1, 2) * taking
    changes *= (shared / at.sums)[:, :, None]
    slopes = 2 * X[:, None, None] * (pulls @ at.inverse @ changes)
    return Model(T, slopes, size, 10 * T + (X * X + X)[:, None])


def _tiny_diagonal(matrices: np.ndarray) -> np.ndarray:
    return np.abs(np.einsum("bjj->bj", matrices)) * 1e-13 + 1e-100


def _model_steps(hessian: np.ndarray, pull: np.ndarray, least: np.ndarray) -> np.ndarray:
    """Return the least d'Hd / 2 - pull.d over d >= least.

    The likeliest choices of which d_j is free are tried first, then all.

    Parameters
    ----------
    hessian : (B, m, m) array
        Positive semidefinite up to rounding.
    pull, least : (B, m) arrays
        Bounds are at most 0.
    """
    H = (hessian + hessian.swapaxes(1, 2)) / 2
    places = np.arange(H.shape[1])
    H[:, places, places] += _tiny_diagonal(H)
    free, best, todo = (least < 0) | (pull > 0), least.copy(), np.arange(len(least))
    for _ in range(GUESSES):
        best[todo] = d = _held_steps(H[todo], pull[todo], least[todo], free[todo])
        push = (H[todo] @ d[:, :, None])[:, :, 0] - pull[todo]
        free[todo], before = np.where(free[todo], d >= least[todo], push < 0), free[todo]
        todo = todo[(free[todo] != before).any(1) | np.isnan(d).any(1)]
        if not len(todo):
            return best
    best[todo] = _least_of_all_choices(H[todo], pull[todo], least[todo])
    return best


def _held_steps(H: np.ndarray, pull: np.ndarray, least: np.ndarray, free: np.ndarray) -> np.ndarray:
    """Return d = least where it is not free, and where the derivative by all other d_j is 0."""
    matrix = np.where(free[..., None] & free[..., None, :], H, np.eye(H.shape[1]))
    held = np.where(free, 0.0, least)
    side = np.where(free, pull - (H @ held[:, :, None])[:, :, 0], held)
    return _solved_each(matrix, side[:, :, None])[:, :, 0]


def _least_of_all_choices(H: np.ndarray, pull: np.ndarray, least: np.ndarray) -> np.ndarray:
    best, lowest = least.copy(), np.full(len(least), np.inf)
    for free in map(np.array, product((False, True), repeat=H.shape[1])):
        d = _held_steps(H, pull, least, free)
        value = d * ((H @ d[:, :, None])[:, :, 0] / 2 - pull)
        total = np.where((d >= least).all(1), value.sum(1), np.inf)
        lower = total < lowest
        best[lower], lowest[lower] = d[lower], total[lower]
    return best


def _solved_each(matrices: np.ndarray, sides: np.ndarray) -> np.ndarray:
    """Return the solution of each linear system, NaN where its matrix is singular."""
    try:
        return np.linalg.solve(matrices, sides)
    except np.linalg.LinAlgError:
        if len(matrices) == 1:
            return np.full(sides.shape, np.nan)
        pairs = zip(matrices, sides, strict=True)
        return np.concatenate([_solved_each(m[None], side[None]) for m, side in pairs])
