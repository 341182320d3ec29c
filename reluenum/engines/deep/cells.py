"""Around a stationary network: kinks, what they depend on, and the polynomial of each cell.

Near a network the units with a kink choose a side; each choice is a cell, on which loss and
pre-activations are polynomials. In a cell all pre-activations are linear forms in the vectors of
the first layer and the biases, whose coefficients are polynomials in the other weights; switching
a unit at a kink changes those above by multiples of its own. So relations of the forms with all
kinks off, over the field of rational functions in these weights, hold in every cell: all kinks
vanish where *basic* ones do (Lemma D26).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
from flint import Ordering, arb, arb_mat, ctx, fmpq, fmpq_mpoly_ctx
from scipy.optimize import linprog

from reluenum.algebra.forms import (
    doubles,
    dyadic,
    independent_rows,
    matrix_of,
    pivots_of,
    pivots_of_rows,
    solved_by,
)
from reluenum.algebra.linear import combine
from reluenum.algebra.numberfield import FIRST_BITS
from reluenum.algebra.numbers import Number
from reluenum.algebra.polynomials import determinant
from reluenum.engines.deep.networks import ScaledNetwork, sum_of

NEGLIGIBLE = 1e-9
"""In doubles, what is taken for 0 before it is proved."""

SMALL = 1e-5
"""Multipliers that can be as large are positive ones, as doubles see it."""

CUT_SHARE = 0.01
"""How much multipliers count where room for dead units is looked for."""

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
class Backward:
    """What a network passes down.

    Parameters
    ----------
    errors : tuple by layer, unit and site
        Backpropagated errors; at the first site of a kink its multiplier.
    arriving : tuple by layer, unit and site
        The error that would pass if the unit were on.
    biddings : (K,) tuple of Number
        For each kink the error D that would pass if its unit were on.
    multipliers : (K,) tuple of Number
        mu of each kink.
    """

    errors: tuple[tuple[tuple[Any, ...], ...], ...]
    arriving: tuple[list[list[Any]], ...]
    biddings: tuple[Number, ...]
    multipliers: tuple[Number, ...]

    @cached_property
    def slopes(self) -> tuple[tuple[Number, Number], ...]:
        """For each kink the multipliers, divided by 2, of the sides on which it is off and on.

        They are -mu and mu - D, the same in every cell (Lemma D19).
        """
        pairs = zip(self.multipliers, self.biddings, strict=True)
        return tuple((-mu, mu - bidding) for mu, bidding in pairs)

    def in_doubles(self) -> np.ndarray:
        """Return these slopes, one after the other, in doubles."""
        flat = chain.from_iterable(self.slopes)
        return np.array([float(slope.ball(FIRST_BITS).mid()) for slope in flat])


@dataclass(frozen=True, eq=False)
class Cut:
    """A direction of a dead unit, as doubles.

    Parameters
    ----------
    layer : int
        From 0, above the unit.
    weights : (units, sites) array
        What errors of that layer contribute to the unit's gain.
    bound : float
        Lambda, which the gain shall not exceed.
    """

    layer: int
    weights: np.ndarray
    bound: float

    def room(self, passed: Backward) -> float:
        """Return how far below the bound the gain is."""
        errors = [
            [float(e.ball(FIRST_BITS).mid()) if isinstance(e, Number) else float(e) for e in line]
            for line in passed.errors[self.layer]
        ]
        return self.bound - float((self.weights * np.array(errors)).sum())


@dataclass(frozen=True, eq=False)
class Surroundings:
    """The kinks of a stationary network and the multipliers at them, exactly.

    Parameters
    ----------
    network : ScaledNetwork
    parts : tuple of int
        A part of each site, to which a kink that several parts share is a kink of each, with a
        multiplier of its own; by default all sites are in one part.
    cuts : tuple of Cut
        Directions in which dead units shall gain little, if multipliers can be chosen.
    """

    network: ScaledNetwork
    parts: tuple[int, ...] = ()
    cuts: tuple[Cut, ...] = ()

    def __getstate__(self) -> dict[str, Any]:
        """Pickle what it is made of; the rest follows from that."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @cached_property
    def kinks(self) -> tuple[Kink, ...]:
        """The kinks, lower layers first."""
        found: dict[tuple[int, int, int, int], list[int]] = {}
        network = self.network
        parts = self.parts or (0,) * len(network.targets)
        for layer, rows in enumerate(network.signs):
            for unit, row in enumerate(rows):
                for site in network.relevant[layer]:
                    if row[site] == "0":
                        key = layer, unit, network.twins[layer][site], parts[site]
                        found.setdefault(key, []).append(site)
        return tuple(Kink(*key[:2], tuple(sites)) for key, sites in sorted(found.items()))

    @cached_property
    def places(self) -> dict[tuple[int, int, int], int]:
        """The number of the kink by layer, unit and site."""
        return {(k.layer, k.unit, s): n for n, k in enumerate(self.kinks) for s in k.sites}

    @cached_property
    def backward(self) -> "Backward":
        """What is passed down, with multipliers that are strict if dependent kinks allow it."""
        given: list[Any] = [fmpq(0)] * len(self.kinks)
        for (layer, unit, sites), value in self.network.multipliers.items():
            here = [p for s in sites if (p := self.places.get((layer - 1, unit, s))) is not None]
            if here:  # one that several kinks share goes to the first of them
                given[min(here)] = given[min(here)] + value
        shift = self._shift(given)
        return self._passed([mu + step for mu, step in zip(given, shift, strict=True)])

    def _shift(self, given: Sequence[Any]) -> Sequence[Any]:
        """Return by how much multipliers may change to be as strict as possible (Lemma D19).

        Where all kinks are off, half the gradient of the loss is the sum of mu_k times the
        gradient of z_k, so that relations of the gradients leave the choice. Slopes that cannot be
        positive at once are made 0, if that is possible (Lemma D44).
        """
        still = [fmpq(0)] * len(self.kinks)
        if self.is_independent:
            return still
        ways = self._relations()
        passed = [
            self._passed([mu + step for mu, step in zip(given, way, strict=True)])
            for way in (still, *ways)
        ]
        base, *moved = (one.in_doubles() for one in passed)
        change = np.array([one - base for one in moved]).T
        room = np.array([[cut.room(one) for one in passed] for cut in self.cuts])
        room = room.reshape(len(room), len(passed))
        cost = np.append(np.zeros(len(ways)), -1.0)
        free = [(None, None)] * len(ways)
        best = linprog(
            cost,
            A_ub=np.vstack(
                [
                    np.hstack([-change, np.full((len(base), 1), CUT_SHARE if len(room) else 1)]),
                    np.hstack([room[:, :1] - room[:, 1:], np.ones((len(room), 1))]),
                ]
            ),
            b_ub=np.append(base, room[:, 0]),
            bounds=[*free, (None, 1)],
        )
        if best.status != 0 or best.x[-1] < -NEGLIGIBLE:
            return still
        if best.x[-1] > NEGLIGIBLE:
            return combine(list(map(dyadic, best.x[:-1])), ways)
        best = linprog(
            np.append(np.zeros(len(ways)), -np.ones(len(base))),
            A_ub=np.vstack(
                [
                    np.hstack([-change, np.eye(len(base))]),
                    np.hstack([room[:, :1] - room[:, 1:], np.zeros((len(room), len(base)))]),
                ]
            ),
            b_ub=np.append(base, room[:, 0]) + NEGLIGIBLE,
            bounds=[*free, *[(0, SMALL)] * len(base)],
        )
        if best.status != 0:
            return still
        found = best.x[: len(ways)]
        tight = np.flatnonzero(base + change @ found <= 10 * NEGLIGIBLE)
        return combine(_with_zeros(passed, tight, change[tight], list(map(dyadic, found))), ways)

    def _relations(self) -> list[list[Any]]:
        """Return a basis of the relations of the gradients of kinks where all are off."""
        number = self.network.point.constant
        off = (False,) * len(self.kinks)
        rows = self.forms(off, self._weights(), number)
        balls = np.array([[entry.ball(FIRST_BITS) for entry in row] for row in rows])
        basic = doubles(balls[list(self.basic)])
        columns = pivots_of(basic)[: len(basic)]
        columns = [columns[k] for k in pivots_of_rows(basic[:, columns].T)]
        matrix = [[rows[b][c] for b in self.basic] for c in columns]
        found = []
        for place in (k for k in range(len(self.kinks)) if k not in self.basic):
            relation = [number(fmpq(k == place)) for k in range(len(self.kinks))]
            solved = solved_by(matrix, [rows[place][c] for c in columns])
            for b, entry in zip(self.basic, solved, strict=True):
                relation[b] = -entry
            found.append(relation)
        return found

    def _passed(self, given: Sequence[Any]) -> "Backward":
        """Pass the residual down, with given multipliers at kinks.

        A kink that the stratum calls + passes what arrives: it is there by coincidence.
        """
        network, sites = self.network, range(len(self.network.targets))
        arriving: list[list[Any]] = [[w * r for r in self.residuals] for w in network.output]
        biddings, multipliers = [fmpq(0)] * len(self.kinks), list(given)
        errors, everything = [], []
        for layer in reversed(range(network.depth)):
            everything.append(arriving)
            here = []
            for unit, row in enumerate(network.signs[layer]):
                line = [arriving[unit][s] if row[s] == "+" else fmpq(0) for s in sites]
                for place, kink in enumerate(self.kinks):
                    if (kink.layer, kink.unit) == (layer, unit):
                        ones = ((arriving[unit][s], 1) for s in kink.sites)
                        biddings[place] = sum_of(ones, fmpq(0))
                        if network.stratum.layers[layer][unit][kink.sites[0]] == "+":
                            multipliers[place] = biddings[place]
                        line[kink.sites[0]] = multipliers[place]
                here.append(tuple(line))
            errors.append(tuple(here))
            weights = network.weights[layer]
            arriving = [
                [
                    sum_of(((w[below], e[s]) for w, e in zip(weights, here, strict=True)), fmpq(0))
                    for s in sites
                ]
                for below in range(len(weights[0]) if layer and weights else 0)
            ]
        layers = tuple(reversed(errors)), tuple(reversed(everything))
        number = self._number
        return Backward(*layers, *(tuple(map(number, m)) for m in (biddings, multipliers)))

    @property
    def residuals(self) -> list[Any]:
        """The residual, summed over the data points of each site."""
        return self.network.problem.weighted(self.network.residual)

    @property
    def multipliers(self) -> tuple[Number, ...]:
        """The multiplier mu of each kink."""
        return self.backward.multipliers

    @property
    def slopes(self) -> tuple[tuple[Number, Number], ...]:
        """See `Backward.slopes`."""
        return self.backward.slopes

    @cached_property
    def is_strict(self) -> bool:
        """Whether all multipliers of sides are positive, so that Lemma D19 applies."""
        return all(slope.sign() > 0 for pair in self.slopes for slope in pair)

    def _number(self, value: Any) -> Number:
        return value if isinstance(value, Number) else self.network.point.constant(value)

    @cached_property
    def basic(self) -> tuple[int, ...]:
        """Kinks of which all are combinations, whatever the weights above the first layer are."""
        layers = self.network.weights[1:]
        names = [
            f"w{k}_{m}_{j}"
            for k, layer in enumerate(layers)
            for m, row in enumerate(layer)
            for j in range(len(row))
        ]
        context = fmpq_mpoly_ctx.get(tuple(names or ["w"]), Ordering.degrevlex)
        symbols = iter(context.gens())
        weights = [[], *([[next(symbols) for _ in row] for row in layer] for layer in layers)]
        forms = self.forms((False,) * len(self.kinks), weights, context.constant)
        return tuple(independent_rows(forms))

    @property
    def is_independent(self) -> bool:
        """Whether every kink is basic."""
        return len(self.basic) == len(self.kinks)

    def _weights(self) -> list[list[list[Number]]]:
        """Return the weights without biases."""
        return [[list(map(self._number, w)) for w in rows] for rows in self.network.weights]

    def forms(
        self, cell: Cell, weights: Sequence[Any], number: Callable[[fmpq], Any]
    ) -> list[list[Any]]:
        """Return kinks in a cell as linear forms in first-layer vectors and biases (K, columns).

        Parameters
        ----------
        cell : Cell
        weights : by layer, unit and unit below
            Over any ring; those of the first layer are not used.
        number : callable
            Turns a rational number into an element of the ring.
        """
        network, rows = self.network, list[list[Any]]()
        zero, below = number(fmpq(0)), list[list[list[Any]]]()
        start, count = 0, sum(map(len, self.linear))
        for layer, signs in enumerate(network.signs):
            here = []
            for unit, _ in enumerate(signs):
                width = len(self.linear[layer]) // len(signs)
                line = []
                for s, site in enumerate(network.problem.sites):
                    form = [zero] * count
                    inputs = site.row if layer == 0 else (fmpq(1),)
                    form[start : start + width] = map(number, inputs)
                    for j, other in enumerate(below):
                        if self._is_on(layer - 1, j, s, cell):
                            weight = weights[layer][unit][j]
                            form = [e + weight * o for e, o in zip(form, other[s], strict=True)]
                    line.append(form)
                start += width
                here.append(line)
            below = here
            rows += [here[k.unit][k.sites[0]] for k in self.kinks if k.layer == layer]
        return rows

    @cached_property
    def linear(self) -> tuple[tuple[int, ...], ...]:
        """By layer, the parameters (as `Jets` counts them) in which forms are linear."""
        found, start = [], 0
        for layer, rows in enumerate(self.network.rows[:-1]):
            here: list[int] = []
            for row in rows:
                here += range(start if layer == 0 else start + len(row) - 1, start + len(row))
                start += len(row)
            found.append(tuple(here))
        return tuple(found)

    def _is_on(self, layer: int, unit: int, site: int, cell: Cell) -> bool:
        """Whether a unit is on at a site in a cell."""
        place = self.places.get((layer, unit, site))
        return self.network.signs[layer][unit][site] == "+" if place is None else cell[place]


