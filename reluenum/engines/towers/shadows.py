"""Strata without stationary points, as some units never gain more than others (Lemma D75)."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations

import numpy as np
from flint import fmpq, fmpq_mat

from reluenum.algebra.linear import Vector, combine, dot, null_space, projection
from reluenum.engines.deep.systems.stratum import DeepStratum
from reluenum.problem import Problem

STEPS = 60
"""Of the search of a weight, by halving."""

LARGEST = 1000
"""Denominator of multipliers that are guessed."""


def is_overshadowed(problem: Problem, stratum: DeepStratum) -> bool:
    """Whether a stratum of widths (m, 1), f being positive at one site, has no stationary point.

    With multipliers of the kinks whose sum is minus the residual at this site, no unit that is on
    at a kink gains more than one that is on at none.

    Examples
    --------
    >>> problem = Problem.from_text([[-2], [-1], [2]], [-1, -2, 2], [3, 1], 2)
    >>> is_overshadowed(problem, DeepStratum.of_text("++-,-++,--+/00+"))
    True
    """
    lower, (upper,) = stratum.layers
    kinks = [i for i, sign in enumerate(upper) if sign == "0"]
    bound = [row for row in lower if any(row[i] == "+" for i in kinks)]
    bare = [row for row in lower if row not in bound]
    if upper.count("+") != 1 or not (bound and bare):
        return False
    place = upper.index("+")
    tables = [_pulls(problem, upper, row, [place, *kinks]) for row in bound]
    longest = max(_square(_pulls(problem, upper, row, [place])[0]) for row in bare)
    return any(_is_short(tables, shares, longest) for shares in _guesses(tables))


def _pulls(problem: Problem, upper: str, row: str, places: Sequence[int]) -> list[Vector]:
    """Return what a residual of 1 at each of some sites pulls a unit by, inside its flat."""
    rows = [site.row for site in problem.sites]
    zeros = [x for x, s, above in zip(rows, row, upper, strict=True) if s == "0" and above != "-"]
    flat = projection(null_space(zeros, len(rows[0])), len(rows[0]))
    return [tuple(dot(line, rows[i]) * (row[i] == "+") for line in flat) for i in places]


def _square(vector: Vector) -> fmpq:
    return dot(vector, vector)


def _is_short(tables: Sequence[list[Vector]], shares: Sequence[fmpq], longest: fmpq) -> bool:
    """Whether multipliers prove it: one unit is shorter, or what units do at kinks independent."""
    vectors = [combine(shares, table) for table in tables]
    squares = list(map(_square, vectors))
    moves = [[dot(x, v) for x in table[1:]] for table, v in zip(tables, vectors, strict=True)]
    is_free = min(squares) < longest or fmpq_mat(moves).rank() == len(moves)
    return max(squares) <= longest and is_free


def _guesses(tables: Sequence[list[Vector]]) -> Iterator[list[fmpq]]:
    """Yield a 1 and multipliers that make one vector short, or the longer one of two."""
    numbers = [np.array([[float(x) for x in line] for line in table]).T for table in tables]
    for count in (1, 2):
        for chosen in combinations(numbers, count):
            near = [Fraction(x).limit_denominator(LARGEST) for x in _shortest(chosen)]
            yield [fmpq(1), *(fmpq(x.numerator, x.denominator) for x in near)]


def _shortest(tables: Sequence[np.ndarray]) -> np.ndarray:
    """Return multipliers with sum -1 for which the longest vector is short, by halving a weight."""
    low, high = 0.0, float(len(tables) > 1)
    for _ in range(STEPS):
        weight = (low + high) / 2
        found = _least_mean(tables, [1 - weight, weight])
        squares = [np.sum((table @ np.append(1, found)) ** 2) for table in tables]
        low, high = (weight, high) if squares[-1] > squares[0] else (low, weight)
    return found


def _least_mean(tables: Sequence[np.ndarray], weights: Sequence[float]) -> np.ndarray:
    """Return multipliers with sum -1 that make a mean of squares of lengths least."""
    stack = np.vstack([w**0.5 * table for table, w in zip(tables, weights, strict=False)])
    last, first = stack[:, -1], stack[:, 0]
    rest = np.linalg.lstsq(stack[:, 1:-1] - last[:, None], last - first, rcond=None)[0]
    return np.append(rest, -1 - rest.sum())
