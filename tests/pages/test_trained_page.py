"""docs/trained.md is made of what was measured, and what it says can be run."""

import re
import warnings
from copy import deepcopy
from pathlib import Path

import pytest

from benchmarks import trained as study
from docs.make import trained

ROOT = Path(__file__).parents[2]


def test_the_page_is_made_of_the_committed_measurements():
    assert trained.page(trained.read()) == (ROOT / "docs/trained.md").read_text()


def test_every_run_is_counted_once():
    data = trained.read()
    for row in data["instances"]:
        assert sum(trained.fates(row).values()) == data["seeds"]


def test_a_minimum_that_is_not_listed_would_stop_the_page():
    data = deepcopy(trained.read())
    data["instances"][0]["elsewhere"]["missing from the list"] = 1
    with pytest.raises(ValueError, match="no longer true"):
        trained.page(data)


def test_lists_are_those_of_this_version():
    """The smallest instances again, and the penalty that vanishes."""
    found = {(r["data"], r["width"], r["hidden_bias"]): r for r in trained.read()["instances"]}
    for bias in study.CONVENTIONS:
        instance = study.Instance("galileo", 2, bias)
        losses = [c["loss"] for c in found["galileo", 2, bias]["components"]]
        assert study._losses(instance.problem) == losses
    assert list(study.vanishing()) == trained.read()["vanishing"]


def test_the_example_of_the_page_runs():
    pytest.importorskip("sklearn", reason="extra sklearn")
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs/trained.md").read_text(), re.DOTALL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(code, "docs/trained.md", "exec"), {"print": lambda *_: None})
