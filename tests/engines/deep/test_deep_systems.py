"""Systems of strata: their points are stationary networks, and two formulations have the same."""

import json

import numpy as np
import pytest
from flint import fmpq

from reluenum.algebra.numbers import rational_point
from reluenum.engines.deep.enumeration.arrays import realisable
from reluenum.engines.deep.enumeration.exclusion import exclusion
from reluenum.engines.deep.enumeration.strata import constants, strata
from reluenum.engines.deep.systems.chains import Chain
from reluenum.engines.deep.systems.flats import independent
from reluenum.engines.deep.systems.groups import separated
from reluenum.engines.deep.systems.solve import (
    DeepOutcomeKind,
    formulated,
    read_deep_outcome,
    solve_stratum,
)
from reluenum.engines.deep.systems.stratum import DeepStratum
from reluenum.engines.deep.systems.wide import Wide
from reluenum.errors import TheoremViolationError
from reluenum.groebner.backends import open_backends
from reluenum.problem import Problem

LINE = [["-17/100"], ["44/100"], ["-1"], ["-40/100"], ["-71/100"]]
TARGETS = ["5/100", "102/100", "61/100", "-36/100", "-132/100"]


def reference(size, hidden, ridge="1/100"):
    return Problem.from_text(LINE[:size], TARGETS[:size], list(hidden), ridge)


@pytest.fixture(scope="module")
def backends():
    with open_backends() as opened:
        yield opened


def solved(problem, backends, chosen=None, system=formulated):
    found = [solve_stratum(problem, s, backends, system) for s in chosen or strata(problem)]
    assert not [outcome for outcome in found if outcome.kind is DeepOutcomeKind.UNDECIDED]
    return found


def losses(outcomes):
    return sorted(float(network.loss) for found in outcomes for network in found.networks)


def in_doubles(network):
    """Weights with biases by layer, output weights and multipliers, in ordinary units."""
    scales = [[float(p) ** 0.5 for p in layer] for layer in network.squares]
    hidden, below = [], [1.0] * network.problem.dimension
    for weights, biases, scale in zip(network.weights, network.biases, scales, strict=True):
        rows = [
            [*(float(w) * p / q for w, q in zip(line, below, strict=False)), float(b) * p]
            for line, b, p in zip(weights, biases, scale, strict=True)
        ]
        hidden.append(np.array(rows))
        below = scale
    output = np.array([float(w) / p for w, p in zip(network.output, scales[-1], strict=True)])
    kinks = {
        name: float(value) / scales[name[0] - 1][name[1]]
        for name, value in network.multipliers.items()
    }
    return hidden, output, kinks


def slack(network):
    """The largest error of the equations of stationarity, by backpropagation in doubles."""
    problem, (hidden, output, kinks) = network.problem, in_doubles(network)
    ridge = float(problem.effective_ridge)
    heights = [np.array([[float(x) for x in site.row[:-1]] for site in problem.sites])]
    for layer in hidden:
        inputs = np.hstack([heights[-1], np.ones((len(heights[-1]), 1))])
        width = layer.shape[1] if len(layer) else inputs.shape[1]
        heights.append(np.maximum(inputs[:, -width:] @ layer.T, 0) if len(layer) else inputs[:, :0])
    counts = np.array([site.count for site in problem.sites])
    means = np.array([float(mean) for mean in problem.means])
    residual = counts * (means - heights[-1] @ output)
    worst = np.abs(ridge * output - residual @ heights[-1]).max()
    errors = residual[:, None] * output
    for depth in range(len(hidden), 0, -1):
        layer, below = hidden[depth - 1], heights[depth - 1]
        for unit, row in enumerate(network.signs[depth - 1]):
            errors[[sign != "+" for sign in row], unit] = 0
        for (place, unit, sites), value in kinks.items():
            if place == depth:
                errors[sites[0], unit] = value
        if not len(layer):
            break
        inputs = np.hstack([below, np.ones((len(below), 1))])[:, -layer.shape[1] :]
        worst = max(worst, np.abs(ridge * layer - errors.T @ inputs).max())
        errors = errors @ layer[:, :-1]
    return worst / (1 + np.abs(output).max()) ** 2


