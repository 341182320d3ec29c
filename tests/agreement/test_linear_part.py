"""A linear part: worked examples, symmetries, and all engines on one list."""

from dataclasses import replace
from fractions import Fraction

import pytest
from flint import fmpq, fmpq_mat

from benchmarks.activations import ACTIVATIONS, asked, drawn_small, findings
from reluenum import Problem, enumerate_minima
from reluenum.convex.program import convex_optimum
from reluenum.engines.certified.prove import certify_problem
from reluenum.engines.certified.questions import EveryWidth
from reluenum.engines.checked import refusal
from reluenum.geometry.arrangement import Arrangement
from reluenum.outer import OuterPart
from tests.support.oracles import by_any_route, outer_matrix, random_problem, residual_by_points

pytestmark = pytest.mark.seconds(60)

ROUTES = {
    "certified": {"engine": "certified"},
    "reduced": {},
    "eliminated": {"formulation": "eliminated"},
}

of_every_route = pytest.mark.parametrize("route", ROUTES)


def listed(problem, **route):
    return enumerate_minima(problem, **(route or ROUTES["certified"])).document["components"]


def supports(component):
    return [[(g["face"], g["sign"]) for g in s["support"]] for s in component["strata"]]


# By hand.


@of_every_route
def test_a_free_linear_part_and_constant_leave_one_class_of_each_pair(route):
    """Example 11 of docs/theory.md."""
    problem = Problem.from_text(
        [["-1"], ["0"], ["1"]], ["2", "-4", "2"], 1, "1", output_bias="free", linear="free"
    )
    faces = Arrangement.of(problem).live_faces
    assert [face.signs for face in faces] == ["++-", "+--", "+0-"]
    (only,) = listed(problem, **ROUTES[route])
    assert (only["loss"], only["orbit_size"], only["global_at_every_width"]) == ("18", 2, True)
    assert supports(only) == [[("+0-", 1)]]
    assert only["strata"][0]["support"][0]["sum_a_squared"] == "6"
    network = only["representative"]
    assert (network["beta"], network["m"]) == (["3"], "-2")
    (best,) = enumerate_minima(problem, **ROUTES[route])
    assert best.predict([-2, -1, 0, 1, 2]).round(12).tolist() == [4, 1, -2, 1, 4]
    flat = replace(problem, ridge=fmpq(2))  # eta = Lambda: nothing is gained by a unit
    assert supports(listed(flat, **ROUTES[route])[0]) == [[]]


@of_every_route
def test_a_free_linear_part_alone_keeps_opposite_faces_apart(route):
    """Example 12 of docs/theory.md."""
    problem = Problem.from_text([["-1"], ["1"]], ["1", "3"], 1, "1", linear="free")
    (only,) = listed(problem, **ROUTES[route])
    assert (only["loss"], supports(only)) == ("3.5", [[("++", 1)]])
    assert only["strata"][0]["support"][0]["sum_a_squared"] == "1.5"
    assert only["representative"]["beta"] == ["1"]
    assert "m" not in only["representative"]


@of_every_route
def test_a_penalised_linear_part_is_ridge_regression_where_no_unit_pays(route):
    """Example 13 of docs/theory.md."""
    problem = Problem.from_text([["1"]], ["4"], 1, "1", hidden_bias="none", linear="ridge")
    (only,) = listed(problem, **ROUTES[route])
    assert (only["loss"], supports(only)) == ("6", [[("+", 1)]])
    assert only["representative"]["beta"] == ["1"]
    (zero,) = listed(replace(problem, ridge=fmpq(3)), **ROUTES[route])
    assert supports(zero) == [[]]
    assert (zero["representative"]["beta"], zero["loss"]) == (["1"], "12")  # 4^2 * 3 / 4


def test_a_line_that_fits_needs_no_unit_at_any_width():
    """With S = {} a network is linear regression, and here nothing is left to fit."""
    problem = Problem.from_text(
        [["1", "0"], ["0", "1"], ["2", "2"]], ["1", "3", "4"], 2, "1", linear="free"
    )
    data = replace(problem, targets=tuple(map(fmpq, (1, 3, 8))))
    (only,) = listed(data)
    assert (only["loss"], only["representative"]["beta"]) == ("0", ["1", "3"])
    assert only["global_at_every_width"]
    assert listed(problem)[0]["loss"] != "0"


# One matrix.


