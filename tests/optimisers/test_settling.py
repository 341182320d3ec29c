"""Lemmas 33 and 34: networks slide downhill, and end stationary on their faces."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reluenum import Problem
from reluenum.geometry.geometry import Geometry
from reluenum.optimisers import Networks, Objective
from reluenum.optimisers.settling import GONE, Cells, leave_saddles, losses, network_of, settle
from tests.support.oracles import random_problem

PROBLEMS = (
    random_problem(1, 5, 1, 3, "1/10"),
    random_problem(2, 4, 2, 2, "1/20", output_bias="free"),
    random_problem(3, 5, 1, 2, "1/7", loss="mean", output_bias="ridge"),
    random_problem(4, 6, 1, 3, "1/100", "tie"),
    random_problem(5, 4, 2, 3, "1/2", "line"),
    Problem.from_text([["-1"], ["0"], ["1"]], ["1", "0", "1"], 3, "1/10"),
)


@cache
def posed(number):
    problem = PROBLEMS[number]
    return Cells.of(Geometry.of(problem)), Objective(problem)


@st.composite
def networks_on_a_problem(draw):
    number, seed = draw(st.integers(0, len(PROBLEMS) - 1)), draw(st.integers(0, 10**6))
    cells, objective = posed(number)
    return cells, objective, objective.starts(20, np.random.default_rng(seed))


def dual_vectors(cells, objective, settled):
    """u_l of every unit, (S, L, D), and the residuals; straight from the definition."""
    residual = objective.residuals(objective.with_best_outer(network_of(settled)))
    active = cells.signs[settled.faces] > 0
    pulled = (active * residual[:, None, :]) @ objective.rows
    return (cells.projector[settled.faces] @ pulled[..., None])[..., 0], residual


@given(networks_on_a_problem())
@settings(max_examples=12)
def test_settling_never_raises_the_loss_and_ends_stationary_on_open_faces(posed_networks):
    cells, objective, networks = posed_networks
    settled = settle(cells, objective, networks)
    assert settled.done.all()
    assert (losses(objective, settled) <= objective.values(networks) + 1e-9).all()
    living = settled.faces != GONE
    dual, _ = dual_vectors(cells, objective, settled)
    lengths = np.linalg.norm(settled.vectors, axis=2, keepdims=True)
    wanted = objective.ridge * settled.vectors / np.where(lengths > 0, lengths, 1)
    assert np.abs(dual - wanted)[living].max(initial=0) < 1e-6 * objective.ridge
    units = settled.vectors * settled.signs[..., None]
    pre = units @ objective.rows.T
    size = lengths * np.linalg.norm(objective.rows, axis=1)
    signs = cells.signs[settled.faces]
    assert (
        np.where(signs == 0, np.abs(pre) <= 1e-8 * size, pre * signs > 0) | ~living[..., None]
    ).all()


@given(networks_on_a_problem())
@settings(max_examples=6)
def test_settling_what_has_settled_changes_nothing(posed_networks):
    cells, objective, networks = posed_networks
    once = settle(cells, objective, networks)
    twice = settle(cells, objective, network_of(once))
    assert losses(objective, twice) == pytest.approx(losses(objective, once), rel=1e-7)
    for k in range(len(networks)):
        faces = [(face, sign) for face, sign, _ in once.groups(k)]
        assert [(face, sign) for face, sign, _ in twice.groups(k)] == faces


@given(networks_on_a_problem())
@settings(max_examples=6)
def test_a_small_drop_of_the_loss_is_a_small_change_of_the_residual(posed_networks):
    """Lemma 34, with its largest number of moves of the proof of Lemma 33."""
    cells, objective, networks = posed_networks
    width, coordinates = networks.units.shape[1:]
    before = objective.with_best_outer(networks)
    settled = settle(cells, objective, before)
    after = objective.with_best_outer(network_of(settled))
    residuals = [objective.residuals(n) for n in (before, after)]
    errors = [r + n.bias[:, None] for r, n in zip(residuals, (before, after), strict=True)]
    change = ((errors[0] - errors[1]) * (residuals[0] - residuals[1])).sum(axis=1)
    drop = objective.values(before) - objective.values(after)
    assert (change <= 2 * width * (coordinates + 2) * drop + 1e-9).all()


@given(networks_on_a_problem())
@settings(max_examples=6)
def test_units_stay_units_they_die_or_join_others(posed_networks):
    cells, objective, networks = posed_networks
    settled = leave_saddles(cells, objective, settle(cells, objective, networks))
    for k in range(len(networks)):
        groups = settled.groups(k)
        assert len({face for face, _, _ in groups}) == len(groups)
        assert sum(count for _, _, count in groups) <= networks.weights.shape[1]


@given(networks_on_a_problem())
@settings(max_examples=6)
def test_beyond_saddles_the_loss_is_lower_and_no_kink_leads_down(posed_networks):
    cells, objective, networks = posed_networks
    settled = settle(cells, objective, networks)
    beyond = leave_saddles(cells, objective, settled)
    assert beyond.done.all()
    assert (losses(objective, beyond) <= losses(objective, settled) + 1e-9).all()
    generator = np.random.default_rng(0)
    here = objective.with_best_outer(network_of(beyond))
    living = (beyond.faces != GONE)[..., None]
    for _ in range(5):
        turned = here.units + living * 1e-4 * generator.standard_normal(here.units.shape)
        near = Networks(here.weights, turned, here.bias)
        assert (objective.values(near) >= objective.values(here) - 1e-9).all()


HAND = Problem.from_text([["0"]], ["2"], 2, "1/2")
"""One point, so f = a relu(c): the only stationary w = a c is 2 - 1/2."""


def settled_by_hand(*units):
    """Settle networks of one or two units, given as triples a, b, c."""
    filled = [*units, (0, 0, 0)][:2]
    cells, objective = Cells.of(Geometry.of(HAND)), Objective(HAND)
    networks = Networks(
        np.array([[a for a, _, _ in filled]], dtype=float),
        np.array([[(b, c) for _, b, c in filled]], dtype=float),
        np.zeros(1),
    )
    return cells, settle(cells, objective, networks)


def test_one_unit_by_hand():
    cells, settled = settled_by_hand((3, 5, 1))
    assert settled.vectors[0, 0] == pytest.approx([0, 1.5])
    assert [cells.frames.faces[f].signs for f, _, _ in settled.groups(0)] == ["+"]


def test_two_units_of_one_face_are_joined_by_hand():
    _, settled = settled_by_hand((1, 0, 2), (0.5, 1, 1))
    ((_, sign, count),) = settled.groups(0)
    assert (sign, count) == (1, 2)
    assert settled.vectors[0].sum(axis=0) == pytest.approx([0, 1.5])


def test_a_unit_of_the_wrong_sign_dies_by_hand():
    _, settled = settled_by_hand((-1, 0, 2))
    assert settled.groups(0) == ()
    assert not settled.dead.any()


def test_of_opposite_units_the_weaker_one_dies_by_hand():
    _, settled = settled_by_hand((-1, 0, 1), (2, 0, 1))
    assert [(sign, count) for _, sign, count in settled.groups(0)] == [(1, 1)]


def test_a_unit_without_an_active_point_is_dead_by_hand():
    _, settled = settled_by_hand((1, 0, 1), (1, 0, -1))
    assert settled.dead.tolist() == [[False, True]]
    assert [count for _, _, count in settled.groups(0)] == [1]
