"""The arrays of faces, against exact sums over the data."""

import random
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from flint import arb, ctx, fmpq

from reluenum import Problem
from reluenum.algebra.balls import Balls
from reluenum.algebra.linear import combine, dot
from reluenum.geometry import frames as frames_module
from reluenum.geometry.arrangement import Arrangement
from reluenum.geometry.frames import Frames, PairMoments
from reluenum.geometry.moments import Moments
from tests.support.oracles import random_problem, residual_by_points

CASES = [
    ((1, 4, 1, 1, "1/7", ""), {}),
    ((2, 5, 1, 1, "1/7", "tie"), {"output_bias": "free"}),
    ((3, 4, 2, 1, "2/9", ""), {"loss": "mean", "output_bias": "ridge"}),
    ((4, 5, 2, 1, "1/7", "line"), {"output_bias": "free"}),
    ((5, 4, 2, 1, "1/7", "tie"), {}),
    ((6, 4, 3, 1, "1/7", ""), {"output_bias": "ridge"}),
    ((7, 1, 1, 1, "1/7", ""), {}),
    ((8, 5, 1, 1, "1/7", "tie"), {"linear": "ridge", "output_bias": "free"}),
    ((9, 4, 2, 1, "1/7", "tie"), {"linear": "free", "output_bias": "ridge"}),
]


@pytest.fixture(params=CASES, ids=str)
def made(request):
    arguments, conventions = request.param
    problem = random_problem(*arguments, **conventions)
    arrangement = Arrangement.of(problem)
    return problem, arrangement, Frames.of(problem, arrangement)


def encloses(mid, rad, value):
    return abs(Fraction(float(mid)) - Fraction(str(value))) <= Fraction(float(rad))


def indicator(problem, active, i, j):
    return problem.rows[i][j] if i in active else fmpq(0)


def test_moments_are_enclosed(made):
    problem, _, frames = made
    size = problem.size
    sets = {int(k): frames.faces[f].active for f, k in enumerate(frames.active)}
    for k, one in sets.items():
        for m, other in sets.items():
            for p in range(frames.coordinates):
                left = [indicator(problem, one, i, p) for i in range(size)]
                for q in range(frames.coordinates):
                    right = residual_by_points(
                        problem, [indicator(problem, other, i, q) for i in range(size)]
                    )
                    ball = frames.gram[k, m, p, q]
                    assert encloses(ball.mid, ball.rad, dot(left, right))
                    assert ball.rad < 1e-11
        for p in range(frames.coordinates):
            fitted = residual_by_points(problem, problem.targets)
            ball = frames.target[k, p]
            assert encloses(ball.mid, ball.rad, sum(fitted[i] * problem.rows[i][p] for i in one))
    energy = dot(residual_by_points(problem, problem.targets), problem.targets)
    assert encloses(frames.energy.mid, frames.energy.rad, energy)
    assert encloses(frames.ridge.mid, frames.ridge.rad, problem.effective_ridge)


def test_bases_are_orthonormal_and_lie_in_the_flats(made):
    problem, _, frames = made
    for f, face in enumerate(frames.faces):
        basis = frames.basis.mid[f]
        inner = np.diag((~frames.padded[f]).astype(float))
        assert np.allclose(basis.T @ basis, inner, atol=1e-14)
        assert (~frames.padded[f]).sum() == face.dimension
        for i in face.zeros:
            row = np.array([float(Fraction(str(entry))) for entry in problem.rows[i]])
            assert np.allclose(row @ basis, 0, atol=1e-12)


def test_walls_decide_membership(made):
    """A vector of the flat is in the face iff it is on the positive side of all walls."""
    problem, _, frames = made
    generator = random.Random(0)
    seen = set()
    for f, face in enumerate(frames.faces):
        for _ in range(12):
            weights = [fmpq(generator.randint(-5, 5)) for _ in face.basis]
            vector = combine(weights, face.basis)
            if generator.random() < 0.5:
                vector = tuple(20 * p + v for p, v in zip(face.interior, vector, strict=True))
            values = [dot(row, vector) for row in problem.rows]
            signs = "".join("+" if v > 0 else "-" if v < 0 else "0" for v in values)
            numbers = np.array([float(Fraction(str(v))) for v in vector])
            heights = frames.walls.mid[f] @ (frames.basis.mid[f].T @ numbers)
            if np.abs(heights).min() > 1e-9:
                assert (heights > 0).all() == (signs == face.signs)
                seen.add(signs == face.signs)
    assert True in seen


def test_rays_and_the_active_sets_beside_them(made):
    problem, arrangement, frames = made
    for f, face in enumerate(frames.faces):
        rays = [ray for ray, _ in arrangement.around(face)]
        assert frames.ray_used[f].sum() == len(rays)
        for j, ray in enumerate(rays):
            beyond = [i for i in face.zeros if dot(problem.rows[i], ray) > 0]
            expected = tuple(sorted((*face.active, *beyond)))
            other = int(np.flatnonzero(frames.active == frames.ray_active[f, j])[0])
            assert frames.faces[other].active == expected
            short = [entry / max(map(abs, ray)) for entry in ray]
            for p, entry in enumerate(short):
                assert encloses(frames.rays.mid[f, j, p], frames.rays.rad[f, j, p], entry)
            reach = sum(dot(problem.rows[i], short) ** 2 for i in expected)
            assert Fraction(float(frames.ray_reach[f, j])) ** 2 >= Fraction(str(reach))


