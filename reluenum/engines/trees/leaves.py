"""What is on the leaves of a tree: good vertex supports, each proved or ruled out (Theorem H)."""

from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import combinations
from typing import Any

import numpy as np

from reluenum.engines.certified.blocks import Find, Knowledge
from reluenum.engines.certified.escalation import Escalation, Stage, exact_records, stage
from reluenum.engines.certified.projections import EnclosedResiduals, fall_back, project
from reluenum.engines.certified.survey import ROW_CHUNK, VAGUE, point_vectors
from reluenum.engines.certified.verdicts import (
    Verdict,
    antipodal,
    excesses,
    gradients,
    judged_residuals,
    memberships,
    scan,
)
from reluenum.engines.trees.nearby import near_faces
from reluenum.errors import BackendError
from reluenum.geometry.frames import Frames
from reluenum.geometry.geometry import Geometry
from reluenum.landscape.dual import dual_excess
from reluenum.landscape.points import SupportPoint, zero_network
from reluenum.problem import Problem

MOST_GRADIENTS, MOST_CHOSEN = 1 << 20, 1 << 17
"""Of residuals on all faces that are looked at together, and on faces that doubles choose."""

CAUTION = 3
"""Rough balls are made wider by so many times their radius: a checker's may be larger, too."""


@dataclass(frozen=True, eq=False)
class Decided:
    """What is known of some leaves of one size.

    Parameters
    ----------
    kind : (B,) array of int8
        `Verdict` of each.
    face : (B,) array of int8
        The position of the face that the verdict is about, else -1.
    vectors : (B, m, D) array
        Approximations of w_l; 0 on faces of a reducible one that are not needed.
    stage : (B,) array of int8
        `Stage` at which each was decided.
    finds : list of Find
        The minima.
    exact : list of dict
        Exact descriptions of points.
    undecided : list of (tuple of int, str)
        Supports, as numbers of faces, and reasons.
    """

    kind: np.ndarray
    face: np.ndarray
    vectors: np.ndarray
    stage: np.ndarray
    finds: list[Find]
    exact: list[dict[str, Any]]
    undecided: list[tuple[tuple[int, ...], str]]


