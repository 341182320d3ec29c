"""The tidy tables of a sweep, a row for each instance, component or time, and their summaries.

Counts of an instance with undecided supports are lower bounds; summaries say how many of those
there are and leave them out of every mean and share.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Context, Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from reluenum.document import replaced_file
from reluenum.experiment import instance_name
from reluenum.problem import parse_rational
from reluenum.seals import KEY, broken, place_of, seal
from reluenum.summary import summary_frame
from reluenum.tables import components_frame

Document = Mapping[str, Any]

WHOLE, REAL, TEXT, TRUTH = "Int64", "float64", "string", "boolean"

INSTANCES = {
    "instance": TEXT,
    "data": TEXT,
    "n": WHOLE,
    "d": WHOLE,
    "seed": WHOLE,
    "engine": TEXT,
    "width": WHOLE,
    "ridge": TEXT,
    "ridge_decimal": REAL,
    "loss": TEXT,
    "output_bias": TEXT,
    "realisable_patterns": WHOLE,
    "supports_examined": WHOLE,
    "stationary": WHOLE,
    "locally_minimal": WHOLE,
    "components": WHOLE,
    "isolated": WHOLE,
    "isolated_on_boundary": WHOLE,
    "zero_network": WHOLE,
    "interior": WHOLE,
    "full_size": WHOLE,
    "global_at_width": WHOLE,
    "global_at_every_width": WHOLE,
    "spurious": WHOLE,
    "best_loss": TEXT,
    "worst_loss": TEXT,
    "gap": TEXT,
    "relative_gap": REAL,
    "undecided": WHOLE,
    "complete": TRUTH,
}
"""Columns of the table of instances and their types.

`data` is the label of the data sets; `zero_network` is 1 if the network without any living unit is
a local minimum, which counts as isolated and on a boundary; `full_size` is the N_m of Corollary D.1
at m = width: isolated minima with a face of its own for each unit, those global at every width left
out; `spurious` are components that are not global at their width (missing if undecided supports
hide which are); `gap` is the worst loss minus the best one, `relative_gap` its share of the best.
"""

COMPONENTS = {
    "instance": TEXT,
    "index": WHOLE,
    "dimension": WHOLE,
    "size": WHOLE,
    "loss": TEXT,
    "on_boundary": TRUTH,
    "global_at_width": TRUTH,
    "global_at_every_width": TRUTH,
    "orbit_size": TEXT,
    "strata": WHOLE,
    "support": TEXT,
    "complete": TRUTH,
}
"""Columns of the table of components.

