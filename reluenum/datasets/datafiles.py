"""Data files as people have them, read exactly: bytes -> text -> rows -> columns -> numbers.

Nothing is guessed. Where two readings are possible, the error names the option that decides.
"""

import bz2
import codecs
import csv
import io
import logging
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from reluenum.algebra.scalars import parse_rational, ratio
from reluenum.datasets.layout import PLAIN, Layout
from reluenum.errors import InputError, quoted

if TYPE_CHECKING:
    from flint import fmpq

    from reluenum.algebra.linear import Vector

Data = tuple[tuple["Vector", ...], "Vector"]
"""Inputs, (n, d), and targets, (n,)."""


class Points(NamedTuple):
    """The data of a file: inputs, (n, d), targets, (n,), and weights, (n,), or none."""

    inputs: tuple["Vector", ...]
    targets: "Vector"
    weights: "Vector"


Rows = list[tuple[int, list[str]]]
"""Cells, with the number of their row in the file."""

LARGEST_FILE = 1_000_000
"""Bytes; larger data could not be enumerated anyway, and must not exhaust the memory."""

_COMPRESSED = {
    b"\x1f\x8b": partial(zlib.decompressobj, zlib.MAX_WBITS | 16),
    b"BZh": bz2.BZ2Decompressor,
    b"\xfd7zXZ": partial(lzma.LZMADecompressor, memlimit=100_000_000),
}
"""How compressed files begin, and what decodes them, with bounds on time and memory."""

_MOST_PARTS = 100
"""Compressed files that stand one behind the other in one."""

_WHOLE = "a whole file of gzip, bzip2 or xz"

_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
"""Byte order marks; without one a file is UTF-8."""

_LINE_END = r"\r\n?|\n"

_INDEX = re.compile(r"(?:Unnamed: 0(?:\.[0-9]+)?)?")
"""Names that pandas gives to the column of an index when it is written, or read again."""

_TARGETS = ("y", "Y")

_INPUT = re.compile(r"x(?:_?(?:0|[1-9][0-9]{0,5}))?", re.ASCII | re.IGNORECASE)

_MINUS = "\u2212"
"""The minus sign of Unicode, as matplotlib and word processors write it."""

_NUMBER = "a decimal, exponent or fraction"

_WEIGHTS = "w"

_COLUMNS = "--inputs and --target"
"""The options that decide which columns are meant."""

_OTHERWISE = f"{_COLUMNS} name others, --separator what separates them"

log = logging.getLogger(__name__)


def read_csv(
    source: str | Path | BinaryIO,
    layout: Layout = PLAIN,
    report: Callable[[str], None] = log.warning,
) -> Data:
    """Read a data file without weights exactly.

    Parameters
    ----------
    source : str, Path or buffered binary stream
        A text file in UTF-8, or with a byte order mark in UTF-16 or UTF-32, plain or compressed by
        gzip, bzip2 or xz: a header, then decimals, exponents or fractions. `#` begins a comment;
        of a header in a comment, as `numpy.savetxt` writes it, the mark is ignored. Empty lines
        are skipped, and so are lines and columns at the end that have nothing but separators.
    layout : Layout
        What the columns are called, what separates them, and what a decimal looks like.
    report : function of one text
        Is told of the index of a pandas frame, which is left out; by default a line of the log.

    Returns
    -------
    inputs : (n, d) nested tuple of fmpq
    targets : (n,) tuple of fmpq

    Raises
    ------
    InputError
        Naming file, row (its number in the file) and column of the first thing that cannot be
        used, and the option that decides where there are two readings.
    """
    content, name = _content(source)
    return parse_csv(_decoded(content, name), name, layout, report)


def read_points(
    source: str | Path | BinaryIO,
    layout: Layout = PLAIN,
    report: Callable[[str], None] = log.warning,
) -> Points:
    """Read a data file exactly, with the weights of its data points, if it has any.

    Parameters and errors are those of `read_csv`. Weights are positive numbers in a column `w`, or
    the one that the layout names.
    """
    content, name = _content(source)
    return parse_points(_decoded(content, name), name, layout, report)


def parse_csv(
    text: str,
    name: str,
    layout: Layout = PLAIN,
    report: Callable[[str], None] = log.warning,
) -> Data:
    r"""Read a data set from the text of a CSV file, as `read_csv` does.

    Parameters
    ----------
    text : str
    name : str
        Stands for the file in errors.
    layout : Layout
    report : function of one text

    Examples
    --------
    >>> parse_csv("x,y\n-0.5,1/3\n", "mine")
    (((-1/2,),), (1/3,))
    >>> parse_csv("dose;effect\n-0,5;1\n", "mine", Layout("dose", "effect", ";", ","))
    (((-1/2,),), (1,))
    """
    inputs, targets, weights = parse_points(text, name, layout, report)
    if weights:
        raise InputError(
            name, "a column of weights", "data without weights, of which none are read"
        )
    return inputs, targets


