"""A linear part: how it is asked for, written, read, drawn and refused."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import check_grad

from reluenum import Linear, Problem, enumerate_minima, read_landscape
from reluenum.convex.deep.bounds import bound_loss
from reluenum.errors import InputError
from reluenum.experiments.instances import batches, instances
from reluenum.experiments.names import instance_name
from reluenum.experiments.rows import instance_row
from reluenum.experiments.steps import problem_of
from reluenum.figures import plot_fits, plot_levels, plot_units
from reluenum.figures.reading import data, fitted_values
from reluenum.figures.sweeps.panels import settings
from reluenum.optimisers.networks import Objective
from reluenum.optimisers.studies.bands import Line, listed_networks
from reluenum.views.instances import summary_frame
from reluenum.views.sweep_tables import grouping, sweep_summary, with_settings
from tests.support.sweeps import row

pytestmark = pytest.mark.seconds(15)

DATA = [["-2"], ["-1"], ["0"], ["2"]], ["1", "-1", "2", "4"]


ZIGZAG = [["-3"], ["-2"], ["0"], ["1"], ["3"], ["4"]], ["3", "0", "2", "-1", "4", "0"]
"""With a free linear part and constant there are several basins."""


def posed(width=1, linear="free", **more):
    return Problem.from_text(*DATA, width, "1/50", linear=linear, **more)


def test_the_document_says_so_and_only_then():
    problem, usual = posed(), Problem.from_text(*DATA, 1, "1/50")
    assert problem.to_document() == usual.to_document() | {"linear": "free"}
    assert usual == posed(linear="none")
    assert Problem.from_document(json.loads(json.dumps(problem.to_document()))) == problem
    assert len({problem.digest, usual.digest, posed(linear="ridge").digest}) == 3
    assert repr(problem).endswith("output_bias=none, linear=free)")
    assert problem.with_width(2).linear is Linear.FREE


def test_arrays_are_read():
    frame = pd.DataFrame({"x": [1.0, 2.0]})
    expected = Problem.from_text([["1"], ["2"]], ["0", "1"], 1, "1", linear="ridge")
    for linear in ("ridge", Linear.RIDGE):
        assert Problem.from_arrays(frame, [0, 1], 1, 1, linear=linear) == expected


@pytest.mark.parametrize("value", ["all", "", None, True, 1])
def test_other_values_are_refused_in_one_line(value):
    with pytest.raises(InputError, match=r"linear: .*; expected one of none, free, ridge") as found:
        posed(linear=value)
    assert "\n" not in str(found.value)


def test_several_layers_are_refused():
    with pytest.raises(InputError, match="linear: free with 2 hidden layers; expected none"):
        posed([2, 1])
    with pytest.raises(InputError):
        bound_loss(posed())


@pytest.mark.parametrize(("linear", "bias"), [("free", "free"), ("ridge", "none")])
def test_networks_have_a_beta_in_documents_and_predict_with_it(linear, bias, tmp_path):
    landscape = enumerate_minima(posed(2, linear, output_bias=bias), engine="certified")
    landscape.save(tmp_path / "minima.json")
    again = read_landscape(tmp_path / "minima.json")
    assert again.problem == landscape.problem
    inputs, targets = [-2, -1, 0, 2], [1, -1, 2, 4]
    for one, other in zip(landscape, again, strict=True):
        assert np.allclose(one.predict([-9, 0, 5]), other.predict([-9, 0, 5]))
        assert abs(one.loss_on(inputs, targets) - float(one.loss)) < 1e-12
        errors = targets - one.predict(inputs)
        pulled = float(errors @ np.array(inputs))
        expected = {"free": 0, "ridge": float(one.network.linear[0]) / 50}[linear]
        assert pulled == pytest.approx(expected, abs=1e-12)  # Lemma 74(2)
    assert landscape.frame()["beta"].str.startswith("[").all()
    assert "beta" not in enumerate_minima(Problem.from_text(*DATA, 1, "1")).frame()


@pytest.mark.parametrize("output_bias", ["none", "free", "ridge"])
@pytest.mark.parametrize("linear", ["free", "ridge"])
def test_gradients_of_the_loss_are_right_and_the_best_outer_part_is(linear, output_bias):
    objective = Objective(posed(2, linear, output_bias=output_bias, loss="mean"))
    theta = objective.draw(4, np.random.default_rng(1))
    assert theta.shape == (4, 2 * 3 + 1 + (output_bias != "none"))
    best = objective.pack(objective.with_best_outer(objective.unpack(theta)))
    for one, other in zip(theta, best, strict=True):
        wrong = check_grad(
            lambda t: objective.evaluate(t[None])[0][0],
            lambda t: objective.evaluate(t[None])[1][0],
            one,
        )
        assert wrong < 1e-4 * (1 + np.abs(one).max())
        assert np.abs(objective.evaluate(other[None])[1][0, 6:]).max() < 1e-10


def test_a_free_linear_part_makes_a_unit_and_its_negative_one():
    free = {"linear": "free", "output_bias": "free"}
    landscape = enumerate_minima(Problem.from_text(*ZIGZAG, 2, "1/50", **free), engine="certified")
    objective = Objective(landscape.problem)
    networks = listed_networks(landscape.document["components"])
    line = Line.through(networks[[0, 1]])
    expected = objective.values(networks)
    assert line.levels(objective)[0, 0] == pytest.approx(expected[0])
    mirrored = objective.unpack(objective.pack(networks))
    mirrored.units[:, 0] *= -1
    assert objective.values(objective.with_best_outer(mirrored)) == pytest.approx(expected)


# Configurations and tables.

ENTRY = {"family": "random", "n": 3, "seed": 1, "width": 1, "ridge": "1/5", "loss": "sum"}

BOTH = ENTRY | {"output_bias": "none", "linear": ["none", "free", "ridge"]}


def test_instances_have_names_of_their_own_and_pose_the_problem():
    found = instances({"datasets": [BOTH]})
    tails = ["", "-linear_free", "-linear_ridge"]
    assert list(found) == [f"random-n3-d1-L1-ridge1_5-seed1{tail}" for tail in tails]
    for name, instance in found.items():
        assert problem_of(instance).linear == (name.partition("linear_")[2] or "none")
        assert name == instance_name(instance)
    sweep = {"datasets": [BOTH | {"engine": "certified"}], "sweep": {"data_sets_per_job": 5}}
    assert [names[1] for names in batches(sweep)] == [f"certified{tail}" for tail in tails]


def test_tables_name_it_where_there_is_one_and_never_average_over_both():
    problems = {
        "without": posed(linear="none"),
        "with": posed(),
        "both": posed(hidden_bias="none", linear="ridge"),
    }
    documents = {k: enumerate_minima(p, engine="certified").document for k, p in problems.items()}
    frame = summary_frame(documents)
    assert frame["linear"].tolist() == ["none", "free", "ridge"]
    assert frame["hidden_bias"].tolist() == ["ridge", "ridge", "none"]
    assert "linear" not in summary_frame({"without": documents["without"]})
    found = instances({"datasets": [BOTH]})
    free = next(i for i in found.values() if i.get("linear") == "free") | {"engine": "certified"}
    assert instance_row(free, documents["with"])["linear"] == "free"
    table = with_settings(pd.DataFrame([row("a"), row("b", linear="free")]).convert_dtypes())
    assert table["linear"].tolist() == ["none", "free"]
    assert grouping(table)[-1] == "linear"
    assert len(sweep_summary(table)) == 2
    assert [title for title, _ in settings(table)] == ["linear part: none", "linear part: free"]


# Figures.


@pytest.mark.parametrize("inputs", [[["1"], ["-2"], ["0"]], [["1", "1"], ["1", "-1"], ["0", "2"]]])
def test_figures_show_units_and_fits(inputs):
    problem = Problem.from_text(inputs, ["1", "-1", "2"], 1, "1/20", linear="ridge")
    landscape = enumerate_minima(problem, engine="certified")
    for plot in (plot_units, plot_fits, plot_levels):
        assert plot(landscape.document).axes
    component, (points, _) = landscape.document["components"][0], data(landscape.document)
    assert fitted_values(component, points) == pytest.approx(landscape[0].predict(points))


def test_the_way_between_basins_is_drawn():
    free = {"linear": "free", "output_bias": "free"}
    problem = Problem.from_text(*ZIGZAG, 2, "1/50", **free)
    basins = enumerate_minima(problem, engine="certified").basins()
    numbers = [record["index"] for record in basins.components if record["basin"]]
    assert len(numbers) > 1
    assert basins.profile(*numbers[:2]).axes
