"""The paper's statements, checked on documents."""

import json
from copy import deepcopy

import pytest

from reluenum import enumerate_minima
from reluenum.cli import main
from reluenum.views.facts import facts
from tests.support.oracles import random_problem, reference_problem


@pytest.fixture(scope="module")
def reference():
    return enumerate_minima(reference_problem(2, "1/100"), formulation="eliminated").document


def holds(document):
    return [fact.holds for fact in facts(document)]


def test_the_statements_of_the_paper_hold_on_its_instance(reference):
    assert holds(reference) == [True, True, True, True]
    texts = [str(fact) for fact in facts(reference)]
    assert "2^(5 * 2) = 1024" in texts[0]
    assert "3 of dimension 0, 3 of dimension 1" in texts[1]
    assert "3 of 3" in texts[2]
    assert "(0 undecided; if the Groebner basis program lost no solution)" in texts[3]


def test_width_1_has_no_connected_set():
    document = enumerate_minima(reference_problem(1, "1/100")).document
    assert holds(document)[1] is False


def test_an_isolated_minimum_inside_a_cell_refutes_the_third_statement():
    """One point, one unit: the best direction is that of the point, inside its cell."""
    document = enumerate_minima(random_problem(31, 1, 1, 1, "1/3")).document
    assert [c["on_boundary"] for c in document["components"]] == [False]
    assert holds(document)[2] is False


def test_what_undecided_supports_could_change_is_open(reference):
    document = deepcopy(reference)
    document["complete"] = False
    assert holds(document) == [True, True, None, False]
    isolated = [c for c in document["components"] if c["dimension"] == 0]
    assert holds(document | {"components": isolated})[1] is None


def test_sign_matrices_that_do_not_add_up_are_noticed(reference):
    record = {"examined": "1024", "refuted": "924", "realisable": 100}
    assert holds(reference | {"sign_matrices": record})[0] is True
    assert holds(reference | {"sign_matrices": record | {"refuted": "923"}})[0] is False


def test_the_command_prints_one_line_a_statement(reference, tmp_path, capsys):
    path = tmp_path / "minima.json"
    path.write_text(json.dumps(reference))
    assert main(["facts", str(path)]) == 0
    assert capsys.readouterr().out.splitlines() == [str(fact) for fact in facts(reference)]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "reluenum-minima", "version": 1}'])
def test_anything_but_a_document_of_minima_is_refused_in_one_line(text, tmp_path, capsys):
    path = tmp_path / "minima.json"
    path.write_text(text)
    assert main(["facts", str(path)]) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert "expected a document of `reluenum minima`" in line


def test_a_missing_file_is_refused(tmp_path, capsys):
    assert main(["facts", str(tmp_path / "none.json")]) == 2
    assert "No such file" in capsys.readouterr().err
