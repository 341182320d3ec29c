"""How widths are shared among distinct units, and what the components of deep minima are."""

from itertools import product
from math import comb, prod

import numpy as np
import pytest
from flint import fmpq

from reluenum import InputError, Problem, enumerate_minima
from reluenum.algebra.numbers import rational_point
from reluenum.engines.deep import widths as rules
from reluenum.engines.deep.landscape import dead_network, deep_landscape
from reluenum.engines.deep.minimality.growths import Dormancy
from reluenum.engines.deep.minimality.judge import Judged
from reluenum.engines.deep.minimality.live import DeepVerdict
from reluenum.engines.deep.systems.networks import ScaledNetwork
from reluenum.engines.deep.systems.stratum import DeepStratum
from reluenum.engines.deep.texts import of_points, of_sites
from reluenum.engines.deep.widths import deep_components
from reluenum.engines.layers import asked_strata
from reluenum.errors import UndecidedError
from reluenum.landscape.deep import DeepCounts
from reluenum.landscape.landscape import Completeness, Undecided

INPUTS, TARGETS = [["-17/100"], ["44/100"], ["-1"]], ["5/100", "102/100", "61/100"]
X, Y = np.array([-0.17, 0.44, -1.0])[:, None], [0.05, 1.02, 0.61]


def problem(hidden, inputs=INPUTS, targets=TARGETS):
    return Problem.from_text(inputs, targets, hidden, "1/100")


@pytest.fixture(scope="module")
def wide():
    return enumerate_minima(problem([2, 1]))


def test_the_minima_of_three_points_are_those_known(wide):
    chains = [0.190325002, 0.421239982, 0.43912767, 0.483311025, 1.063109438, 1.072232444]
    towers = [0.051530039, 0.065948114, 0.078483359]
    assert [round(float(c.loss), 9) for c in enumerate_minima(problem([1, 1]))] == chains
    assert [round(float(c.loss), 9) for c in wide] == towers + chains
    assert [c.dimension for c in wide] == [0] * 3 + [1] * 6
    assert [c.orbit_size for c in wide] == [2] * 3 + [1] * 6
    assert [c.global_at_width for c in wide] == [True] + [False] * 8


def test_a_representative_has_the_loss_and_the_signs_of_its_component(wide):
    for component in wide:
        assert component.loss_on(X, Y) == pytest.approx(float(component.loss), rel=1e-12)
        features, network, shared = X, component.network, component.strata[0].multiplicities
        layers = zip(component.layers, shared, network.matrices, network.biases, strict=True)
        for units, copies, matrix, bias in layers:
            heights = features @ matrix.T + bias
            rows = [u.signs for u, k in zip(units, copies, strict=True) for _ in range(k)]
            expected = np.array([["-0+".index(sign) - 1 for sign in row] for row in rows]).T
            np.testing.assert_array_equal(np.sign(heights) * (abs(heights) > 1e-9), expected)
            features = np.maximum(heights, 0)


def test_incoming_and_outgoing_weights_of_every_unit_balance(wide):
    for component in wide:
        network = component.network
        leaving = [*network.matrices[1:], network.output[None]]
        layers = zip(network.matrices, network.biases, leaving, component.layers, strict=True)
        for matrix, bias, above, units in layers:
            incoming = (matrix**2).sum(1) + bias**2
            np.testing.assert_allclose(incoming, (above**2).sum(0), rtol=1e-12)
            assert incoming.sum() == pytest.approx(sum(float(u.square) for u in units))
            for unit in units:
                norm = sum(float(entry.ball(64).mid()) ** 2 for entry in unit.direction)
                assert norm == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize("share", [0.05, 0.3, 0.5])
def test_the_loss_stays_where_one_copy_takes_from_the_other(wide, share):
    arc = next(c for c in wide if c.dimension == 1)
    first, second = arc.network.matrices
    scale = np.sqrt([2 * share, 2 - 2 * share])
    moved = type(arc.network)(
        arc.problem,
        (first * scale[:, None], second * scale),
        (arc.network.biases[0] * scale, arc.network.biases[1]),
        arc.network.output,
    )
    assert moved.loss_on(X, Y) == pytest.approx(arc.loss_on(X, Y), rel=1e-12)


