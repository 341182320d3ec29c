"""Verdicts on batches of supports: the conditions of Theorems B, C and E at enclosed residuals.

All conditions are linear or quadratic in r, so a ball around r_S decides those whose margin exceeds
its radius. What it does not decide is marked as open and left to the escalation.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from reluenum.algebra.balls import GROWTH, Balls
from reluenum.engines.certified.projections import EnclosedResiduals
from reluenum.geometry.frames import Frames, PairMoments
from reluenum.problem import OutputBias

OPEN = 2
"""Sign of a number whose ball contains 0."""


class Verdict(IntEnum):
    """What is known of a support."""

    REDUCIBLE = 0
    LEAVES = 1
    DESCENDS = 2
    MINIMUM = 3
    UNDECIDED = 4

    @property
    def text(self) -> str:
        """Its name in certificates."""
        return self.name.lower()


def judged_residuals(frames: Frames, found: EnclosedResiduals) -> tuple[np.ndarray, np.ndarray]:
    """Decide which supports leave their faces, descend, or are local minima (Theorem B).

    Returns
    -------
    (B,) array of int8
        A `Verdict`; UNDECIDED where the enclosures are too wide.
    (B,) array of int8
        Position in the support of the face that leaves or descends, else -1.
    """
    signs, outside = memberships(frames, found.supports, found.dual)
    kind = np.full(len(found), Verdict.UNDECIDED, dtype=np.int8)
    face = np.full(len(found), -1, dtype=np.int32)
    leaving = outside.any(axis=1)
    kind[leaving], face[leaving] = Verdict.LEAVES, outside[leaving].argmax(axis=1)
    stationary = np.flatnonzero((signs != 0).all(axis=1))
    falling, holding = _slopes(frames, found[stationary], signs[stationary])
    descending = falling.any(axis=1)
    kind[stationary[descending]] = Verdict.DESCENDS
    face[stationary[descending]] = falling[descending].argmax(axis=1)
    kind[stationary[holding.all(axis=1)]] = Verdict.MINIMUM
    return kind, face


def memberships(frames: Frames, faces: np.ndarray, dual: Balls) -> tuple[np.ndarray, np.ndarray]:
    """Return the sign s with s u in the open face, 0 if that is open, and where u is in neither.

    Parameters
    ----------
    frames : Frames
    faces : (...,) array of int
    dual : Balls, (..., D)
        Coordinates of u in the bases of the faces.
    """
    heights = (frames.walls[faces] @ dual[..., None])[..., 0]
    above, below = heights.positive(), heights.negative()
    signs = above.all(axis=-1).astype(np.int8) - below.all(axis=-1).astype(np.int8)
    return signs, above.any(axis=-1) & below.any(axis=-1)


def _slopes(
    frames: Frames, found: EnclosedResiduals, signs: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return for each unit of stationary supports whether it surely descends, and surely not."""
    faces = found.supports
    sides, rays = frames.ray_active[faces], frames.rays[faces]
    gram = frames.gram[sides[:, :, :, None], frames.active[faces][:, None, None, :]]
    fitted = (gram @ found.vectors(frames)[:, None, None, :, :, None])[..., 0].sum(3)
    along = ((frames.target[sides] - fitted) * rays).sum(3)
    slack = frames.ray_reach[faces] * found.radius[:, None, None] * GROWTH
    slopes = along.widened(slack) * Balls.exact(-signs[:, :, None])
    unused = ~frames.ray_used[faces]
    return (slopes.negative() & ~unused).any(axis=2), (slopes.positive() | unused).all(axis=2)


def gradients(frames: Frames, found: EnclosedResiduals, faces: np.ndarray | None = None) -> Balls:
    """Return u_F(r_S) of every live face, in the coordinates of its basis, (B, F, D).

    Or of those with the given numbers: of an array (B, F) for each residual its own.
    """
    every = np.arange(len(frames.faces))[None] if faces is None else faces
    sets = np.arange(len(frames.target.mid))[None] if faces is None else frames.active[faces]
    active, vectors, total = (
        frames.active[found.supports],
        found.vectors(frames),
        frames.target[sets],
    )
    for k in range(active.shape[1]):
        if faces is None and isinstance(frames.gram, PairMoments):
            total = total - frames.gram.images(active[:, k], vectors[:, k])
        else:
            gram = frames.gram[sets, active[:, k, None]]
            total = total - (gram @ vectors[:, None, k, :, None])[..., 0]
    if faces is None:
        total = total[:, frames.active]
    local = (frames.basis[every].mT @ total[..., None])[..., 0]
    return local.widened((frames.reach[every] * found.radius[:, None] * GROWTH)[..., None])


