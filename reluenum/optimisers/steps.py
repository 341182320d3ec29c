"""Gradient descent, SGD and Adam for many networks at once, and SciPy's L-BFGS."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.random import Generator
from scipy.optimize import minimize

from reluenum.optimisers.networks import Trainable

ADAM_RATE = 0.01
"""Step of Adam, relative to the size of a parameter of a network that fits the data."""


class Optimiser(Protocol):
    """What turns starts into end points."""

    def __call__(self, objective: Trainable, starts: np.ndarray, random: Generator) -> np.ndarray:
        """Return the parameters, (S, N), at which runs from some parameters, (S, N), end."""
        ...


def decay(step: int, steps: int) -> float:
    """Return the factor on a step length: it goes down to 0 linearly."""
    return 1 - step / steps


def drawn_emphasis(share: float, random: Generator, shape: tuple[int, int]) -> np.ndarray:
    """Return weights of the squared residuals, (S, n): for each run, those of a few points."""
    points = shape[1]
    chosen = max(1, round(share * points))
    order = random.random(shape).argsort(axis=1)
    return (order < chosen) * (points / chosen)


@dataclass(frozen=True)
class GradientDescent:
    """Full gradient steps, from the longest safe one down to 0."""

    steps: int = 20_000

    def __call__(self, objective: Trainable, starts: np.ndarray, random: Generator) -> np.ndarray:
        """Return the end points."""
        theta = starts.copy()
        lengths = objective.safe_steps(theta, objective.stiffness)[:, None]
        for step in range(self.steps):
            _, slopes = objective.evaluate(theta)
            theta -= decay(step, self.steps) * lengths * slopes
        return theta


@dataclass(frozen=True)
class StochasticGradient:
    """Gradient steps, each on a few data points drawn anew.

    Parameters
    ----------
    steps : int
    share : float
        Share of the data points in a step, at least one point.
    """

    steps: int = 20_000
    share: float = 0.4

    def __call__(self, objective: Trainable, starts: np.ndarray, random: Generator) -> np.ndarray:
        """Return the end points."""
        theta = starts.copy()
        shape = (len(theta), len(objective.rows))
        lengths = objective.safe_steps(theta, objective.hardest)[:, None]
        for step in range(self.steps):
            emphasis = drawn_emphasis(self.share, random, shape)
            _, slopes = objective.evaluate(theta, emphasis)
            theta -= decay(step, self.steps) * lengths * slopes
        return theta


@dataclass(frozen=True)
class Adam:
    """Adam with its usual moments, its step going down to 0."""

    steps: int = 10_000

    def __call__(self, objective: Trainable, starts: np.ndarray, random: Generator) -> np.ndarray:
        """Return the end points."""
        theta = starts.copy()
        mean, square = np.zeros_like(theta), np.zeros_like(theta)
        length = ADAM_RATE * objective.parameter_size
        for step in range(self.steps):
            _, slopes = objective.evaluate(theta)
            mean = 0.9 * mean + 0.1 * slopes
            square = 0.999 * square + 0.001 * slopes**2
            first = mean / (1 - 0.9 ** (step + 1))
            second = np.sqrt(square / (1 - 0.999 ** (step + 1)))
            theta -= decay(step, self.steps) * length * first / (second + 1e-8)
        return theta


@dataclass(frozen=True)
class LBFGS:
    """SciPy's L-BFGS-B, one start after the other.

    Parameters
    ----------
    steps : int
        Largest number of iterations.
    """

    steps: int = 3_000

    def __call__(self, objective: Trainable, starts: np.ndarray, random: Generator) -> np.ndarray:
        """Return the end points."""

        def value_and_slope(theta: np.ndarray) -> tuple[float, np.ndarray]:
            values, slopes = objective.evaluate(theta[None])
            return float(values[0]), slopes[0]

        options = {"maxiter": self.steps, "maxfun": 4 * self.steps, "ftol": 1e-15, "gtol": 1e-10}
        return np.array(
            [
                minimize(value_and_slope, start, jac=True, method="L-BFGS-B", options=options).x
                for start in starts
            ]
        )
