"""Files between the steps: what is read is what was written, or it is an error that says why."""

import json
from itertools import chain

import pytest

from reluenum.documents.minima import minima_document
from reluenum.documents.results import to_json, write_sealed
from reluenum.engines.formulations import REDUCED
from reluenum.engines.reduced.merge import merge
from reluenum.engines.reduced.outcomes import solve_pattern, solve_support
from reluenum.engines.reduced.route import landscape
from reluenum.errors import IncompleteRunError, TheoremViolationError
from reluenum.experiments.steps import (
    merge_files,
    merged_document,
    patterns_document,
    problem_document,
    read_batches,
    read_merged,
    read_problem,
    read_solved,
    solved_document,
)
from reluenum.geometry.arrangement import Arrangement
from reluenum.geometry.geometry import Geometry
from reluenum.geometry.patterns import patterns
from reluenum.geometry.supports import support_text, supports
from reluenum.groebner.backends import open_backends
from reluenum.problem import Problem
from tests.support.oracles import classes_of

PROBLEM = Problem.from_text([["-3/4"], ["4/3"]], ["2", "-1"], 2, "1", "mean", "ridge")

EXAMPLE_1 = Problem.from_text([["-3/4"], ["4/3"]], ["2", "-1"], 2, "1")

OTHER = Problem.from_text([["-3/4"], ["4/3"]], ["2", "-1"], 2, "2")


@pytest.fixture(scope="module")
def engine():
    with open_backends("flint") as opened:
        yield opened


@pytest.fixture
def run(tmp_path, engine):
    """A small run by hand: the solved files of a problem, three patterns each."""

    def make(problem):
        planned = tmp_path / "patterns.json"
        write_sealed(planned, patterns_document(Geometry.of(problem), 3))
        paths = []
        for k, batch in enumerate(read_batches(planned, problem)):
            outcomes = [
                outcome
                for pattern in batch
                for outcome in solve_pattern(Geometry.of(problem), pattern, engine)
            ]
            paths.append(tmp_path / f"solved{k}.json")
            write_sealed(paths[-1], solved_document(problem, REDUCED, batch, outcomes, engine))
        return problem, paths

    return make


def changed(path, change):
    """Change the document in a file and seal it again: what then refuses it is not the seal."""
    document = json.loads(path.read_text())
    change(document)
    write_sealed(path, document)


def entry_of(document, support):
    (found,) = [o for o in document["outcomes"] if o["support"] == support]
    return found


def holder_of(paths, support):
    """The file that holds the outcome of a support."""
    (found,) = [
        path
        for path in paths
        if support in [o["support"] for o in json.loads(path.read_text())["outcomes"]]
    ]
    return found


@pytest.mark.parametrize("problem", [PROBLEM, EXAMPLE_1], ids=["mean ridge", "sum none"])
def test_problems_survive_their_file(tmp_path, problem):
    path = tmp_path / "problem.json"
    write_sealed(path, problem_document(problem))
    assert read_problem(path) == problem


def test_a_problem_that_was_edited_is_refused(tmp_path):
    path = tmp_path / "problem.json"
    write_sealed(path, problem_document(EXAMPLE_1))
    changed(path, lambda document: document["problem"].update(ridge="2"))
    with pytest.raises(IncompleteRunError, match=r"problem\.json belongs to another problem"):
        read_problem(path)


def test_a_file_of_another_kind_or_version_is_refused(tmp_path):
    path = tmp_path / "problem.json"
    write_sealed(path, patterns_document(Geometry.of(EXAMPLE_1), 4))
    with pytest.raises(IncompleteRunError, match="not a file of kind reluenum-problem, version 1"):
        read_problem(path)
    write_sealed(path, problem_document(EXAMPLE_1) | {"version": 2})
    with pytest.raises(IncompleteRunError, match="version 1"):
        read_problem(path)


