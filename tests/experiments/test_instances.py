"""Configurations are checked key by key, and instances get names of their own."""

import copy
import json
from pathlib import Path

import pytest
import yaml

from reluenum import figures
from reluenum.datasets.families import FAMILIES, reference_data
from reluenum.documents.seals import place_of, sealed
from reluenum.engines.choice import ENGINES
from reluenum.errors import InputError
from reluenum.experiments import instances as experiment
from reluenum.experiments.configuration import complete_config
from reluenum.experiments.instances import PARAMETERS, batches, instances, paths
from reluenum.experiments.plans import batch_names, planned_batches
from reluenum.groebner.backends import BACKENDS
from reluenum.groebner.limits import DEFAULT_MEGABYTES
from reluenum.optimisers import OPTIMISERS
from reluenum.optimisers.studies.runs import LOCAL
from reluenum.problem import Problem

ROOT = Path(__file__).parents[2]

SCHEMA = ROOT / "config/schemas/config.schema.yaml"

ENTRY = {"family": "reference", "width": 2, "ridge": "1/100"}

CONFIG = {"experiment": "trial", "datasets": [ENTRY]}


def completed(config):
    config = copy.deepcopy(config)
    complete_config(config, SCHEMA)
    return config


def refusal(config):
    """Return the message of the error that a configuration raises."""
    with pytest.raises(InputError) as caught:
        instances(completed(config))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def with_entry(**changes):
    entry = ENTRY | changes
    return CONFIG | {"datasets": [{key: v for key, v in entry.items() if v is not None}]}


@pytest.mark.parametrize("path", sorted((ROOT / "config").glob("*.yaml")), ids=lambda p: p.name)
def test_every_configuration_of_the_project_is_valid(path):
    config = yaml.safe_load(path.read_text())
    assert instances(completed(config))


