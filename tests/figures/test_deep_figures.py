"""Figures of deep networks: exact kinks of every layer, features, levels of several shapes."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from reluenum import Problem, enumerate_minima
from reluenum.datasets.families import reference_data
from reluenum.figures import (
    FIGURES,
    plot_beside,
    plot_collapses,
    plot_fits,
    plot_levels,
    plot_units,
)
from reluenum.figures.fits import curve
from reluenum.figures.reading import fitted_values, kinks_by_layer, preactivations
from reluenum.landscape.evaluation import DeepNetwork
from reluenum.problem import parse_ridge
from tests.support.drawings import artists, shown, texts

pytestmark = pytest.mark.seconds(12)

LOW, HIGH = -1.2, 0.6


def minima(hidden, points, ridge="1/100"):
    inputs, targets = reference_data()
    problem = Problem(inputs[:points], targets[:points], hidden, parse_ridge(ridge))
    return enumerate_minima(problem).document


@pytest.fixture(scope="module")
def chain():
    return minima((1, 1), 5)


@pytest.fixture(scope="module")
def tower():
    return minima((2, 1), 3)


@pytest.fixture(scope="module")
def deeper():
    return minima((1, 1, 1), 2)


DOCUMENTS = ("chain", "tower", "deeper")


def by_hand(inputs, **network):
    """Return a document with one component, of the given network."""
    matrices, biases, output = network["W"], network["b"], network["w"]
    signs = "+" * len(inputs)
    return {
        "problem": {"x": inputs, "y": ["0"] * len(inputs), "hidden": [len(b) for b in biases]},
        "enumeration": {"undecided": 0},
        "components": [
            {
                "dimension": 0,
                "loss": "1",
                "on_boundary": False,
                "global_at_width": True,
                "layers": [[{"signs": signs, "multiplicity": 1} for _ in b] for b in biases],
                "representative": {"W": matrices, "b": biases, "w": output},
            }
        ],
    }


@pytest.mark.parametrize("name", DOCUMENTS)
def test_values_in_figures_are_those_of_the_network(name, request):
    document = request.getfixturevalue(name)
    problem, grid = Problem.from_document(document["problem"]), np.linspace(LOW, HIGH, 33)
    for component in document["components"]:
        network = DeepNetwork.of(problem, component["representative"])
        assert fitted_values(component, grid[:, None]) == pytest.approx(network.predict(grid))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_curve_is_linear_from_kink_to_kink(name, request):
    for component in request.getfixturevalue(name)["components"]:
        positions, values, _ = curve(component, LOW, HIGH)
        grid = np.linspace(LOW, HIGH, 1001)
        drawn = np.interp(grid, positions, values)
        assert fitted_values(component, grid[:, None]) == pytest.approx(drawn, abs=1e-12)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_at_a_kink_some_unit_of_its_layer_is_zero(name, request):
    for component in request.getfixturevalue(name)["components"]:
        for layer, kinks in enumerate(kinks_by_layer(component, LOW, HIGH)):
            values = preactivations(component, kinks[:, None])[layer]
            assert (np.abs(values).min(axis=1, initial=np.inf) < 1e-12).all()


def test_an_upper_unit_bends_where_a_lower_one_does_and_where_it_is_zero():
    hat = {"W": [[["1"], ["1"]], [["1", "-2"]]], "b": [["0", "-1"], ["-1/2"]], "w": ["1"]}
    (component,) = by_hand([["0"], ["1"]], **hat)["components"]
    lower, upper = kinks_by_layer(component, -1, 3)  # relu(x) - 2 relu(x - 1) - 1/2
    assert lower.tolist() == [0, 1]
    assert upper.tolist() == [0.5, 1.5]


def test_a_unit_that_is_zero_on_a_piece_has_its_kink_at_the_end_of_it():
    (component,) = by_hand([["0"]], W=[[["1"]], [["1"]]], b=[["0"], ["0"]], w=["1"])["components"]
    assert [kinks.tolist() for kinks in kinks_by_layer(component, -1, 1)] == [[0], [0]]


def test_fits_mark_the_kinks_of_each_layer(chain):
    figure = plot_fits(chain)
    marks = artists(figure, "component-.*-kinks-.*")
    for rank, component in enumerate(chain["components"], start=1):
        kinks = kinks_by_layer(component, *figure.axes[0].get_xlim())
        for layer, places in enumerate(kinks, start=1):
            assert shown(marks[f"component-{rank}-kinks-{layer}"])[0].tolist() == places.tolist()
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["data", "fit", "kink of layer 1", "kink of layer 2"]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_features_have_a_panel_for_each_component_and_layer(name, request):
    document = request.getfixturevalue(name)
    depth, shown = len(document["problem"]["hidden"]), min(8, len(document["components"]))
    figure = plot_units(document)
    assert len(figure.axes) == shown * (depth + 1)
    panels = {axes.get_gid(): axes for axes in figure.axes}
    for rank, component in enumerate(document["components"][:shown], start=1):
        for layer, groups in enumerate(component["layers"], start=1):
            said = [text.get_text() for text in panels[f"component-{rank}-layer-{layer}"].texts]
            assert said == ([] if groups else ["dead"])


def test_data_points_on_a_kink_are_diamonds(chain):
    figure = plot_units(chain)
    panels = {axes.get_gid(): axes for axes in figure.axes}
    inputs = np.array([float(Fraction(x)) for (x,) in chain["problem"]["x"]])
    for rank, component in enumerate(chain["components"][:8], start=1):
        for layer, groups in enumerate(component["layers"], start=1):
            lines = panels[f"component-{rank}-layer-{layer}"].lines
            drawn = [x for line in lines if line.get_marker() == "D" for x in line.get_xdata()]
            signs = "".join(group["signs"] for group in groups)
            kinks = [x for x, sign in zip(inputs, signs, strict=False) if sign == "0"]
            assert drawn == pytest.approx(kinks)


@pytest.mark.parametrize("dimension", [2, 3])
def test_features_of_several_inputs_are_drawn(dimension):
    inputs = np.random.default_rng(0).integers(-9, 9, (4, dimension)).astype(str).tolist()
    ones = ["1"] * dimension
    network = {"W": [[ones, ["-2", *ones[1:]]], [["1", "-1"]]], "b": [["0", "1"], ["1/3"]]}
    document = by_hand(inputs, **network, w=["2"])
    for draw in FIGURES.values():
        assert draw(document).axes


def test_levels_have_a_marker_for_each_component(chain):
    axes = plot_levels(chain).axes[0]
    drawn = {line.get_gid() for line in axes.lines}
    assert drawn >= {f"component-{k}" for k in range(1, len(chain["components"]) + 1)}


def test_shapes_are_ordered_by_their_parameters(chain, tower):
    one_layer = minima(2, 3)
    axes = plot_beside([tower, chain, one_layer]).axes[0]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == ["(1, 1): 5 parameters", "(2): 6 parameters", "(2, 1): 8 parameters"]


def test_collapses_are_means_over_the_data():
    keys = ("hidden", "n", "ridge", "components", "starts", "zero", "constant", "complete")
    rows = [
        ("1", 3, "1/10", 2, 100, 10, 0, True),
        ("1, 1", 3, "1/10", 4, 100, 20, 30, True),
        ("1, 1", 3, "1/10", 8, 100, 40, 10, True),
        ("1, 1", 3, "1/2", 1, 100, 100, 0, True),
    ]
    figure = plot_collapses(pd.DataFrame(rows, columns=keys))
    lines = artists(figure, "(components|caught)-.*")
    assert shown(lines["components-n3-depth2"]).tolist() == [[0.1, 0.5], [6, 1]]
    assert shown(lines["caught-n3-depth2"]).tolist() == [[0.1, 0.5], [0.5, 1]]
    assert shown(lines["caught-n3-depth1"]).tolist() == [[0.1], [0.1]]


def test_a_table_with_an_open_list_warns():
    row = {"hidden": "1, 1", "n": 3, "ridge": "1/10", "components": 2, "starts": 10, "zero": 1}
    figure = plot_collapses(pd.DataFrame([{**row, "constant": 0, "complete": False}]))
    assert "some lists are not complete" in texts(figure)
