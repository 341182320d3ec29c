"""The checker and the basins of free hidden biases: true documents are proved, and nothing else."""

import json
import random
from fractions import Fraction

import pytest
from flint import fmpq

from reluenum import Problem, enumerate_minima
from reluenum.documents.results import to_json
from reluenum.verify import document as checker
from reluenum.verify.hinges.basins import loss_of
from reluenum.verify.hinges.line import Line
from reluenum.verify.hinges.places import points_of
from tests.support.checking import checked, refused
from tests.support.hinge_products import solved
from tests.support.tree_lies import left_out, lies, places, with_value

pytestmark = pytest.mark.seconds(15)

FREE = {"output_bias": "free", "hidden_bias": "free"}

DATA = {
    "two points": (["0", "1"], ["0", "1"], "1/8"),
    "bent": (["0", "1", "2"], ["1", "0", "1"], "1/8"),
    "zigzag": (["0", "1", "2", "3"], ["0", "1", "0", "1"], "1/10"),
    "segment": (["0", "1", "3", "4"], ["1", "0", "0", "1"], "1/4"),
    "repeated": (["1", "1/2", "1", "4"], ["2", "-1", "0", "1"], "1/7"),
}


def problem_of(name, width, **more):
    inputs, targets, ridge = DATA[name]
    return Problem.from_text([[x] for x in inputs], targets, width, ridge, **FREE, **more)


def document_of(name, width, labelled=False, **more):
    """The document of basins as it stands in a file."""
    landscape = enumerate_minima(problem_of(name, width, **more))
    return json.loads(to_json(landscape.basins(labelled).document))


@pytest.mark.parametrize("labelled", [False, True])
@pytest.mark.parametrize("name", DATA)
def test_trees_are_proved_labelled_or_not(name, labelled, tmp_path):
    for width in (1, 2, 3):
        weights = ["1", "2/3", "5", "1"] if (name, width) == ("repeated", 2) else None
        document = document_of(name, width, labelled, loss="mean", weights=weights)
        report = checked(document, tmp_path)
        assert report.components == len(document["components"])
        joined = sum(len(merge["children"]) - 1 for merge in document["merges"])
        assert report.tree.startswith(f"{joined + 1} leaves, {len(document['merges'])} merges")


def test_the_loss_of_every_point_is_that_of_its_network():
    """The formula for stationary weights beside the definition of the loss (Lemma 115)."""
    line = Line(problem_of("zigzag", 3, weights=["1", "2", "1/3", "1"]).to_document())
    points = points_of(line)
    for point in points:
        states = [(unit.sign, *state) for unit, state in states_of(line, point)]
        assert loss_of(line, states) == point.loss
    assert len(points) == 15


def states_of(line, point):
    """Solve for the weights of the kinks anew: the fit is linear in them."""
    kinks = [(u, k) for u in point.units for k in (u.place, u.place + (u.kind == "gap"))]
    kinks = list(dict.fromkeys(kinks))
    columns = [
        line.centred([u.sign * max(u.side * (x - line.x[k]), 0) for x in line.x]) for u, k in kinks
    ]
    wanted = [y - r for y, r in zip(line.centred(line.y), point.residual.values, strict=True)]

    def dot(one, other):
        return sum(w * a * b for w, a, b in zip(line.w, one, other, strict=True))

    gram = [[fraction(dot(a, b)) for b in columns] for a in columns]
    weights = solved(gram, [fraction(dot(a, wanted)) for a in columns])
    for unit in point.units:
        own = [(w, k) for w, (u, k) in zip(weights, kinks, strict=True) if u == unit]
        slope = sum(rational(w) for w, _ in own)
        offset = sum(rational(w) * line.x[k] for w, k in own)
        yield unit, (unit.side * slope, -unit.side * offset)


def fraction(value):
    return Fraction(int(value.p), int(value.q))


def rational(value):
    return fmpq(value.numerator, value.denominator)


@pytest.fixture
def listed(monkeypatch):
    """Prove a list once, and let changes of the rest be looked at: their lists are the same."""
    prove = checker._free

    def only_once(*which):
        document = document_of(*which)
        found = prove(document["minima"], None, None)
        monkeypatch.setattr(checker, "_free", lambda *_: found)
        points = points_of(Line(document["problem"]))
        monkeypatch.setattr("reluenum.verify.hinges.basins.points_of", lambda _: points)
        return document

    return only_once


ONCE = [("zigzag", 1, False), ("bent", 2, True)]

MOST = 120
"""Lies of each kind about a document, drawn from all there are."""


@pytest.mark.parametrize("which", ONCE)
def test_every_number_and_every_word_counts(which, listed, tmp_path):
    document = listed(*which)
    checked(document, tmp_path)
    words = [
        (way, lie)
        for way, value in places(document)
        if not isinstance(value, dict | list) and way[0] != "problem"
        for lie in lies(way, value)
    ]
    assert len(words) > MOST
    for way, lie in random.Random(1).sample(words, MOST):
        refused(with_value(document, way, lambda _, lie=lie: lie), tmp_path)


@pytest.mark.parametrize("which", ONCE)
def test_every_record_counts(which, listed, tmp_path):
    """Every entry of a list is needed, once, and every key; others are unknown."""
    document = listed(*which)
    changes = [(way, f) for way, value in places(document) for f in left_out(way, value)]
    assert len(changes) > MOST
    for way, change in random.Random(1).sample(changes, MOST):
        refused(with_value(document, way, change), tmp_path)


def test_another_list_is_refused(tmp_path):
    document, other = document_of("zigzag", 2), document_of("zigzag", 1)["minima"]
    refused(document | {"minima": other}, tmp_path, "document: ")
    refused(document | {"minima": other, "problem": other["problem"]}, tmp_path)
    minima = dict(document["minima"])
    refused(document | {"minima": minima | {"complete": False}}, tmp_path, "complete")
    refused(document | {"labelled": True}, tmp_path)
    refused(document | {"exact": []}, tmp_path, "exact")
    minima["components"] = minima["components"][:-1]
    refused(document | {"minima": minima}, tmp_path, "missing")


def test_components_that_join_too_early_are_refused(listed, tmp_path):
    document = listed("zigzag", 2, False)
    low, high = document["merges"]
    keys = ("loss", "loss_exact", "loss_interval", "passes", "event")
    early = high | {key: low[key] for key in keys}
    refused(document | {"merges": [low, early]}, tmp_path)
    refused(document | {"merges": [high, low]}, tmp_path)
    refused(document | {"merges": [low]}, tmp_path)


@pytest.mark.parametrize("which", ONCE)
def test_what_is_only_equal_to_a_number_of_a_pass_is_refused(which, listed, tmp_path):
    document, looked = listed(*which), 0
    for way, value in places(document):
        if "passes" in way and type(value) is int:
            for other in (float(value), bool(value)):
                if other == value:
                    lie = json.loads(json.dumps(document))
                    inside = lie
                    for key in way[:-1]:
                        inside = inside[key]
                    inside[way[-1]] = other
                    refused(lie, tmp_path, "passes")
                    looked += 1
    assert looked > 3
