"""What is too large to be started without being asked twice."""

from itertools import chain
from math import comb, log10
from typing import NoReturn

from reluenum.errors import TooManySupportsError
from reluenum.geometry.bounds import face_bound
from reluenum.geometry.supports import count_supports
from reluenum.problem import Problem

SUPPORT_LIMIT = 1_000_000
"""Largest enumeration that starts without being asked twice."""

LARGEST_WIDTH = 1000
"""Widest network that starts without being asked twice, also if it has few supports."""

LARGEST_ARRANGEMENT = 10**8
"""Signs of all faces of the largest problem that starts without being asked twice."""

MOST_DATA_POINTS, LARGEST_DIMENSION = 5000, 100
"""Of the largest data, however few faces they have, that start without being asked twice."""

LONGEST_NUMBER = 100
"""Digits of numerators and denominators, for the same reason."""

_LARGEST_COUNTED = 100
"""No more faces of a support, and no more dimensions, are counted: these are too many already."""


def largest_number_of_faces(problem: Problem) -> int:
    """Return how many faces data of the size of a problem's can have (Lemma 65 without bias)."""
    return face_bound(len(problem.sites), min(problem.coordinates - 1, _LARGEST_COUNTED))


def refuse_astronomical(problem: Problem, limit: int = SUPPORT_LIMIT) -> None:
    """Refuse a problem whose supports are too many, before anything is enumerated.

    The estimate holds for data in general position and is an upper bound for any other.

    Parameters
    ----------
    problem : Problem
    limit : int
        Of supports.

    Raises
    ------
    TooManySupportsError
        Naming the number of supports, or a width that they can share in too many ways, or what is
        too large about the data.
    """
    size = problem.size
    if problem.width > LARGEST_WIDTH:
        _refuse(
            f"width {problem.width} with n = {size}",
            "too many ways to share it among the faces",
            f"a width of at most {LARGEST_WIDTH}",
        )
    faces = largest_number_of_faces(problem)
    expected = count_supports(faces, min(problem.width, _LARGEST_COUNTED))
    if expected > limit:
        _refuse(
            f"width {problem.width} with n = {size}",
            f"up to {scientific(expected)} supports to solve",
            f"at most {limit}; lower the width or the number of points",
        )
    refuse_large_data(problem)
    refuse_many_faces(problem)


def refuse_many_shares(problem: Problem, limit: int = SUPPORT_LIMIT) -> None:
    """Refuse a width whose units can share the faces in too many ways, equal units being alike.

    With free hidden biases each way may be a stratum of its own. Supports are fewer ways than that
    as soon as there are more units than faces.

    Raises
    ------
    TooManySupportsError
    """
    ways = multisets(largest_number_of_faces(problem), problem.width)
    if ways > limit:
        _refuse(
            f"width {problem.width} with n = {problem.size}",
            f"up to {scientific(ways)} ways to share the units among faces",
            f"at most {limit}; lower the width or the number of points",
        )


def multisets(places: int, units: int) -> int:
    """Return in how many ways units that are alike can be put into places.

    Examples
    --------
    >>> multisets(3, 2), multisets(8, 9)
    (6, 11440)
    """
    return comb(places + units - 1, units)


def refuse_large_data(problem: Problem, points: int = MOST_DATA_POINTS) -> None:
    """Refuse data with too many points or dimensions, or too long numbers.

    Raises
    ------
    TooManySupportsError
    """
    size, dimension = problem.size, problem.dimension
    if size > points or dimension > LARGEST_DIMENSION:
        _refuse(
            f"{size} data points in dimension {dimension}",
            "exact linear algebra too large",
            f"at most {points} points in dimension {LARGEST_DIMENSION}",
        )
    weights = problem.weights if problem.weighs else ()
    entries = (
        *chain.from_iterable(problem.inputs),
        *problem.targets,
        *weights,
        problem.ridge,
    )
    longest = max(len(str(part)) for entry in entries for part in (entry.p, entry.q))
    if longest > LONGEST_NUMBER:
        _refuse(
            f"numbers of up to {longest} digits",
            "exact algebra too slow",
            f"at most {LONGEST_NUMBER} digits above and below the fraction line",
        )


def refuse_many_faces(problem: Problem) -> None:
    """Refuse data whose faces have too many signs to be listed.

    Raises
    ------
    TooManySupportsError
    """
    faces = largest_number_of_faces(problem)
    if faces * problem.size > LARGEST_ARRANGEMENT:
        _refuse(
            f"n = {problem.size}",
            f"up to {scientific(faces)} faces of as many signs",
            f"at most {LARGEST_ARRANGEMENT} signs; lower the number of points",
        )


def _refuse(where: str, found: str, expected: str) -> NoReturn:
    raise TooManySupportsError(where, found, f"{expected}, or insist with --force")


def scientific(count: int) -> str:
    """Write a large count shortly, without converting it to a float."""
    return str(count) if count < 10**9 else f"10^{log10(count):.1f}"


CERTIFIED_SUPPORT_LIMIT = 50_000_000
"""Largest enumeration of this engine that starts without being asked twice."""
