"""The workflow itself: real runs in a scratch folder, small ones and the reference experiment."""

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.support.oracles import by_any_route
from tests.support.workflow import INSTANCE, ROOT, SMALL, SMALL_DATA, Folder, jobs, jobs_run

pytestmark = pytest.mark.seconds(130)

MINIMA = f"{INSTANCE}/minima.json"


@pytest.fixture(scope="module")
def small_run(tmp_path_factory):
    """Return a finished run of three points; tests must leave it as it is."""
    folder = Folder(tmp_path_factory.mktemp("small"), SMALL)
    folder.output = folder.succeed()
    return folder


@pytest.fixture
def small(small_run, tmp_path):
    """Return a copy of the finished run."""
    folder = Folder(tmp_path / "copy", SMALL)
    shutil.copytree(small_run.path, folder.path, dirs_exist_ok=True)
    return folder


def test_a_run_writes_every_file_of_an_instance_and_of_the_experiment(small_run):
    instance = small_run.path / INSTANCE
    document = json.loads((instance / "minima.json").read_text())
    assert document["format"] == "reluenum-minima"
    assert document["problem"]["x"] == [["-1"], ["1/3"], ["3/4"]]
    assert document["problem"]["ridge"] == "1/100"
    assert document["enumeration"]["undecided"] == 0
    rows = (instance / "minima.csv").read_text().splitlines()
    assert len(rows) == 1 + len(document["components"])
    points = json.loads((instance / "stationary.json").read_text())["points"]
    assert len((instance / "stationary.csv").read_text().splitlines()) == 1 + len(points)
    written = {path.relative_to(instance).as_posix() for path in instance.iterdir()}
    assert written == {
        "data.csv",
        "minima.json",
        "minima.csv",
        "minima.html",
        "stationary.json",
        "stationary.csv",
        "facts.txt",
        "figures",
        "work",
    }
    experiment = {path.name for path in (small_run.path / "results/small").iterdir()}
    assert experiment >= {
        "decided.txt",
        "summary.csv",
        "summary.html",
        "summary.md",
        "summary.tex",
        "figures",
    }
    assert list((small_run.path / "results/small/figures").glob("*.svg"))


def test_a_data_set_has_the_ridge_path_that_is_asked_for(small, tmp_path):
    path = {"from": "1/2", "to": "1", "points": 3, "exact": True}
    small.configure(SMALL | {"datasets": [SMALL["datasets"][0] | {"path": path}]})
    small.succeed()
    folder = small.path / "results/small/paths/small-L2"
    assert {path.name for path in folder.iterdir()} == {"path.json", "path.svg", "explorer.html"}
    (tmp_path / "small.csv").write_text(SMALL_DATA)
    options = ["--width", "2", "--ridge", "1/2:1", "--points", "3", "--exact"]
    command = [sys.executable, "-m", "reluenum", "path", str(tmp_path / "small.csv"), *options]
    output = tmp_path / "path.json"
    subprocess.run([*command, "--output", str(output)], check=True)
    assert output.read_bytes() == (folder / "path.json").read_bytes()
    decided = (small.path / "results/small/decided.txt").read_text()
    assert "path small-L2: decided at every ridge" in decided


def test_there_is_a_job_for_every_batch_of_patterns(small_run):
    plan = json.loads((small_run.path / INSTANCE / "work/patterns.json").read_text())
    assert sum(map(len, plan["batches"])) == 21  # 6 columns, 2 units: (6 + 1) choose 2
    solved = sorted(path.stem for path in (small_run.path / INSTANCE / "work/solve").iterdir())
    assert solved == ["01-08", "09-16", "17-21"]


def test_every_rule_logs_and_is_timed(small_run):
    for folder in ("logs", "timings"):
        rules = {path.name for path in (small_run.path / folder).iterdir()}
        scripts = {path.stem for path in (ROOT / "scripts").glob("*.py")}
        assert rules <= scripts
        assert rules >= {"dataset", "patterns", "solve", "merge", "certify", "decided"}
    assert (
        "stationary"
        in (small_run.path / "logs/solve/small/small-L2-ridge1_100/01-08.log").read_text()
    )


