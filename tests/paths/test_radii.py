"""How far targets may move: hand examples, sampling within the radii, and targets beyond them."""

from dataclasses import replace
from math import sqrt

import numpy as np
import pytest
from flint import fmpq

from reluenum import Problem, enumerate_minima
from reluenum.documents.minima import ALL
from reluenum.engines.certified.escalation import Escalation
from reluenum.engines.certified.prove import certify_problem
from reluenum.engines.certified.questions import EveryWidth
from reluenum.errors import InputError
from reluenum.geometry.geometry import Geometry
from reluenum.groebner.backends import DEFAULT_SETTINGS
from reluenum.paths.stability.margins import MarginFinder, all_supports
from reluenum.paths.stability.radii import ENDS, MAY_NOT, PERSISTS, stability
from tests.support.oracles import random_problem

KINDS = (
    *({"n": 5, "d": 1, "width": 2, "seed": seed} for seed in range(4)),
    *({"n": 4, "d": 2, "width": 2, "seed": seed} for seed in range(3)),
    {"n": 5, "d": 1, "width": 3, "seed": 7},
    {"n": 6, "d": 1, "width": 1, "seed": 8},
)
"""Shapes of random problems."""


def made(kind, **more):
    """A random problem."""
    problem = random_problem(kind["seed"], kind["n"], kind["d"], kind["width"], "1/10")
    return replace(problem, **more)


BLIND = (
    Problem.from_text([["-1"], ["1"]], ["3", "-1"], 1, "1"),
    Problem.from_text([["0"], ["1"], ["2"]], ["2", "-1", "1"], 1, "1/10", output_bias="free"),
)
"""Orthogonal rows, and an input at the origin with a free bias: residuals do not see some forms."""

PROBLEMS = [
    *map(made, KINDS),
    made(KINDS[0], output_bias="free"),
    made(KINDS[4], output_bias="ridge", loss="mean"),
    made(KINDS[1], weights=tuple(fmpq(k + 1, 2) for k in range(5))),
    made(KINDS[6], hidden_bias="none", output_bias="free"),
    Problem.from_text([["-1"], ["0"], ["0"], ["1"]], ["2", "0", "1", "1"], 2, "1/10"),
    Problem.from_text(
        [["1", "1"], ["0", "0"], ["-2", "-2"], ["1", "-1"]],
        [1, 3, 2, -1],
        2,
        "1/5",
        hidden_bias="none",
    ),
    *BLIND,
    made(KINDS[0], activation="leaky:1/10"),
    made(KINDS[4], activation="abs"),
    made(KINDS[5], hidden_bias="none"),
    Problem.from_text(
        [["0", "0"], ["1", "0"], ["2", "0"], ["1", "1"]],
        [-3, 3, -3, -1],
        1,
        "1/3",
        activation="abs",
    ),
    Problem.from_text(
        [["1", "1"], ["0", "1"], ["-2", "-2"]],
        ["-2", "1", "1"],
        2,
        "1",
        activation="slopes:3,-3",
        hidden_bias="none",
        weights=["1", "2", "1"],
    ),
    Problem.from_text([["0", "0"], ["1", "0"], ["0", "1"], ["1", "1"]], [0, 1, 2, 0], 2, "1/5"),
]


def at(problem, targets):
    """The same problem with other targets."""
    return replace(problem, targets=tuple(targets))


def listed(problem):
    """The document of a problem."""
    return certify_problem(problem).document


def face(group):
    """What tells a group of units from others."""
    return group["face"], group["sign"], group["multiplicity"]


def components(document):
    """What the components of a list are, but for numbers."""
    return sorted(
        (
            record["global_at_every_width"],
            record["dimension"],
            tuple(tuple(map(face, stratum["support"])) for stratum in record["strata"]),
        )
        for record in document["components"]
    )


def supports(document):
    """The supports, with signs, of all strata of a list."""
    return {
        tuple(sorted((group["face"], group["sign"]) for group in stratum["support"]))
        for record in document["components"]
        for stratum in record["strata"]
    }


