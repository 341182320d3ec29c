"""A search in high precision ends at the point of its support, or says that it does not know.

The oracle is Theorem A: unit vectors w and squares s > 0 with u_F(r) = Lambda w_F, where
r = R (y - sum_F s_F z_F) is summed up over the data, give the residual r_S.
"""

from functools import cache

import pytest
from flint import arb, ctx, fmpq

from reluenum.algebra.linear import combine, dot
from reluenum.algebra.newton import polished
from reluenum.datasets.families import dataset
from reluenum.engines.certified.search import BITS, search
from reluenum.engines.reduced.outcomes import solve_support
from reluenum.geometry.arrangement import Arrangement
from reluenum.geometry.supports import supports
from reluenum.groebner.backends import open_backends
from reluenum.landscape.equations import stationarity_system
from reluenum.problem import Problem, parse_ridge
from tests.support.oracles import random_problem, reference_problem, residual_by_points

# Their points lie at the end of valleys that doubles cannot see.
HARD = ("++-+--+", "+--+---", "-++-+++", "--+-++-")

POOR_STARTS = [
    (1.0, 1.0, 1.0, 1.0),
    (1e-6, 1e-6, 1e-6, 1e-6),
    (1e4, 1e4, 1e4, 1e4),
    (1e-12, 1e12, 1.0, 1.0),
    (1e6, 1e-6, 1e6, 1e-6),
]

HOPELESS_STARTS = [
    (1e-200, 1e-200, 1e-200, 1e-200),
    (1e-300, 1.0, 1.0, 1.0),
    (5e-324, 5e-324, 5e-324, 5e-324),
    (1e300, 1e300, 1e300, 1e300),
    (1e-300, 1e300, 1e-300, 1e300),
    (0.0, 0.0, 0.0, 0.0),
    (0.0, 1.0, 1.0, 1.0),
    (float("inf"), 1.0, 1.0, 1.0),
    (float("nan"), 1.0, 1.0, 1.0),
]

SMALL = [
    (reference_problem(2, "1/10"), 2),
    (random_problem(11, 4, 1, 2, "1/5", output_bias="free"), 2),
    (random_problem(12, 4, 1, 2, "1/5", "tie", loss="mean"), 2),
    (random_problem(13, 3, 2, 2, "1/4", output_bias="ridge"), 2),
    (random_problem(14, 4, 3, 1, "1/7", output_bias="free", loss="mean"), 1),
]


@cache
def hard():
    problem = Problem(*dataset("random", n=7, seed=1, denominator=1000), 7, parse_ridge("1/100"))
    arrangement = Arrangement.of(problem)
    return problem, tuple(sorted(arrangement.face(signs) for signs in HARD))


@cache
def essential(problem, largest):
    """(support, certified point) of every support with a point of its own."""
    with open_backends("auto") as engine:
        outcomes = [
            solve_support(problem, support, engine)
            for support in supports(Arrangement.of(problem), largest)
        ]
    return [(outcome.support, outcome.point) for outcome in outcomes if outcome.point is not None]


def split(support, found):
    """Unit vectors w_F and squares s_F."""
    units, first = [], 0
    for face in support:
        units.append(combine(found[first : first + face.dimension], face.basis))
        first += face.dimension
    assert len(found) == first + len(support)
    return units, found[first:]


def defect(problem, support, found):
    """The largest of all | |w_F| - 1 | and |u_F(r) - Lambda w_F|, from sums over the data."""
    units, squares = split(support, found)
    errors = [arb(y) for y in problem.targets]
    for face, unit, square in zip(support, units, squares, strict=True):
        for i in face.active:
            errors[i] -= square * dot(unit, problem.rows[i])
    residual = residual_by_points(problem, errors)
    found = [abs(dot(unit, unit) - 1) for unit in units]
    for face, unit in zip(support, units, strict=True):
        gradient = [
            sum((residual[i] * problem.rows[i][j] for i in face.active), start=arb(0))
            for j in range(problem.dimension + 1)
        ]
        found += [
            abs(u - problem.effective_ridge * w)
            for u, w in zip(face.project(gradient), unit, strict=True)
        ]
    return max(entry.upper() for entry in found)


