"""Dead units, shared directions, and networks with dead layers."""

import numpy as np
import pytest
from flint import arb, fmpq

from reluenum import Problem
from reluenum.algebra.numbers import rational_point
from reluenum.engines.deep.cells.kinks import Surroundings
from reluenum.engines.deep.cells.witnesses import RationalNetwork, descent
from reluenum.engines.deep.minimality.dormancy import dormancy, grown_dead_unit
from reluenum.engines.deep.minimality.judge import judge
from reluenum.engines.deep.minimality.live import DeepVerdict, examine_live_part
from reluenum.engines.deep.minimality.sharing import sharing, with_twin
from reluenum.engines.deep.systems.networks import ScaledNetwork
from reluenum.engines.deep.systems.solve import solve_stratum
from reluenum.engines.deep.systems.stratum import DeepStratum
from reluenum.groebner.backends import open_backends
from reluenum.optimisers.perturbations import ExactNetwork, lower_neighbours
from tests.support.nearby import rational_network

SPLIT_GROUP = Problem.from_text([["1"], ["-2"], ["-3"]], ["2", "-8", "5"], [1, 1], "7/5")


def minima(problem, *texts):
    with open_backends() as backends:
        found = [solve_stratum(problem, DeepStratum.of_text(text), backends) for text in texts]
    networks = [network for outcome in found for network in outcome.networks]
    return [n for n in networks if judge(n).verdict is DeepVerdict.MINIMUM]


def zero_network(problem):
    empty = ((),) * len(problem.hidden)
    point = rational_point()
    return ScaledNetwork(problem, DeepStratum(empty), point, empty, empty, (), empty, {})


def with_dead_unit(network, layer, incoming, outgoing):
    """A rational network with one more unit in a layer (from 0)."""
    layers = [list(units) for units in network.layers]
    layers[layer].append(incoming)
    output = network.output
    if layer + 1 < len(layers):
        pairs = zip(layers[layer + 1], outgoing, strict=True)
        layers[layer + 1] = [(*unit[:-1], w, unit[-1]) for unit, w in pairs]
    else:
        output = (*output, *outgoing)
    return RationalNetwork(tuple(map(tuple, layers)), output)


@pytest.mark.parametrize(
    ("targets", "ridge", "is_minimum"),
    [(["3"], "1", False), (["3"], "3", True), (["3"], "4", True), (["3", "-3"], "1/100", True)],
)
def test_the_zero_network_is_a_minimum_unless_the_targets_add_up_to_more_than_the_ridge(
    targets, ridge, is_minimum
):
    inputs = [[str(k)] for k in range(len(targets))]
    problem = Problem.from_text(inputs, targets, [1, 1], ridge)
    found = judge(zero_network(problem))
    assert (found.verdict is DeepVerdict.MINIMUM) == is_minimum
    if not is_minimum:
        assert arb(found.descent.network.loss(problem)) < found.network.loss.ball(64)


def test_a_dead_unit_can_split_a_group_and_descend():
    """Beside the strict minimum along (1, 1), a unit along (-1, -2) lowers the loss."""
    (network,) = minima(SPLIT_GROUP, "+--/+00")
    found = dormancy(network, 1)
    assert found.harmless is False
    below = descent(Surroundings(network), found.move, found.reason)
    assert [len(units) for units in below.network.layers] == [2, 1]
    assert arb(below.network.loss(SPLIT_GROUP)) < network.loss.ball(256)


X = ["-17/100", "44/100", "-1", "-40/100", "-71/100"]
Y = ["5/100", "102/100", "61/100", "-36/100", "-132/100"]
FIVE = Problem.from_text([[x] for x in X], Y, [1, 1], "1/100")
STRATA = ["++---/++000", "+0.../++---", "..+.+/--+-0", "..0.+/--+-0", "--+-0/++0++"]


def test_where_dead_units_are_harmless_none_that_was_tried_descends():
    random = np.random.default_rng(3)
    tried = 0
    for network in minima(FIVE, *STRATA):
        exact = rational_network(network, 300)
        lowest = exact.loss(FIVE)
        for layer in (0, 1):
            if dormancy(network, layer + 1).harmless:
                for _ in range(60):
                    *v, a = (fmpq(int(k), 10**6) for k in random.integers(-99, 100, 3))
                    assert with_dead_unit(exact, layer, tuple(v), (a,)).loss(FIVE) > lowest
                    tried += 1
    assert tried


