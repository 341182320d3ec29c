"""Which faces may attain the dual bound, as doubles tell: what is worth a look with error bounds.

Nothing is proved by it. A face on which |u_F| is nearly the bound is always among them, and of
those on which it is exceeded for sure there is one.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from reluenum.geometry.arrangement import Face, site_signs
from reluenum.geometry.frames import Frames
from reluenum.problem import Problem, Site

SLACK = 1e-3
"""By which doubles may be wrong, relative to the bound, when faces are chosen."""

ROUNDED = 2.0**-40
"""By which sums over all data may be wrong, relative to those of absolute values."""

TOGETHER = 1 << 15
"""Of faces with a residual each, whose sides are compared together: so many stay in the cache."""


class ActiveSets(ABC):
    """The active sets of a problem's faces, by number: subsets of its sites in some order."""

    sites: Sequence[Site]

    @abstractmethod
    def having(self, sets: np.ndarray) -> np.ndarray:
        """Return which sites are in sets with some numbers, (..., p) array of bool."""

    @abstractmethod
    def sums(self, terms: np.ndarray) -> np.ndarray:
        """Return the sums over each set, (K, B), of B columns with a term for each site."""


class Spans(ActiveSets):
    """Spans of inputs on a line: each begins at one of the ascending sites, and ends before one."""

    def __init__(self, problem: Problem, faces: Sequence[Face]) -> None:
        self.sites = problem.ascending
        self._start, self._stop = np.array([face.span for face in faces]).T

    def having(self, sets: np.ndarray) -> np.ndarray:
        """Return which sites are in sets with some numbers, (..., p) array of bool."""
        places, (start, stop) = np.arange(len(self.sites)), (self._start[sets], self._stop[sets])
        return (start[..., None] <= places) & (places < stop[..., None])

    def sums(self, terms: np.ndarray) -> np.ndarray:
        """Return the sums over each set, (K, B): differences of sums over the first sites."""
        running = np.pad(np.cumsum(terms, axis=0), ((1, 0), (0, 0)))
        return running[self._stop] - running[self._start]


class Masks(ActiveSets):
    """Any sets, with an entry for each site: all sums are one product of matrices."""

    def __init__(self, problem: Problem, faces: Sequence[Face]) -> None:
        self.sites = problem.sites
        self._masks = (np.array([site_signs(problem, face) for face in faces]) > 0).astype(float)

    def having(self, sets: np.ndarray) -> np.ndarray:
        """Return which sites are in sets with some numbers, (..., p) array of bool."""
        return self._masks[sets] > 0

    def sums(self, terms: np.ndarray) -> np.ndarray:
        """Return the sums over each set, (K, B)."""
        return self._masks @ terms


@dataclass(frozen=True, eq=False)
class Gradients:
    """The sums u_A of r_i (x_i, 1) over all active sets A, roughly, for B residuals.

    Parameters
    ----------
    sums : (D, K, B) array
    noise : (B,) array
        About how wrong they are, if not less so.
    """

    sums: np.ndarray
    noise: np.ndarray


