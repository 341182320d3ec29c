"""The Parquet file of a certificate; its pages are looked at before anything is decoded.

A footer can claim anything, and a few bytes of a page can stand for any number of values. So the
footer and every page header are read here, which are structs in Thrift's compact protocol, and
nothing is handed to a reader that would need much more memory than the file itself.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from os import SEEK_END
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from .reals import require

LARGEST_FOOTER, LARGEST_HEADER, LARGEST_PAGE = 1 << 22, 1 << 14, 1 << 26  # bytes, when decompressed
MOST_ROWS = 1 << 20  # of a row group
MOST_NUMBERS = 1 << 23  # in the records of a row group, unless its bytes are as many
LONGEST_VERDICT = 100  # characters; those that there are have fewer

DATA, DICTIONARY, DATA_V2 = 0, 2, 3  # types of pages
PLAIN_OR_COUNTED = frozenset({0, 2, 3, 8, 9})
"""Encodings whose values take no more room than the page and their number say: not deltas."""

BYTE, I16, I32, I64, TEXT, LIST, SET, STRUCT = 3, 4, 5, 6, 8, 9, 10, 12
"""Types of Thrift's compact protocol; 1 and 2 are true and false."""

Record = tuple[Any, Any, Any]  # verdict, face and w


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object; a key that stands twice would be read in two ways."""
    require(len(dict(pairs)) == len(pairs), "a JSON object has a key twice")
    return dict(pairs)


def read_records(
    source: BinaryIO, heading: dict[str, Any], longest: int
) -> tuple[int, Iterator[Record]]:
    """Return how many records a Parquet file holds, and the records.

    `heading` has to be its metadata, and a record holds at most `longest` numbers.
    """
    groups = row_groups(source)
    for group in groups:
        _require_fit(group, longest)
    parquet = pq.ParquetFile(
        source,
        read_dictionary=["verdict"],
        pre_buffer=False,
        buffer_size=1 << 20,
        thrift_string_size_limit=1 << 20,
        thrift_container_size_limit=1 << 16,
    )
    schema = parquet.schema_arrow
    _require_columns(schema)
    metadata = schema.metadata or {}
    require(set(metadata) == {b"reluenum"}, "records: wrong keys of the metadata")
    found = json.loads(metadata[b"reluenum"], object_pairs_hook=unique_keys)
    require(found == heading, "records: metadata do not fit the document")
    return sum(group.rows for group in groups), _decoded(parquet, longest)


def _require_columns(schema: pa.Schema) -> None:
    require(schema.names == ["verdict", "face", "w"], "records: wrong columns")
    verdict, face, w = schema.types
    text = verdict.value_type if pa.types.is_dictionary(verdict) else verdict
    require(text in (pa.string(), pa.large_string()), "records: type of verdict")
    require(face == pa.int32(), "records: type of face")
    lists = pa.types.is_list(w) or pa.types.is_large_list(w)
    require(lists and w.value_type == pa.float64(), "records: type of w")


def _decoded(parquet: pq.ParquetFile, longest: int) -> Iterator[Record]:
    for batch in parquet.iter_batches(batch_size=4096):
        texts = pc.max(pc.utf8_length(batch.column(0).dictionary)).as_py() or 0
        require(texts <= LONGEST_VERDICT, "records: verdicts")
        numbers = pc.max(pc.list_value_length(batch.column(2))).as_py() or 0
        require(numbers <= longest, "records: w is too long")
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


# What footer and page headers say.


@dataclass(frozen=True)
class Chunk:
    """A column of a row group: its bytes in the file, and how many values it claims to hold."""

    start: int
    stop: int
    values: int


@dataclass(frozen=True)
class RowGroup:
    """A row group: how many records it claims to hold, and its columns."""

    rows: int
    chunks: list[Chunk]


def _require_fit(group: RowGroup, longest: int) -> None:
    """Require that a row group has a value a record, and not too many numbers."""
    rows, (verdicts, places, numbers) = group.rows, group.chunks
    require(0 <= rows <= MOST_ROWS, "records: a row group is too large")
    fit = verdicts.values == places.values == rows <= max(numbers.values, rows)
    most = min(max(MOST_NUMBERS, numbers.stop - numbers.start), rows * max(longest, 1))
    require(fit and numbers.values <= most, "records: too many numbers")


def row_groups(source: BinaryIO) -> list[RowGroup]:
    """Return the row groups of a Parquet file, all of whose pages are as large as they say."""
    end = source.seek(0, SEEK_END)
    require(end >= 12, "records: no Parquet file")
    source.seek(end - 8)
    length = int.from_bytes(source.read(4), "little")
    require(source.read(4) == b"PAR1", "records: no Parquet file")
    require(length <= min(LARGEST_FOOTER, end - 12), "records: the footer is too long")
    source.seek(end - 8 - length)
    footer = _Compact(source.read(length)).struct()
    groups = [
        RowGroup(record[3, I64], [_chunk(part[3, STRUCT]) for part in record[1, LIST]])
        for record in footer[4, LIST]
    ]
    require(footer[3, I64] == sum(group.rows for group in groups), "records: rows do not fit")
    for chunk in (chunk for group in groups for chunk in group.chunks):
        require(0 <= chunk.start <= chunk.stop <= end, "records: pages beyond the file")
        require(sum(_pages(source, chunk)) == chunk.values, "records: pages do not fit")
    return groups


def _chunk(meta: dict[tuple[int, int], Any]) -> Chunk:
    data, dictionary = meta[9, I64], meta.get((11, I64), 0)
    start = min(data, dictionary) if dictionary > 0 else data
    return Chunk(start, start + meta[7, I64], meta[5, I64])


def _pages(source: BinaryIO, chunk: Chunk) -> Iterator[int]:
    """Yield how many values each page of a column holds."""
    place = chunk.start
    while place < chunk.stop:
        source.seek(place)
        reader = _Compact(source.read(LARGEST_HEADER))
        header = reader.struct()
        kind, size, packed = (header[number, I32] for number in (1, 2, 3))
        require(packed >= 0 and 0 <= size <= LARGEST_PAGE, "records: a page is too large")
        require(kind in (DATA, DICTIONARY, DATA_V2), "records: a page of an unknown type")
        if kind != DICTIONARY:
            more, number = (header[5, STRUCT], 2) if kind == DATA else (header[8, STRUCT], 4)
            plain = more[number, I32] in PLAIN_OR_COUNTED
            require(plain, "records: an encoding that is not read")
            require(more[1, I32] >= 0, "records: a page without a number of values")
            yield more[1, I32]
        place += reader.place + packed
    require(place == chunk.stop, "records: pages do not fit")


class _Compact:
    """Thrift's compact protocol, as far as Parquet needs it."""

    def __init__(self, content: bytes) -> None:
        self.content, self.place = content, 0

    def struct(self, depth: int = 12) -> dict[tuple[int, int], Any]:
        """Read a struct: the values of its fields by number and type, of texts the length."""
        fields: dict[int, tuple[int, Any]] = {}
        number = 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self._integer()
            require(number not in fields, "records: a field twice")
            fields[number] = head & 15, self._value(head & 15, depth)
        return {(number, kind): value for number, (kind, value) in fields.items()}

    def _value(self, kind: int, depth: int) -> Any:
        require(depth > 0, "records: nested too deeply")
        if kind in (1, 2):
            return kind == 1
        if kind in (I16, I32, I64):
            return self._integer()
        if kind == STRUCT:
            return self.struct(depth - 1)
        if kind == TEXT:
            length = self._natural()
            self.place += length
            return length
        require(kind in (BYTE, LIST, SET), f"records: a field of type {kind}")
        return self._byte() if kind == BYTE else self._list(depth)

    def _list(self, depth: int) -> list:
        head = self._byte()
        size, element = head >> 4, max(head & 15, BYTE)
        size = self._natural() if size == 15 else size
        require(size <= len(self.content) - self.place, "records: a list has no end")
        return [self._value(element, depth - 1) for _ in range(size)]

    def _byte(self) -> int:
        require(self.place < len(self.content), "records: a struct has no end")
        self.place += 1
        return self.content[self.place - 1]

    def _natural(self) -> int:
        value, shift, byte = 0, 0, 128
        while byte > 127:
            require(shift < 70, "records: a number has no end")
            byte = self._byte()
            value |= (byte & 127) << shift
            shift += 7
        return value

    def _integer(self) -> int:
        value = self._natural()
        return value >> 1 ^ -(value & 1)