def test_where_they_are_not_a_network_with_a_grown_unit_is_below():
    grown = 0
    for network in minima(FIVE, *STRATA):
        for layer in (1, 2):
            found = dormancy(network, layer)
            if found.harmless is False:
                below = descent(Surroundings(network), found.move, found.reason)
                assert arb(below.network.loss(FIVE)) < network.loss.ball(256)
                grown += 1
    assert grown > 5


def test_units_below_a_single_unit_can_share_their_direction():
    for network in minima(FIVE, *STRATA):
        for layer in (1, 2):
            assert sharing(network, layer) == (True,)


def test_two_units_in_place_of_one_are_a_minimum_where_singular_values_say_so():
    for network in minima(FIVE, *STRATA):
        for layer in (0, 1):
            twin = with_twin(network, layer, 0)
            assert (twin.loss - network.loss).ball(128).contains(0)
            assert len(twin.biases[layer]) == 2
            assert examine_live_part(twin).verdict is DeepVerdict.MINIMUM


def test_a_direction_can_be_shared_where_only_critical_cones_show_a_minimum():
    problem = Problem.from_text([[x] for x in X], Y, [1, 1, 1], "1/100")
    network = min(minima(problem, "++---/++000/++000"), key=lambda n: float(n.loss))
    assert not Surroundings(network).is_strict
    assert sharing(network, 1) == (True,)
    assert examine_live_part(with_twin(network, 0, 0)).verdict is DeepVerdict.MINIMUM


def test_a_direction_can_be_shared_where_no_multipliers_are_strict_in_all_cells_at_once():
    """A nested kink in a group, at one of whose sites the target has the other sign."""
    inputs, targets = [["-1/5"], ["2/5"], ["11/10"], ["1/10"]], ["-11/10", "-8/5", "3/2", "33/10"]
    problem = Problem.from_text(inputs, targets, [1, 1], "4/25")
    (network,) = minima(problem, "+--0/+000")
    assert not Surroundings(network).is_strict
    assert sharing(network, 1) == (True,)
    assert examine_live_part(with_twin(network, 0, 0)).verdict is DeepVerdict.MINIMUM


def test_a_dead_unit_grows_beside_a_group_with_a_nested_kink():
    """The live unit has a kink at one point of the group; a unit along (-1, 0) still gains."""
    inputs, targets = [["-1"], ["0"], ["2"]], ["1", "-2", "2"]
    problem = Problem.from_text(inputs, targets, [2, 1], "1/50", loss="mean")
    (network,) = minima(problem, "-0+/00+")
    assert not Surroundings(network).is_independent
    assert dormancy(network, 1).harmless is False
    below = grown_dead_unit(network, 1)
    assert arb(below.network.loss(problem)) < network.loss.ball(256)


def test_beside_a_nested_kink_dead_units_are_decided_and_none_that_was_tried_contradicts():
    inputs = [["39/100", "-47/100"], ["-57/100", "-63/100"], ["-3/4", "31/100"]]
    targets = ["-3/4", "-193/100", "153/100"]
    problem = Problem.from_text(inputs, targets, [2, 1], "1/10", loss="mean")
    (network,) = minima(problem, "-0+/00+")
    assert not Surroundings(network).is_independent
    assert dormancy(network, 1).harmless
    random, exact = np.random.default_rng(4), rational_network(network, 300)
    for _ in range(100):
        *v, a = (fmpq(int(k), 10**6) for k in random.integers(-99, 100, 4))
        shift = fmpq(int(random.integers(-9, 10)), 10**9)
        (*w, b), *others = exact.layers[1]
        moved = RationalNetwork((exact.layers[0], ((*w, b + shift), *others)), exact.output)
        grown = with_dead_unit(moved, 0, tuple(v), (a,))
        assert grown.loss(problem) > exact.loss(problem)


def test_inputs_of_a_layer_that_are_equal_by_symmetry_are_one():
    """A constant network on mirrored data: the upper unit sees one input at both points."""
    problem = Problem.from_text([["-1"], ["1"]], ["2", "2"], [1, 2], "1/100")
    (network,) = minima(problem, "++/++")
    assert dormancy(network, 2).harmless


