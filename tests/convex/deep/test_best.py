"""Which network is best: constructed minima that are proved, and what the lemmas say in numbers."""

from fractions import Fraction

import numpy as np
import pytest
from flint import arb, fmpq

from reluenum import Problem, enumerate_minima
from reluenum.convex.deep.bounds import bound_loss
from reluenum.convex.deep.boxes import TwoLayers
from reluenum.convex.deep.lagrange import Lagrangian, LiveSigns, Upper
from reluenum.convex.deep.newton import balls_of, is_regular, sharpened
from reluenum.convex.deep.settle import layers_of, settled
from reluenum.convex.deep.upper import good_network
from tests.support.deep_networks import loss_of

pytestmark = pytest.mark.seconds(20)

EXACT = fmpq(0)

REFERENCE = (
    [["-17/100"], ["44/100"], ["-1"], ["-40/100"]],
    ["5/100", "102/100", "61/100", "-36/100"],
)


# ----------------------------------------------------------------------------- minima by hand


def test_the_best_constant_of_one_point_is_the_best_network():
    """By hand: (1 - c)^2 + 2 lambda c is least at c = 1 - lambda, where no first layer helps."""
    found = bound_loss(Problem.from_arrays([0], [1], width=[1, 1], ridge=0.5), EXACT)
    assert found.is_reached
    assert Fraction(found.lower) <= Fraction(3, 4) <= Fraction(found.upper)
    assert found.gap < 1e-13
    assert found.to_document()["global"]["first"] == []
    assert found.to_document()["global"]["upper"] == [[1, "+"]]


@pytest.mark.parametrize("hidden", [[1, 1], [2, 2]])
def test_the_zero_network_is_proved_to_be_best_at_a_large_ridge(hidden):
    problem = Problem.from_arrays([-1, 0, 1], [1, -2, 1], width=hidden, ridge=3)
    found = bound_loss(problem, EXACT)
    assert found.is_reached
    assert (found.to_document()["global"]["first"], found.upper) == ([], 6)
    assert found.to_document()["global"]["upper"] == []


def test_nothing_is_best_without_targets():
    assert bound_loss(Problem.from_arrays([0, 1], [0, 0], [1, 1], ridge=1), EXACT).is_reached


def test_a_gain_that_is_exactly_the_ridge_is_left_open():
    """The sum of targets is the ridge: the zero network is best, but no inequality is strict."""
    problem = Problem.from_arrays([0], [1], width=[1, 1], ridge=1)
    found = bound_loss(problem, EXACT, boxes=60)
    assert found.best is None
    assert not found.is_reached
    assert found.lower <= found.upper == 1
    assert found.to_document()["global"] is None


@pytest.mark.parametrize(("n", "first"), [(2, ["++"]), (3, ["0+-"])])
def test_the_network_proved_best_is_the_first_one_of_the_list(n, first):
    """The list of another engine knows nothing of boxes: the same loss, and the same signs."""
    problem = Problem.from_text(*(part[:n] for part in REFERENCE), [1, 1], "1/10")
    best = enumerate_minima(problem).document["components"][0]
    found = bound_loss(problem, EXACT)
    assert found.is_reached
    low, high = map(Fraction, best["loss_interval"])
    assert Fraction(found.lower) <= high
    assert low <= Fraction(found.upper)
    assert found.gap < 1e-12
    assert found.to_document()["global"]["first"] == first
    assert [unit["signs"] for unit in best["layers"][0]] == first


# ------------------------------------------------------------------------------------- lemmas


def test_lemma_d65_two_units_of_a_cone_turn_until_a_coordinate_is_0():
    """In coordinates along the rays; what the units give together stays the same."""
    generator = np.random.default_rng(0)
    for _ in range(50):
        one, other = generator.exponential(size=(2, 3))
        angle = np.arctan((other / one).min())
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        turned = turn @ np.array([one, other])
        assert turned.min() > -1e-12
        assert turned[1].min() < 1e-12
        outgoing = generator.normal(size=(2, 4))
        before, after = outgoing.T @ np.array([one, other]), (turn @ outgoing).T @ turned
        assert np.allclose(before, after)


