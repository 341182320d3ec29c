"""Deep networks found in two ways each: lists, certificates, systems and perturbations agree."""

from dataclasses import replace

import pytest

from benchmarks.deep_routes import (
    Kind,
    differing_documents,
    differing_outcomes,
    drawn_problem,
    left_open,
    lowered,
    refusals,
    solved,
)
from reluenum import Landscape, Problem, enumerate_minima
from reluenum.documents.results import to_json
from reluenum.engines.deep.chains import Chain
from reluenum.engines.deep.solve import formulated, solve_stratum
from reluenum.engines.deep.strata import DeepStratum
from reluenum.engines.deep.wide import Wide
from reluenum.engines.towers.route import TowerEngine
from reluenum.groebner.backends import Settings
from reluenum.landscape.evaluation import DeepNetwork

pytestmark = pytest.mark.seconds(12)

PROBLEMS = {
    "generic, d = 1": ([["-31/100"], ["62/100"], ["9/10"], ["-7/10"]], [1, "-2/3", "5/4", 2], "1/30"),
    "generic, d = 2": ([["1/3", "-1/2"], ["-4/5", "1/5"], ["2/3", "3/4"]], [1, "-2", "3/2"], "1/10"),
    "whole numbers": ([[-2], [0], [1], [3]], [1, 3, -1, 2], "1/5"),
    "mirrored": ([[-2], [-1], [1], [2]], [3, -1, -1, 3], "1/3"),
    "mirrored, turned": ([[-2], [-1], [1], [2]], [-3, 1, -1, 3], "1/3"),
    "equal inputs": ([[1], [-2], [1], [0]], [3, -1, 1, 2], "1/3"),
    "ties of responses": ([["-1/3"], ["2/5"], ["1"]], [2, 2, 2], "1/10"),
    "no signal": ([[0], [1], [3]], [0, 0, 0], "1/2"),
}
