"""Parts of a proof: what has been checked elsewhere, and is believed."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..processes import Share
from ..reals import CertificateError, matched, require, told, unique_keys

LARGEST_PART = 1 << 12  # bytes
HEAD = {"format": "reluenum-part", "version": 1}


def part_record(digest: str, share: Share, polished: int) -> dict[str, Any]:
    """Return the record of a part that is proved, of the document with this SHA-256."""
    return HEAD | {"sha256": digest, **share._asdict(), "proved": True, "polished": polished}


def believed(paths: Sequence[str | Path], digest: str) -> int:
    """See that each part of a proof of a document is there; return how many residuals it polished.

    Whoever takes them believes whoever made them: nothing shows that a part was checked.
    """
    found = {}
    for path in paths:
        with told(f"part {path}"):
            record = _read(path)
            known = HEAD | {"sha256": digest, "part": ..., "parts": len(paths), "proved": True}
            matched(record, known | {"polished": ...}, "part")
            counts = record["part"], record["polished"]
            require(all(type(number) is int for number in counts), "part: no numbers")
            require(0 < record["part"] <= len(paths), "there is no part with this number")
            require(record["part"] not in found, "this part is there twice")
            found[record["part"]] = record["polished"]
    return sum(found.values())


def _read(path: str | Path) -> Any:
    with Path(path).open("rb") as stream:
        content = stream.read(LARGEST_PART + 1)
    require(len(content) <= LARGEST_PART, f"more than {LARGEST_PART} bytes")
    try:
        return json.loads(content, object_pairs_hook=unique_keys)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise CertificateError(f"no JSON: {error}") from error
