"""`reluenum bound`: documents, exit codes, one line for bad input; `crosscheck` with depth."""

import json
from pathlib import Path

import pytest

from reluenum.cli import main
from reluenum.convex.deep.bounds import LossBound

pytestmark = pytest.mark.seconds(30)

DATA = "x,y\n-17/100,5/100\n44/100,102/100\n-1,61/100\n"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Work in a folder that holds one good data set."""
    monkeypatch.chdir(tmp_path)
    Path("data.csv").write_text(DATA)
    return tmp_path


def bound(*changes):
    return ["bound", "data.csv", "--ridge", "1/10", "--hidden", "1,2", "--quiet", *changes]


def test_a_bound_is_written_and_proved(capsys):
    assert main(bound("--output", "bound.json")) == 0
    found = json.loads(Path("bound.json").read_text())
    assert found["format"] == "reluenum-bound"
    assert float(found["lower_bound"]) >= 0.99 * float(found["upper_bound"])
    assert main(["verify", "bound.json", "data.csv"]) == 0
    assert capsys.readouterr().out.startswith("proved: no network of widths 1, ")


def test_the_best_network_is_named_and_proved(capsys):
    assert main(bound("--global", "--ridge", "1", "--output", "bound.json")) == 0
    assert "global: proved, no other network has the loss 1.26086" in capsys.readouterr().err
    assert json.loads(Path("bound.json").read_text())["global"]["upper"] == [[1, "+++"]]
    assert main(["verify", "bound.json", "data.csv"]) == 0
    assert "there is one best network, and it is this one" in capsys.readouterr().out
    assert main(bound("--global", "--boxes", "20", "--output", "bound.json")) == 3
    assert "global: not proved after 20 boxes" in capsys.readouterr().err


def test_a_list_of_minima_gives_the_upper_bound(capsys):
    minima = ["minima", "data.csv", "--ridge", "1/10", "--hidden", "1,1", "--output", "minima.json"]
    assert main(minima) == 0
    best = json.loads(Path("minima.json").read_text())["components"][0]["loss"]
    assert main(bound("--hidden", "1,1", "--minima", "minima.json")) == 0
    found = json.loads(capsys.readouterr().out)
    assert float(found["upper_bound"]) == pytest.approx(float(best), rel=1e-12)


def test_a_gap_that_is_not_reached_is_said_and_the_document_written(capsys):
    assert main(bound("--gap", "1/10000", "--boxes", "30", "--output", "bound.json")) == 3
    text = capsys.readouterr().err
    assert "after 30 boxes, not 1/10000" in text
    assert main(["verify", "bound.json"]) == 0


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (["--hidden", "2"], "hidden: 1 hidden layers; expected two widths, such as 2,2"),
        (["--hidden", "1,x"], "--hidden: '1,x'; expected whole numbers"),
        (["--gap", "0"], "--gap: 0; expected a number between 0 and 1"),
        (["--gap", "x"], "--gap: 'x' is not a finite decimal"),
        (["--global", "--gap", "1/10"], "argument --gap: not allowed with argument --global"),
        (["--boxes", "0"], "--boxes: '0'; expected a whole number"),
        (["--loss", "most"], "--loss: 'most'; expected one of"),
        (["--ridge", "0"], "--ridge: 0 is not positive"),
        (["--minima", "no.json"], "--minima: no.json: No such file"),
        (["--minima", "data.csv"], "--minima: "),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_written(changes, text, capsys):
    assert main(bound(*changes, "--output", "bound.json")) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert text in captured.err
    assert not Path("bound.json").exists()


def crosscheck(*changes):
    return ["crosscheck", "data.csv", "--ridge", "1/10", "--backends", "flint", *changes]


def test_several_hidden_layers_are_crosschecked_by_every_formulation_that_has_them(capsys):
    assert main(crosscheck("--hidden", "1,1", "--output-dir", "crosscheck")) == 0
    text = capsys.readouterr().out
    assert "| reduced       | flint" in text
    assert "| certified     | auto" in text
    assert "eliminated" not in text
    assert "Wherever runs finished, they agree." in text
    assert "hidden layers, ridge" in Path("crosscheck/page.html").read_text()


def test_a_formulation_without_several_hidden_layers_is_refused(capsys):
    call = crosscheck("--hidden", "1,1", "--formulations", "reduced,eliminated")
    assert main(call) == 2
    assert "--formulations: eliminated with hidden layers of widths 1,1" in capsys.readouterr().err


def test_bounds_that_the_checker_refuses_are_not_written(capsys, monkeypatch):
    monkeypatch.setattr(LossBound, "lower", property(lambda bound: bound.upper))
    assert main(bound("--output", "bound.json")) == 3
    assert "the checker does not prove these bounds: lower_bound" in capsys.readouterr().err
    assert not Path("bound.json").exists()


def test_verify_says_that_it_proves_bounds(capsys):
    assert main(["verify", "--help"]) == 0
    assert "or of bounds" in " ".join(capsys.readouterr().out.split())
