"""Write docs/sweeps.md: how the landscape of random data changes with n, the width and the ridge.

    ./run -- snakemake --cores 2 --configfile config/sweep_paper.yaml
    ./run -- python -m docs.make.sweeps

Numbers come from the tables of the sweep; what a sentence says is checked before it is written.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from docs.make.prose import IMAGES, ROOT, bullets, paragraph, said
from reluenum.documents.files import write_text
from reluenum.figures import SWEEP_FIGURES, save_figure
from reluenum.views.cells import percent, pipe_table
from reluenum.views.sweep_tables import decided
from reluenum.views.sweeps import LEGEND, readable_summary, sweep_totals

RESULTS = ROOT / "results/sweep_paper"

SHOWN = {
    "minima_by_ridge": "Mean number of components against the ridge, and its spread",
    "boundary_share": "Share of the isolated minima that lie on a boundary",
    "sizes": "How many isolated minima have a face of its own for each unit",
    "cost": "Seconds against the number of supports",
}
"""Figures of the page, with what they say to those who do not see them."""

Tables = Mapping[str, pd.DataFrame]


def read(results: Path = RESULTS) -> Tables:
    """Return the tables of the sweep by name."""
    names = ("instances", "components", "times")
    return {name: pd.read_parquet(results / f"{name}.parquet") for name in names}


def living(instances: pd.DataFrame) -> pd.DataFrame:
    """Return the instances with their isolated minima, the zero network left out."""
    zero = instances["zero_network"]
    return instances.assign(
        isolated=instances["isolated"] - zero,
        isolated_on_boundary=instances["isolated_on_boundary"] - zero,
    )


def boundary_table(instances: pd.DataFrame) -> pd.DataFrame:
    """Return, by width, how many isolated minima there are and how many lie on a boundary."""
    found = living(decided(instances))
    found = found[found["isolated"] > 0]
    every = found["isolated"] == found["isolated_on_boundary"]
    sums = found.groupby("width")[["isolated", "isolated_on_boundary"]].sum()
    grouped = every.groupby(found["width"])
    return sums.assign(instances=grouped.size(), all_on_boundary=grouped.sum())


def page(tables: Tables) -> str:
    """Return the page."""
    instances = tables["instances"]
    parts = [
        *_opening(instances),
        *_counts(instances),
        *_boundaries(instances),
        *_spurious(instances),
        *_cost(tables["times"]),
    ]
    return "\n\n".join(parts) + "\n"


def _opening(instances: pd.DataFrame) -> list[str]:
    sizes, widths = instances["n"].unique(), instances["width"].unique()
    ridges = instances.drop_duplicates("ridge").sort_values("ridge_decimal")["ridge"]
    return [
        f"# Sweep: {len(instances):,} landscapes of random data",
        paragraph(
            f"`config/sweep_paper.yaml` takes {instances['seed'].nunique()} data sets of each size",
            f"n = {min(sizes)}..{max(sizes)}, inputs and outputs uniform in [-1, 1], and lists",
            f"every local minimum of networks with L = {min(widths)}..{max(widths)} hidden units",
            f"at {len(ridges)} ridges from {ridges.iloc[0]} to {ridges.iloc[-1]}, by the certified",
            "engine.",
            said("No support stayed undecided.", bool(instances["complete"].all())),
            sweep_totals(instances),
        ),
        paragraph(
            "`make sweeps` runs it and writes this page. Its numbers are read from the tables, and",
            "a sentence that they contradict is an error.",
            "[results/README.md](../results/README.md) describes the tables.",
        ),
    ]


def _counts(instances: pd.DataFrame) -> list[str]:
    means = instances.groupby(["n", "width", "ridge_decimal"])["components"].mean()
    low, high = instances["ridge_decimal"].min(), instances["ridge_decimal"].max()
    n, width = instances["n"].max(), instances["width"].max()
    smallest = means.xs(low, level="ridge_decimal").unstack("width")
    largest = means.xs(high, level="ridge_decimal")
    return [
        "## How many minima there are",
        pipe_table(readable_summary(instances)),
        paragraph(LEGEND),
        _image("minima_by_ridge"),
        bullets(
            [
                said(
                    "At the smallest ridge the mean number of components grows with the width, for "
                    "every n, and is larger at the largest n than at the smallest.",
                    bool((smallest.diff(axis=1).iloc[:, 1:] > 0).all(axis=None))
                    and bool((smallest.iloc[-1] > smallest.iloc[0]).all()),
                ),
                f"For n = {n}, L = {width} there are {means[n, width, low]:.0f} components on "
                f"average at the smallest ridge, and {means[n, width, high]:.1f} at the largest.",
                said(
                    f"At the largest ridge the mean is at most {largest.max():.1f} for every n and "
                    "L: the penalty leaves little but the zero network.",
                    bool(largest.max() < 3),
                ),
            ]
        ),
        _image("sizes"),
        paragraph(
            "By Corollary D.1 the number of components of *every* width follows from these N_m: an",
            "isolated minimum of m units gives C(L - 1, m - 1) components of L units.",
        ),
    ]


def _boundaries(instances: pd.DataFrame) -> list[str]:
    table = boundary_table(instances)
    rows = [
        {
            "L": width,
            "isolated minima": f"{row.isolated:,}",
            "on a boundary": percent(row.isolated_on_boundary, row.isolated),
            "instances with some": f"{row.instances:,}",
            "of these with all on a boundary": percent(row.all_on_boundary, row.instances),
        }
        for width, row in table.iterrows()
    ]
    share = table["isolated_on_boundary"] / table["isolated"]
    return [
        "## Do isolated minima lie on boundaries?",
        paragraph(
            "Fukasaku, Kabata and Okuno observed that on their instance (n = 5, L = 2) every",
            "isolated local minimum lies on the boundary of an activation pattern: some hidden",
            "unit is exactly 0 on some data point. The zero network, which has nothing but units",
            "on boundaries, does not count here.",
        ),
        pipe_table(rows),
        _image("boundary_share"),
        bullets(
            [
                said(
                    "Not always, but the wider the network the more often: "
                    f"{percent(share.iloc[0], 1)} of the isolated minima of one unit, "
                    f"{percent(share.iloc[1], 1)} of two units, "
                    f"{percent(share.iloc[-1], 1)} of {table.index[-1]}.",
                    share.is_monotonic_increasing,
                ),
                said(
                    "So the observation is a matter of frequency and no theorem: every width has "
                    "isolated minima in the interior of a pattern.",
                    bool((table["isolated_on_boundary"] < table["isolated"]).all()),
                ),
                "An isolated minimum of L units is in the interior only if the kinks of all L "
                "units miss all n points, which explains the order.",
            ]
        ),
    ]


def _spurious(instances: pd.DataFrame) -> list[str]:
    by_width = instances["width"]
    benign = (instances["spurious"] == 0).groupby(by_width).mean()
    everywhere = (instances["global_at_every_width"] > 0).groupby(by_width).mean()
    worst = instances.loc[instances["relative_gap"].idxmax()]
    return [
        "## Spurious minima",
        bullets(
            [
                f"With one unit {percent(benign.iloc[0], 1)} of the instances have no other minima "
                f"than global ones, with {benign.index[-1]} units {percent(benign.iloc[-1], 1)}. "
                + said(
                    "More units do not make a landscape benign: a bad minimum of few units stays "
                    "one with more, because its units can split (Theorem D).",
                    bool(benign.is_monotonic_decreasing),
                ),
                f"The largest gap is that of `{worst['instance']}`: the worst of its minima has "
                f"{1 + worst['relative_gap']:,.0f} times the loss of the best.",
                said(
                    "The share of instances whose best minimum no wider network improves grows "
                    f"from {percent(everywhere.iloc[0], 1)} at L = {everywhere.index[0]} to "
                    f"{percent(everywhere.iloc[-1], 1)} at L = {everywhere.index[-1]}.",
                    everywhere.is_monotonic_increasing,
                ),
            ]
        ),
    ]


def _cost(times: pd.DataFrame) -> list[str]:
    large = times[times["supports"] >= 1000]
    rate = large["supports"].sum() / large["seconds"].sum()
    logarithms = np.log(large[["supports", "seconds"]].astype(float))
    slope = np.polyfit(logarithms["supports"], logarithms["seconds"], 1)[0]
    return [
        "## What it costs",
        _image("cost"),
        paragraph(
            "From a thousand supports on, the time grows like their number to the power",
            f"{slope:.2f}; this run did {rate:,.0f} supports a second and core, lists of minima",
            "included, on a machine that had other work. All widths of a data set and a ridge",
            "share their supports.",
        ),
    ]


def _image(name: str) -> str:
    return f"![{SHOWN[name]}](images/sweep_{name}.svg)"


def main() -> None:
    """Write the page and its figures."""
    tables = read()
    for name in SHOWN:
        save_figure(SWEEP_FIGURES[name](tables), IMAGES / f"sweep_{name}", ("svg",))
    write_text(ROOT / "docs/sweeps.md", page(tables))


if __name__ == "__main__":
    main()
