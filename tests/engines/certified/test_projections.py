"""Residuals of batches lie where their enclosures say, whatever the solver did."""

from functools import cache

import numpy as np
import pytest
from flint import arb, ctx
from scipy.optimize import minimize

from reluenum.algebra.balls import Balls
from reluenum.engines.certified.projections import (
    EnclosedResiduals,
    _radius,
    blocks,
    fall_back,
    minimise,
    project,
)
from reluenum.engines.reduced.completeness import KnownResiduals as Known
from reluenum.engines.reduced.outcomes import solve_support
from reluenum.geometry.frames import _orthogonal
from reluenum.geometry.geometry import Geometry
from reluenum.geometry.subsets import Subsets
from reluenum.groebner.backends import open_backends
from tests.support.oracles import random_problem, reference_problem

PROBLEMS = [
    reference_problem(2, "1/10"),
    random_problem(11, 4, 1, 2, "1/5", output_bias="free"),
    random_problem(12, 4, 1, 2, "1/5", "tie", loss="mean"),
    random_problem(13, 3, 2, 2, "1/4", output_bias="ridge"),
]


@cache
def solved(problem):
    """For every support the certified point of its own, and what Theorem E knows of the others."""
    frames = Geometry.of(problem).frames
    known, points = Known(problem), {}
    with open_backends("auto") as engine:
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
        errors = [arb(y) for y in problem.means]
        for f, beta in zip(found.supports[k], found.beta[k], strict=True):
            face = frames.faces[f]
            vectors = _orthonormal(face.basis)
            w = [
                sum((arb(float(b)) * v[j] for b, v in zip(beta, vectors, strict=False)), arb(0))
                for j in range(frames.coordinates)
            ]
            for k, site in enumerate(problem.sites):
                if site.first in face.active:
                    errors[k] -= sum((x * y for x, y in zip(site.row, w, strict=True)), arb(0))
        triples = zip(problem.sites, problem.residual(errors), point.residual, strict=True)
        return sum((s.count * (a - b.ball(200)) ** 2 for s, a, b in triples), arb(0)).sqrt()


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
    """Lemma 28."""
    frames = Geometry.of(problem).frames
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
    frames = Geometry.of(problem).frames
    points, _ = solved(problem)
    found = project(frames, of_size(problem, 2))
    matrix, target = blocks(frames, found.supports)
    padded = frames.padded[found.supports].reshape(target.shape)
    generator = np.random.default_rng(0)
    finite = 0
    for size in (1e-3, 1e-6, 1e-9):
        beta = found.beta * (1 + size * generator.standard_normal(found.beta.shape))
        radius = _radius(matrix, target, beta.reshape(target.shape), padded, frames.ridge, 2)
        other = EnclosedResiduals(found.supports, beta, radius, found.dual)
        finite += np.isfinite(radius).sum()
        for k in np.flatnonzero(np.isfinite(radius)):
            point = points[tuple(map(int, found.supports[k]))]
            assert distance(problem, frames, other, k, point) <= arb(float(radius[k]))
    assert finite > 0


@pytest.mark.parametrize("problem", PROBLEMS, ids=repr)
def test_reducible_supports_are_enclosed_by_the_vectors_of_smaller_ones(problem):
    """The gap ball of Lemma 8, with no vector on the face that is not needed."""
    frames = Geometry.of(problem).frames
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
    frames = Geometry.of(problem).frames
    points, _ = solved(problem)
    rows = [r for r in Subsets(len(frames.faces), 2).rows(0, 10**9) if tuple(r) not in points]
    assert not np.isfinite(project(frames, np.array(rows)).radius).any()


def test_results_do_not_depend_on_the_batch():
    problem = reference_problem(2, "1/100")
    frames = Geometry.of(problem).frames
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
    frames = Geometry.of(problem).frames
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


