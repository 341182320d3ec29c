"""Faults on purpose: what goes wrong around a run ends in recovery or in a clear error.

docs/faults.md lists every fault with what happens and the name of its test; here are those that
need files between the steps, the workflow, or a disk.
"""

import os
import random
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
import yaml

from reluenum.engines.formulations import REDUCED
from reluenum.errors import BackendError, IncompleteRunError, ReluenumError
from reluenum.experiments.configuration import complete_config
from reluenum.experiments.instances import batches
from reluenum.experiments.joblog import logged
from reluenum.experiments.plans import planned_batches, planned_blocks
from reluenum.groebner import program
from reluenum.groebner.backends import DEFAULT_SETTINGS, Settings, open_backends
from reluenum.groebner.limits import DEFAULT_LIMITS, Limits
from reluenum.groebner.versions import installed_versions
from scripts import (
    aggregate,
    certify,
    check,
    dataset,
    decided,
    examine,
    explorer,
    facts,
    figures,
    merge,
    path_figure,
    patterns,
    prove,
    smaller,
    solve,
    stationary_table,
    summary,
    supports,
    survey,
    sweep_decided,
    tables,
    unfold,
    verify,
)
from scripts import path as path_rule
from tests.support.disks import small_disk
from tests.support.workflow import ROOT, SMALL_DATA, Folder

pytestmark = pytest.mark.seconds(90)

TESTS = ROOT / "tests"

# The steps of a run, in one process ------------------------------------------------------------

HOME = Path("results/trial")


def instance_of(ridge):
    return {
        "family": None,
        "csv": "small.csv",
        "data": None,
        "parameters": {},
        "width": 2,
        "ridge": ridge,
        "loss": "sum",
        "output_bias": "none",
    }


class Run:
    """The steps of one instance, each of which a test can repeat, by the names of the rules."""

    def __init__(self, name, ridge):
        self.name, self.ridge, self.home = name, ridge, HOME / name
        self.work = self.home / "work"
        self.batches, self.blocks = {}, {}
        (self.work / "solve").mkdir(parents=True)
        (self.work / "survey").mkdir()
        for step in ("dataset", "patterns", "solve", "merge", "certify"):
            getattr(self, step)()
        for step in ("supports", "smaller", "survey", "prove"):
            getattr(self, step)()

    def dataset(self):
        dataset.main(instance_of(self.ridge), self.home / "data.csv", self.work / "problem.json")

    def patterns(self):
        plan = self.work / "patterns.json"
        patterns.main(self.work / "problem.json", 8, False, False, plan)

    def solve(self):
        plan = self.work / "patterns.json"
        self.batches = {name: self.work / f"solve/{name}.json" for name in planned_batches(plan)}
        for name, path in self.batches.items():
            problem = self.work / "problem.json"
            solve.main(problem, plan, name, REDUCED, DEFAULT_SETTINGS, path)

    def merge(self):
        problem, merged = self.work / "problem.json", self.work / "merged.json"
        merge.main(problem, list(self.batches.values()), REDUCED, merged)

    def certify(self):
        merged, plan = self.work / "merged.json", self.work / "patterns.json"
        certify.main(merged, plan, self.home / "minima.json", self.home / "stationary.json")

    def supports(self):
        supports.main(self.work / "problem.json", 10, False, self.work / "supports.json")

    def smaller(self):
        blocks, known = self.work / "survey/smaller.npz", self.work / "known.npz"
        smaller.main(self.work / "problem.json", DEFAULT_SETTINGS, blocks, known)

    def survey(self):
        names = planned_blocks(self.work / "supports.json")
        self.blocks = {name: self.work / f"survey/{name}.npz" for name in names}
        for name, path in self.blocks.items():
            problem, known = self.work / "problem.json", self.work / "known.npz"
            survey.main(problem, known, name, DEFAULT_SETTINGS, path)

    def prove(self):
        blocks = [self.work / "survey/smaller.npz", *self.blocks.values()]
        minima, certificate = self.home / "certified.json", self.home / "certificate.parquet"
        prove.main(self.work / "problem.json", blocks, DEFAULT_SETTINGS, minima, certificate)

    def verify(self):
        verify.main(self.home / "certified.json", [], 1, self.home / "verified.txt")

    def views(self):
        """Every rule that reads the minima."""
        minima = self.home / "minima.json"
        tables.main(minima, self.home / "minima.csv", self.home / "minima.html", self.name)
        facts.main(minima, self.home / "facts.txt")
        decided.main({self.name: minima}, {}, HOME / "decided.txt")
        outputs = [HOME / f"summary.{kind}" for kind in ("csv", "md", "tex", "html")]
        summary.main({self.name: minima}, *outputs, "trial")

    def stationary_table(self):
        stationary_table.main(self.home / "stationary.json", self.home / "stationary.csv")

    def figures(self):
        figures.main(self.home / "minima.json", self.home, ["svg"], {})