def test_the_command_line_computes_the_same_bytes_from_the_data_of_an_instance(small_run, tmp_path):
    instance, output = small_run.path / INSTANCE, tmp_path / "minima.json"
    options = ["--width", "2", "--ridge", "1/100", "--output", str(output)]
    command = [sys.executable, "-m", "reluenum", "minima", str(instance / "data.csv"), *options]
    subprocess.run(command, check=True)
    assert output.read_bytes() == (instance / "minima.json").read_bytes()


def test_a_second_run_does_nothing(small):
    assert "Nothing to be done" in small.succeed()


def test_a_new_ridge_computes_that_ridge_only(small):
    entry = SMALL["datasets"][0] | {"ridge": ["1/100", "1/10"]}
    small.configure(SMALL | {"datasets": [entry]})
    before = small.files("small/small-L2-ridge1_100/**/*")
    counts = jobs(small.succeed())
    assert counts["dataset"] == counts["certify"] == counts["tables"] == counts["figures"] == 1
    assert small.files("small/small-L2-ridge1_100/**/*") == before
    assert small.files("small/small-L2-ridge1_10/minima.json")
    assert len((small.path / "results/small/decided.txt").read_text().splitlines()) == 2


def test_other_batches_give_the_same_minima(small):
    before = small.files("small/*/minima.json")
    small.configure(SMALL | {"solve": {"patterns_per_job": 21}})
    assert jobs(small.succeed(MINIMA))["patterns"] == 1
    assert small.files("small/*/minima.json") == before


CERTIFIED = SMALL | {"solve": {"engine": "certified", "supports_per_job": 10}}


@pytest.fixture(scope="module")
def certified_run(tmp_path_factory):
    """Return a finished run by the certified engine; tests must leave it as it is."""
    folder = Folder(tmp_path_factory.mktemp("certified"), CERTIFIED)
    folder.output = folder.succeed()
    return folder


@pytest.fixture
def certified(certified_run, tmp_path):
    """Return a copy of the finished run."""
    folder = Folder(tmp_path / "copy", CERTIFIED)
    shutil.copytree(certified_run.path, folder.path, dirs_exist_ok=True)
    return folder


def test_the_certified_engine_makes_a_job_of_a_block_and_ends_with_the_same_minima(
    certified_run, small_run
):
    counts = jobs(certified_run.output)
    assert (counts["supports"], counts["smaller"], counts["prove"], counts["verify"]) == (1,) * 4
    instance = certified_run.path / INSTANCE
    assert len(list((instance / "work/survey").glob("[0-9]*.npz"))) == 4  # 36 pairs of 9 faces
    document = json.loads((instance / "minima.json").read_text())
    assert document["certificate"]["file"] == "certificate.parquet"
    assert document["decided_by"]["double"] == 45
    groebner = json.loads((small_run.path / INSTANCE / "minima.json").read_text())
    assert by_any_route(document) == by_any_route(groebner)
    assert (instance / "verified.txt").read_text().startswith("proved: ")
    assert not (instance / "stationary.csv").exists()
    assert "45 supports decided" in (certified_run.path / "results/small/decided.txt").read_text()


def test_boxes_of_directions_end_with_the_same_minima(small_run, tmp_path):
    folder = Folder(tmp_path / "branch", SMALL | {"solve": {"engine": "branch"}})
    counts = jobs(folder.succeed())
    assert (counts["cover"], counts["verify"], counts["tables"]) == (1,) * 3
    document = json.loads((folder.path / MINIMA).read_text())
    groebner = json.loads((small_run.path / MINIMA).read_text())
    assert document["components"] == groebner["components"]
    assert (folder.path / INSTANCE / "verified.txt").read_text().startswith("proved: ")
    options = ["--width", "2", "--ridge", "1/100", "--engine", "branch"]
    data, output = folder.path / INSTANCE / "data.csv", tmp_path / "minima.json"
    command = [sys.executable, "-m", "reluenum", "minima", str(data), *options]
    subprocess.run([*command, "--output", str(output)], check=True)
    assert output.read_bytes() == (folder.path / MINIMA).read_bytes()
    shards = Folder(tmp_path / "shards", SMALL | {"solve": {"engine": "branch", "shards": 2}})
    counts = jobs(shards.succeed())
    assert (counts["branch"], counts["draft"], counts["follow"], counts["settle"]) == (2, 1, 2, 1)
    assert (shards.path / MINIMA).read_bytes() == output.read_bytes()
    assert "believed: 2 parts" in (shards.path / INSTANCE / "verified.txt").read_text()


