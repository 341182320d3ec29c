"""From any network downhill to a stationary point, through the closed cells on the way.

On a product of closed cells the loss of balanced networks is a convex function of the vectors
w_l = a_l v_l (Theorem B's H), whose minimiser is a projection problem. Each network moves straight
towards it; a unit that reaches a wall stays on it from then on, one that reaches 0 is gone, and
units in one cell are joined. After finitely many moves, none of which raises the loss, the network
is stationary on its faces (Lemma 33). This is done in doubles, for many networks at once; what a
network reaches is proved by `explain`.
"""

from dataclasses import dataclass, fields

import numpy as np

from reluenum.engines.certified.projections import blocks, minimise
from reluenum.geometry.frames import Frames
from reluenum.geometry.geometry import Geometry
from reluenum.optimisers import Networks, Objective

GONE = -1
"""Number of the face of a unit that is not there."""

_EXCHANGED = str.maketrans("+-", "-+")

ON_WALL = 1e-13
"""Pre-activations below this, relative to unit and data point, are taken for 0."""

STILL = 1e-12
"""A move this short, relative to the vectors, is none."""

ON_WALL_AT_LAST = 1e-9
"""The same for minimisers, which are not known as well."""

NEGLIGIBLE = 1e-5
"""A vector this short beside the others, or beside those of a network that fits the data, vanishes
if its dual vector is short as well."""

FAINTEST = 1e-9
"""Length from which a search starts at least, by the same measure."""

SPARE_MOVES = 200
"""Moves beyond those that reach walls, for searches that converge slowly."""

MOST_SADDLES = 50
"""Saddles left one after the other."""

STEEP = 1e-7
"""A slope this small beside the ridge is taken for 0."""

HALVINGS = 20
"""Attempts at a step downhill, each a quarter of the one before."""

TIGHT = 1e-8
"""How near to the ridge, relative to it, the dual vectors of a stationary network are."""


