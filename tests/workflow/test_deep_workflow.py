"""The steps of a run with several hidden layers: what passes between them, and what is refused."""

import pytest

from reluenum import enumerate_minima
from reluenum.documents.results import read_result, to_json, write_sealed
from reluenum.documents.seals import place_of, read_json, read_sealed
from reluenum.engines.deep.enumeration.strata import strata
from reluenum.engines.formulations import REDUCED
from reluenum.errors import IncompleteRunError, TheoremViolationError, TooManySupportsError
from reluenum.experiments.plans import planned_batches
from reluenum.experiments.steps import read_problem
from reluenum.groebner.backends import DEFAULT_SETTINGS
from scripts import (
    certify,
    dataset,
    decided,
    facts,
    merge,
    patterns,
    solve,
    stationary_table,
    tables,
)

INSTANCE = {
    "family": "random",
    "csv": None,
    "data": None,
    "parameters": {"n": 3, "d": 1, "seed": 0},
    "width": [1, 1],
    "ridge": "1/100",
    "loss": "sum",
    "output_bias": "none",
}


def solved_in(folder, patterns_per_job=1):
    """Run the rules up to `solve`."""
    folder.mkdir()
    dataset.main(INSTANCE, folder / "data.csv", folder / "problem.json")
    patterns.main(folder / "problem.json", patterns_per_job, False, False, folder / "patterns.json")
    for batch in planned_batches(folder / "patterns.json"):
        solve.main(
            folder / "problem.json",
            folder / "patterns.json",
            batch,
            REDUCED,
            DEFAULT_SETTINGS,
            folder / f"solved_{batch}.json",
        )
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = solved_in(tmp_path_factory.mktemp("deep") / "instance")
    merge.main(folder / "problem.json", solved(folder), REDUCED, folder / "merged.json")
    certify.main(
        folder / "merged.json",
        folder / "patterns.json",
        folder / "minima.json",
        folder / "stationary.json",
    )
    return folder


def solved(folder):
    return sorted(folder.glob("solved_*.json"))


def test_the_steps_lead_to_the_document_of_one_process(run):
    document = enumerate_minima(read_problem(run / "problem.json")).document
    assert (run / "minima.json").read_text() == to_json(document)
    assert document["complete"]


def test_a_job_has_the_strata_of_one_activation_pattern_of_the_last_layer(run):
    batches = read_sealed(run / "patterns.json", place_of(run / "patterns.json"))["batches"]
    columns = [{text.rpartition("/")[2].replace("0", "+") for text in batch} for batch in batches]
    assert [len(pattern) for pattern in columns] == [1] * len(batches)
    assert len(set().union(*columns)) == len(batches) == len(solved(run))
    every = [stratum.text for stratum in strata(read_problem(run / "problem.json"))]
    assert sorted(every) == sorted(text for batch in batches for text in batch)


def test_the_size_of_batches_leaves_no_trace(run, tmp_path):
    folder = solved_in(tmp_path / "other", patterns_per_job=3)
    assert len(solved(folder)) < len(solved(run))
    merge.main(folder / "problem.json", solved(folder), REDUCED, folder / "merged.json")
    one, other = (read_json(place / "merged.json")["outcomes"] for place in (folder, run))
    assert one == other


def test_points_are_proved_again_when_outcomes_are_read(run, tmp_path):
    """A centre that is moved is no solution, whatever the seal says."""
    place = tmp_path / "merged.json"
    record = read_sealed(run / "merged.json", place_of(run / "merged.json"))
    outcome = next(o for o in record["outcomes"] if o.get("points"))
    outcome["points"][0]["centre"][0] = "12345"
    write_sealed(place, record)
    with pytest.raises(TheoremViolationError):
        certify.main(place, run / "patterns.json", tmp_path / "m.json", tmp_path / "s.json")


@pytest.mark.parametrize("change", ["missing", "doubled", "foreign"])
def test_strata_have_to_be_there_once(run, tmp_path, change):
    files = solved(run)
    if change == "foreign":
        record = read_sealed(files[0], place_of(files[0])) | {"problem_sha256": "0" * 64}
        write_sealed(tmp_path / "solved.json", record)
    paths = {
        "missing": files[1:],
        "doubled": [*files, files[0]],
        "foreign": [tmp_path / "solved.json", *files[1:]],
    }[change]
    with pytest.raises(IncompleteRunError, match=r"missing, doubled|another problem"):
        merge.main(run / "problem.json", paths, REDUCED, tmp_path / "merged.json")
    assert not (tmp_path / "merged.json").exists()


def test_a_stratum_that_is_left_out_after_merging_is_noticed(run, tmp_path):
    record = read_sealed(run / "merged.json", place_of(run / "merged.json"))
    record["outcomes"] = record["outcomes"][1:]
    write_sealed(tmp_path / "merged.json", record)
    with pytest.raises(IncompleteRunError, match="missing, doubled"):
        certify.main(
            tmp_path / "merged.json",
            run / "patterns.json",
            tmp_path / "minima.json",
            tmp_path / "stationary.json",
        )


def test_too_many_strata_are_refused_before_anything_is_listed(tmp_path):
    dataset.main(INSTANCE | {"width": [2, 2]}, tmp_path / "data.csv", tmp_path / "problem.json")
    with pytest.raises(TooManySupportsError, match="insist with --force"):
        patterns.main(tmp_path / "problem.json", 1, False, False, tmp_path / "patterns.json")
    assert not (tmp_path / "patterns.json").exists()


def test_tables_and_statements_are_written_like_those_of_one_layer(run, tmp_path):
    tables.main(run / "minima.json", tmp_path / "minima.csv", tmp_path / "minima.html", "mine")
    stationary_table.main(run / "stationary.json", tmp_path / "stationary.csv")
    facts.main(run / "minima.json", tmp_path / "facts.txt")
    document, points = (
        read_result(run / "minima.json"),
        read_json(run / "stationary.json")["points"],
    )
    rows = (tmp_path / "minima.csv").read_text().splitlines()
    assert len(rows) == 1 + len(document["components"])
    assert len((tmp_path / "stationary.csv").read_text().splitlines()) == 1 + len(points)
    assert "strata examined" in (tmp_path / "minima.html").read_text()
    assert len((tmp_path / "facts.txt").read_text().splitlines()) == 3
    rejected = [p for p in points if p["minimum"] is False]
    assert rejected
    assert all(p["descent"] is not None for p in rejected)
    assert sum(p["minimum"] for p in points) == len(document["components"])


def test_the_last_line_counts_strata(run, tmp_path):
    decided.main({"mine": run / "minima.json"}, {}, tmp_path / "decided.txt")
    count = read_result(run / "minima.json")["enumeration"]["strata_examined"]
    assert (tmp_path / "decided.txt").read_text() == f"mine: {count} strata decided\n"
