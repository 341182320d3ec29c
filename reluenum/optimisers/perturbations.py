"""Whether a loss goes down anywhere near a deep network: many random neighbours, none rounded away.

Differences of losses are computed in extended precision; where these are too small to be told from
rounding, both losses are evaluated exactly. A lower neighbour proves that a network is no local
minimum; that there is none among many is evidence, independent of every theorem.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from flint import fmpq

from reluenum.algebra.scalars import parse_rational
from reluenum.optimisers.deep_networks import DeepObjective
from reluenum.problem import Problem

SCALES = (1e-6, 1e-3)
"""Sizes of perturbations, relative to a parameter of a network that fits the data."""

CLEAR = 1e-15
"""Differences beyond this, relative to the loss of the zero network, are no rounding."""


@dataclass(frozen=True, eq=False)
class ExactNetwork:
    """A deep network with rational weights.

    Parameters
    ----------
    problem : Problem
    layers : tuple of tuples of tuples of fmpq
        Units (W, b), by layer.
    output : tuple of fmpq
        Output weights w.
    """

    problem: Problem
    layers: tuple[tuple[tuple[fmpq, ...], ...], ...]
    output: tuple[fmpq, ...]

    @classmethod
    def of_record(cls, problem: Problem, record: Mapping[str, Any]) -> Self:
        """Read the representative of a component of a document: its decimals, as they are."""
        layers = tuple(
            tuple(tuple(map(parse_rational, (*row, bias))) for row, bias in zip(W, b, strict=True))
            for W, b in zip(record["W"], record["b"], strict=True)
        )
        return cls(problem, layers, tuple(map(parse_rational, record["w"])))

    @classmethod
    def of_parameters(cls, problem: Problem, theta: Sequence[fmpq]) -> Self:
        """Return the network with some parameters, layer by layer."""
        left, layers = iter(theta), []
        for below, width in zip((problem.dimension, *problem.hidden), problem.hidden, strict=False):
            layers.append(tuple(tuple(next(left) for _ in range(below + 1)) for _ in range(width)))
        return cls(problem, tuple(layers), tuple(left))

    @cached_property
    def parameters(self) -> tuple[fmpq, ...]:
        """All weights, layer by layer, row by row."""
        hidden = (weight for layer in self.layers for unit in layer for weight in unit)
        return (*hidden, *self.output)

    @cached_property
    def loss(self) -> fmpq:
        """The sum-of-squares loss with the effective ridge."""
        squares = sum((weight * weight for weight in self.parameters), start=fmpq(0))
        found = self.problem.effective_ridge * squares
        for row, target in zip(self.problem.rows, self.problem.targets, strict=True):
            inputs: Sequence[fmpq] = row[:-1]
            for layer in self.layers:
                sums = (
                    sum((w * x for w, x in zip(unit, inputs, strict=False)), start=unit[-1])
                    for unit in layer
                )
                inputs = [max(value, fmpq(0)) for value in sums]
            fitted = sum((w * h for w, h in zip(self.output, inputs, strict=True)), start=fmpq(0))
            found += (target - fitted) ** 2
        return found


def lower_neighbours(network: ExactNetwork, count: int, generator: np.random.Generator) -> int:
    """Return how many of some random neighbours of a network have a lower loss, exactly.

    Parameters
    ----------
    network : ExactNetwork
    count : int
        A third of them differ in all parameters, a third in those of one unit, with what leaves
        it, and a third in a single one.
    generator : numpy.random.Generator
    """
    objective = DeepObjective(network.problem)
    moves = _moves(objective, len(network.parameters), count, generator)
    rise = _rises(objective, network, moves)
    doubtful = moves[rise <= CLEAR * objective.energy]
    return sum(_moved(network, move).loss < network.loss for move in doubtful)


def _moves(
    objective: DeepObjective, size: int, count: int, generator: np.random.Generator
) -> np.ndarray:
    """Draw perturbations, (count, N)."""
    low, high = np.log(SCALES)
    scale = objective.parameter_size * np.exp(generator.uniform(low, high, count))
    moves = generator.standard_normal((count, size))
    kept = np.ones((count, size), dtype=bool)
    groups = _parts_of_units(objective, size)
    kept[1::3] = groups[generator.integers(len(groups), size=len(kept[1::3]))]
    kept[2::3] = np.eye(size, dtype=bool)[generator.integers(size, size=len(kept[2::3]))]
    return moves * kept * scale[:, None]


def _parts_of_units(objective: DeepObjective, size: int) -> np.ndarray:
    """Return which parameters belong to each unit, (L, N): what enters it and what leaves it."""
    found = []
    for layer, width in enumerate(objective.hidden):
        for unit in range(width):
            marks = objective.networks(np.zeros((1, size)))
            marks.layers[layer][unit] = 1
            if layer + 1 < len(objective.hidden):
                marks.layers[layer + 1][:, unit] = 1
            else:
                marks.output[unit] = 1
            found.append(marks.theta[0] > 0)
    return np.array(found)


def _rises(objective: DeepObjective, network: ExactNetwork, moves: np.ndarray) -> np.ndarray:
    """Return how much the loss rises at each move, in extended precision."""
    start = np.array([_long_double(weight) for weight in network.parameters])
    rows = np.array([[_long_double(entry) for entry in row] for row in network.problem.rows])
    targets = np.array([_long_double(entry) for entry in network.problem.targets])
    ridge = _long_double(network.problem.effective_ridge)

    def losses(theta: np.ndarray) -> np.ndarray:
        errors = targets[:, None] - objective.networks(theta).forward(rows).fitted
        return (errors**2).sum(axis=0) + ridge * (theta**2).sum(axis=1)

    return losses(start + moves) - losses(start[None])


def _long_double(value: fmpq) -> np.longdouble:
    """Return a rational number in extended precision."""
    first = float(value)
    return np.longdouble(first) + np.longdouble(float(value - fmpq(*first.as_integer_ratio())))


def _moved(network: ExactNetwork, move: np.ndarray) -> ExactNetwork:
    """Return a neighbour of a network."""
    steps = (fmpq(*float(step).as_integer_ratio()) for step in move)
    theta = [weight + step for weight, step in zip(network.parameters, steps, strict=True)]
    return ExactNetwork.of_parameters(network.problem, theta)
