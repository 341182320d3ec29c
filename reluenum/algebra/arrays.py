"""Tables as people hold them, in arrays, frames and lists, on their way to exact numbers.

Nothing is guessed: a frame is read by its columns, never as their names, and what could be read in
two ways is refused by the place where it stands. NumPy and pandas are asked by what they offer, and
are not imported for those who do not use them.
"""

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, TypeVar

from reluenum.algebra.scalars import shown
from reluenum.errors import InputError

Number = TypeVar("Number")

_FRAME = "`pd.DataFrame(...)` of it, whose columns have an order"


@dataclass(frozen=True)
class Table:
    """The entries of a table, as they were found.

    Parameters
    ----------
    rows : (n, d) nested sequence
    names : tuple of str, optional
        Names of the columns, if all of them have one.
    labels : index, optional
        The labels of the rows of a frame or series.
    flat : bool
        Whether it had one axis only.
    """

    rows: Sequence[Sequence[Any]]
    names: tuple[str, ...] | None = None
    labels: Any = None
    flat: bool = False

    def read(self, where: str, number: Callable[[Any], Number]) -> tuple[tuple[Number, ...], ...]:
        """Return every entry as a number.

        Parameters
        ----------
        where : str
            Names the table in errors.
        number : callable
            From an entry to a number; it raises ValueError if there is none.

        Raises
        ------
        InputError
            Naming row and column, from 0 or by its name, of the first entry that is none.
        """

        def at(i: int, j: int, entry: Any) -> Number:
            try:
                return number(entry)
            except ValueError as error:
                raise InputError(self.place(where, i, j), str(error), "a finite number") from error

        return tuple(
            tuple(at(i, j, entry) for j, entry in enumerate(row)) for i, row in enumerate(self.rows)
        )

    def place(self, where: str, row: int, column: int) -> str:
        """Return the name of a place, for errors."""
        if self.names is not None:
            return f"{where}, row {row}, column {self.names[column]!r}"
        return f"{where}, row {row}" + ("" if self.flat else f", column {column}")


def table(data: Any, where: str) -> Table:
    """Return the entries of an array, a frame, a series or nested lists.

    Parameters
    ----------
    data : array, frame, series or iterable
        With one axis, it is a single column.
    where : str
        Names it in errors.

    Raises
    ------
    InputError
        If it is no table of one or two axes.

    Examples
    --------
    >>> table([[1, 2], [3, 4]], "X").rows
    [[1, 2], [3, 4]]
    >>> table([1, 2], "X").rows
    [[1], [2]]
    """
    if hasattr(data, "iloc"):
        return _of_pandas(data, where)
    if hasattr(data, "to_pandas"):
        return _of_pandas(data.to_pandas(), where)
    if hasattr(data, "toarray") or hasattr(data, "todense"):
        raise InputError(where, f"a sparse matrix ({type(data).__name__})", "`.toarray()` of it")
    if isinstance(data, array | memoryview):  # their entries have a precision that items do not
        from numpy import asarray

        data = asarray(data)
    if hasattr(data, "__array__"):
        return _of_array(data, where)
    return _of_rows(items(data, where, "an array, a frame or a list of rows"), where)


def items(data: Any, where: str, expected: str) -> list[Any]:
    """Return the items of an iterable that has an order and no names.

    Raises
    ------
    InputError
        If it is none: a text, a mapping, a set, a frame.
    """
    if isinstance(data, Mapping) or hasattr(data, "columns") or hasattr(data, "column_names"):
        found = f"a table with names ({type(data).__name__})"
        raise InputError(where, found, f"{expected}; `Problem.from_arrays` reads a frame")
    if isinstance(data, str | bytes | Set) or not isinstance(data, Iterable):
        raise InputError(where, f"{shown(data)} of type {type(data).__name__}", expected)
    return list(data)


