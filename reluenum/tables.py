"""Tables of documents: components, stationary points, and instances side by side.

Numbers stay the texts of the document, so that a table never rounds; only the Markdown and LaTeX
summaries, which are for reading, shorten losses.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Context, Decimal
from typing import Any

import pandas as pd
from tabulate import tabulate

Document = Mapping[str, Any]

READABLE_DIGITS = 6
"""Significant digits of a loss in the Markdown and LaTeX summaries."""

MARKDOWN_COLUMNS = 4
"""So many instances fit side by side in a Markdown table; more become rows."""

LATEX_ROWS = 20
"""Rows of one LaTeX tabular, so that a summary of many instances is cut into pages."""

UNKNOWN = "unknown"
"""Written where undecided supports leave a question open."""

_TITLES = {
    "instance": "instance",
    "n": "data points n",
    "d": "input dimension d",
    "width": "width L",
    "ridge": "ridge",
    "loss": "loss",
    "output_bias": "output bias",
    "sign_matrices": "sign matrices",
    "realisable_patterns": "realisable patterns",
    "patterns_up_to_permutation": "patterns up to permutation",
    "supports_examined": "supports examined",
    "stationary": "stationary supports",
    "locally_minimal": "locally minimal supports",
    "components": "components of local minima",
    "isolated": "isolated",
    "isolated_on_boundary": "isolated, on a boundary",
    "interior": "in the interior of a pattern",
    "global_at_width": "global at this width",
    "global_at_every_width": "global at every width",
    "best_loss": "best loss",
    "worst_loss": "worst loss",
    "undecided": "undecided supports",
    "complete": "list proved complete",
}

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

_WIDE_COLUMNS = (
    *("instance", "n", "d", "width", "ridge", "loss", "output_bias"),
    *("locally_minimal", "components", "isolated", "isolated_on_boundary", "best_loss"),
)
"""Columns of the LaTeX summary of several instances; the CSV and Markdown files have all."""


def components_frame(document: Document) -> pd.DataFrame:
    """Return one row per component, in the order of the document.

    Parameters
    ----------
    document : dict
        Of the format `reluenum-minima`.

    Returns
    -------
    DataFrame
        Columns `index` (from 1), `loss`, `dimension`, `kind`, `on_boundary`, `global_at_width`
        (None: unknown, because supports stayed undecided), `global_at_every_width`, `orbit_size`,
        `strata` (their number), `support`, `zero_neurons` and `sum_a_squared` of the first
        stratum, and the representative `a` (L), `B` (L x d), `c` (L) and, with an output bias,
        `m`; `width_min` if the document is about all widths. Real numbers are the document's
        texts; lists of them are in brackets, in the order of the support.

    Examples
    --------
    >>> group = {"face": "+0", "sign": -1, "multiplicity": 2, "sum_a_squared": "0.5"}
    >>> stratum = {"support": [group], "zero_neurons": 0}
    >>> support_label(stratum["support"])
    '(+0) a<0 x2'
    """
    width_known = all("width_min" not in component for component in document["components"])
    biased = document["problem"]["output_bias"] != "none"
    columns = [
        *("index", "loss", "dimension", "kind", "on_boundary", "global_at_width"),
        *("global_at_every_width", "orbit_size", *([] if width_known else ["width_min"])),
        *("strata", "support", "zero_neurons", "sum_a_squared", "a", "B", "c"),
        *(["m"] if biased else []),
    ]
    records = [
        _component_row(index, component)
        for index, component in enumerate(document["components"], start=1)
    ]
    return _frame(records, columns)


def _component_row(index: int, component: Mapping[str, Any]) -> dict[str, Any]:
    stratum = component["strata"][0]
    representative = component["representative"]
    return {
        **component,
        "index": index,
        "kind": kind(component["dimension"]),
        "strata": len(component["strata"]),
        "support": support_label(stratum["support"]),
        "zero_neurons": stratum["zero_neurons"],
        "sum_a_squared": _list_cell(group["sum_a_squared"] for group in stratum["support"]),
        "a": _list_cell(representative["a"]),
        "B": _list_cell(map(_list_cell, representative["B"])),
        "c": _list_cell(representative["c"]),
        "m": representative.get("m"),
    }


def readable_components(document: Document) -> list[dict[str, str]]:
    """Return the rows of `components_frame` as short texts under titles, for people."""
    verdict = {True: "yes", False: "no", None: UNKNOWN}
    return [
        {
            "#": str(row["index"]),
            "loss": short_number(row["loss"]),
            "kind": row["kind"],
            "on a boundary": verdict[row["on_boundary"]],
            "global at its width": verdict[row["global_at_width"]],
            "at every width": verdict[row["global_at_every_width"]],
            "labelled copies": str(row["orbit_size"]),
            "support": row["support"],
        }
        for row in components_frame(document).to_dict("records")
    ]


def kind(dimension: int) -> str:
    """Return what a component of some dimension is called: isolated, arc, dimension k."""
    return {0: "isolated", 1: "arc"}.get(dimension, f"dimension {dimension}")


def support_label(support: Iterable[Mapping[str, Any]]) -> str:
    """Return a support as text: each face with the sign of a and its multiplicity.

    It does not start with `+`, `-` or `=`, which spreadsheets take for a formula.

    Examples
    --------
    >>> support_label([{"face": "+-0", "sign": 1, "multiplicity": 1}])
    '(+-0) a>0 x1'
    """
    cells = []
    for group in support:
        times = group.get("multiplicity")
        relation = ">" if group["sign"] > 0 else "<"
        cells.append(f"({group['face']}) a{relation}0" + ("" if times is None else f" x{times}"))
    return "; ".join(cells) or "zero network"


def minima_csv(document: Document) -> str:
    """Return `components_frame` as CSV; an unknown `global_at_width` says `unknown`."""
    return _csv(components_frame(document))


def stationary_frame(document: Document) -> pd.DataFrame:
    """Return one row per stationary point of a document of the format `reluenum-stationary`.

    Returns
    -------
    DataFrame
        Columns `index` (from 1), `support`, `zero_neurons` (whether there is one), `loss`,
        `minimum`, and for a point that is no minimum `descent_kind`, `descent_face`,
        `descent_sign`, `descent_vector`, `descent_step`: a step that lowers the loss; None
        otherwise.
    """
    columns = [
        *("index", "support", "zero_neurons", "loss", "minimum"),
        *("descent_kind", "descent_face", "descent_sign", "descent_vector", "descent_step"),
    ]
    records = [_point_row(index, point) for index, point in enumerate(document["points"], start=1)]
    return _frame(records, columns)


def _point_row(index: int, point: Mapping[str, Any]) -> dict[str, Any]:
    faces = point["support"].split("|") if point["support"] else []
    support = [
        {"face": face, "sign": sign} for face, sign in zip(faces, point["signs"], strict=True)
    ]
    row = {**point, "index": index, "support": support_label(support)}
    witness = point["descent"]
    if witness is not None:
        row |= {f"descent_{key}": witness[key] for key in ("kind", "sign", "step")}
        row["descent_face"] = f"({witness['face']})"
        row["descent_vector"] = _list_cell(witness["vector"])
    return row


def stationary_csv(document: Document) -> str:
    """Return `stationary_frame` as CSV; a minimum has empty descent columns."""
    return _csv(stationary_frame(document).fillna(""))


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
        is not empty if supports stayed undecided: then minima may be missing.

    Raises
    ------
    ValueError
        Without any document.
    """
    if not documents:
        raise ValueError("a summary needs at least one document")
    largest = max((c["dimension"] for d in documents.values() for c in d["components"]), default=0)
    dimensions = range(1, max(largest, 1) + 1)
    rows = [_instance_row(name, document, dimensions) for name, document in documents.items()]
    return _frame(rows, list(rows[0]))


