"""All strata of a problem, against networks drawn at random and counts by hand."""

from fractions import Fraction
from itertools import product
from random import Random

import pytest

from reluenum.engines.deep.enumeration.arrays import has_ranks, realisable
from reluenum.engines.deep.enumeration.exclusion import exclusion, free_kinks
from reluenum.engines.deep.enumeration.sizes import (
    live_widths,
    refuse_astronomical_strata,
    strata_bound,
)
from reluenum.engines.deep.enumeration.strata import constants, strata
from reluenum.engines.deep.minimality.judge import judge
from reluenum.engines.deep.minimality.live import DeepVerdict
from reluenum.engines.deep.systems.solve import solve_stratum
from reluenum.engines.deep.systems.stratum import DeepStratum
from reluenum.errors import TooManySupportsError
from reluenum.geometry.arrangement import Arrangement
from reluenum.groebner.backends import open_backends
from reluenum.problem import Problem
from tests.support.deep_networks import random_network, rows_and_heights

LINE = [["-17/100"], ["44/100"], ["-1"], ["-40/100"], ["-71/100"]]
TARGETS = ["5/100", "102/100", "61/100", "-36/100", "-132/100"]
PLANE = [["0", "0"], ["1", "0"], ["0", "1"], ["2", "1/3"]]


def reference(size, hidden, ridge="1/100"):
    return Problem.from_text(LINE[:size], TARGETS[:size], list(hidden), ridge)


def in_the_plane(hidden):
    return Problem.from_text(PLANE, [1, 2, 0, -1], list(hidden), "1/10")


@pytest.mark.parametrize(
    ("problem", "most"),
    [
        (reference(5, (1, 1)), 113),
        (reference(4, (1, 1, 1)), 301),
        (reference(3, (2, 1)), 283),
        (reference(3, (1, 2)), 208),
        (reference(3, (1, 2, 1)), 1409),
        (in_the_plane((1, 1)), 321),
    ],
)
def test_every_stratum_of_a_random_network_is_found(problem, most):
    inputs = [tuple(Fraction(int(x.p), int(x.q)) for x in s.row[:-1]) for s in problem.sites]
    found, random = set(realisable(problem, problem.hidden)), Random(1)
    assert len(found) == most
    seen = set()
    for _ in range(1000):
        rows, _ = rows_and_heights(random_network(random, inputs, problem.hidden), inputs)
        stratum = DeepStratum.of(rows)
        if stratum.is_live and all(len(set(layer)) == len(layer) for layer in stratum.layers):
            seen.add(stratum)
    assert len(seen) > 80
    assert seen <= found


def threshold_rows(signs):
    """Rows that W h + b can have, where h > 0 in an order that is known, and some h = 0."""
    heights = sorted({place for place, sign in enumerate(signs) if sign == "+"})
    dead = len(heights) < len(signs)
    return 4 * (len(heights) + dead) - 3


@pytest.mark.parametrize(("size", "most"), [(3, 65), (4, 121), (5, 193)])
def test_chains_of_two_units_have_no_more_strata_than_faces_have_thresholds(size, most):
    problem = reference(size, (1, 1))
    faces = Arrangement.of(problem).live_faces
    assert sum(threshold_rows(face.signs) for face in faces) == most
    assert len(realisable(problem, (1, 1))) < most


def test_all_strata_of_two_points_and_two_units_are_these():
    problem = Problem.from_text([[0], [1]], [1, 2], [1, 1], "1/10")
    found = {stratum.text for stratum in realisable(problem, (1, 1))}
    by_hand = {
        f"{face}/{row}"
        for face, row in product(("++", "+-", "-+", "+0", "0+"), ("++", "+-", "-+", "+0", "0+"))
    }
    dotted = {DeepStratum.of_text(text).text for text in by_hand}
    assert found == {text for text in dotted if DeepStratum.of_text(text).is_live}


def test_equal_inputs_are_one_site():
    problem = Problem.from_text([[0], [1], [1]], [1, 2, 3], [1, 1], "1/10")
    single = Problem.from_text([[0], [1]], [1, 2], [1, 1], "1/10")
    assert strata(problem) == strata(single)


def test_constant_networks_are_listed_with_every_number_of_dead_layers():
    texts = [stratum.text for stratum in constants(reference(3, (2, 1, 1)))]
    assert texts == ["/+++/+++", "//+++"]


def test_every_number_of_live_units_up_to_the_width_is_there():
    widths = {stratum.widths for stratum in strata(reference(2, (2, 2)))}
    assert widths == {(0, 1), (1, 1), (1, 2), (2, 1), (2, 2)}


