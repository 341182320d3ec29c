"""Balls in double precision enclose what exact arithmetic finds."""

from fractions import Fraction

import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from reluenum.algebra.balls import Balls, norm_bound

# Sums of these cancel, underflow and differ widely in size.
DOUBLES = st.floats(-1e60, 1e60, allow_nan=False) | st.sampled_from(
    [0.0, 1.0, -1.0, 0.1, 1 / 3, 1e-300, -1e-300, 5e-324, 1e16, -1e16, 1 + 2**-52]
)

RADII = st.sampled_from([0.0, 1e-20, 1e-3, 2.0, 1e10, 5e-324])

SHARES = st.fractions(-1, 1, max_denominator=7)


@st.composite
def balls_with_points(draw, shape):
    """An array of balls, and an exact rational point in each of them."""
    size = int(np.prod(shape))
    mid = draw(st.lists(DOUBLES, min_size=size, max_size=size))
    rad = draw(st.lists(RADII, min_size=size, max_size=size))
    shares = draw(st.lists(SHARES, min_size=size, max_size=size))
    points = [Fraction(m) + s * Fraction(r) for m, r, s in zip(mid, rad, shares, strict=True)]
    found = Balls(np.array(mid).reshape(shape), np.array(rad).reshape(shape))
    return found, np.array(points, dtype=object).reshape(shape)


def assert_encloses(balls, points):
    for mid, rad, point in zip(
        balls.mid.flat, balls.rad.flat, np.asarray(points, dtype=object).flat, strict=True
    ):
        if np.isfinite(mid) and np.isfinite(rad):
            assert abs(Fraction(mid) - point) <= Fraction(rad)


@settings(max_examples=150)
@given(balls_with_points((2, 3)), balls_with_points((2, 3)))
def test_sums_differences_and_products_are_enclosed(left, right):
    (a, x), (b, y) = left, right
    assert_encloses(a + b, x + y)
    assert_encloses(a - b, x - y)
    assert_encloses(a * b, x * y)
    assert_encloses(-a, -x)
    assert_encloses(a.square(), x * x)
    assert_encloses(a.sum(1), x.sum(1))
    assert_encloses(a.widened(b.rad), x + (y - y))


@settings(max_examples=100)
@given(balls_with_points((2, 2, 5)), balls_with_points((2, 5, 3)))
def test_matrix_products_are_enclosed(left, right):
    (a, x), (b, y) = left, right
    exact = [
        [[sum(p * q for p, q in zip(row, column, strict=True)) for column in m.T] for row in k]
        for k, m in zip(x, y, strict=True)
    ]
    assert_encloses(a @ b, exact)
    assert_encloses((b.mT @ a.mT).mT, exact)


@settings(max_examples=150)
@given(balls_with_points((4,)))
def test_signs_and_bounds_hold_for_every_point(pair):
    balls, points = pair
    for k, point in enumerate(points):
        assert not balls.positive()[k] or point > 0
        assert not balls.negative()[k] or point < 0
        assert Fraction(balls.magnitude()[k]) >= abs(point)
    assert Fraction(float(norm_bound(balls))) ** 2 >= sum(point * point for point in points)


@settings(max_examples=150)
@given(balls_with_points((3,)))
def test_reciprocal_roots_are_enclosed(pair):
    balls, points = pair
    found = balls.reciprocal_root()
    for mid, rad, point in zip(found.mid, found.rad, points, strict=True):
        if np.isfinite(rad):
            assert point > 0
            low, high = Fraction(mid) - Fraction(rad), Fraction(mid) + Fraction(rad)
            assert high > 0
            assert high * high * point >= 1
            assert low <= 0 or low * low * point <= 1


def test_radii_of_benign_results_are_a_few_roundings():
    x = Balls.exact(np.linspace(1, 2, 100).reshape(10, 10))
    product = x @ x.mT
    assert (product.rad <= 50 * 2.0**-53 * product.mid).all()
    assert ((x + x).rad <= 2.0**-50).all()
    assert (x.reciprocal_root().rad <= 2.0**-49).all()


