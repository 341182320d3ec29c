"""A rigorous lower bound of the loss in a box, from a dual point that moves with the box.

Everything is a polynomial in the coordinates e of a box, -1 <= e <= 1, whose coefficients are sums
of products of doubles: rounding is at most `ROUNDING` times the same sums without signs.
"""

from dataclasses import dataclass

import numpy as np

from reluenum.convex.deep.boxes import ROUNDING, Box, TwoLayers
from reluenum.convex.deep.duals import RowSigns


@dataclass(frozen=True, eq=False)
class DualPoint:
    """Residuals that move with a box, and multipliers of the signs of rows.

    Parameters
    ----------
    residual : (s,) array
        In the middle.
    change : (s, p) array
        Along each axis.
    pushes : (F, s) array
        Not negative.
    """

    residual: np.ndarray
    change: np.ndarray
    pushes: np.ndarray


@dataclass(frozen=True, eq=False)
class BoxBound:
    """What a dual point proves.

    Parameters
    ----------
    value : float
        No network of the box has a smaller sum-of-squares loss, scatter left out.
    point : DualPoint
        Without the multipliers that are not needed.
    effects : (p,) array
        What each axis takes off, roughly.
    share : float
        By which the dual point is multiplied to be feasible.
    dual : float
        What the dual point alone proves.
    """

    value: float
    point: DualPoint
    effects: np.ndarray
    share: float
    dual: float
    whole: DualPoint


@dataclass(frozen=True, eq=False)
class Gains:
    """The gain of a unit of each row, squared, as far as it is bounded in a box.

    Parameters
    ----------
    most : (F,) array
        Upper bounds.
    effects : (F, p) array
        What each axis adds, roughly.
    """

    most: np.ndarray
    effects: np.ndarray


def gains_in(signs: RowSigns, features: tuple[np.ndarray, np.ndarray], point: DualPoint) -> Gains:
    """Bound |q|^2 for the gradient q of each row, a polynomial of degree two: Lemma D40."""
    most, effects = _bounded(*_gradients(signs.active, signs.sides, features, point))
    without = DualPoint(*map(np.abs, (point.residual, point.change, point.pushes)))
    sizes = _gradients(np.abs(signs.active), np.abs(signs.sides), features, without)
    total = sum(size.reshape(*size.shape[:2], -1).sum(axis=-1) for size in sizes)
    return Gains(most + ROUNDING * (total**2).sum(axis=1), effects)


Gradients = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Coefficients of degree 0, 1 and 2, (F, m), (F, m, p) and (F, m, p, p)."""


def _gradients(
    active: np.ndarray,
    sides: np.ndarray,
    features: tuple[np.ndarray, np.ndarray],
    point: DualPoint,
) -> Gradients:
    """Return the gradient of each row, (active r(e) + sides pushes) (h(e), 1)."""
    middle, change = features
    weights = active * point.residual + sides * point.pushes
    drifts = active[:, :, None] * point.change
    first = np.einsum("fik,im->fmk", drifts, middle) + np.einsum("fi,imk->fmk", weights, change)
    return weights @ middle, first, np.einsum("fik,iml->fmkl", drifts, change)


def _bounded(level: np.ndarray, first: np.ndarray, second: np.ndarray) -> tuple:
    """Return bounds of the squared length of gradients, (F,), and what each axis adds, (F, p)."""
    slope = 2 * np.einsum("fm,fmk->fk", level, first)
    bend = np.einsum("fmk,fml->fkl", first, first) + 2 * np.einsum("fm,fmkl->fkl", level, second)
    bend = (bend + bend.transpose(0, 2, 1)) / 2
    own = np.einsum("fkk->fk", bend)
    effects = np.abs(slope) + np.maximum(own, 0) + (np.abs(bend).sum(axis=2) - np.abs(own))
    linear = np.sqrt((np.abs(first).sum(axis=2) ** 2).sum(axis=1))
    square = np.sqrt((np.abs(second).sum(axis=(2, 3)) ** 2).sum(axis=1))
    higher = 2 * linear * square + square**2
    return (level**2).sum(axis=1) + effects.sum(axis=1) + higher, effects


def box_bound(of: TwoLayers, box: Box, signs: RowSigns, point: DualPoint) -> BoxBound:
    """Return the bound of a dual point, shortened until no unit gains more than the ridge.

    Its residuals and multipliers are divided by the same number.
    """
    features = box.features(of)
    gains = gains_in(signs, features, point)
    worst = int(gains.most.argmax()) if len(gains.most) else None
    highest = 0.0 if worst is None else float(gains.most[worst]) ** 0.5
    share = _best_share(of, point.residual, highest)
    plain = DualPoint(point.residual, point.change, np.zeros_like(point.pushes))
    needed = gains_in(signs, features, plain).most > gains.most.max(initial=0.0)
    kept = DualPoint(point.residual, point.change, point.pushes * needed[:, None])
    value, effects = _objective(of, box, share * point.residual, share * point.change)
    if worst is not None:
        steep = abs(point.residual @ of.targets) / of.ridge**2
        effects = effects + steep * gains.effects[worst]
    surely = of.ridge * box.shortest(of) * (1 - ROUNDING)  # of no dual point at all
    return BoxBound(max(value, surely), kept, effects, share, value, point)


def _best_share(of: TwoLayers, residual: np.ndarray, highest: float) -> float:
    """Return by what a residual is multiplied: as good as it can be while it is feasible."""
    energy = float(residual @ (residual / of.counts))
    best = float(residual @ of.targets) / energy if energy > 0 else 1.0
    feasible = of.ridge / highest if highest > 0 else best
    return max(0.0, min(best, feasible)) * (1 - ROUNDING)


def _objective(
    of: TwoLayers, box: Box, residual: np.ndarray, change: np.ndarray
) -> tuple[float, np.ndarray]:
    """Bound 2 r.y - sum r^2 / n + ridge |V|^2 from below; return it and the effects of axes.

    The better of two bounds: of the sum as one polynomial, and with the least |V|^2 apart.
    """
    scaled, moved = residual / of.counts, change / of.counts[:, None]
    level = float(2 * residual @ of.targets - residual @ scaled)
    slope, bend = 2 * (of.targets - scaled) @ change, -change.T @ moved
    length, *lengths = box.penalty(of)
    penalty = (of.ridge * length, *(of.ridge * part for part in lengths))
    fall = _falls(slope + penalty[1], bend + penalty[2])
    together = level + penalty[0] - fall.sum()
    apart = level + of.ridge * box.shortest(of) - _falls(slope, bend).sum()
    size = np.abs(residual) + np.abs(change).sum(axis=1)
    total = 2 * size @ np.abs(of.targets) + size @ (size / of.counts)
    total += sum(np.abs(part).sum() for part in penalty)
    return float(max(together, apart) - ROUNDING * total), fall


def _falls(slope: np.ndarray, bend: np.ndarray) -> np.ndarray:
    """Return by how much a polynomial of degree two falls below its middle, axis by axis."""
    own = np.diag(bend)
    return np.abs(slope) + np.maximum(-own, 0) + (np.abs(bend).sum(axis=1) - np.abs(own))
