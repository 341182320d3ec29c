"""Hidden units without bias: engines agree, symmetries hold, and a row (x, 1) is a bias."""

import random
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from reluenum import Problem, enumerate_minima
from reluenum.convex.program import convex_optimum
from reluenum.engines.choice import fastest
from reluenum.errors import InputError
from reluenum.optimisers.studies.runs import Descents, descents
from reluenum.paths.events import exact_document
from reluenum.paths.path import ridge_path
from reluenum.verify import verify
from tests.support.oracles import by_any_route, random_data

pytestmark = pytest.mark.seconds(60)

CONVENTIONS = list(product(("sum", "mean"), ("none", "free", "ridge")))

KINDS = ("zero", "proportional", "repeated", "through 0", "whole", "signs", "mixed")


def posed(inputs, targets, width, ridge, *convention, **more):
    return Problem.from_text(inputs, targets, width, ridge, *convention, hidden_bias="none", **more)


def with_kind(generator, inputs, kind):
    """Inputs that are 0, proportional with either sign, equal, on a line through 0, or signs."""
    found = [list(map(Fraction, row)) for row in inputs]
    if kind in ("zero", "mixed"):
        found[0] = [Fraction(0)] * len(found[0])
    if kind in ("proportional", "mixed") and len(found) > 2:
        factor = generator.choice([-1, 2, -2, Fraction(1, 2)])
        found[-1] = [factor * entry for entry in found[1]]
    if kind == "repeated":
        found[-1] = list(found[0])
    if kind == "through 0":
        found = [[generator.randint(-2, 2) * entry for entry in found[0]] for _ in found]
    if kind == "signs":
        found = [[Fraction(generator.choice([-1, 1])) for _ in row] for row in found]
    if not any(map(any, found)):
        found[0][0] = Fraction(1)
    return found


def drawn(seed, degenerate):
    """An instance with d = 1, 2, 3, n = 2, ..., 6 and L = 1, 2; in fractions or whole numbers."""
    generator = random.Random(f"without hidden bias {seed} {degenerate}")
    dimension, width = generator.choice([1, 2, 2, 2, 3]), generator.choice([1, 2])
    most = {(1, 1): 6, (1, 2): 6, (2, 1): 6, (2, 2): 3 + seed % 2, (3, 1): 4, (3, 2): 3}[
        dimension, width
    ]
    size = generator.randint(2, most)
    inputs, targets = random_data(seed, size, dimension)
    if degenerate:
        inputs = [[generator.randint(-2, 2) for _ in range(dimension)] for _ in range(size)]
        inputs = with_kind(generator, inputs, KINDS[seed % len(KINDS)])
        targets = [generator.randint(-2, 2) for _ in range(size)]
    weights = [Fraction(generator.randint(1, 6), generator.randint(1, 4)) for _ in range(size)]
    more = {"weights": weights} if seed % 3 == 0 else {}
    ridge = generator.choice(["1/5", "1/20", "1", "1/2"])
    return posed(inputs, targets, width, ridge, *CONVENTIONS[seed % 6], **more)


def assert_every_route_agrees(problem, folder):
    """The certified list is proved, and it is that of the exact routes."""
    found = enumerate_minima(problem, engine="certified")
    assert found.is_complete
    found.save(folder / "minima.json")
    assert verify(folder / "minima.json").components == len(found)
    expected = by_any_route(found.document)
    routes = [{}, {"formulation": "eliminated"}]
    if problem.size * problem.width <= 8:
        routes.append({"all_patterns": True})
    for route in routes:
        other = enumerate_minima(problem, **route)
        assert other.is_complete
        assert by_any_route(other.document) == expected, (problem, route)


