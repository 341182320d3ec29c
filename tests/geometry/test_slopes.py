"""Lemmas 59 to 63 of docs/theory.md, by sums over data points written out."""

import random
from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq

from reluenum import Problem
from reluenum.geometry.arrangement import Arrangement
from reluenum.geometry.frames import Frames, PairMoments
from reluenum.geometry.moments import Moments
from reluenum.landscape.equations import errors_of, face_gradient

pytestmark = pytest.mark.seconds(10)

ACTIVATIONS = ("leaky:1/10", "leaky:-1/2", "abs", "slopes:0,-1", "slopes:1/3,2", "slopes:-3,0")

of_every_activation = pytest.mark.parametrize("activation", ACTIVATIONS)


def drawn(activation, seed=1, size=4, dimension=1, **more):
    """A problem with a repeated input and weights."""
    draw = random.Random(seed)
    inputs = [[draw.randint(-3, 3) for _ in range(dimension)] for _ in range(size)]
    inputs.append(inputs[0])
    targets = [draw.randint(-5, 5) for _ in inputs]
    weights = [Fraction(draw.randint(1, 5), draw.randint(1, 3)) for _ in inputs]
    return Problem.from_text(
        inputs, targets, 1, "1/3", weights=weights, activation=activation, **more
    )


def output(problem, height):
    """The activation, from its definition."""
    below, above = (fmpq(s.numerator, s.denominator) for s in problem.activation.slopes)
    return below * min(height, fmpq(0)) + above * max(height, fmpq(0))


def slope(problem, sign):
    below, above = (fmpq(s.numerator, s.denominator) for s in problem.activation.slopes)
    return above if sign > 0 else below  # the convention where the sign is 0


def outputs(problem, face, u):
    """z_F of a vector u in the flat."""
    pairs = zip(face.sign_values, problem.rows, strict=True)
    return [slope(problem, s) * dot(u, row) for s, row in pairs]


def dot(left, right):
    return sum((a * b for a, b in zip(left, right, strict=True)), fmpq(0))


def gradient(problem, face, residual):
    """g_F of (21.1), from the data points."""
    signs = face.sign_values
    terms = [
        [w * r * slope(problem, s) * x for x in row]
        for w, r, s, row in zip(problem.weights, residual, signs, problem.rows, strict=True)
    ]
    return [sum(column, fmpq(0)) for column in zip(*terms, strict=True)]


def residual(problem, errors):
    """R e: what is left with the best output bias."""
    share = problem.outer.bias_share * dot(problem.weights, errors)
    return [e - share for e in errors]


@of_every_activation
@pytest.mark.parametrize("bias", ["none", "free", "ridge"])
def test_moments_are_sums_with_slopes(activation, bias):
    """Lemma 60, for all pairs of faces, live or dead."""
    problem = drawn(activation, output_bias=bias)
    moments, faces = Moments.of(problem), Arrangement.of(problem).faces
    pulled = residual(problem, problem.targets)
    draw = random.Random(2)
    for face in faces:
        assert list(moments.response(face)) == gradient(problem, face, pulled)
        other = draw.choice(faces)
        vector = [fmpq(draw.randint(-3, 3)) for _ in range(2)]
        signs = other.sign_values
        fitted = [
            slope(problem, s) * dot(vector, row) for s, row in zip(signs, problem.rows, strict=True)
        ]
        expected = gradient(problem, face, residual(problem, fitted))
        assert [dot(line, vector) for line in moments.gram(face, other)] == expected


@of_every_activation
@pytest.mark.parametrize("dimension", [1, 2])
def test_arrays_of_moments_enclose_them(activation, dimension):
    problem = drawn(activation, 3, 3, dimension, output_bias="ridge")
    arrangement, moments = Arrangement.of(problem), Moments.of(problem)
    frames = Frames.of(problem, arrangement)
    pairs = PairMoments.of(frames.faces, problem)
    for k, face in enumerate(frames.faces):
        target = frames.target[frames.active[k]]
        for enclosed in (frames.gram[frames.active[k], frames.active[0]], pairs[k, np.array(0)]):
            exact = np.array([[float(x) for x in r] for r in moments.gram(face, frames.faces[0])])
            assert np.all(np.abs(enclosed.mid - exact) <= enclosed.rad + 1e-13 * np.abs(exact))
        exact = np.array(list(map(float, moments.response(face))))
        assert np.all(np.abs(target.mid - exact) <= target.rad + 1e-13 * np.abs(exact))


@pytest.mark.parametrize("activation", ["leaky:1/10", "slopes:1/3,2"])
def test_moments_are_exact_numbers_where_slopes_are_whole(activation):
    """Slopes over their common denominator are whole, and sums of whole numbers are not rounded."""
    problem = Problem.from_text([[1], [2], [4]], [1, 0, 2], 1, "1", activation=activation)
    pairs = PairMoments.of(Arrangement.of(problem).live_faces, problem)
    assert pairs.whole_numbers
    sums = pairs.second(np.arange(4), np.arange(4))
    assert sums.rad.max() < 1e-15 * np.abs(sums.mid).max()


