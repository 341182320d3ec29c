"""Batches of projection problems: the residuals r_S of many supports at once, enclosed rigorously.

For a support of m faces the unknown is one vector beta of m D coordinates, D for each face in the
orthonormal basis of its flat (`Frames.basis`); it minimises the group lasso

    1/2 beta' K beta - b' beta + Lambda sum_l |beta_l|,    K_lm = Z_l' R Z_m,  b_l = Z_l' R y,

half of the primal function P of Lemma 8 but for a constant. `minimise` finds beta approximately and
decides nothing; `enclose` proves how far r_S can be from what beta gives (Lemma 28).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reluenum.algebra.balls import GROWTH, UNIT, Balls, norm_bound
from reluenum.geometry.frames import Frames

SECULAR_STEPS = 25
"""Newton steps on the secular equations before, and again after, the steps downhill."""

DOWNHILL_STEPS, HALVINGS = 60, 20
"""Steps downhill, and how often one of them is halved."""

SETTLED = 1e-10
"""Relative change of the lengths at which an iteration stops. It decides nothing, no more than the
other numbers here: what is not solved well gets a large radius."""

SHORTEST = 0.1
"""A step may shorten a vector to this fraction of its length."""


@dataclass(frozen=True, eq=False)
class EnclosedResiduals:
    """The enclosed residuals of B supports with m faces each.

    Parameters
    ----------
    supports : (B, m) array of int
        Numbers of faces.
    beta : (B, m, D) array
        Coordinates of w_l = sum of a v over the units on each face; exact doubles.
    radius : (B,) array
        Bounds of |r_S - R (y - sum Z_l w_l)|; infinite where there is none.
    dual : Balls, (B, m, D)
        Coordinates of u_l(r_S).
    """

    supports: np.ndarray
    beta: np.ndarray
    radius: np.ndarray
    dual: Balls

    def __len__(self) -> int:
        return len(self.supports)

    def __getitem__(self, chosen: np.ndarray) -> "EnclosedResiduals":
        parts = (self.supports, self.beta, self.radius, self.dual)
        return EnclosedResiduals(*(part[chosen] for part in parts))

    def vectors(self, frames: Frames) -> Balls:
        """Return w_l in the coordinates (b, c), (B, m, D)."""
        return (frames.basis[self.supports] @ Balls.exact(self.beta)[..., None])[..., 0]


def joined_batches(parts: Sequence[EnclosedResiduals]) -> EnclosedResiduals:
    """Return several batches as one."""
    arrays = ((p.supports, p.beta, p.radius, p.dual.mid, p.dual.rad) for p in parts)
    *others, mid, rad = map(np.concatenate, zip(*arrays, strict=True))
    return EnclosedResiduals(*others, Balls(mid, rad))


def replaced(
    found: EnclosedResiduals, places: np.ndarray, others: EnclosedResiduals
) -> EnclosedResiduals:
    """Return a batch with the entries at R places replaced by R others of the same size."""
    keep = np.arange(len(found))
    keep[places] = len(found) + np.arange(len(others))
    return joined_batches([found, others])[keep]


def blocks(frames: Frames, supports: np.ndarray) -> tuple[Balls, Balls]:
    """Return K and b of many supports, in the coordinates of their flats.

    Parameters
    ----------
    frames : Frames
    supports : (B, m) array of int

    Returns
    -------
    Balls, (B, m D, m D)
    Balls, (B, m D)
    """
    count, faces = supports.shape
    size = faces * frames.coordinates
    active, basis = frames.active[supports], frames.basis[supports]
    gram = frames.gram[active[:, :, None], active[:, None, :]]
    local = basis.mT[:, :, None] @ gram @ basis[:, None, :]
    matrix = local.swapaxes(2, 3).reshape(count, size, size)
    target = basis.mT @ frames.target[active][..., None]
    return matrix, target.reshape(count, size)


def minimise(
    matrix: np.ndarray, target: np.ndarray, lengths: np.ndarray, ridge: float
) -> np.ndarray:
    """Approximate the minimisers of group lassos none of whose groups vanish.

    Parameters
    ----------
    matrix : (B, N, N) array
        Positive semidefinite.
    target : (B, N) array
    lengths : (B, m) array
        Where to start: positive |beta_l|. N is a multiple of m.
    ridge : float

    Returns
    -------
    (B, N) array
        What has not converged is returned as it is.

    Notes
    -----
    With t_l = |beta_l| the dual vectors u = b - K beta solve (1 + K T / ridge) u = b, and what is
    left is |u_l| = ridge, whose reciprocal is nearly linear in t: the secular equation of trust
    region methods, with several multipliers. Where its Newton steps do not settle, t minimises a
    smooth convex function, which is done step by step downhill. Every problem takes its own steps,
    so the result does not depend on the others of a batch.
    """
    start = lengths
    lengths, settled = _secular(matrix, target, start, ridge)
    hard = np.flatnonzero(~settled)
    if len(hard):
        lower = _downhill(matrix[hard], target[hard], start[hard], ridge)
        better, settled = _secular(matrix[hard], target[hard], lower, ridge)
        lengths[hard] = np.where(settled[:, None], better, lower)
    dual = _dual(matrix, target, lengths, ridge)
    return (dual * (lengths / ridge)[..., None]).reshape(target.shape)


def _first_lengths(matrix: np.ndarray, target: np.ndarray, faces: int, ridge: float) -> np.ndarray:
    """Return where to start: as if the groups shared the work."""
    grouped = target.reshape(len(target), faces, -1)
    diagonal = np.diagonal(matrix, axis1=1, axis2=2).reshape(grouped.shape).sum(2)
    strength = np.linalg.norm(grouped, axis=2)
    gain = np.maximum(strength - ridge, 0.1 * strength + ridge)
    return gain / (faces * np.maximum(diagonal, 1e-300))


def _secular(
    matrix: np.ndarray, target: np.ndarray, lengths: np.ndarray, ridge: float
) -> tuple[np.ndarray, np.ndarray]:
    """Take Newton steps on the secular equations; return the lengths and which have settled."""
    lengths = lengths.copy()
    settled = np.zeros(len(lengths), dtype=bool)
    for _ in range(SECULAR_STEPS):
        running = np.flatnonzero(~settled)
        if not len(running):
            break
        dual = _dual(matrix[running], target[running], lengths[running], ridge)
        curvature = _curvature(matrix[running], dual, lengths[running], ridge)
        norms = np.linalg.norm(dual, axis=2)
        step = _damped(curvature, norms**2 * (norms - ridge))
        new = np.maximum(lengths[running] + step, SHORTEST * lengths[running])
        new = np.where(np.isfinite(new), new, lengths[running])
        settled[running] = (
            (np.abs(new - lengths[running]) <= SETTLED * new)
            & (np.abs(norms / ridge - 1) < SETTLED)
        ).all(axis=1)
        lengths[running] = new
    return lengths, settled


def _downhill(
    matrix: np.ndarray, target: np.ndarray, lengths: np.ndarray, ridge: float
) -> np.ndarray:
    """Minimise min_beta 1/2 beta'K beta - b'beta + ridge/2 sum(|beta_l|^2/t_l + t_l) over log t."""
    place = np.log(np.maximum(lengths, 1e-9 * lengths.max(axis=1, keepdims=True)))
    running = np.arange(len(place))
    for _ in range(DOWNHILL_STEPS):
        moved = _one_step_down(matrix[running], target[running], place[running], ridge)
        still = (moved != place[running]).any(axis=1)  # else every further step is none, too
        place[running] = moved
        running = running[still]
        if not len(running):
            break
    return np.exp(place)


def _one_step_down(
    matrix: np.ndarray, target: np.ndarray, place: np.ndarray, ridge: float
) -> np.ndarray:
    """Return where a step from some places leads that makes the function smaller."""
    here = np.exp(place)
    dual = _dual(matrix, target, here, ridge)
    curvature = _curvature(matrix, dual, here, ridge)
    value = _height(target, dual, here, ridge)
    slope = 0.5 * here * (ridge - (dual**2).sum(2) / ridge)
    bend = here[:, :, None] * curvature * here[:, None, :] / ridge
    bend[:, np.arange(here.shape[1]), np.arange(here.shape[1])] += np.abs(slope)
    step = np.clip(_damped(bend, -slope), -3, 3)
    step = np.where(np.isfinite(step), step, 0)
    gain = (slope * step).sum(1)
    scale, worse = np.ones(len(place)), np.arange(len(place))
    for _ in range(HALVINGS):
        tried = np.exp(place[worse] + scale[worse, None] * step[worse])
        dual = _dual(matrix[worse], target[worse], tried, ridge)
        higher = _height(target[worse], dual, tried, ridge)
        worse = worse[~(higher <= value[worse] + 1e-4 * scale[worse] * gain[worse])]
        if not len(worse):
            break
        scale[worse] /= 2
    scale[worse] = 0
    return place + scale[:, None] * step


def _height(target: np.ndarray, dual: np.ndarray, lengths: np.ndarray, ridge: float) -> np.ndarray:
    """Return the function that `_downhill` minimises."""
    beta = dual * (lengths / ridge)[..., None]
    return 0.5 * (ridge * lengths.sum(1) - (target.reshape(beta.shape) * beta).sum((1, 2)))


def _dual(matrix: np.ndarray, target: np.ndarray, lengths: np.ndarray, ridge: float) -> np.ndarray:
    """Return u, grouped."""
    scale, scaled = _scaled(matrix, lengths, ridge)
    dual = solved_systems(scaled, (scale * target)[..., None])[..., 0] / scale
    return dual.reshape(*lengths.shape, -1)


def _curvature(
    matrix: np.ndarray, dual: np.ndarray, lengths: np.ndarray, ridge: float
) -> np.ndarray:
    """Return the matrix u_l' [(1 + K T / ridge)^-1 K]_lm u_m."""
    scale, scaled = _scaled(matrix, lengths, ridge)
    count, faces, wide = dual.shape
    spread = np.zeros((count, faces, wide, faces))
    spread[:, np.arange(faces), :, np.arange(faces)] = dual.swapaxes(0, 1)
    spread = spread.reshape(count, faces * wide, faces)
    inner = scale[..., None] * (matrix @ spread)
    return spread.mT @ (matrix @ spread) - inner.mT @ solved_systems(scaled, inner)


