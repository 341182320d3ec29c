"""docs/deep.md is made of the committed tables, and these are of this version."""

from pathlib import Path

import pandas as pd
import pytest

from benchmarks.deep import DeepInstance, put
from docs.make import deep
from reluenum import enumerate_minima

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.seconds(4)


def test_the_page_about_depth_is_that_of_the_committed_tables():
    assert deep.page(*deep.tables()) == (ROOT / "docs/deep.md").read_text()


def test_every_end_point_of_a_deep_network_is_explained():
    """Acceptance: ten instances with two thousand starts, over all shapes, nothing missing."""
    runs, minima = deep.tables()
    shapes = runs[(runs["part"] == "shapes") & (runs["starts"] >= 2000)]
    assert len(shapes) >= 10
    assert {"1, 1", "2, 1", "1, 2", "1, 1, 1"} <= set(shapes["hidden"])
    assert not runs[["missing_from_the_list", "unexplained"]].any(axis=None)
    assert not minima["lower_neighbours"].fillna(0).any()


def test_a_sentence_about_depth_that_the_tables_contradict_is_an_error():
    runs, minima = deep.tables()
    runs.loc[runs["part"] == "shapes", "unexplained"] = 1
    with pytest.raises(ValueError, match="no longer true: Of"):
        deep.page(runs, minima)


def test_the_committed_minima_are_those_of_today():
    _, minima = deep.tables()
    instance = DeepInstance("shapes", (1, 1), 5)
    rows = minima[(minima["part"] == "shapes") & (minima["hidden"] == "1, 1")]
    rows = rows[(rows["n"] == 5) & (rows["ridge"] == "1/100") & (rows["seed"] == 0)]
    rows = rows[rows["d"] == 1]
    today = [c["loss"] for c in enumerate_minima(instance.problem).document["components"]]
    assert rows["loss"].tolist() == today


def test_rows_measured_again_replace_the_old_ones(tmp_path):
    path = tmp_path / "table.csv"
    put([{"n": 3, "found": 1}, {"n": 4, "found": 2}], path, ["n"])
    put([{"n": 3, "found": 5}], path, ["n"])
    assert pd.read_csv(path).to_dict("list") == {"n": [4, 3], "found": [2, 5]}
