"""Faces of the arrangement of one unit, against known counts and linear programming."""

from itertools import combinations, product
from math import comb

import numpy as np
import pytest
from flint import fmpq
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from reluenum.algebra.linear import dot, primitive, row_space
from reluenum.geometry.arrangement import (
    Arrangement,
    cocircuits,
    covectors,
    faces_in_space,
    faces_on_a_line,
    sign,
    walls,
)
from reluenum.geometry.bounds import face_bound
from reluenum.problem import Problem

SQUARE = [(0, 0), (0, 1), (1, 0), (1, 1)]


def rows_of(points):
    return [(*map(fmpq, point), fmpq(1)) for point in points]


def arrangement_of(*points):
    return Arrangement(rows_of(points))


def moment_curve(size, dimension):
    """Points in general position: any d + 1 of the rows (1, t, .., t^d) are independent."""
    return rows_of([tuple(t**k for k in range(1, dimension + 1)) for t in range(-1, size - 1)])


def is_realisable(signs, points):
    """Whether some unit has these signs, by linear programming (cones: margin 1 is no loss)."""
    values = np.array([(*map(float, point), 1.0) for point in points])
    expected = np.array([{"+": 1, "0": 0, "-": -1}[s] for s in signs])
    sides, zeros = (expected[:, None] * values)[expected != 0], values[expected == 0]
    found = linprog(
        np.zeros(values.shape[1]),
        A_ub=-sides,
        b_ub=-np.ones(len(sides)),
        A_eq=zeros,
        b_eq=np.zeros(len(zeros)),
        bounds=(None, None),
    )
    return found.status == 0


def signs_of(unit, rows):
    return "".join("-0+"[1 + sign(dot(row, unit))] for row in rows)


def rank(rows):
    return len(row_space(rows))


# Small integers make coincident, collinear and general points about equally likely.
def point_sets(largest):
    return st.integers(1, 2).flatmap(
        lambda d: st.lists(st.tuples(*[st.integers(-1, 2)] * d), min_size=1, max_size=largest)
    )


@settings(max_examples=12)
@given(point_sets(4))
@example(SQUARE)
@example([(0, 0), (1, 1), (2, 2), (0, 1)])  # three collinear points
@example([(0, 0), (1, 0), (1, 0), (1, 0)])  # repeated inputs
@example([(2,), (2,)])
def test_the_faces_are_all_sign_vectors_that_linear_programming_can_realise(points):
    found = {face.signs for face in arrangement_of(*points).faces}
    candidates = map("".join, product("+-0", repeat=len(points)))
    assert found == {signs for signs in candidates if is_realisable(signs, points)}


@settings(max_examples=60)
@given(point_sets(6))
@example([(0, 0), (1, 1), (2, 2)])
def test_every_interior_point_and_every_flat_is_what_its_face_says(points):
    arrangement = arrangement_of(*points)
    assert len({face.signs for face in arrangement.faces}) == len(arrangement.faces)
    for face in arrangement.faces:
        assert signs_of(face.interior, arrangement.rows) == face.signs
        zero_rows = [arrangement.rows[i] for i in face.zeros]
        assert all(dot(row, vector) == 0 for row in zero_rows for vector in face.basis)
        assert rank(face.basis) == face.dimension == rank(arrangement.rows) - rank(zero_rows)
        assert rank([*arrangement.rows, *face.basis]) == rank(arrangement.rows)
        assert face.project(face.interior) == list(face.interior)
        assert set(face.active) == {i for i, s in enumerate(face.signs) if s == "+"}
        assert face.sign_values == tuple("-0+".index(s) - 1 for s in face.signs)


@settings(max_examples=60)
@given(point_sets(6))
def test_opposite_faces_come_together_and_columns_are_faces_without_zeros(points):
    """Lemma 4."""
    arrangement = arrangement_of(*points)
    signs = {face.signs for face in arrangement.faces}
    assert {s.translate(str.maketrans("+-", "-+")) for s in signs} == signs
    assert {face.column for face in arrangement.faces} == set(arrangement.columns)
    assert set(arrangement.columns) == {s for s in signs if "0" not in s}
    assert [face.signs for face in arrangement.live_faces] == sorted(s for s in signs if "+" in s)


