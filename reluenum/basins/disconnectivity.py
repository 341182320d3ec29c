"""The disconnectivity graph of a list of minima, and its document."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from math import perm
from pathlib import Path
from typing import Any

import numpy as np

from reluenum.basins.hinge_points import HingePoints, hinge_placements
from reluenum.basins.hinge_trees import hinge_tree
from reluenum.basins.levels import Levels
from reluenum.basins.passes import Paths
from reluenum.basins.records import Leaf, document_opening, tree_records
from reluenum.basins.tree import Places, Tree
from reluenum.basins.vertices import (
    Found,
    Vertices,
    listed_vertices,
    recorded_vertices,
    surveyed_vertices,
)
from reluenum.basins.widths import every_width_record, spans
from reluenum.documents.minima import ALL, BY_BOXES, BY_CONES, in_one_layer
from reluenum.engines.certified.certificate import is_readable
from reluenum.engines.certified.escalation import Escalation, exact_records
from reluenum.engines.hinges.route import on_a_line
from reluenum.errors import (
    InputError,
    TheoremViolationError,
    TooManySupportsError,
    UndecidedError,
)
from reluenum.geometry.geometry import Geometry
from reluenum.groebner.backends import DEFAULT_SETTINGS, Settings
from reluenum.landscape.landscape import StationaryRow
from reluenum.problem import Problem, refuse_setting

MOST_POINTS = 100_000
"""Points of the largest graph that is made without being asked twice."""


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
            **document_opening(document, False),
            "components": spans(document),
            "leaves": [],
            "merges": [],
            "every_width": every_width_record(document),
            "minima": dict(document),
        }
    if document.get("certificate", {}).get("format") in (BY_BOXES, BY_CONES):
        raise InputError("engine", "branch, which knows no saddles", "certified or groebner")
    problem = Problem.from_document(document["problem"])
    if problem.has_free_hidden_bias:
        refuse_setting(problem, "linear", "with free hidden biases, in basins")
        most = None if force else MOST_POINTS + 1
        hinges = HingePoints.of(problem, islice(hinge_placements(on_a_line(problem)), most))
        if not force:
            _refuse_large([len(point.states) for point in hinges.points], problem.width, labelled)
        return hinge_tree(document, hinges, labelled)
    geometry = Geometry.of(problem)
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
            living = (vertices.faces >= 0).sum(axis=1).tolist()
            _refuse_large(living, problem.width, labelled)
        return _grown(document, vertices, labelled)


def _refuse_large(living: Sequence[int], width: int, labelled: bool) -> None:
    """Refuse a graph that is too large, given the numbers of living units of its points."""
    count = sum(perm(width, size) for size in living) if labelled else len(living)
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
    leaves: list[Leaf] = []
    for index, record in enumerate(minima["components"]):
        if not is_basin(record):
            continue
        inside = np.flatnonzero(np.isin(places.vertex, ends[index])).tolist()
        several = record["dimension"] == 0
        for group in [[place] for place in inside] if several else [inside]:
            leaf |= dict.fromkeys(group, len(leaves))
            leaves.append(Leaf(index, group[0], several))
    if len(set(leaf.values())) < len(leaves):
        raise TheoremViolationError("two basins of the list are one")
    tree = Tree(places, levels, leaf)
    return {
        **document_opening(minima, labelled),
        **tree_records(minima, Paths(tree, vertices), ends, leaves),
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
