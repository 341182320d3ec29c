"""The checker and the tree of basins: true documents are proved, and nothing else is."""

import json
from fractions import Fraction

import pytest

from reluenum import Problem, enumerate_minima
from reluenum.basins.disconnectivity import disconnectivity
from reluenum.cli import main
from reluenum.documents.results import to_json
from reluenum.engines.certified.prove import certify_problem
from reluenum.engines.certified.questions import EveryWidth
from reluenum.verify import document as checker
from tests.support.checking import checked, refused
from tests.support.oracles import random_problem, reference_problem
from tests.support.tree_lies import left_out, lies, places, with_value

pytestmark = pytest.mark.seconds(30)

SQUARE = [["1", "0"], ["0", "1"], ["-1", "0"], ["0", "-1"], ["0", "0"]]

FLAT = (
    [["-3/4", "100"], ["-3/4", "-100"], ["3/4", "100"], ["3/4", "-100"]],
    ["41/20", "39/20", "-39/20", "-41/20"],
)


def mirrored(width):
    return Problem.from_text([["-2"], ["-1"], ["1"], ["2"]], ["2", "-1", "-1", "2"], width, "1/10")


PROBLEMS = {
    "reference": reference_problem(2, "1/100"),
    "larger ridge": reference_problem(2, "3/10"),
    "three units": reference_problem(3, "1/20"),
    "no basin on two faces": Problem.from_text(*FLAT, 2, "12/5", output_bias="free"),
    "tied": mirrored(1),
    "mirrored": mirrored(2),
    "zero network": reference_problem(2, "100"),
    "units that circle": Problem.from_text(SQUARE, [1, 1, 1, 1, 0], 2, "1/10", output_bias="free"),
    "mean": random_problem(4, 5, 1, 2, "1/20", loss="mean", output_bias="ridge"),
    "equal inputs": random_problem(5, 4, 1, 3, "1/50", special="tie", output_bias="free"),
    "a line in the plane": random_problem(6, 4, 2, 2, "1/20", special="line"),
}


def document_of(problem, labelled=False):
    """The document of basins as it stands in a file."""
    basins = enumerate_minima(problem, engine="certified").basins(labelled)
    return json.loads(to_json(basins.document))


def of_every_width(problem):
    minima = certify_problem(problem, question=EveryWidth).document
    return json.loads(to_json(disconnectivity(minima)))


@pytest.fixture(scope="module")
def documents():
    found = {(name, k): document_of(PROBLEMS[name], k) for name in PROBLEMS for k in (False, True)}
    return found | {("all", False): of_every_width(mirrored(1))}


def test_trees_are_proved_labelled_or_not(documents, tmp_path):
    for document in documents.values():
        report = checked(document, tmp_path)
        assert report.components == len(document["components"])
        assert report.tree


def test_a_report_says_how_large_the_tree_is(documents, tmp_path):
    line = str(checked(documents["reference", True], tmp_path)).splitlines()[1]
    sizes = "6 leaves, 2 merges, 5 paths, 46 stationary points, labelled"
    assert line == f"basins: {sizes}"


def test_the_three_basins_of_a_tied_level_meet_at_once(documents, tmp_path):
    """Two kinks are mirror images: their losses are one root of one polynomial (Lemma 16)."""
    document = documents["tied", False]
    (merge,) = document["merges"]
    assert len(merge["children"]) == len(merge["passes"]) + 1 == 3
    assert {record["support"] for record in document["exact"]} == {"+++0", "0+++"}
    bare = {key: value for key, value in document.items() if key != "exact"}
    refused(bare, tmp_path, "look equal")


def test_lists_without_certificate_prove_no_tree(tmp_path):
    basins = enumerate_minima(reference_problem(2, "3/10"), engine="groebner").basins()
    refused(json.loads(to_json(basins.document)), tmp_path, "no certificate")


# Whatever is changed is refused.


@pytest.fixture
def listed(documents, monkeypatch):
    """Prove a list once, and let changes of the rest be looked at: their lists are the same."""
    prove = checker._list

    def only_once(name):
        found = prove(documents[name]["minima"], None, None)
        monkeypatch.setattr(checker, "_list", lambda *_: found)
        return documents[name]

    return only_once


ONCE = [("reference", True), ("three units", False), ("all", False)]


@pytest.mark.parametrize("name", ONCE)
def test_every_number_and_every_word_counts(name, listed, tmp_path):
    document, tried = listed(name), 0
    checked(document, tmp_path)
    for way, value in places(document):
        if not isinstance(value, dict | list):
            for lie in lies(way, value):
                refused(with_value(document, way, lambda _, lie=lie: lie), tmp_path)
                tried += 1
    assert tried > 40


