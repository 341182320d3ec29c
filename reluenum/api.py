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
    todo = list(patterns(arrangement, problem.width))
    work = partial(_solve, problem, arrangement, backend, seconds)
    solved = _mapped(work, todo, jobs)
    bar = tqdm(solved, total=len(todo), unit="pattern", disable=not progress)
    outcomes = [read_outcome(problem, arrangement, record) for batch in bar for record in batch]
    certified = landscape(merge(problem, arrangement, outcomes), arrangement)
    return Landscape(*(getattr(certified, field.name) for field in fields(certified)))


def _mapped(work: partial, todo: list[Pattern], jobs: int) -> Iterator[list[dict]]:
    """Apply a function to all patterns, here or in so many processes, in order."""
    if jobs <= 1:
        yield from map(work, todo)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(work, todo, chunksize=1)


def _solve(
    problem: Problem, arrangement: Arrangement, backend: str, seconds: float, pattern: Pattern
) -> list[dict]:
    """Solve one pattern; outcomes travel between processes as text."""
    with open_engine(backend, seconds) as engine:
        return [o.to_document() for o in solve_pattern(problem, arrangement, pattern, engine)]