class LeafJudge:
    """Decides leaves: in batches of doubles with proved bounds, the rest exactly.

    Parameters
    ----------
    frames : Frames
    escalation : Escalation
    followed : bool
        Whether a checker follows, so that doubles may choose which faces are enclosed.
    """

    def __init__(self, frames: Frames, escalation: Escalation, followed: bool = True) -> None:
        self.frames, self.escalation, self.followed = frames, escalation, followed
        self.finds: list[Find] = []
        self.undecided: list[tuple[tuple[int, ...], str]] = []
        self._cores: dict[tuple[int, ...], SupportPoint] = {}
        self._starts: dict[tuple[int, ...], np.ndarray] = {}

    def decide(self, supports: np.ndarray, signs: np.ndarray) -> Decided:
        """Decide leaves of one size.

        Parameters
        ----------
        supports : (B, m) array of int
            Numbers of live faces, ascending.
        signs : (B, m) array of int
            Of their units.
        """
        batch = _Batch(self, supports, signs)
        with np.errstate(all="ignore"):  # what is not finite encloses everything
            batch.decide()
        exact = exact_records(self._cores.values())
        found = batch.kind, batch.face, batch.vectors, batch.stage
        return Decided(*found, self.finds, exact, self.undecided)

    def inherited(self, batch: "_Batch", chosen: np.ndarray) -> np.ndarray:
        """Decide leaves by residuals of parts of them, as far as doubles tell; return the others.

        A leaf with the residual of a part is none; and where the residual of a part is nearly its
        own, that shows which units leave their faces.
        """
        at_zero = signs_at_zero(self.frames.problem)
        below = (at_zero[batch.supports[chosen]] <= 0).all(axis=1)
        batch.reduce(chosen[below], np.zeros((1, 1, 1)))
        chosen = chosen[~below]
        size = batch.supports.shape[1]
        for places in (list(c) for k in range(1, size) for c in combinations(range(size), k)):
            if len(chosen):
                chosen = self._by_part(batch, chosen, places)
        return chosen

    def _by_part(self, batch: "_Batch", chosen: np.ndarray, places: list[int]) -> np.ndarray:
        """Do so for one part of each."""
        supports = batch.supports[chosen]
        parts, back = np.unique(supports[:, places], axis=0, return_inverse=True)
        back = back.reshape(-1)
        found = project(self.frames, parts)
        others = np.delete(np.arange(supports.shape[1]), places)
        signs = self._signs(found[back], supports[:, others])
        finite = np.isfinite(found.radius)[back]
        vectors = np.zeros((*supports.shape, self.frames.coordinates))
        vectors[:, places] = found.vectors(self.frames).mid[back]
        below = (signs == -1).all(axis=1) & finite
        batch.reduce(chosen[below], vectors[below])
        near = np.flatnonzero(~below & finite)
        rough = fall_back(self.frames, supports[near], vectors[near])
        slack = CAUTION * self.frames.reach[rough.supports] * rough.radius[:, None]
        rough = replace(rough, dual=rough.dual.widened(slack[..., None]))
        leaving = batch.leave(chosen[near], rough)
        return np.delete(chosen, np.concatenate([np.flatnonzero(below), near[leaving]]))

    def _signs(self, found: EnclosedResiduals, faces: np.ndarray) -> np.ndarray:
        """Return the signs of |u_F| - Lambda, OPEN where that is not known, of some faces F."""
        return excesses(self.frames, gradients(self.frames, found, faces))

    def candidates(self, found: EnclosedResiduals, vectors: np.ndarray) -> np.ndarray | None:
        """Return faces on which the dual bound may be attained, as doubles tell, (B, M).

        Of those that exceed it one is enough. A row is filled up with a face of the support.
        Without a checker that follows, it is None: all are looked at.

        Parameters
        ----------
        found : EnclosedResiduals
            Of minima.
        vectors : (B, m, D) array
            Approximations of w_l, also where a radius is infinite.
        """
        if not self.followed:
            return None
        near = near_faces(self.frames).rows(found.supports, vectors, found.radius)
        return _columns_of(near, found.supports[:, :1])

    def prepare(self, supports: np.ndarray) -> None:
        """Find approximate vectors of supports of one size and of all parts of them, at once."""
        size = supports.shape[1]
        for count in range(1, size + 1):
            places = map(list, combinations(range(size), count))
            parts = np.unique(np.concatenate([supports[:, k] for k in places]), axis=0)
            vectors = project(self.frames, parts).vectors(self.frames).mid
            self._starts |= zip(map(tuple, parts.tolist()), vectors, strict=True)

    def core(self, faces: tuple[int, ...]) -> SupportPoint:
        """Return the point of the essential part of a support that has its residual (Theorem E).

        Raises
        ------
        BackendError
        """
        if not faces:
            return zero_network(self.frames.problem)
        if faces not in self._cores:
            self._cores[faces] = self._found_core(faces)
        return self._cores[faces]

    def _found_core(self, faces: tuple[int, ...]) -> SupportPoint:
        for k, face in enumerate(faces):
            core = self.core(faces[:k] + faces[k + 1 :])
            if dual_excess(core, self.frames.faces[face]).sign() <= 0:
                return core
        if faces not in self._starts:
            self.prepare(np.array([faces]))
        support = tuple(self.frames.faces[face] for face in faces)
        return self.escalation.point(support, self._starts[faces])


