"""Free hidden biases in any dimension: against brute force, inputs on a line, and moved data."""

import random
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest

from reluenum import InputError, Problem, enumerate_minima
from reluenum.api import recorded
from reluenum.engines.choice import fastest
from reluenum.engines.creases.creases import Creases
from reluenum.engines.creases.route import CreaseEngine, crease_components, distinct_residuals
from reluenum.engines.creases.screens import unrejected
from reluenum.engines.creases.systems import CreaseSystem, constant_network
from reluenum.engines.hinges.route import HingeEngine
from reluenum.groebner.backends import open_backends
from reluenum.verify import CertificateError, verify
from tests.support.crease_products import CreaseProducts

FREE = {"output_bias": "free", "hidden_bias": "free"}

SQUARE = [[-1, -1], [-1, 1], [1, -1], [1, 1]]

KITE = [[0, 0], [2, 0], [0, 1], [-1, -2], [1, 3]]


def posed(inputs, targets, width=1, ridge="1/4", **kinds):
    return Problem.from_arrays(inputs, targets, width=width, ridge=ridge, **FREE, **kinds)


def components(problem):
    return CreaseEngine().landscape(problem).components


def told(found):
    """What is said of components but for numbers that a choice of representatives decides."""
    return [
        (
            round(float(component.loss), 12),
            component.dimension,
            component.orbit_size,
            component.global_at_width,
            component.global_at_every_width,
            component.is_unbounded,
            sorted(
                (s.dimension, s.unsized, sorted((g.face, g.sign, g.multiplicity) for g in s.groups))
                for s in component.strata
            ),
        )
        for component in found
    ]


def in_any_order(found):
    return sorted(told(found), key=str)


@pytest.mark.parametrize(
    ("inputs", "targets", "width", "ridge"),
    [
        ([0, 1], [0, 1], 2, "1/8"),
        ([0, 1, 2], [0, 0, 1], 2, "1/8"),
        ([0, 1, 3, 4], [1, 0, 0, 1], 2, "1/4"),
        ([2, -1, 2, 0], [1, 0, 3, -1], 1, "1/3"),
    ],
)
def test_on_a_line_everything_is_as_hinges_have_it(inputs, targets, width, ridge):
    """Lemma 97, and Lemma 86 that it generalises: by rational graphs, and by Groebner bases."""
    expected = in_any_order(
        HingeEngine().landscape(posed(inputs, targets, width, ridge)).components
    )
    assert in_any_order(components(posed(inputs, targets, width, ridge))) == expected
    inclined = [[Fraction(3 * x, 5) + 1, Fraction(4 * x, 5)] for x in inputs]
    assert in_any_order(components(posed(inclined, targets, width, ridge))) == expected


@pytest.mark.parametrize(
    ("inputs", "targets", "width", "ridge"),
    [
        (KITE, [1, -1, 0, 2, -2], 1, "1/8"),
        (KITE[:4], [1, -1, 0, 2], 2, "1/5"),
        (SQUARE, [0, 1, 1, 0], 2, "1/4"),
    ],
)
def test_brute_force_over_products_of_cells_finds_the_same_losses(inputs, targets, width, ridge):
    """Lemmas 93 to 95 need no more than convex problems to be confirmed."""
    pytest.importorskip("clarabel")
    found = {round(float(c.loss), 6) for c in components(posed(inputs, targets, width, ridge))}
    sure, doubtful = CreaseProducts(inputs, targets, Fraction(ridge)).losses(width)
    assert all(any(abs(loss - value) < 1e-5 for value in found) for loss in sure)
    assert all(any(abs(loss - value) < 1e-5 for loss in (*sure, *doubtful)) for value in found)
    assert len(found) >= 3


def test_moved_and_turned_data_have_the_same_minima():
    """Lemma 92 knows differences of inputs and their lengths only."""
    inputs, targets = KITE[1:], [1, 0, -1, 1]
    moved = [[Fraction(3 * p - 4 * q, 5) + 7, Fraction(4 * p + 3 * q, 5) - 2] for p, q in inputs]
    other = [Fraction(y) + Fraction(5, 2) for y in targets]
    first, second = components(posed(inputs, targets, 2)), components(posed(moved, other, 2))
    assert told(first) == told(second)


