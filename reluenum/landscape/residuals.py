"""Stationary points with one residual, and what is between them."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

from flint import fmpq

from reluenum.algebra.linear import dot, solved_by
from reluenum.algebra.numbers import Number
from reluenum.geometry.arrangement import Face
from reluenum.geometry.moments import Moments
from reluenum.geometry.supports import Support
from reluenum.landscape.dual import DualScan
from reluenum.landscape.points import SupportPoint
from reluenum.problem import Problem


@dataclass(frozen=True, eq=False)
class MiddlePoint(SupportPoint):
    """The barycentre of the stationary points on a support whose squares are not unique.

    Parameters
    ----------
    problem : Problem
    support : Support
        A union of supports of the vertices.
    isolated : IsolatedPoint
        Of the first vertex; the residual, and all that depends on it, is the same.
    group : ResidualClass
    """

    group: "ResidualClass"

    @cached_property
    def _unknowns(self) -> tuple[list[list[Number]], list[Number]]:
        signs = self.group.signs
        rows = [[e * signs[face] for e in self.group.direction(face)] for face in self.support]
        return rows, self.group.squares(self.support)


@dataclass(frozen=True, eq=False)
class ResidualClass:
    """All stationary points with one residual, up to the multiplicities of their faces.

    Parameters
    ----------
    problem : Problem
    scan : DualScan
        The tight faces at the residual, which identify it (Lemma 11), and those that exceed the
        bound.
    vertices : tuple of SupportPoint
        Those with linearly independent responses, sorted by support.
    """

    problem: Problem
    scan: DualScan
    vertices: tuple[SupportPoint, ...]

    @property
    def point(self) -> SupportPoint:
        """The first vertex; its residual and loss are those of the class."""
        return self.vertices[0]

    def point_on(self, support: Support, middle: type[MiddlePoint] = MiddlePoint) -> SupportPoint:
        """Return the point of the class on one of its supports, the middle one of several."""
        for vertex in self.vertices:
            if vertex.support == support:
                return vertex
        return middle(self.problem, support, self.point.isolated, self)

    @property
    def residual(self) -> list[Number]:
        """The common residual."""
        return self.point.residual

    @property
    def loss(self) -> Number:
        """The common loss, a function of the residual (Lemma 3)."""
        return self.point.loss

    @cached_property
    def signs(self) -> dict[Face, int]:
        """Sign of the output weights on each tight face."""
        return dict(self.scan.tight)

    @cached_property
    def supports(self) -> tuple[Support, ...]:
        """Every stationary support of at most `width` faces: unions of vertex supports."""
        return unions([vertex.support for vertex in self.vertices], self.problem.width)

    def direction(self, face: Face) -> list[Number]:
        """Return the unit vector v / |v| of the neurons on a tight face."""
        if face in self.point.support:
            return self.point.directions[self.point.support.index(face)]
        scale = self.signs[face] / self.problem.effective_ridge
        return [u * scale for u in self.point.projected_gradient(face)]

    def polytope_dimension(self, support: Support) -> int:
        """Return the dimension of the squares that a support can have (Lemma 12a).

        0 means that they are unique. A facet of the polytope is the largest part of the vertices
        inside the support that lacks one of its faces.
        """
        steps, inside = 0, [v.support for v in self.vertices if set(v.support) <= set(support)]
        while len(inside) > 1:
            parts = ([vertex for vertex in inside if face not in vertex] for face in support)
            inside = max((part for part in parts if len(part) < len(inside)), key=len)
            steps += 1
        return steps

    def squares(self, support: Support) -> list[Number]:
        """Return sums of a^2 per face: the barycentre of the vertices inside the support."""
        inside = [v for v in self.vertices if set(v.support) <= set(support)]
        total = [self.point.isolated.constant(0)] * len(support)
        for vertex in inside:
            squares = dict(zip(vertex.support, self._vertex_squares(vertex), strict=True))
            total = [t + squares.get(f, 0) for t, f in zip(total, support, strict=True)]
        return [t * fmpq(1, len(inside)) for t in total]

    def _vertex_squares(self, vertex: SupportPoint) -> list[Number]:
        """Return a vertex's squares as numbers at the first vertex's point.

        They solve the Gram system sum_G (w_F . K_FG w_G) s_G = b_F . w_F - Lambda, w the unit
        vectors up to sign; it is positive definite, so elimination needs no pivots.
        """
        if vertex is self.point:
            return vertex.squares
        moments, ridge = Moments.of(self.problem), self.problem.effective_ridge
        units = [[e * self.signs[face] for e in self.direction(face)] for face in vertex.support]
        pairs = list(zip(vertex.support, units, strict=True))
        matrix = [
            [
                dot(unit, [dot(line, w) for line in moments.gram(face, column)])
                for column, w in pairs
            ]
            for face, unit in pairs
        ]
        return solved_by(
            matrix, [dot(unit, moments.response(face)) - ridge for face, unit in pairs]
        )


def unions(supports: Collection[Support], largest: float) -> tuple[Support, ...]:
    """Return the unions of supports with at most so many faces, smaller ones first (Lemma 12).

    Examples
    --------
    >>> from reluenum import Problem
    >>> from reluenum.geometry.arrangement import Arrangement
    >>> problem = Problem.from_text([["-1"], ["1"]], ["0", "2"], width=1, ridge="1/2")
    >>> one, two, *_ = Arrangement.of(problem).live_faces
    >>> [len(support) for support in unions([(one,), (two,)], largest=2)]
    [1, 1, 2]
    """
    found = {support for support in supports if len(support) <= largest}
    frontier = list(found)
    while frontier:
        support = frontier.pop()
        for other in supports:
            union = tuple(sorted({*support, *other}))
            if len(union) <= largest and union not in found:
                found.add(union)
                frontier.append(union)
    return tuple(sorted(found, key=lambda support: (len(support), support)))
