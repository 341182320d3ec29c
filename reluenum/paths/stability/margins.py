"""How far supports are from another verdict: how much the residual may move (Lemmas 70 and 72).

Supports are taken size by size, as in the certified engine: what is asked of a support is linear in
its residual or in one of a support with one face less, and residuals move no more than the targets.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import combinations

import numpy as np

from reluenum.algebra.balls import GROWTH, Balls
from reluenum.engines.certified.escalation import Escalation
from reluenum.engines.certified.projections import (
    EnclosedResiduals,
    empty_support,
    fall_back,
    joined_batches,
    project,
    replaced,
)
from reluenum.engines.certified.survey import point_vectors
from reluenum.engines.certified.verdicts import antipodal, gradients, memberships
from reluenum.errors import BackendError
from reluenum.geometry.frames import Frames
from reluenum.geometry.subsets import Subsets
from reluenum.paths.stability.forms import FormNorms, distance
from reluenum.paths.stability.moves import Moves

CHUNK = 2048
"""Supports that are looked at together; bounds the memory."""

FLAG_CHUNK = 64
"""Residuals whose gradients on all faces are computed at once."""


@dataclass(frozen=True, eq=False)
class VerdictMargins:
    """What B supports of one size allow: lower bounds of distances, 0 where there is none.

    Parameters
    ----------
    supports : (B, m) array of int
        Numbers of live faces, ascending.
    accepted : (B,) array
        While targets are nearer than that, the support has an isolated stationary point with the
        same signs, at which all its faces are good.
    rejected : (B,) array
        While targets are nearer than that, it has none.
    flags : (B, 2) array
        While targets are nearer than that, and the support stays accepted, its residual is dual
        feasible, and is not so; 0 where that is not so at all, or the support is not accepted.
    signs : (B, m) array of int8
        Of the output weights, where it is accepted.
    needed : (B, m) array
        While targets are nearer than that, the residual is not the one without the face.
    """

    supports: np.ndarray
    accepted: np.ndarray
    rejected: np.ndarray
    flags: np.ndarray
    signs: np.ndarray
    needed: np.ndarray

    def __getitem__(self, chosen: slice) -> "VerdictMargins":
        return VerdictMargins(*(getattr(self, field.name)[chosen] for field in fields(self)))

    @property
    def flag(self) -> np.ndarray:
        """While targets are nearer than that, the flag of an accepted support stays, (B,)."""
        return self.flags.max(axis=1)

    @property
    def kept(self) -> np.ndarray:
        """While targets are nearer than that, the verdict and the flag stay, (B,)."""
        return np.where(self.accepted > 0, np.minimum(self.accepted, self.flag), self.rejected)


@dataclass(frozen=True, eq=False)
class MarginFinder:
    """Looks at the supports of a problem, at its targets.

    Parameters
    ----------
    escalation : Escalation
        For the residuals that doubles do not find.
    frames : Frames
        With the targets.
    norms : FormNorms
    """

    escalation: Escalation
    frames: Frames
    norms: FormNorms

    @classmethod
    def of(cls, escalation: Escalation) -> "MarginFinder":
        """Return those of a problem."""
        geometry = escalation.geometry
        norms = FormNorms.of(geometry.frames, geometry.arrangement)
        return cls(escalation, geometry.frames, norms)

    @property
    def ridge(self) -> tuple[float, float]:
        """Bounds of the effective ridge."""
        ball = self.frames.ridge
        return float(ball.mid - ball.rad) / GROWTH, float(ball.mid + ball.rad) * GROWTH

    def zero_network(self) -> np.ndarray:
        """Return how near targets have to be for R y to stay dual feasible, and not so, (2,)."""
        with np.errstate(all="ignore"):
            return self._flags(empty_support(self.frames), np.zeros((1, 0), dtype=int))[0]

    def families(self, supports: Mapping[int, Iterable[np.ndarray]]) -> Iterator[VerdictMargins]:
        """Yield the margins of families of supports, size by size, a chunk at a time.

        Parameters
        ----------
        supports : dict
            For each size, from 1 on, ascending numbers of all supports wanted (`Subsets`), in
            chunks. With each of them the supports inside it are wanted, too.
        """
        known = _Known(np.zeros(1, dtype=np.int64), empty_support(self.frames))
        last = max(supports, default=0)
        with np.errstate(all="ignore"):  # what is not finite encloses everything
            for size in sorted(supports):
                subsets = Subsets(len(self.frames.faces), size)
                parts, numbers = [], []
                for chosen in supports[size]:
                    margins, found = self._margins(known, subsets.members(chosen))
                    yield margins
                    if size < last:
                        parts.append(found)
                        numbers.append(chosen)
                if size < last:
                    known = _Known(np.concatenate(numbers), joined_batches(parts))

    def _margins(
        self, known: "_Known", supports: np.ndarray
    ) -> tuple[VerdictMargins, EnclosedResiduals]:
        """Return margins and residuals of supports whose smaller ones are known."""
        superfluous, needed, rows = self._by_others(known, supports)
        found = self._residuals(known, supports, superfluous, needed, rows)
        walls, kinks, outside = self._by_faces(found)
        inside = np.minimum(walls, kinks)
        signs = np.where(inside[..., 0] >= inside[..., 1], 1, -1).astype(np.int8)
        least = np.maximum(superfluous.max(axis=1), outside.max(axis=1))
        accepted = np.zeros(len(supports))
        chosen = np.flatnonzero(~(least > 0))
        if len(chosen):
            parts = (needed[chosen], walls[chosen], kinks[chosen])
            accepted[chosen] = self._sharper(found[chosen], signs[chosen], *parts)
        accepted, rejected = np.maximum(accepted, 0), np.maximum(least, 0)
        flags = np.zeros((len(supports), 2))
        chosen = np.flatnonzero(accepted > 0)
        flags[chosen] = self._flags(found[chosen], supports[chosen])
        return VerdictMargins(supports, accepted, rejected, flags, signs, needed), found

    def _by_others(
        self, known: "_Known", supports: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return for each face how surely it is superfluous, and needed, and the row without it."""
        superfluous, needed = np.empty(supports.shape), np.empty(supports.shape)
        rows = np.empty(supports.shape, dtype=np.int64)
        smaller = Subsets(len(self.frames.faces), supports.shape[1] - 1)
        for k in range(supports.shape[1]):
            rows[:, k] = known.rows(smaller.numbers(np.delete(supports, k, axis=1)))
            face = supports[:, k, None]
            dual = gradients(self.frames, known.found[rows[:, k]], face)
            below, above = self._excess(dual, face)
            superfluous[:, k], needed[:, k] = below[:, 0], above[:, 0]
        return superfluous, needed, rows

    def _excess(self, dual: Balls, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return how far |u_F| is surely below the ridge, and above it, as distances."""
        low, high = _norms(dual)
        least, most = self.ridge
        reach = self.norms.gradient[faces]
        return distance(least - high, reach), distance(low - most, reach)

    def _residuals(
        self,
        known: "_Known",
        supports: np.ndarray,
        superfluous: np.ndarray,
        needed: np.ndarray,
        rows: np.ndarray,
    ) -> EnclosedResiduals:
        """Enclose the residuals: of a smaller support, or projected, or as near as can be told."""
        beta = np.zeros((*supports.shape, self.frames.coordinates))
        radius = np.full(len(supports), np.inf)
        inherited = np.flatnonzero((superfluous > 0).any(axis=1))
        place = superfluous[inherited].argmax(axis=1)
        _copy_residuals(beta, radius, known.found, inherited, rows[inherited, place], place)
        essential = np.flatnonzero((needed > 0).all(axis=1))
        projected = self._projected(supports[essential])
        beta[essential], radius[essential] = projected.beta, projected.radius
        unsure = np.setdiff1d(np.arange(len(supports)), np.concatenate([inherited, essential]))
        place = needed[unsure].argmin(axis=1)
        _copy_residuals(beta, radius, known.found, unsure, rows[unsure, place], place)
        rough = EnclosedResiduals(supports[unsure], beta[unsure], radius[unsure], Balls.exact(beta))
        fallen = fall_back(self.frames, supports[unsure], rough.vectors(self.frames).mid)
        beta[unsure], radius[unsure] = fallen.beta, fallen.radius
        found = EnclosedResiduals(supports, beta, radius, Balls.exact(beta))
        dual = gradients(self.frames, found, supports)
        return EnclosedResiduals(supports, beta, radius, dual)

    def _projected(self, supports: np.ndarray) -> EnclosedResiduals:
        """Project essential supports; those that doubles do not solve by their certified points."""
        found = project(self.frames, supports)
        for k in np.flatnonzero(~np.isfinite(found.radius)):
            try:
                support = tuple(self.frames.faces[f] for f in supports[k])
                point = self.escalation.point(support, found.vectors(self.frames).mid[k])
            except BackendError:
                continue
            vectors = np.array([point_vectors(point)])
            found = replaced(
                found, np.array([k]), fall_back(self.frames, supports[k, None], vectors)
            )
        return found

    def _sharper(
        self,
        found: EnclosedResiduals,
        signs: np.ndarray,
        needed: np.ndarray,
        walls: np.ndarray,
        kinks: np.ndarray,
    ) -> np.ndarray:
        """Return how surely supports are accepted: of several bounds for a condition the best."""
        moves = Moves(self.frames, found, self.norms, signs, needed)
        own = (signs < 0).astype(int)[..., None]
        walls, kinks = (np.take_along_axis(x, own, axis=2)[..., 0] for x in (walls, kinks))
        turned = Balls.exact(signs[:, :, None].astype(float))
        heights, slopes = self._heights(found) * turned, self._slopes(found) * -turned
        wall, ray = self.norms.wall[found.supports], self.norms.ray[found.supports]
        living = np.maximum(needed, moves.lengths)
        inside = np.maximum(walls, moves.inside(heights, wall))
        good = np.maximum(kinks, moves.good(slopes, ray))
        return np.minimum(np.minimum(living, inside), good).min(axis=1)

    def _by_faces(self, found: EnclosedResiduals) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return for each face how surely its unit is inside, and good, and how surely not.

        Returns
        -------
        (B, m, 2) array
            Inside, for the signs 1 and -1.
        (B, m, 2) array
            Good, likewise.
        (B, m) array
            Not both, for neither sign.
        """
        frames, faces = self.frames, found.supports
        heights, slopes, used = self._heights(found), self._slopes(found), frames.ray_used[faces]
        wall, ray = self.norms.wall[faces], self.norms.ray[faces]
        inside, good, not_both = (np.empty((*faces.shape, 2)) for _ in range(3))
        for k, sign in enumerate((1, -1)):
            height, slope = (x if sign > 0 else -x for x in (heights, -slopes))
            holds = np.where(ray == 0, np.inf, distance(slope.mid - slope.rad, ray))
            falls = np.where(ray == 0, -np.inf, distance(-slope.mid - slope.rad, ray))
            inside[..., k] = distance(height.mid - height.rad, wall).min(axis=2)
            good[..., k] = np.where(used, holds, np.inf).min(axis=2)
            beyond = distance(-height.mid - height.rad, wall).max(axis=2)
            not_both[..., k] = np.maximum(beyond, np.where(used, falls, -np.inf).max(axis=2))
        unreachable = self.norms.unreachable[faces]
        inside[unreachable] = -np.inf
        return inside, good, np.where(unreachable, np.inf, not_both.min(axis=2))

    def _heights(self, found: EnclosedResiduals) -> Balls:
        """Enclose w . u_F(r_S) for the walls w of each face, (B, m, W)."""
        return (self.frames.walls[found.supports] @ found.dual[..., None])[..., 0]

    def _slopes(self, found: EnclosedResiduals) -> Balls:
        """Enclose g(r_S) . y for the rays y of each face, (B, m, Y)."""
        frames, faces = self.frames, found.supports
        sides = frames.ray_active[faces]
        gram = frames.gram[sides[:, :, :, None], frames.active[faces][:, None, None, :]]
        fitted = (gram @ found.vectors(frames)[:, None, None, :, :, None])[..., 0].sum(3)
        along = ((frames.target[sides] - fitted) * frames.rays[faces]).sum(3)
        return along.widened(frames.ray_reach[faces] * found.radius[:, None, None] * GROWTH)

    def _flags(self, found: EnclosedResiduals, supports: np.ndarray) -> np.ndarray:
        """Return how near targets have to be for residuals to be dual feasible, and not, (B, 2)."""
        parts = [
            self._few_flags(found[first : first + FLAG_CHUNK], supports[first : first + FLAG_CHUNK])
            for first in range(0, len(found), FLAG_CHUNK)
        ]
        return np.concatenate([np.empty((0, 2)), *parts])

    def _few_flags(self, found: EnclosedResiduals, supports: np.ndarray) -> np.ndarray:
        frames, every = self.frames, np.arange(len(self.frames.faces))[None]
        dual = gradients(frames, found)
        below, above = self._excess(dual, every)
        heights = (frames.walls[every] @ dual[..., None])[..., 0]
        wall = self.norms.wall[every]
        wrong = [distance(x - heights.rad, wall).max(axis=2) for x in (-heights.mid, heights.mid)]
        outside = np.where(self.norms.unreachable, np.inf, np.minimum(*wrong))
        fine = np.maximum(below, outside)
        np.put_along_axis(fine, supports, np.inf, axis=1)
        fine[antipodal(frames, found) != 0] = np.inf
        signs, _ = memberships(frames, np.broadcast_to(every, below.shape), dual)
        exceeding = np.where(signs != 0, above, 0)
        np.put_along_axis(exceeding, supports, 0, axis=1)
        return np.maximum(np.stack([fine.min(axis=1), exceeding.max(axis=1)], axis=1), 0)


@dataclass(frozen=True, eq=False)
class _Known:
    """The residuals of a family of supports of one size.

    Parameters
    ----------
    numbers : (K,) array of int
        Ascending.
    found : EnclosedResiduals
        Superfluous faces have beta = 0.
    """

    numbers: np.ndarray
    found: EnclosedResiduals

    def rows(self, numbers: np.ndarray) -> np.ndarray:
        """Return the places of supports of the family."""
        return np.searchsorted(self.numbers, numbers)


def _copy_residuals(
    beta: np.ndarray,
    radius: np.ndarray,
    known: EnclosedResiduals,
    where: np.ndarray,
    rows: np.ndarray,
    place: np.ndarray,
) -> None:
    """Copy residuals of smaller supports: at a place there is a further face, with beta = 0."""
    size = beta.shape[1]
    others = np.array([np.delete(np.arange(size), k) for k in range(size)])
    if size > 1:
        beta[where[:, None], others[place]] = known.beta[rows]
    radius[where] = known.radius[rows]


def _norms(vectors: Balls) -> tuple[np.ndarray, np.ndarray]:
    """Return lower and upper bounds of Euclidean norms along the last axis."""
    square = vectors.square().sum(vectors.mid.ndim - 1)
    low = np.sqrt(np.maximum(square.mid - square.rad, 0)) / GROWTH
    return low, np.sqrt(np.maximum(square.mid + square.rad, 0)) * GROWTH


def all_supports(total: int, width: int) -> dict[int, Iterable[np.ndarray]]:
    """Return the numbers of all supports of at most so many of the faces, in chunks."""
    sizes = range(1, min(width, total) + 1)
    return {size: _number_chunks(Subsets(total, size).count) for size in sizes}


def _number_chunks(count: int) -> Iterator[np.ndarray]:
    """Yield the numbers up to a count, in chunks."""
    for first in range(0, count, CHUNK):
        yield np.arange(first, min(first + CHUNK, count), dtype=np.int64)


def with_smaller(total: int, supports: Iterable[Sequence[int]]) -> dict[int, Iterable[np.ndarray]]:
    """Return the numbers of some supports, and of all supports inside them, in chunks."""
    wanted: dict[int, set[tuple[int, ...]]] = {}
    for support in supports:
        for size in range(1, len(support) + 1):
            wanted.setdefault(size, set()).update(combinations(sorted(support), size))
    return {
        size: _chunks(np.sort(Subsets(total, size).numbers(np.array(sorted(rows)))))
        for size, rows in sorted(wanted.items())
    }


def _chunks(numbers: np.ndarray) -> Iterable[np.ndarray]:
    return [numbers[first : first + CHUNK] for first in range(0, len(numbers), CHUNK)]
