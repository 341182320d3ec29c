"""The command line: documents, exit codes, and one line on standard error for every bad input."""

import gzip
import json
import os
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from unittest.mock import Mock

import pytest

from reluenum import Loss, OutputBias, Problem, api, enumerate_minima
from reluenum.cli import main
from reluenum.cli.options import CHOICES
from reluenum.datasets.datafiles import read_csv
from reluenum.datasets.families import random_data, reference_data, to_csv
from reluenum.documents.results import to_json
from reluenum.engines import choice
from reluenum.engines.choice import AUTO, ENGINES
from reluenum.errors import BackendError
from reluenum.groebner.backends import BACKENDS
from reluenum.groebner.limits import DEFAULT_MEGABYTES, DEFAULT_SECONDS
from reluenum.problem import parse_ridge

pytestmark = pytest.mark.seconds(20)

PROGRAM = [sys.executable, "-m", "reluenum"]

DATA = "x,y\n-1,0.2\n1/3,-1\n0.75,1e0\n"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Work in a folder that holds one good data set."""
    monkeypatch.chdir(tmp_path)
    Path("data.csv").write_text(DATA)
    return tmp_path


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    """Return the text that the library gives for the good data set at width 1 and ridge 1/10."""
    path = tmp_path_factory.mktemp("data") / "data.csv"
    path.write_text(DATA)
    return to_json(enumerate_minima(Problem(*read_csv(path), 1, parse_ridge("1/10"))).document)


def minima(*changes, data="data.csv", width="1", ridge="1/10"):
    """Return the arguments of a good call, with some more at the end, where they win."""
    return ["minima", data, "--width", width, "--ridge", ridge, *changes]


def refusal(arguments, capsys):
    """Run a bad call; return its one line, having seen that it left nothing else behind."""
    before = {path: path.lstat().st_mtime_ns for path in Path().rglob("*")}
    code = main(arguments)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.endswith("\n")
    assert len(captured.err.splitlines()) == 1, captured.err
    assert {path: path.lstat().st_mtime_ns for path in Path().rglob("*")} == before
    assert code == 2
    return captured.err.removeprefix("reluenum: ").rstrip()


# Good calls -----------------------------------------------------------------------------------

EUROPEAN = "Ort;dose;effect\nA;\u22121;0,2\nB;1/3;-1 # checked\nC;0,75;1e0\n;;\n"

NAMED = ("--inputs", "dose", "--target", "effect", "--separator", ";", "--decimal", "comma")


def test_file_as_people_have_it_gives_the_document_of_the_plain_one(document, capsys):
    Path("mine.csv.gz").write_bytes(gzip.compress(EUROPEAN.encode("utf-16")))
    assert main(minima(*NAMED, data="mine.csv.gz")) == 0
    assert capsys.readouterr() == (document, "")


def test_index_of_a_frame_is_left_out_in_one_line(document, capsys):
    Path("mine.csv").write_text(",x,y\n0,-1,0.2\n1,1/3,-1\n2,0.75,1e0\n")
    assert main(minima(data="mine.csv")) == 0
    line = "reluenum: mine.csv: left out '' as an index; --inputs and --target choose columns\n"
    assert capsys.readouterr() == (document, line)


def test_a_minus_stands_for_standard_input(document):
    command = [*PROGRAM, *minima("--separator", "tab", data="-")]
    text = DATA.replace(",", "\t").encode()
    process = subprocess.run(command, input=text, capture_output=True, check=True)
    assert (process.stdout.decode(), process.stderr) == (document, b"")
    command = [*PROGRAM, *minima(data="-")]
    process = subprocess.run(command, input=b"x,y\n1,z\n", capture_output=True)
    assert process.returncode == 2
    assert process.stderr.startswith(b"reluenum: <stdin>, row 2, column y: 'z' is not a finite")


@pytest.mark.parametrize(
    "command",
    [
        ["convex", "--ridge", "1/10"],
        ["crosscheck", "--width", "1", "--ridge", "1/10", "--formulations", "certified"],
        ["path", "--width", "1", "--ridge", "1/10:1", "--points", "2"],
    ],
    ids=lambda command: command[0],
)
def test_every_command_that_reads_data_takes_the_options_of_files(command, capsys):
    Path("mine.csv").write_text(EUROPEAN)
    name, *options = command
    assert main([name, "data.csv", *options]) == 0
    expected = capsys.readouterr().out
    assert main([name, "mine.csv", *options, *NAMED]) == 0
    shown = capsys.readouterr().out
    if name != "crosscheck":  # it shows seconds
        assert shown == expected


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--separator", "colon"], "--separator: 'colon'; expected one of comma, semicolon, tab, "),
        (["--decimal", "comma"], "--decimal: a comma, and no separator; expected a separator of c"),
        (["--inputs", "a,,b"], "--inputs: 'a,,b'; expected different names of columns, separated"),
        (["--target", ""], "--target: ''; expected the name of a column, not one of inputs"),
        (["--inputs", "dose"], "data.csv, row 1: no column 'dose'; expected it once among 'x, y'"),
    ],
)
def test_bad_option_of_a_file_is_refused(options, message, capsys):
    assert refusal(minima("--output", "out.json", *options), capsys).startswith(message)


def test_document_on_standard_output_is_that_of_the_library(document, capsys):
    assert main(minima()) == 0
    assert capsys.readouterr() == (document, "")


def test_document_goes_to_a_file_and_nothing_to_the_terminal(document, capsys):
    assert main(minima("--output", "minima.json")) == 0
    assert capsys.readouterr() == ("", "")
    assert Path("minima.json").read_text() == document
    assert sorted(os.listdir()) == ["data.csv", "minima.json"]


def test_output_replaces_the_file_behind_a_link(document):
    Path("old.json").write_text("old")
    Path("link.json").symlink_to("old.json")
    assert main(minima("--output", "link.json")) == 0
    assert Path("link.json").is_symlink()
    assert Path("old.json").read_text() == document


def test_options_reach_the_problem(capsys):
    options = ["--loss", "mean", "--output-bias=free", "--backend", "sympy", "--seconds", "6e2"]
    options += ["--memory", "3000"]
    assert main(minima(*options, "--jobs", "1", "--force", "--quiet")) == 0
    problem = json.loads(capsys.readouterr().out)["problem"]
    assert (problem["loss"], problem["output_bias"]) == ("mean", "free")
    assert (problem["width"], problem["ridge"]) == (1, "1/10")


@pytest.mark.skipif(sys.platform != "linux", reason="macOS does not limit address space")
def test_too_little_memory_is_undecided_and_says_so(capsys):
    assert main(minima("--backend", "msolve", "--memory", "1", "--output", "minima.json")) == 3
    assert "with at most 1 MB of memory" in capsys.readouterr().err


def test_numbers_are_read_exactly(capsys):
    assert main(minima(width="+01", ridge="1e-1")) == 0
    problem = json.loads(capsys.readouterr().out)["problem"]
    assert (problem["width"], problem["ridge"]) == (1, "1/10")
    assert problem["x"] == [["-1"], ["1/3"], ["3/4"]]


@pytest.mark.parametrize(
    ("option", "terminal", "shown"),
    [
        (None, False, False),
        (None, True, True),
        ("--quiet", True, False),
        ("--progress", False, True),
    ],
)
def test_progress_is_shown_on_a_terminal_or_on_demand(option, terminal, shown, monkeypatch, capsys):
    asked = []

    def watched(*arguments, progress, **others):
        asked.append(progress)
        return enumerate_minima(*arguments, progress=False, **others)

    monkeypatch.setattr(api, "enumerate_minima", watched)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    assert main(minima(*[option] * (option is not None))) == 0
    assert asked == [shown]
    assert capsys.readouterr().err == ""


def test_undecided_supports_are_written_and_told_by_the_exit_code(capsys):
    # No helper process answers within a microsecond.
    hurry = ["--backend", "sympy", "--seconds", "1e-6", "--output", "minima.json"]
    assert main(minima(*hurry)) == 3
    captured = capsys.readouterr()
    written = json.loads(Path("minima.json").read_text())
    count = written["enumeration"]["undecided"]
    assert written["complete"] is False
    assert count == len(written["undecided"]) >= 1
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert line == (
        f"reluenum: {count} of 9 supports undecided, so minima may be missing; "
        "the first: sympy: not solved within 1e-06 s"
    )


@pytest.mark.parametrize("more", [[], ["--exact"], ["--width", "all"]])
def test_certified_engine_lists_what_no_backend_had_the_time_for(more, capsys):
    # Symmetric data: without a backend nobody knows which entries of the weights are exactly 0.
    Path("tied.csv").write_text("x,y\n-1,1\n0,0\n1,1\n")
    options = ["--engine", "certified", "--output", "minima.json", *more]
    hurry = ["--backend", "sympy", "--seconds", "1e-6"]
    assert main(minima(*options, *hurry, data="tied.csv", width="2", ridge="1")) == 3
    assert "supports undecided, so minima may be missing" in capsys.readouterr().err
    written = json.loads(Path("minima.json").read_text())
    assert written["complete"] is False
    assert written["enumeration"]["undecided"] == len(written["undecided"]) > 0
    assert {entry["reason"] for entry in written["undecided"]} >= {
        "sympy: not solved within 1e-06 s"
    }
    assert main(["verify", "minima.json"]) == 1
    assert main(minima(*options, data="tied.csv", width="2", ridge="1")) == 0
    assert main(["verify", "minima.json"]) == 0
    assert capsys.readouterr().out.startswith("proved: 4 components")
    assert sorted(os.listdir()) == ["data.csv", "minima.json", "tied.csv"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ([], "up to 13 supports, at most 10,000"),
        (["--width", "all"], "the only one with --width all"),
        (["--width", "2", "--exact"], "the only one with --exact"),
        (["--width", "5"], "5 units, d = 1"),
        (["--hidden", "1,1"], "its lists are proved"),
    ],
)
def test_the_engine_that_is_chosen_is_told(more, said, capsys):
    given = ["minima", "data.csv", "--ridge", "9", "--engine", "auto", *(more or ["--width", "1"])]
    assert main(given) == 0
    assert capsys.readouterr().err == f"reluenum: --engine certified: {said}\n"


def test_boxes_of_directions_are_chosen_for_many_supports(monkeypatch, capsys):
    monkeypatch.setattr(choice, "MANY", {1: 8})
    assert main(minima("--engine", "auto", "--output", "auto.json")) == 0
    said = "reluenum: --engine branch: up to 13 supports, more than 8\n"
    assert capsys.readouterr().err == said
    assert main(minima("--engine", "branch", "--output", "branch.json")) == 0
    assert Path("auto.json").read_bytes() == Path("branch.json").read_bytes()


def test_a_search_that_the_time_limit_stops_goes_on(capsys):
    Path("more.csv").write_text(to_csv(*random_data(40, 1, 3)))  # no search of a millisecond
    branch = minima("--engine", "branch", "--output", "minima.json", data="more.csv", width="2")
    assert main(branch) == 0
    whole = Path("minima.json").read_bytes()
    assert [path.name for path in Path().iterdir() if path.is_dir()] == []
    capsys.readouterr()
    assert main([*branch, "--time-limit", "1e-9"]) == 3
    document = json.loads(Path("minima.json").read_text())
    (left,) = document["undecided"]
    line = f"reluenum: the list is not called complete: {left['reason']}\n"
    assert capsys.readouterr() == ("", line)
    open_ = document["certificate"]["open"]
    assert left["reason"].startswith(f"the time limit left open, of the boxes, {open_}, with ")
    assert document["complete"] is False
    assert Path("minima.json.parts/tree").exists()
    assert main(["verify", "minima.json"]) == 1
    assert "claims no completeness" in capsys.readouterr().err
    assert main(branch) == 0
    assert Path("minima.json").read_bytes() == whole
    assert not Path("minima.json.parts").exists()


BRANCH = ["--engine", "branch", "--output", "minima.json"]


def test_a_search_without_disk_or_memory_says_so_in_one_line_and_the_next_one_completes(
    monkeypatch, capsys
):
    """Every write of it fails once, and every part that it is made of."""
    assert main(minima(*BRANCH)) == 0
    whole, full = Path("minima.json").read_bytes(), OSError(28, "No space left on device")
    for place, error, text in (
        ("reluenum.engines.trees.engine.keep_tree", full, "OSError: [Errno 28] No space left"),
        ("reluenum.engines.checked.TemporaryDirectory", full, "OSError: [Errno 28] No space left"),
        ("reluenum.documents.files.replaced_file", full, "OSError: [Errno 28] No space left"),
        ("reluenum.engines.trees.growth.grown_piece", MemoryError(), "MemoryError: out of memory"),
        ("reluenum.engines.checked.verify", MemoryError(), "MemoryError: out of memory"),
    ):
        Path("minima.json").unlink()
        with monkeypatch.context() as patched:
            patched.setattr(place, Mock(side_effect=error))
            assert main(minima(*BRANCH)) == 1, place
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith(f"reluenum: {text}")
        assert not Path("minima.json").exists()
        assert main(minima(*BRANCH)) == 0
        assert Path("minima.json").read_bytes() == whole
        assert not Path("minima.json.parts").exists()


def test_data_are_printed_or_written(capsys):
    assert main(["data", "reference"]) == 0
    assert capsys.readouterr() == (to_csv(*reference_data()), "")
    assert main(["data", "random", "--n", "4", "--d", "2", "--seed", "7", "--output", "r.csv"]) == 0
    assert capsys.readouterr() == ("", "")
    assert read_csv("r.csv") == random_data(4, 2, 7)


def test_teacher_takes_its_options(capsys):
    options = ["--n", "5", "--denominator", "8", "--hidden", "3", "--noise", "0"]
    assert main(["data", "teacher", *options]) == 0
    assert capsys.readouterr().out.startswith("x,y\n")


def test_version_is_that_of_the_package(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr() == (f"reluenum {version('reluenum')}\n", "")


@pytest.mark.parametrize("command", [[], ["minima"], ["data"], ["verify"]])
def test_help_is_printed(command, capsys):
    assert main([*command, "--help"]) == 0
    assert capsys.readouterr().out.startswith(" ".join(["usage: reluenum", *command]))


def test_options_offer_what_the_library_has(capsys):
    assert CHOICES["--backend"] == ("auto", *BACKENDS)
    assert CHOICES["--engine"] == (*ENGINES, AUTO)
    assert CHOICES["--loss"] == tuple(Loss)
    assert CHOICES["--output-bias"] == tuple(OutputBias)
    main(["minima", "--help"])
    printed = " ".join(capsys.readouterr().out.split())
    assert f"time limit of a backend on a support (default: {DEFAULT_SECONDS:g})" in printed
    assert f"memory limit of a backend on a support (default: {DEFAULT_MEGABYTES})" in printed


# Bad calls ------------------------------------------------------------------------------------

NOT_POSITIVE = "expected a positive decimal or fraction"

WHOLE = "expected a whole number from 1 to"

FILE = "expected a file that can be written, in an existing folder"


@pytest.mark.parametrize(
    ("ridge", "message"),
    [
        ("0", "--ridge: 0 is not positive; " + NOT_POSITIVE),
        ("-1/10", "--ridge: -1/10 is not positive; " + NOT_POSITIVE),
        ("-.5", "--ridge: -.5 is not positive; " + NOT_POSITIVE),
        ("nan", "--ridge: 'nan' is not a finite decimal or fraction; " + NOT_POSITIVE),
        ("-inf", "--ridge: '-inf' is not a finite decimal or fraction; " + NOT_POSITIVE),
        ("small", "--ridge: 'small' is not a finite decimal or fraction; " + NOT_POSITIVE),
        ("", "--ridge: '' is not a finite decimal or fraction; " + NOT_POSITIVE),
        ("1/0", "--ridge: '1/0' divides by zero; " + NOT_POSITIVE),
        ("1e999999999", "--ridge: '1e999999999' has more than 1000 digits; " + NOT_POSITIVE),
        ("1\n2", "--ridge: '1\\n2' is not a finite decimal or fraction; " + NOT_POSITIVE),
    ],
)
def test_bad_ridge_is_refused(ridge, message, capsys):
    assert refusal(minima(ridge=ridge), capsys) == message
    assert refusal(minima(f"--ridge={ridge}"), capsys) == message


@pytest.mark.parametrize(
    "width", ["0", "-1", "-1/2", "1.5", "2.0", "1e1", "two", "", " ", "+", "1_0", "²", "٣"]
)
def test_width_that_is_no_positive_whole_number_is_refused(width, capsys):
    assert refusal(minima(width=width), capsys) == f"--width: {width!r}; {WHOLE} 1000000000"


def test_width_of_many_digits_is_refused_in_a_short_line(capsys):
    line = refusal(minima(width="9" * 5000), capsys)
    assert line == f"--width: '{'9' * 37}...'; {WHOLE} 1000000000"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--jobs", "0"], f"--jobs: '0'; {WHOLE} 1024"),
        (["--jobs", "-2"], f"--jobs: '-2'; {WHOLE} 1024"),
        (["--jobs", "many"], f"--jobs: 'many'; {WHOLE} 1024"),
        (["--jobs", "100000"], f"--jobs: '100000'; {WHOLE} 1024"),
        (["--seconds", "0"], "--seconds: '0'; expected a number of seconds > 0 and at most"),
        (["--time-limit", "5"], "--time-limit: given with --engine groebner; expected it with"),
        (["--time-limit", "0", "--engine", "branch"], "--time-limit: '0'; expected a number of"),
        (
            ["--width", "all", "--engine", "branch", "--output", "minima.json"],
            "--width: all with --engine branch; expected --engine certified with it or a small",
        ),
        (
            ["--width", "5", "--engine", "branch", "--output", "minima.json"],
            "engine: branch with width 5; expected at most 4",
        ),
        (["--seconds", "-5"], "--seconds: '-5'; expected a number of seconds > 0"),
        (["--seconds", "1e300"], "--seconds: '1e300'; expected a number of seconds > 0"),
        (["--seconds", "1e-900"], "--seconds: '1e-900'; expected a number of seconds > 0"),
        (["--seconds", "inf"], "--seconds: 'inf' is not a finite decimal or fraction; expected a"),
        (["--memory", "0"], f"--memory: '0'; {WHOLE} 1000000000"),
        (["--memory", "4GB"], f"--memory: '4GB'; {WHOLE} 1000000000"),
        (["--backend", "cocoa"], "--backend: 'cocoa'; expected one of auto, flint, msolve, sing"),
        (["--backend", ""], "--backend: ''; expected one of auto, flint, msolve, singular, sympy"),
        (["--engine", "magic"], "--engine: 'magic'; expected one of groebner, certified"),
        (["--formulation", "dual"], "--formulation: 'dual'; expected one of reduced, eliminated"),
        (["--loss", "max"], "--loss: 'max'; expected one of sum, mean"),
        (["--output-bias", "yes"], "--output-bias: 'yes'; expected one of none, free, ridge"),
        (["--width"], "command line: argument --width: expected one argument; expected the form"),
        (["--ridg", "1"], "command line: unrecognized arguments: --ridg 1; expected the form that"),
        (["--force=1"], "command line: argument --force: ignored explicit argument '1'; expected"),
        (["more.csv"], "command line: unrecognized arguments: more.csv; expected the form"),
        (["a\nb"], "command line: unrecognized arguments: a b; expected the form"),
        (["--quiet", "--progress"], "command line: argument --progress: not allowed with"),
    ],
)
def test_bad_option_is_refused_by_name(arguments, message, capsys):
    assert refusal(minima(*arguments), capsys).startswith(message)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "command line: the following arguments are required: COMMAND; expected the form that"),
        (["minma"], "command line: argument COMMAND: invalid choice: 'minma' (choose from"),
        (["--verbose"], "command line: the following arguments are required: COMMAND"),
        (["minima"], "command line: the following arguments are required: DATA.csv, --ri"),
        (["minima", "data.csv", "--ridge", "1"], "command line: one of the arguments --width"),
        (["data"], "command line: the following arguments are required: FAMILY"),
        (["data", "fourier"], "family: 'fourier'; expected one of reference, random, teacher"),
        (["data", "random"], "family random: no n; expected a value of n"),
        (["data", "reference", "--n", "3"], "family reference: unknown parameter 'n'; expected no"),
        (["data", "random", "--n", "0"], f"--n: '0'; {WHOLE} 1000000000"),
        (["data", "random", "--n", "3", "--seed", "-1"], "--seed: '-1'; expected a whole number"),
        (["data", "random", "--n", "999999999"], "n: 1999999998 numbers; expected at most 100000"),
        (["data", "teacher", "--n", "3", "--noise", "-1/2"], "noise: -1/2; expected a decimal or"),
        (["data", "reference", "--output", "no/data.csv"], "--output: no/data.csv is in no exist"),
    ],
)
def test_bad_command_is_refused(arguments, message, capsys):
    assert refusal(arguments, capsys).startswith(message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x,y\n1,2\nnan,3\n", "mine.csv, row 3, column x: 'nan' is not a finite decimal or"),
        ("x,y\n1,inf\n", "mine.csv, row 2, column y: 'inf' is not a finite decimal or fraction"),
        ("x,y\n,1\n", "mine.csv, row 2, column x: an empty cell; expected a decimal, exponent"),
        ("x,y\nlow,1\n", "mine.csv, row 2, column x: 'low' is not a finite decimal or fraction"),
        ("x1,x3,y\n1,2,3\n", "mine.csv, row 1: no column x2; expected the columns x1..xd"),
        ("x\n1\n", "mine.csv, row 1: no column y; expected the columns x1..xd (or x) and y"),
        ("x,y,z\n1,2,3\n", "mine.csv, row 1: unknown column 'z'; expected the columns x1..xd"),
        ("x,y\n1,2,3\n", "mine.csv, row 2: 3 cells; expected 2, one for each column"),
        ("x,y\n1\n", "mine.csv, row 2: 1 cell; expected 2, one for each column"),
        ("x,y\n", "mine.csv: no rows below the header; expected at least one data point"),
        ("", "mine.csv: an empty file; expected a header with the columns x1..xd"),
        (b"x,y\n\xe9,1\n", "mine.csv, row 2: not UTF-8 text; expected a CSV file in UTF-8"),
    ],
)
def test_bad_data_are_refused_by_file_row_and_column(text, message, capsys):
    Path("mine.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    assert refusal(minima("--output", "out.json", data="mine.csv"), capsys).startswith(message)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("missing.csv", "missing.csv: No such file or directory; expected a readable CSV file"),
        (".", ".: Is a directory; expected a readable CSV file"),
        ("", "No such file or directory; expected a readable CSV file"),
        ("a\nb.csv", "a b.csv: No such file or directory; expected a readable CSV file"),
    ],
)
def test_data_that_cannot_be_opened_are_refused(path, message, capsys):
    assert refusal(minima(data=path), capsys).removeprefix(": ") == message


@pytest.fixture
def no_work(monkeypatch):
    """Fail if the computation starts."""
    monkeypatch.setattr(api, "enumerate_minima", lambda *_, **__: pytest.fail("work was begun"))


@pytest.mark.usefixtures("no_work")
@pytest.mark.parametrize(
    ("output", "found"),
    [
        ("no/minima.json", "is in no existing folder"),
        ("folder", "is a folder"),
        ("", "is a folder"),
        ("data.csv", "is the file with the data"),
        ("link.csv", "is the file with the data"),
        ("data.csv/minima.json", "is in no existing folder"),
        ("n" * 300, "File name too long"),
        (os.devnull, "is no plain file"),
    ],
)
def test_output_that_cannot_be_written_is_refused_before_the_work(output, found, capsys):
    Path("folder").mkdir()
    Path("link.csv").symlink_to("data.csv")
    line = refusal(minima("--output", output), capsys)
    assert line.startswith(f"--output: {output}".rstrip())
    assert found in line
    assert line.endswith(FILE)


@pytest.mark.usefixtures("no_work")
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder nobody can write to")
def test_output_to_a_folder_that_even_root_cannot_write_is_refused(capsys):
    line = refusal(minima("--output", "/proc/minima.json"), capsys)
    assert line.startswith("--output: /proc/minima.json: ")


@pytest.mark.usefixtures("no_work")
@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_output_that_permissions_protect_is_refused(capsys):
    Path("kept.json").write_text("kept")
    Path("kept.json").chmod(0o444)
    assert "kept.json is read-only" in refusal(minima("--output", "kept.json"), capsys)
    Path("folder").mkdir(mode=0o555)
    assert "Permission denied" in refusal(minima("--output", "folder/minima.json"), capsys)


@pytest.mark.parametrize(
    ("points", "width", "message"),
    [
        (12, "9", "width 9 with n = 12: up to 10^"),
        (3, "1000000000", "width 1000000000 with n = 3: too many ways to share it"),
        (9000, "3", "width 3 with n = 9000: up to 10^"),
    ],
)
def test_astronomical_problem_is_refused_with_its_size(points, width, message, capsys):
    rows = "".join(f"{k},{k * k % 7}\n" for k in range(points))
    Path("large.csv").write_text("x,y\n" + rows)
    line = refusal(minima("--output", "out.json", data="large.csv", width=width), capsys)
    assert line.startswith(message)
    assert line.endswith("insist with --force")


def test_force_starts_what_would_be_refused(monkeypatch, capsys):
    monkeypatch.setattr("reluenum.geometry.sizes.SUPPORT_LIMIT", 1)
    monkeypatch.setattr("reluenum.geometry.sizes.LARGEST_WIDTH", 0)
    assert "--force" in refusal(minima(), capsys)
    assert main(minima("--force")) == 0


# What nobody can foresee ----------------------------------------------------------------------


def fail_with(error, monkeypatch):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(api, "enumerate_minima", fail)


def test_unexpected_error_is_one_line_and_its_traceback_on_demand(monkeypatch, capsys):
    fail_with(RuntimeError("two\nlines"), monkeypatch)
    assert main(minima("--output", "out.json")) == 1
    assert capsys.readouterr() == (
        "",
        "reluenum: RuntimeError: two lines (COMMAND ... --debug shows where)\n",
    )
    assert not Path("out.json").exists()
    with pytest.raises(RuntimeError, match="two"):
        main(minima("--debug"))


def test_interruption_is_one_line(monkeypatch, capsys):
    fail_with(KeyboardInterrupt(), monkeypatch)
    assert main(minima("--output", "out.json")) == 130
    assert capsys.readouterr() == ("", "reluenum: interrupted\n")
    assert not Path("out.json").exists()


def test_backend_that_is_not_installed_says_how_to_get_it(monkeypatch, capsys):
    fail_with(BackendError("msolve", "not found; `pip install` it"), monkeypatch)
    assert main(minima("--backend", "msolve")) == 1
    assert capsys.readouterr() == ("", "reluenum: msolve: not found; `pip install` it\n")


# Real processes -------------------------------------------------------------------------------


def run(*arguments, **settings):
    settings = {"capture_output": True, "text": True} | settings
    return subprocess.run([*PROGRAM, *arguments], **settings)


def test_process_prints_the_document(document):
    process = run(*minima())
    assert (process.returncode, process.stdout, process.stderr) == (0, document, "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (minima(ridge="-1/10"), "--ridge: -1/10 is not positive"),
        (minima(width="0"), "--width: '0'; expected"),
        (minima("--backend", "cocoa"), "--backend: 'cocoa'; expected"),
        (minima("--output", "no/out.json"), "--output: no/out.json is in no existing folder"),
        (minima(data="bad.csv"), "bad.csv, row 3, column y: 'NaN' is not a finite"),
        (minima(data="\udcff.csv"), "\\udcff.csv: No such file"),
        (["minima"], "command line: the following arguments are required"),
    ],
)
def test_process_refuses_bad_input(arguments, message):
    Path("bad.csv").write_text("x,y\n1,2\n3,NaN\n")
    process = run(*arguments)
    assert (process.returncode, process.stdout) == (2, "")
    (line,) = process.stderr.splitlines()
    assert line.startswith(f"reluenum: {message}")
    assert sorted(os.listdir()) == ["bad.csv", "data.csv"]


def test_process_stops_quietly_when_nobody_reads_on():
    reader, writer = os.pipe()
    os.close(reader)
    process = run(*minima(), capture_output=False, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert (process.returncode, process.stderr) == (1, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is full")
def test_process_says_in_one_line_that_the_disk_is_full():
    with open("/dev/full", "w") as full:
        process = run("data", "reference", capture_output=False, stdout=full, stderr=-1)
    assert process.returncode == 1
    assert process.stderr == (
        "reluenum: OSError: [Errno 28] No space left on device (COMMAND ... --debug shows where)\n"
    )


def test_process_can_be_interrupted():
    Path("large.csv").write_text(to_csv(*random_data(6)))
    command = [*PROGRAM, *minima("--output", "out.json", data="large.csv", width="3")]
    process = subprocess.Popen(
        [*command, "--progress"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
    )
    begun = b""
    while begun.count(b"\r") < 3:  # the progress bar stands and moves
        begun += process.stderr.read(1)
    process.send_signal(signal.SIGINT)
    printed, told = process.communicate()
    assert process.returncode == 130
    assert printed == b""
    assert told.endswith(b"\nreluenum: interrupted\n")
    assert sorted(os.listdir()) == ["data.csv", "large.csv"]


def test_start_leaves_the_heavy_libraries_alone():
    heavy = {"matplotlib", "pandas", "sympy", "scipy", "snakemake", "jsonschema"}
    code = (
        "import sys; from reluenum.cli import main; "
        f"main({minima('--output', 'no/out.json')}); main({minima()}); "
        f"print(sorted({heavy} & sys.modules.keys()), file=sys.stderr)"
    )
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert process.stderr.splitlines()[-1] == "[]"
