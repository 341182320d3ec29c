"""The documents keep the contract, and a file is never seen half written."""

import json
import os
import stat
from decimal import Decimal

import jsonschema
import pytest
from flint import fmpq

from reluenum.documents.files import write_text
from reluenum.documents.minima import minima_document, stationary_document
from reluenum.documents.results import to_json
from reluenum.documents.seals import read_json
from reluenum.engines.reduced.merge import merge
from reluenum.engines.reduced.outcomes import Outcome, OutcomeKind, solve_support
from reluenum.engines.reduced.route import landscape
from reluenum.errors import IncompleteRunError
from reluenum.geometry.arrangement import Arrangement
from reluenum.geometry.geometry import Geometry
from reluenum.geometry.supports import support_text, supports
from reluenum.groebner.backends import open_backends
from reluenum.problem import Problem

EXAMPLE_1 = Problem.from_text([["-3/4"], ["4/3"]], ["2", "-1"], 2, "1")

PLANE = Problem.from_text([["0", "0"], ["1", "0"], ["0", "1"]], ["1", "-2", "3"], 1, "1/9")

BIASED = Problem.from_text([["-1"], ["1/3"], ["2"]], ["1", "-2", "3"], 2, "1/9", "mean", "ridge")

PROBLEMS = {"example 1": EXAMPLE_1, "plane": PLANE, "biased": BIASED}


def record(required, optional=()):
    return {
        "type": "object",
        "properties": {**required, **dict(optional)},
        "required": list(required),
        "additionalProperties": False,
    }


def array(items, **limits):
    return {"type": "array", "items": items, **limits}


COUNT = {"type": "integer", "minimum": 0}

FLAG = {"type": "boolean"}

TEXT = {"type": "string", "minLength": 1}

FRACTION = {"type": "string", "pattern": r"^-?[0-9]+(/[1-9][0-9]*)?$"}

