"""Components whose spare units are in layer 2."""

from collections.abc import Iterator, Sequence
from typing import Any

from flint import arb, fmpq

from ..deep.components import Component, Network, Unit, texts, zero_network
from ..deep.components import constant_network as constant
from ..deep.components import shared as sharing
from ..deep.sites import Sites
from ..reals import require, sign
from .points import Zero


class FanNetwork(Network):
    """A local minimum with one unit, or none, in layer 1; `outputs` are the weights of layer 2."""

    wide = 1
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


def shared(network: FanNetwork, calm: bool) -> Iterator[Component]:
    """Claim 161: spare units of layer 2 are copies of others, or dead if that does no harm.

    Otherwise each way to share the width is a component of its own (Lemma D13, Theorem D14).
    """
    return sharing(network, calm)
