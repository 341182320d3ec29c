"""Local and global minimality, decided exactly from the residual (Theorems B and C)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flint import arb, ctx, fmpq, fmpz

from reluenum.algebra.linear import Vector, dot
from reluenum.algebra.numberfield import ball_sign, precisions
from reluenum.algebra.numbers import Number
from reluenum.errors import TheoremViolationError
from reluenum.geometry.arrangement import Arrangement, Face
from reluenum.landscape.points import SupportPoint, face_sign
from reluenum.problem import Linear, OutputBias, Problem

LONGEST_SEARCH = 1000
"""Halvings of a step after which a descent that Theorem B or C promises is a bug."""


@dataclass(frozen=True)
class Descent:
    """A direction along which the loss goes down, and a step at which it has been checked.

    Parameters
    ----------
    face : Face
        Where the moving unit is: its own face, or the face towards which a zero unit grows.
    kind : str
        `rotate`: a living unit moves from v to v + step * vector.
        `grow`: a zero unit becomes a = sign * step * |vector|, v = step * vector.
    sign : int
        Sign of the unit's output weight.
    vector : tuple of fmpq
    step : fmpq
        The loss at this step is smaller than at the stationary point, by ball arithmetic.
    """

    face: Face
    kind: str
    sign: int
    vector: Vector
    step: fmpq

    def to_document(self) -> dict[str, Any]:
        """Return a text form."""
        return {
            "kind": self.kind,
            "face": self.face.signs,
            "sign": self.sign,
            "vector": [str(entry) for entry in self.vector],
            "step": str(self.step),
        }


def slope(point: SupportPoint, beyond: Face, sign: int, vector: Vector) -> Number:
    """Return D(vector), half the slope of the loss per unit of |a| (Theorem B).

    Parameters
    ----------
    point : SupportPoint
    beyond : Face
        The face that a unit enters along the vector.
    sign : int
        Sign of its output weight.
    vector : (d + 1,) tuple of fmpq
        Orthogonal to the flat of the face that it leaves.
    """
    return dot(point.gradient(beyond), vector) * -sign


def descent_ray(
    arrangement: Arrangement, point: SupportPoint, face: Face, sign: int
) -> Vector | None:
    """Return a ray along which a living unit on the face descends, or None if there is none.

    None for every face of a support is equivalent to local minimality (Theorem B).

    Parameters
    ----------
    arrangement : Arrangement
    point : SupportPoint
        Of which only the residual matters.
    face : Face
        Of the unit.
    sign : int
        1 or -1, of its output weight.
    """
    for vector, beyond in arrangement.around(face):
        if slope(point, beyond, sign, vector).sign() < 0:
            return vector
    return None


def rotating_descent(point: SupportPoint, face: Face, vector: Vector) -> Descent:
    """Return a checked descent that turns the unit on a face of the point's support.

    Parameters
    ----------
    point : SupportPoint
        Stationary.
    face : Face
    vector : (d + 1,) tuple of fmpq
        What `descent_ray` returns for the face.
    """
    place = point.support.index(face)
    sign = point.signs[place]

    def moved(step: fmpq, bits: int) -> list:
        units = _units(point, bits)
        weight, unit = units[place]
        units[place] = (weight, [v + step * d for v, d in zip(unit, vector, strict=True)])
        return units

    return Descent(face, "rotate", sign, vector, _checked_step(point, moved))


def growing_descent(point: SupportPoint, face: Face, sign: int) -> Descent:
    """Return a checked descent that lets a zero unit grow towards an exceeding face.

    Parameters
    ----------
    point : SupportPoint
        Stationary.
    face : Face
        With |u_F| > Lambda.
    sign : int
        The s for which s u_F lies in the face: the sign of the growing output weight.
    """
    vector = _rational_direction(point, face, sign)

    def moved(step: fmpq, bits: int) -> list:
        length = arb(dot(vector, vector)).sqrt()
        return [*_units(point, bits), (sign * step * length, [arb(step * v) for v in vector])]

    return Descent(face, "grow", sign, vector, _checked_step(point, moved))


def _rational_direction(point: SupportPoint, face: Face, sign: int) -> Vector:
    """Return a rational vector of the flat, close to s u, that still exceeds the dual bound."""
    problem = point.problem
    bound = problem.effective_ridge
    for bits in precisions():
        with ctx.workprec(bits):
            gradient = [entry.ball(bits) for entry in point.projected_gradient(face)]
        scale = fmpz(2) ** (bits // 8)
        rounded = [_nearest(entry / bound * sign, scale) for entry in gradient]
        vector = tuple(face.project(rounded))
        if face_sign(problem, face, list(map(point.isolated.constant, vector))) != 1:
            continue
        length = dot(vector, vector)
        value = dot(point.gradient(face), vector) * sign
        if value.sign() > 0 and (value * value - bound**2 * length).sign() > 0:
            return vector
    raise AssertionError("unreachable: precisions() never ends")


def _nearest(ball: arb, scale: fmpz) -> fmpq:
    """Return a rational with the given denominator near a ball."""
    mantissa, exponent = ball.mid().man_exp()
    value = fmpq(mantissa) * fmpq(2) ** int(exponent)
    return fmpq((value * scale + fmpq(1, 2)).floor(), scale)


def _units(point: SupportPoint, bits: int) -> list[tuple[arb, list[arb]]]:
    """Return (a, v) of one unit per face, as balls at the current precision."""
    units = []
    for square, direction, sign in zip(point.squares, point.directions, point.signs, strict=True):
        length = square.ball(bits).sqrt()
        units.append((sign * length, [length * entry.ball(bits) for entry in direction]))
    return units


def _checked_step(point: SupportPoint, moved) -> fmpq:
    """Return a step 2^-k at which the loss is smaller, by ball arithmetic."""
    for halvings in range(LONGEST_SEARCH):
        bits = 128 + 8 * halvings
        step = fmpq(1, fmpz(2) ** halvings)
        with ctx.workprec(bits):
            bias, *linear = (entry.ball(bits) for entry in (point.bias, *point.linear))
            change = loss_of_units(point.problem, moved(step, bits), bias, linear)
            if ball_sign(change - point.loss.ball(bits)) < 0:
                return step
    raise TheoremViolationError("a direction of descent does not descend at any step tried")


def loss_of_units(problem: Problem, units: Sequence, bias: Any, linear: Sequence = ()) -> Any:
    """Return the loss of a network, in the problem's own convention, over balls or rationals.

    The pre-activations may be balls that contain 0: the activation then encloses both branches.

    Parameters
    ----------
    problem : Problem
    units : (L,) sequence of (a, v)
        v = (b, c) has d + 1 entries.
    bias : arb or fmpq
        The output bias m, 0 without one.
    linear : (d,) sequence of arb or fmpq
        The linear part beta, if there is one.
    """
    ridge, phi = problem.effective_ridge, problem.activation.at
    total = problem.scatter
    for site in problem.sites:
        heights = (weight * phi(dot(unit, site.row)) for weight, unit in units)
        error = site.mean - bias - sum(heights, start=fmpq(0))
        for slope, entry in zip(linear, site.row, strict=False):  # a row may end with 1
            error = error - slope * entry
        total += site.weight * error * error  # `error ** 2` is nan for a ball around 0
    for weight, unit in units:
        penalised = unit[: problem.dimension] if problem.has_free_hidden_bias else unit
        total += ridge * (weight * weight + dot(penalised, penalised))
    if problem.output_bias is OutputBias.RIDGE:
        total += ridge * bias * bias
    if problem.linear is Linear.RIDGE:
        total += ridge * dot(linear, linear)
    return total * problem.loss_scale
