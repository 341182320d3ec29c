"""Optimisers as people use them: many networks at once, in doubles, from random starts.

Their steps are neither exact nor complete. What the end points are is proved. In order: `networks`
are batches, `deep_networks` those with several hidden layers, `steps` and `pytorch` the optimisers,
`settling` goes downhill to a stationary set, `explain` says which it is; `deep_settling`,
`perturbations` and `deep_explain` do so for deep networks. The room free does so for hidden biases
without penalty.
"""

from collections.abc import Mapping

from reluenum.algebra.scalars import whole
from reluenum.errors import InputError
from reluenum.optimisers.networks import Networks, Objective
from reluenum.optimisers.pytorch import (
    TorchAdam,
    TorchGradientDescent,
    TorchLBFGS,
    TorchStochasticGradient,
)
from reluenum.optimisers.steps import LBFGS, Adam, GradientDescent, Optimiser, StochasticGradient

OPTIMISERS: Mapping[str, type] = {
    "gd": GradientDescent,
    "sgd": StochasticGradient,
    "adam": Adam,
    "lbfgs": LBFGS,
    "torch-gd": TorchGradientDescent,
    "torch-sgd": TorchStochasticGradient,
    "torch-adam": TorchAdam,
    "torch-lbfgs": TorchLBFGS,
}
"""Optimisers by name; those of PyTorch need its extra."""


def optimiser(name: str, steps: int | None = None) -> Optimiser:
    """Return an optimiser by name, with its usual number of steps unless told otherwise.

    Raises
    ------
    InputError
        If there is none of that name, or the number of steps is none.
    """
    if name not in OPTIMISERS:
        raise InputError("optimiser", repr(name), f"one of {', '.join(OPTIMISERS)}")
    return OPTIMISERS[name]() if steps is None else OPTIMISERS[name](whole(steps, "steps"))


__all__ = ["OPTIMISERS", "Adam", "Networks", "Objective", "Optimiser", "optimiser"]
