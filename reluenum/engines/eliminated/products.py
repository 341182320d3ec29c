"""Critical points of the surrogate on every product of faces: the paper's enumeration.

Every pattern owns the products of faces whose columns are its own: its interior, its boundaries,
repeated faces and zero units included. A product is settled by its distinct living faces, after
identities in the ideal have shown that units on one face share theirs (docs/theory.md,
section 13).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations_with_replacement, product
from math import prod
from typing import Any

from reluenum.algebra.linear import dot
from reluenum.algebra.newton import CERTIFICATION_BITS, certified_box
from reluenum.algebra.numbers import IsolatedPoint, Number, rational_point
from reluenum.algebra.parametrisation import real_solutions
from reluenum.algebra.polynomials import simple_points_system
from reluenum.engines.eliminated.charts import (
    Chart,
    graph_equations,
    graph_system,
    graph_unknowns,
    inside_system,
)
from reluenum.errors import BackendError, TheoremViolationError
from reluenum.geometry.arrangement import Arrangement, Face, answering_sites, signed_rows
from reluenum.geometry.geometry import Geometry
from reluenum.geometry.patterns import Pattern
from reluenum.geometry.supports import Support, support_of, support_text
from reluenum.groebner.backends import Backends
from reluenum.landscape.equations import errors_of
from reluenum.landscape.points import SupportPoint
from reluenum.problem import Problem

Product = tuple[Face, ...]
"""A face for each hidden unit, sorted; the origin is the face of a zero unit."""


@dataclass(frozen=True, eq=False)
class EliminatedPoint(SupportPoint):
    """A critical point of the surrogate on distinct living faces, in the unknowns of a chart.

    Parameters
    ----------
    problem : Problem
    support : Support
        The faces; empty for the zero network.
    isolated : IsolatedPoint
        The values of `graph_variables`.
    """

    @cached_property
    def charts(self) -> tuple[Chart, ...]:
        """The chart of each face."""
        return tuple(Chart.of(self.problem, face) for face in self.support)

    @cached_property
    def weights(self) -> list[Number]:
        """q = a rho of each unit, rho = |v| / |w|."""
        return self._graph[0]

    @cached_property
    def slopes(self) -> list[Number]:
        """gamma = a / rho of each unit."""
        return self._graph[2]

    @cached_property
    def units(self) -> list[list[Number]]:
        """w = v / rho of each unit, in the coordinates (b, c)."""
        taus = self._graph[1]
        rows = [chart.unit(tau) for chart, tau in zip(self.charts, taus, strict=True)]
        return [[self._number(entry) for entry in row] for row in rows]

    @cached_property
    def _graph(self) -> tuple[list[Number], list[list[Number]], list[Number]]:
        return graph_unknowns(self.charts, self.isolated.coordinates)

    @cached_property
    def _unknowns(self) -> tuple[list[list[Number]], list[Number]]:
        directions = [
            [entry / slope for entry in unit]
            for unit, slope in zip(self.units, self.slopes, strict=True)
        ]
        return directions, [q * g for q, g in zip(self.weights, self.slopes, strict=True)]

    @cached_property
    def errors(self) -> list[Number]:
        """The mean of y - f on each site."""
        found = errors_of(self.problem, self.support, self.units, self.weights)
        return [self._number(entry) for entry in found]

    @cached_property
    def loss(self) -> Number:
        """The value of the surrogate."""
        problem = self.problem
        fitted = problem.weighted(problem.residual(problem.means))
        value = dot(self.errors, fitted) + problem.scatter
        for unit, weight, slope in zip(self.units, self.weights, self.slopes, strict=True):
            value = value + weight / slope * dot(unit, unit) * problem.effective_ridge
        return self._number(value * problem.loss_scale)

    @cached_property
    def is_inside(self) -> bool:
        """Whether rho^2 > 0 and every unit lies in its open face."""
        return all(square.sign() > 0 for square in self.squares) and self.is_stationary


@dataclass(frozen=True)
class CriticalSet:
    """The critical points of the surrogate on distinct living faces.

    Parameters
    ----------
    support : Support
    dimension : int
        Of the complex solutions; -1 if there are none.
    degree : int or None
        Number of complex solutions with multiplicity, up to the signs of the units.
    points : tuple of EliminatedPoint
        The real ones inside the product of open faces; only the simple ones if there are
        infinitely many, for the others are joined from those of smaller supports (Lemma 25).
    reason : str
        Why they are not known; empty if they are.
    """

    support: Support
    dimension: int
    degree: int | None
    points: tuple[EliminatedPoint, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class ProductOutcome:
    """What was found on one product of faces.

    Parameters
    ----------
    faces : Product
    critical : CriticalSet
        Of the distinct living faces; `dimension` and `reason` are those of the product.
    """

    faces: Product
    critical: CriticalSet

    @property
    def zeros(self) -> int:
        """Number of zero units."""
        return sum(is_origin(face) for face in self.faces)

    @property
    def multiplicities(self) -> tuple[int, ...]:
        """How many units lie on each face of the support."""
        count = Counter(face.signs for face in self.faces)
        return tuple(count[face.signs] for face in self.critical.support)

    def to_document(self) -> dict[str, Any]:
        """Return an exact text form."""
        found = self.critical
        record: dict[str, Any] = {
            "faces": support_text(self.faces),
            "dimension": found.dimension,
            "degree": found.degree,
            "points": [point.isolated.to_document() for point in found.points],
        }
        if found.reason:
            record["reason"] = found.reason
        return record


def is_origin(face: Face) -> bool:
    """Whether a face is that of a zero unit."""
    return face.dimension == 0


def living(faces: Iterable[Face]) -> Product:
    """Return the faces of the units that are not zero."""
    return tuple(face for face in faces if not is_origin(face))


def owned_products(pattern: Pattern, arrangement: Arrangement) -> Iterator[Product]:
    """Yield every product of faces, up to permutation, that lies in a pattern's half-open cell."""
    choices = [
        combinations_with_replacement(
            [face for face in arrangement.representatives if face.column == column], multiplicity
        )
        for column, multiplicity in Counter(pattern.columns).items()
    ]
    for chosen in product(*choices):
        yield tuple(sorted(face for group in chosen for face in group))


