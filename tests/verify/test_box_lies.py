"""Lists by boxes with a lie in each: no change proves another list."""

import random

import pytest

from reluenum.engines.branch.route import BranchEngine
from reluenum.engines.checked import refusal
from reluenum.problem import Problem
from tests.support import box_lies
from tests.support.box_lies import CHANGES, SAME, WRONG, Document, judged, nodes_in

pytestmark = pytest.mark.seconds(30)

HARMLESS = {
    box_lies.a_leaf_called_empty,
    box_lies.a_box_called_empty_and_unlisted,
    box_lies.a_box_shrunk_away_from_its_leaves,
    box_lies.a_shrink_that_takes_more,
    box_lies.a_cut_moved,
    box_lies.a_rule_changed,
    box_lies.a_byte_changed,
    box_lies.two_records_swapped,
    box_lies.two_nodes_swapped,
    box_lies.vectors_changed,
}
"""Changes after which a document can prove the same list."""


@pytest.fixture(scope="module")
def honest():
    inputs, targets = ["-0.9", "-0.4", "0.1", "0.3", "0.8"], ["0.3", "-1.2", "1.1", "-0.7", "1.4"]
    problem = Problem.from_text([[x] for x in inputs], targets, 2, "1/100")
    return Document(dict(BranchEngine().landscape(problem).written))


def test_an_honest_document_is_proved(honest):
    assert refusal(honest.document) == ""
    assert judged(honest.document, honest) == ""
    nodes = nodes_in(honest.content, honest.document["problem"])
    assert nodes == honest.document["certificate"]["boxes"]
    assert len(honest.leaves) == len(honest.records)
    assert len(honest.minima) > 3


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_changed_document_is_refused_or_proves_the_same_list(honest, change):
    draw = random.Random(1)
    for _ in range(4):
        said = judged(change(draw, honest), honest)
        assert said != WRONG
        assert said or change in HARMLESS


def test_a_minimum_that_is_called_empty_is_found_by_the_bounds(honest):
    """Whichever it is, and although all counts and checksums are right."""
    for k in honest.minima:
        lie = honest.rewritten(honest.leaves[k], b"\0", [k])
        assert "not seen that minima are in none" in refusal(honest.unlisted(lie, [k]))


def test_a_document_that_proves_another_list_would_be_told(honest, monkeypatch):
    monkeypatch.setattr(box_lies, "refusal", lambda document: "")
    lost = box_lies.a_component_lost(random.Random(1), honest)
    assert judged(lost, honest) == WRONG
    assert SAME != WRONG
