"""What jobs ask for follows from the size of their work; every number here was found by hand."""

import gzip

import pytest

from reluenum.engines.trees.forecast import expected_boxes
from reluenum.experiments.effort import (
    BASE_MEGABYTES,
    PACES,
    data_size,
    expected_batch,
    expected_block,
    expected_path,
    expected_supports,
    expected_sweep,
    expected_work_of_boxes,
    megabytes,
    minutes,
)
from reluenum.experiments.steps import problem_of
from reluenum.geometry.arrangement import Arrangement
from reluenum.geometry.supports import count_supports

GENERATED = {"data": None, "csv": None, "family": "random", "width": 2}


def generated(n, d=1, **rest):
    return GENERATED | {"parameters": {"n": n, "d": d, "seed": 0}} | rest


def test_the_size_of_data_comes_from_parameters_points_or_lines_of_a_file(tmp_path):
    assert data_size(generated(7, 2)) == (7, 2)
    reference = GENERATED | {"family": "reference", "parameters": {}}
    assert data_size(reference) == (5, 1)
    written = {"data": {"x": [["1", "2"], ["3", "4"], ["5", "6"]], "y": ["0", "0", "1"]}}
    assert data_size(GENERATED | written) == (3, 2)
    path = tmp_path / "data.csv"
    path.write_text("x1,x2,x3,y\n1,2,3,4\n\n5,6,7,8\r\n")
    assert data_size(GENERATED | {"csv": str(path)}) == (2, 3)
    path.write_bytes(gzip.compress(b"# two points\na;b;c\n1;2;3\n4;5;6\n;;\n"))
    layout = {"inputs": ["a", "c"], "target": "b", "separator": ";"}
    assert data_size(GENERATED | {"csv": str(path), "layout": layout}) == (2, 2)


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe\n"])
def test_a_file_that_cannot_be_used_asks_for_as_little_as_possible(content, tmp_path):
    path = tmp_path / "data.csv"
    if content is not None:
        path.write_bytes(content)
    instance = GENERATED | {"csv": str(path)}
    assert data_size(instance)[0] == 0
    assert expected_supports(instance, [1, 2]) == 0
    assert expected_batch(instance, "1-8") == 0


def test_supports_are_sets_of_the_faces_that_so_many_points_can_have():
    # On a line, n points have 2n rays and 2n sectors between them, and there is the origin.
    assert expected_supports(generated(3), [1]) == 13
    assert expected_supports(generated(3), [2]) == 13 * 12 // 2
    assert expected_supports(generated(3), [1, 2, 3]) == 13 + 78 + 286
    # In the plane, n = 4: four planes in space in general position have 14 cells, 24 sectors (six
    # on each, each between two cells), 12 rays (six lines), and the origin.
    assert expected_supports(generated(4, 2), [1]) == 14 + 24 + 12 + 1


@pytest.mark.parametrize(("n", "d", "width"), [(3, 1, 2), (6, 1, 3), (5, 2, 2), (4, 3, 1)])
def test_no_data_have_more_supports_than_expected(n, d, width):
    instance = generated(n, d, width=width, ridge="1/10", loss="sum", output_bias="none")
    faces = len(Arrangement.of(problem_of(instance)).live_faces)
    expected = expected_supports(instance, range(1, width + 1))
    assert count_supports(faces, width) <= expected <= 3**width * count_supports(faces, width)


def test_a_block_says_its_supports_and_a_batch_has_its_share_of_the_patterns():
    assert expected_block("100-250") == 150
    # n = 3: six columns, so 21 patterns of two units; 13 + 78 supports, 13/3 for each pattern.
    assert expected_batch(generated(3), "21") == 5
    assert expected_batch(generated(3), "01-08") == 35
    assert expected_batch(generated(3), "01-21") == 91


def test_a_sweep_counts_its_data_sets_and_a_path_its_ridges():
    spec = generated(3) | {"seeds": [4, 5, 6]}
    assert expected_sweep(spec, [2]) == 3 * 78
    assert expected_sweep(spec, [1, 1, 2]) == 3 * (13 + 13 + 78)
    assert expected_sweep(spec | {"seeds": None}, [1]) == 13
    assert expected_path(generated(3, points=5)) == 10 * 5 * (13 + 78)


def test_time_is_six_times_what_was_measured_and_grows_with_the_attempts():
    # 40,000 supports at 4,000 a second: ten seconds, times six a minute, after two to start.
    assert minutes("certified", 40_000) == 3
    assert minutes("certified", 40_001) == 4
    assert minutes("certified", 40_000, attempt=3) == 9
    # 10 a second: 100 minutes for 10,000.
    assert minutes("groebner", 10_000) == 102
    assert {kind: minutes(kind, 0) for kind in PACES} == {
        "groebner": 2, "layers": 2, "certified": 2, "branch": 5, "prove": 2, "check": 2, "path": 10,
        "creases": 2,
    }  # fmt: skip


def test_boxes_count_as_long_as_they_take():
    """At n = 1000 a box takes 165 microseconds, which is 4.1 at the pace of 25,000 a second."""
    few, many = (expected_work_of_boxes(generated(n)) for n in (100, 1000))
    boxes = [expected_boxes(n, 1, 2) for n in (100, 1000)]
    assert few == pytest.approx(boxes[0] * 21 / 40, rel=1e-3)
    assert many == pytest.approx(boxes[1] * 165 / 40, rel=1e-3)
    assert minutes("branch", expected_work_of_boxes(generated(1000, width=3))) < 5 + 6 * 60
    assert expected_work_of_boxes(generated(0)) == 0


def test_memory_is_a_base_and_something_for_each_support():
    assert megabytes("check", 0) == BASE_MEGABYTES == 1000
    assert megabytes("check", 1) == 1100
    assert megabytes("check", 10**6) == 1300
    assert megabytes("check", 10**9) == 301_000
    assert megabytes("groebner", 10_000, attempt=2) == 2400


def test_absurd_sizes_are_numbers_too():
    instance = generated(10**6, 500, width=10**6)
    assert minutes("certified", expected_supports(instance, [10**6])) > 10**100
    assert expected_batch(instance, "1-2") > 0
