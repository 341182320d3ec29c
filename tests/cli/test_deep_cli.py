"""`reluenum minima --hidden`: documents, restricted runs, exit codes, one line for bad input."""

import json
import re
from pathlib import Path

import pytest

from reluenum import Problem, enumerate_minima
from reluenum.cli import main
from reluenum.documents.labels import undecided_note
from reluenum.documents.results import to_json
from reluenum.engines import checked, layers
from reluenum.engines.deep.minimality.judge import Judged
from reluenum.engines.deep.minimality.live import DeepVerdict
from reluenum.verify import CertificateError

DATA = "x,y\n-17/100,5/100\n44/100,102/100\n-1,61/100\n"

BEST = "0+-/+++"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Work in a folder that holds one good data set."""
    monkeypatch.chdir(tmp_path)
    Path("data.csv").write_text(DATA)
    return tmp_path


@pytest.fixture(scope="module")
def landscape():
    rows = [line.split(",") for line in DATA.split()[1:]]
    inputs, targets = [[x] for x, _ in rows], [y for _, y in rows]
    return enumerate_minima(Problem.from_text(inputs, targets, [1, 1], "1/100"))


def minima(*changes):
    return ["minima", "data.csv", "--ridge", "1/100", "--hidden", "1,1", *changes]


def refusal(arguments, capsys):
    """Run a bad call; return its one line, having seen that it left nothing else behind."""
    before = sorted(Path().rglob("*"))
    code = main(arguments)
    captured = capsys.readouterr()
    assert (captured.out, captured.err.count("\n"), code) == ("", 1, 2), captured
    assert sorted(Path().rglob("*")) == before
    return captured.err.removeprefix("reluenum: ").rstrip()


def test_widths_may_have_spaces_between_them():
    call = ["minima", "data.csv", "--ridge", "1/10", "--output"]
    assert main([*call, "spaced.json", "--hidden", " 1, 1 "]) == 0
    assert main([*call, "minima.json", "--hidden", "1,1"]) == 0
    assert Path("spaced.json").read_bytes() == Path("minima.json").read_bytes()


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_run_writes_the_document_of_the_library(landscape, jobs, capsys):
    assert main(minima("--jobs", jobs, "--output", "minima.json")) == 0
    assert Path("minima.json").read_text() == to_json(landscape.document)
    assert main(["facts", "minima.json"]) == 0
    assert "the list of local minima is complete: holds" in capsys.readouterr().out


@pytest.mark.parametrize("engine", ["groebner", "certified"])
def test_one_layer_in_a_list_has_the_bytes_of_its_width(engine):
    call = ["minima", "data.csv", "--ridge", "1/10", "--engine", engine, "--output"]
    assert main([*call, "list.json", "--hidden", "2"]) == 0
    assert main([*call, "width.json", "--width", "2"]) == 0
    assert Path("list.json").read_bytes() == Path("width.json").read_bytes()


def test_both_engines_list_the_same_components_and_the_certificate_is_proved(landscape, capsys):
    assert main(minima("--engine", "certified", "--output", "minima.json")) == 0
    found, expected = json.loads(Path("minima.json").read_text()), landscape.document
    for key in ("problem", "enumeration", "complete", "components"):
        assert found[key] == expected[key]
    assert found["completeness"] == "proved"
    assert main(["verify", "minima.json", "data.csv"]) == 0
    assert capsys.readouterr().out.startswith("proved: 6 components")


def test_a_restricted_run_claims_no_completeness_and_decides_what_was_asked(landscape, capsys):
    Path("asked.txt").write_text(f"# the best one\n{BEST}\n\n+-+ / +-+  # and another\n{BEST}\n")
    assert main(minima("--supports", "asked.txt", "--force")) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["complete"], found["completeness"]) == (False, "restricted")
    assert found["enumeration"]["strata_examined"] == 2
    of = {c["loss"]: c for c in landscape.document["components"]}
    assert [c["global_at_width"] for c in found["components"]] == [None, False]
    for component in found["components"]:
        flags = {"global_at_width": of[component["loss"]]["global_at_width"]}
        assert component | flags == of[component["loss"]]


def test_undecided_strata_end_in_exit_code_three_and_are_listed(capsys):
    """No backend is given the time for a system of several unknowns."""
    Path("asked.txt").write_text("+-+/+-+\n")
    code = main(minima("--supports", "asked.txt", "--backend", "sympy", "--seconds", "1e-9"))
    captured = capsys.readouterr()
    assert code == 3
    assert captured.err.startswith(
        "reluenum: 1 undecided in 1 strata, so minima may be missing; the first: +.+/+-+: "
    )
    (left,) = json.loads(captured.out)["undecided"]
    assert left["signs"] == "+.+/+-+"


def test_a_point_that_stays_undecided_is_no_stratum(monkeypatch, capsys):
    monkeypatch.setattr(
        layers, "judge", lambda network: Judged(network, DeepVerdict.UNDECIDED, "?")
    )
    assert main(minima("--backend", "flint")) == 3
    message = capsys.readouterr().err
    assert re.search(r"undecided in \d+ strata and the zero network, so minima may be", message)


def test_a_decided_list_that_the_checker_does_not_prove_has_a_message_of_its_own(
    monkeypatch, capsys
):
    def refuses(*_, **__):
        raise CertificateError("a stratum: something is not clear")

    monkeypatch.setattr(checked, "verify", refuses)
    assert main(minima("--engine", "certified")) == 3
    captured = capsys.readouterr()
    assert captured.err == (
        "reluenum: the list is not called complete: all strata were decided, but the checker did "
        "not prove the list: a stratum: something is not clear\n"
    )
    assert undecided_note(json.loads(captured.out)) == "list not proved complete"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["--hidden", "2,0"], "--hidden: '2,0'; expected whole numbers >= 1 separated by commas"),
        (["--hidden", "2,"], "--hidden: '2,'; expected whole numbers >= 1 separated by commas"),
        (["--hidden", ""], "--hidden: ''; expected whole numbers >= 1 separated by commas"),
        (["--hidden", "1 1"], "--hidden: '1 1'; expected whole numbers >= 1 separated by commas"),
        (["--hidden", "1.5,1"], "--hidden: '1.5,1'; expected whole numbers >= 1"),
        (["--hidden", "[1,1]"], "--hidden: '[1,1]'; expected whole numbers >= 1"),
        (["--width", "1"], "command line: argument --width: not allowed with argument --hidden"),
        (["--formulation", "eliminated"], "--formulation: eliminated with 2 hidden layers; expec"),
        (["--all-patterns"], "--all-patterns: given with 2 hidden layers; expected it with one"),
        (["--exact"], "--exact: given with 2 hidden layers; expected it with one"),
        (["--output-bias", "free"], "--output-bias: free with 2 hidden layers; expected none"),
        (["--output-bias", "ridge"], "--output-bias: ridge with 2 hidden layers; expected none"),
        (["--engine", "newton"], "--engine: 'newton'; expected one of groebner, certified"),
        (["--hidden", "2,2", "--engine", "certified"], "engine: certified with hidden layers of"),
        (["--hidden", "2,2"], "hidden 2,2 with n = 3: up to "),
        (["--hidden", "99,1"], "hidden 99,1 with n = 3: up to 10^"),
        (["--hidden", "1" + ",1" * 40], "hidden 1,1,1"),
        (["--supports", "none.txt"], "--supports: none.txt: No such file or directory; expected"),
        (["--supports", "."], "--supports: .: Is a directory; expected a text file"),
        (["--supports", "bytes"], "--supports: bytes: no text; expected a text file"),
        (["--supports", "empty"], "--supports: empty: no line with signs; expected one such as"),
        (["--supports", "data.csv"], "data.csv, line 1: rows of 1 layers; expected one for each"),
        (["--hidden", "1", "--supports", "empty"], "--supports: given with one hidden layer"),
    ],
)
def test_bad_input_is_refused_in_one_line(changes, message, capsys):
    Path("bytes").write_bytes(b"\xff\xfe\x00")
    Path("empty").write_text("# nothing\n\n")
    assert refusal(minima("--output", "out.json", *changes), capsys).startswith(message)


@pytest.mark.parametrize("command", [["basins"], ["convex"], ["descend"], ["path"]])
def test_depth_is_no_option_of_commands_about_one_layer(command, capsys):
    message = refusal([*command, "data.csv", "--ridge", "1/10", "--hidden", "1,1"], capsys)
    assert message.startswith("command line: ")


def test_a_deep_document_is_refused_where_one_hidden_layer_is_expected(landscape, capsys):
    Path("minima.json").write_text(to_json(landscape.document))
    expected = "network: hidden layers of widths 1, 1; expected one hidden layer"
    assert refusal(["basins", "minima.json", "--output", "tree.json"], capsys) == expected
    convex = ["convex", "data.csv", "--ridge", "1/100", "--minima", "minima.json"]
    assert refusal(convex, capsys) == expected
