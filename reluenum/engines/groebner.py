"""Supports or patterns one after the other, here or in processes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from math import comb
from typing import Any

from pebble import ProcessPool
from tqdm import tqdm

from reluenum.engines.eliminated.products import ProductOutcome
from reluenum.engines.formulations import ELIMINATED, Formulation
from reluenum.engines.reduced.by_size import Solver, outcomes_of_size
from reluenum.engines.reduced.completeness import KnownResiduals
from reluenum.engines.reduced.outcomes import Outcome, solve_support
from reluenum.geometry.arrangement import Arrangement
from reluenum.geometry.patterns import Counts, Pattern, patterns
from reluenum.geometry.supports import Support
from reluenum.groebner import Backends, Limits, open_backends
from reluenum.groebner.workers import WORKERS
from reluenum.problem import Problem

SMALLEST_BATCH, LARGEST_BATCH = 4, 64
"""Bounds on the number of supports or patterns that travel to a worker process at once."""


def outcomes_by_size(
    problem: Problem, arrangement: Arrangement, solve: Solver, progress: bool
) -> Iterator[Outcome]:
    """Yield the outcome of every support; reducible ones need no solver (Theorem E)."""
    known = KnownResiduals(problem)
    total = Counts.of(problem, arrangement).supports_examined
    with tqdm(total=total, unit="support", disable=not progress) as bar:
        for size in range(1, problem.width + 1):
            for outcome in outcomes_of_size(arrangement, size, known, solve):
                bar.update()
                yield outcome


def outcomes_by_pattern(
    problem: Problem, arrangement: Arrangement, solve: Solver, progress: bool
) -> Iterator[ProductOutcome]:
    """Yield the outcome of every product of faces, one pattern after the other."""
    total = comb(len(arrangement.faces) + problem.width - 1, problem.width)
    with tqdm(total=total, unit="product", disable=not progress) as bar:
        for outcome in solve(patterns(arrangement, problem.width)):
            bar.update()
            yield outcome


def support_solver(problem: Problem, backends: Backends) -> Callable[[Support], list[Outcome]]:
    """Return a function that solves one support."""
    return lambda support: [solve_support(problem, support, backends)]


def product_solver(
    problem: Problem, backends: Backends
) -> Callable[[Pattern], list[ProductOutcome]]:
    """Return a function that solves the products of faces of one pattern."""
    return ELIMINATED.solver(problem, Arrangement.of(problem), backends)


@contextmanager
def solver(
    problem: Problem,
    start: Callable[[Problem, Backends], Callable[[Any], list]],
    route: Formulation,
    backend: str,
    limits: Limits,
    jobs: int,
) -> Iterator[Solver]:
    """Provide a function that solves many items, here or in so many processes, in order."""
    with open_backends(backend, limits) as backends:
        if jobs == 1:
            solve = start(problem, backends)
            yield lambda items: (outcome for item in items for outcome in solve(item))
            return
    arrangement = Arrangement.of(problem)
    work = partial(_solve_batch, problem, start, backend, limits)
    pool = ProcessPool(jobs, context=WORKERS)
    try:
        yield lambda items: (
            route.read(problem, arrangement, record)
            for records in pool.map(work, _batches(list(items), jobs)).result()
            for record in records
        )
        pool.close()
    except BaseException:
        pool.stop()
        raise
    finally:
        pool.join()


def _batches(items: list, jobs: int) -> list[list]:
    """Split items into several batches per process, none so small that starting it shows."""
    size = min(max(len(items) // (8 * jobs), SMALLEST_BATCH), LARGEST_BATCH)
    return [items[k : k + size] for k in range(0, len(items), size)]


def _solve_batch(
    problem: Problem,
    start: Callable[[Problem, Backends], Callable[[Any], list]],
    backend: str,
    limits: Limits,
    items: list,
) -> list[dict[str, Any]]:
    """Solve items in a worker process; outcomes travel as text."""
    with open_backends(backend, limits) as backends:
        solve = start(problem, backends)
        return [outcome.to_document() for item in items for outcome in solve(item)]
