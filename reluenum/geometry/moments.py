"""Exact sums over the active data points of a face: all that the stationarity equations need.

The data enter those equations only through b_F = sum_{A} (R y)_i row_i and
K_FG = sum_{A, B} R_ij row_i row_j', A and B the active sets of F and G. As R = I - kappa 1 1',

    K_FG = sum_{A and B} row_i row_i' - kappa t_A t_B',    t_A = sum_A row_i.

So g_F(r) = b_F - sum_G s_G K_FG w_G for r = R (y - f), and the loss is y'Ry plus a sum over the
faces (Corollary 3.1 of docs/theory.md): sums of D terms, however many data points there are.
Data points with equal inputs are active together, so what is summed is one term for each of these.
With weights w of the data points each term is multiplied by its w_i, and r = R (y - f) has the
kappa of the weights: every sum is a weighted one (docs/theory.md, section 1).

With slopes below and above 0 a point counts by its slope, that below 0 where it is not active. As
phi(t) = below t + bend relu(t), the sums are combinations of those above and of sums over all
points (Lemma 60).
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate
from operator import mul
from typing import Any

from flint import fmpq

from reluenum.algebra.linear import Vector, common_denominator, dot
from reluenum.geometry.arrangement import Face
from reluenum.geometry.supports import Support
from reluenum.problem import Problem

MOST_GRAMS = 1 << 12
"""Matrices of pairs of faces that are kept; minima have many in common."""


class Moments:
    """The moments of one problem, which `Moments.of` keeps.

    Parameters
    ----------
    problem : Problem
    """

    def __init__(self, problem: Problem) -> None:
        sites, size = problem.ascending, problem.coordinates
        columns = list(zip(*(site.row for site in sites), strict=True))
        weights = [site.weight for site in sites]
        residual = dict(zip(problem.sites, problem.residual(problem.means), strict=True))
        fitted = [residual[site] * site.weight for site in sites]
        weighted = [list(map(mul, column, weights)) for column in columns]
        self._share, self._activation = problem.bias_share, problem.activation
        self._target = sum(map(mul, weights, (site.mean for site in sites)), start=fmpq(0))
        self._firsts = [site.first for site in sites]
        self._responses = [_Sums(map(mul, fitted, column)) for column in columns]
        self._totals = [_Sums(column) for column in weighted]
        self._products = {
            (j, k): _Sums(map(mul, weighted[j], columns[k]))
            for j in range(size)
            for k in range(j, size)
        }
        self._known: dict[str, tuple[Vector, Vector]] = {}
        self._grams = lru_cache(MOST_GRAMS)(self._gram)

    @staticmethod
    @lru_cache(maxsize=8)
    def of(problem: Problem) -> "Moments":
        """Return the moments of a problem, computed once for the latest few."""
        return Moments(problem)

    def response(self, face: Face) -> Vector:
        """Return b_F = sum over the active points of (R y)_i row_i."""
        return self._first(face)[0]

    def total(self, face: Face) -> Vector:
        """Return t_A, the sum of the active rows."""
        return self._first(face)[1]

    def gram(self, face: Face, other: Face) -> tuple[Vector, ...]:
        """Return K_FG, a (D, D) matrix: the transpose of K_GF."""
        return self._grams(face, other)

    def _gram(self, face: Face, other: Face) -> tuple[Vector, ...]:
        both, sets = self._active(face, other), ()
        if self._activation.below:
            sets = self._active(face, face), self._active(other, other)
        sums = {place: self._both(s, both, *sets) for place, s in self._products.items()}
        left = [entry * self._share for entry in self.total(face)]
        right = self.total(other)
        places = range(len(right))
        return tuple(
            tuple(sums[min(j, k), max(j, k)] - left[j] * right[k] for k in places) for j in places
        )

    def gradient(self, face: Face, support: Support, weighted: Sequence[Sequence]) -> list:
        """Return g_F(r) = b_F - sum_G K_FG (s_G w_G), over any ring that contains Q.

        Parameters
        ----------
        face : Face
            Any face, live or not.
        support : Support
            The faces G of the units.
        weighted : sequence of (D,) sequences
            The vectors s_G w_G: a v, summed over the neurons of each face.
        """
        total: list = list(self.response(face))
        for other, vector in zip(support, weighted, strict=True):
            gram = self.gram(face, other)
            total = [t - dot(vector, row) for t, row in zip(total, gram, strict=True)]
        return total

    def bias(self, support: Support, weighted: Sequence[Sequence]) -> Any:
        """Return the best output bias of some units, kappa (sum y - sum_G t_G . (s_G w_G))."""
        if self._share == 0:
            return fmpq(0)
        total: Any = self._target
        for face, vector in zip(support, weighted, strict=True):
            total = total - dot(vector, self.total(face))
        return total * self._share

    def _both(self, sums: "_Sums", both: Sequence[int], *sets: Sequence[int]) -> fmpq:
        """Return the sum of numbers times both slopes; without a slope below 0, over `both`."""
        bend, below = self._activation.bend, self._activation.below
        total = sums.over(both)
        total = total if bend == 1 else total * bend * bend
        for points in sets:
            total += bend * below * sums.over(points)
        return total + below * below * sums.whole if sets else total

    def _once(self, sums: "_Sums", active: Sequence[int]) -> fmpq:
        """Return the sum of numbers times the slopes of a face."""
        bend, below, total = self._activation.bend, self._activation.below, sums.over(active)
        return (total if bend == 1 else total * bend) + (below * sums.whole if below else 0)

    def _active(self, face: Face, other: Face) -> Sequence[int]:
        """Return the distinct inputs, in ascending order, on which two faces are active."""
        if face.span and other.span:
            return range(max(face.span[0], other.span[0]), min(face.span[1], other.span[1]))
        one, two = face.signs, other.signs
        return [k for k, i in enumerate(self._firsts) if one[i] == "+" == two[i]]

    def _first(self, face: Face) -> tuple[Vector, Vector]:
        if face.signs not in self._known:
            active = self._active(face, face)
            self._known[face.signs] = (
                tuple(self._once(response, active) for response in self._responses),
                tuple(self._once(total, active) for total in self._totals),
            )
        return self._known[face.signs]


class _Sums:
    """Sums of some of many rational numbers, which are kept over one denominator."""

    def __init__(self, values: Iterable[fmpq]) -> None:
        kept = list(values)
        self._denominator = common_denominator(kept)
        self._numerators = [int((value * self._denominator).p) for value in kept]
        self._running = list(accumulate(self._numerators, initial=0))

    @property
    def whole(self) -> fmpq:
        """The sum of all of them."""
        return fmpq(self._running[-1], self._denominator)

    def over(self, points: Sequence[int]) -> fmpq:
        """Return the sum of the numbers in the given places; a range of them takes no time."""
        if isinstance(points, range):
            ends = (points.start, max(points.start, points.stop))
            first, last = map(self._running.__getitem__, ends)
            return fmpq(last - first, self._denominator)
        return fmpq(sum(map(self._numerators.__getitem__, points)), self._denominator)
