"""Minima with hidden biases without penalty, on a line: the worked examples, and other routes."""

import random
from collections import Counter
from fractions import Fraction
from itertools import combinations, product

import numpy as np
import pytest
from flint import fmpq, fmpq_mat

from reluenum import InputError, Landscape, Problem, enumerate_minima
from reluenum.engines.hinges.doubles import is_forest, number_of_sets, signed_candidates
from reluenum.engines.hinges.hinges import Hinges
from reluenum.engines.hinges.joined import components_in
from reluenum.engines.hinges.residuals import HingeResidual
from reluenum.engines.hinges.route import HingeEngine, residuals_among
from reluenum.engines.hinges.states import cells
from reluenum.engines.hinges.strata import shares
from reluenum.errors import TooManySupportsError
from tests.support.hinge_products import Products

pytestmark = pytest.mark.seconds(20)

FREE = {"output_bias": "free", "hidden_bias": "free"}

EXAMPLES = {
    "A": ("01", "01", "1/8"),
    "B": ("012", "001", "1/8"),
    "C": ("012", "101", "1/8"),
    "D": ("0123", "0101", "1/10"),
    "E": ("0123", "0013", "1/10"),
    "F": ("0134", "1001", "1/4"),
}

LOSSES = {
    ("A", 1): {"7/32": 2, "1/2": 1},
    ("A", 2): {"7/32": 1, "1/2": 1},
    ("B", 1): {"7/32": 1, "109/384": 2, "2/3": 1},
    ("B", 2): {"7/32": 1, "109/384": 3, "2/3": 1},
    ("C", 1): {"77/128": 2, "2/3": 2},
    ("C", 2): {"13/32": 1, "17/32": 4, "77/128": 4, "2/3": 3},
    ("D", 1): {"59/75": 2, "419/500": 2, "1": 1},
    ("D", 2): {
        **{"17/25": 1, "39/50": 2, "469/600": 4, "59/75": 4},
        **{"167/200": 4, "419/500": 3, "1": 1},
    },
    ("E", 1): {"19/50": 1, "599/500": 2, "6": 1},
    ("E", 2): {"19/50": 1, "7/10": 2, "599/500": 3, "6": 1},
    ("F", 1): {"11/12": 2, "1": 2},
    ("F", 2): {"3/4": 1, "197/224": 4, "11/12": 4, "1": 3},
}
"""The table of section 24.5 of the theory."""


def example(name, width):
    inputs, targets, ridge = EXAMPLES[name]
    return Problem.from_text([[x] for x in inputs], list(targets), width, ridge, **FREE)


def found(name, width):
    return enumerate_minima(example(name, width))


def drawn_line(seed, whole):
    """A problem with up to six points and two units, of small whole numbers or others."""
    rng = random.Random(f"hinges {seed} {whole}")
    size, span = rng.randint(1, 6), 6 if whole else 100
    numbers = [rng.randint(0, span) for _ in range(size)]
    targets = [rng.randint(-2, 2) if whole else Fraction(rng.randint(-99, 99), 50) for _ in numbers]
    weights = None if whole or seed % 3 else [Fraction(rng.randint(1, 9), 3) for _ in numbers]
    ridge = rng.choice(["1/8", "1/2", "1", "2"] if whole else ["1/10", "1/3", "1/100"])
    inputs = [[x] if whole else [Fraction(x, 50)] for x in numbers]
    return Problem.from_text(inputs, targets, rng.randint(1, 2), ridge, weights=weights, **FREE)


def strata_of(problem):
    """The losses, of the sum of squares, and the states of all strata that the engine finds."""
    hinges = Hinges.of(problem)
    found = set()
    for residual in residuals_among(hinges, signed_candidates(hinges, problem.width)):
        pairs = zip(residual.forces, residual.values, strict=True)
        square = sum((force * value for force, value in pairs), fmpq(0))
        for share in shares(residual, problem.width):
            loss = problem.scatter + square + 2 * hinges.ridge * sum(share.middle.values(), fmpq(0))
            units = sorted((s.kind.value, s.sign, s.side, s.place) for s in share.states)
            found.add((Fraction(str(loss)), tuple(units)))
    return found


@pytest.mark.parametrize(("name", "width"), LOSSES)
def test_worked_examples_have_their_losses_and_numbers(name, width):
    losses = Counter(str(component.exact_loss) for component in found(name, width))
    assert losses == LOSSES[name, width]


