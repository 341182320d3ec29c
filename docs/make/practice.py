"""Write docs/practice.md: what optimisers find, beside the certified lists.

    make practice

Numbers come from docs/data/practice.csv, the table of `config/practice.yaml`, and from
docs/data/completeness.json, which benchmarks/completeness.py writes; what a sentence says is
checked before it is written.
"""

import json
from collections.abc import Mapping, Sequence
from shutil import copyfile
from typing import Any

import pandas as pd

from docs.make.prose import ROOT, bullets, paragraph, said
from reluenum.documents.files import write_text
from reluenum.views.cells import percent, pipe_table
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


def pooled(shares: pd.DataFrame, fate: Fate, **chosen: Any) -> str:
    """Return the share of some runs that met a fate, as text."""
    for column, value in chosen.items():
        shares = shares[shares[column] == value]
    return percent(int(shares[fate.column].sum()), int(shares["runs"].sum()))


def page(shares: pd.DataFrame, study: Mapping[str, Any]) -> str:
    """Return the page."""
    parts = [
        "# Held against practice",
        paragraph(
            "Do optimisers agree with the lists, and what do the lists tell that optimisers do",
            "not? `make practice` runs all of this again and writes the page.",
        ),
        *_descents(shares),
        *_multistart(study),
        "## Other programs",
        paragraph(
            "The least loss over all widths is also the value of a convex program:",
            "[convex.md](convex.md) holds it against the flags. [benchmarks.md](benchmarks.md)",
            "gives the same polynomial systems to other solvers.",
            "[basins.md](basins.md#against-practice) holds strings between minima, and",
            "noise, against the barriers.",
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _descents(shares: pd.DataFrame) -> list[str]:
    instances = shares.drop_duplicates("instance")
    open_ends = int(shares[[Fate.MISSING.column, Fate.UNEXPLAINED.column]].sum(axis=None))
    names = list(dict.fromkeys(shares["optimiser"]))
    grouped = shares.groupby("instance")
    lacking = grouped["components_found"].max() < grouped["components"].max()
    living = shares[[fate.column for fate in MINIMA]].sum(axis=1)
    return [
        "## Where optimisers end",
        paragraph(
            f"`config/practice.yaml` has {len(instances)} instances: the reference and random",
            f"data, d = {_span(instances['d'])}, L = {_span(instances['width'])}, ridges",
            f"{', '.join(dict.fromkeys(instances['ridge']))}.",
            f"On each, {len(names)} optimisers start from the same",
            f"{shares['runs'].iloc[0]} random networks.",
            shares_totals(shares),
            said(
                "None of them ended at a minimum that is not listed, and no end point is "
                "unexplained.",
                open_ends == 0,
            ),
        ),
        "```sh\n"
        "reluenum descend minima.json --starts 100 --output descents.json --figure basins.svg\n"
        "snakemake descent_all --cores 2 --configfile config/practice.yaml\n"
        "```",
        pipe_table(readable_optimisers(shares)),
        paragraph(LEGEND),
        _image("practice"),
        bullets(
            [
                f"Of all runs {percent(int(living.sum()), int(shares['runs'].sum()))} end at a "
                f"local minimum, {pooled(shares, Fate.GLOBAL)} at a global one; "
                f"{pooled(shares, Fate.DEAD)} stop at a saddle with a dead unit, which no gradient "
                "revives.",
                "How often units die depends on the starts, here of sizes over a factor of thirty "
                "and with kinks among the data, and on the steps.",
                f"Spurious minima are a matter of the ridge and the width: they catch "
                f"{_range(shares, Fate.SPURIOUS)}.",
                said(
                    f"Plain gradient steps lose units: {pooled(shares, Fate.DEAD, optimiser='gd')} "
                    f"of the runs of gradient descent end at a dead unit, of those of SGD "
                    f"{pooled(shares, Fate.DEAD, optimiser='sgd')}, of Adam "
                    f"{pooled(shares, Fate.DEAD, optimiser='adam')}, of L-BFGS "
                    f"{pooled(shares, Fate.DEAD, optimiser='lbfgs')}.",
                    _count(shares, Fate.DEAD, "gd") > _count(shares, Fate.DEAD, "adam"),
                ),
                f"L-BFGS stalls on kinks: {pooled(shares, Fate.NOT_STATIONARY, optimiser='lbfgs')} "
                "of its runs stop above the stationary point to which the way downhill leads.",
                f"On {int(lacking.sum())} of {len(instances)} instances no optimiser found all "
                f"minima from {shares['runs'].iloc[0]} starts.",
            ]
        ),
        paragraph(
            "One instance in detail: the reference at L = 2 and ridge 1/100. Each step of the",
            "curves is a certified level, and the ends that lie between levels are those that are",
            "not stationary.",
        ),
        _image("basins"),
        _image("end_losses"),
        paragraph(
            "How an end point is explained is in section 18 of [theory.md](theory.md): moves that",
            "never raise the loss lead from it to a stationary point, which is then proved, with a",
            "proof of minimality or a checked descent. A run has arrived if its loss is at most",
            "a thousandth of |y|² above that point. The limits are proved; that a run belongs to",
            "its limit rests on doubles.",
        ),
    ]


def _span(values: pd.Series) -> str:
    """Return the different numbers of a column."""
    return ", ".join(map(str, sorted(values.unique())))


def _count(shares: pd.DataFrame, fate: Fate, optimiser: str) -> int:
    """Return how many runs of an optimiser met a fate."""
    return int(shares.loc[shares["optimiser"] == optimiser, fate.column].sum())


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


def _multistart(study: Mapping[str, Any]) -> list[str]:
    rows = study["rows"]
    longest = [row for row in rows if row["starts"] == max(study["stages"])]
    lacking = {
        starts: [row for row in longest if _found(row, starts) < row["components"]]
        for starts in study["stages"]
    }
    last = max(study["stages"])
    fooled = [
        (starts, row)
        for starts, incomplete in lacking.items()
        for row in incomplete
        if _stage(row, starts)["estimate"] < row["components"]
    ]
    slowest = max(longest, key=lambda row: row["complete_after"] or 0)
    missed = [row["never_found"] for row in lacking[last]]
    return [
        "## Does multistart find every minimum?",
        paragraph(
            "Random starts, each trained by 500 steps of Adam (or by L-BFGS) and then led downhill",
            "to a stationary point, which is kinder to multistart than stopping where an optimiser",
            "stalls. The table counts the listed components that were found after so many starts;",
            "in brackets Chao's estimate, what a statistician would have taken for their number.",
        ),
        pipe_table([_study_row(row, study["stages"]) for row in rows]),
        bullets(
            [
                "With Adam, "
                + ", ".join(
                    f"after {starts:,} starts {len(incomplete)}"
                    for starts, incomplete in lacking.items()
                )
                + f" of {len(longest)} lists were not complete.",
                said(
                    f"So even {last:,} starts are no proof: components never found: "
                    f"{sum(found['components'] for found in missed)}.",
                    bool(missed),
                ),
                f"The starts give little warning: in {len(fooled)} of the "
                f"{sum(map(len, lacking.values()))} cases in which a list was not complete, Chao's "
                "estimate was less than the number of components.",
                f"The slowest list that was completed ({slowest['instance']}) took "
                f"{slowest['complete_after']:,} starts; only the proved list tells when to stop.",
                said(
                    "No global minimum was missed: what multistart overlooks are spurious minima.",
                    not any(found["global"] for found in missed),
                ),
            ]
        ),
    ]


def _stage(row: Mapping[str, Any], starts: int) -> Mapping[str, Any]:
    """Return what a run had found after so many starts."""
    return next(stage for stage in row["stages"] if stage["starts"] == starts)


def _found(row: Mapping[str, Any], starts: int) -> int:
    return _stage(row, starts)["found"]


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
