"""The last lines of an experiment: what holds everywhere, or one error for what does not."""

import pandas as pd
import pytest

from reluenum.errors import IncompleteRunError
from reluenum.experiments.conclusions import (
    MOST_NAMES,
    convex_agreed,
    descents_explained,
    instances_decided,
    runs_agreed,
    sweep_decided,
)

PATHS = {"p": {"undecided": {"1/10": 2, "1/5": 1}}}


def minima(undecided):
    return {"enumeration": {"undecided": undecided, "supports_examined": 9}}


def table(*rows):
    return pd.DataFrame(
        rows, columns=["instance", "supports_examined", "undecided", "complete"]
    ).astype({"complete": "boolean"})


def test_without_anything_to_say_there_is_no_line():
    for conclude in (runs_agreed, convex_agreed, descents_explained):
        assert conclude({}) == ""
    assert instances_decided({}, {}) == ""


def test_an_error_names_a_few_and_counts_the_others():
    many = {f"i{k}": minima(k % 2) for k in range(2 * MOST_NAMES + 6)}
    with pytest.raises(IncompleteRunError) as caught:
        instances_decided(many, PATHS)
    text = str(caught.value)
    assert "undecided in i1 (1), i3 (1), " in text
    assert text.count(" (1)") == MOST_NAMES
    assert " and 4 more; everything else is written" in text


def test_a_sweep_counts_its_supports_and_names_what_is_not_complete():
    rows = [("a", 10, 0, True), ("b", 32, 0, True)]
    assert sweep_decided(table(*rows), {}) == "2 instances, 42 supports decided\n"
    with pytest.raises(IncompleteRunError, match=r"undecided in path p \(3\); everything"):
        sweep_decided(table(*rows), PATHS)
    # What is not proved complete is named, also when no support of it is undecided.
    rows += [("c", 5, 3, False), ("d", 5, 0, False)]
    with pytest.raises(IncompleteRunError, match=r"in c \(3\), d \(0\), path p \(3\); everything"):
        sweep_decided(table(*rows), PATHS)


def test_a_sweep_that_asks_for_basins_names_instances_without_a_tree():
    found = table(("a", 10, 0, True), ("b", 32, 0, True)).assign(basins=[2, 1])
    assert sweep_decided(found, {}) == "2 instances, 42 supports decided\n"
    found["basins"] = [2, None]
    with pytest.raises(IncompleteRunError, match=r"two losses stayed undecided in b \(no tree\);"):
        sweep_decided(found, {})


def test_runs_agree_only_as_far_as_they_finished():
    well = {"runs": ["reduced", "eliminated"], "not_finished": [], "disagreements": []}
    short = well | {"not_finished": ["eliminated"]}
    assert runs_agreed({"a": well, "b": short}) == (
        "a: 2 runs agree\nb: 2 runs agree, 1 of them wherever they finished\n"
    )
    bad = well | {"disagreements": ["two losses", "three signs"]}
    with pytest.raises(IncompleteRunError, match=r"disagree in c \(2\); .*the first: two losses$"):
        runs_agreed({"a": well, "c": bad})