def test_numbers_of_components_of_three_units():
    assert {name: len(found(name, 3)) for name in "CDE"} == {"C": 21, "D": 50, "E": 11}


def test_global_minima_of_the_worked_examples():
    """Which of them have M(r) <= Lambda, their dimensions, strata and copies (Lemmas 85 and 86)."""
    shapes = {
        (name, width): [
            (c.dimension, len(c.strata), c.orbit_size)
            for c in found(name, width)
            if c.global_at_every_width
        ]
        for name, width in LOSSES
    }
    assert shapes["A", 1] == [(1, 2, 1)] * 2
    assert shapes["A", 2] == [(3, 22, 1)]
    assert shapes["B", 1] == [(0, 1, 1)]
    assert shapes["B", 2] == [(2, 13, 1)]
    assert shapes["C", 2] == [(0, 1, 2)]
    assert shapes["E", 1] == [(0, 1, 1)]
    assert shapes["E", 2] == [(2, 7, 1)]
    assert shapes["F", 2] == [(1, 3, 2)]
    assert not any(shapes[key] for key in [("C", 1), ("D", 1), ("D", 2), ("F", 1)])


def test_single_networks_of_the_worked_examples():
    best = found("B", 1)[0]
    (group,) = best.strata[0].groups
    assert (group.square, group.kink, group.kinks) == (fmpq(3, 4), fmpq(5, 6), (fmpq(5, 6),) * 2)
    assert best.intercept == 0
    best = found("C", 2)[0]
    assert [(g.face, g.square, g.kink) for g in best.strata[0].groups] == [
        ("+0-", fmpq(5, 8), 1),
        ("-0+", fmpq(5, 8), 1),
    ]
    assert best.intercept == fmpq(1, 4)
    assert found("C", 1)[0].intercept == fmpq(9, 16)
    assert [g.square for g in found("D", 2)[0].strata[0].groups] == [fmpq(2, 5)] * 2


def test_strata_of_two_units_that_share_a_gap():
    """Two gaps, a gap with an end, both ends, and each of them with a unit that is 0."""
    best = found("E", 2)[0]
    kinds = [(s.dimension, [g.face for g in s.groups], s.zero_neurons) for s in best.strata]
    assert sorted(kinds) == sorted(
        [
            (2, ["--++"], 0),
            (1, ["--++", "--0+"], 0),
            (1, ["--++", "-0++"], 0),
            (0, ["--0+", "-0++"], 0),
            *[(1, ["--++"], 1)] * 2,
            (0, ["--++"], 1),
        ]
    )
    ends = next(s for s in best.strata if s.dimension == 0 and not s.zero_neurons)
    assert [g.square for g in ends.groups] == [fmpq(7, 10), fmpq(11, 10)]
    assert best.is_unbounded
    assert best.strata[0].groups[0].kinks == (1, 2)


def test_kinks_slide_through_their_gaps():
    """Their sum is 4, and each is between 1 and 3 (Lemma 86)."""
    best = found("F", 2)[0]
    assert not best.is_unbounded
    first = best.strata[0]
    assert [g.face for g in first.groups] == ["++--", "--++"]
    assert [g.kinks for g in first.groups] == [(1, 3)] * 2
    assert sum(g.kink for g in first.groups) == 4
    assert [g.square for g in first.groups] == [fmpq(1, 2)] * 2


def test_two_best_networks_are_joined_by_a_fourth_unit():
    lowest = [c for c in found("D", 3) if c.exact_loss == fmpq(3, 5)]
    squares = [{(g.face, g.sign): g.square for g in c.strata[0].groups} for c in lowest]
    assert {("-0++", -1): fmpq(2, 5), ("--0+", 1): 1, ("+0--", -1): fmpq(3, 5)} in squares
    assert {("--0+", 1): fmpq(3, 5), ("+0--", -1): 1, ("++0-", 1): fmpq(2, 5)} in squares
    assert sum(c.exact_loss == fmpq(3, 5) for c in found("D", 4)) == 1


@pytest.mark.parametrize(("seed", "whole"), [*product(range(7), (False, True))])
def test_strata_are_those_of_products_of_cells(seed, whole):
    """Convex problems over all products of closed signed cells, exactly (Lemmas 81, 84 and 85)."""
    problem = drawn_line(seed, whole)
    inputs = [str(x) for (x,) in problem.inputs]
    others = map(str, problem.targets), map(str, problem.weights)
    products = Products(inputs, *others, str(problem.ridge), problem.width)
    assert strata_of(problem) == products.strata()


