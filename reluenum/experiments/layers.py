"""The files between the steps of a run with several hidden layers, whose patterns are strata."""

import logging
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from flint import fmpz

from reluenum.engines.deep.enumeration import strata
from reluenum.engines.deep.solve import read_deep_outcome, solve_stratum
from reluenum.engines.deep.strata import DeepStratum
from reluenum.engines.layers import LayerEngine, examined_outcome
from reluenum.errors import IncompleteRunError
from reluenum.experiments.plans import batch_names
from reluenum.experiments.steps import (
    MERGED,
    PATTERNS,
    SOLVED,
    problem_in,
    read_merged,
    step_header,
    step_record,
)
from reluenum.geometry.supports import not_once
from reluenum.groebner.backends import Settings
from reluenum.groebner.versions import installed_versions
from reluenum.landscape.deep import DeepCounts
from reluenum.landscape.landscape import CertifiedLandscape
from reluenum.problem import Problem


def strata_document(problem: Problem, patterns_per_job: int, force: bool) -> dict[str, Any]:
    """Return the strata in batches, each of so many activation patterns of the last layer.

    Raises
    ------
    TooManySupportsError
        If there are too many, unless forced.
    """
    if not force:
        LayerEngine().refuse_astronomical(problem)
    by_pattern: dict[tuple[str, ...], list[str]] = {}
    found = strata(problem)
    for stratum in found:
        columns = tuple(row.replace("0", "+") for row in stratum.layers[-1])
        by_pattern.setdefault(columns, []).append(stratum.text)
    names = [by_pattern[pattern] for pattern in sorted(by_pattern)]
    parts = (names[k : k + patterns_per_job] for k in range(0, len(names), patterns_per_job))
    return {
        **step_header(PATTERNS, problem),
        "sign_arrays": str(fmpz(DeepCounts.of(problem, 0).sign_arrays)),
        "strata": len(found),
        "batches": [[text for pattern in part for text in pattern] for part in parts],
    }


def solve_strata(
    problem: Problem, plan: str | Path, batch: str, settings: Settings
) -> dict[str, Any]:
    """Return the document of the outcomes of a batch of strata; see `steps.solve_batch`."""
    with step_record(plan, PATTERNS, problem) as record:
        batches = record["batches"]
        todo = [*map(DeepStratum.of_text, batches[batch_names(batches).index(batch)])]
    with settings.open() as backends:
        outcomes = [solve_stratum(problem, stratum, backends) for stratum in todo]
        verdicts = Counter(outcome.kind.value for outcome in outcomes)
        logging.info("%s: %s", batch, dict(verdicts))
        return {
            **step_header(SOLVED, problem),
            "software": installed_versions(),
            "engines": backends.versions(),
            "verdicts": dict(sorted(verdicts.items())),
            "outcomes": [outcome.to_document() for outcome in outcomes],
        }


def merge_strata(paths: Iterable[str | Path], problem: Problem) -> dict[str, Any]:
    """Return the outcomes of all strata.

    Raises
    ------
    IncompleteRunError
        If a stratum is missing, doubled or unknown.
    """
    outcomes = []
    for path in paths:
        with step_record(path, SOLVED, problem) as record:
            outcomes += record["outcomes"]
    expected = (stratum.text for stratum in strata(problem))
    _check_all(expected, (outcome["stratum"] for outcome in outcomes))
    return {
        **step_header(MERGED, problem),
        "problem": problem.to_document(),
        "outcomes": sorted(outcomes, key=lambda outcome: outcome["stratum"]),
    }


def certified_merged(path: str | Path) -> CertifiedLandscape:
    """Read merged points, of any number of hidden layers, and certify them anew."""
    with step_record(path, MERGED) as record:
        problem = problem_in(path, record)
        entries = record["outcomes"]
        outcomes = [read_deep_outcome(problem, entry) for entry in entries if problem.upper]
    if not problem.upper:
        return read_merged(path)
    every, of = strata(problem), {outcome.stratum: outcome for outcome in outcomes}
    _check_all(every, (outcome.stratum for outcome in outcomes))
    return LayerEngine().joined(problem, [examined_outcome(of[stratum]) for stratum in every])


def _check_all(strata: Iterable[Any], found: Iterable[Any]) -> None:
    """Refuse outcomes that are not one for each stratum."""
    if fault := not_once(strata, found):
        raise IncompleteRunError(f"stratum {fault[0]} is missing, doubled or unknown")
