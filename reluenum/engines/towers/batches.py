"""Strata of widths (L, 1) as arrays: what the inner problem of Theorem D9 needs of the data."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain, combinations, permutations

import numpy as np
from flint import fmpq

from reluenum.algebra.balls import GROWTH, TINY, Balls
from reluenum.algebra.linear import (
    Vector,
    dot,
    null_space,
    orthogonal_part,
    projection,
    row_space,
)
from reluenum.engines.deep.systems.flats import independent
from reluenum.engines.deep.systems.stratum import DeepStratum
from reluenum.problem import Problem


@dataclass(frozen=True, eq=False)
class Rows:
    """First-layer rows, each with the matrix that turns a residual into its dual vector.

    Parameters
    ----------
    problem : Problem
    texts : tuple of str
        Distinct rows, one sign a site.

    Examples
    --------
    >>> problem = Problem.from_arrays([0, 1], [0, 2], width=1, ridge=1)
    >>> rows = Rows(problem, ("0+",))
    >>> rows.columns.mid.tolist()
    [[[0.0, 1.0], [0.0, 0.0]]]
    """

    problem: Problem
    texts: tuple[str, ...]

    @cached_property
    def exact(self) -> list[tuple[Vector, ...]]:
        """For each row and site P_F xt if the row is + there, else 0."""
        return [projected_sites(self.problem, text) for text in self.texts]

    @cached_property
    def columns(self) -> Balls:
        """The matrices C of which u = C rho / ridge is the dual vector, (F, D, n)."""
        n, size = len(self.problem.sites), self.problem.dimension + 1
        entries = chain.from_iterable(chain.from_iterable(self.exact))
        return Balls.of(entries, (len(self.texts), n, size)).mT

    @cached_property
    def gram(self) -> Balls:
        """C'C, (F, n, n)."""
        return self.columns.mT @ self.columns

    @cached_property
    def sites(self) -> Balls:
        """The rows xt, (1, n, D)."""
        n, size = len(self.problem.sites), self.problem.dimension + 1
        return Balls.of(chain.from_iterable(s.row for s in self.problem.sites), (1, n, size))

    @cached_property
    def heights(self) -> Balls:
        """Inner products of the sites with the columns: signs of a unit by site, (F, n, n)."""
        return self.sites @ self.columns

    @cached_property
    def lengths(self) -> np.ndarray:
        """Upper bounds of |P_F xt| for each row and site, (F, n)."""
        every = [s.row for s in self.problem.sites]
        squares = [
            dot(row, line)
            for text in self.texts
            for row, line in zip(every, _flattened(self.problem, text), strict=True)
        ]
        return np.sqrt(Balls.of(squares, self.signs.shape).magnitude()) * GROWTH + TINY

    @cached_property
    def signs(self) -> np.ndarray:
        """The signs as 1, -1, 0; 0 also where they are irrelevant, (F, n)."""
        return np.array([[_SIGN[c] for c in text] for text in self.texts], dtype=float)


_SIGN = {"+": 1.0, "-": -1.0, "0": 0.0, ".": 0.0}


@lru_cache(maxsize=1 << 16)
def projected_sites(problem: Problem, text: str) -> tuple[Vector, ...]:
    """Return P_F xt_i where a row is +, 0 elsewhere, one vector a site."""
    nothing = (fmpq(0),) * (problem.dimension + 1)
    flat = _flattened(problem, text)
    return tuple(v if sign == "+" else nothing for v, sign in zip(flat, text, strict=True))


@lru_cache(maxsize=1 << 16)
def _flattened(problem: Problem, text: str) -> tuple[Vector, ...]:
    """Return P_F xt_i of all sites."""
    rows = [site.row for site in problem.sites]
    zeros = [row for row, sign in zip(rows, text, strict=True) if sign == "0"]
    if not zeros:
        return tuple(rows)
    flat = projection(orthogonal_part(row_space(rows), zeros), problem.dimension + 1)
    return tuple(tuple(dot(row, line) for line in flat) for row in rows)


