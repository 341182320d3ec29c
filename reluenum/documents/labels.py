"""Supports, kinds, ends of runs and what is undecided, as people read them."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

Document = Mapping[str, Any]


class EndKind(StrEnum):
    """What the end point of a run of an optimiser is."""

    MINIMUM = "minimum"
    SADDLE = "saddle"
    NOT_STATIONARY = "not stationary"
    DIVERGED = "diverged"
    MISSING = "missing from the list"
    UNEXPLAINED = "unexplained"


class Stall(StrEnum):
    """Why an optimiser can stop at a saddle."""

    DEAD = "dead unit"
    ZERO = "zero unit"
    KINK = "unit on a kink"


def kind(dimension: int) -> str:
    """Return what a component of some dimension is called: isolated, arc, dimension k."""
    return {0: "isolated", 1: "arc"}.get(dimension, f"dimension {dimension}")


def support_label(support: Iterable[Mapping[str, Any]]) -> str:
    """Return a support as text: each face with the sign of a and its multiplicity.

    It does not start with `+`, `-` or `=`, which spreadsheets take for a formula.

    Examples
    --------
    >>> support_label([{"face": "+-0", "sign": 1, "multiplicity": 1}])
    '(+-0) a>0 x1'
    """
    cells = []
    for group in support:
        times = group.get("multiplicity")
        relation = ">" if group["sign"] > 0 else "<"
        cells.append(f"({group['face']}) a{relation}0" + ("" if times is None else f" x{times}"))
    return "; ".join(cells) or "zero network"


def layers_label(layers: Iterable[Iterable[Mapping[str, Any]]]) -> str:
    """Return the units of several hidden layers as text, each with its multiplicity.

    Examples
    --------
    >>> first = [{"signs": "+-0", "multiplicity": 1}, {"signs": "0++", "multiplicity": 1}]
    >>> layers_label([first, [{"signs": "+-+", "multiplicity": 2}]])
    '(+-0) x1; (0++) x1 / (+-+) x2'
    >>> layers_label([[], []])
    'zero network'
    """
    texts = []
    for layer in layers:
        times = ((unit["signs"], unit.get("multiplicity")) for unit in layer)
        cells = [f"({signs})" + ("" if k is None else f" x{k}") for signs, k in times]
        texts.append("; ".join(cells) or "dead")
    return " / ".join(texts) if set(texts) != {"dead"} else "zero network"


def undecided_note(document: Document) -> str:
    """Return the warning that belongs on every view of a document, empty if it is complete.

    Examples
    --------
    >>> undecided_note({"enumeration": {"undecided": 2}})
    '2 supports undecided: list not complete'
    >>> undecided_note({"enumeration": {"undecided": 2, "strata_examined": 9}})
    '2 undecided in 9 strata: list not complete'
    """
    counts = document["enumeration"]
    undecided = counts["undecided"]
    decided = all(record.get("signs") == "" for record in document.get("undecided", [{}]))
    if not undecided or decided:  # in which case the checker has not proved it
        return "" if document.get("complete", True) else "list not proved complete"
    if "strata_examined" in counts:
        where = f"{undecided} undecided in {examined_label(counts)}"
    else:
        where = f"{undecided} support{'s' if undecided > 1 else ''} undecided"
    return f"{where}: list not complete"


def examined_label(counts: Mapping[str, Any]) -> str:
    """Return what a document has examined one by one, from its `enumeration`.

    Examples
    --------
    >>> examined_label({"supports_examined": 153})
    '153 supports'
    >>> examined_label({"supports": 153, "boxes": 229, "leaves": 7})
    '7 leaves'
    """
    kinds = {"strata_examined": "strata", "leaves": "leaves", "supports_examined": "supports"}
    key = next(key for key in kinds if key in counts)
    return f"{counts[key]} {kinds[key]}"


def undecided_along(path: Document) -> int:
    """Return how many supports stayed undecided along a document of a ridge path.

    Examples
    --------
    >>> undecided_along({"undecided": {"1/100": 2, "1/10": 1}})
    3
    """
    return sum(path["undecided"].values())
