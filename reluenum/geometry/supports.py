"""Supports: sets of faces, their texts and their number."""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Any

from reluenum.geometry.arrangement import Arrangement, Face

Support = tuple[Face, ...]
"""Distinct faces with non-empty active sets, sorted: where the non-zero units live."""


@dataclass(frozen=True, order=True)
class StratumKey:
    """What a stratum of networks keeps while they move, and by which it is recognised.

    Parameters
    ----------
    groups : tuple of (str, int, int)
        Signs of a face, sign of a and number of its units; sorted.
    zeros : int
        Number of units that are 0.
    """

    groups: tuple[tuple[str, int, int], ...]
    zeros: int = 0

    @classmethod
    def of(cls, groups: Iterable[tuple[str, int, int]], zeros: int = 0) -> "StratumKey":
        """Return the key of groups in any order."""
        return cls(tuple(sorted(groups)), zeros)


def supports(arrangement: Arrangement, width: int) -> Iterator[Support]:
    """Yield every support of 1 to `width` distinct faces."""
    for size in range(1, width + 1):
        yield from combinations(arrangement.live_faces, size)


def support_text(support: Support) -> str:
    """Return the text form of a support: its faces joined by `|`."""
    return "|".join(face.signs for face in support)


def faces_in(text: str) -> tuple[str, ...]:
    """Return the signs of the faces of a support from its text form."""
    return tuple(text.split("|")) if text else ()


def support_of(arrangement: Arrangement, text: str) -> Support:
    """Return the support, or product of faces, that has this text form.

    Raises
    ------
    KeyError
        If no unit has such signs.
    """
    return tuple(arrangement.face(signs) for signs in faces_in(text))


def not_once(
    expected: Iterable[Hashable], found: Iterable[Hashable]
) -> tuple[Any, int, int] | None:
    """Return the first thing that is missing, doubled or unknown; None if there is none.

    Returns
    -------
    (thing, int, int) or None
        How often it is expected, and how often it was found.

    Examples
    --------
    >>> not_once("ab", "ba"), not_once("ab", "a"), not_once("a", "aa"), not_once("a", "ab")
    (None, ('b', 1, 0), ('a', 1, 2), ('b', 0, 1))
    """
    wanted, there = Counter(expected), Counter(found)
    wrong = ((k, wanted[k], there[k]) for k in (*wanted, *there) if wanted[k] != there[k])
    return next(wrong, None)


def count_supports(faces: int, width: int) -> int:
    """Return the number of sets of 1 to `width` out of so many faces."""
    return sum(comb(faces, size) for size in range(1, min(width, faces) + 1))
