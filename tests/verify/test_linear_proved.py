"""Lists with a linear part are proved, and nothing near them is."""

import copy
import hashlib
import json
import random
from itertools import product

import pytest
from flint import fmpq_mat

from reluenum import Problem, enumerate_minima
from reluenum.verify import verify
from reluenum.verify.exact import Data, is_live
from tests.support.attacks import changed, lie, places
from tests.support.checking import checked, refused
from tests.support.oracles import outer_matrix, random_problem

pytestmark = pytest.mark.seconds(40)

LINE = [["1"], ["-2"], ["0"], ["3"]], ["2", "1", "5", "-1"]

PLANE = [["1", "1"], ["1", "-1"], ["-1", "1"], ["2", "-1"]], ["1", "-1", "-1", "2"]

SPANNED = [["1", "0"], ["0", "1"], ["1/2", "1/2"], ["1/2", "1/2"]], ["1", "-1", "2", "3"]
"""x1 + x2 = 1: a free linear part has the constants among its values."""

DATA = {"line": LINE, "plane": PLANE, "spanned": SPANNED}

KINDS = list(product(("free", "ridge"), ("none", "free", "ridge")))


def listed(name, linear="free", output_bias="free", width=1, **more):
    problem = Problem.from_text(
        *DATA[name], width, "1/5", output_bias=output_bias, linear=linear, **more
    )
    return copy.deepcopy(enumerate_minima(problem, engine="certified").document)


def bound(document):
    """With a certificate that says that it is about the problem, as it is now."""
    text = json.dumps(document["problem"], sort_keys=True)
    document["certificate"]["problem_sha256"] = hashlib.sha256(text.encode()).hexdigest()
    return document


@pytest.mark.parametrize(("linear", "output_bias"), KINDS)
@pytest.mark.parametrize("name", DATA)
def test_lists_are_proved(name, linear, output_bias, tmp_path):
    document = listed(name, linear, output_bias, loss="mean", activation="leaky:1/10")
    report = checked(document, tmp_path)
    assert report.components == len(document["components"]) > 0
    assert f", linear part {linear}" in report.problem


@pytest.mark.parametrize(("linear", "output_bias"), KINDS)
@pytest.mark.parametrize("name", DATA)
def test_the_checker_fits_by_its_own_matrices(name, linear, output_bias):
    """Lemma 74(4), against columns dropped until the others are independent."""
    weights = ["1", "2", "1/3", "1"]
    problem = Problem.from_text(
        *DATA[name], 1, "1/5", output_bias=output_bias, linear=linear, weights=weights
    )
    data = Data(problem.to_document())
    bent = outer_matrix(problem).tolist()
    fitted = data.outer * (data.inner * data.heavy.transpose())
    for i, j in product(range(problem.size), repeat=2):
        mine = fitted[data.row_of[i], data.row_of[j]] / data.copies[data.row_of[j]]
        assert (i == j) - mine * problem.weights[j] == bent[i][j]
    pulled = [x for (x,) in (fmpq_mat(bent) * fmpq_mat([[y] for y in problem.targets])).tolist()]
    assert data.energy == sum(
        w * y * r for w, y, r in zip(problem.weights, problem.targets, pulled, strict=True)
    )
    assert data.absorbs() == problem.absorbs_rows


@pytest.mark.parametrize("value", ["none", "Free", "", None, True, 0, ["free"]])
def test_the_key_has_two_values(value, tmp_path):
    document = listed("line")
    document["problem"]["linear"] = value
    refused(bound(document), tmp_path)


@pytest.mark.parametrize(("linear", "output_bias"), KINDS)
def test_the_linear_part_of_another_problem_is_refused(linear, output_bias, tmp_path):
    document = listed("line", linear, output_bias)
    assert checked(document, tmp_path)
    for other in {"free", "ridge", None} - {linear}:
        wrong = copy.deepcopy(document)
        wrong["problem"].pop("linear")
        if other:
            wrong["problem"]["linear"] = other
        refused(wrong, tmp_path)
        refused(bound(wrong), tmp_path)


