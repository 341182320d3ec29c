"""Certify every stationary point: a proof of minimality or a checked descent direction."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from reluenum.algebra.linear import Vector
from reluenum.algebra.numbers import Number
from reluenum.geometry.arrangement import Arrangement, Face
from reluenum.geometry.supports import Support
from reluenum.landscape.residuals import ResidualClass, unions
from reluenum.landscape.witnesses import Descent, descent_ray, growing_descent, rotating_descent


@dataclass(frozen=True, eq=False)
class CertifiedClass:
    """The verdicts on all stationary points with one residual.

    Parameters
    ----------
    stationary : ResidualClass
    rotating : dict
        For each face with a descent ray (Theorem B): the ray.
    """

    stationary: ResidualClass
    rotating: dict[Face, Vector]

    @cached_property
    def descents(self) -> dict[Support, Descent]:
        """For each support with a face that has a descent ray: a checked descent."""
        group = self.stationary
        return {
            support: rotating_descent(group.point_on(support), face, self.rotating[face])
            for support in group.supports
            if (face := next((face for face in support if face in self.rotating), None))
        }

    @cached_property
    def growing(self) -> Descent | None:
        """A checked descent that lets a zero unit grow; None if the residual is dual feasible."""
        if self.is_global:
            return None
        face, sign = self.stationary.scan.exceeding[0]
        return growing_descent(self.stationary.point, face, sign)

    @property
    def is_global(self) -> bool:
        """Whether the residual is dual feasible: then its points are minima at every width."""
        return not self.stationary.scan.exceeding

    def is_minimal(self, support: Support) -> bool:
        """Whether points with living units on exactly these faces, and no zero unit, are minima."""
        if not support:
            return self.is_global
        return not any(face in self.rotating for face in support)

    def valid_unions(self, largest: float) -> tuple[Support, ...]:
        """Return the unions, of at most so many faces, of vertices that are local minima.

        All faces of a union are good if and only if it consists of minimal vertices.
        """
        vertices = (vertex.support for vertex in self.stationary.vertices)
        return unions([vertex for vertex in vertices if self.is_minimal(vertex)], largest)

    @property
    def minimal_supports(self) -> tuple[Support, ...]:
        """The stationary supports whose points without zero units are local minima."""
        return self.valid_unions(self.stationary.problem.width)


@dataclass(frozen=True)
class CertifiedPoint:
    """One line of the table of stationary points: a support, with or without zero units."""

    group: CertifiedClass
    support: Support
    with_zero_units: bool

    @property
    def is_vertex(self) -> bool:
        """Whether the squares on the support are unique: a vertex support."""
        return any(vertex.support == self.support for vertex in self.group.stationary.vertices)

    @property
    def signs(self) -> tuple[int, ...]:
        """Sign of the output weights on each face of the support."""
        return tuple(self.group.stationary.signs[face] for face in self.support)

    @property
    def loss(self) -> Number:
        """The loss, in the problem's own convention."""
        return self.group.stationary.loss

    @property
    def is_minimum(self) -> bool:
        """Whether the points are local minima."""
        return self.group.is_global if self.with_zero_units else self.group.is_minimal(self.support)

    @property
    def witness(self) -> Descent | None:
        """A checked descent if they are not."""
        if self.with_zero_units:
            return self.group.growing
        return self.group.descents.get(self.support)


def certify_class(group: ResidualClass, arrangement: Arrangement) -> CertifiedClass:
    """Decide the stationary points with one residual, exactly (Theorems B and C)."""
    rotating: dict[Face, Vector] = {}
    for face in sorted({face for vertex in group.vertices for face in vertex.support}):
        ray = descent_ray(arrangement, group.point, face, group.signs[face])
        if ray is not None:
            rotating[face] = ray
    return CertifiedClass(group, rotating)


def certified_points(classes: tuple[CertifiedClass, ...], width: int) -> Iterator[CertifiedPoint]:
    """Yield every kind of stationary point: each support, without and with zero units."""
    for group in classes:
        for support in group.stationary.supports:
            if support:
                yield CertifiedPoint(group, support, with_zero_units=False)
            if len(support) < width:
                yield CertifiedPoint(group, support, with_zero_units=True)
