"""Ties, symmetries and exact zeros: laws that hold exactly, and examples computed by hand.

Each law is an identity between the losses of two problems under a bijection of their parameters;
the bijection then carries local minima to local minima. Numbers are compared exactly.
"""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from flint import arb, fmpq

from reluenum import Problem, enumerate_minima
from reluenum.algebra.numbers import compare
from reluenum.documents.minima import minima_document
from reluenum.landscape.witnesses import loss_of_units
from tests.support.oracles import Centred, Data, component_key, faces_of, network_of, random_problem

pytestmark = pytest.mark.seconds(30)

PROBLEMS = {
    "d=1": random_problem(21, 4, 1, 2, "1/10"),
    "d=1 free": random_problem(22, 4, 1, 2, "1/5", output_bias="free"),
    "d=1 tie ridge": random_problem(23, 4, 1, 2, "1/5", "tie", output_bias="ridge"),
    "d=2 mean": random_problem(24, 4, 2, 1, "1/20", loss="mean"),
    "d=2": random_problem(25, 3, 2, 2, "1/4"),
}

of_every_problem = pytest.mark.parametrize("name", PROBLEMS)


def q(value):
    value = Fraction(value)
    return fmpq(value.numerator, value.denominator)


def vector(*entries):
    return tuple(map(q, entries))


@cache
def components(problem):
    found = enumerate_minima(problem)
    assert found.is_complete
    return found.components


def group_of(stratum, face, multiplicity):
    found = [g for g in stratum.groups if (g.face.signs, g.multiplicity) == (face, multiplicity)]
    assert len(found) <= 1
    return found[0] if found else None


def assert_related(
    left,
    right,
    face=lambda signs: signs,
    sign=1,
    loss=lambda value: value,
    square=lambda value: value,
    direction=lambda vector: vector,
):
    """The maps carry the components of the left problem exactly to those of the right one."""
    unmatched = list(components(right))
    for component in components(left):
        partner = next(c for c in unmatched if _same(component, c, face, sign))
        unmatched.remove(partner)
        assert compare(loss(component.loss), partner.loss) == 0
        for stratum, other in zip(*map(_ordered, (component, partner), (face, str)), strict=True):
            for group in stratum.groups:
                twin = group_of(other, face(group.face.signs), group.multiplicity)
                assert compare(square(group.square), twin.square) == 0
                moved = direction(group.direction)
                for entry, expected in zip(moved, twin.direction, strict=True):
                    assert compare(entry, expected) == 0
    assert unmatched == []


def _discrete(stratum, face=str, sign=1):
    groups = ((face(g.face.signs), sign * g.sign, g.multiplicity) for g in stratum.groups)
    return tuple(sorted(groups)), stratum.zero_neurons, stratum.dimension


def _ordered(component, face):
    return sorted(component.strata, key=lambda s: _discrete(s, face))


def _same(left, right, face, sign):
    facts = ("dimension", "on_boundary", "global_at_width", "global_at_every_width", "orbit_size")
    return all(getattr(left, f) == getattr(right, f) for f in facts) and sorted(
        _discrete(s, face, sign) for s in left.strata
    ) == sorted(_discrete(s) for s in right.strata)


# Symmetries of the problem.


@of_every_problem
def test_permuting_the_data_permutes_the_faces(name):
    problem = PROBLEMS[name]
    order = np.random.default_rng(5).permutation(problem.size)
    permuted = replace(
        problem,
        inputs=tuple(problem.inputs[i] for i in order),
        targets=tuple(problem.targets[i] for i in order),
    )
    assert_related(problem, permuted, face=lambda s: "".join(s[i] for i in order))


@of_every_problem
def test_negating_the_targets_negates_the_output_weights(name):
    """(a, v, m) -> (-a, v, -m) negates f and keeps the penalty."""
    problem = PROBLEMS[name]
    negated = replace(problem, targets=tuple(-y for y in problem.targets))
    assert_related(problem, negated, sign=-1)


