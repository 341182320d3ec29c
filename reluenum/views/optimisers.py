"""Tables of descents: a row for each run, for each way in which runs end, and for each instance.

Intervals are Wilson's (95 %): the starts of an optimiser are independent draws. All optimisers have
the same starts, so their counts are not independent of each other.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

import pandas as pd
from tabulate import tabulate

from reluenum.views.cells import csv_text, object_frame, percent, share_interval
from reluenum.views.instances import LATEX_ROWS
from reluenum.views.latex import breakable_name, latex_escape, tabular

Document = Mapping[str, Any]


class Fate(StrEnum):
    """What became of a run; a minimum is told by how it compares with the others of its list."""

    GLOBAL = "global minimum"
    SPURIOUS = "spurious minimum"
    UNRANKED = "unranked minimum"
    DEAD = "dead unit"
    ZERO = "zero unit"
    KINK = "unit on a kink"
    NOT_STATIONARY = "not stationary"
    DIVERGED = "diverged"
    MISSING = "missing from the list"
    UNEXPLAINED = "unexplained"

    @property
    def column(self) -> str:
        """Its name as a column."""
        return self.value.replace(" ", "_")


MINIMA = (Fate.GLOBAL, Fate.SPURIOUS, Fate.UNRANKED)
"""The fates of runs that end at a listed minimum; unranked ones are those of an incomplete list."""

USUAL = (*MINIMA[:2], Fate.DEAD, Fate.ZERO, Fate.KINK, Fate.NOT_STATIONARY)
"""The fates that every view shows, the others only if there are any."""

LEGEND = (
    "Shares of runs. Global, spurious: at a listed minimum that is, or is not, global at its "
    "width. Dead, zero, kink: at a proved saddle, where a unit answers to no data point, where a "
    "unit is 0, or where no unit is 0 but one on a kink could turn downhill. Not stationary: "
    "proved to lie above the point to which the way downhill leads. Found: components at which "
    "some run of the optimiser ended, and how many there are."
)
"""What the columns of the readable tables are."""

_SHORT = {
    Fate.GLOBAL: "global",
    Fate.SPURIOUS: "spurious",
    Fate.UNRANKED: "unranked",
    Fate.DEAD: "dead",
    Fate.ZERO: "zero",
    Fate.KINK: "kink",
    Fate.NOT_STATIONARY: "not stat.",
    Fate.DIVERGED: "diverged",
    Fate.MISSING: "missing",
    Fate.UNEXPLAINED: "unexplained",
}

_RUNS = (
    *("optimiser", "start", "kind", "saddle_kind", "component", "saddle"),
    *("loss", "excess", "reason"),
)

_BASINS = (
    *("optimiser", "end", "component", "loss", "dimension", "on_boundary", "global_at_width"),
    *("support", "runs", "of", "share", "low", "high"),
)

_INSTANCE = (
    *("instance", "n", "d", "width", "ridge", "ridge_decimal", "loss", "output_bias"),
    *("optimiser", "runs", "components", "components_found", "complete"),
)

_SHARES = (*_INSTANCE, *(fate.column for fate in Fate), *(f"{f.column}_share" for f in Fate))


def fate_of(run: Mapping[str, Any], document: Document) -> Fate:
    """Return what became of a run of a document."""
    if run["kind"] == "minimum":
        component = document["components"][run["component"] - 1]
        ranks = {True: Fate.GLOBAL, False: Fate.SPURIOUS, None: Fate.UNRANKED}
        return ranks[component["global_at_width"]]
    return Fate(run["saddle_kind"] if run["kind"] == "saddle" else run["kind"])


def runs_frame(document: Document) -> pd.DataFrame:
    """Return one row per run, in the order of the document.

    Parameters
    ----------
    document : dict
        Of the format `reluenum-descents`.

    Returns
    -------
    DataFrame
        Columns `optimiser`, `start`, `kind`, `saddle_kind`, `component` and `saddle` (numbers of
        where the run ends, or of where its end leads downhill), `loss`, `excess`, `reason`.
    """
    return object_frame(document["runs"], _RUNS)


def basins_frame(document: Document) -> pd.DataFrame:
    """Return one row per optimiser and component, and per optimiser and other end of a run.

    Parameters
    ----------
    document : dict
        Of the format `reluenum-descents`.

    Returns
    -------
    DataFrame
        Columns `optimiser`, `end` (`minimum` or a `Fate` that is none), of the component its
        number `component`, `loss`, `dimension`, `on_boundary`, `global_at_width` and `support`,
        `runs` that end there `of` how many, their `share`, and its interval, `low` to `high`.
        Components that no run reached have a row, with 0 runs.
    """
    rows = []
    for summary in document["optimisers"]:
        runs = [run for run in document["runs"] if run["optimiser"] == summary["name"]]
        fates = Counter(fate_of(run, document) for run in runs)
        basins = Counter(run["component"] for run in runs if run["kind"] == "minimum")
        ends: list[tuple[dict[str, Any], int]] = [
            (
                {"end": "minimum", "component": component["number"]} | component,
                basins[component["number"]],
            )
            for component in document["components"]
        ]
        ends += [({"end": fate.value}, fates[fate]) for fate in Fate if fate not in MINIMA]
        rows += [
            {"optimiser": summary["name"], **end, **_share_cells(count, len(runs))}
            for end, count in ends
        ]
    return object_frame(rows, _BASINS)


def _share_cells(count: int, total: int) -> dict[str, Any]:
    share, low, high = share_interval(count, total)
    return {"runs": count, "of": total, "share": share, "low": low, "high": high}


def shares_frame(documents: Mapping[str, Document]) -> pd.DataFrame:
    """Return one row per instance and optimiser.

    Parameters
    ----------
    documents : mapping of str to dict
        Documents of the format `reluenum-descents`, by name of the instance.

    Returns
    -------
    DataFrame
        The problem, with `ridge_decimal` for drawing; `runs`; how many `components` the list has,
        and at how many runs ended, `components_found`; whether the list is `complete`; and for
        every `Fate` the number of runs, and their share in a column that ends in `_share`.
    """
    rows = [row for name, document in documents.items() for row in _instance_rows(name, document)]
    return object_frame(rows, _SHARES)


def _instance_rows(name: str, document: Document) -> Iterator[dict[str, Any]]:
    problem = document["problem"]
    numerator, _, denominator = problem["ridge"].partition("/")
    for summary in document["optimisers"]:
        runs = [run for run in document["runs"] if run["optimiser"] == summary["name"]]
        fates = Counter(fate_of(run, document) for run in runs)
        yield {
            "instance": name,
            "n": len(problem["y"]),
            "d": len(problem["x"][0]),
            **{key: problem[key] for key in ("width", "ridge", "loss", "output_bias")},
            "ridge_decimal": int(numerator) / int(denominator or 1),
            "optimiser": summary["name"],
            "runs": len(runs),
            "components": len(document["components"]),
            "components_found": len({r["component"] for r in runs if r["kind"] == "minimum"}),
            "complete": document["complete"],
            **{fate.column: fates[fate] for fate in Fate},
            **{f"{fate.column}_share": fates[fate] / len(runs) for fate in Fate},
        }


def runs_csv(document: Document) -> str:
    """Return `runs_frame` as CSV; what a run does not have is empty."""
    return csv_text(runs_frame(document).fillna(""))


def basins_csv(document: Document) -> str:
    """Return `basins_frame` as CSV; what is no component has empty columns of one."""
    return csv_text(basins_frame(document).fillna(""))


def shares_markdown(shares: pd.DataFrame) -> str:
    """Return what `shares_frame` says of each optimiser and of each instance as Markdown."""
    parts = [
        shares_totals(shares),
        *(f"**{warning}**" for warning in warnings(shares)),
        _pipe_table(readable_optimisers(shares)),
        LEGEND,
        _pipe_table(readable_shares(shares)),
    ]
    return "\n\n".join(parts) + "\n"


def shares_latex(shares: pd.DataFrame) -> str:
    r"""Return the same as LaTeX that needs `\usepackage{booktabs}` and nothing else."""
    parts = [
        latex_escape(shares_totals(shares)),
        *(rf"\textbf{{{latex_escape(warning)}}}" for warning in warnings(shares)),
        *_tabulars(readable_optimisers(shares)),
        latex_escape(LEGEND),
        *_tabulars(readable_shares(shares)),
    ]
    return "\n\n\\smallskip\n".join(parts) + "\n"


def shares_totals(shares: pd.DataFrame) -> str:
    """Return in a sentence how many runs there were, and how many end points are explained."""
    runs, instances = int(shares["runs"].sum()), shares["instance"].nunique()
    open_ends = int(shares[Fate.MISSING.column].sum() + shares[Fate.UNEXPLAINED.column].sum())
    return (
        f"{runs:,} runs on {instances} instance{'s' * (instances != 1)}; "
        f"{percent(runs - open_ends, runs)} of the end points are explained."
    )


def warnings(shares: pd.DataFrame) -> list[str]:
    """Return what belongs on every view of these tables."""
    incomplete = shares.loc[~shares["complete"].astype(bool), "instance"].nunique()
    missing, unexplained = (
        int(shares[fate.column].sum()) for fate in (Fate.MISSING, Fate.UNEXPLAINED)
    )
    found = {
        f"End points at minima that their list lacks: {missing}.": missing,
        f"Unexplained end points: {unexplained}.": unexplained,
        f"Instances whose list may lack minima: {incomplete}.": incomplete,
    }
    return [text for text, count in found.items() if count]


def readable_optimisers(shares: pd.DataFrame) -> list[dict[str, str]]:
    """Return one row per optimiser over all instances, as short texts under titles."""
    fates = shown_fates(shares)
    return [
        {"optimiser": str(name), "runs": f"{rows['runs'].sum():,}", **_cells(rows, fates)}
        for name, rows in shares.groupby("optimiser", sort=False)
    ]


def readable_shares(shares: pd.DataFrame) -> list[dict[str, str]]:
    """Return one row per instance and optimiser, as short texts under titles."""
    fates = shown_fates(shares)
    return [
        {"instance": instance, "optimiser": name, **_cells(rows, fates)}
        for (instance, name), rows in shares.groupby(["instance", "optimiser"], sort=False)
    ]


def shown_fates(shares: pd.DataFrame) -> list[Fate]:
    """Return the usual fates, and those others that occur."""
    return [fate for fate in Fate if fate in USUAL or shares[fate.column].sum()]


def _cells(rows: pd.DataFrame, fates: Sequence[Fate]) -> dict[str, str]:
    """Return the shares of some rows, and the components that were found."""
    runs = int(rows["runs"].sum())
    found, listed = int(rows["components_found"].sum()), int(rows["components"].sum())
    shares = {_SHORT[fate]: percent(int(rows[fate.column].sum()), runs) for fate in fates}
    return shares | {"found": f"{found} of {listed}"}


def _pipe_table(rows: Sequence[Mapping[str, str]]) -> str:
    return tabulate(rows, "keys", "pipe", disable_numparse=True)


def _tabulars(rows: Sequence[Mapping[str, str]]) -> Iterator[str]:
    """Yield tabulars that fit a page each."""
    for start in range(0, len(rows), LATEX_ROWS):
        part = rows[start : start + LATEX_ROWS]
        cells = [list(row.values()) for row in part]
        body = [
            [r"\raggedright " + breakable_name(name), *map(latex_escape, rest)]
            for name, *rest in cells
        ]
        alignment = r"@{}p{0.27\linewidth}" + "r" * (len(part[0]) - 1) + "@{}"
        table = tabular(alignment, list(part[0]), body)
        yield "\\noindent{\\scriptsize\\setlength{\\tabcolsep}{2pt}%\n" + table + "}"
