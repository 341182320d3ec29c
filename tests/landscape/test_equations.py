"""The polynomial system of a support, against hand calculation and the loss itself."""

import mpmath
import pytest
import sympy
from flint import fmpq, fmpq_mpoly_ctx, fmpz, fmpz_mat
from hypothesis import given, settings
from hypothesis import strategies as st

from reluenum.algebra.polynomials import (
    PolynomialSystem,
    determinant,
    normalised,
    ring,
    simple_points_system,
)
from reluenum.engines.reduced.outcomes import solve_support
from reluenum.geometry.arrangement import Arrangement
from reluenum.geometry.supports import supports
from reluenum.groebner.backends import open_backends
from reluenum.landscape.equations import (
    errors_of,
    face_gradient,
    stationarity_system,
    unknowns,
    variables_of,
)
from reluenum.problem import Problem

EXAMPLE_1 = Problem.from_text([["-3/4"], ["4/3"]], ["2", "-1"], 2, "1")

EXAMPLE_2 = Problem.from_text([["-3/4"], ["3/4"]], ["2", "-2"], 2, "6/5", output_bias="free")


def support_of(problem, *signs):
    arrangement = Arrangement.of(problem)
    return tuple(arrangement.face(s) for s in signs)


def value(polynomial, point):
    """Evaluate an integral polynomial at rational coordinates."""
    total = fmpq(0)
    for exponents, coefficient in polynomial.to_dict().items():
        term = fmpq(coefficient)
        for x, e in zip(point, exponents, strict=True):
            term *= fmpq(x) ** e
        total += term
    return total


def values(system, point):
    return [value(polynomial, point) for polynomial in system.polynomials]


def coordinates(support, directions):
    """Coordinates of rational vectors in the bases of their flats."""
    found = []
    for face, direction in zip(support, directions, strict=True):
        basis = sympy.Matrix([[int(e) for e in vector] for vector in face.basis]).T
        target = sympy.Matrix([sympy.Rational(d) for d in direction])
        solution = basis.gauss_jordan_solve(target)[0]
        found += [fmpq(int(c.p), int(c.q)) for c in solution]
    return found


def sympy_polynomials(system):
    symbols = sympy.symbols(system.variables)
    return symbols, [sympy.sympify(text.replace("^", "**")) for text in system.to_text()]


def sympy_basis(system):
    symbols, polynomials = sympy_polynomials(system)
    return sympy.groebner(polynomials, *symbols, order="grevlex")


def test_one_point_and_one_unit_shrink_the_target_by_the_ridge():
    # x = 0, so w = +-1 and y - s w = Lambda w.
    problem = Problem.from_text([["0"]], ["3"], 1, "2/7")
    support = support_of(problem, "+")
    system = stationarity_system(problem, support)
    assert system.variables == ("w0_0", "s0")
    for w, s in ((1, fmpq(3) - fmpq(2, 7)), (-1, -fmpq(3) - fmpq(2, 7))):
        assert values(system, (w, s)) == [0, 0]
    assert values(system, (1, 3)) != [0, 0]
    assert sympy.solve(*reversed(sympy_polynomials(system))) == [
        (-1, sympy.Rational(-23, 7)),
        (1, sympy.Rational(19, 7)),
    ]


def test_one_point_off_the_origin_of_the_inputs():
    # row = (3/4, 1) has length 5/4: w = (3/5, 4/5), r = 4/5 Lambda, s = 4/5 (y - r).
    problem = Problem.from_text([["3/4"]], ["2"], 1, "1")
    support = support_of(problem, "+")
    system = stationarity_system(problem, support)
    point = [*coordinates(support, [("3/5", "4/5")]), fmpq(4, 5) * (2 - fmpq(4, 5))]
    assert values(system, point) == [0, 0]


@pytest.mark.parametrize(
    ("signs", "directions", "squares", "residual"),
    [
        (["+0"], [("-3/5", "4/5")], ["24/25"], ["4/5", "-1"]),
        (["0+"], [("-4/5", "-3/5")], ["6/25"], ["2", "-3/5"]),
        (
            ["+0", "0+"],
            [("-3/5", "4/5"), ("-4/5", "-3/5")],
            ["24/25", "6/25"],
            ["4/5", "-3/5"],
        ),
    ],
)
def test_example_1_of_the_theory_solves_its_systems(signs, directions, squares, residual):
    support = support_of(EXAMPLE_1, *signs)
    squares = [fmpq(*map(int, text.split("/"))) for text in squares]
    point = [*coordinates(support, directions), *squares]
    system = stationarity_system(EXAMPLE_1, support)
    assert set(values(system, point)) == {0}
    found, same_squares = unknowns(support, point)
    assert same_squares == squares
    assert [[str(entry) for entry in row] for row in found] == [list(d) for d in directions]
    errors = errors_of(EXAMPLE_1, support, found, squares)
    assert [str(entry) for entry in EXAMPLE_1.residual(errors)] == residual


