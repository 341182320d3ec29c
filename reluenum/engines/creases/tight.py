"""What follows from one residual: the directions of units, and what units can be (Lemma 95)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, cmp_to_key
from typing import Any

from flint import arb, ctx, fmpq

from reluenum.algebra.linear import dot
from reluenum.algebra.numberfield import FIRST_BITS, ball_sign
from reluenum.algebra.numbers import Number, compare
from reluenum.algebra.polynomials import determinant
from reluenum.engines.creases.creases import Crease, Creases
from reluenum.engines.creases.systems import CreasePoint
from reluenum.engines.hinges.states import HingeState, Kind


@dataclass(frozen=True, eq=False)
class Direction:
    """A direction b / |b| of units, and the levels of the sites along it, in ascending order.

    Parameters
    ----------
    vector : (d,) list of Number
    levels : list of Number
        The different values of b . x / |b|.
    ranks : (p,) tuple of int
        Which of them each site has.
    """

    vector: list[Number]
    levels: list[Number]
    ranks: tuple[int, ...]

    @classmethod
    def of(cls, creases: Creases, vector: list[Number]) -> "Direction":
        """Sort the sites along a direction."""
        heights = [dot(row, vector) for row in creases.inputs]
        levels: list[Number] = []
        ranks = [0] * len(heights)
        for k in sorted(range(len(heights)), key=cmp_to_key(_by_value(heights))):
            if not levels or compare(levels[-1], heights[k]) < 0:
                levels.append(heights[k])
            ranks[k] = len(levels) - 1
        return cls(vector, levels, tuple(ranks))

    def is_along(self, other: "Direction") -> bool:
        """Whether it is the same direction."""
        pairs = zip(self.vector, other.vector, strict=True)
        return self.ranks == other.ranks and all((x - y).is_zero() for x, y in pairs)

    def heights(self, place: int) -> list[Number | fmpq]:
        """Return the values at the sites of a unit of slope 1 that bends at a level."""
        return [
            self.levels[rank] - self.levels[place] if rank > place else fmpq(0)
            for rank in self.ranks
        ]


def _by_value(heights: list[Number]) -> Any:
    return lambda j, k: compare(heights[j], heights[k])


@dataclass(frozen=True, eq=False)
class Tight:
    """A unit with |u| = ridge: its crease, the sign of a, and the direction of b."""

    crease: Crease
    sign: int
    vector: list[Number]


@dataclass(frozen=True, eq=False)
class CreaseResidual:
    """The residual of a point, of sum 0, as exact numbers.

    It is a `JudgedHinges`, and its own `BendPlaces`: sides are directions, counted from 1, places
    the levels along them.

    Parameters
    ----------
    creases : Creases
    point : CreasePoint
    """

    creases: Creases
    point: CreasePoint

    @property
    def hinges(self) -> "CreaseResidual":
        """Where units can bend."""
        return self

    @cached_property
    def forces(self) -> list[Number]:
        """The residual times the weights."""
        return self.creases.problem.weighted(self.point.residual)

    @cached_property
    def excesses(self) -> dict[str, int]:
        """The sign of |u| - ridge, by the signs of creases."""
        return {crease.signs: self._excess(crease) for crease in self.creases.live}

    def _excess(self, crease: Crease) -> int:
        """Settle it by balls, which do for nearly all, or exactly."""
        with ctx.workprec(FIRST_BITS):
            pull = crease.pull(self._force_balls)
            settled = ball_sign(dot(pull, pull) - self.creases.ridge**2)
        return settled or self._exact_excess(crease.pull(self.forces))

    def _exact_excess(self, pull: list[Number]) -> int:
        return (dot(pull, pull) - self.creases.ridge**2).sign()

    @cached_property
    def _force_balls(self) -> list[arb]:
        return [force.ball(FIRST_BITS) for force in self.forces]

    @cached_property
    def is_global(self) -> bool:
        """Whether M(r) is the ridge at most: what is stationary is global at every width."""
        return not any(
            self.excesses[crease.signs] > 0 and self.signs(crease, crease.pull(self.forces))
            for crease in self.creases.live
            if not crease.is_open
        )

    def signs(self, crease: Crease, pull: list[Number]) -> tuple[int, ...]:
        """Return the signs s for which some unit on a crease has a slope along s u."""
        if crease.is_line:
            return (1, -1)
        found = 0
        for rise in self.creases.rises[crease.signs]:
            sign = dot(pull, rise).sign()
            if sign == 0 or found not in (0, sign):
                return ()
            found = sign
        return (found,)

    @cached_property
    def tight(self) -> list[Tight]:
        """The creases of stationary units, whether these are good or not."""
        found = []
        for crease in self.creases.live:
            if self.excesses[crease.signs] == 0 and self._is_level(crease):
                pull = crease.pull(self.forces)
                for sign in self.signs(crease, pull):
                    vector = [entry * sign / self.creases.ridge for entry in pull]
                    found.append(Tight(crease, sign, vector))
        return found

    def _is_level(self, crease: Crease) -> bool:
        """Whether p_r does not change while units move their bends, as far as these can."""
        return not crease.has_offset or dot(self.forces, crease.indicator).is_zero()

    @cached_property
    def key(self) -> tuple[str, ...]:
        """The signs of all tight creases, which determine the residual (Lemma 94)."""
        return tuple(dict.fromkeys(one.crease.signs for one in self.tight))

    @property
    def is_stationary(self) -> bool:
        """Whether the slopes of its point lead into the creases of its units."""
        return all(self.signs(crease, crease.pull(self.forces)) for crease in self.point.support)

    @cached_property
    def _placed(self) -> tuple[list[Direction], list[tuple[Tight, int]]]:
        """The directions, and the side of each tight crease."""
        directions: list[Direction] = []
        placed = []
        for one in self.tight:
            own = Direction.of(self.creases, one.vector)
            side = next((k for k, d in enumerate(directions) if d.is_along(own)), len(directions))
            if side == len(directions):
                directions.append(own)
            placed.append((one, side + 1))
        return directions, placed

    def direction(self, side: int) -> Direction:
        """Return the direction of a side."""
        return self._placed[0][side - 1]

    @cached_property
    def states(self) -> tuple[HingeState, ...]:
        """What the units of a local minimum with this residual can be."""
        return tuple(sorted([*self._living(), *self._unsized()]))

    def _living(self) -> Iterator[HingeState]:
        for one, side in self._placed[1]:
            ranks, active = self.direction(side).ranks, one.crease.active
            before = min(ranks[k] for k in active) - 1
            if one.crease.is_line:
                yield HingeState(Kind.LINE, one.sign, side)
            elif one.crease.is_open:
                yield HingeState(Kind.GAP, one.sign, side, before)
            elif self.is_global or self.is_good(one):
                yield HingeState(Kind.KINK, one.sign, side, before)

    def _unsized(self) -> Iterator[HingeState]:
        """Yield what a unit without size can be (Lemma 85)."""
        yield HingeState(Kind.INACTIVE)
        lines = (crease.signs for crease in self.creases.live if crease.is_line)
        if all(self.excesses[signs] <= 0 for signs in lines):
            yield HingeState(Kind.ACTIVE)
        if self.is_global:
            yield HingeState(Kind.ZERO)

    def is_good(self, one: Tight) -> bool:
        """Whether no change of a unit that bends at sites leads down (Lemma 95)."""
        sums = (dot(self.forces, turn) for turn in self.creases.turns[one.crease.signs])
        return all((change * one.sign).sign() <= 0 for change in sums)

    def number(self, side: int, place: int) -> int:
        """Return the hinge at a level of a direction."""
        return (side - 1) * len(self.creases.inputs) + place

    def first(self, side: int) -> int:
        """Return the first level."""
        return 0

    def level(self, side: int, place: int) -> Number:
        """Return a level of a direction."""
        return self.direction(side).levels[place]

    def outside(self, side: int) -> tuple[Number | None, Number | None]:
        """Return the levels before the first site."""
        return None, self.level(side, 0)

    @cached_property
    def living_edges(self) -> dict[int, int]:
        """The hinges that units of local minima have a part of, each with the sign of a."""
        living = (state for state in self.states if state.is_living)
        return {edge: state.sign for state in living for edge in state.edges(self)}

    @cached_property
    def columns(self) -> dict[int, list[Number]]:
        """The values at the sites of each of these hinges, of |b| = 1 and with its sign, R z."""
        size = len(self.creases.inputs)
        found = {}
        for edge, sign in self.living_edges.items():
            heights = self.direction(edge // size + 1).heights(edge % size)
            values = [self.point.isolated.constant(0) + height * sign for height in heights]
            found[edge] = self.creases.problem.residual(values)
        return found

    @cached_property
    def rest(self) -> list[Number]:
        """What hinges have to add up to, R y - r."""
        flat = self.creases.problem.residual(self.creases.problem.means)
        return [y - r for y, r in zip(flat, self.point.residual, strict=True)]

    @cached_property
    def gram(self) -> dict[tuple[int, int], Number]:
        """The weighted inner products of the columns."""
        columns = self.columns
        return {(e, f): self._product(columns[e], columns[f]) for e in columns for f in columns}

    @cached_property
    def gains(self) -> dict[int, Number]:
        """The weighted inner products of the columns with `rest`."""
        return {edge: self._product(column, self.rest) for edge, column in self.columns.items()}

    def _product(self, one: list[Number], other: list[Number]) -> Number:
        return dot(self.creases.problem.weighted(one), other)

    def square(self, edges: Iterable[int]) -> list[list[Number]]:
        """Return the matrix of inner products of some hinges."""
        chosen = tuple(edges)
        return [[self.gram[e, f] for f in chosen] for e in chosen]

    def rank(self, edges: Iterable[int]) -> int:
        """Return how many of the hinges are independent, constants aside."""
        chosen: list[int] = []
        for edge in edges:
            if not determinant(self.square([*chosen, edge])).is_zero():
                chosen.append(edge)
        return len(chosen)
