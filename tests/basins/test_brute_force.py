"""Merge trees beside a brute force that shares nothing with the package.

Pieces are compared by two, all of them or those that suffice (Theorem G, Lemma 36), and not by
points as in Corollary G.1.
"""

import random
from fractions import Fraction

import numpy as np
import pytest

from reluenum import Problem, enumerate_minima
from tests.support.pieces import TOLERANCE, Pieces

pytestmark = pytest.mark.seconds(25)

pytest.importorskip("clarabel", reason="no interior point method is installed (extra convex)")


def data(seed, kind, size, dimension):
    """Small data: fractions, whole numbers, mirrored ones, with equal inputs, or equal targets."""
    generator = random.Random(seed)

    def draw(most, denominators=(1,)):
        return Fraction(generator.randint(-most, most), generator.choice(denominators))

    if kind == "fractions":
        inputs = [[draw(20, (10,)) for _ in range(dimension)] for _ in range(size)]
        return inputs, [draw(20, (10,)) for _ in range(size)]
    inputs = [[draw(2, (1, 2)) for _ in range(dimension)] for _ in range(size)]
    targets = [draw(2) for _ in range(size)]
    if kind == "equal rows":
        inputs[1] = list(inputs[0])
    if kind == "equal targets":
        targets = [abs(targets[0]) + 1] * (size - 1) + [Fraction(0)]
    if kind in ("mirrored", "odd"):
        half, sign = size // 2, 1 if kind == "mirrored" else -1
        middle = [[Fraction(0)] * dimension] * (size % 2)
        inputs = inputs[:half] + [[-entry for entry in row] for row in inputs[:half]] + middle
        targets = targets[:half] + [sign * y for y in targets[:half]] + targets[: size % 2]
    return inputs, targets


KINDS = ("fractions", "whole", "mirrored", "odd", "equal rows", "equal targets")

SHAPES = ((3, 1, 2), (4, 1, 2), (5, 1, 1), (4, 1, 2), (4, 2, 1), (5, 1, 2), (3, 2, 2))

CASES = [
    (seed, KINDS[seed % 6], *SHAPES[seed % 7], ("none", "free", "ridge")[seed % 5 % 3])
    for seed in range(56)
]
"""In 43 of them components join, 11 times at a kink or a death that is a tie of three or more."""


def by_levels(landscape, labelled):
    """The merges of the package: levels, and the least losses of what joins."""
    basins = landscape.basins(labelled=labelled)
    losses = [float(record["loss"]) for record in basins.components]
    return sorted(
        (float(merge["loss"]), *sorted(losses[i] for i in merge["basins"]))
        for merge in basins.merges
    )


@pytest.mark.parametrize(("seed", "kind", "size", "dimension", "width", "bias"), CASES)
def test_levels_and_what_joins_there_are_those_of_all_convex_pieces(
    seed, kind, size, dimension, width, bias
):
    inputs, targets = data(seed, kind, size, dimension)
    ridge = Fraction(1, (100, 40, 10)[seed % 3])
    problem = Problem.from_text(inputs, targets, width, ridge, output_bias=bias)
    pieces = Pieces(inputs, targets, width, float(ridge), bias)
    engine = ("certified", "groebner")[seed % 9 == 0]
    assert_trees_agree(problem, pieces, engine, all_pairs=size * dimension <= 3)


@pytest.mark.parametrize("seed", range(21))
def test_so_they_are_without_hidden_bias(seed):
    """Rows may be 0, opposite and proportional there."""
    size, dimension, width = ((4, 2, 2), (5, 2, 1), (4, 1, 2), (3, 2, 2), (3, 3, 1))[seed % 5]
    inputs, targets = data(seed, KINDS[seed % 6], size, dimension)
    ridge, bias = Fraction(1, (100, 40, 10)[seed % 3]), ("none", "free", "ridge")[seed % 7 % 3]
    more = {"output_bias": bias, "hidden_bias": "none"}
    problem = Problem.from_text(inputs, targets, width, ridge, **more)
    pieces = Pieces(inputs, targets, width, float(ridge), bias, "none")
    assert_trees_agree(problem, pieces, "certified", all_pairs=True)


def assert_trees_agree(problem, pieces, engine, all_pairs):
    """Levels and losses of what joins are those of all pieces, labelled or not."""
    landscape = enumerate_minima(problem, engine=engine)
    for labelled in (False, True):
        expected = pieces.merges(labelled, all_pairs)
        found = by_levels(landscape, labelled)
        assert list(map(len, found)) == list(map(len, expected))
        scale = 1 + float(problem.energy)
        assert np.allclose(
            np.hstack(found or [[]]), np.hstack(expected or [[]]), 0, 3 * TOLERANCE * scale
        )
