"""The field of one real root: identities that no amount of precision could decide."""

from itertools import pairwise
from math import isqrt

import pytest
from flint import arb, ctx, fmpq, fmpq_poly, fmpz_poly
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reluenum.algebra.numberfield import (
    FIRST_BITS,
    RealField,
    ball_sign,
    precisions,
    rationals,
    real_roots,
)

T = fmpq_poly([0, 1])

ROOT_2 = RealField(fmpz_poly([-2, 0, 1]), 1)
# t = sqrt(2) + sqrt(3), the largest of the four roots of t^4 - 10 t^2 + 1.
BIQUADRATIC = RealField(fmpz_poly([1, 0, -10, 0, 1]), 3)

SQRT_2 = BIQUADRATIC((T**3 - 9 * T) / 2)

SQRT_3 = BIQUADRATIC((11 * T - T**3) / 2)

small = st.integers(-5, 5)

elements = st.lists(small, min_size=4, max_size=4).map(lambda c: BIQUADRATIC(fmpq_poly(c)))


def sign(element, bits=256):
    return 0 if element.is_zero() else ball_sign(element.ball(bits))


def test_the_square_of_the_root_of_two_is_two():
    root = ROOT_2(T)
    assert (root * root - 2).is_zero()
    assert not (root - fmpq(99, 70)).is_zero()
    assert (root * (root - 2) + 2 * root - 2).is_zero()


def test_square_roots_of_two_and_three_live_in_the_field_of_their_sum():
    assert (SQRT_2 * SQRT_2 - 2).is_zero()
    assert (SQRT_3 * SQRT_3 - 3).is_zero()
    assert (SQRT_2 + SQRT_3 - BIQUADRATIC(T)).is_zero()
    assert sign(SQRT_2) == sign(SQRT_3) == 1
    # (sqrt 3 - sqrt 2)(sqrt 3 + sqrt 2) = 1
    assert ((SQRT_3 - SQRT_2).inverse() - BIQUADRATIC(T)).is_zero()


def test_signs_of_tiny_differences_are_right():
    root = ROOT_2(T)
    assert sign(root - fmpq(99, 70)) == -1
    assert sign(root - fmpq(140, 99)) == 1
    below = fmpq(isqrt(2 * 10**120), 10**60)
    assert sign(root - below, 512) == 1
    assert sign(root - (below + fmpq(1, 10**60)), 512) == -1


def test_an_enclosure_that_is_too_wide_claims_nothing():
    difference = ROOT_2(T) - fmpq(isqrt(2 * 10**120), 10**60)
    assert ball_sign(difference.ball(64)) == 0
    with ctx.workprec(64):
        assert [ball_sign(arb(b)) for b in (1, -1, 0)] == [1, -1, 0]


@settings(max_examples=60)
@given(elements)
def test_an_element_times_its_inverse_is_one(element):
    assume(not element.is_zero())
    assert (element * element.inverse() - 1).is_zero()


def test_zero_has_no_inverse():
    with pytest.raises(ZeroDivisionError, match="inverse of 0"):
        (SQRT_2 * SQRT_2 - 2).inverse()


@settings(max_examples=60)
@given(elements, elements, small)
def test_arithmetic_agrees_with_that_of_the_enclosures(left, right, number):
    with ctx.workprec(300):
        x, y, q = left.ball(300), right.ball(300), fmpq(number, 7)
        pairs = [
            (left + right, x + y),
            (left - right, x - y),
            (left * right, x * y),
            (-left, -x),
            (left + q, x + q),
            (q + left, q + x),
            (left - q, x - q),
            (q - left, q - x),
            (left * q, x * q),
            (q * left, q * x),
            (number - left, number - x),
        ]
        assert all(element.ball(300).overlaps(ball) for element, ball in pairs)
        assert all((element.ball(300) - ball).rad() < 1e-60 for element, ball in pairs)


@settings(max_examples=40)
@given(elements)
def test_the_minimal_polynomial_is_irreducible_and_vanishes(element):
    minimal = element.minimal_polynomial()
    content, factors = minimal.factor()
    assert abs(content) == 1
    assert [exponent for _, exponent in factors] == [1]
    total = BIQUADRATIC(0)
    for coefficient in reversed(minimal.coeffs()):
        total = total * element + fmpq(coefficient)
    assert total.is_zero()


def test_minimal_polynomials_known_by_hand():
    assert SQRT_2.minimal_polynomial() == fmpz_poly([-2, 0, 1])
    assert (SQRT_2 + SQRT_3).minimal_polynomial() == BIQUADRATIC.polynomial
    assert (SQRT_2 * SQRT_3).minimal_polynomial() == fmpz_poly([-6, 0, 1])
    assert BIQUADRATIC(fmpq(3, 4)).minimal_polynomial() == fmpz_poly([-3, 4])
    assert BIQUADRATIC(0).minimal_polynomial() == fmpz_poly([0, 1])


def test_the_rationals_are_a_field_of_degree_one():
    field = rationals()
    assert (field(fmpq(2, 3)) * fmpq(3, 2) - 1).is_zero()
    assert (field(fmpq(2, 3)).ball(64) * 3).contains(2)
    assert field(5).minimal_polynomial() == fmpz_poly([-5, 1])


def test_real_roots_are_ascending_and_without_the_complex_ones():
    # (t^2 - 2)(t^2 + 1)(t + 3)
    polynomial = fmpz_poly([-2, 0, 1]) * fmpz_poly([1, 0, 1]) * fmpz_poly([3, 1])
    found = real_roots(polynomial)
    assert [round(float(root.mid()), 6) for root in found] == [-3, -1.414214, 1.414214]
    assert real_roots(fmpz_poly([1, 0, 1])) == []


def test_roots_that_nearly_coincide_are_told_apart():
    # (10^40 t^2 - 1) has roots +-10^-20; next to them 0 and 10^-19.
    polynomial = fmpz_poly([-1, 0, 10**40]) * fmpz_poly([0, 1]) * fmpz_poly([-1, 10**19])
    found = real_roots(polynomial)
    assert [ball_sign(root) for root in found] == [-1, 0, 1, 1]
    assert all(not a.overlaps(b) for a, b in pairwise(found))


def test_fields_are_equal_when_they_have_the_same_root():
    same = RealField(fmpz_poly([-2, 0, 1]), 1)
    assert same == ROOT_2
    assert hash(same) == hash(ROOT_2)
    assert RealField(fmpz_poly([-2, 0, 1]), 0) != ROOT_2
    assert ROOT_2 != 2


@pytest.mark.parametrize("bits", [64, 256, 1024])
def test_balls_shrink_with_the_precision_and_keep_the_number(bits):
    ball = ROOT_2(T).ball(bits)
    assert ball.rad() < arb(2) ** -(bits - 8)
    with ctx.workprec(2 * bits):
        assert (ball**2).contains(2)


def test_precisions_double_for_ever():
    found = precisions()
    assert [next(found) for _ in range(4)] == [FIRST_BITS * k for k in (1, 2, 4, 8)]
