"""Minima with nearly as many units as data points: no small width has them all.

Where hyperplanes of inputs on a line have equal angles, r_i > 0 can be chosen such that each u of
the next cell is that of the last one, reflected at the ray between them. All have one length, and
each lies in the middle of its own cell: as many units as there are cells with two active inputs at
least, up to the one in which all are active.
"""

import math

import numpy as np
import pytest

from reluenum import Problem, enumerate_minima

RIDGE = 0.01


def reflected(points):
    """Data with a minimum of one unit less than points, and the faces of these units."""
    angles = np.radians(np.linspace(-50, 50, points))
    rows = np.array([[round(math.tan(angle), 3), 1.0] for angle in angles])
    ends = [np.array([1.0, -x]) / math.hypot(1, x) for x in (rows[-2, 0], rows[-3, 0])]
    u, units, residual = RIDGE * sum(ends) / np.linalg.norm(sum(ends)), [], np.zeros(points)
    residual[-2:] = np.linalg.solve(rows[-2:].T, u)
    for k in range(points - 3, -1, -1):
        units.append(u / RIDGE)
        residual[k] = -2 * (u @ rows[k]) / (rows[k] @ rows[k])
        u = u + residual[k] * rows[k]
    units.append(u / RIDGE)
    targets = residual + 0.3 * sum(np.maximum(rows @ unit, 0) for unit in units)
    problem = Problem.from_arrays(rows[:, 0], targets.round(12), len(units), RIDGE)
    return problem, {"".join("-+"[int(s > 0)] for s in rows @ unit) for unit in units}


@pytest.mark.parametrize("points", [3, 4, 5, 6])
def test_there_are_minima_with_one_unit_less_than_points(points):
    problem, faces = reflected(points)
    assert len(faces) == problem.width == points - 1
    document = enumerate_minima(problem, engine="certified").document
    supports = [c["strata"][0]["support"] for c in document["components"] if not c["dimension"]]
    found = [support for support in supports if {group["face"] for group in support} == faces]
    assert len(found) == 1
    assert {group["sign"] for group in found[0]} == {1}
    assert all(abs(float(group["sum_a_squared"]) - 0.3) < 1e-6 for group in found[0])
