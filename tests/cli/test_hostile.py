"""Hostile inputs end in a result or in one line, within seconds, and leave nothing behind."""

import json
import os
import stat
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pytest

from reluenum.documents.archive import write_archive
from reluenum.documents.files import replaced_file
from tests.support import hostile
from tests.support.workflow import ROOT, SMALL_DATA, Folder

pytestmark = pytest.mark.seconds(50)

LONGEST_LINE = 12_000
"""Characters: names of files are repeated as they are."""


def met(group, folder):
    """Give a group of inputs to a process of its own; return what it says, and its folders."""
    places = {name: folder / name for name in ("inputs", "working", "home", "temporary")}
    for place in places.values():
        place.mkdir()
    process = subprocess.run(
        [sys.executable, str(ROOT / "tests/support/hostile.py"), group, str(places["inputs"])],
        cwd=places["working"],
        env=os.environ | {"HOME": str(places["home"]), "TMPDIR": str(places["temporary"])},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    records = [json.loads(line) for line in process.stdout.splitlines()]
    assert process.returncode == 0, (records[-1], process.stderr[-2000:])
    assert process.stderr == ""
    return [record for record in records if "name" in record], folder


@pytest.mark.slow
@pytest.mark.parametrize("group", hostile.GROUPS)
def test_every_hostile_input_ends_in_time_in_a_result_or_in_one_line(group, tmp_path):
    records, folder = met(group, tmp_path)
    assert [record["name"] for record in records] == [name for name, _ in hostile.GROUPS[group]()]
    for record in records:
        lines = [line for line in record["error"].splitlines() if "left out" not in line]
        judging = record["command"] in ("verify", "descend")
        allowed = (0, 1, 2, 3) if judging else (0, 2, 3)
        assert record["code"] in allowed, record
        assert len(lines) == (record["code"] != 0), record
        assert all(line.startswith("reluenum: ") for line in lines), record
        assert len(record["error"]) < LONGEST_LINE, record
        assert "Traceback" not in record["error"], record
        assert "MemoryError" not in record["error"], record
        assert record["seconds"] < hostile.SECONDS, record
        assert record["memory"] < hostile.MEMORY, record
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def test_there_are_hundreds_of_different_hostile_inputs_of_every_kind():
    names = {group: [name for name, _ in inputs()] for group, inputs in hostile.GROUPS.items()}
    assert min(map(len, names.values())) >= 50
    assert sum(map(len, names.values())) >= 900
    for group, found in names.items():
        doubled = [name for name, count in Counter(found).items() if count > 1]
        assert len(doubled) <= 20, (group, doubled)


# The workflow ----------------------------------------------------------------------------------

NAMES = [
    "a name with spaces",
    'it\'s "quoted"',
    "$(touch pwned)",
    "`touch pwned`; touch pwned",
    "two\nlines",
    "ünïcødé\u202e",
    "-rf ~",
]


@pytest.mark.slow
def test_the_workflow_takes_names_as_names(tmp_path):
    entry = {"width": 1, "ridge": "1"}
    entries = [entry | {"csv": f"{text}.csv", "name": f"n{k}"} for k, text in enumerate(NAMES)]
    folder = Folder(tmp_path / "".join(NAMES), {"experiment": "hostile", "datasets": entries})
    for text in NAMES:
        (folder.path / f"{text}.csv").write_text(SMALL_DATA)
    homes = [f"results/hostile/n{k}-L1-ridge1" for k in range(len(NAMES))]
    folder.succeed(*(f"{home}/data.csv" for home in homes))
    assert {(folder.path / home / "data.csv").read_text() for home in homes} == {
        "x,y\n-1,1/5\n1/3,-1\n3/4,1\n"
    }
    assert not [path for path in tmp_path.rglob("*") if path.name == "pwned"]


# Temporary files -------------------------------------------------------------------------------


def modes_during(path):
    """Return the permissions of what is in a folder."""
    return {stat.S_IMODE(entry.stat().st_mode) for entry in path.iterdir()}


def test_temporary_files_are_private_until_they_are_whole(tmp_path):
    with replaced_file(tmp_path / "document.json") as temporary:
        temporary.write_text("{}")
        assert modes_during(tmp_path) == {0o600}
    write_archive(tmp_path / "archive.zip", {"a": b"b"})
    assert modes_during(tmp_path) == {0o666 & ~current_mask()}


def current_mask():
    mask = os.umask(0o22)
    os.umask(mask)
    return mask


def test_temporary_folders_are_private(tmp_path, monkeypatch):
    seen = []
    original = tempfile.mkdtemp

    def noted(*arguments, **settings):
        made = original(*arguments, **settings)
        seen.append(stat.S_IMODE(Path(made).stat().st_mode))
        return made

    monkeypatch.setattr(tempfile, "mkdtemp", noted)
    from reluenum import Problem, enumerate_minima

    problem = Problem.from_text([["-1"], ["1"]], ["1", "0"], 1, "1")
    enumerate_minima(problem, engine="certified")
    enumerate_minima(problem, backend="msolve")
    assert len(seen) >= 2
    assert set(seen) == {0o700}
