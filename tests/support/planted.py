"""Minima on a line that are known exactly, with ties: a problem is made for a residual.

Inputs x are those for which 1 + x^2 is a square. Units are where one likes, a residual that keeps
to (20.1) and (20.2) there is found by linear algebra, some slopes at rays being 0.
"""

from typing import NamedTuple

import numpy as np
from flint import fmpq, fmpq_mat

ROUND = [fmpq(p, q) for p, q in ((0, 1), (3, 4), (4, 3), (5, 12), (12, 5), (8, 15), (7, 24))]
FAR = [(m * m - 1) / (2 * m) for m in map(fmpq, range(10**6, 10**6 + 8))]
CLUSTERED = [(m * m - 1) / (2 * m) for m in (3 + fmpq(k, 10**9) for k in range(8))]


class Planted(NamedTuple):
    """A problem with a minimum: (sign, number of the face, unit vector, length t) of its units."""

    problem: dict
    units: list
    inputs: list  # of each data point
    targets: list
    residual: list
    ridge: fmpq  # Lambda

    @property
    def vectors(self):
        """The coordinates of s t v for the columns of their flats, as doubles."""
        found = []
        for s, face, v, t in self.units:
            found += [s * t] if face % 2 else [s * t * v[0], s * t * v[1]]
        return np.array([float(int(x.p) / int(x.q)) for x in found])


def rays(sites):
    """Unit vectors on boundaries, counterclockwise."""
    half = [(1 / (1 + x * x).sqrt(), -x / (1 + x * x).sqrt()) for x in reversed(sites)]
    return half + [(-v, -w) for v, w in half]


def unit_on(sites, face, part):
    """The unit vector on a ray, or in a cell: about so far between its ends."""
    around = rays(sites)
    if face % 2:
        return around[(face + 1) // 2]
    (a, b), (c, d) = around[face // 2], around[face // 2 + 1]
    tan = part * (a * d - b * c) / (1 + a * c + b * d)  # of half the angle
    cos, sin = (1 - tan * tan) / (1 + tan * tan), 2 * tan / (1 + tan * tan)
    return a * cos - b * sin, a * sin + b * cos


def output(inputs, v, w):
    """The derivative of the outputs of a unit v along w, to one side."""
    values = [(v[0] * x + v[1], w[0] * x + w[1]) for x in inputs]
    return [y if z > 0 else max(y, fmpq(0)) if z == 0 else fmpq(0) for z, y in values]


def conditions(sites, face, v):
    """Forms whose values at the residual are Lambda s times a number, and s times those <= 0."""
    if face % 2 == 0:
        return [(output(sites, v, e), v[k]) for k, e in enumerate(((1, 0), (0, 1)))], []
    tangents = (-v[1], v[0]), (v[1], -v[0])
    return [(output(sites, v, v), fmpq(1))], [output(sites, v, w) for w in tangents]


def solved(rows, right, guess):
    """The solution of linear equations that is next to a guess."""
    matrix, start = fmpq_mat(rows), fmpq_mat(len(guess), 1, guess)
    left = fmpq_mat(len(right), 1, right) - matrix * start
    return (start + matrix.transpose() * (matrix * matrix.transpose()).solve(left)).entries()


def planted(seed):
    """A problem with a minimum; None if there is no residual by chance."""
    draw = np.random.default_rng(seed)
    inputs = [ROUND, [-x for x in ROUND[1:]] + ROUND, FAR, CLUSTERED][draw.integers(4)]
    size = int(draw.integers(2, 7))
    sites = sorted(inputs[k] for k in draw.choice(len(inputs), size, replace=False))
    count, live = int(draw.integers(1, min(3, size) + 1)), 4 * size - 3
    ridge = fmpq(10) ** int(draw.integers(-6, 4)) * int(draw.integers(1, 10))
    bias = str(draw.choice(["none", "free", "ridge"]))
    units, rows, right, falling = [], [], [], []
    for face in sorted(draw.choice(live, count, replace=False).tolist()):
        s, near = int(draw.choice([-1, 1])), fmpq(1, 10 ** int(draw.choice([0, 6, 9, 12, 15])))
        v = unit_on(sites, face, [near / 3, 1 - near / 3][draw.integers(2)])
        t = fmpq(10) ** int(draw.choice([-18, -12, -6, -3, 0, 0, 0, 3]))
        units.append((s, face, v, t))
        equal, slopes = conditions(sites, face, v)
        rows += [row for row, _ in equal]
        right += [s * ridge * value for _, value in equal]
        for row in slopes:
            if draw.random() < 0.3:
                rows, right = [*rows, row], [*right, fmpq(0)]
            else:
                falling.append([s * x for x in row])
    if bias == "free":
        rows, right = [*rows, [fmpq(1)] * size], [*right, fmpq(0)]
    guess = [ridge * fmpq(int(draw.integers(-20, 21)), 10) for _ in range(size)]
    try:
        sums = solved(rows, right, guess)
    except ZeroDivisionError:
        return None
    if any(sum(x * y for x, y in zip(row, sums, strict=True)) > 0 for row in falling):
        return None
    return with_residual((sites, sums), units, ridge, bias, draw)


def with_residual(known, units, ridge, bias, draw):
    """The problem, some inputs repeated, so that residuals have given sums over equal ones."""
    inputs, residual = [], []
    for x, value in zip(*known, strict=True):
        more = [ridge * fmpq(int(draw.integers(-9, 10)), 7) for _ in range(draw.integers(3) // 2)]
        residual += [*more, value - sum(more, fmpq(0))]
        inputs += [x] * (len(more) + 1)
    level = {"none": fmpq(0), "free": fmpq(3, 7), "ridge": sum(residual, fmpq(0)) / ridge}[bias]
    targets = [r + level for r in residual]
    for s, _, v, t in units:
        targets = [y + s * t * z for y, z in zip(targets, output(inputs, v, v), strict=True)]
    loss = str(draw.choice(["sum", "mean"]))
    problem = {
        "x": [[str(x)] for x in inputs],
        "y": [str(y) for y in targets],
        "width": 3,
        "ridge": str(ridge if loss == "sum" else ridge / len(inputs)),
        "loss": loss,
        "output_bias": bias,
    }
    return Planted(problem, units, inputs, targets, residual, ridge)