def test_reach_bounds_the_norm_of_every_residual(made):
    problem, _, frames = made
    generator = random.Random(1)
    for f, face in enumerate(frames.faces):
        for _ in range(5):
            r = [fmpq(generator.randint(-4, 4)) for _ in problem.targets]
            gradient = [
                sum((r[i] * problem.rows[i][j] for i in face.active), start=fmpq(0))
                for j in range(frames.coordinates)
            ]
            u = face.project(gradient)
            bound = Fraction(float(frames.reach[f])) ** 2 * Fraction(str(dot(r, r)))
            assert Fraction(str(dot(u, u))) <= bound


def test_opposite_faces_are_mutual(made):
    _, _, frames = made
    exchange = str.maketrans("+-", "-+")
    for f, face in enumerate(frames.faces):
        other = frames.opposite[f]
        if other < 0:
            assert "-" not in face.signs
        else:
            assert frames.faces[other].signs == face.signs.translate(exchange)
            assert frames.opposite[other] == f


def test_data_that_are_no_doubles_are_enclosed_as_well():
    inputs = [[f"{10**30 + k}/{7 * 10**29 + k * k}"] for k in range(4)]
    problem = Problem.from_text(inputs, ["1/3", "2/7", "-1", "5"], 1, "1/3")
    frames = Frames.of(problem, Arrangement.of(problem))
    everything = int(frames.active[[f.signs for f in frames.faces].index("++++")])
    exact = sum(row[0] * row[0] for row in problem.rows)
    ball = frames.gram[everything, everything, 0, 0]
    assert encloses(ball.mid, ball.rad, exact)
    assert 0 < ball.rad < 1e-12


def orthonormal(basis):
    """Gram-Schmidt in balls of the current precision."""
    found = []
    for vector in basis:
        vector = [arb(entry) for entry in vector]
        for other in found:
            share = sum((v * o for v, o in zip(vector, other, strict=True)), start=arb(0))
            vector = [v - share * o for v, o in zip(vector, other, strict=True)]
        length = sum((v * v for v in vector), start=arb(0)).sqrt()
        found.append([v / length for v in vector])
    return found


def holds(mid, rad, value):
    return bool(abs(value - arb(float(mid))) <= arb(float(rad)))


def test_bases_and_walls_are_enclosed(made):
    """Every wall is s_i xt_i of a data point off the face, in the exact orthonormal basis."""
    problem, _, frames = made
    with ctx.workprec(400):
        for f, face in enumerate(frames.faces):
            columns = orthonormal(face.basis)
            for j, column in enumerate(columns):
                for p, entry in enumerate(column):
                    assert holds(frames.basis.mid[f, p, j], frames.basis.rad[f, p, j], entry)
            expected = [
                [s * dot(row, column) for column in columns]
                for s, row in zip(face.sign_values, problem.rows, strict=True)
                if s
            ]
            for wall in range(frames.walls.shape[1]):
                mid, rad = frames.walls.mid[f, wall], frames.walls.rad[f, wall]
                assert any(
                    all(holds(m, r, e) for m, r, e in zip(mid, rad, entries, strict=False))
                    for entries in expected
                )
                assert (mid[len(columns) :] == 0).all()


def test_walls_alone_decide_membership_exactly(made):
    """The data points behind the walls, found by their numbers, bound the face: no tolerance."""
    problem, arrangement, frames = made
    generator = random.Random(2)
    points = [face.interior for face in arrangement.faces]
    for f, face in enumerate(frames.faces):
        numbers = np.array([[float(Fraction(str(e))) for e in row] for row in problem.rows])
        local = numbers @ frames.basis.mid[f] * np.array(face.sign_values)[:, None]
        behind = {
            int(np.abs(local - wall).max(axis=1).argmin()) for wall in frames.walls.mid[f]
        } - set(face.zeros)
        for _ in range(20):
            a, b = generator.choice(points), generator.choice(points)
            mixed = [p + generator.randint(-1, 2) * q for p, q in zip(a, b, strict=True)]
            vector = face.project(mixed)
            signs = [dot(row, vector) for row in problem.rows]
            inside = all(v * s > 0 for v, s in zip(signs, face.sign_values, strict=True) if s)
            walls = all(signs[i] * face.sign_values[i] > 0 for i in behind)
            assert walls == inside


