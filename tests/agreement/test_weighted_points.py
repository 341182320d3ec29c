"""Weights of data points: k equal rows are a row of weight k, and engines agree on fractions."""

import json
import random
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from reluenum import Problem, enumerate_minima
from reluenum.convex.program import convex_optimum
from reluenum.figures.way import Course, way
from reluenum.paths.events import exact_document
from reluenum.paths.path import ridge_path
from tests.support.oracles import by_any_route, random_data

pytestmark = pytest.mark.seconds(60)

CONVENTIONS = list(product(("sum", "mean"), ("none", "free", "ridge")))

ROUTES = {
    "certified": {"engine": "certified"},
    "reduced": {"engine": "groebner"},
    "eliminated": {"engine": "groebner", "formulation": "eliminated"},
    "branch": {"engine": "branch"},
}

WEIGHTS = [Fraction(*pair) for pair in ((1, 3), (2, 1), (5, 7), (1, 2), (3, 1), (11, 10))]

SPLIT = Fraction(2, 5)
"""The share of the weight of a row that one of its parts has."""


def posed(rows, width, ridge, loss="sum", output_bias="none"):
    """A problem from triples of input, target and weight."""
    inputs, targets, weights = zip(*rows, strict=True)
    return Problem.from_text(inputs, targets, width, ridge, loss, output_bias, weights=weights)


def landscape_on(problem, places, **route):
    """What a document says, with the signs of some data points, but for its route."""
    landscape = enumerate_minima(problem, **route)
    assert landscape.is_complete
    found = json.loads(json.dumps(landscape.document))
    for component in found["components"]:
        for stratum in component["strata"]:
            for group in stratum["support"]:
                group["face"] = "".join(group["face"][i] for i in places)
    del found["problem"], found["enumeration"]["sign_matrices"]
    found.pop("certificate", None)
    return found


def assert_alike(few, many, places, **route):
    """Both have one landscape; data points of the first are some of the second."""
    own = landscape_on(few, range(few.size), **route)
    assert own["components"]
    assert own == landscape_on(many, places, **route)


def repeated(rows, counts):
    """Rows with these numbers of copies of weight 1, and where the first copy of each stands."""
    many, places = [], []
    for (x, y), count in zip(rows, counts, strict=True):
        places.append(len(many))
        many += [(x, y, 1)] * count
    return many, places


DATA = {
    "line": ([([-1], 1), ([0], "-1/2"), ([2], 2)], [1, 3, 2]),
    "mirrored": ([([-1], 1), ([0], -1), ([1], 1)], [2, 1, 2]),
    "one point": ([([1], 3)], [4]),
    "plane": ([([0, 0], 1), ([1, 0], -1), ([0, 1], "1/2")], [1, 2, 2]),
    "flat": ([([0, 1], 1), ([1, 1], -1), ([2, 1], 2)], [3, 1, 1]),
}

CASES = [
    *product(("line", "mirrored"), (1, 2), CONVENTIONS, ("certified",)),
    *product(("line",), (1,), CONVENTIONS, ("reduced", "eliminated", "branch")),
    *product(("mirrored",), (2,), [("sum", "free"), ("mean", "ridge")], ("reduced", "branch")),
    *product(("one point", "plane", "flat"), (1,), CONVENTIONS, ("certified",)),
    *product(("one point", "plane"), (1,), [("mean", "ridge")], ("reduced", "eliminated")),
    ("mirrored", 1, ("mean", "free"), "eliminated"),
]


@pytest.mark.parametrize(("name", "width", "convention", "route"), CASES)
def test_equal_rows_are_a_row_of_their_number(name, width, convention, route):
    rows, counts = DATA[name]
    few = [(x, y, count) for (x, y), count in zip(rows, counts, strict=True)]
    many, places = repeated(rows, counts)
    problems = (posed(found, width, "1/5", *convention) for found in (few, many))
    assert_alike(*problems, places, **ROUTES[route])


@pytest.mark.parametrize(("name", "width", "convention", "route"), CASES[::3])
def test_a_row_is_its_parts(name, width, convention, route):
    rows, _ = DATA[name]
    whole = [(x, y, weight) for (x, y), weight in zip(rows, WEIGHTS, strict=False)]
    parts = [(x, y, w * part) for x, y, w in whole for part in (SPLIT, 1 - SPLIT)]
    problems = (posed(found, width, "1/5", *convention) for found in (whole, parts))
    assert_alike(*problems, range(0, 2 * len(rows), 2), **ROUTES[route])


def test_other_targets_at_an_input_are_their_weighted_mean():
    """Lemma 1a(3): the loss changes by the sum of w (y - mean)^2, here 1 * 4 + 2 * 1."""
    few = posed([([-1], 1, 1), ([2], 2, 3)], 2, "1/5")
    many = posed([([-1], 1, 1), ([2], 0, 1), ([2], 3, 2)], 2, "1/5")
    one, other = (enumerate_minima(p, engine="certified") for p in (few, many))
    assert [c.network.weights.tolist() for c in one] == [c.network.weights.tolist() for c in other]
    for c, d in zip(one, other, strict=True):
        assert abs(float(d.loss) - float(c.loss) - 6) < 1e-13