def chain(hidden, rows):
    """Return a made-up network with rows of one site in the first layer, and one upper unit."""
    found, point = problem(hidden, [["0"]], ["3"]), rational_point()
    ones = tuple(point.constant(1) for _ in rows)
    return ScaledNetwork(
        found,
        DeepStratum((tuple(rows), ("+",))),
        point,
        (tuple((one,) for one in ones), (ones,)),
        (ones, (point.constant(1),)),
        (point.constant(1),),
        (ones, (point.constant(1),)),
        {},
    )


def surjections(units, places):
    return sum((-1) ** k * comb(places, k) * (places - k) ** units for k in range(places + 1))


@pytest.mark.parametrize(("width", "kinds"), [(2, 2), (4, 2), (5, 3), (3, 1)])
def test_labelled_components_without_dead_units_are_the_surjections(monkeypatch, width, kinds):
    """Each unit is a copy of a distinct one, none of which may be missing."""
    monkeypatch.setattr(rules, "dormancy", lambda *_: Dormancy(False, "made up"))
    monkeypatch.setattr(rules, "shareable", lambda *_: (True,) * kinds)
    monkeypatch.setattr(rules, "groupby", lambda rows: ((row, [row]) for row in rows))
    found = list(deep_components(chain([width, 1], ["+"] * kinds)))
    assert sum(component.orbit_size for component in found) == surjections(width, kinds)
    assert {component.dimension for component in found} == {width - kinds}


@pytest.mark.parametrize(("width", "kinds"), [(3, 2), (5, 3)])
def test_dead_units_join_all_ways_to_share_a_width(monkeypatch, width, kinds):
    monkeypatch.setattr(rules, "dormancy", lambda *_: Dormancy(True, "made up"))
    monkeypatch.setattr(rules, "shareable", lambda *_: (True,) * kinds)
    monkeypatch.setattr(rules, "groupby", lambda rows: ((row, [row]) for row in rows))
    (component,) = deep_components(chain([width, 1], ["+"] * kinds))
    assert component.orbit_size == 1
    assert component.boundary_by_layer == (True, False)
    ways = {(s.multiplicities[0], s.dead[0]) for s in component.strata}
    assert ways == {
        (parts, width - sum(parts))
        for parts in product(range(1, width + 1), repeat=kinds)
        if sum(parts) <= width
    }
    assert [s.dimension for s in component.strata] == sorted(
        (sum(parts) - kinds for parts, _ in ways), reverse=True
    )


def test_a_group_that_has_no_room_for_copies_leaves_them_to_the_others(monkeypatch):
    monkeypatch.setattr(rules, "dormancy", lambda *_: Dormancy(False, "made up"))
    monkeypatch.setattr(rules, "shareable", lambda *_: (False, True))
    monkeypatch.setattr(rules, "groupby", lambda rows: ((row, [row]) for row in rows))
    (component,) = deep_components(chain([4, 1], ["+", "+"]))
    assert component.strata[0].multiplicities == ((1, 3), (1,))
    monkeypatch.setattr(rules, "shareable", lambda *_: (False, False))
    assert list(deep_components(chain([4, 1], ["+", "+"]))) == []


@pytest.mark.parametrize(("width", "dimension", "orbit"), [(2, 1, 2), (3, 3, 1), (4, 5, 1)])
def test_a_group_of_rank_two_is_a_stiefel_manifold(monkeypatch, width, dimension, orbit):
    """k units of rank r: r k - r (r + 1) / 2; two units cannot change places, three can."""
    monkeypatch.setattr(rules, "dormancy", lambda *_: Dormancy(False, "made up"))
    monkeypatch.setattr(rules, "shareable", lambda *_: (True,))
    (component,) = deep_components(chain([width, 1], ["+", "+"]))
    assert (component.dimension, component.orbit_size) == (dimension, orbit)


@pytest.mark.parametrize("answers", [(None, (True,)), (False, (None,))])
def test_what_cannot_be_told_of_spare_units_is_undecided(monkeypatch, answers):
    monkeypatch.setattr(rules, "dormancy", lambda *_: Dormancy(answers[0], "made up"))
    monkeypatch.setattr(rules, "shareable", lambda *_: answers[1])
    network = chain([2, 1], ["+"])
    with pytest.raises(UndecidedError, match="unit of layer 1"):
        list(deep_components(network))
    judged = Judged(network, DeepVerdict.MINIMUM, "made up")
    found = deep_landscape(
        network.problem, [judged], [], DeepCounts.of(network.problem, 1), Completeness.EXACT_BASIS
    )
    assert (found.is_complete, found.components) == (False, ())
    assert [left.support for left in found.undecided] == ["+/+"]