def test_a_second_run_by_the_certified_engine_does_nothing(certified):
    assert "Nothing to be done" in certified.succeed()


def test_blocks_of_another_size_give_the_same_certificate(certified):
    before = certified.files("small/*/minima.*") | certified.files("small/*/certificate.parquet")
    certified.configure(CERTIFIED | {"solve": {"engine": "certified", "supports_per_job": 100}})
    counts = jobs(certified.succeed(MINIMA))
    assert counts["supports"] == 1
    assert "smaller" not in counts
    after = certified.files("small/*/minima.*") | certified.files("small/*/certificate.parquet")
    assert after == before


def test_a_damaged_block_stops_the_run_with_one_clear_line(certified):
    block = next((certified.path / INSTANCE / "work/survey").glob("[0-9]*.npz"))
    block.write_bytes(block.read_bytes()[:-50])
    process = certified.run("--forcerun", "prove", "--", MINIMA)
    assert process.returncode != 0
    assert f"{block.name} is damaged, or belongs to another problem" in process.stdout


def test_a_changed_result_is_not_verified(certified):
    path = certified.path / INSTANCE / "minima.json"
    text = path.read_text()
    loss = re.search(r'"loss": "([0-9.]+)"', text)[1]
    wrong = loss[:-1] + str((int(loss[-1]) + 1) % 10)
    path.write_text(text.replace(loss, wrong))
    process = certified.run("--forcerun", "verify", "--", f"{INSTANCE}/verified.txt")
    assert process.returncode != 0
    assert "not proved" in process.stdout


def test_the_formulation_of_the_paper_ends_with_the_same_minima(small):
    def found():
        document = json.loads((small.path / INSTANCE / "minima.json").read_text())
        tables = small.files("small/*/minima.csv") | small.files("small/*/stationary.*")
        return by_any_route(document), tables, document["completeness"]

    *expected, before = found()
    small.configure(SMALL | {"solve": {"patterns_per_job": 8, "formulation": "eliminated"}})
    tables = [f"{INSTANCE}/{name}.csv" for name in ("minima", "stationary")]
    assert jobs(small.succeed(*tables))["solve"] == 3
    *again, after = found()
    assert again == expected
    assert (before, after) == ("theorem E", "engine")
    solved = json.loads(next((small.path / INSTANCE / "work/solve").iterdir()).read_text())
    assert solved["formulation"] == "eliminated"


def test_all_sign_matrices_are_gone_through_if_asked_for(small):
    small.configure(SMALL | {"solve": {"patterns_per_job": 8, "all_patterns": True}})
    small.succeed(f"{INSTANCE}/facts.txt")
    record = json.loads((small.path / INSTANCE / "minima.json").read_text())["sign_matrices"]
    assert (record["examined"], record["refuted"], record["realisable"]) == ("64", "28", 36)
    assert "64 examined one by one" in (small.path / INSTANCE / "facts.txt").read_text()


def test_changed_data_are_computed_again(small):
    before = small.files("small/*/minima.json")
    (small.path / "small.csv").write_text(SMALL_DATA.replace("0.75", "0.8"))
    small.succeed(MINIMA)
    assert small.files("small/*/minima.json") != before


def test_a_report_holds_tables_and_figures(small):
    small.succeed("--report", "report.zip")
    shutil.unpack_archive(small.path / "report.zip", small.path / "page")
    names = {path.name for path in (small.path / "page").rglob("*")}
    assert names >= {
        "report.html",
        "minima.html",
        "minima.csv",
        "stationary.csv",
        "summary.csv",
        "decided.txt",
    }
    assert any(name.endswith(".svg") for name in names)


def test_a_misspelt_key_is_named_in_one_line(tmp_path):
    folder = Folder(
        tmp_path, SMALL | {"datasets": [{"csv": "small.csv", "widht": 2, "ridge": "1"}]}
    )
    process = folder.run("--dry-run")
    assert process.returncode == 1
    (line,) = [line for line in process.stdout.splitlines() if "widht" in line]
    assert line.startswith(
        "configuration, datasets[0]: unknown key 'widht' (did you mean 'width'?)"
    )


def test_an_error_in_the_data_is_named_in_one_line_and_nothing_is_written(tmp_path):
    folder = Folder(tmp_path, SMALL)
    (tmp_path / "small.csv").write_text(SMALL_DATA.replace("1/3", "one third"))
    process = folder.run()
    assert process.returncode == 1
    (line,) = [line for line in process.stdout.splitlines() if line.startswith("InputError")]
    assert "small.csv" in line
    assert "one third" in line
    assert not folder.files("**/*")


