"""The surrogate of the paper: against least squares, symbolic differentiation and the minima.

The oracles know nothing of R, of determinants or of Cramer's rule: least squares are solved in
fractions with the output bias as one more unknown, and sympy inverts and differentiates.
"""

from fractions import Fraction
from itertools import product

import pytest
import sympy
from flint import arb, ctx
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reluenum import Problem, enumerate_minima
from reluenum.algebra.parametrisation import real_solutions
from reluenum.engines.eliminated.charts import Chart, graph_system, graph_unknowns, inside_system
from reluenum.engines.eliminated.surrogate import RationalFunction, paper_system, surrogate
from reluenum.geometry.arrangement import Arrangement
from reluenum.groebner.backends import open_backends
from tests.support.oracles import fraction, random_problem

pytestmark = pytest.mark.seconds(15)

CONVENTIONS = list(product(["sum", "mean"], ["none", "free", "ridge"]))

BITS = 256


@pytest.fixture(scope="module")
def engine():
    with open_backends("auto") as opened:
        yield opened


def value(polynomial, point):
    """Evaluate a polynomial over Q at fractions or balls, term by term."""
    total = 0
    for exponents, coefficient in polynomial.to_dict().items():
        term = coefficient if isinstance(point[0], arb) else fraction(coefficient)
        for x, e in zip(point, exponents, strict=True):
            for _ in range(e):
                term = term * x
        total = total + term
    return total


def quotient(function, point):
    return value(function.numerator, point) / value(function.denominator, point)


def smallest_loss(problem, hidden, units):
    """The loss of given responses of the hidden units, minimised over a and m, in fractions."""
    n, ridge = problem.size, fraction(problem.ridge)
    targets = [fraction(y) for y in problem.targets]
    columns = [*hidden, [Fraction(1)] * n] if problem.output_bias != "none" else list(hidden)
    penalties = [ridge] * len(hidden)
    penalties += {"none": [], "free": [Fraction(0)], "ridge": [ridge]}[problem.output_bias.value]
    weight = Fraction(1, n) if problem.loss == "mean" else Fraction(1)
    normal = sympy.Matrix(
        len(columns),
        len(columns),
        lambda i, j: sympy.Rational(
            weight * sum(x * y for x, y in zip(columns[i], columns[j], strict=True))
            + (penalties[i] if i == j else 0)
        ),
    )
    right = sympy.Matrix(
        [
            sympy.Rational(weight * sum(x * y for x, y in zip(c, targets, strict=True)))
            for c in columns
        ]
    )
    best = [Fraction(int(e.p), int(e.q)) for e in normal.LUsolve(right)] if columns else []
    errors = [
        y - sum(b * c[i] for b, c in zip(best, columns, strict=True)) for i, y in enumerate(targets)
    ]
    penalty = sum(p * b * b for p, b in zip(penalties, best, strict=True))
    penalty += ridge * sum(e * e for unit in units for e in unit)
    return weight * sum(e * e for e in errors) + penalty


def rows_of(problem):
    return [[fraction(e) for e in row] for row in problem.rows]


def pre_activations(problem, unit):
    return [sum(x * w for x, w in zip(row, unit, strict=True)) for row in rows_of(problem)]


def unit_of(frame, coordinates):
    return [
        sum(c * fraction(vector[m]) for c, vector in zip(coordinates, frame, strict=True))
        for m in range(len(frame[0]))
    ]


def coordinates_of(face, unit):
    """Coordinates of a rational vector in the basis of a flat, or None outside of it."""
    if not face.basis:
        return []
    basis = sympy.Matrix([[int(e) for e in vector] for vector in face.basis]).T
    target = sympy.Matrix([sympy.Rational(e) for e in unit])
    if basis.row_join(target).rank() > basis.rank():
        return None
    solution = basis.gauss_jordan_solve(target)[0]
    return [Fraction(int(c.p), int(c.q)) for c in solution]


small = st.fractions(min_value=-3, max_value=3, max_denominator=4)


