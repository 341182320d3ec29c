"""Bounds of the loss with two hidden layers: honest documents are proved, changed ones are not."""

import copy
import inspect
import json
import re
from functools import reduce
from pathlib import Path

import pytest
from flint import fmpq

from reluenum import Problem
from reluenum.cli import main
from reluenum.convex.deep.bounds import bound_loss
from reluenum.verify import CertificateError, bounds, verify

pytestmark = pytest.mark.seconds(30)


def document_of(hidden, gap, **changes):
    data = {"X": [[-1], [0], [2], [2]], "y": [1, -1, 1, 2], "ridge": 0.2} | changes
    found = bound_loss(Problem.from_arrays(**data, width=hidden), gap)
    return json.loads(json.dumps(found.to_document()))


@pytest.fixture(scope="module")
def narrow():
    """Signs of the second layer are asked for, equal inputs have scatter."""
    return document_of([1, 1], fmpq(1, 10))


@pytest.fixture(scope="module")
def wide():
    """The bound holds for any second layer."""
    return document_of([1, 3], fmpq(1, 10), loss="mean")


def checked(document, tmp_path):
    path = tmp_path / "bound.json"
    path.write_text(json.dumps(document))
    return verify(path)


def nodes_of(document):
    return [node for tree in document["certificate"]["trees"] for node in tree["nodes"]]


@pytest.mark.parametrize("which", ["narrow", "wide"])
def test_an_honest_document_is_proved(which, tmp_path, request):
    document = request.getfixturevalue(which)
    report = checked(document, tmp_path)
    widths = "1, any" if which == "wide" else "1, 1"
    assert f"no network of widths {widths} has a loss below {document['lower_bound']}" in str(
        report
    )
    assert report.records == sum(re.match("[xs.]", node) is None for node in nodes_of(document))
    assert any(node[:1] == "s" for node in nodes_of(document)) == (which == "narrow")


def test_two_first_layer_units_and_two_inputs_are_proved(tmp_path):
    found = document_of([2, 2], fmpq(1, 4), X=[[0], [1]], y=[1, -1])
    assert checked(found, tmp_path).records > 20
    planar = document_of([1, 1], fmpq(1, 2), X=[[0, 1], [1, 0], [1, 1]], y=[1, -1, 2])
    assert checked(planar, tmp_path).records > 20


def test_the_command_says_what_is_proved_and_compares_data(narrow, tmp_path, capsys):
    path, data = tmp_path / "bound.json", tmp_path / "data.csv"
    path.write_text(json.dumps(narrow))
    data.write_text("x,y\n-1,1\n0,-1\n2,1\n2,2\n")
    assert main(["verify", str(path), str(data)]) == 0
    assert "data: those of the data file" in capsys.readouterr().out
    data.write_text("x,y\n-1,1\n0,-1\n2,1\n2,3\n")
    assert main(["verify", str(path), str(data)]) == 1


def first_leaf(document):
    """The first leaf with residuals, as its tree and place."""
    return next(
        (tree["nodes"], k)
        for tree in document["certificate"]["trees"]
        for k, node in enumerate(tree["nodes"])
        if node[:1] not in "xs."
    )


def rewritten(change):
    def mutate(document):
        nodes, k = first_leaf(document)
        nodes[k] = change(nodes[k])

    return mutate


def asked_instead(document):
    """Replace a cut in half by a question."""
    for tree in document["certificate"]["trees"]:
        for k, node in enumerate(tree["nodes"]):
            if node[:1] == "x":
                tree["nodes"][k] = "s0"
                return


def raised(document, key, factor):
    document[key] = f"{float(document[key]) * factor:.12f}"


ATTACKS = {
    "a higher bound": lambda d: raised(d, "lower_bound", 1.02),
    "a lower upper bound": lambda d: raised(d, "upper_bound", 0.98),
    "a smaller gap": lambda d: raised(d, "relative_gap", 0.5),
    "a better network": lambda d: d["network"].update(w=["0"]),
    "a network of another width": lambda d: d["network"].update(w=["0", "0"]),
    "no number": lambda d: d.update(lower_bound="nan"),
    "a missing tree": lambda d: d["certificate"]["trees"].pop(),
    "trees in another order": lambda d: d["certificate"]["trees"].reverse(),
    "a missing box": lambda d: d["certificate"]["trees"][0]["nodes"].pop(),
    "a box too many": lambda d: d["certificate"]["trees"][0]["nodes"].append("."),
    "a box left out": rewritten(lambda _: "."),
    "a small radius": lambda d: d["certificate"].update(radius="1/2"),
    "no digits": lambda d: d["certificate"].update(digits=-1),
    "other residuals": rewritten(lambda text: re.sub(r"^-?\d+", "99999999999999", text)),
    "a residual that is missing": rewritten(lambda text: text.partition(";")[2]),
    "negative multipliers": rewritten(lambda text: re.sub(r":(\d)", r":-\1", text) + ";1 0:-5"),
    "an unknown key": lambda d: d.update(note="proved"),
    "a truth that is a number": lambda d: d.update(any_upper_width=0.0),
    "software that says more": lambda d: d.update(software={"reluenum": "this is optimal"}),
    "another ridge": lambda d: d["problem"].update(ridge="1/100"),
    "other targets": lambda d: d["problem"]["y"].__setitem__(0, "3"),
    "another rule": lambda d: d["certificate"].update(rule="trust me"),
    "three layers": lambda d: d["problem"].update(hidden=[1, 1, 1]),
    "a wider first layer": lambda d: d["problem"].update(hidden=[2, 1]),
}


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("which", ["narrow", "wide"])
def test_what_does_not_follow_is_refused(attack, which, tmp_path, request):
    document = copy.deepcopy(request.getfixturevalue(which))
    ATTACKS[attack](document)
    with pytest.raises(CertificateError):
        checked(document, tmp_path)