def judged_by_moments(problem, frames, found, k):
    """|u_F| at the residual of beta, and P, in plain doubles from sums over the data."""
    rows = np.array([[float(e.p) / float(e.q) for e in row] for row in problem.rows])
    errors = np.array([float(y.p) / float(y.q) for y in problem.targets])
    vectors = found.vectors(frames).mid[k]
    for f, w in zip(found.supports[k], vectors, strict=True):
        active = list(frames.faces[f].active)
        errors[active] -= rows[active] @ w
    share = float(problem.outer.bias_share.p) / float(problem.outer.bias_share.q)
    residual = errors - share * errors.sum()
    duals = []
    for f in found.supports[k]:
        face = frames.faces[f]
        projector = np.array([[float(e.p) / float(e.q) for e in row] for row in face.projector])
        active = list(face.active)
        duals.append(projector @ (residual[active] @ rows[active]))
    return vectors, duals


@pytest.mark.parametrize(
    "problem", [*PROBLEMS, random_problem(31, 5, 3, 1, "1/6", output_bias="free")], ids=repr
)
@pytest.mark.parametrize("size", [1, 3])
def test_finite_radii_belong_to_solutions_of_theorem_a(problem, size):
    """u_F(r) = Lambda w_F / |w_F|, summed over the data, wherever a radius is given."""
    frames = Geometry.of(problem).frames
    found = project(frames, Subsets(len(frames.faces), size).rows(0, 60))
    ridge = float(frames.ridge.mid)
    good = np.flatnonzero(np.isfinite(found.radius))
    assert len(good) > 2 or size == 3  # with few data points nearly all of these are reducible
    for k in good[:40]:
        for w, u in zip(*judged_by_moments(problem, frames, found, k), strict=True):
            slack = 1e-9 + 100 * found.radius[k]
            assert np.allclose(u, ridge * w / np.linalg.norm(w), atol=slack, rtol=0)


@pytest.mark.parametrize("problem", PROBLEMS, ids=repr)
def test_radii_are_infinite_or_true_whatever_the_support(problem):
    frames = Geometry.of(problem).frames
    _, known = solved(problem)
    supports = Subsets(len(frames.faces), 2).rows(0, 10**9)
    found = project(frames, supports)
    for k in np.flatnonzero(np.isfinite(found.radius)):
        point = known._points[tuple(frames.faces[f] for f in supports[k])]
        assert distance(problem, frames, found, k, point) <= arb(float(found.radius[k]))


def test_the_minimiser_agrees_with_an_independent_optimiser_to_six_digits():
    problem = random_problem(21, 5, 1, 2, "1/5")
    frames = Geometry.of(problem).frames
    found = project(frames, Subsets(len(frames.faces), 2).rows(0, 10**9))
    matrix, target = blocks(frames, found.supports)
    ridge = float(frames.ridge.mid)
    good = np.flatnonzero(np.isfinite(found.radius))[::7]
    for k in good:

        def height(beta, k=k):
            lengths = np.linalg.norm(beta.reshape(2, -1), axis=1)
            value = beta @ matrix.mid[k] @ beta / 2 - target.mid[k] @ beta + ridge * lengths.sum()
            units = (beta.reshape(2, -1) / np.maximum(lengths, 1e-300)[:, None]).ravel()
            return value, matrix.mid[k] @ beta - target.mid[k] + ridge * units

        start = found.beta[k].ravel() + 0.05
        start[frames.padded[found.supports[k]].ravel()] = 0
        options = {"gtol": 1e-10, "maxiter": 5000}
        other = minimize(height, start, jac=True, method="BFGS", options=options)
        difference = matrix.mid[k] @ (other.x - found.beta[k].ravel())
        assert np.abs(difference).max() < 1e-6


def test_results_do_not_depend_on_the_order_of_a_batch():
    problem = random_problem(22, 4, 2, 3, "1/9", output_bias="ridge")
    frames = Geometry.of(problem).frames
    supports = Subsets(len(frames.faces), 3).rows(0, 300)
    order = np.random.default_rng(0).permutation(len(supports))
    together, mixed = project(frames, supports), project(frames, supports[order])
    assert np.array_equal(mixed.beta, together.beta[order], equal_nan=True)
    assert np.array_equal(mixed.radius, together.radius[order], equal_nan=True)
    assert np.array_equal(mixed.dual.mid, together.dual.mid[order], equal_nan=True)
    assert np.array_equal(mixed.dual.rad, together.dual.rad[order], equal_nan=True)
    assert np.isfinite(together.radius).sum() > 20
