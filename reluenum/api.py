"""The Python interface: a `Problem` goes in, a `Landscape` comes out."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from functools import cached_property, partial
from math import comb
from typing import Any

from pebble import ProcessPool
from tqdm import tqdm

from reluenum.arrangement import Arrangement
from reluenum.completeness import Projections
from reluenum.document import minima_document
from reluenum.eliminated import ProductOutcome
from reluenum.errors import InputError
from reluenum.formulations import ELIMINATED, REDUCED, Formulation
from reluenum.formulations import formulation as named_formulation
from reluenum.groebner import DEFAULT_MEGABYTES, DEFAULT_SECONDS, Engine, Limits, open_engine
from reluenum.landscape import CertifiedLandscape
from reluenum.patterns import Counts, Pattern, Support, patterns, refuse_astronomical
from reluenum.problem import Problem
from reluenum.prove import SUPPORT_LIMIT as CERTIFIED_LIMIT
from reluenum.prove import prove
from reluenum.recorded import RecordedLandscape, recorded
from reluenum.refutation import examine, refuse_astronomical_matrices
from reluenum.scalars import whole
from reluenum.series import Solver, outcomes_of_size
from reluenum.spool import Task, surveyed
from reluenum.stationary import Outcome, solve_support
from reluenum.views import Views
from reluenum.workers import WORKERS

ENGINES = ("groebner", CERTIFIED := "certified")
"""How supports are decided: one polynomial system each, or in batches by rigorous numerics."""

SMALLEST_BATCH, LARGEST_BATCH = 4, 64
"""Bounds on the number of supports or patterns that travel to a worker process at once."""


class Landscape(Views, CertifiedLandscape):
    """A certified landscape: a sequence of its components with document, tables and figures.

    `landscape[0]` is the best component; a slice is a tuple of components. A landscape can be
    copied and pickled: what is exact stays so, and points are certified again when they are read.

    Examples
    --------
    >>> problem = Problem.from_arrays([-1, 1], [0, 2], width=1, ridge=0.5)
    >>> landscape = enumerate_minima(problem)
    >>> landscape.is_complete, len(landscape)
    (True, 1)
    >>> best = landscape[0]
    >>> best
    Component(loss=1.289213562, isolated, 0+x1)
    >>> best.predict([-1, 0, 1, 2]).round(2).tolist()
    [0.0, 0.82, 1.65, 2.47]
    >>> landscape.frame().loc[0, ["kind", "support", "global_at_every_width"]].tolist()
    ['isolated', '(0+) a>0 x1', True]
    >>> list(landscape.units().columns)
    ['component', 'unit', 'face', 'a', 'b_x', 'c']
    """

    @cached_property
    def document(self) -> dict[str, Any]:
        """What `save` writes: the format `reluenum-minima` (results/README.md has its keys)."""
        return minima_document(self)

    @staticmethod
    def from_document(document: Mapping[str, Any]) -> RecordedLandscape:
        """Return what a document says, which has decimals in the place of exact numbers.

        `read_landscape` does it with a file.

        Examples
        --------
        >>> problem = Problem.from_arrays([-1, 1], [0, 2], width=1, ridge=0.5)
        >>> found = Landscape.from_document(enumerate_minima(problem).document)
        >>> found.problem == problem, len(found), found[0].loss
        (True, 1, Decimal('1.28921356237309504880168872421'))
        """
        return recorded(document)


def enumerate_minima(
    problem: Problem,
    backend: str = "auto",
    seconds: float = DEFAULT_SECONDS,
    jobs: int = 1,
    progress: bool = False,
    force: bool = False,
    megabytes: int = DEFAULT_MEGABYTES,
    formulation: str = "reduced",
    all_patterns: bool = False,
    engine: str = "groebner",
) -> Landscape:
    """Find every local minimum of a problem and prove that none is missing.

    Parameters
    ----------
    problem : Problem
    backend : str
        `auto`, or the name of one Groebner basis engine.
    seconds : float
        Time limit of one backend on one system; a support whose system no backend finishes is
        listed as undecided.
    jobs : int
        Number of processes.
    progress : bool
        Whether to show a bar on standard error.
    force : bool
        Whether to start even when the supports are astronomically many.
    megabytes : int
        Memory limit of one backend on one system, treated like that of time.
    formulation : str
        `reduced`: stationarity systems and Theorems A to E. `eliminated`: the paper's surrogate
        on every product of faces, and the classical conditions.
    all_patterns : bool
        Whether to go through all 2^(n L) sign matrices, as the paper does, and to refute those
        that are not realisable one by one.
    engine : str
        `groebner` solves the polynomial system of every support. `certified` decides supports in
        batches, by rigorous numerics, and adds a certificate to the document; it asks the backend
        only about what may be exactly 0, and has no formulations.

    Returns
    -------
    Landscape

    Raises
    ------
    InputError
        If backend, formulation or engine are unknown, a number is none, or, without `force`, the
        problem is too large.

    Examples
    --------
    >>> problem = Problem.from_text([["-1"], ["1"]], ["0", "2"], width=1, ridge="1/2")
    >>> enumerate_minima(problem)  # doctest: +ELLIPSIS
    Landscape of Problem(n=2, d=1, width=1, ridge=1/2, loss=sum, output_bias=none): 1 compon...
    """
    limits, jobs = Limits(seconds, megabytes), whole(jobs, "jobs")
    if named_engine(engine) == CERTIFIED:
        _refuse_beside_certified(formulation, all_patterns)
        if not force:
            refuse_astronomical(problem, CERTIFIED_LIMIT)
        task = Task(problem, problem.width, backend, limits)
        return Landscape(**_known(prove(task, surveyed(task, jobs, progress)).landscape))
    route = named_formulation(formulation)
    if not force:
        refuse_astronomical(problem)
    if all_patterns and not force:
        refuse_astronomical_matrices(problem)
    arrangement = Arrangement.of(problem)
    examined = examine(problem, arrangement, progress).to_document() if all_patterns else None
    start, solved = (_supports, _by_size) if route is REDUCED else (_products, _by_pattern)
    with _solver(problem, start, route, backend, limits, jobs) as solve:
        outcomes = list(solved(problem, arrangement, solve, progress))
    certified = route.certify(route.merge(problem, arrangement, outcomes), arrangement)
    return Landscape(**_known(certified) | {"sign_matrices": examined})


def named_engine(name: str) -> str:
    """Return the name of an engine.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    if name not in ENGINES:
        raise InputError("engine", repr(name), f"one of {', '.join(ENGINES)}")
    return name


