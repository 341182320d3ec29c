"""Decimal texts against correctly rounded results of the decimal module and of fractions."""

import decimal
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

import pytest
from flint import fmpq, fmpq_poly, fmpz_poly
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reluenum.algebra.decimals import (
    DIGITS,
    RootMultiple,
    decimal_text,
    enclosing_interval,
    rounded,
)
from reluenum.algebra.newton import certified_box
from reluenum.algebra.numbers import IsolatedPoint, rational_point
from reluenum.algebra.parametrisation import Parametrisation, real_solutions
from reluenum.algebra.polynomials import PolynomialSystem
from reluenum.groebner.text import parse_polynomial

POINT = rational_point()

PRECISE = Context(prec=400, Emin=-(10**6), Emax=10**6)


def number(value):
    fraction = Fraction(value)
    return POINT.constant(fmpq(fraction.numerator, fraction.denominator))


def root(radicand, factor=1):
    return RootMultiple(number(factor), number(radicand))


def expected_root(radicand, factor=1, digits=DIGITS):
    """The nearest decimal, from four hundred digits of the decimal module."""
    radicand, factor = Fraction(radicand), Fraction(factor)
    quotient = PRECISE.divide(Decimal(radicand.numerator), Decimal(radicand.denominator))
    value = PRECISE.multiply(PRECISE.sqrt(quotient), Decimal(factor.numerator))
    value = PRECISE.divide(value, Decimal(factor.denominator))
    return Context(prec=digits, rounding=ROUND_HALF_EVEN).plus(value)


def is_nearest(value, fraction, digits):
    """Whether no decimal with so many significant digits is nearer; ties may go either way."""
    if fraction == 0:
        return value == 0
    value = Fraction(value)
    exponent = 0
    while abs(fraction) >= Fraction(10) ** exponent:
        exponent += 1
    while abs(fraction) < Fraction(10) ** (exponent - 1):
        exponent -= 1
    unit = Fraction(10) ** (exponent - digits)
    return (value / unit).denominator == 1 and abs(value - fraction) <= unit / 2


fractions = st.fractions().flatmap(
    lambda f: st.integers(-50, 50).map(lambda e: f * Fraction(10) ** e)
)


@settings(max_examples=150)
@given(fractions, st.integers(1, 40))
@example(Fraction(0), 30)
@example(Fraction(10**30 - 1, 10**30), 29)  # carries into a new digit
@example(Fraction(-999999, 10), 3)
@example(Fraction(1), 1)
def test_fractions_are_rounded_to_the_nearest_decimal(fraction, digits):
    assert is_nearest(rounded(number(fraction), digits), fraction, digits)


@pytest.mark.parametrize("radicand", ["2", "3", "1/3", "99/70", "1e-80", "2e-80", "7e61"])
@pytest.mark.parametrize("factor", ["1", "-1", "-2/7", "1e-40", "3e25"])
@pytest.mark.parametrize("digits", [5, 15, 30, 60])
def test_square_roots_are_rounded_correctly(radicand, factor, digits):
    found = rounded(root(radicand, factor), digits)
    assert found == expected_root(radicand, factor, digits)


def test_roots_in_a_number_field_are_rounded_like_the_square_roots_they_are():
    names = ("x",)
    equations = PolynomialSystem(names, (parse_polynomial("x^2 - 2", names),))
    parametrisation = Parametrisation(fmpz_poly([-2, 0, 1]), fmpq_poly([1]), (fmpq_poly([0, 1]),))
    negative, positive = real_solutions(parametrisation)
    for claim, sign in ((negative, -1), (positive, 1)):
        point = IsolatedPoint(equations, certified_box(equations, claim.balls), claim)
        (x,) = point.coordinates
        assert rounded(x) == expected_root(2, sign)
        assert decimal_text(x * x - 2) == "0"
        assert decimal_text(x * x) == "2"
        # sqrt(2) sqrt(sqrt(2)) is the fourth root of 8.
        fourth = PRECISE.sqrt(PRECISE.sqrt(Decimal(8)))
        assert rounded(RootMultiple(x, x * sign)) == Context(prec=DIGITS).plus(fourth).copy_sign(
            Decimal(sign)
        )


def test_the_digits_do_not_depend_on_the_decimal_context():
    with decimal.localcontext() as context:
        context.prec = 5
        assert decimal_text(number("1/3")) == "0." + 30 * "3"
        low, high = enclosing_interval(number("1/3"))
    assert low < fmpq(1, 3) < high


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0", "0"),
        ("1", "1"),
        ("-1", "-1"),
        ("100", "100"),
        ("-0.25", "-0.25"),
        ("3.4", "3.4"),
        ("1e10", "10000000000"),
        ("1/3", "0." + 30 * "3"),
        ("-2/3", "-0." + 29 * "6" + "7"),
        ("1/3000", "0.000" + 30 * "3"),
    ],
)
def test_texts_are_plain_and_without_trailing_zeros(value, text):
    assert decimal_text(number(value)) == text


@settings(max_examples=100)
@given(fractions)
def test_texts_are_decimals_equal_to_the_rounded_value(fraction):
    text = decimal_text(number(fraction))
    assert Decimal(text) == rounded(number(fraction))
    assert len(text) <= DIGITS + 12
    assert text != "-0"


@pytest.mark.parametrize("value", ["1e-40", "-3e-200", "7e90", "-1e300"])
def test_tiny_and_huge_numbers_get_an_exponent(value):
    text = decimal_text(number(value))
    assert Decimal(text) == Decimal(value)
    assert "E" in text
    tiny = decimal_text(root(2, value))
    assert Decimal(tiny) == expected_root(2, value)


@settings(max_examples=100)
@given(fractions, st.integers(1, 40))
def test_the_interval_holds_the_number_and_is_two_units_wide(fraction, digits):
    low, high = enclosing_interval(number(fraction), digits)
    value = fmpq(fraction.numerator, fraction.denominator)
    if fraction == 0:
        assert low == high == 0
    else:
        assert low < value < high
        middle = Fraction(rounded(number(fraction), digits))
        width = Fraction(int((high - low).p), int((high - low).q))
        # Between one and ten units of the last digit of the leading one, twice.
        assert abs(middle) / 10**digits < width / 2 <= abs(middle) / 10 ** (digits - 1)


def test_the_interval_of_an_irrational_number_holds_it():
    low, high = enclosing_interval(root(2))
    assert low * low < 2 < high * high
    assert high - low == 2 * fmpq(10) ** (1 - DIGITS)
    low, high = enclosing_interval(root(2, -1))
    assert low < high < 0
    assert high * high < 2 < low * low


def test_the_root_of_zero_and_no_times_a_root_are_exactly_zero():
    for zero in (root(0), root(2, 0)):
        assert zero.is_zero()
        assert decimal_text(zero) == "0"
        assert enclosing_interval(zero) == (0, 0)


@pytest.mark.parametrize(("value", "digits"), [("0.5", 1), ("2.5", 1), ("-0.15", 1), ("1.25", 2)])
def test_ties_go_to_one_of_the_two_neighbours(value, digits):
    assert is_nearest(rounded(number(value), digits), Fraction(value), digits)


def test_an_exact_tie_that_no_ball_settles_still_ends():
    tie = number("1/3") * number("9/20")  # 3/20, and never an exact ball
    assert is_nearest(rounded(tie, 1), Fraction(3, 20), 1)
