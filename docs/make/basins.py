"""Draw the pictures of docs/basins.md: the reference, and what the basins of a sweep are like.

    python -m docs.make.basins          # the pictures of the reference, half a minute
    python -m docs.make.basins sweep    # the landscapes of config/sweep_small.yaml, two minutes

What is said of the sweep is kept in docs/data/basins.csv.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import yaml
from flint import fmpq

from docs.make.prose import ROOT
from reluenum import Problem, enumerate_minima
from reluenum.datasets.families import reference_data
from reluenum.documents.archive import write_archive
from reluenum.experiments.configuration import complete_config
from reluenum.experiments.instances import Batch, batch_instances, batches
from reluenum.experiments.rows import step_tables
from reluenum.experiments.sweep import basins_of_batch, document_members, examine_size
from reluenum.figures import DEPTH_FIGURES, plot_traps, save_figure
from reluenum.figures.sweeps.depths import relative_depths
from reluenum.groebner.backends import DEFAULT_SETTINGS
from reluenum.paths.path import ridge_path
from reluenum.paths.trees import trees_along
from reluenum.problem import parse_ridge
from reluenum.views.cells import percent, pipe_table
from reluenum.views.sweep_tables import with_basins

IMAGES, DATA = ROOT / "docs/images", ROOT / "docs/data/basins.csv"


def reference() -> None:
    """Write the pictures of the reference."""
    problem = Problem(*reference_data(), 2, parse_ridge("1/100"))
    basins = enumerate_minima(problem, engine="certified").basins()
    save_figure(basins.figure(), IMAGES / "basins_tree", ("svg",))
    save_figure(basins.profile(2, 1), IMAGES / "basins_profile", ("svg",))
    low = Problem(*reference_data(), 2, parse_ridge("1/1000"))
    path = ridge_path(low, fmpq(1), points=25).to_document()
    save_figure(plot_traps(path, trees_along(path)), IMAGES / "basins_traps", ("svg",))


def sweep() -> None:
    """Write the numbers and the pictures of the basins of a sweep."""
    config = yaml.safe_load((ROOT / "config/sweep_small.yaml").read_text())
    complete_config(config, ROOT / "config/schemas/config.schema.yaml")
    with TemporaryDirectory() as folder:
        found = [
            tables for batch in batches(config).values() for tables in _tables(batch, Path(folder))
        ]
    instances, components, basins = (
        pd.concat(t, ignore_index=True) for t in zip(*found, strict=True)
    )
    instances, components = with_basins(instances, components, basins)
    tables = {"instances": instances, "components": components}
    for name, draw in DEPTH_FIGURES.items():
        save_figure(draw(tables), IMAGES / f"basins_{name}", ("svg",))
    _summed(instances, relative_depths(tables)).to_csv(DATA)


def _tables(batch: Batch, folder: Path) -> list[tuple[pd.DataFrame, ...]]:
    """Return for each width of a batch the rows of instances, components and basins."""
    found, records = [], []
    for size in batch.widths:
        step = examine_size(batch.spec, size, records, DEFAULT_SETTINGS, True)
        records = [*records, folder / f"{size}.zip"]
        write_archive(records[-1], step.records)
        write_archive(folder / "documents.zip", document_members(step.documents))
        tables = step_tables(batch_instances(batch.spec, size), step.documents, step.seconds)
        basins = basins_of_batch(folder / "documents.zip", DEFAULT_SETTINGS)
        found.append((tables["instances"], tables["components"], basins))
    return found


def _summed(instances: pd.DataFrame, deep: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each family and width."""
    by = ["data", "width"]
    deaths = instances.assign(deaths=instances["death_share"] * instances["bad_basins"])
    grouped, shares = deaths.groupby(by), deep.groupby(by)["share"]
    return pd.DataFrame(
        {
            "landscapes": grouped.size(),
            "with_traps": grouped["bad_basins"].apply(lambda counts: (counts > 0).sum()),
            "traps": grouped["bad_basins"].sum(),
            "median_share": shares.median().round(6),
            "deeper_than_gap": shares.apply(lambda found: (found > 1).sum()),
            "deaths": grouped["deaths"].sum().round().astype(int),
        }
    )


def table(summed: pd.DataFrame) -> str:
    """Return the rows as the page shows them."""
    rows = [
        {
            "data": row["data"],
            "L": row["width"],
            "landscapes": row["landscapes"],
            "with traps": percent(row["with_traps"], row["landscapes"]),
            "traps": row["traps"],
            "median depth / gap": percent(row["median_share"], 1),
            "way out by a death": percent(row["deaths"], row["traps"]),
        }
        for row in summed.to_dict("records")
    ]
    return pipe_table(rows, numbers=True)


if __name__ == "__main__":
    sweep() if sys.argv[1:] == ["sweep"] else reference()
