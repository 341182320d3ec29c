"""`--hidden-bias free`: a list that is proved, and one line for what there is not."""

import json
from pathlib import Path

import numpy as np
import pytest

from reluenum.cli import main
from reluenum.errors import BackendError

pytestmark = pytest.mark.seconds(10)

FREE = ["--hidden-bias", "free", "--output-bias", "free"]

ASKED = ["--width", "2", "--ridge", "1/10"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("data.csv").write_text("x,y\n0,0\n1,0\n2,1\n3,3\n")
    Path("plane.csv").write_text("x1,x2,y\n0,0,0\n1,0,1\n0,1,1\n")


def test_a_list_is_written_and_proved_and_does_not_depend_on_the_engine_named(capsys):
    names = ["usual.json", "auto.json", "certified.json"]
    for name in names:
        engine = [] if name == "usual.json" else ["--engine", name.removesuffix(".json")]
        assert main(["minima", "data.csv", *ASKED, *FREE, *engine, "--output", name]) == 0
    texts = {Path(name).read_text() for name in names}
    assert len(texts) == 1
    document = json.loads(texts.pop())
    assert [c["loss_exact"] for c in document["components"]] == [
        *("19/50", "7/10", "7/10", "599/500", "599/500", "599/500", "6")
    ]
    assert main(["verify", "usual.json", "data.csv"]) == 0
    assert "hidden bias free" in capsys.readouterr().out
    assert main(["facts", "usual.json"]) == 0


def test_a_list_of_the_plane_has_a_certificate_if_the_certified_engine_makes_it(capsys):
    for name in ("groebner", "certified", "auto"):
        asked = ["minima", "plane.csv", *ASKED, *FREE, "--engine", name, "--output", f"{name}.json"]
        assert main(asked) == 0
    assert Path("certified.json").read_text() == Path("auto.json").read_text()
    solved, proved = (json.loads(Path(f"{n}.json").read_text()) for n in ("groebner", "certified"))
    assert solved["completeness"] == "exact basis"
    assert proved["completeness"] == "certificate"
    assert solved["components"] == proved["components"]
    assert main(["facts", "certified.json"]) == 0
    capsys.readouterr()
    assert main(["verify", "groebner.json"]) == 1
    assert capsys.readouterr().err.endswith("the document has no certificate\n")


def test_what_stays_undecided_in_the_plane_is_told_by_the_exit_code(monkeypatch, capsys):
    def nobody(*_):
        raise BackendError("nobody", "not solved within 0 s")

    Path("cross.csv").write_text("x1,x2,y\n0,0,1\n1,0,0\n-1,0,0\n0,1,-1\n0,-1,1\n")
    monkeypatch.setattr("reluenum.engines.creases.essential.claimed_root", nobody)
    asked = ["--width", "1", "--ridge", "1/4", *FREE, "--engine", "certified"]
    assert main(["minima", "cross.csv", *asked, "--output", "open.json"]) == 3
    assert "undecided, so minima may be missing; the first: nobody" in capsys.readouterr().err
    document = json.loads(Path("open.json").read_text())
    assert document["complete"] is False
    assert document["undecided"]


def test_networks_in_the_plane_are_located_from_both_kinds_of_files(capsys):
    assert main(["minima", "plane.csv", *ASKED, *FREE, "--output", "minima.json"]) == 0
    components = json.loads(Path("minima.json").read_text())["components"]
    given = [components[place]["representative"] for place in (0, -1)]
    a, c = (np.array([network[key] for network in given], dtype=float) for key in "ac")
    slopes = np.array([network["B"] for network in given], dtype=float)
    bias = np.array([network["m"] for network in given], dtype=float)
    np.savez("both.npz", a=a, B=slopes, c=c, m=bias)
    Path("one.json").write_text(
        json.dumps({"a": a[0].tolist(), "B": slopes[0].tolist(), "c": c[0].tolist(), "m": bias[0]})
    )
    capsys.readouterr()
    records = []
    for name in ("both.npz", "one.json"):
        assert main(["locate", "minima.json", name]) == 0
        records += json.loads(capsys.readouterr().out)["networks"]
    assert [record["component"] for record in records] == [1, len(components), 1]
    assert {record["kind"] for record in records} == {"minimum"}
    assert records[0] == records[2]
    Path("one.json").write_text('{"a": [1], "B": [[1, 2, 3]]}')
    assert main(["locate", "minima.json", "one.json"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "network: 1 units of 3 inputs; expected as the list has: 2, of 2" in error


def test_optimisers_in_the_plane_are_explained():
    asked = ["minima", "plane.csv", "--width", "1", *ASKED[2:], *FREE, "--output", "minima.json"]
    assert main(asked) == 0
    runs = ["--starts", "5", "--optimisers", "adam,lbfgs", "--steps", "200"]
    assert main(["descend", "minima.json", *runs, "--output", "runs.json"]) == 0
    found = json.loads(Path("runs.json").read_text())
    assert len(found["runs"]) == 10
    kinds = {run["kind"] for run in found["runs"]}
    assert kinds <= {"minimum", "saddle", "not stationary"}


def test_of_several_columns_it_is_said_that_there_is_one_process(capsys):
    asked = [
        "--width",
        "1",
        "--ridge",
        "1/10",
        *FREE,
        "--engine",
        "certified",
        "--output",
        "o.json",
    ]
    texts = []
    for jobs in ("1", "2"):
        assert main(["minima", "plane.csv", *asked, "--jobs", jobs]) == 0
        texts.append((Path("o.json").read_text(), capsys.readouterr().err))
    (one, silent), (two, told) = texts
    assert one == two
    assert "--jobs" not in silent
    assert "--jobs 2: free hidden biases of several columns have one process" in told


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["minima", "data.csv", *ASKED, *FREE[:2]], "output_bias: none with hidden biases that"),
        (
            ["minima", "data.csv", *ASKED, *FREE, "--width", "all"],
            "expected a width: 3 has every loss that",
        ),
        (["minima", "data.csv", *ASKED, *FREE, "--engine", "certified", "--exact"], "--exact"),
        (["minima", "data.csv", *ASKED, *FREE, "--engine", "branch"], "engine: branch with"),
        (["minima", "data.csv", *ASKED, *FREE, "--formulation", "eliminated"], "formulation: el"),
        (["minima", "data.csv", *ASKED, *FREE, "--all-patterns"], "all_patterns: True with"),
        (["minima", "data.csv", *ASKED, *FREE, "--activation", "abs"], "free with the activation"),
        (["minima", "data.csv", *ASKED[2:], *FREE[:2], "--hidden", "2,1"], "--hidden-bias: free"),
        (["minima", "plane.csv", *ASKED, *FREE, "--engine", "branch"], "engine: branch with"),
        (["basins", "plane.csv", *ASKED, *FREE, "--output", "b.json"], "2 columns of inputs"),
        (
            ["basins", "data.csv", *ASKED, *FREE, "--linear", "free"],
            "linear: free with free hidden",
        ),
        (
            ["path", "data.csv", "--width", "1", "--ridge", "1/10:1", *FREE, "--linear", "free"],
            "linear: free with free hidden biases, along",
        ),
        (["path", "data.csv", "--width", "1", "--ridge", "1/10:1", *FREE, "--basins"], "--basins"),
        (["convex", "data.csv", "--ridge", "1/10", *FREE], "beyond lists of minima"),
        (["crosscheck", "data.csv", *ASKED, *FREE, "--formulations", "branch"], "branch with --hi"),
        (["stability", "found.json"], "beyond lists of minima"),
    ],
)
def test_what_there_is_not_is_refused_in_one_line(arguments, line, capsys):
    assert main(["minima", "data.csv", *ASKED, *FREE, "--output", "found.json"]) == 0
    capsys.readouterr()
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert line in error
