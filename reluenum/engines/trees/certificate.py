"""The certificate of a tree: its bytes, and a record for each leaf (docs/certificate.md)."""

import json
import zlib
from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from reluenum.documents.files import replaced_file
from reluenum.documents.minima import BY_BOXES
from reluenum.engines.certified.certificate import COLUMNS, ROW_GROUP, record_table
from reluenum.engines.certified.verdicts import Verdict
from reluenum.engines.trees.decisions import Leaves
from reluenum.engines.trees.tree import BoxTree
from reluenum.errors import IncompleteRunError

VERSION = 1
"""Of the format."""


def keep_tree(path: Path, name: str, tree: BoxTree) -> None:
    """Keep the nodes of a tree that may have open boxes, so that the search can go on with it.

    Parameters
    ----------
    path : Path
    name : str
        What of which problem it is.
    tree : BoxTree
    """
    line = f"{name} {sha256(tree.content).hexdigest()} {tree.open}\n"
    with replaced_file(path) as temporary:
        temporary.write_bytes(line.encode() + zlib.compress(tree.content, 1))


def kept_tree(path: Path, name: str) -> bytes:
    """Return the nodes of a tree that was kept; nothing if there is none of this name."""
    return _kept_tree(path, name) or b""


def finished_tree(path: Path, name: str) -> bytes:
    """Return the nodes of a tree that was kept and has no open boxes.

    Raises
    ------
    IncompleteRunError
        If there is none of this name.
    """
    content = _kept_tree(path, name)
    if content is None or has_open(path):
        raise IncompleteRunError(f"{path} is not a shard of this search, run to its end")
    return content


def _kept_tree(path: Path, name: str) -> bytes | None:
    """Read a tree that was kept, if there is one of this name."""
    try:
        line, _, packed = path.read_bytes().partition(b"\n")
        content = zlib.decompress(packed)
    except (OSError, zlib.error):
        return None
    seal = f"{name} {sha256(content).hexdigest()} ".encode()
    return content if line.startswith(seal) else None


def has_open(path: Path) -> bool:
    """Whether a tree was kept that has open boxes."""
    return path.exists() and not path.read_bytes().partition(b"\n")[0].endswith(b" 0")


def opening(digest: str, form: str = BY_BOXES) -> dict[str, Any]:
    """Return the first entries of a record: of what format it is, and of what problem."""
    return {"format": form, "version": VERSION, "problem_sha256": digest}


def leaf_table(leaves: Leaves) -> pa.Table:
    """Return the records of leaves of one size, faces in the order of their parts."""
    kind, rows = leaves.kind, np.arange(len(leaves.kind))
    face = np.where(leaves.face < 0, -1, leaves.order[rows, leaves.face]).astype(np.int32)
    vectors = np.empty_like(leaves.vectors)
    vectors[rows[:, None], leaves.order] = leaves.vectors
    given = kind != Verdict.UNDECIDED
    return record_table(kind, face, vectors[given], given)


def tree_record(head: Mapping[str, Any], tree: BoxTree) -> dict[str, Any]:
    """Return what a checker needs to follow a tree nothing on whose leaves is decided yet."""
    return {**head, **_tree_entries(tree, len(tree.leaves), 1), "exact": []}


def _tree_entries(tree: BoxTree, records: int, level: int) -> dict[str, Any]:
    """Return what a record says of a tree, compressed as well as the level says."""
    return {
        "boxes": tree.boxes,
        "tree": b64encode(zlib.compress(tree.content, level)).decode(),
        "sha256": sha256(tree.content).hexdigest(),
        "records": records,
    }


def boxes_record(
    head: Mapping[str, Any],
    tree: BoxTree,
    leaves: Sequence[Leaves],
    exact: Sequence[dict[str, Any]],
) -> dict[str, Any]:
    """Return the `certificate` record of a document.

    Parameters
    ----------
    head : dict
        What `opening` returns, and what is to be known beside the tree.
    tree : BoxTree
    leaves : sequence of Leaves
        By size.
    exact : sequence of dict
        Exact descriptions of points.
    """
    nothing = pa.Table.from_batches([], schema=COLUMNS)
    table = pa.concat_tables([nothing, *map(leaf_table, leaves)]).combine_chunks()
    heading = opening(head["problem_sha256"], head["format"])
    table = table.replace_schema_metadata({"reluenum": json.dumps(heading)})
    stream = BytesIO()
    if len(table):
        given = {"row_group_size": ROW_GROUP, "compression": "zstd", "write_statistics": False}
        pq.write_table(table, stream, **given)
    return {
        **head,
        **({"open": tree.open} if tree.open else {}),
        **_tree_entries(tree, len(table), 9),
        "data": b64encode(stream.getvalue()).decode(),
        "exact": list(exact),
    }
