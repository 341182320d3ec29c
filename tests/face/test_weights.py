"""Weights of data points: what is read, what is refused, and what the numbers of a problem are."""

import json
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from flint import fmpq
from scipy.optimize import check_grad

from reluenum import Problem, enumerate_minima
from reluenum.datasets.datafiles import parse_csv, parse_points
from reluenum.datasets.families import to_csv
from reluenum.datasets.layout import Layout
from reluenum.errors import InputError
from reluenum.optimisers.networks import Objective
from reluenum.optimisers.steps import LBFGS

pytestmark = pytest.mark.seconds(20)

DATA = [["0"], ["0"]], ["0", "3"]


def heavy(ridge="3", loss="sum", output_bias="none", weights=("1", "2")):
    return Problem.from_text(*DATA, 1, ridge, loss, output_bias, weights=weights)


@pytest.mark.parametrize(
    ("loss", "ridge", "output_bias", "expected", "bias", "living"),
    [
        ("sum", "3", "none", 15, 0, 1),
        ("mean", "1", "none", 5, 0, 1),
        ("sum", "3", "free", 6, 2, 0),
        ("sum", "3", "ridge", 12, 1, 0),
        ("mean", "1", "ridge", 4, 1, 0),
    ],
)
def test_the_example_by_hand(loss, ridge, output_bias, expected, bias, living):
    """Example 5 of docs/theory.md: one data point of weight 3 and target 2, and 6 besides."""
    problem = heavy(ridge, loss, output_bias)
    assert (problem.total_weight, problem.scatter, problem.effective_ridge) == (3, 6, 3)
    assert (problem.sites[0].weight, problem.sites[0].mean) == (3, 2)
    for engine in ("certified", "groebner"):
        landscape = enumerate_minima(problem, engine=engine)
        (component,) = landscape.document["components"]
        assert Fraction(component["loss"]) == expected
        assert landscape[0].network.bias == bias
        assert len(component["strata"][0]["support"]) == living


def test_what_is_not_weighted_has_the_document_that_it_had():
    plain = Problem.from_text(*DATA, 1, "3")
    assert heavy(weights=["1", "1"]) == plain == heavy(weights=None)
    assert "weights" not in plain.to_document()
    assert heavy().to_document()["weights"] == ["1", "2"]
    assert heavy() != plain
    assert Problem.from_document(json.loads(json.dumps(heavy().to_document()))) == heavy()
    assert "weights of sum 3" in repr(heavy())


def test_arrays_series_and_columns_are_read():
    X, y = np.array([[0.0], [1.0]]), np.array([1.0, 2.0])
    expected = Problem.from_text([["0"], ["1"]], ["1", "2"], 1, "1", weights=["1/2", "3"])
    for weights in ([0.5, 3], np.array([0.5, 3.0]), np.array([[0.5], [3.0]]), pd.Series([0.5, 3])):
        assert Problem.from_arrays(X, y, 1, 1, weights=weights) == expected


@pytest.mark.parametrize(
    ("weights", "text"),
    [
        (["1", "0"], r"weights\[1\]: 0 is not positive; expected a positive number"),
        (["-1/2", "1"], r"weights\[0\]: -1/2 is not positive"),
        (["nan", "1"], r"weights\[0\]: "),
        (["1"], "weights: 1 weights and 2 data points; expected one weight for each data point"),
        ([], "weights: 0 weights and 2 data points"),
        (["1"] * 3, "weights: 3 weights and 2 data points"),
        (["1", None], r"weights\[1\]: "),
        ("12", "weights: "),
        ([1.5, 1], r"weights\[0\]: the float 1.5"),
    ],
)
def test_bad_weights_are_refused_in_one_line(weights, text):
    with pytest.raises(InputError, match=text) as found:
        heavy(weights=weights)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize("weight", [0, -1.0, float("nan"), float("inf"), None, True, "x"])
def test_bad_entries_of_arrays_are_refused(weight):
    with pytest.raises(InputError, match=r"weights.*1"):
        Problem.from_arrays([0, 1], [0, 1], 1, 1, weights=[1, weight])


def test_a_table_of_weights_or_other_labels_are_refused():
    with pytest.raises(InputError, match=r"weights: .* one for each row of the targets"):
        Problem.from_arrays([0, 1], [0, 1], 1, 1, weights=[[1, 2], [3, 4]])
    series = pd.Series([1.0, 2.0], index=["a", "b"])
    with pytest.raises(InputError, match="y and weights: rows with different labels"):
        Problem.from_arrays([0, 1], pd.Series([0, 1]), 1, 1, weights=series)


def test_several_hidden_layers_have_no_weights():
    text = "weights: weights with 2 hidden layers; expected equal weights of 1"
    with pytest.raises(InputError, match=text):
        Problem.from_text(*DATA, [2, 1], "1", weights=["1", "2"])
    assert not Problem.from_text(*DATA, [2, 1], "1", weights=["1", "1"]).weighs


# Files.


