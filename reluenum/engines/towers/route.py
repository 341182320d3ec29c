"""The certified route for widths (L, 1): every stratum's X covered, its points proved."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from tqdm import tqdm

from reluenum.engines.deep.enumeration import refuse_astronomical_strata, strata
from reluenum.engines.deep.landscape import dead_network, deep_landscape, text_of
from reluenum.engines.deep.minimality import Judged, judge
from reluenum.engines.deep.networks import ScaledNetwork
from reluenum.engines.deep.solve import solve_stratum
from reluenum.engines.deep.strata import DeepStratum
from reluenum.engines.towers.batches import TowerBatch, by_first_width, is_possible
from reluenum.engines.towers.cover import Intervals, all_intervals, cover_towers, lowest
from reluenum.engines.towers.newton import Inner
from reluenum.engines.towers.zeros import Search
from reluenum.errors import InputError
from reluenum.groebner.backends import DEFAULT_SETTINGS, Backends, Settings
from reluenum.groebner.roots import claimed_root
from reluenum.groebner.workers import in_processes
from reluenum.landscape.deep import DeepCounts
from reluenum.landscape.landscape import CertifiedLandscape, Completeness, Undecided
from reluenum.problem import Problem

RATIOS = (1.003, 1.00003, 1.0000003)
"""Of the ends of intervals that are left to interval Newton; the next one for those it fails on."""

MOST_OPEN = 150
"""Into how many intervals that stay open a stratum may fall."""

BATCH, SMALLEST_BATCH = 1024, 32
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
        """What is not known of it."""
        low, high = self.failed[0]
        return f"X between {low:.6g} and {high:.6g} could not be excluded"


@dataclass(frozen=True)
class TowerEngine:
    """An `Engine` for widths (L, 1) that proves that no stratum has more points than it lists.

    Parameters
    ----------
    asked : tuple of DeepStratum, optional
        The only strata to look at; the list of minima is then not complete.
    """

    asked: tuple[DeepStratum, ...] | None = None

    def refuse_astronomical(self, problem: Problem) -> None:
        """Refuse a problem that is too large to be started without being asked twice."""
        _refuse_other_widths(problem)
        if self.asked is None:
            refuse_astronomical_strata(problem, MOST_STRATA)

    def landscape(
        self, problem: Problem, settings: Settings = DEFAULT_SETTINGS
    ) -> CertifiedLandscape:
        """Find every local minimum of a problem and prove that none is missing.

        Raises
        ------
        InputError
            If the widths are others.
        """
        _refuse_other_widths(problem)
        found = strata(problem) if self.asked is None else self.asked
        with settings.open() as backends:
            constants = [s for s in found if s.lowest]
            points = [
                judge(network)
                for stratum in constants
                for network in solve_stratum(problem, stratum, backends).networks
            ]
        if self.asked is None:
            points.append(judge(dead_network(problem)))
        towers = sorted((s for s in found if is_possible(s)), key=lambda s: s.text)
        records = sorted(_examinations(problem, towers, settings), key=lambda r: r.stratum.text)
        points += [point for record in records for point in record.judged]
        open_ones = (
            Undecided(text_of(problem, record.stratum.layers), record.reason)
            for record in records
            if record.failed
        )
        rests_on = Completeness.PROVED if self.asked is None else Completeness.RESTRICTED
        counts = DeepCounts.of(problem, len(found))
        landscape = deep_landscape(problem, points, open_ones, counts, rests_on)
        if self.asked is not None:
            return landscape
        certificate = {"rule": "blocks", "strata": [[r.stratum.text, r.items] for r in records]}
        return replace(landscape, certificate=certificate)


def _refuse_other_widths(problem: Problem) -> None:
    if len(problem.hidden) != 2 or problem.hidden[1] != 1:
        found = f"certified with hidden {','.join(map(str, problem.hidden))}"
        raise InputError("engine", found, "groebner, or hidden layers L,1")


def _examinations(
    problem: Problem, towers: Sequence[DeepStratum], settings: Settings
) -> Iterator["Examination"]:
    """Examine strata in batches, in processes if there are to be several."""
    several = settings.jobs > 1
    size = min(BATCH, max(SMALLEST_BATCH, len(towers) // (8 * settings.jobs))) if several else BATCH
    batches = [
        same[start : start + size]
        for same in by_first_width(towers).values()
        for start in range(0, len(same), size)
    ]
    work = partial(_examined_towers, problem, settings)
    with tqdm(total=len(towers), unit="stratum", disable=not settings.progress) as bar:
        for found in _mapped(work, batches, settings.jobs):
            bar.update(len(found))
            yield from found


def _mapped(
    work: Callable[[Sequence[DeepStratum]], list["Examination"]],
    batches: Sequence[Sequence[DeepStratum]],
    jobs: int,
) -> Iterator[list["Examination"]]:
    if jobs == 1:
        yield from map(work, batches)
        return
    with in_processes(jobs) as mapped:
        yield from mapped(work, [(batch,) for batch in batches], _towers_in_words)


def _towers_in_words(batch: Sequence[DeepStratum]) -> str:
    return f"{batch[0].text} and {len(batch) - 1} more"


def _examined_towers(
    problem: Problem, settings: Settings, batch: Sequence[DeepStratum]
) -> list["Examination"]:
    with settings.open() as backends:
        return list(examine(problem, batch, backends))


def examine(
    problem: Problem, strata: Sequence[DeepStratum], backends: Backends
) -> Iterator["Examination"]:
    """Find all stationary points of strata with live layers of widths (m, 1)."""
    for same in by_first_width(strata).values():
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
    tasks, searches = all_intervals(batch), {}
    for ratio in RATIOS:
        cover = cover_towers(batch, tasks, ratio)
        for k, X, T in cover.steps:
            found[k].items.append([float(X), *map(float, T)])
        for k, low, high, X, T in cover.blocks:
            found[k].items.append([float(low), float(high), float(X), *map(float, T)])
        counts = Counter(k for k, *_ in cover.open)
        lost = cover.given_up | {k for k, count in counts.items() if count > MOST_OPEN}
        for k in lost:
            found[k].failed.append((float(lows[k]), float(highs[k])))
        again = []
        for k, low, high, T in cover.open:
            if k in lost:
                continue
            if k not in searches:
                searches[k] = Search(Inner(problem, strata[k]), claim)
            left = searches[k].examine(low, high, T.tolist())
            again += [(k, *ends, T) for ends in left]
        again = [left for left in again if not searches[left[0]].has_passed(*left[1:3])]
        if not again:
            break
        tasks = _tasks(again)
    else:
        for k, low, high, _ in again:
            found[k].failed.append((low, high))
    for k, search in searches.items():
        found[k].networks = search.networks
        found[k].judged = [judge(network) for network in search.networks]
        found[k].items += [[X, *T] for X, T in search.steps]
        found[k].items += [[low, high, X, *T] for low, high, X, T in search.blocks]
    return found


def _tasks(left: Sequence[tuple]) -> Intervals:
    index, low, high, start = map(np.array, zip(*left, strict=True))
    return Intervals(
        index, low, high, np.ones(len(index), dtype=bool), np.zeros(len(index), dtype=int), start
    )