@settings(max_examples=30)
@given(point_sets(5), st.integers(0, 10**6))
def test_a_random_unit_lies_in_one_of_the_faces(points, seed):
    arrangement = arrangement_of(*points)
    generator = np.random.default_rng(seed)
    for _ in range(50):
        unit = [fmpq(int(v)) for v in generator.integers(-3, 4, len(points[0]) + 1)]
        face = arrangement.face(signs_of(unit, arrangement.rows))
        assert signs_of(face.interior, arrangement.rows) == face.signs


@pytest.mark.parametrize("dimension", [1, 2, 3])
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6])
def test_general_position_has_as_many_cells_as_cover_says(size, dimension):
    columns = Arrangement(moment_curve(size, dimension)).columns
    assert len(columns) == 2 * sum(comb(size - 1, k) for k in range(dimension + 1))


@pytest.mark.parametrize(
    ("size", "dimension"), [(n, d) for d in (1, 2, 3) for n in range(d + 1, 7)]
)
def test_the_face_bound_is_attained_in_general_position(size, dimension):
    assert len(Arrangement(moment_curve(size, dimension)).faces) == face_bound(size, dimension)


@settings(max_examples=40)
@given(point_sets(6))
def test_the_face_bound_of_the_distinct_points_is_never_exceeded(points):
    bound = face_bound(len(set(points)), len(points[0]))
    assert len(arrangement_of(*points).faces) <= bound


@settings(max_examples=60)
@given(st.lists(st.fractions(-3, 3, max_denominator=3), min_size=2, max_size=7), st.randoms())
def test_around_a_line_are_the_faces_of_the_arrangement(inputs, draw):
    """With the same points and flats, by another way, and as spans of the ascending inputs."""
    rows = list(dict.fromkeys(rows_of([(str(x),) for x in inputs])))
    if len(rows) < 2:
        return
    order = [*range(len(rows)), *draw.choices(range(len(rows)), k=2)]
    expected, found = dict(faces_in_space(rows, order)), dict(faces_on_a_line(rows, order))
    assert found.keys() == expected.keys()
    ascending = sorted(range(len(rows)), key=rows.__getitem__)
    for signs, face in found.items():
        other = expected[signs]
        assert (face.signs, face.interior, face.basis) == (other.signs, other.interior, other.basis)
        active = {k for k, i in enumerate(ascending) if signs[i] == "+"}
        assert active == set(range(*face.span or (0, 0)))


@pytest.mark.parametrize("inputs", [(0, 1), (3, -1, 0, 0), (2, 1, -5, 4, 1)])
def test_a_vector_of_the_flat_of_a_face_is_in_it_if_it_is_inside_of_its_walls(inputs):
    problem = Problem.from_arrays(inputs, [0] * len(inputs), width=1, ridge=1)
    arrangement = Arrangement.of(problem)
    for face in arrangement.live_faces:
        assert len(walls(problem, face)) == face.dimension
        for other in arrangement.faces:
            if all(sign(dot(problem.rows[i], other.interior)) == 0 for i in face.zeros):
                inside = all(s * dot(row, other.interior) > 0 for row, s in walls(problem, face))
                assert inside == (other == face)


@pytest.mark.parametrize("size", [2, 3, 5, 8])
def test_on_the_line_there_are_2n_cells_2n_rays_and_the_origin(size):
    faces = arrangement_of(*[(x * x,) for x in range(size)]).faces
    assert [sum(face.dimension == k for face in faces) for k in (2, 1, 0)] == [2 * size] * 2 + [1]
    assert sum(bool(face.active) for face in faces) == 4 * size - 3


def test_two_inputs_on_the_line_have_the_nine_faces_one_can_draw():
    faces = {face.signs for face in arrangement_of((0,), (1,)).faces}
    assert faces == {"++", "+0", "+-", "0-", "--", "-0", "-+", "0+", "00"}
    repeated = {face.signs for face in arrangement_of((0,), (1,), (0,)).faces}
    assert repeated == {s + s[0] for s in faces}


def test_one_input_has_three_faces_and_its_flat_stays_in_the_span():
    """Lemma 5 where the rows span less than the space."""
    arrangement = arrangement_of((3,))
    assert [face.signs for face in arrangement.faces] == ["+", "-", "0"]
    assert arrangement.face("+").basis == ((3, 1),)
    assert arrangement.face("0").basis == ()
    assert arrangement.face("0").interior == (0, 0)


def test_a_face_that_no_unit_has_is_a_key_error():
    with pytest.raises(KeyError):
        arrangement_of((0,), (1,), (2,)).face("+-+")