def _columns_of(chosen: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return in each row the columns of what is chosen; another one fills it up."""
    rows, columns = np.nonzero(chosen)
    counts = chosen.sum(axis=1)
    found = np.repeat(others, max(1, int(counts.max(initial=0))), axis=1)
    found[rows, np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)] = columns
    return found


@lru_cache(maxsize=1)
def signs_at_zero(problem: Problem) -> np.ndarray:
    """Return the sign of |u_F| - Lambda at the zero network, of each live face."""
    return Knowledge.of_nothing(problem, Geometry.of(problem).frames).signs[0]


@dataclass(eq=False)
class _Batch:
    """Leaves of one size that are decided together."""

    judge: LeafJudge
    supports: np.ndarray
    signs: np.ndarray
    kind: np.ndarray = field(init=False)
    face: np.ndarray = field(init=False)
    vectors: np.ndarray = field(init=False)
    stage: np.ndarray = field(init=False)

    def decide(self) -> None:
        """Decide them all."""
        frames = self.judge.frames
        found = project(frames, self.supports)
        self.kind, self.face = judged_residuals(frames, found)
        self.stage = np.zeros(len(found), dtype=np.int8)
        vectors = found.vectors(frames)
        self.vectors = vectors.mid
        self._mind_signs(np.arange(len(found)), found)
        vague = vectors.rad.max(axis=(1, 2)) > VAGUE * np.abs(vectors.mid).max(axis=(1, 2))
        vague |= ~np.isfinite(found.radius) | (self.kind == Verdict.UNDECIDED)
        open_ = np.flatnonzero(vague)
        self.kind[open_] = Verdict.UNDECIDED
        left = self.judge.inherited(self, open_)
        self.judge.prepare(self.supports[left])
        for k in left:
            self._decide_exactly(k)
        self._keep_finds(found)

    def reduce(self, chosen: np.ndarray, vectors: np.ndarray) -> None:
        """Note that leaves have the residual of a part, with these vectors."""
        self.kind[chosen], self.face[chosen], self.vectors[chosen] = Verdict.REDUCIBLE, -1, vectors

    def leave(self, chosen: np.ndarray, found: EnclosedResiduals) -> np.ndarray:
        """Note which of some leaves have a unit that leaves its face; return which."""
        kind, face = judged_residuals(self.judge.frames, found)
        self.kind[chosen], self.face[chosen] = kind, face
        self._mind_signs(chosen, found)
        leaving = self.kind[chosen] == Verdict.LEAVES
        self.kind[chosen[~leaving]] = Verdict.UNDECIDED
        self.vectors[chosen[leaving]] = found.vectors(self.judge.frames).mid[leaving]
        return leaving

    def _mind_signs(self, chosen: np.ndarray, found: EnclosedResiduals) -> None:
        """Rule out leaves on which a unit surely has the other sign."""
        signs = memberships(self.judge.frames, found.supports, found.dual)[0]
        wrong = (signs != 0) & (signs != self.signs[chosen])
        some = wrong.any(axis=1)
        self.kind[chosen[some]] = Verdict.LEAVES
        self.face[chosen[some]] = wrong[some].argmax(axis=1)

    def _decide_exactly(self, k: int) -> None:
        """Decide one leaf by its point, or by that of a part of it."""
        faces = tuple(map(int, self.supports[k]))
        try:
            point = self.judge.core(faces)
            self.stage[k] = stage(point) if point.support else Stage.EXACT
            self._judge_point(k, point)
        except BackendError as error:
            self.judge.undecided.append((faces, str(error)))
            self.kind[k], self.face[k] = Verdict.UNDECIDED, -1

    def _judge_point(self, k: int, point: SupportPoint) -> None:
        size = self.supports.shape[1]
        self.vectors[k] = 0
        faces = [self.judge.frames.faces[face] for face in self.supports[k]]
        places = [faces.index(face) for face in point.support]
        if places:
            self.vectors[k, places] = point_vectors(point)
        if len(places) < size:
            self.kind[k], self.face[k] = Verdict.REDUCIBLE, -1
            return
        self.kind[k], self.face[k] = self.judge.escalation.judge(point)
        if point.signs is not None and point.signs != tuple(map(int, self.signs[k])):
            wrong = [a != b for a, b in zip(point.signs, self.signs[k], strict=True)]
            self.kind[k], self.face[k] = Verdict.LEAVES, wrong.index(True)

    def _keep_finds(self, found: EnclosedResiduals) -> None:
        """Keep the minima, with what is known of other faces there."""
        frames, chosen = self.judge.frames, np.flatnonzero(self.kind == Verdict.MINIMUM)
        rows = max(1, min(ROW_CHUNK, MOST_GRADIENTS // len(frames.faces)))
        for first in range(0, len(chosen), rows):
            part = chosen[first : first + rows]
            self._keep(part, found[part])

    def _keep(self, places: np.ndarray, found: EnclosedResiduals) -> None:
        """Keep some minima."""
        frames, vectors = self.judge.frames, self.vectors[places]
        tight, faces = antipodal(frames, found), self.judge.candidates(found, vectors)
        step = len(places) if faces is None else max(1, MOST_CHOSEN // faces.shape[1])
        for first in range(0, len(places), step):
            own = slice(first, first + step)
            seen = scan(frames, found[own], tight[own], None if faces is None else faces[own])
            columns = places[own], vectors[own], seen.exceeding, tight[own], seen.known
            for place, *known in zip(*columns, strict=True):
                self.judge.finds.append(Find.of(self.supports[place], *known))