def lower_with_a_dead_unit(network, count=300):
    """How many networks near one with a dead first-layer unit have a smaller loss."""
    problem, exact = network.problem, rational_network(network, 300)
    sizes = [len(row) for row in exact.layers[0]]
    grown = with_dead_unit(exact, 0, (fmpq(0),) * sizes[0], (fmpq(0),) * len(exact.layers[1]))
    neighbours = ExactNetwork(problem, grown.layers, grown.output)
    return lower_neighbours(neighbours, count, np.random.default_rng(1))


@pytest.mark.parametrize(
    ("inputs", "targets", "ridge", "stratum"),
    [
        ([[0], [-2], [-2]], [2, -3, -3], "1/30", "0+/0+"),
        ([[-1, 2], [-1, -1], [2, -1]], [1, 0, 0], "1/30", "+0-/+++"),
        ([[0, -2], [3, -3], [0, 0]], [-2, 1, 3], "1/3", "+00/+00"),
    ],
)
def test_beside_a_multiplier_that_is_0_units_can_be_shared_or_dead(inputs, targets, ridge, stratum):
    """Whole numbers: an input 0, or orthogonal ones (Lemma D44)."""
    problem = Problem.from_text(inputs, targets, [2, 1], ridge)
    for network in (found := minima(problem, stratum)):
        slopes = [slope.sign() for pair in Surroundings(network).slopes for slope in pair]
        if 0 in slopes and sharing(network, 1) == (True,) and dormancy(network, 1).harmless:
            assert lower_with_a_dead_unit(network) == 0
            assert examine_live_part(with_twin(network, 0, 0)).verdict is DeepVerdict.MINIMUM
            break
    else:
        pytest.fail(f"{found} are decided otherwise")


def test_a_dead_unit_can_grow_beside_a_multiplier_that_is_0_while_units_are_shared():
    problem = Problem.from_text([[3], [2], [0]], [0, -3, 1], [2, 1], "1/3")
    (network,) = minima(problem, "++0/++0")
    assert sharing(network, 1) == (True,)
    assert dormancy(network, 1).harmless is False
    assert grown_dead_unit(network, 1) is not None


def test_where_a_dead_unit_gains_exactly_lambda_curvature_decides():
    """Mirrored inputs: what unit 1 gains at -3, a second one gains at 3 (Lemma D46)."""
    problem = Problem.from_text([[-3], [3]], [3, -1], [2, 1], "1/100")
    for network in (*minima(problem, "+-/+0"), *minima(problem, "-+/0+")):
        assert dormancy(network, 1).reason.endswith("by curvature")
        assert dormancy(network, 1).harmless
        assert lower_with_a_dead_unit(network) == 0


def test_multipliers_of_a_group_are_shared_so_that_no_dead_unit_grows():
    """All of the multiplier has to be at the point 2, mirrored to that of the unit (Lemma D45)."""
    problem = Problem.from_text([[-2], [2], [3]], [-1, 3, 1], [2, 1], "1/3")
    (network,) = minima(problem, "+--/+00")
    assert len(Surroundings(network).kinks) == 1
    assert dormancy(network, 1).harmless
    assert lower_with_a_dead_unit(network) == 0


@pytest.mark.parametrize(
    ("inputs", "target", "verdict"),
    [("1", "3/2", DeepVerdict.MINIMUM), ("2", "6/5", DeepVerdict.SECOND_ORDER)],
)
def test_a_constant_network_whose_dead_layer_gains_exactly_lambda_is_decided_by_curvature(
    inputs, target, verdict
):
    """One point, ridge 1: f = y - 1 and f |(x, 1)|^2 = 1, equality in Lemma D3(2)."""
    problem = Problem.from_text([[inputs]], [target], [1, 1], "1")
    with open_backends() as backends:
        (network,) = solve_stratum(problem, DeepStratum.of_text("/+"), backends).networks
    found = judge(network)
    assert found.verdict is verdict
    if found.descent:
        assert arb(found.descent.network.loss(problem)) < network.loss.ball(256)


@pytest.mark.parametrize(("widths", "is_open"), [([1, 1], False), ([2, 1], False), ([1, 2], True)])
def test_a_gain_of_exactly_lambda_is_open_beside_a_spare_unit_of_another_layer(widths, is_open):
    """The constant network at one point, where Lemma D3(2) is an equality (Lemma D46)."""
    problem = Problem.from_text([[0]], [2], widths, 1)
    with open_backends() as backends:
        (network,) = solve_stratum(problem, DeepStratum.of_text("/+"), backends).networks
    assert (judge(network).verdict is DeepVerdict.UNDECIDED) == is_open
