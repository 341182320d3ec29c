"""The certificate of a tree: its bytes, and a record for each leaf (docs/certificate.md)."""

import json
import zlib
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from io import BytesIO
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from reluenum.documents.minima import BY_BOXES
from reluenum.engines.branch.leaves import Leaves
from reluenum.engines.branch.search import BoxTree
from reluenum.engines.certified.certificate import COLUMNS, ROW_GROUP, record_table
from reluenum.engines.certified.verdicts import Verdict

VERSION = 1
"""Of the format."""


def leaf_table(leaves: Leaves) -> pa.Table:
    """Return the records of leaves of one size, faces in the order of their parts."""
    kind, rows = leaves.kind, np.arange(len(leaves.kind))
    face = np.where(leaves.face < 0, -1, leaves.order[rows, leaves.face]).astype(np.int32)
    vectors = np.empty_like(leaves.vectors)
    vectors[rows[:, None], leaves.order] = leaves.vectors
    given = kind != Verdict.UNDECIDED
    return record_table(kind, face, vectors[given], given)


def boxes_record(
    digest: str, tree: BoxTree, leaves: Sequence[Leaves], exact: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Return the `certificate` record of a document.

    Parameters
    ----------
    digest : str
        SHA-256 of the problem.
    tree : BoxTree
    leaves : sequence of Leaves
        By size.
    exact : sequence of dict
        Exact descriptions of points.
    """
    header = {"format": BY_BOXES, "version": VERSION, "problem_sha256": digest}
    nothing = pa.Table.from_batches([], schema=COLUMNS)
    table = pa.concat_tables([nothing, *map(leaf_table, leaves)]).combine_chunks()
    table = table.replace_schema_metadata({"reluenum": json.dumps(header)})
    stream = BytesIO()
    if len(table):
        given = {"row_group_size": ROW_GROUP, "compression": "zstd", "write_statistics": False}
        pq.write_table(table, stream, **given)
    return {
        **header,
        "boxes": tree.boxes,
        "tree": b64encode(zlib.compress(tree.content, 9)).decode(),
        "sha256": sha256(tree.content).hexdigest(),
        "records": len(table),
        "data": b64encode(stream.getvalue()).decode(),
        "exact": list(exact),
    }
