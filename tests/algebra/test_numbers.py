"""Isolated points and numbers on them: certified existence, exact signs, exact comparison."""

from math import isqrt

import pytest
from flint import arb, ctx, fmpq, fmpq_poly, fmpz_poly
from hypothesis import given, settings
from hypothesis import strategies as st

from reluenum.algebra.newton import CERTIFICATION_BITS, certified_box, newton
from reluenum.algebra.numbers import IsolatedPoint, compare, exact_value, rational_point
from reluenum.algebra.parametrisation import Parametrisation, Root, parse_fraction, real_solutions
from reluenum.algebra.polynomials import PolynomialSystem
from reluenum.errors import TheoremViolationError
from reluenum.groebner.text import parse_polynomial

T = fmpq_poly([0, 1])

ONE = fmpq_poly([1])


def system(variables, *texts):
    names = tuple(variables.split())
    return PolynomialSystem(names, tuple(parse_polynomial(text, names) for text in texts))


def points(equations, chi, *numerators, denominator=ONE):
    """Certified real points of a system whose solutions are parametrised by hand."""
    parametrisation = Parametrisation(fmpz_poly(chi), denominator, numerators)
    found = []
    for root in real_solutions(parametrisation):
        box = certified_box(equations, root.balls)
        assert box is not None
        found.append(IsolatedPoint(equations, box, root))
    return found


SQUARE_ROOT = system("x", "x^2 - 2")
# sqrt(2) and sqrt(3) as polynomials in t = sqrt(2) + sqrt(3).
TWO_ROOTS = system("x y", "x^2 - 2", "y^2 - 3")

X_OF_T, Y_OF_T = (T**3 - 9 * T) / 2, (11 * T - T**3) / 2


def root_of_two():
    return points(SQUARE_ROOT, [-2, 0, 1], T)[1]


def roots_of_two_and_three():
    """The point (sqrt 2, sqrt 3) in a field of degree four."""
    return points(TWO_ROOTS, [1, 0, -10, 0, 1], X_OF_T, Y_OF_T)[3]


def truncated(number, digits):
    """The square root of an integer, rounded down to so many decimals."""
    return fmpq(isqrt(number * 100**digits), 10**digits)


def test_the_square_of_the_root_of_two_is_two():
    (x,) = root_of_two().coordinates
    assert (x * x - 2).sign() == 0
    assert (x * x - 2).is_zero()
    assert (x * x * x - 2 * x).sign() == 0
    assert not (x * x - fmpq(2000000001, 1000000000)).is_zero()


def test_square_roots_satisfy_identities_that_need_their_field():
    x, y = roots_of_two_and_three().coordinates
    assert ((x + y) * (y - x) - 1).sign() == 0
    assert ((x + y) * (x + y) - 5 - 2 * x * y).sign() == 0
    assert (y - x).sign() == 1
    assert (x + y - fmpq(22, 7)).sign() == 1


def test_signs_of_differences_of_any_size_are_right():
    (x,) = root_of_two().coordinates
    assert (x - fmpq(99, 70)).sign() == -1
    for digits in (60, 200, 1000):
        below = truncated(2, digits)
        assert (x - below).sign() == 1
        assert (x - below - fmpq(1, 10**digits)).sign() == -1
        assert (-x + below).sign() == -1


def test_every_form_of_arithmetic_with_rationals_is_right():
    (x,) = root_of_two().coordinates
    half = fmpq(1, 2)
    cases = {
        x + half: 1.9142135623730951,
        half + x: 1.9142135623730951,
        x - half: 0.9142135623730951,
        half - x: -0.9142135623730951,
        half * x: 0.7071067811865476,
        x * 3: 4.242640687119286,
        0 - x: -1.4142135623730951,
        x - 0: 1.4142135623730951,
        0 + x: 1.4142135623730951,
        x * 1: 1.4142135623730951,
        x * 0: 0,
        0 * x: 0,
        -x: -1.4142135623730951,
        x - x: 0,
    }
    for number, expected in cases.items():
        assert float(number.ball(128).mid()) == pytest.approx(expected, abs=1e-15)
        assert number.sign() == (expected > 0) - (expected < 0)
        assert abs(float(number.exact().ball(128).mid()) - expected) < 1e-15


def test_floats_are_no_numbers():
    (x,) = root_of_two().coordinates
    with pytest.raises(TypeError):
        x + 0.5
    with pytest.raises(TypeError):
        0.5 * x


