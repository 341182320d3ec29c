"""Blocks in processes and in files: equal bytes however they were made, and no trust in files."""

import errno
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import pytest

from reluenum import Problem
from reluenum.datasets.datafiles import read_csv
from reluenum.datasets.families import random_data, to_csv
from reluenum.documents import files
from reluenum.documents.results import to_json
from reluenum.engines.certified import blocks as blocks_module
from reluenum.engines.certified import spool, survey
from reluenum.engines.certified.blocks import read_blocks, read_known, write_blocks, write_known
from reluenum.engines.certified.certificate import certificate_record
from reluenum.engines.certified.prove import certificate_path, in_order, prove, write_proof
from reluenum.engines.certified.spool import (
    PLAN,
    Task,
    plan_document,
    survey_smaller,
    surveyed,
)
from reluenum.errors import IncompleteRunError, ReluenumError
from reluenum.groebner.backends import Settings
from reluenum.groebner.workers import WorkerDiedError
from reluenum.problem import parse_ridge
from reluenum.verify import verify
from tests.support.disks import small_disk
from tests.support.oracles import random_problem, reference_problem

pytestmark = pytest.mark.seconds(80)

PROGRAM = [sys.executable, "-m", "reluenum"]

REFERENCE = Task(reference_problem(2, "1/100"), 2)

SYMMETRIC = Problem.from_text([["-1"], ["0"], ["1"]], ["1", "0", "1"], 2, "1")
"""Data with exact ties, so that blocks hold exact records."""


@pytest.fixture(scope="module")
def blocks():
    """Return all blocks of the reference instance."""
    return list(surveyed(REFERENCE))


@pytest.fixture
def small_blocks(monkeypatch):
    """Examine five supports together, so that a small instance has many blocks."""
    monkeypatch.setattr(spool, "PER_BLOCK", 5)


def assert_equal(found, expected):
    """Compare blocks, or what is known, field by field and bit by bit."""
    assert type(found) is type(expected)
    for field in fields(expected):
        one, other = getattr(found, field.name), getattr(expected, field.name)
        if isinstance(other, np.ndarray):
            assert (one.dtype, one.shape) == (other.dtype, other.shape), field.name
            assert one.tobytes() == other.tobytes(), field.name
        elif field.name == "finds":
            assert_all_equal(one, other)
        else:
            assert one == other, field.name


def assert_all_equal(found, expected):
    found, expected = list(found), list(expected)
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert_equal(one, other)


def folder_of(tmp_path, name="parts"):
    folder = tmp_path / name
    folder.mkdir()
    return folder


# One run, in any number of processes and of blocks ---------------------------------------------


@pytest.mark.usefixtures("small_blocks")
def test_several_processes_give_the_blocks_and_the_bytes_of_one():
    task = Task(random_problem(3, 4, 1, 3, "1/10"), 3)
    alone = list(surveyed(task))
    shared = list(surveyed(replace(task, settings=Settings(jobs=3))))
    assert len(alone) > 20
    assert_all_equal(shared, alone)
    assert to_json(prove(task, shared).document) == to_json(prove(task, alone).document)


@pytest.mark.parametrize("problem", [REFERENCE.problem, SYMMETRIC], ids=["reference", "symmetric"])
def test_files_of_several_processes_are_those_of_one(problem, tmp_path, monkeypatch):
    monkeypatch.setattr(spool, "PER_BLOCK", 40)
    monkeypatch.setattr("reluenum.engines.certified.prove.INLINE", 0)
    task = Task(problem, problem.width)
    written = []
    for jobs in (1, 2):
        output = folder_of(tmp_path, str(jobs)) / "minima.json"
        write_proof(replace(task, settings=Settings(jobs=jobs)), output)
        written.append({path.name: path.read_bytes() for path in output.parent.iterdir()})
    assert written[0] == written[1]
    assert "minima.json" in written[0]


