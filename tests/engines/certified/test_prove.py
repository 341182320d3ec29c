"""Runs of the certified engine: what they write, what they leave open, what they refuse."""

import json
import sys
from functools import cache

import pytest

from reluenum import InputError, Problem, enumerate_minima
from reluenum.cli import main
from reluenum.datasets.datafiles import read_csv
from reluenum.datasets.families import random_data, reference_data, to_csv
from reluenum.documents.results import to_json
from reluenum.documents.seals import read_json
from reluenum.engines.certified import certificate
from reluenum.engines.certified.escalation import Escalation
from reluenum.engines.certified.prove import prove, write_proof
from reluenum.engines.certified.questions import AtWidth, EveryWidth
from reluenum.engines.certified.spool import Task, surveyed
from reluenum.errors import BackendError
from reluenum.problem import parse_ridge
from reluenum.verify import verify
from tests.support.oracles import reference_problem

REFERENCE = reference_problem(2, "1/100")

TASK = Task(REFERENCE, 2)

RELUENUM = [sys.executable, "-m", "reluenum"]


@cache
def whole():
    return prove(TASK, surveyed(TASK)).document


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text(to_csv(*reference_data()))
    return path


def test_a_large_certificate_lies_beside_its_document_and_a_small_one_inside(tmp_path, monkeypatch):
    output = tmp_path / "minima.json"
    beside = tmp_path / "minima.certificate.parquet"
    proof = prove(TASK, surveyed(TASK), beside=beside, inline=0)
    assert proof.document["certificate"]["file"] == beside.name
    output.write_text(to_json(proof.document))
    assert verify(output).records == 153
    write_proof(TASK, output)
    assert not beside.exists()
    assert "data" in read_json(output)["certificate"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["minima.json"]


# What stays undecided, and what is refused.

TIED = "x,y\n-1,1\n0,2\n1,1\n"


def undecided(monkeypatch):
    """Let every escalation fail."""

    def fail(self, support, vectors):
        raise BackendError("escalation", "no engine here")

    monkeypatch.setattr(Escalation, "point", fail)


def test_undecided_supports_are_listed_and_nothing_is_claimed(tmp_path, monkeypatch, capsys):
    data, output = tmp_path / "data.csv", tmp_path / "minima.json"
    data.write_text(TIED)
    problem = Problem(*read_csv(data), 2, parse_ridge("1/2"))
    assert enumerate_minima(problem, engine="certified").is_complete
    undecided(monkeypatch)
    given = ["minima", str(data), "--width", "2", "--ridge", "1/2", "--engine", "certified"]
    assert main([*given, "--output", str(output)]) == 3
    assert "supports undecided, so minima may be missing" in capsys.readouterr().err
    document = read_json(output)
    assert document["complete"] is False
    assert len(document["undecided"]) == document["enumeration"]["undecided"] > 0
    assert all(c["global_at_width"] is not True for c in document["components"])
    assert main(["verify", str(output)]) == 1
    assert "not proved" in capsys.readouterr().err


@pytest.mark.parametrize("bound", ["LARGEST_DEGREE", "MOST_DIGITS"])
def test_what_no_checker_would_read_is_undecided(bound, monkeypatch):
    """On these points with a mirror image, some numbers of degree 8 are exactly 0."""
    problem = Problem.from_text([["-1"], ["1"], ["3"]], [2, 0, 2], 2, "1/100")
    task = Task(problem, 2)
    exact = prove(task, surveyed(task)).document["certificate"]["exact"]
    degrees = {record["support"]: len(record["chi"]) - 1 for record in exact}
    assert max(degrees.values()) == 8
    monkeypatch.setattr(certificate, bound, 7 if bound == "LARGEST_DEGREE" else 16**2 * 2)
    document = prove(task, surveyed(task)).document
    assert document["complete"] is False
    found = {record["support"] for record in document["undecided"]}
    assert found >= {support for support, degree in degrees.items() if degree == 8}
    assert all("longer description" in record["reason"] for record in document["undecided"])


def test_every_width_stays_undecided_as_well(tmp_path, monkeypatch, capsys):
    data, output = tmp_path / "data.csv", tmp_path / "minima.json"
    data.write_text(TIED)
    undecided(monkeypatch)
    given = ["minima", str(data), "--width", "all", "--ridge", "1/2", "--engine", "certified"]
    assert main([*given, "--output", str(output)]) == 3
    assert read_json(output)["complete"] is False
    assert main(["verify", str(output)]) == 1


def test_the_command_line_prints_a_document_that_verifies(data, tmp_path, capsys):
    given = ["minima", str(data), "--width", "2", "--ridge", "1/100", "--engine", "certified"]
    assert main(given) == 0
    printed = capsys.readouterr().out
    assert json.loads(printed) == whole()
    path = tmp_path / "printed.json"
    path.write_text(printed)
    assert main(["verify", str(path)]) == 0
    assert capsys.readouterr().out.startswith("proved: 6 components from 153 records")
    path.write_text(printed.replace("0.70792", "0.70793"))
    assert main(["verify", str(path)]) == 1
    path.write_text(printed[:-100])  # no JSON any more
    assert main(["verify", str(path)]) == 2
    assert main(["verify", str(tmp_path / "none.json")]) == 2


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--width", "all", "--engine", "groebner"], "--width: all with --engine groebner"),
        (["--exact"], "--exact: given with --engine groebner"),
        (["--engine", "certified", "--all-patterns"], "--all-patterns: given with"),
        (["--engine", "certified", "--formulation", "eliminated"], "--formulation: given with"),
        (["--engine", "certified", "--width", "none"], "--width: 'none'"),
    ],
)
def test_options_that_do_not_go_together_are_refused(data, more, message, capsys, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    assert main(["minima", str(data), "--width", "2", "--ridge", "1/100", *more]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert len(captured.err.splitlines()) == 1
    assert captured.out == ""
    assert sorted(tmp_path.rglob("*")) == before


def test_the_facts_of_the_paper_are_about_one_width(data, tmp_path, capsys):
    output = tmp_path / "all.json"
    given = ["--ridge", "1/10", "--engine", "certified", "--output", str(output)]
    assert main(["minima", str(data), "--width", "all", *given]) == 0
    assert main(["verify", str(output)]) == 0
    capsys.readouterr()
    assert main(["facts", str(output)]) == 2
    assert "is about every width; expected one about one width" in capsys.readouterr().err


def test_astronomical_enumerations_are_refused(tmp_path, capsys):
    data = tmp_path / "data.csv"
    data.write_text(to_csv(*random_data(60, seed=1, denominator=1000)))
    given = ["minima", str(data), "--ridge", "1/100", "--engine", "certified"]
    assert main([*given, "--width", "4"]) == 2
    assert main([*given, "--width", "all"]) == 2
    assert "supports to solve" in capsys.readouterr().err


@pytest.mark.parametrize(
    "options", [{"formulation": "eliminated"}, {"all_patterns": True}, {"engine": "magic"}]
)
def test_the_library_refuses_what_the_engine_does_not_know(options):
    with pytest.raises(InputError):
        enumerate_minima(REFERENCE, **{"engine": "certified"} | options)


def test_every_width_is_posed_with_as_many_faces_as_data_points():
    assert EveryWidth.largest(REFERENCE).width == 5
    assert AtWidth.largest(REFERENCE) is REFERENCE