def test_the_arrangement_of_a_problem_is_that_of_its_inputs():
    problem = Problem.from_text([["0"], ["1/2"]], ["1", "1"], width=1, ridge="1")
    arrangement = Arrangement.of(problem)
    assert arrangement.rows == ((0, 1), (fmpq(1, 2), 1))
    assert repr(arrangement) == "Arrangement(n=2, faces=9, columns=4)"


@settings(max_examples=60)
@given(point_sets(5))
def test_rays_around_a_face_are_the_lines_cut_by_its_hyperplanes(points):
    arrangement = arrangement_of(*points)
    for face in arrangement.faces:
        rows = [arrangement.rows[i] for i in face.zeros]
        rays = [ray for ray, _ in arrangement.around(face)]
        if not rows:
            assert rays == []
            continue
        for ray in rays:
            assert ray == primitive(ray)
            assert all(dot(ray, vector) == 0 for vector in face.basis)
            assert rank([*rows, ray]) == rank(rows)
            assert rank([row for row in rows if dot(row, ray) == 0]) == rank(rows) - 1
        # As many as the lines that rank - 1 of the hyperplanes have in common, twice.
        flats = {
            frozenset(i for i in face.zeros if rank([*chosen, arrangement.rows[i]]) < rank(rows))
            for chosen in combinations(rows, rank(rows) - 1)
            if rank(chosen) == rank(rows) - 1
        }
        assert len(rays) == 2 * len(flats)


@settings(max_examples=60)
@given(point_sets(4), st.data())
def test_piecewise_linear_functions_around_a_face_are_decided_on_its_rays(points, data):
    """Lemma 13."""
    arrangement = arrangement_of(*points)
    numbers = st.integers(-3, 3).map(fmpq)
    for face in arrangement.faces:
        rows = [arrangement.rows[i] for i in face.zeros]
        if not rows:
            continue
        weights = data.draw(st.lists(numbers, min_size=len(rows), max_size=len(rows)))
        kinks = data.draw(st.lists(numbers, min_size=len(rows), max_size=len(rows)))

        def value(vector, rows=rows, weights=weights, kinks=kinks):
            products = [dot(row, vector) for row in rows]
            return dot(weights, products) + dot(kinks, [max(p, fmpq(0)) for p in products])

        lowest = min(value(ray) for ray, _ in arrangement.around(face))
        probes = data.draw(st.lists(st.tuples(*[numbers] * len(rows[0])), max_size=20))
        if lowest >= 0:
            assert all(value(probe) >= 0 for probe in probes)


def test_cocircuits_of_zero_rows_are_none():
    assert cocircuits([]) == {}
    assert cocircuits([(fmpq(0), fmpq(0))]) == {}
    assert covectors([(fmpq(0), fmpq(0))] * 2) == {"00": (0, 0)}


def compositions(rays):
    """The closure of some sign vectors under composition: Lemma 6(b), by trial."""
    found = {"0" * len(next(iter(rays)))}
    frontier = list(found)
    while frontier:
        first = frontier.pop()
        for second in rays:
            signs = "".join(s if s != "0" else t for s, t in zip(first, second, strict=True))
            if signs not in found:
                found.add(signs)
                frontier.append(signs)
    return found


@settings(max_examples=60)
@given(st.one_of(point_sets(7), st.lists(st.tuples(*[st.integers(0, 1)] * 3), min_size=1)))
@example([*product((0, 1), repeat=3)])  # the cube: many more than d points on a plane
def test_covectors_are_the_compositions_of_the_rays_and_sums_of_those_that_conform(points):
    """Lemma 6 and Corollary 6.1."""
    points = points[:8]
    rows = rows_of(points)
    rays = cocircuits(rows)
    found = covectors(rows)
    assert set(found) == compositions(rays)
    for signs, interior in found.items():
        below = [
            vector
            for ray, vector in rays.items()
            if all(r in ("0", s) for r, s in zip(ray, signs, strict=True))
        ]
        assert list(interior) == [sum(column) for column in zip(*below, strict=True)] or not below


@settings(max_examples=60)
@given(point_sets(7))
def test_rays_have_the_signs_they_are_listed_under_and_come_in_pairs(points):
    rows = rows_of(points)
    rays = cocircuits(rows)
    for signs, vector in rays.items():
        assert signs_of(vector, rows) == signs
        assert vector == primitive(vector)
        assert rays[signs.translate(str.maketrans("+-", "-+"))] == tuple(-e for e in vector)
