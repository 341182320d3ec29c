"""The certified route for widths (L, 1, 1): every stratum's U covered, its points proved."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from flint import fmpq
from tqdm import tqdm

from reluenum.engines.deep.enumeration import refuse_astronomical_strata, strata
from reluenum.engines.deep.landscape import dead_network, deep_landscape, text_of
from reluenum.engines.deep.minimality import Judged, judge
from reluenum.engines.deep.solve import solve_stratum
from reluenum.engines.deep.strata import DeepStratum
from reluenum.engines.spires.inner import SpireInner
from reluenum.engines.spires.search import SpireSearch
from reluenum.engines.towers.batches import is_possible
from reluenum.errors import InputError
from reluenum.groebner.backends import DEFAULT_SETTINGS, Backends, Settings
from reluenum.groebner.roots import claimed_root
from reluenum.groebner.workers import in_processes
from reluenum.landscape.deep import DeepCounts
from reluenum.landscape.landscape import CertifiedLandscape, Completeness, Undecided
from reluenum.problem import Problem

BATCH = 16
"""Strata that one process searches before it reports."""


@dataclass(frozen=True)
class SearchedSpire:
    """What became of one stratum.

    Parameters
    ----------
    stratum : DeepStratum
    judged : tuple of Judged
        Its stationary points.
    items : list of lists of float
        Its record, as `SpireSearch` has it.
    reason : str
        What is not known of it; empty if all is.
    """

    stratum: DeepStratum
    judged: tuple[Judged, ...]
    items: list[list[float]]
    reason: str


@dataclass(frozen=True)
class SpireEngine:
    """An `Engine` for widths (L, 1, 1) that proves that no stratum has more points than it lists.

    Parameters
    ----------
    asked : tuple of DeepStratum, optional
        The only strata to look at; the list of minima is then not complete.
    """

    asked: tuple[DeepStratum, ...] | None = None

    def refuse_astronomical(self, problem: Problem) -> None:
        """Refuse a problem that is too large to be started without being asked twice."""
        _refuse_widths(problem)
        if self.asked is None:
            refuse_astronomical_strata(problem)

    def landscape(
        self, problem: Problem, settings: Settings = DEFAULT_SETTINGS
    ) -> CertifiedLandscape:
        """Find every local minimum of a problem and prove that none is missing.

        Raises
        ------
        InputError
            If the widths are others.
        """
        _refuse_widths(problem)
        found = strata(problem) if self.asked is None else self.asked
        points, open_ones = [], []
        with settings.open() as backends:
            for stratum in found:
                if stratum.lowest:
                    networks = solve_stratum(problem, stratum, backends).networks
                    points += map(judge, networks)
                    if len(networks) != constant_networks(problem, stratum.lowest):
                        text = text_of(problem, stratum.layers)
                        open_ones.append(Undecided(text, "not all constant networks are known"))
        if self.asked is None:
            points.append(judge(dead_network(problem)))
        spires = sorted((s for s in found if is_possible(s)), key=lambda s: s.text)
        searched = list(_searched_all(problem, spires, settings))
        points += [point for one in searched for point in one.judged]
        open_ones += [
            Undecided(text_of(problem, one.stratum.layers), one.reason)
            for one in searched
            if one.reason
        ]
        rests_on = Completeness.PROVED if self.asked is None else Completeness.RESTRICTED
        counts = DeepCounts.of(problem, len(found))
        landscape = deep_landscape(problem, points, open_ones, counts, rests_on)
        if self.asked is not None:
            return landscape
        certificate = {"rule": "blocks", "strata": [[s.stratum.text, s.items] for s in searched]}
        return replace(landscape, certificate=certificate)


def _refuse_widths(problem: Problem) -> None:
    if tuple(problem.hidden[1:]) != (1, 1):
        found = f"certified with hidden {','.join(map(str, problem.hidden))}"
        raise InputError("engine", found, "groebner, or hidden layers L,1,1")


def constant_networks(problem: Problem, dead: int) -> int:
    """Count the constant networks of widths (1, 1, 1) with so many dead layers (Lemma D3).

    Examples
    --------
    >>> problem = Problem.from_text([[0], [1], [2]], [5, 5, 5], [1, 1, 1], "241/20")
    >>> constant_networks(problem, 1), constant_networks(problem, 2)
    (2, 1)
    """
    ridge, size = problem.effective_ridge, sum(site.count for site in problem.sites)
    total = abs(sum((site.count * site.mean for site in problem.sites), start=fmpq(0)))
    if dead == 2:
        return int(total > ridge)
    # roots a > 1 of size a^4 - total a + ridge, which is convex
    first = size - total + ridge
    if first < 0 or total <= 4 * size:
        return int(first < 0)
    least = ridge**3 - (3 * total / 4) ** 3 * total / (4 * size)
    return int(least <= 0) + int(least < 0 and first > 0)


def searched_spire(problem: Problem, stratum: DeepStratum, backends: Backends) -> SearchedSpire:
    """Find all stationary points of a stratum of widths (m, 1, 1) with live layers."""
    search = SpireSearch(SpireInner(problem, stratum), partial(claimed_root, backends))
    search.run()
    reason = ""
    if search.failed:
        low, high = search.failed[0]
        reason = f"U between {low:.6g} and {high:.6g} could not be excluded"
    return SearchedSpire(stratum, tuple(map(judge, search.networks)), search.items, reason)


def _searched_all(
    problem: Problem, spires: Sequence[DeepStratum], settings: Settings
) -> Iterator[SearchedSpire]:
    """Search strata, in processes if there are to be several, in order."""
    work = partial(_searched_together, problem, settings)
    batches = [spires[start : start + BATCH] for start in range(0, len(spires), BATCH)]
    with tqdm(total=len(spires), unit="stratum", disable=not settings.progress) as bar:
        for found in _searched_batches(work, batches, settings.jobs):
            bar.update(len(found))
            yield from found


def _searched_batches(
    work: partial, batches: Sequence[Sequence[DeepStratum]], jobs: int
) -> Iterator[list[SearchedSpire]]:
    if jobs == 1:
        yield from map(work, batches)
        return
    with in_processes(jobs) as mapped:
        yield from mapped(work, [(batch,) for batch in batches], _spires_in_words)


def _spires_in_words(batch: Sequence[DeepStratum]) -> str:
    return f"{batch[0].text} and {len(batch) - 1} more"


def _searched_together(
    problem: Problem, settings: Settings, batch: Sequence[DeepStratum]
) -> list[SearchedSpire]:
    with settings.open() as backends:
        return [searched_spire(problem, stratum, backends) for stratum in batch]
