"""The document: from its bytes to a report of what is proved."""

import base64
import hashlib
import io
import json
import re
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import product
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from flint import ctx, fmpq

from .exact import Data, distinct, named, supports_of, weights_of
from .processes import ALONE, NOTHING, Sharing
from .reals import (
    LEVELS,
    CertificateError,
    NoDocumentError,
    matched,
    rational,
    require,
    unique_keys,
)

if TYPE_CHECKING:  # each kind of document has modules of its own
    from .landscape import Landscape
    from .records import Proof
    from .trees.leaves import LeafProof, Sides

LARGEST_DOCUMENT, MOST_VALUES = 1 << 28, 1 << 23  # a few bytes become a hundred in memory
MOST_FACES, MOST_SIGNS = 1 << 18, 1 << 27  # live faces of a certificate, and signs of all of them

PROVED = ("format", "version", "problem", "enumeration", "complete", "components", "certificate")
UNCHECKED = {
    "software": "what was installed",
    "decided_by": "how the solver decided the supports; only their number was checked",
}
TREES = ("reluenum-boxes", "reluenum-cones")
"""Formats of certificates that are trees: for inputs on a line, and for others."""

RELEASE = re.compile(r"[0-9][0-9A-Za-z.+-]{0,39}")
OPTIONAL = {
    "completeness": "certificate",
    "software": dict.fromkeys(
        ("reluenum", "python-flint", "flint", "msolve", "singular", "sympy"),
        lambda text: text is None or (type(text) is str and RELEASE.fullmatch(text)),
    ),
    "decided_by": dict.fromkeys(
        ("double", "balls", "exact"), lambda count: type(count) is int and count >= 0
    ),
}
"""Keys of a document, of which nothing follows from the unchecked ones."""

MALFORMED = (
    *(ArithmeticError, AttributeError, LookupError, MemoryError),
    *(OSError, RecursionError, TypeError, ValueError),
)


@dataclass(frozen=True)
class Report:
    """What was checked in a document that has been proved."""

    problem: str  # what the list is complete of: size of the data, and settings
    digest: str  # SHA-256 of the problem's record, by which a user knows the data
    compared: bool  # whether the data were compared with others
    unchecked: tuple[str, ...]  # records of the document that prove nothing
    verdicts: dict[str, int]  # number of records with each verdict
    components: int
    polished: int  # residuals that needed Newton steps
    exact: int  # residuals that have an exact description
    tree: str = ""  # what was proved of the basins, if the document is about them
    boxes: int | None = None  # of the tree whose leaves have records, if there is one
    believed: int = 0  # parts of the proof that others have checked

    @property
    def records(self) -> int:
        """Number of records."""
        return sum(self.verdicts.values())

    @property
    def summary(self) -> str:
        """What was proved, in one line."""
        verdicts = ", ".join(f"{count} {name}" for name, count in sorted(self.verdicts.items()))
        known = "" if self.boxes is None else f"{self.boxes} boxes and "
        return (
            f"proved: {self.components} components from {known}{self.records} records "
            f"({verdicts}); "
            f"{self.polished} residuals polished, {self.exact} exact"
        )

    def __str__(self) -> str:
        lines = [self.summary, *[f"basins: {self.tree}"] * bool(self.tree)]
        lines += [f"problem: {self.problem}", f"SHA-256 of `problem`: {self.digest}"]
        lines += ["data: those of the data file, number by number"] * self.compared
        text = "parts, in which others have checked boxes and records"
        lines += [f"believed: {self.believed} {text}"] * bool(self.believed)
        lines += [f"not checked: `{key}` ({UNCHECKED[key]})" for key in self.unchecked]
        return "\n".join(lines)


@dataclass(frozen=True)
class BoundReport(Report):
    """What was checked in a document of bounds."""

    bounds: str = ""  # what was proved

    @property
    def summary(self) -> str:
        """What was proved, in one line."""
        return f"proved: {self.bounds} ({self.records} boxes)"