@pytest.mark.parametrize("per_block", [1, 7, 100])
@pytest.mark.parametrize("chunk", [3, 4096])
def test_sizes_of_blocks_and_chunks_do_not_change_the_document(per_block, chunk, monkeypatch):
    for problem in (SYMMETRIC, random_problem(8, 4, 2, 2, "1/20")):
        task = Task(problem, problem.width)
        expected = to_json(prove(task, surveyed(task)).document)
        with monkeypatch.context() as patched:
            patched.setattr(spool, "PER_BLOCK", per_block)
            patched.setattr(survey, "CHUNK", chunk)
            assert to_json(prove(task, surveyed(task)).document) == expected


def test_smaller_supports_and_single_blocks_are_those_of_a_whole_run(blocks):
    done, known = survey_smaller(REFERENCE)
    plan = plan_document(REFERENCE, 50)
    assert (plan["format"], plan["task_sha256"]) == (PLAN, REFERENCE.key)
    assert plan["supports"] == {"1": 17, "2": 136}
    assert plan["blocks"] == [(0, 50), (50, 100), (100, 136)]
    largest = [REFERENCE.block(known, *pair) for pair in plan["blocks"]]
    shared = prove(REFERENCE, [*done, *largest]).document
    assert to_json(shared) == to_json(prove(REFERENCE, blocks).document)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda blocks: blocks[1:], "supports of size 1 from number 0 on are missing"),
        (lambda blocks: blocks[:-1], "supports of size 2 from number 135 on are missing"),
        (lambda blocks: blocks[:9] + blocks[10:], "size 2 from number 25 on are missing, or other"),
        (lambda blocks: blocks[:9] + blocks[8:], "size 2 from number 25 on are missing, or other"),
        (lambda blocks: [*blocks, blocks[-1]], "size 3 from number 0 on are missing, or others"),
        (lambda blocks: [], "supports of size 1 from number 0 on are missing"),
    ],
)
@pytest.mark.usefixtures("small_blocks")
def test_missing_and_doubled_blocks_are_noticed(change, message):
    found = list(surveyed(REFERENCE))
    with pytest.raises(IncompleteRunError, match=message):
        list(in_order(REFERENCE, change(found)))


# Files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("problem", [REFERENCE.problem, SYMMETRIC], ids=["reference", "symmetric"])
def test_blocks_and_knowledge_come_back_as_they_were_written(problem, tmp_path):
    task = Task(problem, problem.width)
    found = list(surveyed(task))
    write_blocks(tmp_path / "blocks.npz", task.key, found)
    assert_all_equal(read_blocks(tmp_path / "blocks.npz", task.key), found)
    write_blocks(tmp_path / "none.npz", task.key, [])
    assert read_blocks(tmp_path / "none.npz", task.key) == []
    known = task.start().extended(found[:1])
    write_known(tmp_path / "known.npz", task.key, known)
    assert_equal(read_known(tmp_path / "known.npz", task.key), known)


def test_exact_records_finds_and_reasons_come_back(tmp_path):
    (first, second) = surveyed(Task(SYMMETRIC, 2))
    assert first.exact or second.exact
    assert any(find.tight or not find.settled for block in (first, second) for find in block.finds)
    told = {**{f.name: getattr(first, f.name) for f in fields(first)}, "reasons": ((3, "ä\n"),)}
    told = type(first)(**told)
    write_blocks(tmp_path / "told.npz", "key", [told])
    (back,) = read_blocks(tmp_path / "told.npz", "key")
    assert_equal(back, told)


def test_equal_blocks_are_equal_bytes(tmp_path, blocks):
    for name in "ab":
        write_blocks(tmp_path / name, REFERENCE.key, blocks)
        time.sleep(0.01)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def damaged(content):
    """Yield a file cut off at many places, with a bit flipped at many places, and nonsense."""
    generator = random.Random(1)
    yield b""
    yield b"x"
    yield b"\0" * len(content)
    yield content + b"\0"
    yield b"\0" + content
    for cut in generator.sample(range(len(content)), 40):
        yield content[:cut]
    for place in generator.sample(range(len(content)), 400):
        flipped = bytearray(content)
        flipped[place] ^= 1 << generator.randrange(8)
        yield bytes(flipped)


