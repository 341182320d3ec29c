"""The wheel, with nothing but what it declares, does what the README says."""

import hashlib
import os
import re
import subprocess
import sys
import tarfile
import venv
import zipfile
from importlib import metadata

import pytest

from tests.support.requirements import PROJECT, closure
from tests.support.workflow import ROOT, SMALL_DATA

pytestmark = pytest.mark.seconds(15)


def run(*command, **settings):
    """Run a command and return what it printed."""
    process = subprocess.run(command, capture_output=True, text=True, **settings)
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


def built(folder, **changes):
    """Build a release, as CONTRIBUTING.md says, and return sdist, wheel and what was printed."""
    environment = os.environ | {"SOURCE_DATE_EPOCH": "1700000000"} | changes
    printed = run(sys.executable, str(ROOT / "packaging/build.py"), str(folder), env=environment)
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return sdist, wheel, printed


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """Return the sdist, the wheel that it makes, and what was printed of both."""
    return built(tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="module")
def wheel(release):
    """Return the wheel that the sdist makes."""
    return release[1]


class Environment:
    """An environment with a wheel and what it declares, and an empty folder to work in."""

    def __init__(self, folder, wheel):
        venv.create(folder, with_pip=False, symlinks=True)
        self.programs = folder / "bin"
        pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
        options = ["--no-deps", "--no-index", "--no-compile"]
        # On a path with the clone, pip would take an egg-info there for an installed package.
        alone = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        here = ["--python", str(self.programs / "python")]
        run(*pip, *here, "install", *options, str(wheel), env=alone)
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


def files_of_the_package():
    """Return the files of the package, without what Python compiled."""
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "reluenum").rglob("*")
        if path.is_file() and path.parent.name != "__pycache__"
    }


def test_the_wheel_holds_every_file_of_the_package(wheel):
    ours = files_of_the_package()
    assert {"reluenum/py.typed", "reluenum/datasets/reference.csv"} <= ours
    packed = set(zipfile.ZipFile(wheel).namelist())
    assert {name for name in packed if ".dist-info/" not in name} == ours
    about = {name.partition(".dist-info/")[2] for name in packed} - {""}
    assert about == {
        *("METADATA", "RECORD", "WHEEL", "entry_points.txt", "top_level.txt"),
        "licenses/LICENSE",
    }


def test_the_sdist_holds_the_package_and_what_describes_it_and_nothing_else(release):
    described = {"README.md", "LICENSE", "CHANGELOG.md", "CITATION.cff", "codemeta.json"}
    makes = {"pyproject.toml", "MANIFEST.in", "setup.cfg", "PKG-INFO"}
    folder = f"reluenum-{PROJECT['version']}/"
    with tarfile.open(release[0]) as archive:
        names = {member.name for member in archive.getmembers() if member.isfile()}
    assert all(name.startswith(folder) for name in names)
    inside = {name.removeprefix(folder) for name in names}
    ours = {name for name in inside if not name.startswith("reluenum.egg-info/")}
    assert ours == files_of_the_package() | described | makes


def test_nothing_in_a_release_tells_when_where_or_by_whom_it_was_built(release):
    with tarfile.open(release[0]) as archive:
        members = archive.getmembers()
    assert {member.mtime for member in members} == {1700000000}
    assert {(member.uid, member.gid, member.uname, member.gname) for member in members} == {
        (0, 0, "", "")
    }
    assert {member.mode for member in members} == {0o644, 0o755}
    times = {member.date_time for member in zipfile.ZipFile(release[1]).infolist()}
    assert times == {(2023, 11, 14, 22, 13, 20)}


def test_what_is_printed_are_the_checksums(release):
    sums = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in release[:2]
    ]
    assert release[2] == "".join(sums)


@pytest.mark.slow
def test_a_second_build_gives_the_same_bytes(release, tmp_path):
    umask = os.umask(0o077)
    try:
        again = built(tmp_path, TZ="Asia/Tokyo", LC_ALL="C")
    finally:
        os.umask(umask)
    assert again[2] == release[2]


def test_a_build_without_its_tools_says_what_to_install(tmp_path):
    code = f"""
import importlib.util, runpy, sys
found = importlib.util.find_spec
importlib.util.find_spec = lambda name: None if name == "twine" else found(name)
sys.argv = ["build.py", {str(tmp_path)!r}]
runpy.run_path({str(ROOT / "packaging/build.py")!r}, run_name="__main__")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == "twine: not installed; `pip install -e '.[release]'` adds it\n"
    assert list(tmp_path.iterdir()) == []


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
        "reluenum minima small.csv --width 1 --ridge 1 --engine certified --output minima.json",
        "reluenum basins minima.json --output basins.json",
        "reluenum verify basins.json small.csv",
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