def verify(
    path: str | Path,
    data: Sequence[Sequence[Any]] | None = None,
    jobs: int = 1,
    context: BaseContext | None = None,
    told: Callable[[int, int], object] | None = None,
    parts: Sequence[str | Path] = (),
    known: set[bytes] | None = None,
) -> Report:
    """Prove a document of minima, of their basins, or of bounds, from its certificate.

    Parameters
    ----------
    path : str or Path
        The JSON document. A certificate in a file of its own lies beside it.
    data : pair or triple, optional
        Inputs (n, d), targets (n,), and weights (n,) if there are any, exact numbers whose texts
        are fractions: those that the document has to be about.
    jobs : int
        Number of processes that share the strata of several hidden layers, or the records of the
        leaves of a tree, and of threads that share its boxes; nothing depends on it.
    context : multiprocessing context, optional
        How they start; if they are spawned as usual, a script that calls this needs
        `if __name__ == "__main__":`.
    told : function, optional
        What is to be called every now and then with the numbers of boxes of a tree: of those that
        were read, and of all.
    parts : sequence of paths
        All parts of a proof that `verify_part` has made, which are believed: boxes and records of
        a tree are not checked once more.
    known : set, optional
        What `verify_boxes` has seen to be true in this process, and need not look at once more.

    Returns
    -------
    Report

    Raises
    ------
    CertificateError
        If the document is malformed, incomplete, wrong, or about other data, or if the
        certificate does not prove it; a NoDocumentError if the file is no JSON.
    OSError
        If the document or a part cannot be read.
    ValueError
        If the number of processes is none.
    """
    folder = Path(path).parent
    if parts:
        return _from_parts(path, data, Sharing(jobs, context, told, NOTHING), parts)
    with opened(path, jobs) as (document, _):
        return _proved(document, folder, data, Sharing(jobs, context, told, known=known))


def _from_parts(
    path: str | Path, data: Any, sharing: Sharing, parts: Sequence[str | Path]
) -> Report:
    """Prove a document of which others have checked boxes and records."""
    from .trees.parts import believed, divided, read_parts

    given = read_parts(parts)
    with opened(path, sharing.jobs) as (document, digest):
        polished = believed(given, digest)
        report = _proved(divided(document), Path(path).parent, data, sharing)
        return replace(report, polished=polished, believed=len(given))


def verify_boxes(
    problem: dict[str, Any],
    certificate: dict[str, Any],
    jobs: int = 1,
    told: Callable[[int, int], object] | None = None,
    known: set[bytes] | None = None,
) -> None:
    """See that the boxes of a tree are as it says, whatever is on its leaves.

    Parameters
    ----------
    problem, certificate : dict
        As in a document; of records only their number counts.
    jobs, told
        As of `verify`.
    known : set, optional
        What was seen to be true of this tree or others in this process, and is not looked at once
        more; what is seen now is added.

    Raises
    ------
    CertificateError
        If the tree is wrong; a RefusedBoxesError if boxes are not seen to be as it says.
    """
    with refusing():
        begun(problem, certificate, Sharing(jobs, None, told, known=known))


@contextmanager
def opened(path: str | Path, jobs: int = 1) -> Iterator[tuple[Any, str]]:
    """Provide a document and the SHA-256 of its bytes; refuse it, whatever goes wrong."""
    if jobs < 1:
        raise ValueError(f"jobs: {jobs}; a number of processes, at least 1")
    with Path(path).open("rb") as stream:
        content = stream.read(LARGEST_DOCUMENT + 1)
    with refusing():
        require(len(content) <= LARGEST_DOCUMENT, f"more than {LARGEST_DOCUMENT} bytes")
        values = sum(content.count(mark) for mark in (b",", b"[", b"{"))
        require(values <= MOST_VALUES, f"more than {MOST_VALUES} values")
        found = parsed(content), hashlib.sha256(content).hexdigest()
        del content
        yield found


@contextmanager
def refusing() -> Iterator[None]:
    """Work with the first precision, and refuse a document, whatever goes wrong."""
    try:
        with ctx.workprec(LEVELS[0]):
            yield
    except CertificateError:
        raise
    except MALFORMED as error:  # whatever else goes wrong, nothing has been proved
        raise CertificateError(f"malformed: {type(error).__name__}: {error}") from error


def parsed(content: bytes) -> Any:
    """Return what JSON says."""
    try:
        return json.loads(content, object_pairs_hook=unique_keys)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise NoDocumentError(f"no JSON: {error}") from error


def _proved(document: Any, folder: Path, given: Any, sharing: Sharing) -> Report:
    """Follow the argument of docs/certificate.md from the first claim to the last one."""
    if type(document) is dict and document.get("format") == "reluenum-bound":
        return _bounds(document, given)
    if type(document) is dict and document.get("format") == "reluenum-basins":
        return _basins(document, folder, given)
    if type(document) is dict and "hidden" in document.get("problem", ()):
        return _deep(document, given, sharing)
    if type(document) is dict and document.get("problem", {}).get("hidden_bias") == "free":
        return _free(document, folder, given)
    return _list(document, folder, given, sharing)[0]


