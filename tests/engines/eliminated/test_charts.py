"""Charts of faces, and the two systems for the critical points of the surrogate."""

from dataclasses import replace
from fractions import Fraction
from itertools import combinations, pairwise, product

import pytest
import sympy
from flint import fmpq, fmpq_poly
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reluenum import Problem
from reluenum.algebra.bases import canonical
from reluenum.algebra.linear import dot
from reluenum.algebra.parametrisation import Parametrisation
from reluenum.engines.eliminated.charts import (
    Chart,
    charted_system,
    graph_equations,
    graph_system,
    graph_unknowns,
    graph_variables,
    inside_system,
)
from reluenum.engines.eliminated.products import EliminatedSolver
from reluenum.engines.eliminated.surrogate import surrogate
from reluenum.geometry.arrangement import Arrangement
from reluenum.groebner.backends import open_backends
from tests.support.oracles import fraction, random_problem

CONVENTIONS = list(product(["sum", "mean"], ["none", "free", "ridge"]))

EXAMPLE_1 = Problem.from_text([["-3/4"], ["4/3"]], ["2", "-1"], 2, "1")

SHAPES = [(1, 1, ""), (3, 1, ""), (4, 1, "tie"), (4, 2, "line"), (2, 3, ""), (5, 3, "tie")]


@pytest.fixture(scope="module")
def engine():
    with open_backends("auto") as opened:
        yield opened


def faces_of(problem, *signs):
    return tuple(map(Arrangement.of(problem).face, signs))


def value(polynomial, point):
    """Evaluate a polynomial at fractions, term by term."""
    total = Fraction(0)
    for exponents, coefficient in polynomial.to_dict().items():
        term = fraction(coefficient)
        for x, e in zip(point, exponents, strict=True):
            term *= x ** int(e)
        total += term
    return total


@pytest.mark.parametrize("shape", SHAPES, ids=repr)
def test_a_frame_spans_the_flat_with_one_vector_on_the_affine_hyperplane(shape):
    size, dimension, special = shape
    problem = random_problem(5, size, dimension, 1, "1", special)
    for face in Arrangement.of(problem).live_faces:
        chart = Chart.of(problem, face)
        row = problem.rows[face.active[0]]
        assert [dot(row, vector) for vector in chart.frame] == [1] + [0] * (face.dimension - 1)
        frame, basis = (
            sympy.Matrix([[sympy.Rational(str(e)) for e in vector] for vector in vectors])
            for vectors in (chart.frame, face.basis)
        )
        assert frame.rank() == basis.rank() == frame.rows == chart.tangents + 1
        assert frame.col_join(basis).rank() == frame.rows


@pytest.mark.parametrize("shape", SHAPES, ids=repr)
def test_coordinates_are_those_of_the_orthogonal_projection(shape):
    size, dimension, special = shape
    problem = random_problem(6, size, dimension, 1, "1", special)
    vector = [fmpq(k * k - 3, k + 1) for k in range(dimension + 1)]
    for face in Arrangement.of(problem).live_faces:
        chart = Chart.of(problem, face)
        found = chart.coordinates(vector)
        projected = [dot(found, column) for column in zip(*chart.frame, strict=True)]
        rest = [x - y for x, y in zip(vector, projected, strict=True)]
        assert {dot(rest, direction) for direction in face.basis} == {0}
        assert chart.coordinates(projected) == found


@settings(max_examples=30)
@given(st.integers(1, 10**6), st.sampled_from([1, 2]), st.integers(1, 9))
def test_every_unit_of_a_face_is_a_positive_multiple_of_one_in_the_chart(seed, dimension, scale):
    """And rho is the pre-activation at the first active point."""
    problem = random_problem(seed, dimension + 2, dimension, 1, "1")
    for face in Arrangement.of(problem).live_faces:
        unit = [scale * entry for entry in face.interior]
        chart = Chart.of(problem, face)
        rho = dot(problem.rows[face.active[0]], unit)
        assert rho > 0
        first, *tau = chart.coordinates([entry / rho for entry in unit])
        assert first == 1
        assert [rho * entry for entry in chart.unit(tau)] == unit


