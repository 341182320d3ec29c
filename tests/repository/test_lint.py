"""The linters and formatters are tests, so that `./run tests` is the whole check."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "command",
    [
        "ruff check .",
        "ruff format --check .",
        "snakefmt --check Snakefile rules",
        "snakemake --lint",
        "snakemake --lint --configfile config/sweep_small.yaml",
    ],
)
def test_linter_has_nothing_to_say(command):
    outcome = subprocess.run(
        [sys.executable, "-m", *command.split()], cwd=ROOT, capture_output=True, text=True
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