def test_equal_rows_are_listed_only_as_groups_that_can_have_such_a_rank():
    problem = reference(3, (2, 2))
    doubled = [s for s in realisable(problem, (2, 2)) if len(set(s.layers[0])) == 1]
    assert DeepStratum.of_text("+++,+++/+++,++-") in doubled
    assert not any("0" in stratum.layers[0][0] for stratum in doubled)
    assert all(len(set(stratum.layers[1])) == 2 for stratum in doubled)
    assert not has_ranks(problem, DeepStratum.of_text("+++,+++/+++"))
    assert not has_ranks(problem, DeepStratum.of_text("+..,+../+--,++-"))


def test_excluded_strata_hold_no_local_minimum():
    problem = reference(3, (1, 1))
    excluded = [s for s in realisable(problem, (1, 1)) if exclusion(problem, s)]
    with open_backends("flint") as backends:
        outcomes = [solve_stratum(problem, stratum, backends) for stratum in excluded]
    verdicts = [judge(network).verdict for found in outcomes for network in found.networks]
    assert len(excluded) == 28
    assert not any(found.reason for found in outcomes)
    assert set(verdicts) == {DeepVerdict.FIRST_ORDER}


def test_a_unit_that_is_not_drawn_into_its_face_is_in_no_stationary_network():
    problem = reference(4, (1, 1))
    excluded = [s for s in realisable(problem, (1, 1)) if "drawn" in (exclusion(problem, s) or "")]
    with open_backends("flint") as backends:
        outcomes = [solve_stratum(problem, stratum, backends) for stratum in excluded]
    assert len(excluded) == 14
    assert not any(found.networks or found.reason for found in outcomes)


def test_a_unit_on_the_boundary_of_another_is_in_no_stationary_network_under_one_unit():
    problem = reference(3, (2, 1))
    excluded = [s for s in realisable(problem, (2, 1)) if "bound" in (exclusion(problem, s) or "")]
    with open_backends() as backends:
        outcomes = [solve_stratum(problem, stratum, backends) for stratum in excluded[::3]]
    assert len(excluded) == 44
    assert not any(found.networks or found.reason for found in outcomes)


def test_a_kink_with_the_wrong_target_is_kept_where_it_depends_on_others():
    """Three kinks on one linear piece: no weights leave one of them and keep the other two."""
    inputs = [[k] for k in range(7)]
    problem = Problem.from_text(inputs, [5, 3, -5, 1, -5, 3, 5], [2, 1], "1/10")
    flat = DeepStratum.of_text("+++++--,--+++++/++000++")
    assert free_kinks(problem, flat, 0) == []
    assert exclusion(problem, flat) is None
    pair = DeepStratum.of_text("+++++--,--+++++/++00+++")
    assert free_kinks(problem, pair, 0) == [(2,), (3,)]
    assert exclusion(problem, pair) is not None


def test_a_group_is_asked_for_the_sum_of_its_targets():
    def excluded(targets):
        problem = Problem.from_text([[-3], [1], [2]], targets, [1, 1], "1/10")
        return exclusion(problem, DeepStratum.of_text("+--/+00")) is not None

    assert not excluded([1, 3, -4])
    assert not excluded([1, -3, 2])
    assert excluded([1, -3, 4])


def test_the_bound_is_above_the_number_of_strata():
    for problem in (reference(4, (1, 1, 1)), reference(2, (2, 2)), in_the_plane((1, 1))):
        found = constants(problem)
        for widths in live_widths(problem):
            found += realisable(problem, widths)
        assert len(set(strata(problem))) < len(set(found)) <= strata_bound(problem)


def test_an_astronomical_number_of_strata_is_refused_with_its_size():
    with pytest.raises(TooManySupportsError, match=r"hidden 3,1 .* up to 10\^\S+ strata"):
        refuse_astronomical_strata(
            Problem.from_text([[k] for k in range(40)], range(40), [3, 1], 1)
        )
    with pytest.raises(TooManySupportsError, match=r"up to 10\^\S+ and more strata"):
        refuse_astronomical_strata(reference(3, (10**6, 1)))  # without adding them all up
    with pytest.raises(TooManySupportsError, match="as both layers have several units"):
        refuse_astronomical_strata(reference(3, (2, 2)))
    with pytest.raises(TooManySupportsError, match="units above the first of three layers"):
        refuse_astronomical_strata(reference(3, (1, 2, 1)))


@pytest.mark.parametrize("hidden", [(1, 1), (2, 1), (1, 2), (1, 1, 1)])
def test_the_reference_is_not_refused(hidden):
    refuse_astronomical_strata(reference(5, hidden))
