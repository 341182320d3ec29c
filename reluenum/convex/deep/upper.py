"""Networks that are good without a proof: their exact loss is an upper bound of the least one."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from flint import fmpq
from scipy.optimize import minimize

from reluenum.algebra.linear import dot
from reluenum.algebra.scalars import parse_rational
from reluenum.problem import Problem

STARTS = 40
"""Random networks that are improved."""

DIGITS = 16
"""Decimals of the weights of the network that is found."""


@dataclass(frozen=True)
class DecimalNetwork:
    """A network with two hidden layers whose weights are decimals.

    Parameters
    ----------
    problem : Problem
    record : dict
        W and b by layer, and w, as documents of minima have them.
    """

    problem: Problem
    record: dict[str, Any]

    @property
    def layers(self) -> list[np.ndarray]:
        """Units (W, b) in rows of the first layer and of the second one, and output weights."""
        matrices, biases, output = self._parts()
        units = [
            np.array([[*row, b] for row, b in zip(*part, strict=True)], dtype=float)
            for part in zip(matrices, biases, strict=True)
        ]
        return [*units, np.array(output, dtype=float)]

    def _parts(self) -> list[Any]:
        return [_read_nested(self.record[key]) for key in ("W", "b", "w")]

    @cached_property
    def loss(self) -> fmpq:
        """The exact sum-of-squares loss."""
        matrices, biases, output = self._parts()
        weights = [*output, *(b for layer in biases for b in layer)]
        weights += [entry for matrix in matrices for row in matrix for entry in row]
        penalty = sum((weight * weight for weight in weights), start=fmpq(0))
        found = self.problem.effective_ridge * penalty + self.problem.scatter
        for site in self.problem.sites:
            values: Sequence[fmpq] = site.row[:-1]
            for matrix, bias in zip(matrices, biases, strict=True):
                values = [
                    max(dot(row, values) + b, fmpq(0)) for row, b in zip(matrix, bias, strict=True)
                ]
            found += site.count * (site.mean - dot(output, values)) ** 2
        return found


def _read_nested(texts: Any) -> Any:
    """Read nested lists of numbers."""
    return (
        parse_rational(texts) if isinstance(texts, str) else [_read_nested(text) for text in texts]
    )


def good_network(problem: Problem) -> DecimalNetwork:
    """Return the best of some random networks that a quasi-Newton method has improved.

    Examples
    --------
    >>> problem = Problem.from_arrays([-1, 1], [0, 2], width=[1, 1], ridge=0.5)
    >>> f"{float(good_network(problem).loss):.6f}"  # the least of all, as the list of minima says
    '1.705388'
    """
    draw, search = np.random.default_rng(0), _Search(problem)
    starts = [np.zeros(search.size), *(draw.standard_normal((STARTS, search.size)))]
    ends = [minimize(search, start, jac=True, method="L-BFGS-B").x for start in starts]
    networks = (DecimalNetwork(problem, search.record(end)) for end in ends)
    return min(networks, key=lambda network: network.loss)


class _Search:
    """The loss of a problem with its gradient, in doubles."""

    def __init__(self, problem: Problem) -> None:
        below, above = problem.hidden
        self.shapes = ((below, problem.dimension + 1), (above, below + 1), (above,))
        self.size = sum(map(int, map(np.prod, self.shapes)))
        self.inputs = np.array([[float(entry) for entry in row] for row in problem.rows])
        self.targets = np.array([float(entry) for entry in problem.targets])
        self.ridge = float(problem.effective_ridge)

    def parts(self, weights: np.ndarray) -> list[np.ndarray]:
        """Return the units (W, b) of either layer, and w."""
        ends = np.cumsum([int(np.prod(shape)) for shape in self.shapes])
        pieces = np.split(weights, ends[:-1])
        return [piece.reshape(shape) for piece, shape in zip(pieces, self.shapes, strict=True)]

    def __call__(self, weights: np.ndarray) -> tuple[float, np.ndarray]:
        """Return loss and gradient."""
        first, second, output = self.parts(weights)
        ones = np.ones((len(self.targets), 1))
        lower = np.maximum(self.inputs @ first.T, 0)
        upper = np.maximum(np.hstack([lower, ones]) @ second.T, 0)
        errors = upper @ output - self.targets
        loss = float(errors @ errors + self.ridge * weights @ weights)
        above = 2 * np.outer(errors, output) * (upper > 0)
        below = (above @ second[:, :-1]) * (lower > 0)
        slopes = (below.T @ self.inputs, above.T @ np.hstack([lower, ones]), 2 * upper.T @ errors)
        gradient = np.concatenate([slope.ravel() for slope in slopes]) + 2 * self.ridge * weights
        return loss, gradient

    def record(self, weights: np.ndarray) -> dict[str, Any]:
        """Return weights as decimals."""
        return decimal_record(self.parts(weights))


def decimal_record(layers: Sequence[np.ndarray]) -> dict[str, Any]:
    """Return units (W, b) of both layers, and output weights, as decimals."""
    first, second, output = layers
    return {
        "W": [_decimals(first[:, :-1]), _decimals(second[:, :-1])],
        "b": [_decimals(first[:, -1]), _decimals(second[:, -1])],
        "w": _decimals(output),
    }


def _decimals(values: np.ndarray) -> Any:
    """Return an array as nested lists of decimals."""
    if values.ndim == 0:
        return f"{float(values) + 0.0:.{DIGITS}f}".rstrip("0").rstrip(".")
    return [_decimals(entry) for entry in values]
