"""Certificates of an experiment, checked by a program that is not the solver, whole or in parts."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from reluenum.documents.files import write_text
from reluenum.documents.minima import minima_document
from reluenum.documents.results import write_result
from reluenum.documents.seals import read_json
from reluenum.engines.checked import CheckedSearch, doubted
from reluenum.engines.trees.shards import Shard
from reluenum.errors import IncompleteRunError
from reluenum.groebner.backends import Settings
from reluenum.groebner.workers import WORKERS
from reluenum.problem import Problem
from reluenum.verify import (
    CertificateError,
    RefusedBoxesError,
    Report,
    Share,
    verify,
    verify_part,
)


def proved(
    minima: Path,
    name: str,
    told: Callable[[Report], str] = str,
    processes: int = 1,
    parts: Sequence[Path] = (),
) -> str:
    """Return what the certificate of a document proves.

    Parameters
    ----------
    minima : Path
        A document that claims no completeness is told of, and left to those who draw conclusions.
    name : str
        Of the document, in errors.
    told : callable
        How a report becomes text.
    processes : int
        How many share the proof, of several hidden layers or of boxes of directions.
    parts : sequence of Path
        Parts of the proof that other jobs have checked: of no use if one was refused, since boxes
        were searched again then.

    Raises
    ------
    IncompleteRunError
        If the certificate does not prove the document.
    """
    if not read_json(minima)["complete"]:
        return "not complete, so nothing was checked"
    given = () if any("refused" in part for part in _read(parts)) else parts
    try:
        return told(verify(minima, None, processes, WORKERS, parts=given))
    except CertificateError as error:
        raise IncompleteRunError(f"{name}: not proved: {error}") from error


def follow_part(document: Path, shard: Shard, threads: int, output: Path) -> str:
    """Let the checker follow a part of the tree of a draft; write that it is proved, or why not."""
    part: dict[str, Any] = {"refused": ""}
    if read_json(document)["complete"]:
        try:
            part = verify_part(document, Share(shard.number + 1, shard.shards), threads, WORKERS)
        except RefusedBoxesError as error:
            part = {"refused": str(error), "boxes": len(error.places)}
        except CertificateError as error:
            part = {"refused": str(error)}
    write_text(output, json.dumps(part) + "\n")
    return part.get("refused", "")


def settle_draft(
    problem: Problem,
    document: Path,
    parts: Sequence[Path],
    shards: Sequence[Path],
    settings: Settings,
    output: Path,
) -> str:
    """Write a draft as it is if the checker has proved it, else as not complete; return why not.

    If boxes were refused, they are searched again here, as one job does.
    """
    from reluenum.engines.cones.route import DirectionEngine

    reason = _refused_part(document, parts, settings) if read_json(document)["complete"] else ""
    if not reason:
        write_result(output, read_json(document))
        return reason
    engine = DirectionEngine()
    tree = engine.of(problem).joined(problem, shards)
    if any("boxes" in part for part in _read(parts)):
        found = CheckedSearch(engine).proved(problem, tree, settings)
    else:
        found = doubted(engine.of(problem).listed(problem, tree, settings), reason)
    write_result(output, found.written or minima_document(found))
    return "" if found.is_complete else reason


def _read(parts: Sequence[Path]) -> list[dict[str, Any]]:
    """Return what was written of parts."""
    return [json.loads(part.read_text(encoding="utf-8")) for part in parts]


def _refused_part(document: Path, parts: Sequence[Path], settings: Settings) -> str:
    """Return what the checker does not take for proved of a draft; nothing if all is."""
    for reason in filter(None, (part.get("refused") for part in _read(parts))):
        return reason
    try:
        verify(document, None, settings.jobs, WORKERS, parts=parts)
    except CertificateError as error:
        return str(error)
    return ""
