"""Faces that doubles choose, against the signs of exact gradients (Theorem C)."""

import random
from fractions import Fraction
from itertools import product
from math import isqrt

import numpy as np
import pytest
from flint import fmpq

from reluenum.engines.certified.escalation import Escalation
from reluenum.engines.certified.projections import project
from reluenum.engines.certified.verdicts import scan
from reluenum.engines.trees.leaves import LeafJudge
from reluenum.engines.trees.nearby import SLACK, NearFaces
from reluenum.geometry.geometry import Geometry
from reluenum.groebner.backends import Settings
from reluenum.problem import Problem

BIASES = ("none", "free")  # with the other one, residuals depend on the ridge


def scattered(rng, size, dimension):
    inputs = [[f"{rng.uniform(-1, 1):.3f}" for _ in range(dimension)] for _ in range(size)]
    return inputs, [f"{rng.uniform(-1.5, 1.5):.3f}" for _ in range(size)]


def repeated(rng, size, dimension):
    """Small whole numbers: equal inputs, many on a line, perhaps all of them."""
    inputs = [[rng.randint(-1, 1) for _ in range(dimension)] for _ in range(size)]
    return inputs, [rng.randint(-2, 2) for _ in range(size)]


def mirrored(rng, size, dimension):
    half = list(product(range(1, 3), repeat=dimension))[: size // 2]
    values = [rng.randint(-2, 2) for _ in half]
    return [*half, *([-x for x in row] for row in half)], [*values, *(-y for y in values)]


def even(rng, size, dimension):
    """A grid: many of the gradients have rational lengths."""
    inputs = rng.sample(list(product(range(3), repeat=dimension)), min(size, 3**dimension))
    return inputs, [rng.choice([-1, 0, 1]) for _ in inputs]


KINDS = (scattered, repeated, mirrored, even)


def drawn(kind, seed, dimension, ridge="1/10"):
    rng = random.Random(seed)
    inputs, targets = kind(rng, rng.randint(3, 5), dimension)
    return Problem.from_text(inputs, targets, 2, ridge, "sum", rng.choice(BIASES))


def exact(value):
    return fmpq(*Fraction(value).as_integer_ratio())


def exact_gradients(problem, faces, support, vectors):
    """The squared length of each u_F that is in F or its opposite, None of others, in fractions."""
    errors = list(problem.targets)
    for number, vector in zip(support, vectors, strict=True):
        for k in faces[number].active:
            errors[k] -= sum(x * exact(w) for x, w in zip(problem.rows[k], vector, strict=True))
    level, found = sum(errors) * problem.outer.bias_share, []
    for face in faces:
        terms = [[(errors[k] - level) * x for x in problem.rows[k]] for k in face.active]
        u = face.project([sum(column) for column in zip(*terms, strict=True)])
        sides = [sum(x * y for x, y in zip(row, u, strict=True)) for row in problem.rows]
        signs = tuple((side > 0) - (side < 0) for side in sides)
        inside = face.sign_values in (signs, tuple(-s for s in signs))
        found.append(sum(x * x for x in u) if inside else None)
    return found


def root(square):
    """A square root: exact if that is rational, else up to nearly twenty digits."""
    p, q = isqrt(int(square.p)), isqrt(int(square.q))
    if p * p == square.p and q * q == square.q:
        return Fraction(p, q)
    return Fraction(isqrt(int(square.p) * 10**40 // int(square.q)), 10**20)


@pytest.mark.parametrize("dimension", [1, 2, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_all_faces_that_attain_the_bound_are_chosen_and_one_that_exceeds_it(kind, dimension):
    """With the bound at the lengths of gradients of random residuals, and of the zero network."""
    rng, attained, exceeded = random.Random(5), 0, 0
    for seed in range(5):
        problem = drawn(kind, seed, dimension)
        faces = Geometry.of(problem).arrangement.live_faces
        support = rng.sample(range(len(faces)), rng.choice([0, 0, 1, 2]))
        vectors = [[rng.randint(-8, 8) / 8 for _ in range(dimension + 1)] for _ in support]
        squares = exact_gradients(problem, faces, support, vectors)
        bounds = sorted({root(square) for square in squares if square})
        for bound in rng.sample(bounds, min(4, len(bounds))):
            frames = Geometry.of(drawn(kind, seed, dimension, str(bound))).frames
            shape = (1, len(support), dimension + 1)
            given = np.array([support], dtype=int), np.array(vectors).reshape(shape)
            (chosen,) = NearFaces(frames).rows(*given, np.zeros(1))
            lengths = [float(root(s) / bound) if s is not None else 0.0 for s in squares]
            near = {k for k, x in enumerate(lengths) if abs(x - 1) < SLACK / 2}
            over = {k for k, x in enumerate(lengths) if x > 1 + 2 * SLACK}
            picked = set(np.flatnonzero(chosen).tolist())
            assert near
            assert near <= picked
            assert bool(picked & over) == bool(over)
            attained, exceeded = attained + len(near), exceeded + bool(over)
    assert attained > 10
    assert exceeded > 2


@pytest.mark.parametrize("dimension", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_faces_that_doubles_rule_out_are_neither_tight_nor_the_only_ones_that_exceed(
    kind, dimension
):
    """Of random supports, whose residuals are enclosed."""
    rng, some = np.random.default_rng(1), 0
    for seed in range(8):
        geometry = Geometry.of(drawn(kind, seed, dimension))
        frames = geometry.frames
        with Settings().open() as backends:
            judge = LeafJudge(frames, Escalation(geometry, backends))
        draws = [rng.choice(len(frames.faces), 2, replace=False) for _ in range(40)]
        found = project(frames, np.sort(draws, axis=1))
        found = found[np.isfinite(found.radius)]
        tight = np.zeros((len(found), len(frames.faces)), dtype=np.int8)
        every = scan(frames, found, tight)
        vectors = found.vectors(frames).mid
        chosen = scan(frames, found, tight, judge.candidates(found, vectors))
        assert ((every.exceeding != 0).any(axis=1) == (chosen.exceeding != 0).any(axis=1)).all()
        assert (every.known == chosen.known).all()
        assert ((chosen.exceeding == 0) | (chosen.exceeding == every.exceeding)).all()
        some += (chosen.exceeding != 0).sum()
    assert some > 20


def test_where_a_residual_is_known_badly_more_faces_are_looked_at():
    frames = Geometry.of(drawn(scattered, 1, 2)).frames
    near = NearFaces(frames)
    nothing = np.empty((3, 0), dtype=int), np.empty((3, 0, 3))
    known, badly, exactly = near.rows(*nothing, np.array([0, 10, np.inf]))
    assert known.sum() < badly.sum() == len(frames.faces)
    assert (exactly == known).all()


def test_what_is_no_number_rules_out_no_face():
    frames = Geometry.of(drawn(scattered, 1, 2)).frames
    support, vectors = np.array([[0], [0]]), np.array([[[np.nan] * 3], [[0.0] * 3]])
    with np.errstate(all="ignore"):
        lost, zero = NearFaces(frames).rows(support, vectors, np.zeros(2))
    assert lost.all()
    assert not zero.all()
