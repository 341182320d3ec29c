"""Rule aggregate: join the rows of all batches into tables, and sum them up."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from reluenum.documents.files import write_text
from reluenum.documents.parquet import read_frame, write_frame
from reluenum.experiments.joblog import logged
from reluenum.figures.pages import sweep_page
from reluenum.views.sweep_tables import GROUP_AND_RIDGE, sweep_summary, total_seconds
from reluenum.views.sweeps import sweep_latex, sweep_markdown


def main(
    instances: Sequence[Path],
    components: Sequence[Path],
    times: Sequence[Path],
    tables: Mapping[str, Path],
    title: str,
) -> None:
    """Read the rows of every batch and write every table.

    Parameters
    ----------
    instances, components : sequence of Path
        Those of the widths that were asked for.
    times : sequence of Path
        Those of all sizes up to the largest width.
    tables : mapping of str to Path
        Names of tables, with their suffixes after `_`, and where they go.
    title : str
    """
    rows, parts = _joined(instances), _joined(components)
    found = {
        "instances": rows,
        "components": parts,
        "times": total_seconds(_joined(times), rows),
    }
    for name, table in found.items():
        write_frame(tables[f"{name}_parquet"], table)
        write_text(tables[f"{name}_csv"], _csv(table))
    write_text(tables["summary_csv"], _csv(sweep_summary(rows, GROUP_AND_RIDGE)))
    write_text(tables["summary_md"], sweep_markdown(rows, parts))
    write_text(tables["summary_tex"], sweep_latex(rows))
    write_text(tables["summary_html"], sweep_page(title, rows, parts))


def _joined(paths: Sequence[Path]) -> pd.DataFrame:
    return pd.concat([read_frame(path) for path in paths], ignore_index=True)


def _csv(table: pd.DataFrame) -> str:
    return table.to_csv(index=False, lineterminator="\n")


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            list(map(Path, snakemake.input.instances)),
            list(map(Path, snakemake.input.components)),
            list(map(Path, snakemake.input.times)),
            {name: Path(path) for name, path in snakemake.output.items()},
            snakemake.wildcards.experiment,
        )