@settings(max_examples=60)
@given(
    st.integers(1, 10**6),
    st.sampled_from([(1, 2), (1, 3), (1, 4), (2, 3), (2, 4)]),
    st.sampled_from(["1/10", "1/3", "2"]),
    st.sampled_from(CONVENTIONS),
    st.data(),
)
def test_the_surrogate_is_the_smallest_loss_over_the_output_weights(seed, shape, ridge, how, data):
    dimension, size = shape
    problem = random_problem(seed, size, dimension, 3, ridge, loss=how[0], output_bias=how[1])
    arrangement = Arrangement.of(problem)
    units, faces, point = [], [], []
    for _ in range(data.draw(st.integers(1, 3), label="width")):
        kind = data.draw(st.sampled_from(["anywhere", "face", "again"]), label="kind")
        if kind == "again" and units:
            unit = [2 * entry for entry in units[-1]]
        elif kind == "face":
            face = data.draw(st.sampled_from(arrangement.faces), label="face")
            unit = [Fraction(3, 2) * fraction(entry) for entry in face.interior]
        else:
            unit = data.draw(st.lists(small, min_size=dimension + 1, max_size=dimension + 1))
        signs = "".join(
            "+" if z > 0 else "-" if z < 0 else "0" for z in pre_activations(problem, unit)
        )
        face = arrangement.face(signs)
        coordinates = coordinates_of(face, unit)
        assume(coordinates is not None)
        units.append(unit)
        faces.append(face)
        point += coordinates
    assume(point)
    hidden = [[max(z, Fraction(0)) for z in pre_activations(problem, unit)] for unit in units]
    found = surrogate(problem, faces)
    assert quotient(found.value, point) == smallest_loss(problem, hidden, units)
    assert value(found.denominator, point) > 0


@settings(max_examples=40)
@given(
    st.integers(1, 10**6),
    st.sampled_from(CONVENTIONS),
    st.lists(small, min_size=6, max_size=6),
    st.sampled_from([(3, 4, 5), (5, 12, 13), (1, 2, 2, 3), (2, 3, 6, 7), (1, 1, 1, 1, 2)]),
    st.data(),
)
def test_parallel_units_on_one_face_count_by_the_sum_of_their_squares(
    seed, how, other, tuple_, data
):
    """l(rho_0 w, rho_1 w, ..., v) = l(sqrt(rho_0^2 + rho_1^2 + ...) w, v) off the face, too."""
    problem = random_problem(seed, 3, 1, 2, "1/3", loss=how[0], output_bias=how[1])
    arrangement = Arrangement.of(problem)
    face, beside = (data.draw(st.sampled_from(arrangement.live_faces)) for _ in range(2))
    *shares, total = tuple_
    direction, rest = other[: face.dimension], other[4 : 4 + beside.dimension]
    many = surrogate(problem, [*[face] * len(shares), beside])
    one = surrogate(problem, [face, beside])
    spread = [share * entry for share in shares for entry in direction]
    joined = [total * entry for entry in direction]
    assert quotient(many.value, [*spread, *rest]) == quotient(one.value, [*joined, *rest])


@pytest.mark.parametrize("how", CONVENTIONS)
def test_a_unit_at_the_origin_changes_nothing(how):
    problem = random_problem(3, 3, 1, 2, "1/3", loss=how[0], output_bias=how[1])
    arrangement = Arrangement.of(problem)
    origin, point = arrangement.face("000"), [Fraction(2, 3), Fraction(-5, 7)]
    for face in arrangement.faces:
        if face.dimension == 0:
            continue
        alone = surrogate(problem, [face])
        for faces in ([origin, face], [face, origin]):
            beside = surrogate(problem, faces)
            here = point[: face.dimension]
            assert quotient(beside.value, here) == quotient(alone.value, here)


def symbolic_loss(problem, faces, symbols):
    """The surrogate by sympy, with the output bias as one more weight with its own penalty."""
    ridge, n = sympy.Rational(str(problem.ridge)), problem.size
    scale = sympy.Rational(1, n) if problem.loss == "mean" else sympy.Integer(1)
    y = sympy.Matrix([sympy.Rational(str(e)) for e in problem.targets])
    rows = sympy.Matrix([[sympy.Rational(str(e)) for e in row] for row in problem.rows])
    columns, norm, used = [], 0, 0
    for face in faces:
        basis = sympy.Matrix([[int(e) for e in vector] for vector in face.basis])
        unit = basis.T * sympy.Matrix(symbols[used : used + face.dimension])
        used += face.dimension
        values = rows * unit
        columns.append(
            sympy.Matrix([values[i] if sign == "+" else 0 for i, sign in enumerate(face.signs)])
        )
        norm += (unit.T * unit)[0]
    penalties = [ridge] * len(columns)
    if problem.output_bias != "none":
        columns.append(sympy.ones(n, 1))
        penalties.append(ridge if problem.output_bias == "ridge" else 0)
    design = sympy.Matrix.hstack(*columns)
    normal = scale * design.T * design + sympy.diag(*penalties)
    right = scale * design.T * y
    return (
        scale * (y.T * y)[0]
        + ridge * norm
        - (right.T * normal.adjugate() * right)[0] / normal.det()
    )


