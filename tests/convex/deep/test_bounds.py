"""Lower bounds by Theorem D11: below every network with two hidden layers, near the best."""

from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq

from reluenum import InputError, Problem, enumerate_minima
from reluenum.convex.deep.bounds import best_listed, bound_loss
from reluenum.convex.deep.boxes import TwoLayers
from reluenum.convex.deep.cones import first_layer_cones
from reluenum.convex.deep.upper import good_network
from reluenum.errors import IncompleteRunError, TooManySupportsError
from tests.support.deep_networks import loss_of
from tests.support.oracles import random_problem

pytestmark = pytest.mark.seconds(60)

REFERENCE = [["-17/100"], ["44/100"], ["-1"]], ["5/100", "102/100", "61/100"]


def reference(*hidden, ridge="1/100"):
    return Problem.from_text(*REFERENCE, list(hidden), ridge)


def of_widths(problem, *hidden):
    return Problem(problem.inputs, problem.targets, list(hidden), problem.ridge, problem.loss)


def first_layer(of, box, generator):
    """A random first layer of a box."""
    place = generator.uniform(box.low, box.high)
    rays = [np.array([[float(e) for e in ray] for ray in of.cones[c].rays]) for c in box.cones]
    return np.array([place[of.part(j)] @ rays[j] for j in range(len(rays))])


# ---------------------------------------------------------------------------------------- bounds


@pytest.mark.parametrize(
    ("hidden", "gap"), [((1, 1), fmpq(1, 1000)), ((1, 2), fmpq(1, 200)), ((2, 1), fmpq(3, 10))]
)
def test_the_bound_is_below_every_minimum_and_close_to_the_best(hidden, gap):
    problem = reference(*hidden)
    engine = "groebner" if hidden == (1, 1) else "certified"
    listed = None if hidden == (1, 2) else enumerate_minima(problem, engine=engine).document
    found = bound_loss(problem, gap, minima=listed)
    assert found.is_reached
    assert found.lower < found.upper
    for component in listed["components"] if listed else ():
        assert Fraction(found.lower) <= Fraction(component["loss_interval"][0])
    if listed:
        best = Fraction(listed["components"][0]["loss_interval"][1])
        assert 0 <= Fraction(found.upper) - best < 1e-12
        assert Fraction(found.lower) >= best * (1 - Fraction(int(gap.p), int(gap.q)))


@pytest.mark.parametrize(("hidden", "seed"), [((1, 1), 1), ((1, 1), 2), ((1, 3), 1), ((2, 2), 2)])
def test_lemma_d40_no_network_of_a_box_has_a_smaller_loss_than_its_bound(hidden, seed):
    """First layers are drawn in each box; second layers from units that fit what is known."""
    problem = of_widths(random_problem(seed, 4, 1, 2, "1/10"), *hidden)
    of, generator = TwoLayers(problem), np.random.default_rng(seed)
    found = bound_loss(problem, fmpq(1, 100), boxes=100)
    tried = 0
    for leaf in (leaf for tree in found.tiles.trees for leaf in tree.leaves()):
        for _ in range(20):
            first = first_layer(of, leaf.box, generator)
            scale = generator.exponential(size=(hidden[1], 1))
            second = scale * generator.normal(size=(hidden[1], hidden[0] + 1))
            output = generator.normal(size=hidden[1]) * scale[:, 0]
            if fits(of, leaf.box, first, second, output):
                tried += 1
                least = leaf.bound.value + float(problem.scatter)
                assert loss_of(problem, first, second, output) >= least
    assert tried > 100


def fits(of, box, first, second, output):
    """Whether each second-layer unit is allowed in the slot of its number."""
    x = np.array([[float(entry) for entry in site.row] for site in of.problem.sites])
    lower = np.maximum(x @ first.T, 0)
    sides = np.column_stack([lower, np.ones(len(x))]) @ second.T > 0
    return all(
        slot.sign in (0, 1 if w > 0 else -1)
        and all(side or not slot.inside >> i & 1 for i, side in enumerate(column))
        and not any(side and slot.outside >> i & 1 for i, side in enumerate(column))
        for slot, column, w in zip(box.slots, sides.T, output, strict=False)
    )


def test_the_best_constant_of_one_point_is_proved_to_be_best():
    """By hand: (1 - c)^2 + 2 lambda c is least at c = 1 - lambda, where no first layer helps."""
    problem = Problem.from_arrays([0], [1], width=[1, 1], ridge=0.5)
    found = bound_loss(problem, fmpq(1, 1000))
    assert found.is_reached
    assert found.lower <= Fraction(3, 4) <= found.upper
    assert found.tiles.any_upper_width


def test_nothing_is_better_than_nothing_without_targets():
    found = bound_loss(Problem.from_arrays([0, 1, 3], [0, 0, 0], width=[2, 1], ridge=0.1))
    assert (found.lower, found.upper, found.gap, found.is_reached) == (0, 0, 0, True)


