"""Weights on the command line: all commands that read data, and one line for what is wrong."""

import json
from pathlib import Path

import pytest

from reluenum.cli import main

pytestmark = pytest.mark.seconds(30)

ROWS = "x,y,w\n-1,1/5,1\n0.5,-1,3\n2,1,1\n"

COPIES = "x,y\n-1,1/5\n0.5,-1\n0.5,-1\n0.5,-1\n2,1\n"

ASKED = ["--width", "1", "--ridge", "1/10", "--loss", "mean"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").write_text(ROWS)
    Path("copies.csv").write_text(COPIES)
    Path("named.csv").write_text(ROWS.replace("w", "times").replace(",", ";"))
    Path("dose.csv").write_text(ROWS.replace("x,y", "dose,effect"))


def losses(name, *more, engine="certified"):
    output = f"{name}.json"
    assert main(["minima", name, *ASKED, "--engine", engine, "--output", output, *more]) == 0
    return [component["loss"] for component in json.loads(Path(output).read_text())["components"]]


@pytest.mark.parametrize("engine", ["certified", "groebner"])
def test_a_column_of_weights_stands_for_copies(engine):
    expected = losses("copies.csv", engine=engine)
    assert losses("rows.csv", engine=engine) == expected
    assert losses("named.csv", "--weights", "times", "--separator", "semicolon") == expected
    layout = ["--inputs", "dose", "--target", "effect"]
    assert losses("dose.csv", *layout, "--weights", "w") == expected
    assert losses("dose.csv", *layout) != expected


def test_a_proof_is_compared_with_the_weights_of_the_file(capsys):
    losses("rows.csv")
    assert main(["verify", "rows.csv.json", "rows.csv"]) == 0
    assert "n = 3 of weight 5" in capsys.readouterr().out
    Path("rows.csv").write_text(ROWS.replace(",3\n", ",2\n"))
    assert main(["verify", "rows.csv.json", "rows.csv"]) == 1
    error = capsys.readouterr().err
    assert "row 2 of the data, column w: 2 in the file, 3 in the document" in error


@pytest.mark.parametrize(
    ("command", "key"),
    [
        (["convex", "{}", "--ridge", "1/10", "--loss", "mean", "--output", "{}.out"], "value"),
        (
            ["path", "{}", *ASKED[:2], "--ridge", "1/10:1/2", "--points", "3", "--loss", "mean"],
            "events",
        ),
    ],
)
def test_other_commands_read_them(command, key, capsys):
    found = []
    for name in ("rows.csv", "copies.csv"):
        arguments = [part.format(name) for part in command]
        capsys.readouterr()
        assert main(arguments) == 0
        text = capsys.readouterr().out or Path(f"{name}.out").read_text()
        found.append(json.loads(text)[key])
    if key == "value":
        assert abs(found[0] - found[1]) < 1e-8
    else:
        assert [event["low"] for event in found[0]] == [event["low"] for event in found[1]]


def test_runs_are_explained_by_the_weighted_list(capsys):
    losses("rows.csv")
    assert main(["descend", "rows.csv.json", "--starts", "6", "--optimisers", "lbfgs"]) == 0
    document = json.loads(capsys.readouterr().out)
    kinds = json.dumps(document)
    assert "minimum" in kinds
    assert "unexplained" not in json.dumps([run["kind"] for run in document.get("runs", [])])


@pytest.mark.parametrize(
    ("content", "arguments", "message"),
    [
        ("x,y,w\n0,1,0\n", [], "row 2, column w: a weight of 0; expected a positive number"),
        ("x,y,w\n0,1,-1/2\n", [], "row 2, column w: a weight of -1/2"),
        ("x,y,w\n0,1,nan\n", [], "row 2, column w: 'nan'"),
        ("x,y,w\n0,1\n", [], "row 2: 2 cells; expected 3"),
        ("x,y,w\n0,1,1\n", ["--weights", "n"], "row 1: no column 'n'"),
        ("x,y\n0,1\n", ["--weights", "y"], "column 'y' as target and as weights"),
        ("x,y,w\n0,1,1\n", ["--weights", ""], "--weights: ''"),
        ("x,y,w\n0,1,1\n", ["--inputs", "x", "--weights", "x"], "--weights: 'x'"),
    ],
)
def test_bad_weights_are_one_line(content, arguments, message, capsys):
    Path("bad.csv").write_text(content)
    assert main(["minima", "bad.csv", *ASKED, *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("command", ["minima", "bound"])
def test_several_hidden_layers_are_refused_in_one_line(command, capsys):
    assert main([command, "rows.csv", "--hidden", "2,1", "--ridge", "1"]) == 2
    error = capsys.readouterr().err
    assert "weights: weights with 2 hidden layers; expected equal weights of 1" in error
    assert error.count("\n") == 1


def test_weights_without_data_are_refused(capsys):
    losses("rows.csv")
    assert main(["verify", "rows.csv.json", "--weights", "w"]) == 2
    assert capsys.readouterr().err.startswith("reluenum: DATA.csv: no file")