def test_numbers_of_different_fields_are_compared_exactly():
    """Lemma 16."""
    (x,) = root_of_two().coordinates
    same, other = roots_of_two_and_three().coordinates
    assert compare(x, same) == compare(same, x) == 0
    assert compare(x * x, other * other) == -1
    assert compare(x * 3, same * 3) == 0
    assert compare(other, x) == 1
    assert compare(x * x, rational_point().constant(2)) == 0
    assert compare(rational_point().constant(fmpq(99, 70)), x) == 1


def test_conjugates_have_one_minimal_polynomial_and_differ():
    negative, positive = (point.coordinates[0] for point in points(SQUARE_ROOT, [-2, 0, 1], T))
    assert compare(negative, positive) == -1
    assert compare(positive, negative) == 1
    assert compare(-negative, positive) == 0
    assert negative < positive > negative
    assert not positive < -negative
    assert sorted([positive, negative], reverse=True) == [positive, negative]


def test_numbers_of_different_fields_that_differ_by_very_little_are_ordered():
    (x,) = root_of_two().coordinates
    same, _ = roots_of_two_and_three().coordinates
    for digits in (60, 300):
        tiny = fmpq(1, 10**digits)
        assert compare(x + tiny, same) == 1
        assert compare(x, same + tiny) == -1
    assert compare(x, rational_point().constant(truncated(2, 300))) == 1


def test_real_solutions_are_those_of_all_factors_and_no_complex_ones():
    chi = fmpz_poly([-2, 0, 1]) ** 2 * fmpz_poly([1, 0, 1]) * fmpz_poly([-5, 1])
    found = real_solutions(Parametrisation(chi, ONE, (T, 2 * T)))
    values = sorted(round(float(root.balls(64)[1].mid()), 6) for root in found)
    assert values == [-2.828427, 2.828427, 10]
    assert real_solutions(Parametrisation(fmpz_poly([1, 0, 1]), ONE, (T,))) == []


def test_a_parametrisation_with_a_denominator_is_divided_out():
    # x = -t w / w' with w = t^2 - 2 and w' = 2 t, as msolve writes it: x = 4 / (2 t) = t.
    point = points(SQUARE_ROOT, [-2, 0, 1], fmpq_poly([4]), denominator=2 * T)[1]
    (x,) = point.coordinates
    assert compare(x, root_of_two().coordinates[0]) == 0
    assert (x * x - 2).is_zero()


def test_forgetting_variables_keeps_the_others():
    found = Parametrisation(fmpz_poly([-2, 0, 1]), ONE, (T, 3 * T)).without(1)
    assert found.numerators == (3 * T,)
    assert Parametrisation.from_text(found.to_text()) == found


def test_interval_newton_certifies_simple_roots_and_refuses_the_others():
    """Lemma 18."""
    double = system("x", "x^2 - 2*x + 1")
    assert certified_box(double, lambda bits: [arb(1)]) is None
    assert certified_box(SQUARE_ROOT, lambda bits: [arb(3)]) is None
    assert certified_box(system("x", "x^2 + 1"), lambda bits: [arb(0)]) is None
    assert certified_box(system("x", "x^2 + 1"), lambda bits: [arb(1) / 1000]) is None
    # (x - 1)(y - 1) = x - y = 0 touches at (1, 1), twice.
    touching = system("x y", "x*y - x - y + 1", "x - y")
    assert certified_box(touching, lambda bits: [arb(1), arb(1)]) is None


@pytest.mark.parametrize("exponent", [10, 30, 60])
def test_close_simple_roots_are_certified_apart(exponent):
    # Roots +-10^-e.
    equations = system("x", f"{100**exponent}*x^2 - 1")
    negative, positive = points(equations, [-1, 10**exponent], T) + points(
        equations, [1, 10**exponent], T
    )
    assert {negative.coordinates[0].sign(), positive.coordinates[0].sign()} == {-1, 1}
    assert compare(negative.coordinates[0], -positive.coordinates[0]) == 0


def test_a_certified_box_holds_the_solution_and_only_it():
    box = certified_box(TWO_ROOTS, lambda bits: [arb(fmpq(99, 70)), arb(fmpq(7, 4))])
    assert box is None  # not close enough to prove anything
    with ctx.workprec(200):
        box = certified_box(TWO_ROOTS, lambda bits: [arb(2).sqrt(), arb(3).sqrt()])
        assert all(ball.rad() < 1e-20 for ball in box)
        assert (box[0] ** 2).contains(2)
        assert (box[1] ** 2).contains(3)


def test_newton_on_a_singular_jacobian_is_a_division_by_zero():
    with pytest.raises(ZeroDivisionError):
        newton(SQUARE_ROOT, [arb(0)], [arb(0, 1)])


