"""The faces on which a unit without penalty on its bias can live, and their tables (Lemma 92)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flint import arb_mat, ctx, fmpq, fmpq_mat

from reluenum.algebra.linear import (
    Vector,
    dot,
    orthogonal_part,
    projection,
    row_space,
)
from reluenum.algebra.numberfield import FIRST_BITS
from reluenum.geometry.arrangement import Arrangement, Face, cocircuits
from reluenum.problem import Problem


@dataclass(frozen=True, eq=False)
class Crease:
    """A face of the arrangement of the sites with an active set, and the slopes b of its units.

    Parameters
    ----------
    face : Face
        Its signs at the data points.
    signs : str
        The same at the sites.
    arms : (p, d) tuple of vectors
        What a slope b is multiplied by: x_i less the input of a zero, or, if there is none, of the
        first site, where the unit is active; 0 elsewhere.
    basis : tuple of (d,) vectors
        Of the slopes in the span of the differences of inputs that keep the zeros together.
    """

    face: Face
    signs: str
    arms: tuple[Vector, ...]
    basis: tuple[Vector, ...]

    @property
    def is_open(self) -> bool:
        """Whether its units bend between the inputs, or before all of them."""
        return "0" not in self.signs

    @property
    def is_line(self) -> bool:
        """Whether its units are active at all inputs."""
        return set(self.signs) == {"+"}

    @property
    def has_offset(self) -> bool:
        """Whether the offset of its units is a further unknown."""
        return self.is_open and not self.is_line

    @cached_property
    def active(self) -> tuple[int, ...]:
        """The sites where its units are active."""
        return tuple(k for k, sign in enumerate(self.signs) if sign == "+")

    @cached_property
    def zeros(self) -> tuple[int, ...]:
        """The sites where they bend."""
        return tuple(k for k, sign in enumerate(self.signs) if sign == "0")

    @cached_property
    def indicator(self) -> Vector:
        """1 where it is active, else 0."""
        return tuple(fmpq(sign == "+") for sign in self.signs)

    @cached_property
    def neighbours(self) -> list[Vector]:
        """The indicators of the gaps, along any direction of its units, that end at its zeros."""
        behind = tuple(fmpq(sign != "-") for sign in self.signs)
        return [self.indicator, *([] if all(behind) else [behind])]

    @cached_property
    def projector(self) -> tuple[Vector, ...]:
        """Matrix of the orthogonal projection onto the slopes, (d, d)."""
        return projection(self.basis, len(self.arms[0]))

    @cached_property
    def responses(self) -> fmpq_mat:
        """The values at the sites for each vector of the basis, (p, dimension)."""
        return fmpq_mat([*map(list, self.arms)]) * fmpq_mat([*map(list, self.basis)]).transpose()

    @cached_property
    def rising(self) -> list[tuple[int, int]]:
        """The pairs of sites along which units rise, or along all of which they fall.

        From each inactive one to each active one; a bend takes the place of either.
        """
        inactive = [k for k, sign in enumerate(self.signs) if sign == "-"]
        bend = list(self.zeros[:1])
        pairs = [(j, k) for j in bend or inactive for k in self.active]
        return pairs + [(j, k) for j in inactive for k in bend]

    @cached_property
    def forms(self) -> list[Vector]:
        """The coordinates of u as sums of residuals times weights, (d, p)."""
        rows = [self.project(arm) for arm in self.arms]
        return [tuple(column) for column in zip(*rows, strict=True)]

    def pull(self, forces: Sequence[Any]) -> list[Any]:
        """Return u, the projection of sum_A r_i (x_i - x_0), from residuals times weights."""
        held = [forces[k] for k in self.active]
        return self.project([dot(held, column) for column in self._active_arms])

    def project(self, vector: Sequence[Any]) -> list[Any]:
        """Project a vector onto the slopes."""
        return [dot(vector, row) for row in self.projector]

    @cached_property
    def _active_arms(self) -> list[Vector]:
        return [*zip(*(self.arms[k] for k in self.active), strict=True)]


@dataclass(frozen=True, eq=False)
class Creases:
    """The sites of a problem and all creases, in the order of their signs.

    Parameters
    ----------
    problem : Problem

    Examples
    --------
    >>> free = {"output_bias": "free", "hidden_bias": "free"}
    >>> corners = [[0, 0], [1, 0], [0, 1]]
    >>> problem = Problem.from_arrays(corners, [0, 0, 1], width=1, ridge=0.125, **free)
    >>> creases = Creases(problem)
    >>> len(creases.live), [crease.signs for crease in creases.live if len(crease.basis) == 1]
    (19, ['+00', '0+0', '00+'])
    """

    problem: Problem

    @property
    def ridge(self) -> fmpq:
        """Of the sum of squares."""
        return self.problem.effective_ridge

    @cached_property
    def inputs(self) -> tuple[Vector, ...]:
        """The distinct inputs, (p, d)."""
        return tuple(site.row[:-1] for site in self.problem.sites)

    @cached_property
    def weights(self) -> Vector:
        """The weight of each site."""
        return tuple(site.weight for site in self.problem.sites)

    @cached_property
    def outer(self) -> list[Vector]:
        """The constant, and independent columns of a linear part: what R takes to 0."""
        columns = [(fmpq(1),) * len(self.inputs)]
        if self.problem.has_linear:
            columns += zip(*self.inputs, strict=True)
        return columns[:1] if len(columns) == 1 else row_space(columns)

    @cached_property
    def flat(self) -> list[list[fmpq]]:
        """The matrix of R, which takes the mean away, or a regression."""
        size = len(self.weights)
        units = ([fmpq(j == k) for j in range(size)] for k in range(size))
        return [*map(list, zip(*map(self.problem.residual, units), strict=True))]

    @cached_property
    def arrangement(self) -> Arrangement:
        """All faces of the rows (x, 1)."""
        return Arrangement.of(self.problem)

    @cached_property
    def live(self) -> tuple[Crease, ...]:
        """Those where a unit that is not 0 can be stationary (Lemma 92).

        With a linear part those of units and of their mirror images (Lemma 129).
        """
        span = row_space([self.between(0, k) for k in range(len(self.inputs))])
        faces = self.arrangement.live_faces
        if len(self.outer) == len(self.inputs):
            return ()  # the outer part fits everything
        if self.problem.has_linear:
            faces = tuple(f for f in self.arrangement.faces if {"+", "-"} <= {*f.signs})
        found = (self._crease(face, span) for face in faces)
        return tuple(crease for crease in found if crease.basis)

    @cached_property
    def by_signs(self) -> dict[str, Crease]:
        """The same by their signs at the sites."""
        return {crease.signs: crease for crease in self.live}

    @cached_property
    def reaches(self) -> dict[str, fmpq]:
        """The square of a number that |u| is at most, times |r|, by the signs of creases."""
        found = {}
        for crease in self.live:
            rows = (crease.project(crease.arms[k]) for k in crease.active)
            pairs = ((self.weights[k], row) for k, row in zip(crease.active, rows, strict=True))
            found[crease.signs] = sum((w * dot(row, row) for w, row in pairs), fmpq(0))
        return found

    @cached_property
    def rises(self) -> dict[str, list[Vector]]:
        """The differences of inputs along which units rise, or all of them fall, by their signs."""
        return {c.signs: [self.between(*pair) for pair in c.rising] for c in self.live}

    @cached_property
    def form_balls(self) -> arb_mat:
        """The forms of all live creases one below the other, enclosed, (C d, p)."""
        rows = [list(form) for crease in self.live for form in crease.forms]
        with ctx.workprec(FIRST_BITS):
            return arb_mat(fmpq_mat(rows)) if rows else arb_mat(0, len(self.inputs))

    @cached_property
    def turns(self) -> dict[str, list[Vector]]:
        """For each crease that is not open what residuals times weights are summed with.

        A kink with the sign s is good iff s times each of these sums is 0 at most (Lemma 95).
        """
        return {c.signs: self._turns_of(c) for c in self.live if not c.is_open}

    def _turns_of(self, crease: Crease) -> list[Vector]:
        rows = [site.row for site in self.problem.sites]
        found = []
        for ray in cocircuits([rows[k] for k in crease.zeros]).values():
            turn, slope = [fmpq(0)] * len(rows), crease.project(ray[:-1])
            for k in crease.active:
                turn[k] = dot(rows[k], ray) - dot(crease.arms[k], slope)
            for k in crease.zeros:
                turn[k] = max(dot(rows[k], ray), fmpq(0))
            found.append(tuple(turn))
        return found

    def _crease(self, face: Face, span: Sequence[Vector]) -> Crease:
        signs = "".join(face.signs[site.first] for site in self.problem.sites)
        zeros = [k for k, sign in enumerate(signs) if sign == "0"]
        base = zeros[0] if zeros else 0
        basis = orthogonal_part(span, [self.between(base, k) for k in zeros])
        nothing = (fmpq(0),) * self.problem.dimension
        arms = (self.between(base, k) if s == "+" else nothing for k, s in enumerate(signs))
        return Crease(face, signs, tuple(arms), tuple(basis))

    def between(self, start: int, stop: int) -> Vector:
        """Return the difference of two inputs."""
        pairs = zip(self.inputs[stop], self.inputs[start], strict=True)
        return tuple(one - other for one, other in pairs)
