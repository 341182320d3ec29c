"""What follows from the strata of widths (1, L): components and counts."""

from collections.abc import Iterator, Sequence
from typing import Any

from ..deep.components import Component
from ..deep.further.constants import constant_is_minimal, level, zero_is_minimal
from ..deep.lists import DeepList, Found
from ..reals import require, told
from .components import fan_network, shared, without_first
from .cover import Cover
from .dead import harmless, splits
from .strata import Fan, kept, realised

TOGETHER = 24  # strata that are covered together: arrays are faster than boxes one by one


def examined(*fans: Fan) -> list[Found]:
    """Cover strata, and judge their points."""
    cover, found = Cover(fans), []
    cover.read()
    for fan, zeros, count in zip(fans, cover.zeros, cover.counts.tolist(), strict=True):
        with told(f"stratum {fan.text}"):
            points = [zero for zero in zeros if zero.sides is not None]
            found.append(Found(count, len(points), [zero for zero in points if zero.minimum]))
    return found


class FanProof(DeepList):
    """The same for widths (1, L) and inputs on a line."""

    rule = "boxes"

    def enumerated(self) -> tuple[dict[str, Fan], dict[str, Fan]]:
        """Return the strata that some network realises, and those that can hold a minimum."""
        require(self.sites.depth == 2, "widths (1, L) are proved for inputs on a line alone")
        found = realised(self.sites)
        return found, kept(found)

    def answers(self, parts: Sequence[tuple[Fan, Any]]) -> Iterator[Found]:
        """Claim 127: the boxes of a record are not needed: those of claim 153 take their place."""
        require(all(type(items) is list for _, items in parts), "no list of boxes")
        fans, count = [fan for fan, _ in parts], -(-len(parts) // TOGETHER)
        groups = [tuple(fans[k::count]) for k in range(count)]
        found = list(self.processes.answers(examined, groups))
        return (found[k % count][k // count] for k in range(len(fans)))

    def components(self) -> Iterator[Component]:
        """Claim 128: the components are those of these points, of a constant, and of nothing."""
        for zero in self.minima:
            spare = self.sites.hidden[1] > len(zero.fan.upper)
            require(not spare or splits(zero), f"{zero.fan.text}: units that share, beside a group")
            yield from shared(fan_network(zero), spare and harmless(zero))
        if level(self.sites) and constant_is_minimal(self.sites, self.faces):
            yield from shared(without_first(self.sites, level(self.sites)), True)
        if zero_is_minimal(self.sites):
            yield from shared(without_first(self.sites, None), True)
