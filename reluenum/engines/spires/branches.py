"""The inner minimiser as a function of U in an interval, by interval Newton."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from flint import arb, arb_mat

from reluenum.engines.spires.inner import Space, SpireInner

INFLATION = 1.25
"""By how much a box is larger than the last Newton image that it did not hold."""

ATTEMPTS = 6
"""How often a box is enlarged."""

POLISHING = 4
"""Newton steps to a centre, from doubles."""


@dataclass(frozen=True, eq=False)
class Expansion:
    """The objective of the inner problem, halved, at U and a point, both of which may be balls.

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

    @cached_property
    def pulls(self) -> dict[int, arb_mat]:
        """Gram matrices times x: half the gradient of |w_j|^2."""
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
        return [_product(form, self.x) for form in self.space.biases]

    @cached_property
    def top(self) -> arb:
        """U_3, the square of the output weight."""
        return (self.U + self.biases[1] * self.biases[1]).sqrt()

    @cached_property
    def rest(self) -> arb_mat:
        """n_i (f_i - y_i) at the active sites."""
        sites = [self.space.inner.problem.sites[i] for i in self.space.inner.active]
        heights = (self.space.heights * self.x).tolist()
        return arb_mat(
            len(sites), 1, [(f - s.mean) * s.count for (f,), s in zip(heights, sites, strict=True)]
        )

    @property
    def ridge(self) -> arb:
        """The effective ridge."""
        return arb(self.space.inner.problem.effective_ridge)

    @cached_property
    def gradient(self) -> arb_mat:
        """By the coordinates of the space."""
        second, third = self.space.biases
        total = second * (self.biases[0] / self.U) + third * (self.biases[1] / self.top)
        for unit, pull in self.pulls.items():
            total += pull * (1 / (self.norms[unit] * self.root))
        return self.space.heights.transpose() * self.rest + total * self.ridge

    @cached_property
    def hessian(self) -> arb_mat:
        """By the coordinates of the space."""
        second, third = self.space.biases
        top = self.U / self.top**3
        total = second * second.transpose() * (1 / self.U) + third * third.transpose() * top
        for unit, pull in self.pulls.items():
            norm = self.norms[unit]
            flat = self.space.grams[unit] - pull * pull.transpose() * (1 / norm**2)
            total += flat * (1 / (norm * self.root))
        return self._curvature + total * self.ridge

    @property
    def _curvature(self) -> arb_mat:
        sites = [self.space.inner.problem.sites[i] for i in self.space.inner.active]
        scaled = [
            [h * s.count for h in row]
            for row, s in zip(self.space.heights.tolist(), sites, strict=True)
        ]
        return self.space.heights.transpose() * arb_mat(scaled)

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

    @cached_property
    def gap_slopes(self) -> tuple[arb_mat, arb]:
        """Derivatives of the gap by the coordinates, and by log U."""
        second, third = self.space.biases
        share, square = self.level / self.U**2, self.U**2
        by_x = third * (self.biases[1] / self.top * share)
        by_x += second * (2 * self.biases[0] * self.top / square)
        for unit, pull in self.pulls.items():
            by_x += pull * (self.root * self.top / (self.norms[unit] * square))
        masses = self.root * _total(self.norms.values())
        by_log = self.U / (2 * self.top) * share - self.top * (
            (masses * 3 / 2 + 2 * self.biases[0] * self.biases[0]) / square
        )
        return by_x * arb(-1), -by_log

    @cached_property
    def linear(self) -> list[arb]:
        """All (w, B)."""
        return [value for (value,) in (self.space.embedding * self.x).tolist()]

    @cached_property
    def excess(self) -> dict[int, arb]:
        """U |u_j|^2 / ridge^2 - 1 of each unit that is 0: negative if it is essential to be so."""
        if not self.space.dead:
            return {}
        inner, chain = self.space.inner, self.space.inner.chain
        full = arb_mat(1, len(inner.active), [r for (r,) in self.rest.tolist()]) * arb_mat(
            [list(form) for form in inner.forms]
        )
        (slope,) = full.tolist()
        for place, value in zip(
            chain.bias.values(), (self.biases[0] / self.U, self.biases[1] / self.top), strict=True
        ):
            slope[place] += self.ridge * value
        linear = self.linear
        for unit in self.space.live:
            block = chain.blocks[unit]
            gram = arb_mat(chain.grams[unit])
            pull = gram * arb_mat(gram.nrows(), 1, linear[block])
            scale = self.ridge / (self.norms[unit] * self.root)
            slope[block] = [s + scale * p for s, (p,) in zip(slope[block], pull.tolist(), strict=True)]
        changes = self.space.complement
        slopes = arb_mat(
            len(changes), 1, [_total(s * c for s, c in zip(slope, v, strict=True) if c) for v in changes]
        )
        found = {}
        for unit, lift in self.space.lifts.items():
            vector = arb_mat(lift) * slopes
            norm = _product(vector, arb_mat(chain.grams[unit]) * vector)
            found[unit] = norm * self.U / self.ridge**2 - 1
        return found