def test_lemma_d66_residuals_are_as_near_to_a_dual_point_as_its_gap():
    """One input: the dual point rho is feasible iff |rho| <= lambda, whatever the first layer."""
    problem = Problem.from_arrays([0], [2], width=[1, 2], ridge=0.5)
    generator = np.random.default_rng(1)
    for _ in range(200):
        first, output = generator.normal(size=(1, 2)), generator.normal(size=2)
        second = generator.normal(size=(2, 2))
        height = max(first[0, 1], 0.0)
        dual = generator.uniform(0, 0.5 / np.hypot(height, 1))
        outputs = np.maximum(second @ [height, 1], 0) @ output
        bound = 2 * dual * 2 - dual**2 + 0.5 * (first**2).sum()
        assert (2 - outputs - dual) ** 2 <= loss_of(problem, first, second, output) - bound + 1e-9


def test_lemma_d67_the_unit_with_kinks_is_where_no_direction_ascends():
    generator, tried = np.random.default_rng(2), 0
    while tried < 20:
        features = np.column_stack([generator.exponential(size=(5, 2)), np.ones(5)])
        signed = generator.normal(size=5)
        active, kinks, off = [0, 1], [2], [3, 4]
        pull = signed[active] @ features[active]
        multiplier = -(features[2] @ pull) / (features[2] @ features[2])
        unit = pull + multiplier * features[2]
        sides = features @ unit
        if not (signed[2] < multiplier < 0 and (sides[off] < 0).all() and (sides[:2] > 0).all()):
            continue
        tried += 1
        for step in generator.normal(size=(100, 3)):
            moves = features @ step
            gain = signed[active] @ moves[active] + signed[kinks] @ np.maximum(moves[kinks], 0)
            assert unit @ step - gain >= -1e-9


@pytest.fixture(scope="module")
def kinked():
    """A minimum with kinks in both layers, by Newton's method."""
    problem = Problem.from_text(*REFERENCE, [1, 2], "1/10")
    of = TwoLayers(problem)
    points = settled(of, good_network(problem).layers)
    return min(points, key=lambda found: loss_of(problem, *layers_of(*found)))


def test_lemma_d69_the_loss_of_a_critical_point_is_that_of_its_network(kinked):
    lagrangian, x = kinked
    assert lagrangian.stratum.first == ((1, 0, 1, 1),)
    assert {unit.kinks for unit in lagrangian.stratum.upper} == {0, 8}
    loss = loss_of(lagrangian.of.problem, *layers_of(lagrangian, x))
    assert lagrangian.loss(x) == pytest.approx(loss, rel=1e-12)
    gradient, hessian = lagrangian.derivatives(x)
    assert np.abs(gradient).max() < 1e-9
    for k, step in enumerate(1e-6 * np.eye(len(x))):
        slopes = [lagrangian.derivatives(x + sign * step)[0] for sign in (1, -1)]
        assert np.allclose((slopes[0] - slopes[1]) / 2e-6, hessian[k], atol=1e-6)


def test_lemma_d69_one_critical_point_is_isolated_and_two_are_not(kinked):
    lagrangian, x = kinked
    small = np.array([arb(entry, 1e-6) for entry in x], dtype=object)
    assert is_regular(lagrangian, small)
    found = sharpened(lagrangian, small)
    assert all(float(entry.rad()) < 1e-30 for entry in found)
    gradient, _ = lagrangian.derivatives(found)
    assert all(entry.contains(0) for entry in gradient)
    # The square of a constant network's unit is told, but with two equal units it is not.
    signs = LiveSigns((), (Upper(1, 15, 0), Upper(1, 15, 0)))
    twice = Lagrangian(lagrangian.of, signs)
    assert not is_regular(twice, balls_of(np.ones(twice.ends[-1])))


def test_lemma_d68_slopes_of_the_first_layer_are_linear_in_its_coordinates(kinked):
    """At the minimum: none is negative, and those of coordinates that are not 0 vanish."""
    lagrangian, x = kinked
    of, ridge = lagrangian.of, lagrangian.of.ridge
    (vector,) = lagrangian.vectors(x)
    squares, both = lagrangian.parts(x)[3], x[lagrangian.ends[0] : lagrangian.ends[2]]
    weights = np.array([table @ both for table in lagrangian.doubles.combinations])
    touching = 0
    for cone, heights in zip(of.cones, of.heights, strict=True):
        rays = np.array([[float(e) for e in ray] for ray in cone.rays])
        place = np.linalg.solve(rays.T, vector)
        if place.min() < -1e-9:
            continue
        touching += 1
        pulls = weights @ heights
        form = ridge**2 * rays @ rays.T - (pulls.T * squares) @ pulls
        slopes = form @ place / ridge
        assert slopes.min() > -1e-9
        assert np.abs(slopes * place).max() < 1e-9
        assert slopes.max() > 1e-3  # of the ray off the kink
    assert touching == 2
