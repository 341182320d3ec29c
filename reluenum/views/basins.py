"""The table of a disconnectivity graph: which minima are traps, how deep, and the ways out."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from reluenum.documents.labels import Document, kind
from reluenum.views.cells import (
    NOTHING,
    csv_text,
    enumerated_texts,
    list_cell,
    object_frame,
    short_number,
)

if TYPE_CHECKING:  # slow to import: only where a table is made
    import pandas as pd

COLUMNS = (
    *("index", "loss", "basin", "barrier", "depth", "joins", "event"),
    *("height", "merge_loss", "leads_to", "labelled_copies"),
)
"""Columns of the table of a tree."""

LEGEND = (
    "A basin is a strict minimum as a set; its barrier is the loss at which it first joins a lower "
    "one (joins), its depth that above its own loss; a basin of least loss has none. At the pass a "
    "unit dies (death), or crosses a data point (kink). Height: of the first pass to any other "
    "basin. What is no basin has depth 0: at its ends a unit dies, and from there the loss falls "
    "into the basins that it leads to. Numbers are those of the list of minima."
)
"""What the columns are."""


def barriers_frame(tree: Document) -> "pd.DataFrame":
    """Return one row per component, in the order of the list of minima.

    Parameters
    ----------
    tree : dict
        Of the format `reluenum-basins`.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`: `index` (from 1, as `joins` and `leads_to`), `loss`, `basin`, `barrier`,
        `depth` and `joins`, `event` (what happens at that barrier: `death`, `kink`), `height` and
        `merge_loss` of the first pass to any other basin, `leads_to` (of what is no basin), and
        `labelled_copies`. Of a list for every width instead `index`, `loss`, `basin`, `width_from`
        and `width_to` (None: all larger ones), the widths at which it is one.
    """
    if "every_width" in tree:
        spans = [
            {**record, "index": record["index"] + 1}
            | dict(zip(("width_from", "width_to"), record["widths"] or (None, None), strict=True))
            for record in tree["components"]
        ]
        return object_frame(spans, ("index", "loss", "basin", "width_from", "width_to"))
    copies = [component["orbit_size"] for component in tree["minima"]["components"]]
    rows = [
        {
            **record,
            "index": record["index"] + 1,
            "joins": None if record["joins"] is None else record["joins"] + 1,
            "event": way_out(tree, record),
            "merge_loss": _merge_loss(tree, record),
            "leads_to": _numbers_cell(record["leads_to"]),
            "labelled_copies": number,
        }
        for record, number in zip(tree["components"], copies, strict=True)
    ]
    return object_frame(rows, COLUMNS)


def _merge_loss(tree: Document, record: Mapping[str, Any]) -> str | None:
    return None if record["merge"] is None else tree["merges"][record["merge"]]["loss"]


def _numbers_cell(indices: Sequence[int]) -> str | None:
    return list_cell(str(index + 1) for index in indices) if indices else None


def way_out(tree: Document, record: Mapping[str, Any]) -> str | None:
    """Return what happens where a basin first joins a lower one: a death or a kink.

    Examples
    --------
    >>> merges = [{"loss": "2", "basins": [1, 0], "event": "kink"}]
    >>> way_out({"merges": merges}, {"index": 1, "basin": True, "barrier": "2"})
    'kink'
    """
    if not record["basin"]:
        return None
    level = [merge for merge in tree["merges"] if merge["loss"] == record["barrier"]]
    own = [merge for merge in level if record["index"] in merge["basins"][:-1]]
    return next((merge["event"] for merge in own or level), None)


def tree_in_words(tree: Document) -> str:
    """Return what a picture of a tree shows, for those who do not see it.

    Examples
    --------
    >>> best = {"index": 0, "loss": "1", "basin": True, "depth": None}
    >>> trap = {"index": 1, "loss": "1.5", "basin": True, "depth": "0.5", "barrier": "2"}
    >>> merges = [{"loss": "2", "basins": [1, 0], "event": "kink"}]
    >>> tree_in_words({"components": [best, trap | {"joins": 0}], "merges": merges})
    'Disconnectivity graph: 1, loss 1, is of least loss; 2, loss 1.5, joins 1 at 2 (kink).'
    """
    if "every_width" in tree:
        rows = tree["every_width"]["widths"]
        counts = ", ".join(f"{row['basins']} at width {row['width']}" for row in rows)
        return f"Numbers of basins: {counts}."
    parts = []
    for record in tree["components"]:
        number, loss = record["index"] + 1, short_number(record["loss"], 4)
        if not record["basin"]:
            parts.append(f"{number}, loss {loss}, is no basin")
        elif record.get("depth") is None:
            parts.append(f"{number}, loss {loss}, is of least loss")
        else:
            level, event = short_number(record["barrier"], 4), way_out(tree, record)
            parts.append(f"{number}, loss {loss}, joins {record['joins'] + 1} at {level} ({event})")
    return f"Disconnectivity graph: {enumerated_texts(parts)}."


def barriers_csv(tree: Document) -> str:
    """Return `barriers_frame` as CSV; what there is not is empty."""
    return csv_text(barriers_frame(tree), "")


def readable_barriers(tree: Document) -> list[dict[str, str]]:
    """Return the rows of `barriers_frame` as short texts under titles, for people."""
    kinds = [kind(component["dimension"]) for component in tree["minima"]["components"]]
    return [
        {
            "#": str(row["index"]),
            "loss": short_number(row["loss"]),
            "kind": name,
            "basin": "yes" if row["basin"] else "no",
            "barrier": _short_or_nothing(row["barrier"]),
            "depth": _short_or_nothing(row["depth"]),
            "joins": str(row["joins"] or NOTHING),
            "over": row["event"] or NOTHING,
            "height": _short_or_nothing(row["height"]),
            "leads to": (row["leads_to"] or NOTHING).strip("[]"),
            "labelled copies": str(row["labelled_copies"]),
        }
        for row, name in zip(barriers_frame(tree).to_dict("records"), kinds, strict=True)
    ]


def _short_or_nothing(text: str | None) -> str:
    return NOTHING if text is None else short_number(text)
