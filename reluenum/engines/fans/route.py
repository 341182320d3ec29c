"""The certified route for widths (1, L) on a line: every fan's (s, k) covered, points proved."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from reluenum.engines.deep.networks import ScaledNetwork
from reluenum.engines.deep.strata import DeepStratum
from reluenum.engines.fans.branches import Boxes
from reluenum.engines.fans.cover import Tasks, covered, everything, halves
from reluenum.engines.fans.shapes import Batch, Fan
from reluenum.engines.fans.zeros import zero_near
from reluenum.groebner.backends import Backends
from reluenum.groebner.roots import claimed_root
from reluenum.problem import Problem

BATCH = 64
"""Fans that are covered together."""

ROUNDS = 40
"""How often boxes around zeros are halved."""


@dataclass(eq=False)
class Examination:
    """What became of one stratum.

    Parameters
    ----------
    stratum : DeepStratum
    networks : list of ScaledNetwork
        Stationary with its signs.
    boxes : list of (s_low, k_low, s_high, k_high)
        Where no other stationary point is.
    failed : list of the same
        Where there may be some.
    """

    stratum: DeepStratum
    networks: list[ScaledNetwork] = field(default_factory=list)
    boxes: list[list[float]] = field(default_factory=list)
    failed: list[list[float]] = field(default_factory=list)

    @property
    def reason(self) -> str:
        """What is not known of it; empty if everything is."""
        if not self.failed:
            return ""
        low, _, high, _ = self.failed[0]
        return f"s between {low:.6g} and {high:.6g} could not be excluded"


def examine(
    problem: Problem, strata: Sequence[DeepStratum], backends: Backends
) -> Iterator[Examination]:
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
            yield Examination(fan.stratum)
    left = [fan for fan in fans if not fan.is_excluded]
    for start in range(0, len(left), BATCH):
        yield from _examined(Batch(left[start : start + BATCH]), backends)


def _examined(batch: Batch, backends: Backends) -> list[Examination]:
    found = [Examination(fan.stratum) for fan in batch.fans]
    tasks, claim = everything(batch), partial(claimed_root, backends)
    for _ in range(ROUNDS):
        cover = covered(batch, tasks)
        for k, low, high, _ in cover.closed:
            found[k].boxes.append([*low, *high])
        for k, low, high, _ in cover.failed:
            found[k].failed.append([*low, *high])
        again = []
        for k, low, high, T in cover.zeros:
            if found[k].failed:
                continue
            box = Boxes(np.array([k]), low[None], high[None])
            zero = zero_near(batch, box, T[None], claim)
            if zero is None:
                again.append((box, T))
                continue
            found[k].boxes.append([*low, *high])
            if zero.network is not None and not any(
                _same(zero.network, other) for other in found[k].networks
            ):
                found[k].networks.append(zero.network)
        if not again:
            return found
        tasks = halves(batch, again)
    for box, _ in again:
        k = int(box.index[0])
        found[k].failed.append([*box.low[0], *box.high[0]])
    return found


def _same(one: ScaledNetwork, other: ScaledNetwork) -> bool:
    """Whether two proved points of one stratum are one: their boxes overlap at high precision.

    Both are the only zero near a box; zeros that differ are far apart at this precision or both
    boxes would not have been regular.
    """
    pairs = zip(one.point.balls(96), other.point.balls(96), strict=True)
    return all(a.overlaps(b) for a, b in pairs)
