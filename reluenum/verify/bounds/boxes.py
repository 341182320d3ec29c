"""Boxes of first layers, with what is known of the second layer."""

import re
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any

from flint import fmpq

from ..reals import dot, require
from .cones import Cone

Row = tuple[int, int]  # of signs of an upper unit: of its output weight, and a mask of sites
Slot = tuple[int, int, int]  # what is known of one: sign or 0, masks of sites inside and outside


@dataclass(frozen=True)
class Box:
    """First layers between two corners, along the rays of a cone for each unit."""

    cones: tuple[Cone, ...]
    low: tuple[fmpq, ...]
    high: tuple[fmpq, ...]
    slots: tuple[Slot, ...]
    places: tuple[tuple[int, int], ...]  # the cone of each first-layer unit, and its face

    def cut(self, text: str) -> tuple["Box", "Box"]:
        """Claim B4: a box is the union of its halves, and of what two answers leave of it.

        Yes is said of one upper unit; no of all units of which as much is known, since one of them
        with yes could be put in its place.
        """
        axis = re.fullmatch(r"x([0-9]{1,4})", text, re.ASCII)
        if axis:
            k = int(axis[1])
            middle = (self.low[k] + self.high[k]) / 2
            return self._with(high=_put(self.high, k, middle)), self._with(
                low=_put(self.low, k, middle)
            )
        asked = re.fullmatch(r"s([0-9]{1,4})(?::([0-9]{1,4}))?", text, re.ASCII)
        require(asked is not None, f"{text[:40]!r} is no cut")
        slot, site = int(asked[1]), None if asked[2] is None else int(asked[2])
        old = self.slots[slot]
        yes = _put(self.slots, slot, _told(old, site, True))
        no = tuple(_told(old, site, False) if other == old else other for other in self.slots)
        return self._with(slots=yes), self._with(slots=no)

    def _with(self, **changed: Any) -> "Box":
        return Box(**{**self.__dict__, **changed})

    def unit(self, j: int) -> slice:
        """Return the coordinates of a first-layer unit."""
        depth = len(self.low) // len(self.cones)
        return slice(j * depth, (j + 1) * depth)

    def useless(self, radius: fmpq) -> bool:
        """Claim B5: all first layers are too long, or units of equal faces are out of order."""
        depth = len(self.low) // len(self.cones)
        unsorted = any(
            a == b and self.high[j * depth] < self.low[(j + 1) * depth]
            for j, (a, b) in enumerate(pairwise(self.places))
        )
        return unsorted or self.shortest() > radius**2

    def shortest(self) -> fmpq:
        """Return the least |V|^2, at the lower corner: no two rays are at an obtuse angle."""
        found = fmpq(0)
        for j, cone in enumerate(self.cones):
            low = self.low[self.unit(j)]
            found += dot(low, [dot(line, low) for line in cone.products])
        return found

    def rows(self, size: int) -> list[Row]:
        """Claim B6: the signs of an upper unit.

        It is active above every site where it is active, for some signs of its weights: a site is
        above another if each feature is not lower there, or not higher if the weight is negative.
        """
        pairs, units = list(product(range(size), repeat=2)), range(len(self.cones))
        up = [{pair for pair in pairs if self.rises(j, *pair)} for j in units]
        down = [{pair[::-1] for pair in rising} for rising in up]
        orders = product(*zip(up, down, strict=True))
        found = set().union(*(closed(set.intersection(*order), size) for order in orders))
        return list(filter(self.allows, product((1, -1), sorted(found))))

    def allows(self, row: Row) -> bool:
        """Whether some upper unit may have a row."""
        return not self.slots or any(_allows(slot, row) for slot in self.slots)

    def rises(self, j: int, one: int, other: int) -> bool:
        """Whether the feature of a first-layer unit is nowhere lower at the other site."""
        heights, part = self.cones[j].heights, self.unit(j)
        slopes = [b - a for a, b in zip(heights[one], heights[other], strict=True)]
        ends = zip(slopes, self.low[part], self.high[part], strict=True)
        return sum((min(slope * low, slope * high) for slope, low, high in ends), fmpq(0)) >= 0


def closed(order: set[tuple[int, int]], size: int) -> set[int]:
    """Return the masks of some sites that hold, with each site, those that are above it."""
    arrows = [(1 << a, 1 << b) for a, b in order]
    masks = range(1, 1 << size)
    return {mask for mask in masks if all(mask & b or not mask & a for a, b in arrows)}


def _put(values: tuple, place: int, value: Any) -> tuple:
    return (*values[:place], value, *values[place + 1 :])


def _told(slot: Slot, site: int | None, answer: bool) -> Slot:
    sign, inside, outside = slot
    if site is None:
        return (1 if answer else -1, inside, outside)
    bit = 1 << site
    return (sign, inside | bit, outside) if answer else (sign, inside, outside | bit)


def _allows(slot: Slot, row: Row) -> bool:
    known = row[1] & slot[1] == slot[1] and not row[1] & slot[2]
    return known and slot[0] in (0, row[0])
