"""The optimisers' loss is the problem's, their gradient its derivative, their starts are fair."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reluenum import InputError, Problem
from reluenum.errors import MissingExtraError
from reluenum.optimisers import OPTIMISERS, Objective, optimiser
from reluenum.optimisers.steps import drawn_emphasis
from tests.support.oracles import Data, Network, decimals, random_problem

PROBLEMS = {
    "line": random_problem(1, 5, 1, 3, "1/10"),
    "plane, free bias": random_problem(2, 4, 2, 2, "1/20", output_bias="free"),
    "mean, ridge on the bias": random_problem(3, 5, 1, 2, "1/7", loss="mean", output_bias="ridge"),
}

every_problem = pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)

LOCAL = [name for name in OPTIMISERS if not name.startswith("torch")]


def starts_of(problem, count, seed=0):
    objective = Objective(problem)
    return objective, objective.pack(objective.starts(count, np.random.default_rng(seed)))


@every_problem
def test_values_are_those_of_the_definition(problem):
    objective, theta = starts_of(problem, 5)
    data, networks = Data(problem), objective.unpack(theta)
    scale = float(problem.loss_scale)
    for k, value in enumerate(objective.evaluate(theta)[0]):
        weights, bias = networks.weights[k].tolist(), float(networks.bias[k])
        units = [decimals(map(repr, unit)) for unit in networks.units[k].tolist()]
        network = Network(decimals(map(repr, weights)), units, decimals([repr(bias)])[0])
        assert scale * value == pytest.approx(float(data.loss(network)), rel=1e-12)


@every_problem
def test_gradients_are_difference_quotients(problem):
    objective, theta = starts_of(problem, 40)
    emphasis = np.random.default_rng(1).integers(0, 3, (40, problem.size)).astype(float)
    _, slopes = objective.evaluate(theta, emphasis)
    for k, step in enumerate(1e-6 * np.eye(theta.shape[1])):
        ahead, behind = (objective.evaluate(theta + s, emphasis)[0] for s in (step, -step))
        quotients = (ahead - behind) / 2e-6
        kinked = np.abs(quotients - slopes[:, k]) > 1e-4 * (1 + np.abs(quotients))
        assert kinked.mean() <= 0.05  # a kink between the two points


@every_problem
def test_the_best_bias_is_best(problem):
    objective, theta = starts_of(problem, 6)
    best = objective.with_best_outer(objective.unpack(theta))
    value = objective.values(best)
    for shift in (-1e-3, 1e-3):
        if objective.biased:
            moved = objective.pack(best)
            moved[:, -1] += shift
            assert (objective.evaluate(moved)[0] > value).all()


def test_packing_loses_nothing():
    objective, theta = starts_of(PROBLEMS["plane, free bias"], 7)
    assert (objective.pack(objective.unpack(theta)) == theta).all()


@given(st.integers(1, 6), st.integers(1, 9), st.integers(0, 99))
@settings(max_examples=30)
def test_a_step_of_sgd_uses_its_share_of_the_points(runs, points, seed):
    share = 0.4
    emphasis = drawn_emphasis(share, np.random.default_rng(seed), (runs, points))
    chosen = max(1, round(share * points))
    assert ((emphasis > 0).sum(axis=1) == chosen).all()
    assert emphasis.sum(axis=1) == pytest.approx(points)


def test_sgd_is_right_on_average():
    draws = drawn_emphasis(0.4, np.random.default_rng(0), (20_000, 5))
    assert draws.mean(axis=0) == pytest.approx(np.ones(5), abs=0.03)


@pytest.mark.parametrize("name", LOCAL)
@every_problem
def test_training_lowers_the_loss(problem, name):
    objective, theta = starts_of(problem, 20)
    before = objective.evaluate(theta)[0]
    ends = optimiser(name, 400)(objective, theta.copy(), np.random.default_rng(0))
    assert ends.shape == theta.shape
    after = objective.evaluate(ends)[0]
    assert np.median(after) < 0.9 * np.median(before)
    if name in ("gd", "lbfgs"):
        assert (after <= before).all()


@pytest.mark.parametrize("name", LOCAL)
def test_runs_do_not_depend_on_their_neighbours(name):
    objective, theta = starts_of(PROBLEMS["line"], 6)
    generator = np.random.default_rng
    together = optimiser(name, 50)(objective, theta, generator(0))
    alone = optimiser(name, 50)(objective, theta[:1], generator(0))
    if name != "sgd":  # which draws its points for all runs together
        assert alone[0] == pytest.approx(together[0], rel=1e-9)
    assert (theta == starts_of(PROBLEMS["line"], 6)[1]).all()  # the starts stay as they were


def test_starts_see_the_data_wherever_these_are():
    """Moving and stretching the inputs moves and stretches the kinks of the starts with them."""
    inputs, targets = [["0"], ["1"], ["3"], ["4"]], ["1", "0", "2", "1"]
    moved = [[str(1000 + 50 * int(x))] for ((x,),) in zip(inputs, strict=True)]
    shares = []
    for rows in (inputs, moved):
        objective = Objective(Problem.from_text(rows, targets, 1, "1/10"))
        networks = objective.starts(4000, np.random.default_rng(3))
        signs = np.sign(networks.units[:, 0] @ objective.rows.T)
        shares.append((np.abs(signs.sum(axis=1)) < 4).mean())
    assert shares[0] == pytest.approx(shares[1], abs=0.04)
    assert 0.2 < shares[0] < 0.9


def test_an_unknown_optimiser_is_refused():
    with pytest.raises(InputError, match="one of gd, sgd, adam, lbfgs"):
        optimiser("newton")


@pytest.mark.parametrize("name", ["gd", "sgd", "adam"])
@every_problem
def test_pytorch_takes_the_same_steps(problem, name):
    pytest.importorskip("torch", reason="PyTorch is not installed (extra torch)")
    objective, theta = starts_of(problem, 8)
    ours, theirs = (
        optimiser(prefix + name, 150)(objective, theta, np.random.default_rng(5))
        for prefix in ("", "torch-")
    )
    assert theirs == pytest.approx(ours, abs=1e-9)


def test_the_lbfgs_of_pytorch_goes_downhill():
    pytest.importorskip("torch", reason="PyTorch is not installed (extra torch)")
    objective, theta = starts_of(PROBLEMS["line"], 4)
    ends = optimiser("torch-lbfgs", 100)(objective, theta, np.random.default_rng(0))
    assert (objective.evaluate(ends)[0] < objective.evaluate(theta)[0]).all()


def test_without_pytorch_its_optimisers_say_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    objective, theta = starts_of(PROBLEMS["line"], 1)
    with pytest.raises(
        MissingExtraError, match=r"torch is not installed; `pip install 'reluenum\[torch\]'`"
    ):
        optimiser("torch-adam", 1)(objective, theta, np.random.default_rng(0))
