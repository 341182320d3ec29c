"""A linear part beside free hidden biases, on a line: brute force, mirror images, examples."""

import random
from collections import Counter
from fractions import Fraction
from itertools import permutations, product

import pytest
from flint import fmpq

from reluenum import InputError, Problem, enumerate_minima, ridge_path
from reluenum.cli import main
from reluenum.engines.creases.creases import Creases
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
    """Weights are those of Lemma 126, minima those of Lemma 127."""
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
    """Lemma 128. Losses of different residuals can be equal; their strata never meet."""
    problem = drawn(seed, linear, width=2)
    expected = labelled_components(by_force(problem), len(problem.ascending) - 1)
    found = Counter()
    for component in enumerate_minima(problem):
        found[Fraction(str(component.exact_loss))] += component.orbit_size
    assert found == expected


def test_three_units_with_mirror_images():
    """More units than bends, and one that is enough (Lemma 128(3))."""
    for ridge in ("1/50", "1/5"):
        problem = posed([0, 1, 2], [0, 1, 0], 3, ridge, "free")
        expected = labelled_components(by_force(problem), 2)
        found = Counter()
        for component in enumerate_minima(problem):
            found[Fraction(str(component.exact_loss))] += component.orbit_size
        assert found == expected


LINEAR_D = {
    ("free", 1): [("23/30", 0, 2), ("23/30", 0, 2), ("4/5", 1, 2)],
    ("free", 2): [
        *[("3/5", 0, 8), ("23/30", 1, 4), ("23/30", 1, 4), ("23/30", 1, 8)],
        *[("23/30", 1, 8), ("4/5", 2, 4)],
    ],
}
"""Losses, dimensions and copies of D, the example of section 24.11."""


def test_the_worked_example_with_a_free_linear_part():
    for (linear, width), expected in LINEAR_D.items():
        found = enumerate_minima(posed(range(4), [0, 1, 0, 1], width, "1/10", linear))
        assert [(str(c.exact_loss), c.dimension, c.orbit_size) for c in found] == expected
    best = found[0]
    assert best.global_at_every_width
    assert [(g.face, g.square, g.kink) for g in best.strata[0].groups] == [
        ("++0-", 1, 2),
        ("+0--", 1, 1),
    ]
    (all_of_them,) = (
        c
        for c in enumerate_minima(posed(range(4), [0, 1, 0, 1], 3, "1/10", "free"))
        if c.global_at_every_width
    )
    assert (all_of_them.orbit_size, all_of_them.dimension) == (1, 1)


def test_a_penalised_linear_part_is_1_where_straight_units_live():
    """Lemma 125(3), with the loss by hand."""
    found = enumerate_minima(posed(range(5), [0, 3, 5, 9, 12], 1, "1/2", "ridge"))
    straight = [c for c in found if any(set(g.face) == {"+"} for g in c.strata[0].groups)]
    assert straight
    assert {abs(c.slopes[0]) for c in straight} == {1}
    best = straight[0]
    predicted = best.predict(range(5))
    units = 2 * sum(g.square for g in best.strata[0].groups) + best.slopes[0] ** 2
    errors = sum((y - f) ** 2 for y, f in zip([0, 3, 5, 9, 12], predicted, strict=True))
    assert float(errors) + float(units) / 2 == pytest.approx(float(best.exact_loss))


def test_single_inputs_and_pairs_are_fitted_by_the_outer_part():
    for inputs in ("3", "33", "03"):
        problem = posed(inputs, range(len(inputs)), 2, "1/3", "free")
        (only,) = enumerate_minima(problem)
        assert (only.orbit_size, only.global_at_every_width) == (1, True)
        assert not only.strata[-1].groups
    (only,) = enumerate_minima(posed("3", "5", 1, "1", "free"))
    assert (only.intercept, *only.slopes) == (fmpq(1, 2), fmpq(3, 2))  # the shortest


def test_a_linear_target_is_for_nothing_but_dead_units():
    problem = posed("0124", ["1", "3", "5", "9"], 2, "1/100", "free")
    (only,) = enumerate_minima(problem)
    assert (only.exact_loss, only.slopes) == (0, (2,))
    shifted = [
        posed("0124", targets, 2, "1/10", "free") for targets in ("0102", ["1", "4", "5", "11"])
    ]
    losses = [[c.exact_loss for c in enumerate_minima(problem)] for problem in shifted]
    assert losses[0] == losses[1]  # Lemma 77(1): the targets differ by 2 x + 1


def test_what_does_not_go_with_it_is_refused_in_a_line(tmp_path, capsys):
    problem = posed("0123", "0101", 1, "1/10", "ridge")
    with pytest.raises(InputError, match="linear: ridge with free hidden biases, along a path"):
        ridge_path(problem, 1)
    found = enumerate_minima(problem)
    with pytest.raises(InputError, match="linear: ridge with free hidden biases, where networks"):
        found.locate(a=[1], B=[[1]], c=[0], m=0, beta=[1])
    with pytest.raises(InputError, match="linear: ridge with free hidden biases, in basins"):
        found.basins()
    with pytest.raises(InputError, match="hidden_bias"):
        found.stability()
    found.save(tmp_path / "minima.json")
    command = ["descend", str(tmp_path / "minima.json"), "--starts", "1"]
    assert main(command) == 2
    assert "linear: ridge" in capsys.readouterr().err


def test_opposite_creases_are_one_where_the_residual_has_no_linear_part():
    """Lemma 129: u, h, good kinks and columns of F and -F, at residuals of regressions."""
    rng = random.Random(129)
    rows = [["0", "0"], ["1", "0"], ["0", "1"], ["2", "1"], ["1", "3"], ["2", "2"]]
    targets = [str(rng.randint(-9, 9)) for _ in rows]
    creases = Creases(Problem.from_text(rows, targets, 1, "1", **FREE))
    usual = Problem.from_text(rows, targets, 1, "1", linear="free", output_bias="free")
    left = usual.residual(usual.means)
    by_signs = {crease.signs: crease for crease in creases.live}
    other_signs = str.maketrans("+-", "-+")
    pairs = 0
    for signs, crease in by_signs.items():
        if crease.is_line or set(signs) == {"+", "0"}:
            continue
        other = by_signs[signs.translate(other_signs)]
        pairs += 1
        pull = crease.pull(left)
        assert [-x for x in other.pull(left)] == pull
        if crease.is_open:
            assert sum(crease.indicator[k] * r for k, r in enumerate(left)) == -sum(
                other.indicator[k] * r for k, r in enumerate(left)
            )
        else:
            values = [
                sorted(str(sum(a * r for a, r in zip(turn, left, strict=True))) for turn in turns)
                for turns in (creases.turns[crease.signs], creases.turns[other.signs])
            ]
            assert values[0] == values[1]
            heights = [
                [sum(a * b for a, b in zip(arm, slope, strict=True)) for arm in one.arms]
                for one, slope in ((crease, pull), (other, [-x for x in pull]))
            ]
            assert usual.residual(heights[0]) == usual.residual(heights[1])
    assert pairs > 40
    for crease in by_signs.values():
        if crease.is_line:
            assert not any(crease.pull(left))
