"""The scripts of the rules, called as functions: what passes between them, and what is refused."""

import ast
import importlib
import json
from pathlib import Path

import pytest

from reluenum.api import enumerate_minima
from reluenum.documents.results import read_result, write_result
from reluenum.documents.seals import read_json, sealed
from reluenum.engines.formulations import REDUCED
from reluenum.errors import IncompleteRunError, TooManySupportsError
from reluenum.experiments.joblog import logged
from reluenum.experiments.plans import planned_batches
from reluenum.figures import style
from reluenum.groebner.backends import DEFAULT_SETTINGS
from reluenum.problem import Problem
from scripts import barriers, basins, certify, dataset, decided, figures, merge, patterns, solve
from tests.support.workflow import TARGETS, rules

ROOT = Path(__file__).parents[2]

PATH = {"format": "reluenum-path", "version": 1}

SCRIPTS = sorted((ROOT / "scripts").glob("*.py"))

INSTANCE = {
    "family": "random",
    "csv": None,
    "data": None,
    "parameters": {"n": 3, "d": 1, "seed": 0},
    "width": 2,
    "ridge": "1/100",
    "loss": "sum",
    "output_bias": "none",
}


def solved_instance(folder, patterns_per_job=8, **changes):
    """Run the rules up to `solve` and return the paths of the solved batches."""
    folder.mkdir()
    problem, plan = folder / "problem.json", folder / "patterns.json"
    dataset.main(INSTANCE | changes, folder / "data.csv", problem)
    patterns.main(problem, patterns_per_job, False, False, plan)
    solved = {name: folder / f"{name}.json" for name in planned_batches(plan)}
    for name, path in solved.items():
        solve.main(problem, plan, name, REDUCED, DEFAULT_SETTINGS, path)
    return list(solved.values())


@pytest.fixture(scope="module")
def solved(tmp_path_factory):
    return solved_instance(tmp_path_factory.mktemp("scripts") / "instance")


def test_the_steps_lead_to_a_complete_document(solved, tmp_path):
    problem = solved[0].parent / "problem.json"
    merge.main(problem, solved, REDUCED, tmp_path / "merged.json")
    certify.main(
        tmp_path / "merged.json",
        problem.parent / "patterns.json",
        tmp_path / "minima.json",
        tmp_path / "stationary.json",
    )
    decided.main({"mine": tmp_path / "minima.json"}, {}, tmp_path / "decided.txt")
    assert (tmp_path / "decided.txt").read_text() == "mine: 45 supports decided\n"
    points = read_json(tmp_path / "stationary.json")["points"]
    assert {point["minimum"] for point in points} == {True, False}


