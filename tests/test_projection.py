"""Residuals of batches lie where their enclosures say, whatever the solver did."""

from functools import cache

import numpy as np
import pytest
from flint import arb, ctx
from oracles import random_problem, reference_problem
from scipy.optimize import minimize

from reluenum.balls import Balls
from reluenum.completeness import Projections as Known
from reluenum.frames import _orthogonal
from reluenum.groebner import open_engine
from reluenum.projection import Projections, _radius, blocks, fall_back, minimise, project
from reluenum.spool import geometry
from reluenum.stationary import solve_support
from reluenum.subsets import Subsets

PROBLEMS = [
    reference_problem(2, "1/10"),
    random_problem(11, 4, 1, 2, "1/5", output_bias="free"),
    random_problem(12, 4, 1, 2, "1/5", "tie", loss="mean"),
    random_problem(13, 3, 2, 2, "1/4", output_bias="ridge"),
]


@cache
def solved(problem):
    """For every support the certified point of its own, and what Theorem E knows of the others."""
    _, frames = geometry(problem)
    known, points = Known(problem), {}
    with open_engine("auto") as engine:
        for size in (1, 2):
            for row in Subsets(len(frames.faces), size).rows(0, 10**9):
                support = tuple(frames.faces[f] for f in row)
                if not known.reduce(support):
                    point = solve_support(problem, support, engine).point
                    known.record(point)
                    points[tuple(map(int, row))] = point
    return points, known


def of_size(problem, size):
    points, _ = solved(problem)
    return np.array([row for row in points if len(row) == size])


def distance(problem, frames, found, k, point):
    """A ball around |r_S - r~|, with r~ from the coordinates beta, in 200 bits."""
    with ctx.workprec(200):
        errors = [arb(y) for y in problem.targets]
        for f, beta in zip(found.supports[k], found.beta[k], strict=True):
            face = frames.faces[f]
            vectors = _orthonormal(face.basis)
            w = [
                sum((arb(float(b)) * v[j] for b, v in zip(beta, vectors, strict=False)), arb(0))
                for j in range(frames.coordinates)
            ]
            for i in face.active:
                errors[i] -= sum((x * y for x, y in zip(problem.rows[i], w, strict=True)), arb(0))
        residual = problem.residual(errors)
        exact = [number.ball(200) for number in point.residual]
        return sum(((a - b) ** 2 for a, b in zip(residual, exact, strict=True)), arb(0)).sqrt()


def _orthonormal(basis):
    found = []
    for vector in _orthogonal(basis):
        length = arb(sum(x * x for x in vector)).sqrt()
        found.append([arb(x) / length for x in vector])
    return found


def assert_dual(face, point, mid, rad):
    """The coordinates of u_F at a point's residual lie in their balls."""
    exact = point.projected_gradient(face)
    for j, vector in enumerate(_orthonormal(face.basis)):
        value = sum((x * y.ball(128) for x, y in zip(vector, exact, strict=True)), arb(0))
        assert abs(value - float(mid[j])) <= arb(float(rad[j]))


@pytest.mark.parametrize("problem", PROBLEMS, ids=repr)
@pytest.mark.parametrize("size", [1, 2])
def test_exact_residuals_lie_within_the_radius(problem, size):
    _, frames = geometry(problem)
    points, _ = solved(problem)
    found = project(frames, of_size(problem, size))
    assert np.isfinite(found.radius).all()
    assert (found.radius < 1e-8).all()
    for k, row in enumerate(found.supports):
        point = points[tuple(map(int, row))]
        assert distance(problem, frames, found, k, point) <= arb(float(found.radius[k]))
        for place, f in enumerate(row):
            mid, rad = found.dual.mid[k, place], found.dual.rad[k, place]
            assert_dual(frames.faces[f], point, mid, rad)


@pytest.mark.parametrize("problem", PROBLEMS, ids=repr)
def test_a_disturbed_solution_gets_a_radius_that_is_large_enough(problem):
    _, frames = geometry(problem)
    points, _ = solved(problem)
    found = project(frames, of_size(problem, 2))
    matrix, target = blocks(frames, found.supports)
    padded = frames.padded[found.supports].reshape(target.shape)
    generator = np.random.default_rng(0)
    finite = 0
    for size in (1e-3, 1e-6, 1e-9):
        beta = found.beta * (1 + size * generator.standard_normal(found.beta.shape))
        radius = _radius(matrix, target, beta.reshape(target.shape), padded, frames.ridge, 2)
        other = Projections(found.supports, beta, radius, found.dual)
        finite += np.isfinite(radius).sum()
        for k in np.flatnonzero(np.isfinite(radius)):
            point = points[tuple(map(int, found.supports[k]))]
            assert distance(problem, frames, other, k, point) <= arb(float(radius[k]))
    assert finite > 0


