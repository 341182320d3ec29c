"""A list of minima that is proved by a tree of boxes of directions."""

import base64
import hashlib
import io
import json
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from ..exact import Data, distinct
from ..landscape import Landscape
from ..pages import Record, read_records
from ..reals import CertificateError, matched, require
from ..records import read_descriptions
from .cover import MOST_PARTS, hold
from .leaves import LeafProof
from .spans import LineData
from .sums import numbers
from .tree import Tree

MOST_BYTES = 1 << 28  # of a tree
MOST_SIGNS = 1 << 29  # of all faces, eight of them in a byte
Told = Callable[[int, int], object]
OTHERS = dict.fromkeys(("boxes", "tree", "sha256", "records", "data", "exact"), ...)


def on_a_line(problem: dict[str, Any]) -> None:
    """Claim 170: inputs are on a line, two are distinct, the width is small."""
    width = problem["width"]
    require(
        type(width) is int and 1 <= width <= MOST_PARTS, f"boxes: widths 1 to {MOST_PARTS} only"
    )
    require(all(len(row) == 1 for row in problem["x"]), "boxes: inputs have to be on a line")
    sites = len(distinct(problem["x"])[0])
    require(sites > 1, "boxes: two distinct inputs are needed")
    signs = (4 * sites - 3) * len(problem["x"])
    require(signs <= MOST_SIGNS, "boxes: too many faces for so many points")


def one_heading(problem: Any, certificate: dict[str, Any]) -> dict[str, Any]:
    """Claim 171: tree and records are about the problem of the document."""
    digest = hashlib.sha256(json.dumps(problem, sort_keys=True).encode()).hexdigest()
    heading = {"format": "reluenum-boxes", "version": 1, "problem_sha256": digest}
    matched(certificate, heading | OTHERS, "certificate")
    counts = certificate["boxes"], certificate["records"]
    require(all(type(count) is int for count in counts), "certificate: boxes, records")
    return heading


def tree_of(certificate: dict[str, Any]) -> Tree:
    """Claim 172: the tree is the one that the document was written with."""
    packed = base64.b64decode(certificate["tree"], validate=True)
    reader = zlib.decompressobj()
    try:
        content = reader.decompress(packed, MOST_BYTES)
    except zlib.error as error:
        raise CertificateError(f"certificate: the tree is damaged, {error}") from error
    require(reader.eof and not reader.unused_data, "certificate: the tree is too long, or cut")
    matched(certificate["sha256"], hashlib.sha256(content).hexdigest(), "certificate: sha256")
    return Tree(content, certificate["boxes"], certificate["records"])


def records_of(problem: Any, certificate: Any, heading: Any) -> tuple[int, Iterator[Record]]:
    """Return how many records there are, and the records; of none there is no file."""
    if certificate["data"] == "":
        return 0, iter(())
    source = io.BytesIO(base64.b64decode(certificate["data"], validate=True))
    return read_records(source, heading, 2 * problem["width"])


def covered(data: Data, tree: Tree, certificate: dict[str, Any], threads: int, told: Told) -> None:
    """Claim 173: all good vertex supports are leaves of the tree (Theorem H)."""
    nodes = tree.read(len(data.faces), data.width)
    hold(numbers(data), nodes, threads, lambda: told(tree.nodes, tree.boxes))
    matched(certificate["boxes"], tree.nodes, "certificate: boxes")
    matched(certificate["records"], len(tree.leaves), "certificate: records")


def proof_of(
    problem: dict[str, Any], certificate: dict[str, Any], threads: int, told: Told
) -> LeafProof:
    """Return the good vertex supports of a problem.

    `told` is called every now and then with how many boxes were read, and how many there are.
    """
    on_a_line(problem)
    heading = one_heading(problem, certificate)
    count, records = records_of(problem, certificate, heading)
    matched(certificate["records"], count, "certificate: records")
    data, tree = LineData(problem), tree_of(certificate)
    covered(data, tree, certificate, threads, told)
    proof = LeafProof(data, read_descriptions(data, certificate["exact"]))
    proof.read(tree.leaves, data.around, records)
    proof.boxes = tree.nodes
    return proof


class BoxLandscape(Landscape):
    """What follows from good vertex supports, others being unknown (Lemma 46)."""

    def __init__(self, proof: LeafProof, strata: int | None) -> None:
        super().__init__(proof, strata)
        self.boxes, self.leaves = proof.boxes, proof.verdicts.total()

    def enumeration(self) -> dict[str, Any]:
        """Claim 174: the counts of the document: which supports are stationary is not known."""
        counts = super().enumeration()
        del counts["stationary"]
        supports = counts.pop("supports_examined")
        return counts | {"supports": supports, "boxes": self.boxes, "leaves": self.leaves}
