"""Which stationary deep networks are local minima."""

from functools import cache
from itertools import product

import numpy as np
import pytest
from flint import arb, ctx, fmpq

from reluenum import Problem
from reluenum.algebra.forms import is_positive_definite, kernel_of
from reluenum.algebra.newton import certified_box, polished
from reluenum.algebra.numbers import IsolatedPoint
from reluenum.engines.deep.cells.jets import jets
from reluenum.engines.deep.cells.kinks import Surroundings
from reluenum.engines.deep.cells.witnesses import (
    Move,
    RationalNetwork,
    network_along,
    step_length,
)
from reluenum.engines.deep.enumeration.strata import strata
from reluenum.engines.deep.minimality.judge import judge
from reluenum.engines.deep.minimality.live import DeepVerdict, rotations
from reluenum.engines.deep.systems.solve import formulated, solve_stratum
from reluenum.engines.deep.systems.stratum import DeepStratum
from reluenum.groebner.backends import open_backends
from tests.support.nearby import rational_network

X = ["-17/100", "44/100", "-1", "-40/100", "-71/100"]
Y = ["5/100", "102/100", "61/100", "-36/100", "-132/100"]

PROTOTYPE = {
    "1/100": [
        2.2851589941,
        2.2932399817,
        2.9473728952,
        2.9679916173,
        2.9773966993,
        3.1122348660,
        3.2160264716,
    ],
    "1/10": [2.6205021112, 2.6822296765, 3.1269466515, 3.2036387495],
}
"""Losses of the minima of widths (1, 1) on five points by the ridge, by another program."""

ABOVE_ZERO = Problem.from_text([["1"], ["-2"]], ["2", "-3"], [1, 1], "7/5")

FLAT = Problem.from_text(
    [
        *([x] for x in ("-2.57", "-1.81", ".2", ".26", ".27", ".35", ".38")),
        *([x] for x in (".59", ".95", "1.54", "2.03", "2.51")),
    ],
    ["5.22", "5.22", ".74", "-1.56", "2.41", "2.06", "-1.82", "-5", "1", "-5", "0", ".7"],
    [3, 1],
    "1/10",
)


def reference(hidden, points, ridge="1/100"):
    return Problem.from_text([[x] for x in X[:points]], Y[:points], hidden, ridge)


def judged_on(problem, *texts):
    """Verdicts of all stationary networks on some strata."""
    with open_backends() as backends:
        found = [solve_stratum(problem, DeepStratum.of_text(text), backends) for text in texts]
    assert not any(outcome.reason for outcome in found)
    return [judge(network) for outcome in found for network in outcome.networks]


@cache
def judged(problem):
    """Verdicts of all stationary networks of a problem that no width is missing of."""
    texts = [s.text for s in strata(problem) if s.widths == problem.hidden]
    return judged_on(problem, *texts)


def losses(problem):
    found = (j.network.loss for j in judged(problem) if j.verdict is DeepVerdict.MINIMUM)
    return sorted(float(loss) for loss in found)


@pytest.mark.parametrize(("ridge", "number"), [("1/100", 56), ("1/10", 36)])
def test_two_layers_of_one_unit_have_the_minima_of_an_independent_prototype(ridge, number):
    problem = reference([1, 1], 5, ridge)
    assert losses(problem) == pytest.approx(PROTOTYPE[ridge], abs=1e-10)
    assert len(judged(problem)) == number


def test_three_layers_on_three_points_have_seven_minima():
    assert len(losses(reference([1, 1, 1], 3))) == 7


@pytest.mark.parametrize(
    "problem",
    [reference([1, 1], 5), reference([1, 1, 1], 3), reference([2, 1], 3)],
    ids=["(1,1)", "(1,1,1)", "(2,1)"],
)
def test_every_stationary_network_is_a_minimum_or_has_a_network_below(problem):
    for found in judged(problem):
        below = found.descent
        assert (found.verdict is DeepVerdict.MINIMUM) == (below is None)
        assert found.verdict is not DeepVerdict.UNDECIDED
        if below is not None:
            assert below.network.loss(problem) == below.loss
            assert arb(below.loss) < found.network.loss.ball(512)


