"""The classical conditions of minimality, against differences of the loss and Theorems B and C.

Losses come from the definition in decimals of 60 digits, so that differences at steps of 1e-20
show first derivatives, and second ones, to many digits.
"""

from decimal import Decimal, localcontext
from itertools import combinations, pairwise, product

import numpy as np
import pytest
import sympy
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from reluenum import Problem
from reluenum.algebra.decimals import decimal_text
from reluenum.algebra.linear import dot
from reluenum.algebra.numbers import rational_point
from reluenum.engines.eliminated.classical import (
    ClassicalConditions,
    Minimality,
    ascent_rate,
    conformal_sets,
    hessian,
    inertia,
)
from reluenum.engines.eliminated.products import EliminatedSolver
from reluenum.engines.eliminated.strata import (
    FibrePoint,
    eliminated_landscape,
    merge_products,
    residual_classes,
)
from reluenum.engines.eliminated.surrogate import surrogate
from reluenum.geometry.arrangement import Arrangement
from reluenum.geometry.geometry import Geometry
from reluenum.geometry.patterns import patterns
from reluenum.groebner.backends import open_backends
from reluenum.landscape.dual import scan_dual
from reluenum.landscape.witnesses import descent_ray
from tests.support.oracles import DIGITS, Data, Network, decimals, random_problem

CONVENTIONS = list(product(["sum", "mean"], ["none", "free", "ridge"]))

EXAMPLE_1 = Problem.from_text([["-3/4"], ["4/3"]], ["2", "-1"], 2, "1")

EXAMPLE_2 = Problem.from_text([["-3/4"], ["3/4"]], ["2", "-2"], 2, "6/5", output_bias="free")

WITH_ZERO_MULTIPLIER = random_problem(52, 4, 1, 2, "1/10", "tie", output_bias="free")

STEP = Decimal("1e-20")


@pytest.fixture(scope="module")
def engine():
    with open_backends("auto") as opened:
        yield opened


def critical_points(problem, engine, largest=2):
    solver = EliminatedSolver(problem, engine)
    live = Arrangement.of(problem).live_faces
    for size in range(1, largest + 1):
        for support in combinations(live, size):
            yield from solver.support(support).points


def conditions(point):
    arrangement = Arrangement.of(point.problem)
    scan = scan_dual(Geometry.of(point.problem), point)
    return ClassicalConditions(point, arrangement, scan)


def point_on(problem, engine, *signs):
    support = tuple(sorted(map(Arrangement.of(problem).face, signs)))
    (point,) = EliminatedSolver(problem, engine).support(support).points
    return point


# Signs of eigenvalues.


def eigenvalue_signs(matrix):
    """By Descartes' rule, which is exact for a polynomial with real roots only."""
    x = sympy.Symbol("x")
    coefficients = sympy.Matrix(matrix).charpoly(x).all_coeffs()
    zero = next((k for k, c in enumerate(reversed(coefficients)) if c != 0), len(coefficients) - 1)

    def changes(values):
        signs = [c > 0 for c in values if c != 0]
        return sum(left != right for left, right in pairwise(signs))

    size = len(matrix)
    mirrored = [c * (-1) ** (size - k) for k, c in enumerate(coefficients)]
    return changes(coefficients), changes(mirrored), zero


def numbers(matrix):
    point = rational_point()
    return [[point.constant(fmpq(entry)) for entry in row] for row in matrix]


@st.composite
def symmetric_matrices(draw):
    """Of every rank, and with zeros on the diagonal more often than by chance."""
    size = draw(st.integers(1, 5))
    entries = st.integers(-2, 2)
    matrix = [[0] * size for _ in range(size)]
    for i in range(size):
        for j in range(i + 1):
            matrix[i][j] = matrix[j][i] = draw(entries)
    if draw(st.booleans()):
        for i in range(size):
            matrix[i][i] = 0
    if draw(st.booleans()):
        factor = draw(st.lists(entries, min_size=size, max_size=size))
        matrix = [[x * y for y in factor] for x in factor]
    return matrix


