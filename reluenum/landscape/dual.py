"""Theorem C as signs: whether the gradient of a face exceeds the ridge."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from flint import arb, ctx

from reluenum.algebra.linear import dot
from reluenum.algebra.numberfield import FIRST_BITS, ball_sign
from reluenum.algebra.numbers import Number
from reluenum.geometry.arrangement import Face
from reluenum.geometry.geometry import Geometry
from reluenum.landscape.points import SupportPoint, face_sign
from reluenum.problem import Problem


@dataclass(frozen=True)
class DualScan:
    """The faces on which the dual constraint |p_r(v)| <= Lambda |v| is attained or violated.

    Parameters
    ----------
    tight : tuple of (Face, int)
        Faces that hold a unit vector v with s p_r(v) = Lambda, stationary there; with s.
    exceeding : tuple of (Face, int)
        The same with s p_r(v) > Lambda. Empty if and only if the residual is dual feasible: then
        its points are global at every width (Theorem C).
    """

    tight: tuple[tuple[Face, int], ...]
    exceeding: tuple[tuple[Face, int], ...]


def dual_excess(point: SupportPoint, face: Face) -> Number:
    """Return |u_F|^2 - Lambda^2, whose sign says whether the constraint of a face holds."""
    return excess_of(point.problem, point.projected_gradient(face))


def dual_sign(point: SupportPoint, face: Face) -> int:
    """Return the sign of |u_F| - Lambda, by a ball if that tells."""
    with ctx.workprec(FIRST_BITS):
        found = ball_sign(arb(excess_of(point.problem, point.gradient_balls(face))))
    return found or dual_excess(point, face).sign()


def excess_of(problem: Problem, gradient: Sequence) -> Any:
    """Return the same from u_F, numbers or rationals."""
    return dot(gradient, gradient) - problem.effective_ridge**2


def scan_dual(
    geometry: Geometry, point: SupportPoint, faces: Iterable[Face] | None = None
) -> DualScan:
    """Compare |u_F| with Lambda on every face that contains u_F or -u_F, exactly (Lemma 14).

    Or only on some faces, if it is known of the others.
    """
    known = dict(zip(point.support, point.signs or (), strict=True))
    tight, exceeding = [], []
    for face in geometry.arrangement.live_faces if faces is None else faces:
        if face in known:
            tight.append((face, known[face]))
            continue
        if (comparison := dual_sign(point, face)) < 0:
            continue
        if sign := face_sign(geometry.problem, face, point.projected_gradient(face)):
            (exceeding if comparison > 0 else tight).append((face, sign))
    return DualScan(tuple(tight), tuple(exceeding))