@pytest.mark.parametrize(
    "problem",
    [reference([1, 1], 5), reference([1, 1, 1], 3), reference([2, 1], 3)],
    ids=["(1,1)", "(1,1,1)", "(2,1)"],
)
def test_minima_survive_random_changes(problem):
    random = np.random.default_rng(1)
    for found in judged(problem):
        if found.verdict is DeepVerdict.MINIMUM:
            exact = rational_network(found.network, 300)
            lowest = exact.loss(problem)
            for scale in (-6, -5, -4, -3):
                for _ in range(10):
                    assert changed(exact, random, fmpq(10) ** scale).loss(problem) > lowest


def changed(network, random, scale):
    """A network whose weights are moved at random."""

    def moved(row):
        steps = random.integers(-1000, 1001, len(row))
        return tuple(w + scale * fmpq(int(step), 1000) for w, step in zip(row, steps, strict=True))

    layers = tuple(tuple(map(moved, units)) for units in network.layers)
    return RationalNetwork(layers, moved(network.output))


def test_a_strict_minimum_can_lie_above_the_zero_network():
    saddle, minimum = sorted(judged_on(ABOVE_ZERO, "+-/+0"), key=lambda j: j.verdict.value)[::-1]
    assert minimum.verdict is DeepVerdict.MINIMUM
    assert float(minimum.network.loss) == pytest.approx(13.312741, abs=1e-6)
    assert saddle.verdict is DeepVerdict.SECOND_ORDER
    assert float(minimum.network.loss) > 13 == 2**2 + 3**2


def near(problem, text, start):
    """The stationary network on a stratum next to given values of its unknowns."""
    formulation = formulated(problem, DeepStratum.of_text(text))
    guess = [arb(value) for value in start]
    box = certified_box(formulation.system, lambda _: polished(formulation.system, guess))
    return formulation.network(IsolatedPoint(formulation.system, box, None))


def test_a_flat_piece_holds_a_minimum_with_dependent_kinks():
    text = "++++++++++--,--++++++++++,-------+++++/+++++++000++"
    slopes = [-0.8596, 1.6002, -1.395, -2.2672, 2.2546, -1.0286, 1.6957]
    start = [*slopes, 0.0049, -0.0231, 3.6886, 5.4055, 5.0322, 4.1233]
    found = judge(near(FLAT, text, start))
    assert found.network.is_stationary
    around = Surroundings(found.network)
    assert (len(around.kinks), len(around.basic)) == (3, 2)
    assert found.verdict is DeepVerdict.MINIMUM
    assert float(found.network.loss) == pytest.approx(67.7037752487, abs=1e-10)


def test_where_two_layers_share_a_kink_critical_cones_decide():
    """At the best minimum b = 0 in layers 2 and 3, over the same points: mu_2 = W mu_3."""
    (*_, best) = sorted(
        judged_on(reference([1, 1, 1], 5), "++---/++000/++000"),
        key=lambda j: -float(j.network.loss),
    )
    around = Surroundings(best.network)
    assert [[s.sign() for s in pair] for pair in around.slopes] == [[1, 0], [1, 1]]
    assert best.verdict is DeepVerdict.MINIMUM
    assert float(best.network.loss) == pytest.approx(2.29473935669, abs=1e-10)


def test_kinks_beside_a_flat_piece_are_dependent_through_the_unit_below():
    """Kinks of layer 2 at three points of a piece that ends at a kink of layer 1."""
    found = judged_on(reference([2, 1], 5), "++-+0,++-0-/00+0+")
    assert found
    for one in found:
        around = Surroundings(one.network)
        assert len(around.basic) == len(around.kinks) - 1
        assert one.verdict is DeepVerdict.FIRST_ORDER


def test_a_group_of_rank_two_is_a_minimum_up_to_rotations():
    """Two first-layer units on one face, which turn into each other along a curve."""
    inputs = [["-38/100"], ["-12/100"], ["12/100"], ["77/100"]]
    targets = ["577/100", "7", "375/100", "-664/100"]
    problem = Problem.from_text(inputs, targets, [2, 2], "1/10")
    (found,) = judged_on(problem, "++++,++++/++++,--++")
    assert float(found.network.loss) == pytest.approx(3.248353718866689, abs=1e-14)
    with ctx.workprec(160):
        local = jets(Surroundings(found.network), 128)
        (tangent,) = rotations(local)
        form = local.hessian(())
        assert all(entry.contains(0) for entry in form @ tangent)
        assert not is_positive_definite(form)
        assert is_positive_definite(form + np.outer(tangent, tangent))
    assert found.verdict is DeepVerdict.MINIMUM


