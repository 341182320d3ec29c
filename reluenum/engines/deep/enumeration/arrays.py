"""All arrays of signs that a network can have, up to permutation inside the layers.

Bottom up: while the signs below do not change, a unit's pre-activations are linear forms of
products of weights (`WeightCone`), so its sign rows are the parts into which these forms cut the
product of the cones below, for each choice of the signs of its weights. With one unit in every
layer above the first, that is exact; units of wider layers are taken to share nothing, which yields
too many strata and loses none. Rows are then cut down to what the equations see.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import (
    accumulate,
    combinations,
    combinations_with_replacement,
    islice,
    pairwise,
    product,
)
from operator import mul
from typing import Self

import numpy as np

from reluenum.algebra.linear import common_denominator
from reluenum.engines.deep.systems.flats import flat_basis
from reluenum.engines.deep.systems.stratum import ALIVE, DeepStratum
from reluenum.geometry.cones import (
    Cone,
    Integers,
    can_be_cut_together,
    primitive_integers,
    sign_rows,
)
from reluenum.problem import Problem

TOGETHER = 128
"""Choices of units below the last layer that are looked at together."""


PLUS, DOT, ZERO = b"+.0"
"""Signs as bytes; like texts, they are in the order + - . 0."""


@dataclass(frozen=True)
class WeightCone:
    """Where the weights of a unit, and copies of all units below it, have some sign row.

    Parameters
    ----------
    cone : Cone
    forms : tuple of integer vectors
        A positive multiple of the pre-activation at each site, the same for all units.
    """

    cone: Cone
    forms: tuple[Integers, ...]

    def rows(self) -> Iterator[tuple[str, Self]]:
        """Yield all sign rows of the unit."""
        shown = [primitive_integers(form) for form in self.forms]
        distinct = list(dict.fromkeys(shown))
        parts = [("", self.cone)]
        for form in distinct:
            parts = [(row + sign, part) for row, cone in parts for sign, part in cone.split(form)]
        places = [distinct.index(form) for form in shown]
        for row, cone in parts:
            yield "".join(row[k] for k in places), type(self)(cone, self.forms)


@dataclass(frozen=True)
class Unit:
    """A sign row, with the cones that have it."""

    row: str
    cones: list[WeightCone] = field(compare=False)


def _collected(rows: Iterable[tuple[str, WeightCone]]) -> list[Unit]:
    """Return the units of some rows, in order; those that are + nowhere are dead."""
    found: dict[str, list[WeightCone]] = {}
    for row, cone in rows:
        if "+" in row:
            found.setdefault(row, []).append(cone)
    return [Unit(row, found[row]) for row in sorted(found)]


def first_units(problem: Problem) -> list[Unit]:
    """Return the live faces of the first layer."""
    rows = [site.row for site in problem.sites]
    forms = tuple(tuple(int(x * common_denominator(row)) for x in row) for row in rows)
    return _collected(WeightCone(Cone.space(problem.dimension + 1), forms).rows())


def next_units(below: Sequence[Unit], scales: Sequence[int], every: bool) -> list[Unit]:
    """Return the units that can stand on a layer.

    Parameters
    ----------
    below : sequence of Unit
        Of the layer.
    scales : sequence of int
        The multiples of the pre-activations that forms are, by site.
    every : bool
        Whether each unit below has a weight; else some weights may vanish.
    """
    return _collected(found for cone in _stacks(below, scales, every) for found in cone.rows())


def _stacks(below: Sequence[Unit], scales: Sequence[int], every: bool) -> Iterator[WeightCone]:
    """Yield the cones of a unit on a layer, for all signs of its weights."""
    for weights in product((1, -1) if every else (1, 0, -1), repeat=len(below)):
        for cones in product(
            *(u.cones[: None if w else 1] for u, w in zip(below, weights, strict=True))
        ):
            yield _stacked([u.row for u in below], cones, weights, scales)


def _stacked(
    rows: Sequence[str], cones: Sequence[WeightCone], weights: Sequence[int], scales: Sequence[int]
) -> WeightCone:
    """Return the cone of a unit on others, with weights of the given signs and any bias."""
    used = [k for k, weight in enumerate(weights) if weight]
    cone = reduce(mul, [*(cones[k].cone for k in used), Cone.space(1)])
    forms = []
    for site, scale in enumerate(scales):
        parts = [
            tuple((weights[k] * (rows[k][site] == "+")) * e for e in cones[k].forms[site])
            for k in used
        ]
        forms.append((*(e for part in parts for e in part), scale))
    return WeightCone(cone, tuple(forms))


def arrays(problem: Problem, widths: Sequence[int]) -> Iterator[list[np.ndarray]]:
    """Yield all sign rows, of all sites, of every layer; in a layer, rows may be equal (Lemma D7).

    Parameters
    ----------
    problem : Problem
    widths : sequence of int
        How many rows a layer has: positive, for two layers or more.

    Yields
    ------
    list of (S, rows, n) arrays of bytes
        A layer each, for S choices of rows.
    """
    *lower, last = widths
    scales = [int(common_denominator(site.row)) for site in problem.sites]

    def grown(layer: int, units: Sequence[Unit]) -> Iterator[list[list[Unit]]]:
        choose = combinations if widths[layer + 1] == 1 else combinations_with_replacement
        for chosen in map(list, choose(units, lower[layer])):
            if layer + 1 == len(lower):
                yield [chosen]
            else:
                above = next_units(chosen, scales, every=widths[layer + 1] == 1)
                yield from ([chosen, *rest] for rest in grown(layer + 1, above))

    towers = grown(0, first_units(problem))
    while part := list(islice(towers, TOGETHER)):
        stacks = [list(_stacks(tower[-1], scales, last == 1)) for tower in part]
        owner, rows = _rows_together(stacks)
        if last > 1:
            owner, rows = _rows_chosen(owner, rows, last)
        else:
            rows = rows[:, None, :]
        below = (
            _bytes_of([[u.row for u in tower[k]] for tower in part]) for k in range(len(lower))
        )
        yield [*(layer[owner] for layer in below), rows]


def _bytes_of(rows: Sequence[Sequence[str]]) -> np.ndarray:
    """Return equally many equally long texts in each item as an array of bytes."""
    joined = "".join("".join(texts) for texts in rows).encode()
    return np.frombuffer(joined, dtype=np.uint8).reshape(len(rows), len(rows[0]), -1)


def _rows_together(stacks: Sequence[Sequence[WeightCone]]) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct live rows of all cones of each item: its number, and their bytes."""
    numbers = np.repeat(np.arange(len(stacks)), list(map(len, stacks)))
    every = [cone for cones in stacks for cone in cones]
    forms = [[primitive_integers(form) for form in one.forms] for one in every]
    cones = [one.cone for one in every]
    alike = len({(cone.dimension, cone.forms) for cone in cones}) == 1
    if alike and all(map(can_be_cut_together, cones, forms)):
        owner, signs = sign_rows(cones, forms)
        owner, rows = numbers[owner], np.frombuffer(b"-0+", dtype=np.uint8)[signs + 1]
    else:
        found = [(k, row) for k, one in zip(numbers, every, strict=True) for row, _ in one.rows()]
        owner, rows = np.array([k for k, _ in found]), _bytes_of([[row] for _, row in found])[:, 0]
    live = (rows == PLUS).any(1)
    both = np.concatenate([owner[live, None].astype(">u4").view(np.uint8), rows[live]], 1)
    both = _distinct(both)
    return both[:, :4].copy().view(">u4")[:, 0].astype(int), both[:, 4:]


