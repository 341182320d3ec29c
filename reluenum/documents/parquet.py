"""Tables in Parquet, sealed."""

import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from reluenum.documents.files import replaced_file
from reluenum.documents.seals import KEY, broken, place_of, seal


def write_frame(path: Path, table: pd.DataFrame) -> None:
    """Write a table as Parquet with its seal among the metadata, whole or not at all."""
    content = pa.Table.from_pandas(table, preserve_index=False)
    metadata = {**content.schema.metadata, KEY: _frame_seal(path, content)}
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
        if found == _frame_seal(path, table):
            return table.to_pandas()
    except (pa.ArrowException, OSError, ValueError, TypeError, LookupError) as error:
        raise broken(path) from error
    raise broken(path)


def _frame_seal(path: Path, table: pa.Table) -> str:
    metadata = {key.decode(): text.decode() for key, text in (table.schema.metadata or {}).items()}
    described = {key: text for key, text in metadata.items() if key != KEY}
    return seal(place_of(path), json.dumps([described, table.to_pydict()]).encode())
