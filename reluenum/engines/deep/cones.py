"""Relatively open polyhedral cones, and the signs of linear forms on them, over the integers.

The double description method: a cone is a linear space plus all positive combinations of some
rays, and a hyperplane cuts it into at most three such cones. No linear program is needed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import gcd
from operator import mul
from typing import Self

Integers = tuple[int, ...]
Ray = tuple[Integers, int]
"""A vector, and the forms that vanish on it as the bits of a number."""


@dataclass(frozen=True)
class Cone:
    """The sums of a vector of a linear space and of all rays with positive weights.

    Parameters
    ----------
    dimension : int
        Of the space around.
    lines : tuple of integer vectors
        A basis of the linear space.
    rays : tuple of (vector, int)
        One on each edge of the cone, modulo the linear space.
    forms : int
        How many forms have cut the cone.

    Examples
    --------
    The quadrant x > 0, y > 0 cut by x = y:

    >>> plane = Cone.space(2)
    >>> quadrant = dict(dict(plane.split((1, 0)))["+"].split((0, 1)))["+"]
    >>> [(sign, part.vectors) for sign, part in quadrant.split((1, -1))]
    [('+', ((1, 0), (1, 1))), ('0', ((1, 1),)), ('-', ((0, 1), (1, 1)))]
    >>> [sign for sign, _ in quadrant.split((1, 1))]
    ['+']
    """

    dimension: int
    lines: tuple[Integers, ...]
    rays: tuple[Ray, ...] = ()
    forms: int = 0

    @classmethod
    def space(cls, dimension: int) -> Self:
        """Return the whole space."""
        return cls(dimension, tuple(_axis(k, dimension) for k in range(dimension)))

    @cached_property
    def vectors(self) -> tuple[Integers, ...]:
        """The rays without what vanishes on them."""
        return tuple(vector for vector, _ in self.rays)

    @property
    def point(self) -> Integers:
        """A point of the cone."""
        return tuple(map(sum, zip(*self.vectors, strict=True))) or (0,) * self.dimension

    def __mul__(self, other: Self) -> Self:
        """Return the product of two cones."""
        before, after = (0,) * self.dimension, (0,) * other.dimension
        left, right = (1 << self.forms) - 1, ((1 << other.forms) - 1) << self.forms
        return type(self)(
            self.dimension + other.dimension,
            (*(v + after for v in self.lines), *(before + v for v in other.lines)),
            (
                *((v + after, zeros | right) for v, zeros in self.rays),
                *((before + v, zeros << self.forms | left) for v, zeros in other.rays),
            ),
            self.forms + other.forms,
        )

    def split(self, form: Sequence[int]) -> Iterator[tuple[str, Self]]:
        """Yield the parts on which a linear form is +, 0 and -, as far as there are such."""
        bit = 1 << self.forms
        line = next((line for line in self.lines if _dot(form, line)), None)
        if line is not None:
            yield from self._halved(form, line, bit)
            return
        values = [_dot(form, vector) for vector in self.vectors]
        if not (any(value > 0 for value in values) and any(value < 0 for value in values)):
            rays = zip(self.rays, values, strict=True)
            kept = tuple((v, zeros if value else zeros | bit) for (v, zeros), value in rays)
            sign = next(("+" if value > 0 else "-" for value in values if value), "0")
            yield sign, self._part(self.lines, kept)
            return
        sides = {1: [], 0: [], -1: []}
        for ray, value in zip(self.rays, values, strict=True):
            sides[(value > 0) - (value < 0)].append((*ray, value))
        level = [(vector, zeros | bit) for vector, zeros, _ in sides[0]]
        level += [
            (primitive_integers(_weighted_sum(-low, up, high, down)), ups & downs | bit)
            for up, ups, high in sides[1]
            for down, downs, low in sides[-1]
            if self._adjacent(ups & downs)
        ]
        for sign, side in (("+", 1), ("0", 0), ("-", -1)):
            outer = [(vector, zeros) for vector, zeros, _ in sides[side]] if side else []
            yield sign, self._part(self.lines, (*outer, *level))

    def _adjacent(self, common: int) -> bool:
        """Whether two rays with these common zeros span a face: no third one lies on it."""
        return sum(zeros & common == common for _, zeros in self.rays) == 2

    def _halved(self, form: Sequence[int], line: Integers, bit: int) -> Iterator[tuple[str, Self]]:
        """Yield the parts if the form does not vanish on some line of the cone."""
        height = _dot(form, line)
        line = _multiple(1 if height > 0 else -1, line)
        height = abs(height)

        def flat(vector: Integers) -> Integers:
            return primitive_integers(_weighted_sum(height, vector, -_dot(form, vector), line))

        lines = tuple(flat(v) for v in self.lines if v not in (line, _multiple(-1, line)))
        rays = tuple((flat(vector), zeros | bit) for vector, zeros in self.rays)
        tight = bit - 1
        yield "+", self._part(lines, (*rays, (line, tight)))
        yield "0", self._part(lines, rays)
        yield "-", self._part(lines, (*rays, (_multiple(-1, line), tight)))

    def _part(self, lines: tuple[Integers, ...], rays: tuple[Ray, ...]) -> Self:
        return type(self)(self.dimension, lines, rays, self.forms + 1)


def _dot(form: Sequence[int], vector: Sequence[int]) -> int:
    return sum(map(mul, form, vector))


def _weighted_sum(left: int, u: Integers, right: int, v: Integers) -> Integers:
    """Return left u + right v."""
    return tuple(left * x + right * y for x, y in zip(u, v, strict=True))


def _multiple(factor: int, vector: Integers) -> Integers:
    return tuple(factor * entry for entry in vector)


def primitive_integers(vector: Integers) -> Integers:
    """Return the positive multiple of a vector with coprime entries."""
    content = gcd(*vector)
    return vector if content <= 1 else tuple(entry // content for entry in vector)


def _axis(k: int, dimension: int) -> Integers:
    return tuple(int(j == k) for j in range(dimension))