def test_defaults_are_filled_in_at_every_level():
    config = completed(CONFIG | {"solve": {"seconds": 7}})
    assert config["solve"] == {
        "engine": "groebner",
        "formulation": "reduced",
        "all_patterns": False,
        "backend": "auto",
        "seconds": 7,
        "megabytes": DEFAULT_MEGABYTES,
        "patterns_per_job": 1,
        "supports_per_job": 100_000,
        "shards": 1,
        "force": False,
    }
    assert config["figures"] == {"formats": ["svg", "png"]}
    usual = {"loss": "sum", "output_bias": "none", "hidden_bias": "ridge", "linear": "none"}
    assert config["datasets"][0] == ENTRY | usual


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (with_entry(rigde="1/10"), "datasets[0]: unknown key 'rigde' (did you mean 'ridge'?)"),
        (with_entry(ridge=None, rigde="1"), "unknown key 'rigde' (did you mean 'ridge'?)"),
        (with_entry(ridge=None), "datasets[0]: no key 'ridge'"),
        (with_entry(ridge=0.01), "datasets[0].ridge: 0.01; expected text in quotes"),
        (with_entry(ridge=["1/10", 0.01]), "datasets[0].ridge[1]: 0.01; expected text in quotes"),
        (with_entry(ridge="0"), "datasets[0].ridge: 0 is not positive"),
        (with_entry(ridge="1/0"), "datasets[0].ridge: '1/0' divides by zero"),
        (with_entry(width=0), "datasets[0].width: 0; expected a whole number >= 1"),
        (with_entry(width=[2, 2]), "datasets[0].width: [2, 2]; expected"),
        (with_entry(width=True), "datasets[0].width: True; expected"),
        (with_entry(loss="average"), "datasets[0].loss: 'average'; expected one of sum, mean"),
        (with_entry(output_bias=["none", "fre"]), "datasets[0].output_bias[1]: 'fre'; expected"),
        (with_entry(name="a-b"), "datasets[0].name: 'a-b'; expected"),
        (with_entry(csv="data.csv"), "datasets[0]: 'family' and 'csv'"),
        (with_entry(family=None), "datasets[0]: no data"),
        (with_entry(family=None, csv="a.csv", n=3), "datasets[0]: 'n' beside 'csv'"),
        (with_entry(family="rand"), "datasets[0].family: 'rand'; expected one of reference"),
        (with_entry(seed=1), "datasets[0]: 'seed' beside family reference; expected no parameter"),
        (with_entry(family="random"), "datasets[0]: no key 'n' beside family random"),
        (with_entry(family="random", n=3, hidden=2), "'hidden' beside family random"),
        (with_entry(family="teacher", n=3, noise=0.1), "datasets[0].noise: 0.1; expected text"),
        (with_entry(family="teacher", n=3, noise="much"), "noise: 'much' is not a finite"),
        (CONFIG | {"datasets": []}, "datasets: []; expected a list of one or more data sets"),
        (CONFIG | {"experiment": "../up"}, "experiment: '../up'; expected the name"),
        (CONFIG | {"experiment": "mine\n"}, r"experiment: 'mine\n'; expected the name"),
        (CONFIG | {"solver": {}}, "top level: unknown key 'solver' (did you mean 'solve'?)"),
        (
            CONFIG | {"solve": {"engine": "magic"}},
            "solve.engine: 'magic'; expected one of groe",
        ),
        (
            CONFIG | {"solve": {"supports_per_job": 0}},
            "solve.supports_per_job: 0; expected a",
        ),
        (CONFIG | {"solve": {"backend": "magma"}}, "solve.backend: 'magma'; expected one of auto"),
        (CONFIG | {"solve": {"seconds": 0}}, "solve.seconds: 0; expected a positive number"),
        (CONFIG | {"solve": {"megabytes": 0}}, "solve.megabytes: 0; expected a whole number of m"),
        (CONFIG | {"solve": {"megabytes": 0.5}}, "solve.megabytes: 0.5; expected a whole number"),
        (CONFIG | {"figures": {"formats": ["gif"]}}, "figures.formats[0]: 'gif'; expected one of"),
    ],
)
def test_an_error_names_its_key_in_one_line(config, message):
    assert message in refusal(config)


@pytest.mark.parametrize(
    ("entry", "more", "message"),
    [
        ({"width": None, "hidden": [2, 1]}, {}, "several hidden layers with the engine branch"),
        ({}, {"basins": True}, "basins with the engine branch"),
        ({}, {"sweep": {}}, "a sweep with the engine branch"),
    ],
)
def test_boxes_of_directions_are_for_one_layer(entry, more, message):
    config = with_entry(**{"family": "random", "n": 3, "ridge": "1"} | entry)
    config = completed(config | {"solve": {"engine": "branch"}} | more)
    find = batches if more.get("sweep") == {} else instances
    with pytest.raises(InputError, match=message):
        find(config)


def test_schema_lists_the_backends_engines_and_parameters_that_there_are():
    schema = yaml.safe_load(SCHEMA.read_text())
    allowed = schema["properties"]["solve"]["properties"]["backend"]["enum"]
    assert set(allowed) == {"auto", *BACKENDS}
    named = schema["properties"]["descent"]["properties"]["optimisers"]
    assert named["items"]["enum"] == list(OPTIMISERS)
    assert named["default"] == list(LOCAL)
    keys = schema["$defs"]["dataset"]["properties"]
    assert schema["properties"]["solve"]["properties"]["engine"]["enum"] == list(ENGINES)
    assert keys["engine"]["items"]["enum"] == [name for name in ENGINES if name != "branch"]
    assert set(PARAMETERS) <= keys.keys()


def test_a_family_that_is_added_to_the_table_needs_no_other_entry(monkeypatch):
    monkeypatch.setitem(FAMILIES, "line", lambda n, d=1: ())
    entry = {"family": "line", "n": [3, 4], "width": 1, "ridge": "1"}
    assert list(instances(completed(with_entry(**entry)))) == [
        "line-n3-d1-L1-ridge1",
        "line-n4-d1-L1-ridge1",
    ]


