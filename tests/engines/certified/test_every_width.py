"""Every width at once: the reference at all widths, and counts against each width by itself."""

from functools import cache

import pytest

from reluenum import Problem, enumerate_minima
from reluenum.engines.certified.prove import prove
from reluenum.engines.certified.questions import EveryWidth
from reluenum.engines.certified.spool import Task, surveyed
from tests.support.oracles import (
    REFERENCE,
    RIDGES,
    component_key,
    drawn,
    random_problem,
    reference_problem,
)

pytestmark = pytest.mark.seconds(15)


@cache
def every_width(problem):
    largest = EveryWidth.largest(problem)
    task = Task(largest, largest.width)
    return prove(task, surveyed(task), EveryWidth).document


in_every_case = pytest.mark.parametrize("ridge", RIDGES)


@in_every_case
def test_the_reference_is_counted_by_size(ridge):
    """All supports up to size 5, against an independent enumeration in floats."""
    expected = REFERENCE["ridge"][ridge]["supports_by_size"]
    found = every_width(reference_problem(1, ridge))["every_width"]["by_size"]
    assert [entry["examined"] for entry in found] == [17, 136, 680, 2380, 6188]
    assert {
        str(entry["size"]): {key: entry[key] for key in ("stationary", "locally_minimal")}
        for entry in found
    } == expected


@in_every_case
def test_the_locally_minimal_supports_are_those_of_the_reference(ridge):
    expected = {
        frozenset(zip(support["faces"], support["signs"], strict=True)): support
        for support in REFERENCE["ridge"][ridge]["locally_minimal_supports"]
    }
    components = every_width(reference_problem(1, ridge))["components"]
    assert len(components) == len(expected)
    for component in components:
        (stratum,) = component["strata"]
        groups = stratum["support"]
        support = expected[frozenset((g["face"], g["sign"]) for g in groups)]
        assert component["width_min"] == len(groups) == support["support"]
        assert [g["multiplicity"] for g in groups] == [None] * len(groups)
        assert component["dimension"] == 0
        assert component["on_boundary"] == support["on_boundary"]
        assert component["global_at_every_width"] == (support["dual_norm_over_ridge"] <= 1)
        assert float(component["loss"]) == pytest.approx(support["loss"], abs=1e-10, rel=0)
        for group in groups:
            k = support["faces"].index(group["face"])
            assert float(group["sum_a_squared"]) == pytest.approx(
                support["sum_a_squared"][k], abs=2e-8, rel=0
            )
            direction = [float(entry) for entry in group["direction"]]
            assert direction == pytest.approx(support["direction"][k], abs=2e-8, rel=0)


@in_every_case
def test_the_global_support_of_the_reference_has_the_known_size(ridge):
    found = every_width(reference_problem(1, ridge))["every_width"]["global"]
    size = {"3/10": 2, "1/10": 3, "1/100": 4}[ridge]
    assert (found["smallest"], found["connected_from"]) == (size, size + 1)
    assert [len(support) for support in found["supports"]] == [size]


def counted(problem, width):
    return len(enumerate_minima(problem.with_width(width), engine="certified").components)


@in_every_case
def test_components_of_the_reference_are_counted_for_every_width(ridge):
    problem = reference_problem(1, ridge)
    widths = every_width(problem)["every_width"]["widths"]
    assert [entry["width"] for entry in widths] == [1, 2, 3, 4, 5, 6]
    for entry in widths[:4]:
        assert entry["components"] == counted(problem, entry["width"])


@pytest.mark.parametrize("seed", range(36))
def test_components_are_counted_for_every_width_on_random_instances(seed):
    problem = drawn(seed)
    if problem.size * problem.dimension > 4:
        problem = Problem(
            problem.inputs[:4],
            problem.targets[:4],
            1,
            problem.ridge,
            problem.loss,
            problem.output_bias,
        )
    document = every_width(problem)
    assert document["complete"]
    for entry in document["every_width"]["widths"][:4]:
        assert entry["components"] == counted(problem, entry["width"])


def test_a_width_is_contained_in_every_width():
    """The entries of size L are the isolated-support components of width L (Theorem D)."""
    problem = random_problem(61, 4, 1, 2, "1/10")
    entries = [c for c in every_width(problem)["components"] if c["width_min"] == 2]
    components = enumerate_minima(problem, engine="certified").document["components"]
    full = [
        c
        for c in components
        if len(c["strata"]) == 1
        and len(c["strata"][0]["support"]) == 2
        and c["strata"][0]["zero_neurons"] == 0
    ]
    assert {c["loss"] for c in entries} == {c["loss"] for c in full}
    for entry in entries:
        assert entry["loss_interval"] in [c["loss_interval"] for c in full]
        assert entry["representative"] in [c["representative"] for c in full]


def test_degenerate_global_sets_are_connected_when_theorem_d_says_so():
    """Example 2 of the theory: two isolated global minima at width 1, one component from 2 on."""
    problem = Problem.from_text([["-3/4"], ["3/4"]], ["2", "-2"], 1, "6/5", output_bias="free")
    found = every_width(problem)["every_width"]
    assert found["global"] == {"supports": [["+0"], ["0+"]], "smallest": 1, "connected_from": 2}
    assert [entry["components"] for entry in found["widths"]] == [2, 1, 1]
    dimensions = {
        tuple(g["face"] for g in c["strata"][0]["support"]): c["dimension"]
        for c in every_width(problem)["components"]
    }
    assert dimensions == {("+0",): 0, ("0+",): 0, ("+0", "0+"): 1}


def test_the_zero_network_is_global_at_every_width_under_a_large_ridge():
    problem = Problem.from_text([["-1"], ["1"]], ["1", "1"], 1, "100")
    found = every_width(problem)
    assert found["every_width"]["global"] == {
        "supports": [[]],
        "smallest": 0,
        "connected_from": 1,
    }
    (component,) = found["components"]
    assert (component["width_min"], component["dimension"]) == (0, 0)
    assert component_key(component)[3] is True
