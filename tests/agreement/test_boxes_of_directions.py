"""Section 20 of docs/theory.md at minima of small networks, in floats.

The minima are those that the package lists; of the rest of it nothing is used.
"""

from dataclasses import dataclass
from functools import cache
from itertools import combinations, pairwise, permutations

import numpy as np
import pytest
from scipy.optimize import nnls

from reluenum import Problem, enumerate_minima

SLACK = 1e-9
"""What rounding may take of an inequality between numbers of size one."""

DATA = [
    # inputs, responses, width, ridge, output bias
    ([-2, -1, 0, 1, 3], [1, -1, 2, 0, 1], 2, "1/10", "none"),
    ([-2, -1, 0, 1, 2], [2, 0, 1, 0, 2], 3, "1/20", "none"),
    ([-1, 1], [-1, 1], 2, "1/10", "none"),
    ([-2, -1, 1, 1, 4], [1, 3, -1, 0, 2], 2, "1/5", "free"),
    ([-3, -1, 0, 2], [2, -1, 1, -2], 3, "1/10", "ridge"),
    ([[0, 0], [1, 0], [0, 1], [1, 1]], [1, -1, -1, 1], 2, "1/20", "none"),
    ([[0, 1], [2, 0], [-1, 1], [1, -2], [1, 1]], [1, -2, 0, 1, 2], 2, "1/10", "free"),
]


@dataclass(frozen=True)
class Minimum:
    """A good vertex support: rows (n, D), R, ridge, residual (n,), signs, weights, directions."""

    rows: np.ndarray
    centring: np.ndarray
    ridge: float
    residual: np.ndarray
    signs: np.ndarray
    weights: np.ndarray
    directions: np.ndarray
    faces: tuple[str, ...]

    def height(self, direction):
        return self.residual @ relu(self.rows @ direction)

    def slope(self, at, along):
        return self.residual @ derivative(self.rows, at, along)

    def units(self):
        return zip(self.signs, self.weights, self.directions, strict=True)


def relu(values):
    return np.maximum(values, 0)


def derivative(rows, at, along):
    """The one-sided derivative of phi."""
    values, rates = on(rows, at), rows @ along
    return np.where(values > 0, rates, np.where(values == 0, relu(rates), 0))


def on(rows, direction):
    """The values of the data's hyperplanes, exact zeros where rounding hides them."""
    values = rows @ direction
    return np.where(abs(values) < 1e-12, 0, values)


@cache
def minima(case):
    inputs, responses, width, ridge, bias = DATA[case]
    problem = Problem.from_arrays(inputs, responses, width=width, ridge=ridge, output_bias=bias)
    rows = np.column_stack([np.asarray(inputs, float), np.ones(len(responses))])
    effective, count = float(problem.ridge), len(responses)
    share = {"none": 0, "free": 1 / count, "ridge": 1 / (count + effective)}[bias]
    centring = np.eye(count) - share
    return [
        minimum(stratum, rows, centring, effective, np.asarray(responses, float))
        for component in enumerate_minima(problem, engine="certified")
        for stratum in component.strata
        if stratum.polytope_dimension == 0 and stratum.groups
    ]


def minimum(stratum, rows, centring, ridge, responses):
    groups = stratum.groups
    signs = np.array([group.sign for group in groups])
    weights = np.array([float(group.square) for group in groups])
    directions = np.array([[float(entry) for entry in group.direction] for group in groups])
    fitted = sum(s * t * relu(rows @ v) for s, t, v in zip(signs, weights, directions, strict=True))
    residual = centring @ (responses - fitted)
    faces = tuple(group.face.signs for group in groups)
    return Minimum(rows, centring, ridge, residual, signs, weights, directions, faces)


def all_minima():
    return [found for case in range(len(DATA)) for found in minima(case)]


def around(seed, dimension, count=200):
    samples = np.random.default_rng(seed).normal(size=(count, dimension))
    return samples / np.linalg.norm(samples, axis=1)[:, None]


def separating(found, left, right):
    return on(found.rows, left) * on(found.rows, right) < 0