def _distinct(rows: np.ndarray) -> np.ndarray:
    """Return the different rows of a matrix of bytes, in increasing order."""
    whole = np.ascontiguousarray(rows).view(np.dtype((np.void, rows.shape[1])))[:, 0]
    return np.unique(whole).view(np.uint8).reshape(-1, rows.shape[1])


def _rows_chosen(owner: np.ndarray, rows: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return all choices of some rows of each owner, in order."""
    owners, chosen = [], []
    for start, stop in pairwise([*np.flatnonzero(np.diff(owner, prepend=-1)), len(owner)]):
        places = list(combinations_with_replacement(range(start, stop), width))
        owners += [owner[start]] * len(places)
        chosen += places
    return np.array(owners, dtype=int), rows[np.array(chosen, dtype=int).reshape(-1, width)]


def realisable(problem: Problem, widths: Sequence[int]) -> list[DeepStratum]:
    """Return the strata of so many live units in each layer: what `arrays` leaves on sites seen."""
    size, found = (
        len(problem.sites),
        np.zeros((0, sum(widths) * len(problem.sites)), dtype=np.uint8),
    )
    for layers in arrays(problem, widths):
        found = _distinct(np.concatenate([found, _dotted_rows(layers)]))
    ends = list(accumulate(widths, initial=0))
    texts = (line.tobytes().decode() for line in found)
    rows = ([text[k : k + size] for k in range(0, len(text), size)] for text in texts)
    strata = (DeepStratum(tuple(tuple(row[a:b]) for a, b in pairwise(ends))) for row in rows)
    return [stratum for stratum in strata if has_ranks(problem, stratum)]


def _dotted_rows(layers: Sequence[np.ndarray]) -> np.ndarray:
    """Return what `DeepStratum.of` makes of rows, one line a stratum, if all are live."""
    count, _, size = layers[-1].shape
    relevant, live, shown = np.ones((count, size), bool), np.ones(count, bool), []
    for layer in reversed(layers):
        dotted = np.where(relevant[:, None, :], layer, DOT)
        live &= (dotted == PLUS).any(2).all(1)
        relevant = ((dotted == PLUS) | (dotted == ZERO)).any(1)
        ordered = np.sort(dotted.view(f"S{size}")[:, :, 0], axis=1)
        shown.append(ordered.view(np.uint8).reshape(count, -1))
    return np.concatenate(shown[::-1], 1)[live]


def has_ranks(problem: Problem, stratum: DeepStratum) -> bool:
    """Whether no row occurs more often than the rank of such a group can be (Lemma D7).

    It is at most the number of rows above that pass on something at the group's sites, and the
    dimension of the space of its incoming vectors. Fewer equal units are a smaller stratum.
    """
    return all(
        rank <= min(_fed(stratum, layer, row), _room(problem, stratum, layer, row))
        for layer, rows in enumerate(stratum.layers)
        for row, rank in Counter(rows).items()
        if rank > 1
    )


def _fed(stratum: DeepStratum, layer: int, row: str) -> int:
    """Return how many units above have a slope or a multiplier at a site where a row is +."""
    if layer + 1 == stratum.depth:
        return 1
    sites = [i for i, sign in enumerate(row) if sign == "+"]
    return sum(any(above[i] in ALIVE for i in sites) for above in stratum.layers[layer + 1])


def _room(problem: Problem, stratum: DeepStratum, layer: int, row: str) -> int:
    """Return the dimension, at most, of the space of a unit's incoming vectors."""
    unit = stratum.layers[layer].index(row)
    if layer == 0:
        return len(flat_basis(problem, stratum, unit))
    return len(stratum.layers[layer - 1]) + 1 - bool(stratum.kinks(layer, unit))
