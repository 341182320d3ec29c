"""What a Parquet file decodes to, told by its footer and its pages before anything is decoded.

A footer can claim anything, and a few bytes of a page can stand for any number of values. Here
the footer and every page header are read, which are structs in Thrift's compact protocol, so that
nothing is handed to a reader that would need much more memory than the file itself.
"""

from dataclasses import dataclass
from os import SEEK_END
from typing import Any, BinaryIO

from .exact import require

LARGEST_FOOTER, LARGEST_HEADER, LARGEST_PAGE = 1 << 22, 1 << 14, 1 << 26
"""Bytes of the footer, of a page header, and of a page when it is decompressed."""

BYTE, I16, I32, I64, TEXT, LIST, SET, STRUCT = 3, 4, 5, 6, 8, 9, 10, 12
"""Types of Thrift's compact protocol; 1 and 2 are true and false."""

DATA, DICTIONARY, DATA_V2 = 0, 2, 3
"""Types of pages."""

PLAIN_OR_COUNTED = frozenset({0, 2, 3, 8, 9})
"""Encodings whose values take no more room than the page and their number say: not deltas."""


@dataclass(frozen=True)
class Chunk:
    """A column of a row group.

    Parameters
    ----------
    start, stop : int
        Its bytes in the file.
    values : int
        So many does it claim to hold, nulls and empty lists included.
    """

    start: int
    stop: int
    values: int

    @classmethod
    def of(cls, record: dict) -> "Chunk":
        """Read a ColumnChunk of the footer."""
        meta = record[3, STRUCT]
        data, dictionary = meta[9, I64], meta.get((11, I64), 0)
        start = min(data, dictionary) if dictionary > 0 else data
        return cls(start, start + meta[7, I64], meta[5, I64])


@dataclass(frozen=True)
class RowGroup:
    """A row group: how many records it claims to hold, and its columns."""

    rows: int
    chunks: list[Chunk]


def row_groups(source: BinaryIO) -> list[RowGroup]:
    """Return the row groups of a Parquet file, all of whose pages are as large as they say.

    Raises
    ------
    CertificateError
        If the footer and the pages contradict each other, or a page is too large.
    """
    end = source.seek(0, SEEK_END)
    require(end >= 12, "records: no Parquet file")
    source.seek(end - 8)
    length = int.from_bytes(source.read(4), "little")
    require(source.read(4) == b"PAR1", "records: no Parquet file")
    require(length <= min(LARGEST_FOOTER, end - 12), "records: the footer is too long")
    source.seek(end - 8 - length)
    footer = _Compact(source.read(length)).struct()
    groups = [
        RowGroup(record[3, I64], [Chunk.of(chunk) for chunk in record[1, LIST]])
        for record in footer[4, LIST]
    ]
    require(footer[3, I64] == sum(group.rows for group in groups), "records: rows do not fit")
    for chunk in (chunk for group in groups for chunk in group.chunks):
        require(0 <= chunk.start <= chunk.stop <= end, "records: pages beyond the file")
        require(_page_values(source, chunk) == chunk.values, "records: pages do not fit")
    return groups


def _page_values(source: BinaryIO, chunk: Chunk) -> int:
    """Return how many values the pages of a column hold."""
    values, place = 0, chunk.start
    while place < chunk.stop:
        source.seek(place)
        reader = _Compact(source.read(LARGEST_HEADER))
        header = reader.struct()
        kind, size, packed = (header[number, I32] for number in (1, 2, 3))
        require(packed >= 0 and 0 <= size <= LARGEST_PAGE, "records: a page is too large")
        require(kind in (DATA, DICTIONARY, DATA_V2), "records: a page of an unknown type")
        if kind != DICTIONARY:
            more = header[5 if kind == DATA else 8, STRUCT]
            encoding = more[2 if kind == DATA else 4, I32]
            require(encoding in PLAIN_OR_COUNTED, "records: an encoding that is not read")
            require(more[1, I32] >= 0, "records: a page without a number of values")
            values += more[1, I32]
        place += reader.place + packed
    require(place == chunk.stop, "records: pages do not fit")
    return values


class _Compact:
    """Thrift's compact protocol, as far as Parquet needs it."""

    def __init__(self, content: bytes) -> None:
        self.content, self.place = content, 0

    def struct(self, depth: int = 12) -> dict[tuple[int, int], Any]:
        """Read a struct: the values of its fields by number and type, of texts the length."""
        fields: dict[tuple[int, int], Any] = {}
        numbers: set[int] = set()
        number = 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self._integer()
            require(number not in numbers, "records: a field twice")
            numbers.add(number)
            fields[number, head & 15] = self._value(head & 15, depth)
        return fields

    def _value(self, kind: int, depth: int) -> Any:
        require(depth > 0, "records: nested too deeply")
        if kind in (1, 2):
            return kind == 1
        if kind == BYTE:
            return self._byte()
        if kind in (I16, I32, I64):
            return self._integer()
        if kind == STRUCT:
            return self.struct(depth - 1)
        if kind == TEXT:
            length = self._natural()
            self.place += length
            return length
        require(kind in (LIST, SET), f"records: a field of type {kind}")
        head = self._byte()
        size, element = head >> 4, head & 15
        size = self._natural() if size == 15 else size
        require(size <= len(self.content) - self.place, "records: a list has no end")
        return [self._value(BYTE if element < BYTE else element, depth - 1) for _ in range(size)]

    def _byte(self) -> int:
        require(self.place < len(self.content), "records: a struct has no end")
        self.place += 1
        return self.content[self.place - 1]

    def _natural(self) -> int:
        value, shift, more = 0, 0, True
        while more:
            byte = self._byte()
            value |= (byte & 127) << shift
            shift, more = shift + 7, byte > 127
        return value

    def _integer(self) -> int:
        value = self._natural()
        return value >> 1 ^ -(value & 1)