def test_there_are_minima_of_one_two_and_three_faces():
    assert {len(found.faces) for found in all_minima()} == {1, 2, 3}


@pytest.mark.parametrize("case", range(len(DATA)))
def test_slopes_at_units_are_those_of_lemma_46(case):
    responses = np.asarray(DATA[case][1], float)
    for found in minima(case):
        assert found.weights.sum() * found.ridge <= responses @ found.centring @ responses / 4
        for s, _, v in found.units():
            assert abs(s * found.height(v) - found.ridge) < SLACK
            for w in around(case, len(v)):
                assert s * found.slope(v, w) <= found.ridge * (v @ w) + SLACK


@pytest.mark.parametrize("case", range(len(DATA)))
def test_heights_elsewhere_are_within_what_crossed_data_allow(case):
    """Lemma 47, at other units and at random directions."""
    for found in minima(case):
        for s, _, v in found.units():
            others = np.vstack([found.directions, around(case, len(v))])
            for w in others:
                share = s * found.residual * abs(found.rows @ w)
                crossed = separating(found, v, w)
                kinked = crossed | (on(found.rows, v) == 0)
                height = s * found.height(w)
                assert height <= found.ridge * (v @ w) + share[crossed].sum() + SLACK
                assert height >= found.ridge * (v @ w) + share[kinked].sum() - SLACK


def test_no_minimum_has_two_units_that_lemma_47_excludes():
    for found in all_minima():
        for (s, v, face), (t, w, other) in combinations(
            zip(found.signs, found.directions, found.faces, strict=True), 2
        ):
            crossed = separating(found, v, w)
            if s == t:
                assert crossed.any()
            else:
                pairs = set(zip(face, other, strict=True))
                assert crossed.any() or not (
                    all(a == b or a == "0" for a, b in pairs)
                    or all(a == b or b == "0" for a, b in pairs)
                )
            if s != t and len(v) == 2 and "0" not in face + other:
                places = {tuple(row) for row in found.rows[crossed]}
                assert len(places) > 1


def test_two_rays_of_one_cell_can_have_opposite_signs():
    """The example that keeps Lemma 47(2) from saying more."""
    faces = {tuple(sorted(zip(found.faces, found.signs, strict=True))) for found in minima(2)}
    assert (("+0", -1), ("0+", 1)) in faces


def groups(found):
    """Pairs of units of one sign with a centre between them, and the two as generators."""
    for (s, t, v), (z, p, w) in permutations(list(found.units()), 2):
        if s == z and v @ w > -0.9:
            yield s, (t, p), (v, w), (v + w) / np.linalg.norm(v + w)


def test_two_units_act_like_one_between_them():
    """Lemma 48: both bounds, with random functionals, and the generators v and w."""
    tried = 0
    for found in all_minima():
        for _, weights, cone, c in groups(found):
            phi = relu(found.rows @ c)
            if not phi.any():
                continue
            ell = phi / (phi @ phi)
            sides = [relu(found.rows @ v) for v in cone]
            if min(ell @ side for side in sides) <= 0:
                continue
            output = sum(t * side for t, side in zip(weights, sides, strict=True))
            tau = ell @ output
            delta = output / tau - phi
            active = found.rows * (found.rows @ c > 0)[:, None]
            for q in around(3, len(phi), 50):
                flat = q - (q @ phi) * ell
                ratios = [flat @ side / (ell @ side) for side in sides]
                assert min(ratios) - SLACK <= q @ delta <= max(ratios) + SLACK
                if min(ell @ active @ v for v in cone) > 0:
                    tried += 1
                    high = [
                        (flat @ active @ v + relu(flat) @ (side - active @ v)) / (ell @ active @ v)
                        for v, side in zip(cone, sides, strict=True)
                    ]
                    low = [
                        (flat @ active @ v - relu(-flat) @ (side - active @ v)) / (ell @ active @ v)
                        for v, side in zip(cone, sides, strict=True)
                    ]
                    assert min(low) - SLACK <= q @ delta <= max(high) + SLACK
    assert tried > 100


