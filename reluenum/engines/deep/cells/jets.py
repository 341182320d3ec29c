"""Values and derivatives around a stationary network, in balls."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
from flint import arb, ctx, fmpq

from reluenum.algebra.numbers import Number
from reluenum.engines.deep.cells.kinks import Cell, Surroundings


@dataclass(frozen=True, eq=False)
class Jets:
    """Values and derivatives at a network in balls: all polynomials of its cells to second order.

    The parameters are omega, unit by unit as in `ScaledNetwork.rows`.

    Parameters
    ----------
    around : Surroundings
    bits : int
        Precision of the coordinates.
    pushes : tuple of (int, array)
        Further parameters, which come last: each is added to the pre-activations of a layer (from
        0), (units, sites), in these proportions.
    """

    around: Surroundings
    bits: int
    pushes: tuple[tuple[int, np.ndarray], ...] = ()

    def ball(self, value: Any) -> arb:
        """Return a number in a ball."""
        return value.ball(self.bits) if isinstance(value, Number) else arb(value)

    def _balls(self, values: Any, columns: int) -> np.ndarray:
        """Return a matrix of balls."""
        found = [[self.ball(entry) for entry in row] for row in values]
        return np.array(found, dtype=object).reshape(len(found), columns)

    @cached_property
    def weights(self) -> tuple[np.ndarray, ...]:
        """omega by layer, (units, below + 1); of the output (1, units)."""
        rows = self.around.network.rows
        columns = [*(self._columns[: len(rows) - 1]), self._columns[-1] - 1]
        return tuple(map(self._balls, rows, columns))

    @cached_property
    def _columns(self) -> list[int]:
        network = self.around.network
        inputs = network.problem.dimension if network.weights[0] else 0
        return [count + 1 for count in (inputs, *map(len, network.biases))]

    @cached_property
    def heights(self) -> tuple[np.ndarray, ...]:
        """What enters each layer and the output, (sites, below + 1) with the last entry 1."""
        network = self.around.network
        sites = network.problem.sites
        first = [site.row if network.weights[0] else (fmpq(1),) for site in sites]
        rest = (
            [(*(row[s] for row in layer), fmpq(1)) for s in range(len(sites))]
            for layer in network.heights
        )
        return tuple(map(self._balls, (first, *rest), self._columns))

    @cached_property
    def starts(self) -> tuple[tuple[int, ...], ...]:
        """The number of the first parameter of each unit by layer; of the output; the total."""
        places, found = 0, []
        for layer in self.weights:
            found.append(tuple(places + layer.shape[1] * j for j in range(layer.shape[0])))
            places += layer.size
        return (*found, (places,))

    @property
    def size(self) -> int:
        """Number of parameters."""
        return self.starts[-1][0]

    def activity(self, cell: Cell) -> list[np.ndarray]:
        """Return which units are on in a cell, by layer (units, sites)."""
        found = [
            np.array([[sign == "+" for sign in row] for row in rows], dtype=bool)
            for rows in self.around.network.signs
        ]
        for kink, on in zip(self.around.kinks, cell, strict=True):
            found[kink.layer][kink.unit, list(kink.sites)] = on
        return found

    def derivatives(self, cell: Cell) -> list[np.ndarray]:
        """Return the gradients of all pre-activations by layer, (units, sites, size).

        The last entry, (1, sites, size), has the gradients of f.
        """
        zero, found = arb(0), []
        activity = self.activity(cell)
        sites = len(self.around.network.targets)
        for layer, (weights, starts) in enumerate(zip(self.weights, self.starts, strict=False)):
            here = np.full((len(weights), sites, self.size + len(self.pushes)), zero, dtype=object)
            width = weights.shape[1]
            for unit, start in enumerate(starts):
                here[unit, :, start : start + width] = self.heights[layer][:, :width]
                for below, row in enumerate(activity[layer - 1] if layer else ()):
                    here[unit, row] += weights[unit, below] * found[-1][below, row]
            for place, (pushed, push) in enumerate(self.pushes, start=self.size):
                if pushed == layer:
                    here[:, :, place] += push
            found.append(here)
        return found

    def gradients(self, cell: Cell) -> np.ndarray:
        """Return the gradients of the kinks in a cell, (kinks, size)."""
        found, kinks = self.derivatives(cell), self.around.kinks
        rows = [found[kink.layer][kink.unit, kink.sites[0]] for kink in kinks]
        return np.array(rows, dtype=object).reshape(len(kinks), self.size + len(self.pushes))

    @cached_property
    def adjoints(self) -> tuple[np.ndarray, ...]:
        """Derivatives of the Lagrangian by pre-activations, and by f, by layer (units, sites)."""
        network = self.around.network
        sites = len(network.targets)
        layers = [self._balls(layer, sites) * arb(-2) for layer in self.around.backward.errors]
        return (*layers, self._balls([self.around.residuals], sites) * arb(-2))

    @cached_property
    def penalties(self) -> np.ndarray:
        """Second derivatives of the penalty, (size,)."""
        ridge = arb(2 * self.around.network.problem.effective_ridge)
        rows = chain.from_iterable(self.around.network.penalties)
        return np.array([ridge * self.ball(e) for row in rows for e in row], dtype=object)

    @cached_property
    def scales(self) -> np.ndarray:
        """What turns omega into weights, (size,): quotients of the scales of units."""
        rows = chain.from_iterable(self.around.network.penalties)
        factors = [self.ball(entry).sqrt() for row in rows for entry in row]
        return np.array(factors, dtype=object)

    def adjoints_with(self, cell: Cell, multipliers: np.ndarray) -> list[np.ndarray]:
        """Return what `adjoints` are with other multipliers of a cell's inequalities (K,)."""
        activity, found = self.activity(cell), [self.adjoints[-1]]
        for layer in reversed(range(len(activity))):
            width = len(activity[layer])
            arriving = self.weights[layer + 1][:, :width].T @ found[0]
            here = np.where(activity[layer], arriving, arb(0))
            for kink, on, value in zip(self.around.kinks, cell, multipliers, strict=True):
                if kink.layer == layer:
                    here[kink.unit, kink.sites[0]] -= value if on else -value
            found.insert(0, here)
        return found

    def hessian(self, cell: Cell, adjoints: Sequence[np.ndarray] | None = None) -> np.ndarray:
        """Return the Hessian of a cell's Lagrangian, with the network's multipliers or others."""
        adjoints = self.adjoints if adjoints is None else adjoints
        found, activity = self.derivatives(cell), self.activity(cell)
        size = self.size + len(self.pushes)
        form = np.full((size, size), arb(0), dtype=object)
        form[range(self.size), range(self.size)] = self.penalties
        for site, gradient in zip(self.around.network.problem.sites, found[-1][0], strict=True):
            form += 2 * site.count * np.outer(gradient, gradient)
        for layer in range(1, len(found)):
            for unit, start in enumerate(self.starts[layer]):
                for below, row in enumerate(activity[layer - 1]):
                    if row.any():
                        line = adjoints[layer][unit, row] @ found[layer - 1][below, row]
                        form[start + below, :] += line
                        form[:, start + below] += line
        return form

    def stationarity(self) -> np.ndarray:
        """Return half the gradient of the Lagrangian, which is 0: balls around 0, (size,)."""
        weights = np.concatenate([layer.ravel() for layer in self.weights])
        lines = [
            adjoint[unit] @ self.heights[layer][:, : self.weights[layer].shape[1]]
            for layer, adjoint in enumerate(self.adjoints)
            for unit in range(len(adjoint))
        ]
        return self.penalties * weights + np.concatenate(lines)


def jets(around: Surroundings, bits: int) -> Jets:
    """Return the jets at a precision; work on them within `ctx.workprec(bits + 32)`."""
    with ctx.workprec(bits + 32):
        return Jets(around, bits)
