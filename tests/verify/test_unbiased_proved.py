"""Lists of minima without hidden bias are proved, and nothing near them is."""

import copy
import json
import random

import pytest

from reluenum import Problem, enumerate_minima
from reluenum.verify import CertificateError, verify
from reluenum.verify.exact import Data
from tests.support.attacks import changed, lie, places
from tests.support.checking import checked, refused

pytestmark = pytest.mark.seconds(40)

PLANE = [["1", "1"], ["1", "-1"], ["-1", "1"], ["-1", "-1"]], ["1", "-1", "-1", "2"]

WITH_ZERO = [["1", "2"], ["0", "0"], ["-1/2", "-1"], ["3", "1"]], ["1", "4", "-2", "1/3"]

LINE = [["1"], ["-2"], ["0"], ["3"]], ["2", "1", "5", "-1"]

DATA = {"plane": PLANE, "zero": WITH_ZERO, "line": LINE}


def listed(name, width=2, loss="sum", output_bias="none", ridge="1/5", **more):
    problem = Problem.from_text(
        *DATA[name], width, ridge, loss, output_bias, hidden_bias="none", **more
    )
    return copy.deepcopy(enumerate_minima(problem, engine="certified").document)


@pytest.mark.parametrize("output_bias", ["none", "free", "ridge"])
@pytest.mark.parametrize("name", DATA)
def test_lists_are_proved(name, output_bias, tmp_path):
    document = listed(name, output_bias=output_bias, loss="mean")
    report = checked(document, tmp_path)
    assert report.components == len(document["components"]) > 0
    assert "no hidden bias" in report.problem
    assert f"d = {len(DATA[name][0][0])}," in report.problem


@pytest.mark.parametrize("name", DATA)
def test_lists_of_every_width_are_proved(name, tmp_path):
    from reluenum.engines.certified.prove import certify_problem
    from reluenum.engines.certified.questions import EveryWidth
    from reluenum.groebner.backends import DEFAULT_SETTINGS

    problem = Problem.from_text(*DATA[name], 1, "1/5", hidden_bias="none")
    found = certify_problem(problem, DEFAULT_SETTINGS, EveryWidth, None, False)
    assert checked(found.document, tmp_path).components > 0


@pytest.mark.parametrize("name", DATA)
def test_basins_are_proved(name, tmp_path):
    problem = Problem.from_text(*DATA[name], 2, "1/50", hidden_bias="none")
    path = tmp_path / "basins.json"
    enumerate_minima(problem, engine="certified").basins().save(path)
    assert verify(path).tree


@pytest.mark.parametrize("value", ["ridge", "free", "None", "", None, True, 0, ["none"]])
def test_the_key_has_one_value(value, tmp_path):
    document = listed("plane", 1)
    document["problem"]["hidden_bias"] = value
    refused(document, tmp_path)


@pytest.mark.parametrize("name", DATA)
def test_the_key_can_neither_be_left_out_nor_added(name, tmp_path):
    document = listed(name, 1)
    del document["problem"]["hidden_bias"]
    refused(document, tmp_path)
    biased = enumerate_minima(Problem.from_text(*DATA[name], 1, "1/5"), engine="certified")
    other = copy.deepcopy(biased.document)
    assert checked(other, tmp_path)
    other["problem"]["hidden_bias"] = "none"
    refused(other, tmp_path)


def bound(document):
    """With a certificate that is about the problem, as it is now."""
    import base64
    import hashlib
    import io

    import pyarrow.parquet as pq

    certificate = document["certificate"]
    text = json.dumps(document["problem"], sort_keys=True)
    certificate["problem_sha256"] = hashlib.sha256(text.encode()).hexdigest()
    table = pq.read_table(io.BytesIO(base64.b64decode(certificate["data"])))
    own = json.loads(table.schema.metadata[b"reluenum"])
    own["problem_sha256"] = certificate["problem_sha256"]
    table = table.replace_schema_metadata({b"reluenum": json.dumps(own).encode()})
    sink = io.BytesIO()
    pq.write_table(table, sink)
    certificate["data"] = base64.b64encode(sink.getvalue()).decode()
    certificate["sha256"] = hashlib.sha256(sink.getvalue()).hexdigest()
    return document


