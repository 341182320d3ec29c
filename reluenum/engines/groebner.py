"""The Groebner engine: one polynomial system for each support or product of faces."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from tqdm import tqdm

from reluenum.engines.formulations import REDUCED, Formulation, formulation
from reluenum.engines.reduced.by_size import SolveAll
from reluenum.geometry.geometry import Geometry
from reluenum.geometry.sign_matrices import refuse_astronomical_matrices, refute_all
from reluenum.geometry.sizes import SUPPORT_LIMIT, refuse_astronomical
from reluenum.groebner.backends import DEFAULT_SETTINGS, Settings
from reluenum.groebner.workers import in_processes
from reluenum.landscape.landscape import CertifiedLandscape
from reluenum.problem import Problem

SMALLEST_BATCH, LARGEST_BATCH = 4, 64
"""Bounds on the number of supports or patterns that travel to a worker process at once."""


@dataclass(frozen=True)
class GroebnerEngine:
    """An `Engine` that solves polynomial systems.

    Parameters
    ----------
    formulation : Formulation
    all_patterns : bool
        Whether it goes through all 2^(n L) sign matrices, as the paper does, and refutes those
        that are not realisable one by one.
    """

    formulation: Formulation = REDUCED
    all_patterns: bool = False

    def refuse_astronomical(self, problem: Problem) -> None:
        """Refuse a problem that is too large to be started without being asked twice."""
        refuse_astronomical(problem, SUPPORT_LIMIT)
        if self.all_patterns:
            refuse_astronomical_matrices(problem)

    def landscape(
        self, problem: Problem, settings: Settings = DEFAULT_SETTINGS
    ) -> CertifiedLandscape:
        """Find every local minimum of a problem and prove that none is missing."""
        geometry, route = Geometry.of(problem), self.formulation
        examined = None
        if self.all_patterns:
            examined = refute_all(geometry, settings.progress).to_document()
        bar = {"total": route.total(geometry), "unit": route.unit}
        with _solving(geometry, route, settings) as solve:
            coming = route.outcomes(geometry, solve)
            outcomes = list(tqdm(coming, disable=not settings.progress, **bar))
        found = route.certify(route.merge(geometry, outcomes), geometry)
        return replace(found, sign_matrices=examined)


@contextmanager
def _solving(geometry: Geometry, route: Formulation, settings: Settings) -> Iterator[SolveAll]:
    """Provide a function that solves many items, here or in processes, in order."""
    with settings.open() as backends:
        if settings.jobs == 1:
            solve = route.item_solver(geometry, backends)
            yield lambda items: (outcome for item in items for outcome in solve(item))
            return
    with in_processes(settings.jobs) as mapped:
        work = partial(_solve_batch, geometry.problem, route.name, settings)
        yield lambda items: (
            route.read(geometry, record)
            for records in mapped(work, in_batches(list(items), settings.jobs), _in_words)
            for record in records
        )


def _in_words(items: list) -> str:
    return f"{items[0]} and {len(items) - 1} more"


def in_batches(items: list, jobs: int) -> list[tuple[list]]:
    """Split items into several batches per process, none so small that starting it shows."""
    size = min(max(len(items) // (8 * jobs), SMALLEST_BATCH), LARGEST_BATCH)
    return [(items[k : k + size],) for k in range(0, len(items), size)]


def _solve_batch(
    problem: Problem, route: str, settings: Settings, items: list
) -> list[dict[str, Any]]:
    """Solve items in a worker process; outcomes travel as text."""
    with settings.open() as backends:
        solve = formulation(route).item_solver(Geometry.of(problem), backends)
        return [outcome.to_document() for item in items for outcome in solve(item)]
