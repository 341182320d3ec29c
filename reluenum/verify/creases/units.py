"""What the units of a local minimum can be, if its residual is given (Lemma 95).

A unit is one of `hinges`: its side is the number of its direction, from 1 on, and its place that of
a kink among the tight kinks along this direction.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import combinations, pairwise
from typing import Any

from flint import ctx, fmpq

from ..hinges.units import DEAD, Unit
from ..reals import LEVELS, dot, require, sign
from .cores import Core
from .residuals import Residual
from .sites import Crease, Sites
from .spaces import Space


@dataclass(frozen=True, eq=False)
class Tight:
    """A crease with |u| = Lambda on which units with this sign of a can be."""

    crease: Crease
    sign: int


@dataclass(frozen=True, eq=False)
class Node:
    """A hinge: a kink of some direction, numbered from the first one on."""

    tight: Tight
    side: int
    place: int


def narrowed(core: Core) -> bool:
    """Claim 295: h = 0 if u_F - s u_G = h d and d . (u_F + s u_G) is not 0 (Lemma 101).

    For h d . (u_F + s u_G) = |u_F|^2 - |u_G|^2, and both lengths are Lambda in S.
    """
    pairs = [(*pair, side) for pair in combinations(core.creases, 2) for side in (1, -1)]
    for one, other, side in pairs:
        parts = core.space.factored(one, other, side)
        if parts and slanted(core, one, other, side, parts[1]):
            core.know(core.space.within(parts[0]))
            return True
    return False


def slanted(core: Core, one: Crease, other: Crease, side: int, vector: Sequence[fmpq]) -> bool:
    """Whether d . (u_F + s u_G) is seen not to be 0."""
    with ctx.workprec(LEVELS[2]):
        ball = core.ball(LEVELS[2])
        value = ball.along(one, vector) + ball.along(other, vector) * side
    return sign(value) in (1, -1)


class Judged:
    """A residual, and what is tight there.

    It also stands for the line of `hinges`, of which only `size` is asked for.
    """

    def __init__(self, core: Core) -> None:
        self.core, self.sites = core, core.sites
        core.know(Space.around(self.sites, core.support, core.remover))
        while narrowed(core):
            pass

    @property
    def line(self) -> Sites:
        """The sites."""
        return self.sites

    def excess(self, crease: Crease) -> int:
        """Claim 296: the sign of |u_F| - Lambda; it is 0 for S, and where u is that of one in S."""
        if crease in self.core.creases:
            return 0
        if surely := self.surely[self.sites.place_of[crease.text]]:
            return surely
        alike = any(map(partial(self.core.space.likeness, crease), self.core.creases))
        return 0 if alike else self.core.ask(Residual.excess, crease)

    @cached_property
    def surely(self) -> list[int | None]:
        """The signs of |u_F| - Lambda, as far as the first form of the residual tells."""
        values = next(self.core.residuals()).roughly(self.sites.every_u)
        depth, square = self.sites.depth, self.sites.ridge**2
        parts = (values[k : k + depth] for k in range(0, len(values), depth))
        return [sign(dot(part, part) - square) for part in parts]

    @cached_property
    def excesses(self) -> dict[Crease, int]:
        """The signs for all creases."""
        return {crease: self.excess(crease) for crease in self.sites.creases}

    @cached_property
    def is_stationary(self) -> bool:
        """Claim 297: all creases of S are tight. If not, no minimum needs S (Lemma 94)."""
        return all(self.core.ask(Residual.side, crease) for crease in self.core.creases)

    @cached_property
    def tight(self) -> list[Tight]:
        """Claim 298: the tight creases, with the signs of a that units there can have."""
        found = []
        for crease, excess in self.excesses.items():
            if excess == 0 and not self.core.ask(Residual.tilt, crease):
                side = self.core.ask(Residual.side, crease)
                signs = (1, -1) if crease.is_line else (side,) * abs(side)
                found += [Tight(crease, s) for s in signs]
        return found

    @cached_property
    def is_global(self) -> bool:
        """Claim 299: M(r) <= Lambda iff no |u| that orders sites is larger (Lemma 95)."""
        longer = [c for c, excess in self.excesses.items() if excess > 0 and not c.is_open]
        return not any(self.core.ask(Residual.exceeds, crease) for crease in longer)

    @cached_property
    def directions(self) -> list[list[Tight]]:
        """Claim 300: units are along one direction if s u_F is the same vector."""
        found: list[list[Tight]] = []
        for one in self.tight:
            known = (part for part in found if self._along(part[0], one))
            part = next(known, None)
            if part is None:
                found.append([one])
            else:
                part.append(one)
        return found

    def _along(self, one: Tight, other: Tight) -> bool:
        turn = one.sign * other.sign
        likeness = self.core.space.likeness(one.crease, other.crease)
        if likeness:
            return likeness == turn

        def question(residual: Residual) -> bool | None:
            pairs = zip(residual.u(one.crease), residual.u(other.crease), strict=True)
            signs = [sign(x - y * turn) for x, y in pairs]
            return False if {1, -1} & set(signs) else None if None in signs else True

        return self.core.settle(question, f"{one.crease.text} and {other.crease.text} are parallel")

    @cached_property
    def nodes(self) -> list[Node]:
        """Claim 301: the kinks along a direction, those with more active sites first."""
        found = []
        for side, part in enumerate(self.directions, start=1):
            kinks = [tight for tight in part if not tight.crease.is_open]
            kinks.sort(key=lambda tight: -tight.crease.active.bit_count())
            for one, other in pairwise(kinks):
                held = other.crease.active | other.crease.zeros
                require(not held & ~one.crease.active, "kinks are not in one order")
            found += [Node(tight, side, place) for place, tight in enumerate(kinks)]
        return found

    @cached_property
    def number(self) -> dict[tuple[int, int], int]:
        """The numbers of nodes by side and place."""
        return {(node.side, node.place): k for k, node in enumerate(self.nodes)}

    @cached_property
    def living(self) -> list[tuple[Unit, Tight]]:
        """Return what living units can be, good or not, with the tight creases."""
        found = []
        for side, part in enumerate(self.directions, start=1):
            for tight in part:
                crease, kind = tight.crease, "gap"
                if not crease.is_open or crease.is_line:
                    kind = "line" if crease.is_line else "kink"
                found.append((Unit(kind, tight.sign, side, self._place(side, crease)), tight))
        return found

    def _place(self, side: int, crease: Crease) -> int:
        """Claim 302: a gap lies between two neighbouring kinks, a line before the first one.

        In a gap with the active sites A these have the active sites A, and A with the zeros.
        """
        kinks = self._kinks(side)
        before = [place for place, kink in kinks if kink.active | kink.zeros == crease.active]
        if crease.is_line:
            require(before == [0], "a line without an end")
            return 0
        places = [place for place, kink in kinks if kink.active == crease.active]
        fits = [place - 1 for place in before] == places if crease.is_open else True
        require(fits and len(places) == 1, "a gap without an end")
        return places[0]

    def _kinks(self, side: int) -> list[tuple[int, Crease]]:
        return [(node.place, node.tight.crease) for node in self.nodes if node.side == side]

    @cached_property
    def units(self) -> list[Unit]:
        """Claim 303: kinks have to be good, which gaps and lines are (Lemma 95)."""
        good = (unit for unit, tight in self.living if unit.kind != "kink" or self._is_good(tight))
        return sorted([*good, *self._dead()])

    def _is_good(self, tight: Tight) -> bool:
        return self.is_global or not self.core.ask(Residual.turns, tight.crease, tight.sign)

    def _dead(self) -> Iterator[Unit]:
        """Claim 304: c < 0 is always there, c > 0 if |u| <= Lambda, c = 0 if M(r) is (Lemma 85)."""
        lines = [excess for crease, excess in self.excesses.items() if crease.is_line]
        there = (True, max(lines, default=0) <= 0, self.is_global)
        return (Unit(kind) for kind, holds in zip(DEAD, there, strict=True) if holds)

    def knots(self, unit: Unit) -> list[int]:
        """Return the numbers of the nodes of which a unit is a mean."""
        return [self.number[unit.side, place] for place in unit.inputs(self.sites.size)]

    def crease_of(self, unit: Unit) -> Crease:
        """Return where a living unit is."""
        return next(tight.crease for other, tight in self.living if other == unit)

    def own(self) -> list[Unit]:
        """Return a unit for each crease of S, with either sign on a line."""
        first = {tight.crease: unit for unit, tight in reversed(self.living)}
        return [first[crease] for crease in self.core.creases]

    def level(self, residual: Residual, node: Node) -> Any:
        """Return b . x / |b| at a kink, for the direction b of its units."""
        crease = node.tight.crease
        height = residual.along(crease, self.sites.x[crease.base])
        return height * (node.tight.sign / self.sites.ridge)


def mirrored(face: str) -> str:
    """Return the face of the mirror images of units."""
    return face.translate(str.maketrans("+-", "-+"))


def stands(face: str) -> bool:
    """Whether of a face and its mirror image this one stands for both."""
    return face.strip("0").startswith("+")


def used(judged: Judged, units: Sequence[Unit]) -> list[int]:
    """Return the nodes of some units, in ascending order."""
    return sorted({knot for unit in units for knot in judged.knots(unit)})
