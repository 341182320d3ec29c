"""Certificates: one record for every support, in a Parquet file (docs/certificate.md).

Nothing is decided here. The records go to the file as the blocks come, in row groups of a fixed
size, so that the file depends on the problem alone.
"""

import json
from base64 import b64encode
from collections.abc import Sequence
from contextlib import suppress
from hashlib import file_digest
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from reluenum.engines.certified.blocks import Block
from reluenum.engines.certified.verdicts import Verdict

FORMAT, VERSION = "reluenum-certificate", 1

ROW_GROUP = 1 << 16
"""Records that are compressed together."""

INLINE = 1 << 20
"""A certificate of up to so many bytes is kept inside the document."""

VERDICTS = tuple(verdict.text for verdict in Verdict)
"""What the verdicts are called."""

LARGEST_DEGREE, MOST_DIGITS = 128, 50_000_000
"""Of an exact description that a checker reads: its degree, and degree^2 (of 16 at least) times
the digits of its longest number."""

COLUMNS = pa.schema(
    [
        ("verdict", pa.dictionary(pa.int8(), pa.string())),
        ("face", pa.int32()),
        ("w", pa.list_(pa.float64())),
    ]
)


class CertificateWriter:
    """Writes the records of a problem; a context manager that closes the file.

    Parameters
    ----------
    path : Path
        Written as it goes; whoever opens it moves it to its place when it is whole.
    digest : str
        SHA-256 of the problem record.
    kind : str
        The format.
    """

    def __init__(self, path: Path, digest: str, kind: str = FORMAT) -> None:
        header = json.dumps({"format": kind, "version": VERSION, "problem_sha256": digest})
        schema = COLUMNS.with_metadata({"reluenum": header})
        self._writer = pq.ParquetWriter(path, schema, compression="zstd", write_statistics=False)
        self._waiting: list[pa.Table] = []
        self.records = 0

    def __enter__(self) -> "CertificateWriter":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._flush(final=True)
            self._writer.close()
            return
        with suppress(OSError, pa.ArrowException):  # the disk may be full, and has been told so
            self._writer.close()

    def write(self, block: Block) -> None:
        """Add the records of the next block."""
        self.add(block_table(block))

    def add(self, table: pa.Table) -> None:
        """Add records."""
        self._waiting.append(table)
        self.records += len(table)
        self._flush(final=False)

    def _flush(self, final: bool) -> None:
        nothing = pa.Table.from_batches([], schema=COLUMNS)
        table = pa.concat_tables([nothing, *self._waiting]).combine_chunks()
        whole = len(table) if final else len(table) // ROW_GROUP * ROW_GROUP
        for start in range(0, whole, ROW_GROUP):
            part = table.slice(start, min(ROW_GROUP, whole - start))
            self._writer.write_table(part, row_group_size=ROW_GROUP)
        self._waiting = [table.slice(whole)]


def block_table(block: Block) -> pa.Table:
    """Return the records of a block."""
    solved = (block.kind != Verdict.REDUCIBLE) & (block.kind != Verdict.UNDECIDED)
    return record_table(block.kind, block.face, block.vectors, solved)


def record_table(
    kind: np.ndarray,
    face: np.ndarray,
    vectors: np.ndarray,
    given: np.ndarray,
    texts: Sequence[str] = VERDICTS,
) -> pa.Table:
    """Return records as a table.

    Parameters
    ----------
    kind : (B,) array of int8
    face : (B,) array of int32
    vectors : (E, m, D) array
        w of the records that have one.
    given : (B,) array of bool
        Which these are.
    texts : sequence of str
        What the verdicts are called, by their numbers.
    """
    each = vectors.shape[1] * vectors.shape[2]
    offsets = np.concatenate([[0], np.cumsum(given * each)]).astype(np.int32)
    lists = pa.ListArray.from_arrays(_numbers_column(offsets), _numbers_column(vectors.reshape(-1)))
    verdicts = pa.DictionaryArray.from_arrays(_numbers_column(kind), _texts_column(texts))
    return pa.Table.from_arrays([verdicts, _numbers_column(face), lists], schema=COLUMNS)


def _numbers_column(numbers: np.ndarray) -> pa.Array:
    """Return numbers as Arrow has them; `pyarrow.array` would load pandas."""
    kind, buffer = pa.from_numpy_dtype(numbers.dtype), pa.py_buffer(np.ascontiguousarray(numbers))
    return pa.Array.from_buffers(kind, len(numbers), [None, buffer])


def _texts_column(texts: Sequence[str]) -> pa.Array:
    """Return texts likewise."""
    content = [text.encode() for text in texts]
    ends = np.cumsum([0, *map(len, content)]).astype(np.int32)
    return pa.StringArray.from_buffers(
        len(texts), pa.py_buffer(ends), pa.py_buffer(b"".join(content))
    )


def is_readable(description: dict[str, Any]) -> bool:
    """Whether an exact description is as short as a checker wants it."""
    polynomials = [description["chi"], *description["coordinates"]]
    degree = len(description["chi"]) - 1
    digits = max(len(coefficient) for polynomial in polynomials for coefficient in polynomial)
    return degree <= LARGEST_DEGREE and max(degree, 16) ** 2 * digits <= MOST_DIGITS


def certificate_record(
    path: Path,
    name: str | None,
    digest: str,
    records: int,
    exact: Sequence[dict[str, Any]],
    kind: str = FORMAT,
) -> dict[str, Any]:
    """Return the `certificate` record of a document.

    Parameters
    ----------
    path : Path
        The finished file.
    name : str or None
        Its name beside the document; None if it has to be inside.
    digest : str
    records : int
    exact : sequence of dict
        Exact descriptions of points (`escalation.exact_records`).
    kind : str
        The format.
    """
    with path.open("rb") as stream:
        digest_of_file = file_digest(stream, "sha256").hexdigest()
    inside = {"data": b64encode(path.read_bytes()).decode()} if name is None else {"file": name}
    return {
        "format": kind,
        "version": VERSION,
        "problem_sha256": digest,
        "records": records,
        "sha256": digest_of_file,
        **inside,
        "exact": list(exact),
    }
