"""Units of the first layer with equal signs: one unknown form, and the units that it is made of."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from flint import ctx, fmpq, fmpq_mat

from reluenum.algebra.linear import Vector, dot, primitive
from reluenum.algebra.numberfield import precisions
from reluenum.algebra.numbers import Number, exact_value
from reluenum.engines.deep.systems.flats import SIDES, Kink, combination, products
from reluenum.geometry.cones import Cone
from reluenum.problem import Problem


@dataclass(frozen=True)
class Group:
    """Units of the first layer with equal signs.

    Parameters
    ----------
    row : str
    rank : int
        How many there are.
    basis : tuple of vectors
        Of their flat. For a single unit, the first one has the value 1 at the first site that is
        +, the others 0.
    """

    row: str
    rank: int
    basis: tuple[Vector, ...]

    @property
    def free(self) -> int:
        """How many coordinates of E are unknown."""
        return len(self.basis) - 1 if self.rank == 1 else 0

    def span(self, coordinates: Sequence[Any]) -> list[Sequence[Any]]:
        """Return E over any ring, from its unknown coordinates."""
        if not self.free:
            return list(self.basis[: self.rank])
        columns = zip(*self.basis, strict=True)
        return [[combination(column[1:], coordinates) + column[0] for column in columns]]


@dataclass(frozen=True)
class WideValues:
    """The unknowns by what they mean, over any ring that contains Q.

    Parameters
    ----------
    spans : list of vectors
        E, the rows of all groups.
    metrics : list, by layer, of dict
        H, or s, by pairs of components: rows of E in the first layer, else units.
    weights : dict
        e by layer (from 0), unit and component below; those that vanish are missing.
    biases : dict
        e_0 by layer and unit.
    multipliers : dict
        By kink.
    """

    spans: list[Sequence[Any]]
    metrics: list[dict[tuple[int, int], Any]]
    weights: dict[tuple[int, int, int], Any]
    biases: dict[tuple[int, int], Any]
    multipliers: dict[Kink, Any]


def separated(
    problem: Problem, placed: Iterable[tuple[int, Group]], given: WideValues
) -> WideValues:
    """Return the unknowns of one network, a unit for each component of the first layer.

    Two units on one flat of dimension 2 are s q q' added up to H, and there are many. They are
    chosen along directions inside the face, if there are such.

    Parameters
    ----------
    problem : Problem
    placed : iterable of (int, Group)
        The groups with the number of components before each.
    given : WideValues
    """
    spans, weights = list(given.spans), dict(given.weights)
    squares = {(a, b): h for (a, b), h in given.metrics[0].items() if a == b}
    for start, group in placed:
        if group.rank == 2:
            places = (start, start + 1)
            (h11, h12), (_, h22) = [[given.metrics[0][a, b] for b in places] for a in places]
            parts = _parts_inside(_edges_of_face(problem, group), h11, h12, h22)
            for place, (square, mixture) in zip(places, parts, strict=True):
                squares[place, place] = square
                spans[place] = [
                    products(zip(mixture, column, strict=True))
                    for column in zip(*group.basis, strict=True)
                ]
                for m, _ in given.metrics[1]:
                    own = [given.weights.get((1, m, a)) for a in places]
                    if own[0] is not None:
                        weights[1, m, place] = products(zip(own, mixture, strict=True))
    return WideValues(
        spans, [squares, *given.metrics[1:]], weights, given.biases, given.multipliers
    )


def _edges_of_face(problem: Problem, group: Group) -> tuple[Vector, Vector]:
    """Return the two edges of a face of dimension 2, by coordinates in its flat."""
    cone = Cone.space(2)
    for site, sign in zip(problem.sites, group.row, strict=True):
        if sign in SIDES:
            form = primitive(tuple(dot(vector, site.row) for vector in group.basis))
            cone = dict(cone.split(tuple(int(x) for x in form)))[sign]
    return tuple(tuple(map(fmpq, ray)) for ray in cone.vectors)


def _parts_inside(
    rays: tuple[Vector, Vector], *entries: Number
) -> list[tuple[Number, list[Number]]]:
    """Write a positive definite H of order 2 as s q q' + s' q' q'^T, with q between two rays.

    Parameters
    ----------
    rays : pair of vectors
    entries : (3,) Number
        H_11, H_12, H_22.

    Returns
    -------
    list of (s, q)
        On the rays themselves if no two directions between them will do.
    """
    inverse = fmpq_mat([list(ray) for ray in rays]).inv()
    (a, b), (c, d) = inverse.tolist()
    h11, h12, h22 = entries
    k11 = h11 * (a * a) + h12 * (2 * a * c) + h22 * (c * c)
    k12 = h11 * (a * b) + h12 * (a * d + b * c) + h22 * (c * d)
    k22 = h11 * (b * b) + h12 * (2 * b * d) + h22 * (d * d)
    tilt = _between(k12 / k11) if k12.sign() > 0 else fmpq(0)
    level = k22 - k12 * (2 * tilt) + k11 * (tilt * tilt)
    parts = [
        ((k11 * k22 - k12 * k12) / level, [fmpq(1), tilt]),
        (1 / level, [k12 - k11 * tilt, k22 - k12 * tilt]),
    ]
    columns = list(zip(*rays, strict=True))
    return [
        (square, [products(zip(q, column, strict=True)) for column in columns])
        for square, q in parts
    ]


def _between(upper: Number) -> fmpq:
    """Return a rational number between 0 and a positive number, near the half of it."""
    bits = next(bits for bits in precisions() if upper.ball(bits).rel_accuracy_bits() > 8)
    with ctx.workprec(8):
        return exact_value((+upper.ball(bits)).mid()) / 2


def with_height_one(basis: Sequence[Vector], row: Vector) -> list[Vector]:
    """Return a basis of the same space of which the first vector has the value 1, others 0."""
    values = [dot(vector, row) for vector in basis]
    place = next(k for k, value in enumerate(values) if value)
    first = tuple(entry / values[place] for entry in basis[place])
    others = [
        tuple(x - value * y for x, y in zip(vector, first, strict=True))
        for k, (vector, value) in enumerate(zip(basis, values, strict=True))
        if k != place
    ]
    return [first, *others]


def upper_half(rank: int) -> list[tuple[int, int]]:
    """Return the places of a symmetric matrix on and above its diagonal."""
    return [(a, b) for a in range(rank) for b in range(a, rank)]