def moved(problem, radius, draw, share=0.999):
    """Targets at almost this distance in a random direction."""
    way = draw.standard_normal(problem.size)
    weights = np.array([float(w) for w in problem.weights])
    way *= share * radius / sqrt((weights * way**2).sum())
    return [
        y + fmpq(round(1e15 * step), 10**15) for y, step in zip(problem.targets, way, strict=True)
    ]


def against(problem, record, share):
    """Targets on the way to the nearest known ones where a minimum has ended."""
    near = [fmpq(*map(int, text.split("/"))) for text in record["nearest"]["y"]]
    part = fmpq(round(1e12 * share), 10**12)
    return [y + part * (other - y) for y, other in zip(problem.targets, near, strict=True)]


# By hand (Example 10) -------------------------------------------------------------------------


def test_of_one_point_the_unit_vanishes_where_the_target_is_the_ridge():
    problem = Problem.from_text([["0"]], ["3"], 1, "1")
    found = stability(listed(problem))
    (component,) = found["components"]
    assert float(component["radius"]) == pytest.approx(2, abs=2e-5)
    assert 2 <= float(component["nearest"]["distance"]) < 2.001
    assert component["nearest"]["event"] == "a unit vanishes"
    assert component["nearest"]["goes_on"] == []
    assert float(found["list"]["radius"]) == pytest.approx(2, abs=2e-5)


def test_the_kink_of_example_10_reaches_a_point_at_a_tenth():
    problem = Problem.from_arrays([-1, 0, 1], [2, 0, 1], width=1, ridge=0.1)
    found = {tuple(c["support"]): c for c in stability(listed(problem))["components"]}
    component = found[("++-",)]
    assert 0.09 < float(component["radius"]) <= 0.1
    near = component["nearest"]
    assert 0.1 <= float(near["distance"]) < 0.10001
    assert near["event"] == "a unit reaches a data point"
    assert [float(fmpq(*map(int, y.split("/")))) for y in near["y"]] == pytest.approx(
        [2, -0.1, 1], abs=1e-6
    )


def test_the_zero_network_stays_alone_as_long_as_no_face_exceeds_the_ridge():
    """|u(Ry)| = |y| on the only live face of one point: the flag is sure up to 3/4."""
    found = stability(listed(Problem.from_text([["0"]], ["1/4"], 1, "1")))
    assert float(found["list"]["radius"]) == pytest.approx(0.75, abs=2e-5)
    assert float(found["components"][0]["radius"]) == pytest.approx(0.75, abs=2e-5)


def test_an_exact_tie_has_the_radius_0():
    """At y = ridge the unit is about to be born: |u(Ry)| = ridge."""
    assert stability(listed(Problem.from_text([["0"]], ["1"], 1, "1")))["list"]["radius"] == "0"


# Supports -------------------------------------------------------------------------------------


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
def test_what_is_surely_accepted_are_the_vertices_of_the_list(problem):
    """Lemma 72(1), against the verdicts of the certified engine on every support."""
    geometry = Geometry.of(problem)
    accepted, open_ = 0, 0
    with DEFAULT_SETTINGS.open() as backends:
        here = MarginFinder.of(Escalation(geometry, backends))
        for margins in here.families(all_supports(len(here.frames.faces), problem.width)):
            accepted += int((margins.accepted > 0).sum())
            open_ += int(((margins.accepted <= 0) & (margins.rejected <= 0)).sum())
            assert not ((margins.accepted > 0) & (margins.rejected > 0)).any()
    minimal = listed(problem)["enumeration"]["locally_minimal"]
    assert accepted == minimal if not open_ else accepted <= minimal <= accepted + open_


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
def test_within_the_radius_of_the_list_nothing_appears_or_vanishes(problem):
    """Lemma 72(3), by whole runs at other targets."""
    document, draw = listed(problem), np.random.default_rng(5)
    radius = stability(document)["list"]["radius"]
    if radius == "0":
        pytest.skip("a tie")
    for _ in range(4):
        there = listed(at(problem, moved(problem, float(radius), draw)))
        assert components(there) == components(document)


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
def test_within_its_radius_a_minimum_persists_and_beyond_it_one_does_not(problem):
    document, draw = listed(problem), np.random.default_rng(6)
    for record, found in zip(
        document["components"], stability(document)["components"], strict=True
    ):
        if found["support"] is None or not found["support"]:
            continue
        (own,) = supports({"components": [record]})
        radius = float(found["support_radius"])
        tried = [moved(problem, radius, draw) for _ in range(3)] if radius else []
        if found["nearest"] is not None:
            distance = float(found["nearest"]["distance"])
            assert distance >= radius
            tried.append(against(problem, found, 0.999 * radius / distance))
            there = listed(at(problem, against(problem, found, 1)))
            assert own not in supports(there)
            after = found["nearest"]["goes_on"]
            if after is not None:
                others = {tuple(f for f, _ in support) for support in supports(there)}
                assert tuple(sorted(after)) in others
                known = {tuple(f for f, _ in support) for support in supports(document)}
                lost = found["nearest"]["event"] == "a unit vanishes"
                assert lost or tuple(sorted(after)) not in known
        for targets in tried:
            assert own in supports(listed(at(problem, targets)))


