"""Activation patterns, the supports they own, and how many there are."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, combinations_with_replacement, product
from math import comb

from reluenum.geometry.arrangement import Arrangement
from reluenum.geometry.geometry import Geometry
from reluenum.geometry.supports import Support, count_supports


@dataclass(frozen=True, order=True)
class Pattern:
    """An activation pattern up to permutation of the hidden units.

    Parameters
    ----------
    columns : tuple of str
        One realisable column of `+` and `-` per hidden unit, sorted.
    """

    columns: tuple[str, ...]

    def __str__(self) -> str:
        return "|".join(self.columns)


def patterns(arrangement: Arrangement, width: int) -> Iterator[Pattern]:
    """Yield every realisable activation pattern up to permutation, sorted."""
    for columns in combinations_with_replacement(arrangement.columns, width):
        yield Pattern(columns)


def owner(support: Support, width: int) -> Pattern:
    """Return the one pattern that solves a support (Lemma 7 of docs/theory.md).

    The columns of its faces, padded to the width by copies of the smallest one.
    """
    columns = sorted(face.column for face in support)
    return Pattern(tuple(sorted([columns[0]] * (width - len(support)) + columns)))


def owned_supports(pattern: Pattern, arrangement: Arrangement) -> Iterator[Support]:
    """Yield the supports whose `owner` is the pattern: its open cells and boundary faces.

    A pattern with a column that no non-zero stationary unit can have (all `-`) owns none.
    """
    multiplicities = Counter(pattern.columns)
    smallest = min(pattern.columns)
    faces = {
        column: [face for face in arrangement.live_faces if face.column == column]
        for column in multiplicities
    }
    for copies in range(1, multiplicities[smallest] + 1):
        choices = [
            combinations(faces[column], copies if column == smallest else multiplicity)
            for column, multiplicity in multiplicities.items()
        ]
        for chosen in product(*choices):
            yield tuple(sorted(face for group in chosen for face in group))


@dataclass(frozen=True)
class Counts:
    """How large an enumeration is.

    Parameters
    ----------
    sign_matrices : int
        All 2^(n L) of them, realisable or not.
    realisable_patterns, patterns_up_to_permutation : int
    supports_examined : int
        Supports of 1 to L distinct faces.
    """

    sign_matrices: int
    realisable_patterns: int
    patterns_up_to_permutation: int
    supports_examined: int

    @classmethod
    def of(cls, geometry: Geometry) -> "Counts":
        """Count for a problem."""
        columns, width = len(geometry.arrangement.columns), geometry.problem.width
        return cls(
            2 ** (geometry.problem.size * width),
            columns**width,
            comb(columns + width - 1, width),
            count_supports(len(geometry.arrangement.live_faces), width),
        )