@dataclass(frozen=True, eq=False)
class SpireBranch:
    """The inner minimiser over an interval of U, if the units that are 0 are known to be.

    Parameters
    ----------
    middle : Expansion
        At one U and a point near its minimiser.
    whole : Expansion
        At the interval and a box that holds all minimisers.
    """

    middle: Expansion
    whole: Expansion

    @classmethod
    def over(cls, space: Space, low: float, high: float, linear: Sequence[float]) -> Self | None:
        """Enclose it by interval Newton from (w, B) at the middle; None if that fails.

        Where the units of the space that are not 0 keep away from it, the problem restricted to the
        space is smooth and convex, so a zero of its gradient is its minimiser.
        """
        ends = arb(low), arb(high)
        centre = (ends[0] * ends[1]).sqrt().mid()
        U = ends[0].union(ends[1])
        shift = (ends[1] / centre).log().union((ends[0] / centre).log())
        x = arb_mat(space.size, 1, [arb(linear[k]) for k in space.places])
        try:
            for _ in range(POLISHING):
                here = Expansion(space, centre, x)
                x = (x - here.hessian.solve(here.gradient)).mid()
            middle = Expansion(space, centre, x)
            value = middle.gradient + Expansion(space, U, x).drift * shift
            box = _widened(x - middle.hessian.solve(value), x)
            for _ in range(ATTEMPTS):
                hessian = Expansion(space, U, box).hessian
                if not all(entry.is_finite() for entry in hessian.entries()):
                    return None
                image = x - hessian.solve(value, algorithm="precond")
                if _holds(box, image):
                    return cls(middle, Expansion(space, U, image))
                box = _widened(image, box)
        except ZeroDivisionError:
            pass
        return None

    @property
    def space(self) -> Space:
        """In which it lies."""
        return self.whole.space

    @property
    def is_minimal(self) -> bool:
        """Whether this surely is the inner minimiser, and the only one."""
        return all(excess < 0 for excess in self.whole.excess.values())

    @cached_property
    def gap_drift(self) -> arb:
        """Derivative of the gap by log U along the branch."""
        by_x, by_log = self.whole.gap_slopes
        if not self.space.size:
            return by_log
        return by_log - _product(by_x, self.whole.hessian.solve(self.whole.drift))

    @cached_property
    def gap_sign(self) -> int:
        """The sign of the gap over the whole interval, 0 if it is not known."""
        gap = self.whole.gap
        return 1 if gap > 0 else -1 if gap < 0 else 0


def _product(left: arb_mat, right: arb_mat) -> arb:
    return _total(x * y for (x,), (y,) in zip(left.tolist(), right.tolist(), strict=True))


def _total(values: Iterable[arb]) -> arb:
    return sum(values, start=arb(0))


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