def assert_is_the_point(problem, support, found):
    assert len(found) == sum(face.dimension + 1 for face in support)
    assert all(entry.is_exact() for entry in found)
    assert all(square > 0 for square in found[-len(support) :])
    with ctx.workprec(BITS):
        assert defect(problem, support, found) < arb(10) ** -30


def assert_same_numbers(support, found, point):
    with ctx.workprec(BITS):
        units, squares = split(support, found)
        mine = [*squares, *(entry for unit in units for entry in unit)]
        exact = [*point.squares, *(entry for unit in point.unit_vectors for entry in unit)]
        for left, right in zip(mine, exact, strict=True):
            assert abs(left - right.ball(BITS)) < arb(10) ** -30


@pytest.mark.parametrize("start", POOR_STARTS, ids=str)
def test_a_search_from_a_poor_start_ends_at_the_point_of_a_hard_support(start):
    problem, support = hard()
    assert_is_the_point(problem, support, search(problem, support, start))


def test_all_starts_lead_to_the_same_point():
    problem, support = hard()
    first, *others = (search(problem, support, start) for start in POOR_STARTS)
    with ctx.workprec(BITS):
        for other in others:
            for p, q in zip(first, other, strict=True):
                assert abs(p - q) < arb(10) ** -30


@pytest.mark.parametrize("start", HOPELESS_STARTS, ids=str)
def test_a_hopeless_start_is_answered_by_the_point_or_by_none(start):
    problem, support = hard()
    found = search(problem, support, start)
    if found is not None:
        assert_is_the_point(problem, support, found)


@pytest.mark.parametrize(("problem", "largest"), SMALL, ids=repr)
def test_searches_end_at_the_points_that_the_groebner_engine_finds(problem, largest):
    points = essential(problem, largest)
    assert len(points) > 5
    for support, point in points:
        for length in (1.0, 1e-3, 1e3):
            found = search(problem, support, [length] * len(support))
            assert_is_the_point(problem, support, found)
            assert_same_numbers(support, found, point)


def test_a_search_on_a_reducible_support_ends_and_invents_no_point():
    problem, largest = SMALL[0]
    own = {support for support, _ in essential(problem, largest)}
    tried = 0
    for support in supports(Arrangement.of(problem), largest):
        if support in own:
            continue
        found = search(problem, support, [1.0] * len(support))
        if found is not None:  # a length runs to 0, where the equations hold nearly
            with ctx.workprec(BITS):
                least = min(split(support, found)[1])
                assert least < arb(10) ** -6 or defect(problem, support, found) > arb(10) ** -20
        tried += 1
    assert tried > 5


def test_a_search_leaves_the_precision_as_it_was():
    problem, support = hard()
    before = ctx.prec
    search(problem, support, POOR_STARTS[0])
    search(problem, support, HOPELESS_STARTS[-1])
    assert ctx.prec == before


@pytest.mark.parametrize("bits", [128, 256, 1024])
def test_polishing_reaches_the_precision_from_rounded_values(bits):
    problem, largest = SMALL[0]
    for support, _ in essential(problem, largest)[::5]:
        system = stationarity_system(problem, support)
        rough = [arb(float(v)) for v in search(problem, support, [1.0] * len(support))]
        with ctx.workprec(bits):
            assert defect(problem, support, rough) > arb(10) ** -20
            found = polished(system, rough)
        assert all(entry.is_exact() for entry in found)
        with ctx.workprec(2 * bits):
            assert defect(problem, support, found) < arb(2) ** (30 - bits)


def test_polishing_reaches_the_precision_on_a_hard_support():
    problem, support = hard()
    start = search(problem, support, POOR_STARTS[0])
    with ctx.workprec(1024):
        found = polished(stationarity_system(problem, support), start)
    with ctx.workprec(2048):
        assert defect(problem, support, found) < arb(2) ** -900


def test_polishing_answers_a_start_without_a_newton_step_by_the_start():
    problem, support = hard()
    system = stationarity_system(problem, support)
    start = [arb(0)] * len(system.variables)
    with ctx.workprec(128):
        assert polished(system, start) == start


def test_the_oracle_rejects_what_is_no_point():
    problem, support = hard()
    found = search(problem, support, POOR_STARTS[0])
    with ctx.workprec(BITS):
        for place in range(len(found)):
            other = list(found)
            other[place] = (other[place] * (1 + arb(fmpq(1, 10**6)))).mid()
            assert defect(problem, support, other) > arb(10) ** -12
