"""The Python interface: a `Problem` goes in, a `Landscape` comes out."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from functools import cached_property, partial
from itertools import combinations
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pebble import ProcessPool
from tqdm import tqdm

from reluenum.arrangement import Arrangement
from reluenum.completeness import Projections
from reluenum.document import minima_document, to_json, write_text
from reluenum.groebner import DEFAULT_MEGABYTES, DEFAULT_SECONDS, Limits, open_engine
from reluenum.landscape import CertifiedLandscape, landscape
from reluenum.merge import merge
from reluenum.patterns import Counts, Support, refuse_astronomical
from reluenum.problem import Problem
from reluenum.stationary import Outcome, Verdict, read_outcome, solve_support

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

SMALLEST_BATCH, LARGEST_BATCH = 4, 64
"""Bounds on the number of supports that travel to a worker process at once."""


class Landscape(CertifiedLandscape):
    """A certified landscape with its views: document, table and figures."""

    @cached_property
    def document(self) -> dict[str, Any]:
        """The contract's document."""
        return minima_document(self)

    def frame(self) -> "pd.DataFrame":
        """Return one row per component."""
        from reluenum.tables import components_frame

        return components_frame(self.document)

    def figures(self) -> "dict[str, Figure]":
        """Return every figure of one instance, by name."""
        from reluenum.figures import FIGURES

        return {name: draw(self.document) for name, draw in FIGURES.items()}

    def save(self, path: str | Path) -> None:
        """Write the document to a file, whole or not at all."""
        write_text(Path(path), to_json(self.document))


def enumerate_minima(
    problem: Problem,
    backend: str = "auto",
    seconds: float = DEFAULT_SECONDS,
    jobs: int = 1,
    progress: bool = False,
    force: bool = False,
    megabytes: int = DEFAULT_MEGABYTES,
) -> Landscape:
    """Find every local minimum of a problem and prove that none is missing.

    Parameters
    ----------
    problem : Problem
    backend : str
        `auto`, or the name of one Groebner basis engine.
    seconds : float
        Time limit of one backend on one support; a support that no backend finishes is listed
        as undecided.
    jobs : int
        Number of processes.
    progress : bool
        Whether to show a bar on standard error.
    force : bool
        Whether to start even when the supports are astronomically many.
    megabytes : int
        Memory limit of one backend on one support, treated like that of time.

    Returns
    -------
    Landscape

    Raises
    ------
    InputError
        If the backend is unknown or, without `force`, the problem too large.

    Examples
    --------
    >>> problem = Problem.from_text([["-1"], ["1"]], ["0", "2"], width=1, ridge="1/2")
    >>> enumerate_minima(problem)  # doctest: +ELLIPSIS
    Landscape of Problem(n=2, d=1, width=1, ridge=1/2, loss=sum, output_bias=none): 1 compon...
    """
    if not force:
        refuse_astronomical(problem)
    arrangement = Arrangement.of(problem)
    with _solver(problem, backend, Limits(seconds, megabytes), jobs) as solve:
        outcomes = list(_by_size(problem, arrangement, solve, progress))
    certified = landscape(merge(problem, arrangement, outcomes), arrangement)
    return Landscape(*(getattr(certified, field.name) for field in fields(certified)))


Solver = Callable[[Iterable[Support]], Iterator[Outcome]]


def _by_size(
    problem: Problem, arrangement: Arrangement, solve: Solver, progress: bool
) -> Iterator[Outcome]:
    """Yield the outcome of every support; reducible ones need no solver (Theorem E)."""
    known = Projections(problem)
    total = Counts.of(problem, arrangement).supports_examined
    with tqdm(total=total, unit="support", disable=not progress) as bar:
        for size in range(1, problem.width + 1):
            everything = list(combinations(arrangement.live_faces, size))
            unsolved = [support for support in everything if not known.reduce(support)]
            bar.update(len(everything) - len(unsolved))
            for support in set(everything).difference(unsolved):
                yield Outcome(support, Verdict.NO_POINT)
            for outcome in solve(unsolved):
                if outcome.point is not None:
                    known.record(outcome.point)
                bar.update()
                yield outcome


@contextmanager
def _solver(problem: Problem, backend: str, limits: Limits, jobs: int) -> Iterator[Solver]:
    """Provide a function that solves supports, here or in so many processes, in order."""
    with open_engine(backend, limits) as engine:
        if jobs == 1:
            yield lambda supports: (solve_support(problem, s, engine) for s in supports)
            return
    arrangement = Arrangement.of(problem)
    work = partial(_solve_batch, problem, backend, limits)
    pool = ProcessPool(jobs, context=get_context("spawn"))
    try:
        yield lambda supports: (
            read_outcome(problem, arrangement, record)
            for records in pool.map(work, _batches(list(supports), jobs)).result()
            for record in records
        )
        pool.close()
    except BaseException:
        pool.stop()
        raise
    finally:
        pool.join()


def _batches(supports: list[Support], jobs: int) -> list[list[Support]]:
    """Split supports into several batches per process, none so small that starting it shows."""
    size = min(max(len(supports) // (8 * jobs), SMALLEST_BATCH), LARGEST_BATCH)
    return [supports[k : k + size] for k in range(0, len(supports), size)]


def _solve_batch(
    problem: Problem, backend: str, limits: Limits, supports: list[Support]
) -> list[dict[str, Any]]:
    """Solve supports in a worker process; outcomes travel as text."""
    with open_engine(backend, limits) as engine:
        return [solve_support(problem, support, engine).to_document() for support in supports]