def test_no_damaged_file_is_read(tmp_path, blocks):
    path = tmp_path / "damaged.npz"
    write_blocks(path, REFERENCE.key, blocks)
    for content in damaged(path.read_bytes()):
        path.write_bytes(content)
        assert read_blocks(path, REFERENCE.key) is None
    known = REFERENCE.start().extended(blocks[:1])
    write_known(path, REFERENCE.key, known)
    for content in damaged(path.read_bytes()):
        path.write_bytes(content)
        with pytest.raises(IncompleteRunError, match=r"damaged\.npz is damaged, or belongs to an"):
            read_known(path, REFERENCE.key)


def test_no_file_and_a_file_of_another_task_or_kind_are_not_read(tmp_path, blocks):
    path = tmp_path / "file.npz"
    assert read_blocks(path, REFERENCE.key) is None
    assert read_blocks(tmp_path, REFERENCE.key) is None
    others = [
        Task(reference_problem(2, "1/99"), 2),
        Task(reference_problem(3, "1/100"), 3),
        Task(reference_problem(2, "1/100"), 1),
    ]
    write_blocks(path, REFERENCE.key, blocks)
    assert all(read_blocks(path, task.key) is None for task in others)
    with pytest.raises(IncompleteRunError, match="is damaged, or belongs to another problem"):
        read_known(path, REFERENCE.key)
    write_known(path, REFERENCE.key, REFERENCE.start())
    assert read_blocks(path, REFERENCE.key) is None
    with pytest.raises(IncompleteRunError, match="is damaged, or belongs to another problem"):
        read_known(path, others[0].key)
    np.savez(path, header=np.array("{}"))
    assert read_blocks(path, REFERENCE.key) is None


def examined(monkeypatch):
    """Note which blocks are examined rather than read."""
    noted = []
    original = Task.block

    def noting(task, known, start, stop):
        noted.append((known.size + 1, start, stop))
        return original(task, known, start, stop)

    monkeypatch.setattr(Task, "block", noting)
    return noted


def part(folder, place):
    return folder / "{}-{}-{}.npz".format(*place)


@pytest.mark.usefixtures("small_blocks")
def test_finished_blocks_are_read_and_only_unusable_ones_are_examined(tmp_path, monkeypatch):
    folder = folder_of(tmp_path)
    noted = examined(monkeypatch)
    expected = list(surveyed(REFERENCE, folder))
    places = [*noted]
    assert {path.name for path in folder.iterdir()} == {part(folder, p).name for p in places}
    del noted[:]
    assert_all_equal(surveyed(REFERENCE, folder), expected)
    assert noted == []

    gone, cut, flipped, empty, foreign, moved = places[2], *places[10:15]
    part(folder, gone).unlink()
    part(folder, cut).write_bytes(part(folder, cut).read_bytes()[:-1])
    content = bytearray(part(folder, flipped).read_bytes())
    content[len(content) // 2] ^= 1
    part(folder, flipped).write_bytes(content)
    part(folder, empty).write_bytes(b"")
    other = Task(reference_problem(2, "1/99"), 2)
    write_blocks(
        part(folder, foreign), other.key, read_blocks(part(folder, foreign), REFERENCE.key)
    )
    shutil.copy(part(folder, places[20]), part(folder, moved))
    assert_all_equal(surveyed(REFERENCE, folder), expected)
    assert noted == [gone, cut, flipped, empty, foreign, moved]
    part(folder, gone).unlink()
    part(folder, moved).unlink()
    assert_all_equal(surveyed(replace(REFERENCE, settings=Settings(jobs=2)), folder), expected)
    assert len(list(folder.iterdir())) == len(places)


@pytest.mark.usefixtures("small_blocks")
def test_undecided_supports_get_another_chance(tmp_path, monkeypatch):
    folder = folder_of(tmp_path)
    noted = examined(monkeypatch)
    expected = list(surveyed(REFERENCE, folder))
    place = noted[12]
    given_up = {f.name: getattr(expected[12], f.name) for f in fields(expected[12])}
    given_up = type(expected[12])(**given_up | {"reasons": ((place[1], "no time"),)})
    write_blocks(part(folder, place), REFERENCE.key, [given_up])
    del noted[:]
    assert_all_equal(surveyed(REFERENCE, folder), expected)
    assert noted == [place]


@pytest.mark.usefixtures("small_blocks")
def test_a_file_that_changes_during_a_run_stops_it(tmp_path):
    folder = folder_of(tmp_path)
    list(surveyed(REFERENCE, folder))
    run = surveyed(REFERENCE, folder)
    for _ in range(6):
        next(run)
    (folder / "2-15-20.npz").unlink()
    with pytest.raises(IncompleteRunError, match=r"2-15-20\.npz was changed by another program"):
        list(run)


# What goes wrong in a run ----------------------------------------------------------------------


@dataclass(frozen=True)
class Hungry(Task):
    """A task whose second size takes more memory than there is."""

    real: bool = False

    def block(self, known, start, stop):
        if known.size == 1 and start >= 10:
            if self.real:
                used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
                resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 20), resource.RLIM_INFINITY))
                np.ones(1 << 24)
            raise MemoryError
        return super().block(known, start, stop)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("jobs", [1, 2])
