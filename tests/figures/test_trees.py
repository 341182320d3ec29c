"""Trees and profiles show what documents of basins say: every branch, every pass, every wall."""

import copy
import json
import random
import re
from fractions import Fraction
from itertools import combinations
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest

from reluenum import figures
from reluenum.api import enumerate_minima
from reluenum.cli import main
from reluenum.errors import InputError
from reluenum.figures.basins import MOST_FITS
from reluenum.figures.branches import MOST_NUMBERS, Branches
from reluenum.figures.way import Corner, Course, way
from reluenum.problem import Problem
from reluenum.views.sweep_tables import BASINS, COMPONENTS, INSTANCES, frame, with_basins
from tests.support.drawings import artists, shown, texts

pytestmark = pytest.mark.seconds(15)

IMAGES = Path(__file__).parents[2] / "docs/images"

REFERENCE = (
    [["-17/100"], ["44/100"], ["-1"], ["-40/100"], ["-71/100"]],
    ["5/100", "102/100", "61/100", "-36/100", "-132/100"],
)

FOUR = ([["-1"], ["0"], ["2"], ["3"]], ["1", "-1", "1/2", "-2"])

PLANE = ([["0", "0"], ["1", "0"], ["0", "1"], ["1", "1"]], ["1", "-1", "0", "2"])

PROBLEMS = {
    "reference": Problem.from_text(*REFERENCE, 2, "1/100"),
    "mean, free": Problem.from_text(*FOUR, 2, "1/40", loss="mean", output_bias="free"),
    "ridge": Problem.from_text(*FOUR, 2, "1/10", output_bias="ridge"),
    "plane": Problem.from_text(*PLANE, 1, "1/20"),
    "large ridge": Problem.from_text(*FOUR, 2, "100"),
}


@pytest.fixture(scope="module")
def trees():
    found = {
        name: enumerate_minima(problem, engine="certified").basins().document
        for name, problem in PROBLEMS.items()
    }
    labelled = enumerate_minima(PROBLEMS["reference"], engine="certified").basins(labelled=True)
    return found | {"labelled": labelled.document}


@pytest.fixture
def reference(trees):
    return copy.deepcopy(trees["reference"])


def random_tree(leaves, seed=0):
    """Return a tree whose branches join in some order, and no pretence to be a true one."""
    chance = random.Random(seed)
    losses = sorted(chance.sample(range(1000), leaves))
    roots = [({"leaf": k}, k) for k in range(leaves)]
    merges, last = [], [None] * leaves
    while len(roots) > 1:
        chosen = sorted(
            chance.sample(roots, min(chance.choice((2, 2, 3)), len(roots))), key=lambda r: -r[1]
        )
        for _, lowest in chosen[:-1]:
            last[lowest] = str(1000 + len(merges))
        passes = [{"event": chance.choice(("death", "kink"))}]
        children = [child for child, _ in chosen]
        merges.append({"loss": str(1000 + len(merges)), "children": children, "passes": passes})
        roots = [r for r in roots if r not in chosen] + [
            ({"merge": len(merges) - 1}, chosen[-1][1])
        ]
    components = [
        {"index": k, "loss": str(losses[k]), "basin": True, "barrier": last[k], "leads_to": []}
        | {"depth": last[k] and str(int(last[k]) - losses[k])}
        for k in range(leaves)
    ]
    return {
        "labelled": False,
        "components": components,
        "leaves": [{"component": k} for k in range(leaves)],
        "merges": merges,
        "minima": {"enumeration": {"undecided": 0}},
    }


# ----------------------------------------------------------------------------------- trees


@pytest.mark.parametrize("name", ["reference", "mean, free", "ridge", "plane", "labelled"])
def test_a_branch_is_as_long_as_its_basin_is_deep(trees, name):
    tree = trees[name]
    drawn = artists(figures.plot_tree(tree), r"branch-\d+")
    assert len(drawn) == len(tree["leaves"])
    for leaf, record in enumerate(tree["leaves"], start=1):
        found = tree["components"][record["component"]]
        left, right = shown(drawn[f"branch-{leaf}"])[0]
        low, high = shown(drawn[f"branch-{leaf}"])[1]
        assert left == right
        assert low == float(found["loss"])
        if found["depth"] is not None:
            assert high - low == pytest.approx(float(found["depth"]))


