"""Known trees, and what does not change them (Theorem G)."""

import json
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from reluenum import Problem, enumerate_minima, read_basins, read_landscape
from reluenum.algebra.linear import dot
from reluenum.algebra.scalars import parse_rational
from reluenum.basins.disconnectivity import disconnectivity, is_basin
from reluenum.basins.passes import loss_of_states
from reluenum.basins.tree import _most_matched
from reluenum.errors import IncompleteRunError, TooManySupportsError, UndecidedError
from reluenum.geometry.arrangement import sign
from tests.support.oracles import random_problem, reference_problem

pytestmark = pytest.mark.seconds(30)

FLAT = (
    [["-3/4", "100"], ["-3/4", "-100"], ["3/4", "100"], ["3/4", "-100"]],
    ["41/20", "39/20", "-39/20", "-41/20"],
)
"""An instance with two faces whose squares are not unique (Example 3)."""


def joins(basins):
    """The merges: losses to six decimals, what joins, and the event."""
    return [
        (round(float(merge["loss"]), 6), merge["basins"], merge["event"]) for merge in basins.merges
    ]


@pytest.fixture(scope="module", params=["groebner", "certified"])
def reference(request):
    return enumerate_minima(reference_problem(2, "1/100"), engine=request.param)


def test_on_the_reference_two_traps_are_left_through_a_dead_unit(reference):
    """Lemma 39: at (D) a support of L - 1 good faces."""
    basins = reference.basins()
    assert joins(basins) == [(2.276053, [2, 0], "death"), (2.964706, [1, 0], "death")]
    losses = [round(float(record["loss"]), 6) for record in basins.components]
    assert losses[:3] == [0.70792, 1.325316, 1.953759]


def test_the_arcs_of_the_reference_are_no_basins_and_lead_to_two_or_one(reference):
    """Lemma 40 and Corollary 40.1(2)."""
    basins = reference.basins()
    arcs = [record for record in basins.components if not record["basin"]]
    assert [record["leads_to"] for record in arcs] == [[0, 2], [0, 1], [0]]
    assert all(r["depth"] == r["height"] == "0" and r["barrier"] == r["loss"] for r in arcs)
    assert [r["leaves"] for r in basins.components] == [1, 1, 1, 0, 0, 0]


def test_four_labelled_leaves_of_the_reference_meet_at_one_level(reference):
    basins = reference.basins(labelled=True)
    assert joins(basins) == [(2.276053, [2, 2, 0, 0], "death"), (2.964706, [1, 1, 0], "death")]
    faces = {frozenset(leaf["units"]) for leaf in basins.leaves}
    assert len(basins.leaves) == 6
    assert len(faces) == 3


@pytest.mark.parametrize("engine", ["groebner", "certified"])
def test_at_a_larger_ridge_the_reference_has_one_leaf_and_two_labelled_ones(engine):
    landscape = enumerate_minima(reference_problem(2, "3/10"), engine=engine)
    assert (len(landscape.basins().leaves), landscape.basins().merges) == (1, [])
    labelled = landscape.basins(labelled=True)
    assert joins(labelled) == [(2.895131, [0, 0], "death")]
    assert len(labelled.leaves) == 2


@pytest.mark.parametrize("engine", ["groebner", "certified"])
def test_minima_on_as_many_faces_as_units_are_no_basin_if_their_squares_are_not_unique(engine):
    problem = Problem.from_text(*FLAT, 2, "12/5", output_bias="free")
    landscape = enumerate_minima(problem, engine=engine)
    (record,) = (
        basin
        for component, basin in zip(landscape, landscape.basins().components, strict=True)
        if {group.face.signs for group in component.strata[0].groups} == {"++00", "00++"}
    )
    assert (record["basin"], record["depth"], float(record["loss"])) == (False, "0", 12.01)


def tree_of(basins):
    """What a document says but for how its list was found."""
    return {key: value for key, value in basins.document.items() if key != "minima"}


INSTANCES = [
    reference_problem(2, "1/20"),
    random_problem(3, 3, 2, 2, "1/10"),
    random_problem(4, 5, 1, 2, "1/20", loss="mean"),
    random_problem(5, 4, 1, 3, "1/50", special="tie", output_bias="free"),
    random_problem(6, 4, 2, 2, "1/20", special="line", output_bias="ridge"),
    Problem.from_text([["-1"], ["0"], ["1"]], [1, 0, 1], 2, "1/10"),
]


