"""The losses of stationary points in order: by enclosures, and exactly where these overlap."""

from dataclasses import dataclass
from functools import cached_property, cmp_to_key

import numpy as np

from reluenum.algebra.numbers import compare
from reluenum.basins.vertices import Vertices


@dataclass(frozen=True, eq=False)
class Levels:
    """The vertices by loss.

    Parameters
    ----------
    vertices : Vertices
    """

    vertices: Vertices

    @cached_property
    def clusters(self) -> list[list[int]]:
        """The vertices from low to high, in groups between which enclosures leave a gap."""
        low, reach = self.vertices.low, np.maximum.accumulate(self.vertices.high)
        gaps = np.flatnonzero(low[1:] > reach[:-1]) + 1
        return [part.tolist() for part in np.split(np.arange(len(low)), gaps)]

    @cached_property
    def _cluster(self) -> dict[int, int]:
        return {vertex: k for k, part in enumerate(self.clusters) for vertex in part}

    def compare(self, left: int, right: int) -> int:
        """Return the sign of the loss of one vertex minus that of another, exactly.

        Raises
        ------
        BackendError
            If they may be equal, and the backends do not tell.
        """
        first, second = self._cluster[left], self._cluster[right]
        if first != second or left == right:
            return (first > second) - (first < second)
        return compare(self.vertices.loss(left), self.vertices.loss(right))

    def split(self, cluster: list[int]) -> list[list[int]]:
        """Return a cluster as its exact levels, from low to high."""
        ordered = sorted(cluster, key=cmp_to_key(self.compare))
        groups: list[list[int]] = []
        for vertex in ordered:
            if groups and self.compare(groups[-1][0], vertex) == 0:
                groups[-1].append(vertex)
            else:
                groups.append([vertex])
        return groups
