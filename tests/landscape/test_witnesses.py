"""Theorems B and C: exact verdicts against slopes, grids and steps of the true loss."""

import mpmath
import numpy as np
import pytest
from flint import arb, ctx, fmpq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reluenum.algebra.linear import dot
from reluenum.engines.reduced.merge import merge
from reluenum.engines.reduced.outcomes import solve_support
from reluenum.geometry.arrangement import Arrangement
from reluenum.geometry.geometry import Geometry
from reluenum.geometry.supports import supports
from reluenum.groebner.backends import open_backends
from reluenum.landscape.dual import dual_excess, dual_sign, scan_dual
from reluenum.landscape.judged import certify_class
from reluenum.landscape.points import face_sign, zero_network
from reluenum.landscape.witnesses import (
    descent_ray,
    growing_descent,
    loss_of_units,
    rotating_descent,
    slope,
)
from reluenum.problem import Problem

EXAMPLE_1 = Problem.from_text([["-3/4"], ["4/3"]], ["2", "-1"], 2, "1")

DIGITS = 60


@pytest.fixture(scope="module")
def engine():
    with open_backends("flint") as opened:
        yield opened


def stationary_points(problem, engine):
    """The zero network and the stationary points of all supports."""
    yield zero_network(problem)
    for support in supports(Arrangement.of(problem), problem.width):
        point = solve_support(problem, support, engine).point
        if point is not None and point.is_stationary:
            yield point


def rational(value):
    return mpmath.mpf(int(value.p)) / int(value.q)


def digits_of(number):
    """A number as a float of many digits."""
    with ctx.workprec(400):
        return mpmath.mpf(number.ball(400).mid().str(100, radius=False))


def network(point):
    """One unit per face of a stationary point, as (a, v)."""
    parts = zip(point.squares, point.signs, point.directions, strict=True)
    units = []
    for square, sign, direction in parts:
        length = mpmath.sqrt(digits_of(square))
        units.append((sign * length, [length * digits_of(entry) for entry in direction]))
    return units


def true_loss(problem, units):
    """The problem's loss with the best output bias, straight from the definition."""
    n, ridge = problem.size, rational(problem.ridge)
    errors = [
        rational(target) - sum(a * max(mpmath.fdot(v, map(rational, row)), 0) for a, v in units)
        for row, target in zip(problem.rows, problem.targets, strict=True)
    ]
    scale = mpmath.mpf(1) / n if problem.loss == "mean" else mpmath.mpf(1)
    share = {"none": 0, "free": mpmath.mpf(1) / n, "ridge": scale / (scale * n + ridge)}
    m = share[problem.output_bias] * sum(errors)
    penalty = sum((a * a + mpmath.fdot(v, v) for a, v in units), mpmath.mpf(0))
    if problem.output_bias == "ridge":
        penalty += m * m
    return scale * sum((e - m) ** 2 for e in errors) + ridge * penalty


def moved(units, place, vector, step):
    """The network with one unit moved along a rational vector."""
    weight, unit = units[place]
    shifted = [v + step * rational(d) for v, d in zip(unit, vector, strict=True)]
    return [*units[:place], (weight, shifted), *units[place + 1 :]]


def test_example_1_has_an_exact_zero_in_its_test_of_minimality(engine):
    arrangement = Arrangement.of(EXAMPLE_1)
    face = arrangement.face("+0")
    point = solve_support(EXAMPLE_1, (face,), engine).point
    assert point.signs == (1,)
    row = EXAMPLE_1.rows[1]
    away, back = row, tuple(-entry for entry in row)
    steep = slope(point, arrangement.face("++"), 1, away)
    assert (steep - fmpq(25, 9)).is_zero()
    assert slope(point, arrangement.face("+-"), 1, back).is_zero()
    assert descent_ray(arrangement, point, face, 1) is None