def parse_points(
    text: str,
    name: str,
    layout: Layout = PLAIN,
    report: Callable[[str], None] = log.warning,
) -> Points:
    r"""Read a data set from the text of a CSV file, as `read_points` does.

    Examples
    --------
    >>> parse_points("x,y,w\n-0.5,1/3,2\n", "mine")
    Points(inputs=((-1/2,),), targets=(1/3,), weights=(2,))
    """
    table = _table(text, name, layout)
    if not table.rows:
        raise InputError(name, "no rows below the header", "at least one data point")
    places = [*table.columns, *table.weights]
    rows = [
        [_number(cells[k], layout, f"{name}, row {row}, column {table.header[k]}") for k in places]
        for row, cells in table.rows
    ]
    size = len(table.columns) - 1
    for (row, cells), numbers in zip(table.rows, rows, strict=True):
        if any(weight <= 0 for weight in numbers[size + 1 :]):
            where = f"{name}, row {row}, column {table.header[places[-1]]}"
            raise InputError(where, f"a weight of {cells[places[-1]]}", "a positive number")
    if table.index:
        names = " and ".join(quoted(table.header[k]) for k in table.index)
        report(f"{name}: left out {names} as an index; {_COLUMNS} choose columns")
    return Points(
        tuple(tuple(numbers[:size]) for numbers in rows),
        tuple(numbers[size] for numbers in rows),
        tuple(weight for numbers in rows for weight in numbers[size + 1 :]),
    )


def table_size(source: str | Path, layout: Layout = PLAIN) -> tuple[int, int]:
    """Return the number of points and the dimension of an input, without reading any number.

    Raises
    ------
    InputError
        If header or rows cannot be used.
    """
    content, name = _content(source)
    table = _table(_decoded(content, name), name, layout)
    return len(table.rows), len(table.columns) - 1


# Bytes and text --------------------------------------------------------------------------------


def _content(source: str | Path | BinaryIO) -> tuple[bytes, str]:
    """Return the bytes of a source, uncompressed, and its name."""
    name = str(getattr(source, "name", "data") if hasattr(source, "read") else source)
    try:
        if hasattr(source, "read"):
            content = source.read(LARGEST_FILE + 1)
        else:
            with open(source, "rb") as stream:
                content = stream.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(name, reason, "a readable CSV file") from error
    for mark, decoder in _COMPRESSED.items():
        if content.startswith(mark) and len(content) <= LARGEST_FILE:
            content = _uncompressed(content, name, decoder)
    if len(content) > LARGEST_FILE:
        raise InputError(name, "a file too large", f"at most {LARGEST_FILE} bytes")
    return content, name


def _uncompressed(content: bytes, name: str, decoder: Callable[[], Any]) -> bytes:
    """Return what a compressed file contains, at most a byte more than is allowed."""
    found = b""
    try:
        for _ in range(_MOST_PARTS):
            part = decoder()
            found += part.decompress(content, LARGEST_FILE + 1 - len(found))
            content = part.unused_data
            if not content or len(found) > LARGEST_FILE:
                break
    except (OSError, zlib.error, lzma.LZMAError) as error:
        raise InputError(name, f"damaged: {error}", _WHOLE) from error
    if (content or not part.eof) and len(found) <= LARGEST_FILE:
        raise InputError(name, "damaged: no end, or more behind it", _WHOLE)
    return found


def _decoded(content: bytes, name: str) -> str:
    """Decode as the byte order mark says."""
    encoding = next((kind for mark, kind in _MARKS.items() if content.startswith(mark)), "UTF-8")
    try:
        return content.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode(encoding, "replace")
        row = len(re.findall(_LINE_END, before)) + 1
        expected = "a CSV file in UTF-8, or in UTF-16 with a byte order mark"
        raise InputError(f"{name}, row {row}", f"not {encoding} text", expected) from error


# Rows ------------------------------------------------------------------------------------------


def _rows(text: str, name: str, layout: Layout) -> Rows:
    """Return the rows between the first and the last one that has a text, no empty lines."""
    separator = layout.separator
    lines = io.StringIO(_without_comments(text, separator), newline="")
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=True)
    rows, row = [], 1
    try:
        for cells in reader:
            if len(cells) > 1 or "".join(cells).strip():
                rows.append((row, [cell.strip() for cell in cells]))
            row = reader.line_num + 1
    except csv.Error as error:
        expected = f"cells {layout.separated} (--separator says what separates them)"
        raise InputError(f"{name}, row {row}", str(error), expected) from error
    filled = [k for k, (_, cells) in enumerate(rows) if any(cells)]
    return rows[filled[0] : filled[-1] + 1] if filled else []


