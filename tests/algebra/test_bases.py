"""From Groebner bases to solutions: ideals whose points one knows, with sympy as referee."""

from dataclasses import replace
from itertools import combinations, islice, product

import pytest
import sympy
from flint import Ordering, arb, ctx, fmpq, fmpq_mat, fmpq_poly, fmpz_mpoly_ctx, fmpz_poly
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reluenum.algebra.bases import (
    GroebnerBasis,
    Quotient,
    canonical,
    divides,
    find_shape,
    grevlex_key,
    krull_dimension,
    linear_forms,
    minimal_polynomials,
    radical_system,
    shape_position,
    solutions,
)
from reluenum.algebra.parametrisation import Parametrisation, real_solutions
from reluenum.algebra.polynomials import PolynomialSystem, ring
from reluenum.groebner.text import parse_polynomial

CIRCLE_AND_LINE = ("x y", "x^2 + y^2 - 1", "x - y")

TWO_ROOTS = ("x y", "x^2 - 2", "y^2 - 3")

FAT_POINT = ("x y", "x^2", "x*y", "y^2")

FAT_AND_SIMPLE = ("x y", "x^2", "x*y", "y^3 - y^2")

CUBIC = ("x y z", "x^2 + y*z - 2", "y^2 + z - 3*x", "z^2 - x*y - 1")


def system(variables, *texts):
    names = tuple(variables.split())
    return PolynomialSystem(names, tuple(parse_polynomial(text, names) for text in texts))


def flint_basis(equations):
    reduced = equations.vector.buchberger_naive().autoreduction()
    return GroebnerBasis.of(equations.variables, list(reduced))


def basis_of(*texts):
    return flint_basis(system(*texts))


def sympy_basis(variables, *texts):
    symbols = sympy.symbols(variables)
    return sympy.groebner([t.replace("^", "**") for t in texts], *symbols, order="grevlex")


def evaluated(polynomial, values, zero):
    """A polynomial at values in any ring that contains the integers."""
    total = zero
    for exponents, coefficient in polynomial.to_dict().items():
        term = zero + coefficient
        for value, exponent in zip(values, exponents, strict=True):
            for _ in range(exponent):
                term = term * value
        total = total + term
    return total


def real_points(found, digits=12):
    """The real solutions as rounded floats, sorted."""
    points = [root.balls(128) for root in real_solutions(found.parametrisation)]
    return sorted(tuple(round(float(x.mid()), digits) + 0.0 for x in point) for point in points)


def solve_counting_bases(*texts):
    """Solve a system; also return the number of Groebner bases that it took."""
    asked = []

    def counting(equations):
        asked.append(equations)
        return flint_basis(equations)

    return solutions(system(*texts), counting), len(asked)


def test_a_line_through_the_centre_meets_the_circle_twice():
    found, bases = solve_counting_bases(*CIRCLE_AND_LINE)
    half = round(0.5**0.5, 12)
    assert (found.dimension, bases) == (0, 1)
    assert real_points(found) == [(-half, -half), (half, half)]


def test_two_square_roots_need_a_linear_form_and_have_four_points():
    basis = basis_of(*TWO_ROOTS)
    quotient = Quotient(basis)
    assert basis.degree == 4
    assert shape_position(quotient, (1, 0)) is None
    assert shape_position(quotient, (0, 1)) is None
    along_sum = shape_position(quotient, (1, 1))
    assert along_sum.chi == fmpq_poly([1, 0, -10, 0, 1]).numer()
    found, bases = solve_counting_bases(*TWO_ROOTS)
    assert bases == 1
    x, y = round(2**0.5, 12), round(3**0.5, 12)
    assert real_points(found) == [(-x, -y), (-x, y), (x, -y), (x, y)]


def test_solutions_without_real_coordinates_are_no_real_solutions():
    found, _ = solve_counting_bases("x y", "x^2 + 1", "x - y")
    assert found.dimension == 0
    assert real_points(found) == []


@pytest.mark.parametrize(
    ("texts", "dimension"),
    [
        (("x y", "x^2 - 1", "x - 2"), -1),
        (("x y", "3"), -1),
        (("x y", "x*y"), 1),
        (("x y", "x^2 - x*y", "x*y - y^2"), 1),
        (("x y z", "x - 1", "y - 1"), 1),
        (("x y z", "x - 1"), 2),
        (("x y z", "x*y", "x*z"), 2),
        (("x y z", "x*y", "x*z", "y*z"), 1),
    ],
)
def test_empty_and_infinite_solution_sets_are_told_apart(texts, dimension):
    found, bases = solve_counting_bases(*texts)
    assert (found.dimension, found.parametrisation, bases) == (dimension, None, 1)
    assert found.degree == (0 if dimension < 0 else None)


