"""Instances side by side: a row each, as CSV with all digits, as Markdown and LaTeX for reading."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from reluenum.documents.labels import Document, undecided_note
from reluenum.views.cells import (
    NOTHING,
    UNKNOWN,
    UNUSUAL_SETTINGS,
    csv_text,
    object_frame,
    paragraphs,
    pipe_table,
    problem_cells,
    short_number,
)
from reluenum.views.latex import breakable_name, latex_escape, latex_text, tabular, tabulars

MARKDOWN_COLUMNS = 4
"""So many instances fit side by side in a Markdown table; more become rows."""

_TITLES = {
    "n": "data points n",
    "d": "input dimension d",
    "width": "width L",
    "stationary": "stationary supports",
    "locally_minimal": "locally minimal supports",
    "components": "components of local minima",
    "isolated_on_boundary": "isolated, on a boundary",
    "interior": "in the interior of a pattern",
    "global_at_width": "global at this width",
    "undecided": "undecided supports",
    "complete": "list complete",
    "completeness": "completeness rests on",
}
"""What heads the columns, where it is not their names with blanks."""

_SHORT_TITLES = {
    "n": "n",
    "d": "d",
    "width": "L",
    "output_bias": "bias",
    "locally_minimal": "min.",
    "components": "comp.",
    "isolated": "isol.",
    "isolated_on_boundary": "on bd.",
    "best_loss": "best",
    "undecided": "undec.",
}

_SETTINGS = ("n", "d", "width", "ridge", "loss", "output_bias", *UNUSUAL_SETTINGS)

_WIDE_COLUMNS = (
    *("instance", *_SETTINGS),
    *("locally_minimal", "components", "isolated", "isolated_on_boundary", "best_loss"),
)
"""Columns of the LaTeX summary of several instances; the CSV and Markdown files have all."""


def summary_frame(documents: Mapping[str, Document]) -> pd.DataFrame:
    """Return one row per instance: the problem, what was examined and what was found.

    Parameters
    ----------
    documents : mapping of str to dict
        Documents of the format `reluenum-minima`, by name of the instance.

    Returns
    -------
    DataFrame
        Counts are of components unless named otherwise; `dimension_k` is the number of components
        of that dimension. `global_at_width` is None where undecided supports hide it. `note`
        is not empty if supports stayed undecided: then minima may be missing. There is a column
        `hidden_bias` if an instance has none, and `linear` if one has a linear part.

    Raises
    ------
    ValueError
        Without any document.
    """
    rows = summary_rows(documents)
    return object_frame(rows, list(rows[0]))


def summary_rows(documents: Mapping[str, Document]) -> list[dict[str, Any]]:
    """Return the rows of `summary_frame` without the frame, which takes longer than they do."""
    if not documents:
        raise ValueError("a summary needs at least one document")
    largest = max((c["dimension"] for d in documents.values() for c in d["components"]), default=0)
    dimensions = range(1, max(largest, 1) + 1)
    problems = [document["problem"] for document in documents.values()]
    usual = {k: v for k, v in UNUSUAL_SETTINGS.items() if any(k in p for p in problems)}
    return [
        _instance_row(name, {**document, "problem": usual | document["problem"]}, dimensions)
        for name, document in documents.items()
    ]


def _instance_row(name: str, document: Document, dimensions: Iterable[int]) -> dict[str, Any]:
    found, counts = document["components"], document["enumeration"]
    by_dimension = Counter(component["dimension"] for component in found)
    global_here = [component["global_at_width"] for component in found]
    return {
        "instance": name,
        **problem_cells(document["problem"]),
        **{key: _count(counts, key) for key in _COUNTS},
        "components": len(found),
        "isolated": by_dimension[0],
        **{f"dimension_{k}": by_dimension[k] for k in dimensions},
        "isolated_on_boundary": sum(c["dimension"] == 0 and c["on_boundary"] for c in found),
        "interior": sum(not c["on_boundary"] for c in found),
        "global_at_width": None if None in global_here else sum(global_here),
        "global_at_every_width": sum(c.get("global_at_every_width", False) for c in found),
        "best_loss": found[0]["loss"] if found else None,
        "worst_loss": found[-1]["loss"] if found else None,
        "undecided": counts["undecided"],
        "complete": document.get("complete", counts["undecided"] == 0),
        "completeness": document.get("completeness"),
        "note": undecided_note(document),
    }


_COUNTS = (
    "sign_matrices",
    "realisable_patterns",
    "patterns_up_to_permutation",
    "supports_examined",
    "stationary",
    "locally_minimal",
)

_OTHER_COUNTS = {
    "sign_matrices": ("sign_arrays",),
    "supports_examined": ("strata_examined", "leaves"),
    "stationary": (),
}
"""What documents count instead: of several hidden layers, and by boxes of directions."""


def _count(counts: Mapping[str, Any], key: str) -> Any:
    """Return a number of a document, or what it counts instead."""
    names = (key, *_OTHER_COUNTS.get(key, ()))
    return next((counts[name] for name in names if name in counts), NOTHING)


def summary_csv(documents: Mapping[str, Document]) -> str:
    """Return `summary_frame` as CSV, with all digits."""
    return csv_text(summary_frame(documents))


def summary_markdown(documents: Mapping[str, Document]) -> str:
    """Return the summary as a Markdown table, with losses shortened.

    An instance is a row, or a column if there are at most `MARKDOWN_COLUMNS`.
    """
    rows = readable_instances(documents)
    cells = [list(rows[0]), *(list(row.values()) for row in rows)]
    if len(rows) <= MARKDOWN_COLUMNS:
        cells = [list(column) for column in zip(*cells, strict=True)]
    header, *body = [[cell.replace("|", r"\|") for cell in line] for line in cells]
    table = pipe_table([dict(zip(header, line, strict=True)) for line in body])
    return paragraphs([table, *(f"**† {note}.**" for note in undecided_notes(documents))])


def summary_latex(documents: Mapping[str, Document]) -> str:
    r"""Return the summary as LaTeX that needs `\usepackage{booktabs}` and nothing else.

    One instance becomes a tabular with a row per entry. Several become rows; what they all share
    goes into a line above, so that the table fits a page, and a tabular ends after `LATEX_ROWS`
    rows. Wrap it into a table environment with the caption you like.
    """
    if len(documents) == 1:
        (row,) = _readable(documents, _TITLES)
        body = [[breakable_name(title), latex_escape(cell)] for title, cell in row.items()]
        body[0][1] = breakable_name(row["instance"])
        parts = [tabular("@{}ll@{}", [], body)]
    else:
        parts = _wide_latex(documents)
    notes = (rf"\textbf{{\dag\ {latex_escape(note)}.}}" for note in undecided_notes(documents))
    return latex_text([*parts, *notes])


def _wide_latex(documents: Mapping[str, Document]) -> list[str]:
    """Return the line of what all instances share and the tabulars of what they do not."""
    known = summary_frame(documents).columns
    titles = {key: _title(key, _TITLES | _SHORT_TITLES) for key in (*_WIDE_COLUMNS, "undecided")}
    titles = {key: title for key, title in titles.items() if key in known}
    rows = _readable(documents, titles)
    rows = [{title: row[title] for title in titles.values()} for row in rows]
    if not undecided_notes(documents):
        rows = [{t: cell for t, cell in row.items() if t != titles["undecided"]} for row in rows]
    settings = [titles[key] for key in _SETTINGS if key in titles]
    shared = [title for title in settings if len({row[title] for row in rows}) == 1]
    line = ", ".join(f"{latex_escape(t)} = {latex_escape(rows[0][t])}" for t in shared)
    own = [{title: cell for title, cell in row.items() if title not in shared} for row in rows]
    return [f"All instances: {line}." if shared else "", *tabulars(own, named=True)]


def readable_instances(documents: Mapping[str, Document]) -> list[dict[str, str]]:
    """Return the rows of `summary_frame` as short texts under titles, for people."""
    return _readable(documents, _TITLES)


def _readable(documents: Mapping[str, Document], titles: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the rows of the summary as short texts under titles; incomplete ones have a dagger."""
    rows = summary_frame(documents).to_dict("records")
    readable = []
    for row in rows:
        cells = {key: _readable_cell(key, cell) for key, cell in row.items()}
        if row["note"]:
            cells = {
                key: f"{cell} †" if key in {"instance", "components", "complete"} else cell
                for key, cell in cells.items()
            }
        del cells["note"]
        readable.append({_title(key, titles): cell for key, cell in cells.items()})
    return readable


def _title(key: str, titles: Mapping[str, str]) -> str:
    dimension = key.removeprefix("dimension_")
    if dimension != key:
        return f"of dimension {dimension}"
    return titles.get(key) or key.replace("_", " ")


def _readable_cell(key: str, cell: Any) -> str:
    if key == "complete":
        return "yes" if cell else "NO"
    if pd.isna(cell):
        return NOTHING if key.endswith("_loss") else UNKNOWN
    if key.endswith("_loss"):
        return short_number(cell)
    return str(cell)


def undecided_notes(documents: Mapping[str, Document]) -> list[str]:
    """Return what the daggers mean, instance by instance."""
    notes = {name: undecided_note(document) for name, document in documents.items()}
    return [f"{name}: {note}" for name, note in notes.items() if note]
