"""Nearly all sets of hinges are rejected at once, in doubles with bounds of errors (Lemma 87)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, combinations, islice, product
from math import comb

import numpy as np
from flint import fmpq

from reluenum.algebra.decimals import double_of
from reluenum.engines.hinges.hinges import SLOPE, Hinges
from reluenum.engines.hinges.states import cells

BATCH = 1 << 14
"""Sets of cells that are looked at together."""

UNIT = 2.0**-52
"""Twice the relative error of one operation."""

TINY = 1e-290
"""More than what underflow adds up to."""

SLACK = 1.0 + 1e-9
"""Covers the rounding of the bounds themselves."""

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class SignedHinges:
    """Hinges that may be those of a vertex, with the signs of their factors."""

    edges: tuple[int, ...]
    signs: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class DoubleTables:
    """The exact tables of hinges in doubles, each entry rounded once, in units that suit them.

    Parameters
    ----------
    hinges : Hinges
    """

    hinges: Hinges

    @cached_property
    def total(self) -> fmpq:
        """The sum of the weights."""
        return sum(self.hinges.weights, start=fmpq(0))

    @cached_property
    def height(self) -> fmpq:
        """The largest target, as the unit of targets."""
        return max(map(abs, self.hinges.targets)) or fmpq(1)

    @cached_property
    def factors(self) -> list[fmpq]:
        """Powers of 2 that make the diagonal of `gram` about 1."""
        squares = (self.hinges.gram[e, e] / self.total for e in range(self.hinges.count))
        sizes = (int(q.p).bit_length() - int(q.q).bit_length() for q in squares)
        return [fmpq(2) ** -(size // 2) for size in sizes]

    @cached_property
    def gram(self) -> Array:
        """The matrix of inner products, scaled."""
        entries, factors = self.hinges.gram.entries(), self.factors
        scales = (one * other / self.total for one in factors for other in factors)
        found = [_double_near(e * scale) for e, scale in zip(entries, scales, strict=True)]
        return np.array(found).reshape(len(factors), len(factors))

    @cached_property
    def gains(self) -> Array:
        """The inner products with the targets, scaled."""
        pairs = zip(self.hinges.gains, self.factors, strict=True)
        return np.array([_double_near(gain * f / (self.height * self.total)) for gain, f in pairs])

    @cached_property
    def ridges(self) -> Array:
        """The ridge, scaled as each gain is."""
        unit = self.hinges.ridge / (self.height * self.total)
        return np.array([_double_near(unit * factor) for factor in self.factors])

    @cached_property
    def tails(self) -> tuple[Array, Array]:
        """The sums over the inputs behind each gap, of hinges (p + 1, count) and targets, scaled.

        The first row, of the gap before all inputs, is 0, as is the last one.
        """
        sums, targets = self.hinges.tails
        scales = [factor / self.total for factor in self.factors]
        rows = [[_double_near(e * s) for e, s in zip(row, scales, strict=True)] for row in sums]
        wanted = [_double_near(entry / (self.height * self.total)) for entry in targets]
        edge = [0.0] * self.hinges.count
        return np.array([edge, *rows, edge]), np.array([0.0, *wanted, 0.0])


def _double_near(value: fmpq) -> float:
    """Return the double next to a number; infinite if there is none."""
    try:
        return double_of(value)
    except OverflowError:
        return float("inf")


def signed_candidates(
    hinges: Hinges, width: int, told: Callable[[int], object] = int
) -> Iterator[SignedHinges]:
    """Yield signed sets of hinges, among them all vertices of minima (Lemma 83).

    Parameters
    ----------
    hinges : Hinges
    width : int
        Number of units: the sets are unions of so many cells or fewer, none of them empty.
    told : function
        Called with numbers of sets that have been looked at.
    """
    tables = DoubleTables(hinges)
    for sets in _independent(hinges, width, told):
        yield from _unrejected(tables, sets, sets.lone)


def stationary_candidates(hinges: Hinges, width: int) -> Iterator[SignedHinges]:
    """Yield signed sets of hinges, among them all whose factors have their signs (Lemma 115).

    Parameters
    ----------
    hinges : Hinges
    width : int
        Number of units, as for `signed_candidates`; their kinks need not be good.
    """
    tables = DoubleTables(hinges)
    for sets in _independent(hinges, width):
        yield from _unrejected(tables, sets, np.zeros_like(sets.lone))


def number_of_sets(hinges: Hinges, width: int) -> int:
    """Return how many sets of so many cells or fewer there are to look at."""
    count = len(cells(hinges)) if hinges.count else 0
    return sum(comb(count, number) for number in range(1, min(width, count) + 1))


@dataclass(frozen=True, eq=False)
class _Cells:
    """Sets of cells with so many hinges each, which are independent.

    Parameters
    ----------
    edges, factors : (B, k) arrays of int
        The hinges of each set, and the signs of their factors if all units have a > 0.
    owners : (k,) array of int
        To which cell of its set a hinge belongs.
    lone : (k,) array of bool
        Whether it is all of the cell.
    """

    edges: Array
    factors: Array
    owners: Array
    lone: Array


def _independent(
    hinges: Hinges, width: int, told: Callable[[int], object] = int
) -> Iterator[_Cells]:
    """Yield all sets of cells of so many units or fewer that are independent, in batches."""
    every = cells(hinges) if hinges.count else []
    for number in range(1, min(width, len(every)) + 1):
        chosen = combinations(range(len(every)), number)
        while batch := list(islice(chosen, BATCH)):
            yield from _of_batch(hinges, every, np.array(batch))
            told(len(batch))


def _of_batch(
    hinges: Hinges, every: Sequence[Sequence[tuple[int, int]]], batch: Array
) -> Iterator[_Cells]:
    """Yield the independent ones of sets of cells with one size, by their numbers of hinges."""
    doubled = np.array([len(cell) == 2 for cell in every])
    first = np.array([cell[0] for cell in every])
    second = np.array([cell[-1] for cell in every])
    pattern = doubled[batch]
    for kinds in np.unique(pattern, axis=0):
        rows = batch[(pattern == kinds).all(axis=1)]
        owners = list(chain.from_iterable([k] * (1 + two) for k, two in enumerate(kinds)))
        parts = [part for two in kinds for part in ((first, second) if two else (first,))]
        found = np.stack([part[rows[:, k]] for k, part in zip(owners, parts, strict=True)], axis=1)
        free = is_forest(hinges, found[..., 0])
        lone = np.array([not kinds[k] for k in owners])
        yield _Cells(found[free, :, 0], found[free, :, 1], np.array(owners), lone)


def is_forest(hinges: Hinges, edges: Array) -> Array:
    """Return for each row of hinges whether they are independent (Lemma 82)."""
    ends = np.array([hinges.ends(edge) for edge in range(hinges.count)])
    labels = ends[edges]
    free = np.ones(len(edges), dtype=bool)
    for k in range(edges.shape[1]):
        one, other = labels[:, k, 0].copy(), labels[:, k, 1].copy()
        free &= one != other
        labels = np.where(labels == other[:, None, None], one[:, None, None], labels)
    return free


def _unrejected(tables: DoubleTables, sets: _Cells, judged: Array) -> Iterator[SignedHinges]:
    """Yield the rows that Lemma 87 does not reject, with each choice of signs for the sets.

    Its first part is asked of hinges that are `judged` only.
    """
    if not len(sets.edges):
        return
    solver = _HingeBatch(tables, sets.edges)
    for chosen in product((1, -1), repeat=int(sets.owners[-1]) + 1):
        signs = sets.factors * np.array(chosen)[sets.owners]
        for row in np.nonzero(~solver.rejected(signs, judged))[0]:
            yield SignedHinges(tuple(map(int, sets.edges[row])), tuple(map(int, signs[row])))


class _HingeBatch:
    """The equations of many sets of hinges, all of one size, with approximate inverses."""

    def __init__(self, tables: DoubleTables, edges: Array) -> None:
        self.edges, (self.tails, self.target) = edges, tables.tails
        self.size, last = edges.shape[1], tables.hinges.size - 1
        place = np.where(edges < last, edges, edges - last + 1)
        self.behind = np.where(edges == SLOPE, 0, place + 1)
        self.before = np.where(edges == SLOPE, 0, place)
        self.gram = tables.gram[edges[:, :, None], edges[:, None, :]]
        self.gains, self.ridges = tables.gains[edges], tables.ridges[edges]
        with np.errstate(all="ignore"):
            self.inverse = _rough_inverses(self.gram)
            self.sizes = np.abs(self.inverse)
            eye = np.eye(self.size)
            error = np.abs(eye - self.inverse @ self.gram)
            error += (self.size + 4) * UNIT * (eye + self.sizes @ np.abs(self.gram)) + TINY
            self.defect = error.sum(axis=2).max(axis=1) * SLACK

    def rejected(self, signs: Array, judged: Array) -> Array:
        """Say of which rows no vertex of a minimum has these signs, if `judged` hinges are good."""
        with np.errstate(all="ignore"):
            slopes, error = self._slopes(signs)
            known = (self.defect < 0.5) & np.isfinite(error)
            wrong = (signs * slopes < -error[:, None]).any(axis=1)
            behind = self._derivatives(self.behind, slopes, error)
            before = self._derivatives(self.before, slopes, error)
            bad = (_surely(behind, signs) > 0) | (_surely(before, signs) < 0)
            moving = (_surely(behind, signs) != 0) & (_surely(before, signs) != 0)
            return known & (wrong | (bad & moving & judged).any(axis=1))

    def _slopes(self, signs: Array) -> tuple[Array, Array]:
        """Return the factors of the hinges, and how wrong any of them can be."""
        wanted = self.gains - signs * self.ridges
        slopes = np.einsum("bij,bj->bi", self.inverse, wanted)
        left = np.abs(wanted - np.einsum("bij,bj->bi", self.gram, slopes))
        sizes = np.abs(self.gains) + self.ridges
        sizes += np.einsum("bij,bj->bi", np.abs(self.gram), np.abs(slopes))
        left += (self.size + 4) * UNIT * sizes + TINY
        error = np.einsum("bij,bj->bi", self.sizes, left).max(axis=1) * SLACK
        return slopes, error / (1 - self.defect) * SLACK

    def _derivatives(self, gaps: Array, slopes: Array, error: Array) -> tuple[Array, Array]:
        """Return slopes of p_r in the gaps of each hinge, and how wrong each can be."""
        sums = self.tails[gaps[:, :, None], self.edges[:, None, :]]
        target = self.target[gaps]
        values = np.einsum("bij,bj->bi", sums, slopes) - target
        sizes = np.abs(sums)
        rounding = np.einsum("bij,bj->bi", sizes, np.abs(slopes)) + np.abs(target)
        bound = sizes.sum(axis=2) * error[:, None] + (self.size + 4) * UNIT * rounding + TINY
        return values, bound * SLACK


def _surely(enclosed: tuple[Array, Array], signs: Array) -> Array:
    """Return the signs of numbers times given ones, 0 where they are not known."""
    values, bound = enclosed
    return np.where(np.abs(values) > bound, np.sign(values), 0) * signs


def _rough_inverses(matrices: Array) -> Array:
    """Return approximate inverses, of whatever quality."""
    try:
        return np.linalg.inv(matrices)
    except np.linalg.LinAlgError:  # singular in doubles: each alone, and not a number where it is
        return np.stack([_rough_inverse(matrix) for matrix in matrices])


def _rough_inverse(matrix: Array) -> Array:
    try:
        return np.linalg.inv(matrix)
    except np.linalg.LinAlgError:
        return np.full_like(matrix, np.nan)