def _basins(document: Any, folder: Path, given: Any) -> Report:
    """Prove the basins of a list of minima."""
    from .basins import one_list, tree_of

    text = "boxes: not all stationary points are known, which basins need"
    require(not has_boxes(document["minima"]), text)
    one_list(document, software_of(document))
    document = document | {"minima": named(document["minima"])}
    if document["problem"].get("hidden_bias") == "free":
        return _free_basins(document, folder, given)
    report, landscape, proof = _list(document["minima"], folder, given)
    unchecked = tuple(k for k in UNCHECKED if k in document or k in document["minima"])
    return replace(report, tree=tree_of(document, landscape, proof), unchecked=unchecked)


def _free_basins(document: Any, folder: Path, given: Any) -> Report:
    """Prove the basins of a list of minima whose hidden biases are not penalised."""
    from .hinges.basins import tree_of

    require("exact" not in document, "document: unknown entry 'exact'")
    require("linear" not in document["problem"], "linear: not among what basins are proved for")
    report = _free(document["minima"], folder, given)
    unchecked = tuple(k for k in UNCHECKED if k in document or k in document["minima"])
    return replace(report, tree=tree_of(document), unchecked=unchecked)


def _bounds(document: Any, given: Any) -> Report:
    """Prove the bounds of the loss of networks with two hidden layers."""
    from .bounds.proof import bounds_of

    proved, problem, boxes = bounds_of(document)
    counts = {"verdicts": {"boxes": boxes}, "components": 0, "polished": 0, "exact": 0}
    report = BoundReport(problem=problem, **about(document), **counts, bounds=proved)
    return compared(report, document, given)


def _deep(document: Any, given: Any, sharing: Sharing) -> Report:
    """Prove a list of minima of a network with several hidden layers."""
    from .deep.lists import proved

    complete(document)
    hidden = document["problem"]["hidden"]
    if hidden[-1] != 1 or len(hidden) not in (2, 3):
        from .fans.document import FanProof as Kind
    elif len(hidden) == 2:
        from .deep.document import DeepProof as Kind
    else:
        from .spires.document import SpireProof as Kind
    return compared(proved(document, Kind, sharing.processes), document, given)


def _free(document: Any, folder: Path, given: Any) -> Report:
    """Prove a list of minima whose hidden biases are not penalised."""
    complete(document)
    if document["certificate"].get("format") == "reluenum-creases":
        from .creases.document import proof_of
    else:
        from .hinges.document import proof_of as on_a_line

        proof_of = lambda document, _: on_a_line(document)  # noqa: E731
    return compared(proof_of(named(document), folder), document, given)


def compared(report: Report, document: Any, given: Any) -> Report:
    """Return a report, if the data of its document are those that are given, or none are."""
    if given is not None:
        same_data(document["problem"], *given)
    return replace(report, compared=given is not None)


def _list(
    document: Any, folder: Path, given: Any, sharing: Sharing = ALONE
) -> "tuple[Report, Landscape, Proof]":
    """Prove a list of minima."""
    complete(document)
    document = named(document)
    if has_boxes(document):
        from .trees.document import BoxLandscape as Kind

        proof = _by_boxes(document, given, sharing)
    else:
        from .landscape import Landscape as Kind

        proof = _by_supports(document, folder, given)
    components, every = document["components"], document["problem"]["width"] == "all"
    strata = None if every else sum(len(record["strata"]) for record in components)
    landscape = Kind(proof, strata)
    matched(document["enumeration"], landscape.enumeration(), "enumeration")
    landscape.check(components)
    if every:
        matched(document["every_width"], landscape.every_width(), "every_width")
    return _report(document, proof, landscape, given is not None), landscape, proof


def has_boxes(document: Any) -> bool:
    """Whether a document says that its certificate is a tree of boxes."""
    certificate = document.get("certificate") if type(document) is dict else None
    return type(certificate) is dict and certificate.get("format") in TREES


def _by_supports(document: dict[str, Any], folder: Path, given: Any) -> "Proof":
    """Prove the records of all supports."""
    from .pages import read_records
    from .records import Proof, read_descriptions

    problem, certificate = document["problem"], document["certificate"]
    heading = one_problem(problem, certificate)
    nothing_else(document)
    with source_of(certificate, folder) as source:
        one_file(certificate, source)
        units = len(problem["y"]) if problem["width"] == "all" else problem["width"]
        count, records = read_records(source, heading, units * (len(problem["x"][0]) + 1))
        data = Data(problem, claimed_faces(problem, count))
        every_support(data, count, certificate, document)
        if given is not None:
            same_data(problem, *given)
        proof = Proof(data, read_descriptions(data, certificate["exact"]))
        proof.read(records)
    return proof


