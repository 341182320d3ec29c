"""Cells of tables: short numbers, percentages, intervals of shares."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Context, Decimal
from math import sqrt
from typing import TYPE_CHECKING, Any

from tabulate import tabulate

from reluenum.documents.labels import Document

if TYPE_CHECKING:  # slow to import: only where a table is made
    import pandas as pd

READABLE_DIGITS = 6
"""Significant digits of a loss where it is for reading."""

UNKNOWN = "unknown"
"""Written where undecided supports leave a question open."""

UNUSUAL_SETTINGS = {"hidden_bias": "ridge", "linear": "none"}
"""Settings that a problem names only if they are not these, which have columns only then."""

NOTHING = "–"
"""Stands for what there is not."""


def short_number(text: str, digits: int = READABLE_DIGITS) -> str:
    """Round the text of a number to a few significant digits, for reading.

    Examples
    --------
    >>> short_number("0.7079200030808767104197510016"), short_number("3.287")
    ('0.707920', '3.287')
    """
    return str(Context(prec=digits).plus(Decimal(text)))


def percent(part: float, whole: float) -> str:
    """Return a share in per cent, which is 100 or 0 only if it is all or nothing.

    Examples
    --------
    >>> percent(1, 3), percent(99999, 100000), percent(5, 5), percent(0, 0)
    ('33.3 %', '99.999 %', '100 %', '–')
    """
    if not whole:
        return NOTHING
    if part in (0, whole):
        return "100 %" if part else "0 %"
    digits = 1
    while float(f"{100 * part / whole:.{digits}f}") in (0, 100):
        digits += 1
    return f"{100 * part / whole:.{digits}f} %"


def share_interval(count: int, total: int) -> tuple[float, float, float]:
    """Return a share and its Wilson 95 % interval.

    Parameters
    ----------
    count, total : int
        `total` is positive.

    Returns
    -------
    share, low, high : float
        Between 0 and 1.

    References
    ----------
    .. [1] Wilson, J. Amer. Statist. Assoc. 22 (1927) 209-212.

    Examples
    --------
    >>> [round(value, 4) for value in share_interval(8, 10)]
    [0.8, 0.4902, 0.9433]
    """
    z = 1.959963984540054
    share = count / total
    centre = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * sqrt(share * (1 - share) / total + (z / (2 * total)) ** 2)
    return share, min(share, max(0.0, centre - half)), max(share, min(1.0, centre + half))


def object_frame(records: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> "pd.DataFrame":
    """Return a frame that keeps every cell the object it is (an int with gaps stays an int).

    A column of truth values without gaps is one of bool, so that it can choose rows.

    Examples
    --------
    >>> frame = object_frame(
    ...     [{"loss": "1/3", "best": True}, {"loss": "2", "best": False}], ["loss", "best"]
    ... )
    >>> frame[~frame["best"]]["loss"].tolist()
    ['2']
    """
    cells = [[record.get(column) for column in columns] for record in records]
    import pandas as pd

    frame = pd.DataFrame(cells, columns=list(columns), dtype=object)
    for name, *values in zip(columns, *cells, strict=True):
        if values and all(isinstance(value, bool) for value in values):
            frame[name] = frame[name].astype(bool)
    return frame


def list_cell(texts: Iterable[str]) -> str:
    """Return several texts in one cell."""
    return f"[{', '.join(texts)}]"


def enumerated_texts(texts: Sequence[str], most: int = 12) -> str:
    """Return texts one after the other, and how many there are beyond some number.

    Examples
    --------
    >>> enumerated_texts(["a", "b", "c"], 2)
    'a; b; and 1 more'
    """
    rest = [f"and {len(texts) - most} more"] if len(texts) > most else []
    return "; ".join([*texts[:most], *rest])


def problem_cells(problem: Document) -> dict[str, Any]:
    """Return the sizes and settings of the problem of a document by their columns.

    Those of `UNUSUAL_SETTINGS` are there only if they are unusual.
    """
    keys = ("ridge", "loss", "output_bias", *UNUSUAL_SETTINGS)
    settings = {key: problem[key] for key in keys if key in problem}
    width = problem["width"] if "width" in problem else ",".join(map(str, problem["hidden"]))
    return {"n": len(problem["y"]), "d": len(problem["x"][0]), "width": width, **settings}


def csv_text(frame: "pd.DataFrame", unknown: str = UNKNOWN) -> str:
    """Return a frame as CSV, with a word for what is not known."""
    return frame.to_csv(index=False, lineterminator="\n", na_rep=unknown)


def pipe_table(rows: Sequence[Mapping[str, str]], numbers: bool = False) -> str:
    """Return rows of texts under titles as a Markdown table, numbers to the right if told so."""
    return tabulate(rows, "keys", "pipe", disable_numparse=not numbers)


def paragraphs(parts: Iterable[str]) -> str:
    """Return those parts of a Markdown text that are not empty, one below the other."""
    return "\n\n".join(part for part in parts if part) + "\n"
