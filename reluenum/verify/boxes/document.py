"""A list of minima that is proved by a tree of boxes of directions."""

from typing import Any

from ..exact import Data, distinct
from ..reals import matched, require
from ..records import read_descriptions
from ..trees.document import Told, content_of, one_heading, records_of
from ..trees.leaves import LeafProof
from .cover import MOST_PARTS, hold
from .spans import LineData
from .sums import numbers
from .tree import Tree

MOST_SIGNS = 1 << 29  # of all faces, eight of them in a byte


def on_a_line(problem: dict[str, Any]) -> None:
    """Claim 173: inputs are on a line, two are distinct, the width is small."""
    width = problem["width"]
    require(
        type(width) is int and 1 <= width <= MOST_PARTS, f"boxes: widths 1 to {MOST_PARTS} only"
    )
    require(all(len(row) == 1 for row in problem["x"]), "boxes: inputs have to be on a line")
    sites = len(distinct(problem["x"])[0])
    require(sites > 1, "boxes: two distinct inputs are needed")
    signs = (4 * sites - 3) * len(problem["x"])
    require(signs <= MOST_SIGNS, "boxes: too many faces for so many points")


def covered(data: Data, tree: Tree, certificate: dict[str, Any], threads: int, told: Told) -> None:
    """Claim 174: all good vertex supports are leaves of the tree (Theorem H)."""
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
    heading = one_heading(problem, certificate, "reluenum-boxes", {})
    records = records_of(problem, certificate, heading)
    data = LineData(problem)
    tree = Tree(content_of(certificate), certificate["boxes"], certificate["records"])
    covered(data, tree, certificate, threads, told)
    proof = LeafProof(data, read_descriptions(data, certificate["exact"]))
    leaves = [{data.around[low]: sign for sign, low, _, _ in box} for box in tree.leaves]
    proof.read(leaves, records)
    proof.boxes = tree.nodes
    return proof
