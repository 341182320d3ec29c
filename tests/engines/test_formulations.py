"""Both formulations, through the API, in several processes and through files, end alike."""

import json
from itertools import product

import pytest

from reluenum import InputError, enumerate_minima
from reluenum.cli import main
from reluenum.documents.minima import minima_document
from reluenum.documents.results import to_json, write_sealed
from reluenum.documents.seals import read_json
from reluenum.engines.formulations import ELIMINATED, FORMULATIONS, REDUCED, formulation
from reluenum.errors import IncompleteRunError, TheoremViolationError, TooManySupportsError
from reluenum.experiments.steps import (
    merge_files,
    merged_document,
    read_merged,
    read_solved,
    solved_document,
)
from reluenum.geometry.arrangement import Arrangement
from reluenum.geometry.geometry import Geometry
from reluenum.geometry.patterns import patterns
from reluenum.groebner.backends import open_backends
from reluenum.landscape.landscape import Completeness
from tests.support.oracles import by_any_route, random_problem, reference_problem

PROBLEM = random_problem(35, 3, 1, 2, "1/5")


def text(problem, **options):
    return to_json(by_any_route(enumerate_minima(problem, **options).document))


@pytest.fixture(scope="module")
def solved():
    """The solved file of each pattern of PROBLEM, eliminated formulation."""
    arrangement = Arrangement.of(PROBLEM)
    with open_backends() as engine:
        solve = ELIMINATED.solver(Geometry.of(PROBLEM), engine)
        return [
            solved_document(PROBLEM, ELIMINATED, [pattern], solve(pattern), engine)
            for pattern in patterns(arrangement, PROBLEM.width)
        ]


@pytest.fixture
def files(solved, tmp_path):
    """The solved files in a folder of their own."""
    paths = [tmp_path / f"{k}.json" for k in range(len(solved))]
    for path, document in zip(paths, solved, strict=True):
        write_sealed(path, document)
    return paths


def test_formulations_have_names_and_others_are_refused():
    assert list(FORMULATIONS) == ["reduced", "eliminated"]
    assert formulation("eliminated") is ELIMINATED
    with pytest.raises(InputError, match=r"'dual'; expected one of reduced, eliminated"):
        enumerate_minima(PROBLEM, formulation="dual")


@pytest.mark.parametrize("width", [1, 2])
def test_the_reference_document_is_the_same_in_both(width):
    problem = reference_problem(width, "1/100")
    assert text(problem, formulation="eliminated") == text(problem)


def test_a_document_says_what_its_completeness_rests_on():
    """The rest of it does not tell the routes apart."""
    routes = {
        "theorem E": {},
        "engine": {"formulation": "eliminated"},
        "certificate": {"engine": "certified"},
    }
    for completeness, options in routes.items():
        found = enumerate_minima(PROBLEM, **options)
        assert found.document["complete"] is True
        assert found.document["completeness"] == completeness
        assert f"complete {Completeness(completeness).words}" in repr(found)
        assert text(PROBLEM, **options) == text(PROBLEM)


def test_several_processes_write_the_same_bytes_as_one():
    assert text(PROBLEM, formulation="eliminated", jobs=2) == text(PROBLEM)


def test_many_units_on_few_faces_take_no_time():
    """Repeated faces cost no Groebner basis, so width 6 on two points is easy."""
    problem = random_problem(32, 2, 1, 6, "1/10")
    assert text(problem, formulation="eliminated") == text(problem)


def test_files_of_patterns_merge_to_the_same_document(files):
    paths = files
    points, outcomes = merge_files(paths, Geometry.of(PROBLEM), ELIMINATED)
    assert len(outcomes) == 91  # multisets of two out of the 13 faces
    path = paths[0].with_name("merged.json")
    write_sealed(path, merged_document(ELIMINATED, points, outcomes))
    assert to_json(by_any_route(minima_document(read_merged(path)))) == text(PROBLEM)


def test_files_of_one_formulation_are_not_read_as_the_other(files):
    paths = files
    with pytest.raises(IncompleteRunError, match="another formulation"):
        read_solved(paths[0], Geometry.of(PROBLEM), REDUCED)


def holder_of_a_point(paths):
    return next(p for p in paths if any(o["points"] for o in read_json(p)["outcomes"][1:]))


def test_a_moved_point_is_noticed(files):
    paths = files
    path = holder_of_a_point(paths)
    document = read_json(path)
    entry = next(o for o in document["outcomes"] if o["points"] and o["points"][0])
    entry["points"][0]["centre"][0] = "1000"
    write_sealed(path, document)
    with pytest.raises(TheoremViolationError, match="no isolated solution"):
        read_solved(path, Geometry.of(PROBLEM), ELIMINATED)


def test_a_missing_product_is_noticed(files):
    paths = files
    document = read_json(paths[-1])
    del document["outcomes"][0]
    write_sealed(paths[-1], document)
    with pytest.raises(IncompleteRunError, match="is missing, doubled or unknown"):
        merge_files(paths, Geometry.of(PROBLEM), ELIMINATED)


@pytest.mark.parametrize("name", list(FORMULATIONS))
def test_all_patterns_are_gone_through_if_asked_for(name):
    found = enumerate_minima(PROBLEM, formulation=name, all_patterns=True)
    record = found.document["sign_matrices"]
    assert (record["examined"], record["refuted"], record["realisable"]) == ("64", "28", 36)
    assert {entry["column"] for entry in record["refuted_columns"]} == {
        column
        for column in map("".join, product("+-", repeat=3))
        if column not in Arrangement.of(PROBLEM).columns
    }
    assert to_json(by_any_route(found.document)) == text(PROBLEM)


def test_astronomically_many_sign_matrices_are_refused():
    problem = random_problem(1, 11, 1, 2, "1/10")
    with pytest.raises(TooManySupportsError, match=r"2\^22 sign matrices"):
        enumerate_minima(problem, all_patterns=True)


def test_the_command_line_takes_formulation_and_all_patterns(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.csv").write_text("x,y\n-1,1\n1,2\n")
    call = ["minima", "data.csv", "--width", "2", "--ridge", "1/3"]
    assert main([*call, "--formulation", "eliminated", "--all-patterns"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["sign_matrices"]["examined"] == "16"
    assert main(call) == 0
    assert by_any_route(document) == by_any_route(json.loads(capsys.readouterr().out))


def test_an_engine_that_is_too_slow_leaves_products_undecided(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.csv").write_text("x,y\n-1,1\n1,2\n3,-1\n")
    call = ["minima", "data.csv", "--width", "1", "--ridge", "1/3", "--formulation", "eliminated"]
    assert main([*call, "--backend", "sympy", "--seconds", "1e-6"]) == 3
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert document["complete"] is False
    assert document["enumeration"]["undecided"] == len(document["undecided"]) > 0
    assert "not solved within 1e-06 s" in captured.err
