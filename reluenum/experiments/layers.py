"""The steps of a run with any number of hidden layers; with several, strata are what is solved.

Those by which one job covers an instance are here, too, also if others share its boxes.
"""

import logging
import os
import shutil
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from flint import fmpz

from reluenum.documents.claims import claimed
from reluenum.documents.files import write_text
from reluenum.documents.minima import minima_document
from reluenum.documents.results import to_json, write_result
from reluenum.engines.checked import search_beside
from reluenum.engines.choice import engine_for, layer_engine
from reluenum.engines.formulations import Formulation
from reluenum.engines.trees.shards import Shard
from reluenum.errors import IncompleteRunError
from reluenum.experiments.plans import batch_names
from reluenum.experiments.steps import (
    MERGED,
    PATTERNS,
    SOLVED,
    examined_matrices,
    merge_files,
    merged_document,
    patterns_document,
    problem_in,
    read_examined,
    read_merged,
    solve_batch,
    step_header,
    step_record,
)
from reluenum.geometry.geometry import Geometry
from reluenum.geometry.supports import not_once
from reluenum.groebner.backends import Settings
from reluenum.groebner.versions import installed_versions
from reluenum.landscape.deep import DeepCounts
from reluenum.landscape.landscape import CertifiedLandscape
from reluenum.problem import Problem


def planned_document(
    problem: Problem, patterns_per_job: int, all_patterns: bool, force: bool
) -> dict[str, Any]:
    """Return what there is to solve, in batches of so many activation patterns.

    With several hidden layers, these are patterns of the last one, and a batch has all strata that
    belong to its own.

    Raises
    ------
    TooManySupportsError
        If there is too much, unless forced.
    """
    if not force:
        engine_for(problem, "groebner").refuse_astronomical(problem)
    if not problem.upper:
        examined = examined_matrices(problem, force) if all_patterns else None
        return patterns_document(Geometry.of(problem), patterns_per_job, examined)
    texts = layer_engine().patterns(problem)
    parts = (texts[k : k + patterns_per_job] for k in range(0, len(texts), patterns_per_job))
    return {
        **step_header(PATTERNS, problem),
        "sign_arrays": str(fmpz(DeepCounts.of(problem, 0).sign_arrays)),
        "strata": sum(map(len, texts)),
        "batches": [[text for pattern in part for text in pattern] for part in parts],
    }


def solved_batch(
    problem: Problem, plan: str | Path, batch: str, route: Formulation, settings: Settings
) -> dict[str, Any]:
    """Return the document of the outcomes of a batch; see `solve_batch`."""
    if not problem.upper:
        return solve_batch(problem, plan, batch, route, settings)
    with step_record(plan, PATTERNS, problem) as record:
        batches = record["batches"]
        todo = batches[batch_names(batches).index(batch)]
    with settings.open() as backends:
        outcomes = [*layer_engine().outcomes(problem, todo, backends)]
        verdicts = Counter(outcome["kind"] for outcome in outcomes)
        logging.info("%s: %s", batch, dict(verdicts))
        return {
            **step_header(SOLVED, problem),
            "software": installed_versions(),
            "engines": backends.versions(),
            "verdicts": dict(sorted(verdicts.items())),
            "outcomes": outcomes,
        }


def joined_document(
    problem: Problem, solved: Sequence[str | Path], route: Formulation
) -> dict[str, Any]:
    """Return the outcomes of all batches, with what is needed to certify them.

    Raises
    ------
    IncompleteRunError
        If one is missing, doubled or unknown.
    """
    if not problem.upper:
        points, found = merge_files(solved, Geometry.of(problem), route)
        logging.info("%r", points)
        return merged_document(route, points, found)
    outcomes: list[dict[str, Any]] = []
    for path in solved:
        with step_record(path, SOLVED, problem) as record:
            outcomes += record["outcomes"]
    expected = (text for pattern in layer_engine().patterns(problem) for text in pattern)
    if fault := not_once(expected, (outcome["stratum"] for outcome in outcomes)):
        raise IncompleteRunError(f"{fault[0]} is missing, doubled or unknown")
    return {
        **step_header(MERGED, problem),
        "problem": problem.to_document(),
        "outcomes": sorted(outcomes, key=lambda outcome: outcome["stratum"]),
    }


def certified_merged(merged: str | Path, plan: str | Path) -> CertifiedLandscape:
    """Read merged points and certify them anew: nothing is taken on trust."""
    with step_record(merged, MERGED) as record:
        problem = problem_in(merged, record)
        if problem.upper:
            return layer_engine().certified(problem, record["outcomes"])
    return replace(read_merged(merged), sign_matrices=read_examined(plan, problem))


def cover(
    problem: Problem, engine: str, settings: Settings, force: bool, output: Path
) -> CertifiedLandscape:
    """Write the minima of a problem by an engine whose certificate is inside the document.

    What boxes have been searched is kept beside it, so that a run that was stopped goes on.

    Raises
    ------
    InputError
        If the problem is not one for the engine.
    TooManySupportsError
        If there is too much to do, unless forced.
    """
    boxes = engine == "branch"
    with search_beside(output) if boxes else nullcontext(engine_for(problem, engine)) as way:
        if not force:
            way.refuse_astronomical(problem)
        found = way.landscape(problem, settings)
        write_result(output, found.written or minima_document(found))
    return found


def search_shard(
    problem: Problem, shard: Shard, settings: Settings, force: bool, output: Path
) -> None:
    """Write the trees below the boxes of a shard; a search that was stopped goes on.

    Raises
    ------
    InputError
        If the problem is not one for boxes.
    TooManySupportsError
        If there is too much to do, unless forced.
    """
    from reluenum.engines.cones.route import DirectionEngine

    with claimed(output.with_name(f"{output.name}.parts")) as folder:
        engine = DirectionEngine(kept=folder / "tree").of(problem)
        if not force:
            engine.refuse_astronomical(problem)
        tree = engine.shard(problem, shard, settings)
        logging.info("shard %s: %d boxes, %d leaves", shard, tree.boxes, len(tree.leaves))
        os.replace(folder / "tree", output)
        shutil.rmtree(folder)


def draft(
    problem: Problem, shards: Sequence[Path], settings: Settings, output: Path
) -> CertifiedLandscape:
    """Write the document of all shards, as complete as the search knows.

    Raises
    ------
    IncompleteRunError
        If a shard is missing, or of another problem.
    """
    from reluenum.engines.cones.route import DirectionEngine

    engine = DirectionEngine().of(problem)
    found = engine.listed(problem, engine.joined(problem, shards), settings)
    write_text(output, to_json(found.written or minima_document(found)))
    return found
