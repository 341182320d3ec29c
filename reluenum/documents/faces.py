"""Documents about many data points: each face once, in a table, and meant by its place in it.

In memory a unit has the text of its face, in every document. So nobody but what writes and reads
files knows of tables.
"""

from collections.abc import Callable, Mapping
from typing import Any

MOST_SIGNS = 256
"""Data points of documents in which every unit has its signs written out."""

LIST = "reluenum-minima"
"""Format of a list of minima."""

Document = Mapping[str, Any]


def with_table(document: Document) -> Document:
    """Return a document as it is written: of more points than `MOST_SIGNS`, faces in a table.

    That of one about basins is in its list of minima; other documents stay as they are.

    Examples
    --------
    >>> def listed(face, points):
    ...     components = [{"strata": [{"support": [{"face": face}]}]}]
    ...     document = {"format": "reluenum-minima", "problem": {"y": ["0"] * points}}
    ...     return document | {"components": components}
    >>> with_table(listed("+" * 256, 256)) == listed("+" * 256, 256)
    True
    >>> with_table(listed("+" * 257, 257)) == listed(0, 257) | {"faces": ["+" * 257]}
    True
    """
    if "minima" in document:
        return {**document, "minima": with_table(document["minima"])}
    if not _needs_table(document):
        return document
    texts = sorted({group["face"] for group in _units_on_faces(document)})
    place_of = {text: place for place, text in enumerate(texts)}
    return {**_renamed(document, place_of.__getitem__), "faces": texts}


def without_table(document: Document) -> dict[str, Any]:
    """Return a document in which every unit has the text of its face, from one as it is written.

    Raises
    ------
    LookupError, TypeError, AttributeError
        If a place is none in its table, or records are missing.

    Examples
    --------
    >>> components = [{"strata": [{"support": [{"face": 1, "sign": -1}]}]}]
    >>> document = {"format": "reluenum-minima", "components": components, "faces": ["+0", "-+"]}
    >>> without_table(document)["components"]
    [{'strata': [{'support': [{'face': '-+', 'sign': -1}]}]}]
    """
    if isinstance(document.get("minima"), Mapping):
        return {**document, "minima": without_table(document["minima"])}
    if document.get("format") != LIST or "faces" not in document:
        return dict(document)
    text_of = dict(enumerate(document["faces"]))
    return {k: v for k, v in _renamed(document, text_of.__getitem__).items() if k != "faces"}


def _needs_table(document: Document) -> bool:
    if document.get("format") != LIST or "faces" in document:
        return False
    problem = document.get("problem", {})
    return "hidden" not in problem and len(problem.get("y", ())) > MOST_SIGNS


def _units_on_faces(document: Document) -> list[Document]:
    """Return what a document says of the units on each face."""
    strata = (stratum for component in document["components"] for stratum in component["strata"])
    return [group for stratum in strata for group in stratum["support"]]


def _renamed(document: Document, name: Callable[[Any], Any]) -> dict[str, Any]:
    """Return a document with other names of faces."""

    def support(stratum: Document) -> dict[str, Any]:
        groups = [{**group, "face": name(group["face"])} for group in stratum["support"]]
        return {**stratum, "support": groups}

    components = [
        {**component, "strata": list(map(support, component["strata"]))}
        for component in document["components"]
    ]
    return {**document, "components": components}
