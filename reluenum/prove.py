"""One run of the certified engine: from a problem to its document and its certificate.

The records of all supports pass by once, into the certificate and into a census; only the census
stays in memory.
"""

import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from reluenum.certificate import CertificateWriter, certificate_record
from reluenum.certified import Census, Certified, certified, landscape
from reluenum.document import minima_document, to_json, write_text
from reluenum.escalation import Escalation
from reluenum.groebner import open_engine
from reluenum.landscape import CertifiedLandscape
from reluenum.problem import Problem
from reluenum.spool import Task, geometry, surveyed
from reluenum.survey import Block
from reluenum.widths import ALL, EveryWidth

SUPPORT_LIMIT = 50_000_000
"""Largest enumeration of this engine that starts without being asked twice."""


@dataclass(frozen=True, eq=False)
class Proof:
    """What a run of the certified engine ends with.

    Parameters
    ----------
    found : Certified
    document : dict
        The contract's document, with its certificate.
    """

    found: Certified
    document: dict[str, Any]

    @property
    def landscape(self) -> CertifiedLandscape:
        """The landscape at the problem's width."""
        return replace(landscape(self.found), certificate=self.document["certificate"])


def posed(problem: Problem, every_width: bool) -> Problem:
    """Return the problem whose width is the largest size of a support (Theorem A: n suffices)."""
    return problem.with_width(problem.size) if every_width else problem


def prove(
    task: Task, blocks: Iterable[Block], every_width: bool = False, beside: Path | None = None
) -> Proof:
    """Certify the landscape of a problem from the records of all its supports.

    Parameters
    ----------
    task : Task
    blocks : iterable of Block
        All of them, by size and number.
    every_width : bool
    beside : Path, optional
        Where the certificate goes if it is large; without it, it goes into the document.
    """
    record = task.problem.to_document() | ({"width": ALL} if every_width else {})
    digest = sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()
    arrangement, frames = geometry(task.problem)
    census = Census()
    home = None if beside is None else beside.parent
    with (
        TemporaryDirectory(prefix=".reluenum-", dir=home) as folder,
        open_engine(task.backend, task.limits) as engine,
    ):
        path = Path(folder, "certificate.parquet")
        with CertificateWriter(path, digest) as writer:
            for block in blocks:
                writer.write(block)
                census.add(block, len(frames.faces))
        found = certified(census, Escalation(task.problem, arrangement, engine))
        document = (
            EveryWidth(found).to_document() if every_width else minima_document(landscape(found))
        )
        # Last, for the document may ask for exact zeros, too.
        name = None if beside is None else beside.name
        document["certificate"] = certificate_record(
            path, name, digest, writer.records, found.exact
        )
        if beside is not None:
            if "file" in document["certificate"]:
                os.replace(path, beside)
            else:
                beside.unlink(missing_ok=True)
    return Proof(found, document)


def write_proof(
    task: Task, output: Path, every_width: bool, jobs: int = 1, progress: bool = False
) -> Proof:
    """Certify a landscape and write the document, and a large certificate beside it.

    Finished blocks are kept in a folder beside the document until it is written, so that a run
    that was stopped, or whose disk was full, goes on when it is started again.
    """
    folder = output.with_name(f"{output.name}.parts")
    folder.mkdir(exist_ok=True)
    blocks = surveyed(task, jobs, progress, folder)
    proof = prove(task, blocks, every_width, certificate_path(output))
    write_text(output, to_json(proof.document))
    shutil.rmtree(folder)
    return proof


def certificate_path(output: Path) -> Path:
    """Return where the certificate of a document goes if it is large."""
    return output.with_name(f"{output.name.removesuffix('.json')}.certificate.parquet")
