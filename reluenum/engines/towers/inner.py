"""The inner minimiser over T >= 0 in doubles, for many strata and X at once (Theorem D9)."""

from dataclasses import dataclass

import numpy as np

from reluenum.engines.towers.batches import Batch

NEWTON_STEPS = 12
"""Of the inner problem; two or three are enough from a good start."""

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
    """

    rho: np.ndarray
    dual: np.ndarray
    inverse: np.ndarray


def matrix(batch: Batch, index: np.ndarray, X: np.ndarray, T: np.ndarray) -> np.ndarray:
    """Return diag(ridge / count) + sum_j T_j K_j + X 11' in doubles, (B, n, n)."""
    faces, seen = batch.faces[index], batch.seen[index]
    visible = seen[:, :, None] & seen[:, None, :]
    total = np.einsum("bj,bjkl->bkl", T, batch.rows.gram.mid[faces]) + X[:, None, None]
    total *= visible
    diagonal = np.arange(total.shape[1])
    total[:, diagonal, diagonal] += batch.diagonal.mid[index]
    total[:, diagonal, diagonal] += JITTER * np.abs(total).max(2)
    return total


def values(batch: Batch, index: np.ndarray, X: np.ndarray, T: np.ndarray) -> Values:
    """Return residual and dual vectors in doubles."""
    inverse = np.linalg.inv(matrix(batch, index, X, T))
    rho = (inverse @ batch.targets.mid[index][:, :, None])[:, :, 0]
    dual = (columns(batch, index) @ rho[:, None, :, None])[..., 0]
    return Values(rho, dual, inverse)


def columns(batch: Batch, index: np.ndarray) -> np.ndarray:
    """Return the matrices C_j in doubles, restricted to the sites that are seen, (B, m, D, n)."""
    return batch.rows.columns.mid[batch.faces[index]] * batch.seen[index][:, None, None, :]


def minimise(batch: Batch, index: np.ndarray, X: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Return approximate minimisers over T >= 0.

    Newton's method for 1 / (sqrt(X) |u_j|) = 1, which is nearly linear in T, on the faces that
    are not held at T_j = 0.

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
    floor = FLOOR * X * (batch.kinks[index].sum(1) > 1)
    T = np.maximum(start, floor[:, None])
    todo = np.arange(len(index))
    for _ in range(NEWTON_STEPS):
        step, wrong = _step(batch, index[todo], X[todo], T[todo], floor[todo])
        T[todo] = np.maximum(T[todo] + step, floor[todo][:, None])
        todo = todo[wrong]
        if not len(todo):
            break
    return T


def _step(batch, index, X, T, floor):
    at = values(batch, index, X, T)
    C = columns(batch, index)
    size = np.sqrt(X)[:, None] * np.linalg.norm(at.dual, axis=2)
    gradients = (at.dual[:, :, None, :] @ C)[:, :, 0, :]
    curvature = gradients @ at.inverse @ gradients.swapaxes(1, 2)
    free = (T > floor[:, None]) | (size > 1)
    # d(X |u_j|^2)/dT_k = -2 X curvature_jk
    slopes = 2 * X[:, None, None] * curvature * (free[:, :, None] & free[:, None, :])
    scale = np.abs(np.einsum("bjj->bj", slopes)) * 1e-13
    slopes += np.eye(T.shape[1]) * np.where(free, scale, 1.0)[:, None, :]
    excess = np.where(free, 2 * size * size * (size - 1), 0.0)
    step = np.linalg.solve(slopes, excess[:, :, None])[:, :, 0]
    step = np.clip(np.nan_to_num(step), -T, T + (X * X)[:, None] + 1e-3 * X[:, None])
    moved = np.maximum(T + step, floor[:, None]) - T
    wrong = (np.abs(moved) > CONVERGED * (np.abs(T) + 1e-3 * (X * X)[:, None])).any(1)
    return step, wrong
