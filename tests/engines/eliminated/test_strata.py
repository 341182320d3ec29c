"""The landscape of the eliminated formulation: the same documents as by Theorems A to E.

The two formulations share the faces, exact numbers and the writing of documents; the systems, the
criteria of minimality and the joining of strata are different, so that each is the other's oracle.
"""

from collections import Counter
from dataclasses import replace
from itertools import permutations

import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from reluenum import Problem, enumerate_minima
from reluenum.algebra.numbers import compare
from reluenum.documents.minima import minima_document, stationary_document
from reluenum.engines.eliminated.charts import graph_system
from reluenum.engines.eliminated.products import EliminatedSolver
from reluenum.engines.eliminated.strata import eliminated_landscape, merge_products
from reluenum.errors import BackendError, IncompleteRunError, TheoremViolationError
from reluenum.geometry.arrangement import Arrangement
from reluenum.geometry.geometry import Geometry
from reluenum.geometry.patterns import patterns
from reluenum.geometry.supports import support_text
from reluenum.groebner.backends import open_backends
from tests.support.oracles import RIDGES, by_any_route, random_problem, reference_problem

pytestmark = pytest.mark.seconds(20)

THREE_POINTS = random_problem(8, 3, 1, 2, "1/5")


@pytest.fixture(scope="module")
def engine():
    with open_backends("auto") as opened:
        yield opened


class Refusing:
    """An engine that gives up on some supports of a problem."""

    def __init__(self, engine, problem, refused):
        self.engine = engine
        self.refused = [
            graph_system(problem, tuple(map(Arrangement.of(problem).face, signs)))
            for signs in refused
        ]

    def solutions(self, system):
        if system in self.refused:
            raise BackendError("refusing", "out of patience")
        return self.engine.solutions(system)


def outcomes_of(problem, engine):
    arrangement = Arrangement.of(problem)
    solver = EliminatedSolver(problem, engine)
    return [
        outcome
        for pattern in patterns(arrangement, problem.width)
        for outcome in solver.pattern(pattern, arrangement)
    ]


def merged(problem, outcomes):
    return merge_products(Geometry.of(problem), outcomes)


def landscape_of(problem, engine):
    found = merged(problem, outcomes_of(problem, engine))
    return eliminated_landscape(found, Geometry.of(problem))


def assert_same_documents(problem, engine):
    expected, found = enumerate_minima(problem), landscape_of(problem, engine)
    assert expected.is_complete
    assert found.is_complete
    assert by_any_route(minima_document(found)) == by_any_route(minima_document(expected))
    assert stationary_document(found) == stationary_document(expected)


@pytest.mark.parametrize("ridge", RIDGES)
@pytest.mark.parametrize("width", [1, 2])
def test_the_instance_of_the_paper_has_one_landscape_by_both_formulations(ridge, width, engine):
    assert_same_documents(reference_problem(width, ridge), engine)