class Ridges:
    """The steps of one ridge path."""

    def __init__(self, name, low):
        self.home, self.low = HOME / "paths" / name, low
        self.home.mkdir(parents=True)
        self.path()

    def path(self):
        instance = instance_of(self.low) | {"high": "1", "points": 3, "exact": False}
        path_rule.main(instance, DEFAULT_LIMITS, self.home / "path.json")

    def views(self):
        """Every rule that reads the path."""
        file = self.home / "path.json"
        explorer.main(file, [], self.home / "explorer.html")
        path_figure.main(file, ["svg"])
        decided.main({}, {"mine": file}, HOME / "decided.txt")


class Batches:
    """The steps of a sweep of one batch, of two sizes."""

    def __init__(self, engine, n):
        entry = {"family": "random", "n": n, "seed": [0, 1], "width": [1, 2], "ridge": "1/10"}
        entry |= {"engine": engine}
        config = {"experiment": "trial", "datasets": [entry], "sweep": {}}
        complete_config(config, ROOT / "config/schemas/config.schema.yaml")
        ((names, batch),) = batches(config).items()
        self.spec, self.engine = batch.spec, engine
        parts = zip(("data", "method", "ridge", "seeds"), names, strict=True)
        self.home = HOME / "batches" / "/".join("~".join(part) for part in parts)
        for size in (1, 2):
            (self.home / f"size{size}").mkdir(parents=True)
            self.examine(size)

    def files(self, name):
        return [self.home / f"size{size}/{name}" for size in (1, 2)]

    def examine(self, size=2, settings=DEFAULT_SETTINGS):
        names = ("records.zip", "documents.zip", *(f"{t}.parquet" for t in TABLES))
        files = (self.home / f"size{size}/{name}" for name in names)
        outputs = dict(zip(("records", "documents", *TABLES), files, strict=True))
        earlier = self.files("records.zip")[: size - 1]
        examine.main(self.spec, size, earlier, settings, True, False, outputs)

    def check(self):
        check.main(self.files("documents.zip"), self.home / "checked.txt")

    def unfold(self):
        unfold.main(self.files("documents.zip"), HOME, HOME / "unfolded.txt")

    def aggregate(self):
        kinds = [f"{table}_{kind}" for table in TABLES for kind in ("parquet", "csv")]
        kinds += [f"summary_{kind}" for kind in ("csv", "md", "tex", "html")]
        outputs = {kind: HOME / ".".join(kind.rsplit("_", 1)) for kind in kinds}
        shards = [self.files(f"{table}.parquet") for table in TABLES]
        aggregate.main(*shards, [], [], outputs, "trial")

    def sweep_decided(self):
        sweep_decided.main(HOME / "instances.parquet", {}, HOME / "decided.txt")


