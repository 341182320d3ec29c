"""Inner products of outputs, in doubles with a running error analysis.

Everything here is a pair (value, size): a double that is within `UNSURE` size of the number that it
stands for. `size` is the sum of the sizes of what was added up, at least 2^-53 of the largest
moment. A moment is right up to 2^-51 of itself and 2^-50 of its floor, a unit vector up to 2^-50 in
each coordinate; so products of them are right up to 2^-48 of their size, and sums of so many terms
as occur here, with coefficients that are doubles, two of them one inside the other, up to four
times that. Sizes are rounded themselves, by a part that is far smaller.
"""

import numpy as np

from ..exact import Data
from ..trees.machine import compiled, inlined
from .line import Array, Sums, Tables, tables

UNSURE = 2.0**-46
UP, TINY = 1 + 2.0**-40, 1e-290  # for numbers >= 0 that are computed in less than 1000 roundings

Pair = tuple[float, float]
Output = tuple[int, int, float, float]  # (xt_i . w) on the sites from i to j, 0 elsewhere


@inlined
def larger(one: float, other: float) -> float:
    """Return the larger of two numbers; what is no number stays, and then no bound holds."""
    return one if one >= other or one != one else other


@inlined
def moment(sums: Sums, k: int, i: int, j: int) -> float:
    """Return the k-th sum over the sites from i to j.

    Of P = high + low + d, |d| is at most 2^-106 of the largest sum. So rounding the two differences
    and their sum is an error of at most 2^-51 of what is returned and 2^-103 of the largest sum.
    """
    return (sums.high[j, k] - sums.high[i, k]) + (sums.low[j, k] - sums.low[i, k])


@inlined
def total(sums: Sums, one: Output) -> Pair:
    """Return the sum of an output."""
    i, j, v, w = one
    first, second = moment(sums, 1, i, j) * v, moment(sums, 0, i, j) * w
    return first + second, abs(first) + abs(second) + sums.floors[0] + sums.floors[1]


@compiled
def pull(sums: Sums, one: Output) -> Pair:
    """Return the inner product of an output with Ry."""
    i, j, v, w = one
    first, second = moment(sums, 4, i, j) * v, moment(sums, 3, i, j) * w
    return first + second, abs(first) + abs(second) + sums.floors[3] + sums.floors[4]


@inlined
def load_of(sums: Sums, one: Output) -> tuple[Pair, Pair]:
    """Return the vector with which an output multiplies those that are linear where it is not 0."""
    i, j, v, w = one
    n, s, q = moment(sums, 0, i, j), moment(sums, 1, i, j), moment(sums, 2, i, j)
    floors = sums.floors[0] + 2 * sums.floors[1] + sums.floors[2]
    first = q * v + s * w, abs(q * v) + abs(s * w) + floors
    return first, (s * v + n * w, abs(s * v) + n * abs(w) + floors)


@inlined
def plain(sums: Sums, one: Output, other: Output) -> Pair:
    """Return the inner product of two outputs."""
    i, j, v, w = one
    k, m, first, second = other
    start, stop = max(i, k), min(j, m)
    if start >= stop:
        return 0.0, 0.0
    (a, x), (b, y) = load_of(sums, (start, stop, v, w))
    return a * first + b * second, x * abs(first) + y * abs(second)


@compiled
def inner(sums: Sums, one: Output, other: Output) -> Pair:
    """Return the inner product of two outputs by R = I - share 1 1' (Lemma 1)."""
    value, size = plain(sums, one, other)
    if sums.share == 0:
        return value, size
    (a, x), (b, y) = total(sums, one), total(sums, other)
    return value - sums.share * a * b, size + 3 * sums.share * x * y


@inlined
def at_ray(table: Tables, e: int) -> Output:
    """Return the output of the unit vector on a boundary."""
    return table.spans[e, 0], table.spans[e, 1], table.rays[e, 0], table.rays[e, 1]


@inlined
def in_cell(table: Tables, j: int, first: float, second: float) -> Output:
    """Return the output of a vector by the active sites of a cell."""
    return table.cells[j + 1, 0], table.cells[j + 1, 1], first, second


@inlined
def slope(table: Tables, e: int, side: int) -> Output:
    """Return the one-sided derivative of the outputs along the circle at a boundary.

    Before it (0) the sites of cell e - 1 are active, after it (1) those of cell e.
    """
    return in_cell(table, e - 1 + side, -table.rays[e, 1], table.rays[e, 0])


@inlined
def cross(table: Tables, e: int, vector: Array) -> Pair:
    """Return the sine of the angle from a boundary to a unit vector."""
    first, second = table.rays[e, 0] * vector[1], table.rays[e, 1] * vector[0]
    return first - second, abs(first) + abs(second)


@inlined
def cosine(table: Tables, e: int, vector: Array) -> Pair:
    """Return the cosine of the angle between a boundary and a unit vector."""
    first, second = table.rays[e, 0] * vector[0], table.rays[e, 1] * vector[1]
    return first + second, abs(first) + abs(second)


@compiled
def loads(table: Tables) -> Array:
    """Return the loads of the rays on boundaries: two numbers, their sizes, and their sum's."""
    found = np.empty((len(table.rays), 6))
    for e in range(len(found)):
        ray = at_ray(table, e)
        (found[e, 0], found[e, 2]), (found[e, 1], found[e, 3]) = load_of(table.sums, ray)
        found[e, 4], found[e, 5] = total(table.sums, ray)
    return found


def numbers(data: Data) -> Tables:
    """Return the tables of a problem, the last one filled."""
    found = tables(data)
    return found._replace(loads=loads(found))
