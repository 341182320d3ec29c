"""A linear part beside free hidden biases, on a line: brute force, mirror images, examples."""

import random
from collections import Counter
from fractions import Fraction
from itertools import permutations, product

import pytest
from flint import fmpq

from reluenum import Problem, enumerate_minima
from reluenum.engines.hinges.doubles import signed_candidates
from reluenum.engines.hinges.hinges import Hinges
from reluenum.engines.hinges.route import residuals_among
from reluenum.engines.hinges.strata import shares
from tests.support.hinge_products import Products

pytestmark = pytest.mark.seconds(20)

FREE = {"output_bias": "free", "hidden_bias": "free"}


def posed(inputs, targets, width, ridge, linear, **more):
    rows, targets = [[str(x)] for x in inputs], list(map(str, targets))
    return Problem.from_text(rows, targets, width, str(ridge), linear=linear, **FREE, **more)


def drawn(seed, linear, width=None):
    """A problem with up to six points, of small whole numbers or others."""
    rng = random.Random(f"linear hinges {seed}")
    whole = seed % 2
    size, span = rng.randint(1, 6), 6 if whole else 100
    numbers = [rng.randint(0, span) for _ in range(size)]
    targets = [rng.randint(-2, 2) if whole else Fraction(rng.randint(-99, 99), 50) for _ in numbers]
    weights = None if whole or seed % 3 else [Fraction(rng.randint(1, 9), 3) for _ in numbers]
    ridge = rng.choice(["1/8", "1/2", "1", "2"] if whole else ["1/10", "1/3", "1/100"])
    inputs = [x if whole else Fraction(x, 50) for x in numbers]
    return posed(inputs, targets, width or rng.randint(1, 2), ridge, linear, weights=weights)


def shared(problem):
    """All strata that the engine finds, by residual."""
    hinges = Hinges.of(problem)
    found = residuals_among(hinges, signed_candidates(hinges, problem.width))
    return [list(shares(residual, problem.width)) for residual in found]


def unsided(units):
    """The states of units up to mirror images: all to the right, and dead ones inactive."""
    sided = {"active": "inactive"}
    return tuple(sorted((sided.get(kind, kind), a, abs(b), place) for kind, a, b, place in units))


def strata_of(problem):
    """The losses, of the sum of squares, and the states of all strata that the engine finds."""
    found = set()
    for group in shared(problem):
        for share in group:
            weight = sum(share.middle.values(), fmpq(0))
            ridge = share.residual.hinges.ridge
            loss = problem.scatter + share.residual.square + 2 * ridge * weight
            units = sorted((s.kind.value, s.sign, s.side, s.place) for s in share.states)
            found.add((Fraction(str(loss)), tuple(units)))
    return found


def by_force(problem):
    columns = [x for (x,) in problem.inputs], problem.targets, problem.weights
    numbers = [[Fraction(str(value)) for value in column] for column in columns]
    ridge = Fraction(str(problem.effective_ridge))
    return Products(*numbers, ridge, problem.width, str(problem.linear)).strata()


@pytest.mark.parametrize("linear", ["free", "ridge"])
@pytest.mark.parametrize("seed", range(12))
def test_strata_are_those_of_brute_force(seed, linear):
    problem = drawn(seed, linear)
    expected = by_force(problem)
    if linear == "free":
        expected = {(loss, unsided(units)) for loss, units in expected}
    assert strata_of(problem) == expected


def limits(state, last):
    """The states in the closure of one, up to 0; the hidden bias of a unit that is 0 has a side."""
    kind, sign, side, place = state
    yield state
    if kind == "gap":
        yield from (("kink", sign, side, place + k) for k in (0, 1))
    if kind == "line":
        yield from (("kink", sign, side, 0 if side > 0 else last), ("active", 0, 0, 0))
    yield ("zero", 0, 0, 0)


def labelled_components(strata, last):
    """Numbers of components of labelled networks, by loss: nodes are states in all orders."""
    known = {(loss, order) for loss, units in strata for order in set(permutations(units))}
    above = {node: node for node in known}

    def root(node):
        while above[node] != node:
            node = above[node]
        return node

    for loss, order in known:
        for lower in product(*(set(limits(state, last)) for state in order)):
            if (loss, lower) in known:
                above[root((loss, lower))] = root((loss, order))
    return Counter(loss for loss, order in known if above[loss, order] == (loss, order))


@pytest.mark.parametrize("linear", ["free", "ridge", "none"])
@pytest.mark.parametrize("seed", range(6))
def test_copies_are_those_of_labelled_networks(seed, linear):
    """Losses of different residuals can be equal; strata of different ones never meet."""
    problem = drawn(seed, linear, width=2)
    expected = labelled_components(by_force(problem), len(problem.ascending) - 1)
    found = Counter()
    for component in enumerate_minima(problem):
        found[Fraction(str(component.exact_loss))] += component.orbit_size
    assert found == expected


def test_three_units_with_mirror_images():
    """More units than bends, and one that is enough."""
    for ridge in ("1/50", "1/5"):
        problem = posed([0, 1, 2], [0, 1, 0], 3, ridge, "free")
        expected = labelled_components(by_force(problem), 2)
        found = Counter()
        for component in enumerate_minima(problem):
            found[Fraction(str(component.exact_loss))] += component.orbit_size
        assert found == expected
