"""The workflow as text: it is short, says a thing once, and has one engine at a time."""

import re
import subprocess
import sys
from statistics import median

import pytest

from tests.support.workflow import ROOT, TARGETS, rules

SOURCES = {path.name: path.read_text() for path in (ROOT / "Snakefile", *ROOT.glob("rules/*.smk"))}


def test_the_snakefile_fits_on_two_pages_and_most_rules_on_half_a_screen():
    assert len(SOURCES["Snakefile"].splitlines()) <= 120
    assert median(len(text.splitlines()) for text in rules().values()) <= 18


def test_the_first_rule_is_everything():
    assert next(iter(rules())) == "all"
    assert set(TARGETS) <= set(rules())


@pytest.mark.parametrize("name", rules())
def test_a_rule_repeats_no_default_and_not_its_own_name(name):
    text = rules()[name]
    assert "threads: 1" not in text
    message = re.search(r"message:\n +(.+)", text)
    assert message is None or name not in re.sub("{.*?}", "", message[1])


@pytest.mark.parametrize("name", sorted(set(rules()) - set(TARGETS)))
def test_a_rule_logs_and_is_timed_under_its_own_name(name):
    assert re.search(rf'log:\n +f?"logs/{name}/', rules()[name])
    assert re.search(rf'benchmark:\n +f?"timings/{name}/', rules()[name])


@pytest.mark.parametrize(("name", "text"), SOURCES.items(), ids=SOURCES)
def test_the_list_of_minima_has_one_name(name, text):
    assert text.count('/minima.json"') == (name == "common.smk")
    assert "ruleorder" not in text


def test_only_the_engine_in_use_is_there():
    process = subprocess.run(
        [
            sys.executable,
            "-m",
            "snakemake",
            "--list-rules",
            "--configfile",
            "config/certified.yaml",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found = set(process.stdout.split())
    assert {"all", "supports", "survey", "prove", "verify", "crosscheck_all"} <= found
    assert not {"patterns", "solve", "merge", "certify", "stationary_table"} & found
