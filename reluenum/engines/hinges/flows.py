"""The weights of hinges that belong to one residual: vertices of a polytope of flows (Lemma 83)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, product
from typing import Any

from flint import fmpq

from reluenum.engines.hinges.hinges import LEFT, RIGHT, SLOPE
from reluenum.engines.hinges.residuals import HingeResidual

Flow = dict[int, Any]
"""Hinges with the positive sums of a^2 that they have, exact numbers."""


@dataclass(frozen=True, eq=False)
class Flows:
    """All weights of tight hinges that add up to y - r less the outer part.

    Parameters
    ----------
    residual : HingeResidual
    """

    residual: HingeResidual

    @cached_property
    def rises(self) -> list[fmpq]:
        """The slope of the fit in each gap, less a penalised linear part."""
        h = self.residual.hinges
        triples = zip(h.targets, self.residual.values, h.inputs, strict=True)
        fit = [y - r - self.residual.slope * x for y, r, x in triples]
        pairs = zip(pairwise(fit), pairwise(h.inputs), strict=True)
        return [(after - before) / (right - left) for (before, after), (left, right) in pairs]

    @cached_property
    def bends(self) -> dict[int, fmpq]:
        """How much the slope of the fit changes at each input between the first and the last."""
        changes = enumerate(pairwise(self.rises), start=1)
        return {j: after - before for j, (before, after) in changes}

    @cached_property
    def vertices(self) -> list[Flow]:
        """The vertices: flows on forests of tight hinges, the hinges in ascending order."""
        found: dict[frozenset[int], Flow] = {}
        for flow in self._flows():
            found[frozenset(flow)] = {edge: flow[edge] for edge in sorted(flow)}
        return list(found.values())

    def _flows(self) -> Iterator[Flow]:
        """Yield the flows with one hinge at each bend, and besides the line or one place with both.

        Nodes other than left and right have two hinges at most, so forests are like this.
        """
        if self.residual.hinges.absorbs:  # bends alone count, so there is one vertex (Lemma 126)
            yield from self._positive({place: bend for place, bend in self.bends.items() if bend})
            return
        first, number = self.rises[0] if self.rises else fmpq(0), self.residual.hinges.number
        for chosen, rest in self._choices(first):
            yield from self._positive({**chosen, SLOPE: rest} if rest else chosen)
        tight = self.residual.signs
        for place, bend in self.bends.items():
            if number(RIGHT, place) in tight and number(LEFT, place) in tight:
                for chosen, rest in self._choices(first, place):
                    both = {number(LEFT, place): -rest, number(RIGHT, place): bend + rest}
                    yield from self._positive({**chosen, **both})

    def _choices(self, first: fmpq, without: int = 0) -> Iterator[tuple[Flow, fmpq]]:
        """Yield one hinge for each bend but one, with the slope that a line would have to add."""
        bent = [(j, bend) for j, bend in self.bends.items() if bend and j != without]
        for sides in product(*(self._sides(j, bend) for j, bend in bent)):
            places = list(zip(sides, bent, strict=True))
            chosen = {self.residual.hinges.number(side, j): bend for side, (j, bend) in places}
            yield chosen, sum((bend for side, (_, bend) in places if side == LEFT), first)

    def _sides(self, place: int, bend: fmpq) -> list[int]:
        """Return on which sides a unit with a kink there can bend the fit like this."""
        tight, number = self.residual.signs, self.residual.hinges.number
        return [side for side in (RIGHT, LEFT) if tight.get(number(side, place), 0) * bend > 0]

    def _positive(self, factors: Mapping[int, fmpq]) -> Iterator[Flow]:
        """Yield the weights of hinges with these factors, if all are tight with the right sign."""
        signs = self.residual.signs
        if all(factor * signs.get(edge, 0) > 0 for edge, factor in factors.items()):
            yield {edge: factor * signs[edge] for edge, factor in factors.items()}
