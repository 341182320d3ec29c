"""Boxes of first-layer vectors, with what is known of the signs of the second layer."""

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import pairwise, product
from typing import NamedTuple, Self

import numpy as np

from reluenum.algebra.linear import dot
from reluenum.convex.deep.cones import SimplicialCone, first_layer_cones
from reluenum.problem import Problem

ROUNDING = 1e-12
"""Relative error of every sum in these modules, with room: they have far fewer than 4000 terms."""


@dataclass(frozen=True, eq=False)
class TwoLayers:
    """A problem with two hidden layers, in doubles, by sites.

    Parameters
    ----------
    problem : Problem
    """

    problem: Problem

    @cached_property
    def cones(self) -> tuple[SimplicialCone, ...]:
        """Of first-layer vectors."""
        return first_layer_cones(self.problem)

    @property
    def depth(self) -> int:
        """Number of coordinates of a first-layer unit, d + 1."""
        return self.problem.dimension + 1

    @property
    def axes(self) -> int:
        """Number of coordinates of a first layer."""
        return self.depth * self.problem.width

    @property
    def size(self) -> int:
        """Number of sites."""
        return len(self.problem.sites)

    @cached_property
    def targets(self) -> np.ndarray:
        """Mean target of each site."""
        return np.array([float(mean) for mean in self.problem.means])

    @cached_property
    def counts(self) -> np.ndarray:
        """Number of data points of each site."""
        return np.array([float(site.count) for site in self.problem.sites])

    @cached_property
    def ridge(self) -> float:
        """The effective ridge."""
        return float(self.problem.effective_ridge)

    @cached_property
    def heights(self) -> list[np.ndarray]:
        """Of each cone, (s, d + 1)."""
        return [np.array(_float_rows(cone.heights)) for cone in self.cones]

    @cached_property
    def lengths(self) -> list[np.ndarray]:
        """Inner products of the rays of each cone, (d + 1, d + 1)."""
        return [
            np.array(_float_rows([[dot(a, b) for b in cone.rays] for a in cone.rays]))
            for cone in self.cones
        ]

    @cached_property
    def rises(self) -> list[np.ndarray]:
        """What is higher at one site than at another for each ray of each cone, (s, s, d + 1)."""
        return [
            np.array(
                [
                    _float_rows([[b - a for a, b in zip(low, high, strict=True)] for high in rows])
                    for low in rows
                ]
            )
            for rows in (cone.heights for cone in self.cones)
        ]

    def part(self, unit: int) -> slice:
        """Return the coordinates of a first-layer unit."""
        return slice(unit * self.depth, (unit + 1) * self.depth)


def _float_rows(rows: object) -> list[list[float]]:
    return [[float(entry) for entry in row] for row in rows]


class Slot(NamedTuple):
    """What is known of a unit of the second layer.

    Parameters
    ----------
    sign : int
        Of its output weight, 0 if unknown.
    inside, outside : int
        Masks of sites where it is active, and where it is not.
    """

    sign: int = 0
    inside: int = 0
    outside: int = 0

    def allows(self, row: "Row") -> bool:
        """Whether a row may be that of the unit."""
        sign, active = row
        known = active & self.inside == self.inside and not active & self.outside
        return known and self.sign in (0, sign)

    def told(self, site: int | None, answer: bool) -> Self:
        """Return what is known with the answer: active at a site, or of positive sign (None)."""
        if site is None:
            return self._replace(sign=1 if answer else -1)
        key = "inside" if answer else "outside"
        return self._replace(**{key: getattr(self, key) | 1 << site})


class Row(NamedTuple):
    """Signs of a unit of the second layer: that of its output weight, and a mask of sites."""

    sign: int
    active: int