@settings(max_examples=150)
@given(symmetric_matrices())
def test_the_inertia_is_that_of_the_characteristic_polynomial(matrix):
    assert inertia(numbers(matrix)) == eigenvalue_signs(matrix)


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        ([], (0, 0, 0)),
        ([[0]], (0, 0, 1)),
        ([[0, 1], [1, 0]], (1, 1, 0)),
        ([[0, 0], [0, -3]], (0, 1, 1)),
        ([[0, 1, 1], [1, 0, 1], [1, 1, 0]], (1, 2, 0)),
        ([[1, 1], [1, 1]], (1, 0, 1)),
        ([[0, 0, 2], [0, 0, 0], [2, 0, 0]], (1, 1, 1)),
    ],
)
def test_the_inertia_of_small_matrices_is_known(matrix, expected):
    assert inertia(numbers(matrix)) == expected
    if matrix:
        values = np.linalg.eigvalsh(np.array(matrix, dtype=float))
        assert (np.sum(values > 1e-9), np.sum(values < -1e-9)) == expected[:2]


def test_the_inertia_recognises_an_exact_zero_in_a_number_field(engine):
    """[[1, t], [t, t^2]] is singular, whatever t is."""
    point = next(
        p
        for p in critical_points(random_problem(34, 3, 1, 2, "1/5"), engine)
        if p.isolated.claim.parametrisation.chi.degree() > 1
    )
    one, t = point.isolated.constant(1), point.loss
    assert inertia([[one, t], [t, t * t]]) == (1, 0, 1)
    assert inertia([[one, t], [t, t * t + one]]) == (2, 0, 0)
    assert inertia([[one, t], [t, t * t - one]]) == (1, 1, 0)


# Rays and cells.


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_conformal_sets_are_the_largest_that_no_point_tells_apart(dimension):
    problem = random_problem(3, 4, dimension, 1, "1", "tie")
    arrangement = Arrangement.of(problem)
    for face in arrangement.live_faces:
        rays = [ray for ray, _ in arrangement.around(face)][:8]
        signs = [[dot(problem.rows[i], ray) for i in face.zeros] for ray in rays]

        def conformal(chosen, signs=signs):
            columns = zip(*(signs[k] for k in chosen), strict=True)
            return all(not (min(c) < 0 < max(c)) for c in columns)

        everything = [
            set(chosen)
            for size in range(len(rays) + 1)
            for chosen in combinations(range(len(rays)), size)
            if conformal(chosen)
        ]
        largest = [s for s in everything if not any(s < other for other in everything)]
        found = conformal_sets(problem, face, rays)
        assert sorted(map(sorted, largest)) == sorted(
            sorted(rays.index(ray) for ray in chosen) for chosen in found
        )


def test_without_critical_rays_there_is_the_flat_alone():
    problem = random_problem(3, 3, 1, 1, "1")
    for face in Arrangement.of(problem).live_faces:
        assert conformal_sets(problem, face, []) == [()]


# Derivatives.


def decimal(number):
    return Decimal(decimal_text(number, 55))


def network_at(point):
    """(a, v) of one unit on each face, and rho."""
    weights, units, lengths = [], [], []
    for q, gamma, unit in zip(point.weights, point.slopes, point.units, strict=True):
        rho = decimal(q / gamma).sqrt()
        weights.append(decimal(gamma) * rho)
        units.append([rho * decimal(entry) for entry in unit])
        lengths.append(rho)
    return Network(weights, units), lengths


def loss_after(data, network, moves, step):
    """The loss with the best bias at network + step * moves, (da, dv) for every unit."""
    a = [w + step * da for w, (da, _) in zip(network.a, moves, strict=True)]
    v = [
        [x + step * d for x, d in zip(unit, dv, strict=True)]
        for unit, (_, dv) in zip(network.v, moves, strict=True)
    ]
    return data.loss(data.with_best_bias(Network(a, v)))


def single_move(point, place, da, dv):
    still = (Decimal(0), [Decimal(0)] * (point.problem.dimension + 1))
    return [(da, dv) if k == place else still for k in range(len(point.support))]


