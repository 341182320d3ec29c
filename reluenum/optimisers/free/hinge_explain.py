"""End points of networks with free hidden biases, explained in rational numbers.

A network in doubles is a network of rational numbers. It goes downhill exactly (`hinge_descent`),
and where it comes to rest is a listed minimum, or has a unit that is 0 and could grow.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from flint import fmpq

from reluenum.algebra.decimals import decimal_text, double_of
from reluenum.algebra.numbers import rational_point
from reluenum.documents.labels import EndKind, Stall
from reluenum.engines.hinges.hinges import LEFT, RIGHT, Hinges
from reluenum.engines.hinges.states import HingeState, Kind
from reluenum.optimisers.explain import (
    ARRIVED,
    End,
    exact_loss,
    without_dead_units,
)
from reluenum.optimisers.free.hinge_descent import INACTIVE, HingeCell, HingeRest, Part, descended
from reluenum.optimisers.free.units import dies_out, rational_units
from reluenum.optimisers.networks import Networks, Objective
from reluenum.problem import Problem

HingeKey = tuple[tuple[tuple[str, int, int, int], ...], tuple[int, int, int]]
"""Face, sign of a, sign of b and number of units; units that are 0: inactive, active, on kinks."""

BEYOND = fmpq(1, 1000)
"""How far outside, in terms of their range, kinks of lines are at least where they are named."""


@dataclass(frozen=True, eq=False)
class HingeDestination:
    """A stationary set that networks end at, in rational numbers.

    Parameters
    ----------
    problem : Problem
    rest : HingeRest
    component : int or None
        Its number in the list of minima, from 1.
    """

    problem: Problem
    rest: HingeRest
    component: int | None

    @cached_property
    def is_minimum(self) -> bool:
        """Whether its points are local minima."""
        return self.rest.is_minimum

    @cached_property
    def loss(self) -> fmpq:
        """The loss, in the problem's own convention."""
        residual = self.rest.residual
        squares = zip(residual.forces, residual.values, strict=True)
        fit = sum((force * value for force, value in squares), self.problem.scatter)
        sizes = sum(self.rest.sizes.values(), fmpq(0))
        return (fit + 2 * self.rest.hinges.ridge * sizes) * self.problem.loss_scale

    @property
    def height(self) -> float:
        """The loss, to sort by."""
        return double_of(self.loss)

    @property
    def zero_units(self) -> int:
        """Number of units that are 0."""
        return sum(not state.is_living for state in self.rest.states)

    def to_document(self) -> dict[str, Any]:
        """Return the record of a saddle, with a kink at which a unit would lower the loss."""
        groups, _ = hinge_key(self.problem, self.rest.states)
        return {
            "support": [
                {"face": face, "sign": sign, "side": side, "multiplicity": number}
                for face, sign, side, number in groups
            ],
            "zero_neurons": self.zero_units,
            "loss": decimal_text(rational_point().constant(self.loss)),
            "descent": None if self.is_minimum else self._growth(),
        }

    def _growth(self) -> dict[str, Any]:
        """Return where |p_r| is largest, and thus above the ridge (Lemma 85)."""
        residual, inputs = self.rest.residual, self.rest.hinges.inputs
        places = [
            (side, k, value)
            for side in (RIGHT, LEFT)
            for k, value in enumerate(residual.heights[side])
        ]
        side, k, value = max(places, key=lambda place: abs(place[2]))
        return {"kind": "grow", "kink": str(inputs[k]), "sign": _sign_of(value), "side": side}


