"""Instances and an independent view of the loss, shared by the tests.

Nothing here calls the package to evaluate a loss: decimals of 60 digits give values, doubles in
centred form give differences with an error bound.
"""

import json
import random
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from pathlib import Path

import numpy as np
from flint import fmpq, fmpq_mat

from reluenum import Problem

REFERENCE = json.loads((Path(__file__).parent / "reference/seed_instance.json").read_text())

RIDGES = ("3/10", "1/10", "1/100")

DIGITS = 60

EPSILON = 2.0**-52


def reference_problem(width, ridge):
    """The instance of Fukasaku, Kabata and Okuno: n = 5, d = 1."""
    return Problem.from_text(REFERENCE["x"], REFERENCE["y"], width, ridge)


def random_data(seed, size, dimension, special=""):
    """Small random fractions; `special` is `tie` (one input twice) or `line` (collinear)."""
    generator = random.Random(seed)

    def draw():
        return Fraction(generator.randint(-8, 8), generator.choice([1, 2, 3, 4, 5]))

    inputs = []
    while len(inputs) < size:
        row = [draw() for _ in range(dimension)]
        if special == "line":
            row[1] = 2 * row[0] + 1
        if row not in inputs:
            inputs.append(row)
    if special == "tie":
        inputs[-1] = list(inputs[0])
    return inputs, [draw() for _ in range(size)]


def random_problem(seed, size, dimension, width, ridge, special="", **conventions):
    inputs, targets = random_data(seed, size, dimension, special)
    return Problem.from_text(inputs, targets, width, ridge, **conventions)


ROUTE = ("completeness", "decided_by", "certificate", "sign_matrices")
"""The records of a document that say how it was found; all others are the same by every route."""


def by_any_route(document):
    """The records of a document that do not depend on engine and formulation."""
    return {key: value for key, value in document.items() if key not in ROUTE}


def added_columns(problem):
    """The columns of output bias and linear part, and the ridge on each."""
    bias = [] if str(problem.output_bias) == "none" else [[fmpq(1)] * problem.size]
    columns = list(map(list, zip(*problem.inputs, strict=True)))
    inputs = [] if str(problem.linear) == "none" else columns
    ridge = {"ridge": problem.effective_ridge, "free": fmpq(0)}
    ridges = [ridge[str(problem.output_bias)] for _ in bias]
    return [*bias, *inputs], ridges + [ridge[str(problem.linear)] for _ in inputs]


def outer_matrix(problem):
    """R of Lemma 74, (n, n) for the data points, without free columns that others span."""
    chosen, ridges = [], []
    pairs = zip(*added_columns(problem), strict=True)
    for column, ridge in sorted(pairs, key=lambda pair: pair[1]):
        if ridge or fmpq_mat([*chosen, column]).rank() > len(chosen):
            chosen.append(column)
            ridges.append(ridge)
    places = range(problem.size)
    identity = fmpq_mat(problem.size, problem.size, [fmpq(i == j) for i in places for j in places])
    if not chosen:
        return identity
    columns = fmpq_mat(chosen)
    heavy = fmpq_mat([[x * w for x, w in zip(c, problem.weights, strict=True)] for c in chosen])
    matrix = heavy * columns.transpose()
    for k, ridge in enumerate(ridges):
        matrix[k, k] += ridge
    return identity - columns.transpose() * matrix.solve(heavy)


def residual_by_points(problem, errors):
    """R (y - f) by Lemma 74, from an error for each data point; over any ring."""
    rows = outer_matrix(problem).tolist()
    return [sum((r * e for r, e in zip(row, errors, strict=True) if r), fmpq(0)) for row in rows]


# Exact enough: the loss in decimals.


def decimals(values):
    """Fractions, texts or FLINT rationals as decimals of the current precision."""
    return [Decimal(f.numerator) / Decimal(f.denominator) for f in map(fraction, values)]


def fraction(value):
    return Fraction(str(value))


@dataclass(frozen=True)
class Network:
    """A network in decimals: output weights, units (b, c) or b alone, and output bias."""

    a: list
    v: list
    m: Decimal = Decimal(0)