def followed(document: dict[str, Any], sharing: Sharing) -> "LeafProof":
    """Prove a tree of boxes, and the records of its leaves, or a share of them."""
    from .trees.document import one_heading, records_of

    problem, certificate = document["problem"], document["certificate"]
    require("hidden_bias" not in problem, "boxes: units without hidden bias")
    require("linear" not in problem, "boxes: a linear part")
    nothing_else(document)
    require("activation" not in problem, "boxes: another activation than relu")
    heading = one_heading(problem, certificate)
    proof, leaves = begun(problem, certificate, sharing)
    proof.read(leaves, records_of(problem, certificate, heading), sharing)
    return proof


def begun(
    problem: dict[str, Any], certificate: dict[str, Any], sharing: Sharing
) -> "tuple[LeafProof, Iterable[Sides]]":
    """Prove a tree of boxes, or a share of it; return the proof, and the signs of its leaves."""
    if certificate["format"] == "reluenum-boxes":
        from .boxes import begun as by_boxes
    else:
        from .cones import begun as by_boxes

    return by_boxes(problem, certificate, sharing)


def _by_boxes(document: dict[str, Any], given: Any, sharing: Sharing) -> "LeafProof":
    """Prove a tree of boxes, and the records of all its leaves."""
    proof = followed(document, sharing)
    proof.all_used()
    if given is not None:
        same_data(document["problem"], *given)
    if "decided_by" in document:
        total = sum(document["decided_by"].values())
        matched(total, proof.verdicts.total(), "decided_by: the sum")
    return proof


def _report(document: Any, proof: "Proof", landscape: "Landscape", compared: bool) -> Report:
    """Return what was proved of a list of minima."""
    data, problem = proof.data, document["problem"]
    return Report(
        problem=f"n = {data.size}{heaviness(data)}, d = {data.depth - data.offset}, "
        f"width {data.width}, ridge {data.ridge * data.scale}, loss {problem['loss']}, "
        f"output bias {data.bias}{'' if data.offset else ', no hidden bias'}"
        + (f", activation {problem['activation']}" if "activation" in problem else "")
        + (f", linear part {data.linear}" if "linear" in problem else ""),
        **about(document, compared),
        verdicts=dict(proof.verdicts),
        components=len(landscape.components),
        polished=proof.polished,
        exact=len(document["certificate"]["exact"]),
        boxes=proof.boxes,
    )


def about(document: dict[str, Any], compared: bool = False) -> dict[str, Any]:
    """Return what every report says: the digest of the problem, and what was not checked."""
    unchecked = tuple(key for key in UNCHECKED if key in document)
    digest = digest_of(document["problem"])
    return {"digest": digest, "compared": compared, "unchecked": unchecked}


def heaviness(data: Data) -> str:
    """Say what the weights of the data points add up to, if some are not 1."""
    return f" of weight {data.total}" if data.weights != [fmpq(1)] * data.size else ""


def complete(document: Any) -> None:
    """Claim 1: the document is a list that claims to be complete, with a certificate."""
    require(type(document) is dict, "the document is no JSON object")
    matched(document.get("format"), "reluenum-minima", "format")
    matched(document.get("version"), 1, "version")
    require(document.get("complete") is True, "the document claims no completeness")
    require(type(document.get("certificate")) is dict, "the document has no certificate")


def one_problem(problem: Any, certificate: dict[str, Any]) -> dict[str, Any]:
    """Claim 2: the certificate is about the problem of the document; so says the Parquet file."""
    heading = heading_of(problem, "reluenum-certificate")
    place = "data" if "data" in certificate else "file"
    others = dict.fromkeys(("records", "sha256", "exact", place), ...)
    matched(certificate, heading | others, "certificate")
    return heading


def heading_of(problem: Any, kind: str) -> dict[str, Any]:
    """Return how a certificate of a problem begins."""
    return {"format": kind, "version": 1, "problem_sha256": digest_of(problem)}


def digest_of(problem: Any) -> str:
    """Return the SHA-256 of the record of a problem, by which a user knows the data."""
    return hashlib.sha256(json.dumps(problem, sort_keys=True).encode()).hexdigest()


def nothing_else(document: dict[str, Any]) -> None:
    """Claim 3: all else that the document says is proved, or known and of the right shape."""
    shape = dict.fromkeys(PROVED, ...) | {k: v for k, v in OPTIONAL.items() if k in document}
    every = {"every_width": ...} if document["problem"]["width"] == "all" else {}
    matched(document, shape | every, "document")


