"""Networks with several inputs and free hidden biases: downhill, certified, known by the list."""

import random
import warnings
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from flint import fmpq

from reluenum import InputError, Problem, enumerate_minima
from reluenum.documents.labels import EndKind
from reluenum.engines.creases.creases import Creases
from reluenum.engines.creases.essential import Decider
from reluenum.errors import BackendError
from reluenum.interop import network_arrays, sklearn_network, sklearn_problem
from reluenum.optimisers.free import crease_limits
from reluenum.optimisers.free.crease_descent import CreaseCell, CreaseWays, Scaled, least_vectors
from reluenum.optimisers.free.crease_limits import CreaseLimits
from reluenum.optimisers.networks import Objective
from reluenum.optimisers.studies.locate import locations
from reluenum.optimisers.studies.runs import Descents, descents, missing, unexplained
from tests.support.crease_products import CreaseProducts

pytestmark = pytest.mark.seconds(30)

FREE = {"output_bias": "free", "hidden_bias": "free"}

CROSS = Problem.from_arrays(
    [[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]], [1, 0, 0, -1, 1], width=1, ridge="1/4", **FREE
)

SQUARE = Problem.from_arrays(
    [[0, 0], [1, 0], [0, 1], [1, 1]], [0, 1, 1, 0], width=2, ridge="1/10", **FREE
)

STEPS = Problem.from_arrays(
    [[0, 0], [1, 0], [0, 1], [1, 1], [2, 1]], [0, 1, 1, 0, 3], width=1, ridge="1/10", **FREE
)


@cache
def square_by(engine):
    """The list of XOR by an engine."""
    return enumerate_minima(SQUARE, engine=engine)


def drawn(seed, dimension=2, size=5, width=2):
    """A problem of small whole numbers, ties and repeated inputs among them, and a generator."""
    generator = np.random.default_rng(seed)
    inputs = generator.integers(-2, 3, (size, dimension))
    targets = generator.integers(-2, 3, size)
    ridge = ["1/10", "1/4", "1"][seed % 3]
    return Problem.from_arrays(inputs, targets, width=width, ridge=ridge, **FREE), generator


def networks(problem, generator, count):
    """Networks of sizes over three decades; some of whole numbers, which bend at inputs."""
    shapes = (problem.width,), (problem.width, problem.dimension), (problem.width,)
    sizes = 10 ** generator.uniform(-2, 1, count)
    return [
        network_arrays(*(generator.integers(-2, 3, shape) for shape in shapes), 0)
        if k % 3 == 0
        else network_arrays(*(size * generator.standard_normal(shape) for shape in shapes), 0.5)
        for k, size in enumerate(sizes)
    ]


def of_record(record):
    """The arrays of a network in a document."""
    a, c = ([float(entry) for entry in record[key]] for key in "ac")
    return network_arrays(
        a, [[float(x) for x in row] for row in record["B"]], c, float(record["m"])
    )


def loss(problem, network):
    """The loss, straight from its definition."""
    inputs = np.array(problem.inputs, dtype=float)
    fit = np.maximum(inputs @ network.B.T + network.c, 0) @ network.a + network.m
    error = np.array(problem.targets, dtype=float) - fit
    squares = (network.a**2).sum() + (network.B**2).sum()
    return (error**2).sum() + float(problem.ridge) * squares


