"""The checker proves lists with other activations, and refuses another one than is theirs."""

import copy
import hashlib
import json
from itertools import product

import pytest
from flint import fmpq

from reluenum import Problem, enumerate_minima
from reluenum.engines.certified.prove import certify_problem
from reluenum.engines.certified.questions import EveryWidth
from reluenum.verify import CertificateError
from reluenum.verify.exact import Data, is_live, slopes_of
from tests.support.checking import checked, refused
from tests.support.oracles import random_problem

pytestmark = pytest.mark.seconds(30)

ACTIVATIONS = ("leaky:1/10", "leaky:-1/2", "abs", "slopes:2,-2", "slopes:0,-1", "slopes:1/3,2")

CONVENTIONS = [("sum", "none"), ("mean", "free"), ("mean", "ridge")]


def listed(activation, loss="sum", output_bias="none", dimension=1, width=2, seed=3):
    problem = random_problem(
        seed, 3, dimension, width, "1/7", loss=loss, output_bias=output_bias, activation=activation
    )
    return enumerate_minima(problem, engine="certified")


def bound(changed):
    """A document whose certificate says that it is about the problem of this document."""
    text = json.dumps(changed["problem"], sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()
    changed["certificate"]["problem_sha256"] = digest
    return changed


@pytest.mark.parametrize(("loss", "output_bias"), CONVENTIONS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_lists_are_proved(activation, loss, output_bias, tmp_path):
    report = checked(listed(activation, loss, output_bias).document, tmp_path)
    assert report.components > 0
    assert str(report).count(f", activation {activation}\n") == 1


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_lists_of_inputs_in_the_plane_and_of_every_width_are_proved(activation, tmp_path):
    assert checked(listed(activation, dimension=2, width=1).document, tmp_path).components > 0
    problem = random_problem(4, 3, 1, 1, "1/3", activation=activation)
    assert checked(certify_problem(problem, question=EveryWidth).document, tmp_path).components > 0


@pytest.mark.parametrize("activation", ["abs", "leaky:1/10"])
def test_basins_are_proved_and_other_losses_on_a_path_are_not(activation, tmp_path):
    tree = dict(listed(activation, seed=7).basins().document)
    assert checked(tree, tmp_path).tree
    assert tree["merges"]
    changed = copy.deepcopy(tree)
    unit = changed["merges"][0]["paths"][0]["points"][0]["units"][0]
    unit["z"] = [str(-fmpq(entry)) if "/" not in entry else f"-{entry}" for entry in unit["z"]]
    refused(changed, tmp_path)


@pytest.mark.parametrize(
    ("text", "slopes"),
    [
        ("abs", (-1, 1)),
        ("leaky:1/10", (fmpq(1, 10), 1)),
        ("leaky:-3", (-3, 1)),
        ("slopes:2,-2", (2, -2)),
        ("slopes:1/3,2", (fmpq(1, 3), 2)),
    ],
)
def test_slopes_are_read(text, slopes):
    assert slopes_of({"activation": text}) == slopes
    assert slopes_of({}) == (0, 1)


@pytest.mark.parametrize(
    "text",
    [
        *("relu", "leaky:0", "slopes:0,1", "slopes:-1,1", "leaky:-1", "slopes:1/10,1"),
        *("leaky:0.1", "leaky:2/20", "leaky: 1/10", "leaky:+1/10", "leaky:1", "slopes:2,2"),
        *("leaky", "leaky:", "abs:", "abs:1", "slopes:1", "slopes:1,2,3", "slopes:,", "gelu", ""),
        *("leaky:x", "leaky:1/0", "slopes:nan,1", "leaky:1/10 ", "Abs"),
        *(None, 1, True, ["abs"], {"abs": 1}),
    ],
)
def test_what_is_no_text_of_an_activation_is_refused(text, tmp_path):
    changed = copy.deepcopy(listed("leaky:1/10", width=1).document)
    changed["problem"]["activation"] = text
    with pytest.raises(CertificateError, match="problem"):
        Data(changed["problem"])
    refused(changed, tmp_path)
    refused(bound(changed), tmp_path)


@pytest.mark.parametrize(("of", "claimed"), list(product(["relu", "abs", "leaky:1/10"], repeat=2)))
def test_another_activation_is_refused(of, claimed, tmp_path):
    changed = copy.deepcopy(listed(of).document)
    if of == claimed:
        assert checked(changed, tmp_path)
        return
    changed["problem"].pop("activation", None)
    changed["problem"] |= {} if claimed == "relu" else {"activation": claimed}
    refused(changed, tmp_path)
    refused(bound(changed), tmp_path)


@pytest.mark.parametrize("claimed", ["leaky:1/11", "leaky:-1/10", "slopes:1/10,2", "slopes:1,1/10"])
def test_a_list_near_it_is_refused(claimed, tmp_path):
    changed = copy.deepcopy(listed("leaky:1/10").document)
    changed["problem"]["activation"] = claimed
    refused(bound(changed), tmp_path)


def test_copies_are_counted_with_mirror_images(tmp_path):
    """Lemma 63: an isolated minimum of two units is eight points."""
    problem = Problem.from_text([["-3/4"], ["4/3"]], ["2", "-1"], 2, "1", activation="abs")
    document = copy.deepcopy(enumerate_minima(problem, engine="certified").document)
    assert checked(document, tmp_path)
    for component, copies in zip(document["components"], [8, 4, 4], strict=True):
        assert component["orbit_size"] == copies
        for other in (copies // 2, copies // 4, 2 * copies):
            component["orbit_size"] = other
            refused(document, tmp_path, "orbit_size")
        component["orbit_size"] = copies


def test_the_mirror_image_of_a_face_is_no_face_of_the_list(tmp_path):
    """Lemma 63: of two faces with the same units one stands for both."""
    document = copy.deepcopy(listed("abs").document)
    group = document["components"][0]["strata"][0]["support"][0]
    group["face"] = group["face"].translate(str.maketrans("+-", "-+"))
    refused(document, tmp_path)


def test_numbers_of_a_network_are_those_of_its_activation(tmp_path):
    document = copy.deepcopy(listed("leaky:1/10", "mean", "free").document)
    other = listed("leaky:1/5", "mean", "free").document
    document["components"] = other["components"]
    refused(document, tmp_path)


def test_trees_of_boxes_have_no_other_activation(tmp_path):
    problem = random_problem(3, 3, 1, 2, "1/7")
    document = copy.deepcopy(enumerate_minima(problem, engine="branch").document)
    document["problem"]["activation"] = "abs"
    refused(bound(document), tmp_path, "another activation than relu")


def test_several_hidden_layers_have_no_activation_key(tmp_path):
    problem = Problem.from_text([["-1"], ["1"]], ["0", "2"], [1, 1], "1/2")
    document = copy.deepcopy(enumerate_minima(problem, engine="certified").document)
    assert checked(document, tmp_path)
    document["problem"]["activation"] = "abs"
    refused(document, tmp_path)


@pytest.mark.parametrize(
    ("plus", "minus", "slopes", "live"),
    [
        (0b01, 0b10, (0, 1), True),
        (0b00, 0b11, (0, 1), False),
        (0b00, 0b11, (1, 0), True),
        (0b11, 0b00, (1, 0), False),
        (0b00, 0b11, (1, 2), True),
        (0b00, 0b00, (1, 2), False),
        (0b01, 0b10, (-1, 1), True),
        (0b10, 0b01, (-1, 1), False),
        (0b00, 0b10, (-1, 1), False),
        (0b00, 0b00, (-1, 1), False),
    ],
)
def test_live_faces_are_those_of_the_theory(plus, minus, slopes, live):
    """Lemmas 61 and 63: a point answers, and of mirror images the first row is positive."""
    assert is_live(plus, minus, *map(fmpq, slopes)) is live
