"""The document: from its bytes to a report of what is proved."""

import base64
import hashlib
import io
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
from flint import ctx

from .exact import LEVELS, CertificateError, Data, rational, require
from .landscape import Landscape, matched
from .records import (
    Proof,
    claimed_faces,
    heading,
    number_of_supports,
    read_descriptions,
    read_records,
    unique_keys,
)

LARGEST_DOCUMENT = 1 << 28
"""Bytes; what is larger, or endless, must not exhaust the memory."""

MOST_VALUES = 1 << 23
"""Values in a document: a few bytes of JSON become a hundred in memory."""

PROVED = {"format", "version", "problem", "enumeration", "complete", "components", "certificate"}
"""Keys of every document. With these, and `completeness` and `every_width`, all is checked."""

UNCHECKED = {
    "software": "what was installed",
    "decided_by": "how the solver decided the supports; only their number was checked",
}
"""Keys that may stand beside them, and what is told of them: nothing follows from these."""

SOFTWARE = ("reluenum", "python-flint", "flint", "msolve", "singular", "sympy")

STAGES = ("double", "balls", "exact")
"""The keys of these two."""


@dataclass(frozen=True)
class Report:
    """What was checked in a document that has been proved.

    Parameters
    ----------
    problem : str
        What the list of minima is complete of: size of the data, and settings.
    digest : str
        SHA-256 of the problem's record, by which a user knows the data.
    compared : bool
        Whether the data were compared with others.
    unchecked : tuple of str
        The records of the document that prove nothing and were not checked.
    records : int
    verdicts : dict
        Number of records with each verdict.
    components : int
    polished, exact : int
        Residuals that needed Newton steps, and those that have an exact description.
    """

    problem: str
    digest: str
    compared: bool
    unchecked: tuple[str, ...]
    records: int
    verdicts: dict[str, int]
    components: int
    polished: int
    exact: int

    @property
    def summary(self) -> str:
        """The first line: how much was proved."""
        verdicts = ", ".join(f"{count} {name}" for name, count in sorted(self.verdicts.items()))
        return (
            f"proved: {self.components} components from {self.records} records ({verdicts}); "
            f"{self.polished} residuals polished, {self.exact} exact"
        )

    def __str__(self) -> str:
        lines = [self.summary, f"problem: {self.problem}", f"SHA-256 of `problem`: {self.digest}"]
        lines += ["data: those of the data file, number by number"] * self.compared
        lines += [f"not checked: `{key}` ({UNCHECKED[key]})" for key in self.unchecked]
        return "\n".join(lines)


def verify(
    path: str | Path, data: tuple[Sequence[Sequence[Any]], Sequence[Any]] | None = None
) -> Report:
    """Prove a document of minima from its certificate.

    Parameters
    ----------
    path : str or Path
        The JSON document. A certificate in a file of its own lies beside it.
    data : pair, optional
        Inputs (n, d) and targets (n,), exact numbers whose texts are fractions: those that the
        document has to be about.

    Returns
    -------
    Report

    Raises
    ------
    CertificateError
        If the document is malformed, incomplete, wrong, or about other data, or if the
        certificate does not prove it.
    OSError
        If the document cannot be read.
    """
    with Path(path).open("rb") as stream:
        content = stream.read(LARGEST_DOCUMENT + 1)
    try:
        require(len(content) <= LARGEST_DOCUMENT, f"more than {LARGEST_DOCUMENT} bytes")
        values = sum(content.count(mark) for mark in (b",", b"[", b"{"))
        require(values <= MOST_VALUES, f"more than {MOST_VALUES} values")
        with ctx.workprec(LEVELS[0]):
            document = json.loads(content, object_pairs_hook=unique_keys)
            return _proved(document, Path(path).parent, data)
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


