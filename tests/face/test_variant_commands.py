"""Hidden units without bias and linear parts, as commands and configurations ask for them."""

import json
from pathlib import Path

import pytest

from reluenum import Problem
from reluenum.cli import main
from reluenum.errors import InputError
from reluenum.experiments.instances import instances

pytestmark = pytest.mark.seconds(30)

DATA = {
    "bias.csv": ([["1", "1"], ["1", "-1"], ["-1", "1"], ["2", "1"]], ["1", "-1", "-1", "2"]),
    "linear.csv": ([["-2"], ["-1"], ["0"], ["2"]], ["1", "-1", "2", "4"]),
}

BIAS = ["--width", "2", "--ridge", "1/5", "--hidden-bias", "none"]
LINEAR = ["--width", "2", "--ridge", "1/50", "--linear", "free"]


@pytest.fixture(autouse=True)
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, (inputs, targets) in DATA.items():
        columns = ["x"] if len(inputs[0]) == 1 else ["x1", "x2"]
        rows = [[*columns, "y"], *([*x, y] for x, y in zip(inputs, targets, strict=True))]
        Path(name).write_text("".join(f"{','.join(row)}\n" for row in rows))


@pytest.mark.parametrize(
    ("file", "asked", "setting", "words"),
    [
        ("bias.csv", BIAS, {"hidden_bias": "none"}, "no hidden bias"),
        ("linear.csv", LINEAR, {"linear": "free"}, ", linear part free"),
    ],
)
@pytest.mark.parametrize("engine", ["certified", "groebner", "auto"])
def test_minima_asks_for_it_and_verify_says_so(engine, file, asked, setting, words, capsys):
    assert main(["minima", file, *asked, "--engine", engine, "--output", "m.json"]) == 0
    document = json.loads(Path("m.json").read_text())
    assert (
        document["problem"] == Problem.from_text(*DATA[file], 2, asked[3], **setting).to_document()
    )
    if engine != "groebner":
        assert main(["verify", "m.json", file]) == 0
        assert words in capsys.readouterr().out


def refused(asked, found, kinds):
    """Return arguments of commands that do not go with an option, and what each says."""
    option, value = asked[4:]
    name = option.removeprefix("--").replace("-", "_")
    return [
        (["minima", *asked, "--engine", "branch"], f"{name}: {value} with the engine branch"),
        (["minima", *asked[2:], "--hidden", "2,1"], f"{option}: {value} with 2 hidden layers"),
        (["minima", *asked[:5], found], f"{option}: {found!r}; expected one of {kinds}"),
        (["path", *asked[:3], "1/5:1", option, "no"], f"{option}: 'no'; expected one"),
        (["crosscheck", *asked, "--formulations", "branch"], f"{name}: {value} with the engine"),
        (["crosscheck", *asked[2:], "--hidden", "2,1"], f"{name}: {value} with 2 hidden layers"),
        (["bound", *asked[2:], "--hidden", "2,1"], f"{name}: {value} with 2 hidden layers"),
    ]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        *refused(BIAS, "fre", "ridge, none, free"),
        *refused(LINEAR, "both", "none, free, ridge"),
        (["convex", *BIAS[2:5], "no"], "--hidden-bias: 'no'; expected one of ridge, none"),
    ],
)
def test_what_there_is_not_is_refused_in_one_line(arguments, line, capsys):
    command, *options = arguments
    file = "bias.csv" if "--hidden-bias" in options else "linear.csv"
    assert main([command, file, *options]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert line in error


def lists_and_trees(file, asked):
    """List minima and basins, from the list and from the data."""
    assert main(["minima", file, *asked, "--engine", "certified", "--output", "m.json"]) == 0
    assert main(["basins", "m.json", "--output", "b.json", "--figure", "b.svg"]) == 0
    assert main(["basins", file, *asked, "--output", "other.json"]) == 0
    assert json.loads(Path("b.json").read_text()) == json.loads(Path("other.json").read_text())
    assert main(["descend", "m.json", "--starts", "8", "--output", "d.json"]) == 0


def path_and_page(file, *asked):
    """Follow a path, and return the page on which one walks along it."""
    path = ["--width", "1", *asked, "--points", "4"]
    assert main(["path", file, *path, "--output", "p.json", "--figure", "p.svg"]) == 0
    assert main(["explore", "p.json", "--output", "p.html"]) == 0
    return Path("p.html").read_text()


def test_all_other_commands_take_units_without_bias(capsys):
    lists_and_trees("bias.csv", BIAS)
    page = path_and_page("bias.csv", "--ridge", "1/5:1", *BIAS[4:])
    assert "hidden bias: none" in page
    assert main(["crosscheck", "bias.csv", "--width", "1", *BIAS[2:], "--backends", "flint"]) == 0
    capsys.readouterr()


def test_all_other_commands_take_a_linear_part(capsys):
    file, asked = "linear.csv", [*LINEAR, "--output-bias", "free"]
    lists_and_trees(file, asked)
    assert main(["verify", "b.json", file]) == 0
    assert main(["stability", "m.json", "--output", "s.json"]) == 0
    page = path_and_page(file, "--ridge", "1/50:1", "--linear", "ridge")
    assert "linear part: ridge" in page
    assert json.loads(Path("p.json").read_text())["branches"][0]["samples"][0]["beta"][0] in page
    assert main(["convex", file, "--ridge", "1/50", *LINEAR[4:]]) == 0
    assert main(["crosscheck", file, "--width", "1", *LINEAR[2:], "--backends", "flint"]) == 0
    capsys.readouterr()


ENTRY = {"family": "random", "n": 3, "d": 2, "seed": 0, "ridge": "1/5", "loss": "sum"}


@pytest.mark.parametrize(
    ("setting", "layers", "line"),
    [
        ({"hidden_bias": "none"}, {"width": 1}, "hidden_bias: none with the engine branch"),
        ({"hidden_bias": "none"}, {"hidden": [[2, 1]]}, "hidden_bias: none with several hidden l"),
        ({"linear": "free"}, {"width": 1}, "a linear part with the engine branch"),
        (
            {"linear": "free"},
            {"hidden": [[2, 1]]},
            "linear: free with several hidden layers; exp",
        ),
    ],
)
def test_configurations_are_refused_in_one_line(setting, layers, line):
    entry = {**ENTRY, "output_bias": "none", "width": 1, **layers, **setting}
    solve = {} if "hidden" in layers else {"engine": "branch"}
    with pytest.raises(InputError, match=line) as found:
        instances({"datasets": [entry], "solve": solve})
    assert "\n" not in str(found.value)
