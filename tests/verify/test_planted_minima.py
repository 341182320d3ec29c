"""The ball of Lemma 58 around minima that are known exactly, whatever the vectors are."""

from itertools import pairwise

import numpy as np
import pytest
from flint import arb, ctx, fmpq

from reluenum.verify.boxes.lasso import GapBall, unsupported
from reluenum.verify.boxes.spans import LineData
from reluenum.verify.boxes.sums import numbers
from tests.support.machine_code import cell_with, seen_with
from tests.support.planted import output, planted, rays, unit_on

pytestmark = pytest.mark.seconds(60)


def wild(exact, draw):
    """Vectors next to the right ones, and far from them."""
    size = len(exact)
    some, noise = draw.random(size) < 0.5, draw.normal(size=size)
    yield from (exact, np.zeros(size), -exact, exact / 2, 1e8 * noise, 1e200 * noise)
    yield from (exact * (1 + noise * 10.0**-k) for k in (13, 9, 6, 3, 1))
    yield from (np.where(some, x, exact) for x in (0.0, 1e-170, 1e-300, np.nan, np.inf, -np.inf))


def problems(seeds):
    """Planted minima: each with tables, its box and vectors."""
    for seed in seeds:
        minimum = planted(seed)
        if minimum:
            parts = sorted((s, face, face + 1, 1) for s, face, _, _ in minimum.units)
            minimum.units.sort(key=lambda unit: unit[:2])
            table, box = numbers(LineData(minimum.problem)), np.array(parts)
            yield minimum, table, box, wild(minimum.vectors, np.random.default_rng(seed))


@pytest.mark.parametrize("block", range(10))
def test_no_vectors_show_that_a_minimum_is_none(block):
    """Units next to boundaries, slopes that are 0, units without effect, inputs of all sizes."""
    for _, table, box, vectors in problems(range(200 * block, 200 * block + 200)):
        assert not unsupported(table, box)
        for w in vectors:
            assert not seen_with(table, box, w)[-1]


@pytest.mark.parametrize("block", range(3))
def test_the_exact_residual_is_in_each_ball(block):
    """The ball is no smaller than Lemma 58 says, and errors are not with what doubles lose."""
    seen = 0
    for minimum, table, box, vectors in problems(range(200 * block, 200 * block + 200)):
        columns, slopes = forms_of(minimum)
        for w in filter(lambda w: np.isfinite(w).all(), vectors):
            _, ball, duals, sides, _ = seen_with(table, box, w)
            if not np.isfinite(ball.radius):
                assert abs(w).max() > 1e100
                continue
            rest = left_by(minimum, columns, w)
            is_proved(minimum, (columns, rest, w), ball)
            known = np.concatenate([duals, sides[1:-1].reshape(-1, 2)])
            for form, pair in zip(columns + slopes, known, strict=True):
                is_known(minimum, form, rest, pair, ball)
            seen += 1
    assert seen > 300


def is_proved(minimum, known, ball):
    """The residual is in the ball, which follows from Lemma 58."""
    (columns, rest, w), tau, ridge = known, exact(ball.tau), minimum.ridge
    duals, vectors = [dot(column, rest) for column in columns], [exact(x) for x in w.tolist()]
    for dual, value, error in zip(duals, ball.duals, ball.errors, strict=True):
        assert abs(dual - exact(value)) <= exact(error)
    radius, square = exact(ball.radius) ** 2, square_of(minimum, rest) * (1 - tau) ** 2
    square -= 2 * tau * dot(duals, vectors)
    with ctx.workprec(4000):
        start = 0
        for _, face, _, _ in minimum.units:
            part = slice(start, start + (1 if face % 2 else 2))
            assert tau * arb(dot(duals[part], duals[part])).sqrt() <= ridge
            square += 2 * ridge * arb(dot(vectors[part], vectors[part])).sqrt()
            start = part.stop
        assert square <= radius
    gap = [r - tau * e for r, e in zip(minimum.residual, rest, strict=True)]
    assert square_of(minimum, gap) <= radius


def is_known(minimum, form, rest, pair, ball):
    """A product with the residual is so far from a value at most, wherever that is in the ball."""
    value, error = map(exact, pair.tolist())
    with ctx.workprec(4000):
        moved = arb(dot(form, without_level(minimum, form))).sqrt() * exact(ball.radius)
        assert abs(exact(ball.tau) * dot(form, rest) - value) + moved <= error
    assert abs(dot(form, minimum.residual) - value) <= error