class Data:
    """The numbers of a problem, for the independent evaluations below."""

    def __init__(self, problem):
        self.exact_inputs = [[fraction(entry) for entry in row] for row in problem.inputs]
        self.exact_targets = [fraction(entry) for entry in problem.targets]
        self.ridge = fraction(problem.ridge)
        self.bias = str(problem.output_bias)
        self.mean = str(problem.loss) == "mean"
        self.slopes = tuple(map(Fraction, problem.activation.slopes))  # below and above 0
        self.size = len(self.exact_targets)
        with localcontext(prec=DIGITS):
            offset = [1] if str(problem.hidden_bias) == "ridge" else []
            self.rows = [decimals([*row, *offset]) for row in self.exact_inputs]
            self.targets = decimals(self.exact_targets)
            self.below, self.above = decimals(self.slopes)

    def output(self, height):
        """The value of the activation."""
        return height * (self.above if height > 0 else self.below)

    def pre_activations(self, unit):
        return [sum(x * w for x, w in zip(row, unit, strict=True)) for row in self.rows]

    def responses(self, network):
        """What the hidden units add up to on the data."""
        total = [Decimal(0)] * self.size
        for a, unit in zip(network.a, network.v, strict=True):
            active = [self.output(z) for z in self.pre_activations(unit)]
            total = [t + a * h for t, h in zip(total, active, strict=True)]
        return total

    def with_best_bias(self, network):
        """The same units with the output bias that fits best."""
        with localcontext(prec=DIGITS):
            errors = [y - f for y, f in zip(self.targets, self.responses(network), strict=True)]
            ridge = self.ridge * self.size if self.mean else self.ridge
            match self.bias:
                case "none":
                    m = Decimal(0)
                case "free":
                    m = sum(errors) / self.size
                case "ridge":
                    m = sum(errors) / (self.size + decimals([ridge])[0])
        return Network(network.a, network.v, m)

    def residuals(self, network):
        return [
            y - network.m - f for y, f in zip(self.targets, self.responses(network), strict=True)
        ]

    def loss(self, network):
        """The loss, straight from its definition."""
        with localcontext(prec=DIGITS):
            squares = sum(r * r for r in self.residuals(network))
            norm = sum(a * a for a in network.a) + sum(w * w for unit in network.v for w in unit)
            if self.bias == "ridge":
                norm += network.m * network.m
            (ridge,) = decimals([self.ridge])
            return (squares / self.size if self.mean else squares) + ridge * norm


def split(square, shares):
    """Distribute a sum of squares over neurons: |a| of each."""
    with localcontext(prec=DIGITS):
        total = sum(map(Decimal, shares))
        return [(square * Decimal(share) / total).sqrt() for share in shares]


def network_of(data, stratum, generator=None):
    """A network of a stratum of a document: equal shares, or random ones."""
    a, v = [], []
    with localcontext(prec=DIGITS):
        for group in stratum["support"]:
            count = group["multiplicity"]
            shares = [1] * count
            if generator is not None:
                shares = [str(s) for s in generator.uniform(0.02, 1, count)]
            for length in split(Decimal(group["sum_a_squared"]), shares):
                a.append(length * group["sign"])
                v.append([length * Decimal(entry) for entry in group["direction"]])
        a += [Decimal(0)] * stratum["zero_neurons"]
        v += [[Decimal(0)] * len(data.rows[0])] * stratum["zero_neurons"]
    return data.with_best_bias(Network(a, v))


def faces_of(stratum):
    """The face of each neuron of `network_of`, zero neurons included."""
    found = [g["face"] for g in stratum["support"] for _ in range(g["multiplicity"])]
    size = len(found[0]) if found else 0
    return found + ["0" * size] * stratum["zero_neurons"]


