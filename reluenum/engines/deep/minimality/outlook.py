"""What a dead unit of a layer sees: inputs, errors above, and kinks above that it tells apart.

A dead unit of layer k with small weights v, and a to the layer above, changes the loss by
lambda (|a|^2 + |v|^2) - 2 N(a, v) to second order (Theorem D14), N linear in a and in v on faces
of an arrangement whose rows are the inputs of the layer.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from flint import arb, fmpq

from reluenum.algebra.forms import kernel_of
from reluenum.algebra.linear import Vector
from reluenum.engines.deep.cells.jets import Jets
from reluenum.engines.deep.cells.kinks import Surroundings
from reluenum.engines.deep.systems.networks import ScaledNetwork, sign_of, sum_of


def equal_inputs(network: ScaledNetwork, layer: int) -> list[int]:
    """Return, for each site, the first one that has the same inputs to a layer by its signs."""
    found = list(range(len(network.targets)))
    for rows in network.signs[:layer]:
        firsts: dict[Any, int] = {}
        keys = [
            tuple(found[s] if row[s] == "+" else None for row in rows) for s in range(len(found))
        ]
        found = [firsts.setdefault(key, s) for s, key in enumerate(keys)]
    return found


def same_inputs(network: ScaledNetwork, layer: int) -> list[int]:
    """Return the same, where inputs may also be equal by coincidence."""
    found: list[int] = []
    rows = network.heights[layer - 1] if layer else ()
    for site, first in enumerate(equal_inputs(network, layer)):
        alike = (
            other
            for other in dict.fromkeys(found)
            if layer and all(sign_of(row[first] - row[other]) == 0 for row in rows)
        )
        found.append(found[first] if first < site else next(alike, site))
    return found


@dataclass(frozen=True)
class SplitGroup:
    """A kink of the layer above at sites that a dead unit tells apart (Theorem D14).

    Kinks that are nested in a group are part of it. The kink below one is kept, too, or moves.

    Parameters
    ----------
    unit : int
    places : tuple of int
        Rows of the arrangement.
    kinks : tuple of (int, int)
        For each of the places the number of the kink, and a site of it.
    multiplier : arb
    biddings : tuple of arb
        D, for each of the places.
    nested : tuple of (int, arb), or None
        At most one of the places with a kink of this layer below it, and the multiplier of that
        divided by the weight between them; None if the group is of another kind.
    """

    unit: int
    places: tuple[int, ...]
    kinks: tuple[tuple[int, int], ...]
    multiplier: arb
    biddings: tuple[arb, ...]
    nested: tuple[tuple[int, arb], ...] | None

    def sites(self, around: Surroundings) -> set[tuple[int, int]]:
        """Return its unit with each of its sites."""
        return {(self.unit, s) for number, _ in self.kinks for s in around.kinks[number].sites}


@dataclass(frozen=True, eq=False)
class Outlook:
    """What a dead unit of a layer sees, in balls and in the true scales.

    Parameters
    ----------
    local : Jets
    layer : int
        From 0.
    split : bool
        Whether the multiplier of a group is split among its sites once and for all, so that
        several dead units gain no more than each alone (Theorem D14).
    """

    local: Jets
    layer: int
    split: bool

    @property
    def network(self) -> ScaledNetwork:
        """The network."""
        return self.local.around.network

    @cached_property
    def ridge(self) -> arb:
        """Lambda."""
        return arb(self.network.problem.effective_ridge)

    @cached_property
    def twins(self) -> list[int]:
        """For each site, the first one with the same inputs to the layer."""
        return same_inputs(self.network, self.layer)

    @cached_property
    def places(self) -> tuple[int, ...]:
        """The first site of each set of sites with the same inputs to the layer."""
        return tuple(dict.fromkeys(self.twins))

    @cached_property
    def exact(self) -> list[Vector] | None:
        """The inputs of the layer at these sites, if they are rational."""
        if self.layer == 0:
            return [self.network.problem.sites[s].row for s in self.places]
        return None if self.network.biases[self.layer - 1] else [(fmpq(1),)] * len(self.places)

    @cached_property
    def rows(self) -> np.ndarray:
        """The inputs of the layer at these sites, (places, below + 1)."""
        if self.exact is not None:
            found = [[arb(entry) for entry in row] for row in self.exact]
            return np.array(found, dtype=object)
        scales = [self.scale(self.layer - 1, unit) for unit in range(self._width(self.layer - 1))]
        return self.local.heights[self.layer][list(self.places)] * np.array([*scales, arb(1)])

    def _width(self, layer: int) -> int:
        return len(self.network.biases[layer])

    def scale(self, layer: int, unit: int) -> arb:
        """Return the scale of a unit of a layer (both from 0)."""
        return self.local.ball(self.network.squares[layer][unit]).sqrt()

    @property
    def is_last(self) -> bool:
        """Whether the layer above is the output."""
        return self.layer + 1 == self.network.depth

    @cached_property
    def above(self) -> int:
        """Number of units above."""
        return 1 if self.is_last else self._width(self.layer + 1)

    @cached_property
    def outgoing(self) -> np.ndarray:
        """Weights of the layer's units to those above, (above, units)."""
        rows = self.local.weights[self.layer + 1][:, : self._width(self.layer)]
        below = np.array([self.scale(self.layer, j) for j in range(self._width(self.layer))])
        if self.is_last:
            return rows / below
        above = np.array([self.scale(self.layer + 1, m) for m in range(self.above)])
        return rows * above[:, None] / below

    @cached_property
    def groups(self) -> tuple[SplitGroup, ...]:
        """Kinks of the layer above at several of the places; none if multipliers are split."""
        if self.split:
            return ()
        around, joined = self.local.around, dict[tuple[int, int], list[int]]()
        above = equal_inputs(self.network, self.layer + 1)
        for number, kink in enumerate(around.kinks):
            if kink.layer == self.layer + 1:
                joined.setdefault((kink.unit, above[kink.sites[0]]), []).append(number)
        found = (self._group(unit, numbers) for (unit, _), numbers in joined.items())
        return tuple(group for group in found if len(group.places) > 1)

    def _group(self, unit: int, numbers: list[int]) -> SplitGroup:
        """Return the group of some kinks of a unit above."""
        around = self.local.around
        scale = self.scale(self.layer + 1, unit)
        arriving = around.backward.arriving[self.layer + 1][unit]
        parts: dict[int, list[tuple[int, int]]] = {}
        for number in numbers:
            for site in around.kinks[number].sites:
                parts.setdefault(self.twins[site], []).append((number, site))
        multiplier = sum_of(((around.multipliers[k], 1) for k in numbers), fmpq(0))
        biddings = (
            sum_of(((arriving[site], 1) for _, site in part), fmpq(0)) for part in parts.values()
        )
        return SplitGroup(
            unit,
            tuple(map(self.places.index, parts)),
            tuple(part[0] for part in parts.values()),
            self.local.ball(multiplier) / scale,
            tuple(self.local.ball(bidding) / scale for bidding in biddings),
            self._nested(unit, tuple(map(self.places.index, parts)), numbers),
        )

    def _nested(
        self, unit: int, places: tuple[int, ...], numbers: list[int]
    ) -> tuple[tuple[int, arb], ...] | None:
        """Return the `nested` of a group."""
        around = self.local.around
        sites = {s for number in numbers for s in around.kinks[number].sites}
        below = [
            (number, kink)
            for number, kink in enumerate(around.kinks)
            if kink.layer <= self.layer and sites & {*kink.sites}
        ]
        if not below:
            return ()
        (number, kink), *others = below
        weight = self.local.weights[self.layer + 1][unit, kink.unit]
        seen = sum(row[kink.sites[0]] in "+0" for row in self.network.signs[self.layer + 1])
        if others or kink.layer < self.layer or seen > 1 or not weight > 0:
            return None
        ratio = self.local.ball(around.multipliers[number]) / weight
        place = places.index(self.places.index(self.twins[kink.sites[0]]))
        return ((place, ratio / self.scale(self.layer + 1, unit)),)

    @cached_property
    def weights(self) -> np.ndarray:
        """Errors of the units above at the places, without those of groups, (places, above)."""
        around, twins = self.local.around, self.twins
        found = np.full((len(self.places), self.above), arb(0), dtype=object)
        grouped = {pair for group in self.groups for pair in group.sites(around)}
        errors = [around.residuals] if self.is_last else around.backward.errors[self.layer + 1]
        for unit, line in enumerate(errors):
            scale = arb(1) if self.is_last else self.scale(self.layer + 1, unit)
            for site, error in enumerate(line):
                if (unit, site) not in grouped:
                    found[self.places.index(twins[site]), unit] += self.local.ball(error) / scale
        return found

    def is_known(self) -> bool:
        """Whether kinks of live units of the layer are independent, and groups known."""
        if any(group.nested is None for group in self.groups):
            return False
        return self.layer == 0 or self.has_independent_kinks()

    def has_independent_kinks(self) -> bool:
        """Whether the inputs at the kinks of each live unit of the layer are independent."""
        kinks = [kink for kink in self.local.around.kinks if kink.layer == self.layer]
        for unit in range(self._width(self.layer)):
            places = {self.places.index(self.twins[k.sites[0]]) for k in kinks if k.unit == unit}
            if kernel_of(self.rows[sorted(places)]) is None:
                return False
        return True
