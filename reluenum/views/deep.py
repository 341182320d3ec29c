"""Tables of documents about several hidden layers: components, their units, stationary points."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from reluenum.documents.labels import Document, kind, layers_label
from reluenum.views.cells import UNKNOWN, list_cell, object_frame, short_number

if TYPE_CHECKING:  # slow to import: only where a table is made
    import pandas as pd


def deep_components_frame(document: Document) -> "pd.DataFrame":
    """Return one row per component, in the order of the document.

    Parameters
    ----------
    document : dict
        Of the format `reluenum-minima`, with several hidden layers.

    Returns
    -------
    DataFrame
        Columns `index` (from 1), `loss`, `dimension`, `kind`, `on_boundary`, `boundary_by_layer`,
        `global_at_width` (None: unknown), `orbit_size`, `strata` (their number), `signs`,
        `dead_units` and `sum_of_squares` of the first stratum, and the representative `W`, `b`,
        `w`. Real numbers are the document's texts; lists of them are in brackets.
    """
    columns = [
        *("index", "loss", "dimension", "kind", "on_boundary", "boundary_by_layer"),
        *("global_at_width", "orbit_size", "strata", "signs", "dead_units", "sum_of_squares"),
        *("W", "b", "w"),
    ]
    records = [_deep_row(index, c) for index, c in enumerate(document["components"], start=1)]
    return object_frame(records, columns)


def _deep_row(index: int, component: Mapping[str, Any]) -> dict[str, Any]:
    network, layers = component["representative"], component["layers"]
    return {
        **component,
        "index": index,
        "kind": kind(component["dimension"]),
        "boundary_by_layer": list_cell(map(str, component["boundary_by_layer"])),
        "strata": len(component["strata"]),
        "signs": layers_label(layers),
        "dead_units": list_cell(map(str, component["dead_units"])),
        "sum_of_squares": list_cell(
            list_cell(unit["sum_of_squares"] for unit in layer) for layer in layers
        ),
        "W": list_cell(list_cell(map(list_cell, matrix)) for matrix in network["W"]),
        "b": list_cell(map(list_cell, network["b"])),
        "w": list_cell(network["w"]),
    }


def readable_deep_components(document: Document) -> list[dict[str, str]]:
    """Return the rows of `deep_components_frame` as short texts under titles, for people."""
    verdict = {True: "yes", False: "no", None: UNKNOWN}
    return [
        {
            "#": str(row["index"]),
            "loss": short_number(row["loss"]),
            "kind": row["kind"],
            "on a boundary": verdict[row["on_boundary"]],
            "global at its widths": verdict[row["global_at_width"]],
            "labelled copies": str(row["orbit_size"]),
            "signs by layer": row["signs"],
        }
        for row in deep_components_frame(document).to_dict("records")
    ]


def deep_units_frame(document: Document, inputs: tuple[str, ...]) -> "pd.DataFrame":
    """Return one row per hidden unit of the network that represents each component.

    Parameters
    ----------
    document : dict
        Of the format `reluenum-minima`, with several hidden layers.
    inputs : tuple of str
        What the columns of the data are called.

    Returns
    -------
    DataFrame
        Columns `component`, `layer` and `unit` (from 1), `signs` (empty for a dead unit),
        `weights` (of the inputs, by name, or of the units below), `bias` and `outgoing`.
    """
    rows: list[list[Any]] = []
    for number, component in enumerate(document["components"], start=1):
        network = component["representative"]
        leaving = [*network["W"][1:], [network["w"]]]
        layers = zip(component["layers"], network["W"], network["b"], leaving, strict=True)
        for k, (groups, matrix, bias, above) in enumerate(layers, start=1):
            signs = [g["signs"] for g in groups for _ in range(g["multiplicity"])]
            signs += [""] * (len(bias) - len(signs))
            for j, (text, weights, b) in enumerate(zip(signs, matrix, bias, strict=True)):
                names = inputs if k == 1 else [f"h{k - 1}_{m}" for m in range(1, len(weights) + 1)]
                told = [f"{name}: {w}" for name, w in zip(names, weights, strict=True)]
                out = list_cell(row[j] for row in above)
                rows.append([number, k, j + 1, text, list_cell(told), b, out])
    import pandas as pd

    columns = ["component", "layer", "unit", "signs", "weights", "bias", "outgoing"]
    return pd.DataFrame(rows, columns=columns)


def deep_stationary_frame(document: Document) -> "pd.DataFrame":
    """Return one row per stationary point of a document of the format `reluenum-stationary`.

    Returns
    -------
    DataFrame
        Columns `index` (from 1), `signs`, `loss`, `minimum` (None: undecided), `verdict`,
        `reason` and `descent`: as JSON, a network with a smaller loss, of one that is no minimum.
    """
    columns = ["index", "signs", "loss", "minimum", "verdict", "reason", "descent"]
    records = [
        {
            **point,
            "index": index,
            "signs": layers_label(_as_units(point["layers"])),
            "descent": None if point["descent"] is None else json.dumps(point["descent"]),
        }
        for index, point in enumerate(document["points"], start=1)
    ]
    return object_frame(records, columns)


def _as_units(layers: list[list[str]]) -> list[list[dict[str, str]]]:
    return [[{"signs": row} for row in layer] for layer in layers]
