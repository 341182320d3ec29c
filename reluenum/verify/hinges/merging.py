"""The merge tree of the points, in rational numbers, grown from level to level (Theorem K)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import compress, groupby
from operator import not_

from .places import Graph


@dataclass(eq=False)
class Region:
    """A component of a sublevel set: a leaf, with its lowest points, or what a merge makes."""

    nodes: int
    children: list["Region"] = field(default_factory=list)
    passes: list[int] = field(default_factory=list)
    parent: "Region | None" = None
    leaves: list["Region"] = field(default_factory=list)

    @property
    def least(self) -> list[int]:
        """The nodes of a leaf."""
        return [k for k in range(self.nodes.bit_length()) if self.nodes >> k & 1]


class Merging:
    """All leaves and merges, by level, and what points touch below them when they are reached."""

    def __init__(self, graph: Graph) -> None:
        self.graph, self.leaves, self.merges = graph, [], []
        self.touched: dict[int, list[Region]] = {}
        self.home: dict[int, Region] = {}  # of a node when its level was reached
        self._reached = 0
        for _, level in groupby(range(len(graph.nodes)), key=lambda k: graph.nodes[k][0].loss):
            self._reach(list(level))

    def _reach(self, level: list[int]) -> None:
        """Claim 339: points of one level are joined if they are neighbours or touch one component.

        What they touch below becomes one there; if that is nothing, they are a leaf
        (Corollary K.1).
        """
        near = {node: self.graph.neighbours(node) for node in level}
        for node in level:
            self.touched[node] = self._regions(near[node])
        for group in self._groups(level, near):
            region = self._joined(group)
            self.home |= dict.fromkeys(group, region)
            self._reached |= sum(1 << node for node in group)

    def _joined(self, group: Sequence[int]) -> Region:
        """Return the component that holds joined nodes of one level."""
        below = _different(region for node in group for region in self.touched[node])
        if len(below) == 1:
            return below[0]
        if not below:
            region = Region(sum(1 << node for node in group))
            region.leaves = [region]
            self.leaves.append(region)
            return region
        leaves = [leaf for child in below for leaf in child.leaves]
        region = Region(0, below, self._passes(group), leaves=leaves)
        self.merges.append(region)
        for child in below:
            child.parent = region
        return region

    def _groups(self, level: Sequence[int], near: dict[int, int]) -> list[list[int]]:
        """Return nodes of a level as they are joined there."""
        groups: list[list[int]] = []
        for node in level:
            met = [any(self._meet(node, other, near) for other in group) for group in groups]
            joined = sum(compress(groups, met), [node])
            groups = [*compress(groups, map(not_, met)), sorted(joined)]
        return groups

    def _meet(self, one: int, other: int, near: dict[int, int]) -> bool:
        shared = {*map(id, self.touched[one])} & {*map(id, self.touched[other])}
        return bool(shared) or bool(near[one] >> other & 1)

    def _regions(self, near: int) -> list[Region]:
        """Return the components below that hold some of these nodes."""
        nodes = near & self._reached
        found = (self.region(k) for k in range(nodes.bit_length()) if nodes >> k & 1)
        return _different(found)

    def region(self, node: int) -> Region:
        """Return the component of a node that has been reached."""
        region = self.home[node]
        while region.parent is not None:
            region = region.parent
        return region

    def _passes(self, group: Sequence[int]) -> list[int]:
        """Claim 340: the passes touch several components, or if none does, one (Lemma 117)."""
        most = min(2, max(len(self.touched[node]) for node in group))
        return [node for node in group if len(self.touched[node]) >= most]


def _different(regions: Iterable[Region]) -> list[Region]:
    return list({id(region): region for region in regions}.values())
