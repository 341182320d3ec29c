"""Every local minimum of a small ridge-regularised ReLU network, certified."""

from reluenum.api import Landscape, enumerate_minima
from reluenum.errors import InputError, ReluenumError
from reluenum.problem import Loss, OutputBias, Problem

__all__ = [
    "InputError",
    "Landscape",
    "Loss",
    "OutputBias",
    "Problem",
    "ReluenumError",
    "enumerate_minima",
]
