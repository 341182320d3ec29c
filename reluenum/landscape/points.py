"""Stationary points: the one of a support, and the zero network."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

from flint import arb, arb_mat, ctx, fmpq_mat

from reluenum.algebra.linear import dot
from reluenum.algebra.numberfield import FIRST_BITS, ball_sign
from reluenum.algebra.numbers import IsolatedPoint, Number, rational_point
from reluenum.geometry.arrangement import Face, walls
from reluenum.geometry.moments import Moments
from reluenum.geometry.supports import Support, support_text
from reluenum.landscape.equations import errors_of, unknowns, weighted_directions
from reluenum.problem import Problem


@dataclass(frozen=True, eq=False)
class SupportPoint:
    """The solution of a support's system in which all sums of squares are positive.

    There is at most one whose responses are independent (Theorem A). It is stationary if every
    unit lies in its open face; otherwise it still is the projection that decides what larger
    supports can do (Theorem E).

    Parameters
    ----------
    problem : Problem
    support : Support
        Empty for the zero network.
    isolated : IsolatedPoint
        The values of `variables_of(support)`.
    """

    problem: Problem
    support: Support
    isolated: IsolatedPoint

    def __getstate__(self) -> dict[str, Any]:
        """Pickle what it is made of; the rest follows from that."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @cached_property
    def _unknowns(self) -> tuple[list[list[Number]], list[Number]]:
        directions, squares = unknowns(self.support, self.isolated.coordinates)
        return [[self._number(entry) for entry in row] for row in directions], squares

    def _number(self, value: Any) -> Number:
        return value if isinstance(value, Number) else self.isolated.constant(value)

    @property
    def squares(self) -> list[Number]:
        """Sum of a^2 over the neurons of each face."""
        return self._unknowns[1]

    @property
    def unit_vectors(self) -> list[list[Number]]:
        """The vectors u / Lambda of the faces, v / |v| up to the sign."""
        return self._unknowns[0]

    @cached_property
    def signs(self) -> tuple[int, ...] | None:
        """Sign of a on each face, or None if a unit does not lie in its open face."""
        found = tuple(
            face_sign(self.problem, face, direction)
            for face, direction in zip(self.support, self._unknowns[0], strict=True)
        )
        return found if all(found) else None

    @property
    def is_stationary(self) -> bool:
        """Whether every unit lies in its open face."""
        return self.signs is not None

    @cached_property
    def directions(self) -> list[list[Number]]:
        """Unit vector v / |v| of the neurons of each face of a stationary point."""
        return [
            [entry * sign for entry in row]
            for row, sign in zip(self._unknowns[0], self.signs or (), strict=True)
        ]

    @cached_property
    def errors(self) -> list[Number]:
        """The mean of y - f on each site."""
        found = errors_of(self.problem, self.support, *self._unknowns)
        return [self._number(entry) for entry in found]

    @cached_property
    def residual(self) -> list[Number]:
        """The mean of r = y - f - m on each site."""
        return self.problem.residual(self.errors)

    @property
    def bias(self) -> Number:
        """The output bias m (0 when there is none)."""
        return self._outer[0]

    @property
    def linear(self) -> list[Number]:
        """The linear part beta, empty when there is none."""
        return self._outer[1:]

    @cached_property
    def _outer(self) -> list[Number]:
        found = Moments.of(self.problem).outer(self.support, self._weighted)
        bias, linear = self.problem.parted(found)
        return [self._number(entry) for entry in (bias, *linear)]

    @cached_property
    def loss(self) -> Number:
        """The loss, in the problem's own convention (Corollary 3.1 of docs/theory.md)."""
        moments = Moments.of(self.problem)
        value = self._number(self.problem.energy)
        for face, direction, square in zip(self.support, *self._unknowns, strict=True):
            gain = dot(direction, moments.response(face)) - self.problem.effective_ridge
            value = value - square * gain
        return value * self.problem.loss_scale

    @cached_property
    def _weighted(self) -> list[list[Number]]:
        return weighted_directions(*self._unknowns)

    def gradient(self, face: Face) -> list[Number]:
        """Return g_F(r) of any live face at the residual r, without going through the data."""
        found = Moments.of(self.problem).gradient(face, self.support, self._weighted)
        return [self._number(entry) for entry in found]

    def gradient_balls(self, face: Face) -> list[arb]:
        """Return balls around u_F(r) of any live face, for less than the numbers take."""
        with ctx.workprec(FIRST_BITS):
            found = Moments.of(self.problem).gradient(face, self.support, self._weighted_balls)
            return face.project(found)

    @cached_property
    def _weighted_balls(self) -> list[list[arb]]:
        return [[entry.ball(FIRST_BITS) for entry in row] for row in self._weighted]

    def projected_gradient(self, face: Face) -> list[Number]:
        """Return u_F(r) of any live face at the residual r."""
        found = Moments.of(self.problem).gradient(face, self.support, self._weighted)
        return [self._number(entry) for entry in face.project(found)]

    def __repr__(self) -> str:
        return f"SupportPoint({support_text(self.support) or 'zero network'}, loss {self.loss})"


def face_sign(problem: Problem, face: Face, vector: Sequence) -> int:
    """Return s = 1 or -1 if s * vector lies in the open face, and 0 if neither does.

    Parameters
    ----------
    vector : (d + 1,) sequence of Number
        In the flat of the face.
    """
    # Balls settle nearly all signs, and more cheaply than an expression for each.
    sides = walls(problem, face)
    with ctx.workprec(FIRST_BITS):
        turned = [row if side > 0 else [-entry for entry in row] for row, side in sides]
        heights = arb_mat(fmpq_mat(turned)) * arb_mat([[x.ball(FIRST_BITS)] for x in vector])
    found = 0
    for (row, side), height in zip(sides, heights.entries(), strict=True):
        sign = ball_sign(height) or side * dot(vector, row).sign()
        if sign == 0 or found not in (0, sign):
            return 0
        found = sign
    return found


def zero_network(problem: Problem) -> SupportPoint:
    """Return the stationary point with no living unit (only the output bias, if any)."""
    return SupportPoint(problem, (), rational_point())