@dataclass(frozen=True, eq=False)
class TowerBatch:
    """B strata with one live unit in layer 2 and m in layer 1.

    Parameters
    ----------
    rows : Rows
    strata : sequence of DeepStratum
    faces : (B, m) array of int
        Places in `rows`.
    active : (B, n) array of bool
        Sites at which the upper unit is positive.
    kinks : (B, n) array of bool
        A site for each of a basis of the upper unit's kinks.
    mixing : Balls, (B, m, n, n)
        The identity, but for the kinks: one of their `Combinations` in each row, for each choice
        of the unit with the largest T_j.
    spans : (B, m, n, m + 1) array of bool
        What the combination in a row is made of: some units, the bias.
    """

    rows: Rows
    strata: Sequence[DeepStratum]
    faces: np.ndarray
    active: np.ndarray
    kinks: np.ndarray
    mixing: Balls
    spans: np.ndarray

    def __len__(self) -> int:
        return len(self.strata)

    @classmethod
    def of(cls, problem: Problem, strata: Sequence[DeepStratum]) -> "TowerBatch":
        """Collect strata with equally many distinct rows in layer 1."""
        texts = sorted({row for stratum in strata for row in stratum.layers[0]})
        place = {text: k for k, text in enumerate(texts)}
        faces = np.array([[place[row] for row in s.layers[0]] for s in strata], dtype=int)
        upper = np.array([list(s.layers[1][0]) for s in strata])
        count, size = upper.shape
        width = faces.shape[1]
        kinks = np.zeros(upper.shape, dtype=bool)
        mixing, error = (
            np.tile(x, (count, width, 1, 1)) for x in (np.eye(size), np.zeros((size, size)))
        )
        spans = np.zeros((count, width, size, width + 1), dtype=bool)
        for k, stratum in enumerate(strata):
            for largest in range(width):
                found = Combinations.of(problem, stratum, largest)
                sites = list(found.sites)
                for place, weights, span in zip(sites, found.weights, found.spans, strict=True):
                    kinks[k, place] = True
                    mixing[k, largest, place, sites] = weights.mid
                    error[k, largest, place, sites] = weights.rad
                    spans[k, largest, place] = span
        rows, mixed = Rows(problem, tuple(texts)), Balls(mixing, error)
        return cls(rows, strata, faces, upper == "+", kinks, mixed, spans)

    @staticmethod
    def bases(index: np.ndarray, T: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return where `mixing`, `spans` and `mixed` have what is to be used of strata at T."""
        return index, T.argmax(1)

    @cached_property
    def mixed(self) -> Balls:
        """Coefficients of the equations: mixing times C_j'C_j of each unit, and 11', on the sites.

        (B, m, m + 1, n, n), 0 at sites that are not seen.
        """
        gram = self.rows.gram[self.faces]
        ones = np.ones((len(self), 1, *gram.shape[2:]))
        both = Balls(np.concatenate([gram.mid, ones], 1), np.concatenate([gram.rad, 0 * ones], 1))
        seen = (self.seen[:, :, None] & self.seen[:, None, :]).astype(float)[:, None, None]
        return (self.mixing[:, :, None] @ both[:, None]) * Balls.exact(seen)

    @cached_property
    def turned(self) -> Balls:
        """Coefficients of u_j in each equation, (B, m, m, n, D): bases, units, equations."""
        C = self.rows.columns[self.faces].mT
        return self.mixing[:, :, None] @ Balls(C.mid[:, None], C.rad[:, None])

    @cached_property
    def biases(self) -> Balls:
        """Coefficients of B / X in each equation, (B, m, n)."""
        return self.mixing.sum(3)

    @cached_property
    def targets(self) -> Balls:
        """The mean targets where the upper unit is positive, else 0."""
        means = Balls.of(self.rows.problem.means)
        return Balls(means.mid * self.active, means.rad * self.active)

    @cached_property
    def counts(self) -> np.ndarray:
        """Number of data points of each site."""
        return np.array([site.count for site in self.rows.problem.sites], dtype=float)

    @cached_property
    def ridge(self) -> Balls:
        """The effective ridge."""
        return Balls.of([self.rows.problem.effective_ridge], ())

    @cached_property
    def diagonal(self) -> Balls:
        """The part of the matrix that does not depend on T and X."""
        scaled = np.where(self.active, 1 / self.counts, 0.0)
        rad = (self.ridge.rad * scaled + 4 * 2.0**-53 * self.ridge.mid * scaled) * GROWTH
        mid = np.where(self.active | self.kinks, self.ridge.mid * scaled, 1.0)
        return Balls(mid, np.where(self.active, rad + TINY, 0.0))

    @cached_property
    def seen(self) -> np.ndarray:
        """Sites that are active or among the kinks, (B, n)."""
        return self.active | self.kinks

    @cached_property
    def highest(self) -> np.ndarray:
        """Upper bounds of X for output weights of sign +1 and -1, (B, 2) (Lemma D1)."""
        means = Balls.of(self.rows.problem.means)
        squares = self.counts * means.magnitude() ** 2
        share = GROWTH / (4 * (self.ridge.mid - self.ridge.rad) * (1 - 2.0**-50))
        positive, negative = means.mid + means.rad > 0, means.mid - means.rad < 0
        return np.stack(
            [(squares * (self.active & side)).sum(1) * share for side in (positive, negative)], 1
        )


@dataclass(frozen=True)
class Combinations:
    """Kinks of the upper unit, combined so that no equation degenerates when units die.

    The functional of a kink is (P_j xt_i where unit j is +, for all j; 1), and the equation that it
    stands for is sum_j T_j (P_j xt_i) . u_j + X S = 0. A combination that only some units take
    part in can be divided by the sum of their T_j, and keeps its meaning as they go to 0.

    Parameters
    ----------
    sites : tuple of int
        Of a basis of the kinks, a group first.
    vectors : tuple of vectors
        Weights of these kinks in each combination.
    spans : tuple of tuples of bool
        Which units, and the bias, take part in it.
    """

    sites: tuple[int, ...]
    vectors: tuple[Vector, ...]
    spans: tuple[tuple[bool, ...], ...]

    @classmethod
    def of(cls, problem: Problem, stratum: DeepStratum, largest: int = 0) -> "Combinations":
        """Return those of a stratum of widths (m, 1), if one T_j is not less than all others.

        What that unit takes no part in comes first, as its equations are lost when others die.
        """
        lower = stratum.layers[0]
        kinks = [sites[0] for sites in stratum.kinks(1, 0)]
        kinks.sort(key=lambda i: any(row[i] == "+" for row in lower))
        if len(kinks) < 2:
            every = (True,) * (len(lower) + 1)
            return cls(tuple(kinks), ((fmpq(1),),) * len(kinks), (every,) * len(kinks))
        return _kink_combinations(problem, lower, tuple(kinks), largest if len(lower) > 2 else 0)

    @cached_property
    def weights(self) -> list[Balls]:
        """The vectors in doubles."""
        return [Balls.of(vector) for vector in self.vectors]


@lru_cache(maxsize=1 << 16)
def _kink_combinations(
    problem: Problem, lower: tuple[str, ...], kinks: tuple[int, ...], largest: int
) -> Combinations:
    units = [projected_sites(problem, row) for row in lower]
    forms = [[unit[i] for unit in units] + [(fmpq(1),)] for i in kinks]
    kept = independent([tuple(chain.from_iterable(form)) for form in forms])
    forms = [forms[k] for k in kept]
    parts = range(len(lower) + 1)
    groups = [g for size in parts for g in combinations(parts[:-1], size)]
    groups = [*sorted(groups, key=lambda g: (len(g), largest in g)), tuple(parts)]
    weights: list[Vector] = []
    spans: list[tuple[bool, ...]] = []
    for group in groups:
        outside = [tuple(chain.from_iterable(f[p] for p in parts if p not in group)) for f in forms]
        for vector in null_space(list(zip(*outside, strict=True)), len(forms)):
            if len(independent([*weights, vector])) > len(weights):
                weights.append(tuple(x / max(map(abs, vector)) for x in vector))
                spans.append(tuple(p in group for p in parts))
    return Combinations(tuple(kinks[k] for k in kept), tuple(weights), tuple(spans))


def is_possible(stratum: DeepStratum) -> bool:
    """Whether the first layer lives, and no row is on the boundary of another (Lemma D27)."""
    pairs = permutations(stratum.layers[0], 2)
    return not stratum.lowest and not any(
        all(s in (sign, "0") for s, sign in zip(one, other, strict=True)) for one, other in pairs
    )


def by_first_width(strata: Iterable[DeepStratum]) -> dict[int, list[DeepStratum]]:
    """Sort strata by their number of live units in layer 1."""
    found: dict[int, list[DeepStratum]] = {}
    for stratum in strata:
        found.setdefault(len(stratum.layers[0]), []).append(stratum)
    return found