@pytest.mark.parametrize("name", ONCE)
def test_every_record_counts(name, listed, tmp_path):
    """Every entry of a list is needed, once, and every key; others are unknown."""
    document, tried = listed(name), 0
    for way, value in places(document):
        for change in left_out(way, value):
            refused(with_value(document, way, change), tmp_path)
            tried += 1
    assert tried > 40


def test_equal_levels_are_neither_split_nor_taken_for_granted(documents, tmp_path):
    document = documents["tied", False]
    (merge,) = document["merges"]
    one, two, best = merge["children"]
    first = merge | {"children": [two, best], "basins": merge["basins"][1:]}
    first |= {"paths": merge["paths"][1:], "passes": merge["passes"][:1]}
    second = merge | {"children": [one, {"merge": 0}], "paths": merge["paths"][:1]}
    second |= {"passes": merge["passes"][1:], "basins": [merge["basins"][0], merge["basins"][2]]}
    refused(document | {"merges": [first, second]}, tmp_path, "does not take place")
    for k, entry in enumerate(document["exact"]):
        others = document["exact"][:k] + document["exact"][k + 1 :]
        for changed in (others, [*others, entry | {"root": entry["root"] + 1}], [entry, entry]):
            refused(document | {"exact": changed}, tmp_path)
    exact = document["minima"]["certificate"]["exact"]
    assert exact
    refused(document | {"exact": document["exact"] + exact}, tmp_path, "needs no description")


def test_basins_that_join_too_early_are_refused(documents, listed, tmp_path):
    document = listed(("reference", False))
    low, high = document["merges"]
    early = high | {key: low[key] for key in ("loss", "loss_interval", "passes", "event")}
    refused(document | {"merges": [low, early]}, tmp_path, "merge 1")
    refused(document | {"merges": [high, low]}, tmp_path)
    refused(document | {"merges": [low]}, tmp_path)


@pytest.mark.parametrize("labelled", [False, True])
def test_corners_lie_below_the_level_and_neighbours_in_one_product_of_cells(
    labelled, documents, listed, tmp_path
):
    document = listed(("reference", labelled))
    for m, merge in enumerate(document["merges"]):
        for p, path in enumerate(merge["paths"]):
            corners = path["points"]
            way = ("merges", m, "paths", p, "points")
            for k in range(len(corners) - 2):  # a corner less on the way: the others are apart
                short = [*corners[: k + 1], *corners[k + 2 :]]
                text = "are in no product of cells"
                refused(with_value(document, way, lambda _, short=short: short), tmp_path, text)
            for k, corner in enumerate(corners):
                for unit, state in enumerate(corner["units"]):
                    far = [str(1000 * Fraction(x)) for x in state["z"]]
                    if state["sign"]:
                        at = (*way, k, "units", unit, "z")
                        changed = with_value(document, at, lambda _, z=far: z)
                        refused(changed, tmp_path, "higher than the level")


def test_another_list_is_refused(documents, tmp_path):
    """Of another ridge, of another width, of the other kind, or one that proves nothing."""
    document = documents["reference", False]
    for name in (("larger ridge", False), ("three units", False), ("all", False)):
        other = documents[name]["minima"]
        refused(document | {"minima": other}, tmp_path, "document: ")
        refused(document | {"minima": other, "problem": other["problem"]}, tmp_path)
    minima = document["minima"]
    certificate = documents["larger ridge", False]["minima"]["certificate"]
    refused(document | {"minima": minima | {"certificate": certificate}}, tmp_path)
    refused(document | {"minima": minima | {"complete": False}}, tmp_path, "completeness")
    refused(document | {"minima": [minima]}, tmp_path)
    refused(document | {"format": "reluenum-trees"}, tmp_path, "format")
    refused(document | {"labelled": True}, tmp_path)
    refused(documents["reference", True] | {"labelled": False}, tmp_path)
    refused(documents["all", False] | {"labelled": True}, tmp_path)


def test_a_key_that_stands_twice_is_refused(documents, tmp_path):
    path = tmp_path / "basins.json"
    text = json.dumps(documents["larger ridge", False])
    for key in ("labelled", "merges", "component"):
        twice = text.replace(f'"{key}": ', f'"{key}": 0, "{key}": ', 1)
        path.write_text(twice)
        with pytest.raises(checker.CertificateError, match="twice"):
            checker.verify(path)


def test_the_command_tells_in_one_line_what_is_not_proved(documents, tmp_path, capsys):
    path = tmp_path / "basins.json"
    path.write_text(json.dumps(documents["tied", True]))
    assert main(["verify", str(path)]) == 0
    assert "3 leaves, 1 merges, 2 paths" in capsys.readouterr().out
    path.write_text(json.dumps(documents["tied", True] | {"merges": []}))
    assert main(["verify", str(path)]) == 1
    output = capsys.readouterr()
    assert (output.out, output.err.count("\n")) == ("", 1)
    assert "not proved: merges: 1 are missing" in output.err
