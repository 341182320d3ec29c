"""The losses of stationary points in order: by enclosures, and exactly where these overlap."""

from dataclasses import dataclass
from functools import cached_property, cmp_to_key
from typing import Any, Protocol

import numpy as np

from reluenum.algebra.numbers import Number, compare
from reluenum.problem import Problem


class StationaryPoints(Protocol):
    """The points of a graph, by loss as far as that is known."""

    @property
    def problem(self) -> Problem:
        """Whose landscape it is."""

    @property
    def cluster(self) -> np.ndarray:
        """The group of each, ascending; between the losses of two groups there is a gap."""

    def __len__(self) -> int: ...

    def loss(self, vertex: int) -> Number:
        """Return the exact loss, in the problem's own convention."""

    def texts(self, name: str, top: int, bottom: int | None = None) -> dict[str, Any]:
        """Return what a document says of a loss, or of the difference of two."""

    def faces_of(self, vertex: int) -> list[str]:
        """Return the signs of each living unit at the data points."""


@dataclass(frozen=True, eq=False)
class Levels:
    """The vertices by loss, which is compared exactly only on demand (Lemma 45).

    Parameters
    ----------
    vertices : StationaryPoints
    """

    vertices: StationaryPoints

    @cached_property
    def clusters(self) -> list[list[int]]:
        """The vertices from low to high, in groups between which enclosures leave a gap."""
        places = np.flatnonzero(np.diff(self.vertices.cluster)) + 1
        return [part.tolist() for part in np.split(np.arange(len(self.vertices)), places)]

    def compare(self, left: int, right: int) -> int:
        """Return the sign of the loss of one vertex minus that of another, exactly.

        Raises
        ------
        BackendError
            If they may be equal, and the backends do not tell.
        """
        first, second = self.vertices.cluster[left], self.vertices.cluster[right]
        if first != second or left == right:
            return int(first > second) - int(first < second)
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