@of_every_activation
def test_outputs_on_a_face_are_linear_with_its_slopes(activation):
    """Lemma 59: phi(Xv) = X_F v, where points at 0 may have either slope."""
    problem = drawn(activation, 4)
    for face in Arrangement.of(problem).faces:
        heights = [dot(face.interior, row) for row in problem.rows]
        expected = [output(problem, h) for h in heights]
        signs = face.sign_values
        assert [slope(problem, s) * h for s, h in zip(signs, heights, strict=True)] == expected
        errors = errors_of(problem, [face], [face.interior], [fmpq(1)])
        sites = problem.sites
        assert [s.mean - e for s, e in zip(sites, errors, strict=True)] == [
            expected[s.first] for s in sites
        ]


@of_every_activation
@pytest.mark.parametrize("dimension", [1, 2])
def test_slopes_of_the_loss_are_those_of_the_face_beyond(activation, dimension):
    """Theorem B and Lemma 60: D_F(delta) from the definition of the activation."""
    problem = drawn(activation, 5, 3, dimension)
    arrangement, draw = Arrangement.of(problem), random.Random(6)
    r = [fmpq(draw.randint(-4, 4), 3) for _ in problem.targets]
    r = [r[problem.rows.index(row)] for row in problem.rows]  # equal at equal inputs
    by_site = [r[site.first] for site in problem.sites]
    for face in arrangement.live_faces:
        for ray, beyond in arrangement.around(face):
            expected = fmpq(0)
            points = zip(problem.weights, r, face.sign_values, problem.rows, strict=True)
            for w, value, s, row in points:
                height = dot(row, ray)
                moved = output(problem, height) if s == 0 else slope(problem, s) * height
                expected += w * value * moved
            assert dot(gradient(problem, beyond, r), ray) == expected
            assert dot(face_gradient(problem, beyond, by_site), ray) == expected


@pytest.mark.parametrize(
    ("activation", "expected"),
    [("relu", 9), ("slopes:-3,0", 9), ("leaky:1/10", 12), ("leaky:-1/2", 12), ("abs", 6)],
)
def test_live_faces_on_a_line_are_counted(activation, expected):
    """Lemmas 61 and 63: 4p - 3, 4p or 2p of p = 3 distinct inputs."""
    problem = Problem.from_text([[0], [1], [3], [1]], [1, 2, 3, 4], 1, "1", activation=activation)
    assert len(Arrangement.of(problem).live_faces) == expected


@pytest.mark.parametrize(
    ("activation", "live"),
    [
        ("relu", "+"),
        ("slopes:1,0", "-"),
        ("leaky:1/10", "+-"),
        ("abs", "+"),
    ],
)
def test_one_input_has_a_face_on_either_side(activation, live):
    problem = Problem.from_text([[2]], [1], 1, "1", activation=activation)
    assert "".join(face.signs for face in Arrangement.of(problem).live_faces) == live


def test_of_mirror_images_that_stands_whose_first_sign_is_plus():
    problem = Problem.from_text([[0, 0], [1, 0], [0, 1]], [1, 2, 3], 1, "1", activation="abs")
    arrangement = Arrangement.of(problem)
    live = {face.signs for face in arrangement.live_faces}
    exchange = str.maketrans("+-", "-+")
    for face in arrangement.faces:
        if face.dimension:
            assert (face.signs in live) != (face.signs.translate(exchange) in live)
    assert all(signs.lstrip("0")[0] == "+" for signs in live)


@of_every_activation
def test_opposite_faces_have_gradients_that_add_up(activation):
    """Lemma 59(2): u_F + u_{-F} = (alpha_+ + alpha_-) P_F G; Lemma 63(1) where that is 0."""
    problem = drawn(activation, 7)
    arrangement, draw = Arrangement.of(problem), random.Random(8)
    r = [fmpq(draw.randint(-4, 4)) for _ in problem.targets]
    below, above = (fmpq(s.numerator, s.denominator) for s in problem.activation.slopes)
    terms = [
        [(below + above) * w * value * x for x in row]
        for w, value, row in zip(problem.weights, r, problem.rows, strict=True)
    ]
    total = [sum(column, fmpq(0)) for column in zip(*terms, strict=True)]
    exchange = str.maketrans("+-", "-+")
    for face in arrangement.faces:
        other = arrangement.face(face.signs.translate(exchange))
        one, two = (f.project(gradient(problem, f, r)) for f in (face, other))
        assert [a + b for a, b in zip(one, two, strict=True)] == face.project(total)
        if problem.activation.is_even:
            assert outputs(problem, face, one) == outputs(problem, other, two)


def test_slopes_and_heavy_weights_are_enclosed():
    """Weights that no double holds: sums are enclosed, not exact."""
    problem = Problem.from_text(
        [[1], [2], [3]],
        [1, 0, 2],
        1,
        "1",
        weights=[Fraction(10**17 + 1, 10**16 + 3), "1/3", 7],
        activation="slopes:1234567,-7654321",
    )
    arrangement, moments = Arrangement.of(problem), Moments.of(problem)
    pairs = PairMoments.of(arrangement.live_faces, problem)
    assert not pairs.whole_numbers
    for k, face in enumerate(arrangement.live_faces):
        (exact, _), _ = moments.gram(face, face)
        found = pairs[k, np.array(k)]
        mid, rad = found.mid[0, 0], found.rad[0, 0]
        assert abs(fmpq(*float(mid).as_integer_ratio()) - exact) <= fmpq(
            *float(rad).as_integer_ratio()
        )
        assert rad < 1e-12 * abs(mid)
