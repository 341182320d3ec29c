"""Write docs/practice.md: what optimisers find, beside the certified lists.

    make practice

The text is docs/templates/measured/practice.md.j2. Numbers come from docs/data/practice.csv, the
table of `config/practice.yaml`, and from docs/data/completeness.json, which
benchmarks/completeness.py writes; what a sentence says is checked before it is written.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from shutil import copyfile
from typing import Any

import pandas as pd

from docs.make.prose import ROOT, measured
from reluenum.documents.files import write_text
from reluenum.views.cells import percent
from reluenum.views.optimisers import LEGEND, MINIMA, Fate, readable_optimisers, shares_totals

RESULTS = ROOT / "results/practice"
SHARES, STUDY = ROOT / "docs/data/practice.csv", ROOT / "docs/data/completeness.json"

REFERENCE = "reference-L2-ridge1_100"
"""The instance of which the figures of a single one are shown."""

IMAGES = {
    "practice": (RESULTS / "figures/practice.svg", "Shares of runs against the ridge, by width"),
    "basins": (RESULTS / REFERENCE / "figures/basins.svg", "Where runs on the reference end"),
    "end_losses": (RESULTS / REFERENCE / "figures/end_losses.svg", "Losses at the end points"),
}
"""Figures of the page: where the workflow leaves them, and what they say."""


def page(shares: pd.DataFrame, study: Mapping[str, Any]) -> str:
    """Return the page."""
    instances = shares.drop_duplicates("instance")
    grouped = shares.groupby("instance")
    dead = shares.groupby("optimiser")[Fate.DEAD.column].sum()
    values = {
        **{"shares": shares, "instances": instances, "starts": shares["runs"].iloc[0]},
        "span": lambda column: ", ".join(map(str, sorted(instances[column].unique()))),
        "totals": shares_totals(shares),
        "open_ends": shares[[Fate.MISSING.column, Fate.UNEXPLAINED.column]].sum(axis=None),
        **{"rows": readable_optimisers(shares), "legend": LEGEND},
        "fates": lambda *fates, by=None: _pooled(shares, fates, by),
        **{"minima": MINIMA, "dead": Fate.DEAD, "global": Fate.GLOBAL},
        "stalled": Fate.NOT_STATIONARY,
        "spurious": _range(shares, Fate.SPURIOUS),
        "more_die_by_gd": dead["gd"] > dead["adam"],
        "lacking": (grouped["components_found"].max() < grouped["components"].max()).sum(),
        "study": _multistart(study["rows"], study["stages"]),
    }
    return measured("practice", values, image=_image)


def _pooled(shares: pd.DataFrame, fates: Iterable[Fate], optimiser: str | None) -> str:
    """Return the share of runs, of all optimisers or one, that met one of some fates."""
    chosen = shares if optimiser is None else shares[shares["optimiser"] == optimiser]
    met = chosen[[fate.column for fate in fates]].sum(axis=None)
    return percent(int(met), int(chosen["runs"].sum()))


def _range(shares: pd.DataFrame, fate: Fate) -> str:
    """Return the smallest and the largest share over widths and ridges, in words."""
    grouped = shares.groupby(["width", "ridge_decimal"])
    rates = grouped[fate.column].sum() / grouped["runs"].sum()
    ridges = shares.drop_duplicates("ridge_decimal").set_index("ridge_decimal")["ridge"]
    low, high = rates.idxmin(), rates.idxmax()
    return (
        f"from {percent(rates[low], 1)} of the runs (L = {low[0]}, ridge {ridges[low[1]]}) to "
        f"{percent(rates[high], 1)} (L = {high[0]}, ridge {ridges[high[1]]})"
    )


def _multistart(rows: Sequence[Mapping[str, Any]], stages: Sequence[int]) -> dict[str, Any]:
    last = max(stages)
    longest = [row for row in rows if row["starts"] == last]
    incomplete = {
        starts: [row for row in longest if _stage(row, starts)["found"] < row["components"]]
        for starts in stages
    }
    fooled = [
        _stage(row, starts)["estimate"] < row["components"]
        for starts, lists in incomplete.items()
        for row in lists
    ]
    return {
        "rows": [_study_row(row, stages) for row in rows],
        **{"lists": len(longest), "last": last, "fooled": sum(fooled)},
        "lacking": {starts: len(lists) for starts, lists in incomplete.items()},
        "missed": [row["never_found"] for row in incomplete[last]],
        "slowest": max(longest, key=lambda row: row["complete_after"] or 0),
    }


def _stage(row: Mapping[str, Any], starts: int) -> Mapping[str, Any]:
    """Return what a run had found after so many starts."""
    return next(stage for stage in row["stages"] if stage["starts"] == starts)


def _study_row(row: Mapping[str, Any], stages: Sequence[int]) -> dict[str, str]:
    """Return a row of the table."""
    reached = {stage["starts"]: stage for stage in row["stages"]}
    cells = {
        f"{starts:,}": f"{reached[starts]['found']} ({reached[starts]['estimate']:.0f})"
        if starts in reached
        else ""
        for starts in stages
    }
    after = row["complete_after"]
    return {
        "instance": row["instance"],
        "starts by": row["optimiser"],
        "listed": str(row["components"]),
        **cells,
        "all found after": "not yet" if after is None else f"{after:,}",
    }


def _image(name: str) -> str:
    return f"![{IMAGES[name][1]}](images/practice_{name}.svg)"


def read() -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return the committed tables."""
    return pd.read_csv(SHARES, dtype={"ridge": str}), json.loads(STUDY.read_text())


def main() -> None:
    """Take the results of the workflow over, if there are any, and write the page."""
    if (RESULTS / "descents.csv").exists():
        copyfile(RESULTS / "descents.csv", SHARES)
        for name, (source, _) in IMAGES.items():
            copyfile(source, ROOT / f"docs/images/practice_{name}.svg")
    write_text(ROOT / "docs/practice.md", page(*read()))


if __name__ == "__main__":
    main()
