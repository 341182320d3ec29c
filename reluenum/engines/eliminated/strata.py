"""The landscape of the eliminated formulation: judged critical points, joined by their limits.

A stratum is a critical point with its units shared out over the faces; letting one unit of a face
go to zero leads to the stratum that has a zero unit more. Minimal strata that are joined in this
way form a component (docs/theory.md, section 14).
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, cmp_to_key
from itertools import combinations_with_replacement
from math import factorial, prod
from typing import Any

from reluenum.algebra.decimals import decimal_text
from reluenum.algebra.numbers import Number, compare
from reluenum.engines.eliminated.classical import ClassicalConditions, Judgement
from reluenum.engines.eliminated.products import EliminatedPoint, ProductOutcome
from reluenum.errors import IncompleteRunError, TheoremViolationError
from reluenum.geometry.geometry import Geometry
from reluenum.geometry.patterns import Counts
from reluenum.geometry.supports import Support, not_once, support_text
from reluenum.landscape.components import (
    Component,
    Stratum,
    joined,
    labelled_copies,
    largest_first,
    positive_compositions,
    stratum_of,
)
from reluenum.landscape.dual import DualScan, scan_dual
from reluenum.landscape.landscape import CertifiedLandscape, Completeness, Tally, Undecided, ranked
from reluenum.landscape.residuals import MiddlePoint, ResidualClass
from reluenum.landscape.witnesses import Descent
from reluenum.problem import Problem


@dataclass(frozen=True, eq=False)
class FibrePoint(MiddlePoint, EliminatedPoint):
    """A `MiddlePoint` in the unknowns of the surrogate, of length 1."""

    @cached_property
    def units(self) -> list[list[Number]]:
        """v / |v| of each unit."""
        return [self.group.direction(face) for face in self.support]

    @cached_property
    def slopes(self) -> list[Number]:
        """a / |v| of each unit."""
        return [self.isolated.constant(self.group.signs[face]) for face in self.support]

    @cached_property
    def weights(self) -> list[Number]:
        """a |v| of each unit."""
        squares = self.group.squares(self.support)
        return [s * self.group.signs[f] for s, f in zip(squares, self.support, strict=True)]


@dataclass(frozen=True, eq=False)
class JudgedPoint:
    """What the classical conditions, or the least loss of all candidates, say of a point."""

    point: EliminatedPoint
    with_zero_units: bool
    judgement: Judgement

    @property
    def support(self) -> Support:
        """Faces of the living units."""
        return self.point.support

    @property
    def is_vertex(self) -> bool:
        """Whether the squares on the support are unique: a vertex support."""
        return not isinstance(self.point, FibrePoint)

    @property
    def signs(self) -> tuple[int, ...]:
        """Sign of the output weights on each face."""
        return self.point.signs or ()

    @property
    def loss(self) -> Number:
        """The loss, in the problem's own convention."""
        return self.point.loss

    @property
    def is_minimum(self) -> bool | None:
        """Whether the point is a local minimum; None if the conditions are inconclusive."""
        return self.judgement.is_minimum

    @property
    def witness(self) -> Descent | None:
        """A checked descent if it is none."""
        return self.judgement.descent


@dataclass(frozen=True, eq=False)
class CandidateSet:
    """Every critical point of a problem's surrogates, and the products nobody could settle.

    Parameters
    ----------
    problem : Problem
    points : tuple of EliminatedPoint
        Smaller supports first.
    dimensions : mapping
        From each settled support to the dimension of the complex critical points on its faces.
    unsolved : tuple of ProductOutcome
    """

    problem: Problem
    points: tuple[EliminatedPoint, ...]
    dimensions: Mapping[Support, int]
    unsolved: tuple[ProductOutcome, ...]

    def to_document(self) -> dict[str, Any]:
        """Return a text form for people."""
        return {
            "points": [
                {"loss": decimal_text(point.loss), "support": support_text(point.support)}
                for point in self.points
            ],
            "undecided": len(self.unsolved),
        }

    def __repr__(self) -> str:
        return f"CandidateSet({len(self.points)} points, {len(self.unsolved)} undecided)"


def merge_products(geometry: Geometry, outcomes: Iterable[ProductOutcome]) -> CandidateSet:
    """Merge the outcomes of all products of faces.

    Raises
    ------
    IncompleteRunError
        If a product of faces has no outcome or two of them.
    """
    settled = list(outcomes)
    expected = combinations_with_replacement(
        geometry.arrangement.representatives, geometry.problem.width
    )
    if fault := not_once(expected, (outcome.faces for outcome in settled)):
        stray = support_text(fault[0])
        raise IncompleteRunError(f"the product of faces {stray} is missing, doubled or unknown")
    unsolved = tuple(outcome for outcome in settled if outcome.critical.reason)
    distinct = [o for o in settled if len(o.faces) - o.zeros == len(o.critical.support)]
    known = [outcome.critical for outcome in distinct if not outcome.critical.reason]
    dimensions = {critical.support: critical.dimension for critical in known}
    return CandidateSet(geometry.problem, tuple(_distinct_points(settled)), dimensions, unsolved)


