"""Merging: one outcome per support, and stationary points grouped by their residual."""

import random
from itertools import combinations

import pytest
from flint import fmpq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reluenum.algebra.linear import dot
from reluenum.engines.reduced.merge import merge
from reluenum.engines.reduced.outcomes import Outcome, OutcomeKind, solve_support
from reluenum.errors import IncompleteRunError
from reluenum.geometry.arrangement import Arrangement, site_signs
from reluenum.geometry.geometry import Geometry
from reluenum.geometry.supports import support_text, supports
from reluenum.groebner.backends import open_backends
from reluenum.problem import Problem

EXAMPLE_1 = Problem.from_text([["-3/4"], ["4/3"]], ["2", "-1"], 2, "1")

EXAMPLE_2 = Problem.from_text([["-3/4"], ["3/4"]], ["2", "-2"], 2, "6/5", output_bias="free")


@pytest.fixture(scope="module")
def engine():
    with open_backends("flint") as opened:
        yield opened


def solved(problem, engine):
    faces = Arrangement.of(problem)
    return [solve_support(problem, s, engine) for s in supports(faces, problem.width)]


def merged(problem, engine):
    outcomes = solved(problem, engine)
    return merge(Geometry.of(problem), outcomes)


def texts(group):
    return [support_text(support) for support in group.supports]


def rational(number):
    """The value of a number that is known to be rational."""
    element = number.exact().polynomial
    assert element.degree() <= 0
    return element[0]


def test_example_1_has_the_zero_network_and_three_residuals(engine):
    stationary = merged(EXAMPLE_1, engine)
    assert [texts(group) for group in stationary.classes] == [[""], ["+0"], ["0+"], ["+0|0+"]]
    assert stationary.undecided == ()
    assert repr(stationary) == "StationarySet(3 supports, 0 undecided)"
    table = [
        (["2", "-1"], "5"),
        (["4/5", "-1"], "89/25"),
        (["2", "-3/5"], "121/25"),
        (["4/5", "-3/5"], "17/5"),
    ]
    for group, (residual, loss) in zip(stationary.classes, table, strict=True):
        assert all(
            (r - fmpq(*map(int, text.split("/")))).is_zero()
            for r, text in zip(group.residual, residual, strict=True)
        )
        assert (group.loss - fmpq(*map(int, loss.split("/")))).is_zero()


def test_example_1_has_the_squares_and_directions_of_the_theory(engine):
    pair = merged(EXAMPLE_1, engine).classes[3]
    (support,) = pair.supports
    squares = pair.squares(support)
    assert all((s - q).is_zero() for s, q in zip(squares, [fmpq(24, 25), fmpq(6, 25)], strict=True))
    assert pair.polytope_dimension(support) == 0
    assert pair.signs == {support[0]: 1, support[1]: -1}
    for face, expected in zip(support, [(-3, 4), (4, 3)], strict=True):
        direction = pair.direction(face)
        assert all((d - fmpq(e, 5)).is_zero() for d, e in zip(direction, expected, strict=True))


def test_example_2_has_one_residual_with_a_segment_of_squares(engine):
    zero, group = merged(EXAMPLE_2, engine).classes
    assert texts(zero) == [""]
    assert texts(group) == ["+0", "0+", "+0|0+"]
    assert [support_text(vertex.support) for vertex in group.vertices] == ["+0", "0+"]
    assert [group.polytope_dimension(support) for support in group.supports] == [0, 0, 1]
    # q = 25/18 on a vertex, so s = Lambda q = 5/3; half of that on each face of the barycentre.
    values = [[rational(s) for s in group.squares(support)] for support in group.supports]
    assert values == [[fmpq(5, 3)], [fmpq(5, 3)], [fmpq(5, 6), fmpq(5, 6)]]
    assert [group.signs[face] for face in group.supports[2]] == [1, -1]
    assert (group.loss - 6).is_zero()


def test_a_union_wider_than_the_network_is_no_support(engine):
    _, group = merged(EXAMPLE_2.with_width(1), engine).classes
    assert texts(group) == ["+0", "0+"]


def test_the_order_of_the_outcomes_does_not_matter(engine):
    outcomes = solved(EXAMPLE_1, engine)
    expected = [texts(g) for g in merge(Geometry.of(EXAMPLE_1), outcomes).classes]
    shuffled = list(outcomes)
    for seed in range(5):
        random.Random(seed).shuffle(shuffled)
        assert [texts(g) for g in merge(Geometry.of(EXAMPLE_1), shuffled).classes] == expected


