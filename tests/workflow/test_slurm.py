"""The profile for Slurm: what becomes a job, and real runs through a real scheduler.

The slow test starts a cluster of its own (tests/support/slurm/cluster), as root, from the packages
slurm-wlm and munge. Without them it is skipped, on continuous integration it fails.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from tests.support.workflow import ROOT, Folder, rules

pytestmark = pytest.mark.seconds(200)

PROFILE = ROOT / "profiles/slurm"

CLUSTER = ROOT / "tests/support/slurm/cluster"

SYSTEM = os.environ["PATH"] + ":/usr/sbin:/sbin"

POINTS = {"csv": "small.csv", "width": 1, "ridge": "1/100"}

PATTERNS = {
    "experiment": "patterns",
    "datasets": [POINTS | {"path": {"from": "1/2", "to": "1", "points": 3}}],
    "figures": {"formats": ["svg"]},
}

REFERENCE = {
    "experiment": "reference",
    "datasets": [{"family": "reference", "width": 2, "ridge": "1/100"}],
    "solve": {"engine": "certified", "supports_per_job": 100},
    "figures": {"formats": ["svg"]},
}

SWEEP = {
    "experiment": "sweep",
    "datasets": [
        {"family": "random", "n": 3, "seed": [0, 1], "ridge": "1/100"}
        | {"width": [1, 2], "hidden": [[1, 1]]}
    ],
    "solve": {"engine": "certified"},
    "sweep": {"data_sets_per_job": 1},
    "figures": {"formats": ["svg"]},
}

BOXES = {
    "experiment": "boxes",
    "datasets": [{"family": "random", "n": [30], "seed": 1, "width": 3, "ridge": "1/100"}],
    "solve": {"engine": "branch", "shards": 2},
    "figures": {"formats": ["svg"]},
}

SPLIT = ("--group-components", "solve=3", "landscape=5", "path=2")
"""Smaller groups than those of the profile, for fewer patterns."""

SMALLER = "results/reference/reference-L2-ridge1_100/work/known.npz"


def settings():
    return yaml.safe_load((PROFILE / "config.yaml").read_text())


def test_every_rule_runs_locally_or_in_a_group_or_is_worth_a_job_of_its_own():
    local = {name for name, text in rules().items() if "\n    localrule: True\n" in f"{text}\n"}
    grouped = set(settings()["groups"])
    assert grouped | local <= set(rules())
    assert not grouped & local
    assert set(rules()) - grouped - local == {
        *("smaller", "cover", "crosscheck_measure"),
        *("branch", "draft", "follow"),
    }


def test_every_group_is_bundled():
    assert set(settings()["groups"].values()) == set(settings()["group-components"])


def test_the_two_profiles_do_not_contradict_each_other():
    # The settings of profiles/default win over those of any other profile.
    default = yaml.safe_load((ROOT / "profiles/default/config.yaml").read_text())
    assert not set(default) & set(settings())


class Sent(Folder):
    """A folder whose jobs go to Slurm, with the profile as it is but for how often it looks."""

    process = None

    def command(self, *arguments):
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
        command += ["--configfile", "config.yaml", "--profile", str(PROFILE)]
        return [*command, "--slurm-init-seconds-before-status-checks", "5", *arguments]

    def begin(self, *arguments):
        """Start Snakemake, whose output goes to a file."""
        self.log = self.path / "output.txt"
        with self.log.open("w") as stream:
            self.process = subprocess.Popen(
                self.command(*arguments), cwd=self.path, stdout=stream, stderr=stream
            )

    def end(self, code=0):
        """Wait for the end of Snakemake and return its output."""
        self.process.wait(timeout=600)
        output = self.log.read_text()
        assert self.process.returncode == code, output
        return output

    def stop_job(self, script):
        """Stop the process of a rule as soon as it is there, so that its job goes on for ever."""
        deadline = time.monotonic() + 600
        while time.monotonic() < deadline and self.process.poll() is None:
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    words = (process / "cmdline").read_bytes().split(b"\0")
                    here = (process / "cwd").resolve() == self.path.resolve()
                except OSError:  # it has ended meanwhile
                    continue
                if here and any(word.endswith(b"." + script.encode()) for word in words):
                    os.kill(int(process.name), signal.SIGSTOP)
                    return
            time.sleep(0.02)
        raise AssertionError(f"{script} did not run: {self.log.read_text()}")

    def kill(self):
        """End Snakemake, if it still runs."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()


def submitted(output):
    """Return the numbers of the jobs that were submitted."""
    return re.findall(r"has been submitted with SLURM jobid (\d+)", output)


