"""Sums over active sets, and what follows from them, against sums over the data."""

import pytest
from flint import fmpq, fmpq_mat, fmpq_mpoly_ctx
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reluenum.algebra.decimals import decimal_text
from reluenum.algebra.linear import dot
from reluenum.algebra.numbers import compare
from reluenum.algebra.polynomials import PolynomialSystem
from reluenum.engines.reduced.merge import merge
from reluenum.engines.reduced.outcomes import solve_support
from reluenum.geometry.arrangement import Arrangement
from reluenum.geometry.geometry import Geometry
from reluenum.geometry.moments import Moments
from reluenum.geometry.supports import supports
from reluenum.groebner.backends import open_backends
from reluenum.landscape.equations import (
    errors_of,
    face_gradient,
    stationarity_system,
    unknowns,
    variables_of,
    weighted_directions,
)
from reluenum.landscape.points import zero_network
from reluenum.landscape.residuals import MiddlePoint
from reluenum.problem import Linear, OutputBias, Problem
from tests.support.oracles import outer_matrix, random_problem, residual_by_points

CONVENTIONS = [(loss, bias) for loss in ("sum", "mean") for bias in ("none", "free", "ridge")]


@st.composite
def problems(draw):
    """Problems of every convention; small integers make ties and collinear points likely."""
    dimension = draw(st.integers(1, 2))
    number = st.fractions(-3, 3, max_denominator=3)
    pairs = st.tuples(st.tuples(*[number] * dimension), number)
    data = draw(st.lists(pairs, min_size=1, max_size=6))
    ridge = draw(st.fractions("1/10", 2, max_denominator=10))
    loss, output_bias = draw(st.sampled_from(CONVENTIONS))
    linear = draw(st.sampled_from(list(Linear)))
    return Problem.from_text(*zip(*data, strict=True), 3, ridge, loss, output_bias, linear=linear)


def live_faces(problem, data, most):
    faces = Arrangement.of(problem).live_faces
    assume(faces)
    chosen = data.draw(st.sets(st.sampled_from(faces), min_size=1, max_size=most))
    return tuple(sorted(chosen))


def masked(problem, face):
    """The rows of the data, those without response replaced by 0."""
    active = [sign == "+" for sign in face.signs]
    rows = [[entry * on for entry in row] for row, on in zip(problem.rows, active, strict=True)]
    return fmpq_mat(rows)


@settings(max_examples=60)
@given(problems(), st.data())
def test_moments_are_the_products_of_the_matrices_they_stand_for(problem, data):
    moments, bias = Moments.of(problem), outer_matrix(problem)
    targets = fmpq_mat([[entry] for entry in problem.targets])
    assert problem.energy == (targets.transpose() * bias * targets)[0, 0]
    support = live_faces(problem, data, 3)
    for face in support:
        rows = masked(problem, face).transpose()
        assert [[entry] for entry in moments.response(face)] == (rows * bias * targets).tolist()
        for other in support:
            expected = rows * bias * masked(problem, other)
            assert fmpq_mat(list(map(list, moments.gram(face, other)))) == expected


@settings(max_examples=60)
@given(problems(), st.data())
def test_the_gradient_of_any_network_on_a_support_is_that_of_its_residual(problem, data):
    support = live_faces(problem, data, 3)
    numbers = st.fractions(-2, 2, max_denominator=3).map(lambda q: fmpq(q.numerator, q.denominator))
    size = len(variables_of(support))
    values = data.draw(st.lists(numbers, min_size=size, max_size=size))
    directions, squares = unknowns(support, values)
    weighted = weighted_directions(directions, squares)
    by_sites = problem.residual(errors_of(problem, support, directions, squares))
    residual = residual_of(problem, support, weighted)
    assert problem.weighted(by_sites) == [
        sum((r for r, row in zip(residual, problem.rows, strict=True) if row == site.row), fmpq(0))
        for site in problem.sites
    ]
    for face in (*support, *live_faces(problem, data, 3)):
        found = Moments.of(problem).gradient(face, support, weighted)
        assert found == gradient_by_points(problem, face, residual)
        assert found == face_gradient(problem, face, by_sites)


def residual_of(problem, support, weighted):
    """r = R (y - f), data point by data point."""
    errors = [
        y - sum(dot(v, row) for f, v in zip(support, weighted, strict=True) if f.signs[i] == "+")
        for i, (row, y) in enumerate(zip(problem.rows, problem.targets, strict=True))
    ]
    return residual_by_points(problem, errors)


