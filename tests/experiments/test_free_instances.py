"""Configurations with free hidden biases: names, what is refused, and one real run."""

import copy
from pathlib import Path

import pytest

from reluenum import InputError
from reluenum.documents.results import read_result
from reluenum.experiments.configuration import complete_config
from reluenum.experiments.effort import expected_path
from reluenum.experiments.instances import instances, paths
from reluenum.groebner.backends import DEFAULT_SETTINGS
from reluenum.groebner.limits import DEFAULT_LIMITS
from reluenum.optimisers.studies.runs import Descents
from scripts import cover, dataset, descent, figures, path, path_figure, tables, verify
from tests.support.workflow import Folder, jobs

SCHEMA = Path(__file__).parents[2] / "config/schemas/config.schema.yaml"

ENTRY = {
    "family": "random",
    "n": 4,
    "d": 1,
    "seed": 1,
    "width": 2,
    "ridge": "1/10",
    "output_bias": "free",
    "hidden_bias": "free",
}

CONFIG = {"experiment": "free", "datasets": [ENTRY], "solve": {"engine": "certified"}}


def completed(config):
    """A configuration with its defaults."""
    config = copy.deepcopy(config)
    complete_config(config, SCHEMA)
    return config


def with_path(**changes):
    """A configuration with a path."""
    along = {"from": "1/100", "to": "1", "points": 3, "exact": True}
    return CONFIG | {"datasets": [ENTRY | {"path": along} | changes]}


def test_instances_and_paths_have_their_own_names():
    config = completed(with_path())
    (name,), (along,) = instances(config), paths(config)
    assert name == "random-n4-d1-L2-ridge1_10-seed1-bias_free-free_hidden_bias"
    assert along == "random-n4-d1-L2-seed1-bias_free-free_hidden_bias"


def test_an_exact_path_is_not_estimated_by_its_grid():
    (few,), (many,) = (paths(completed(with_path())).values() for _ in range(2))
    assert expected_path(few) == expected_path(many | {"points": 999})
    assert expected_path(few | {"hidden_bias": "ridge"}) > expected_path(few)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (CONFIG | {"solve": {"engine": "groebner"}}, "engine: groebner with hidden_bias: free"),
        (CONFIG | {"solve": {"engine": "branch"}}, "engine: branch with hidden_bias: free"),
        (CONFIG | {"basins": True}, "basins: true with hidden_bias: free; expected false"),
        (CONFIG | {"stability": True}, "stability: true with hidden_bias: free; expected false"),
        (CONFIG | {"datasets": [ENTRY | {"output_bias": "none"}]}, "output_bias: none with hidden"),
        (CONFIG | {"datasets": [ENTRY | {"activation": "abs"}]}, "activation: abs with hidden"),
        (CONFIG | {"datasets": [ENTRY | {"linear": "free"}]}, "linear: free with hidden"),
    ],
)
def test_what_does_not_go_with_them_is_refused_in_one_line(config, message):
    with pytest.raises(InputError) as caught:
        instances(completed(config))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_paths_are_refused_for_the_same_reasons():
    with pytest.raises(InputError, match="output_bias: ridge with hidden_bias: free"):
        paths(completed(with_path(output_bias="ridge")))


@pytest.mark.seconds(60)
@pytest.mark.slow
def test_one_experiment_from_its_configuration_to_the_last_file(tmp_path):
    folder = Folder(tmp_path / "run", with_path() | {"figures": {"formats": ["svg"]}})
    counted = jobs(folder.succeed())
    assert (counted["cover"], counted["verify"], counted["path"]) == (1, 1, 1)
    assert not {"survey", "prove", "explorer"} & counted.keys()
    (decided,) = folder.files("free/decided.txt").values()
    assert b"45 supports decided" in decided
    assert b"decided at every ridge" in decided
    (drawn,) = folder.files("free/paths/*/path.svg").values()
    assert drawn.count(b"<path") > 20


def test_runs_in_the_plane_are_explained(tmp_path):
    plane = {"family": "random", "n": 4, "d": 2, "seed": 1, "width": 1, "ridge": "1/10"}
    config = completed(CONFIG | {"datasets": [ENTRY | plane]})
    (instance,) = instances(config).values()
    problem, minima, found = (tmp_path / f"{name}.json" for name in ("problem", "minima", "found"))
    dataset.main(instance, tmp_path / "data.csv", problem)
    cover.main(problem, "certified", DEFAULT_SETTINGS, False, minima)
    descent.main(minima, Descents(("adam", "lbfgs"), 5, steps=200), DEFAULT_LIMITS, found)
    runs = read_result(found)["runs"]
    assert {run["kind"] for run in runs} <= {"minimum", "saddle", "not stationary"}
    assert len(runs) == 10


def test_the_scripts_lead_to_a_proved_list_and_a_figure_of_the_path(tmp_path):
    config = completed(with_path())
    ((name, instance),), ((_, along),) = instances(config).items(), paths(config).items()
    problem, minima = tmp_path / "problem.json", tmp_path / "minima.json"
    dataset.main(instance, tmp_path / "data.csv", problem)
    cover.main(problem, "certified", DEFAULT_SETTINGS, False, minima)
    verify.main(minima, [], 1, tmp_path / "verified.txt")
    tables.main(minima, tmp_path / "minima.csv", tmp_path / "minima.html", name)
    (tmp_path / "figures").mkdir()
    figures.main(minima, tmp_path / "figures", ["svg"], {})
    path.main(along, DEFAULT_LIMITS, tmp_path / "path.json")
    path_figure.main(tmp_path / "path.json", ["svg"])
    assert (tmp_path / "verified.txt").read_text().startswith("proved: 5 components")
    assert {file.name for file in Path(tmp_path).glob("*.svg")} == {"path.svg"}
