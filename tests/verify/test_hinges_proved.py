"""Lists with hidden biases without penalty are proved from the data, and nothing near them is."""

import copy
import hashlib
import json
import random

import pytest
from flint import fmpq_mat

from reluenum import Problem, enumerate_minima
from reluenum.verify.hinges.line import Line, rank
from reluenum.verify.hinges.sets import residuals
from reluenum.verify.hinges.strata import strata_of
from reluenum.verify.hinges.units import Residual
from tests.support.checking import checked, refused
from tests.support.hinge_products import Products

pytestmark = pytest.mark.seconds(10)

FREE = {"output_bias": "free", "hidden_bias": "free"}

DATA = {
    "line": (["0", "1", "2", "3"], ["0", "0", "1", "3"], "1/10"),
    "segment": (["0", "1", "3", "4"], ["1", "0", "0", "1"], "1/4"),
    "zigzag": (["0", "1", "2", "3"], ["0", "1", "0", "1"], "1/10"),
    "repeated": (["1", "1/2", "1", "4"], ["2", "-1", "0", "1"], "1/7"),
}


def listed(name, width=2, **more):
    inputs, targets, ridge = DATA[name]
    problem = Problem.from_text([[x] for x in inputs], targets, width, ridge, **FREE, **more)
    return copy.deepcopy(enumerate_minima(problem).document)


@pytest.mark.parametrize("width", [1, 2, 3])
@pytest.mark.parametrize("name", DATA)
def test_lists_are_proved(name, width, tmp_path):
    weights = ["1", "2/3", "5", "1"] if width == 2 else None
    document = listed(name, width, loss="mean", weights=weights)
    report = checked(document, tmp_path)
    assert report.components == len(document["components"]) > 0
    assert "hidden bias free" in report.problem
    assert "rational" in str(report)


def test_constants_alone_are_proved(tmp_path):
    """One input, and targets on a constant."""
    for inputs, targets in ((["2", "2"], ["0", "1"]), (["0", "1"], ["3", "3"])):
        problem = Problem.from_text([[x] for x in inputs], targets, 2, "1/3", **FREE)
        document = enumerate_minima(problem).document
        assert checked(document, tmp_path).components == len(document["components"]) == 1


def posed(document, **changes):
    """Change the problem, and what ties the certificate to it."""
    document["problem"].update(changes)
    text = json.dumps(document["problem"], sort_keys=True)
    document["certificate"]["problem_sha256"] = hashlib.sha256(text.encode()).hexdigest()


def _components(document):
    return document["components"]


def _first_stratum(document):
    return _components(document)[0]["strata"][0]


def _first_group(document):
    return _first_stratum(document)["support"][0]


