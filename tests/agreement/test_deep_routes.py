"""Deep networks found in two ways each: lists, certificates, systems and perturbations agree."""

import copy
from dataclasses import replace

import pytest

from benchmarks.deep_routes import (
    differing_documents,
    differing_outcomes,
    drawn_problem,
    findings,
    lowered,
    refusals,
)
from benchmarks.findings import Kind
from reluenum import Landscape, Problem, enumerate_minima
from reluenum.documents.results import to_json
from reluenum.engines.deep.enumeration.strata import strata
from reluenum.engines.deep.systems.chains import Chain
from reluenum.engines.deep.systems.solve import solve_stratum
from reluenum.engines.deep.systems.wide import Wide
from reluenum.groebner.backends import open_backends

pytestmark = pytest.mark.seconds(12)

DATA = {
    "generic on a line": ([["-31/100"], ["62/100"], ["9/10"]], [1, "-2/3", "5/4"], "1/30"),
    "generic in the plane": (
        [["1/3", "-1/2"], ["-4/5", "1/5"], ["2/3", "3/4"]],
        [1, "-2", "3/2"],
        "1/10",
    ),
    "whole numbers": ([[-2], [1], [3]], [1, 3, -1], "1/5"),
    "equal inputs": ([[1], [-2], [1]], [3, -1, 1], "1/3"),
    "equal responses": ([["-1/3"], ["2/5"], ["1"]], [2, 2, 2], "1/10"),
    "mirrored": ([[-2], [-1], [1], [2]], [3, -1, -1, 3], "1/3"),
    "mirrored and turned": ([[-2], [2]], [3, -3], "1/3"),
    "no signal": ([[0], [1], [3]], [0, 0, 0], "1/2"),
}

PROBLEMS = {
    **{name: Problem.from_text(x, y, [1, 1], ridge) for name, (x, y, ridge) in DATA.items()},
    "the largest chain": drawn_problem((1, 1), 33),
    "three units": Problem.from_text([[-1], [0], [2]], [1, 0, 3], [2, 1], "1/3"),
}

REFERENCE = Problem.from_text(
    [["-17/100"], ["44/100"], ["-1"]], ["5/100", "102/100", "61/100"], [1, 1, 1], "1/100"
)


@pytest.mark.parametrize("name", PROBLEMS)
def test_both_engines_write_one_list_which_is_proved_and_survives_perturbations(name):
    assert findings(PROBLEMS[name], neighbours=500) == []


@pytest.mark.parametrize("seed", [2, 5])
def test_problems_are_drawn_again_by_their_seeds(seed):
    assert drawn_problem((1, 1), seed) == drawn_problem((1, 1), seed)
    assert drawn_problem((1, 1), seed) != drawn_problem((1, 1), seed + 1)


def test_backends_find_the_same_networks_on_all_strata():
    problem, found = PROBLEMS["generic on a line"], {}
    for name in ("flint", "singular", "msolve"):
        with open_backends(name) as backends:
            found[name] = [solve_stratum(problem, s, backends) for s in strata(problem)]
    assert list(differing_outcomes(found)) == []
    assert sum(len(outcome.networks) for outcome in found["flint"]) > 5


def test_two_systems_have_the_same_networks_of_three_layers():
    """On strata with kinks in two layers; some of those without take the general system minutes."""
    kinked = {s: sum("0" in row for (row,) in s.layers) for s in strata(REFERENCE) if not s.lowest}
    chosen, found = [stratum for stratum, count in kinked.items() if count > 1], {}
    with open_backends() as backends:
        for system in (Chain, Wide):
            outcomes = [solve_stratum(REFERENCE, s, backends, system) for s in chosen]
            found[system.__name__] = outcomes
    assert list(differing_outcomes(found)) == []
    assert sum(len(outcome.networks) for outcome in found["Chain"]) > 5


@pytest.mark.parametrize("engine", ["groebner", "certified"])
def test_a_list_of_one_layer_is_written_as_that_of_its_width(engine):
    data = [["-17/100"], ["44/100"]], ["5/100", "102/100"]
    layered, plain = (Problem.from_text(*data, width, "1/10") for width in ([3], 3))
    texts = [to_json(enumerate_minima(p, engine=engine).document) for p in (layered, plain)]
    assert texts[0] == texts[1]


# The comparisons bite.


@pytest.fixture(scope="module")
def certified():
    return enumerate_minima(PROBLEMS["generic on a line"], engine="certified")


def test_a_list_that_lacks_a_component_differs_and_is_refused(certified):
    lost = replace(certified, components=certified.components[1:])
    (finding,) = differing_documents(certified, lost)
    assert finding == (Kind.DIFFERENT, "documents: components")
    (finding,) = refusals(lost)
    assert finding.kind is Kind.REFUSED


def test_a_network_that_is_no_minimum_has_lower_neighbours(certified):
    document = copy.deepcopy(certified.document)
    document["components"][1]["representative"]["w"] = ["2"]
    (finding,) = lowered(Landscape.from_document(document), neighbours=200)
    assert finding.kind is Kind.LOWER
    assert finding.text.startswith("component 2:")


def test_networks_that_one_way_lacks_are_told_and_those_it_leaves_open_are_counted():
    problem = PROBLEMS["generic on a line"]
    with open_backends() as backends:
        found = [solve_stratum(problem, stratum, backends) for stratum in strata(problem)]
    place = next(k for k, outcome in enumerate(found) if outcome.networks)
    less = {"networks": found[place].networks[1:]}
    lost, left = (
        [*found[:place], replace(found[place], **less, reason=reason), *found[place + 1 :]]
        for reason in ("", "no time")
    )
    (finding,) = differing_outcomes({"all": found, "less": lost})
    assert finding == (Kind.DIFFERENT, f"all, less: {found[place].stratum.text}")
    (finding,) = differing_outcomes({"all": found, "less": left})
    assert finding == (Kind.UNFINISHED, f"all, less: 1 of {len(found)} strata not by all")
