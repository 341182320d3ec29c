"""What is loaded before there is anything to compute: hundreds of processes start in a run."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

LIBRARIES = {"numpy", "pyarrow", "pandas", "scipy", "matplotlib", "sympy", "flint", "pebble"}


def loaded(code):
    """Return which libraries a new process has loaded after some code."""
    told = f"import sys; print(*{LIBRARIES} & sys.modules.keys(), file=sys.stderr)"
    command = [sys.executable, "-c", f"{code}\n{told}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(done.stderr.split())


@pytest.mark.parametrize("options", [["--help"], ["minima", "--help"], ["verify", "--help"]])
def test_help_loads_no_library_of_numbers(options):
    assert loaded(f"from reluenum.cli import main; main({options})") == set()


def test_what_the_snakefile_imports_loads_none_either():
    lines = re.findall(r"^from reluenum.*$", (ROOT / "Snakefile").read_text(), re.MULTILINE)
    assert lines
    assert loaded("\n".join(lines)) == set()


@pytest.mark.parametrize(
    ("options", "others"),
    [
        (["--width", "1"], set()),
        (["--width", "1", "--engine", "certified"], {"pyarrow"}),
        (["--hidden", "1,1"], set()),
        (["--hidden", "1,1", "--engine", "certified"], set()),
    ],
)
def test_a_list_loads_what_it_computes_with_alone(tmp_path, options, others):
    (data := tmp_path / "data.csv").write_text("x,y\n-17/100,1/20\n11/25,51/50\n-1,61/100\n")
    asked = ["minima", str(data), "--ridge", "1/100", *options]
    assert loaded(f"from reluenum.cli import main; main({asked})") == {"numpy", "flint", *others}
