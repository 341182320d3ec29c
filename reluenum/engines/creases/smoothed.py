"""The path of `interior` in doubles, for many supports at once; it decides nothing.

Other units of the data are another ridge (Lemma 131), so it has to be right for any.
"""

import numpy as np

from reluenum.engines.creases.screens import SMALLEST

SHRINKING = 64.0
"""By how much the parameter becomes smaller once the minimum for it is near."""

MOST_STEPS = 150
"""Newton steps, of which half are enough where doubles are."""

NEEDED, SPARE = 2.0**24, 2.0**8
"""Weights of units that are needed are more at the end, those of others less."""

SHORT = 2.0**-30
"""What is not needed is known by then: the parameter, divided by (ridge / reach)^2."""

Array = np.ndarray


def smoothed_minima(gram: Array, gains: Array, projectors: Array, ridge: float) -> Array:
    """Return nearly the minima of v'Gv / 2 - g'v + ridge (|v_1| + |v_2| + ...), of any scales.

    |v| is smoothed, less and less (Lemma 132); what is short at the end is 0.

    Parameters
    ----------
    gram : (B, m d, m d) array
    gains : (B, m d) array
    projectors : (B, m, d, d) array
        Onto the flats of the parts of v.
    ridge : float

    Returns
    -------
    (B, m, d) array
    """
    count, size, d, _ = projectors.shape
    diagonal = np.maximum(np.trace(gram, axis1=1, axis2=2), SMALLEST)
    least = (gains * gains).sum(axis=1) / diagonal
    parameter = np.maximum(least, SMALLEST)
    late, last = SHORT * ridge**2 / diagonal, parameter * 2.0**-100
    apart = (np.eye(d) - projectors) * diagonal[:, None, None, None]
    point = np.zeros_like(gains)
    open_ = np.flatnonzero(least > 0)
    for _ in range(MOST_STEPS):
        if not len(open_):
            break
        parts = point[open_].reshape(-1, size, d)
        own = parameter[open_]
        root, factor = _smoothed_weights(parts, own[:, None], ridge)
        matrix = gram[open_].copy()
        for k in range(size):
            place, b = slice(k * d, (k + 1) * d), parts[:, k]
            share = (factor / root)[:, k, None, None]
            bend = projectors[open_, k] - share * b[:, :, None] * b[:, None, :]
            matrix[:, place, place] += factor[:, k, None, None] * bend + apart[open_, k]
        slope = (gram[open_] @ point[open_, :, None])[..., 0] - gains[open_]
        slope += (factor[..., None] * parts).reshape(len(open_), -1)
        step = _evenly_solved(matrix, slope)
        decrement = np.sqrt(np.abs((slope * step).sum(axis=1)) / own)
        near = decrement < 0.25
        moved = point[open_] - np.where(near, 1.0, 1 / (1 + decrement))[:, None] * step
        good = np.isfinite(moved).all(axis=1)
        point[open_[good]] = moved[good]
        weights = ridge * _part_lengths(point[open_].reshape(-1, size, d)) / own[:, None]
        clear = ((weights > NEEDED) | (weights < SPARE)).all(axis=1) & (own < late[open_])
        ended = near & (clear | (own < last[open_]))
        parameter[open_] = np.where(near & ~ended, own / SHRINKING, own)
        open_ = open_[good & ~ended]
    parts = point.reshape(count, size, d)
    needed = ridge * _part_lengths(parts) > np.sqrt(NEEDED * SPARE) * parameter[:, None]
    return np.where(needed[..., None], parts, 0.0)


def _part_lengths(parts: Array) -> Array:
    return np.linalg.norm(parts, axis=2)


def _smoothed_weights(parts: Array, parameter: Array, ridge: float) -> tuple[Array, Array]:
    """Return what smoothed lengths are made of: s and ridge^2 / (s + parameter)."""
    root = np.hypot(parameter, ridge * _part_lengths(parts))
    return root, ridge * (ridge / (root + parameter))


def _evenly_solved(matrix: Array, right: Array) -> Array:
    """Solve positive systems; diagonals are made 1 before."""
    scale = 1 / np.sqrt(np.maximum(np.diagonal(matrix, axis1=1, axis2=2), SMALLEST))
    even = matrix * scale[:, :, None] * scale[:, None, :]
    even = even + 1e-15 * np.eye(right.shape[1])
    return scale * np.linalg.solve(even, (scale * right)[..., None])[..., 0]