@pytest.mark.parametrize("how", CONVENTIONS)
def test_the_rates_along_rays_are_the_derivatives_of_the_loss(how, engine):
    """At a = the best weights the surrogate has the partial derivative of the loss (envelope)."""
    problem = random_problem(34, 3, 1, 2, "1/5", loss=how[0], output_bias=how[1])
    arrangement, data = Arrangement.of(problem), Data(problem)
    checked = 0
    for point in critical_points(problem, engine):
        with localcontext(prec=DIGITS):
            network, lengths = network_at(point)
            here = data.loss(data.with_best_bias(network))
            scale = decimals([problem.loss_scale])[0]
            for place, face in enumerate(point.support):
                for ray, beyond in arrangement.around(face):
                    rate = decimal(ascent_rate(point, place, beyond, ray))
                    moves = single_move(point, place, Decimal(0), decimals(ray))
                    slope = (loss_after(data, network, moves, STEP) - here) / STEP
                    assert abs(slope - 2 * lengths[place] * rate * scale) < Decimal("1e-15")
                    checked += 1
    assert checked > 0


def assert_second_differences(point, critical):
    """The matrix of `hessian` is half the second difference of the loss, entry by entry.

    With at most one critical ray for each unit, which the matrix may have rescaled.
    """
    data = Data(point.problem)
    factors = [fmpq(1)] * len(point.support)
    for chart, rays in zip(point.charts, critical, strict=True):
        factors += [fmpq(1)] * len(chart.frame)
        factors += [entry for ray in rays for entry in ray if entry != 0][:1]
    matrix = [
        [entry * left * right for entry, right in zip(row, factors, strict=True)]
        for row, left in zip(hessian(point, critical), factors, strict=True)
    ]
    with localcontext(prec=DIGITS):
        network, lengths = network_at(point)
        zero = [Decimal(0)] * (point.problem.dimension + 1)
        moves = [single_move(point, k, 1 / lengths[k], zero) for k in range(len(point.support))]
        for k, rays in enumerate(critical):
            for vector in (*point.charts[k].frame, *rays):
                scaled = [entry / lengths[k] for entry in decimals(vector)]
                moves.append(single_move(point, k, Decimal(0), scaled))

        def summed(left, right):
            return [
                (a + b, [x + y for x, y in zip(v, w, strict=True)])
                for (a, v), (b, w) in zip(left, right, strict=True)
            ]

        def half_second(move):
            ends = [loss_after(data, network, move, k * STEP) for k in (0, 1, 2)]
            return (ends[0] - 2 * ends[1] + ends[2]) / (2 * STEP * STEP)

        scale = decimals([point.problem.loss_scale])[0]
        assert len(matrix) == len(moves)
        diagonal = [half_second(move) for move in moves]
        for i, j in combinations(range(len(moves)), 2):
            mixed = (half_second(summed(moves[i], moves[j])) - diagonal[i] - diagonal[j]) / 2
            assert abs(mixed - scale * decimal(matrix[i][j])) < Decimal("1e-12")
            assert (matrix[i][j] - matrix[j][i]).is_zero()
        for i, entry in enumerate(diagonal):
            assert abs(entry - scale * decimal(matrix[i][i])) < Decimal("1e-12")


@pytest.mark.parametrize("how", CONVENTIONS)
def test_the_hessian_is_that_of_the_loss(how, engine):
    problem = random_problem(34, 3, 1, 2, "1/5", loss=how[0], output_bias=how[1])
    points = list(critical_points(problem, engine))
    for point in points[::2]:
        assert_second_differences(point, [()] * len(point.support))
    assert {len(point.support) for point in points} == {1, 2} or how[1] == "free"


def test_the_hessian_along_a_critical_ray_is_that_of_the_cell_it_enters(engine):
    checked = 0
    for problem in (WITH_ZERO_MULTIPLIER, EXAMPLE_1):
        for point in critical_points(problem, engine):
            for place, rays in enumerate(conditions(point).ascents):
                for ray, ascent in rays:
                    if ascent == 0:
                        critical = [(ray,) if k == place else () for k in range(len(point.support))]
                        assert_second_differences(point, critical)
                        checked += 1
    assert checked > 1


