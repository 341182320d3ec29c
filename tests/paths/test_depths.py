"""How deep basins are along the ridge: what Lemma 41 says of the events of a path.

Depths are compared as texts of thirty digits, correctly rounded, hence in the right order.
"""

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import pytest
from flint import fmpq

from reluenum import enumerate_minima
from reluenum.cli import main
from reluenum.documents.seals import read_json
from reluenum.errors import BackendError
from reluenum.paths.depths import KEYS, UNKNOWN, depths_in, with_depths
from reluenum.paths.path import ridge_path
from reluenum.paths.trees import trees_along
from tests.support.oracles import fraction, random_problem, reference_problem

pytestmark = pytest.mark.seconds(15)

PATHS = {
    "a unit dies": (reference_problem(2, "134/1000"), fmpq(145, 1000), 1),
    "kinks, from both sides": (random_problem(1, 5, 1, 1, "1/4"), fmpq(2), 2),
    "a unit crosses a wall at once": (random_problem(3, 5, 1, 1, "1"), fmpq(11, 10), 0),
}
"""Intervals of ridges by what happens in them, and how many basins vanish or appear there."""


@pytest.fixture(scope="module", params=PATHS)
def stretch(request):
    problem, high, vanishing = PATHS[request.param]
    return ridge_path(problem, high, points=2), vanishing


def depths(problem, ridge):
    """The depth of each basin that has one."""
    tree = enumerate_minima(replace(problem, ridge=ridge), engine="certified").basins().document
    return {
        branch: Decimal(said["depth"])
        for branch, said in depths_in(tree).items()
        if said["basin"] and said["depth"] is not None
    }


def sides(path, event):
    """The basins on both sides of an event, and which of those before it goes on as which."""
    before, after = depths(path.problem, event.low), depths(path.problem, event.high)
    gone, new = before.keys() - after.keys(), after.keys() - before.keys()
    return before, after, list(zip(sorted(gone), sorted(new), strict=False))


def test_a_basin_vanishes_where_its_depth_tends_to_zero(stretch):
    """The two stationary points that meet there have one slope in the ridge: the order is two.

    So a quarter of the distance is a sixteenth of the depth, in the limit.
    """
    path, vanishing = stretch
    found = 0
    for event in path.events:
        before, after, kept = sides(path, event)
        for ends, others, ridge, side in (
            (before, after, event.low, -1),
            (after, before, event.high, 1),
        ):
            for branch in ends.keys() - others.keys() - {b for pair in kept for b in pair}:
                found += 1
                near = [ridge * (1 + side * fmpq(1, 100 * 4**k)) for k in range(4)]
                falling = [depths(path.problem, r)[branch] for r in near] + [ends[branch]]
                assert all(0 < 8 * close < far for far, close in pairwise(falling))
    assert found == vanishing


def test_a_basin_that_goes_on_with_other_faces_keeps_its_depth(stretch):
    """No level of the tree moves faster with the ridge than 2 sum |z| <= energy / ridge."""
    path, _ = stretch
    through = 0
    for event in path.events:
        before, after, kept = sides(path, event)
        fastest = path.problem.energy / event.low * (event.high - event.low)
        for old, new in [*kept, *((branch, branch) for branch in before.keys() & after.keys())]:
            one, other = fraction(before[old]), fraction(after[new])
            assert abs(one - other) <= fraction(fastest) < min(one, other) / 1000
        through += len(kept)
    assert through >= 1


def test_a_document_tells_depths_only_if_asked(stretch):
    path, _ = stretch
    plain = path.to_document()
    document = with_depths(plain, trees_along(plain))
    assert document.keys() == plain.keys()
    for branch, bare in zip(document["branches"], plain["branches"], strict=True):
        for sample, old in zip(branch["samples"], bare["samples"], strict=True):
            assert {k: v for k, v in sample.items() if k not in KEYS} == old
            assert sample["basin"] is (sample["depth"] != "0")
            if sample["depth"]:
                difference = fraction(sample["barrier"]) - fraction(sample["loss"])
                assert abs(difference - fraction(sample["depth"])) < fraction("1e-28")


def test_where_there_is_no_tree_nothing_is_said(stretch):
    path, _ = stretch
    document = with_depths(path.to_document(), [])
    samples = [sample for branch in document["branches"] for sample in branch["samples"]]
    assert all(UNKNOWN.items() <= sample.items() for sample in samples)


def test_the_command_adds_depths(tmp_path, capsys):
    data, output = tmp_path / "data.csv", tmp_path / "path.json"
    data.write_text("x,y\n-1,2\n0,0\n1,1\n")
    given = ["path", str(data), "--width", "1", "--ridge", "1/10:1/5", "--points", "2"]
    assert main([*given, "--basins", "--output", str(output)]) == 0
    samples = [s for branch in read_json(output)["branches"] for s in branch["samples"]]
    assert {s["ridge"]: s["depth"] for s in samples if s["depth"] is None} == {
        "1/10": None,
        "1/5": None,
    }
    assert main([*given, "--output", str(output)]) == 0
    assert not set(KEYS) & read_json(output)["branches"][0]["samples"][0].keys()
    assert capsys.readouterr().err == ""


def test_without_an_answer_the_path_and_its_page_are_written_without_basins(
    tmp_path, monkeypatch, capsys
):
    def unanswered(*_):
        raise BackendError("msolve", "no answer")

    monkeypatch.setattr("reluenum.basins.vertices.Vertices.loss", unanswered)
    data, output, page = (tmp_path / name for name in ("data.csv", "path.json", "page.html"))
    data.write_text("x,y\n-1,2\n0,0\n1,1\n")
    given = ["path", str(data), "--width", "1", "--ridge", "1/10:1/5", "--points", "2"]
    assert main([*given, "--basins", "--output", str(output)]) == 3
    assert "no answer; the path is written without basins" in capsys.readouterr().err
    assert not any("depth" in s for b in read_json(output)["branches"] for s in b["samples"])
    assert main(["explore", str(output), "--basins", "--output", str(page)]) == 3
    assert "no answer; the page is written without basins" in capsys.readouterr().err
    assert page.read_text().startswith("<!DOCTYPE html>")