def test_balls_get_as_narrow_as_they_are_asked_to_be():
    point = roots_of_two_and_three()
    for bits in (10, 100, 1000, 5000, 300):
        x, y = point.balls(bits)
        assert max(x.rad(), y.rad()) <= 4 * arb(2) ** -bits
        with ctx.workprec(2 * bits + 64):
            assert (x**2).contains(2)
            assert (y**2).contains(3)


@settings(max_examples=40)
@given(st.lists(st.integers(-4, 4), min_size=6, max_size=6))
def test_numbers_evaluate_like_their_expressions(coefficients):
    x, y = roots_of_two_and_three().coordinates
    a, b, c, d, e, f = coefficients
    number = (x * a + b) * (y * c - d) - x * y * e + f
    with ctx.workprec(256):
        root_2, root_3 = arb(2).sqrt(), arb(3).sqrt()
        expected = (root_2 * a + b) * (root_3 * c - d) - root_2 * root_3 * e + f
        assert number.ball(256).overlaps(expected)
        assert number.exact().ball(256).overlaps(expected)
        # 1, sqrt 2, sqrt 3, sqrt 6 are independent over Q.
        parts = [f - b * d, -a * d, b * c, a * c - e]
        assert number.is_zero() == (not any(parts))
        if any(parts):
            assert (number.sign() > 0) == (expected > 0)


def test_the_rational_point_has_rational_numbers_only():
    point = rational_point()
    assert point.coordinates == []
    assert point.constant(fmpq(-2, 3)).sign() == -1
    assert (point.constant(fmpq(1, 3)) * 3 - 1).sign() == 0
    assert compare(point.constant(2), rational_point().constant(2)) == 0


def test_points_survive_their_text_form():
    for point in (root_of_two(), roots_of_two_and_three()):
        record = point.to_document()
        again = IsolatedPoint.from_document(point.system, record)
        for number, same in zip(point.coordinates, again.coordinates, strict=True):
            assert compare(number, same) == 0
        assert again.to_document() == record


def test_a_centre_without_a_solution_is_refused():
    record = root_of_two().to_document() | {"centre": ["3/2"]}
    with pytest.raises(TheoremViolationError, match="no isolated solution at a recorded centre"):
        IsolatedPoint.from_document(SQUARE_ROOT, record)


@pytest.mark.parametrize(
    "changes",
    [
        {"root": 0},
        {"chi_denominator_numerators": [["-2", "0", "1"], ["1"], ["0", "-1"]]},
        {"chi_denominator_numerators": [["-3", "0", "1"], ["1"], ["0", "1"]]},
        {"chi_denominator_numerators": [["-2", "0", "1"], ["1"], ["0", "1000001/1000000"]]},
    ],
)
def test_a_claim_that_is_not_the_point_in_the_box_is_never_used(changes):
    record = root_of_two().to_document() | changes
    (x,) = IsolatedPoint.from_document(SQUARE_ROOT, record).coordinates
    assert (x - 1).sign() == 1  # the box alone decides this
    with pytest.raises(TheoremViolationError, match="not the solution that its box isolates"):
        (x * x - 2).sign()


def test_the_other_root_in_the_record_is_another_point():
    negative, positive = points(SQUARE_ROOT, [-2, 0, 1], T)
    record = positive.to_document() | {"centre": negative.to_document()["centre"]}
    (x,) = IsolatedPoint.from_document(SQUARE_ROOT, record).coordinates
    assert x.sign() == -1
    with pytest.raises(TheoremViolationError):
        (x * x - 2).sign()


def test_a_root_gives_enclosures_of_all_coordinates():
    root = Root(Parametrisation(fmpz_poly([-2, 0, 1]), ONE, (T, T**2 + 1)), 1)
    x, y = root.balls(CERTIFICATION_BITS[0])
    with ctx.workprec(CERTIFICATION_BITS[0]):
        assert (x**2).contains(2)
        assert y.contains(3)


@pytest.mark.parametrize(
    ("text", "value"),
    [("3", fmpq(3)), ("-3/6", fmpq(-1, 2)), ("1/1" + 5000 * "0", fmpq(10) ** -5000)],
)
def test_fractions_of_any_length_are_read(text, value):
    assert parse_fraction(text) == value


def test_exact_balls_have_exact_values():
    assert exact_value(arb(fmpq(3, 8))) == fmpq(3, 8)
    assert exact_value(arb(-5) * arb(2) ** 70) == -5 * fmpq(2) ** 70
    assert exact_value(arb(0)) == 0