@pytest.mark.parametrize("how", CONVENTIONS)
def test_the_hessian_has_the_signature_of_the_surrogate_and_of_the_best_weights(how, engine):
    """Haynsworth: its inertia is that of the block of weights plus that of the surrogate."""
    problem = random_problem(34, 3, 1, 2, "1/5", loss=how[0], output_bias=how[1])
    points = list(critical_points(problem, engine))
    assert points
    for point in points:
        found = surrogate(problem, point.support, [chart.frame for chart in point.charts])
        psi = []
        for q, gamma, chart, unit in zip(
            point.weights, point.slopes, point.charts, point.units, strict=True
        ):
            rho = float(q.ball(64) / gamma.ball(64)) ** 0.5
            numbers = [float(e.ball(64)) if hasattr(e, "ball") else float(e) for e in unit]
            frame = np.array([[float(e.p) / float(e.q) for e in vector] for vector in chart.frame])
            psi += list(rho * np.linalg.lstsq(frame.T, numbers, rcond=None)[0])
        second = np.array(
            [
                [evaluated(part.derivative(name), psi) for name in found.variables]
                for part in found.gradient()
            ]
        )
        values = np.linalg.eigvalsh(second)
        assert np.min(np.abs(values)) > 1e-9
        positive, negative, zero = inertia(hessian(point, [()] * len(point.support)))
        assert zero == 0
        assert negative == np.sum(values < 0)
        assert positive == np.sum(values > 0) + len(point.support)


def evaluated(function, psi):
    def value(polynomial):
        return sum(
            float(c.p)
            / float(c.q)
            * np.prod([x ** int(e) for x, e in zip(psi, exponents, strict=True)])
            for exponents, c in polynomial.to_dict().items()
        )

    return value(function.numerator) / value(function.denominator)


# Judgements.


@pytest.mark.parametrize(
    "problem",
    [
        *(
            random_problem(36, 3, 1, 2, "1/5", loss=loss, output_bias=bias)
            for loss, bias in CONVENTIONS
        ),
        random_problem(37, 4, 1, 2, "1/10", "tie"),
        WITH_ZERO_MULTIPLIER,
        random_problem(38, 4, 2, 1, "1/10", "line"),
        EXAMPLE_1,
    ],
    ids=repr,
)
def test_points_are_minima_when_theorems_b_and_c_say_so(problem, engine):
    """Lemma 26."""
    arrangement = Arrangement.of(problem)
    for point in critical_points(problem, engine, problem.width):
        judged = conditions(point)
        descends = any(
            descent_ray(arrangement, point, face, sign) is not None
            for face, sign in zip(point.support, point.signs, strict=True)
        )
        expected = Minimality.NO_MINIMUM if descends else Minimality.MINIMUM
        assert judged.without_zero_units().minimality is expected
        # A living unit is tight, so that a zero unit beside it is never decided as a minimum.
        grows = descends or bool(judged.scan.exceeding)
        expected = Minimality.NO_MINIMUM if grows else Minimality.INCONCLUSIVE
        assert judged.with_zero_units().minimality is expected


@pytest.mark.parametrize("how", CONVENTIONS)
def test_every_point_that_is_no_minimum_has_a_step_to_a_smaller_loss(how, engine):
    problem = random_problem(36, 4, 1, 2, "1/10", loss=how[0], output_bias=how[1])
    data, kinds = Data(problem), set()
    for point in critical_points(problem, engine, 1):
        judged = conditions(point)
        for judgement in (judged.without_zero_units(), judged.with_zero_units()):
            if judgement.minimality is not Minimality.NO_MINIMUM:
                assert judgement.descent is None
                continue
            descent = judgement.descent
            kinds.add(descent.kind)
            with localcontext(prec=DIGITS):
                network, _ = network_at(point)
                here = data.loss(data.with_best_bias(network))
                vector, (step,) = decimals(descent.vector), decimals([descent.step])
                if descent.kind == "rotate":
                    place = point.support.index(descent.face)
                    moves = single_move(point, place, Decimal(0), vector)
                    assert loss_after(data, network, moves, step) < here
                else:
                    length = sum(x * x for x in vector).sqrt()
                    grown = Network(
                        [*network.a, descent.sign * step * length],
                        [*network.v, [step * x for x in vector]],
                    )
                    assert data.loss(data.with_best_bias(grown)) < here
    assert kinds == {"rotate", "grow"}


