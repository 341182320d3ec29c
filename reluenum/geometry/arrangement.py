"""The hyperplane arrangement of one hidden unit: its faces and columns, exactly, in any dimension.

A unit v = (b, c) sees data point i through the sign of v . (x_i, 1), or v = b through that of
v . x_i if it has no bias. The realisable sign vectors
are the covectors of the central arrangement of these rows (docs/theory.md, section 2).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import combinations
from operator import add, itemgetter
from re import finditer

import numpy as np
from flint import fmpq, fmpq_mat

from reluenum.activation import USUAL, Units
from reluenum.algebra.linear import Vector, dot, orthogonal_part, projection, row_space
from reluenum.problem import Problem, alike

_SYMBOL = {1: "+", -1: "-", 0: "0"}

_VALUE = {symbol: value for value, symbol in _SYMBOL.items()}


@dataclass(frozen=True, order=True)
class Face:
    """A realisable sign vector of one hidden unit, with its geometry.

    Parameters
    ----------
    signs : str
        One of `+`, `-`, `0` per data point, in the order of the data.
    interior : tuple of fmpq
        A rational point of the (relatively open) face; 0 for the origin.
    basis : tuple of vectors
        Integral basis of the flat {v : v . row_i = 0 where the sign is 0}, inside the span of
        the rows (Lemma 5).
    span : (int, int) or None
        Of two or more inputs on a line the active ones in ascending order, from the first to one
        past the last: they determine a live face of a given dimension.
    """

    signs: str
    interior: Vector = field(compare=False, repr=False)
    basis: tuple[Vector, ...] = field(compare=False, repr=False)
    span: tuple[int, int] | None = field(default=None, compare=False, repr=False)

    @property
    def dimension(self) -> int:
        """Dimension of the flat."""
        return len(self.basis)

    @cached_property
    def active(self) -> tuple[int, ...]:
        """Data points on which the unit is strictly positive."""
        return tuple(i for i, sign in enumerate(self.signs) if sign == "+")

    @cached_property
    def zeros(self) -> tuple[int, ...]:
        """Data points whose hyperplane contains the face."""
        return _zeros(self.signs)

    @cached_property
    def sign_values(self) -> tuple[int, ...]:
        """The signs as +1, -1, 0."""
        return tuple(map(_VALUE.__getitem__, self.signs))

    @cached_property
    def column(self) -> str:
        """The column of activation patterns that covers the face: zeros count as + (Lemma 65)."""
        return self.signs.replace("0", "+")

    @cached_property
    def projector(self) -> tuple[Vector, ...]:
        """Matrix of the orthogonal projection onto the flat."""
        return projection(self.basis, len(self.interior))

    def project(self, vector: Sequence) -> list:
        """Project a vector (over any ring that contains Q) onto the flat."""
        return [dot(vector, row) for row in self.projector]


def site_signs(problem: Problem, face: Face) -> list[int]:
    """Return the signs of a face on the sites of a problem."""
    return [_VALUE[face.signs[site.first]] for site in problem.sites]


def answering_sites(problem: Problem, face: Face) -> list[tuple[int, fmpq]]:
    """Return the sites that the units on a face answer to, with their slopes there, not 0."""
    activation, signs = problem.activation, enumerate(site_signs(problem, face))
    slopes = {1: activation.above, -1: activation.below, 0: 0}
    return [(k, slopes[sign]) for k, sign in signs if slopes[sign]]


def signed_rows(problem: Problem, face: Face) -> list[tuple[Vector, int]]:
    """Return the rows of the sites whose hyperplanes do not contain a face, with its sides."""
    pairs = zip(problem.sites, site_signs(problem, face), strict=True)
    return [(site.row, sign) for site, sign in pairs if sign]


def walls(problem: Problem, face: Face) -> list[tuple[Vector, int]]:
    """Return rows, with sides, that bound a face: where all are positive, its flat is the face.

    Of a cell on a line the inputs beside its kink do, or the outermost ones, of a ray one of these.
    """
    if face.span is None:
        return signed_rows(problem, face)
    start, stop = face.span
    last = len(problem.ascending) - 1
    if face.dimension == 1:
        sides = [(last if stop > last else 0, 1)]
    elif stop <= last:
        sides = [(stop - 1, 1), (stop, -1)]
    else:
        sides = [(start, 1), (start - 1, -1) if start else (last, 1)]
    return [(problem.ascending[k].row, side) for k, side in sides]


def sign(value: fmpq) -> int:
    """Return the sign of a rational number as -1, 0 or 1."""
    return int(value > 0) - int(value < 0)


def cocircuits(rows: Sequence[Vector]) -> dict[str, Vector]:
    """Return the rays of a central arrangement, modulo what all hyperplanes share.

    Parameters
    ----------
    rows : sequence of (D,) vectors
        Normals of the hyperplanes.

    Returns
    -------
    dict
        From the signs of each ray to an integral vector on it, inside the span of the rows.
        Rays come in opposite pairs; there is none when all rows are 0.
    """
    space = row_space(rows)
    independent = [i for i, row in enumerate(rows) if any(row)]
    vectors: dict[Vector, None] = {}  # a set in the order of discovery
    for chosen in combinations(independent, len(space) - 1) if space else ():
        line = orthogonal_part(space, [rows[i] for i in chosen])
        if len(line) == 1 and line[0] not in vectors:
            vectors[line[0]] = vectors[tuple(-entry for entry in line[0])] = None
    if not vectors:
        return {}
    products = fmpq_mat([list(v) for v in vectors]) * fmpq_mat([list(r) for r in rows]).transpose()
    return {
        "".join(_SYMBOL[sign(value)] for value in values): vector
        for values, vector in zip(products.tolist(), vectors, strict=True)
    }


def covectors(rows: Sequence[Vector]) -> dict[str, Vector]:
    """Return the signs of every face of a central arrangement, with a point of the face.

    Every face but the origin is a ray completed, on the hyperplanes that contain the ray, by the
    signs of a face of these hyperplanes alone. It arises once from each of its extreme rays, so
    their sum, a point of the face, is known on the way (Corollary 6.1 of docs/theory.md).

    Parameters
    ----------
    rows : sequence of (D,) vectors
        Normals of the hyperplanes, at least one.
    """
    points = {"0" * len(rows): (fmpq(0),) * len(rows[0])}
    around: dict[tuple[int, ...], Iterable[str]] = {(): [""]}
    for signs, ray in cocircuits(rows).items():
        zeros = _zeros(signs)
        if zeros not in around:
            around[zeros] = covectors([rows[i] for i in zeros])
        gaps = signs.replace("0", "{}")
        for completion in around[zeros]:
            face = gaps.format(*completion)
            known = points.get(face)
            points[face] = ray if known is None else tuple(map(add, known, ray))
    return points


def _zeros(signs: str) -> tuple[int, ...]:
    """Return the places of the zeros among some signs."""
    return tuple(found.start() for found in finditer("0", signs))


def faces_in_space(rows: Sequence[Vector], order: Sequence[int]) -> Iterator[tuple[str, Face]]:
    """Yield the faces of an arrangement, each with its signs on the rows.

    Parameters
    ----------
    rows : sequence of (D,) vectors
        Distinct ones.
    order : sequence of int
        The row of each data point.
    """
    space = row_space(rows)
    flats: dict[tuple[int, ...], tuple[Vector, ...]] = {}
    for signs, interior in covectors(rows).items():
        zeros = _zeros(signs)
        if zeros not in flats:
            flats[zeros] = tuple(orthogonal_part(space, [rows[k] for k in zeros]))
        yield signs, Face("".join(itemgetter(*order)(signs)), interior, flats[zeros])


def faces_on_a_line(rows: Sequence[Vector], order: Sequence[int]) -> Iterator[tuple[str, Face]]:
    """Do so for two or more rows (x, 1): rays and cells in turn, half a circle with its opposite.

    The ray of a row, with larger ones active, comes before the cell on which this is active, too.
    """
    space, size = row_space(rows), len(rows)
    ascending = sorted(range(size), key=rows.__getitem__)
    plane, ranks = tuple(orthogonal_part(space, [])), np.argsort(ascending)
    flats = [orthogonal_part(space, [rows[k]]) for k in ascending]
    right = [line[0] if line[0][0] > 0 else _opposite(line[0]) for line in flats]
    yield "0" * size, Face("0" * len(order), (fmpq(0),) * 2, ())
    for k in reversed(range(size)):
        after = right[k - 1] if k else _opposite(right[-1])
        inside = tuple(map(add, right[k], after))
        for start, interior, flat in ((k + 1, right[k], tuple(flats[k])), (k, inside, plane)):
            known = _line_signs(ranks, start, k), _line_signs(ranks[order], start, k)
            span = (start, size) if start < size else None
            yield known[0], Face(known[1], interior, flat, span)
            turned = [signs.translate(_EXCHANGED) for signs in known]
            span = (0, k) if k else None
            yield turned[0], Face(turned[1], _opposite(interior), flat, span)


_EXCHANGED = str.maketrans("+-", "-+")


def _opposite(vector: Vector) -> Vector:
    return tuple(-entry for entry in vector)


def _line_signs(ranks: np.ndarray, start: int, kink: int) -> str:
    """Return `+` from a rank on, else `-`, but `0` at a kink before it."""
    found = np.where(ranks >= start, b"+", b"-")
    found[(ranks == kink) & (ranks < start)] = b"0"
    return found.tobytes().decode()


class Arrangement:
    """All faces of the arrangement that the data cut in the space of one hidden unit.

    Parameters
    ----------
    rows : sequence of (D,) vectors
        Homogeneous inputs, last entry 1, or any that are not all 0. Only distinct ones are worked
        with.
    units : Units
        Which faces are live depends on them.

    Attributes
    ----------
    faces : tuple of Face
        Every face, the origin included, sorted by signs.
    """

    def __init__(self, rows: Sequence[Vector], units: Units = USUAL) -> None:
        self.rows, self.units = tuple(rows), units
        sites = alike(self.rows)
        self._firsts = [points[0] for points in sites]
        self._distinct = [self.rows[i] for i in self._firsts]
        place = {i: k for k, points in enumerate(sites) for i in points}
        order = [place[i] for i in range(len(self.rows))]
        self._homogeneous = all(row[-1] == 1 for row in self._distinct)
        on_a_line = len(self.rows[0]) == 2 and len(sites) > 1 and self._homogeneous
        found = faces_on_a_line if on_a_line else faces_in_space
        self._by_distinct = dict(found(self._distinct, order))
        self.faces = tuple(sorted(self._by_distinct.values()))
        self._by_signs = {face.signs: face for face in self.faces}
        self._around: dict[tuple[int, ...], dict[str, Vector]] = {}

    @staticmethod
    def of(problem: Problem) -> "Arrangement":
        """Return the arrangement of a problem's inputs; equal inputs of late share it."""
        return _arrangement(problem.rows, problem.units)

    def face(self, signs: str) -> Face:
        """Return the face with the given signs.

        Raises
        ------
        KeyError
            If no unit has these signs.
        """
        return self._by_signs[signs]

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The realisable columns of an activation pattern.

        They are the open cells (Lemma 4), but those of some lower faces, too, if rows need not end
        with 1 (Lemma 65).
        """
        if self._homogeneous:
            return tuple(face.signs for face in self.faces if "0" not in face.signs)
        return tuple(sorted({face.column for face in self.faces}))

    @cached_property
    def cells(self) -> tuple[Face, ...]:
        """The faces that no other one has in its closure."""
        rank = max(face.dimension for face in self.faces)
        return tuple(face for face in self.faces if face.dimension == rank)

    @cached_property
    def live_faces(self) -> tuple[Face, ...]:
        """The faces where non-zero units can be stationary; of mirror images one.

        For relu those with a non-empty active set (Lemmas 2 and 61).
        """
        return tuple(f for f in self.representatives if self.units.answers(f.signs))

    @cached_property
    def representatives(self) -> tuple[Face, ...]:
        """The faces, without those whose units are those of their opposites (Lemma 63)."""
        return tuple(face for face in self.faces if self.units.represents(face.signs))

    def around(self, face: Face) -> list[tuple[Vector, Face]]:
        """Return the rays, orthogonal to the flat, of the cones that meet along a face.

        A function that is linear on each of these cones is non-negative if and only if it is
        so on these finitely many vectors (Lemma 13 of docs/theory.md). With each ray comes the
        face that it enters.
        """
        alone = len(self._firsts) == len(self.rows)
        signs = face.signs if alone else "".join(map(face.signs.__getitem__, self._firsts))
        zeros = _zeros(signs)
        if zeros not in self._around:
            self._around[zeros] = cocircuits([self._distinct[k] for k in zeros])
        gaps = signs.replace("0", "{}")
        return [
            (ray, self._by_distinct[gaps.format(*completion)])
            for completion, ray in self._around[zeros].items()
        ]

    def __repr__(self) -> str:
        return (
            f"Arrangement(n={len(self.rows)}, faces={len(self.faces)}, columns={len(self.columns)})"
        )


@lru_cache(maxsize=8)
def _arrangement(rows: tuple[Vector, ...], units: Units) -> Arrangement:
    return Arrangement(rows, units)
