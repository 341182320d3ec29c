"""How many boxes a search will look at, and how long that takes: powers that were measured.

Nothing is proved by these numbers. They say before a search begins whether it may end.
"""

from math import ceil, comb
from typing import TYPE_CHECKING

from reluenum.errors import TooManySupportsError
from reluenum.geometry.bounds import face_bound

if TYPE_CHECKING:
    from reluenum.problem import Problem

LAWS = {
    1: ((30, 0.29), (280, 0.755)),
    2: ((30, 1.15), (145, 2.5)),
    3: ((35, 1.65), (155, 3.8)),
    4: ((60, 1.85), (460, 4.2)),
}
"""For each dimension d, boxes of one unit and of two: a factor, and a power of p - d for p inputs.

Fitted to random data at the ridge 1/100, up to 10,000, 100, 20 and 8 inputs.
"""

SECONDS = {1: (5e-6, 1.6e-7)}
"""What a box takes one core, its search and its proof, on a line: and what more for each input."""

CONE_SECONDS = 8e-5
"""What a box in several dimensions takes."""

MOST_EXPECTED = 100_000_000
"""That are started without being asked twice: about as many as the checker reads."""

MOST_SECONDS = 86_400
"""For which a search and its proof may be expected to last: a day, of one core."""

_LARGEST_COUNTED, _WIDEST_COUNTED = 100, 8
"""No more dimensions, and no more units, are counted: these are too many already."""

_UNITS = (("second", 1), ("minute", 60), ("hour", 3600), ("day", 86_400), ("year", 31_557_600))


def expected_boxes(points: int, dimension: int, width: int) -> int:
    """Return about how many boxes a search will look at.

    Each further unit multiplies them by about as much as the second one does. In more dimensions
    than were measured as many are expected as there are supports.

    Parameters
    ----------
    points : int
        Distinct inputs.
    dimension, width : int

    Examples
    --------
    >>> expected_boxes(100, 1, 2), expected_boxes(100, 1, 4), expected_boxes(50, 2, 2)
    (8993, 56218194, 2314575)
    """
    units = min(width, _WIDEST_COUNTED)
    if points == 0:
        return 0
    if dimension not in LAWS:
        faces = face_bound(points, min(dimension, _LARGEST_COUNTED))
        return sum(comb(faces, size) for size in range(1, units + 1))
    one, two = (factor * max(points - dimension, 1) ** power for factor, power in LAWS[dimension])
    return ceil(one * (two / one) ** (units - 1))


def seconds_of_boxes(points: int, dimension: int, width: int) -> float:
    """Return about how long these boxes take one core, with the proof of the list."""
    least, more = SECONDS.get(dimension, (CONE_SECONDS, 0))
    return expected_boxes(points, dimension, width) * (least + more * points)


def is_endless(points: int, dimension: int, width: int) -> bool:
    """Whether a search is too long to start without being asked twice."""
    size = points, dimension, width
    return expected_boxes(*size) > MOST_EXPECTED or seconds_of_boxes(*size) > MOST_SECONDS


def refuse_endless(problem: "Problem") -> None:
    """Refuse a search of too many boxes, or too long a one, to start without being asked twice.

    Raises
    ------
    TooManySupportsError
        Naming both numbers.
    """
    size = len(problem.sites), problem.dimension, problem.width
    if is_endless(*size):
        boxes, time = expected_boxes(*size), seconds_of_boxes(*size)
        raise TooManySupportsError(
            f"width {problem.width} with n = {size[0]}, d = {problem.dimension}",
            f"about {two_digits(boxes)} boxes, which take about {spelled(time)}",
            f"at most {MOST_EXPECTED:,} boxes, about as many as the checker reads, and "
            f"{spelled(MOST_SECONDS)}; lower the width or the number of points, have it stopped by "
            "--time-limit, or insist with --force",
        )


def two_digits(count: int) -> str:
    """Return a count with its first two digits.

    Examples
    --------
    >>> two_digits(56935187), two_digits(9061), two_digits(10**40)
    ('57,000,000', '9,100', '10^40')
    """
    digits = len(str(count))
    return f"10^{digits - 1}" if digits > 15 else f"{round(count, 2 - digits):,}"


def spelled(seconds: float) -> str:
    """Return a duration as people say it.

    Examples
    --------
    >>> [spelled(time) for time in (7, 80, 5000, 86_400, 1e7, 1e12)]
    ['7 seconds', '1 minute', '1 hour', '1 day', '120 days', '32,000 years']
    """
    name, unit = max((u for u in _UNITS if u[1] <= max(seconds, 1)), key=lambda u: u[1])
    count = max(round(seconds / unit), 1)
    return f"{two_digits(count)} {name}{'s' * (count > 1)}"
