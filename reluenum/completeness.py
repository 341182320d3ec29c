"""Theorem E: prove of every support what its stationary points are, whatever engine found them.

The residual r_S of a support's projection problem is either the one of a certified point on S
itself, or the one of S without some face F whose constraint it satisfies. One of the two always
holds, so an engine that lost a solution is found out, and an engine that did not finish may not
even be missed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from reluenum.minimality import dual_excess
from reluenum.patterns import Support
from reluenum.problem import Problem
from reluenum.stationary import Outcome, SupportPoint, Verdict, zero_network


@dataclass(frozen=True, eq=False)
class ProvedOutcomes:
    """What has been proved about all supports up to a size.

    Parameters
    ----------
    stationary : tuple of SupportPoint
        All stationary points with independent responses.
    reduced : int
        Supports proved to have no point of their own.
    undecided : tuple of Outcome
        Supports for which there is neither a point nor a proof that there is none.
    """

    stationary: tuple[SupportPoint, ...]
    reduced: int
    undecided: tuple[Outcome, ...]


def proved_complete(problem: Problem, outcomes: Iterable[Outcome]) -> ProvedOutcomes:
    """Prove the outcomes of all supports, smaller supports first.

    Parameters
    ----------
    problem : Problem
    outcomes : iterable of Outcome
        One for every support, by increasing size.
    """
    projected: dict[Support, SupportPoint] = {(): zero_network(problem)}
    excess: dict[tuple[int, str], int] = {}

    def holds(point: SupportPoint, face) -> bool:
        key = (id(point), face.signs)
        if key not in excess:
            excess[key] = dual_excess(problem, face, point.residual).sign()
        return excess[key] <= 0

    stationary, undecided, reduced = [], [], 0
    for outcome in outcomes:
        support = outcome.support
        if outcome.point is not None:
            projected[support] = outcome.point
            if outcome.point.is_stationary:
                stationary.append(outcome.point)
            continue
        faces = [(face, tuple(f for f in support if f is not face)) for face in support]
        known = [(face, projected[rest]) for face, rest in faces if rest in projected]
        reducing = next((point for face, point in known if holds(point, face)), None)
        if reducing is not None:
            projected[support] = reducing
            reduced += 1
        else:
            undecided.append(_explained(outcome, all_known=len(known) == len(faces)))
    return ProvedOutcomes(tuple(stationary), reduced, tuple(undecided))


def _explained(outcome: Outcome, all_known: bool) -> Outcome:
    """Say why a support without a point is undecided."""
    if outcome.verdict is Verdict.UNDECIDED:
        return outcome
    reason = (
        "the engine reports no point, but Theorem E proves that there is one"
        if all_known
        else "a smaller support inside it is undecided"
    )
    return replace(outcome, verdict=Verdict.UNDECIDED, reason=reason)
