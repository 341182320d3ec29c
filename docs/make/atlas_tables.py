"""Build the tables of the atlas from the results of the sweeps.

    ./run -- snakemake --cores 2 --configfile config/sweep_small.yaml   # and the other sweeps
    ./run -- python -m docs.make.atlas_tables       # reads results/, writes reluenum/datasets

Basins and radii are there where the sweep was run with `basins: true` and `stability: true`. Of a
sweep in batches an n enters when all its batches are there. A landscape without results stays as
the tables have it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import chain
from math import inf, nextafter
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from docs.make.prose import ROOT
from reluenum import atlas
from reluenum.datasets.atlas import (
    REAL,
    REALS,
    TABLES,
    USUAL,
    landscape_digest,
    table_schema,
)
from reluenum.documents.files import replaced_file
from reluenum.documents.minima import read_minima
from reluenum.documents.parquet import read_frame
from reluenum.documents.seals import read_json
from reluenum.experiments.configuration import complete_config
from reluenum.experiments.instances import Batch, batch_instances, batches, instances
from reluenum.experiments.names import instance_name
from reluenum.experiments.rows import basin_rows, radius_rows
from reluenum.experiments.sweep import read_documents

HOME = ROOT / "reluenum/datasets"

SWEEPS = {
    "reference": "config",
    "sweep_small": "sweep_small",
    "sweep_paper": "sweep_paper",
    "practice": "practice",
    "gallery": "gallery",
    "certified": "certified",
    "nile": "nile",
    "ozone": "ozone",
}
"""Experiments in the order of the tables, with the names of their configurations."""

NOT_RUN = "not computed: the sweep was run without it"
BY_BOXES = "not computed: the branch engine keeps no stationary supports"
NO_ORDER = "not computed: nothing tells which of two losses is larger"
COMPUTED = "computed"
"""What `basins_state` and `radii_state` say."""

Row = dict[str, Any]
Found = tuple[Row, list[Row]]
"""An instance and its components."""


def rounded_out(number: str | Fraction, upwards: bool) -> float:
    """Return the double next to an exact number on one side of it, or the number.

    Examples
    --------
    >>> rounded_out("1/2", True), rounded_out("1/10", True) > rounded_out("1/10", False)
    (0.5, True)
    """
    if number == "inf":
        return inf
    exact = Fraction(number)
    near = float(exact)
    if (Fraction(near) < exact) if upwards else (Fraction(near) > exact):
        return nextafter(near, inf if upwards else -inf)
    return near


def landscape_rows(document: Mapping[str, Any]) -> Found:
    """Return what a document of minima alone says of its instance and components.

    Parameters
    ----------
    document : dict
        Of the format `reluenum-minima`, of one hidden layer and one width.
    """
    problem, counts = document["problem"], document["enumeration"]
    components = [
        component_row(place, found) for place, found in enumerate(document["components"], start=1)
    ]
    losses = [row["loss"] for row in components]
    best = [row for row in document["components"] if row["global_at_width"]]
    examined = ("realisable_patterns", "supports_examined", "stationary", "locally_minimal")
    settings = ("ridge", "loss", "output_bias", *USUAL)
    return {
        **{key: problem.get(key, USUAL.get(key)) for key in ("x", "y", "weights", "width")},
        **{key: problem.get(key, USUAL.get(key)) for key in settings},
        **{key: counts.get(key) for key in examined},
        "n": len(problem["y"]),
        "d": len(problem["x"][0]),
        "ridge_decimal": float(Fraction(problem["ridge"])),
        "complete": document["complete"],
        "completeness": document["completeness"],
        "components": len(components),
        "isolated": sum(row["isolated"] for row in components),
        "best_loss": min(losses, default=None),
        "worst_loss": max(losses, default=None),
        "best_on_boundary": any(row["on_boundary"] for row in best) if best else None,
        "sha256": landscape_digest(document),
    }, components


def component_row(index: int, component: Mapping[str, Any]) -> Row:
    """Return what a document says of a component."""
    stratum, network = component["strata"][0], component["representative"]
    low, high = component["loss_interval"]
    groups = stratum["support"]
    return {
        "index": index,
        "loss": float(component["loss"]),
        "loss_low": rounded_out(low, False),
        "loss_high": rounded_out(high, True),
        "isolated": component["dimension"] == 0,
        **{key: component[key] for key in ("dimension", "on_boundary", "global_at_width")},
        **{key: component[key] for key in ("global_at_every_width", "orbit_size")},
        "strata": len(component["strata"]),
        "faces": [group["face"] for group in groups],
        "signs": [group["sign"] for group in groups],
        "multiplicities": [group["multiplicity"] for group in groups],
        "squares": [float(group["sum_a_squared"]) for group in groups],
        "zero_units": stratum["zero_neurons"],
        "a": list(map(float, network["a"])),
        "B": [list(map(float, unit)) for unit in network["B"]],
        **{key: _doubles(network.get(key)) for key in ("c", "beta")},
        "m": None if network.get("m") is None else float(network["m"]),
    }


def _doubles(texts: Sequence[str] | None) -> list[float] | None:
    return None if texts is None else list(map(float, texts))


def basin_cells(row: Mapping[str, Any]) -> Row:
    """Return the cells of a component of a disconnectivity graph, a row of `basin_rows`.

    Examples
    --------
    >>> best = {"basin": True, "barrier": None, "depth": None, "joins": None, "event": None}
    >>> basin_cells(best)["depth"], basin_cells(best)["joins"]
    (inf, 0)
    """
    lowest = pd.isna(row["depth"])
    return {
        "basin": bool(row["basin"]),
        "depth": inf if lowest else float(row["depth"]),
        "barrier": inf if pd.isna(row["barrier"]) else float(row["barrier"]),
        "joins": 0 if pd.isna(row["joins"]) else int(row["joins"]),
        "way_out": "none" if pd.isna(row["event"]) else str(row["event"]),
    }


def radius_cells(row: Mapping[str, Any]) -> Row:
    """Return the cells of the stability of a component, a row of `radius_rows`."""
    radius, most, relative = (row[key] for key in ("radius", "at_most", "relative_radius"))
    return {
        "radius": None if pd.isna(radius) else rounded_out(_text(radius), False),
        "radius_at_most": inf if pd.isna(most) else rounded_out(_text(most), True),
        "relative_radius": None if pd.isna(relative) else float(relative),
    }


def _text(number: str | float) -> str:
    return number if isinstance(number, str) else repr(float(number))


def gathered(results: Path) -> Iterator[Found]:
    """Yield every landscape of the sweeps that are in a folder of results, sweep by sweep.

    Parameters
    ----------
    results : Path
        As the workflow knows it, relative to the folder that it ran in: files are sealed with it.
    """
    for sweep, name in SWEEPS.items():
        config = yaml.safe_load((ROOT / f"config/{name}.yaml").read_text(encoding="utf-8"))
        complete_config(config, ROOT / "config/schemas/config.schema.yaml")
        folder = results / sweep
        if "sweep" in config:
            yield from _of_batches(sweep, batches(config).items(), folder / "batches")
        else:
            engine = config["solve"]["engine"]
            for label, instance in instances(config).items():
                if (folder / label / "minima.json").exists():
                    yield _of_folder(sweep, label, instance | {"engine": engine}, folder / label)


def _of_batches(
    sweep: str, found: Iterable[tuple[Sequence[str], Batch]], folder: Path
) -> Iterator[Found]:
    """Yield the landscapes of those n of which all batches are there."""
    places = [
        (batch, folder / f"data~{data}/method~{method}/ridge~{ridge}/seeds~{seeds}")
        for (data, method, ridge, seeds), batch in found
    ]
    lacking = {
        batch.spec["parameters"]["n"]
        for batch, place in places
        if not all((place / f"size{size}/documents.zip").exists() for size in batch.widths)
    }
    for batch, place in places:
        if batch.spec["parameters"]["n"] not in lacking:
            yield from _of_batch(sweep, batch, place)


def _of_batch(sweep: str, batch: Batch, place: Path) -> Iterator[Found]:
    checked = place / "checked.txt"
    proved = checked.read_text(encoding="utf-8").splitlines() if checked.exists() else []
    known = {
        name for name, _, proof in (line.partition(": ") for line in proved) if "proved: " in proof
    }
    for size in batch.widths:
        home = place / f"size{size}"
        named = {instance_name(found): found for found in batch_instances(batch.spec, size)}
        trees, radii = (_by_instance(home / f"{part}.parquet") for part in ("basins", "radii"))
        for label, document in read_documents(home / "documents.zip"):
            row, parts = _landscape(sweep, label, named[label], document)
            row["checked"] = label in known or None
            _add_basins(row, parts, None if trees is None else trees.get(label, []))
            _add_radii(row, parts, None if radii is None else radii.get(label, []))
            yield row, parts


def _by_instance(path: Path) -> dict[str, list[Row]] | None:
    if not path.exists():
        return None
    found: dict[str, list[Row]] = {}
    for row in read_frame(path).to_dict("records"):
        found.setdefault(row["instance"], []).append(row)
    return found


def _of_folder(sweep: str, label: str, instance: Row, folder: Path) -> Found:
    row, parts = _landscape(sweep, label, instance, read_minima(folder / "minima.json"))
    verified = folder / "verified.txt"
    proved = verified.exists() and verified.read_text(encoding="utf-8").startswith("proved: ")
    row["checked"] = proved or None
    tree, radii = folder / "basins.json", folder / "stability.json"
    _add_basins(row, parts, basin_rows(label, read_json(tree)) if tree.exists() else None)
    _add_radii(row, parts, radius_rows(label, read_json(radii)) if radii.exists() else None)
    return row, parts


def _landscape(sweep: str, label: str, instance: Row, document: Mapping[str, Any]) -> Found:
    row, parts = landscape_rows(document)
    name = f"{sweep}/{label}"
    row |= {
        "instance": name,
        "sweep": sweep,
        "data": instance["label"],
        "seed": instance["parameters"].get("seed"),
        "engine": instance["engine"],
    }
    return row, [{"instance": name, **part} for part in parts]


def _add_basins(row: Row, parts: Sequence[Row], found: Sequence[Row] | None) -> None:
    if not found:
        missing = NOT_RUN if found is None else NO_ORDER
        row["basins_state"] = BY_BOXES if row["engine"] == "branch" else missing
        return
    for part, record in zip(parts, found, strict=True):
        part |= basin_cells(record)
    basins = [part for part in parts if part["basin"]]
    traps = sum(part["depth"] < inf for part in basins)
    row |= {"basins_state": COMPUTED, "basins": len(basins), "traps": traps}


def _add_radii(row: Row, parts: Sequence[Row], found: Sequence[Row] | None) -> None:
    if not found:
        row["radii_state"] = NOT_RUN
        return
    for part, record in zip(parts, found, strict=True):
        part |= radius_cells(record)
    whole = found[0]["list_radius"]
    row["radii_state"] = COMPUTED
    row["list_radius"] = None if pd.isna(whole) else rounded_out(_text(whole), False)


def in_tables(folder: Path) -> Iterator[Found]:
    """Yield the landscapes in the tables of a folder."""
    rows, components = (
        pq.read_table(folder / f"atlas_{name}.parquet").to_pylist() for name in TABLES
    )
    parts: dict[str, list[Row]] = {row["instance"]: [] for row in rows}
    for part in components:
        parts[part["instance"]].append(part)
    for row in rows:
        yield row, parts[row["instance"]]


def joined(old: Iterable[Found], new: Iterable[Found]) -> Iterable[Found]:
    """Return all landscapes, new ones in place of old ones of the same instances."""
    return {row["instance"]: (row, parts) for row, parts in chain(old, new)}.values()


def write(found: Iterable[Found], folder: Path) -> None:
    """Write the tables; equal landscapes are equal bytes with the same version of PyArrow.

    Parameters
    ----------
    found : iterable of pairs
        See `gathered`; the order within a sweep does not matter.
    folder : Path
    """
    order = list(SWEEPS)
    sizes = ("data", "d", "n", "width", "ridge_decimal", "seed", "instance")
    pairs = sorted(
        found,
        key=lambda pair: (
            order.index(pair[0]["sweep"]),
            *(-1 if pair[0][key] is None else pair[0][key] for key in sizes),
        ),
    )
    rows = {
        "instances": [row for row, _ in pairs],
        "components": [part for _, parts in pairs for part in parts],
    }
    for name, columns in TABLES.items():
        schema = table_schema(name)
        cells = {key: [row.get(key) for row in rows[name]] for key in columns}
        table = pa.Table.from_pydict(cells, schema=schema)
        doubles = [key for key, column in columns.items() if column.kind in (REAL, REALS)]
        with replaced_file(folder / f"atlas_{name}.parquet") as path:
            pq.write_table(
                table,
                path,
                compression="zstd",
                compression_level=19,
                use_dictionary=[
                    part for part in _leaves(schema) if part.partition(".")[0] not in doubles
                ],
            )


def _leaves(schema: pa.Schema) -> list[str]:
    """Return the paths of the columns of a Parquet file."""
    found = []
    for field in schema:
        path, kind = field.name, field.type
        while pa.types.is_list(kind):
            path, kind = f"{path}.list.element", kind.value_type
        found.append(path)
    return found


def main() -> None:
    """Build the tables from the results of the sweeps, and from what they have beside these."""
    write(joined(in_tables(HOME), gathered(Path("results"))), HOME)
    print(atlas())


if __name__ == "__main__":
    main()
