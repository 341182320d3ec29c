"""Boxes that the checker does not follow are searched again, and nothing else changes."""

import numpy as np
import pytest

from reluenum import Problem
from reluenum.documents.minima import minima_document
from reluenum.engines import checked
from reluenum.engines.checked import CheckedSearch, refusal
from reluenum.engines.choice import engine_for
from reluenum.engines.cones.route import DirectionEngine
from reluenum.engines.trees.certificate import tree_of
from reluenum.engines.trees.engine import Doubted
from reluenum.engines.trees.growth import reopened_tree
from reluenum.engines.trees.tree import EXCLUDE, OPEN
from reluenum.groebner.backends import DEFAULT_SETTINGS
from reluenum.verify import CertificateError, RefusedBoxesError
from tests.support.oracles import random_problem

POINT = Problem.from_text([["0"], ["1"]], ["3", "1"], 1, "1")

CORNERS = Problem.from_text(
    [["0", "1", "0"], ["0", "1", "1"], ["1", "0", "0"], ["1", "1", "0"]],
    ["1", "-1", "2", "-1"],
    3,
    "1/100",
    output_bias="ridge",
)
"""Of a box of these corners of a cube the checker does not see that it holds no minimum."""

LINE = random_problem(1, 12, 1, 2, "1/10")
PLANE = random_problem(3, 5, 2, 2, "1/10")


@pytest.mark.slow
def test_what_the_checker_did_not_follow_is_proved_in_the_end():
    alone = DirectionEngine().landscape(CORNERS)
    assert "not seen that it holds no minimum" in refusal(alone.written)
    found = CheckedSearch(DirectionEngine()).landscape(CORNERS)
    assert found.is_complete
    assert refusal(found.written) == ""
    assert found.written["components"] == alone.written["components"]


@pytest.mark.parametrize("problem", [LINE, PLANE], ids=["line", "plane"])
def test_whichever_boxes_are_searched_again_the_list_is_the_same_and_proved(problem):
    engine, draw = DirectionEngine(), np.random.default_rng(0)
    first = engine.landscape(problem)
    tree = np.frombuffer(tree_of(first.certificate), np.uint8)
    if problem.dimension == 1:  # any byte is in some node
        chosen = draw.choice(len(tree), 30, replace=False)
    else:
        chosen = [len(tree) - 1]
    for times in (1, 3):
        found = engine.again(problem, first.certificate, Doubted(chosen, times), DEFAULT_SETTINGS)
        assert found.written["components"] == first.written["components"]
        assert refusal(found.written) == ""
    assert found.certificate["records"] > first.certificate["records"] or problem is PLANE


def test_boxes_that_are_opened_lose_what_is_below_them():
    engine = DirectionEngine()
    search, content = engine.of(LINE).search(LINE), tree_of(engine.landscape(LINE).certificate)
    assert reopened_tree(search, search.roots(), content, []) == content
    roots = search.roots()
    assert reopened_tree(search, roots, content, range(len(content))) == bytes([OPEN]) * len(roots)


def test_in_a_plane_an_excluded_box_becomes_an_open_one():
    engine = DirectionEngine()
    search, content = engine.of(PLANE).search(PLANE), tree_of(engine.landscape(PLANE).certificate)
    assert content[-1] == EXCLUDE
    opened = reopened_tree(search, search.roots(), content, [len(content) - 1])
    assert opened == content[:-1] + bytes([OPEN])


def test_a_checker_that_never_follows_ends_as_a_list_that_is_not_complete(monkeypatch):
    asked = []

    def refuses(path, *_):
        asked.append(path)
        raise RefusedBoxesError("a box", [0])

    monkeypatch.setattr(checked, "verify", refuses)
    found = CheckedSearch(DirectionEngine()).landscape(POINT)
    assert not found.is_complete
    assert len(asked) == checked.MOST_SEARCHES
    assert minima_document(found)["undecided"][0]["reason"].endswith("the list: a box")


def test_what_is_wrong_beside_boxes_is_not_searched_again(monkeypatch):
    asked = []

    def refuses(path, *_):
        asked.append(path)
        raise CertificateError("a record")

    monkeypatch.setattr(checked, "verify", refuses)
    assert not CheckedSearch(DirectionEngine()).landscape(POINT).is_complete
    assert len(asked) == 1


def test_the_engine_that_is_named_searches_again():
    assert isinstance(engine_for(LINE, "branch"), CheckedSearch)