class NearFaces:
    """The faces F of a problem on which |u_F| may be the bound, or exceed it.

    Parameters
    ----------
    frames : Frames

    Examples
    --------
    >>> from reluenum.geometry.geometry import Geometry
    >>> from reluenum.problem import Problem
    >>> problem = Problem.from_text([["-1"], ["0"], ["1"]], ["0", "1", "1"], 1, "1/6")
    >>> frames = Geometry.of(problem).frames
    >>> nothing = np.empty((1, 0), dtype=int), np.empty((1, 0, 2)), np.zeros(1)
    >>> [frames.faces[k].signs for k in np.flatnonzero(NearFaces(frames).rows(*nothing))]
    ['+++']
    """

    def __init__(self, frames: Frames) -> None:
        self.frames = frames
        self._ridge = float(frames.ridge.mid)
        _, first = np.unique(frames.active, return_index=True)
        faces = [frames.faces[k] for k in first]
        kind = Spans if all(face.span for face in faces) else Masks
        self.sets = kind(frames.problem, faces)
        with np.errstate(all="ignore"):
            lengths = np.linalg.norm(frames.walls.mid, axis=2, keepdims=True)
            self._walls = (frames.walls.mid / lengths) @ frames.basis.mid.mT
        self._sides = _opposite_sides(self._walls)
        single = frames.padded.sum(axis=1) == frames.coordinates - 1
        order = np.argsort(frames.active, kind="stable")
        self._rays, self._cones = order[single[order]], order[~single[order]]

    def rows(self, supports: np.ndarray, vectors: np.ndarray, radius: np.ndarray) -> np.ndarray:
        """Return which faces to look at, (B, F).

        Parameters
        ----------
        supports : (B, m) array of int
        vectors : (B, m, D) array
            Approximations of w_l.
        radius : (B,) array
            Bounds of how wrong the residuals are that these give; infinite where there is none,
            and they are right but for rounding.
        """
        found = self._gradients(supports, vectors)
        found.noise[:] += self.frames.reach.max() * np.where(np.isfinite(radius), radius, 0)
        count = len(supports)
        chosen = np.zeros((len(self.frames.faces), count), dtype=bool)
        longest, where = np.zeros(count), np.zeros(count, dtype=int)
        for faces, near, exceeding in self._looks(found):
            chosen[faces] = near
            most = exceeding.argmax(axis=0)
            better = exceeding[most, np.arange(count)] > longest
            longest = np.where(better, exceeding[most, np.arange(count)], longest)
            where = np.where(better, faces[most], where)
        chosen[where, np.arange(count)] |= longest > 0
        return chosen.T

    def _looks(self, found: Gradients) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Yield faces, on which of them |u_F| may be the bound, and |u_F| where it exceeds it."""
        step = max(1, TOGETHER // max(1, len(found.noise)))
        for faces, look in ((self._rays, self._on_rays), (self._cones, self._on_cones)):
            for part in (faces[k : k + step] for k in range(0, len(faces), step)):
                sums = found.sums[:, self.frames.active[part]]
                yield part, *look(part, sums, found.noise)

    def _on_rays(self, faces: np.ndarray, sums: np.ndarray, noise: np.ndarray) -> tuple:
        """Look at faces of one dimension: u_F, or its opposite, is always in them."""
        lengths = np.abs(_along_sides(self._sides[0, faces], sums))
        above, below = self._compared(lengths, noise)
        return ~(above | below), np.where(above, lengths, 0)

    def _on_cones(self, faces: np.ndarray, sums: np.ndarray, noise: np.ndarray) -> tuple:
        """Look at other faces: at two of their sides first, then at what these leave."""
        slack = SLACK * self._ridge + noise
        one, other = (_along_sides(side, sums) for side in self._sides[:, faces])
        crossed = (np.minimum(one, other) < -slack) & (np.maximum(one, other) > slack)
        place, row = np.nonzero(~crossed)
        vectors, left, slack = sums[:, place, row].T, faces[place], slack[row, None]
        heights = np.einsum("nwd,nd->nw", self._walls[left], vectors)
        over, under = heights > slack, heights < -slack
        basis = self.frames.basis.mid[left]
        lengths = np.linalg.norm(np.einsum("nde,nd->ne", basis, vectors), axis=1)
        above, below = self._compared(lengths, noise[row])
        above &= over.all(axis=1) | under.all(axis=1)
        near, exceeding = np.zeros_like(crossed), np.zeros_like(one)
        near[place, row] = ~(above | below | (over.any(axis=1) & under.any(axis=1)))
        exceeding[place, row] = np.where(above, lengths, 0)
        return near, exceeding

    def _compared(self, lengths: np.ndarray, noise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return which lengths are surely above the bound, and which below."""
        above = lengths - noise > (1 + SLACK) * self._ridge
        return above, lengths + noise < (1 - SLACK) * self._ridge

    def _gradients(self, supports: np.ndarray, vectors: np.ndarray) -> Gradients:
        """Return the sums over all active sets."""
        sites, share = self.sets.sites, float(self.frames.problem.outer.bias_share)
        points = np.array([[float(x) for x in site.row] for site in sites])
        weights = np.array([float(site.weight) for site in sites])[:, None]
        errors = np.tile([[float(site.mean)] for site in sites], len(supports))
        sizes = np.abs(errors)
        for face, vector in zip(supports.T, vectors.swapaxes(0, 1), strict=True):
            output = np.where(self.sets.having(self.frames.active[face]).T, points @ vector.T, 0)
            errors -= output
            sizes += np.abs(output)
        residuals = (errors - share * (errors * weights).sum(axis=0)) * weights
        sums = np.stack([self.sets.sums(residuals * row[:, None]) for row in points.T])
        noise = np.abs(points).sum(axis=1) @ (sizes * weights)
        return Gradients(sums, ROUNDED * noise)


def _along_sides(vectors: np.ndarray, sums: np.ndarray) -> np.ndarray:
    """Return the inner products of F normals, (F, D), with B columns of vectors, (D, F, B)."""
    return sum(entry[:, None] * part for entry, part in zip(vectors.T, sums, strict=True))


def _opposite_sides(walls: np.ndarray) -> np.ndarray:
    """Return two walls of each face that are nearly opposite, (2, F, D): few vectors pass both.

    They are the end of a short walk from the first one, each step to the most opposite one.
    """
    one = other = walls[:, 0]
    for _ in range(2):
        products = np.einsum("fwd,fd->fw", walls, other)
        one, other = other, walls[np.arange(len(walls)), products.argmin(axis=1)]
    return np.stack([one, other])


@lru_cache(maxsize=1)
def near_faces(frames: Frames) -> NearFaces:
    """Return what chooses among the faces of a problem."""
    return NearFaces(frames)