def test_lemma_82_independent_hinges_are_forests():
    rng = random.Random(82)
    problem = Problem.from_text([[x] for x in (0, 1, 3, 4, 9)], [0] * 5, 1, 1, **FREE)
    hinges = Hinges.of(problem)
    for size in (1, 2, 3, 4):
        for edges in rng.sample([*combinations(range(hinges.count), size)], 7):
            gram = fmpq_mat([[hinges.gram[e, f] for f in edges] for e in edges])
            assert is_forest(hinges, np.array([edges]))[0] == (gram.det() != 0)
            assert hinges.rank(edges) == gram.rank()


@pytest.mark.parametrize("name", "BDF")
def test_lemma_87_rejects_no_residual_of_a_minimum(name):
    """All signed forests of cells, solved exactly, lead to no further minimum (Lemma 83)."""
    problem = example(name, 2)
    hinges = Hinges.of(problem)
    kept = residuals_among(hinges, signed_candidates(hinges, 2))
    known = {tuple(residual.values) for residual in kept}
    for number in (1, 2):
        for chosen in combinations(cells(hinges), number):
            edges = [edge for cell in chosen for edge, _ in cell]
            if hinges.rank(edges) < len(edges) or len(set(edges)) < len(edges):
                continue
            for turns in product((1, -1), repeat=number):
                pairs = zip(turns, chosen, strict=True)
                signs = [turn * factor for turn, cell in pairs for _, factor in cell]
                slopes = hinges.slopes(edges, signs)
                if all(slope * sign > 0 for slope, sign in zip(slopes, signs, strict=True)):
                    residual = HingeResidual(hinges, hinges.residual(edges, slopes))
                    minima = any(shares(residual, 2))
                    assert not minima or tuple(residual.values) in known


def test_shifts_and_mirror_images_change_kinks_and_intercepts_only():
    """Lemma 80(3); and x -> -x turns the sides of units, y -> -y the signs of a."""
    for seed in (3, 5):
        problem = drawn_line(seed, False)
        rows, targets = problem.inputs, problem.targets
        rest = {"weights": problem.weights, **FREE}

        def shapes(inputs, values, rest=rest, problem=problem):
            moved = Problem.from_text(inputs, values, problem.width, problem.ridge, **rest)
            found = enumerate_minima(moved)
            return sorted((c.exact_loss, c.dimension, len(c.strata), c.orbit_size) for c in found)

        usual = shapes(rows, targets)
        assert usual == shapes([[x + 7] for (x,) in rows], [y - fmpq(1, 3) for y in targets])
        assert usual == shapes([[-x] for (x,) in rows], targets)
        assert usual == shapes(rows, [-y for y in targets])


def test_repeated_points_are_weights_and_a_mean_is_a_scaled_sum():
    copies = Problem.from_text([["0"], ["1"], ["1"], ["3"]], list("0204"), 2, "1/5", **FREE)
    once = Problem.from_text(
        [["0"], ["1"], ["3"]], ["0", "1", "4"], 2, "1/5", weights=["1", "2", "1"], **FREE
    )
    mean = Problem.from_text([["0"], ["1"], ["1"], ["3"]], list("0204"), 2, "1/20", "mean", **FREE)
    losses = [[c.exact_loss for c in enumerate_minima(p)] for p in (copies, once, mean)]
    assert losses[0] == [loss + 2 for loss in losses[1]]  # 2 = 1^2 + 1^2 around the mean
    assert losses[0] == [4 * loss for loss in losses[2]]


def test_networks_have_the_losses_of_their_components_and_nearby_ones_no_smaller():
    rng = np.random.default_rng(80)
    problem = example("D", 2)
    x, y, ridge = np.arange(4.0), np.array([0.0, 1, 0, 1]), 0.1

    def loss(a, b, c, m):
        errors = y - m - np.maximum(x[:, None] * b + c, 0) @ a
        return (errors**2).sum() + ridge * ((a**2).sum() + (b**2).sum())

    for component in enumerate_minima(problem):
        network = component.network
        point = network.weights, network.slopes[:, 0], network.offsets, network.bias
        assert loss(*point) == pytest.approx(float(component.loss), abs=1e-12)
        assert component.loss_on(x, y) == pytest.approx(float(component.loss), abs=1e-12)
        for _ in range(200):
            moved = (part + rng.normal(size=np.shape(part)) * 1e-4 for part in point)
            assert loss(*moved) >= loss(*point) - 1e-12