def gradient_by_points(problem, face, residual):
    """The sum of r_i (x_i, 1) over the active data points."""
    values = [residual[i] for i in face.active]
    columns = zip(*(problem.rows[i] for i in face.active), strict=True)
    return [dot(values, column) for column in columns]


def system_by_the_residual(problem, support):
    """Equations (1) and (2) of the theory with the residual written out point by point."""
    names = variables_of(support)
    context = fmpq_mpoly_ctx.get(names, "degrevlex")
    directions, squares = unknowns(support, context.gens())
    residual = residual_of(problem, support, weighted_directions(directions, squares))
    equations = []
    for face, direction in zip(support, directions, strict=True):
        gradient = gradient_by_points(problem, face, residual)
        slack = [g - problem.effective_ridge * w for g, w in zip(gradient, direction, strict=True)]
        equations += [dot(slack, vector) for vector in face.basis]
        equations.append(dot(direction, direction) - 1)
    return PolynomialSystem.of(names, [context.constant(0) + e for e in equations])


@settings(max_examples=60)
@given(problems(), st.data())
def test_the_system_by_moments_is_that_of_the_residual(problem, data):
    support = live_faces(problem, data, 3)
    assert stationarity_system(problem, support) == system_by_the_residual(problem, support)


def loss_by_residual(point):
    """Lemma 3 of the theory."""
    problem, residual = point.problem, point.residual
    weighted = problem.weighted(residual)
    value = dot(weighted, problem.means) * 2 - dot(weighted, residual) + problem.scatter
    if problem.output_bias is OutputBias.RIDGE:
        value = value - point.bias * point.bias * problem.effective_ridge
    return value * problem.loss_scale


def assert_moments_agree(point, faces):
    assert decimal_text(point.loss) == decimal_text(loss_by_residual(point))
    for face in faces:
        expected = face.project(face_gradient(point.problem, face, point.residual))
        for found, entry in zip(point.projected_gradient(face), expected, strict=True):
            assert compare(found, entry) == 0


@pytest.fixture(scope="module")
def engine():
    with open_backends("flint") as opened:
        yield opened


@pytest.mark.parametrize("special", ["", "tie"])
@pytest.mark.parametrize(("loss", "output_bias"), CONVENTIONS)
def test_loss_and_gradients_of_points_are_those_of_their_residual(
    loss, output_bias, special, engine
):
    """Corollary 3.1."""
    conventions = {"loss": loss, "output_bias": output_bias}
    problem = random_problem(3, 4, 1, 2, "1/30", special, **conventions)
    arrangement = Arrangement.of(problem)
    faces = arrangement.live_faces
    outcomes = [solve_support(problem, s, engine) for s in supports(arrangement, 2)]
    points = [zero_network(problem), *(o.point for o in outcomes if o.point is not None)]
    assert len(points) > 10
    for point in points:
        assert_moments_agree(point, faces[::4])
    assert any(not point.is_stationary for point in points)


def test_loss_and_gradients_of_points_in_the_plane_are_those_of_their_residual(engine):
    problem = random_problem(5, 4, 2, 1, "1/5", output_bias="ridge")
    arrangement = Arrangement.of(problem)
    outcomes = [solve_support(problem, s, engine) for s in supports(arrangement, 1)]
    points = [o.point for o in outcomes if o.point is not None]
    assert points
    for point in points:
        assert_moments_agree(point, arrangement.live_faces[::6])


def test_the_loss_of_a_middle_point_is_that_of_its_class(engine):
    # Example 2 of the theory: a segment of squares with one residual.
    problem = Problem.from_text([["-3/4"], ["3/4"]], ["2", "-2"], 2, "6/5", output_bias="free")
    arrangement = Arrangement.of(problem)
    outcomes = [solve_support(problem, s, engine) for s in supports(arrangement, 2)]
    middle = [
        group.point_on(support)
        for group in merge(Geometry.of(problem), outcomes).classes
        for support in group.supports
        if group.polytope_dimension(support)
    ]
    assert middle
    for point in middle:
        assert isinstance(point, MiddlePoint)
        assert compare(point.loss, point.group.loss) == 0
        assert_moments_agree(point, arrangement.live_faces)


def test_equal_problems_share_their_moments():
    first, second = (random_problem(1, 5, 1, 2, "1/10") for _ in range(2))
    assert first is not second
    assert Moments.of(first) is Moments.of(second)
    assert Moments.of(first) is not Moments.of(random_problem(2, 5, 1, 2, "1/10"))
