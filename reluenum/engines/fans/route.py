"""The certified route for widths (1, L) on a line: every fan's (s, k) covered, points proved."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from reluenum.algebra.numbers import IsolatedPoint
from reluenum.algebra.parametrisation import Root
from reluenum.engines.deep.covers import covered_in_batches, landscape_of_covers
from reluenum.engines.deep.enumeration.sizes import refuse_astronomical_strata
from reluenum.engines.deep.enumeration.strata import strata
from reluenum.engines.deep.minimality.judge import Judged, judge
from reluenum.engines.deep.systems.networks import ScaledNetwork
from reluenum.engines.deep.systems.stratum import DeepStratum
from reluenum.engines.fans.branches import ParameterBoxes
from reluenum.engines.fans.cover import BoxCover, all_boxes, boxes_covered, halved_tasks
from reluenum.engines.fans.shapes import Fan, FanBatch
from reluenum.engines.fans.zeros import Zero, zero_near
from reluenum.engines.towers import route as towers
from reluenum.errors import InputError
from reluenum.groebner.backends import DEFAULT_SETTINGS, Backends, Settings
from reluenum.groebner.roots import claimed_root
from reluenum.landscape.landscape import CertifiedLandscape
from reluenum.problem import Problem

BATCH = 16
"""Fans that are covered together."""

ROUNDS = 40
"""How often boxes around zeros are halved."""


@dataclass(eq=False)
class FanExamination:
    """What became of one stratum.

    Parameters
    ----------
    stratum : DeepStratum
    networks : list of ScaledNetwork
        Stationary with its signs.
    judged : list of Judged
        The same with their verdicts.
    items : list of (s_low, k_low, s_high, k_high, T_1, ..., T_m)
        Boxes that hold one zero of the gradient each: all others hold none.
    failed : list of (s_low, k_low, s_high, k_high)
        Where there may be some.
    """

    stratum: DeepStratum
    networks: list[ScaledNetwork] = field(default_factory=list)
    judged: list[Judged] = field(default_factory=list)
    items: list[list[float]] = field(default_factory=list)
    failed: list[list[float]] = field(default_factory=list)

    @property
    def reason(self) -> str:
        """What is not known of it; empty if all is."""
        if not self.failed:
            return ""
        low, _, high, _ = self.failed[0]
        return f"s between {low:.6g} and {high:.6g} could not be excluded"


@dataclass(frozen=True)
class FanEngine:
    """An `Engine` for widths (1, L) that proves that no stratum has more points than it lists.

    Parameters
    ----------
    asked : tuple of DeepStratum, optional
        The only strata to look at; the list of minima is then not complete.
    """

    asked: tuple[DeepStratum, ...] | None = None

    def refuse_astronomical(self, problem: Problem) -> None:
        """Refuse a problem that is too large to be started without being asked twice."""
        _refuse_others(problem)
        if self.asked is None:
            refuse_astronomical_strata(problem)

    def landscape(
        self, problem: Problem, settings: Settings = DEFAULT_SETTINGS
    ) -> CertifiedLandscape:
        """Find every local minimum of a problem and prove that none is missing.

        Raises
        ------
        InputError
            If the widths are others, or the inputs have several coordinates.
        """
        _refuse_others(problem)
        found = strata(problem) if self.asked is None else self.asked
        batches = _fan_batches([stratum for stratum in found if not stratum.lowest])
        covers = covered_in_batches(partial(_examined_batch, problem, settings), batches, settings)
        restricted = self.asked is not None
        return landscape_of_covers(problem, settings, found, covers, "boxes", restricted)


def _refuse_others(problem: Problem) -> None:
    if len(problem.hidden) != 2 or problem.hidden[0] != 1 or problem.dimension != 1:
        hidden = ",".join(map(str, problem.hidden))
        found = f"hidden {hidden} with inputs of dimension {problem.dimension}"
        raise InputError("engine", found, "hidden layers 1,L and inputs on a line")


def _fan_batches(live: Sequence[DeepStratum]) -> list[list[DeepStratum]]:
    """Put strata with as many upper rows together."""
    by_width: dict[int, list[DeepStratum]] = {}
    for stratum in live:
        by_width.setdefault(len(stratum.layers[1]), []).append(stratum)
    return [
        same[start : start + BATCH]
        for same in by_width.values()
        for start in range(0, len(same), BATCH)
    ]


def _examined_batch(
    problem: Problem, settings: Settings, batch: Sequence[DeepStratum]
) -> list["FanExamination | towers.Examination"]:
    with settings.open() as backends:
        if len(batch[0].layers[1]) == 1:
            return list(towers.examine(problem, batch, backends))
        return list(examine_fans(problem, batch, backends))


def examine_fans(
    problem: Problem, strata: Sequence[DeepStratum], backends: Backends
) -> Iterator[FanExamination]:
    """Find all stationary points of strata with one live first-layer unit on a line.

    Parameters
    ----------
    problem : Problem
        With inputs in one dimension.
    strata : sequence of DeepStratum
        Each with as many upper rows as any other.
    backends : Backends
        Asked for the algebraic form of a point, should that be needed.
    """
    fans = [Fan(problem, stratum) for stratum in strata]
    for fan in fans:
        if fan.is_excluded:
            yield FanExamination(fan.stratum)
    left = [fan for fan in fans if not fan.is_excluded]
    for start in range(0, len(left), BATCH):
        yield from _examined(FanBatch(left[start : start + BATCH]), backends)


def _examined(batch: FanBatch, backends: Backends) -> list[FanExamination]:
    found = [FanExamination(fan.stratum) for fan in batch.fans]
    tasks, cover = all_boxes(batch)
    zeros: list[list[Zero]] = [[] for _ in found]
    for _ in range(ROUNDS):
        boxes_covered(batch, tasks, cover)
        again = _proved_zeros(batch, cover, zeros, partial(claimed_root, backends))
        if not again:
            break
        tasks = halved_tasks(again)
    cover.failed += [(int(box.index[0]), box.low[0], box.high[0], T) for box, T in again]
    for k, low, high, T in cover.proved:
        found[k].items.append([*low.tolist(), *high.tolist(), *T.tolist()])
    for k, low, high, _ in cover.failed:
        found[k].failed.append([*low.tolist(), *high.tolist()])
    for one, own in zip(found, zeros, strict=True):
        one.networks = [zero.network for zero in own if zero.network is not None]
        one.judged = [judge(network) for network in one.networks]
    return found


def _proved_zeros(
    batch: FanBatch,
    cover: BoxCover,
    zeros: list[list[Zero]],
    claim: Callable[[IsolatedPoint], Root],
) -> list[tuple[ParameterBoxes, np.ndarray]]:
    """Find what boxes with one zero at most hold; return those for which that fails."""
    again, lost = [], {int(row[0]) for row in cover.failed}
    for k, low, high, T in cover.zeros:
        if k in lost:
            continue
        box = ParameterBoxes(np.array([k]), low[None], high[None])
        zero = zero_near(batch, box, T[None], claim)
        if zero is None:
            again.append((box, T))
            continue
        cover.proved.append((k, low, high, T))
        if zero not in zeros[k]:
            zeros[k].append(zero)
    cover.zeros = []
    return again
