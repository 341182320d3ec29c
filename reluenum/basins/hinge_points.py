"""The points of the graph where hidden biases are free: hinges placed on units (Lemma 115)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
from flint import fmpq

from reluenum.algebra.decimals import decimal_text
from reluenum.algebra.linear import Vector
from reluenum.algebra.numbers import Number, rational_point
from reluenum.algebra.parametrisation import parse_fraction
from reluenum.basins.tree import Places
from reluenum.engines.hinges.doubles import stationary_candidates
from reluenum.engines.hinges.hinges import LEFT, RIGHT, SLOPE, Hinges
from reluenum.engines.hinges.residuals import HingeResidual
from reluenum.engines.hinges.states import HingeState, Kind
from reluenum.problem import Problem

Knot = tuple[int, int, int]
"""A hinge as a unit has it: the sign of a, that of b, and the input of the kink."""


@dataclass(frozen=True, eq=False)
class HingePoint:
    """Stationary weights of independent hinges, placed on units.

    Parameters
    ----------
    states : tuple of HingeState
        The living units in ascending order: each on a hinge, or, in a gap, on both at its ends.
    weights : tuple of tuple of fmpq
        The weights of a unit on these.
    factors : dict
        The factor of each hinge, as the engine numbers them.
    loss : fmpq
        In the problem's own convention.
    """

    states: tuple[HingeState, ...]
    weights: tuple[tuple[fmpq, ...], ...]
    factors: Mapping[int, fmpq]
    loss: fmpq


def hinge_placements(problem: Problem) -> Iterator[HingePoint]:
    """Yield the points of the graph of a problem with inputs on a line (Lemma 115).

    Examples
    --------
    >>> free = {"output_bias": "free", "hidden_bias": "free"}
    >>> problem = Problem.from_arrays([0, 1], [0, 1], width=1, ridge=0.125, **free)
    >>> [(point.loss, *(s.side for s in point.states)) for point in hinge_placements(problem)]
    [(1/2,), (7/32, 1), (7/32, -1)]
    """
    hinges = Hinges.of(problem)
    constant = hinges.residual((), ())
    energy = sum((w * r * r for w, r in zip(hinges.weights, constant, strict=True)), fmpq(0))
    energy += problem.scatter
    yield HingePoint((), (), {}, energy * problem.loss_scale)
    seen = set()
    for found in stationary_candidates(hinges, problem.width):
        signs = dict(sorted(zip(found.edges, found.signs, strict=True)))
        if (key := tuple(signs.items())) in seen:
            continue
        seen.add(key)
        factors = hinges.slopes(tuple(signs), tuple(signs.values()))
        weights = [s * factor for s, factor in zip(signs.values(), factors, strict=True)]
        if min(weights) <= 0:
            continue
        slopes = dict(zip(signs, factors, strict=True))
        fitted = sum((factor * hinges.gains[edge] for edge, factor in slopes.items()), fmpq(0))
        loss = (energy - fitted + hinges.ridge * sum(weights, fmpq(0))) * problem.loss_scale
        for knots in product(*(_knots(hinges, *pair) for pair in signs.items())):
            for units in _on_units(dict(zip(knots, weights, strict=True)), problem.width):
                yield HingePoint(tuple(units), tuple(units.values()), slopes, loss)


def _knots(hinges: Hinges, edge: int, sign: int) -> list[Knot]:
    """Return the kinks at inputs of units that add a signed hinge; of the line there are two."""
    if edge == SLOPE:
        return [(sign, RIGHT, 0), (-sign, LEFT, hinges.size - 1)]
    return [(sign, RIGHT if edge < hinges.size - 1 else LEFT, hinges.place(edge))]


def _on_units(weights: Mapping[Knot, fmpq], most: int) -> Iterator[dict[HingeState, tuple]]:
    """Yield the ways to place hinges on so many units: one on each, or both ends of a gap."""
    if not weights:
        yield {}
        return
    if most == 0:
        return
    (sign, side, place), *_ = first = min(weights), None
    rest = {knot: weight for knot, weight in weights.items() if knot != first[0]}
    alone = {HingeState(Kind.KINK, sign, side, place): (weights[first[0]],)}
    for others in _on_units(rest, most - 1):
        yield dict(sorted((alone | others).items()))
    if (other := (sign, side, place + 1)) in rest:
        pair = {HingeState(Kind.GAP, sign, side, place): (weights[first[0]], rest.pop(other))}
        for others in _on_units(rest, most - 1):
            yield dict(sorted((pair | others).items()))


@dataclass(frozen=True, eq=False)
class HingePoints:
    """The points of the graph by loss, and then by their units.

    Parameters
    ----------
    problem : Problem
    points : sequence of HingePoint
    """

    problem: Problem
    points: Sequence[HingePoint]

    @classmethod
    def of(cls, problem: Problem, points: Iterable[HingePoint]) -> "HingePoints":
        """Sort points."""
        return cls(problem, sorted(points, key=lambda point: (point.loss, point.states)))

    def __len__(self) -> int:
        return len(self.points)

    @cached_property
    def hinges(self) -> Hinges:
        """The data."""
        return Hinges.of(self.problem)

    @cached_property
    def cluster(self) -> np.ndarray:
        """The rank of each loss among the different ones, (V,): between two there is a gap."""
        losses = [point.loss for point in self.points]
        steps = [one != other for one, other in zip(losses[1:], losses[:-1], strict=True)]
        return np.cumsum([0, *steps])

    def loss(self, vertex: int) -> Number:
        """Return the exact loss, as other points have it."""
        return rational_point().constant(self.points[vertex].loss)

    def texts(self, name: str, top: int, bottom: int | None = None) -> dict[str, str]:
        """Return what a document says of a loss, or of the difference of two: it is rational."""
        value = self.points[top].loss - (0 if bottom is None else self.points[bottom].loss)
        text = decimal_text(rational_point().constant(value))
        return {name: text, f"{name}_exact": str(value)}

    def residual(self, vertex: int) -> HingeResidual:
        """Return the residual of a point."""
        factors = self.points[vertex].factors
        values = self.hinges.residual(tuple(factors), tuple(factors.values()))
        return HingeResidual(self.hinges, values)

    def unit_states(self, vertex: int) -> list[tuple[int, Vector]]:
        """Return for each living unit the sign of a, and |a| (b, c)."""
        point, inputs, found = self.points[vertex], self.hinges.inputs, []
        for state, weights in zip(point.states, point.weights, strict=True):
            pairs = zip(state.knots(self.hinges), weights, strict=True)
            offset = sum((inputs[knot] * weight for knot, weight in pairs), fmpq(0))
            slope = sum(weights, fmpq(0))
            found.append((state.sign, (state.side * slope, -state.side * offset)))
        return found

    def faces_of(self, vertex: int) -> list[str]:
        """Return the signs of each living unit at the data points."""
        return [self.face(state) for state in self.points[vertex].states]

    def face(self, state: HingeState) -> str:
        """Return the signs of a unit at the data points."""
        ahead = (2 * (place - state.place) - (state.kind == Kind.GAP) for place in self._places)
        return "".join("0+-"[(state.side * step > 0) - (state.side * step < 0)] for step in ahead)

    @cached_property
    def _places(self) -> list[int]:
        """The place among the inputs of each data point."""
        number = {value: place for place, value in enumerate(self.hinges.inputs)}
        return [number[row[0]] for row in self.problem.inputs]

    def points_at(self, place: int) -> list[int]:
        """Return the data points at an input, from 1."""
        return [k for k, own in enumerate(self._places, start=1) if own == place]

    def places(self, labelled: bool) -> Places:
        """Return the points with their units placed, and which units lie in one closed cell."""
        states = sorted({state for point in self.points for state in point.states})
        code = {state: k for k, state in enumerate(states, start=1)}
        rows = np.zeros((len(self), self.problem.width), dtype=np.int64)
        for row, point in zip(rows, self.points, strict=True):
            row[: len(point.states)] = [code[state] for state in point.states]
        fits = np.ones((len(states) + 1,) * 2, dtype=bool)
        fan = np.array([(state.sign, state.side) for state in states]).reshape(-1, 2)
        low = np.array([state.place for state in states])
        high = low + np.array([state.kind == Kind.GAP for state in states], dtype=int)
        span = np.maximum.outer(high, high) - np.minimum.outer(low, low)
        fits[1:, 1:] = (fan[:, None] == fan[None]).all(axis=2) & (span <= 1)
        return Places.placed(self, labelled, rows, fits)

    def within(self, record: Mapping[str, Any]) -> list[int]:
        """Return the points in the closure of a component of the list (Lemma 118)."""
        level = self._levels.get(record["loss_exact"], [])
        strata = [self._cells(stratum) for stratum in record["strata"]]
        return [v for v in level if any(_are_within(self._own(v), cells) for cells in strata)]

    @cached_property
    def _levels(self) -> dict[str, list[int]]:
        """The points of each loss."""
        found: dict[str, list[int]] = {}
        for vertex, point in enumerate(self.points):
            found.setdefault(str(point.loss), []).append(vertex)
        return found

    def _own(self, vertex: int) -> list[frozenset[Knot]]:
        return [_knots_of(state, self.hinges) for state in self.points[vertex].states]

    def _cells(self, stratum: Mapping[str, Any]) -> list[frozenset[Knot]]:
        """Return the hinges of each living unit of a stratum of the list."""
        return [
            _knots_of(self._state(group), self.hinges)
            for group in stratum["support"]
            for _ in range(group["multiplicity"])
        ]

    def _state(self, group: Mapping[str, Any]) -> HingeState:
        """Return what the units of a group are: at an input, in a gap, or on a line."""
        side = -1 if group["direction"][0].startswith("-") else 1
        kink, inputs = parse_fraction(group["kink"]), self.hinges.inputs
        before = sum(x <= kink for x in inputs) - 1
        if kink in inputs:
            return HingeState(Kind.KINK, group["sign"], side, before)
        kind = Kind.GAP if inputs[0] < kink < inputs[-1] else Kind.LINE
        return HingeState(kind, group["sign"], side, before if kind == Kind.GAP else 0)


def _knots_of(state: HingeState, hinges: Hinges) -> frozenset[Knot]:
    """Return the hinges of a living unit."""
    return frozenset((state.sign, state.side, knot) for knot in state.knots(hinges))


def _are_within(units: Sequence[frozenset[Knot]], cells: Sequence[frozenset[Knot]]) -> bool:
    """Return whether units can be matched with cells that hold them."""
    if not units:
        return True
    first, *rest = units
    return any(
        first <= cell and _are_within(rest, [*cells[:k], *cells[k + 1 :]])
        for k, cell in enumerate(cells)
        if cell not in cells[:k]
    )