`size` counts the faces of the first stratum; `complete` is that of the instance: if it is False,
components may be missing.
"""

TIMES = {
    "instance": TEXT,
    "series": TEXT,
    "width": WHOLE,
    "examine_seconds": REAL,
    "document_seconds": REAL,
}
"""Columns of the table of times: to examine the supports of size `width` alone, and to list the
minima of that width. Instances that differ in their width only are of one series."""

GROUP = ("data", "d", "n", "width", "engine", "loss", "output_bias")
"""What the instances of a row of the summary share."""

GROUP_AND_RIDGE = (*GROUP, "ridge_decimal", "ridge")
"""The same by ridge, in the order of its value."""


def frame(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str]) -> pd.DataFrame:
    """Return a frame with these columns and types, also without any row."""
    found = pd.DataFrame(list(rows), columns=list(columns), dtype=object)
    return found.astype(dict(columns))


def write_frame(path: Path, table: pd.DataFrame) -> None:
    """Write a table as Parquet with its seal among the metadata, whole or not at all."""
    content = pa.Table.from_pandas(table, preserve_index=False)
    metadata = {**content.schema.metadata, KEY: _seal(path, content)}
    with replaced_file(path) as temporary:
        pq.write_table(content.replace_schema_metadata(metadata), temporary)


def read_frame(path: Path) -> pd.DataFrame:
    """Read a table of a sweep at its place.

    Raises
    ------
    IncompleteRunError
        If its seal does not fit the table and the place, or there is none.
    """
    content = path.read_bytes()
    try:
        table = pq.ParquetFile(pa.BufferReader(content)).read()
        found = (table.schema.metadata or {}).get(KEY.encode(), b"").decode()
        if found == _seal(path, table):
            return table.to_pandas()
    except (pa.ArrowException, OSError, ValueError, TypeError, LookupError) as error:
        raise broken(path) from error
    raise broken(path)


def _seal(path: Path, table: pa.Table) -> str:
    metadata = {key.decode(): text.decode() for key, text in (table.schema.metadata or {}).items()}
    described = {key: text for key, text in metadata.items() if key != KEY}
    return seal(place_of(path), json.dumps([described, table.to_pydict()]).encode())


def instance_row(instance: Mapping[str, Any], document: Document) -> dict[str, Any]:
    """Return the row of an instance of a sweep in the table of instances."""
    name = instance_name(instance)
    (row,) = summary_frame({name: document}).to_dict("records")
    found = document["components"]
    return {
        **row,
        "data": instance["label"],
        "seed": instance["parameters"].get("seed"),
        "engine": instance["engine"],
        "ridge_decimal": float(parse_rational(row["ridge"])),
        "zero_network": sum(_size(component) == 0 for component in found),
        "full_size": sum(
            component["dimension"] == 0
            and not component["global_at_every_width"]
            and _size(component) == row["width"]
            for component in found
        ),
        "spurious": len(found) - row["global_at_width"] if row["complete"] else None,
        **_gap(row["best_loss"], row["worst_loss"]),
    }


def _size(component: Mapping[str, Any]) -> int:
    return len(component["strata"][0]["support"])


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
    return [{**row, **own, "size": size} for row, size in zip(rows, sizes, strict=True)]


def time_row(instance: Mapping[str, Any], seconds: tuple[float, float]) -> dict[str, Any]:
    """Return the row of an instance in the table of times."""
    series = instance_name(instance | {"width": "*"})
    cells = (instance_name(instance), series, instance["width"], *seconds)
    return dict(zip(TIMES, cells, strict=True))


def decided(instances: pd.DataFrame) -> pd.DataFrame:
    """Return the instances without undecided supports."""
    return instances[instances["complete"]]


def summary(instances: pd.DataFrame, by: Sequence[str] = GROUP) -> pd.DataFrame:
    """Return a row for each group of instances, averaged over all that they do not share.

    Parameters
    ----------
    instances : DataFrame
        With the columns `INSTANCES`.
    by : sequence of str
        Columns that make a group.

    Returns
    -------
    DataFrame
        The columns `by`; `instances` and `undecided` (how many of them stayed undecided); of the
        others the sums `components`, `isolated`, `isolated_on_boundary`, `zero_network`,
        `spurious`, `supports_examined`, the mean, smallest and largest number of components,
        `benign` (share of instances without a spurious minimum), `optimal_at_every_width` (share
        whose best minimum is global at every width), and the median and largest relative gap.
    """
    rows = [
        {**dict(zip(by, key, strict=True)), **_group_row(group)}
        for key, group in instances.groupby(list(by), sort=True, dropna=False)
    ]
    return pd.DataFrame(rows)


def _group_row(group: pd.DataFrame) -> dict[str, Any]:
    known = decided(group)
    sums = {
        key: int(known[key].sum())
        for key in ("components", "isolated", "isolated_on_boundary", "zero_network", "spurious")
    }
    components = known["components"]
    return {
        "instances": len(group),
        "undecided": len(group) - len(known),
        **sums,
        "supports_examined": int(group["supports_examined"].sum()),
        "mean_components": components.mean(),
        "fewest_components": components.min(),
        "most_components": components.max(),
        "benign": (known["spurious"] == 0).mean(),
        "optimal_at_every_width": (known["global_at_every_width"] > 0).mean(),
        "median_gap": known["relative_gap"].median(),
        "largest_gap": known["relative_gap"].max(),
    }


def dimensions(components: pd.DataFrame, instances: pd.DataFrame) -> pd.DataFrame:
    """Return how many components of decided instances have each dimension, by group."""
    joined = components[["instance", "dimension"]].merge(decided(instances), on="instance")
    counts = joined.groupby([*GROUP, "dimension"]).size().unstack("dimension", fill_value=0)
    return counts.rename(columns=lambda dimension: f"dimension_{dimension}").reset_index()


def total_seconds(times: pd.DataFrame, instances: pd.DataFrame) -> pd.DataFrame:
    """Return the supports and the time of each instance: all sizes up to its width, its document.

    Parameters
    ----------
    times : DataFrame
        With the columns `TIMES`, for every width from 1 on, also if it was not asked for.
    instances : DataFrame
        With the columns `INSTANCES`, for those that were asked for.

    Returns
    -------
    DataFrame
        Columns `instance`, `engine`, `n`, `d`, `width`, `complete`, `supports` and `seconds`.
    """
    ordered = times.sort_values(["series", "width"])
    examined = ordered.groupby("series")["examine_seconds"].cumsum()
    ordered = ordered.assign(seconds=examined + ordered["document_seconds"])
    columns = ["instance", "engine", "n", "d", "width", "supports_examined", "complete"]
    joined = instances[columns].merge(ordered[["instance", "seconds"]], on="instance")
    return joined.rename(columns={"supports_examined": "supports"})
