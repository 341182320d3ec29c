"""Batches of networks in doubles: their losses, gradients and random starts."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol

import numpy as np

from reluenum.landscape.evaluation import InDoubles
from reluenum.problem import Linear, OutputBias, Problem

SMALLEST_START, LARGEST_START = 0.1, 3.0
"""Bounds of the size of a start, relative to that of a network which fits the data."""


class Trainable(Protocol):
    """A loss of many networks, each a row of parameters, as optimisers see it.

    Parameters
    ----------
    problem : Problem
    rows : (n, d + 1) array
    targets, data_weights : (n,) array
    stiffness, hardest : float
        How strongly the fit answers to a unit, at all data points or at the hardest one.
    parameter_size : float
        Size of a parameter of a network that fits the data.
    ridge : float
    """

    problem: Problem
    rows: np.ndarray
    targets: np.ndarray
    data_weights: np.ndarray
    stiffness: float
    hardest: float
    parameter_size: float
    ridge: float

    def evaluate(
        self, theta: np.ndarray, emphasis: np.ndarray | float = 1.0
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return values (S,) and gradients (S, N)."""
        ...

    def safe_steps(self, theta: np.ndarray, stiffness: float) -> np.ndarray:
        """Return steps (S,) short enough for gradient descent not to diverge from its start."""
        ...


@dataclass(frozen=True, eq=False)
class Networks:
    """A batch of S networks in doubles.

    Parameters
    ----------
    weights : (S, L) array
        Output weights a.
    units : (S, L, D) array
        Hidden units v = (b, c).
    bias : (S,) array
        Output biases m, 0 without one.
    linear : (S, d) array, optional
        Linear parts beta; of none (S, 0).
    """

    weights: np.ndarray
    units: np.ndarray
    bias: np.ndarray
    linear: np.ndarray = field(default_factory=lambda: np.zeros(()))

    def __post_init__(self) -> None:
        if not self.linear.ndim:
            object.__setattr__(self, "linear", np.zeros((len(self.weights), 0)))

    def __len__(self) -> int:
        return len(self.weights)

    def __getitem__(self, chosen: np.ndarray | slice) -> "Networks":
        parts = self.weights, self.units, self.bias, self.linear
        return Networks(*(part[chosen] for part in parts))


class FitInDoubles(InDoubles):
    """A mixin: how strongly a fit answers to units, and starts among the data of a `problem`."""

    parameter_size: float

    @cached_property
    def stiffness(self) -> float:
        """The weighted sum of |xt_i|^2: how strongly the fit answers to a unit."""
        return float((self.data_weights[:, None] * self.rows**2).sum())

    @cached_property
    def hardest(self) -> float:
        """The same if every data point were the longest one: what a single point can do."""
        longest = float((self.rows**2).sum(axis=1).max())
        return float(self.data_weights.sum()) * longest

    @cached_property
    def whitening(self) -> np.ndarray:
        """What turns normal coordinates into a unit, (r, D), r the rank of the data.

        The data have unit covariance in these, so that kinks lie among them wherever they are.
        """
        _, values, axes = np.linalg.svd(self.rows / np.sqrt(len(self.rows)), full_matrices=False)
        kept = values > 1e-12 * values[0]
        return axes[kept] / values[kept, None]

    def sizes(self, count: int, generator: np.random.Generator) -> np.ndarray:
        """Draw the sizes of starts, (S,), over a factor of thirty."""
        low, high = np.log(SMALLEST_START), np.log(LARGEST_START)
        return self.parameter_size * np.exp(generator.uniform(low, high, count))


