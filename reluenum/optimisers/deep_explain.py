"""What optimisers of deep networks find, explained against the list of minima.

The end of a run is not taken for what it is near to, but continued: kinks are snapped, dead units
removed, and Newton finds the stationary point of the stratum. Where that is on the list, the run
has ended at a minimum. Ends that are not quite at rest are trained again, up to `ROUNDS` times and
each time twice as long, because saddles with a dead unit can be left very slowly; a run that only
then reaches a listed minimum was on the way. Where runs rest elsewhere, the stratum is solved
exactly and its point judged.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from flint import fmpq

from reluenum.algebra.decimals import decimal_text
from reluenum.algebra.scalars import parse_rational
from reluenum.documents.labels import EndKind, Stall
from reluenum.engines.deep.cells.witnesses import DeepDescent
from reluenum.engines.deep.landscape import dead_network
from reluenum.engines.deep.minimality.dormancy import dormancy, grown_dead_unit
from reluenum.engines.deep.minimality.judge import Judged, judge
from reluenum.engines.deep.minimality.live import DeepVerdict
from reluenum.engines.deep.minimality.sharing import shareable
from reluenum.engines.deep.systems.networks import ScaledNetwork
from reluenum.engines.deep.systems.solve import solve_stratum
from reluenum.engines.deep.systems.stratum import DeepStratum
from reluenum.errors import BackendError
from reluenum.groebner.backends import Backends
from reluenum.optimisers.deep_networks import DeepObjective
from reluenum.optimisers.deep_settling import Snapped, stationary_points
from reluenum.optimisers.explain import ARRIVED, End, fmpq_of
from reluenum.optimisers.perturbations import ExactNetwork
from reluenum.optimisers.steps import Adam
from reluenum.problem import Problem

ROUNDS = 6
"""How often an end point that is not on the list is trained again."""

AGAIN = 5000
"""Steps of Adam the first time."""

AT_REST = 1e-6
"""A run this near to a stationary point, relative to the loss of the zero network, is there."""

SAME = 1e-8
"""Losses this near to each other, relative to that of the zero network, are one."""

Key = tuple[tuple[tuple[str, int], ...], ...]
"""Of each hidden layer, signs of live units at the data points, and how many units have them."""


class Collapse(StrEnum):
    """What is left of a network with a dead layer, which no longer sees its inputs."""

    ZERO = "zero network"
    CONSTANT = "constant network"


@dataclass(frozen=True, eq=False)
class DeepDestination:
    """A stationary point of a deep network at which runs end.

    Parameters
    ----------
    key : Key
    dead : tuple of int
        Number of dead units of each layer.
    loss : str
        In the problem's own convention, a decimal.
    component : int or None
        Its number in the list of minima, from 1.
    verdict : DeepVerdict
    reason : str
        Why it is no minimum, or why that is not known.
    descent : dict or None
        The record of a network nearby with a lower loss.
    """

    key: Key
    dead: tuple[int, ...]
    loss: str
    component: int | None
    verdict: DeepVerdict = DeepVerdict.MINIMUM
    reason: str = ""
    descent: Mapping[str, Any] | None = None

    @property
    def is_minimum(self) -> bool:
        """Whether it is a local minimum."""
        return self.verdict is DeepVerdict.MINIMUM

    @property
    def collapse(self) -> Collapse | None:
        """What it is if a layer is dead."""
        if self.key[0]:
            return None
        return Collapse.CONSTANT if self.key[-1] else Collapse.ZERO

    @property
    def zero_units(self) -> int:
        """Number of units that are 0."""
        return sum(self.dead)

    @property
    def height(self) -> float:
        """The loss, to sort by."""
        return float(parse_rational(self.loss))

    def to_document(self) -> dict[str, Any]:
        """Return the record of a saddle, with the evidence that it is none of the minima."""
        return {
            "layers": [[{"signs": s, "multiplicity": m} for s, m in layer] for layer in self.key],
            "dead_units": list(self.dead),
            "loss": self.loss,
            "verdict": self.verdict.value,
            "reason": self.reason,
            "descent": self.descent,
        }


@dataclass(frozen=True, eq=False)
class Rest:
    """A stationary point near an end point, in doubles.

    Parameters
    ----------
    point : Snapped
    loss : float
        The sum-of-squares loss there.
    excess : float
        How far above it the living units of the end point are, relative to the zero network.
    component : int or None
        Its number in the list, from 1.
    """

    point: Snapped
    loss: float
    excess: float
    component: int | None


class DeepExplainer:
    """Says of deep networks what they are, with what is solved once kept.

    Parameters
    ----------
    problem : Problem
    components : sequence of dict
        Those of the document of minima of the problem.
    backends : Backends
        Asked about strata that are not on the list.
    steps : int
        For which end points are trained again, the first time.
    """

    def __init__(
        self,
        problem: Problem,
        components: Sequence[Mapping[str, Any]],
        backends: Backends,
        steps: int = AGAIN,
    ) -> None:
        self.problem, self.objective = problem, DeepObjective(problem)
        self._backends, self._steps = backends, steps
        self._listed = listed_points(components)
        self._losses = [component["loss"] for component in components]
        self._scale = float(problem.loss_scale)
        self._solved: dict[DeepStratum, list[Judged]] = {}
        # by a stratum, and minus the number of a component or the place of a solution
        self._limits: dict[tuple[Key, int], DeepDestination] = {}

    def explain_rows(self, theta: np.ndarray) -> list[End]:
        """Say of each end point, a row of parameters, (S, N), what it is."""
        with np.errstate(all="ignore"):
            values = self.objective.evaluate(theta)[0]
        ends = [End(EndKind.DIVERGED, float("nan"))] * len(theta)
        waiting, moved = np.flatnonzero(np.isfinite(values)), theta.copy()
        for trained in range(ROUNDS + 1):
            again: list[int] = []
            for k in waiting:
                rest, loss = self._nearest(moved[k]), self._scale * float(values[k])
                if rest is not None and rest.component is not None:
                    ends[k] = self._listed_end(theta[k], loss, rest, bool(trained))
                elif trained == ROUNDS or (not trained and _rests(rest)):
                    ends[k] = self._other_end(theta[k], loss, rest)
                else:
                    again.append(k)
            waiting = np.array(again, dtype=int)
            if len(waiting):
                method, generator = Adam(self._steps * 2**trained), np.random.default_rng(trained)
                moved[waiting] = method(self.objective, moved[waiting], generator)
        return ends

    def _nearest(self, theta: np.ndarray) -> Rest | None:
        """Return the stationary point that an end point has arrived at; a listed one if it can."""
        objective, found = self.objective, []
        whole = objective.networks(theta[None])
        living = Snapped.of(objective, whole, 0.0).network
        heights = [objective.loss_of(network) for network in (whole, living)]
        for point in stationary_points(objective, theta):
            loss = objective.loss_of(point.network)
            excess = min(((h - loss) / objective.energy for h in heights), key=abs)
            if abs(excess) <= float(ARRIVED):
                rest = Rest(point, loss, excess, self._component(point, loss))
                if rest.component is not None:
                    return rest
                found.append(rest)
        return min(found, key=lambda rest: abs(rest.excess), default=None)

    def _component(self, point: Snapped, loss: float) -> int | None:
        """Return the number of the component of a stationary point, if it is listed."""
        near = SAME * self.objective.energy
        for number in self._listed.get(deep_key_of(point), ()):
            listed = float(parse_rational(self._losses[number - 1])) / self._scale
            if abs(listed - loss) <= near:
                return number
        return None

    def _listed_end(self, theta: np.ndarray, loss: float, rest: Rest, trained: bool) -> End:
        """Return what an end point is from which the way leads to a listed minimum."""
        assert rest.component is not None
        key = deep_key_of(rest.point)
        limit = self._limits.setdefault(
            (key, -rest.component),
            DeepDestination(key, self._dead(key), self._losses[rest.component - 1], rest.component),
        )
        if not trained:
            return End(EndKind.MINIMUM, loss, limit, rest.excess)
        excess = (loss - limit.height) / (self._scale * self.objective.energy)
        if self._loss(theta) > parse_rational(limit.loss):
            return End(EndKind.NOT_STATIONARY, loss, limit, excess)
        return End(EndKind.UNEXPLAINED, loss, limit, excess, reason="not above its limit")

    def _other_end(self, theta: np.ndarray, loss: float, rest: Rest | None) -> End:
        """Return what an end point is from which no way leads to a listed minimum."""
        if rest is None:
            return End(EndKind.UNEXPLAINED, loss, reason="training on does not come to rest")
        try:
            limit = self._solve(rest)
        except BackendError as error:
            return End(EndKind.UNEXPLAINED, loss, excess=rest.excess, reason=str(error))
        if limit.verdict is DeepVerdict.UNDECIDED:
            return End(EndKind.UNEXPLAINED, loss, limit, rest.excess, reason=limit.reason)
        if limit.is_minimum:
            return End(EndKind.MISSING, loss, limit, rest.excess)
        return End(EndKind.SADDLE, loss, limit, rest.excess, self._stall(theta, limit))

    def _solve(self, rest: Rest) -> DeepDestination:
        """Solve the stratum of a point that is not on the list, and judge it.

        Raises
        ------
        BackendError
            If its point is not among the exact ones.
        """
        key = deep_key_of(rest.point)
        stratum = DeepStratum.of([self._at_sites(signs) for signs, _ in layer] for layer in key)
        near = SAME * self.objective.energy * self._scale
        for place, judged in enumerate(self._judged(stratum)):
            if abs(float(judged.network.loss) - self._scale * rest.loss) <= near:
                if (key, place) not in self._limits:
                    self._limits[key, place] = self._destination(key, judged)
                return self._limits[key, place]
        raise BackendError("descents", f"no exact point of the stratum {stratum.text} is near")

    def _judged(self, stratum: DeepStratum) -> list[Judged]:
        """Return the stationary points of a stratum, with verdicts on their distinct units."""
        if stratum not in self._solved:
            if any(stratum.layers):
                found = solve_stratum(self.problem, stratum, self._backends).networks
            else:
                found = (dead_network(self.problem),)
            self._solved[stratum] = [judge(network) for network in found]
        return self._solved[stratum]

    def _destination(self, key: Key, judged: Judged) -> DeepDestination:
        """Return a stationary point that is not on the list, with its verdict.

        A minimum of distinct units need not be one with these copies and dead units.
        """
        verdict, reason, below = judged.verdict, judged.reason, judged.descent
        if verdict is DeepVerdict.MINIMUM:
            verdict, reason, below = self._with_spare_units(key, judged.network)
        return DeepDestination(
            key,
            self._dead(key),
            decimal_text(judged.network.loss),
            None,
            verdict,
            reason,
            None if below is None else below.to_document(),
        )

    def _with_spare_units(
        self, key: Key, network: ScaledNetwork
    ) -> tuple[DeepVerdict, str, DeepDescent | None]:
        """Return what a minimum of distinct units is with its copies and dead units."""
        open_reason = ""
        for layer, (groups, dead) in enumerate(zip(key, self._dead(key), strict=True), start=1):
            if not groups:
                continue  # dead layers were judged with the network
            if dead:
                found = dormancy(network, layer)
                if found.harmless is False:
                    return DeepVerdict.SECOND_ORDER, found.reason, grown_dead_unit(network, layer)
                open_reason = open_reason or ("" if found.harmless else found.reason)
            copied = {signs for signs, count in groups if count > 1}
            if copied:
                may = _shareable(network, layer, [self._at_sites(signs) for signs in copied])
                if False in may:
                    return DeepVerdict.SECOND_ORDER, f"copies in layer {layer} part", None
                if None in may:
                    open_reason = open_reason or f"copies in layer {layer} may part"
        return (DeepVerdict.UNDECIDED if open_reason else DeepVerdict.MINIMUM), open_reason, None

    def _at_sites(self, signs: str) -> str:
        """Return signs at the data points as signs at the sites."""
        return "".join(signs[site.first] for site in self.problem.sites)

    def _dead(self, key: Key) -> tuple[int, ...]:
        """Return how many units of each layer are dead."""
        widths = zip(self.problem.hidden, key, strict=True)
        return tuple(width - sum(count for _, count in layer) for width, layer in widths)

    def _stall(self, theta: np.ndarray, limit: DeepDestination) -> Stall:
        """Say why an optimiser can stop at a saddle."""
        if limit.zero_units == 0:
            return Stall.KINK
        living = Snapped.of(self.objective, self.objective.networks(theta[None]), 0.0)
        born = sum(map(len, living.signs)) == sum(self.problem.hidden)
        return Stall.ZERO if born else Stall.DEAD

    def _loss(self, theta: np.ndarray) -> fmpq:
        """Return the exact loss of an end point, in the problem's own convention."""
        network = ExactNetwork.of_parameters(self.problem, list(map(fmpq_of, theta)))
        return network.loss * self.problem.loss_scale


