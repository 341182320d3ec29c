"""Components whose spare units are in layer 2."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from math import factorial, prod
from typing import Any

from flint import arb, fmpq

from ..deep.components import Component, Network, Unit, texts, zero_network
from ..deep.components import constant_network as constant
from ..deep.sites import Sites
from ..exact import compositions
from ..reals import require, sign
from .points import Zero


class FanNetwork(Network):
    """A local minimum with one unit, or none, in layer 1; `outputs` are the weights of layer 2."""

    outputs: list[arb]

    def representative(self, copies: Sequence[int]) -> dict[str, Any]:
        """Return the network in which the units that are copies of one share its square equally."""
        none, (lower, upper) = frozenset("0"), self.layers
        depth, dead = self.sites.depth, self.sites.hidden[1] - sum(copies)
        first = lower[0].share(1) if lower else [none] * depth
        rows, weights = [], []
        for unit, weight, k in zip(upper, self.outputs, copies, strict=True):
            rows += [unit.share(k)] * k
            weights += [texts(weight / arb(k).sqrt())] * k
        rows = [row if lower else [none, *row] for row in rows] + [[none, none]] * dead
        return {
            "W": [[first[:-1]], [row[:-1] for row in rows]],
            "b": [[first[-1]], [row[-1] for row in rows]],
            "w": weights + [none] * dead,
        }


def fan_network(zero: Zero) -> FanNetwork:
    """Claim 160: the weights at a stationary point: v = sqrt(s) e, T = w^2, and W / w, b / w."""
    sites, fan = zero.sites, zero.fan
    vector = [(x, x == 0) for x in zero.vector]
    row = "".join(_mark(value, i in fan.kinks) for i, value in enumerate(zero.linear))
    square = zero.vector[0] * zero.vector[0] + zero.vector[1] * zero.vector[1]
    upper = []
    for marks, w, (weight, bias), t in zip(
        fan.upper, zero.outputs, zero.units, zero.squares, strict=True
    ):
        upper.append(Unit(_at(sites, marks), t, ((weight * w, False), (bias * w, bias == 0))))
    found = FanNetwork(
        sites, [[Unit(_at(sites, row), square, tuple(vector))], upper], arb(0), zero.loss
    )
    found.outputs = zero.outputs
    return found


def _mark(value: arb, is_kink: bool) -> str:
    found = 0 if is_kink else sign(value)
    require(found is not None, "a sign of the first layer where it does not matter is not clear")
    return "-0+"[found + 1]


def _at(sites: Sites, row: str) -> str:
    return "".join(row[i] for i in sites.row_of)


def without_first(sites: Sites, value: fmpq | None) -> FanNetwork:
    """Return the constant network of a value, or the zero network."""
    plain = zero_network(sites) if value is None else constant(sites, value)
    found = FanNetwork(sites, plain.layers, plain.output, plain.loss)
    found.outputs = [] if value is None else [plain.output]
    return found


class FanComponent(Component):
    """A connected set of local minima: a network, and ways to share the width of layer 2."""

    def name(self, copies: Sequence[int], dead: int) -> tuple:
        """Return what tells a stratum from others: signs, copies and dead units."""
        lower, upper = self.network.layers
        second = tuple((unit.signs, k) for unit, k in zip(upper, copies, strict=True))
        return tuple((unit.signs, 1) for unit in lower), second, (1 - len(lower), dead)

    @cached_property
    def names(self) -> dict[tuple, tuple[tuple[int, ...], int]]:
        """The strata by their names."""
        return {self.name(*way): way for way in self.ways}

    def boundary(self) -> list[bool]:
        """Return for each layer whether there is a kink or a dead unit somewhere."""
        lower, upper = self.network.layers
        kinks = ["0" in "".join(unit.signs for unit in layer) for layer in (lower, upper)]
        return [kinks[0] or not lower, kinks[1] or any(dead for _, dead in self.ways)]

    def record(self, names: Sequence[tuple], lowest: bool) -> dict[str, Any]:
        """Claim 88, for layer 2."""
        ways = [self.names[name] for name in names]
        copies, dead = ways[0]
        lower, upper = self.network.layers
        return {
            "dimension": self.dimension(ways[0]),
            "loss": texts(self.network.loss),
            "loss_interval": ...,
            "on_boundary": any(self.boundary()),
            "boundary_by_layer": self.boundary(),
            "global_at_width": lowest,
            "orbit_size": self.orbit,
            "layers": [
                [unit.record(1) for unit in lower],
                [unit.record(k) for unit, k in zip(upper, copies, strict=True)],
            ],
            "dead_units": [1 - len(lower), dead],
            "strata": [self.stratum(way) for way in ways],
            "representative": self.network.representative(copies),
        }


def shared(network: FanNetwork, calm: bool) -> Iterator[FanComponent]:
    """Claim 161: spare units of layer 2 are copies of others, or dead if that does no harm.

    Otherwise each way to share the width is a component of its own (Lemma D13, Theorem D14).
    """
    width, distinct = network.sites.hidden[1], len(network.layers[1])
    if distinct == 0:
        yield FanComponent(network, (((), width),), 1)
    elif calm and distinct < width:
        sizes = range(distinct, width + 1)
        ways = ((c, width - k) for k in sizes for c in compositions(k, distinct))
        yield FanComponent(network, tuple(ways), 1)
    else:
        for copies in compositions(width, distinct):
            orbit = factorial(width) // prod(map(factorial, copies))
            yield FanComponent(network, ((copies, 0),), orbit)