@dataclass(frozen=True, eq=False)
class Objective(FitInDoubles):
    """The sum-of-squares loss of a problem, with its effective ridge, on batches of networks."""

    problem: Problem

    @cached_property
    def ridges(self) -> np.ndarray:
        """The ridge on each parameter, (N,)."""
        problem = self.problem
        unit = [1.0] * problem.dimension + [float(not problem.has_free_hidden_bias)]
        units = unit[: problem.coordinates] * problem.width
        linear = [float(problem.linear is Linear.RIDGE)] * self.inputs.shape[1]
        bias = [float(problem.output_bias is OutputBias.RIDGE)] * self.biased
        return self.ridge * np.array([1.0] * problem.width + units + linear + bias)

    @cached_property
    def inputs(self) -> np.ndarray:
        """The inputs that a linear part sees, (n, d); of none (n, 0)."""
        return self.rows[:, : self.problem.dimension * self.problem.has_linear]

    @cached_property
    def energy(self) -> float:
        """Loss of the best network without hidden units; 1 where that fits perfectly."""
        weighed = self.data_weights * self.targets
        found = weighed @ self.without_outer(self.targets)
        return float(found) if found > 0 else 1.0

    @cached_property
    def parameter_size(self) -> float:
        """Size of a parameter of a network that fits the data."""
        return (self.energy / self.stiffness) ** 0.25

    @property
    def span(self) -> float:
        """Largest gradient of the fit beside the ridge, which it has to balance."""
        return float(np.sqrt(self.energy * self.stiffness)) / self.ridge

    @property
    def biased(self) -> bool:
        """Whether there is an output bias to train."""
        return self.problem.output_bias is not OutputBias.NONE

    def pack(self, networks: Networks) -> np.ndarray:
        """Return all parameters of each network in a row, (S, N)."""
        parts = [networks.weights, networks.units.reshape(len(networks), -1), networks.linear]
        return np.hstack([*parts, networks.bias[:, None]] if self.biased else parts)

    def unpack(self, theta: np.ndarray) -> Networks:
        """Return the networks of some rows of parameters."""
        width = self.problem.width
        last = width * (1 + self.rows.shape[1])
        units, linear = theta[:, width:last], theta[:, last : last + self.inputs.shape[1]]
        bias = theta[:, -1] if self.biased else np.zeros(len(theta))
        return Networks(theta[:, :width], units.reshape(len(theta), width, -1), bias, linear)

    def evaluate(
        self, theta: np.ndarray, emphasis: np.ndarray | float = 1.0
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return values (S,) and gradients (S, N).

        Parameters
        ----------
        theta : (S, N) array
        emphasis : (S, n) array or 1
            What the weight of each squared residual is multiplied by.
        """
        networks = self.unpack(theta)
        pre, phi = networks.units @ self.rows.T, self.problem.activation
        active = phi.values(pre)
        residual = self._left(networks, active)
        pulled = emphasis * self.data_weights * residual
        values = (pulled * residual).sum(1) + theta**2 @ self.ridges
        slopes = 2 * self.ridges * theta
        width = self.problem.width
        slopes[:, :width] -= 2 * (active @ pulled[..., None])[..., 0]
        force = networks.weights[..., None] * (phi.derivatives(pre) * pulled[:, None, :])
        last = width + networks.units[0].size
        slopes[:, width:last] -= 2 * (force @ self.rows).reshape(len(theta), -1)
        if self.problem.has_linear:
            slopes[:, last : last + self.inputs.shape[1]] -= 2 * pulled @ self.inputs
        if self.biased:
            slopes[:, -1] -= 2 * pulled.sum(1)
        return values, slopes

    def values(self, networks: Networks) -> np.ndarray:
        """Return the losses, (S,)."""
        return self.evaluate(self.pack(networks))[0]

    def residuals(self, networks: Networks) -> np.ndarray:
        """Return y - f, (S, n)."""
        return self._left(networks, self.problem.activation.values(networks.units @ self.rows.T))

    def _left(self, networks: Networks, active: np.ndarray) -> np.ndarray:
        """Return y - f, given the values of the units, (S, L, n)."""
        fitted = (networks.weights[:, None, :] @ active)[:, 0]
        left = self.targets - networks.bias[:, None] - fitted
        return left - networks.linear @ self.inputs.T if self.problem.has_linear else left

    def with_best_outer(self, networks: Networks) -> Networks:
        """Return networks with the same units and the best output bias and linear part."""
        linear = np.zeros((len(networks), self.inputs.shape[1]))
        errors = self.residuals(replace(networks, bias=np.zeros(len(networks)), linear=linear))
        bias = np.zeros(len(networks))
        columns = self.problem.outer.columns
        for level, column in zip(self.outer_levels(errors), columns, strict=True):
            first, rest = self.problem.parted(column.coefficients)
            bias = bias + level * float(first)
            linear = linear + level[:, None] * np.array([float(entry) for entry in rest])
        return replace(networks, bias=bias, linear=linear)

    def starts(self, count: int, generator: np.random.Generator) -> Networks:
        """Draw random networks.

        Hidden units are normal in coordinates in which the data have unit covariance, so that
        their kinks lie among the data wherever these are; sizes vary over a factor of thirty.
        """
        width, coordinates = self.problem.width, self.rows.shape[1]
        raw = generator.standard_normal((count, width, coordinates))[..., : len(self.whitening)]
        units = raw @ self.whitening
        units /= np.sqrt((self.whitening**2).sum())
        size = self.sizes(count, generator)
        weights = generator.standard_normal((count, width)) * size[:, None]
        bias = np.zeros(count)
        if self.biased:
            bias = generator.standard_normal(count) * np.abs(self.targets).mean()
        linear = generator.standard_normal((count, self.inputs.shape[1]))
        sizes = np.abs(self.inputs).mean(axis=0)
        linear *= np.abs(self.targets).mean() / np.where(sizes > 0, sizes, 1)
        return Networks(weights, units * size[:, None, None], bias, linear)

    def draw(self, count: int, generator: np.random.Generator) -> np.ndarray:
        """Draw random networks, as rows of parameters, (S, N)."""
        return self.pack(self.starts(count, generator))

    def safe_steps(self, theta: np.ndarray, stiffness: float) -> np.ndarray:
        """Return steps (S,) short enough for gradient descent not to diverge from its start."""
        values, _ = self.evaluate(theta)
        squares = np.maximum((theta**2).sum(1), 2 * self.parameter_size**2)
        outer = 2 * (self.data_weights @ self.inputs**2).sum()
        curve = 2 * stiffness * squares + 2 * np.sqrt(stiffness * values) + 2 * self.ridge + outer
        return 1 / curve
