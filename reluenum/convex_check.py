"""A document of minima held against the convex program: what is global at every width.

By Theorem F(3) of docs/theory.md a component is global at every width if and only if its loss is
the value of the program. The document decides this by exact signs, the program by its value.
"""

import csv
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from reluenum.convex import ConvexOptimum
from reluenum.errors import IncompleteRunError
from reluenum.problem import parse_rational
from reluenum.tables import csv_text, object_frame

EQUAL = 1e-6
"""Relative difference up to which a loss and the value of the program count as equal."""


class Verdict(StrEnum):
    """What a document and the convex program say of each other."""

    REACHED = "value reached and flagged"
    ABOVE = "value not reached, nothing flagged"
    FLAG_ABOVE = "flagged above the value"
    NO_FLAG = "value reached without a flag"
    BELOW = "loss below the dual bound"
    UNSOLVED = "program not solved accurately"


AGREEING = frozenset({Verdict.REACHED, Verdict.ABOVE})
"""The verdicts with which nothing is wrong."""


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
    verdict : Verdict
    """

    value: float
    lowest_loss: float
    flagged: bool
    verdict: Verdict

    @property
    def agrees(self) -> bool:
        """Whether nothing is wrong."""
        return self.verdict in AGREEING

    def to_document(self) -> dict[str, Any]:
        """Return a text form."""
        return {
            "lowest_loss": self.lowest_loss,
            "global_at_every_width": self.flagged,
            "verdict": self.verdict.value,
            "agrees": self.agrees,
        }


def compare(optimum: ConvexOptimum, document: Mapping[str, Any]) -> Comparison:
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
    if _posed(document["problem"]) != _posed(optimum.problem.to_document()):
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


def _verdict(optimum: ConvexOptimum, found: Collection[tuple[float, bool]]) -> Verdict:
    """Judge the components by loss and flag."""
    if not optimum.is_tight:
        return Verdict.UNSOLVED
    slack = EQUAL * optimum.value
    if any(loss < optimum.dual_bound - slack for loss, _ in found):
        return Verdict.BELOW
    judged = {(loss <= optimum.value + slack, flag) for loss, flag in found}
    if (False, True) in judged:
        return Verdict.FLAG_ABOVE
    if (True, False) in judged:
        return Verdict.NO_FLAG
    return Verdict.REACHED if (True, True) in judged else Verdict.ABOVE


def convex_document(optimum: ConvexOptimum, comparison: Comparison | None) -> dict[str, Any]:
    """Return the document of a program, with its comparison if there is one."""
    compared = {} if comparison is None else {"minima": comparison.to_document()}
    return optimum.to_document() | compared


def convex_csv(documents: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a table with a row for each instance, from documents with a comparison."""
    rows = [
        {
            "instance": name,
            **{key: document[key] for key in ("value", "dual_bound", "gap", "cells", "units")},
            **document["minima"],
        }
        for name, document in documents.items()
    ]
    columns = list(rows[0]) if rows else ["instance"]
    return csv_text(object_frame(rows, columns))


def read_verdicts(path: Path) -> dict[str, Verdict]:
    """Return the verdict on each instance from a table that `convex_csv` made."""
    with path.open(newline="", encoding="utf-8") as file:
        return {row["instance"]: Verdict(row["verdict"]) for row in csv.DictReader(file)}