def test_example_1_has_the_dual_norms_of_the_table(engine):
    Arrangement.of(EXAMPLE_1)
    found = {}
    for point in stationary_points(EXAMPLE_1, engine):
        scan = scan_dual(Geometry.of(EXAMPLE_1), point)
        found["|".join(f.signs for f in point.support)] = (
            [(f.signs, s) for f, s in scan.tight],
            [
                (f.signs, s, dual_excess(point, f).exact().polynomial[0] + 1)
                for f, s in scan.exceeding
            ],
        )
    assert found == {
        "": ([], [("+0", 1, fmpq(25, 4)), ("0+", -1, fmpq(25, 9))]),
        "+0": ([("+0", 1)], [("0+", -1, fmpq(25, 9))]),
        "0+": ([("0+", -1)], [("+0", 1, fmpq(25, 4))]),
        "+0|0+": ([("+0", 1), ("0+", -1)], []),
    }


CONVENTIONS = [("sum", "none"), ("mean", "none"), ("sum", "free"), ("mean", "ridge")]


def small_problem(loss, bias, inputs=(["-1"], ["1/3"], ["2"]), ridge="1/9"):
    return Problem.from_text(inputs, ["1", "-2", "3"], 2, ridge, loss, bias)


@pytest.mark.parametrize(("loss", "bias"), CONVENTIONS)
def test_the_slope_is_the_one_sided_derivative_of_the_loss(loss, bias, engine):
    problem = small_problem(loss, bias)
    arrangement = Arrangement.of(problem)
    checked = 0
    with mpmath.workdps(DIGITS):
        step = mpmath.mpf(10) ** -25
        for point in stationary_points(problem, engine):
            units = network(point)
            start = true_loss(problem, units)
            assert abs(start - digits_of(point.loss)) < mpmath.mpf(10) ** -50
            for place, (face, sign) in enumerate(
                zip(point.support, point.signs or (), strict=True)
            ):
                for vector, beyond in arrangement.around(face):
                    exact = slope(point, beyond, sign, vector)
                    end = true_loss(problem, moved(units, place, vector, step))
                    rate = (
                        2 * abs(units[place][0]) * digits_of(exact) * rational(problem.loss_scale)
                    )
                    assert abs((end - start) / step - rate) < mpmath.mpf(10) ** -18
                    checked += 1
    assert checked > 5


@pytest.mark.parametrize("inputs", [(["-1"], ["1/3"], ["2"]), (["0", "0"], ["1", "0"], ["0", "1"])])
def test_where_no_ray_descends_no_direction_descends(inputs, engine):
    """Lemma 13."""
    problem = small_problem("sum", "none", inputs)
    arrangement = Arrangement.of(problem)
    generator = np.random.default_rng(1)
    verdicts = set()
    with mpmath.workdps(DIGITS):
        step = mpmath.mpf(10) ** -20
        for point in stationary_points(problem.with_width(1), engine):
            for face, sign in zip(point.support, point.signs or (), strict=True):
                units = network(point)
                start = true_loss(problem, units)
                ray = descent_ray(arrangement, point, face, sign)
                verdicts.add(ray is None)
                if ray is not None:
                    assert true_loss(problem, moved(units, 0, ray, step)) < start
                    continue
                for _ in range(60):
                    move = generator.integers(-9, 10, problem.dimension + 2)
                    a, *vector = [fmpq(int(k), 7) for k in move]
                    (_, unit), *others = moved(units, 0, vector, step)
                    shifted = (units[0][0] + step * rational(a), unit)
                    assert true_loss(problem, [shifted, *others]) > start - mpmath.mpf(10) ** -50
    assert True in verdicts


def dual_function(problem, point, vectors):
    """p_r on many unit vectors at once, in floats."""
    residual = np.array([float(r.ball(128).mid()) for r in point.residual])
    rows = np.array([[float(e.p) / float(e.q) for e in row] for row in problem.rows])
    lipschitz = (np.abs(residual) * np.linalg.norm(rows, axis=1)).sum()
    return np.abs(np.maximum(vectors @ rows.T, 0) @ residual), lipschitz