def test_a_column_w_has_the_weights():
    found = parse_points("w,x,y\n2,0,1\n1/3,1,2\n", "mine")
    assert found.weights == (fmpq(2), fmpq(1, 3))
    assert (found.inputs, found.targets) == parse_csv("x,y\n0,1\n1,2\n", "mine")
    assert parse_points("x,y\n0,1\n", "mine").weights == ()


def test_a_column_can_be_named_and_is_no_weight_otherwise():
    text = "dose,effect,n,w\n1,2,3,4\n"
    named = Layout("dose", "effect", weights="n")
    assert parse_points(text, "mine", named).weights == (3,)
    assert parse_points(text, "mine", Layout("dose", "effect")).weights == ()
    assert parse_points("x,w\n1,2\n", "mine", Layout(target="w")).weights == ()
    assert parse_points("x,y,n\n1,2,3\n", "mine", Layout(weights="n")).weights == (3,)


@pytest.mark.parametrize(
    ("text", "layout", "expected"),
    [
        ("x,y,w\n0,1,0\n", Layout(), "mine, row 2, column w: a weight of 0; expected a positive"),
        ("x,y,w\n0,1,-2\n", Layout(), "mine, row 2, column w: a weight of -2"),
        ("x,y,w\n0,1,nan\n", Layout(), "mine, row 2, column w: "),
        ("x,y,w\n0,1,\n1,1,2\n", Layout(), "mine, row 2, column w: an empty cell"),
        ("x,y,w,w\n0,1,1,1\n", Layout(), "column w twice"),
        ("x,y\n0,1\n", Layout(weights="n"), "no column 'n'"),
        ("x,y\n0,1\n", Layout(weights="y"), "column 'y' as target and as weights"),
    ],
)
def test_bad_columns_are_refused_in_one_line(text, layout, expected):
    with pytest.raises(InputError, match=expected) as found:
        parse_points(text, "mine", layout)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize("name", ["", "x", "y"])
def test_weights_have_a_column_of_their_own(name):
    with pytest.raises(InputError, match=r"weights: .* neither one of inputs nor the target"):
        Layout("x", "y", weights=name)


def test_what_is_written_is_read():
    data = parse_points("x1,x2,y,w\n0,1,1/2,2\n1,1,-2,1/3\n", "mine")
    assert parse_points(to_csv(*data), "mine") == data
    assert to_csv(*data[:2], (fmpq(1), fmpq(1))) == to_csv(*data[:2])


def test_who_reads_no_weights_says_so():
    with pytest.raises(InputError, match="mine: a column of weights"):
        parse_csv("x,y,w\n0,1,2\n", "mine")


# Doubles.


@pytest.mark.parametrize("output_bias", ["none", "free", "ridge"])
def test_losses_and_gradients_are_those_of_the_rows(output_bias):
    rows = [0, 1, 1, 1, 3], [1, -1, -1, -1, 2]
    few = Problem.from_arrays(
        [0, 1, 3], [1, -1, 2], 2, "1/10", "mean", output_bias, weights=[1, 3, 1]
    )
    many = Problem.from_arrays(*rows, 2, "1/10", "mean", output_bias)
    one, other = Objective(few), Objective(many)
    theta = one.draw(6, np.random.default_rng(1))
    values, slopes = one.evaluate(theta)
    expected, others = other.evaluate(theta)
    assert np.allclose(values, expected, rtol=1e-12)
    assert np.allclose(slopes, others, rtol=1e-12)
    for row in theta:
        wrong = check_grad(
            lambda t: one.evaluate(t[None])[0][0], lambda t: one.evaluate(t[None])[1][0], row
        )
        assert wrong < 1e-4 * (1 + np.abs(slopes).max())
    assert np.isclose(one.energy, other.energy)
    assert np.isclose(one.stiffness, other.stiffness)
    assert np.isclose(one.hardest, other.hardest)


def test_descents_end_at_minima_of_the_weighted_loss():
    X, y = [-1, 0, 1, 2], [1, 0, -1, 2]
    problem = Problem.from_arrays(X, y, 2, "1/10", weights=[3, "1/2", 1, 2])
    losses = [float(c.loss) for c in enumerate_minima(problem, engine="certified")]
    objective = Objective(problem)
    random = np.random.default_rng(0)
    ends = LBFGS()(objective, objective.draw(12, random), random)
    values = objective.evaluate(ends)[0]
    assert min(abs(values.min() - loss) for loss in losses) < 1e-6
    near = [min(abs(value - loss) for loss in losses) < 1e-5 for value in values]
    assert sum(near) >= 6


def test_scaling_weights_and_ridge_scales_the_loss():
    problem = Problem.from_text([["0"], ["1"], ["3"]], [1, -1, 2], 2, "1/10", weights=[1, 2, "1/3"])
    scaled = Problem.from_text(
        [["0"], ["1"], ["3"]], [1, -1, 2], 2, "7/20", weights=["7/2", "7", "7/6"]
    )
    left, right = (enumerate_minima(p, engine="certified").components for p in (problem, scaled))
    assert len(left) == len(right) > 0
    for one, other in zip(left, right, strict=True):
        assert abs(float(other.loss) - 3.5 * float(one.loss)) < 1e-12
