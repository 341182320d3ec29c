"""End points of deep networks: each at a listed minimum, a judged saddle, or proved to be above."""

import json

import numpy as np
import pytest

from reluenum import Problem, enumerate_minima
from reluenum.algebra.scalars import parse_rational
from reluenum.cli import main
from reluenum.datasets.families import reference_data
from reluenum.documents.labels import EndKind, Stall
from reluenum.documents.results import to_json
from reluenum.errors import InputError
from reluenum.groebner.backends import open_backends
from reluenum.groebner.limits import DEFAULT_LIMITS
from reluenum.optimisers import deep_explain
from reluenum.optimisers.deep_explain import Collapse, DeepExplainer, deep_key_of
from reluenum.optimisers.deep_settling import stationary_points
from reluenum.optimisers.studies.runs import Descents, descents, missing, unexplained
from reluenum.problem import parse_ridge

pytestmark = pytest.mark.seconds(10)


def posed(hidden, points, ridge):
    inputs, targets = reference_data()
    return Problem(inputs[:points], targets[:points], hidden, parse_ridge(ridge))


@pytest.fixture(scope="module")
def chain():
    return enumerate_minima(posed((1, 1), 3, "1/100")).document


@pytest.fixture(scope="module")
def wide():
    return enumerate_minima(posed((2, 1), 3, "1/20")).document


@pytest.fixture(scope="module")
def backends():
    with open_backends("auto", DEFAULT_LIMITS) as found:
        yield found


def explainer_of(document, backends, components=None):
    problem = Problem.from_document(document["problem"])
    components = document["components"] if components is None else components
    return DeepExplainer(problem, components, backends, steps=200)


def representatives(document):
    """Return the parameters of the components' representatives, (C, N)."""
    rows = []
    for component in document["components"]:
        network = component["representative"]
        row = []
        for matrix, biases in zip(network["W"], network["b"], strict=True):
            for weights, bias in zip(matrix, biases, strict=True):
                row += [*weights, bias]
        rows.append([float(entry) for entry in (*row, *network["w"])])
    return np.array(rows)


@pytest.mark.parametrize("name", ["chain", "wide"])
def test_networks_near_a_listed_minimum_are_explained_by_it(name, request, backends):
    document = request.getfixturevalue(name)
    theta = np.repeat(representatives(document), 3, axis=0)
    theta += 1e-4 * np.random.default_rng(0).standard_normal(theta.shape)
    ends = explainer_of(document, backends).explain_rows(theta)
    numbers = np.arange(1, len(document["components"]) + 1).repeat(3)
    assert [end.kind for end in ends] == [EndKind.MINIMUM] * len(ends)
    assert [end.limit.component for end in ends] == numbers.tolist()


def test_a_minimum_that_the_list_lacks_is_said_to_be_missing(chain, backends):
    theta = representatives(chain)
    ends = explainer_of(chain, backends, chain["components"][1:]).explain_rows(theta)
    kinds = [end.kind for end in ends]
    assert kinds == [EndKind.MISSING] + [EndKind.MINIMUM] * (len(ends) - 1)
    assert ends[0].limit.is_minimum
    assert ends[0].limit.loss == chain["components"][0]["loss"]


def test_where_the_responses_outweigh_the_ridge_the_zero_network_is_a_saddle(chain, backends):
    (end,) = explainer_of(chain, backends).explain_rows(np.zeros((1, 5)))
    assert (end.kind, end.stall) == (EndKind.SADDLE, Stall.DEAD)
    assert end.limit.collapse is Collapse.ZERO
    assert not end.limit.is_minimum


def test_a_minimum_beside_which_a_dead_unit_grows_is_a_saddle_with_a_descent(wide, backends):
    explainer = explainer_of(wide, backends)
    shared = [k for k, c in enumerate(wide["components"]) if c["dimension"] == 1]
    theta = representatives(wide)[shared[:2]]
    networks = explainer.objective.networks(theta)
    layer, above = networks.layers[0], networks.layers[1]
    layer[0] *= np.sqrt(2)  # the copies become one unit, the other one is dead
    above[:, 0] *= np.sqrt(2)
    layer[1], above[:, 1] = 0, 0
    for end in explainer.explain_rows(networks.theta):
        assert (end.kind, end.stall) == (EndKind.SADDLE, Stall.DEAD)
        record = end.limit.to_document()
        assert record["dead_units"] == [1, 0]
        assert parse_rational(record["descent"]["loss"]) < parse_rational(record["loss"])


