"""The two ways from a pattern to the landscape, behind one set of functions.

`reduced` solves the stationarity systems of supports and decides by Theorems A to E; `eliminated`
is the paper's route over the surrogate, which shares neither its systems nor its criteria.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from reluenum.engines.eliminated.products import EliminatedSolver, product_counts, read_product
from reluenum.engines.eliminated.strata import eliminated_landscape, merge_products
from reluenum.engines.reduced.merge import merge
from reluenum.engines.reduced.outcomes import read_outcome, solve_pattern, verdict_counts
from reluenum.engines.reduced.route import landscape
from reluenum.errors import InputError
from reluenum.geometry.arrangement import Arrangement
from reluenum.geometry.patterns import Pattern
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
        From a problem, its arrangement and an engine to a function that solves one pattern and
        returns a list of outcomes, each with `to_document`.
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
    read: Callable[[Problem, Arrangement, Mapping[str, Any]], Any]
    verdicts: Callable[[Iterable], dict[str, int]]
    merge: Callable[[Problem, Arrangement, Iterable], Any]
    certify: Callable[[Any, Arrangement], CertifiedLandscape]


def _reduced_solver(
    problem: Problem, arrangement: Arrangement, backends: Backends
) -> Callable[[Pattern], list]:
    return partial(solve_pattern, problem, arrangement, backends=backends)


def _eliminated_solver(
    problem: Problem, arrangement: Arrangement, backends: Backends
) -> Callable[[Pattern], list]:
    solver = EliminatedSolver(problem, backends)
    return partial(solver.pattern, arrangement=arrangement)


REDUCED = Formulation("reduced", _reduced_solver, read_outcome, verdict_counts, merge, landscape)

ELIMINATED = Formulation(
    "eliminated",
    _eliminated_solver,
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
