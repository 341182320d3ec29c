"""Boxes that the checker does not follow are searched again, and nothing else changes."""

import json
from zlib import crc32

import numpy as np
import pytest

from reluenum import Problem
from reluenum.documents.minima import minima_document
from reluenum.engines import checked
from reluenum.engines.branch import growth as arcs
from reluenum.engines.checked import CheckedSearch, refusal
from reluenum.engines.choice import engine_for
from reluenum.engines.cones import growth as cones
from reluenum.engines.cones.route import DirectionEngine
from reluenum.engines.trees.engine import Doubted
from reluenum.engines.trees.growth import reopened_tree
from reluenum.engines.trees.shards import Shard
from reluenum.engines.trees.tree import EXCLUDE, OPEN
from reluenum.experiments.checks import follow_part, proved, settle_draft
from reluenum.experiments.layers import cover, draft, search_shard
from reluenum.groebner.backends import DEFAULT_SETTINGS, Settings
from reluenum.verify import CertificateError, RefusedBoxesError, reals
from reluenum.verify.boxes import cover as line_cover
from reluenum.verify.boxes import tree as line_tree
from reluenum.verify.boxes.tree import parts_of
from reluenum.verify.cones import cover as cone_cover
from reluenum.verify.cones import tree as cone_tree
from reluenum.verify.cones.cover import text
from reluenum.verify.cones.tree import Pile, box_at
from reluenum.verify.trees.batches import Sizes
from tests.support.oracles import random_problem

POINT = Problem.from_text([["0"], ["1"]], ["3", "1"], 1, "1")

CORNERS = Problem.from_text(
    [["0", "1", "0"], ["0", "1", "1"], ["1", "0", "0"], ["1", "1", "0"]],
    ["1", "-1", "2", "-1"],
    3,
    "1/100",
    output_bias="ridge",
)
"""Of a box of these corners of a cube the checker does not see that it holds no minimum."""

LINE = random_problem(1, 12, 1, 2, "1/10")
PLANE = random_problem(3, 5, 2, 2, "1/10")
BOTH = pytest.mark.parametrize("problem", [LINE, PLANE], ids=["line", "plane"])


def text_of(batch, n):
    """What is said of a box of a batch."""
    if isinstance(batch, Pile):
        return text(box_at(batch, n))
    return f"{parts_of(batch[0][n])} {parts_of(batch[1][n])}"


class Distrust:
    """A checker that does not see some boxes to be empty, whoever asks; what it looks at.

    Where they are searched again, nothing is excluded by its bounds.
    """

    def __init__(self, monkeypatch, problem):
        room = line_cover if problem is LINE else cone_cover
        self.look, self.boxes = room.looked_at, []
        monkeypatch.setattr(room, "looked_at", self)
        for module in (arcs, cones):
            monkeypatch.setattr(module, "WARIER", 2.0**80)
        for module in (line_tree, cone_tree):
            monkeypatch.setattr(module, "SIZES", Sizes(32, 16, 16))

    def __call__(self, table, batch):
        places = batch.places[: batch.count[0]] if isinstance(batch, Pile) else batch[2]
        texts = [text_of(batch, n) for n in range(len(places))]
        self.boxes += texts
        further, refused = self.look(table, batch)
        named = zip(texts, places.tolist(), strict=True)
        return further, refused + [("doubt", k) for t, k in named if crc32(t.encode()) % 400 == 4]


@BOTH
def test_only_what_was_searched_again_is_looked_at_again(problem, monkeypatch):
    expected = CheckedSearch(DirectionEngine()).landscape(problem)
    with monkeypatch.context() as patched:
        checker = Distrust(patched, problem)
        found = CheckedSearch(DirectionEngine()).landscape(problem)
    assert found.is_complete
    assert found.certificate["boxes"] > expected.certificate["boxes"]
    assert found.written["components"] == expected.written["components"]
    assert refusal(found.written) == ""
    twice = len(checker.boxes) - len(set(checker.boxes))
    assert 0 < twice < len(set(checker.boxes)) / 2


