"""The gallery of docs/examples: every script runs anywhere, and shows every number it states."""

import ast
import json
import os
import re
import resource
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

import reluenum

pytestmark = pytest.mark.seconds(60)

ROOT = Path(__file__).parents[2]

FOLDER = ROOT / "docs/examples"

SCRIPTS = sorted(FOLDER.glob("plot_*.py"))

LONG = {
    "plot_4_ridge_path": "some hundred lists",
    "plot_8_a_thousand_landscapes": "a run of the workflow",
}
"""Scripts that take more than a few seconds, with the reason."""

MOST_SECONDS = 60
"""CPU time, so that a busy machine makes no difference."""


def each_script(*, all_fast=False):
    """Return the scripts as parameters; those that take long are slow tests."""
    return pytest.mark.parametrize(
        "script",
        [
            pytest.param(
                script,
                id=script.stem,
                marks=[pytest.mark.slow] if script.stem in LONG and not all_fast else [],
            )
            for script in SCRIPTS
        ],
    )


@cache
def run(script):
    """Run a script once in an empty folder; return its output and CPU time.

    A warning is an error there. The folder is empty again afterwards: files are temporary.
    """
    environment = {key: value for key, value in os.environ.items() if key != "DISPLAY"}
    environment |= {"MPLBACKEND": "Agg", "PYTHONPATH": str(ROOT)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-W", "error", str(script)],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
        )
        left = os.listdir(folder)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stderr
    assert left == []
    return done.stdout, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@each_script()
def test_a_script_runs_in_an_empty_folder_and_takes_less_than_a_minute(script):
    output, seconds = run(script)
    assert output
    assert seconds < MOST_SECONDS


# What it says -------------------------------------------------------------------------------------

WORDS = ["three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]

NUMBERS = {word: str(number) for number, word in enumerate(WORDS, start=3)}
NUMBERS |= {"thirty": "30", "fifty": "50"}


def cells(script):
    """Return the texts of a script and its code; the first text is its docstring."""
    source = script.read_text(encoding="utf-8")
    title = ast.get_docstring(ast.parse(source), clean=True)
    texts, code = [title], []
    for cell in re.split(
        r"^# %%.*\n", source.partition('"""\n')[2].partition('"""\n')[2], flags=re.M
    ):
        lines = cell.splitlines()
        length = next((k for k, line in enumerate(lines) if not line.startswith("#")), len(lines))
        if cell.startswith("#"):
            texts.append("\n".join(line[2:] for line in lines[:length]))
        code += lines[length if cell.startswith("#") else 0 :]
    return texts, "\n".join(code)


def said(text):
    """Return the numbers of a text, but for formulas, literals, sources, and places to read on."""
    text = re.sub(r"Read on:.*", "", text, flags=re.DOTALL)
    text = re.sub(r"^\.\. (?:math|code-block)::.*?(?=^\S|\Z)", "", text, flags=re.DOTALL | re.M)
    text = re.sub(r":\w+:`[^`]*`|``[^`]*``|\([^()]*\b1[0-9]{3}\b[^()]*\)|arXiv:\S+", "", text)
    found = re.findall(r"\d+(?:[.,/]\d+)*|\b(?:" + "|".join(NUMBERS) + r")\b", text.lower())
    return [NUMBERS.get(number, number).replace(",", "") for number in found]


@each_script()
def test_every_number_in_a_sentence_is_printed_or_in_the_code(script):
    texts, code = cells(script)
    shown = {*re.findall(r"\d+(?:[./]\d+)*", f"{run(script)[0]}\n{code}")}
    shown |= {number.rstrip("0").rstrip(".") for number in shown if "." in number}
    sizes = {
        str(len(node.elts)) for node in ast.walk(ast.parse(code)) if isinstance(node, ast.List)
    }
    assert [number for text in texts for number in said(text) if number not in shown | sizes] == []


def test_numbers_are_found_in_sentences():
    text = (
        "Of 14 fits, three (Drake 1978) have 0.25 or 1/8 at :math:`2^3`; 1,000 more.\n\nRead on: 5"
    )
    assert said(text) == ["14", "3", "0.25", "1/8", "1000"]


@each_script(all_fast=True)
def test_a_script_has_a_title_a_figure_and_links_that_lead_somewhere(script):
    texts, code = cells(script)
    title, rule, *_ = texts[0].splitlines()
    assert re.fullmatch("=+", rule)
    assert len(rule) == len(title)
    assert code.count("plt.show()") >= 1
    assert code.count("label") >= code.count("plt.subplots")
    pages = re.findall(r":doc:`/(\w+)`", "\n".join(texts))
    assert pages
    assert [page for page in pages if not (ROOT / f"docs/{page}.md").exists()] == []


@each_script(all_fast=True)
def test_a_script_imports_public_names_only(script):
    for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("reluenum"):
            assert node.module in ("reluenum", "reluenum.interop")
            assert {name.name for name in node.names} <= {*reluenum.__all__}
        if isinstance(node, ast.Import):
            assert not any(name.name.startswith("reluenum.") for name in node.names)


def test_the_header_of_the_gallery_has_the_questions_in_their_order():
    header = (FOLDER / "GALLERY_HEADER.rst").read_text(encoding="utf-8")
    questions = re.findall(r"^[0-9]\. \*(.*?)\*", header, re.MULTILINE)
    assert questions == [cells(script)[0][0].splitlines()[0] for script in SCRIPTS]


# As a notebook ------------------------------------------------------------------------------------


def test_a_script_is_a_notebook_that_runs_in_an_empty_folder(tmp_path):
    """Its code cells one after the other, as Jupyter does, in a program of their own."""
    parser = pytest.importorskip("sphinx_gallery.py_source_parser")
    from sphinx_gallery.gen_gallery import DEFAULT_GALLERY_CONF
    from sphinx_gallery.notebook import jupyter_notebook

    from docs.site.notebooks import at_home

    script = FOLDER / "plot_3_traps_and_passes.py"
    _, blocks = parser.split_code_and_text_blocks(str(script))
    notebook = jupyter_notebook(blocks, dict(DEFAULT_GALLERY_CONF), str(FOLDER))
    kinds = [cell["cell_type"] for cell in notebook["cells"]]
    assert kinds.count("markdown") > 3
    prose = at_home("".join("".join(c["source"]) for c in notebook["cells"]))
    assert "docs/basins.md" in prose
    assert ":doc:" not in prose
    code = ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code"]
    assert len(code) > 3
    player = "import json, sys\nnames = {}\nfor cell in json.load(sys.stdin): exec(cell, names)"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", player],
        input=json.dumps(code),
        cwd=tmp_path,
        env={**os.environ, "MPLBACKEND": "Agg", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == run(script)[0]


def test_without_the_workflow_the_last_script_says_what_it_needs(tmp_path):
    done = subprocess.run(
        [sys.executable, str(SCRIPTS[-1])],
        cwd=tmp_path,
        env={
            **os.environ,
            "RELUENUM_SOURCE": str(tmp_path),
            "MPLBACKEND": "Agg",
            "PYTHONPATH": str(ROOT),
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "RELUENUM_SOURCE" in done.stderr
