"""Strata of widths (1, L) as arrays: what the reduced function of Theorem D22 needs of the data."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from flint import fmpq

from reluenum.algebra.linear import dot
from reluenum.engines.deep.systems.stratum import DeepStratum
from reluenum.problem import Problem

Ray = tuple[fmpq, fmpq]

NEGLIGIBLE = 1e-2
"""Part of the ridge."""


@dataclass(frozen=True)
class Fan:
    """One first-layer unit below m units of layer 2, for inputs on a line.

    The unit's incoming vector is sqrt(s) e(k), e(k) = start + k * turn with k in [0, 1].

    Parameters
    ----------
    problem : Problem
    stratum : DeepStratum

    Examples
    --------
    >>> problem = Problem.from_arrays([0, 1, 2], [0, 2, 1], width=[1, 2], ridge=1)
    >>> fan = Fan(problem, DeepStratum.of_text("0++/+++"))
    >>> fan.is_turning, fan.heights[1]
    (False, (1, 0))
    """

    problem: Problem
    stratum: DeepStratum

    @property
    def row(self) -> str:
        """The signs of the first-layer unit."""
        return self.stratum.layers[0][0]

    @property
    def upper(self) -> tuple[str, ...]:
        """The rows of layer 2."""
        return self.stratum.layers[1]

    @cached_property
    def rays(self) -> tuple[Ray, Ray]:
        """The ends of e(k): the extreme rays of the face, or twice the only direction."""
        points = [site.row[0] for site in self.problem.sites]
        signs = list(zip(points, self.row, strict=True))
        seen = [x for x, sign in signs if sign == "+"]
        kinks = [x for x, sign in signs if sign == "0"]
        if kinks:
            side = 1 if seen[0] > kinks[0] else -1
            ray = _shrunk((fmpq(side), -side * kinks[0]))
            return ray, ray
        if len(seen) == 1:
            ray = _shrunk((seen[0], fmpq(1)))
            return ray, ray
        found = []
        for x in (x for x, sign in signs if sign != "."):
            for side in (1, -1):
                ray = (fmpq(side), -side * x)
                if all(
                    (ray[0] * z + ray[1]) * (1 if sign == "+" else -1) >= 0
                    for z, sign in signs
                    if sign != "."
                ):
                    found.append(ray)
        ends = [ray for ray in dict.fromkeys(found)]
        first, last = ends[0], ends[-1]
        return _shrunk(first), _shrunk(last)

    @property
    def is_turning(self) -> bool:
        """Whether the direction is free."""
        return self.rays[0] != self.rays[1]

    @cached_property
    def heights(self) -> tuple[tuple[fmpq, fmpq], ...]:
        """e(k).(x, 1) = a + k b at each site, whatever its sign: (a, b)."""
        start, end = self.rays
        found = []
        for site in self.problem.sites:
            first, last = dot(start, site.row), dot(end, site.row)
            found.append((first, last - first))
        return tuple(found)

    @cached_property
    def shifts(self) -> tuple[tuple[fmpq, fmpq], ...]:
        """For each upper unit a + k b = its kink's height, or 0 (also of the group)."""
        return tuple(
            self.heights[kinks[0]] if kinks and self.row[kinks[0]] == "+" else (fmpq(0), fmpq(0))
            for kinks in self.kinks
        )

    @cached_property
    def kinks(self) -> tuple[tuple[int, ...], ...]:
        """For each upper unit the sites of its only kink."""
        return tuple(next(iter(self.stratum.kinks(1, unit)), ()) for unit in range(len(self.upper)))

    @cached_property
    def square(self) -> tuple[fmpq, fmpq, fmpq]:
        """|e(k)|^2 as a polynomial in k."""
        start, end = self.rays
        turn = (end[0] - start[0], end[1] - start[1])
        return dot(start, start), 2 * dot(start, turn), dot(turn, turn)

    @property
    def least(self) -> fmpq:
        """A positive lower bound of |e(k)|^2: its minimum over all k."""
        constant, linear, quadratic = self.square
        return constant - linear * linear / (4 * quadratic) if quadratic else constant

    @cached_property
    def highest(self) -> fmpq:
        """An upper bound of s |e|^2 and of the sum of all T at stationary points (Lemma D23)."""
        problem = self.problem
        columns = zip(problem.sites, problem.means, zip(*self.upper, strict=True), strict=True)
        terms = (site.count * y * y for site, y, column in columns if "+" in column)
        return sum(terms, start=fmpq(0)) / (4 * problem.effective_ridge)

    @property
    def is_excluded(self) -> bool:
        """Whether no stationary point can be here (Lemmas D23 and D24).

        Units are twins, one has two kinks, or there is nothing to fit.
        """
        positive = [tuple(s == "+" for s in row) for row in self.upper]
        kinks = (len(self.stratum.kinks(1, unit)) for unit in range(len(self.upper)))
        return len(set(positive)) < len(positive) or max(kinks) > 1 or self.highest == 0


