"""Approximate minimisers of the reduced function over T: they prove nothing."""

from dataclasses import dataclass

import numpy as np

from .models import Array
from .shapes import Tables

CALM, STEPS, EXTRA = 1, 20, 4  # steps of T |Gamma|, of Newton's method, and beyond T = 0
SHARES = 1, 0.5, 0.2, 0.05, 0.01  # of a step that must not climb
FALL = 0.1  # of T, where Newton's step would leave nothing
SETTLED, SHIFT = 1e-7, 1e-14  # relative size of the last step; of rounding
NOTHING, LITTLE = 2.0**-36, 1e-9  # part of the sum of T that is 0; the least T to begin with
NEARLY, BARELY, DEEP = 0.5, 0.3, 1e-6  # which dead units are continued to negative T, how well


@dataclass(frozen=True)
class Guesses:
    """At one vector each: T >= 0, and T continued over the place where units die."""

    squares: Array
    continued: Array
    alive: Array  # which units T was continued with


def inverses(matrices: Array) -> Array:
    """Return inverses, nan for matrices that have none."""
    try:
        return np.linalg.inv(matrices)
    except np.linalg.LinAlgError:
        if len(matrices) == 1:
            return np.full_like(matrices, np.nan)
        half = len(matrices) // 2
        return np.concatenate([inverses(matrices[:half]), inverses(matrices[half:])])


class Reduced:
    """The reduced function of Theorem D22 at one vector each, and what follows for some T."""

    def __init__(self, tables: Tables, rows: Array, rho: Array, k: Array) -> None:
        self.alive, self.most = tables.alive[rows], tables.most[rows][:, None]
        self.means, self.weights = tables.means[rows], tables.weights[rows]
        features, kinks = (
            table[:, 0] + k.reshape(-1, *[1] * (table.ndim - 2)) * table[:, 1]
            for table in (tables.features[rows], tables.kinks[rows])
        )
        self.kappa = 1 + (rho[:, None] * kinks) ** 2
        first = features * (rho[:, None] / np.sqrt(self.kappa))[..., None]
        second = tables.mask[rows] * tables.free[rows][..., None]
        self.columns = np.stack([first, second], axis=2)  # boxes, units, 2, sites

    def part(self, pick: Array) -> "Reduced":
        """Return some of the vectors."""
        found = object.__new__(Reduced)
        for name, value in vars(self).items():
            setattr(found, name, value[pick])
        return found

    def inverse(self, squares: Array) -> Array:
        """Return H^-1."""
        flat = self.columns.reshape(len(squares), -1, self.columns.shape[-1])
        table = flat.swapaxes(1, 2) @ (flat * np.repeat(squares, 2, axis=1)[..., None])
        diagonal = np.arange(table.shape[-1])
        table[:, diagonal, diagonal] += self.weights
        return inverses(table)

    def at(self, squares: Array) -> "Value":
        """Return what follows for some T."""
        return Value(self, squares)

    def height(self, squares: Array) -> Array:
        """Return the reduced function, up to what depends on the vector alone."""
        rho = (self.inverse(squares) @ self.means[..., None])[..., 0]
        return squares.sum(1) + (rho * self.means).sum(1)

    def minimised(self, start: Array) -> Array:
        """Return minimisers over T >= 0: T |Gamma| at first, then Newton's method, downhill."""
        squares = np.where(self.alive, np.maximum(start, LITTLE), 0)
        for _ in range(CALM):
            squares = squares * np.sqrt(self.at(squares).lengths)
        left = np.arange(len(squares))
        for _ in range(STEPS):
            here = self.part(left)
            value = here.at(squares[left])
            moved = here.downhill(value)
            done = np.abs(moved - value.squares) <= SETTLED * (moved + value.squares) + SHIFT
            squares[left] = moved
            left = left[~done.all(1)]
            if not len(left):
                break
        return np.where(squares > squares.sum(1, keepdims=True) * NOTHING, squares, 0)

    def downhill(self, value: "Value") -> Array:
        """Return the next T: a part of the way to Newton's that does not climb, or T |Gamma|.

        The step is that of the units that are alive or want to be, the others go to 0.
        (|Gamma|^2 may fall at first steeply with T and then hardly at all: from there Newton's
        step passes 0, and a part of T is better.)
        """
        bend = np.diagonal(value.curvature, axis1=1, axis2=2)
        kept = np.where(1 - value.lengths < value.squares * bend, value.squares, 0)
        step = value.bounded(self.alive & ((kept > 0) | (value.lengths > 1)), kept)
        aim = np.clip(kept + step, 0, self.most)
        found, left = value.squares * np.sqrt(value.lengths), np.arange(len(kept))
        for share in SHARES:
            moved = value.squares[left] + share * (aim - value.squares)[left]
            good = self.part(left).height(moved) <= value.height[left] * (1 + SHIFT)
            found[left[good]] = moved[good]
            left = left[~good]
            if not len(left):
                break
        else:
            fewer = np.where(kept[left] > 0, found[left], value.squares[left] * FALL)
            here = self.part(left)
            better = here.height(fewer) < here.height(found[left])
            found[left[better]] = fewer[better]
        return found

    def guesses(self, start: Array) -> Guesses:
        """Return minimisers, and T with those units beyond their death that have just died."""
        squares = self.minimised(start)
        value, live = self.at(squares), squares > 0
        bend = np.diagonal(value.curvature, axis1=1, axis2=2)
        missing = (1 - value.lengths) * value.norms / np.maximum(bend, LITTLE**2)
        more = self.alive & (value.lengths > NEARLY) & (missing < BARELY)
        continued, alive = squares.copy(), live.copy()
        pick = np.flatnonzero((more & ~live).any(1))
        if len(pick):
            found = self.part(pick).followed(squares[pick], (live | more)[pick])
            fine = (-found * value.norms[pick] < 2 * BARELY).all(1)
            continued[pick[fine]], alive[pick[fine]] = found[fine], (live | more)[pick[fine]]
        return Guesses(squares, continued, alive)

    def followed(self, squares: Array, alive: Array) -> Array:
        """Return T with |Gamma| = 1 for some units, also where it is negative, or infinity."""
        for _ in range(EXTRA):
            squares = squares + self.at(squares).step(alive)
        off = np.abs(np.where(alive, self.at(squares).lengths - 1, 0)).max(1)
        return np.where((off < DEEP)[:, None], squares, -np.inf)


