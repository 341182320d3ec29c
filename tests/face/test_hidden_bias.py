"""Hidden units without bias: how it is asked for, written, read, drawn and refused."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import check_grad

from reluenum import HiddenBias, Problem, enumerate_minima, read_landscape
from reluenum.convex.deep.bounds import bound_loss
from reluenum.errors import InputError
from reluenum.experiments.effort import expected_supports
from reluenum.experiments.instances import batches, instances
from reluenum.experiments.names import instance_name
from reluenum.experiments.rows import instance_row
from reluenum.experiments.steps import problem_of
from reluenum.figures import plot_fits, plot_levels, plot_units
from reluenum.figures.reading import fitted_values
from reluenum.figures.sweeps.panels import settings
from reluenum.optimisers.networks import Objective
from reluenum.views.instances import summary_frame
from reluenum.views.sweep_tables import grouping, sweep_summary, with_settings
from tests.support.drawings import texts
from tests.support.sweeps import row

pytestmark = pytest.mark.seconds(15)

DATA = [["1", "1"], ["1", "-1"], ["-1", "1"], ["2", "1"]], ["1", "-1", "-1", "2"]


def posed(width=1, **more):
    return Problem.from_text(*DATA, width, "1/5", hidden_bias="none", **more)


def test_rows_are_the_inputs_and_the_document_says_so():
    problem, usual = posed(), Problem.from_text(*DATA, 1, "1/5")
    assert problem.rows == problem.inputs
    assert (problem.coordinates, usual.coordinates) == (2, 3)
    assert problem.to_document() == usual.to_document() | {"hidden_bias": "none"}
    assert "hidden_bias" not in usual.to_document()
    assert Problem.from_document(json.loads(json.dumps(problem.to_document()))) == problem
    assert problem != usual
    assert problem.digest != usual.digest
    assert repr(problem).endswith("output_bias=none, hidden_bias=none)")
    assert "hidden_bias" not in repr(usual)
    assert problem.with_width(2).hidden_bias is HiddenBias.NONE


def test_arrays_and_names_of_either_kind_are_read():
    expected = Problem.from_text([["1"], ["2"]], ["0", "1"], 1, "1", hidden_bias="none")
    frame = pd.DataFrame({"x": [1.0, 2.0]})
    for bias in ("none", HiddenBias.NONE):
        assert Problem.from_arrays(frame, [0, 1], 1, 1, hidden_bias=bias) == expected
    usual = Problem.from_arrays(frame, [0, 1], 1, 1, hidden_bias="ridge")
    assert usual == Problem.from_arrays(frame, [0, 1], 1, 1)


@pytest.mark.parametrize("value", ["fre", "", None, True, 1])
def test_other_values_are_refused_in_one_line(value):
    with pytest.raises(
        InputError, match=r"hidden_bias: .*; expected one of ridge, none, free"
    ) as found:
        Problem.from_text(*DATA, 1, "1/5", hidden_bias=value)
    assert "\n" not in str(found.value)


def test_several_layers_and_inputs_that_are_all_0_are_refused():
    with pytest.raises(InputError, match="hidden_bias: none with 2 hidden layers; expected ridge"):
        posed([2, 1])
    with pytest.raises(InputError, match="hidden_bias: none, and all inputs are 0; expected an in"):
        Problem.from_text([["0"], ["0"]], ["1", "2"], 1, "1", hidden_bias="none")
    assert Problem.from_text([["0"], ["0"]], ["1", "2"], 1, "1").rows == ((0, 1), (0, 1))
    with pytest.raises(InputError):
        bound_loss(posed())


def test_networks_have_no_c_in_documents_and_predict_without(tmp_path):
    landscape = enumerate_minima(posed(2), engine="certified")
    record = landscape.document["components"][0]
    assert set(record["representative"]) == {"a", "B"}
    assert all(len(group["direction"]) == 2 for group in record["strata"][0]["support"])
    landscape.save(tmp_path / "minima.json")
    again = read_landscape(tmp_path / "minima.json")
    assert again.problem == landscape.problem
    for one, other in zip(landscape, again, strict=True):
        assert one.network.offsets.tolist() == [0, 0]
        assert np.allclose(one.predict([[1, 1], [2, 2]]), other.predict([[1, 1], [2, 2]]))
        assert np.allclose(one.predict([[2, 2]]), 2 * one.predict([[1, 1]]))
        assert one.predict([[0, 0]]).tolist() == [0]
        assert abs(one.loss_on(*_floats()) - float(one.loss)) < 1e-12
    assert "c" not in landscape.units()
    assert list(landscape.units().columns) == ["component", "unit", "face", "a", "b_x1", "b_x2"]
    assert "c" not in landscape.frame()


def _floats():
    inputs, targets = DATA
    return [[float(x) for x in row] for row in inputs], [float(y) for y in targets]


@pytest.mark.parametrize("output_bias", ["none", "free", "ridge"])
def test_gradients_of_the_loss_are_right(output_bias):
    objective = Objective(posed(2, output_bias=output_bias, loss="mean"))
    theta = objective.draw(4, np.random.default_rng(1))
    assert theta.shape == (4, 2 * 3 + (output_bias != "none"))
    for one in theta:
        wrong = check_grad(
            lambda t: objective.evaluate(t[None])[0][0],
            lambda t: objective.evaluate(t[None])[1][0],
            one,
        )
        assert wrong < 1e-4 * (1 + np.abs(one).max())


# Configurations and tables.


ENTRY = {"family": "random", "n": 3, "d": 2, "seed": [0, 1], "width": 1, "ridge": "1/5"}

BOTH = ENTRY | {"loss": "sum", "output_bias": "none", "hidden_bias": ["ridge", "none"]}


def test_instances_have_names_of_their_own_and_pose_the_problem():
    found = instances({"datasets": [BOTH]})
    assert list(found) == [
        f"random-n3-d2-L1-ridge1_5-seed{seed}{tail}"
        for seed in (0, 1)
        for tail in ("", "-no_hidden_bias")
    ]
    for name, instance in found.items():
        problem = problem_of(instance)
        assert problem.has_hidden_bias == (not name.endswith("no_hidden_bias"))
        assert ("hidden_bias" in instance) == name.endswith("no_hidden_bias")
        assert name == instance_name(instance)
    usual = instances({"datasets": [{k: v for k, v in BOTH.items() if k != "hidden_bias"}]})
    assert list(usual.values()) == [i for i in found.values() if "hidden_bias" not in i]


def test_sweeps_have_batches_of_either_kind():
    sweep = {"datasets": [BOTH | {"engine": "certified"}], "sweep": {"data_sets_per_job": 5}}
    methods = [names[1] for names in batches(sweep)]
    assert methods == ["certified", "certified-no_hidden_bias"]


def test_fewer_supports_are_expected():
    instance = {"data": None, "csv": None, "family": "random", "parameters": {"n": 5, "d": 2}}
    flat = {"data": None, "csv": None, "family": "random", "parameters": {"n": 5}}
    unbiased = instance | {"hidden_bias": "none"}
    assert expected_supports(unbiased, [1, 2]) == expected_supports(flat, [1, 2])
    assert expected_supports(unbiased, [1]) < expected_supports(instance, [1])


def test_tables_name_it_where_there_is_one_without():
    problems = {"with": Problem.from_text(*DATA, 1, "1/5"), "without": posed()}
    documents = {k: enumerate_minima(p, engine="certified").document for k, p in problems.items()}
    frame = summary_frame(documents)
    assert frame["hidden_bias"].tolist() == ["ridge", "none"]
    assert "hidden_bias" not in summary_frame({"with": documents["with"]})
    found = instances({"datasets": [BOTH]})
    unbiased = next(i for i in found.values() if "hidden_bias" in i) | {"engine": "certified"}
    assert instance_row(unbiased, documents["without"])["hidden_bias"] == "none"


def test_summaries_never_average_over_both():
    table = pd.DataFrame([row("a"), row("b", hidden_bias="none")]).convert_dtypes()
    filled = with_settings(table)
    assert filled["hidden_bias"].tolist() == ["ridge", "none"]
    assert grouping(filled)[-1] == "hidden_bias"
    assert len(sweep_summary(filled)) == 2
    assert [title for title, _ in settings(filled)] == ["hidden bias: ridge", "hidden bias: none"]
    usual = pd.DataFrame([row("a"), row("b")]).convert_dtypes()
    assert with_settings(usual) is usual
    assert len(sweep_summary(usual)) == 1


# Figures.


@pytest.mark.parametrize("inputs", [[["1"], ["-2"], ["0"]], DATA[0][:3], [["1", "2", "0"]] * 3])
def test_figures_show_units_and_fits(inputs):
    problem = Problem.from_text(inputs, ["1", "-1", "2"], 2, "1/20", hidden_bias="none")
    document = enumerate_minima(problem, engine="certified").document
    for plot in (plot_units, plot_fits, plot_levels):
        assert plot(document).axes
    if problem.dimension != 2:
        assert any("Sign of $b \\cdot x_i$" in text for text in texts(plot_units(document)))
    component = document["components"][0]
    at_0, one, two = (
        fitted_values(component, np.full((1, problem.dimension), k))[0] for k in (0.0, 1.0, 2.0)
    )
    assert (at_0, two) == (0, pytest.approx(2 * one))


def test_the_way_between_basins_is_drawn():
    problem = posed(2, output_bias="ridge")
    basins = enumerate_minima(problem, engine="certified").basins()
    numbers = [record["index"] for record in basins.components if record["basin"]]
    assert len(numbers) > 1
    assert basins.profile(*numbers[:2]).axes
