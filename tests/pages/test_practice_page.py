"""docs/practice.md is made of the committed tables, and these are of this version."""

import json
from pathlib import Path

import pytest

from benchmarks import completeness
from docs.make import practice
from reluenum import enumerate_minima
from reluenum.views.optimisers import Fate

ROOT = Path(__file__).parents[2]


def test_the_page_is_that_of_the_committed_tables():
    assert practice.page(*practice.read()) == (ROOT / "docs/practice.md").read_text()


def test_every_end_point_of_the_page_is_explained():
    """Acceptance: fifty instances or more, d <= 2 and L <= 3, and nothing missing."""
    shares, _ = practice.read()
    instances = shares.drop_duplicates("instance")
    assert len(instances) >= 50
    assert instances["d"].max() == 2
    assert sorted(instances["width"].unique()) == [1, 2, 3]
    assert not shares[[Fate.MISSING.column, Fate.UNEXPLAINED.column]].any(axis=None)
    assert shares["complete"].all()
    assert (shares[[fate.column for fate in Fate]].sum(axis=1) == shares["runs"]).all()


def test_a_sentence_that_the_tables_contradict_is_an_error():
    shares, study = practice.read()
    shares.loc[0, Fate.MISSING.column] = 1
    with pytest.raises(ValueError, match="no longer true: None of them ended"):
        practice.page(shares, study)


@pytest.mark.parametrize("instance", completeness.INSTANCES[:2], ids=lambda i: i.name)
def test_the_study_counts_the_components_of_today_s_lists(instance):
    rows = json.loads(practice.STUDY.read_text())["rows"]
    listed = {row["components"] for row in rows if row["instance"] == instance.name}
    assert listed == {len(enumerate_minima(instance.problem, engine="certified").components)}


def test_a_small_study_adds_up():
    row = completeness.studied(completeness.INSTANCES[0], "adam", 100)
    assert (row["starts"], row["components"]) == (100, 6)
    assert [stage["starts"] for stage in row["stages"]] == [100]
    assert row["stages"][0]["found"] + row["never_found"]["components"] == 6
    assert 0 <= row["at_none"] < 1
