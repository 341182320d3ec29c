"""Parts of a proof: what has been checked elsewhere, and is believed."""

import json
from collections.abc import Callable, Sequence
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import Any

from ..document import TREES, complete, followed, has_boxes, opened
from ..exact import named
from ..processes import Share, Sharing
from ..reals import CertificateError, matched, require, told, unique_keys
from .batches import SIZES

LARGEST_PART = 1 << 12  # bytes


def verify_part(
    path: str | Path,
    share: Share,
    jobs: int = 1,
    context: BaseContext | None = None,
    told: Callable[[int, int], object] | None = None,
) -> dict[str, Any]:
    """Follow the tree of a document, and check a part of its boxes and records.

    Parameters
    ----------
    path, jobs, context, told
        As of `verify`.
    share : Share
        Which part, of how many.

    Returns
    -------
    dict
        What `verify` takes as one of the parts, as JSON.

    Raises
    ------
    CertificateError, OSError, ValueError
        As `verify` does, also if the certificate is no tree.
    """
    with opened(path, jobs) as (document, digest):
        complete(divided(document))
        proof = followed(named(document), Sharing(jobs, context, told, share))
        polished = {"proved": True, "polished": proof.polished}
        return head(digest) | share._asdict() | polished


def head(digest: str) -> dict[str, Any]:
    """Return what all parts of a proof have in common: the document, and the sizes of batches."""
    known = {"format": "reluenum-part", "version": 1, "sha256": digest}
    return known | {"batches": SIZES._asdict()}


def divided(document: Any) -> Any:
    """Return a document whose proof has parts."""
    require(has_boxes(document), f"parts: only of {' and '.join(TREES)} are there any")
    return document


def read_parts(paths: Sequence[str | Path]) -> list[tuple[str, Any]]:
    """Return what is in the files of parts, with the names of these."""
    found = []
    for path in paths:
        with Path(path).open("rb") as stream, told(f"part {path}"):
            content = stream.read(LARGEST_PART + 1)
            require(len(content) <= LARGEST_PART, f"more than {LARGEST_PART} bytes")
            try:
                record = json.loads(content, object_pairs_hook=unique_keys)
            except (ValueError, RecursionError) as error:
                raise CertificateError(f"no JSON: {error}") from error
            found.append((str(path), record))
    return found


def believed(parts: Sequence[tuple[str, Any]], digest: str) -> int:
    """See that each part of a proof of a document is there; return how many residuals it polished.

    Whoever takes them believes whoever made them: nothing shows that a part was checked.
    """
    found = {}
    for name, record in parts:
        with told(f"part {name}"):
            known = {"part": ..., "parts": len(parts), "proved": True, "polished": ...}
            matched(record, head(digest) | known, "part")
            part, polished = record["part"], record["polished"]
            require(type(part) is type(polished) is int, "part: no numbers")
            require(0 < part <= len(parts), "there is no part with this number")
            require(part not in found, "this part is there twice")
            found[part] = polished
    return sum(found.values())
