"""Basins of every width, beside the trees of single widths (Corollary 40.2)."""

import pytest

from reluenum import Basins, Problem, enumerate_minima
from reluenum.basins.disconnectivity import disconnectivity
from reluenum.engines.certified.prove import certify_problem
from reluenum.engines.certified.questions import EveryWidth
from tests.support.oracles import random_problem, reference_problem

pytestmark = pytest.mark.seconds(10)

PROBLEMS = [
    reference_problem(1, "1/100"),
    reference_problem(1, "3/10"),
    random_problem(1, 3, 2, 1, "1/10"),
    random_problem(2, 4, 1, 1, "1/20", output_bias="free"),
    random_problem(3, 4, 1, 1, "1/20", special="tie", output_bias="ridge"),
    Problem.from_text([["-1"], ["0"], ["1"]], [1, 0, 1], 1, "1/10"),
    reference_problem(1, 100),
]


@pytest.mark.parametrize("problem", PROBLEMS)
def test_counts_of_every_width_are_those_of_the_trees_of_single_widths(problem):
    every = disconnectivity(certify_problem(problem, question=EveryWidth).document)
    facts = every["every_width"]
    for row in facts["widths"][:4]:
        width = row["width"]
        landscape = enumerate_minima(problem.with_width(width), engine="certified", force=True)
        basins = landscape.basins()
        assert (row["basins"], row["isolated"] + row["global"]) == (len(basins.leaves),) * 2
        flagged = [component.global_at_every_width for component in landscape]
        assert row["global"] == sum(flagged)
        if width < 4:
            assert row["labelled"] == len(landscape.basins(labelled=True).leaves)
        entries = [c for c in every["components"] if c["basin"] and c["widths"][0] == width]
        isolated = [c for c in entries if c["widths"][1] == width]
        assert len(isolated) == row["isolated"]
    several = [row["width"] for row in facts["widths"] if row["basins"] > 1]
    assert facts["connected_from"]["up_to_permutation"] == max(several, default=0) + 1
    assert facts["last_trap"] < facts["connected_from"]["labelled"] or facts["last_trap"] == 1


def test_the_reference_has_one_basin_from_six_units_on():
    every = disconnectivity(
        certify_problem(reference_problem(1, "1/100"), question=EveryWidth).document
    )
    facts = every["every_width"]
    assert [row["basins"] for row in facts["widths"]] == [3, 3, 5, 8, 2, 1]
    assert facts["connected_from"] == {"up_to_permutation": 6, "labelled": 6}
    assert facts["global"] == {"smallest": 4, "largest": 4, "connected_from": 5}
    assert "at each width: 1: 3, 2: 3, 3: 5, 4: 8, 5: 2, 6: 1" in repr(Basins(every))
