"""The engine for several hidden layers: one polynomial system for each stratum."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from reluenum.engines.deep.covers import covered_in_batches
from reluenum.engines.deep.enumeration.arrays import has_ranks
from reluenum.engines.deep.enumeration.sizes import refuse_astronomical_strata
from reluenum.engines.deep.enumeration.strata import strata
from reluenum.engines.deep.landscape import dead_network, deep_landscape
from reluenum.engines.deep.minimality.judge import Judged, judge
from reluenum.engines.deep.systems.solve import DeepOutcome, read_deep_outcome, solve_stratum
from reluenum.engines.deep.systems.stratum import DeepStratum
from reluenum.engines.deep.texts import of_sites, text_of
from reluenum.engines.groebner import in_batches
from reluenum.errors import IncompleteRunError, InputError
from reluenum.geometry.supports import not_once
from reluenum.groebner.backends import DEFAULT_SETTINGS, Backends, Settings
from reluenum.landscape.deep import DeepCounts
from reluenum.landscape.landscape import CertifiedLandscape, Completeness, Undecided
from reluenum.problem import Problem


class Examined(NamedTuple):
    """What became of a stratum.

    Parameters
    ----------
    stratum : DeepStratum
    points : tuple of Judged
        Its stationary points.
    reason : str
        Why they may not be all; empty if they are.
    exact : bool
        Whether every Groebner basis was computed over Q.
    """

    stratum: DeepStratum
    points: tuple[Judged, ...]
    reason: str
    exact: bool


@dataclass(frozen=True)
class LayerEngine:
    """An `Engine` for networks with several hidden layers that solves polynomial systems.

    Parameters
    ----------
    asked : tuple of DeepStratum, optional
        The only strata to look at; the list of minima is then not complete.
    """

    asked: tuple[DeepStratum, ...] | None = None

    def refuse_astronomical(self, problem: Problem) -> None:
        """Refuse a problem that is too large to be started without being asked twice."""
        if self.asked is None:
            refuse_astronomical_strata(problem)

    def landscape(
        self, problem: Problem, settings: Settings = DEFAULT_SETTINGS
    ) -> CertifiedLandscape:
        """Find every local minimum of a problem and prove that none is missing."""
        found = self.asked or strata(problem)
        work, batches = partial(_examined_strata, problem, settings), [found]
        if settings.jobs > 1:
            work = partial(_examined_in_process, problem, settings)
            batches = [batch for (batch,) in in_batches(list(found), settings.jobs)]
        return self.joined(problem, list(covered_in_batches(work, batches, settings)))

    def patterns(self, problem: Problem) -> list[list[str]]:
        """Return the texts of all strata, by the activation pattern of the last layer."""
        found: dict[tuple[str, ...], list[str]] = {}
        for stratum in strata(problem):
            columns = tuple(row.replace("0", "+") for row in stratum.layers[-1])
            found.setdefault(columns, []).append(stratum.text)
        return [found[pattern] for pattern in sorted(found)]

    def outcomes(
        self, problem: Problem, texts: Iterable[str], backends: Backends
    ) -> Iterator[dict[str, Any]]:
        """Yield what the systems of some strata say, as `certified` reads it."""
        for text in texts:
            yield solve_stratum(problem, DeepStratum.of_text(text), backends).to_document()

    def certified(
        self, problem: Problem, records: Iterable[Mapping[str, Any]]
    ) -> CertifiedLandscape:
        """Return the landscape of all outcomes, their points proved anew.

        Raises
        ------
        IncompleteRunError
            If a stratum is missing, doubled or unknown.
        """
        outcomes = [read_deep_outcome(problem, record) for record in records]
        every, of = strata(problem), {outcome.stratum: outcome for outcome in outcomes}
        if fault := not_once(every, (outcome.stratum for outcome in outcomes)):
            raise IncompleteRunError(f"{fault[0].text} is missing, doubled or unknown")
        return self.joined(problem, [examined_outcome(of[stratum]) for stratum in every])

    def joined(self, problem: Problem, examined: Sequence[Examined]) -> CertifiedLandscape:
        """Return the landscape, from what became of all strata."""
        restricted = self.asked is not None
        points = [point for stratum in examined for point in stratum.points]
        if not restricted:
            points.append(judge(dead_network(problem)))
        undecided = (
            Undecided(text_of(problem, e.stratum.layers), e.reason) for e in examined if e.reason
        )
        rests_on = (
            Completeness.RESTRICTED
            if restricted
            else Completeness.EXACT_BASIS
            if all(stratum.exact for stratum in examined)
            else Completeness.ENGINE
        )
        counts = DeepCounts.of(problem, len(examined))
        return deep_landscape(problem, points, undecided, counts, rests_on)


def examined_outcome(outcome: DeepOutcome) -> Examined:
    """Judge the stationary points of a stratum."""
    points = tuple(map(judge, outcome.networks))
    return Examined(outcome.stratum, points, outcome.reason, outcome.exact)


def _examined_strata(
    problem: Problem, settings: Settings, found: Iterable[DeepStratum]
) -> Iterator[Examined]:
    """Solve strata and judge their points, one after the other."""
    with settings.open() as backends:
        for stratum in found:
            yield examined_outcome(solve_stratum(problem, stratum, backends))


def _examined_in_process(
    problem: Problem, settings: Settings, found: Iterable[DeepStratum]
) -> list[Examined]:
    """Do a worker's part; points are proved again when they are read by the caller."""
    return list(_examined_strata(problem, settings, found))


