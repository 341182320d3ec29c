"""Double zeros of E, which whole numbers make (Lemma D71)."""

import numpy as np
import pytest
from flint import arb, ctx, fmpq

from reluenum import Problem
from reluenum.engines.deep.minimality.bends import Bend
from reluenum.engines.deep.systems.stratum import DeepStratum
from reluenum.engines.towers.folds import double_zero
from reluenum.engines.towers.newton import Inner
from reluenum.verify.deep.exactly.folds import is_double, is_fold, third
from reluenum.verify.deep.inner import path
from reluenum.verify.deep.sites import Sites
from reluenum.verify.deep.towers import State, Tower, Upper

DATA = Problem.from_text([["-1"], ["-1"], ["1"]], ["-1", "-3", "0"], [2, 1], "3")
"""27 n^3 |x|^2 y^4 = 256 ridge^3 at the two points -1."""


def bend():
    return Bend(DATA, ["+0"], "+0")


def inner_minimum(X, T=0.25):
    """T at X, by Newton steps."""
    for _ in range(60):
        slope, curve = bend().gradient([arb(T)], arb(X))[0], bend().hessian([arb(T)], arb(X))[0, 0]
        T -= float((slope / curve).mid())
    return T


def loss(T, X):
    """The reduced loss, in doubles: one site of two points, |x|^2 = 2, y = -2, no bias."""
    rho = -2 / (1 / 2 + 2 * T / 3)
    return -2 * rho + 3 * (X + T / X)


def test_a_rational_double_zero_is_found_and_its_third_derivative_is_right():
    with ctx.workprec(128):
        X, (T,) = double_zero(Inner(DATA, DeepStratum.of_text("+0/+0")), [0.4], 0.6)
        assert (X, T) == (0.5, 0.25)
        assert bend().is_double([fmpq(1, 4)], fmpq(1, 2))
        assert not bend().is_double([fmpq(1, 4)], fmpq(1, 3))
        found = float(bend().third([arb("0.25")], arb("0.5")).mid())
        h = 1e-3
        values = [loss(inner_minimum(0.5 + k * h), 0.5 + k * h) for k in (-2, -1, 1, 2)]
        third_difference = (values[3] - 2 * values[2] + 2 * values[1] - values[0]) / (2 * h**3)
        assert abs(found - third_difference) < 0.01 * found
        assert values == sorted(values)  # so that on one side the loss is smaller


def test_newton_steps_that_lead_nowhere_find_no_double_zero():
    with ctx.workprec(128):
        inner = Inner(DATA, DeepStratum.of_text("+0/+0"))
        for T, X in ((1e300, 1e-300), (0.0, 1e200), (3.0, 1e-9)):
            assert double_zero(inner, [T], X) in (None, (0.5, [0.25]))


def test_the_checker_finds_the_same():
    sites = Sites(
        {
            "x": [["-1"], ["-1"], ["1"]],
            "y": ["-1", "-3", "0"],
            "hidden": [2, 1],
            "ridge": "3",
            "loss": "sum",
            "output_bias": "none",
        }
    )
    tower = Tower(Upper(sites, (1, 0)), [(1, 0)])
    with ctx.workprec(128):
        found = third(State(tower, [arb("0.25")], arb("0.5")))
        assert found.overlaps(bend().third([arb("0.25")], arb("0.5")))
    assert is_double(tower, [fmpq(1, 4)], fmpq(1, 2))
    assert not is_double(tower, [fmpq(1, 4)], fmpq(2, 3))
    low, high = arb("0.4999"), arb("0.5001")
    with ctx.workprec(128):
        found = path(tower, low.union(high), [arb("0.25")])
        assert is_fold(found, low, high)
        assert not is_fold(found, low, low)
        found.squares = [arb("0.26")]  # from which Newton steps lead to a zero elsewhere
        assert not is_fold(found, low, high)


@pytest.mark.parametrize(("inputs", "verdict"), [("1", True), ("2", False)])
def test_a_tie_below_a_constant_of_any_sign_is_not_taken_for_a_double_zero(inputs, verdict):
    problem = Problem.from_text([[inputs]], ["3/2" if verdict else "6/5"], [1, 1], "1")
    square = abs(problem.means[0]) - 1
    form = Bend(problem, ["+"], "+").hessian([arb(0)], arb(square))
    assert bool(np.linalg.det(form.astype(float)) > 0) is verdict
    assert not Bend(problem, ["+"], "+").is_double([fmpq(0)], square)