@dataclass(frozen=True, eq=False)
class Cells:
    """The live faces of a problem, as arrays for networks that move.

    Parameters
    ----------
    frames : Frames
    signs : (F, n) array of int8
    walls : (F, W, D) array
        Signed data points that bound each face within its flat, filled up with zeros.
    below : (F, W) array of int
        The live face on each wall, GONE where a unit on the wall answers to no data point.
    turned : (F, W) array of int
        -1 where it is the negative of a unit on the wall, the same unit, that is on it; else 1.
    projector : (F, D, D) array
        Orthogonal projections onto the flats.
    size : float
        Length of w = a v of a unit that fits the data.
    number : dict
        From signs to the number of a live face and 1, or that of the opposite face and -1 if this
        stands for both; GONE and 1 for the other faces.
    """

    frames: Frames
    signs: np.ndarray
    walls: np.ndarray
    below: np.ndarray
    turned: np.ndarray
    projector: np.ndarray
    size: float
    number: dict[bytes, tuple[int, int]]

    @classmethod
    def of(cls, geometry: Geometry) -> "Cells":
        """Return the cells of a problem."""
        frames = Frames.of(geometry.problem, geometry.arrangement)
        objective = Objective(geometry.problem)
        rows = objective.rows
        signs = np.array([face.sign_values for face in geometry.arrangement.faces], dtype=np.int8)
        dimensions = np.array([face.dimension for face in geometry.arrangement.faces])
        live = {face.signs: (k, 1) for k, face in enumerate(frames.faces)}
        if geometry.problem.units.is_even:
            live |= {signs.translate(_EXCHANGED): (k, -1) for signs, (k, _) in live.items()}
        places = [live.get(face.signs, (GONE, 1)) for face in geometry.arrangement.faces]
        numbers = np.array(places)
        found = []
        for face in frames.faces:
            own = np.array(face.sign_values, dtype=np.int8)
            under = np.flatnonzero(
                (dimensions == face.dimension - 1) & ((signs == 0) | (signs == own)).all(axis=1)
            )
            points = ((signs[under] == 0) & (own != 0)).argmax(axis=1)
            found.append((rows[points] * own[points, None], numbers[under]))
        most = max(len(under) for _, under in found)
        walls = np.zeros((len(found), most, rows.shape[1]))
        below = np.full((len(found), most, 2), (GONE, 1))
        for k, (normals, under) in enumerate(found):
            walls[k, : len(under)], below[k, : len(under)] = normals, under
        basis, size = frames.basis.mid, objective.parameter_size**2
        keys = {row.tobytes(): place for row, place in zip(signs, places, strict=True)}
        own = np.array([face.sign_values for face in frames.faces], dtype=np.int8)
        parts = below[..., 0], below[..., 1], basis @ basis.mT, size, keys
        return cls(frames, own, walls, *parts)

    def of_units(self, units: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the number of the face of each unit, given as (..., D) vectors.

        Returns
        -------
        (...,) array of int
        (...,) array of int
            -1 where it is the face of the negative of the unit, else 1.
        """
        flat = units.reshape(-1, units.shape[-1])
        pre = flat @ rows.T
        scale = np.linalg.norm(flat, axis=1)[:, None] * np.linalg.norm(rows, axis=1)
        found = np.full((len(flat), 2), (GONE, 1))
        open_units = np.ones(len(flat), dtype=bool)
        for tolerance in (ON_WALL, 1e-10, 1e-7, 1e-4, 1.0):
            places = np.flatnonzero(open_units)
            near = np.abs(pre[places]) <= tolerance * scale[places]
            signs = np.where(near, 0, np.sign(pre[places])).astype(np.int8)
            for place, row in zip(places, signs, strict=True):
                number = self.number.get(row.tobytes())
                if number is not None:
                    found[place], open_units[place] = number, False
        numbers, sides = found.T.reshape(2, *units.shape[:-1])
        return numbers, sides


@dataclass(frozen=True, eq=False)
class Settled:
    """Where S networks of width L end.

    Parameters
    ----------
    faces : (S, L) array of int
        The face of each unit, GONE if it dies or was joined to another.
    vectors : (S, L, D) array
        The vectors w = a v.
    signs : (S, L) array of int
        Signs of the output weights.
    host : (S, L) array of int
        The unit to which each was joined, itself if to none.
    dead : (S, L) array of bool
        Units that answered to no data point from the start.
    done : (S,) array of bool
        Whether the network is stationary on its faces, as far as doubles tell.
    """

    faces: np.ndarray
    vectors: np.ndarray
    signs: np.ndarray
    host: np.ndarray
    dead: np.ndarray
    done: np.ndarray

    def __getitem__(self, chosen: np.ndarray) -> "Settled":
        return Settled(*(getattr(self, field.name)[chosen] for field in fields(self)))

    def put(self, rows: np.ndarray, others: "Settled") -> None:
        """Put other networks in the place of some."""
        for field in fields(self):
            getattr(self, field.name)[rows] = getattr(others, field.name)

    def groups(self, network: int) -> tuple[tuple[int, int, int], ...]:
        """Return face, sign and number of units of each group of a network, sorted."""
        hosts = list(self.host[network])
        return tuple(
            sorted(
                (int(face), int(self.signs[network, unit]), hosts.count(unit))
                for unit, face in enumerate(self.faces[network])
                if face != GONE
            )
        )


def settle(cells: Cells, objective: Objective, networks: Networks) -> Settled:
    """Let networks slide downhill until they are stationary on their faces.

    Parameters
    ----------
    cells, objective : Cells, Objective
        Of one problem.
    networks : Networks
        A batch of S, all finite.

    Returns
    -------
    Settled
        In the same order; `done` says which are stationary.
    """
    here = _entered(cells, objective, networks)
    _slide(cells, objective, here)
    return here


def _slide(cells: Cells, objective: Objective, here: Settled) -> None:
    """Move networks until they are stationary on their faces."""
    coordinates = objective.rows.shape[1]
    stuck = np.zeros(len(here.done), dtype=bool)
    for _ in range(objective.problem.width * (coordinates + 2) + SPARE_MOVES):
        running = np.flatnonzero(~here.done & ~stuck)
        if not len(running):
            break
        _share(cells, here, running)
        running = running[~_shared(here.faces[running])]
        living = (here.faces[running] != GONE).sum(axis=1)
        for count in np.unique(living):
            chosen = running[living == count]
            if count:
                stuck[chosen] = _move(cells, here, chosen, int(count))
            else:
                here.done[chosen] = True


def leave_saddles(cells: Cells, objective: Objective, settled: Settled) -> Settled:
    """Let stationary networks go on wherever a unit on a wall can turn downhill (Theorem B).

    What remains are minima, as far as doubles tell, and points that only the growth of a zero unit
    could leave.

    Parameters
    ----------
    cells, objective : Cells, Objective
        Of one problem.
    settled : Settled
        What `settle` returns; it is not changed.
    """
    here = settled[np.arange(len(settled.done))]
    for _ in range(MOST_SADDLES):
        networks, units, rays = _descents(cells, objective, here)
        if not len(networks):
            break
        part = here[networks]
        _turn(cells, objective, part, units, rays)
        _slide(cells, objective, part)
        here.put(networks, part)
    return here


def _descents(
    cells: Cells, objective: Objective, here: Settled
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the networks with units that turn downhill, the steepest unit of each, and its ray."""
    living = (here.faces != GONE) & here.done[:, None]
    faces = np.where(living, here.faces, 0)
    residual = objective.residuals(objective.with_best_outer(network_of(here)))
    residual = objective.data_weights * residual
    rays = cells.frames.rays.mid[faces]
    along, sign = rays @ objective.rows.T, cells.signs[faces][:, :, None]
    phi = objective.problem.activation
    opened = along * phi.derivatives(np.where(sign == 0, along, sign))
    slopes = -here.signs[..., None] * (opened @ residual[:, None, :, None])[..., 0]
    slopes = np.where(cells.frames.ray_used[faces] & living[..., None], slopes, 0)
    flat = slopes.reshape(len(slopes), -1)
    networks = np.flatnonzero(flat.min(axis=1) < -STEEP * objective.ridge)
    units, places = np.divmod(flat[networks].argmin(axis=1), slopes.shape[2])
    return networks, units, rays[networks, units, places]


def _turn(
    cells: Cells, objective: Objective, here: Settled, units: np.ndarray, rays: np.ndarray
) -> None:
    """Turn one unit of each network along a ray, so little that the loss goes down."""
    rows = np.arange(len(units))
    old, signs = here.vectors[rows, units].copy(), here.signs[rows, units][:, None]
    before = losses(objective, here)
    step = np.linalg.norm(old, axis=1)
    for _ in range(HALVINGS):
        step = step / 4
        here.vectors[rows, units] = old + step[:, None] * signs * rays
        higher = ~(losses(objective, here) < before)
        if not higher.any():
            break
        step = np.where(higher, step, 4 * step)
    here.vectors[rows[higher], units[higher]] = old[higher]
    faces, sides = cells.of_units(here.vectors[rows, units] * signs, objective.rows)
    here.faces[rows, units] = faces
    here.vectors[rows, units] *= sides[:, None]
    here.done[:] = False


def losses(objective: Objective, settled: Settled) -> np.ndarray:
    """Return the losses of settled networks, (S,), as sums of squares."""
    return objective.values(objective.with_best_outer(network_of(settled)))


def _entered(cells: Cells, objective: Objective, networks: Networks) -> Settled:
    """Return networks with each unit on its face, and dead ones left out."""
    signs = np.sign(networks.weights).astype(np.int64)
    faces, sides = cells.of_units(networks.units, objective.rows)
    vectors = (networks.weights * sides)[..., None] * networks.units
    faces[signs == 0] = GONE
    alive = faces != GONE
    outputs = objective.problem.activation.values(networks.units @ objective.rows.T)
    silent = (outputs == 0).all(axis=-1) & networks.units.any(axis=-1)
    vectors = (cells.projector[faces] @ vectors[..., None])[..., 0] * alive[..., None]
    host = np.broadcast_to(np.arange(faces.shape[1]), faces.shape).copy()
    done = np.zeros(len(faces), dtype=bool)
    return Settled(faces, vectors, signs, host, silent, done)


def _first_walls(
    cells: Cells, faces: np.ndarray, signs: np.ndarray, old: np.ndarray, new: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the share of a move, at most 1, at which each unit meets a wall, and which wall.

    Of shapes (...,); GONE where none is met. A wall that is reached up to rounding is met.
    """
    walls = cells.walls[faces]
    before, after = ((walls @ end[..., None])[..., 0] * signs[..., None] for end in (old, new))
    nearly = ON_WALL_AT_LAST * np.linalg.norm(walls, axis=-1)
    nearly = nearly * np.linalg.norm(new, axis=-1)[..., None]
    met = (after <= nearly) & walls.any(axis=-1)
    before, after = np.maximum(before, 0), np.minimum(after, 0)
    way = before - after
    share = np.where(met, np.where(way > 0, before / np.where(way > 0, way, 1), 1), np.inf)
    wall = share.argmin(axis=-1)
    first = np.take_along_axis(share, wall[..., None], axis=-1)[..., 0]
    return np.minimum(first, 1.0), np.where(np.isfinite(first), wall, GONE)


def _land(
    cells: Cells, here: Settled, rows: np.ndarray, units: np.ndarray, wall: np.ndarray
) -> None:
    """Put units on the walls that they have reached."""
    left = here.faces[rows, units]
    lower = cells.below[left, wall]
    here.faces[rows, units] = lower
    moved = (cells.projector[lower] @ here.vectors[rows, units][..., None])[..., 0]
    moved *= cells.turned[left, wall][:, None]
    here.vectors[rows, units] = np.where((lower == GONE)[:, None], 0, moved)


def _shared(faces: np.ndarray) -> np.ndarray:
    """Return which networks have two units on one face."""
    ordered = np.sort(faces, axis=1)
    return ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] != GONE)).any(axis=1)


def _share(cells: Cells, here: Settled, running: np.ndarray) -> None:
    """Move what units on one face have to one of them, as far as its cell goes."""
    width = here.faces.shape[1]
    for i in range(width):
        for j in range(i + 1, width):
            same = (here.faces[running, i] == here.faces[running, j]) & (
                here.faces[running, i] != GONE
            )
            rows = running[same]
            if len(rows):
                _give(cells, here, rows, i, j)


def _give(cells: Cells, here: Settled, rows: np.ndarray, i: int, j: int) -> None:
    """Move the vector of unit j, or of the weaker of two opposite ones, to the other."""
    sizes = np.linalg.norm(here.vectors[rows], axis=2)
    opposite = here.signs[rows, i] != here.signs[rows, j]
    swapped = opposite & (sizes[:, i] < sizes[:, j])
    to, giving = np.where(swapped, j, i), np.where(swapped, i, j)
    faces, signs = here.faces[rows, to], here.signs[rows, to]
    old, gift = here.vectors[rows, to], here.vectors[rows, giving]
    share, wall = _first_walls(cells, faces, signs, old, old + gift)
    here.vectors[rows, to] = old + share[:, None] * gift
    here.vectors[rows, giving] = (1 - share)[:, None] * gift
    whole = share >= 1
    here.faces[rows[whole], giving[whole]] = GONE
    joined = rows[~opposite]
    for unit in range(here.host.shape[1]):
        moving = here.host[joined, unit] == j
        here.host[joined[moving], unit] = i
    met = np.flatnonzero(wall != GONE)
    _land(cells, here, rows[met], to[met], wall[met])


def _move(cells: Cells, here: Settled, chosen: np.ndarray, count: int) -> np.ndarray:
    """Move networks with so many living units towards the minimisers on their faces.

    Return which did not move, although they are not known to be stationary: doubles do no better.
    """
    units = np.argsort(here.faces[chosen] == GONE, axis=1, kind="stable")[:, :count]
    rows = chosen[:, None]
    faces, signs, old = here.faces[rows, units], here.signs[rows, units], here.vectors[rows, units]
    target, short, tight = _minimisers(cells, faces, np.linalg.norm(old, axis=2))
    share, wall = _first_walls(cells, faces, signs, old, target)
    share = np.where(short, 1.0, share)  # a vector that vanishes leaves through 0
    wall = np.where(short, GONE, wall)
    step = share.min(axis=1)
    here.vectors[rows, units] = old + step[:, None, None] * (target - old)
    arrived = step >= 1
    place, unit = np.nonzero(arrived[:, None] & short)
    here.faces[chosen[place], units[place, unit]] = GONE
    here.vectors[chosen[place], units[place, unit]] = 0
    landing = (share == step[:, None]) & (wall != GONE)
    place, unit = np.nonzero(landing)
    _land(cells, here, chosen[place], units[place, unit], wall[place, unit])
    settled = ~landing.any(axis=1) & ~short.any(axis=1)
    here.done[chosen] = arrived & tight & settled
    way = np.abs(target - old).max(axis=(1, 2))
    return arrived & ~tight & settled & (way <= STILL * np.abs(old).max(axis=(1, 2)))


def _minimisers(
    cells: Cells, faces: np.ndarray, lengths: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the best vectors on some faces, which of them vanish, and where they are stationary.

    Of shapes (B, m, D), (B, m) and (B,). Where the search has not converged, the vectors are
    better than before, and none may be best.
    """
    frames = cells.frames
    matrix, target = blocks(frames, faces)
    ridge = float(frames.ridge.mid)
    shape = (*faces.shape, frames.coordinates)
    floor = FAINTEST * np.maximum(lengths.max(axis=1, keepdims=True), cells.size)
    with np.errstate(all="ignore"):
        beta = minimise(matrix.mid, target.mid, np.maximum(lengths, floor), ridge)
    dual = (target.mid - (matrix.mid @ beta[..., None])[..., 0]).reshape(shape)
    beta = beta.reshape(shape)
    sizes = np.linalg.norm(beta, axis=2)
    small = sizes <= NEGLIGIBLE * np.maximum(sizes.sum(axis=1, keepdims=True), cells.size)
    pull = np.linalg.norm(dual, axis=2)
    tight = (np.abs(pull / ridge - 1) < TIGHT).all(axis=1)
    vectors = (frames.basis.mid[faces] @ beta[..., None])[..., 0]
    return vectors, small & (pull <= ridge * (1 + TIGHT)), tight


def network_of(settled: Settled) -> Networks:
    """Return balanced networks without output bias or linear part; joined and dead units are 0."""
    sizes = np.sqrt(np.linalg.norm(settled.vectors, axis=2))
    weights = sizes * settled.signs
    safe = np.where(weights == 0, 1, weights)
    return Networks(weights, settled.vectors / safe[..., None], np.zeros(len(weights)))