def _without_comments(text: str, separator: str) -> str:
    """Remove comments, and blanks before them, after quotes and at the end of lines.

    The first line may tell spreadsheets what separates cells: `sep=;`. A quoted cell has no
    comments, and the values by which spreadsheets report errors are none.
    """
    text = re.sub(rf'\A"?sep={separator}"?(?=[\r\n])', "", text)
    if separator == " ":
        text = re.sub("[ \t]+", " ", text)
    quotes = rf'(?:\A|[{separator}\r\n]) *"[^"]*+(?:""[^"]*+)*+"'
    after_quotes = "" if separator == " " else " *+"
    blanks = r"(?<! ) ++(?=[#\r\n]|\Z)"
    error = rf"N/?[AV]\b|[^a-z\s#{separator}]+[!?] *(?:[{separator}\r\n]|\Z)"
    comment = rf"#(?!{error})[^\r\n]*"
    return re.sub(rf"({quotes}){after_quotes}|{blanks}|{comment}", r"\1", text)


# Header and columns ----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Table:
    """The cells of a file, and where the columns stand that make a row of data."""

    header: list[str]
    rows: Rows
    columns: list[int]
    """Those of the inputs, then that of the targets."""
    weights: list[int]
    """That of the weights, if there is one."""
    index: list[int]
    """Those left out because they number the rows."""


def _table(text: str, name: str, layout: Layout) -> _Table:
    rows = _rows(text, name, layout)
    if not rows:
        raise InputError(name, "an empty file", f"a header with {_expected(layout)}")
    row, header, rows = _header(rows, text, name, layout)
    header, rows = _without_empty_end(header, rows)
    where = f"{name}, row {row}"
    columns, weights, index = _columns(header, layout, where)
    longer = all(len(cells) == len(header) + 1 for _, cells in rows)
    hint = "; a column of row names needs a name, or an empty one" if longer else ""
    for row, cells in rows:
        if len(cells) != len(header):
            found = f"{len(cells)} cell{'s' if len(cells) > 1 else ''}"
            expected = f"{len(header)}, one for each column of the header, {layout.separated}{hint}"
            raise InputError(f"{name}, row {row}", found, expected)
    for k in index:
        _check_index([cells[k] for _, cells in rows], layout, where)
    return _Table(header, rows, columns, weights, index)


def _header(rows: Rows, text: str, name: str, layout: Layout) -> tuple[int, list[str], Rows]:
    """Return the header, its row, and the rows below it.

    The first row is the header if it can be read as one; otherwise a comment above it that can.
    """
    (row, first), *others = rows
    refusal = _refusal(first, layout, f"{name}, row {row}")
    if refusal is None:
        return row, first, others
    headers = {
        tuple(cells): place
        for place, cells in _comments(text, layout)
        if _refusal(cells, layout, name) is None
    }
    if len(headers) > 1:
        where = f"{name}, rows {' and '.join(map(str, headers.values()))}"
        raise InputError(where, "headers in comments", "one header, best without a #")
    for cells, place in headers.items():
        return place, list(cells), rows
    raise refusal


def _refusal(cells: list[str], layout: Layout, where: str) -> InputError | None:
    """Return why cells are no header, if so. Numbers may be data: they name no columns."""
    if all(_is_number(cell, layout) for cell in cells):
        return InputError(where, "numbers, no header", f"a header with {_expected(layout)}")
    try:
        _columns(_without_empty_end(cells, [])[0], layout, where)
    except InputError as error:
        return error
    return None


