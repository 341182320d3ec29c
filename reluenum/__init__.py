"""Every local minimum of a small ridge-regularised ReLU network, certified."""

from reluenum.api import Landscape, enumerate_minima
from reluenum.errors import InputError, ReluenumError
from reluenum.problem import Loss, Names, OutputBias, Problem
from reluenum.recorded import RecordedLandscape, read_landscape

__all__ = [
    "InputError",
    "Landscape",
    "Loss",
    "Names",
    "OutputBias",
    "Problem",
    "RecordedLandscape",
    "ReluenumError",
    "enumerate_minima",
    "read_landscape",
]