def eliminated_landscape(candidates: CandidateSet, geometry: Geometry) -> CertifiedLandscape:
    """Judge the critical points of a problem and join the minima into components."""
    problem = candidates.problem
    judged = _judged(candidates, geometry)
    rows = [row for _, found in judged for row in found]
    reasons = [(o.faces, o.critical.reason) for o in candidates.unsolved]
    reasons += [(row.support, row.judgement.reason) for row in rows if row.is_minimum is None]
    found = [component for pair in judged for component in _components(problem, *pair)]
    return CertifiedLandscape(
        problem,
        Counts.of(geometry),
        Tally.of(rows),
        tuple(rows),
        ranked(found, complete=not reasons),
        tuple(Undecided(faces, reason) for faces, reason in reasons),
        Completeness.ENGINE,
    )


def _distinct_points(outcomes: Sequence[ProductOutcome]) -> list[EliminatedPoint]:
    """Return each critical point once, smaller supports first.

    Two products of the same living faces must not have different numbers of points.
    """
    by_support: dict[Support, tuple[EliminatedPoint, ...]] = {}
    # What one process settled another one may have given up: that is no contradiction.
    for outcome in sorted(outcomes, key=lambda outcome: bool(outcome.critical.reason)):
        found = outcome.critical
        known = by_support.setdefault(found.support, found.points)
        if len(known) != len(found.points) and not found.reason:
            text = support_text(found.support)
            raise TheoremViolationError(f"{text} has {len(known)} and {len(found.points)} points")
    ordered = sorted(by_support, key=lambda support: (len(support), support))
    return [point for support in ordered for point in by_support[support]]


def residual_classes(geometry: Geometry, points: Iterable[EliminatedPoint]) -> list[ResidualClass]:
    """Group critical points by their residual, compared exactly, entry by entry."""
    groups: list[tuple[DualScan, list[EliminatedPoint]]] = []
    for point in points:
        scan = scan_dual(geometry, point)
        for known, members in groups:
            if known.tight == scan.tight and _same_residual(members[0], point):
                members.append(point)
                break
        else:
            groups.append((scan, [point]))
    return [ResidualClass(geometry.problem, scan, tuple(members)) for scan, members in groups]


def _same_residual(left: EliminatedPoint, right: EliminatedPoint) -> bool:
    return not any(map(compare, left.residual, right.residual))


def _judged(
    found: CandidateSet, geometry: Geometry
) -> list[tuple[ResidualClass, list[JudgedPoint]]]:
    """Judge every point classically; what stays open may be settled by the least loss."""
    groups = residual_classes(geometry, found.points)
    losses = [group.loss for group in groups]
    least = None if found.unsolved else min(losses, key=cmp_to_key(compare))
    judged = []
    for group in groups:
        rows: list[JudgedPoint] = []
        for support in group.supports:
            point = group.point_on(support, FibrePoint)
            fibre = group.polytope_dimension(support)
            if fibre > found.dimensions.get(support, fibre):
                text = support_text(support)
                raise TheoremViolationError(f"{text} has more critical points than its ideal")
            conditions = ClassicalConditions(point, geometry.arrangement, group.scan, fibre)
            if support:
                rows.append(_row(point, False, conditions.without_zero_units(), least))
            if len(support) < found.problem.width:
                rows.append(_row(point, True, conditions.with_zero_units(), least))
        judged.append((group, rows))
    return judged


def _row(
    point: EliminatedPoint, with_zero_units: bool, judgement: Judgement, least: Number | None
) -> JudgedPoint:
    """Record a judgement; a global minimum exists, and no candidate is below the least loss."""
    is_open = judgement.is_minimum is None and least is not None
    if is_open and compare(point.loss, least) == 0:
        reason = f"{judgement.reason}, but no candidate has a smaller loss"
        judgement = Judgement(True, reason)
    return JudgedPoint(point, with_zero_units, judgement)


def _components(
    problem: Problem, group: ResidualClass, rows: Iterable[JudgedPoint]
) -> Iterator[Component]:
    """Yield the components that the minimal strata of a class form (Lemma 27).

    They are global at every width if no zero unit can grow (Theorem C; the only property of this
    formulation that is not decided by classical means). A zero unit and a living one can change
    places, through strata on which they share a face. So a component with a zero unit is carried
    to itself by every permutation; one without is a single stratum.
    """
    minimal = {(row.support, row.with_zero_units) for row in rows if row.is_minimum}
    strata = list(_strata(group, problem.width, minimal))
    for part in joined(strata, _are_joined):
        found = largest_first(sorted(part, key=strata.index))
        rigid = not any(stratum.zero_neurons for stratum in part)
        shares = [factorial(shared.multiplicity) for shared in part[0].groups]
        orbit = labelled_copies(problem, problem.width) // prod(shares) if rigid else 1
        yield Component(problem, group.loss, found, not group.scan.exceeding, None, orbit)


def _are_joined(left: Stratum, right: Stratum) -> bool:
    """Whether one stratum arises from the other as some units go to zero."""
    one, two = (Counter({g.face: g.multiplicity for g in s.groups}) for s in (left, right))
    return one <= two or two <= one


def _strata(
    group: ResidualClass, width: int, minimal: Collection[tuple[Support, bool]]
) -> Iterator[Stratum]:
    """Yield every way to share the units out, small supports and few living ones first.

    Of the supports that have minima, `minimal` says whether those with zero units are meant.
    """
    for support in group.supports:
        for alive in range(len(support), width + 1):
            if (support, alive < width) in minimal:
                for counts in positive_compositions(alive, len(support)):
                    yield stratum_of(group, support, counts, width - alive)