def _comments(text: str, layout: Layout) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of the comments above the first row, with the numbers of their rows."""
    for row, line in enumerate(re.split(_LINE_END, text), start=1):
        comment = line.strip()
        if comment and not comment.startswith("#"):
            return
        try:
            yield from ((row, cells) for _, cells in _rows(comment.lstrip("#"), "", layout))
        except InputError:
            continue  # prose need not be cells


def _without_empty_end(header: list[str], rows: Rows) -> tuple[list[str], Rows]:
    """Drop the columns at the end that have neither a name nor a cell: separators end each line."""
    width = len(header)
    while width and not header[width - 1]:
        width -= 1
    alike = len({len(cells) for _, cells in rows}) <= 1
    if not alike or any(any(cells[width:]) for _, cells in rows):
        return header, rows
    return header[:width], [(row, cells[:width]) for row, cells in rows]


def _columns(
    header: list[str], layout: Layout, where: str
) -> tuple[list[int], list[int], list[int]]:
    """Return where inputs and targets stand, where weights do, and where an index does."""
    first = len(list(takewhile(_INDEX.fullmatch, header)))
    target = None if layout.target is None else _named(layout.target, header, layout, where)
    if layout.inputs is not None:
        first, inputs = 0, [_named(name, header, layout, where) for name in layout.inputs]
        weights = [] if layout.weights is None else _weights(header, layout, where, target)
    else:
        taken = _TARGETS if target is None else ()
        weights = _weights(header, layout, where, target)
        others = [
            k
            for k in range(first, len(header))
            if k not in (target, *weights) and header[k] not in taken
        ]
        inputs = _numbered(others, header, layout, where)
    if target is None:
        (target,) = _targets(header, inputs, layout, where)
    if target in weights:
        found = f"column {quoted(header[target])} as target and as weights"
        raise InputError(where, found, f"two columns, {layout.separated} ({_OTHERWISE})")
    return [*inputs, target], weights, [k for k in range(first) if k not in (target, *weights)]


def _weights(header: list[str], layout: Layout, where: str, target: int | None) -> list[int]:
    """Return where the column of weights stands, if there is one."""
    if layout.weights is not None:
        return [_named(layout.weights, header, layout, where)]
    found = [k for k, column in enumerate(header) if column == _WEIGHTS and k != target]
    if len(found) > 1:
        raise InputError(where, f"column {_WEIGHTS} twice", _expected(layout))
    return found


def _named(name: str, header: list[str], layout: Layout, where: str) -> int:
    """Return where the column of a name stands."""
    if (times := header.count(name)) != 1:
        found = f"column {quoted(name)} {times} times" if times else f"no column {quoted(name)}"
        expected = f"it once among {quoted(', '.join(header))}, {layout.separated}"
        raise InputError(where, found, f"{expected} ({_OTHERWISE})")
    return header.index(name)


def _numbered(places: list[int], header: list[str], layout: Layout, where: str) -> list[int]:
    """Return where the columns of inputs stand, in the order of their numbers."""
    found: dict[str, int] = {}
    for k in places:
        if not _INPUT.fullmatch(header[k]):
            raise InputError(where, f"unknown column {quoted(header[k])}", _expected(layout))
        column = header[k].lower().replace("_", "")
        if column in found:
            raise InputError(where, f"column {column} twice", _expected(layout))
        found[column] = k
    if not found:
        raise InputError(where, "no column of inputs", _expected(layout))
    first = 0 if "x0" in found else 1
    columns = ["x"] if list(found) == ["x"] else input_names(len(found), first)
    for column in columns:
        if column not in found:
            raise InputError(where, f"no column {column}", _expected(layout))
    return [found[column] for column in columns]


def input_names(dimension: int, first: int = 1) -> list[str]:
    """Return the names of the columns of inputs in d > 1 dimensions."""
    return [f"x{k}" for k in range(first, first + dimension)]


def _targets(header: list[str], inputs: list[int], layout: Layout, where: str) -> list[int]:
    """Return where the only column of targets stands that has the usual name."""
    found = [k for k, column in enumerate(header) if column in _TARGETS and k not in inputs]
    if len(found) != 1:
        raise InputError(where, "column y twice" if found else "no column y", _expected(layout))
    return found


def _expected(layout: Layout) -> str:
    return f"the columns x1..xd (or x) and y, {layout.separated} ({_OTHERWISE})"


def _check_index(cells: list[str], layout: Layout, where: str) -> None:
    """Refuse a column without a name that can be data: numbers, but not those of the rows."""
    counts = all(re.fullmatch("[0-9]+", cell) for cell in cells) and len(set(cells)) == len(cells)
    if not counts and all(_is_number(cell, layout) for cell in cells):
        found = "a column without a name, of an index or of data"
        raise InputError(where, found, f"a name for it, or {_COLUMNS}, which choose columns")


# Numbers ---------------------------------------------------------------------------------------


def _number(text: str, layout: Layout, where: str) -> "fmpq":
    """Read one cell."""
    if not text:
        raise InputError(where, "an empty cell", _NUMBER)
    try:
        return parse_rational(_point(text, layout))
    except ValueError as error:
        hint = " (--decimal says if a comma is the decimal mark)" if "," in text else ""
        raise InputError(where, str(error), f"{_NUMBER}{hint}") from error


def _point(text: str, layout: Layout) -> str:
    """Return a number as it is written here: with a point, and a minus of ASCII."""
    if layout.decimal == ",":
        if "." in text:
            raise ValueError(f"{quoted(text)} has a point, and decimals have a comma")
        text = text.replace(",", ".")
    return text.replace(_MINUS, "-")


def _is_number(text: str, layout: Layout) -> bool:
    try:
        ratio(_point(text, layout))
    except ValueError:
        return False
    return True
