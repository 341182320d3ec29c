"""Deep networks in doubles: the loss, its gradient, stationary points nearby, and perturbations."""

from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq

from reluenum import Problem
from reluenum.datasets.families import reference_data
from reluenum.optimisers import OPTIMISERS, optimiser
from reluenum.optimisers.deep_networks import DeepObjective
from reluenum.optimisers.deep_settling import Equations, Snapped, stationary_points
from reluenum.optimisers.perturbations import ExactNetwork, lower_neighbours
from reluenum.optimisers.steps import Adam

pytestmark = pytest.mark.seconds(8)

INPUTS, TARGETS = [[-1, "1/2"], [0, 1], ["1/3", "-1/4"], [2, 0]], [1, "-1/2", 2, "1/4"]

PROBLEMS = {
    "1, 1": Problem.from_text([["-1"], ["1/2"], ["2"]], [1, -1, "1/3"], [1, 1], "1/10"),
    "2, 3 in the plane": Problem.from_text(INPUTS, TARGETS, [2, 3], "1/20", "mean"),
    "2, 1, 2 in the plane": Problem.from_text(INPUTS, TARGETS, [2, 1, 2], "1/7"),
}

every_problem = pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)

KNOWN = ("2.2851589941", "2.2932399817", "2.9473728952", "2.9679916173", "2.9773966993")
KNOWN += ("3.1122348660", "3.2160264716")
"""The minima of widths (1, 1) on the reference at the ridge 1/100, from an independent program."""


def by_definition(problem, row):
    """Return the loss of a row of parameters in fractions, written as the definition reads."""
    left = iter([Fraction(*float(entry).as_integer_ratio()) for entry in row])
    below, layers = problem.dimension, []
    for width in problem.hidden:
        layers.append([[next(left) for _ in range(below + 1)] for _ in range(width)])
        below = width
    output = list(left)
    found = sum(Fraction(*float(entry).as_integer_ratio()) ** 2 for entry in row)
    found *= Fraction(int(problem.effective_ridge.p), int(problem.effective_ridge.q))
    for inputs, target in zip(problem.inputs, problem.targets, strict=True):
        h = [Fraction(int(x.p), int(x.q)) for x in inputs]
        for layer in layers:
            h = [max(sum(w * x for w, x in zip(u, [*h, 1], strict=True)), 0) for u in layer]
        fitted = sum(w * x for w, x in zip(output, h, strict=True))
        found += (Fraction(int(target.p), int(target.q)) - fitted) ** 2
    return found


def rationals(row):
    return [fmpq(*float(entry).as_integer_ratio()) for entry in row]


@every_problem
def test_deep_losses_are_those_of_the_definition(problem):
    objective = DeepObjective(problem)
    theta = objective.draw(4, np.random.default_rng(0))
    for row, value in zip(theta, objective.evaluate(theta)[0], strict=True):
        exact = by_definition(problem, row)
        assert value == pytest.approx(float(exact), rel=1e-12)
        loss = ExactNetwork.of_parameters(problem, rationals(row)).loss
        assert (int(loss.p), int(loss.q)) == exact.as_integer_ratio()


@every_problem
def test_deep_gradients_are_difference_quotients(problem):
    objective, generator = DeepObjective(problem), np.random.default_rng(1)
    theta = objective.draw(40, generator)
    emphasis = generator.integers(0, 3, (40, problem.size)).astype(float)
    _, slopes = objective.evaluate(theta, emphasis)
    for k, step in enumerate(1e-6 * np.eye(theta.shape[1])):
        ahead, behind = (objective.evaluate(theta + s, emphasis)[0] for s in (step, -step))
        quotients = (ahead - behind) / 2e-6
        kinked = np.abs(quotients - slopes[:, k]) > 1e-4 * (1 + np.abs(quotients))
        assert kinked.mean() <= 0.05  # a kink between the two points


@pytest.mark.parametrize("name", OPTIMISERS)
def test_every_optimiser_lowers_the_loss_of_deep_networks(name):
    if name.startswith("torch"):
        pytest.importorskip("torch")
    objective = DeepObjective(PROBLEMS["2, 1, 2 in the plane"])
    starts = objective.draw(3, np.random.default_rng(2))
    ends = optimiser(name, 30)(objective, starts, np.random.default_rng(0))
    assert (objective.evaluate(ends)[0] < objective.evaluate(starts)[0]).all()


