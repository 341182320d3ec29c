"""Exact sums over the active data points of a face: all that the stationarity equations need.

The data enter those equations only through b_F = sum_{A} (R y)_i row_i and
K_FG = sum_{A, B} R_ij row_i row_j', A and B the active sets of F and G. As R = I - sum kappa q q'
over a few vectors q, without a linear part at most the one that is 1 everywhere,

    K_FG = sum_{A and B} row_i row_i' - sum_q kappa t_A t_B',    t_A = sum_A q_i row_i.

So g_F(r) = b_F - sum_G s_G K_FG w_G for r = R (y - f), and the loss is y'Ry plus a sum over the
faces (Corollary 3.1 of docs/theory.md): sums of D terms, however many data points there are.
Data points with equal inputs are active together, so what is summed is one term for each of these.
With weights w of the data points each term is multiplied by its w_i, and r = R (y - f) has the
kappa of the weights (`OuterPart`): every sum is a weighted one (section 1 and Lemma 75).

With slopes below and above 0 a point counts by its slope, that below 0 where it is not active. As
phi(t) = below t + bend relu(t), the sums are combinations of those above and of sums over all
points (Lemma 60).
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate
from operator import mul

from flint import fmpq

from reluenum.algebra.linear import Vector, common_denominator, dot
from reluenum.geometry.arrangement import Face
from reluenum.geometry.supports import Support
from reluenum.outer import OuterPart
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
        self._outer, self._activation = problem.outer, problem.activation
        self._levels = self._outer.levels(problem.means)
        self._firsts = [site.first for site in sites]
        self._responses = [_Sums(map(mul, fitted, column)) for column in columns]
        self._totals = [
            [_Sums(map(mul, heavy, column)) for column in weighted]
            for heavy in _values_in_order(problem, self._outer)
        ]
        self._products = {
            (j, k): _Sums(map(mul, weighted[j], columns[k]))
            for j in range(size)
            for k in range(j, size)
        }
        self._known: dict[str, tuple[Vector, list[Vector]]] = {}
        self._grams = lru_cache(MOST_GRAMS)(self._gram)

    @staticmethod
    @lru_cache(maxsize=8)
    def of(problem: Problem) -> "Moments":
        """Return the moments of a problem, computed once for the latest few."""
        return Moments(problem)

    def response(self, face: Face) -> Vector:
        """Return b_F = sum over the active points of (R y)_i row_i."""
        return self._first(face)[0]

    def totals(self, face: Face) -> list[Vector]:
        """Return t_A for each vector q, the sum of the active rows times q."""
        return self._first(face)[1]

    def gram(self, face: Face, other: Face) -> tuple[Vector, ...]:
        """Return K_FG, a (D, D) matrix: the transpose of K_GF."""
        return self._grams(face, other)

    def _gram(self, face: Face, other: Face) -> tuple[Vector, ...]:
        both, sets = self._active(face, other), ()
        if self._activation.below:
            sets = self._active(face, face), self._active(other, other)
        sums = {place: self._both(s, both, *sets) for place, s in self._products.items()}
        places = range(len(self._responses))
        matrix = [[sums[min(j, k), max(j, k)] for k in places] for j in places]
        pairs = zip(self._outer.columns, self.totals(face), self.totals(other), strict=True)
        for column, left, right in pairs:
            for row, entry in zip(matrix, left, strict=True):
                shared = entry * column.share
                row[:] = [x - shared * y for x, y in zip(row, right, strict=True)]
        return tuple(map(tuple, matrix))

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

    def outer(self, support: Support, weighted: Sequence[Sequence]) -> list:
        """Return the coefficients of the output bias and linear part that fit some units best."""
        levels: list = list(self._levels)
        for face, vector in zip(support, weighted, strict=True):
            pairs = zip(levels, self._outer.columns, self.totals(face), strict=True)
            levels = [level - dot(vector, total) * c.share for level, c, total in pairs]
        return self._outer.combined(levels)

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

    def _first(self, face: Face) -> tuple[Vector, list[Vector]]:
        if face.signs not in self._known:
            active = self._active(face, face)
            self._known[face.signs] = (
                tuple(self._once(response, active) for response in self._responses),
                [tuple(self._once(total, active) for total in sums) for sums in self._totals],
            )
        return self._known[face.signs]


def _values_in_order(problem: Problem, outer: OuterPart) -> list[list[fmpq]]:
    """Return the values of columns at the sites by increasing input."""
    place = {site: k for k, site in enumerate(problem.sites)}
    order = [place[site] for site in problem.ascending]
    return [[column.values[k] for k in order] for column in outer.columns]


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
