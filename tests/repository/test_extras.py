"""What each extra promises works where it is installed, and else one line says what to install."""

import re
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec

import numpy as np
import pytest

from benchmarks.trained import Instance
from reluenum.cli import main
from reluenum.errors import MissingExtraError
from tests.support.requirements import PROJECT, ROOT, parsed

EXTRAS = {name: parsed(given) for name, given in PROJECT["optional-dependencies"].items()}

MODULES = {
    "convex": ["clarabel", "cvxpy"],
    "docs": ["latex2mathml", "myst_parser", "pydata_sphinx_theme", "sphinx", "sphinx_gallery"],
    "release": ["build", "twine"],
    "sklearn": ["sklearn"],
    "slurm": ["snakemake_executor_plugin_slurm"],
    "test": ["hypothesis", "packaging", "playwright", "pytest", "xdist", "ruff", "snakefmt"],
    "torch": ["torch"],
}
"""What each extra lets one import."""


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.csv").write_text("x,y\n-1,1/5\n1/3,-1\n3/4,1\n")
    return "data.csv"


@pytest.fixture
def minima(data, capsys):
    asked = ["--width", "1", "--ridge", "1/10", "--quiet", "--output", "minima.json"]
    assert main(["minima", data, *asked]) == 0
    capsys.readouterr()
    return "minima.json"


def has(extra):
    return pytest.mark.skipif(
        any(find_spec(name) is None for name in MODULES[extra]), reason=f"extra {extra}"
    )


def test_every_extra_is_known_here():
    assert EXTRAS.keys() == MODULES.keys()
    assert all(len(MODULES[name]) == len(given) for name, given in EXTRAS.items())


@pytest.mark.parametrize("extra", sorted(EXTRAS.keys() - {"torch"}))
def test_the_lock_has_every_extra_but_one(extra):
    assert all(find_spec(name) for name in MODULES[extra])


@has("convex")
def test_convex_programs_are_solved_with_the_extra(data, capsys):
    assert main(["convex", data, "--ridge", "1/10"]) == 0
    assert '"status": "optimal"' in capsys.readouterr().out


@pytest.mark.parametrize("package", MODULES["convex"])
def test_without_it_one_line_says_what_to_install(data, monkeypatch, capsys, package):
    monkeypatch.setitem(sys.modules, package, None)
    assert main(["convex", data, "--ridge", "1/10"]) == 1
    line = f"reluenum: {package} is not installed; `pip install 'reluenum[convex]'` adds it\n"
    assert capsys.readouterr() == ("", line)


DESCEND = ["descend", "minima.json", "--optimisers", "torch-adam", "--starts", "1", "--steps", "9"]


@has("torch")
def test_optimisers_of_pytorch_run_with_the_extra(minima, capsys):
    assert main([*DESCEND, "--quiet"]) in (0, 3)
    assert '"torch-adam"' in capsys.readouterr().out


def test_without_pytorch_one_line_says_what_to_install(minima, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "torch", None)
    assert main([*DESCEND, "--quiet"]) == 1
    line = "reluenum: torch is not installed; `pip install 'reluenum[torch]'` adds it\n"
    assert capsys.readouterr() == ("", line)


def test_estimators_are_read_without_the_library_that_made_them(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    interop = import_module("reluenum.interop")
    settings = {"hidden_layer_sizes": (2,), "activation": "relu", "solver": "lbfgs", "alpha": 0.1}
    fitted = type("MLPRegressor", (), settings)()
    fitted.coefs_ = [[1.0, -1.0]], [[2.0], [3.0]]
    fitted.intercepts_ = [0.5, 0.25], [0.0]
    a, B, c, *_ = interop.sklearn_network(fitted)
    assert (a.tolist(), B.tolist(), c.tolist()) == ([2, 3], [[1], [-1]], [0.5, 0.25])


def test_a_comparison_without_scikit_learn_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.exceptions", None)
    wanted = r"^scikit-learn is not installed; `pip install 'reluenum\[sklearn\]'` adds it$"
    instance = object.__new__(Instance)
    with pytest.raises(MissingExtraError, match=wanted):
        instance._fitted(np.zeros((2, 1)), np.zeros(2), 0)


@has("slurm")
def test_snakemake_knows_the_executor_of_the_extra_and_the_profile_names_it():
    from snakemake_interface_executor_plugins.registry import ExecutorPluginRegistry

    (plugin,) = EXTRAS["slurm"]
    profile = (ROOT / "profiles/slurm/config.yaml").read_text()
    assert plugin in profile
    executor = re.search(r"^executor: (\w+)$", profile, re.MULTILINE)[1]
    assert executor in ExecutorPluginRegistry().plugins


@has("docs")
def test_pages_are_parsed_with_the_extra():
    from latex2mathml.converter import convert
    from myst_parser.config.main import MdParserConfig
    from myst_parser.parsers.mdit import create_md_parser
    from myst_parser.sphinx_ext.main import setup_sphinx

    from docutils.core import publish_doctree  # isort: skip

    assert convert("x^2").startswith("<math")
    assert all(map(callable, (create_md_parser, setup_sphinx, publish_doctree)))
    assert MdParserConfig(enable_extensions={"dollarmath"})


@pytest.mark.parametrize("tool", ["ruff", "snakefmt", "pytest", "build", "twine"])
def test_tools_of_the_extras_test_and_release_start(tool):
    command = [sys.executable, "-m", tool, "--version"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert re.search(r"\d+\.\d+", done.stdout + done.stderr)
