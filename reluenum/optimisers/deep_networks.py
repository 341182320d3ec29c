"""Batches of networks with several hidden layers, in doubles: losses, gradients, random starts.

A network is a row of parameters: layer by layer the units (W, b), row by row, then the output
weights w. Inside, arrays have the layout (unit, data point, network), so that the networks of a
batch stand next to each other in memory.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from reluenum.optimisers.networks import FitInDoubles
from reluenum.problem import Problem

Layers = list[np.ndarray]
"""One array for each hidden layer."""


@dataclass(frozen=True, eq=False)
class DeepNetworks:
    """A batch of S networks, unit by unit.

    Parameters
    ----------
    layers : list of (L_k, L_{k-1} + 1, S) arrays
        Units (W, b); L_0 is the dimension of the inputs.
    output : (L_Q, S) array
        Output weights w.
    """

    layers: Layers
    output: np.ndarray

    @classmethod
    def of(cls, theta: np.ndarray, hidden: Sequence[int], dimension: int) -> "DeepNetworks":
        """Return the networks of some rows of parameters, (S, N)."""
        columns, layers, start = np.ascontiguousarray(theta.T), [], 0
        for below, width in zip((dimension, *hidden), hidden, strict=False):
            stop = start + width * (below + 1)
            layers.append(columns[start:stop].reshape(width, below + 1, len(theta)))
            start = stop
        return cls(layers, columns[start:])

    @property
    def theta(self) -> np.ndarray:
        """Their parameters, (S, N)."""
        count = self.output.shape[-1]
        parts = [layer.reshape(layer.shape[0] * layer.shape[1], count) for layer in self.layers]
        return np.concatenate([*parts, self.output]).T

    def forward(self, rows: np.ndarray, signs: Layers | None = None) -> "Passed":
        """Return what the units answer to homogeneous inputs, (n, d + 1).

        Parameters
        ----------
        rows : (n, d + 1) array
        signs : list of (L_k, n, 1) arrays, optional
            Each unit is linear where its sign is positive, and 0 elsewhere; by default, the signs
            are those of the pre-activations.
        """
        inputs, pre, active = [rows.T[:, :, None]], [], []
        for k, layer in enumerate(self.layers):
            pre.append(np.einsum("jls,lns->jns", layer, inputs[-1]))
            active.append((pre[-1] if signs is None else signs[k]) > 0)
            ones = np.ones((1, *pre[-1].shape[1:]))
            inputs.append(np.concatenate([pre[-1] * active[-1], ones]))
        fitted = np.einsum("js,jns->ns", self.output, inputs[-1][:-1])
        return Passed(inputs, pre, active, fitted)

    def pulled(
        self, passed: "Passed", pull: np.ndarray, at_kinks: Layers | None = None
    ) -> np.ndarray:
        """Return the sum over data points of a pull, (n, S), times the gradient of f, as (S, N).

        Parameters
        ----------
        passed : Passed
        pull : (n, S) array
        at_kinks : list of (L_k, n, 1) arrays, optional
            Multipliers, which are added to what flows down to the units.
        """
        force = self.output[:, None] * pull
        layers: Layers = []
        for k in reversed(range(len(self.layers))):
            force = force * passed.active[k]
            if at_kinks is not None:
                force = force + at_kinks[k]
            layers.insert(0, np.einsum("jns,lns->jls", force, passed.inputs[k]))
            force = np.einsum("jls,jns->lns", self.layers[k][:, :-1], force)
        output = np.einsum("ns,jns->js", pull, passed.inputs[-1][:-1])
        return DeepNetworks(layers, output).theta


@dataclass(frozen=True, eq=False)
class Passed:
    """What the units of a batch answer to the data.

    Parameters
    ----------
    inputs : list of (L_k + 1, n, S) arrays
        What each layer sees, with a last row of ones; the last one is for the output.
    pre : list of (L_k, n, S) arrays
        Pre-activations.
    active : list of (L_k, n, S) arrays of bool
    fitted : (n, S) array
    """

    inputs: Layers
    pre: Layers
    active: Layers
    fitted: np.ndarray


@dataclass(frozen=True, eq=False)
class DeepObjective(FitInDoubles):
    """The sum-of-squares loss of a problem with hidden layers, with its effective ridge.

    Parameters
    ----------
    problem : Problem
        Without output bias.
    """

    problem: Problem

    @cached_property
    def hidden(self) -> tuple[int, ...]:
        """The widths of the hidden layers."""
        return tuple(self.problem.hidden)

    @cached_property
    def energy(self) -> float:
        """Loss of the zero network; 1 where that fits perfectly."""
        return float(self.targets @ self.targets) or 1.0

    @cached_property
    def parameter_size(self) -> float:
        """Size of a parameter of a network that fits the data."""
        return float(self.energy / self.stiffness) ** (0.5 / (len(self.hidden) + 1))

    def networks(self, theta: np.ndarray) -> DeepNetworks:
        """Return the networks of some rows of parameters, (S, N)."""
        return DeepNetworks.of(theta, self.hidden, self.rows.shape[1] - 1)

    def evaluate(
        self, theta: np.ndarray, emphasis: np.ndarray | float = 1.0
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return values (S,) and gradients (S, N).

        Parameters
        ----------
        theta : (S, N) array
        emphasis : (S, n) array or 1
            Weight of each squared residual.
        """
        networks = self.networks(theta)
        passed = networks.forward(self.rows)
        residual = self.targets[:, None] - passed.fitted
        pull = residual * np.asarray(emphasis).T
        values = (pull * residual).sum(axis=0) + self.ridge * (theta**2).sum(axis=1)
        return values, 2 * (self.ridge * theta - networks.pulled(passed, pull))

    def loss_of(self, network: DeepNetworks) -> float:
        """Return the loss of a single network, whose units may be fewer."""
        errors = self.targets - network.forward(self.rows).fitted[:, 0]
        return float(errors @ errors + self.ridge * (network.theta**2).sum())

    def draw(self, count: int, generator: np.random.Generator) -> np.ndarray:
        """Draw random networks, (S, N).

        First-layer units are normal in coordinates in which the data have unit covariance, so that
        their kinks lie among the data wherever these are; the others are normal. Sizes vary over a
        factor of thirty.
        """
        whitening = self.whitening / np.sqrt((self.whitening**2).sum())
        raw = generator.standard_normal((count, self.hidden[0], len(whitening)))
        first = (raw @ whitening).reshape(count, -1)
        inner = sum(
            width * (below + 1) for below, width in zip(self.hidden, self.hidden[1:], strict=False)
        )
        rest = generator.standard_normal((count, inner + self.hidden[-1]))
        return np.hstack([first, rest]) * self.sizes(count, generator)[:, None]

    def safe_steps(self, theta: np.ndarray, stiffness: float) -> np.ndarray:
        """Return steps (S,) short enough for gradient descent not to diverge from its start.

        With parameters of size s, the gradient of f is at most of size |xt| s^Q, and its Hessian
        |xt| s^(Q - 1).
        """
        depth = len(self.hidden)
        values, _ = self.evaluate(theta)
        squares = np.maximum((theta**2).sum(axis=1) / depth, 2 * self.parameter_size**2)
        squares = np.maximum(squares, 1.0)
        curvature = stiffness * squares**depth + depth * np.sqrt(
            stiffness * values * squares ** (depth - 1)
        )
        return 1 / (2 * curvature + 2 * self.ridge)
