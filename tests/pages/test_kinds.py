"""docs/certificate.md says which modules of the checker a proof needs: those that run."""

import ast
import doctest
import sys
from importlib import import_module

import pytest

from docs.make import kinds
from reluenum.verify import verify
from tests.support.promises import NEWER, OLD

PROVED = {
    "a list with a record for every support": OLD / "minima/every_width.json",
    "the basins of such a list": OLD / "others/basins.json",
    "a list with free hidden biases, inputs on a line": OLD / "minima/hinges.json",
    "free hidden biases, inputs of any dimension": NEWER["1.0.0"] / "minima/creases_certified.json",
    "a list for widths $[L, 1]$": OLD / "minima/towers.json",
    "a list for widths $[L, 1, 1]$": OLD / "minima/spires.json",
    "a list for widths $[1, L]$": OLD / "minima/fans.json",
    "bounds with two hidden layers": OLD / "others/bound.json",
}
"""A document of each kind that is proved without compiled functions."""


def test_the_table_is_of_this_version():
    text = kinds.PAGE.read_text()
    assert text == kinds.page(text), "`python -m docs.make.kinds` writes it"


def test_examples_of_the_script_are_right():
    found = doctest.testmod(kinds)
    assert found.attempted > 0
    assert found.failed == 0


def modules_that_run(path, named):
    """The modules of the checker of which functions are called in a proof."""
    for module in named:  # what is read is no call
        import_module(f"reluenum.verify.{module}")
    files, before = set(), sys.gettrace()
    sys.settrace(lambda frame, *_: files.add(frame.f_code.co_filename))
    try:
        verify(path)
    finally:
        sys.settrace(before)
    every = {str(file): file for file in kinds.CHECKER.rglob("*.py")}
    found = [every[name].relative_to(kinds.CHECKER) for name in files if name in every]
    return {".".join(file.with_suffix("").parts) for file in found}


@pytest.mark.parametrize("kind", PROVED)
def test_a_proof_runs_in_the_modules_of_its_kind_alone(kind):
    named = kinds.needed((*kinds.EVERY, *kinds.KINDS[kind]))
    run = modules_that_run(PROVED[kind], named)
    assert run <= set(named)
    assert 2 * len(run) > len(named)


def test_the_kinds_are_those_that_the_beginning_tells_apart():
    """Whatever a function of `document` imports belongs to a kind, or to parts of proofs."""
    tree = ast.parse(kinds.path_of("document").read_text())
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    inside = [node for function in functions for node in ast.walk(function)]
    found = {node.module for node in inside if isinstance(node, ast.ImportFrom)}
    entries = {module for modules in kinds.KINDS.values() for module in modules}
    assert found <= entries | {"boxes", "cones", "deep.lists", "trees.parts"}
    assert len(found) > 10