def _rests(rest: Rest | None) -> bool:
    return rest is not None and abs(rest.excess) <= AT_REST


def _shareable(network: ScaledNetwork, layer: int, rows: Iterable[str]) -> set[bool | None]:
    """Return whether units with these signs can have copies, for each."""
    names = dict(zip(network.signs[layer - 1], network.stratum.layers[layer - 1], strict=True))
    answers = shareable(network, layer)
    may = dict(zip(dict.fromkeys(network.stratum.layers[layer - 1]), answers, strict=True))
    return {may[names[row]] for row in rows}


def deep_key_of(point: Snapped) -> Key:
    """Return what identifies the stratum of a stationary point, up to permutation in its layers."""
    return tuple(tuple(sorted(Counter(layer).items())) for layer in point.texts())


def listed_points(components: Iterable[Mapping[str, Any]]) -> dict[Key, list[int]]:
    """Return the numbers, from 1, of the components that have a stratum."""
    found: dict[Key, list[int]] = {}
    for number, component in enumerate(components, start=1):
        for stratum in component["strata"]:
            layers = []
            for layer in stratum["layers"]:
                counts: Counter[str] = Counter()
                for group in layer:
                    counts[group["signs"]] += group["multiplicity"]
                layers.append(tuple(sorted(counts.items())))
            found.setdefault(tuple(layers), []).append(number)
    return found
