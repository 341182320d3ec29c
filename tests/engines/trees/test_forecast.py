"""What is expected of a search before it begins, against what was measured."""

from pathlib import Path

import pandas as pd
import pytest

from reluenum import Problem
from reluenum.engines.branch.route import BranchEngine
from reluenum.engines.choice import engine_for
from reluenum.engines.trees.forecast import (
    MOST_EXPECTED,
    MOST_SECONDS,
    expected_boxes,
    is_endless,
    seconds_of_boxes,
)
from reluenum.errors import TooManySupportsError

MEASURED = pd.read_csv(Path(__file__).parents[3] / "docs/data/boxes.csv")

COUNTED = (  # random data: dimension, points, units, boxes
    *((1, 10, 1, 56), (1, 1000, 1, 206), (1, 10, 2, 1274), (1, 20, 3, 86_877)),
    *((1, 20, 4, 2_361_870), (2, 8, 1, 216), (2, 50, 1, 2608), (2, 12, 2, 46_237)),
    *((2, 50, 2, 1_756_666), (2, 8, 3, 491_110), (3, 10, 1, 876), (3, 14, 2, 1_414_554)),
    *((3, 6, 3, 393_984), (4, 8, 1, 782), (4, 8, 2, 155_428)),
)


@pytest.mark.parametrize(("dimension", "points", "width", "boxes"), COUNTED)
def test_boxes_are_those_that_random_data_take_within_a_factor_of_two(
    dimension, points, width, boxes
):
    assert 1 / 2 < expected_boxes(points, dimension, width) / boxes < 2


def test_so_are_those_of_all_instances_that_were_measured():
    sizes = zip(MEASURED["n"], MEASURED["d"], MEASURED["width"], strict=True)
    found = [expected_boxes(*map(int, size)) for size in sizes]
    shares = found / MEASURED["boxes"]
    assert shares.between(1 / 2, 2).all()


def test_seconds_are_those_of_the_list_and_its_proof_within_a_factor_of_three():
    """Of what takes long enough for the start of a process not to count."""
    long = MEASURED[MEASURED["list_cpu_seconds"] > 10]
    assert len(long) > 2
    sizes = zip(long["n"], long["d"], long["width"], strict=True)
    shares = [seconds_of_boxes(*map(int, size)) for size in sizes] / long["list_cpu_seconds"]
    assert shares.between(1 / 3, 3).all()


def test_more_points_and_more_units_take_more_boxes():
    for dimension in (1, 2, 3, 4, 7):
        counts = [expected_boxes(n, dimension, 2) for n in (10, 20, 40)]
        assert counts == sorted(set(counts))
        counts = [expected_boxes(20, dimension, width) for width in (1, 2, 3, 4)]
        assert counts == sorted(set(counts))
    assert expected_boxes(0, 1, 2) == 0
    assert expected_boxes(10**6, 500, 10**6) > 10**100


def line(points, width):
    return Problem.from_arrays(list(range(points)), [k % 3 for k in range(points)], width, 0.01)


@pytest.mark.parametrize(("points", "width"), [(10_000, 2), (1000, 3), (100, 4)])
def test_what_takes_less_than_a_day_is_not_refused(points, width):
    assert not is_endless(points, 1, width)
    assert seconds_of_boxes(points, 1, width) < MOST_SECONDS
    if points <= 1000:
        BranchEngine().refuse_astronomical(line(points, width))


def test_what_is_refused_says_how_many_boxes_are_expected_and_what_can_be_done():
    problem, boxes = line(400, 4), expected_boxes(400, 1, 4)
    assert MOST_EXPECTED < 585_000_000 < boxes < 595_000_000
    with pytest.raises(TooManySupportsError) as caught:
        engine_for(problem, "branch").refuse_astronomical(problem)
    error = caught.value
    assert error.where == "width 4 with n = 400, d = 1"
    assert error.found == "about 590,000,000 boxes, which take about 11 hours"
    for way in ("lower the width", "--time-limit", "--force", f"{MOST_EXPECTED:,} boxes", "1 day"):
        assert way in error.expected


def test_it_is_the_distinct_inputs_that_count():
    repeated = Problem.from_arrays([k % 50 for k in range(400)], [0.5] * 400, 4, 0.01)
    BranchEngine().refuse_astronomical(repeated)


def test_a_search_that_stops_by_itself_is_not_refused():
    BranchEngine(seconds=5.0).refuse_astronomical(line(400, 4))
    with pytest.raises(TooManySupportsError, match="10001 data points"):
        BranchEngine(seconds=5.0).refuse_astronomical(line(10_001, 1))