def asked_strata(problem: Problem, texts: Iterable[tuple[str, str]]) -> tuple[DeepStratum, ...]:
    """Read the strata that an enumeration is restricted to.

    Parameters
    ----------
    problem : Problem
    texts : iterable of (str, str)
        Where each text stands, and the text: rows of signs, one a data point, joined by commas,
        layers by slashes. Signs that no equation sees may be dots.

    Raises
    ------
    InputError
        Naming the place of a text that is no stratum of the problem.

    Examples
    --------
    >>> problem = Problem.from_arrays([-1, 0, 1], [0, 1, 3], width=[2, 1], ridge=0.1)
    >>> [stratum.text for stratum in asked_strata(problem, [("line 1", "-++,++-/-++")])]
    ['.++,.+-/-++']
    """
    found = dict.fromkeys(_asked_stratum(problem, *text) for text in texts)
    if not found:
        raise InputError("supports", "none", "a text such as ++-/+++ for each stratum")
    return tuple(found)


def _asked_stratum(problem: Problem, where: str, text: str) -> DeepStratum:
    """Read one of them."""
    layers = [[row.strip() for row in layer.split(",") if row.strip()] for layer in text.split("/")]
    hidden = problem.hidden
    if len(layers) != len(hidden):
        expected = f"one for each of {len(hidden)} hidden layers, joined by slashes"
        raise InputError(where, f"rows of {len(layers)} layers", expected)
    for layer, width in zip(layers, hidden, strict=True):
        if len(layer) > width:
            raise InputError(where, f"{len(layer)} rows in a layer", f"at most its width, {width}")
    living = [bool(layer) for layer in layers]
    if not living[-1] or living != sorted(living):
        raise InputError(where, "a layer without rows above others", "rows in the last layers")
    rows = [[of_sites(problem, row, where) for row in layer] for layer in layers]
    found = DeepStratum.of(rows)
    if found != DeepStratum.of([row.replace(".", "+") for row in layer] for layer in rows):
        raise InputError(where, "a dot where a sign matters", "one of +-0 there")
    if not found.is_live:
        raise InputError(where, "a row that is + nowhere it matters", "a + in every row")
    if not has_ranks(problem, found):
        expected = "each row so often at most as units with it can be independent"
        raise InputError(where, "a row too often", expected)
    return found
