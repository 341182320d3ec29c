"""One further unit beside any kinks of widths (m, 1), and copies of units (Lemma D70)."""

import numpy as np
import pytest
from flint import arb, fmpq

from reluenum import Problem
from reluenum.engines.deep.cells.kinks import Surroundings
from reluenum.engines.deep.cells.witnesses import descent
from reluenum.engines.deep.minimality.bends import Bend
from reluenum.engines.deep.minimality.corners import corners_of
from reluenum.engines.deep.minimality.dormancy import dormancy
from reluenum.engines.deep.minimality.judge import judge
from reluenum.engines.deep.minimality.live import DeepVerdict
from reluenum.engines.deep.minimality.sharing import shareable
from reluenum.engines.deep.minimality.sums import Sum, add_up, shares_of
from reluenum.engines.deep.systems.solve import solve_stratum
from reluenum.engines.deep.systems.stratum import DeepStratum
from reluenum.groebner.backends import open_backends

pytestmark = pytest.mark.seconds(20)


def minima(inputs, targets, ridge, text):
    problem = Problem.from_text([[str(x)] for x in inputs], list(map(str, targets)), [2, 1], ridge)
    with open_backends() as backends:
        found = solve_stratum(problem, DeepStratum.of_text(text), backends).networks
    found = [network for network in found if judge(network).verdict is DeepVerdict.MINIMUM]
    assert found
    return found


NESTED = ([1, -2, 0], [-1, 1, -3], "1/10", "-+0/0+0")
"""The unit below has a kink at 0, where the bias above can follow its bias at no cost."""

SPLIT = ([-2, 1, -1], [2, 3, -3], "1/2", "-+0/0+0")
"""The multiplier of the kink below is 0, and that of the group is not at its site."""


def first_order(corners, d, shifts):
    """Half the slope of the loss, in doubles."""
    value = sum(float(pull.ball(64)) * float(x) for pull, x in zip(corners.pulls, d, strict=True))
    for i, change in corners.answer(d, shifts).items():
        if corners.upper[i] == "+":
            value -= float(corners.residuals[i].ball(64)) * float(change)
        elif corners.sides[0] * change > 0:
            value -= float(corners.totals[i]) * float(change)
    return value


@pytest.mark.parametrize("instance", [NESTED, SPLIT])
def test_no_answer_of_kinks_is_better_than_the_best_corner(instance):
    draw = np.random.default_rng(4)
    for network in minima(*instance):
        corners = corners_of(network, 0)
        size = len(corners.pulls)
        for _ in range(5):
            shifts = {i: fmpq(int(draw.integers(-9, 9)), 8) for i in corners.seen}
            ways = [
                [sum(x * shifts[i] for x, i in zip(line, corners.seen, strict=True)) for line in c]
                for c in corners.corners
            ]
            best = max(-first_order(corners, way, shifts) for way in ways)
            for _ in range(100):
                d = [fmpq(int(draw.integers(-30, 30)), 8) for _ in range(size)]
                assert -first_order(corners, d, shifts) < best + 1e-9


def test_a_gap_beside_a_nested_kink_that_costs_nothing_raises_the_loss():
    for network in minima(*NESTED):
        corners = corners_of(network, 0)
        assert corners.is_nested
        assert corners.copies() is True
        assert shareable(network, 1) == (True,)


def test_a_unit_that_grows_beside_a_nested_kink_is_shown():
    (network,) = minima(*SPLIT)
    corners, around = corners_of(network, 0), Surroundings(network)
    assert corners.one_more() is False
    below = descent(around, corners.growths[0].move(around), "grows")
    assert arb(below.network.loss(network.problem)) < network.loss.ball(128)


def test_a_unit_that_gains_what_it_costs_beside_a_group_is_decided_by_curvature():
    instance = (["17/100", "71/100", "-17/100"], ["-3/25", "1/50", "3/25"], "1/100")
    for network in minima(*instance, "0-+/00+"):
        corners = corners_of(network, 0)
        assert {part.gain() for part in corners.parts()} == {0, -1}
        assert corners.one_more() is True
        assert dormancy(network, 1).harmless


def reduced(problem, lower, upper, squares, X):
    """The reduced loss, from the residual that is dual to it."""
    bend, ridge = Bend(problem, lower, upper), float(problem.effective_ridge)
    columns = bend.columns
    stack = np.array([[float(x) for x in bend.form(i)] for i in columns]).T
    size = len(problem.sites[0].row)
    weights = np.array([*np.repeat(squares, size), X]) / ridge
    on = np.array([upper[i] == "+" for i in columns])
    counts = np.array([problem.sites[i].count for i in columns])
    y = np.array([float(problem.means[i]) for i in columns]) * on
    rho = np.linalg.solve(np.diag(on / counts) + stack.T @ (stack * weights[:, None]), y)
    return y @ rho + ridge * (X + sum(squares) / X)


def test_second_derivatives_of_the_reduced_loss_are_right():
    problem = Problem.from_text([["1"], ["-2"], ["0"]], ["3", "-1", "2"], [2, 1], "1/3")
    lower, upper, point, h = ["+-0", "-++"], "++0", np.array([0.7, 0.4, 1.3]), 1e-4
    form = Bend(problem, lower, upper).hessian([arb(0.7), arb(0.4)], arb(1.3))
    for j in range(3):
        for k in range(3):
            steps = [h * np.eye(3)[j], h * np.eye(3)[k]]
            value = sum(
                a * b * reduced(problem, lower, upper, at[:2], at[2])
                for a in (1, -1)
                for b in (1, -1)
                for at in [point + a * steps[0] + b * steps[1]]
            ) / (4 * h * h)
            assert abs(float(form[j, k].mid()) - value) < 1e-4 * (1 + abs(value))


def test_shares_are_guessed_in_doubles_and_decided_exactly():
    """Lemma D74: beyond their ends, by however little, they prove nothing."""
    little = fmpq(1, 2**70)
    for network in minima(*NESTED):
        corners = corners_of(network, 0)
        assert corners.one_more()
        keys = shares_of(corners)
        assert {j is None for j, _ in keys} == {True, False}
        for corner in corners.corners:
            one = Sum(corners, corner, keys, None)
            shares = one.found()
            assert one.holds(shares)
            for (j, i), share in shares.items():
                end = corners.totals[i] if j is None else shares[None, i]
                side = fmpq(1 if end > 0 else -1)
                assert not one.holds(shares | {(j, i): end + side * little})
                assert not one.holds(shares | {(j, i): -side * little})
                assert share == 0 or share * end > 0
        assert add_up(corners)


def test_two_units_may_gain_together_where_none_gains_alone():
    (network,) = minima([2, -3, 3, 1], [3, 4, -3, -4], "1/10", "-+--/0+00")
    corners = corners_of(network, 0)
    assert corners.one_more()
    assert not add_up(corners)