@pytest.mark.parametrize(
    "problem",
    [
        reference(3, (2, 1)),
        reference(2, (1, 1, 1)),
        Problem.from_text([[-1], [1], [1], [2]], [1, -1, 2, 3], [1, 1], "1/10", "mean"),
        Problem.from_text([[0, 0], [1, 0], [0, 1]], [1, -2, 2], [1, 1], "1/10"),
    ],
)
def test_points_are_stationary_by_backpropagation(problem, backends):
    networks = [network for found in solved(problem, backends) for network in found.networks]
    assert len(networks) >= 5
    for network in networks:
        assert slack(network) < 1e-9
        assert all(square.sign() > 0 for layer in network.squares for square in layer)


@pytest.mark.parametrize(("size", "points"), [(3, 31), (4, 48), (5, 58)])
def test_all_strata_of_two_units_have_so_many_stationary_points(size, points, backends):
    """31 at n = 3 is the count of an independent prototype."""
    problem = reference(size, (1, 1))
    assert len(losses(solved(problem, backends, realisable(problem, (1, 1))))) == points


def test_what_lemma_d8_leaves_of_the_reference_has_56_stationary_points(backends):
    """The count of an independent prototype, whose strata were five times as many."""
    outcomes = solved(reference(5, (1, 1)), backends)
    assert len(losses(outcomes)) == 56
    assert losses(outcomes)[0] == pytest.approx(2.2851589941, abs=1e-10)
    assert all(found.exact for found in outcomes)


@pytest.mark.parametrize("problem", [reference(3, (1, 1)), reference(2, (2, 1))])
def test_chains_and_the_general_system_have_the_same_networks(problem, backends):
    chosen = strata(problem)
    for one, other in zip(
        solved(problem, backends, chosen, Chain),
        solved(problem, backends, chosen, Wide),
        strict=True,
    ):
        assert losses([one]) == pytest.approx(losses([other]), abs=1e-12)
        for left, right in zip(
            *(sorted(o.networks, key=lambda n: float(n.loss)) for o in (one, other)), strict=True
        ):
            kinks, others = in_doubles(left)[2], in_doubles(right)[2]
            assert kinks == pytest.approx(others, abs=1e-10)


def test_two_upper_units_on_three_points_are_solved(backends):
    chosen = [DeepStratum.of_text(t) for t in ("++0/++0,0-+", "++0/+0+,0-+")]
    outcomes = solved(reference(3, (1, 2)), backends, chosen)
    assert [len(found.networks) for found in outcomes] == [1, 1]
    for found in outcomes:
        assert slack(found.networks[0]) < 1e-9


def test_a_group_of_rank_two_is_one_point_of_a_curve(backends):
    x, y = ["-38/100", "-12/100", "12/100", "77/100"], ["577/100", "7", "375/100", "-664/100"]
    problem = Problem.from_text([[entry] for entry in x], y, [2, 2], "1/10")
    (found,) = solved(problem, backends, [DeepStratum.of_text("++++,++++/--++,++++")])
    (network,) = found.networks
    assert float(network.loss) == pytest.approx(3.248353718866689, abs=1e-14)
    assert network.signs == (("++++", "++++"), ("++++", "--++"))
    assert slack(network) < 1e-9
    hidden = in_doubles(network)[0]
    assert hidden[1][:, -1] @ hidden[1][:, -1] == pytest.approx(1)


def test_dependent_kinks_have_multipliers_at_a_basis_of_them(backends):
    """The upper unit is 0 on a whole piece, with three sites; two of these say so."""
    problem = Problem.from_text([[-1], [0], [1], [2]], [1, -1, 1, 2], [2, 1], "1/10")
    chosen = DeepStratum.of_text("+++0,++0-/000+")
    assert Chain(problem, chosen).constraints == [(2, 0, (0,)), (2, 0, (1,))]
    (found,) = solved(problem, backends, [chosen])
    assert found.networks
    for network in found.networks:
        assert network.multipliers[2, 0, (2,)] == 0
        assert slack(network) < 1e-9


