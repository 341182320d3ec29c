"""Documents that are written with the checksum of their content, and read with it."""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from reluenum.documents.faces import with_table
from reluenum.documents.files import write_text
from reluenum.documents.seals import broken, place_of, read_json, read_sealed, sealed
from reluenum.errors import IncompleteRunError


def to_json(document: Mapping[str, Any]) -> str:
    """Return the canonical text of a document: equal documents are equal bytes."""
    return json.dumps(with_table(document), indent=1, ensure_ascii=False) + "\n"


def write_sealed(path: Path, document: Mapping[str, Any]) -> None:
    """Write a document between two steps, which is read by `read_step` at its place."""
    write_text(path, to_json(sealed(document, place_of(path))))


def read_step(path: str | Path, kind: tuple[str, int]) -> dict[str, Any]:
    """Read a document that `write_sealed` wrote at its place, of a format and a version.

    Raises
    ------
    IncompleteRunError
        If it is of another kind, or not as it was written.
    """
    record = read_sealed(path, place_of(path))
    if (record.get("format"), record.get("version")) != kind:
        raise IncompleteRunError(f"{path} is not a file of kind {kind[0]}, version {kind[1]}")
    return record


def write_result(path: Path, document: Mapping[str, Any]) -> None:
    """Write what others may read as it stands, and its checksum into the folder `work`."""
    text = to_json(document)
    checksum = _checksum_of(path)
    checksum.parent.mkdir(exist_ok=True)
    write_text(checksum, sha256(text.encode()).hexdigest() + "\n")
    write_text(path, text)


def read_result(path: Path) -> dict[str, Any]:
    """Read what `write_result` wrote; without a checksum, the document has to do.

    Raises
    ------
    IncompleteRunError
        If the file is not what was written.
    """
    checksum = _checksum_of(path)
    if checksum.exists():
        written = sha256(path.read_bytes()).hexdigest()
        if checksum.read_bytes() != f"{written}\n".encode():
            raise broken(path)
    return read_json(path)


def _checksum_of(path: Path) -> Path:
    return path.parent / "work" / f"{path.stem}.sha256"