@pytest.mark.parametrize("linear", ["free", "ridge"])
@pytest.mark.parametrize("bias", ["none", "free", "ridge"])
@pytest.mark.parametrize("special", ["", "tie", "line"])
def test_the_best_coefficients_are_the_shortest_of_least_squares(special, bias, linear):
    """Lemma 74, also where columns are dependent, with weights, against matrices by points."""
    problem = random_problem(3, 4, 2, 1, "1/3", special, output_bias=bias, linear=linear)
    problem = replace(problem, weights=(fmpq(2), fmpq(1, 3), fmpq(1), fmpq(5)))
    if special == "line":  # every input twice: two columns that are one
        doubled = tuple((row[0], row[0]) for row in problem.inputs)
        problem = replace(problem, inputs=doubled)
    bent = outer_matrix(problem)
    errors = list(problem.targets)
    pulled = [row[0] for row in (bent * fmpq_mat([[y] for y in errors])).tolist()]
    assert problem.weighted(problem.residual(problem.means)) == [
        sum(
            (
                w * r
                for w, r, row in zip(problem.weights, pulled, problem.rows, strict=True)
                if row == site.row
            ),
            fmpq(0),
        )
        for site in problem.sites
    ]
    outer = problem.outer
    coefficients = outer.coefficients(problem.means)
    bias_of, beta = problem.parted(coefficients)
    for y, r, row in zip(errors, pulled, problem.inputs, strict=True):
        assert y - r == bias_of + sum((b * x for b, x in zip(beta, row, strict=True)), fmpq(0))
    if special == "line":
        assert beta[0] == beta[1]  # the shortest of all that fit
    assert problem.absorbs_rows == (
        linear == "free"
        and not any(
            any(residual_by_points(problem, column)) for column in zip(*problem.rows, strict=True)
        )
    )


def test_columns_that_others_span_and_columns_of_zeros_have_no_part():
    one, zero = fmpq(1), fmpq(0)
    columns = [(one, one), (zero, zero), (one, one)]
    free = OuterPart.of(columns, (one, one), [zero] * 3)
    assert [column.values for column in free.columns] == [(1, 1)]
    assert free.coefficients([3, 5]) == [2, 0, 2]
    ridged = OuterPart.of(columns, (one, one), [one] * 3)
    assert ridged.residual([5, 5]) == [1, 1]
    assert ridged.coefficients([5, 5]) == [2, 0, 2]


# Symmetries.


def shape(components):
    return [
        (c["loss"], c["dimension"], c["orbit_size"], c["global_at_width"], c["strata"])
        for c in components
    ]


@pytest.mark.parametrize("hidden_bias", ["ridge", "none"])
def test_what_is_linear_in_the_targets_is_fitted_and_nothing_else_changes(hidden_bias):
    """Lemma 77(1)."""
    problem = random_problem(
        5, 4, 2, 1, "1/20", linear="free", output_bias="free", hidden_bias=hidden_bias
    )
    added = [2 * row[0] - row[1] / 3 + 7 for row in problem.inputs]
    moved = replace(problem, targets=tuple(map(sum, zip(problem.targets, added, strict=True))))
    before, after = listed(problem), listed(moved)
    assert shape(before) == shape(after) != []
    assert enumerate_minima(moved).document["components"] == after
    for one, two in zip(before, after, strict=True):
        slopes = [Fraction(b) - Fraction(a) for a, b in _pairs(one, two, "beta")]
        assert [float(s) for s in slopes] == pytest.approx([2, -1 / 3], abs=1e-25)
        level = Fraction(two["representative"]["m"]) - Fraction(one["representative"]["m"])
        assert float(level) == pytest.approx(7, abs=1e-25)
        assert one["representative"]["B"] == two["representative"]["B"]


def _pairs(one, two, key):
    return zip(one["representative"][key], two["representative"][key], strict=True)


def test_turned_inputs_have_turned_minima():
    """Lemma 77(2)."""
    for linear in ("free", "ridge"):
        problem = random_problem(6, 4, 2, 1, "1/20", linear=linear, output_bias="ridge")
        cosine, sine = fmpq(3, 5), fmpq(4, 5)
        turned = tuple((cosine * x - sine * y, sine * x + cosine * y) for x, y in problem.inputs)
        before, after = listed(problem), listed(replace(problem, inputs=turned))
        assert [c["loss"] for c in before] == [c["loss"] for c in after] != []
        assert [supports(c) for c in before] == [supports(c) for c in after]
        for one, two in zip(before, after, strict=True):
            x, y = map(Fraction, one["representative"]["beta"])
            there = [
                Fraction(3, 5) * x - Fraction(4, 5) * y,
                Fraction(4, 5) * x + Fraction(3, 5) * y,
            ]
            found = map(Fraction, two["representative"]["beta"])
            assert list(map(float, found)) == pytest.approx(list(map(float, there)), abs=1e-25)


