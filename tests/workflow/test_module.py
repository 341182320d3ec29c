"""The workflow in other folders, and as a module of another workflow."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
import yaml

from reluenum import Problem, enumerate_minima
from reluenum.groebner import program
from reluenum.groebner.versions import SOFTWARE
from tests.support.workflow import ROOT, SMALL_DATA, jobs

# What a user of the workflow has; `{root}` is a clone of it. The first rule is the user's own.
SNAKEFILE = """\
configfile: "settings.yaml"

rule everything:
    input:
        "results/one/decided.txt",
        "results/two.b/decided.txt",
        "swept/results/three/batches/data~small/method~certified/ridge~1_100/seeds~whole/checked.txt",

module groebner:
    snakefile: "{root}/Snakefile"
    config: config["groebner"]

use rule * from groebner

module certified:
    snakefile: github("someone/reluenum", path="Snakefile", tag="v1")
    config: config["certified"]

use rule * from certified as certified_*

module swept:
    snakefile: "{root}/Snakefile"
    config: config["swept"]
    prefix: "swept"

use rule * from swept as swept_*
"""

ENTRY = {"csv": "small.csv", "width": 1, "ridge": "1/100"}

FIGURES = {"formats": ["svg"]}

SETTINGS = {
    "groebner": {"experiment": "one", "datasets": [ENTRY], "figures": FIGURES},
    "certified": {
        "experiment": "two.b",
        "datasets": [ENTRY | {"width": 2}],
        "solve": {"engine": "certified", "supports_per_job": 20},
        "figures": FIGURES,
    },
    "swept": {
        "experiment": "three",
        "datasets": [ENTRY | {"width": [1, 2]}],
        "solve": {"engine": "certified"},
        "sweep": {},
        "figures": FIGURES,
    },
}

PROBLEM = ([["-1"], ["1/3"], ["3/4"]], ["1/5", "-1", "1"])


def changing(folder):
    """Make a Singular that says another version each time; return the PATH that has it."""
    folder.mkdir()
    answer = f'echo >>{folder}/asked; echo "version 4.$(wc -l <{folder}/asked)"'
    real = program.executable("Singular", "")
    script = f'#!/bin/sh\ncase $* in *--version*) {answer}; exit ;; esac\nexec {real} "$@"\n'
    (folder / "Singular").write_text(script)
    (folder / "Singular").chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def published(folder):
    """Make a repository of the workflow's files; return settings that let GitHub be that one."""
    folder.mkdir()
    for name in ("Snakefile", "environment.yml", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    for name in ("rules", "scripts", "captions", "config"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    who = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.org"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "all"], ["tag", "v1"]):
        subprocess.run(["git", *who, *words], cwd=folder, check=True)
    settings = folder.with_suffix(".gitconfig")
    settings.write_text(
        f'[url "file://{folder}"]\n    insteadOf = https://github.com/someone/reluenum\n'
    )
    return {"GIT_CONFIG_GLOBAL": str(settings), "XDG_CACHE_HOME": str(folder.with_suffix(".cache"))}


class Host:
    """A folder with a workflow that is not ours, in which Snakemake runs."""

    def __init__(self, path, snakefile=None, **environment):
        self.path, self.environment = path, environment
        path.mkdir(exist_ok=True)
        (path / "small.csv").write_text(SMALL_DATA)
        if snakefile is not None:
            (path / "Snakefile").write_text(snakefile.replace("{root}", str(ROOT)))

    def run(self, *arguments):
        """Run Snakemake to its end; its output is one text."""
        return subprocess.run(
            [sys.executable, "-m", "snakemake", "--cores", "2", *arguments],
            cwd=self.path,
            env={name: text for name, text in os.environ.items() if name != SOFTWARE}
            | self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def succeed(self, *arguments):
        process = self.run(*arguments)
        assert process.returncode == 0, process.stdout
        return process.stdout


@pytest.fixture(scope="module")
def embedded(tmp_path_factory):
    """Return a finished run of a workflow with three modules; tests must leave it as it is."""
    folder = tmp_path_factory.mktemp("embedded")
    settings = published(folder / "repository") | {"PATH": changing(folder / "bin")}
    host = Host(folder / "host", SNAKEFILE, **settings)
    (host.path / "settings.yaml").write_text(yaml.safe_dump(SETTINGS))
    host.output = host.succeed()
    return host


def documents(host):
    """Return the lists of the two modules that write one."""
    names = ("one/small-L1", "two.b/small-L2")
    paths = (host.path / f"results/{name}-ridge1_100/minima.json" for name in names)
    return [json.loads(path.read_text()) for path in paths]


@pytest.mark.slow(seconds=60)
def test_modules_write_the_lists_that_the_library_finds(embedded):
    one, two = documents(embedded)
    expected = enumerate_minima(Problem.from_text(*PROBLEM, 1, "1/100"))
    assert one == expected.document | {"software": one["software"]}
    expected = enumerate_minima(Problem.from_text(*PROBLEM, 2, "1/100"), engine="certified")
    assert two["components"] == expected.document["components"]
    verified = embedded.path / "results/two.b/small-L2-ridge1_100/verified.txt"
    assert verified.read_text().startswith("proved: ")
    (checked,) = (embedded.path / "swept").rglob("checked.txt")
    assert checked.read_text().count(": proved: ") == 2


@pytest.mark.slow
def test_all_documents_of_a_run_record_the_same_software(embedded):
    one, two = documents(embedded)
    assert one["software"] == two["software"]
    assert one["software"]["singular"] == "4.1"


@pytest.mark.slow
def test_rules_of_a_module_have_the_names_that_its_user_gives_them(embedded):
    done = set(re.findall(r"^Finished jobid: \d+ \(Rule: (\w+)\)$", embedded.output, re.MULTILINE))
    assert done >= {"everything", "solve", "decided", "certified_survey", "swept_check"}


@pytest.mark.slow
def test_a_report_of_modules_holds_their_results_and_captions(embedded, tmp_path):
    embedded.succeed("--report", str(tmp_path / "report.html"))
    text = (tmp_path / "report.html").read_text()
    for caption in (
        "Every local minimum of data sets",
        "One row per instance of experiment one",
        "One row per instance of experiment two.b",
    ):
        assert caption in text


def test_short_rules_stay_local_under_another_name(tmp_path):
    told = """
module reluenum:
    snakefile: "{root}/Snakefile"
    config: {"experiment": "e", "datasets": [{"csv": "small.csv", "width": 1, "ridge": "1"}]}

use rule * from reluenum as other_*

print("local:", *workflow._localrules)
"""
    output = Host(tmp_path, told).succeed("--dry-run")
    local = re.search(r"^local: (.+)$", output, re.MULTILINE)[1].split()
    assert {"other_all", "other_dataset", "other_patterns", "other_decided"} <= set(local)
    assert not {"other_solve", "other_certify", "other_survey"} & set(local)
    assert all(name.startswith("other_") for name in local)


MODULE = 'module reluenum:\n    snakefile: "{root}/Snakefile"\n'

USED = "\nuse rule * from reluenum\n"


def test_a_module_without_a_configuration_takes_that_of_the_folder_or_else_the_reference(tmp_path):
    host = Host(tmp_path, MODULE + USED)
    assert "results/reference/decided.txt" in host.succeed("--dry-run")
    (tmp_path / "config").mkdir()
    mine = {"experiment": "mine", "datasets": [ENTRY]}
    (tmp_path / "config/config.yaml").write_text(yaml.safe_dump(mine))
    assert "results/mine/decided.txt" in host.succeed("--dry-run")


def test_the_example_of_the_documentation_is_a_workflow(tmp_path):
    (example,) = re.findall(
        r"^```python\n(.*?)^```$", (ROOT / "config/README.md").read_text(), re.M | re.S
    )
    host = Host(tmp_path, example.replace("/path/to/reluenum", "{root}"))
    (tmp_path / "config").mkdir()
    settings = {"minima": SETTINGS["groebner"], "of_another_rule": 1}
    (tmp_path / "config/config.yaml").write_text(yaml.safe_dump(settings))
    output = host.succeed("--dry-run")
    assert {"minima_dataset", "minima_decided", "everything"} <= set(jobs(output))


def test_a_misspelt_key_of_a_module_is_named_in_one_line(tmp_path):
    settings = '    config: {"experiment": "e", "dataset": []}\n'
    process = Host(tmp_path, MODULE + settings + USED).run("--dry-run")
    assert process.returncode == 1
    assert "configuration, top level: unknown key 'dataset' (did you mean 'datasets'?)" in (
        process.stdout
    )


def test_the_workflow_runs_in_another_directory_than_its_own_and_the_callers(tmp_path):
    host = Host(tmp_path / "caller")
    elsewhere = Host(tmp_path / "elsewhere")
    config = tmp_path / "caller/mine.yaml"
    config.write_text(yaml.safe_dump(SETTINGS["groebner"]))
    there = ["--snakefile", str(ROOT / "Snakefile"), "--directory", str(elsewhere.path)]
    target = "results/one/small-L1-ridge1_100/data.csv"
    host.succeed(target, *there, "--configfile", "mine.yaml")
    assert (elsewhere.path / target).read_text() == "x,y\n-1,1/5\n1/3,-1\n3/4,1\n"
    assert {path.name for path in host.path.iterdir()} == {"small.csv", "mine.yaml"}
    assert "results/reference/decided.txt" in host.succeed(*there, "--dry-run")


def test_a_data_file_that_is_not_there_is_named(tmp_path):
    lacking = ENTRY | {"csv": "lacking.csv"}
    for sweep in ({}, {"sweep": {}}):
        config = {"experiment": "e", "datasets": [lacking], **sweep}
        process = Host(tmp_path, f"{MODULE}    config: {config}\n{USED}").run("--dry-run")
        assert process.returncode == 1
        assert "MissingInputException" in process.stdout
        assert "lacking.csv" in process.stdout