@pytest.mark.parametrize("seed", range(3))
def test_the_least_loss_on_products_of_cells_is_that_of_an_independent_solver(seed):
    pytest.importorskip("clarabel")
    generator = np.random.default_rng(seed)
    scale = [1, 100] if seed else [1, 1]
    inputs = generator.standard_normal((5, 2)).round(3) * scale
    targets = generator.standard_normal(5).round(3)
    scaled = Scaled(Creases(Problem.from_arrays(inputs, targets, width=2, ridge="1/5", **FREE)))
    brute = CreaseProducts(inputs, targets, 1 / 5)
    for _ in range(8):
        places = generator.integers(len(brute.cells), size=2)
        pairs = [(int(generator.choice([1, -1])), brute.cells[place]) for place in places]
        cells = {
            CreaseCell(sign, "".join("-+"[active] for active in cell)).shared
            for sign, cell in pairs
        }
        vectors = least_vectors(scaled, sorted(cells))
        found = scaled.loss(vectors) * 2 * scaled.height**2 * 5
        assert found <= brute.least(tuple(pairs))[0] + 1e-8
        for cell, vector in vectors.items():  # and it is attained in these cells
            assert (scaled.walls(cell) @ vector > 0).all()


@pytest.mark.parametrize("seed", range(4))
def test_a_line_in_the_plane_is_explained_as_it_is_in_rational_numbers(seed):
    """Inputs 5x on a line, or (3x, 4x): one landscape, found by two explainers."""
    draw = random.Random(seed)
    size, width = draw.randint(2, 5), 1 + seed % 2
    points = [draw.randint(-4, 4) for _ in range(size)]
    targets = [draw.randint(-3, 3) for _ in range(size)]
    data = [[[5 * x] for x in points], [[3 * x, 4 * x] for x in points]]
    lists = [
        enumerate_minima(Problem.from_text(inputs, targets, width, "1/2", **FREE)).document
        for inputs in data
    ]
    generator = np.random.default_rng(seed)
    given = [[], []]
    for k in range(8):
        a, b, c = (generator.standard_normal(width) * size for size in (1, 1, 5))
        if k % 2:
            a, b, c = (generator.integers(-2, 3, width) for _ in range(3))
        given[0].append(network_arrays(a, 5.0 * b[:, None], c, 0))
        given[1].append(network_arrays(a, b[:, None] * [3.0, 4.0], c, 0))
    pairs = [locations(*pair)["networks"] for pair in zip(lists, given, strict=True)]
    alike = ("kind", "saddle_kind", "global_at_width", "zero_neurons")
    for one, other in zip(*pairs, strict=True):
        assert [one.get(key) for key in alike] == [other.get(key) for key in alike]
        assert float(one["limit_loss"]) == pytest.approx(float(other["limit_loss"]), abs=1e-12)
        assert one["distance"] == pytest.approx(other["distance"], abs=0.05)
        numbers = [record["component"] for record in (one, other)]
        if numbers[0]:
            listed = (lists[k]["components"][n - 1] for k, n in enumerate(numbers))
            dimensions = {(c["dimension"], c["orbit_size"], len(c["strata"])) for c in listed}
            assert len(dimensions) == 1


@pytest.mark.parametrize("engine", ["certified", "groebner"])
def test_listed_networks_are_where_they_are_listed(engine):
    """In any order of units, and with scalings that are not balanced, which cost a little."""
    landscape = square_by(engine)
    given = [of_record(c["representative"]) for c in landscape.document["components"]]
    turned = [network_arrays(a[::-1], B[::-1], c[::-1], m) for a, B, c, m, _ in given]
    uneven = [network_arrays(1.01 * a, B / 1.01, c / 1.01, m) for a, B, c, m, _ in given]
    found = locations(landscape.document, given + turned + uneven)["networks"]
    places = list(range(1, len(landscape) + 1))
    assert [record["component"] for record in found] == 3 * places
    assert {record["kind"] for record in found} == {"minimum"}
    for record, component in zip(found, [*landscape] * 2, strict=False):
        assert record["distance"] < 1e-6
        assert record["global_at_width"] == component.global_at_width
        assert float(record["loss"]) == pytest.approx(float(component.loss), rel=1e-12)
    assert len(places) > 5
    assert max(float(record["excess"]) for record in found[2 * len(places) :]) > 1e-5


