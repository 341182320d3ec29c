"""The checker proves lists of weighted data, and refuses other weights than those of the list."""

import copy
import hashlib
import json
from fractions import Fraction

import pytest
from flint import fmpq

from reluenum import Problem, enumerate_minima
from reluenum.verify import CertificateError, verify
from reluenum.verify.exact import Data, weights_of
from tests.support.checking import checked, refused

pytestmark = pytest.mark.seconds(15)

INPUTS = {
    1: [["0"], ["1"], ["3"], ["1"]],
    2: [["0", "0"], ["1", "0"], ["0", "1"], ["1", "0"]],
}

WEIGHTS = ["1/3", "2", "5/7", "11/10"]

CONVENTIONS = [("sum", "none"), ("mean", "free"), ("mean", "ridge"), ("sum", "ridge")]


def problem(dimension, loss="sum", output_bias="none", weights=WEIGHTS, width=2):
    targets = ["1", "-1", "2", "0"]
    data = INPUTS[dimension], targets
    return Problem.from_text(*data, width, "1/7", loss, output_bias, weights=weights)


def document(*about, engine="certified", **conventions):
    return enumerate_minima(problem(*about, **conventions), engine=engine).document


@pytest.fixture(scope="module")
def proved():
    return document(1, "mean", "ridge")


@pytest.mark.parametrize(("loss", "output_bias"), CONVENTIONS)
@pytest.mark.parametrize("dimension", [1, 2])
def test_lists_are_proved(dimension, loss, output_bias, tmp_path):
    report = checked(document(dimension, loss, output_bias), tmp_path)
    assert report.components > 0
    assert "n = 4 of weight" in str(report)


@pytest.mark.parametrize(("loss", "output_bias"), CONVENTIONS)
def test_trees_of_boxes_are_proved(loss, output_bias, tmp_path):
    tree, records = (document(1, loss, output_bias, engine=e) for e in ("branch", "certified"))
    assert checked(tree, tmp_path).components == checked(records, tmp_path).components
    assert tree["components"] == records["components"]


def test_trees_of_cones_are_proved(tmp_path):
    tree, records = (document(2, "mean", "ridge", engine=e) for e in ("branch", "certified"))
    assert checked(tree, tmp_path).components > 0
    assert tree["components"] == records["components"]
    tree["problem"]["weights"] = ["1/3", "2", "5/7", "3"]
    refused(bound(tree), tmp_path)


def test_basins_are_proved(tmp_path):
    landscape = enumerate_minima(problem(1, "mean", "ridge"), engine="certified")
    assert checked(landscape.basins().document, tmp_path).tree


def bound(changed):
    """A document whose certificate says that it is about the problem of this document."""
    text = json.dumps(changed["problem"], sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()
    changed["certificate"]["problem_sha256"] = digest
    return changed


@pytest.mark.parametrize(
    ("weights", "text"),
    [
        (["1/3", "2", "5/7", "0"], "problem: weights: one is not positive"),
        (["1/3", "2", "5/7", "-11/10"], "problem: weights: one is not positive"),
        (["1/3", "2", "5/7"], "problem: weights: not one for each data point"),
        ([*WEIGHTS, "1"], "problem: weights: not one for each data point"),
        ([], "problem: weights: not one for each data point"),
        (None, "problem: weights: not one for each data point"),
        ("1234", "problem: weights: not one for each data point"),
        (["1/3", "2", "5/7", 1.1], "problem weights: '1.1' is no fraction"),
        (["1/3", "2", "5/7", "nan"], "problem weights: 'nan' is no fraction"),
        (["1/3", "2", "5/7", True], "problem weights: 'True' is no fraction"),
        (["1/3", "2", "5/7", "1/0"], "problem weights: '1/0' is no fraction"),
        (["1/3", "2", "5/7", None], "problem weights: 'None' is no fraction"),
        (["1", "1", "1", "1"], "problem: weights: all are 1"),
    ],
)
def test_what_are_no_weights_is_refused(proved, weights, text, tmp_path):
    changed = copy.deepcopy(proved)
    changed["problem"]["weights"] = weights
    with pytest.raises(CertificateError, match=text):
        Data(changed["problem"])
    refused(changed, tmp_path)


@pytest.mark.parametrize(
    "weights",
    [
        ["1/3", "2", "5/7", "11/10000"],
        ["2", "1/3", "5/7", "11/10"],
        ["1", "2", "3", "4"],
        [str(2 * Fraction(weight)) for weight in WEIGHTS],
        None,
    ],
)
@pytest.mark.parametrize("engine", ["certified", "branch"])
def test_other_weights_are_refused(engine, weights, tmp_path):
    """Loss and minima are others; for all weights twice as large the ridge would be, too."""
    changed = document(1, "sum", "none", engine=engine)
    assert checked(changed, tmp_path)
    del changed["problem"]["weights"]
    changed["problem"] |= {"weights": weights} if weights else {}
    refused(changed, tmp_path)
    refused(bound(changed), tmp_path)


def test_weights_of_a_list_without_are_refused(tmp_path):
    changed = document(1, weights=None)
    changed["problem"]["weights"] = WEIGHTS
    refused(changed, tmp_path)
    refused(bound(changed), tmp_path)


def test_weights_scale_with_the_mean(tmp_path):
    """The mean loss does not change with all weights; so does the proof of its list."""
    changed = document(1, "mean", "free")
    changed["problem"]["weights"] = [str(3 * Fraction(weight)) for weight in WEIGHTS]
    assert weights_of(changed["problem"]) == [1, 6, fmpq(15, 7), fmpq(33, 10)]
    other = document(1, "mean", "free", weights=changed["problem"]["weights"])
    assert other["components"] == changed["components"]
    assert checked(other, tmp_path)


def test_data_are_compared_with_their_weights(proved, tmp_path):
    path = tmp_path / "minima.json"
    path.write_text(json.dumps(proved))
    targets = ["1", "-1", "2", "0"]
    assert verify(path, (INPUTS[1], targets, WEIGHTS)).compared
    with pytest.raises(CertificateError, match="row 4 of the data, column w: 1 in the file, 11/10"):
        verify(path, (INPUTS[1], targets, [*WEIGHTS[:3], "1"]))
    with pytest.raises(CertificateError, match="row 1 of the data, column w: 1 in the file, 1/3"):
        verify(path, (INPUTS[1], targets))


def test_several_hidden_layers_have_no_weights(tmp_path):
    data = INPUTS[1], ["1", "-1", "2", "0"]
    deep = Problem.from_text(*data, [1, 1], "1/10")
    changed = enumerate_minima(deep, engine="certified").document
    assert checked(changed, tmp_path)
    changed["problem"]["weights"] = WEIGHTS
    refused(changed, tmp_path, "unknown entry 'weights'")


def test_weights_that_no_double_holds_are_proved(tmp_path):
    weights = ["123456789012345678901/98765432109876543210", "1/3", "2", "1000000007/998244353"]
    long = problem(1, "mean", "ridge", weights=weights)
    found = enumerate_minima(long, engine="certified").document
    assert found["components"] == enumerate_minima(long, engine="groebner").document["components"]
    assert checked(found, tmp_path)
    boxes = enumerate_minima(long, engine="branch").document
    assert boxes["components"] == found["components"]
    assert checked(boxes, tmp_path)
