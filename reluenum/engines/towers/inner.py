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

FLOOR = 1e-11
"""Least T in units of X where several kinks may depend on each other once a unit is dead."""

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
    lowest = np.full(len(index), np.inf)
    trial, safe, share = best.copy(), np.zeros(best.shape), np.ones(len(index))
    todo = np.arange(len(index))
    for _ in range(NEWTON_STEPS):
        at = values(batch, index[todo], X[todo], trial[todo], trial[todo])
        fit = (at.rho * batch.targets.mid[index[todo]]).sum(1)
        loss = fit + trial[todo].sum(1) / X[todo]
        lower = loss <= lowest[todo] + ROUNDING * np.abs(loss)
        good, bad = todo[lower], todo[~lower]
        best[good], lowest[good], share[good] = trial[good], loss[lower], 1.0
        kept = Values(at.rho[lower], at.dual[lower], at.inverse[lower], at.sums[lower])
        fast, safe[good] = _steps(batch, index[good], X[good], best[good], floor[good], kept)
        trial[good] = np.maximum(best[good] + fast, floor[good])
        share[bad] *= SHORTER
        trial[bad] = np.maximum(best[bad] + share[bad, None] * safe[bad], floor[bad])
        moved = np.abs(trial[todo] - best[todo])
        size = np.abs(best[todo]) + 1e-3 * (X[todo] * X[todo])[:, None]
        todo = todo[(moved > CONVERGED * size).any(1)]
        if not len(todo):
            break
    return best


def floors(batch: TowerBatch, index: np.ndarray, X: np.ndarray, T: np.ndarray) -> np.ndarray:
    """Return the least T_j at which kinks surely do not depend on each other, like T."""
    several = batch.kinks[index].sum(1) > 1
    return np.broadcast_to((FLOOR * X * several)[:, None], T.shape)


def _steps(
    batch: TowerBatch,
    index: np.ndarray,
    X: np.ndarray,
    T: np.ndarray,
    floor: np.ndarray,
    at: Values,
) -> tuple[np.ndarray, np.ndarray]:
    """Return Newton steps for 1 / (sqrt(X) |u_j|) = 1, and those of the quadratic model."""
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
    longest = 10 * T + (X * X + X)[:, None]
    fast = _model_steps(slopes, 2 * size * size * (size - 1), floor - T)
    safe = _model_steps(slopes, size * size - 1, floor - T)
    return _limited(fast, longest), _limited(safe, longest)


def _limited(steps: np.ndarray, longest: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        return steps * np.minimum(1, np.min(longest / np.maximum(steps, TINY), axis=1))[:, None]


def _tiny_diagonal(matrices: np.ndarray) -> np.ndarray:
    return np.abs(np.einsum("bjj->bj", matrices)) * 1e-13 + 1e-100


def _model_steps(hessian: np.ndarray, pull: np.ndarray, least: np.ndarray) -> np.ndarray:
    """Return the least d'Hd / 2 - pull.d over d >= least, from all choices of which d_j is free.

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
    best, lowest = least.copy(), np.full(len(least), np.inf)
    for free in map(np.array, product((False, True), repeat=len(places))):
        matrix = np.where(free[:, None] & free, H, np.eye(len(places)))
        held = np.where(free, 0.0, least)
        side = np.where(free, pull - (H @ held[:, :, None])[:, :, 0], held)
        d = _solved_each(matrix, side[:, :, None])[:, :, 0]
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