@pytest.mark.parametrize(
    "problem",
    [
        random_problem(31, 4, 1, 2, "1/3"),
        random_problem(31, 4, 1, 2, "1/3", "tie", output_bias="free"),
        random_problem(31, 4, 1, 2, "1/3", output_bias="ridge"),
        random_problem(33, 4, 1, 2, "1/10", "tie", loss="mean"),
        random_problem(30, 3, 1, 2, "1/10", loss="mean", output_bias="free"),
        random_problem(34, 3, 1, 2, "1/3", loss="mean", output_bias="ridge"),
        random_problem(52, 4, 1, 2, "1/10", "tie", output_bias="free"),
        random_problem(7, 4, 1, 3, "1/2", "tie"),
        random_problem(8, 3, 1, 3, "1/5"),
        random_problem(2, 4, 2, 1, "1/10", "line"),
        random_problem(3, 3, 2, 2, "1/5", "line"),
        random_problem(4, 4, 2, 1, "1/10", "tie", output_bias="free"),
        random_problem(5, 3, 2, 2, "1/3", output_bias="ridge"),
        random_problem(10, 3, 3, 1, "1/10"),
        random_problem(11, 2, 2, 2, "1/10"),
        random_problem(12, 1, 1, 3, "1/10"),
        random_problem(32, 3, 1, 2, "2", "tie", output_bias="free"),
        random_problem(33, 4, 1, 2, "2", "tie", output_bias="free"),
        Problem.from_text([["-3/4"], ["3/4"]], ["2", "-2"], 1, "6/5", output_bias="free"),
        Problem.from_text([["-3/4"], ["3/4"]], ["2", "-2"], 2, "6/5", output_bias="free"),
        Problem.from_text([["-3/4"], ["3/4"]], ["2", "-2"], 3, "6/5", output_bias="free"),
        Problem.from_text([[2], [-2], [2], [-1]], [0, -3, 2, -2], 2, "1/4", output_bias="free"),
        Problem.from_text([[1], [-2], [-1], [2]], [0, 3, 2, 2], 2, "1/4", "mean", "free"),
        Problem.from_text([["-1"], ["1/2"], ["3"]], [0, 0, 0], 2, "1/7"),
        Problem.from_text([["-1"], ["1/2"], ["3"]], [1, 1, 1], 2, "1/7", output_bias="free"),
    ],
    ids=repr,
)
def test_random_instances_have_one_landscape_by_both_formulations(problem, engine):
    assert_same_documents(problem, engine)


@settings(max_examples=25)
@given(
    st.integers(1000, 10**6),
    st.integers(1, 3),
    st.integers(1, 2),
    st.sampled_from(["1/10", "1/3", "1", "4"]),
    st.sampled_from(["sum", "mean"]),
    st.sampled_from(["none", "free", "ridge"]),
)
def test_small_instances_have_one_landscape_by_both_formulations(
    seed, size, width, ridge, loss, bias
):
    special = "tie" if size == 3 and seed % 2 else ""
    problem = random_problem(seed, size, 1, width, ridge, special, loss=loss, output_bias=bias)
    with open_backends("auto") as engine:
        assert_same_documents(problem, engine)


def test_three_points_have_arcs_and_isolated_minima_with_their_orbits(engine):
    """The orbit of an arc of two units on one face is itself; of two, both orders (Lemma 27)."""
    found = landscape_of(THREE_POINTS, engine)
    sizes = Counter()
    for component in found.components:
        (stratum,) = component.strata
        shares = tuple(group.multiplicity for group in stratum.groups)
        assert stratum.zero_neurons == 0
        assert component.dimension == sum(share - 1 for share in shares)
        assert component.orbit_size == len(
            set(permutations("a" * shares[0] + "b" * sum(shares[1:])))
        )
        sizes[shares] += 1
    assert sizes[2,] > 0
    assert sizes[1, 1] > 0


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_a_global_support_of_two_faces_is_rigid_at_width_two_and_connected_above(width, engine):
    """Example 1 of docs/theory.md: two minima on one face each, and one on both faces.

    The numbers of components, strata and labelled copies follow from compositions of the width.
    The surrogates of +0 and +- have a curve of critical points on the boundary between the two.
    """
    problem = Problem.from_text([["-3/4"], ["4/3"]], ["2", "-1"], width, "1")
    found = landscape_of(problem, engine)
    assert found.is_complete
    every_width = [c for c in found.components if c.global_at_every_width]
    others = [c for c in found.components if not c.global_at_every_width]
    assert {len(c.strata[0].groups) for c in others} == {1}
    for component, loss in zip(others, (fmpq(89, 25), fmpq(121, 25)), strict=True):
        assert (component.loss - loss).is_zero()
    assert [(c.dimension, c.orbit_size, len(c.strata)) for c in others] == [(width - 1, 1, 1)] * 2
    if width == 1:
        assert every_width == []
        return
    (component,) = every_width
    assert (component.loss - fmpq(17, 5)).is_zero()
    assert len(component.strata[0].groups) == 2
    assert component.dimension == width - 2
    # k_1 + k_2 + k_0 = width with k_1, k_2 >= 1.
    assert len(component.strata) == width * (width - 1) // 2
    assert component.orbit_size == (2 if width == 2 else 1)


