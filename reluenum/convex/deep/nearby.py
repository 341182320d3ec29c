"""Boxes next to a best network: best networks in them are critical points of one polynomial.

All is enclosed in balls, from a box and the dual point that bounds the loss in it (Lemmas D66 to
D68).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
from flint import arb, arb_mat, fmpq

from reluenum.algebra.linear import dot
from reluenum.convex.deep.boxes import Box, Row
from reluenum.convex.deep.duals import RowSigns
from reluenum.convex.deep.enclosure import BoxBound, gains_in
from reluenum.convex.deep.lagrange import Lagrangian, Upper
from reluenum.convex.deep.newton import SPARE, balls_of, doubles_of

ROOM = 1 + 1e-9
"""Covers the rounding of a few doubles, all positive."""


class NotNearError(Exception):
    """Nothing follows for a box as large as it is; the text says what is missing."""


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """What is known of a network that may be best.

    Parameters
    ----------
    lagrangian : Lagrangian
    point : (q,) array
        About its critical point.
    upper : float
        Not less than its loss, scatter left out.
    """

    lagrangian: Lagrangian
    point: np.ndarray
    upper: float

    def enclosure(self, box: Box, signs: RowSigns, bound: BoxBound) -> np.ndarray:
        """Enclose the critical points that best networks of a box are, (q,).

        Parameters
        ----------
        box : Box
        signs : RowSigns
            Of all rows that are possible in the box.
        bound : BoxBound
            What the dual point of the box proves.

        Raises
        ------
        NotNearError
            If a best network of the box may be another point.
        """
        residuals = self._residuals(box, signs, bound)
        return _BestNetworks(self, box, residuals).enclosure()

    def _residuals(self, box: Box, signs: RowSigns, bound: BoxBound) -> np.ndarray:
        """Enclose residuals, (s,), and require that no row but those of the stratum gains enough.

        Lemma D66: squares of the distance to the dual point, divided by n, add up to `room`.
        """
        of, point, share = self.lagrangian.of, bound.whole, bound.share
        room = max(0.0, self.upper - bound.dual) * SPARE
        middle, change = features = box.features(of)
        gains = share * np.sqrt(gains_in(signs, features, point).most)
        lengths = ((np.abs(middle) + np.abs(change).sum(axis=2)) ** 2).sum(axis=1)
        drift = np.sqrt(room * (np.abs(signs.active) @ (of.counts * lengths)))
        for k in np.flatnonzero((gains + drift) * ROOM >= of.ridge):
            if not any(_is_of(signs.rows[k], unit) for unit in self.lagrangian.stratum.upper):
                raise NotNearError(f"a unit may have the signs {signs.rows[k]}")
        reach = share * np.abs(point.change).sum(axis=1) + np.sqrt(of.counts * room)
        middles = share * point.residual
        slack = ROOM * reach + (ROOM - 1) * np.abs(middles)
        return np.array([arb(r, e) for r, e in zip(middles, slack, strict=True)], dtype=object)


def _is_of(row: Row, unit: Upper) -> bool:
    """Whether a row has the signs of a unit, but for its kinks."""
    known = row.active & unit.active == unit.active
    return row.sign == unit.sign and known and not row.active & ~(unit.active | unit.kinks)


@dataclass(frozen=True, eq=False)
class _Unit:
    """A unit of the second layer, as far as it is known: of length 1.

    Parameters
    ----------
    weights : (s,) array
        What its gradient is made of.
    direction : (L_1 + 1,) array
    values : (s,) array
        What it adds to outputs.
    multipliers : (k,) array
    """

    weights: np.ndarray
    direction: np.ndarray
    values: np.ndarray
    multipliers: np.ndarray


class _BestNetworks:
    """The best networks of a box, enclosed."""

    def __init__(self, around: Neighbourhood, box: Box, residuals: np.ndarray) -> None:
        self.around, self.box, self.residuals = around, box, residuals
        self.lagrangian, self.of = around.lagrangian, around.lagrangian.of
        self.rows = [site.row for site in self.of.problem.sites]
        self.cones = [self.of.cones[cone] for cone in box.cones]
        self.heights = [balls_of(cone.heights) for cone in self.cones]
        ends = zip(box.low, box.high, strict=True)
        self.places = np.array([arb(low).union(arb(high)) for low, high in ends], dtype=object)
        columns = [h @ self.places[self.of.part(j)] for j, h in enumerate(self.heights)]
        self.features = np.array([*columns, [arb(1)] * self.of.size], dtype=object).T
        self.ridge = self.lagrangian.balls.ridge

    def enclosure(self) -> np.ndarray:
        """Enclose the arguments of the polynomial, (q,)."""
        pairs = zip(self.lagrangian.stratum.upper, self.lagrangian.groups, strict=True)
        units = [self.unit(*pair) for pair in pairs]
        squares = self.squares(units)
        vectors = [self.vector(j, units, squares) for j in range(len(self.cones))]
        live = range(len(self.lagrangian.flats))
        places = [place for owner in live for place in self.coordinates(owner, vectors)]
        kinks = [multiplier for unit in units for multiplier in unit.multipliers]
        return np.array([*places, *self.residuals, *kinks, *squares], dtype=object)

    def unit(self, unit: Upper, groups: Sequence[Sequence[int]]) -> _Unit:
        """Enclose a unit of the second layer of length 1: Lemma D67.

        Of all with these signs, but for its kinks, only this one can be in a best network.
        """
        signed, heads = unit.sign * self.residuals, [group[0] for group in groups]
        for group in groups:
            if len(group) > 1 and any(any(cone.heights[i]) for cone in self.cones for i in group):
                raise NotNearError("kinks of both layers at one site")
        active = [bool(unit.active >> i & 1) for i in range(self.of.size)]
        weights = np.where(active, signed, arb(0))
        kinks = self.features[heads]
        multipliers = _solution_in_balls(kinks @ kinks.T, -(kinks @ (weights @ self.features)))
        for group, multiplier in zip(groups, multipliers, strict=True):
            if not (multiplier < 0 and sum(signed[group], start=arb(0)) < multiplier):
                raise NotNearError("a kink of the second layer may be none")
            weights[group[0]] = multiplier
        direction = weights @ self.features / self.ridge
        sides = self.features @ direction
        off = [i for i in range(self.of.size) if not (unit.active | unit.kinks) >> i & 1]
        if not all(sides[i] < 0 for i in off):
            raise NotNearError("a unit of the second layer may have a kink")
        values = np.where(active, unit.sign * sides, arb(0))
        return _Unit(weights, direction, values, multipliers)

    def squares(self, units: Sequence[_Unit]) -> np.ndarray:
        """Enclose the squares of the units of the second layer, by which outputs are told."""
        if not units:
            return np.zeros(0, dtype=object)
        table, of = np.array([unit.values for unit in units]).T, self.lagrangian.balls
        inverse = balls_of(np.linalg.pinv(doubles_of(table)))
        squares = _solution_in_balls(
            inverse @ table, inverse @ (of.means - of.shares * self.residuals)
        )
        if not all(square > 0 for square in squares):
            raise NotNearError("a unit of the second layer may be dead")
        return squares

    def vector(self, j: int, units: Sequence[_Unit], squares: np.ndarray) -> np.ndarray:
        """Enclose a first-layer vector, in its flat, or 0 if it is dead: Lemma D68."""
        part, owner, cone = self.of.part(j), self.owners[j], self.cones[j]
        open_ = [k for k in range(self.of.depth) if self.box.high[part][k] > 0]
        places, rays = self.places[part][open_], [cone.rays[k] for k in open_]
        products = balls_of([[dot(a, b) for b in rays] for a in rays])
        pulls = [unit.weights @ self.heights[j][:, open_] for unit in units]
        pull = np.array(pulls, dtype=object).reshape(len(units), len(open_))
        form = self.ridge**2 * products - (pull.T * squares) @ pull
        if owner is None:
            if not _is_positive(form):
                raise NotNearError("a dead unit of the first layer may live")
            return np.full(self.of.depth, arb(0), dtype=object)
        signs = self.lagrangian.stratum.first[owner]
        sides = balls_of([[dot(ray, row) for ray in rays] for row in self.rows])
        outgoing = np.array([unit.direction[j] for unit in units], dtype=object) * squares
        slopes = self.ridge * (products @ places) - outgoing @ pull
        kinks = [i for i, sign in enumerate(signs) if not sign]
        along = [k for k, ray in enumerate(rays) if not any(dot(ray, self.rows[i]) for i in kinks)]
        for k in {*range(len(open_))} - {*along}:
            if not (slopes[k] > 0 or all(entry > 0 for entry in form[k])):
                raise NotNearError("a kink of the first layer may be none")
            places[k] = arb(0)
        ray = len(self.lagrangian.flats[owner]) == 1
        inside = [sides[:, k] for k in along] if ray else [sides @ places]
        if not all(sign * side[i] > 0 for side in inside for i, sign in enumerate(signs) if sign):
            raise NotNearError("a unit of the first layer may have a kink")
        return places @ balls_of(rays)

    @cached_property
    def owners(self) -> list[int | None]:
        """The unit of the stratum of which each first-layer unit is a part; None of dead ones."""
        live = self.lagrangian.vectors(self.around.point)
        centers = [
            self.box.center[self.of.part(j)]
            @ np.array([[float(e) for e in ray] for ray in cone.rays])
            for j, cone in enumerate(self.cones)
        ]
        choices = product((None, *range(len(live))), repeat=len(centers))
        every = [choice for choice in choices if {*range(len(live))} <= {*choice}]
        return [*min(every, key=lambda choice: _distance(choice, centers, live))]

    def coordinates(self, owner: int, vectors: Sequence[np.ndarray]) -> list[arb]:
        """Return coordinates in a flat; parts on one ray are one unit, of their total length."""
        flat = self.lagrangian.flats[owner]
        parts = [vectors[j] for j, one in enumerate(self.owners) if one == owner]
        free = [next(m for m, e in enumerate(v) if e and _only(flat, v, m)) for v in flat]
        if len(parts) == 1:
            return [parts[0][m] for m in free]
        if len(flat) > 1:
            raise NotNearError("several units in one flat")
        total = sum((part[free[0]] ** 2 for part in parts), start=arb(0)).sqrt()
        return [total if self.lagrangian.vectors(self.around.point)[owner][free[0]] > 0 else -total]


def _only(flat: Sequence[Sequence[fmpq]], vector: Sequence[fmpq], m: int) -> bool:
    """Whether a vector of a basis has the entry 1 where all others have 0."""
    return vector[m] == 1 and not any(other[m] for other in flat if other is not vector)


def _distance(
    choice: Sequence[int | None], centers: Sequence[np.ndarray], live: Sequence[np.ndarray]
) -> float:
    """Return how far first-layer vectors are from being parts of those of a network."""
    total = sum(float(v @ v) for v, owner in zip(centers, choice, strict=True) if owner is None)
    for k, vector in enumerate(live):
        length = np.linalg.norm(vector)
        parts = [v for v, owner in zip(centers, choice, strict=True) if owner == k]
        along = [max(0.0, float(v @ vector) / length) for v in parts]
        total += sum(float(v @ v) - a * a for v, a in zip(parts, along, strict=True))
        total += (np.linalg.norm(along) - length) ** 2
    return total


def _solution_in_balls(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Enclose the solution of a linear system, (k,)."""
    if not len(right):
        return right
    try:
        found = arb_mat(matrix.tolist()).solve(arb_mat([[entry] for entry in right]))
    except ZeroDivisionError as error:
        raise NotNearError("a matrix may be singular") from error
    return np.array(found.entries(), dtype=object)


def _is_positive(form: np.ndarray) -> bool:
    """Whether all symmetric matrices of an enclosure are positive definite: pivots are positive."""
    rest = form.copy()
    for k in range(len(rest)):
        if not rest[k, k] > 0:
            return False
        for m in range(k + 1, len(rest)):
            rest[m] = rest[m] - rest[k] * (rest[m, k] / rest[k, k])
    return True
