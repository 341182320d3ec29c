"""Kernels and definite forms in balls, and elimination over any field."""

import numpy as np
import pytest
from flint import Ordering, arb, fmpq, fmpq_mpoly_ctx

from reluenum.algebra.forms import (
    independent_rows,
    is_positive_definite,
    is_positive_on_quadrant,
    kernel_of,
    least_on_orthant,
    pivots_of_rows,
)
from reluenum.algebra.linear import solved_by


def balls(matrix):
    return np.array([[arb(int(entry)) for entry in row] for row in matrix], dtype=object)


def test_a_kernel_is_annihilated_and_has_the_right_dimension():
    rows = balls([[1, 2, 3, 4], [0, 1, 5, 2]])
    kernel = kernel_of(rows)
    assert kernel.shape == (4, 2)
    assert all(entry.contains(0) for entry in (rows @ kernel).ravel())


def test_dependent_rows_have_no_proved_kernel():
    assert kernel_of(balls([[1, 2], [2, 4]])) is None
    assert kernel_of(balls([[1, 0], [0, 1], [1, 1]])) is None


def test_rows_can_be_asked_to_be_independent_in_some_columns():
    rows = balls([[1, 0, 7], [1, 0, 8]])
    assert kernel_of(rows) is not None
    assert kernel_of(rows, [0, 1]) is None


@pytest.mark.parametrize("seed", range(5))
def test_a_gram_matrix_is_positive_definite_and_stops_to_be_so_below_its_least_eigenvalue(seed):
    half = np.random.default_rng(seed).integers(-9, 10, (4, 4)) + 20 * np.eye(4, dtype=int)
    gram = half.T @ half
    least = int(np.linalg.eigvalsh(gram)[0])
    assert is_positive_definite(balls(gram))
    assert is_positive_definite(balls(gram - (least - 1) * np.eye(4, dtype=int)))
    assert not is_positive_definite(balls(gram - (least + 1) * np.eye(4, dtype=int)))


def test_a_form_on_a_quadrant_is_positive_as_long_as_its_edges_and_their_angle_allow():
    """x^2 + 2 t x y + y^2 on x, y >= 0, with z = x + y along: positive exactly for t > -1."""
    zero = balls([[1, 1, -1]])
    axes = balls([[1, 0, 0], [0, 1, 0]])
    for t, expected in ((-2, False), (-1, False), (0, True), (5, True)):
        form = balls([[1, t, 0], [t, 1, 0], [0, 0, 0]])
        assert is_positive_on_quadrant(form, zero, axes) == expected
    assert not is_positive_on_quadrant(balls([[0, 1, 0], [1, 1, 0], [0, 0, 0]]), zero, axes)


def test_directions_off_the_quadrant_count_where_they_are_free():
    """x^2 + y^2 + 2 x z + k z^2 with z free is positive exactly for k > 1."""
    axes = balls([[1, 0, 0], [0, 1, 0]])
    nothing = balls([]).reshape(0, 3)
    for k, expected in ((1, False), (2, True)):
        form = balls([[1, 0, 1], [0, 1, 0], [1, 0, k]])
        assert is_positive_on_quadrant(form, nothing, axes) == expected


def test_rows_depend_over_rational_functions_only_if_they_do_so_for_all_values():
    context = fmpq_mpoly_ctx.get(("s", "t"), Ordering.degrevlex)
    s, t = context.gens()
    one, zero = context.constant(1), context.constant(0)
    assert independent_rows([[s, t], [s * t, t * t], [one, zero]]) == [0, 2]
    assert independent_rows([[s, t], [t, s]]) == [0, 1]


def test_elimination_solves_after_rows_are_put_in_order():
    matrix = [[fmpq(0), fmpq(2)], [fmpq(3), fmpq(1)]]
    order = pivots_of_rows(np.array([[0.0, 2.0], [3.0, 1.0]]))
    right = [fmpq(4), fmpq(5)]
    assert solved_by([matrix[k] for k in order], [right[k] for k in order]) == [1, 2]


def test_a_form_is_below_zero_at_the_ray_that_shows_it():
    """Lemma D73: small faces first; no vector that was tried contradicts the sign."""
    draw, seen = np.random.default_rng(5), set()
    for _ in range(60):
        table = draw.integers(-3, 4, size=(3, 3))
        form = balls((table + table.T + 2 * np.eye(3, dtype=int)).tolist())
        for most in (1, 2, 3):
            sign, ray = least_on_orthant(form, most)
            seen.add((most, sign))
            assert (ray >= 0).all()
            assert (ray > 0).sum() <= most
            if sign == -1:
                assert ray @ form @ ray < 0
            elif sign == 1:
                tried = draw.integers(0, 5, size=(40, 3)) * (np.arange(3) < most)
                tried = np.array([draw.permutation(v) for v in tried if v.any()])
                assert all(v @ form @ v > 0 for v in tried)
    assert seen >= {(most, sign) for most in (1, 2, 3) for sign in (1, -1)}
