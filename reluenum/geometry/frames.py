"""The faces of an arrangement as arrays: what batches of supports are made of.

Everything a support's projection problem needs is a moment of an active set (with slopes below
and above 0 a weighted one, Lemma 60), so no cost below depends on the number of data points. All
numbers are `Balls`, enclosures of the exact rationals (and of an exact orthonormal basis of each
flat).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
from flint import arb, arb_mat, ctx, fmpq

from reluenum.algebra.balls import GROWTH, Balls
from reluenum.algebra.linear import Vector, common_denominator, dot
from reluenum.geometry.arrangement import Arrangement, Face, site_signs, walls
from reluenum.geometry.moments import Moments
from reluenum.geometry.spans import SpanMoments
from reluenum.outer import OuterColumn
from reluenum.problem import Problem

_BITS = 128
"""Precision at which orthonormal bases are computed before they are rounded to doubles."""

_EXACT = 2**53
"""Integers up to here are doubles."""

LARGEST_TABLE = 1 << 10
"""Active sets up to which all pairs are kept."""


@dataclass(frozen=True, eq=False)
class Frames:
    """The live faces of a problem's arrangement, by number, with F faces and K active sets.

    Parameters
    ----------
    problem : Problem
    faces : tuple of Face
        The live faces, sorted.
    basis : Balls, (F, D, D)
        In its first columns an orthonormal basis of the flat; the others are 0.
    padded : (F, D) array of bool
        Where a column of `basis` is 0.
    sets : tuple of Face
        A face for each active set, of live faces and of those that their rays enter.
    active : (F,) array of int
        Which active set a face has.
    gram : Balls, (K, K, D, D), or SpanMoments, or PairMoments
        Z_A' R Z_B for active sets A and B, by a pair of arrays of their numbers.
    target : Balls, (K, D)
        Z_A' R y.
    reach : (F,) array
        Bounds of the norms of r -> u_F(r).
    walls : Balls, (F, W, D)
        A vector with coordinates c in `basis` lies in the face if and only if all walls . c are
        positive. Rows are repeated to fill up.
    rays : Balls, (F, Y, D)
        The rays of Lemma 13, in the coordinates of a unit, of length about 1.
    ray_used : (F, Y) array of bool
        Whether it is a ray; the others fill up.
    ray_active : (F, Y) array of int
        The active set on the side of each ray.
    ray_reach : (F, Y) array
        Bounds of the norms of r -> g_A(r) . ray.
    opposite : (F,) array of int
        The number of the face -F, or -1 where it is not among the faces.
    """

    problem: Problem
    faces: tuple[Face, ...]
    basis: Balls
    padded: np.ndarray
    sets: tuple[Face, ...]
    active: np.ndarray
    gram: "Balls | SpanMoments | PairMoments"
    target: Balls
    reach: np.ndarray
    walls: Balls
    rays: Balls
    ray_used: np.ndarray
    ray_active: np.ndarray
    ray_reach: np.ndarray
    opposite: np.ndarray

    @classmethod
    @np.errstate(all="ignore")  # what is not finite encloses everything
    def of(cls, problem: Problem, arrangement: Arrangement) -> "Frames":
        """Return the frames of a problem."""
        faces = arrangement.live_faces
        around = [arrangement.around(face) for face in faces]
        touched = chain(faces, (beyond for beside in around for _, beyond in beside))
        sets = dict(sorted({_active(face): face for face in touched}.items()))
        number = {active: k for k, active in enumerate(sets)}
        active = np.array([number[_active(face)] for face in faces])
        gram, own = _moments(list(sets.values()), problem)
        flats = {basis: k for k, basis in enumerate({face.basis: None for face in faces})}
        entries = [entry for basis in flats for entry in _orthonormal(basis, problem)]
        shape = (len(flats), problem.coordinates, problem.coordinates)
        basis = Balls.of(entries, shape)[[flats[face.basis] for face in faces]]
        rays, ray_used, ray_active = _rays(around, problem.coordinates, number)
        spread = (basis.mT @ own[active] @ basis).magnitude()
        directed = (rays[:, :, None, :] @ own[ray_active] @ rays[..., None]).magnitude()
        return cls(
            problem,
            faces,
            basis,
            np.arange(problem.coordinates) >= np.array([[face.dimension] for face in faces]),
            tuple(sets.values()),
            active,
            gram,
            _target_moments(list(sets.values()), problem),
            np.sqrt(np.trace(spread, axis1=1, axis2=2)) * GROWTH,
            _filled_walls(arrangement, faces, problem) @ basis,
            rays,
            ray_used,
            ray_active,
            np.sqrt(directed[..., 0, 0]) * GROWTH,
            _opposites(faces),
        )

    def with_targets(self, problem: Problem) -> "Frames":
        """Return those of a problem that differs in its targets only."""
        return replace(self, problem=problem, target=_target_moments(self.sets, problem))

    @cached_property
    def rank(self) -> int:
        """Dimension of the span of the rows."""
        return max(face.dimension for face in self.faces)

    @property
    def ridge(self) -> Balls:
        """The effective ridge."""
        return Balls.of([self.problem.effective_ridge], ())

    @property
    def energy(self) -> Balls:
        """The number y' R y."""
        return Balls.of([self.problem.energy], ())

    @property
    def coordinates(self) -> int:
        """Number D of coordinates of a unit."""
        return self.problem.coordinates


