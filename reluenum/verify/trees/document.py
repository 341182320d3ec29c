"""The certificate of a list that is proved by a tree, and what follows from its leaves."""

import base64
import hashlib
import io
import zlib
from collections.abc import Iterator
from typing import Any

from ..document import heading_of
from ..landscape import Landscape
from ..pages import Record, read_records
from ..reals import CertificateError, matched, require
from .leaves import LeafProof

MOST_BYTES = 1 << 28  # of a tree
OTHERS = dict.fromkeys(("boxes", "tree", "sha256", "records", "data", "exact"), ...)
MORE = {"reluenum-boxes": {}, "reluenum-cones": {"base": ...}}


def one_heading(problem: Any, certificate: dict[str, Any]) -> dict[str, Any]:
    """Claim 170: tree and records are about the problem of the document."""
    heading = heading_of(problem, certificate["format"])
    matched(certificate, heading | OTHERS | MORE[certificate["format"]], "certificate")
    counts = certificate["boxes"], certificate["records"]
    require(all(type(count) is int for count in counts), "certificate: boxes, records")
    return heading


def content_of(certificate: dict[str, Any]) -> bytes:
    """Claim 171: the tree is the one that the document was written with."""
    packed = base64.b64decode(certificate["tree"], validate=True)
    reader = zlib.decompressobj()
    try:
        content = reader.decompress(packed, MOST_BYTES)
    except zlib.error as error:
        raise CertificateError(f"certificate: the tree is damaged, {error}") from error
    require(reader.eof and not reader.unused_data, "certificate: the tree is too long, or cut")
    matched(certificate["sha256"], hashlib.sha256(content).hexdigest(), "certificate: sha256")
    return content


def records_of(
    problem: Any, certificate: dict[str, Any], heading: dict[str, Any]
) -> Iterator[Record]:
    """Return the records, as many as the document says; of none there is no file."""
    if certificate["data"] == "":
        matched(certificate["records"], 0, "certificate: records")
        return iter(())
    source = io.BytesIO(base64.b64decode(certificate["data"], validate=True))
    depth = len(problem["x"][0]) + 1
    count, records = read_records(source, heading, depth * problem["width"])
    matched(certificate["records"], count, "certificate: records")
    return records


class BoxLandscape(Landscape):
    """What follows from good vertex supports, others being unknown (Lemma 46)."""

    def __init__(self, proof: LeafProof, strata: int | None) -> None:
        super().__init__(proof, strata)
        self.boxes, self.leaves = proof.boxes, proof.verdicts.total()

    def enumeration(self) -> dict[str, Any]:
        """Claim 172: the counts of the document: which supports are stationary is not known."""
        counts = super().enumeration()
        del counts["stationary"]
        supports = counts.pop("supports_examined")
        return counts | {"supports": supports, "boxes": self.boxes, "leaves": self.leaves}