class Value:
    """Height, residuals, |Gamma|^2, |Gamma|^2 in the norm of H^-1 and curvature at some T."""

    def __init__(self, place: Reduced, squares: Array) -> None:
        columns, self.squares = place.columns, squares
        self.inverse = place.inverse(squares)
        self.rho = (self.inverse @ place.means[..., None])[..., 0]
        self.height = squares.sum(1) + (self.rho * place.means).sum(1)
        gamma = (columns @ self.rho[:, None, :, None])[..., 0]
        self.lengths = (gamma * gamma).sum(2)
        self.pulls = (gamma[..., None] * columns).sum(2)  # K rho
        self.norms = ((columns @ self.inverse[:, None]) * columns).sum((2, 3))
        self.curvature = 2 * self.pulls @ self.inverse @ self.pulls.swapaxes(1, 2)

    def step(self, alive: Array, moved: Array | float = 0) -> Array:
        """Return a step of Newton's method towards |Gamma| = 1 for some units.

        Others are `moved`.
        """
        pushed = (self.curvature @ np.broadcast_to(moved, alive.shape)[..., None])[..., 0]
        table = self.curvature * alive[:, :, None] * alive[:, None]
        bend = np.diagonal(table, axis1=1, axis2=2)
        unit = np.arange(table.shape[-1])
        table[:, unit, unit] += np.where(alive, bend * SHIFT + LITTLE**9, 1)
        wanted = np.where(alive, self.lengths - 1 - pushed, 0)
        return np.nan_to_num((inverses(table) @ wanted[..., None])[..., 0], posinf=0, neginf=0)

    def bounded(self, alive: Array, kept: Array) -> Array:
        """Return a step of Newton's method after which no unit of them has T < 0.

        One by one, the units that it takes furthest below 0 end there, and the others adapt.
        """
        ended = np.zeros_like(alive)
        for _ in range(alive.shape[1]):
            step = np.where(ended, -kept, self.step(alive & ~ended, np.where(ended, -kept, 0)))
            after = np.where(alive & ~ended, kept + step, 0)
            worst = after.argmin(1)
            place = np.arange(len(after)), worst
            more = after[place] < 0
            if not more.any():
                break
            ended[place] |= more
        return np.where(ended, -kept, step)