def test_a_missing_support_is_named(engine):
    outcomes = solved(EXAMPLE_1, engine)
    for k in (0, 4, len(outcomes) - 1):
        name = support_text(outcomes[k].support)
        with pytest.raises(IncompleteRunError) as caught:
            merge(Geometry.of(EXAMPLE_1), outcomes[:k] + outcomes[k + 1 :])
        assert str(caught.value) == f"support {name} has no outcome"


def test_a_doubled_support_is_named(engine):
    outcomes = solved(EXAMPLE_1, engine)
    for outcome in (outcomes[0], outcomes[-1]):
        with pytest.raises(IncompleteRunError) as caught:
            merge(Geometry.of(EXAMPLE_1), [*outcomes, outcome])
        assert str(caught.value) == f"support {support_text(outcome.support)} was solved twice"


def test_a_stray_support_is_named(engine):
    outcomes = solved(EXAMPLE_1, engine)
    stray = Outcome(Arrangement.of(EXAMPLE_1).live_faces[:3], OutcomeKind.NO_POINT)
    with pytest.raises(IncompleteRunError, match="does not belong to the problem"):
        merge(Geometry.of(EXAMPLE_1), [*outcomes, stray])


def test_an_undecided_support_stays_undecided(engine):
    outcomes = solved(EXAMPLE_1, engine)
    faces = Arrangement.of(EXAMPLE_1)
    pair = (faces.face("+0"), faces.face("0+"))
    lost = [
        Outcome(o.support, OutcomeKind.UNDECIDED, reason="slow") if o.support == pair else o
        for o in outcomes
    ]
    stationary = merge(Geometry.of(EXAMPLE_1), lost)
    assert [(support_text(o.support), o.reason) for o in stationary.undecided] == [
        ("+0|0+", "slow")
    ]
    assert [texts(group) for group in stationary.classes] == [[""], ["+0"], ["0+"]]


def test_without_a_signal_only_the_zero_network_is_stationary(engine):
    problem = Problem.from_text([["0"], ["1"]], ["0", "0"], 2, "1/10")
    (group,) = merged(problem, engine).classes
    assert texts(group) == [""]
    assert group.point.support == ()
    free = Problem.from_text([["0"], ["1"]], ["7", "7"], 2, "1/10", output_bias="free")
    (group,) = merged(free, engine).classes
    assert (group.point.bias - 7).is_zero()
    assert group.loss.is_zero()


# Symmetric data make residuals with several supports frequent.
symmetric = st.tuples(
    st.sampled_from([[-1, 1], [-2, 0, 2], [-1, 0, 1], [0, 0, 1], [1, 1]]),
    st.sampled_from([1, -1]),
    st.sampled_from(["1/4", "1/2", "6/5"]),
    st.sampled_from(["none", "free", "ridge"]),
)


def response(group, face):
    """Return R z on the sites: how f, with the best bias, answers to a unit on the face."""
    sites, direction = group.problem.sites, group.direction(face)
    reached = [dot(direction, site.row) for site in sites]
    on_sites = zip(reached, site_signs(group.problem, face), strict=True)
    return group.problem.residual([value if sign > 0 else value * 0 for value, sign in on_sites])


@settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow])
@given(instance=symmetric)
def test_the_squares_of_every_support_explain_its_residual(instance, engine):
    """Every support is a union of vertices (Lemma 12), which tell its dimension (Lemma 12a)."""
    inputs, parity, ridge, bias = instance
    targets = [x + 1 if parity > 0 else x for x in inputs]
    problem = Problem.from_text([[x] for x in inputs], targets, 2, ridge, output_bias=bias)
    stationary = merged(problem, engine)
    best = problem.residual(problem.means)
    for group in stationary.classes:
        for support in group.supports:
            squares = group.squares(support)
            assert all(square.sign() > 0 for square in squares)
            rows = [response(group, face) for face in support]
            for i in range(len(problem.sites)):
                left = group.residual[i] - best[i]
                for face, row, square in zip(support, rows, squares, strict=True):
                    left = left + row[i] * square * group.signs[face]
                assert left.is_zero()
            inside = [set(v.support) for v in group.vertices if set(v.support) <= set(support)]
            assert set().union(*inside) == set(support)
            if len(inside) > 1:
                assert group.polytope_dimension(support) >= 1


@settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow])
@given(instance=symmetric)
def test_different_classes_have_different_residuals(instance, engine):
    """Lemma 11."""
    inputs, parity, ridge, bias = instance
    targets = [x + 1 if parity > 0 else x for x in inputs]
    problem = Problem.from_text([[x] for x in inputs], targets, 2, ridge, output_bias=bias)
    residuals = [
        [float(r.ball(256).mid()) for r in group.residual]
        for group in merged(problem, engine).classes
    ]
    assert all(
        max(abs(x - y) for x, y in zip(one, other, strict=True)) > 1e-9
        for one, other in combinations(residuals, 2)
    )