def test_torch_and_numpy_take_the_same_steps():
    pytest.importorskip("torch")
    objective = DeepObjective(PROBLEMS["2, 3 in the plane"])
    starts = objective.draw(5, np.random.default_rng(3))
    ends = [optimiser(n, 200)(objective, starts, np.random.default_rng(0)) for n in ("adam", "gd")]
    others = (optimiser(f"torch-{n}", 200) for n in ("adam", "gd"))
    for end, other in zip(ends, others, strict=True):
        again = other(objective, starts, np.random.default_rng(0))
        assert np.abs(end - again).max() <= 1e-6


def test_the_matrix_of_the_equations_is_their_derivative():
    objective = DeepObjective(PROBLEMS["2, 3 in the plane"])
    theta = objective.draw(1, np.random.default_rng(5))
    snapped = Snapped.of(objective, objective.networks(theta), 0.3)
    assert [int(kinks.sum()) for kinks in snapped.kinks] == [2, 4]
    equations = Equations(objective, snapped)
    size = snapped.network.theta.shape[1] + sum(int(kinks.sum()) for kinks in snapped.kinks)
    point = np.random.default_rng(5).standard_normal(size)
    steps = 1e-6 * np.eye(size)
    quotients = (equations(point + steps) - equations(point - steps)).T / 2e-6
    assert np.abs(equations.matrix(point) - quotients).max() <= 1e-7 * np.abs(quotients).max()


@pytest.fixture(scope="module")
def found():
    """Return stationary points of widths (1, 1) on the reference, by the end points of Adam."""
    problem = Problem(*reference_data(), (1, 1), fmpq(1, 100))
    objective, generator = DeepObjective(problem), np.random.default_rng(0)
    ends = Adam(4000)(objective, objective.draw(250, generator), generator)
    points = {
        (p.texts(), round(objective.loss_of(p.network), 9)): p  # a stratum can have two
        for end in ends
        for p in stationary_points(objective, end)
    }
    return objective, list(points.values())


def test_the_known_minima_of_the_reference_are_met(found):
    objective, points = found
    losses = [objective.loss_of(point.network) for point in points]
    for known in KNOWN:
        assert min(abs(loss - float(known)) for loss in losses) < 1e-10


def test_stationary_points_are_balanced(found):
    _, points = found
    for point in points:
        layers, output = point.network.layers, point.network.output
        if not len(output):
            continue
        above = [np.abs(layer[:, :-1, 0]) for layer in layers[1:]] + [np.abs(output.T)]
        for layer, out in zip(layers, above, strict=True):
            assert (layer[..., 0] ** 2).sum(axis=1) == pytest.approx((out**2).sum(axis=0))


def test_minima_survive_perturbations_and_some_saddles_do_not(found):
    objective, points = found
    lowered = {}
    for point in points:
        loss = objective.loss_of(point.network)
        if any(len(signs) == 0 for signs in point.signs):
            continue
        network = ExactNetwork.of_parameters(objective.problem, rationals(point.network.theta[0]))
        lowered[loss] = lower_neighbours(network, 3000, np.random.default_rng(6))
    minima = [loss for loss in lowered if min(abs(loss - float(known)) for known in KNOWN) < 1e-9]
    assert len(minima) == len(KNOWN)
    assert all(lowered[loss] == 0 for loss in minima)
    assert any(lowered[loss] > 0 for loss in lowered if loss not in minima)


def test_a_perturbation_too_small_for_doubles_is_judged_exactly():
    problem = Problem.from_text([["0"]], ["1"], [1, 1], "1/10")
    zero = ExactNetwork.of_parameters(problem, [fmpq(0)] * 5)
    assert lower_neighbours(zero, 300, np.random.default_rng(7)) > 0  # |sum y| > ridge
    calm = Problem.from_text([["0"]], ["1/11"], [1, 1], "1/10")
    zero = ExactNetwork.of_parameters(calm, [fmpq(0)] * 5)
    assert lower_neighbours(zero, 300, np.random.default_rng(7)) == 0
