"""Simplicial cones of first-layer vectors on which no pre-activation changes its sign."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product

from flint import fmpq

from reluenum.algebra.linear import Vector, combine, dot
from reluenum.problem import Problem


@dataclass(frozen=True)
class SimplicialCone:
    """A simplicial cone of vectors (W, b) of a unit, each site on one side of its hyperplanes.

    Parameters
    ----------
    rays : (d + 1,) tuple of Vector
        Generators e with 1 <= |e|^2 < 4, no two at an obtuse angle.
    rows : (s,) tuple of Vector
        The sites (x, 1).
    """

    rays: tuple[Vector, ...]
    rows: tuple[Vector, ...]

    @cached_property
    def heights(self) -> tuple[Vector, ...]:
        """What each ray makes of each site behind the ReLU, (s, d + 1)."""
        return tuple(tuple(max(dot(ray, row), fmpq(0)) for ray in self.rays) for row in self.rows)

    @property
    def is_live(self) -> bool:
        """Whether some site is active inside."""
        return any(map(any, self.heights))


def first_layer_cones(problem: Problem) -> tuple[SimplicialCone, ...]:
    """Return cones that cover the vectors of a first-layer unit, but for useless ones.

    Each orthant is cut by the hyperplane of each site, in order: of the first two rays strictly on
    either side, one child replaces the first by the point of the hyperplane between them, the
    other one the second. A vector of a cone without active sites costs more than 0, and does
    nothing: it is left out.

    Examples
    --------
    >>> problem = Problem.from_arrays([1], [1], width=[1, 1], ridge=1)
    >>> for cone in first_layer_cones(problem):
    ...     print(cone.rays)
    ((1, 0), (0, 1))
    ((1, 0), (1, -1))
    ((-1, 1), (0, 1))
    """
    rows = tuple(site.row for site in problem.sites)
    size = len(rows[0])
    orthants = (
        tuple(tuple(fmpq(sign * (j == k)) for j in range(size)) for k, sign in enumerate(signs))
        for signs in product((1, -1), repeat=size)
    )
    cones = (SimplicialCone(rays, rows) for orthant in orthants for rays in _cut_by(orthant, rows))
    return tuple(cone for cone in cones if cone.is_live)


def _cut_by(rays: tuple[Vector, ...], rows: tuple[Vector, ...]) -> Iterator[tuple[Vector, ...]]:
    """Yield the parts of a cone."""
    for row in rows:
        sides = [dot(ray, row) for ray in rays]
        above = next((k for k, side in enumerate(sides) if side > 0), None)
        below = next((k for k, side in enumerate(sides) if side < 0), None)
        if above is None or below is None:
            continue
        weights = (-sides[below], sides[above])
        between = _of_length_one(combine(weights, (rays[above], rays[below])))
        for replaced in (above, below):
            part = tuple(between if k == replaced else ray for k, ray in enumerate(rays))
            yield from _cut_by(part, rows)
        return
    yield rays


def _of_length_one(vector: Vector) -> Vector:
    """Return the multiple by a power of two whose square is in [1, 4)."""
    while dot(vector, vector) >= 4:
        vector = tuple(entry / 2 for entry in vector)
    while dot(vector, vector) < 1:
        vector = tuple(entry * 2 for entry in vector)
    return vector