@pytest.mark.parametrize("linear", ["free", "ridge"])
@pytest.mark.parametrize("denominator", [1, 7, 2**54, 3**40])
@pytest.mark.parametrize("kept", [0, 1 << 10])
def test_moments_with_a_linear_part_are_enclosed_in_a_table_and_without(
    kept, denominator, linear, monkeypatch
):
    """Lemma 75; also where opposite faces are one, and of numbers that are no doubles."""
    draw = random.Random(denominator)
    monkeypatch.setattr(frames_module, "LARGEST_TABLE", kept)
    for dimension, bias in ((1, "free"), (1, "ridge"), (2, "free"), (2, "none")):
        rows = [[draw.randint(-9, 9) * denominator + 1 for _ in range(dimension)] for _ in range(4)]
        inputs = [[f"{entry}/{denominator}" for entry in row] for row in rows]
        targets = [f"{draw.randint(-9, 9)}/3" for _ in rows]
        conventions = {"output_bias": bias, "linear": linear, "weights": ["1", "2", "1/3", "1"]}
        problem = Problem.from_text(inputs, targets, 1, "1/7", **conventions)
        arrangement = Arrangement.of(problem)
        frames, moments = Frames.of(problem, arrangement), Moments.of(problem)
        for k, one in enumerate(frames.sets):
            for m, other in enumerate(frames.sets):
                exact = moments.gram(one, other)
                for p, q in product(range(dimension + 1), repeat=2):
                    ball = frames.gram[np.array(k), np.array(m)][p, q]
                    assert encloses(ball.mid, ball.rad, exact[p][q])
                    assert ball.rad < 1e-9


@pytest.mark.parametrize("dimension", [1, 2])
def test_moments_with_a_ridge_of_hundreds_of_digits_are_enclosed(dimension):
    """Columns of whole numbers beyond doubles are scaled; a linear part is penalised, too."""
    inputs = [["1", "0"], ["2", "1"], ["-1", "3"]]
    rows = [row[:dimension] for row in inputs]
    conventions = {"output_bias": "ridge", "linear": "ridge", "activation": "leaky:1/10"}
    problem = Problem.from_text(rows, ["1", "3", "2"], 1, f"1/{3**700}", **conventions)
    assert all(max(map(abs, column.values)) <= 2**53 for column in problem.outer.columns)
    frames, moments = Frames.of(problem, Arrangement.of(problem)), Moments.of(problem)
    for one, other in product(range(len(frames.sets)), repeat=2):
        exact = moments.gram(frames.sets[one], frames.sets[other])
        ball = frames.gram[np.array(one), np.array(other)]
        for p, q in product(range(dimension + 1), repeat=2):
            assert encloses(ball.mid[p, q], ball.rad[p, q], exact[p][q])
            assert ball.rad[p, q] < 1e-9


@pytest.mark.parametrize("bias", ["none", "free", "ridge"])
@pytest.mark.parametrize("dimension", [1, 2])
def test_all_moments_of_data_that_are_no_doubles_are_enclosed(bias, dimension):
    generator = random.Random(dimension)

    def draw():
        return f"{generator.randint(-(10**17), 10**17)}/{generator.randint(10**16, 10**17)}"

    inputs = [[draw() for _ in range(dimension)] for _ in range(4)]
    problem = Problem.from_text(
        inputs, [draw() for _ in range(4)], 1, draw().lstrip("-"), "mean", bias
    )
    arrangement = Arrangement.of(problem)
    made = problem, arrangement, Frames.of(problem, arrangement)
    test_moments_are_enclosed(made)
    test_reach_bounds_the_norm_of_every_residual(made)
    test_rays_and_the_active_sets_beside_them(made)
    test_bases_and_walls_are_enclosed(made)


@pytest.mark.parametrize("denominator", [1, 7, 2**54, 3**40, 3**340])
@pytest.mark.parametrize("bias", ["none", "free", "ridge"])
def test_moments_of_spans_are_enclosed_without_a_table(denominator, bias, monkeypatch):
    """Also of numbers that are no doubles, with repeated inputs."""
    draw = random.Random(denominator)
    inputs = [[f"{draw.randint(-9, 9) * denominator + k // 2}/{denominator}"] for k in range(7)]
    targets = [str(draw.randint(-9, 9)) for _ in inputs]
    problem = Problem.from_text([*inputs, inputs[0]], [*targets, "1"], 1, "1/7", "sum", bias)
    monkeypatch.setattr(frames_module, "LARGEST_TABLE", 0)
    arrangement = Arrangement.of(problem)
    made = problem, arrangement, Frames.of(problem, arrangement)
    assert not isinstance(made[2].gram, frames_module.Balls)
    test_moments_are_enclosed(made)
    test_reach_bounds_the_norm_of_every_residual(made)
    test_rays_and_the_active_sets_beside_them(made)


def test_moments_of_pairs_are_the_same_when_they_are_asked_for(made):
    problem, _, frames = made
    faces = {int(k): frames.faces[f] for f, k in enumerate(frames.active)}
    sets = np.arange(len(faces))
    asked = PairMoments.of([faces[k] for k in sets.tolist()], problem)
    assert np.array_equal(asked[:, sets].mid, frames.gram.mid)
    vectors = Balls.exact(np.random.default_rng(0).normal(size=(len(sets), frames.coordinates)))
    expected = (frames.gram.swapaxes(0, 1) @ vectors[:, None, :, None])[..., 0]
    images = asked.images(sets, vectors)
    assert (np.abs(images.mid - expected.mid) <= images.rad + expected.rad).all()
    assert images.rad.max() < 1e-10