def test_the_brackets_are_narrow():
    """Of minima on random data most radii are more than half of what is possible."""
    ratios = []
    for seed in range(6):
        for record in stability(listed(random_problem(seed, 6, 1, 2, "1/10")))["components"]:
            if record["nearest"] is not None:
                ratios.append(float(record["radius"]) / float(record["nearest"]["distance"]))
    assert len(ratios) > 10
    assert np.median(ratios) > 0.6
    assert max(ratios) <= 1


# Lemmas 70 and 71 -----------------------------------------------------------------------------


def residual_of(here, support):
    """The residual of a support and its vectors, in doubles."""
    from reluenum.paths.stability.nearest import NearestTargets, Response

    near = NearestTargets(here)
    return Response.of(near, near.pulls(support), np.ones(len(support)), near.targets)


def test_residuals_and_fits_move_no_more_than_the_targets():
    """Lemma 70(1), firmly: the squares of both moves add up to at most that of the targets."""
    draw = np.random.default_rng(3)
    for seed in range(10):
        problem = random_problem(seed, 5, 1, 2, "1/10")
        other = at(
            problem,
            [
                y + fmpq(int(k), 10)
                for y, k in zip(problem.targets, draw.integers(-9, 9, 5), strict=True)
            ],
        )
        sides = []
        for posed in (problem, other):
            with DEFAULT_SETTINGS.open() as backends:
                here = MarginFinder.of(Escalation(Geometry.of(posed), backends))
                support = (seed % len(here.frames.faces), 3)
                found = residual_of(here, tuple(sorted(set(support))))
                targets = np.array([float(y) for y in posed.means])
                sides.append((found.residual, targets - found.residual, targets))
        (r, fit, y), (r2, fit2, y2) = sides
        most = np.linalg.norm(y2 - y) ** 2
        assert np.linalg.norm(r2 - r) ** 2 + np.linalg.norm(fit2 - fit) ** 2 <= most * (1 + 1e-6)


# Errors of the targets ------------------------------------------------------------------------


def test_errors_beyond_doubles_are_larger_than_every_radius():
    document = listed(Problem.from_text([["0"]], ["3"], 1, "1"))
    found = stability(document, [fmpq(10) ** 400])
    assert found["errors"]["distance"] == "inf"
    assert found["components"][0]["under_errors"] != PERSISTS


@pytest.mark.parametrize("ridge", [fmpq(10) ** 100, 1 / fmpq(10) ** 12])
def test_ridges_of_any_size_have_some_radius(ridge):
    problem = replace(random_problem(1, 4, 1, 1, "1"), ridge=ridge)
    assert stability(listed(problem))["list"]["radius"] is not None


def test_forms_that_are_0_for_every_residual_say_nothing():
    for problem in BLIND:
        found = stability(listed(problem))
        assert float(found["list"]["radius"]) > 0.02
        assert all(float(c["support_radius"]) > 0.1 for c in found["components"])