def test_lack_of_memory_is_told_and_leaves_the_finished_blocks(jobs, tmp_path):
    folder = folder_of(tmp_path)
    task = Hungry(REFERENCE.problem, 2, Settings(jobs=jobs))
    with pytest.raises(WorkerDiedError, match=r"size 2 from number 10 on .*\(out of memory\)") as e:
        list(surveyed(task, folder))
    assert "start the same command again, with fewer --jobs if memory ran out" in str(e.value)
    assert {path.name for path in folder.glob("2-*")} == {"2-0-5.npz", "2-5-10.npz"}
    assert not list(folder.glob(".*"))


@pytest.mark.skipif(sys.platform != "linux", reason="macOS does not limit address space")
@pytest.mark.usefixtures("small_blocks")
def test_a_process_at_its_limit_of_memory_is_told():
    with pytest.raises(WorkerDiedError, match=r"size 2 from number 10 on .*\(out of memory\)"):
        list(surveyed(Hungry(REFERENCE.problem, 2, Settings(jobs=2), real=True)))


@dataclass(frozen=True)
class Deadly(Task):
    """A task that kills the process at its second size."""

    def block(self, known, start, stop):
        if known.size == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().block(known, start, stop)


def test_a_process_that_is_killed_is_told():
    with pytest.raises(WorkerDiedError, match=r"size 2 from number 0 on .*\(exit code -9\)"):
        list(surveyed(Deadly(REFERENCE.problem, 2, Settings(jobs=2))))


def test_the_error_survives_its_way_between_processes():
    import pickle

    error = WorkerDiedError("supports of size 2", "out of memory")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    assert isinstance(error, ReluenumError)


@pytest.mark.usefixtures("small_blocks")
def test_a_full_disk_leaves_nothing_half_and_a_rerun_completes(tmp_path, monkeypatch):
    """Every single write of a run fails once."""
    task = Task(SYMMETRIC, 2)
    expected = to_json(prove(task, surveyed(task)).document)
    original = files.replaced_file
    writes_in_all = len(list(surveyed(task))) + 1  # every block, and the document
    for k in range(writes_in_all):
        output = folder_of(tmp_path, str(k)) / "minima.json"
        writes = iter(range(100))

        def full(path, k=k, writes=writes):
            if next(writes) == k:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
            return original(path)

        with monkeypatch.context() as patched:
            patched.setattr(blocks_module, "replaced_file", full)
            patched.setattr(files, "replaced_file", full)
            with pytest.raises(OSError, match="No space left on device"):
                write_proof(task, output)
        assert sorted(os.listdir(output.parent)) == ["minima.json.parts"]
        write_proof(task, output)
        assert sorted(os.listdir(output.parent)) == ["minima.json"]
        assert output.read_text() == expected


def test_a_failed_certificate_keeps_its_reason(tmp_path, blocks, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "the disk is full")

    monkeypatch.setattr("pyarrow.parquet.ParquetWriter.write_table", full)
    with pytest.raises(OSError, match="the disk is full"):
        prove(REFERENCE, blocks, beside=tmp_path / "certificate.parquet")
    assert not list(tmp_path.iterdir())


