"""Relatively open polyhedral cones, and the signs of linear forms on them, over the integers.

The double description method: a cone is a linear space plus all positive combinations of some
rays, and a hyperplane cuts it into at most three such cones. No linear program is needed.
`sign_rows` cuts many cones at once, in arrays.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import gcd
from operator import mul
from typing import Self

import numpy as np

Integers = tuple[int, ...]


Ray = tuple[Integers, int]
"""A vector, and the forms that vanish on it as the bits of a number."""


MOST_FORMS = 62
"""How many forms, of a cone and on it, fit into the bits of a machine number."""


SAFE = 2.0**62
"""Whole numbers below are exact in machine numbers, and so are their sums of two."""


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


@dataclass(frozen=True, eq=False)
class _Parts:
    """Pointed cones in arrays: the values of all forms at each ray, its zeros, and its cone.

    Parameters
    ----------
    values : (R, n) array of whole numbers
    zeros : (R,) array of int
        The forms that vanish on a ray, as bits.
    cone : (R,) array of int
        In increasing order.
    signs : (C, k) array of int
        Of the forms that have cut the cones.
    owner : (C,) array of int
        Of which cone each is a part.
    """

    values: np.ndarray
    zeros: np.ndarray
    cone: np.ndarray
    signs: np.ndarray
    owner: np.ndarray


def can_be_cut_together(cone: Cone, forms: Sequence[Integers]) -> bool:
    """Whether `sign_rows` takes a cone: it has one line, where the first form does not vanish."""
    few = cone.forms + len(forms) <= MOST_FORMS
    return few and len(cone.lines) == 1 and _dot(forms[0], cone.lines[0]) != 0


def sign_rows(
    cones: Sequence[Cone], forms: Sequence[Sequence[Integers]]
) -> tuple[np.ndarray, np.ndarray]:
    """Return all sign vectors of forms on cones.

    Parameters
    ----------
    cones : sequence of Cone
        All in one space, cut by equally many forms, as `can_be_cut_together` asks.
    forms : sequence of sequences of integer vectors
        Equally many for each cone.

    Returns
    -------
    (S,) array of int, (S, n) array of int
        The cone, and its signs 1, 0, -1.

    Examples
    --------
    >>> line = Cone.space(1)
    >>> sign_rows([line, line], [[(1,), (2,)], [(1,), (-1,)]])[1].tolist()
    [[1, 1], [0, 0], [-1, -1], [1, -1], [0, 0], [-1, 1]]
    """
    before, count = cones[0].forms, len(forms[0])
    parts = _without_line(cones, forms)
    for k in range(1, count):
        parts = _cut(parts, k, before + k, cones[0].dimension - 2, k + 1 == count)
    return parts.owner, parts.signs


def _without_line(cones: Sequence[Cone], forms: Sequence[Sequence[Integers]]) -> _Parts:
    """Cut cones by the first form, which has every sign on their lines."""
    before, values, zeros, cone = cones[0].forms, [], [], []
    for k, (one, rows) in enumerate(zip(cones, forms, strict=True)):
        line = [_dot(form, one.lines[0]) for form in rows]
        if line[0] < 0:
            line = [-entry for entry in line]
        flat = []
        for vector, tight in one.rays:
            at = [_dot(form, vector) for form in rows]
            flat.append((_weighted_sum(line[0], at, -at[0], line), tight | 1 << before))
        along = ((tuple(line), (1 << before) - 1), None, (_multiple(-1, line), (1 << before) - 1))
        for sign, ray in enumerate(along):
            rays = [*flat, ray] if ray else flat
            values += [vector for vector, _ in rays]
            zeros += [tight for _, tight in rays]
            cone += [3 * k + sign] * len(rays)
    signs = np.tile(np.array([[1], [0], [-1]], dtype=np.int8), (len(cones), 1))
    found = np.array(values, dtype=object).reshape(len(values), len(forms[0]))
    cone, owner = np.array(cone, dtype=int), np.repeat(np.arange(len(cones)), 3)
    return _Parts(_machine(found), np.array(zeros, dtype=np.int64), cone, signs, owner)


def _machine(numbers: np.ndarray) -> np.ndarray:
    return numbers.astype(np.int64) if _largest(numbers) < SAFE else numbers


def _largest(numbers: np.ndarray) -> int:
    return int(np.abs(numbers).max(initial=0))


def _cut(parts: _Parts, k: int, bit: int, rank: int, is_last: bool) -> _Parts:
    """Cut all cones by form number k."""
    height, cone, count = parts.values[:, k], parts.cone, len(parts.owner)
    side = (height > 0).astype(np.int8) - (height < 0)
    above = np.bincount(cone[side > 0], minlength=count)
    below = np.bincount(cone[side < 0], minlength=count)
    mixed = (above > 0) & (below > 0)
    children = np.where(mixed, 3, 1)
    first = np.cumsum(children) - children
    parent = np.repeat(np.arange(count), children)
    alone = np.where(above > 0, 1, np.where(below > 0, -1, 0))
    new = np.where(mixed[parent], 1 - (np.arange(len(parent)) - first[parent]), alone[parent])
    signs = np.concatenate([parts.signs[parent], new[:, None].astype(np.int8)], 1)
    owner = parts.owner[parent]
    if is_last:
        return _Parts(parts.values[:0], parts.zeros[:0], cone[:0], signs, owner)
    up, down, common = _edges(parts, side, mixed, below, rank)
    crossing = _crossings(parts.values, height, up, down)
    zeros = np.concatenate([parts.zeros | (side == 0).astype(np.int64) << bit, common | 1 << bit])
    split, at = mixed[cone], first[cone]
    ray = np.arange(len(cone))
    kept = [
        ray[~split],
        ray[split & (side >= 0)],
        ray[split & (side == 0)],
        ray[split & (side <= 0)],
    ]
    places = [at[rays] + shift for rays, shift in zip(kept, (0, 0, 1, 2), strict=True)]
    for shift in range(3):
        kept.append(len(cone) + np.arange(len(up)))
        places.append(at[up] + shift)
    rays, place = np.concatenate(kept), np.concatenate(places)
    order = np.argsort(place, kind="stable")
    values = _machine_joined(parts.values, crossing)
    return _Parts(values[rays[order]], zeros[rays[order]], place[order], signs, owner)


def _edges(
    parts: _Parts, side: np.ndarray, mixed: np.ndarray, below: np.ndarray, rank: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the pairs of rays on both sides that span a face, and the zeros of these faces."""
    cone, zeros = parts.cone, parts.zeros
    up = np.flatnonzero((side > 0) & mixed[cone])
    low = np.flatnonzero((side < 0) & mixed[cone])
    count = np.where(mixed, below, 0)
    up, place = _ranges(up, count[cone[up]], (np.cumsum(count) - count)[cone[up]])
    down = low[place]
    common = zeros[up] & zeros[down]
    likely = np.bitwise_count(common) >= rank
    up, down, common = up[likely], down[likely], common[likely]
    size = np.bincount(cone, minlength=len(mixed))
    pair, ray = _ranges(np.arange(len(up)), size[cone[up]], (np.cumsum(size) - size)[cone[up]])
    on_face = zeros[ray] & common[pair] == common[pair]
    spans = np.bincount(pair[on_face], minlength=len(up)) == 2
    return up[spans], down[spans], common[spans]


def _ranges(
    items: np.ndarray, counts: np.ndarray, starts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return each item as often as its count, with the numbers from its start on."""
    before = np.repeat(np.cumsum(counts) - counts, counts)
    return np.repeat(items, counts), np.repeat(starts, counts) + np.arange(len(before)) - before


def _crossings(
    values: np.ndarray, height: np.ndarray, up: np.ndarray, down: np.ndarray
) -> np.ndarray:
    """Return the values of all forms where segments between rays cross a form."""
    if _largest(values) ** 2 >= SAFE:
        values, height = values.astype(object), height.astype(object)
    found = height[up, None] * values[down] - height[down, None] * values[up]
    return found // np.maximum(np.gcd.reduce(found, axis=1), 1)[:, None]


def _machine_joined(values: np.ndarray, others: np.ndarray) -> np.ndarray:
    return _machine(np.concatenate([values, others]))
