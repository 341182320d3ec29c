"""The document of a list for widths (L, 1): its strata, and the components that follow."""

from collections.abc import Iterator

from ..reals import require
from .components import Component, constant_network, shared, tower_network, zero_network
from .cover import Cover
from .further.constants import constant_is_minimal, level, zero_is_minimal
from .further.dead import harmless
from .further.leeway import Leeway
from .lists import DeepList, StrataReader
from .sites import Row, Sites
from .strata import Stratum, kept, realised
from .towers import Upper


class Reader(StrataReader):
    """Reads the records of strata of such widths."""

    def __init__(self, sites: Sites) -> None:
        super().__init__(sites)
        self.uppers: dict[Row, Upper] = {}

    def start(self, stratum: Stratum) -> Cover:
        """Return a cover of a stratum of which nothing is read."""
        upper = self.uppers.setdefault(stratum.upper, Upper(self.sites, stratum.upper))
        return Cover(stratum, upper)


class DeepProof(DeepList):
    """What follows from the record of each stratum, and from the data alone."""

    reader = Reader

    def enumerated(self) -> tuple[dict[str, Stratum], dict[str, Stratum]]:
        """Return the strata that some network realises, and those that can hold a minimum."""
        found = realised(self.sites, self.processes)
        return found, kept(found)

    def components(self) -> Iterator[Component]:
        """Claim 53: the components are those of these points, of a constant, and of nothing."""
        for zero in self.minima:
            spare = self.sites.hidden[0] - len(zero.stratum.lower)
            calm = spare > 0 and harmless(zero, self.faces)
            sure = spare == 0 or zero.shared or Leeway(zero).copies
            require(sure, f"{zero.stratum.text}: what copies of its units do is not clear")
            yield from shared(tower_network(zero), calm)
        if level(self.sites) and constant_is_minimal(self.sites, self.faces):
            yield from shared(constant_network(self.sites, level(self.sites)), True)
        if zero_is_minimal(self.sites):
            yield from shared(zero_network(self.sites), True)