def test_a_strict_minimum_on_a_flat_piece_is_found(backends):
    """Three targets of different signs on the piece: its kinks would be excluded one by one."""
    x = ["-2.56", "-2.11", "-1.29", "-.17", "-.09", ".71", ".86", "1.86", "2.36", "2.98"]
    y = ["-5", "1", "-5", "3.22", "2.11", "6.89", "3.39", "8.28", "8.86", "11.86"]
    problem = Problem.from_text([[entry] for entry in x], y, [3, 1], "1/10")
    chosen = DeepStratum.of_text("++++++++0-,+++++-----,---+++++++/000+++++++")
    assert exclusion(problem, chosen) is None
    (found,) = solved(problem, backends, [chosen])
    (network,) = found.networks
    assert float(network.loss) == pytest.approx(61.1541960692, abs=1e-10)
    assert slack(network) < 1e-9


@pytest.mark.parametrize("first", ["++++,++++,--++", "+++-,++--,++--"])
def test_units_that_a_group_is_made_of_feed_the_layer_above_what_the_group_does(first):
    """The group of two units comes first or last in its layer."""
    problem = Problem.from_text([["-1"], ["0"], ["1"], ["2"]], ["1", "2", "0", "1"], [3, 2], "1/10")
    wide = Wide(problem, DeepStratum.of_text(f"{first}/+++-,-+++"))
    number = rational_point().constant
    chosen = {"h1_01": fmpq(1), "h2_01": fmpq(1), "h1_11": fmpq(3), "h2_11": fmpq(3)}
    values = [chosen.get(name, fmpq(2, 3)) for name in wide.variables]
    group = wide.valued(list(map(number, values)))
    units = separated(problem, wide.placed, group)
    assert all(a == b for a, b in units.metrics[0])
    assert all(square.sign() > 0 for square in units.metrics[0].values())
    for one, other in zip(wide.heights(group)[1], wide.heights(units)[1], strict=True):
        assert one.keys() == other.keys()
        assert all((one[site] - other[site]).sign() == 0 for site in one)


def test_constant_networks_are_where_lemma_d3_puts_them(backends):
    problem = Problem.from_text([[0], [1]], [3, 4], [1, 1, 1], "1/2")
    upper, lower = (found.networks for found in solved(problem, backends, constants(problem)[::-1]))
    (single,) = upper
    assert float(single.residual[0]) == pytest.approx(3 - (7 - 0.5) / 2)
    for network in lower:
        a, total, ridge = float(network.problem.means[0] - network.residual[0]) ** (1 / 3), 7, 0.5
        assert 2 * a**4 - a * total + ridge == pytest.approx(0, abs=1e-9)
    assert {network.signs for network in lower} == {((), ("++",), ("++",))}


def test_systems_without_solutions_of_use_are_seen_to_have_none(backends):
    """Both units can only be along (-1, 1), which is 0 at the last site."""
    problem = Problem.from_text([[-1], [0], [1]], [1, 0, 1], [2, 1], "1/10")
    (found,) = (
        solve_stratum(problem, DeepStratum.of_text(text), backends) for text in ("++.,+0./+0-",)
    )
    assert found.kind in (DeepOutcomeKind.NO_POINT, DeepOutcomeKind.UNDECIDED)


def test_an_outcome_is_read_back_and_proved_again(backends):
    problem = reference(3, (1, 1))
    for found in solved(problem, backends):
        record = json.loads(json.dumps(found.to_document()))
        again = read_deep_outcome(problem, record)
        assert (again.stratum, again.kind, again.exact) == (found.stratum, found.kind, found.exact)
        assert losses([again]) == losses([found])


def test_a_point_of_another_stratum_is_not_read(backends):
    problem = reference(3, (1, 1))
    found = next(f for f in solved(problem, backends) if f.networks)
    record = found.to_document()
    others = [s.text for s in strata(problem) if s.widths == (1, 1) and s != found.stratum]
    for text in others:
        with pytest.raises((TheoremViolationError, ValueError)):
            read_deep_outcome(problem, {**record, "stratum": text})
    with pytest.raises(TheoremViolationError, match="no point"):
        read_deep_outcome(problem, {**record, "points": []})


def test_equal_rows_of_the_last_layer_are_undecided_with_the_reason(backends):
    found = solve_stratum(reference(3, (1, 2)), DeepStratum.of_text("+++/+++,+++"), backends)
    assert found.kind is DeepOutcomeKind.UNDECIDED
    assert "group of several units" in found.reason


def test_vectors_are_independent_of_those_before_them():
    assert independent([(1, 0), (2, 0), (1, 1)]) == [0, 2]
    assert independent([(1, 0), (0, 1)], [(1, 1)]) == [0]