@dataclass(frozen=True, eq=False)
class HingeExplainer:
    """Says of networks with free hidden biases what they are.

    Parameters
    ----------
    problem : Problem
    components : sequence of dict
        Those of the document of minima of the problem.
    """

    problem: Problem
    components: Sequence[Mapping[str, Any]]

    @cached_property
    def hinges(self) -> Hinges:
        """The data."""
        return Hinges.of(self.problem)

    @cached_property
    def objective(self) -> Objective:
        """The loss in doubles."""
        return Objective(self.problem)

    @cached_property
    def _limits(self) -> dict[tuple[HingeKey, fmpq], HingeDestination]:
        """What networks were found to lead to."""
        return {}

    @cached_property
    def _listed(self) -> dict[HingeKey, int]:
        """The number, from 1, of the component that a stratum belongs to."""
        return {
            _recorded_key(stratum): number
            for number, component in enumerate(self.components, start=1)
            for stratum in component["strata"]
        }

    def explain_rows(self, theta: np.ndarray) -> list[End]:
        """Say of each end point, a row of parameters, (S, N), what it is."""
        return [end for end, _ in self.traced(self.objective.unpack(theta))]

    def traced(self, ends: Networks) -> Iterator[tuple[End, HingeRest | None]]:
        """Say of each end point what it is, and where the way from it leads."""
        for k in range(len(ends)):
            yield self._traced(ends[[k]])

    def _traced(self, end: Networks) -> tuple[End, HingeRest | None]:
        with np.errstate(all="ignore"):
            value = self.objective.values(end)
        if not np.isfinite(value).all():
            return End(EndKind.DIVERGED, float("nan")), None
        units = [(a, b, c) for a, (b,), c in rational_units(end)]
        cells = [HingeCell.of_unit(self.hinges.inputs, *unit) for unit in units]
        rests = list(descended(self.hinges, cells))
        inputs = [(x,) for x in self.hinges.inputs]
        dead = np.array([[dies_out(inputs, (b,), c) for _, b, c in units]])
        living = exact_loss(self.problem, without_dead_units(end, dead))
        energy = (self.problem.energy or 1) * self.problem.loss_scale
        limits = [self._destination(rest) for rest in (rests[0], rests[-1])]
        near = [living - limit.loss <= ARRIVED * energy for limit in limits]
        place = 0 if near == [True, False] else 1
        limit, loss = limits[place], exact_loss(self.problem, end)
        excess = double_of((living - limit.loss) / energy)
        found = EndKind.NOT_STATIONARY, None
        if limit.is_minimum and limit.component is None:
            found = EndKind.MISSING, None
        elif any(near):
            stall = Stall.ZERO if place else Stall.KINK
            found = (EndKind.MINIMUM, None) if limit.is_minimum else (EndKind.SADDLE, stall)
        kind, stalled = found
        return End(kind, double_of(loss), limit, excess, stalled), (rests[0], rests[-1])[place]

    def _destination(self, rest: HingeRest) -> HingeDestination:
        key = hinge_key(self.problem, rest.states)
        component = self._listed.get(key) if rest.is_minimum else None
        found = HingeDestination(self.problem, rest, component)
        return self._limits.setdefault((key, found.loss), found)

    def nearest(self, network: Networks, rest: HingeRest) -> Networks:
        """Return a point of the stationary set near a network, both batches of one.

        Units have the sizes and kinks of the network as far as others with this residual can;
        biases that are free stay where they are, if they can.
        """
        given = [(a, b, c) for a, (b,), c in rational_units(network)]
        states = zip(given, rest.cells, rest.states, rest.shares, strict=True)
        shares = rest.shares_near([self._wanted(*one) for one in states])
        units = zip(given, rest.cells, rest.states, shares, strict=True)
        found = np.array([self._unit_with(*one) for one in units])
        return self.objective.with_best_outer(
            Networks(found[None, :, 0], found[None, :, 1:], np.zeros(1))
        )

    def _wanted(
        self, unit: tuple[fmpq, fmpq, fmpq], cell: HingeCell, state: HingeState, share: Part
    ) -> Part:
        """Return the shares that are those of a unit, as far as it is in its cell."""
        a, b, c = unit
        size = max(cell.sign * a + state.side * b, fmpq(0)) ** 2 / 4
        if len(share) < 2:
            return dict.fromkeys(share, size)
        low, high = (self.hinges.inputs[k] for k in share)
        kink = min(max(-c / b, low), high) if b else (low + high) / 2
        parts = (high - kink) / (high - low), (kink - low) / (high - low)
        return {k: size * part for k, part in zip(share, parts, strict=True)}

    def _unit_with(
        self, unit: tuple[fmpq, fmpq, fmpq], cell: HingeCell, state: HingeState, share: Part
    ) -> tuple[float, float, float]:
        """Return a unit with some shares, its bias near that of another one if it is free."""
        size, offset, inputs = sum(share.values(), fmpq(0)), double_of(unit[2]), self.hinges.inputs
        root, side = double_of(size) ** 0.5, state.side
        if cell.side and size:
            kink = sum((inputs[k] * part for k, part in share.items()), fmpq(0)) / size
            offset = -side * root * double_of(kink)
        elif cell.place == INACTIVE:
            offset = min(offset, 0.0)
        elif state.kind is Kind.LINE:
            outside = BEYOND * (inputs[-1] - inputs[0]) - side * inputs[0 if side > 0 else -1]
            offset = max(offset, root * double_of(outside))
        elif state.kind is Kind.ACTIVE:
            lowest = min(unit[1] * inputs[0], unit[1] * inputs[-1]) + unit[2]
            offset = offset if offset > 0 else double_of(lowest)
        else:
            offset = 0.0
        return cell.sign * root, side * root, offset


def hinge_key(problem: Problem, states: Sequence[HingeState]) -> HingeKey:
    """Return what identifies a stratum by the states of its units."""
    inputs = sorted({x for (x,) in problem.inputs})
    living = Counter(
        (_face(problem, inputs, state), state.sign, state.side)
        for state in states
        if state.is_living
    )
    kinds = Counter(state.kind for state in states)
    zeros = kinds[Kind.INACTIVE], kinds[Kind.ACTIVE], kinds[Kind.ZERO]
    return tuple(sorted((*unit, number) for unit, number in living.items())), zeros


def _recorded_key(stratum: Mapping[str, Any]) -> HingeKey:
    """Return the same of a record."""
    groups = (
        (g["face"], g["sign"], -1 if g["direction"][0].startswith("-") else 1, g["multiplicity"])
        for g in stratum["support"]
    )
    zeros = stratum["zero_units"]
    return tuple(sorted(groups)), (zeros["inactive"], zeros["active"], zeros["on_kink"])


def _face(problem: Problem, inputs: Sequence[fmpq], state: HingeState) -> str:
    """Return the signs of a living unit at the data points."""
    if state.kind is Kind.LINE:
        return "+" * problem.size
    kink = inputs[state.place]
    if state.kind is Kind.GAP:
        kink = (kink + inputs[state.place + 1]) / 2
    return "".join("-0+"[_sign_of(state.side * (x - kink)) + 1] for (x,) in problem.inputs)


def _sign_of(value: fmpq) -> int:
    return (value > 0) - (value < 0)