def test_a_file_is_read_as_its_instance_says(tmp_path, caplog):
    (tmp_path / "frame.csv").write_text(",x,y\n0,-1,0.2\n1,0.5,-1\n")
    (tmp_path / "named.csv").write_text("effect;dose\n0,2;\u22121\n-1;0,5\n", encoding="utf-16")
    layout = {"inputs": ["dose"], "target": "effect", "separator": "semicolon", "decimal": ","}
    problems = []
    for name, changes in {"frame": {}, "named": {"layout": layout}}.items():
        instance = INSTANCE | {"family": None, "csv": str(tmp_path / f"{name}.csv")} | changes
        dataset.main(instance, tmp_path / "data.csv", tmp_path / "problem.json")
        assert (tmp_path / "data.csv").read_text() == "x,y\n-1,1/5\n1/2,-1\n"
        problems.append((tmp_path / "problem.json").read_bytes())
    assert problems[0] == problems[1]
    (line,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert line.endswith("frame.csv: left out '' as an index; --inputs and --target choose columns")


def test_figures_are_labelled_by_the_columns_that_an_instance_names(tmp_path, monkeypatch):
    drawn = {}
    monkeypatch.setattr(style, "save_figure", lambda figure, to, _: drawn.update({to: figure}))
    document = enumerate_minima(Problem.from_text([["0"], ["1"]], ["0", "1"], 1, "1/10")).document
    write_result(tmp_path / "minima.json", document)
    for layout, labels in (
        ({}, ["$x$", "$f(x)$"]),
        ({"inputs": "dose", "separator": "tab"}, ["dose", "y, fitted"]),
        ({"inputs": ["dose"], "target": "effect"}, ["dose", "effect, fitted"]),
    ):
        figures.main(tmp_path / "minima.json", tmp_path, ["svg"], layout)
        (axes, *_) = drawn[tmp_path / "fits"].axes
        assert [axes.get_xlabel(), axes.get_ylabel()] == labels
    assert read_result(tmp_path / "minima.json") == document


def test_both_engines_lead_to_one_graph_with_table_page_and_figure(solved, tmp_path):
    problem = solved[0].parent / "problem.json"
    merge.main(problem, solved, REDUCED, tmp_path / "merged.json")
    plan, minima = problem.parent / "patterns.json", tmp_path / "minima.json"
    certify.main(tmp_path / "merged.json", plan, minima, tmp_path / "stationary.json")
    posed = Problem.from_document(read_result(minima)["problem"])
    write_result(tmp_path / "other.json", enumerate_minima(posed, engine="certified").document)
    for name in ("minima", "other"):
        basins.main(tmp_path / f"{name}.json", DEFAULT_SETTINGS, tmp_path / f"{name}_basins.json")
    found, other = (read_result(tmp_path / f"{name}_basins.json") for name in ("minima", "other"))
    assert found["components"]
    for key in ("components", "leaves", "merges"):
        assert found[key] == other[key]
    files = tmp_path / "barriers.csv", tmp_path / "barriers.html"
    barriers.main(tmp_path / "minima_basins.json", *files, tmp_path, ["svg"], "mine")
    assert len(files[0].read_text().splitlines()) == 1 + len(found["components"])
    assert "<h1>mine</h1>" in files[1].read_text()
    assert (tmp_path / "tree.svg").exists()


def test_the_order_of_the_batches_does_not_matter(solved, tmp_path):
    problem = solved[0].parent / "problem.json"
    for name, order in {"forwards": solved, "backwards": solved[::-1]}.items():
        merge.main(problem, order, REDUCED, tmp_path / "merged.json")
        certify.main(
            tmp_path / "merged.json",
            problem.parent / "patterns.json",
            tmp_path / f"{name}.json",
            tmp_path / "points.json",
        )
    assert (tmp_path / "forwards.json").read_bytes() == (tmp_path / "backwards.json").read_bytes()


def test_a_solved_batch_says_what_it_is(solved):
    document = read_json(solved[0])
    assert document["format"] == "reluenum-solved"
    assert len(document["patterns"]) == 8
    assert document["engines"]["flint"] == document["software"]["flint"]
    assert sum(document["verdicts"].values()) == len(document["outcomes"])


def test_a_missing_batch_is_noticed(solved, tmp_path):
    with pytest.raises(IncompleteRunError, match=r"pattern .* is missing"):
        merge.main(solved[0].parent / "problem.json", solved[1:], REDUCED, tmp_path / "merged.json")
    assert not list(tmp_path.iterdir())


def test_a_batch_of_another_problem_is_noticed(solved, tmp_path):
    foreign = solved_instance(tmp_path / "foreign", ridge="1/99")
    with pytest.raises(IncompleteRunError, match="belongs to another problem"):
        merge.main(
            solved[0].parent / "problem.json", [*solved[:-1], foreign[-1]], REDUCED, tmp_path / "m"
        )


def test_half_a_file_is_noticed(solved, tmp_path):
    half = tmp_path / "half.json"
    half.write_text(solved[0].read_text()[:1000])
    with pytest.raises(IncompleteRunError, match=r"half\.json is not a complete JSON document"):
        merge.main(solved[0].parent / "problem.json", [half, *solved[1:]], REDUCED, tmp_path / "m")


def test_decided_counts_the_undecided_supports_of_every_instance(tmp_path):
    documents = {}
    for name, undecided in {"first": 0, "second": 3, "third": 1}.items():
        documents[name] = tmp_path / f"{name}.json"
        record = {"enumeration": {"undecided": undecided, "supports_examined": 9}}
        documents[name].write_text(json.dumps(record))
    with pytest.raises(IncompleteRunError, match=r"in second \(3\), third \(1\); everything"):
        decided.main(documents, {}, tmp_path / "decided.txt")
    assert not (tmp_path / "decided.txt").exists()


def test_decided_counts_the_undecided_supports_of_every_path(tmp_path):
    minima, path = tmp_path / "minima.json", tmp_path / "path.json"
    record = {"enumeration": {"undecided": 0, "supports_examined": 9}}
    minima.write_text(json.dumps(record))
    path.write_text(json.dumps(sealed(PATH | {"undecided": {"1/10": 2, "1/5": 1}})))
    with pytest.raises(IncompleteRunError, match=r"undecided in path p \(3\); everything"):
        decided.main({"one": minima}, {"p": path}, tmp_path / "decided.txt")
    path.write_text(json.dumps(sealed(PATH | {"undecided": {}})))
    decided.main({"one": minima}, {"p": path}, tmp_path / "decided.txt")
    text = (tmp_path / "decided.txt").read_text()
    assert text == "one: 9 supports decided\npath p: decided at every ridge\n"


def test_an_astronomical_problem_is_refused_unless_forced(tmp_path):
    problem, plan = tmp_path / "problem.json", tmp_path / "patterns.json"
    many = INSTANCE | {"parameters": {"n": 300, "d": 1, "seed": 0}, "width": 3}
    dataset.main(many, tmp_path / "data.csv", problem)
    with pytest.raises(TooManySupportsError, match="supports to solve"):
        patterns.main(problem, 1, False, False, plan)
    assert not plan.exists()


def test_a_log_holds_the_error_and_the_terminal_one_line(tmp_path):
    log = tmp_path / "job.log"
    with pytest.raises(SystemExit, match="IncompleteRunError: a batch is missing"), logged(log):
        raise IncompleteRunError("a batch is missing")
    assert "ERROR a batch is missing" in log.read_text()
    assert "Traceback" not in log.read_text()


def test_a_log_holds_the_traceback_of_a_bug(tmp_path):
    log = tmp_path / "job.log"
    with pytest.raises(ZeroDivisionError), logged(log):
        _ = 1 / 0
    assert "ZeroDivisionError: division by zero" in log.read_text()


def test_every_rule_has_its_script_and_every_script_its_rule():
    working = {name: text for name, text in rules().items() if name not in TARGETS}
    assert sorted(working) == [path.stem for path in SCRIPTS]
    for name, text in working.items():
        assert f'/scripts/{name}.py"' in text


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_names_its_rule_and_leaves_snakemake_to_its_last_lines(path):
    module = importlib.import_module(f"scripts.{path.stem}")
    assert module.__doc__.startswith(f"Rule {path.stem}: ")
    *body, last = ast.parse(path.read_text()).body
    assert isinstance(last, ast.If)
    named = (node for part in body for node in ast.walk(part) if isinstance(node, ast.Name))
    assert "snakemake" not in {node.id for node in named}


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_decides_nothing_and_has_no_function_but_main(path):
    *body, _ = ast.parse(path.read_text()).body
    functions = [part for part in body if isinstance(part, ast.FunctionDef | ast.ClassDef)]
    assert [function.name for function in functions] == ["main"]
    decisions = ast.If | ast.While | ast.Try | ast.Raise | ast.With
    assert not [node for node in ast.walk(functions[0]) if isinstance(node, decisions)]
