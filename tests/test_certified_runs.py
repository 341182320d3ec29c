"""Runs of the certified engine: any number of processes, faults, and going on after them."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from oracles import reference_problem
from pebble import ProcessExpired

import reluenum.prove
import reluenum.spool
import reluenum.survey
from reluenum import InputError, Problem, enumerate_minima
from reluenum.cli import main
from reluenum.datasets import random_data, read_csv, reference_data, to_csv
from reluenum.document import read_json, to_json
from reluenum.errors import BackendError, IncompleteRunError
from reluenum.escalation import Escalation
from reluenum.problem import parse_ridge
from reluenum.prove import in_order, posed, prove, write_proof
from reluenum.spool import (
    Task,
    WorkerDiedError,
    _answer,
    plan_document,
    read_blocks,
    read_known,
    smaller,
    surveyed,
    write_blocks,
    write_known,
)
from reluenum.verify import verify

REFERENCE = reference_problem(2, "1/100")
TASK = Task(REFERENCE, 2)
RELUENUM = [sys.executable, "-m", "reluenum"]


@cache
def whole():
    return prove(TASK, surveyed(TASK)).document


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text(to_csv(*reference_data()))
    return path


@pytest.fixture(scope="module")
def larger(tmp_path_factory):
    """A data set that takes some seconds, and its undisturbed document."""
    folder = tmp_path_factory.mktemp("larger")
    path = folder / "data.csv"
    path.write_text(to_csv(*random_data(80, seed=1, denominator=1000)))
    assert main(arguments(path, folder / "whole.json")) == 0
    return path, (folder / "whole.json").read_bytes()


def arguments(data, output, *more):
    given = ["--width", "2", "--ridge", "1/100", "--engine", "certified", "--output", str(output)]
    return ["minima", str(data), *given, *more]


# The same bytes, however the work is shared.


def test_several_processes_end_with_the_same_document():
    assert prove(TASK, surveyed(TASK, jobs=2)).document == whole()


def test_neither_blocks_nor_chunks_show_in_the_certificate(monkeypatch):
    monkeypatch.setattr(reluenum.spool, "PER_BLOCK", 7)
    monkeypatch.setattr(reluenum.survey, "CHUNK", 3)
    monkeypatch.setattr(reluenum.survey, "ROW_CHUNK", 2)
    assert prove(TASK, surveyed(TASK)).document == whole()


def test_the_steps_of_the_workflow_end_with_the_same_document(tmp_path):
    """Smaller supports in one file, blocks of the largest ones in others."""
    blocks, known = smaller(TASK)
    write_blocks(tmp_path / "smaller.npz", TASK.key, blocks)
    write_known(tmp_path / "known.npz", TASK.key, known)
    plan = plan_document(TASK, 50)
    assert plan["supports"] == {"1": 17, "2": 136}
    assert plan["blocks"] == [(0, 50), (50, 100), (100, 136)]
    found = read_blocks(tmp_path / "smaller.npz", TASK.key)
    for start, stop in plan["blocks"]:
        found.append(TASK.block(read_known(tmp_path / "known.npz", TASK.key), start, stop))
    assert prove(TASK, found).document == whole()


def test_a_large_certificate_lies_beside_its_document_and_a_small_one_inside(tmp_path, monkeypatch):
    output = tmp_path / "minima.json"
    beside = tmp_path / "minima.certificate.parquet"
    proof = prove(TASK, surveyed(TASK), beside=beside, inline=0)
    assert proof.document["certificate"]["file"] == beside.name
    output.write_text(to_json(proof.document))
    assert verify(output).records == 153
    write_proof(TASK, output, every_width=False)
    assert not beside.exists()
    assert "data" in read_json(output)["certificate"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["minima.json"]


# Missing, doubled and damaged blocks.


def test_every_support_has_to_pass_by_once():
    blocks = list(surveyed(TASK))
    for wrong in (blocks[:-1], blocks[1:], [*blocks, blocks[-1]], [blocks[0], *blocks], []):
        with pytest.raises(IncompleteRunError, match="supports of size"):
            list(in_order(TASK, wrong))


def test_blocks_survive_a_file_unchanged(tmp_path):
    blocks = list(surveyed(TASK))
    path = tmp_path / "blocks.npz"
    write_blocks(path, TASK.key, blocks)
    for before, after in zip(blocks, read_blocks(path, TASK.key), strict=True):
        for name in ("kind", "face", "stage", "vectors", "row", "signs"):
            assert np.array_equal(getattr(before, name), getattr(after, name))
        assert (before.finds, before.reasons, before.exact) == (
            after.finds,
            after.reasons,
            after.exact,
        )


def test_damaged_and_foreign_block_files_are_not_read(tmp_path):
    blocks = list(surveyed(TASK))
    path = tmp_path / "blocks.npz"
    write_blocks(path, TASK.key, blocks)
    content = path.read_bytes()
    assert read_blocks(path, "another key") is None
    assert read_blocks(tmp_path / "missing.npz", TASK.key) is None
    for wrong in (b"", content[:-1], content[: len(content) // 2], b"nonsense"):
        path.write_bytes(wrong)
        assert read_blocks(path, TASK.key) is None
    for place in range(0, len(content), 97):
        changed = bytes([content[place] ^ 0x10])
        path.write_bytes(content[:place] + changed + content[place + 1 :])
        found = read_blocks(path, TASK.key)
        assert found is None or to_json(prove(TASK, found).document) == to_json(whole())


def test_a_damaged_file_of_what_is_known_is_an_error(tmp_path):
    path = tmp_path / "known.npz"
    write_known(path, TASK.key, smaller(TASK)[1])
    with pytest.raises(IncompleteRunError, match="damaged, or belongs to another problem"):
        read_known(path, "another key")
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(IncompleteRunError, match="damaged"):
        read_known(path, TASK.key)


def test_a_damaged_part_is_examined_again(tmp_path):
    first = [block.kind.tolist() for block in surveyed(TASK, folder=tmp_path)]
    parts = sorted(tmp_path.iterdir())
    assert len(parts) == 2
    parts[1].write_bytes(parts[1].read_bytes()[:100])
    untouched = parts[0].stat().st_mtime_ns
    assert [block.kind.tolist() for block in surveyed(TASK, folder=tmp_path)] == first
    assert parts[0].stat().st_mtime_ns == untouched
    assert parts[1].stat().st_size > 100


# Killed processes, full disks, no memory.


def start(data, output, *more, **options):
    return subprocess.Popen(
        [*RELUENUM, *arguments(data, output, *more)], stderr=subprocess.PIPE, text=True, **options
    )


def parts_of(output):
    folder = output.with_name(f"{output.name}.parts")
    return sorted(folder.glob("*.npz")) if folder.is_dir() else []


def wait_for_parts(process, output, count):
    deadline = time.monotonic() + 60
    while len(parts_of(output)) < count:
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.005)


def workers_of(process):
    """The process numbers of a run's workers that are spawned for the pool."""
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            text = status.read_text()
            command = (status.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if f"\nPPid:\t{process.pid}\n" in text and b"spawn_main" in command:
            found.append(int(status.parent.name))
    return found


@pytest.mark.slow
def test_a_killed_worker_ends_in_one_clear_line_and_the_run_goes_on(larger, tmp_path, monkeypatch):
    data, expected = larger
    output = tmp_path / "minima.json"
    process = start(data, output, "--jobs", "2")
    wait_for_parts(process, output, 2)
    killed = workers_of(process)
    assert killed
    for worker in killed:
        os.kill(worker, signal.SIGKILL)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1, errors
    assert len(errors.splitlines()) == 1, errors
    assert "ended without an answer" in errors
    assert not output.exists()
    kept = {path: path.stat().st_mtime_ns for path in parts_of(output)}
    assert kept
    assert main(arguments(data, output)) == 0
    assert output.read_bytes().replace(b"minima.certificate", b"whole.certificate") == expected
    assert parts_of(output) == []


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_was(larger, tmp_path):
    data, expected = larger
    output = tmp_path / "whole.json"
    process = start(data, output)
    wait_for_parts(process, output, 3)
    process.kill()
    process.communicate()
    kept = {path: path.stat().st_mtime_ns for path in parts_of(output)}
    assert len(kept) >= 3
    assert not output.exists()
    again = start(data, output)
    wait_for_parts(again, output, len(kept) + 1)
    unchanged = {path for path in kept if path.stat().st_mtime_ns == kept[path]}
    _, errors = again.communicate(timeout=120)
    assert again.returncode == 0, errors
    assert unchanged == set(kept)
    assert output.read_bytes() == expected
    assert verify(output).records == read_json(output)["certificate"]["records"]


def without_room():
    """Let no file grow beyond 4 kB, as on a full disk."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


def test_a_full_disk_ends_in_one_clear_line_and_the_run_goes_on(data, tmp_path):
    output = tmp_path / "minima.json"
    process = start(data, output, preexec_fn=without_room)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert len(errors.splitlines()) == 1, errors
    assert "OSError" in errors
    assert not output.exists()
    assert not list(tmp_path.glob(".minima*"))
    assert main(arguments(data, output)) == 0
    assert read_json(output) == whole()


class Ended:
    """A future whose process is gone."""

    def __init__(self, error):
        self.error = error

    def result(self):
        raise self.error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ProcessExpired("abnormal", code=-9), "exit code -9"),
        (MemoryError(), "out of memory"),
    ],
)
def test_a_process_without_answer_is_an_error_that_says_what_to_do(error, reason):
    with pytest.raises(WorkerDiedError) as caught:
        _answer(2, (8192, 16384), Ended(error))
    text = str(caught.value)
    assert reason in text
    assert "supports of size 2 from number 8192" in text
    assert "fewer --jobs if memory ran out" in text


def too_little_memory():
    resource.setrlimit(resource.RLIMIT_AS, (600 << 20, 600 << 20))


@pytest.mark.slow
def test_a_run_without_memory_ends_in_an_error_and_writes_nothing(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text(to_csv(*random_data(250, seed=1, denominator=1000)))
    output = tmp_path / "minima.json"
    process = start(path, output, preexec_fn=too_little_memory)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert errors.strip()
    assert not output.exists()


# What stays undecided, and what is refused.

TIED = "x,y\n-1,1\n0,2\n1,1\n"


def undecided(monkeypatch):
    """Let every escalation fail."""

    def fail(self, support, vectors):
        raise BackendError("escalation", "no engine here")

    monkeypatch.setattr(Escalation, "point", fail)


def test_undecided_supports_are_listed_and_nothing_is_claimed(tmp_path, monkeypatch, capsys):
    data, output = tmp_path / "data.csv", tmp_path / "minima.json"
    data.write_text(TIED)
    problem = Problem(*read_csv(data), 2, parse_ridge("1/2"))
    assert enumerate_minima(problem, engine="certified").is_complete
    undecided(monkeypatch)
    given = ["minima", str(data), "--width", "2", "--ridge", "1/2", "--engine", "certified"]
    assert main([*given, "--output", str(output)]) == 3
    assert "supports undecided, so minima may be missing" in capsys.readouterr().err
    document = read_json(output)
    assert document["complete"] is False
    assert len(document["undecided"]) == document["enumeration"]["undecided"] > 0
    assert all(c["global_at_width"] is not True for c in document["components"])
    assert main(["verify", str(output)]) == 1
    assert "not proved" in capsys.readouterr().err


def test_every_width_stays_undecided_as_well(tmp_path, monkeypatch, capsys):
    data, output = tmp_path / "data.csv", tmp_path / "minima.json"
    data.write_text(TIED)
    undecided(monkeypatch)
    given = ["minima", str(data), "--width", "all", "--ridge", "1/2", "--engine", "certified"]
    assert main([*given, "--output", str(output)]) == 3
    assert read_json(output)["complete"] is False
    assert main(["verify", str(output)]) == 1


def test_the_command_line_prints_a_document_that_verifies(data, tmp_path, capsys):
    given = ["minima", str(data), "--width", "2", "--ridge", "1/100", "--engine", "certified"]
    assert main(given) == 0
    printed = capsys.readouterr().out
    assert json.loads(printed) == whole()
    path = tmp_path / "printed.json"
    path.write_text(printed)
    assert main(["verify", str(path)]) == 0
    assert capsys.readouterr().out.startswith("proved: 6 components from 153 records")
    path.write_text(printed.replace("0.70792", "0.70793"))
    assert main(["verify", str(path)]) == 1
    path.write_text(printed[:-100])
    assert main(["verify", str(path)]) == 1
    assert main(["verify", str(tmp_path / "none.json")]) == 2


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--width", "all"], "--width: all with --engine groebner"),
        (["--exact"], "--exact: given with --engine groebner"),
        (["--engine", "certified", "--all-patterns"], "--all-patterns: given with"),
        (["--engine", "certified", "--formulation", "eliminated"], "--formulation: given with"),
        (["--engine", "certified", "--width", "none"], "--width: 'none'"),
    ],
)
def test_options_that_do_not_go_together_are_refused(data, more, message, capsys, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    assert main(["minima", str(data), "--width", "2", "--ridge", "1/100", *more]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert len(captured.err.splitlines()) == 1
    assert captured.out == ""
    assert sorted(tmp_path.rglob("*")) == before


def test_the_facts_of_the_paper_are_about_one_width(data, tmp_path, capsys):
    output = tmp_path / "all.json"
    given = ["--ridge", "1/10", "--engine", "certified", "--output", str(output)]
    assert main(["minima", str(data), "--width", "all", *given]) == 0
    assert main(["verify", str(output)]) == 0
    capsys.readouterr()
    assert main(["facts", str(output)]) == 2
    assert "is about every width; expected one about one width" in capsys.readouterr().err


def test_astronomical_enumerations_are_refused(tmp_path, capsys):
    data = tmp_path / "data.csv"
    data.write_text(to_csv(*random_data(60, seed=1, denominator=1000)))
    given = ["minima", str(data), "--ridge", "1/100", "--engine", "certified"]
    assert main([*given, "--width", "4"]) == 2
    assert main([*given, "--width", "all"]) == 2
    assert "supports to solve" in capsys.readouterr().err


@pytest.mark.parametrize(
    "options", [{"formulation": "eliminated"}, {"all_patterns": True}, {"engine": "magic"}]
)
def test_the_library_refuses_what_the_engine_does_not_know(options):
    with pytest.raises(InputError):
        enumerate_minima(REFERENCE, **{"engine": "certified"} | options)


def test_every_width_is_posed_with_as_many_faces_as_data_points():
    assert posed(REFERENCE, every_width=True).width == 5
    assert posed(REFERENCE, every_width=False) is REFERENCE