def _proved(document: Any, folder: Path, given: Any) -> Report:
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
    for key, value in heading(digest).items():
        matched(certificate[key], value, f"certificate: {key}")
    with _source(certificate[place], place, folder) as source:
        found = hashlib.file_digest(source, "sha256").hexdigest()
        matched(certificate["sha256"], found, "certificate: sha256")
        units = len(problem["y"]) if problem["width"] == "all" else problem["width"]
        longest = units * (len(problem["x"][0]) + 1)
        count, records = read_records(source, digest, longest)
        data = Data(problem, claimed_faces(problem, count))
        expected = number_of_supports(data)
        require(count == expected, f"certificate: {count} records for {expected} supports")
        matched(certificate["records"], count, "certificate: records")
        if given is not None:
            _compare(problem, *given)
        unchecked = _informative(document, data)
        descriptions = read_descriptions(data, certificate["exact"])
        exact = len(descriptions)
        proof = Proof(data, descriptions)
        proof.read(records)
    landscape = Landscape(proof, document["components"])
    matched(document["enumeration"], landscape.enumeration(), "enumeration")
    landscape.check(document["components"])
    if data.width == "all":
        matched(document["every_width"], landscape.every_width(), "every_width")
    return Report(
        problem=f"n = {data.size}, d = {data.depth - 1}, width {data.width}, ridge "
        f"{data.ridge * data.scale}, loss {problem['loss']}, output bias {problem['output_bias']}",
        digest=digest,
        compared=given is not None,
        unchecked=unchecked,
        records=count,
        verdicts=dict(proof.verdicts),
        components=len(landscape.components),
        polished=proof.polished,
        exact=exact,
    )


def _informative(document: dict[str, Any], data: Data) -> tuple[str, ...]:
    """Refuse keys that a proved document does not have; return those that are not checked.

    These must have the right shape, so that nothing else is said in their place.
    """
    needed = PROVED | ({"every_width"} if data.width == "all" else set())
    missing = needed - set(document)
    require(not missing, f"the document has no {', '.join(sorted(missing))}")
    strange = set(document) - needed - {"completeness"} - set(UNCHECKED)
    require(not strange, f"{sorted(strange)[:1]!r:.60} is no key of such a document")
    matched(document.get("completeness", "certificate"), "certificate", "completeness")
    if "software" in document:
        matched(document["software"], dict.fromkeys(SOFTWARE, ...), "software")
        for name, release in document["software"].items():
            plain = type(release) is str and re.fullmatch(r"[0-9][0-9A-Za-z.+-]{0,39}", release)
            require(bool(plain) or release is None, f"software: {name} is no release")
    if "decided_by" in document:
        matched(document["decided_by"], dict.fromkeys(STAGES, ...), "decided_by")
        counts = list(document["decided_by"].values())
        require(all(type(count) is int and count >= 0 for count in counts), "decided_by: no count")
        matched(sum(counts), number_of_supports(data), "decided_by: the sum")
    return tuple(key for key in UNCHECKED if key in document)


def _compare(
    problem: dict[str, Any], inputs: Sequence[Sequence[Any]], targets: Sequence[Any]
) -> None:
    """Require that the data of the document are those that are given, as rational numbers."""
    shapes = [
        (len(y), len(x[0]) if x else 0)
        for x, y in ((inputs, targets), (problem["x"], problem["y"]))
    ]
    text = "the data file has {} rows and {} inputs, the document {} and {}"
    require(shapes[0] == shapes[1], text.format(*shapes[0], *shapes[1]))
    width = shapes[0][1]
    names = [*(["x"] if width == 1 else (f"x{k + 1}" for k in range(width))), "y"]
    for i, (x, y) in enumerate(zip(problem["x"], problem["y"], strict=True)):
        for name, one, other in zip(names, (*inputs[i], targets[i]), (*x, y), strict=True):
            theirs, mine = rational(str(one), "data file"), rational(other, "problem")
            text = f"row {i + 1} of the data, column {name}: {theirs} in the file, "
            require(theirs == mine, f"{text}{mine} in the document")


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
        print("usage: python -P -m reluenum.verify FILE", file=sys.stderr)
        return 2
    try:
        report = verify(arguments[0])
    except CertificateError as error:
        print(f"not proved: {error}")
        return 1
    except OSError as error:
        print(f"cannot read {arguments[0]}: {error}", file=sys.stderr)
        return 2
    print(report)
    return 0
