"""One run of the certified engine: from a problem to its document and its certificate.

The records of all supports pass by once, into the certificate and into a census; only the census
stays in memory.
"""

import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from reluenum.documents.claims import claimed
from reluenum.documents.files import umask, write_text
from reluenum.documents.minima import ALL, component_record, minima_document
from reluenum.documents.results import to_json
from reluenum.engines.certified.blocks import Block
from reluenum.engines.certified.census import Census, Certified, census_landscape, certified
from reluenum.engines.certified.certificate import (
    INLINE,
    CertificateWriter,
    certificate_record,
    is_readable,
)
from reluenum.engines.certified.escalation import Escalation
from reluenum.engines.certified.every_width import EveryWidth
from reluenum.engines.certified.spool import Task, geometry, surveyed
from reluenum.errors import BackendError, IncompleteRunError
from reluenum.geometry.subsets import Subsets
from reluenum.groebner import open_backends
from reluenum.landscape.landscape import CertifiedLandscape
from reluenum.problem import Problem


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
        return replace(census_landscape(self.found), certificate=self.document["certificate"])


def largest_problem(problem: Problem, every_width: bool) -> Problem:
    """Return the problem whose width is the largest size of a support.

    For every width that is the number of distinct inputs: of independent responses, equal at equal
    inputs, there are no more (Theorem A).
    """
    return problem.with_width(len(problem.sites)) if every_width else problem


def prove(
    task: Task,
    blocks: Iterable[Block],
    every_width: bool = False,
    beside: Path | None = None,
    inline: int = INLINE,
    exact: bool = False,
    scratch: Path | None = None,
) -> Proof:
    """Certify the landscape of a problem from the records of all its supports.

    Parameters
    ----------
    task : Task
    blocks : iterable of Block
        All of them, by size and number.
    every_width : bool
    beside : Path, optional
        Where a certificate of more than `inline` bytes goes; without it, it goes into the
        document.
    inline : int
    exact : bool
        Whether the losses come with their minimal polynomials, from the Groebner engine.
    scratch : Path, optional
        A folder on the disk of `beside` in which the certificate grows; that of `beside` by
        default.

    Raises
    ------
    IncompleteRunError
        If a support is missing or examined twice.
    """
    record = task.problem.to_document() | ({"width": ALL} if every_width else {})
    digest = sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()
    arrangement, frames = geometry(task.problem)
    census = Census()
    home = scratch if beside is None or scratch is not None else beside.parent
    with (
        TemporaryDirectory(prefix=".reluenum-", dir=home) as folder,
        open_backends(task.backend, task.limits) as backends,
    ):
        path = Path(folder, "certificate.parquet")
        with CertificateWriter(path, digest) as writer:
            for block in in_order(task, blocks):
                writer.write(block)
                census.add(block, len(frames.faces))
        found = certified(census, Escalation(task.problem, arrangement, backends))
        found, document = _documented(found, every_width, exact)
        descriptions = found.exact  # last, for the document may ask for exact zeros, too
        if unreadable := [record for record in descriptions if not is_readable(record)]:
            found = found.without(record["support"] for record in unreadable)
            document = _document(found, every_width, exact)
        outside = beside is not None and path.stat().st_size > inline
        document["certificate"] = certificate_record(
            path, beside.name if outside else None, digest, writer.records, descriptions
        )
        if outside:
            os.chmod(path, 0o666 & ~umask())
            os.replace(path, beside)
        elif beside is not None:
            beside.unlink(missing_ok=True)
    return Proof(found, document)


def _documented(
    found: Certified, every_width: bool, exact: bool
) -> tuple[Certified, dict[str, Any]]:
    """Return the document; what no number can be told of for lack of an engine is undecided.

    An entry of a weight may be exactly 0, and losses may be exactly equal: the one is asked of
    each minimum alone, the other of two at a time.
    """
    for ask in (component_record, lambda component: component.loss.exact()):
        try:
            return found, _document(found, every_width, exact)
        except BackendError:
            found = found.answering(ask)
    return found, _document(found, every_width, exact)


def _document(found: Certified, every_width: bool, exact: bool) -> dict[str, Any]:
    """Return the document of one width, or of all."""
    if every_width:
        view = EveryWidth(found)
        document, components = view.to_document(), view.entries
    else:
        joined = census_landscape(found)
        document, components = minima_document(joined), joined.components
    if exact:
        for record, component in zip(document["components"], components, strict=True):
            polynomial = component.loss.exact().minimal_polynomial()
            record["loss_minimal_polynomial"] = [str(c) for c in polynomial.coeffs()]
    return document


def in_order(task: Task, blocks: Iterable[Block]) -> Iterator[Block]:
    """Yield blocks and see that they hold every support once, by size and number.

    Raises
    ------
    IncompleteRunError
        Naming the first place where they do not.
    """
    counts = {size: Subsets(task.total, size).count for size in task.sizes}
    size, number = 1, 0
    for block in blocks:
        if (block.size, block.start) != (size, number):
            raise IncompleteRunError(
                f"supports of size {size} from number {number} on are missing, or others doubled"
            )
        yield block
        number += len(block.kind)
        if number == counts[size]:
            size, number = size + 1, 0
    if size <= task.sizes[-1] or number:
        raise IncompleteRunError(f"supports of size {size} from number {number} on are missing")


def write_proof(
    task: Task,
    output: Path,
    every_width: bool,
    jobs: int = 1,
    progress: bool = False,
    exact: bool = False,
) -> Proof:
    """Certify a landscape and write the document, and a large certificate beside it.

    Finished blocks are kept in a folder beside the document until it is written, so that a run
    that was stopped, or whose disk was full, goes on when it is started again.

    Raises
    ------
    IncompleteRunError
        If another run is at work on the same document.
    """
    with (
        claimed(output.with_name(f"{output.name}.parts")) as folder,
        closing(surveyed(task, jobs, progress, folder)) as blocks,
    ):
        beside = certificate_path(output)
        proof = prove(task, blocks, every_width, beside, INLINE, exact, folder)
        write_text(output, to_json(proof.document))
        shutil.rmtree(folder, ignore_errors=True)  # another run may be looking into it
    return proof


def certificate_path(output: Path) -> Path:
    """Return where the certificate of a document goes if it is large."""
    return output.with_name(f"{output.name.removesuffix('.json')}.certificate.parquet")
