"""The disconnectivity graph of a list of minima, and its document."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import perm
from pathlib import Path
from typing import Any

import numpy as np
from flint import arb, ctx

from reluenum.algebra.decimals import decimal_text, enclosing_interval
from reluenum.algebra.numbers import Number, compare
from reluenum.basins.levels import Levels
from reluenum.basins.passes import Paths, pass_record
from reluenum.basins.tree import Branch, Merge, Places, Tree
from reluenum.basins.vertices import (
    Found,
    Vertices,
    listed_vertices,
    recorded_vertices,
    surveyed_vertices,
)
from reluenum.basins.widths import every_width_record, spans
from reluenum.documents.minima import ALL, BASINS, BY_BOXES, BY_CONES, in_one_layer
from reluenum.engines.certified.certificate import is_readable
from reluenum.engines.certified.escalation import Escalation, exact_records
from reluenum.errors import (
    InputError,
    TheoremViolationError,
    TooManySupportsError,
    UndecidedError,
)
from reluenum.geometry.geometry import Geometry
from reluenum.groebner.backends import DEFAULT_SETTINGS, Settings
from reluenum.groebner.versions import installed_versions
from reluenum.landscape.landscape import StationaryRow
from reluenum.problem import Problem

MOST_POINTS = 100_000
"""Points of the largest graph that is made without being asked twice."""


@dataclass(frozen=True)
class Difference:
    """The difference of two numbers at different points."""

    left: Number
    right: Number

    def is_zero(self) -> bool:
        """Decide exactly whether it is 0."""
        return compare(self.left, self.right) == 0

    def ball(self, bits: int) -> arb:
        """Return an enclosure computed with the given working precision."""
        with ctx.workprec(bits + 32):
            return self.left.ball(bits) - self.right.ball(bits)


def disconnectivity(
    document: Mapping[str, Any],
    settings: Settings = DEFAULT_SETTINGS,
    labelled: bool = False,
    folder: Path | None = None,
    points: Sequence[StationaryRow] = (),
    force: bool = False,
) -> dict[str, Any]:
    """Return the document of the disconnectivity graph of a list of minima (docs/basins.md).

    Parameters
    ----------
    document : dict
        Of minima. Of a list for every width there is no tree, but the number of basins.
    settings : Settings
        Backends are asked only what may be exactly 0.
    labelled : bool
        Whether units keep their names, so that permuting them makes other leaves.
    folder : Path, optional
        Where the document lies, and the file of its certificate.
    points : sequence of StationaryRow
        All stationary points, if the Groebner engine made the list. Without them and without a
        certificate, the certified engine examines the supports again.
    force : bool
        Whether to start however large the graph is.

    Raises
    ------
    UndecidedError
        If the list is not complete.
    BackendError
        If two losses whose order matters may be equal, and the backends do not tell.
    TooManySupportsError
        If the graph is too large.
    """
    undecided = document["enumeration"]["undecided"]
    if undecided:
        raise UndecidedError(f"{undecided} supports of the list are undecided: there is no tree")
    if in_one_layer(document)["problem"]["width"] == ALL:
        return {
            **_opening(document, False),
            "components": spans(document),
            "leaves": [],
            "merges": [],
            "every_width": every_width_record(document),
            "minima": dict(document),
        }
    if document.get("certificate", {}).get("format") in (BY_BOXES, BY_CONES):
        raise InputError("engine", "branch, which knows no saddles", "certified or groebner")
    geometry = Geometry.of(Problem.from_document(document["problem"]))
    with settings.open() as backends:
        found: Iterable[Found]
        if points:
            found = listed_vertices(points, geometry)
        elif "certificate" in document:
            found = recorded_vertices(document, folder, geometry)
        else:
            found = surveyed_vertices(geometry, settings)
        vertices = Vertices.of(Escalation(geometry, backends), found)
        if not force:
            _refuse_large(vertices, labelled)
        return _grown(document, vertices, labelled)


def _refuse_large(vertices: Vertices, labelled: bool) -> None:
    """Refuse a graph that is too large."""
    count, width = len(vertices), vertices.faces.shape[1]
    if labelled:
        living = (vertices.faces >= 0).sum(axis=1)
        count = sum(perm(width, int(size)) for size in living)
    if count > MOST_POINTS:
        raise TooManySupportsError(
            f"width {width}",
            f"{count} points of the graph",
            f"at most {MOST_POINTS}, or insist with --force",
        )


def is_basin(record: Mapping[str, Any]) -> bool:
    """Return whether a component of a list is a strict minimum as a set (Lemma 40).

    That is: compact. So are isolated ones, and those that are global at every width.
    """
    return record["dimension"] == 0 or record["global_at_every_width"]


def _grown(minima: Mapping[str, Any], vertices: Vertices, labelled: bool) -> dict[str, Any]:
    """Grow the tree and return the document."""
    levels, places = Levels(vertices), Places.of(vertices, labelled)
    ends = [_ends(record, levels) for record in minima["components"]]
    leaf: dict[int, int] = {}
    leaves: list[tuple[int, int]] = []  # component, and a point
    for index, record in enumerate(minima["components"]):
        if not is_basin(record):
            continue
        inside = np.flatnonzero(np.isin(places.vertex, ends[index])).tolist()
        several = record["dimension"] == 0
        for group in [[place] for place in inside] if several else [inside]:
            leaf |= dict.fromkeys(group, len(leaves))
            leaves.append((index, group[0]))
    if len(set(leaf.values())) < len(leaves):
        raise TheoremViolationError("two basins of the list are one")
    tree = Tree(places, levels, leaf)
    paths = Paths(tree)
    of_leaf = [index for index, _ in leaves]
    return {
        **_opening(minima, labelled),
        "components": list(_component_records(minima, tree, ends, of_leaf)),
        "leaves": [_leaf_record(tree, minima, *pair) for pair in leaves],
        "merges": [_merge_record(paths, merge, of_leaf) for merge in tree.merges],
        **_further_descriptions(minima, vertices),
        "minima": dict(minima),
    }


def _further_descriptions(minima: Mapping[str, Any], vertices: Vertices) -> dict[str, Any]:
    """Return descriptions of points at which losses are equal, those of the list left out."""
    if "certificate" not in minima:
        return {}
    known = {record["support"] for record in minima["certificate"]["exact"]}
    found = exact_records(vertices.certified)
    records = [r for r in found if r["support"] not in known and is_readable(r)]
    return {"exact": records} if records else {}


def _opening(minima: Mapping[str, Any], labelled: bool) -> dict[str, Any]:
    """Return the first records of a document."""
    name, version = BASINS
    return {
        "format": name,
        "version": version,
        "software": installed_versions(),
        "problem": dict(minima["problem"]),
        "labelled": labelled,
    }


def _ends(record: Mapping[str, Any], levels: Levels) -> list[int]:
    """Return the vertices in a component, or at its ends if it is no basin."""
    vertices = levels.vertices
    live = vertices.escalation.geometry.arrangement.live_faces
    face, vertex = {face.signs: k for k, face in enumerate(live)}, vertices.numbers
    supports = [
        tuple(sorted(face[group["face"]] for group in stratum["support"]))
        for stratum in record["strata"]
    ]
    if found := sorted({vertex[support] for support in supports if support in vertex}):
        return found
    inside = [number for part, number in vertex.items() if set(part) <= set(supports[0])]
    lowest = levels.split(inside)[0]
    return sorted(lowest)


def _component_records(
    minima: Mapping[str, Any], tree: Tree, ends: Sequence[Sequence[int]], of_leaf: Sequence[int]
) -> Iterable[dict[str, Any]]:
    """Yield what the tree says of each component of the list (Corollary 40.1)."""
    vertices, lower, first = tree.places.vertices, {}, {}
    for number, merge in reversed(list(enumerate(tree.merges))):
        for child in merge.children:
            lower |= {of_leaf[leaf]: number for leaf in set(child.lowest) - set(merge.lowest)}
            if child.is_leaf:
                first[of_leaf[child.number]] = number
    for index, record in enumerate(minima["components"]):
        found = {"index": index, "loss": record["loss"], "basin": is_basin(record)}
        if not is_basin(record):
            places = np.flatnonzero(np.isin(tree.places.vertex, ends[index])).tolist()
            below = {of_leaf[b.lowest[0]] for place in places for b in tree.below[place]}
            found |= {"barrier": record["loss"], "depth": "0", "joins": min(below)}
            yield found | {"height": "0", "merge": None, "leads_to": sorted(below), "leaves": 0}
            continue
        own, found = vertices.loss(ends[index][0]), found | _NOWHERE
        if index in lower:
            merge = tree.merges[lower[index]]
            level = _loss_of(tree, merge)
            found |= {"barrier": decimal_text(level), "depth": decimal_text(Difference(level, own))}
            found |= {"joins": of_leaf[merge.lowest[0]]}
        if index in first:
            level = _loss_of(tree, tree.merges[first[index]])
            found |= {"height": decimal_text(Difference(level, own)), "merge": first[index]}
        yield found | {"leads_to": [], "leaves": of_leaf.count(index)}


_NOWHERE = dict.fromkeys(("barrier", "depth", "joins", "height", "merge"))
"""What is said of a basin that never joins another one."""


def _loss_of(tree: Tree, merge: Merge) -> Number:
    """Return the loss at which components become one."""
    return tree.places.vertices.loss(int(tree.places.vertex[merge.passes[0]]))


def _leaf_record(
    tree: Tree, minima: Mapping[str, Any], component: int, place: int
) -> dict[str, Any]:
    """Return the record of a leaf."""
    record: dict[str, Any] = {"component": component}
    if tree.places.labelled:
        isolated = minima["components"][component]["dimension"] == 0
        record["units"] = tree.places.faces_of_units(place) if isolated else None
    return record


def _merge_record(paths: Paths, merge: Merge, of_leaf: Sequence[int]) -> dict[str, Any]:
    """Return the record of a level at which components become one."""
    level, places = _loss_of(paths.tree, merge), paths.tree.places
    met = sorted({int(places.vertex[place]) for place in merge.passes})
    passes = [pass_record(places.vertices, vertex) for vertex in met]
    return {
        "loss": decimal_text(level),
        "loss_interval": [str(end) for end in enclosing_interval(level)],
        "event": passes[0]["event"],
        "basins": [of_leaf[child.lowest[0]] for child in merge.children],
        "children": [_child_record(child) for child in merge.children],
        "passes": passes,
        "paths": [paths.record(merge, child) for child in merge.children[:-1]],
    }


def _child_record(child: Branch) -> dict[str, int]:
    return {"leaf" if child.is_leaf else "merge": child.number}