def test_a_second_run_on_the_same_document_is_refused(tmp_path):
    output = tmp_path / "minima.json"

    def second():
        return write_proof(REFERENCE, output)

    class Both(Task):
        def start(self):
            with pytest.raises(IncompleteRunError, match=r"another run is at work in .*\.parts"):
                second()
            return super().start()

    write_proof(Both(REFERENCE.problem, 2), output)
    assert os.listdir(tmp_path) == ["minima.json"]
    assert to_json(second().document) == output.read_text()


def test_a_disk_without_locks_does_not_stop_a_run(tmp_path, monkeypatch):
    def no_locks(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("reluenum.documents.claims.flock", no_locks)
    write_proof(REFERENCE, tmp_path / "minima.json")
    assert os.listdir(tmp_path) == ["minima.json"]


# Real processes --------------------------------------------------------------------------------


LARGE = {"n": 75, "width": 2, "ridge": "1/100"}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Return a data set whose 43071 supports take some seconds."""
    path = tmp_path_factory.mktemp("data") / "data.csv"
    path.write_text(to_csv(*random_data(LARGE["n"], 1, 1, 1000)))
    return path


@pytest.fixture(scope="module")
def undisturbed(data, tmp_path_factory):
    """Return what a run in one process writes."""
    output = tmp_path_factory.mktemp("undisturbed") / "minima.json"
    process = subprocess.run(command(data, output), capture_output=True, text=True)
    assert (process.returncode, process.stdout, process.stderr) == (0, "", "")
    verify(output)
    return written(output)


def command(data, output, *options):
    shape = ["--width", str(LARGE["width"]), "--ridge", LARGE["ridge"], "--engine", "certified"]
    return [*PROGRAM, "minima", str(data), *shape, "--output", str(output), *options]


def written(output):
    """Return document and certificate; there must be nothing else."""
    beside = certificate_path(output)
    assert {path.name for path in output.parent.iterdir()} == {output.name, beside.name}
    return output.read_bytes(), beside.read_bytes()


def started(data, output, blocks, jobs="2"):
    """Start a run and return its process when so many blocks of pairs are finished."""
    process = subprocess.Popen(
        command(data, output, "--jobs", jobs),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    folder = output.with_name("minima.json.parts")
    deadline = time.monotonic() + 600
    while len(list(folder.glob("2-*.npz"))) < blocks:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return process, folder


def workers(process):
    """Return the processes in which blocks are examined, as /proc shows them."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [
        int(child)
        for child in children
        if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]


def times(folder):
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("[0-9]*.npz")}


def finish(data, output, folder, jobs="2"):
    """Run to the end, and see that the finished blocks are not written again."""
    finished = times(folder)
    assert len(finished) < 1 + 10
    seen = {}
    process = subprocess.Popen(command(data, output, "--jobs", jobs), stderr=subprocess.PIPE)
    while process.poll() is None:
        seen |= times_if_there(folder)
        time.sleep(0.002)
    assert (process.returncode, process.communicate()[1]) == (0, b"")
    assert {name: seen[name] for name in finished} == finished
    assert len(seen) > len(finished)


def times_if_there(folder):
    try:
        return times(folder)
    except FileNotFoundError:  # the run has just removed them
        return {}


needs_proc = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc")


@pytest.mark.slow
def test_two_processes_write_the_same_bytes(data, undisturbed, tmp_path):
    output = tmp_path / "minima.json"
    subprocess.run(command(data, output, "--jobs", "2"), check=True)
    assert written(output) == undisturbed


@pytest.mark.slow
@needs_proc
def test_a_killed_worker_ends_the_run_and_the_next_one_goes_on(data, undisturbed, tmp_path):
    output = tmp_path / "minima.json"
    process, folder = started(data, output, 2)
    os.kill(workers(process)[0], signal.SIGKILL)
    printed, told = process.communicate(timeout=600)
    assert (process.returncode, printed) == (1, "")
    (line,) = told.splitlines()
    assert line.startswith("reluenum: the process that examined supports of size 2 from number ")
    assert "start the same command again" in line
    assert os.listdir(tmp_path) == ["minima.json.parts"]
    finish(data, output, folder)
    assert written(output) == undisturbed