def test_a_truncated_file_is_refused(tmp_path):
    path = tmp_path / "problem.json"
    write_sealed(path, problem_document(EXAMPLE_1))
    text = path.read_text()
    path.write_text(text[: len(text) // 2])
    with pytest.raises(IncompleteRunError, match="not a complete JSON document"):
        read_problem(path)


@pytest.mark.parametrize("size", [1, 3, 10, 99])
def test_batches_hold_every_pattern_once_and_in_order(tmp_path, size):
    path = tmp_path / "patterns.json"
    arrangement = Arrangement.of(EXAMPLE_1)
    write_sealed(path, patterns_document(Geometry.of(EXAMPLE_1), size))
    batches = read_batches(path, EXAMPLE_1)
    assert list(chain(*batches)) == list(patterns(arrangement, 2))
    assert {len(batch) for batch in batches[:-1]} <= {size}
    assert 1 <= len(batches[-1]) <= size
    assert read_batches(path) == batches
    with pytest.raises(IncompleteRunError, match="belongs to another problem"):
        read_batches(path, OTHER)


def test_the_plan_states_faces_columns_and_counts():
    document = patterns_document(Geometry.of(EXAMPLE_1), 4)
    assert set(document["faces"]) == {"++", "+0", "+-", "0-", "--", "-0", "-+", "0+", "00"}
    assert set(document["columns"]) == {"++", "+-", "-+", "--"}
    assert (document["sign_matrices"], document["supports"]) == ("16", 15)


@pytest.mark.parametrize("problem", [PROBLEM, EXAMPLE_1], ids=["mean ridge", "sum none"])
def test_merging_files_gives_what_solving_in_one_go_gives(run, engine, problem):
    problem, paths = run(problem)
    from_files, outcomes = merge_files(paths, Geometry.of(problem), REDUCED)
    assert len(outcomes) == 15
    geometry = Geometry.of(problem)
    outcomes = [solve_support(problem, s, engine) for s in supports(geometry.arrangement, 2)]
    expected = to_json(minima_document(landscape(merge(geometry, outcomes), geometry)))
    assert to_json(minima_document(landscape(from_files, geometry))) == expected
    # and once more through the merged file
    path = paths[0].with_name("merged.json")
    write_sealed(path, merged_document(REDUCED, from_files, outcomes))
    again = read_merged(path)
    assert again.problem == problem
    assert to_json(minima_document(again)) == expected


def test_solved_outcomes_survive_their_file(run):
    problem, paths = run(EXAMPLE_1)
    for path in paths:
        names, outcomes = read_solved(path, Geometry.of(problem), REDUCED)
        document = json.loads(path.read_text())
        assert names == document["patterns"]
        assert [o.to_document() for o in outcomes] == document["outcomes"]
        assert sum(document["verdicts"].values()) == len(outcomes)
        assert set(document["engines"]) == {"flint"}


def test_the_merged_file_lists_the_residuals(run):
    problem, paths = run(EXAMPLE_1)
    document = merged_document(REDUCED, *merge_files(paths, Geometry.of(problem), REDUCED))
    assert [(c["loss"], c["tight_faces"], c["supports"]) for c in document["classes"]] == [
        ("5", [], [""]),
        ("3.56", ["+0"], ["+0"]),
        ("4.84", ["0+"], ["0+"]),
        ("3.4", ["+0", "0+"], ["+0|0+"]),
    ]
    assert document["undecided"] == 0


def test_outcomes_of_another_problem_are_refused(run):
    _, paths = run(EXAMPLE_1)
    with pytest.raises(IncompleteRunError, match=r"solved0\.json belongs to another problem"):
        read_solved(paths[0], Geometry.of(OTHER), REDUCED)
    changed(paths[0], lambda document: document.update(problem_sha256="0" * 64))
    with pytest.raises(IncompleteRunError, match="belongs to another problem"):
        merge_files(paths, Geometry.of(EXAMPLE_1), REDUCED)


def test_a_missing_doubled_or_unknown_pattern_is_named(run):
    problem, paths = run(EXAMPLE_1)
    first = json.loads(paths[-1].read_text())["patterns"][0]
    with pytest.raises(IncompleteRunError, match="is missing, doubled or unknown"):
        merge_files(paths[:-1], Geometry.of(problem), REDUCED)
    with pytest.raises(IncompleteRunError, match="is missing, doubled or unknown"):
        merge_files([*paths, paths[-1]], Geometry.of(problem), REDUCED)
    changed(paths[-1], lambda document: document["patterns"].remove(first))
    with pytest.raises(IncompleteRunError) as caught:
        merge_files(paths, Geometry.of(problem), REDUCED)
    assert str(caught.value) == f"pattern {first} is missing, doubled or unknown"
    changed(paths[-1], lambda document: document["patterns"].append("+-+|+-+"))
    with pytest.raises(IncompleteRunError, match=r"missing, doubled or unknown"):
        merge_files(paths, Geometry.of(problem), REDUCED)


def test_a_missing_or_doubled_outcome_is_named(run):
    problem, paths = run(EXAMPLE_1)
    holder = holder_of(paths, "+0")
    original = holder.read_text()
    changed(holder, lambda document: document["outcomes"].remove(entry_of(document, "+0")))
    with pytest.raises(IncompleteRunError, match=r"support \+0 has no outcome"):
        merge_files(paths, Geometry.of(problem), REDUCED)
    holder.write_text(original)
    changed(holder, lambda document: document["outcomes"].append(entry_of(document, "+0")))
    with pytest.raises(IncompleteRunError, match=r"support \+0 was solved twice"):
        merge_files(paths, Geometry.of(problem), REDUCED)


def test_a_point_that_is_not_where_the_file_says_is_refused(run):
    problem, paths = run(EXAMPLE_1)
    holder = holder_of(paths, "+0")

    def move(document):
        centre = entry_of(document, "+0")["point"]["centre"]
        centre[0] = "1/7"

    changed(holder, move)
    with pytest.raises(TheoremViolationError, match="no isolated solution at a recorded centre"):
        read_solved(holder, Geometry.of(problem), REDUCED)


def test_the_mirror_image_of_a_point_is_not_the_point(run):
    # The unit -w solves the system too: r = -4/5 and s = -(2 + 4/5) 4/5 is negative.
    problem, paths = run(EXAMPLE_1)
    holder = holder_of(paths, "+0")

    def mirror(document):
        (w, _) = entry_of(document, "+0")["point"]["centre"]
        mirrored = w[1:] if w.startswith("-") else f"-{w}"
        entry_of(document, "+0")["point"]["centre"] = [mirrored, "-56/25"]

    changed(holder, mirror)
    with pytest.raises(TheoremViolationError, match="is not as recorded"):
        read_solved(holder, Geometry.of(problem), REDUCED)


@pytest.mark.parametrize(("support", "verdict"), [("+0", "leaves its faces"), ("++", "stationary")])
def test_a_changed_verdict_on_a_point_is_refused(run, support, verdict):
    problem, paths = run(EXAMPLE_1)
    holder = holder_of(paths, support)
    changed(holder, lambda document: entry_of(document, support).update(verdict=verdict))
    with pytest.raises(TheoremViolationError, match="is not as recorded"):
        merge_files(paths, Geometry.of(problem), REDUCED)


def test_a_point_that_was_dropped_from_a_file_is_noticed(run):
    problem, paths = run(EXAMPLE_1)
    holder = holder_of(paths, "+0|0+")

    def drop(document):
        entry = entry_of(document, "+0|0+")
        del entry["point"]
        entry["verdict"] = "no point with positive squares"

    changed(holder, drop)
    stationary, outcomes = merge_files(paths, Geometry.of(problem), REDUCED)
    assert [support_text(o.support) for o in stationary.undecided] == ["+0|0+"]
    assert "Theorem E proves that there is one" in stationary.undecided[0].reason
    assert merged_document(REDUCED, stationary, outcomes)["undecided"] == 1
    assert not landscape(stationary, Geometry.of(stationary.problem)).is_complete


def test_undecided_supports_and_their_reasons_survive_the_merged_file(run):
    problem, paths = run(EXAMPLE_1)
    holder = holder_of(paths, "+0|0+")

    def give_up(document):
        entry = entry_of(document, "+0|0+")
        del entry["point"]
        entry.update(verdict="undecided", reason="flint: not solved within 1 s")

    changed(holder, give_up)
    path = paths[0].with_name("merged.json")
    write_sealed(path, merged_document(REDUCED, *merge_files(paths, Geometry.of(problem), REDUCED)))
    assert [o.reason for o in read_merged(path).undecided] == ["flint: not solved within 1 s"]


def test_a_merged_file_is_proved_anew_when_read(run):
    problem, paths = run(EXAMPLE_1)
    path = paths[0].with_name("merged.json")
    document = merged_document(REDUCED, *merge_files(paths, Geometry.of(problem), REDUCED))
    # What the file claims beyond the outcomes is not believed.
    write_sealed(path, document | {"classes": [], "undecided": 7})
    found = read_merged(path)
    assert (len(classes_of(found)), found.undecided) == (4, ())
    write_sealed(path, document)
    changed(path, lambda found: found["outcomes"].pop())
    with pytest.raises(IncompleteRunError, match="has no outcome"):
        read_merged(path)
    write_sealed(path, document)
    changed(path, lambda found: found["problem"].update(ridge="2"))
    with pytest.raises(IncompleteRunError, match="belongs to another problem"):
        read_merged(path)
