"""A list of minima that is proved by a tree of cones."""

from typing import Any

from ..document import MOST_FACES, MOST_SIGNS
from ..exact import Data, distinct
from ..processes import Sharing
from ..reals import matched, require
from ..trees.document import content_of
from ..trees.leaves import LeafChecker, LeafProof, Sides
from .arrangement import POSITIVE, ZERO, ascending
from .cover import hold
from .tables import tables
from .tree import MOST_PARTS, Box, Tree, orthants


def in_space(problem: dict[str, Any]) -> int:
    """Claim 196: there are several inputs and few units; return how many faces there may be."""
    width = problem["width"]
    require(
        type(width) is int and 1 <= width <= MOST_PARTS, f"cones: widths 1 to {MOST_PARTS} only"
    )
    sites, rows = distinct(problem["x"])
    require(all(len(site) > 1 for site in sites), "cones: inputs are on a line")
    return min(MOST_FACES, MOST_SIGNS // len(rows))


def covered(data: Data, certificate: dict[str, Any], sharing: Sharing) -> tuple[list[Sides], int]:
    """Claim 197: all good vertex supports are leaves of the tree (Theorem H); return these."""
    require(data.rank == data.depth, "cones: the inputs lie in a hyperplane")
    problem = tables(data)
    arrangement = problem[0]
    tree = Tree(content_of(certificate), arrangement, certificate["boxes"], certificate["records"])
    boxes = tree.read(orthants(arrangement, certificate["base"]), data.width)
    hold(problem, boxes, sharing, lambda: sharing.tell(tree.nodes, tree.boxes))
    matched(certificate["boxes"], tree.nodes, "certificate: boxes")
    matched(certificate["records"], len(tree.leaves), "certificate: records")
    return leaves_of(data, tree.leaves), tree.nodes


def leaves_of(data: Data, boxes: list[Box]) -> list[Sides]:
    """Claim 198: a leaf is a support with signs: the faces on which a site is active."""
    order, places = ascending(data), {(f.active, f.zeros): k for k, f in enumerate(data.faces)}
    found = []
    for box in boxes:
        sides = {}
        for part in box:
            masks = (
                sum(1 << order[i] for i in (part.cone.found == sign).nonzero()[0].tolist())
                for sign in (POSITIVE, ZERO)
            )
            place = places.get(tuple(masks))
            require(place is not None, "tree: a leaf with a face on which no site is active")
            sides[place] = part.sign
        found.append(sides)
    return found


def begun(
    problem: dict[str, Any], certificate: dict[str, Any], sharing: Sharing
) -> tuple[LeafProof, list[Sides]]:
    """Prove a tree; return a proof that has no records yet, and the signs of the leaves."""
    checker = LeafChecker(Data, (problem, in_space(problem)), certificate["exact"])
    leaves, boxes = covered(checker.data, certificate, sharing)
    return LeafProof(checker, boxes), leaves