def test_shards_and_threads_search_again_like_one_job(tmp_path, monkeypatch):
    with monkeypatch.context() as patched:
        Distrust(patched, LINE)
        whole = []
        for jobs in (1, 2, 3):
            cover(LINE, "branch", Settings(jobs=jobs), False, tmp_path / f"{jobs}.json")
            whole.append((tmp_path / f"{jobs}.json").read_bytes())
        shards, trees, parts = [Shard(k, 2) for k in range(2)], [], []
        for shard in shards:
            trees.append(tmp_path / f"{shard.number}.tree")
            search_shard(LINE, shard, DEFAULT_SETTINGS, False, trees[-1])
        draft(LINE, trees, DEFAULT_SETTINGS, tmp_path / "draft.json")
        for shard in shards:
            parts.append(tmp_path / f"part-{shard.number}.json")
            follow_part(tmp_path / "draft.json", shard, 1, parts[-1])
        given = LINE, tmp_path / "draft.json", parts, trees, DEFAULT_SETTINGS
        assert settle_draft(*given, tmp_path / "minima.json") == ""
        whole.append((tmp_path / "minima.json").read_bytes())
    assert len(set(whole)) == 1
    assert any(json.loads(part.read_text()).get("boxes") for part in parts)
    assert proved(tmp_path / "minima.json", "minima", parts=parts).startswith("proved: ")


@pytest.mark.slow
def test_what_the_checker_did_not_follow_is_proved_in_the_end():
    alone = DirectionEngine().landscape(CORNERS)
    assert "not seen that it holds no minimum" in refusal(alone.written)
    found = CheckedSearch(DirectionEngine()).landscape(CORNERS)
    assert found.is_complete
    assert refusal(found.written) == ""
    assert found.written["components"] == alone.written["components"]


@BOTH
def test_whichever_boxes_are_searched_again_the_list_is_the_same_and_proved(problem):
    engine, draw = DirectionEngine().of(problem), np.random.default_rng(0)
    first = engine.whole(problem)
    listed = engine.listed(problem, first).written["components"]
    if problem is LINE:  # any byte is in some node
        chosen = draw.choice(len(first.content), 30, replace=False)
    else:
        chosen = [len(first.content) - 1]
    for times in (1, 3):
        tree = engine.again(problem, first, Doubted(chosen, times), DEFAULT_SETTINGS)
        found = engine.listed(problem, tree)
        assert found.written["components"] == listed
        assert refusal(found.written) == ""
    assert len(tree.leaves) > len(first.leaves) or problem is PLANE


def test_boxes_that_are_opened_lose_what_is_below_them():
    engine = DirectionEngine().of(LINE)
    search, content = engine.search(LINE), engine.whole(LINE).content
    assert reopened_tree(search, search.roots(), content, []) == content
    roots = search.roots()
    assert reopened_tree(search, roots, content, range(len(content))) == bytes([OPEN]) * len(roots)


def test_in_a_plane_an_excluded_box_becomes_an_open_one():
    engine = DirectionEngine().of(PLANE)
    search, content = engine.search(PLANE), engine.whole(PLANE).content
    assert content[-1] == EXCLUDE
    opened = reopened_tree(search, search.roots(), content, [len(content) - 1])
    assert opened == content[:-1] + bytes([OPEN])


@pytest.mark.parametrize(
    ("refused", "times"), [(RefusedBoxesError("a box", [0]), 2), (CertificateError("a node"), 1)]
)
def test_a_tree_that_is_never_followed_ends_as_a_list_that_is_not_complete(
    refused, times, monkeypatch
):
    asked = []

    def refuses(*_, **__):
        asked.append(1)
        raise refused

    monkeypatch.setattr(checked, "verify_boxes", refuses)
    monkeypatch.setattr(checked, "verify", refuses)
    found = CheckedSearch(DirectionEngine()).landscape(POINT)
    assert not found.is_complete
    assert len(asked) == times + 1
    assert minima_document(found)["undecided"][0]["reason"].endswith(f"the list: {refused}")


def test_of_too_many_refused_boxes_no_places_are_told(monkeypatch):
    monkeypatch.setattr(reals, "MOST_REFUSED", 2)
    doubt = reals.Refused()
    doubt.add("a box", 7)
    with pytest.raises(RefusedBoxesError, match="a box") as one:
        doubt.complain()
    assert one.value.places == (7,)
    with pytest.raises(CertificateError, match="a box, and so it is with many others") as many:
        doubt.add("another one", 9)
    assert type(many.value) is CertificateError


def test_the_engine_that_is_named_searches_again():
    assert isinstance(engine_for(LINE, "branch"), CheckedSearch)
