"""The systems with the ridge as an unknown, against points found at single ridges."""

from itertools import product

import pytest
from flint import arb, ctx

from reluenum import Problem
from reluenum.algebra.newton import evaluated
from reluenum.algebra.polynomials import PolynomialSystem
from reluenum.engines.reduced.outcomes import solve_support
from reluenum.geometry.arrangement import Arrangement
from reluenum.geometry.supports import supports
from reluenum.groebner.backends import open_backends
from reluenum.landscape.witnesses import descent_ray
from reluenum.paths.family import Family
from tests.support.oracles import random_problem

pytestmark = pytest.mark.seconds(15)

BITS = 200

CONVENTIONS = [
    {},
    {"loss": "mean"},
    {"output_bias": "free"},
    {"output_bias": "ridge"},
    {"loss": "mean", "output_bias": "ridge"},
]

LINEAR = [
    {"linear": "ridge"},
    {"linear": "ridge", "output_bias": "free"},
    {"linear": "ridge", "output_bias": "ridge", "loss": "mean"},
    {"linear": "free", "output_bias": "ridge", "activation": "leaky:1/10"},
]


def values_at(point, family):
    """The unknowns of a family at a point of one ridge, as balls."""
    ridge = arb(point.problem.effective_ridge)
    balls = [number.ball(BITS) for number in point.isolated.coordinates]
    units, squares = balls[: -len(point.support)], balls[-len(point.support) :]
    outer = [point.bias] if "m" in family.names else []
    outer += point.linear if "beta0" in family.names else []
    found = [number.ball(BITS) for number in outer]
    return [*units, *(square / ridge for square in squares), *found, 1 / ridge]


def positive(family, condition, values):
    """Whether a condition holds strictly; None if it is an equality to sixty digits."""
    (terms,) = PolynomialSystem(family.names, (condition.polynomial,)).terms
    value = evaluated(terms, values) * condition.orientation
    return None if value.contains(0) else bool(value > 0)


def solved_points(problem):
    arrangement = Arrangement.of(problem)
    with open_backends() as engine:
        for support in supports(arrangement, 2):
            if (point := solve_support(problem, support, engine).point) is not None:
                yield arrangement, point


POINTS = [(dimension, 3, c) for dimension in (1, 2) for c in CONVENTIONS]


@pytest.mark.parametrize(
    ("dimension", "size", "convention"), [*POINTS, *((1, 5, c) for c in LINEAR)]
)
def test_points_of_a_ridge_solve_the_system_of_all_ridges(dimension, size, convention):
    """Lemma 30, and Lemma 75(3) for a linear part."""
    problem = random_problem(dimension, size, dimension, 2, f"1/{size}", **convention)
    found = 0
    with ctx.workprec(BITS):
        for _, point in solved_points(problem):
            family = Family(problem, point.support)
            values = values_at(point, family)
            system = family.at(problem.effective_ridge)
            assert len(system.polynomials) == len(system.variables) == len(values)
            for terms in system.terms:
                residual = evaluated(terms, values)
                assert residual.contains(0)
                assert residual.rad() < arb(2) ** -100
            found += 1
    assert found > (2 if "linear" in convention else 5)


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize(("dimension", "special"), [(1, ""), (2, ""), (1, "tie")])
def test_all_conditions_hold_exactly_at_local_minima(dimension, special, convention):
    problem = random_problem(7, 4 - dimension // 2, dimension, 2, "1/4", special, **convention)
    verdicts = set()
    with ctx.workprec(BITS):
        for arrangement, point in solved_points(problem):
            family = Family(problem, point.support)
            values = values_at(point, family)
            minimal = False
            if point.is_stationary:
                pairs = zip(point.support, point.signs, strict=True)
                minimal = all(
                    descent_ray(arrangement, point, face, sign) is None for face, sign in pairs
                )
            signs = [point.signs] if point.signs else product((1, -1), repeat=len(point.support))
            held = [
                all(
                    positive(family, condition, values) is not False
                    for condition in family.conditions(arrangement, chosen)
                )
                for chosen in signs
            ]
            assert any(held) == minimal
            verdicts.add((point.is_stationary, minimal))
    assert {(True, True), (False, False)} <= verdicts


def test_one_point_has_the_system_written_by_hand():
    """On x = 1, w = t (1, 1): t = mu - 2 q t and 2 t^2 = 1; with a bias, mu (1 - m) for mu."""
    problem = Problem.from_text([["1"]], ["1"], 1, "1")
    support = (Arrangement.of(problem).face("+"),)
    family = Family(problem, support)
    assert family.names == ("w0_0", "s0", "mu")
    assert set(family.system.to_text()) == {"2*w0_0*s0+w0_0-mu", "2*w0_0^2-1"}
    biased = Family(Problem.from_text([["1"]], ["1"], 1, "1", output_bias="ridge"), support)
    assert biased.names == ("w0_0", "s0", "m", "mu")
    assert set(biased.system.to_text()) == {
        "2*w0_0*s0+m*mu+w0_0-mu",
        "2*w0_0^2-1",
        "2*w0_0*s0+m*mu+m-mu",
    }


def test_conditions_say_where_they_become_equalities():
    """Two points: the unit on ++ can reach either wall, that on +0 can turn off to two sides."""
    arrangement = Arrangement.of(problem := Problem.from_text([["0"], ["1"]], ["1", "2"], 1, "1"))
    cell = Family(problem, (arrangement.face("++"),)).conditions(arrangement, (1,))
    assert [condition.equality for condition in cell] == [
        "the sum of a^2 on ++ is 0",
        "the unit on ++ reaches 0+",
        "the unit on ++ reaches +0",
    ]
    assert [condition.square for condition in cell] == [0, None, None]
    ray = Family(problem, (arrangement.face("+0"),)).conditions(arrangement, (1,))
    assert {condition.equality for condition in ray} == {
        "the sum of a^2 on +0 is 0",
        "the unit on +0 reaches 00",
        "the slope from +0 towards ++ is 0",
        "the slope from +0 towards +- is 0",
    }


def test_walls_that_coincide_are_one_condition():
    arrangement = Arrangement.of(
        problem := Problem.from_text([["0"], ["1"], ["1"]], ["1", "2", "3"], 1, "1")
    )
    found = Family(problem, (arrangement.face("+++"),)).conditions(arrangement, (1,))
    assert [condition.equality for condition in found][1:] == [
        "the unit on +++ reaches 0++",
        "the unit on +++ reaches +00",
    ]
