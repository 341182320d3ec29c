"""Free hidden biases in the plane whatever the scales of the data are."""

import json

import numpy as np
import pytest
from flint import arb, ctx, fmpq

from reluenum import Problem, enumerate_minima
from reluenum.algebra.linear import dot
from reluenum.engines.creases.creases import Creases
from reluenum.engines.creases.enclosures import CreaseTables, CreaseVerdict
from reluenum.engines.creases.interior import InteriorPath
from reluenum.engines.creases.systems import CreaseSystem
from reluenum.geometry.subsets import Subsets
from tests.support.checking import checked

pytestmark = pytest.mark.seconds(12)

FREE = {"output_bias": "free", "hidden_bias": "free"}

INPUTS = [["1.3", "0.9"], ["-0.7", "0.4"], ["0.2", "-1.1"], ["1.6", "-0.3"]]

TARGETS = ["0.5", "-1", "0.8", "1.1"]


def posed(scale=1, shift=0, height=1, level=0, ridge="1/10", width=1, inputs=INPUTS, **more):
    rows = [[str(fmpq(scale) * number(x) + shift) for x in row] for row in inputs]
    targets = [str(fmpq(height) * number(y) + level) for y in TARGETS[: len(rows)]]
    return Problem.from_text(rows, targets, width, str(ridge), **FREE, **more)


def number(text):
    whole, _, digits = text.partition(".")
    return fmpq(int(whole + digits), 10 ** len(digits))


def found(tmp_path=None, **asked):
    document = json.loads(
        json.dumps(dict(enumerate_minima(posed(**asked), engine="certified").document))
    )
    assert document["complete"]
    if tmp_path:
        assert checked(document, tmp_path).components == len(document["components"])
    return document["components"]


def shapes(components):
    keys = ("dimension", "on_boundary", "global_at_every_width", "orbit_size", "unbounded")
    return [
        (
            *(one[key] for key in keys),
            [
                [(g["face"], g["sign"], g["multiplicity"]) for g in stratum["support"]]
                for stratum in one["strata"]
            ],
        )
        for one in components
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"scale": 10**9, "shift": -(10**9)},
        {"scale": fmpq(1, 10**9), "shift": 2024},
        {"height": 10**9, "level": 10**9},
        {"height": fmpq(1, 10**9)},
        {"scale": 10**60, "height": fmpq(1, 10**40)},
    ],
)
def test_units_of_the_data_do_not_matter(changes, tmp_path):
    """Lemma 131, with the ridge in the same units: faces and strata are the same."""
    factor = fmpq(changes.get("scale", 1)) * fmpq(changes.get("height", 1))
    plain = found()
    moved = found(tmp_path, ridge=fmpq(1, 10) * factor, **changes)
    assert len(plain) == 4
    assert shapes(moved) == shapes(plain)
    if "height" not in changes:
        assert [one["loss"] for one in moved] == [one["loss"] for one in plain]


@pytest.mark.parametrize(
    "changes",
    [
        {"ridge": fmpq(1, 10**14)},
        {"scale": 10**9, "width": 2, "inputs": INPUTS[:3]},
        {"inputs": [["0", "0"], ["1", "0"], ["0.000000001", "1"], ["1", "1.000000002"]]},
        {"inputs": [["1", "1000000"], ["2", "-3000000"], ["-1", "2000000"], ["0", "500000"]]},
        {"inputs": [["0", "1"], ["1", "3.000000000001"], ["2", "5"], ["3", "7.000000000007"]]},
    ],
)
def test_tiny_ridges_and_columns_of_any_scales_are_decided_and_proved(changes, tmp_path):
    """What was undecided, or took minutes, for want of slopes near the minimum."""
    assert len(found(tmp_path, **changes)) > 1


def test_the_end_of_the_path_has_a_small_gap_whatever_the_scales():
    """Lemma 132: a gap of at most the parameter for each crease, and u not too long."""
    creases, met = Creases(posed(ridge=fmpq(1, 10**12))), 0
    for row in Subsets(len(creases.live), 2).rows(0, 10**6)[::60].tolist():
        system = CreaseSystem(creases, tuple(creases.live[k] for k in row))
        end = InteriorPath(system, 128).minimum() if system.is_independent else None
        if end is None:
            continue
        with ctx.workprec(256):
            errors = [arb(mean) for mean in creases.problem.means]
            for crease, own in zip(system.support, end.coordinates, strict=True):
                matrix = crease.responses.tolist()
                errors = [e - dot(own, line) for e, line in zip(errors, matrix, strict=True)]
            residual = [dot(errors, line) for line in system.remover.tolist()]
            forces = creases.problem.weighted(residual)
            for crease, weight in zip(system.support, end.weights, strict=True):
                pull = crease.pull(forces)
                share = dot(pull, pull).sqrt() / creases.ridge
                if weight > 1e6:
                    met += 1
                    assert abs(share - 1) < 1e-6
                else:
                    assert share < 1
    assert met > 10


def test_the_path_in_doubles_rejects_what_fast_steps_do_not():
    tables = CreaseTables(Creases(posed(ridge=fmpq(1, 10**8))))
    rows = Subsets(len(tables.live), 2).rows(0, 10**6)
    rows = rows[~tables.dependent(rows)]
    _, removers = tables.removers(rows)
    left = []
    for slopes in (
        tables.approximate(rows, removers.mid, 50),
        tables.followed(rows, removers.mid),
    ):
        kind, _ = tables.judge(rows, slopes, removers)
        left.append(np.count_nonzero(kind == CreaseVerdict.UNDECIDED))
    assert left[1] < 0.7 * left[0] < len(rows) / 3