def _shrunk(ray: Ray) -> Ray:
    """Return a positive multiple of norm between 1/2 and 2."""
    size = max(abs(ray[0]), abs(ray[1]))
    scale = fmpq(1)
    while size * scale > 1:
        scale /= 2
    while size * scale <= fmpq(1, 2):
        scale *= 2
    return ray[0] * scale, ray[1] * scale


@dataclass(frozen=True, eq=False)
class FanBatch:
    """B fans with m units in layer 2 over n sites, in doubles.

    Parameters
    ----------
    fans : sequence of Fan
    """

    fans: Sequence[Fan]

    def __len__(self) -> int:
        return len(self.fans)

    @property
    def problem(self) -> Problem:
        """The problem, the same for all."""
        return self.fans[0].problem

    @property
    def width(self) -> int:
        """The number of upper units."""
        return len(self.fans[0].upper)

    @cached_property
    def upper(self) -> np.ndarray:
        """Signs of the upper units, (B, m, n)."""
        return np.array([[list(row) for row in fan.upper] for fan in self.fans])

    @cached_property
    def lower(self) -> np.ndarray:
        """Signs of the first-layer unit, (B, n)."""
        return np.array([list(fan.row) for fan in self.fans])

    @cached_property
    def plus(self) -> np.ndarray:
        """1 where the first-layer unit is +, (B, n)."""
        return (self.lower == "+").astype(float)

    @cached_property
    def masks(self) -> np.ndarray:
        """1 where upper units are +, (B, m, n)."""
        return (self.upper == "+").astype(float)

    @cached_property
    def wanted(self) -> np.ndarray:
        """1 or -1 where an upper unit is + or - at a site that matters, (B, m, n)."""
        signs = self.masks - (self.upper == "-")
        return signs * (self.lower != ".")[:, None, :]

    @cached_property
    def active(self) -> np.ndarray:
        """Where any upper unit is +, (B, n)."""
        return (self.upper == "+").any(1)

    @cached_property
    def free(self) -> np.ndarray:
        """1 for upper units without a kink, (B, m)."""
        return 1.0 - (self.upper == "0").any(2)

    @cached_property
    def turning(self) -> np.ndarray:
        """Which first-layer units have a free direction, (B,)."""
        return np.array([fan.is_turning for fan in self.fans])

    @cached_property
    def heights(self) -> np.ndarray:
        """Coefficients of the first-layer heights, (B, n, 2)."""
        return _in_doubles([fan.heights for fan in self.fans])

    @cached_property
    def shifts(self) -> np.ndarray:
        """Coefficients of the heights at the upper kinks, (B, m, 2)."""
        return _in_doubles([fan.shifts for fan in self.fans])

    @cached_property
    def square(self) -> np.ndarray:
        """Coefficients of |e(k)|^2, (B, 3)."""
        return _in_doubles([fan.square for fan in self.fans])

    @cached_property
    def targets(self) -> np.ndarray:
        """Mean targets where an upper unit is +, else 0, (B, n)."""
        return _in_doubles(self.problem.means) * self.active

    @cached_property
    def diagonal(self) -> np.ndarray:
        """Ridge over counts where an upper unit is +, else 1, (B, n)."""
        ridge, sites = self.problem.effective_ridge, self.problem.sites
        return np.where(self.active, _in_doubles([ridge / site.count for site in sites]), 1.0)

    @cached_property
    def highest(self) -> np.ndarray:
        """Upper bounds of s |e|^2 and of the sum of T at stationary points, (B,) (Lemma D23)."""
        return _in_doubles([fan.highest for fan in self.fans])

    @cached_property
    def ends(self) -> np.ndarray:
        """Logarithms of s between which all happens, (B, 2).

        Below, s sum(T) heights^2 is so small a part of the ridge that nothing changes any more.
        """
        top = np.log(self.highest / _in_doubles([fan.least for fan in self.fans]))
        heights = np.abs(self.heights).sum(2).max(1)
        pull = self.highest * heights**2 * self.diagonal.shape[1]
        bottom = np.log(NEGLIGIBLE * self.diagonal.min(1) / pull)
        return np.stack([np.minimum(bottom, top - 1), top], 1)


def _in_doubles(numbers: Sequence) -> np.ndarray:
    """Return rational numbers in nested sequences as doubles."""
    return np.array(numbers, dtype=object).astype(float)
