"""From which s on nothing is stationary: comparison networks, and directions of descent.

Both tests hold for a whole interval of k and need no inner minimiser (Lemmas D34 and D35).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, product

import numpy as np
from flint import arb, fmpq
from scipy.optimize import nnls

from reluenum.algebra.balls import UNIT, Balls
from reluenum.algebra.linear import dot
from reluenum.engines.fans.branches import reciprocal
from reluenum.engines.fans.inner import features, inner_minimisers
from reluenum.engines.fans.shapes import Fan, FanBatch

SCALES = 33
"""Choices of s, in geometric order, from which on all may be closed."""

SMALLEST = 1e-6
"""The smallest over the largest of them."""

FAINT = 1e-7
"""Relative size of a direction that is nothing but rounding."""


def comparison_scales(
    batch: FanBatch, index: np.ndarray, low: np.ndarray, high: np.ndarray, scales: np.ndarray
) -> np.ndarray:
    """Return the smallest of some s from which on a comparison network excludes all (Lemma D34).

    Parameters
    ----------
    batch : FanBatch
    index, low, high : (N,) arrays
        Fans, and intervals of k.
    scales : (N, q) array
        Choices of s, increasing.

    Returns
    -------
    (N,) array
        Infinite where none is good enough.
    """
    N, q = scales.shape
    flat = scales.ravel()
    places = np.repeat(index, q)
    ends = [np.repeat(end, q) for end in (low, high)]
    T = np.zeros((N * q, batch.width))
    pairs = []
    for k in ends:
        T, rho = inner_minimisers(batch, places, flat, k, T)
        seen = features(batch, places, flat, k)
        P = T * seen.scale * np.einsum("bmi,bi->bm", seen.first, rho)
        Q = T * seen.free * np.einsum("bmi,bi->bm", seen.second, rho)
        pairs.append((np.nan_to_num(P), np.nan_to_num(Q)))
    good = _is_beyond_comparison(batch, places, flat, ends, pairs).reshape(N, q)
    return np.where(good, scales, np.inf).min(1)


def _is_beyond_comparison(
    batch: FanBatch,
    index: np.ndarray,
    s: np.ndarray,
    ends: list[np.ndarray],
    pairs: list[tuple[np.ndarray, np.ndarray]],
) -> np.ndarray:
    """Return where sum N + |y - f|^2 / 2 ridge < s |e|^2 for weights that are linear in k."""
    masks = Balls.exact(batch.masks[index].astype(float))
    on = Balls.exact((batch.lower[index] == "+").astype(float))
    free = Balls.exact(batch.free[index].astype(float))
    heights, shifts, square = batch.heights[index], batch.shifts[index], batch.square[index]
    P, Q = ([Balls.exact(pair[part]) for pair in pairs] for part in (0, 1))
    lifted, shift = [], []
    for k in map(Balls.exact, ends):
        shift.append(shifts[..., 0] + k[:, None] * shifts[..., 1])
        value = (heights[..., 0] + k[:, None] * heights[..., 1]) * on
        lifted.append((value[:, None, :] - shift[-1][..., None]) * masks)
    half = Balls.exact(0.5)
    fits = [
        (P[a][..., None] * lifted[b] + (Q[a] * free)[..., None] * masks).sum(1)
        for a, b in ((0, 0), (0, 1), (1, 0), (1, 1))
    ]
    # Coefficients of Bernstein's polynomials bound what is quadratic in k.
    coefficients = [fits[0], half * (fits[1] + fits[2]), fits[3]]
    rest = [(batch.targets[index] - fit).magnitude() for fit in coefficients]
    misfit = Balls.exact(np.max(rest, 0)).square() * batch.weights[index] * half
    inverse = reciprocal(Balls.exact(s))
    sizes = []
    for a in (0, 1):
        across = [(P[a] * shift[b]).magnitude() for b in (0, 1)]
        side = Balls.exact(np.maximum(*across))
        total = P[a].square() * inverse[:, None] + side.square() + (Q[a] * free).square()
        sizes.append(np.sqrt(total.mid + total.rad) * (1 + 4 * UNIT))
    bound = Balls.exact(np.maximum(*sizes)).sum(1) + misfit.sum(1)
    least = batch.least[index]
    k = [Balls.exact(end) for end in ends]
    spans = [square[:, 0] + x * square[:, 1] + x.square() * square[:, 2] for x in k]
    turn = square[:, 2] * (k[1] - k[0]).square()
    # |e|^2 is convex in k: above its tangents, and above its least value.
    lowest = np.minimum(*(part.mid - part.rad for part in spans))
    lowest = np.maximum(lowest - (turn.mid + turn.rad) * (0.25 + UNIT), least.mid - least.rad)
    norm = s * lowest * (1 - 4 * UNIT)
    return bound.mid + bound.rad < norm


@dataclass(frozen=True)
class Edge:
    """An extreme ray of the cone of an upper unit: slope +-1 and a zero, or the constant 1.

    Parameters
    ----------
    slope : int
        0 for the constant.
    zero : int
        The site at which it vanishes.
    span : tuple of two int
        Sites whose distance, times the coefficient of the ray, the unit does not exceed there.
    """

    slope: int
    zero: int
    span: tuple[int, int] | None


@dataclass(frozen=True)
class Barrier:
    """Directions in which the loss falls at every network with the signs of a fan (Lemma D35).

    Everything is a function of the input: what the first-layer unit does not pass is seen at its
    break x_0.

    Parameters
    ----------
    fan : Fan
    low, high : float
        Ends of an interval of k, on which the slope of the first-layer unit has one sign.
    """

    fan: Fan
    low: float
    high: float

    @cached_property
    def slopes(self) -> tuple[fmpq, fmpq]:
        """The first-layer unit's slopes at both ends."""
        first, last = self.fan.rays
        return tuple(first[0] + _dyadic(k) * (last[0] - first[0]) for k in (self.low, self.high))

    @cached_property
    def breaks(self) -> tuple[fmpq, fmpq]:
        """Its breaks at both ends."""
        (_, first), (_, last) = self.fan.rays
        sides = zip((self.low, self.high), self.slopes, strict=True)
        return tuple(-(first + _dyadic(k) * (last - first)) / slope for k, slope in sides)

    @property
    def is_sloping(self) -> bool:
        """Whether the slope has one sign on the interval."""
        one, two = self.slopes
        return one * two > 0

    @cached_property
    def places(self) -> tuple[tuple[fmpq, fmpq], ...]:
        """Where each site is seen, at both ends of the interval."""
        pairs = zip(self.fan.problem.sites, self.fan.row, strict=True)
        return tuple((s.row[0], s.row[0]) if sign == "+" else self.breaks for s, sign in pairs)

    @cached_property
    def active(self) -> tuple[tuple[int, ...], ...]:
        """Sites at which each upper unit is +."""
        return tuple(tuple(i for i, s in enumerate(r) if s == "+") for r in self.fan.upper)

    @cached_property
    def edges(self) -> tuple[tuple[Edge, ...], ...]:
        """The extreme rays of each unit, as if its output weight were positive."""
        return tuple(tuple(self._edges(unit)) for unit in range(len(self.active)))

    def _edges(self, unit: int) -> Iterator[Edge]:
        row = self.fan.upper[unit]
        seen: dict[tuple[fmpq, fmpq], int] = {}
        for site in range(len(row)):
            if self.fan.row[site] != ".":
                seen.setdefault(self.places[site], site)
        order = sorted(seen.values(), key=lambda site: sum(self.places[site]))
        kinks = [site for site in order if row[site] == "0"]
        if kinks:
            site = self.active[unit][0]
            ahead = sum(self.places[site]) > sum(self.places[kinks[0]])
            yield Edge(1 if ahead else -1, kinks[0], (site, kinks[0]))
            return
        if len(order) == 1:
            yield Edge(0, order[0], None)
            return
        for one, two in pairwise(order):
            if row[one] != row[two]:
                slope = 1 if row[two] == "+" else -1
                yield from (Edge(slope, site, None) for site in (one, two))
                return
        ends = (order[0], order[-1])
        yield Edge(1, ends[0], ends)
        yield Edge(-1, ends[1], ends)

    def basis(self, unit: int, site: int, end: int) -> tuple[fmpq, fmpq]:
        """Return the derivatives of a unit's function at a site by slope and by constant."""
        kinks = self.fan.kinks[unit]
        place = self.places[site][end]
        return (place - self.places[kinks[0]][end], fmpq(0)) if kinks else (place, fmpq(1))

    @cached_property
    def pulls(self) -> tuple[tuple[int, Edge, tuple[tuple[fmpq, ...], ...]], ...]:
        """For each ray its unit, and inner products with all directions.

        These are quadratic in the break: they are given by Bernstein's coefficients.
        """
        return tuple(
            (unit, edge, tuple(dict.fromkeys(self._pull(unit, edge, pair) for pair in _PAIRS)))
            for unit, edges in enumerate(self.edges)
            for edge in edges
        )

    def _pull(self, unit: int, edge: Edge, ends: tuple[int, int]) -> tuple[fmpq, ...]:
        found = [fmpq(0)] * (2 * len(self.active))
        counts = [site.count for site in self.fan.problem.sites]
        for a, b in (ends, ends[::-1]):
            for site in self.active[unit]:
                gap = self.places[site][a] - self.places[edge.zero][a]
                value = (edge.slope * gap if edge.slope else fmpq(1)) * counts[site] / 2
                for other, sites in enumerate(self.active):
                    if site in sites:
                        for part, slope in enumerate(self.basis(other, site, b)):
                            found[2 * other + part] += value * slope
        return tuple(found)

    @cached_property
    def targets(self) -> tuple[tuple[fmpq, ...], ...]:
        """Inner products of the targets with all directions, at both ends."""
        pairs = zip(self.fan.problem.sites, self.fan.problem.means, strict=True)
        sums = [site.count * mean for site, mean in pairs]
        return tuple(
            tuple(
                sum((sums[site] * self.basis(unit, site, end)[part] for site in on), fmpq(0))
                for unit, on in enumerate(self.active)
                for part in (0, 1)
            )
            for end in (0, 1)
        )

    def scale(self, scales: np.ndarray) -> float:
        """Return the smallest of some increasing s from which on all is excluded, or infinity."""
        if not self.is_sloping:
            return np.inf
        first = 0
        for signs in product((1, -1), repeat=len(self.active)):
            if self.excludes(signs, scales[first]):
                continue
            low, first = first, len(scales) - 1
            if not self.excludes(signs, scales[first]):
                return np.inf
            while first - low > 1:
                middle = (low + first) // 2
                if self.excludes(signs, scales[middle]):
                    first = middle
                else:
                    low = middle
        return scales[first]

    def excludes(self, signs: tuple[int, ...], s: float) -> bool:
        """Whether all networks with these signs of the output weights and scales >= s descend."""
        direction = self._direction(signs, s)
        if direction is None:
            return False
        D = list(map(_dyadic, direction.tolist()))
        value = min(dot(target, D) for target in self.targets)
        for unit, edge, columns in self.pulls:
            excess = max(signs[unit] * dot(column, D) for column in columns)
            if excess > 0:
                bound = self._bound(edge)
                if bound is None:
                    return False
                value -= excess * bound
        sizes = (self._size(unit, D[2 * unit], D[2 * unit + 1], s) for unit in range(len(signs)))
        return arb(value) > sum(sizes, arb(0)) * self.fan.problem.effective_ridge

    def _direction(self, signs: tuple[int, ...], s: float) -> np.ndarray | None:
        """Return the projection of the targets on the directions that no ray likes, in doubles."""
        metric = np.linalg.inv(self._metric(s))
        rows = [
            signs[unit] * np.array(column, dtype=float)
            for unit, _, columns in self.pulls
            for column in columns
        ]
        pulls = np.array(rows) @ metric
        norms = np.linalg.norm(pulls, axis=1, keepdims=True)
        pulls = pulls / np.where(norms > 0, norms, 1.0)
        target = 0.5 * np.array(self.targets, dtype=float).sum(0) @ metric
        weights, _ = nnls(pulls.T, target)
        found = target - pulls.T @ weights
        if np.linalg.norm(found) <= FAINT * np.linalg.norm(target):
            return None
        return metric @ found

    def _metric(self, s: float) -> np.ndarray:
        """Return the matrix of which the squared norm is about the sum of the penalties'."""
        (a, b), (one, two) = self.slopes, self.breaks
        width, middle = 1 / (min(abs(float(a)), abs(float(b))) * np.sqrt(s)), float(one + two) / 2
        found = np.eye(2 * len(self.active))
        for unit, kinks in enumerate(self.fan.kinks):
            place = 2 * unit
            if kinks:
                found[place, place] = np.hypot(
                    width, middle - float(sum(self.places[kinks[0]])) / 2
                )
            else:
                found[place, place], found[place + 1, place] = width, middle
        return found

    def _size(self, unit: int, slope: fmpq, constant: fmpq, s: float) -> arb:
        """Return an upper bound of the penalty of a unit's direction at scales >= s."""
        least = min(map(abs, self.slopes))
        across = slope * slope / (least * least * _dyadic(s))
        kinks = self.fan.kinks[unit]
        sides = [
            slope * (self.places[kinks[0]][end] - x) if kinks else slope * x + constant
            for end, x in enumerate(self.breaks)
        ]
        return arb(across + max(side * side for side in sides)).sqrt()

    def _bound(self, edge: Edge) -> fmpq | None:
        """Return how large the coefficient of a ray can be at a stationary point (Lemma D23)."""
        total, scale = self.fan.highest, self.fan.highest / self.fan.least
        reach = (1 + scale) * (1 + max(max(map(abs, ray)) for ray in self.fan.rays))
        value = total * reach * (1 + max(abs(site.row[0]) for site in self.fan.problem.sites))
        if edge.span is None:
            return value
        one, two = (self.places[site] for site in edge.span)
        gap = min(abs(a - b) for a, b in zip(one, two, strict=True))
        return value / gap if gap else None


_PAIRS = ((0, 0), (0, 1), (1, 1))


def _dyadic(value: float) -> fmpq:
    return fmpq(*float(value).as_integer_ratio())
