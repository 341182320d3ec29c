"""The certified route for widths (L, 1, 1): every stratum's U covered, its points proved."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from reluenum.engines.deep.covers import covered_in_batches, landscape_of_covers
from reluenum.engines.deep.enumeration.sizes import refuse_astronomical_strata
from reluenum.engines.deep.enumeration.strata import strata
from reluenum.engines.deep.minimality.judge import Judged, judge
from reluenum.engines.deep.systems.stratum import DeepStratum
from reluenum.engines.spires.inner import SpireInner
from reluenum.engines.spires.search import SpireSearch
from reluenum.engines.towers.batches import is_possible
from reluenum.errors import InputError
from reluenum.groebner.backends import DEFAULT_SETTINGS, Backends, Settings
from reluenum.groebner.roots import claimed_root
from reluenum.landscape.landscape import CertifiedLandscape
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
        spires = [stratum for stratum in found if is_possible(stratum)]
        batches = [spires[start : start + BATCH] for start in range(0, len(spires), BATCH)]
        covers = covered_in_batches(
            partial(_searched_together, problem, settings), batches, settings
        )
        restricted = self.asked is not None
        return landscape_of_covers(problem, settings, found, covers, "blocks", restricted)


def _refuse_widths(problem: Problem) -> None:
    if tuple(problem.hidden[1:]) != (1, 1):
        found = f"certified with hidden {','.join(map(str, problem.hidden))}"
        raise InputError("engine", found, "groebner, or hidden layers L,1,1")


def searched_spire(problem: Problem, stratum: DeepStratum, backends: Backends) -> SearchedSpire:
    """Find all stationary points of a stratum of widths (m, 1, 1) with live layers."""
    search = SpireSearch(SpireInner(problem, stratum), partial(claimed_root, backends))
    search.run()
    reason = ""
    if search.failed:
        low, high = search.failed[0]
        reason = f"U between {low:.6g} and {high:.6g} could not be excluded"
    return SearchedSpire(stratum, tuple(map(judge, search.networks)), search.items, reason)


def _searched_together(
    problem: Problem, settings: Settings, batch: Sequence[DeepStratum]
) -> list[SearchedSpire]:
    with settings.open() as backends:
        return [searched_spire(problem, stratum, backends) for stratum in batch]