class Centred:
    """Differences of the loss near one network, in doubles with an error bound.

    With the residual r and the pre-activations z of the network correctly rounded, and the signs
    of the z known from the faces, the difference for a step is

        sum_i (D_i^2 - 2 r_i D_i) + ridge (2 theta . delta + |delta|^2),

    D_i the change of the fitted value, itself assembled from changes. Everything is a sum of
    products of numbers of the size of the step, so rounding costs at most (number of operations
    on the longest path) * epsilon times the sum of the absolute values: far below the second
    order in the step that decides, which a plain difference of two losses could not see.
    """

    def __init__(self, data, network, faces):
        self.data = data
        self.a = np.array([float(a) for a in network.a])
        self.v = np.array([[float(w) for w in unit] for unit in network.v])
        self.rows = np.array([[float(x) for x in row] for row in data.rows])
        with localcontext(prec=DIGITS):
            self.r = np.array([float(r) for r in data.residuals(network)])
            exact = [data.pre_activations(unit) for unit in network.v]
        self.z = np.array([[float(z) for z in row] for row in exact])
        signs = np.array([[{"+": 1, "-": -1, "0": 0}[s] for s in face] for face in faces])
        if signs.size == 0:
            signs = np.zeros(self.z.shape)
        # The texts carry 30 digits, so a pre-activation that should be 0 is below 1e-25.
        assert np.all(np.where(signs == 0, np.abs(self.z) < 1e-25, self.z * signs > 1e-25))
        self.z = np.where(signs == 0, 0.0, self.z)
        self.m = float(network.m)
        self.ridge = float(data.ridge)
        self.scale = 1 / data.size if data.mean else 1.0

    def differences(self, da, dv, dm):
        """Loss differences and bounds on their errors.

        Shapes (k, L), (k, L, d + 1) and (k,), k steps at once.
        """
        dz = dv @ self.rows.T
        reach = np.abs(dv) @ np.abs(self.rows).T
        below, above = map(float, self.data.slopes)
        steepest = max(abs(below), abs(above))
        reach = steepest * reach
        hidden = np.where(self.z > 0, above, below) * self.z
        moved = self.z + dz
        slope, other = (np.where(z > 0, above, below) for z in (self.z, moved))
        dh = np.where((self.z > 0) == (moved > 0), slope * dz, other * moved - slope * self.z)
        a = self.a[:, None]
        change = (a * dh + da[..., None] * (hidden + dh)).sum(axis=1) + dm[:, None]
        size = (np.abs(a) * reach + np.abs(da)[..., None] * (np.abs(hidden) + reach)).sum(axis=1)
        size += np.abs(dm)[:, None]
        value = (change * change - 2 * self.r * change).sum(axis=1) * self.scale
        bound = (size * size + 2 * np.abs(self.r) * size).sum(axis=1) * self.scale
        pairs = [(self.a, da), (self.v, dv)]
        if self.data.bias == "ridge":
            pairs.append((np.array(self.m), dm))
        for old, step in pairs:
            axes = tuple(range(1, step.ndim))
            value += self.ridge * (2 * old * step + step * step).sum(axis=axes)
            bound += self.ridge * (2 * np.abs(old * step) + step * step).sum(axis=axes)
        # Longest path: a dot product of d + 1 terms, a sum over L units, one over n points, and
        # a dozen single operations and roundings of inputs.
        length = sum(self.rows.shape) + self.a.size * (1 + self.rows.shape[1]) + 16
        return value, length * EPSILON * bound

    def stays_adjacent(self, da, dv):
        """Which steps stay in the closed cells around the network and keep the signs of a.

        A margin of 1e-12 keeps rounding out of it.
        """
        moved = (self.z + dv @ self.rows.T) * np.sign(self.z)
        weights = (self.a + da) * np.sign(self.a)
        cells = np.where(self.z == 0, True, moved > 1e-12).all(axis=(1, 2))
        return cells & np.where(self.a == 0, True, weights > 1e-12).all(axis=1)

    def random_steps(self, generator, count, scale):
        """Random steps of one scale: all parameters, one unit, or one unit's direction."""
        units, dimension = self.v.shape
        da = generator.standard_normal((count, units))
        dv = generator.standard_normal((count, units, dimension))
        chosen = generator.integers(units, size=count)
        kind = generator.integers(4, size=count)
        others = np.arange(units)[None, :] != chosen[:, None]
        da[(others & (kind >= 2)[:, None]) | (kind == 3)[:, None]] = 0
        dv[others & (kind >= 2)[:, None]] = 0
        dm = generator.standard_normal(count) * (kind < 2) * (self.data.bias != "none")
        return scale * da, scale * dv, scale * dm


# Comparing documents.


def support_key(groups):
    """A stratum's or a support's groups without order."""
    return frozenset(Counter((g["face"], g["sign"], g["multiplicity"]) for g in groups).items())


def component_key(component):
    """Everything discrete about a component, without the order of its strata."""
    return (
        component["dimension"],
        component["on_boundary"],
        component["global_at_width"],
        component["global_at_every_width"],
        component["orbit_size"],
        frozenset((support_key(s["support"]), s["zero_neurons"]) for s in component["strata"]),
    )


def classes_of(landscape):
    """The residual classes of a landscape of the reduced formulation."""
    return list(dict.fromkeys(point.group for point in landscape.points))


# Conventions and special positions that random rational instances are drawn from.
KINDS = ("", "tie", "line", "mirrored", "sparse", "coarse")

CONVENTIONS = [
    {"loss": loss, "output_bias": bias}
    for loss in ("sum", "mean")
    for bias in ("none", "free", "ridge")
]


def drawn(seed):
    """A random rational instance with n <= 6, d <= 2, L <= 3; half of them are degenerate."""
    generator = random.Random(seed)
    kind = KINDS[seed % len(KINDS)]
    dimension = 2 if kind == "line" else generator.choice([1, 1, 2])
    size = generator.randint(1, 6 if dimension == 1 else 4)
    width = generator.choice([1, 2, 3] if size + dimension <= 5 else [1, 2])
    scale = generator.choice([1, 2, 10]) if kind == "coarse" else generator.choice([3, 7, 100])

    def draw():
        reach = 2 * scale if kind == "coarse" else 8
        return Fraction(generator.randint(-reach, reach), scale)

    inputs = [[draw() for _ in range(dimension)] for _ in range(size)]
    targets = [draw() for _ in range(size)]
    if kind == "tie":
        inputs[-1] = list(inputs[0])
    if kind == "line":
        inputs = [[x, 2 * x + 1] for x, _ in inputs]
    if kind == "mirrored":
        for i in range(size // 2):
            inputs[-1 - i] = [-x for x in inputs[i]]
            targets[-1 - i] = generator.choice([1, -1]) * targets[i]
    if kind == "sparse":
        targets = [generator.choice([0, 1]) * y for y in targets]
    ridge = generator.choice(["1/100", "1/10", "1/7", "1/3", "1", "2"])
    return Problem.from_text(inputs, targets, width, ridge, **CONVENTIONS[seed // 2 % 6])