CHANGES = {
    "a minimum dropped": lambda d: _components(d).pop(1),
    "a minimum twice": lambda d: _components(d).insert(1, copy.deepcopy(_components(d)[1])),
    "a flag": lambda d: _components(d)[0].update(global_at_every_width=False),
    "the other flag": lambda d: _components(d)[1].update(global_at_width=True),
    "the loss": lambda d: _components(d)[0].update(loss_exact="1/3"),
    "its decimals": lambda d: _components(d)[0].update(loss="0.381"),
    "an interval": lambda d: _first_group(d).update(kinks=["1", "3/2"]),
    "an end": lambda d: _components(d)[-2]["strata"][0]["support"][0].update(kinks=["0", "0"]),
    "a kink": lambda d: _first_group(d).update(kink="3/2"),
    "a square": lambda d: _first_group(d).update(sum_a_squared_exact="2"),
    "a stratum dropped": lambda d: _components(d)[0]["strata"].pop(),
    "strata in another order": lambda d: _components(d)[0]["strata"].reverse(),
    "a dimension": lambda d: _first_stratum(d).update(dimension=1),
    "the dimension": lambda d: _components(d)[0].update(dimension=1),
    "copies": lambda d: _components(d)[1].update(orbit_size=1),
    "boundedness": lambda d: _components(d)[0].update(unbounded=False),
    "a dead unit": lambda d: _components(d)[-1]["strata"][0]["zero_units"].update(active=1),
    "a face": lambda d: _first_group(d).update(face="-+++"),
    "the network": lambda d: _components(d)[0]["representative"].update(m="1"),
    "a count": lambda d: d["enumeration"].update(supports_examined=44),
    "minima counted": lambda d: d["enumeration"].update(locally_minimal=3),
    "the certificate": lambda d: d["certificate"].update(problem_sha256="0" * 64),
    "the ridge": lambda d: posed(d, ridge="1/9"),
    "a target": lambda d: posed(d, y=["0", "0", "1", "4"]),
    "the width": lambda d: posed(d, width=3),
    "completeness": lambda d: d.update(complete=False),
    "a further key": lambda d: _components(d)[0].update(known="1"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_changed_is_refused(change, tmp_path):
    document = listed("line")
    checked(document, tmp_path)
    CHANGES[change](document)
    refused(document, tmp_path)


def test_lists_of_other_problems_are_refused(tmp_path):
    document = listed("line")
    posed(document, output_bias="ridge")
    refused(document, tmp_path, "output_bias")
    usual = Problem.from_text([["0"], ["1"]], ["0", "1"], 1, "1/8", output_bias="free")
    document = copy.deepcopy(dict(enumerate_minima(usual, engine="certified").document))
    posed(document, hidden_bias="free")
    refused(document, tmp_path)
    plane = listed("line")
    posed(plane, x=[["0", "1"]] * 4)
    refused(plane, tmp_path, "not on a line")


LINEAR = {
    "the linear part": lambda d: _components(d)[0]["representative"].update(beta=["1/3"]),
    "no linear part": lambda d: _components(d)[0]["representative"].pop("beta"),
    "the bias": lambda d: _components(d)[0]["representative"].update(m="5"),
    "the other kind": lambda d: posed(d, linear="ridge"),
    "the other kind, free": lambda d: posed(d, linear="free"),
    "none at all": lambda d: d["problem"].pop("linear") and posed(d),
    "a strange kind": lambda d: posed(d, linear="none"),
    "a list of kinds": lambda d: posed(d, linear=["free"]),
    "copies": lambda d: _components(d)[0].update(orbit_size=1),
    "a face": lambda d: _mirrored(_first_group(d)),
    "a dead unit": lambda d: _components(d)[-1]["strata"][0]["zero_units"].update(active=3),
    "a minimum dropped": lambda d: _components(d).pop(1),
    "the loss": lambda d: _components(d)[0].update(loss_exact="1/3"),
    "a square": lambda d: _first_group(d).update(sum_a_squared_exact="2"),
}


def _mirrored(group):
    """Replace units by their mirror images, everywhere but in the network."""
    group["face"] = group["face"].translate(str.maketrans("+-", "-+"))
    group["direction"] = [entry.removeprefix("-") for entry in group["direction"]]


@pytest.mark.parametrize("linear", ["free", "ridge"])
def test_lists_with_a_linear_part_are_proved_and_nothing_near_them(linear, tmp_path):
    for name in DATA:
        report = checked(listed(name, linear=linear, loss="mean"), tmp_path)
        assert f"linear part {linear}" in report.problem
    good = listed("zigzag", linear=linear)
    same = "the other kind" if linear == "ridge" else "the other kind, free"
    for change in LINEAR.keys() - {same}:
        document = copy.deepcopy(good)
        LINEAR[change](document)
        refused(document, tmp_path, "is wrong" if change == "a list of kinds" else None)


@pytest.mark.parametrize("name", DATA)
def test_lemma_88_rejects_no_residual_of_a_minimum(name):
    """The checker's strata have the losses of products of cells (Lemma 83(3))."""
    inputs, targets, ridge = DATA[name]
    problem = Problem.from_text([[x] for x in inputs], targets, 2, ridge, **FREE)
    line = Line(problem.to_document())
    mine = set()
    for values in residuals(line):
        residual = Residual(line, values)
        for stratum in strata_of(residual):
            units = tuple((u.kind, u.sign, u.side, u.place) for u in stratum.units)
            mine.add((tuple(values), units))
    others = Products(inputs, targets, ["1"] * 4, ridge, 2).strata()
    assert len(mine) == len(others)
    assert {units for _, units in mine} == {units for _, units in others}


def test_ranks_are_numbers_less_ways_around():
    """Lemma 82(1): against the rank of the columns."""
    rng = random.Random(82)
    document = {"x": [["0"], ["1"], ["3"], ["4"], ["9"]], "y": ["0"] * 5, "ridge": "1"}
    line = Line({**document, "width": 1, "loss": "sum", **FREE})
    for _ in range(20):
        knots = rng.sample(line.knots, rng.randint(1, 6))
        columns = [line.centred(line.column(knot)) for knot in knots]
        assert rank(knots) == fmpq_mat(columns).rank()


def test_hostile_sizes_are_refused_before_the_work(tmp_path):
    document = listed("line")
    posed(document, width=60_000)
    refused(document, tmp_path, "more than 1024 units")
    posed(document, width=900)
    refused(document, tmp_path, "ways to choose")
    line = [[str(x)] for x in range(2_000)]
    posed(document, width=1, x=line, y=["0"] * 2_000)
    refused(document, tmp_path, "places for kinks")
