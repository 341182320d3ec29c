"""Tables of documents: components and stationary points, and what belongs on every view of one.

Numbers stay the texts of the document, so that a table never rounds; only what is for reading
shortens them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from decimal import Context, Decimal
from math import sqrt
from typing import TYPE_CHECKING, Any

from reluenum.problem import Names

if TYPE_CHECKING:  # it takes as long to import as everything else together: where it is used
    import pandas as pd

Document = Mapping[str, Any]

READABLE_DIGITS = 6
"""Significant digits of a loss where it is for reading."""

UNKNOWN = "unknown"
"""Written where undecided supports leave a question open."""


def components_frame(document: Document) -> "pd.DataFrame":
    """Return one row per component, in the order of the document.

    Parameters
    ----------
    document : dict
        Of the format `reluenum-minima`.

    Returns
    -------
    DataFrame
        Columns `index` (from 1), `loss`, `dimension`, `kind`, `on_boundary`, `global_at_width`
        (None: unknown, because supports stayed undecided), `global_at_every_width`, `orbit_size`,
        `strata` (their number), `support`, `zero_neurons` and `sum_a_squared` of the first
        stratum, and the representative `a` (L), `B` (L x d), `c` (L) and, with an output bias,
        `m`; `width_min` if the document is about all widths. Real numbers are the document's
        texts; lists of them are in brackets, in the order of the support.

    Examples
    --------
    >>> group = {"face": "+0", "sign": -1, "multiplicity": 2, "sum_a_squared": "0.5"}
    >>> stratum = {"support": [group], "zero_neurons": 0}
    >>> support_label(stratum["support"])
    '(+0) a<0 x2'
    """
    width_known = all("width_min" not in component for component in document["components"])
    biased = document["problem"]["output_bias"] != "none"
    columns = [
        *("index", "loss", "dimension", "kind", "on_boundary", "global_at_width"),
        *("global_at_every_width", "orbit_size", *([] if width_known else ["width_min"])),
        *("strata", "support", "zero_neurons", "sum_a_squared", "a", "B", "c"),
        *(["m"] if biased else []),
    ]
    records = [
        _component_row(index, component)
        for index, component in enumerate(document["components"], start=1)
    ]
    return object_frame(records, columns)


def named(document: Document, names: Names | None) -> Document:
    """Return a document that says, to tables and figures only, what the columns are called."""
    return document if names is None else {**document, "names": asdict(names)}


def names_of(document: Document) -> Names:
    """Return what the columns of the data are called: x1..xd and y, if nobody has named them."""
    given = document.get("names")
    if given is None:
        return Names.usual(len(document["problem"]["x"][0]))
    return Names(tuple(given["inputs"]), given["target"])


def units_frame(document: Document) -> "pd.DataFrame":
    """Return one row per hidden unit of the network that represents each component.

    Parameters
    ----------
    document : dict
        Of the format `reluenum-minima`.

    Returns
    -------
    DataFrame
        Columns `component` and `unit` (from 1), `face` (empty for a zero unit), `a`, a column
        `b_NAME` for each column of the data, and `c`. Real numbers are the document's texts.
    """
    slopes = [f"b_{name}" for name in names_of(document).inputs]
    rows = []
    for number, component in enumerate(document["components"], start=1):
        support, network = component["strata"][0]["support"], component["representative"]
        faces = [g["face"] for g in support for _ in range(g["multiplicity"] or 1)]
        faces += [""] * (len(network["a"]) - len(faces))
        units = zip(faces, network["a"], network["B"], network["c"], strict=True)
        rows += [[number, k, f, a, *b, c] for k, (f, a, b, c) in enumerate(units, start=1)]
    import pandas as pd

    return pd.DataFrame(rows, columns=["component", "unit", "face", "a", *slopes, "c"])


def _component_row(index: int, component: Mapping[str, Any]) -> dict[str, Any]:
    stratum = component["strata"][0]
    representative = component["representative"]
    return {
        **component,
        "index": index,
        "kind": kind(component["dimension"]),
        "strata": len(component["strata"]),
        "support": support_label(stratum["support"]),
        "zero_neurons": stratum["zero_neurons"],
        "sum_a_squared": _list_cell(group["sum_a_squared"] for group in stratum["support"]),
        "a": _list_cell(representative["a"]),
        "B": _list_cell(map(_list_cell, representative["B"])),
        "c": _list_cell(representative["c"]),
        "m": representative.get("m"),
    }


def readable_components(document: Document) -> list[dict[str, str]]:
    """Return the rows of `components_frame` as short texts under titles, for people."""
    verdict = {True: "yes", False: "no", None: UNKNOWN}
    return [
        {
            "#": str(row["index"]),
            "loss": short_number(row["loss"]),
            "kind": row["kind"],
            "on a boundary": verdict[row["on_boundary"]],
            "global at its width": verdict[row["global_at_width"]],
            "at every width": verdict[row["global_at_every_width"]],
            "labelled copies": str(row["orbit_size"]),
            "support": row["support"],
        }
        for row in components_frame(document).to_dict("records")
    ]


def kind(dimension: int) -> str:
    """Return what a component of some dimension is called: isolated, arc, dimension k."""
    return {0: "isolated", 1: "arc"}.get(dimension, f"dimension {dimension}")


def support_label(support: Iterable[Mapping[str, Any]]) -> str:
    """Return a support as text: each face with the sign of a and its multiplicity.

    It does not start with `+`, `-` or `=`, which spreadsheets take for a formula.

    Examples
    --------
    >>> support_label([{"face": "+-0", "sign": 1, "multiplicity": 1}])
    '(+-0) a>0 x1'
    """
    cells = []
    for group in support:
        times = group.get("multiplicity")
        relation = ">" if group["sign"] > 0 else "<"
        cells.append(f"({group['face']}) a{relation}0" + ("" if times is None else f" x{times}"))
    return "; ".join(cells) or "zero network"


def minima_csv(document: Document) -> str:
    """Return `components_frame` as CSV; an unknown `global_at_width` says `unknown`."""
    return csv_text(components_frame(document))


def stationary_frame(document: Document) -> "pd.DataFrame":
    """Return one row per stationary point of a document of the format `reluenum-stationary`.

    Returns
    -------
    DataFrame
        Columns `index` (from 1), `support`, `zero_neurons` (whether there is one), `loss`,
        `minimum`, and for a point that is no minimum `descent_kind`, `descent_face`,
        `descent_sign`, `descent_vector`, `descent_step`: a step that lowers the loss; None
        otherwise.
    """
    columns = [
        *("index", "support", "zero_neurons", "loss", "minimum"),
        *("descent_kind", "descent_face", "descent_sign", "descent_vector", "descent_step"),
    ]
    records = [_point_row(index, point) for index, point in enumerate(document["points"], start=1)]
    return object_frame(records, columns)


def _point_row(index: int, point: Mapping[str, Any]) -> dict[str, Any]:
    faces = point["support"].split("|") if point["support"] else []
    support = [
        {"face": face, "sign": sign} for face, sign in zip(faces, point["signs"], strict=True)
    ]
    row = {**point, "index": index, "support": support_label(support)}
    witness = point["descent"]
    if witness is not None:
        row |= {f"descent_{key}": witness[key] for key in ("kind", "sign", "step")}
        row["descent_face"] = f"({witness['face']})"
        row["descent_vector"] = _list_cell(witness["vector"])
    return row


def stationary_csv(document: Document) -> str:
    """Return `stationary_frame` as CSV; a minimum has empty descent columns."""
    return csv_text(stationary_frame(document).fillna(""))


def undecided_note(document: Document) -> str:
    """Return the warning that belongs on every view of a document, empty if it is complete.

    Examples
    --------
    >>> undecided_note({"enumeration": {"undecided": 2}})
    '2 supports undecided: list not complete'
    """
    undecided = document["enumeration"]["undecided"]
    if undecided:
        return f"{undecided} support{'s' * (undecided != 1)} undecided: list not complete"
    return "" if document.get("complete", True) else "list not proved complete"


def undecided_along(path: Document) -> int:
    """Return how many supports stayed undecided along a document of a ridge path.

    Examples
    --------
    >>> undecided_along({"undecided": {"1/100": 2, "1/10": 1}})
    3
    """
    return sum(path["undecided"].values())


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
        return "–"
    if part in (0, whole):
        return "100 %" if part else "0 %"
    digits = 1
    while float(f"{100 * part / whole:.{digits}f}") in (0, 100):
        digits += 1
    return f"{100 * part / whole:.{digits}f} %"


def interval(count: int, total: int) -> tuple[float, float, float]:
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
    >>> [round(value, 4) for value in interval(8, 10)]
    [0.8, 0.4902, 0.9433]
    """
    z = 1.959963984540054
    share = count / total
    centre = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * sqrt(share * (1 - share) / total + (z / (2 * total)) ** 2)
    return share, min(share, max(0.0, centre - half)), max(share, min(1.0, centre + half))


def object_frame(records: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> "pd.DataFrame":
    """Return a frame that keeps every cell the object it is (an int with gaps stays an int)."""
    cells = [[record.get(column) for column in columns] for record in records]
    import pandas as pd

    return pd.DataFrame(cells, columns=list(columns), dtype=object)


def _list_cell(texts: Iterable[str]) -> str:
    return f"[{', '.join(texts)}]"


def csv_text(frame: "pd.DataFrame") -> str:
    """Return a frame as CSV, with a word for what is not known."""
    return frame.to_csv(index=False, lineterminator="\n", na_rep=UNKNOWN)
