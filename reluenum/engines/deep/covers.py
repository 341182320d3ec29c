"""Strata that are covered by a certified engine: in batches, and joined with their certificate."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, Protocol, TypeVar

from flint import fmpq
from tqdm import tqdm

from reluenum.engines.deep.enumeration.sizes import STRATA_LIMIT, refuse_astronomical_strata
from reluenum.engines.deep.enumeration.strata import strata
from reluenum.engines.deep.landscape import dead_network, deep_landscape
from reluenum.engines.deep.minimality.judge import Judged, judge
from reluenum.engines.deep.systems.solve import solve_stratum
from reluenum.engines.deep.systems.stratum import DeepStratum
from reluenum.engines.deep.texts import text_of
from reluenum.groebner.backends import DEFAULT_SETTINGS, Settings
from reluenum.groebner.workers import in_processes
from reluenum.landscape.deep import DeepCounts
from reluenum.landscape.landscape import CertifiedLandscape, Completeness, Undecided
from reluenum.problem import Problem


class StratumCover(Protocol):
    """What is known of a stratum with live layers, all parameters of which are covered.

    Parameters
    ----------
    stratum : DeepStratum
    judged : sequence of Judged
        Its stationary points.
    items : list
        Its part of the certificate.
    reason : str
        What is not known of it; empty if all is.
    """

    stratum: DeepStratum
    judged: Sequence[Judged]
    items: list
    reason: str


Answer = TypeVar("Answer")


def covered_in_batches(
    work: Callable[[Sequence[DeepStratum]], Iterable[Answer]],
    batches: Sequence[Sequence[DeepStratum]],
    settings: Settings,
) -> Iterator[Answer]:
    """Yield what is found on each stratum of batches, in order.

    Several in processes, if there are to be any; what a batch is turned into then has to be a list.
    """
    several = min(settings.jobs, len(batches)) > 1
    bar = tqdm(total=sum(map(len, batches)), unit="stratum", disable=not settings.progress)
    with bar, in_processes(settings.jobs) if several else nullcontext() as mapped:
        asked = [(batch,) for batch in batches]
        coming = mapped(work, asked, _batch_in_words) if several else map(work, batches)
        for found in coming:
            for one in found:
                bar.update()
                yield one


def _batch_in_words(batch: Sequence[DeepStratum]) -> str:
    return f"{batch[0].text} and {len(batch) - 1} more"


def landscape_of_covers(
    problem: Problem,
    settings: Settings,
    found: Sequence[DeepStratum],
    covers: Iterable[StratumCover],
    rule: str,
    restricted: bool,
) -> CertifiedLandscape:
    """Join what covers of strata hold, and the constant networks, with the record that proves it.

    Parameters
    ----------
    problem : Problem
        Of widths (L, 1), (L, 1, 1) or (1, L).
    settings : Settings
    found : sequence of DeepStratum
        All strata, constant ones included.
    covers : iterable of StratumCover
        Of those with live layers.
    rule : str
        What the certificate calls its items.
    restricted : bool
        Whether other strata were left out.
    """
    records = sorted(covers, key=lambda cover: cover.stratum.text)
    points, open_ones = [], []
    with settings.open() as backends:
        for stratum in (one for one in found if one.lowest):
            networks = solve_stratum(problem, stratum, backends).networks
            points += map(judge, networks)
            if len(networks) != constant_networks(problem, stratum.lowest):
                name = text_of(problem, stratum.layers)
                open_ones.append(Undecided(name, "not all constant networks are known"))
    if not restricted:
        points.append(judge(dead_network(problem)))
    points += [point for record in records for point in record.judged]
    open_ones += [
        Undecided(text_of(problem, record.stratum.layers), record.reason)
        for record in records
        if record.reason
    ]
    rests_on = Completeness.RESTRICTED if restricted else Completeness.PROVED
    counts = DeepCounts.of(problem, len(found))
    landscape = deep_landscape(problem, points, open_ones, counts, rests_on)
    if restricted:
        return landscape
    items = [[record.stratum.text, record.items] for record in records]
    return replace(landscape, certificate={"rule": rule, "strata": items})


@dataclass(frozen=True)
class CoverEngine(ABC):
    """An `Engine` for some widths; that its lists are complete, the checker proves.

    Parameters
    ----------
    asked : tuple of DeepStratum, optional
        The only strata to look at; the list of minima is then not complete.
    """

    asked: tuple[DeepStratum, ...] | None = None

    rule: ClassVar[str] = "blocks"
    """What the certificate calls its items."""

    most_strata: ClassVar[int] = STRATA_LIMIT
    """Largest bound on the number of strata that starts without being asked twice."""

    @abstractmethod
    def refuse_others(self, problem: Problem) -> None:
        """Refuse a problem of other widths.

        Raises
        ------
        InputError
            Naming the widths.
        """

    @abstractmethod
    def batches(self, found: Sequence[DeepStratum], jobs: int) -> Sequence[Sequence[DeepStratum]]:
        """Return the strata with live layers that may have points, in batches."""

    @abstractmethod
    def examined(
        self, problem: Problem, settings: Settings, batch: Sequence[DeepStratum]
    ) -> Sequence[StratumCover]:
        """Return what is known of the strata of a batch, in order."""

    def refuse_astronomical(self, problem: Problem) -> None:
        """Refuse a problem that is too large to be started without being asked twice."""
        self.refuse_others(problem)
        if self.asked is None:
            refuse_astronomical_strata(problem, self.most_strata)

    def landscape(
        self, problem: Problem, settings: Settings = DEFAULT_SETTINGS
    ) -> CertifiedLandscape:
        """Find every local minimum of a problem, with a record for the checker.

        Raises
        ------
        InputError
            If the widths are others.
        """
        self.refuse_others(problem)
        found = strata(problem) if self.asked is None else self.asked
        work, batches = (
            partial(self.examined, problem, settings),
            self.batches(found, settings.jobs),
        )
        covers = covered_in_batches(work, batches, settings)
        restricted = self.asked is not None
        return landscape_of_covers(problem, settings, found, covers, self.rule, restricted)


def constant_networks(problem: Problem, dead: int) -> int:
    """Count the constant networks with so many dead layers, of two or three (Lemma D3).

    Examples
    --------
    >>> problem = Problem.from_text([[0], [1], [2]], [5, 5, 5], [1, 1, 1], "241/20")
    >>> constant_networks(problem, 1), constant_networks(problem, 2)
    (2, 1)
    """
    ridge, size = problem.effective_ridge, sum(site.count for site in problem.sites)
    total = abs(sum((site.count * site.mean for site in problem.sites), start=fmpq(0)))
    if dead == len(problem.hidden) - 1:
        return int(total > ridge)
    # roots a > 1 of size a^4 - total a + ridge, which is convex
    first = size - total + ridge
    if first < 0 or total <= 4 * size:
        return int(first < 0)
    least = ridge**3 - (3 * total / 4) ** 3 * total / (4 * size)
    return int(least <= 0) + int(least < 0 and first > 0)