@of_every_problem
def test_reflecting_the_inputs_reflects_the_units(name):
    """(b, c) -> (-b, c) on the inputs -x: same pre-activations, same norm."""
    problem = PROBLEMS[name]
    reflected = replace(problem, inputs=tuple(tuple(-x for x in row) for row in problem.inputs))
    assert_related(
        problem, reflected, direction=lambda v: [*(entry * -1 for entry in v[:-1]), v[-1]]
    )


def test_symmetric_data_have_mirrored_components():
    """A reflection that maps the data to itself maps the set of minima to itself."""
    problem = Problem.from_text([["-2"], ["-1"], ["1"], ["2"]], [1, -1, -1, 1], 2, "1/5")
    assert_related(
        problem,
        problem,
        face=lambda s: s[::-1],
        direction=lambda v: [v[0] * -1, v[1]],
    )


def test_rotating_the_inputs_rotates_the_units():
    """b -> Q b on the inputs Q x with Q orthogonal: same pre-activations, same norm."""
    problem = PROBLEMS["d=2"]
    cos, sin = q("3/5"), q("4/5")

    def rotated(x):
        return [x[0] * cos - x[1] * sin, x[0] * sin + x[1] * cos]

    turned = replace(problem, inputs=tuple(tuple(rotated(row)) for row in problem.inputs))
    assert_related(problem, turned, direction=lambda v: [*rotated(v), v[2]])


@pytest.mark.parametrize("name", ["d=1", "d=1 free", "d=2 mean", "d=2"])
def test_scaling_the_targets_and_the_ridge_scales_the_squares(name):
    """theta -> sqrt(t) theta multiplies f by t, so the loss for (t y, t ridge) is t^2 the loss.

    With a penalised output bias (m -> t m) there is no such law.
    """
    problem, t = PROBLEMS[name], q("7/3")
    scaled = replace(
        problem, targets=tuple(t * y for y in problem.targets), ridge=t * problem.ridge
    )
    assert_related(problem, scaled, loss=lambda v: v * (t * t), square=lambda v: v * t)


@of_every_problem
def test_mean_loss_is_the_sum_loss_with_n_times_the_ridge(name):
    """(1/n) S + lam |theta|^2 = (1/n) (S + n lam |theta|^2)."""
    problem = replace(PROBLEMS[name], loss="mean")
    summed = replace(problem, loss="sum", ridge=problem.ridge * problem.size)
    assert_related(problem, summed, loss=lambda v: v * problem.size)


def test_a_constant_added_to_the_targets_goes_into_a_free_bias():
    problem = PROBLEMS["d=1 free"]
    shifted = replace(problem, targets=tuple(y + q("5/3") for y in problem.targets))
    assert_related(problem, shifted)
    for before, after in zip(components(problem), components(shifted), strict=True):
        assert compare(before.representative.bias + q("5/3"), after.representative.bias) == 0


# Ties and alignments.


@pytest.mark.parametrize("bias", ["none", "free", "ridge"])
def test_repeating_every_input_is_averaging_its_targets(bias):
    """sum_j (y_ij - f(x_i))^2 = k (mean_j y_ij - f(x_i))^2 + sum_j (y_ij - mean_j)^2 for k
    targets of one input: k times the loss of the averaged problem with ridge / k, plus a constant.
    """
    inputs, first, second = [["-1"], ["1/3"], ["2"]], ["1", "-1/2", "3"], ["2", "1/2", "1/3"]
    doubled = Problem.from_text(inputs + inputs, first + second, 2, "1/3", output_bias=bias)
    means = [(Fraction(a) + Fraction(b)) / 2 for a, b in zip(first, second, strict=True)]
    averaged = Problem.from_text(inputs, means, 2, "1/6", output_bias=bias)
    spread = sum((Fraction(a) - Fraction(b)) ** 2 / 2 for a, b in zip(first, second, strict=True))
    assert_related(averaged, doubled, face=lambda s: s + s, loss=lambda v: v * 2 + q(spread))


def test_one_repeated_input_whose_targets_agree_weighs_twice():
    """Its points share their faces: the tie adds no hyperplane."""
    problem = Problem.from_text([["0"], ["0"], ["1"]], ["1", "1", "-1"], 2, "1/4")
    found = enumerate_minima(problem)
    distinct = enumerate_minima(Problem.from_text([["0"], ["1"]], ["1", "-1"], 2, "1/4"))
    assert found.counts.supports_examined == distinct.counts.supports_examined
    faces = {g.face.signs for c in found.components for s in c.strata for g in s.groups}
    assert all(signs[0] == signs[1] for signs in faces)