@pytest.mark.parametrize("degenerate", [False, True])
@pytest.mark.parametrize("seed", range(14))
def test_engines_and_formulations_agree(seed, degenerate, tmp_path):
    assert_every_route_agrees(drawn(seed, degenerate), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seed", "degenerate"),
    [*((seed, False) for seed in range(14, 74)), *((seed, True) for seed in range(14, 34))],
)
def test_engines_and_formulations_agree_on_many(seed, degenerate, tmp_path):
    assert_every_route_agrees(drawn(seed, degenerate), tmp_path)


# By hand.


@pytest.mark.parametrize("engine", ["groebner", "certified"])
@pytest.mark.parametrize(("width", "kinds"), [(1, {0: 4}), (2, {0: 6, 1: 4}), (3, {0: 4, 1: 12})])
def test_the_exclusive_or_by_hand(width, kinds, engine):
    """Example 8 of docs/theory.md: any of the four rays, each for one data point."""
    inputs, ridge = [[1, 1], [1, -1], [-1, 1], [-1, -1]], Fraction(1, 2)
    found = enumerate_minima(posed(inputs, [1, -1, -1, 1], width, ridge), engine=engine)
    counted = Counter(component.dimension for component in found)
    assert {k: n for k, n in counted.items() if k < 2} == kinds
    assert counted[2] == (4 if width == 3 else 0)
    for component in found:
        size = len(component.strata[0].groups)
        expected = 4 - size + size * (2**0.5 * float(ridge) - float(ridge) ** 2 / 2)
        assert abs(float(component.loss) - expected) < 1e-12
        assert all(sorted(g.face.signs) == list("+-00") for g in component.strata[0].groups)
        assert not component.global_at_every_width
    assert found.document["enumeration"]["realisable_patterns"] == 9**width


def test_the_exclusive_or_has_one_best_network_of_four_units():
    problem = posed([[1, 1], [1, -1], [-1, 1], [-1, -1]], [1, -1, -1, 1], 4, "1/2")
    found = enumerate_minima(problem, engine="certified")
    assert len(found) == 4 + 6 * 3 + 4 * 3 + 1
    assert [component.global_at_every_width for component in found].count(True) == 1
    data = problem.inputs, problem.targets
    (zero,) = enumerate_minima(posed(*data, 1, "3/2"), engine="certified")  # 3/2 > sqrt(2)
    assert zero.strata[0].zero_neurons == 1
    assert float(zero.loss) == 4


@pytest.mark.parametrize("route", [{}, {"engine": "certified"}, {"formulation": "eliminated"}])
def test_a_line_through_0_by_hand(route):
    """Example 9 of docs/theory.md: each side of 0 is a regression of its own (Lemma 68)."""
    data = [[1], [2], [-1], [0]], [3, 1, 2, 5]
    one, two, three = (enumerate_minima(posed(*data, L, 1), **route) for L in (1, 2, 3))
    assert [Decimal(c["loss"]) for c in one.document["components"]] == [Decimal("35.8"), 38]
    assert [c["strata"][0]["support"][0]["face"] for c in one.document["components"]] == [
        "++-0",
        "--+0",
    ]
    (best, *arcs) = two.document["components"]
    assert (Decimal(best["loss"]), best["global_at_every_width"]) == (Decimal("34.8"), True)
    assert [arc["dimension"] for arc in arcs] == [1, 1]
    assert len(three) == 3
    assert one.document["enumeration"]["realisable_patterns"] == 3


@pytest.mark.parametrize("seed", range(20))
def test_lines_through_0_are_two_regressions(seed):
    """Lemma 68, on any data."""
    generator = random.Random(seed)
    x, y = ([generator.randint(-4, 4) for _ in range(5)] for _ in range(2))
    if not any(x):
        x[0] = 1
    ridge = generator.choice([1, 3, 6])
    gains = []
    for side in (1, -1):
        pulled = sum(abs(a) * b for a, b in zip(x, y, strict=True) if side * a > 0)
        squares = sum(a * a for a in x if side * a > 0)
        if abs(pulled) > ridge:
            gains.append(Fraction((abs(pulled) - ridge) ** 2, squares))
    energy = sum(b * b for b in y)
    expected = sorted(float(energy - gain) for gain in gains) or [energy]
    found = enumerate_minima(posed([[a] for a in x], y, 1, ridge), engine="certified")
    assert np.allclose([float(c.loss) for c in found], expected)
    best = enumerate_minima(posed([[a] for a in x], y, 2, ridge), engine="certified")[0]
    assert np.isclose(float(best.loss), float(energy - sum(gains)))
    assert best.global_at_every_width


