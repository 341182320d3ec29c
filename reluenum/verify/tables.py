"""Lists of large data: each face is written once, in a table, and meant by its place in it."""

from itertools import pairwise
from typing import Any

from .reals import require


def named(document: dict[str, Any]) -> dict[str, Any]:
    """Claim 230: a face is the place of its text in `faces`, which ascend and are all used.

    Returns the list with the texts themselves.
    """
    if "faces" not in document:
        return document
    texts = document["faces"]
    require(type(texts) is list and all(type(t) is str for t in texts), "faces: no list of texts")
    ascend = all(one < other for one, other in pairwise(texts))
    require(ascend, "faces: not in ascending order, or one twice")
    used: set[int] = set()
    components = [with_texts(record, texts, used) for record in document["components"]]
    require(len(used) == len(texts), "faces: one is not used")
    rest = {key: value for key, value in document.items() if key != "faces"}
    return rest | {"components": components}


def with_texts(record: dict[str, Any], texts: list[str], used: set[int]) -> dict[str, Any]:
    """Return the record of a component with the texts of its faces, and note their places."""
    strata = []
    for stratum in record["strata"]:
        places = [group["face"] for group in stratum["support"]]
        fit = all(type(place) is int and 0 <= place < len(texts) for place in places)
        require(fit, f"faces: there is no number {places!s:.60}")
        used.update(places)
        groups = zip(stratum["support"], places, strict=True)
        strata.append(stratum | {"support": [g | {"face": texts[place]} for g, place in groups]})
    return record | {"strata": strata}
