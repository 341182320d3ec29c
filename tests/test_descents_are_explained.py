"""What optimisers find is on the list: every end point of a descent is a listed stationary point.

The descents know nothing of the package: plain L-BFGS on the true loss in doubles. It stalls where
units have kinks on data points, so an end point may be moved onto the flat of a nearby face and
minimised there, or shaken a little and sent down again; it never moves upwards for good.
"""

from itertools import pairwise

import numpy as np
import pytest
from oracles import classes_of
from scipy.optimize import minimize

from reluenum import Problem, enumerate_minima

REFERENCE = (
    [["-17/100"], ["44/100"], ["-1"], ["-40/100"], ["-71/100"]],
    ["5/100", "102/100", "61/100", "-36/100", "-132/100"],
)
INSTANCES = {
    "reference, ridge 1/100": (*REFERENCE, 2, "1/100"),
    "reference, ridge 1/10": (*REFERENCE, 2, "1/10"),
    "three units": ([["-1"], ["0"], ["1/2"], ["2"]], ["1", "-1", "1/2", "0"], 3, "1/5"),
    "plane": (
        [["0", "1"], ["1", "1/3"], ["-1", "1/2"], ["1/4", "-1"]],
        ["1", "-1/2", "1/3", "2"],
        2,
        "1/10",
    ),
    "mean loss, free bias": (
        [["-1"], ["0"], ["1/2"], ["2"]],
        ["1", "3", "1/2", "2"],
        2,
        "1/50",
        "mean",
        "free",
    ),
}
STARTS = 60
ALIVE = 1e-2
"""Weight below which a unit counts as dying: its square is small beside any listed one."""

CLOSE = 1e-3
"""Agreement of directions and squares that no two listed points of these instances share."""


def number(value):
    return int(value.p) / int(value.q)


class Descents:
    """The loss of a problem in doubles, and descents on it."""

    def __init__(self, problem):
        self.rows = np.array([[number(x) for x in row] for row in problem.rows])
        self.targets = np.array([number(y) for y in problem.targets])
        self.width, self.ridge = problem.width, number(problem.effective_ridge)
        self.share = number(problem.bias_share)

    def loss(self, weights, units):
        """Value and gradient of the sum-of-squares loss, the best bias put in."""
        pre = units @ self.rows.T
        active = np.maximum(pre, 0)
        errors = self.targets - weights @ active
        residual = errors - self.share * errors.sum()
        value = errors @ residual + self.ridge * (weights @ weights + (units**2).sum())
        along_weights = -2 * active @ residual + 2 * self.ridge * weights
        pull = weights[:, None] * (pre > 0) * residual
        return value, along_weights, -2 * pull @ self.rows + 2 * self.ridge * units

    def descend(self, weights, units, flats=None):
        """Minimise from a start; `flats` restricts each unit to the span of some rows."""
        flats = flats or [np.eye(self.rows.shape[1])] * self.width
        sizes = np.cumsum([self.width] + [len(flat) for flat in flats])

        def unpacked(x):
            parts = [x[a:b] for a, b in pairwise(sizes)]
            return x[: self.width], np.array([p @ f for p, f in zip(parts, flats, strict=True)])

        def objective(x):
            value, along_weights, along_units = self.loss(*unpacked(x))
            pieces = [flat @ g for flat, g in zip(flats, along_units, strict=True)]
            return value, np.concatenate([along_weights, *pieces])

        start = [flat @ unit for flat, unit in zip(flats, units, strict=True)]
        found = minimize(
            objective,
            np.concatenate([weights, *start]),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": 3000, "ftol": 1e-16, "gtol": 1e-11},
        )
        return unpacked(found.x)

    def flow(self, weights, units, step=2e-4, steps=40_000):
        """Follow the gradient in small steps, which do not leap out of a narrow basin."""
        for _ in range(steps):
            _, along_weights, along_units = self.loss(weights, units)
            weights, units = weights - step * along_weights, units - step * along_units
        return weights, units

    def near_flats(self, units, threshold):
        """For each unit, a basis of the flat of the data points that it almost ignores."""
        flats = []
        lengths = np.linalg.norm(self.rows, axis=1)
        for unit in units:
            near = np.abs(self.rows @ unit) <= threshold * lengths * np.linalg.norm(unit)
            flats.append(null_space(self.rows[near]) if near.any() else np.eye(len(unit)))
        return flats


def null_space(rows):
    _, values, vectors = np.linalg.svd(rows)
    return vectors[int((values > 1e-9).sum()) :]


def living_groups(weights, units):
    """The living units merged by direction: pairs (signed direction, sum of squares)."""
    groups = []
    for weight, unit in zip(weights, units, strict=True):
        if abs(weight) < ALIVE:
            continue
        direction = np.sign(weight) * np.append(unit / np.linalg.norm(unit), 1)
        for group in groups:
            if np.abs(group[0] - direction).max() < 10 * CLOSE:
                group[1] += weight**2
                break
        else:
            groups.append([direction, weight**2])
    return groups