def _refuse_beside_certified(formulation: str, all_patterns: bool) -> None:
    """Refuse what belongs to the Groebner engine alone."""
    if formulation != REDUCED.name:
        raise InputError("formulation", repr(formulation), "none beside the certified engine")
    if all_patterns:
        raise InputError("all_patterns", "True", "False beside the certified engine")


def _known(certified: CertifiedLandscape) -> dict[str, Any]:
    return {field.name: getattr(certified, field.name) for field in fields(certified)}


def _by_size(
    problem: Problem, arrangement: Arrangement, solve: Solver, progress: bool
) -> Iterator[Outcome]:
    """Yield the outcome of every support; reducible ones need no solver (Theorem E)."""
    known = Projections(problem)
    total = Counts.of(problem, arrangement).supports_examined
    with tqdm(total=total, unit="support", disable=not progress) as bar:
        for size in range(1, problem.width + 1):
            for outcome in outcomes_of_size(arrangement, size, known, solve):
                bar.update()
                yield outcome


def _by_pattern(
    problem: Problem, arrangement: Arrangement, solve: Solver, progress: bool
) -> Iterator[ProductOutcome]:
    """Yield the outcome of every product of faces, one pattern after the other."""
    total = comb(len(arrangement.faces) + problem.width - 1, problem.width)
    with tqdm(total=total, unit="product", disable=not progress) as bar:
        for outcome in solve(patterns(arrangement, problem.width)):
            bar.update()
            yield outcome


def _supports(problem: Problem, engine: Engine) -> Callable[[Support], list[Outcome]]:
    """Return a function that solves one support."""
    return lambda support: [solve_support(problem, support, engine)]


def _products(problem: Problem, engine: Engine) -> Callable[[Pattern], list[ProductOutcome]]:
    """Return a function that solves the products of faces of one pattern."""
    return ELIMINATED.solver(problem, Arrangement.of(problem), engine)


@contextmanager
def _solver(
    problem: Problem,
    start: Callable[[Problem, Engine], Callable[[Any], list]],
    route: Formulation,
    backend: str,
    limits: Limits,
    jobs: int,
) -> Iterator[Solver]:
    """Provide a function that solves many items, here or in so many processes, in order."""
    with open_engine(backend, limits) as engine:
        if jobs == 1:
            solve = start(problem, engine)
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
    start: Callable[[Problem, Engine], Callable[[Any], list]],
    backend: str,
    limits: Limits,
    items: list,
) -> list[dict[str, Any]]:
    """Solve items in a worker process; outcomes travel as text."""
    with open_engine(backend, limits) as engine:
        solve = start(problem, engine)
        return [outcome.to_document() for item in items for outcome in solve(item)]