def test_every_level_of_the_schema_is_closed_and_described():
    def check(schema):
        if isinstance(schema, dict):
            if "properties" in schema:
                assert schema["additionalProperties"] is False
            if "type" in schema or "enum" in schema:
                assert schema["description"]
            for value in schema.values():
                check(value)
        elif isinstance(schema, list):
            for value in schema:
                check(value)

    check(yaml.safe_load(SCHEMA.read_text()))


def test_figures_of_the_workflow_are_those_there_are_and_have_captions():
    for announced, drawn in [
        (experiment.FIGURES, figures.FIGURES),
        (experiment.SUMMARY_FIGURES, figures.SUMMARY_FIGURES),
        (experiment.SWEEP_FIGURES, figures.SWEEP_FIGURES),
        (experiment.TREE_FIGURES, figures.TREE_FIGURES),
        (experiment.DEPTH_FIGURES, figures.DEPTH_FIGURES),
        (experiment.RADII_FIGURES, figures.RADII_FIGURES),
        (experiment.STABILITY_FIGURES, figures.STABILITY_FIGURES),
        (experiment.DESCENT_FIGURES, figures.DESCENT_FIGURES),
        (experiment.PRACTICE_FIGURES, figures.PRACTICE_FIGURES),
    ]:
        assert list(announced) == list(drawn)
        assert all((ROOT / f"captions/{name}.rst").exists() for name in announced)


def test_sweep_is_the_product_of_its_lists():
    entry = {
        "family": "random",
        "n": [3, 4],
        "d": 1,
        "seed": [0, 1],
        "width": [1, 2],
        "ridge": ["1/100", "0.1", "1e-3"],
        "loss": ["sum", "mean"],
    }
    found = instances(completed(CONFIG | {"datasets": [entry]}))
    assert len(found) == 2 * 2 * 2 * 3 * 2
    assert found["random-n4-d1-L2-ridge1_1000-seed1-mean"] == {
        "label": "random",
        "family": "random",
        "csv": None,
        "data": None,
        "parameters": {"n": 4, "d": 1, "seed": 1},
        "width": 2,
        "ridge": "1/1000",
        "loss": "mean",
        "output_bias": "none",
    }


def test_names_can_be_read_back():
    entry = ENTRY | {"name": "my_data", "ridge": "12e-4", "output_bias": "free"}
    (name,) = instances(completed(CONFIG | {"datasets": [entry]}))
    assert name.split("-") == ["my_data", "L2", "ridge3_2500", "bias_free"]


def test_d_and_seed_are_in_the_name_also_by_default():
    entry = {"family": "teacher", "n": 3, "noise": "0.10", "width": 1, "ridge": "1"}
    ((name, instance),) = instances(completed(CONFIG | {"datasets": [entry]})).items()
    assert name == "teacher-n3-d1-L1-ridge1-seed0-noise1_10"
    assert instance["parameters"] == {"n": 3, "d": 1, "seed": 0, "noise": "1/10"}


def test_the_reference_configuration_holds_the_reference_data():
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    (instance,) = instances(completed(config)).values()
    written = Problem.from_text(instance["data"]["x"], instance["data"]["y"], 1, "1")
    assert (written.inputs, written.targets) == reference_data()


def test_points_written_as_floats_are_refused():
    entry = {"name": "a", "data": {"x": [[0.1]], "y": ["1"]}, "width": 1, "ridge": "1"}
    with pytest.raises(InputError, match=r"datasets\[0\].data.x\[0\]\[0\]: 0.1; expected text"):
        completed(CONFIG | {"datasets": [entry]})


