"""Free hidden biases at every width: what stops to change, what does not, and what is too much."""

from itertools import pairwise
from math import comb

import pytest
from flint import fmpq

from reluenum import Problem
from reluenum.documents.minima import minima_document
from reluenum.documents.results import to_json
from reluenum.engines.creases.proved import CertifiedCreaseEngine, certify_creases
from reluenum.engines.creases.route import CreaseEngine
from reluenum.engines.hinges import route
from reluenum.engines.hinges.doubles import number_of_sets, signed_candidates
from reluenum.engines.hinges.hinges import Hinges
from reluenum.engines.hinges.residuals import HingeResidual
from reluenum.engines.hinges.route import (
    HingeEngine,
    most_states,
    residuals_among,
    ways_to_share,
)
from reluenum.engines.hinges.strata import shares
from reluenum.errors import TooManySupportsError
from reluenum.groebner.backends import Settings

pytestmark = pytest.mark.seconds(15)

FREE = {"output_bias": "free", "hidden_bias": "free"}

CASES = {
    "B": ([0, 1, 2], [0, 0, 1], "1/8"),
    "C": ([0, 1, 2], [1, 0, 1], "1/8"),
    "D": ([0, 1, 2, 3], [0, 1, 0, 1], "1/10"),
    "E": ([0, 1, 2, 3], [0, 0, 1, 3], "1/10"),
    "F": ([0, 1, 3, 4], [1, 0, 0, 1], "1/4"),
}
"""Examples of section 24.5 of the theory."""


def posed(name, width):
    inputs, targets, ridge = CASES[name]
    return Problem.from_arrays(inputs, targets, width=width, ridge=ridge, **FREE)


def listed(name, width):
    return HingeEngine().landscape(posed(name, width)).components


def residuals(problem):
    hinges = Hinges.of(problem)
    return residuals_among(hinges, signed_candidates(hinges, problem.width))


@pytest.mark.parametrize("name", CASES)
def test_losses_are_those_of_as_many_units_as_there_are_gaps(name):
    """Lemma 120: more units than p - 1 add no loss, fewer have some of them."""
    enough = len(CASES[name][0]) - 1
    losses = [{c.exact_loss for c in listed(name, width)} for width in range(1, 5)]
    assert all(one <= other for one, other in pairwise(losses))
    assert losses[enough - 1] == losses[-1]
    assert all(listed(name, width)[0].global_at_every_width for width in range(enough, 5))


def test_no_smaller_number_of_units_would_be_enough():
    """Lemma 120 is sharp: D has its lowest loss, 3/5, with three units only."""
    lowest = [listed("D", width)[0] for width in (1, 2, 3)]
    assert [one.global_at_every_width for one in lowest] == [False, False, True]
    assert lowest[2].exact_loss == fmpq(3, 5)


def test_of_several_columns_losses_stop_to_change_in_the_same_way():
    """Lemma 120 for the corners of a square, that is, four sites."""
    corners = [[0, 0], [1, 0], [0, 1], [1, 1]]
    found = [
        certify_creases(Problem.from_arrays(corners, [0, 1, 1, 0], width=w, ridge="1/9", **FREE))
        for w in (2, 3, 4)
    ]
    two, three, four = ({str(float(c.loss)) for c in f.components} for f in found)
    assert two < three == four
    assert found[1].components[0].global_at_every_width
    assert len(found[1].components) < len(found[2].components)


@pytest.mark.parametrize("name", ["B", "C", "E"])
def test_components_of_a_spurious_minimum_grow_with_every_unit(name):
    """Lemma 121: as many as there can be numbers of dead units, at least."""
    seen = 0
    living = {
        component.exact_loss: sum(group.multiplicity for group in component.strata[0].groups)
        for width in (3, 2, 1)
        for component in listed(name, width)
        if component.strata[0].groups and not component.global_at_every_width
    }
    for width in range(1, 5):
        losses = [component.exact_loss for component in listed(name, width)]
        for loss, units in living.items():
            if width >= units:
                assert losses.count(loss) >= width - units + 1
                seen += width > units
    assert seen >= 2