def test_a_cell_is_kept_if_what_is_known_of_its_unit_allows_it():
    """Wherever in it the unit is, and from wherever it is seen."""
    table, draw = silent(), np.random.default_rng(0)
    for _ in range(1000):
        sign, face = int(draw.choice([-1, 1])), 2 * int(draw.integers(5))
        ends = table.rays[face // 2 : face // 2 + 2]
        unit = draw.dirichlet([0.3, 0.3]) @ ends
        unit *= table.ridge * (1 + 1e-9) / np.hypot(*unit)
        off, tau = draw.normal(size=2) * 10.0 ** draw.integers(-9, 1, 2), draw.random()
        ball = GapBall(tau, 0.0, sign * (unit + off) / tau, (abs(off) + 1e-12) / tau)
        assert not cell_with(table, np.array([(sign, face, face + 1, 1)]), ball)


def test_parts_with_more_than_a_face_or_a_unit_are_left_alone():
    """They have no lasso, not even where no face holds a unit."""
    table, single = silent(), np.array([(1, 3, 4, 1)])
    assert unsupported(table, single)
    for column, change in ((1, -1), (2, 1), (3, 1)):
        changed = single.copy()
        changed[0, column] += change
        assert not unsupported(table, changed)


@pytest.mark.parametrize("size", [1.0, 1e-100, 1e-158, 1e-170, 1e-300])
def test_squares_of_vectors_may_be_too_small_for_doubles(size):
    """The residual of all supports is 0."""
    for face in range(9):
        box, w = np.array([(1, face, face + 1, 1)]), np.full(2 - face % 2, size)
        *_, duals, sides, _ = seen_with(silent(), box, w)
        known = np.concatenate([duals, sides[1:-1].reshape(-1, 2)])
        assert all(abs(value) <= error for value, error in known)


def silent():
    """The tables of a problem with targets that are 0."""
    problem = {"x": [["-1"], ["0"], ["2"]], "y": ["0"] * 3, "width": 2, "ridge": "1"}
    return numbers(LineData(problem | {"loss": "sum", "output_bias": "none"}))


def exact(number):
    """A double as a rational number."""
    return fmpq(*number.as_integer_ratio())


def dot(one, other):
    """An inner product."""
    return sum((x * y for x, y in zip(one, other, strict=True)), fmpq(0))


def forms_of(minimum):
    """The columns of a minimum, and the one-sided slopes at live boundaries, as outputs."""
    inputs, columns = minimum.inputs, []
    sites = sorted(set(inputs))
    for _, face, v, _ in minimum.units:
        basis = [v] if face % 2 else [(fmpq(1), fmpq(0)), (fmpq(0), fmpq(1))]
        columns += [on_face(inputs, v, w) for w in basis]
    middle = [unit_on(sites, 2 * j, fmpq(1, 2)) for j in range(2 * len(sites) - 1)]
    cells, slopes = list(pairwise(middle)), []
    for (v, w), pair in zip(rays(sites)[1:-1], cells, strict=True):
        slopes += [on_face(inputs, cell, (-w, v)) for cell in pair]
    return columns, slopes


def on_face(inputs, v, w):
    """The outputs that are linear on the face of v, at w."""
    return [w[0] * x + w[1] if y else y for x, y in zip(inputs, output(inputs, v, v), strict=True)]


def left_by(minimum, columns, w):
    """R times what vectors leave of the targets."""
    rest = list(minimum.targets)
    for column, x in zip(columns, map(exact, w.tolist()), strict=True):
        rest = [y - x * z for y, z in zip(rest, column, strict=True)]
    return without_level(minimum, rest)


def without_level(minimum, outputs):
    """R times outputs (Lemma 1)."""
    size = len(outputs)
    shares = {"none": 0, "free": fmpq(1, size), "ridge": 1 / (size + minimum.ridge)}
    level = sum(outputs, fmpq(0)) * shares[minimum.problem["output_bias"]]
    return [y - level for y in outputs]


def square_of(minimum, z):
    """The square of the norm by R^+ (Lemma 1)."""
    more = sum(z, fmpq(0)) ** 2 / minimum.ridge
    return dot(z, z) + more * (minimum.problem["output_bias"] == "ridge")
