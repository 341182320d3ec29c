"""Documents of several hidden layers: their keys, their numbers, and what they depend on."""

import json
from decimal import Decimal
from fractions import Fraction

import pytest

from reluenum import Landscape, Problem, enumerate_minima
from reluenum.documents.minima import stationary_document
from reluenum.documents.results import to_json

INPUTS, TARGETS = [["-17/100"], ["44/100"], ["-1"]], ["5/100", "102/100", "61/100"]

COMPONENT = {
    *("dimension", "loss", "loss_interval", "on_boundary", "boundary_by_layer"),
    *("global_at_width", "orbit_size", "layers", "dead_units", "strata", "representative"),
}


@pytest.fixture(scope="module", params=[((1, 1), 3), ((2, 1), 3), ((1, 1, 1), 2)], ids=str)
def landscape(request):
    hidden, size = request.param
    return enumerate_minima(Problem.from_text(INPUTS[:size], TARGETS[:size], hidden, "1/100"))


def test_the_keys_are_those_of_the_contract(landscape):
    document = landscape.document
    hidden = list(landscape.problem.hidden)
    assert document["problem"]["hidden"] == hidden
    assert "width" not in document["problem"]
    assert set(document["enumeration"]) == {
        *("sign_arrays", "strata_examined", "stationary", "locally_minimal", "undecided"),
    }
    assert int(document["enumeration"]["sign_arrays"]) == 3 ** (
        landscape.problem.size * sum(hidden)
    )
    assert document["completeness"] in ("exact basis", "engine")
    assert document["complete"]
    for component in document["components"]:
        assert set(component) == COMPONENT
        assert len(component["layers"]) == len(component["boundary_by_layer"]) == len(hidden)
        network, below = component["representative"], 1
        for matrix, bias, width in zip(network["W"], network["b"], hidden, strict=True):
            assert [len(row) for row in matrix] == [below] * width
            assert len(bias) == width
            below = width
        assert len(network["w"]) == below


def test_each_stratum_shares_the_widths_and_the_first_is_that_of_the_layers(landscape):
    for component in landscape.document["components"]:
        first, *_ = component["strata"]
        assert first["dead_units"] == component["dead_units"]
        assert first["dimension"] == component["dimension"]
        for layer, units in zip(first["layers"], component["layers"], strict=True):
            assert layer == [
                {key: unit[key] for key in ("signs", "multiplicity")} for unit in units
            ]
        for stratum in component["strata"]:
            shared = zip(stratum["layers"], stratum["dead_units"], strict=True)
            counts = [sum(unit["multiplicity"] for unit in layer) + dead for layer, dead in shared]
            assert counts == list(landscape.problem.hidden)
        assert any(component["boundary_by_layer"]) == component["on_boundary"]
        for k, layer in enumerate(component["layers"]):
            zeros = any("0" in unit["signs"] for unit in layer)
            dead = any(stratum["dead_units"][k] for stratum in component["strata"])
            assert component["boundary_by_layer"][k] == (zeros or dead)


def test_decimals_are_the_middle_of_intervals_and_losses_add_up(landscape):
    for component in landscape.document["components"]:
        low, high = map(Fraction, component["loss_interval"])
        assert low < Fraction(component["loss"]) < high
        assert high - low < Fraction(1, 10**27)
        network = component["representative"]
        weights = [
            *(w for matrix in network["W"] for row in matrix for w in row),
            *(b for bias in network["b"] for b in bias),
            *network["w"],
        ]
        squares = sum(Fraction(w) ** 2 for w in weights)
        fits = [Fraction(y) - _output(network, Fraction(x)) for (x,), y in data_of(landscape)]
        loss = sum(r * r for r in fits) + squares / 100
        assert abs(loss - Fraction(component["loss"])) < Fraction(1, 10**25)


def data_of(landscape):
    return list(zip(INPUTS, TARGETS, strict=True))[: landscape.problem.size]


def _output(network, x):
    """Evaluate a network exactly, at the decimals of its weights."""
    features = [x]
    for matrix, bias in zip(network["W"], network["b"], strict=True):
        rows = zip(matrix, bias, strict=True)
        features = [
            max(sum(Fraction(w) * h for w, h in zip(row, features, strict=True)) + Fraction(b), 0)
            for row, b in rows
        ]
    return sum(Fraction(w) * h for w, h in zip(network["w"], features, strict=True))


def test_losses_are_sorted_and_the_lowest_is_global(landscape):
    components = landscape.document["components"]
    losses = [Decimal(c["loss"]) for c in components]
    assert losses == sorted(losses)
    assert [c["global_at_width"] for c in components] == [loss == losses[0] for loss in losses]


def test_a_document_is_json_and_is_read_back(landscape):
    again = Landscape.from_document(json.loads(to_json(landscape.document)))
    assert again.problem == landscape.problem
    assert [c.loss for c in again] == [Decimal(c["loss"]) for c in again.document["components"]]


def test_every_stationary_point_has_a_verdict_and_a_rejected_one_a_network_below(landscape):
    points = stationary_document(landscape)["points"]
    minima = [p for p in points if p["minimum"]]
    assert len(points) == landscape.tally.stationary + (not any(points[-1]["layers"]))
    assert {p["loss"] for p in minima} == {c["loss"] for c in landscape.document["components"]}
    for point in points:
        assert point["minimum"] is (point["verdict"] == "minimum")
        assert (point["descent"] is None) == point["minimum"]
        if point["descent"] is not None:
            network = point["descent"]
            fits = [Fraction(y) - _output(network, Fraction(x)) for (x,), y in data_of(landscape)]
            lower = sum(r * r for r in fits)
            weights = [
                *(w for matrix in network["W"] for row in matrix for w in row),
                *(b for bias in network["b"] for b in bias),
                *network["w"],
            ]
            lower += sum(Fraction(w) ** 2 for w in weights) / 100
            assert lower == Fraction(network["loss"]) < Fraction(point["loss"])


@pytest.mark.parametrize("backend", ["flint", "sympy"])
def test_the_document_does_not_depend_on_the_backend(backend):
    problem = Problem.from_text(INPUTS, TARGETS, [1, 1], "1/10")
    assert enumerate_minima(problem, backend).document == enumerate_minima(problem).document