def _active(face: Face) -> tuple[int, ...]:
    """Return what tells the active set of a face from others."""
    return face.span or face.active


def _moments(
    faces: Sequence[Face], problem: Problem
) -> tuple["Balls | SpanMoments | PairMoments", Balls]:
    """Return Z_A' R Z_B for all pairs of active sets, each of a face, and Z_A' Z_A."""
    each = np.arange(len(faces))
    relu = problem.activation.is_relu
    if relu and len(faces) > LARGEST_TABLE and all(face.span for face in faces):
        moments = SpanMoments.of(faces, problem)
        return moments, moments.plain(each, each)
    pairs = PairMoments.of(faces, problem)
    table = len(faces) <= LARGEST_TABLE
    return pairs.whole() if table else pairs, pairs.second(each, each)


@dataclass(frozen=True, eq=False)
class PairMoments:
    """The matrices Z_A' R Z_B of K active sets, found when they are asked for.

    Parameters
    ----------
    slopes : (K, p) array
        Of each set at the sites, but for a factor: whole numbers, or for relu whether it has them.
    weights : Balls, (p,)
        Of the sites.
    counts : (p,) array
        The same, but for a factor: doubles that are exact.
    rows : Balls, (p, D)
        xt of the sites, but for the scale.
    products : Balls, (p, D D)
        xt xt', but for a factor.
    outer : tuple of `SharedVector`
        Of which R subtracts shares (Lemma 74).
    scale, factor : Balls
        Of the rows times slopes; of the products.
    whole_numbers : bool
        Whether products and their sums are integers below 2^53, which are not rounded.
    """

    slopes: np.ndarray
    weights: Balls
    counts: np.ndarray
    rows: Balls
    products: Balls
    outer: "tuple[SharedVector, ...]"
    scale: Balls
    factor: Balls
    whole_numbers: bool

    @classmethod
    def of(cls, faces: Sequence[Face], problem: Problem) -> "PairMoments":
        """Return those of the active sets of some faces."""
        sites = problem.sites
        size, dimension = len(sites), problem.coordinates
        active = np.array([site_signs(problem, face) for face in faces]) > 0
        below, above = map(float, problem.activation.wholes)
        slopes = active if problem.activation.is_relu else np.where(active, above, below)
        steepest = int(max(abs(below), abs(above))) ** 2
        counts, heavy, unit = _counted(problem, steepest)
        denominator = common_denominator(entry for site in sites for entry in site.row)
        integers = [[int((entry * denominator).p) for entry in site.row] for site in sites]
        largest = max(abs(entry) for row in integers for entry in row)
        small = heavy is None and sum(map(int, counts)) * steepest * largest**2 < _EXACT
        if small:
            rows, scale = Balls.exact(integers), fmpq(1, denominator)
        else:
            rows = Balls.of([entry for site in sites for entry in site.row], (size, dimension))
            scale = fmpq(1)
        scale /= problem.activation.denominator
        weighed = rows if heavy is None else rows * heavy[:, None]
        square = Balls.of([scale], ()).square()
        return cls(
            slopes,
            Balls.of([site.weight for site in sites]),
            counts,
            rows,
            (weighed[:, :, None] * rows[:, None, :]).reshape(size, -1),
            tuple(
                _shared_vector(column, slopes * counts, weighed, scale * unit, small)
                for column in problem.outer.columns
            ),
            Balls.of([scale], ()),
            square if unit == 1 else square * Balls.of([unit], ()),
            small,
        )

    def second(self, rows: np.ndarray, columns: np.ndarray) -> Balls:
        """Return the weighted sums of xt xt' over what pairs of sets share, (..., D, D)."""
        common = self.slopes[rows] * self.slopes[columns] * self.counts
        dimension = self.rows.shape[1]
        shape = (*common.shape[:-1], dimension, dimension)
        return self._scaled(
            Balls.exact(common.reshape(-1, len(self.counts))) @ self.products, shape
        )

    def _scaled(self, sums: Balls, shape: tuple[int, ...]) -> Balls:
        if self.whole_numbers:
            sums = Balls.exact(sums.mid)
        return sums.reshape(*shape) * self.factor

    def __getitem__(self, index: tuple[Any, np.ndarray]) -> Balls:
        rows, columns = index
        if isinstance(rows, slice):
            rows = np.arange(len(self.slopes))[rows, None]
        found = self.second(rows, columns)
        for shared in self.outer:
            first = shared.first
            outer = first[rows][..., :, None] * first[columns][..., None, :]
            found = found - shared.share * outer
        return found

    def images(self, sets: np.ndarray, vectors: Balls) -> Balls:
        """Return Z_A' R Z_B w for all sets A, by B active sets B with vectors w, (B, K, D)."""
        rows = self.rows * self.scale
        inside = Balls.exact(self.slopes[sets])
        fitted = (vectors @ rows.mT) * inside
        moved = fitted
        for shared in self.outer:
            level = (fitted @ (self.weights * shared.values)[:, None])[..., 0] * shared.share
            moved = moved - level[:, None] * shared.values
        moved = moved * self.weights
        terms = moved[:, :, None] * rows[None]
        count, size, dimension = terms.shape
        flat = terms.swapaxes(0, 1).reshape(size, count * dimension)
        sums = Balls.exact(self.slopes) @ flat
        return sums.reshape(len(self.slopes), count, dimension).swapaxes(0, 1)

    def whole(self) -> Balls:
        """Return the matrices of all pairs, (K, K, D, D)."""
        (count, size), dimension = self.slopes.shape, self.rows.shape[1]
        products = self.products.mT
        slopes = self.slopes[:, None, :]
        weighted = Balls(slopes * products.mid, np.abs(slopes) * products.rad)
        if np.abs(self.slopes).max() > 1:  # else nothing was rounded
            weighted = Balls.exact(slopes) * products
        sums = weighted.reshape(-1, size) @ Balls.exact((self.slopes * self.counts).T)
        sums = sums.reshape(count, dimension, dimension, count).swapaxes(2, 3).swapaxes(1, 2)
        found = self._scaled(sums, sums.shape)
        for shared in self.outer:
            outer = shared.first[:, None, :, None] * shared.first[None, :, None, :]
            found = found - shared.share * outer
        return found


