"""The stationary supports and the local minima that follow from the records."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Any

from flint import ctx

from .cores import Core
from .exact import Data, Support


def same_residual(one: Core, other: Core) -> bool:
    """Claim 15: the faces of each of two stationary supports are tight at the other's residual.

    For then each of the two projections of Ry is as close to it as the other one.
    """
    here, there = one.untied(other.support), other.untied(one.support)
    for left, right in zip(one.residuals(), other.residuals(), strict=False):
        if not here + there or None in (left.bits, right.bits):
            break
        with ctx.workprec(left.bits):
            pairs = [(left, place) for place in here] + [(right, place) for place in there]
            if any(residual.excess(one.data.faces[place]) for residual, place in pairs):
                return False
    return all(one.excess(k) == 0 for k in here) and all(other.excess(k) == 0 for k in there)


@dataclass(eq=False)
class Group:
    """All stationary supports with one residual."""

    sides: dict[int, int]  # the sign of the output weights on each face of a vertex support
    vertices: dict[Support, Core]  # one and the same residual, in several forms
    minimal: set[Support]  # the vertices whose points without zero units are local minima

    @cached_property
    def core(self) -> Core:
        """The residual, with an exact description if there is one."""
        return min(self.vertices.values(), key=lambda core: not core.exact)

    def supports(self, largest: float) -> list[Support]:
        """Claim 16: the unions of vertex supports are stationary, and no others (Lemma 12)."""
        return unions(self.vertices, largest)

    def valid(self, largest: float) -> list[Support]:
        """Claim 17: a union is a local minimum iff the vertex supports in it are (Theorem B)."""
        return unions(self.minimal, largest)

    @cached_property
    def is_global(self) -> bool:
        """Claim 18: global at every width (Theorem C, Lemma 14), for the zero network a minimum."""
        return len(self.minimal) == len(self.vertices) and not self.core.exceeded(self.sides)

    @classmethod
    def joined(cls, groups: "list[Group]") -> "Group":
        """Return groups with one residual as one."""
        sides, vertices, minimal = {}, {}, set()
        for group in groups:
            sides |= group.sides
            vertices |= group.vertices
            minimal |= group.minimal
        return cls(sides, vertices, minimal)


def grouped(data: Data, zero: Group, vertices: list[Group]) -> list[Group]:
    """Claim 19: the residuals of the stationary points; the zero network's if it is a minimum.

    Only vertices of like loss are compared whose union matters (Lemma 12); the residual that is
    global at every width is one (Theorem C).
    """

    def same(one: Group, other: Group) -> bool:
        return _meet(data, one, other) and same_residual(one.core, other.core)

    groups = [zero] * zero.is_global
    for alike in _of_like_loss(vertices):
        groups += gathered(alike, same, Group.joined)
    best = [group for group in groups if group.is_global]
    others = [group for group in groups if not group.is_global]
    return [*others, Group.joined(best)] if best else others


def _of_like_loss(vertices: list[Group]) -> Iterator[list[Group]]:
    """Yield vertices whose losses may be equal together, in order of the losses."""
    losses = [(group.core.loss(), group) for group in vertices]
    losses.sort(key=lambda pair: pair[0].lower())
    tops = list(accumulate((loss.upper() for loss, _ in losses), max))
    cuts = [k for k in range(1, len(losses)) if losses[k][0].lower() > tops[k - 1]]
    for start, stop in pairwise([0, *cuts, len(losses)]):
        yield [group for _, group in losses[start:stop]]


def _meet(data: Data, one: Group, other: Group) -> bool:
    """Whether two vertices have a union to be listed: a valid one, for every width."""
    if data.width == "all" and one.minimal and other.minimal:
        return True
    pairs = ({*v, *w} for v in one.vertices for w in other.vertices)
    return any(len(union) <= data.largest for union in pairs)


def unions(vertices: Iterable[Support], largest: float) -> list[Support]:
    """Return the unions of supports with at most so many faces, smaller ones first."""
    found = {vertex for vertex in vertices if len(vertex) <= largest}
    frontier = list(found)
    while frontier:
        one = frontier.pop()
        for other in vertices:
            union = tuple(sorted({*one, *other}))
            if len(union) <= largest and union not in found:
                found.add(union)
                frontier.append(union)
    return sorted(found, key=lambda support: (len(support), support))


def gathered(
    items: Iterable, related: Callable[[Any, Any], bool], merged: Callable[[list], Any]
) -> list:
    """Merge each item with those before it, merged themselves, that it is related to."""
    found: list = []
    for item in items:
        near = [other for other in found if related(other, item)]
        found = [*(other for other in found if other not in near), merged([*near, item])]
    return found