def test_inputs_and_ridge_times_a_number_have_the_same_losses():
    """With slopes divided by it, |a| |b| times the ridge is the same; 10^30 is no obstacle."""
    inputs, targets = KITE[:4], [1, -1, 0, 2]
    large = [[p * 10**30, q * 10**30] for p, q in inputs]
    found = components(posed(large, targets, 1, Fraction(10**30, 5)))
    expected = components(posed(inputs, targets, 1, "1/5"))
    assert [float(c.loss) for c in found] == [float(c.loss) for c in expected]


def test_targets_that_depend_on_one_coordinate_are_fitted_as_on_a_line():
    """With f = b x_1 the residual is (1 - b) y, so 4 (1 - b) = ridge and the loss is 7/4."""
    best, *_ = components(posed(SQUARE, [-1, -1, 1, 1], 1, 1))
    assert float(best.loss) == 1.75
    assert best.global_at_every_width
    assert {group.face for stratum in best.strata for group in stratum.groups} == {"++++", "00++"}
    (group,) = best.strata[0].groups
    assert [float(entry) for entry in group.direction] == [1, 0]
    assert (float(group.offsets[0]), group.offsets[1]) == (1, None)


def points_of(problem):
    """Return all solutions of all supports, and those that are left by the screens."""
    creases = Creases(problem)
    found, kept = [], set()
    with open_backends("flint") as backends:
        for size in range(1, problem.width + 1):
            supports = list(combinations(creases.live, size))
            kept |= {system.support for system in unrejected(creases, supports)}
            systems = (CreaseSystem(creases, support) for support in supports)
            solved = (one.solved(backends) for one in systems if one.is_independent)
            found += [one.point for one in solved if one.point]
    return creases, found, kept


def test_no_support_of_a_minimum_is_rejected():
    """Lemma 98 leaves all minima of Lemma 94, and few other points."""
    creases, found, kept = points_of(posed(KITE[:4], [1, -1, 0, 2], 2, "1/5"))
    listed = {}
    for residual in distinct_residuals(creases, [constant_network(creases), *found]):
        if parts := crease_components(residual, 2):
            listed[residual.key] = (float(parts[0].loss), len(parts))
    left = [constant_network(creases), *(one for one in found if one.support in kept)]
    assert set(listed) <= {residual.key for residual in distinct_residuals(creases, left)}
    assert sum(number for _, number in listed.values()) == len(components(creases.problem))
    assert 3 < len(listed) < len(left) < len(found) / 4


def loss_of(creases, signs, vectors, bias):
    """The loss in doubles, of units with |a| = |b|."""
    x = np.array([[float(entry) for entry in row] for row in creases.inputs])
    y = np.array([float(mean) for mean in creases.problem.means])
    left, price = y - bias, 0.0
    for sign, vector in zip(signs, vectors, strict=True):
        left = left - sign * np.maximum(x @ vector[:-1] + vector[-1], 0)
        price += np.linalg.norm(vector[:-1])
    weights = np.array([float(weight) for weight in creases.weights])
    return float(weights @ left**2) + 2 * float(creases.ridge) * price


def unit_and_bias(residual, one):
    """The network with the one unit of a residual, in doubles."""
    creases, crease = residual.creases, one.crease
    inputs = np.array([[float(entry) for entry in row] for row in creases.inputs])
    square = float(residual.point.isolated.coordinates[-1])
    slope = square * np.array([float(entry) for entry in one.vector])
    offset = -float(inputs[crease.zeros[0]] @ slope)
    fitted = float(creases.problem.means[0]) - float(residual.point.residual[0])
    bias = fitted - one.sign * max(float(inputs[0] @ slope) + offset, 0.0)
    return np.array([*slope, offset]), bias


