"""A document of minima held against the convex program: what is global at every width.

By Theorem F(3) of docs/theory.md a component is global at every width if and only if its loss is
the value of the program. The document decides this by exact signs, the program by its value.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from reluenum.algebra.scalars import parse_rational
from reluenum.convex.program import ConvexOptimum
from reluenum.documents.minima import in_one_layer
from reluenum.errors import IncompleteRunError

EQUAL = 1e-6
"""Relative difference up to which a loss and the value of the program count as equal."""


class Agreed(StrEnum):
    """What a document and the convex program say of each other."""

    REACHED = "value reached and flagged"
    ABOVE = "value not reached, nothing flagged"
    FLAG_ABOVE = "flagged above the value"
    NO_FLAG = "value reached without a flag"
    BELOW = "loss below the dual bound"
    UNSOLVED = "program not solved accurately"

    @property
    def agrees(self) -> bool:
        """Whether nothing is wrong."""
        return self in (Agreed.REACHED, Agreed.ABOVE)


@dataclass(frozen=True)
class Comparison:
    """A document of minima beside the convex program.

    Parameters
    ----------
    value : float
        Of the program.
    lowest_loss : float
        Of the components.
    flagged : bool
        Whether a component is said to be global at every width.
    verdict : Agreed
    """

    value: float
    lowest_loss: float
    flagged: bool
    verdict: Agreed

    @property
    def agrees(self) -> bool:
        """Whether nothing is wrong."""
        return self.verdict.agrees

    def to_document(self) -> dict[str, Any]:
        """Return a text form."""
        return {
            "lowest_loss": self.lowest_loss,
            "global_at_every_width": self.flagged,
            "verdict": self.verdict.value,
            "agrees": self.agrees,
        }


def compare_with_program(optimum: ConvexOptimum, document: Mapping[str, Any]) -> Comparison:
    """Compare every component of a document of minima with the value of the program.

    Parameters
    ----------
    optimum : ConvexOptimum
    document : dict
        Of one width or of all.

    Raises
    ------
    IncompleteRunError
        If the document is about another problem, or lists nothing.
    """
    if _posed(in_one_layer(document)["problem"]) != _posed(optimum.problem.to_document()):
        raise IncompleteRunError("the minima are those of other data, or at another ridge")
    if not document["components"]:
        raise IncompleteRunError("the document lists no component to compare")
    found = [
        (float(parse_rational(component["loss"])), component["global_at_every_width"] is True)
        for component in document["components"]
    ]
    lowest, flagged = min(loss for loss, _ in found), any(flag for _, flag in found)
    return Comparison(optimum.value, lowest, flagged, _verdict(optimum, found))


def _posed(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record of a problem without its width."""
    return {key: value for key, value in record.items() if key != "width"}


def _verdict(optimum: ConvexOptimum, found: Collection[tuple[float, bool]]) -> Agreed:
    """Judge the components by loss and flag."""
    if not optimum.is_tight:
        return Agreed.UNSOLVED
    slack = EQUAL * optimum.value
    if any(loss < optimum.dual_bound - slack for loss, _ in found):
        return Agreed.BELOW
    judged = {(loss <= optimum.value + slack, flag) for loss, flag in found}
    if (False, True) in judged:
        return Agreed.FLAG_ABOVE
    if (True, False) in judged:
        return Agreed.NO_FLAG
    return Agreed.REACHED if (True, True) in judged else Agreed.ABOVE


def convex_document(optimum: ConvexOptimum, comparison: Comparison | None) -> dict[str, Any]:
    """Return the document of a program, with its comparison if there is one."""
    compared = {} if comparison is None else {"minima": comparison.to_document()}
    return optimum.to_document() | compared
