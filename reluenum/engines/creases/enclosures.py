"""Supports of creases by the thousand: most are rejected in doubles with error bounds (Lemma 98).

Slopes are proposed in plain doubles; the ball around the residual, and what it says of the creases,
are enclosed. What stays open is left to `essential`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import NamedTuple

import numpy as np
from flint import arb, fmpq, fmpq_mat

from reluenum.algebra.balls import GROWTH, LEAST, TINY_ROOT, UNIT, Balls, norm_bound
from reluenum.algebra.linear import Vector, dot
from reluenum.engines.creases.creases import Crease, Creases
from reluenum.engines.creases.screens import SMALLEST, shrunk_minima
from reluenum.engines.creases.smoothed import smoothed_minima
from reluenum.engines.creases.systems import remover_of

POLISHING = 6
"""Newton steps after the fast ones; a few are enough where all units are there."""

MARGIN = 1 + 2.0**-6
"""Gaps are taken to be so much larger: whoever bounds rounding errors otherwise sees the same."""

Array = np.ndarray


class CreaseVerdict(IntEnum):
    """What is known of a support of creases (docs/theory.md, Theorem J)."""

    SLACK = 0
    """A crease of it is not tight."""
    LEAVES = 1
    """The slope of a crease leads out of it."""
    TURNS = 2
    """A kink of it is no kink of a minimum, nor an end of a gap of one."""
    POINT = 3
    """Its system has the simple solution with positive squares."""
    REDUCIBLE = 4
    """A square is exactly 0."""
    DEPENDENT = 5
    """Its system has no simple solution, by its signs alone (Lemma 99)."""
    UNDECIDED = 6

    @property
    def text(self) -> str:
        """Its name in certificates."""
        return self.name.lower()

    @property
    def has_slopes(self) -> bool:
        """Whether a certificate has slopes for it."""
        return self < CreaseVerdict.DEPENDENT


class CreaseVerdicts(NamedTuple):
    """Verdicts on supports, and the positions in them of the creases that these are about.

    Parameters
    ----------
    kind : (B,) array of int8
    place : (B,) array of int32
        -1 where the verdict is about no crease.
    """

    kind: Array
    place: Array


class Caps(NamedTuple):
    """How near to the slopes of units u is (Lemma 130).

    Parameters
    ----------
    slopes : Balls, (B, m, d)
        On their flats.
    lengths : (B, m) array
        Upper bounds.
    angle : (B, m) array
        What u / ridge is away from a slope that is divided by its length, at most.
    """

    slopes: Balls
    lengths: Array
    angle: Array


@dataclass(frozen=True, eq=False)
class CreaseTables:
    """What is asked of creases, for all of them at once, in doubles and as balls.

    C creases, p sites, inputs of d coordinates.

    Parameters
    ----------
    creases : Creases
    """

    creases: Creases

    @property
    def live(self) -> tuple[Crease, ...]:
        """The creases."""
        return self.creases.live

    @cached_property
    def shape(self) -> tuple[int, int, int]:
        """C, p and d."""
        return len(self.live), len(self.creases.inputs), self.creases.problem.dimension

    @cached_property
    def offset(self) -> Array:
        """Which creases have a further unknown, (C,)."""
        return np.array([crease.has_offset for crease in self.live], dtype=bool)

    @cached_property
    def signs(self) -> Array:
        """The signs of creases at the sites, (C, p)."""
        return np.array([["-0+".index(sign) - 1 for sign in c.signs] for c in self.live])

    @cached_property
    def below(self) -> Array:
        """Which crease, of the second index, is in the closure of the first, and another one."""
        signs = self.signs.astype(np.float32)  # sums of so few are exact
        found = signs @ signs.T == np.abs(signs).sum(axis=1)
        np.fill_diagonal(found, False)
        return found

    @cached_property
    def projectors(self) -> Balls:
        """The projections onto the slopes, (C, d, d)."""
        _, _, d = self.shape
        return Balls.of((x for c in self.live for row in c.projector for x in row), (-1, d, d))

    @cached_property
    def responses(self) -> Balls:
        """The values at the sites of a slope after it is projected, (C, p, d)."""
        _, p, d = self.shape
        found = (fmpq_mat(_lists(c.arms)) * fmpq_mat(_lists(c.projector)) for c in self.live)
        return Balls.of((entry for matrix in found for entry in matrix.entries()), (-1, p, d))

    @cached_property
    def reaches(self) -> Array:
        """Upper bounds of |u| / |r|, (C,)."""
        return np.array([_root_above(self.creases.reaches[c.signs]) for c in self.live])

    @cached_property
    def places(self) -> tuple[Balls, Array]:
        """The inputs less the first one, (p, d), and bounds of their lengths, (p,)."""
        rows = [self.creases.between(0, k) for k in range(self.shape[1])]
        lengths = np.array([_root_above(dot(row, row)) for row in rows])
        return Balls.of((x for row in rows for x in row), (-1, self.shape[2])), lengths

    @cached_property
    def neighbours(self) -> tuple[Balls, Array]:
        """The sums of `Crease.neighbours`, (C, 2, p), and what |r| is multiplied by, (C, 2)."""
        return self._padded([c.neighbours for c in self.live])

    @cached_property
    def turns(self) -> tuple[Balls, Array]:
        """The sums of `Creases.turns`, (C, K, p), of open creases none, and the same, (C, K)."""
        return self._padded([self.creases.turns.get(c.signs, []) for c in self.live])

    def _padded(self, rows: Sequence[Sequence[Vector]]) -> tuple[Balls, Array]:
        most, (_, p, _) = max(map(len, rows)), self.shape
        weighted = self.creases.problem.weighted
        lengths = [[_root_above(dot(weighted(sum_), sum_)) for sum_ in own] for own in rows]
        return (
            Balls.of((x for own in rows for x in _filled_rows(own, most, p)), (-1, most, p)),
            np.array([own + [0.0] * (most - len(own)) for own in lengths]).reshape(-1, most),
        )

    @cached_property
    def weights(self) -> Balls:
        """The weights, (p,)."""
        return Balls.of(self.creases.weights)

    @cached_property
    def targets(self) -> Balls:
        """The targets without their mean, (p,)."""
        return Balls.of(self.creases.problem.residual(self.creases.problem.means))

    @cached_property
    def ridge(self) -> Balls:
        """The effective ridge."""
        return Balls.of([self.creases.ridge], ())

    @cached_property
    def _removers(self) -> dict[tuple[int, ...], Balls | None]:
        return {}

    def removers(self, rows: Array) -> tuple[Array, Balls]:
        """Return of which supports the free columns are independent, (B,), and their R_S.

        Parameters
        ----------
        rows : (B, m) array of int

        Returns
        -------
        (B,) array of bool
        Balls, (B, p, p)
            The identity where they are not.
        """
        _, p, _ = self.shape
        free = np.sort(np.where(self.offset[rows], rows, -1), axis=1)
        different, places = np.unique(free, axis=0, return_inverse=True)
        matrices = [self._remover(tuple(k for k in own if k >= 0)) for own in different.tolist()]
        known = np.array([matrix is not None for matrix in matrices])
        identity = Balls.exact(np.eye(p))
        tables = [identity if matrix is None else matrix for matrix in matrices]
        mid, rad = np.array([t.mid for t in tables]), np.array([t.rad for t in tables])
        places = places.reshape(-1)
        return known[places], Balls(mid[places], rad[places])

    def _remover(self, free: tuple[int, ...]) -> Balls | None:
        if free not in self._removers:
            found = remover_of(self.creases, [self.live[k].indicator for k in free])
            shape = self.shape[1], self.shape[1]
            self._removers[free] = None if found is None else Balls.of(found.entries(), shape)
        return self._removers[free]

    def dependent(self, rows: Array) -> Array:
        """Return which supports have no simple solution by their signs alone (Lemma 99)."""
        size = rows.shape[1]
        found = size + self.offset[rows].sum(axis=1) > self.shape[1] - len(self.creases.outer)
        if size > 1:
            found |= self.below[rows[:, :, None], rows[:, None, :]].any(axis=(1, 2))
        left = np.flatnonzero(~found)
        if len(left):
            found[left] = ~self.removers(rows[left])[0]
        return found

    def approximate(self, rows: Array, removers: Array, steps: int) -> Array:
        """Return nearly the slopes, summed over units, of the minimum on each support.

        Parameters
        ----------
        rows : (B, m) array of int
        removers : (B, p, p) array
        steps : int

        Returns
        -------
        (B, m, d) array
        """
        gram, gains = self._sums(rows, removers)
        with np.errstate(all="ignore"):
            found = shrunk_minima(gram, gains, float(self.ridge.mid), rows.shape[1], steps)
            return self._polished(rows, gram, gains, found)

    def followed(self, rows: Array, removers: Array) -> Array:
        """Return the same where fast steps do not lead far: whatever the scales (Lemma 132)."""
        gram, gains = self._sums(rows, removers)
        with np.errstate(all="ignore"):
            found = smoothed_minima(gram, gains, self.projectors.mid[rows], float(self.ridge.mid))
            return self._polished(rows, gram, gains, found)

    def _sums(self, rows: Array, removers: Array) -> tuple[Array, Array]:
        """Return the inner products of responses, (B, m d, m d), and with targets, (B, m d)."""
        (count, size), (_, p, d) = rows.shape, self.shape
        roots = np.sqrt(self.weights.mid)
        kept = roots[:, None] * removers / roots
        columns = (roots[:, None] * self.responses.mid)[rows].swapaxes(1, 2)
        columns = kept @ columns.reshape(count, p, size * d)
        targets = (kept @ (roots * self.targets.mid)[:, None])[..., 0]
        gains = (columns.swapaxes(1, 2) @ targets[..., None])[..., 0]
        return columns.swapaxes(1, 2) @ columns, gains

    def _polished(self, rows: Array, gram: Array, gains: Array, slopes: Array) -> Array:
        """Take Newton steps with the units that are there."""
        slopes, ridge = np.where(np.isfinite(slopes), slopes, 0.0), float(self.ridge.mid)
        count, size, d = slopes.shape
        projectors = self.projectors.mid[rows]
        apart = np.eye(d) - projectors
        living = np.linalg.norm(slopes, axis=2) > 0
        used = np.repeat(living, d, axis=1)
        both = used[:, :, None] & used[:, None, :]

        def gradient(found: Array) -> tuple[Array, Array, Array]:
            length = np.linalg.norm(found, axis=2, keepdims=True)
            unit = found / np.maximum(length, SMALLEST)
            flat = found.reshape(count, -1)
            value = (gram @ flat[..., None])[..., 0] - gains + ridge * unit.reshape(count, -1)
            return np.where(used, value, 0.0), unit, length

        value, unit, length = gradient(slopes)
        for _ in range(POLISHING):
            bend = (projectors - unit[..., None] * unit[..., None, :]) * ridge
            bend = bend / np.maximum(length, SMALLEST)[..., None] + apart
            matrix = np.where(both, gram, 0.0)
            for k in range(size):
                own = slice(k * d, (k + 1) * d)
                matrix[:, own, own] += np.where(living[:, k, None, None], bend[:, k], np.eye(d))
            matrix += 1e-14 * np.trace(matrix, axis1=1, axis2=2)[:, None, None] * np.eye(size * d)
            step = np.linalg.solve(matrix, value[..., None])[..., 0]
            moved = slopes - step.reshape(slopes.shape)
            new, new_unit, new_length = gradient(moved)
            better = np.linalg.norm(new, axis=1) < np.linalg.norm(value, axis=1)
            if not better.any():
                break
            slopes = np.where(better[:, None, None], moved, slopes)
            value = np.where(better[:, None], new, value)
            unit = np.where(better[:, None, None], new_unit, unit)
            length = np.where(better[:, None, None], new_length, length)
        return np.where(np.isfinite(slopes), slopes, 0.0)

    def judge(self, rows: Array, slopes: Array, removers: Balls) -> CreaseVerdicts:
        """Reject supports by balls around their residuals (Lemma 98).

        Parameters
        ----------
        rows : (B, m) array of int
        slopes : (B, m, d) array
            Nearly those of the minimum, summed over the units of each crease; projected here.
        removers : Balls, (B, p, p)

        Returns
        -------
        CreaseVerdicts
            UNDECIDED is what is not rejected.
        """
        forces, pulls, radius, caps = self._ball(rows, slopes, removers)
        slack = norm_bound(pulls) + self.reaches[rows] * radius * GROWTH
        is_slack = slack * GROWTH < _below(self.ridge)
        up, down = self._rising(rows, pulls, radius, caps)
        kind = np.full(len(rows), CreaseVerdict.UNDECIDED, dtype=np.int8)
        place = np.full(len(rows), -1, dtype=np.int32)
        turning = self._turning(rows, forces, radius, up, down)
        for verdict, found in (
            (CreaseVerdict.TURNS, turning),
            (CreaseVerdict.LEAVES, up & down),
            (CreaseVerdict.SLACK, is_slack),
        ):
            some = found.any(axis=1)
            kind[some], place[some] = verdict, found[some].argmax(axis=1)
        return CreaseVerdicts(kind, place)

    def _rising(self, rows: Array, pulls: Balls, radius: Array, caps: Caps) -> tuple[Array, Array]:
        """Return where some inputs are surely ordered as a crease asks, and where otherwise.

        By u in the middle of the ball, or by the slope, whichever u is surely nearer to.
        """
        inputs, lengths = self.places
        reach, ridge = self.reaches[rows] * radius * GROWTH, self.ridge.magnitude()
        by_slope = caps.angle * ridge < reach
        middle = Balls(
            np.where(by_slope[..., None], caps.slopes.mid, pulls.mid),
            np.where(by_slope[..., None], caps.slopes.rad, pulls.rad),
        )
        near = np.where(by_slope, caps.angle * caps.lengths * GROWTH, reach)
        heights = (inputs @ middle[..., None])[..., 0]
        slack = near[..., None] * lengths * GROWTH
        error = (heights.rad + slack + UNIT * np.abs(heights.mid)) * GROWTH + TINY_ROOT
        low, high, signs = heights.mid - error, heights.mid + error, self.signs[rows]

        def over(upper: int, lower: Array, one: Array, other: Array) -> Array:
            above = np.where(signs == upper, one, -np.inf).max(axis=2)
            return above > np.where(lower, other, np.inf).min(axis=2)

        sides = ((1, signs < 1), (0, signs < 0))
        up = [over(upper, lower, low, high) for upper, lower in sides]
        down = [over(upper, lower, -high, -low) for upper, lower in sides]
        return up[0] | up[1], down[0] | down[1]

    def _turning(self, rows: Array, forces: Balls, radius: Array, up: Array, down: Array) -> Array:
        """Return which creases have one sign, and are bad kinks and no ends of gaps."""
        ends, turns = self.neighbours, self.turns

        def values(sums: tuple[Balls, Array]) -> Balls:
            found = (sums[0][rows] @ forces[:, None, :, None])[..., 0]
            return found.widened(sums[1][rows] * radius[..., None])

        around = values(ends)
        absent = ends[1][rows] == 0
        is_no_end = (around.positive() | around.negative() | absent).all(axis=2)
        leading = values(turns)
        good = np.where(up[..., None], leading.positive(), leading.negative())
        bad = (good & (turns[1][rows] > 0)).any(axis=2)
        return bad & is_no_end & (up != down)

    def _ball(
        self, rows: Array, slopes: Array, removers: Balls
    ) -> tuple[Balls, Balls, Array, Caps]:
        """Return weighted residuals in the middle, their u, (B, m, d), radii, (B, 1), and caps."""
        given = Balls.exact(slopes)[..., None]
        responses = self.responses[rows]
        fitted = (responses @ given)[..., 0].sum(1)
        spread = Balls(
            np.broadcast_to(self.targets.mid, fitted.shape),
            np.broadcast_to(self.targets.rad, fitted.shape),
        )
        left = (removers @ (spread - fitted)[..., None])[..., 0]
        forces = left * self.weights
        pulls = (responses.mT @ forces[:, None, :, None])[..., 0]
        projected = (self.projectors[rows] @ given)[..., 0]
        lengths = norm_bound(projected)
        steepest = norm_bound(pulls).max(axis=1)
        low = max(float(_below(self.ridge)), 0.0)
        theta = np.minimum(1.0, low / np.maximum(steepest, low) * (1 - 8 * UNIT))
        scale, short = Balls.exact(theta), Balls.exact(1.0) - Balls.exact(theta)
        square, work = (forces * left).sum(1), (projected * pulls).sum(2).sum(1)
        price = self.ridge * Balls.exact(lengths).sum(1).widened(0.0)
        gap = (Balls.exact(0.5) * short * short * square + price - scale * work).magnitude()
        gap = gap * MARGIN
        radius = np.sqrt(2 * gap * GROWTH) * GROWTH + TINY_ROOT
        radius = np.where(np.isfinite(radius), radius, np.inf)
        caps = Caps(projected, lengths, self._angles(gap, projected))
        return forces * scale[:, None], pulls * scale[:, None, None], radius[:, None], caps

    def _angles(self, gap: Array, slopes: Balls) -> Array:
        """Return how far u / ridge is, at most, from slopes that are made as long as 1, (B, m)."""
        least = np.maximum(np.abs(slopes.mid) - slopes.rad * GROWTH, 0.0)
        length = np.sqrt((least * least).sum(axis=2)) / GROWTH - TINY_ROOT
        bound = length * float(_below(self.ridge)) / GROWTH
        with np.errstate(all="ignore"):
            angle = np.sqrt(2 * gap[:, None] / bound * GROWTH) * GROWTH + TINY_ROOT
        return np.where((bound > LEAST) & np.isfinite(angle), angle, np.inf)


def _lists(rows: Sequence[Vector]) -> list[list[fmpq]]:
    return [list(row) for row in rows]


def _filled_rows(rows: Sequence[Vector], most: int, length: int) -> list[fmpq]:
    """Return the entries of rows, and of rows of zeros after them."""
    return [x for row in rows for x in row] + [fmpq(0)] * ((most - len(rows)) * length)


def _root_above(square: fmpq) -> float:
    """Return a double that is the root at least; 0 for 0."""
    root = arb(square).sqrt()
    return float(root.upper()) * GROWTH if square > 0 else 0.0


def _below(ball: Balls) -> Array:
    """Return lower bounds of positive numbers."""
    return (ball.mid - ball.rad * GROWTH) * (1 - 2 * UNIT)
