"""Records by the thousand, in doubles with error bounds; what these do not show is looked at alone.

Residuals are in the ball of Lemma 98, and u near slopes by Lemma 130, as in `residuals`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import inf, prod

import numpy as np
from flint import fmpq

from ..hinges.balls import MORE, TINY, UNIT, Array, Balls, stacked
from ..pages import Record
from ..reals import dot
from .sites import Sites, Support

SCREENED = ("slack", "leaves", "turns")
KEPT = 1 << 10  # removers in doubles
LARGEST = 1 << 22  # numbers in a table of creases, or of one batch


def shaped(numbers: Iterable[fmpq], *shape: int) -> Balls:
    """Return exact numbers, listed row after row, as an array of balls."""
    found = Balls.of([list(numbers)])
    return Balls(found.middle.reshape(shape), found.radius.reshape(shape))


def upper(balls: Balls) -> Array:
    """Return upper bounds of absolute values."""
    return (np.abs(balls.middle) + balls.radius) * MORE


def root(numbers: Array) -> Array:
    """Return upper bounds of square roots, of rounded numbers that may have underflowed, too."""
    return np.sqrt(numbers + TINY) * MORE


def lengths(balls: Balls) -> Array:
    """Return upper bounds of Euclidean norms along the last axis."""
    bound = upper(balls)
    return root((bound * bound).sum(axis=-1)) * (1 + bound.shape[-1] * UNIT)


def roots(squares: Iterable[fmpq], *shape: int) -> Array:
    """Return upper bounds of square roots."""
    return root(upper(shaped(squares, *shape)))


def product(table: Balls, vector: Balls) -> Balls:
    """Return matrices times vectors."""
    return (table * Balls(vector.middle[..., None, :], vector.radius[..., None, :])).total()


@dataclass(frozen=True)
class Batch:
    """What is known of some supports, (B,) of them: of the creases that the records are about.

    `forces`, (B, p), and `u`, (B, d), are those in the middle, `radius`, (B,), is that of the ball;
    `slope`, (B, d), is nearer than `width` to u |b| / Lambda.
    """

    creases: Array
    forces: Balls
    u: Balls
    radius: Array
    slope: Balls
    width: Array


class Screens:
    """The tables of all creases in doubles."""

    def __init__(self, sites: Sites) -> None:
        self.sites, self.creases = sites, sites.creases
        self.shape = len(self.creases), sites.size, sites.depth
        self.remover = lru_cache(max(16, min(KEPT, LARGEST // sites.size**2)))(self._remover)
        self.forms_of = lru_cache(KEPT)(self._forms_of)

    @property
    def fit(self) -> bool:
        """Whether the tables are not too large."""
        return bool(self.creases) and prod(self.shape) <= LARGEST

    @property
    def batch(self) -> int:
        """How many records are looked at together."""
        _, size, depth = self.shape
        return max(16, min(1 << 11, LARGEST // max(size**2, 4 * size * depth, depth**2)))

    @cached_property
    def values(self) -> Balls:
        """The outputs at the sites as maps of slopes, (C, p, d)."""
        return shaped((x for c in self.creases for x in c.values.exact.entries()), *self.shape)

    @cached_property
    def flats(self) -> Balls:
        """The projectors, (C, d, d)."""
        count, _, depth = self.shape
        return shaped(
            (x for c in self.creases for x in c.flat.exact.entries()), count, depth, depth
        )

    @cached_property
    def reaches(self) -> Array:
        """Upper bounds of |u_F(r)| / |r|, (C,)."""
        return roots(map(self._square, (c.u.exact.tolist() for c in self.creases)), -1)

    def _square(self, rows: Sequence[Sequence[fmpq]]) -> fmpq:
        return sum((dot([x * x for x in row], self.sites.copies) for row in rows), fmpq(0))

    @cached_property
    def signs(self) -> Array:
        """The signs of creases at the sites, (C, p)."""
        ways = [[(c.active >> k & 1) - 1 for k in range(self.shape[1])] for c in self.creases]
        bends = [[c.zeros >> k & 1 for k in range(self.shape[1])] for c in self.creases]
        return np.where(np.array(ways) < 0, np.array(bends) - 1, 1)

    @cached_property
    def places(self) -> tuple[Balls, Array]:
        """The sites less the first one, (p, d), and bounds of their distances, (p,)."""
        rows = [self.sites.between(0, k) for k in range(self.shape[1])]
        squares = (dot(row, row) for row in rows)
        return shaped((x for row in rows for x in row), -1, self.shape[2]), roots(squares, -1)

    def _forms_of(self, place: int, name: str) -> tuple[Balls, Array]:
        """Return the `turns` or `ends` of a crease, (K, p), and bounds of their norms, (K,)."""
        rows = getattr(self.creases[place], name).exact.tolist()
        forms = shaped((x for row in rows for x in row), len(rows), self.shape[1])
        return forms, roots((self._square([row]) for row in rows), len(rows))

    @cached_property
    def targets(self) -> Balls:
        """The targets less their mean, (p,): a constant is nothing to R_S."""
        mean = dot(self.sites.y, self.sites.copies) / self.sites.total
        return shaped((y - mean for y in self.sites.y), -1)

    @cached_property
    def shares(self) -> Balls:
        """The inverse weights, (p,)."""
        return shaped((1 / w for w in self.sites.copies), -1)

    @cached_property
    def ridge(self) -> Balls:
        """The ridge."""
        return shaped([self.sites.ridge], 1)

    @property
    def low(self) -> float:
        """A lower bound of the ridge."""
        return max(float((self.ridge.middle - 2 * self.ridge.radius)[0]), 0.0)

    def _remover(self, masks: tuple[int, ...]) -> Balls | None:
        """Return the matrix that takes targets to forces, if indicators are independent."""
        found = self.sites.remover(masks)
        size = self.shape[1]
        return shaped(found.forces.exact.entries(), size, size) if found.is_independent else None

    def proved(self, supports: Sequence[Support], records: Sequence[Record]) -> list[bool]:
        """Claim 282: records that are true of all residuals in a ball, as `slack` and so on say.

        Others, and what is no record, may be true or not.
        """
        removers = [
            self.remover(self._masks(support)) if self._is_sound(support, record) else None
            for support, record in zip(supports, records, strict=True)
        ]
        kept = [k for k, remover in enumerate(removers) if remover]
        found = np.zeros(len(records), dtype=bool)
        if kept:
            chosen = ([whole[k] for k in kept] for whole in (supports, records, removers))
            with np.errstate(all="ignore"):
                found[kept] = self._shown(*chosen)
        return found.tolist()

    def _shown(
        self, supports: Sequence[Support], records: Sequence[Record], removers: Sequence[Balls]
    ) -> list[bool]:
        """Return whether the claims of records are seen to be true."""
        batch = self.enclosed(supports, records, removers)
        up, down = self.orders(batch)
        sure = {"slack": self.slack(batch), "leaves": up & down}
        return [
            self.turning(batch, k, up[k], down[k]) if verdict == "turns" else sure[verdict][k]
            for k, (verdict, *_) in enumerate(records)
        ]

    def _masks(self, support: Support) -> tuple[int, ...]:
        creases = (self.creases[k] for k in support)
        return tuple(crease.active for crease in creases if crease.has_offset)

    def _is_sound(self, support: Support, record: Record) -> bool:
        """Whether a record is about a crease of its support, with slopes."""
        verdict, place, w = record
        if verdict not in SCREENED or type(place) is not int or not 0 <= place < len(support):
            return False
        right = type(w) is list and len(w) == len(support) * self.shape[2]
        return right and all(type(x) is float and abs(x) < inf for x in w)

    def enclosed(
        self, supports: Sequence[Support], records: Sequence[Record], removers: Sequence[Balls]
    ) -> Batch:
        """Claim 283: the balls of Lemma 98, and u near the slopes (Lemma 130)."""
        rows, places = np.array(supports), np.array([place for _, place, _ in records])
        given = np.array([w for *_, w in records]).reshape(*rows.shape, self.shape[2])
        slopes, values = Balls(given, np.zeros_like(given)), self.values[rows]
        fits = product(values, slopes)
        forces = product(stacked(removers, 0), self.targets - swapped(fits, 1, 2).total())
        every = Balls(forces.middle[:, None], forces.radius[:, None])
        u, flat = product(swapped(values, 2, 3), every), product(self.flats[rows], slopes)
        theta = np.minimum(1.0, self.low / lengths(u).max(axis=1) * (1 - 4 * UNIT))
        gap, own = self._gap(theta, forces, flat, u), (np.arange(len(rows)), places)
        scale = Balls(theta[:, None], np.zeros((len(rows), 1)))
        return Batch(
            rows[own],
            forces * scale,
            u[own] * scale,
            root(2 * gap),
            flat[own],
            root(2 * gap) * root(lengths(flat)[own] / self.low) * MORE,
        )

    def _gap(self, theta: Array, forces: Balls, slopes: Balls, u: Balls) -> Array:
        """Return upper bounds of gamma, (B,) (Lemma 130)."""
        scale, long = Balls(theta, np.zeros_like(theta)), lengths(slopes)
        square, work = (forces * forces * self.shares).total(), (slopes * u).total().total()
        price = (self.ridge * Balls(long, np.zeros_like(long))).total()
        short = ONE - scale
        return upper(HALF * short * short * square + price - scale * work)

    def slack(self, batch: Batch) -> Array:
        """Claim 284: where |u_F| < Lambda in the whole ball."""
        reach = self.reaches[batch.creases] * batch.radius * MORE
        return (lengths(batch.u) + reach) * MORE < self.low

    def orders(self, batch: Batch) -> tuple[Array, Array]:
        """Claim 285: where u_F surely orders some sites as the crease asks, and where otherwise.

        By the ball, or by the slope.
        """
        (sites, far), signs = self.places, self.signs[batch.creases]
        reach = self.reaches[batch.creases] * batch.radius * MORE
        up = down = np.zeros(len(signs), dtype=bool)
        for vector, error in ((batch.u, reach), (batch.slope, batch.width)):
            heights = product(sites, vector)
            wide = (heights.radius + error[:, None] * far * MORE) * MORE
            low, high = heights.middle - wide * MORE, heights.middle + wide * MORE
            low, high = below(low), -below(-high)
            for upper_one, lower_one in ((signs == 1, signs < 1), (signs == 0, signs < 0)):
                up = up | is_over(low, high, upper_one, lower_one)
                down = down | is_over(-high, -low, upper_one, lower_one)
        return up, down

    def turning(self, batch: Batch, k: int, up: bool, down: bool) -> bool:
        """Claim 286: a kink is not good for the sign that is left, and bounds no gap.

        Or no sign is left.
        """
        if self.creases[batch.creases[k]].is_open or up == down:
            return bool(up and not self.creases[batch.creases[k]].is_open)
        leading, ends = self._signs(batch, k, "turns"), self._signs(batch, k, "ends")
        return bool((leading == (1 if up else -1)).any() and ends.all())

    def _signs(self, batch: Batch, k: int, name: str) -> Array:
        """Return the signs of forms that a ball is sure of, else 0."""
        forms, sizes = self.forms_of(int(batch.creases[k]), name)
        found = product(forms, batch.forces[k])
        return Balls(found.middle, (found.radius + sizes * batch.radius[k] * MORE) * MORE).signs


ONE, HALF = (Balls(np.array([number]), np.zeros(1)) for number in (1.0, 0.5))


def swapped(balls: Balls, one: int, other: int) -> Balls:
    """Return an array with two axes exchanged."""
    return Balls(balls.middle.swapaxes(one, other), balls.radius.swapaxes(one, other))


def below(numbers: Array) -> Array:
    """Return doubles that are less than a sum of which these are the rounded values."""
    return numbers - np.abs(numbers) * UNIT


def is_over(low: Array, high: Array, above: Array, under: Array) -> Array:
    """Where some number above is larger than some number under: in every case, by their ends."""
    largest = np.where(above, low, -np.inf).max(axis=1)
    return largest > np.where(under, high, np.inf).min(axis=1)
