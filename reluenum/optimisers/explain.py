"""What optimisers find, explained against the certified list of minima.

A run ends somewhere in doubles. From there `settling` goes downhill to a stationary set, which is
then certified as the engines do it: a proved point, and a proof of minimality or a checked descent.
So every end point is at a listed minimum, at a proved saddle, or proved to lie above one of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb, ctx, fmpq

from reluenum.algebra.decimals import decimal_text
from reluenum.documents.labels import EndKind, Stall
from reluenum.engines.certified.escalation import Escalation
from reluenum.errors import BackendError
from reluenum.geometry.geometry import Geometry
from reluenum.geometry.supports import StratumKey, Support
from reluenum.groebner.backends import Backends
from reluenum.landscape.dual import DualScan, scan_dual
from reluenum.landscape.judged import CertifiedPoint, certify_class
from reluenum.landscape.points import zero_network
from reluenum.landscape.residuals import ResidualClass
from reluenum.landscape.witnesses import loss_of_units
from reluenum.optimisers import Networks, Objective
from reluenum.optimisers.settling import GONE, Cells, Settled, leave_saddles, losses, settle
from reluenum.problem import Problem

ARRIVED = fmpq(1, 1000)
"""A run has arrived if its loss is at most this much of the energy above a stationary point; how
near its function then is on the data, Lemma 34 bounds."""

WIDEST_SPAN = 1e10
"""Largest quotient of a gradient and the ridge at which doubles can tell whether they balance."""

DEPENDENT = 1e-7
"""Singular values this small, relative to the largest, are taken for 0."""

BITS = 128
"""Precision of the losses that are compared."""


@dataclass(frozen=True, eq=False)
class Destination:
    """A stationary set that networks end at, certified.

    Parameters
    ----------
    point : CertifiedPoint
    multiplicities : tuple of int
        Number of units on each face of the support.
    zero_units : int
        Number of units that are 0, or die out.
    component : int or None
        Its number in the list of minima, from 1.
    """

    point: CertifiedPoint
    multiplicities: tuple[int, ...]
    zero_units: int
    component: int | None

    @property
    def is_minimum(self) -> bool:
        """Whether its points are local minima."""
        return self.point.is_minimum

    @property
    def height(self) -> float:
        """The loss, to sort by."""
        return float(self.point.loss.ball(64))

    def to_document(self) -> dict[str, Any]:
        """Return the record of a saddle, with the evidence that it is none of the minima."""
        witness = self.point.witness
        groups = zip(self.point.support, self.point.signs, self.multiplicities, strict=True)
        return {
            "support": [
                {"face": face.signs, "sign": sign, "multiplicity": multiplicity}
                for face, sign, multiplicity in groups
            ],
            "zero_neurons": self.zero_units,
            "loss": decimal_text(self.point.loss),
            "descent": None if witness is None else witness.to_document(),
        }


@dataclass(frozen=True, eq=False)
class End:
    """What became of one run.

    Parameters
    ----------
    kind : EndKind
    loss : float
        Of the end point, in the problem's own convention; nan if it diverged.
    limit : Destination or None
        Where it is, or where the way downhill from it leads.
    excess : float
        How far above its limit the living units are, relative to the energy y'Ry.
    stall : Stall or None
        Why it is at a saddle.
    reason : str
        Why it is unexplained.
    """

    kind: EndKind
    loss: float
    limit: Destination | None = None
    excess: float = float("nan")
    stall: Stall | None = None
    reason: str = ""


class Explainer:
    """Says of networks what they are, with what is certified once kept.

    Parameters
    ----------
    problem : Problem
    components : sequence of dict
        Those of the document of minima of the problem.
    backends : Backends
        Asked only about what may be exactly 0.
    """

    def __init__(
        self, problem: Problem, components: Sequence[Mapping[str, Any]], backends: Backends
    ) -> None:
        self.problem, self.geometry = problem, Geometry.of(problem)
        self.cells, self.objective = Cells.of(self.geometry), Objective(problem)
        self._escalation = Escalation(self.geometry, backends)
        self._listed = listed_components(components)
        self._limits: dict[StratumKey, Destination] = {}

    def explain_rows(self, theta: np.ndarray) -> list[End]:
        """Say of each end point, a row of parameters, (S, N), what it is."""
        return self.explain(self.objective.unpack(theta))

    def explain(self, ends: Networks) -> list[End]:
        """Say of each end point what it is."""
        return [end for end, _ in self.traced(ends)]

    def traced(self, ends: Networks) -> Iterator[tuple[End, Settled | None]]:
        """Say of each end point what it is, and where the way from it leads: a batch of one."""
        objective, scale = self.objective, float(self.problem.loss_scale)
        with np.errstate(all="ignore"):
            values = objective.values(ends)
        if objective.span > WIDEST_SPAN:
            reason = "target and ridge are too far apart for doubles"
            for value in values:
                yield End(EndKind.UNEXPLAINED, scale * float(value), reason=reason), None
            return
        finite = np.isfinite(values)
        if not finite.any():
            yield from ((End(EndKind.DIVERGED, float("nan")), None) for _ in values)
            return
        here = ends[finite]
        first = settle(self.cells, objective, here)
        last = leave_saddles(self.cells, objective, first)
        living = objective.values(without_dead_units(here, first.dead))
        heights = [(living - losses(objective, part)) / objective.energy for part in (first, last)]
        for value, k in zip(values, np.cumsum(finite) - 1, strict=True):
            if not np.isfinite(value):
                yield End(EndKind.DIVERGED, float("nan")), None
                continue
            near = [abs(height[k]) <= float(ARRIVED) for height in heights]
            settled, height = (first, heights[0]) if near == [True, False] else (last, heights[1])
            loss, excess = scale * float(value), float(height[k])
            yield self._end(here, settled, k, loss, excess, any(near)), settled[[k]]

    def _end(
        self, ends: Networks, settled: Settled, k: int, loss: float, excess: float, near: bool
    ) -> End:
        """Say of one end point what it is, given where it is going."""
        if not settled.done[k]:
            return End(EndKind.UNEXPLAINED, loss, reason="the way downhill does not settle")
        try:
            limit = self.limit(settled, k)
        except BackendError as error:
            return End(EndKind.UNEXPLAINED, loss, reason=str(error))
        if limit.is_minimum and limit.component is None:
            return End(EndKind.MISSING, loss, limit, excess)
        if not near:
            if not self._is_above(ends, k, limit):
                return End(EndKind.UNEXPLAINED, loss, limit, excess, reason="not above its limit")
            return End(EndKind.NOT_STATIONARY, loss, limit, excess)
        if limit.is_minimum:
            return End(EndKind.MINIMUM, loss, limit, excess)
        return End(EndKind.SADDLE, loss, limit, excess, _stall(limit, settled, k))

    def _is_above(self, ends: Networks, k: int, limit: Destination) -> bool:
        """Whether the loss of an end point is proved to be larger than that of its limit."""
        loss = exact_loss(self.problem, ends[[k]])
        with ctx.workprec(BITS):
            return bool(arb(loss) > limit.point.loss.ball(BITS))

    def nearest(self, network: Networks, way: Settled) -> Networks:
        """Return a point near a network out of those where it settles, all batches of one.

        Units on one face may share its vector W in any way: x_l (s, d), with d = s W / |W| and
        sum x_l^2 = |W|. Of these the nearest has x_l proportional to s a_l + d . v_l, where
        positive.
        """
        weights, units = np.zeros_like(network.weights), np.zeros_like(network.units)
        for host in np.flatnonzero(way.faces[0] != GONE):
            members = np.flatnonzero(way.host[0] == host)
            vector, sign = way.vectors[0, host], way.signs[0, host]
            size = np.linalg.norm(vector)
            heights = network.units[0, members] @ (sign * vector / size)
            mirrored = self.problem.units.is_even & (heights < 0)
            sides = np.where(mirrored, -1, 1)
            shares = share_of(sign * network.weights[0, members] + sides * heights)
            weights[0, members] = sign * shares * np.sqrt(size)
            units[0, members] = (shares * sides)[:, None] * (sign * vector / np.sqrt(size))
        return self.objective.with_best_outer(Networks(weights, units, np.zeros(1)))

    def limit(self, settled: Settled, k: int) -> Destination:
        """Certify where a network has settled.

        Raises
        ------
        BackendError
            If that cannot be done.
        """
        groups = settled.groups(k)
        key = key_of(self.cells, self.problem.width, groups)
        if key not in self._limits:
            place = {int(face): u for u, face in enumerate(settled.faces[k]) if face != GONE}
            vectors = settled.vectors[k, [place[f] for f, _, _ in groups]]
            self._limits[key] = Destination(
                self._certified([f for f, _, _ in groups], vectors, key.zeros > 0),
                tuple(multiplicity for _, _, multiplicity in groups),
                key.zeros,
                self._listed.get(key),
            )
        return self._limits[key]

    def _certified(self, numbers: Sequence[int], vectors: np.ndarray, zero: bool) -> CertifiedPoint:
        """Return the certified stationary point on some faces."""
        support = tuple(self.cells.frames.faces[number] for number in numbers)
        points = [
            self._escalation.point(tuple(support[p] for p in places), vectors[list(places)])
            if places
            else zero_network(self.problem)
            for places in self._vertices(support, vectors)
        ]
        for point in points:
            if point.signs is None:
                raise BackendError("descents", "a settled network leaves its faces")
        tight = {face: sign for p in points for face, sign in zip(p.support, p.signs, strict=True)}
        scan = (
            scan_dual(self.geometry, points[0])
            if zero
            else DualScan(tuple(sorted(tight.items())), ())
        )
        group = ResidualClass(self.problem, scan, tuple(points))
        return CertifiedPoint(certify_class(group, self.geometry.arrangement), support, zero)

    def _vertices(self, support: Support, vectors: np.ndarray) -> list[tuple[int, ...]]:
        """Return the places of the faces of some vertices, which together use every face.

        Where responses are dependent, squares can be moved from some faces to others at the same
        loss until one of them is 0 (Lemma 10 of docs/theory.md).
        """
        if not support:
            return [()]
        sizes = np.linalg.norm(vectors, axis=1)
        signs = np.array([face.sign_values for face in support])
        slopes = self.problem.activation.derivatives(signs)
        responses = (vectors @ self.objective.rows.T) * slopes / sizes[:, None]
        responses = self.objective.without_outer(responses).T
        waiting, found = [(tuple(range(len(support))), sizes)], set()
        while waiting:
            places, squares = waiting.pop()
            direction = _dependence(responses[:, places])
            if direction is None:
                found.add(places)
                continue
            for way in (direction, -direction):
                step = (squares[way < 0] / -way[way < 0]).min(initial=np.inf)
                moved = squares + step * way
                kept = moved > DEPENDENT * squares.max()
                if np.isfinite(step):
                    waiting.append((tuple(np.array(places)[kept]), moved[kept]))
        return sorted(found)


def _dependence(columns: np.ndarray) -> np.ndarray | None:
    """Return a linear relation between columns, as far as doubles tell; None if there is none."""
    if columns.shape[1] == 0:
        return None
    _, sizes, axes = np.linalg.svd(columns)
    if len(sizes) == columns.shape[1] and sizes[-1] > DEPENDENT * sizes[0]:
        return None
    return axes[-1]


def key_of(cells: Cells, width: int, groups: Sequence[tuple[int, int, int]]) -> StratumKey:
    """Return what identifies a stratum.

    Parameters
    ----------
    cells : Cells
    width : int
    groups : sequence of (int, int, int)
        Number of a face, sign of a and number of its units; the other units are 0.
    """
    named = ((cells.frames.faces[face].signs, sign, count) for face, sign, count in groups)
    return StratumKey.of(named, width - sum(count for _, _, count in groups))


def listed_components(components: Sequence[Mapping[str, Any]]) -> dict[StratumKey, int]:
    """Return the number, from 1, of the component that a stratum belongs to."""
    return {
        StratumKey.of(
            ((g["face"], g["sign"], g["multiplicity"]) for g in stratum["support"]),
            stratum["zero_neurons"],
        ): number
        for number, component in enumerate(components, start=1)
        for stratum in component["strata"]
    }


def without_dead_units(networks: Networks, dead: np.ndarray) -> Networks:
    """Return networks without their dead units."""
    alive = ~dead
    units = networks.weights * alive, networks.units * alive[..., None]
    return Networks(*units, networks.bias, networks.linear)


def _stall(limit: Destination, settled: Settled, k: int) -> Stall:
    """Say why an optimiser can stop at a saddle."""
    if limit.zero_units == 0:
        return Stall.KINK
    return Stall.DEAD if settled.dead[k].any() else Stall.ZERO


def share_of(pulls: np.ndarray) -> np.ndarray:
    """Return the unit vector without negative entries that is nearest to some numbers."""
    kept = np.maximum(pulls, 0)
    if not kept.any():
        return np.full(len(kept), len(kept) ** -0.5)
    kept = np.ldexp(kept, -np.frexp(kept.max())[1])  # so that no square is too small or too large
    return kept / np.linalg.norm(kept)


def exact_loss(problem: Problem, network: Networks) -> fmpq:
    """Return the loss of a network, a batch of one, as the rational number that it is."""
    units = [
        (fmpq_of(weight), [fmpq_of(entry) for entry in unit])
        for weight, unit in zip(network.weights[0], network.units[0], strict=True)
    ]
    linear = [fmpq_of(entry) for entry in network.linear[0]]
    return loss_of_units(problem, units, fmpq_of(network.bias[0]), linear)


def fmpq_of(value: float) -> fmpq:
    """Return a double as the rational number that it is."""
    return fmpq(*float(value).as_integer_ratio())