@dataclass(frozen=True, eq=False)
class SharedVector:
    """A vector q of `OuterPart`, of which R subtracts a share, and its moments.

    Parameters
    ----------
    share : Balls, ()
    values : Balls, (p,)
    first : Balls, (K, D)
        Weighted sums of q times xt over sets.
    """

    share: Balls
    values: Balls
    first: Balls


def _shared_vector(
    column: OuterColumn, slopes: np.ndarray, rows: Balls, unit: fmpq, small: bool
) -> SharedVector:
    """Return a vector with its moments over sets with weighted slopes, of rows times a unit.

    If whole numbers are small, those times the values may be so, too, and are not rounded then.
    """
    values = Balls.of(column.values)
    heavy = rows if column.is_constant else rows * values[:, None]
    first = Balls.exact(slopes) @ heavy
    whole = small and all(value.q == 1 for value in column.values)
    most = max(map(abs, column.values))
    if whole and int(most) * (np.abs(slopes) @ np.abs(rows.mid)).max() < _EXACT:
        first = Balls.exact(first.mid)
    return SharedVector(Balls.of([column.share], ()), values, first * Balls.of([unit], ()))


def _counted(problem: Problem, steepest: int) -> tuple[np.ndarray, Balls | None, fmpq]:
    """Return the weights of the sites as whole numbers that doubles hold, and their unit.

    So that doubles hold them times the largest product of slopes, too.

    Where doubles do not hold them, ones and the weights themselves, enclosed.
    """
    weights = [site.weight for site in problem.sites]
    part = common_denominator(weights)
    wholes = [int((weight * part).p) for weight in weights]
    if max(wholes) * steepest < _EXACT:
        return np.array(wholes, dtype=float), None, fmpq(1, part)
    return np.ones(len(weights)), Balls.of(weights), fmpq(1)


