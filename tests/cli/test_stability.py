"""`reluenum stability`: files in, files out, exit codes, and what is refused."""

import json

import pandas as pd
import pytest

from reluenum import enumerate_minima, read_landscape
from reluenum.cli import main
from tests.support.oracles import random_problem

DATA = "x,y\n-1,2\n0,0\n1,1\n"


@pytest.fixture
def minima(tmp_path):
    data, path = tmp_path / "data.csv", tmp_path / "minima.json"
    data.write_text(DATA)
    asked = ["--width", "1", "--ridge", "1/10", "--engine", "certified", "--output", str(path)]
    assert main(["minima", str(data), *asked]) == 0
    return path


def run(*arguments):
    return main(["stability", *map(str, arguments)])


def test_document_table_and_figure_are_written(minima, tmp_path):
    output, table, figure = (tmp_path / name for name in ("s.json", "radii.csv", "radii.svg"))
    asked = ["--y-error", "1/100", "--output", output, "--table", table, "--figure", figure]
    assert run(minima, *asked) == 0
    document = json.loads(output.read_text())
    assert (document["format"], document["version"]) == ("reluenum-stability", 1)
    assert document["errors"]["bounds"] == ["1/100"] * 3
    rows = pd.read_csv(table)
    assert rows["index"].tolist() == [1, 2, 3]
    assert rows["under_errors"].tolist() == ["persists"] * 3
    assert (rows["radius"] <= rows["at_most"]).all()
    assert figure.read_text().count("<svg") == 1


def test_it_is_the_same_from_python(minima, capsys):
    assert run(minima) == 0
    found = read_landscape(minima).stability()
    assert json.loads(capsys.readouterr().out) == found.document
    assert found.frame()["index"].tolist() == [1, 2, 3]
    assert found.figure().axes


def test_errors_are_read_from_a_column(minima, tmp_path, capsys):
    errors = tmp_path / "errors.csv"
    errors.write_text("point,e\n1,0\n2,0.11\n3,0\n")
    assert run(minima, "--y-error", errors) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["errors"]["bounds"] == ["0", "11/100", "0"]
    assert document["components"][0]["under_errors"] == "ends at some of them"


def test_a_document_of_basins_has_radii_of_basins(minima, tmp_path, capsys):
    assert main(["basins", str(minima), "--output", str(tmp_path / "basins.json")]) == 0
    assert run(tmp_path / "basins.json") == 0
    components = json.loads(capsys.readouterr().out)["components"]
    assert [c["basin_radius"] is None for c in components] == [True, False, False]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("-1", "--y-error: '-1', with a negative one"),
        ("much", "--y-error: "),
        ("none.csv", "--y-error: none.csv: "),
        ("two.csv", "--y-error: 2 errors for 3 data points"),
        ("other.csv", "--y-error: other.csv has no column e"),
    ],
)
def test_bad_errors_are_refused_in_one_line(minima, tmp_path, monkeypatch, capsys, given, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "two.csv").write_text("e\n1\n2\n")
    (tmp_path / "other.csv").write_text("f\n1\n2\n3\n")
    assert run(minima, "--y-error", given, "--output", "out.json") == 2
    told = capsys.readouterr().err
    assert told.startswith(f"reluenum: {message}")
    assert told.count("\n") == 1
    assert not (tmp_path / "out.json").exists()


def test_other_lists_are_refused_in_one_line(tmp_path, capsys):
    (tmp_path / "data.csv").write_text(DATA)
    for name, asked in {"all": ["--width", "all"], "deep": ["--hidden", "1,1"]}.items():
        engine = ["--engine", "certified"] if name == "all" else []
        output = tmp_path / f"{name}.json"
        given = ["--ridge", "1", *asked, *engine, "--output", str(output)]
        assert main(["minima", str(tmp_path / "data.csv"), *given]) == 0
        capsys.readouterr()
        assert run(output) == 2
        assert capsys.readouterr().err.count("\n") == 1


def test_what_is_no_document_is_refused_in_one_line(tmp_path, capsys):
    (tmp_path / "minima.json").write_text("{}")
    assert run(tmp_path / "minima.json") == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_lists_by_boxes_have_radii_of_their_minima_and_so_have_lists_by_groebner_bases(tmp_path):
    problem = random_problem(3, 5, 1, 2, "1/10")
    told = [
        enumerate_minima(problem, engine=engine).stability().document
        for engine in ("certified", "groebner", "branch")
    ]
    assert told[0] == told[1] == told[2]


def test_a_list_of_many_supports_has_no_radius_unless_one_insists(minima, monkeypatch, capsys):
    monkeypatch.setattr("reluenum.paths.stability.radii.MOST_SUPPORTS", 3)
    assert run(minima) == 0
    found = json.loads(capsys.readouterr().out)["list"]
    assert found["radius"] is None
    assert "--force" in found["reason"]
    assert run(minima, "--force") == 0
    assert float(json.loads(capsys.readouterr().out)["list"]["radius"]) > 0
