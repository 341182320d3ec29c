"""The eliminated formulation on data with symmetries: fibres of critical points, ties, zeros."""

import pytest

from reluenum import Problem, enumerate_minima
from reluenum.documents.minima import stationary_document
from reluenum.documents.results import to_json
from tests.support.oracles import by_any_route, random_problem

CASES = {
    "a curve between two faces (Example 1)": ([["-3/4"], ["4/3"]], ["2", "-1"], 2, "1", "none"),
    "Example 1 at width 3": ([["-3/4"], ["4/3"]], ["2", "-1"], 3, "1", "none"),
    "a polytope of squares (Example 2)": ([["-3/4"], ["3/4"]], ["2", "-2"], 2, "6/5", "free"),
    "a polytope at width 3": ([["-3/4"], ["3/4"]], ["2", "-2"], 3, "1/2", "free"),
    "mirrored data": ([["-1"], ["0"], ["1"]], ["1", "0", "1"], 2, "1/10", "none"),
    "mirrored data, free bias": ([["-1"], ["0"], ["1"]], ["1", "0", "1"], 2, "1/10", "free"),
    "targets 0": ([["-1"], ["0"], ["2"]], ["0", "0", "0"], 2, "1/100", "none"),
    "one point at the transition": ([["3/4"]], ["2"], 2, "5/2", "none"),
    "repeated inputs": ([["-1"], ["1"], ["-1"], ["1"]], ["1", "2", "0", "1"], 2, "1/3", "none"),
    "a square": (
        [["-1", "-1"], ["-1", "1"], ["1", "-1"], ["1", "1"]],
        ["1", "-1", "-1", "1"],
        1,
        "1/2",
        "none",
    ),
}


def text(landscape):
    return to_json(by_any_route(landscape.document))


@pytest.mark.parametrize("name", CASES)
def test_degenerate_data_end_with_the_same_documents(name):
    inputs, targets, width, ridge, bias = CASES[name]
    problem = Problem.from_text(inputs, targets, width, ridge, output_bias=bias)
    reduced = enumerate_minima(problem)
    eliminated = enumerate_minima(problem, formulation="eliminated")
    assert eliminated.is_complete
    assert text(eliminated) == text(reduced)
    points = [stationary_document(found)["points"] for found in (eliminated, reduced)]
    assert [p["minimum"] for p in points[0]] == [p["minimum"] for p in points[1]]


@pytest.mark.slow
def test_a_square_and_two_units_have_curves_of_critical_points():
    """Fibres of positive dimension (Lemma 25)."""
    inputs, targets, _, ridge, _ = CASES["a square"]
    problem = Problem.from_text(inputs, targets, 2, ridge)
    found = enumerate_minima(problem, formulation="eliminated")
    assert found.is_complete
    assert text(found) == text(enumerate_minima(problem))


def test_a_zero_multiplier_is_settled_by_the_curvature_along_its_ray():
    problem = random_problem(52, 4, 1, 2, "1/10", "tie", output_bias="free")
    found = enumerate_minima(problem, formulation="eliminated")
    assert text(found) == text(enumerate_minima(problem))
