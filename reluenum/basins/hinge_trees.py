"""The disconnectivity graph where hidden biases are free, for inputs on a line (Theorem K)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import fmpq

from reluenum.algebra.linear import Vector
from reluenum.basins.hinge_points import HingePoints
from reluenum.basins.levels import Levels
from reluenum.basins.passes import Ways
from reluenum.basins.records import Leaf, document_opening, tree_records
from reluenum.basins.tree import Places, Tree
from reluenum.engines.hinges.states import Kind
from reluenum.landscape.components import joined

EXACT = ("barrier_exact", "depth_exact", "height_exact")
"""What is said of a component besides, as fractions."""


@dataclass(frozen=True, eq=False)
class HingeWays(Ways):
    """Ways through the points of a graph, which are rational.

    Parameters
    ----------
    tree : Tree
    points : HingePoints
    """

    tree: Tree
    points: HingePoints

    def support(self, vertex: int) -> list[dict[str, Any]]:
        """Return the faces of the living units, with the signs of a and of b."""
        pairs = zip(self.points.faces_of(vertex), self.points.points[vertex].states, strict=True)
        return [{"face": face, "sign": unit.sign, "side": unit.side} for face, unit in pairs]

    def states(self, vertex: int, most: fmpq) -> list[tuple[int, Vector]]:
        """Return s and z of the living units."""
        return self.points.unit_states(vertex)

    def descent(self, vertex: int) -> tuple[int, list[int]]:
        """Return the first unit with a kink at an input beside which it is steeper (Lemma 117)."""
        residual = self.points.residual(vertex)
        for unit, state in enumerate(self.points.points[vertex].states):
            heights = residual.heights[state.side]
            beside = heights[max(state.place - 1, 0) : state.place + 2]
            if state.kind == Kind.KINK and any(
                state.sign * height > residual.hinges.ridge for height in beside
            ):
                return unit, self.points.points_at(state.place)
        raise AssertionError("unreachable: no unit descends")


def hinge_tree(minima: Mapping[str, Any], points: HingePoints, labelled: bool) -> dict[str, Any]:
    """Grow the tree of a list of minima with free hidden biases, and return its document.

    Parameters
    ----------
    minima : dict
        Inputs are on a line.
    points : HingePoints
        All points of the graph.
    labelled : bool
        Whether units keep their names.
    """
    places = points.places(labelled)
    ends = [points.within(record) for record in minima["components"]]
    leaf: dict[int, int] = {}
    leaves: list[Leaf] = []
    for index, inside in enumerate(ends):
        groups = _basins_of(places, inside)
        for group in groups:
            leaf |= dict.fromkeys(group, len(leaves))
            leaves.append(Leaf(index, group[0], len(groups) > 1))
    ways = HingeWays(Tree(places, Levels(points), leaf), points)
    found = tree_records(minima, ways, ends, leaves)
    pairs = zip(found["components"], minima["components"], strict=True)
    found["components"] = [record | _fractions(record, own) for record, own in pairs]
    return {**document_opening(minima, labelled), **found, "minima": dict(minima)}


def _basins_of(places: Places, vertices: Sequence[int]) -> list[list[int]]:
    """Return the points of a component of the list, for each of its labelled copies (Lemma 116).

    There are none if one of its points has a lower neighbour: it is no basin (Lemma 118).
    """
    inside = np.flatnonzero(np.isin(places.vertex, vertices)).tolist()
    cluster = places.vertices.cluster
    below = slice(
        0, int(np.searchsorted(places.vertex, np.searchsorted(cluster, cluster[vertices[0]])))
    )
    if any(places.neighbours(place, below).any() for place in inside):
        return []
    return joined(inside, places.are_neighbours)


def _fractions(record: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return the exact numbers of a component, null where there is none."""
    if not record["basin"]:
        return dict(zip(EXACT, (own["loss_exact"], "0", "0"), strict=True))
    return {key: record.get(key) for key in EXACT}