def test_a_kink_is_good_iff_no_step_leads_down():
    """Lemma 95(3), with its term u.b, which is not 0 where inputs are not."""
    moved = [[p + 3, q - 5] for p, q in KITE]
    creases, found, _ = points_of(posed(moved, [-2, -2, -3, 1, 0], 1, "1/2"))
    chance, seen = np.random.default_rng(1), []
    for residual in distinct_residuals(creases, found):
        (crease,) = residual.point.support
        for one in residual.tight:
            if one.crease is crease and not crease.is_open:
                vector, bias = unit_and_bias(residual, one)
                start = loss_of(creases, [one.sign], [vector], bias)
                steps = 1e-5 * chance.normal(size=(2000, 4)) * [1, 1, 6, 1]
                moved_to = (
                    loss_of(creases, [one.sign], [vector + step[:3]], bias + step[3])
                    for step in steps
                )
                good = residual.is_good(one)
                assert good == (min(moved_to) > start - 1e-8)
                seen.append(good)
    assert 2 < sum(seen) < len(seen) - 10


def test_weights_count_as_points_that_are_repeated():
    """Lemma 96 sums with the weights of sites."""
    inputs, targets = KITE[:4], [1, -1, 0, 2]
    weighted = components(posed(inputs, targets, weights=[1, 2, 1, 1]))
    repeated = components(posed([*inputs, inputs[1]], [*targets, targets[1]]))
    assert [float(c.loss) for c in weighted] == pytest.approx([float(c.loss) for c in repeated])
    assert [c.dimension for c in weighted] == [c.dimension for c in repeated]


def test_predictions_have_the_loss_that_is_listed():
    problem = posed(KITE[:4], [1, -1, 0, 2], 2, "1/5", loss="mean")
    for component in enumerate_minima(problem, engine="auto"):
        assert component.network.loss_on(KITE[:4], [1, -1, 0, 2]) == pytest.approx(
            float(component.loss), abs=1e-12
        )


def test_the_document_can_be_read_and_has_nothing_to_verify(tmp_path):
    problem = posed(KITE[:4], [1, -1, 0, 2])
    found = enumerate_minima(problem)
    again = recorded(found.document)
    assert [c.dimension for c in again] == [c.dimension for c in found]
    assert again[0].predict(KITE) == pytest.approx(found[0].predict(KITE))
    assert found.document["completeness"] == "exact basis"
    found.save(tmp_path / "minima.json")
    with pytest.raises(CertificateError, match="has no certificate"):
        verify(tmp_path / "minima.json")


def test_a_support_that_no_backend_solves_in_time_is_undecided():
    found = enumerate_minima(posed(KITE[:4], [1, -1, 0, 2]), backend="sympy", seconds=1e-4)
    assert not found.is_complete
    assert [c.global_at_width for c in found] == [None]
    assert found.document["undecided"][0]["support"] == "++++"
    assert "not solved within" in found.document["undecided"][0]["reason"]


def test_what_there_is_not_is_refused_in_one_line():
    problem = posed(SQUARE, [0, 1, 1, 0])
    assert fastest(problem).engine == "certified"
    with pytest.raises(InputError, match="branch with hidden_bias free; expected certified"):
        enumerate_minima(problem, engine="branch")
    with pytest.raises(InputError, match="formulation"):
        enumerate_minima(problem, formulation="eliminated")


def test_inputs_that_are_all_equal_leave_the_constant_network():
    (only,) = components(posed([[1, 2], [1, 2]], [0, 3]))
    assert float(only.loss) == 4.5
    assert [stratum.zero_neurons for stratum in only.strata] == [1, 1, 1]
    assert not constant_network(Creases(posed([[1, 2]], [0]))).support


@pytest.mark.slow
def test_random_data_of_the_plane_against_brute_force():
    pytest.importorskip("clarabel")
    chance = random.Random(7)
    for _ in range(3):
        inputs = [[chance.randint(-2, 2) for _ in range(2)] for _ in range(4)]
        targets = [chance.randint(-2, 2) for _ in range(4)]
        found = [float(c.loss) for c in components(posed(inputs, targets, 2))]
        sure, doubtful = CreaseProducts(inputs, targets, 0.25).losses(2)
        assert all(min(abs(loss - value) for value in found) < 1e-5 for loss in sure)
        assert all(min(abs(loss - v) for loss in (*sure, *doubtful)) < 1e-5 for v in found)