@pytest.mark.parametrize(
    ("seed", "dimension", "size"), [(0, 2, 6), (1, 2, 5), (2, 3, 4), (5, 3, 4)]
)
def test_every_network_is_above_a_listed_minimum_or_a_proved_saddle(seed, dimension, size):
    """The point that is named as near is at its minimum, and that far away."""
    problem, generator = drawn(seed, dimension, size, 1 + seed % 2)
    document = enumerate_minima(problem).document
    assert document["complete"]
    given = networks(problem, generator, 9)
    found = locations(document, given)["networks"]
    assert {record["kind"] for record in found} <= {"minimum", "saddle", "not stationary"}
    ends = [of_record(record["nearest"]) for record in found]
    again = locations(document, ends)["networks"]
    for start, record, end, back in zip(given, found, ends, again, strict=True):
        assert loss(problem, end) == pytest.approx(float(record["limit_loss"]), abs=1e-9)
        assert loss(problem, end) <= loss(problem, start) + 1e-9
        assert (record["component"] is None) == (record["descent"] is not None)
        if record["component"]:
            assert (back["kind"], back["component"]) == ("minimum", record["component"])
            assert back["distance"] < 1e-4 * (1 + np.abs(end.c).max())
            listed = document["components"][record["component"] - 1]
            assert listed["loss"] == record["limit_loss"]


def convex(problem, signs, vectors):
    """The function H of Lemma 102 of vectors (b, c) in cells, straight from its definition."""
    rows = np.c_[np.array(problem.inputs, dtype=float), np.ones(problem.size)]
    error = np.array(problem.targets, dtype=float) - np.maximum(rows @ vectors.T, 0) @ signs
    fit = ((error - error.mean()) ** 2).sum()
    return fit + 2 * float(problem.ridge) * np.linalg.norm(vectors[:, :-1], axis=1).sum()


def test_the_way_straight_to_a_minimum_in_the_same_cells_goes_down():
    """Lemma 102(2), at 20 points of each way; a network that is above is then no minimum."""
    problem, generator = drawn(7, size=4, width=1)
    document = enumerate_minima(problem).document
    given = networks(problem, generator, 25)
    rows = np.c_[np.array(problem.inputs, dtype=float), np.ones(problem.size)]
    ways = 0
    for network, record in zip(given, locations(document, given)["networks"], strict=True):
        end = of_record(record["nearest"])
        start, stop = (np.abs(n.a)[:, None] * np.c_[n.B, n.c] for n in (network, end))
        active, heights = rows @ start.T > 0, rows @ stop.T
        inside = np.where(active, heights >= -1e-9, heights <= 1e-9).all()
        if record["component"] and inside and active.any(axis=0).all():
            ways += 1
            signs = np.where(network.a > 0, 1, -1)
            along = [
                convex(problem, signs, start + t * (stop - start)) for t in np.linspace(0, 1, 20)
            ]
            assert all(before >= after - 1e-9 for before, after in pairwise(along))
            assert along[-1] == pytest.approx(float(record["limit_loss"]))
            assert along[0] <= loss(problem, network) + 1e-9
    assert ways > 3


@pytest.mark.parametrize("dimension", [1, 2])
def test_only_a_unit_that_stays_dead_as_its_slope_shrinks_is_at_a_minimum(dimension):
    """Dead with a bias above 0 it comes back; with none it ends at 0, where another one grows."""
    inputs = np.array([[3, 1], [4, 1], [3, 2], [4, 2], [5, 2]])[:, :dimension]
    problem = Problem.from_arrays(inputs, [0, 1, 1, 0, 3], width=1, ridge="1/10", **FREE)
    landscape = enumerate_minima(problem)
    slope = [[-1, -0.5][:dimension]]
    for c, kind in [(-1, "minimum"), (0, "saddle"), (1, "not stationary")]:
        assert (inputs @ slope[0] + c < 0).all()
        assert landscape.locate([1], slope, [c], 1).kind == kind
    shrunk = [0.01 * np.array(slope[0])]
    assert (inputs @ shrunk[0] + 1 > 0).all()
    assert landscape.locate([0.01], shrunk, [1], 1).component != len(landscape) - 1
    for c in (-3.5, 0.0):  # without a weight a = 0, but not dead: the gradient is not 0
        assert (inputs[:, 0] + c > 0).any()
        assert landscape.locate([0], [[1, 0][:dimension]], [c], 1).kind == "not stationary"