def test_the_zero_network_is_best_at_a_large_ridge():
    problem = Problem.from_arrays([-1, 0, 1], [1, -2, 1], width=[2, 2], ridge=3)
    found = bound_loss(problem, fmpq(1, 10**6))
    assert found.is_reached
    assert found.upper == 6


def test_equal_inputs_and_the_mean_loss_are_other_words_for_the_same_problem():
    """The mean of n squares with a ridge is their sum with n times the ridge, divided by n."""
    twice = {"X": [-1, 0, -1, 0], "y": [1, 2, 1, 2], "width": [1, 1]}
    total = bound_loss(Problem.from_arrays(**twice, ridge=0.4), fmpq(1, 50))
    mean = bound_loss(Problem.from_arrays(**twice, ridge=0.1, loss="mean"), fmpq(1, 50))
    once = bound_loss(Problem.from_arrays([-1, 0], [1, 2], [1, 1], ridge=0.2), fmpq(1, 50))
    assert float(mean.upper) == pytest.approx(float(total.upper) / 4, abs=1e-9)
    assert float(once.upper) == pytest.approx(float(total.upper) / 2, abs=1e-9)
    bounds = [(b.lower / k, b.upper / k) for b, k in ((total, 4), (once, 2), (mean, 1))]
    assert all(low <= high for low, _ in bounds for _, high in bounds)
    assert all(bound.is_reached for bound in (total, once, mean))


def test_more_second_layer_units_have_no_larger_bound():
    """A bound that asks nothing about the second layer holds for any number of its units."""
    wide = bound_loss(reference(1, 3), fmpq(1, 20))
    assert wide.tiles.any_upper_width
    narrow = bound_loss(reference(1, 1), fmpq(1, 20))
    assert not narrow.tiles.any_upper_width
    assert wide.lower <= narrow.upper


# ----------------------------------------------------------------------------------------- cones


@pytest.mark.parametrize("dimension", [1, 2])
def test_lemma_d41_each_vector_with_an_active_site_is_in_a_cone_on_which_sites_keep_their_sides(
    dimension,
):
    problem = of_widths(random_problem(3, 4, dimension, 2, "1/10"), 1, 1)
    cones = first_layer_cones(problem)
    rays = [np.array([[float(e) for e in ray] for ray in cone.rays]) for cone in cones]
    rows = np.array([[float(entry) for entry in row] for row in problem.rows])
    generator = np.random.default_rng(0)
    for vector in generator.normal(size=(200, dimension + 1)):
        inside = [c for c, r in enumerate(rays) if (np.linalg.solve(r.T, vector) >= 0).all()]
        assert bool(inside) == bool((rows @ vector > 0).any())
        for c in inside:
            weights = np.linalg.solve(rays[c].T, vector)
            heights = np.array([[float(h) for h in line] for line in cones[c].heights])
            assert np.allclose(heights @ weights, np.maximum(rows @ vector, 0))
            assert (weights <= np.linalg.norm(vector) * (1 + 1e-9)).all()


# ---------------------------------------------------------------------------------------- limits


def test_the_loss_of_a_decimal_network_is_exact():
    problem = reference(2, 1)
    network = good_network(problem)
    units = [
        np.array([[*map(float, row), float(b)] for row, b in zip(W, b, strict=True)])
        for W, b in zip(network.record["W"], network.record["b"], strict=True)
    ]
    loss = loss_of(problem, *units, np.array([*map(float, network.record["w"])]))
    assert float(network.loss) == pytest.approx(loss, rel=1e-12)


def test_what_is_too_large_is_refused_before_any_work():
    deep = Problem.from_arrays(range(3), range(3), width=[1, 1, 1], ridge=1)
    with pytest.raises(InputError, match="3 hidden layers; expected two widths"):
        bound_loss(deep)
    with pytest.raises(InputError, match="numbers far from 1; expected 0, or between"):
        bound_loss(Problem.from_text([["1e40"]], [1], [1, 1], 1))
    with pytest.raises(TooManySupportsError, match="11 distinct inputs"):
        bound_loss(Problem.from_arrays(range(11), range(11), width=[1, 1], ridge=1))
    with pytest.raises(TooManySupportsError, match="14 weights and biases in the first layer"):
        bound_loss(Problem.from_arrays(range(3), range(3), width=[7, 1], ridge=1))
    with pytest.raises(TooManySupportsError, match="combinations of first-layer cones"):
        bound_loss(Problem.from_arrays(range(6), range(6), width=[6, 1], ridge=1))


def test_minima_of_another_problem_are_refused():
    listed = enumerate_minima(reference(1, 1)).document
    with pytest.raises(IncompleteRunError, match="other data, widths or another ridge"):
        best_listed(reference(1, 2), listed)
    with pytest.raises(IncompleteRunError, match="no component"):
        best_listed(reference(1, 1), listed | {"components": []})