def excesses(frames: Frames, dual: Balls) -> np.ndarray:
    """Return the signs of |u_F| - Lambda, OPEN where they are not known.

    Parameters
    ----------
    frames : Frames
    dual : Balls, (..., D)

    Returns
    -------
    (...,) array of int8
    """
    margin = dual.square().sum(dual.mid.ndim - 1) - frames.ridge.square()
    signs = np.full(margin.shape, OPEN, dtype=np.int8)
    signs[margin.positive()] = 1
    signs[margin.negative()] = -1
    return signs


@dataclass(frozen=True, eq=False)
class Scan:
    """What B residuals do on the faces outside their supports (Theorem C).

    Parameters
    ----------
    exceeding : (B, F) array of int8
        Sign s of faces with s u_F in the face and |u_F| > Lambda for sure, else 0.
    alone : (B,) array of bool
        Whether no other face outside the support is tight, for sure.
    known : (B, F) array of bool
        Of which faces it is known whether they exceed, and that no other one is tight.
    """

    exceeding: np.ndarray
    alone: np.ndarray
    known: np.ndarray


def antipodal(frames: Frames, found: EnclosedResiduals) -> np.ndarray:
    """Return which faces outside stationary supports are tight by Lemma 29, (B, F), as 1 or -1.

    With rows of rank 2, two pairs of opposite faces with equal signs (one, if the output bias is
    free and there is a hidden bias: Lemma 66) force sum_i r_i xt_i = 0, and then a face is tight
    together with its negative. The entry is the sign of the tight face; 0 stands for nothing known.

    Parameters
    ----------
    frames : Frames
    found : EnclosedResiduals
        Of essential supports all of whose faces are known to contain their units.
    """
    tight = np.zeros((len(found), len(frames.faces)), dtype=np.int8)
    free = frames.problem.output_bias is OutputBias.FREE and frames.problem.has_hidden_bias
    enough = 2 if free else 4
    if frames.rank > 2 or found.supports.shape[1] < enough:
        return tight
    signs, _ = memberships(frames, found.supports, found.dual)
    np.put_along_axis(tight, found.supports, signs, axis=1)
    opposite = frames.opposite[found.supports]
    mirrored = np.where(opposite < 0, 0, np.take_along_axis(tight, opposite, axis=1))
    paired = (mirrored == signs) & (signs != 0)
    chosen = paired.sum(axis=1) >= enough
    tight[:] = 0
    row, place = np.nonzero(chosen[:, None] & (mirrored == 0) & (opposite >= 0))
    tight[row, opposite[row, place]] = signs[row, place]
    return tight


def scan(
    frames: Frames, found: EnclosedResiduals, tight: np.ndarray, faces: np.ndarray | None = None
) -> Scan:
    """Look for faces that exceed the dual bound, and for tight ones beside those known already.

    Parameters
    ----------
    frames : Frames
    found : EnclosedResiduals
        B of them, on stationary supports.
    tight : (B, F) array of int8
        What `antipodal` returns.
    faces : (B, M) array of int, optional
        Numbers of the faces to look at; it is known of the others that they do not.
    """
    dual = gradients(frames, found, faces)
    signs = excesses(frames, dual)
    if faces is None:
        faces = np.broadcast_to(np.arange(len(frames.faces)), signs.shape)
    row, place = np.nonzero(signs != -1)
    inside, outside = np.zeros_like(signs), np.zeros(signs.shape, dtype=bool)
    chosen = memberships(frames, faces[row, place], dual[row, place])
    inside[row, place], outside[row, place] = chosen
    own = (faces[:, :, None] == found.supports[:, None, :]).any(axis=2)
    below = own | outside | (signs == -1) | (np.take_along_axis(tight, faces, axis=1) != 0)
    exceeding, known = np.zeros_like(tight), np.ones(tight.shape, dtype=bool)
    np.put_along_axis(exceeding, faces, np.where((signs == 1) & ~own, inside, 0), axis=1)
    np.put_along_axis(known, faces, below | ((signs == 1) & (inside != 0)), axis=1)
    return Scan(exceeding, (below | (signs == 1)).all(axis=1), known)
