"""Local minimality by the classical conditions on a stratified set, and nothing else.

For a critical point of the surrogate: the multipliers on every adjacent cell, the reduced Hessian
inside the faces, the curvature along every face for a zero unit. Each condition is an exact sign.
What they leave open stays open (docs/theory.md, section 14); Theorems A to E are not used.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, product

from flint import fmpq

from reluenum.algebra.linear import Vector, dot, row_space
from reluenum.algebra.numbers import Number
from reluenum.engines.eliminated.products import EliminatedPoint
from reluenum.geometry.arrangement import Arrangement, Face, sign, site_signs
from reluenum.landscape.dual import DualScan
from reluenum.landscape.equations import face_gradient
from reluenum.landscape.witnesses import Descent, growing_descent, rotating_descent
from reluenum.problem import Problem


@dataclass(frozen=True)
class Judgement:
    """The classical conditions at a critical point.

    Parameters
    ----------
    is_minimum : bool or None
        Whether the point is a local minimum; None if the conditions are inconclusive.
    reason : str
        The condition that decides, or leaves open.
    descent : Descent, optional
        A checked descent if the point is no minimum and one leaves its faces.
    """

    is_minimum: bool | None
    reason: str
    descent: Descent | None = None


@dataclass(frozen=True, eq=False)
class ClassicalConditions:
    """The classical conditions at one critical point with one unit on each face.

    Units that share a face only add directions along the set of critical points (Lemma 24).

    Parameters
    ----------
    point : EliminatedPoint
        Inside its open faces.
    arrangement : Arrangement
    scan : DualScan
        The faces on which (g . v)^2 attains or exceeds Lambda^2 |v|^2.
    fibre : int
        Dimension of the set of critical points with the same residual on the same faces.
    """

    point: EliminatedPoint
    arrangement: Arrangement
    scan: DualScan
    fibre: int = 0

    def without_zero_units(self) -> Judgement:
        """Judge the point with living units only."""
        return self.multipliers or self.curvature or _minimum()

    def with_zero_units(self) -> Judgement:
        """Judge the point with one or more zero units beside the living ones."""
        judged = (self.growth, self.multipliers, self.curvature)
        found = [judgement for judgement in judged if judgement is not None]
        refuted = [j for j in found if j.is_minimum is False]
        return next(iter(refuted or found), _minimum())

    @cached_property
    def multipliers(self) -> Judgement | None:
        """First order on the adjacent cells; None if no ray descends."""
        for place, face in enumerate(self.point.support):
            for ray, ascent in self.ascents[place]:
                if ascent < 0:
                    descent = rotating_descent(self.point, face, ray)
                    return Judgement(False, "a multiplier is negative", descent)
        return None

    @cached_property
    def ascents(self) -> tuple[tuple[tuple[Vector, int], ...], ...]:
        """For each unit, the rays around its face with the sign of the derivative along them."""
        return tuple(
            tuple(
                (ray, ascent_rate(self.point, place, beyond, ray).sign())
                for ray, beyond in self.arrangement.around(face)
            )
            for place, face in enumerate(self.point.support)
        )

    @cached_property
    def curvature(self) -> Judgement | None:
        """Second order on the critical directions of every adjacent cell.

        They are the flats and the rays with multiplier 0. None if the reduced Hessian is positive
        on what they span, but for the directions along the fibre: then it is a minimum (Lemma 26).
        """
        choices = [
            conformal_sets(self.point.problem, face, [ray for ray, ascent in rays if ascent == 0])
            for face, rays in zip(self.point.support, self.ascents, strict=True)
        ]
        for critical in product(*choices):
            _, negative, zero = inertia(hessian(self.point, critical))
            if negative and not any(critical):
                return Judgement(False, "the reduced Hessian is not semidefinite")
            if negative or zero != self.fibre:
                reason = "the reduced Hessian is not definite on the critical directions"
                return Judgement(None, reason)
        return None

    @cached_property
    def growth(self) -> Judgement | None:
        """Second order of a zero unit; None if it is positive along every face."""
        if self.scan.exceeding:
            face, sign = self.scan.exceeding[0]
            descent = growing_descent(self.point, face, sign)
            return Judgement(False, "a zero unit has negative curvature", descent)
        if self.scan.tight:
            reason = f"a zero unit has curvature 0 towards {self.scan.tight[0][0].signs}"
            return Judgement(None, reason)
        return None


def _minimum() -> Judgement:
    return Judgement(True, "all conditions hold strictly")


def ascent_rate(point: EliminatedPoint, place: int, beyond: Face, ray: Vector) -> Number:
    """Return the derivative of the surrogate of an adjacent cell along a ray, over 2 rho.

    Parameters
    ----------
    point : EliminatedPoint
    place : int
        Which unit moves.
    beyond : Face
        The face that it enters.
    ray : (d + 1,) tuple of fmpq
        From the unit's face into the closure of a cell around it.
    """
    problem = point.problem
    pull = dot(face_gradient(problem, beyond, point.residual), ray)
    return dot(point.units[place], ray) * problem.effective_ridge - pull * point.slopes[place]


def conformal_sets(
    problem: Problem, face: Face, rays: Sequence[Vector]
) -> list[tuple[Vector, ...]]:
    """Return the largest sets of rays around a face that lie in the closure of one cell.

    Parameters
    ----------
    problem : Problem
    face : Face
    rays : sequence of (d + 1,) tuples of fmpq
        Some of those of `Arrangement.around`; without any, the one set is empty: the flat itself.
    """
    pairs = zip(problem.sites, site_signs(problem, face), strict=True)
    rows = [site.row for site, side in pairs if side == 0]
    signs = {ray: [sign(dot(row, ray)) for row in rows] for ray in rays}

    def agree(left: Vector, right: Vector) -> bool:
        return all(x * y >= 0 for x, y in zip(signs[left], signs[right], strict=True))

    found: list[tuple[Vector, ...]] = [()]
    for ray in rays:
        found += [(*chosen, ray) for chosen in found if all(agree(ray, other) for other in chosen)]
    return [chosen for chosen in found if not any(set(chosen) < set(other) for other in found)]


@dataclass(frozen=True, eq=False)
class _Variation:
    """A coordinate of the Hessian: an output weight (no vector), or a direction of a unit.

    The response is x . w (for a weight) or x . vector on the sites that are active, times slopes,
    the speed how the fitted values move.
    """

    unit: int
    vector: Vector | None
    response: list[Number]
    speed: list[Number]


def hessian(point: EliminatedPoint, critical: Sequence[Sequence[Vector]]) -> list[list[Number]]:
    """Return half the Hessian of the loss in (a, v), up to congruence.

    Parameters
    ----------
    point : EliminatedPoint
    critical : for each unit, a sequence of vectors
        Directions beside those of its flat, into the closure of one adjacent cell, whose
        polynomial is differentiated on what they span.

    Notes
    -----
    In the variables a = rho (gamma + alpha / rho^2), v = rho (w + e xi / rho^2), where e runs
    over the frame of the flat and a basis of what the critical directions span. The weights come
    first: their block is positive definite and its Schur complement is the Hessian of the
    surrogate, so that the two have equally many negative and zero eigenvalues (Haynsworth).
    """
    problem, variations = point.problem, _variations(point, critical)
    ridge = problem.effective_ridge
    inverse = [g / q for g, q in zip(point.slopes, point.weights, strict=True)]  # 1 / rho^2

    def entry(left: _Variation, right: _Variation) -> Number:
        value = dot(problem.weighted(left.speed), problem.residual(right.speed))
        if left.unit != right.unit:
            return value
        if (left.vector is None) != (right.vector is None):
            response = right.response if left.vector is None else left.response
            pull = dot(problem.weighted(response), point.residual)
            return value - pull * inverse[left.unit]
        length = 1 if left.vector is None else dot(left.vector, right.vector)
        return value + inverse[left.unit] * (ridge * length)

    return [[entry(left, right) for right in variations] for left in variations]


def _variations(point: EliminatedPoint, critical: Sequence[Sequence[Vector]]) -> list[_Variation]:
    """Return the coordinates of the Hessian, the output weights first."""
    sites, zero = point.problem.sites, point.isolated.constant(0)
    weights, turns = [], []
    for k, (face, rays) in enumerate(zip(point.support, critical, strict=True)):
        sides = [
            sign or (1 if any(dot(site.row, ray) > 0 for ray in rays) else -1)
            for site, sign in zip(sites, site_signs(point.problem, face), strict=True)
        ]
        slopes = list(map(point.problem.activation.slope, sides))

        def respond(vector: Sequence, slopes: list[fmpq] = slopes) -> list[Number]:
            pairs = zip(sites, slopes, strict=True)
            heights = [zero + dot(vector, site.row) if x else zero for site, x in pairs]
            return [h if x in (0, 1) else h * x for h, x in zip(heights, slopes, strict=True)]

        hidden = respond(point.units[k])
        weights.append(_Variation(k, None, hidden, hidden))
        for vector in (*point.charts[k].frame, *row_space(rays)):
            response = respond(vector)
            speed = [entry * point.slopes[k] for entry in response]
            turns.append(_Variation(k, vector, response, speed))
    return [*weights, *turns]


def inertia(matrix: Sequence[Sequence[Number]]) -> tuple[int, int, int]:
    """Return how many positive, negative and zero eigenvalues a symmetric matrix has, exactly.

    By symmetric elimination; where the diagonal is 0, a coordinate with a non-zero entry is
    mixed into another one.
    """
    rows = [list(row) for row in matrix]
    positive = negative = 0
    while rows:
        signs = [row[k].sign() for k, row in enumerate(rows)]
        pivot = next((k for k, sign in enumerate(signs) if sign), None)
        if pivot is not None:
            positive, negative = positive + (signs[pivot] > 0), negative + (signs[pivot] < 0)
            rows = _schur_complement(rows, pivot)
            continue
        pairs = combinations(range(len(rows)), 2)
        coupled = next(((i, j) for i, j in pairs if not rows[i][j].is_zero()), None)
        if coupled is None:
            return positive, negative, len(rows)
        rows = _mixed(rows, *coupled)
    return positive, negative, 0


def _schur_complement(rows: list[list[Number]], pivot: int) -> list[list[Number]]:
    """Eliminate one coordinate of a symmetric matrix."""
    kept = [k for k in range(len(rows)) if k != pivot]
    top = rows[pivot]
    return [[rows[i][j] - rows[i][pivot] * top[j] / top[pivot] for j in kept] for i in kept]


def _mixed(rows: list[list[Number]], i: int, j: int) -> list[list[Number]]:
    """Add coordinate j to coordinate i of a symmetric matrix: a congruence."""
    added = [
        [x + y for x, y in zip(row, rows[j], strict=True)] if k == i else row
        for k, row in enumerate(rows)
    ]
    return [[*row[:i], row[i] + row[j], *row[i + 1 :]] for row in added]