@pytest.fixture(scope="module")
def best():
    """A network with kinks of the first layer, proved to be best."""
    return document_of([1, 1], fmpq(0), X=[[-1], [0], [1]], y=[1, -1, 2], ridge=0.1)


def test_a_network_that_is_proved_to_be_best_is_so_for_the_checker(best, tmp_path):
    text = str(checked(best, tmp_path))
    assert "up to symmetries there is one best network, and it is this one" in text
    assert float(best["upper_bound"]) - float(best["lower_bound"]) < 1e-12


def first_signs(document, layer, text):
    document["global"][layer][0] = text


BEST = {
    "another claim": lambda d: d["global"].update(claim="believed"),
    "another kink": lambda d: first_signs(d, "first", "+" * 3),
    "other signs above": lambda d: first_signs(d, "upper", [-1, "+++"]),
    "no unit above": lambda d: d["global"].update(upper=[]),
    "a unit too many": lambda d: d["global"].update(first=d["global"]["first"] * 2),
    "no signs": lambda d: first_signs(d, "first", "--"),
    "closer than it is": lambda d: d["global"].update(within="0"),
    "a distance that says nothing": lambda d: d["global"].update(within="1000000"),
    "a sign that is a truth": lambda d: first_signs(d, "upper", [True, d["global"]["upper"][0][1]]),
    "another network": lambda d: d["network"].update(b=[["1"], ["1"]]),
    "a smaller loss": lambda d: raised(d, "upper_bound", 1 - 1e-9),
    "a higher bound": lambda d: raised(d, "lower_bound", 1 + 1e-9),
    "another order of cones": lambda d: d["certificate"]["trees"].reverse(),
    "a face": lambda d: d["certificate"]["trees"][0].update(faces=[0]),
    "a cut less": rewritten(lambda text: text.partition("|")[0]),
    "an unknown key": lambda d: d["global"].update(sure=True),
}


@pytest.mark.parametrize("attack", BEST)
def test_a_best_network_that_does_not_follow_is_refused(attack, best, tmp_path):
    document = copy.deepcopy(best)
    BEST[attack](document)
    with pytest.raises(CertificateError):
        checked(document, tmp_path)


def test_a_gap_does_not_prove_which_network_is_best(narrow, best, tmp_path):
    signs = {"claim": "proved", "first": ["+++"], "upper": [[1, "+++"]], "within": "1"}
    with pytest.raises(CertificateError, match="global: "):
        checked({**narrow, "global": signs}, tmp_path)
    assert checked({**best, "global": None, "lower_bound": "0", "relative_gap": "1"}, tmp_path)


def test_a_bound_that_asked_about_the_second_layer_is_for_its_width_only(narrow, tmp_path):
    with pytest.raises(CertificateError, match="signs of upper units were used"):
        checked({**narrow, "any_upper_width": True}, tmp_path)


def test_nothing_is_asked_about_a_second_layer_of_any_width(wide, tmp_path):
    document = copy.deepcopy(wide)
    asked_instead(document)
    with pytest.raises(CertificateError):
        checked(document, tmp_path)


def test_no_is_the_answer_of_all_units_of_which_as_much_is_known(tmp_path):
    """Two units: yes is said of one of them, no of both; a question to a unit apart is its own."""
    box = bounds.Box((), (), (), ((0, 0, 0), (0, 0, 0)), ())
    yes, no = box.cut("s0:2")
    assert yes.slots == ((0, 4, 0), (0, 0, 0))
    assert no.slots == ((0, 0, 4), (0, 0, 4))
    assert yes.cut("s1")[1].slots == ((0, 4, 0), (-1, 0, 0))


def test_every_claim_of_the_page_is_a_function_that_says_so():
    page = (Path(__file__).parents[2] / "docs/certificate.md").read_text()
    claims = re.findall(r"^- (B\d+), (.*?):", page, re.MULTILINE)
    assert [number for number, _ in claims] == [f"B{k}" for k in range(1, 16)]
    for number, names in claims:
        for name in re.findall(r"`bounds\.([\w.]+)`", names):
            function = reduce(getattr, name.split("."), bounds)
            assert inspect.getdoc(function).startswith(f"Claim {number}: "), name
