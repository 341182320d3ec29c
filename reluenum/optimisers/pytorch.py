"""The optimisers of PyTorch on the same loss, which it differentiates itself.

An extra (`pip install torch`): these are the runs that people make, and an independent route to the
end points of `steps`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
from numpy.random import Generator

from reluenum.errors import MissingExtraError
from reluenum.optimisers.deep_networks import DeepObjective
from reluenum.optimisers.networks import Objective, Trainable
from reluenum.optimisers.steps import (
    ADAM_RATE,
    LBFGS,
    Adam,
    GradientDescent,
    StochasticGradient,
    decay,
    drawn_emphasis,
)

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class TorchGradientDescent(GradientDescent):
    """`torch.optim.SGD` on all data points, each run with its own safe step."""

    def __call__(self, objective: Trainable, starts: np.ndarray, random: Generator) -> np.ndarray:
        """Return the end points."""
        lengths = objective.safe_steps(starts, objective.stiffness)
        return _stepped(objective, starts, self.steps, "SGD", 1.0, lengths)


@dataclass(frozen=True)
class TorchStochasticGradient(StochasticGradient):
    """`torch.optim.SGD` on a few data points drawn anew for each step."""

    def __call__(self, objective: Trainable, starts: np.ndarray, random: Generator) -> np.ndarray:
        """Return the end points."""
        lengths = objective.safe_steps(starts, objective.hardest)
        return _stepped(objective, starts, self.steps, "SGD", 1.0, lengths, (self.share, random))


@dataclass(frozen=True)
class TorchAdam(Adam):
    """`torch.optim.Adam`."""

    def __call__(self, objective: Trainable, starts: np.ndarray, random: Generator) -> np.ndarray:
        """Return the end points."""
        length = ADAM_RATE * objective.parameter_size
        return _stepped(objective, starts, self.steps, "Adam", length, np.ones(len(starts)))


@dataclass(frozen=True)
class TorchLBFGS(LBFGS):
    """`torch.optim.LBFGS` with its strong Wolfe line search, one start after the other."""

    def __call__(self, objective: Trainable, starts: np.ndarray, random: Generator) -> np.ndarray:
        """Return the end points."""
        torch = _torch()
        losses = _losses(objective)
        ends = []
        for start in starts:
            theta = torch.tensor(start[None], requires_grad=True)
            method = torch.optim.LBFGS(
                [theta],
                max_iter=self.steps,
                tolerance_grad=1e-10,
                tolerance_change=1e-15,
                line_search_fn="strong_wolfe",
            )

            def closure(theta=theta, method=method) -> "torch.Tensor":
                method.zero_grad()
                loss = losses(theta).sum()
                loss.backward()
                return loss

            method.step(closure)
            ends.append(theta.detach().numpy()[0])
        return np.array(ends)


def _stepped(
    objective: Trainable,
    starts: np.ndarray,
    steps: int,
    name: str,
    rate: float,
    lengths: np.ndarray,
    draw: tuple[float, Generator] | None = None,
) -> np.ndarray:
    """Return where an optimiser ends whose runs, weighted by their steps, share one loss."""
    torch = _torch()
    losses = _losses(objective)
    theta = torch.tensor(starts, requires_grad=True)
    weights = torch.tensor(lengths)
    method = getattr(torch.optim, name)([theta], lr=rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(method, lambda step: decay(step, steps))
    shape = (len(starts), len(objective.rows))
    for _ in range(steps):
        emphasis = 1.0 if draw is None else torch.tensor(drawn_emphasis(*draw, shape))
        method.zero_grad()
        (weights * losses(theta, emphasis)).sum().backward()
        method.step()
        schedule.step()
    return theta.detach().numpy()


def _losses(objective: "Objective | DeepObjective") -> "Callable[..., torch.Tensor]":
    """Return the function that gives the losses of networks, for automatic differentiation."""
    if isinstance(objective, DeepObjective):
        return _deep_losses(objective)
    torch = _torch()
    rows, targets = torch.tensor(objective.rows), torch.tensor(objective.targets)
    data_weights, inputs = torch.tensor(objective.data_weights), torch.tensor(objective.inputs)
    ridges = torch.tensor(objective.ridges)
    width, coordinates = objective.problem.width, objective.rows.shape[1]
    last = width * (1 + coordinates)
    phi = objective.problem.activation
    below, bend = float(phi.slopes[0]), float(phi.slopes[1] - phi.slopes[0])

    def losses(theta: "torch.Tensor", emphasis: "torch.Tensor | float" = 1.0) -> "torch.Tensor":
        units = theta[:, width:last].reshape(len(theta), width, coordinates)
        pre = units @ rows.T
        hidden = torch.relu(pre) if phi.is_relu else below * pre + bend * torch.relu(pre)
        fitted = (theta[:, None, :width] @ hidden)[:, 0]
        if objective.biased:
            fitted = fitted + theta[:, -1:]
        if objective.problem.has_linear:
            fitted = fitted + theta[:, last : last + inputs.shape[1]] @ inputs.T
        return (emphasis * data_weights * (targets - fitted) ** 2).sum(1) + theta**2 @ ridges

    return losses


def _deep_losses(objective: DeepObjective) -> "Callable[..., torch.Tensor]":
    """Return the same for networks with several hidden layers."""
    torch = _torch()
    rows, targets = torch.tensor(objective.rows), torch.tensor(objective.targets)
    below = (rows.shape[1] - 1, *objective.hidden)
    shapes = [(width, k + 1) for k, width in zip(below, objective.hidden, strict=False)]

    def losses(theta: "torch.Tensor", emphasis: "torch.Tensor | float" = 1.0) -> "torch.Tensor":
        sizes = [width * inputs for width, inputs in shapes]
        *layers, output = theta.split([*sizes, objective.hidden[-1]], dim=1)
        features = rows.T.expand(len(theta), *rows.T.shape)
        for layer, shape in zip(layers, shapes, strict=True):
            hidden = torch.relu(layer.reshape(len(theta), *shape) @ features)
            features = torch.cat([hidden, torch.ones_like(hidden[:, :1])], dim=1)
        fitted = (output[:, None] @ features[:, :-1])[:, 0]
        return (emphasis * (targets - fitted) ** 2).sum(1) + objective.ridge * (theta**2).sum(1)

    return losses


def _torch() -> ModuleType:
    """Return PyTorch; a MissingExtraError says if it is not installed."""
    try:
        import torch
    except ImportError as error:
        raise MissingExtraError("torch", "torch") from error
    return torch
