"""A free linear part beside free hidden biases, in the plane: brute force, lines, other routes."""

import copy
import json
import random
from fractions import Fraction

import pytest

from reluenum import InputError, Problem, enumerate_minima
from reluenum.cli import main
from tests.support.checking import checked, refused
from tests.support.crease_products import CreaseProducts

pytestmark = pytest.mark.seconds(20)

FREE = {"output_bias": "free", "hidden_bias": "free", "linear": "free"}

KITE = [[0, 0], [2, 0], [0, 1], [-1, -2], [1, 3]]


def posed(inputs, targets, width=1, ridge="1/4", **more):
    rows, targets = [list(map(str, row)) for row in inputs], list(map(str, targets))
    return Problem.from_text(rows, targets, width, str(ridge), **FREE, **more)


def drawn_plane(seed, size):
    """Distinct points of a grid, and targets."""
    rng = random.Random(f"linear creases {seed}")
    inputs = [[rng.randint(-2, 2), rng.randint(-2, 2)] for _ in range(size)]
    inputs = list(map(list, dict.fromkeys(map(tuple, inputs))))
    return inputs, [rng.randint(-3, 3) for _ in inputs]


@pytest.mark.parametrize(
    ("seed", "size", "width", "ridge"),
    [*((seed, 5, 1, "1/10") for seed in range(4)), (10, 6, 1, "1/4"), (11, 5, 2, "1/10")],
)
def test_brute_force_over_products_of_cells_finds_the_same_losses(seed, size, width, ridge):
    """Lemma 129: R in the place of the mean is all that changes."""
    pytest.importorskip("clarabel")
    inputs, targets = drawn_plane(seed, size)
    found = enumerate_minima(posed(inputs, targets, width, ridge), engine="certified")
    losses = [float(component.loss) for component in found]
    sure, doubtful = CreaseProducts(inputs, targets, Fraction(ridge), linear=True).losses(width)
    assert all(min(abs(loss - value) for value in losses) < 1e-5 for loss in sure)
    assert all(min(abs(loss - v) for loss in (*sure, *doubtful)) < 1e-5 for v in losses)


def shape(component):
    """All that is said of a component but numbers."""
    strata = sorted(
        (s.dimension, s.unsized, tuple(sorted((g.face, g.sign, g.multiplicity) for g in s.groups)))
        for s in component.strata
    )
    flags = (component.global_at_width, component.global_at_every_width)
    kinds = (component.is_unbounded, component.on_boundary)
    return component.dimension, component.orbit_size, flags, kinds, strata


@pytest.mark.parametrize("seed", range(6))
def test_on_a_line_in_the_plane_everything_is_as_hinges_have_it(seed, tmp_path):
    """Steps are five times as long, and so is the ridge that costs as much."""
    rng = random.Random(f"line in the plane {seed}")
    places = [rng.randint(0, 5) for _ in range(rng.randint(3, 5))]
    targets, width = [rng.randint(-2, 2) for _ in places], rng.choice([1, 2, 2, 3])
    ridge = Fraction(rng.choice(["1/8", "1/3", "1", "1/20"]))
    weights = [str(rng.randint(1, 3)) for _ in places]
    line = enumerate_minima(posed([[x] for x in places], targets, width, ridge, weights=weights))
    inputs = [[3 * x, 4 * x] for x in places]
    found = enumerate_minima(
        posed(inputs, targets, width, 5 * ridge, weights=weights), engine="certified"
    )
    assert sorted(map(shape, found), key=str) == sorted(map(shape, line), key=str)
    for component, one in zip(found, line, strict=True):
        assert float(component.loss) == pytest.approx(float(one.loss))
        assert component.predict(inputs) == pytest.approx(one.predict([[x] for x in places]))
    assert checked(json.loads(json.dumps(dict(found.document))), tmp_path).components == len(line)


