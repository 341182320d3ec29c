"""Processes that compute do not run the script again that started them."""

import subprocess
import sys
from multiprocessing import get_context, spawn
from threading import Thread

import pytest

from reluenum.groebner.workers import WORKERS

SCRIPT = """
print("runs", flush=True)
from reluenum import Problem, enumerate_minima

problem = Problem.from_arrays([-1, 0, 2], [0, 1, 2], width=1, ridge=0.1)
lists = [enumerate_minima(problem, **options) for options in {options}]
print(len(lists), len({{str(found.document["components"]) for found in lists}}))
"""

POOLS = [{"jobs": 2, "engine": "certified"}, {"jobs": 2}, {"backend": "sympy"}]
"""What starts processes: each way of the package to do so."""

WAYS = {
    "a script": lambda path: ([path.name], None),
    "a module": lambda path: (["-m", path.stem], None),
    "standard input": lambda path: (["-"], path.read_text()),
    "a command": lambda path: (["-c", path.read_text()], None),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_program_without_a_guard_runs_once(tmp_path, way):
    pools = POOLS if way == "a script" else POOLS[-1:]
    path = tmp_path / "noguard.py"
    path.write_text(SCRIPT.format(options=pools))
    arguments, text = WAYS[way](path)
    found = subprocess.run(
        [sys.executable, *arguments], input=text, capture_output=True, text=True, cwd=tmp_path
    )
    assert (found.returncode, found.stdout.split(), found.stderr) == (
        0,
        ["runs", str(len(pools)), "1"],
        "",
    )


def test_other_processes_prepare_as_they_always_did():
    before = spawn.get_preparation_data
    process = WORKERS.Process(target=int)
    process.start()
    process.join()
    assert process.exitcode == 0
    assert spawn.get_preparation_data is before


def test_what_is_left_out_is_left_out_of_processes_of_the_own_thread_alone(monkeypatch):
    from reluenum.groebner.workers import _main_left_out

    everything = {"name": "n", "init_main_from_path": "main.py", "init_main_from_name": "main"}
    monkeypatch.setattr(spawn, "get_preparation_data", lambda name: dict(everything))
    seen = []
    with _main_left_out():
        thread = Thread(target=lambda: seen.append(spawn.get_preparation_data("n")))
        thread.start()
        thread.join()
        seen.append(spawn.get_preparation_data("n"))
    assert seen == [everything, {"name": "n"}]


def test_a_context_of_workers_is_one_of_spawned_processes():
    assert WORKERS.get_start_method() == get_context("spawn").get_start_method()
