"""The steps of a run whose boxes of directions are shared among jobs.

Each job searches a shard of the boxes; the list that follows from all of them is a draft until the
checker, shared among as many jobs, has followed its tree.
"""

import json
import logging
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from reluenum.documents.claims import claimed
from reluenum.documents.files import write_text
from reluenum.documents.minima import minima_document
from reluenum.documents.results import to_json, write_result
from reluenum.documents.seals import read_json
from reluenum.engines.checked import doubted
from reluenum.engines.cones.route import DirectionEngine
from reluenum.engines.trees.shards import Shard
from reluenum.groebner.backends import Settings
from reluenum.groebner.workers import WORKERS
from reluenum.landscape.landscape import CertifiedLandscape
from reluenum.problem import Problem
from reluenum.verify import CertificateError, Share, verify, verify_part


def shard_of(name: str) -> Shard:
    """Return the shard of a name.

    Examples
    --------
    >>> str(shard_of("2-of-3"))
    '2/3'
    """
    number, shards = map(int, name.split("-of-"))
    return Shard(number - 1, shards)


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
    engine = DirectionEngine().of(problem)
    found = engine.listed(problem, engine.joined(problem, shards), settings)
    write_text(output, to_json(minima_document(found)))
    return found


def follow(document: Path, shard: Shard, threads: int, output: Path) -> str:
    """Let the checker follow a part of the tree of a draft; write that it is proved, or why not."""
    reason, part = "", {}
    if read_json(document)["complete"]:
        try:
            part = verify_part(document, Share(shard.number + 1, shard.shards), threads, WORKERS)
        except CertificateError as error:
            reason = str(error)
    write_text(output, json.dumps(part or {"refused": reason}) + "\n")
    return reason


def settle(
    problem: Problem,
    document: Path,
    parts: Sequence[Path],
    shards: Sequence[Path],
    settings: Settings,
    output: Path,
) -> str:
    """Write a draft as it is if the checker has proved it, else as not complete; return why not."""
    reason = _doubt(document, parts, settings) if read_json(document)["complete"] else ""
    if reason:
        engine = DirectionEngine().of(problem)
        found = engine.listed(problem, engine.joined(problem, shards), settings)
        write_result(output, minima_document(doubted(found, reason)))
    else:
        write_result(output, read_json(document))
    return reason


def _doubt(document: Path, parts: Sequence[Path], settings: Settings) -> str:
    """Return what the checker does not take for proved of a draft; nothing if all is."""
    refused = (json.loads(part.read_text(encoding="utf-8")).get("refused") for part in parts)
    for reason in filter(None, refused):
        return reason
    try:
        verify(document, None, settings.jobs, WORKERS, parts=parts)
    except CertificateError as error:
        return str(error)
    return ""
