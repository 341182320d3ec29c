"""Certify every stationary point: a proof of minimality or a checked descent direction."""

from collections.abc import Iterator
from dataclasses import dataclass

from reluenum.algebraic import Number
from reluenum.arrangement import Arrangement, Face
from reluenum.merge import ResidualClass, StationarySet
from reluenum.minimality import Descent, descent_ray, growing_descent, rotating_descent
from reluenum.patterns import Support
from reluenum.problem import Vector
from reluenum.stationary import SupportPoint


@dataclass(frozen=True, eq=False)
class CertifiedClass:
    """The verdicts on all stationary points with one residual.

    Parameters
    ----------
    stationary : ResidualClass
    rotating : dict
        For each face with a descent ray (Theorem B): the ray.
    descents : dict
        For each support with such a face: a checked descent from its point.
    growing : Descent or None
        A checked descent that lets a zero unit grow; None if and only if the residual is dual
        feasible, and then every point of the class is a global minimum at every width
        (Theorem C).
    """

    stationary: ResidualClass
    rotating: dict[Face, Vector]
    descents: dict[Support, Descent]
    growing: Descent | None

    @property
    def is_global(self) -> bool:
        """Whether the class consists of global minima at every width (Theorem C)."""
        return self.growing is None

    def is_minimal(self, support: Support) -> bool:
        """Whether points with living units on exactly these faces, and no zero unit, are minima."""
        if not support:
            return self.is_global
        return not any(face in self.rotating for face in support)

    @property
    def minimal_supports(self) -> Iterator[Support]:
        """The stationary supports whose points without zero units are local minima."""
        return (support for support in self.stationary.supports if self.is_minimal(support))


@dataclass(frozen=True)
class CertifiedPoint:
    """One line of the table of stationary points: a support, with or without zero units.

    Parameters
    ----------
    group : CertifiedClass
    support : Support
    with_zero_units : bool
    """

    group: CertifiedClass
    support: Support
    with_zero_units: bool

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


def certify(stationary: StationarySet, arrangement: Arrangement) -> tuple[CertifiedClass, ...]:
    """Decide every stationary point of a problem, exactly."""
    return tuple(_certify_class(group, arrangement) for group in stationary.classes)


def _certify_class(group: ResidualClass, arrangement: Arrangement) -> CertifiedClass:
    rotating: dict[Face, Vector] = {}
    for face in sorted({face for vertex in group.vertices for face in vertex.support}):
        ray = descent_ray(group.problem, arrangement, face, group.signs[face], group.residual)
        if ray is not None:
            rotating[face] = ray
    descents = {
        support: rotating_descent(group.point_on(support), face, rotating[face])
        for support in group.supports
        if (face := next((face for face in support if face in rotating), None))
    }
    return CertifiedClass(group, rotating, descents, _growth(group.point, group))


def _growth(point: SupportPoint, group: ResidualClass) -> Descent | None:
    """Return a checked growth of a zero unit towards the most exceeding face, if any exceeds."""
    if not group.scan.exceeding:
        return None
    face, sign = group.scan.exceeding[0]
    return growing_descent(point, face, sign)


def certified_points(classes: tuple[CertifiedClass, ...], width: int) -> Iterator[CertifiedPoint]:
    """Yield every kind of stationary point: each support, without and with zero units."""
    for group in classes:
        for support in group.stationary.supports:
            if support:
                yield CertifiedPoint(group, support, with_zero_units=False)
            if len(support) < width:
                yield CertifiedPoint(group, support, with_zero_units=True)