def test_the_reference_has_three_branches_two_deaths_and_three_sets_without_barrier(trees):
    figure = figures.plot_tree(trees["reference"])
    assert len(artists(figure, r"leaf-\d+")) == 3
    crosses = artists(figure, r"death-.*")
    assert sorted(shown(cross)[1, 0].round(6) for cross in crosses.values()) == [2.276053, 2.964706]
    assert len(artists(figure, r"no-basin-\d+")) == 3
    assert not artists(figure, r"kink-.*")
    assert "1\n0.7079\n\N{INFINITY}" in texts(figure)
    assert "2\n1.325\n1.64" in texts(figure)


def test_a_component_without_barrier_is_marked_on_the_branch_that_it_leads_to(trees):
    figure = figures.plot_tree(trees["reference"])
    ((place, loss),) = shown(artists(figure, "no-basin-6")["no-basin-6"]).T
    branch = shown(artists(figure, "branch-1")["branch-1"])
    assert place == branch[0, 0]
    assert branch[1, 0] < loss < branch[1, 1]
    (death,) = artists(figure, "death-1-.*").values()
    (arc,) = artists(figure, "no-basin-4").values()
    assert shown(death).tolist() == shown(arc).tolist()


@pytest.mark.parametrize("leaves", [1, 2, 5, MOST_FITS + 1, MOST_NUMBERS + 30])
@pytest.mark.parametrize("seed", range(4))
def test_no_branch_crosses_where_others_join(leaves, seed):
    figure = figures.plot_tree(random_tree(leaves, seed)) if leaves > MOST_FITS else None
    branches = Branches.of(random_tree(leaves, seed))
    assert sorted(branches.order) == list(range(leaves))
    if figure is None:
        return
    joints = [shown(line) for line in artists(figure, r"merge-\d+").values()]
    lines = [shown(line) for line in artists(figure, r"branch-\d+").values()]
    for (left, right), (level, _) in joints:
        for (place, _), (low, high) in lines:
            assert not (left < place < right and low < level < high)


@pytest.mark.parametrize("name", ["reference", "labelled", "plane"])
def test_numbers_below_branches_do_not_overlap(trees, name):
    figure = figures.plot_tree(trees[name])
    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in figure.axes[0].get_xticklabels()]
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))


def test_a_tree_without_merges_and_one_of_every_width_are_drawn(trees):
    figure = figures.plot_tree(trees["large ridge"])
    assert len(artists(figure, r"branch-\d+")) == 1
    every = {
        "widths": [
            {"width": 1, "basins": 3, "isolated": 3},
            {"width": 2, "basins": 1, "isolated": 0},
        ],
        "connected_from": {"up_to_permutation": 2},
    }
    minima = {"enumeration": {"undecided": 0}}
    figure = figures.plot_tree({"every_width": every, "minima": minima})
    heights = [bar.get_height() for bar in figure.axes[0].patches]
    assert heights == [0, 1, 3, 0]


def test_two_trees_and_two_profiles_are_equal_byte_by_byte(reference, tmp_path):
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
        figures.save_figure(figures.plot_tree(reference), tmp_path / folder / "tree")
        figures.save_figure(
            figures.plot_profile(reference, 2, 1), tmp_path / folder / "way", ["svg"]
        )
    for name in ("tree.svg", "tree.png", "way.svg"):
        first = (tmp_path / "first" / name).read_bytes()
        assert first == (tmp_path / "second" / name).read_bytes()
    for name in ("tree.svg", "way.svg"):
        ids = re.findall(r' id="([^"]+)"', (tmp_path / "first" / name).read_text())
        assert len(ids) == len(set(ids))


def test_the_pictures_of_the_page_are_those_of_the_reference(trees, tmp_path):
    figures.save_figure(figures.plot_tree(trees["reference"]), tmp_path / "tree", ["svg"])
    figures.save_figure(
        figures.plot_profile(trees["reference"], 2, 1), tmp_path / "profile", ["svg"]
    )
    for name in ("tree", "profile"):
        picture = (tmp_path / f"{name}.svg").read_bytes()
        assert picture == (IMAGES / f"basins_{name}.svg").read_bytes(), "`make basins` draws it"


def test_losses_beyond_drawing_leave_a_message(reference):
    reference["components"][1]["loss"] = "1" + "0" * 400
    assert "the numbers are too large to be drawn" in texts(figures.plot_tree(reference))


# -------------------------------------------------------------------------------- profiles