DECIMAL = {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$"}

FACE = {"type": "string", "pattern": r"^[+0-]+$"}

PROBLEM = record(
    {
        "x": array(array(FRACTION, minItems=1), minItems=1),
        "y": array(FRACTION, minItems=1),
        "width": {"type": "integer", "minimum": 1},
        "ridge": FRACTION,
        "loss": {"enum": ["sum", "mean"]},
        "output_bias": {"enum": ["none", "free", "ridge"]},
    }
)

GROUP = record(
    {
        "face": FACE,
        "sign": {"enum": [1, -1]},
        "multiplicity": {"type": "integer", "minimum": 1},
        "sum_a_squared": DECIMAL,
        "direction": array(DECIMAL, minItems=2),
    }
)

COMPONENT = record(
    {
        "dimension": COUNT,
        "loss": DECIMAL,
        "loss_interval": array(FRACTION, minItems=2, maxItems=2),
        "on_boundary": FLAG,
        "global_at_width": {"enum": [True, False, None]},
        "global_at_every_width": FLAG,
        "orbit_size": {"type": "integer", "minimum": 1},
        "strata": array(
            record({"dimension": COUNT, "support": array(GROUP), "zero_neurons": COUNT}),
            minItems=1,
        ),
        "representative": record(
            {"a": array(DECIMAL), "B": array(array(DECIMAL, minItems=1)), "c": array(DECIMAL)},
            {"m": DECIMAL},
        ),
    }
)

ENUMERATION = record(
    {
        "sign_matrices": {"type": "string", "pattern": "^[1-9][0-9]*$"},
        **dict.fromkeys(
            [
                "realisable_patterns",
                "patterns_up_to_permutation",
                "supports_examined",
                "stationary",
                "locally_minimal",
                "undecided",
            ],
            COUNT,
        ),
    }
)

RELEASE = {"type": ["string", "null"], "pattern": "^[0-9]"}

SOFTWARE = record(
    {
        "reluenum": RELEASE,
        "python-flint": RELEASE,
        "flint": RELEASE,
        "msolve": RELEASE,
        "singular": RELEASE,
        "sympy": RELEASE,
    }
)

SCHEMA = record(
    {
        "format": {"const": "reluenum-minima"},
        "version": {"const": 1},
        "software": SOFTWARE,
        "problem": PROBLEM,
        "enumeration": ENUMERATION,
        "complete": FLAG,
        "completeness": {"const": "theorem E"},
        "components": array(COMPONENT),
    },
    {"undecided": array(record({"support": TEXT, "reason": TEXT}), minItems=1)},
)

STATIONARY = record(
    {
        "format": {"const": "reluenum-stationary"},
        "version": {"const": 1},
        "software": SOFTWARE,
        "problem": PROBLEM,
        "points": array(
            record(
                {
                    "support": {"type": "string"},
                    "signs": array({"enum": [1, -1]}),
                    "zero_neurons": FLAG,
                    "loss": DECIMAL,
                    "minimum": FLAG,
                    "descent": {
                        "anyOf": [
                            {"type": "null"},
                            record(
                                {
                                    "kind": {"enum": ["rotate", "grow"]},
                                    "face": FACE,
                                    "sign": {"enum": [1, -1]},
                                    "vector": array(FRACTION),
                                    "step": FRACTION,
                                }
                            ),
                        ]
                    },
                }
            )
        ),
    }
)


def landscape_of(problem, undecided=()):
    arrangement = Arrangement.of(problem)
    with open_backends("flint") as engine:
        outcomes = [
            Outcome(s, OutcomeKind.UNDECIDED, reason="flint: not solved within 1 s")
            if support_text(s) in undecided
            else solve_support(problem, s, engine)
            for s in supports(arrangement, problem.width)
        ]
    return landscape(merge(Geometry.of(problem), outcomes), Geometry.of(problem))


@pytest.fixture(scope="module")
def landscapes():
    return {name: landscape_of(problem) for name, problem in PROBLEMS.items()}


@pytest.fixture(scope="module")
def documents(landscapes):
    return {name: minima_document(found) for name, found in landscapes.items()}


def fraction(text):
    numerator, _, denominator = text.partition("/")
    return fmpq(int(numerator), int(denominator or "1"))


def exact(decimal_text):
    return fmpq(*Decimal(decimal_text).as_integer_ratio())


@pytest.mark.parametrize("name", PROBLEMS)
def test_documents_have_exactly_the_fields_of_the_contract(name, landscapes, documents):
    jsonschema.validate(documents[name], SCHEMA)
    jsonschema.validate(stationary_document(landscapes[name]), STATIONARY)


@pytest.mark.parametrize("name", PROBLEMS)
def test_documents_are_consistent_in_themselves(name, documents):
    document = documents[name]
    problem = document["problem"]
    size, width, dimension = len(problem["x"]), problem["width"], len(problem["x"][0])
    assert ("undecided" in document) == (not document["complete"])
    for component in document["components"]:
        assert component["dimension"] == max(s["dimension"] for s in component["strata"])
        assert component["global_at_every_width"] or len(component["strata"]) == 1
        boundary = False
        for stratum in component["strata"]:
            groups = stratum["support"]
            assert sum(g["multiplicity"] for g in groups) + stratum["zero_neurons"] == width
            assert all(len(g["face"]) == size for g in groups)
            assert all(len(g["direction"]) == dimension + 1 for g in groups)
            boundary |= stratum["zero_neurons"] > 0 or any("0" in g["face"] for g in groups)
            for group in groups:
                length = sum(exact(entry) ** 2 for entry in group["direction"])
                assert abs(length - 1) < fmpq(1, 10**25)
                assert exact(group["sum_a_squared"]) > 0
        assert component["on_boundary"] == boundary
        point = component["representative"]
        assert len(point["a"]) == len(point["B"]) == len(point["c"]) == width
        assert all(len(row) == dimension for row in point["B"])
        assert ("m" in point) == (problem["output_bias"] != "none")


@pytest.mark.parametrize("name", PROBLEMS)
def test_losses_are_sorted_and_inside_their_intervals(name, documents):
    losses = []
    for component in documents[name]["components"]:
        low, high = map(fraction, component["loss_interval"])
        loss = exact(component["loss"])
        assert low < loss < high
        assert high - low <= 2 * abs(loss) / fmpq(10) ** 29
        losses.append(loss)
    assert losses == sorted(losses)
    assert losses


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_representative_evaluates_to_the_loss(name, documents):
    document = documents[name]
    problem = Problem.from_document(document["problem"])
    for component in document["components"]:
        point = component["representative"]
        weights = [exact(a) for a in point["a"]]
        units = [
            [*map(exact, row), exact(c)] for row, c in zip(point["B"], point["c"], strict=True)
        ]
        m = exact(point.get("m", "0"))
        fit = fmpq(0)
        for row, target in zip(problem.rows, problem.targets, strict=True):
            response = m
            for a, v in zip(weights, units, strict=True):
                value = sum((x * y for x, y in zip(v, row, strict=True)), start=fmpq(0))
                response += a * max(value, fmpq(0))
            fit += (target - response) ** 2
        penalty = sum((a * a for a in weights), start=fmpq(0))
        penalty += sum((e * e for unit in units for e in unit), start=fmpq(0))
        if document["problem"]["output_bias"] == "ridge":
            penalty += m * m
        total = fit * problem.loss_scale + problem.ridge * penalty
        assert abs(total - exact(component["loss"])) < fmpq(1, 10**24)


def test_example_1_is_written_as_the_theory_has_it(documents):
    document = documents["example 1"]
    assert document["enumeration"] == {
        "sign_matrices": "16",
        "realisable_patterns": 16,
        "patterns_up_to_permutation": 10,
        "supports_examined": 15,
        "stationary": 3,
        "locally_minimal": 3,
        "undecided": 0,
    }
    assert document["complete"] is True
    best, arc, _ = document["components"]
    assert best["loss"] == "3.4"
    assert best["strata"] == [
        {
            "dimension": 0,
            "support": [
                {
                    "face": "+0",
                    "sign": 1,
                    "multiplicity": 1,
                    "sum_a_squared": "0.96",
                    "direction": ["-0.6", "0.8"],
                },
                {
                    "face": "0+",
                    "sign": -1,
                    "multiplicity": 1,
                    "sum_a_squared": "0.24",
                    "direction": ["0.8", "0.6"],
                },
            ],
            "zero_neurons": 0,
        }
    ]
    assert (best["orbit_size"], best["global_at_every_width"], best["dimension"]) == (2, True, 0)
    assert (arc["loss"], arc["dimension"], arc["orbit_size"]) == ("3.56", 1, 1)


def test_the_stationary_document_has_every_point_with_and_without_zero_neurons(landscapes):
    points = stationary_document(landscapes["example 1"])["points"]
    found = {(p["support"], p["zero_neurons"]): (p["minimum"], p["descent"]) for p in points}
    assert len(found) == len(points)
    verdicts = {key: minimum for key, (minimum, _) in found.items()}
    assert verdicts == {
        ("", True): False,
        ("+0", False): True,
        ("+0", True): False,
        ("0+", False): True,
        ("0+", True): False,
        ("+0|0+", False): True,
    }
    assert all((descent is None) == minimum for minimum, descent in found.values())


def test_an_incomplete_run_says_so_in_the_document():
    document = minima_document(landscape_of(EXAMPLE_1, undecided={"+0|0+"}))
    jsonschema.validate(document, SCHEMA)
    assert document["complete"] is False
    assert document["enumeration"]["undecided"] == 1
    assert document["undecided"] == [{"support": "+0|0+", "reason": "flint: not solved within 1 s"}]
    assert [c["global_at_width"] for c in document["components"]] == [None, False]


def test_equal_documents_are_equal_bytes(documents):
    for name, problem in PROBLEMS.items():
        text = to_json(documents[name])
        assert to_json(minima_document(landscape_of(problem))) == text
        assert json.loads(text) == documents[name]
        assert text.endswith("}\n")


def test_a_written_file_is_what_was_written(tmp_path):
    target = tmp_path / "minima.json"
    write_text(target, "μ ≤ 1\n")
    assert target.read_bytes() == "μ ≤ 1\n".encode()
    write_text(target, "second")
    assert target.read_text() == "second"
    assert os.listdir(tmp_path) == ["minima.json"]


def test_a_written_file_gets_the_usual_permissions(tmp_path):
    (tmp_path / "usual").touch()
    write_text(tmp_path / "written", "")
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("usual", "written")]
    assert modes[0] == modes[1]


