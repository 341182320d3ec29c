"""The certified route for widths (L, 1): every stratum's X covered, its points proved."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from reluenum.engines.deep.covers import CoverEngine
from reluenum.engines.deep.minimality.judge import Judged, judge
from reluenum.engines.deep.systems.networks import ScaledNetwork
from reluenum.engines.deep.systems.stratum import DeepStratum
from reluenum.engines.towers.batches import TowerBatch, by_first_width, is_possible
from reluenum.engines.towers.cover import Intervals, all_intervals, cover_towers, lowest
from reluenum.engines.towers.inner import minimal_T
from reluenum.engines.towers.lines import is_bound_to_lines
from reluenum.engines.towers.newton import Inner
from reluenum.engines.towers.shadows import is_overshadowed, shaded_squares
from reluenum.engines.towers.zeros import Search
from reluenum.errors import InputError
from reluenum.groebner.backends import Backends, Settings
from reluenum.groebner.roots import claimed_root
from reluenum.problem import Problem

RATIOS = (1.003, 1.00003, 1.0000003)
"""Of the ends of intervals that are left to interval Newton; the next one for those it fails on."""

ABOVE = (1.0001, 1.001, 1.01)
"""Ratios of larger X to the end of an interval that stayed open."""

MOST_OPEN = 150
"""Into how many intervals that stay open a stratum may fall."""

BATCH, SMALLEST_BATCH = 1024, 128
"""Strata that are covered together; with several processes, batches are smaller."""


MOST_STRATA = 100_000_000
"""Largest bound on the strata that starts without being asked twice: few of them exist."""


@dataclass(eq=False)
class Examination:
    """What became of one stratum.

    Parameters
    ----------
    stratum : DeepStratum
    networks : list of ScaledNetwork
        Stationary with its signs.
    judged : list of Judged
        The same with their verdicts.
    items : list of lists of float
        Record: X and T of a step, which excludes what is between X and sqrt(sum T + B^2); or
        both ends of an interval with an X of it and T there.
    failed : list of (float, float)
        Intervals of X about which nothing is known.
    """

    stratum: DeepStratum
    networks: list[ScaledNetwork] = field(default_factory=list)
    judged: list[Judged] = field(default_factory=list)
    items: list[list[float]] = field(default_factory=list)
    failed: list[tuple[float, float]] = field(default_factory=list)

    @property
    def reason(self) -> str:
        """What is not known of it; empty if all is."""
        if not self.failed:
            return ""
        low, high = self.failed[0]
        return f"X between {low:.6g} and {high:.6g} could not be excluded"


@dataclass(frozen=True)
class TowerEngine(CoverEngine):
    """An `Engine` for widths (L, 1) that proves that no stratum has more points than it lists.

    Parameters
    ----------
    asked : tuple of DeepStratum, optional
        The only strata to look at; the list of minima is then not complete.
    """

    most_strata = MOST_STRATA

    def refuse_others(self, problem: Problem) -> None:
        """Refuse a problem of other widths."""
        if len(problem.hidden) != 2 or problem.hidden[1] != 1:
            found = f"certified with hidden {','.join(map(str, problem.hidden))}"
            raise InputError("engine", found, "groebner, or hidden layers L,1")

    def batches(self, found: Sequence[DeepStratum], jobs: int) -> list[list[DeepStratum]]:
        """Return the strata that may have points in batches."""
        return _tower_batches([stratum for stratum in found if is_possible(stratum)], jobs)

    def examined(
        self, problem: Problem, settings: Settings, batch: Sequence[DeepStratum]
    ) -> list["Examination"]:
        """Examine strata of equal widths together."""
        with settings.open() as backends:
            return list(examine(problem, batch, backends))


def _tower_batches(towers: Sequence[DeepStratum], jobs: int) -> list[list[DeepStratum]]:
    """Share strata of equal widths among processes."""
    shared = max(SMALLEST_BATCH, len(towers) // (8 * jobs))
    size = min(BATCH, shared) if jobs > 1 else BATCH
    return [
        same[start : start + size]
        for same in by_first_width(sorted(towers, key=lambda s: s.text)).values()
        for start in range(0, len(same), size)
    ]


def examine(
    problem: Problem, strata: Sequence[DeepStratum], backends: Backends
) -> Iterator["Examination"]:
    """Find all stationary points of strata with live layers of widths (m, 1)."""
    reasons = is_bound_to_lines, is_overshadowed
    empty = {stratum for stratum in strata if any(reason(problem, stratum) for reason in reasons)}
    for stratum in empty:
        yield Examination(stratum, items=[[0.0, 1.0, 1.0, *[0.0] * len(stratum.layers[0])]])
    for same in by_first_width([stratum for stratum in strata if stratum not in empty]).values():
        for start in range(0, len(same), BATCH):
            yield from _examined_together(problem, same[start : start + BATCH], backends)


def _examined_together(
    problem: Problem, strata: Sequence[DeepStratum], backends: Backends
) -> list[Examination]:
    batch = TowerBatch.of(problem, strata)
    lows, highs = lowest(batch), batch.highest.max(1)
    found = [Examination(stratum) for stratum in strata]
    for one, low in zip(found, lows.tolist(), strict=True):
        one.items.append([0.0, low, low, *[0.0] * batch.faces.shape[1]])
    claim = partial(claimed_root, backends)
    searches = [Search(Inner(problem, stratum), claim) for stratum in strata]
    tasks, open_ones = all_intervals(batch), []
    for ratio in RATIOS:
        cover = cover_towers(batch, tasks, ratio)
        for k, X, T, reached in cover.steps:
            found[k].items.append([float(X), *map(float, T)])
            searches[k].passed.append((float(min(X, reached)), float(max(X, reached))))
        for k, low, high, X, T in cover.blocks:
            found[k].items.append([float(low), float(high), float(X), *map(float, T)])
        counts = Counter(k for k, *_ in cover.open)
        lost = {k for k, count in counts.items() if count > MOST_OPEN}
        open_ones += [(k, lows[k], highs[k]) for k in lost]
        open_ones += [(k, *ends) for k, ends in cover.given_up.items() if k not in lost]
        again = [
            (k, *ends, T)
            for k, low, high, T in cover.open
            if k not in lost
            for ends in searches[k].examine(low, high, T.tolist())
        ]
        again = [left for left in again if not searches[left[0]].has_passed(*left[1:3])]
        if not again:
            break
        tasks = _tasks(again)
    else:
        open_ones += [left[:3] for left in again]
    for k, low, high in _united_intervals(open_ones):
        left = _from_above(batch, searches[k], k, low, high)
        found[k].failed += _beside_shadows(problem, searches[k], left)
    for k, search in enumerate(searches):
        found[k].networks = search.networks
        found[k].judged = [judge(network) for network in search.networks]
        found[k].items += [[X, *T] for X, T in search.steps]
        found[k].items += [[low, high, X, *T] for low, high, X, T in search.blocks]
        found[k].items = [one for one in found[k].items if not _is_spare(batch, search, one)]
    return found


def _is_spare(batch: TowerBatch, search: Search, item: Sequence[float]) -> bool:
    """Whether an item of a record is a block that a single step passes."""
    is_block = len(item) > batch.faces.shape[1] + 1
    return is_block and search.has_passed(item[0], item[1])


def _united_intervals(
    intervals: Sequence[tuple[int, float, float]],
) -> list[tuple[int, float, float]]:
    """Return intervals of strata, those that nearly meet as one."""
    found: list[tuple[int, float, float]] = []
    for k, low, high in sorted(intervals):
        if found and found[-1][0] == k and low <= found[-1][2] * RATIOS[1]:
            found[-1] = (k, found[-1][1], max(high, found[-1][2]))
        else:
            found.append((k, low, high))
    return found


def _from_above(
    batch: TowerBatch, search: Search, k: int, low: float, high: float
) -> list[tuple[float, float]]:
    """Examine an interval from T at some larger X, and return what stays open.

    Where units come to life, T is far from what a quadratic model says.
    """
    left = [(low, high)]
    for ratio in ABOVE:
        X = np.array([high * ratio])
        T = minimal_T(batch, np.array([k]), X, np.zeros((1, batch.faces.shape[1])))
        left = [
            rest
            for part in left
            for rest in search.examine(*part, T[0].tolist(), float(X[0]))
            if not search.has_passed(*rest)
        ]
    return left


def _beside_shadows(
    problem: Problem, search: Search, left: Sequence[tuple[float, float]]
) -> list[tuple[float, float]]:
    """Close intervals in which some units are in the shadow of others, and return the rest."""
    rest = []
    for low, high in left:
        squares = shaded_squares(problem, search.inner.stratum, low, high)
        if squares is None:
            rest.append((low, high))
        else:
            search.blocks.append((low, high, (low * high) ** 0.5, squares))
    return rest


def _tasks(left: Sequence[tuple]) -> Intervals:
    index, low, high, start = map(np.array, zip(*left, strict=True))
    return Intervals(
        index, low, high, np.ones(len(index), dtype=bool), np.zeros(len(index), dtype=int), start
    )
