"""Boxes of directions in real runs that are killed, or have no disk or memory: the same bytes."""

import os
import signal
import subprocess
import sys
import time
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import StringIO

import pytest

from reluenum.cli import main
from reluenum.datasets.families import random_data, to_csv
from reluenum.engines.trees.certificate import has_open
from tests.support.disks import small_disk
from tests.support.workflow import Folder

pytestmark = [pytest.mark.seconds(200), pytest.mark.slow]

SHAPES = {"line": (30, 1, "3", "1/100"), "plane": (12, 2, "2", "1/20")}
"""Points, dimension, width and ridge of searches that take some seconds."""

ON_A_LINE = pytest.mark.parametrize("undisturbed", ["line"], indirect=True, scope="module")
"""Disks and memory do not know what is searched."""

PERIODIC = """
import sys
from reluenum.cli import main
from reluenum.engines.trees import engine
engine.PERIOD = float(sys.argv[1])
raise SystemExit(main(sys.argv[2:]))
"""
"""The command line, but that what is searched is first kept after so many seconds."""


def options(shape, output, *more):
    _, _, width, ridge = SHAPES[shape]
    given = ["minima", "data.csv", "--width", width, "--ridge", ridge, "--engine", "branch"]
    return [*given, "--output", str(output), "--quiet", *more]


def run_alone(folder, arguments, **settings):
    """Run the command line to its end; for as long as anything that is no hang."""
    command = [sys.executable, "-m", "reluenum", *arguments]
    given = {"capture_output": True, "text": True, "timeout": 900, **settings}
    return subprocess.run(command, cwd=folder, **given)


def run(folder, arguments):
    """Run the command line in this process, which loads its machine code once."""
    out, err = StringIO(), StringIO()
    with chdir(folder), redirect_stdout(out), redirect_stderr(err):
        code = main(arguments)
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


@pytest.fixture(scope="module", params=SHAPES)
def undisturbed(request, tmp_path_factory):
    """Return a shape, a folder with its data, and what a run in one thread writes."""
    folder, (n, d, *_) = tmp_path_factory.mktemp(request.param), SHAPES[request.param]
    (folder / "data.csv").write_text(to_csv(*random_data(n, d, 1, 1000)))
    done = run_alone(folder, options(request.param, "whole.json"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return request.param, folder, (folder / "whole.json").read_bytes()


def test_threads_write_the_bytes_of_one(undisturbed, tmp_path):
    shape, folder, whole = undisturbed
    for jobs in ("2", "3"):
        done = run(folder, options(shape, tmp_path / "minima.json", "--jobs", jobs))
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert (tmp_path / "minima.json").read_bytes() == whole
        assert os.listdir(tmp_path) == ["minima.json"]


def kept_of(folder):
    return folder / "minima.json.parts/tree"


def searching(folder):
    return kept_of(folder).exists() and has_open(kept_of(folder))


def searched(folder):
    """Leaves are decided, or the checker is at work."""
    return kept_of(folder).exists() and not has_open(kept_of(folder))


@pytest.mark.parametrize(("begun", "period"), [(searching, "0.1"), (searched, "60")])
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_killed_run_goes_on_when_started_again(undisturbed, tmp_path, begun, period, jobs):
    shape, folder, whole = undisturbed
    arguments = options(shape, tmp_path / "minima.json", "--jobs", jobs)
    process = subprocess.Popen(
        [sys.executable, "-c", PERIODIC, period, *arguments], cwd=folder, start_new_session=True
    )
    try:
        deadline = time.monotonic() + 600
        while not begun(tmp_path):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.002)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert os.listdir(tmp_path) == ["minima.json.parts"]
    left = sorted(path.name for path in kept_of(tmp_path).parent.iterdir())
    assert [name for name in left if not name.startswith(".")] == ["lock", "tree"]
    done = run(folder, arguments)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "minima.json").read_bytes() == whole
    assert os.listdir(tmp_path) == ["minima.json"]


# Disks -----------------------------------------------------------------------------------------


@ON_A_LINE
def test_a_full_disk_is_told_in_one_line_and_a_rerun_completes(undisturbed, tmp_path):
    shape, folder, whole = undisturbed
    arguments = options(shape, tmp_path / "disk/minima.json")
    with small_disk(tmp_path / "disk", "4k") as changed:
        for size in ("4k", f"{len(whole) // 2048}k"):  # no room for the tree, for the document
            assert changed(f"size={size}") == 0
            assert_full(run(folder, arguments))
            assert not (tmp_path / "disk/minima.json").exists()
            assert not list((tmp_path / "disk").rglob(".*"))
        assert changed("size=20m") == 0
        assert run(folder, arguments).returncode == 0
        assert (tmp_path / "disk/minima.json").read_bytes() == whole
        assert os.listdir(tmp_path / "disk") == ["minima.json"]


