"""The certified route for widths (L, 1, 1): every stratum's U covered, its points proved."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from reluenum.engines.deep.covers import CoverEngine
from reluenum.engines.deep.minimality.judge import Judged, judge
from reluenum.engines.deep.systems.stratum import DeepStratum
from reluenum.engines.spires.inner import SpireInner
from reluenum.engines.spires.search import SpireSearch
from reluenum.engines.towers.batches import is_possible
from reluenum.errors import InputError
from reluenum.groebner.backends import Backends, Settings
from reluenum.groebner.roots import claimed_root
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
class SpireEngine(CoverEngine):
    """An `Engine` for widths (L, 1, 1) that proves that no stratum has more points than it lists.

    Parameters
    ----------
    asked : tuple of DeepStratum, optional
        The only strata to look at; the list of minima is then not complete.
    """

    def refuse_others(self, problem: Problem) -> None:
        """Refuse a problem of other widths."""
        if tuple(problem.hidden[1:]) != (1, 1):
            found = f"certified with hidden {','.join(map(str, problem.hidden))}"
            raise InputError("engine", found, "groebner, or hidden layers L,1,1")

    def batches(self, found: Sequence[DeepStratum], jobs: int) -> list[list[DeepStratum]]:
        """Return the strata that may have points in batches."""
        spires = [stratum for stratum in found if is_possible(stratum)]
        return [spires[start : start + BATCH] for start in range(0, len(spires), BATCH)]

    def examined(
        self, problem: Problem, settings: Settings, batch: Sequence[DeepStratum]
    ) -> list[SearchedSpire]:
        """Search strata one after the other."""
        with settings.open() as backends:
            return [searched_spire(problem, stratum, backends) for stratum in batch]


def searched_spire(problem: Problem, stratum: DeepStratum, backends: Backends) -> SearchedSpire:
    """Find all stationary points of a stratum of widths (m, 1, 1) with live layers."""
    search = SpireSearch(SpireInner(problem, stratum), partial(claimed_root, backends))
    search.run()
    reason = ""
    if search.failed:
        low, high = search.failed[0]
        reason = f"U between {low:.6g} and {high:.6g} could not be excluded"
    return SearchedSpire(stratum, tuple(map(judge, search.networks)), search.items, reason)
