"""Downhill in doubles, where hidden biases are free and inputs have any dimension.

On a product of closed cells of units the loss is convex in the vectors |a| (b, c). A barrier leads
to the middle of its minimisers, so that units have what they can have. From there a unit that bends
at inputs may turn into another cell (Lemma 102); where none can, only a zero unit could go on.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
from flint import fmpq
from scipy.linalg import block_diag
from scipy.optimize import linprog

from reluenum.algebra.linear import Vector, dot
from reluenum.engines.creases.creases import Crease, Creases
from reluenum.geometry.arrangement import cocircuits

LAST_BARRIER = 1e-12
"""Weight of the barrier at last, relative to the ridge or to the data."""

EASIER = 0.01
"""Share of its weight that the barrier keeps from one stage to the next."""

MOST_STEPS = 60
"""Newton steps of one stage; a few are enough."""

CENTRED = 1e-3
"""Squares of Newton steps, in the norm of the barrier, that end a stage."""

NEARLY = 0.95
"""How much of the way to the nearest wall a step may go."""

STEEP = 1e-9
"""A slope this small beside the ridge is taken for 0."""

FALL = 1e-13
"""A loss this little lower, beside the energy, is no lower one."""

SEEN = 1e-12
"""Singular values smaller than this share of the largest are taken for 0."""

PLACES = (1e-7, 1e-6, 1e-8, 1e-5, 1e-9, 1e-4, 1e-3)
"""Heights, and sizes, that may be 0: one after the other is tried."""


@dataclass(frozen=True, order=True)
class CreaseCell:
    """A closed cell of one unit.

    Parameters
    ----------
    sign : int
        Of a.
    signs : str
        `+` at the sites where the unit is active, else `-`.
    on_kink : bool
        Whether a unit that is active nowhere has no bias, so that it is 0 when its slope is.
    """

    sign: int
    signs: str
    on_kink: bool = False

    @classmethod
    def of_unit(
        cls, inputs: Sequence[Vector], a: fmpq, slope: Sequence[fmpq], offset: fmpq
    ) -> "CreaseCell":
        """Return the cell of a unit; of one that is 0 at some inputs, one of several."""
        sign = 1 if a > 0 else -1
        heights = [dot(slope, x) + offset if a else offset for x in inputs]
        signs = "".join("+" if height > 0 else "-" for height in heights)
        return cls(sign, signs, "+" not in signs and offset == 0)

    @property
    def is_dead(self) -> bool:
        """Whether its units answer to no input."""
        return "+" not in self.signs

    @property
    def is_line(self) -> bool:
        """Whether its units answer to all of them."""
        return "-" not in self.signs

    @property
    def shared(self) -> "CreaseCell":
        """The cell that has its units and their opposites, if these are straight lines."""
        return replace(self, sign=1) if self.is_line else self


@dataclass(frozen=True, eq=False)
class CreaseHinge:
    """A unit of slope 1 that bends at sites, or is a straight line.

    Parameters
    ----------
    signs : str
        At the sites.
    sign : int
        Of a.
    direction : (d,) array
    level : float
        Where it bends along the direction, of a line at the first site; in `Scaled`.
    """

    signs: str
    sign: int
    direction: np.ndarray
    level: float


Vectors = dict[CreaseCell, np.ndarray]
"""The sum of |a| (b, c) over the units of a cell, of straight lines of a (b, 0); in `Scaled`."""


@dataclass(frozen=True, eq=False)
class Scaled:
    """The data in doubles, with means 0, in units that suit them.

    Parameters
    ----------
    creases : Creases
    """

    creases: Creases

    @cached_property
    def weights(self) -> np.ndarray:
        """The weights, of sum 1, (p,)."""
        found = np.array([float(weight) for weight in self.creases.weights])
        return found / found.sum()

    @cached_property
    def centre(self) -> np.ndarray:
        """The mean of the inputs, (d,)."""
        return self.weights @ np.array(self.creases.inputs, dtype=float)

    @cached_property
    def reach(self) -> float:
        """The largest distance of an input from it, or 1."""
        away = np.array(self.creases.inputs, dtype=float) - self.centre
        return float(np.linalg.norm(away, axis=1).max()) or 1.0

    @cached_property
    def rows(self) -> np.ndarray:
        """The inputs and 1, (p, d + 1)."""
        inputs = (np.array(self.creases.inputs, dtype=float) - self.centre) / self.reach
        return np.c_[inputs, np.ones(len(inputs))]

    @cached_property
    def height(self) -> float:
        """The deviation of the targets, or 1."""
        means = np.array([float(mean) for mean in self.creases.problem.means])
        return float(np.sqrt(self.weights @ (means - self.weights @ means) ** 2)) or 1.0

    @cached_property
    def targets(self) -> np.ndarray:
        """The targets, (p,)."""
        means = np.array([float(mean) for mean in self.creases.problem.means])
        return (means - self.weights @ means) / self.height

    @cached_property
    def ridge(self) -> float:
        """The ridge."""
        total = float(sum(self.creases.weights, fmpq(0)))
        return float(self.creases.ridge) / (self.height * self.reach * total)

    @cached_property
    def axes(self) -> np.ndarray:
        """Coordinates of vectors in which the rows are orthonormal, (d + 1, rank)."""
        return _whitening(self.rows)

    @cached_property
    def line_axes(self) -> np.ndarray:
        """The same of slopes and inputs, (d, rank - 1)."""
        return _whitening(self.rows[:, :-1])

    def axes_of(self, cell: CreaseCell) -> np.ndarray:
        """Return the coordinates for the vectors of a cell."""
        return self.line_axes if cell.is_line else self.axes

    def responses(self, cell: CreaseCell) -> np.ndarray:
        """Return what units of a cell make of their vectors at the sites, (p, d or d + 1)."""
        active = np.array([sign == "+" for sign in cell.signs])[:, None]
        return self.rows[:, :-1] if cell.is_line else cell.sign * active * self.rows

    def walls(self, cell: CreaseCell) -> np.ndarray:
        """Return what of the vectors of a cell is not to be negative."""
        sides = np.array([1.0 if sign == "+" else -1.0 for sign in cell.signs])[:, None]
        return np.zeros((0, self.rows.shape[1] - 1)) if cell.is_line else sides * self.rows

    @property
    def unit(self) -> float:
        """Of |a| |b|."""
        return self.height / self.reach

    def column(self, hinge: CreaseHinge) -> np.ndarray:
        """Return the values of a hinge at the sites, with the sign of a, less their mean."""
        heights = self.rows[:, :-1] @ hinge.direction - hinge.level
        values = hinge.sign * np.maximum(heights, 0)
        return values - self.weights @ values

    def error(self, vectors: Vectors) -> np.ndarray:
        """Return the residual of some vectors, (p,)."""
        fit = sum((self.responses(cell) @ v for cell, v in vectors.items()), 0 * self.targets)
        return self.targets - fit + self.weights @ fit

    def loss(self, vectors: Vectors) -> float:
        """Return half the loss of balanced units; it is 1/2 for a constant."""
        slopes = (v[: self.rows.shape[1] - 1] for v in vectors.values())
        price = sum(float(np.linalg.norm(slope)) for slope in slopes)
        return float(self.weights @ self.error(vectors) ** 2) / 2 + self.ridge * price


def least_vectors(scaled: Scaled, cells: Sequence[CreaseCell]) -> Vectors:
    """Return the middle of the vectors in some different closed cells that make the loss least.

    A barrier is at the walls of the cells and of the cones |b| <= t, with t eliminated; its weight
    falls to nearly 0, and the path of its minimisers ends in the relative interior of the set of
    all minimisers.
    """
    if not cells:
        return {}
    barrier = _Barrier(scaled, tuple(cells))
    found, weight = barrier.start, 1.0
    last = LAST_BARRIER * min(1.0, scaled.ridge)
    while True:
        found = barrier.centred(found, weight)
        if weight <= last:
            return barrier.vectors(found)
        weight = max(weight * EASIER, last)


def _whitening(rows: np.ndarray) -> np.ndarray:
    """Return coordinates in which rows are orthonormal; those they do not see are left out."""
    _, sizes, axes = np.linalg.svd(rows, full_matrices=False)
    kept = sizes > SEEN * sizes.max(initial=0.0)
    return (axes[kept] / sizes[kept, None]).T


def _far_from_walls(walls: np.ndarray) -> np.ndarray:
    """Return a point between -1 and 1 as far from walls as possible."""
    count, size = walls.shape
    if not count:
        return np.zeros(size)
    lengths = np.linalg.norm(walls, axis=1)
    price = np.r_[np.zeros(size), -1.0]
    bounds = [(-1, 1)] * size + [(0, None)]
    return linprog(price, np.c_[-walls, lengths], np.zeros(count), bounds=bounds).x[:size]


@dataclass(frozen=True, eq=False)
class _Barrier:
    """The loss in some cells with a barrier."""

    scaled: Scaled
    cells: tuple[CreaseCell, ...]

    @cached_property
    def axes(self) -> list[np.ndarray]:
        """The coordinates for each cell."""
        return [self.scaled.axes_of(cell) for cell in self.cells]

    @cached_property
    def parts(self) -> list[slice]:
        """Where the coordinates of each cell are."""
        stops = np.cumsum([0, *(axes.shape[1] for axes in self.axes)])
        return [slice(*ends) for ends in pairwise(stops.tolist())]

    @cached_property
    def slopes(self) -> list[np.ndarray]:
        """What makes slopes of the coordinates of each cell."""
        return [axes[: self.scaled.rows.shape[1] - 1] for axes in self.axes]

    @cached_property
    def start(self) -> np.ndarray:
        """A point far from all walls."""
        pairs = zip(self.cells, self.axes, strict=True)
        return np.concatenate(
            [_far_from_walls(self.scaled.walls(cell) @ axes) for cell, axes in pairs]
        )

    @cached_property
    def walls(self) -> np.ndarray:
        """All walls, (K, N)."""
        pairs = zip(self.cells, self.axes, strict=True)
        return block_diag(*(self.scaled.walls(cell) @ axes for cell, axes in pairs))

    def vectors(self, found: np.ndarray) -> Vectors:
        """Return what has some coordinates."""
        triples = zip(self.cells, self.axes, self.parts, strict=True)
        return {cell: axes @ found[own] for cell, axes, own in triples}

    @cached_property
    def design(self) -> np.ndarray:
        """The columns of the fit, weighted and without their means, (p, N)."""
        pairs = zip(self.cells, self.axes, strict=True)
        columns = np.hstack([self.scaled.responses(cell) @ axes for cell, axes in pairs])
        roots = np.sqrt(self.scaled.weights)[:, None]
        return roots * (columns - self.scaled.weights @ columns)

    @cached_property
    def targets(self) -> np.ndarray:
        """The targets, weighted."""
        return np.sqrt(self.scaled.weights) * self.scaled.targets

    @cached_property
    def gram(self) -> np.ndarray:
        """The inner products of the columns."""
        return self.design.T @ self.design

    def value(self, found: np.ndarray, weight: float) -> float:
        """Return the value with some weight of the barrier; infinite outside."""
        heights = self.walls @ found
        if not (heights > 0).all():
            return np.inf
        error, short = self.targets - self.design @ found, weight / self.scaled.ridge
        total = error @ error / 2 - weight * np.log(heights).sum()
        for own, slopes in zip(self.parts, self.slopes, strict=True):
            reach = short + np.sqrt(short**2 + ((slopes @ found[own]) ** 2).sum())
            total += self.scaled.ridge * reach - weight * np.log(reach)
        return float(total)

    def derivatives(self, found: np.ndarray, weight: float) -> tuple[np.ndarray, np.ndarray]:
        """Return gradient and Hessian matrix."""
        inverse, ridge = 1 / (self.walls @ found), self.scaled.ridge
        gradient = -self.design.T @ (self.targets - self.design @ found)
        gradient -= weight * self.walls.T @ inverse
        square = self.gram + weight * (self.walls.T * inverse**2) @ self.walls
        for own, slopes in zip(self.parts, self.slopes, strict=True):
            slope, short = slopes @ found[own], weight / ridge
            root = np.sqrt(short**2 + slope @ slope)
            reach = short + root
            gradient[own] += ridge / reach * slopes.T @ slope
            bend = np.eye(len(slope)) - np.outer(slope, slope) / (reach * root)
            square[own, own] += ridge / reach * slopes.T @ bend @ slopes
        return gradient, square

    def centred(self, found: np.ndarray, weight: float) -> np.ndarray:
        """Return the minimiser with some weight of the barrier, by Newton steps."""
        for _ in range(MOST_STEPS):
            gradient, square = self.derivatives(found, weight)
            try:
                sizes = np.sqrt(np.diag(square))
                step = -np.linalg.solve(square / np.outer(sizes, sizes), gradient / sizes) / sizes
            except np.linalg.LinAlgError:
                break
            falls = float(-gradient @ step)
            if not falls > CENTRED * weight:
                break
            now, rising = self.walls @ found, self.walls @ step
            share = min(1.0, NEARLY * (now[rising < 0] / -rising[rising < 0]).min(initial=np.inf))
            before = self.value(found, weight)
            while share > FALL and not self.value(found + share * step, weight) < before:
                share /= 2
            if share <= FALL:
                break
            found = found + share * step
        return found


@dataclass(frozen=True, eq=False)
class CreaseRest:
    """Where networks with units in some cells come to rest.

    Parameters
    ----------
    scaled : Scaled
    cells : (L,) tuple of CreaseCell
    vectors : Vectors
        Of the living ones, shared.
    """

    scaled: Scaled
    cells: tuple[CreaseCell, ...]
    vectors: Vectors

    @cached_property
    def loss(self) -> float:
        """Half the loss, in the units of `scaled`."""
        return self.scaled.loss(self.vectors)

    @property
    def height(self) -> float:
        """The loss, as a sum of squares."""
        total = float(sum(self.scaled.creases.weights, fmpq(0)))
        scatter = float(self.scaled.creases.problem.scatter)
        return 2 * self.loss * self.scaled.height**2 * total + scatter

    @cached_property
    def _sharers(self) -> Counter[CreaseCell]:
        """How many units share each vector."""
        return Counter(cell.shared for cell in self.cells)

    def slope(self, cell: CreaseCell) -> np.ndarray:
        """Return the slope of the vector of a cell."""
        return self.vectors[cell.shared][: self.scaled.rows.shape[1] - 1]

    def weights_of(self, cell: CreaseCell, hinges: Sequence[CreaseHinge]) -> list[float]:
        """Return an equal share of the vector of a cell as positive weights of hinges."""
        if not hinges:
            return []
        size = float(np.linalg.norm(self.slope(cell)))
        share = size / self._sharers[cell.shared]
        if len(hinges) == 1:
            return [share]
        low, high = (hinge.level for hinge in hinges)
        part = (-self.vectors[cell][-1] / size - low) / (high - low)
        return [share * (1 - part), share * part]

    def placed(self, near: float) -> tuple[str, ...]:
        """Return for each unit its signs at the sites, `0` at those that are as near as this.

        Units without a size, and dead ones, have none.
        """
        return tuple(self._signs(cell, near) for cell in self.cells)

    def _signs(self, cell: CreaseCell, near: float) -> str:
        if cell.is_dead or (length := float(np.linalg.norm(self.slope(cell)))) <= near:
            return ""
        if cell.is_line:
            return cell.signs
        heights = self.scaled.walls(cell) @ self.vectors[cell] / length
        pairs = zip(cell.signs, heights, strict=True)
        return "".join("0" if height <= near else sign for sign, height in pairs)

    def hinges(self, placed: Sequence[str], near: float) -> list[tuple[CreaseHinge, ...]]:
        """Return for each unit, of some signs, the hinges of which it seems to be a combination.

        Those of one that bends between sites are at the nearest sites on both sides.
        """
        return [
            self._hinges_of(*pair, near) if pair[1] else ()
            for pair in zip(self.cells, placed, strict=True)
        ]

    def _hinges_of(self, cell: CreaseCell, signs: str, near: float) -> tuple[CreaseHinge, ...]:
        slope = self.slope(cell) * (cell.sign if cell.is_line else 1)
        direction = slope / np.linalg.norm(slope)
        levels = self.scaled.rows[:, :-1] @ direction
        if cell.is_line:
            return (CreaseHinge(signs, cell.sign, direction, float(levels.min())),)
        at = [k for k, sign in enumerate(signs) if sign == "0"]
        if at:
            return (CreaseHinge(signs, cell.sign, direction, float(levels[at].mean())),)
        below, above = (np.array([own == sign for own in signs]) for sign in "-+")
        ends = float(levels[below].max()), float(levels[above].min())
        found = []
        for end in ends:
            turned = zip(signs, np.abs(levels - end) <= near, strict=True)
            named = "".join("0" if at_end else own for own, at_end in turned)
            if named in self.scaled.creases.by_signs:
                found.append(CreaseHinge(named, cell.sign, direction, end))
        return tuple(found)

    def crossings(self, placed: Sequence[str]) -> Iterator[tuple[float, int, CreaseCell]]:
        """Yield the units that can turn into another cell, how steep it is there, and that cell.

        Parameters
        ----------
        placed : (L,) sequence of str
            Signs of the units at the sites.
        """
        live = self.scaled.creases.by_signs
        forces = self.scaled.weights * self.scaled.error(self.vectors)
        for unit, (cell, signs) in enumerate(zip(self.cells, placed, strict=True)):
            if "0" in signs and signs in live:
                for turn, beyond in turned_cells(self.scaled.creases, live[signs], cell.sign):
                    sums = np.array(turn, dtype=float)
                    steep = cell.sign * float(forces @ sums) / float(np.linalg.norm(sums) or 1)
                    if steep > STEEP * self.scaled.ridge:
                        yield steep, unit, beyond


def turned_cells(
    creases: Creases, crease: Crease, sign: int
) -> Iterator[tuple[Vector, CreaseCell]]:
    """Yield the cells that units which bend at sites can turn into, with the sums of Lemma 95.

    Parameters
    ----------
    creases : Creases
    crease : Crease
        With zeros.
    sign : int
        Of a.
    """
    rows = [site.row for site in creases.problem.sites]
    rays = cocircuits([rows[k] for k in crease.zeros])
    for turn, raised in zip(creases.turns[crease.signs], rays, strict=True):
        signs = ["+" if own == "+" else "-" for own in crease.signs]
        for k, side in zip(crease.zeros, raised, strict=True):
            signs[k] = "+" if side == "+" else "-"
        yield turn, CreaseCell(sign, "".join(signs))


@dataclass(frozen=True, eq=False)
class CreaseWays:
    """Ways downhill; what is known of products of cells is kept.

    Parameters
    ----------
    creases : Creases
    """

    creases: Creases

    @cached_property
    def scaled(self) -> Scaled:
        """The data in doubles."""
        return Scaled(self.creases)

    @cached_property
    def _known(self) -> dict[tuple[CreaseCell, ...], Vectors]:
        return {}

    def rest(self, cells: Sequence[CreaseCell]) -> CreaseRest:
        """Return where networks with units in some cells come to rest."""
        living = tuple(sorted({cell.shared for cell in cells if not cell.is_dead}))
        if living not in self._known:
            self._known[living] = least_vectors(self.scaled, living)
        return CreaseRest(self.scaled, tuple(cells), self._known[living])

    def descended(self, cells: Sequence[CreaseCell]) -> Iterator[CreaseRest]:
        """Yield where networks with units in some cells lead, each rest with a lower loss.

        The first is the best on these cells; from the last one no unit turns downhill, as far as
        doubles tell.
        """
        rest = self.rest(cells)
        yield rest
        while (lower := self._lower(rest)) is not None:
            rest = lower
            yield rest

    def _lower(self, rest: CreaseRest) -> CreaseRest | None:
        """Return where the steepest turn that lowers the loss leads."""
        found = {}
        for placed in set(map(rest.placed, PLACES)):
            for steep, unit, beyond in rest.crossings(placed):
                found[unit, beyond] = max(steep, found.get((unit, beyond), 0.0))
        for unit, beyond in sorted(found, key=lambda move: (-found[move], move)):
            moved = self.rest([*rest.cells[:unit], beyond, *rest.cells[unit + 1 :]])
            if moved.loss < rest.loss - FALL:
                return moved
        return None
