"""The certified route for widths (L, 1): every stratum's X covered, its points proved."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from reluenum.engines.deep.networks import ScaledNetwork
from reluenum.engines.deep.strata import DeepStratum
from reluenum.engines.towers.batches import Batch, by_width
from reluenum.engines.towers.cover import Tasks, covered, everything, lowest
from reluenum.engines.towers.newton import Inner
from reluenum.engines.towers.zeros import Search
from reluenum.groebner.backends import Backends
from reluenum.groebner.roots import claimed_root
from reluenum.problem import Problem

RATIOS = (1.01, 1.0001, 1.000001)
"""Of the ends of intervals that are left to interval Newton; the next one for those it fails on."""

BATCH = 4096
"""Strata that are covered together."""


@dataclass(eq=False)
class Examination:
    """What became of one stratum.

    Parameters
    ----------
    stratum : DeepStratum
    networks : list of ScaledNetwork
        Stationary with its signs.
    items : list of lists of float
        Record: X and T of a step, which excludes what is between X and sqrt(sum T + B^2); or
        both ends of an interval with an X of it and T there.
    failed : list of (float, float)
        Intervals of X about which nothing is known.
    """

    stratum: DeepStratum
    networks: list[ScaledNetwork] = field(default_factory=list)
    items: list[list[float]] = field(default_factory=list)
    failed: list[tuple[float, float]] = field(default_factory=list)


def examine(
    problem: Problem, strata: Sequence[DeepStratum], backends: Backends
) -> Iterator[Examination]:
    """Find all stationary points of strata with live layers of widths (m, 1)."""
    for same in by_width(strata).values():
        for start in range(0, len(same), BATCH):
            yield from _examined(problem, same[start : start + BATCH], backends)


def _examined(
    problem: Problem, strata: Sequence[DeepStratum], backends: Backends
) -> list[Examination]:
    batch = Batch.of(problem, strata)
    found = [Examination(stratum) for stratum in strata]
    for one, low in zip(found, lowest(batch).tolist(), strict=True):
        one.items.append([0.0, low, low, *[0.0] * batch.faces.shape[1]])
    claim = partial(claimed_root, backends)
    tasks, searches = everything(batch), {}
    for ratio in RATIOS:
        cover = covered(batch, tasks, ratio)
        for k, X, T in cover.steps:
            found[k].items.append([float(X), *map(float, T)])
        for k, low, high, X, T in cover.blocks:
            found[k].items.append([float(low), float(high), float(X), *map(float, T)])
        again = []
        for k, low, high, T in cover.open:
            if k not in searches:
                searches[k] = Search(Inner(problem, strata[k]), claim)
            left = searches[k].examine(low, high, T.tolist())
            again += [(k, *ends, T) for ends in left]
        if not again:
            break
        tasks = _tasks(again)
    else:
        for k, low, high, _ in again:
            found[k].failed.append((low, high))
    for k, search in searches.items():
        found[k].networks = search.networks
        found[k].items += [[low, high, X, *T] for low, high, X, T in search.blocks]
    return found


def _tasks(left: Sequence[tuple]) -> Tasks:
    index, low, high, start = map(np.array, zip(*left, strict=True))
    return Tasks(
        index, low, high, np.ones(len(index), dtype=bool), np.zeros(len(index), dtype=int), start
    )
