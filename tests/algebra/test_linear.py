"""Rational linear algebra, against sympy and against the definitions."""

from math import gcd

import pytest
import sympy
from flint import arb, fmpq, fmpq_poly
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reluenum.algebra.linear import (
    combine,
    dot,
    null_space,
    orthogonal_part,
    primitive,
    projection,
    row_space,
)

QUICK = settings(max_examples=60)

rationals = st.builds(fmpq, st.integers(-4, 4), st.integers(1, 3))


def vectors(length):
    return st.tuples(*[rationals] * length)


matrices = st.integers(1, 4).flatmap(
    lambda length: st.tuples(st.just(length), st.lists(vectors(length), min_size=1, max_size=4))
)


def sympy_matrix(rows):
    return sympy.Matrix([[sympy.Rational(int(e.p), int(e.q)) for e in row] for row in rows])


def rank_of(rows):
    return sympy_matrix(rows).rank() if rows else 0


@QUICK
@given(matrices)
def test_the_row_space_is_the_reduced_echelon_form(matrix):
    _, rows = matrix
    expected, pivots = sympy_matrix(rows).rref()
    found = row_space(rows)
    assert len(found) == len(pivots)
    if found:
        assert sympy_matrix(found) == expected[: len(pivots), :]


@QUICK
@given(matrices)
def test_the_null_space_is_everything_that_the_rows_annihilate(matrix):
    length, rows = matrix
    basis = null_space(rows, length)
    assert all(dot(row, vector) == 0 for row in rows for vector in basis)
    assert len(basis) == rank_of(basis) == length - rank_of(rows)


def test_without_rows_the_null_space_is_the_whole_space():
    assert null_space([], 2) == [(1, 0), (0, 1)]
    assert row_space([]) == []


@QUICK
@given(matrices, st.data())
def test_the_orthogonal_part_lies_in_the_space_and_has_the_right_dimension(matrix, data):
    length, space = matrix
    space = row_space(space)
    rows = data.draw(st.lists(vectors(length), max_size=3))
    found = orthogonal_part(space, rows)
    assert all(dot(row, vector) == 0 for row in rows for vector in found)
    assert rank_of([*space, *found]) == len(space)
    products = [[dot(row, vector) for vector in space] for row in rows]
    restricted = rank_of(products) if space and rows else 0
    assert len(found) == rank_of(found) == len(space) - restricted
    assert all(entry.q == 1 for vector in found for entry in vector)


@QUICK
@given(vectors(4))
def test_primitive_vectors_have_coprime_entries_and_the_same_direction(vector):
    assume(any(vector))
    found = primitive(vector)
    assert all(entry.q == 1 for entry in found)
    assert gcd(*(int(entry.p) for entry in found)) == 1
    factors = {f / v for f, v in zip(found, vector, strict=True) if v != 0}
    assert len(factors) == 1
    assert factors.pop() > 0
    assert [bool(f) for f in found] == [bool(v) for v in vector]


def test_a_primitive_vector_is_its_own():
    assert primitive((fmpq(-2), fmpq(0), fmpq(3))) == (-2, 0, 3)
    assert primitive((fmpq(-4, 3), fmpq(0), fmpq(2))) == (-2, 0, 3)


@QUICK
@given(matrices, st.data())
def test_projections_are_symmetric_idempotent_and_leave_an_orthogonal_rest(matrix, data):
    length, rows = matrix
    basis = row_space(rows)
    projector = projection(basis, length)
    assert projector == tuple(zip(*projector, strict=True))
    vector = data.draw(vectors(length))
    image = [dot(row, vector) for row in projector]
    rest = [x - y for x, y in zip(vector, image, strict=True)]
    assert [dot(row, image) for row in projector] == image
    assert all(dot(rest, b) == 0 for b in basis)
    assert rank_of([*basis, tuple(image)]) == len(basis)
    assert sum(projector[k][k] for k in range(length)) == len(basis)


def test_the_projection_onto_nothing_is_zero():
    assert projection([], 2) == ((0, 0), (0, 0))


@QUICK
@given(
    st.integers(1, 3).flatmap(
        lambda k: st.tuples(vectors(k), st.lists(vectors(3), min_size=k, max_size=k))
    )
)
def test_combinations_are_matrix_products(pair):
    weights, rows = pair
    expected = sympy_matrix([weights]) * sympy_matrix(rows)
    assert sympy_matrix([combine(weights, rows)]) == expected


def test_inner_products_work_over_polynomials_and_balls_too():
    t = fmpq_poly([0, 1])
    assert dot([t, fmpq(2)], [t, t]) == fmpq_poly([0, 2, 1])
    assert dot([arb(2), fmpq(1, 2)], [fmpq(3), 2]) == 7


def test_the_empty_inner_product_is_zero_and_lengths_must_agree():
    assert dot([], []) == 0
    with pytest.raises(ValueError, match="shorter"):
        dot([fmpq(1)], [])