def _target_moments(faces: Sequence[Face], problem: Problem) -> Balls:
    """Return sum_A (R y)_i xt_i for the active set of each face."""
    moments = Moments.of(problem)
    sums = [entry for face in faces for entry in moments.response(face)]
    return Balls.of(sums, (len(faces), problem.coordinates))


def _orthonormal(vectors: Sequence[Vector], problem: Problem) -> list[arb]:
    """Return the entries of a square matrix with an orthonormal basis of a flat in its columns."""
    size = problem.coordinates
    columns: list[list[arb]] = []
    with ctx.workprec(_BITS):
        for vector in _orthogonal(vectors):
            length = arb(dot(vector, vector)).sqrt()
            columns.append([arb(entry) / length for entry in vector])
        columns += [[arb(0)] * size] * (size - len(columns))
        return arb_mat(columns).transpose().entries()


def _orthogonal(vectors: Sequence[Vector]) -> list[Vector]:
    """Return an orthogonal basis of the span of independent rational vectors."""
    found: list[Vector] = []
    for vector in vectors:
        for other in found:
            share = dot(vector, other) / dot(other, other)
            vector = tuple(v - share * o for v, o in zip(vector, other, strict=True))
        found.append(vector)
    return found


def _filled_walls(arrangement: Arrangement, faces: Sequence[Face], problem: Problem) -> Balls:
    """Return for each face the signed rows that bound it within its flat, filled up."""
    if all(face.span for face in faces):
        chosen = [_turned(walls(problem, face)) for face in faces]
    else:
        chosen = list(map(_turned, _flat_walls(arrangement, faces, problem)))
    most = max(map(len, chosen))
    entries = [
        entry for rows in chosen for row in rows + rows[:1] * (most - len(rows)) for entry in row
    ]
    return Balls.of(entries, (len(faces), most, problem.coordinates))


def _turned(sides: Iterable[tuple[Vector, int]]) -> list[Vector]:
    return [tuple(entry * side for entry in row) for row, side in sides]


def _flat_walls(
    arrangement: Arrangement, faces: Sequence[Face], problem: Problem
) -> Iterator[list[tuple[Vector, int]]]:
    """Yield the walls of each face.

    A wall of a face is a face below it of one dimension less: an input that is 0 there and not on
    the face.
    """
    below: dict[str, list[Face]] = defaultdict(list)
    for low in (face for face in arrangement.faces if face.dimension):
        for _, face in arrangement.around(low):
            below[face.signs].append(low)
    origin = [arrangement.face("0" * problem.size)]
    for face in faces:
        signs = face.sign_values
        points = (next(k for k in low.zeros if signs[k]) for low in below.get(face.signs, origin))
        yield [(problem.rows[k], signs[k]) for k in points]


def _rays(
    around: Sequence[Sequence[tuple[Vector, Face]]],
    dimension: int,
    number: dict[tuple[int, ...], int],
) -> tuple[Balls, np.ndarray, np.ndarray]:
    """Return the rays around each face, which of them are some, and the active sets beside them."""
    most = max(1, *map(len, around))
    zero = (fmpq(0),) * dimension
    sides = np.zeros((len(around), most), dtype=np.int64)
    used = np.zeros((len(around), most), dtype=bool)
    entries: list[fmpq] = []
    for k, beside in enumerate(around):
        used[k, : len(beside)] = True
        sides[k, : len(beside)] = [number[_active(beyond)] for _, beyond in beside]
        rays = [_shortened(ray) for ray, _ in beside] + [zero] * (most - len(beside))
        entries += [entry for ray in rays for entry in ray]
    return Balls.of(entries, (len(around), most, dimension)), used, sides


def _shortened(vector: Vector) -> Vector:
    """Divide a vector by its largest entry, so that doubles can hold it."""
    largest = max(map(abs, vector))
    return tuple(entry / largest for entry in vector)


def _opposites(faces: Sequence[Face]) -> np.ndarray:
    """Return the number of each face's negative among the faces, or -1."""
    number = {face.signs: k for k, face in enumerate(faces)}
    exchange = str.maketrans("+-", "-+")
    return np.array([number.get(face.signs.translate(exchange), -1) for face in faces])
