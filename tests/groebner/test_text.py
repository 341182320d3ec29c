"""What engines write is read back exactly, or refused."""

import pytest
from flint import fmpq_poly
from hypothesis import given, settings
from hypothesis import strategies as st

from reluenum.algebra.bases import GroebnerBasis, Solutions
from reluenum.algebra.parametrisation import real_solutions
from reluenum.algebra.polynomials import PolynomialSystem, ring
from reluenum.groebner import singular
from reluenum.groebner.msolve import read_answer, read_basis
from reluenum.groebner.text import parse_polynomial

NAMES = ("t", "w0_0", "w0_1", "w10_0", "s0", "s10")

polynomials = st.dictionaries(
    st.tuples(*[st.integers(0, 12)] * len(NAMES)),
    st.integers(-(10**30), 10**30).filter(bool),
    max_size=6,
).map(ring(NAMES).from_dict)


@settings(max_examples=200)
@given(polynomials)
def test_polynomials_survive_being_written_and_read(polynomial):
    (text,) = PolynomialSystem(NAMES, (polynomial,)).to_text()
    assert " " not in text
    assert parse_polynomial(text, NAMES) == polynomial
    assert parse_polynomial(str(polynomial), NAMES) == polynomial


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("0", {}),
        ("x", {(1, 0): 1}),
        ("-x", {(1, 0): -1}),
        ("- 3*x^2*y + 5", {(2, 1): -3, (0, 0): 5}),
        ("x*x*y", {(2, 1): 1}),
        ("2*3*y", {(0, 1): 6}),
        ("x + x - 2*x", {}),
        ("-1-1", {(0, 0): -2}),
    ],
)
def test_polynomials_by_hand(text, terms):
    assert parse_polynomial(text, ("x", "y")) == ring(("x", "y")).from_dict(terms)


@pytest.mark.parametrize("text", ["z", "3*z", "x^y", "x**2", "x/2", "1.5*x", "(x+1)*y", "2x", "x*"])
def test_what_is_no_polynomial_is_a_value_error(text):
    with pytest.raises(ValueError, match="invalid"):
        parse_polynomial(text, ("x", "y"))


# x = t, y = 3 t at the roots of w = t^2 - 2, as msolve writes it: with w' = 2 t,
# a variable is -p / (c w'), so p = -4 c for t and p = -12 c for 3 t (modulo w).
ANSWER = (
    "[0, [0,\n2,\n2,\n['x', 'y'],\n[0,1],\n"
    "[1,\n[[2, [-2, 0, 1]],\n[1, [0, 2]],\n[[[0, [-4]],\n1]\n]]]]]:\n"
)

SEPARATED = (
    "[0, [0,\n3,\n2,\n['x', 'y', 'A'],\n[0,0,1],\n"
    "[1,\n[[2, [-2, 0, 1]],\n[1, [0, 2]],\n[[[0, [-20]],\n5],\n[[0, [-12]],\n1]\n]]]]]:\n"
)


def floats(solutions):
    return [
        tuple(round(float(x.mid()), 10) for x in root.balls(128))
        for root in real_solutions(solutions.parametrisation)
    ]


def test_the_last_variable_is_the_root_itself():
    found = read_answer(ANSWER, ("x", "y"))
    root = round(2**0.5, 10)
    assert (found.dimension, found.degree) == (0, 2)
    assert found.parametrisation.chi == fmpq_poly([-2, 0, 1]).numer()
    assert floats(found) == [(-root, -root), (root, root)]


def test_variables_that_come_back_permuted_are_put_in_order():
    swapped = SEPARATED.replace("'x', 'y', 'A'", "'y', 'A', 'x'")
    # Now y = t, A = 3 t and the last one, x, is t.
    assert floats(read_answer(swapped, ("x", "y")))[1] == pytest.approx((2**0.5, 2**0.5))
    two = SEPARATED.replace("'x', 'y', 'A'", "'y', 'x', 'A'")
    x, y = floats(read_answer(two, ("x", "y")))[1]
    assert (x, y) == pytest.approx((3 * 2**0.5, 2**0.5))


def test_a_separating_variable_is_forgotten():
    found = read_answer(SEPARATED, ("x", "y"))
    assert len(found.parametrisation.numerators) == 2
    x, y = floats(found)[1]
    assert (x, y) == pytest.approx((2**0.5, 3 * 2**0.5))


def test_no_solution_and_infinitely_many_are_read():
    assert read_answer("[-1]:\n", ("x",)) == Solutions(-1, 0)
    assert read_answer("[1, 2, -1, []]:", ("x", "y")) is None


def test_coefficients_of_any_length_are_read():
    long = "1" + 5000 * "0"
    found = read_answer(ANSWER.replace("-2, 0, 1", f"-{long}, 0, 1"), ("x", "y"))
    assert str(found.parametrisation.chi[0]) == f"-{long}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no idea",
        "[",
        "]",
        "[]:",
        "5",
        "[0]:",
        "[0, [0]]:",
        "[0, [0, 2, 2, ['x', 'y'], [0, 1], [0]]]:",
        ANSWER[: len(ANSWER) // 2],
        ANSWER[:-5],
        ANSWER.replace("'x', 'y'", "'x', 'y', 'z'"),
        ANSWER.replace("'x', 'y'", "'u', 'v'"),
        ANSWER.replace("[1, [0, 2]]", "1"),
        ANSWER + ANSWER,
    ],
)
def test_garbage_is_an_error_that_the_backend_catches(text):
    with pytest.raises((ValueError, IndexError, KeyError, TypeError)):
        read_answer(text, ("x", "y"))


def test_fewer_roots_than_the_degree_says_are_not_believed():
    assert read_answer(ANSWER.replace("[0,\n2,\n2,", "[0,\n2,\n3,"), ("x", "y")) is None


BASIS = "#Reduced Groebner basis data\n#---\n#variable order: x, y\n#---\n[3*x*y+7*y, \ny^2-1]:\n"


def test_a_basis_of_msolve_is_read():
    x, y = ring(("x", "y")).gens()
    expected = GroebnerBasis.of(("x", "y"), [y**2 - 1, 3 * x * y + 7 * y])
    assert read_basis(BASIS, ("x", "y")) == expected


def test_a_basis_of_singular_is_read():
    x, y = ring(("x", "y")).gens()
    expected = GroebnerBasis.of(("x", "y"), [y**2 - 1, 3 * x * y + 7 * y])
    text = "basis\n-3*x*y-7*y,\ny^2-1\nend\n"
    assert singular.read_basis(text, ("x", "y")) == expected


@pytest.mark.parametrize(
    "text", ["", "[", "[]:", "[u]:", "[x]:[y]:", "[x", "5", "[[x]]:", "[1/2]:"]
)
def test_what_is_no_basis_of_msolve_is_an_error(text):
    with pytest.raises(ValueError, match=r"invalid|no list"):
        read_basis(text, ("x", "y"))


@pytest.mark.parametrize("text", ["", "basis\n", "basis\nx", "basis\nu\nend\n", "basis\nx\nend\nx"])
def test_what_is_no_basis_of_singular_is_an_error(text):
    with pytest.raises(ValueError, match=r"invalid|no basis"):
        singular.read_basis(text, ("x", "y"))
