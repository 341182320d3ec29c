"""The space in which a unit of the first layer lies, and the multipliers of its kinks."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from flint import fmpq, fmpq_mat

from reluenum.algebra.linear import Vector, orthogonal_part, row_space
from reluenum.algebra.numbers import Number
from reluenum.engines.deep.systems.networks import sign_of
from reluenum.engines.deep.systems.stratum import DeepStratum
from reluenum.problem import Problem

Kink = tuple[int, int, tuple[int, ...]]
"""Layer from 1, unit, and the sites that share the kink."""


SIDES = {"+": 1, "-": -1}


def flat_basis(problem: Problem, stratum: DeepStratum, unit: int) -> list[Vector]:
    """Return an integral basis of the space in which a first-layer unit of the stratum lies.

    It is spanned by the sites that the unit sees, and orthogonal to those of its kinks.
    """
    return list(flat_of_row(problem, stratum.layers[0][unit]))


@lru_cache(maxsize=1 << 16)
def flat_of_row(problem: Problem, row: str) -> tuple[Vector, ...]:
    """Return the basis of `flat_basis` for a row of signs."""
    rows = {sign: [problem.sites[i].row for i, s in enumerate(row) if s == sign] for sign in "+0"}
    return tuple(orthogonal_part(row_space(rows["+"] + rows["0"]), rows["0"]))


def independent(rows: Sequence[Vector], first: Sequence[Vector] = ()) -> list[int]:
    """Return the places of rows that, taken in order, are no combination of those before.

    Parameters
    ----------
    rows : sequence of vectors
    first : sequence of vectors
        Which come before all of them.
    """
    if not rows:
        return []
    columns = fmpq_mat([list(row) for row in (*first, *rows)]).transpose()
    echelon, rank = columns.rref()
    pivots = (
        next(j for j in range(columns.ncols()) if line[j]) for line in echelon.tolist()[:rank]
    )
    return [j - len(first) for j in pivots if j >= len(first)]


def first_kinks(
    problem: Problem, stratum: DeepStratum, unit: int, pull: Sequence[Number]
) -> dict[Kink, Any]:
    """Return the multipliers of a first-layer unit: with its kinks' inputs they sum to pull.

    If these inputs are dependent, a basis of them carries the multipliers.
    """
    names = [(1, unit, sites) for sites in stratum.kinks(0, unit)]
    rows = [problem.sites[sites[0]].row for _, _, sites in names]
    found: dict[Kink, Any] = dict.fromkeys(names, fmpq(0))
    if basis := independent(rows):
        matrix = fmpq_mat([list(rows[k]) for k in basis])
        inverse = (matrix * matrix.transpose()).inv() * matrix
        for k, line in zip(basis, inverse.tolist(), strict=True):
            found[names[k]] = combination(line, pull)
    return found


def combination(coefficients: Sequence[fmpq], values: Sequence[Any]) -> Any:
    """Return a linear combination over any ring that contains Q, without the terms that vanish."""
    return products((value, c) for c, value in zip(coefficients, values, strict=True) if c)


def products(pairs: Iterable[tuple[Any, Any]]) -> Any:
    """Return a sum of products over any ring that contains Q."""
    terms = [left * right for left, right in pairs]
    return sum(terms[1:], start=terms[0]) if terms else fmpq(0)


def side_of(value: Number | fmpq) -> int:
    """Return the sign of a number, 1 for 0."""
    return -1 if sign_of(value) < 0 else 1
