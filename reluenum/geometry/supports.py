"""Supports: sets of faces, their texts and their number."""

from collections.abc import Iterator
from itertools import combinations
from math import comb

from reluenum.geometry.arrangement import Arrangement, Face

Support = tuple[Face, ...]
"""Distinct faces with non-empty active sets, sorted: where the non-zero units live."""


def supports(arrangement: Arrangement, width: int) -> Iterator[Support]:
    """Yield every support of 1 to `width` distinct faces."""
    for size in range(1, width + 1):
        yield from combinations(arrangement.live_faces, size)


def support_text(support: Support) -> str:
    """Return the text form of a support: its faces joined by `|`."""
    return "|".join(face.signs for face in support)


def count_supports(faces: int, width: int) -> int:
    """Return the number of sets of 1 to `width` out of so many faces."""
    return sum(comb(faces, size) for size in range(1, min(width, faces) + 1))
