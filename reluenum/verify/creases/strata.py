"""The strata of one residual, and their numbers as functions of it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import combinations_with_replacement
from math import comb
from typing import Any

from flint import arb, fmpq

from ..hinges.strata import FREE, MOST_WAYS
from ..hinges.units import DEAD, Unit
from ..reals import require
from .residuals import Residual
from .weights import Weights

Ends = tuple[Any, Any]


class Stratum:
    """A way to share the fit among units, in ascending order; `inside` are vertices by number."""

    def __init__(self, weights: Weights, units: tuple[Unit, ...], inside: list[int]) -> None:
        self.weights, self.units, self.inside = weights, units, inside
        self.judged = weights.judged

    @cached_property
    def held(self) -> Counter[int]:
        """The nodes, with the numbers of units that have them."""
        return Counter(knot for unit in self.units for knot in self.judged.knots(unit))

    @cached_property
    def freedom(self) -> int:
        """Claim 310: the dimension of the weights on a set of nodes, by the vertices alone.

        A largest proper face has one dimension less.
        """
        steps, left = 0, [self.weights.supports[k] for k in self.inside]
        while len(left) > 1:
            parts = ([part for part in left if node not in part] for node in self.held)
            left = max((part for part in parts if len(part) < len(left)), key=len)
            steps += 1
        return steps

    @property
    def dimension(self) -> int:
        """Claim 311: free parameters of units, less the rank of the nodes (Lemma 86, Lemma 97)."""
        rank = len(self.held) - self.freedom
        return sum(FREE[unit.kind] for unit in self.units) - rank

    @property
    def groups(self) -> list[tuple[Unit, int]]:
        """The living units, each with its number, in the order of the document."""
        units = {unit for unit in self.units if unit.kind not in DEAD}
        key = lambda unit: (self.judged.crease_of(unit).text, -unit.sign)  # noqa: E731
        return [(unit, self.units.count(unit)) for unit in sorted(units, key=key)]

    @property
    def zeros(self) -> dict[str, int]:
        """The numbers of dead units."""
        kinds = [unit.kind for unit in self.units]
        keys = ("inactive", "active", "on_kink")
        return {key: kinds.count(kind) for key, kind in zip(keys, DEAD, strict=True)}

    def chosen(self, residual: Residual) -> list[dict[int, Any]] | None:
        """Return the vertices inside at a residual, None if they are not known."""
        flows = self.weights.flows(residual)
        if flows is None:
            return None
        known = {frozenset(flow): flow for flow in flows}
        return [known[self.weights.supports[k]] for k in self.inside]

    def part(self, flows: Sequence[dict], unit: Unit, residual: Residual) -> list[tuple[Any, Any]]:
        """Claim 312: the levels of a unit with its weights there, in the mean of the vertices.

        Each weight is shared equally among the units that have a node.
        """
        found = []
        for knot in self.judged.knots(unit):
            weight = sum((flow.get(knot, 0) for flow in flows), fmpq(0))
            level = self.judged.level(residual, self.judged.nodes[knot])
            found.append((level, weight * fmpq(1, len(flows) * self.held[knot])))
        return found

    def bends(self, flows: Sequence[dict], unit: Unit, residual: Residual) -> Ends:
        """Claim 313: the closed interval of the bends that such a unit can have (Lemma 86)."""
        knots = self.judged.knots(unit)
        levels = [self.judged.level(residual, self.judged.nodes[knot]) for knot in knots]
        if unit.kind == "line":
            return None, levels[0]
        if unit.kind == "kink":
            return levels[0], levels[0]
        (one, other), (low, high) = knots, levels
        means = []
        for flow in flows:
            a, b = flow.get(one, 0), flow.get(other, 0)
            means += [(a * low + b * high) / (a + b)] if one in flow or other in flow else []
        return (
            low if self.held[other] > 1 else extreme(means, -1),
            high if self.held[one] > 1 else extreme(means, 1),
        )


def extreme(numbers: Sequence[Any], way: int) -> Any:
    """Return the largest (1) or least (-1) of some numbers."""
    found = numbers[0]
    for number in numbers[1:]:
        if isinstance(number, arb) or isinstance(found, arb):
            found = arb(number).max(found) if way > 0 else arb(number).min(found)
        elif ((number - found) * way).sign() > 0:
            found = number
    return found


def strata_of(weights: Weights) -> Iterator[Stratum]:
    """Claim 314: strata are the ways to choose units whose nodes can have weights (Lemma 96)."""
    judged = weights.judged
    width, units = judged.sites.width, judged.units
    ways = comb(len(units) + width - 1, width)
    require(ways * width <= MOST_WAYS, f"a residual has {ways} ways to choose units")
    parts = {unit: frozenset(judged.knots(unit)) for unit in units}
    known: dict[frozenset[int], list[int]] = {}
    for chosen in combinations_with_replacement(units, width):
        nodes = frozenset().union(*(parts[unit] for unit in chosen))
        if nodes not in known:
            known[nodes] = within(weights.supports, nodes)
        if known[nodes]:
            yield Stratum(weights, chosen, known[nodes])


def within(supports: Sequence[frozenset[int]], nodes: frozenset[int]) -> list[int]:
    """Claim 315: nodes are the union of the vertices within, of one at least (Lemma 96)."""
    inside = [k for k, support in enumerate(supports) if support <= nodes]
    union = frozenset().union(*(supports[k] for k in inside))
    return inside if union == nodes else []