def test_the_system_of_a_support_is_square_and_quadratic():
    problem = Problem.from_text([["0", "1"], ["1", "0"], ["2", "2"]], ["1", "2", "3"], 2, "1/3")
    for support in supports(Arrangement.of(problem), 2):
        system = stationarity_system(problem, support)
        sizes = sum(face.dimension + 1 for face in support)
        assert len(system.variables) == len(system.polynomials) == sizes
        assert system.variables == variables_of(support)
        for polynomial in system.polynomials:
            assert 1 <= polynomial.total_degree() <= 2
            assert polynomial == normalised(polynomial)


def true_loss(problem, weights, units):
    """The loss of a network with the best output bias, straight from its definition."""
    n = problem.size
    real = [[mpmath.mpf(int(e.p)) / int(e.q) for e in row] for row in problem.rows]
    targets = [mpmath.mpf(int(e.p)) / int(e.q) for e in problem.targets]
    ridge = mpmath.mpf(int(problem.ridge.p)) / int(problem.ridge.q)
    errors = [
        target - sum(a * max(mpmath.fdot(v, row), 0) for a, v in zip(weights, units, strict=True))
        for row, target in zip(real, targets, strict=True)
    ]
    scale = mpmath.mpf(1) / n if problem.loss == "mean" else mpmath.mpf(1)
    m, penalty = (
        mpmath.mpf(0),
        ridge * sum(a * a + mpmath.fdot(v, v) for a, v in zip(weights, units, strict=True)),
    )
    if problem.output_bias == "free":
        m = sum(errors) / n
    elif problem.output_bias == "ridge":
        m = scale * sum(errors) / (scale * n + ridge)
        penalty += ridge * m * m
    return scale * sum((e - m) ** 2 for e in errors) + penalty


def network(point, bits=400):
    """One neuron per face, a = sign sqrt(s) and v = sqrt(s) times the direction."""
    weights, units = [], []
    for square, sign, direction in zip(point.squares, point.signs, point.directions, strict=True):
        length = mpmath.sqrt(mpmath.mpf(square.ball(bits).mid().str(100, radius=False)))
        weights.append(sign * length)
        entries = [mpmath.mpf(e.ball(bits).mid().str(100, radius=False)) for e in direction]
        units.append([length * entry for entry in entries])
    return weights, units


@pytest.mark.parametrize("output_bias", ["none", "free", "ridge"])
@pytest.mark.parametrize("loss", ["sum", "mean"])
def test_the_loss_is_flat_along_the_faces_of_a_stationary_point(loss, output_bias):
    """Lemma 2."""
    inputs, targets = [["-1"], ["1/3"], ["2"]], ["1", "-2", "3"]
    problem = Problem.from_text(inputs, targets, 2, "1/9", loss, output_bias)
    arrangement = Arrangement.of(problem)
    checked = 0
    with open_backends("flint") as engine, mpmath.workdps(100):
        step = mpmath.mpf(10) ** -25
        for support in supports(arrangement, 2):
            point = solve_support(problem, support, engine).point
            if point is None or not point.is_stationary:
                continue
            weights, units = network(point)
            centre = true_loss(problem, weights, units)
            exact = mpmath.mpf(point.loss.ball(400).mid().str(100, radius=False))
            assert abs(centre - exact) < mpmath.mpf(10) ** -80
            for k, face in enumerate(support):
                moves = [(1, [0, 0]), *((0, [int(e) for e in b]) for b in face.basis)]
                for da, dv in moves:
                    ends = []
                    for h in (step, -step):
                        a = [w + h * da * (j == k) for j, w in enumerate(weights)]
                        v = [
                            [e + h * d * (j == k) for e, d in zip(unit, dv, strict=True)]
                            for j, unit in enumerate(units)
                        ]
                        ends.append(true_loss(problem, a, v))
                    assert abs(ends[0] - ends[1]) / (2 * step) < mpmath.mpf(10) ** -40
            checked += 1
    assert checked >= 5


def test_the_gradient_of_a_face_sums_its_active_rows():
    residual = [fmpq(2), fmpq(5)]
    one, both, none = (Arrangement.of(EXAMPLE_1).face(signs) for signs in ("+0", "++", "--"))
    assert face_gradient(EXAMPLE_1, one, residual) == [fmpq(-3, 2), 2]
    assert face_gradient(EXAMPLE_1, both, residual) == [fmpq(-3, 2) + fmpq(20, 3), 7]
    assert face_gradient(EXAMPLE_1, none, residual) == [0, 0]