def test_every_rest_on_the_way_is_lower_and_attained():
    problem, generator = drawn(8, size=6)
    ways = CreaseWays(Creases(problem))
    lengths = []
    for network in networks(problem, generator, 12):
        exact = [
            (fmpq(*float(a).as_integer_ratio()), [fmpq(*x.as_integer_ratio()) for x in b], c)
            for a, b, c in zip(network.a, network.B.tolist(), network.c.tolist(), strict=True)
        ]
        cells = [
            CreaseCell.of_unit(ways.creases.inputs, a, b, fmpq(*c.as_integer_ratio()))
            for a, b, c in exact
        ]
        rests = list(ways.descended(cells))
        assert rests[0].height <= loss(problem, network) + 1e-9
        assert all(before.loss > after.loss for before, after in pairwise(rests))
        lengths.append(len(rests))
    assert max(lengths) > 1


@pytest.mark.parametrize(
    ("a", "b", "c", "zeros"),
    [(1, [1, 1], -9, "inactive"), (0, [3, 0], 2, "active"), (0, [3, 0], -2, "inactive")],
)
def test_dead_networks_are_local_minima(a, b, c, zeros):
    """XOR is flat: without a unit |u| = 0, so that dead units with any bias but 0 are minima."""
    problem = SQUARE.with_width(1)
    landscape = enumerate_minima(problem)
    found = landscape.locate([a], [b], [c], 0.5)
    assert found.record["limit_loss"] == "1"
    assert getattr(landscape[found.component].strata[0], zeros) == 1
    offset = found.record["nearest"]["c"][0]
    assert offset == c


def test_a_unit_of_size_0_with_its_kink_everywhere_is_a_saddle_where_one_can_grow():
    """Adding what the record says, of size 1/20, lowers the loss."""
    landscape = enumerate_minima(CROSS)
    found = landscape.locate([0], [[0, 0]], [0], 0.2).record
    assert (found["kind"], found["saddle_kind"], found["component"]) == (
        "saddle",
        "zero unit",
        None,
    )
    descent = found["descent"]
    assert descent["kind"] == "grow"
    face = Creases(CROSS).arrangement.face(descent["face"])
    *slope, offset = (float(entry) / 20 for entry in face.interior)
    flat = network_arrays([0], [[0, 0]], [0], 0.2)
    fits = [
        Objective(CROSS).values(
            Objective(CROSS).with_best_outer(Objective(CROSS).unpack(np.array([row])))
        )
        for row in ([0, 0, 0, 0, 0.2], [descent["sign"] / 20, *slope, offset, 0.2])
    ]
    assert fits[1] < fits[0] == pytest.approx(loss(CROSS, flat))


def test_a_unit_on_a_crease_that_can_turn_is_a_saddle():
    """By hand: only the last input is active, at the distance 1 from the crease through two others.

    So r = 1/10 there, and m = 1/2 + 1/40 lets the sum be 0: a^2 = 3 - 1/10 - 21/40 = 19/8.
    """
    landscape = enumerate_minima(STEPS)
    root = (19 / 8) ** 0.5
    found = landscape.locate([root], [[root, 0]], [-root], 21 / 40).record
    assert (found["kind"], found["saddle_kind"]) == ("saddle", "unit on a kink")
    assert found["limit_loss"] == "1.4875"
    assert found["distance"] < 1e-9
    assert found["descent"] == {"kind": "turn", "face": "-0-0+", "sign": 1, "into": "-+--+"}
    turned = network_arrays([root], [[root, -root / 20]], [-root * 19 / 20], 21 / 40)
    assert loss(STEPS, turned) < 1.4875
    on = landscape.locate(*turned[:4])
    assert float(landscape[on.component].loss) < 1.4875


