"""How the units of a network share the hinges of a residual: strata (Lemmas 83 and 86)."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations_with_replacement
from typing import Any, Protocol

from flint import fmpq

from reluenum.engines.hinges.flows import Flow, Flows
from reluenum.engines.hinges.residuals import HingeResidual
from reluenum.engines.hinges.states import BendPlaces, HingeState, Kind

Interval = tuple[Any, Any]
"""Ends of a closed interval, exact numbers; None where there is none."""


class JudgedHinges(Protocol):
    """What strata need to know of a residual."""

    @property
    def hinges(self) -> BendPlaces:
        """Where units can bend."""

    @property
    def states(self) -> tuple[HingeState, ...]:
        """What the units of a local minimum with this residual can be, in ascending order."""

    @property
    def is_global(self) -> bool:
        """Whether what is stationary is global at every width."""


@dataclass(frozen=True, eq=False)
class Shares:
    """One stratum of minima: what each unit is, in ascending order.

    Parameters
    ----------
    residual : JudgedHinges
    states : tuple of HingeState
        One a unit.
    vertices : tuple of Flow
        Those on hinges of the units; together they have all of them.
    """

    residual: JudgedHinges
    states: tuple[HingeState, ...]
    vertices: tuple[Flow, ...]

    @cached_property
    def edges(self) -> dict[int, int]:
        """The hinges, each with the number of units that have a part of it."""
        hinges = self.residual.hinges
        return dict(Counter(edge for state in self.states for edge in state.edges(hinges)))

    @property
    def dimension(self) -> int:
        """Dimension as a set of parameters (Lemma 86)."""
        free = sum(state.freedom for state in self.states)
        return free - self.residual.hinges.rank(self.edges)

    @cached_property
    def middle(self) -> Flow:
        """The mean of the vertices: a positive weight on each hinge."""
        number = len(self.vertices)
        return {
            edge: sum((flow.get(edge, fmpq(0)) for flow in self.vertices), fmpq(0)) / number
            for edge in self.edges
        }

    def part(self, state: HingeState) -> list[tuple[fmpq, fmpq]]:
        """Return the places of a living state and the weight there that one of its units has.

        In the `middle`, each hinge being shared equally.
        """
        hinges = self.residual.hinges
        pairs = zip(state.knots(hinges), state.edges(hinges), strict=True)
        return [(hinges.level(state.side, k), self.middle[e] / self.edges[e]) for k, e in pairs]

    def kinks(self, state: HingeState) -> Interval:
        """Return the smallest closed interval that holds the kinks of units with this state."""
        hinges = self.residual.hinges
        if state.kind == Kind.LINE:
            return hinges.outside(state.side)
        knots = [hinges.level(state.side, k) for k in state.knots(hinges)]
        if state.kind == Kind.KINK:
            return knots[0], knots[0]
        one, other = state.edges(hinges)
        low, high = knots
        places = [
            (flow.get(one, 0) * low + flow.get(other, 0) * high)
            / (flow.get(one, 0) + flow.get(other, 0))
            for flow in self.vertices
            if one in flow or other in flow
        ]
        shared = self.edges[one] > 1, self.edges[other] > 1
        return low if shared[1] else min(places), high if shared[0] else max(places)


def shares(residual: HingeResidual, width: int) -> Iterator[Shares]:
    """Yield the strata of the minima of a width with one residual, in ascending order."""
    return strata_with(residual, width, Flows(residual).vertices)


def strata_with(residual: JudgedHinges, width: int, flows: Iterable[Flow]) -> Iterator[Shares]:
    """Yield the strata with one residual, in any dimension.

    Parameters
    ----------
    residual : JudgedHinges
    width : int
    flows : iterable of Flow
        The vertices, those at least that so many units can have.
    """
    vertices = [(frozenset(flow), flow) for flow in flows]
    edges = {state: frozenset(state.edges(residual.hinges)) for state in residual.states}
    for states in combinations_with_replacement(residual.states, width):
        union = frozenset().union(*(edges[state] for state in states))
        inside = [(support, flow) for support, flow in vertices if support <= union]
        if inside and frozenset().union(*(support for support, _ in inside)) == union:
            yield Shares(residual, states, tuple(flow for _, flow in inside))
