"""Other activations: worked examples, relations between them, and all engines on one list."""

import json
from fractions import Fraction

import numpy as np
import pytest

from benchmarks.activations import ACTIVATIONS, drawn_small, findings
from reluenum import Problem, enumerate_minima
from reluenum.activation import Activation
from reluenum.basins.disconnectivity import disconnectivity
from reluenum.convex.comparison import compare_with_program
from reluenum.convex.program import convex_optimum
from reluenum.engines.certified.prove import certify_problem
from reluenum.engines.certified.questions import EveryWidth
from reluenum.engines.checked import refusal
from reluenum.figures.way import Course, way
from reluenum.paths.events import exact_document
from reluenum.paths.path import ridge_path
from tests.support.oracles import by_any_route, random_problem

pytestmark = pytest.mark.seconds(60)

ROUTES = {
    "certified": {"engine": "certified"},
    "reduced": {},
    "eliminated": {"formulation": "eliminated"},
}

of_every_route = pytest.mark.parametrize("route", ROUTES)

of_every_activation = pytest.mark.parametrize("activation", ACTIVATIONS)


def facts(landscape):
    """What a document says of each component: loss, dimension, copies, flag, and its strata."""
    return [
        (
            Fraction(component["loss"]),
            component["dimension"],
            component["orbit_size"],
            component["global_at_every_width"],
            sorted(
                (
                    *((g["face"], g["sign"], g["multiplicity"]) for g in stratum["support"]),
                    stratum["zero_neurons"],
                )
                for stratum in component["strata"]
            ),
        )
        for component in landscape.document["components"]
    ]


# By hand.


@of_every_route
def test_a_leak_makes_a_trap(route):
    """Example 6 of docs/theory.md."""
    problem = Problem.from_text([["0"]], ["4"], 1, "1", activation="leaky:1/2")
    found = facts(enumerate_minima(problem, **ROUTES[route]))
    assert found == [
        (7, 0, 1, True, [(("+", 1, 1), 0)]),
        (12, 0, 1, False, [(("-", -1, 1), 0)]),
    ]
    wider = facts(enumerate_minima(problem.with_width(2), **ROUTES[route]))
    assert wider == [
        (7, 1, 1, True, [(("+", 1, 1), 1), (("+", 1, 2), 0)]),
        (12, 1, 1, False, [(("-", -1, 2), 0)]),
    ]
    relu = Problem.from_text([["0"]], ["4"], 1, "1")
    assert facts(enumerate_minima(relu, **ROUTES[route])) == found[:1]
    network = enumerate_minima(problem, **ROUTES[route])[1].network
    assert (network.weights, network.offsets) == ([-2], [-2])
    assert network.predict([0]) == [2]


@of_every_route
def test_the_absolute_value_has_mirror_images(route):
    """Example 7 of docs/theory.md."""
    data = [["-3/4"], ["4/3"]], ["2", "-1"]
    for width, expected in {
        1: [
            ("3.56", 0, 2, False, [(("+0", 1, 1), 0)]),
            ("4.84", 0, 2, False, [(("0+", -1, 1), 0)]),
        ],
        2: [
            ("3.4", 0, 8, True, [(("+0", 1, 1), ("0+", -1, 1), 0)]),
            ("3.56", 1, 4, False, [(("+0", 1, 2), 0)]),
            ("4.84", 1, 4, False, [(("0+", -1, 2), 0)]),
        ],
    }.items():
        problem = Problem.from_text(*data, width, "1", activation="abs")
        found = facts(enumerate_minima(problem, **ROUTES[route]))
        assert found == [(Fraction(loss), *rest) for loss, *rest in expected]


def test_the_global_set_of_a_single_unit_is_two_mirror_images():
    """Lemma 63(3): from which width on the global set is connected, for relu and for abs."""
    for activation, expected in (("relu", 1), ("abs", 2)):
        problem = Problem.from_text([["0"]], ["3"], 1, "1", activation=activation)
        document = certify_problem(problem, question=EveryWidth).document
        assert document["every_width"]["global"]["connected_from"] == expected
        assert refusal(document) == ""


# Relations between activations.

EXCHANGED = str.maketrans("+-", "-+")


