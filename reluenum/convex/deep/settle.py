"""A network moved to the stationary point next to it: a guess, of which the rest is a proof.

What is nearly 0 is put to 0, and Newton's method solves the equations of the stratum.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from reluenum.convex.deep.boxes import TwoLayers
from reluenum.convex.deep.lagrange import Lagrangian, LiveSigns, Upper

STEPS = 40
"""Of Newton's method."""

TOLERANCES = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
"""Cosines, and lengths, that may be 0."""

SHARP = 1e-9
"""Less is 0 in the end."""

Layers = Sequence[np.ndarray]
"""Units (W, b) in rows of the first layer and of the second one, and output weights."""


def settled(of: TwoLayers, layers: Layers) -> list[tuple[Lagrangian, np.ndarray]]:
    """Return stationary points next to a network, for different ideas of what is 0."""
    found: dict[LiveSigns, tuple[Lagrangian, np.ndarray]] = {}
    for tolerance in TOLERANCES:
        lagrangian, start = _snapped(of, layers, tolerance)
        if all(lagrangian.flats) and lagrangian.stratum not in found:
            point = _critical_point(lagrangian, start())
            if point is not None and _is_consistent(lagrangian, point):
                found[lagrangian.stratum] = lagrangian, point
    return [*found.values()]


def layers_of(lagrangian: Lagrangian, x: np.ndarray) -> Layers:
    """Return the layers of the network of a critical point, dead units behind the others."""
    below, above = lagrangian.of.problem.hidden
    vectors, squares = lagrangian.vectors(x), lagrangian.parts(x)[3]
    first = np.zeros((below, lagrangian.of.depth))
    second, output = np.zeros((above, below + 1)), np.zeros(above)
    first[: len(vectors)] = np.reshape(vectors, (len(vectors), lagrangian.of.depth))
    places = [*range(len(vectors)), below]
    pairs = zip(lagrangian.stratum.upper, lagrangian.gradients(x), squares, strict=True)
    for m, (unit, gradient, square) in enumerate(pairs):
        output[m] = unit.sign * square**0.5
        second[m, places] = square**0.5 * gradient / np.linalg.norm(gradient)
    return first, second, output


def _snapped(of: TwoLayers, layers: Layers, tolerance: float) -> tuple:
    """Return the polynomial of a network's stratum, and what finds about its arguments."""
    first, second, output = layers
    rows = _site_rows(of)
    units = [*_merged(first, rows, tolerance)]
    features = np.column_stack([np.maximum(rows @ first.T, 0), np.ones(of.size)])
    squares: dict[Upper, float] = defaultdict(float)
    for unit, weight in zip(second, output, strict=True):
        if np.linalg.norm(unit) * abs(weight) > tolerance**2:
            sides = _cosine_signs(features, unit, tolerance)
            masks = [sum(1 << i for i, side in enumerate(sides) if side == s) for s in (1, 0)]
            if masks[0]:
                squares[Upper(1 if weight > 0 else -1, *masks)] += weight**2
    stratum = LiveSigns(tuple(signs for signs, _ in units), tuple(sorted(squares)))
    lagrangian = Lagrangian(of, stratum)

    def start() -> np.ndarray:
        places = [
            np.linalg.lstsq(np.array(flat, dtype=float).T, vector, rcond=None)[0]
            for flat, (_, vector) in zip(lagrangian.flats, units, strict=True)
        ]
        residual = of.counts * (of.targets - np.maximum(features @ second.T, 0) @ output)
        found = np.concatenate([*places, residual, np.zeros(lagrangian.ends[2])])
        table = lagrangian.features(found)
        multipliers = []
        for unit, groups in zip(stratum.upper, lagrangian.groups, strict=True):
            signed = [unit.sign * (unit.active >> i & 1) for i in range(of.size)]
            kinks = table[[group[0] for group in groups]]
            multipliers.append(-np.linalg.pinv(kinks.T) @ ((signed * residual) @ table))
        tail = [squares[unit] for unit in stratum.upper]
        return np.concatenate([found[: lagrangian.ends[1]], *multipliers, tail])

    return lagrangian, start


def _merged(
    first: np.ndarray, rows: np.ndarray, tolerance: float
) -> Iterator[tuple[tuple[int, ...], np.ndarray]]:
    """Yield signs and vectors of first-layer units, parallel ones as one of their total length."""
    rest = [v for v in first if np.linalg.norm(v) > tolerance]
    while rest:
        longest = max(rest, key=np.linalg.norm)
        signs, length = _cosine_signs(rows, longest, tolerance), np.linalg.norm(longest)
        sizes = [np.linalg.norm(v) for v in rest]
        own = [
            _cosine_signs(rows, v, tolerance) == signs
            and v @ longest > (1 - tolerance) * size * length
            for v, size in zip(rest, sizes, strict=True)
        ]
        total = sum(size**2 for size, mine in zip(sizes, own, strict=True) if mine) ** 0.5
        rest = [v for v, mine in zip(rest, own, strict=True) if not mine]
        if max(signs) > 0:
            yield signs, longest * total / length


def _cosine_signs(rows: np.ndarray, vector: np.ndarray, tolerance: float) -> tuple[int, ...]:
    """Return the signs of products with a vector, 0 if the cosine is small."""
    values = rows @ vector
    small = np.abs(values) < tolerance * np.linalg.norm(rows, axis=1) * np.linalg.norm(vector)
    return tuple(int(sign) for sign in np.where(small, 0, np.sign(values)))


def _critical_point(lagrangian: Lagrangian, x: np.ndarray) -> np.ndarray | None:
    """Return where Newton's method ends, if it does."""
    for _ in range(STEPS):
        gradient, hessian = lagrangian.derivatives(x)
        try:
            step = np.linalg.solve(hessian, gradient)
        except np.linalg.LinAlgError:
            return None
        x = x - step
        if not np.isfinite(x).all():
            return None
    return x if np.linalg.norm(step) < SHARP else None


def _is_consistent(lagrangian: Lagrangian, x: np.ndarray) -> bool:
    """Whether a critical point has the signs of its stratum, about."""
    rows, features, stratum = _site_rows(lagrangian.of), lagrangian.features(x), lagrangian.stratum
    lower = zip(stratum.first, lagrangian.vectors(x), strict=True)
    upper = zip(stratum.upper, lagrangian.gradients(x), strict=True)
    sides = [signs * (rows @ vector) for signs, vector in lower]
    sides += [_sides(unit, lagrangian.of.size) * (features @ q) for unit, q in upper]
    kinks = [np.array(signs) for signs in stratum.first]
    kinks += [_sides(unit, lagrangian.of.size) for unit in stratum.upper]
    positive = all((side[kink != 0] > SHARP).all() for side, kink in zip(sides, kinks, strict=True))
    return positive and bool((lagrangian.parts(x)[3] > SHARP).all())


def _sides(unit: Upper, size: int) -> np.ndarray:
    """Return the signs of a unit of the second layer."""
    active = [(unit.active >> i & 1) - (~(unit.active | unit.kinks) >> i & 1) for i in range(size)]
    return np.array(active)


def _site_rows(of: TwoLayers) -> np.ndarray:
    return np.array([[float(entry) for entry in site.row] for site in of.problem.sites])
