"""Tables of descents: a row for each run, for each way in which runs end, and for each instance.

Intervals are Wilson's (95 %): the starts of an optimiser are independent draws. All optimisers have
the same starts, so their counts are not independent of each other.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from fractions import Fraction
from typing import Any, Self

import pandas as pd

from reluenum.documents.labels import Document, EndKind, Stall
from reluenum.views.cells import (
    csv_text,
    object_frame,
    paragraphs,
    percent,
    pipe_table,
    problem_cells,
    share_interval,
)
from reluenum.views.latex import bold, latex_escape, latex_text, tabulars


class Fate(StrEnum):
    """What became of a run; a minimum is told by how it compares with the others of its list."""

    short: str

    GLOBAL = "global minimum", "global"
    SPURIOUS = "spurious minimum", "spurious"
    UNRANKED = "unranked minimum", "unranked"
    DEAD = Stall.DEAD, "dead"
    ZERO = Stall.ZERO, "zero"
    KINK = Stall.KINK, "kink"
    NOT_STATIONARY = EndKind.NOT_STATIONARY, "not stat."
    DIVERGED = EndKind.DIVERGED, "diverged"
    MISSING = EndKind.MISSING, "missing"
    UNEXPLAINED = EndKind.UNEXPLAINED, "unexplained"

    def __new__(cls, text: str, short: str) -> Self:
        """Return a fate, and what heads its column in readable tables."""
        fate = str.__new__(cls, text)
        fate._value_, fate.short = str(text), short
        return fate

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
    for name, runs in runs_by_optimiser(document):
        fates = Counter(fate_of(run, document) for run in runs)
        basins = Counter(run["component"] for run in runs if run["kind"] == "minimum")
        ends: list[tuple[dict[str, Any], int]] = [
            ({"end": "minimum", "component": listed["number"]} | listed, basins[listed["number"]])
            for listed in document["components"]
        ]
        ends += [({"end": fate.value}, fates[fate]) for fate in Fate if fate not in MINIMA]
        rows += [
            {"optimiser": name, **end, **_share_cells(count, len(runs))} for end, count in ends
        ]
    return object_frame(rows, _BASINS)


def runs_by_optimiser(document: Document) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """Yield each optimiser of a document of descents with its runs."""
    for summary in document["optimisers"]:
        name = summary["name"]
        yield name, [run for run in document["runs"] if run["optimiser"] == name]


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
    for optimiser, runs in runs_by_optimiser(document):
        fates = Counter(fate_of(run, document) for run in runs)
        yield {
            "instance": name,
            **problem_cells(problem),
            "ridge_decimal": float(Fraction(problem["ridge"])),
            "optimiser": optimiser,
            "runs": len(runs),
            "components": len(document["components"]),
            "components_found": len({r["component"] for r in runs if r["kind"] == "minimum"}),
            "complete": document["complete"],
            **{fate.column: fates[fate] for fate in Fate},
            **{f"{fate.column}_share": fates[fate] / len(runs) for fate in Fate},
        }


def runs_csv(document: Document) -> str:
    """Return `runs_frame` as CSV; what a run does not have is empty."""
    return csv_text(runs_frame(document), "")


def basins_csv(document: Document) -> str:
    """Return `basins_frame` as CSV; what is no component has empty columns of one."""
    return csv_text(basins_frame(document), "")


def shares_markdown(shares: pd.DataFrame) -> str:
    """Return what `shares_frame` says of each optimiser and of each instance as Markdown."""
    parts = [
        shares_totals(shares),
        *(f"**{warning}**" for warning in warnings(shares)),
        pipe_table(readable_optimisers(shares)),
        LEGEND,
        pipe_table(readable_shares(shares)),
    ]
    return paragraphs(parts)


def shares_latex(shares: pd.DataFrame) -> str:
    r"""Return the same as LaTeX that needs `\usepackage{booktabs}` and nothing else."""
    parts = [
        latex_escape(shares_totals(shares)),
        *map(bold, warnings(shares)),
        *tabulars(readable_optimisers(shares), named=True),
        latex_escape(LEGEND),
        *tabulars(readable_shares(shares), named=True),
    ]
    return latex_text(parts)


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
    shares = {fate.short: percent(int(rows[fate.column].sum()), runs) for fate in fates}
    return shares | {"found": f"{found} of {listed}"}
