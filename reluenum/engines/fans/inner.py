"""The inner minimiser over T >= 0 in doubles, at many places at once (Theorem D22)."""

from dataclasses import dataclass, fields

import numpy as np

from reluenum.engines.fans.shapes import FanBatch

BOLD = 8
"""Newton steps for 1 / |Gamma| = 1, which is nearly linear in T."""

CONVERGED = 1e-11
"""Relative size of the last of them."""

CENTRED = 40
"""Steps of the interior point method for what has not settled."""

GAP, OFF = 1e-10, 1e-9
"""Relative duality gap, and error of the residuals, at its end."""

DEAD = 1e-15
"""Part of its bound below which no T lives."""

LEAST = 1e-12
"""Of 1 - |Gamma|^2, whose digits are lost below."""

POLISHING, POLISHED = 3, 1e-3
"""Newton steps after it, and the size, as part of the sum of T, up to which they are believed."""


@dataclass(frozen=True, eq=False)
class FanPlaces:
    """What the upper units see at choices of s and k.

    Parameters
    ----------
    index : (N,) array of int
        Fans.
    s, k : (N,) array
    heights, slopes : (N, n) array
        Heights of the first-layer unit where it is +, and their derivatives by k.
    shifts, rises : (N, m) array
        Heights at the upper kinks, and their derivatives by k.
    first, turned : (N, m, n) array
        (height - shift) and its derivative by k, where units are +.
    second : (N, m, n) array
        1 there.
    stack : (N, 2 m, n) array
        Gamma as linear forms of the residuals, its first parts before the second ones.
    damping : (N, m) array
        1 / (1 + s shift^2).
    free : (N, m) array
        1 for units without a kink, else 0.
    targets, diagonal : (N, n) array
    highest : (N,) array
        No sum of T at a stationary point is larger.
    """

    index: np.ndarray
    s: np.ndarray
    k: np.ndarray
    heights: np.ndarray
    slopes: np.ndarray
    shifts: np.ndarray
    rises: np.ndarray
    first: np.ndarray
    turned: np.ndarray
    second: np.ndarray
    stack: np.ndarray
    damping: np.ndarray
    free: np.ndarray
    targets: np.ndarray
    diagonal: np.ndarray
    highest: np.ndarray

    @classmethod
    def of(cls, batch: FanBatch, index: np.ndarray, s: np.ndarray, k: np.ndarray) -> "FanPlaces":
        """Return places of fans."""
        linear, kinks, plus = batch.heights[index], batch.shifts[index], batch.plus[index]
        heights, slopes = (linear[..., 0] + k[:, None] * linear[..., 1]) * plus, linear[..., 1]
        shifts, rises = kinks[..., 0] + k[:, None] * kinks[..., 1], kinks[..., 1]
        masks, free, slopes = batch.masks[index], batch.free[index], slopes * plus
        first = (heights[:, None, :] - shifts[..., None]) * masks
        damping = 1 / (1 + s[:, None] * shifts**2)
        root = np.sqrt(s[:, None] * damping)
        return cls(
            index,
            s,
            k,
            heights,
            slopes,
            shifts,
            rises,
            first,
            (slopes[:, None, :] - rises[..., None]) * masks,
            masks,
            np.concatenate([root[..., None] * first, masks * free[..., None]], 1),
            damping,
            free,
            batch.targets[index],
            batch.diagonal[index],
            batch.highest[index],
        )

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, chosen: np.ndarray) -> "FanPlaces":
        return FanPlaces(*(getattr(self, field.name)[chosen] for field in fields(self)))

    def matrix(self, T: np.ndarray) -> np.ndarray:
        """Return H."""
        found = (self.stack * np.concatenate([T, T], 1)[..., None]).mT @ self.stack
        sites = np.arange(found.shape[1])
        found[:, sites, sites] += self.diagonal
        return found

    def lengths(self, rho: np.ndarray) -> np.ndarray:
        """Return |Gamma|^2."""
        seen, m = (self.stack @ rho[..., None])[..., 0], self.free.shape[1]
        return seen[:, :m] ** 2 + seen[:, m:] ** 2

    def pulls(self, rho: np.ndarray) -> np.ndarray:
        """Return K_m rho for each unit, (N, m, n): half the gradients of |Gamma|^2."""
        found = self.stack * (self.stack @ rho[..., None])
        return found[:, : self.free.shape[1]] + found[:, self.free.shape[1] :]


def inverses(matrices: np.ndarray) -> np.ndarray:
    """Return inverses, nan for matrices that have none: what rests on these stays open.

    Examples
    --------
    >>> inverses(np.array([[[2.0]], [[0.0]]])).ravel()
    array([0.5, nan])
    """
    try:
        return np.linalg.inv(matrices)
    except np.linalg.LinAlgError:
        if len(matrices) == 1:
            return np.full_like(matrices, np.nan)
        half = len(matrices) // 2
        return np.concatenate([inverses(matrices[:half]), inverses(matrices[half:])])


