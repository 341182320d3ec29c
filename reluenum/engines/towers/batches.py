"""Strata of widths (L, 1) as arrays: what the inner problem of Theorem D9 needs of the data."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain

import numpy as np
from flint import fmpq, fmpq_mat

from reluenum.algebra.balls import GROWTH, TINY, Balls
from reluenum.algebra.linear import Vector, dot, orthogonal_part, projection, row_space
from reluenum.engines.deep.strata import DeepStratum
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
    def heights(self) -> Balls:
        """Inner products of the sites with the columns: signs of a unit by site, (F, n, n)."""
        n, size = len(self.problem.sites), self.problem.dimension + 1
        sites = Balls.of(chain.from_iterable(s.row for s in self.problem.sites), (1, n, size))
        return sites @ self.columns

    @cached_property
    def signs(self) -> np.ndarray:
        """The signs as 1, -1, 0; 0 also where they are irrelevant, (F, n)."""
        return np.array([[_SIGN[c] for c in text] for text in self.texts], dtype=float)


_SIGN = {"+": 1.0, "-": -1.0, "0": 0.0, ".": 0.0}


@lru_cache(maxsize=1 << 16)
def projected_sites(problem: Problem, text: str) -> tuple[Vector, ...]:
    """Return P_F xt_i where a row is +, 0 elsewhere, one vector a site."""
    rows = [site.row for site in problem.sites]
    zeros = [row for row, sign in zip(rows, text, strict=True) if sign == "0"]
    nothing = (fmpq(0),) * len(rows[0])
    if not zeros:
        return tuple(r if sign == "+" else nothing for r, sign in zip(rows, text, strict=True))
    flat = projection(orthogonal_part(row_space(rows), zeros), len(nothing))
    return tuple(
        tuple(dot(row, line) for line in flat) if sign == "+" else nothing
        for row, sign in zip(rows, text, strict=True)
    )


@dataclass(frozen=True, eq=False)
class Batch:
    """B strata with one live unit in layer 2 and m in layer 1.

    Parameters
    ----------
    rows : Rows
    strata : sequence of DeepStratum
    faces : (B, m) array of int
        Places in `rows`.
    active : (B, n) array of bool
        Sites at which the upper unit is positive.
    bases : (B, 2^m, n) array of bool
        A site for each of a basis of the upper unit's kinks, their functionals restricted to the
        units j whose bit 2^j is set.
    pivot : (B,) array of int
        The last kink of the whole basis, or -1: a group comes first.
    """

    rows: Rows
    strata: Sequence[DeepStratum]
    faces: np.ndarray
    active: np.ndarray
    bases: np.ndarray
    pivot: np.ndarray

    def __len__(self) -> int:
        return len(self.strata)

    @classmethod
    def of(cls, problem: Problem, strata: Sequence[DeepStratum]) -> "Batch":
        """Collect strata with equally many distinct rows in layer 1."""
        texts = sorted({row for stratum in strata for row in stratum.layers[0]})
        place = {text: k for k, text in enumerate(texts)}
        faces = np.array([[place[row] for row in s.layers[0]] for s in strata], dtype=int)
        upper = np.array([list(s.layers[1][0]) for s in strata])
        bases = np.zeros((len(strata), 1 << faces.shape[1], upper.shape[1]), dtype=bool)
        pivot = np.full(len(strata), -1)
        for k, stratum in enumerate(strata):
            for live, chosen in enumerate(kink_bases(problem, stratum)):
                bases[k, live, list(chosen)] = True
                pivot[k] = chosen[-1] if chosen else -1
        return cls(Rows(problem, tuple(texts)), strata, faces, upper == "+", bases, pivot)

    @property
    def kinks(self) -> np.ndarray:
        """A site for each of a basis of all kinks, (B, n)."""
        return self.bases[:, -1]

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


def kink_bases(problem: Problem, stratum: DeepStratum) -> list[tuple[int, ...]]:
    """Return a site for each of a basis of the kinks of the upper unit, for each set of live units.

    The functional of a kink is (P_j xt_i where unit j is +, for all j; 1); units that are not live
    are left out. Each basis is part of that for more units; a group is its first kink.
    """
    lower = stratum.layers[0]
    kinks = [sites[0] for sites in stratum.kinks(1, 0)]
    kinks.sort(key=lambda i: any(row[i] == "+" for row in lower))
    sets = range(1 << len(lower))
    if len(kinks) < 2:
        return [tuple(kinks) for _ in sets]
    return [tuple(kinks[k] for k in places) for places in _bases(problem, lower, tuple(kinks))]


@lru_cache(maxsize=1 << 16)
def _bases(problem: Problem, lower: tuple[str, ...], kinks: tuple[int, ...]) -> list[list[int]]:
    units = [projected_sites(problem, row) for row in lower]
    found: list[list[int]] = []
    for live in range(1 << len(lower)):
        chosen = [unit for j, unit in enumerate(units) if live >> j & 1]
        forms = [(*chain.from_iterable(unit[i] for unit in chosen), fmpq(1)) for i in kinks]
        smaller = {k for j in range(len(lower)) if live >> j & 1 for k in found[live ^ 1 << j]}
        found.append(_extended(forms, smaller))
    return found


def _extended(forms: Sequence[Vector], first: Iterable[int]) -> list[int]:
    """Return places of a basis of some vectors, preferring some of them."""
    order = sorted(first) + sorted(set(range(len(forms))) - set(first))
    echelon, rank = fmpq_mat([list(forms[k]) for k in order]).transpose().rref()
    rows = echelon.tolist()[:rank]
    return sorted(order[next(j for j, entry in enumerate(row) if entry)] for row in rows)


def by_width(strata: Iterable[DeepStratum]) -> dict[int, list[DeepStratum]]:
    """Sort strata by their number of live units in layer 1."""
    found: dict[int, list[DeepStratum]] = {}
    for stratum in strata:
        found.setdefault(len(stratum.layers[0]), []).append(stratum)
    return found
