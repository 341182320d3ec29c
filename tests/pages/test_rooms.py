"""The drawing of docs/architecture.md shows the rooms as they are, and can be read."""

import doctest
import re
from itertools import pairwise

import pytest

from docs.make import rooms, theory_index


@pytest.fixture(scope="module")
def layout():
    return rooms.Layout(rooms.imports(), dict.fromkeys(rooms.rooms(), 2))


def test_the_drawing_is_of_this_version():
    assert rooms.PICTURE.read_text() == rooms.drawing(), "`python -m docs.make.rooms` draws it"


def test_every_room_of_the_plan_has_a_box():
    names = re.findall(r"<text [^>]*>([a-z/]+)", rooms.PICTURE.read_text())
    assert sorted(names) == sorted(rooms.rooms())


def test_arrows_lead_down_a_level_at_each_step(layout):
    steps = [step for arrow in layout.arrows for step in pairwise(arrow)]
    assert {high.level - low.level for high, low in steps} == {1}


def test_boxes_and_the_arrows_that_pass_them_keep_apart(layout):
    for row in layout.rows:
        for left, right in pairwise(row):
            between = (right.x - right.width / 2) - (left.x + left.width / 2)
            assert between > rooms.GAP - 1e-6


def test_arrows_that_are_left_out_follow_from_others():
    edges = rooms.imports()
    fewer = rooms.reduced(edges)
    for room, targets in edges.items():
        assert targets <= fewer[room] | rooms._beyond(fewer, fewer[room])
    for targets in fewer.values():
        for target in targets:
            assert target not in rooms._beyond(fewer, targets - {target})


def test_a_circle_of_imports_is_an_error():
    with pytest.raises(ValueError, match=r"a circle of imports: \['a', 'b'\]"):
        rooms.levels({"a": {"b"}, "b": {"a"}, "c": set()})


@pytest.mark.parametrize("module", [rooms, theory_index], ids=lambda module: module.__name__)
def test_examples_of_the_scripts_are_right(module):
    found = doctest.testmod(module)
    assert found.attempted > 0
    assert found.failed == 0
