"""What the units of a local minimum can be, if its residual is given."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

from flint import fmpq

from ..reals import dot
from .line import LINE, Knot, Line

DEAD = ("inactive", "active", "zero")


@dataclass(frozen=True, order=True)
class Unit:
    """A unit by its kind, the sign of a, that of b, and the first input at its kink."""

    kind: str
    sign: int = 0
    side: int = 0
    place: int = 0

    def inputs(self, size: int) -> tuple[int, ...]:
        """Return at which inputs the kinks are of which it is a mean; none if it is dead."""
        if self.kind in DEAD:
            return ()
        if self.kind == "line":
            return (0,) if self.side > 0 else (size - 1,)
        return (self.place, self.place + 1)[: 1 + (self.kind == "gap")]

    def knots(self, line: Line) -> list[Knot]:
        """Return the knots at these inputs."""
        return [line.knot(self.side, place) for place in self.inputs(line.size)]

    def shown(self, line: Line) -> "Unit":
        """Return what stands for it and its mirror image, if it has one.

        The first data point that is not at its kink is on its active side.
        """
        if line.linear != "free" or self.face(line).strip("0").startswith("+"):
            return self
        return replace(self, side=-self.side)

    def face(self, line: Line) -> str:
        """Return its signs at the data points."""
        if self.kind == "line":
            return "+" * line.points
        ahead = (2 * (place - self.place) - (self.kind == "gap") for place in line.place_of)
        heights = (self.side * step for step in ahead)
        return "".join("+" if h > 0 else "-" if h < 0 else "0" for h in heights)


class Residual:
    """A residual at the inputs, and p_r of the units of each side at the inputs."""

    def __init__(self, line: Line, values: Sequence[fmpq]) -> None:
        self.line, self.values = line, values
        self.pull = [w * r for w, r in zip(line.w, values, strict=True)]
        self.square = dot(self.pull, values)
        penalised = line.linear == "ridge"
        self.slope = dot(self.pull, line.x) / line.ridge if penalised else fmpq(0)

    @cached_property
    def heights(self) -> dict[int, list[fmpq]]:
        """The sums of r relu(x - k) and of r relu(k - x) for kinks k at the inputs."""
        found, x = {}, self.line.x
        for side in (1, -1):
            values, height, slope = [fmpq(0)], fmpq(0), fmpq(0)
            order = list(range(len(x)))[::-side]
            for near, far in pairwise(order):
                slope += self.pull[near]
                height += slope * abs(x[far] - x[near])
                values.append(height)
            found[side] = values[::-side]
        return found

    @cached_property
    def is_global(self) -> bool:
        """Claim 244: global at every width are residuals with M(r) at most the ridge (Lemma 85)."""
        return all(abs(h) <= self.line.ridge for row in self.heights.values() for h in row)

    def tight(self, side: int, place: int) -> int:
        """Return the sign of p_r for a kink at an input if |p_r| is the ridge there, else 0."""
        height = self.heights[side][place]
        return 0 if abs(height) != self.line.ridge else 1 if height > 0 else -1

    @cached_property
    def signs(self) -> dict[Knot, int]:
        """The tight knots, with the signs of their factors."""
        knots = [(side, j) for side in self.line.sides for j in range(1, self.line.size - 1)]
        found = {knot: self.tight(*knot) for knot in knots} | {LINE: self.tight(1, 0)}
        return {knot: sign for knot, sign in found.items() if sign}

    @cached_property
    def units(self) -> list[Unit]:
        """Return all that a unit can be, in ascending order."""
        return sorted([*self.kinks(), *self.gaps(), *self.lines(), *self.dead()])

    def kinks(self) -> list[Unit]:
        """Claim 245: at an input s p_r is the ridge, and no larger at its neighbours (Lemma 84)."""
        found = []
        for side in self.line.sides:
            heights = self.heights[side]
            for place in range(self.line.size):
                sign = self.tight(side, place)
                beside = [*heights[max(place - 1, 0) : place], *heights[place + 1 : place + 2]]
                if sign and all(sign * height <= self.line.ridge for height in beside):
                    found.append(Unit("kink", sign, side, place))
        return found

    def gaps(self) -> list[Unit]:
        """Claim 246: between two inputs s p_r is the ridge if it is so at both (Lemma 84)."""
        places = [(side, place) for side in self.line.sides for place in range(self.line.size - 1)]
        signs = [(self.tight(*at), self.tight(at[0], at[1] + 1), at) for at in places]
        return [Unit("gap", one, *at) for one, other, at in signs if one and one == other]

    def lines(self) -> list[Unit]:
        """Claim 247: straight lines have either sign of a if |u| is the ridge (Lemma 84)."""
        tilt = self.tight(1, 0) if self.line.size > 1 else 0
        return [Unit("line", sign, sign * tilt) for sign in (1, -1) if tilt]

    def dead(self) -> list[Unit]:
        """Claim 248: c < 0 is always there, c > 0 if |u| <= ridge, c = 0 if M(r) is (Lemma 85).

        With a free linear part c > 0 is the mirror image of c < 0 (Lemma 127).
        """
        active = abs(self.heights[1][0]) <= self.line.ridge and self.line.linear != "free"
        there = (True, active, self.is_global)
        return [Unit(kind) for kind, holds in zip(DEAD, there, strict=True) if holds]
