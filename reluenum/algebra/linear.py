"""Small exact linear algebra over the rationals, on top of FLINT.

FLINT pickles rational numbers, but neither matrices nor polynomials of them; here both are.
"""

import copyreg
from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Any

from flint import fmpq, fmpq_mat, fmpq_poly, fmpz

Vector = tuple[fmpq, ...]

copyreg.pickle(fmpq_mat, lambda m: (fmpq_mat, (m.nrows(), m.ncols(), m.entries())))
copyreg.pickle(fmpq_poly, lambda p: (fmpq_poly, (p.coeffs(),)))


def row_space(rows: Sequence[Vector]) -> list[Vector]:
    """Return a basis (reduced echelon form) of the span of some vectors."""
    if not rows:
        return []
    echelon, rank = fmpq_mat([list(row) for row in rows]).rref()
    return [tuple(row) for row in echelon.tolist()[:rank]]


def null_space(rows: Sequence[Vector], length: int) -> list[Vector]:
    """Return a basis of {v in Q^length : row . v = 0 for every row}."""
    echelon = row_space(rows)
    pivots = [next(j for j in range(length) if row[j] != 0) for row in echelon]
    basis = []
    for free in sorted(set(range(length)) - set(pivots)):
        vector = [fmpq(0)] * length
        vector[free] = fmpq(1)
        for row, pivot in zip(echelon, pivots, strict=True):
            vector[pivot] = -row[free]
        basis.append(tuple(vector))
    return basis


def orthogonal_part(space: Sequence[Vector], rows: Sequence[Vector]) -> list[Vector]:
    """Return an integral basis of the vectors of span(space) orthogonal to every row."""
    products = [tuple(dot(row, vector) for vector in space) for row in rows]
    return [primitive(combine(weights, space)) for weights in null_space(products, len(space))]


def combine(weights: Sequence[fmpq], vectors: Sequence[Vector]) -> Vector:
    """Return sum_k weights[k] vectors[k]."""
    return tuple(dot(weights, column) for column in zip(*vectors, strict=True))


def dot(left: Sequence, right: Sequence):
    """Return the inner product, over any ring; 0 for empty vectors."""
    return sum((x * y for x, y in zip(left, right, strict=True)), start=fmpq(0))


def solved_by(matrix: Sequence[Sequence[Any]], right: Sequence[Any]) -> list[Any]:
    """Return the solution of a square system whose leading minors are not 0, over any field.

    Examples
    --------
    >>> solved_by([[fmpq(2), fmpq(1)], [fmpq(1), fmpq(1)]], [fmpq(3), fmpq(2)])
    [1, 1]
    """
    rows = [[*row, entry] for row, entry in zip(matrix, right, strict=True)]
    for k in range(len(rows)):
        scaled = [entry / rows[k][k] for entry in rows[k]]
        rows = [
            scaled if j == k else [x - row[k] * y for x, y in zip(row, scaled, strict=True)]
            for j, row in enumerate(rows)
        ]
    return [row[-1] for row in rows]


def common_denominator(numbers: Iterable[fmpq]) -> fmpz:
    """Return the least positive integer by which all numbers become integers."""
    return reduce(fmpz.lcm, (number.q for number in numbers), fmpz(1))


def primitive(vector: Vector) -> Vector:
    """Return the integral multiple of a non-zero vector with coprime entries, same direction."""
    denominator = common_denominator(vector)
    content = reduce(fmpz.gcd, ((entry * denominator).p for entry in vector), fmpz(0))
    return tuple(entry * denominator / content for entry in vector)


def projection(basis: Sequence[Vector], length: int) -> tuple[Vector, ...]:
    """Return the matrix of the orthogonal projection of Q^length onto the span of a basis."""
    if not basis:
        return tuple((fmpq(0),) * length for _ in range(length))
    matrix = fmpq_mat([list(vector) for vector in basis])
    projector = matrix.transpose() * (matrix * matrix.transpose()).inv() * matrix
    return tuple(tuple(row) for row in projector.tolist())