def test_groebner_bases_have_the_same_components_byte_by_byte():
    for inputs, targets, width in ((KITE, [1, -1, 0, 2, -2], 1), (KITE[1:], [1, -1, 0, 2], 2)):
        problem = posed(inputs, targets, width, "1/10", loss="mean")
        one, other = (enumerate_minima(problem, engine=e) for e in ("certified", "groebner"))
        components = [json.dumps(found.document["components"]) for found in (one, other)]
        assert components[0] == components[1]
        assert len(one) > 1


def test_the_loss_is_that_of_the_network_with_its_linear_part():
    targets = [1, -1, 0, 2, -2]
    for component in enumerate_minima(posed(KITE, targets, 2, "1/10"), engine="certified"):
        network = component.network
        errors = sum((y - f) ** 2 for y, f in zip(targets, network.predict(KITE), strict=True))
        sizes = sum(network.weights**2) + (network.slopes**2).sum()
        assert errors + sizes / 10 == pytest.approx(float(component.loss))


CHANGES = {
    "the linear part": lambda d: first(d)["representative"]["beta"].__setitem__(0, "1/3"),
    "its order": lambda d: first(d)["representative"]["beta"].reverse(),
    "no linear part": lambda d: first(d)["representative"].pop("beta"),
    "the bias": lambda d: first(d)["representative"].update(m="17"),
    "copies": lambda d: first(d).update(orbit_size=first(d)["orbit_size"] // 2),
    "a mirror image": lambda d: mirrored(first(d)["strata"][0]["support"][0]),
    "a dead unit": lambda d: d["components"][-1]["strata"][0]["zero_units"].update(active=1),
    "a minimum dropped": lambda d: d["components"].pop(1),
    "a minimum twice": lambda d: d["components"].insert(1, copy.deepcopy(d["components"][1])),
    "a record dropped": lambda d: d["certificate"].update(records=d["certificate"]["records"] - 1),
    "another kind": lambda d: d["problem"].update(linear="ridge"),
    "none": lambda d: d["problem"].pop("linear"),
}


def first(document):
    return document["components"][0]


def mirrored(group):
    group["face"] = group["face"].translate(str.maketrans("+-", "-+"))


def test_lists_are_proved_and_nothing_near_them(tmp_path):
    problem = posed(KITE, [1, -1, 0, 2, -2], 1, "1/10")
    found = enumerate_minima(problem, engine="certified")
    document = json.loads(json.dumps(dict(found.document)))
    assert "linear part free" in checked(document, tmp_path).problem
    for change in CHANGES.values():
        changed = copy.deepcopy(document)
        change(changed)
        refused(changed, tmp_path)


def test_data_that_a_regression_fits_are_proved(tmp_path):
    for inputs, targets in ((KITE[:3], [1, 5, -2]), ([[0, 0], [1, 2]], [3, 4]), (KITE, [0] * 5)):
        found = enumerate_minima(posed(inputs, targets, 2, "1/9"), engine="certified")
        document = json.loads(json.dumps(dict(found.document)))
        (component,) = document["components"]
        assert component["loss"] == "0"
        assert checked(document, tmp_path).components == 1


def test_what_is_not_known_with_it_is_refused_in_a_line(tmp_path, capsys):
    rows, targets = [["0", "1"], ["1", "0"], ["1", "1"]], ["0", "1", "2"]
    with pytest.raises(InputError, match=r"linear: ridge with .* of inputs; expected none or free"):
        Problem.from_text(rows, targets, 1, "1", **FREE | {"linear": "ridge"})
    found = enumerate_minima(posed(KITE, [1, -1, 0, 2, -2]), engine="certified")
    with pytest.raises(InputError, match="linear: free with free hidden biases, where networks"):
        found.locate(a=[1], B=[[1, 0]], c=[0], m=0, beta=[1, 0])
    (tmp_path / "plane.csv").write_text("x1,x2,y\n0,0,0\n1,0,1\n0,1,1\n")
    command = ["path", str(tmp_path / "plane.csv"), "--width", "1", "--ridge", "1/9:1"]
    command += ["--hidden-bias", "free", "--output-bias", "free", "--linear", "free"]
    assert main(command) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
