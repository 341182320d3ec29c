"""What follows from the strata of widths (1, L): components and counts."""

from collections.abc import Iterator
from typing import Any

from ..deep.components import Component
from ..deep.dead import constant_is_minimal, level, zero_is_minimal
from ..deep.document import DeepProof, Reader
from ..reals import require
from .components import fan_network, shared, without_first
from .cover import Cover
from .dead import harmless, splits
from .points import Zero
from .strata import Fan, kept, realised


class FanReader(Reader):
    """Reads the records of such strata."""

    def cover(self, stratum: Fan, items: Any) -> tuple[int, list[Zero]]:
        """Claim 121: the boxes of a record are not needed: those of claim 143 take their place."""
        require(type(items) is list, "no list of boxes")
        cover = Cover(stratum)
        cover.read()
        return cover.count, cover.zeros


class FanProof(DeepProof):
    """The same for widths (1, L) and inputs on a line."""

    rule, reader = "boxes", FanReader

    def enumerated(self) -> tuple[dict[str, Fan], dict[str, Fan]]:
        """Return the strata that some network realises, and those that can hold a minimum."""
        require(self.sites.depth == 2, "widths (1, L) are proved for inputs on a line alone")
        found = realised(self.sites)
        return found, kept(found)

    def components(self) -> Iterator[Component]:
        """Claim 122: the components are those of these points, of a constant, and of nothing."""
        for zero in self.minima:
            spare = self.sites.hidden[1] > len(zero.fan.upper)
            require(not spare or splits(zero), f"{zero.fan.text}: units that share, beside a group")
            yield from shared(fan_network(zero), spare and harmless(zero))
        if level(self.sites) and constant_is_minimal(self.sites, self.faces):
            yield from shared(without_first(self.sites, level(self.sites)), True)
        if zero_is_minimal(self.sites):
            yield from shared(without_first(self.sites, None), True)