def _with_zeros(
    passed: Sequence[Backward], tight: Sequence[int], change: np.ndarray, shares: list[Any]
) -> list[Any]:
    """Return shares of relations at which some slopes are 0, exactly.

    Parameters
    ----------
    passed : sequence of Backward
        Of the multipliers without a change, then with each relation added.
    tight : (T,) sequence of int
        Slopes, as `Backward.in_doubles` counts them.
    change : (T, R) array
        What the relations do to them.
    shares : (R,) list
        Near the wanted ones; those that are left free stay.
    """
    base, *moved = ([*chain.from_iterable(one.slopes)] for one in passed)
    rank = int(np.linalg.matrix_rank(change, tol=NEGLIGIBLE))
    columns = pivots_of(change)[:rank]
    rows = pivots_of(change[:, columns].T)[:rank]
    rows = [rows[k] for k in pivots_of_rows(change[np.ix_(rows, columns)])]
    matrix = [[moved[c][tight[row]] - base[tight[row]] for c in columns] for row in rows]
    right = [-base[tight[row]] for row in rows]
    for c in set(range(len(shares))) - {*columns}:
        right = [
            r - (moved[c][tight[row]] - base[tight[row]]) * shares[c]
            for r, row in zip(right, rows, strict=True)
        ]
    for c, share in zip(columns, solved_by(matrix, right), strict=True):
        shares[c] = share
    return shares


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


