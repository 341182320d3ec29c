"""What follows from the record of each stratum of three layers: components and counts."""

from collections.abc import Iterator
from typing import Any

from ..deep.components import Component, Network, Unit, shared, zero_network
from ..deep.further.constants import zero_is_minimal
from ..deep.lists import DeepList, StrataReader
from ..reals import require
from .constants import Constant, constants
from .cover import Cover
from .dead import harmless
from .points import Zero
from .strata import Spire, kept, realised


class SpireReader(StrataReader):
    """Reads the records of such strata."""

    def start(self, stratum: Spire) -> Cover:
        """Return a cover of a stratum of which nothing is read."""
        return Cover(stratum)


class SpireProof(DeepList):
    """The same for widths (L, 1, 1)."""

    reader = SpireReader

    def enumerated(self) -> tuple[dict[str, Spire], dict[str, Spire]]:
        """Return the strata that some network realises, and those that can hold a minimum."""
        found = realised(self.sites)
        return found, kept(found)

    @property
    def constants(self) -> list[Constant]:
        """The constant networks, which no record is about."""
        return list(constants(self.sites, self.faces))

    def components(self) -> Iterator[Component]:
        """Claim 94: the components are those of these points, of constants, and of nothing."""
        for zero in self.minima:
            spare = self.sites.hidden[0] - len(zero.spire.lower)
            yield from shared(spire_network(zero), spare > 0 and harmless(zero, self.faces))
        for constant in self.constants:
            yield from shared(constant.network, True) if constant.minimum else ()
        if zero_is_minimal(self.sites):
            yield from shared(zero_network(self.sites), True)

    def enumeration(self) -> dict[str, Any]:
        """Claim 95: the counts are those of claim 52.

        Constants are two strata, unless the targets at every input add up to 0 (Lemma D8).
        """
        found = self.constants
        return {
            "sign_arrays": str(3 ** (self.sites.points * sum(self.sites.hidden))),
            "strata_examined": len(self.strata) + 2 * any(self.sites.totals),
            "stationary": self.points + len(found),
            "locally_minimal": len(self.minima) + sum(constant.minimum for constant in found),
            "undecided": 0,
        }


def spire_network(zero: Zero) -> Network:
    """Claim 96: the weights at a stationary point.

    From U_3 = a^2, U_2 = (a c_3)^2, T_j = (a c_3 c_2j)^2, w_j = a c_3 c_2j v_j, B_2 = a c_3 b_2 and
    B_3 = a b_3, with the signs of these products.
    """
    state, sites, spire = zero.state, zero.sites, zero.spire
    sides, second, third = zero.sides
    rows, middle, top = zero.signs.rows()
    require(None not in (*rows, middle, top), f"{spire.text}: a sign is exactly 0, or nearly")
    lower, shares = [], []
    for j, (side, square, w) in enumerate(zip(sides, state.squares, state.weights, strict=True)):
        v = tuple((side * x / square.sqrt(), state.is_null(j, k)) for k, x in enumerate(w))
        lower.append(Unit(sites.at_points(rows[j]), square / state.second, v))
        shares.append((side * second * (square / state.second).sqrt(), False))
    (b2, b3), ratio = state.biases, state.second / state.third
    inner = (second * b2 / state.second.sqrt(), b2 == 0)
    outer = (third * b3 / state.third.sqrt(), b3 == 0)
    upper = (second * third * ratio.sqrt(), False), outer
    layers = [
        lower,
        [Unit(sites.at_points(middle), ratio, (*shares, inner))],
        [Unit(sites.at_points(top), state.third, upper)],
    ]
    return Network(sites, layers, third * state.third.sqrt(), zero.loss)