def only_proved(document: dict[str, Any], completeness: str) -> None:
    """Require that a list of another kind says nothing else, but for what was installed."""
    shape = dict.fromkeys(PROVED, ...) | {"completeness": completeness}
    matched(document, shape | software_of(document), "document")


def software_of(document: dict[str, Any]) -> dict[str, Any]:
    """Return the shape of what a document says of what was installed, if it does."""
    return {key: OPTIONAL[key] for key in ("software",) if key in document}


def one_file(certificate: dict[str, Any], source: BinaryIO) -> None:
    """Claim 4: the Parquet file is the one that the document was written with."""
    found = hashlib.file_digest(source, "sha256").hexdigest()
    matched(certificate["sha256"], found, "certificate: sha256")


def every_support(data: Data, count: int, certificate: dict[str, Any], document: dict) -> None:
    """Claim 5: there are as many records as supports of up to M live faces: one for each."""
    require(count == data.supports, f"certificate: {count} records for {data.supports} supports")
    matched(certificate["records"], count, "certificate: records")
    if "decided_by" in document:
        matched(sum(document["decided_by"].values()), count, "decided_by: the sum")


def claimed_faces(problem: Any, count: int) -> int:
    """Return how many live faces there are if so many records are those of all supports."""
    size, width = len(problem["y"]), problem["width"]
    largest = len(distinct(problem["x"])[0]) if width == "all" else width
    numbers = range(1, min(MOST_FACES, count) + 1)
    fitting = (faces for faces in numbers if supports_of(faces, largest, count) >= count)
    faces = next(fitting, MOST_FACES)
    fits = supports_of(faces, largest, count) == count
    require(fits, f"certificate: {count} records are not those of all supports")
    require(faces * size <= MOST_SIGNS, "certificate: too many faces for so many points")
    return faces


def same_data(
    problem: dict[str, Any],
    inputs: Sequence[Sequence[Any]],
    targets: Sequence[Any],
    weights: Sequence[Any] = (),
) -> None:
    """Require that the data of the document are those that are given, as rational numbers."""
    given, known = weights or [1] * len(targets), weights_of(problem)
    theirs = [[*x, y, w] for x, y, w in zip(inputs, targets, given, strict=True)]
    mine = [[*x, y, str(w)] for x, y, w in zip(problem["x"], problem["y"], known, strict=True)]
    shapes = [(len(rows), len(rows[0]) - 2 if rows else 0) for rows in (theirs, mine)]
    text = "the data file has {} rows and {} inputs, the document {} and {}"
    require(shapes[0] == shapes[1], text.format(*shapes[0], *shapes[1]))
    names = [f"x{k + 1}" for k in range(shapes[1][1])] if shapes[1][1] > 1 else ["x"]
    for i, (j, name) in product(range(len(mine)), enumerate([*names, "y", "w"])):
        one, other = rational(str(theirs[i][j]), "data file"), rational(mine[i][j], "problem")
        place = f"row {i + 1} of the data, column {name}"
        require(one == other, f"{place}: {one} in the file, {other} in the document")


def source_of(certificate: dict[str, Any], folder: Path) -> BinaryIO:
    """Return the bytes of the Parquet file, whether inside or beside the document."""
    value = certificate["data" if "data" in certificate else "file"]
    require(type(value) is str, "certificate: the file is no text")
    if "data" in certificate:
        return io.BytesIO(base64.b64decode(value, validate=True))
    plain = value not in ("", ".", "..") and not set(value) & set("/\\:\0")
    require(plain, f"certificate: {value!r:.60} is no name of a file beside the document")
    require((folder / value).is_file(), f"certificate: there is no file {value!r:.60}")
    return (folder / value).open("rb")


def main(argv: Sequence[str] | None = None) -> int:
    """Print whether a document is proved; return 0 if so, 1 if not, 2 if there is none."""
    parser = ArgumentParser(prog="python -P -m reluenum.verify")
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--jobs", metavar="N", type=int, default=1, help="processes or threads")
    try:
        options = parser.parse_args(argv)
        if options.jobs < 1:
            parser.error("--jobs: at least 1")
    except SystemExit as error:
        return error.code
    try:
        report = verify(options.file, jobs=options.jobs)
    except (OSError, NoDocumentError) as error:
        print(f"cannot read {options.file}: {error}", file=sys.stderr)
        return 2
    except CertificateError as error:
        print(f"not proved: {error}")
        return 1
    print(report)
    return 0
