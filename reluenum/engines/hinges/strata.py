"""How the units of a network share the hinges of a residual: strata (Lemmas 83 and 86)."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations_with_replacement

from flint import fmpq

from reluenum.engines.hinges.flows import Flow, Flows
from reluenum.engines.hinges.hinges import RIGHT
from reluenum.engines.hinges.residuals import HingeResidual
from reluenum.engines.hinges.states import HingeState, Kind

Interval = tuple[fmpq | None, fmpq | None]
"""Ends of a closed interval; None where there is none."""


@dataclass(frozen=True, eq=False)
class Shares:
    """One stratum of minima: what each unit is, in ascending order.

    Parameters
    ----------
    residual : HingeResidual
    states : tuple of HingeState
        One a unit.
    vertices : tuple of Flow
        Those on hinges of the units; together they have all of them.
    """

    residual: HingeResidual
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
        """Return the inputs of a living state and the weight there that one of its units has.

        In the `middle`, each hinge being shared equally.
        """
        hinges = self.residual.hinges
        pairs = zip(state.knots(hinges.size), state.edges(hinges), strict=True)
        return [(hinges.inputs[k], self.middle[e] / self.edges[e]) for k, e in pairs]

    def kinks(self, state: HingeState) -> Interval:
        """Return the smallest closed interval that holds the kinks of units with this state."""
        inputs = self.residual.hinges.inputs
        knots = [inputs[k] for k in state.knots(len(inputs))]
        if state.kind == Kind.LINE:
            return (None, knots[0]) if state.side == RIGHT else (knots[0], None)
        if state.kind == Kind.KINK:
            return knots[0], knots[0]
        one, other = state.edges(self.residual.hinges)
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
    vertices = [(frozenset(flow), flow) for flow in Flows(residual).vertices]
    edges = {state: frozenset(state.edges(residual.hinges)) for state in residual.states}
    for states in combinations_with_replacement(residual.states, width):
        union = frozenset().union(*(edges[state] for state in states))
        inside = [(support, flow) for support, flow in vertices if support <= union]
        if inside and frozenset().union(*(support for support, _ in inside)) == union:
            yield Shares(residual, states, tuple(flow for _, flow in inside))