@pytest.mark.parametrize("name", ["d=1", "d=1 free", "d=1 tie ridge"])
def test_collinear_points_in_the_plane_are_points_on_a_line(name):
    """For inputs (x, 0) the second input weight only adds ridge b2^2 to the loss, so a local
    minimum has b2 = 0 and the rest is a local minimum on the line; and conversely.
    """
    line = PROBLEMS[name]
    plane = replace(line, inputs=tuple((x, q(0)) for (x,) in line.inputs))
    assert_related(line, plane, direction=lambda v: [v[0], v[0] * 0, v[1]])
    counts = [enumerate_minima(p) for p in (line, plane)]
    assert counts[0].counts == counts[1].counts
    assert counts[0].tally.stationary == counts[1].tally.stationary


def test_collinear_points_in_general_direction_are_a_rotated_line():
    """x -> x (3/5, 4/5) is isometric, so both laws above combine."""
    line = PROBLEMS["d=1"]
    cos, sin = q("3/5"), q("4/5")
    plane = replace(line, inputs=tuple((x * cos, x * sin) for (x,) in line.inputs))
    assert_related(line, plane, direction=lambda v: [v[0] * cos, v[0] * sin, v[1]])


# Examples by hand.


def test_example_1_of_the_theory_has_the_values_computed_by_hand():
    """x = -3/4, 4/3, y = 2, -1, ridge 1: orthogonal rows, everything rational."""
    by_hand = {
        "+0": ("24/25", ("-3/5", "4/5"), 1),
        "0+": ("6/25", ("4/5", "3/5"), -1),
    }
    losses = {1: ["89/25", "121/25"], 2: ["17/5", "89/25", "121/25"]}
    losses[3] = losses[2]
    dimensions = {1: [0, 0], 2: [0, 1, 1], 3: [1, 2, 2]}
    orbits = {1: [1, 1], 2: [2, 1, 1], 3: [1, 1, 1]}
    for width in (1, 2, 3):
        found = components(Problem.from_text([["-3/4"], ["4/3"]], ["2", "-1"], width, "1"))
        assert [
            compare(c.loss, c.loss.point.constant(q(x)))
            for c, x in zip(found, losses[width], strict=True)
        ] == [0] * len(found)
        assert [c.dimension for c in found] == dimensions[width]
        assert [c.orbit_size for c in found] == orbits[width]
        assert [c.global_at_every_width for c in found] == [width > 1] + [False] * (len(found) - 1)
        assert [c.global_at_width for c in found] == [True] + [False] * (len(found) - 1)
        for group in (g for c in found for s in c.strata for g in s.groups):
            square, direction, sign = by_hand[group.face.signs]
            assert (group.square - q(square)).is_zero()
            assert all(
                (d - q(e)).is_zero() for d, e in zip(group.direction, direction, strict=True)
            )
            assert group.sign == sign
    strata = {
        (tuple((g.face.signs, g.multiplicity) for g in s.groups), s.zero_neurons)
        for s in found[0].strata
    }
    assert strata == {
        ((("+0", 2), ("0+", 1)), 0),
        ((("+0", 1), ("0+", 2)), 0),
        ((("+0", 1), ("0+", 1)), 1),
    }


EXAMPLE_2 = Problem.from_text([["-3/4"], ["3/4"]], ["2", "-2"], 1, "6/5", output_bias="free")


def test_example_2_of_the_theory_has_two_minima_with_one_function():
    """Both have q = 25/18, that is sum of a^2 = 6/5 * 25/18 = 5/3, and loss 6; biases -1 and 1."""
    found = components(EXAMPLE_2)
    assert {(c.strata[0].groups[0].face.signs, c.strata[0].groups[0].sign) for c in found} == {
        ("+0", 1),
        ("0+", -1),
    }
    for component in found:
        (group,) = component.strata[0].groups
        assert (component.loss - 6).is_zero()
        assert (group.square - q("5/3")).is_zero()
        assert (component.representative.bias + group.sign).is_zero()
        assert (component.dimension, component.global_at_every_width) == (0, True)


