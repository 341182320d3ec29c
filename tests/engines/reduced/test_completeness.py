"""Theorem E: nothing is missing, whatever the engine says, and projections are projections."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from reluenum.engines.reduced.completeness import KnownResiduals, proved_complete
from reluenum.engines.reduced.outcomes import Outcome, OutcomeKind, solve_support
from reluenum.geometry.arrangement import Arrangement
from reluenum.geometry.supports import support_text, supports
from reluenum.groebner.backends import open_backends
from reluenum.landscape.dual import dual_excess
from reluenum.landscape.points import zero_network
from reluenum.problem import Problem

EXAMPLE_1 = Problem.from_text([["-3/4"], ["4/3"]], ["2", "-1"], 2, "1")

GENERIC = Problem.from_text([["-1"], ["1/3"], ["2"]], ["1", "-2", "3"], 2, "1/9")


@pytest.fixture(scope="module")
def engine():
    with open_backends("flint") as opened:
        yield opened


def solved(problem, engine):
    """The outcome of every support, smaller supports first."""
    arrangement = Arrangement.of(problem)
    return [solve_support(problem, s, engine) for s in supports(arrangement, problem.width)]


def without_point(outcomes, text, verdict=OutcomeKind.NO_POINT, reason=""):
    """The outcomes with the point of one support lost."""
    assert text in {support_text(o.support) for o in outcomes}
    return [
        Outcome(o.support, verdict, reason=reason) if support_text(o.support) == text else o
        for o in outcomes
    ]


def texts(outcomes):
    return [support_text(outcome.support) for outcome in outcomes]


def test_a_complete_run_leaves_nothing_undecided(engine):
    outcomes = solved(EXAMPLE_1, engine)
    proved = proved_complete(EXAMPLE_1, outcomes)
    assert proved.undecided == ()
    assert texts(proved.stationary) == ["+0", "0+", "+0|0+"]
    without = [o for o in outcomes if o.point is None]
    assert proved.reduced == len(without)


@pytest.mark.parametrize("problem", [EXAMPLE_1, GENERIC], ids=["example 1", "generic"])
def test_every_lost_point_is_noticed(problem, engine):
    outcomes = solved(problem, engine)
    with_point = [o for o in outcomes if o.point is not None]
    assert len(with_point) > 3
    for lost in with_point:
        text = support_text(lost.support)
        proved = proved_complete(problem, without_point(outcomes, text))
        found = {support_text(o.support): o.reason for o in proved.undecided}
        assert found[text] == "the engine reports no point, but Theorem E proves that there is one"
        assert all(given_up.reason for given_up in proved.undecided)
        # Supports that contain it can be undecided as a consequence, and no others.
        for other, reason in found.items():
            assert set(text.split("|")) <= set(other.split("|"))
            if other != text:
                assert reason == "a smaller support inside it is undecided"


def test_an_engine_that_gave_up_on_a_reducible_support_is_not_missed(engine):
    outcomes = solved(GENERIC, engine)
    reducible = [support_text(o.support) for o in outcomes if o.point is None]
    assert reducible
    for text in reducible:
        changed = without_point(
            outcomes, text, OutcomeKind.UNDECIDED, "flint: not solved within 1 s"
        )
        proved = proved_complete(GENERIC, changed)
        assert proved.undecided == ()
        assert proved.reduced == len(reducible)


def test_an_engine_that_gave_up_on_an_essential_support_keeps_its_reason(engine):
    outcomes = solved(EXAMPLE_1, engine)
    changed = without_point(
        outcomes, "+0|0+", OutcomeKind.UNDECIDED, "flint: not solved within 1 s"
    )
    proved = proved_complete(EXAMPLE_1, changed)
    assert [o.reason for o in proved.undecided] == ["flint: not solved within 1 s"]
    assert texts(proved.stationary) == ["+0", "0+"]


def test_without_any_engine_only_reducible_supports_are_decided():
    outcomes = [
        Outcome(s, OutcomeKind.UNDECIDED, reason="asleep")
        for s in supports(Arrangement.of(EXAMPLE_1), 2)
    ]
    proved = proved_complete(EXAMPLE_1, outcomes)
    assert proved.stationary == ()
    # At the zero network r = y, |u|^2 is 25/4 on +0 and +-, 25/9 on 0+ and -+, 325/36 on ++.
    assert len(proved.undecided) == len(outcomes)
    easy = replace(EXAMPLE_1, ridge=EXAMPLE_1.ridge * 4)
    proved = proved_complete(easy, outcomes)
    assert (proved.undecided, proved.reduced) == ((), len(outcomes))


instances = st.tuples(
    st.lists(
        st.tuples(st.integers(-2, 2), st.integers(-3, 3).filter(bool)), min_size=1, max_size=3
    ),
    st.sampled_from(["1/2", "1", "7/3"]),
    st.sampled_from(["none", "free", "ridge"]),
)


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(instance=instances)
def test_every_support_is_either_reducible_or_essential(instance, engine):
    data, ridge, bias = instance
    inputs, targets = [[x] for x, _ in data], [y for _, y in data]
    problem = Problem.from_text(inputs, targets, 2, ridge, output_bias=bias)
    points = {(): zero_network(problem)}
    for outcome in solved(problem, engine):
        support = outcome.support
        excesses = [
            (face, dual_excess(points[smaller], face).sign())
            for face in support
            for smaller in [tuple(other for other in support if other is not face)]
        ]
        reducing = [face for face, sign in excesses if sign <= 0]
        assert bool(reducing) != (outcome.point is not None)
        if outcome.point is not None:
            points[support] = outcome.point
            for face in support:
                assert dual_excess(outcome.point, face).sign() == 0
        else:
            points[support] = points[tuple(f for f in support if f is not reducing[0])]


def test_projections_know_what_they_were_told(engine):
    arrangement = Arrangement.of(EXAMPLE_1)
    single, pair = (arrangement.face("+0"),), (arrangement.face("+0"), arrangement.face("0+"))
    known = KnownResiduals(EXAMPLE_1)
    assert known.knows_inside(single)
    assert not known.knows_inside(pair)
    assert not known.reduce(single)
    for support in (single, pair[1:]):
        known.record(solve_support(EXAMPLE_1, support, engine).point)
    assert known.knows_inside(pair)
    assert not known.reduce(pair)
    # The cell +- has the same u as its boundary +0, whose constraint is tight there.
    assert known.reduce((arrangement.face("+-"), arrangement.face("+0")))


def numeric_projection(problem, support):
    """Project R y on C_S by sequential quadratic programming, in floats and from scratch."""
    rows = np.array([[float(e.p) / float(e.q) for e in row] for row in problem.rows])
    targets = np.array([float(e.p) / float(e.q) for e in problem.targets])
    ridge = float(problem.effective_ridge.p) / float(problem.effective_ridge.q)
    n = len(targets)
    share = {"none": 0, "free": 1 / n, "ridge": 1 / (n + ridge)}[problem.output_bias.value]
    best = np.eye(n) - share * np.ones((n, n))
    maps = []
    for face in support:
        zeros = rows[[i for i, s in enumerate(face.signs) if s == "0"]]
        flat = np.eye(rows.shape[1]) - np.linalg.pinv(zeros) @ zeros
        active = np.array([s == "+" for s in face.signs])
        maps.append(flat @ (rows * active[:, None]).T @ best)
    # With r = R e, the squared distance to R y is (e - y)' R (e - y).
    result = minimize(
        lambda e: (e - targets) @ best @ (e - targets),
        np.zeros(n),
        jac=lambda e: 2 * best @ (e - targets),
        constraints=[
            {
                "type": "ineq",
                "fun": lambda e, u=u: 1 - (u @ e) @ (u @ e) / ridge**2,
                "jac": lambda e, u=u: -2 * (u @ e) @ u / ridge**2,
            }
            for u in maps
        ],
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 1000},
    )
    return best @ result.x


@pytest.mark.parametrize("bias", ["none", "free", "ridge"])
def test_certified_points_are_the_projections_that_an_optimiser_finds(bias, engine):
    inputs = [["-17/100"], ["11/25"], ["-1"], ["-2/5"]]
    problem = Problem.from_text(
        inputs, ["1/20", "51/50", "61/100", "-9/25"], 2, "1/10", "sum", bias
    )
    arrangement = Arrangement.of(problem)
    chosen = list(supports(arrangement, 2))[4::9]
    compared = 0
    for support in chosen:
        point = solve_support(problem, support, engine).point
        if point is None:
            continue
        exact = [float(r.ball(128).mid()) for r in point.residual]
        assert exact == pytest.approx(numeric_projection(problem, support), abs=1e-5)
        compared += 1
    assert compared >= 5
