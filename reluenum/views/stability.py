"""The table of radii: how large errors of the targets may be before a minimum changes."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from reluenum.documents.labels import Document
from reluenum.views.cells import csv_text, enumerated_texts, list_cell, object_frame, short_number

if TYPE_CHECKING:  # slow to import: only where a table is made
    import pandas as pd

COLUMNS = (
    *("index", "loss", "radius", "at_most", "relative", "event", "goes_on"),
    *("flag_radius", "basin_radius", "under_errors"),
)
"""Columns of the table."""

LEGEND = (
    "While the targets move by less than the radius, sqrt(sum w_i (y'_i - y_i)^2), the minimum "
    "persists with its faces and signs; at targets that are at_most so far away it does not, which "
    "is proved there: the event happens, and the minimum goes on, on the support that is named "
    "(zero: the zero network), or there is none beside it. Relative: the radius by the standard "
    "deviation of the residual. Flag radius: that of whether it is global at every width. Basin "
    "radius: within it the basin holds a minimum, whatever its support."
)
"""What the columns are."""


def radii_frame(document: Document) -> "pd.DataFrame":
    """Return one row per component, in the order of the list of minima.

    Parameters
    ----------
    document : dict
        Of the format `reluenum-stability`.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`; `index` counts from 1. `basin_radius` and `under_errors` are missing if
        no basins, or no errors, were given.
    """
    records = document["components"]
    columns = [name for name in COLUMNS if name in _ALWAYS or any(name in r for r in records)]
    return object_frame(map(_radius_row, records), columns)


_ALWAYS = frozenset(COLUMNS) - {"basin_radius", "under_errors"}


def _radius_row(record: Mapping[str, Any]) -> dict[str, Any]:
    near = record["nearest"] or {"distance": None, "event": None, "goes_on": None}
    after = near["goes_on"]
    return {
        **record,
        "index": record["index"] + 1,
        "at_most": near["distance"],
        "event": near["event"],
        "goes_on": None if after is None else list_cell(after) or "zero",
    }


def radii_in_words(document: Document) -> str:
    """Return what a picture of radii shows, for those who do not see it.

    Examples
    --------
    >>> near = {"distance": "0.2", "event": "a unit vanishes"}
    >>> minimum = {"index": 0, "loss": "1.5", "radius": "0.1", "nearest": near}
    >>> radii_in_words({"components": [minimum, minimum | {"index": 1, "nearest": None}]})
    'Radii: 1, loss 1.5, persists within 0.1, ends at 0.2; 2, loss 1.5, persists within 0.1.'
    """
    parts = []
    for record in document["components"]:
        near, loss = record["nearest"], short_number(record["loss"], 4)
        end = f", ends at {near['distance']}" if near else ""
        parts.append(f"{record['index'] + 1}, loss {loss}, persists within {record['radius']}{end}")
    return f"Radii: {enumerated_texts(parts)}."


def radii_csv(document: Document) -> str:
    """Return the table as CSV."""
    return csv_text(radii_frame(document))