def drawn(seed, whole):
    """An instance with rational weights, of small whole numbers or of fractions."""
    generator = random.Random(f"weights {seed} {whole}")
    dimension = 2 if seed % 4 == 3 else 1
    size, width = (3, 1) if dimension == 2 else (generator.choice([3, 4]), 1 + seed % 2)
    inputs, targets = random_data(seed, size, dimension)
    if whole:
        inputs = [[generator.randint(-2, 2) for _ in range(dimension)] for _ in range(size)]
        targets = [generator.randint(-2, 2) for _ in range(size)]
    weights = [Fraction(generator.randint(1, 12), generator.randint(1, 9)) for _ in range(size)]
    convention = CONVENTIONS[seed % 6]
    return posed(zip(inputs, targets, weights, strict=True), width, "1/5", *convention)


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("seed", range(20))
def test_engines_agree_and_networks_have_the_loss(seed, whole):
    problem = drawn(seed, whole)
    certified = enumerate_minima(problem, engine="certified")
    reduced = enumerate_minima(problem, engine="groebner")
    assert by_any_route(certified.document) == by_any_route(reduced.document)
    for component in certified:
        network = component.network
        loss = weighted_loss(problem, network)
        assert abs(loss - float(component.loss)) < 1e-9 * (1 + loss)
        assert not has_lower_neighbour(problem, network, seed)


def weighted_loss(problem, network, move=0.0):
    """The loss by its definition, in doubles, of a network after a move."""
    parts = [network.weights, network.slopes, network.offsets, np.array([network.bias])]
    theta = np.concatenate([part.ravel() for part in parts]) + move
    a, b, c, (m,) = np.split(theta, np.cumsum([part.size for part in parts])[:-1])
    x = np.array(problem.inputs).astype(float)
    y, w = (np.array(numbers).astype(float) for numbers in (problem.targets, problem.weights))
    if problem.output_bias == "none":
        m = 0.0
    fitted = np.maximum(x @ b.reshape(network.slopes.shape).T + c, 0) @ a + m
    fit = (w * (y - fitted) ** 2).sum() / (w.sum() if problem.loss == "mean" else 1)
    penalty = (theta[:-1] ** 2).sum() + (m * m if problem.output_bias == "ridge" else 0)
    return fit + float(problem.ridge) * penalty


def has_lower_neighbour(problem, network, seed):
    """Whether some network nearby has surely a lower loss."""
    generator, least = np.random.default_rng(seed), weighted_loss(problem, network)
    size = network.weights.size + network.slopes.size + network.offsets.size + 1
    moves = 1e-3 * generator.standard_normal((100, size))
    return any(weighted_loss(problem, network, m) < least - 1e-10 * (1 + least) for m in moves)


@pytest.mark.parametrize("output_bias", ["none", "free", "ridge"])
def test_basins_and_convex_optima_are_those_of_the_rows(output_bias):
    rows, counts = DATA["line"]
    few = [(x, y, count) for (x, y), count in zip(rows, counts, strict=True)]
    many, _ = repeated(rows, counts)
    one, other = (posed(found, 2, "1/10", "mean", output_bias) for found in (few, many))
    trees = [enumerate_minima(p, engine="certified").basins().document for p in (one, other)]
    assert trees[0]["leaves"] == trees[1]["leaves"]
    assert [m["loss"] for m in trees[0]["merges"]] == [m["loss"] for m in trees[1]["merges"]]
    optima = [convex_optimum(p) for p in (one, other)]
    assert all(optimum.is_tight for optimum in optima)
    assert abs(optima[0].value - optima[1].value) < 1e-6
    at = np.array([0, 1, 4])
    assert np.allclose(optima[0].residual, np.array(optima[1].residual)[at], atol=1e-4)


@pytest.mark.parametrize(("loss", "output_bias"), CONVENTIONS)
def test_the_course_of_a_way_begins_and_ends_at_the_losses(loss, output_bias):
    rows = zip([[-1], [0], [2]], [1, "-1/2", 2], WEIGHTS, strict=False)
    problem = posed(rows, 2, "1/20", loss, output_bias)
    tree = enumerate_minima(problem, engine="certified").basins().document
    first, last = [leaf["component"] for leaf in tree["leaves"]][:2]
    course = Course(tree["minima"], way(tree, first, last))
    _, losses, _ = course.samples
    for loss_of_end, number in ((losses[0], first), (losses[-1], last)):
        assert abs(loss_of_end - float(tree["minima"]["components"][number]["loss"])) < 1e-9


def test_convex_optima_have_the_least_loss_of_all_widths():
    rows = zip([[-1], [0], [2]], [1, -1, 2], WEIGHTS, strict=False)
    problem = posed(rows, 3, "1/10", "mean", "ridge")
    optimum = convex_optimum(problem)
    least = min(float(c.loss) for c in enumerate_minima(problem, engine="certified"))
    assert optimum.is_tight
    assert abs(optimum.value - least) < 1e-6
    assert optimum.violation < 1e-4
    assert abs(optimum.steepness - 1) < 1e-4


@pytest.mark.parametrize("output_bias", ["none", "ridge"])
def test_events_of_a_path_are_those_of_the_rows(output_bias):
    rows, counts = DATA["mirrored"]
    few = [(x, y, count) for (x, y), count in zip(rows, counts, strict=True)]
    many, places = repeated(rows, counts)
    found = []
    for rows, chosen in ((few, range(3)), (many, places)):
        path = ridge_path(posed(rows, 1, "1/10", "mean", output_bias), "3", 3)
        events = exact_document(path)["events"]
        for change in (change for event in events for change in event["changes"]):
            for group in (*(change["before"] or ()), *(change["after"] or ())):
                group["face"] = "".join(group["face"][i] for i in chosen)
            for number in filter(None, (change.get("number"), change)):
                number.pop("condition", None)
                number.pop("reason", None)
        for event in events:
            (event.get("number") or {}).pop("condition", None)
        found.append(events)
    assert found[0]
    assert found[0] == found[1]