TABLES = ("instances", "components", "times")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Return a folder with two runs of everything; tests must leave it as it is."""
    folder = tmp_path_factory.mktemp("faults")
    (folder / "small.csv").write_text(SMALL_DATA)
    before = Path.cwd()
    os.chdir(folder)
    try:
        made = {
            "instance": (Run("small-L2-ridge1_100", "1/100"), Run("small-L2-ridge1_10", "1/10")),
            "path": (Ridges("small-L2", "1/2"), Ridges("other-L2", "1/3")),
            "sweep": (Batches("certified", 3), Batches("certified", 4)),
            "groebner sweep": (Batches("groebner", 3), Batches("groebner", 4)),
        }
        made["sweep"][0].aggregate()
    finally:
        os.chdir(before)
    return folder, made


@pytest.fixture
def runs(finished, tmp_path, monkeypatch):
    """Return both runs of every kind, in a copy of the folder."""
    folder, made = finished
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    monkeypatch.chdir(copy)
    return made


# Intermediate files ----------------------------------------------------------------------------


def contents(folder=HOME):
    """Return the content of every result, by path."""
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def outcome_of(steps):
    """Return what steps write, or the one line in which they refuse a file."""
    try:
        for step in steps:
            step()
    except (ReluenumError, OSError) as error:
        return str(error)
    return contents()


INTERMEDIATE = {
    "problem": ("instance", "work/problem.json", "dataset", ("patterns", "supports")),
    "problem, solve": ("instance", "work/problem.json", "dataset", ("solve",)),
    "problem, merge": ("instance", "work/problem.json", "dataset", ("merge",)),
    "problem, survey": ("instance", "work/problem.json", "dataset", ("survey",)),
    "problem, prove": ("instance", "work/problem.json", "dataset", ("prove",)),
    "patterns": ("instance", "work/patterns.json", "patterns", ("solve",)),
    "patterns, certify": ("instance", "work/patterns.json", "patterns", ("certify",)),
    "solved": ("instance", "work/solve/09-16.json", "solve", ("merge",)),
    "merged": ("instance", "work/merged.json", "merge", ("certify",)),
    "stationary": ("instance", "stationary.json", "certify", ("stationary_table",)),
    "minima": ("instance", "minima.json", "certify", ("views",)),
    "supports": ("instance", "work/supports.json", "supports", ("survey", "prove")),
    "known": ("instance", "work/known.npz", "smaller", ("survey",)),
    "smaller": ("instance", "work/survey/smaller.npz", "smaller", ("prove",)),
    "surveyed": ("instance", "work/survey/10-20.npz", "survey", ("prove",)),
    "certificate": ("instance", "certificate.parquet", "prove", ("verify",)),
    "path": ("path", "path.json", "path", ("views",)),
    "records": ("sweep", "size1/records.zip", "examine", ("examine",)),
    "documents, check": ("sweep", "size1/documents.zip", "examine", ("check",)),
    "documents, unfold": ("sweep", "size1/documents.zip", "examine", ("unfold",)),
    "rows": ("sweep", "size1/instances.parquet", "examine", ("aggregate",)),
    "components": ("sweep", "size1/components.parquet", "examine", ("aggregate",)),
    "times": ("sweep", "size1/times.parquet", "examine", ("aggregate",)),
    "records of Groebner": ("groebner sweep", "size1/records.zip", "examine", ("examine",)),
}
"""The run, a file of it, the rule that writes it, and the rules that read it."""

UNMOVED = ("minima", "certificate", "path")
"""Results that stand for themselves: each names its problem, and may be copied anywhere."""


def case(runs, name):
    """Return both runs, the file in the first one, and the steps that read it."""
    kind, file, _, readers = INTERMEDIATE[name]
    one, other = runs[kind]
    return one, one.home / file, other.home / file, [getattr(one, reader) for reader in readers]


def refused(outcome, path):
    """Whether a text is one line that names the file; a certificate is named by its document."""
    names = [path.name, "certified.json: not proved: certificate"]
    named = isinstance(outcome, str) and any(name in outcome for name in names)
    return named and len(outcome.splitlines()) == 1


@pytest.mark.parametrize("name", INTERMEDIATE)
@pytest.mark.parametrize("damage", ["truncated", "empty", "removed"])
def test_a_cut_empty_or_missing_file_is_named_and_nothing_is_made_of_it(runs, name, damage):
    _, path, _, readers = case(runs, name)
    content = path.read_bytes()
    path.unlink()
    if damage != "removed":
        path.write_bytes(content[: len(content) * 2 // 3] if damage == "truncated" else b"")
    before = contents()
    outcome = outcome_of(readers)
    assert refused(outcome, path), outcome
    assert contents() == before


@pytest.mark.parametrize("name", INTERMEDIATE)
def test_a_flipped_byte_is_noticed_or_changes_nothing(runs, name):
    _, path, _, readers = case(runs, name)
    content = path.read_bytes()
    expected = outcome_of(readers)
    assert isinstance(expected, dict)
    draw = random.Random(name)
    noticed = 0
    for _ in range(25):
        damaged = bytearray(content)
        damaged[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        path.write_bytes(damaged)
        outcome = outcome_of(readers)
        if isinstance(outcome, str):
            assert refused(outcome, path), outcome
            noticed += 1
        else:
            assert without_times(outcome | {path: content}) == without_times(expected)
        path.write_bytes(content)
    assert noticed >= 12


def without_times(results):
    """Leave out what tells how long something took, also the archives' and tables' copies."""
    return {path: text for path, text in results.items() if not path.name.startswith("times.")}


@pytest.mark.parametrize("name", [name for name in INTERMEDIATE if name not in UNMOVED])
def test_a_file_of_another_instance_is_noticed(runs, name):
    _, path, foreign, readers = case(runs, name)
    shutil.copy(foreign, path)
    before = contents()
    outcome = outcome_of(readers)
    assert refused(outcome, path), outcome
    assert contents() == before


def test_the_minima_of_another_instance_are_noticed(runs):
    one, other = runs["instance"]
    shutil.copy(other.home / "minima.json", one.home / "minima.json")
    assert refused(outcome_of([one.views]), Path("minima.json"))


def test_the_certificate_of_another_instance_proves_nothing(runs):
    one, other = runs["instance"]
    shutil.copy(other.home / "certificate.parquet", one.home / "certificate.parquet")
    outcome = outcome_of([one.verify])
    assert "certified.json: not proved: certificate: sha256" in outcome


@pytest.mark.parametrize("pair", [("solve/01-08.json", "solve/09-16.json"),
                                  ("survey/0-10.npz", "survey/10-20.npz")])  # fmt: skip
def test_files_of_one_instance_in_each_others_place_change_nothing(runs, pair):
    one, _ = runs["instance"]
    first, second = (one.work / name for name in pair)
    steps = [one.merge, one.certify] if first.suffix == ".json" else [one.prove]
    names = ("minima.json", "stationary.json", "certified.json")
    expected = [(one.home / name).read_bytes() for name in names]
    content = first.read_bytes()
    shutil.copy(second, first)
    second.write_bytes(content)
    outcome = outcome_of(steps)
    if isinstance(outcome, str):
        assert "supports of size 2 from number 0 on are missing" in outcome
    assert [(one.home / name).read_bytes() for name in names] == expected


@pytest.mark.parametrize("name", INTERMEDIATE)
def test_a_damaged_file_that_is_deleted_comes_back_with_the_same_bytes(runs, name):
    one, path, _, readers = case(runs, name)
    kind, _, writer, _ = INTERMEDIATE[name]
    expected = contents()
    path.unlink()
    if kind.endswith("sweep"):
        one.examine(size=1)
    else:
        getattr(one, writer)()
    for reader in readers:
        reader()
    results = contents()
    results = {path: results[path] for path in expected}
    timed = ("times.", "summary.", "instances.csv")
    assert {p: t for p, t in results.items() if not p.name.startswith(timed)} == {
        p: t for p, t in expected.items() if not p.name.startswith(timed)
    }


def test_a_damaged_csv_file_is_named_with_row_and_column(runs):
    Path("small.csv").write_bytes(SMALL_DATA.encode().replace(b"1/3", b"1/\x003"))
    outcome = outcome_of([runs["instance"][0].dataset])
    assert outcome.startswith("small.csv, row 3")


def test_an_older_minima_file_without_checksum_is_still_read(runs):
    one, _ = runs["instance"]
    (one.work / "minima.sha256").unlink()
    assert isinstance(outcome_of([one.views]), dict)


# Clocks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("year", [1971, 2100])
def test_files_of_another_century_give_the_same_results(runs, year):
    one, _ = runs["instance"]
    expected = contents(one.home)
    moment = (year - 1970) * 365.25 * 86400
    for path in HOME.rglob("*"):
        os.utime(path, (moment, moment))
    for step in (one.merge, one.certify, one.prove):
        step()
    assert contents(one.home) == expected


def test_limits_do_not_follow_a_clock_that_is_set(monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 0.0)
    with open_backends("sympy", Limits(600)) as engine:
        deadline = engine.limits.deadline()
        monkeypatch.setattr(time, "time", lambda: 1e10)
        assert 0 < deadline - time.monotonic() <= 600


# Backends in a sweep or on a path --------------------------------------------------------------


@pytest.fixture
def msolve(tmp_path, monkeypatch):
    """Put a shell script in the place of msolve."""
    path = tmp_path / "bin/msolve"
    path.parent.mkdir()

    def install(script):
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        program.executable.cache_clear()

    monkeypatch.setenv("PATH", f"{path.parent}:{os.environ['PATH']}")
    yield install
    program.executable.cache_clear()


HAS_VERSION = "case $1 in -h | --version) exit ;; esac\n"


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (HAS_VERSION + "sleep 100", "msolve: not solved within 0.02 s"),
        (HAS_VERSION + "kill -SEGV $$", "msolve: ended by SIGSEGV"),
        (HAS_VERSION + "kill -KILL $$", "msolve: ended by SIGKILL"),
        (HAS_VERSION + "echo nonsense", "msolve: unreadable answer ''"),
        (HAS_VERSION + 'for a; do :; done; echo "[0, [1, 2" >"$a"', "msolve: unreadable answer"),
        (HAS_VERSION + 'for a; do :; done; echo "[-1]:" >"$a"', "Theorem E"),
    ],
    ids=["hangs", "crashes", "is killed", "is silent", "breaks off", "loses everything"],
)
def test_a_backend_that_misbehaves_in_a_sweep_leaves_undecided_rows(runs, msolve, script, reason):
    one, _ = runs["groebner sweep"]
    msolve(script)
    for size in (1, 2):
        one.examine(size, Settings("msolve", Limits(0.02 if "sleep" in script else 600)))
    one.aggregate()
    one.unfold()
    with pytest.raises(IncompleteRunError, match="supports stayed undecided in random-n3-d1-L1"):
        one.sweep_decided()
    documents = list(HOME.glob("random-n3-*-groebner/minima.json"))
    assert len(documents) == 4
    texts = [path.read_text() for path in documents]
    assert all('"complete": false' in text for text in texts)
    assert all(reason in text for text in texts)


def test_a_backend_that_does_not_even_tell_its_version_counts_as_missing(msolve, monkeypatch):
    monkeypatch.setattr(program, "SECONDS_TO_START", 1)
    msolve("sleep 100")
    with pytest.raises(BackendError, match="msolve: did not tell its version within 1 s"):
        open_backends("msolve")
    with open_backends("auto") as engine:
        assert "msolve" not in engine.versions()


@pytest.mark.usefixtures("no_programs")
def test_a_backend_that_a_node_lacks_stops_its_job_and_auto_does_without(runs, tmp_path):
    assert installed_versions()["msolve"] is None
    one, _ = runs["groebner sweep"]
    before = contents()
    message = r"BackendError: msolve: .* was not found; `pip install"
    with pytest.raises(SystemExit, match=message), logged(tmp_path / "job.log"):
        one.examine(2, Settings("msolve"))
    assert contents() == before
    components = (one.home / "size2/components.parquet").read_bytes()
    one.examine(2)
    assert (one.home / "size2/components.parquet").read_bytes() == components


# Jobs ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (OSError(28, "No space left on device", "results/a\nb"),
         "OSError: [Errno 28] No space left on device: 'results/a\\nb'"),
        (MemoryError(), "MemoryError: out of memory"),
        (PermissionError(13, "Permission denied", "x"),
         "PermissionError: [Errno 13] Permission denied: 'x'"),
    ],
)  # fmt: skip
def test_what_disk_and_memory_say_is_one_line(error, line, tmp_path):
    with pytest.raises(SystemExit) as caught, logged(tmp_path / "job.log"):
        raise error
    assert str(caught.value) == line
    assert "Traceback" not in (tmp_path / "job.log").read_text()


def test_a_log_that_cannot_be_written_is_told_in_one_line(tmp_path):
    message = r"FileNotFoundError: .*gone/job\.log"
    with pytest.raises(SystemExit, match=message), logged(tmp_path / "gone/job.log"):
        pytest.fail("the job must not start")


def test_a_full_log_stops_no_job(capfd):
    with logged("/dev/full"):
        pass
    assert capfd.readouterr().err == ""


# The workflow ----------------------------------------------------------------------------------

GROEBNER = {
    "experiment": "small",
    "datasets": [{"csv": "small.csv", "width": 1, "ridge": "1/100"}],
    "solve": {"patterns_per_job": 9},
    "figures": {"formats": ["svg"]},
}

INSTANCE = "results/small/small-L1-ridge1_100"

MINIMA = f"{INSTANCE}/minima.json"

SWEEP = yaml.safe_load((ROOT / "config/sweep_small.yaml").read_text()) | {
    "datasets": [
        {"family": "random", "n": 4, "seed": {"from": 0, "to": 3}, "width": [1, 2], "ridge": "1/9"}
    ],
    "sweep": {"data_sets_per_job": 2, "folders": False},
    "figures": {"formats": ["svg"]},
}

TABLE = "results/sweep_small/instances.parquet"
"""What the runs of the sweep are asked for: the figures would take most of the time."""


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Return a finished run of the workflow up to the minima; tests must leave it as it is."""
    folder = Folder(tmp_path_factory.mktemp("done"), GROEBNER)
    folder.succeed(MINIMA)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", ["problem.json", "patterns.json"])
