"""The inner minimiser as a function of U in an interval, by interval Newton."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Self

import numpy as np
from flint import arb, arb_mat

from reluenum.engines.spires.inner import Space

INFLATION = 1.25
"""By how much a box is larger than the last Newton image that it did not hold."""

ATTEMPTS = 6
"""How often a box is enlarged."""

POLISHING = 6
"""Newton steps to a centre, at most."""

INDEPENDENT = 1e-6
"""Part of a vector that has to be orthogonal to others for it to count as independent of them."""

POLISHED = 2.0**-60
"""Relative size of the last of them."""


@dataclass(frozen=True, eq=False)
class Frame:
    """Coordinates of a space around one of its points, in which the |w_j| are easily enclosed.

    As far as they are independent, they are the lengths of the w_j along what they are at the
    point, their coordinates orthogonal to it, and the biases.

    Parameters
    ----------
    space : Space
    centre : arb_mat
        The point, in the coordinates of the space.
    """

    space: Space
    centre: arb_mat

    @cached_property
    def axes(self) -> dict[int, arb_mat]:
        """Of each live unit, an orthonormal basis of its flat, a row each, w_j at the point first.

        They are given as forms on the directions of the space.
        """
        found = {}
        for unit, weights in self.space.weights.items():
            gram = arb_mat(self.space.inner.chain.grams[unit])
            first = _columns_of(weights, 0, self.space.size) * self.centre
            found[unit] = _orthonormal(gram, first) * gram * weights
        return found

    @cached_property
    def matrix(self) -> arb_mat:
        """From these coordinates to those of the space, along the first directions."""
        size = self.space.size
        lengths = [row for axes in self.axes.values() for row in axes.tolist()[:1]]
        others = [row for axes in self.axes.values() for row in axes.tolist()[1:]]
        biases = [bias.entries() for bias in self.space.biases]
        rows = np.array([[float(x.mid()) for x in row] for row in (*lengths, *others, *biases)])
        rows = np.concatenate([rows.reshape(len(rows), -1)[:, :size], np.eye(size)])
        return arb_mat(np.linalg.inv(_independent_rows(rows)).tolist()) if size else arb_mat(0, 0)

    def turned(self, forms: arb_mat) -> arb_mat:
        """Return forms on the directions in these coordinates; other directions stay."""
        size, count = self.space.size, forms.ncols()
        inside = (_columns_of(forms, 0, size) * self.matrix).tolist()
        outside = _columns_of(forms, size, count).tolist()
        pairs = zip(inside, outside, strict=True)
        return arb_mat(forms.nrows(), count, [x for pair in pairs for row in pair for x in row])

    @cached_property
    def heights(self) -> arb_mat:
        """f at the active sites, by direction."""
        return self.turned(self.space.heights)

    @cached_property
    def lengths(self) -> dict[int, arb_mat]:
        """The coordinates of the w_j along `axes`, by direction."""
        return {unit: self.turned(axes) for unit, axes in self.axes.items()}

    @cached_property
    def biases(self) -> list[arb_mat]:
        """B_2 and B_3, by direction."""
        return [self.turned(bias) for bias in self.space.biases]

    def at(self, forms: arb_mat) -> arb_mat:
        """Return forms on the directions at the centre."""
        return _columns_of(forms, 0, self.space.size) * self.centre

    @cached_property
    def starts(self) -> tuple[arb_mat, dict[int, arb_mat], list[arb_mat]]:
        """What heights, lengths and biases are at the centre."""
        lengths = {unit: self.at(axes) for unit, axes in self.axes.items()}
        return self.at(self.space.heights), lengths, [self.at(b) for b in self.space.biases]


@dataclass(frozen=True, eq=False)
class Expansion:
    """The objective of the inner problem, halved, at U and a point, both of which may be balls.

    Derivatives are taken along the coordinates of a frame, and then along the directions out of
    its space, along which the |w_j| of the units that are 0 are left out.

    Parameters
    ----------
    frame : Frame
    U : arb
    x : arb_mat
        Coordinates in the frame, a column.
    """

    frame: Frame
    U: arb
    x: arb_mat

    @property
    def space(self) -> Space:
        """The space of the frame."""
        return self.frame.space

    @cached_property
    def root(self) -> arb:
        """Square root of U."""
        return self.U.sqrt()

    @property
    def ridge(self) -> arb:
        """The effective ridge."""
        return arb(self.space.inner.problem.effective_ridge)

    @cached_property
    def lengths(self) -> dict[int, list[arb]]:
        """Coordinates of the w_j of live units along their axes."""
        start = self.frame.starts[1]
        return {
            unit: (start[unit] + self._moved(forms)).entries()
            for unit, forms in self.frame.lengths.items()
        }

    @cached_property
    def norms(self) -> dict[int, arb]:
        """|w_j| of each live unit."""
        return {
            unit: _total(x * x for x in lengths).sqrt()
            for unit, lengths in self.lengths.items()
        }

    @cached_property
    def pulls(self) -> dict[int, arb_mat]:
        """Half the derivatives of |w_j|^2 of each live unit."""
        forms = self.frame.lengths
        return {
            unit: forms[unit].transpose() * arb_mat(len(lengths), 1, lengths)
            for unit, lengths in self.lengths.items()
        }

    @cached_property
    def biases(self) -> list[arb]:
        """B_2 and B_3."""
        pairs = zip(self.frame.starts[2], self.frame.biases, strict=True)
        return [(start + self._moved(form))[0, 0] for start, form in pairs]

    @cached_property
    def top(self) -> arb:
        """U_3, the square of the output weight."""
        return (self.U + self.biases[1] * self.biases[1]).sqrt()

    @cached_property
    def rest(self) -> arb_mat:
        """f - y at the active sites."""
        start = self.frame.starts[0]
        return start + self._moved(self.frame.heights) - self.space.inner.targets

    def _moved(self, forms: arb_mat) -> arb_mat:
        return _columns_of(forms, 0, self.space.size) * self.x

    @cached_property
    def gradient(self) -> arb_mat:
        """Its derivatives."""
        second, third = (form.transpose() for form in self.frame.biases)
        total = second * (self.biases[0] / self.U) + third * (self.biases[1] / self.top)
        for unit, pull in self.pulls.items():
            total += pull * (1 / (self.norms[unit] * self.root))
        counted = self.space.inner.counted(self.frame.heights).transpose()
        return counted * self.rest + total * self.ridge

    @cached_property
    def hessian(self) -> arb_mat:
        """Derivatives of the gradient by the coordinates."""
        size, (second, third) = self.space.size, self.frame.biases
        total = _square(second, size) * (1 / self.U)
        total += _square(third, size) * (self.U / self.top**3)
        for unit, lengths in self.lengths.items():
            forms = self.frame.lengths[unit].tolist()
            scale = 1 / (self.norms[unit] ** 3 * self.root)
            for (x, one), (y, other) in combinations(zip(lengths, forms, strict=True), 2):
                turned = [x * b - y * a for a, b in zip(one, other, strict=True)]
                total += _square(arb_mat([turned]), size) * scale
        counted = self.space.inner.counted(self.frame.heights).transpose()
        return counted * _columns_of(self.frame.heights, 0, size) + total * self.ridge

    @cached_property
    def drift(self) -> arb_mat:
        """Derivative of the gradient by log U."""
        second, third = (form.transpose() for form in self.frame.biases)
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

    @property
    def linear(self) -> list[arb]:
        """(w, B)."""
        moved = self.frame.matrix * self.x
        return (self.space.embedding * (self.frame.centre + moved)).entries()

    def gap_drift(self, slope: arb_mat) -> arb:
        """Return the derivative of the gap by log U, if that of x is given."""
        square, (low, high) = self.U**2, self.biases
        down, up = (_product(slope, form) for form in self.frame.biases)
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
        size, U, centre, shift = space.size, arb(low), arb(low), arb(0)
        if low < high:
            centre, U = (U * high).sqrt().mid(), U.union(arb(high))
            shift = (arb(low) / centre).log().union((arb(high) / centre).log())
        frame = Frame(space, arb_mat(size, 1, [arb(linear[k]).mid() for k in space.places]))
        try:
            x = _polished(frame, centre)
            if low < high:
                frame, x = Frame(space, (frame.centre + frame.matrix * x).mid()), arb_mat(size, 1)
            here = Expansion(frame, centre, x)
            value = here.gradient + Expansion(frame, U, x).drift * shift
            box = _widened(x + _newton_step(here, value), x)
            for _ in range(ATTEMPTS):
                whole = Expansion(frame, U, box)
                if not _is_finite(whole.hessian):
                    break
                image = x + _newton_step(whole, value)
                if _holds(box, image):
                    middle = Expansion(frame, centre, x + _newton_step(whole, here.gradient))
                    return cls(middle, Expansion(frame, U, image), shift)
                box = _widened(image, box)
        except (ZeroDivisionError, np.linalg.LinAlgError):
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


def _polished(frame: Frame, U: arb) -> arb_mat:
    """Return coordinates near the minimiser at one U, by Newton's method."""
    x = arb_mat(frame.space.size, 1)
    for _ in range(POLISHING):
        here = Expansion(frame, U, x)
        step = _newton_step(here, here.gradient).mid()
        x = (x + step).mid()
        if all(abs(s) <= POLISHED * (here.root + abs(c)) for s, c in zip(step.entries(), x.entries(), strict=True)):
            break
    return x


