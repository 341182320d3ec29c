"""Boxes of an instance in shards: the document of one job, or one that is not called complete."""

import json

import pytest

from reluenum.engines.trees.shards import Shard
from reluenum.errors import IncompleteRunError
from reluenum.experiments.checks import follow_part, settle_draft
from reluenum.experiments.layers import cover, draft, search_shard
from reluenum.experiments.plans import shard_names, shard_of
from reluenum.groebner.backends import DEFAULT_SETTINGS
from reluenum.problem import Problem

pytestmark = pytest.mark.seconds(40)

PROBLEM = Problem.from_text(
    [["-1"], ["-0.3"], ["0.2"], ["0.2"], ["0.9"]], ["0.4", "-1", "1.2", "0.7", "-0.5"], 2, "1/100"
)


@pytest.fixture(scope="module")
def steps(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shards")
    trees, parts = [], []
    for name in shard_names(2):
        trees.append(folder / f"{name}.tree")
        search_shard(PROBLEM, Shard(*shard_of(name)), DEFAULT_SETTINGS, False, trees[-1])
    assert draft(PROBLEM, trees, DEFAULT_SETTINGS, folder / "draft.json").is_complete
    for name in shard_names(2):
        parts.append(folder / f"{name}.json")
        assert follow_part(folder / "draft.json", Shard(*shard_of(name)), 1, parts[-1]) == ""
    return folder / "draft.json", parts, trees


def settled(steps, folder):
    document, parts, trees = steps
    doubt = settle_draft(PROBLEM, document, parts, trees, DEFAULT_SETTINGS, folder / "minima.json")
    return doubt, (folder / "minima.json").read_bytes()


def test_shards_end_with_the_bytes_of_one_job(steps, tmp_path):
    cover(PROBLEM, "branch", DEFAULT_SETTINGS, False, tmp_path / "whole.json")
    assert settled(steps, tmp_path) == ("", (tmp_path / "whole.json").read_bytes())
    assert sorted(path.suffix for path in steps[0].parent.iterdir()) == [
        *[".json"] * 3,
        *[".tree"] * 2,
    ]


def test_a_list_whose_proof_is_refused_in_part_is_not_called_complete(steps, tmp_path):
    document, parts, trees = steps
    refused = tmp_path / "refused.json"
    refused.write_text(json.dumps({"refused": "box 1: not seen"}))
    doubt, content = settled((document, [parts[0], refused], trees), tmp_path)
    found = json.loads(content)
    assert doubt == "box 1: not seen"
    assert found["complete"] is False
    assert found["undecided"][0]["reason"].endswith("did not prove the list: box 1: not seen")


def test_no_part_of_a_proof_stands_for_another_one(steps, tmp_path):
    document, parts, trees = steps
    doubt, content = settled((document, parts[:1] * 2, trees), tmp_path)
    assert "this part is there twice" in doubt
    assert json.loads(content)["complete"] is False


def test_no_shard_stands_for_another_one(steps, tmp_path):
    trees = steps[2]
    with pytest.raises(IncompleteRunError, match="not a shard of this search"):
        draft(PROBLEM, trees[::-1], DEFAULT_SETTINGS, tmp_path / "draft.json")


def test_a_draft_that_is_not_complete_is_left_as_it_is(steps, tmp_path):
    _, parts, trees = steps
    document = tmp_path / "open.json"
    document.write_text(json.dumps({"complete": False}))
    assert follow_part(document, Shard(0, 2), 1, tmp_path / "part.json") == ""
    assert json.loads((tmp_path / "part.json").read_text()) == {"refused": ""}
    assert (
        settle_draft(PROBLEM, document, parts, trees, DEFAULT_SETTINGS, tmp_path / "minima.json")
        == ""
    )
    assert json.loads((tmp_path / "minima.json").read_text()) == {"complete": False}
