"""What TopSearch finds on one landscape; a program for an environment of its own.

TopSearch needs NumPy 1, this package NumPy 2, so `benchmarks.sampled` starts this file with another
Python. It reads a problem from standard input and writes what was found to standard output, both as
JSON, and imports nothing of this package.
"""

import json
import os
import random
import sys
from importlib.metadata import version
from tempfile import mkdtemp
from time import perf_counter
from typing import Any

import numpy as np
from topsearch.data.coordinates import StandardCoordinates
from topsearch.data.kinetic_transition_network import KineticTransitionNetwork
from topsearch.global_optimisation.basin_hopping import BasinHopping
from topsearch.global_optimisation.perturbations import StandardPerturbation
from topsearch.potentials.potential import Potential
from topsearch.sampling.exploration import NetworkSampling
from topsearch.similarity.similarity import StandardSimilarity
from topsearch.transition_states.hybrid_eigenvector_following import HybridEigenvectorFollowing
from topsearch.transition_states.nudged_elastic_band import NudgedElasticBand

BOUND = 4.0
"""Parameters are sought in [-4, 4]."""


class Loss(Potential):
    """Sum of squares plus ridge of a network with one hidden layer and a bias below each unit.

    Parameters
    ----------
    task : dict
        `x`, `y`, `width`, `ridge`, and `softness`: 0 for ReLU, otherwise the width of the softplus
        that takes its place.
    """

    def __init__(self, task: dict[str, Any]) -> None:
        super().__init__()
        x = np.array(task["x"])
        self.inputs = np.hstack([x, np.ones((len(x), 1))])
        self.targets = np.array(task["y"])
        self.width, self.ridge, self.softness = task["width"], task["ridge"], task["softness"]

    def function_gradient(self, position: Any) -> tuple[float, Any]:
        """Return loss and gradient."""
        a = position[: self.width]
        v = position[self.width :].reshape(self.width, -1)
        z = self.inputs @ v.T
        if self.softness:
            h = self.softness * np.logaddexp(0, z / self.softness)
            slope = 0.5 * (1 + np.tanh(z / self.softness / 2))
        else:
            h, slope = np.maximum(z, 0), (z > 0).astype(float)
        error = h @ a - self.targets
        loss = float(error @ error + self.ridge * position @ position)
        along = (slope * (2 * error[:, None]) * a).T @ self.inputs
        return loss, np.concatenate([h.T @ (2 * error), along.ravel()]) + 2 * self.ridge * position

    def function(self, position: Any) -> float:
        """Return the loss."""
        return self.function_gradient(position)[0]

    def gradient(self, position: Any, displacement: float = 1e-6) -> Any:
        """Return the gradient."""
        return self.function_gradient(position)[1]


def explored(task: dict[str, Any]) -> dict[str, Any]:
    """Return the minima and transition states that TopSearch keeps, and how long it took."""
    np.random.seed(task["seed"])
    random.seed(task["seed"])
    potential = Loss(task)
    dimension = task["width"] * (potential.inputs.shape[1] + 1)
    coords = StandardCoordinates(ndim=dimension, bounds=[(-BOUND, BOUND)] * dimension)
    similarity = StandardSimilarity(distance_criterion=0.05, energy_criterion=1e-4)
    network = KineticTransitionNetwork()
    hopping = BasinHopping(
        ktn=network,
        potential=potential,
        similarity=similarity,
        step_taking=StandardPerturbation(max_displacement=0.5, proportional_distance=True),
    )
    sampling = NetworkSampling(
        ktn=network,
        coords=coords,
        global_optimiser=hopping,
        single_ended_search=HybridEigenvectorFollowing(
            potential=potential, ts_conv_crit=1e-5, ts_steps=75, pushoff=5e-3
        ),
        double_ended_search=NudgedElasticBand(
            potential=potential,
            force_constant=50.0,
            image_density=10.0,
            max_images=20,
            neb_conv_crit=1e-2,
        ),
        similarity=similarity,
    )
    start = perf_counter()
    sampling.get_minima(
        coords=coords,
        n_steps=task["steps"],
        conv_crit=1e-6,
        temperature=1.0,
        test_valid=task["test_valid"],
    )
    hopped = perf_counter()
    if task["connect"] and network.n_minima > 1:
        sampling.get_transition_states(method="ClosestEnumeration", cycles=task["connect"])
    return {
        "version": version("topsearch"),
        "minima": [
            {
                "loss": float(network.get_minimum_energy(k)),
                "position": network.get_minimum_coords(k).tolist(),
            }
            for k in range(network.n_minima)
        ],
        "passes": [
            [int(one), int(other), float(network.get_ts_energy(one, other))]
            for one, other in network.G.edges()
        ],
        "seconds": [hopped - start, perf_counter() - hopped],
    }


if __name__ == "__main__":
    task = json.load(sys.stdin)
    os.chdir(mkdtemp())  # TopSearch writes `logfile` into the current folder
    json.dump(explored(task), sys.stdout)
