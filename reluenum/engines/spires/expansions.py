"""The objective of the inner problem with its derivatives, for U and a point in balls."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

from flint import arb, arb_mat

from reluenum.engines.spires.frames import Frame, first_columns
from reluenum.engines.spires.inner import Space


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
            unit: total_of(x * x for x in lengths).sqrt() for unit, lengths in self.lengths.items()
        }

    @property
    def is_smooth(self) -> bool:
        """Whether surely no w_j of a live unit is 0 anywhere; without this no derivative counts."""
        return all(norm > 0 for norm in self.norms.values())

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
        return first_columns(forms, self.space.size) * self.x

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
        total = _outer_square(second, size) * (1 / self.U)
        total += _outer_square(third, size) * (self.U / self.top**3)
        for unit, lengths in self.lengths.items():
            forms = self.frame.lengths[unit].tolist()
            scale = 1 / (self.norms[unit] ** 3 * self.root)
            for (x, one), (y, other) in combinations(zip(lengths, forms, strict=True), 2):
                turned = [x * b - y * a for a, b in zip(one, other, strict=True)]
                total += _outer_square(arb_mat([turned]), size) * scale
        counted = self.space.inner.counted(self.frame.heights).transpose()
        return counted * first_columns(self.frame.heights, size) + total * self.ridge

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
        return self.root * total_of(self.norms.values()) + self.biases[0] * self.biases[0]

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
        down, up = (inner_product(slope, form) for form in self.frame.biases)
        masses = self.root * total_of(self.norms.values())
        moved = masses / 2 + 2 * low * down
        for unit, pull in self.pulls.items():
            moved += self.root * inner_product(slope, pull) / self.norms[unit]
        top = (self.U / 2 + high * up) / self.top
        return (2 * self.top * self.level - self.top * moved - top * self.level) / square


def inner_product(left: arb_mat, right: arb_mat) -> arb:
    """Return an inner product; only as many entries count as the left vector has."""
    return total_of(x * y for x, y in zip(left.entries(), right.entries(), strict=False))


def total_of(values: Iterable[arb]) -> arb:
    """Return a sum of balls."""
    return sum(values, start=arb(0))


def _outer_square(form: arb_mat, size: int) -> arb_mat:
    """Return the products of the entries of a row with the first of them."""
    return form.transpose() * first_columns(form, size)