def largest_norm(problem, scan, point):
    """M(r) as Theorem C has it, if it is at least Lambda."""
    norms = [
        float(sum(float(u.ball(128).mid()) ** 2 for u in gradient)) ** 0.5
        for face, _ in (*scan.tight, *scan.exceeding)
        for gradient in [point.projected_gradient(face)]
    ]
    return max(norms, default=0.0)


@pytest.mark.parametrize("ridge", ["1/100", "1", "4", "9"])
@pytest.mark.parametrize(("loss", "bias"), CONVENTIONS)
def test_the_dual_norm_is_the_maximum_over_all_angles(ridge, loss, bias, engine):
    """Lemma 14."""
    problem = small_problem(loss, bias, ridge=ridge).with_width(1)
    Arrangement.of(problem)
    angles = np.linspace(0, 2 * np.pi, 100_000, endpoint=False)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    bound = float(problem.effective_ridge.p) / float(problem.effective_ridge.q)
    for point in stationary_points(problem, engine):
        scan = scan_dual(Geometry.of(problem), point)
        values, lipschitz = dual_function(problem, point, circle)
        reach = lipschitz * np.pi / len(angles) + 1e-9
        if scan.exceeding or scan.tight:
            assert values.max() - 1e-9 <= largest_norm(problem, scan, point) <= values.max() + reach
        else:
            assert values.max() < bound
        assert bool(scan.exceeding) == (values.max() > bound + reach)


@pytest.mark.parametrize("ridge", ["1/100", "1"])
def test_balls_tell_of_a_dual_constraint_what_numbers_do(ridge, engine):
    """On the faces of a support both sides are equal, which no ball shows."""
    problem = small_problem("sum", "free", ridge=ridge)
    faces, found = Arrangement.of(problem).live_faces, set()
    for point in stationary_points(problem, engine):
        for face in faces:
            assert dual_sign(point, face) == dual_excess(point, face).sign()
            found.add((dual_sign(point, face), face in point.support))
    assert {(-1, False), (0, True)} <= found


def test_the_dual_norm_is_the_maximum_over_random_units_in_the_plane(engine):
    """Lemma 14."""
    inputs = (["0", "0"], ["1", "0"], ["0", "1"])
    problem = small_problem("sum", "none", inputs, ridge="1/2").with_width(1)
    Arrangement.of(problem)
    vectors = np.random.default_rng(0).normal(size=(100_000, 3))
    vectors /= np.linalg.norm(vectors, axis=1)[:, None]
    seen = 0
    for point in stationary_points(problem, engine):
        scan = scan_dual(Geometry.of(problem), point)
        values, _ = dual_function(problem, point, vectors)
        assert scan.exceeding
        assert values.max() - 1e-9 <= largest_norm(problem, scan, point) <= values.max() * 1.02
        for face, sign in scan.exceeding:
            gradient = point.projected_gradient(face)
            unit = np.array([sign * float(u.ball(128).mid()) for u in gradient])
            attained, _ = dual_function(problem, point, unit[None] / np.linalg.norm(unit))
            assert attained[0] == pytest.approx(np.linalg.norm(unit))
        seen += 1
    assert seen >= 5


instances = st.tuples(
    st.lists(
        st.tuples(st.integers(-2, 2), st.integers(-3, 3).filter(bool)), min_size=2, max_size=3
    ),
    st.sampled_from(["1/3", "1"]),
    st.sampled_from(["none", "free", "ridge"]),
    st.sampled_from(["sum", "mean"]),
)


@settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow])
@given(instance=instances)
def test_every_witness_really_decreases_the_loss(instance, engine):
    data, ridge, bias, loss = instance
    inputs, targets = [[x] for x, _ in data], [y for _, y in data]
    problem = Problem.from_text(inputs, targets, 2, ridge, loss, bias)
    arrangement = Arrangement.of(problem)
    with mpmath.workdps(DIGITS):
        for point in stationary_points(problem, engine):
            units = network(point)
            start = true_loss(problem, units)
            scan = scan_dual(Geometry.of(problem), point)
            for face, sign in scan.exceeding:
                descent = growing_descent(point, face, sign)
                assert (descent.kind, descent.face, descent.sign) == ("grow", face, sign)
                vector = [rational(entry * descent.step) for entry in descent.vector]
                born = (sign * mpmath.sqrt(mpmath.fdot(vector, vector)), vector)
                assert true_loss(problem, [*units, born]) < start
            for place, (face, sign) in enumerate(
                zip(point.support, point.signs or (), strict=True)
            ):
                ray = descent_ray(arrangement, point, face, sign)
                if ray is None:
                    continue
                descent = rotating_descent(point, face, ray)
                assert (descent.kind, descent.face, descent.sign) == ("rotate", face, sign)
                end = moved(units, place, descent.vector, rational(descent.step))
                assert true_loss(problem, end) < start


def test_every_rejected_point_has_a_witness_and_no_minimum_has_one(engine):
    problem = small_problem("sum", "none")
    arrangement = Arrangement.of(problem)
    outcomes = [solve_support(problem, s, engine) for s in supports(arrangement, 2)]
    verdicts = set()
    for stationary in merge(Geometry.of(problem), outcomes).classes:
        group = certify_class(stationary, Geometry.of(problem).arrangement)
        assert group.is_global == (group.growing is None)
        for support in group.stationary.supports:
            minimal = group.is_minimal(support)
            verdicts.add(minimal)
            if support:
                assert minimal == all(face not in group.rotating for face in support)
    assert verdicts == {True, False}


def test_a_vector_lies_in_a_face_or_its_opposite_or_neither():
    arrangement = Arrangement.of(EXAMPLE_1)
    constant = zero_network(EXAMPLE_1).isolated.constant
    for face in arrangement.live_faces:
        for other in (f for f in arrangement.faces if f.zeros == face.zeros):
            opposite = other.signs.translate(str.maketrans("+-", "-+"))
            expected = (face.signs == other.signs) - (face.signs == opposite)
            assert face_sign(EXAMPLE_1, face, [constant(e) for e in other.interior]) == expected
        assert face_sign(EXAMPLE_1, face, [constant(0)] * 2) == 0


rationals = st.builds(fmpq, st.integers(-5, 5), st.integers(1, 4))


@settings(max_examples=40)
@given(
    st.lists(st.tuples(rationals, st.tuples(rationals, rationals)), max_size=3),
    rationals,
    st.sampled_from(CONVENTIONS),
)
def test_the_loss_of_a_rational_network_is_enclosed(units, bias, convention):
    problem = small_problem(*convention)
    m = bias if convention[1] != "none" else fmpq(0)
    total = fmpq(0)
    for row, target in zip(problem.rows, problem.targets, strict=True):
        response = sum((a * max(dot(v, row), fmpq(0)) for a, v in units), start=fmpq(0))
        total += (target - m - response) ** 2
    total *= problem.loss_scale
    total += problem.ridge * sum((a * a + dot(v, v) for a, v in units), start=fmpq(0))
    if convention[1] == "ridge":
        total += problem.ridge * m * m
    with ctx.workprec(200):
        balls = [(arb(a), [arb(e) for e in v]) for a, v in units]
        found = loss_of_units(problem, balls, arb(m))
        assert (found * total.q).contains(total.p)
        assert found.rad() < 1e-40


def test_a_preactivation_of_unknown_sign_encloses_both_branches():
    problem = Problem.from_text([["0"]], ["1"], 1, "1")
    wide = [(arb(1), [arb(0), arb(0, 1)])]
    found = loss_of_units(problem, wide, arb(0))
    # c in [-1, 1]: relu in [0, 1], so (1 - relu)^2 + 1 + c^2 covers [1, 3].
    assert found.contains(1)
    assert found.contains(2)
