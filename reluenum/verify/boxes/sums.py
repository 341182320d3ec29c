"""Inner products of outputs, in doubles with a running error analysis.

Everything here is a pair (value, size): a double that is within `UNSURE` size of the number that it
stands for. `size` is the sum of the sizes of what was added up, at least 2^-53 of the largest
moment. A moment is right up to 2^-51 of itself and 2^-50 of its floor, a unit vector up to 2^-50 in
each coordinate; so products of them are right up to 2^-48 of their size, and sums of so many terms
as occur here, with coefficients that are doubles, two of them one inside the other, up to four
times that. Sizes are rounded themselves, by a part that is far smaller.
"""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from numba import njit
from numba.core.caching import FunctionCache

from .line import Array, Tables

UNSURE = 2.0**-46
UP, TINY = 1 + 2.0**-40, 1e-290  # for numbers >= 0 that are computed in less than 1000 roundings

Pair = tuple[float, float]
Output = tuple[int, int, float, float]  # (xt_i . w) on the sites from i to j, 0 elsewhere


SOURCES = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))


class RoomCache(FunctionCache):
    """Machine code on disk, valid as long as no file of this room has changed.

    That of a function contains what it calls, whose files the cache of numba does not look at.
    """

    def _index_key(self, *arguments: object) -> tuple:
        return (*super()._index_key(*arguments), sha256(SOURCES).hexdigest())


def compiled(function: Callable) -> Callable:
    """Compile a function, once for all processes."""
    found = njit(function, error_model="numpy")
    found._cache = RoomCache(function)
    return found


@compiled
def moment(table: Tables, k: int, i: int, j: int) -> float:
    """Return the k-th sum over the sites from i to j.

    Of P = high + low + d, |d| is at most 2^-106 of the largest sum. So rounding the two differences
    and their sum is an error of at most 2^-51 of what is returned and 2^-103 of the largest sum.
    """
    return (table.high[j, k] - table.high[i, k]) + (table.low[j, k] - table.low[i, k])


@compiled
def total(table: Tables, one: Output) -> Pair:
    """Return the sum of an output."""
    i, j, v, w = one
    first, second = moment(table, 1, i, j) * v, moment(table, 0, i, j) * w
    return first + second, abs(first) + abs(second) + table.floors[0] + table.floors[1]


@compiled
def pull(table: Tables, one: Output) -> Pair:
    """Return the inner product of an output with Ry."""
    i, j, v, w = one
    first, second = moment(table, 4, i, j) * v, moment(table, 3, i, j) * w
    return first + second, abs(first) + abs(second) + table.floors[3] + table.floors[4]


@compiled
def plain(table: Tables, one: Output, other: Output) -> Pair:
    """Return the inner product of two outputs."""
    i, j, a, b = one
    k, m, c, d = other
    i, j = max(i, k), min(j, m)
    if i >= j:
        return 0.0, 0.0
    n, s, q = moment(table, 0, i, j), moment(table, 1, i, j), moment(table, 2, i, j)
    size = abs(q * a * c) + abs(s) * (abs(a * d) + abs(b * c)) + n * abs(b * d)
    floors = table.floors[0] + 2 * table.floors[1] + table.floors[2]
    return q * a * c + s * (a * d + b * c) + n * b * d, size + floors


@compiled
def inner(table: Tables, one: Output, other: Output) -> Pair:
    """Return the inner product of two outputs by R = I - share 1 1' (Lemma 1)."""
    value, size = plain(table, one, other)
    if table.share == 0:
        return value, size
    (a, x), (b, y) = total(table, one), total(table, other)
    return value - table.share * a * b, size + 3 * table.share * x * y


@compiled
def cross(one: Array, other: Array) -> Pair:
    """Return the sine of the angle from one unit vector to another."""
    first, second = one[0] * other[1], one[1] * other[0]
    return first - second, abs(first) + abs(second)


@compiled
def cosine(one: Array, other: Array) -> Pair:
    """Return the cosine of the angle between two unit vectors."""
    first, second = one[0] * other[0], one[1] * other[1]
    return first + second, abs(first) + abs(second)


@compiled
def at_ray(table: Tables, e: int) -> Output:
    """Return the output of the unit vector on a boundary."""
    smaller = e if 2 * e < len(table.rays) else e + 1
    v = table.rays[e]
    return table.starts[smaller], table.stops[smaller], v[0], v[1]


@compiled
def in_cell(table: Tables, j: int, first: float, second: float) -> Output:
    """Return the output of a vector by the active sites of a cell."""
    return table.starts[j + 1], table.stops[j + 1], first, second


@compiled
def slope(table: Tables, e: int, side: int) -> Output:
    """Return the one-sided derivative of the outputs along the circle at a boundary.

    Before it (0) the sites of cell e - 1 are active, after it (1) those of cell e.
    """
    return in_cell(table, e - 1 + side, -table.rays[e, 1], table.rays[e, 0])
