"""Most supports are rejected before they are solved: no minimum needs them (Lemma 98).

Doubles propose an approximate minimum of the convex problem of a support; a ball around the
residual follows from its duality gap, in interval arithmetic.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import numpy as np
from flint import arb, arb_mat, ctx, fmpq

from reluenum.algebra.linear import dot
from reluenum.algebra.numberfield import FIRST_BITS, ball_sign
from reluenum.engines.creases.creases import Crease, Creases
from reluenum.engines.creases.systems import CreaseSystem

BATCH = 1 << 12
"""Supports that are looked at together."""

STEPS = (300, 3000)
"""Steps towards the minimum of a convex problem, and those for what these leave; the gap says how
near it is.
"""

SMALLEST = 1e-30
"""Divisors are at least that; it changes nothing but what is proposed."""

Array = np.ndarray


def unrejected(creases: Creases, supports: Iterable[Sequence[Crease]]) -> Iterator[CreaseSystem]:
    """Yield the systems of supports, all of one size, that may have residuals of minima.

    Those of dependent columns are left out, too: minima on them have their residuals in common with
    points of other supports (Lemma 94).
    """
    tables = DoubleCreases(creases)
    systems = (CreaseSystem(creases, tuple(support)) for support in supports)
    waiting = (system for system in systems if system.is_independent)
    while batch := list(islice(waiting, BATCH)):
        for steps in STEPS:
            slopes = tables.approximate([system.support for system in batch], steps)
            pairs = zip(batch, slopes, strict=True)
            batch = [system for system, own in pairs if not is_rejected(system, own)]
            if not batch:
                break
        yield from batch


@dataclass(frozen=True, eq=False)
class DoubleCreases:
    """The tables of creases in doubles.

    Parameters
    ----------
    creases : Creases
    """

    creases: Creases

    @cached_property
    def roots(self) -> Array:
        """The roots of the weights, (p, 1)."""
        return np.sqrt([[float(weight)] for weight in self.creases.weights])

    @cached_property
    def responses(self) -> dict[str, Array]:
        """What slopes are multiplied by, projected, times the roots, (p, d), by signs."""
        return {c.signs: self.roots * _doubles(c.arms) @ _doubles(c.projector) for c in self.live}

    @cached_property
    def free(self) -> dict[str, Array]:
        """The indicators of creases with an offset, times the roots, (p, 1); else 0."""
        return {
            c.signs: self.roots * c.has_offset * _doubles([[x] for x in c.indicator])
            for c in self.live
        }

    @property
    def live(self) -> tuple[Crease, ...]:
        """The creases."""
        return self.creases.live

    def approximate(self, batch: Sequence[Sequence[Crease]], steps: int) -> Array:
        """Return nearly the slopes, summed over units, of the minimum on each support.

        Parameters
        ----------
        batch : (K,) sequence of (m,) sequences of Crease
        steps : int

        Returns
        -------
        (K, m, d) array
        """
        outer = self.roots * _doubles(self.creases.outer).T
        free = np.array([np.hstack([outer, *(self.free[c.signs] for c in s)]) for s in batch])
        columns = np.array([np.hstack([self.responses[c.signs] for c in s]) for s in batch])
        kept = np.eye(free.shape[1]) - free @ np.linalg.pinv(free)
        columns = kept @ columns
        targets = kept @ (self.roots * _doubles([[y] for y in self.creases.problem.means]))
        gram = columns.transpose(0, 2, 1) @ columns
        gains = (columns.transpose(0, 2, 1) @ targets)[..., 0]
        with np.errstate(all="ignore"):
            found = shrunk_minima(gram, gains, float(self.creases.ridge), len(batch[0]), steps)
        return np.where(np.isfinite(found), found, 0.0)


def _doubles(rows: Iterable[Iterable[fmpq]]) -> Array:
    return np.array([[float(entry) for entry in row] for row in rows])


def shrunk_minima(gram: Array, gains: Array, ridge: float, groups: int, steps: int) -> Array:
    """Return nearly the minima of v'Gv / 2 - g'v + ridge (|v_1| + |v_2| + ...), by fast steps."""
    step = 1 / np.maximum(np.trace(gram, axis1=1, axis2=2), SMALLEST)[:, None]
    found = ahead = np.zeros_like(gains)
    speed = 1.0
    for _ in range(steps):
        moved = ahead - step * ((gram @ ahead[..., None])[..., 0] - gains)
        parts = moved.reshape(len(moved), groups, -1)
        length = np.linalg.norm(parts, axis=2, keepdims=True)
        shrunk = np.maximum(1 - step[..., None] * ridge / np.maximum(length, SMALLEST), 0)
        new = (shrunk * parts).reshape(moved.shape)
        faster = (1 + np.sqrt(1 + 4 * speed**2)) / 2
        turned = ((ahead - new) * (new - found)).sum(axis=1, keepdims=True) > 0
        ahead = np.where(turned, new, new + (speed - 1) / faster * (new - found))
        found, speed = new, faster
    return found.reshape(len(found), groups, -1)


def is_rejected(system: CreaseSystem, slopes: Array) -> bool:
    """Whether a ball around r shows of some crease that no minimum needs it here (Lemma 98).

    Parameters
    ----------
    system : CreaseSystem
    slopes : (m, d) array
        Nearly those of the minimum, summed over the units of each crease.
    """
    with ctx.workprec(FIRST_BITS):
        residual, radius = _ball(system, slopes)
        return any(_is_idle(system.creases, c, residual, radius) for c in system.support)


def _ball(system: CreaseSystem, slopes: Array) -> tuple[list[arb], arb]:
    """Return the centre and the radius of a ball around r, in the weighted norm."""
    creases = system.creases
    targets, ridge = creases.problem.means, creases.ridge
    errors, price = [arb(y) for y in targets], arb(0)
    for crease, slope in zip(system.support, slopes, strict=True):
        own = _in_basis(crease, slope)
        price += _length_of(own)
        for k in crease.active:
            errors[k] -= dot(own, crease.arms[k])
    matrix = arb_mat(system.remover) * arb_mat([[error] for error in errors])
    left = matrix.entries()
    forces = creases.problem.weighted(left)
    steepest = [arb(ridge), *(_length_of(crease.pull(forces)) for crease in system.support)]
    scale = (arb(ridge) / max(norm.upper() for norm in steepest)).lower()
    square = dot(forces, left)
    gap = square / 2 + ridge * price - scale * dot(forces, targets) + scale**2 * square / 2
    return [scale * entry for entry in left], (2 * abs(gap).upper()).sqrt()


def _in_basis(crease: Crease, slope: Array) -> list[arb]:
    """Return a slope of units on a crease near a given one, exactly in its flat."""
    basis = _doubles(crease.basis)
    factors = np.linalg.lstsq(basis.T, slope, rcond=None)[0]
    return [dot([arb(f) for f in factors], column) for column in zip(*crease.basis, strict=True)]


def _length_of(vector: Sequence[arb]) -> arb:
    square = sum((entry**2 for entry in vector), arb(0))
    return square.sqrt() if square > 0 else arb(0).union(square.upper().sqrt())


def _is_idle(creases: Creases, crease: Crease, residual: Sequence[arb], radius: arb) -> bool:
    """Whether for all residuals in a ball a crease is not one of those of Lemma 94."""
    forces = creases.problem.weighted(residual)
    pull = crease.pull(forces)
    reach = radius * arb(creases.reaches[crease.signs]).sqrt()
    if _length_of(pull) + reach < creases.ridge:
        return True
    signs = set()
    for rise in creases.rises[crease.signs]:
        signs.add(_sign_near(dot(pull, rise), reach * arb(dot(rise, rise)).sqrt()))
    if {1, -1} <= signs or crease.is_open or signs <= {0}:
        return {1, -1} <= signs

    def sign(turn: Sequence[fmpq]) -> int:
        size = arb(dot(creases.problem.weighted(turn), turn)).sqrt()
        return _sign_near(dot(forces, turn), radius * size)

    (own,) = signs - {0}
    is_no_end = all(sign(moved) for moved in crease.neighbours)
    return is_no_end and any(sign(turn) == own for turn in creases.turns[crease.signs])


def _sign_near(value: arb, error: arb) -> int:
    """Return the sign of all numbers that are so near to one, 0 if they have none in common."""
    return ball_sign(value + arb(0, error.upper()))