def test_csv_is_named_after_its_file():
    entry = {"csv": "data/My file-1.csv", "width": 3, "ridge": "2"}
    (name,) = instances(completed(CONFIG | {"datasets": [entry]}))
    assert name == "My_file_1-L3-ridge2"


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "csv.bz2", "txt.xz"])
def test_csv_is_named_without_its_endings(ending):
    entry = {"csv": f"a.b.{ending}", "width": 3, "ridge": "2"}
    assert list(instances(completed(CONFIG | {"datasets": [entry]}))) == ["a_b-L3-ridge2"]


def test_what_an_entry_says_of_its_file_belongs_to_all_its_instances_and_paths():
    layout = {"inputs": ["a", "b"], "target": "c", "separator": "tab", "decimal": ","}
    entry = {"csv": "mine.csv", "width": [1, 2], "ridge": "2", "path": {"from": "1", "to": "2"}}
    config = completed(CONFIG | {"datasets": [entry | layout], "sweep": {}})
    found = [*instances(config).values(), *paths(config).values()]
    found += [batch.spec for batch in batches(config).values()]
    assert [instance["layout"] for instance in found] == [layout] * 5
    (plain,) = batches(completed(CONFIG | {"datasets": [entry], "sweep": {}})).values()
    assert "layout" not in plain.spec


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"inputs": "a,a"}, "datasets[0].inputs: 'a,a'; expected different names of columns"),
        ({"inputs": []}, "datasets[0].inputs: []; expected names of columns as text"),
        ({"inputs": [0, 1]}, "datasets[0].inputs[0]: 0; expected the name of a column as text"),
        ({"inputs": ["a", "a"]}, "datasets[0].inputs: ['a', 'a']; expected names of columns"),
        ({"target": ""}, "datasets[0].target: ''; expected the name of a column as text"),
        ({"target": ["y"]}, "datasets[0].target: ['y']; expected the name of a column as text"),
        ({"inputs": "a", "target": "a"}, "datasets[0].target: 'a'; expected the name of a column,"),
        (
            {"separator": "colon"},
            "datasets[0].separator: 'colon'; expected one of comma, semicolon",
        ),
        ({"decimal": "dot"}, "datasets[0].decimal: 'dot'; expected one of point, comma"),
        ({"decimal": ","}, "datasets[0].decimal: a comma, and no separator; expected a separator"),
        ({"seperator": ";"}, "datasets[0]: unknown key 'seperator' (did you mean 'separator'?)"),
    ],
)
def test_bad_word_about_a_file_is_refused_by_its_key(keys, message):
    entry = {"csv": "mine.csv", "width": 1, "ridge": "1"} | keys
    assert refusal(CONFIG | {"datasets": [entry]}).startswith(f"configuration, {message}")


def test_generated_data_have_no_columns_to_name():
    message = refusal(with_entry(target="y"))
    assert message.startswith("configuration, datasets[0]: 'target' without 'csv'; expected it bes")


@pytest.mark.parametrize(
    "entries", [[with_entry(ridge=["0.01", "1/100"])["datasets"][0]], [ENTRY, ENTRY]]
)
def test_two_instances_never_share_a_folder(entries):
    message = refusal(CONFIG | {"datasets": entries})
    assert "a second instance reference-L2-ridge1_100" in message


def test_a_ridge_too_long_for_a_folder_name_is_refused():
    assert "folder name of" in refusal(with_entry(ridge="0." + "1" * 300))


def test_batches_of_one_pattern_are_named_by_its_number():
    assert batch_names([["a"]] * 11)[:2] == ["01", "02"]
    assert batch_names([["a"]] * 11)[-1] == "11"


def test_batches_of_different_sizes_share_a_name_only_if_they_share_their_patterns(tmp_path):
    patterns = [str(k) for k in range(23)]
    named = {}
    for size in range(1, 25):
        batches = [patterns[k : k + size] for k in range(0, len(patterns), size)]
        plan = tmp_path / f"{size}.json"
        plan.write_text(json.dumps(sealed({"batches": batches}, place_of(plan))))
        for name, batch in zip(planned_batches(plan), batches, strict=True):
            assert named.setdefault(name, batch) == batch