def solved(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solve linear systems, approximately where a matrix is singular."""
    try:
        return np.linalg.solve(matrix, right)
    except np.linalg.LinAlgError:
        return np.linalg.pinv(np.nan_to_num(matrix)) @ right


def minimisers(places: FanPlaces, start: np.ndarray) -> np.ndarray:
    """Return approximate minimisers over T >= 0.

    Newton's method for 1 / |Gamma_m| = 1; where that wanders, an interior point method.

    Parameters
    ----------
    places : FanPlaces
    start : (N, m) array
        T near them, not 0.
    """
    T, todo = start.copy(), np.arange(len(start))
    for _ in range(BOLD):
        T[todo], settled = _bold_step(places, T[todo])
        todo, places = todo[~settled], places[~settled]
        if not len(todo):
            return T
    found = centred(places)
    for _ in range(POLISHING):
        moved, _ = _bold_step(places, found)
        good = (np.abs(moved - found) <= POLISHED * found.sum(1)[:, None]).all(1)
        found = np.where(good[:, None], moved, found)
    T[todo] = found
    return T


def _bold_step(places: FanPlaces, T: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return new T, and where they have settled."""
    inverse = inverses(places.matrix(T))
    rho = (inverse @ places.targets[..., None])[..., 0]
    size, pulls = np.sqrt(places.lengths(rho)), places.pulls(rho)
    curvature = pulls @ inverse @ pulls.mT
    units = np.arange(T.shape[1])
    own = curvature[:, units, units]
    free = (T > 0) | (size > 1)
    slopes = 2 * curvature * (free[:, :, None] & free[:, None, :])
    slopes[:, units, units] += np.where(free, 2e-13 * own + 1e-300, 1.0)
    excess = np.where(free, 2 * size * size * (size - 1), 0.0)
    step = np.nan_to_num(solved(slopes, excess[..., None])[..., 0])
    step = np.clip(step, np.where(size > 1, -0.75, -1) * T, 3 * T + places.highest[:, None])
    # A unit that wants to live and may not: one step of coordinate descent for it alone.
    stuck = (T == 0) & (size > 1 + 1e-9) & (step <= 0)
    worst = np.argmax(np.where(stuck, size, 0), 1)[:, None] == units
    alone = np.where(worst, size * size * (size - 1) / np.maximum(own, 1e-300), 0.0)
    step = np.where(stuck.any(1)[:, None], alone, step)
    return T + step, (np.abs(step) <= CONVERGED * (T + 1e-6)).all(1)


def centred(places: FanPlaces) -> np.ndarray:
    """Return approximate minimisers by a primal-dual interior point method.

    Its residuals maximise 2 rho.y - rho.diag.rho subject to |Gamma_m| < 1, with T as multipliers.
    """
    T = np.tile(places.highest[:, None] / places.free.shape[1], (1, places.free.shape[1]))
    rho, slack = np.zeros(places.targets.shape), np.ones(T.shape)
    todo, part = np.arange(len(T)), places
    for _ in range(CENTRED):
        moved = _central_step(part, T[todo], rho[todo], slack[todo])
        T[todo], rho[todo], slack[todo], done = moved
        todo, part = todo[~done], part[~done]
        if not len(todo):
            break
    size = T.sum(1)[:, None]
    return np.where((slack * size > T) | (size < DEAD * places.highest[:, None]), 0.0, T)


def _central_step(
    places: FanPlaces, T: np.ndarray, rho: np.ndarray, slack: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return T, residuals and 1 - |Gamma|^2 after a step, and where it was the last one."""
    pulls, matrix, ratio = places.pulls(rho), places.matrix(T), T / slack
    wrong = places.targets - (matrix @ rho[..., None])[..., 0]
    gap = (T * slack).mean(1)
    off = np.abs(wrong).max(1) / np.maximum(np.abs(places.targets).max(1), 1e-300)
    aim = gap * np.where(off < 0.5, 0.05, 0.3)
    drift = aim[:, None] / slack - T
    right = wrong - (drift[:, None, :] @ pulls)[:, 0]
    bent = matrix + 2 * (ratio[..., None] * pulls).mT @ pulls
    turn = solved(bent, right[..., None])
    along = 2 * (pulls @ turn)[..., 0]
    step, turn = drift + ratio * along, turn[..., 0]
    # 1 - |Gamma|^2 is slack - a along - a^2 |Gamma(turn)|^2 after a part a of the step.
    square = places.lengths(turn)
    reach = 2 * slack / (along + np.sqrt(along * along + 4 * square * slack) + 1e-300)
    falls = np.where(step < 0, -T / np.minimum(step, -1e-300), np.inf)
    part = np.minimum(0.99 * np.minimum(reach.min(1), falls.min(1)), 1.0)[:, None]
    T, rho = T + part * step, rho + part * turn
    slack = np.maximum(1 - places.lengths(rho), LEAST)
    size = T.sum(1)
    done = ((gap < GAP * size) & (off < OFF)) | (size < DEAD * places.highest)
    return T, rho, slack, done
