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
CROSSED = NEGATIVE | POSITIVE
ANY = CROSSED | ZERO


class Arrangement(NamedTuple):
    """The rays of the arrangement: what compiled functions read."""

    signs: Array  # of sites, for each ray
    sets: Array  # the same, each as the set of one sign
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
    sets = np.array([ZERO, POSITIVE, NEGATIVE], np.uint8)[table]  # of 0, 1 and -1
    whole = np.concatenate(on).astype(np.int32)
    return Arrangement(table, sets, first, whole, data.depth), vectors


@inlined
def conditions_of(allowed: Array) -> Array:
    """Return the sites that may not have all signs."""
    found, count = np.empty(len(allowed), np.int64), 0
    for i in range(len(allowed)):
        if allowed[i] != ANY:
            found[count] = i
            count += 1
    return found[:count]


@inlined
def tight(sets: Array, allowed: Array, conditions: Array) -> int:
    """Return how many conditions hold with equality on a ray, -1 if one does not hold."""
    count = 0
    for i in conditions:
        if sets[i] & ~allowed[i] & CROSSED:
            return -1
        count += sets[i] == ZERO
    return count


@inlined
def generators(table: Arrangement, allowed: Array, rays: Array, site: int) -> Array:
    """Claim 199: rays that generate a cone: those of a larger one, and those on the hyperplane.

    One more condition, on a site, makes the larger cone the smaller one (Lemma 55).
    """
    low, high = table.first[site], table.first[site + 1]
    found, count = np.empty(len(rays) + high - low, np.int32), 0
    conditions = conditions_of(allowed)
    for j in rays:
        if table.sets[j, site] & allowed[site] & CROSSED:
            found[count] = j
            count += 1
    for j in table.on[low:high]:
        if tight(table.sets[j], allowed, conditions) >= table.depth - 1:
            found[count] = j
            count += 1
    return found[:count].copy()


@compiled
def all_generators(table: Arrangement, allowed: Array) -> Array:
    """Return rays that generate a cone, among all of the arrangement (Lemma 55)."""
    found, count = np.empty(len(table.signs), np.int32), 0
    conditions = conditions_of(allowed)
    for j in range(len(table.signs)):
        if tight(table.sets[j], allowed, conditions) >= table.depth - 1:
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
                free |= table.sets[j, site] == ZERO and table.sets[j, k] != ZERO
            if not free:
                return False
    return True


@compiled
def signs_on(table: Arrangement, allowed: Array, rays: Array) -> Array:
    """Claim 200: the signs that each site has on faces of a cone; none if there is no face.

    Site by site; a cone without faces has a site without signs (Lemma 55).
    """
    found = np.zeros(len(allowed), np.uint8)
    for j in rays:
        for i in range(len(allowed)):
            found[i] |= table.sets[j, i]
    for i in range(len(allowed)):
        some_zero = found[i] & ZERO
        found[i] &= CROSSED
        if found[i] == CROSSED:
            found[i] = ANY
        elif allowed[i] & ZERO and some_zero and touched(table, allowed, rays, i):
            found[i] |= ZERO
    return found


def within(table: Arrangement, allowed: Array) -> Cone | None:
    """Return the cone of such signs, None if it has no faces."""
    rays = all_generators(table, allowed)
    found = signs_on(table, allowed, rays)
    return Cone(allowed, rays, found) if found.all() else None


@compiled
def cut_to(table: Arrangement, cone: Cone, site: int, signs: int) -> Cone:
    """Return the cone of the faces of another one on which a site has one of some signs.

    Some site has no sign on it if there is none.
    """
    allowed = cone.allowed.copy()
    allowed[site] &= signs
    rays = generators(table, allowed, cone.rays, site)
    return Cone(allowed, rays, signs_on(table, allowed, rays))
