"""The tree of cones (Theorem H): from its bytes to what is to be proved of single boxes.

A box is a tuple of parts (sign, units, cone).
"""

from collections.abc import Iterator
from itertools import combinations_with_replacement
from typing import NamedTuple

import numpy as np

from ..reals import require
from ..trees.content import Content
from .arrangement import ANY, NEGATIVE, POSITIVE, ZERO, Arrangement, Cone, cone_of, generators, within

EXCLUDED, LEAF, CUT_BELOW, CUT_ABOVE = range(4)
PIECES = {
    CUT_BELOW: (POSITIVE | ZERO, NEGATIVE),
    CUT_ABOVE: (POSITIVE, ZERO | NEGATIVE),
}


class Part(NamedTuple):
    """Units of one sign in a cone."""

    sign: int
    units: int
    cone: Cone


Box = tuple[Part, ...]


def orthants(table: Arrangement, base: list[int]) -> list[Cone]:
    """Claim 196: cones to one of which each face belongs (Lemma 57).

    Bit e of the number of a cone is set if the e-th site of the base is negative on it.
    """
    size = table.signs.shape[1]
    inside = all(type(site) is int and 0 <= site < size for site in base)
    require(inside and len(base) == table.depth, "certificate: base")
    cones = []
    for bits in range(1 << len(base)):
        allowed = np.full(size, ANY, np.uint8)
        for e, site in enumerate(base):
            allowed[site] = NEGATIVE if bits >> e & 1 else POSITIVE | ZERO
        cone = cone_of(table, allowed, within(table, allowed))
        require(cone is not None and len(cone.rays) == table.depth, "certificate: base")
        cones.append(cone)
    return cones


def roots(cones: list[Cone], width: int) -> Iterator[Box]:
    """Claim 197: yield boxes in one of which each minimum lies (Theorem H)."""
    parts = [(sign, cone) for sign in (1, -1) for cone in cones]
    for units in range(1, width + 1):
        for chosen in combinations_with_replacement(range(len(parts)), units):
            distinct = sorted(set(chosen))
            yield tuple(
                Part(parts[k][0], chosen.count(k), parts[k][1]) for k in distinct
            )


def pieces(table: Arrangement, cone: Cone, site: int, kind: int) -> tuple[Cone, Cone]:
    """Claim 200: cut a cone by the sign of a site; no face is in both, none is lost."""
    found = []
    for signs in PIECES[kind]:
        allowed = cone.allowed.copy()
        allowed[site] &= signs
        rays = generators(table, allowed, cone.rays, site)
        found.append(cone_of(table, allowed, rays))
    require(None not in found, "tree: a cut of which one piece has no faces")
    return found[0], found[1]


def children(box: Box, place: int, halves: tuple[Cone, Cone]) -> Iterator[Box]:
    """Claim 2: yield boxes in one of which each minimum of a box lies: a part is cut in two."""
    sign, units, _ = box[place]
    for j in range(units + 1):
        parts = (Part(sign, j, halves[0]), Part(sign, units - j, halves[1]))
        yield (*box[:place], *(part for part in parts if part.units), *box[place + 1 :])