def time_limit(job):
    """Return how long a job may run, or might have run."""
    command = ["squeue", "--noheader", "--states=all", "--format=%l", f"--jobs={job}"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def unavailable():
    """Return what the slow test lacks on this machine, if anything."""
    programs = [name for name in ("munged", "slurmctld", "slurmd", "sbatch", "srun")
                if shutil.which(name, path=SYSTEM) is None]  # fmt: skip
    if programs:
        return f"no {', '.join(programs)} (apt-get install slurm-wlm munge)"
    if find_spec("snakemake_executor_plugin_slurm") is None:
        return "no snakemake-executor-plugin-slurm (pip install .[slurm])"
    return "" if os.geteuid() == 0 else "only root can start a cluster"


@contextmanager
def cluster(folder):
    """Run a cluster, and end it whatever happens."""
    reason = unavailable()
    if reason and os.environ.get("CI") == "true":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
    run = {"check": True, "timeout": 600, "env": os.environ | {"PATH": SYSTEM}}
    subprocess.run([CLUSTER, "start", folder, "8"], **run)
    try:
        yield
    finally:
        subprocess.run([CLUSTER, "stop", folder], **run)


@pytest.mark.slow
def test_jobs_of_a_real_scheduler_end_with_the_bytes_of_a_local_run(
    tmp_path, subtests, record_property
):
    configs = {"patterns": PATTERNS, "sweep": SWEEP, "cancelled": REFERENCE, "boxes": BOXES}
    folders = {name: Sent(tmp_path / name, config) for name, config in configs.items()}
    cancelled, late = folders["cancelled"], Sent(tmp_path / "late", REFERENCE)
    local = {name: Folder(tmp_path / f"{name}_local", configs[name]) for name in configs}
    local["boxes"].succeed()  # compiles what the jobs would all compile at once
    with cluster(tmp_path / "slurm"), ended(late, *folders.values()):
        # A job stands still and is killed for its limit, which is moved to the present.
        late.begin(SMALLER, "--set-resources", "smaller:runtime=attempt")
        late.stop_job("smaller.py")
        (job,) = submitted(late.log.read_text())
        subprocess.run(["scontrol", "update", f"jobid={job}", "EndTime=now+1"], check=True)
        cancelled.begin("--retries", "0", SMALLER)
        cancelled.stop_job("smaller.py")
        (job,) = submitted(cancelled.log.read_text())
        subprocess.run(["scancel", job], check=True)
        folders["patterns"].begin(*SPLIT)
        folders["sweep"].begin()
        folders["boxes"].begin()
        output = cancelled.end(code=1)
        with subtests.test("a cancelled job is an error that says so, and leaves no file"):
            assert f"'{job}' failed" in output
            assert "CANCELLED" in output
            assert not (cancelled.path / SMALLER).exists()
        cancelled.begin()
        # The scheduler is away for some seconds, while jobs run and are looked after.
        subprocess.run([CLUSTER, "restart", tmp_path / "slurm"], check=True, timeout=600,
                       env=os.environ | {"PATH": SYSTEM})  # fmt: skip
        for name in local.keys() - {"boxes"}:
            local[name].succeed()
        outputs = {name: folder.end() for name, folder in folders.items()}
        outputs["late"] = late.end()
        limits = [time_limit(job) for job in submitted(outputs["late"])]
    jobs = {name: len(submitted(output)) for name, output in outputs.items()}
    record_property("jobs of Slurm", jobs)
    with subtests.test("short steps share a job"):
        assert len(folders["patterns"].files("**/work/solve/*.json")) == 6
        assert jobs["patterns"] <= 2 + 1 + 1  # patterns, landscape, path
        assert jobs["cancelled"] <= 1 + 1 + 1  # smaller, survey, landscape
        assert jobs["sweep"] <= 1
    with subtests.test("a job over its limit is sent again with more time"):
        assert "TIMEOUT" in outputs["late"]
        assert limits[:2] == ["1:00", "2:00"]
        assert (late.path / SMALLER).read_bytes() == (cancelled.path / SMALLER).read_bytes()
    for name in configs:
        with subtests.test("results are those of a local run, byte for byte", run=name):
            found = results(folders[name])
            assert any(file.endswith("decided.txt") for file in found)
            assert found == results(local[name])


@contextmanager
def ended(*folders):
    """End every Snakemake that is still running, whatever happens."""
    try:
        yield
    finally:
        for folder in folders:
            folder.kill()


def results(folder):
    """Return every file but figures, pages and times, which may differ from run to run."""
    kinds = (".json", ".parquet", ".npz", ".zip", ".csv", ".md", ".tex", ".txt")
    return {
        name: content
        for name, content in folder.files("**/*").items()
        if name.endswith(kinds) and "times." not in name
    }
