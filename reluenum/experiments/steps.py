"""The files between the steps of a run: self-describing, bound to their problem by its digest."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flint import fmpz

from reluenum.datasets.datafiles import read_points
from reluenum.datasets.families import dataset
from reluenum.datasets.layout import Layout
from reluenum.documents.minima import VERSION
from reluenum.documents.results import read_step
from reluenum.engines.certified.blocks import Block, read_blocks
from reluenum.engines.formulations import FORMULATIONS, Formulation
from reluenum.errors import IncompleteRunError
from reluenum.experiments.instances import CONVENTIONS, UNUSUAL
from reluenum.experiments.plans import batch_names
from reluenum.geometry.geometry import Geometry
from reluenum.geometry.patterns import Counts, Pattern, patterns
from reluenum.geometry.sign_matrices import (
    SignMatrices,
    refuse_astronomical_matrices,
    refute_all,
)
from reluenum.geometry.supports import not_once
from reluenum.groebner.backends import Backends, Settings
from reluenum.groebner.versions import installed_versions
from reluenum.landscape.landscape import CertifiedLandscape
from reluenum.problem import Problem

PROBLEM, PATTERNS, SOLVED, MERGED = (
    "reluenum-problem",
    "reluenum-patterns",
    "reluenum-solved",
    "reluenum-merged",
)


def problem_of(instance: Mapping[str, Any]) -> Problem:
    """Return the problem that an instance of an experiment poses, its data read or generated.

    Parameters
    ----------
    instance : dict
        See `instances.instances`.

    Raises
    ------
    InputError
        If the data cannot be read.
    """
    weights = None
    if instance["data"] is not None:
        inputs, targets, weights = (instance["data"].get(key) for key in "xyw")
    elif instance["csv"] is not None:
        layout = Layout(**instance.get("layout", {}))
        inputs, targets, weights = read_points(instance["csv"], layout)
    else:
        inputs, targets = dataset(instance["family"], **instance["parameters"])
    conventions = [instance[key] for key in CONVENTIONS]
    further = {key: instance[key] for key in UNUSUAL if key in instance}
    return Problem.from_text(inputs, targets, *conventions, weights=weights or None, **further)


def problem_document(problem: Problem) -> dict[str, Any]:
    """Return the document of a problem."""
    return {**step_header(PROBLEM, problem), "problem": problem.to_document()}


def read_problem(path: str | Path) -> Problem:
    """Read a problem.

    Raises
    ------
    IncompleteRunError
        If the file is no problem or was changed after it was written.
    """
    with step_record(path, PROBLEM) as record:
        return problem_in(path, record)


def read_feasible(
    path: str | Path, force: bool, refuse_astronomical: Callable[[Problem], None]
) -> Problem:
    """Read a problem, and refuse one that is astronomical unless forced.

    Parameters
    ----------
    path : str or Path
    force : bool
    refuse_astronomical : callable
        What refuses it.

    Raises
    ------
    IncompleteRunError
        See `read_problem`.
    TooManySupportsError
        If there is too much to do.
    """
    problem = read_problem(path)
    if not force:
        refuse_astronomical(problem)
    return problem


def examined_matrices(problem: Problem, force: bool) -> SignMatrices:
    """Go through all sign matrices of a problem; too many are refused unless forced.

    Raises
    ------
    TooManySupportsError
    """
    if not force:
        refuse_astronomical_matrices(problem)
    return refute_all(Geometry.of(problem))


def patterns_document(
    geometry: Geometry,
    patterns_per_job: int,
    examined: SignMatrices | None = None,
) -> dict[str, Any]:
    """Return the patterns up to permutation, in batches of so many, and the counts.

    Parameters
    ----------
    geometry : Geometry
    patterns_per_job : int
    examined : SignMatrices, optional
        What came out of going through all sign matrices, if that was asked for.
    """
    names = [str(pattern) for pattern in patterns(geometry.arrangement, geometry.problem.width)]
    counts = Counts.of(geometry)
    return {
        **step_header(PATTERNS, geometry.problem),
        "faces": [face.signs for face in geometry.arrangement.faces],
        "columns": list(geometry.arrangement.columns),
        "sign_matrices": str(fmpz(counts.sign_matrices)),
        "supports": counts.supports_examined,
        "sign_matrices_examined": None if examined is None else examined.to_document(),
        "batches": [
            names[k : k + patterns_per_job] for k in range(0, len(names), patterns_per_job)
        ],
    }


def read_batches(path: str | Path, problem: Problem | None = None) -> list[list[Pattern]]:
    """Read the batches of patterns, checking that they belong to the problem if it is given."""
    with step_record(path, PATTERNS, problem) as record:
        return [[Pattern(tuple(name.split("|"))) for name in batch] for batch in record["batches"]]


def read_examined(path: str | Path, problem: Problem) -> dict[str, Any] | None:
    """Read the record of all sign matrices from a file of patterns, if they were gone through."""
    with step_record(path, PATTERNS, problem) as record:
        return record["sign_matrices_examined"]


def solve_batch(
    problem: Problem,
    plan: str | Path,
    batch: str,
    route: Formulation,
    settings: Settings,
) -> dict[str, Any]:
    """Return the document of the outcomes of a batch of patterns.

    Parameters
    ----------
    problem : Problem
    plan : str or Path
        Where the batches are.
    batch : str
        The name of the batch (`plans.batch_names`).
    route : Formulation
    settings : Settings
    """
    batches = read_batches(plan, problem)
    todo = batches[batch_names(batches).index(batch)]
    outcomes: list[Any] = []
    with settings.open() as backends:
        solve = route.solver(Geometry.of(problem), backends)
        for pattern in todo:
            found = solve(pattern)
            logging.info("%s: %s", pattern, route.verdicts(found))
            outcomes += found
        return solved_document(problem, route, todo, outcomes, backends)


def solved_document(
    problem: Problem,
    route: Formulation,
    solved: Sequence[Pattern],
    outcomes: Sequence[Any],
    backends: Backends,
) -> dict[str, Any]:
    """Return the outcomes of some patterns."""
    return {
        **step_header(SOLVED, problem),
        "software": installed_versions(),
        "engines": backends.versions(),
        "formulation": route.name,
        "patterns": [str(pattern) for pattern in solved],
        "verdicts": route.verdicts(outcomes),
        "outcomes": [outcome.to_document() for outcome in outcomes],
    }


def read_solved(
    path: str | Path, geometry: Geometry, route: Formulation
) -> tuple[list[str], list[Any]]:
    """Read some patterns and their outcomes, and certify their points anew.

    Raises
    ------
    IncompleteRunError
        If the file is damaged, or belongs to another problem or formulation.
    TheoremViolationError
        If a recorded point is not what the record says.
    """
    with step_record(path, SOLVED, geometry.problem) as record:
        if record["formulation"] != route.name:
            raise IncompleteRunError(f"{path} holds outcomes of another formulation")
        return record["patterns"], [route.read(geometry, entry) for entry in record["outcomes"]]


def merge_files(
    paths: Iterable[str | Path], geometry: Geometry, route: Formulation
) -> tuple[Any, list[Any]]:
    """Merge the outcomes of all patterns; returns the outcomes too, in the order of the files.

    Raises
    ------
    IncompleteRunError
        If a pattern or one of its outcomes is missing or doubled.
    """
    found = [read_solved(path, geometry, route) for path in paths]
    expected = map(str, patterns(geometry.arrangement, geometry.problem.width))
    if fault := not_once(expected, (pattern for solved, _ in found for pattern in solved)):
        raise IncompleteRunError(f"pattern {fault[0]} is missing, doubled or unknown")
    outcomes = [outcome for _, solved in found for outcome in solved]
    return route.merge(geometry, outcomes), outcomes


def merged_document(route: Formulation, merged: Any, outcomes: Iterable[Any]) -> dict[str, Any]:
    """Return the distinct points of a problem, with what is needed to certify them."""
    return {
        **step_header(MERGED, merged.problem),
        "formulation": route.name,
        "problem": merged.problem.to_document(),
        **merged.to_document(),
        "outcomes": [outcome.to_document() for outcome in outcomes],
    }


def read_merged(path: str | Path) -> CertifiedLandscape:
    """Read merged points, merge them anew and certify them: nothing is taken on trust."""
    with step_record(path, MERGED) as record:
        problem = problem_in(path, record)
        geometry = Geometry.of(problem)
        route = FORMULATIONS[record["formulation"]]
        outcomes = [route.read(geometry, entry) for entry in record["outcomes"]]
    return route.certify(route.merge(geometry, outcomes), geometry)


def read_surveyed(paths: Iterable[str | Path], key: str) -> Iterator[Block]:
    """Yield the blocks of many files, in their order.

    Parameters
    ----------
    paths : iterable of str or Path
    key : str
        That of the task of the blocks.

    Raises
    ------
    IncompleteRunError
        If a file is damaged, or belongs to another problem.
    """
    for path in paths:
        blocks = read_blocks(Path(path), key)
        if blocks is None:
            raise IncompleteRunError(f"{path} is damaged, or belongs to another problem")
        yield from blocks


@contextmanager
def step_record(
    path: str | Path, kind: str, problem: Problem | None = None
) -> Iterator[dict[str, Any]]:
    """Provide a file of a kind, of a problem if it is given.

    Whatever a damaged file makes its reader raise becomes one clear error.
    """
    try:
        record = read_step(path, (kind, VERSION))
        if problem is not None:
            _check_digest(path, record, problem)
        yield record
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise IncompleteRunError(f"{path} is damaged: {type(error).__name__}: {error}") from error


def problem_in(path: str | Path, record: Mapping[str, Any]) -> Problem:
    """Read the problem of a file and check that it was not changed."""
    problem = Problem.from_document(record["problem"])
    _check_digest(path, record, problem)
    return problem


def step_header(kind: str, problem: Problem) -> dict[str, Any]:
    """Return the first records of a file of a kind."""
    return {"format": kind, "version": VERSION, "problem_sha256": problem.digest}


def _check_digest(path: str | Path, record: Mapping[str, Any], problem: Problem) -> None:
    if record["problem_sha256"] != problem.digest:
        raise IncompleteRunError(f"{path} belongs to another problem")
