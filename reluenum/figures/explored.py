"""What pages for exploring say alike of sampled and of exact paths: ridges, names, numbers."""

from collections.abc import Mapping, Sequence
from string import ascii_uppercase
from typing import Any

from reluenum.algebra.decimals import double_of
from reluenum.algebra.scalars import parse_rational

Record = Mapping[str, Any]


def drawn_ridge(text: str) -> dict[str, Any]:
    """Return a ridge as it stands, as a decimal that tells the ends of a bracket apart, to draw."""
    exact = parse_rational(text)
    value = double_of(exact)
    decimal = f"{value:.13g}"
    relation = "=" if parse_rational(decimal) == exact else "≈"
    return {"text": text, "relation": relation, "decimal": decimal, "value": value}


def name_families(segments: Sequence[dict[str, Any]], successor: Mapping[int, int]) -> None:
    """Give each minimum one name for as long as another segment goes on as it.

    Names go by the ridge where a minimum is first seen, then by its loss there.
    """
    roots = set(range(len(segments))) - set(successor.values())

    def appearance(index: int) -> tuple[int, Any]:
        return segments[index]["first"], parse_rational(segments[index]["samples"][0]["loss"])

    for number, root in enumerate(sorted(roots, key=appearance)):
        index: int | None = root
        while index is not None:
            segments[index].update(family=number, name=letters(number))
            index = successor.get(index)


def letters(number: int) -> str:
    """Return A to Z, then AA, AB and so on.

    Examples
    --------
    >>> [letters(number) for number in (0, 25, 26, 702)]
    ['A', 'Z', 'AA', 'AAA']
    """
    rest, last = divmod(number, 26)
    return (letters(rest - 1) if rest else "") + ascii_uppercase[last]


def algebraic_number(record: Record) -> dict[str, Any]:
    """Return the algebraic number behind an event or a change, as far as the document has it."""
    number = record.get("number")
    exact = number and {
        "decimal": number["decimal"],
        "polynomial": number["minimal_polynomial"],
        "condition": number.get("condition"),
    }
    return {"number": exact, "reason": record.get("reason")}