def test_zero_units_are_minimal_exactly_beside_points_that_are_global_at_every_width(engine):
    """Theorem C, which the eliminated formulation does not use to judge them."""
    for problem in (THREE_POINTS, random_problem(7, 4, 1, 3, "1/2", "tie")):
        found = landscape_of(problem, engine)
        best = min(found.components, key=lambda c: c.loss.ball(64).mid())
        rows = [row for row in found.points if row.with_zero_units]
        assert {row.is_minimum for row in rows} <= {True, False}
        for row in rows:
            expected = best.global_at_every_width and compare(row.loss, best.loss) == 0
            assert row.is_minimum == expected


def test_a_missing_a_doubled_and_a_foreign_product_are_noticed(engine):
    outcomes = outcomes_of(THREE_POINTS, engine)
    missing = support_text(outcomes[5].faces).replace("+", r"\+").replace("|", r"\|")
    with pytest.raises(IncompleteRunError, match=f"{missing} is missing, doubled or unknown"):
        merged(THREE_POINTS, [*outcomes[:5], *outcomes[6:]])
    with pytest.raises(IncompleteRunError, match=f"{missing} is missing, doubled or unknown"):
        merged(THREE_POINTS, [*outcomes, outcomes[5]])
    foreign = outcomes_of(THREE_POINTS.with_width(1), engine)
    with pytest.raises(IncompleteRunError, match="missing, doubled or unknown"):
        merged(THREE_POINTS, [*outcomes[1:], foreign[0]])


def test_products_of_the_same_faces_with_different_points_contradict_each_other(engine):
    problem = THREE_POINTS
    outcomes = outcomes_of(problem, engine)
    k = next(
        k for k, o in enumerate(outcomes) if len(o.critical.support) == 1 and o.critical.points
    )
    robbed = replace(outcomes[k], critical=replace(outcomes[k].critical, points=()))
    with pytest.raises(TheoremViolationError, match=r"(0 and 1|1 and 0) points"):
        merged(problem, [*outcomes[:k], robbed, *outcomes[k + 1 :]])


def test_an_undecided_product_leaves_the_landscape_incomplete_and_says_why(engine):
    problem = THREE_POINTS
    complete = landscape_of(problem, engine)
    for lost in complete.components:
        signs = [group.face.signs for group in lost.strata[0].groups]
        found = landscape_of(problem, Refusing(engine, problem, [signs]))
        assert not found.is_complete
        reasons = {
            o.reason
            for o in found.undecided
            if set(support_text(o.support).split("|")) >= set(signs)
        }
        assert "refusing: out of patience" in reasons
        remaining = [c for c in complete.components if c is not lost]
        assert len(found.components) <= len(remaining)
        for component in found.components:
            assert any(compare(component.loss, other.loss) == 0 for other in remaining)
            assert component.global_at_width is not True or component.global_at_every_width


def test_a_product_settled_by_one_process_and_not_by_another_is_undecided(engine):
    """One worker's time limit is no contradiction of another worker's points."""
    problem = THREE_POINTS
    outcomes = outcomes_of(problem, engine)
    with_point = next(o for o in outcomes if len(o.critical.support) == 1 and o.critical.points)
    (face,) = with_point.critical.support
    refused = outcomes_of(problem, Refusing(engine, problem, [[face.signs]]))
    pairs = list(zip(outcomes, refused, strict=True))
    here = [new if new.faces == with_point.faces else old for old, new in pairs]
    there = [old if new.faces == with_point.faces else new for old, new in pairs]
    for mixed in (here, there):
        found = merged(problem, mixed)
        assert found.unsolved
        assert with_point.critical.points[0] in found.points
        assert not eliminated_landscape(found, Geometry.of(problem)).is_complete
