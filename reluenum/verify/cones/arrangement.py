"""Cones of the arrangement of inputs: their rays and the signs of sites, exactly.

Sites are the distinct inputs in ascending order. A cone is given by which signs each site may have
on it; its rays are rays of the arrangement (Lemma 55).
"""

from typing import NamedTuple

import numpy as np

from ..exact import Data, cocircuits
from ..trees.machine import compiled, inlined

Array = np.ndarray

NEGATIVE, ZERO, POSITIVE = 1, 2, 4  # signs that a site may have, to be added
ANY = NEGATIVE | ZERO | POSITIVE


class Arrangement(NamedTuple):
    """The rays of the arrangement: what compiled functions read."""

    signs: Array  # of sites, for each ray
    first: Array  # where those begin in `on` that are orthogonal to a site
    on: Array
    depth: int


class Cone(NamedTuple):
    """Unit vectors in a cone: those on which all sites have signs that they may have."""

    allowed: Array  # signs of each site, as they were asked for
    rays: Array  # vectors that generate the closed cone, as rays of the arrangement
    found: Array  # signs that each site has on some face of the cone

    @property
    def is_face(self) -> bool:
        """Whether it is a single face: each site has one sign on it."""
        return bool((self.found & (self.found - 1) == 0).all())


def ascending(data: Data) -> list[int]:
    """Return the rows of data in the order of sites."""
    return sorted(range(len(data.rows)), key=lambda k: data.rows[k])


def arrangement_of(data: Data) -> tuple[Arrangement, list[list]]:
    """Return the signs of all sites on all rays, and vectors on these, exact ones."""
    order = ascending(data)
    pairs, vectors = zip(*sorted(cocircuits(dict(enumerate(data.rows))).items()), strict=True)
    signs = [[(plus >> k & 1) - (minus >> k & 1) for k in order] for plus, minus in pairs]
    table = np.array(signs, np.int8)
    on = [np.flatnonzero(column == 0) for column in table.T]
    first = np.cumsum([0, *map(len, on)])
    return Arrangement(table, first, np.concatenate(on).astype(np.int32), data.depth), vectors


@inlined
def tight(signs: Array, allowed: Array) -> int:
    """Return how many conditions hold with equality on a ray, -1 if one does not hold."""
    count = 0
    for i in range(len(allowed)):
        if allowed[i] != ANY:
            if signs[i] == 0:
                count += 1
            elif not allowed[i] & (POSITIVE if signs[i] > 0 else NEGATIVE):
                return -1
    return count


@compiled
def generators(table: Arrangement, allowed: Array, rays: Array, site: int) -> Array:
    """Claim 199: rays that generate a cone: those of a larger one, and those on the hyperplane.

    One more condition, on a site, makes the larger cone the smaller one (Lemma 55).
    """
    low, high = table.first[site], table.first[site + 1]
    found, count = np.empty(len(rays) + high - low, np.int32), 0
    for j in rays:
        sign = table.signs[j, site]
        if sign and allowed[site] & (POSITIVE if sign > 0 else NEGATIVE):
            found[count] = j
            count += 1
    for j in table.on[low:high]:
        if tight(table.signs[j], allowed) >= table.depth - 1:
            found[count] = j
            count += 1
    return found[:count].copy()


@compiled
def all_generators(table: Arrangement, allowed: Array) -> Array:
    """Return rays that generate a cone, among all of the arrangement (Lemma 55)."""
    found, count = np.empty(len(table.signs), np.int32), 0
    for j in range(len(table.signs)):
        if tight(table.signs[j], allowed) >= table.depth - 1:
            found[count] = j
            count += 1
    return found[:count].copy()


@inlined
def touched(table: Arrangement, allowed: Array, rays: Array, site: int) -> bool:
    """Whether a face of a cone lies on the hyperplane of a site, which has one sign otherwise.

    Each other site that must not be 0 is not 0 on some ray of the hyperplane.
    """
    for k in range(len(allowed)):
        if allowed[k] & ZERO == 0:
            free = False
            for j in rays:
                free |= table.signs[j, site] == 0 and table.signs[j, k] != 0
            if not free:
                return False
    return True


@compiled
def signs_on(table: Arrangement, allowed: Array, rays: Array) -> Array:
    """Claim 200: the signs that each site has on faces of a cone; none if there is no face.

    Site by site; a cone without faces has a site without signs (Lemma 55).
    """
    found = np.zeros(len(allowed), np.uint8)
    for i in range(len(allowed)):
        some_zero = False
        for j in rays:
            sign = table.signs[j, i]
            some_zero |= sign == 0
            if sign:
                found[i] |= POSITIVE if sign > 0 else NEGATIVE
        if found[i] == POSITIVE | NEGATIVE:
            found[i] = ANY
        elif allowed[i] & ZERO and some_zero and touched(table, allowed, rays, i):
            found[i] |= ZERO
    return found


def cone_of(table: Arrangement, allowed: Array, rays: Array) -> Cone | None:
    """Return a cone with the signs of sites on it, None if it has no faces."""
    found = signs_on(table, allowed, rays)
    return Cone(allowed, rays, found) if found.all() else None


def within(table: Arrangement, allowed: Array) -> Cone | None:
    """Return the cone of such signs, None if it has no faces."""
    return cone_of(table, allowed, all_generators(table, allowed))


def cut_to(table: Arrangement, cone: Cone, site: int, signs: int) -> Cone | None:
    """Return the faces of a cone on which a site has one of some signs, None if there is none."""
    allowed = cone.allowed.copy()
    allowed[site] &= signs
    return cone_of(table, allowed, generators(table, allowed, cone.rays, site))