def test_a_zero_multiplier_is_settled_by_the_curvature_of_the_next_cell(engine):
    settled = 0
    for point in critical_points(WITH_ZERO_MULTIPLIER, engine):
        judged = conditions(point)
        signs = [ascent for rays in judged.ascents for _, ascent in rays]
        if 0 in signs and min(signs) == 0:
            assert judged.multipliers is None
            assert judged.without_zero_units().minimality is Minimality.MINIMUM
            settled += 1
    assert settled > 0


def test_dependent_critical_rays_around_a_cone_over_a_square_leave_nothing_open(engine):
    """x_0 is orthogonal to four points with target 0, whose hyperplanes meet in a line.

    The residual of these points is 0, so that no ray ascends or descends; the cells around the
    line are no simplices.
    """
    problem = Problem.from_text(
        [[0, 0, 1], [1, 1, -1], [1, -1, -1], [-1, 1, -1], [-1, -1, -1]], [2, 0, 0, 0, 0], 1, "1/2"
    )
    point = point_on(problem, engine, "+0000")
    judged = conditions(point)
    (rays,) = judged.ascents
    assert {ascent for _, ascent in rays} == {0}
    sets = conformal_sets(problem, point.support[0], [ray for ray, _ in rays])
    assert max(map(len, sets)) == 4
    assert judged.without_zero_units().minimality is Minimality.MINIMUM


def test_a_strict_dual_bound_makes_the_zero_network_a_minimum_and_a_tight_one_leaves_it_open(
    engine,
):
    """n = 1, x = 0: a unit grows from zero when |y| > Lambda."""
    for ridge, expected in (
        ("5", Minimality.MINIMUM),
        ("3", Minimality.INCONCLUSIVE),
        ("2", Minimality.NO_MINIMUM),
    ):
        problem = Problem.from_text([["0"]], ["3"], 1, ridge)
        (point,) = EliminatedSolver(problem, engine).support(()).points
        assert conditions(point).with_zero_units().minimality is expected


def test_an_open_curvature_of_a_zero_unit_is_settled_by_the_least_loss(engine):
    """Example 1: beside the global support of two faces, at width 3."""
    point = point_on(EXAMPLE_1, engine, "+0", "0+")
    judgement = conditions(point).with_zero_units()
    assert judgement.minimality is Minimality.INCONCLUSIVE
    assert judgement.reason == "a zero unit has curvature 0 towards +0"
    problem = EXAMPLE_1.with_width(3)
    arrangement = Arrangement.of(problem)
    solver = EliminatedSolver(problem, engine)
    outcomes = [
        outcome
        for pattern in patterns(arrangement, 3)
        for outcome in solver.pattern(pattern, arrangement)
    ]
    found = eliminated_landscape(
        merge_products(Geometry.of(problem), outcomes), Geometry.of(problem)
    )
    (row,) = [r for r in found.points if r.support == point.support and r.with_zero_units]
    assert row.is_minimum
    assert row.judgement.reason.endswith("no candidate has a smaller loss")


def test_a_fibre_explains_the_kernel_of_the_hessian_and_nothing_else_does(engine):
    """Example 2: the squares on +0 and 0+ have a constant sum (Lemmas 24 and 25)."""
    arrangement = Arrangement.of(EXAMPLE_2)
    points = list(critical_points(EXAMPLE_2, engine))
    (group,) = [g for g in residual_classes(Geometry.of(EXAMPLE_2), points) if len(g.vertices) == 2]
    support = tuple(sorted(face for vertex in group.vertices for face in vertex.support))
    middle = FibrePoint(EXAMPLE_2, support, group.point.isolated, group)
    assert inertia(hessian(middle, [(), ()]))[1:] == (0, 1)
    for fibre, expected in ((1, Minimality.MINIMUM), (0, Minimality.INCONCLUSIVE)):
        judged = ClassicalConditions(middle, arrangement, group.scan, fibre)
        assert judged.without_zero_units().minimality is expected
    alone = ClassicalConditions(group.vertices[0], arrangement, group.scan, 1)
    assert alone.without_zero_units().minimality is Minimality.INCONCLUSIVE
