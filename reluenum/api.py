"""The Python interface: a `Problem` goes in, a `Landscape` comes out."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import fields
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from tqdm import tqdm

from reluenum.arrangement import Arrangement
from reluenum.document import minima_document, to_json, write_text
from reluenum.figures import FIGURES
from reluenum.groebner import DEFAULT_SECONDS, open_engine
from reluenum.landscape import CertifiedLandscape, landscape
from reluenum.merge import merge
from reluenum.patterns import Pattern, patterns, refuse_astronomical
from reluenum.problem import Problem
from reluenum.stationary import read_outcome, solve_pattern
from reluenum.tables import components_frame


class Landscape(CertifiedLandscape):
    """A certified landscape with its views: document, table and figures."""

    @cached_property
    def document(self) -> dict[str, Any]:
        """The contract's document."""
        return minima_document(self)

    def frame(self) -> pd.DataFrame:
        """Return one row per component."""
        return components_frame(self.document)

    def figures(self) -> dict[str, Figure]:
        """Return every figure of one instance, by name."""
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
    Landscape of Problem(n=2, d=1, width=1, ridge=1/2, loss=sum, output_bias=none): 1 components...
    """
    if not force:
        refuse_astronomical(problem)
    arrangement = Arrangement.of(problem)
    with _solver(problem, backend, seconds, jobs) as solve:
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
def _solver(problem: Problem, backend: str, seconds: float, jobs: int) -> Iterator[Solver]:
    """Provide a function that solves supports, here or in so many processes, in order."""
    if jobs <= 1:
        with open_engine(backend, seconds) as engine:
            yield lambda batch: (solve_support(problem, support, engine) for support in batch)
        return
    open_engine(backend, seconds).close()
    arrangement = Arrangement.of(problem)
    settings = (problem, backend, seconds)
    with ProcessPoolExecutor(
        jobs, get_context("spawn"), initializer=_start_worker, initargs=settings
    ) as pool:
        yield lambda batch: (
            read_outcome(problem, arrangement, record)
            for record in pool.map(_solve_in_worker, batch, chunksize=4)
        )


_worker: ExitStack = ExitStack()
_solve_here: Callable[[Support], Outcome]


def _start_worker(problem: Problem, backend: str, seconds: float) -> None:
    """Open the engine of a worker process, once."""
    global _solve_here
    engine = _worker.enter_context(open_engine(backend, seconds))
    atexit.register(_worker.close)
    _solve_here = partial(_solve, problem, engine)


def _solve(problem: Problem, engine: Engine, support: Support) -> Outcome:
    return solve_support(problem, support, engine)


def _solve_in_worker(support: Support) -> dict[str, Any]:
    """Solve a support in a worker process; outcomes travel as text."""
    return _solve_here(support).to_document()