def test_example_2_of_the_theory_becomes_connected_at_width_2():
    """The squares fill a segment between the two faces."""
    (component,) = components(EXAMPLE_2.with_width(2))
    assert (component.dimension, component.orbit_size) == (1, 1)
    supports = {tuple(g.face.signs for g in s.groups) for s in component.strata}
    assert supports == {("+0",), ("0+",), ("+0", "0+")}
    (both,) = [s for s in component.strata if len(s.groups) == 2]
    assert both.polytope_dimension == 1
    total = both.groups[0].square + both.groups[1].square
    assert (total - q("5/3")).is_zero()


def test_squares_that_are_not_unique_away_from_the_global_minimum():
    """Symmetric data with a free bias: two faces with proportional responses.

    Each alone is an arc of two units, both together a segment. They are three components: on the
    way from one to another a unit would die, and there the loss goes down (Theorem C).
    """
    problem = Problem.from_text(
        [["-2"], ["-1"], ["1"], ["2"]], [-1, 1, -1, 1], 2, "1/2", output_bias="free"
    )
    landscape, tied = enumerate_minima(problem), {"+++0", "0+++"}
    found = [
        c
        for c in landscape.components
        if {g.face.signs for s in c.strata for g in s.groups} <= tied
    ]
    assert [(c.dimension, c.orbit_size, len(c.strata)) for c in found].count((1, 1, 1)) == 2
    (segment,) = [c for c in found if len(c.strata[0].groups) == 2]
    assert (segment.dimension, segment.orbit_size, len(segment.strata)) == (1, 2, 1)
    assert segment.strata[0].polytope_dimension == 1
    assert [compare(c.loss, segment.loss) for c in found] == [0, 0, 0]

    (stratum,) = minima_document(landscape)["components"][landscape.components.index(segment)][
        "strata"
    ]
    data, generator = Data(problem), np.random.default_rng(6)
    total = sum(Decimal(g["sum_a_squared"]) for g in stratum["support"])
    losses = []
    for share in ("0.001", "0.3", "0.5", "0.9"):
        parts = [total * Decimal(share), total * (1 - Decimal(share))]
        moved = {
            "support": [
                {**group, "sum_a_squared": str(part)}
                for group, part in zip(stratum["support"], parts, strict=True)
            ],
            "zero_neurons": 0,
        }
        network = network_of(data, moved)
        losses.append(data.loss(network))
        centred = Centred(data, network, faces_of(moved))
        for scale in (1e-6, 1e-5, 1e-4, 1e-3):
            da, dv, dm = centred.random_steps(generator, 5_000, scale)
            values, bounds = centred.differences(da, dv, dm)
            assert np.all((values + bounds)[centred.stays_adjacent(da, dv)] >= 0)
    assert max(losses) - min(losses) < Decimal("1e-25")


# One point, no signal, no network.


@pytest.mark.parametrize("width", [1, 2, 5])
def test_one_data_point_is_solved_by_hand(width):
    """r row = u, |u| = ridge: r = ridge / |row| = 2/5, f = y - r = 8/5 and loss = 2 r y - r^2.

    The only live face is +, whatever the width.
    """
    (component,) = components(Problem.from_text([["3/4"]], ["2"], width, "1/2"))
    assert (component.loss - q("36/25")).is_zero()
    assert component.global_at_every_width
    assert (component.dimension, component.orbit_size) == (width - 1, 1)
    assert {(s.groups[0].multiplicity, s.zero_neurons) for s in component.strata} == {
        (k, width - k) for k in range(1, width + 1)
    }
    for stratum in component.strata:
        (group,) = stratum.groups
        assert (group.face.signs, group.sign) == ("+", 1)
        # f = a v . row = sum a^2 |row|, as v / |v| = row / |row|.
        assert (group.square - q("8/5") / q("5/4")).is_zero()
        assert (group.direction[0] - q("3/5")).is_zero()
        assert (group.direction[1] - q("4/5")).is_zero()