def linear_columns(local: Jets) -> list[int]:
    """Return parameters, among those in which forms are linear, that basic kinks are regular in."""
    off = (False,) * len(local.around.kinks)
    linear = [k for layer in local.around.linear for k in layer]
    basic = doubles(local.gradients(off)[list(local.around.basic)][:, linear])
    return [linear[k] for k in pivots_of(basic)[: len(basic)]]


def linearised(local: Jets, cell: Cell, columns: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return gradients of a cell's inequalities and half that of the loss, (K, B) and (B,)."""
    pairs = zip(local.around.slopes, cell, strict=True)
    slopes = np.array([pair[on].ball(local.bits) for pair, on in pairs], dtype=object)
    sides = np.array([[1 if on else -1] for on in cell])
    inwards = local.gradients(cell)[:, columns] * sides
    return inwards, slopes @ inwards


def cell_multipliers(
    local: Jets, cell: Cell, columns: Sequence[int], support: Sequence[int]
) -> tuple[np.ndarray, list[int]] | None:
    """Return multipliers of a cell, positive on a support and 0 elsewhere; None if unproved.

    Parameters
    ----------
    local : Jets
    cell : Cell
    columns : sequence of int
        As of `linear_columns`.
    support : sequence of int

    Returns
    -------
    (K,) array of arb, list of int
        nu with nu @ inwards = slope, and a basis of the support.
    """
    inwards, slope = linearised(local, cell, columns)
    support = list(support)
    rows = doubles(inwards[support])
    weights = _widest(rows, doubles(slope))
    if weights is None:
        return None
    rank = int(np.linalg.matrix_rank(rows, tol=NEGLIGIBLE))
    order = pivots_of((rows * weights[:, None]).T)
    solved, fixed = [support[k] for k in order[:rank]], order[rank:]
    chosen = pivots_of(doubles(inwards[solved]))[:rank]
    found = np.full(len(inwards), arb(0), dtype=object)
    exact = {support[k]: dyadic(weights[k]) for k in fixed}
    found[list(exact)] = [arb(value) for value in exact.values()]
    rest = (slope - found @ inwards)[chosen]
    try:
        matrix = arb_mat(inwards[np.ix_(solved, chosen)].T.tolist())
        found[solved] = matrix_of(matrix.solve(arb_mat([[entry] for entry in rest])))[:, 0]
    except ZeroDivisionError:
        return None
    if not all(found[k] > 0 for k in support):
        return None
    if rank < len(slope) and not _solves(local, cell, columns, exact, solved, chosen):
        return None
    return found, solved


def _widest(rows: np.ndarray, slope: np.ndarray) -> np.ndarray | None:
    """Return multipliers in doubles of which the least one is largest, if that is positive."""
    count, rank = rows.shape
    best = linprog(
        np.append(np.zeros(count), -1.0),
        A_ub=np.hstack([-np.eye(count), np.ones((count, 1))]),
        b_ub=np.zeros(count),
        A_eq=np.hstack([rows.T, np.zeros((rank, 1))]),
        b_eq=slope,
        bounds=[(None, None)] * count + [(None, 1)],
    )
    return best.x[:-1] if best.status == 0 and best.x[-1] > 0 else None


def _solves(
    local: Jets,
    cell: Cell,
    columns: Sequence[int],
    fixed: Mapping[int, fmpq],
    solved: Sequence[int],
    chosen: Sequence[int],
) -> bool:
    """Whether multipliers solve all equations exactly, given that they solve the chosen ones."""
    around = local.around
    linear = [k for layer in around.linear for k in layer]
    weights = [[row[:-1] for row in layer] for layer in around.network.rows[:-1]]
    forms = np.array(around.forms(cell, weights, around.network.point.constant), dtype=object)
    signs = np.array([[1 if on else -1] for on in cell])
    rows = forms[:, [linear.index(k) for k in columns]] * signs
    slopes = np.array([pair[on] for pair, on in zip(around.slopes, cell, strict=True)])
    for k, value in fixed.items():
        slopes[k] = slopes[k] - value
    system = np.vstack([rows[solved], [slopes @ rows]])
    others = [c for c in range(rows.shape[1]) if c not in chosen]
    minors = (determinant(system[:, [*chosen, c]].tolist()) for c in others)
    return all(minor.sign() == 0 for minor in minors)