# Symmetries (Lemma 67).


def as_biased(document):
    """The records of components, with the last coordinate of the inputs as the bias."""
    components = []
    for component in document["components"]:
        network = dict(component["representative"])
        network["c"] = [row[-1] for row in network["B"]]
        network["B"] = [row[:-1] for row in network["B"]]
        components.append(component | {"representative": network})
    return components


@pytest.mark.parametrize("route", [{"engine": "certified"}, {}, {"formulation": "eliminated"}])
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("dimension", [1, 2])
def test_a_last_coordinate_1_is_a_bias(seed, dimension, route):
    """Faces, losses and digits are those with a bias: another arrangement, the same rows."""
    size, width = (5, 1 + seed % 2) if dimension == 1 else (4, 1)
    inputs, targets = random_data(seed, size, dimension, "tie" if seed % 3 == 2 else "")
    convention = CONVENTIONS[seed % 6]
    plain = Problem.from_text(inputs, targets, width, "1/5", *convention)
    other = posed([[*row, 1] for row in inputs], targets, width, "1/5", *convention)
    assert plain.rows == other.rows
    biased, unbiased = (enumerate_minima(p, **route).document for p in (plain, other))
    assert biased["components"] == as_biased(unbiased)
    assert biased["enumeration"] == unbiased["enumeration"]


def discrete(document):
    """What does not change if data are turned, with losses and squares."""
    skipped = {"representative", "loss_interval", "strata"}
    return [
        {key: value for key, value in component.items() if key not in skipped}
        | {"strata": [_without_directions(stratum) for stratum in component["strata"]]}
        for component in document["components"]
    ]


def _without_directions(stratum):
    groups = [{k: v for k, v in g.items() if k != "direction"} for g in stratum["support"]]
    return stratum | {"support": groups}


@pytest.mark.parametrize("seed", range(8))
def test_turned_data_have_turned_minima(seed):
    problem = drawn(seed, degenerate=seed % 2 == 1)
    generator = random.Random(seed)
    inputs = [[Fraction(str(entry)) for entry in row] for row in problem.inputs]
    if problem.dimension == 1:
        turned = [[-x] for (x,) in inputs]
    else:
        c, s = generator.choice([(3, 4), (5, 12), (-8, 15)])
        h = Fraction(1, int((c * c + s * s) ** 0.5))
        turned = [[(c * x - s * y) * h, (s * x + c * y) * h, *rest] for x, y, *rest in inputs]
    text = [[str(x) for x in row] for row in turned]
    moved = Problem.from_document(problem.to_document() | {"x": text})
    left, right = (enumerate_minima(p, engine="certified").document for p in (problem, moved))
    assert discrete(left) == discrete(right)


@pytest.mark.parametrize("seed", range(6))
def test_a_data_point_may_be_scaled_along_its_ray(seed):
    """(x, y) of weight w is (t x, t y) of weight w / t^2: no network tells them apart."""
    generator = random.Random(seed)
    inputs, targets = random_data(seed, 4, 1 + seed % 2)
    factors = [generator.choice([Fraction(1, 2), 1, 2, 3]) for _ in targets]
    scaled = [[t * x for x in row] for t, row in zip(factors, inputs, strict=True)]
    moved = [t * y for t, y in zip(factors, targets, strict=True)]
    weights = [1 / Fraction(t) ** 2 for t in factors]
    one = enumerate_minima(posed(inputs, targets, 2, "1/5"), engine="certified")
    other = enumerate_minima(posed(scaled, moved, 2, "1/5", weights=weights), engine="certified")
    assert one.document["components"] == other.document["components"]