class EliminatedSolver:
    """Critical points on products of faces; what products share is computed once.

    Parameters
    ----------
    problem : Problem
    backends : Backends
    """

    def __init__(self, problem: Problem, backends: Backends) -> None:
        self.problem, self.backends = problem, backends
        self._known: dict[Support, CriticalSet] = {}

    def pattern(self, pattern: Pattern, arrangement: Arrangement) -> list[ProductOutcome]:
        """Settle every product that a pattern owns."""
        return [self.product(faces) for faces in owned_products(pattern, arrangement)]

    def product(self, faces: Product) -> ProductOutcome:
        """Find the critical points on a product of faces.

        Returns
        -------
        ProductOutcome
            With the reason if the engine does not finish, or the points cannot be told apart.
        """
        alive = living(faces)
        support = tuple(sorted(set(alive)))
        if not all(self.problem.units.answers(face.signs) for face in support):
            # Such a unit only has its own ridge: the gradient 2 Lambda v does not vanish.
            return ProductOutcome(faces, CriticalSet(support, -1, 0))
        found = self.support(support)
        if len(alive) > len(support):
            prove_shared(self.problem, alive)
            if found.dimension >= 0:
                found = replace(found, dimension=found.dimension + len(alive) - len(support))
        return ProductOutcome(faces, found)

    def support(self, support: Support) -> CriticalSet:
        """Find the critical points on distinct living faces."""
        if support not in self._known:
            self._known[support] = self._without_system(support) or self._solved(support)
        return self._known[support]

    def _without_system(self, support: Support) -> CriticalSet | None:
        """Settle a support whose system splits into blocks, one of which has no point."""
        if not support:
            point = EliminatedPoint(self.problem, (), rational_point())
            return CriticalSet((), 0, 1, (point,))
        blocks = independent_blocks(self.problem, support)
        if len(blocks) == 1:
            return None
        found = [self.support(block) for block in blocks]
        if any(block.reason for block in found) or all(block.points for block in found):
            return None
        dimensions, degrees = [b.dimension for b in found], [b.degree for b in found]
        if -1 in dimensions:
            return CriticalSet(support, -1, 0)
        degree = None if None in degrees else prod(degrees)
        return CriticalSet(support, sum(dimensions), degree)

    def _solved(self, support: Support) -> CriticalSet:
        """Solve the system of a support."""
        system = graph_system(self.problem, support)
        try:
            found = simple = self.backends.solutions(system)
            if found.dimension > 0:
                found = simple = self.backends.solutions(inside_system(self.problem, support))
            if found.dimension > 0:
                simple = self.backends.solutions(simple_points_system(system))
        except BackendError as error:
            return CriticalSet(support, -1, None, reason=str(error))
        points, reason = [], ""
        for root in real_solutions(simple.parametrisation) if simple.parametrisation else ():
            if surely_outside(self.problem, support, root.balls(CERTIFICATION_BITS[0])):
                continue
            if (box := certified_box(system, root.balls)) is None:
                reason = "a critical point is not simple"
                continue
            point = EliminatedPoint(self.problem, support, IsolatedPoint(system, box, root))
            points += [point] if point.is_inside else []
        return CriticalSet(support, found.dimension, found.degree, tuple(points), reason)