@pytest.mark.parametrize("text", ["\ud800", None], ids=["not encodable", "no text"])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, text):
    target = tmp_path / "minima.json"
    target.write_text("old")
    with pytest.raises((UnicodeEncodeError, TypeError)):
        write_text(target, text)
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["minima.json"]


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()], ids=repr)
def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, error):
    target = tmp_path / "minima.json"
    target.write_text("old")

    def refuse(*_):
        raise error

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(type(error)):
        write_text(target, "new")
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["minima.json"]


def test_nobody_sees_a_file_before_it_is_complete(tmp_path, monkeypatch):
    target = tmp_path / "minima.json"
    seen = []
    replace = os.replace

    def watch(source, destination):
        with open(source) as stream:
            seen.append((target.exists(), stream.read()))
        replace(source, destination)

    monkeypatch.setattr(os, "replace", watch)
    write_text(target, "whole")
    assert seen == [(False, "whole")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not a complete JSON document"),
        (b'{"format": "relu', "is not a complete JSON document"),
        (b'{"a": 1} {"b": 2}', "is not a complete JSON document"),
        (b"\xff\xfe", "is not a complete JSON document"),
        (b"[1, 2]", "does not hold a JSON object"),
        (b"null", "does not hold a JSON object"),
    ],
)
def test_what_is_no_document_is_refused_by_name(tmp_path, content, message):
    path = tmp_path / "minima.json"
    path.write_bytes(content)
    with pytest.raises(IncompleteRunError, match=message) as caught:
        read_json(path)
    assert str(path) in str(caught.value)


def test_documents_are_read_back(tmp_path, documents):
    path = tmp_path / "minima.json"
    write_text(path, to_json(documents["plane"]))
    assert read_json(path) == documents["plane"]
