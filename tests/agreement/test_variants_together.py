"""Activation, biases, linear part, weights and loss in combination: all ways agree."""

from dataclasses import replace

import pytest
from flint import fmpq

from reluenum import Problem, enumerate_minima
from reluenum.engines.checked import refusal
from tests.support.oracles import by_any_route, random_problem

HEAVY = (fmpq(2), fmpq(1, 3), fmpq(1), fmpq(5, 2))

TOGETHER = [
    random_problem(1, 4, 2, 1, "1/10", activation="abs", hidden_bias="none"),
    random_problem(2, 4, 2, 2, "1/10", activation="leaky:1/10", hidden_bias="none"),
    random_problem(
        3, 4, 2, 1, "1/20", "tie", activation="leaky:-1/2", hidden_bias="none", output_bias="free"
    ),
    random_problem(
        4, 4, 1, 2, "1/10", activation="slopes:1/3,2", hidden_bias="none", output_bias="ridge"
    ),
    replace(random_problem(5, 4, 1, 2, "1/10", activation="abs", loss="mean"), weights=HEAVY),
    replace(random_problem(6, 4, 2, 1, "1/10", hidden_bias="none"), weights=HEAVY),
    replace(
        random_problem(7, 4, 2, 1, "1/30", activation="slopes:0,-1", hidden_bias="none"),
        weights=HEAVY,
        output_bias="free",
    ),
    Problem.from_text(
        [["1", "1"], ["1", "-1"], ["-1", "1"], ["-1", "-1"]],
        ["1", "-1", "-1", "1"],
        2,
        "1/10",
        activation="abs",
        hidden_bias="none",
    ),
    replace(random_problem(8, 4, 2, 1, "1/10", "tie", linear="free"), weights=HEAVY),
    replace(
        random_problem(9, 4, 1, 2, "1/30", linear="ridge", activation="leaky:1/10", loss="mean"),
        weights=HEAVY,
        output_bias="free",
    ),
    random_problem(
        10, 4, 2, 1, "1/20", linear="free", output_bias="ridge", hidden_bias="none", loss="mean"
    ),
    random_problem(
        11, 5, 1, 2, "1/50", "tie", linear="free", output_bias="free", activation="slopes:1/3,2"
    ),
    random_problem(12, 4, 2, 1, "1/10", linear="ridge", activation="abs", hidden_bias="none"),
]


@pytest.mark.parametrize("problem", TOGETHER, ids=str)
def test_all_ways_list_the_same_minima_and_the_checker_proves_them(problem):
    certified = enumerate_minima(problem, engine="certified")
    groebner = enumerate_minima(problem)
    eliminated = enumerate_minima(problem, formulation="eliminated")
    assert certified.is_complete
    assert refusal(certified.document) == ""
    assert by_any_route(groebner.document) == by_any_route(certified.document)
    kept = {**by_any_route(eliminated.document), "enumeration": None}
    assert kept == {**by_any_route(groebner.document), "enumeration": None}
    assert Problem.from_document(certified.document["problem"]) == problem


def test_copies_of_a_point_are_its_weight_whatever_else_is_asked():
    asked = {"activation": "leaky:1/10", "hidden_bias": "none", "output_bias": "ridge"}
    inputs, targets = [["1", "0"], ["-1", "2"], ["1", "1"]], ["1", "-2", "1/2"]
    once = Problem.from_text(inputs, targets, 1, "1/5", weights=["3", "1", "2"], **asked)
    places = (0, 0, 0, 1, 2, 2)
    copies = Problem.from_text(
        [inputs[k] for k in places], [targets[k] for k in places], 1, "1/5", **asked
    )
    decimals = [
        [
            record["loss"]
            for record in enumerate_minima(p, engine="certified").document["components"]
        ]
        for p in (once, copies)
    ]
    assert decimals[0] == decimals[1] != []