def listed_points(landscape):
    """Every listed stationary point: its groups, and what it is without and with zero units."""
    points = []
    for group in classes_of(landscape):
        for support in group.stationary.supports:
            groups = [
                (
                    group.stationary.signs[face]
                    * np.array([*(float(d.ball(64)) for d in group.stationary.direction(face)), 1]),
                    float(square.ball(64)),
                )
                for face, square in zip(support, group.stationary.squares(support), strict=True)
            ]
            points.append((groups, group.is_minimal(support), group.is_global))
    return points


def agree(groups, listed):
    return len(groups) == len(listed) and all(
        any(
            np.abs(direction - other).max() < CLOSE and abs(square - size) < CLOSE * (1 + size)
            for other, size in listed
        )
        for direction, square in groups
    )


def explanation(weights, units, points):
    """Say what listed point a network is, or None."""
    groups = living_groups(weights, units)
    has_zero = bool((np.abs(weights) < ALIVE).any())
    for listed, minimal, everywhere in points:
        if agree(groups, listed):
            return "minimum" if (everywhere if has_zero else minimal) else "saddle"
    return None


def snapped_end(descents, weights, units, points):
    """Move onto the flats of nearby faces and minimise there; say what is reached."""
    if what := explanation(weights, units, points):
        return what, (weights, units)
    before = descents.loss(weights, units)[0]
    for threshold in (0, 1e-5, 1e-4, 1e-3, 1e-2, 3e-2, 1e-1):
        flats = descents.near_flats(units, threshold)
        if any(len(flat) == 0 for flat in flats):
            continue
        end = descents.descend(weights, units, flats)
        if descents.loss(*end)[0] <= before + 1e-7 and (what := explanation(*end, points)):
            return what, end
    return None, (weights, units)


def explained_end(descents, weights, units, points, generator):
    """Descend, move onto flats or shake, until the end point is a listed one."""
    weights, units = descents.descend(weights, units)
    for attempt in range(60):
        if (found := snapped_end(descents, weights, units, points))[0]:
            return found
        scale = 10.0 ** generator.uniform(-5, -1)
        shaken = descents.descend(
            weights + scale * generator.standard_normal(weights.shape),
            units + scale * generator.standard_normal(units.shape),
        )
        if attempt > 40 or descents.loss(*shaken)[0] < descents.loss(weights, units)[0]:
            weights, units = shaken
    return None, (weights, units)


@pytest.mark.slow
@pytest.mark.parametrize("name", INSTANCES)
def test_every_descent_ends_at_a_listed_point(name):
    problem = Problem.from_text(*INSTANCES[name])
    landscape = enumerate_minima(problem)
    points, descents = listed_points(landscape), Descents(problem)
    lowest = float(landscape.components[0].loss.ball(64)) / number(problem.loss_scale)
    generator = np.random.default_rng(sum(map(ord, name)))
    ends = []
    for _ in range(STARTS):
        scale = generator.choice([0.1, 0.5, 1, 2])
        weights = scale * generator.standard_normal(problem.width)
        units = scale * generator.standard_normal((problem.width, problem.dimension + 1))
        what, end = explained_end(descents, weights, units, points, generator)
        assert what is not None, f"unexplained end point {end}, loss {descents.loss(*end)[0]}"
        assert descents.loss(*end)[0] >= lowest - 1e-9
        ends.append(what)
    assert ends.count("minimum") >= STARTS // 4


@pytest.mark.slow
@pytest.mark.parametrize("name", INSTANCES)
def test_a_start_near_a_listed_minimum_ends_there(name):
    problem = Problem.from_text(*INSTANCES[name])
    landscape = enumerate_minima(problem)
    descents = Descents(problem)
    generator = np.random.default_rng(0)
    for component in landscape.components:
        network = component.representative
        weights = np.array([float(weight.ball(64)) for weight in network.weights])
        units = np.array([[float(entry.ball(64)) for entry in unit] for unit in network.units])
        own = [
            [
                (
                    group.sign * np.array([*(float(d.ball(64)) for d in group.direction), 1]),
                    float(group.square.ball(64)),
                )
                for group in stratum.groups
            ]
            for stratum in component.strata
        ]
        points = [(groups, True, True) for groups in own]
        shaken = (
            weights + 1e-4 * generator.standard_normal(weights.shape),
            units + 1e-4 * generator.standard_normal(units.shape),
        )
        what, end = snapped_end(descents, *descents.flow(*shaken), points)
        assert what == "minimum", f"left {component} for loss {descents.loss(*end)[0]}"