@pytest.mark.parametrize("problem", INSTANCES)
def test_both_engines_give_the_same_tree(problem):
    """Both have all vertex supports (Lemma 37)."""
    algebra, certified = (enumerate_minima(problem, engine=e) for e in ("groebner", "certified"))
    for labelled in (False, True):
        assert tree_of(algebra.basins(labelled)) == tree_of(certified.basins(labelled))


def test_two_units_change_places_around_a_centre_without_dying():
    """Example 4: up to permutation and labelled, components are counted apart (Lemma 42)."""
    inputs = [[1, 0], [0, 1], [-1, 0], [0, -1], [0, 0]]
    problem = Problem.from_text(inputs, [1, 1, 1, 1, 0], 2, "1/10", output_bias="free")
    landscape = enumerate_minima(problem, engine="certified")
    left = {}
    for labelled in (False, True):
        basins = landscape.basins(labelled)
        (level,) = {m["loss"] for m in basins.merges if m["loss"].startswith("0.692279")}
        below = [m for m in basins.merges if Fraction(m["loss"]) <= Fraction(level)]
        joined = sum(len(merge["children"]) - 1 for merge in below)
        left[labelled] = len(basins.leaves), len(basins.leaves) - joined
        assert {m["event"] for m in below if m["loss"] == level} == {"kink"}
        top = basins.merges[-1]
        assert (top["loss"][:8], top["event"]) == ("0.744280", "death")
    assert left == {False: (10, 5), True: (20, 9)}


def test_the_paper_s_route_gives_the_same_tree(reference):
    route = enumerate_minima(reference_problem(2, "1/100"), formulation="eliminated")
    assert tree_of(route.basins()) == tree_of(reference.basins())


def levels(basins, scale=1):
    """The levels as intervals, and how many of which loss join at each."""
    losses = [Fraction(record["loss"]) for record in basins.components]
    return [
        (Fraction(merge["loss"]) * scale, sorted(losses[i] * scale for i in merge["basins"]))
        for merge in basins.merges
    ]


def assert_alike(found, expected):
    assert len(found) == len(expected) > 0
    for (level, joined), (other, others) in zip(found, expected, strict=True):
        assert abs(level - other) < Fraction(1, 10**25)
        assert len(joined) == len(others)
        assert all(abs(a - b) < Fraction(1, 10**25) for a, b in zip(joined, others, strict=True))


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("change", ["order", "scale", "reflection"])
def test_the_tree_follows_the_data(seed, change):
    """Of reordered data it is the same, of c y at the ridge c Lambda it is c^2 times as high."""
    problem = random_problem(seed, 5, 1, 2, "1/20")
    inputs, targets = problem.inputs, problem.targets
    ridge, scale = problem.ridge, 1
    if change == "order":
        inputs, targets = inputs[::-1], targets[::-1]
    elif change == "scale":
        targets, ridge, scale = [3 * y for y in targets], 3 * ridge, 9
    else:
        inputs = [[-x for x in row] for row in inputs]
    other = Problem.from_text(inputs, targets, 2, ridge)
    first, second = (enumerate_minima(p, engine="certified").basins() for p in (problem, other))
    assert_alike(levels(first, scale), levels(second))
    for left, right in zip(first.merges, second.merges, strict=True):
        assert left["event"] == right["event"]


@pytest.mark.parametrize("problem", INSTANCES)
@pytest.mark.parametrize("labelled", [False, True])
def test_paths_stay_below_their_level_and_each_step_in_closed_cells(problem, labelled):
    """Lemma 43, in the unit states of Lemma 35."""
    basins = enumerate_minima(problem, engine="certified").basins(labelled)
    for merge in basins.merges:
        _, most = map(parse_rational, merge["loss_interval"])
        assert [path["to"] for path in merge["paths"]] == [merge["paths"][0]["to"]] * (
            len(merge["children"]) - 1
        )
        for path in merge["paths"]:
            corners = [
                [(unit["sign"], [parse_rational(e) for e in unit["z"]]) for unit in point["units"]]
                for point in path["points"]
            ]
            for states in corners:
                living = [(s, z) for s, z in states if s]
                signs, vectors = [s for s, _ in living], [z for _, z in living]
                assert loss_of_states(problem, signs, vectors) <= most
            for before, after in pairwise(corners):
                for (s, z), (t, w) in zip(before, after, strict=True):
                    assert s == t or 0 in (s, t)
                    assert all(sign(dot(x, z)) * sign(dot(x, w)) >= 0 for x in problem.rows)