@pytest.mark.parametrize("problem", PROBLEMS, ids=repr)
def test_reducible_supports_are_enclosed_by_the_vectors_of_smaller_ones(problem):
    """The gap ball of Lemma 8, with no vector on the face that is not needed."""
    _, frames = geometry(problem)
    points, known = solved(problem)
    rows = [r for r in Subsets(len(frames.faces), 2).rows(0, 10**9) if tuple(r) not in points]
    tried = 0
    for row in rows:
        support = tuple(frames.faces[f] for f in row)
        for keep in (0, 1):
            inner = points.get((int(row[keep]),))
            if inner is None or known._points[support] is not inner:
                continue
            vectors = np.zeros((1, 2, frames.coordinates))
            (unit,), (square,) = inner.unit_vectors, inner.squares
            vectors[0, keep] = [float((square * e).ball(64).mid()) for e in unit]
            for scale in (1.0, 1.001, 0.99, 0.5, 3.0):
                found = fall_back(frames, row[None], scale * vectors)
                assert found.radius[0] < 1e-4 or scale != 1
                bound = arb(float(found.radius[0]))
                assert distance(problem, frames, found, 0, inner) <= bound
                for f, mid, rad in zip(row, found.dual.mid[0], found.dual.rad[0], strict=True):
                    assert_dual(frames.faces[f], inner, mid, rad)
            tried += 1
    assert tried > 3


def test_non_essential_supports_get_no_radius():
    problem = PROBLEMS[0]
    _, frames = geometry(problem)
    points, _ = solved(problem)
    rows = [r for r in Subsets(len(frames.faces), 2).rows(0, 10**9) if tuple(r) not in points]
    assert not np.isfinite(project(frames, np.array(rows)).radius).any()


def test_results_do_not_depend_on_the_batch():
    problem = reference_problem(2, "1/100")
    _, frames = geometry(problem)
    supports = Subsets(len(frames.faces), 2).rows(0, 10**9)
    together = project(frames, supports)
    backwards = project(frames, supports[::-1])
    for k in range(0, len(supports), 7):
        alone = project(frames, supports[k : k + 1])
        for other, place in ((alone, 0), (backwards, len(supports) - 1 - k)):
            assert np.array_equal(other.beta[place], together.beta[k], equal_nan=True)
            assert other.radius[place] == together.radius[k]


def test_the_minimiser_is_that_of_an_independent_optimiser():
    problem = random_problem(21, 5, 1, 2, "1/5")
    _, frames = geometry(problem)
    found = project(frames, Subsets(len(frames.faces), 2).rows(0, 10**9))
    matrix, target = blocks(frames, found.supports)
    ridge = float(frames.ridge.mid)
    good = np.flatnonzero(np.isfinite(found.radius))[::9]
    assert len(good) > 5
    for k in good:

        def height(beta, k=k):
            lengths = np.linalg.norm(beta.reshape(2, -1), axis=1).sum()
            return beta @ matrix.mid[k] @ beta / 2 - target.mid[k] @ beta + ridge * lengths

        start = found.beta[k].ravel() + 0.1
        other = minimize(
            height, start, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-14}
        )
        assert height(found.beta[k].ravel()) <= other.fun + 1e-9


def test_hopeless_matrices_are_answered_by_no_radius_and_no_error():
    matrix = np.array(
        [[[np.nan, 0], [0, 1.0]], [[0.0, 0], [0, 0]], [[1e308, 1e308], [1e308, 1e308]]]
    )
    target = np.array([[1.0, 1], [1, 1], [1e308, -1e308]])
    with np.errstate(all="ignore"):
        beta = minimise(matrix, target, np.ones((3, 2)), 0.1)
        wide = Balls.exact(matrix)
        padded = np.zeros_like(target, dtype=bool)
        radius = _radius(wide, Balls.exact(target), beta, padded, Balls.exact(0.1), 2)
    assert not np.isfinite(radius[[0, 2]]).any()
