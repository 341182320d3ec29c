"""How many strata there can be, before any is enumerated."""

from collections.abc import Iterator
from itertools import product
from math import comb

from reluenum.errors import TooManySupportsError
from reluenum.geometry.bounds import face_bound
from reluenum.geometry.sizes import scientific
from reluenum.problem import Problem

STRATA_LIMIT = 1_000_000
"""Largest bound on the number of strata that starts without being asked twice."""


MOST_COUNTED = 100
"""Dimensions, at most, in which faces are counted: more have too many already."""


ENOUGH = 10**30
"""Nobody asks by how much there are more."""


def live_widths(problem: Problem) -> Iterator[tuple[int, ...]]:
    """Yield how many units of each layer can be live, if those of the first are not all dead."""
    return product(*(range(1, width + 1) for width in problem.hidden))


def strata_bound(problem: Problem) -> int:
    """Return more than the number of strata, or more than `ENOUGH`, without finding any.

    A row is one of 3^n, and of the faces that n forms cut in the space of all weights below; if
    inputs and all layers below have one coordinate, it is one of those that n numbers, of which the
    order is known up to its direction, cut on a line.

    Examples
    --------
    >>> reference = [["-17/100"], ["44/100"], [-1], ["-40/100"], ["-71/100"]]
    >>> for hidden in ([1, 1], [2, 1], [1, 2], [1, 1, 1], [3, 2, 2]):
    ...     print(strata_bound(Problem.from_text(reference, range(5), hidden, 1)))
    442
    56575
    5293
    9263
    1788636449315
    """
    size, dimension = len(problem.sites), problem.dimension
    total = len(problem.hidden) - 1
    for widths in product(*(range(width, 0, -1) for width in problem.hidden)):
        below, room, lined, count = 0, dimension, dimension == 1, 1
        for width in widths:
            rows = min(3**size, face_bound(size, min(room, MOST_COUNTED)))
            if below == 1 and lined:
                rows = min(rows, face_bound(size, 1))
            count *= comb(rows + width - 1, width)
            lined = lined and width == 1
            below, room = width, width * (room + 1)
        total += count
        if total > ENOUGH:
            break
    return total


def refuse_astronomical_strata(problem: Problem, limit: int = STRATA_LIMIT) -> None:
    """Refuse a problem of too many strata, before any is enumerated.

    Raises
    ------
    TooManySupportsError
        Naming a bound on their number; whatever it is, if two layers both have several units, as
        strata can then have infinitely many solutions, of which no theorem spares any; or if a
        layer above the second, or a second of three, has: those systems rarely finish.
    """
    where = f"hidden {','.join(map(str, problem.hidden))} with n = {problem.size}"
    bound = strata_bound(problem)
    found = f"up to {scientific(bound)}{' and more' * (bound > ENOUGH)} strata to solve"
    first, *upper = problem.hidden
    if len(upper) > 1 and max(upper) > 1:
        found += ", with several units above the first of three layers or more"
        raise TooManySupportsError(where, found, "one unit there, or insist with --force")
    if min(first, *upper) > 1:
        found += ", some with infinitely many points, as both layers have several units"
        raise TooManySupportsError(where, found, "one unit in one layer, or insist with --force")
    if bound > limit:
        expected = f"at most {limit}; lower the widths or the number of points"
        raise TooManySupportsError(where, found, f"{expected}, or insist with --force")
