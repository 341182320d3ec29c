"""The inner minimiser as a function of U in an interval, by interval Newton."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from flint import arb, arb_mat

from reluenum.engines.spires.expansions import Expansion, inner_product
from reluenum.engines.spires.frames import Frame, split_rows
from reluenum.engines.spires.inner import Space

INFLATION = 1.25
"""By how much a box is larger than the last Newton image that it did not hold."""

ATTEMPTS = 6
"""How often a box is enlarged."""

POLISHING = 6
"""Newton steps to a centre, at most."""

SHARINGS, LEAST_SHARE, WELL_BELOW = 60, 1e-6, 0.7
"""Steps to fair shares of units that are 0, the least of them, and when they are good enough."""

POLISHED = 2.0**-30
"""Relative size of the last of them."""


@dataclass(frozen=True, eq=False)
class SpireBranch:
    """The inner minimiser over an interval of U, if the units that are 0 are known to be.

    Parameters
    ----------
    middle : Expansion
        At one U, and the minimiser there.
    whole : Expansion
        At the interval and a box that holds all minimisers.
    shift : arb
        log U, less that of the middle.
    """

    middle: Expansion
    whole: Expansion
    shift: arb

    @classmethod
    def over(cls, space: Space, low: float, high: float, linear: Sequence) -> Self | None:
        """Enclose it by interval Newton from (w, B) at the middle; None if that fails."""
        start = arb_mat(space.size, 1, [arb(linear[k]).mid() for k in space.places])
        frame, middle = Frame(space, start), (arb(low) * high).sqrt().mid()
        try:
            x = _polished(frame, middle, arb_mat(space.size, 1))
            if low < high:
                frame, x = Frame(space, (start + frame.matrix * x).mid()), arb_mat(space.size, 1)
            return cls._enclosed(frame, x, middle, arb(low).union(arb(high)))
        except (ZeroDivisionError, np.linalg.LinAlgError):
            return None

    def at(self, U: float) -> Self | None:
        """Enclose it at another U, from what is near, in the same coordinates."""
        frame = self.whole.frame
        try:
            x = _polished(frame, arb(U), self.middle.x.mid())
            return self._enclosed(frame, x, arb(U), arb(U))
        except ZeroDivisionError:
            return None

    @classmethod
    def _enclosed(cls, frame: Frame, x: arb_mat, middle: arb, U: arb) -> Self | None:
        """Enclose it around a point of a frame.

        Where the units of the space that are not 0 keep away from it, the problem restricted to the
        space is smooth and convex, so a zero of its gradient is its minimiser.
        """
        if not _is_finite(x):
            return None
        here, shift = Expansion(frame, middle, x), (U / middle).log()
        value = here.gradient
        if not U.is_exact():
            value += Expansion(frame, U, x).drift * shift
        box = _widened(x + _newton_step(here, value), x)
        for _ in range(ATTEMPTS):
            whole = Expansion(frame, U, box)
            if not (whole.is_smooth and _is_finite(whole.hessian)):
                break
            image = x + _newton_step(whole, value)
            if _holds(box, image):
                narrow = Expansion(frame, middle, x + _newton_step(whole, here.gradient))
                return cls(narrow, Expansion(frame, U, image), shift)
            box = _widened(image, box)
        return None

    @property
    def space(self) -> Space:
        """In which it lies."""
        return self.whole.space

    @cached_property
    def slope(self) -> arb_mat:
        """Derivative of the minimiser by log U."""
        return _newton_step(self.whole, self.whole.drift)

    @cached_property
    def gap_drift(self) -> arb:
        """Derivative of the gap by log U."""
        return self.whole.gap_drift(self.slope)

    @cached_property
    def gap(self) -> arb:
        """E_2 / U^2 over the interval."""
        return _met(self.whole.gap, self.middle.gap + self.gap_drift * self.shift)

    @property
    def gap_sign(self) -> int:
        """Its sign, 0 if it is not known."""
        return 1 if self.gap > 0 else -1 if self.gap < 0 else 0

    def values(self, forms: arb_mat) -> list[arb]:
        """Return forms on (w, B) over the interval."""
        frame, pulled = self.whole.frame, forms * self.space.embedding
        moved = pulled * frame.matrix
        start = pulled * frame.centre + moved * self.middle.x
        return (start + moved * self.slope * self.shift).entries()

    @cached_property
    def linear(self) -> list[arb]:
        """(w, B) at the middle."""
        return self.middle.linear

    @cached_property
    def excess(self) -> list[arb]:
        """U |u_j|^2 / ridge^2 - 1 of each unit that is 0 (Lemma D31).

        The u_j in the flats of these units have the inner product sum u_j . dw_j with all
        directions out of the space that minus the slope of the rest is; several are chosen such
        that the largest is small.
        """
        space, size = self.space, self.space.size
        if not space.dead:
            return []
        drift = self.whole.drift + self.whole.hessian * self.slope
        _, slopes = split_rows(self.middle.gradient, size)
        allowed = float((self.whole.ridge / self.whole.root).lower())
        shares = [arb(share) for share in _fair_shares(space, slopes, allowed)]
        slopes += split_rows(drift, size)[1] * self.shift
        total = arb_mat(slopes.nrows(), slopes.nrows())
        for square, share in zip(space.squares, shares, strict=True):
            total += arb_mat(square) * (1 / share)
        moved = total.solve(slopes)
        scale = self.whole.U / self.whole.ridge**2
        return [
            inner_product(moved, arb_mat(square) * moved) * scale / share**2 - 1
            for square, share in zip(space.squares, shares, strict=True)
        ]

    @property
    def is_minimal(self) -> bool:
        """Whether this surely is the inner minimiser, and the only one."""
        return all(excess < 0 for excess in self.excess)


def _fair_shares(space: Space, slopes: arb_mat, allowed: float) -> list[float]:
    """Return weights of units that are 0, by which |u_j| shall be small.

    They are the lengths of the w_j in the direction that costs least for its fall, found by
    reweighted least squares, which makes the u_j of all units that take part equal; a part of the
    way is enough if they are well below what is allowed.
    """
    shares = np.ones(len(space.dead))
    if len(space.dead) == 1 or not space.complement:
        return shares.tolist()
    squares = np.array([[[float(x) for x in row] for row in s.tolist()] for s in space.squares])
    falls = np.array([float(x.mid()) for x in slopes.entries()])
    for _ in range(SHARINGS):
        moved = np.linalg.solve(np.tensordot(1 / shares, squares, 1), falls)
        lengths = np.sqrt(np.maximum(0, np.einsum("jab,a,b->j", squares, moved, moved)))
        if (lengths < WELL_BELOW * allowed * shares).all():
            break
        shares = np.maximum(lengths / lengths.max(), LEAST_SHARE)
    return shares.tolist()


def _polished(frame: Frame, U: arb, x: arb_mat) -> arb_mat:
    """Return coordinates near the minimiser at one U, by Newton's method."""
    for _ in range(POLISHING):
        here = Expansion(frame, U, x)
        step = _newton_step(here, here.gradient).mid()
        x = (x + step).mid()
        if all(
            abs(s) <= POLISHED * (here.root + abs(c))
            for s, c in zip(step.entries(), x.entries(), strict=True)
        ):
            break
    return x


def _newton_step(at: Expansion, value: arb_mat) -> arb_mat:
    """Return -hessian^-1 value, in the coordinates of the frame."""
    (inside, _), (matrix, _) = (split_rows(m, at.space.size) for m in (value, at.hessian))
    return matrix.solve(-inside, algorithm="precond")


def _met(one: arb, other: arb) -> arb:
    return one.intersection(other) if one.is_finite() and other.is_finite() else one


def _is_finite(matrix: arb_mat) -> bool:
    return all(entry.is_finite() for entry in matrix.entries())


def _holds(box: arb_mat, image: arb_mat) -> bool:
    pairs = zip(box.entries(), image.entries(), strict=True)
    return all(b.contains_interior(i) for b, i in pairs)


def _widened(image: arb_mat, box: arb_mat) -> arb_mat:
    """Return a box around an image and another box, a little larger."""
    found = []
    for new, old in zip(image.entries(), box.entries(), strict=True):
        ball = new.union(old)
        middle = ball.mid()
        slack = arb(0, abs(middle) * arb(2) ** -40 + arb(2) ** -100)
        found.append(middle + (ball - middle) * INFLATION + slack)
    return arb_mat(image.nrows(), 1, found)