def assert_full(done):
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("reluenum: OSError: [Errno 28] No space left on device")


@ON_A_LINE
def test_no_room_for_what_is_checked_is_told_in_one_line(undisturbed, tmp_path):
    """The document is put before the checker in the folder for temporary files."""
    shape, folder, whole = undisturbed
    arguments = options(shape, tmp_path / "minima.json")
    with small_disk(tmp_path / "disk", "4k"):
        done = run_alone(folder, arguments, env=os.environ | {"TMPDIR": str(tmp_path / "disk")})
        assert_full(done)
        assert os.listdir(tmp_path / "disk") == []
    assert not (tmp_path / "minima.json").exists()
    assert run(folder, arguments).returncode == 0
    assert (tmp_path / "minima.json").read_bytes() == whole


# Memory ----------------------------------------------------------------------------------------

LIMITED = """
import resource, sys
from pathlib import Path
from reluenum.cli import main
assert main(sys.argv[2].split("\\t")) == 0  # what is loaded once
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (int(sys.argv[1]) << 10), resource.RLIM_INFINITY))
raise SystemExit(main(sys.argv[3:]))
"""
"""The command line, with so many kilobytes more than a first run of it has taken."""


def limited(folder, first, kilobytes, arguments):
    command = [sys.executable, "-c", LIMITED, str(kilobytes), "\t".join(first), *arguments]
    given = {"capture_output": True, "text": True, "timeout": 900}
    return subprocess.run(command, cwd=folder, **given)


@ON_A_LINE
@pytest.mark.parametrize("kilobytes", [1000, 30_000])
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_lack_of_memory_is_told_in_one_line_and_a_rerun_completes(
    undisturbed, tmp_path, kilobytes, jobs
):
    """With more of it, or a smaller search, the list may be there as well."""
    shape, folder, whole = undisturbed
    first = options(shape, tmp_path / "first.json")
    first[1] = "few.csv"
    (folder / "few.csv").write_text(to_csv(*random_data(4, SHAPES[shape][1], 1, 1000)))
    arguments = options(shape, tmp_path / "minima.json", "--jobs", jobs)
    done = limited(folder, first, kilobytes, arguments)
    if done.returncode == 0:
        assert kilobytes > 1000
    else:
        assert (done.returncode, done.stdout) == (1, "")
        assert_no_memory(done.stderr)
        assert not (tmp_path / "minima.json").exists()
        assert run(folder, arguments).returncode == 0
    assert (tmp_path / "minima.json").read_bytes() == whole
    assert sorted(os.listdir(tmp_path)) == ["first.json", "minima.json"]


def assert_no_memory(told):
    (line,) = told.splitlines()
    assert line.startswith("reluenum: ")
    assert "memory" in line or "can't start new thread" in line


@ON_A_LINE
@pytest.mark.parametrize("kilobytes", [1000, 30_000])
def test_a_checker_without_memory_proves_nothing(undisturbed, tmp_path, kilobytes):
    shape, folder, _ = undisturbed
    first = options(shape, tmp_path / "first.json")
    first[1] = "few.csv"
    (folder / "few.csv").write_text(to_csv(*random_data(4, SHAPES[shape][1], 1, 1000)))
    assert run(folder, first).returncode == 0
    done = limited(folder, ["verify", str(tmp_path / "first.json")], kilobytes,
                   ["verify", "whole.json", "--quiet"])  # fmt: skip
    assert done.stdout.count("proved: ") == (1 if done.returncode else 2)  # the first is small
    if done.returncode:
        assert done.returncode == 1
        assert_no_memory(done.stderr)


# The workflow ----------------------------------------------------------------------------------


def test_a_killed_workflow_goes_on_to_the_bytes_of_the_command_line(undisturbed, tmp_path):
    shape, given, whole = undisturbed
    _, _, width, ridge = SHAPES[shape]
    entry = {"csv": "data.csv", "width": int(width), "ridge": ridge, "name": "cut"}
    config = {"experiment": "boxes", "datasets": [entry], "solve": {"engine": "branch"}}
    folder = Folder(tmp_path / "run", config)
    (folder.path / "data.csv").write_text((given / "data.csv").read_text())
    minima = f"results/boxes/cut-L{width}-ridge{ridge.replace('/', '_')}/minima.json"
    process = subprocess.Popen(
        folder.command(minima), cwd=folder.path, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 600
        while not (folder.path / f"{minima}.parts/lock").exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(1)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert not (folder.path / minima).exists()
    folder.succeed("--unlock")
    folder.succeed("--rerun-incomplete", minima)
    assert (folder.path / minima).read_bytes() == whole
    assert not (folder.path / f"{minima}.parts").exists()