def test_a_damaged_file_stops_the_workflow_and_a_rerun_without_it_completes(done, tmp_path, name):
    folder = Folder(tmp_path / "copy", GROEBNER)
    shutil.copytree(done.path, folder.path, dirs_exist_ok=True)
    path = folder.path / INSTANCE / "work" / name
    text = path.read_text()
    path.write_text(text.replace("+" if "+" in text else "3/4", "-" if "+" in text else "3/5", 1))
    process = folder.run(MINIMA)
    assert process.returncode == 1
    assert f"work/{name} is damaged" in process.stdout
    assert "delete it and run again" in process.stdout
    path.unlink()
    (folder.path / MINIMA).unlink()
    folder.succeed(MINIMA)
    assert folder.files("**/minima.json") == done.files("**/minima.json")
    assert folder.files("**/*.json").items() <= done.files("**/*.json").items()


def started(folder, archives):
    """Start a run of a sweep and return its process when so many archives are written."""
    process = subprocess.Popen(
        folder.command(TABLE), cwd=folder.path, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 600
    while len(folder.files("**/*.zip")) < archives:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return process


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Return a finished sweep, and what a second run in its folder said meanwhile."""
    folder = Folder(tmp_path_factory.mktemp("undisturbed"), SWEEP)
    process = started(folder, 1)
    # The first run stands still meanwhile, or it might have ended before the second one looks.
    os.kill(process.pid, signal.SIGSTOP)
    try:
        folder.second = folder.run(TABLE)
    finally:
        os.kill(process.pid, signal.SIGCONT)
    assert process.wait(timeout=600) == 0
    return folder


@pytest.mark.slow
def test_two_runs_in_one_folder_do_not_disturb_each_other(undisturbed):
    assert undisturbed.second.returncode == 1
    assert "LockException" in undisturbed.second.stdout
    assert "Nothing to be done" in undisturbed.succeed(TABLE)


LASTING = ("**/*.zip", "**/components.parquet", "**/instances.parquet")


def lasting(folder):
    """Return what does not depend on how long a run took."""
    return {name: text for pattern in LASTING for name, text in folder.files(pattern).items()}


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_sweep_resumes_to_the_same_bytes(undisturbed, tmp_path, how):
    folder = Folder(tmp_path / "killed", SWEEP)
    process = started(folder, 2)
    os.killpg(process.pid, how)
    process.wait(timeout=600)
    assert not (folder.path / TABLE).exists()
    folder.run("--unlock")
    folder.succeed("--rerun-incomplete", TABLE)
    assert lasting(folder) == lasting(undisturbed)


@pytest.mark.slow
def test_a_results_folder_that_vanishes_during_a_run_is_an_error_and_comes_back(
    undisturbed, tmp_path
):
    folder = Folder(tmp_path / "vanished", SWEEP)
    process = started(folder, 2)
    (folder.path / "results").rename(folder.path / "elsewhere")
    assert process.wait(timeout=600) == 1
    assert not (folder.path / TABLE).exists()
    folder.succeed("--rerun-incomplete", TABLE)
    assert lasting(folder) == lasting(undisturbed)


@pytest.fixture
def disk(tmp_path):
    """Return a function that changes the small disk that is mounted on the results of a folder."""
    with small_disk(tmp_path / "run/results", "40k") as changed:
        yield changed


@pytest.mark.slow
def test_a_full_disk_and_a_read_only_one_stop_a_sweep_and_a_rerun_completes(
    undisturbed, disk, tmp_path
):
    folder = Folder(tmp_path / "run", SWEEP)
    process = folder.run(TABLE)
    assert process.returncode == 1
    assert "No space left on device" in process.stdout
    assert "Traceback" not in process.stdout
    assert not [path for path in folder.path.rglob(".*") if ".zip" in path.name]
    assert disk("size=10m", "ro") == 0
    process = folder.run("--rerun-incomplete", TABLE)
    assert process.returncode == 1
    assert "Read-only file system" in process.stdout
    assert not (folder.path / TABLE).exists()
    assert disk("size=10m", "rw") == 0
    folder.succeed("--rerun-incomplete", TABLE)
    assert lasting(folder) == lasting(undisturbed)


# The matrix ------------------------------------------------------------------------------------


def rows():
    lines = (ROOT / "docs/faults.md").read_text().splitlines()
    return [line.strip("|").split("|") for line in lines if re.match(r"\| [0-9]+ \|", line)]


def test_every_fault_of_the_matrix_has_its_tests():
    names = [re.findall(r"`(\w+)::(\w+)`", row[-1]) for row in rows()]
    assert len(names) >= 30
    assert all(names)
    for module, test in [pair for row in names for pair in row]:
        (path,) = TESTS.glob(f"**/{module}.py")
        source = path.read_text()
        assert re.search(rf"^def {test}\(", source, re.MULTILINE), f"{module}::{test}"


def test_the_faults_are_numbered_and_nothing_is_lost_by_any():
    assert [int(row[0]) for row in rows()] == list(range(1, len(rows()) + 1))
    assert {len(row) for row in rows()} == {5}