def test_constants_are_minima_at_every_width():
    """With all units dead: global iff the ridge is as large as M(Ry) (Lemma 85)."""
    for ridge, is_global in (("1/8", False), ("1", True)):
        problem = Problem.from_text([["0"], ["1"]], ["0", "1"], 2, ridge, **FREE)
        worst = enumerate_minima(problem)[-1]
        assert (worst.exact_loss, worst.global_at_every_width) == (fmpq(1, 2), is_global)
    same = Problem.from_text([["1"], ["1"]], ["0", "4"], 1, "1/8", **FREE)
    (only,) = enumerate_minima(same)
    assert (only.exact_loss, only.dimension, len(only.strata)) == (8, 1, 3)


def test_more_units_than_independent_hinges_join_all_best_networks():
    """Lemma 86(4), by the corners of Lemma 86(3)."""
    for seed in (1, 4, 8):
        problem = drawn_line(seed, True).with_width(4)
        hinges = Hinges.of(problem)
        for residual in residuals_among(hinges, signed_candidates(hinges, 4)):
            if residual.is_global and hinges.rank(residual.signs) < 4:
                ((_, copies),) = components_in(list(shares(residual, 4)))
                assert copies == 1


def test_documents_have_exact_numbers_and_are_read_back():
    landscape = found("F", 2)
    document = landscape.document
    assert document["problem"]["hidden_bias"] == "free"
    best = document["components"][0]
    assert (best["loss"], best["loss_exact"], best["unbounded"]) == ("0.75", "3/4", False)
    group = best["strata"][0]["support"][0]
    assert (group["sum_a_squared_exact"], group["kinks"]) == ("1/2", ["1", "3"])
    again = Landscape.from_document(document)
    assert again.problem == landscape.problem
    assert [c.loss for c in again] == [c.loss for c in Landscape.from_document(document)]
    assert again[0].loss_on([0, 1, 3, 4], [1, 0, 0, 1]) == pytest.approx(0.75)
    assert list(landscape.frame()["c"]) == list(again.frame()["c"])
    assert set(landscape.figures()) == {"units", "fits", "levels"}


def test_what_does_not_go_with_free_hidden_biases_is_refused():
    rows, targets = [["0"], ["1"]], ["0", "1"]
    for output_bias in ("none", "ridge"):
        with pytest.raises(InputError, match=r"output_bias: .* expected free"):
            Problem.from_text(rows, targets, 1, 1, output_bias=output_bias, hidden_bias="free")
    for more in ({"activation": "abs"}, {"width": [1, 1], "output_bias": "none"}):
        settings = {"width": 1, "ridge": 1, **FREE, **more}
        with pytest.raises(InputError, match="hidden_bias: free with"):
            Problem.from_text(rows, targets, **settings)
    problem = Problem.from_text(rows, targets, 1, 1, **FREE)
    for more in ({"engine": "branch"}, {"formulation": "eliminated"}, {"all_patterns": True}):
        with pytest.raises(InputError, match="hidden_bias free"):
            enumerate_minima(problem, **more)
    with pytest.raises(InputError, match="beyond lists of minima"):
        enumerate_minima(problem).stability()


def test_scikit_learn_ends_at_listed_minima():
    """Its objective is 1/2n of the sum; few ends are at the global minimum, some are constants."""
    learn = pytest.importorskip("sklearn.neural_network")
    listed = [float(component.exact_loss) for component in found("E", 2)]
    asked = {"hidden_layer_sizes": (2,), "solver": "lbfgs", "max_iter": 5000, "tol": 1e-12}
    ends = []
    for seed in range(12):
        model = learn.MLPRegressor(alpha=0.1, random_state=seed, **asked)
        ends.append(2 * 4 * model.fit(np.arange(4.0)[:, None], [0, 0, 1, 3]).loss_)
    assert min(ends) > min(listed) - 1e-9
    reached = {min(listed, key=lambda loss: abs(loss - end)) for end in ends}
    assert reached >= {0.38, 6.0}
    assert sum(min(abs(loss - end) for loss in listed) < 1e-5 for end in ends) >= 8


def test_too_many_sets_are_refused():
    many = Problem.from_text([[x] for x in range(60)], list(range(60)), 5, 1, **FREE)
    assert number_of_sets(Hinges.of(many), 5) > 10**9
    with pytest.raises(TooManySupportsError, match="sets of places for the kinks"):
        HingeEngine().refuse_astronomical(many)
