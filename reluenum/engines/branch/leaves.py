"""What is on the leaves of a tree: good vertex supports, each proved or ruled out (Theorem H)."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

import numpy as np

from reluenum.engines.branch.search import BoxTree, Leaf
from reluenum.engines.certified.blocks import Find, Knowledge
from reluenum.engines.certified.census import Census
from reluenum.engines.certified.escalation import Escalation, Stage, exact_records, stage
from reluenum.engines.certified.projections import EnclosedResiduals, fall_back, project
from reluenum.engines.certified.survey import CHUNK, ROW_CHUNK, VAGUE, point_vectors
from reluenum.engines.certified.verdicts import (
    Verdict,
    antipodal,
    excesses,
    gradients,
    judged_residuals,
    memberships,
    scan,
)
from reluenum.errors import BackendError
from reluenum.geometry.arrangement import Face
from reluenum.geometry.frames import Frames
from reluenum.landscape.dual import dual_excess
from reluenum.landscape.points import SupportPoint, zero_network
from reluenum.problem import Problem

CAUTION = 3
"""Rough balls are made wider by so many times their radius: a checker's may be larger, too."""


@dataclass(frozen=True, eq=False)
class Leaves:
    """The leaves of one size, decided.

    Parameters
    ----------
    supports : (B, m) array of int
        Numbers of live faces, ascending.
    signs : (B, m) array of int
        Of their units.
    order : (B, m) array of int
        Which of the parts of the leaf a face is.
    kind : (B,) array of int8
        A `Verdict` for each.
    face : (B,) array of int32
        Position of the face that it is about, else -1.
    vectors : (B, m, D) array
        Approximations of w_l; 0 on faces of a reducible one that are not needed.
    """

    supports: np.ndarray
    signs: np.ndarray
    order: np.ndarray
    kind: np.ndarray
    face: np.ndarray
    vectors: np.ndarray


def circle_numbers(problem: Problem, faces: Sequence[Face]) -> np.ndarray:
    """Return for each live face of a problem on a line where it is on the circle.

    Examples
    --------
    >>> from reluenum.geometry.geometry import Geometry
    >>> problem = Problem.from_arrays([0, 1], [0, 2], width=1, ridge=0.5)
    >>> live = Geometry.of(problem).arrangement.live_faces
    >>> {f.signs: int(k) for f, k in zip(live, circle_numbers(problem, live), strict=True)}
    {'++': 2, '+-': 4, '+0': 3, '-+': 0, '0+': 1}
    """
    sites = sorted(problem.sites, key=lambda site: site.row[0])
    largest = len(sites) - 1
    numbers = []
    for face in faces:
        signs = [face.signs[site.first] for site in sites]
        active, kinks = signs.count("+"), signs.count("0")
        right = 2 * (active - 1) + kinks
        numbers.append(right if signs[-1] == "+" else 4 * largest - right)
    return np.array(numbers)


def leaves_on_line(problem: Problem, faces: Sequence[Face], tree: BoxTree) -> list[Leaf]:
    """Return the leaves of a tree with the numbers of live faces for those around the circle."""
    number = np.argsort(circle_numbers(problem, faces)).tolist()
    return [(signs, tuple(number[place] for place in places)) for signs, places in tree.leaves]


class LeafJudge:
    """Decides leaves: in batches of doubles with proved bounds, the rest exactly.

    Parameters
    ----------
    frames : Frames
    escalation : Escalation
    """

    def __init__(self, frames: Frames, escalation: Escalation) -> None:
        self.frames, self.escalation = frames, escalation
        self.census = Census()
        self._nothing = Knowledge.of_nothing(frames.problem, frames).signs[0]
        self._cores: dict[tuple[int, ...], SupportPoint] = {}

    def decided(self, leaves: Sequence[Leaf]) -> Iterator[Leaves]:
        """Yield the leaves of each size, decided; what they add up to is in `census`.

        Parameters
        ----------
        leaves : sequence of (tuple of int, tuple of int)
            Of each the signs and the numbers of its live faces, in the order of its parts.
        """
        for size in sorted({len(faces) for _, faces in leaves}):
            chosen = [leaf for leaf in leaves if len(leaf[1]) == size]
            signs, supports = (np.array(column) for column in zip(*chosen, strict=True))
            order = np.argsort(supports, axis=1)
            supports = np.take_along_axis(supports, order, axis=1)
            yield self._decide(supports, np.take_along_axis(signs, order, axis=1), order)

    def _decide(self, supports: np.ndarray, signs: np.ndarray, order: np.ndarray) -> Leaves:
        """Decide the leaves of one size."""
        with np.errstate(all="ignore"):  # what is not finite encloses everything
            parts = [
                _Batch(self, supports[first : first + CHUNK], signs[first : first + CHUNK])
                for first in range(0, len(supports), CHUNK)
            ]
            for part in parts:
                part.decide()
        kind, face, vectors, stages = (
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("kind", "face", "vectors", "stage")
        )
        kinds = self.census.kinds.setdefault(supports.shape[1], Counter())
        kinds.update(map(int, kind))
        self.census.stages.update(Stage(int(s)) for s in stages[kind != Verdict.UNDECIDED])
        return Leaves(supports, signs, order, kind, face, vectors)

    def inherited(self, batch: "_Batch", chosen: np.ndarray) -> np.ndarray:
        """Decide leaves by residuals of parts of them, as far as doubles tell; return the others.

        A leaf with the residual of a part is none; and where the residual of a part is nearly its
        own, that shows which units leave their faces.
        """
        below = (self._nothing[batch.supports[chosen]] <= 0).all(axis=1)
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
        signs = np.take_along_axis(self._signs(found)[back], supports[:, others], axis=1)
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

    def _signs(self, found: EnclosedResiduals) -> np.ndarray:
        chunks = range(0, len(found), ROW_CHUNK)
        parts = [found[first : first + ROW_CHUNK] for first in chunks]
        return np.concatenate([excesses(self.frames, gradients(self.frames, p)) for p in parts])

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
        found = project(self.frames, np.array([faces]))
        support = tuple(self.frames.faces[face] for face in faces)
        return self.escalation.point(support, found.vectors(self.frames).mid[0])

    def describe(self) -> None:
        """Add what had to be known exactly to the census."""
        self.census.exact += exact_records(self._cores.values())


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
        for k in self.judge.inherited(self, open_):
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
            self.judge.census.undecided.append((faces, str(error)))
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
        for first in range(0, len(chosen), ROW_CHUNK):
            part = chosen[first : first + ROW_CHUNK]
            tight = antipodal(frames, found[part])
            seen = scan(frames, found[part], tight)
            for k, exceeding, ties, settled in zip(
                part, seen.exceeding, tight, seen.settled, strict=True
            ):
                self.judge.census.finds.append(
                    Find.of(self.supports[k], self.vectors[k], exceeding, ties, settled)
                )
