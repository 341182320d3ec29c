"""The landscape of the eliminated formulation: judged critical points, joined by their limits.

A stratum is a critical point with its units shared out over the faces; letting one unit of a face
go to zero leads to the stratum that has a zero unit more. Minimal strata that are joined in this
way form a component (docs/theory.md, section 14).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cmp_to_key
from itertools import combinations_with_replacement, product
from typing import Any

from reluenum.algebraic import Number, compare
from reluenum.arrangement import Arrangement
from reluenum.classical import ClassicalConditions, Judgement, Minimality
from reluenum.decimals import decimal_text
from reluenum.eliminated import EliminatedPoint, ProductOutcome
from reluenum.errors import IncompleteRunError, TheoremViolationError
from reluenum.landscape import (
    CertifiedLandscape,
    Component,
    Group,
    Stratum,
    positive_compositions,
    ranked,
)
from reluenum.minimality import Descent
from reluenum.patterns import Counts, Support, support_text
from reluenum.problem import Problem
from reluenum.stationary import Outcome, Verdict

Shares = tuple[int, ...]
"""How many units each face of a support has, and how many are zero, in the last place."""

Units = tuple[int, ...]
"""For each unit, in order, the number of its face in a support; zero units have the last one."""


@dataclass(frozen=True, eq=False)
class JudgedPoint:
    """What the classical conditions, or the least loss of all candidates, say of a point.

    Parameters
    ----------
    point : EliminatedPoint
    with_zero_units : bool
    judgement : Judgement
    """

    point: EliminatedPoint
    with_zero_units: bool
    judgement: Judgement

    @property
    def support(self) -> Support:
        """Faces of the living units."""
        return self.point.support

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
        if self.judgement.minimality is Minimality.INCONCLUSIVE:
            return None
        return self.judgement.minimality is Minimality.MINIMUM

    @property
    def witness(self) -> Descent | None:
        """A checked descent if it is none."""
        return self.judgement.descent


@dataclass(frozen=True, eq=False)
class Candidate:
    """A critical point and everything that is judged about it.

    Parameters
    ----------
    point : EliminatedPoint
    is_global : bool
        Whether no zero unit can grow from it, so that it is global at every width (Theorem C; the
        only property of this formulation that is not decided by classical means).
    living, dying : JudgedPoint or None
        Without and with zero units, as far as the width allows.
    """

    point: EliminatedPoint
    is_global: bool
    living: JudgedPoint | None
    dying: JudgedPoint | None

    @property
    def judged(self) -> Iterator[JudgedPoint]:
        """Both, as far as they exist."""
        return (judged for judged in (self.living, self.dying) if judged is not None)


@dataclass(frozen=True, eq=False)
class CandidateSet:
    """Every critical point of a problem's surrogates, and the products nobody could settle.

    Parameters
    ----------
    problem : Problem
    points : tuple of EliminatedPoint
        Smaller supports first.
    unsolved : tuple of ProductOutcome
    """

    problem: Problem
    points: tuple[EliminatedPoint, ...]
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


def merge_products(
    problem: Problem, arrangement: Arrangement, outcomes: Iterable[ProductOutcome]
) -> CandidateSet:
    """Merge the outcomes of all products of faces.

    Raises
    ------
    IncompleteRunError
        If a product of faces has no outcome or two of them.
    """
    settled = list(outcomes)
    check_products(problem, arrangement, settled)
    unsolved = tuple(outcome for outcome in settled if outcome.critical.reason)
    return CandidateSet(problem, tuple(_distinct_points(settled)), unsolved)


def eliminated_landscape(candidates: CandidateSet, arrangement: Arrangement) -> CertifiedLandscape:
    """Judge the critical points of a problem and join the minima into components."""
    problem = candidates.problem
    judged = _judged(candidates, arrangement)
    rows = [row for candidate in judged for row in candidate.judged]
    open_rows = [row for row in rows if row.is_minimum is None]
    undecided = [
        *(
            Outcome(o.faces, Verdict.UNDECIDED, None, o.critical.reason)
            for o in candidates.unsolved
        ),
        *(Outcome(r.support, Verdict.UNDECIDED, None, r.judgement.reason) for r in open_rows),
    ]
    found = [c for candidate in judged for c in _components(problem, candidate)]
    return CertifiedLandscape(
        problem,
        Counts.of(problem, arrangement),
        tuple(rows),
        ranked(found, complete=not undecided),
        tuple(undecided),
    )


def check_products(
    problem: Problem, arrangement: Arrangement, outcomes: Sequence[ProductOutcome]
) -> None:
    """See that every product of faces, up to permutation, was settled once.

    Raises
    ------
    IncompleteRunError
        Naming one that was not.
    """
    expected = combinations_with_replacement(arrangement.faces, problem.width)
    missing = Counter(support_text(faces) for faces in expected)
    missing.subtract(support_text(outcome.faces) for outcome in outcomes)
    if stray := next((text for text, count in missing.items() if count), None):
        raise IncompleteRunError(f"the product of faces {stray} is missing, doubled or unknown")


def _distinct_points(outcomes: Sequence[ProductOutcome]) -> list[EliminatedPoint]:
    """Return each critical point once, smaller supports first.

    Raises
    ------
    TheoremViolationError
        If two products of the same living faces have different numbers of points.
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