def _scaled(matrix: np.ndarray, lengths: np.ndarray, ridge: float) -> tuple[np.ndarray, np.ndarray]:
    """Return s = sqrt(T / ridge), for each coordinate, and 1 + s K s."""
    size = matrix.shape[1]
    scale = np.repeat(np.sqrt(lengths / ridge), size // lengths.shape[1], axis=1)
    scaled = scale[:, :, None] * matrix * scale[:, None, :]
    scaled[:, np.arange(size), np.arange(size)] += 1
    return scale, scaled


def _damped(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solve small symmetric systems; nearly singular ones are damped."""
    size = right.shape[1]
    trace = np.trace(matrix, axis1=1, axis2=2)
    damped = matrix.copy()
    damped[:, np.arange(size), np.arange(size)] += (1e-15 * trace + 1e-300)[:, None]
    return solved_systems(damped, right[..., None])[..., 0]


def project(
    frames: Frames, supports: np.ndarray, lengths: np.ndarray | None = None
) -> EnclosedResiduals:
    """Enclose the residuals of essential supports.

    Parameters
    ----------
    frames : Frames
    supports : (B, m) array of int
        Essential (Theorem E), at least as far as is known; for another one the radius is infinite.
    lengths : (B, m) array, optional
        Where to start: positive approximations of |w_l|.
    """
    if not len(supports):
        return _none(frames, supports)
    matrix, target = blocks(frames, supports)
    padded = frames.padded[supports].reshape(target.shape)
    faces = supports.shape[1]
    with np.errstate(all="ignore"):
        ridge = float(frames.ridge.mid)
        if lengths is None:
            lengths = _first_lengths(matrix.mid, target.mid, faces, ridge)
        beta = minimise(matrix.mid, target.mid, lengths, ridge)
        hessian, slope = _derivatives(matrix, target, beta, padded, frames.ridge, faces)
        better = beta - (_approximate_inverses(hessian.mid) @ slope.mid[..., None])[..., 0]
        beta = np.where(np.isfinite(better) & ~padded, better, beta)
        radius = _radius(matrix, target, beta, padded, frames.ridge, faces)
        fitted = (matrix @ Balls.exact(beta)[..., None])[..., 0]
        dual = (target - fitted).reshape(*supports.shape, -1)
        reached = dual.widened((frames.reach[supports] * radius[:, None] * GROWTH)[..., None])
    return EnclosedResiduals(supports, beta.reshape(*supports.shape, -1), radius, reached)


def empty_support(frames: Frames) -> EnclosedResiduals:
    """Return the residual R y of the support without faces."""
    empty = np.empty((1, 0, frames.coordinates))
    return EnclosedResiduals(
        np.empty((1, 0), dtype=np.int64), empty, np.zeros(1), Balls.exact(empty)
    )


def _none(frames: Frames, supports: np.ndarray) -> EnclosedResiduals:
    """Return the projections of no support."""
    empty = np.empty((*supports.shape, frames.coordinates))
    return EnclosedResiduals(supports, empty, np.empty(0), Balls.exact(empty))


def fall_back(frames: Frames, supports: np.ndarray, vectors: np.ndarray) -> EnclosedResiduals:
    """Enclose residuals from the vectors of smaller supports, by the gap ball of Lemma 8.

    Where a smaller support satisfies the constraint of a further face with equality, or nearly so,
    its residual is nearly that of both, and no projection problem can tell which it is.

    Parameters
    ----------
    frames : Frames
    supports : (B, m) array of int
    vectors : (B, m, D) array
        Approximations of w_l, 0 for the further faces.
    """
    matrix, target = blocks(frames, supports)
    local = (frames.basis.mid[supports].mT @ vectors[..., None])[..., 0]
    beta = Balls.exact(local.reshape(target.shape))
    ridge = frames.ridge
    with np.errstate(all="ignore"):
        dual = target - (matrix @ beta[..., None])[..., 0]
        error = frames.energy - (target * beta).sum(1) - (dual * beta).sum(1)  # e' R e
        dual = dual.reshape(*local.shape)
        # tau = 1 / (1 + over) makes tau R e feasible: the ball is around it, not around R e.
        over = np.maximum(norm_bound(dual).max(1) / (ridge.mid - ridge.rad) * GROWTH - 1, 0)
        penalty = ridge.magnitude() * norm_bound(Balls.exact(local))
        work = (dual * Balls.exact(local)).sum(2)
        slack = penalty - work.mid + (work.rad + over[:, None] * work.magnitude())
        slack = np.maximum(slack, 0) + 8 * UNIT * (penalty + work.magnitude())
        moved = over * np.sqrt(error.magnitude()) * GROWTH
        radius = (np.sqrt(moved * moved + 2 * slack.sum(1)) + moved) * GROWTH
        reached = dual.widened((frames.reach[supports] * radius[:, None] * GROWTH)[..., None])
    return EnclosedResiduals(supports, local, radius, reached)


def _derivatives(
    matrix: Balls, target: Balls, beta: np.ndarray, padded: np.ndarray, ridge: Balls, faces: int
) -> tuple[Balls, Balls]:
    """Enclose Hessian and gradient of the group lasso; unused coordinates get a 1 each."""
    count, size = beta.shape
    wide = size // faces
    vectors = Balls.exact(beta).reshape(count, faces, wide)
    inverse = vectors.square().sum(2).reciprocal_root()
    unit = vectors * inverse[..., None]
    weight = ridge * inverse
    outer = unit[..., :, None] * unit[..., None, :]
    bend = (Balls.exact(np.eye(wide)) - outer) * weight[..., None, None]
    hessian = Balls(matrix.mid.copy(), matrix.rad.copy())
    for k in range(faces):
        part = slice(k * wide, (k + 1) * wide)
        block = hessian[:, part, part] + bend[:, k]
        hessian.mid[:, part, part], hessian.rad[:, part, part] = block.mid, block.rad
    # The bend of a padded coordinate is weight > 0 in exact arithmetic; any positive number does.
    slope = (ridge * unit).reshape(count, size) + (
        (matrix @ Balls.exact(beta)[..., None]).reshape(count, size) - target
    )
    off = padded & np.ones_like(padded)
    slope.mid[off], slope.rad[off] = 0, 0
    return hessian, slope


def _approximate_inverses(matrix: np.ndarray) -> np.ndarray:
    """Approximate inverses, as `solved_systems` does."""
    return solved_systems(matrix, np.broadcast_to(np.eye(matrix.shape[1]), matrix.shape))


def solved_systems(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solve linear systems with several right sides; nan where a matrix is singular."""
    good = np.isfinite(matrix).all(axis=(1, 2))
    if not good.all():
        found = np.full(right.shape, np.nan)
        found[good] = solved_systems(matrix[good], right[good])
        return found
    try:
        return np.linalg.solve(matrix, right)
    except np.linalg.LinAlgError:
        return np.stack([_solve_one(m, r) for m, r in zip(matrix, right, strict=True)])


def _solve_one(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    try:
        return np.linalg.solve(matrix, right)
    except np.linalg.LinAlgError:
        return np.full_like(right, np.nan)


def _radius(
    matrix: Balls, target: Balls, beta: np.ndarray, padded: np.ndarray, ridge: Balls, faces: int
) -> np.ndarray:
    """Bound the distance of r_S from the residual that beta gives (Lemma 28)."""
    count, size = beta.shape
    hessian, slope = _derivatives(matrix, target, beta, padded, ridge, faces)
    inverse = _approximate_inverses(hessian.mid)
    defect = Balls.exact(np.eye(size)) - hessian @ Balls.exact(inverse)
    short = 1 - defect.magnitude().sum(2).max(1) * GROWTH
    bound = np.abs(inverse).sum(2).max(1) / short * GROWTH  # of the inverse's norm, if short > 0
    error = norm_bound(slope)
    move = 4 * error * bound * GROWTH
    lengths = beta.reshape(count, faces, -1)
    least = np.sqrt((lengths * lengths).sum(2)).min(1) / GROWTH
    bending = 24 * ridge.magnitude() * move * bound * GROWTH
    proved = (short > 0) & (move * 2 <= least) & (bending <= least * least / GROWTH)
    return np.where(proved, 2 * error * np.sqrt(bound) * GROWTH, np.inf)