def is_zero_network(component):
    return [(s.groups, s.zero_neurons) for s in component.strata] == [((), component.problem.width)]


@pytest.mark.parametrize("bias", ["none", "free", "ridge"])
def test_zero_targets_leave_only_the_zero_network(bias):
    problem = Problem.from_text([["-1"], ["0"], ["2"]], [0, 0, 0], 2, "1/100", output_bias=bias)
    (component,) = components(problem)
    assert is_zero_network(component)
    assert component.loss.is_zero()
    assert component.representative.bias.is_zero()
    assert (component.dimension, component.orbit_size, component.global_at_every_width) == (
        0,
        1,
        True,
    )


def test_the_zero_network_is_the_only_minimum_exactly_from_the_transition_ridge_on():
    """Orthogonal rows of lengths 5/4 and 5/3: max |p_y(v)| = max(2 * 5/4, 1 * 5/3) = 5/2.

    (On the cell ++ the gradient 2 row_1 - row_2 is not in the cell, nor is its negative.)
    """

    def at(ridge):
        return components(Problem.from_text([["-3/4"], ["4/3"]], ["2", "-1"], 2, ridge))

    for ridge in ("5/2", "1000", "2500000000000000000001/1000000000000000000000"):
        (component,) = at(ridge)
        assert is_zero_network(component)
        assert (component.loss - 5).is_zero()
        assert component.global_at_every_width
    below = at("2499999999999999999999/1000000000000000000000")
    assert not any(is_zero_network(c) for c in below)
    best = below[0].strata[0]
    assert [g.face.signs for g in best.groups] == ["+0"]
    assert below[0].global_at_every_width


def test_the_transition_ridge_of_one_data_point_is_decided_exactly():
    """The face + is tight there, but its sum of squares is 0."""
    (component,) = components(Problem.from_text([["3/4"]], ["2"], 3, "5/2"))
    assert is_zero_network(component)


# Residuals that are exactly 0.


def test_a_residual_that_is_exactly_zero_does_not_stop_a_witness_from_being_checked():
    """The square of a ball around 0 is a ball, not `nan`."""
    problem = Problem.from_text([["0"]], ["1"], 1, "1/2")
    unit = (arb(1), [arb(0), arb(1, 1e-20)])
    assert loss_of_units(problem, [unit], arb(0)).is_finite()


@pytest.mark.parametrize("targets", [(1, -1, 0, 0), (1, -1, 1, -1), (1, 1, -1, -1)])
def test_a_square_in_the_plane_is_solved_and_has_its_symmetries(targets):
    """The dihedral symmetries of these inputs that keep the targets permute the components."""
    inputs = [["1", "0"], ["-1", "0"], ["0", "1"], ["0", "-1"]]
    problem = Problem.from_text(inputs, targets, 2, "1/2")
    swap = (0, 1, 3, 2) if targets[0] != targets[2] else (2, 3, 0, 1)
    if [targets[i] for i in swap] != list(targets):
        swap = (1, 0, 2, 3)
    assert [targets[i] for i in swap] == list(targets)
    assert_related(
        problem,
        problem,
        face=lambda s: "".join(s[i] for i in swap),
        direction=lambda v: {
            (0, 1, 3, 2): [v[0], v[1] * -1, v[2]],
            (2, 3, 0, 1): [v[1], v[0], v[2]],
            (1, 0, 2, 3): [v[0] * -1, v[1], v[2]],
        }[swap],
    )


def test_a_width_larger_than_the_number_of_faces_only_adds_dimensions():
    """n = 1 has one live face, n = 2 has five: at width 6 no support is larger."""
    narrow = enumerate_minima(Problem.from_text([["-3/4"], ["4/3"]], ["2", "-1"], 5, "1"))
    wide = enumerate_minima(Problem.from_text([["-3/4"], ["4/3"]], ["2", "-1"], 6, "1"))
    assert narrow.counts.supports_examined == wide.counts.supports_examined == 2**5 - 1
    assert [c.dimension for c in wide.components] == [c.dimension + 1 for c in narrow.components]
    assert [component_key(c)[0] for c in wide.document["components"]] == [4, 5, 5]