@pytest.mark.parametrize("seed", range(2))
def test_only_the_bend_of_an_activation_counts_where_lines_are_free(seed):
    """Lemma 76(2) and Lemma 77(3): faces, squares and losses; abs at twice the ridge is relu."""
    free = {"linear": "free", "output_bias": "free"}
    relu = random_problem(20 + seed, 5, 1, 2, "1/50", **free)
    expected = listed(relu)
    leaky = listed(replace(relu, activation="slopes:-2,-1"))
    assert shape(leaky) == shape(expected) != []
    doubled = listed(replace(relu, activation="abs", ridge=fmpq(1, 25)))
    assert [(c["loss"], supports(c)) for c in doubled] == [
        (c["loss"], supports(c)) for c in expected
    ]
    for one, two in zip(expected, doubled, strict=True):
        squares = [
            float(Fraction(group["sum_a_squared"]))
            for c in (one, two)
            for group in c["strata"][0]["support"]
        ]
        half = len(squares) // 2
        assert squares[:half] == pytest.approx([2 * square for square in squares[half:]])


def test_copies_of_a_point_are_its_weight():
    asked_for = {"linear": "ridge", "output_bias": "free", "activation": "leaky:1/10"}
    inputs, targets = [["0"], ["-1"], ["3"], ["1"]], ["1", "-2", "1/2", "4"]
    once = Problem.from_text(inputs, targets, 1, "1/5", weights=["3", "1", "2", "1"], **asked_for)
    places = (0, 0, 0, 1, 2, 2, 3)
    copies = Problem.from_text(
        [inputs[k] for k in places], [targets[k] for k in places], 1, "1/5", **asked_for
    )
    assert once.outer == copies.outer
    found = [[(c["loss"], c["representative"]) for c in listed(p)] for p in (once, copies)]
    assert found[0] == found[1] != []


@pytest.mark.parametrize("ridge", ["1/100", "1/5"])
def test_the_best_minimum_at_every_width_is_that_of_the_convex_program(ridge):
    """Lemma 75(3), the dual with penalties; every width at once is proved, too."""
    for linear, bias in (("ridge", "ridge"), ("free", "none"), ("ridge", "free")):
        problem = random_problem(8, 4, 1, 3, ridge, linear=linear, output_bias=bias)
        best = min(float(Fraction(c["loss"])) for c in listed(problem.with_width(4)))
        optimum = convex_optimum(problem)
        assert best == pytest.approx(optimum.value, rel=1e-6)
        assert optimum.dual_bound == pytest.approx(optimum.value, rel=1e-6)
        document = certify_problem(problem, question=EveryWidth).document
        assert refusal(document) == ""


# All ways.


@pytest.mark.parametrize("linear", ["free", "ridge"])
@pytest.mark.parametrize("special", [False, True])
@pytest.mark.parametrize("seed", [1, 2, 4])
def test_all_ways_agree_and_descents_end_on_the_list(seed, special, linear):
    """The engines, the checker and ends of descents, as `benchmarks.activations` compares them."""
    activation = ("relu", *ACTIVATIONS)[seed]
    assert findings(asked(drawn_small(seed, special), activation, linear, seed)) == []


SYMMETRIC = [
    ([["-1"], ["0"], ["1"]], ["1", "0", "1"], "free", "none", "ridge"),  # ties of x = 0
    ([["-1"], ["0"], ["1"]], ["1", "0", "1"], "free", "ridge", "ridge"),
    (
        [["1", "1"], ["1", "-1"], ["-1", "1"], ["-1", "-1"]],
        ["1", "-1", "-1", "1"],
        "free",
        "free",
        "none",
    ),  # XOR
    (
        [["1", "2"], ["2", "4"], ["-1", "-2"], ["0", "0"]],
        ["1", "-1", "2", "1"],
        "ridge",
        "free",
        "none",
    ),  # inputs on a line
    ([["1", "0"], ["0", "1"], ["1/2", "1/2"]], ["1", "-1", "2"], "free", "none", "ridge"),
    ([["2"], ["2"]], ["3", "1"], "free", "free", "ridge"),  # one input
    ([["1"], ["2"], ["3"]], ["1", "0", "4"], "free", "none", "none"),  # rows on one ray
]


@pytest.mark.parametrize("case", SYMMETRIC, ids=str)
def test_all_ways_agree_on_degenerate_data(case):
    """Lemma 76(1), (3) and (4): whole numbers, symmetries, ties, dependent columns."""
    inputs, targets, linear, bias, hidden = case
    asked_for = {"linear": linear, "output_bias": bias, "hidden_bias": hidden}
    problem = Problem.from_text(inputs, targets, 1, "1/5", **asked_for)
    certified = enumerate_minima(problem, engine="certified")
    assert certified.is_complete
    assert refusal(certified.document) == ""
    reduced = enumerate_minima(problem)
    assert by_any_route(reduced.document) == by_any_route(certified.document)
    kept = by_any_route(enumerate_minima(problem, formulation="eliminated").document)
    assert kept["components"] == reduced.document["components"]
    assert refusal(certified.basins().document) == ""