def test_the_constant_network_of_one_layer_of_three_is_no_minimum():
    """W = b = e in the dead layers changes the loss by 2 e^2 (1 - sqrt 2)."""
    problem = Problem.from_text([["0"]], ["3"], [1, 1, 1], "1")
    (found,) = judged_on(problem, "//+")
    assert float(found.network.loss) == 5
    assert found.verdict is DeepVerdict.SECOND_ORDER
    assert found.descent.network.loss(problem) < 5
    (other,) = judged_on(problem, "/+/+")
    assert other.verdict is DeepVerdict.MINIMUM


def test_multipliers_of_a_minimum_are_strict_on_both_sides():
    for found in judged(reference([1, 1], 5)):
        if found.verdict is DeepVerdict.MINIMUM:
            for off, on in Surroundings(found.network).slopes:
                assert off.sign() == on.sign() == 1


def test_all_kinks_of_every_cell_vanish_where_basic_ones_do():
    """Directions that basic kinks do not see, with all kinks off, no kink of any cell sees."""
    (first, *_) = judged_on(reference([2, 1], 5), "++-+0,++-0-/00+0+")
    around = Surroundings(first.network)
    kinks = len(around.kinks)
    with ctx.workprec(160):
        local = jets(around, 128)
        kernel = kernel_of(local.gradients((False,) * kinks)[list(around.basic)])
        for cell in product((False, True), repeat=kinks):
            assert all(entry.contains(0) for entry in (local.gradients(cell) @ kernel).ravel())


def test_the_lagrangian_is_stationary():
    for found in judged(reference([1, 1, 1], 3)):
        with ctx.workprec(160):
            assert all(b.contains(0) for b in jets(Surroundings(found.network), 128).stationarity())


def test_the_form_is_the_second_derivative_of_the_loss_inside_a_cell():
    problem = Problem.from_text([["1"], ["2"]], ["2", "3"], [1, 1], "1/10")
    networks = [j.network for j in judged_on(problem, "++/++")]
    random = np.random.default_rng(2)
    assert networks
    for network in networks:
        with ctx.workprec(400):
            local = jets(Surroundings(network), 368)
            direction = random.integers(1, 10, local.size)
            form = direction @ local.hessian(()) @ direction
            here, there, back = (
                network_along(local, Move((), direction), fmpq(k, 10**20)).loss(problem)
                for k in (0, 1, -1)
            )
            step = step_length(local, Move((), direction)) / 10**20
            quotient = (arb(there) + arb(back) - 2 * arb(here)) / (step * step)
        assert float((quotient / form).mid()) == pytest.approx(1, abs=1e-15)


def test_a_saddle_next_to_the_zero_network_has_a_descent_although_most_steps_are_too_long():
    """Its weights are of the order 1e-4 beside 1, so that long steps lose the kink they keep."""
    problem = Problem.from_text([["2"], ["-2"], ["1"]], ["2", "-2", "0"], [1, 1], "1/100")
    found = judged_on(problem, "+-+/0++")
    assert found
    for one in found:
        if one.verdict is not DeepVerdict.MINIMUM:
            assert arb(one.descent.network.loss(problem)) < one.network.loss.ball(512)


def test_numbers_too_far_apart_for_guesses_in_doubles_leave_strata_open():
    problem = Problem.from_text([["1"], ["-2"], ["3"]], ["2e20", "-3e20", "1e20"], [1, 1], "1/10")
    stratum = DeepStratum.of_text("+-+/+0+")
    with open_backends("flint") as backends:
        found = [judge(one) for one in solve_stratum(problem, stratum, backends).networks]
    assert any("a guess in doubles failed" in one.reason for one in found)
    assert all(one.verdict is DeepVerdict.UNDECIDED or one.descent for one in found)