def test_example_1_of_the_theory_solves_its_graph_systems():
    """u = r_1 x_1 has length 1, w = x_1 / |x_1|^2, gamma = |w| and q gamma = a^2."""
    first = {"w": (Fraction(-12, 25), Fraction(16, 25)), "gamma": Fraction(4, 5)}
    second = {"w": (Fraction(12, 25), Fraction(9, 25)), "gamma": Fraction(-3, 5)}
    squares = {"+0": Fraction(24, 25), "0+": Fraction(6, 25)}
    for signs, units in (
        (["+0"], [first]),
        (["0+"], [second]),
        (["+0", "0+"], [first, second]),
        (["0+", "+0"], [second, first]),
    ):
        faces = faces_of(EXAMPLE_1, *signs)
        for face, unit in zip(faces, units, strict=True):
            (origin,) = Chart.of(EXAMPLE_1, face).frame
            assert tuple(map(fraction, origin)) == unit["w"]
        weights = [squares[s] / u["gamma"] for s, u in zip(signs, units, strict=True)]
        system = graph_system(EXAMPLE_1, faces)
        point = [*weights, *(unit["gamma"] for unit in units)]
        assert [value(p, point) for p in system.polynomials] == [0] * 2 * len(faces)
        wrong = [*weights[:-1], weights[-1] + 1, *(unit["gamma"] for unit in units)]
        assert any(value(p, wrong) for p in system.polynomials)


@pytest.mark.parametrize("shape", SHAPES[1:], ids=repr)
def test_the_graph_system_is_square_of_degree_at_most_three(shape):
    size, dimension, special = shape
    problem = random_problem(7, size, dimension, 2, "1/3", special)
    live = Arrangement.of(problem).live_faces
    for faces in [*((face,) for face in live), *pairwise(live)]:
        system = graph_system(problem, faces)
        size = sum(face.dimension + 1 for face in faces)
        assert len(system.variables) == len(system.polynomials) == size
        assert system.variables == graph_variables([Chart.of(problem, f) for f in faces])
        assert max(p.total_degree() for p in system.polynomials) <= 3


small = st.fractions(min_value=-3, max_value=3, max_denominator=4)


@settings(max_examples=40)
@given(
    st.integers(1, 10**6),
    st.sampled_from(CONVENTIONS),
    st.lists(st.integers(0, 100), min_size=1, max_size=2),
    st.lists(small, min_size=4, max_size=4),
)
def test_the_equations_of_the_graph_say_that_the_gradient_vanishes(seed, how, chosen, numbers):
    """At a = the best weights: half the gradient is rho (Lambda - gamma alpha_0) along w, ..."""
    problem = random_problem(seed, 3, 1, 2, "1/3", loss=how[0], output_bias=how[1])
    live = Arrangement.of(problem).live_faces
    faces = [live[k % len(live)] for k in chosen]
    charts = [Chart.of(problem, face) for face in faces]
    found = surrogate(problem, faces, [chart.frame for chart in charts])
    taus = [[numbers[2 + k]][: chart.tangents] for k, chart in enumerate(charts)]
    lengths = [abs(numbers[k]) + 1 for k in range(len(faces))]
    psi = [rho * entry for rho, tau in zip(lengths, taus, strict=True) for entry in (1, *tau)]
    bottom = value(found.denominator, psi)
    best = [value(weight, psi) / bottom for weight in found.weights]
    assume(all(best))
    q = [a * rho for a, rho in zip(best, lengths, strict=True)]
    gamma = [a / rho for a, rho in zip(best, lengths, strict=True)]
    point = [*q, *(t for tau in taus for t in tau), *gamma]
    scale = fraction(problem.loss_scale)
    gradient = [
        value(part.numerator, psi) / value(part.denominator, psi) for part in found.gradient()
    ]
    for equations, chart, rho, a, tau in zip(
        graph_equations(problem, faces), charts, lengths, best, taus, strict=True
    ):
        mine, gradient = gradient[: len(chart.frame)], gradient[len(chart.frame) :]
        dual = sympy.Matrix(
            [[sympy.Rational(str(dot(x, y))) for y in chart.frame] for x in chart.frame]
        ).inv()
        raised = dual * sympy.Matrix([sympy.Rational(g / (2 * scale)) for g in mine])
        raised = [Fraction(int(c.p), int(c.q)) for c in raised]
        assert raised[0] == -rho * value(equations.scaled, point)
        for c, t, collinear in zip(raised[1:], tau, equations.collinear, strict=True):
            assert c - t * raised[0] == -a * value(collinear, point)


def by_charts(problem, faces, engine):
    """The solutions of the charted system."""
    return engine.solutions(charted_system(problem, faces))


def by_graph(problem, faces, engine):
    """The solutions of the graph system, carried to (kappa, tau) by kappa = gamma / q."""
    found = engine.solutions(graph_system(problem, faces))
    if found.parametrisation is None:
        return found
    modulus = fmpq_poly(found.parametrisation.chi)
    charts = [Chart.of(problem, face) for face in faces]
    weights, taus, slopes = graph_unknowns(charts, found.parametrisation.numerators)
    kappas = []
    for q, gamma in zip(weights, slopes, strict=True):
        common, inverse, _ = q.xgcd(modulus)
        assert common.degree() == 0
        kappas.append(gamma * inverse * fmpq(1, 1) / common[0] % modulus)
    denominator = found.parametrisation.denominator
    numerators = [
        *(kappa * denominator % modulus for kappa in kappas),
        *(t for tau in taus for t in tau),
    ]
    carried = Parametrisation(found.parametrisation.chi, denominator, tuple(numerators))
    return replace(found, parametrisation=carried)


