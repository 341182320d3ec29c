"""Traps along the ridge: followed over events, each ends where its depth is 0 (Lemma 41)."""

import copy

import pytest
from flint import fmpq

from reluenum import Problem, figures
from reluenum.cli import main
from reluenum.figures.traps import followed_traps
from reluenum.paths.path import ridge_path
from reluenum.paths.trees import trees_along
from tests.support.drawings import artists, shown, texts

pytestmark = pytest.mark.seconds(5)


def followed(inputs, targets, low, high):
    """Return a path of one unit with the tree at each of its ridges."""
    problem = Problem.from_text([[x] for x in inputs], targets, 1, low)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("reluenum.paths.path.SHARPNESS", fmpq(1, 10**4))
        path = ridge_path(problem, high, points=4).to_document()
    return path, trees_along(path)


@pytest.fixture(scope="module")
def found():
    """A path on which both traps vanish, one of them after a unit has left a boundary."""
    return followed(["-1", "0", "2", "3"], ["1", "-1", "1/2", "-2"], "1/2", fmpq(6))


def test_a_trap_that_vanishes_has_lost_all_of_its_depth_there(found):
    traps = followed_traps(*found)
    assert len(traps) == 2
    for trap in traps:
        assert (trap.appears, trap.vanishes) == (False, True)
        assert trap.ridges[-1] < 6
        assert trap.depths[-1] < 1e-6 < 1e-2 < trap.depths[0]
        assert list(trap.ridges) == sorted(trap.ridges)
        rows = zip(trap.losses, trap.barriers, trap.depths, strict=True)
        assert all(barrier - loss == pytest.approx(depth) for loss, barrier, depth in rows)


def test_traps_are_followed_over_changes_of_their_support(found):
    path, trees = found
    moved = [
        c for e in path["events"] for c in e["changes"] if None not in (c["before"], c["after"])
    ]
    assert moved
    at_first = sum(r["basin"] and r["depth"] is not None for r in trees[0]["components"])
    assert len(followed_traps(path, trees)) == at_first


def test_a_trap_that_becomes_the_best_basin_does_not_vanish():
    path, trees = followed(["-1", "0", "1"], ["2", "0", "1"], "1/10", fmpq(2))
    traps = sorted(followed_traps(path, trees), key=lambda trap: trap.depths[-1])
    best = traps[-1]
    assert best.depths[-1] > 0.1
    assert (best.appears, best.vanishes) == (False, False)
    assert best.ridges[-1] < traps[0].ridges[-1]
    figure = figures.plot_traps(path, trees)
    ends = sum(trap.appears + trap.vanishes for trap in traps)
    assert len([a for a in figure.findobj() if "trap-end" in (a.get_gid() or "")]) == ends


def test_every_trap_is_a_line_above_and_below(found):
    figure = figures.plot_traps(*found)
    traps = followed_traps(*found)
    assert len(artists(figure, r"trap-\d+")) == len(traps)
    for place, trap in enumerate(traps, start=1):
        for name, values in (("trap", trap.losses), ("depth", trap.depths)):
            line = artists(figure, f"{name}-{place}")[f"{name}-{place}"]
            assert shown(line).tolist() == [list(trap.ridges), list(values)]


def test_without_traps_the_figure_says_so_and_undecided_ridges_are_told(found):
    path, trees = copy.deepcopy(found)
    path["undecided"] = {path["ridges"][0]: 1}
    figure = figures.plot_traps(path, trees[-1:])
    assert "at no ridge is there a basin but those of least loss" in texts(figure)
    assert "undecided supports at some ridges" in texts(figure)


def test_the_command_draws_the_traps(tmp_path):
    data, figure = tmp_path / "data.csv", tmp_path / "traps.svg"
    data.write_text("x,y\n-1,2\n0,0\n1,1\n")
    options = ["--width", "1", "--ridge", "1/10:1/5", "--points", "2", "--quiet"]
    files = ["--traps", str(figure), "--output", str(tmp_path / "path.json")]
    assert main(["path", str(data), *options, *files]) == 0
    assert figure.read_text().count("<svg") == 1