def test_rationals_and_arbs_are_enclosed():
    numbers = [fmpq(1, 3), fmpq(-22, 7), fmpq(0), fmpq(10) ** 20 + fmpq(1, 3), fmpq(1, 10**30)]
    balls = Balls.of(numbers)
    assert_encloses(balls, [Fraction(str(number)) for number in numbers])
    assert balls.rad[2] == 0
    wide = Balls.of([arb(1, 0.5)])
    assert (wide.mid[0], wide.rad[0]) == (1, pytest.approx(0.5))


def test_numbers_beyond_all_doubles_are_enclosed_by_everything():
    balls = Balls.of([fmpq(10) ** 400])
    assert balls.rad[0] == np.inf
    assert not balls.positive()[0]


def test_what_is_not_finite_has_no_sign():
    balls = Balls(np.array([np.nan, np.inf, 1.0]), np.array([0.0, np.nan, np.nan]))
    assert not balls.positive().any()
    assert not balls.negative().any()


@settings(max_examples=100)
@given(
    st.lists(
        st.tuples(st.integers(-(10**25), 10**25), st.integers(1, 10**25), st.integers(-260, 260)),
        min_size=1,
        max_size=4,
    )
)
def test_rationals_of_any_size_are_enclosed_closely(parts):
    numbers = [fmpq(p, q) * fmpq(10) ** e for p, q, e in parts]
    balls = Balls.of(numbers)
    assert_encloses(balls, [Fraction(str(number)) for number in numbers])
    assert np.isfinite(balls.rad).all()
    assert (balls.rad <= 1e-12 * np.abs(balls.mid) + 1e-300).all()


@pytest.mark.parametrize("terms", [1, 100, 1500])
def test_long_sums_that_cancel_are_enclosed_along_any_axis(terms):
    generator = np.random.default_rng(terms)
    size = 10.0 ** generator.uniform(-20, 20, (2, terms, 2))
    a = Balls.exact(size * generator.choice([-1, 1], size.shape))
    a.mid[:, terms // 2 :] -= a.mid[:, : terms - terms // 2]
    exact = np.vectorize(Fraction, otypes=[object])(a.mid)
    for axis in range(3):
        assert_encloses(a.sum(axis), exact.sum(axis))
    inner = a.swapaxes(1, 2)[:, :1] @ a[:, :, 1:]
    assert_encloses(
        inner, [[[sum(x * y)]] for x, y in zip(exact[..., 0], exact[..., 1], strict=True)]
    )


def test_norm_bounds_are_close_on_benign_data():
    vectors = np.random.default_rng(0).standard_normal((50, 7))
    norms = np.linalg.norm(vectors, axis=1)
    bound = norm_bound(Balls.exact(vectors))
    assert (bound <= norms * (1 + 1e-10)).all()


def test_rationals_below_all_doubles_are_enclosed():
    numbers = [fmpq(1, 10**400), fmpq(-1, 10**330), fmpq(1, 3 * 2**1074), fmpq(4, 3 * 2**1074)]
    assert_encloses(Balls.of(numbers), [Fraction(str(number)) for number in numbers])


def test_sums_and_products_that_overflow_have_no_sign():
    """Their sum is -1e308, but the first two terms overflow."""
    terms = np.array([1.2e308, 1.2e308, -1.7e308, -1.7e308])
    with np.errstate(all="ignore"):
        total = Balls.exact(terms).sum(0)
        product = Balls.exact(terms[None]) @ Balls.exact(np.ones((4, 1)))
    assert not total.positive()
    assert not product.positive().any()


def test_reciprocal_roots_whose_error_bounds_underflow_are_enclosed():
    mid = 1.253092797494994e-215
    balls = Balls(np.array([mid]), np.array([mid * 2.5663575370460254e-4]))
    found = balls.reciprocal_root()
    if not np.isfinite(found.rad[0]):
        return  # everything
    high = Fraction(found.mid[0]) + Fraction(found.rad[0])
    assert high * high * (Fraction(balls.mid[0]) - Fraction(balls.rad[0])) >= 1