@pytest.mark.parametrize(
    ("problem", "sizes"),
    [
        *(
            (random_problem(4, 3, 1, 2, "1/3", loss=loss, output_bias=bias), (1,))
            for loss, bias in CONVENTIONS
        ),
        (random_problem(9, 4, 1, 2, "1/3", "tie"), (1,)),
        (random_problem(8, 3, 2, 1, "1/3", output_bias="free"), (1,)),
        (random_problem(3, 2, 1, 2, "1/3"), (1, 2)),
        (random_problem(3, 2, 1, 2, "1/3", output_bias="ridge"), (1, 2)),
    ],
    ids=repr,
)
def test_charted_and_graph_system_have_the_same_solutions(problem, sizes, engine):
    """As canonical parametrisations of (kappa, tau), with multiplicity (Lemmas 20 and 21)."""
    compared = 0
    live = Arrangement.of(problem).live_faces
    for faces in (chosen for size in sizes for chosen in combinations(live, size)):
        charted, graph = by_charts(problem, faces, engine), by_graph(problem, faces, engine)
        assert (charted.dimension, charted.degree) == (graph.dimension, graph.degree)
        if charted.parametrisation is not None:
            assert canonical(charted.parametrisation) == canonical(graph.parametrisation)
            compared += 1
    assert compared > 0


@pytest.mark.parametrize("how", CONVENTIONS)
def test_targets_that_no_unit_can_use_leave_no_solutions(how, engine):
    """With y = 0 the numerators of the output weights vanish identically."""
    problem = Problem.from_text([["-1"], ["2"]], [0, 0], 2, "1/3", *how)
    live = Arrangement.of(problem).live_faces
    for faces in [*((face,) for face in live), tuple(live[:2])]:
        assert by_charts(problem, faces, engine).dimension == -1
        assert EliminatedSolver(problem, engine).support(faces).points == ()


def test_the_chart_s_numerators_vanish_at_the_certified_points_of_the_graph(engine):
    problem = random_problem(4, 3, 1, 2, "1/3")
    live = Arrangement.of(problem).live_faces
    solver = EliminatedSolver(problem, engine)
    checked = 0
    for support in [*((face,) for face in live), *list(combinations(live, 2))[::5]]:
        for point in solver.support(support).points:
            kappas = [g / q for g, q in zip(point.slopes, point.weights, strict=True)]
            _, taus, _ = graph_unknowns(point.charts, point.isolated.coordinates)
            here = [*kappas, *(t for tau in taus for t in tau)]
            system = charted_system(problem, support)
            for polynomial in system.polynomials:
                number = at_numbers(polynomial, here)
                assert number.ball(200).contains(0)
                assert number.is_zero()
            for polynomial in system.nonzero:
                assert not at_numbers(polynomial, here).is_zero()
            checked += 1
    assert checked >= 3


def at_numbers(polynomial, numbers):
    total = numbers[0].point.constant(0)
    for exponents, coefficient in polynomial.to_dict().items():
        term = numbers[0].point.constant(coefficient)
        for number, exponent in zip(numbers, exponents, strict=True):
            for _ in range(exponent):
                term = term * number
        total = total + term
    return total


def test_the_inside_system_removes_what_lies_on_other_faces(engine):
    """x_1 . x_2 = 0, so that u of +- lies on +0 and the two faces share a unit's weight."""
    faces = faces_of(EXAMPLE_1, "+-", "+0")
    assert engine.solutions(graph_system(EXAMPLE_1, faces)).dimension == 1
    assert engine.solutions(inside_system(EXAMPLE_1, faces)).dimension == -1


def test_the_inside_system_asks_for_every_pre_activation_that_can_vanish():
    problem = random_problem(4, 3, 1, 2, "1/3")
    faces = faces_of(problem, "++0", "+-+")
    system = inside_system(problem, faces)
    assert system.polynomials == graph_system(problem, faces).polynomials
    names = graph_variables([Chart.of(problem, face) for face in faces])
    chart = Chart.of(problem, faces[1])
    samples = [fmpq(-2), fmpq(1, 3), fmpq(5), fmpq(-7, 2)]
    points = [[fraction(t) if n.startswith("t") else Fraction(7) for n in names] for t in samples]
    asked = {tuple(map(Fraction, ratios([value(p, x) for x in points]))) for p in system.nonzero}
    assert len(system.nonzero) == 2  # xi_0 = 1 in the chart, and the first unit cannot turn
    assert asked == {
        tuple(ratios([fraction(dot(problem.rows[i], chart.unit([t]))) for t in samples]))
        for i in (1, 2)
    }


def ratios(values):
    return [entry / values[0] for entry in values]
