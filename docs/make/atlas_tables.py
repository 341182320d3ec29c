"""Build the tables of the atlas from the results of the sweeps, and hold them to new documents.

    ./run -- snakemake --cores 2 --configfile config/sweep_small.yaml   # and the other sweeps
    ./run -- python -m docs.make.atlas_tables build    # reads results/, writes reluenum/datasets
    ./run -- python -m docs.make.atlas_tables prove 10 # ten instances anew, checked and compared

Basins and radii are there where the sweep was run with `basins: true` and `stability: true`. Of a
sweep in batches an n enters when all its batches are there. A sweep without results stays as the
tables have it.
"""

import random
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import chain
from math import inf, nextafter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from docs.make.prose import ROOT
from reluenum import atlas, enumerate_minima
from reluenum.datasets.atlas import (
    REAL,
    REALS,
    TABLES,
    USUAL,
    Atlas,
    landscape_digest,
    table_schema,
)
from reluenum.documents.files import replaced_file
from reluenum.documents.minima import read_minima
from reluenum.documents.parquet import read_frame
from reluenum.documents.results import to_json
from reluenum.documents.seals import read_json
from reluenum.experiments.configuration import complete_config
from reluenum.experiments.instances import Batch, batch_instances, batches, instances
from reluenum.experiments.names import instance_name
from reluenum.experiments.rows import basin_rows, radius_rows
from reluenum.experiments.sweep import read_documents
from reluenum.problem import Problem
from reluenum.verify import verify

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


def in_tables(results: Path, folder: Path) -> Iterator[Found]:
    """Yield the landscapes in the tables of a folder of those sweeps that have no results."""
    instances, components = (
        pq.read_table(folder / f"atlas_{name}.parquet").to_pylist() for name in TABLES
    )
    parts: dict[str, list[Row]] = {row["instance"]: [] for row in instances}
    for part in components:
        parts[part["instance"]].append(part)
    for row in instances:
        if not (results / row["sweep"]).exists():
            yield row, parts[row["instance"]]


def write(found: Iterable[Found], folder: Path) -> None:
    """Write the tables; equal landscapes are equal bytes with the same version of PyArrow.

    Parameters
    ----------
    found : iterable of pairs
        See `gathered` and `in_tables`; the order within a sweep does not matter.
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


def differences(found: Atlas, name: str, document: Mapping[str, Any]) -> list[str]:
    """Return the columns in which the atlas differs from a document about one of its instances."""
    row, parts = landscape_rows(document)
    held = found.instances[found.instances["instance"] == name].to_dict("records")[0]
    wrong = [key for key, value in row.items() if not _same(held[key], value)]
    components = found.of(name).to_dict("records")
    if len(components) != len(parts):
        return [*wrong, f"{len(components)} components, not {len(parts)}"]
    return wrong + [
        f"{key} of component {part['index']}"
        for have, part in zip(components, parts, strict=True)
        for key, value in part.items()
        if not _same(have[key], value)
    ]


def _same(held: Any, value: Any) -> bool:
    if value is None:
        return held is None or held is pd.NA or (isinstance(held, float) and np.isnan(held))
    return _plain_list(held) == value


def _plain_list(value: Any) -> Any:
    """Return arrays within arrays as lists."""
    return [_plain_list(part) for part in value] if isinstance(value, np.ndarray) else value


def prove(found: Atlas, names: Iterable[str]) -> Iterator[tuple[str, str, list[str]]]:
    """List the minima of instances anew, check the certificates, and compare with the atlas.

    Yields
    ------
    name, proof, differences : str, str, list of str
        What the independent checker has proved, and where the atlas says something else.
    """
    engines = found.instances.set_index("instance")["engine"]
    for name in names:
        problem: Problem = found.problem(name)
        document = enumerate_minima(problem, engine=engines[name]).document
        proof = document["completeness"]
        if "certificate" in document:
            with TemporaryDirectory() as folder:
                file = Path(folder, "minima.json")
                file.write_text(to_json(document), encoding="utf-8")
                proof = verify(file).summary
        yield name, proof, differences(found, name, document)


def main(arguments: Sequence[str]) -> int:
    """Build the tables, or prove some of their rows anew."""
    if arguments[:1] == ["build"]:
        results = Path("results")
        write(chain(gathered(results), in_tables(results, HOME)), HOME)
        print(atlas())
        return 0
    if arguments[:1] != ["prove"]:
        print("build, or prove NUMBER|NAME...", file=sys.stderr)
        return 2
    found, failed = atlas(), 0
    names = arguments[1:]
    if len(names) == 1 and names[0].isdecimal():
        small = found.instances[found.instances["supports_examined"] < 100_000]["instance"]
        names = random.Random(0).sample(sorted(small), int(names[0]))
    for name, proof, wrong in prove(found, names):
        failed += bool(wrong)
        print(f"{name}: {proof}; {'differs: ' + ', '.join(wrong) if wrong else 'as in the atlas'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