@pytest.mark.parametrize("name", DATA)
def test_nor_with_a_certificate_that_fits(name, tmp_path):
    document = listed(name, 1)
    assert checked(bound(document), tmp_path)
    without = copy.deepcopy(document)
    del without["problem"]["hidden_bias"]
    refused(bound(without), tmp_path)
    wrong = copy.deepcopy(document)
    wrong["problem"]["hidden_bias"] = "ridge"
    refused(bound(wrong), tmp_path, "hidden_bias is not none")


def test_inputs_that_are_all_0_are_refused(tmp_path):
    document = listed("line", 1)
    document["problem"]["x"] = [["0"]] * 4
    refused(bound(document), tmp_path)
    with pytest.raises(CertificateError, match="all inputs are 0"):
        Data(document["problem"])


@pytest.mark.parametrize("name", DATA)
def test_no_entry_of_a_component_can_be_changed(name, tmp_path):
    document = listed(name, 2, "mean", "ridge")
    ways = list(places(document["components"]))
    chosen = random.Random(1).sample(ways, min(len(ways), 60))
    for way, value in chosen:
        refused(changed(document, ("components", *way), lie(value)), tmp_path)


def test_a_component_needs_no_bias_and_gets_none(tmp_path):
    document = listed("plane", 1)
    network = document["components"][0]["representative"]
    assert set(network) == {"a", "B"}
    network["c"] = ["0"]
    refused(document, tmp_path)


@pytest.mark.parametrize("name", DATA)
def test_counts_are_proved(name, tmp_path):
    document = listed(name, 1)
    for key in ("realisable_patterns", "patterns_up_to_permutation", "supports_examined"):
        refused(changed(document, ("enumeration", key), lambda count: count + 1), tmp_path)


def test_trees_of_boxes_and_several_layers_have_hidden_biases(tmp_path):
    data = [["0"], ["1"], ["3"]], ["1", "-1", "2"]
    boxes = copy.deepcopy(
        enumerate_minima(Problem.from_text(*data, 1, "1/5"), engine="branch").document
    )
    assert checked(boxes, tmp_path)
    boxes["problem"]["hidden_bias"] = "none"
    refused(boxes, tmp_path, "boxes: units without hidden bias")
    deep = copy.deepcopy(
        enumerate_minima(Problem.from_text(*data, [1, 1], "1/5"), engine="certified").document
    )
    assert checked(deep, tmp_path)
    deep["problem"]["hidden_bias"] = "none"
    refused(deep, tmp_path, "unknown entry 'hidden_bias'")


def test_data_are_compared(tmp_path):
    path = tmp_path / "minima.json"
    path.write_text(json.dumps(listed("zero")))
    assert verify(path, WITH_ZERO).compared
    other = [[*WITH_ZERO[0][:3], ["3", "2"]], WITH_ZERO[1]]
    with pytest.raises(CertificateError, match="row 4 of the data, column x2"):
        verify(path, other)


def test_one_pair_of_opposite_faces_says_nothing_with_a_free_output_bias(tmp_path):
    """Lemma 66(2), on data whose lists have such pairs: proved by their descriptions."""
    inputs = [["1", "0"], ["-1", "0"], ["0", "1"], ["0", "-1"], ["1", "1"], ["-1", "-1"]]
    for targets in (["1"] * 6, ["1", "1", "-1", "-1", "2", "2"], ["2", "1", "0", "0", "1", "2"]):
        problem = Problem.from_text(
            inputs, targets, 3, "1/5", output_bias="free", hidden_bias="none"
        )
        found = enumerate_minima(problem, engine="certified")
        found.save(tmp_path / "minima.json")
        assert verify(tmp_path / "minima.json").components == len(found)
