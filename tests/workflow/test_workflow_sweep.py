"""Sweeps in the workflow: a reduced `sweep_small`, and what a change of it recomputes."""

import csv
import json
import re
import shutil
from pathlib import Path

import pytest
import yaml

from reluenum import Problem, enumerate_minima
from reluenum.experiments.instances import SWEEP_FIGURES
from tests.support.browser import SNAKEMAKES_OWN, artefact, launched, opened
from tests.support.sweeps import assert_tables_agree
from tests.support.workflow import ROOT, Folder, jobs, jobs_run

WHOLE = yaml.safe_load((ROOT / "config/sweep_small.yaml").read_text())

REDUCED = WHOLE | {
    "datasets": [
        WHOLE["datasets"][0]
        | {
            "family": "random",
            "n": [3, 4],
            "seed": [0, 1],
            "width": [1, 2],
            "ridge": ["1/100", "1/3"],
        }
    ],
    "figures": {"formats": ["svg"]},
}

RESULTS = Path("results/sweep_small")


def with_entry(**changes):
    return REDUCED | {"datasets": [REDUCED["datasets"][0] | changes]}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Return a finished sweep; tests must leave it as it is."""
    folder = Folder(tmp_path_factory.mktemp("sweep"), REDUCED)
    folder.output = folder.succeed()
    return folder


@pytest.fixture
def sweep(finished, tmp_path):
    """Return a copy of the finished sweep."""
    folder = Folder(tmp_path / "copy", REDUCED)
    shutil.copytree(finished.path, folder.path, dirs_exist_ok=True)
    return folder


def documents(folder):
    """Every document of a sweep, from the folders of its instances."""
    found = (folder.path / RESULTS).glob("*/minima.json")
    return {path.parent.name: json.loads(path.read_text()) for path in found}


def test_a_sweep_writes_every_table_figure_and_instance(finished):
    assert len(documents(finished)) == 2 * 2 * 2 * 2
    written = {path.name for path in (finished.path / RESULTS).iterdir() if path.is_file()}
    tables = {f"{name}.{kind}" for name in ("instances", "components", "times")
              for kind in ("csv", "parquet")}  # fmt: skip
    assert written == tables | {
        "summary.csv", "summary.html", "summary.md", "summary.tex", "unfolded.txt", "decided.txt",
    }  # fmt: skip
    drawn = {path.name for path in (finished.path / RESULTS / "figures").iterdir()}
    assert drawn == {f"{name}.svg" for name in SWEEP_FIGURES}
    assert jobs(finished.output)["examine"] == 2 * 2 * 2  # n, ridges, sizes


def test_every_table_adds_up_to_what_the_documents_say(finished):
    assert_tables_agree(finished.path / RESULTS, documents(finished))


def test_every_certificate_was_checked(finished):
    reports = list((finished.path / RESULTS / "batches").rglob("checked.txt"))
    lines = [line for path in reports for line in path.read_text().splitlines()]
    assert len(lines) == len(documents(finished))
    assert all(": proved: " in line for line in lines)


def test_an_instance_of_a_sweep_is_as_if_it_were_alone(finished):
    for name, document in documents(finished).items():
        with (finished.path / RESULTS / name / "data.csv").open() as stream:
            rows = list(csv.DictReader(stream))
        problem = Problem.from_text(
            [[row["x"]] for row in rows],
            [row["y"] for row in rows],
            document["problem"]["width"],
            document["problem"]["ridge"],
        )
        assert enumerate_minima(problem, engine="certified").document == document


def test_a_second_call_does_nothing(sweep):
    before = sweep.files("**/*")
    assert "Nothing to be done" in sweep.succeed()
    assert sweep.files("**/*") == before


def test_a_further_ridge_computes_only_that_ridge(sweep):
    sweep.configure(with_entry(ridge=["1/100", "1/10", "1/3"]))
    output = sweep.succeed()
    assert jobs_run(output, "examine") == jobs(output)["examine"] == 2 * 2
    assert set(re.findall(r"ridge (\S+),", output)) == {"1_10"}
    assert len(documents(sweep)) == 3 * 2 * 2 * 2


def test_a_further_width_needs_only_the_supports_of_its_size(sweep):
    before = sweep.files("**/records.zip")
    sweep.configure(with_entry(width=[1, 2, 3]))
    output = sweep.succeed()
    assert jobs_run(output, "examine") == 2 * 2
    assert set(re.findall(r"supports of size (\d)", output)) == {"3"}
    assert before.items() <= sweep.files("**/records.zip").items()
    assert_tables_agree(sweep.path / RESULTS, documents(sweep))


def test_a_smaller_width_has_nothing_to_examine(sweep):
    sweep.configure(with_entry(width=2))
    assert jobs_run(sweep.succeed(), "examine") == 0


def test_both_engines_find_the_same(tmp_path):
    entry = WHOLE["datasets"][0] | {
        "family": "random", "n": 3, "seed": [0, 1], "width": [1, 2], "ridge": "1/100",
        "engine": ["groebner", "certified"],
    }  # fmt: skip
    folder = Folder(tmp_path, REDUCED | {"datasets": [entry]})
    folder.succeed()
    found = documents(folder)
    assert len(found) == 8
    for name, document in found.items():
        if name.endswith("groebner"):
            other = found[name.replace("groebner", "certified")]
            assert other["components"] == document["components"]
            assert other["enumeration"] == document["enumeration"]


def test_a_damaged_archive_stops_the_run_with_one_clear_line(sweep):
    path = next((sweep.path / RESULTS / "batches").rglob("size1/records.zip"))
    path.write_bytes(path.read_bytes()[:-40])
    sweep.configure(with_entry(width=[1, 2, 3]))
    process = sweep.run()
    assert process.returncode == 1
    assert re.search(r"IncompleteRunError: .*size1/records\.zip is damaged", process.stdout)


def test_an_undecided_instance_shows_everywhere_and_fails_the_run(tmp_path):
    # No engine finishes within a microsecond.
    entry = WHOLE["datasets"][0] | {
        "family": "random", "n": 3, "seed": 0, "width": 1, "ridge": ["1/100", "1"],
        "engine": "groebner",
    }  # fmt: skip
    solve = {"backend": "sympy", "seconds": 1e-6}
    folder = Folder(tmp_path, REDUCED | {"datasets": [entry], "solve": solve})
    process = folder.run()
    assert process.returncode == 1
    (line,) = [
        line for line in process.stdout.splitlines() if line.startswith("IncompleteRunError")
    ]
    name = "random-n3-d1-L1-ridge1_100-seed0-groebner"
    assert f"{name} (" in line
    results = tmp_path / RESULTS
    assert not (results / "decided.txt").exists()
    with (results / "instances.csv").open() as stream:
        rows = {row["instance"]: row for row in csv.DictReader(stream)}
    assert rows[name]["complete"] == "False"
    assert int(rows[name]["undecided"]) > 0
    assert rows[name]["spurious"] == ""
    with (results / "summary.csv").open() as stream:
        assert sum(int(row["undecided"]) for row in csv.DictReader(stream)) >= 1
    assert "stayed undecided" in (results / "summary.md").read_text()
    assert "stayed undecided" in (results / "summary.tex").read_text()
    for figure in SWEEP_FIGURES:
        assert 'id="note"' in (results / f"figures/{figure}.svg").read_text()


@pytest.mark.parametrize(("name", "most"), [("sweep_paper", 500), ("sweep_cluster", 3000)])
def test_large_sweeps_are_planned_in_less_than_a_minute(name, most, tmp_path):
    config = yaml.safe_load((ROOT / f"config/{name}.yaml").read_text())
    folder = Folder(tmp_path, config)
    output = folder.succeed("--dry-run", "--quiet", "rules")
    assert 400 <= jobs(output)["examine"] <= most
    assert not folder.files("**/*")


def test_the_report_opens_in_a_browser_without_a_network(finished, tmp_path):
    finished.succeed("--report", str(tmp_path / "report.html"))
    with launched() as browser, opened(browser, tmp_path / "report.html", SNAKEMAKES_OWN) as page:
        assert "instances of sweep sweep_small" in page.inner_text("body")
        page.get_by_text("Summary", exact=True).click()
        assert page.get_by_text("completeness", exact=True).is_visible()
        shown(page, "summary", tmp_path)
        page.get_by_text("Results", exact=True).click()
        page.get_by_text("Figures", exact=True).click()
        for label in SWEEP_FIGURES.values():
            assert page.get_by_text(label, exact=True).is_visible()
        shown(page, SWEEP_FIGURES["minima_by_ridge"], tmp_path)


def shown(page, label, folder):
    """Look at a result of a report, and at its caption."""
    line = page.locator("tr", has=page.get_by_text(label, exact=True))
    for icon in ("information-circle", "eye"):
        line.locator(f"[iconname={icon}]").click()
        page.wait_for_timeout(500)
        artefact(page, f"report {label} {icon}".replace(" ", "_"), folder)