def as_sympy(polynomial, symbols):
    terms = polynomial.to_dict().items()
    return sympy.Add(
        *(
            sympy.Rational(str(coefficient))
            * sympy.Mul(*(s**e for s, e in zip(symbols, exponents, strict=True)))
            for exponents, coefficient in terms
        )
    )


@pytest.mark.parametrize("how", CONVENTIONS)
@pytest.mark.parametrize(
    "signs", [("+++",), ("++0",), ("--+",), ("++-", "0++"), ("+0-", "-0+"), ("+0-", "+0-")]
)
def test_the_gradient_is_that_of_sympy_in_lowest_terms(signs, how):
    problem = Problem.from_text(
        [["-1"], ["1/2"], ["2"]], ["2", "-1", "1/3"], 2, "1/3", loss=how[0], output_bias=how[1]
    )
    arrangement = Arrangement.of(problem)
    faces = [arrangement.face(s) for s in signs]
    found = surrogate(problem, faces)
    symbols = sympy.symbols(found.variables)
    expected = symbolic_loss(problem, faces, symbols)
    for function, exact in [
        (found.value, expected),
        *zip(found.gradient(), (sympy.diff(expected, s) for s in symbols), strict=True),
    ]:
        top, bottom = as_sympy(function.numerator, symbols), as_sympy(function.denominator, symbols)
        numerator, denominator = sympy.fraction(sympy.together(exact))
        assert sympy.expand(top * denominator - bottom * numerator) == 0
    for function in found.gradient():
        top, bottom = as_sympy(function.numerator, symbols), as_sympy(function.denominator, symbols)
        assert sympy.gcd(sympy.Poly(top, *symbols), sympy.Poly(bottom, *symbols)).is_ground


def test_lowest_terms_divide_by_the_greatest_common_divisor():
    x, y = surrogate_ring().gens()
    function = RationalFunction(6 * (x + y) ** 2 * x, 2 * (x + y) * (y - 1)).lowest_terms()
    assert function.numerator * (y - 1) == 3 * (x + y) * x * function.denominator
    assert function.denominator.total_degree() == 1


def test_the_derivative_of_a_quotient_is_by_the_quotient_rule():
    x, y = surrogate_ring().gens()
    derivative = RationalFunction(x, y * y + 1).derivative("v0_1")
    assert derivative.numerator * (y * y + 1) ** 2 == -2 * x * y * derivative.denominator
    assert derivative.denominator.total_degree() == 4


def surrogate_ring():
    problem = Problem.from_text([["-1"], ["1"]], ["2", "1"], 1, "1")
    return surrogate(problem, [Arrangement.of(problem).face("++")]).denominator.context()


def test_one_point_at_the_origin_of_the_inputs_has_the_surrogate_of_the_hand():
    """x = 0, v = (0, c), c > 0: l = y^2 + Lambda c^2 - y^2 c^2 / (c^2 + Lambda)."""
    problem = Problem.from_text([["0"]], ["3"], 1, "2")
    found = surrogate(problem, [Arrangement.of(problem).face("+")])
    for c in (Fraction(1), Fraction(2, 3), Fraction(-5)):
        expected = 9 + 2 * c * c - 9 * c * c / (c * c + 2)
        assert quotient(found.value, [c]) == expected
    # The derivative vanishes where (c^2 + 2)^2 = 9, and at 0: c = 0, +-1, and +-sqrt(-5).
    (derivative,) = found.gradient()
    roots = [r for r in range(-3, 4) if value(derivative.numerator, [Fraction(r)]) == 0]
    assert roots == [-1, 0, 1]
    assert derivative.numerator.total_degree() == 5


# The paper's systems.


def real_points(engine, system):
    found = engine.solutions(system)
    roots = real_solutions(found.parametrisation) if found.parametrisation else []
    return [root.balls(BITS) for root in roots]


def units_by_paper(problem, faces, engine):
    """All real psi of the paper's system, as rows of balls."""
    points = []
    for balls in real_points(engine, paper_system(problem, faces)):
        row, used = [], 0
        for face in faces:
            mine = balls[used : used + face.dimension]
            used += face.dimension
            row += [sum(c * v[m] for c, v in zip(mine, face.basis, strict=True)) for m in range(2)]
        points.append(row)
    return points


def units_by_graph(problem, faces, engine):
    """The same from the charts: rho^2 = q / gamma > 0 and every choice of signs."""
    charts = [Chart.of(problem, face) for face in faces]
    points = []
    for balls in real_points(engine, inside_system(problem, faces)):
        weights, taus, slopes = graph_unknowns(charts, balls)
        squares = [q / g for q, g in zip(weights, slopes, strict=True)]
        if not all(square > 0 for square in squares):
            assert any(square < 0 for square in squares)
            continue
        for signs in product([1, -1], repeat=len(faces)):
            row = []
            for sign, square, chart, tau in zip(signs, squares, charts, taus, strict=True):
                row += [sign * square.sqrt() * entry for entry in chart.unit(tau)]
            points.append(row)
    return points


