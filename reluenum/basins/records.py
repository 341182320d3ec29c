"""The records of a tree: its components, leaves and merges, and how a document opens."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reluenum.algebra.decimals import enclosing_interval
from reluenum.basins.passes import Ways
from reluenum.basins.tree import Branch, Merge, Tree
from reluenum.documents.minima import BASINS
from reluenum.groebner.versions import installed_versions


@dataclass(frozen=True)
class Leaf:
    """A leaf of a tree.

    Parameters
    ----------
    component : int
        Of the list, from 0.
    place : int
        A point of the graph in it.
    is_moved : bool
        Whether other orders of its units are other leaves, if units keep their names.
    """

    component: int
    place: int
    is_moved: bool


def document_opening(minima: Mapping[str, Any], labelled: bool) -> dict[str, Any]:
    """Return the first records of a document."""
    name, version = BASINS
    return {
        "format": name,
        "version": version,
        "software": installed_versions(),
        "problem": dict(minima["problem"]),
        "labelled": labelled,
    }


def tree_records(
    minima: Mapping[str, Any],
    ways: Ways,
    ends: Sequence[Sequence[int]],
    leaves: Sequence[Leaf],
) -> dict[str, Any]:
    """Return what a document says of components, leaves and merges.

    Parameters
    ----------
    minima : dict
        The list.
    ways : Ways
    ends : sequence of sequences of int
        For each component of the list vertices in it, or at its ends if it is no basin.
    leaves : sequence of Leaf
    """
    of_leaf = [leaf.component for leaf in leaves]
    return {
        "components": list(_component_records(minima, ways.tree, ends, of_leaf)),
        "leaves": [_leaf_record(ways.tree, leaf) for leaf in leaves],
        "merges": [_merge_record(ways, merge, of_leaf) for merge in ways.tree.merges],
    }


def _component_records(
    minima: Mapping[str, Any], tree: Tree, ends: Sequence[Sequence[int]], of_leaf: Sequence[int]
) -> Iterator[dict[str, Any]]:
    """Yield what the tree says of each component of the list (Corollary 40.1)."""
    vertices, lower, first = tree.places.vertices, {}, {}
    for number, merge in reversed(list(enumerate(tree.merges))):
        for child in merge.children:
            lower |= {of_leaf[leaf]: number for leaf in set(child.lowest) - set(merge.lowest)}
            if child.is_leaf:
                first[of_leaf[child.number]] = number
    for index, record in enumerate(minima["components"]):
        found = {"index": index, "loss": record["loss"], "basin": index in of_leaf}
        if index not in of_leaf:
            places = np.flatnonzero(np.isin(tree.places.vertex, ends[index])).tolist()
            below = {of_leaf[b.lowest[0]] for place in places for b in tree.below[place]}
            found |= {"barrier": record["loss"], "depth": "0", "joins": min(below)}
            yield found | {"height": "0", "merge": None, "leads_to": sorted(below), "leaves": 0}
            continue
        own, found = ends[index][0], found | _NOWHERE
        if index in lower:
            merge = tree.merges[lower[index]]
            level = _vertex_of_pass(tree, merge)
            found |= vertices.texts("barrier", level) | vertices.texts("depth", level, own)
            found |= {"joins": of_leaf[merge.lowest[0]]}
        if index in first:
            level = _vertex_of_pass(tree, tree.merges[first[index]])
            found |= vertices.texts("height", level, own) | {"merge": first[index]}
        yield found | {"leads_to": [], "leaves": of_leaf.count(index)}


_NOWHERE = dict.fromkeys(("barrier", "depth", "joins", "height", "merge"))
"""What is said of a basin that never joins another one."""


def _vertex_of_pass(tree: Tree, merge: Merge) -> int:
    """Return a vertex at the loss at which components become one."""
    return int(tree.places.vertex[merge.passes[0]])


def _leaf_record(tree: Tree, leaf: Leaf) -> dict[str, Any]:
    """Return the record of a leaf."""
    record: dict[str, Any] = {"component": leaf.component}
    if tree.places.labelled:
        record["units"] = tree.places.faces_of_units(leaf.place) if leaf.is_moved else None
    return record


def _merge_record(ways: Ways, merge: Merge, of_leaf: Sequence[int]) -> dict[str, Any]:
    """Return the record of a level at which components become one."""
    places, level = ways.tree.places, _vertex_of_pass(ways.tree, merge)
    met = sorted({int(places.vertex[place]) for place in merge.passes})
    passes = [ways.pass_record(vertex) for vertex in met]
    interval = enclosing_interval(places.vertices.loss(level))
    return {
        **places.vertices.texts("loss", level),
        "loss_interval": [str(end) for end in interval],
        "event": passes[0]["event"],
        "basins": [of_leaf[child.lowest[0]] for child in merge.children],
        "children": [_child_record(child) for child in merge.children],
        "passes": passes,
        "paths": [ways.record(merge, child) for child in merge.children[:-1]],
    }


def _child_record(child: Branch) -> dict[str, int]:
    return {"leaf" if child.is_leaf else "merge": child.number}
