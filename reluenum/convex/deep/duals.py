"""Dual points of the second layer, for given features: numbers that prove nothing by themselves.

The dual of Theorem D11 is to maximise 2 r.y - sum r^2 / n while no unit gains more than the ridge.
Cutting planes: each round adds, for each row of signs, the unit that gains most, which is the
projection of the gradient to the cone of the row.
"""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import nnls

from reluenum.convex.deep.boxes import Row, TwoLayers

ROUNDS = 40
"""Of cutting planes."""

EXACT = 1e-11
"""Relative violation that is left."""

TINY = 1e-12
"""Below it a number is rounding, where it must not be 0."""

BINDING = 1e-3
"""Relative slack of a constraint that counts as tight."""


class RowSigns:
    """Rows of signs as arrays.

    Parameters
    ----------
    rows : sequence of Row
    size : int
        Number of sites.
    """

    def __init__(self, rows: Sequence[Row], size: int) -> None:
        bits = np.array([[row.active >> i & 1 for i in range(size)] for row in rows], dtype=float)
        self.rows = rows
        self.sides = 2 * bits.reshape(len(rows), size) - 1
        """1 where a row is active and -1 elsewhere, (F, s)."""
        self.active = (self.sides > 0) * np.array([[row.sign] for row in rows], dtype=float)
        """The sign of the output weight where a row is active, 0 elsewhere, (F, s)."""

    def pushes(self, of: TwoLayers, features: np.ndarray, residual: np.ndarray) -> np.ndarray:
        """Return multipliers of the signs that shorten the gradients of long ones, (F, s)."""
        gradients = self.active @ (residual[:, None] * features)
        found = np.zeros_like(self.sides)
        for k in np.flatnonzero(np.linalg.norm(gradients, axis=1) > of.ridge / 2):
            found[k] = _push(features, self.sides[k], gradients[k])
        return found


def _push(features: np.ndarray, sides: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """Return the multipliers that project a gradient to the cone of a row of signs, (s,)."""
    return nnls(-(sides[:, None] * features).T, gradient)[0]


def best_residual(of: TwoLayers, signs: RowSigns, features: np.ndarray) -> np.ndarray:
    """Return the maximiser of the dual, (s,), up to a few digits.

    Parameters
    ----------
    of : TwoLayers
    signs : RowSigns
    features : (s, m) array
        Of any number: with their changes in a box beside them, the point is robust in the box.
    """
    weights = np.sqrt(of.counts)
    wanted = weights * of.targets
    point, cuts = wanted, np.zeros((0, of.size))
    for _ in range(ROUNDS):
        residual = weights * point
        new = [weights * cut for cut in _steepest_units(of, signs, features, residual)]
        if not new:
            break
        cuts = np.array([*cuts, *new])
        point, used = _held_below(wanted, cuts, of.ridge)
        cuts = cuts[used]
    return weights * point


def _steepest_units(
    of: TwoLayers, signs: RowSigns, features: np.ndarray, residual: np.ndarray
) -> list[np.ndarray]:
    """Return what the best unit of each row does, with its sign, if it gains too much."""
    most = of.ridge * (1 + EXACT)
    gradients = signs.active @ (residual[:, None] * features)
    found = []
    for k in np.flatnonzero(np.linalg.norm(gradients, axis=1) > most):
        sides = signs.sides[k]
        push = _push(features, sides, gradients[k])
        gain = gradients[k] + (sides * push) @ features
        length = np.linalg.norm(gain)
        if length > max(most, TINY * np.linalg.norm(gradients[k])):
            found.append(signs.active[k] * np.maximum(features @ (gain / length), 0))
    return [cut for cut in found if cut.any()]


def _held_below(wanted: np.ndarray, cuts: np.ndarray, most: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the nearest point with cuts . point <= most, and which cuts hold it there.

    By the method for least distances of Lawson and Hanson (Solving Least Squares Problems, 1974,
    chapter 23).
    """
    size, lengths = np.linalg.norm(wanted), np.linalg.norm(cuts, axis=1, keepdims=True)
    normals = cuts / lengths
    system = np.vstack([-normals.T, normals @ wanted / size - most / lengths[:, 0] / size])
    last = np.zeros(len(system))
    last[-1] = 1
    multipliers, _ = nnls(system, last, maxiter=100 * len(cuts))
    rest = system @ multipliers - last
    found = wanted - size * rest[:-1] / min(rest[-1], -TINY)
    return found, multipliers > 0


def tight_rows(
    of: TwoLayers,
    signs: RowSigns,
    features: np.ndarray,
    residual: np.ndarray,
    pushes: np.ndarray,
) -> np.ndarray:
    """Say which rows have a unit that gains as much as the ridge, (F,)."""
    gains = (signs.active * residual + signs.sides * pushes) @ features
    return np.linalg.norm(gains, axis=1) > of.ridge * (1 - BINDING)


def moving(
    signs: RowSigns,
    features: tuple[np.ndarray, np.ndarray],
    residual: np.ndarray,
    pushes: np.ndarray,
    tight: np.ndarray,
) -> np.ndarray:
    """Return how a dual point has to change so that tight constraints stay tight, (s, p)."""
    middle, change = features
    weights = (signs.active * residual + signs.sides * pushes)[tight]
    gains = weights @ middle
    units = gains / np.linalg.norm(gains, axis=1, keepdims=True)
    outputs = signs.active[tight] * (units @ middle.T)
    drift = -np.einsum("fc,fi,icp->fp", units, weights, change)
    return np.linalg.lstsq(outputs, drift, rcond=1e-6)[0]
