"""Machine code on disk is made by one process at a time."""

import subprocess
import sys

import pytest

from reluenum.engines.branch import compiled
from reluenum.verify.trees import machine

ROOM = """
from {module} import compiled

@compiled
def twice(x):
    return 2 * x
"""

SECOND = """
import sys
from fcntl import LOCK_NB
from importlib import import_module

module = import_module(sys.argv[1])
wait = module.lockf

def told(file, how):
    try:
        wait(file, how | LOCK_NB)
    except BlockingIOError:
        print("waits", flush=True)
    wait(file, how)

module.lockf = told
sys.path.insert(0, sys.argv[2])
from room import twice
print(twice(3), *twice.stats.cache_hits.values())
"""


@pytest.mark.parametrize("module", [compiled, machine], ids=lambda module: module.__name__)
def test_of_two_processes_the_second_waits_for_the_code_of_the_first(module, tmp_path, monkeypatch):
    (tmp_path / "room.py").write_text(ROOM.format(module=module.__name__))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "room", raising=False)
    from room import twice

    monkeypatch.delitem(sys.modules, "room")
    others, save = [], twice._cache.save_overload

    def save_when_another_waits(*overload):
        command = [sys.executable, "-c", SECOND, module.__name__, str(tmp_path)]
        others.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        assert others[0].stdout.readline() == "waits\n"
        save(*overload)

    monkeypatch.setattr(twice._cache, "save_overload", save_when_another_waits)
    assert twice(3) == 6
    (other,) = others
    assert other.communicate()[0] == "6 1\n"
