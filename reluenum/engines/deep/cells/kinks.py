"""Kinks of a stationary network: what they depend on, and the multipliers at them.

Near a network the units with a kink choose a side; each choice is a cell, on which loss and
pre-activations are polynomials. In a cell all pre-activations are linear forms in the vectors of
the first layer and the biases, whose coefficients are polynomials in the other weights; switching
a unit at a kink changes those above by multiples of its own. So relations of the forms with all
kinks off, over the field of rational functions in these weights, hold in every cell: all kinks
vanish where *basic* ones do (Lemma D26).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
from flint import Ordering, fmpq, fmpq_mpoly_ctx

from reluenum.algebra.forms import (
    doubles,
    dyadic,
    independent_rows,
    pivots_of,
    pivots_of_rows,
)
from reluenum.algebra.linear import combine, solved_by
from reluenum.algebra.numberfield import FIRST_BITS
from reluenum.algebra.numbers import Number
from reluenum.engines.deep.cells.programs import NEGLIGIBLE, strictest_shares
from reluenum.engines.deep.systems.networks import ScaledNetwork, sum_of

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
        found = strictest_shares(base, change, room)
        if found is None:
            return still
        shares, is_strict = list(map(dyadic, found[0])), found[1]
        if is_strict:
            return combine(shares, ways)
        tight = np.flatnonzero(base + change @ found[0] <= 10 * NEGLIGIBLE)
        return combine(_with_zeros(passed, tight, change[tight], shares), ways)

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
