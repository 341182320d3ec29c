"""The summaries of a sweep for people: Markdown, LaTeX, and rows for pages.

Every one of them tells how many instances stayed undecided.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from reluenum.views.cells import NOTHING, paragraphs, percent, pipe_table
from reluenum.views.latex import latex_escape, latex_text, tabulars
from reluenum.views.sweep_tables import (
    GROUP,
    decided,
    dimensions,
    examined_kind,
    grouping,
    sweep_summary,
)

_TITLES = {
    "data": "data",
    "d": "d",
    "n": "n",
    "width": "L",
    "hidden": "L",
    "engine": "engine",
    "loss": "loss",
    "output_bias": "bias",
    "hidden_bias": "hidden bias",
    "linear": "linear part",
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
        pipe_table(readable_summary(instances)),
        LEGEND,
        "Components by dimension:",
        pipe_table(readable_dimensions(components, instances), numbers=True),
    ]
    return paragraphs(parts)


def sweep_latex(instances: pd.DataFrame) -> str:
    r"""Return the summary as LaTeX that needs `\usepackage{booktabs}` and nothing else."""
    rows = _readable_rows(sweep_summary(instances), instances, _LATEX_TITLES)
    words = [sweep_totals(instances), warning(instances), shared_line(instances)]
    return latex_text([*map(latex_escape, words), *tabulars(rows), latex_escape(LEGEND)])


def sweep_totals(instances: pd.DataFrame) -> str:
    """Return in a sentence what was enumerated, and what came out."""
    known = decided(instances)
    zero = known["zero_network"].sum()
    isolated = known["isolated"].sum() - zero
    boundary = known["isolated_on_boundary"].sum() - zero
    return (
        f"{len(instances):,} instances, {instances['supports_examined'].sum():,} "
        f"{examined_kind(instances)}, "
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
    return _readable_rows(sweep_summary(instances, by), instances)


def readable_dimensions(components: pd.DataFrame, instances: pd.DataFrame) -> list[dict[str, str]]:
    """Return how many components there are of each dimension as short texts under titles."""
    return _readable_rows(dimensions(components, instances), instances)


def _readable_rows(
    table: pd.DataFrame, instances: pd.DataFrame, titles: Mapping[str, str] = _TITLES
) -> list[dict[str, str]]:
    """Return the rows of a summary as short texts under titles, without what all of them share."""
    rows, shared = [], _shared_settings(instances)
    titles = {**titles, "supports_examined": examined_kind(instances)}
    for row in table.to_dict("records"):
        if "isolated" in row:
            zero = row["zero_network"]
            row["isolated"] -= zero
            row["on_boundary"] = percent(row["isolated_on_boundary"] - zero, row["isolated"])
        keys = [key for key in (*titles, *row) if key in row]
        shown = {
            titles.get(key, key.replace("_", " ")): _cell(key, row[key])
            for key in dict.fromkeys(keys)
            if key in titles or key.startswith("dimension_")
        }
        rows.append({title: cell for title, cell in shown.items() if title not in shared})
    return rows


def _cell(key: str, value: Any) -> str:
    if pd.isna(value):
        return NOTHING
    if key in ("benign", "optimal_at_every_width"):
        return percent(value, 1)
    if key == "mean_components":
        return f"{value:.1f}"
    if key.endswith("_gap"):
        return f"{value:.3g}"
    return f"{value:,}" if key in ("supports_examined", "isolated") else str(value)


def _shared_settings(instances: pd.DataFrame) -> dict[str, str]:
    """Return the settings that all instances share, if they differ in any."""
    settings = {key: instances[key].unique() for key in grouping(instances)}
    shared = {_TITLES[key]: str(values[0]) for key, values in settings.items() if len(values) == 1}
    return shared if len(shared) < len(settings) else {}