@pytest.mark.slow
@needs_proc
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_killed_run_goes_on_when_started_again(data, undisturbed, tmp_path, jobs):
    output = tmp_path / "minima.json"
    process, folder = started(data, output, 2, jobs)
    helpers = workers(process)
    assert len(helpers) == (2 if jobs == "2" else 0)
    process.kill()
    process.communicate(timeout=600)  # the helpers hold its pipes, too
    assert process.returncode == -signal.SIGKILL
    assert all(is_gone(helper) for helper in helpers)
    assert os.listdir(tmp_path) == ["minima.json.parts"]
    finish(data, output, folder, jobs)
    assert written(output) == undisturbed


def is_gone(pid):
    """Whether a process has ended; what nobody waits for stays as a zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state in "ZX"


@pytest.mark.slow
@pytest.mark.parametrize("whole_group", [True, False])
def test_an_interrupted_run_ends_at_once_in_one_line(data, tmp_path, whole_group):
    process, folder = started(data, tmp_path / "minima.json", 1)
    (os.killpg if whole_group else os.kill)(process.pid, signal.SIGINT)
    printed, told = process.communicate(timeout=600)
    assert (process.returncode, printed, told) == (130, "", "reluenum: interrupted\n")
    assert os.listdir(tmp_path) == ["minima.json.parts"]
    assert not list(folder.glob(".*"))


@pytest.mark.slow
def test_two_runs_on_the_same_document_do_not_disturb_each_other(data, undisturbed, tmp_path):
    output = tmp_path / "minima.json"
    process, _ = started(data, output, 1, "1")
    process.send_signal(signal.SIGSTOP)  # so that it cannot be ready before the second one looks
    second = subprocess.run(command(data, output), capture_output=True, text=True)
    process.send_signal(signal.SIGCONT)
    assert (second.returncode, second.stdout) == (1, "")
    (line,) = second.stderr.splitlines()
    assert line.startswith("reluenum: another run is at work in ")
    assert line.endswith("minima.json.parts: wait for it, or choose another --output")
    assert process.communicate()[1] == ""
    assert process.returncode == 0
    assert written(output) == undisturbed


@pytest.fixture
def disk(tmp_path):
    """Return a small disk, and a function that changes its options."""
    with small_disk(tmp_path / "disk", "50k") as changed:
        yield tmp_path / "disk", changed


@pytest.mark.slow
def test_a_run_survives_a_disk_that_is_full_again_and_again(data, undisturbed, disk):
    mounted, changed = disk
    output = mounted / "minima.json"
    for size in ("50k", "300k", "800k", "1300k", "2000k"):  # blocks, certificate, document
        assert changed(f"size={size}") == 0
        process = subprocess.run(command(data, output), capture_output=True, text=True)
        assert process.returncode == 1
        (line,) = process.stderr.splitlines()
        assert line.startswith("reluenum: OSError: [Errno 28] ")
        assert "No space left on device" in line
        assert not output.exists()
        assert not [path for path in mounted.rglob(".*")]
    changed("size=6m")
    subprocess.run(command(data, output), check=True)
    assert written(output) == undisturbed


@pytest.mark.slow
def test_the_data_are_those_of_the_module(data):
    problem = Problem(*read_csv(data), LARGE["width"], parse_ridge(LARGE["ridge"]))
    assert plan_document(Task(problem, 2), 8192)["supports"]["2"] == 42778


def test_a_certificate_names_its_file_or_holds_it(tmp_path):
    (tmp_path / "c.parquet").write_bytes(b"content")
    inside = certificate_record(tmp_path / "c.parquet", None, "digest", 3, [])
    outside = certificate_record(tmp_path / "c.parquet", "c.parquet", "digest", 3, [])
    assert (inside["data"], outside["file"]) == ("Y29udGVudA==", "c.parquet")
    assert "data" not in outside
    assert "file" not in inside
    assert json.dumps([inside["sha256"], outside["sha256"]]).count("ed7002b439e9ac845f22357d8") == 2
