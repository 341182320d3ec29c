"""The table of convex programs."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reluenum.convex.comparison import Agreed
from reluenum.views.cells import csv_text, object_frame


def convex_csv(documents: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a table with a row for each instance, from documents with a comparison."""
    rows = [
        {
            "instance": name,
            **{key: document[key] for key in ("value", "dual_bound", "gap", "cells", "units")},
            **document["minima"],
        }
        for name, document in documents.items()
    ]
    columns = list(rows[0]) if rows else ["instance"]
    return csv_text(object_frame(rows, columns))


def read_verdicts(path: Path) -> dict[str, Agreed]:
    """Return the verdict on each instance from a table that `convex_csv` made."""
    with path.open(newline="", encoding="utf-8") as file:
        return {row["instance"]: Agreed(row["verdict"]) for row in csv.DictReader(file)}