@pytest.mark.parametrize(
    ("texts", "degree", "points"),
    [
        (FAT_POINT, 3, [(0, 0)]),
        (FAT_AND_SIMPLE, 4, [(0, 0), (0, 1)]),
        (("x y", "x^2 - 2*x + 1", "x*y - x - y + 1", "y^2 - 2*y + 1"), 3, [(1, 1)]),
    ],
)
def test_points_too_fat_for_any_linear_form_take_the_radical_route(texts, degree, points):
    basis = basis_of(*texts)
    assert basis.degree == degree
    assert find_shape(basis, 20) is None
    found, bases = solve_counting_bases(*texts)
    assert (bases, found.degree) == (2, degree)
    assert real_points(found) == points
    assert found.parametrisation.chi.degree() == len(points)


def test_a_double_point_that_a_linear_form_sees_needs_no_radical():
    found, bases = solve_counting_bases("x y", "x^2", "y - x")
    assert (found.dimension, bases) == (0, 1)
    assert real_points(found) == [(0, 0)]


def test_the_radical_has_the_same_points_and_no_multiplicity():
    """Lemma 15(b)."""
    radical = flint_basis(radical_system(basis_of(*FAT_AND_SIMPLE)))
    assert radical == basis_of("x y", "x", "y^2 - y")
    assert [str(p) for p in minimal_polynomials(basis_of(*FAT_AND_SIMPLE))] == ["x", "y^2 - y"]


@pytest.mark.parametrize("texts", [CIRCLE_AND_LINE, TWO_ROOTS, FAT_AND_SIMPLE, CUBIC])
def test_the_reduced_basis_is_the_one_of_sympy(texts):
    expected = sympy_basis(*texts)
    names = tuple(texts[0].split())
    converted = [
        parse_polynomial(str(p.clear_denoms()[1].as_expr()).replace("**", "^"), names)
        for p in expected.polys
    ]
    assert basis_of(*texts) == GroebnerBasis.of(names, converted)


@pytest.mark.parametrize("texts", [CIRCLE_AND_LINE, TWO_ROOTS, FAT_POINT, FAT_AND_SIMPLE, CUBIC])
def test_the_staircase_is_what_no_leading_monomial_divides(texts):
    basis = basis_of(*texts)
    box = product(range(9), repeat=len(basis.variables))
    expected = {m for m in box if not any(divides(lead, m) for lead in basis.leading)}
    assert set(basis.staircase) == expected
    assert list(basis.staircase) == sorted(expected, key=grevlex_key)
    assert basis.degree == len(expected)


def test_generic_quadrics_have_as_many_points_as_bezout_says():
    found, _ = solve_counting_bases(*CUBIC)
    assert basis_of(*CUBIC).degree == found.parametrisation.chi.degree() == 8


def test_an_infinite_staircase_is_refused():
    with pytest.raises(ValueError, match="positive-dimensional"):
        basis_of("x y", "x*y").staircase  # noqa: B018


@pytest.mark.parametrize("variables", [1, 2, 3, 4])
def test_the_sort_key_is_the_order_of_flint(variables):
    names = tuple(f"x{k}" for k in range(variables))
    monomials = [m for m in product(range(4), repeat=variables) if sum(m) <= 4]
    polynomial = ring(names).from_dict(dict.fromkeys(monomials, 1))
    descending = [polynomial.monomial(k) for k in range(len(monomials))]
    assert descending == sorted(monomials, key=grevlex_key, reverse=True)
    lex = fmpz_mpoly_ctx.get(names, Ordering.lex).from_dict(dict.fromkeys(monomials, 1))
    if variables > 1:
        assert [lex.monomial(k) for k in range(len(monomials))] != descending


terms = st.dictionaries(
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 2)),
    st.integers(-20, 20).filter(bool),
    max_size=5,
)


@settings(max_examples=30)
@given(terms)
def test_normal_forms_are_those_of_sympy(polynomial):
    basis, expected = basis_of(*CUBIC), sympy_basis(*CUBIC)
    symbols = expected.gens
    expression = sum(
        c * sympy.prod(x**e for x, e in zip(symbols, m, strict=True)) for m, c in polynomial.items()
    )
    remainder = sympy.Poly(expected.reduce(sympy.sympify(expression))[1], *symbols)
    coordinates = [remainder.coeff_monomial(m) for m in basis.staircase]
    found = Quotient(basis).normal_form(polynomial)
    assert [sympy.Rational(int(c.p), int(c.q)) for c in found] == coordinates


def test_members_of_the_ideal_reduce_to_zero_and_constants_to_themselves():
    quotient = Quotient(basis_of(*TWO_ROOTS))
    assert not any(quotient.normal_form({(2, 1): 5, (0, 1): -10}))
    assert quotient.normal_form({}) == [0] * 4
    assert quotient.normal_form({(0, 0): -7}) == [-7, 0, 0, 0]


def test_multiplication_matrices_commute_and_satisfy_the_equations():
    quotient = Quotient(basis_of(*TWO_ROOTS))
    x, y = quotient.multiplication((1, 0)), quotient.multiplication((0, 1))
    identity = fmpq_mat(4, 4, [int(i == j) for i in range(4) for j in range(4)])
    assert x * y == y * x
    assert x * x == identity * 2
    assert y * y == identity * 3
    assert quotient.multiplication((2, -3)) == x * 2 - y * 3


