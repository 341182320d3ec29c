"""Arrangements of any rows, 0 and opposite ones too: columns, and who owns what (Lemma 65)."""

from collections import Counter
from itertools import combinations, product
from math import comb

import pytest
from flint import fmpq
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reluenum import Problem
from reluenum.algebra.linear import dot, row_space
from reluenum.geometry.arrangement import Arrangement, sign
from reluenum.geometry.bounds import face_bound
from reluenum.geometry.geometry import Geometry
from reluenum.geometry.patterns import owned_supports, owner, patterns
from reluenum.geometry.sign_matrices import circuits, decide_columns, refute_all
from reluenum.geometry.sizes import largest_number_of_faces
from reluenum.geometry.supports import supports

pytestmark = pytest.mark.seconds(10)

SYMBOLS = {1: "+", 0: "0", -1: "-"}

OPPOSITE = [(1, 0), (-1, 0), (0, 1)]

small_rows = st.integers(1, 3).flatmap(
    lambda size: st.lists(st.tuples(*[st.integers(-1, 1)] * size), min_size=1, max_size=4).filter(
        lambda rows: any(map(any, rows))
    )
)


def exact(rows):
    return [tuple(map(fmpq, row)) for row in rows]


def signs_of(rows, vector):
    return "".join(SYMBOLS[sign(dot(row, vector))] for row in rows)


def on_a_grid(rows):
    """Signs at all short whole vectors: rays of such rows are short, faces have sums of them."""
    size, reach = len(rows[0]), {1: 1, 2: 2, 3: 6}[len(rows[0])]
    grid = product(map(fmpq, range(-reach, reach + 1)), repeat=size)
    return {signs_of(rows, vector) for vector in grid}


@settings(max_examples=40, deadline=None)
@given(small_rows)
@example(OPPOSITE)
@example([(0, 0), (1, 1), (-2, -2), (1, 1)])
@example([(0,), (1,), (-1,)])
def test_faces_and_columns_are_those_of_a_grid(points):
    rows = exact(points)
    arrangement, found = Arrangement(rows), on_a_grid(rows)
    assert {face.signs for face in arrangement.faces} == found
    assert set(arrangement.columns) == {signs.replace("0", "+") for signs in found}
    assert len(set(arrangement.columns)) == len(arrangement.columns)
    minuses = {tuple(s == "-" for s in signs) for signs in found}
    assert len(arrangement.columns) == len(minuses)
    assert all(signs_of(rows, face.interior) == face.signs for face in arrangement.faces)


@settings(max_examples=40, deadline=None)
@given(small_rows)
@example([(1, 1), (1, -1), (-1, 1), (-1, -1)])
def test_every_face_is_conformal_to_a_cell_and_they_are_few(points):
    rows = exact(points)
    arrangement, rank = Arrangement(rows), len(row_space(rows))
    vector = tuple(fmpq(7) ** k for k in range(len(rows[0])))
    assert all(dot(row, vector) != 0 for row in rows if any(row))
    ties = signs_of(rows, vector)
    cells = {face.signs for face in arrangement.cells}
    assert all(face.dimension == rank for face in arrangement.cells)
    for face in arrangement.faces:
        composed = "".join(s if s != "0" else t for s, t in zip(face.signs, ties, strict=True))
        assert composed in cells
    planes = {row[0] for row in map(row_space, ([row] for row in rows)) if row}
    count = len(planes)
    assert len(cells) <= 2 * sum(comb(count - 1, k) for k in range(rank))
    assert len(arrangement.faces) <= face_bound(count, rank - 1)
    assert face_bound(count, rank - 1) <= face_bound(len(set(points)), len(rows[0]) - 1)


@settings(max_examples=30, deadline=None)
@given(small_rows, st.integers(1, 3))
@example(OPPOSITE, 2)
def test_every_support_is_owned_by_exactly_one_pattern(points, width):
    """Lemma 7, without a vector on which all rows are positive."""
    arrangement = Arrangement(exact(points))
    width = min(
        width, 1 if len(arrangement.faces) > 30 else 2 if len(arrangement.faces) > 12 else 3
    )
    owned = {
        pattern: list(owned_supports(pattern, arrangement))
        for pattern in patterns(arrangement, width)
    }
    found = Counter(support for group in owned.values() for support in group)
    assert found == Counter(supports(arrangement, width))
    for pattern, group in owned.items():
        assert all(owner(support, width) == pattern for support in group)


@settings(max_examples=40, deadline=None)
@given(small_rows)
@example(OPPOSITE)
@example([(0, 0), (0, 1)])
def test_columns_have_a_unit_or_a_certificate(points):
    """Lemma 65(4): a certificate has a minus, its rows are a circuit, and its sum is 0."""
    rows = exact(points)
    arrangement = Arrangement(rows)
    every = {circuit.indices for circuit in circuits(rows)}
    for column, refutation in decide_columns(rows).items():
        assert (refutation is None) == (column in arrangement.columns)
        if refutation is not None:
            assert refutation.holds(column, rows)
            assert refutation.indices in every


def test_a_realisable_column_need_not_be_a_cell():
    rows = exact(OPPOSITE)
    arrangement = Arrangement(rows)
    assert "+++" in arrangement.columns
    assert [cell.signs for cell in arrangement.cells] == ["+-+", "+--", "-++", "-+-"]
    assert signs_of(rows, (fmpq(0), fmpq(1))) == "00+"


def test_a_row_that_is_0_is_a_circuit():
    (circuit,) = circuits(exact([(0, 0), (0, 1)]))
    assert (circuit.indices, circuit.coefficients) == ((0,), (1,))
    assert circuit.conforms("-+")
    assert not circuit.conforms("+-")


@pytest.mark.parametrize("points", [OPPOSITE, [(0, 0), (1, 2), (2, 4)], [(1,), (-1,), (0,)]])
def test_all_sign_matrices_are_gone_through(points):
    problem = Problem.from_text(points, [1] * 3, 2, 1, hidden_bias="none")
    found = refute_all(Geometry.of(problem))
    columns = len(Arrangement.of(problem).columns)
    assert (found.examined, found.realisable) == (64, columns**2)


def test_rows_that_end_with_1_are_a_line_however_they_are_posed():
    """The usual case is what it was: spans, cells as columns."""
    inputs = [["0"], ["2"], ["1"]]
    plain = Problem.from_text(inputs, [1] * 3, 1, 1)
    other = Problem.from_text([[*x, 1] for x in inputs], [1] * 3, 1, 1, hidden_bias="none")
    assert Arrangement.of(plain) is Arrangement.of(other)
    arrangement = Arrangement.of(plain)
    assert all(face.span for face in arrangement.live_faces)
    assert arrangement.columns == tuple(cell.signs for cell in arrangement.cells)


@pytest.mark.parametrize(("size", "dimension"), [(5, 1), (4, 2), (5, 3), (2, 3)])
def test_data_in_general_position_have_as_many_faces_as_the_bound(size, dimension):
    points = [[k**j for j in range(dimension)] for k in range(2, size + 2)]
    problem = Problem.from_text(points, [1] * size, 1, 1, hidden_bias="none")
    independent = min(size, dimension)
    assert all(len(row_space(exact(c))) == independent for c in combinations(points, independent))
    faces = len(Arrangement.of(problem).faces)
    if dimension > 1:
        assert faces == largest_number_of_faces(problem) == face_bound(size, dimension - 1)
    else:  # one hyperplane
        assert faces == face_bound(1, 0) == 3
