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
from reluenum.documents.minima import certificate_path, component_record
from reluenum.documents.results import to_json
from reluenum.engines.certified.blocks import Block
from reluenum.engines.certified.census import Census, Certified, certified
from reluenum.engines.certified.certificate import (
    INLINE,
    CertificateWriter,
    certificate_record,
    is_readable,
)
from reluenum.engines.certified.escalation import Escalation
from reluenum.engines.certified.questions import AtWidth, Question
from reluenum.engines.certified.spool import Task, surveyed
from reluenum.errors import BackendError, IncompleteRunError
from reluenum.geometry.sizes import CERTIFIED_SUPPORT_LIMIT, refuse_astronomical
from reluenum.geometry.subsets import Subsets
from reluenum.groebner.backends import DEFAULT_SETTINGS, Settings
from reluenum.landscape.landscape import CertifiedLandscape
from reluenum.problem import Problem


@dataclass(frozen=True, eq=False)
class Proof:
    """What a run of the certified engine ends with.

    Parameters
    ----------
    answer : Question
        What was asked, with what was found.
    document : dict
        The contract's document, with its certificate.
    """

    answer: Question
    document: dict[str, Any]

    @property
    def landscape(self) -> CertifiedLandscape:
        """The landscape at the problem's width, if that was asked; it knows its document."""
        certificate = self.document["certificate"]
        return replace(self.answer.landscape, certificate=certificate, written=self.document)


def certify_problem(
    problem: Problem,
    settings: Settings = DEFAULT_SETTINGS,
    question: type[Question] = AtWidth,
    output: Path | None = None,
    exact: bool = False,
) -> Proof:
    """List the local minima of a problem, with a certificate that proves the list.

    Parameters
    ----------
    problem : Problem
    settings : Settings
    question : type
        `AtWidth` or `EveryWidth`.
    output : Path, optional
        Where `write_proof` writes it.
    exact : bool
        Whether the losses come with their minimal polynomials, from the backends.
    """
    largest = question.largest(problem)
    task = Task(largest, largest.width, settings)
    if output is not None:
        return write_proof(task, output, question, exact)
    return prove(task, surveyed(task), question, exact=exact)


def write_proof(
    task: Task, output: Path, question: type[Question] = AtWidth, exact: bool = False
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
        closing(surveyed(task, folder)) as blocks,
    ):
        beside = certificate_path(output)
        proof = prove(task, blocks, question, beside, INLINE, exact, folder)
        write_text(output, to_json(proof.document))
        shutil.rmtree(folder, ignore_errors=True)  # another run may be looking into it
    return proof


@dataclass(frozen=True)
class CertifiedEngine:
    """An `Engine` that decides supports in batches; its documents carry their certificates."""

    def refuse_astronomical(self, problem: Problem) -> None:
        """Refuse a problem that is too large to be started without being asked twice."""
        refuse_astronomical(problem, CERTIFIED_SUPPORT_LIMIT)

    def landscape(
        self, problem: Problem, settings: Settings = DEFAULT_SETTINGS
    ) -> CertifiedLandscape:
        """Find every local minimum of a problem and prove that none is missing."""
        return certify_problem(problem, settings).landscape


def prove(
    task: Task,
    blocks: Iterable[Block],
    question: type[Question] = AtWidth,
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
    question : type
        `AtWidth` or `EveryWidth`.
    beside : Path, optional
        Where a certificate of more than `inline` bytes goes; without it, it goes into the
        document.
    inline : int
    exact : bool
        Whether the losses come with their minimal polynomials, from the backends.
    scratch : Path, optional
        A folder on the disk of `beside` in which the certificate grows; that of `beside` by
        default.

    Raises
    ------
    IncompleteRunError
        If a support is missing or examined twice.
    """
    record = question.asked(task.problem)
    digest = sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()
    census = Census()
    home = scratch if beside is None or scratch is not None else beside.parent
    with (
        TemporaryDirectory(prefix=".reluenum-", dir=home) as folder,
        task.settings.open() as backends,
    ):
        path = Path(folder, "certificate.parquet")
        with CertificateWriter(path, digest) as writer:
            for block in in_order(task, blocks):
                writer.write(block)
                census.add(block, task.total)
        found = certified(census, Escalation(task.geometry, backends))
        answer, document = _documented(question, found, exact)
        descriptions = answer.found.exact  # last: the document may ask for exact zeros, too
        if unreadable := [record for record in descriptions if not is_readable(record)]:
            answer = question(answer.found.without(record["support"] for record in unreadable))
            document = _document(answer, exact)
        outside = beside is not None and path.stat().st_size > inline
        document["certificate"] = certificate_record(
            path, beside.name if outside else None, digest, writer.records, descriptions
        )
        if outside:
            os.chmod(path, 0o666 & ~umask())
            os.replace(path, beside)
        elif beside is not None:
            beside.unlink(missing_ok=True)
    return Proof(answer, document)


def _documented(
    question: type[Question], found: Certified, exact: bool
) -> tuple[Question, dict[str, Any]]:
    """Return the document; what no number can be told of for lack of a backend is undecided.

    An entry of a weight may be exactly 0, and losses may be exactly equal: the one is asked of
    each minimum alone, the other of two at a time.
    """
    for ask in (component_record, lambda component: component.loss.exact()):
        try:
            answer = question(found)
            return answer, _document(answer, exact)
        except BackendError:
            found = found.answering(ask)
    answer = question(found)
    return answer, _document(answer, exact)


def _document(answer: Question, exact: bool) -> dict[str, Any]:
    """Return the document, with minimal polynomials of the losses if these are wanted."""
    document = answer.to_document()
    if exact:
        for record, component in zip(document["components"], answer.entries, strict=True):
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
