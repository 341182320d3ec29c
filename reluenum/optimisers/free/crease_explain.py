"""End points of networks with free hidden biases, explained for inputs of any dimension.

A network in doubles is a network of rational numbers, so that the closed cells of its units are
known exactly. The least loss on these is that of a listed minimum if one has its units there (Lemma
102). What else a network may lead to is certified as `crease_limits` does it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from flint import arb, ctx, fmpq

from reluenum.algebra.decimals import double_of
from reluenum.documents.labels import EndKind, Stall
from reluenum.engines.creases.creases import Creases
from reluenum.engines.hinges.states import HingeState, Kind
from reluenum.errors import BackendError
from reluenum.groebner.backends import Backends
from reluenum.optimisers.explain import (
    ARRIVED,
    BITS,
    End,
    exact_loss,
    without_dead_units,
)
from reluenum.optimisers.free.crease_descent import (
    CreaseCell,
    CreaseHinge,
    CreaseRest,
    CreaseWays,
)
from reluenum.optimisers.free.crease_limits import CreaseDestination, CreaseKey, CreaseLimits
from reluenum.optimisers.free.units import dies_out, rational_units
from reluenum.optimisers.networks import Networks, Objective
from reluenum.problem import Problem

OUTSIDE = 1e-6
"""How far before all inputs, beside their range, straight lines bend at least where named."""

SHORTER = 0.999
"""How far to go towards a place where a weight is 0."""

WIDEST = 1e100
"""Quotient of a gradient and the ridge from which on squares overflow. Where doubles see less than
that, their proposals are not certified, and networks are unexplained."""

SAME = 1e-9
"""Singular values smaller than this share of the largest are taken for 0."""

Way = tuple[CreaseRest, CreaseDestination]
"""Where a network comes to rest, in doubles and certified."""


@dataclass(frozen=True, eq=False)
class CreaseExplainer:
    """Says of networks with free hidden biases what they are.

    Parameters
    ----------
    problem : Problem
    components : sequence of dict
        Those of the document of minima of the problem.
    backends : Backends
        Asked only about what may be exactly 0.
    """

    problem: Problem
    components: Sequence[Mapping[str, Any]]
    backends: Backends

    @cached_property
    def objective(self) -> Objective:
        """The loss in doubles."""
        return Objective(self.problem)

    @cached_property
    def ways(self) -> CreaseWays:
        """The ways downhill."""
        return CreaseWays(Creases(self.problem))

    @cached_property
    def limits(self) -> CreaseLimits:
        """What certifies their ends."""
        return CreaseLimits(self.ways.creases, self.components, self.backends)

    @cached_property
    def _known(self) -> dict[CreaseKey, CreaseDestination]:
        """What networks were found to lead to."""
        return {}

    def explain_rows(self, theta: np.ndarray) -> list[End]:
        """Say of each end point, a row of parameters, (S, N), what it is."""
        return [end for end, _ in self.traced(self.objective.unpack(theta))]

    def traced(self, ends: Networks) -> Iterator[tuple[End, Way | None]]:
        """Say of each end point what it is, and where the way from it leads."""
        for k in range(len(ends)):
            yield self._traced(ends[[k]])

    def _traced(self, end: Networks) -> tuple[End, Way | None]:
        with np.errstate(all="ignore"):
            values = self.objective.values(end)
        if not np.isfinite(values).all():
            return End(EndKind.DIVERGED, float("nan")), None
        loss = exact_loss(self.problem, end)
        if not self.objective.span < WIDEST:
            reason = "target and ridge are too far apart for doubles"
            return End(EndKind.UNEXPLAINED, double_of(loss), reason=reason), None
        inputs, units = self.ways.creases.inputs, rational_units(end)
        cells = [CreaseCell.of_unit(inputs, *unit) for unit in units]
        dead = np.array([[dies_out(inputs, *unit) for _, *unit in units]])
        living = exact_loss(self.problem, without_dead_units(end, dead))
        try:
            way, arrived, first = self._limit(cells, living)
        except BackendError as error:
            return End(EndKind.UNEXPLAINED, double_of(loss), reason=str(error)), None
        limit = self._known.setdefault(way[1].key, way[1])
        return self._end(loss, living, limit, arrived, first), way

    def _limit(self, cells: Sequence[CreaseCell], living: fmpq) -> tuple[Way, bool, bool]:
        """Return where a network belongs, whether it is there, and if that is its first rest."""
        first, last, found = self._settled(cells)
        loss = double_of(living / self.problem.loss_scale)
        reach = float(ARRIVED) * float(self.problem.energy or 1)
        near = [loss - rest.height <= reach for rest in (first, last)]
        if near == [True, False]:
            return (first, self.limits.limit(first)), True, True
        return (last, found), any(near), False

    def _settled(
        self, cells: Sequence[CreaseCell]
    ) -> tuple[CreaseRest, CreaseRest, CreaseDestination]:
        """Return the best on some cells, and where no unit turns downhill any more, certified.

        Turns that doubles have missed are taken exactly.
        """
        first, *others = self.ways.descended(cells)
        last = others[-1] if others else first
        found = self.limits.limit(last)
        while (turn := next(found.turns(), None)) is not None:
            unit, beyond = turn
            *_, lower = self.ways.descended([*last.cells[:unit], beyond, *last.cells[unit + 1 :]])
            if not lower.loss < last.loss:
                raise BackendError("descents", "the way downhill does not settle")
            last, found = lower, self.limits.limit(lower)
        return first, last, found

    def _end(
        self, loss: fmpq, living: fmpq, limit: CreaseDestination, arrived: bool, first: bool
    ) -> End:
        """Say of one end point what it is, given where it belongs."""
        energy = (self.problem.energy or 1) * self.problem.loss_scale
        with ctx.workprec(BITS):
            gap = (arb(living) - limit.residual.loss.ball(BITS)) / energy
            above = bool(arb(loss) > limit.residual.loss.ball(BITS))
        rest = double_of(loss), limit, float(gap.mid())
        if limit.is_minimum and limit.component is None:
            return End(EndKind.MISSING, *rest)
        if not arrived and not above:
            return End(EndKind.UNEXPLAINED, *rest, reason="not above its limit")
        if not arrived:
            return End(EndKind.NOT_STATIONARY, *rest)
        if limit.is_minimum:
            return End(EndKind.MINIMUM, *rest)
        return End(EndKind.SADDLE, *rest, Stall.KINK if first else Stall.ZERO)

    def nearest(self, network: Networks, way: Way) -> Networks:
        """Return a point of the stationary set near a network, both batches of one.

        Units have the sizes and bends of the network as far as others with this residual can;
        biases that are free stay where they are, if they can.
        """
        rest, limit = way
        hinges = limit.hinges(rest.scaled)
        given = np.c_[network.weights[0], network.units[0]]
        wanted = [_wanted_weights(rest, *pair) for pair in zip(given, hinges, strict=True)]
        shares = _weights_near(rest, limit.fit(rest.scaled), hinges, wanted)
        units = zip(given, limit.states, hinges, shares, strict=True)
        found = np.array([_unit_near(rest, *one) for one in units])
        return self.objective.with_best_outer(
            Networks(found[None, :, 0], found[None, :, 1:], np.zeros(1))
        )


def _wanted_weights(
    rest: CreaseRest, unit: np.ndarray, hinges: Sequence[CreaseHinge]
) -> list[float]:
    """Return the weights that are those of a unit (a, b, c), as far as it is made of hinges."""
    if not hinges:
        return []
    scaled, direction = rest.scaled, hinges[0].direction
    along = float(unit[1:-1] @ direction)
    size = max(hinges[0].sign * unit[0] + along, 0.0) ** 2 / 4 / scaled.unit
    if len(hinges) == 1:
        return [size]
    low, high = (hinge.level for hinge in hinges)
    bend = (low + high) / 2
    if along > 0:
        height = unit[-1] + unit[1:-1] @ scaled.centre
        bend = min(max(-height / along / scaled.reach, low), high)
    return [size * (high - bend) / (high - low), size * (bend - low) / (high - low)]


def _weights_near(
    rest: CreaseRest,
    fit: np.ndarray,
    hinges: Sequence[Sequence[CreaseHinge]],
    wanted: Sequence[Sequence[float]],
) -> list[np.ndarray]:
    """Return weights that add up to a fit, all positive, near some that do not.

    On the way from equal shares, which doubles know less well, to the projection on such weights.
    """
    stops = np.cumsum([len(own) for own in hinges])[:-1]
    equal = np.concatenate([*map(rest.weights_of, rest.cells, hinges), np.zeros(0)])
    if not len(equal):
        return np.split(equal, stops)
    columns = np.column_stack([rest.scaled.column(hinge) for own in hinges for hinge in own])
    equal = equal + np.linalg.lstsq(columns, fit - columns @ equal, rcond=SAME)[0]
    _, sizes, axes = np.linalg.svd(columns)
    free = axes[(sizes > SAME * sizes.max()).sum() :]
    way = free.T @ (free @ (np.concatenate([*map(np.array, wanted), np.zeros(0)]) - equal))
    bounds = equal[way < 0] / -way[way < 0]
    return np.split(equal + min(1.0, SHORTER * bounds.min(initial=np.inf)) * way, stops)


def _unit_near(
    rest: CreaseRest,
    unit: np.ndarray,
    state: HingeState,
    hinges: Sequence[CreaseHinge],
    weights: np.ndarray,
) -> list[float]:
    """Return a unit (a, b, c) of some hinges, its bias near that of another one if it is free."""
    inputs = np.array(rest.scaled.creases.inputs, dtype=float)
    if not state.is_living:
        heights = inputs @ unit[1:-1] + unit[-1]
        active = unit[-1] if unit[-1] > 0 else heights.min()
        least = -OUTSIDE * np.abs(unit).max()
        offset = {Kind.INACTIVE: min(unit[-1], least), Kind.ACTIVE: active, Kind.ZERO: 0.0}
        return [0.0 * entry for entry in unit[:-1]] + [offset[state.kind]]
    root, direction = np.sqrt(rest.scaled.unit * weights.sum()), hinges[0].direction
    bend = sum(w * hinge.level for w, hinge in zip(weights, hinges, strict=True)) / weights.sum()
    offset = -root * (rest.scaled.reach * bend + rest.scaled.centre @ direction)
    if state.kind is Kind.LINE:
        levels = inputs @ direction
        offset = max(unit[-1], root * (OUTSIDE * np.ptp(levels) - levels.min()))
    return [hinges[0].sign * root, *(root * direction), offset]