def test_where_the_ridge_outweighs_the_responses_the_zero_network_is_a_trap(backends):
    document = enumerate_minima(posed((1, 1), 4, "4/3")).document
    (end,) = explainer_of(document, backends).explain_rows(np.zeros((1, 5)))
    assert end.kind is EndKind.MINIMUM
    assert end.limit.collapse is Collapse.ZERO


def test_a_run_that_has_not_come_to_rest_lies_above_what_it_leads_to(chain, backends):
    explainer = explainer_of(chain, backends)
    theta = explainer.objective.draw(20, np.random.default_rng(1))
    ends = explainer.explain_rows(theta)
    kinds = {end.kind for end in ends}
    assert kinds <= {EndKind.NOT_STATIONARY, EndKind.SADDLE}
    for end in ends:
        if end.kind is EndKind.NOT_STATIONARY:
            assert end.loss > end.limit.height


def test_points_of_rest_do_not_depend_on_the_order_of_units(wide, backends):
    explainer = explainer_of(wide, backends)
    objective, theta = explainer.objective, representatives(wide)
    networks = objective.networks(theta)
    swapped = networks.layers[0][::-1], networks.layers[1][:, [1, 0, 2]]
    other = type(networks)(list(swapped), networks.output).theta
    assert np.allclose(objective.evaluate(other)[0], objective.evaluate(theta)[0])
    for row, turned in zip(theta, other, strict=True):
        found, again = (next(stationary_points(objective, t)) for t in (row, turned))
        assert deep_key_of(found) == deep_key_of(again)


def test_every_run_of_every_optimiser_is_explained(wide):
    document = descents(wide, Descents(("gd", "adam", "lbfgs"), 10, 3, 1000))
    assert missing(document) == unexplained(document) == 0
    for summary in document["optimisers"]:
        assert sum(summary["kinds"].values()) == 10
        assert set(summary["collapsed"]) == {"zero network", "constant network"}


def test_equal_seeds_give_equal_documents(chain):
    once, again = (to_json(descents(chain, Descents(("adam",), 8, 3, 800))) for _ in range(2))
    assert once == again


def test_the_command_takes_lists_of_deep_networks(tmp_path, chain, capsys):
    minima = tmp_path / "minima.json"
    minima.write_text(json.dumps(chain))
    given = ["descend", str(minima), "--starts", "12", "--optimisers", "adam", "--steps", "1500"]
    written = {kind: tmp_path / f"found.{kind}" for kind in ("json", "csv", "svg")}
    options = zip(("--output", "--table", "--figure"), written.values(), strict=True)
    assert main([*given, *(text for pair in options for text in map(str, pair))]) == 0
    assert len(written["csv"].read_text().splitlines()) == 13
    assert "<svg" in written["svg"].read_text()
    (summary,) = json.loads(written["json"].read_text())["optimisers"]
    assert summary["kinds"]["unexplained"] == 0
    assert capsys.readouterr().err == ""


def test_a_list_that_lacks_a_minimum_ends_the_command_with_a_line(
    tmp_path, chain, capsys, monkeypatch
):
    monkeypatch.setattr(deep_explain, "ROUNDS", 1)
    minima, found = tmp_path / "minima.json", str(tmp_path / "found.json")
    minima.write_text(json.dumps({**chain, "components": chain["components"][1:]}))
    given = ["--starts", "8", "--steps", "1500", "--optimisers", "adam", "--output", found]
    assert main(["descend", str(minima), *given]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "missing from the list" in line


def test_a_component_without_layers_is_refused_before_any_run(tmp_path, chain, capsys):
    broken = {key: value for key, value in chain["components"][0].items() if key != "strata"}
    minima = tmp_path / "minima.json"
    minima.write_text(json.dumps({**chain, "components": [broken]}))
    assert main(["descend", str(minima), "--output", str(tmp_path / "found.json")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert not (tmp_path / "found.json").exists()


def test_a_list_for_all_widths_is_refused():
    with pytest.raises(InputError, match="all widths"):
        descents({"problem": {"width": "all"}}, Descents(("adam",), 1))