def _of_pandas(data: Any, where: str) -> Table:
    """Return the entries of a frame or series, each column in its own type."""
    if not hasattr(data, "columns"):
        rows = [[entry] for entry in data.to_numpy()]
        return Table(rows, _names([data.name]), data.index, flat=True)
    columns = [data.iloc[:, j].to_numpy() for j in range(len(data.columns))]
    rows = [list(row) for row in zip(*columns, strict=True)]
    return Table(rows, _names(data.columns), data.index)


def _names(labels: Iterable[Any]) -> tuple[str, ...] | None:
    """Return the labels of columns if all are words; the numbers of unnamed columns are not."""
    names = tuple(labels)
    return names if all(isinstance(name, str) and name for name in names) else None


def _of_array(data: Any, where: str) -> Table:
    """Return the entries of an array; a masked one is read where it is, for its mask."""
    try:
        entries = data if hasattr(data, "filled") else data.__array__()
    except (RuntimeError, TypeError, ValueError) as error:
        raise InputError(where, str(error), "an array that NumPy can read") from error
    if entries.dtype.names is not None:
        raise InputError(where, "a structured array", _FRAME)
    if entries.ndim not in (1, 2):
        found = f"an array of shape {tuple(entries.shape)}"
        raise InputError(where, found, "one or two axes: rows, and columns")
    if entries.ndim == 1:
        return Table([[entry] for entry in entries], flat=True)
    return Table([list(row) for row in entries])


def _of_rows(rows: list[Any], where: str) -> Table:
    """Return the entries of a list of numbers, or of rows of equal length."""
    nested = [_is_row(row) for row in rows]
    if not any(nested):
        return Table([[entry] for entry in rows], flat=True)
    if not all(nested):
        row = nested.index(not nested[0])
        found = f"{shown(rows[row])} among rows" if nested[0] else "a row among numbers"
        raise InputError(f"{where}, row {row}", found, "either rows or numbers")
    found = [items(row, f"{where}, row {i}", "a list of numbers") for i, row in enumerate(rows)]
    for i, row in enumerate(found):
        if len(row) != len(found[0]):
            expected = f"{len(found[0])}, as in the rows before"
            raise InputError(f"{where}, row {i}", f"{len(row)} numbers", expected)
    return Table(found)


def _is_row(entry: Any) -> bool:
    """Whether an entry of a list is a row; a text and an array without axes are numbers."""
    axes = getattr(entry, "ndim", None)
    return isinstance(entry, Iterable) and not isinstance(entry, str | bytes) and axes != 0


def data_tables(X: Any, y: Any) -> tuple[Table, Table]:
    """Return inputs, and targets in a single column, whose rows have equal labels, if any.

    Raises
    ------
    InputError
        If they are no such tables. With other labels it is open whether rows belong together by
        their labels or by their places.
    """
    inputs = table(X, "X")
    return inputs, single_column(y, "y", inputs, "X", "the inputs")


def single_column(
    data: Any, where: str, beside: Table, name: str = "y", kind: str = "the targets"
) -> Table:
    """Return a table of a single column whose rows have the labels of those of another one, if any.

    Parameters
    ----------
    data : array, frame, series or iterable
    where : str
        Names it in errors.
    beside : Table
    name, kind : str
        Name the other one.

    Raises
    ------
    InputError
        If it is none.

    Examples
    --------
    >>> single_column([[2], [3]], "weights", table([0, 1], "y")).rows
    [[2], [3]]
    """
    column = table(data, where)
    if len(column.rows) and len(column.rows[0]) != 1:
        shape = (len(column.rows), len(column.rows[0]))
        raise InputError(where, f"{shape} entries", f"one for each row of {kind}")
    labelled = beside.labels is not None and column.labels is not None
    alike = len(beside.rows) == len(column.rows)  # if not, that is what is wrong
    if labelled and alike and not beside.labels.equals(column.labels):
        expected = f"equal ones, or `{where}.to_numpy()`, which goes with {name} row by row"
        raise InputError(f"{name} and {where}", "rows with different labels", expected)
    return column