@pytest.mark.parametrize(("name", "linear"), [("line", "free"), ("plane", "ridge")])
def test_no_entry_of_a_component_can_be_changed(name, linear, tmp_path):
    document = listed(name, linear, "ridge")
    ways = list(places(document["components"]))
    chosen = random.Random(1).sample(ways, min(len(ways), 40))
    chosen += [(way, value) for way, value in ways if "beta" in way]
    for way, value in chosen:
        refused(changed(document, ("components", *way), lie(value)), tmp_path)


def test_other_coefficients_with_the_same_values_are_refused(tmp_path):
    """Of dependent columns the shortest coefficients are meant (Lemma 74(1))."""
    document = listed("spanned", "free", "free")
    assert checked(document, tmp_path)
    network = document["components"][0]["representative"]
    for shift in (1, -1 / 3):
        wrong = copy.deepcopy(document)
        parts = wrong["components"][0]["representative"]
        parts["beta"] = [str(float(entry) + shift) for entry in network["beta"]]
        parts["m"] = str(float(network["m"]) - shift)
        refused(wrong, tmp_path)


def test_a_network_has_a_linear_part_if_the_problem_has_one(tmp_path):
    document = listed("line")
    network = document["components"][0]["representative"]
    assert set(network) == {"a", "B", "c", "beta", "m"}
    without = copy.deepcopy(document)
    del without["components"][0]["representative"]["beta"]
    refused(without, tmp_path)
    plain = copy.deepcopy(
        enumerate_minima(Problem.from_text(*LINE, 1, "1/5"), engine="certified").document
    )
    plain["components"][0]["representative"]["beta"] = ["0"]
    refused(plain, tmp_path)


def test_the_mirror_image_of_a_face_is_no_face_of_the_list_and_copies_count_it(tmp_path):
    """Lemma 76(2)."""
    document = listed("plane")
    component = next(c for c in document["components"] if c["strata"][0]["support"])
    place = document["components"].index(component)
    group = component["strata"][0]["support"][0]
    opposite = group["face"].translate(str.maketrans("+-", "-+"))
    way = ("components", place, "strata", 0, "support", 0, "face")
    refused(changed(document, way, opposite), tmp_path)
    assert component["orbit_size"] == 2
    refused(changed(document, ("components", place, "orbit_size"), 1), tmp_path)


@pytest.mark.parametrize(
    ("signs", "live"),
    [("++-", True), ("-+0", False), ("+0+", False), ("---", False), ("0+-", True)],
)
def test_live_faces_have_both_signs_where_lines_are_absorbed(signs, live):
    """Lemma 76(3): of a class the face whose first sign is +."""
    plus, minus = (sum(1 << k for k, s in enumerate(signs) if s == sign) for sign in "+-")
    assert is_live(plus, minus, 0, 1, absorbs=True) == live


@pytest.mark.parametrize(("linear", "output_bias"), [("free", "free"), ("ridge", "none")])
def test_basins_are_proved_and_other_losses_on_a_path_are_not(linear, output_bias, tmp_path):
    problem = random_problem(3, 5, 1, 2, "1/50", linear=linear, output_bias=output_bias)
    tree = json.loads(json.dumps(enumerate_minima(problem, engine="certified").basins().document))
    assert checked(tree, tmp_path).tree
    if tree["merges"]:
        point = ("merges", 0, "paths", 0, "points", 0, "loss")
        refused(changed(tree, point, lie), tmp_path)


def test_trees_of_boxes_and_several_layers_have_no_linear_part(tmp_path):
    data = [["0"], ["1"], ["3"]], ["1", "-1", "2"]
    deep = copy.deepcopy(
        enumerate_minima(Problem.from_text(*data, [1, 1], "1/5"), engine="certified").document
    )
    assert checked(deep, tmp_path)
    deep["problem"]["linear"] = "free"
    refused(deep, tmp_path, "unknown entry 'linear'")
    boxes = listed("line")
    boxes["certificate"]["format"] = "reluenum-boxes"
    refused(boxes, tmp_path, "boxes: a linear part")


def test_data_are_compared(tmp_path):
    path = tmp_path / "minima.json"
    path.write_text(json.dumps(listed("plane")))
    assert verify(path, PLANE).compared
