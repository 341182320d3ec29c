"""The document: from its bytes to a report of what is proved."""

import base64
import hashlib
import io
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
from flint import ctx

from .exact import LEVELS, CertificateError, Data, require
from .landscape import Landscape, matched
from .records import Proof, _heading, number_of_supports, read_descriptions, read_records

LARGEST_DOCUMENT = 1 << 28
"""Bytes; what is larger, or endless, must not exhaust the memory."""


@dataclass(frozen=True)
class Report:
    """What was checked in a document that has been proved.

    Parameters
    ----------
    records : int
    verdicts : dict
        Number of records with each verdict.
    components : int
    polished, exact : int
        Residuals that needed Newton steps, and those that have an exact description.
    """

    records: int
    verdicts: dict[str, int]
    components: int
    polished: int
    exact: int

    def __str__(self) -> str:
        verdicts = ", ".join(f"{count} {name}" for name, count in sorted(self.verdicts.items()))
        return (
            f"proved: {self.components} components from {self.records} records ({verdicts}); "
            f"{self.polished} residuals polished, {self.exact} exact"
        )


def verify(path: str | Path) -> Report:
    """Prove a document of minima from its certificate.

    Parameters
    ----------
    path : str or Path
        The JSON document. A certificate in a file of its own lies beside it.

    Returns
    -------
    Report

    Raises
    ------
    CertificateError
        If the document is malformed, incomplete or wrong, or the certificate does not prove it.
    OSError
        If the document cannot be read.
    """
    with Path(path).open("rb") as stream:
        content = stream.read(LARGEST_DOCUMENT + 1)
    try:
        require(len(content) <= LARGEST_DOCUMENT, f"more than {LARGEST_DOCUMENT} bytes")
        with ctx.workprec(LEVELS[0]):
            return _proved(
                json.loads(content, object_pairs_hook=_without_doubles), Path(path).parent
            )
    except CertificateError:
        raise
    except (
        pa.ArrowException,
        ArithmeticError,
        AttributeError,
        LookupError,
        MemoryError,
        OSError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:  # whatever else goes wrong, nothing has been proved
        raise CertificateError(f"malformed: {type(error).__name__}: {error}") from error


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    require(len(dict(pairs)) == len(pairs), "a JSON object has a key twice")
    return dict(pairs)


def _proved(document: Any, folder: Path) -> Report:
    require(type(document) is dict, "the document is no JSON object")
    matched(document.get("format"), "reluenum-minima", "format")
    matched(document.get("version"), 1, "version")
    require(document.get("complete") is True, "the document claims no completeness")
    require(type(document.get("certificate")) is dict, "the document has no certificate")
    problem, certificate = document["problem"], document["certificate"]
    text = json.dumps(problem, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()
    place = "data" if "data" in certificate else "file"
    keys = {"format", "version", "problem_sha256", "records", "sha256", "exact", place}
    require(set(certificate) == keys, "certificate: wrong keys")
    for key, value in _heading(digest).items():
        matched(certificate[key], value, f"certificate: {key}")
    with _source(certificate[place], place, folder) as source:
        found = hashlib.file_digest(source, "sha256").hexdigest()
        matched(certificate["sha256"], found, "certificate: sha256")
        longest = len(problem["y"]) * (len(problem["x"][0]) + 1)  # one unit for each data point
        count, records = read_records(source, digest, longest)
        data = Data(problem, count)
        expected = number_of_supports(data)
        require(count == expected, f"certificate: {count} records for {expected} supports")
        matched(certificate["records"], count, "certificate: records")
        descriptions = read_descriptions(data, certificate["exact"])
        exact = len(descriptions)
        proof = Proof(data, descriptions)
        proof.read(records)
    landscape = Landscape(proof, document.get("components"))
    matched(document.get("enumeration"), landscape.enumeration(), "enumeration")
    landscape.check(document.get("components"))
    if data.width == "all":
        matched(document.get("every_width"), landscape.every_width(), "every_width")
    return Report(count, dict(proof.verdicts), len(landscape.components), proof.polished, exact)


def _source(value: Any, place: str, folder: Path) -> BinaryIO:
    """Return the bytes of the Parquet file, whether inside or beside the document."""
    require(type(value) is str, f"certificate: {place} is no text")
    if place == "data":
        return io.BytesIO(base64.b64decode(value, validate=True))
    plain = value not in ("", ".", "..") and not set(value) & set("/\\:\0")
    require(plain, f"certificate: {value!r:.60} is no name of a file beside the document")
    require((folder / value).is_file(), f"certificate: there is no file {value!r:.60}")
    return (folder / value).open("rb")


def main(argv: Sequence[str] | None = None) -> int:
    """Print whether a document is proved; return 0 if so, 1 if not, 2 if there is none."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    if len(arguments) != 1:
        print("usage: python -m reluenum.verify FILE", file=sys.stderr)
        return 2
    try:
        print(verify(arguments[0]))
    except CertificateError as error:
        print(f"not proved: {error}")
        return 1
    except OSError as error:
        print(f"cannot read {arguments[0]}: {error}", file=sys.stderr)
        return 2
    return 0
