"""Theorem E: prove of every support what its stationary points are, whatever engine found them.

The residual r_S of a support's projection problem is either the one of a certified point on S
itself, or the one of S without some face F whose constraint it satisfies. One of the two always
holds, so an engine that lost a solution is found out, an engine that did not finish may not even
be missed, and a support that is known to be reducible need not be solved at all.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from reluenum.engines.reduced.outcomes import Outcome, OutcomeKind
from reluenum.geometry.arrangement import Face
from reluenum.geometry.supports import Support
from reluenum.landscape.dual import dual_excess
from reluenum.landscape.landscape import Undecided
from reluenum.landscape.points import SupportPoint, zero_network
from reluenum.problem import Problem


class KnownResiduals:
    """The residuals r_S known so far; supports are to be asked about by increasing size.

    Parameters
    ----------
    problem : Problem
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self._points: dict[Support, SupportPoint] = {(): zero_network(problem)}
        self._holds: dict[tuple[Support, Face], bool] = {}

    def record(self, point: SupportPoint) -> None:
        """Take note of a certified point on a support of its own."""
        self._points[point.support] = point

    def reduce(self, support: Support) -> bool:
        """Whether some face of the support is proved to be superfluous; if so, note r_S."""
        for face in support:
            smaller = self._points.get(_without(support, face))
            if smaller is not None and self._constraint_holds(smaller, face):
                self._points[support] = smaller
                return True
        return False

    def knows_inside(self, support: Support) -> bool:
        """Whether r is known for the support without each of its faces."""
        return all(_without(support, face) in self._points for face in support)

    def _constraint_holds(self, point: SupportPoint, face: Face) -> bool:
        key = (point.support, face)
        if key not in self._holds:
            self._holds[key] = dual_excess(point, face).sign() <= 0
        return self._holds[key]


def _without(support: Support, face: Face) -> Support:
    return tuple(other for other in support if other is not face)


@dataclass(frozen=True, eq=False)
class ProvedOutcomes:
    """What has been proved about all supports up to a size.

    Parameters
    ----------
    stationary : tuple of SupportPoint
        All stationary points with independent responses.
    reduced : int
        Supports proved to have no point of their own.
    undecided : tuple of Undecided
        Supports for which there is neither a point nor a proof that there is none.
    """

    stationary: tuple[SupportPoint, ...]
    reduced: int
    undecided: tuple[Undecided, ...]


def proved_complete(problem: Problem, outcomes: Iterable[Outcome]) -> ProvedOutcomes:
    """Prove the outcomes of all supports, smaller supports first.

    Parameters
    ----------
    problem : Problem
    outcomes : iterable of Outcome
        One for every support, by increasing size.
    """
    known = KnownResiduals(problem)
    stationary, undecided, reduced = [], [], 0
    for outcome in outcomes:
        if outcome.point is not None:
            known.record(outcome.point)
            if outcome.point.is_stationary:
                stationary.append(outcome.point)
        elif known.reduce(outcome.support):
            reduced += 1
        else:
            reason = _reason(outcome, known.knows_inside(outcome.support))
            undecided.append(Undecided(outcome.support, reason))
    return ProvedOutcomes(tuple(stationary), reduced, tuple(undecided))


def _reason(outcome: Outcome, all_known: bool) -> str:
    """Say why a support without a point is undecided."""
    if outcome.verdict is OutcomeKind.UNDECIDED:
        return outcome.reason
    if all_known:
        return "the engine reports no point, but Theorem E proves that there is one"
    return "a smaller support inside it is undecided"
