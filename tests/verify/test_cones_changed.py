"""Certificates with trees of cones that were changed: refused, or proofs of the same list."""

import random
from collections import Counter

import pytest

from tests.support.checking import refused
from tests.support.cones import coned, problem_of
from tests.support.mutations import CHANGES, LIES, nodes_of, with_nodes
from tests.support.trees import said

pytestmark = pytest.mark.seconds(60)


@pytest.fixture(scope="module")
def honest():
    return coned(problem_of(0, width=2, size=6, dimension=2))


def test_a_tree_is_made_of_its_nodes(honest):
    assert with_nodes(honest, nodes_of(honest)) == honest


@pytest.mark.parametrize("change", LIES)
def test_a_lie_is_refused(honest, change, tmp_path):
    for seed in range(3):
        refused(LIES[change](honest, random.Random(seed)), tmp_path)


def test_other_changes_are_refused_or_true_as_well(honest, tmp_path):
    """What is accepted tells of the same minima as the document does: its list is compared."""
    words = Counter()
    for change in CHANGES.values():
        for seed in range(4):
            document = change(honest, random.Random(seed))
            assert document["components"] == honest["components"]
            words[said(document, tmp_path / "minima.json", 1)[0].partition(":")[0]] += 1
    assert words.total() - words["proved"] > 16
    assert words["proved"] > 2
