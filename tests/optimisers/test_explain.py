"""What optimisers find is on the list: every end point is explained, and the evidence holds."""

from collections import Counter
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from flint import arb, fmpq

from reluenum import InputError, Problem, enumerate_minima
from reluenum.geometry.geometry import Geometry
from reluenum.groebner.backends import open_backends
from reluenum.optimisers import Networks, Objective, optimiser
from reluenum.optimisers import explain as descent
from reluenum.optimisers.explain import ARRIVED, EndKind, Explainer, Stall
from reluenum.optimisers.settling import Cells, network_of, settle
from reluenum.optimisers.studies.runs import LOCAL, Descents, descents, missing, unexplained
from tests.support.oracles import random_problem, reference_problem

pytestmark = pytest.mark.seconds(25)


def small_random_problem(seed):
    """A random instance with d <= 2 and L <= 3, of all conventions and ridges."""
    dimension = 1 + seed % 2
    size, width = (4 + seed % 4, 1 + seed % 3) if dimension == 1 else (3 + seed % 3, 1 + seed % 3)
    return random_problem(
        900 + seed,
        size,
        dimension,
        min(width, 2) if size * dimension > 8 else width,
        ("1/100", "1/20", "1/4", "1")[seed % 4],
        ("", "", "", "tie")[seed % 4],
        loss=("sum", "mean")[seed // 2 % 2],
        output_bias=("none", "none", "free", "ridge")[seed // 3 % 4],
    )


@cache
def listed(problem):
    return enumerate_minima(problem, engine="certified").document


@pytest.mark.slow
def test_no_run_ends_unexplained_or_at_a_minimum_that_is_not_listed():
    """50 random instances, every optimiser."""
    ends, arrived = Counter(), Counter()
    for seed in range(50):
        minima = listed(small_random_problem(seed))
        found = descents(minima, Descents(LOCAL, starts=8, seed=seed, steps=1500))
        assert (missing(found), unexplained(found)) == (0, 0), [
            (seed, run) for run in found["runs"] if run["kind"] not in ("minimum", "saddle")
        ]
        for summary in found["optimisers"]:
            ends.update(summary["kinds"])
            arrived[summary["name"]] += summary["kinds"]["minimum"]
    assert ends["diverged"] == 0
    assert ends["minimum"] > 500
    assert ends["saddle"] > 50
    assert min(arrived.values()) > 30


@pytest.mark.parametrize("data", ["reference", "a free bias", "a tie", "a plane"])
def test_a_start_near_a_listed_minimum_is_explained_by_it(data):
    problem = {
        "reference": reference_problem(2, "1/100"),
        "a free bias": random_problem(31, 5, 1, 2, "1/10", output_bias="free"),
        "a tie": random_problem(32, 5, 1, 3, "1/10", "tie"),
        "a plane": random_problem(33, 4, 2, 2, "1/20", loss="mean"),
    }[data]
    minima = listed(problem)
    generator = np.random.default_rng(0)
    points = [component["representative"] for component in minima["components"]]
    weights = np.array([[float(a) for a in point["a"]] for point in points])
    units = np.array(
        [
            [[*map(float, b), float(c)] for b, c in zip(point["B"], point["c"], strict=True)]
            for point in points
        ]
    )
    bias = np.array([float(point.get("m", 0)) for point in points])
    shaken = Networks(
        weights + 1e-4 * generator.standard_normal(weights.shape),
        units + 1e-4 * generator.standard_normal(units.shape),
        bias,
    )
    with open_backends("auto") as engine:
        ends = Explainer(problem, minima["components"], engine).explain(shaken)
    assert [end.kind for end in ends] == [EndKind.MINIMUM] * len(points)
    assert [end.limit.component for end in ends] == list(range(1, len(points) + 1))


def explained(problem, networks, components=None):
    with open_backends("auto") as engine:
        known = listed(problem)["components"] if components is None else components
        return Explainer(problem, known, engine).explain(networks)


def networks(*givens):
    """Networks without output bias, each a list of units (a, b, c)."""
    return Networks(
        np.array([[a for a, _, _ in given] for given in givens], dtype=float),
        np.array([[(b, c) for _, b, c in given] for given in givens], dtype=float),
        np.zeros(len(givens)),
    )


HAND = Problem.from_text([["0"]], ["2"], 2, "1/2")
"""One point, f = a relu(c) + ...: minima have sum a c = 3/2, with loss 1/4 + 3/2 = 7/4."""

SIZE = 1.5**0.5


def test_the_minimum_of_one_point_by_hand():
    (end,) = explained(HAND, networks([(SIZE, 0, SIZE), (0, 0, 0)]))
    assert (end.kind, end.limit.component) == (EndKind.MINIMUM, 1)
    assert end.loss == pytest.approx(1.75)
    assert (end.limit.point.loss - fmpq(7, 4)).is_zero()
    assert abs(end.excess) < 1e-12


def test_a_network_above_its_minimum_is_not_stationary_and_the_drop_is_right():
    (end,) = explained(HAND, networks([(1, 0, 1), (0, 0, 0)]))
    assert (end.kind, end.limit.component) == (EndKind.NOT_STATIONARY, 1)
    assert end.loss == pytest.approx(2)
    assert end.excess == pytest.approx((2 - 1.75) / 4)


def test_dead_units_stall_at_a_saddle_with_a_checked_descent():
    (end,) = explained(HAND, networks([(0.1, 0, -1), (0.2, 1, -1)]))
    assert (end.kind, end.stall) == (EndKind.SADDLE, Stall.DEAD)
    assert end.limit.point.support == ()
    assert (end.limit.point.witness.kind, end.limit.point.witness.face.signs) == ("grow", "+")


def test_units_that_die_out_stall_at_a_saddle():
    (end,) = explained(HAND, networks([(-1e-4, 0, 1e-4), (0, 0, 0)]))
    assert (end.kind, end.stall) == (EndKind.SADDLE, Stall.ZERO)


def test_a_dead_unit_beside_a_global_minimum_is_no_saddle():
    (end,) = explained(HAND, networks([(SIZE, 0, SIZE), (0.3, 0, -1)]))
    assert (end.kind, end.limit.component, end.limit.zero_units) == (EndKind.MINIMUM, 1, 1)


def test_a_way_downhill_that_goes_up_explains_nothing(monkeypatch):
    """Were settling wrong and the limit far above the end point, it would not count as reached."""
    monkeypatch.setattr(descent, "losses", lambda objective, settled: np.array([9.0]))
    monkeypatch.setattr(descent, "loss_of_units", lambda *_: arb(1))
    (end,) = explained(HAND, networks([(SIZE, 0, SIZE), (0, 0, 0)]))
    assert (end.kind, end.reason) == (EndKind.UNEXPLAINED, "not above its limit")


def test_what_is_not_finite_has_diverged():
    ends = explained(HAND, networks([(np.nan, 0, 1), (0, 0, 0)], [(1e300, 0, 1e300), (1, 0, 1)]))
    assert [end.kind for end in ends] == [EndKind.DIVERGED] * 2


def test_a_minimum_that_the_list_lacks_is_noticed():
    (end,) = explained(HAND, networks([(SIZE, 0, SIZE), (0, 0, 0)]), components=[])
    assert end.kind is EndKind.MISSING


def test_a_kink_that_leads_down_is_a_saddle_with_its_ray():
    """Units that stay on the kink of a stationary point of Theorem B; found among all starts."""
    problem = reference_problem(2, "1/100")
    objective = Objective(problem)
    starts = objective.starts(300, np.random.default_rng(0))
    with open_backends("auto") as engine:
        explainer = Explainer(problem, listed(problem)["components"], engine)
        settled = settle(explainer.cells, objective, starts)
        ends = explainer.explain(network_of(settled))
    kinks = [end for end in ends if end.stall is Stall.KINK]
    assert kinks
    for end in kinks:
        assert end.limit.point.witness.kind == "rotate"
        assert "0" in end.limit.point.witness.face.signs
        assert end.limit.point.witness.step > 0
    assert not [end for end in ends if end.kind in (EndKind.UNEXPLAINED, EndKind.MISSING)]


DEGENERATE = {
    "a segment of squares": ([["-3/4"], ["3/4"]], ["2", "-2"], 2, "6/5", "sum", "free"),
    "the same at width 3": ([["-3/4"], ["3/4"]], ["2", "-2"], 3, "1/2", "sum", "free"),
    "symmetric, no global": (
        [["-2"], ["-1"], ["1"], ["2"]],
        ["-1", "1", "-1", "1"],
        2,
        "1/2",
        "sum",
        "free",
    ),
    "minimisers on walls": ([["-1"], ["1"]], ["1", "1"], 3, "1/10"),
    "nothing to fit": ([["1"], ["1"]], ["0", "0"], 2, "1/2"),
    "a critical ridge": (
        [["-1"], ["-1"], ["3/2"], ["1"], ["-3/2"], ["-1/2"]],
        ["1/2", "1", "-1", "1", "-1", "1"],
        2,
        "1/2",
    ),
}


@pytest.mark.parametrize("name", DEGENERATE)
def test_degenerate_data_leave_nothing_unexplained(name):
    """Their squares are shared among vertices (Lemma 10)."""
    minima = enumerate_minima(Problem.from_text(*DEGENERATE[name])).document
    found = descents(minima, Descents(("adam", "lbfgs"), starts=25, steps=1000))
    assert (missing(found), unexplained(found)) == (0, 0)
    assert sum(summary["kinds"]["minimum"] for summary in found["optimisers"]) > 10


def test_the_document_adds_up_and_repeats_itself():
    minima = listed(reference_problem(2, "1/10"))
    settings = Descents(("gd", "lbfgs"), starts=12, seed=4, steps=600)
    found = descents(minima, settings)
    assert found == descents(minima, settings)
    assert [len(found["runs"]), found["starts"]] == [24, 12]
    for summary in found["optimisers"]:
        runs = [run for run in found["runs"] if run["optimiser"] == summary["name"]]
        assert sum(summary["kinds"].values()) == summary["runs"] == len(runs)
        assert sum(summary["components"].values()) == summary["kinds"]["minimum"]
        assert sum(summary["saddles"].values()) == summary["kinds"]["saddle"]
        assert Counter(run["kind"] for run in runs) == {
            kind: count for kind, count in summary["kinds"].items() if count
        }
    losses = {c["number"]: float(c["loss"]) for c in found["components"]}
    losses |= {-saddle["number"]: float(saddle["loss"]) for saddle in found["saddles"]}
    energy = Objective(reference_problem(2, "1/10")).energy
    for run in found["runs"]:
        limit = losses[run["component"] or -run["saddle"]]
        assert run["loss"] >= limit - 1e-9
        assert (run["kind"] == "not stationary") == (run["excess"] > float(ARRIVED))
        if run["saddle_kind"] != "dead unit":
            assert run["excess"] * energy <= run["loss"] - limit + 1e-6


def test_settings_that_make_no_sense_are_refused():
    for settings in (
        {"optimisers": ("newton",)},
        {"optimisers": ("gd", "gd")},
        {"starts": 0},
        {"seed": -1},
        {"steps": 0},
    ):
        with pytest.raises(InputError, match=next(iter(settings))):
            Descents(**settings)


def test_a_list_for_all_widths_is_refused():
    minima = listed(HAND) | {"problem": {**listed(HAND)["problem"], "width": "all"}}
    with pytest.raises(InputError, match="one of a single width"):
        descents(minima, Descents())


def test_optimisers_reach_the_same_points_from_the_same_place():
    """Both of a pair of routes, trained from one start in one open cell, end at one component."""
    problem = random_problem(40, 4, 1, 1, "1/4")
    minima, objective = listed(problem), Objective(problem)
    starts = objective.pack(objective.starts(30, np.random.default_rng(2)))
    generator = np.random.default_rng
    with open_backends("auto") as engine:
        explainer = Explainer(problem, minima["components"], engine)
        found = [
            explainer.explain(
                objective.unpack(optimiser(name, 8000)(objective, starts, generator(0)))
            )
            for name in ("gd", "adam")
        ]
    agreeing = [
        left.limit.component == right.limit.component
        for left, right in zip(*found, strict=True)
        if left.kind is right.kind is EndKind.MINIMUM
    ]
    assert len(agreeing) >= 10
    assert np.mean(agreeing) > 0.7


def test_cells_name_the_face_of_every_point_of_it():
    for seed in range(4):
        problem = small_random_problem(seed)
        with open_backends("auto") as engine:
            explainer = Explainer(problem, (), engine)
        faces, rows = explainer.cells.frames.faces, explainer.objective.rows
        points = np.array([[float(e) for e in face.interior] for face in faces])
        numbers, sides = explainer.cells.of_units(points, rows)
        assert numbers.tolist() == list(range(len(faces)))
        assert set(sides.tolist()) == {1}


def test_cells_name_the_face_that_stands_for_a_mirror_image():
    """Lemma 63: the negative of a unit is the same unit, and is on the face of that."""
    problem = replace(small_random_problem(1), activation="abs")
    cells, rows = Cells.of(Geometry.of(problem)), Objective(problem).rows
    faces = cells.frames.faces
    points = np.array([[float(e) for e in face.interior] for face in faces])
    for side in (1, -1):
        numbers, sides = cells.of_units(side * points, rows)
        assert numbers.tolist() == list(range(len(faces)))
        assert set(sides.tolist()) == {side}


@pytest.mark.parametrize("activation", ["leaky:1/10", "leaky:-1/2", "abs", "slopes:0,-1"])
def test_runs_with_other_activations_end_at_the_list(activation):
    for seed in (1, 2):
        problem = replace(small_random_problem(seed), activation=activation)
        document = enumerate_minima(problem, engine="certified").document
        found = descents(document, Descents(("lbfgs",), starts=30))
        assert unexplained(found) == missing(found) == 0
        assert found["optimisers"][0]["kinds"]["minimum"] > 0