def test_of_an_even_activation_rays_enter_faces_that_others_stand_for():
    """Their active sets are those of no live face; the kink of 0++ opens into -++, not 0++."""
    problem = Problem.from_text(
        [["-1"], ["0"], ["1"]], ["2", "-1", "1"], 1, "1/10", activation="abs"
    )
    frames = Geometry.of(problem).frames
    assert len(frames.with_targets(problem).target.mid) == len(frames.target.mid)
    assert (frames.with_targets(problem).target.mid == frames.target.mid).all()
    other = at(problem, [fmpq(1), fmpq(2), fmpq(-3)])
    moved_there = frames.with_targets(other).target
    assert (moved_there.mid == Geometry.of(other).frames.target.mid).all()


def test_a_flag_may_change_while_a_minimum_of_full_size_persists():
    """The example at Lemma 72(4)."""
    problem = Problem.from_text([["1"], ["-1"]], ["3", "2"], 1, "1", hidden_bias="none")
    found = {tuple(c["support"]): c for c in stability(listed(problem))["components"]}
    assert float(found[("+-",)]["radius"]) == pytest.approx(2, abs=2e-5)
    assert float(found[("+-",)]["flag_radius"]) == pytest.approx(1, abs=2e-5)
    document = listed(at(problem, [fmpq(3), fmpq(99, 100)]))
    flags = {c["global_at_every_width"] for c in document["components"] if c["global_at_width"]}
    assert flags == {True}


def test_dependent_columns_cost_a_factor_of_a_hundred_at_most_here():
    problem = Problem.from_text([["-1"], ["0"], ["1"]], ["2", "0", "1"], 2, "1/10")
    found = {tuple(c["support"]): c for c in stability(listed(problem))["components"]}
    pair = found[("++-", "-++")]
    assert float(pair["radius"]) > float(pair["nearest"]["distance"]) / 100


def test_stated_errors_are_held_against_the_radii():
    problem = Problem.from_arrays([-1, 0, 1], [2, 0, 1], width=1, ridge=0.1)
    document = listed(problem)

    def verdicts(*errors):
        found = stability(document, [fmpq(*e) for e in errors])
        return {tuple(c["support"]): c["under_errors"] for c in found["components"]}

    assert set(verdicts((0, 1), (0, 1), (0, 1)).values()) == {PERSISTS}
    assert verdicts((1, 100), (1, 100), (1, 100))[("++-",)] == PERSISTS
    assert verdicts((0, 1), (11, 100), (0, 1))[("++-",)] == ENDS
    assert verdicts((1, 5), (1, 20), (1, 5))[("++-",)] == MAY_NOT


def test_errors_have_to_fit_the_data():
    document = listed(Problem.from_text([["0"]], ["3"], 1, "1"))
    with pytest.raises(InputError, match="2 errors and 1 data points"):
        stability(document, [fmpq(1)] * 2)
    with pytest.raises(InputError, match="one is negative"):
        stability(document, [fmpq(-1)])


def test_a_list_of_every_width_is_refused():
    problem = Problem.from_text([["0"], ["1"]], ["3", "1"], 1, "1")
    document = certify_problem(problem, question=EveryWidth).document
    with pytest.raises(InputError, match=f"width: {ALL}; expected a list at one width"):
        stability(document)


# Basins (Lemma 73) ----------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_within_its_radius_a_basin_holds_a_minimum(seed):
    problem, draw = random_problem(seed, 5, 1, 2, "1/10"), np.random.default_rng(seed)
    basins = enumerate_minima(problem, engine="certified").basins()
    found = stability(basins.document)["components"]
    for record, component in zip(basins.components, found, strict=True):
        if component.get("basin_radius") is None:
            continue
        low, high = (sqrt(float(record[key])) for key in ("loss", "barrier"))
        radius = float(component["basin_radius"])
        assert radius <= (high - low) / 2
        there = listed(at(problem, moved(problem, radius, draw)))
        losses = [sqrt(float(other["loss"])) for other in there["components"]]
        assert any(loss <= low + radius for loss in losses)