@pytest.mark.parametrize("problem", INSTANCES)
def test_depths_and_barriers_are_those_of_the_merges(problem):
    """Corollary 40.1(1)."""
    basins = enumerate_minima(problem, engine="certified").basins()
    losses = [Fraction(record["loss"]) for record in basins.components]
    assert sum(len(merge["children"]) - 1 for merge in basins.merges) == len(basins.leaves) - 1
    for record in basins.components:
        if record["barrier"] is None:
            assert record["loss"] == basins.components[0]["loss"]
        elif record["basin"]:
            lower = losses[record["joins"]]
            assert lower < losses[record["index"]] < Fraction(record["barrier"])
            difference = Fraction(record["barrier"]) - losses[record["index"]]
            assert abs(difference - Fraction(record["depth"])) < Fraction(1, 10**25)
            assert 0 < Fraction(record["height"]) <= Fraction(record["depth"])


def test_a_list_and_its_tree_come_back_from_files(tmp_path, reference):
    basins = reference.basins()
    basins.save(tmp_path / "basins.json")
    assert read_basins(tmp_path / "basins.json").document == basins.document
    again = read_landscape(tmp_path / "basins.json")
    assert again.document == reference.document
    assert again.basins().document == basins.document
    assert basins.frame()["depth"].isna().tolist() == [True] + [False] * 5


def test_a_list_is_no_tree(tmp_path, reference):
    reference.save(tmp_path / "minima.json")
    with pytest.raises(IncompleteRunError, match="no document of kind reluenum-basins"):
        read_basins(tmp_path / "minima.json")


def test_a_damaged_certificate_is_noticed():
    landscape = enumerate_minima(reference_problem(1, "1/100"), engine="certified")
    document = json.loads(json.dumps(landscape.document))
    document["certificate"]["sha256"] = "0" * 64
    with pytest.raises(IncompleteRunError, match="not the one of the document"):
        disconnectivity(document)


def test_there_is_no_tree_of_a_list_with_gaps(reference):
    document = dict(reference.document)
    document["enumeration"] = document["enumeration"] | {"undecided": 2}
    with pytest.raises(UndecidedError, match="2 supports"):
        disconnectivity(document)


def test_a_graph_that_is_too_large_is_refused(monkeypatch, reference):
    monkeypatch.setattr("reluenum.basins.disconnectivity.MOST_POINTS", 10)
    with pytest.raises(TooManySupportsError, match="points of the graph"):
        reference.basins()
    assert reference.basins(force=True).merges


@pytest.mark.parametrize("problem", [reference_problem(1, "1/100"), INSTANCES[-1].with_width(1)])
@pytest.mark.parametrize("labelled", [False, True])
def test_without_enclosures_exact_comparisons_give_the_same_tree(monkeypatch, problem, labelled):
    """Lemma 45: of enclosures that meet, only the order that matters is asked for."""
    landscape = enumerate_minima(problem, engine="certified")
    expected = landscape.basins(labelled).document
    monkeypatch.setattr("reluenum.basins.vertices._clusters", lambda low, high: 0 * low.astype(int))
    assert landscape.basins(labelled).document == expected


def test_units_are_matched_as_well_as_can_be():
    generator = np.random.default_rng(0)
    for mine, theirs in ((1, 3), (2, 2), (3, 2), (4, 4)):
        fits = generator.random((mine, 30, theirs)) < 0.4
        expected = [
            (maximum_bipartite_matching(csr_array(fits[:, k])) >= 0).sum() for k in range(30)
        ]
        assert _most_matched(list(fits)).tolist() == expected


def test_more_units_than_faces_change_nothing_but_the_number_of_zero_units():
    problem = Problem.from_text([["-1"], ["0"], ["1"]], [2, 0, 1], 8, "1/10")
    basins = enumerate_minima(problem, engine="certified").basins()
    assert (len(basins.leaves), basins.merges) == (1, [])


def test_the_zero_network_alone_is_one_basin():
    landscape = enumerate_minima(reference_problem(2, 100), engine="certified")
    for labelled in (False, True):
        basins = landscape.basins(labelled)
        assert (len(basins.leaves), basins.merges) == (1, [])
        assert [is_basin(record) for record in landscape.document["components"]] == [True]


def test_at_a_kink_one_living_unit_descends_to_both_sides_of_a_data_point():
    """Lemma 38(4): 0 < s mu < s r_i; so the unit is on a face whose only zero is that point."""
    basins = enumerate_minima(reference_problem(3, "1/100"), engine="certified").basins()
    passes = [found for merge in basins.merges for found in merge["passes"]]
    kinks = [found for found in passes if found["event"] == "kink"]
    assert len(kinks) == 3
    for found in kinks:
        face = found["support"][found["unit"]]["face"]
        assert [i + 1 for i, symbol in enumerate(face) if symbol == "0"] == found["points"]
        assert len(found["support"]) == 3
