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
from reluenum.geometry.geometry import Geometry
from reluenum.geometry.patterns import Counts, Pattern, patterns
from reluenum.geometry.supports import Support
from reluenum.groebner.backends import Backends
from reluenum.landscape.landscape import CertifiedLandscape


@dataclass(frozen=True)
class Formulation:
    """What a formulation makes of patterns, outcomes and merged points.

    Parameters
    ----------
    name : str
    solver : callable
        From a geometry and backends to a function that solves one pattern and returns a list of
        outcomes, each with `to_document`.
    unit : str
        What a run counts that goes through the whole problem, item by item.
    total : callable
        From a geometry to how many outcomes there will be.
    item_solver : callable
        From a geometry and backends to a function that solves one item.
    outcomes : callable
        From a geometry and a function that solves many items to the outcomes.
    read : callable
        From a geometry and a record to an outcome, its points certified anew.
    verdicts : callable
        From outcomes to how many there are of each kind.
    merge : callable
        From a geometry and all outcomes to the distinct points, with `to_document`; raises
        IncompleteRunError if an outcome is missing or doubled.
    certify : callable
        From merged points and the geometry to the landscape.
    """

    name: str
    solver: Callable[[Geometry, Backends], Callable[[Pattern], list]]
    unit: str
    total: Callable[[Geometry], int]
    item_solver: Callable[[Geometry, Backends], Callable[[Any], list]]
    outcomes: Callable[[Geometry, SolveAll], Iterator]
    read: Callable[[Geometry, Mapping[str, Any]], Any]
    verdicts: Callable[[Iterable], dict[str, int]]
    merge: Callable[[Geometry, Iterable], Any]
    certify: Callable[[Any, Geometry], CertifiedLandscape]


def _support_solver(geometry: Geometry, backends: Backends) -> Callable[[Support], list]:
    return lambda support: [solve_support(geometry.problem, support, backends)]


def _outcomes_by_size(geometry: Geometry, solve: SolveAll) -> Iterator[Outcome]:
    """Yield the outcome of every support; reducible ones need no solver (Theorem E)."""
    known = KnownResiduals(geometry.problem)
    for size in range(1, geometry.problem.width + 1):
        yield from outcomes_of_size(geometry.arrangement, size, known, solve)


def _outcomes_by_pattern(geometry: Geometry, solve: SolveAll) -> Iterator[ProductOutcome]:
    """Yield the outcome of every product of faces, one pattern after the other."""
    return solve(patterns(geometry.arrangement, geometry.problem.width))


def _count_products(geometry: Geometry) -> int:
    return comb(
        len(geometry.arrangement.faces) + geometry.problem.width - 1, geometry.problem.width
    )


def _count_supports(geometry: Geometry) -> int:
    return Counts.of(geometry).supports_examined


def _reduced_solver(geometry: Geometry, backends: Backends) -> Callable[[Pattern], list]:
    return partial(solve_pattern, geometry, backends=backends)


def _eliminated_solver(geometry: Geometry, backends: Backends) -> Callable[[Pattern], list]:
    solver = EliminatedSolver(geometry.problem, backends)
    return partial(solver.pattern, arrangement=geometry.arrangement)


REDUCED = Formulation(
    "reduced",
    _reduced_solver,
    "support",
    _count_supports,
    _support_solver,
    _outcomes_by_size,
    read_outcome,
    verdict_counts,
    merge,
    landscape,
)

ELIMINATED = Formulation(
    "eliminated",
    _eliminated_solver,
    "product",
    _count_products,
    _eliminated_solver,
    _outcomes_by_pattern,
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