@pytest.mark.parametrize("texts", [CIRCLE_AND_LINE, TWO_ROOTS, CUBIC])
def test_a_parametrisation_satisfies_the_equations_identically(texts):
    equations = system(*texts)
    found = solutions(equations, flint_basis).parametrisation
    modulus = fmpq_poly(found.chi)
    assert found.denominator == 1
    for polynomial in equations.polynomials:
        assert evaluated(polynomial, found.numerators, fmpq_poly([])) % modulus == 0


@settings(max_examples=40)
@given(
    st.lists(st.integers(-4, 4), min_size=1, max_size=4, unique=True),
    st.lists(st.integers(-3, 3), min_size=3, max_size=3),
    st.tuples(*[st.integers(-2, 2)] * 4),
)
def test_finitely_many_rational_points_are_found_again(nodes, heights, mixing):
    """Lemma 15(a)."""
    a, b, c, d = mixing
    assume(a * d != b * c)
    # The points (u, h(u)), seen in the coordinates x, y with u = a x + b y and v = c x + d y.
    names = ("x", "y")
    x, y = ring(names).gens()
    u, v = a * x + b * y, c * x + d * y
    curve = v - sum((h * u**k for k, h in enumerate(heights)), start=0 * x)
    vanishing = x**0
    for node in nodes:
        vanishing = vanishing * (u - node)
    found = solutions(PolynomialSystem(names, (curve, vanishing)), flint_basis)
    expected = []
    for node in nodes:
        height = sum(h * node**k for k, h in enumerate(heights))
        inverse = fmpq(1, a * d - b * c)
        expected.append(((d * node - b * height) * inverse, (a * height - c * node) * inverse))
    points = [root.balls(128) for root in real_solutions(found.parametrisation)]
    assert len(points) == len(expected)
    with ctx.workprec(128):
        for point in expected:
            balls = [arb(entry) for entry in point]
            assert sum(all(map(arb.overlaps, balls, found)) for found in points) == 1


@pytest.mark.parametrize("variables", [1, 2, 3])
def test_the_dimension_is_that_of_the_largest_coordinate_plane_in_the_monomials(variables):
    monomials = [m for m in product(range(3), repeat=variables) if sum(m) < 4]
    for leading in combinations(monomials, 2):
        planes = [
            size
            for size in range(variables + 1)
            for free in combinations(range(variables), size)
            # On the plane where the others are 0, a monomial in free variables alone is no 0.
            if not any(all(j in free for j, e in enumerate(m) if e) for m in leading)
        ]
        assert krull_dimension(leading, variables) == max(planes, default=-1)


def test_the_dimension_of_everything_is_the_number_of_variables():
    assert krull_dimension([], 3) == 3
    assert krull_dimension([(0, 0, 0)], 3) == -1


def test_what_parametrises_no_points_or_one_point_twice_has_no_canonical_form():
    zero, one, t = fmpq_poly([]), fmpq_poly([1]), fmpq_poly([0, 1])
    nothing = Parametrisation(fmpz_poly([1]), one, (zero, zero))
    with pytest.raises(ValueError, match="no points"):
        canonical(nothing)
    folded = Parametrisation(fmpz_poly([-2, 0, 1]), one, (t * t, one))
    with pytest.raises(ValueError, match="different roots do not give different points"):
        canonical(folded)


def test_the_canonical_parametrisation_by_hand():
    # The points (2, 1) and (-2, 1), twice: y does not separate them, x does.
    t = fmpq_poly([0, 1])
    along = Parametrisation((t**2 - 9).numer(), 3 * t, (2 * t**2, t**3 * fmpq(1, 3)))
    double = replace(along, chi=-2 * along.chi * along.chi)
    expected = Parametrisation((t**2 - 4).numer(), fmpq_poly([1]), (t, fmpq_poly([1])))
    assert canonical(along) == canonical(double) == expected


@settings(max_examples=40)
@given(
    st.sampled_from([CIRCLE_AND_LINE, TWO_ROOTS, FAT_POINT, FAT_AND_SIMPLE, CUBIC]),
    st.tuples(*[st.integers(-3, 3)] * 3).filter(any),
)
def test_parametrisations_along_all_forms_have_the_same_canonical_one(texts, form):
    radical = flint_basis(radical_system(basis_of(*texts)))
    along = shape_position(Quotient(radical), form[: len(radical.variables)])
    assume(along is not None)
    expected = canonical(solutions(system(*texts), flint_basis).parametrisation)
    assert canonical(along) == expected == canonical(expected)
    assert all(exponent == 1 for _, exponent in expected.chi.factor()[1])


def test_linear_forms_are_the_variables_then_moment_curves():
    forms = list(islice(linear_forms(3), 6))
    assert forms == [[0, 0, 1], [0, 1, 0], [1, 0, 0], [1, 1, 1], [1, 2, 4], [1, 3, 9]]
