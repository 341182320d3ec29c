"""Merge the outcomes of all patterns into distinct stationary points, grouped by residual.

Stationary points of different supports can share their residual r. Everything that decides
minimality depends on r alone, so a `ResidualClass` is the unit of all that follows
(docs/theory.md, section 5).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from reluenum.algebra.decimals import decimal_text
from reluenum.engines.reduced.completeness import proved_complete
from reluenum.engines.reduced.outcomes import Outcome
from reluenum.errors import IncompleteRunError
from reluenum.geometry.geometry import Geometry
from reluenum.geometry.supports import Support, support_text, supports
from reluenum.landscape.dual import DualScan, scan_dual
from reluenum.landscape.landscape import Undecided
from reluenum.landscape.points import SupportPoint, zero_network
from reluenum.landscape.residuals import ResidualClass
from reluenum.problem import Problem


@dataclass(frozen=True, eq=False)
class StationarySet:
    """Every stationary point of a problem, and the supports nobody could decide.

    Parameters
    ----------
    problem : Problem
    classes : tuple of ResidualClass
        The zero network's first, then sorted by support.
    undecided : tuple of Undecided
    """

    problem: Problem
    classes: tuple[ResidualClass, ...]
    undecided: tuple[Undecided, ...]

    def to_document(self) -> dict[str, Any]:
        """Return a text form for people."""
        return {
            "classes": [
                {
                    "loss": decimal_text(group.loss),
                    "tight_faces": [face.signs for face, _ in group.scan.tight],
                    "supports": [support_text(support) for support in group.supports],
                }
                for group in self.classes
            ],
            "undecided": len(self.undecided),
        }

    def __repr__(self) -> str:
        count = sum(len(c.supports) for c in self.classes) - 1
        return f"StationarySet({count} supports, {len(self.undecided)} undecided)"


def merge(geometry: Geometry, outcomes: Iterable[Outcome]) -> StationarySet:
    """Merge the outcomes of all supports of a problem.

    Raises
    ------
    IncompleteRunError
        If a support of the problem has no outcome or two of them.
    """
    proved = proved_complete(geometry.problem, _one_per_support(geometry, outcomes))
    groups: dict[tuple, tuple[DualScan, list[SupportPoint]]] = {}
    for point in (zero_network(geometry.problem), *proved.stationary):
        scan = scan_dual(geometry, point)
        key = (bool(point.support), scan.tight)
        groups.setdefault(key, (scan, []))[1].append(point)
    classes = tuple(
        ResidualClass(geometry.problem, scan, tuple(vertices)) for scan, vertices in groups.values()
    )
    return StationarySet(geometry.problem, classes, proved.undecided)


def _one_per_support(geometry: Geometry, outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Return the outcomes in the order of the supports; each support must have exactly one."""
    by_support: dict[Support, Outcome] = {}
    for outcome in outcomes:
        if outcome.support in by_support:
            raise IncompleteRunError(f"support {support_text(outcome.support)} was solved twice")
        by_support[outcome.support] = outcome
    ordered = []
    for support in supports(geometry.arrangement, geometry.problem.width):
        if support not in by_support:
            raise IncompleteRunError(f"support {support_text(support)} has no outcome")
        ordered.append(by_support.pop(support))
    if by_support:
        stray = support_text(next(iter(by_support)))
        raise IncompleteRunError(f"support {stray} does not belong to the problem")
    return ordered