def test_undecided_strata_leave_open_which_minimum_is_global():
    zero = dead_network(problem([1, 1], [["0"]], ["0"]))
    judged = [Judged(zero, DeepVerdict.MINIMUM, "no targets")]
    counts = DeepCounts.of(zero.problem, 1)
    for undecided, flag in (([], True), ([Undecided("+/+", "no time")], None)):
        found = deep_landscape(zero.problem, judged, undecided, counts, Completeness.ENGINE)
        assert [c.global_at_width for c in found.components] == [flag]


@pytest.mark.parametrize("hidden", [[1, 1], [2, 1], [1, 1, 1]])
def test_targets_that_add_up_to_nothing_leave_the_zero_network_a_minimum(hidden):
    """Lemma D2; its units are all dead, whatever the widths, and there is one labelled copy."""
    found = enumerate_minima(problem(hidden, [["-1"], ["1"]], ["1", "-1"]), supports=None)
    zero = found[-1]
    assert zero.loss.sign() > 0
    assert (zero.text.strip("/"), zero.orbit_size, zero.dimension) == ("", 1, 0)
    assert zero.strata[0].dead == tuple(hidden)
    assert [m.shape for m in zero.network.matrices] == [
        (above, below) for below, above in zip([1, *hidden], hidden, strict=False)
    ]
    assert float(zero.loss) == zero.loss_on([-1, 1], [1, -1]) == 2


def test_signs_of_sites_are_unfolded_to_all_points_that_share_them():
    repeated = problem([1, 1], [["1"], ["0"], ["1"]], ["0", "1", "2"])
    assert of_points(repeated, "+-") == "+-+"
    assert of_sites(repeated, "+-+", "line 1") == "+-"
    with pytest.raises(InputError, match=r"line 1: '\+--'; expected equal signs at equal inputs"):
        of_sites(repeated, "+--", "line 1")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("+++", "rows of 1 layers; expected one for each of 2 hidden layers"),
        ("+++,++-,+-+/+++", "3 rows in a layer; expected at most its width, 2"),
        ("+++/++", "'++'; expected 3 signs out of"),
        ("+++/++x", "'++x'; expected 3 signs out of"),
        ("+++/", "a layer without rows above others"),
        ("/", "a layer without rows above others"),
        ("++./+++", "a dot where a sign matters"),
        ("---/+++", "a row that is + nowhere it matters"),
        ("+--/-++", "a row that is + nowhere it matters"),
        ("+++,+++/+++", "a row too often"),
    ],
)
def test_a_text_that_is_no_stratum_is_refused_by_its_place(text, message):
    with pytest.raises(InputError) as caught:
        asked_strata(problem([2, 1]), [("line 7", text)])
    assert str(caught.value).startswith(f"line 7: {message}")


def test_signs_that_no_equation_sees_do_not_matter_when_strata_are_asked_for():
    texts = ["-++,++-/-++", "+++,.+-/-++", " ++- , .++ / -++ "]
    found = asked_strata(problem([2, 1]), [("line", text) for text in texts])
    assert [stratum.text for stratum in found] == [".++,.+-/-++"]
    (constant,) = asked_strata(problem([2, 1]), [("line", "/+++")])
    assert constant.lowest == 1


def test_the_number_of_sign_arrays_is_a_power_of_three():
    assert DeepCounts.of(problem([2, 1]), 5).sign_arrays == 3 ** (3 * 3)
    assert prod([3] * 6) == DeepCounts.of(problem([1, 1]), 0).sign_arrays


def test_equal_inputs_are_one_site_of_their_mean():
    """Two points at one input fit like their mean, twice; their scatter adds to the loss."""
    pair = problem([1, 1], [["0"], ["0"], ["1"]], ["1", "3", "2"])
    found = enumerate_minima(pair)
    for component in found:
        assert component.loss_on([0, 0, 1], [1, 3, 2]) == pytest.approx(
            float(component.loss), rel=1e-12
        )
        assert all(u.signs[0] == u.signs[1] for layer in component.layers for u in layer)
    assert all(float(c.loss) >= 2 for c in found)
    assert fmpq(2) == pair.scatter
