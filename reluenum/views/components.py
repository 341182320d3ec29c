"""Tables of documents: components and stationary points, and what belongs on every view of one.

Numbers stay the texts of the document, so that a table never rounds; only what is for reading
shortens them.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from reluenum.documents.labels import Document, kind, support_label
from reluenum.geometry.supports import faces_in
from reluenum.problem import Names
from reluenum.views.cells import UNKNOWN, csv_text, list_cell, object_frame, short_number
from reluenum.views.deep import (
    deep_components_frame,
    deep_stationary_frame,
    deep_units_frame,
    readable_deep_components,
)

if TYPE_CHECKING:  # slow to import: only where a table is made
    import pandas as pd


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
        stratum, and the representative `a` (L), `B` (L x d), with a hidden bias `c` (L), with a
        linear part `beta` (d) and with an output bias `m`; `width_min` if the document is about all
        widths. Real numbers are the document's texts; lists of them are in brackets, in the order
        of the support. Of several hidden layers see `deep_components_frame`.

    Examples
    --------
    >>> group = {"face": "+0", "sign": -1, "multiplicity": 2, "sum_a_squared": "0.5"}
    >>> stratum = {"support": [group], "zero_neurons": 0}
    >>> support_label(stratum["support"])
    '(+0) a<0 x2'
    """
    if "hidden" in document["problem"]:
        return deep_components_frame(document)
    width_known = all("width_min" not in component for component in document["components"])
    biased = document["problem"]["output_bias"] != "none"
    columns = [
        *("index", "loss", "dimension", "kind", "on_boundary", "global_at_width"),
        *("global_at_every_width", "orbit_size", *([] if width_known else ["width_min"])),
        *("strata", "support", "zero_neurons", "sum_a_squared", "a", "B"),
        *_offsets(document),
        *(["beta"] if "linear" in document["problem"] else []),
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
        `b_NAME` for each column of the data, and `c` if there is a hidden bias. Real numbers are
        the document's texts.
    """
    if "hidden" in document["problem"]:
        return deep_units_frame(document, names_of(document).inputs)
    slopes, offsets = [f"b_{name}" for name in names_of(document).inputs], _offsets(document)
    rows = []
    for number, component in enumerate(document["components"], start=1):
        support, network = component["strata"][0]["support"], component["representative"]
        faces = [g["face"] for g in support for _ in range(g["multiplicity"] or 1)]
        faces += [""] * (len(network["a"]) - len(faces))
        units = zip(faces, network["a"], network["B"], *map(network.get, offsets), strict=True)
        rows += [[number, k, f, a, *b, *c] for k, (f, a, b, *c) in enumerate(units, start=1)]
    import pandas as pd

    return pd.DataFrame(rows, columns=["component", "unit", "face", "a", *slopes, *offsets])


def _offsets(document: Document) -> list[str]:
    """Return the column of hidden biases, if there are any."""
    return [] if document["problem"].get("hidden_bias") == "none" else ["c"]


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
        "sum_a_squared": list_cell(group["sum_a_squared"] for group in stratum["support"]),
        "a": list_cell(representative["a"]),
        "B": list_cell(map(list_cell, representative["B"])),
        "c": list_cell(representative.get("c", ())),
        "beta": list_cell(representative.get("beta", ())),
        "m": representative.get("m"),
    }


def readable_components(document: Document) -> list[dict[str, str]]:
    """Return the rows of `components_frame` as short texts under titles, for people."""
    if "hidden" in document["problem"]:
        return readable_deep_components(document)
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
    if "hidden" in document["problem"]:
        return deep_stationary_frame(document)
    columns = [
        *("index", "support", "zero_neurons", "loss", "minimum"),
        *("descent_kind", "descent_face", "descent_sign", "descent_vector", "descent_step"),
    ]
    records = [_point_row(index, point) for index, point in enumerate(document["points"], start=1)]
    return object_frame(records, columns)


def _point_row(index: int, point: Mapping[str, Any]) -> dict[str, Any]:
    groups = zip(faces_in(point["support"]), point["signs"], strict=True)
    support = [{"face": face, "sign": sign} for face, sign in groups]
    row = {**point, "index": index, "support": support_label(support)}
    witness = point["descent"]
    if witness is not None:
        row |= {f"descent_{key}": witness[key] for key in ("kind", "sign", "step")}
        row["descent_face"] = f"({witness['face']})"
        row["descent_vector"] = list_cell(witness["vector"])
    return row


def stationary_csv(document: Document) -> str:
    """Return `stationary_frame` as CSV; a minimum has empty descent columns."""
    return csv_text(stationary_frame(document), "")