def translated(document, faces=False, signs=False, factor=1):
    """Supports of a document after v -> -v, a -> -a, with squares multiplied."""
    return sorted(
        (
            Fraction(component["loss"]),
            component["dimension"],
            component["global_at_every_width"],
            sorted(
                (
                    group["face"].translate(EXCHANGED) if faces else group["face"],
                    -group["sign"] if signs else group["sign"],
                    group["multiplicity"],
                    float(round(factor * Fraction(group["sum_a_squared"]), 20)),
                )
                for group in stratum["support"]
            ),
        )
        for component in document["components"]
        for stratum in component["strata"]
    )


@pytest.mark.parametrize(
    ("activation", "faces", "signs"),
    [
        ("slopes:0,1", False, False),
        ("slopes:-1,0", True, False),
        ("slopes:0,-1", False, True),
        ("slopes:1,0", True, True),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_relu_has_three_more_names(activation, faces, signs, seed):
    """Lemma 62(1), (2): mirrored units, and output weights of the other sign."""
    conventions = {
        "output_bias": ["none", "free", "ridge"][seed],
        "loss": ["sum", "mean"][seed % 2],
    }
    about = seed, 4, 1 + seed % 2, 2 - seed % 2, "1/7"
    relu = random_problem(*about, **conventions)
    other = random_problem(*about, **conventions, activation=activation)
    one, two = (enumerate_minima(p, engine="certified").document for p in (relu, other))
    assert translated(one) == translated(two, faces, signs)
    assert one["enumeration"] == two["enumeration"]
    assert refusal(two) == ""


@pytest.mark.parametrize(
    ("slopes", "t"), [(("1/2", "1"), 2), (("-1", "1"), 3), (("0", "1"), "1/3")]
)
def test_steeper_slopes_are_another_ridge(slopes, t):
    """Lemma 62(3): slopes and ridge times t, squares divided by t; not with a penalised bias."""
    t = Fraction(t)
    texts = [f"slopes:{','.join(str(Fraction(x) * k) for x in slopes)}" for k in (1, t)]
    for bias, same in (("none", True), ("free", True), ("ridge", False)):
        documents = [
            enumerate_minima(
                random_problem(
                    5, 4, 1, 2, str(Fraction(1, 7) * k), output_bias=bias, activation=text
                ),
                engine="certified",
            ).document
            for k, text in zip((1, t), texts, strict=True)
        ]
        one, two = translated(documents[0]), translated(documents[1], factor=t)
        assert (one == two) is same


def test_data_of_the_other_sign_have_output_weights_of_the_other_sign():
    for activation in ACTIVATIONS:
        one = random_problem(6, 3, 1, 2, "1/7", activation=activation)
        two = Problem(
            one.inputs, tuple(-y for y in one.targets), 2, one.ridge, activation=one.activation
        )
        documents = [enumerate_minima(p, engine="certified").document for p in (one, two)]
        assert translated(documents[0]) == translated(documents[1], signs=True)


# All engines.

SPECIAL = {
    "mirrored": ([["-2"], ["-1"], ["1"], ["2"]], ["2", "-1", "-1", "2"]),
    "odd": ([["-1"], ["0"], ["1"]], ["-1", "0", "1"]),
    "repeated": ([["0"], ["0"], ["1"]], ["1", "-1", "2"]),
    "one": ([["3"]], ["2"]),
    "zeros": ([["0"], ["1"]], ["0", "0"]),
    "square": ([["0", "0"], ["1", "0"], ["0", "1"], ["1", "1"]], ["1", "0", "0", "1"]),
}


@of_every_activation
@pytest.mark.parametrize("name", SPECIAL)
def test_all_ways_list_the_same_on_special_data(name, activation):
    """Ties, repeated and mirrored data: documents are equal, and the checker proves them."""
    width = 1 if name == "square" else 2
    problem = Problem.from_text(*SPECIAL[name], width, "1/5", activation=activation)
    documents = [enumerate_minima(problem, **way).document for way in ROUTES.values()]
    one, *others = [json.dumps(by_any_route(document)) for document in documents]
    assert others == [one, one]
    assert documents[0]["complete"]
    assert refusal(documents[0]) == ""


@of_every_activation
@pytest.mark.parametrize("width", [1, 2])
def test_units_without_bias_have_them_too(width, activation):
    """Lemmas 59 and 66 together; the input 0 has the sign 0 on every face."""
    data = [["-2"], ["0"], ["1"], ["3"]], ["1", "3", "-1", "2"]
    problem = Problem.from_text(*data, width, "1/5", hidden_bias="none", activation=activation)
    documents = [enumerate_minima(problem, **way).document for way in ROUTES.values()]
    one, *others = [json.dumps(by_any_route(document)) for document in documents]
    assert others == [one, one]
    assert documents[0]["complete"]
    assert refusal(documents[0]) == ""


@of_every_activation
@pytest.mark.parametrize(("seed", "special"), [(1, False), (3, False), (2, True), (5, True)])
def test_nothing_is_left_to_settle_on_small_instances(seed, special, activation):
    """The engines, the checker and ends of descents, as `benchmarks.activations` compares them."""
    problem = drawn_small(seed, special)
    phi = Activation.of(activation)
    fields = problem.inputs, problem.targets, problem.width, problem.ridge
    conventions = {"loss": problem.loss, "output_bias": problem.output_bias, "activation": phi}
    assert findings(Problem(*fields, **conventions)) == []


@pytest.mark.slow
@of_every_activation
@pytest.mark.parametrize("special", [False, True])
def test_nothing_is_left_to_settle_on_more_of_them(special, activation):
    for seed in range(10, 14):
        found = drawn_small(seed, special)
        fields = found.inputs, found.targets, found.width, found.ridge
        problem = Problem(
            *fields, found.loss, found.output_bias, activation=Activation.of(activation)
        )
        assert findings(problem) == []


@of_every_activation
def test_weights_of_data_points_are_copies(activation):
    """Lemma 1a holds with any activation."""
    rows, targets, counts = [["-1"], ["0"], ["2"]], ["1", "-1/2", "2"], [1, 3, 2]
    few = Problem.from_text(rows, targets, 2, "1/5", weights=counts, activation=activation)
    many = Problem.from_text(
        [row for row, k in zip(rows, counts, strict=True) for _ in range(k)],
        [y for y, k in zip(targets, counts, strict=True) for _ in range(k)],
        2,
        "1/5",
        activation=activation,
    )
    one, two = (facts(enumerate_minima(p, engine="certified")) for p in (few, many))
    assert [row[:4] for row in one] == [row[:4] for row in two]


# What is said beside the list.


@of_every_activation
@pytest.mark.parametrize("seed", [0, 3])
def test_the_convex_program_agrees(seed, activation):
    problem = random_problem(
        seed, 4, 1, 3, "1/5", output_bias=["none", "ridge"][seed % 2], activation=activation
    )
    document = enumerate_minima(problem, engine="certified").document
    optimum = convex_optimum(problem)
    assert optimum.is_tight
    assert compare_with_program(optimum, document).agrees


@of_every_activation
@pytest.mark.parametrize("labelled", [False, True])
def test_trees_of_basins_are_proved(labelled, activation):
    """Lemma 64: with mirror images, an isolated minimum of width 2 has two leaves, not eight."""
    problem = random_problem(7, 4, 1, 2, "1/20", activation=activation)
    landscape = enumerate_minima(problem, engine="certified")
    tree = disconnectivity(landscape.document, labelled=labelled)
    assert refusal(tree) == ""
    isolated = [c for c in tree["minima"]["components"] if c["dimension"] == 0]
    if labelled and isolated:
        assert len(tree["leaves"]) >= 2 * len(isolated)
        copies = 8 if activation == "abs" else 2
        assert {component["orbit_size"] for component in isolated} == {copies}


@of_every_activation
def test_the_loss_along_a_path_is_never_above_the_pass(activation):
    problem = random_problem(7, 4, 1, 2, "1/20", activation=activation)
    tree = enumerate_minima(problem, engine="certified").basins().document
    basins = [leaf["component"] for leaf in tree["leaves"]]
    assert len(basins) > 1
    course = Course(tree["minima"], way(tree, basins[-1], basins[0]))
    _, losses, _ = course.samples
    highest = max(float(merge["loss"]) for merge in tree["merges"])
    assert losses.max() <= highest * (1 + 1e-9)
    ends = [float(tree["components"][k]["loss"]) for k in (basins[-1], basins[0])]
    assert np.allclose([losses[0], losses[-1]], ends, rtol=1e-6)


@pytest.mark.parametrize("activation", ["leaky:-1/2", "abs"])
def test_events_of_ridge_paths_have_a_reason(activation):
    problem = random_problem(8, 3, 1, 1, "1/20", activation=activation)
    path = ridge_path(problem, "20", 9)
    assert path.undecided == 0
    document = exact_document(path)
    assert document["events"]
    assert {change["kind"] for e in document["events"] for change in e["changes"]} <= {
        *("a unit dies", "a unit is born", "appears", "disappears"),
        *("a unit reaches a boundary", "a unit leaves a boundary"),
    }
