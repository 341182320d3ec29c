"""The inner minimiser as a function of U in an interval, by interval Newton."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from flint import arb, arb_mat

from reluenum.engines.spires.inner import Space

INFLATION = 1.25
"""By how much a box is larger than the last Newton image that it did not hold."""

ATTEMPTS = 6
"""How often a box is enlarged."""

POLISHING = 6
"""Newton steps to a centre, at most."""

POLISHED = 2.0**-100
"""Relative size of the last of them."""


@dataclass(frozen=True, eq=False)
class Expansion:
    """The objective of the inner problem, halved, at U and a point, both of which may be balls.

    Derivatives are taken along the coordinates of the space, and then along the directions out of
    it, along which the |w_j| of the units that are 0 are left out.

    Parameters
    ----------
    space : Space
    U : arb
    x : arb_mat
        Coordinates in the space, a column.
    """

    space: Space
    U: arb
    x: arb_mat

    @cached_property
    def root(self) -> arb:
        """Square root of U."""
        return self.U.sqrt()

    @property
    def ridge(self) -> arb:
        """The effective ridge."""
        return arb(self.space.inner.problem.effective_ridge)

    @cached_property
    def pulls(self) -> dict[int, arb_mat]:
        """Half the gradient of |w_j|^2 of each live unit."""
        return {unit: gram * self.x for unit, gram in self.space.grams.items()}

    @cached_property
    def norms(self) -> dict[int, arb]:
        """|w_j| of each live unit."""
        return {
            unit: _product(self.x, pull).nonnegative_part().sqrt()
            for unit, pull in self.pulls.items()
        }

    @cached_property
    def biases(self) -> list[arb]:
        """B_2 and B_3."""
        return [_product(self.x, form) for form in self.space.biases]

    @cached_property
    def top(self) -> arb:
        """U_3, the square of the output weight."""
        return (self.U + self.biases[1] * self.biases[1]).sqrt()

    @cached_property
    def gradient(self) -> arb_mat:
        """Its derivatives."""
        second, third = self.space.biases
        total = second * (self.biases[0] / self.U) + third * (self.biases[1] / self.top)
        for unit, pull in self.pulls.items():
            total += pull * (1 / (self.norms[unit] * self.root))
        return self.space.inner.counted(self.space.heights).transpose() * self.rest + (
            total * self.ridge
        )

    @cached_property
    def rest(self) -> arb_mat:
        """f - y at the active sites."""
        return _inside(self.space, self.space.heights) * self.x - self.space.inner.targets

    @cached_property
    def hessian(self) -> arb_mat:
        """Derivatives of the gradient by the coordinates of the space."""
        space = self.space
        second, third = space.biases
        low, high = (_first(form, space.size).transpose() for form in space.biases)
        total = second * low * (1 / self.U) + third * high * (self.U / self.top**3)
        for unit, pull in self.pulls.items():
            norm = self.norms[unit]
            flat = space.grams[unit] - pull * _first(pull, space.size).transpose() * (1 / norm**2)
            total += flat * (1 / (norm * self.root))
        counted = space.inner.counted(space.heights).transpose()
        return counted * _inside(space, space.heights) + total * self.ridge

    @cached_property
    def drift(self) -> arb_mat:
        """Derivative of the gradient by log U."""
        second, third = self.space.biases
        total = second * (self.biases[0] / self.U)
        total += third * (self.biases[1] * self.U / (2 * self.top**3))
        for unit, pull in self.pulls.items():
            total += pull * (1 / (2 * self.norms[unit] * self.root))
        return total * -self.ridge

    @cached_property
    def level(self) -> arb:
        """G = sum T + B_2^2."""
        return self.root * _total(self.norms.values()) + self.biases[0] * self.biases[0]

    @cached_property
    def gap(self) -> arb:
        """E_2 / U^2 = 1 - U_3 G / U^2."""
        return 1 - self.top * self.level / self.U**2

    def gap_drift(self, slope: arb_mat) -> arb:
        """Return the derivative of the gap by log U, if that of x is given."""
        square, (low, high) = self.U**2, self.biases
        down, up = (_product(slope, form) for form in self.space.biases)
        masses = self.root * _total(self.norms.values())
        moved = masses / 2 + 2 * low * down
        for unit, pull in self.pulls.items():
            moved += self.root * _product(slope, pull) / self.norms[unit]
        top = (self.U / 2 + high * up) / self.top
        return (2 * self.top * self.level - self.top * moved - top * self.level) / square


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
        """Enclose it by interval Newton from (w, B) at the middle; None if that fails.

        Where the units of the space that are not 0 keep away from it, the problem restricted to the
        space is smooth and convex, so a zero of its gradient is its minimiser.
        """
        ends, size = (arb(low), arb(high)), space.size
        centre = (ends[0] * ends[1]).sqrt().mid()
        U = ends[0].union(ends[1])
        shift = (ends[1] / centre).log().union((ends[0] / centre).log())
        x = arb_mat(size, 1, [arb(linear[k]) for k in space.places])
        try:
            for _ in range(POLISHING):
                here = Expansion(space, centre, x)
                step = _newton_step(here, here.gradient)
                x = (x + step).mid()
                if _is_polished(step, x):
                    break
            here = Expansion(space, centre, x)
            value = here.gradient + Expansion(space, U, x).drift * shift
            box = _widened(x + _newton_step(here, value), x)
            for _ in range(ATTEMPTS):
                whole = Expansion(space, U, box)
                if not _is_finite(whole.hessian):
                    break
                image = x + _newton_step(whole, value)
                if _holds(box, image):
                    middle = Expansion(space, centre, x + _newton_step(whole, here.gradient))
                    return cls(middle, Expansion(space, U, image), shift)
                box = _widened(image, box)
        except ZeroDivisionError:
            pass
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
        pulled = forms * self.space.embedding
        drifts = (pulled * self.slope).entries()
        pairs = zip((pulled * self.middle.x).entries(), drifts, strict=True)
        return [value + drift * self.shift for value, drift in pairs]

    @cached_property
    def linear(self) -> list[arb]:
        """(w, B) at the middle."""
        return (self.space.embedding * self.middle.x).entries()

    @cached_property
    def excess(self) -> list[arb]:
        """U |u_j|^2 / ridge^2 - 1 of each unit that is 0 (Theorem D9(2))."""
        space, size = self.space, self.space.size
        if not space.dead:
            return []
        drift = self.whole.drift + self.whole.hessian * self.slope
        slopes = _rest(self.middle.gradient, size) + _rest(drift, size) * self.shift
        found = []
        for unit, lift in space.lifts.items():
            vector = arb_mat(lift) * slopes
            norm = _product(vector, arb_mat(space.inner.chain.grams[unit]) * vector)
            found.append(norm * self.whole.U / self.whole.ridge**2 - 1)
        return found

    @property
    def is_minimal(self) -> bool:
        """Whether this surely is the inner minimiser, and the only one."""
        return all(excess < 0 for excess in self.excess)


def _newton_step(at: Expansion, value: arb_mat) -> arb_mat:
    """Return -hessian^-1 value, in the coordinates of the space."""
    size = at.space.size
    return _first(at.hessian, size).solve(_first(value, size) * arb(-1), algorithm="precond")


def _first(matrix: arb_mat, size: int) -> arb_mat:
    """Return the first rows."""
    return matrix if matrix.nrows() == size else _rows(matrix, 0, size)


def _rest(matrix: arb_mat, size: int) -> arb_mat:
    return _rows(matrix, size, matrix.nrows())


def _rows(matrix: arb_mat, start: int, stop: int) -> arb_mat:
    count = matrix.ncols()
    return arb_mat(stop - start, count, matrix.entries()[start * count : stop * count])


def _inside(space: Space, columns: arb_mat) -> arb_mat:
    """Return the columns that belong to coordinates of the space."""
    return columns if columns.ncols() == space.size else _first(
        columns.transpose(), space.size
    ).transpose()


def _product(left: arb_mat, right: arb_mat) -> arb:
    """Return an inner product; only as many entries count as the left vector has."""
    return _total(x * y for x, y in zip(left.entries(), right.entries(), strict=False))


def _total(values: Iterable[arb]) -> arb:
    return sum(values, start=arb(0))


def _met(one: arb, other: arb) -> arb:
    return one.intersection(other) if one.is_finite() and other.is_finite() else one


def _is_finite(matrix: arb_mat) -> bool:
    return all(entry.is_finite() for entry in matrix.entries())


def _is_polished(step: arb_mat, x: arb_mat) -> bool:
    pairs = zip(step.entries(), x.entries(), strict=True)
    return all(abs(s) <= abs(c) * POLISHED for s, c in pairs)


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