def test_the_centre_system_holds_for_any_guess():
    """Lemma 49, with guesses that have nothing to do with the minimum."""
    rng = np.random.default_rng(1)
    for found in all_minima():
        count, units = len(found.residual), len(found.weights)
        centres = found.directions + 0.05 * rng.normal(size=found.directions.shape)
        psi = (found.signs[:, None] * relu(centres @ found.rows.T)).T
        exact = (found.signs[:, None] * relu(found.directions @ found.rows.T)).T @ found.weights
        tau, t = rng.normal(size=(2, units))
        H, gamma, f = (
            rng.normal(size=(units, units)),
            rng.normal(size=units),
            rng.normal(size=count),
        )
        R, D = found.centring, exact - psi @ tau
        y = np.linalg.pinv(R) @ found.residual + exact
        beta = np.full(units, found.ridge)
        centre = R @ (y - psi @ t)
        x, omega = psi.T @ found.residual - beta, psi.T @ centre - beta
        G = psi.T @ R @ psi
        expected = (np.eye(units) - H @ G) @ (tau - t) + H @ (omega - x - psi.T @ R @ D)
        assert np.allclose(tau - t, expected, atol=1e-8)
        primed = R @ (f - psi @ gamma)
        value = gamma @ (x - omega) - (psi.T @ primed) @ (tau - t) - primed @ D
        assert np.isclose(f @ (found.residual - centre), value, atol=1e-8)


def turned(angle):
    return np.array([np.cos(angle), np.sin(angle)])


def slopes(found, sign, start, stop):
    """All one-sided slopes of s p_r by the angle on an arc, the outer ones of its ends too."""
    rows = found.rows
    rays = np.arctan2(rows[:, 1], rows[:, 0])[:, None] + np.array([np.pi / 2, -np.pi / 2])
    inside = (rays[..., None] + 2 * np.pi * np.arange(-2, 3)).ravel()
    inside = inside[(inside >= start - 1e-12) & (inside <= stop + 1e-12)]
    places = np.unique([start, stop, *inside])
    return [
        (
            angle,
            -sign * found.slope(turned(angle), -across),
            sign * found.slope(turned(angle), across),
        )
        for angle in places
        for across in [turned(angle + np.pi / 2)]
    ]


def test_heights_at_a_centre_are_bounded_by_slopes_and_by_crossed_data():
    """Lemma 50."""
    for found in all_minima():
        for s, _, v in found.units():
            for c in around(7, len(v), 60):
                cosine = v @ c
                if cosine < 0.3:
                    continue
                x = s * found.height(c) - found.ridge
                share = s * found.residual * abs(found.rows @ c)
                crossed = separating(found, v, c)
                zero = on(found.rows, v) == 0
                assert x <= relu(share[crossed]).sum() + SLACK
                low = -found.ridge * (1 - cosine) - relu(-share[crossed | zero]).sum()
                assert x >= low - SLACK
                if len(v) == 2:
                    angles = np.sort(np.unwrap([np.arctan2(*v[::-1]), np.arctan2(*c[::-1])]))
                    low, high = steepest(slopes(found, s, *angles))
                    assert low <= SLACK
                    assert high >= -SLACK
                    assert abs(x) <= np.arccos(cosine) * max(high, -low) + SLACK


def steepest(turns):
    """Bounds of all slopes on an arc from those at rays and ends, as after Lemma 53."""
    inside = [
        value
        for (start, _, right), (stop, left, _) in pairwise(turns)
        for value in (extreme(choose, right, left, stop - start) for choose in (min, max))
    ]
    values = [value for _, *both in turns for value in both] + inside
    return min(values), max(values)


def extreme(choose, right, left, width):
    end = choose(right, left)
    return end / np.cos(width / 2) if end == choose(end, 0) else end


def test_a_joint_bound_needs_one_check_only():
    """Lemma 51: fixed points of u = a + M u, where some z satisfies the strict inequality."""
    rng = np.random.default_rng(2)
    checked = 0
    for _ in range(200):
        M, a, z = rng.random((4, 4)) / 8, rng.random(4), 3 * rng.random(4) + 1
        u = np.linalg.solve(np.eye(4) - M, a)
        if (z > a + M @ z).all() and (u >= 0).all():
            checked += 1
            assert (u <= z).all()
    assert checked > 10