def _newton_step(at: Expansion, value: arb_mat) -> arb_mat:
    """Return -hessian^-1 value, in the coordinates of the frame."""
    size = at.space.size
    sides = _rows(value, 0, size) * arb(-1)
    return _rows(at.hessian, 0, size).solve(sides, algorithm="precond")


def _rest(matrix: arb_mat, size: int) -> arb_mat:
    return _rows(matrix, size, matrix.nrows())


def _rows(matrix: arb_mat, start: int, stop: int) -> arb_mat:
    count = matrix.ncols()
    return arb_mat(stop - start, count, matrix.entries()[start * count : stop * count])


def _columns_of(matrix: arb_mat, start: int, stop: int) -> arb_mat:
    if (start, stop) == (0, matrix.ncols()):
        return matrix
    entries = [x for row in matrix.tolist() for x in row[start:stop]]
    return arb_mat(matrix.nrows(), stop - start, entries)


def _square(form: arb_mat, size: int) -> arb_mat:
    """Return the products of the entries of a row with the first of them."""
    return form.transpose() * _columns_of(form, 0, size)


def _orthonormal(gram: arb_mat, first: arb_mat) -> arb_mat:
    """Return a basis, a row each, of which the first is along a column, for an inner product."""
    size = gram.nrows()
    columns = [first, *(arb_mat(size, 1, [arb(i == k) for i in range(size)]) for k in range(size))]
    found: list[arb_mat] = []
    for column in columns:
        rest = column
        for row in found:
            rest = rest - row * (row.transpose() * gram * column)[0, 0]
        square, whole = ((c.transpose() * gram * c)[0, 0] for c in (rest, column))
        if len(found) < size and square > whole * INDEPENDENT:
            found.append(rest * (1 / square.sqrt()))
    return arb_mat(len(found), size, [x for column in found for x in column.entries()])


def _independent_rows(rows: np.ndarray) -> np.ndarray:
    """Return as many rows as there are columns, each surely independent of those before."""
    found, basis = [], np.zeros((0, rows.shape[1]))
    for row in rows:
        size = np.linalg.norm(row)
        rest = row - basis.T @ (basis @ row)
        if len(found) < rows.shape[1] and np.linalg.norm(rest) > INDEPENDENT * size:
            found.append(row)
            basis = np.concatenate([basis, [rest / np.linalg.norm(rest)]])
    return np.array(found)


def _product(left: arb_mat, right: arb_mat) -> arb:
    """Return an inner product; only as many entries count as the left vector has."""
    return _total(x * y for x, y in zip(left.entries(), right.entries(), strict=False))


def _total(values: Iterable[arb]) -> arb:
    return sum(values, start=arb(0))


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
