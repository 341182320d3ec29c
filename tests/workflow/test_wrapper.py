"""The wrapper for workflows of others runs as its test workflow says."""

import ast
import json
import re
import runpy
import shutil
import subprocess
import sys
from types import SimpleNamespace

import pytest
import yaml
from snakemake.iocontainers import Namedlist

from reluenum.cli import main
from reluenum.verify import verify
from tests.support.requirements import ROOT

WRAPPER = ROOT / "packaging/snakemake-wrapper"


@pytest.fixture
def copy(tmp_path):
    """Return the folder of the test workflow, in a copy."""
    shutil.copytree(WRAPPER, tmp_path / "wrapper")
    return tmp_path / "wrapper/test"


def snakemake(folder, *options):
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


@pytest.mark.slow
def test_the_test_workflow_of_the_wrapper_runs_and_its_proof_holds(copy):
    done = snakemake(copy)
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads((copy / "checked/minima.json").read_text())
    assert document["complete"]
    assert document["problem"]["output_bias"] == "free"
    said = (copy / "checked/verified.txt").read_text()
    assert str(verify(copy / "checked/minima.json")).splitlines()[0] in said
    assert json.loads((copy / "deep/minima.json").read_text())["problem"]["hidden"] == [1, 1]


def run_wrapper(folder, **params):
    """Run the wrapper as a job of Snakemake does, with the files of the test workflow."""
    log = folder / "wrapper.log"
    job = SimpleNamespace(
        input=SimpleNamespace(data=str(folder / "data.csv")),
        output=Namedlist(fromdict={"minima": str(folder / "minima.json")}),
        params=Namedlist(fromdict=params),
        threads=1,
        log_fmt_shell=lambda **_: f"2> {log}",
    )
    runpy.run_path(str(WRAPPER / "wrapper.py"), init_globals={"snakemake": job})
    return json.loads((folder / "minima.json").read_text())


@pytest.mark.parametrize("sizes", [{}, {"width": 1, "hidden": "1,1"}])
def test_either_a_width_or_hidden_layers_are_asked_for(copy, sizes):
    with pytest.raises(ValueError, match="expected either `width` or `hidden`"):
        run_wrapper(copy, ridge="1", **sizes)


def test_the_list_is_that_of_the_command(copy, capsys):
    document = run_wrapper(copy, width="all", ridge="1/10")
    asked = ["--width", "all", "--ridge", "1/10", "--engine", "certified", "--quiet"]
    assert main(["minima", str(copy / "data.csv"), *asked]) == 0
    assert json.loads(capsys.readouterr().out) == document


def test_what_is_wrong_with_the_data_is_in_the_log_and_nothing_is_written(copy):
    (copy / "data.csv").write_text("x,y\n1,one\n")
    with pytest.raises(subprocess.CalledProcessError):
        run_wrapper(copy, width=1, ridge="1")
    said = (copy / "wrapper.log").read_text()
    assert said.startswith("reluenum: ")
    assert "data.csv" in said
    assert not (copy / "minima.json").exists()


def test_the_wrapper_is_described_as_the_collection_of_wrappers_asks():
    meta = yaml.safe_load((WRAPPER / "meta.yaml").read_text())
    keys = {"name", "description", "url", "authors", "input", "output", "params", "notes"}
    assert meta.keys() == keys
    environment = yaml.safe_load((WRAPPER / "environment.yaml").read_text())
    assert environment.keys() == {"channels", "dependencies"}
    source = (WRAPPER / "wrapper.py").read_text()
    ast.parse(source)
    read = set(re.findall(r"params(?:\.get\(\"|\.)([a-z]+)\b", source)) - {"get"}
    assert read == {name for one in meta["params"] for name in one}
    outputs = set(re.findall(r"output(?:\.get\(\"|\.)([a-z]+)\b", source)) - {"get"}
    assert outputs == {name for one in meta["output"] for name in one}
    snakefile = (WRAPPER / "test/Snakefile").read_text()
    used = set(re.findall(r"^        (\w+)=", snakefile, re.MULTILINE))
    assert used >= read | outputs | {"data"}


def test_the_test_workflow_is_formatted():
    command = [sys.executable, "-m", "snakefmt", "--check", str(WRAPPER / "test/Snakefile")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