@pytest.mark.parametrize("name", ["reference", "mean, free", "ridge", "plane", "labelled"])
def test_the_loss_along_a_way_is_that_of_its_corners_and_never_above_the_highest_pass(trees, name):
    tree = trees[name]
    basins = [record["index"] for record in tree["components"] if record["basin"]]
    assert len(basins) > 1
    for start, stop in combinations(basins, 2):
        course = Course(tree["minima"], way(tree, start, stop))
        ends = [course.corners[k].record["loss"] for k in (0, -1)]
        assert ends == [tree["components"][index]["loss"] for index in (start, stop)]
        _, losses, _ = course.samples
        for corner in course.corners:
            loss = course.loss(corner.signs, corner.states)
            assert loss == pytest.approx(float(corner.record["loss"]), rel=1e-5)
        highest = max(float(corner.record["loss"]) for corner in course.corners)
        assert losses.max() <= highest * (1 + 1e-5)


def test_a_way_is_not_above_the_merge_where_its_basins_first_meet(trees):
    tree = trees["reference"]
    highest = {
        pair: max(float(corner.record["loss"]) for corner in way(tree, *pair))
        for pair in [(0, 1), (0, 2), (1, 2), (2, 1)]
    }
    assert [round(highest[pair], 6) for pair in highest] == [2.964706, 2.276053, 2.964706, 2.964706]


def test_a_way_passes_no_point_twice(trees):
    for name in ("reference", "labelled", "ridge"):
        corners = way(trees[name], 2, 1)
        signed = [corner.signs[:, None] * corner.states for corner in corners]
        assert all(np.abs(a - b).max() > 1e-6 for a, b in combinations(signed, 2))


def test_on_the_reference_one_unit_dies_and_then_the_other(trees):
    course = Course(trees["reference"]["minima"], way(trees["reference"], 2, 1))
    losses = [float(course.corners[k].record["loss"]) for k, _ in course.deaths]
    assert np.round(losses, 6).tolist() == [2.276053, 2.964706]
    assert len({unit for _, unit in course.deaths}) == 2


def test_a_wall_is_crossed_where_the_sides_of_a_data_point_change_while_the_unit_lives():
    document = {"problem": {"x": [["0"], ["1"]], "y": ["0", "0"], "loss": "sum"}}

    def corner(sign, *unit):
        z = [str(entry) for entry in unit]
        record = {"units": [{"sign": sign, "z": z}], "loss": "1", "support": []}
        return Corner.of(record, np.array([[Fraction(0), Fraction(1)]]))

    through = [corner(1, 1, 1), corner(1, 1, 0), corner(1, 2, 0), corner(1, 2, Fraction(-1, 3))]
    assert Course(document, through).crossings == [(2, 0, (1,))]
    assert Course(document, through[:3]).crossings == []
    reborn = [corner(1, 1, 1), corner(0, 0, 0), corner(1, -1, -1)]
    assert Course(document, reborn).crossings == []
    assert Course(document, reborn).deaths == [(1, 0)]


def test_every_death_and_every_crossing_is_a_mark_at_its_unit(trees):
    tree = trees["mean, free"]
    basins = [record["index"] for record in tree["components"] if record["basin"]]
    course = Course(tree["minima"], way(tree, basins[-1], basins[0]))
    figure = figures.plot_profile(tree, basins[-1], basins[0])
    assert len(artists(figure, r"zero-\d+-\d+")) == len(course.deaths)
    assert len(artists(figure, r"crossing-\d+-\d+")) == len(course.crossings)
    assert len(artists(figure, r"unit-\d+")) == 2
    assert course.deaths or course.crossings


@pytest.mark.parametrize(("start", "stop"), [(0, 0), (0, 3), (0, 99)])
def test_a_profile_needs_two_basins(trees, start, stop):
    with pytest.raises(InputError, match=r"two of the basins, of loss 0\.707920, 1\.32532, 1"):
        figures.plot_profile(trees["reference"], start, stop)


def test_a_list_for_every_width_has_no_profile():
    with pytest.raises(InputError, match="a list for one width"):
        figures.plot_profile({"every_width": {}, "minima": {}}, 0, 1)


# ----------------------------------------------------------------------------------- sweeps


