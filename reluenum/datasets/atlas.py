"""The atlas: the complete landscapes of the sweeps that are shipped, as two tables."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reluenum.errors import InputError, quoted
from reluenum.problem import Problem

if TYPE_CHECKING:  # slow to import: only where the atlas is read
    import pandas as pd
    import pyarrow as pa

TEXT, WHOLE, REAL, TRUTH = "text", "whole", "real", "truth"
TEXTS, WHOLES, REALS, MATRIX, POINTS = "texts", "wholes", "reals", "matrix", "points"


@dataclass(frozen=True)
class Column:
    """A column of the atlas: its type, its unit and what it means.

    Parameters
    ----------
    kind : str
        `text`, `whole` (64 bits), `real` (doubles), `truth`; `texts`, `wholes`, `reals`: lists of
        them; `matrix` and `points`: lists of lists of doubles and of texts.
    unit : str
        Of its numbers; `1` for pure numbers, empty for other columns.
    meaning : str
    """

    kind: str
    unit: str
    meaning: str


INSTANCES = {
    "instance": Column(TEXT, "", "name of the row: `sweep/name`; its documents are in `results/`"),
    "sweep": Column(TEXT, "", "experiment, that is the folder below `results/`"),
    "data": Column(TEXT, "", "family or file of the data"),
    "seed": Column(WHOLE, "1", "seed of generated data; null for other data"),
    "n": Column(WHOLE, "1", "number of data points"),
    "d": Column(WHOLE, "1", "dimension of an input"),
    "x": Column(POINTS, "data", "inputs: d exact numbers (`-17/100`) for each data point"),
    "y": Column(TEXTS, "data", "targets, exact numbers"),
    "weights": Column(TEXTS, "1", "weights of the data points, exact; null if all are 1"),
    "width": Column(WHOLE, "1", "number of hidden units L"),
    "ridge": Column(TEXT, "1", "ridge, an exact number"),
    "ridge_decimal": Column(REAL, "1", "the double nearest to it"),
    "loss": Column(TEXT, "", "`sum` or `mean` of the squared residuals"),
    "output_bias": Column(TEXT, "", "`none`, `free` or `ridge`"),
    "hidden_bias": Column(TEXT, "", "`ridge` or `none`"),
    "linear": Column(TEXT, "", "`none`, `free` or `ridge`"),
    "activation": Column(TEXT, "", "`relu`, or as in `--activation`"),
    "engine": Column(TEXT, "", "engine of the sweep"),
    "complete": Column(TRUTH, "", "whether no minimum is missing from the list"),
    "completeness": Column(TEXT, "", "what that rests on, as the document says"),
    "checked": Column(TRUTH, "", "true: the independent checker has proved the list in this run"),
    "realisable_patterns": Column(WHOLE, "1", "activation patterns that some network has"),
    "supports_examined": Column(WHOLE, "1", "supports of 1..L faces"),
    "stationary": Column(WHOLE, "1", "of these with a stationary point"),
    "locally_minimal": Column(WHOLE, "1", "of these with local minima"),
    "components": Column(WHOLE, "1", "connected components of local minima"),
    "isolated": Column(WHOLE, "1", "components that are points"),
    "best_loss": Column(REAL, "loss", "least loss, the nearest double"),
    "worst_loss": Column(REAL, "loss", "largest loss of a local minimum"),
    "best_on_boundary": Column(TRUTH, "", "whether a component of least loss is on a boundary"),
    "basins": Column(WHOLE, "1", "components that are strict minima as sets"),
    "traps": Column(WHOLE, "1", "basins that are not of least loss"),
    "list_radius": Column(REAL, "data", "nearer targets leave the whole list as it is"),
    "basins_state": Column(TEXT, "", "`computed`, or why basins and depths are null"),
    "radii_state": Column(TEXT, "", "`computed`, or why radii are null"),
    "sha256": Column(TEXT, "", "digest of the document, see `landscape_digest`"),
}
"""Columns of the table of instances."""

COMPONENTS = {
    "instance": Column(TEXT, "", "name of its instance"),
    "index": Column(WHOLE, "1", "place in the list, by loss, from 1"),
    "loss": Column(REAL, "loss", "loss, the nearest double"),
    "loss_low": Column(REAL, "loss", "double at or below the loss"),
    "loss_high": Column(REAL, "loss", "double at or above the loss"),
    "dimension": Column(WHOLE, "1", "dimension of the component"),
    "isolated": Column(TRUTH, "", "whether it is a point"),
    "on_boundary": Column(TRUTH, "", "whether a hidden unit is exactly 0 at some data point"),
    "global_at_width": Column(TRUTH, "", "whether no network of this width has a smaller loss"),
    "global_at_every_width": Column(TRUTH, "", "whether no network of any width has"),
    "orbit_size": Column(WHOLE, "1", "labelled copies, under permutation of the units"),
    "strata": Column(WHOLE, "1", "strata of the component; what follows is of the first"),
    "faces": Column(TEXTS, "", "faces that carry units: `+`, `-`, `0` for each data point"),
    "signs": Column(WHOLES, "1", "sign of the output weights on each face"),
    "multiplicities": Column(WHOLES, "1", "units on each face"),
    "squares": Column(REALS, "weight^2", "sum of a^2 on each face"),
    "zero_units": Column(WHOLE, "1", "units that are 0"),
    "a": Column(REALS, "weight", "output weights of a network of the component, by unit"),
    "B": Column(MATRIX, "weight", "its input weights: a list of d for each unit"),
    "c": Column(REALS, "weight", "its hidden biases"),
    "beta": Column(REALS, "weight", "its linear part; null without one"),
    "m": Column(REAL, "weight", "its output bias; null without one"),
    "basin": Column(TRUTH, "", "whether it is a strict minimum as a set; null: not computed"),
    "depth": Column(REAL, "loss", "barrier less loss; 0 for no basin, inf for one of least loss"),
    "barrier": Column(REAL, "loss", "loss at which it first joins a lower one; inf for the lowest"),
    "joins": Column(WHOLE, "1", "index of the one that it joins there; 0: there is none"),
    "way_out": Column(TEXT, "", "what happens there: `death`, `kink`, or `none`"),
    "radius": Column(REAL, "data", "nearer targets leave this minimum on its faces; proved"),
    "radius_at_most": Column(REAL, "data", "at targets so far away it ends; inf: none are known"),
    "relative_radius": Column(REAL, "1", "radius by the standard deviation of the residuals"),
}
"""Columns of the table of components."""

TABLES = {"instances": INSTANCES, "components": COMPONENTS}
"""The tables, which are files `atlas_NAME.parquet`."""


@dataclass(frozen=True)
class Atlas:
    """The landscapes of the sweeps that are shipped: a row an instance, a row a component.

    Parameters
    ----------
    instances, components : DataFrame
        With the columns `INSTANCES` and `COMPONENTS`; `instance` joins them. Null means that
        something was not computed, or is not there, and never that it is false.
    """

    instances: "pd.DataFrame"
    components: "pd.DataFrame"

    def problem(self, instance: str) -> Problem:
        """Return the problem of an instance, exactly.

        Raises
        ------
        InputError
            If there is no such instance.

        Examples
        --------
        >>> from reluenum import atlas, enumerate_minima
        >>> found = atlas()
        >>> problem = found.problem("reference/reference-L2-ridge1_100")
        >>> len(enumerate_minima(problem)) == len(found.of("reference/reference-L2-ridge1_100"))
        True
        """
        rows = self.instances[self.instances["instance"] == instance]
        if rows.empty:
            raise InputError("instance", quoted(instance), "one of `atlas().instances.instance`")
        (row,) = rows.to_dict("records")
        keys = ("ridge", "loss", "output_bias", "hidden_bias", "linear", "activation")
        record = {key: row[key] for key in keys if row[key] != USUAL.get(key)}
        record |= {"x": [list(point) for point in row["x"]], "y": list(row["y"])}
        if row["weights"] is not None:
            record["weights"] = list(row["weights"])
        return Problem.from_document({**record, "width": int(row["width"])})

    def of(self, instance: str) -> "pd.DataFrame":
        """Return the components of an instance, by loss."""
        return self.components[self.components["instance"] == instance]

    def __repr__(self) -> str:
        return f"Atlas: {len(self.instances):,} landscapes, {len(self.components):,} components"


USUAL = {"hidden_bias": "ridge", "linear": "none", "activation": "relu"}
"""What a document leaves out where it is so."""


def atlas(folder: str | Path | None = None) -> Atlas:
    """Return the atlas: every local minimum of every instance of the sweeps that are shipped.

    Parameters
    ----------
    folder : str or Path, optional
        Where `atlas_instances.parquet` and `atlas_components.parquet` lie; default: those of the
        package.

    Returns
    -------
    Atlas

    Raises
    ------
    InputError
        If the folder lacks one of them, or it has other columns.

    Examples
    --------
    >>> from reluenum import atlas
    >>> found = atlas()
    >>> bool(found.instances["complete"].all())  # no minimum is missing from any list
    True
    >>> row = found.of("reference/reference-L2-ridge1_100").iloc[0]
    >>> bool(row["loss_low"] <= row["loss"] <= row["loss_high"]), list(row["faces"])
    (True, ['++-+0', '++0++'])
    """
    return Atlas(*(_table_of(name, folder) for name in TABLES))


def table_schema(name: str) -> "pa.Schema":
    """Return the schema of a table: a field has its unit and its meaning as metadata.

    Examples
    --------
    >>> table_schema("components").field("depth").metadata[b"unit"]
    b'loss'
    """
    import pyarrow as pa

    types = {TEXT: pa.string(), WHOLE: pa.int64(), REAL: pa.float64(), TRUTH: pa.bool_()}
    parts = {TEXTS: TEXT, REALS: REAL, MATRIX: REALS, POINTS: TEXTS}
    types[WHOLES] = pa.list_(pa.field("element", pa.int8()))  # named as in Parquet
    for kind, part in parts.items():
        types[kind] = pa.list_(pa.field("element", types[part]))
    return pa.schema(
        pa.field(key, types[c.kind], metadata={"unit": c.unit, "meaning": c.meaning})
        for key, c in TABLES[name].items()
    )


def landscape_digest(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what a document of minima says, whatever software wrote it.

    That is of its JSON text with sorted keys, without blanks, and without `software` and
    `certificate`.

    Parameters
    ----------
    document : dict
        Of the format `reluenum-minima`.

    Examples
    --------
    >>> from reluenum import atlas, enumerate_minima
    >>> found = atlas()
    >>> row = found.instances.set_index("instance").loc["reference/reference-L2-ridge1_100"]
    >>> document = enumerate_minima(found.problem(row.name)).document
    >>> landscape_digest(document) == row["sha256"]
    True
    """
    said = {key: part for key, part in document.items() if key not in ("software", "certificate")}
    return sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _table_of(name: str, folder: str | Path | None) -> "pd.DataFrame":
    """Read a table with nullable types."""
    file = f"atlas_{name}.parquet"
    if folder is not None:
        return _frame(Path(folder, file), name)
    with as_file(files("reluenum.datasets").joinpath(file)) as path:
        return _frame(path, name)


def _frame(path: Path, name: str) -> "pd.DataFrame":
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(path).read()
    except (OSError, pa.ArrowException) as error:
        raise InputError(str(path), str(error), "a file of the atlas") from error
    if table.schema.names != list(TABLES[name]):
        raise InputError(
            str(path), "other columns", f"those of the atlas: {', '.join(TABLES[name])}"
        )
    nullable = {
        pa.int64(): pd.Int64Dtype(),
        pa.bool_(): pd.BooleanDtype(),
        pa.string(): pd.StringDtype(),
    }
    return table.to_pandas(types_mapper=nullable.get)
