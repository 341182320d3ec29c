"""The tables of a sweep: the rows that an instance gives to them, and what they add up to."""

from collections.abc import Mapping, Sequence
from decimal import Context, Decimal
from pathlib import Path
from typing import Any

import pandas as pd

from reluenum.algebra.scalars import parse_rational
from reluenum.documents.files import write_text
from reluenum.documents.labels import Document
from reluenum.documents.parquet import read_frame, write_frame
from reluenum.experiments.names import instance_name
from reluenum.views.basins import barriers_frame
from reluenum.views.cells import csv_text
from reluenum.views.components import components_frame
from reluenum.views.instances import summary_rows
from reluenum.views.stability import radii_frame
from reluenum.views.sweep_tables import (
    COMPONENTS,
    GROUP_AND_RIDGE,
    INSTANCES,
    LAYERED,
    TIMES,
    UNUSUAL,
    frame,
    sweep_summary,
    total_seconds,
    with_basins,
    with_layers,
    with_radii,
    with_settings,
)
from reluenum.views.sweeps import sweep_latex, sweep_markdown


def instance_row(instance: Mapping[str, Any], document: Document) -> dict[str, Any]:
    """Return the row of an instance of a sweep in the table of instances."""
    name = instance_name(instance)
    (row,) = summary_rows({name: document})
    found, posed = document["components"], document["problem"]
    zeros = [component for component in found if _size(component) == 0]
    own = _layered_cells if "hidden" in posed else _one_layer_cells
    if posed.get("hidden_bias") == "free":
        own = _free_cells
    return {
        **row,
        "data": ", ".join(instance[k] for k in ("label", "activation") if k in instance),
        "seed": instance["parameters"].get("seed"),
        "engine": instance["engine"],
        "ridge_decimal": float(parse_rational(row["ridge"])),
        "zero_network": sum(component["dimension"] == 0 for component in zeros),
        **own(row["width"], found),
        "spurious": len(found) - row["global_at_width"] if row["complete"] else None,
        **_gap(row["best_loss"], row["worst_loss"]),
    }


def _one_layer_cells(width: int, found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what is known of one hidden layer only."""
    full = (
        component["dimension"] == 0
        and not component["global_at_every_width"]
        and _size(component) == width
        for component in found
    )
    return {"full_size": sum(full)}


def _free_cells(width: int, found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what a row says with free hidden biases: Corollary D.1 is not about them."""
    return {"full_size": None}


def _layered_cells(hidden: str, found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what a row says of several hidden layers instead."""
    constant = sum(not component["layers"][0] and _size(component) > 0 for component in found)
    unknown = dict.fromkeys(("width", "realisable_patterns", "global_at_every_width"))
    return {**unknown, "hidden": hidden, "constant_networks": constant}


def _size(component: Mapping[str, Any]) -> int:
    layers = component.get("layers") or [component["strata"][0]["support"]]
    return sum(map(len, layers))


def _gap(best: str | None, worst: str | None) -> dict[str, Any]:
    if best is None or worst is None:
        return {"gap": None, "relative_gap": None}
    gap = Context(prec=20).subtract(Decimal(worst), Decimal(best))
    share = float(gap / Decimal(best)) if Decimal(best) else None
    return {"gap": f"{gap:f}", "relative_gap": share}


def component_rows(name: str, document: Document) -> list[dict[str, Any]]:
    """Return the rows of the components of an instance."""
    rows = components_frame(document).to_dict("records")
    sizes = map(_size, document["components"])
    own = {"instance": name, "complete": document["complete"]}
    return [
        {"support": row.get("signs"), **row, **own, "size": size}
        for row, size in zip(rows, sizes, strict=True)
    ]


def basin_rows(name: str, tree: Document) -> list[dict[str, Any]]:
    """Return what a disconnectivity graph says of the components of an instance, as rows."""
    return [{**row, "instance": name} for row in barriers_frame(tree).to_dict("records")]


def radius_rows(name: str, found: Document) -> list[dict[str, Any]]:
    """Return what a document of stability says of the components of an instance, as rows."""
    whole = {"instance": name, "list_radius": found["list"]["radius"]}
    return [
        {**row, **whole, "relative_radius": row["relative"]}
        for row in radii_frame(found).to_dict("records")
    ]


def step_tables(
    instances: Sequence[Mapping[str, Any]],
    documents: Mapping[str, Document],
    seconds: Mapping[str, tuple[float, float]],
) -> dict[str, pd.DataFrame]:
    """Return the tables that some instances of one width give, by name.

    Parameters
    ----------
    instances : sequence of dict
    documents, seconds : dict
        By name of the instance, in the order of the rows.
    """
    named = {instance_name(instance): instance for instance in instances}
    rows = [instance_row(named[name], document) for name, document in documents.items()]
    parts = [row for name, found in documents.items() for row in component_rows(name, found)]
    layered = any("hidden" in row for row in rows)
    unusual = {key: kind for key, kind in UNUSUAL.items() if any(key in row for row in rows)}
    columns = INSTANCES | (LAYERED if layered else {}) | unusual
    times = [
        (name, name, None, *pair)  # a series of its own
        if layered
        else (name, instance_name(named[name] | {"width": "*"}), named[name]["width"], *pair)
        for name, pair in seconds.items()
    ]
    return {
        "instances": frame(rows, columns),
        "components": frame(parts, COMPONENTS),
        "times": frame((dict(zip(TIMES, row, strict=True)) for row in times), TIMES),
    }


def joined_tables(
    instances: Sequence[Path],
    components: Sequence[Path],
    times: Sequence[Path],
    basins: Sequence[Path] = (),
    radii: Sequence[Path] = (),
) -> dict[str, pd.DataFrame]:
    """Return the tables of a whole sweep from those of its batches, by name.

    Parameters
    ----------
    instances, components : sequence of Path
        Those of the widths that were asked for.
    times : sequence of Path
        Those of all sizes up to the largest width.
    basins, radii : sequence of Path
        Those of the widths that were asked for, or none.
    """
    rows, parts, seconds = (
        pd.concat([read_frame(path) for path in paths], ignore_index=True)
        for paths in (instances, components, times)
    )
    rows = with_settings(with_layers(rows))
    totals = total_seconds(seconds, rows)
    if basins:
        trees = pd.concat([read_frame(path) for path in basins], ignore_index=True)
        rows, parts = with_basins(rows, parts, trees)
    if radii:
        found = pd.concat([read_frame(path) for path in radii], ignore_index=True)
        rows, parts = with_radii(rows, parts, found)
    return {"instances": rows, "components": parts, "times": totals}


def write_tables(tables: Mapping[str, pd.DataFrame], files: Mapping[str, Path]) -> None:
    """Write the tables of a sweep, and the summary of its instances as CSV, Markdown and LaTeX.

    Parameters
    ----------
    tables : dict
        See `joined_tables`.
    files : mapping of str to Path
        Names of tables, with their suffixes after `_`, and where they go.
    """
    for name, table in tables.items():
        write_frame(files[f"{name}_parquet"], table)
        write_text(files[f"{name}_csv"], csv_text(table, ""))
    rows = tables["instances"]
    write_text(files["summary_csv"], csv_text(sweep_summary(rows, GROUP_AND_RIDGE), ""))
    write_text(files["summary_md"], sweep_markdown(rows, tables["components"]))
    write_text(files["summary_tex"], sweep_latex(rows))
