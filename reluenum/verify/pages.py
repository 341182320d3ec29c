"""What a Parquet file decodes to, told by the headers of its pages before anything is decoded.

Its footer can claim anything, and a few bytes of a page can stand for any number of values. Here
every page header is read (Thrift's compact protocol), so that the memory a reader needs is known.
"""

from collections.abc import Iterator
from typing import Any, BinaryIO

from .exact import require

LARGEST_HEADER = 1 << 14
"""Bytes of a page header."""

LARGEST_PAGE = 1 << 26
"""Bytes of a page when it is decompressed; usual ones have a million."""

DATA, DICTIONARY, DATA_V2 = 0, 2, 3
"""Types of pages."""

PLAIN_OR_COUNTED = frozenset({0, 2, 3, 8})
"""Encodings whose values take no more room than the page and their number say: not deltas."""


def page_values(source: BinaryIO, chunk: Any, end: int) -> int:
    """Return how many values the pages of a column chunk hold.

    Parameters
    ----------
    source : file
    chunk : pyarrow.parquet.ColumnChunkMetaData
    end : int
        Size of the file.

    Raises
    ------
    CertificateError
        If the pages are not those of the footer, or one of them is too large.
    """
    starts = [chunk.data_page_offset]
    if chunk.has_dictionary_page and chunk.dictionary_page_offset > 0:
        starts.append(chunk.dictionary_page_offset)
    place = min(starts)
    stop = place + chunk.total_compressed_size
    require(0 <= place <= stop <= end, "records: pages beyond the file")
    values = 0
    while place < stop:
        header, length = _page_header(source, place)
        packed, size = header.get(3, -1), header.get(2, -1)
        require(packed >= 0 and 0 <= size <= LARGEST_PAGE, "records: a page is too large")
        kind = header.get(1)
        require(kind in (DATA, DICTIONARY, DATA_V2), "records: a page of an unknown type")
        if kind != DICTIONARY:
            more = header.get(5 if kind == DATA else 8, {})
            encoding = more.get(2 if kind == DATA else 4)
            require(encoding in PLAIN_OR_COUNTED, "records: an encoding that is not read")
            require(more.get(1, -1) >= 0, "records: a page without a number of values")
            values += more[1]
        place += length + packed
    require(place == stop and values == chunk.num_values, "records: pages do not fit the footer")
    return values


def _page_header(source: BinaryIO, place: int) -> tuple[dict[int, Any], int]:
    """Return the fields of a page header, by their numbers, and its length."""
    source.seek(place)
    reader = _Compact(source.read(LARGEST_HEADER))
    return reader.struct(), reader.place


class _Compact:
    """As much of Thrift's compact protocol as page headers need."""

    def __init__(self, content: bytes) -> None:
        self.content, self.place = content, 0

    def struct(self, depth: int = 3) -> dict[int, Any]:
        """Read a struct: the values of its fields by number, None for texts."""
        require(depth > 0, "records: a page header is nested too deeply")
        fields = list(self._fields(depth))
        require(len(dict(fields)) == len(fields), "records: a page header has a field twice")
        return dict(fields)

    def _fields(self, depth: int) -> Iterator[tuple[int, Any]]:
        number = 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self._integer()
            match head & 15:
                case 1 | 2 as flag:
                    yield number, flag == 1
                case 3:
                    yield number, self._byte()
                case 4 | 5 | 6:
                    yield number, self._integer()
                case 8:
                    length = self._natural()
                    self.place += length
                    yield number, None
                case 12:
                    yield number, self.struct(depth - 1)
                case kind:
                    require(False, f"records: a page header has a field of type {kind}")

    def _byte(self) -> int:
        require(self.place < len(self.content), "records: a page header has no end")
        self.place += 1
        return self.content[self.place - 1]

    def _natural(self) -> int:
        value, shift = 0, 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def _integer(self) -> int:
        value = self._natural()
        return value >> 1 ^ -(value & 1)
