"""What one unit can be, up to its size: a hinge, a straight line, or 0 (Lemmas 81, 84 and 85)."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from reluenum.engines.hinges.hinges import LEFT, RIGHT, Hinges


class Kind(StrEnum):
    """Where a unit has its kink, or, if it is 0, what its hidden bias is."""

    KINK = "kink"
    """At an input."""
    GAP = "gap"
    """Between two neighbouring inputs."""
    LINE = "line"
    """Before or behind all inputs: a unit that is active at all of them."""
    ZERO = "zero"
    """Nowhere: a = b = c = 0."""
    ACTIVE = "active"
    """Nowhere: a = b = 0 < c."""
    INACTIVE = "inactive"
    """Nowhere: a = b = 0 > c."""


@dataclass(frozen=True, order=True)
class HingeState:
    """One of the sets of (a, b, c) of which a stratum has one for each unit.

    Parameters
    ----------
    kind : Kind
    sign : int
        Of a; 0 for a unit that is 0.
    side : int
        `RIGHT` if b > 0, `LEFT` if b < 0; 0 for a unit that is 0.
    place : int
        The input at the kink, or the one before it; 0 for lines and units that are 0.
    """

    kind: Kind
    sign: int = 0
    side: int = 0
    place: int = 0

    @property
    def is_living(self) -> bool:
        """Whether it is not 0."""
        return self.sign != 0

    @property
    def freedom(self) -> int:
        """Number of parameters that are free, as far as one unit is concerned (Lemma 86)."""
        return {Kind.KINK: 1, Kind.GAP: 2, Kind.LINE: 2, Kind.ZERO: 0}.get(self.kind, 1)

    def knots(self, hinges: "BendPlaces") -> tuple[int, ...]:
        """Return the places at which it is a combination of hinges."""
        if self.kind == Kind.LINE:
            return (hinges.first(self.side),)
        return (self.place, self.place + 1) if self.kind == Kind.GAP else (self.place,)

    def edges(self, hinges: "BendPlaces") -> tuple[int, ...]:
        """Return the hinges of which it is a positive combination, up to signs."""
        if not self.is_living:
            return ()
        return tuple(hinges.number(self.side, knot) for knot in self.knots(hinges))

    def boundary(self, hinges: "BendPlaces") -> tuple["HingeState", ...]:
        """Return the living states, other than itself, that are limits of it."""
        if self.kind in (Kind.GAP, Kind.LINE):
            return tuple(
                HingeState(Kind.KINK, self.sign, self.side, knot) for knot in self.knots(hinges)
            )
        return ()


class BendPlaces(Protocol):
    """Where units of each side can bend, and the hinges there."""

    @property
    def absorbs(self) -> bool:
        """Whether a linear part makes up for every straight line, so that units have no side."""

    def number(self, side: int, place: int) -> int:
        """Return the hinge at a place of a side."""

    def first(self, side: int) -> int:
        """Return the place of a side that a unit has before it bends anywhere."""

    def level(self, side: int, place: int) -> Any:
        """Return where a place is, as an exact number."""

    def outside(self, side: int) -> tuple[Any, Any]:
        """Return the interval of the bends of a unit that is a straight line at the data."""

    def rank(self, edges: Iterable[int]) -> int:
        """Return how many of the hinges are independent, constants aside."""


def cells(hinges: Hinges) -> list[tuple[tuple[int, int], ...]]:
    """Return for each closed cell of one unit its hinges, each with the sign of its factor.

    Those at an input are single hinges, the line among them; those of a gap are two, unless the
    gap holds no living unit, since only one input is active.

    Examples
    --------
    >>> from reluenum.problem import Problem
    >>> data = Problem.from_text([[x] for x in "012"], list("010"), 2, "1/10")
    >>> cells(Hinges.of(data))
    [((0, 1),), ((1, 1),), ((2, 1),), ((0, 1), (1, 1)), ((2, 1), (0, -1))]
    """
    size, single = hinges.size, [((edge, 1),) for edge in hinges.single]
    if hinges.absorbs:
        return [*single, *(((j, 1), (j + 1, 1)) for j in range(1, size - 2))]

    def part(side: int, knot: int) -> tuple[int, int]:
        return hinges.number(side, knot), -1 if (side, knot) == (LEFT, size - 1) else 1

    right = [(part(RIGHT, j), part(RIGHT, j + 1)) for j in range(size - 2)]
    left = [(part(LEFT, j), part(LEFT, j + 1)) for j in range(1, size - 1)]
    return [*single, *right, *left]
