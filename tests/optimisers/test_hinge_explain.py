"""Downhill with free hidden biases: exactly, to what is stationary, and known by the list."""

import random
from itertools import pairwise

import numpy as np
import pytest
from flint import fmpq

from reluenum import Problem, enumerate_minima
from reluenum.documents.labels import EndKind
from reluenum.engines.hinges.hinges import Hinges
from reluenum.engines.hinges.states import Kind
from reluenum.interop import network_arrays
from reluenum.optimisers.explain import fmpq_of
from reluenum.optimisers.free.hinge_descent import HingeCell, descended, least_sizes
from reluenum.optimisers.free.hinge_explain import HingeDestination, HingeExplainer
from reluenum.optimisers.networks import Networks
from reluenum.optimisers.studies.locate import locations

FREE = {"output_bias": "free", "hidden_bias": "free"}

THREE = Problem.from_text([["0"], ["1"], ["2"]], ["0", "0", "1"], 1, "1/8", **FREE)
"""Row B of section 24.5: the best is active at the last point alone, a^2 = 3/4, kink 5/6, m = 0."""


def drawn(seed):
    """A problem with small whole numbers, ties and repeated inputs, and units of a network."""
    draw = random.Random(seed)
    size = draw.randint(2, 7)
    inputs = [[draw.randint(-4, 4)] for _ in range(size)]
    inputs[0][0] = 5
    targets = [draw.randint(-3, 3) for _ in range(size)]
    ridge = draw.choice(["1/10", "1/2", "2"])
    units = [[fmpq(draw.randint(-40, 40), 16) for _ in range(3)] for _ in range(draw.randint(1, 4))]
    return Problem.from_text(inputs, targets, len(units), ridge, **FREE), units


def function(problem, hinges, units):
    """The least loss H(w) of units with the best output bias, straight from its definition."""
    errors = [
        y - sum((a * max(b * x + c, fmpq(0)) for a, b, c in units), fmpq(0))
        for x, y in zip(hinges.inputs, hinges.targets, strict=True)
    ]
    total = sum(hinges.weights)
    mean = sum(w * e for w, e in zip(hinges.weights, errors, strict=True)) / total
    fit = sum(w * (e - mean) ** 2 for w, e in zip(hinges.weights, errors, strict=True))
    penalty = sum((abs(a * b) for a, b, _ in units), fmpq(0))
    return problem.scatter + fit + 2 * hinges.ridge * penalty


@pytest.mark.parametrize("seed", range(60))
def test_every_step_is_down_and_ends_where_only_a_zero_unit_could_go_on(seed):
    problem, units = drawn(seed)
    hinges = Hinges.of(problem)
    cells = [HingeCell.of_unit(hinges.inputs, *unit) for unit in units]
    rests = list(descended(hinges, cells))
    losses = [HingeDestination(problem, rest, None).loss for rest in rests]
    assert losses[0] <= function(problem, hinges, units)
    assert all(before > after for before, after in pairwise(losses))
    good = set(rests[-1].residual.states)
    assert all(s.kind is Kind.ZERO for s in rests[-1].states if s not in good)


@pytest.mark.parametrize("seed", range(30))
def test_sizes_are_least_by_the_conditions_of_the_lasso(seed):
    """Every column pulls at most as the ridge, and as the ridge where it has a size."""
    problem, _ = drawn(seed)
    hinges = Hinges.of(problem)
    columns = [(edge, sign) for edge in range(hinges.count) for sign in (1, -1)]
    sizes = least_sizes(hinges, columns)
    slopes = [sign * size for (_, sign), size in sizes.items()]
    residual = hinges.residual([edge for edge, _ in sizes], slopes)
    assert all(size > 0 for size in sizes.values())
    table = hinges.columns.tolist()
    for edge, sign in columns:
        pulls = (
            w * r * row[edge] for w, r, row in zip(hinges.weights, residual, table, strict=True)
        )
        pull = sign * sum(pulls, fmpq(0))
        assert pull == hinges.ridge if (edge, sign) in sizes else pull <= hinges.ridge


def test_the_way_to_the_best_minimum_by_hand():
    """From a kink at 1/2 to 5/6: (1/8 = r_3, f(2) = 7/8 = (3/4)(2 - 5/6))."""
    start = network_arrays([1.0], [[1.0]], [-0.5], 0.0)
    (record,) = locations(enumerate_minima(THREE).document, [start])["networks"]
    assert record["component"] == 1
    assert record["limit_loss"] == "0.21875"
    root = 0.75**0.5
    assert record["nearest"]["a"] == pytest.approx([root])
    assert record["nearest"]["c"] == pytest.approx([-root * 5 / 6])
    assert record["nearest"]["m"] == pytest.approx(0)


@pytest.mark.parametrize(
    ("a", "b", "c", "zeros"), [(1, 1, -3, "inactive"), (0, 0, 1, "active"), (0, 0, -1, "inactive")]
)
def test_dead_networks_are_local_minima(a, b, c, zeros):
    """Row C of section 24.5: the constant network, whichever way its unit is dead."""
    problem = Problem.from_text([["0"], ["1"], ["2"]], ["1", "0", "1"], 1, "1/8", **FREE)
    landscape = enumerate_minima(problem)
    found = landscape.locate([a], [[b]], [c], 2 / 3)
    assert found.record["limit_loss"][:8] == "0.666666"
    stratum = landscape[found.component].strata[0]
    assert getattr(stratum, zeros) == 1