def sweep_of(*traps):
    """Return tables of an instance for each list of (width, depth, event), all of gap 2."""
    shared = {"n": 3, "d": 1, "data": "random", "engine": "certified", "loss": "sum", "gap": "2"}
    shared |= {"output_bias": "none", "ridge": "1/10", "ridge_decimal": 0.1, "complete": True}
    instances, components, basins = [], [], []
    for k, (width, found) in enumerate(traps):
        instances.append(dict.fromkeys(INSTANCES) | shared | {"instance": f"i{k}", "width": width})
        for index, (depth, event) in enumerate([(None, None), *found], start=1):
            row = {"instance": f"i{k}", "index": index}
            components.append(dict.fromkeys(COMPONENTS) | row)
            basins.append(row | {"basin": True, "depth": depth, "event": event})
    tables = frame(instances, INSTANCES), frame(components, COMPONENTS), frame(basins, BASINS)
    return dict(zip(("instances", "components"), with_basins(*tables), strict=True))


TRAPS = sweep_of(
    (1, [("1", "death"), ("0.02", "kink"), ("2", "death")]), (1, [("0.2", "death")]), (2, [])
)


def test_depths_are_shares_of_the_gap_in_steps_up_to_all():
    figure = figures.plot_depths(TRAPS)
    shares, up_to = shown(artists(figure, "panel-1-L1")["panel-1-L1"])
    assert shares.tolist() == [0.01, 0.1, 0.5, 1.0]
    assert up_to.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert shown(artists(figure, "panel-1-median-L1")["panel-1-median-L1"]).tolist() == [
        [0.3],
        [0.5],
    ]
    assert "L = 1: median 30.0 % of 4" in [text.get_text() for text in figure.legends[0].texts]


def test_ways_out_are_counted_over_all_basins_and_depths_over_instances():
    figure = figures.plot_ways_out(TRAPS)
    ((_, deaths),) = artists(figure, "panel-1-deaths-ridge-L1").items()
    assert shown(deaths)[1].tolist() == [3 / 4]
    ((_, depth),) = artists(figure, "panel-1-depth-ridge-L1").items()
    assert shown(depth)[1].tolist() == [pytest.approx((0.5 + 0.1) / 2)]
    assert not artists(figure, ".*-L2")
    assert "L = 1: 75.0 % of 4" in [text.get_text() for text in figure.legends[0].texts]


@pytest.mark.parametrize("draw", figures.DEPTH_FIGURES.values(), ids=figures.DEPTH_FIGURES)
def test_a_sweep_without_traps_says_so_and_one_with_open_instances_warns(draw):
    assert "no basin but those of least loss" in texts(draw(sweep_of((1, []), (2, []))))
    tables = dict(TRAPS)
    tables["instances"] = TRAPS["instances"].assign(complete=[True, True, False])
    assert "1 of 3 instances undecided" in draw(tables)._suptitle.get_text()


# ----------------------------------------------------------------------------- the command


def test_the_command_draws_tree_and_profile_and_writes_the_table(trees, tmp_path, capsys):
    source, output = tmp_path / "minima.json", tmp_path / "basins.json"
    source.write_text(json.dumps(trees["plane"]["minima"]))
    first, second = [r["index"] + 1 for r in trees["plane"]["components"] if r["basin"]][:2]
    profile = ["--profile", str(first), str(second), str(tmp_path / "profile.svg")]
    files = ["--figure", str(tmp_path / "tree.svg"), "--table", str(tmp_path / "table.csv")]
    assert main(["basins", str(source), "--output", str(output), *files, *profile]) == 0
    assert (tmp_path / "tree.svg").read_text().count("<svg") == 1
    assert (tmp_path / "profile.svg").read_text().count("<svg") == 1
    assert (tmp_path / "table.csv").read_text().startswith("index,loss,basin,barrier,depth,joins,")
    before = sorted(tmp_path.iterdir())
    for wrong in (["1", "99", "p.svg"], ["1", "x", "p.svg"], ["1", "2", "p.txt"]):
        wrong[2] = str(tmp_path / wrong[2])
        again = str(tmp_path / "again.json")
        assert main(["basins", str(source), "--output", again, "--profile", *wrong]) == 2
        assert capsys.readouterr().err.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before


def test_labels_of_a_profile_do_not_overlap(trees):
    figure = figures.plot_profile(trees["reference"], 2, 1)
    figure.draw_without_rendering()
    above, below = figure.axes[:2]
    for axes in (above, below):
        boxes = [mpl.text.Text.get_window_extent(text) for text in axes.texts if text.get_text()]
        assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))