def test_an_astronomical_problem_is_refused(tmp_path):
    folder = Folder(
        tmp_path, SMALL | {"datasets": [{"csv": "small.csv", "width": 9, "ridge": "1"}]}
    )
    (tmp_path / "small.csv").write_text("x,y\n" + "".join(f"{k},{k * k % 7}\n" for k in range(12)))
    process = folder.run()
    assert process.returncode == 1
    assert "supports to solve" in process.stdout
    assert not folder.files("**/patterns.json")


def test_undecided_supports_fail_the_run_after_everything_was_written(tmp_path):
    entry = SMALL["datasets"][0] | {"width": 1}
    # No engine finishes within a microsecond.
    solve = {"backend": "sympy", "seconds": 1e-6}
    folder = Folder(tmp_path, SMALL | {"datasets": [entry], "solve": solve})
    process = folder.run()
    assert process.returncode == 1
    (line,) = [
        line for line in process.stdout.splitlines() if line.startswith("IncompleteRunError")
    ]
    assert "small-L1-ridge1_100 (" in line
    (document,) = map(json.loads, folder.files("small/*/minima.json").values())
    assert document["enumeration"]["undecided"] == len(document["undecided"]) > 0
    assert document["complete"] is False
    assert folder.files("small/*/figures/*")
    assert folder.files("small/summary.csv")
    assert not folder.files("small/decided.txt")


REFERENCE = yaml.safe_load((ROOT / "config/config.yaml").read_text())
SOLVED = "reference/*/work/solve/*.json"


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """Return the finished reference experiment, and what CPU time it took."""
    folder = Folder(tmp_path_factory.mktemp("reference"), REFERENCE)
    start = cpu_seconds()
    subprocess.run(folder.command(), cwd=folder.path, check=True, capture_output=True)
    folder.seconds = cpu_seconds() - start
    return folder


@pytest.mark.slow
def test_the_reference_experiment_takes_less_than_two_minutes_even_on_one_core(reference):
    assert reference.seconds < 120


@pytest.mark.slow
def test_the_reference_experiment_is_as_published(reference):
    (document,) = map(json.loads, reference.files("reference/*/minima.json").values())
    assert document["enumeration"]["sign_matrices"] == "1024"
    assert document["enumeration"]["patterns_up_to_permutation"] == 55
    assert len(reference.files(SOLVED)) == 55
    isolated = [c for c in document["components"] if c["dimension"] == 0]
    assert (len(document["components"]), len(isolated)) == (6, 3)
    assert all(component["on_boundary"] for component in isolated)


@pytest.mark.slow
def test_a_killed_run_goes_on_and_ends_with_the_same_bytes(reference, tmp_path):
    """It starts with two thirds of the patterns solved, and is killed among the others."""
    killed = Folder(tmp_path / "killed", REFERENCE)
    shutil.copytree(reference.path, killed.path, dirs_exist_ok=True)
    begun = {"data.csv", "problem.json", "patterns.json"}
    solved = sorted(killed.files(SOLVED))
    for name in killed.files("**/*"):
        if Path(name).name not in begun and name not in solved[:36]:
            (killed.path / name).unlink()
    done = kill_after(killed, 36 + 5)
    assert 36 + 5 <= len(done) < 55
    assert not killed.files("reference/*/minima.*")
    assert "LockException" in killed.run().stdout
    # What profiles/README.md says:
    killed.succeed("--unlock")
    resumed = killed.succeed()
    assert 55 - len(done) <= jobs_run(resumed, "solve") <= 55 - len(done) + 2
    names = ("minima.json", "minima.csv", "stationary.json", "stationary.csv", "work/**/*.json")
    for name in names:
        found = killed.files(f"reference/*/{name}")
        assert found, name
        assert found == reference.files(f"reference/*/{name}"), name


def cpu_seconds() -> float:
    """Return the CPU time of all finished child processes, which other tests do not prolong."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def kill_after(folder, count):
    """Start Snakemake, kill it and its jobs when so many patterns are solved; return these."""
    process = subprocess.Popen(
        folder.command(), cwd=folder.path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 600
        while len(folder.files("reference/*/work/solve/*.json")) < count:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return folder.files("reference/*/work/solve/*.json")
