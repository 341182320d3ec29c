"""Searches of boxes that are shared, stopped and put together: the tree is always the same."""

import json
from itertools import count
from math import inf

import pytest

from reluenum.documents.minima import minima_document
from reluenum.engines.branch.route import BranchEngine
from reluenum.engines.cones.route import ConeEngine
from reluenum.engines.trees import decisions, engine, growth, shards
from reluenum.engines.trees.certificate import has_open, kept_tree
from reluenum.engines.trees.growth import Piece, grown_piece, grown_tree, pieces
from reluenum.engines.trees.shards import Shard, open_boxes, outline_of
from reluenum.engines.trees.tree import OPEN
from reluenum.errors import IncompleteRunError
from reluenum.groebner.backends import Settings
from reluenum.problem import Problem
from tests.support.late import Late
from tests.support.searches import whole_search

pytestmark = pytest.mark.seconds(250)  # most of them once, to compile the searches

LINE = Problem.from_text(
    [["-0.9"], ["-0.4"], ["-0.4"], ["0.1"], ["0.3"], ["0.8"], ["0.95"]],
    ["0.3", "-1.2", "0.5", "1.1", "-0.7", "1.4", "0.2"],
    3,
    "1/100",
)
PLANE = Problem.from_text(
    [["0.3", "-0.7"], ["-0.9", "0.2"], ["0.5", "0.6"], ["-0.1", "-0.4"], ["0.8", "-0.2"]],
    ["1.2", "-0.6", "0.4", "-1.1", "0.9"],
    2,
    "1/10",
)
WAYS = [(BranchEngine, LINE, 30), (ConeEngine, PLANE, 300)]


def told(tree):
    return tree.content, tree.leaves, tree.boxes


@pytest.mark.parametrize(("way", "problem", "most"), [*WAYS, (BranchEngine, LINE, 1)])
def test_a_tree_does_not_depend_on_its_pieces_nor_on_who_searches_them(
    way, problem, most, monkeypatch
):
    expected = whole_search(way(), problem)
    assert expected.boxes > 2 * most
    monkeypatch.setattr(growth, "MOST_BOXES", most)
    for jobs in (1, 2, 3):
        assert told(whole_search(way(), problem, jobs)) == told(expected)


@pytest.mark.parametrize(("way", "problem", "most"), WAYS)
def test_a_bar_ends_with_all_supports(way, problem, most, monkeypatch, capsys):
    monkeypatch.setattr(growth, "MOST_BOXES", most)
    search = way().search(problem)
    roots = search.roots()
    found = pieces(lambda stack: grown_piece(search, stack), [Piece(b"", [], 0, roots, 0)], 2)
    done = sum(piece.done for piece in found)
    assert done == pytest.approx(sum(map(search.weight, roots)))
    way().landscape(problem, Settings(progress=True))
    assert "100%" in capsys.readouterr().err


@pytest.mark.parametrize(("way", "problem", "most"), [*WAYS, (BranchEngine, LINE, 1)])
def test_a_search_that_is_stopped_goes_on(way, problem, most, monkeypatch):
    search, expected = way().search(problem), whole_search(way(), problem)
    monkeypatch.setattr(growth, "ThreadPoolExecutor", Late)
    monkeypatch.setattr(growth, "MOST_BOXES", most)
    roots = search.roots()
    found, left, stops = grown_tree(search, roots, seconds=-inf), set(), 0
    assert set(found.content) == {OPEN}
    assert found.open == len(found.content) == len(roots)
    assert found.share == pytest.approx(1)
    while found.open:
        left.add((found.open, found.share))
        clock = count()
        monkeypatch.setattr(growth, "monotonic", lambda clock=clock: next(clock))
        found, stops = grown_tree(search, roots, 1, 40 // most + 5, found.content), stops + 1
    assert stops == len(left) > 2
    assert told(found) == told(expected)


@pytest.mark.parametrize(("way", "problem", "most"), WAYS)
def test_what_a_stopped_search_has_found_is_listed_and_not_called_complete(
    way, problem, most, tmp_path, monkeypatch
):
    kept, expected = tmp_path / "tree", way().landscape(problem).written
    assert not has_open(kept)
    monkeypatch.setattr(growth, "ThreadPoolExecutor", Late)
    monkeypatch.setattr(growth, "MOST_BOXES", most)
    for module in (growth, engine):
        monkeypatch.setattr(module, "monotonic", count().__next__)
    document = way(12, kept).landscape(problem).written
    assert has_open(kept)
    assert document["complete"] is False
    (left,) = document["undecided"]
    open_ = document["certificate"]["open"]
    assert left["reason"].startswith(f"the time limit left open, of the boxes, {open_}, ")
    losses = {component["loss"] for component in document["components"]}
    assert losses < {component["loss"] for component in expected["components"]}
    assert not any(component["global_at_width"] for component in document["components"])
    monkeypatch.undo()
    begun = len(kept.read_bytes())
    assert kept_tree(kept, "of another problem") == b""
    assert way(inf, kept).landscape(problem).written == expected
    assert begun < len(kept.read_bytes())
    assert not has_open(kept)
    kept.write_bytes(kept.read_bytes()[:-3])
    assert kept_tree(kept, problem.digest) == b""


@pytest.mark.parametrize(("way", "problem", "_"), WAYS)
@pytest.mark.parametrize(("count", "boxes"), [(1, 4), (3, 4), (50, 4), (2, 1 << 20)])
def test_shards_have_the_tree_of_one_search(way, problem, _, count, boxes, tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "OPEN_BOXES", boxes)
    kept = [tmp_path / str(number) for number in range(count)]
    for number, path in enumerate(kept):
        way(kept=path).shard(problem, Shard(number, count))
    assert told(way().joined(problem, kept)) == told(whole_search(way(), problem))
    kept[0].write_bytes(kept[-1].read_bytes() if count > 1 else b"")
    with pytest.raises(IncompleteRunError, match="not a shard of this search"):
        way().joined(problem, kept)


@pytest.mark.parametrize(("way", "problem", "_"), WAYS)
def test_an_outline_leaves_each_shard_as_many_boxes(way, problem, _, monkeypatch):
    monkeypatch.setattr(shards, "OPEN_BOXES", 4)
    search = way().search(problem)
    outline = outline_of(search, 5)
    found = [open_boxes(outline, Shard(number, 5)) for number in range(5)]
    counts = {len(boxes) for boxes in found}
    assert min(counts) >= 4
    assert max(counts) - min(counts) <= 1
    assert all(len(box) == 1 for boxes in found for box in boxes)


def test_a_shard_that_was_stopped_is_not_joined(tmp_path, monkeypatch):
    monkeypatch.setattr(growth, "ThreadPoolExecutor", Late)
    BranchEngine(-1, tmp_path / "0").shard(LINE, Shard(0, 1))
    with pytest.raises(IncompleteRunError, match="run to its end"):
        BranchEngine().joined(LINE, [tmp_path / "0"])


@pytest.mark.parametrize(("way", "problem", "_"), WAYS)
def test_leaves_are_decided_alike_by_any_number_of_processes(way, problem, _, monkeypatch):
    monkeypatch.setattr(decisions, "TOGETHER", 3)
    found = [way().landscape(problem, Settings(jobs=jobs)) for jobs in (1, 2)]
    assert len({json.dumps(minima_document(landscape)) for landscape in found}) == 1