def _judged(found: CandidateSet, arrangement: Arrangement) -> list[Candidate]:
    """Judge every point classically; what stays open may be settled by the least loss."""
    losses = [point.loss for point in found.points]
    least = None if found.unsolved else min(losses, key=cmp_to_key(compare))
    candidates = []
    for point in found.points:
        conditions = ClassicalConditions(point, arrangement)
        living = dying = None
        if point.support:
            living = _row(point, False, conditions.without_zero_units(), least)
        if len(point.support) < found.problem.width:
            dying = _row(point, True, conditions.with_zero_units(), least)
        candidates.append(Candidate(point, not conditions.scan.exceeding, living, dying))
    return candidates


def _row(
    point: EliminatedPoint, with_zero_units: bool, judgement: Judgement, least: Number | None
) -> JudgedPoint:
    """Record a judgement; a global minimum exists, and no candidate is below the least loss."""
    is_open = judgement.minimality is Minimality.INCONCLUSIVE
    if is_open and least is not None and compare(point.loss, least) == 0:
        reason = f"{judgement.reason}, but no candidate has a smaller loss"
        judgement = Judgement(Minimality.MINIMUM, reason)
    return JudgedPoint(point, with_zero_units, judgement)


def _components(problem: Problem, candidate: Candidate) -> Iterator[Component]:
    """Yield the components that the minimal strata of a point form."""
    minimal = {
        False: candidate.living is not None and bool(candidate.living.is_minimum),
        True: candidate.dying is not None and bool(candidate.dying.is_minimum),
    }
    faces = len(candidate.point.support)
    labelled = [
        units
        for units in product(range(faces + 1), repeat=problem.width)
        if set(range(faces)) <= set(units) and minimal[faces in units]
    ]
    joined = _joined_by_limits(labelled, faces)
    orbits = Counter(frozenset(_shares(units, faces) for units in part) for part in joined)
    for shares, orbit in orbits.items():
        ordered = [s for s in _all_shares(faces, problem.width) if s in shares]
        strata = sorted(
            (_stratum(candidate.point, share) for share in ordered),
            key=lambda stratum: (-stratum.dimension, stratum.zero_neurons),
        )
        loss = candidate.point.loss
        yield Component(problem, loss, tuple(strata), candidate.is_global, None, orbit)


def _joined_by_limits(labelled: Sequence[Units], zero: int) -> list[list[Units]]:
    """Join labelled strata, of which one is the limit of another as a unit goes to zero."""
    forest = {units: units for units in labelled}

    def root(units: Units) -> Units:
        while forest[units] != units:
            forest[units] = forest[forest[units]]
            units = forest[units]
        return units

    for units in labelled:
        for k in range(len(units)):
            limit = (*units[:k], zero, *units[k + 1 :])
            if limit in forest:
                forest[root(units)] = root(limit)
    parts = defaultdict(list)
    for units in labelled:
        parts[root(units)].append(units)
    return list(parts.values())


def _shares(units: Units, faces: int) -> Shares:
    """Return how many units lie on each face, and how many are zero."""
    return tuple(units.count(k) for k in range(faces + 1))


def _all_shares(faces: int, width: int) -> Iterator[Shares]:
    """Yield every way to share the units out, fewer living ones first."""
    for alive in range(faces, width + 1):
        for shares in positive_compositions(alive, faces):
            yield (*shares, width - alive)


def _stratum(point: EliminatedPoint, shares: Shares) -> Stratum:
    groups = [
        Group(face, sign, multiplicity, square, direction)
        for face, sign, multiplicity, square, direction in zip(
            point.support,
            point.signs or (),
            shares[:-1],
            point.squares,
            point.directions,
            strict=True,
        )
    ]
    return Stratum(tuple(groups), shares[-1], 0)
