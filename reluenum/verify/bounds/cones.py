"""Cones of first-layer vectors in which no pre-activation changes its sign."""

from collections.abc import Iterator
from itertools import product

from flint import fmpq

from ..reals import dot, require, sign
from .fit import Fit, Vector

MOST_CONES = 1 << 12


def scaled(ray: Vector) -> Vector:
    """Return the multiple by a power of two whose square is in [1, 4)."""
    factor, square = fmpq(1), dot(ray, ray)
    while square * factor**2 >= 4:
        factor /= 2
    while square * factor**2 < 1:
        factor *= 2
    return tuple(factor * entry for entry in ray)


def parts(rays: list[Vector], rows: list[Vector]) -> Iterator[list[Vector]]:
    """Claim B2: a cone is the union of two, in which a point of an edge replaces either end.

    The first hyperplane that has rays strictly on both sides is taken, and the first ray of each;
    their vectors are in the two children, as v = s e + t e' is a combination of the point on the
    hyperplane and of e or e'.
    """
    every = ([dot(ray, row) for ray in rays] for row in rows)
    crossed = [sides for sides in every if max(sides) > 0 > min(sides)]
    if not crossed:
        yield rays
        return
    signs = list(map(sign, crossed[0]))
    up, down = signs.index(1), signs.index(-1)
    ends = zip(rays[up], rays[down], strict=True)
    point = scaled(tuple(crossed[0][up] * b - crossed[0][down] * a for a, b in ends))
    for k in (up, down):
        yield from parts([*rays[:k], point, *rays[k + 1 :]], rows)


class Cone:
    """A cone of first-layer vectors: what its rays give at each site, and their products."""

    def __init__(self, rays: list[Vector], fit: Fit) -> None:
        self.rays = rays
        self.heights = [[max(dot(ray, row), fmpq(0)) for ray in rays] for row in fit.rows]
        self.products = [[dot(a, b) for b in rays] for a in rays]
        acute = all(entry >= 0 for line in self.products for entry in line)
        require(acute and all(self.products[k][k] >= 1 for k in range(fit.depth)), "cones")


def cones_of(fit: Fit) -> list[Cone]:
    """Claim B3: the cones of first-layer vectors; without an active site, 0 is better."""
    found = []
    for signs in product((1, -1), repeat=fit.depth):
        orthant = [
            tuple(fmpq(sign if j == k else 0) for j in range(fit.depth))
            for k, sign in enumerate(signs)
        ]
        for rays in parts(orthant, fit.rows):
            cone = Cone(rays, fit)
            if any(map(any, cone.heights)):
                found.append(cone)
            require(len(found) <= MOST_CONES, "too many cones")
    return found