@pytest.mark.parametrize(
    ("seed", "size", "how", "signs"),
    [
        *((4, 3, how, signs) for how in CONVENTIONS for signs in (["+++"], ["-+-"], ["++0"])),
        (3, 2, ("sum", "none"), ["++", "-+"]),
        (4, 3, ("sum", "none"), ["++0", "--+"]),
        (4, 3, ("sum", "none"), ["+0+", "0+-"]),
        (4, 3, ("mean", "ridge"), ["-+-", "--+"]),
        (4, 3, ("sum", "free"), ["+-+", "--+"]),
    ],
)
def test_the_system_of_the_paper_has_the_solutions_of_the_charts_with_both_signs(
    seed, size, how, signs, engine
):
    """Lemma 19."""
    problem = random_problem(seed, size, 1, 2, "1/3", loss=how[0], output_bias=how[1])
    arrangement = Arrangement.of(problem)
    faces = tuple(arrangement.face(s) for s in signs)
    paper = engine.solutions(paper_system(problem, faces))
    graph = engine.solutions(inside_system(problem, faces))
    assert paper.dimension == graph.dimension
    assert paper.degree == 2 ** len(faces) * graph.degree
    with ctx.workprec(BITS):
        left = units_by_paper(problem, faces, engine)
        right = units_by_graph(problem, faces, engine)
        assert len(left) == len(right)
        for point in left:
            partners = [
                other
                for other in right
                if all(x.overlaps(y) for x, y in zip(point, other, strict=True))
            ]
            assert len(partners) == 1


def test_two_units_on_one_face_have_a_curve_of_critical_points_in_both_systems(engine):
    problem = random_problem(3, 2, 1, 2, "1/3")
    face = Arrangement.of(problem).face("-+")
    assert engine.solutions(paper_system(problem, (face, face))).dimension == 1
    assert engine.solutions(graph_system(problem, (face, face))).dimension == 1


@pytest.mark.parametrize("how", CONVENTIONS)
def test_every_minimum_by_the_other_formulation_is_critical_for_its_surrogate(how):
    """The theorem of the paper, on minima that were found without the surrogate."""
    problem = random_problem(34, 3, 1, 2, "1/5", loss=how[0], output_bias=how[1])
    found = enumerate_minima(problem)
    assert found.is_complete
    checked = 0
    for component in found.components:
        stratum = component.strata[0]
        faces, point = [], []
        with ctx.workprec(BITS):
            for group in stratum.groups:
                for _ in range(group.multiplicity):
                    length = (group.square.ball(BITS) / group.multiplicity).sqrt()
                    unit = [length * entry.ball(BITS) for entry in group.direction]
                    faces.append(group.face)
                    point += in_basis(group.face, unit)
            if not point:
                continue
            face_surrogate = surrogate(problem, faces)
            loss = quotient(face_surrogate.value, point)
            assert loss.overlaps(component.loss.ball(BITS))
            for derivative in face_surrogate.gradient():
                slope = quotient(derivative, point)
                assert slope.contains(0)
                assert slope.rad() < 1e-50
            checked += 1
    assert checked >= 1


def in_basis(face, unit):
    """Coordinates of a vector of balls in a flat of dimension 1 or 2 in the plane."""
    if face.dimension == 1:
        (vector,) = face.basis
        m = next(m for m, entry in enumerate(vector) if entry != 0)
        return [unit[m] / vector[m]]
    (a, b), (c, d) = face.basis
    determinant = a * d - b * c
    return [
        (unit[0] * d - unit[1] * c) / determinant,
        (unit[1] * a - unit[0] * b) / determinant,
    ]


def test_the_pre_activations_are_those_of_the_points_off_the_flat():
    problem = Problem.from_text([["-1"], ["1/2"], ["2"]], ["2", "-1", "1/3"], 2, "1/3")
    arrangement = Arrangement.of(problem)
    faces = [arrangement.face("++0"), arrangement.face("--+")]
    found = surrogate(problem, faces)
    point = [Fraction(2, 3), Fraction(1, 5), Fraction(-4, 7)]
    units = [unit_of(faces[0].basis, point[:1]), unit_of(faces[1].basis, point[1:])]
    expected = [*pre_activations(problem, units[0])[:2], *pre_activations(problem, units[1])]
    assert [value(p, point) for p in found.pre_activations()] == expected