def test_kinks_in_a_continuum_are_at_a_minimum():
    """A best straight line in the plane, and units whose bends are anywhere before the inputs."""
    problem = Problem.from_arrays(
        [[0, 0], [1, 0], [0, 1], [1, 1]], [0, 1, 2, 3], width=2, ridge="1/10", **FREE
    )
    landscape = enumerate_minima(problem)
    best = landscape.document["components"][0]
    assert (best["dimension"], best["global_at_every_width"]) == (3, True)
    a, slope = 1.0, of_record(best["representative"])
    total = (slope.a[:, None] * slope.B).sum(axis=0)
    size, direction = np.linalg.norm(total), total / np.linalg.norm(total)
    for share, offset in [(0.5, 0.01), (0.1, 7.0), (0.9, 3.0)]:
        roots = np.sqrt(size * np.array([share, 1 - share]))
        signs = np.array([a, -a])
        slopes = signs[:, None] * roots[:, None] * direction
        offsets = offset - np.minimum(slopes @ np.array(problem.inputs, dtype=float).T, 0).min(1)
        unit = network_arrays(signs * roots, slopes, offsets, 0)
        bias = np.array(problem.targets, dtype=float) - (
            np.array(problem.inputs, dtype=float) @ total + (unit.a * unit.c).sum()
        )
        found = landscape.locate(*unit[:3], bias.mean())
        assert (found.kind, found.component) == ("minimum", 0)
        assert found.distance < 1e-6


def test_huge_and_tiny_numbers():
    landscape = enumerate_minima(CROSS)
    for a, b, c in [(1e200, 1e200, 0), (1e308, 1e308, 1e308), (1, 1, 1e300)]:
        assert landscape.locate([a], [[b, b]], [c], 0).kind == "diverged"
    for a, b, c in [(1e-300, 1e-300, 0), (5e-324, 5e-324, -5e-324), (1, 1e-200, 1e-200)]:
        assert np.isfinite(landscape.locate([a], [[b, 0]], [c], 0).distance)


@pytest.mark.parametrize("points", [[[1, 2]], [[1, 1], [1, 1]], [[0, 0], [0, 0], [1, 2]]])
def test_equal_inputs_leave_constants_and_lines(points):
    targets = [2, 0, 1][: len(points)]
    landscape = enumerate_minima(Problem.from_arrays(points, targets, width=1, ridge=1, **FREE))
    found = landscape.locate([2], [[1, 1]], [1], 0)
    assert (found.kind, found.component) == ("not stationary", 0)
    assert found.record["global_at_every_width"]


def test_years_and_incomes_need_not_be_scaled():
    """The gradient is 1e11 times the ridge."""
    inputs = [[1990, 31000], [1995, 28000], [2000, 42000], [2005, 51000], [2010, 47000]]
    targets = [310000, 290000, 400000, 444000, 410000]
    problem = Problem.from_arrays(inputs, targets, width=1, ridge="1/10", **FREE)
    assert Objective(problem).span > 1e10
    landscape = enumerate_minima(problem)
    for place, component in enumerate(landscape.document["components"]):
        network = of_record(component["representative"])
        found = landscape.locate(*network[:4])
        assert (found.kind, found.component) == ("minimum", place)
    found = landscape.locate([3], [[-0.01, 3]], [0.1], 1000)
    assert found.kind == "not stationary"
    assert float(found.record["limit_loss"]) < loss(
        problem, network_arrays([3], [[-0.01, 3]], [0.1], 1000)
    )
    assert len(landscape) > 2


