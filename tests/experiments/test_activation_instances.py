"""The key `activation` of a configuration: names, problems, tables, and what is refused."""

from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from reluenum import enumerate_minima
from reluenum.errors import InputError
from reluenum.experiments.instances import batches, instances, paths
from reluenum.experiments.rows import instance_row
from reluenum.experiments.steps import problem_of

SCHEMA = yaml.safe_load(
    (Path(__file__).parents[2] / "config/schemas/config.schema.yaml").read_text()
)

ENTRY = {"family": "random", "n": 3, "width": 1, "ridge": "1/10"}

CONVENTIONS = {"loss": "sum", "output_bias": "none"}


def posed(**more):
    return {"datasets": [ENTRY | CONVENTIONS | more]}


@pytest.mark.parametrize(
    ("activation", "text", "name"),
    [
        ("abs", "abs", "-abs"),
        ("leaky:0.1", "leaky:1/10", "-leaky_1_10"),
        ("slopes:-1/2,3", "slopes:-1/2,3", "-slopes_m1_2_to_3"),
        ("slopes:0,1", "relu", ""),
        ("relu", "relu", ""),
    ],
)
def test_names_and_problems_have_the_activation(activation, text, name):
    ((found, instance),) = instances(posed(activation=activation)).items()
    ((plain, bare),) = instances(posed()).items()
    assert found == plain + name
    assert problem_of(instance).activation.text == text
    assert "activation" not in bare
    assert (instance == bare) is (text == "relu")


def test_a_list_is_an_instance_for_each():
    found = instances(posed(activation=["relu", "abs", "leaky:1/10"]))
    assert [problem_of(instance).activation.text for instance in found.values()] == [
        *("relu", "abs", "leaky:1/10")
    ]
    with pytest.raises(InputError, match="a second instance"):
        instances(posed(activation=["abs", "leaky:-1"]))


def test_sweeps_and_paths_have_it_too():
    sweep = posed(activation=["abs", "relu"], engine="certified") | {
        "sweep": {"data_sets_per_job": 2}
    }
    assert [names[1] for names in batches(sweep)] == ["certified-abs", "certified"]
    path = {"from": "1/100", "to": "1", "points": 3, "exact": False}
    ((name, instance),) = paths(posed(activation="abs", path=path)).items()
    assert name.endswith("-abs")
    assert instance["activation"] == "abs"


def test_the_table_of_a_sweep_tells_activations_apart():
    for activation, data in (("abs", "random, abs"), ("relu", "random")):
        entry = posed(activation=activation, engine="certified") | {
            "sweep": {"data_sets_per_job": 1}
        }
        ((_, batch),) = batches(entry).items()
        instance = batch.spec | {"width": 1, "parameters": {"n": 3, "d": 1, "seed": 0}}
        document = enumerate_minima(problem_of(instance), engine="certified").document
        assert instance_row(instance, document)["data"] == data


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"activation": "sine"}, r"datasets\[0\].activation: 'sine'; expected relu, abs"),
        ({"activation": "leaky:1"}, r"datasets\[0\].activation: slopes that are both 1"),
        ({"activation": "abs", "width": [[2, 1]]}, "activation: abs with several hidden layers"),
    ],
)
def test_what_cannot_be_is_refused_by_its_place(more, text):
    with pytest.raises(InputError, match=text) as found:
        instances(posed(**more))
    assert "\n" not in str(found.value)


def test_the_engine_of_boxes_has_no_other():
    config = posed(activation="abs") | {"solve": {"engine": "branch"}}
    with pytest.raises(InputError, match="the activation abs with the engine branch"):
        instances(config)


def test_the_schema_knows_the_key():
    schema = SCHEMA["$defs"]["dataset"] | {"$defs": SCHEMA["$defs"]}
    check = Draft202012Validator(schema).validate
    check({"family": "reference", "ridge": "1", "activation": "abs"})
    check({"family": "reference", "ridge": "1", "activation": ["relu", "leaky:1/10"]})
    for wrong in (0.1, [], ["abs", "abs"], "", {"slope": 1}):
        with pytest.raises(ValidationError):
            check({"family": "reference", "ridge": "1", "activation": wrong})
