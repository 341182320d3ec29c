"""The Parquet file of a certificate; its pages are looked at before anything is decoded.

A footer can claim anything, and a few bytes of a page can stand for any number of values. So the
footer and every page header are read here, which are structs in Thrift's compact protocol, and
nothing is handed to a reader that would need much more memory than the file itself.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from os import SEEK_CUR, SEEK_END
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from .reals import CertificateError, require, unique_keys

LARGEST_FOOTER, LARGEST_HEADER, LARGEST_PAGE = 1 << 22, 1 << 14, 1 << 26  # bytes, when decompressed
MOST_ROWS = 1 << 20  # of a row group
MOST_NUMBERS = 1 << 23  # in the records of a row group, unless its bytes are as many
LONGEST_VERDICT = 100  # characters; those that there are have fewer

BYTE, I32, I64, TEXT, LIST, STRUCT = 3, 5, 6, 8, 9, 12  # types of Thrift's compact protocol
COUNTED = {0: (5, 1, 2), 3: (8, 1, 4)}  # types of pages: where count and encoding are
DICTIONARY = 2  # another type of page
PLAIN_OR_COUNTED = {0, 2, 3, 8, 9}  # encodings with no more values than page and count say

COLUMNS = (
    r"verdict dictionary<values=(large_)?string,[^<>]*> face int32 "
    r"w (large_)?list<[^<>:]*: double( not null)?>"
)

Record = tuple[Any, Any, Any]  # verdict, face and w
Chunk = tuple[int, int, int]  # a column of a row group: its bytes from and to, how many values


@contextmanager
def _refused() -> Iterator[None]:
    """Refuse what the reader of the file does not take."""
    try:
        yield
    except pa.ArrowException as error:
        raise CertificateError(f"malformed: {type(error).__name__}: {error}") from error


@_refused()
def read_records(
    source: BinaryIO, heading: dict[str, Any], longest: int
) -> tuple[int, Iterator[Record]]:
    """Return how many records a Parquet file holds, and the records.

    `heading` has to be its metadata, and a record holds at most `longest` numbers.
    """
    groups = row_groups(source)
    for rows, ((_, _, verdicts), (_, _, places), (start, stop, numbers)) in groups:
        require(0 <= rows <= MOST_ROWS, "records: a row group is too large")
        most = min(max(MOST_NUMBERS, stop - start), rows * max(longest, 1))
        fit = verdicts == places == rows <= max(numbers, rows) and numbers <= most
        require(fit, "records: too many numbers")
    parquet = pq.ParquetFile(
        source,
        read_dictionary=["verdict"],
        pre_buffer=False,
        buffer_size=1 << 20,
        thrift_string_size_limit=1 << 20,
        thrift_container_size_limit=1 << 16,
    )
    schema = parquet.schema_arrow
    columns = " ".join(f"{field.name} {field.type}" for field in schema)
    require(re.fullmatch(COLUMNS, columns) is not None, "records: wrong columns")
    metadata = schema.metadata or {}
    require(set(metadata) == {b"reluenum"}, "records: wrong keys of the metadata")
    found = json.loads(metadata[b"reluenum"], object_pairs_hook=unique_keys)
    require(found == heading, "records: metadata do not fit the document")
    return sum(rows for rows, _ in groups), _decoded(parquet, longest)


def _decoded(parquet: pq.ParquetFile, longest: int) -> Iterator[Record]:
    with _refused():
        for batch in parquet.iter_batches(batch_size=4096):
            texts = pc.max(pc.utf8_length(batch.column(0).dictionary)).as_py() or 0
            require(texts <= LONGEST_VERDICT, "records: verdicts")
            numbers = pc.max(pc.list_value_length(batch.column(2))).as_py() or 0
            require(numbers <= longest, "records: w is too long")
            yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


# What footer and page headers say.


def row_groups(source: BinaryIO) -> list[tuple[int, list[Chunk]]]:
    """Return the rows and the columns of each row group, all pages being as large as they say."""
    end = source.seek(0, SEEK_END)
    require(end >= 12, "records: no Parquet file")
    source.seek(end - 8)
    length = int.from_bytes(source.read(4), "little")
    require(length <= min(LARGEST_FOOTER, end - 12), "records: the footer is too long")
    source.seek(end - 8 - length)
    footer = _struct(BytesIO(source.read(length)))
    groups = [
        (group[3, I64], [_chunk(source, end, part[3, STRUCT]) for part in group[1, LIST]])
        for group in footer[4, LIST]
    ]
    require(footer[3, I64] == sum(rows for rows, _ in groups), "records: rows do not fit")
    return groups


def _chunk(source: BinaryIO, end: int, column: dict[tuple[int, int], Any]) -> Chunk:
    data, dictionary, values = column[9, I64], column.get((11, I64), 0), column[5, I64]
    start = min(data, dictionary) if dictionary > 0 else data
    stop = start + column[7, I64]
    require(0 <= start <= stop <= end, "records: pages beyond the file")
    require(sum(_pages(source, start, stop)) == values, "records: pages do not fit")
    return start, stop, values


def _pages(source: BinaryIO, place: int, stop: int) -> Iterator[int]:
    """Yield how many values each page of a column holds."""
    while place < stop:
        source.seek(place)
        stream = BytesIO(source.read(LARGEST_HEADER))
        header = _struct(stream)
        kind, size, packed = (header[number, I32] for number in (1, 2, 3))
        require(packed >= 0 and 0 <= size <= LARGEST_PAGE, "records: a page is too large")
        require(kind == DICTIONARY or kind in COUNTED, "records: a page of an unknown type")
        if kind != DICTIONARY:
            field, count, encoding = COUNTED[kind]
            page = header[field, STRUCT]
            plain = page[encoding, I32] in PLAIN_OR_COUNTED
            require(plain and page[count, I32] >= 0, "records: an encoding that is not read")
            yield page[count, I32]
        place += stream.tell() + packed
    require(place == stop, "records: pages do not fit")


def _struct(stream: BytesIO) -> dict[tuple[int, int], Any]:
    """Return the values of the fields of a struct by number and type, of texts the length."""
    fields: dict[tuple[int, int], Any] = {}
    number = 0
    while head := stream.read(1)[0]:
        number = number + (head >> 4) if head >> 4 else _integer(stream)
        require(number < 1 << 15 and (number, head & 15) not in fields, "records: a field twice")
        fields[number, head & 15] = _value(stream, head & 15)
    return fields


def _value(stream: BytesIO, kind: int) -> Any:
    if kind == STRUCT:
        return _struct(stream)
    if kind in (LIST, LIST + 1):  # or a set
        head = stream.read(1)[0]
        size, element = head >> 4, max(head & 15, BYTE)
        return [_value(stream, element) for _ in range(size if size < 15 else _natural(stream))]
    if kind == TEXT:
        length = _natural(stream)
        stream.seek(length, SEEK_CUR)
        return length
    require(0 < kind <= I64, f"records: a field of type {kind}")
    return kind == 1 if kind < BYTE else stream.read(1)[0] if kind == BYTE else _integer(stream)


def _natural(stream: BytesIO) -> int:
    value, shift, byte = 0, 0, 128
    while byte > 127:
        require(shift < 70, "records: a number has no end")
        byte = stream.read(1)[0]
        value |= (byte & 127) << shift
        shift += 7
    return value


def _integer(stream: BytesIO) -> int:
    value = _natural(stream)
    return value >> 1 ^ -(value & 1)


def vectors_of(w: Any, count: int, depth: int) -> list[list[float]]:
    """Return the vectors of a record, so many of such a length: finite doubles."""
    require(type(w) is list and len(w) == count * depth, "w has a wrong length")
    require(all(type(x) is float and abs(x) < float("inf") for x in w), "w is not finite")
    return [w[k : k + depth] for k in range(0, len(w), depth)]
