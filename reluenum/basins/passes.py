"""What happens where components join, and paths of rational points that prove it."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from flint import arb, ctx, fmpq, fmpq_mat, fmpz
from scipy.optimize import linear_sum_assignment

from reluenum.algebra.decimals import enclosing_interval
from reluenum.algebra.linear import Vector, combine, dot
from reluenum.algebra.numbers import Number, exact_value
from reluenum.basins.tree import Branch, Merge, Places, Tree
from reluenum.basins.vertices import Vertices
from reluenum.geometry.arrangement import Face, sign, signed_rows
from reluenum.landscape.witnesses import descent_ray
from reluenum.problem import Problem

DEATH, KINK = "death", "kink"
"""A unit is zero at a pass, or it crosses an input."""

FIRST_BITS = 32
"""Digits of a corner behind the binary point, which are doubled until it is low enough."""


class Ways(ABC):
    """Broken lines that prove barriers (Lemma 43), and what happens where components join.

    Parameters
    ----------
    tree : Tree
    """

    tree: Tree

    @abstractmethod
    def support(self, vertex: int) -> list[dict[str, Any]]:
        """Return what a document says of the living units of a vertex."""

    @abstractmethod
    def states(self, vertex: int, most: fmpq) -> Sequence[tuple[int, Vector]]:
        """Return s and z of these units at a rational point near by, of a loss of at most that."""

    @abstractmethod
    def descent(self, vertex: int) -> tuple[int, list[int]]:
        """Return which living unit descends, and the data points that it crosses."""

    def pass_record(self, vertex: int) -> dict[str, Any]:
        """Return what happens at a stationary point where components join (Lemma 39).

        Either a unit is zero there, or a living unit descends, to several sides if only one does.
        """
        record = {"support": self.support(vertex), "event": DEATH, "unit": None, "points": None}
        if len(record["support"]) == self.tree.places.units.shape[1]:
            unit, crossed = self.descent(vertex)
            record |= {"event": KINK, "unit": unit, "points": crossed}
        return record

    def record(self, merge: Merge, child: Branch) -> dict[str, Any]:
        """Return a line from a child's lowest leaf to the last child's, not above the merge."""
        places, vertices = self.tree.places, self.tree.places.vertices
        _, most = enclosing_interval(vertices.loss(int(places.vertex[merge.passes[0]])))
        corners: list[dict[str, Any]] = []
        order: list[int] = []
        for place in self.tree.path(merge, child):
            vertex, codes = int(places.vertex[place]), places.units[place].tolist()
            order = _in_order(places, codes, order)
            states = self.states(vertex, most)
            living = dict(zip(sorted(filter(None, codes)), states, strict=True))
            zero = 0, (fmpq(0),) * vertices.problem.coordinates
            corners.append(
                {
                    "support": self.support(vertex),
                    **vertices.texts("loss", vertex),
                    "units": [_state_record(*living.get(code, zero)) for code in order],
                }
            )
        return {"from": child.lowest[0], "to": merge.children[-1].lowest[0], "points": corners}


@dataclass(frozen=True, eq=False)
class Paths(Ways):
    """Ways through the vertices of a list; a corner that is low enough serves several.

    Parameters
    ----------
    tree : Tree
    vertices : Vertices
    """

    tree: Tree
    vertices: Vertices
    _corners: dict[int, tuple[list[Vector], fmpq]] = field(default_factory=dict)

    def support(self, vertex: int) -> list[dict[str, Any]]:
        """Return the faces of the living units, with the signs of a."""
        signs = self.vertices.signs[vertex].tolist()
        faces = self.vertices.faces_of(vertex)
        return [{"face": face, "sign": s} for face, s in zip(faces, signs, strict=False)]

    def states(self, vertex: int, most: fmpq) -> list[tuple[int, Vector]]:
        """Return s and z of the living units at a rational point near a vertex."""
        if vertex not in self._corners or self._corners[vertex][1] > most:
            self._corners[vertex] = corner(self.vertices, vertex, most)
        signs = self.vertices.point(vertex).signs or ()
        return list(zip(signs, self._corners[vertex][0], strict=True))

    def descent(self, vertex: int) -> tuple[int, list[int]]:
        """Return the unit of a vertex that descends, exactly one (Lemma 38), and its zeros."""
        point = self.vertices.point(vertex)
        arrangement = self.vertices.escalation.geometry.arrangement
        pairs = zip(point.support, point.signs or (), strict=True)
        rays = [descent_ray(arrangement, point, face, sign) for face, sign in pairs]
        unit = next(k for k, ray in enumerate(rays) if ray is not None)
        return unit, [i + 1 for i in point.support[unit].zeros]


def _state_record(sign_of_weight: int, state: Vector) -> dict[str, Any]:
    return {"sign": sign_of_weight, "z": [str(entry) for entry in state]}


def _in_order(places: Places, codes: list[int], before: list[int]) -> list[int]:
    """Return the units of a point in the order of those of the neighbour before it."""
    if places.labelled or not before:
        return codes
    fits = places.fits[np.ix_(before, codes)]
    moved = np.array(before)[:, None] != codes
    rows, columns = linear_sum_assignment(np.where(fits, moved, len(codes) + 1))
    return [codes[k] for k in columns[np.argsort(rows)]]


def corner(vertices: Vertices, vertex: int, most: fmpq) -> tuple[list[Vector], fmpq]:
    """Return a rational point near a vertex, z = |a| v in each face, and a bound of its loss.

    Parameters
    ----------
    vertices : Vertices
    vertex : int
    most : fmpq
        The loss that it must not exceed; at least that of the vertex, and not equal to it.
    """
    problem, point = vertices.escalation.problem, vertices.point(vertex)
    bits = FIRST_BITS
    while True:
        units = [
            _rounded_within(face, [square * entry for entry in direction], bits)
            for face, square, direction in zip(
                point.support, point.squares, point.directions, strict=True
            )
        ]
        inside = all(
            sign(dot(row, unit)) == side
            for face, unit in zip(point.support, units, strict=True)
            for row, side in signed_rows(problem, face)
        )
        bound = loss_of_states(problem, point.signs or (), units, bits)
        if inside and bound <= most:
            return units, bound
        bits *= 2


def _rounded_within(face: Face, vector: Sequence[Number], bits: int) -> Vector:
    """Return a rational vector in the flat of a face, near a given one."""
    basis = fmpq_mat([list(row) for row in face.basis])
    middle = fmpq_mat([[exact_value(entry.ball(bits + 32).mid())] for entry in vector])
    scale = fmpz(2) ** bits
    weights = (basis * basis.transpose()).solve(basis * middle).entries()
    rounded = [fmpq((weight * scale + fmpq(1, 2)).floor(), scale) for weight in weights]
    return combine(rounded, face.basis)


def loss_of_states(
    problem: Problem, signs: Sequence[int], units: Sequence[Vector], bits: int = 128
) -> fmpq:
    """Return a little more than H(s, z), the least loss of networks with unit states (Lemma 35).

    Parameters
    ----------
    problem : Problem
    signs : (m,) sequence of int
        s = 1 or -1, the sign of a.
    units : (m,) sequence of (d + 1,) vectors
        z = |a| v.
    bits : int
        Precision of the norms.

    Examples
    --------
    >>> problem = Problem.from_arrays([0, 1], [0, 2], width=1, ridge=0.5)
    >>> loss_of_states(problem, [1], [(fmpq(1), fmpq(0))])
    2
    """
    phi = problem.activation.at
    errors = [
        site.mean
        - sum(
            (s * phi(dot(z, site.row)) for s, z in zip(signs, units, strict=True)),
            start=fmpq(0),
        )
        for site in problem.sites
    ]
    fitted = problem.weighted(problem.residual(errors))
    total = problem.scatter + dot(fitted, errors)
    with ctx.workprec(bits):
        lengths = sum((arb(dot(z, z)).sqrt() for z in units), start=arb(0))
        most = exact_value(lengths.upper())
    return (total + 2 * problem.effective_ridge * most) * problem.loss_scale
