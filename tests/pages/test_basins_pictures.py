"""What docs/basins.md says of the ridge and of a sweep is what was computed."""

from pathlib import Path

import pandas as pd
import pytest

from docs.make import basins
from reluenum.figures import DEPTH_FIGURES

PAGE = (Path(__file__).parents[2] / "docs/basins.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def summed():
    return pd.read_csv(basins.DATA)


def test_the_table_of_the_sweep_is_that_of_the_data(summed):
    assert basins.table(summed) in PAGE
    assert f"The {summed['landscapes'].sum()} landscapes of `config/sweep_small.yaml`" in PAGE


def test_what_is_said_of_depths_and_ways_out_holds(summed):
    assert "Most traps are shallow" in PAGE
    assert (summed["median_share"] < 0.2).all()
    assert "the more so the wider the network" in PAGE
    for _, rows in summed.sort_values("width").groupby("data"):
        assert rows["median_share"].is_monotonic_decreasing
    assert "a little more than half of them" in PAGE
    assert 0.5 < summed["deaths"].sum() / summed["traps"].sum() < 0.6


def test_every_picture_is_on_the_page():
    names = {"tree", "profile", "traps", "strings", "noise", *DEPTH_FIGURES}
    drawn = {path.stem for path in basins.IMAGES.glob("basins_*.svg")}
    assert drawn == {f"basins_{name}" for name in names}
    assert all(f"(images/{name}.svg)" in PAGE for name in drawn)
