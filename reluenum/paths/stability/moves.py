"""How far the units of a support move with the targets (Lemma 71).

Not only the residual moves no more than the targets, also the fit does. So where columns are
independent, every linear form of the vectors w_l is known to move slowly; and a residual that is
held by long units moves less than the targets.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from reluenum.algebra.balls import GROWTH, Balls, norm_bound
from reluenum.engines.certified.projections import EnclosedResiduals, blocks, solved_systems
from reluenum.geometry.frames import Frames
from reluenum.paths.stability.forms import FormNorms, distance

SHARE = 0.5
"""To which part of their lengths units are allowed to shrink where that has to be known."""


@dataclass(frozen=True, eq=False)
class Moves:
    """Lower bounds of distances of targets, for B supports of m faces; not positive where unknown.

    Parameters
    ----------
    frames : Frames
    found : EnclosedResiduals
        Of supports that seem to be accepted.
    norms : FormNorms
    signs : (B, m) array of int8
        Of the output weights.
    needed : (B, m) array
        While targets are nearer, each face is needed.
    """

    frames: Frames
    found: EnclosedResiduals
    norms: FormNorms
    signs: np.ndarray
    needed: np.ndarray

    @cached_property
    def _matrix(self) -> Balls:
        """K, with ones for coordinates that are not used, (B, N, N)."""
        matrix, _ = blocks(self.frames, self.found.supports)
        padded = self.frames.padded[self.found.supports].reshape(len(self.found), -1)
        return matrix + Balls.exact(padded[:, :, None] * np.eye(padded.shape[1]))

    @cached_property
    def _inverse(self) -> tuple[np.ndarray, np.ndarray]:
        """Approximations of K^-1, (B, N, N), and bounds of the norms of their errors, (B,)."""
        matrix = self._matrix
        size = matrix.mid.shape[-1]
        good = np.isfinite(matrix.mid).all(axis=(1, 2))
        about = np.where(good[:, None, None], matrix.mid, np.eye(size))
        inverse = np.linalg.pinv(about, hermitian=True)
        defect = _frobenius(Balls.exact(np.eye(size)) - Balls.exact(inverse) @ matrix)
        error = defect * _frobenius(Balls.exact(inverse)) / (1 - defect) * GROWTH
        return inverse, np.where(good & (defect < 1), error, np.inf)

    def _forms(self, forms: Balls) -> np.ndarray:
        """Return how near targets have to be for forms e of w_l to stay positive, (B, m, E).

        Parameters
        ----------
        forms : Balls, (B, m, E, D)
            In the coordinates of each face.
        """
        count, faces, _, wide = forms.shape
        inverse, error = self._inverse
        own = inverse.reshape(count, faces, wide, faces, wide)
        own = own[:, np.arange(faces), :, np.arange(faces)].swapaxes(0, 1)
        square = ((forms @ Balls.exact(own)) * forms).sum(3)
        size = square.mid + square.rad + error[:, None, None] * (norm_bound(forms) ** 2)
        reach = np.sqrt(np.maximum(size, 0)) * GROWTH
        value = (forms @ Balls.exact(self.found.beta)[..., None])[..., 0]
        return distance(value.mid - value.rad, reach) - self.found.radius[:, None, None] * GROWTH

    @cached_property
    def lengths(self) -> np.ndarray:
        """While targets are nearer, w_l is not 0, (B, m)."""
        beta = self.found.beta
        size = np.linalg.norm(beta, axis=2, keepdims=True)
        along = beta / np.where(size > 0, size, 1)
        return self._forms(Balls.exact(along[:, :, None]))[..., 0]

    @cached_property
    def walls(self) -> np.ndarray:
        """While targets are nearer, w_l stays on one side of all walls of its face, (B, m)."""
        walls = self.frames.walls[self.found.supports]
        return self._forms(walls * Balls.exact(self.signs[:, :, None, None])).min(axis=2)

    @cached_property
    def _spans(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Lengths that vectors keep, (B, m), and while targets are how near, (B, 1)."""
        known = np.linalg.norm(self.found.beta, axis=2)
        left = (1 - SHARE) * self.lengths - SHARE * self.found.radius[:, None] * GROWTH
        least = self.needed / self.norms.gradient[self.found.supports] / GROWTH
        shares = ((known, left), (least, (1 - SHARE) * self.needed))
        return [(SHARE * lengths, near.min(axis=1, keepdims=True)) for lengths, near in shares]

    def _held(self, forms: Balls, reach: np.ndarray, right: Balls) -> np.ndarray:
        """Return how near targets have to be for forms of the residual to stay positive, (B, Q).

        Parameters
        ----------
        forms : Balls, (B, Q)
        reach : (B, Q) array
            Their norms.
        right : Balls, (B, Q, N)
            The vectors c of Lemma 71.
        """
        found = np.full(reach.shape, -np.inf)
        size = right.shape[-1]
        for lengths, near in self._spans:
            bend = Balls.exact(np.repeat(1 / lengths, size // lengths.shape[1], axis=1))
            diagonal = bend * self.frames.ridge
            matrix = self._matrix + diagonal[:, :, None] * Balls.exact(np.eye(size))
            guess = solved_systems(matrix.mid, right.mid.swapaxes(1, 2)).swapaxes(1, 2)
            guess = Balls.exact(np.where(np.isfinite(guess), guess, 0))
            gain = (guess * (right + right - guess @ matrix)).sum(2)
            left = np.maximum(reach**2 * GROWTH - (gain.mid - gain.rad), 0)
            held = distance(forms.mid - forms.rad, np.sqrt(left) * GROWTH)
            found = np.fmax(found, np.minimum(held, near))
        return found

    def inside(self, heights: Balls, reach: np.ndarray) -> np.ndarray:
        """Return how near targets have to be for s u_F to stay on one side of all walls, (B, m).

        Parameters
        ----------
        heights : Balls, (B, m, W)
            Of u_F over the walls, times the sign.
        reach : (B, m, W) array
            The norms of these forms.
        """
        count, size, most = reach.shape
        matrix, _ = blocks(self.frames, self.found.supports)
        columns = matrix.reshape(count, matrix.shape[1], size, -1).swapaxes(1, 2)
        walls = self.frames.walls[self.found.supports]
        right = (columns @ walls.mT).mT.reshape(count, size * most, -1)
        held = self._held(heights.reshape(count, -1), reach.reshape(count, -1), right)
        return np.fmax(self.walls, held.reshape(reach.shape).min(axis=2))

    def good(self, slopes: Balls, reach: np.ndarray) -> np.ndarray:
        """Return how near targets have to be for all slopes to stay positive, (B, m).

        Parameters
        ----------
        slopes : Balls, (B, m, Y)
            -s g(r_S) . y for the rays y.
        reach : (B, m, Y) array
            The norms of these forms.
        """
        frames, faces = self.frames, self.found.supports
        sides, rays = frames.ray_active[faces], frames.rays[faces]
        count, size, most = sides.shape
        gram = frames.gram[frames.active[faces][:, None, None], sides[..., None]]
        pulled = (gram @ rays[:, :, :, None, :, None])[..., 0]  # (B, m, Y, m, D)
        local = (frames.basis[faces][:, None, None].mT @ pulled[..., None])[..., 0]
        right = local.reshape(count, size * most, -1)
        held = self._held(slopes.reshape(count, -1), reach.reshape(count, -1), right)
        idle = ~frames.ray_used[faces] | (reach == 0)
        return np.where(idle, np.inf, held.reshape(reach.shape)).min(axis=2)


def _frobenius(matrices: Balls) -> np.ndarray:
    """Return upper bounds of the Frobenius norms."""
    size = matrices.magnitude()
    return np.sqrt((size * size).sum((1, 2))) * GROWTH
