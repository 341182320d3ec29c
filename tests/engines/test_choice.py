"""Which engine `auto` stands for."""

import pytest
from flint import fmpq

from reluenum import Problem
from reluenum.datasets.families import random_data
from reluenum.engines.choice import fastest


def posed(points, dimension, width):
    inputs, targets = random_data(points, dimension, seed=1)
    return Problem(inputs, targets, width, fmpq(1))


@pytest.mark.parametrize(
    ("points", "dimension", "width", "engine"),
    [
        (30, 1, 2, "certified"),
        (40, 1, 2, "branch"),
        (5, 1, 4, "certified"),
        (8, 2, 2, "certified"),
        (12, 2, 2, "branch"),
        (60, 2, 1, "certified"),  # of one unit there are never too many supports
        (6, 3, 2, "branch"),
        (30, 1, 5, "certified"),  # which refuses it
    ],
)
def test_boxes_are_chosen_for_so_many_supports_that_they_are_faster(
    points, dimension, width, engine
):
    assert fastest(posed(points, dimension, width)).engine == engine


def test_boxes_are_not_chosen_for_inputs_in_a_smaller_plane():
    inputs = [[k, 2 * k] for k in range(20)]
    found = fastest(Problem.from_arrays(inputs, [k % 3 for k in range(20)], 2, 0.5))
    assert found == ("certified", "inputs that a smaller plane or line contains")


def test_the_reason_counts_the_supports():
    assert fastest(posed(12, 2, 2)).reason == "up to 141,246 supports, more than 50,000"
