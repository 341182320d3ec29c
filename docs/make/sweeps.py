"""Write docs/sweeps.md: how the landscape of random data changes with n, the width and the ridge.

    ./run -- snakemake --cores 2 --configfile config/sweep_paper.yaml
    ./run -- python -m docs.make.sweeps

The text is docs/templates/measured/sweeps.md.j2. Numbers come from the tables of the sweep; what a
sentence says is checked before it is written.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from docs.make.prose import IMAGES, ROOT, measured
from reluenum.documents.files import write_text
from reluenum.figures import SWEEP_FIGURES, save_figure
from reluenum.views.cells import percent
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
    ridges = instances.drop_duplicates("ridge").sort_values("ridge_decimal")["ridge"]
    values = {
        **{"instances": instances, "ridges": list(ridges)},
        "totals": sweep_totals(instances),
        **{"summary": readable_summary(instances), "legend": LEGEND},
        "counts": _counts(instances),
        "boundaries": _boundaries(instances),
        "spurious": _spurious(instances),
        "cost": _cost(tables["times"]),
    }
    return measured("sweeps", values, image=_image)


def _counts(instances: pd.DataFrame) -> dict[str, Any]:
    means = instances.groupby(["n", "width", "ridge_decimal"])["components"].mean()
    by_ridge = means.unstack("ridge_decimal")
    low, high = by_ridge.columns.min(), by_ridge.columns.max()
    largest = instances["n"].max(), instances["width"].max()
    by_width = by_ridge[low].unstack("width")
    wider, longer = by_width.diff(axis=1).iloc[:, 1:], by_width.iloc[-1] > by_width.iloc[0]
    return {
        "grow": (wider > 0).all(axis=None) and longer.all(),
        **{"at_smallest": means[*largest, low], "at_largest": means[*largest, high]},
        "most_at_largest": by_ridge[high].max(),
    }


def _boundaries(instances: pd.DataFrame) -> dict[str, Any]:
    table = boundary_table(instances)
    return {
        "rows": [
            {
                "L": width,
                "isolated minima": f"{row.isolated:,}",
                "on a boundary": percent(row.isolated_on_boundary, row.isolated),
                "instances with some": f"{row.instances:,}",
                "of these with all on a boundary": percent(row.all_on_boundary, row.instances),
            }
            for width, row in table.iterrows()
        ],
        "share": table["isolated_on_boundary"] / table["isolated"],
    }


def _spurious(instances: pd.DataFrame) -> dict[str, Any]:
    by_width = instances["width"]
    return {
        "benign": (instances["spurious"] == 0).groupby(by_width).mean(),
        "best": (instances["global_at_every_width"] > 0).groupby(by_width).mean(),
        "worst": instances.loc[instances["relative_gap"].idxmax()],
    }


def _cost(times: pd.DataFrame) -> dict[str, float]:
    large = times[times["supports"] >= 1000]
    logarithms = np.log(large[["supports", "seconds"]].astype(float))
    return {
        "rate": large["supports"].sum() / large["seconds"].sum(),
        "power": np.polyfit(logarithms["supports"], logarithms["seconds"], 1)[0],
    }


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
