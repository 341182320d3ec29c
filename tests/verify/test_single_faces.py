"""Boxes of single faces (Lemma 58): none with a minimum is excluded, nearly all others are."""

from itertools import combinations, product
from pathlib import Path

import numpy as np
import pytest

from benchmarks.boxes import BoxInstance
from reluenum import Problem
from reluenum.datasets.datafiles import parse_csv, read_csv
from reluenum.engines.branch.circle import circle_numbers
from reluenum.engines.certified.projections import project
from reluenum.geometry.geometry import Geometry
from reluenum.verify.boxes.cover import settled
from reluenum.verify.boxes.lasso import unsupported
from reluenum.verify.boxes.spans import LineData
from reluenum.verify.boxes.sums import numbers
from reluenum.verify.boxes.tree import MOST_PARTS, box_of
from tests.support.boxes import certified, good_supports, problem_of
from tests.support.machine_code import seen_with

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.seconds(20)


def box_on(faces, signs):
    """The box of faces around the circle, parts of one sign in their order, negative ones first."""
    pairs = sorted(zip(signs, faces, strict=True))
    return box_of([(sign, face, face + 1, 1) for sign, face in pairs])[: len(faces)]


@pytest.mark.parametrize("seed", range(60))
def test_the_faces_of_a_minimum_are_never_excluded(seed):
    """However degenerate the data."""
    document, data, _ = certified(problem_of(seed))
    table, places = numbers(data), LineData(document["problem"]).around
    around = {place: face for face, place in enumerate(places)}
    for sides in good_supports(document):
        assert not unsupported(table, box_on([around[k] for k in sides], sides.values()))


@pytest.mark.parametrize("seed", [4, 10, 12])
def test_of_all_supports_hardly_more_than_the_minima_are_left(seed):
    """Of random data, by this rule and others: one at most, with units that nearly cancel out."""
    problem = problem_of(seed, width=2, size=8)
    document, data, _ = certified(problem)
    table, live = numbers(data), 4 * len(data.rows) - 3
    supports = [s for m in (1, 2) for s in combinations(range(live), m)]
    boxes = [box_on(s, signs) for s in supports for signs in product((-1, 1), repeat=len(s))]
    left = [box for box in boxes if not unsupported(table, box)]
    left = np.array([np.pad(box, ((0, MOST_PARTS - len(box)), (0, 0))) for box in left])
    empty, _ = settled(table, left, np.zeros_like(left))
    minima = sum(1 for _ in good_supports(document))
    assert minima <= sum(~empty) <= minima + 1


@pytest.mark.parametrize(("ridge", "faces"), [("1", (195, 198, 233)), ("1/10", (124, 198, 315))])
def test_vectors_that_vanish_are_found(ridge, faces):
    """Of faces that depend on each other, as a cell and the middle one do on a third."""
    inputs, targets = read_csv(str(ROOT / "config/data/nile.csv"))
    problem = Problem.from_text(inputs, targets, 3, ridge)
    table = numbers(LineData(problem.to_document()))
    assert unsupported(table, box_on(faces, [-1, -1, -1]))


HARD = [
    ("noise", 100, "none", [(-1, 188), (-1, 198), (-1, 385), (-1, 389)]),
    ("noise", 100, "none", [(-1, 4), (-1, 204), (1, 198)]),
    ("noise", 30, "free", [(-1, 58), (1, 47), (1, 106), (1, 110)]),
    ("signal", 200, "none", [(-1, 364), (-1, 398), (-1, 766)]),
]
"""Supports that are no minima whose vectors are hard to find: nearly parallel outputs, on few data,
steps that change the function by less than rounding does, and starts from which none is found."""


@pytest.mark.parametrize(("data", "size", "bias", "parts"), HARD)
def test_vectors_are_found_where_that_is_hard(data, size, bias, parts):
    inputs, targets = parse_csv(BoxInstance(data, 1, size, 4).text, data)
    problem = Problem.from_text(inputs, targets, 4, "1/100", output_bias=bias)
    signs, faces = zip(*parts, strict=True)
    assert unsupported(numbers(LineData(problem.to_document())), box_on(faces, signs))


def test_the_residual_is_in_the_ball_whatever_the_vectors_are():
    """Against residuals that another route encloses."""
    seen = 0
    for seed in range(10):
        problem, draw = problem_of(seed, size=7), np.random.default_rng(seed)
        table, frames = numbers(LineData(problem.to_document())), Geometry.of(problem).frames
        around = circle_numbers(problem, frames.faces)
        supports = [np.sort(draw.choice(len(around), 2, replace=False)) for _ in range(30)]
        found = project(frames, np.array(supports))
        for n in np.flatnonzero(np.isfinite(found.radius)):
            for scale in (0.0, 0.01, 1.0, 30.0):
                w = scale * draw.normal(size=4)
                seen += holds_residual(table, frames, around, found[[n]], w)
    assert seen > 400


def holds_residual(table, frames, around, found, w):
    """Whether what a ball says of dual vectors is true."""
    places, seen = np.argsort(around[found.supports[0]]), True
    box = box_on(around[found.supports[0]], [1, 1])
    flats, ball, *_ = seen_with(table, box, w)
    for f, place in enumerate(places):
        exact = frames.basis.mid[found.supports[0, place]] @ found.dual.mid[0, place]
        for k in range(flats.first[f], flats.first[f + 1]):
            value = exact @ (flats.vectors[k] if box[f, 1] % 2 else np.eye(2)[k - flats.first[f]])
            error = ball.tau * ball.errors[k] + ball.radius * np.sqrt(flats.gram[k, k])
            seen = seen and abs(ball.tau * ball.duals[k] - value) <= error + 1e-9
    assert seen
    return seen
