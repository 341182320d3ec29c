"""The inner minimiser over T >= 0 in doubles, for many fans at once (Theorem D22)."""

from dataclasses import dataclass

import numpy as np

from reluenum.engines.fans.shapes import FanBatch

BOLD, STEPS = 12, 50
"""Newton steps for 1 / |Gamma| = 1, and with those for |Gamma|^2 = 1 that never climb."""

SHARES = (1.0, 0.5, 0.2, 0.05, 0.01, 0.0)
"""Of a step that must not climb."""

CONVERGED = 1e-12
"""Relative size of the last step."""

JITTER = 1e-16
"""Relative shift of diagonals, so that no matrix is singular; bounds are proved elsewhere."""


@dataclass(frozen=True, eq=False)
class FanFeatures:
    """What the upper units see at a choice of s and k.

    Parameters
    ----------
    first, slope : (B, m, n) arrays
        (height - shift) and its derivative by k, where units are +.
    second : (B, m, n) array
        1 there.
    scale : (B, m) array
        s / (1 + s shift^2).
    free : (B, m) array
    """

    first: np.ndarray
    slope: np.ndarray
    second: np.ndarray
    scale: np.ndarray
    free: np.ndarray


def features(batch: FanBatch, index: np.ndarray, s: np.ndarray, k: np.ndarray) -> FanFeatures:
    """Return features in doubles."""
    heights, shifts = batch.heights.mid[index], batch.shifts.mid[index]
    lower = (batch.lower[index] == "+").astype(float)
    value = (heights[..., 0] + k[:, None] * heights[..., 1]) * lower
    slope = heights[..., 1] * lower
    shift = shifts[..., 0] + k[:, None] * shifts[..., 1]
    masks = batch.masks[index].astype(float)
    return FanFeatures(
        (value[:, None, :] - shift[..., None]) * masks,
        (slope[:, None, :] - shifts[..., 1][..., None]) * masks,
        masks,
        s[:, None] / (1 + s[:, None] * shift**2),
        batch.free[index].astype(float),
    )


def inner_minimisers(
    batch: FanBatch, index: np.ndarray, s: np.ndarray, k: np.ndarray, start: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return approximate minimisers over T >= 0, and the residuals there.

    Newton's method for 1 / |Gamma_m| = 1, which is nearly linear in T; where that wanders, for
    |Gamma_m|^2 = 1, the gradient, with steps that are shortened until the function decreases.

    Returns
    -------
    (B, m) array, (B, n) array
    """
    seen = features(batch, index, s, k)
    T, rho = start.copy(), np.zeros(batch.targets.mid[index].shape)
    todo = np.arange(len(index))
    for count in range(STEPS):
        part = FanFeatures(*(getattr(seen, name)[todo] for name in seen.__dataclass_fields__))
        T[todo], rho[todo], wrong = _inner_step(batch, index[todo], part, T[todo], count < BOLD)
        todo = todo[wrong]
        if not len(todo):
            break
    return T, rho


def _residual_inverse(
    batch: FanBatch, index: np.ndarray, seen: FanFeatures, T: np.ndarray
) -> np.ndarray:
    """Return the inverse of the matrix of which the residual is the solution."""
    n = seen.first.shape[2]
    one, two = T * seen.scale, T * seen.free
    matrix = np.einsum("bm,bmi,bmj->bij", one, seen.first, seen.first)
    matrix += np.einsum("bm,bmi,bmj->bij", two, seen.second, seen.second)
    places = np.arange(n)
    matrix[:, places, places] += batch.diagonal.mid[index]
    matrix[:, places, places] += JITTER * np.abs(matrix).max((1, 2))[:, None]
    return np.linalg.inv(matrix)


def _inner_step(
    batch: FanBatch, index: np.ndarray, seen: FanFeatures, T: np.ndarray, bold: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return new T, the residuals at the old ones, and where T has not settled."""
    targets = batch.targets.mid[index]
    inverse = _residual_inverse(batch, index, seen, T)
    rho = (inverse @ targets[:, :, None])[..., 0]
    a = np.einsum("bmi,bi->bm", seen.first, rho)
    b = np.einsum("bmi,bi->bm", seen.second, rho)
    size = np.sqrt(seen.scale * a**2 + seen.free * b**2)
    pulls = (seen.scale * a)[..., None] * seen.first + (seen.free * b)[..., None] * seen.second
    curvature = pulls @ inverse @ pulls.swapaxes(1, 2)
    free = (T > 0) | (size > 1)
    slopes = 2 * curvature * (free[:, :, None] & free[:, None, :])
    scale = np.abs(np.einsum("bmm->bm", slopes)) * 1e-13 + 1e-300
    slopes += np.eye(T.shape[1]) * np.where(free, scale, 1.0)[:, None, :]
    excess = 2 * size * size * (size - 1) if bold else size * size - 1
    step = np.linalg.solve(slopes, np.where(free, excess, 0.0)[:, :, None])[..., 0]
    least = np.where((size > 1) & bold, -0.75, -1) * T
    step = np.clip(np.nan_to_num(step), least, 3 * T + batch.highest[index][:, None])
    # A unit that wants to live and may not: one step of coordinate descent for it alone.
    alone = size * size * (size - 1) / np.maximum(np.einsum("bmm->bm", curvature), 1e-300)
    stuck = (T == 0) & (size > 1 + 1e-9) & (step <= 0)
    worst = np.argmax(np.where(stuck, size, 0), 1)[:, None] == np.arange(T.shape[1])
    step = np.where(stuck.any(1)[:, None], np.where(worst, alone, 0.0), step)
    wrong = (np.abs(step) > CONVERGED * (T + 1e-6)).any(1)
    if not bold:
        heights = []
        for share in SHARES:
            there = T + share * step
            solved = _residual_inverse(batch, index, seen, there) @ targets[:, :, None]
            heights.append(there.sum(1) + (targets * solved[..., 0]).sum(1))
        step = np.array(SHARES)[np.argmin(heights, 0)][:, None] * step
    return T + step, rho, wrong
