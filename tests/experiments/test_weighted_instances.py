"""Weights in a configuration: of a file, by a column, and of points that are written out."""

from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from reluenum.documents.results import write_sealed
from reluenum.errors import InputError
from reluenum.experiments.instances import instances
from reluenum.experiments.steps import problem_document, problem_of, read_problem

SCHEMA = yaml.safe_load(
    (Path(__file__).parents[2] / "config/schemas/config.schema.yaml").read_text()
)

POSED = {"width": 1, "ridge": "1/10", "loss": "mean", "output_bias": "none"}


def problem(entry):
    ((_, instance),) = instances({"datasets": [entry | POSED]}).items()
    return problem_of(instance)


def test_a_file_and_points_have_the_same_weights(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("x,y,w\n0,1,1/3\n1,-1,2\n")
    found = problem({"csv": str(path)})
    assert found == problem({"data": {"x": [["0"], ["1"]], "y": ["1", "-1"], "w": ["1/3", "2"]}})
    path.write_text("dose,y,n\n0,1,1/3\n1,-1,2\n")
    assert found == problem({"csv": str(path), "inputs": "dose", "weights": "n"})
    assert not problem({"csv": str(path), "inputs": "dose"}).weighs
    assert found.weighs


def test_the_file_of_a_problem_keeps_them(tmp_path):
    found = problem({"data": {"x": [["0"], ["1"]], "y": ["1", "-1"], "w": ["1/3", "2"]}})
    write_sealed(tmp_path / "problem.json", problem_document(found))
    assert read_problem(tmp_path / "problem.json") == found


def test_bad_weights_are_named():
    points = {"x": [["0"], ["1"]], "y": ["1", "-1"]}
    with pytest.raises(InputError, match=r"weights\[1\]: 0 is not positive"):
        problem({"data": points | {"w": ["1", "0"]}})
    with pytest.raises(InputError, match="weights: 1 weights and 2 data points"):
        problem({"data": points | {"w": ["1"]}})
    with pytest.raises(InputError, match="'weights' without 'csv'"):
        problem({"data": points, "weights": "n"})


def test_the_schema_knows_both_keys():
    schema = SCHEMA["$defs"]["dataset"] | {"$defs": SCHEMA["$defs"]}
    check = Draft202012Validator(schema).validate
    check({"csv": "data.csv", "weights": "n", "ridge": "1"})
    check({"data": {"x": [["0"]], "y": ["1"], "w": ["1/2"]}, "ridge": "1"})
    with pytest.raises(ValidationError):
        check({"data": {"x": [["0"]], "y": ["1"], "w": [0.5]}, "ridge": "1"})