def prove_shared(problem: Problem, alive: Product) -> None:
    """Prove that units on one face share the critical points of a single one (Lemma 22).

    Polynomial identities show that the ideal contains the differences of their tau and gamma,
    and that it depends on the sum of their q only: its quotient is that of the distinct faces
    with one free q more for every repetition.

    Raises
    ------
    TheoremViolationError
        If an identity does not hold.
    """
    support = tuple(sorted(set(alive)))
    leaders = [alive.index(face) for face in alive]
    units, merged = graph_equations(problem, alive), graph_equations(problem, support)
    context = units[0].leading.context()
    charts = [Chart.of(problem, face) for face in alive]
    weights, taus, slopes = graph_unknowns(charts, context.gens())
    parallel = all(
        units[k].leading == units[o].leading
        and mine - theirs == (taus[o][j] - taus[k][j]) * units[o].leading
        for k, o in enumerate(leaders)
        for j, (mine, theirs) in enumerate(zip(units[k].collinear, units[o].collinear, strict=True))
    )
    first = [alive.index(face) for face in support]
    sums = [sum(weights[k] for k, o in enumerate(leaders) if o == f) for f in first]
    alike = [*weights, *(t for o in leaders for t in taus[o]), *(slopes[o] for o in leaders)]
    images = [*sums, *(t for f in first for t in taus[f]), *(slopes[f] for f in first)]
    additive = all(
        mine.compose(*alike, ctx=context) == theirs.compose(*images, ctx=context)
        for unit, face in zip(units, alive, strict=True)
        for mine, theirs in zip(unit.all, merged[support.index(face)].all, strict=True)
    )
    if not (parallel and additive):
        raise TheoremViolationError(f"units of {support_text(alive)} do not share a face's points")


def independent_blocks(problem: Problem, support: Support) -> list[Support]:
    """Split a support into units that nothing couples (Lemma 23).

    No data point, and no output bias or linear part.
    """
    if problem.outer.columns:
        return [support]
    blocks: list[Support] = []
    answered = {face: {k for k, _ in answering_sites(problem, face)} for face in support}
    for face in support:
        touching = [b for b in blocks if any(answered[face] & answered[f] for f in b)]
        blocks = [block for block in blocks if block not in touching]
        blocks.append(tuple(sorted([face, *(f for block in touching for f in block)])))
    return blocks


def surely_outside(problem: Problem, support: Support, balls: Sequence[Any]) -> bool:
    """Whether enclosures of a root show that it is not in the open faces.

    Parameters
    ----------
    problem : Problem
    support : Support
    balls : sequence of arb
        Of the `graph_variables` of the support, in their order.
    """
    charts = [Chart.of(problem, face) for face in support]
    weights, taus, slopes = graph_unknowns(charts, balls)
    if any(q * g < 0 for q, g in zip(weights, slopes, strict=True)):
        return True
    return any(
        sign * dot(chart.unit(tau), row) < 0
        for face, chart, tau in zip(support, charts, taus, strict=True)
        for row, sign in signed_rows(problem, face)
    )


def product_counts(outcomes: Iterable[ProductOutcome]) -> dict[str, int]:
    """Return how many products have critical points, have none, and are undecided."""
    counts = {"critical points": 0, "no critical point": 0, "undecided": 0}
    for outcome in outcomes:
        found = outcome.critical
        solved = "critical points" if found.points else "no critical point"
        counts["undecided" if found.reason else solved] += 1
    return counts


def read_product(geometry: Geometry, record: Mapping[str, Any]) -> ProductOutcome:
    """Read an outcome back and certify its points anew.

    Raises
    ------
    TheoremViolationError
        If a recorded point is no critical point inside its faces.
    """
    faces = support_of(geometry.arrangement, record["faces"])
    support = tuple(sorted(set(living(faces))))
    points = tuple(_read_point(geometry.problem, support, entry) for entry in record["points"])
    found = CriticalSet(
        support, record["dimension"], record["degree"], points, record.get("reason", "")
    )
    return ProductOutcome(faces, found)


def _read_point(problem: Problem, support: Support, record: Mapping[str, Any]) -> EliminatedPoint:
    system = graph_system(problem, support)
    point = EliminatedPoint(problem, support, IsolatedPoint.from_document(system, record))
    if not point.is_inside:
        raise TheoremViolationError(f"a recorded point on {support_text(support)} is not inside")
    return point
