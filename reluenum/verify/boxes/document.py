"""A list of minima that is proved by a tree of boxes of directions."""

from collections.abc import Iterator
from typing import Any

from ..exact import Data, distinct
from ..processes import Sharing
from ..reals import matched, require
from ..trees.document import content_of
from ..trees.leaves import LeafChecker, LeafProof, Sides
from .cover import hold
from .spans import LineData
from .sums import numbers
from .tree import MOST_PARTS, Tree

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


def covered(data: Data, tree: Tree, certificate: dict[str, Any], sharing: Sharing) -> None:
    """Claim 174: all good vertex supports are leaves of the tree (Theorem H)."""
    claims = tree.read(len(data.faces), data.width)
    hold(numbers(data), claims, sharing, lambda: sharing.tell(tree.nodes, tree.boxes))
    matched(certificate["boxes"], tree.nodes, "certificate: boxes")
    matched(certificate["records"], tree.leaves, "certificate: records")


def sides_of(data: LineData, tree: Tree) -> Iterator[Sides]:
    """Yield the signs of the faces of each leaf."""
    for leaves in tree.found:
        for leaf in leaves.tolist():
            yield {data.around[face]: sign for sign, face in leaf if sign}


def begun(
    problem: dict[str, Any], certificate: dict[str, Any], sharing: Sharing
) -> tuple[LeafProof, Iterator[Sides]]:
    """Prove a tree; return a proof that has no records yet, and the signs of the leaves."""
    on_a_line(problem)
    checker = LeafChecker(LineData, (problem,), certificate["exact"])
    tree = Tree(content_of(certificate), certificate["boxes"], certificate["records"])
    covered(checker.data, tree, certificate, sharing)
    return LeafProof(checker, tree.nodes), sides_of(checker.data, tree)
