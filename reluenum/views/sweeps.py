"""The summaries of a sweep for people: Markdown, LaTeX, and rows for pages.

Every one of them tells how many instances stayed undecided.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
from tabulate import tabulate

from reluenum.views.cells import percent
from reluenum.views.instances import LATEX_ROWS
from reluenum.views.latex import latex_escape, tabular
from reluenum.views.sweep_tables import GROUP, decided, dimensions, sweep_summary

_TITLES = {
    "data": "data",
    "d": "d",
    "n": "n",
    "width": "L",
    "engine": "engine",
    "loss": "loss",
    "output_bias": "bias",
    "ridge": "ridge",
    "instances": "instances",
    "mean_components": "components",
    "most_components": "most",
    "isolated": "isolated",
    "on_boundary": "of these on a boundary",
    "benign": "without spurious minima",
    "optimal_at_every_width": "optimal at every width",
    "median_gap": "median gap",
    "largest_gap": "largest gap",
    "supports_examined": "supports",
    "undecided": "undecided",
}

_LATEX_TITLES = {
    **_TITLES,
    "instances": "inst.",
    "mean_components": "comp.",
    "isolated": "isol.",
    "on_boundary": r"on bd.",
    "benign": "benign",
    "optimal_at_every_width": "opt.",
    "median_gap": "med. gap",
    "largest_gap": "max. gap",
    "undecided": "undec.",
}

LEGEND = (
    "Components are averaged over data sets and ridges. Isolated minima are counted, but for the "
    "zero network, and the share on a boundary of an activation pattern is given. Without spurious "
    "minima: share of instances all of whose minima are global at their width. Optimal at every "
    "width: share whose best minimum no wider network improves. Gap: worst minus best loss of a "
    "minimum, as a share of the best. Instances with undecided supports are left out of all but "
    "the first and the last two columns."
)
"""What the columns of the summary are."""


def sweep_markdown(instances: pd.DataFrame, components: pd.DataFrame) -> str:
    """Return the summary and the numbers of components by dimension as Markdown."""
    parts = [
        sweep_totals(instances),
        f"**{warning(instances)}**" if warning(instances) else "",
        shared_line(instances),
        tabulate(readable_summary(instances), "keys", "pipe", disable_numparse=True),
        LEGEND,
        "Components by dimension:",
        tabulate(readable_dimensions(components, instances), "keys", "pipe"),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def sweep_latex(instances: pd.DataFrame) -> str:
    r"""Return the summary as LaTeX that needs `\usepackage{booktabs}` and nothing else."""
    rows = _without_columns(
        _readable_rows(sweep_summary(instances), _LATEX_TITLES), _shared_settings(instances)
    )
    header = [latex_escape(title) for title in rows[0]]
    body = [[latex_escape(cell) for cell in row.values()] for row in rows]
    alignment = "@{}" + "r" * len(header) + "@{}"
    tables = [
        "\\noindent{\\scriptsize\\setlength{\\tabcolsep}{3pt}%\n"
        + tabular(alignment, header, body[start : start + LATEX_ROWS])
        + "}"
        for start in range(0, len(body), LATEX_ROWS)
    ]
    words = [sweep_totals(instances), warning(instances), shared_line(instances)]
    parts = [*map(latex_escape, words), *tables, latex_escape(LEGEND)]
    return "\n\n\\smallskip\n".join(part for part in parts if part) + "\n"


def sweep_totals(instances: pd.DataFrame) -> str:
    """Return in a sentence what was enumerated, and what came out."""
    known = decided(instances)
    zero = known["zero_network"].sum()
    isolated = known["isolated"].sum() - zero
    boundary = known["isolated_on_boundary"].sum() - zero
    return (
        f"{len(instances):,} instances, {instances['supports_examined'].sum():,} supports, "
        f"{known['components'].sum():,} components of local minima; of {isolated:,} isolated ones "
        f"with a living unit {boundary:,} ({percent(boundary, isolated)}) are on a boundary."
    )


def warning(instances: pd.DataFrame) -> str:
    """Return what belongs on every view of a sweep, empty if all of it is decided."""
    undecided = len(instances) - len(decided(instances))
    return f"{undecided} instances stayed undecided." if undecided else ""


def shared_line(instances: pd.DataFrame) -> str:
    """Return the settings that all instances share, which tables leave out."""
    shared = ", ".join(f"{title} = {value}" for title, value in _shared_settings(instances).items())
    return f"All: {shared}." if shared else ""


def readable_summary(instances: pd.DataFrame, by: Sequence[str] = GROUP) -> list[dict[str, str]]:
    """Return the rows of the summary as short texts under titles."""
    return _without_columns(
        _readable_rows(sweep_summary(instances, by), _TITLES), _shared_settings(instances)
    )


def readable_dimensions(components: pd.DataFrame, instances: pd.DataFrame) -> list[dict[str, str]]:
    """Return how many components there are of each dimension as short texts under titles."""
    counts = dimensions(components, instances)
    return _without_columns(_readable_rows(counts, _TITLES), _shared_settings(instances))


def _readable_rows(table: pd.DataFrame, titles: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the rows of a summary as short texts under titles."""
    rows = []
    for row in table.to_dict("records"):
        if "isolated" in row:
            zero = row["zero_network"]
            row["isolated"] -= zero
            row["on_boundary"] = percent(row["isolated_on_boundary"] - zero, row["isolated"])
        keys = [key for key in (*titles, *row) if key in row]
        shown = {key: _cell(key, row[key]) for key in dict.fromkeys(keys) if _is_shown(key, titles)}
        rows.append({titles.get(key, key.replace("_", " ")): cell for key, cell in shown.items()})
    return rows


def _is_shown(key: str, titles: Mapping[str, str]) -> bool:
    return key in titles or key.startswith("dimension_")


def _cell(key: str, value: Any) -> str:
    if pd.isna(value):
        return "–"
    if key in ("benign", "optimal_at_every_width"):
        return percent(value, 1)
    if key == "mean_components":
        return f"{value:.1f}"
    if key.endswith("_gap"):
        return f"{value:.3g}"
    return f"{value:,}" if key in ("supports_examined", "isolated") else str(value)


def _shared_settings(instances: pd.DataFrame) -> dict[str, str]:
    """Return the settings that all instances share, if they differ in any."""
    settings = {key: instances[key].unique() for key in GROUP}
    shared = {_TITLES[key]: str(values[0]) for key, values in settings.items() if len(values) == 1}
    return shared if len(shared) < len(GROUP) else {}


def _without_columns(
    rows: Iterable[Mapping[str, str]], shared: Mapping[str, str]
) -> list[dict[str, str]]:
    return [{t: cell for t, cell in row.items() if t not in shared} for row in rows]
