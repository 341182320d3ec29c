"""Strata without stationary points, as some units never gain more than others (Lemma D75)."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations

import numpy as np
from flint import fmpq, fmpq_mat

from reluenum.algebra.linear import Vector, combine, dot, null_space, projection
from reluenum.engines.deep.systems.stratum import DeepStratum
from reluenum.engines.towers.batches import TowerBatch
from reluenum.engines.towers.inner import minimal_T
from reluenum.problem import Problem

STEPS = 60
"""Of the search of a weight, by halving."""

MARGIN = 1e-9
"""In doubles, by which part a vector is shorter than it has to be."""

LARGEST = 1000
"""Denominator of multipliers that are guessed."""


def is_overshadowed(problem: Problem, stratum: DeepStratum) -> bool:
    """Whether a stratum of widths (m, 1), f being positive at one site, has no stationary point.

    With multipliers of the kinks whose sum is minus the residual at this site, no unit gains more
    than one that is 0 at the kinks.

    Examples
    --------
    >>> problem = Problem.from_text([[-2], [-1], [2]], [-1, -2, 2], [3, 1], 2)
    >>> is_overshadowed(problem, DeepStratum.of_text("++-,-++,--+/00+"))
    True
    """
    lower, (upper,) = stratum.layers
    kinks = [i for i, sign in enumerate(upper) if sign == "0"]
    if upper.count("+") != 1 or not kinks:
        return False
    chosen = (row for row in lower if any(row[i] != "+" for i in kinks))
    return any(_is_shadow_of(problem, stratum, row) for row in chosen)


def _is_shadow_of(problem: Problem, stratum: DeepStratum, row: str) -> bool:
    """Whether units that are on at kinks are in the shadow of one that is 0 there."""
    _, (upper,) = stratum.layers
    kinks, bare, bound = _parted(stratum)
    place, others = upper.index("+"), [other for other in bound if other != row]
    alone = "".join("0" if i in kinks and s == "+" else s for i, s in enumerate(row))
    goal, places = _pulls(problem, upper, alone, [place])[0], [place, *kinks]
    own, *tables = (_pulls(problem, upper, other, places) for other in (row, *others))
    fixed = [_pulls(problem, upper, other, places) for other in bare]
    return bool(others) and any(
        _is_short(tables, [own, *fixed], shares, _square(goal))
        for shares in _guesses(own, goal, tables)
    )


def shaded_squares(
    problem: Problem, stratum: DeepStratum, low: float, high: float
) -> list[float] | None:
    """Return T at the minimum if, for X in an interval, units that are on at kinks are 0 there.

    In doubles: that is so if at both ends multipliers make none of them longer than the others, and
    one shorter than it has to be. None if that is not seen.

    Parameters
    ----------
    problem : Problem
    stratum : DeepStratum
        Of widths (m, 1).
    low, high : float
        Of X, a narrow interval.
    """
    lower, (upper,) = stratum.layers
    kinks, bare, bound = _parted(stratum)
    if not (kinks and bound and bare):
        return None
    places = [i for i, sign in enumerate(upper) if sign == "+"]
    tables = [_in_columns(_pulls(problem, upper, row, [*places, *kinks])) for row in bound]
    pulls = [_in_columns(_pulls(problem, upper, row, places)) for row in bare]
    batch = TowerBatch.of(problem, [DeepStratum((tuple(bare), (upper,)))])
    ends = np.array([low, high])
    found = minimal_T(batch, np.zeros(2, dtype=int), ends, np.zeros((2, len(bare))))
    states = [_residual(problem, places, pulls, T) for T in found]
    cost = float(problem.effective_ridge) / ends**0.5
    sets = (c for k in range(len(bound)) for c in combinations(range(len(bound)), k + 1))
    for chosen in sets:
        shares = _short_shares(np.vstack([tables[k] for k in chosen]), len(places))
        forms = [table[:, : len(places)] + table[:, len(places) :] @ shares for table in tables]
        lengths = np.array([[np.linalg.norm(f @ rho) for rho in states] for f in forms])
        short = (lengths < cost * (1 - MARGIN)).all(axis=1)
        tied = [any(_is_never_longer(form, pull) for pull in pulls) for form in forms]
        if short.any() and (short | tied).all():
            squares = dict(zip(bare, found.max(axis=0).tolist(), strict=True))
            return [squares.get(row, 0.0) for row in lower]
    return None


def _parted(stratum: DeepStratum) -> tuple[list[int], list[str], list[str]]:
    """Return kinks of the unit above, and the units that are on at none and at some of them."""
    lower, (upper,) = stratum.layers
    kinks = [i for i, sign in enumerate(upper) if sign == "0"]
    bound = [row for row in lower if any(row[i] == "+" for i in kinks)]
    return kinks, [row for row in lower if row not in bound], bound


def _in_columns(vectors: Sequence[Vector]) -> np.ndarray:
    """Return vectors in doubles as the columns of a matrix."""
    return np.array([[float(x) for x in vector] for vector in vectors]).T


def _residual(
    problem: Problem, places: Sequence[int], pulls: Sequence[np.ndarray], squares: np.ndarray
) -> np.ndarray:
    """Return the residuals at some sites, where only units without a bias above them count."""
    ridge = float(problem.effective_ridge)
    matrix = np.diag([1 / problem.sites[i].count for i in places])
    for pull, square in zip(pulls, squares, strict=True):
        matrix += pull.T @ pull * (square / ridge)
    return np.linalg.solve(matrix, [float(problem.means[i]) for i in places])


def _short_shares(stack: np.ndarray, count: int) -> np.ndarray:
    """Return multipliers of each residual, with sum -1, that make vectors short for all of them."""
    goal, last = stack[:, :count] - stack[:, -1:], stack[:, -1:]
    rest = -np.linalg.lstsq(stack[:, count:-1] - last, goal, rcond=None)[0]
    return np.vstack([rest, -1 - rest.sum(axis=0)])


def _is_never_longer(form: np.ndarray, other: np.ndarray) -> bool:
    return np.linalg.eigvalsh(other.T @ other - form.T @ form)[0] > -MARGIN


def _pulls(problem: Problem, upper: str, row: str, places: Sequence[int]) -> list[Vector]:
    """Return what a residual of 1 at each of some sites pulls a unit by, inside its flat."""
    rows = [site.row for site in problem.sites]
    zeros = [x for x, s, above in zip(rows, row, upper, strict=True) if s == "0" and above != "-"]
    flat = projection(null_space(zeros, len(rows[0])), len(rows[0]))
    return [tuple(dot(line, rows[i]) * (row[i] == "+") for line in flat) for i in places]


def _square(vector: Vector) -> fmpq:
    return dot(vector, vector)


def _is_short(
    tables: Sequence[list[Vector]],
    fixed: Sequence[list[Vector]],
    shares: Sequence[fmpq],
    longest: fmpq,
) -> bool:
    """Whether multipliers prove it: one unit is shorter, or what units do at kinks independent."""
    vectors = [combine(shares, table) for table in tables]
    squares = list(map(_square, vectors))
    beside = [_square(combine(shares, table)) for table in fixed]
    moves = [[dot(x, v) for x in table[1:]] for table, v in zip(tables, vectors, strict=True)]
    is_free = min(squares) < longest or fmpq_mat(moves).rank() == len(moves)
    return max(squares + beside) <= longest and is_free and sum(shares, fmpq(0)) == 0


def _guesses(
    own: list[Vector], goal: Vector, tables: Sequence[list[Vector]]
) -> Iterator[list[fmpq]]:
    """Yield a 1 and multipliers that make one vector short, or the longer one of two.

    They turn the vectors of the unit itself into a goal.
    """
    held = _in_columns(own)
    lines = np.vstack([held[:, 1:], np.ones(len(own) - 1)])
    wanted = np.append([float(x) for x in goal] - held[:, 0], -1)
    start = np.linalg.lstsq(lines, wanted, rcond=None)[0]
    _, sizes, turns = np.linalg.svd(lines)
    frame = turns[(sizes > MARGIN).sum() :].T
    numbers = [_in_columns(table) for table in tables]
    parts = [(n[:, 0] + n[:, 1:] @ start, n[:, 1:] @ frame) for n in numbers]
    for count in (1, 2):
        for chosen in combinations(parts, count):
            found = start + frame @ _shortest(chosen)
            near = [Fraction(x).limit_denominator(LARGEST) for x in found.tolist()]
            yield [fmpq(1), *(fmpq(x.numerator, x.denominator) for x in near)]


def _shortest(parts: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Return numbers for which the longest of affine vectors is short, by halving a weight."""
    low, high = 0.0, float(len(parts) > 1)
    for _ in range(STEPS):
        weight = (low + high) / 2
        pairs = list(zip(parts, (1 - weight, weight), strict=False))
        stack = np.vstack([w**0.5 * lines for (_, lines), w in pairs])
        goal = np.concatenate([w**0.5 * fixed for (fixed, _), w in pairs])
        found = -np.linalg.lstsq(stack, goal, rcond=None)[0]
        squares = [np.sum((fixed + lines @ found) ** 2) for fixed, lines in parts]
        low, high = (weight, high) if squares[-1] > squares[0] else (low, weight)
    return found
