"""Certificates of an experiment, checked by a program that is not the solver."""

from collections.abc import Callable, Sequence
from pathlib import Path

from reluenum.documents.seals import read_json
from reluenum.errors import IncompleteRunError
from reluenum.groebner.workers import WORKERS
from reluenum.verify import CertificateError, Report, verify


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
        Parts of the proof that other jobs have checked.

    Raises
    ------
    IncompleteRunError
        If the certificate does not prove the document.
    """
    if not read_json(minima)["complete"]:
        return "not complete, so nothing was checked"
    try:
        return told(verify(minima, None, processes, WORKERS, parts=parts))
    except CertificateError as error:
        raise IncompleteRunError(f"{name}: not proved: {error}") from error