def test_what_is_not_certified_is_said_to_be_unexplained(monkeypatch):
    document = enumerate_minima(CROSS).document
    network = of_record(document["components"][0]["representative"])
    monkeypatch.setattr(Decider, "point", lambda *_: None)
    (record,) = locations(document, [network])["networks"]
    assert record["kind"] == "unexplained"
    assert record["reason"] == "descents: a settled network leaves its faces"
    assert "component" not in record


def test_a_minimum_that_the_list_lacks_is_missing_and_only_if_it_exists(monkeypatch):
    document = enumerate_minima(CROSS).document
    network = of_record(document["components"][0]["representative"])
    shorter = document | {"components": document["components"][1:]}
    (record,) = locations(shorter, [network])["networks"]
    assert record["kind"] == "missing from the list"
    monkeypatch.setattr(crease_limits, "crease_components", lambda *_: [])
    (record,) = locations(shorter, [network])["networks"]
    assert record["kind"] == "unexplained"


def test_backends_that_give_up_leave_a_network_unexplained(monkeypatch):
    def nobody(*_):
        raise BackendError("nobody", "not solved within 0 s")

    document = enumerate_minima(CROSS).document
    network = of_record(document["components"][0]["representative"])
    monkeypatch.setattr(CreaseLimits, "limit", nobody)
    (record,) = locations(document, [network])["networks"]
    assert (record["kind"], record["reason"]) == (
        "unexplained",
        "nobody: not solved within 0 s",
    )


def test_networks_of_another_shape_are_refused_in_one_line():
    landscape = enumerate_minima(CROSS)
    for network in [([1, 1], [[1, 0], [0, 1]]), ([1], [[1]])]:
        with pytest.raises(InputError, match="as the list has: 1, of 2") as caught:
            landscape.locate(*network)
        assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="a linear part"):
        landscape.locate([1], [[1, 0]], [0], 0, [1, 1])


def test_a_mean_loss_has_the_excess_of_the_sum():
    inputs, targets = CROSS.inputs, CROSS.targets
    mean = Problem.from_text(inputs, targets, 1, "1/20", "mean", **FREE)
    network = network_arrays([1.0], [[1.0, 0.5]], [-0.5], 0)
    found = [locations(enumerate_minima(p).document, [network])["networks"] for p in (CROSS, mean)]
    (one,), (other,) = found
    assert one["component"] == other["component"]
    assert float(one["excess"]) == pytest.approx(5 * float(other["excess"]), rel=1e-8)


@pytest.mark.parametrize("engine", ["certified", "groebner"])
def test_optimisers_end_at_listed_minima_or_at_saddles(engine):
    minima = square_by(engine).document
    document = descents(minima, Descents(("adam", "lbfgs"), 12, steps=300))
    assert (unexplained(document), missing(document)) == (0, 0)
    kinds = [run["kind"] for run in document["runs"]]
    assert kinds.count(EndKind.MINIMUM) > 6
    for run in document["runs"]:
        assert (run["component"] is None) == (run["saddle"] is not None)
    for saddle in document["saddles"]:
        assert saddle["descent"]["kind"] in ("turn", "grow")


def test_networks_of_scikit_learn_with_several_features_are_located():
    """From the estimator to its minimum, by arrays alone."""
    sklearn = pytest.importorskip("sklearn.neural_network", reason="extra sklearn")
    inputs, targets = np.array(STEPS.inputs, dtype=float), np.array(STEPS.targets, dtype=float)
    settings = {"hidden_layer_sizes": (1,), "solver": "lbfgs", "alpha": 0.1, "max_iter": 1000}
    models = [sklearn.MLPRegressor(**settings, random_state=seed) for seed in range(10)]
    landscape = enumerate_minima(sklearn_problem(models[0], inputs, targets))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = [landscape.locate(*sklearn_network(m.fit(inputs, targets))) for m in models]
    assert {one.kind for one in found} <= {"minimum", "saddle", "not stationary"}
    assert sum(one.kind == "minimum" for one in found) > 3
    for one in found:
        assert one.excess > -1e-9