@pytest.mark.parametrize("name", CASES)
def test_states_are_as_few_as_they_are_said_to_be(name):
    """Lemma 122; E and F have the numbers of both cases."""
    found = {(abs(r.tilt) == r.hinges.ridge, len(r.states)) for r in residuals(posed(name, 3))}
    inputs = len(CASES[name][0])
    assert all(2 <= n <= most_states(inputs) or n == 1 for _, n in found)
    if name == "E":
        assert (True, 2 * inputs + 3) in found
    if name == "F":
        flat = [r for r in residuals(posed(name, 3)) if r.tilt == 0]
        assert max(len(r.states) for r in flat) == 4 * inputs - 7


def test_two_points_have_all_states_that_two_points_can_have():
    """Lemma 122 for p = 2, by example A."""
    problem = Problem.from_arrays([0, 1], [0, 1], width=1, ridge="1/8", **FREE)
    assert max(len(r.states) for r in residuals(problem)) == most_states(2) == 7


def test_ways_are_what_strata_are_taken_from(monkeypatch):
    told = []
    whole = route.shares

    def counted(residual, width):
        found = list(whole(residual, width))
        told.append((len(found), comb(len(residual.states) + width - 1, width)))
        return found

    monkeypatch.setattr(route, "shares", counted)
    problem = posed("E", 3)
    HingeEngine().landscape(problem)
    assert [ways for _, ways in told] == ways_to_share(residuals(problem), 3)
    assert all(strata <= ways for strata, ways in told)
    assert sum(strata for strata, _ in told) > 50


def test_bars_end_at_their_totals(monkeypatch):
    bars = []

    class Bar:
        def __init__(self, total, unit, disable):
            self.total, self.unit, self.done, self.disable = total, unit, 0, disable
            bars.append(self)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def update(self, more):
            self.done += more

    monkeypatch.setattr(route, "tqdm", Bar)
    HingeEngine().landscape(posed("E", 2), Settings(progress=True))
    assert [(bar.unit, bar.done == bar.total > 0, bar.disable) for bar in bars] == [
        ("set", True, False),
        ("way", True, False),
    ]


def test_the_list_is_the_same_by_every_number_of_processes(monkeypatch):
    monkeypatch.setattr(route, "FEW_WAYS", 0)
    texts = {
        to_json(minima_document(HingeEngine().landscape(posed("F", 2), Settings(jobs=jobs))))
        for jobs in (1, 2)
    }
    assert len(texts) == 1


@pytest.mark.parametrize("width", [20, 999])
def test_a_width_that_units_share_in_too_many_ways_is_refused_at_once(width):
    problem = posed("D", width)
    assert number_of_sets(Hinges.of(problem), width) < 1000
    with pytest.raises(TooManySupportsError, match="ways to share the units among places") as told:
        HingeEngine().refuse_astronomical(problem)
    assert "\n" not in str(told.value)
    assert len(str(told.value)) < 200


def test_widths_that_can_be_listed_are_not_refused():
    HingeEngine().refuse_astronomical(posed("D", 9))
    for points, width in ((8, 6), (20, 4), (100, 3), (500, 1)):
        line = Problem.from_arrays(
            list(range(points)), [k % 3 for k in range(points)], width=width, ridge=1, **FREE
        )
        HingeEngine().refuse_astronomical(line)
    wide = Problem.from_arrays(list(range(8)), [0, 1] * 4, width=12, ridge=1, **FREE)
    with pytest.raises(TooManySupportsError, match=r"251,677,700|10.9.1 ways, at most, to share"):
        HingeEngine().refuse_astronomical(wide)


@pytest.mark.parametrize("engine", [CreaseEngine(), CertifiedCreaseEngine()])
def test_so_are_widths_of_several_columns(engine):
    few, many = (
        Problem.from_arrays([[0, 0], [1, 2]], [0, 1], width=width, ridge=1, **FREE)
        for width in (4, 99)
    )
    engine.refuse_astronomical(few)
    with pytest.raises(TooManySupportsError, match="ways to share the units among faces"):
        engine.refuse_astronomical(many)


def test_a_residual_of_a_process_is_that_of_its_values():
    problem = posed("F", 2)
    for one in residuals(problem):
        again = HingeResidual(Hinges.of(problem), list(one.values))
        assert [s.states for s in shares(again, 2)] == [s.states for s in shares(one, 2)]
