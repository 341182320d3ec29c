"""Strings between minima: a string method never finds a pass below the certified barrier."""

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest

from reluenum import enumerate_minima
from reluenum.optimisers import Networks, Objective
from reluenum.optimisers.studies.bands import (
    Line,
    StringMethod,
    evenly,
    first_strings,
    highest,
    leaves_within,
    listed_networks,
    lowest_line,
)
from tests.support.oracles import fraction, random_problem, reference_problem

pytestmark = pytest.mark.seconds(10)

LANDSCAPES = {
    "reference, L = 2": reference_problem(2, "1/100"),
    "reference, L = 3": reference_problem(3, "1/100"),
    "random, d = 1": random_problem(2, 5, 1, 2, "1/50"),
    "random, d = 2, free bias": random_problem(4, 5, 2, 2, "1/50", output_bias="free"),
    "random, ridge bias, mean": random_problem(
        6, 4, 1, 2, "1/100", output_bias="ridge", loss="mean"
    ),
}


@pytest.fixture(scope="module", params=LANDSCAPES)
def landscape(request):
    """A problem, its document of basins, the components that are basins and their networks."""
    problem = LANDSCAPES[request.param]
    document = enumerate_minima(problem, engine="certified").basins().document
    listed = document["minima"]["components"]
    basins = [listed[leaf["component"]] for leaf in document["leaves"]]
    return problem, document, basins, listed_networks(basins)


def barrier(document, left, right):
    """The lower end of the level at which two leaves become one."""
    within = leaves_within(document)
    found = next(
        m for m, ins in zip(document["merges"], within, strict=True) if {left, right} <= ins
    )
    return Fraction(found["loss_interval"][0])


def test_no_string_passes_below_a_certified_barrier(landscape):
    """Theorem G, exactly: however badly a string is pulled, its highest point is no lower."""
    problem, document, _, networks = landscape
    objective, generator = Objective(problem), np.random.default_rng(1)
    pairs = list(combinations(range(len(networks)), 2))[:10]
    assert pairs
    for left, right in pairs:
        ends = networks[[left, right]]
        line = lowest_line(objective, StringMethod(13, 100), ends, 1, generator)
        assert fraction(highest(objective, line)) >= barrier(document, left, right)


def test_the_ends_of_a_string_share_closed_cells_with_their_minima(landscape):
    """So the way from the minimum itself to the end of the string is not higher (Lemma 43)."""
    problem, _, basins, networks = landscape
    rows = [[fraction(entry) for entry in row] for row in problem.rows]
    for component, units in zip(basins, networks.units, strict=True):
        groups = component["strata"][0]["support"]
        faces = [g["face"] for g in groups for _ in range(g["multiplicity"])]
        for face, unit in zip(faces, units, strict=False):
            for side, row in zip(face, rows, strict=True):
                height = sum(x * Fraction(w) for x, w in zip(row, unit, strict=True))
                assert side == "0" or height * (1 if side == "+" else -1) >= 0


def test_strings_come_near_to_the_passes_of_the_reference():
    """And not below them, which is another test."""
    problem = reference_problem(2, "1/100")
    document = enumerate_minima(problem, engine="certified").basins().document
    networks = listed_networks(document["minima"]["components"])
    objective, generator = Objective(problem), np.random.default_rng(0)
    for left, right in combinations(range(3), 2):
        ends = networks[[left, right]]
        line = lowest_line(objective, StringMethod(25, 1000), ends, 2, generator)
        low = float(barrier(document, left, right))
        assert float(highest(objective, line)) < 1.001 * low


def test_the_highest_point_of_a_line_is_that_of_a_dense_sample(landscape):
    """Random lines, sheets that change included; the loss straight from its definition."""
    problem, _, _, networks = landscape
    objective, generator = Objective(problem), np.random.default_rng(2)
    shape = objective.pack(networks[[0]]).shape[1]
    line = Line.through(objective.unpack(generator.standard_normal((6, shape))))
    assert (line.signs == 0).any()
    assert (line.signs[:-1] * line.signs[1:] >= 0).all()
    top = float(highest(objective, line))
    share = np.linspace(0, 1, 2001)[:, None, None]
    tops = []
    for sheets, first, last in zip(line.sheets, line.states[:-1], line.states[1:], strict=True):
        states = first + share * (last - first)
        size = np.sqrt(np.linalg.norm(states, axis=2))
        units = np.divide(states, size[..., None], out=0 * states, where=size[..., None] > 0)
        bare = Networks(sheets * size, units, np.zeros(len(size)))
        tops.append(objective.values(objective.with_best_outer(bare)).max())
    scale = float(problem.loss_scale)
    assert top * (1 + 1e-12) >= max(tops) * scale
    assert top <= max(tops) * scale * 1.01


def test_first_strings_join_the_ends_in_every_order_of_the_units():
    objective, generator = Objective(reference_problem(3, "1/10")), np.random.default_rng(0)
    start, stop = generator.standard_normal((2, 9))
    strings = first_strings(objective, start, stop, 2, generator)
    assert strings.shape == (6 * (1 + 3 + 2), 4, 9)
    assert (strings[:, 0] == start).all()
    losses = objective.evaluate(strings[:, -1])[0]
    assert np.allclose(losses, objective.evaluate(stop[None])[0])
    assert len(np.unique(strings[:, -1].round(9), axis=0)) == 6


def test_images_are_spread_evenly_and_ends_stay_where_they_are():
    strings = np.random.default_rng(3).standard_normal((5, 7, 4))
    found = evenly(strings, 400)
    assert (found[:, [0, -1]] == strings[:, [0, -1]]).all()
    steps = np.linalg.norm(np.diff(found, axis=1), axis=2)
    length = np.linalg.norm(np.diff(strings, axis=1), axis=2).sum(axis=1)
    assert (steps.max(axis=1) <= length / 399 * (1 + 1e-9)).all()
    assert (steps.sum(axis=1) >= 0.98 * length).all()
