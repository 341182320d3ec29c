"""Norms of what conditions on supports ask of a residual: linear forms of it (Lemma 70)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from flint import fmpq

from reluenum.algebra.balls import GROWTH, TINY, Balls
from reluenum.algebra.linear import dot
from reluenum.geometry.arrangement import Arrangement, Face, answering_sites, signed_rows
from reluenum.geometry.frames import Frames
from reluenum.problem import Problem

DOUBLINGS = 4
"""How often a matrix is squared: the bound of its norm is too large by D^(1/32) at most."""

SMALL = 1e-5
"""Norms that are smaller, relative to their vectors, are looked at exactly: they may be 0."""


@dataclass(frozen=True, eq=False)
class FormNorms:
    """Upper bounds of |phi|_R for the forms phi of each live face, F of them.

    Parameters
    ----------
    gradient : (F,) array
        Of r -> u_F(r), as a map.
    wall : (F, W) array
        Of r -> w . u_F(r) for the walls w of the face.
    ray : (F, Y) array
        Of r -> g(r) . y for the rays y of Lemma 13, g of the face that y enters. Only a form that
        is 0 for every residual has the norm 0.
    unreachable : (F,) array of bool
        Whether a wall's form is 0 for every residual, so that no u_F is in its face.
    """

    gradient: np.ndarray
    wall: np.ndarray
    ray: np.ndarray
    unreachable: np.ndarray

    @classmethod
    @np.errstate(all="ignore")  # what is not finite bounds nothing
    def of(cls, frames: Frames, arrangement: Arrangement) -> "FormNorms":
        """Return those of the faces of a problem."""
        active, sides, problem = frames.active, frames.ray_active, frames.problem
        local = frames.basis.mT @ frames.gram[active, active] @ frames.basis
        wall = _roots(((frames.walls @ local) * frames.walls).sum(2))
        beside = frames.gram[sides, sides]
        ray = _roots(((beside @ frames.rays[..., None])[..., 0] * frames.rays).sum(2))
        gradient = _largest_roots(local)
        across = np.sqrt((frames.walls.mid**2).sum(2)) * gradient[:, None]
        unreachable = (wall <= SMALL * across).any(axis=1)
        for k in np.flatnonzero(unreachable):
            unreachable[k] = _is_unreachable(problem, frames.faces[k])
        along = frames.ray_used & (ray <= SMALL * _scales(frames, beside))
        for k, y in zip(*np.nonzero(along), strict=True):
            vector, beyond = arrangement.around(frames.faces[k])[y]
            if _is_zero(problem, beyond, vector):
                ray[k, y] = 0
        return cls(gradient, wall, ray, unreachable)


def _scales(frames: Frames, beside: Balls) -> np.ndarray:
    """Return what forms of rays would be like if these were in no special direction, (F, Y)."""
    trace = np.trace(beside.magnitude(), axis1=2, axis2=3)
    length = (frames.rays.mid**2).sum(2)
    return np.maximum(np.sqrt(trace * length), frames.ray_reach)


def _roots(squares: Balls) -> np.ndarray:
    """Return upper bounds of roots, positive ones."""
    return np.sqrt(np.maximum(squares.mid + squares.rad, TINY)) * GROWTH


def _largest_roots(matrices: Balls) -> np.ndarray:
    """Return upper bounds of the roots of the largest eigenvalues of semidefinite matrices.

    The trace of the 2^k-th power is at least the power of the largest eigenvalue.
    """
    size = matrices.mid.shape[-1]
    trace = np.maximum(np.trace(matrices.magnitude(), axis1=1, axis2=2), TINY)
    power = matrices * Balls.exact(1 / trace)[:, None, None]
    for _ in range(DOUBLINGS):
        power = power @ power
    diagonal = power.reshape(len(trace), size * size)[:, :: size + 1].magnitude().sum(1)
    return np.sqrt(trace * np.minimum(diagonal, 1) ** (0.5**DOUBLINGS)) * GROWTH


def _is_zero(problem: Problem, face: Face, vector: Sequence) -> bool:
    """Whether g(r) of a face is orthogonal to a vector for every residual r.

    That is so if R takes it to 0: with a free output bias a form that is the same for all sites.
    """
    form = [fmpq(0)] * len(problem.sites)
    for k, slope in answering_sites(problem, face):
        form[k] = dot(problem.sites[k].row, vector) * slope
    return not any(problem.residual(form))


def _is_unreachable(problem: Problem, face: Face) -> bool:
    """Whether a point that is off a face is on the wrong side, or on none, for every u_F."""
    return any(_is_zero(problem, face, face.project(row)) for row, _ in signed_rows(problem, face))


def distance(value: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """Return lower bounds of value / reach where that is positive, else something not positive."""
    found = value / reach / GROWTH - 2.0**-1000
    return np.where(np.isnan(found), -np.inf, found)
