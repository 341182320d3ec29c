"""Theorem D: components, strata and orbits, counted by hand and by the formulas of the theory."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise, product
from math import comb, factorial

import pytest
from flint import fmpq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reluenum.algebra.numbers import compare
from reluenum.engines.reduced.merge import merge
from reluenum.engines.reduced.outcomes import Outcome, OutcomeKind, solve_support
from reluenum.engines.reduced.route import landscape
from reluenum.geometry.arrangement import Arrangement
from reluenum.geometry.geometry import Geometry
from reluenum.geometry.supports import support_text, supports
from reluenum.groebner.backends import open_backends
from reluenum.landscape.components import _nested, joined, positive_compositions
from reluenum.problem import Problem
from tests.support.oracles import classes_of

EXAMPLE_1 = Problem.from_text([["-3/4"], ["4/3"]], ["2", "-1"], 2, "1")

EXAMPLE_2 = Problem.from_text([["-3/4"], ["3/4"]], ["2", "-2"], 2, "6/5", output_bias="free")

REFERENCE = Problem.from_text(
    [["-0.17"], ["0.44"], ["-1"], ["-0.4"], ["-0.71"]],
    ["0.05", "1.02", "0.61", "-0.36", "-1.32"],
    2,
    "1/100",
)


@pytest.fixture(scope="module")
def engine():
    with open_backends("flint") as opened:
        yield opened


def outcomes_of(problem, engine):
    arrangement = Arrangement.of(problem)
    return [solve_support(problem, s, engine) for s in supports(arrangement, problem.width)]


def landscape_of(problem, engine, undecided=()):
    """The landscape, after the outcomes of some supports were lost."""
    Arrangement.of(problem)
    outcomes = [
        Outcome(o.support, OutcomeKind.UNDECIDED, reason="slow")
        if support_text(o.support) in undecided
        else o
        for o in outcomes_of(problem, engine)
    ]
    return landscape(merge(Geometry.of(problem), outcomes), Geometry.of(problem))


def occupation(stratum):
    """The faces of a stratum with their multiplicities, and its zero neurons."""
    return {g.face.signs: g.multiplicity for g in stratum.groups}, stratum.zero_neurons


def strata(component):
    """The same of every stratum, with its dimension, in an order of its own."""
    found = [(*occupation(s), s.dimension) for s in component.strata]
    return sorted(found, key=lambda entry: (sorted(entry[0].items()), entry[1]))


def losses(found):
    return [component.loss.exact().polynomial[0] for component in found.components]


@pytest.mark.parametrize("total", range(1, 8))
@pytest.mark.parametrize("parts", range(5))
def test_positive_compositions_are_all_of_them_once(total, parts):
    every = product(range(1, total + 1), repeat=parts)
    expected = sorted(c for c in every if sum(c) == total)
    assert sorted(positive_compositions(total, parts)) == expected
    if parts:
        assert len(expected) == comb(total - 1, parts - 1)


def test_supports_are_joined_along_chains_of_inclusions():
    assert joined([], _nested) == []
    assert joined([("a",), ("b",)], _nested) == [[("a",)], [("b",)]]
    (chain,) = joined([("a",), ("b",), ("a", "b")], _nested)
    assert sorted(chain) == [("a",), ("a", "b"), ("b",)]
    # ab and bc share b, but b alone is no support: they meet only in abc.
    apart = [("a", "b"), ("b", "c"), ("d",)]
    assert sorted(map(len, joined(apart, _nested))) == [1, 1, 1]
    assert sorted(map(len, joined([*apart, ("a", "b", "c")], _nested))) == [1, 3]


def test_example_1_at_width_one_has_two_minima(engine):
    found = landscape_of(EXAMPLE_1.with_width(1), engine)
    assert losses(found) == [fmpq(89, 25), fmpq(121, 25)]
    assert [strata(c) for c in found.components] == [[({"+0": 1}, 0, 0)], [({"0+": 1}, 0, 0)]]
    assert [c.global_at_width for c in found.components] == [True, False]
    assert [c.global_at_every_width for c in found.components] == [False, False]
    assert [c.orbit_size for c in found.components] == [1, 1]


def test_example_1_at_width_two_has_a_global_point_and_two_arcs(engine):
    found = landscape_of(EXAMPLE_1, engine)
    assert losses(found) == [fmpq(17, 5), fmpq(89, 25), fmpq(121, 25)]
    assert [strata(c) for c in found.components] == [
        [({"+0": 1, "0+": 1}, 0, 0)],
        [({"+0": 2}, 0, 1)],
        [({"0+": 2}, 0, 1)],
    ]
    assert [c.dimension for c in found.components] == [0, 1, 1]
    assert [c.orbit_size for c in found.components] == [2, 1, 1]
    assert [c.global_at_every_width for c in found.components] == [True, False, False]


def test_example_1_at_width_three_has_one_connected_global_component(engine):
    found = landscape_of(EXAMPLE_1.with_width(3), engine)
    best, *others = found.components
    assert strata(best) == [
        ({"+0": 1, "0+": 1}, 1, 0),
        ({"+0": 1, "0+": 2}, 0, 1),
        ({"+0": 2, "0+": 1}, 0, 1),
    ]
    assert (best.dimension, best.orbit_size) == (1, 1)
    assert [strata(c) for c in others] == [[({"+0": 3}, 0, 2)], [({"0+": 3}, 0, 2)]]
    assert [c.orbit_size for c in others] == [1, 1]


def test_example_2_at_width_one_has_two_global_points(engine):
    found = landscape_of(EXAMPLE_2.with_width(1), engine)
    assert [strata(c) for c in found.components] == [[({"+0": 1}, 0, 0)], [({"0+": 1}, 0, 0)]]
    assert all(c.global_at_width and c.global_at_every_width for c in found.components)


def test_example_2_at_width_two_is_one_segment_of_networks(engine):
    (component,) = landscape_of(EXAMPLE_2, engine).components
    assert strata(component) == [
        ({"+0": 1}, 1, 0),
        ({"+0": 1, "0+": 1}, 0, 1),
        ({"+0": 2}, 0, 1),
        ({"0+": 1}, 1, 0),
        ({"0+": 2}, 0, 1),
    ]
    assert (component.dimension, component.orbit_size) == (1, 1)
    assert component.on_boundary


def global_strata(faces, width):
    """All ways to put `width` neurons on the faces, each at least once, or let them be zero."""
    return {
        counts
        for counts in product(range(width + 1), repeat=faces + 1)
        if sum(counts) == width and all(counts[1:])
    }


@pytest.mark.parametrize("width", [1, 2, 3])
def test_a_single_global_face_has_a_stratum_for_every_number_of_zero_neurons(width, engine):
    # One data point: the face + is global at every width when y exceeds the ridge.
    problem = Problem.from_text([["3/4"]], ["2"], width, "1")
    (component,) = landscape_of(problem, engine).components
    assert strata(component) == [({"+": k}, width - k, k - 1) for k in range(1, width + 1)]
    found = {(s.zero_neurons, *[g.multiplicity for g in s.groups]) for s in component.strata}
    assert found == global_strata(1, width)
    assert (component.dimension, component.orbit_size) == (width - 1, 1)
    assert component.on_boundary == (width > 1)
    assert component.global_at_every_width


@pytest.mark.parametrize("width", [2, 3, 4])
def test_two_global_faces_share_the_neurons_in_every_way(width, engine):
    arrangement = Arrangement.of(EXAMPLE_1)
    faces = {"+0", "0+"}
    # No support outside +0 and 0+ is stationary, whatever the width (theory, Example 1).
    outcomes = outcomes_of(EXAMPLE_1, engine)
    wide = EXAMPLE_1.with_width(width)
    outcomes += [
        Outcome(s, OutcomeKind.NO_POINT) for s in supports(arrangement, width) if len(s) > 2
    ]
    found = landscape(merge(Geometry.of(wide), outcomes), Geometry.of(wide))
    assert found.is_complete
    best = found.components[0]
    assert {g.face.signs for s in best.strata for g in s.groups} == faces
    counts = {(s.zero_neurons, *[g.multiplicity for g in s.groups]) for s in best.strata}
    assert counts == global_strata(2, width)
    assert len(best.strata) == len(counts)


def test_under_a_large_ridge_only_the_zero_network_is_minimal(engine):
    problem = replace(EXAMPLE_1, ridge=fmpq(4))
    (component,) = landscape_of(problem, engine).components
    assert strata(component) == [({}, 2, 0)]
    assert (component.loss - 5).is_zero()
    assert (component.dimension, component.orbit_size, component.on_boundary) == (0, 1, True)
    point = component.representative
    assert [w.is_zero() for w in point.weights] == [True, True]
    assert [[e.is_zero() for e in unit] for unit in point.units] == [[True, True]] * 2


def test_the_instance_of_the_paper_has_three_points_and_three_arcs(engine):
    found = landscape_of(REFERENCE, engine)
    assert found.is_complete
    assert sorted(c.dimension for c in found.components) == [0, 0, 0, 1, 1, 1]
    assert all(c.on_boundary for c in found.components if c.dimension == 0)
    assert (found.tally.stationary, found.tally.locally_minimal) == (45, 6)
    text = repr(found)
    assert "6 components of local minima, 3 isolated" in text
    assert "UNDECIDED" not in text


def stirling(neurons, faces):
    """Ways to split so many neurons into so many non-empty unlabelled groups."""
    return sum((-1) ** j * comb(faces, j) * (faces - j) ** neurons for j in range(faces + 1)) // (
        factorial(faces)
    )


instances = st.tuples(
    st.lists(
        st.tuples(st.integers(-2, 2), st.integers(-3, 3).filter(bool)), min_size=1, max_size=3
    ),
    st.integers(1, 2),
    st.sampled_from(["1/3", "1", "5/2"]),
    st.sampled_from(["none", "free", "ridge"]),
)


def problem_of(instance):
    data, width, ridge, bias = instance
    inputs, targets = [[x] for x, _ in data], [y for _, y in data]
    return Problem.from_text(inputs, targets, width, ridge, output_bias=bias)


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(instance=instances)
def test_components_and_orbits_are_counted_by_the_corollary(instance, engine):
    """Corollary D.1."""
    problem = problem_of(instance)
    found = landscape_of(problem, engine)
    width = problem.width
    valid = Counter(
        len(support)
        for group in classes_of(found)
        if not group.is_global
        for support in group.minimal_supports
    )
    local = [c for c in found.components if not c.global_at_every_width]
    assert len(local) == sum(n * comb(width - 1, m - 1) for m, n in valid.items())
    labelled = sum(n * factorial(m) * stirling(width, m) for m, n in valid.items())
    assert sum(c.orbit_size for c in local) == labelled
    assert all(len(c.strata) == 1 for c in local)
    # Only one residual is global at every width, and some point is global at this one.
    best = [c for c in found.components if c.global_at_every_width]
    assert len({float(c.loss.ball(64).mid()) for c in best}) <= 1
    assert any(c.global_at_width for c in found.components)


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(instance=instances)
def test_components_are_sorted_and_the_lowest_are_global_at_the_width(instance, engine):
    components = landscape_of(problem_of(instance), engine).components
    assert components
    lowest = components[0].loss
    for before, after in pairwise(components):
        assert compare(before.loss, after.loss) <= 0
    for component in components:
        assert component.global_at_width == (compare(component.loss, lowest) == 0)
        assert not component.global_at_every_width or component.global_at_width


def test_a_lost_global_minimum_leaves_the_flag_of_the_width_open(engine):
    found = landscape_of(EXAMPLE_1, engine, undecided={"+0|0+"})
    assert not found.is_complete
    assert [support_text(o.support) for o in found.undecided] == ["+0|0+"]
    assert losses(found) == [fmpq(89, 25), fmpq(121, 25)]
    assert [c.global_at_width for c in found.components] == [None, False]
    assert "UNDECIDED" in repr(found)


def test_a_point_that_is_global_at_every_width_stays_global_when_others_are_lost(engine):
    found = landscape_of(EXAMPLE_1, engine, undecided={"++"})
    assert not found.is_complete
    assert [c.global_at_width for c in found.components] == [True, False, False]
    assert found.components[0].global_at_every_width


def test_when_everything_is_undecided_nothing_is_claimed():
    arrangement = Arrangement.of(EXAMPLE_1)
    outcomes = [Outcome(s, OutcomeKind.UNDECIDED, reason="slow") for s in supports(arrangement, 2)]
    found = landscape(merge(Geometry.of(EXAMPLE_1), outcomes), Geometry.of(EXAMPLE_1))
    assert (found.components, found.is_complete) == ((), False)
    assert found.tally.stationary == found.tally.locally_minimal == 0


def test_components_and_landscapes_introduce_themselves(engine):
    found = landscape_of(EXAMPLE_1, engine)
    assert repr(found.components[0]) == "Component(loss=3.4, isolated, +0x1 0+x1)"
    assert repr(found.components[1]) == "Component(loss=3.56, dimension 1, +0x2)"
    assert "3 components of local minima, 1 isolated" in repr(found)