@dataclass(frozen=True, eq=False)
class Box:
    """First-layer vectors in cones, and second-layer units of some signs.

    Parameters
    ----------
    cones : (L_1,) tuple of int
        Of each unit, in order.
    low, high : (p,) array
        Coordinates along the rays: dyadic numbers.
    slots : tuple of Slot
        One for each unit of the second layer; none if there may be any number of them.
    faces : (L_1,) tuple of int
        The coordinate that is 0 of each unit; -1 of the first unit of each cone.
    """

    cones: tuple[int, ...]
    low: np.ndarray
    high: np.ndarray
    slots: tuple[Slot, ...]
    faces: tuple[int, ...]

    @property
    def center(self) -> np.ndarray:
        """The middle."""
        return (self.low + self.high) / 2

    @property
    def radius(self) -> np.ndarray:
        """Half the widths."""
        return (self.high - self.low) / 2

    def halves(self, axis: int) -> tuple[Self, Self]:
        """Return the lower and the upper half along an axis."""
        middle = self.center[axis]
        low, high = self.low.copy(), self.high.copy()
        low[axis] = high[axis] = middle
        return replace(self, high=high), replace(self, low=low)

    def answers(self, slot: int, site: int | None) -> tuple[Self, Self]:
        """Return the box with either answer to a question about a unit of the second layer.

        No is the answer of all units of which the same is known: one with yes may be put first.
        """
        asked = self.slots[slot]
        yes = tuple(s.told(site, True) if k == slot else s for k, s in enumerate(self.slots))
        no = tuple(s.told(site, False) if s == asked else s for s in self.slots)
        return replace(self, slots=yes), replace(self, slots=no)

    def is_useless(self, of: TwoLayers, radius: float) -> bool:
        """Whether all first layers are longer than a radius, or the order of equal faces is wrong.

        Units of one face are in the order of their first coordinates, the largest one first.
        """
        places = zip(self.cones, self.faces, strict=True)
        firsts = [(place, of.part(j).start) for j, place in enumerate(places)]
        wrong = any(
            one == other and self.high[a] < self.low[b] for (one, a), (other, b) in pairwise(firsts)
        )
        return wrong or self.shortest(of) > radius * radius * (1 + ROUNDING)

    def shortest(self, of: TwoLayers) -> float:
        """Return the least |V|^2, at the lower corner, since no two rays are at an obtuse angle."""
        parts = ((of.lengths[cone], self.low[part]) for cone, part in self._parts(of))
        return float(sum(low @ products @ low for products, low in parts))

    def _parts(self, of: TwoLayers) -> list[tuple[int, slice]]:
        return [(cone, of.part(j)) for j, cone in enumerate(self.cones)]

    def features(self, of: TwoLayers) -> tuple[np.ndarray, np.ndarray]:
        """Return (h, 1) in the middle, (s, L_1 + 1), and its changes along e, (s, L_1 + 1, p).

        The coordinates e go from -1 to 1 along each axis.
        """
        middle = np.ones((of.size, len(self.cones) + 1))
        change = np.zeros((*middle.shape, of.axes))
        for j, (cone, part) in enumerate(self._parts(of)):
            middle[:, j] = of.heights[cone] @ self.center[part]
            change[:, j, part] = of.heights[cone] * self.radius[part]
        return middle, change

    def penalty(self, of: TwoLayers) -> tuple[float, np.ndarray, np.ndarray]:
        """Return |V|^2 as a polynomial in e: a number, a vector (p,) and a matrix (p, p)."""
        middle, radius = self.center, self.radius
        matrix = np.zeros((of.axes, of.axes))
        for cone, part in self._parts(of):
            matrix[part, part] = of.lengths[cone]
        return (
            float(middle @ matrix @ middle),
            2 * (matrix @ middle) * radius,
            matrix * np.outer(radius, radius),
        )

    def rows(self, of: TwoLayers) -> list[Row]:
        """Return the signs that a unit of the second layer may have somewhere in the box.

        With the weights' signs its pre-activation rises from a site to another, of which the
        features are surely not lower where the weight is positive, and not higher where negative.
        """
        above = np.array([self._surely_above(of, j) for j in range(len(self.cones))])
        active = _upper_sets(above.tobytes(), above.shape)
        return [
            row
            for mask in active
            for row in (Row(1, mask), Row(-1, mask))
            if not self.slots or any(slot.allows(row) for slot in self.slots)
        ]

    def _surely_above(self, of: TwoLayers, unit: int) -> np.ndarray:
        """Say for which pairs of sites a feature does not fall from the first to the second."""
        rises, part = of.rises[self.cones[unit]], of.part(unit)
        least = np.minimum(rises * self.low[part], rises * self.high[part]).sum(axis=-1)
        most = (np.abs(rises) * self.high[part]).sum(axis=-1)
        return (rises >= 0).all(axis=-1) | (least > ROUNDING * most)


@lru_cache(maxsize=4096)
def _upper_sets(above: bytes, shape: tuple[int, int, int]) -> list[int]:
    """Return the masks of sites that are closed upwards for some signs of the weights."""
    units, size, _ = shape
    table = np.frombuffer(above, dtype=bool).reshape(shape)
    found: set[int] = set()
    for signs in product((True, False), repeat=units):
        sides = (table[j] if sign else table[j].T for j, sign in enumerate(signs))
        order = np.logical_and.reduce(list(sides))
        needed = [sum(1 << k for k in np.flatnonzero(order[i])) for i in range(size)]
        found.update(
            mask
            for mask in range(1, 1 << size)
            if all(mask & more == more for i, more in enumerate(needed) if mask >> i & 1)
        )
    return sorted(found)