@settings(max_examples=60)
@given(
    st.integers(1, 5).flatmap(
        lambda k: st.lists(
            st.lists(st.integers(-3, 3), min_size=k, max_size=k), min_size=k, max_size=k
        )
    )
)
def test_determinants_are_those_of_flint(matrix):
    assert determinant(matrix) == int(fmpz_mat(matrix).det())


def test_determinants_of_polynomials_are_those_of_sympy():
    context = fmpq_mpoly_ctx.get(("x", "y"), "degrevlex")
    x, y = context.gens()
    matrix = [[x, y, 1 + x], [x * y, x - y, y], [y * y, 2 * x, x + 3]]
    symbols = dict(zip("xy", sympy.symbols("x y"), strict=True))
    expected = sympy.Matrix(
        [[sympy.sympify(str(e).replace("^", "**"), symbols) for e in row] for row in matrix]
    ).det()
    found = sympy.sympify(str(determinant(matrix)).replace("^", "**"), symbols)
    assert sympy.expand(found - expected) == 0


def test_determinants_of_nothing_and_of_zeros():
    assert determinant([]) == 1
    assert determinant([[0, 0], [1, 2]]) == 0


@pytest.mark.parametrize("output_bias", ["none", "free"])
def test_the_simple_points_of_a_degenerate_support_are_finitely_many(output_bias):
    """Corollary 9.1; by Lemma 9 simple points are those with independent responses."""
    problem = Problem.from_text([["-3/4"], ["3/4"]], ["2", "-2"], 2, "6/5", output_bias=output_bias)
    # Without a bias the repeated structure is made by units that all see point 0 only.
    signs = ("+0", "0+") if output_bias == "free" else ("+0", "+-")
    system = stationarity_system(problem, support_of(problem, *signs))
    assert not sympy_basis(system).is_zero_dimensional
    simple = simple_points_system(system).rabinowitsch
    assert simple.variables == ("t", *system.variables)
    basis = sympy_basis(simple)
    assert basis.exprs == [1] or basis.is_zero_dimensional


def test_simple_points_keep_what_is_simple_and_lose_what_is_not():
    # (x - 1)^2 (x + 2) = 0: only -2 is simple.
    """Corollary 9.1(b), of any square system."""
    names = ("x",)
    x = ring(names).gen(0)
    system = PolynomialSystem(names, ((x - 1) ** 2 * (x + 2),))
    symbols, polynomials = sympy_polynomials(simple_points_system(system).rabinowitsch)
    solutions = sympy.solve(polynomials, symbols)
    assert [point[1] for point in solutions] == [-2]


def test_a_system_without_inequations_is_its_own_rabinowitsch_system():
    x = ring(("x",)).gen(0)
    system = PolynomialSystem(("x",), (x**2 - 1,))
    assert system.rabinowitsch is system


def test_the_rabinowitsch_variable_is_new_comes_first_and_inverts_the_product():
    t, x = ring(("t", "x")).gens()
    system = PolynomialSystem(("t", "x"), (t * x - 2,), (t - 1, x + 3))
    lifted = system.rabinowitsch
    assert lifted.variables == ("tt", "t", "x")
    assert lifted.nonzero == ()
    tt, t, x = ring(lifted.variables).gens()
    assert lifted.polynomials == (t * x - 2, tt * (t - 1) * (x + 3) - 1)


def test_what_must_not_vanish_and_does_leaves_nothing():
    context = fmpq_mpoly_ctx.get(("x",), "degrevlex")
    system = PolynomialSystem.of(("x",), [context.gen(0)], [context.constant(0)])
    assert system.rabinowitsch.to_text() == ["x", "1"]


def test_rational_polynomials_become_primitive_integral_ones():
    context = fmpq_mpoly_ctx.get(("x", "y"), "degrevlex")
    x, y = context.gens()
    polynomials = [fmpq(-2, 3) * x**2 + fmpq(4, 5) * y, context.constant(0)]
    system = PolynomialSystem.of(("x", "y"), polynomials)
    assert system.to_text() == ["5*x^2-6*y", "0"]


def test_terms_and_jacobian_terms_are_the_polynomial_and_its_derivatives():
    names = ("x", "y")
    x, y = ring(names).gens()
    system = PolynomialSystem(names, (3 * x**2 * y - 7 * y, x - 5))

    def at(terms, point):
        total = fmpz(0)
        for coefficient, factors in terms:
            for j in factors:
                coefficient = coefficient * point[j]
            total += coefficient
        return total

    point = (2, -3)
    assert [at(terms, point) for terms in system.terms] == [3 * 4 * -3 + 21, -3]
    jacobian = [[at(terms, point) for terms in row] for row in system.jacobian_terms]
    assert jacobian == [[6 * 2 * -3, 3 * 4 - 7], [1, 0]]
