"""Around a stationary network: kinks, what they depend on, and the polynomial of each cell.

Near a network the units with a kink choose a side; each choice is a cell, on which loss and
pre-activations are polynomials. The pre-activation of a kink in a cell is a combination, with
polynomial coefficients, of those of *basic* kinks in the cell in which all kinks are off: switching
a unit on at a kink changes what is above by a multiple of its own pre-activation, and where all
units below are the same, pre-activations depend linearly on the input (Lemma D15).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import chain, product
from typing import Any

import numpy as np
from flint import arb, ctx, fmpq, fmpq_mat

from reluenum.algebra.numbers import Number
from reluenum.engines.deep.networks import ScaledNetwork, total

Cell = tuple[bool, ...]
"""For each kink, whether its unit is on."""


@dataclass(frozen=True, order=True)
class Kink:
    """A unit that is 0 at sites which its layer cannot tell apart (Lemma D5).

    Parameters
    ----------
    layer, unit : int
        From 0.
    sites : tuple of int
        Those that matter (Lemma D4).
    """

    layer: int
    unit: int
    sites: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Surroundings:
    """The kinks of a stationary network and the multipliers at them, exactly.

    Parameters
    ----------
    network : ScaledNetwork
    """

    network: ScaledNetwork

    def __getstate__(self) -> dict[str, Any]:
        """Pickle what it is made of; the rest follows from that."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @cached_property
    def kinks(self) -> tuple[Kink, ...]:
        """The kinks, lower layers first."""
        found: dict[tuple[int, int, int], list[int]] = {}
        network = self.network
        for layer, rows in enumerate(network.signs):
            for unit, row in enumerate(rows):
                for site in network.relevant[layer]:
                    if row[site] == "0":
                        key = layer, unit, network.twins[layer][site]
                        found.setdefault(key, []).append(site)
        return tuple(Kink(layer, unit, tuple(s)) for (layer, unit, _), s in sorted(found.items()))

    @cached_property
    def places(self) -> dict[tuple[int, int, int], int]:
        """The number of the kink by layer, unit and site."""
        return {(k.layer, k.unit, s): n for n, k in enumerate(self.kinks) for s in k.sites}

    @property
    def multipliers(self) -> tuple[Any, ...]:
        """The multiplier mu of each kink."""
        return self._backward[2]

    def _given(self) -> list[Any]:
        """Multipliers that the network has; a shared one goes to the first kink it belongs to."""
        found: list[Any] = [fmpq(0)] * len(self.kinks)
        for (layer, unit, sites), value in self.network.multipliers.items():
            here = [p for s in sites if (p := self.places.get((layer - 1, unit, s))) is not None]
            if here:
                found[min(here)] = found[min(here)] + value
        return found

    @cached_property
    def _backward(self) -> tuple[tuple, tuple, tuple, tuple]:
        """Errors, those that would arrive at each kink, multipliers, and all that would arrive."""
        network, sites = self.network, range(len(self.network.targets))
        arriving: list[list[Any]] = [[w * r for r in self.residuals] for w in network.output]
        errors, biddings, multipliers = [], [fmpq(0)] * len(self.kinks), self._given()
        all_arriving = []
        for layer in reversed(range(network.depth)):
            all_arriving.append(arriving)
            here = []
            for unit, row in enumerate(network.signs[layer]):
                line = [arriving[unit][s] if row[s] == "+" else fmpq(0) for s in sites]
                for place, kink in enumerate(self.kinks):
                    if (kink.layer, kink.unit) == (layer, unit):
                        ones = ((arriving[unit][s], 1) for s in kink.sites)
                        biddings[place] = total(ones, fmpq(0))
                        if network.stratum.layers[layer][unit][kink.sites[0]] == "+":
                            multipliers[place] = biddings[place]
                        line[kink.sites[0]] = multipliers[place]
                here.append(tuple(line))
            errors.append(tuple(here))
            weights = network.weights[layer]
            arriving = [
                [
                    total(((w[below], e[s]) for w, e in zip(weights, here, strict=True)), fmpq(0))
                    for s in sites
                ]
                for below in range(len(weights[0]) if layer and weights else 0)
            ]
        above = tuple(reversed(all_arriving))
        return tuple(reversed(errors)), tuple(biddings), tuple(multipliers), above

    @property
    def residuals(self) -> list[Any]:
        """The residual, summed over the data points of each site."""
        return self.network.problem.weighted(self.network.residual)

    @property
    def errors(self) -> tuple[tuple[tuple[Any, ...], ...], ...]:
        """Backpropagated errors by layer, unit and site, the multiplier at a kink's first site."""
        return self._backward[0]

    @property
    def arriving(self) -> tuple[list[list[Any]], ...]:
        """By layer, unit and site, the error that would pass if the unit were on."""
        return self._backward[3]

    @property
    def biddings(self) -> tuple[Any, ...]:
        """For each kink the error D that would pass if its unit were on (multipliers above it)."""
        return self._backward[1]

    @cached_property
    def slopes(self) -> tuple[tuple[Number, Number], ...]:
        """For each kink the multipliers, divided by 2, of the sides on which it is off and on.

        They are -mu and mu - D, the same in every cell (Lemma D12).
        """
        number = self._number
        pairs = zip(self.multipliers, self.biddings, strict=True)
        return tuple((number(-mu), number(mu - bidding)) for mu, bidding in pairs)

    def _number(self, value: Any) -> Number:
        return value if isinstance(value, Number) else self.network.point.constant(value)

    @cached_property
    def relations(self) -> tuple[tuple[int, ...], fmpq_mat]:
        """Basic kinks, and all kinks in terms of them where every kink is off (Lemma D15)."""
        alike: dict[Any, list[int]] = {}
        for place, kink in enumerate(self.kinks):
            alike.setdefault((kink.layer, kink.unit, self._pattern(kink)), []).append(place)
        basic, entries = [], []
        for (*_, pattern), members in alike.items():
            rows = [self._input(self.kinks[m], pattern) for m in members]
            echelon, rank = fmpq_mat(rows).transpose().rref()
            table = echelon.tolist()[:rank]
            pivots = [next(j for j, entry in enumerate(line) if entry) for line in table]
            for line, pivot in zip(table, pivots, strict=True):
                entries += [(m, len(basic), e) for m, e in zip(members, line, strict=True)]
                basic.append(members[pivot])
        matrix = fmpq_mat(len(self.kinks), len(basic))
        for row, column, entry in entries:
            matrix[row, column] = entry
        return tuple(basic), matrix

    @property
    def is_independent(self) -> bool:
        """Whether every kink is basic."""
        return len(self.relations[0]) == len(self.kinks)

    def expansion(
        self, cell: Cell, weights: Sequence[Any], number: Callable[[fmpq], Any]
    ) -> np.ndarray:
        """Return gradients of kinks in a cell by those of basic kinks with all off, (K, B).

        Parameters
        ----------
        cell : Cell
        weights : by layer, unit and unit below
        number : callable
            Makes something that can be added to weights of a rational number.
        """
        basic, matrix = self.relations
        nothing = np.full(len(basic), number(fmpq(0)), dtype=object)
        rows = [nothing] * len(self.kinks)
        changes: dict[tuple[int, int, int], np.ndarray] = {}
        signs = self.network.signs
        sites = range(len(self.network.targets))
        layers = ((k, j) for k, rows_above in enumerate(signs) for j in range(len(rows_above)))
        for (layer, unit), site in product(layers, sites):
            change = nothing
            for below in range(len(signs[layer - 1]) if layer else 0):
                place = self.places.get((layer - 1, below, site))
                if place is None and signs[layer - 1][below][site] == "+":
                    change = change + weights[layer][unit][below] * changes[layer - 1, below, site]
                elif place is not None and cell[place]:
                    change = change + weights[layer][unit][below] * rows[place]
            changes[layer, unit, site] = change
            place = self.places.get((layer, unit, site))
            if place is not None and site == self.kinks[place].sites[0]:
                off = [number(matrix[place, column]) for column in range(len(basic))]
                rows[place] = np.array(off, dtype=object) + change
        return np.array(rows, dtype=object).reshape(len(rows), len(basic))

    def _pattern(self, kink: Kink) -> tuple[tuple[int, ...], ...]:
        """Return the units that are on below a kink, down to a layer where none is."""
        found = []
        for rows in reversed(self.network.signs[: kink.layer]):
            found.append(tuple(j for j, row in enumerate(rows) if row[kink.sites[0]] == "+"))
            if not found[-1]:
                break
        return tuple(found)

    def _input(self, kink: Kink, pattern: Sequence[tuple[int, ...]]) -> list[fmpq]:
        """Return what the pre-activation of a kink is linear in."""
        cut = pattern and not pattern[-1]
        return [fmpq(1)] if cut else list(self.network.problem.sites[kink.sites[0]].row)


