"""Seals: what was damaged, changed or moved after it was written is noticed when it is read.

A seal is the checksum of a content and of the place where it belongs. It tells accidents from
results; against somebody who forges seals, there are the certificates.
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from reluenum.documents.faces import without_table
from reluenum.errors import IncompleteRunError

KEY = "seal"
"""Where a sealed document or table keeps its seal."""

LARGEST_DOCUMENT = 1 << 28
"""Bytes; what is larger, or endless, is no document and must not exhaust the memory."""

Document = dict[str, Any]


def seal(place: str, *contents: bytes) -> str:
    """Return the seal of contents, one after the other, at a place.

    Examples
    --------
    >>> seal("a", b"bc") == seal("a", b"b", b"c") or seal("a", b"bc") == seal("ab", b"c")
    False
    """
    digests = [sha256(content).hexdigest() for content in (place.encode(), *contents)]
    return sha256(" ".join(digests).encode()).hexdigest()


def tied(key: str, content: bytes) -> bytes:
    """Return a content with, at its end, what ties it to a key."""
    return content + sha256(key.encode() + content).digest()


def untied(key: str, content: bytes) -> bytes | None:
    """Return what was tied to a key; None if it was not, or is damaged.

    Examples
    --------
    >>> untied("a", tied("a", b"bc")), untied("b", tied("a", b"bc"))
    (b'bc', None)
    """
    inside = content[: -sha256().digest_size]
    return inside if tied(key, inside) == content else None


def place_of(path: str | Path) -> str:
    """Return the folder to which a file of a run belongs: the same in every experiment.

    Examples
    --------
    >>> place_of("results/mine/data-L2-ridge1/work/problem.json")
    'data-L2-ridge1/work'
    """
    folders = Path(path).parts[:-1]
    return "/".join(folders[2:] if folders[:1] == ("results",) else folders)


def broken(path: str | Path) -> IncompleteRunError:
    """Return the error of a file whose seal does not fit."""
    return IncompleteRunError(
        f"{path} is damaged, or was changed or moved after it was written: delete it and run again"
    )


def check_kind(document: Mapping[str, Any], kind: tuple[str, int], source: str | Path) -> None:
    """Refuse a document that is of another format or version.

    Raises
    ------
    IncompleteRunError
        Naming its source.
    """
    if (document.get("format"), document.get("version")) != kind:
        raise IncompleteRunError(f"{source} is no document of kind {kind[0]}, version {kind[1]}")


def sealed(document: Mapping[str, Any], place: str = "") -> Document:
    """Return a document with the seal of all its other records."""
    content = {key: value for key, value in document.items() if key != KEY}
    return content | {KEY: seal(place, json.dumps(content, sort_keys=True).encode())}


def read_sealed(path: str | Path, place: str = "") -> Document:
    """Read a document and remove its seal.

    Raises
    ------
    IncompleteRunError
        If the seal does not fit the document and the place, or there is none.
    """
    document = read_json(path)
    if document != sealed(document, place):
        raise broken(path)
    del document[KEY]
    return document


def read_json(path: str | Path) -> Document:
    """Read a document.

    Raises
    ------
    IncompleteRunError
        If the file is not a complete JSON object.
    """
    with open(path, "rb") as stream:
        content = stream.read(LARGEST_DOCUMENT + 1)
    if len(content) > LARGEST_DOCUMENT:
        raise IncompleteRunError(f"{path} has more than {LARGEST_DOCUMENT} bytes")
    return parsed_json(content, path)


def parsed_json(content: bytes, source: str | Path) -> Document:
    """Return the document that some bytes are.

    Raises
    ------
    IncompleteRunError
        If they are not a complete JSON object.
    """
    try:
        document = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise IncompleteRunError(f"{source} is not a complete JSON document: {error}") from error
    if not isinstance(document, dict):
        raise IncompleteRunError(f"{source} does not hold a JSON object")
    try:
        return without_table(document)
    except (LookupError, TypeError, AttributeError) as error:
        raise IncompleteRunError(f"{source} is not as a run writes it: {error!r}") from error