def test_the_bend_of_a_dipole_is_between_zero_and_its_value():
    """Lemma 52, for random pairs and a centre beside them."""
    rng = np.random.default_rng(4)
    for _ in range(300):
        c, v, w, row = rng.normal(size=(4, 3))
        p, q = rng.random(2)
        T = p * v - q * w
        output = p * relu(row @ v) - q * relu(row @ w)
        bend = output - (row @ T if row @ c > 0 else 0)
        end = -(row @ T) if row @ c > 0 else row @ T
        assert min(0, end) - SLACK <= bend <= max(0, end) + SLACK


def test_between_two_units_of_a_sign_there_is_an_upturn():
    """Lemma 53(4)."""
    pairs = 0
    for found in all_minima():
        if found.rows.shape[1] != 2:
            continue
        for (s, _, v), (z, _, w) in permutations(list(found.units()), 2):
            start, stop = np.unwrap([np.arctan2(*v[::-1]), np.arctan2(*w[::-1])])
            if s != z or stop <= start:
                continue
            pairs += 1
            turns = slopes(found, s, start, stop)
            rays = any(left <= SLACK and right >= -SLACK for _, left, right in turns[1:-1])
            cells = any(
                right <= SLACK and left >= -SLACK for (_, _, right), (_, left, _) in pairwise(turns)
            )
            assert rays or cells
    assert pairs


def test_a_dipole_is_lower_at_its_centre_than_its_slopes_make_of_its_ends():
    """Lemma 52 on a line, with centres between the two units."""
    pairs = 0
    for found in all_minima():
        if found.rows.shape[1] != 2:
            continue
        for (s, _, v), (z, _, w) in permutations(list(found.units()), 2):
            ends = np.unwrap([np.arctan2(*v[::-1]), np.arctan2(*w[::-1])])
            low, high = steepest(slopes(found, 1, ends.min(), ends.max()))
            for share in (0.1, 0.5, 0.8):
                angle = ends[0] + share * (ends[1] - ends[0])
                h, steep = max(abs(angle - ends)), max(high, -low)
                if s > 0 > z and h < np.pi / 2:
                    pairs += 1
                    assert abs(found.height(turned(angle))) <= h * steep - found.ridge + SLACK
    assert pairs > 10


def test_no_direction_excludes_a_part_that_holds_a_unit():
    """Lemma 53(3), for parts between a unit and two random vectors, and all kinds of data."""
    rng = np.random.default_rng(6)
    for found in all_minima():
        for s, _, v in found.units():
            for _ in range(30):
                part = np.vstack([v, v + rng.normal(size=(2, len(v))) * rng.choice([0.05, 0.5])])
                values = np.array([on(found.rows, direction) for direction in part])
                w = rng.normal(size=len(v))
                rates, weights = found.rows @ w, s * found.residual
                least, most = values.min(0), values.max(0)
                sure = (least > 0) | (least == 0) & (most > 0) & (rates >= 0)
                zero = (least == 0) & (most == 0)
                absent = (most < 0) | (most == 0) & (rates <= 0) & ~zero
                other = ~(sure | zero | absent)
                total = (weights * rates)[sure].sum() + (weights * relu(rates))[zero].sum()
                total -= relu(-weights * rates)[other].sum()
                assert total <= found.ridge * (v @ w) + SLACK


def test_units_are_projections_on_every_closed_cell_that_holds_them():
    """Lemma 54: the nearest point of a cell, by its dual problem."""
    rng = np.random.default_rng(8)
    for found in all_minima():
        for s, _, v in found.units():
            for _ in range(5):
                nearby = np.sign(found.rows @ rng.normal(size=len(v)))
                signs = np.where(on(found.rows, v) == 0, nearby, np.sign(on(found.rows, v)))
                pull = s * (found.residual * (signs > 0)) @ found.rows
                walls = signs[:, None] * found.rows
                nearest = pull + walls.T @ nnls(walls.T, -pull)[0]
                assert np.allclose(nearest, found.ridge * v, atol=1e-7)
