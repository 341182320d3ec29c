"""Solve the system of one support: from its polynomials to an exact outcome."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from reluenum.algebra.newton import CERTIFICATION_BITS, certified_box
from reluenum.algebra.numbers import IsolatedPoint
from reluenum.algebra.parametrisation import Root
from reluenum.algebra.polynomials import PolynomialSystem
from reluenum.errors import BackendError, TheoremViolationError
from reluenum.geometry.geometry import Geometry
from reluenum.geometry.patterns import Pattern, owned_supports
from reluenum.geometry.supports import Support, support_text
from reluenum.groebner.backends import Backends
from reluenum.groebner.roots import real_roots_of
from reluenum.landscape.equations import stationarity_system
from reluenum.landscape.points import SupportPoint
from reluenum.problem import Problem


class OutcomeKind(StrEnum):
    """What the polynomial system of a support says."""

    NO_POINT = "no point with positive squares"
    LEAVES_FACES = "leaves its faces"
    STATIONARY = "stationary"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Outcome:
    """What was found on one support.

    Parameters
    ----------
    support : Support
    verdict : OutcomeKind
    point : SupportPoint, optional
        Present if the verdict is LEAVES_FACES or STATIONARY.
    reason : str
        Why it is undecided.
    """

    support: Support
    verdict: OutcomeKind
    point: SupportPoint | None = None
    reason: str = ""

    def to_document(self) -> dict[str, Any]:
        """Return an exact text form."""
        record: dict[str, Any] = {
            "support": support_text(self.support),
            "verdict": self.verdict.value,
        }
        if self.point is not None:
            record["point"] = self.point.isolated.to_document()
        if self.reason:
            record["reason"] = self.reason
        return record


def solve_pattern(geometry: Geometry, pattern: Pattern, backends: Backends) -> list[Outcome]:
    """Solve every support that a pattern owns; a pure function of problem and pattern."""
    return [
        solve_support(geometry.problem, support, backends)
        for support in owned_supports(pattern, geometry.arrangement)
    ]


def solve_support(problem: Problem, support: Support, backends: Backends) -> Outcome:
    """Find the point of a support's system with positive squares.

    Points whose responses are linearly dependent are left to the merge, which derives them from
    smaller supports (docs/theory.md, section 5).

    Parameters
    ----------
    problem : Problem
    support : Support
        Not empty.
    backends : Backends

    Returns
    -------
    Outcome
        UNDECIDED, with the reason, if no backend of the engine finishes.
    """
    system = stationarity_system(problem, support)
    try:
        roots = real_roots_of(system, backends)
    except BackendError as error:
        return Outcome(support, OutcomeKind.UNDECIDED, reason=str(error))
    found = [p for root in roots if (p := _positive_point(problem, support, system, root))]
    if len(found) > 1:
        raise TheoremViolationError(f"two positive points on {support_text(support)} (Theorem A)")
    if not found:
        return Outcome(support, OutcomeKind.NO_POINT)
    verdict = OutcomeKind.STATIONARY if found[0].is_stationary else OutcomeKind.LEAVES_FACES
    return Outcome(support, verdict, found[0])


def _positive_point(
    problem: Problem, support: Support, system: PolynomialSystem, root: Root
) -> SupportPoint | None:
    """Certify a root as an isolated solution with positive squares, or return None.

    A root that is not simple cannot be certified. None that matters is lost: its responses would
    be dependent (Lemma 9), and by Theorem E such a point is never needed.
    """
    squares = slice(len(system.variables) - len(support), None)
    if any(ball < 0 for ball in root.balls(CERTIFICATION_BITS[0])[squares]):
        return None
    box = certified_box(system, root.balls)
    if box is None:
        return None
    point = SupportPoint(problem, support, IsolatedPoint(system, box, root))
    return point if all(square.sign() > 0 for square in point.squares) else None


def read_outcome(geometry: Geometry, record: Mapping[str, Any]) -> Outcome:
    """Read an outcome back and certify its point anew.

    Raises
    ------
    TheoremViolationError
        If the recorded point is not what the record says.
    """
    support = tuple(geometry.arrangement.face(signs) for signs in record["support"].split("|"))
    verdict = OutcomeKind(record["verdict"])
    if verdict not in (OutcomeKind.LEAVES_FACES, OutcomeKind.STATIONARY):
        return Outcome(support, verdict, reason=record.get("reason", ""))
    system = stationarity_system(geometry.problem, support)
    point = SupportPoint(
        geometry.problem, support, IsolatedPoint.from_document(system, record["point"])
    )
    positive = all(square.sign() > 0 for square in point.squares)
    if not positive or point.is_stationary != (verdict is OutcomeKind.STATIONARY):
        raise TheoremViolationError(f"the recorded point on {record['support']} is not as recorded")
    return Outcome(support, verdict, point)


def verdict_counts(outcomes: Iterable[Outcome]) -> dict[str, int]:
    """Return how many supports have each verdict."""
    counts = {verdict.value: 0 for verdict in OutcomeKind}
    for outcome in outcomes:
        counts[outcome.verdict.value] += 1
    return counts
