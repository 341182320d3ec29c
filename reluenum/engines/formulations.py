"""The two ways from a pattern to the landscape, behind one set of functions.

`reduced` solves the stationarity systems of supports and decides by Theorems A to E; `eliminated`
is the paper's route over the surrogate, which shares neither its systems nor its criteria.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from math import comb
from typing import Any

from reluenum.engines.eliminated.products import (
    EliminatedSolver,
    ProductOutcome,
    product_counts,
    read_product,
)
from reluenum.engines.eliminated.strata import eliminated_landscape, merge_products
from reluenum.engines.reduced.by_size import SolveAll, outcomes_of_size
from reluenum.engines.reduced.completeness import KnownResiduals
from reluenum.engines.reduced.merge import merge
from reluenum.engines.reduced.outcomes import (
    Outcome,
    read_outcome,
    solve_pattern,
    solve_support,
    verdict_counts,
)
from reluenum.engines.reduced.route import landscape
from reluenum.errors import InputError
from reluenum.geometry.arrangement import Arrangement
from reluenum.geometry.patterns import Counts, Pattern, patterns
from reluenum.geometry.supports import Support
from reluenum.groebner import Backends
from reluenum.landscape.landscape import CertifiedLandscape
from reluenum.problem import Problem


@dataclass(frozen=True)
class Formulation:
    """What a formulation makes of patterns, outcomes and merged points.

    Parameters
    ----------
    name : str
    solver : callable
        From a problem, its arrangement and backends to a function that solves one pattern and
        returns a list of outcomes, each with `to_document`.
    whole : Enumeration
        How one run goes through the whole problem.
    read : callable
        From a problem, its arrangement and a record to an outcome, its points certified anew.
    verdicts : callable
        From outcomes to how many there are of each kind.
    merge : callable
        From a problem, its arrangement and all outcomes to the distinct points, with
        `to_document`; raises IncompleteRunError if an outcome is missing or doubled.
    certify : callable
        From merged points and the arrangement to the landscape.
    """

    name: str
    solver: Callable[[Problem, Arrangement, Backends], Callable[[Pattern], list]]
    whole: "Enumeration"
    read: Callable[[Problem, Arrangement, Mapping[str, Any]], Any]
    verdicts: Callable[[Iterable], dict[str, int]]
    merge: Callable[[Problem, Arrangement, Iterable], Any]
    certify: Callable[[Any, Arrangement], CertifiedLandscape]


@dataclass(frozen=True)
class Enumeration:
    """How one run goes through a problem: item by item, each solved for itself.

    Parameters
    ----------
    unit : str
        What a progress bar counts.
    total : callable
        From a problem and its arrangement to how many outcomes there will be.
    solver : callable
        From a problem and backends to a function that solves one item.
    outcomes : callable
        From a problem, its arrangement and a function that solves many items to the outcomes.
    """

    unit: str
    total: Callable[[Problem, Arrangement], int]
    solver: Callable[[Problem, Backends], Callable[[Any], list]]
    outcomes: Callable[[Problem, Arrangement, SolveAll], Iterator]


def _support_solver(problem: Problem, backends: Backends) -> Callable[[Support], list]:
    return lambda support: [solve_support(problem, support, backends)]


def _outcomes_by_size(
    problem: Problem, arrangement: Arrangement, solve: SolveAll
) -> Iterator[Outcome]:
    """Yield the outcome of every support; reducible ones need no solver (Theorem E)."""
    known = KnownResiduals(problem)
    for size in range(1, problem.width + 1):
        yield from outcomes_of_size(arrangement, size, known, solve)


def _product_solver(problem: Problem, backends: Backends) -> Callable[[Pattern], list]:
    return _eliminated_solver(problem, Arrangement.of(problem), backends)


def _outcomes_by_pattern(
    problem: Problem, arrangement: Arrangement, solve: SolveAll
) -> Iterator[ProductOutcome]:
    """Yield the outcome of every product of faces, one pattern after the other."""
    return solve(patterns(arrangement, problem.width))


def _count_products(problem: Problem, arrangement: Arrangement) -> int:
    return comb(len(arrangement.faces) + problem.width - 1, problem.width)


def _count_supports(problem: Problem, arrangement: Arrangement) -> int:
    return Counts.of(problem, arrangement).supports_examined


def _reduced_solver(
    problem: Problem, arrangement: Arrangement, backends: Backends
) -> Callable[[Pattern], list]:
    return partial(solve_pattern, problem, arrangement, backends=backends)


def _eliminated_solver(
    problem: Problem, arrangement: Arrangement, backends: Backends
) -> Callable[[Pattern], list]:
    solver = EliminatedSolver(problem, backends)
    return partial(solver.pattern, arrangement=arrangement)


REDUCED = Formulation(
    "reduced",
    _reduced_solver,
    Enumeration("support", _count_supports, _support_solver, _outcomes_by_size),
    read_outcome,
    verdict_counts,
    merge,
    landscape,
)

ELIMINATED = Formulation(
    "eliminated",
    _eliminated_solver,
    Enumeration("product", _count_products, _product_solver, _outcomes_by_pattern),
    read_product,
    product_counts,
    merge_products,
    eliminated_landscape,
)

FORMULATIONS: Mapping[str, Formulation] = {f.name: f for f in (REDUCED, ELIMINATED)}


def formulation(name: str) -> Formulation:
    """Return a formulation by its name.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    if name not in FORMULATIONS:
        raise InputError("formulation", repr(name), f"one of {', '.join(FORMULATIONS)}")
    return FORMULATIONS[name]