def test_inputs_on_one_ray_are_one_input():
    """Two inputs on a ray of R^2, and one instead of both: the loss differs by a constant."""
    many = posed([[1, 2], [2, 4], [-1, 1]], [1, 3, -2], 2, "1/5")
    # sum w (y - t f)^2 over t = 1, 2 at the first input: weight 5, target (1 + 2 * 3) / 5.
    few = posed([[1, 2], [-1, 1]], ["7/5", -2], 2, "1/5", weights=[5, 1])
    left, right = (enumerate_minima(p, engine="certified") for p in (many, few))
    constant = 1 + 9 - Fraction(49, 5)
    assert len(left) == len(right) > 1
    for one, other in zip(left, right, strict=True):
        assert abs(float(one.loss) - float(other.loss) - float(constant)) < 1e-12
        assert one.network.weights.tolist() == other.network.weights.tolist()


# What else there is.


@pytest.mark.parametrize("seed", range(4))
def test_descents_end_at_listed_points(seed):
    problem = drawn(seed, degenerate=seed % 2 == 0)
    document = enumerate_minima(problem, engine="certified").document
    found = descents(document, Descents(("lbfgs", "gd"), 20))
    kinds = Counter(run["kind"] for run in found["runs"])
    assert kinds["minimum"] > 0
    assert set(kinds) <= {"minimum", "saddle", "not stationary"}
    assert all(run["component"] for run in found["runs"] if run["kind"] == "minimum")


@pytest.mark.parametrize("degenerate", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_the_convex_program_has_the_least_loss(seed, degenerate):
    pytest.importorskip("cvxpy")
    problem = drawn(seed, degenerate)
    found = enumerate_minima(problem.with_width(3), engine="certified", force=True)
    optimum = convex_optimum(problem)
    best = float(found[0].loss)
    assert optimum.is_tight
    if found[0].global_at_every_width:
        assert abs(optimum.value - best) <= 1e-6 * max(1, best)
    else:
        assert optimum.dual_bound <= best * (1 + 1e-9)


@pytest.mark.parametrize("seed", [0, 3, 7])
def test_paths_have_the_events_of_their_ends(seed):
    """Lists at both ends of a path are those of the engine, events are algebraic numbers."""
    problem = posed(*random_data(seed, 4, 1 + seed % 2), 1, "1/10")
    path = ridge_path(problem, Problem.from_text([[1]], [1], 1, "4").ridge, 9)
    document = exact_document(path)
    assert document["problem"]["hidden_bias"] == "none"
    for sample in (path.samples[0], path.samples[-1]):
        there = Problem.from_document(problem.to_document() | {"ridge": str(sample.ridge)})
        assert len(sample.minima) == len(enumerate_minima(there))
    assert all("number" in event for event in document["events"])


def test_basins_are_those_of_the_same_rows_with_a_bias():
    inputs, targets = random_data(3, 4, 1)
    plain = Problem.from_text(inputs, targets, 2, "1/20")
    other = posed([[*row, 1] for row in inputs], targets, 2, "1/20")
    one, two = (enumerate_minima(p, engine="certified").basins().document for p in (plain, other))
    keys = ("components", "leaves", "merges")
    assert [one[key] for key in keys] == [two[key] for key in keys]
    assert one["merges"]


def test_auto_is_certified_and_boxes_are_refused():
    problem = posed([[str(x), str(x * x % 7)] for x in range(1, 40)], list("012") * 13, 2, "1/2")
    assert fastest(problem).engine == "certified"
    with pytest.raises(InputError, match="hidden_bias: none with the engine branch"):
        enumerate_minima(problem, engine="branch")
    with pytest.raises(InputError, match="hidden_bias: none with the engine branch"):
        enumerate_minima(problem, engine="branch", force=True)