def _instance_row(name: str, document: Document, dimensions: Iterable[int]) -> dict[str, Any]:
    problem, found = document["problem"], document["components"]
    counts = document["enumeration"]
    by_dimension = Counter(component["dimension"] for component in found)
    global_here = [component["global_at_width"] for component in found]
    return {
        "instance": name,
        "n": len(problem["y"]),
        "d": len(problem["x"][0]),
        **{key: problem[key] for key in ("width", "ridge", "loss", "output_bias")},
        **{key: counts[key] for key in _COUNTS},
        "components": len(found),
        "isolated": by_dimension[0],
        **{f"dimension_{k}": by_dimension[k] for k in dimensions},
        "isolated_on_boundary": sum(c["dimension"] == 0 and c["on_boundary"] for c in found),
        "interior": sum(not c["on_boundary"] for c in found),
        "global_at_width": None if None in global_here else sum(global_here),
        "global_at_every_width": sum(c["global_at_every_width"] for c in found),
        "best_loss": found[0]["loss"] if found else None,
        "worst_loss": found[-1]["loss"] if found else None,
        "undecided": counts["undecided"],
        "complete": document.get("complete", counts["undecided"] == 0),
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


def undecided_note(document: Document) -> str:
    """Return the warning that belongs on every view of a document, empty if it is complete.

    Examples
    --------
    >>> undecided_note({"enumeration": {"undecided": 2}})
    '2 supports undecided: list not complete'
    """
    undecided = document["enumeration"]["undecided"]
    if undecided:
        return f"{undecided} support{'s' * (undecided != 1)} undecided: list not complete"
    return "" if document.get("complete", True) else "list not proved complete"


def undecided_along(path: Document) -> int:
    """Return how many supports stayed undecided along a document of a ridge path.

    Examples
    --------
    >>> undecided_along({"undecided": {"1/100": 2, "1/10": 1}})
    3
    """
    return sum(path["undecided"].values())


def summary_csv(documents: Mapping[str, Document]) -> str:
    """Return `summary_frame` as CSV, with all digits."""
    return _csv(summary_frame(documents))


def summary_markdown(documents: Mapping[str, Document]) -> str:
    """Return the summary as a Markdown table, with losses shortened.

    An instance is a row, or a column if there are at most `MARKDOWN_COLUMNS`.
    """
    rows = readable_instances(documents)
    cells = [list(rows[0]), *(list(row.values()) for row in rows)]
    if len(rows) <= MARKDOWN_COLUMNS:
        cells = [list(column) for column in zip(*cells, strict=True)]
    header, *body = [[cell.replace("|", r"\|") for cell in line] for line in cells]
    table = tabulate(body, header, tablefmt="pipe", disable_numparse=True)
    return "\n\n".join([table, *(f"**† {note}.**" for note in _notes(documents))]) + "\n"


def summary_latex(documents: Mapping[str, Document]) -> str:
    r"""Return the summary as LaTeX that needs `\usepackage{booktabs}` and nothing else.

    One instance becomes a tabular with a row per entry. Several become rows; what they all share
    goes into a line above, so that the table fits a page, and a tabular ends after `LATEX_ROWS`
    rows. Wrap it into a table environment with the caption you like.
    """
    if len(documents) == 1:
        (row,) = _readable(documents, _TITLES)
        body = [[_latex_name(title), latex_escape(cell)] for title, cell in row.items()]
        body[0][1] = _latex_name(row["instance"])
        parts = [tabular("@{}ll@{}", [], body)]
    else:
        parts = _wide_latex(documents)
    parts += [rf"\textbf{{\dag\ {latex_escape(note)}.}}" for note in _notes(documents)]
    return "\n\n\\smallskip\n".join(parts) + "\n"


def _wide_latex(documents: Mapping[str, Document]) -> list[str]:
    """Return the line of what all instances share and the tabulars of what they do not."""
    titles = {
        key: _SHORT_TITLES.get(key, _TITLES.get(key, key)) for key in (*_WIDE_COLUMNS, "undecided")
    }
    rows = _readable(documents, titles)
    rows = [{title: row[title] for title in titles.values()} for row in rows]
    if not _notes(documents):
        rows = [{t: cell for t, cell in row.items() if t != titles["undecided"]} for row in rows]
    settings = [titles[key] for key in ("n", "d", "width", "ridge", "loss", "output_bias")]
    shared = [title for title in settings if len({row[title] for row in rows}) == 1]
    columns = [title for title in rows[0] if title not in shared]
    alignment = r"@{}p{0.27\linewidth}" + "r" * (len(columns) - 1) + "@{}"
    line = ", ".join(f"{latex_escape(t)} = {latex_escape(rows[0][t])}" for t in shared)
    parts = [rf"All instances: {line}."] if shared else []
    for start in range(0, len(rows), LATEX_ROWS):
        body = [
            [
                r"\raggedright " + _latex_name(row[columns[0]]),
                *(latex_escape(row[title]) for title in columns[1:]),
            ]
            for row in rows[start : start + LATEX_ROWS]
        ]
        table = tabular(alignment, [latex_escape(title) for title in columns], body)
        parts.append("\\noindent{\\scriptsize\\setlength{\\tabcolsep}{2pt}%\n" + table + "}")
    return parts


def tabular(alignment: str, header: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    """Return a LaTeX tabular of cells that are LaTeX already."""
    lines = [" & ".join(cells) + r" \\" for cells in body]
    above = [" & ".join(header) + r" \\", r"\midrule"] if header else []
    begin, end = rf"\begin{{tabular}}{{{alignment}}}", r"\end{tabular}"
    return "\n".join([begin, r"\toprule", *above, *lines, r"\bottomrule", end])


_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "†": r"\dag{}",
    "–": "--",
    **{character: f"\\{character}" for character in "&%$#_"},
}


def latex_escape(text: str) -> str:
    r"""Escape what LaTeX would take for a command.

    Examples
    --------
    >>> print(latex_escape("50% of a_1 & b"))
    50\% of a\_1 \& b
    """
    return "".join(_LATEX.get(character, character) for character in text)


def _latex_name(name: str) -> str:
    """Escape a name and allow line breaks after its hyphens and underscores."""
    return re.sub(r"(-|\\_)", r"\1\\allowbreak{}", latex_escape(name))


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
    return f"of dimension {dimension}" if dimension != key else titles.get(key, key)


def _readable_cell(key: str, cell: Any) -> str:
    if key == "complete":
        return "yes" if cell else "NO"
    if pd.isna(cell):
        return "–" if key.endswith("_loss") else UNKNOWN
    if key.endswith("_loss"):
        return short_number(cell)
    return str(cell)


def short_number(text: str, digits: int = READABLE_DIGITS) -> str:
    """Round the text of a number to a few significant digits, for reading.

    Examples
    --------
    >>> short_number("0.7079200030808767104197510016"), short_number("3.287")
    ('0.707920', '3.287')
    """
    return str(Context(prec=digits).plus(Decimal(text)))


def percent(part: float, whole: float) -> str:
    """Return a share in per cent, which is 100 or 0 only if it is all or nothing.

    Examples
    --------
    >>> percent(1, 3), percent(99999, 100000), percent(5, 5), percent(0, 0)
    ('33.3 %', '99.999 %', '100 %', '–')
    """
    if not whole:
        return "–"
    if part in (0, whole):
        return "100 %" if part else "0 %"
    digits = 1
    while float(f"{100 * part / whole:.{digits}f}") in (0, 100):
        digits += 1
    return f"{100 * part / whole:.{digits}f} %"


def _notes(documents: Mapping[str, Document]) -> list[str]:
    """Return what the daggers mean, instance by instance."""
    notes = {name: undecided_note(document) for name, document in documents.items()}
    return [f"{name}: {note}" for name, note in notes.items() if note]


def _frame(records: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    """Return a frame that keeps every cell the object it is (an int with gaps stays an int)."""
    cells = [[record.get(column) for column in columns] for record in records]
    return pd.DataFrame(cells, columns=list(columns), dtype=object)


def _list_cell(texts: Iterable[str]) -> str:
    return f"[{', '.join(texts)}]"


def _csv(frame: pd.DataFrame) -> str:
    return frame.to_csv(index=False, lineterminator="\n", na_rep=UNKNOWN)
