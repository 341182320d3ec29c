"""Activation patterns, the supports they own, and how many there are."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, combinations, combinations_with_replacement, product
from math import comb, log10

from reluenum.arrangement import Arrangement, Face, face_bound
from reluenum.errors import TooManySupportsError
from reluenum.problem import Problem

Support = tuple[Face, ...]
"""Distinct faces with non-empty active sets, sorted: where the non-zero units live."""

SUPPORT_LIMIT = 1_000_000
"""Largest enumeration that starts without being asked twice."""

LARGEST_WIDTH = 1000
"""Widest network that starts without being asked twice, also if it has few supports."""

LARGEST_ARRANGEMENT = 10**8
"""Signs of all faces of the largest problem that starts without being asked twice."""

MOST_POINTS, LARGEST_DIMENSION = 5000, 100
"""Of the largest data, however few faces they have, that start without being asked twice."""

LONGEST_NUMBER = 100
"""Digits of numerators and denominators, for the same reason."""

_LARGEST_COUNTED = 100
"""No more faces of a support, and no more dimensions, are counted: these are too many already."""


@dataclass(frozen=True, order=True)
class Pattern:
    """An activation pattern up to permutation of the hidden units.

    Parameters
    ----------
    columns : tuple of str
        One realisable column of `+` and `-` per hidden unit, sorted.
    """

    columns: tuple[str, ...]

    @property
    def orbit_size(self) -> int:
        """Number of sign matrices that are permutations of this one."""
        count, used = 1, 0
        for multiplicity in Counter(self.columns).values():
            used += multiplicity
            count *= comb(used, multiplicity)
        return count

    def __str__(self) -> str:
        return "|".join(self.columns)


def patterns(arrangement: Arrangement, width: int) -> Iterator[Pattern]:
    """Yield every realisable activation pattern up to permutation, sorted."""
    for columns in combinations_with_replacement(arrangement.columns, width):
        yield Pattern(columns)


def supports(arrangement: Arrangement, width: int) -> Iterator[Support]:
    """Yield every support of 1 to `width` distinct faces."""
    for size in range(1, width + 1):
        yield from combinations(arrangement.live_faces, size)


def support_text(support: Support) -> str:
    """Return the text form of a support: its faces joined by `|`."""
    return "|".join(face.signs for face in support)


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
    def of(cls, problem: Problem, arrangement: Arrangement) -> "Counts":
        """Count for a problem."""
        columns, width = len(arrangement.columns), problem.width
        return cls(
            2 ** (problem.size * width),
            columns**width,
            comb(columns + width - 1, width),
            count_supports(len(arrangement.live_faces), width),
        )


def count_supports(faces: int, width: int) -> int:
    """Return the number of sets of 1 to `width` out of so many faces."""
    return sum(comb(faces, size) for size in range(1, min(width, faces) + 1))


def refuse_astronomical(problem: Problem, limit: int = SUPPORT_LIMIT) -> None:
    """Refuse a problem whose supports are too many, before anything is enumerated.

    The estimate holds for data in general position and is an upper bound for any other.

    Raises
    ------
    TooManySupportsError
        Naming the number of supports, or a width that they can share in too many ways.
    """
    if problem.width > LARGEST_WIDTH:
        raise TooManySupportsError(
            f"width {problem.width} with n = {problem.size}",
            "too many ways to share it among the faces",
            f"a width of at most {LARGEST_WIDTH}, or insist with --force",
        )
    faces = face_bound(len(problem.sites), min(problem.dimension, _LARGEST_COUNTED))
    expected = count_supports(faces, min(problem.width, _LARGEST_COUNTED))
    if expected > limit:
        raise TooManySupportsError(
            f"width {problem.width} with n = {problem.size}",
            f"up to {_scientific(expected)} supports to solve",
            f"at most {limit}; lower the width or the number of points, or insist with --force",
        )
    if problem.size > MOST_POINTS or problem.dimension > LARGEST_DIMENSION:
        raise TooManySupportsError(
            f"{problem.size} data points in dimension {problem.dimension}",
            "exact linear algebra too large",
            f"at most {MOST_POINTS} points in dimension {LARGEST_DIMENSION}, or insist with "
            "--force",
        )
    entries = (*chain.from_iterable(problem.inputs), *problem.targets, problem.ridge)
    longest = max(len(str(part)) for entry in entries for part in (entry.p, entry.q))
    if longest > LONGEST_NUMBER:
        raise TooManySupportsError(
            f"numbers of up to {longest} digits",
            "exact algebra too slow",
            f"at most {LONGEST_NUMBER} digits above and below the fraction line, or insist with "
            "--force",
        )
    if faces * problem.size > LARGEST_ARRANGEMENT:
        raise TooManySupportsError(
            f"n = {problem.size}",
            f"up to {_scientific(faces)} faces of as many signs",
            f"at most {LARGEST_ARRANGEMENT} signs; lower the number of points, or insist with "
            "--force",
        )


def _scientific(count: int) -> str:
    """Write a large count shortly, without converting it to a float."""
    return str(count) if count < 10**9 else f"10^{log10(count):.1f}"