def test_a_unit_that_dies_out_on_its_kink_is_a_saddle_with_a_kink_that_would_grow():
    """A unit in the last gap of Row C of section 24.5 with the wrong sign: M(r) = 1/3 > 1/8."""
    problem = Problem.from_text([["0"], ["1"], ["2"]], ["1", "0", "1"], 1, "1/8", **FREE)
    (record,) = locations(
        enumerate_minima(problem).document, [network_arrays([-1e-4], [[1e-4]], [-5e-5], 2 / 3)]
    )["networks"]
    assert (record["kind"], record["saddle_kind"]) == ("saddle", "zero unit")
    assert record["descent"] == {"kind": "grow", "kink": "1", "sign": 1, "side": 1}


@pytest.mark.parametrize("kink", [1.25, 2.0, 2.75])
def test_kinks_in_a_continuum_are_at_a_minimum(kink):
    """Row F of section 24.5: kinks k and 4 - k, a^2 = 1/2, m = 3/4 - (4 - k)/2."""
    points = [["0"], ["1"], ["3"], ["4"]], list("1001")
    document = enumerate_minima(Problem.from_text(*points, 2, "1/4", **FREE)).document
    root, other = 0.5**0.5, 4 - kink
    at = network_arrays(
        [root] * 2, [[root], [-root]], [-root * kink, root * other], 0.75 - other / 2
    )
    (record,) = locations(document, [at])["networks"]
    assert (record["kind"], record["component"]) == ("minimum", 1)
    assert record["distance"] < 1e-12


def test_the_networks_of_a_list_are_where_the_list_says():
    """One of them is inside of a segment of which an end is a kink that is not good."""
    points = [[x] for x in "01357"], list("20013")
    document = enumerate_minima(Problem.from_text(*points, 2, "1/2", **FREE)).document
    networks = []
    for component in document["components"]:
        given = component["representative"]
        a, c = ([float(entry) for entry in given[key]] for key in "ac")
        slopes = [[float(entry) for entry in row] for row in given["B"]]
        networks.append(network_arrays(a, slopes, c, float(given["m"])))
    records = locations(document, networks)["networks"]
    assert [record["component"] for record in records] == [*range(1, len(records) + 1)]
    assert all(record["kind"] == "minimum" for record in records)
    assert max(record["distance"] for record in records) < 1e-9


@pytest.mark.parametrize("inputs", [["3"], ["1", "1"]])
def test_equal_inputs_leave_constants(inputs):
    """Units that are active lose their weights, whatever these are."""
    targets = ["0", "2"][: len(inputs)]
    landscape = enumerate_minima(Problem.from_text([[x] for x in inputs], targets, 1, 1, **FREE))
    found = landscape.locate([2], [[1]], [1], 0)
    assert (found.component, found.record["limit_loss"]) == (0, "0" if len(inputs) == 1 else "2")


def test_networks_with_huge_or_tiny_numbers():
    landscape = enumerate_minima(THREE)
    for a, b, c in [(1e200, 1e200, 0), (1e308, 1e308, 1e308), (1, 1, 1e300)]:
        assert landscape.locate([a], [[b]], [c], 0).record["kind"] == "diverged"
    for a, b, c in [(1e-300, 1e-300, 0), (5e-324, 5e-324, -5e-324)]:
        assert np.isfinite(landscape.locate([a], [[b]], [c], 0).record["distance"])


def test_a_mean_loss_has_the_excess_of_the_sum():
    rows, targets = THREE.inputs, THREE.targets
    theta = np.array([[1.0, 1.0, -0.9, 0.1]])
    mean = Problem.from_text(rows, targets, 1, "1/24", "mean", **FREE)
    ends = [HingeExplainer(p, ()).explain_rows(theta)[0] for p in (THREE, mean)]
    assert ends[0].excess == pytest.approx(ends[1].excess)
    assert ends[0].excess > 0
    assert ends[0].loss == pytest.approx(3 * ends[1].loss)


@pytest.mark.parametrize("seed", range(8))
def test_descents_end_at_listed_minima_or_at_saddles(seed):
    """Straight from random starts, without an optimiser: 25 on each instance."""
    problem, _ = drawn(100 + seed)
    problem = problem.with_width(min(problem.width, 2))
    components = enumerate_minima(problem).document["components"]
    explainer = HingeExplainer(problem, components)
    generator = np.random.default_rng(seed)
    shape = (25, problem.width)
    starts = Networks(
        generator.standard_normal(shape),
        generator.standard_normal((*shape, 2)),
        generator.standard_normal(25),
    )
    for k, (end, rest) in enumerate(explainer.traced(starts)):
        assert end.kind in (EndKind.MINIMUM, EndKind.SADDLE, EndKind.NOT_STATIONARY)
        assert not end.limit.is_minimum or end.limit.component is not None
        if end.limit.is_minimum:  # the point that is named as near leads there, too
            near = explainer.nearest(starts[[k]], rest)
            units = [(a, *unit) for a, unit in zip(near.weights[0], near.units[0], strict=True)]
            exact = [map(fmpq_of, unit) for unit in units]
            cells = [HingeCell.of_unit(explainer.hinges.inputs, *unit) for unit in exact]
            *_, again = descended(explainer.hinges, cells)
            assert HingeDestination(problem, again, None).height == pytest.approx(end.limit.height)
