"""How many starts find every minimum: counts by hand, and the reference instance."""

import numpy as np
import pytest

from reluenum import enumerate_minima
from reluenum.optimisers import LBFGS, Adam
from reluenum.optimisers.settling import settle
from reluenum.optimisers.studies import multistart
from reluenum.optimisers.studies.multistart import Discovery, discover
from tests.support.oracles import reference_problem

BY_HAND = Discovery(4, np.array([0, 2, 2, 1, 0, 2, 4]))


def test_counts_by_hand():
    assert [BY_HAND.found(starts) for starts in (1, 2, 3, 4, 7)] == [0, 1, 1, 2, 3]
    assert BY_HAND.first.tolist() == [4, 2, 0, 7]
    assert BY_HAND.frequencies(7).tolist() == [1, 3, 0, 1]
    assert BY_HAND.frequencies(3).tolist() == [0, 2, 0, 0]


def test_chao_s_estimate_by_hand():
    """Seen 3; once: 2, twice: 0, so 3 + 2 * 1 / (2 * 1) = 4."""
    assert BY_HAND.estimate(7) == 4
    assert BY_HAND.estimate(3) == 1


@pytest.mark.parametrize("method", [Adam(400), LBFGS(300)])
def test_starts_find_the_six_minima_of_the_reference(method):
    minima = enumerate_minima(reference_problem(2, "1/100")).document
    found = discover(minima, method, 150, seed=1)
    assert found.components == 6
    assert found.found(150) == 6
    assert len(found.reached) == 150


def test_what_has_not_settled_is_not_found(monkeypatch):
    def unsettled(*given):
        settled = settle(*given)
        settled.done[:] = False
        return settled

    monkeypatch.setattr(multistart, "settle", unsettled)
    minima = enumerate_minima(reference_problem(1, "1/100")).document
    assert discover(minima, Adam(200), 30).found(30) == 0


def test_starts_find_no_component_of_another_problem():
    minima = enumerate_minima(reference_problem(1, "1/100")).document
    nothing = discover(minima | {"components": []}, Adam(50), 20)
    assert (nothing.components, nothing.reached.tolist()) == (0, [0] * 20)
