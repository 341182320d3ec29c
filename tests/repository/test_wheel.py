"""The wheel, with nothing but what it declares, does what the README says."""

import re
import shutil
import subprocess
import sys
import venv
import zipfile
from importlib import metadata

import pytest

from tests.support.requirements import PROJECT, closure
from tests.support.workflow import ROOT, SMALL_DATA

BUILD = """
import sys
from setuptools import build_meta
print(getattr(build_meta, "build_" + sys.argv[1])(sys.argv[2]))
"""


def run(*command, **settings):
    """Run a command and return what it printed."""
    process = subprocess.run(command, capture_output=True, text=True, **settings)
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


def built(kind, source, target):
    """Build an sdist or a wheel and return its path."""
    printed = run(sys.executable, "-c", BUILD, kind, str(target), cwd=source)
    return target / printed.splitlines()[-1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Return the wheel that the sdist makes."""
    folder = tmp_path_factory.mktemp("built")
    clone = folder / "clone"
    clone.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, clone)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "reluenum", clone / "reluenum", ignore=ignored)
    unpacked = folder / "unpacked"
    unpacked.mkdir()  # by tar, since the filters of `tarfile` came with 3.11.4
    subprocess.run(["tar", "-xf", built("sdist", clone, folder), "-C", unpacked], check=True)
    (source,) = unpacked.iterdir()
    return built("wheel", source, folder)


class Environment:
    """An environment with a wheel and what it declares, and an empty folder to work in."""

    def __init__(self, folder, wheel):
        venv.create(folder, with_pip=False, symlinks=True)
        self.programs = folder / "bin"
        pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
        options = ["--no-deps", "--no-index", "--no-compile"]
        run(*pip, "--python", str(self.programs / "python"), "install", *options, str(wheel))
        (packages,) = folder.glob("lib/python*/site-packages")
        for name in closure(PROJECT["dependencies"]):
            for top in {file.parts[0] for file in metadata.files(name)} - {"..", "__pycache__"}:
                if not (packages / top).exists():
                    (packages / top).symlink_to(metadata.distribution(name).locate_file(top))

    def run(self, *command, cwd):
        """Run a command in a folder, far from this clone and its environment."""
        path = f"{self.programs}:/usr/bin:/bin"
        return run(*command, cwd=cwd, env={"PATH": path, "HOME": str(cwd), "LANG": "C.UTF-8"})


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    return Environment(tmp_path_factory.mktemp("installed"), wheel)


def test_the_wheel_holds_every_file_of_the_package(wheel):
    ours = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "reluenum").rglob("*")
        if path.is_file() and path.parent.name != "__pycache__"
    }
    assert {"reluenum/py.typed", "reluenum/datasets/reference.csv"} <= ours
    packed = set(zipfile.ZipFile(wheel).namelist())
    assert {name for name in packed if ".dist-info/" not in name} == ours


def test_the_commands_of_the_readme_print_what_it_shows(installed, tmp_path):
    blocks = re.findall(r"^```console\n(.*?)^```$", (ROOT / "README.md").read_text(), re.M | re.S)
    assert blocks
    for block in blocks:
        for command, shown in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE):
            assert installed.run("sh", "-c", command, cwd=tmp_path) == shown


def test_the_python_example_of_the_readme_shows_what_it_says(installed, tmp_path):
    assert installed.run("python", "-m", "doctest", str(ROOT / "README.md"), cwd=tmp_path) == ""


def test_pages_and_figures_are_made_by_what_is_in_the_wheel(installed, tmp_path):
    (tmp_path / "small.csv").write_text(SMALL_DATA)
    for command in (
        "reluenum path small.csv --width 1 --ridge 1/2:1 --points 2 --output path.json",
        "reluenum explore path.json --output path.html",
        "reluenum minima small.csv --width 1 --ridge 1 --output minima.json",
        "reluenum facts minima.json",
        "reluenum descend minima.json --starts 2 --figure runs.svg",
    ):
        installed.run("sh", "-c", command, cwd=tmp_path)
    assert "plotly" in (tmp_path / "path.html").read_text()
    assert (tmp_path / "runs.svg").exists()


def test_a_report_of_the_workflow_needs_nothing_more(installed, tmp_path):
    text = 'rule all:\n    output: report("a.txt")\n    shell: "touch {output}"\n'
    (tmp_path / "Snakefile").write_text(text)
    snakemake = ["python", "-m", "snakemake", "--cores", "1"]
    installed.run(*snakemake, cwd=tmp_path)
    installed.run(*snakemake, "--report", "report.html", cwd=tmp_path)
    assert "a.txt" in (tmp_path / "report.html").read_text()