@dataclass(frozen=True, eq=False)
class Jets:
    """Values and derivatives at a network in balls: all polynomials of its cells to second order.

    The parameters are omega, unit by unit as in `ScaledNetwork.rows`.

    Parameters
    ----------
    around : Surroundings
    bits : int
        Precision of the coordinates.
    """

    around: Surroundings
    bits: int

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
            here = np.full((len(weights), sites, self.size), zero, dtype=object)
            width = weights.shape[1]
            for unit, start in enumerate(starts):
                here[unit, :, start : start + width] = self.heights[layer][:, :width]
                for below, row in enumerate(activity[layer - 1] if layer else ()):
                    here[unit, row] += weights[unit, below] * found[-1][below, row]
            found.append(here)
        return found

    def gradients(self, cell: Cell) -> np.ndarray:
        """Return the gradients of the kinks in a cell, (kinks, size)."""
        found, kinks = self.derivatives(cell), self.around.kinks
        rows = [found[kink.layer][kink.unit, kink.sites[0]] for kink in kinks]
        return np.array(rows, dtype=object).reshape(len(kinks), self.size)

    def expansion(self, cell: Cell) -> np.ndarray:
        """Return gradients of kinks in a cell by those of basic kinks with all off, (K, B)."""
        return self.around.expansion(cell, self.weights, arb)

    @cached_property
    def adjoints(self) -> tuple[np.ndarray, ...]:
        """Derivatives of the Lagrangian by pre-activations, and by f, by layer (units, sites)."""
        network = self.around.network
        sites = len(network.targets)
        layers = [self._balls(layer, sites) * arb(-2) for layer in self.around.errors]
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
        form = np.full((self.size, self.size), arb(0), dtype=object)
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
